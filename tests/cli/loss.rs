//! What people do to repositories every day must lose nothing that was recorded.

use crate::common::Sandbox;
use std::fs;

#[test]
fn git_clean_loses_nothing() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["run", "-o", "out.txt", "--", "sh", "-c", "echo 1 > out.txt"]).success();
    s.git(&["clean", "-q", "-fdx"]);
    assert!(!s.path("data").exists() && !s.path("out.txt").exists(), "git has cleaned");
    s.mlprov(&["verify", "HEAD", "latest"]).success();
    s.mlprov(&["status"]).success().shows("missing  data");
    // Work goes on: the data comes back, and the next commit is recorded.
    s.write("data/a.csv", "new\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("second");
    s.mlprov(&["verify", "HEAD", "HEAD~1"]).success();
}

#[test]
fn git_gc_and_a_removed_branch_lose_no_entry() {
    let s = Sandbox::project_with_data();
    s.git(&["checkout", "-q", "-b", "try"]);
    let tried = s.commit_all("try");
    s.git(&["checkout", "-q", "main"]);
    s.git(&["branch", "-q", "-D", "try"]);
    s.git(&["gc", "-q"]);
    assert_eq!(s.recorded().last(), Some(&tried));
    s.mlprov(&["verify", "HEAD", &tried]).success();
}

#[test]
fn work_trees_share_one_log() {
    let s = Sandbox::project_with_data();
    let first = s.head();
    s.git(&["worktree", "add", "-q", "../second", "-b", "side"]);
    fs::create_dir(s.root().join("second/more")).unwrap();
    fs::write(s.root().join("second/more/c.csv"), "5,6\n").unwrap();
    s.mlprov_in("second", &["track", "more"]).success();
    s.git_in("second", &["add", "-A"]);
    s.git_in("second", &["commit", "-q", "-m", "in the second"]);
    let second = s.git_in("second", &["rev-parse", "HEAD"]).trim().to_owned();
    assert_eq!(s.recorded(), [first.as_str(), &second]);
    assert_eq!(s.recorded_in("second"), s.recorded());
    s.mlprov_in("second", &["run", "--", "true"]).success();
    s.mlprov(&["verify", &second, "latest"]).success();
    s.git(&["worktree", "remove", "--force", "../second"]);
    s.mlprov(&["verify", &first, &second, "latest"]).success();
    s.mlprov(&["status"]).success().shows("Everything is recorded.");
}

#[test]
fn a_clone_is_refused_until_it_joins_and_then_has_a_log_of_its_own() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    let log_of = |dir: &str| {
        let out = s.mlprov_in(dir, &["--json", "key", "show"]);
        out.success();
        out.json()["log"].as_str().unwrap().to_owned()
    };
    s.mlprov_in("clone", &["log"]).code(2);
    // A commit in it says so, and works.
    let commit = s.git_output("clone", &[], &["commit", "-q", "--allow-empty", "-m", "before"]);
    commit.success();
    assert_eq!(commit.stderr(), "", "a clone brings no hooks");
    s.mlprov_in("clone", &["init", "--yes"]).success();
    assert_ne!(log_of("clone"), log_of("repo"));
    assert_eq!(s.entries_in("clone").len(), 1, "only its founding entry");
    assert_eq!(s.entries().len(), 3, "the first log is as it was");
    // What the other log recorded is not known here: incomplete, not failed.
    s.mlprov_in("clone", &["verify", "HEAD~1"]).code(3);
}

#[test]
fn a_commit_whose_data_is_unknown_waits_and_is_recorded_when_it_is_there() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    s.mlprov_in("clone", &["init", "--yes"]).success();
    let commit = s.git_output("clone", &[], &["commit", "-q", "--allow-empty", "-m", "in the clone"]);
    commit.success().says("waits for data that is not here: data");
    let id = s.git_in("clone", &["rev-parse", "HEAD"]).trim().to_owned();
    s.mlprov_in("clone", &["status"]).success().shows("waiting for data: commit").shows("not stored here");
    s.mlprov_in("clone", &["graph", "HEAD"]).code(3).says("waits for data: data");
    s.mlprov_in("clone", &["graph"]).success().says("waiting for data: commit");
    s.mlprov_in("clone", &["verify", "HEAD"]).code(3).shows("pending");
    assert!(s.recorded_in("clone").is_empty());

    // Other bytes are not the ones it waits for.
    let data = s.root().join("clone/data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("a.csv"), "other\n").unwrap();
    s.mlprov_in("clone", &["track", "data"]).success();
    assert!(s.recorded_in("clone").is_empty());

    for name in ["a.csv", "b.csv"] {
        fs::copy(s.path("data").join(name), data.join(name)).unwrap();
    }
    s.mlprov_in("clone", &["track", "data"]).success().shows("which waited for this data");
    assert_eq!(s.recorded_in("clone"), [id]);
    s.mlprov_in("clone", &["verify", "HEAD"]).success();
    let status = s.mlprov_in("clone", &["status"]);
    status.success().shows("Everything is recorded.");
    assert!(!status.stdout().contains("waiting"));
}

#[test]
fn a_moved_repository_keeps_its_log() {
    let s = Sandbox::project_with_data();
    s.command("mv", "").args(["repo", "moved"]).assert().success();
    s.mlprov_in("moved", &["verify", "HEAD"]).success();
    s.git_in("moved", &["commit", "-q", "--allow-empty", "-m", "after the move"]);
    s.mlprov_in("moved", &["verify", "HEAD", "HEAD~1"]).success();
}

#[test]
fn derived_state_may_be_deleted_at_any_time() {
    let s = Sandbox::project_with_data();
    let own = s.path(".git/mlprov");
    for derived in ["cache", "datasets", "scratch", "ledger/head", "ledger/journal.lock", "store/staging"] {
        let path = own.join(derived);
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path)); // some are not there yet
    }
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["status"]).success().shows("Everything is recorded.");
    s.write("data/c.csv", "7\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("second");
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "HEAD", "HEAD~1", "latest"]).success();
}

/// What is written without a sync may be empty, or a part of itself, after the power failed.
#[test]
fn derived_state_may_be_lost_in_part_at_any_time() {
    for name in
        ["cache/bound.json", "ledger/head", "ledger/lookup.ids", "ledger/lookup.offsets", "ledger/checkpoint"]
    {
        survives_the_loss_of(name);
    }
}

/// The same for what was signed last.
#[test]
fn the_note_of_what_was_signed_may_be_lost_in_part() {
    survives_the_loss_of("ledger/signed");
}

fn survives_the_loss_of(name: &str) {
    for half in [false, true] {
        let s = Sandbox::project_with_data();
        let file = s.path(".git/mlprov").join(name);
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..if half { bytes.len() / 2 } else { 0 }]).unwrap();
        s.write("data/c.csv", "7\n");
        s.mlprov(&["track", "data"]).success();
        s.commit_all("second");
        s.mlprov(&["verify", "HEAD", "HEAD~1"]).success();
    }
}

#[test]
fn an_entry_is_not_appended_where_it_is_said_that_nothing_was_changed() {
    let s = Sandbox::project_with_data();
    fs::write(s.ledger("signed"), "").unwrap();
    s.write("data/c.csv", "7\n");
    let before = fs::read(s.ledger("journal")).unwrap();
    let out = s.mlprov(&["track", "data"]);
    let appended = fs::read(s.ledger("journal")).unwrap() != before;
    assert!(!(appended && out.stderr().contains("nothing was changed")), "\n{}", out.snapshot());
}
