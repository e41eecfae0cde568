//! Datasets on their way into the store: scan → hash and store → manifest and version map.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::record;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Digests;
use crate::domain::entry::List;
use crate::domain::entry::Location;
use crate::domain::entry::ObjectRef;
use crate::domain::json;
use crate::domain::manifest::Manifest;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::pointer::Pointer;
use crate::domain::version_map::Located;
use crate::domain::version_map::VersionMap;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::PutBatch;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::scan::Problem;
use crate::worktree::scan::ScanError;
use rayon::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

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
    pub version_map: ObjectRef,
    /// Version of a single file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

impl DatasetRecord {
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
            version_map: Some(self.version_map.clone()),
            location: self.location.clone(),
            observed: None,
            stable: None,
        }
    }

    pub fn of_artefact(a: &Artefact) -> Option<Self> {
        Some(DatasetRecord {
            kind: if a.manifest.is_some() { DatasetKind::Directory } else { DatasetKind::File },
            digest: a.digest,
            files: a.file_count,
            bytes: a.size,
            manifest: a.manifest.clone(),
            version_map: a.version_map.clone()?,
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
    pub contents: Vec<Located>,
    /// Of a single file.
    pub sha256: Option<Sha256Hash>,
}

impl Hashed {
    /// The dataset's root, and its manifest if it is a directory.
    pub fn root(&self) -> Result<(Blake3Hash, Option<Manifest>)> {
        if self.scanned.kind == DatasetKind::File {
            return Ok((self.contents[0].blake3, None));
        }
        let files = self.scanned.files.iter().zip(&self.contents);
        let entries = files.map(|(f, c)| ManifestEntry { path: f.name.clone(), blake3: c.blake3 });
        let manifest = Manifest::new(entries.collect())?;
        Ok((manifest.root(), Some(manifest)))
    }
}

/// Hashes a scan without storing anything.
pub fn hash(scanned: Scanned, progress: &dyn Progress) -> Result<Hashed> {
    let read = |file: &mut std::fs::File, place: &PathBuf| {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&mut *file).map_err(|e| StoreError::io("read", place.display(), e))?;
        let blake3 = Blake3Hash::from(hasher.finalize());
        let version_id = crate::domain::version::VersionId::of_content(&blake3);
        let size = hasher.count();
        Ok(Located { blake3, size, version_id, bucket: None, key: None, checksum: None })
    };
    each_file(scanned, "hash", progress, &read)
}

/// Hashes and stores a scan in one pass. Nothing counts before the batch is committed. `with_sha256`: also
/// for foreign tools, of a single file (models, configs).
pub fn put(
    scanned: Scanned,
    objects: &dyn PutBatch,
    with_sha256: bool,
    progress: &dyn Progress,
) -> Result<Hashed> {
    let sha256 = match &scanned.files[..] {
        [file] if with_sha256 && scanned.kind == DatasetKind::File => {
            let mut open = file.open().map_err(one_problem)?;
            Some(sha256_of(&mut open, &file.place)?)
        }
        _ => None,
    };
    let mut hashed = each_file(scanned, "store", progress, &|file, place| objects.put_file(place, file))?;
    hashed.sha256 = sha256;
    Ok(hashed)
}

fn one_problem(problem: Problem) -> AppError {
    ScanError { problems: vec![problem] }.into()
}

type ReadFile<'a> =
    dyn Fn(&mut std::fs::File, &PathBuf) -> std::result::Result<Located, StoreError> + Sync + 'a;

fn each_file(
    scanned: Scanned,
    phase: &'static str,
    progress: &dyn Progress,
    read: &ReadFile<'_>,
) -> Result<Hashed> {
    enum Failure {
        Problem(Problem),
        Store(StoreError),
    }
    progress.begin(phase, Some(scanned.files.len() as u64), Some(scanned.bytes()));
    let one = |found: &crate::worktree::ScannedFile| -> std::result::Result<Located, Failure> {
        let mut file = found.open().map_err(Failure::Problem)?;
        let located = read(&mut file, &found.place).map_err(Failure::Store)?;
        found.check(&file).map_err(Failure::Problem)?;
        progress.advance(1, located.size);
        Ok(located)
    };
    let results: Vec<_> = scanned.files.par_iter().map(one).collect();
    progress.end();
    let mut contents = Vec::with_capacity(results.len());
    let mut problems = Vec::new();
    for result in results {
        match result {
            Ok(located) => contents.push(located),
            Err(Failure::Problem(problem)) => problems.push(problem),
            Err(Failure::Store(e)) => return Err(e.into()),
        }
    }
    if !problems.is_empty() {
        return Err(ScanError { problems }.into());
    }
    Ok(Hashed { scanned, contents, sha256: None })
}

pub fn sha256_of(reader: &mut dyn Read, place: &std::path::Path) -> Result<Sha256Hash> {
    use sha2::Digest;
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = reader.read(&mut buffer).map_err(|e| StoreError::io("read", place.display(), e))?;
        if n == 0 {
            return Ok(Sha256Hash(hasher.finalize().into()));
        }
        hasher.update(&buffer[..n]);
    }
}

/// Adds manifest and version map to the batch; the record is true once the batch is committed.
pub fn describe(hashed: &Hashed, store: &dyn ObjectStore, objects: &dyn PutBatch) -> Result<DatasetRecord> {
    let map = VersionMap::new(hashed.contents.clone());
    let version_map = record::put_object(map.to_text()?.as_bytes(), objects)?;
    let (root, manifest) = hashed.root()?;
    let (digest, manifest, location) = match manifest {
        Some(manifest) => {
            let object = record::put_object(manifest.to_text().as_bytes(), objects)?;
            (object.digest, Some(object), None)
        }
        None => {
            let content = &hashed.contents[0];
            let location = Location {
                scheme: store.scheme().to_owned(),
                bucket: content.bucket.clone(),
                key: content.key.clone(),
                version_id: Some(content.version_id.clone()),
            };
            (Digests { blake3: root, sha256: hashed.sha256 }, None, Some(location))
        }
    };
    Ok(DatasetRecord {
        kind: hashed.scanned.kind,
        digest,
        files: hashed.contents.len() as u64,
        bytes: hashed.contents.iter().map(|c| c.size).sum(),
        manifest,
        version_map,
        location,
    })
}

/// Reads a whole object and checks its digest.
pub fn read_object(store: &dyn ObjectStore, object: &Blake3Hash) -> Result<Vec<u8>> {
    let Some(located) = store.locate(object)? else {
        return Err(StoreError::Missing { what: format!("object {object}") }.into());
    };
    let mut bytes = Vec::new();
    let what = store.describe(&located);
    store.open(&located)?.read_to_end(&mut bytes).map_err(|e| StoreError::io("read", &what, e))?;
    if Blake3Hash::of(&bytes) != *object {
        let why = "its bytes do not have the hash that names it".to_owned();
        return Err(StoreError::Corrupt { what: "object".into(), at: what, why }.into());
    }
    Ok(bytes)
}

/// As [`read_object`], for text.
pub fn read_text(store: &dyn ObjectStore, object: &Blake3Hash) -> Result<String> {
    let bytes = read_object(store, object)?;
    String::from_utf8(bytes).map_err(|_| ParseError::new("object", "is not UTF-8", object.to_string()).into())
}

impl Project {
    /// A list, wherever it stands. A stored one must have the digest and the count that the entry names.
    pub fn list<T: DeserializeOwned + Clone>(&self, list: &List<T>) -> Result<Vec<T>> {
        let (count, object) = match list {
            List::Inline(items) => return Ok(items.clone()),
            List::Stored { count, object } => (*count, object),
        };
        let bytes = self.read_ref(object)?;
        let bad = |why: String| ParseError::new("stored list", why, object.digest.blake3.to_string());
        let items: Vec<T> =
            serde_json::from_value(json::parse_strict(&bytes)?).map_err(|e| bad(e.to_string()))?;
        if items.len() as u64 != count {
            return Err(bad(format!("holds {} items, the entry says {count}", items.len())).into());
        }
        Ok(items)
    }

    /// An object with all that its reference says of it: size, BLAKE3 and SHA-256.
    pub fn read_ref(&self, object: &ObjectRef) -> Result<Vec<u8>> {
        let bytes = match read_object(&*self.store, &object.digest.blake3) {
            Err(AppError::Store(StoreError::Missing { what })) => {
                let missing = || StoreError::Missing { what };
                self.published_object(&object.digest.blake3)?.ok_or_else(missing)?
            }
            read => read?,
        };
        let sha256 = object.digest.sha256.is_none_or(|s| s == Sha256Hash::of(&bytes));
        if !sha256 || bytes.len() as u64 != object.size {
            let why = "its size or SHA-256 is not the one that the entry names";
            return Err(ParseError::new("object", why, object.digest.blake3.to_string()).into());
        }
        Ok(bytes)
    }

    /// As [`Project::read_ref`], for text.
    pub fn read_ref_text(&self, object: &ObjectRef) -> Result<String> {
        let text = String::from_utf8(self.read_ref(object)?);
        text.map_err(|_| ParseError::new("object", "is not UTF-8", object.digest.blake3.to_string()).into())
    }

    /// Every dataset that the log names, by root; the log is read once per process.
    fn recorded_datasets(&self) -> Result<&BTreeMap<Blake3Hash, DatasetRecord>> {
        if let Some(known) = self.datasets.get() {
            return Ok(known);
        }
        let mut found = BTreeMap::new();
        for entry in self.entries()? {
            let Some(body) = entry.body() else { continue };
            for list in [&body.inputs, &body.outputs] {
                // A list that is gone from the store cannot help; `verify` reports it.
                for artefact in self.list(list).unwrap_or_default() {
                    if let Some(record) = DatasetRecord::of_artefact(&artefact) {
                        found.entry(record.root()).or_insert(record);
                    }
                }
            }
        }
        Ok(self.datasets.get_or_init(|| found))
    }

    fn dataset_file(&self, root: &Blake3Hash) -> PathBuf {
        self.own_dir().join("datasets").join(format!("{root}.json"))
    }

    /// Remembers where a root's record stands, so that the hook finds it without reading the log. Derived.
    pub fn remember_dataset(&self, record: &DatasetRecord) -> Result<()> {
        let path = self.dataset_file(&record.root());
        let json =
            serde_json::to_vec(record).map_err(|e| ParseError::new("dataset record", e.to_string(), ""))?;
        if let Some(dir) = path.parent() {
            crate::durable::create_dir_all(dir)?;
        }
        Ok(crate::durable::write_derived(&path, &json)?)
    }

    /// The record of a root that was tracked in this clone; from memory, else from the log.
    pub fn dataset(&self, root: &Blake3Hash) -> Result<Option<DatasetRecord>> {
        let remembered = crate::durable::read_derived(&self.dataset_file(root));
        let record = remembered.and_then(|json| serde_json::from_slice::<DatasetRecord>(&json).ok());
        if let Some(record) = record.filter(|r| r.root() == *root) {
            return Ok(Some(record));
        }
        let found = self.recorded_datasets()?.get(root).cloned();
        if let Some(record) = &found {
            self.remember_dataset(record)?;
        }
        Ok(found)
    }
}
