//! `post-rewrite`: commits in the place of others. One transaction for all of them.

use super::Drafted;
use super::draft;
use super::finish_waiting;
use super::is_locked;
use super::keep;
use super::queue;
use super::supersede;
use crate::app::Project;
use crate::app::Result;
use crate::domain::ids::CommitId;
use crate::git::repo::Commit;

/// What rewrote the commits (githooks(5), post-rewrite).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rewriting {
    Amend,
    Rebase,
}

/// `pairs`: the old and new ids that git gives on standard input. Several may become one. During a rebase nothing is
/// recorded: at its end git tells what came of all of it.
pub fn record_rewrite(project: &Project, how: Rewriting, pairs: &[(CommitId, CommitId)]) -> Result<usize> {
    let mut commits = match (how, project.repo.rebase_onto()) {
        (Rewriting::Amend, Some(_)) => return Ok(0),
        // Also those that are in no pair: made by `exec`, or when a commit was split.
        (Rewriting::Rebase, Some(onto)) => {
            project.repo.commits_between(&[project.repo.head()?.id], &[onto], false)?
        }
        (_, None) => Vec::new(),
    };
    for (_, new) in pairs {
        if !commits.iter().any(|commit| commit.id == *new) {
            commits.extend(project.repo.commit(new)?);
        }
    }
    record_in_place_of(project, &commits, pairs)
}

/// Where nobody tells which commits were rewritten (the pre-commit framework): an amended commit is the one that HEAD
/// named before; after a rebase all that is new is recorded, in the place of nothing.
pub fn record_unseen(project: &Project, how: Rewriting) -> Result<usize> {
    let head = project.repo.head()?;
    match how {
        Rewriting::Amend => {
            let old = project.repo.resolve("HEAD@{1}")?;
            let pairs: Vec<_> = old.into_iter().map(|old| (old.id, head.id.clone())).collect();
            record_rewrite(project, how, &pairs)
        }
        Rewriting::Rebase => {
            let before = project.repo.resolve("ORIG_HEAD")?.into_iter().map(|c| c.id);
            let hide: Vec<CommitId> = before.chain(project.repo.rebase_onto()).collect();
            record_in_place_of(project, &project.repo.commits_between(&[head.id], &hide, false)?, &[])
        }
    }
}

fn record_in_place_of(
    project: &Project,
    commits: &[Commit],
    pairs: &[(CommitId, CommitId)],
) -> Result<usize> {
    let signer = project.signer()?;
    let branch = project.repo.branch();
    let replaced = |commit: &Commit| -> Vec<CommitId> {
        let of = pairs.iter().filter(|(old, new)| *new == commit.id && old != new);
        of.map(|(old, _)| old.clone()).collect()
    };
    let recorded = (|| {
        if !project.outbox().is_empty() {
            finish_waiting(project, &*signer)?;
        }
        let mut entries = Vec::new();
        let mut kept = Vec::new();
        for commit in commits {
            let mut notes = Vec::new();
            match draft(project, &*signer, commit, branch.clone(), &[], &mut kept)? {
                Drafted::Sealed(entry) => entries.push(entry),
                Drafted::Waiting(data) => {
                    notes.push(format!("the new commit waits for data: {}", data.join(", ")));
                }
                Drafted::Already(_) => {}
            }
            for old in replaced(commit) {
                entries.push(supersede(project, &*signer, &old, commit, branch.clone(), &notes)?);
            }
        }
        match entries.is_empty() {
            true => project.publish_if_behind().map(|()| 0),
            false => Ok(project.append(entries)?.len()),
        }
    })();
    let recorded = match recorded {
        Err(e) if is_locked(&e) => {
            for commit in commits {
                queue(project, commit, branch.clone(), &[], &replaced(commit))?;
            }
            0
        }
        recorded => recorded?,
    };
    let old: Vec<CommitId> = pairs.iter().map(|(old, _)| old.clone()).collect();
    keep::keep_replaced(project, &old)?;
    Ok(recorded)
}
