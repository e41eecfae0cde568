//! What the shims in `hooks/` call. Post-hooks never make git fail: they say in one line what was not
//! recorded, and end with 0.

use crate::app::AppError;
use crate::app::Project;
use crate::app::commit;
use crate::app::commit::CommitOutcome;
use crate::app::commit::reconcile;
use crate::app::commit::rewrite;
use crate::app::commit::rewrite::Rewriting;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::HookArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::hints;
use crate::config::ConfigError;
use crate::domain::ids::CommitId;
use crate::durable;
use crate::git::repo;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

pub fn run(context: &Context, args: HookArgs) -> Exit {
    if std::env::var_os("MLPROV_SKIP").is_some_and(|v| !v.is_empty() && v != "0") {
        return 0;
    }
    match hook(context, &args) {
        Ok(()) => {}
        // Not a project: git may share its hooks between repositories.
        Err(AppError::Config(ConfigError::NotInitialised { .. })) => {}
        Err(AppError::NotJoined { .. }) => {
            context
                .ui
                .warning("mlprov: not recorded; this clone has not joined its project (run: mlprov init)");
        }
        Err(e) => context.ui.warning(format!(
            "mlprov: not recorded: {} (run: mlprov status)",
            hints::sentence(&e).lines().next().unwrap_or_default()
        )),
    }
    0
}

fn hook(context: &Context, args: &HookArgs) -> Result<(), AppError> {
    repo::trust_object_names();
    // The process ends with the hook: taking everything apart again would only cost time.
    let project = std::mem::ManuallyDrop::new(compose::open_for_hook(&context.cwd)?);
    match args.name.as_str() {
        // Not a hook of git's: what a hook leaves behind, see below.
        "publish" => return publish(&context.cwd),
        "post-commit" | "post-merge" | "post-applypatch" => {
            let outcome = commit::record_head(&project)?;
            tell(context, &outcome);
        }
        "post-rewrite" => {
            let pairs = pairs(&standard_input());
            let told = args.args.first().map(|word| word.to_string_lossy().into_owned());
            let by_pre_commit = std::env::var("PRE_COMMIT_REWRITE_COMMAND").ok();
            let how = match told.as_deref().or(by_pre_commit.as_deref()) {
                Some("rebase") => Rewriting::Rebase,
                _ => Rewriting::Amend,
            };
            // The framework reads the standard input itself.
            match by_pre_commit.is_some() && pairs.is_empty() {
                true => rewrite::record_unseen(&project, how)?,
                false => rewrite::record_rewrite(&project, how, &pairs)?,
            };
        }
        "pre-push" => {
            let mut tips = tips(&standard_input());
            if tips.is_empty() {
                tips.extend(pushed_by_pre_commit(&project)?);
            }
            let found = reconcile::before_push(&project, &tips)?;
            if !found.late.is_empty() {
                let commits = format::count(found.late.len() as u64, "commit");
                context.ui.status(format!("mlprov: recorded {commits} that no hook had seen"));
            }
            for commit in &found.skipped {
                context.ui.warning(format!(
                    "mlprov: commit {commit} holds a pointer that cannot be read; not recorded"
                ));
            }
        }
        "commit-msg" => {
            if let Some(file) = args.args.first() {
                commit::add_trailer(&project, &context.cwd.join(file))?;
            }
        }
        name => context.ui.warning(format!("mlprov: the hook {name} is not known to this version")),
    }
    if project.ledger.is_shared() && !project.outbox().is_empty() {
        leave_publisher(context);
    }
    Ok(())
}

/// A process of its own that brings what waits to the shared ledger; nobody waits for it.
fn leave_publisher(context: &Context) {
    let Some(program) = compose::own_program() else { return };
    let mut publisher = Command::new(program);
    publisher.args(["-q", "hook", "publish"]).current_dir(&context.cwd);
    for variable in std::env::vars_os().map(|(name, _)| name) {
        // What git tells its hooks is about this call of git.
        if variable.to_string_lossy().starts_with("GIT_") {
            publisher.env_remove(variable);
        }
    }
    publisher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = publisher.spawn(); // `sync` brings what stays
}

/// One at a time. Whatever goes wrong stays in the outbox.
fn publish(cwd: &Path) -> Result<(), AppError> {
    // In a session of its own: what ends the terminal does not end it.
    let _ = rustix::process::setsid();
    let project = compose::open_for_hook(cwd)?;
    let Some(_alone) = durable::try_hold_alone(&project.own_dir().join("publisher.lock"))? else {
        return Ok(());
    };
    project.later.set(false);
    while !project.outbox().entries()?.is_empty() {
        project.deliver()?;
    }
    Ok(())
}

fn tell(context: &Context, outcome: &CommitOutcome) {
    match outcome {
        CommitOutcome::Recorded(receipt) if context.ui.verbose => {
            context.ui.status(format!(
                "mlprov: recorded as {} ({})",
                receipt.id.short(),
                format::at(receipt.index)
            ));
        }
        // Whoever holds the ledger is no business of who commits; `status` tells what waits.
        CommitOutcome::Recorded(_) | CommitOutcome::Deferred | CommitOutcome::Queued => {}
        CommitOutcome::Waiting(data) => {
            context.ui.status(format!(
                "mlprov: the commit waits for data that is not here: {}",
                format::visible(&data.join(", "))
            ));
        }
    }
}

fn standard_input() -> String {
    let mut bytes = Vec::new();
    // What git wrote before a failure is still worth recording.
    let _ = std::io::stdin().lock().read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `<old> <new> [extra]` per line (githooks(5), post-rewrite).
fn pairs(text: &str) -> Vec<(CommitId, CommitId)> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// `<local ref> <local id> <remote ref> <remote id>` per line (githooks(5), pre-push). An all-zero id names
/// nothing: a deletion, or a branch that is new there.
fn tips(text: &str) -> Vec<(CommitId, Option<CommitId>)> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        Some((words.get(1)?.parse().ok()?, words.get(3)?.parse().ok()))
    };
    text.lines().filter_map(line).collect()
}

/// The pre-commit framework reads the standard input itself, and tells in variables what it read.
fn pushed_by_pre_commit(project: &Project) -> Result<Option<(CommitId, Option<CommitId>)>, AppError> {
    let commit = |variable: &str| -> Result<Option<CommitId>, AppError> {
        let Ok(rev) = std::env::var(variable) else { return Ok(None) };
        Ok(project.repo.resolve(&rev)?.map(|commit| commit.id))
    };
    if std::env::var_os("PRE_COMMIT").is_none() {
        return Ok(None);
    }
    let tip = match commit("PRE_COMMIT_TO_REF")? {
        Some(tip) => tip,
        // A branch that shares nothing with the remote.
        None => project.repo.head()?.id,
    };
    Ok(Some((tip, commit("PRE_COMMIT_FROM_REF")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletions_and_new_branches_are_understood() {
        let (one, zero) = ("1".repeat(40), "0".repeat(40));
        let text = format!("refs/heads/a {one} refs/heads/a {zero}\n(delete) {zero} refs/heads/b {one}\n");
        assert_eq!(tips(&text), [(one.parse().unwrap(), None)]);
        assert_eq!(pairs(&format!("{one} {one}\nnonsense\n")).len(), 1);
    }
}
