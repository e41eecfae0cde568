//! `track`: paths → scan → hash and store → manifest and version map → entry → pointer → report.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::data;
use crate::app::data::DatasetRecord;
use crate::app::data::Listing;
use crate::app::init::read_or_empty;
use crate::app::record;
use crate::app::seen;
use crate::app::seen::Seen;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::ObjectRef;
use crate::domain::ids::EntryId;
use crate::domain::manifest::Manifest;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::domain::pointer::DatasetKind;
use crate::domain::pointer::Pointer;
use crate::domain::version_map::Content;
use crate::domain::version_map::VersionMap;
use crate::durable;
use crate::ledger::batch::SealedEntry;
use crate::ports::StoreError;
use crate::ports::object_store::Kept;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::scan::ProblemKind;
use crate::worktree::scan::ScanError;
use rayon::prelude::*;
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
    /// Why the pointer that was there could not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
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
        PlanReport { datasets: self.seen.iter().map(|seen| planned(&seen.scanned)).collect() }
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
        if let Some(outer) = enclosing_dataset(repo.root(), &path) {
            return Err(AppError::InsideDataset { path: path.to_string(), dataset: outer.to_string() });
        }
        let others = || scans.iter().map(|s| &s.scanned.path);
        if others().any(|other| *other == path) {
            continue;
        }
        if let Some(other) = others().find(|other| other.contains(&path) || path.contains(other)) {
            return Err(AppError::InsideDataset { path: path.to_string(), dataset: other.to_string() });
        }
        scans.push(project.see(&path, progress)?);
    }
    Ok(TrackPlan { seen: scans, options: options.clone() })
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

pub fn carry_out(project: &Project, plan: TrackPlan, progress: &dyn Progress) -> Result<TrackReport> {
    let TrackOptions { repair, append, .. } = plan.options;
    let signer = project.signer()?;
    let mut seen = plan.seen;
    let mut kept = Vec::new();
    for dataset in seen.iter_mut().filter(|_| !repair) {
        kept.extend(store_in_steps(project, dataset, progress)?);
    }
    let objects = project.store.batch(repair)?;
    let mut records: Vec<(RepoPath, DatasetRecord)> = Vec::new();
    let mut read = Vec::new();
    for seen in seen {
        let path = seen.scanned.path.clone();
        if !repair
            && !append
            && let Some(record) = unchanged(project, &seen)?
        {
            records.push((path, record));
            continue;
        }
        let memory = seen.memory();
        let held = |content: &Content| !repair && project.store.holds(&content.blake3, content.size);
        let hashed = data::put_known(seen.scanned, &seen.known.hashes, &held, &*objects, progress)?;
        let before = if append { before(project, &path)? } else { None };
        let record = match before {
            Some(before) if hashed.scanned.kind == DatasetKind::Directory => {
                let listing = Listing::with(before, &hashed)?;
                data::describe(&listing, None, &*project.store, &*objects)?
            }
            _ => data::describe(&hashed, None, &*project.store, &*objects)?,
        };
        read.push((memory, hashed, record.root()));
        records.push((path, record));
    }
    // A crash before this line leaves nothing; after it, content that nobody refers to yet.
    let _kept = objects.commit()?;
    // With `append`, what lies there need not be all of it.
    for ((cache, begun), hashed, root) in read.iter().filter(|_| !append) {
        seen::remember(cache, hashed, root, *begun);
    }
    drop(read);

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
        let before = read_or_empty(&project.repo.root().join(pointer_path(&path)?.as_str()))?;
        let bad = Pointer::parse(&before).err().filter(|_| !before.is_empty());
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
            replaced: bad.map(|e| e.why),
            state,
            entry: id,
            index: receipts.iter().find(|r| r.id == id).map_or(0, |r| r.index),
        });
    }
    report.recorded = commit::finish_waiting(project, &*signer)?;
    Ok(report)
}

/// Makes all but the rest of a large dataset durable, step by step, and remembers what is: after an interruption it
/// need not be read again.
fn store_in_steps(project: &Project, seen: &mut Seen, progress: &dyn Progress) -> Result<Vec<Kept>> {
    let step = project.config.store.batch;
    let waiting = data::waiting(&seen.scanned, &seen.known.hashes);
    let mut kept = Vec::new();
    if waiting.1 <= step {
        return Ok(kept);
    }
    seen.known.hashes.resize(seen.scanned.files.len(), None);
    progress.begin("store", Some(waiting.0), Some(waiting.1));
    let (mut from, mut bytes) = (0, 0);
    for n in 0..seen.scanned.files.len() {
        if seen.known.hashes[n].is_none() {
            bytes += seen.scanned.files[n].stat.size;
        }
        if bytes < step || n + 1 == seen.scanned.files.len() {
            continue;
        }
        let objects = project.store.batch(false)?;
        let held = |content: &Content| project.store.holds(&content.blake3, content.size);
        let contents =
            data::put_part(&seen.scanned, from..n + 1, &seen.known.hashes, &held, &*objects, progress)?;
        kept.push(objects.commit()?);
        for (hash, content) in seen.known.hashes[from..].iter_mut().zip(contents) {
            *hash = Some(content.blake3);
        }
        (from, bytes) = (n + 1, 0);
        seen.remember_part(from);
    }
    progress.end();
    Ok(kept)
}

/// The files of the version that the pointer in the work tree names. It must be known here, so that nothing is lost.
fn before(project: &Project, path: &RepoPath) -> Result<Option<Vec<(String, Content)>>> {
    let at = pointer_path(path)?;
    let text = read_or_empty(&project.repo.root().join(at.as_str()))?;
    if text.is_empty() {
        return Ok(None);
    }
    let bad = |why: String| AppError::BadPointer { path: at.to_string(), why };
    let pointer = Pointer::parse(&text).map_err(|e| bad(e.why))?;
    let record = project.dataset(&pointer.blake3)?;
    let record = record.ok_or_else(|| bad("the version that it names is not known in this clone".into()))?;
    let Some(object) = &record.manifest else { return Ok(None) };
    let map = VersionMap::parse(&project.read_ref_text(&record.version_map)?)?;
    let manifest = Manifest::parse(&project.read_ref_text(object)?)?;
    let files = manifest.entries().iter().map(|entry| {
        let missing =
            || ParseError::new("version map", "does not name a content of the manifest", entry.path.as_str());
        let size = map.get(&entry.blake3).ok_or_else(missing)?.size;
        Ok((entry.path.clone(), Content { blake3: entry.blake3, size }))
    });
    files.collect::<Result<Vec<_>>>().map(Some)
}

/// The record of a dataset that lies there as it was tracked before, if the store holds all of it still.
fn unchanged(project: &Project, seen: &Seen) -> Result<Option<DatasetRecord>> {
    let Some(root) = seen.known.root else { return Ok(None) };
    let Some(record) = project.dataset(&root)? else { return Ok(None) };
    let files = seen.known.hashes.par_iter().zip(&seen.scanned.files);
    let held = |content: &Blake3Hash, size: u64| project.store.holds(content, size);
    let described = |object: &ObjectRef| held(&object.digest.blake3, object.size);
    let all = record.manifest.as_ref().is_none_or(described)
        && described(&record.version_map)
        && files.all(|(hash, file)| hash.is_some_and(|hash| held(&hash, file.stat.size)));
    Ok(all.then_some(record))
}

pub fn pointer_path(data: &RepoPath) -> Result<RepoPath> {
    Ok(format!("{data}{}", pointer::SUFFIX).parse()?)
}

pub fn write_pointer(
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

/// Where a dataset is ignored: beside it.
pub fn ignore_file(path: &RepoPath) -> String {
    match path.parent() {
        Some(dir) => format!("{dir}/.gitignore"),
        None => ".gitignore".to_owned(),
    }
}

/// The line that ignores a dataset, with its line feed.
pub fn ignore_line(path: &RepoPath) -> String {
    format!("/{}\n", escape_ignore(path.name()))
}

/// Keeps git from taking the data itself.
fn ignore(project: &Project, path: &RepoPath, written: &mut Vec<String>) -> Result<()> {
    if project.repo.is_ignored(path) {
        return Ok(());
    }
    let file = ignore_file(path);
    let place = project.repo.root().join(&file);
    // Several `track`s may add their lines at once.
    let lock = project.own_dir().join("gitignore.lock");
    let line = ignore_line(path);
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
