//! `doctor` without a network: each thing is broken, named, and mended by what the hint says. Of buckets: `tests/s3`.

use crate::common::Output;
use crate::common::Sandbox;
use mlprov::app::record;
use mlprov::domain::entry::Kind;
use mlprov::domain::time::Timestamp;
use mlprov::durable;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::WriterKeyFile;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Of a sound project.
const ALL: [&str; 15] = [
    "git",
    "repository",
    "settings",
    "writer key",
    "log key",
    "store",
    "ledger",
    "writer",
    "pins",
    "checkpoint",
    "outbox",
    "query index",
    "hooks",
    "program",
    "merge driver",
];

/// What it says in a directory: exit code, and each check.
#[track_caller]
fn doctor(s: &Sandbox, dir: &str) -> (Option<i32>, Vec<Value>) {
    let before = s.listing();
    let out = s.mlprov_in(dir, &["--json", "doctor"]);
    before.assert_same(&s.listing());
    (out.exit_code(), out.json()["checks"].as_array().unwrap().clone())
}

/// One check is so, and says this; the others are as of a sound project. Returns its hint.
#[track_caller]
fn finds(s: &Sandbox, name: &str, state: &str, found: &str) -> String {
    let (code, checks) = doctor(s, "repo");
    let check = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{checks:#?}"));
    assert_eq!(check["state"], state, "{checks:#?}");
    assert!(check["found"].as_str().unwrap().contains(found), "{check}");
    let expected = match state {
        "problem" => 1,
        "not checked" => 3,
        _ => 0,
    };
    assert_eq!(code, Some(expected), "{checks:#?}");
    check["hint"].as_str().unwrap_or_default().to_owned()
}

/// As [`finds`], and the hint mends it.
#[track_caller]
fn finds_and_mends(s: &Sandbox, name: &str, state: &str, found: &str) {
    let hint = finds(s, name, state, found);
    s.paste("repo", &hint).success();
    let (code, checks) = doctor(s, "repo");
    assert_eq!(code, Some(0), "{hint}: {checks:#?}");
    let after = checks.iter().find(|check| check["name"] == name).unwrap();
    assert!(after["state"] == "ok" || after["state"] == "none", "{hint}: {after}");
}

#[test]
fn a_sound_project_is_said_to_be_so() {
    let s = Sandbox::project_with_data();
    let (code, checks) = doctor(&s, "repo");
    assert_eq!(code, Some(0), "{checks:#?}");
    let names: Vec<&str> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ALL);
    for check in &checks {
        let state = if check["name"] == "query index" { "none" } else { "ok" };
        assert_eq!((&check["state"], check.get("hint")), (&state.into(), None), "{check}");
    }
    let out: Output = s.mlprov(&["doctor"]);
    out.success().shows("Everything is as it should be.\n");
    assert_eq!(out.stdout().lines().count(), ALL.len() + 1);
    let remote = s.json(&["doctor", "--remote"]);
    assert_eq!(remote["checks"].as_array().unwrap().last().unwrap()["state"], "none", "nothing to ask");
    assert_eq!(remote["schema"], "mlprov.doctor/1");
}

#[test]
fn without_a_word_about_the_bucket_no_socket_is_opened() {
    let s = Sandbox::project_with_data();
    // A ledger that lies in a bucket, as far as the settings say.
    let log = s.json(&["ledger", "status"]);
    let (log, vkey) = (log["log"].as_str().unwrap(), log["vkey"].as_str().unwrap());
    let shared = format!(
        "[ledger]\nbackend = \"s3\"\nurl = \"s3://bucket/x\"\nregion = \"r\"\nendpoint = \"http://127.0.0.1:9\"\n\
         log = \"{log}\"\nvkey = \"{vkey}\"\n"
    );
    let config = s.read(".mlprov/config.toml");
    let local = config.lines().skip_while(|l| *l != "[ledger]").take(2).map(|l| format!("{l}\n"));
    s.write(".mlprov/config.toml", config.replace(&local.collect::<String>(), &shared));
    finds(&s, "agreed to", "warning", "nobody has agreed yet that this clone uses s3://bucket/x/ at ");
    finds_and_agrees(&s);
    let trace = s.root().join("trace");
    let options = ["-f", "-e", "trace=socket,connect", "-o", trace.to_str().unwrap()];
    for (words, opens) in [(&["doctor"][..], false), (&["doctor", "--remote"], true)] {
        let out = s.traced(&options, words).output().unwrap();
        assert_eq!(
            out.status.code(),
            Some(if opens { 3 } else { 0 }),
            "{}",
            String::from_utf8_lossy(&out.stdout)
        );
        let calls = fs::read_to_string(&trace).unwrap();
        assert_eq!(calls.contains("socket("), opens, "{calls}");
    }
}

/// As `init` does, without a bucket to reach.
fn finds_and_agrees(s: &Sandbox) {
    s.write(".git/mlprov/agreed", "ledger s3://bucket/x/ region r endpoint http://127.0.0.1:9\n");
    finds(s, "agreed to", "ok", "http://127.0.0.1:9");
}

#[test]
fn it_answers_wherever_it_is_called() {
    let s = Sandbox::new();
    assert_eq!(finds(&s, "repository", "problem", "not in a git repository"), "git init");
    s.git(&["init", "-q"]);
    assert_eq!(finds(&s, "settings", "problem", "no .mlprov/config.toml"), "mlprov init");
    s.mlprov(&["init", "--yes"]).success();
    s.commit_all("start");
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    let (code, checks) = doctor(&s, "clone");
    assert_eq!(code, Some(1));
    let ledger = checks.iter().find(|check| check["name"] == "ledger").unwrap();
    assert!(ledger["found"].as_str().unwrap().contains("has not joined"), "{ledger}");
    s.paste("clone", "mlprov init --yes").success();
    assert_eq!(doctor(&s, "clone").0, Some(0));
    fs::create_dir(s.path("below")).unwrap();
    assert_eq!(doctor(&s, "repo/below").0, Some(0));
    // In text, each line has its hint below it.
    s.git(&["config", "--unset", "merge.mlprov.driver"]);
    fs::remove_file(s.path(".mlprov/config.toml")).unwrap();
    let out = s.mlprov(&["doctor"]);
    out.code(1)
        .shows("settings    problem      no .mlprov")
        .shows("\n                         Hint: mlprov init\n");
    out.shows("1 problem.\n");
    s.write(".mlprov/config.toml", "[");
    finds(&s, "settings", "problem", "config.toml");
    let mut command = s.prepared(&["doctor"]);
    let out = Output::of("mlprov", &["doctor"], command.env("PATH", ""));
    out.code(1).shows("git         problem      the git program could not be run");
}

#[test]
fn keys_are_there_and_private() {
    let s = Sandbox::project_with_data();
    let log_key = fs::read_dir(s.keys_dir()).unwrap().map(|e| e.unwrap().path());
    let log_key = log_key.into_iter().find(|p| p.to_string_lossy().contains("log-")).unwrap();
    for (name, path) in [("writer key", s.keys_dir().join("writer.pem")), ("log key", log_key)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        finds_and_mends(&s, name, "problem", "mode 644 instead of 600");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        finds_and_mends(&s, name, "warning", "mode 400 instead of 600");
        let aside = path.with_extension("aside");
        durable::move_file(&path, &aside).unwrap();
        assert!(finds(&s, name, "problem", "there is no such file").contains("backup"));
        fs::write(&path, "no key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        finds(&s, name, "problem", "pem: ");
        durable::move_file(&aside, &path).unwrap();
    }
    // A key, but not one that the log knows.
    durable::move_file(&s.keys_dir().join("writer.pem"), &s.keys_dir().join("aside")).unwrap();
    WriterKeyFile::open_or_create(&s.keys_dir().join("writer.pem")).unwrap();
    assert!(finds(&s, "writer", "problem", "does not admit your key").starts_with("mlprov key request"));
}

#[test]
fn hooks_and_merge_driver_are_this_programs() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["hooks", "uninstall", "--hook", "pre-push"]).success();
    finds_and_mends(&s, "hooks", "problem", "missing, so that commits are not recorded at once: pre-push");
    let path = s.path(".git/hooks/post-commit");
    let sound = fs::read_to_string(&path).unwrap();
    let other = |program: &str| sound.replace(env!("CARGO_BIN_EXE_mlprov"), program);
    fs::write(&path, other("/nowhere/mlprov")).unwrap();
    finds_and_mends(&s, "program", "problem", "the hooks call /nowhere/mlprov, which is not there");
    fs::write(&path, other("/bin/sh")).unwrap();
    finds_and_mends(&s, "program", "warning", "the hooks call /bin/sh; this is ");
    fs::write(&path, sound.replace("|| :", "")).unwrap();
    finds_and_mends(&s, "hooks", "warning", "not as this version writes them: post-commit");
    fs::write(&path, "#!/usr/bin/env python3\n").unwrap();
    let hint = finds(&s, "hooks", "warning", "hooks of others, which mlprov cannot join: post-commit");
    assert!(hint.ends_with("mlprov hook post-commit \"$@\""), "{hint}");
    fs::write(&path, &sound).unwrap();

    s.git(&["config", "--unset", "merge.mlprov.driver"]);
    finds_and_mends(&s, "merge driver", "warning", "no merge driver");
    s.git(&["config", "merge.mlprov.driver", "true"]);
    finds_and_mends(&s, "merge driver", "warning", "another program");
    fs::remove_file(s.path(".git/info/attributes")).unwrap();
    finds_and_mends(&s, "merge driver", "warning", "attributes");
}

#[test]
fn a_journal_is_read_from_its_beginning() {
    let s = Sandbox::project_with_data();
    let sound = fs::read(s.ledger("journal")).unwrap();
    // In the first frame, which no hint leads to.
    let mut damaged = sound.clone();
    let at = damaged.windows(4).position(|w| w == b"payl").unwrap() + 100;
    damaged[at] ^= 1;
    fs::write(s.ledger("journal"), &damaged).unwrap();
    assert!(finds(&s, "ledger", "problem", "is damaged at offset").starts_with("nothing was changed"));
    fs::write(s.ledger("journal"), &sound[..sound.len() - 1]).unwrap();
    finds(&s, "ledger", "problem", "a signed checkpoint covers it");
    fs::write(s.ledger("journal"), [&sound[..], &sound[sound.len() - 9..]].concat()).unwrap();
    finds(&s, "ledger", "warning", "9 bytes of one that was never finished");
    fs::write(s.ledger("journal"), &sound[..20]).unwrap();
    finds(&s, "ledger", "problem", "");
    fs::write(s.ledger("journal"), &sound).unwrap();
    durable::move_file(&s.ledger("journal"), &s.ledger("aside")).unwrap();
    finds(&s, "ledger", "problem", "has not joined");
    durable::move_file(&s.ledger("aside"), &s.ledger("journal")).unwrap();

    fs::remove_dir_all(s.path(".git/mlprov/store")).unwrap();
    finds_and_mends(&s, "store", "problem", "there is no such directory");
    // Another file with the same bytes.
    fs::copy(s.ledger("journal"), s.ledger("copy")).unwrap();
    durable::move_file(&s.ledger("copy"), &s.ledger("journal")).unwrap();
    finds_and_mends(&s, "ledger", "problem", "another file than the one that was written last");
}

#[test]
fn checkpoint_and_pins() {
    let s = Sandbox::project_with_data();
    let note = fs::read_to_string(s.ledger("checkpoint")).unwrap();
    fs::remove_file(s.ledger("checkpoint")).unwrap();
    finds_and_mends(&s, "checkpoint", "warning", "there is none yet");
    // An entry that no checkpoint covers.
    s.forge(&s.writer(), Kind::Annotation, |body| body.notes.push("x".to_owned()));
    finds_and_mends(&s, "checkpoint", "warning", "it covers 3 of 4 entries");
    let signature = note.trim_end().rfind(' ').unwrap() + 12;
    let mut other = note.into_bytes();
    other[signature] = if other[signature] == b'A' { b'B' } else { b'A' };
    let sound = fs::read(s.ledger("checkpoint")).unwrap();
    fs::write(s.ledger("checkpoint"), other).unwrap();
    finds(&s, "checkpoint", "problem", "");
    fs::write(s.ledger("checkpoint"), sound).unwrap();

    let pins = s.state_dir().join("pins");
    fs::remove_file(&pins).unwrap();
    finds_and_mends(&s, "pins", "problem", "you have pinned no key of this log");
    fs::write(&pins, "nonsense\n").unwrap();
    finds(&s, "pins", "problem", "not known to this version");
}

#[test]
fn what_waits_is_told() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    s.mlprov_in("clone", &["init", "--yes"]).success();
    s.git_output("clone", &[], &["commit", "-q", "--allow-empty", "-m", "in the clone"]).success();
    let (code, checks) = doctor(&s, "clone");
    assert_eq!(code, Some(0));
    let outbox = checks.iter().find(|check| check["name"] == "outbox").unwrap();
    assert_eq!(outbox["state"], "warning");
    let found = outbox["found"].as_str().unwrap();
    assert!(found.starts_with("commits wait for data: 1; the oldest since 20"), "{found}");
    s.paste("clone", outbox["hint"].as_str().unwrap()).success().shows("waiting for data");
    fs::write(s.root().join("clone/.git/mlprov/outbox/1-x.json"), "{").unwrap();
    let (code, checks) = doctor(&s, "clone");
    assert_eq!(code, Some(1), "{checks:#?}");
}

#[test]
fn the_index_of_a_large_log_can_be_made_again() {
    let s = Sandbox::project_with_data();
    let writer = s.writer();
    let ledger = LocalLedger::open(&s.ledger("")).unwrap().unwrap();
    let entries = (0..1000).map(|n| {
        let time = Timestamp::from_unix_micros(n);
        let mut body = record::draft(s.project_id().parse().unwrap(), Kind::Annotation, time, &writer);
        body.notes.push(n.to_string());
        record::seal(body, &writer).unwrap()
    });
    record::commit(&ledger, entries.collect()).unwrap();
    s.mlprov(&["ledger", "checkpoint"]).success();
    finds(&s, "query index", "none", "not made yet");
    s.mlprov(&["ledger", "reindex"]).success();
    finds(&s, "query index", "ok", "it covers entries: 1003");
    fs::write(s.path(".git/mlprov/index.sqlite"), [7; 8192]).unwrap();
    finds_and_mends(&s, "query index", "warning", "query index is damaged");
}

#[test]
fn what_the_registry_and_the_ledger_do_not_say_alike_is_told() {
    let s = crate::text::trained();
    let (code, checks) = doctor(&s, "repo");
    assert_eq!(code, Some(0), "{checks:#?}");
    let packages = checks.iter().find(|check| check["name"] == "model packages").unwrap();
    assert_eq!(packages["state"], "ok");
    let group = s.path(".git/mlprov/registry/fraud");
    let record = fs::read_dir(&group).unwrap().next().unwrap().unwrap().path();
    fs::write(record.with_extension("approval"), "{\"modelApprovalStatus\": \"Approved\"}").unwrap();
    s.git_in("", &["init", "-q", "--bare", "remote.git"]);
    s.git(&["remote", "add", "origin", "../remote.git"]);
    finds_and_mends(&s, "model packages", "warning", "decided about in the registry");
}
