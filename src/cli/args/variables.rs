//! Every flag has a variable, but for those that a person must type.

use super::Cli;
use clap::CommandFactory;
use std::ffi::OsString;

/// Flags that confirm, force or weaken: only a person may set them, never a variable.
const WITHOUT_VARIABLE: [&str; 10] = [
    "yes",
    "no_hooks",
    "structure_only",
    "admin",
    "force",
    "help",
    "confirm",
    "including_data",
    "retention_days",
    "artefact_not_from_run",
];

/// The command line with its variables: `MLPROV_JSON`, `MLPROV_RUN_NAME`, …
pub fn command() -> clap::Command {
    with_variables(|_| true)
}

/// As [`command`], with the variables of those commands alone that these words name: to give all of them theirs takes
/// as long as all the rest.
pub fn command_of(words: &[OsString]) -> clap::Command {
    let is_named = |name: &str| words.iter().any(|word| word == name);
    with_variables(|c| is_named(c.get_name()) || c.get_all_aliases().any(is_named))
}

fn with_variables(wanted: impl Fn(&clap::Command) -> bool) -> clap::Command {
    let global = |arg: clap::Arg| with_variable(arg, "MLPROV");
    let mut command = Cli::command().mut_args(global);
    let wanted = command.get_subcommands().filter(|c| wanted(c));
    let names: Vec<String> = wanted.map(|c| c.get_name().to_owned()).collect();
    for name in names {
        let prefix = format!("MLPROV_{}", name.to_uppercase());
        command = command.mut_subcommand(name, |c| {
            let mut c = c.mut_args(|arg| with_variable(arg, &prefix));
            let below: Vec<String> = c.get_subcommands().map(|s| s.get_name().to_owned()).collect();
            for name in below {
                let prefix = format!("{prefix}_{}", name.to_uppercase().replace('-', "_"));
                c = c.mut_subcommand(name, |s| s.mut_args(|arg| with_variable(arg, &prefix)));
            }
            c
        });
    }
    command
}

fn with_variable(arg: clap::Arg, prefix: &str) -> clap::Arg {
    let id = arg.get_id().as_str().to_owned();
    let Some(long) = arg.get_long() else { return arg };
    if WITHOUT_VARIABLE.contains(&id.as_str())
        || arg.get_env().is_some()
        || arg.is_global_set() && prefix != "MLPROV"
    {
        return arg;
    }
    let variable = format!("{prefix}_{}", long.to_uppercase().replace('-', "_"));
    let is_flag = matches!(arg.get_action(), clap::ArgAction::SetTrue);
    let arg = arg.env(variable).hide_env(true);
    // `MLPROV_JSON=1`, `=yes`, `=true`; and `=0` means no.
    if is_flag { arg.value_parser(clap::builder::FalseyValueParser::new()) } else { arg }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn a_command_that_is_named_has_its_variables() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        for (line, name, has) in [
            (&["-C", "x", "track"][..], "track", true),
            (&["add", "--json"], "track", true),
            (&["log"], "track", false),
            (&[], "track", false),
        ] {
            let command = command_of(&words(line));
            let found = command.find_subcommand(name).unwrap();
            assert_eq!(found.get_arguments().any(|arg| arg.get_env().is_some()), has, "{line:?}");
        }
    }

    #[test]
    fn flags_that_confirm_have_no_variable() {
        let init = command().find_subcommand("init").unwrap().clone();
        let variable = |id: &str| {
            init.get_arguments().find(|a| a.get_id() == id).unwrap().get_env().map(ToOwned::to_owned)
        };
        assert_eq!(variable("yes"), None);
        assert_eq!(variable("no_hooks"), None);
        assert_eq!(variable("name").unwrap(), "MLPROV_INIT_NAME");
        assert_eq!(variable("retention_days"), None);
        let infra = command().find_subcommand("infra").unwrap().clone();
        let destroy = infra.find_subcommand("destroy").unwrap().clone();
        assert!(
            destroy.get_arguments().filter(|arg| !arg.is_global_set()).all(|arg| arg.get_env().is_none())
        );
    }
}
