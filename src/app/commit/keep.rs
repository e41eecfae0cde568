//! Commits of runs stay in the repository when no branch or tag reaches them any more: `refs/mlprov/keep/<commit>`.

use crate::app::Project;
use crate::app::Result;
use crate::domain::entry::Kind;
use crate::domain::ids::CommitId;
use crate::durable;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Refs that keep commits alive.
pub const KEEP: &str = "refs/mlprov/keep/";

fn memory(project: &Project) -> PathBuf {
    project.own_dir().join("cache").join("run-commits")
}

/// Commits that runs of this clone began from. Derived: made again from the log if it is lost.
fn commits_of_runs(project: &Project) -> Result<BTreeSet<CommitId>> {
    if let Some(known) = durable::read_derived(&memory(project)) {
        return Ok(String::from_utf8_lossy(&known).lines().filter_map(|line| line.parse().ok()).collect());
    }
    let mut found = BTreeSet::new();
    for entry in project.entries()? {
        let Some(body) = entry.body() else { continue };
        if matches!(body.kind, Kind::RunStarted | Kind::RunFinished) {
            found.extend(body.source.as_ref().map(|source| source.commit.clone()));
        }
    }
    save(project, &found)?;
    Ok(found)
}

fn save(project: &Project, commits: &BTreeSet<CommitId>) -> Result<()> {
    let text: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
    durable::create_dir_all(&project.own_dir().join("cache"))?;
    Ok(durable::write_derived(&memory(project), text.as_bytes())?)
}

/// A run is about to begin from this commit. On a branch it is reached; elsewhere it may have to be kept.
pub fn note_run(project: &Project, commit: &CommitId) -> Result<()> {
    // Several runs begin at once.
    let lock = project.own_dir().join("run-commits.lock");
    durable::while_locked(&lock, || {
        let mut known = commits_of_runs(project)?;
        match known.insert(commit.clone()) {
            true => save(project, &known),
            false => Ok(()),
        }
    })??;
    if project.repo.branch().is_none() && !project.repo.unreached(std::slice::from_ref(commit))?.is_empty() {
        project.repo.create_ref(&format!("{KEEP}{commit}"), commit)?;
    }
    Ok(())
}

/// Keeps those of the replaced commits that a run began from.
pub fn keep_replaced(project: &Project, replaced: &[CommitId]) -> Result<()> {
    let of_runs = commits_of_runs(project)?;
    let wanted: Vec<CommitId> = replaced.iter().filter(|commit| of_runs.contains(commit)).cloned().collect();
    for commit in project.repo.unreached(&wanted)? {
        project.repo.create_ref(&format!("{KEEP}{commit}"), &commit)?;
    }
    Ok(())
}

/// What [`tidy`] did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tidied {
    pub kept: Vec<CommitId>,
    pub dropped: Vec<CommitId>,
}

/// Keeps every commit of a run that nothing else reaches, and lets go of those that a branch or tag reaches again.
pub fn tidy(project: &Project) -> Result<Tidied> {
    let of_runs: Vec<CommitId> = commits_of_runs(project)?.into_iter().collect();
    let unreached = project.repo.unreached(&of_runs)?;
    let known = project.repo.refs_below(KEEP)?;
    let mut tidied = Tidied::default();
    for commit in &unreached {
        if !known.iter().any(|(_, kept)| kept == commit) {
            project.repo.create_ref(&format!("{KEEP}{commit}"), commit)?;
            tidied.kept.push(commit.clone());
        }
    }
    for (name, commit) in known {
        if !unreached.contains(&commit) {
            project.repo.remove_ref(&format!("{KEEP}{name}"))?;
            tidied.dropped.push(commit);
        }
    }
    Ok(tidied)
}
