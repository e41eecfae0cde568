//! Writers that wait for the lock, and the ways in which they and its holder can go.

use super::tests::Fixture;
use super::tests::fixture;
use super::*;
use crate::ledger::batch::SealedEntry;
use crate::ledger::frame;
use crate::ports::commit_store::CheckpointStore;
use crate::stores::local::keys::LogKeyFile;
use crate::stores::local::queue::Queue;
use crate::stores::local::queue::Seen;
use crate::stores::local::queue::Ticket;

fn one(f: &Fixture, n: i64) -> Batch {
    Batch::new(vec![f.entry(n)]).unwrap()
}

fn wait_for(f: &Fixture, n: i64) -> Ticket {
    f.queue().put(f.ledger.head().unwrap().size(), &one(f, n)).unwrap()
}

fn answer(ticket: &mut Ticket) -> Option<Outcome> {
    match ticket.look().unwrap() {
        Seen::Answer(outcome) => Some(outcome),
        _ => None,
    }
}

impl Fixture {
    fn queue(&self) -> Queue {
        Queue::new(&self.file(""))
    }

    fn held(&self) -> File {
        let lock = self.ledger.lock_file().unwrap();
        assert!(self.ledger.try_lock(&lock).unwrap());
        lock
    }

    /// By its number, how often each entry is in the log.
    fn times(&self, n: i64) -> usize {
        let (id, mut times) = (*self.entry(n).id(), 0);
        let mut visit = |e: StoredEntry<'_>| {
            times += usize::from(e.id == id);
            ControlFlow::Continue(())
        };
        self.ledger.read(0, &mut visit).unwrap();
        times
    }

    fn frames(&self) -> usize {
        let mut frames = 0;
        let mut visit = |_: u64, _: &frame::Frame<'_>| {
            frames += 1;
            ControlFlow::Continue(())
        };
        self.ledger.visit_frames(None, &mut visit).unwrap();
        frames
    }
}

#[test]
fn all_that_waits_is_one_frame_and_each_is_told_its_place() {
    let f = fixture();
    f.append(0..2);
    let (mut same, mut other, mut again) = (wait_for(&f, 7), wait_for(&f, 8), wait_for(&f, 7));
    let late = wait_for(&f, 9);
    assert!(late.withdraw(), "nobody has taken it");
    f.append(2..3);
    assert_eq!(answer(&mut same), Some(Outcome::Won { start: 3 }));
    assert_eq!(answer(&mut other), Some(Outcome::Won { start: 4 }));
    assert_eq!(answer(&mut again), Some(Outcome::Lost), "the same fact, by two at once");
    assert_eq!((f.ledger.head().unwrap().size(), f.frames()), (5, 2));
    // Nothing of it is taken a second time.
    f.append(10..11);
    assert_eq!((f.times(7), f.times(8), f.times(9), f.ledger.head().unwrap().size()), (1, 1, 0, 6));
}

#[test]
fn writers_that_find_it_locked_are_committed_together_and_once() {
    let f = fixture();
    f.append(0..1);
    let lock = f.held();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|n| {
                let f = &f;
                scope.spawn(move || f.ledger.try_commit(1, &one(f, 100 + n / 2)).unwrap())
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(100));
        f.ledger.unlock(&lock);
        let outcomes: Vec<Outcome> = writers.into_iter().map(|w| w.join().unwrap()).collect();
        let won = outcomes.iter().filter(|o| matches!(o, Outcome::Won { .. })).count();
        assert_eq!(won, 4, "one of each two: {outcomes:?}");
    });
    assert_eq!((0..4).map(|n| f.times(100 + n)).collect::<Vec<_>>(), [1; 4]);
    assert_eq!(f.frames(), 2);
}

#[test]
fn a_holder_that_dies_before_it_writes_leaves_the_waiting_to_the_next() {
    let f = fixture();
    let mut ticket = wait_for(&f, 7);
    let lock = f.held();
    assert_eq!(f.queue().take(&lock, None).unwrap().waiting.len(), 1);
    drop(lock);
    assert_eq!(answer(&mut ticket), None);
    f.append(0..1);
    assert_eq!(answer(&mut ticket), Some(Outcome::Won { start: 1 }));
    assert_eq!(f.times(7), 1);
}

#[test]
fn a_holder_that_dies_before_it_answers_has_committed_once() {
    let f = fixture();
    let mut ticket = wait_for(&f, 7);
    let lock = f.held();
    let taken = f.queue().take(&lock, None).unwrap();
    let file = f.ledger.open_journal(true).unwrap();
    let tail = f.ledger.tail(&file).unwrap();
    let batch = Batch::new(taken.waiting[0].entries.clone()).unwrap();
    assert!(f.ledger.write_frame(&file, &tail, &batch).unwrap());
    drop(lock);
    // Whether that one synced it is not known, so the waiting writer is told to look.
    f.append(0..1);
    assert_eq!(answer(&mut ticket), Some(Outcome::Unknown));
    assert_eq!((f.times(7), f.ledger.head().unwrap().size()), (1, 2));
}

#[test]
fn a_writer_that_gives_up_is_not_committed_unless_a_holder_has_it() {
    let f = fixture();
    let (kept, taken) = (wait_for(&f, 7), f.held());
    assert!(f.queue().take(&taken, None).is_some());
    assert!(!kept.withdraw(), "it may be on the disk already");
    drop(taken);
    f.append(0..1);
    assert_eq!(f.times(7), 0, "nobody waits for it any more");
}

#[test]
fn waiting_is_bounded_and_names_the_holder() {
    let f = fixture();
    let _lock = f.held();
    let failed = f.ledger.try_commit(0, &one(&f, 7)).unwrap_err();
    assert!(matches!(&failed, StoreError::Locked { holder, .. } if holder.starts_with("pid ")), "{failed}");
    assert!(!failed.to_string().contains('\n'), "{failed}");
    drop(_lock);
    f.append(0..1);
    assert_eq!(f.times(7), 0, "an error means that nothing was committed");
}

#[test]
fn a_dead_waiter_holds_nobody_up() {
    let f = fixture();
    drop(wait_for(&f, 7));
    f.append(0..1);
    f.append(1..2);
    assert_eq!((f.times(0), f.times(1)), (1, 1));
    assert!(f.times(7) <= 1);
}

#[test]
fn what_waited_before_a_reboot_is_passed_over() {
    let f = fixture();
    let mut ticket = wait_for(&f, 7);
    let mut bytes = fs::read(f.file("waiting")).unwrap();
    bytes[21] ^= 0x40; // time of boot
    let crc = crc32c::crc32c(&bytes[12..]);
    bytes[8..12].copy_from_slice(&crc.to_le_bytes());
    fs::write(f.file("waiting"), &bytes).unwrap();
    f.append(0..1);
    assert_eq!((answer(&mut ticket), f.times(7)), (None, 0));
}

#[test]
fn a_damaged_queue_blocks_nobody_and_is_removed() {
    let f = fixture();
    let whole = {
        drop(wait_for(&f, 1000));
        fs::read(f.file("waiting")).unwrap()
    };
    let mut wrecks: Vec<Vec<u8>> =
        vec![vec![0; 5000], b"MLQ1".repeat(500), whole[..whole.len() / 2].to_vec()];
    // The head of a record that is longer than the file.
    wrecks.push(b"MLQ1\0\0\x0f\0....".to_vec());
    for at in (0..whole.len()).step_by(7) {
        let mut bent = whole.clone();
        bent[at] ^= 1 << (at % 8);
        wrecks.push(bent);
    }
    for (n, wreck) in wrecks.into_iter().enumerate() {
        fs::write(f.file("waiting"), &wreck).unwrap();
        // One that waits behind the damage is found all the same.
        let (n, lock) = (n as i64, f.held());
        let mut ticket = wait_for(&f, 2 * n);
        drop(lock);
        let start = f.ledger.head().unwrap().size();
        f.append(2 * n + 1..2 * n + 2);
        assert_eq!(answer(&mut ticket), Some(Outcome::Won { start: start + 1 }), "wreck {n}");
        assert!(!f.file("waiting").exists(), "wreck {n}");
        assert_eq!(f.times(1000), 0, "wreck {n}");
    }
    // Something else in its place: everybody waits for the lock alone.
    fs::create_dir(f.file("waiting")).unwrap();
    let lock = f.held();
    std::thread::scope(|scope| {
        let start = f.ledger.head().unwrap().size();
        let f = &f;
        let writer = scope.spawn(move || f.ledger.try_commit(start, &one(f, 5000)).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(20));
        drop(lock);
        assert!(matches!(writer.join().unwrap(), Outcome::Won { .. }));
    });
}

#[test]
fn after_a_failure_whoever_waits_gets_an_answer_of_its_own() {
    let f = fixture();
    f.append(0..2);
    let whole = fs::read(f.file("journal")).unwrap();
    let mut ticket = wait_for(&f, 7);
    // The lock is free by now, but the journal is damaged.
    fs::write(f.file("journal"), &whole[..100]).unwrap();
    let lock = f.ledger.lock_file().unwrap();
    assert!(f.ledger.commit_queued(&lock, 2, &one(&f, 8)).is_err());
    assert!(matches!(ticket.look().unwrap(), Seen::Orphan));
    fs::write(f.file("journal"), &whole).unwrap();
    f.append(2..3);
    assert_eq!((f.times(7), f.times(8)), (0, 0));
}

#[test]
fn a_check_while_others_append_and_sign_finds_nothing() {
    let f = fixture();
    let log_key = LogKeyFile::open_or_create(&f.file("k.pem"), &f.ledger.header().origin).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (f, done) = (&f, &done);
        let checks = scope.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                f.ledger.check().unwrap();
            }
        });
        for n in 0..300 {
            f.append(n..n + 1);
            f.ledger.publish(&log_key).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        checks.join().unwrap();
    });
}

#[test]
fn parts_of_an_entry_are_the_entry() {
    let f = fixture();
    let entry = f.entry(1);
    assert_eq!(SealedEntry::from_parts(*entry.id(), entry.bytes().to_vec()), entry);
}
