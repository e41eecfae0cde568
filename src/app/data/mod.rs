//! Datasets on their way into the store: scan → hash and store → manifest and version map.

pub mod put;
pub mod read;
pub mod staged;

pub use put::hash;
pub use put::put;
pub use put::sha256_of;
pub use read::read_object;
pub use read::read_text;

use crate::app::Result;
use crate::app::record;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Digests;
use crate::domain::entry::Location;
use crate::domain::entry::ObjectRef;
use crate::domain::manifest;
use crate::domain::manifest::Manifest;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::pointer::Pointer;
use crate::domain::version_map::Content;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::PutBatch;
use crate::worktree::Scanned;
use rayon::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;

/// What is known of a dataset's content once it is stored: enough to bind it into an entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetRecord {
    pub kind: DatasetKind,
    /// BLAKE3: the root. SHA-256 of the same bytes (file or manifest), for foreign tools.
    pub digest: Digests,
    pub files: u64,
    pub bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ObjectRef>,
    /// Absent while its contents wait in this clone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_map: Option<ObjectRef>,
    /// Version of a single file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// How an artefact was observed of which only versions are known.
pub const DECLARED: &str = "declared";

pub fn kind_of(a: &Artefact) -> DatasetKind {
    match (&a.manifest, a.observed.as_deref()) {
        (None, _) => DatasetKind::File,
        (Some(_), Some(DECLARED)) => DatasetKind::Declared,
        (Some(_), _) => DatasetKind::Directory,
    }
}

impl DatasetRecord {
    /// Whether everything is known that an entry has to name.
    pub fn is_complete(&self) -> bool {
        self.version_map.is_some() || self.kind == DatasetKind::Declared
    }

    pub fn root(&self) -> Blake3Hash {
        self.digest.blake3
    }

    pub fn artefact(&self, name: &RepoPath, role: &str) -> Artefact {
        Artefact {
            name: name.clone(),
            role: role.to_owned(),
            digest: self.digest,
            size: self.bytes,
            file_count: self.files,
            manifest: self.manifest.clone(),
            version_map: self.version_map.clone(),
            location: self.location.clone(),
            observed: (self.kind == DatasetKind::Declared).then(|| DECLARED.to_owned()),
            stable: None,
        }
    }

    pub fn of_artefact(a: &Artefact) -> Option<Self> {
        Some(DatasetRecord {
            kind: kind_of(a),
            digest: a.digest,
            files: a.file_count,
            bytes: a.size,
            manifest: a.manifest.clone(),
            version_map: match kind_of(a) {
                DatasetKind::Declared => None,
                _ => Some(a.version_map.clone()?),
            },
            location: a.location.clone(),
        })
    }

    pub fn pointer(&self, path: &RepoPath) -> Pointer {
        Pointer {
            path: path.name().to_owned(),
            kind: self.kind,
            blake3: self.root(),
            files: self.files,
            bytes: self.bytes,
        }
    }
}

/// The contents of a scan, hashed; every file was the same before and after it was read.
#[must_use]
pub struct Hashed {
    pub scanned: Scanned,
    /// In the order of the scan.
    pub contents: Vec<Content>,
    /// Of a single file.
    pub sha256: Option<Sha256Hash>,
}

/// The files of a dataset, in the order of their names.
pub trait Files {
    fn kind(&self) -> DatasetKind;

    fn each(&self, visit: &mut dyn FnMut(&str, &Content) -> io::Result<()>) -> io::Result<()>;
}

impl Files for Hashed {
    fn kind(&self) -> DatasetKind {
        self.scanned.kind
    }

    fn each(&self, visit: &mut dyn FnMut(&str, &Content) -> io::Result<()>) -> io::Result<()> {
        self.scanned
            .files
            .iter()
            .zip(&self.contents)
            .try_for_each(|(file, content)| visit(&file.name, content))
    }
}

/// A dataset as a list.
pub struct Listing(DatasetKind, Vec<(String, Content)>);

impl Listing {
    /// `files`: sorted by name.
    pub fn of(kind: DatasetKind, files: Vec<(String, Content)>) -> Self {
        Listing(kind, files)
    }

    /// What `before` holds, with the files of `now` added, or in the place of those of the same name.
    pub fn with(before: Vec<(String, Content)>, now: &Hashed) -> Result<Self> {
        let mut files: BTreeMap<String, Content> = before.into_iter().collect();
        for (file, content) in now.scanned.files.iter().zip(&now.contents) {
            files.insert(file.name.to_string(), *content);
        }
        let files: Vec<(String, Content)> = files.into_iter().collect();
        let entry = |(path, content): &(String, Content)| ManifestEntry {
            path: path.clone(),
            blake3: content.blake3,
        };
        // Refuses a path that is a file and a directory.
        Manifest::new(files.iter().map(entry).collect())?;
        Ok(Listing(DatasetKind::Directory, files))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.1.iter().map(|(name, _)| name.as_str())
    }
}

impl Files for Listing {
    fn kind(&self) -> DatasetKind {
        self.0
    }

    fn each(&self, visit: &mut dyn FnMut(&str, &Content) -> io::Result<()>) -> io::Result<()> {
        self.1.iter().try_for_each(|(name, content)| visit(name, content))
    }
}

impl Hashed {
    /// The dataset's root: that of a file is its content, that of a directory the hash of its manifest.
    pub fn root(&self) -> Result<Blake3Hash> {
        if self.scanned.kind == DatasetKind::File {
            return Ok(self.contents[0].blake3);
        }
        let mut hasher = blake3::Hasher::new();
        write_manifest(self, &mut hasher).map_err(|e| StoreError::io("write", "a manifest", e))?;
        Ok(Blake3Hash::from(hasher.finalize()))
    }
}

/// The exact bytes of the manifest, without holding them.
fn write_manifest(files: &dyn Files, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Vec::with_capacity(PIECE + 8192);
    let mut last = String::new();
    files.each(&mut |name, content| {
        // `Manifest::parse` would refuse it; so nobody must ever refer to it.
        if name.as_bytes() <= last.as_bytes() {
            return Err(io::Error::other("the files are not sorted"));
        }
        last.clear();
        last.push_str(name);
        manifest::push_line(&mut lines, name, &content.blake3);
        if lines.len() >= PIECE {
            out.write_all(&lines)?;
            lines.clear();
        }
        Ok(())
    })?;
    out.write_all(&lines)
}

/// The exact bytes of the version map, without holding them.
fn write_map(contents: &[Content], objects: &dyn PutBatch, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Vec::with_capacity(PIECE + 8192);
    for content in contents {
        let version = objects.version_of(content).map_err(io::Error::other)?;
        version.push_line(&mut lines).map_err(io::Error::other)?;
        if lines.len() >= PIECE {
            out.write_all(&lines)?;
            lines.clear();
        }
    }
    out.write_all(&lines)
}

/// Evidence of a `data.relocated`: the version map that it takes the place of.
pub const VERSIONS_BEFORE: &str = "versionsBefore";

/// Texts are written in pieces of this size (bytes).
const PIECE: usize = 256 << 10;

/// Adds manifest and version map to the batch; the record is true once the batch is committed. There is no version map
/// if some of the contents wait in this clone. `sha256`: of a single file, for foreign tools.
pub fn describe(
    files: &dyn Files,
    sha256: Option<Sha256Hash>,
    store: &dyn ObjectStore,
    objects: &dyn PutBatch,
) -> Result<DatasetRecord> {
    let mut contents = Vec::new();
    let listed = files.each(&mut |_, content| {
        contents.push(*content);
        Ok(())
    });
    listed.map_err(|e| StoreError::io("list", "a dataset", e))?;
    let count = contents.len() as u64;
    let bytes = contents.iter().map(|c| c.size).sum();
    let first = contents.first().copied();
    contents.par_sort_unstable();
    contents.dedup_by_key(|c| c.blake3);
    let placed = objects.settle(&contents)?;
    let version_map = match placed {
        true => Some(record::put_stream(objects, &mut |out| write_map(&contents, objects, out))?),
        false => None,
    };
    drop(contents);
    if let Some(map) = &version_map {
        store.note_map(&map.digest.blake3)?;
    }
    let (digest, manifest, location) = match (files.kind(), first) {
        (DatasetKind::File, Some(content)) => {
            let version = placed.then(|| objects.version_of(&content)).transpose()?;
            let location = version.map(|version| Location::of(store.scheme(), version));
            (Digests { blake3: content.blake3, sha256 }, None, location)
        }
        _ => {
            let object = record::put_stream(objects, &mut |out| write_manifest(files, out))?;
            (object.digest, Some(object), None)
        }
    };
    let kind = files.kind();
    Ok(DatasetRecord { kind, digest, files: count, bytes, manifest, version_map, location })
}
