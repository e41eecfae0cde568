//! Commits that no hook saw: recorded now, and flagged `late`.

use super::Drafted;
use super::draft;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::query::LogEntry;
use crate::config::CONFIG_FILE;
use crate::domain::entry::Kind;
use crate::domain::ids::CommitId;
use crate::ledger::batch::SealedEntry;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reconciled {
    /// Recorded now.
    pub late: Vec<CommitId>,
    /// With a pointer that cannot be read.
    pub skipped: Vec<CommitId>,
}

/// Which commits are looked at.
#[derive(Default)]
struct Scope {
    tips: Vec<CommitId>,
    /// These, and all before them, are not.
    hide: Vec<CommitId>,
    /// What a remote has was made there, or pushed before.
    hide_remotes: bool,
    /// Also those of other committers.
    everybody: bool,
}

/// So many entries become durable together.
const TOGETHER: usize = 500;

/// `pre-push`. `tips`: what is about to be pushed, and what the remote had.
pub fn before_push(project: &Project, tips: &[(CommitId, Option<CommitId>)]) -> Result<Reconciled> {
    let mut scope = Scope { hide_remotes: true, ..Scope::default() };
    for (tip, remote) in tips {
        // A tag may stand on something else.
        scope.tips.extend(project.repo.commit(tip)?.map(|commit| commit.id));
        scope.hide.extend(remote.clone());
    }
    reconcile(project, &scope)
}

/// The commit that a user names as the last one that need not be looked at.
pub fn since(project: &Project, rev: &str) -> Result<CommitId> {
    let unknown = || AppError::UnknownId { id: rev.to_owned() };
    Ok(project.repo.resolve(rev)?.ok_or_else(unknown)?.id)
}

/// `sync`: all branches, after `since`.
pub fn everything(project: &Project, everybody: bool, since: Option<CommitId>) -> Result<Reconciled> {
    let mut scope = Scope { everybody, hide: since.into_iter().collect(), ..Scope::default() };
    scope.tips = project.repo.refs_below("refs/heads/")?.into_iter().map(|(_, commit)| commit).collect();
    scope.tips.extend(project.repo.head().ok().map(|commit| commit.id));
    reconcile(project, &scope)
}

/// Commits of this clone's own committer that are in the project.
fn reconcile(project: &Project, scope: &Scope) -> Result<Reconciled> {
    let mut found = Reconciled::default();
    if scope.tips.is_empty() {
        return Ok(found);
    }
    let signer = project.signer()?;
    let (_, own) = project.repo.identity();
    let recorded = recorded_anywhere(project)?;
    let mut entries: Vec<(CommitId, SealedEntry)> = Vec::new();
    let mut kept = Vec::new();
    // A recorded commit hides nothing: an ancestor of it may have been made without the hook.
    for commit in project.repo.commits_between(&scope.tips, &scope.hide, scope.hide_remotes)? {
        if recorded.contains(&commit.id) {
            continue;
        }
        let is_own = scope.everybody || project.repo.committer_email(&commit.id) == own;
        if !is_own || project.repo.blob_at(&commit.tree, CONFIG_FILE)?.is_none() {
            continue;
        }
        match draft(project, &*signer, &commit, None, &["late".to_owned()], &mut kept) {
            Ok(Drafted::Sealed(entry)) => entries.push((commit.id, entry)),
            Ok(Drafted::Already(_) | Drafted::Waiting(_)) => {}
            // One commit that cannot be recorded (a broken pointer) must not hide the others.
            Err(AppError::Git(_)) => found.skipped.push(commit.id),
            Err(e) => return Err(e),
        }
        if entries.len() == TOGETHER {
            append(project, &mut entries, &mut found)?;
            kept.clear();
        }
    }
    append(project, &mut entries, &mut found)?;
    Ok(found)
}

fn append(
    project: &Project,
    entries: &mut Vec<(CommitId, SealedEntry)>,
    found: &mut Reconciled,
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let (commits, sealed): (Vec<_>, Vec<_>) = std::mem::take(entries).into_iter().unzip();
    let receipts = project.append(sealed)?;
    found
        .late
        .extend(commits.into_iter().zip(receipts).filter(|(_, r)| !r.already).map(|(commit, _)| commit));
    Ok(())
}

/// Every commit that an entry of this log records, or of one whose key this user pinned.
fn recorded_anywhere(project: &Project) -> Result<BTreeSet<CommitId>> {
    let pins = project.pins()?;
    let mut out = BTreeSet::new();
    recorded_in(&*project.ledger, &mut out)?;
    for log in project.other_logs()? {
        let note = log.latest()?;
        if note.is_some_and(|note| pins.open(&note, &log.header().origin).is_ok()) {
            match recorded_in(&log, &mut out) {
                // As far as it can be read: `verify` and `audit` say where it is damaged.
                Ok(()) | Err(StoreError::Corrupt { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
    Ok(out)
}

fn recorded_in(log: &dyn LogReader, out: &mut BTreeSet<CommitId>) -> std::result::Result<(), StoreError> {
    let id = log.log();
    log.read(0, &mut |stored| {
        let entry = LogEntry::of(id, &stored);
        if let Some(body) = entry.body().filter(|b| b.kind == Kind::CommitRecorded) {
            out.extend(body.source.as_ref().map(|s| s.commit.clone()));
        }
        ControlFlow::Continue(())
    })
}
