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
use crate::ports::object_store::Told;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::ScannedFile;
use crate::worktree::scan::Problem;
use crate::worktree::scan::ScanError;
use rayon::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

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

/// A directory as a list.
pub struct Listing(Vec<(String, Content)>);

impl Listing {
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
        Ok(Listing(files))
    }
}

impl Files for Listing {
    fn kind(&self) -> DatasetKind {
        DatasetKind::Directory
    }

    fn each(&self, visit: &mut dyn FnMut(&str, &Content) -> io::Result<()>) -> io::Result<()> {
        self.0.iter().try_for_each(|(name, content)| visit(name, content))
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
fn write_map(mut contents: Vec<Content>, objects: &dyn PutBatch, out: &mut dyn Write) -> io::Result<()> {
    contents.par_sort_unstable();
    contents.dedup_by_key(|c| c.blake3);
    let mut lines = Vec::with_capacity(PIECE + 8192);
    for content in &contents {
        objects.version_of(content).push_line(&mut lines).map_err(io::Error::other)?;
        if lines.len() >= PIECE {
            out.write_all(&lines)?;
            lines.clear();
        }
    }
    out.write_all(&lines)
}

/// Texts are written in pieces of this size (bytes).
const PIECE: usize = 256 << 10;

/// Hashes a scan without storing anything. `known`: hashes of files that were not touched since, in the order of
/// the scan.
pub fn hash(scanned: Scanned, known: &[Option<Blake3Hash>], progress: &dyn Progress) -> Result<Hashed> {
    let read = |file: &mut File, place: &Path, told: &Told<'_>| {
        let mut hasher = blake3::Hasher::new();
        let huge = file.metadata().is_ok_and(|m| m.len() > HUGE);
        let read = match huge {
            true => hash_huge(&mut hasher, file, told),
            false => hasher.update_reader(&mut *file).map(|hasher| told(hasher.count())),
        };
        read.map_err(|e| StoreError::io("read", place.display(), e))?;
        Ok(Content { blake3: Blake3Hash::from(hasher.finalize()), size: hasher.count() })
    };
    let waiting = waiting(&scanned, known);
    progress.begin("hash", Some(waiting.0), Some(waiting.1));
    let all = 0..scanned.files.len();
    let contents = each_file(&scanned, all, known, false, progress, &|_| true, &read);
    progress.end();
    Ok(Hashed { contents: contents?, scanned, sha256: None })
}

fn hash_huge(hasher: &mut blake3::Hasher, file: &mut File, told: &Told<'_>) -> io::Result<()> {
    const PIECE: u64 = 16 << 20;
    let mut piece = Vec::with_capacity(PIECE as usize);
    loop {
        piece.clear();
        if Read::take(&mut *file, PIECE).read_to_end(&mut piece)? == 0 {
            return Ok(());
        }
        hasher.update_rayon(&piece);
        told(piece.len() as u64);
    }
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
            let mut open = scanned.open(file).map_err(one_problem)?;
            Some(sha256_of(&mut open, &scanned.place(file))?)
        }
        _ => None,
    };
    let mut hashed = put_known(scanned, &[], &|_| false, objects, progress)?;
    hashed.sha256 = sha256;
    Ok(hashed)
}

/// As [`put`], without reading files that are known and `held` in the store.
pub fn put_known(
    scanned: Scanned,
    known: &[Option<Blake3Hash>],
    held: &(dyn Fn(&Content) -> bool + Sync),
    objects: &dyn PutBatch,
    progress: &dyn Progress,
) -> Result<Hashed> {
    let waiting = waiting(&scanned, known);
    progress.begin("store", Some(waiting.0), Some(waiting.1));
    let contents = put_part(&scanned, 0..scanned.files.len(), known, held, objects, progress);
    progress.end();
    Ok(Hashed { contents: contents?, scanned, sha256: None })
}

/// As [`put_known`], for some of the files of a scan.
pub fn put_part(
    scanned: &Scanned,
    range: Range<usize>,
    known: &[Option<Blake3Hash>],
    held: &(dyn Fn(&Content) -> bool + Sync),
    objects: &dyn PutBatch,
    progress: &dyn Progress,
) -> Result<Vec<Content>> {
    let put = |file: &mut File, place: &Path, told: &Told<'_>| objects.put_file(place, file, told);
    each_file(scanned, range, known, objects.links(), progress, held, &put)
}

/// Files and bytes that are not known.
pub fn waiting(scanned: &Scanned, known: &[Option<Blake3Hash>]) -> (u64, u64) {
    let unread = |(n, _): &(usize, &ScannedFile)| known.get(*n).copied().flatten().is_none();
    let unread = scanned.files.iter().enumerate().filter(unread);
    unread.fold((0, 0), |(files, bytes), (_, file)| (files + 1, bytes + file.stat.size))
}

fn one_problem(problem: Problem) -> AppError {
    ScanError { problems: vec![problem] }.into()
}

type ReadFile<'a> =
    dyn Fn(&mut File, &Path, &Told<'_>) -> std::result::Result<Content, StoreError> + Sync + 'a;

/// Files below this size (bytes) are handed out to threads together.
const SMALL: u64 = 1 << 20;
/// A larger file (bytes) is read by itself, on all cores.
pub const HUGE: u64 = 64 << 20;

/// Reads every file of a range that is not known, or of which `enough` says that what is known is not enough.
/// `linked`: see [`PutBatch::links`].
fn each_file(
    scanned: &Scanned,
    range: Range<usize>,
    known: &[Option<Blake3Hash>],
    linked: bool,
    progress: &dyn Progress,
    enough: &(dyn Fn(&Content) -> bool + Sync),
    read: &ReadFile<'_>,
) -> Result<Vec<Content>> {
    enum Failure {
        Problem(Problem),
        Store(StoreError),
    }
    let one = |(n, found): (usize, &ScannedFile)| -> std::result::Result<Content, Failure> {
        let content = known.get(n).copied().flatten().map(|blake3| Content { blake3, size: found.stat.size });
        if let Some(content) = content.filter(enough) {
            return Ok(content);
        }
        let mut file = scanned.open(found).map_err(Failure::Problem)?;
        let content = read(&mut file, &scanned.place(found), &|bytes| progress.advance(0, bytes))
            .map_err(Failure::Store)?;
        let checked = if linked { scanned.check_linked(found, &file) } else { scanned.check(found, &file) };
        checked.map_err(Failure::Problem)?;
        progress.advance(1, 0);
        Ok(content)
    };
    let first = range.start;
    let files = &scanned.files[range];
    let bytes: u64 = files.iter().map(|file| file.stat.size).sum();
    let small = bytes / (files.len() as u64).max(1) < SMALL;
    // Kept apart: a list of a million outcomes would take more memory than a million contents.
    let failures = Mutex::new(Vec::new());
    let nothing = Content { blake3: Blake3Hash([0; 32]), size: 0 };
    let or_failure = |n: usize, found: &ScannedFile| {
        one((n, found)).unwrap_or_else(|failure| {
            failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
            nothing
        })
    };
    let is_huge = |found: &ScannedFile| found.stat.size > HUGE;
    let mut contents: Vec<Content> = files
        .par_iter()
        .enumerate()
        .with_min_len(if small { 16 } else { 1 })
        .map(|(n, found)| if is_huge(found) { nothing } else { or_failure(first + n, found) })
        .collect();
    // Each of these takes all cores by itself.
    for (n, found) in files.iter().enumerate().filter(|(_, found)| is_huge(found)) {
        contents[n] = or_failure(first + n, found);
    }
    let mut problems = Vec::new();
    for failure in failures.into_inner().unwrap_or_else(PoisonError::into_inner) {
        match failure {
            Failure::Problem(problem) => problems.push(problem),
            Failure::Store(e) => return Err(e.into()),
        }
    }
    if !problems.is_empty() {
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        return Err(ScanError { problems }.into());
    }
    Ok(contents)
}

pub fn sha256_of(reader: &mut dyn Read, place: &Path) -> Result<Sha256Hash> {
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

/// Adds manifest and version map to the batch; the record is true once the batch is committed. `sha256`: of a
/// single file, for foreign tools.
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
    let mut contents = Some(contents);
    let version_map =
        record::put_stream(objects, &mut |out| write_map(contents.take().unwrap_or_default(), objects, out))?;
    let (digest, manifest, location) = match (files.kind(), first) {
        (DatasetKind::File, Some(content)) => {
            let version = objects.version_of(&content);
            let location = Location {
                scheme: store.scheme().to_owned(),
                bucket: version.bucket,
                key: version.key,
                version_id: Some(version.version_id),
            };
            (Digests { blake3: content.blake3, sha256 }, None, Some(location))
        }
        _ => {
            let object = record::put_stream(objects, &mut |out| write_manifest(files, out))?;
            (object.digest, Some(object), None)
        }
    };
    let kind = files.kind();
    Ok(DatasetRecord { kind, digest, files: count, bytes, manifest, version_map, location })
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
