use super::*;
use crate::domain::entry::Writer;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use crate::ledger::envelope;
use p256::ecdsa::Signature;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;

/// What one entry says, and who signs it.
#[derive(Clone)]
struct Says {
    index: u64,
    /// Whose name stands under it, and whose key signed.
    name: u8,
    key: u8,
    kind: Kind,
    about: u8,
    /// Whose id stands beside the key.
    id: u8,
    admin: bool,
    project: ProjectId,
}

fn key(seed: u8) -> WriterKey {
    WriterKey::new(*SigningKey::from_slice(&[seed; 32]).unwrap().verifying_key()).unwrap()
}

impl Says {
    fn entry(&self) -> (Envelope, Body) {
        let payload = self.index.to_be_bytes().to_vec();
        let private = SigningKey::from_slice(&[self.key; 32]).unwrap();
        let signature: Signature = private.sign(&envelope::pae(&payload));
        let signature = signature.normalize_s().to_der().as_bytes().to_vec();
        let signer = key(self.name).id();
        let time = Timestamp::from_unix_micros(0);
        let body = serde_json::json!({
            "project": self.project, "kind": self.kind, "time": time,
            "id": crate::domain::ids::EntryId::of_unreadable(&[self.index as u8; 32]),
            "producer": {"name": "t", "version": "0"}, "actor": {"writer": signer},
            "writer": {"keyId": key(self.id).id(), "publicKey": key(self.about).to_base64(), "admin": self.admin},
        });
        (Envelope { payload, key_id: signer, signature }, serde_json::from_value(body).unwrap())
    }
}

/// Key 1 founded the log.
struct Log {
    project: ProjectId,
    writers: Writers,
    next: u64,
}

impl Log {
    fn new() -> Self {
        let mut log = Log { project: ProjectId::draw(), writers: Writers::default(), next: 0 };
        log.says(1, Kind::WriterAdmitted, 1, true);
        log
    }

    fn draft(&self, by: u8, kind: Kind, about: u8, admin: bool) -> Says {
        let (index, project) = (self.next, self.project);
        Says { index, name: by, key: by, kind, about, id: about, admin, project }
    }

    fn follow(&mut self, says: &Says) {
        let (envelope, body) = says.entry();
        self.writers.follow(says.index, &self.project, &envelope, &body);
        self.next = says.index + 1;
    }

    fn says(&mut self, by: u8, kind: Kind, about: u8, admin: bool) {
        self.follow(&self.draft(by, kind, about, admin));
    }

    /// Seeds of those who may write, and of the admins among them.
    fn right(&self) -> (Vec<u8>, Vec<u8>) {
        let list = self.writers.list();
        let is = |seed: &u8, admin: bool| {
            list.iter().any(|(k, a, revoked)| *k == key(*seed) && !revoked && (*a || !admin))
        };
        ((1..9).filter(|s| is(s, false)).collect(), (1..9).filter(|s| is(s, true)).collect())
    }
}

#[test]
fn a_log_is_founded_by_one_form_of_one_entry() {
    let founded = |change: &dyn Fn(&mut Says)| {
        let mut log = Log { next: 0, writers: Writers::default(), project: ProjectId::draw() };
        let mut says = log.draft(1, Kind::WriterAdmitted, 1, true);
        change(&mut says);
        log.follow(&says);
        // Whatever it was, nobody founds the log after it.
        log.says(2, Kind::WriterAdmitted, 2, true);
        log.right().1
    };
    assert_eq!(founded(&|_| {}), [1]);
    let changes: [&dyn Fn(&mut Says); 8] = [
        &|s| s.index = 1,
        &|s| s.kind = Kind::WriterRevoked,
        &|s| s.admin = false,
        &|s| s.key = 3,
        &|s| (s.about, s.id) = (3, 3),
        &|s| s.id = 3,
        &|s| s.about = 3,
        &|s| s.project = ProjectId::draw(),
    ];
    for (n, change) in changes.iter().enumerate() {
        assert_eq!(founded(change), [0u8; 0], "change {n}");
    }
}

#[test]
fn only_an_admin_who_still_is_one_admits_and_revokes() {
    let mut log = Log::new();
    log.says(1, Kind::WriterAdmitted, 2, false);
    log.says(1, Kind::WriterAdmitted, 3, true);
    assert_eq!(log.right(), (vec![1, 2, 3], vec![1, 3]));
    let changes: [&dyn Fn(&mut Says); 4] =
        [&|s| (s.name, s.key) = (2, 2), &|s| (s.name, s.key) = (5, 5), &|s| s.key = 2, &|s| {
            s.project = ProjectId::draw()
        }];
    for (n, change) in changes.iter().enumerate() {
        for (kind, about) in [(Kind::WriterAdmitted, 4), (Kind::WriterRevoked, 3)] {
            let mut says = log.draft(1, kind, about, true);
            change(&mut says);
            log.follow(&says);
            assert_eq!(log.right(), (vec![1, 2, 3], vec![1, 3]), "change {n}");
        }
    }
    log.says(1, Kind::WriterRevoked, 3, true);
    log.says(3, Kind::WriterAdmitted, 4, true);
    log.says(3, Kind::WriterAdmitted, 3, true);
    assert_eq!(log.right(), (vec![1, 2], vec![1]));
    // Who is not admitted, or is no more, has no standing; nor has a signature of another key.
    let judge = |says: &Says| {
        let (envelope, body) = says.entry();
        log.writers.judge(says.index, &envelope, &body)
    };
    let says = |by: u8| log.draft(by, Kind::Annotation, by, false);
    assert_eq!(judge(&says(2)), Standing::Admitted);
    assert_eq!(judge(&says(3)), Standing::Revoked);
    assert_eq!(judge(&says(5)), Standing::Stranger);
    assert_eq!(judge(&Says { key: 1, ..says(2) }), Standing::Forged);
}

#[test]
fn a_rotation_is_two_entries_in_a_row_by_both_keys() {
    let after = |half: &dyn Fn(&mut Says), other: &dyn Fn(&mut Says)| {
        let mut log = Log::new();
        log.says(1, Kind::WriterAdmitted, 2, false);
        log.says(1, Kind::WriterAdmitted, 3, false);
        log.says(1, Kind::WriterRevoked, 3, false);
        for (by, named, change) in [(1, 4, half), (4, 1, other)] {
            let mut says = log.draft(by, Kind::KeyRotated, named, false);
            change(&mut says);
            log.follow(&says);
        }
        log.right()
    };
    let as_it_is = |_: &mut Says| {};
    assert_eq!(after(&as_it_is, &as_it_is), (vec![2, 4], vec![4]));
    let nobody = (vec![1, 2], vec![1]);
    // The second half: too late, by another key, about another one, of another kind or project.
    let changes: [&dyn Fn(&mut Says); 5] = [
        &|s| s.index += 1,
        &|s| s.key = 5,
        &|s| (s.about, s.id) = (2, 2),
        &|s| s.kind = Kind::Annotation,
        &|s| s.project = ProjectId::draw(),
    ];
    for (n, change) in changes.iter().enumerate() {
        assert_eq!(after(&as_it_is, change), nobody, "change {n}");
    }
    // The first half: by a stranger, forged, or naming a key that the log knows: it has a right already, or
    // none any more.
    assert_eq!(after(&|s| (s.name, s.key) = (5, 5), &|s| (s.about, s.id) = (5, 5)), nobody);
    assert_eq!(after(&|s| s.key = 4, &as_it_is), nobody);
    for known in [2, 3] {
        let first = move |s: &mut Says| (s.about, s.id) = (known, known);
        assert_eq!(after(&first, &move |s| (s.name, s.key) = (known, known)), nobody, "key {known}");
    }
    // A writer who names himself an admin stays a writer.
    let by_writer = |s: &mut Says| (s.name, s.key, s.admin) = (2, 2, true);
    let second = |s: &mut Says| (s.about, s.id, s.admin) = (2, 2, true);
    assert_eq!(after(&by_writer, &second), (vec![1, 4], vec![1]));
}

/// Key `by` signs what is said of a run with this code (seconds since the Unix epoch).
fn of_run(log: &Log, by: u8, kind: Kind, run: u8, code: char, seconds: i64) -> (Envelope, Body) {
    let (envelope, body) = log.draft(by, kind, by, false).entry();
    let source = serde_json::json!({
        "vcs": "git", "objectFormat": "sha1", "commit": code.to_string().repeat(40), "tree": "b".repeat(40),
    });
    let time = Timestamp::from_unix_micros(seconds * 1_000_000);
    let run = serde_json::json!({
        "id": RunId::new(1, &[run; 10]), "status": "STARTED", "startedOn": time, "command": ["true"], "cwd": ".",
    });
    let run = serde_json::from_value(run).unwrap();
    let body = Body { time, source: serde_json::from_value(source).unwrap(), run: Some(run), ..body };
    (envelope, body)
}

impl Log {
    /// Key `by` lets `key` record run 1 with code a, until second 1,000.
    fn delegates(&mut self, by: u8, about: u8) {
        self.delegates_until(by, about, 'a', 1_000);
    }

    fn delegates_until(&mut self, by: u8, about: u8, code: char, seconds: i64) {
        let (envelope, body) = self.delegation(by, about, code, seconds);
        self.writers.follow(self.next, &self.project, &envelope, &body);
        self.next += 1;
    }

    fn delegation(&self, by: u8, about: u8, code: char, seconds: i64) -> (Envelope, Body) {
        let (envelope, _) = self.draft(by, Kind::RunDelegated, about, false).entry();
        let (_, mut body) = of_run(self, by, Kind::RunDelegated, 1, code, 0);
        let (run, key) = (body.run.take().unwrap(), key(about));
        let not_after = Timestamp::from_unix_micros(seconds * 1_000_000);
        body.delegation = Some(Delegation { run: run.id, not_after });
        body.writer = Some(Writer { key_id: key.id(), public_key: key.to_base64(), admin: true });
        (envelope, body)
    }

    fn judges(&self, (envelope, body): (Envelope, Body)) -> Standing {
        self.writers.judge(self.next, &envelope, &body)
    }
}

#[test]
fn a_key_for_one_run_records_that_run_and_nothing_else() {
    let mut log = Log::new();
    log.says(1, Kind::WriterAdmitted, 2, false);
    let start = |log: &Log, by| log.judges(of_run(log, by, Kind::RunStarted, 1, 'a', 1_000));
    assert_eq!(start(&log, 5), Standing::Stranger);
    log.delegates(2, 5);
    assert_eq!(start(&log, 5), Standing::Admitted);
    assert_eq!(log.judges(of_run(&log, 5, Kind::RunFinished, 1, 'a', 999)), Standing::Admitted);
    assert_eq!(log.judges(of_run(&log, 5, Kind::RunFinished, 1, 'a', 1_001)), Standing::Expired);
    for (kind, run, code) in [
        (Kind::RunStarted, 2, 'a'),
        (Kind::RunFinished, 1, 'c'),
        (Kind::CommitRecorded, 1, 'a'),
        (Kind::ModelApproved, 1, 'a'),
        (Kind::RunDelegated, 1, 'a'),
    ] {
        assert_eq!(log.judges(of_run(&log, 5, kind, run, code, 0)), Standing::NotDelegated);
    }
    // It is no writer: it admits nobody, delegates nothing, and has no successor.
    log.says(5, Kind::WriterAdmitted, 6, true);
    log.delegates(5, 6);
    log.says(5, Kind::KeyRotated, 6, false);
    log.says(6, Kind::KeyRotated, 5, false);
    assert_eq!((log.right(), start(&log, 6)), ((vec![1, 2], vec![1]), Standing::Stranger));
    // A stranger delegates nothing, and nobody takes the right of a key that the log knows.
    log.delegates(7, 8);
    log.delegates(2, 1);
    assert_eq!((start(&log, 8), log.right()), (Standing::Stranger, (vec![1, 2], vec![1])));
}

#[test]
fn a_key_for_one_run_goes_with_whoever_gave_it() {
    let delegated = || {
        let mut log = Log::new();
        log.says(1, Kind::WriterAdmitted, 2, false);
        log.delegates(2, 5);
        log
    };
    let start = |log: &Log| log.judges(of_run(log, 5, Kind::RunStarted, 1, 'a', 0));
    for revoked in [2, 5] {
        let mut log = delegated();
        log.says(1, Kind::WriterRevoked, revoked, false);
        assert_eq!((start(&log), log.writers.may_write(&key(5).id())), (Standing::Revoked, false));
    }
    // A key that takes the place of another one takes over what that one gave.
    let mut log = delegated();
    log.says(2, Kind::KeyRotated, 4, false);
    log.says(4, Kind::KeyRotated, 2, false);
    assert_eq!(start(&log), Standing::Admitted);
    log.says(1, Kind::WriterRevoked, 4, false);
    assert_eq!(start(&log), Standing::Revoked);
}

#[test]
fn whoever_gave_the_right_gives_it_for_longer_and_nobody_else() {
    let mut log = Log::new();
    log.says(1, Kind::WriterAdmitted, 2, false);
    log.delegates(2, 5);
    let at = |log: &Log, seconds| log.judges(of_run(log, 5, Kind::RunFinished, 1, 'a', seconds));
    assert_eq!(at(&log, 2_000), Standing::Expired);
    log.delegates_until(1, 5, 'a', 3_000);
    log.delegates_until(2, 5, 'c', 3_000);
    log.delegates_until(5, 5, 'a', 3_000);
    assert_eq!((at(&log, 2_000), at(&log, 1_000)), (Standing::Expired, Standing::Admitted));
    log.delegates_until(2, 5, 'a', 2_000);
    assert_eq!((at(&log, 2_000), at(&log, 2_001)), (Standing::Admitted, Standing::Expired));
    log.delegates_until(2, 5, 'a', 1_000);
    assert_eq!(at(&log, 2_000), Standing::Admitted, "what was given is not taken back so");
    log.says(1, Kind::WriterRevoked, 5, false);
    log.delegates_until(2, 5, 'a', 4_000);
    assert_eq!(at(&log, 2_000), Standing::Revoked);
}

/// As many capsules as a sweep has: what is kept of each entry is a few pointers, and judges as all that stood before it did.
#[test]
fn a_history_judges_as_the_writers_of_then_and_shares_what_they_were() {
    let mut log = Log { project: ProjectId::draw(), writers: Writers::default(), next: 0 };
    let mut entries = Vec::new();
    let mut push = |log: &mut Log, entry: &dyn Fn(&Log) -> (Envelope, Body)| {
        entries.push(entry(log));
        log.next += 1;
    };
    let says = |log: &Log, by, kind, about| log.draft(by, kind, about, about == 1).entry();
    push(&mut log, &|log| says(log, 1, Kind::WriterAdmitted, 1));
    push(&mut log, &|log| says(log, 1, Kind::WriterAdmitted, 2));
    for capsule in 10..110 {
        push(&mut log, &|log| log.delegation(2, capsule, 'a', 1_000));
        push(&mut log, &|log| of_run(log, capsule, Kind::RunStarted, 1, 'a', 1));
        push(&mut log, &|log| {
            of_run(log, capsule, Kind::RunFinished, 1, 'a', 1_000 + i64::from(capsule % 2))
        });
        match capsule {
            50 => {
                push(&mut log, &|log| says(log, 2, Kind::KeyRotated, 3));
                push(&mut log, &|log| says(log, 3, Kind::KeyRotated, 2));
            }
            60 => push(&mut log, &|log| says(log, 1, Kind::WriterAdmitted, 2)),
            90 => push(&mut log, &|log| says(log, 1, Kind::WriterRevoked, 2)),
            _ => {}
        }
        push(&mut log, &|log| of_run(log, capsule, Kind::CommitRecorded, 1, 'a', 1));
    }
    let mut history = History::default();
    let mut then = vec![Writers::default()];
    for (index, (envelope, body)) in (0..).zip(&entries) {
        history.follow(&log.project, Some((envelope, body)));
        let mut next = then[then.len() - 1].clone();
        next.follow(index, &log.project, envelope, body);
        then.push(next);
    }
    let mut found = std::collections::BTreeSet::new();
    for (index, (envelope, body)) in (0..).zip(&entries) {
        let before = &then[usize::from(index == 0) + index as usize];
        let standing = history.standing(index, envelope, body);
        assert_eq!(standing, before.judge(index, envelope, body), "{index}");
        found.insert(format!("{standing:?}"));
    }
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["Admitted", "Expired", "NotDelegated", "Revoked", "Stranger"]
    );
    // Of each entry the history has a few pointers, and there is one copy of what they point to.
    assert!(size_of::<Right>() <= 4 * size_of::<usize>());
    let keys = [2, 6].map(|index| match history.right(index) {
        Right::Known { key: shared, .. } if shared.id() == key(2).id() => shared,
        other => panic!("{other:?}"),
    });
    assert!(Arc::ptr_eq(&keys[0], &keys[1]));
    let runs = [3, 4].map(|index| match history.right(index) {
        Right::Known { only: Some(only), .. } => only,
        other => panic!("{other:?}"),
    });
    assert!(Arc::ptr_eq(&runs[0], &runs[1]));
}
