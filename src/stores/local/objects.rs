//! The embedded object store.
//!
//! ```text
//! objects/<2 hex>/<BLAKE3>   one read-only file per content
//! packs/<name>.tar, .idx     many small contents together (`pack.rs`)
//! lock                       held by batches together, and alone by who removes something
//! staging/                   files on their way in
//! ```
//! A content stands in one of both places; a file of its own comes first, so that it can mend a damaged pack.

use crate::config::Link;
use crate::domain::digest::Blake3Hash;
use crate::domain::version::VersionId;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::durable;
use crate::ports::StoreError;
use crate::ports::object_store::Inventory;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::PutBatch;
use crate::ports::object_store::Spot;
use crate::ports::object_store::Sweep;
use crate::stores::local::batch::LocalBatch;
use crate::stores::local::pack::PackIndex;
use crate::stores::local::pack::Place;
use crate::stores::local::sweep;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

pub struct LocalStore {
    pub(super) dir: PathBuf,
    pub(super) link: Link,
    packs: RwLock<Option<Packs>>,
}

pub(super) type Packs = Arc<Vec<Arc<Pack>>>;

/// A pack that is opened.
pub(super) struct Pack {
    pub(super) path: PathBuf,
    file: File,
    pub(super) index: PackIndex,
}

impl Pack {
    /// By its index, or by scanning if that is missing or damaged. Changes nothing.
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let index = fs::read(path.with_extension("idx")).ok();
        let index = match index.and_then(|bytes| PackIndex::decode(bytes, length)) {
            Some(index) => index,
            None => PackIndex::scan(path)?,
        };
        Ok(Pack { path: path.to_owned(), file, index })
    }
}

/// Reads one member.
struct MemberReader {
    pack: Arc<Pack>,
    at: u64,
    end: u64,
}

impl Read for MemberReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min((self.end - self.at) as usize);
        let n = self.pack.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl LocalStore {
    pub fn new(dir: &Path, link: Link) -> Self {
        LocalStore { dir: dir.to_owned(), link, packs: RwLock::new(None) }
    }

    /// Makes the directories; what is there stays.
    pub fn create(&self) -> Result<(), StoreError> {
        for i in 0..=255u8 {
            let dir = self.dir.join("objects").join(format!("{i:02x}"));
            if !dir.is_dir() {
                fs::create_dir_all(&dir).map_err(|e| StoreError::io("create", dir.display(), e))?;
            }
        }
        durable::create_dir_all(&self.pack_dir())?;
        Ok(durable::sync_dir(&self.dir.join("objects"))?)
    }

    pub fn file(&self, content: &Blake3Hash) -> PathBuf {
        let hex = content.to_string();
        self.dir.join("objects").join(&hex[..2]).join(hex)
    }

    /// Held by every batch, and alone by who removes something.
    pub(super) fn lock_path(&self) -> PathBuf {
        self.dir.join("lock")
    }

    pub(super) fn pack_dir(&self) -> PathBuf {
        self.dir.join("packs")
    }

    /// The packs that are there; `fresh`: by a look at the directory, which others write to as well.
    pub(super) fn packs(&self, fresh: bool) -> Result<Packs, StoreError> {
        let known = self.packs.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.as_ref().filter(|_| !fresh) {
            return Ok(known.clone());
        }
        let dir = self.pack_dir();
        let failed = |e| StoreError::io("read", dir.display(), e);
        let mut found = Vec::new();
        let listed = match fs::read_dir(&dir) {
            Ok(listed) => Some(listed),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(failed(e)),
        };
        for entry in listed.into_iter().flatten() {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_none_or(|e| e != "tar") {
                continue;
            }
            let same = known.iter().flat_map(|k| k.iter()).find(|pack| pack.path == path);
            match same {
                Some(pack) => found.push(pack.clone()),
                None => match Pack::open(&path) {
                    Ok(pack) => found.push(Arc::new(pack)),
                    // Removed since it was listed.
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => return Err(StoreError::io("read", path.display(), e)),
                },
            }
        }
        let packs = Arc::new(found);
        *self.packs.write().unwrap_or_else(PoisonError::into_inner) = Some(packs.clone());
        Ok(packs)
    }

    /// The pack that holds a content.
    fn packed(&self, content: &Blake3Hash) -> Result<Option<(Arc<Pack>, Place)>, StoreError> {
        let known = self.packs(false)?;
        if let Some(found) = find(&known, content) {
            return Ok(Some(found));
        }
        let now = self.packs(true)?;
        Ok(if Arc::ptr_eq(&known, &now) { None } else { find(&now, content) })
    }

    /// Size of the file of a content, if it has one of its own.
    fn loose(&self, content: &Blake3Hash) -> Option<u64> {
        fs::symlink_metadata(self.file(content)).ok().filter(fs::Metadata::is_file).map(|m| m.len())
    }

    /// Whether the stored bytes have the hash that names them.
    pub(super) fn is_sound(&self, content: &Blake3Hash, size: u64) -> bool {
        let Ok(mut reader) = self.open(&located(*content, size)) else { return false };
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&mut reader).is_ok() && Blake3Hash::from(hasher.finalize()) == *content
    }
}

fn find(packs: &[Arc<Pack>], content: &Blake3Hash) -> Option<(Arc<Pack>, Place)> {
    packs.iter().find_map(|pack| Some((pack.clone(), pack.index.find(content)?)))
}

pub(super) fn located(content: Blake3Hash, size: u64) -> Located {
    let version_id = VersionId::of_content(&content);
    Located { blake3: content, size, version_id, bucket: None, key: None, checksum: None }
}

impl ObjectStore for LocalStore {
    fn scheme(&self) -> &'static str {
        "local"
    }

    fn batch(&self, repair: bool) -> Result<Box<dyn PutBatch + '_>, StoreError> {
        Ok(Box::new(LocalBatch::begin(self, repair)?))
    }

    fn locate(&self, content: &Blake3Hash) -> Result<Option<Located>, StoreError> {
        Ok(self.find(content)?.map(|(size, _)| located(*content, size)))
    }

    /// Volume 0 are the files of their own; then the packs, in the order in which they are known.
    fn find(&self, content: &Blake3Hash) -> Result<Option<(u64, Spot)>, StoreError> {
        let path = self.file(content);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => {
                return Ok(Some((meta.len(), Spot { volume: 0, offset: meta.ino() })));
            }
            // A link, FIFO or directory in the place of a content: somebody put it there.
            Ok(_) => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(StoreError::io("read", path.display(), e)),
        }
        let Some((pack, place)) = self.packed(content)? else { return Ok(None) };
        let packs = self.packs(false)?;
        let volume = packs.iter().position(|p| Arc::ptr_eq(p, &pack)).unwrap_or(packs.len());
        let spot = Spot { volume: volume as u64 + 1, offset: place.offset };
        Ok(Some((place.size, spot)))
    }

    fn open_at(&self, content: &Content, spot: Spot) -> Result<Box<dyn Read + Send>, StoreError> {
        let packs = self.packs(false)?;
        let pack = spot.volume.checked_sub(1).and_then(|n| packs.get(usize::try_from(n).ok()?));
        // The packs may be others by now; then it is looked for again.
        let same = pack.filter(|p| p.index.find(&content.blake3).is_some_and(|f| f.offset == spot.offset));
        match same {
            Some(pack) => {
                let end = spot.offset + content.size;
                Ok(Box::new(MemberReader { pack: pack.clone(), at: spot.offset, end }))
            }
            None => self.open(&located(content.blake3, content.size)),
        }
    }

    fn open(&self, version: &Located) -> Result<Box<dyn Read + Send>, StoreError> {
        let path = self.file(&version.blake3);
        if fs::symlink_metadata(&path).is_ok_and(|m| !m.is_file()) {
            let (what, at) = ("stored object".to_owned(), path.display().to_string());
            return Err(StoreError::Corrupt { what, at, why: "it is not a regular file".into() });
        }
        match File::open(&path) {
            Ok(file) => return Ok(Box::new(file)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(StoreError::io("read", path.display(), e)),
        }
        match self.packed(&version.blake3)? {
            Some((pack, place)) => {
                Ok(Box::new(MemberReader { pack, at: place.offset, end: place.offset + place.size }))
            }
            None => Err(StoreError::Missing { what: path.display().to_string() }),
        }
    }

    fn describe(&self, content: &Blake3Hash) -> String {
        let path = self.file(content);
        match self.packed(content) {
            Ok(Some((pack, _))) if !path.exists() => format!("{content} in {}", pack.path.display()),
            _ => path.display().to_string(),
        }
    }

    fn holds(&self, content: &Blake3Hash, size: u64) -> bool {
        let packs = self.packs(false);
        packs.is_ok_and(|packs| holds(self, &packs, content, size))
    }

    fn inventory(&self) -> Result<Inventory, StoreError> {
        sweep::inventory(self)
    }

    fn sweep(&self) -> Result<Box<dyn Sweep + '_>, StoreError> {
        sweep::begin(self)
    }
}

/// Whether a content of this size is stored. A file of another length is damaged, and counts for nothing.
pub(super) fn holds(store: &LocalStore, packs: &[Arc<Pack>], content: &Blake3Hash, size: u64) -> bool {
    match find(packs, content) {
        Some((_, place)) if place.size == size => true,
        _ => store.loose(content) == Some(size),
    }
}
