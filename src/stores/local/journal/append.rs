//! Appending: the lock, the queue of those who wait for it, one frame, one `fdatasync`.

use super::LocalLedger;
use super::read::Tail;
use crate::domain::ids::EntryId;
use crate::durable;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::frame;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::commit_store::CommitStore;
use crate::ports::commit_store::Outcome;
use crate::stores::local::lookup::Lookup;
use crate::stores::local::queue::Queue;
use crate::stores::local::queue::Taken;
use crate::stores::local::queue::Ticket;
use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::time::Duration;
use std::time::Instant;

/// How long a writer waits for another one.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a waiting writer looks again.
const POLL: Duration = Duration::from_micros(200);

/// The lookup is synced each time its size passes a multiple of this.
const SYNC_EVERY: u64 = 4096;

impl LocalLedger {
    pub(super) fn lock_file(&self) -> Result<File, StoreError> {
        let path = self.dir.join("journal.lock");
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        opened.map_err(|e| StoreError::io("open", path.display(), e))
    }

    /// Whether the lock is free, and now ours. It is freed when the file is dropped.
    pub(super) fn try_lock(&self, file: &File) -> Result<bool, StoreError> {
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

    pub(super) fn lock(&self) -> Result<File, StoreError> {
        let (file, begun) = (self.lock_file()?, Instant::now());
        while !self.try_lock(&file)? {
            if begun.elapsed() >= LOCK_TIMEOUT {
                return Err(self.locked());
            }
            std::thread::sleep(POLL);
        }
        Ok(file)
    }

    pub(super) fn locked(&self) -> StoreError {
        let holder = fs::read_to_string(self.dir.join("journal.lock")).unwrap_or_default();
        StoreError::Locked {
            what: self.journal_file().display().to_string(),
            holder: holder.trim().to_owned(),
        }
    }

    /// Commits a batch by whoever gets the lock: this process, or the one that holds it now.
    pub(super) fn commit_queued(
        &self,
        lock: &File,
        start: u64,
        batch: &Batch,
    ) -> Result<Outcome, StoreError> {
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
    pub(super) fn commit_locked(
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
    pub(super) fn write_frame(&self, file: &File, tail: &Tail, batch: &Batch) -> Result<bool, StoreError> {
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

    /// Moves a torn tail out of the way. Called with the lock held.
    pub(super) fn set_aside(&self, file: &File, tail: &Tail) -> Result<(), StoreError> {
        let mut bytes = vec![0; tail.torn as usize];
        file.read_exact_at(&mut bytes, tail.end).map_err(self.io("read"))?;
        let mut n = 0;
        while !durable::create_new(&self.dir.join(format!("torn-{}-{n}", tail.end)), &bytes, 0o644)? {
            n += 1;
        }
        Ok(durable::truncate(&self.journal_file(), file, tail.end)?)
    }

    /// Brings the lookup up to a frame that was just written. It is derived: a failure costs only time.
    pub(super) fn cover(&self, frame_at: u64, tree: &Frontier, batch: &Batch, end: u64) {
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
}
