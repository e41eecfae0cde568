//! A ledger in a bucket, with a mirror in the clone: read here, committed there.

use super::bucket::Bucket;
use super::chain::Chain;
use super::chain::Replica;
use super::examine::Examiner;
use super::mirror::Mirror;
use super::publish::Publisher;
use super::publish::size_of;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::EntryId;
use crate::durable;
use crate::ledger::batch::Batch;
use crate::ledger::frame::Header;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::commit_store::CheckpointStore;
use crate::ports::commit_store::CommitStore;
use crate::ports::commit_store::Examined;
use crate::ports::commit_store::Outcome;
use crate::ports::log_reader::LogReader;
use crate::ports::log_reader::StoredEntry;
use crate::ports::signer::CheckpointSigner;
use crate::ports::signer::EntrySigner;
use crate::stores::local::journal::LocalLedger;
use std::cell::Cell;
use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Connects when it is needed: reading the mirror needs no network.
pub type Connect = dyn Fn() -> Result<Box<dyn Bucket>, StoreError>;
/// The key that signs what this clone commits.
pub type Signer = dyn Fn() -> Result<Box<dyn EntrySigner>, StoreError>;

pub struct S3Ledger {
    mirror: LocalLedger,
    prefix: String,
    connect: Box<Connect>,
    bucket: OnceCell<Box<dyn Bucket>>,
    signer: Box<Signer>,
    /// Which place it is, as a log says that goes on there; `None`: nobody asks.
    place: Option<Blake3Hash>,
    /// The log is on its way here: whatever lies here, its checkpoint may be the first.
    arriving: bool,
    /// Nobody has looked since this process began.
    behind: Cell<bool>,
}

impl S3Ledger {
    /// `prefix`: of all keys of the ledger, with its last `/`. `mirror`: a journal with the log's own header.
    pub fn new(mirror: LocalLedger, prefix: &str, connect: Box<Connect>, signer: Box<Signer>) -> Self {
        S3Ledger {
            mirror,
            prefix: prefix.to_owned(),
            connect,
            bucket: OnceCell::new(),
            signer,
            place: None,
            arriving: false,
            behind: Cell::new(true),
        }
    }

    /// Nothing is committed here if the log says that it goes on elsewhere. `place`: as people write it.
    pub fn at(self, place: &str) -> Self {
        let place = Blake3Hash::of_place(&self.header().project, place);
        S3Ledger { place: Some(place), ..self }
    }

    pub fn arriving(self) -> Self {
        S3Ledger { arriving: true, ..self }
    }

    fn bucket(&self) -> Result<&dyn Bucket, StoreError> {
        if self.bucket.get().is_none() {
            let _ = self.bucket.set((self.connect)()?); // nobody else sets it
        }
        let connected = self.bucket.get().map(|bucket| &**bucket);
        connected.ok_or_else(|| StoreError::Missing { what: "the connection".to_owned() })
    }

    fn chain<'c>(&'c self, bucket: &'c dyn Bucket) -> Chain<'c> {
        Chain { bucket, prefix: &self.prefix, behind: self.behind.replace(false) }
    }

    fn checkpoint_key(&self) -> String {
        format!("{}checkpoint", self.prefix)
    }

    fn memory(&self) -> PathBuf {
        self.mirror.journal_file().with_file_name("seen")
    }

    /// Entries under the largest published checkpoint that this clone has seen.
    fn seen(&self) -> u64 {
        let seen = durable::read_derived(&self.memory()).and_then(|bytes| String::from_utf8(bytes).ok());
        seen.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)
    }

    /// Of the published checkpoint. Whose signature it bears is for the reader to judge. One that is smaller than what was
    /// there before is a rollback. `seen`: as it was before it was asked for; other processes of this clone go on.
    fn take_note(&self, seen: u64, note: Option<&str>) -> Result<(), StoreError> {
        let there = note.and_then(size_of).unwrap_or(0);
        if there < seen {
            let key = self.checkpoint_key();
            let why = format!("{key} was over {seen} entries, and is over {there} now: it was rolled back");
            return Err(StoreError::Inconsistent { why });
        }
        if there > self.seen() {
            durable::write_derived(&self.memory(), there.to_string().as_bytes())?;
        }
        let known = self.mirror.latest()?.as_deref().and_then(size_of).unwrap_or(0);
        match note.filter(|_| there > known && there <= self.mirror.head().map_or(0, |head| head.size())) {
            Some(note) => self.mirror.take_checkpoint(note),
            None => Ok(()),
        }
    }
}

impl LogReader for S3Ledger {
    fn header(&self) -> &Header {
        self.mirror.header()
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.mirror.read(from, visit)
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        self.mirror.head()
    }

    fn tree_at(&self, size: u64) -> Result<Option<Frontier>, StoreError> {
        self.mirror.tree_at(size)
    }

    fn latest(&self) -> Result<Option<String>, StoreError> {
        self.mirror.latest()
    }

    fn unfinished(&self) -> Result<u64, StoreError> {
        self.mirror.unfinished()
    }
}

impl CommitStore for S3Ledger {
    fn try_commit(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let bucket = self.bucket()?;
        let mut mirror = Mirror::open(&self.mirror)?.at(self.place);
        if mirror.position().tree.size() != start {
            return Ok(Outcome::Lost);
        }
        let signer = (self.signer)()?;
        self.chain(bucket).commit(&mut mirror, batch, &*signer)
    }

    fn commit_alone(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let bucket = self.bucket()?;
        let mut mirror = Mirror::open(&self.mirror)?.at(self.place);
        if mirror.position().tree.size() != start {
            return Ok(Outcome::Lost);
        }
        let signer = (self.signer)()?;
        self.chain(bucket).commit_alone(&mut mirror, batch, &*signer)
    }

    fn object_at(&self, start: u64, nth: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.chain(self.bucket()?).object_at(start, nth)
    }

    fn take_object(&self, object: &[u8]) -> Result<Outcome, StoreError> {
        let bucket = self.bucket()?;
        let mut mirror = Mirror::open(&self.mirror)?;
        self.chain(bucket).take_object(&mut mirror, object)
    }

    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        self.mirror.find(id)
    }

    fn is_shared(&self) -> bool {
        true
    }

    /// And the checkpoint over it.
    fn fetch(&self) -> Result<u64, StoreError> {
        let bucket = self.bucket()?;
        let mut mirror = Mirror::open(&self.mirror)?.at(self.place);
        let before = mirror.position().tree.size();
        let seen = self.seen();
        let (_, note) = self.chain(bucket).catch_up_and_get(&mut mirror, Some(self.checkpoint_key()))?;
        let note = note.map(|object| String::from_utf8_lossy(&object.bytes).into_owned());
        self.take_note(seen, note.as_deref())?;
        mirror.stays()?;
        Ok(mirror.position().tree.size() - before)
    }

    fn examine(&self, versions: bool) -> Result<Option<Examined>, StoreError> {
        let examiner = Examiner { bucket: self.bucket()?, prefix: &self.prefix };
        examiner.examine(&self.mirror, versions).map(Some)
    }

    fn confirm(&self) -> Result<(), StoreError> {
        self.mirror.confirm()
    }
}

impl CheckpointStore for S3Ledger {
    fn check(&self) -> Result<(), StoreError> {
        self.mirror.check()
    }

    fn publish(&self, signer: &dyn CheckpointSigner) -> Result<String, StoreError> {
        let bucket = self.bucket()?;
        let publisher = Publisher { bucket, prefix: &self.prefix };
        // The founder publishes the first one: whoever has the key made the log.
        let first = self.arriving || self.mirror.latest()?.is_none();
        let seen = self.seen();
        let look = &mut |note: Option<&str>| self.take_note(seen, note);
        publisher.publish(&self.mirror, signer, first, look, &mut |_| self.mirror.publish(signer))
    }
}
