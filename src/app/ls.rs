//! `ls`: the datasets that the work tree, or a commit, points to.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::track::pointing;
use crate::domain::digest::Blake3Hash;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::domain::pointer::DatasetKind;
use crate::domain::pointer::Pointer;
use crate::git::pointers::PlacedPointer;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LsLine {
    pub path: RepoPath,
    pub kind: DatasetKind,
    pub blake3: Blake3Hash,
    pub files: u64,
    pub bytes: u64,
    /// Whether this clone's ledger knows which versions hold it.
    pub stored: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LsReport {
    pub datasets: Vec<LsLine>,
}

/// A pointer file of the work tree, readable or not.
pub type FoundPointer = (RepoPath, std::result::Result<PlacedPointer, String>);

/// All pointers of the work tree.
pub fn worktree_pointers(project: &Project) -> Result<Vec<FoundPointer>> {
    let root = project.repo.root();
    let places = pointer_files(root)?;
    let mut found = places.iter().map(|place| read_pointer(root, place)).collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// All pointer files of a work tree. Directories of git and of datasets are not entered.
pub fn pointer_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        let entries =
            std::fs::read_dir(&dir).map_err(|e| crate::ports::StoreError::io("read", dir.display(), e))?;
        let mut below = Vec::new();
        let mut datasets = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| crate::ports::StoreError::io("read", dir.display(), e))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_dir = entry.file_type().is_ok_and(|t| t.is_dir());
            if is_dir && name != ".git" && name != ".mlprov" {
                below.push(entry.path());
            } else if !is_dir && name.ends_with(pointer::SUFFIX) && name != pointer::SUFFIX {
                datasets.push(dir.join(name.trim_end_matches(pointer::SUFFIX)));
                found.push(entry.path());
            }
        }
        dirs.extend(below.into_iter().filter(|d| !datasets.contains(d)));
    }
    Ok(found)
}

fn read_pointer(root: &Path, place: &Path) -> Result<FoundPointer> {
    let below = place.strip_prefix(root).unwrap_or(place).to_string_lossy().into_owned();
    let at: RepoPath = below.parse()?;
    let read = || -> std::result::Result<PlacedPointer, String> {
        let text = crate::worktree::scan::read_small(place).map_err(|e| e.to_string())?;
        let pointer = Pointer::parse(&text).map_err(|e| e.why)?;
        let data = pointer.data_path(&at).map_err(|e| e.to_string())?;
        crate::git::pointers::check_place(&at, &data)?;
        Ok(PlacedPointer { at: at.clone(), data, pointer })
    };
    let placed = read();
    Ok((at, placed))
}

/// Those of the work tree, or of a commit.
pub fn pointers(project: &Project, rev: Option<&str>) -> Result<Vec<PlacedPointer>> {
    match rev {
        None => {
            let mut out = Vec::new();
            for (at, placed) in worktree_pointers(project)? {
                out.push(placed.map_err(|why| AppError::BadPointer { path: at.to_string(), why })?);
            }
            Ok(out)
        }
        Some(rev) => {
            let commit = project.repo.resolve(rev)?;
            let commit = commit.ok_or_else(|| AppError::UnknownRevision { rev: rev.to_owned() })?;
            project.pointers(&commit.tree)
        }
    }
}

pub fn ls(project: &Project, cwd: &Path, path: Option<&PathBuf>, rev: Option<&str>) -> Result<LsReport> {
    let below = path.map(|p| app::place_in(&project.repo, cwd, p)).transpose()?.flatten();
    let mut datasets = Vec::new();
    for placed in pointers(project, rev)? {
        if below.as_ref().is_some_and(|b| !b.contains(&placed.data) && *b != placed.at) {
            continue;
        }
        datasets.push(LsLine {
            stored: project.dataset(&placed.pointer.blake3)?.is_some(),
            path: placed.data,
            kind: placed.pointer.kind,
            blake3: placed.pointer.blake3,
            files: placed.pointer.files,
            bytes: placed.pointer.bytes,
        });
    }
    if let (Some(path), true) = (&below, datasets.is_empty()) {
        if let Some(dataset) = pointing::enclosing_dataset(project.repo.root(), path) {
            return Err(AppError::InsideDataset { path: path.to_string(), dataset: dataset.to_string() });
        }
        return Err(AppError::NotTracked { path: path.to_string() });
    }
    Ok(LsReport { datasets })
}

/// The manifest of one dataset: text that `b3sum --check` accepts inside the dataset's directory.
pub fn manifest(project: &Project, cwd: &Path, path: &Path, rev: Option<&str>) -> Result<String> {
    let path = app::repo_path(&project.repo, cwd, path)?;
    let placed = pointers(project, rev)?.into_iter().find(|p| p.data == path || p.at == path);
    let placed = placed.ok_or_else(|| AppError::NotTracked { path: path.to_string() })?;
    if placed.pointer.kind == DatasetKind::File {
        let entry = crate::domain::manifest::ManifestEntry {
            path: placed.pointer.path.clone(),
            blake3: placed.pointer.blake3,
        };
        return Ok(crate::domain::manifest::Manifest::new(vec![entry])?.to_text());
    }
    data::read_text(&*project.store, &placed.pointer.blake3)
}
