//! Every call fails in two ways: it did not happen, or it did. After each the whole log is derived again.

use crate::conformance::MemoryLedger;
use crate::entries::Keys;
use crate::entries::audited;
use mlprov::app::AppError;
use mlprov::app::record;
use mlprov::domain::ids::EntryId;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::frame::Header;
use mlprov::ledger::tree::Frontier;
use mlprov::ports::StoreError;
use mlprov::ports::commit_store::CheckpointStore;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::commit_store::Outcome;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::log_reader::StoredEntry;
use mlprov::ports::signer::CheckpointSigner;
use std::cell::RefCell;
use std::ops::ControlFlow;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    /// Nobody knows, and it did not happen.
    UnknownBefore,
    /// Nobody knows, and it did happen.
    UnknownAfter,
    /// Another writer was first.
    Beaten,
    /// The call says no, and it did not happen.
    Refused,
}

/// Fails the next `try_commit`s as the script says, and each reading call once if `deaf`.
struct Faulty {
    inner: MemoryLedger,
    script: RefCell<Vec<Fault>>,
    rivals: RefCell<Vec<Batch>>,
}

fn io_error() -> StoreError {
    StoreError::io("commit", "the ledger", std::io::Error::other("injected"))
}

impl LogReader for Faulty {
    fn header(&self) -> &Header {
        self.inner.header()
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        self.inner.head()
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.read(from, visit)
    }

    fn latest(&self) -> Result<Option<String>, StoreError> {
        self.inner.latest()
    }

    fn unfinished(&self) -> Result<u64, StoreError> {
        self.inner.unfinished()
    }
}

impl CommitStore for Faulty {
    fn try_commit(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let fault = self.script.borrow_mut().pop().unwrap_or(Fault::None);
        match fault {
            Fault::None => self.inner.try_commit(start, batch),
            Fault::UnknownBefore => Ok(Outcome::Unknown),
            Fault::UnknownAfter => self.inner.try_commit(start, batch).map(|_| Outcome::Unknown),
            Fault::Beaten => {
                let rival = self.rivals.borrow_mut().pop().unwrap();
                let _ = self.inner.try_commit(start, &rival)?;
                self.inner.try_commit(start, batch)
            }
            Fault::Refused => Err(io_error()),
        }
    }
    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        self.inner.find(id)
    }
    fn confirm(&self) -> Result<(), StoreError> {
        self.inner.confirm()
    }
}

impl CheckpointStore for Faulty {
    fn check(&self) -> Result<(), StoreError> {
        self.inner.check()
    }
    fn publish(&self, signer: &dyn CheckpointSigner) -> Result<String, StoreError> {
        self.inner.publish(signer)
    }
}

#[test]
fn an_entry_is_there_once_whatever_happens_to_the_attempts() {
    let faults = [Fault::None, Fault::UnknownBefore, Fault::UnknownAfter, Fault::Beaten];
    for first in faults {
        for second in faults {
            for third in faults {
                let keys = Keys::new();
                let rivals = (100..103).map(|n| keys.batch(n..n + 1)).collect();
                let script = RefCell::new(vec![third, second, first]);
                let inner = MemoryLedger::new(keys.header.clone());
                let ledger = Faulty { inner, script, rivals: RefCell::new(rivals) };
                let receipts = record::commit(&ledger, vec![keys.entry(1), keys.entry(2)]).unwrap();
                let ids = audited(&ledger);
                for (n, receipt) in [1, 2].into_iter().zip(&receipts) {
                    let id = *keys.entry(n).id();
                    assert_eq!(ids.iter().filter(|i| **i == id).count(), 1, "{first:?} {second:?} {third:?}");
                    assert_eq!(ids[receipt.index.unwrap() as usize], id, "the receipt names the right place");
                    assert!(!receipt.already, "it was this call that recorded it");
                }
            }
        }
    }
}

#[test]
fn a_refusal_leaves_nothing_and_the_next_attempt_works() {
    let keys = Keys::new();
    let inner = MemoryLedger::new(keys.header.clone());
    let ledger = Faulty { inner, script: RefCell::new(vec![Fault::Refused]), rivals: RefCell::default() };
    assert!(matches!(record::commit(&ledger, vec![keys.entry(1)]), Err(AppError::Store(_))));
    assert_eq!(audited(&ledger), []);
    record::commit(&ledger, vec![keys.entry(1)]).unwrap();
    assert_eq!(audited(&ledger).len(), 1);
}

#[test]
fn an_outcome_that_stays_unknown_is_not_called_success() {
    let keys = Keys::new();
    let inner = MemoryLedger::new(keys.header.clone());
    let script = RefCell::new(vec![Fault::UnknownBefore; 1000]);
    let ledger = Faulty { inner, script, rivals: RefCell::default() };
    let failed = record::commit(&ledger, vec![keys.entry(1)]);
    assert!(matches!(failed, Err(AppError::NotCommitted { .. })));
    assert_eq!(audited(&ledger), []);
}
