//! Writers that find the journal locked leave their entries here; whoever holds the lock commits all that
//! waits as one frame, with one `fdatasync`.
//!
//! ```text
//! queue/<random>.waiting   a batch, whole (written under another name, then renamed)
//! queue/<random>.taken     the same while a holder of the lock commits it; gone when it is durable
//! ```
//! Only a holder of the lock takes, puts back or removes. So a `.taken` that the next holder finds was left by
//! one that died: it waits again. Not synced: a waiter that is gone after a power cut has been told nothing.

use crate::durable;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::tile;
use crate::ports::StoreError;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

pub struct Queue {
    dir: PathBuf,
}

/// A batch that waits.
pub struct Ticket {
    waiting: PathBuf,
    taken: PathBuf,
}

/// A batch that a holder of the lock has taken.
pub struct Taken {
    pub entries: Vec<SealedEntry>,
    waiting: PathBuf,
    taken: PathBuf,
}

impl Queue {
    pub fn new(ledger: &Path) -> Self {
        Queue { dir: ledger.join("queue") }
    }

    pub fn put(&self, batch: &Batch) -> Result<Ticket, StoreError> {
        let failed = |e| StoreError::io("write", self.dir.display(), e);
        if let Err(e) = fs::create_dir(&self.dir)
            && e.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(failed(e));
        }
        let mut bytes = Vec::new();
        for entry in batch.entries() {
            tile::push_entry(&mut bytes, entry.bytes()).map_err(|e| failed(io::Error::other(e)))?;
        }
        let name = format!("{:016x}", durable::random_name());
        let (waiting, taken) =
            (self.dir.join(format!("{name}.waiting")), self.dir.join(format!("{name}.taken")));
        durable::replace_derived(&waiting, &bytes)?;
        Ok(Ticket { waiting, taken })
    }

    /// Takes everything that waits. The lock must be held.
    pub fn take(&self) -> Vec<Taken> {
        let Ok(files) = fs::read_dir(&self.dir) else { return Vec::new() };
        let mut out = Vec::new();
        for file in files.flatten() {
            let path = file.path();
            let (waiting, taken) = (path.with_extension("waiting"), path.with_extension("taken"));
            let claimed = match path.extension().and_then(|e| e.to_str()) {
                Some("waiting") => durable::move_derived(&waiting, &taken).is_ok(),
                Some("taken") => true,
                _ => false,
            };
            if !claimed {
                continue;
            }
            match fs::read(&taken).ok().and_then(|bytes| entries(&bytes)) {
                Some(entries) => out.push(Taken { entries, waiting, taken }),
                // No batch that anybody could have been promised.
                None => drop(fs::remove_file(&taken)),
            }
        }
        out
    }
}

fn entries(bytes: &[u8]) -> Option<Vec<SealedEntry>> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let (entry, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        out.push(SealedEntry::parse(entry.to_vec()).ok()?.0);
        rest = tail;
    }
    (rest.is_empty() && !out.is_empty()).then_some(out)
}

impl Ticket {
    /// A holder of the lock has committed it, and it is durable.
    pub fn is_done(&self) -> bool {
        // Taking it is one rename, so both look gone only if it was taken, or put back, between the looks.
        !self.waiting.exists() && !self.taken.exists() && !self.waiting.exists()
    }

    /// Takes it back. False if a holder has it: then its fate is not known yet.
    pub fn withdraw(&self) -> bool {
        fs::remove_file(&self.waiting).is_ok()
    }

    pub fn names(&self, taken: &Taken) -> bool {
        self.taken == taken.taken
    }
}

impl Taken {
    /// It is durable: whoever waits for it sees that now.
    pub fn done(self) {
        let _ = fs::remove_file(&self.taken); // left behind, it is found to be committed by the next holder
    }

    /// It could not be committed: it waits again.
    pub fn put_back(self) {
        let _ = durable::move_derived(&self.taken, &self.waiting); // the next holder takes it either way
    }
}
