//! The ledger's one moment of truth: numbered, immutable batches of entries.

use crate::domain::ids::EntryId;
use crate::ledger::batch::Batch;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::ports::signer::CheckpointSigner;
use serde::Serialize;

/// What became of an attempt. `Unknown` (a timeout) is never taken for failure: look, then decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Outcome {
    /// Durable and ordered: the first entry of the batch has this index, and the others follow it. It may lie
    /// behind the start that was asked for, if the backend combined it with what other writers committed.
    Won { start: u64 },
    /// Somebody else committed at this start; nothing of the batch is there.
    Lost,
    /// It may or may not have happened.
    Unknown,
}

/// Something that lies where a shared ledger does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Objection {
    /// Name of the object.
    pub what: String,
    pub detail: String,
}

/// What lies where a shared ledger does.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Examined {
    /// Entries that its commits lead to.
    pub size: u64,
    /// Objects that were read.
    pub objects: u64,
    /// The published checkpoint (a signed note); its signature was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// What a sound ledger cannot have: rolled back, forked, deleted, overwritten.
    pub objections: Vec<Objection>,
    /// What counts for nothing, and harms nobody.
    pub remarks: Vec<Objection>,
}

/// Promises:
/// 1. Of two commits with one `start`, at most one begins there; an id that is in the log already is never
///    committed again.
/// 2. After `Won` returns, the whole batch is durable and every later `read` shows it, in order, once.
/// 3. After `Lost`, nothing was stored for this call, unless the log had part of it already. No partial batch is
///    ever visible.
/// 4. `start` below or above the current size is `Lost` (or combined, see [`Outcome::Won`]), not an error.
/// 5. An error means that nothing was committed.
pub trait CommitStore: LogReader {
    fn try_commit(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError>;

    /// As [`CommitStore::try_commit`], but exactly at `start`, and with nothing that others wait for: a batch that says what
    /// stands before it, and ends what may follow.
    fn commit_alone(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        self.try_commit(start, batch)
    }

    /// The object that commits what begins at `start`, where commits are objects: the `nth` (from 0) that lies there.
    /// `None`: there is none.
    fn object_at(&self, start: u64, nth: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let _ = (start, nth);
        Ok(None)
    }

    /// Commits an object of another place, if it is a commit that goes on at the head: so it keeps the signature of
    /// whoever committed it there. [`Outcome::Lost`]: it is not.
    fn take_object(&self, object: &[u8]) -> Result<Outcome, StoreError> {
        let _ = object;
        Ok(Outcome::Lost)
    }

    /// The log goes on elsewhere: from now on what is here is only a copy of it.
    fn note_moved(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Index of the first entry with this id.
    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError>;

    /// Once it returned, nothing is committed any more that a writer who is gone left behind. A backend where
    /// nothing can be left behind has nothing to do.
    fn forget_waiting(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether others commit to it from elsewhere, so that committing takes a network, and reading what is known here does
    /// not.
    fn is_shared(&self) -> bool {
        false
    }

    /// Takes over what others committed since. Returns the entries that are new here.
    fn fetch(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// Reads everything that lies there, and believes nothing that is known here. `versions`: also what was overwritten
    /// or deleted, where that can be told. `None`: it is not shared.
    fn examine(&self, versions: bool) -> Result<Option<Examined>, StoreError> {
        let _ = versions;
        Ok(None)
    }

    /// After `Unknown`: makes what is visible durable, or fails.
    fn confirm(&self) -> Result<(), StoreError>;
}

/// Signed checkpoints of one log. Promises:
/// 1. Nothing is ever signed that is smaller than, or inconsistent with, what was signed before.
/// 2. A checkpoint is published only for entries that are already durable.
/// 3. A published checkpoint is never replaced by a smaller one.
pub trait CheckpointStore: LogReader {
    /// Fails if the log is damaged, or does not continue what was signed.
    fn check(&self) -> Result<(), StoreError>;

    /// Signs the current head and publishes it. Returns the note.
    fn publish(&self, signer: &dyn CheckpointSigner) -> Result<String, StoreError>;
}
