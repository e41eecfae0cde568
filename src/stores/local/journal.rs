//! The embedded ledger: one framed journal file.
//!
//! ```text
//! journal        header and frames (format: `ledger/frame.rs`); the truth
//! journal.lock   taken to write; names its holder
//! head           offset of the last frame; a hint, checked, never trusted
//! signed         largest size and root ever signed
//! checkpoint     the signed note over it; derived
//! lookup.*       where each entry stands; derived (`lookup.rs`)
//! queue/         entries of writers that wait for the lock (`queue.rs`)
//! place          machine and file of the last write, so that a copy does not go on unnoticed
//! torn-<n>       a last frame that was cut off by a crash, set aside
//! ```
//! An append is: lock, look at the end, write one frame, one `fdatasync` (here the entries become true),
//! hint, unlock. Only then is a checkpoint signed.

use crate::domain::ids::EntryId;
use crate::durable;
use crate::ledger::FormatError;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::frame;
use crate::ledger::frame::Frame;
use crate::ledger::frame::Header;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::note::Note;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::commit_store::CheckpointStore;
use crate::ports::commit_store::CommitStore;
use crate::ports::commit_store::Outcome;
use crate::ports::commit_store::StoredEntry;
use crate::ports::signer::CheckpointSigner;
use crate::stores::local::lookup::Covered;
use crate::stores::local::lookup::Lookup;
use crate::stores::local::place;
use crate::stores::local::queue::Queue;
use crate::stores::local::queue::Taken;
use crate::stores::local::queue::Ticket;
use serde::Deserialize;
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

/// How long a writer waits for another one.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a waiting writer looks again.
const POLL: Duration = Duration::from_micros(200);
/// The lookup is synced each time its size passes a multiple of this.
const SYNC_EVERY: u64 = 4096;

pub struct LocalLedger {
    dir: PathBuf,
    header: Header,
    first_frame: u64,
}

/// What the end of the journal looks like.
struct Tail {
    /// Tree over all whole frames.
    tree: Frontier,
    /// Tree before the last frame: the usual size of the last checkpoint.
    before: Frontier,
    /// Where the next frame goes.
    end: u64,
    /// Bytes after `end` that are no whole frame.
    torn: u64,
}

/// What stands at an offset of the journal.
enum Next {
    /// A whole frame.
    Frame(Vec<u8>),
    End,
    /// That many bytes of a frame that was never finished.
    Torn(u64),
}

#[derive(Serialize, Deserialize)]
struct Signed {
    size: u64,
    root: String,
    /// Of the journal, as in `place`: the usual case then needs no second file.
    #[serde(default)]
    inode: u64,
}

impl LocalLedger {
    /// `None` if there is no journal in `dir`.
    pub fn open(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join("journal");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("open", path.display(), e)),
        };
        let mut bytes = vec![0; 1024];
        let mut have =
            read_up_to(&file, 0, &mut bytes).map_err(|e| StoreError::io("read", path.display(), e))?;
        let damaged = |e: FormatError| {
            if e.why.contains("not known to this version") {
                return StoreError::Unsupported { what: path.display().to_string(), why: e.why };
            }
            StoreError::Corrupt {
                what: path.display().to_string(),
                at: "offset 0".into(),
                why: e.to_string(),
            }
        };
        let length = Header::length(&bytes[..have]).map_err(damaged)?;
        if length > bytes.len() {
            bytes.resize(length, 0);
            have = read_up_to(&file, 0, &mut bytes).map_err(|e| StoreError::io("read", path.display(), e))?;
        }
        let header = Header::decode(&bytes[..have.min(length)]).map_err(damaged)?;
        Ok(Some(LocalLedger { dir: dir.to_owned(), header, first_frame: length as u64 }))
    }

    /// Makes an empty journal. If another process was first, its journal is the one that is opened.
    pub fn create(dir: &Path, header: &Header) -> Result<Self, StoreError> {
        durable::create_dir_all(dir)?;
        place::refuse_network(dir)?;
        let bytes =
            header.encode().map_err(|e| StoreError::io("create", dir.display(), io::Error::other(e)))?;
        durable::create_new(&dir.join("journal"), &bytes, 0o644)?;
        let opened = Self::open(dir)?;
        opened.ok_or_else(|| StoreError::Missing { what: dir.join("journal").display().to_string() })
    }

    pub fn journal_file(&self) -> PathBuf {
        self.dir.join("journal")
    }

    fn io(&self, op: &'static str) -> impl Fn(io::Error) -> StoreError {
        let path = self.journal_file();
        move |e| StoreError::io(op, path.display(), e)
    }

    fn corrupt(&self, offset: u64, why: impl ToString) -> StoreError {
        StoreError::Corrupt {
            what: self.journal_file().display().to_string(),
            at: format!("offset {offset}"),
            why: why.to_string(),
        }
    }

    fn lock_file(&self) -> Result<File, StoreError> {
        let path = self.dir.join("journal.lock");
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        opened.map_err(|e| StoreError::io("open", path.display(), e))
    }

    /// Whether the lock is free, and now ours. It is freed when the file is dropped.
    fn try_lock(&self, file: &File) -> Result<bool, StoreError> {
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(false),
            Err(fs::TryLockError::Error(e)) => {
                return Err(StoreError::io("lock", self.dir.join("journal.lock").display(), e));
            }
        }
        let name = rustix::system::uname();
        let words = std::env::args_os().skip(1).take(2).map(|w| w.to_string_lossy().into_owned());
        let command = words.collect::<Vec<_>>().join(" ");
        let host = name.nodename().to_string_lossy();
        let holder = format!("pid {} on {host} (mlprov {command})", std::process::id());
        // Only for people who wait: a failure to write it does not matter. Padded, because cutting the file
        // would cost more than the append itself.
        let _ = file.write_all_at(format!("{holder:<159}\n").as_bytes(), 0);
        Ok(true)
    }

    fn lock(&self) -> Result<File, StoreError> {
        let (file, begun) = (self.lock_file()?, Instant::now());
        while !self.try_lock(&file)? {
            if begun.elapsed() >= LOCK_TIMEOUT {
                return Err(self.locked());
            }
            std::thread::sleep(POLL);
        }
        Ok(file)
    }

    fn locked(&self) -> StoreError {
        let holder = fs::read_to_string(self.dir.join("journal.lock")).unwrap_or_default();
        StoreError::Locked {
            what: self.journal_file().display().to_string(),
            holder: holder.trim().to_owned(),
        }
    }

    /// Commits a batch by whoever gets the lock: this process, or the one that holds it now.
    fn commit_queued(&self, lock: &File, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let ticket = Queue::new(&self.dir).put(batch)?;
        let begun = Instant::now();
        loop {
            if ticket.is_done() {
                // Durable, at a place that the log itself tells.
                let first = batch.entries()[0].id();
                return Ok(self.find(first)?.map_or(Outcome::Unknown, |start| Outcome::Won { start }));
            }
            if self.try_lock(lock)? {
                return self.commit_locked(start, batch, Some(&ticket));
            }
            if begun.elapsed() >= LOCK_TIMEOUT {
                return if ticket.withdraw() { Err(self.locked()) } else { Ok(Outcome::Unknown) };
            }
            std::thread::sleep(POLL);
        }
    }

    /// Writes one frame: the batch, and all that waits. `ticket`: where the batch itself waits, if it does.
    fn commit_locked(
        &self,
        start: u64,
        batch: &Batch,
        ticket: Option<&Ticket>,
    ) -> Result<Outcome, StoreError> {
        let file = self.open_journal(true)?;
        let tail = self.tail(&file)?;
        let taken = Queue::new(&self.dir).take();
        let put_back = |taken: Vec<Taken>| taken.into_iter().for_each(Taken::put_back);
        let own_waits = ticket.is_some_and(|t| taken.iter().any(|other| t.names(other)));
        if ticket.is_some() && !own_waits {
            // Committed between the last look and the lock.
            put_back(taken);
            let first = batch.entries()[0].id();
            return Ok(self.find(first)?.map_or(Outcome::Unknown, |start| Outcome::Won { start }));
        }
        if ticket.is_none() && tail.tree.size() != start {
            put_back(taken);
            return Ok(Outcome::Lost);
        }
        if ticket.is_none() && taken.is_empty() {
            // Nobody waits, and the caller has looked at everything up to this head.
            let written = self.write_frame(&file, &tail, batch)?;
            return Ok(if written { Outcome::Won { start } } else { Outcome::Unknown });
        }
        // The own batch first: it begins at the head.
        let mut entries: Vec<SealedEntry> = Vec::new();
        let mut ids: HashSet<EntryId> = HashSet::new();
        let lookup = Lookup::open(&self.dir).filter(|l| l.covered().end == tail.end);
        let own = batch.entries().iter().cloned();
        let others = taken.iter().filter(|t| !ticket.is_some_and(|own| own.names(t)));
        for entry in own.chain(others.flat_map(|t| t.entries.iter().cloned())) {
            // Others looked for their ids before they waited; somebody may have recorded the same since.
            let fresh = match &lookup {
                // A hit is looked at again in the journal; a miss needs no more.
                Some(lookup) if lookup.find(entry.id()).is_ok_and(|hit| hit.is_none()) => true,
                _ => self.find(entry.id())?.is_none(),
            };
            if fresh && !ids.contains(entry.id()) {
                ids.insert(*entry.id());
                entries.push(entry);
            }
        }
        let own_fresh = batch.entries().iter().all(|e| ids.contains(e.id()));
        let written = match Batch::new(entries) {
            Some(all) => self.write_frame(&file, &tail, &all),
            None => Ok(true),
        };
        match written {
            Ok(true) => {
                taken.into_iter().for_each(Taken::done);
                let start = tail.tree.size();
                // The same fact, recorded while this one waited: the caller looks again, and finds it.
                Ok(if own_fresh { Outcome::Won { start } } else { Outcome::Lost })
            }
            Ok(false) => {
                put_back(taken);
                Ok(Outcome::Unknown)
            }
            Err(e) => {
                put_back(taken);
                ticket.map(Ticket::withdraw);
                Err(e)
            }
        }
    }

    /// One frame, one `fdatasync`. False: nobody knows whether it is on the disk.
    fn write_frame(&self, file: &File, tail: &Tail, batch: &Batch) -> Result<bool, StoreError> {
        self.check_signed(file, tail)?;
        if tail.torn > 0 {
            self.set_aside(file, tail)?;
        }
        let bytes = frame::encode(&tail.tree, batch);
        if let Err(e) = durable::append(&self.journal_file(), file, tail.end, &bytes) {
            // A full disk leaves half a frame. Take it back; if even that fails, it is a torn tail, which
            // the next writer sets aside. After a failed sync nobody knows what is on the disk.
            if durable::truncate(&self.journal_file(), file, tail.end).is_err() && e.op == "sync" {
                return Ok(false);
            }
            return Err(e.into());
        }
        // From here on the batch is true. The hint only saves work.
        let _ = durable::write_derived(&self.dir.join("head"), tail.end.to_string().as_bytes());
        self.cover(tail.end, &tail.tree, batch, tail.end + bytes.len() as u64);
        Ok(true)
    }

    /// The whole bytes of the frame at `offset`, checked; or why there is none.
    fn frame_bytes(
        &self,
        file: &File,
        offset: u64,
    ) -> Result<Result<Option<Vec<u8>>, FormatError>, StoreError> {
        let mut head = [0u8; frame::FRAME_HEAD];
        let got = read_up_to(file, offset, &mut head).map_err(self.io("read"))?;
        if got == 0 {
            let length = file.metadata().map_err(self.io("read"))?.len();
            let beyond = FormatError::new("journal frame", "it would lie beyond the end of the file");
            return Ok(if offset > length { Err(beyond) } else { Ok(None) });
        }
        let body = match frame::body_length(&head[..got]) {
            Ok(body) => body,
            Err(e) => return Ok(Err(e)),
        };
        let mut bytes = vec![0; frame::FRAME_HEAD + body];
        let got = read_up_to(file, offset, &mut bytes).map_err(self.io("read"))?;
        bytes.truncate(got);
        Ok(frame::decode(&bytes).map(|_| ()).map(|()| Some(bytes)))
    }

    /// The frame at `offset`, before which the log holds `size` entries.
    fn next_frame(&self, file: &File, offset: u64, size: u64) -> Result<Next, StoreError> {
        let why = match self.frame_bytes(file, offset)? {
            Ok(Some(bytes)) => return Ok(Next::Frame(bytes)),
            Ok(None) => return Ok(Next::End),
            Err(why) => why,
        };
        // A writer may be at work on it. What was signed by now was whole before: so look again after that.
        let signed = self.signed().map_or(0, |s| s.size);
        match self.frame_bytes(file, offset)? {
            Ok(Some(bytes)) => return Ok(Next::Frame(bytes)),
            Ok(None) => return Ok(Next::End),
            Err(_) => {}
        }
        if signed > size {
            return Err(self.corrupt(offset, format!("{why}, and a signed checkpoint covers it")));
        }
        let length = file.metadata().map_err(self.io("read"))?.len();
        let mut rest = vec![0; length.saturating_sub(offset) as usize];
        let got = read_up_to(file, offset, &mut rest).map_err(self.io("read"))?;
        rest.truncate(got);
        for at in 1..rest.len() {
            if rest[at..].starts_with(frame::FRAME_MAGIC) {
                let end = frame::body_length(&rest[at..]).ok().map(|n| at + frame::FRAME_HEAD + n);
                if end.and_then(|end| rest.get(at..end)).is_some_and(|whole| frame::decode(whole).is_ok()) {
                    return Err(self.corrupt(offset, why));
                }
            }
        }
        // No whole frame follows, and nothing that was signed covers it.
        Ok(Next::Torn(got as u64))
    }

    fn open_journal(&self, write: bool) -> Result<File, StoreError> {
        OpenOptions::new().read(true).write(write).open(self.journal_file()).map_err(self.io("open"))
    }

    /// Where the last whole frame begins, by the hint if it holds, else by walking all frames.
    fn tail(&self, file: &File) -> Result<Tail, StoreError> {
        let length = file.metadata().map_err(self.io("read"))?.len();
        if length < self.first_frame {
            return Err(self.corrupt(length, "the file is shorter than its header"));
        }
        if let Some(tail) = self.tail_by_hint(file)? {
            return Ok(tail);
        }
        let empty = Frontier::default();
        self.walk(file, Tail { tree: empty.clone(), before: empty, end: self.first_frame, torn: 0 })
    }

    fn tail_by_hint(&self, file: &File) -> Result<Option<Tail>, StoreError> {
        let hint = durable::read_derived(&self.dir.join("head")).unwrap_or_default();
        let Ok(offset) = String::from_utf8_lossy(&hint).parse::<u64>() else { return Ok(None) };
        if offset < self.first_frame {
            return Ok(None);
        }
        let Ok(Some(bytes)) = self.frame_bytes(file, offset)? else { return Ok(None) };
        let Ok(frame) = frame::decode(&bytes) else { return Ok(None) };
        let end = offset + bytes.len() as u64;
        let tail = Tail { tree: frame.after(), before: frame.before, end, torn: 0 };
        // The hint is written after the frame: there may be frames that it does not know yet.
        self.walk(file, tail).map(Some)
    }

    fn walk(&self, file: &File, mut tail: Tail) -> Result<Tail, StoreError> {
        loop {
            let bytes = match self.next_frame(file, tail.end, tail.tree.size())? {
                Next::Frame(bytes) => bytes,
                Next::End => return Ok(tail),
                Next::Torn(torn) => return Ok(Tail { torn, ..tail }),
            };
            let frame = frame::decode(&bytes).map_err(|e| self.corrupt(tail.end, e))?;
            if frame.before != tail.tree {
                return Err(self.corrupt(tail.end, "a frame does not continue the tree before it"));
            }
            tail.end += bytes.len() as u64;
            tail.tree = frame.after();
            tail.before = frame.before;
        }
    }

    /// Moves a torn tail out of the way. Called with the lock held.
    fn set_aside(&self, file: &File, tail: &Tail) -> Result<(), StoreError> {
        let mut bytes = vec![0; tail.torn as usize];
        file.read_exact_at(&mut bytes, tail.end).map_err(self.io("read"))?;
        let mut n = 0;
        while !durable::create_new(&self.dir.join(format!("torn-{}-{n}", tail.end)), &bytes, 0o644)? {
            n += 1;
        }
        Ok(durable::truncate(&self.journal_file(), file, tail.end)?)
    }

    /// The largest (size, root) ever signed, as far as it is remembered. Neither file is synced, so after a power
    /// cut one of them may be gone: the larger memory counts.
    fn signed(&self) -> Option<Signed> {
        let own = durable::read_derived(&self.dir.join("signed"));
        let own = own.and_then(|bytes| serde_json::from_slice::<Signed>(&bytes).ok());
        let published = self.latest().ok().flatten().and_then(|note| {
            let note = Note::parse(&note).ok()?;
            let checkpoint = Checkpoint::parse_text(note.text()).ok()?;
            Some(Signed { size: checkpoint.size, root: checkpoint.root.to_string(), inode: 0 })
        });
        own.into_iter().chain(published).max_by_key(|s| s.size)
    }

    /// Refuses to go on where the journal does not continue what was signed.
    fn check_signed(&self, file: &File, tail: &Tail) -> Result<(), StoreError> {
        let (size, root) = (tail.tree.size(), tail.tree.root());
        // The usual case costs one small read.
        let own = durable::read_derived(&self.dir.join("signed"));
        let own = own.and_then(|bytes| serde_json::from_slice::<Signed>(&bytes).ok());
        let inode = file.metadata().map_err(self.io("read"))?.ino();
        if own.is_some_and(|s| s.size == size && s.root == root.to_string() && s.inode == inode) {
            return Ok(());
        }
        place::check(&self.dir)?;
        let Some(signed) = self.signed() else { return Ok(()) };
        let now = match signed.size {
            s if s == size => Some(root),
            s if s == tail.before.size() => Some(tail.before.root()),
            s if s < size => self.root_at(s)?,
            _ => None,
        };
        if now.map(|r| r.to_string()).as_ref() == Some(&signed.root) {
            return Ok(());
        }
        let why = format!(
            "a checkpoint of {} entries with root {} was signed before, and the journal of {size} entries does \
             not continue it",
            signed.size, signed.root
        );
        Err(StoreError::Inconsistent { why })
    }

    /// Root over the first `size` entries; reads the journal up to there.
    fn root_at(&self, size: u64) -> Result<Option<TreeHash>, StoreError> {
        let mut tree = Frontier::default();
        self.read(0, &mut |entry| {
            if tree.size() == size {
                return ControlFlow::Break(());
            }
            tree.push(hash::leaf(entry.bytes));
            ControlFlow::Continue(())
        })?;
        Ok((tree.size() == size).then(|| tree.root()))
    }

    /// Frames in order, with their offsets. From the very first on, each must continue the tree before it; one
    /// in the middle of the journal (`from`: its offset and the entries before it) can only be checked
    /// against itself. Returns the bytes of an unfinished frame at the end.
    fn visit_frames(
        &self,
        from: Option<Covered>,
        visit: &mut dyn FnMut(u64, &Frame<'_>) -> ControlFlow<()>,
    ) -> Result<u64, StoreError> {
        let file = self.open_journal(false)?;
        let Covered { mut size, end: mut offset } =
            from.unwrap_or(Covered { size: 0, end: self.first_frame });
        // Hashing all entries costs more than all the rest: only who began at zero needs it.
        let mut tree = from.is_none().then(Frontier::default);
        loop {
            let bytes = match self.next_frame(&file, offset, size)? {
                Next::Frame(bytes) => bytes,
                Next::End => return Ok(0),
                Next::Torn(torn) => return Ok(torn),
            };
            let frame = frame::decode(&bytes).map_err(|e| self.corrupt(offset, e))?;
            let continues = tree.as_ref().map_or(frame.start() == size, |t| *t == frame.before);
            if !continues {
                return Err(self.corrupt(offset, "a frame does not continue the tree before it"));
            }
            tree = tree.map(|_| frame.after());
            let here = offset;
            offset += bytes.len() as u64;
            size = frame.start() + frame.entries.len() as u64;
            if visit(here, &frame).is_break() {
                return Ok(0);
            }
        }
    }

    /// Brings the lookup up to a frame that was just written. It is derived: a failure costs only time.
    fn cover(&self, frame_at: u64, tree: &Frontier, batch: &Batch, end: u64) {
        let _ = (|| -> Result<(), StoreError> {
            let failed = |e| StoreError::io("write", self.dir.join("lookup").display(), e);
            let mut lookup = Lookup::open_or_create(&self.dir).map_err(failed)?;
            let covered = lookup.covered();
            if covered.end != frame_at || covered.size != tree.size() {
                let mut problem = None;
                let from = if covered.size == 0 { self.beginning() } else { covered };
                self.visit_frames(Some(from), &mut |at, frame| {
                    if at >= frame_at {
                        return ControlFlow::Break(());
                    }
                    let length = frame::encoded_length(frame) as u64;
                    let ids = frame.entries.iter().map(|(id, _)| *id);
                    problem = lookup.add(frame.start(), at, ids, at + length).err();
                    if problem.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })?;
                if let Some(e) = problem {
                    return Err(failed(e));
                }
            }
            let ids = batch.entries().iter().map(|e| *e.id());
            lookup.add(tree.size(), frame_at, ids, end).map_err(failed)?;
            if lookup.covered().size / SYNC_EVERY > tree.size() / SYNC_EVERY {
                for file in lookup.files() {
                    durable::sync_file(&self.dir, file)?;
                }
                lookup.mark_synced().map_err(failed)?;
            }
            Ok(())
        })();
    }

    /// No entries, before the first frame: for who need not hash the tree.
    fn beginning(&self) -> Covered {
        Covered { size: 0, end: self.first_frame }
    }

    /// Visits entries from `index` on. `at`: where the lookup says that a frame at or before it is. False, with
    /// nothing visited, if that is not so.
    fn read_from(
        &self,
        at: Option<Covered>,
        index: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<bool, StoreError> {
        let mut first = true;
        let visited = self.visit_frames(at, &mut |_, frame| {
            first = false;
            for (i, (id, bytes)) in frame.entries.iter().enumerate() {
                let here = frame.start() + i as u64;
                if here >= index && visit(StoredEntry { index: here, id: *id, bytes }).is_break() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        match visited {
            Err(_) if first && at.is_some() => Ok(false),
            Err(e) => Err(e),
            Ok(_) => Ok(true),
        }
    }

    /// Whether entry `index` is this one, by the journal itself.
    fn holds(&self, index: u64, id: &EntryId) -> bool {
        let mut same = false;
        let read = self.read(index, &mut |entry| {
            same = entry.index == index && entry.id == *id;
            ControlFlow::Break(())
        });
        read.is_ok() && same
    }

    /// A frame from which on entry `index` will be met; `None`: the lookup does not know.
    fn frame_before(&self, index: u64) -> Option<Covered> {
        let lookup = Lookup::open(&self.dir).filter(|_| index > 0)?;
        match lookup.frame_of(index) {
            Ok(Some((size, end))) => Some(Covered { size, end }),
            _ => Some(lookup.covered()).filter(|c| c.size > 0 && c.size <= index),
        }
    }
}

impl CommitStore for LocalLedger {
    fn header(&self) -> &Header {
        &self.header
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        let file = self.open_journal(false)?;
        Ok(self.tail(&file)?.tree)
    }

    fn try_commit(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let lock = self.lock_file()?;
        match self.try_lock(&lock)? {
            true => self.commit_locked(start, batch, None),
            false => self.commit_queued(&lock, start, batch),
        }
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if let Some(at) = self.frame_before(from)
            && self.read_from(Some(at), from, visit)?
        {
            return Ok(());
        }
        self.read_from(None, from, visit).map(|_| ())
    }

    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        let lookup = Lookup::open(&self.dir);
        let hit = lookup.as_ref().and_then(|l| l.find(id).ok().flatten());
        if let Some(index) = hit
            && self.holds(index, id)
        {
            return Ok(Some(index));
        }
        // What was committed since; nothing, as a rule. A lookup that led astray, or that knows more than
        // there is, is not asked again.
        let length = fs::metadata(self.journal_file()).map_err(self.io("read"))?.len();
        let known = lookup.filter(|_| hit.is_none()).map(|l| l.covered());
        let rest = known.filter(|c| c.size > 0 && c.end <= length);
        let scan = |from: Covered| {
            let mut found = None;
            let visited = self.visit_frames(Some(from), &mut |_, frame| {
                found = frame.entries.iter().position(|(i, _)| i == id).map(|at| frame.start() + at as u64);
                if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            visited.map(|_| found)
        };
        match rest.map(scan) {
            Some(Ok(found)) => Ok(found),
            _ => scan(self.beginning()),
        }
    }

    fn confirm(&self) -> Result<(), StoreError> {
        Ok(durable::sync_file(&self.journal_file(), &self.open_journal(true)?)?)
    }

    fn unfinished(&self) -> Result<u64, StoreError> {
        let file = self.open_journal(false)?;
        Ok(self.tail(&file)?.torn)
    }
}

impl CheckpointStore for LocalLedger {
    fn latest(&self) -> Result<Option<String>, StoreError> {
        let path = self.dir.join("checkpoint");
        match durable::read_stable(&path) {
            // Made and never written, by a process that was killed.
            Ok(note) if note.is_empty() => Ok(None),
            // Damaged: an empty note, which no key has signed.
            Ok(note) => Ok(Some(String::from_utf8(note).unwrap_or_default())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io("read", path.display(), e)),
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        place::check(&self.dir)?;
        let file = self.open_journal(false)?;
        self.check_signed(&file, &self.tail(&file)?)
    }

    fn publish(&self, signer: &dyn CheckpointSigner) -> Result<String, StoreError> {
        let _lock = self.lock()?;
        let file = self.open_journal(false)?;
        let tail = self.tail(&file)?;
        let (size, root) = (tail.tree.size(), tail.tree.root());
        self.check_signed(&file, &tail)?;
        let checkpoint = Checkpoint { origin: self.header.origin.clone(), size, root };
        let text = checkpoint.to_text();
        let signature = signer.sign(text.as_bytes())?;
        let note = format!("{text}\n{}", signer.verifier().signature_line(&signature));
        let inode = file.metadata().map_err(self.io("read"))?.ino();
        let signed = serde_json::json!({ "size": size, "root": root.to_string(), "inode": inode });
        durable::write_derived(&self.dir.join("signed"), signed.to_string().as_bytes())?;
        durable::write_plain(&self.dir.join("checkpoint"), note.as_bytes())?;
        Ok(note)
    }
}

fn read_up_to(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while have < bytes.len() {
        match file.read_at(&mut bytes[have..], offset + have as u64) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(have)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::Kind;
    use crate::domain::ids::LogId;
    use crate::domain::ids::ProjectId;
    use crate::ledger::envelope;
    use crate::ledger::envelope::Envelope;
    use crate::ports::signer::EntrySigner;
    use crate::stores::local::keys::LogKeyFile;
    use crate::stores::local::keys::WriterKeyFile;

    struct Fixture {
        dir: tempfile::TempDir,
        ledger: LocalLedger,
        key: WriterKeyFile,
        project: ProjectId,
    }

    fn fixture() -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let project = ProjectId::draw();
        let ledger =
            LocalLedger::create(&dir.path().join("l"), &Header::new(project, LogId::draw())).unwrap();
        let (key, _) = WriterKeyFile::open_or_create(&dir.path().join("w.pem")).unwrap();
        Fixture { dir, ledger, key, project }
    }

    impl Fixture {
        fn entry(&self, micros: i64) -> SealedEntry {
            let time = crate::domain::time::Timestamp::from_unix_micros(micros);
            let id = EntryId::derive(&self.project, "annotation", time.as_str(), &self.key.public().id());
            let body = serde_json::json!({
                "project": self.project, "kind": Kind::Annotation, "id": id, "time": time,
                "producer": {"name": "t", "version": "0"}, "actor": {"writer": self.key.public().id()},
            });
            let body: crate::domain::entry::Body = serde_json::from_value(body).unwrap();
            let payload = body.to_payload().unwrap();
            let signature = self.key.sign(&envelope::pae(&payload)).unwrap();
            let bytes = Envelope { payload, key_id: self.key.public().id(), signature }.to_bytes();
            SealedEntry::parse(bytes).unwrap().0
        }

        fn append(&self, range: std::ops::Range<i64>) {
            let start = self.ledger.head().unwrap().size();
            let batch = Batch::new(range.map(|n| self.entry(n)).collect()).unwrap();
            assert_eq!(self.ledger.try_commit(start, &batch).unwrap(), Outcome::Won { start });
        }

        fn indices_from(&self, from: u64) -> Vec<u64> {
            let mut out = Vec::new();
            let mut visit = |e: StoredEntry<'_>| {
                out.push(e.index);
                ControlFlow::Continue(())
            };
            self.ledger.read(from, &mut visit).unwrap();
            out
        }

        fn file(&self, name: &str) -> PathBuf {
            self.dir.path().join("l").join(name)
        }
    }

    #[test]
    fn the_lookup_is_only_ever_a_shortcut() {
        let f = fixture();
        for n in 0..20 {
            f.append(n * 3..n * 3 + 3);
        }
        let check = || {
            assert_eq!(f.indices_from(31), (31..60).collect::<Vec<_>>());
            for n in [0, 1, 30, 59] {
                assert_eq!(f.ledger.find(f.entry(n).id()).unwrap(), Some(n as u64));
            }
            assert_eq!(f.ledger.find(f.entry(99).id()).unwrap(), None);
        };
        check();
        // Offsets that point into the middle of frames, and beyond the end.
        let offsets: Vec<u8> = (0..60u64).flat_map(|n| (n * 1001).to_le_bytes()).collect();
        fs::write(f.file("lookup.offsets"), offsets).unwrap();
        check();
        // Ids that lead to other entries.
        let mut ids = fs::read(f.file("lookup.ids")).unwrap();
        for slot in ids[4096..].chunks_exact_mut(24) {
            if slot[16] != 0 {
                slot[16] = slot[16] % 60 + 1;
            }
        }
        fs::write(f.file("lookup.ids"), ids).unwrap();
        check();
        // None at all; the next append makes it again.
        for name in ["lookup.ids", "lookup.offsets", "head"] {
            fs::remove_file(f.file(name)).unwrap();
        }
        check();
        f.append(60..61);
        assert_eq!(Lookup::open(&f.file("")).unwrap().covered().size, 61);
        assert_eq!(f.ledger.find(f.entry(60).id()).unwrap(), Some(60));
    }

    #[test]
    fn a_torn_tail_is_set_aside_and_a_bad_frame_before_it_is_not() {
        let f = fixture();
        f.append(0..2);
        let one = fs::metadata(f.file("journal")).unwrap().len();
        f.append(2..4);
        let whole = fs::read(f.file("journal")).unwrap();
        for cut in one + 1..whole.len() as u64 {
            fs::write(f.file("journal"), &whole[..cut as usize]).unwrap();
            assert_eq!(f.ledger.head().unwrap().size(), 2, "cut at {cut}");
        }
        f.append(2..4);
        assert_eq!(fs::read(f.file("journal")).unwrap(), whole);
        let aside = fs::read_dir(f.file("")).unwrap().flatten();
        assert_eq!(aside.filter(|e| e.file_name().to_string_lossy().starts_with("torn-")).count(), 1);
        // Damage in the first frame, with a whole one behind it.
        let mut bad = whole.clone();
        bad[one as usize - 5] ^= 1;
        fs::write(f.file("journal"), &bad).unwrap();
        fs::remove_file(f.file("head")).unwrap();
        assert!(matches!(f.ledger.head(), Err(StoreError::Corrupt { .. })));
        let batch = Batch::new(vec![f.entry(9)]).unwrap();
        assert!(matches!(f.ledger.try_commit(4, &batch), Err(StoreError::Corrupt { .. })));
        assert_eq!(fs::read(f.file("journal")).unwrap(), bad, "damage is never touched");
    }

    #[test]
    fn nothing_is_signed_that_contradicts_what_was_signed() {
        let f = fixture();
        let log_key = LogKeyFile::open_or_create(&f.file("k.pem"), &f.ledger.header().origin).unwrap();
        f.append(0..3);
        let before = fs::read(f.file("journal")).unwrap();
        f.append(3..5);
        let note = f.ledger.publish(&log_key).unwrap();
        assert_eq!(Checkpoint::open(&note, log_key.verifier()).unwrap().size, 5);
        assert_eq!(f.ledger.publish(&log_key).unwrap(), note, "again: the same note");
        // An older journal, restored: a torn tail would not be below what was signed.
        fs::write(f.file("journal"), &before).unwrap();
        fs::remove_file(f.file("head")).unwrap();
        assert!(matches!(f.ledger.publish(&log_key), Err(StoreError::Inconsistent { .. })));
        // Nor does such a journal grow into another history.
        let batch = Batch::new(vec![f.entry(100), f.entry(101)]).unwrap();
        assert!(matches!(f.ledger.try_commit(3, &batch), Err(StoreError::Inconsistent { .. })));
        assert_eq!(fs::read(f.file("journal")).unwrap(), before);
        // Another history of the same length, made behind our back; one of the two memories is enough.
        fs::write(f.file("journal"), frames(&f, &[(0..3), (100..102)])).unwrap();
        for lost in ["signed", "checkpoint"] {
            let kept = fs::read(f.file(lost)).unwrap();
            fs::write(f.file(lost), "").unwrap();
            assert!(matches!(f.ledger.publish(&log_key), Err(StoreError::Inconsistent { .. })));
            assert!(matches!(f.ledger.check(), Err(StoreError::Inconsistent { .. })));
            fs::write(f.file(lost), kept).unwrap();
        }
    }

    fn frames(f: &Fixture, batches: &[std::ops::Range<i64>]) -> Vec<u8> {
        let mut out = f.ledger.header.encode().unwrap();
        let mut tree = Frontier::default();
        for range in batches {
            let batch = Batch::new(range.clone().map(|n| f.entry(n)).collect()).unwrap();
            out.extend(frame::encode(&tree, &batch));
            batch.entries().iter().for_each(|e| tree.push(e.leaf()));
        }
        out
    }
}
