use super::*;
use std::fs;
use std::path::PathBuf;

struct Place {
    dir: tempfile::TempDir,
    log: LogId,
}

fn root(n: u64) -> TreeHash {
    crate::ledger::hash::leaf(&n.to_le_bytes())
}

fn digits(n: u64) -> Term {
    Term::Digits(n.to_string())
}

impl Place {
    fn new() -> Self {
        Place { dir: tempfile::tempdir().unwrap(), log: LogId::draw() }
    }

    fn index(&self) -> LocalIndex {
        LocalIndex::new(self.dir.path())
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("index.sqlite")
    }

    fn covered(&self, size: u64) -> Covered {
        Covered { log: self.log, size, root: root(size), latest_run: None }
    }

    /// Entry `n` is about `n % 10` and about itself.
    fn rows(&self, range: std::ops::Range<u64>) -> Vec<Row> {
        let terms = |n: u64| vec![digits(n % 10), Term::ModelGroup(n.to_string())];
        let row = |n| Row { index: n, terms: terms(n), directories: vec![], complete: true };
        range.map(row).collect()
    }

    fn add(&self, index: &LocalIndex, range: std::ops::Range<u64>) -> Result<bool> {
        index.add(range.start, &self.rows(range.clone()), &self.covered(range.end))
    }

    fn hits(&self, index: &LocalIndex, term: &Term, size: u64) -> Result<Option<Vec<u64>>> {
        let found = index.find(term, &[self.covered(size)])?;
        Ok(found.map(|f| f.hits.iter().map(|h| h.index).collect()))
    }
}

#[test]
fn what_was_added_is_found_and_nothing_else() {
    let p = Place::new();
    let index = p.index();
    assert_eq!(index.covered(p.log).unwrap(), None);
    assert!(!p.path().exists(), "a question makes nothing");
    assert!(p.add(&index, 0..25).unwrap());
    assert!(p.add(&index, 25..40).unwrap());
    for index in [index, p.index()] {
        assert_eq!(index.covered(p.log).unwrap(), Some(p.covered(40)));
        assert_eq!(p.hits(&index, &digits(3), 40).unwrap(), Some(vec![3, 13, 23, 33]));
        assert_eq!(p.hits(&index, &digits(11), 40).unwrap(), None);
        assert_eq!(p.hits(&index, &digits(3), 25).unwrap(), None, "not covered as the caller says");
    }
}

#[test]
fn what_does_not_continue_is_not_added() {
    let p = Place::new();
    let index = p.index();
    assert!(!p.add(&index, 5..9).unwrap());
    assert!(p.add(&index, 0..5).unwrap());
    assert!(!p.add(&index, 0..5).unwrap(), "another process was first");
    assert!(!p.add(&index, 6..9).unwrap());
    assert_eq!(p.hits(&index, &digits(3), 5).unwrap(), Some(vec![3]));
}

#[test]
fn logs_are_kept_apart_and_a_forgotten_one_leaves_nothing() {
    let p = Place::new();
    let other = Place { dir: tempfile::tempdir().unwrap(), log: LogId::draw() };
    let index = p.index();
    assert!(p.add(&index, 0..20).unwrap());
    assert!(other.add(&index, 0..12).unwrap());
    let both = index.find(&digits(1), &[other.covered(12), p.covered(20)]).unwrap().unwrap();
    let hit = |log, index| Hit { log, index };
    assert_eq!(both.hits, [hit(other.log, 1), hit(other.log, 11), hit(p.log, 1), hit(p.log, 11)]);
    index.forget(p.log).unwrap();
    assert_eq!(index.covered(p.log).unwrap(), None);
    assert_eq!(p.hits(&index, &digits(1), 20).unwrap(), None);
    assert_eq!(other.hits(&index, &digits(1), 12).unwrap(), Some(vec![1, 11]));
    // Shorter than before: rows of the first time must not come back.
    assert!(p.add(&index, 0..5).unwrap());
    assert_eq!(p.hits(&index, &digits(1), 5).unwrap(), Some(vec![1]));
    assert_eq!(p.hits(&index, &digits(9), 5).unwrap(), Some(vec![]), "known, and in no entry");
}

#[test]
fn files_of_directories_are_found_by_their_content() {
    let p = Place::new();
    let index = p.index();
    let (a, b) = (Blake3Hash::of(b"a"), Blake3Hash::of(b"b"));
    let (one, two) = (Blake3Hash::of(b"one"), Blake3Hash::of(b"two"));
    let mut rows = p.rows(0..1);
    rows[0].directories = vec![a, b];
    rows[0].terms.push(Term::Content(one));
    assert!(index.add(0, &rows, &p.covered(1)).unwrap());
    assert_eq!(index.unread_directories().unwrap(), [a, b]);
    index.add_directory(&a, &mut [Ok(one), Ok(two)].into_iter()).unwrap();
    let broken = || Err(StoreError::Missing { what: "x".into() });
    assert!(index.add_directory(&b, &mut [Ok(one), broken()].into_iter()).is_err());
    assert_eq!(index.unread_directories().unwrap(), [b]);
    let find = |content| index.find(&Term::Content(content), &[p.covered(1)]).unwrap().unwrap();
    assert_eq!(find(one), Found { hits: vec![Hit { log: p.log, index: 0 }], inside: vec![a] });
    assert_eq!(find(two), Found { hits: vec![], inside: vec![a] });
}

#[test]
fn an_incomplete_entry_is_remembered_until_it_is_complete() {
    let p = Place::new();
    let index = p.index();
    let mut rows = p.rows(0..2);
    rows[1].complete = false;
    assert!(index.add(0, &rows, &p.covered(2)).unwrap());
    assert_eq!(index.incomplete(&p.covered(2)).unwrap(), [1]);
    let full = Row { index: 1, terms: vec![digits(77)], directories: vec![], complete: true };
    index.complete(&p.covered(2), &full).unwrap();
    assert_eq!(index.incomplete(&p.covered(2)).unwrap(), Vec::<u64>::new());
    assert_eq!(p.hits(&index, &digits(77), 2).unwrap(), Some(vec![1]));
}

#[test]
fn a_file_of_another_version_or_a_copy_is_made_again() {
    let p = Place::new();
    assert!(p.add(&p.index(), 0..5).unwrap());
    let set = |version: i64| {
        Connection::open(p.path()).unwrap().pragma_update(None, "user_version", version).unwrap();
    };
    for version in [0, 99] {
        set(version);
        assert_eq!(p.index().covered(p.log).unwrap(), None, "version {version}");
        assert!(p.add(&p.index(), 0..5).unwrap());
        assert_eq!(p.index().covered(p.log).unwrap(), Some(p.covered(5)));
    }
    // Kept open, so that the copy cannot get the inode of the original.
    let original = fs::File::open(p.path()).unwrap();
    let bytes = fs::read(p.path()).unwrap();
    fs::remove_file(p.path()).unwrap();
    fs::write(p.path(), bytes).unwrap();
    assert_eq!(p.index().covered(p.log).unwrap(), None, "a copy");
    drop(original);
}

#[test]
fn no_flipped_bit_and_no_cut_gives_a_wrong_answer() {
    let p = Place::new();
    let index = p.index();
    assert!(p.add(&index, 0..2000).unwrap());
    drop(index);
    let whole = fs::read(p.path()).unwrap();
    let terms = [digits(3), Term::ModelGroup("3".into()), Term::ModelGroup("1999".into())];
    let sound: Vec<_> = terms.iter().map(|t| p.hits(&p.index(), t, 2000).unwrap()).collect();
    assert_eq!(sound[1..], [Some(vec![3]), Some(vec![1999])]);
    let step = whole.len() / 1500 + 1;
    // The header and the schema byte by byte, of the rest as much as time allows.
    let places = (0..4200).chain((4200..whole.len()).step_by(step));
    let mut noticed = 0;
    for at in places {
        let mut bent = whole.clone();
        bent[at] ^= 1 << (at % 8);
        fs::write(p.path(), &bent).unwrap();
        for (term, sound) in terms.iter().zip(&sound) {
            match p.hits(&p.index(), term, 2000) {
                Ok(None) | Err(_) => noticed += 1,
                Ok(found) => assert_eq!(found, *sound, "byte {at}"),
            }
        }
    }
    assert!(noticed > 100, "bits were flipped where something reads: {noticed}");
    for cut in (0..whole.len()).step_by(511) {
        fs::write(p.path(), &whole[..cut]).unwrap();
        for (term, sound) in terms.iter().zip(&sound) {
            if let Ok(Some(found)) = p.hits(&p.index(), term, 2000) {
                assert_eq!(Some(found), *sound, "cut at {cut}");
            }
        }
    }
    // And it can be begun again, whatever is there.
    for cut in [0, 1, 99, 4096, whole.len() / 2, whole.len()] {
        fs::write(p.path(), &whole[..cut]).unwrap();
        p.index().clear().unwrap();
        assert_eq!(p.index().covered(p.log).unwrap(), None, "cut at {cut}");
        assert!(p.add(&p.index(), 0..1).unwrap(), "cut at {cut}");
    }
}

/// Entry `n` has the metric `m` with the value `n / 2`, every tenth also as text.
fn with_metric(range: std::ops::Range<u64>) -> Vec<Row> {
    let metric = |value: String| {
        let term = |value| Term::Metric { name: "m".into(), value };
        [term(None), term(Some(value))]
    };
    let row = |n: u64| {
        let mut terms = metric((n as f64 / 2.0).to_string()).to_vec();
        if n.is_multiple_of(10) {
            terms.extend(metric("text".to_owned()));
        }
        Row { index: n, terms, directories: vec![], complete: true }
    };
    range.map(row).collect()
}

fn numbers(
    p: &Place,
    index: &LocalIndex,
    size: u64,
    holds: impl Fn(f64) -> bool,
) -> Result<Option<Vec<u64>>> {
    let found = index.with_number(&Named::Metric("m"), &holds, &[p.covered(size)])?;
    Ok(found.map(|hits| hits.iter().map(|hit| hit.index).collect()))
}

#[test]
fn numbers_are_compared_as_numbers() {
    let p = Place::new();
    let index = p.index();
    assert_eq!(numbers(&p, &index, 0, |_| true).unwrap(), None);
    assert!(index.add(0, &with_metric(0..700), &p.covered(700)).unwrap());
    assert!(index.add(700, &with_metric(700..3000), &p.covered(3000)).unwrap());
    let found = |holds: fn(f64) -> bool| numbers(&p, &index, 3000, holds).unwrap().unwrap();
    assert_eq!(found(|n| n >= 1498.5), [2997, 2998, 2999]);
    assert_eq!(found(|n| n > 349.0 && n < 351.0), [699, 700, 701]);
    assert_eq!(found(|n| n == 512.0), [1024]);
    assert!(found(|n| n < 0.0).is_empty());
    assert_eq!(found(|_| true).len(), 3000, "each once, also what has two values");
    assert_eq!(numbers(&p, &index, 700, |_| true).unwrap(), None, "not covered as the caller says");
    let other = index.with_number(&Named::Parameter("m"), &|_| true, &[p.covered(3000)]).unwrap();
    assert_eq!(other, None);
}

#[test]
fn numbers_that_were_lost_are_missed() {
    let p = Place::new();
    for spoil in [
        "DELETE FROM number WHERE chunk = 1",
        "DELETE FROM number",
        "UPDATE number SET numbers = x'00000000'",
        "UPDATE number SET chunk = 7 WHERE chunk = 2",
        "UPDATE number SET numbers = (SELECT numbers FROM number WHERE chunk = 0) WHERE chunk = 1",
    ] {
        let index = p.index();
        index.clear().unwrap();
        assert!(index.add(0, &with_metric(0..3000), &p.covered(3000)).unwrap());
        drop(index);
        Connection::open(p.path()).unwrap().execute(spoil, []).unwrap();
        let found = numbers(&p, &p.index(), 3000, |n| n > 1499.0);
        assert!(matches!(found, Err(StoreError::Corrupt { .. })), "{spoil}: {found:?}");
    }
    let index = p.index();
    index.clear().unwrap();
    assert!(index.add(0, &with_metric(0..3000), &p.covered(3000)).unwrap());
    drop(index);
    let whole = fs::read(p.path()).unwrap();
    let right = numbers(&p, &p.index(), 3000, |n| n > 1499.0).unwrap();
    assert_eq!(right, Some(vec![2999]));
    for at in (0..whole.len()).step_by(whole.len() / 1500 + 1) {
        let mut bent = whole.clone();
        bent[at] ^= 1 << (at % 8);
        fs::write(p.path(), &bent).unwrap();
        if let Ok(Some(found)) = numbers(&p, &p.index(), 3000, |n| n > 1499.0) {
            assert_eq!(Some(found), right, "byte {at}");
        }
    }
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_that_one_can_do_without() {
    let p = Place::new();
    let nowhere = LocalIndex::new(&p.dir.path().join("none"));
    assert_eq!(nowhere.covered(p.log).unwrap(), None);
    assert!(matches!(p.add(&nowhere, 0..1), Err(StoreError::Io { .. })));
    fs::create_dir(p.path()).unwrap();
    let blocked = p.index();
    assert!(matches!(p.add(&blocked, 0..1), Err(StoreError::Io { .. })));
    assert!(matches!(blocked.clear(), Err(StoreError::Io { .. })));
}

#[test]
fn who_holds_the_lock_is_not_waited_for_long() {
    let p = Place::new();
    assert!(p.add(&p.index(), 0..5).unwrap());
    let lock = fs::File::open(p.dir.path().join("index.lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(p.add(&p.index(), 5..6), Err(StoreError::Locked { .. })));
    assert_eq!(p.hits(&p.index(), &digits(3), 5).unwrap(), Some(vec![3]), "reading needs no lock");
}

#[test]
fn many_writers_and_readers_at_once_agree() {
    let p = Place::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let index = p.index();
                loop {
                    let size = index.covered(p.log).unwrap().map_or(0, |c| c.size);
                    if size == 200 {
                        break;
                    }
                    let _ = p.add(&index, size..size + 10).unwrap();
                    if let Some(hits) = p.hits(&index, &digits(3), size).unwrap() {
                        assert_eq!(hits.len() as u64, size / 10);
                    }
                }
            });
        }
    });
    assert_eq!(p.hits(&p.index(), &digits(3), 200).unwrap().unwrap().len(), 20);
}
