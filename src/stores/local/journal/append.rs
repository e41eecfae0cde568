//! Appending: the lock, one frame, one `fdatasync`.

use super::LocalLedger;
use super::read::Tail;
use crate::durable;
use crate::ledger::batch::Batch;
use crate::ledger::frame;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::stores::local::bell::Bell;
use crate::stores::local::bell::Ear;
use crate::stores::local::lookup::Lookup;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::time::Instant;

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
        let mut ear = None;
        while !self.try_lock(&file)? {
            if begun.elapsed() >= self.patience {
                return Err(self.locked());
            }
            // Looks once more after it began to listen.
            if let Some(ear) = ear.replace(Bell::new(&self.dir).listen()) {
                Ear::wait(ear);
            }
        }
        Ok(file)
    }

    pub(super) fn locked(&self) -> StoreError {
        let text = fs::read(self.dir.join("journal.lock")).unwrap_or_default();
        let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
        let holder = String::from_utf8_lossy(line);
        StoreError::Locked {
            what: self.journal_file().display().to_string(),
            holder: holder.trim().to_owned(),
        }
    }

    /// One frame, one `fdatasync`. False: nobody knows whether it is on the disk.
    pub(super) fn write_frame(&self, file: &File, tail: &Tail, batch: &Batch) -> Result<bool, StoreError> {
        self.check_moved(tail)?;
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
        Ok(true)
    }

    /// What is derived from a frame that was just written: it only saves work.
    pub(super) fn note_frame(&self, tail: &Tail, batch: &Batch) {
        let _ = durable::write_derived(&self.dir.join("head"), tail.end.to_string().as_bytes());
        self.cover(tail.end, &tail.tree, batch, tail.end + frame::length(&tail.tree, batch) as u64);
    }

    /// Lets the next one in.
    pub(super) fn unlock(&self, file: &File) {
        let _ = file.unlock(); // it goes with the file in any case
        Bell::new(&self.dir).ring();
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
