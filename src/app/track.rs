//! `track`: paths → scan → hash and store → manifest and version map → entry → pointer → report.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::data;
use crate::app::data::DatasetRecord;
use crate::app::init::read_or_empty;
use crate::app::record;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::ids::EntryId;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::domain::pointer::DatasetKind;
use crate::domain::pointer::Pointer;
use crate::durable;
use crate::ledger::batch::SealedEntry;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::scan;
use crate::worktree::scan::ProblemKind;
use crate::worktree::scan::ScanError;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;

/// What would be tracked.
#[must_use]
pub struct TrackPlan {
    scans: Vec<Scanned>,
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
    pub pointer: RepoPath,
    /// The `dataset.tracked` entry of this content.
    pub entry: EntryId,
    pub index: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TrackReport {
    pub datasets: Vec<Tracked>,
    /// Files of git that this call wrote: pointers and `.gitignore`s.
    pub written: Vec<String>,
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
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlanReport {
    pub datasets: Vec<PlannedDataset>,
}

impl TrackPlan {
    /// For `--dry-run`.
    pub fn describe(&self) -> PlanReport {
        let planned = |s: &Scanned| PlannedDataset {
            path: s.path.clone(),
            files: s.files.len() as u64,
            bytes: s.bytes(),
        };
        PlanReport { datasets: self.scans.iter().map(planned).collect() }
    }
}

/// Looks at everything before anything is written.
pub fn plan(project: &Project, cwd: &Path, paths: &[PathBuf], progress: &dyn Progress) -> Result<TrackPlan> {
    let repo = &project.repo;
    project.ready()?;
    progress.begin("scan", None, None);
    let mut scans: Vec<Scanned> = Vec::new();
    for typed in paths {
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
        if let Some(outer) = enclosing_dataset(repo.root(), &path) {
            return Err(AppError::InsideDataset { path: path.to_string(), dataset: outer.to_string() });
        }
        if scans.iter().any(|s| s.path == path) {
            continue;
        }
        if let Some(other) = scans.iter().find(|s| s.path.contains(&path) || path.contains(&s.path)) {
            return Err(AppError::InsideDataset { path: path.to_string(), dataset: other.path.to_string() });
        }
        let scanned = scan::scan(repo.root(), &path)?;
        progress.advance(scanned.files.len() as u64, scanned.bytes());
        scans.push(scanned);
    }
    progress.end();
    Ok(TrackPlan { scans })
}

/// The tracked dataset that `path` lies in.
pub fn enclosing_dataset(root: &Path, path: &RepoPath) -> Option<RepoPath> {
    let mut above = path.parent();
    while let Some(dir) = above {
        if root.join(format!("{dir}{}", pointer::SUFFIX)).is_file() {
            return Some(dir);
        }
        above = dir.parent();
    }
    None
}

pub fn carry_out(project: &Project, plan: TrackPlan, progress: &dyn Progress) -> Result<TrackReport> {
    let signer = project.signer()?;
    let objects = project.store.batch()?;
    let mut records: Vec<(RepoPath, DatasetRecord)> = Vec::new();
    for scanned in plan.scans {
        let path = scanned.path.clone();
        let hashed = data::put(scanned, &*objects, false, progress)?;
        records.push((path, data::describe(&hashed, &*project.store, &*objects)?));
    }
    // A crash before this line leaves nothing; after it, content that nobody refers to yet.
    objects.commit()?;

    let mut entries: Vec<SealedEntry> = Vec::new();
    let mut ids = Vec::new();
    for (path, record) in &records {
        let mut body = project.draft(Kind::DatasetTracked, &*signer);
        body.inputs = List::Inline(vec![record.artefact(path, "dataset")]);
        let entry = record::seal(body, &*signer)?;
        ids.push(*entry.id());
        // Two paths with one content share an entry.
        if !entries.iter().any(|e| e.id() == entry.id()) {
            entries.push(entry);
        }
    }
    let receipts = project.append(entries)?;

    let mut report =
        TrackReport { datasets: Vec::new(), written: Vec::new(), ignored: false, recorded: Vec::new() };
    for ((path, record), id) in records.into_iter().zip(ids) {
        project.remember_dataset(&record)?;
        let state = write_pointer(project, &path, &record, &mut report.written)?;
        report.ignored |= project.repo.is_ignored(&pointer_path(&path)?);
        ignore(project, &path, &mut report.written)?;
        report.datasets.push(Tracked {
            pointer: pointer_path(&path)?,
            path,
            kind: record.kind,
            blake3: record.root(),
            files: record.files,
            bytes: record.bytes,
            state,
            entry: id,
            index: receipts.iter().find(|r| r.id == id).map_or(0, |r| r.index),
        });
    }
    report.recorded = commit::finish_waiting(project, &*signer)?;
    Ok(report)
}

pub fn pointer_path(data: &RepoPath) -> Result<RepoPath> {
    Ok(format!("{data}{}", pointer::SUFFIX).parse()?)
}

fn write_pointer(
    project: &Project,
    path: &RepoPath,
    record: &DatasetRecord,
    written: &mut Vec<String>,
) -> Result<&'static str> {
    let at = pointer_path(path)?;
    let place = project.repo.root().join(at.as_str());
    let text = record.pointer(path).to_toml()?;
    let before = read_or_empty(&place)?;
    if before == text {
        return Ok("unchanged");
    }
    durable::replace(&place, text.as_bytes(), 0o644)?;
    written.push(at.to_string());
    Ok(if Pointer::parse(&before).is_ok() { "changed" } else { "new" })
}

/// Keeps git from taking the data itself.
fn ignore(project: &Project, path: &RepoPath, written: &mut Vec<String>) -> Result<()> {
    if project.repo.is_ignored(path) {
        return Ok(());
    }
    let file = match path.parent() {
        Some(dir) => format!("{dir}/.gitignore"),
        None => ".gitignore".to_owned(),
    };
    let place = project.repo.root().join(&file);
    // Several `track`s may add their lines at once.
    let lock = project.own_dir().join("gitignore.lock");
    let line = format!("/{}\n", escape_ignore(path.name()));
    durable::while_locked(&lock, || -> Result<()> {
        let mut text = read_or_empty(&place)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&line);
        Ok(durable::replace(&place, text.as_bytes(), 0o644)?)
    })??;
    if !written.contains(&file) {
        written.push(file);
    }
    Ok(())
}

/// A gitignore pattern that matches exactly this name.
fn escape_ignore(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '*' | '?' | '[' | '\\' => out.extend(['\\', c]),
            // No pattern can hold a line feed; `?` matches it.
            '\n' | '\r' => out.push('?'),
            _ => out.push(c),
        }
    }
    if out.ends_with(' ') {
        out.pop();
        out.push_str("\\ ");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignore_patterns_match_odd_names_literally() {
        assert_eq!(escape_ignore("a*b[1]?\\"), "a\\*b\\[1]\\?\\\\");
        assert_eq!(escape_ignore("end "), "end\\ ");
        assert_eq!(escape_ignore("two\nlines"), "two?lines");
    }
}
