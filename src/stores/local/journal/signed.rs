//! Checkpoints: nothing is ever signed that does not continue what was signed before.

use super::LocalLedger;
use super::read::Tail;
use crate::durable;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::Note;
use crate::ports::StoreError;
use crate::ports::commit_store::CheckpointStore;
use crate::ports::log_reader::LogReader;
use crate::ports::signer::CheckpointSigner;
use crate::stores::local::place;
use serde::Deserialize;
use serde::Serialize;
use std::fs::File;
use std::os::unix::fs::MetadataExt;

#[derive(Serialize, Deserialize)]
pub(super) struct Signed {
    pub(super) size: u64,
    root: String,
    /// Of the journal, as in `place`: the usual case then needs no second file.
    #[serde(default)]
    inode: u64,
}

impl LocalLedger {
    /// The largest (size, root) ever signed, as far as it is remembered. Neither file is synced, so after a power
    /// cut one of them may be gone: the larger memory counts.
    pub(super) fn signed(&self) -> Option<Signed> {
        let own = durable::read_derived(&self.dir.join("signed"));
        let own = own.and_then(|bytes| serde_json::from_slice::<Signed>(&bytes).ok());
        let published = self.latest().ok().flatten().and_then(|note| {
            let note = Note::parse(&note).ok()?;
            let checkpoint = Checkpoint::parse_text(note.text()).ok()?;
            Some(Signed { size: checkpoint.size, root: checkpoint.root.to_string(), inode: 0 })
        });
        own.into_iter().chain(published).max_by_key(|s| s.size)
    }

    fn check_place(&self) -> Result<(), StoreError> {
        if self.mirror { Ok(()) } else { place::check(&self.dir) }
    }

    /// Refuses to go on where the journal does not continue what was signed. Called with the lock held.
    pub(super) fn check_signed(&self, file: &File, tail: &Tail) -> Result<(), StoreError> {
        let (size, root) = (tail.tree.size(), tail.tree.root());
        // The usual case costs one small read.
        let own = durable::read_derived(&self.dir.join("signed"));
        let own = own.and_then(|bytes| serde_json::from_slice::<Signed>(&bytes).ok());
        let inode = file.metadata().map_err(self.io("read"))?.ino();
        if own.is_some_and(|s| s.size == size && s.root == root.to_string() && s.inode == inode) {
            return Ok(());
        }
        self.check_place()?;
        self.continues(tail, self.signed())
    }

    fn continues(&self, tail: &Tail, signed: Option<Signed>) -> Result<(), StoreError> {
        let Some(signed) = signed else { return Ok(()) };
        let (size, root) = (tail.tree.size(), tail.tree.root());
        let now = match signed.size {
            s if s == size => Some(root),
            s if s == tail.before.size() => Some(tail.before.root()),
            s if s < size => self.tree_from(None, s)?.map(|tree| tree.root()),
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
}

impl LocalLedger {
    /// Keeps a checkpoint that somebody else signed over entries that are here.
    pub fn take_checkpoint(&self, note: &str) -> Result<(), StoreError> {
        let lock = self.lock()?;
        durable::write_plain(&self.dir.join("checkpoint"), note.as_bytes())?;
        self.unlock(&lock);
        Ok(())
    }
}

impl CheckpointStore for LocalLedger {
    fn check(&self) -> Result<(), StoreError> {
        self.check_place()?;
        // In this order: others write meanwhile, and what they have signed by now is in the journal by now.
        let signed = self.signed();
        let file = self.open_journal(false)?;
        let tail = self.tail(&file)?;
        self.check_moved(&tail)?;
        self.continues(&tail, signed)
    }

    fn publish(&self, signer: &dyn CheckpointSigner) -> Result<String, StoreError> {
        let lock = self.lock()?;
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
        self.unlock(&lock);
        Ok(note)
    }
}
