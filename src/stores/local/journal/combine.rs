//! What the holder of the lock commits: its own batch, and those of the writers that wait for the lock.

use super::LocalLedger;
use super::read::Tail;
use crate::domain::ids::EntryId;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ports::StoreError;
use crate::ports::commit_store::CommitStore;
use crate::ports::commit_store::Outcome;
use crate::stores::local::bell::Bell;
use crate::stores::local::queue::Queue;
use crate::stores::local::queue::Seen;
use crate::stores::local::queue::Taken;
use crate::stores::local::queue::Ticket;
use std::collections::HashSet;
use std::fs::File;
use std::time::Instant;

/// The entries of one frame, while it is put together.
#[derive(Default)]
struct Combined {
    entries: Vec<SealedEntry>,
    ids: HashSet<EntryId>,
}

impl LocalLedger {
    /// The lock was free: one batch at `start`, and with it all that waits.
    pub(super) fn commit_at(&self, lock: &File, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let file = self.open_journal(true)?;
        let tail = self.tail(&file)?;
        if tail.tree.size() != start {
            return Ok(Outcome::Lost);
        }
        let taken = Queue::new(&self.dir).take(lock, None);
        if taken.is_some() {
            return self.combine(lock, &file, &tail, (start, batch), taken);
        }
        // Nobody waits, and the caller has looked at everything up to this head.
        if !self.write_frame(&file, &tail, batch)? {
            return Ok(Outcome::Unknown);
        }
        self.note_frame(&tail, batch);
        Ok(Outcome::Won { start })
    }

    /// The lock was taken: commits a batch by whoever gets it, this process or the one that holds it now.
    pub(super) fn commit_queued(
        &self,
        lock: &File,
        start: u64,
        batch: &Batch,
    ) -> Result<Outcome, StoreError> {
        let (queue, bell) = (Queue::new(&self.dir), Bell::new(&self.dir));
        let mut ticket = queue.put(start, batch);
        let begun = Instant::now();
        loop {
            // Before the look, so that no ring is missed.
            let ear = bell.listen();
            match ticket.as_mut().map(Ticket::look) {
                Some(Ok(Seen::Answer(outcome))) => return Ok(outcome),
                // By a holder of the lock that failed, or that cleaned up.
                Some(Ok(Seen::Orphan)) => ticket = queue.put(start, batch),
                _ => {}
            }
            match self.try_lock(lock) {
                Ok(true) => break,
                Ok(false) if begun.elapsed() < self.patience => ear.wait(),
                failed => {
                    let back = ticket.is_none_or(Ticket::withdraw);
                    let why = failed.err().unwrap_or_else(|| self.locked());
                    return if back { Err(why) } else { Ok(Outcome::Unknown) };
                }
            }
        }
        let result = self.commit_at_last(lock, &queue, ticket, (start, batch));
        self.unlock(lock);
        result
    }

    /// The lock was taken, and is ours now.
    fn commit_at_last(
        &self,
        lock: &File,
        queue: &Queue,
        mut ticket: Option<Ticket>,
        own: (u64, &Batch),
    ) -> Result<Outcome, StoreError> {
        // Between the last look and the lock.
        if let Some(Ok(Seen::Answer(outcome))) = ticket.as_mut().map(Ticket::look) {
            return Ok(outcome);
        }
        let result = self.open_journal(true).and_then(|file| {
            let tail = self.tail(&file)?;
            let taken = queue.take(lock, ticket.as_ref());
            self.combine(lock, &file, &tail, own, taken)
        });
        if result.is_err() {
            queue.remove(); // or somebody else commits what failed here
        }
        result
    }

    /// One frame of the own batch and all that was taken. Each is committed whole or not at all.
    fn combine(
        &self,
        lock: &File,
        file: &File,
        tail: &Tail,
        (looked, own): (u64, &Batch),
        taken: Option<Taken>,
    ) -> Result<Outcome, StoreError> {
        let queue = Queue::new(&self.dir);
        let mut all = Combined::default();
        // The own batch first: it begins at the head.
        let outcome = self.add(&mut all, tail, looked, own.entries())?;
        let mut answers = Vec::new();
        for waiting in taken.iter().flat_map(|t| &t.waiting) {
            answers.push((waiting.ticket, self.add(&mut all, tail, waiting.looked, &waiting.entries)?));
        }
        let batch = Batch::new(all.entries);
        let written = batch.as_ref().map_or(Ok(true), |batch| self.write_frame(file, tail, batch));
        if !matches!(written, Ok(true)) {
            queue.remove();
            return written.map(|_| Outcome::Unknown);
        }
        if let Some(taken) = taken {
            queue.answer(lock, taken, &answers);
        }
        if let Some(batch) = batch {
            self.note_frame(tail, &batch);
        }
        Ok(outcome)
    }

    /// What will have become of a batch once the frame is durable. Its writer looked for its ids among the first
    /// `looked` entries.
    fn add(
        &self,
        all: &mut Combined,
        tail: &Tail,
        looked: u64,
        entries: &[SealedEntry],
    ) -> Result<Outcome, StoreError> {
        let only_last = (tail.before.size()..=tail.tree.size()).contains(&looked);
        for entry in entries {
            let there = match only_last {
                true => tail.last.contains(entry.id()),
                false => self.find(entry.id())?.is_some(),
            };
            if there {
                // Perhaps for this very writer, by a holder that died before it could say so.
                return Ok(Outcome::Unknown);
            }
            if all.ids.contains(entry.id()) {
                // The same fact, by two at once: the second one looks again, and finds it.
                return Ok(Outcome::Lost);
            }
        }
        let start = tail.tree.size() + all.entries.len() as u64;
        all.ids.extend(entries.iter().map(SealedEntry::id));
        all.entries.extend_from_slice(entries);
        Ok(Outcome::Won { start })
    }
}
