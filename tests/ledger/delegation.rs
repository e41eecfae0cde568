//! Keys that may record one run: what `verify` and the audit say of one that says more, whatever client it used.

use crate::common::Output;
use crate::common::Sandbox;
use mlprov::domain::delegation::Delegation;
use mlprov::domain::entry::Body;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::List;
use mlprov::domain::entry::Writer;
use mlprov::domain::ids::RunId;
use mlprov::domain::time::Timestamp;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::keys::WriterKeyFile;
use serde_json::json;
use std::cell::Cell;

/// A project with one run, whose facts others are made of.
struct Log {
    s: Sandbox,
    start: Body,
    end: Body,
    keys: tempfile::TempDir,
    count: Cell<u8>,
}

const UNTIL: i64 = 4_000_000_000_000_000;

impl Log {
    fn new() -> Log {
        let s = Sandbox::project_with_data();
        s.mlprov(&["run", "--", "true"]).success();
        let shown = s.json(&["show", "latest"])["entries"].as_array().unwrap().clone();
        let body = |kind: &str| {
            let found = shown.iter().find(|e| e["statement"]["predicate"]["kind"] == kind).unwrap();
            serde_json::from_value(found["statement"]["predicate"].clone()).unwrap()
        };
        let (start, end) = (body("run.started"), body("run.finished"));
        Log { s, start, end, keys: tempfile::tempdir().unwrap(), count: Cell::new(0) }
    }

    fn key(&self) -> WriterKeyFile {
        self.count.set(self.count.get() + 1);
        WriterKeyFile::open_or_create(&self.keys.path().join(self.count.get().to_string())).unwrap().0
    }

    /// Lets a key record a run of its own. The run's id.
    fn delegate(&self, by: &WriterKeyFile, key: &WriterKeyFile) -> RunId {
        let run = RunId::new(1, &[self.count.get(); 10]);
        self.s.forge(by, Kind::RunDelegated, |body| {
            body.delegation = Some(Delegation { run, not_after: Timestamp::from_unix_micros(UNTIL) });
            let (key_id, public_key) = (key.public().id(), key.public().to_base64());
            body.writer = Some(Writer { key_id, public_key, admin: false });
            body.source.clone_from(&self.end.source);
            body.inputs.clone_from(&self.end.inputs);
        });
        run
    }

    /// Records start and end with a key, as `change` has them, and what `verify` says then.
    fn recorded(&self, key: &WriterKeyFile, run: RunId, change: impl Fn(&mut Body)) -> Output {
        for said in [&self.start, &self.end] {
            self.s.forge(key, said.kind.clone(), |body| {
                let (id, actor) = (body.id, body.actor.clone());
                *body = Body { id, actor, ..said.clone() };
                body.run.as_mut().unwrap().id = run;
                change(body);
            });
        }
        self.s.mlprov(&["ledger", "checkpoint"]).success();
        self.s.mlprov(&["verify", &run.to_string()])
    }
}

#[test]
fn what_was_delegated_verifies() {
    let log = Log::new();
    let key = log.key();
    let run = log.delegate(&log.s.writer(), &key);
    let out = log.recorded(&key, run, |_| {});
    out.success().shows("not seen by the machine that ran").shows("its launcher says so");
    log.s.mlprov(&["ledger", "audit"]).success();
}

/// What they signed before stays valid, and whoever reads it is told.
#[test]
fn a_launcher_who_is_revoked_later_is_told_of_beside_the_run() {
    let log = Log::new();
    let (launcher, key) = (log.key(), log.key());
    log.s.mlprov(&["key", "admit", &launcher.public().to_base64()]).success();
    let run = log.delegate(&launcher, &key);
    log.recorded(&key, run, |_| {}).success();
    let told = |out: &Output| (out.stdout().contains("delegated it was revoked later"), out.exit_code());
    let verify = || log.s.mlprov(&["verify", &run.to_string()]);
    assert_eq!(told(&verify()), (false, Some(0)));
    log.s.mlprov(&["key", "revoke", &launcher.public().id().to_string()]).success();
    assert_eq!(told(&verify()), (true, Some(0)));
    // Of runs that others recorded it says nothing.
    let end = log.end.run.as_ref().unwrap().id.to_string();
    assert_eq!(told(&log.s.mlprov(&["verify", &end])), (false, Some(0)));
}

#[test]
fn a_key_that_says_more_than_was_delegated_is_found() {
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Body));
    let changes: [Change<'_>; 4] = [
        ("its time was over", &|body| body.time = Timestamp::from_unix_micros(UNTIL + 1)),
        ("this is something else", &|body| {
            body.source.as_mut().unwrap().tree = "1".repeat(40).parse().unwrap();
        }),
        ("this is something else", &|body| {
            body.run.as_mut().unwrap().id = RunId::new(2, &[9; 10]);
        }),
        ("not among the data that was delegated", &|body| {
            let List::Inline(inputs) = &mut body.inputs else { panic!() };
            inputs[0].name = "other".parse().unwrap();
        }),
    ];
    for (what, change) in changes {
        let log = Log::new();
        let key = log.key();
        let run = log.delegate(&log.s.writer(), &key);
        let mut out = log.recorded(&key, run, change);
        if out.exit_code() == Some(3) {
            out = log.s.mlprov(&["verify", &RunId::new(2, &[9; 10]).to_string()]);
        }
        out.code(1).shows(what);
        let audit = log.s.mlprov(&["ledger", "audit"]);
        assert_eq!(audit.exit_code(), Some(u8::from(!what.starts_with("not")).into()), "{}", audit.stdout());
    }
}

#[test]
fn nobody_delegates_what_is_not_his() {
    let log = Log::new();
    let (stranger, key, next) = (log.key(), log.key(), log.key());
    let run = log.delegate(&stranger, &key);
    log.recorded(&key, run, |_| {}).code(1).shows("was never admitted");
    // Nor does a key for one run.
    let key = log.key();
    log.delegate(&log.s.writer(), &key);
    let run = log.delegate(&key, &next);
    log.recorded(&next, run, |_| {}).code(1).shows("was never admitted");
}

#[test]
fn a_revoked_key_and_one_of_a_revoked_writer_record_nothing_more() {
    for own in [true, false] {
        let log = Log::new();
        let (writer, key) = (log.key(), log.key());
        log.s.mlprov(&["key", "admit", &writer.public().to_base64()]).success();
        let run = log.delegate(&writer, &key);
        let revoked = if own { &key } else { &writer };
        log.s.mlprov(&["key", "revoke", &revoked.public().id().to_string()]).success();
        log.recorded(&key, run, |_| {}).code(1).shows("had been revoked before");
        let listed = log.s.json(&["key", "list"])["writers"].as_array().unwrap().len();
        assert_eq!(json!(listed), json!(2), "a key for one run is no writer");
    }
}
