//! One ledger: its database, the journal behind it, and the transactions that are open. A commit is answered when its block, and
//! all that it read, is on the disk; what waits meanwhile shares one sync.

use super::journal;
use super::journal::Journal;
use super::journal::JournalError;
use crate::qldb::database::Database;
use crate::qldb::database::Failure;
use crate::qldb::database::Parameter;
use crate::qldb::database::Transaction;
use crate::qldb::database::block;
use crate::qldb::database::block::Tip;
use crate::qldb::database::ids;
use crate::qldb::hash::Hash;
use ion_rs::Element;
use ion_rs::Timestamp;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;

/// The journal's file in a ledger's directory.
pub const JOURNAL: &str = "journal";

#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The disk did not take an earlier block, or nobody knows whether it did.
    #[error("the journal cannot be written: {0}")]
    Unwritable(String),
    #[error("a block cannot be made: {0}")]
    Block(#[from] block::BadBlock),
}

type Result<T> = std::result::Result<T, LedgerError>;

/// What time it is, and numbers that nobody guesses.
pub trait Surroundings: Send + Sync {
    /// Since 1970.
    fn milliseconds(&self) -> i64;
    fn draw(&self) -> u128;
}

fn now(surroundings: &dyn Surroundings) -> Result<Timestamp> {
    let time = super::time_of(surroundings.milliseconds());
    time.ok_or_else(|| LedgerError::Unwritable("the clock tells no time of this era".to_owned()))
}

struct State {
    database: Database,
    tip: Tip,
    /// Of every block, in order.
    hashes: Vec<Hash>,
    /// Where those that are on the disk lie.
    places: Vec<u64>,
    /// Blocks that are not handed to the journal yet.
    waiting: Vec<Vec<u8>>,
    /// How many blocks are on the disk.
    durable: u64,
    /// Why no more will be.
    broken: Option<String>,
    closing: bool,
}

struct Shared {
    state: Mutex<State>,
    /// There is something to write, or nothing more will come.
    work: Condvar,
    /// Something is on the disk, or never will be.
    written: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Ledger {
    pub name: String,
    /// What a crash left of the journal's last batch: where it is now, and bytes.
    pub set_aside: Option<(PathBuf, u64)>,
    reader: File,
    shared: Arc<Shared>,
    surroundings: Arc<dyn Surroundings>,
    writer: Option<thread::JoinHandle<()>>,
}

impl Ledger {
    /// Opens what lies in a directory, or makes it: a new journal has a first block, of a transaction without statements.
    pub fn open(dir: &Path, name: &str, surroundings: Arc<dyn Surroundings>) -> Result<Self> {
        let path = dir.join(JOURNAL);
        Journal::create(&path)?;
        let mut database = Database::default();
        let mut tip: Option<Tip> = None;
        let (mut hashes, mut places) = (Vec::new(), Vec::new());
        let mut journal = Journal::open(&path, &mut |place, bytes| {
            let found = block::read(bytes).map_err(|e| e.to_string())?;
            let previous = tip.as_ref().and_then(|tip| tip.hash);
            let expected = tip.as_ref().map_or(0, |tip| tip.sequence);
            block::check(bytes, previous.as_ref()).map_err(|e| format!("block {}: {e}", found.sequence))?;
            if found.sequence != expected {
                return Err(format!("block {} stands where {expected} should be", found.sequence));
            }
            tip = Some(Tip { strand: found.strand, sequence: found.sequence + 1, hash: Some(found.hash) });
            hashes.push(found.hash);
            places.push(place);
            database.apply(found.revisions);
            Ok(())
        })?;
        if tip.is_none() {
            let first = Tip { strand: ids::of(surroundings.draw()), sequence: 0, hash: None };
            let founding = Transaction::new(ids::of(surroundings.draw()));
            let digest = founding.digest();
            let founding = founding.commit(&database, &digest.0)?;
            let made = block::build(&first, &founding, &now(&*surroundings)?, &|_, _| None)?;
            places.extend(journal.append([&made.bytes[..]].into_iter())?);
            tip = Some(Tip { strand: first.strand, sequence: 1, hash: Some(made.hash) });
            hashes.push(made.hash);
            database.apply(made.revisions);
        }
        let Some(tip) = tip else { return Err(LedgerError::Unwritable("it has no first block".to_owned())) };
        let durable = tip.sequence;
        let state = State {
            database,
            tip,
            hashes,
            places,
            waiting: Vec::new(),
            durable,
            broken: None,
            closing: false,
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), work: Condvar::new(), written: Condvar::new() });
        let writing = shared.clone();
        let (reader, set_aside) = (journal.reader()?, journal.set_aside.take());
        let writer = thread::spawn(move || write(&writing, journal));
        Ok(Ledger { name: name.to_owned(), set_aside, reader, shared, surroundings, writer: Some(writer) })
    }

    pub fn begin(&self) -> Transaction {
        Transaction::new(ids::of(self.surroundings.draw()))
    }

    pub fn execute(
        &self,
        of: &mut Transaction,
        text: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Element>> {
        let (now, draw) = (now(&*self.surroundings)?, || self.surroundings.draw());
        let state = self.shared.state();
        Ok(of.execute(&state.database, text, parameters, now, &draw)?)
    }

    /// Returns when all of it, and all that it could read, is on the disk. One that changes nothing leaves no block.
    pub fn commit(&self, transaction: Transaction, digest: &[u8]) -> Result<()> {
        let mut state = self.shared.state();
        if let Some(why) = &state.broken {
            return Err(LedgerError::Unwritable(why.clone()));
        }
        let committed = transaction.commit(&state.database, digest)?;
        if !committed.writes.is_empty() {
            let now = now(&*self.surroundings)?;
            let made = {
                let version_of = |table: &str, id: &str| state.database.version_of(table, id);
                block::build(&state.tip, &committed, &now, &version_of)?
            };
            state.tip.sequence += 1;
            state.tip.hash = Some(made.hash);
            state.hashes.push(made.hash);
            state.waiting.push(made.bytes);
            state.database.apply(made.revisions);
            self.shared.work.notify_one();
        }
        let wanted = state.tip.sequence;
        while state.durable < wanted {
            if let Some(why) = &state.broken {
                return Err(LedgerError::Unwritable(why.clone()));
            }
            state = self.shared.written.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// A block that is on the disk.
    pub fn block(&self, sequence: u64) -> Result<Vec<u8>> {
        let place = usize::try_from(sequence).ok().and_then(|n| self.shared.state().places.get(n).copied());
        let Some(place) = place else {
            return Err(LedgerError::Unwritable(format!("there is no block {sequence}")));
        };
        journal::read_at(&self.reader, place).map_err(|e| LedgerError::Unwritable(e.to_string()))
    }

    /// Sequence number and hashes of the blocks that are on the disk.
    pub fn hashes(&self) -> (Arc<str>, Vec<Hash>) {
        let state = self.shared.state();
        let durable = usize::try_from(state.durable).unwrap_or(usize::MAX);
        (state.tip.strand.clone(), state.hashes[..durable.min(state.hashes.len())].to_vec())
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.shared.state().closing = true;
        self.shared.work.notify_all();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join(); // it has told whoever waited
        }
    }
}

/// Takes whatever waits, and writes it as one batch.
fn write(shared: &Shared, mut journal: Journal) {
    loop {
        let mut state = shared.state();
        while state.waiting.is_empty() {
            if state.closing {
                return;
            }
            state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let batch = std::mem::take(&mut state.waiting);
        drop(state);
        let done = journal.append(batch.iter().map(Vec::as_slice));
        let mut state = shared.state();
        match done {
            Ok(places) => {
                state.durable += batch.len() as u64;
                state.places.extend(places);
            }
            Err(e) => state.broken = Some(e.to_string()),
        }
        let broken = state.broken.is_some();
        drop(state);
        shared.written.notify_all();
        if broken {
            return;
        }
    }
}
