use super::*;
use crate::domain::entry::Kind;
use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;
use crate::ledger::batch::SealedEntry;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::envelope;
use crate::ledger::envelope::Envelope;
use crate::ledger::frame;
use crate::ports::commit_store::CheckpointStore;
use crate::ports::signer::CheckpointSigner;
use crate::ports::signer::EntrySigner;
use crate::stores::local::keys::LogKeyFile;
use crate::stores::local::keys::WriterKeyFile;
use crate::stores::local::lookup::Lookup;

pub(super) struct Fixture {
    dir: tempfile::TempDir,
    pub(super) ledger: LocalLedger,
    key: WriterKeyFile,
    project: ProjectId,
}

pub(super) fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let project = ProjectId::draw();
    let ledger = LocalLedger::create(&dir.path().join("l"), &Header::new(project, LogId::draw())).unwrap();
    let (key, _) = WriterKeyFile::open_or_create(&dir.path().join("w.pem")).unwrap();
    Fixture { dir, ledger, key, project }
}

impl Fixture {
    pub(super) fn entry(&self, micros: i64) -> SealedEntry {
        let time = crate::domain::time::Timestamp::from_unix_micros(micros);
        let id = EntryId::derive(&self.project, "annotation", time.as_str(), &self.key.public().id());
        let body = serde_json::json!({
            "project": self.project, "kind": Kind::Annotation, "id": id, "time": time,
            "producer": {"name": "t", "version": "0"}, "actor": {"writer": self.key.public().id()},
        });
        let body: crate::domain::entry::Body = serde_json::from_value(body).unwrap();
        let payload = body.to_payload().unwrap();
        let signature = self.key.sign(&envelope::pae(&payload)).unwrap();
        let bytes = Envelope { payload, key_id: self.key.public().id(), signature }.to_bytes();
        SealedEntry::parse(bytes).unwrap().0
    }

    pub(super) fn append(&self, range: std::ops::Range<i64>) {
        let start = self.ledger.head().unwrap().size();
        let batch = Batch::new(range.map(|n| self.entry(n)).collect()).unwrap();
        assert_eq!(self.ledger.try_commit(start, &batch).unwrap(), Outcome::Won { start });
    }

    fn indices_from(&self, from: u64) -> Vec<u64> {
        let mut out = Vec::new();
        let mut visit = |e: StoredEntry<'_>| {
            out.push(e.index);
            ControlFlow::Continue(())
        };
        self.ledger.read(from, &mut visit).unwrap();
        out
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("l").join(name)
    }
}

#[test]
fn the_lookup_is_only_ever_a_shortcut() {
    let f = fixture();
    for n in 0..20 {
        f.append(n * 3..n * 3 + 3);
    }
    let check = || {
        assert_eq!(f.indices_from(31), (31..60).collect::<Vec<_>>());
        for n in [0, 1, 30, 59] {
            assert_eq!(f.ledger.find(f.entry(n).id()).unwrap(), Some(n as u64));
        }
        assert_eq!(f.ledger.find(f.entry(99).id()).unwrap(), None);
    };
    check();
    // Offsets that point into the middle of frames, and beyond the end.
    let offsets: Vec<u8> = (0..60u64).flat_map(|n| (n * 1001).to_le_bytes()).collect();
    fs::write(f.file("lookup.offsets"), offsets).unwrap();
    check();
    // Ids that lead to other entries.
    let mut ids = fs::read(f.file("lookup.ids")).unwrap();
    for slot in ids[4096..].chunks_exact_mut(24) {
        if slot[16] != 0 {
            slot[16] = slot[16] % 60 + 1;
        }
    }
    fs::write(f.file("lookup.ids"), ids).unwrap();
    check();
    // None at all; the next append makes it again.
    for name in ["lookup.ids", "lookup.offsets", "head"] {
        fs::remove_file(f.file(name)).unwrap();
    }
    check();
    f.append(60..61);
    assert_eq!(Lookup::open(&f.file("")).unwrap().covered().size, 61);
    assert_eq!(f.ledger.find(f.entry(60).id()).unwrap(), Some(60));
}

#[test]
fn a_torn_tail_is_set_aside_and_a_bad_frame_before_it_is_not() {
    let f = fixture();
    f.append(0..2);
    let one = fs::metadata(f.file("journal")).unwrap().len();
    f.append(2..4);
    let whole = fs::read(f.file("journal")).unwrap();
    for cut in one + 1..whole.len() as u64 {
        fs::write(f.file("journal"), &whole[..cut as usize]).unwrap();
        assert_eq!(f.ledger.head().unwrap().size(), 2, "cut at {cut}");
    }
    f.append(2..4);
    assert_eq!(fs::read(f.file("journal")).unwrap(), whole);
    let aside = fs::read_dir(f.file("")).unwrap().flatten();
    assert_eq!(aside.filter(|e| e.file_name().to_string_lossy().starts_with("torn-")).count(), 1);
    // Damage in the first frame, with a whole one behind it.
    let mut bad = whole.clone();
    bad[one as usize - 5] ^= 1;
    fs::write(f.file("journal"), &bad).unwrap();
    fs::remove_file(f.file("head")).unwrap();
    assert!(matches!(f.ledger.head(), Err(StoreError::Corrupt { .. })));
    let batch = Batch::new(vec![f.entry(9)]).unwrap();
    assert!(matches!(f.ledger.try_commit(4, &batch), Err(StoreError::Corrupt { .. })));
    assert_eq!(fs::read(f.file("journal")).unwrap(), bad, "damage is never touched");
}

#[test]
fn nothing_is_signed_that_contradicts_what_was_signed() {
    let f = fixture();
    let log_key = LogKeyFile::open_or_create(&f.file("k.pem"), &f.ledger.header().origin).unwrap();
    f.append(0..3);
    let before = fs::read(f.file("journal")).unwrap();
    f.append(3..5);
    let note = f.ledger.publish(&log_key).unwrap();
    assert_eq!(Checkpoint::open(&note, log_key.verifier()).unwrap().size, 5);
    assert_eq!(f.ledger.publish(&log_key).unwrap(), note, "again: the same note");
    // An older journal, restored: a torn tail would not be below what was signed.
    fs::write(f.file("journal"), &before).unwrap();
    fs::remove_file(f.file("head")).unwrap();
    assert!(matches!(f.ledger.publish(&log_key), Err(StoreError::Inconsistent { .. })));
    // Nor does such a journal grow into another history.
    let batch = Batch::new(vec![f.entry(100), f.entry(101)]).unwrap();
    assert!(matches!(f.ledger.try_commit(3, &batch), Err(StoreError::Inconsistent { .. })));
    assert_eq!(fs::read(f.file("journal")).unwrap(), before);
    // Another history of the same length, made behind our back; one of the two memories is enough.
    fs::write(f.file("journal"), frames(&f, &[(0..3), (100..102)])).unwrap();
    for lost in ["signed", "checkpoint"] {
        let kept = fs::read(f.file(lost)).unwrap();
        fs::write(f.file(lost), "").unwrap();
        assert!(matches!(f.ledger.publish(&log_key), Err(StoreError::Inconsistent { .. })));
        assert!(matches!(f.ledger.check(), Err(StoreError::Inconsistent { .. })));
        fs::write(f.file(lost), kept).unwrap();
    }
}

#[test]
fn a_whole_frame_that_does_not_continue_the_tree_before_it_is_damage() {
    let f = fixture();
    let [first, other] = [0..3, 7..10].map(|range| frames(&f, &[range]));
    let whole = frames(&f, &[(7..10), (3..5), (5..6)]);
    // The second frame belongs to another history of the same length, or it is gone.
    let second = &whole[other.len()..];
    let third = &whole[frames(&f, &[(7..10), (3..5)]).len()..];
    for rest in [second, third] {
        let mixed = [&first[..], rest].concat();
        fs::write(f.file("journal"), &mixed).unwrap();
        assert!(matches!(f.ledger.head(), Err(StoreError::Corrupt { .. })));
        let read = f.ledger.read(0, &mut |_| ControlFlow::Continue(()));
        assert!(matches!(read, Err(StoreError::Corrupt { .. })));
        let batch = Batch::new(vec![f.entry(9)]).unwrap();
        assert!(matches!(f.ledger.try_commit(6, &batch), Err(StoreError::Corrupt { .. })));
        assert_eq!(fs::read(f.file("journal")).unwrap(), mixed, "damage is never touched");
    }
}

#[test]
fn no_id_stands_twice_in_one_batch() {
    let f = fixture();
    assert!(Batch::new(vec![f.entry(1), f.entry(2)]).is_some());
    assert!(Batch::new(vec![f.entry(1), f.entry(2), f.entry(1)]).is_none());
    assert!(Batch::new(Vec::new()).is_none());
}

/// With a right checksum: what the writer says of the tree before it must agree with itself.
#[test]
fn a_frame_that_contradicts_itself_is_none() {
    let f = fixture();
    let mut tree = Frontier::default();
    (0..3).for_each(|n| tree.push(f.entry(n).leaf()));
    let sound = frame::encode(&tree, &Batch::new(vec![f.entry(3)]).unwrap());
    assert!(frame::decode(&sound).is_ok());
    // Start, count, previous root, number of hashes, the first of them.
    for at in [0, 8, 12, 44, 45] {
        let mut bent = sound.clone();
        bent[frame::FRAME_HEAD + at] ^= 1;
        let crc = crc32c::crc32c(&bent[frame::FRAME_HEAD..]);
        bent[8..12].copy_from_slice(&crc.to_le_bytes());
        assert!(frame::decode(&bent).is_err(), "byte {at} of the body");
    }
}

#[test]
fn a_journal_under_the_origin_of_another_log_is_refused() {
    let f = fixture();
    let header = Header { log: LogId::draw(), ..f.ledger.header().clone() };
    fs::write(f.file("journal"), header.encode().unwrap()).unwrap();
    assert!(matches!(LocalLedger::open(&f.file("")), Err(StoreError::Corrupt { .. })));
    let origin = f.ledger.header().origin.clone();
    assert_eq!(Header::of_origin(&origin).unwrap(), *f.ledger.header());
    for other in [origin.replacen("mlprov.dev", "mlprov.org", 1), format!("{origin}/"), origin.to_uppercase()]
    {
        assert!(Header::of_origin(&other).is_err(), "{other}");
    }
}

#[test]
fn a_check_while_others_write_is_no_alarm() {
    let f = fixture();
    let log_key = LogKeyFile::open_or_create(&f.file("k.pem"), &f.ledger.header().origin).unwrap();
    f.append(0..1);
    let other = LocalLedger::open(&f.file("")).unwrap().unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 1..400 {
                f.append(n..n + 1);
                f.ledger.publish(&log_key).unwrap();
            }
        });
        while !writer.is_finished() {
            other.check().unwrap();
        }
    });
}

/// Each way of writing asks for itself: what was right when a command began need not be so later.
#[test]
fn a_copy_is_refused_by_every_way_of_writing() {
    let f = fixture();
    let log_key = LogKeyFile::open_or_create(&f.dir.path().join("k.pem"), &f.ledger.header().origin).unwrap();
    f.append(0..2);
    f.ledger.publish(&log_key).unwrap();
    let copy = f.dir.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for file in fs::read_dir(f.file("")).unwrap().flatten().filter(|e| e.path().is_file()) {
        fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let copied = LocalLedger::open(&copy).unwrap().unwrap();
    let batch = Batch::new(vec![f.entry(9)]).unwrap();
    assert!(matches!(copied.check(), Err(StoreError::Copied { .. })));
    assert!(matches!(copied.try_commit(2, &batch), Err(StoreError::Copied { .. })));
    assert!(matches!(copied.publish(&log_key), Err(StoreError::Copied { .. })));
    assert_eq!(fs::read(copy.join("journal")).unwrap(), fs::read(f.file("journal")).unwrap());
    // The very same file, but another machine: a copy of the whole disk.
    f.ledger.check().unwrap();
    let here = durable::read_derived(&f.file("place")).unwrap();
    let mut place: serde_json::Value = serde_json::from_slice(&here).unwrap();
    place["machine"] = "0".repeat(64).into();
    durable::write_derived(&f.file("place"), place.to_string().as_bytes()).unwrap();
    assert!(matches!(f.ledger.check(), Err(StoreError::Copied { .. })));
}

fn frames(f: &Fixture, batches: &[std::ops::Range<i64>]) -> Vec<u8> {
    let mut out = f.ledger.header.encode().unwrap();
    let mut tree = Frontier::default();
    for range in batches {
        let batch = Batch::new(range.clone().map(|n| f.entry(n)).collect()).unwrap();
        out.extend(frame::encode(&tree, &batch));
        batch.entries().iter().for_each(|e| tree.push(e.leaf()));
    }
    out
}
