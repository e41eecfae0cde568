//! `restore`: version → what is there → what must be written → contents found → written, checked, put in place.
//!
//! All that could stop it is looked for before anything is written, and every byte is hashed before any file gets
//! its place.

mod act;
mod look;
mod write;

pub use act::carry_out;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::ls;
use crate::app::select::Part;
use crate::app::select::Selection;
use crate::app::version::DatasetAt;
use crate::app::version::Version;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::version_map::Content;
use crate::ports::StoreError;
use crate::ports::object_store::Spot;
use crate::ports::progress::Progress;
use crate::worktree::scan::Stat;
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Which version is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// What the pointers in the work tree name.
    Pointers,
    Rev(String),
    Run(String),
}

pub struct RestoreRequest {
    /// Paths and patterns; none means everything.
    pub paths: Vec<PathBuf>,
    pub version: Wanted,
    /// Write below this directory instead of the work tree.
    pub to: Option<PathBuf>,
    /// Overwrite changes that are stored nowhere.
    pub force: bool,
}

/// What would be written, and where. Everything that it needs was found.
#[must_use]
pub struct RestorePlan {
    version: Version,
    /// Repository paths are below it.
    root: PathBuf,
    to: Option<PathBuf>,
    datasets: Vec<Planned>,
}

struct Planned {
    dataset: DatasetAt,
    /// All of the dataset, not some of its files.
    whole: bool,
    /// Nothing is there: it is built apart, and put in place as one.
    fresh: bool,
    /// Sorted by name, as all lists here. Names are relative to [`DatasetAt::dir`].
    arrivals: Vec<Arrival>,
    /// Files that are right already, or not ours, as far as their hash is known.
    kept: Vec<(String, Stat, Blake3Hash)>,
    unchanged: u64,
    /// Unchanged files of the version that is there now, which the one to come does not have.
    gone: Vec<(String, Stat)>,
    extra: Vec<RepoPath>,
    replaced: Vec<RepoPath>,
    /// What the pointer in the work tree names instead.
    pointer: Option<Blake3Hash>,
}

/// A file that must be written.
struct Arrival {
    name: Box<str>,
    content: Content,
    spot: Spot,
    /// The file that it takes the place of.
    over: Option<Box<Stat>>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoredDataset {
    pub path: RepoPath,
    pub kind: DatasetKind,
    pub blake3: Blake3Hash,
    /// Whether all of it was asked for.
    pub whole: bool,
    /// Files and bytes that were (or would be) written.
    pub written: u64,
    pub bytes: u64,
    /// Files that were right already, and were not touched.
    pub unchanged: u64,
    /// Of those written: files that had other content.
    pub replaced: Vec<RepoPath>,
    /// Unchanged files that this version does not have.
    pub removed: Vec<RepoPath>,
    /// Files that this version does not have either, but that may be somebody's work: they stay.
    pub extra: Vec<RepoPath>,
    /// The content that the pointer in the work tree names, if it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<Blake3Hash>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreReport {
    pub version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<PathBuf>,
    pub datasets: Vec<RestoredDataset>,
}

impl RestorePlan {
    /// For `--dry-run`, and for what was done.
    pub fn describe(&self) -> Result<RestoreReport> {
        let mut datasets = Vec::new();
        for p in &self.datasets {
            datasets.push(RestoredDataset {
                path: p.dataset.data.clone(),
                kind: p.dataset.kind,
                blake3: p.dataset.root,
                whole: p.whole,
                written: p.arrivals.len() as u64,
                bytes: p.arrivals.iter().map(|a| a.content.size).sum(),
                unchanged: p.unchanged,
                replaced: p.replaced.clone(),
                removed: p.gone.iter().map(|(name, _)| p.dataset.path_of(name)).collect::<Result<_>>()?,
                extra: p.extra.clone(),
                pointer: p.pointer,
            });
        }
        Ok(RestoreReport { version: self.version.describe(), to: self.to.clone(), datasets })
    }
}

/// Looks at everything before anything is written.
pub fn plan(
    project: &Project,
    cwd: &Path,
    request: &RestoreRequest,
    progress: &dyn Progress,
) -> Result<RestorePlan> {
    let version = match &request.version {
        Wanted::Pointers => Version::Pointers,
        Wanted::Rev(rev) => project.commit_version(rev)?,
        Wanted::Run(word) => project.run_version(cwd, word)?,
    };
    let selection = Selection::new(project, cwd, &request.paths)?;
    let mut chosen: Vec<(DatasetAt, bool, Vec<ManifestEntry>)> = Vec::new();
    for dataset in project.datasets_at(&version)? {
        if dataset.kind == DatasetKind::Declared {
            // Only who asks for it by name has to know that it is not here.
            if !request.paths.is_empty() && !matches!(selection.of(&dataset, || Ok(Vec::new()))?, Part::None)
            {
                let known = project.dataset_anywhere(&dataset.root)?.and_then(|known| known.location);
                let place = known
                    .map(|l| format!("s3://{}/{}", l.bucket.unwrap_or_default(), l.key.unwrap_or_default()));
                let place = place.unwrap_or_else(|| "S3".to_owned());
                return Err(AppError::DeclaredOnly { dataset: dataset.data.to_string(), place });
            }
            continue;
        }
        let (whole, files) = match selection.of(&dataset, || project.files_of(&dataset))? {
            Part::None => continue,
            Part::Whole => (true, project.files_of(&dataset)?),
            Part::Some(files) => (false, files),
        };
        check_names(&dataset, &files)?;
        chosen.push((dataset, whole, files));
    }
    selection.all_used(&version.describe())?;

    let to = request.to.as_ref().map(|dir| cwd.join(dir));
    // The directory itself may be reached through a link: the user named it.
    let root = match &to {
        Some(dir) => dir.canonicalize().unwrap_or_else(|_| dir.clone()),
        None => project.repo.root().to_owned(),
    };
    let pointers = match to {
        Some(_) => Vec::new(),
        // A pointer that cannot be read is none that could be told of here.
        None => ls::worktree_pointers(project)?.into_iter().filter_map(|(_, placed)| placed.ok()).collect(),
    };
    let mut missing = Vec::new();
    let mut changed: Vec<(RepoPath, RepoPath)> = Vec::new();
    let mut datasets = Vec::new();
    for (dataset, whole, files) in chosen {
        let pointer = pointers.iter().find(|p| p.data == dataset.data).map(DatasetAt::of_pointer);
        let view = look::View { project, root: &root, in_tree: to.is_none(), pointer: pointer.as_ref() };
        let found = view.compare(&dataset, whole, &files, progress)?;
        let mut arrivals = take(files, found.needed);
        locate(project, &dataset, &mut arrivals, &mut missing, progress)?;
        changed.extend(found.changed.into_iter().map(|path| (path, dataset.data.clone())));
        let other = pointer.filter(|p| p.root != dataset.root).map(|p| p.root);
        datasets.push(Planned {
            arrivals,
            whole,
            fresh: found.fresh,
            kept: found.kept,
            unchanged: found.unchanged,
            gone: found.gone,
            extra: found.extra,
            replaced: found.replaced,
            pointer: other,
            dataset,
        });
    }
    if !missing.is_empty() {
        return Err(AppError::NotHere { files: missing });
    }
    if let (Some((_, dataset)), false) = (changed.first(), request.force) {
        let dataset = to.is_none().then(|| dataset.clone());
        return Err(AppError::LocalChanges { files: changed.into_iter().map(|(p, _)| p).collect(), dataset });
    }
    Ok(RestorePlan { version, root, to, datasets })
}

/// The files that must be written, out of all of them. Where their contents are is not known yet.
fn take(mut files: Vec<ManifestEntry>, needed: Vec<(usize, Option<Box<Stat>>)>) -> Vec<Arrival> {
    let arrival = |(n, over): (usize, Option<Box<Stat>>)| Arrival {
        name: std::mem::take(&mut files[n].path).into(),
        content: Content { blake3: files[n].blake3, size: 0 },
        spot: Spot { volume: 0, offset: 0 },
        over,
    };
    needed.into_iter().map(arrival).collect()
}

fn locate(
    project: &Project,
    dataset: &DatasetAt,
    arrivals: &mut [Arrival],
    missing: &mut Vec<RepoPath>,
    progress: &dyn Progress,
) -> Result<()> {
    let map = match &dataset.version_map {
        Some(map) => Some(map.clone()),
        None => project.dataset_anywhere(&dataset.root)?.and_then(|known| known.version_map),
    };
    match map.map(|map| project.learn(&map, false)) {
        // What is not known then is told as missing.
        None | Some(Err(AppError::Store(StoreError::Missing { .. }))) => {}
        Some(learned) => learned?,
    }
    progress.begin("locate", Some(arrivals.len() as u64), None);
    let nowhere = Mutex::new(Vec::new());
    let found = arrivals.par_iter_mut().with_min_len(64).try_for_each(|arrival| -> Result<()> {
        match project.store.find(&arrival.content.blake3)? {
            Some((size, spot)) => (arrival.content.size, arrival.spot) = (size, spot),
            None => {
                nowhere.lock().unwrap_or_else(PoisonError::into_inner).push(dataset.path_of(&arrival.name)?)
            }
        }
        progress.advance(1, 0);
        Ok(())
    });
    progress.end();
    let mut nowhere = nowhere.into_inner().unwrap_or_else(PoisonError::into_inner);
    nowhere.sort();
    missing.append(&mut nowhere);
    found
}

/// Names come from commits and logs of others: nothing of git's or of our own is data.
fn check_names(dataset: &DatasetAt, files: &[ManifestEntry]) -> Result<()> {
    let is_git = |path: &str| path.split('/').any(|part| part.eq_ignore_ascii_case(".git"));
    let own = dataset.data.as_str().split('/').next() == Some(".mlprov");
    let bad = |path: &str| ParseError::new("path of data", "it belongs to git, or to mlprov itself", path);
    if own || is_git(dataset.data.as_str()) {
        return Err(bad(dataset.data.as_str()).into());
    }
    match files.iter().find(|f| is_git(&f.path)) {
        Some(file) => Err(bad(&file.path).into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_version_can_name_files_of_git_or_our_own() {
        let check = |data: &str, file: &str| {
            let blake3 = Blake3Hash::of(b"");
            let (kind, data) = (DatasetKind::Directory, data.parse().unwrap());
            let dataset = DatasetAt { data, kind, root: blake3, files: 1, bytes: 0, version_map: None };
            check_names(&dataset, &[ManifestEntry { path: file.to_owned(), blake3 }]).is_ok()
        };
        assert!(check("data", "a/.gitignore") && check(".github/x", ".mlprov/x"));
        for (data, file) in [
            ("data", "sub/.git/hooks/post-commit"),
            ("data", ".GIT/config"),
            (".git/hooks", "post-commit"),
            ("sub/.git", "x"),
            (".mlprov", "config.toml"),
        ] {
            assert!(!check(data, file), "{data} {file}");
        }
    }
}
