//! What lies around a ledger: git, keys, store, hooks, merge driver.

use super::Check;
use super::Remedy;
use crate::app::hooks;
use crate::app::hooks::HookReport;
use crate::app::hooks::HookState;
use crate::app::hooks::HooksRequest;
use crate::app::init::read_or_empty;
use crate::config::Config;
use crate::domain::ids::LogId;
use crate::git::hooks::managers;
use crate::git::hooks::program_in;
use crate::git::merge_driver;
use crate::git::repo::Repo;
use crate::ports::probe::State;
use crate::ports::provision::Provision;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

pub(super) fn git(cwd: &Path) -> Check {
    match managers::git_version(cwd) {
        Ok((major, minor)) => Check::ok("git", format!("{major}.{minor}")),
        Err(e) => Check::failed("git", State::Problem, e),
    }
}

/// Keys and store. `shared`: the log that all clones have, whose key not everybody has.
pub(super) fn own_files(places: &dyn Provision, shared: Option<LogId>) -> Vec<Check> {
    // What is wrong with a ledger has a line of its own.
    let own = places.existing_ledger().ok().flatten().map(|ledger| ledger.header().clone());
    let log = shared.or(own.as_ref().map(|header| header.log));
    let files = places.own_files(log);
    let mut checks = Vec::new();
    let opened = |name, path: &Path, opened: Result<(), crate::ports::StoreError>| match opened {
        Ok(()) => Check::ok(name, format!("{}, mode 600", path.display())),
        Err(e) => Check::failed(name, State::Problem, e),
    };
    let mut key = |name: &'static str,
                   path: &Path,
                   open: &dyn Fn() -> Result<(), crate::ports::StoreError>| {
        checks.push(match mode_of(path) {
            None => Check::fact(name, State::Problem, format!("{}: there is no such file", path.display()))
                .helped_by(Remedy::RestoreKey),
            Some(0o600) => opened(name, path, open()),
            Some(mode) => {
                let found = format!("{}: mode {mode:03o} instead of 600", path.display());
                let state = if mode & 0o077 == 0 { State::Warning } else { State::Problem };
                Check::fact(name, state, found).helped_by(Remedy::Protect(path.to_owned()))
            }
        });
    };
    key("writer key", &files.writer_key, &|| match log {
        Some(log) => places.writer_key(log).map(|_| ()),
        None => Ok(()),
    });
    match (files.log_key, &own) {
        (Some(path), _) if shared.is_some() && mode_of(&path).is_none() => {
            checks.push(Check::fact("log key", State::None, "only publishers of a shared log have it"));
        }
        (Some(path), Some(header)) => {
            key("log key", &path, &|| places.log_key(header.log, &header.origin).map(|_| ()));
        }
        // Without a ledger nobody knows which key is meant.
        _ => {}
    }
    checks.push(match files.store.is_dir() {
        true => Check::ok("store", files.store.display().to_string()),
        false => Check::fact(
            "store",
            State::Problem,
            format!("{}: there is no such directory", files.store.display()),
        )
        .helped_by(Remedy::Init),
    });
    checks
}

fn mode_of(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|meta| meta.permissions().mode() & 0o777)
}

/// That they are there, and that they call this program.
pub(super) fn hooks(repo: &Repo, config: &Config, program: Option<&Path>) -> Vec<Check> {
    let Some(own) = program else {
        return vec![Check::fact("hooks", State::NotChecked, "the path of this program is not known")];
    };
    let trailer = config.hooks.checkpoint_trailer;
    let request = HooksRequest { program: own, only: &[], trailer, shared: true };
    let report = match hooks::status(repo, &request) {
        Ok(report) => report,
        Err(e) => return vec![Check::failed("hooks", State::Problem, e)],
    };
    vec![standing(&report.hooks), program_called(&report.hooks, own)]
}

fn standing(hooks: &[HookReport]) -> Check {
    let named = |wanted: &[HookState]| {
        let those = hooks.iter().filter(|hook| wanted.contains(&hook.state));
        those.map(|hook| hook.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (missing, twice) = (named(&[HookState::Missing]), named(&[HookState::Twice]));
    let (outdated, left) = (named(&[HookState::Outdated]), named(&[HookState::LeftAlone]));
    let warning = |found: String| Check::fact("hooks", State::Warning, found);
    match () {
        () if !missing.is_empty() => {
            let found = format!("missing, so that commits are not recorded at once: {missing}");
            Check::fact("hooks", State::Problem, found).helped_by(Remedy::InstallHooks)
        }
        () if !twice.is_empty() => {
            warning(format!("git calls mlprov twice: {twice}")).helped_by(Remedy::InstallHooks)
        }
        () if !outdated.is_empty() => {
            warning(format!("not as this version writes them: {outdated}")).helped_by(Remedy::InstallHooks)
        }
        () if !left.is_empty() => {
            let first = left.split(", ").next().unwrap_or_default().to_owned();
            warning(format!("hooks of others, which mlprov cannot join: {left}"))
                .helped_by(Remedy::CallInHook(first))
        }
        () => Check::ok("hooks", named(&[HookState::Installed, HookState::ByConfig])),
    }
}

fn program_called(hooks: &[HookReport], own: &Path) -> Check {
    let texts = hooks.iter().filter_map(|hook| fs::read_to_string(hook.file.as_ref()?).ok());
    let called: BTreeSet<PathBuf> = texts.filter_map(|text| program_in(&text)).collect();
    let other = called.iter().find(|path| path.as_path() != own);
    match other {
        None if called.is_empty() => {
            Check::fact("program", State::None, format!("no hook names one; this is {}", own.display()))
        }
        None => Check::ok("program", format!("{}, as the hooks call it", own.display())),
        Some(other) => {
            let (state, gone) = match other.is_file() {
                true => (State::Warning, ""),
                false => (State::Problem, ", which is not there"),
            };
            let found = format!("the hooks call {}{gone}; this is {}", other.display(), own.display());
            Check::fact("program", state, found).helped_by(Remedy::InstallHooks)
        }
    }
}

/// Without it git merges pointers as any text, and `mlprov merge` helps.
pub(super) fn merge_driver(repo: &Repo, program: &Path) -> Check {
    let missing = |why: &str| Check::fact("merge driver", State::Warning, why).helped_by(Remedy::Init);
    let attributes = match read_or_empty(&repo.common_dir().join("info").join("attributes")) {
        Ok(text) => text,
        Err(e) => return Check::failed("merge driver", State::NotChecked, e),
    };
    match repo.merge_driver() {
        None => missing("git merges pointers as any text: its settings name no merge driver for them"),
        Some(_) if merge_driver::attributes(&attributes).is_some() => {
            missing("git merges pointers as any text: its attributes do not name them")
        }
        Some(command) if command != merge_driver::command(program) => {
            missing("git calls another program for pointers that two branches changed")
        }
        Some(_) => Check::ok("merge driver", "git merges pointers by path"),
    }
}
