//! Every way by which a commit comes into being, with the real git and the installed hooks.

#[path = "../common/mod.rs"]
mod common;
mod doors;
mod formats;
mod managers;
mod random;

use common::Output;
use common::Sandbox;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Every commit of the branch is recorded, and each entry verifies.
fn assert_all_recorded(s: &Sandbox) {
    let commits = s.git(&["rev-list", "HEAD"]);
    let recorded = s.recorded();
    let mut args = vec!["verify"];
    for commit in commits.lines() {
        assert!(recorded.iter().any(|r| r == commit), "{commit} is not recorded");
        args.push(commit);
    }
    s.mlprov(&args).success();
}

/// (replaced commit, commit that stands in its place), oldest first.
fn superseded(s: &Sandbox) -> Vec<(String, String)> {
    let entries = s.json(&["log", "--kind", "commit.superseded"])["entries"].as_array().unwrap().clone();
    let pair = |e: &Value| {
        let body = s.body_of(e["id"].as_str().unwrap());
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        (text(&body["target"]["commit"]), text(&body["source"]["commit"]))
    };
    entries.iter().rev().map(pair).collect()
}

/// Names and roots of the data that a commit's entry binds.
fn bound(s: &Sandbox, commit: &str) -> Vec<(String, String)> {
    let body = s.body_of(commit);
    let inputs = body["inputs"].as_array().cloned().unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    inputs.iter().map(|i| (text(&i["name"]), text(&i["digest"]["blake3"]))).collect()
}

/// A commit with another file in it, on the branch at hand.
fn commit_file(s: &Sandbox, name: &str) -> String {
    s.write(name, name);
    s.commit_all(name)
}

fn root_of(s: &Sandbox, pointer: &str) -> String {
    let pointer: toml::Table = toml::from_str(&s.read(pointer)).unwrap();
    pointer["blake3"].as_str().unwrap().to_owned()
}

fn hook_file(s: &Sandbox, name: &str) -> PathBuf {
    s.path(".git/hooks").join(name)
}

fn write_hook(s: &Sandbox, name: &str, text: &str) {
    s.write_script(&format!(".git/hooks/{name}"), text);
}

fn commit_unseen(s: &Sandbox, message: &str) -> String {
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", message]);
    s.head()
}

// ---- What is recorded

#[test]
fn a_commit_is_recorded_silently_with_tree_branch_and_data() {
    let s = Sandbox::project_with_data();
    s.write("data/c.csv", "5,6\n");
    s.mlprov(&["track", "data"]).success();
    let commit = s.git_output("repo", &[], &["commit", "-q", "-a", "-m", "second"]);
    commit.success();
    assert_eq!((commit.stdout().as_str(), commit.stderr().as_str()), ("", ""));
    assert_all_recorded(&s);
    let body = s.body_of("HEAD");
    let tree = s.git(&["rev-parse", "HEAD^{tree}"]);
    assert_eq!(body["source"]["tree"], tree.trim());
    assert_eq!(body["source"]["ref"], "refs/heads/main");
    assert_eq!(bound(&s, "HEAD"), [("data".to_owned(), root_of(&s, "data.mlprov"))]);
}

#[test]
fn only_the_pointers_of_the_commits_own_tree_are_recorded() {
    let s = Sandbox::project_with_data();
    let committed = root_of(&s, "data.mlprov");
    // Changed in the work tree, not staged; and a new pointer that is not even added.
    s.write("data/a.csv", "changed\n");
    s.write("more/c.csv", "new\n");
    s.mlprov(&["track", "data", "more"]).success();
    assert_ne!(root_of(&s, "data.mlprov"), committed);
    s.write("code.py", "1\n");
    s.git(&["add", "code.py"]);
    s.git(&["commit", "-q", "-m", "code only"]);
    assert_eq!(bound(&s, "HEAD"), [("data".to_owned(), committed.clone())]);
    // Staged, then changed again: what was staged counts.
    s.git(&["add", "data.mlprov"]);
    let staged = root_of(&s, "data.mlprov");
    s.write("data/a.csv", "changed again\n");
    s.mlprov(&["track", "data"]).success();
    s.git(&["commit", "-q", "-m", "staged"]);
    assert_eq!(bound(&s, "HEAD"), [("data".to_owned(), staged)]);
    assert_eq!(bound(&s, "HEAD~1"), [("data".to_owned(), committed)]);
    // `git commit PATH` commits what is in the work tree, past the index.
    s.git(&["commit", "-q", "-m", "by path", "data.mlprov"]);
    assert_eq!(bound(&s, "HEAD"), [("data".to_owned(), root_of(&s, "data.mlprov"))]);
    assert_all_recorded(&s);
}

#[test]
fn a_removed_or_moved_pointer_is_followed() {
    let s = Sandbox::project_with_data();
    let root = root_of(&s, "data.mlprov");
    fs::create_dir(s.path("old")).unwrap();
    s.git(&["mv", "data.mlprov", "old/data.mlprov"]);
    s.git(&["commit", "-q", "-m", "moved"]);
    assert_eq!(bound(&s, "HEAD"), [("old/data".to_owned(), root)]);
    s.git(&["rm", "-q", "old/data.mlprov"]);
    s.git(&["commit", "-q", "-m", "removed"]);
    assert_eq!(bound(&s, "HEAD"), []);
    assert_all_recorded(&s);
}

#[test]
fn a_first_commit_and_an_orphan_branch_are_recorded() {
    let s = Sandbox::repo();
    commit_file(&s, "root.txt");
    s.git(&["checkout", "-q", "--orphan", "fresh"]);
    commit_file(&s, "other-root.txt");
    assert_eq!(s.git(&["rev-list", "--count", "HEAD"]).trim(), "1");
    assert_eq!(s.recorded().len(), 2);
}

#[test]
fn the_data_of_another_branch_is_not_taken_for_that_of_this_one() {
    let s = Sandbox::project_with_data();
    let on_main = root_of(&s, "data.mlprov");
    s.git(&["checkout", "-q", "-b", "side"]);
    s.write("data/a.csv", "on the side\n");
    s.mlprov(&["track", "data"]).success();
    let side = s.commit_all("side");
    s.git(&["checkout", "-q", "main"]);
    let main = commit_file(&s, "code.py");
    assert_eq!(bound(&s, &main), [("data".to_owned(), on_main.clone())]);
    assert_ne!(bound(&s, &side), [("data".to_owned(), on_main)]);
}

// ---- Rewriting

#[test]
fn amend_is_recorded_as_supersede() {
    let s = Sandbox::project_with_data();
    let old = commit_file(&s, "code.py");
    s.git(&["commit", "-q", "--amend", "-m", "better"]);
    let new = s.head();
    assert_ne!(new, old);
    let recorded = s.recorded();
    assert!(recorded.contains(&old) && recorded.contains(&new), "the old entry stays");
    assert_eq!(superseded(&s), [(old.clone(), new)]);
    s.mlprov(&["verify", "HEAD", &old]).success();
}

#[test]
fn rebase_records_each_new_commit_and_what_it_replaces() {
    for backend in ["--merge", "--apply"] {
        let s = Sandbox::project_with_data();
        s.git(&["checkout", "-q", "-b", "topic"]);
        let old = [commit_file(&s, "one"), commit_file(&s, "two")];
        s.git(&["checkout", "-q", "main"]);
        commit_file(&s, "base");
        s.git(&["checkout", "-q", "topic"]);
        s.git(&["rebase", "-q", backend, "main"]);
        assert_all_recorded(&s);
        let new = [s.git(&["rev-parse", "HEAD~1"]).trim().to_owned(), s.head()];
        let pairs: Vec<(String, String)> = old.into_iter().zip(new).collect();
        assert_eq!(superseded(&s), pairs, "{backend}");
    }
}

#[test]
fn a_squash_in_a_rebase_replaces_both_commits_by_one() {
    let s = Sandbox::project_with_data();
    let old = [commit_file(&s, "one"), commit_file(&s, "two")];
    let edit = [("GIT_SEQUENCE_EDITOR", "sed -i -e 2s/pick/squash/")];
    s.git_output("repo", &edit, &["rebase", "-q", "-i", "HEAD~2"]).success();
    let new = s.head();
    assert_all_recorded(&s);
    let pairs: Vec<(String, String)> = old.into_iter().map(|old| (old, new.clone())).collect();
    assert_eq!(superseded(&s), pairs);
}

#[test]
fn an_amend_that_changes_the_data_binds_the_new_data() {
    let s = Sandbox::project_with_data();
    let old = s.head();
    s.write("data/a.csv", "corrected\n");
    s.mlprov(&["track", "data"]).success();
    s.git(&["commit", "-q", "--amend", "-a", "-m", "first, corrected"]);
    assert_eq!(bound(&s, "HEAD"), [("data".to_owned(), root_of(&s, "data.mlprov"))]);
    assert_ne!(bound(&s, "HEAD"), bound(&s, &old));
    s.mlprov(&["verify", "HEAD", &old]).success();
}

// ---- Other doors

/// `side` with one commit, `main` with another.
fn two_branches() -> Sandbox {
    let s = Sandbox::project_with_data();
    s.git(&["checkout", "-q", "-b", "side"]);
    commit_file(&s, "side.txt");
    s.git(&["checkout", "-q", "main"]);
    s
}

#[test]
fn a_merge_commit_is_recorded() {
    let s = two_branches();
    s.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    assert_eq!(s.git(&["rev-list", "--merges", "--count", "HEAD"]).trim(), "1");
    assert_all_recorded(&s);
    assert_eq!(superseded(&s), []);
}

#[test]
fn a_fast_forward_records_nothing_twice() {
    let s = two_branches();
    let before = s.entries();
    s.git(&["merge", "-q", "--ff-only", "side"]);
    assert_eq!(s.entries(), before);
    assert_all_recorded(&s);
}

#[test]
fn a_squash_merge_is_recorded_when_it_is_committed() {
    let s = two_branches();
    let before = s.entries();
    s.git(&["merge", "-q", "--squash", "side"]);
    assert_eq!(s.entries(), before, "no commit yet");
    s.git(&["commit", "-q", "-m", "squashed"]);
    assert_all_recorded(&s);
    assert_eq!(s.entries().len(), before.len() + 1);
}

#[test]
fn a_merge_with_a_conflict_is_recorded_when_it_is_resolved() {
    let s = two_branches();
    s.write("side.txt", "other");
    s.commit_all("the same file");
    s.git_output("repo", &[], &["merge", "side"]).code(1);
    s.write("side.txt", "both");
    s.commit_all("resolved");
    assert_eq!(s.git(&["rev-list", "--merges", "--count", "HEAD"]).trim(), "1");
    assert_all_recorded(&s);
}

#[test]
fn cherry_pick_is_recorded() {
    let s = two_branches();
    commit_file(&s, "main.txt");
    s.git(&["cherry-pick", "side"]);
    assert_all_recorded(&s);
    assert_eq!(superseded(&s), [], "the original stays as it is");
}

#[test]
fn several_cherry_picks_at_once_are_all_recorded() {
    let s = Sandbox::project_with_data();
    s.git(&["checkout", "-q", "-b", "side"]);
    for name in ["1", "2", "3"] {
        commit_file(&s, name);
    }
    s.git(&["checkout", "-q", "main"]);
    commit_file(&s, "main.txt");
    s.git(&["cherry-pick", "main..side"]);
    assert_eq!(s.git(&["rev-list", "--count", "HEAD"]).trim(), "5");
    assert_all_recorded(&s);
}

#[test]
fn revert_is_recorded() {
    let s = Sandbox::project_with_data();
    let first = root_of(&s, "data.mlprov");
    s.write("data/a.csv", "worse\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("worse");
    s.git(&["revert", "--no-edit", "HEAD"]);
    assert_all_recorded(&s);
    assert_eq!(bound(&s, "HEAD"), [("data".to_owned(), first)]);
}

#[test]
fn patches_by_mail_are_recorded() {
    let s = Sandbox::project_with_data();
    s.git(&["checkout", "-q", "-b", "side"]);
    commit_file(&s, "one");
    commit_file(&s, "two");
    s.git(&["format-patch", "-q", "-2", "-o", "../patches"]);
    s.git(&["checkout", "-q", "main"]);
    commit_file(&s, "base");
    s.git(&["am", "-q", "../patches/0001-one.patch", "../patches/0002-two.patch"]);
    assert_eq!(s.git(&["rev-list", "--count", "HEAD"]).trim(), "4");
    assert_all_recorded(&s);
}

#[test]
fn a_commit_on_a_detached_head_is_recorded_without_a_branch() {
    let s = Sandbox::project_with_data();
    s.git(&["checkout", "-q", "--detach"]);
    let commit = commit_file(&s, "code.py");
    assert_all_recorded(&s);
    assert_eq!(s.body_of(&commit)["source"].get("ref"), None);
}

#[test]
fn a_commit_in_a_second_work_tree_is_recorded_in_the_same_log() {
    let s = Sandbox::project_with_data();
    s.git(&["worktree", "add", "-q", "../second", "-b", "side"]);
    let commit =
        s.git_output("second", &[], &["commit", "-q", "--allow-empty", "-m", "in the second work tree"]);
    commit.success();
    assert_eq!(commit.stderr(), "");
    let id = s.git_in("second", &["rev-parse", "HEAD"]).trim().to_owned();
    assert_eq!(s.recorded().last(), Some(&id));
    assert_eq!(s.body_of(&id)["source"]["ref"], "refs/heads/side");
    // Also from below its root, and by way of the first work tree's directory.
    fs::create_dir(s.root().join("second/below")).unwrap();
    s.git_in("second/below", &["commit", "-q", "--allow-empty", "-m", "from below"]);
    s.git(&["-C", "../second", "commit", "-q", "--allow-empty", "-m", "with -C"]);
    assert_eq!(s.recorded().len(), 4);
}

#[test]
fn a_commit_from_outside_by_git_dir_is_recorded() {
    let s = Sandbox::project_with_data();
    let (git_dir, work_tree) = (s.path(".git"), s.path(""));
    let place = [
        ("GIT_DIR", git_dir.to_str().unwrap()),
        ("GIT_WORK_TREE", work_tree.to_str().unwrap().trim_end_matches('/')),
    ];
    s.git_output("home", &place, &["commit", "-q", "--allow-empty", "-m", "from elsewhere"]).success();
    assert_all_recorded(&s);
    assert_eq!(s.recorded().len(), 2);
}

#[test]
fn a_repository_with_its_git_directory_elsewhere_is_a_project_like_any_other() {
    let s = Sandbox::new();
    s.git(&["init", "-q", "-b", "main", "--separate-git-dir", "../elsewhere.git"]);
    s.mlprov(&["init", "--yes"]).success();
    assert!(s.root().join("elsewhere.git/mlprov/ledger/journal").exists());
    commit_file(&s, "code.py");
    assert_all_recorded(&s);
}

#[test]
fn a_commit_in_a_submodule_is_recorded_in_its_own_project_only() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["init", "-q", "-b", "main", "library"]);
    s.git_in("library", &["commit", "-q", "--allow-empty", "-m", "library"]);
    s.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "lib"]);
    s.commit_all("with a submodule");
    assert_all_recorded(&s);
    s.mlprov_in("repo/lib", &["init", "--yes"]).success();
    let before = s.entries();
    s.git_in("repo/lib", &["add", "-A"]);
    s.git_in("repo/lib", &["commit", "-q", "-m", "in the submodule"]);
    let id = s.git_in("repo/lib", &["rev-parse", "HEAD"]).trim().to_owned();
    assert_eq!(s.recorded_in("repo/lib"), [id]);
    assert_eq!(s.entries(), before);
}

#[test]
fn a_pull_records_what_it_brings_to_head() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    s.git_in("clone", &["commit", "-q", "--allow-empty", "-m", "theirs"]);
    s.git(&["pull", "-q", "--no-rebase", "../clone", "main"]);
    assert_all_recorded(&s);
}

// ---- Before a push

/// A bare repository beside the project, as its remote.
fn with_remote() -> Sandbox {
    let s = Sandbox::project_with_data();
    s.git_in("", &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    s.git(&["remote", "add", "origin", "../remote.git"]);
    s
}

fn push(s: &Sandbox) -> Output {
    s.git_output("repo", &[], &["push", "-q", "origin", "HEAD"])
}

#[test]
fn a_push_of_recorded_commits_adds_nothing_and_says_nothing() {
    let s = with_remote();
    let before = s.entries();
    let out = push(&s);
    out.success();
    assert_eq!(out.stderr(), "");
    assert_eq!(s.entries(), before);
    assert_eq!(s.git_in("remote.git", &["rev-parse", "main"]).trim(), s.head());
}

/// The committer is who git says he is: by the configuration …
#[test]
fn a_push_records_late_what_no_hook_saw() {
    let s = with_remote();
    s.git(&["config", "user.email", "ada@example.org"]);
    late_is_recorded_and_flagged(&s);
}

/// … or by the environment, as on most CI machines.
#[test]
fn a_push_records_late_what_no_hook_saw_when_the_environment_names_the_committer() {
    late_is_recorded_and_flagged(&with_remote());
}

fn late_is_recorded_and_flagged(s: &Sandbox) {
    let unseen = [commit_unseen(s, "unseen"), commit_unseen(s, "unseen too")];
    s.mlprov(&["verify", "HEAD"]).code(3);
    let seen = commit_file(s, "seen");
    let out = push(s);
    out.success();
    assert_eq!(s.git_in("remote.git", &["rev-parse", "main"]).trim(), seen);
    assert_all_recorded(s);
    for commit in &unseen {
        assert_eq!(s.body_of(commit)["source"]["flags"], serde_json::json!(["late"]));
    }
    assert_eq!(s.body_of(&seen)["source"].get("flags"), None);
    out.says("recorded 2 commits that no hook had seen");
    let before = s.entries();
    push(s).success();
    assert_eq!(s.entries(), before, "once is enough");
}

#[test]
fn a_push_does_not_claim_the_commits_of_others() {
    let s = with_remote();
    s.git(&["config", "user.email", "ada@example.org"]);
    let other = [("GIT_COMMITTER_EMAIL", "bob@example.org")];
    let args = ["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "by Bob"];
    s.git_output("repo", &other, &args).success();
    let theirs = s.head();
    push(&s).success();
    assert!(!s.recorded().contains(&theirs));
}

/// What the remote has already was made elsewhere, and is in the log of whoever made it.
#[test]
fn a_new_branch_does_not_claim_what_the_remote_had_before() {
    let s = with_remote();
    push(&s).success();
    let theirs = s.head();
    s.git_in("", &["clone", "-q", "remote.git", "clone"]);
    s.mlprov_in("clone", &["init", "--yes"]).success();
    s.git_in("clone", &["config", "user.email", "ada@example.org"]);
    fs::create_dir(s.root().join("clone/data")).unwrap();
    for name in ["a.csv", "b.csv"] {
        fs::copy(s.path("data").join(name), s.root().join("clone/data").join(name)).unwrap();
    }
    s.mlprov_in("clone", &["track", "data"]).success();
    s.git_in("clone", &["checkout", "-q", "-b", "topic"]);
    let unseen = ["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "ours"];
    s.git_in("clone", &unseen);
    let ours = s.git_in("clone", &["rev-parse", "HEAD"]).trim().to_owned();
    s.git_in("clone", &["push", "-q", "origin", "topic"]);
    assert_ne!(ours, theirs);
    assert_eq!(s.recorded_in("clone"), [ours]);
}

#[test]
fn one_commit_that_cannot_be_recorded_does_not_keep_the_others_from_it() {
    let s = with_remote();
    s.git(&["config", "user.email", "ada@example.org"]);
    s.write("bad.mlprov", "no pointer\n");
    s.git(&["add", "bad.mlprov"]);
    commit_unseen(&s, "a pointer that is none");
    s.git(&["rm", "-q", "bad.mlprov"]);
    let good = commit_unseen(&s, "without it");
    push(&s).success();
    assert!(s.recorded().contains(&good));
}

#[test]
fn a_new_branch_a_tag_and_a_deletion_are_pushed() {
    let s = with_remote();
    push(&s).success();
    s.git(&["push", "-q", "origin", "HEAD:refs/heads/new"]);
    s.git(&["tag", "-a", "v1", "-m", "v1"]);
    let tag = s.git_output("repo", &[], &["push", "-q", "origin", "v1"]);
    tag.success();
    assert_eq!(tag.stderr(), "");
    let deletion = s.git_output("repo", &[], &["push", "-q", "origin", ":new"]);
    deletion.success();
    assert_eq!(deletion.stderr(), "");
}

// ---- Good guests

#[test]
fn nothing_is_recorded_when_it_is_to_be_skipped() {
    let s = Sandbox::project_with_data();
    let skip = [("MLPROV_SKIP", "1")];
    let out = s.git_output("repo", &skip, &["commit", "-q", "--allow-empty", "-m", "skipped"]);
    out.success();
    assert_eq!(out.stderr(), "");
    assert!(!s.recorded().contains(&s.head()));
    let no = [("MLPROV_SKIP", "0")];
    s.git_output("repo", &no, &["commit", "-q", "--allow-empty", "-m", "not skipped"]).success();
    assert!(s.recorded().contains(&s.head()));
}

/// git may share its hooks between repositories.
#[test]
fn a_repository_that_is_no_project_stays_silent() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["init", "-q", "-b", "main", "other"]);
    let hooks = s.path(".git/hooks");
    s.git_in("other", &["config", "core.hooksPath", hooks.to_str().unwrap()]);
    let out = s.git_output("other", &[], &["commit", "-q", "--allow-empty", "-m", "elsewhere"]);
    out.success();
    assert_eq!((out.stdout().as_str(), out.stderr().as_str()), ("", ""));
    assert!(!s.root().join("other/.git/mlprov").exists());
}

#[test]
fn a_branch_without_the_project_stays_silent() {
    let s = Sandbox::project_with_data();
    s.git(&["checkout", "-q", "--orphan", "pages"]);
    s.git(&["rm", "-q", "-rf", "."]);
    let out = s.git_output("repo", &[], &["commit", "-q", "--allow-empty", "-m", "pages"]);
    out.success();
    assert_eq!(out.stderr(), "");
}

#[test]
fn a_clone_that_has_not_joined_says_so_in_one_line() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    let hooks = s.path(".git/hooks");
    s.git_in("clone", &["config", "core.hooksPath", hooks.to_str().unwrap()]);
    let out = s.git_output("clone", &[], &["commit", "-q", "--allow-empty", "-m", "in the clone"]);
    out.success().says("has not joined").says("mlprov init");
    assert_eq!(out.stderr().lines().count(), 1);
}

#[test]
fn a_hook_of_the_user_is_kept_and_still_runs() {
    let s = Sandbox::git_repo();
    let theirs = "#!/usr/bin/env bash\necho theirs ran >> ../theirs\nexit 0\n";
    for name in ["post-commit", "post-merge"] {
        write_hook(&s, name, theirs);
    }
    s.mlprov(&["init", "--yes"]).success();
    commit_file(&s, "code.py");
    assert_all_recorded(&s);
    assert_eq!(fs::read_to_string(s.root().join("theirs")).unwrap(), "theirs ran\n");
    for line in theirs.lines() {
        assert!(fs::read_to_string(hook_file(&s, "post-commit")).unwrap().contains(line));
    }
}

#[test]
fn a_hook_of_the_user_that_fails_does_not_keep_the_commit_from_the_log() {
    let s = Sandbox::git_repo();
    write_hook(&s, "post-commit", "#!/bin/sh\nset -eu\nfalse\n");
    s.mlprov(&["init", "--yes"]).success();
    commit_file(&s, "code.py");
    assert_all_recorded(&s);
}

#[test]
fn a_hook_that_mlprov_cannot_join_is_left_alone_and_named() {
    let s = Sandbox::git_repo();
    let python = "#!/usr/bin/env python3\nprint(1)\n";
    write_hook(&s, "post-commit", python);
    let push = "#!/usr/bin/env node\n";
    write_hook(&s, "pre-push", push);
    let out = s.mlprov(&["init", "--yes"]);
    out.success().says("post-commit was left alone: it is not a shell script");
    out.says("pre-push was left alone").says("mlprov hook pre-push \"$@\"");
    assert_eq!(fs::read_to_string(hook_file(&s, "post-commit")).unwrap(), python);
    assert_eq!(fs::read_to_string(hook_file(&s, "pre-push")).unwrap(), push);
}

/// A hook that is not executable is one that somebody has switched off.
#[test]
fn a_hook_that_was_switched_off_is_not_switched_on() {
    let s = Sandbox::git_repo();
    write_hook(&s, "post-commit", "#!/bin/sh\ntouch ../theirs\n");
    fs::set_permissions(hook_file(&s, "post-commit"), fs::Permissions::from_mode(0o644)).unwrap();
    s.mlprov(&["init", "--yes"]).success();
    commit_file(&s, "code.py");
    assert!(!s.root().join("theirs").exists());
}

/// Some keep their hooks in the repository and link to them.
#[test]
fn a_hook_that_is_a_link_stays_one() {
    let s = Sandbox::git_repo();
    fs::create_dir(s.path("tools")).unwrap();
    s.write_script("tools/post-commit", "#!/bin/sh\ntouch ../theirs\n");
    std::os::unix::fs::symlink("../../tools/post-commit", hook_file(&s, "post-commit")).unwrap();
    s.mlprov(&["init", "--yes"]).success();
    assert!(fs::symlink_metadata(hook_file(&s, "post-commit")).unwrap().is_symlink());
    commit_file(&s, "code.py");
    assert!(s.root().join("theirs").exists(), "theirs still runs");
}

#[test]
fn no_hooks_are_installed_on_request() {
    let s = Sandbox::git_repo();
    s.mlprov(&["init", "--yes", "--no-hooks"]).success();
    assert!(!hook_file(&s, "post-commit").exists());
}

#[test]
fn a_second_init_leaves_each_hook_as_it_is_and_brings_a_lost_one_back() {
    let s = Sandbox::git_repo();
    write_hook(&s, "post-commit", "#!/bin/sh\necho theirs\n");
    s.mlprov(&["init", "--yes"]).success();
    let before = s.listing();
    s.mlprov(&["init", "--yes"]).success();
    before.assert_same(&s.listing());
    fs::remove_file(hook_file(&s, "post-merge")).unwrap();
    s.mlprov(&["init", "--yes"]).success().shows("made    1 git hook");
    before.assert_same(&s.listing());
}

#[test]
fn a_program_that_is_gone_is_said_in_one_line_and_git_goes_on() {
    let mut s = Sandbox::git_repo();
    let program = s.root().join("mlprov's copy");
    // By a child, for the same reason as in `write_script`.
    s.command("cp", "").arg(env!("CARGO_BIN_EXE_mlprov")).arg(&program).assert().success();
    s.use_program(&program);
    s.mlprov(&["init", "--yes"]).success();
    commit_file(&s, "recorded");
    assert_eq!(s.recorded().len(), 1, "the path with a quote in it works");
    s.use_program(env!("CARGO_BIN_EXE_mlprov").as_ref());
    fs::remove_file(program).unwrap();
    let out = s.git_output("repo", &[], &["commit", "-q", "--allow-empty", "-m", "unseen"]);
    out.success();
    assert_eq!(out.stderr(), "mlprov: program not found, so nothing was recorded for this commit\n");
    s.git_in("", &["init", "-q", "--bare", "remote.git"]);
    let out = s.git_output("repo", &[], &["push", "-q", "../remote.git", "main"]);
    out.success();
    assert_eq!(out.stderr(), "mlprov: program not found, so nothing was recorded for this push\n");
    // The next init puts its own path there.
    s.mlprov(&["init", "--yes"]).success();
    commit_file(&s, "recorded again");
    assert!(s.recorded().contains(&s.head()));
}

#[test]
fn git_never_fails_because_of_mlprov() {
    let s = with_remote();
    fs::write(s.ledger("journal"), "no journal").unwrap();
    let commit = s.git_output("repo", &[], &["commit", "-q", "--allow-empty", "-m", "unrecorded"]);
    commit.success().says("not recorded");
    let amend = s.git_output("repo", &[], &["commit", "-q", "--amend", "--allow-empty", "-m", "again"]);
    amend.success().says("not recorded");
    push(&s).success().says("not recorded");
    assert_eq!(s.git_in("remote.git", &["rev-parse", "main"]).trim(), s.head());
}

#[test]
fn the_shims_are_sound_shell() {
    let s = Sandbox::repo();
    for name in ["post-commit", "post-merge", "post-rewrite", "post-applypatch", "pre-push"] {
        let file = hook_file(&s, name);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{name} is executable");
        for shell in ["sh", "dash", "bash"] {
            if shell != "sh"
                && s.command("which", "").arg(shell).output().map_or(true, |o| !o.status.success())
            {
                continue; // sh is always there
            }
            s.command(shell, "").arg("-n").arg(&file).assert().success();
        }
    }
}

#[test]
fn a_hook_of_a_newer_version_is_named_and_does_not_fail() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["hook", "post-checkout", "1", "2", "3"]).success().says("post-checkout");
}

#[test]
fn commits_at_the_same_time_are_all_recorded() {
    let s = Sandbox::project_with_data();
    let trees: Vec<String> = (0..4).map(|i| format!("tree{i}")).collect();
    for tree in &trees {
        s.git(&["worktree", "add", "-q", &format!("../{tree}"), "-b", tree]);
    }
    let script = "for i in 1 2 3 4 5; do git commit -q --allow-empty -m \"$PWD $i\" || exit 1; done";
    let children: Vec<_> = trees
        .iter()
        .map(|tree| {
            let mut command = s.command("sh", tree);
            command.args(["-c", script]);
            std::thread::spawn(move || command.output().unwrap())
        })
        .collect();
    for child in children {
        let out = child.join().unwrap();
        assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    assert_eq!(s.recorded().len(), 21);
    for tree in &trees {
        s.mlprov_in(tree, &["verify", "HEAD", "HEAD~4"]).success();
    }
}
