//! Logs, read into memory for questions about them.

use crate::app::Project;
use crate::app::Result;
use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::RunStatus;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::ledger::batch::EntryError;
use crate::ledger::batch::SealedEntry;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::ports::log_reader::StoredEntry;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Where entries stand that wait for a log: after all that it can hold.
const QUEUED_FROM: u64 = 1 << 60;

/// One entry with what could be made of it.
pub struct LogEntry {
    pub log: LogId,
    pub index: u64,
    /// As the journal says; an entry that cannot be read has only this.
    pub id: EntryId,
    pub bytes: Vec<u8>,
    pub read: std::result::Result<Body, EntryError>,
}

impl LogEntry {
    pub fn body(&self) -> Option<&Body> {
        self.read.as_ref().ok()
    }

    /// Its index, once the log has it.
    pub fn logged_at(&self) -> Option<u64> {
        Some(self.index).filter(|index| *index < QUEUED_FROM)
    }

    pub fn is(&self, kind: &Kind) -> bool {
        self.body().is_some_and(|b| b.kind == *kind)
    }

    /// Whether it tells how a run began or ended. What else names a run only repeats that.
    pub fn is_of_run(&self) -> bool {
        self.is(&Kind::RunStarted) || self.is(&Kind::RunFinished)
    }

    /// Whether it binds a model package to a run.
    pub fn binds_package(&self) -> bool {
        self.is(&Kind::RunFinished) || self.is(&Kind::ModelRegistered)
    }

    /// Whether it stands in the same log, after the other.
    pub fn follows(&self, other: &LogEntry) -> bool {
        self.log == other.log && self.index > other.index
    }
}

fn writer_of(entry: &LogEntry) -> Option<KeyId> {
    entry.body().map(|b| b.actor.writer)
}

/// The entry that a run is judged by: the first end in log order that the writer of the start recorded after
/// it. An UNKNOWN end (nobody saw it) gives way to a later one. Without an end: the start.
pub fn subject_of_run<'a>(about: &[&'a LogEntry]) -> Option<&'a LogEntry> {
    let start = about.iter().find(|e| e.is(&Kind::RunStarted));
    let own = |e: &&&LogEntry| {
        e.is(&Kind::RunFinished) && start.is_none_or(|s| e.follows(s) && writer_of(e) == writer_of(s))
    };
    let known = |e: &&&LogEntry| {
        e.body().and_then(|b| b.run.as_ref()).is_some_and(|r| r.status != RunStatus::Unknown)
    };
    let end = about.iter().filter(own).find(known).or_else(|| about.iter().find(own));
    end.or(start).or(about.last()).copied()
}

impl Project {
    /// All entries of this clone's log, oldest first. Signatures are not checked here.
    pub fn entries(&self) -> Result<Vec<LogEntry>> {
        let mut out = Vec::new();
        read(&*self.ledger, &mut out)?;
        Ok(out)
    }

    /// Entries that are signed here and wait for a shared ledger, as if they stood at its end.
    pub fn queued_entries(&self) -> Result<Vec<LogEntry>> {
        let log = self.ledger.log();
        let waiting = self.outbox().entries()?.into_iter().flat_map(|(_, entries)| entries);
        let stored = |(index, entry): (u64, SealedEntry)| {
            LogEntry::of(log, &StoredEntry { index, id: *entry.id(), bytes: entry.bytes() })
        };
        Ok((QUEUED_FROM..).zip(waiting).map(stored).collect())
    }

    /// All entries of all logs, each log in its own order, this clone's first. A log of others counts as far as
    /// it can be read: `verify` and `audit` say where it is damaged.
    pub fn all_entries(&self) -> Result<Vec<LogEntry>> {
        let mut out = self.entries()?;
        for log in self.other_logs()? {
            match read(&log, &mut out) {
                Ok(()) | Err(StoreError::Corrupt { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        once(self.ledger.log(), &mut out);
        Ok(out)
    }
}

/// Leaves out of other logs what this clone's log `own` holds too, byte for byte: it was taken over.
pub fn once(own: LogId, entries: &mut Vec<LogEntry>) {
    let leaf = |entry: &LogEntry| hash::leaf(&entry.bytes);
    if entries.iter().all(|entry| entry.log == own) {
        return;
    }
    let known: HashSet<TreeHash> = entries.iter().filter(|entry| entry.log == own).map(leaf).collect();
    entries.retain(|entry| entry.log == own || !known.contains(&leaf(entry)));
}

fn read(log: &dyn LogReader, out: &mut Vec<LogEntry>) -> std::result::Result<(), StoreError> {
    let id = log.log();
    log.read(0, &mut |stored| {
        out.push(LogEntry::of(id, &stored));
        ControlFlow::Continue(())
    })
}
