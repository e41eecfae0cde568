//! Data at a version: of the work tree's pointers, of a commit, or of a run.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::ls;
use crate::app::query;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::ObjectRef;
use crate::domain::ids::RunId;
use crate::domain::manifest::Manifest;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::git::pointers::PlacedPointer;
use crate::git::repo::Commit;
use crate::ports::StoreError;
use std::collections::BTreeMap;
use std::path::Path;

pub enum Version {
    /// What the pointers in the work tree name.
    Pointers,
    Commit {
        word: String,
        commit: Commit,
    },
    /// Its last entry: that of its end, if there is one.
    Run {
        id: RunId,
        body: Box<Body>,
    },
}

impl Version {
    /// For people: `commit v1.0`.
    pub fn describe(&self) -> String {
        match self {
            Version::Pointers => "the work tree".to_owned(),
            Version::Commit { word, .. } => format!("commit {word}"),
            Version::Run { id, .. } => format!("run {}", id.short()),
        }
    }

    /// What `verify` is asked about.
    pub fn word(&self) -> String {
        match self {
            Version::Pointers => "HEAD".to_owned(),
            Version::Commit { word, .. } => word.clone(),
            Version::Run { id, .. } => id.short(),
        }
    }
}

/// One dataset of a version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatasetAt {
    pub data: RepoPath,
    pub kind: DatasetKind,
    /// A file's own hash, or that of the manifest.
    pub root: Blake3Hash,
    pub files: u64,
    /// All files together.
    pub bytes: u64,
    /// Where the version that named it says so itself.
    pub version_map: Option<ObjectRef>,
}

impl DatasetAt {
    pub fn of_pointer(placed: &PlacedPointer) -> Self {
        DatasetAt {
            data: placed.data.clone(),
            kind: placed.pointer.kind,
            root: placed.pointer.blake3,
            files: placed.pointer.files,
            bytes: placed.pointer.bytes,
            version_map: None,
        }
    }

    fn of_artefact(artefact: &Artefact) -> Self {
        DatasetAt {
            data: artefact.name.clone(),
            kind: data::kind_of(artefact),
            root: artefact.digest.blake3,
            files: artefact.file_count,
            bytes: artefact.size,
            version_map: artefact.version_map.clone(),
        }
    }

    /// What the names of its files are relative to; empty is the repository itself.
    pub fn dir(&self) -> String {
        match self.kind {
            DatasetKind::Directory | DatasetKind::Declared => self.data.to_string(),
            DatasetKind::File => self.data.parent().map(|dir| dir.to_string()).unwrap_or_default(),
        }
    }

    /// The path of one of its files below the repository.
    pub fn path_of(&self, name: &str) -> Result<RepoPath> {
        match self.dir() {
            dir if dir.is_empty() => Ok(name.parse()?),
            dir => Ok(format!("{dir}/{name}").parse()?),
        }
    }
}

impl Project {
    pub fn commit_version(&self, word: &str) -> Result<Version> {
        let commit = self.repo.resolve(word)?;
        let commit = commit.ok_or_else(|| AppError::UnknownRevision { rev: word.to_owned() })?;
        Ok(Version::Commit { word: word.to_owned(), commit })
    }

    pub fn run_version(&self, cwd: &Path, word: &str) -> Result<Version> {
        let unknown = || AppError::UnknownId { id: word.to_owned() };
        let entries = self.known_entries_for(cwd, word)?;
        let target = resolve::resolve(self, &entries, cwd, word)?;
        let Target::Run(id) = target else { return Err(unknown()) };
        let about = resolve::entries_about(&entries, &target);
        let body = query::subject_of_run(&about).and_then(|e| e.body()).ok_or_else(unknown)?;
        Ok(Version::Run { id, body: Box::new(body.clone()) })
    }

    /// Sorted by path, no path twice. A run has its outputs, and those inputs that it did not replace.
    pub fn datasets_at(&self, version: &Version) -> Result<Vec<DatasetAt>> {
        let found: BTreeMap<RepoPath, DatasetAt> = match version {
            Version::Pointers => by_path(ls::pointers(self, None)?.iter().map(DatasetAt::of_pointer)),
            Version::Commit { commit, .. } => {
                by_path(self.pointers(&commit.tree)?.iter().map(DatasetAt::of_pointer))
            }
            Version::Run { body, .. } => {
                let (inputs, outputs) = (self.list(&body.inputs)?, self.list(&body.outputs)?);
                by_path(inputs.iter().chain(&outputs).map(DatasetAt::of_artefact))
            }
        };
        Ok(found.into_values().collect())
    }

    /// The files of a dataset, sorted; names relative to [`DatasetAt::dir`].
    pub fn files_of(&self, dataset: &DatasetAt) -> Result<Vec<ManifestEntry>> {
        if dataset.kind == DatasetKind::File {
            return Ok(vec![ManifestEntry { path: dataset.data.name().to_owned(), blake3: dataset.root }]);
        }
        if dataset.kind == DatasetKind::Declared {
            return self.declared_files(&dataset.root);
        }
        let bytes = match data::read_object(&*self.store, &dataset.root) {
            Err(AppError::Store(StoreError::Missing { .. })) => {
                let missing =
                    || AppError::NoManifest { dataset: dataset.data.clone(), manifest: dataset.root };
                self.published_object(&dataset.root)?.ok_or_else(missing)?
            }
            read => read?,
        };
        let bad = |why: String| ParseError::new("manifest", why, dataset.root.to_string());
        let text = String::from_utf8(bytes).map_err(|_| bad("is not UTF-8".to_owned()))?;
        let files = Manifest::parse(&text)?.into_entries();
        if files.len() as u64 != dataset.files {
            return Err(bad(format!("lists {} files, not {}", files.len(), dataset.files)).into());
        }
        Ok(files)
    }
}

fn by_path(datasets: impl Iterator<Item = DatasetAt>) -> BTreeMap<RepoPath, DatasetAt> {
    datasets.map(|d| (d.data.clone(), d)).collect()
}
