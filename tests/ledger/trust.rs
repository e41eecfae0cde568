//! Whom to believe: rules of a call, required checkpoints, writers admitted and revoked.

use crate::common::Sandbox;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::Writer;
use mlprov::domain::time::Timestamp;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::keys::WriterKeyFile;
use std::fs;
use std::path::PathBuf;

/// A second user of the same clone, with a home of his own.
fn other_home(s: &Sandbox) -> PathBuf {
    let home = s.root().join("other-home");
    fs::create_dir_all(&home).unwrap();
    home
}

fn as_other(s: &Sandbox, args: &[&str]) -> std::process::Output {
    s.prepared(args).env("HOME", other_home(s)).output().unwrap()
}

fn text(out: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

#[test]
fn a_stranger_verifies_by_exported_rules_and_pins_nothing() {
    let s = Sandbox::project_with_data();
    let rules = s.mlprov(&["key", "export"]).success().stdout();
    let out = as_other(&s, &["verify", "HEAD"]);
    assert_eq!(out.status.code(), Some(3), "{}", text(&out));
    s.write("../rules", &rules);
    let out = as_other(&s, &["verify", "HEAD", "--trust", "../rules"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    // As a secret of a CI system: the text itself.
    let by_variable = |args: &[&str]| {
        s.prepared(args).env("HOME", other_home(&s)).env("MLPROV_TRUST", &rules).output().unwrap()
    };
    for args in [&["verify", "HEAD"][..], &["ledger", "audit"]] {
        let out = by_variable(args);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    }
    // Verifying never pins.
    assert_eq!(as_other(&s, &["verify", "HEAD"]).status.code(), Some(3));
    let proof = s.root().join("proof");
    s.mlprov(&["ledger", "prove", "HEAD", "-o", proof.to_str().unwrap()]).success();
    assert_eq!(as_other(&s, &["ledger", "check-proof", proof.to_str().unwrap()]).status.code(), Some(3));
    assert_eq!(by_variable(&["ledger", "check-proof", proof.to_str().unwrap()]).status.code(), Some(0));
}

#[test]
fn rules_that_are_not_understood_or_name_nobody_are_refused() {
    let s = Sandbox::project_with_data();
    let rules = s.mlprov(&["key", "export"]).success().stdout();
    for bad in
        ["# nothing\n".to_owned(), format!("{rules}witness x y\n"), format!("{rules}checkpoint AAAA\n")]
    {
        s.write("../rules", &bad);
        s.mlprov(&["verify", "HEAD", "--trust", "../rules"]).code(2);
    }
    s.mlprov(&["verify", "HEAD", "--trust", "../none"]).code(3);
}

#[test]
fn another_founder_than_the_rules_name_is_found() {
    let s = Sandbox::project_with_data();
    let rules = s.mlprov(&["key", "export"]).success().stdout();
    let stranger = as_other(&s, &["key", "request"]);
    let stranger = String::from_utf8(stranger.stdout).unwrap();
    let own = rules.lines().find(|l| l.starts_with("admin ")).unwrap();
    s.write("../rules", rules.replace(own, &format!("admin {}", stranger.trim())));
    s.mlprov(&["verify", "HEAD", "--trust", "../rules"]).code(1).shows("none of the trusted admins");
}

#[test]
fn a_required_checkpoint_finds_a_rollback_that_nobody_here_remembers() {
    let s = Sandbox::project_with_data();
    let early = s.mlprov(&["ledger", "checkpoint"]).success().stdout();
    let ledger = s.root().join("old-ledger");
    let copy = |from: PathBuf, to: PathBuf| {
        assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    };
    copy(s.ledger(""), ledger.clone());
    s.mlprov(&["run", "--", "true"]).success();
    let late = s.mlprov(&["ledger", "checkpoint"]).success().stdout();
    s.write("../early", &early);
    s.write("../late", &late);
    for note in ["../early", "../late"] {
        s.mlprov(&["verify", "latest", "--min-checkpoint", note]).success().shows("checkpoint demanded");
    }
    // Everything here is rolled back: journal, checkpoint, and what was seen.
    fs::remove_dir_all(s.ledger("")).unwrap();
    copy(ledger, s.ledger(""));
    fs::remove_dir_all(s.state_dir().join("seen")).unwrap();
    s.mlprov(&["verify", "HEAD", "--min-checkpoint", "../late"]).code(1).shows("does not continue");
    assert!(!s.state_dir().join("seen").exists(), "what is contradicted is not remembered");
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["verify", "HEAD", "--min-checkpoint", "../early"]).success();
    s.mlprov(&["ledger", "audit", "--min-checkpoint", "../late"]).code(1);
}

#[test]
fn a_writer_is_admitted_and_revoked_by_index() {
    let s = Sandbox::project_with_data();
    let key = String::from_utf8(as_other(&s, &["key", "request"]).stdout).unwrap().trim().to_owned();
    // The second user of this machine can read the log's key, as members of one group might.
    let keys = other_home(&s).join(".config/mlprov/keys");
    for file in fs::read_dir(s.keys_dir()).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("log-") {
            fs::copy(file.path(), keys.join(file.file_name())).unwrap();
        }
    }
    s.write("other.csv", "1\n");
    let out = as_other(&s, &["track", "other.csv"]);
    assert_eq!(out.status.code(), Some(2), "{}", text(&out));
    assert!(text(&out).contains("mlprov key request"), "{}", text(&out));

    s.mlprov(&["key", "admit", &key]).success();
    s.mlprov(&["key", "admit", &key]).code(2).says("already");
    let out = as_other(&s, &["track", "other.csv"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    s.mlprov(&["verify", "other.csv"]).success();
    let admits = as_other(&s, &["key", "admit", &key, "--admin"]);
    assert_eq!(admits.status.code(), Some(2), "a writer is no admin: {}", text(&admits));

    let listed = s.json(&["key", "list"]);
    let writers = listed["writers"].as_array().unwrap();
    assert_eq!(writers.len(), 2);
    let other = writers.iter().find(|w| w["own"] == false).unwrap();
    assert_eq!((&other["publicKey"], &other["admin"]), (&key.as_str().into(), &false.into()));
    s.mlprov(&["key", "revoke", other["key"].as_str().unwrap()]).success();
    s.write("more.csv", "2\n");
    let out = as_other(&s, &["track", "more.csv"]);
    assert_eq!(out.status.code(), Some(2), "{}", text(&out));
    // What was signed before stays valid, and it is said.
    s.mlprov(&["verify", "other.csv"]).success().shows("its writer was revoked later");
    s.mlprov(&["ledger", "audit"]).success();
    // An admin may go as well: his last word is his own still.
    let own = listed["writers"].as_array().unwrap().iter().find(|w| w["own"] == true).unwrap().clone();
    s.mlprov(&["key", "revoke", own["key"].as_str().unwrap()]).success();
    s.mlprov(&["ledger", "audit"]).success();
    let last = s.entries().last().unwrap()["id"].as_str().unwrap().to_owned();
    s.mlprov(&["verify", &last]).success();
}

#[test]
fn a_rotated_key_writes_on_and_the_old_one_no_longer() {
    let s = Sandbox::project_with_data();
    let before = s.writer();
    let report = s.json(&["key", "rotate"]);
    assert_eq!(report["old"], before.public().id().to_string());
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "latest"]).success();
    s.mlprov(&["verify", "HEAD"]).success().shows("its key was replaced later");
    s.mlprov(&["ledger", "audit"]).success();
    let writers = s.json(&["key", "list"])["writers"].clone();
    let of =
        |key: &str| writers.as_array().unwrap().iter().find(|w| w["key"] == report[key]).unwrap().clone();
    assert_eq!((&of("old")["revoked"], &of("new")["revoked"]), (&true.into(), &false.into()));
    assert_eq!((&of("new")["admin"], &of("new")["own"]), (&true.into(), &true.into()));

    // Again, and the process was killed before the new key took its place.
    let again = s.json(&["key", "rotate"]);
    assert_eq!(again["old"], report["new"]);
    let log = s.json(&["ledger", "status"])["log"].as_str().unwrap().to_owned();
    let (own, next) = (format!("writer-{log}.pem"), format!("writer-{log}.next.pem"));
    let kept = fs::read_dir(s.keys_dir()).unwrap().flatten().map(|f| f.path());
    let mut kept = kept.filter(|p| p.to_str().unwrap().contains(&format!("writer-{log}-k-")));
    let kept = kept.next().unwrap();
    fs::copy(s.keys_dir().join(&own), s.keys_dir().join(&next)).unwrap();
    fs::remove_file(s.keys_dir().join(&own)).unwrap();
    fs::copy(kept, s.keys_dir().join(&own)).unwrap();
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "latest"]).success();
    assert!(!s.keys_dir().join(&next).exists());

    // The old key is refused by its place in the log, whatever it signs.
    s.forge(&before, Kind::Annotation, |_| {});
    s.mlprov(&["ledger", "checkpoint"]).success();
    s.mlprov(&["ledger", "audit"]).code(1).shows("had been revoked before");
}

#[test]
fn half_a_rotation_admits_nobody_and_none_makes_an_admin() {
    let s = Sandbox::project_with_data();
    let keys = tempfile::tempdir().unwrap();
    let key = |name: &str| WriterKeyFile::open_or_create(&keys.path().join(name)).unwrap().0;
    let (writer, next, stranger) = (key("writer"), key("next"), key("stranger"));
    s.mlprov(&["key", "admit", &writer.public().to_base64()]).success();
    let count = std::cell::Cell::new(0);
    let rotated = |by: &WriterKeyFile, named: &WriterKeyFile| {
        count.set(count.get() + 1);
        s.forge(by, Kind::KeyRotated, |b| {
            b.time = Timestamp::from_unix_micros(count.get());
            b.writer = Some(Writer {
                key_id: named.public().id(),
                public_key: named.public().to_base64(),
                admin: true,
            });
        });
    };
    let list = || s.json(&["key", "list"])["writers"].as_array().unwrap().clone();
    let right = |k: &WriterKeyFile| {
        let found = list().into_iter().find(|w| w["key"] == k.public().id().to_string());
        found.map(|w| (w["admin"] == true, w["revoked"] == true))
    };
    // The first half alone; a stranger in between; the wrong key named; a stranger's own pair.
    rotated(&writer, &next);
    assert_eq!(right(&next), None);
    s.mlprov(&["run", "--", "true"]).success();
    rotated(&next, &writer);
    assert_eq!(right(&next), None, "it must be the very next entry");
    rotated(&writer, &next);
    rotated(&next, &stranger);
    assert_eq!(right(&next), None);
    rotated(&stranger, &next);
    rotated(&next, &stranger);
    assert_eq!((right(&next), right(&stranger)), (None, None));
    // The two halves; but a writer stays a writer.
    rotated(&writer, &next);
    rotated(&next, &writer);
    assert_eq!((right(&next), right(&writer)), (Some((false, false)), Some((false, true))));
    s.mlprov(&["ledger", "checkpoint"]).success();
    let audit = s.mlprov(&["--json", "ledger", "audit"]);
    audit.code(1);
    let flagged: Vec<u64> =
        audit.json()["findings"].as_array().unwrap().iter().map(|f| f["index"].as_u64().unwrap()).collect();
    // Entries of keys that were not admitted when they signed, and no others.
    assert_eq!(flagged, [7, 9, 10, 11]);
}
