//! What `init` asks of the backends that a project chose.

use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::ledger::frame::Header;
use crate::ports::StoreError;
use crate::ports::commit_store::CheckpointStore;
use crate::ports::commit_store::CommitStore;
use crate::ports::probe::Probe;
use crate::ports::probe::Property;
use crate::ports::probe::Purpose;
use crate::ports::signer::CheckpointSigner;
use crate::ports::signer::EntrySigner;
use std::path::PathBuf;

/// A ledger is both: where entries are committed and where its checkpoints stand.
pub trait Ledger: CommitStore + CheckpointStore {}
impl<T: CommitStore + CheckpointStore> Ledger for T {}

/// Promises:
/// 1. The `create_` calls may be repeated: what is there already is opened, never replaced.
/// 2. What was made is durable when the call returns.
/// 3. The other calls make nothing: a key that is missing is an error, never silently a new key.
pub trait Provision {
    /// The user's writer key for a log: one of its own if it was rotated there, else the one for all.
    fn writer_key(&self, log: LogId) -> Result<Box<dyn EntrySigner>, StoreError>;

    /// Made with mode 0600 if there is none. The flag says whether it is new.
    fn create_writer_key(&self) -> Result<(Box<dyn EntrySigner>, bool), StoreError>;

    /// A new key for one run, and the file that holds its private half.
    fn create_run_key(&self, run: RunId) -> Result<(Box<dyn EntrySigner>, PathBuf), StoreError>;

    /// The key that is about to take the place of the writer key in this log, if there is one.
    fn next_writer_key(&self, log: LogId) -> Result<Option<Box<dyn EntrySigner>>, StoreError>;

    fn create_next_writer_key(&self, log: LogId) -> Result<Box<dyn EntrySigner>, StoreError>;

    /// From now on it is the writer key of this log. The one before it is kept.
    fn use_next_writer_key(&self, log: LogId) -> Result<(), StoreError>;

    /// A log that goes on under another id keeps the writer key that it has.
    fn inherit_writer_key(&self, from: LogId, to: LogId) -> Result<(), StoreError>;

    /// The log's key. Its verifier's name is the origin.
    fn log_key(&self, log: LogId, origin: &str) -> Result<Box<dyn CheckpointSigner>, StoreError>;

    fn create_log_key(&self, log: LogId, origin: &str) -> Result<Box<dyn CheckpointSigner>, StoreError>;

    /// The log that this clone already has.
    fn existing_ledger(&self) -> Result<Option<Box<dyn Ledger>>, StoreError>;

    fn create_ledger(&self, header: &Header) -> Result<Box<dyn Ledger>, StoreError>;

    /// An empty ledger beside the clone's own one; whatever an earlier attempt left is removed.
    fn prepare_successor(&self, header: &Header) -> Result<Box<dyn Ledger>, StoreError>;

    /// Puts the successor in the place of the clone's ledger, atomically. The old one is kept: where is returned.
    fn replace_by_successor(&self, old: LogId) -> Result<String, StoreError>;

    fn create_store(&self) -> Result<(), StoreError>;

    /// Where on this machine things lie that only this clone or its user has.
    fn own_files(&self, log: Option<LogId>) -> OwnFiles;
}

/// Places; whether something lies there is another question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnFiles {
    pub writer_key: PathBuf,
    /// `None`: no log is meant.
    pub log_key: Option<PathBuf>,
    /// A directory.
    pub store: PathBuf,
}

/// A place elsewhere that all clones share. Promises:
/// 1. But for `probe`, nothing is sent there before the user of this clone has agreed to where it is now.
pub trait Remote {
    fn is_agreed(&self) -> bool;

    /// The user agreed.
    fn agree(&self) -> Result<(), StoreError>;

    fn purpose(&self) -> Purpose;

    /// Asks the place whether it keeps these, in this order; changes nothing that stays. If it does not answer, the first
    /// finding says so and there may be no others. The caller's user named the place, or agreed to it.
    fn probe(&self, properties: &[Property]) -> Result<Vec<Probe>, StoreError>;
}

/// A ledger that all clones share.
pub trait Shared: Provision + Remote {}
impl<T: Provision + Remote> Shared for T {}
