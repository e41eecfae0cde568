//! What keeps a log honest once it left its clone: each witness alone, and what a remote could slip in.

use crate::common::Sandbox;
use crate::common::forge;
use crate::sync::Two;
use mlprov::app::logs;
use mlprov::domain::digest::Blake3Hash;
use mlprov::ports::log_reader::LogReader;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where checkpoints of the own log are kept, besides the ledger itself.
const KEPT: [&str; 3] = ["refs/notes/mlprov/", "refs/mlprov/incoming/", "refs/mlprov/remotes/"];

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

/// Ada published an entry, and her ledger was put back to before it, with all that it remembers.
fn rolled_back() -> Two {
    let two = Two::new();
    let backup = two.s.root().join("backup");
    copy(&two.s.ledger(""), &backup);
    two.ada(&["run", "--", "true"]).success();
    two.ada(&["sync"]).success();
    for file in fs::read_dir(&backup).unwrap().flatten().filter(|f| f.path().is_file()) {
        fs::write(two.s.ledger(file.file_name().to_str().unwrap()), fs::read(file.path()).unwrap()).unwrap();
    }
    let _ = fs::remove_dir_all(two.s.state_dir().join("seen"));
    two
}

/// Refs below the places where checkpoints are kept: name and object.
fn kept(s: &Sandbox) -> Vec<(String, String)> {
    let listed = s.git(&[&["for-each-ref", "--format=%(refname) %(objectname)"], &KEPT[..]].concat());
    listed.lines().map(|l| l.split_once(' ').unwrap()).map(|(n, o)| (n.to_owned(), o.to_owned())).collect()
}

#[test]
fn every_place_that_keeps_a_checkpoint_finds_a_rollback_alone() {
    let two = rolled_back();
    let all = kept(&two.s);
    for place in KEPT {
        assert!(all.iter().any(|(name, _)| name.starts_with(place)), "{all:?}");
        for (name, object) in &all {
            two.s.git(&["update-ref", name, object]);
            if !name.starts_with(place) {
                two.s.git(&["update-ref", "-d", name]);
            }
        }
        two.ada(&["verify", "HEAD"]).code(1).shows("altered     witness");
        two.ada(&["ledger", "audit"]).code(1).shows("it covers 5 entries, the log holds 3");
        assert!(!two.s.state_dir().join("seen").exists(), "nothing of it is remembered");
    }
    kept(&two.s).iter().for_each(|(name, _)| drop(two.s.git(&["update-ref", "-d", name])));
    two.ada(&["verify", "HEAD"]).success();
}

#[test]
fn a_clone_that_lost_entries_publishes_nothing_on_top_of_what_it_published() {
    let two = rolled_back();
    // Nobody remembers but the ref that it published itself.
    kept(&two.s).iter().for_each(|(name, _)| drop(two.s.git(&["update-ref", "-d", name])));
    two.s.git_in("", &["init", "-q", "--bare", "other"]);
    two.s.git(&["remote", "set-url", "origin", "../other"]);
    for _ in 0..3 {
        two.ada(&["sync"]).code(1).says("does not continue");
        assert_eq!(two.s.git_in("other", &["for-each-ref"]), "");
        // Shorter than what was published, as long, longer.
        two.ada(&["run", "--", "true"]).success();
    }
}

/// The backup was of the whole clone, and the log is gone from the remote: what others noted is still there.
#[test]
fn a_clone_restored_from_a_backup_publishes_nothing_that_the_notes_contradict() {
    let two = rolled_back();
    let own = format!("refs/mlprov/logs/{}", two.log_of_ada());
    let refs = two.s.git(&["for-each-ref", "--format=%(refname)", "refs/mlprov", "refs/notes"]);
    refs.lines().for_each(|name| drop(two.s.git(&["update-ref", "-d", name])));
    two.s.git_in("remote", &["update-ref", "-d", &own]);
    for _ in 0..3 {
        two.ada(&["sync"]).code(1).says("a checkpoint of 5 entries is kept");
        assert!(!two.s.git_in("remote", &["for-each-ref"]).contains(&own));
        two.ada(&["run", "--", "true"]).success();
    }
}

#[test]
fn a_clone_whose_log_somebody_else_wrote_to_publishes_nothing_more() {
    let two = Two::new();
    let own = format!("refs/mlprov/logs/{}", two.log_of_ada());
    two.ada(&["sync"]).success();
    let mine = two.s.git(&["rev-parse", &own]);
    bend(&two, &own, |files| fs::write(files.join("more"), "").unwrap());
    let theirs = two.remote_ref(&own);
    two.ada(&["run", "--", "true"]).success();
    let out = two.ada(&["--json", "sync"]);
    out.code(1);
    assert_eq!(out.json()["published"], serde_json::Value::Null);
    assert_eq!((two.s.git(&["rev-parse", &own]), two.remote_ref(&own)), (mine, theirs));
}

/// Somebody else pushes after this clone has fetched and before it pushes.
#[test]
fn who_was_faster_is_not_overwritten() {
    let two = Two::new();
    let log = two.log_of_ada();
    let (own, notes) = (format!("refs/mlprov/logs/{log}"), format!("refs/notes/mlprov/{log}"));
    two.ada(&["sync"]).success();
    let faster = |name: &str, object: &str| {
        let script = "#!/bin/sh\nset -e\n[ -e done ] || git --git-dir=$R update-ref $N $O\ntouch done\nexec git receive-pack \"$@\"\n";
        let remote = two.s.root().join("remote");
        let script = script.replace("$R", remote.to_str().unwrap()).replace("$N", name).replace("$O", object);
        two.s.write_script("../faster", &script.replace("done", two.s.root().join("done").to_str().unwrap()));
        let _ = fs::remove_file(two.s.root().join("done"));
        let script = two.s.root().join("faster");
        two.s.git(&["config", "remote.origin.receivepack", script.to_str().unwrap()]);
        two.ada(&["run", "--", "true"]).success();
        let out = two.ada(&["sync"]);
        assert!(two.s.root().join("done").exists());
        out
    };
    // Bob's line on the same commit stays, and Ada's comes to it.
    two.s.git_in("clone", &["fetch", "-q", "origin", &format!("{notes}:{notes}")]);
    let rival = format!("mlprov/{log}");
    two.s.git_in("clone", &["notes", "--ref", &rival, "append", "-m", "his line", "HEAD"]);
    two.s.git_in("clone", &["push", "-q", "origin", &format!("{notes}:refs/heads/parked")]);
    let before = two.note(&log, &two.s.head());
    faster(&notes, "refs/heads/parked").success();
    let after = two.note(&log, &two.s.head());
    assert!(after.contains(&"his line".to_owned()), "{after:?}");
    assert_eq!(after.len(), before.len() + 2, "{after:?}");
    // What is no continuation of her log stays too: it is hers to decide.
    let mine = two.remote_ref(&own);
    bend(&two, &own, |files| fs::write(files.join("more"), "").unwrap());
    let theirs = two.remote_ref(&own);
    two.s.git_in("remote", &["update-ref", &own, &mine]);
    faster(&own, &theirs).code(1).shows("did not publish");
    assert_eq!(two.remote_ref(&own), theirs);
}

/// What the remote did not take is not said to be there: else it would miss the next time, as if removed.
#[test]
fn a_push_that_is_refused_is_made_again() {
    let two = Two::new();
    two.ada(&["sync"]).success();
    two.ada(&["run", "--", "true"]).success();
    two.s.write_script("../remote/hooks/pre-receive", "#!/bin/sh\nexit 1\n");
    assert_ne!(two.ada(&["sync"]).exit_code(), Some(0));
    fs::remove_file(two.s.root().join("remote/hooks/pre-receive")).unwrap();
    two.ada(&["sync"]).success();
    let own = format!("refs/mlprov/logs/{}", two.log_of_ada());
    assert_eq!(two.remote_ref(&own), two.s.git(&["rev-parse", &own]).trim());
}

#[test]
fn only_checkpoints_of_trusted_logs_are_noted() {
    let two = Two::new();
    two.bob(&["sync"]).success();
    // Bob's own line is lost: what Ada noted of his log is all there is.
    let notes = format!("refs/notes/mlprov/{}", two.log_of_bob());
    two.s.git_in("remote", &["update-ref", "-d", &notes]);
    let noted = || two.s.git_in("remote", &["for-each-ref", &notes]);
    two.ada(&["sync"]).success();
    assert_eq!(noted(), "");
    two.ada(&["key", "trust", two.bob(&["key", "show", "--vkey"]).stdout().trim()]).success();
    two.ada(&["sync"]).success();
    assert_ne!(noted(), "");
}

#[test]
fn a_copied_clone_does_not_publish() {
    let two = Two::new();
    two.ada(&["sync"]).success();
    copy(&two.s.path(""), &two.s.root().join("copy"));
    two.s.mlprov_in("copy", &["sync"]).code(2).says("mlprov ledger adopt");
}

/// Changes what the remote has as a log.
pub fn bend(two: &Two, name: &str, change: impl FnOnce(&Path)) {
    two.s.git_in("", &["clone", "-q", "remote", "files"]);
    two.s.git_in("files", &["fetch", "-q", "origin", name]);
    two.s.git_in("files", &["checkout", "-q", "FETCH_HEAD"]);
    change(&two.s.root().join("files"));
    two.s.git_in("files", &["add", "-A"]);
    two.s.git_in("files", &["commit", "-qm", "bent"]);
    two.s.git_in("files", &["push", "-q", "origin", &format!("HEAD:{name}")]);
}

fn fetched_by_ada(two: &Two, code: i32) -> serde_json::Value {
    let out = two.ada(&["--json", "sync", "--fetch"]);
    out.code(code);
    out.json()["fetched"][0].clone()
}

#[test]
fn an_object_that_another_clone_published_is_taken_only_for_what_its_name_says() {
    let two = Two::new();
    fs::create_dir(two.s.root().join("clone/his")).unwrap();
    fs::write(two.s.root().join("clone/his/own.csv"), "1\n").unwrap();
    two.bob(&["track", "his"]).success();
    two.bob(&["sync"]).success();
    two.ada(&["sync", "--fetch"]).success();
    let name = format!("refs/mlprov/logs/{}", two.log_of_bob());
    let listed = two.s.git_in("remote", &["ls-tree", "-r", "--name-only", &name]);
    let path = listed.lines().find(|p| p.starts_with("objects/")).unwrap();
    let id: Blake3Hash = path.rsplit('/').next().unwrap().parse().unwrap();
    let object = || forge::project(&two.s, 0).published_object(&id).unwrap();
    assert_eq!(Blake3Hash::of(&object().unwrap()), id);
    bend(&two, &name, |files| fs::write(files.join(path), "something else\n").unwrap());
    two.ada(&["sync", "--fetch"]).success();
    assert_eq!(object(), None);
}

#[test]
fn a_log_counts_only_under_its_own_name_and_for_its_own_project() {
    let two = Two::new();
    two.bob(&["sync"]).success();
    two.ada(&["sync", "--fetch"]).success();
    let accepted = || -> Vec<String> {
        let project = forge::project(&two.s, 0);
        let logs = project.accepted_logs().unwrap();
        logs.iter().map(|log| log.log().to_string()).collect()
    };
    let (bob, own) = (two.log_of_bob(), two.log_of_ada());
    assert_eq!(accepted(), [bob.as_str()]);
    // Another name, here and at the remote.
    let of_bob = two.s.git(&["rev-parse", &format!("refs/mlprov/remotes/origin/{bob}")]);
    two.s.git(&["update-ref", &format!("refs/mlprov/remotes/origin/{own}"), of_bob.trim()]);
    assert_eq!(accepted(), [bob.as_str()]);
    two.s.git(&["update-ref", "-d", &format!("refs/mlprov/remotes/origin/{own}")]);
    two.s.git_in("remote", &["update-ref", &format!("refs/mlprov/logs/{own}"), of_bob.trim()]);
    two.ada(&["sync", "--fetch"]).code(1).shows("holds the log");
    assert_eq!(accepted(), [bob.as_str()]);
    two.s.git_in("remote", &["update-ref", "-d", &format!("refs/mlprov/logs/{own}")]);

    // Another project, under its log's own name.
    let other = Sandbox::project_with_data();
    other.git_in("", &["init", "-q", "--bare", "remote"]);
    other.git(&["remote", "add", "origin", "../remote"]);
    other.mlprov(&["sync"]).success();
    let foreign = other.json(&["ledger", "status"])["log"].as_str().unwrap().to_owned();
    let (from, name) = (other.root().join("remote"), format!("refs/mlprov/logs/{foreign}"));
    two.s.git_in("remote", &["fetch", "-q", from.to_str().unwrap(), &format!("{name}:{name}")]);
    two.ada(&["sync", "--fetch"]).code(1).shows("holds the log");
    let brought = format!("refs/mlprov/incoming/origin/logs/{foreign}");
    two.s.git(&["update-ref", &format!("refs/mlprov/remotes/origin/{foreign}"), &brought]);
    assert_eq!(accepted(), [bob.as_str()]);
    assert_eq!(
        logs::accepted_ref("origin", &foreign.parse().unwrap()),
        format!("refs/mlprov/remotes/origin/{foreign}")
    );
}

/// Ada has pinned no key of Bob's log: what she fetched before is all that she can hold against it.
#[test]
fn a_log_that_nobody_here_trusts_must_still_continue_itself() {
    let two = Two::new();
    let name = format!("refs/mlprov/logs/{}", two.log_of_bob());
    two.bob(&["sync"]).success();
    let early = two.remote_ref(&name);
    two.bob(&["run", "--", "true"]).success();
    two.bob(&["sync"]).success();
    let late = two.remote_ref(&name);
    fetched_by_ada(&two, 0);
    two.s.git_in("remote", &["update-ref", &name, &early]);
    let refused = fetched_by_ada(&two, 1);
    assert_eq!((&refused["state"], &refused["size"]), (&"refused".into(), &3.into()), "{refused}");
    two.s.git_in("remote", &["update-ref", &name, &late]);
    // The key that it brings along is proposed only if it is one of this log.
    assert_eq!(fetched_by_ada(&two, 0)["vkey"], two.bob(&["key", "show", "--vkey"]).stdout().trim());
    bend(&two, &name, |files| fs::write(files.join("log.vkey"), two.vkey_of_ada()).unwrap());
    assert_eq!(fetched_by_ada(&two, 0)["vkey"], serde_json::Value::Null);
}

#[test]
fn a_log_whose_tiles_contradict_its_checkpoint_is_refused_at_first_sight() {
    let two = Two::new();
    let name = format!("refs/mlprov/logs/{}", two.log_of_bob());
    two.bob(&["sync"]).success();
    bend(&two, &name, |files| {
        let path = files.join("tile/0/000.p/1");
        let mut tile = fs::read(&path).unwrap();
        tile[0] ^= 1;
        fs::write(path, tile).unwrap();
    });
    assert_eq!(fetched_by_ada(&two, 1)["state"], "refused");
    two.s
        .git_output(
            "repo",
            &[],
            &["rev-parse", "--verify", "-q", &format!("refs/mlprov/remotes/origin/{}", two.log_of_bob())],
        )
        .code(1);
}

#[test]
fn of_two_remotes_the_longer_log_is_read() {
    let two = Two::new();
    two.bob(&["sync"]).success();
    copy(&two.s.root().join("remote"), &two.s.root().join("early"));
    two.bob(&["run", "-n", "late", "--", "true"]).success();
    two.bob(&["sync"]).success();
    two.s.git(&["remote", "add", "a-first", "../early"]);
    two.s.git(&["remote", "add", "z-last", "../early"]);
    for remote in ["origin", "a-first", "z-last"] {
        two.ada(&["sync", "--fetch", "--remote", remote]).success();
        two.ada(&["log"]).success().shows("late");
    }
}
