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
use crate::durable::Staging;
use crate::ports::StoreError;
use crate::ports::object_store::Fill;
use crate::ports::object_store::Inventory;
use crate::ports::object_store::Kept;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::PutBatch;
use crate::ports::object_store::Spot;
use crate::ports::object_store::Sweep;
use crate::ports::object_store::Told;
use crate::stores::local::pack::PackIndex;
use crate::stores::local::pack::PackWriter;
use crate::stores::local::pack::Place;
use crate::stores::local::sweep;
use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;

/// Files up to this size (bytes) go into packs: an inode of its own would cost more than the copy.
const PACKED: u64 = 512 << 10;
/// Fewer contents than this are no pack: each gets a file of its own.
const SMALLEST_PACK: usize = 64;
/// A pack that is longer (bytes) is ended, and the next one begun.
const LARGEST_PACK: u64 = 1 << 30;
/// Larger files (bytes) are given to this store one by one: one core reads and hashes while the other writes.
const HUGE: u64 = 64 << 20;
/// Large files are read, hashed and written in pieces of this size (bytes).
const PIECE: usize = 4 << 20;
const SHARDS: usize = 64;

pub struct LocalStore {
    pub(super) dir: PathBuf,
    link: Link,
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
    fn is_sound(&self, content: &Blake3Hash, size: u64) -> bool {
        let Ok(mut reader) = self.open(&located(*content, size)) else { return false };
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&mut reader).is_ok() && Blake3Hash::from(hasher.finalize()) == *content
    }
}

fn find(packs: &[Arc<Pack>], content: &Blake3Hash) -> Option<(Arc<Pack>, Place)> {
    packs.iter().find_map(|pack| Some((pack.clone(), pack.index.find(content)?)))
}

fn located(content: Blake3Hash, size: u64) -> Located {
    let version_id = VersionId::of_content(&content);
    Located { blake3: content, size, version_id, bucket: None, key: None, checksum: None }
}

impl ObjectStore for LocalStore {
    fn scheme(&self) -> &'static str {
        "local"
    }

    fn batch(&self, repair: bool) -> Result<Box<dyn PutBatch + '_>, StoreError> {
        let staging = Staging::begin(&self.dir.join("staging"))?;
        // Before the first look at what is stored: it stays from here on.
        let lock = durable::hold_shared(&self.lock_path())?;
        Ok(Box::new(LocalBatch {
            store: self,
            repair,
            staging,
            lock,
            packs: self.packs(true)?,
            fresh: (0..SHARDS).map(|_| Mutex::default()).collect(),
            writers: Mutex::default(),
            moves: Mutex::default(),
        }))
    }

    fn locate(&self, content: &Blake3Hash) -> Result<Option<Located>, StoreError> {
        Ok(self.find(content)?.map(|(located, _)| located))
    }

    /// Volume 0 are the files of their own; then the packs, in the order in which they are known.
    fn find(&self, content: &Blake3Hash) -> Result<Option<(Located, Spot)>, StoreError> {
        let path = self.file(content);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => {
                return Ok(Some((located(*content, meta.len()), Spot { volume: 0, offset: meta.ino() })));
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
        Ok(Some((located(*content, place.size), spot)))
    }

    fn open_at(&self, version: &Located, spot: Spot) -> Result<Box<dyn Read + Send>, StoreError> {
        let packs = self.packs(false)?;
        let pack = spot.volume.checked_sub(1).and_then(|n| packs.get(usize::try_from(n).ok()?));
        // The packs may be others by now; then it is looked for again.
        let same = pack.filter(|p| p.index.find(&version.blake3).is_some_and(|f| f.offset == spot.offset));
        match same {
            Some(pack) => {
                let end = spot.offset + version.size;
                Ok(Box::new(MemberReader { pack: pack.clone(), at: spot.offset, end }))
            }
            None => self.open(version),
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

    fn describe(&self, version: &Located) -> String {
        let path = self.file(&version.blake3);
        match self.packed(&version.blake3) {
            Ok(Some((pack, _))) if !path.exists() => {
                format!("{} in {}", version.blake3, pack.path.display())
            }
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
fn holds(store: &LocalStore, packs: &[Arc<Pack>], content: &Blake3Hash, size: u64) -> bool {
    match find(packs, content) {
        Some((_, place)) if place.size == size => true,
        _ => store.loose(content) == Some(size),
    }
}

struct LocalBatch<'a> {
    store: &'a LocalStore,
    /// Whether stored bytes are read again before they count.
    repair: bool,
    staging: Staging,
    /// Held together with other batches.
    lock: File,
    packs: Packs,
    /// What this batch has taken already, by the first bits of the hash.
    fresh: Vec<Mutex<HashSet<Blake3Hash>>>,
    /// Packs that are written to; each is used by one thread at a time.
    writers: Mutex<Vec<(PackWriter, Option<PathBuf>)>>,
    moves: Mutex<Vec<(PathBuf, PathBuf)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LocalBatch<'_> {
    /// Whether a content must be stored by this call: it is neither there nor in this batch.
    fn is_new(&self, content: &Blake3Hash, size: u64) -> bool {
        let there = holds(self.store, &self.packs, content, size);
        if there && (!self.repair || self.store.is_sound(content, size)) {
            return false;
        }
        lock(&self.fresh[usize::from(content.0[0]) % SHARDS]).insert(*content)
    }

    fn keep(&self, temp: PathBuf, place: PathBuf) {
        lock(&self.moves).push((temp, place));
    }

    fn put_loose(&self, content: &Blake3Hash, bytes: &[u8]) -> Result<(), StoreError> {
        let (temp, mut out) = self.staging.create()?;
        out.write_all(bytes).map_err(|e| StoreError::io("store", content, e))?;
        self.keep(temp, self.store.file(content));
        Ok(())
    }

    fn put_packed(&self, name: &Path, file: &File, length: u64) -> Result<Content, StoreError> {
        let (mut writer, mut temp) = lock(&self.writers).pop().unwrap_or_default();
        let mut failure = None;
        let added = writer.add(
            |buffer| read_whole(file, length, buffer),
            |content, size| self.is_new(content, size),
            || self.create_pack(&mut temp, &mut failure),
        );
        let full = writer.length() >= LARGEST_PACK;
        match full {
            true => self.end_pack(writer, temp)?,
            false => lock(&self.writers).push((writer, temp)),
        }
        match (added, failure) {
            (_, Some(e)) => Err(e),
            (Err(e), None) => Err(StoreError::io("store", name.display(), e)),
            (Ok((blake3, size)), None) => Ok(Content { blake3, size }),
        }
    }

    fn create_pack(&self, temp: &mut Option<PathBuf>, failure: &mut Option<StoreError>) -> io::Result<File> {
        match self.staging.create() {
            Ok((path, file)) => {
                *temp = Some(path);
                Ok(file)
            }
            Err(e) => {
                *failure = Some(e.into());
                Err(io::Error::other("no file for a pack"))
            }
        }
    }

    /// Ends a pack; what is too little for one becomes files.
    fn end_pack(&self, writer: PackWriter, mut temp: Option<PathBuf>) -> Result<(), StoreError> {
        if let Some(contents) = writer.in_memory().filter(|_| writer.members().len() < SMALLEST_PACK) {
            return contents.into_iter().try_for_each(|(content, bytes)| self.put_loose(content, bytes));
        }
        let mut failure = None;
        let index = writer.finish(|| self.create_pack(&mut temp, &mut failure));
        if let Some(e) = failure {
            return Err(e);
        }
        let dir = self.store.pack_dir();
        let index = index.map_err(|e| StoreError::io("store", dir.display(), e))?;
        let name = Blake3Hash::of(&index).to_string()[..16].to_owned();
        let (idx, mut out) = self.staging.create()?;
        out.write_all(&index).map_err(|e| StoreError::io("store", dir.display(), e))?;
        self.keep(idx, dir.join(format!("{name}.idx")));
        if let Some(temp) = temp {
            self.keep(temp, dir.join(format!("{name}.tar")));
        }
        Ok(())
    }

    /// A staged file that shares the bytes of this one, if the settings and the file system allow it.
    fn share(&self, name: &Path, file: &File) -> Result<Option<(PathBuf, File)>, StoreError> {
        let refused = |why: String| StoreError::Unsupported { what: name.display().to_string(), why };
        match self.store.link {
            Link::Copy => Ok(None),
            Link::Auto | Link::Reflink => {
                let (temp, out) = self.staging.create()?;
                match rustix::fs::ioctl_ficlone(&out, file) {
                    Ok(()) => Ok(Some((temp, out))),
                    Err(e) if self.store.link == Link::Reflink => {
                        let why = format!(
                            "its blocks cannot be shared with the store ({e}); [store] link says reflink"
                        );
                        Err(refused(why))
                    }
                    Err(_) => {
                        let _ = fs::remove_file(temp); // the batch's directory goes anyway
                        Ok(None)
                    }
                }
            }
            Link::Hardlink => {
                let temp = self.staging.link(name).map_err(|e| {
                    refused(format!(
                        "it cannot be linked into the store ({}); [store] link says hardlink",
                        e.source
                    ))
                })?;
                let out = File::open(&temp).map_err(|e| StoreError::io("open", temp.display(), e))?;
                let inode = |file: &File| file.metadata().map(|m| (m.dev(), m.ino()));
                match (inode(&out), inode(file)) {
                    (Ok(one), Ok(other)) if one == other => Ok(Some((temp, out))),
                    // Another file has its name by now; the caller will notice.
                    _ => Ok(None),
                }
            }
        }
    }

    /// Reads, hashes and writes in one pass.
    fn put_large(&self, name: &Path, file: &File, told: &Told<'_>) -> Result<Content, StoreError> {
        if let Some((temp, shared)) = self.share(name, file)? {
            return self.hash_shared(temp, &shared, told);
        }
        let (temp, mut out) = self.staging.create()?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = Vec::new();
        loop {
            read_piece(file, &mut piece, PIECE / 4).map_err(|e| StoreError::io("read", name.display(), e))?;
            if piece.is_empty() {
                break;
            }
            hasher.update(&piece);
            out.write_all(&piece).map_err(|e| StoreError::io("store", name.display(), e))?;
            told(piece.len() as u64);
        }
        let (blake3, size) = (Blake3Hash::from(hasher.finalize()), hasher.count());
        Ok(self.keep_if_new(temp, Content { blake3, size }))
    }

    /// As [`LocalBatch::put_large`]: while one piece is written, the next is read and hashed.
    fn put_huge(&self, name: &Path, file: &File, told: &Told<'_>) -> Result<Content, StoreError> {
        let read = |e| StoreError::io("read", name.display(), e);
        if let Some((temp, shared)) = self.share(name, file)? {
            return self.hash_shared(temp, &shared, told);
        }
        let (temp, out) = self.staging.create()?;
        let mut hasher = blake3::Hasher::new();
        let (mut piece, mut next) = (Vec::new(), Vec::new());
        let mut at = 0u64;
        read_piece(file, &mut piece, PIECE).map_err(read)?;
        hasher.update(&piece);
        while !piece.is_empty() {
            let (written, gone_on) = rayon::join(
                || out.write_all_at(&piece, at),
                || {
                    read_piece(file, &mut next, PIECE)?;
                    hasher.update(&next);
                    io::Result::Ok(())
                },
            );
            written.map_err(|e| StoreError::io("store", name.display(), e))?;
            gone_on.map_err(read)?;
            at += piece.len() as u64;
            told(piece.len() as u64);
            std::mem::swap(&mut piece, &mut next);
        }
        Ok(self.keep_if_new(temp, Content { blake3: Blake3Hash::from(hasher.finalize()), size: at }))
    }

    /// What is hashed is what is stored.
    fn hash_shared(&self, temp: PathBuf, shared: &File, told: &Told<'_>) -> Result<Content, StoreError> {
        let (mut hasher, mut piece) = (blake3::Hasher::new(), Vec::new());
        loop {
            read_piece(shared, &mut piece, PIECE).map_err(|e| StoreError::io("read", temp.display(), e))?;
            if piece.is_empty() {
                let (blake3, size) = (Blake3Hash::from(hasher.finalize()), hasher.count());
                return Ok(self.keep_if_new(temp, Content { blake3, size }));
            }
            hasher.update(&piece);
            told(piece.len() as u64);
        }
    }

    fn keep_if_new(&self, temp: PathBuf, content: Content) -> Content {
        match self.is_new(&content.blake3, content.size) {
            true => self.keep(temp, self.store.file(&content.blake3)),
            false => drop(fs::remove_file(temp)), // the batch's directory goes anyway
        }
        content
    }
}

/// Reads a file that is `length` bytes long, as far as anybody knows, to its end.
fn read_whole(file: &File, length: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    // One byte more than expected: a shorter answer is then the end, without asking again.
    let begin = buffer.len();
    buffer.reserve(length as usize + 1);
    loop {
        match rustix::io::read(file, rustix::buffer::spare_capacity(buffer)) {
            Ok(0) => return Ok(()),
            Ok(_) if (buffer.len() - begin) as u64 == length && buffer.len() < buffer.capacity() => {
                return Ok(());
            }
            Ok(_) => buffer.reserve(1),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// The next piece of a file; empty at its end.
fn read_piece(file: &File, piece: &mut Vec<u8>, size: usize) -> io::Result<()> {
    piece.clear();
    piece.reserve_exact(size);
    io::Read::take(file, size as u64).read_to_end(piece).map(|_| ())
}

/// Hashes what is written.
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

impl PutBatch for LocalBatch<'_> {
    fn put_file(&self, name: &Path, file: &mut File, told: &Told<'_>) -> Result<Content, StoreError> {
        let length = file.metadata().map_err(|e| StoreError::io("read", name.display(), e))?.len();
        match length <= PACKED {
            // A damaged member of a pack is mended by a file of its own, which comes first.
            true if self.repair => {
                let mut bytes = Vec::new();
                let read = read_whole(file, length, &mut bytes);
                read.map_err(|e| StoreError::io("read", name.display(), e))?;
                told(bytes.len() as u64);
                self.put_bytes(&bytes)
            }
            true => {
                let content = self.put_packed(name, file, length)?;
                told(content.size);
                Ok(content)
            }
            false if length > HUGE => self.put_huge(name, file, told),
            false => self.put_large(name, file, told),
        }
    }

    fn links(&self) -> bool {
        self.store.link == Link::Hardlink
    }

    fn put_bytes(&self, bytes: &[u8]) -> Result<Content, StoreError> {
        let content = Content { blake3: Blake3Hash::of(bytes), size: bytes.len() as u64 };
        if self.is_new(&content.blake3, content.size) {
            self.put_loose(&content.blake3, bytes)?;
        }
        Ok(content)
    }

    fn put_stream(&self, fill: &mut Fill<'_>) -> Result<Content, StoreError> {
        let (temp, out) = self.staging.create()?;
        let mut tee = Tee { out, hasher: blake3::Hasher::new() };
        fill(&mut tee).map_err(|e| StoreError::io("store", temp.display(), e))?;
        let size = tee.hasher.count();
        Ok(self.keep_if_new(temp, Content { blake3: Blake3Hash::from(tee.hasher.finalize()), size }))
    }

    fn version_of(&self, content: &Content) -> Located {
        located(content.blake3, content.size)
    }

    fn commit(self: Box<Self>) -> Result<Kept, StoreError> {
        let writers = std::mem::take(&mut *lock(&self.writers));
        writers.into_iter().try_for_each(|(writer, temp)| self.end_pack(writer, temp))?;
        let this = *self;
        let moves = this.moves.into_inner().unwrap_or_else(PoisonError::into_inner);
        if moves.iter().any(|(_, place)| place.extension().is_some()) {
            durable::create_dir_all(&this.store.pack_dir())?;
        }
        this.staging.commit(&moves)?;
        Ok(Kept::by(Some(this.lock)))
    }
}
