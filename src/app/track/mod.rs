//! `track`: paths → scan → hash and store → manifest and version map → entry → pointer → report.

pub mod pointing;
mod storing;

pub use storing::carry_out;

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::seen::Seen;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::EntryId;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::domain::pointer::DatasetKind;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::worktree::collisions::collisions;
use crate::worktree::problem::ProblemKind;
use crate::worktree::problem::ScanError;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;

/// What would be tracked.
#[must_use]
pub struct TrackPlan {
    seen: Vec<Seen>,
    options: TrackOptions,
}

#[derive(Clone, Debug, Default)]
pub struct TrackOptions {
    /// Every file and every stored version of it is read again, and what is damaged in the store is replaced.
    pub repair: bool,
    /// Files of the version before that do not lie in the work tree stay part of the dataset.
    pub append: bool,
    /// What is new waits in this clone until the next `sync`.
    pub no_upload: bool,
    /// Also what these patterns match, as seen from where the user stands.
    pub globs: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tracked {
    pub path: RepoPath,
    pub kind: DatasetKind,
    pub blake3: Blake3Hash,
    pub files: u64,
    pub bytes: u64,
    /// `new`, `changed` or `unchanged`, compared with the pointer that was there.
    pub state: &'static str,
    /// Paths that are one path on macOS or Windows; of an unchanged dataset they are not looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collisions: Vec<Vec<String>>,
    /// Why the pointer that was there could not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    pub pointer: RepoPath,
    /// The `dataset.tracked` entry of this content; absent while the data waits in this clone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct TrackReport {
    pub datasets: Vec<Tracked>,
    /// Files of git that this call wrote: pointers and `.gitignore`s.
    pub written: Vec<String>,
    /// Why what is new waits in this clone, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
    /// One of them is ignored by git: it must be added by force.
    pub ignored: bool,
    /// Commits whose data became known by this call.
    pub recorded: Vec<crate::domain::ids::CommitId>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlannedDataset {
    pub path: RepoPath,
    pub files: u64,
    pub bytes: u64,
    /// Paths that are one path on macOS or Windows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collisions: Vec<Vec<String>>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlanReport {
    pub datasets: Vec<PlannedDataset>,
}

impl TrackPlan {
    /// For `--dry-run`.
    pub fn describe(&self) -> PlanReport {
        let planned = |seen: &Seen| PlannedDataset {
            path: seen.scanned.path.clone(),
            files: seen.scanned.files.len() as u64,
            bytes: seen.scanned.bytes(),
            collisions: collisions(seen.scanned.names()),
        };
        PlanReport { datasets: self.seen.iter().map(planned).collect() }
    }
}

/// Looks at everything before anything is written.
pub fn plan(
    project: &Project,
    cwd: &Path,
    paths: &[PathBuf],
    options: &TrackOptions,
    progress: &dyn Progress,
) -> Result<TrackPlan> {
    let repo = &project.repo;
    project.ready()?;
    let mut paths = paths.to_vec();
    for pattern in &options.globs {
        paths.extend(matching(repo.root(), cwd, pattern)?);
    }
    let mut scans: Vec<Seen> = Vec::new();
    let mut problems = Vec::new();
    for typed in &paths {
        let mut path = app::repo_path(repo, cwd, typed)?;
        // `track data.mlprov` means the data that the pointer names.
        if let Some(data) = path.as_str().strip_suffix(pointer::SUFFIX)
            && repo.root().join(path.as_str()).is_file()
        {
            path = data.parse()?;
        }
        let place = repo.root().join(path.as_str());
        let own = path.as_str() == ".mlprov" || path.as_str().starts_with(".mlprov/");
        if own || path.as_str().split('/').any(|part| part == ".git") {
            return Err(ScanError::one(&place, ProblemKind::GitDirectory).into());
        }
        if let Some(first) = repo.first_tracked_below(&path)? {
            return Err(AppError::TrackedByGit { path: path.to_string(), first });
        }
        if let Some(outer) = pointing::enclosing_dataset(repo.root(), &path) {
            return Err(AppError::InsideDataset { path: path.to_string(), dataset: outer.to_string() });
        }
        let others = || scans.iter().map(|s| &s.scanned.path);
        if others().any(|other| *other == path) {
            continue;
        }
        if let Some(other) = others().find(|other| other.contains(&path) || path.contains(other)) {
            return Err(AppError::InsideDataset { path: path.to_string(), dataset: other.to_string() });
        }
        match project.see(&path, progress) {
            Ok(seen) => scans.push(seen),
            Err(e) => problems.extend(e.problems),
        }
    }
    if !problems.is_empty() {
        return Err(ScanError { problems }.into());
    }
    Ok(TrackPlan { seen: scans, options: options.clone() })
}

/// What a pattern matches below `cwd`. What lies in a directory that it matches is not asked.
fn matching(root: &Path, cwd: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let bad = |why: String| ParseError::new("--glob", why, pattern);
    let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build();
    let glob = glob.map_err(|e| bad(e.kind().to_string()))?.compile_matcher();
    let mut found = Vec::new();
    let mut waiting = vec![cwd.to_owned()];
    while let Some(dir) = waiting.pop() {
        let listed = std::fs::read_dir(&dir).map_err(|e| StoreError::io("read", dir.display(), e))?;
        for entry in listed.flatten() {
            let path = entry.path();
            let own = [".git", ".mlprov"].iter().any(|own| path == root.join(own));
            let Ok(below) = path.strip_prefix(cwd) else { continue };
            if own || below.to_string_lossy().ends_with(pointer::SUFFIX) {
                continue;
            }
            if glob.is_match(below) {
                found.push(path);
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() { Err(bad("matches nothing here".into()).into()) } else { Ok(found) }
}
