//! What one clone knows of a chain: a journal like that of an embedded ledger, filled from the bucket, and checked.
//! It can be read without a network, and be made again from the bucket.

use super::chain::Replica;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::EntryId;
use crate::durable;
use crate::ledger::batch;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::chain;
use crate::ledger::chain::Position;
use crate::ledger::frame::Header;
use crate::ledger::writers::Writers;
use crate::ports::StoreError;
use crate::ports::commit_store::CommitStore;
use crate::ports::commit_store::Outcome;
use crate::ports::log_reader::LogReader;
use crate::stores::local::journal::LocalLedger;
use serde::Deserialize;
use serde::Serialize;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Entries about writers, so that not all others are read again to know who may write. Derived.
#[derive(Default, Serialize, Deserialize)]
struct Admissions {
    /// Entries that it covers, and the root over them (base64).
    size: u64,
    root: String,
    /// Indices of those that change who may write, or where the log goes on.
    indices: Vec<u64>,
}

/// Whether an entry is one of those.
fn counts(body: &Body) -> bool {
    body.writer.is_some() || body.kind == Kind::LedgerMoved
}

pub struct Mirror<'j> {
    journal: &'j LocalLedger,
    place: PathBuf,
    position: Position,
    /// Which place this is a mirror of, if that matters.
    here: Option<Blake3Hash>,
    admissions: Admissions,
    /// Judged, and not in the journal yet.
    fresh: Vec<SealedEntry>,
    indices: HashMap<EntryId, u64>,
}

impl<'j> Mirror<'j> {
    pub fn open(journal: &'j LocalLedger) -> Result<Self, StoreError> {
        let place = journal.journal_file().with_file_name("admissions");
        let position = Position::beginning(journal.header().clone());
        let admissions = Admissions::default();
        let mut mirror = Mirror {
            journal,
            place,
            position,
            here: None,
            admissions,
            fresh: Vec::new(),
            indices: HashMap::new(),
        };
        mirror.load()?;
        Ok(mirror)
    }

    pub fn at(self, here: Option<Blake3Hash>) -> Self {
        Mirror { here, ..self }
    }

    /// Begins with what the journal has.
    fn load(&mut self) -> Result<(), StoreError> {
        let head = self.journal.head()?;
        let known = durable::read_derived(&self.place);
        let known = known.and_then(|bytes| serde_json::from_slice::<Admissions>(&bytes).ok());
        let fits = |known: &Admissions| {
            let tree = self.journal.tree_at(known.size).ok().flatten();
            tree.is_some_and(|tree| tree.root().to_string() == known.root)
        };
        let mut admissions = known.filter(fits).unwrap_or_default();
        let mut rights = (Writers::default(), None);
        for index in admissions.indices.clone() {
            self.follow(&mut rights, index, Some(1), &mut Vec::new())?;
        }
        self.follow(&mut rights, admissions.size, None, &mut admissions.indices)?;
        (admissions.size, admissions.root) = (head.size(), head.root().to_string());
        self.admissions = admissions;
        self.position.tree = head;
        (self.position.writers, self.position.moved) = rights;
        Ok(())
    }

    /// Takes note of what entries say about writers and the log's place, from `from` on; `found`: the indices of those that
    /// do.
    fn follow(
        &self,
        (writers, moved): &mut (Writers, Option<Blake3Hash>),
        from: u64,
        count: Option<u64>,
        found: &mut Vec<u64>,
    ) -> Result<(), StoreError> {
        let Header { project, log, .. } = self.position.header;
        self.journal.read(from, &mut |stored| {
            if count.is_some_and(|count| stored.index >= from + count) {
                return ControlFlow::Break(());
            }
            if let Ok((envelope, body)) = batch::open(stored.bytes)
                && counts(&body)
            {
                writers.follow(stored.index, &project, &envelope, &body);
                *moved = chain::moved_to(log, stored.index, &body, writers).or(*moved);
                found.push(stored.index);
            }
            ControlFlow::Continue(())
        })
    }

    fn damaged(&self, why: &str) -> StoreError {
        let what = self.journal.journal_file().display().to_string();
        StoreError::Corrupt { what, at: "its end".to_owned(), why: why.to_owned() }
    }
}

impl Replica for Mirror<'_> {
    fn position(&self) -> &Position {
        &self.position
    }

    fn known_from(&self) -> u64 {
        0
    }

    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        match self.indices.get(id) {
            Some(index) => Ok(Some(*index)),
            // What another process of this clone took over meanwhile is not part of this position yet.
            None => Ok(self.journal.find(id)?.filter(|index| *index < self.position.tree.size())),
        }
    }

    fn append(&mut self, batch: &Batch, after: Position) -> Result<(), StoreError> {
        let start = self.position.tree.size();
        self.position = after;
        for (entry, index) in batch.entries().iter().zip(start..) {
            if batch::open(entry.bytes()).is_ok_and(|(_, body)| counts(&body)) {
                self.admissions.indices.push(index);
            }
            self.indices.insert(*entry.id(), index);
            self.fresh.push(entry.clone());
        }
        Ok(())
    }

    fn stays(&self) -> Result<(), StoreError> {
        match (self.position.moved, self.here) {
            (Some(there), Some(here)) if there != here => {
                Err(StoreError::Moved { what: "the bucket that the settings name".to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// One frame for all that came: it need not be cut as the chain is.
    fn settle(&mut self) -> Result<(), StoreError> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let size = self.position.tree.size();
        let mut fresh = std::mem::take(&mut self.fresh);
        loop {
            let head = self.journal.head()?.size();
            // Another process of this clone was here: it took the same from the bucket.
            let there = (head + fresh.len() as u64).saturating_sub(size);
            fresh.drain(..usize::try_from(there).unwrap_or(usize::MAX).min(fresh.len()));
            let Some(batch) = Batch::new(fresh.clone()) else { break };
            match self.journal.try_commit(head, &batch)? {
                Outcome::Won { .. } => break,
                Outcome::Lost => {}
                Outcome::Unknown => return Err(self.damaged("what was written there is not known")),
            }
        }
        let tree = self.journal.tree_at(size)?;
        if tree.is_none_or(|tree| tree.root() != self.position.tree.root()) {
            return Err(self.damaged("another process took something else from the bucket"));
        }
        self.indices.clear();
        (self.admissions.size, self.admissions.root) = (size, self.position.tree.root().to_string());
        let json = serde_json::to_vec(&self.admissions).unwrap_or_default();
        Ok(durable::write_derived(&self.place, &json)?)
    }
}
