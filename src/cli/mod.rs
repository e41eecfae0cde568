//! EDGE: arguments in, text or JSON and an exit code out.

pub mod args;
mod commands;
mod compose;
mod format;
mod hints;
mod progress;
mod ui;

use crate::app::AppError;
use crate::git::repo::Repo;
use args::Cli;
use args::Command;
use args::HookArgs;
use clap::FromArgMatches;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use ui::Ui;

/// What a command needs from outside.
pub struct Context {
    /// Where the user stands.
    pub cwd: PathBuf,
    pub ui: Ui,
}

/// Exit codes as `mlprov --help` lists them; `run` passes the command's own code on.
type Exit = u8;

/// `mlprov hook NAME …` as the shims call it. Building the whole command line, only to find this in it, would
/// cost a commit a tenth of its time.
fn hook_call() -> Option<HookArgs> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != "hook" {
        return None;
    }
    let name = words.next()?.into_string().ok().filter(|n| !n.starts_with('-'))?;
    Some(HookArgs { name, args: words.collect() })
}

pub fn main() -> ExitCode {
    if let Some(hook) = hook_call() {
        let context = Context { cwd: std::env::current_dir().unwrap_or_default(), ui: Ui::for_hook() };
        return ExitCode::from(commands::hook::run(&context, hook));
    }
    // A reader that goes away (`mlprov log | head`) is no error.
    let words: Vec<OsString> = std::env::args_os().collect();
    // Nor does this need the whole command line.
    if let [_, word] = &words[..]
        && (word == "--version" || word == "-V")
    {
        Ui::print_raw(concat!("mlprov ", env!("CARGO_PKG_VERSION"), "\n"));
        return ExitCode::SUCCESS;
    }
    let matches = match args::command_of(&words).try_get_matches_from(&words) {
        Ok(matches) => matches,
        Err(e) => {
            usage_error_as_json(&e);
            let _ = e.print(); // nowhere left to report to
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let mut cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(e) => e.exit(),
    };
    // From the beginning, so that errors are documents as well.
    cli.global.json |= cli.command.wants_json();
    let ui = Ui::new(&cli.global);
    let cwd = match &cli.global.directory {
        Some(dir) => dir.clone(),
        None => std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
    };
    let cwd = std::path::absolute(&cwd).unwrap_or(cwd);
    if !cwd.is_dir() {
        return ExitCode::from(ui.failed(&AppError::NoDirectory { path: cwd }, true));
    }
    let context = Context { cwd, ui };
    let result = dispatch(&context, cli.command);
    ExitCode::from(match result {
        Ok(exit) => exit,
        Err(e) => context.ui.failed(&e, context.at_root()),
    })
}

impl Context {
    /// Whether the user stands at the root of the repository, or outside any: then paths below it can be pasted.
    pub fn at_root(&self) -> bool {
        let here = self.cwd.canonicalize().unwrap_or_else(|_| self.cwd.clone());
        Repo::open(&self.cwd, false).map_or(true, |repo| repo.root() == here)
    }
}

/// A command line that is not understood is an error like any other for who reads JSON.
fn usage_error_as_json(e: &clap::Error) {
    let wanted = std::env::args_os().skip(1).take_while(|a| a != "--").any(|a| a == "--json");
    if e.use_stderr() && wanted {
        let text = e.to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let document =
            serde_json::json!({ "schema": "mlprov.error/1", "error": message, "hint": null, "exitCode": 2 });
        Ui::print_raw(&format!("{document:#}\n"));
    }
}

fn dispatch(context: &Context, command: Command) -> Result<Exit, AppError> {
    match command {
        Command::Init(args) => commands::init::run(context, args),
        Command::Track(args) => commands::track::run(context, args),
        Command::Untrack(args) => commands::untrack::run(context, args),
        Command::Status(args) => commands::status::run(context, args),
        Command::Ls(args) => commands::ls::run(context, args),
        Command::Restore(args) => commands::restore::run(context, args),
        Command::Diff(args) => commands::diff::run(context, args),
        Command::Du => commands::du::run(context),
        Command::Prune(args) => commands::prune::run(context, args),
        Command::Merge(args) => commands::merge::run(context, args),
        Command::Run(args) => commands::run::run(context, *args),
        Command::Source(args) => commands::source::run(context, args),
        Command::Model(args) => commands::model::run(context, args),
        Command::Bind(args) => commands::model::bind(context, &args),
        Command::Log(args) => commands::log::run(context, *args),
        Command::Show(args) => commands::show::run(context, args),
        Command::Graph(args) => commands::graph::run(context, args),
        Command::Verify(args) => commands::verify::run(context, args),
        Command::Audit(args) => commands::audit::run(context, args),
        Command::Sync(args) => commands::sync::run(context, args),
        Command::Migrate(args) => commands::migrate::run(context, args),
        Command::Pull(args) => commands::pull::run(context, args),
        Command::Reproduce(args) => commands::reproduce::run(context, args),
        Command::Hooks(args) => commands::hooks::run(context, args),
        Command::Key(args) => commands::key::run(context, args),
        Command::Ledger(args) => commands::ledger::run(context, args),
        Command::Infra(args) => commands::infra::run(context, args),
        Command::Doctor(args) => commands::doctor::run(context, args),
        Command::Demo(args) => commands::demo::run(context, args),
        Command::Qldb(args) => commands::qldb::run(context, args),
        Command::Completions(args) => commands::completions::run(context, args),
        Command::MergeDriver(args) => Ok(commands::merge::drive(context, &args)),
        Command::Hook(args) => Ok(commands::hook::run(context, args)),
    }
}
