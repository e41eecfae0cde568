//! The promises of `CommitStore` and `CheckpointStore`. Every backend signs this suite.

use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::skipped;
use crate::entries::Keys;
use crate::entries::audited;
use mlprov::app::record;
use mlprov::domain::ids::EntryId;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::checkpoint::Checkpoint;
use mlprov::ledger::frame::Header;
use mlprov::ledger::tree::Frontier;
use mlprov::ports::StoreError;
use mlprov::ports::commit_store::CheckpointStore;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::commit_store::Outcome;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::log_reader::StoredEntry;
use mlprov::ports::provision::Ledger;
use mlprov::ports::signer::CheckpointSigner;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::ledger::S3Ledger;
use mlprov::stores::local::journal::LocalLedger;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// The strictest ledger there can be: a vector.
pub struct MemoryLedger {
    header: Header,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: Vec<(EntryId, Vec<u8>)>,
    tree: Frontier,
    note: Option<String>,
    signed: u64,
}

impl MemoryLedger {
    pub fn new(header: Header) -> Self {
        MemoryLedger { header, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl LogReader for MemoryLedger {
    fn header(&self) -> &Header {
        &self.header
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        Ok(self.state().tree.clone())
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let entries = self.state().entries.clone();
        for (index, (id, bytes)) in entries.iter().enumerate().skip(from as usize) {
            if visit(StoredEntry { index: index as u64, id: *id, bytes }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn latest(&self) -> Result<Option<String>, StoreError> {
        Ok(self.state().note.clone())
    }

    fn unfinished(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl CommitStore for MemoryLedger {
    fn try_commit(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let mut state = self.state();
        if state.tree.size() != start {
            return Ok(Outcome::Lost);
        }
        for entry in batch.entries() {
            state.tree.push(entry.leaf());
            state.entries.push((*entry.id(), entry.bytes().to_vec()));
        }
        Ok(Outcome::Won { start })
    }

    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        Ok(self.state().entries.iter().position(|(i, _)| i == id).map(|i| i as u64))
    }

    fn confirm(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl CheckpointStore for MemoryLedger {
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn publish(&self, signer: &dyn CheckpointSigner) -> Result<String, StoreError> {
        let mut state = self.state();
        assert!(state.tree.size() >= state.signed, "a ledger never shrinks");
        let (size, root) = (state.tree.size(), state.tree.root());
        let text = Checkpoint { origin: self.header.origin.clone(), size, root }.to_text();
        let signature = signer.sign(text.as_bytes())?;
        let note = format!("{text}\n{}", signer.verifier().signature_line(&signature));
        (state.note, state.signed) = (Some(note.clone()), size);
        Ok(note)
    }
}

/// Makes an empty ledger for these keys, and opens the same one again.
type Open<'a> = dyn Fn(&Keys) -> Box<dyn Ledger> + Sync + 'a;

/// Each test gets a fresh ledger; `open` may be called again for the same keys to see what another process sees. There
/// may be entries already that found the log. `each`: entries of each of many writers.
fn contract(open: &Open<'_>, each: u64) {
    a_won_batch_is_there_in_order_and_once(open);
    a_start_that_is_not_the_head_is_lost_and_leaves_nothing(open);
    reading_from_the_middle_and_breaking_off(open);
    checkpoints_cover_what_is_committed_and_never_shrink(open);
    an_id_names_one_fact(open);
    many_writers_lose_nothing(open, each);
    what_is_committed_alone_stands_where_it_says(open, each);
}

fn a_won_batch_is_there_in_order_and_once(open: &Open<'_>) {
    let keys = Keys::new();
    let ledger = open(&keys);
    let base = audited(&*ledger).len() as u64;
    assert_eq!(ledger.try_commit(base, &keys.batch(0..3)).unwrap(), Outcome::Won { start: base });
    assert_eq!(ledger.try_commit(base + 3, &keys.batch(3..4)).unwrap(), Outcome::Won { start: base + 3 });
    let expected: Vec<EntryId> = (0..4).map(|n| *keys.entry(n).id()).collect();
    assert_eq!(audited(&*ledger)[base as usize..], expected);
    assert_eq!(ledger.find(keys.entry(9).id()).unwrap(), None);
    assert_eq!(ledger.unfinished().unwrap(), 0);
}

fn a_start_that_is_not_the_head_is_lost_and_leaves_nothing(open: &Open<'_>) {
    let keys = Keys::new();
    let ledger = open(&keys);
    let base = audited(&*ledger).len() as u64;
    let _ = ledger.try_commit(base, &keys.batch(0..2)).unwrap();
    for start in [0, base, base + 1, base + 3, u64::MAX] {
        assert_eq!(ledger.try_commit(start, &keys.batch(5..6)).unwrap(), Outcome::Lost, "start {start}");
    }
    assert_eq!(audited(&*ledger).len() as u64, base + 2);
}

fn reading_from_the_middle_and_breaking_off(open: &Open<'_>) {
    let keys = Keys::new();
    let ledger = open(&keys);
    let base = audited(&*ledger).len() as u64;
    for n in 0..5 {
        let _ = ledger.try_commit(base + n * 4, &keys.batch(n * 4..n * 4 + 4)).unwrap();
    }
    for from in [0, 1, 4, 7, 19, 20, 99].map(|from| base + from) {
        let mut seen = Vec::new();
        let mut visit = |stored: StoredEntry<'_>| {
            seen.push(stored.index);
            if seen.len() == 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        ledger.read(from, &mut visit).unwrap();
        assert_eq!(seen, (from..(base + 20).max(from)).take(6).collect::<Vec<_>>(), "from {from}");
    }
}

fn checkpoints_cover_what_is_committed_and_never_shrink(open: &Open<'_>) {
    let keys = Keys::new();
    let ledger = open(&keys);
    assert_eq!(ledger.latest().unwrap(), None);
    let base = audited(&*ledger).len() as u64;
    for n in 0..3 {
        let _ = ledger.try_commit(base + n, &keys.batch(n..n + 1)).unwrap();
        let note = ledger.publish(&keys.log).unwrap();
        assert_eq!(ledger.latest().unwrap().as_ref(), Some(&note));
        let checkpoint = Checkpoint::open(&note, keys.log.verifier()).unwrap();
        let head = ledger.head().unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (head.size(), head.root()));
        assert_eq!(ledger.publish(&keys.log).unwrap(), note, "the same head, the same note");
        ledger.check().unwrap();
    }
}

fn an_id_names_one_fact(open: &Open<'_>) {
    let keys = Keys::new();
    let ledger = open(&keys);
    let base = audited(&*ledger).len() as u64;
    let first = record::commit(&*ledger, vec![keys.entry(1)]).unwrap();
    let again = record::commit(&*ledger, vec![keys.entry(1)]).unwrap();
    assert_eq!(
        (first[0].index, first[0].already, again[0].index, again[0].already),
        (Some(base), false, Some(base), true)
    );
    let other = keys.noted(1, &"1".repeat(40));
    assert_eq!(other.id(), keys.entry(1).id());
    assert!(matches!(
        record::commit(&*ledger, vec![other]),
        Err(mlprov::app::AppError::IdConflict { index, .. }) if index == base
    ));
    assert_eq!(audited(&*ledger).len() as u64, base + 1);
}

fn many_writers_lose_nothing(open: &Open<'_>, each: u64) {
    let keys = Keys::new();
    let base = audited(&*open(&keys)).len();
    let writers = 6;
    std::thread::scope(|scope| {
        for w in 0..writers {
            let keys = &keys;
            scope.spawn(move || {
                let ledger = open(keys);
                for n in 0..each {
                    // Every entry is tried by two writers; it counts once.
                    let number = (w / 2) * each + n;
                    record::commit(&*ledger, vec![keys.entry(number)]).unwrap();
                    ledger.publish(&keys.log).unwrap();
                }
            });
        }
    });
    let ledger = open(&keys);
    let mut ids = audited(&*ledger);
    let total = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(
        (ids.len(), total),
        (base + writers as usize / 2 * each as usize, ids.len()),
        "none lost, none twice"
    );
    let note = ledger.latest().unwrap().unwrap();
    assert_eq!(Checkpoint::open(&note, keys.log.verifier()).unwrap().size, ids.len() as u64);
}

/// While others write.
fn what_is_committed_alone_stands_where_it_says(open: &Open<'_>, each: u64) {
    let keys = Keys::new();
    let ledger = open(&keys);
    let base = audited(&*ledger).len() as u64;
    for start in [base + 1, base + 7, u64::MAX] {
        assert_eq!(ledger.commit_alone(start, &keys.batch(900..902)).unwrap(), Outcome::Lost, "{start}");
    }
    assert_eq!(ledger.commit_alone(base, &keys.batch(900..902)).unwrap(), Outcome::Won { start: base });
    let others = 3;
    std::thread::scope(|scope| {
        for w in 0..others {
            let keys = &keys;
            scope.spawn(move || {
                let ledger = open(keys);
                (0..each).for_each(|n| _ = record::commit(&*ledger, vec![keys.entry(w * each + n)]).unwrap());
            });
        }
        let (mut number, mut won) = (1000, Vec::new());
        while won.len() < 2 {
            let start = ledger.head().unwrap().size();
            match ledger.commit_alone(start, &keys.batch(number..number + 2)).unwrap() {
                Outcome::Won { start: there } => {
                    assert_eq!(there, start);
                    won.push((start, number));
                    number += 2;
                }
                Outcome::Lost => _ = ledger.fetch().unwrap(),
                Outcome::Unknown => panic!("nothing was broken"),
            }
        }
        for (start, number) in won {
            assert_eq!(ledger.find(keys.entry(number).id()).unwrap(), Some(start));
            assert_eq!(ledger.find(keys.entry(number + 1).id()).unwrap(), Some(start + 1));
        }
    });
    let ids = audited(&*open(&keys));
    assert_eq!(ids.len() as u64, base + 6 + others * each);
}

#[test]
fn memory() {
    let ledgers: Mutex<Vec<(Header, std::sync::Arc<MemoryLedger>)>> = Mutex::default();
    contract(
        &|keys| {
            let mut ledgers = ledgers.lock().unwrap();
            let known = ledgers.iter().find(|(header, _)| *header == keys.header).map(|(_, l)| l.clone());
            let ledger = known.unwrap_or_else(|| {
                let ledger = std::sync::Arc::new(MemoryLedger::new(keys.header.clone()));
                ledgers.push((keys.header.clone(), ledger.clone()));
                ledger
            });
            Box::new(Shared(ledger))
        },
        20,
    );
}

#[test]
fn local() {
    let dir = tempfile::tempdir().unwrap();
    contract(&|keys| keys.local(&dir.path().join(keys.header.log.to_string())), 20);
}

/// Every `open` is a clone of its own, which has fetched what there is.
fn in_a_bucket(server: Option<&'static Server>, each: u64) {
    let Some(server) = server else { return skipped("the servers are not installed (tests/run.sh does it)") };
    let dir = tempfile::tempdir().unwrap();
    let clones = AtomicU64::new(0);
    let s3 = bucket(server, "ledgers");
    contract(
        &|keys| {
            let clone = clones.fetch_add(1, Ordering::Relaxed);
            let mirror = LocalLedger::create(&dir.path().join(clone.to_string()), &keys.header).unwrap();
            let (s3, writer) = (s3.clone(), keys.writer_again());
            let prefix = format!("team/{}/", keys.header.log);
            let connect = move || Ok(Box::new(s3.clone()) as Box<dyn Bucket>);
            let signer = move || Ok(Box::new(writer()) as Box<dyn EntrySigner>);
            let ledger = S3Ledger::new(mirror, &prefix, Box::new(connect), Box::new(signer));
            ledger.fetch().unwrap();
            record::commit(&ledger, vec![keys.founding()]).unwrap();
            Box::new(ledger)
        },
        each,
    );
}

#[test]
fn ministack() {
    in_a_bucket(Server::ministack(), 20);
}

/// It takes about a second for each write of a key that others write, too.
#[test]
fn seaweedfs() {
    in_a_bucket(Server::seaweedfs(), 2);
}

struct Shared(std::sync::Arc<MemoryLedger>);

impl LogReader for Shared {
    fn header(&self) -> &Header {
        self.0.header()
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        self.0.head()
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.0.read(from, visit)
    }

    fn latest(&self) -> Result<Option<String>, StoreError> {
        self.0.latest()
    }

    fn unfinished(&self) -> Result<u64, StoreError> {
        self.0.unfinished()
    }
}

impl CommitStore for Shared {
    fn try_commit(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        self.0.try_commit(start, batch)
    }
    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        self.0.find(id)
    }
    fn confirm(&self) -> Result<(), StoreError> {
        self.0.confirm()
    }
}

impl CheckpointStore for Shared {
    fn check(&self) -> Result<(), StoreError> {
        self.0.check()
    }
    fn publish(&self, signer: &dyn CheckpointSigner) -> Result<String, StoreError> {
        self.0.publish(signer)
    }
}
