//! Cut short at every byte, one bit flipped in every kind of file.

use crate::entries::Keys;
use crate::entries::audited;
use mlprov::ports::StoreError;
use mlprov::ports::commit_store::Outcome;
use std::fs;
use std::path::Path;

/// Three frames; the checkpoint covers the first only.
fn ledger(keys: &Keys, dir: &Path) -> Vec<u8> {
    let ledger = keys.local(dir);
    let _ = ledger.try_commit(0, &keys.batch(0..2)).unwrap();
    ledger.publish(&keys.log).unwrap();
    let _ = ledger.try_commit(2, &keys.batch(2..3)).unwrap();
    let _ = ledger.try_commit(3, &keys.batch(3..5)).unwrap();
    fs::read(dir.join("journal")).unwrap()
}

fn lengths(keys: &Keys) -> [usize; 4] {
    let dir = tempfile::tempdir().unwrap();
    let ledger = keys.local(dir.path());
    let length = || fs::metadata(dir.path().join("journal")).unwrap().len() as usize;
    let mut out = [length(); 4];
    for (i, range) in [0..2, 2..3, 3..5].into_iter().enumerate() {
        let _ = ledger.try_commit(range.start, &keys.batch(range)).unwrap();
        out[i + 1] = length();
    }
    out
}

#[test]
fn a_journal_cut_at_any_byte_of_its_last_two_frames_goes_on_from_the_last_whole_one() {
    let keys = Keys::new();
    let dir = tempfile::tempdir().unwrap();
    let whole = ledger(&keys, dir.path());
    let ends = lengths(&keys);
    assert_eq!(ends[3], whole.len());
    for cut in ends[1]..whole.len() {
        fs::write(dir.path().join("journal"), &whole[..cut]).unwrap();
        let ledger = keys.local(dir.path());
        let (size, torn) = match cut {
            c if c < ends[2] => (2, c - ends[1]),
            c => (3, c - ends[2]),
        };
        assert_eq!(audited(&*ledger).len(), size, "cut at {cut}");
        assert_eq!(ledger.unfinished().unwrap(), torn as u64, "cut at {cut}");
        // Every 50th time, append too: it is the slow part.
        if cut % 50 == 0 {
            let start = size as u64;
            assert_eq!(ledger.try_commit(start, &keys.batch(7..8)).unwrap(), Outcome::Won { start });
            assert_eq!(audited(&*ledger).len(), size + 1);
            let aside = fs::read_dir(dir.path()).unwrap().flatten();
            let kept: u64 = aside
                .filter(|e| e.file_name().to_string_lossy().starts_with(&format!("torn-{}", cut - torn)))
                .map(|e| e.metadata().unwrap().len())
                .max()
                .unwrap_or(0);
            assert!(kept >= torn as u64, "the torn bytes are kept");
        }
    }
}

#[test]
fn what_a_checkpoint_covers_is_never_set_aside() {
    let keys = Keys::new();
    let dir = tempfile::tempdir().unwrap();
    let whole = ledger(&keys, dir.path());
    let ends = lengths(&keys);
    for lost in ["", "signed", "checkpoint"] {
        for cut in [ends[0] + 1, ends[1] - 1] {
            fs::write(dir.path().join("journal"), &whole[..cut]).unwrap();
            let aside = (!lost.is_empty()).then(|| fs::read(dir.path().join(lost)).unwrap());
            if aside.is_some() {
                fs::remove_file(dir.path().join(lost)).unwrap();
            }
            let ledger = keys.local(dir.path());
            assert!(matches!(ledger.head(), Err(StoreError::Corrupt { .. })), "cut at {cut}, {lost:?} lost");
            assert!(ledger.try_commit(0, &keys.batch(7..8)).is_err());
            assert_eq!(fs::read(dir.path().join("journal")).unwrap().len(), cut, "nothing was touched");
            if let Some(bytes) = aside {
                fs::write(dir.path().join(lost), bytes).unwrap();
            }
        }
    }
}

#[test]
fn one_flipped_bit_of_the_journal_is_never_taken_for_truth() {
    let keys = Keys::new();
    let dir = tempfile::tempdir().unwrap();
    let whole = ledger(&keys, dir.path());
    let sound = audited(&*keys.local(dir.path()));
    for at in 0..whole.len() {
        let mut bent = whole.clone();
        bent[at] ^= 1 << (at % 8);
        fs::write(dir.path().join("journal"), &bent).unwrap();
        let opened = mlprov::stores::local::journal::LocalLedger::open(dir.path());
        let Ok(Some(ledger)) = opened else { continue };
        use mlprov::ports::log_reader::LogReader;
        let mut read = Vec::new();
        let result = ledger.read(0, &mut |stored| {
            read.push(stored.bytes.to_vec());
            std::ops::ControlFlow::Continue(())
        });
        // Either it is said, or what is read is a true beginning of the log.
        let prefix = read.iter().zip(&sound).all(|(bytes, id)| {
            mlprov::ledger::batch::SealedEntry::parse(bytes.clone()).is_ok_and(|(entry, _)| entry.id() == id)
        });
        assert!(prefix, "bit {at} gave another entry");
        assert!(result.is_err() || read.len() < sound.len(), "bit {at} went unnoticed");
    }
}

#[test]
fn one_flipped_bit_of_anything_derived_changes_nothing() {
    let keys = Keys::new();
    let dir = tempfile::tempdir().unwrap();
    ledger(&keys, dir.path());
    let sound = audited(&*keys.local(dir.path()));
    let tree_at = |size| keys.local(dir.path()).tree_at(size).unwrap();
    let trees: Vec<_> = (0..=sound.len() as u64).map(tree_at).collect();
    for name in ["head", "lookup.offsets", "lookup.ids"] {
        let whole = fs::read(dir.path().join(name)).unwrap();
        // The tables are mostly empty; their header and the slots in use are what can mislead.
        let places = (0..whole.len()).filter(|at| *at < 100 || whole[*at] != 0);
        for at in places {
            let mut bent = whole.clone();
            bent[at] ^= 1 << (at % 8);
            fs::write(dir.path().join(name), &bent).unwrap();
            let ledger = keys.local(dir.path());
            assert_eq!(ledger.head().unwrap().size(), sound.len() as u64, "{name} byte {at}");
            for (size, tree) in trees.iter().enumerate() {
                assert_eq!(ledger.tree_at(size as u64).unwrap(), *tree, "{name} byte {at}");
            }
            for (index, id) in sound.iter().enumerate() {
                let found = ledger.find(id).unwrap();
                // A damaged slot may hide an entry from the lookup; it never names a wrong place.
                let hidden = name == "lookup.ids" && at >= 4096 && found.is_none();
                assert!(found == Some(index as u64) || hidden, "{name} byte {at}");
            }
        }
        fs::write(dir.path().join(name), &whole).unwrap();
    }
}
