//! Contents on their way into the embedded store: small ones into packs, large ones into files of their own.

use crate::config::Link;
use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::durable;
use crate::durable::Staging;
use crate::ports::StoreError;
use crate::ports::object_store::Fill;
use crate::ports::object_store::Kept;
use crate::ports::object_store::PutBatch;
use crate::ports::object_store::Told;
use crate::stores::local::objects::LocalStore;
use crate::stores::local::objects::Packs;
use crate::stores::local::objects::holds;
use crate::stores::local::objects::located;
use crate::stores::local::pack::PackWriter;
use crate::stores::local::share::Linked;
use crate::stores::local::share::Sealed;
use crate::stores::local::share::State;
use crate::stores::local::share::share;
use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

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

pub(super) struct LocalBatch<'a> {
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
    /// Those of the moves that the work tree has as well.
    linked: Mutex<Vec<Linked>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> LocalBatch<'a> {
    pub(super) fn begin(store: &'a LocalStore, repair: bool) -> Result<Self, StoreError> {
        let staging = Staging::begin(&store.dir.join("staging"))?;
        // Before the first look at what is stored: it stays from here on.
        let lock = durable::hold_shared(&store.lock_path())?;
        Ok(LocalBatch {
            store,
            repair,
            staging,
            lock,
            packs: store.packs(true)?,
            fresh: (0..SHARDS).map(|_| Mutex::default()).collect(),
            writers: Mutex::default(),
            moves: Mutex::default(),
            linked: Mutex::default(),
        })
    }

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

    /// Reads, hashes and writes in one pass.
    fn put_large(&self, name: &Path, file: &File, told: &Told<'_>) -> Result<Content, StoreError> {
        if let Some((temp, shared)) = share(self.store.link, &self.staging, name, file)? {
            return self.hash_shared(name, temp, &shared, told);
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
        let content = Content { blake3: Blake3Hash::from(hasher.finalize()), size: hasher.count() };
        self.keep_if_new(temp, &content);
        Ok(content)
    }

    /// As [`LocalBatch::put_large`]: while one piece is written, the next is read and hashed.
    fn put_huge(&self, name: &Path, file: &File, told: &Told<'_>) -> Result<Content, StoreError> {
        let read = |e| StoreError::io("read", name.display(), e);
        if let Some((temp, shared)) = share(self.store.link, &self.staging, name, file)? {
            return self.hash_shared(name, temp, &shared, told);
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
        let content = Content { blake3: Blake3Hash::from(hasher.finalize()), size: at };
        self.keep_if_new(temp, &content);
        Ok(content)
    }

    /// What is hashed is what is stored.
    fn hash_shared(
        &self,
        name: &Path,
        temp: PathBuf,
        shared: &File,
        told: &Told<'_>,
    ) -> Result<Content, StoreError> {
        let failed = |e| StoreError::io("read", name.display(), e);
        let state = State::of(shared).map_err(failed)?;
        let (mut hasher, mut piece) = (blake3::Hasher::new(), Vec::new());
        loop {
            read_piece(shared, &mut piece, PIECE).map_err(failed)?;
            if piece.is_empty() {
                break;
            }
            hasher.update(&piece);
            told(piece.len() as u64);
        }
        let content = Content { blake3: Blake3Hash::from(hasher.finalize()), size: hasher.count() };
        let linked = self.links().then(|| Linked::new(name, &temp, state));
        if self.keep_if_new(temp, &content) {
            lock(&self.linked).extend(linked);
        }
        Ok(content)
    }

    /// Whether it was.
    fn keep_if_new(&self, temp: PathBuf, content: &Content) -> bool {
        let new = self.is_new(&content.blake3, content.size);
        match new {
            true => self.keep(temp, self.store.file(&content.blake3)),
            false => drop(fs::remove_file(temp)), // the batch's directory goes anyway
        }
        new
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
        let content = Content { blake3: Blake3Hash::from(tee.hasher.finalize()), size: tee.hasher.count() };
        self.keep_if_new(temp, &content);
        Ok(content)
    }

    fn has(&self, content: &Content) -> bool {
        !self.repair && holds(self.store, &self.packs, &content.blake3, content.size)
    }

    fn version_of(&self, content: &Content) -> Result<Located, StoreError> {
        Ok(located(content.blake3, content.size))
    }

    fn commit(self: Box<Self>) -> Result<Kept, StoreError> {
        let writers = std::mem::take(&mut *lock(&self.writers));
        writers.into_iter().try_for_each(|(writer, temp)| self.end_pack(writer, temp))?;
        let this = *self;
        let moves = this.moves.into_inner().unwrap_or_else(PoisonError::into_inner);
        if moves.iter().any(|(_, place)| place.extension().is_some()) {
            durable::create_dir_all(&this.store.pack_dir())?;
        }
        let linked = this.linked.into_inner().unwrap_or_else(PoisonError::into_inner);
        let sealed = Sealed::seal(&linked)?;
        this.staging.commit(&moves)?;
        sealed.keep();
        Ok(Kept::by(Some(this.lock)))
    }
}
