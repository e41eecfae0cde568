//! Commits that come, go and are replaced: nothing that counts is lost, and nothing is recorded for nothing.

use crate::assert_all_recorded;
use crate::commit_file;
use crate::commit_unseen;
use crate::common::Sandbox;
use crate::superseded;
use crate::with_remote;
use std::fs::File;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

fn kept(s: &Sandbox) -> Vec<String> {
    let refs = s.git(&["for-each-ref", "--format=%(refname)", "refs/mlprov/keep/"]);
    refs.lines().map(|name| name.trim_start_matches("refs/mlprov/keep/").to_owned()).collect()
}

fn forget_reflog(s: &Sandbox) {
    s.git(&["reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"]);
    s.git(&["gc", "-q", "--prune=now"]);
}

fn run(s: &Sandbox) {
    s.mlprov(&["run", "--", "true"]).success();
}

// ---- Rebases

/// What stands between the beginning and the end of a rebase is nobody's.
#[test]
fn a_rebase_records_what_came_of_it_in_one_transaction() {
    for backend in ["--merge", "--apply"] {
        let s = Sandbox::project_with_data();
        s.git(&["checkout", "-q", "-b", "topic"]);
        for n in 0..5 {
            commit_file(&s, &format!("f{n}"));
        }
        s.git(&["checkout", "-q", "main"]);
        commit_file(&s, "base");
        s.git(&["checkout", "-q", "topic"]);
        let before = s.entries().len();
        s.git(&["rebase", "-q", backend, "main"]);
        assert_all_recorded(&s);
        assert_eq!(superseded(&s).len(), 5, "{backend}");
        assert_eq!(s.entries().len(), before + 10, "{backend}: five commits, and what they replace");
    }
}

#[test]
fn fixups_are_recorded_once_and_for_what_they_became() {
    let s = Sandbox::project_with_data();
    let one = commit_file(&s, "one");
    let two = commit_file(&s, "two");
    s.write("one", "corrected");
    s.git(&["add", "-A"]);
    s.git(&["commit", "-q", "--fixup", &one]);
    let fixup = s.head();
    let before = s.entries().len();
    s.git_output(
        "repo",
        &[("GIT_SEQUENCE_EDITOR", "true")],
        &["rebase", "-q", "-i", "--autosquash", "HEAD~3"],
    )
    .success();
    let (new_one, new_two) = (s.git(&["rev-parse", "HEAD~1"]).trim().to_owned(), s.head());
    assert_all_recorded(&s);
    let mut pairs = superseded(&s);
    pairs.sort();
    let mut wanted = vec![(one, new_one.clone()), (fixup, new_one), (two, new_two)];
    wanted.sort();
    assert_eq!(pairs, wanted);
    assert_eq!(s.entries().len(), before + 2 + 3, "nothing of what stood in between");
}

#[test]
fn a_rebase_that_is_called_off_leaves_nothing() {
    for backend in ["--merge", "--apply"] {
        let s = Sandbox::project_with_data();
        s.git(&["checkout", "-q", "-b", "topic"]);
        commit_file(&s, "fine");
        s.write("both", "topic");
        s.commit_all("topic");
        let head = s.head();
        s.git(&["checkout", "-q", "main"]);
        s.write("both", "main");
        s.commit_all("main");
        s.git(&["checkout", "-q", "topic"]);
        let before = s.entries();
        s.git_output("repo", &[], &["rebase", "-q", backend, "main"]).code(1);
        s.git(&["rebase", "--abort"]);
        assert_eq!((s.head(), s.entries()), (head, before), "{backend}");
        assert_all_recorded(&s);
    }
}

#[test]
fn a_rebase_with_a_stop_records_what_was_made_there() {
    let s = Sandbox::project_with_data();
    let one = commit_file(&s, "one");
    let two = commit_file(&s, "two");
    let edit = [("GIT_SEQUENCE_EDITOR", "sed -i -e 1s/pick/edit/")];
    s.git_output("repo", &edit, &["rebase", "-q", "-i", "HEAD~2"]).success();
    s.write("one", "better");
    s.git(&["commit", "-q", "-a", "--amend", "-m", "one, better"]);
    let between = commit_file(&s, "between");
    s.git(&["rebase", "--continue"]);
    assert_all_recorded(&s);
    assert!(s.recorded().contains(&between), "a commit that is in no pair");
    // As git tells it: what HEAD was when the rebase went on.
    assert_eq!(superseded(&s), [(one, between), (two, s.head())]);
}

#[test]
fn a_rebase_of_merges_is_recorded() {
    let s = Sandbox::project_with_data();
    commit_file(&s, "base");
    s.git(&["checkout", "-q", "-b", "topic", "HEAD~1"]);
    commit_file(&s, "one");
    s.git(&["checkout", "-q", "-b", "side"]);
    commit_file(&s, "side");
    s.git(&["checkout", "-q", "topic"]);
    commit_file(&s, "two");
    s.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    s.git(&["rebase", "-q", "--rebase-merges", "main"]);
    assert_eq!(s.git(&["rev-list", "--merges", "--count", "HEAD"]).trim(), "1");
    assert_all_recorded(&s);
}

// ---- Commits that nothing reaches

#[test]
fn the_commit_of_a_run_survives_an_amend_and_the_run_still_verifies() {
    let s = Sandbox::project_with_data();
    let trained = commit_file(&s, "train.py");
    run(&s);
    assert_eq!(kept(&s), [""; 0], "a branch reaches it");
    s.write("train.py", "changed");
    s.git(&["commit", "-q", "-a", "--amend", "-m", "changed"]);
    assert_eq!(kept(&s), std::slice::from_ref(&trained));
    forget_reflog(&s);
    s.mlprov(&["verify", "latest", &trained]).success();
    // No run began from this one: it is nothing to keep.
    s.git(&["commit", "-q", "--amend", "-m", "again"]);
    assert_eq!(kept(&s), std::slice::from_ref(&trained));
    // A tag reaches it again.
    with_origin(&s);
    s.git(&["tag", "trained", &trained]);
    s.mlprov(&["sync"]).success();
    assert_eq!(kept(&s), [""; 0]);
    s.git(&["tag", "-d", "trained"]);
    s.mlprov(&["sync"]).success();
    assert_eq!(kept(&s), [trained]);
}

fn with_origin(s: &Sandbox) {
    s.git_in("", &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    s.git(&["remote", "add", "origin", "../remote.git"]);
}

#[test]
fn a_run_on_a_detached_head_keeps_its_commit() {
    let s = Sandbox::project_with_data();
    s.git(&["checkout", "-q", "--detach"]);
    let commit = commit_file(&s, "code.py");
    for _ in 0..3 {
        run(&s);
    }
    assert_eq!(kept(&s), std::slice::from_ref(&commit));
    s.git(&["checkout", "-q", "main"]);
    forget_reflog(&s);
    s.mlprov(&["verify", "latest", &commit]).success();
}

/// Squashed on a forge: the commit is gone for good, its files are not.
#[test]
fn a_run_verifies_by_the_same_tree_where_its_commit_is_not() {
    let s = Sandbox::project_with_data();
    s.git(&["checkout", "-q", "-b", "topic"]);
    commit_file(&s, "one");
    let trained = commit_file(&s, "two");
    run(&s);
    s.git(&["checkout", "-q", "main"]);
    s.git(&["merge", "-q", "--squash", "topic"]);
    s.git(&["commit", "-q", "-m", "squashed"]);
    s.git(&["branch", "-q", "-D", "topic"]);
    assert_ne!(s.head(), trained);
    forget_reflog(&s);
    assert_eq!(s.git_output("repo", &[], &["cat-file", "-e", &trained]).exit_code(), Some(1));
    s.mlprov(&["verify", "latest"]).success().shows("has the same tree");
    // Another tree is another code.
    s.write("two", "changed");
    s.git(&["commit", "-q", "-a", "--amend", "-m", "changed"]);
    forget_reflog(&s);
    s.mlprov(&["verify", "latest"]).code(1).shows("missing");
}

/// The memory of what runs began from is derived.
#[test]
fn a_lost_memory_keeps_no_commit_from_being_kept() {
    let s = Sandbox::project_with_data();
    let trained = commit_file(&s, "train.py");
    run(&s);
    std::fs::remove_file(s.path(".git/mlprov/cache/run-commits")).unwrap();
    s.git(&["commit", "-q", "--amend", "-m", "other"]);
    assert_eq!(kept(&s), [trained]);
}

// ---- Commits that no hook saw

#[test]
fn sync_records_late_what_no_hook_saw_on_any_branch() {
    let s = with_remote();
    let unseen = commit_unseen(&s, "unseen");
    // Past the hook to the remote as well.
    s.git(&["push", "-q", "--no-verify", "origin", "main"]);
    s.git(&["checkout", "-q", "-b", "side"]);
    let side = commit_unseen(&s, "on the side");
    s.git(&["checkout", "-q", "main"]);
    // `verify` records nothing.
    s.mlprov(&["verify", "HEAD"]).code(3).shows("not recorded");
    assert!(!s.recorded().contains(&unseen));
    s.mlprov(&["sync"]).success().shows("recorded 2 commits that no hook had seen");
    for commit in [&unseen, &side] {
        assert_eq!(s.body_of(commit)["source"]["flags"][0], "late");
        s.mlprov(&["verify", commit]).success();
    }
    let before = s.entries();
    s.mlprov(&["sync"]).success();
    assert_eq!(s.entries(), before, "once is enough");
}

#[test]
fn commits_of_others_are_recorded_on_request_only() {
    let s = with_remote();
    let eve = [("GIT_COMMITTER_EMAIL", "eve@example.org")];
    let commit = |message: &str| {
        let args = ["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", message];
        s.git_output("repo", &eve, &args).success();
        s.head()
    };
    let (one, two) = (commit("one"), commit("two"));
    s.mlprov(&["sync"]).success();
    assert!(!s.recorded().contains(&two));
    s.mlprov(&["sync", "--all", "--since", &one]).success();
    assert!(s.recorded().contains(&two) && !s.recorded().contains(&one));
    s.mlprov(&["sync", "--all"]).success();
    assert!(s.recorded().contains(&one));
    s.refused(3, &["sync", "--since", "nonsense"]).says("nonsense");
}

// ---- When it cannot be recorded at once

/// Whoever commits is not kept waiting by whoever holds the ledger.
#[test]
fn a_commit_while_others_hold_the_ledger_is_recorded_by_the_next_one() {
    let s = Sandbox::project_with_data();
    let lock = File::options().write(true).open(s.ledger("journal.lock")).unwrap();
    lock.lock().unwrap();
    let silent = |args: &[&str]| {
        let out = s.git_output("repo", &[], args);
        out.success();
        assert_eq!(out.stderr(), "");
        s.head()
    };
    let one = silent(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let two = silent(&["commit", "-q", "--allow-empty", "-m", "two"]);
    let better = silent(&["commit", "-q", "--allow-empty", "--amend", "-m", "two, better"]);
    assert_eq!(s.recorded().len(), 1);
    // It is nowhere as if it were recorded.
    for command in ["status", "log"] {
        let out = s.mlprov(&[command]);
        let said = out.stdout() + &out.stderr();
        assert_eq!(said.matches("waiting for the ledger: commit").count(), 3, "{}", out.snapshot());
    }
    s.mlprov(&["show", &one]).code(3).says("waits for the ledger").says("Hint: mlprov hook post-commit");
    s.mlprov(&["verify", &one]).code(3).shows("pending");
    s.mlprov(&["diff", &one, &better]).success().says("waiting for the ledger");
    drop(lock);
    let three = silent(&["commit", "-q", "--allow-empty", "-m", "three"]);
    assert_eq!(s.recorded()[1..], [one, two.clone(), better.clone(), three], "in their order");
    assert_eq!(superseded(&s), [(two, better)]);
    assert_all_recorded(&s);
    assert!(!s.mlprov(&["status"]).success().stdout().contains("waiting"));
}

/// Killed at any moment, a hook has recorded what waits once, or it waits still.
#[test]
fn what_waits_is_recorded_exactly_once_whatever_dies() {
    let s = Sandbox::project_with_data();
    let lock = File::options().write(true).open(s.ledger("journal.lock")).unwrap();
    let mut after = Duration::from_micros(500);
    let mut whole = false;
    let mut all = s.recorded();
    while !whole {
        lock.lock().unwrap();
        for n in 0..3 {
            s.git(&["commit", "-q", "--allow-empty", "-m", &format!("{n} {after:?}")]);
            all.push(s.head());
        }
        lock.unlock().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_mlprov"));
        child.current_dir(s.path("")).env_clear().env("HOME", s.home()).env("MLPROV_NO_PROGRESS", "1");
        let mut child = child.args(["hook", "post-commit"]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(after);
        whole = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        // Recorded or waiting, and never neither.
        let recorded = s.recorded();
        let waiting = s.json(&["status"])["waiting"].as_array().unwrap().clone();
        for commit in &all {
            let waits = waiting.iter().any(|w| w["commit"] == **commit);
            assert!(waits || recorded.contains(commit), "{commit} is lost after {after:?}");
        }
        after = after * 3 / 2;
    }
    s.mlprov(&["hook", "post-commit"]).success();
    assert_eq!(s.recorded(), all, "each once, in their order");
    s.mlprov(&["ledger", "audit"]).success();
    assert_all_recorded(&s);
}
