//! `status`: what is new, modified, not stored, not recorded, or waiting.

use crate::app;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::commit::Queued;
use crate::app::commit::Unsent;
use crate::app::commit::Waiting;
use crate::app::ls;
use crate::app::query::LogEntry;
use crate::app::run::active;
use crate::app::run::active::News;
use crate::app::version::DatasetAt;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Kind;
use crate::domain::ids::CommitId;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::time::Timestamp;
use crate::git::GitError;
use crate::ports::progress::Progress;
use crate::worktree::problem::ProblemKind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetStatus {
    pub path: RepoPath,
    /// `unchanged`, `modified`, `missing`, `unreadable` or `bad pointer`.
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether this clone's ledger knows the versions that the pointer means.
    pub stored: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OpenRun {
    pub run: RunId,
    /// When it began, by its own clock: the last that is known of it.
    pub since: Timestamp,
    #[serde(flatten)]
    pub news: News,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<CommitId>,
    /// Whether HEAD's commit has an entry.
    pub head_recorded: bool,
    pub datasets: Vec<DatasetStatus>,
    /// Commits that wait to be recorded.
    pub waiting: Vec<Waiting>,
    /// Entries that are signed here, and not in the shared ledger yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queued: Vec<Queued>,
    /// What was tracked or made, and is stored in this clone only.
    #[serde(skip_serializing_if = "Unsent::is_empty")]
    pub unsent: Unsent,
    /// Runs of this clone's log that began and have no end yet.
    pub open_runs: Vec<OpenRun>,
    /// Entries in this clone's log.
    pub log_size: u64,
}

impl StatusReport {
    pub fn is_clean(&self) -> bool {
        let recorded = self.head_recorded || self.head.is_none();
        recorded
            && self.waiting.is_empty()
            && self.queued.is_empty()
            && self.unsent.is_empty()
            && self.datasets.iter().all(|d| d.state == "unchanged" && d.stored)
    }
}

pub fn status(
    project: &Project,
    cwd: &Path,
    paths: &[PathBuf],
    progress: &dyn Progress,
) -> Result<StatusReport> {
    let only = paths.iter().map(|p| app::place_in(&project.repo, cwd, p)).collect::<Result<Vec<_>>>()?;
    // The repository itself is no restriction.
    let only: Vec<RepoPath> = only.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
    // First: a ledger that cannot be read is said before anything is remembered.
    let entries = project.entries()?;
    let recorded = commit::recorded_commits(&entries);
    let mut datasets = Vec::new();
    for (at, placed) in ls::worktree_pointers(project)? {
        let data = placed.as_ref().map_or(at.clone(), |p| p.data.clone());
        if !only.is_empty() && !only.iter().any(|o| o.contains(&data) || data.contains(o)) {
            continue;
        }
        datasets.push(match placed {
            Err(why) => DatasetStatus { path: at, state: "bad pointer", detail: Some(why), stored: false },
            Ok(placed) => {
                let stored = project.dataset(&placed.pointer.blake3)?.is_some();
                let (state, detail) = compare(project, &placed, progress)?;
                DatasetStatus { path: placed.data, state, detail, stored }
            }
        });
    }
    let head = match project.repo.head() {
        Ok(commit) => Some(commit.id),
        Err(GitError::Unborn) => None,
        Err(e) => return Err(e.into()),
    };
    let unsent = commit::unsent(project)?;
    let mut open_runs = open_runs(project, &entries)?;
    open_runs.retain(|open| !unsent.runs.contains(&open.run));
    let waiting = commit::waiting(project)?;
    let queued = commit::queued(project)?;
    let mut known = recorded.iter().chain(queued.iter().filter_map(|queued| queued.commit.as_ref()));
    Ok(StatusReport {
        name: project.config.project.name.clone(),
        branch: project.repo.branch(),
        head_recorded: head.as_ref().is_some_and(|id| known.any(|known| known == id)),
        head,
        datasets,
        waiting,
        queued,
        unsent,
        open_runs,
        log_size: entries.len() as u64,
    })
}

fn open_runs(project: &Project, entries: &[LogEntry]) -> Result<Vec<OpenRun>> {
    let mut open: BTreeMap<RunId, Timestamp> = BTreeMap::new();
    for body in entries.iter().filter_map(LogEntry::body) {
        let Some(run) = &body.run else { continue };
        match body.kind {
            Kind::RunStarted => _ = open.insert(run.id, run.started_on.clone()),
            Kind::RunFinished => _ = open.remove(&run.id),
            _ => {}
        }
    }
    let (runs, times): (Vec<_>, Vec<_>) = open.into_iter().unzip();
    let news = active::news(project, &runs)?;
    let each = runs.into_iter().zip(times).zip(news);
    Ok(each.map(|((run, since), news)| OpenRun { run, since, news }).collect())
}

/// The work tree's bytes against the pointer.
fn compare(
    project: &Project,
    placed: &crate::git::pointers::PlacedPointer,
    progress: &dyn Progress,
) -> Result<(&'static str, Option<String>)> {
    // Nothing of it has to lie here.
    if placed.pointer.kind == DatasetKind::Declared {
        return Ok(("unchanged", Some("declared: it lies in S3".to_owned())));
    }
    let seen = match project.see(&placed.data, progress) {
        Ok(seen) => seen,
        Err(e)
            if e.problems
                .iter()
                .all(|p| matches!(p.kind, ProblemKind::Missing | ProblemKind::EmptyDirectory)) =>
        {
            return Ok(("missing", None));
        }
        Err(e) => {
            let first = &e.problems[0];
            return Ok(("unreadable", Some(format!("{}: {}", first.path.display(), first.kind))));
        }
    };
    let pointer = &placed.pointer;
    if seen.known.root == Some(pointer.blake3) {
        return Ok(("unchanged", None));
    }
    let (hashed, root) = seen.hash(progress)?;
    if root == pointer.blake3 {
        return Ok(("unchanged", None));
    }
    let before = match pointer.kind {
        DatasetKind::Directory => project.files_of(&DatasetAt::of_pointer(placed)).ok(),
        DatasetKind::File | DatasetKind::Declared => None,
    };
    let detail = before.map(|before| {
        let now = hashed.scanned.files.iter().zip(&hashed.contents);
        let now: BTreeMap<&str, Blake3Hash> = now.map(|(file, c)| (&*file.name, c.blake3)).collect();
        let before: BTreeMap<&str, Blake3Hash> =
            before.iter().map(|entry| (entry.path.as_str(), entry.blake3)).collect();
        let new = now.keys().filter(|name| !before.contains_key(*name)).count();
        let deleted = before.keys().filter(|name| !now.contains_key(*name)).count();
        let modified = now.iter().filter(|(name, c)| before.get(*name).is_some_and(|b| b != *c)).count();
        let count = |n: usize, what: &str| (n > 0).then(|| format!("{n} {what}"));
        let parts = [count(new, "new"), count(modified, "modified"), count(deleted, "deleted")];
        format!("files: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    });
    Ok(("modified", detail))
}
