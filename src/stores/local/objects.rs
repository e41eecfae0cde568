//! The embedded object store: `objects/<2 digits>/<BLAKE3>`, one read-only file per content.

use crate::domain::digest::Blake3Hash;
use crate::domain::version::VersionId;
use crate::domain::version_map::Located;
use crate::durable;
use crate::durable::Staging;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::PutBatch;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Files up to this size are read once into memory and hashed there.
const SMALL: u64 = 1 << 20;

pub struct LocalStore {
    dir: PathBuf,
}

impl LocalStore {
    pub fn new(dir: &Path) -> Self {
        LocalStore { dir: dir.to_owned() }
    }

    /// Makes the directories; what is there stays.
    pub fn create(&self) -> Result<(), StoreError> {
        for i in 0..=255u8 {
            let dir = self.dir.join("objects").join(format!("{i:02x}"));
            if !dir.is_dir() {
                fs::create_dir_all(&dir).map_err(|e| StoreError::io("create", dir.display(), e))?;
            }
        }
        Ok(durable::sync_dir(&self.dir.join("objects"))?)
    }

    /// Whether a content of this size is stored. A file of another length is damaged, and is replaced.
    fn holds(&self, content: &Blake3Hash, size: u64) -> bool {
        fs::symlink_metadata(self.file(content)).is_ok_and(|m| m.is_file() && m.len() == size)
    }

    pub fn file(&self, content: &Blake3Hash) -> PathBuf {
        let hex = content.to_string();
        self.dir.join("objects").join(&hex[..2]).join(hex)
    }
}

fn located(content: Blake3Hash, size: u64) -> Located {
    let version_id = VersionId::of_content(&content);
    Located { blake3: content, size, version_id, bucket: None, key: None, checksum: None }
}

impl ObjectStore for LocalStore {
    fn scheme(&self) -> &'static str {
        "local"
    }

    fn batch(&self) -> Result<Box<dyn PutBatch + '_>, StoreError> {
        let staging = Staging::begin(&self.dir.join("staging"))?;
        Ok(Box::new(LocalBatch { store: self, staging, moves: Mutex::new(Vec::new()) }))
    }

    fn locate(&self, content: &Blake3Hash) -> Result<Option<Located>, StoreError> {
        let path = self.file(content);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => Ok(Some(located(*content, meta.len()))),
            // A link, FIFO or directory in the place of a content: somebody put it there.
            Ok(_) => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io("read", path.display(), e)),
        }
    }

    fn open(&self, version: &Located) -> Result<Box<dyn Read + Send>, StoreError> {
        let path = self.file(&version.blake3);
        if fs::symlink_metadata(&path).is_ok_and(|m| !m.is_file()) {
            let (what, at) = ("stored object".to_owned(), path.display().to_string());
            return Err(StoreError::Corrupt { what, at, why: "it is not a regular file".into() });
        }
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Err(StoreError::Missing { what: path.display().to_string() })
            }
            Err(e) => Err(StoreError::io("read", path.display(), e)),
        }
    }

    fn describe(&self, version: &Located) -> String {
        self.file(&version.blake3).display().to_string()
    }
}

struct LocalBatch<'a> {
    store: &'a LocalStore,
    staging: Staging,
    moves: Mutex<Vec<(PathBuf, PathBuf)>>,
}

impl LocalBatch<'_> {
    fn keep(&self, temp: PathBuf, content: &Blake3Hash) {
        let place = self.store.file(content);
        self.moves.lock().unwrap_or_else(PoisonError::into_inner).push((temp, place));
    }
}

impl PutBatch for LocalBatch<'_> {
    fn put_file(&self, name: &Path, file: &mut File) -> Result<Located, StoreError> {
        let read = |e| StoreError::io("read", name.display(), e);
        let length = file.metadata().map_err(read)?.len();
        if length <= SMALL {
            let mut bytes = Vec::with_capacity(length as usize + 1);
            file.read_to_end(&mut bytes).map_err(read)?;
            return self.put_bytes(&bytes);
        }
        // Known content is the common case of a second track: look before copying.
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&mut *file).map_err(read)?;
        let content = Blake3Hash::from(hasher.finalize());
        if self.store.holds(&content, hasher.count()) {
            return Ok(located(content, hasher.count()));
        }
        file.seek(SeekFrom::Start(0)).map_err(read)?;
        let (temp, out) = self.staging.create()?;
        // Hash again what is written: the file may have changed since the first reading.
        let mut tee = Tee { out, hasher: blake3::Hasher::new() };
        let size = io::copy(file, &mut tee).map_err(|e| StoreError::io("store", name.display(), e))?;
        let content = Blake3Hash::from(tee.hasher.finalize());
        self.keep(temp, &content);
        Ok(located(content, size))
    }

    fn put_bytes(&self, bytes: &[u8]) -> Result<Located, StoreError> {
        let content = Blake3Hash::of(bytes);
        if self.store.holds(&content, bytes.len() as u64) {
            return Ok(located(content, bytes.len() as u64));
        }
        let (temp, mut out) = self.staging.create()?;
        out.write_all(bytes).map_err(|e| StoreError::io("store", content, e))?;
        self.keep(temp, &content);
        Ok(located(content, bytes.len() as u64))
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let moves = self.moves.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(self.staging.commit(&moves)?)
    }
}

struct Tee {
    out: File,
    hasher: blake3::Hasher,
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
