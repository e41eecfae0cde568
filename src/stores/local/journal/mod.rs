//! The embedded ledger: one framed journal file.
//!
//! ```text
//! journal        header and frames (format: `ledger/frame.rs`); the truth
//! journal.lock   taken to write; names its holder
//! head           offset of the last frame; a hint, checked, never trusted
//! signed         largest size and root ever signed
//! checkpoint     the signed note over it; derived
//! lookup.*       where each entry stands; derived (`lookup.rs`)
//! bell           wakes them (`bell.rs`)
//! waiting        batches of writers that wait for the lock (`queue.rs`)
//! place          machine and file of the last write, so that a copy does not go on unnoticed
//! moved          the log goes on elsewhere, and this is a mirror of it or nothing any more (`moved.rs`)
//! torn-<n>       a last frame that was cut off by a crash, set aside
//! ```
//! An append is: lock, look at the end, write one frame, one `fdatasync` (here the entries become true),
//! hint, unlock. Only then is a checkpoint signed.

mod append;
mod combine;
mod moved;
mod read;
mod signed;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod waiting_tests;

use read::read_up_to;

use crate::domain::ids::EntryId;
use crate::durable;
use crate::ledger::FormatError;
use crate::ledger::batch::Batch;
use crate::ledger::frame::Header;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::commit_store::CommitStore;
use crate::ports::commit_store::Outcome;
use crate::ports::log_reader::LogReader;
use crate::ports::log_reader::StoredEntry;
use crate::stores::local::lookup::Covered;
use crate::stores::local::lookup::Lookup;
use crate::stores::local::place;
use crate::stores::local::queue::Queue;
use std::fs;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

pub struct LocalLedger {
    dir: PathBuf,
    header: Header,
    first_frame: u64,
    /// How long it waits for other writers.
    patience: Duration,
    /// It can be made again from elsewhere: a copy of it is as good.
    mirror: bool,
}

/// How long a writer waits for another one.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

impl LocalLedger {
    pub fn with_patience(self, patience: Duration) -> Self {
        LocalLedger { patience, ..self }
    }

    /// Of a log whose truth lies elsewhere.
    pub fn as_mirror(self) -> Self {
        LocalLedger { mirror: true, ..self }
    }

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
        let first_frame = length as u64;
        Ok(Some(LocalLedger {
            dir: dir.to_owned(),
            header,
            first_frame,
            patience: LOCK_TIMEOUT,
            mirror: false,
        }))
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
}

impl LogReader for LocalLedger {
    fn header(&self) -> &Header {
        &self.header
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        let file = self.open_journal(false)?;
        Ok(self.tail(&file)?.tree)
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

    fn tree_at(&self, size: u64) -> Result<Option<Frontier>, StoreError> {
        let head = self.head()?;
        if size >= head.size() {
            return Ok((size == head.size()).then_some(head));
        }
        match self.frame_before(size).map(|at| self.tree_from(Some(at), size)) {
            Some(Ok(Some(tree))) => Ok(Some(tree)),
            // The lookup led astray.
            _ => self.tree_from(None, size),
        }
    }

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

    fn unfinished(&self) -> Result<u64, StoreError> {
        let file = self.open_journal(false)?;
        Ok(self.tail(&file)?.torn)
    }
}

impl CommitStore for LocalLedger {
    fn try_commit(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let lock = self.lock_file()?;
        if !self.try_lock(&lock)? {
            return self.commit_queued(&lock, start, batch);
        }
        let outcome = self.commit_at(&lock, start, batch);
        self.unlock(&lock);
        outcome
    }

    fn forget_waiting(&self) -> Result<(), StoreError> {
        let lock = self.lock()?;
        // Who still lives puts its batch there again, or gets the lock.
        Queue::new(&self.dir).remove();
        self.unlock(&lock);
        Ok(())
    }

    fn commit_alone(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let lock = self.lock()?;
        let file = self.open_journal(true)?;
        let tail = self.tail(&file)?;
        let outcome = match () {
            () if tail.tree.size() != start => Ok(Outcome::Lost),
            () => match self.write_frame(&file, &tail, batch) {
                Ok(true) => {
                    self.note_frame(&tail, batch);
                    Ok(Outcome::Won { start })
                }
                written => written.map(|_| Outcome::Unknown),
            },
        };
        self.unlock(&lock);
        outcome
    }

    fn note_moved(&self) -> Result<(), StoreError> {
        moved::note(&self.dir)
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
}
