//! Repositories that libgit2 refuses: SHA-256 objects, references in tables. The git program answers for it.

use crate::assert_all_recorded;
use crate::commit_file;
use crate::commit_unseen;
use crate::common::Sandbox;
use crate::common::skipped;
use crate::superseded;
use std::fs;

const FORMATS: [&[&str]; 3] = [
    &["--object-format=sha256"],
    &["--ref-format=reftable"],
    &["--object-format=sha256", "--ref-format=reftable"],
];

/// A project of this format, with data and one commit; `None` if this git does not know it.
fn project(format: &[&str]) -> Option<Sandbox> {
    let s = Sandbox::new();
    let init = s.git_output("repo", &[], &[&["init", "-q", "-b", "main"], format].concat());
    if init.exit_code() != Some(0) {
        skipped(&format!("a repository with {format:?}: this git does not make one"));
        return None;
    }
    s.mlprov(&["init", "--yes"]).success();
    s.write("data/a.csv", "1,2\n");
    s.write("data/b.csv", "3,4\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    Some(s)
}

#[test]
fn every_door_is_watched() {
    for format in FORMATS {
        let Some(s) = project(format) else { continue };
        let one = commit_file(&s, "one");
        s.git(&["commit", "-q", "--amend", "-m", "one, better"]);
        assert_eq!(superseded(&s), [(one, s.head())], "{format:?}");
        s.git(&["checkout", "-q", "-b", "topic", "HEAD~1"]);
        commit_file(&s, "topic");
        s.git(&["rebase", "-q", "main"]);
        s.git(&["checkout", "-q", "main"]);
        s.git(&["merge", "-q", "--no-ff", "-m", "merge", "topic"]);
        s.git(&["checkout", "-q", "--detach"]);
        commit_file(&s, "detached");
        assert_all_recorded(&s);
        s.git(&["worktree", "add", "-q", "../second", "-b", "side", "main"]);
        s.git_in("second", &["commit", "-q", "--allow-empty", "-m", "in the second work tree"]);
        let id = s.git_in("second", &["rev-parse", "HEAD"]).trim().to_owned();
        assert_eq!(s.recorded().last(), Some(&id), "{format:?}");
    }
}

#[test]
fn runs_and_data_are_recorded_verified_and_restored() {
    for format in FORMATS {
        let Some(s) = project(format) else { continue };
        s.write("train.py", "x");
        s.commit_all("code");
        s.write("untracked.txt", "dirty");
        s.mlprov(&["run", "-d", "data", "--", "true"]).success();
        s.mlprov(&["verify", "latest", "HEAD"]).success();
        let trained = s.head();
        s.git(&["commit", "-q", "--amend", "-m", "other"]);
        s.git(&["reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"]);
        s.git(&["gc", "-q", "--prune=now"]);
        s.mlprov(&["verify", "latest", &trained]).success();
        s.write("data/a.csv", "changed\n");
        s.mlprov(&["diff"]).success().shows("a.csv");
        s.mlprov(&["restore", "--force", "--rev", "HEAD~1"]).success();
        assert_eq!(s.read("data/a.csv"), "1,2\n");
        s.mlprov(&["status"]).success().shows("unchanged  data");
        s.mlprov(&["prune"]).success();
        s.refused(2, &["track", "train.py"]).says("train.py");
    }
}

#[test]
fn logs_are_shared_between_clones() {
    for format in FORMATS {
        let Some(s) = project(format) else { continue };
        s.git_in("", &[&["init", "-q", "--bare", "-b", "main", "remote.git"], format].concat());
        s.git(&["remote", "add", "origin", "../remote.git"]);
        let unseen = commit_unseen(&s, "unseen");
        s.git(&["push", "-q", "origin", "main"]);
        assert!(s.recorded().contains(&unseen), "{format:?}: pre-push");
        s.mlprov(&["sync"]).success();
        s.mlprov(&["sync"]).success();
        s.git_in("", &["clone", "-q", "remote.git", "clone"]);
        s.mlprov_in("clone", &["init", "--yes"]).success();
        s.mlprov_in("clone", &["sync"]).success();
        let vkey = s.mlprov(&["key", "show", "--vkey"]).stdout();
        s.mlprov_in("clone", &["key", "trust", vkey.trim()]).success();
        s.mlprov_in("clone", &["log"]).success().shows("commit.recorded");
        let about = s.mlprov_in("clone", &["--json", "show", &unseen]).json();
        assert_eq!(about["entries"].as_array().unwrap().len(), 1, "{format:?}");
        s.mlprov(&["sync", "--fetch"]).success();
        s.mlprov(&["ledger", "audit"]).success();
    }
}

#[test]
fn pointers_are_merged() {
    for format in FORMATS {
        let Some(s) = project(format) else { continue };
        s.git(&["checkout", "-q", "-b", "side"]);
        s.write("data/side.csv", "side");
        s.mlprov(&["track", "data"]).success();
        s.commit_all("side");
        s.git(&["checkout", "-q", "main"]);
        s.mlprov(&["restore"]).success();
        s.write("data/main.csv", "main");
        s.mlprov(&["track", "data"]).success();
        s.commit_all("main");
        s.git(&["merge", "-q", "--no-edit", "side"]);
        s.mlprov(&["restore"]).success();
        assert_eq!((s.read("data/side.csv"), s.read("data/main.csv")), ("side".into(), "main".into()));
        // Without the driver, by hand.
        s.git(&["config", "--remove-section", "merge.mlprov"]);
        for (branch, name) in [("left", "l"), ("right", "r")] {
            s.git(&["checkout", "-q", "-B", branch, "main"]);
            s.mlprov(&["restore"]).success();
            s.write(&format!("data/{name}"), name);
            s.mlprov(&["track", "data"]).success();
            s.commit_all(branch);
        }
        s.git_output("repo", &[], &["merge", "left"]).code(1);
        s.mlprov(&["merge", "data"]).success();
        s.commit_all("merged");
        s.mlprov(&["verify", "HEAD"]).success();
    }
}

/// An object that is not what its name says is found here, too.
#[test]
fn a_forged_object_is_found() {
    for format in FORMATS {
        let Some(s) = project(format) else { continue };
        s.mlprov(&["verify", "HEAD"]).success();
        s.write("code.py", "honest\n");
        let honest = s.git(&["hash-object", "-w", "code.py"]).trim().to_owned();
        s.write("code.py", "forged\n");
        let forged = s.git(&["hash-object", "-w", "code.py"]).trim().to_owned();
        s.write("code.py", "honest\n");
        s.commit_all("code");
        s.mlprov(&["verify", "HEAD"]).success();
        let object = |id: &str| s.path(".git/objects").join(&id[..2]).join(&id[2..]);
        fs::remove_file(object(&honest)).unwrap();
        fs::copy(object(&forged), object(&honest)).unwrap();
        s.mlprov(&["verify", "HEAD"]).code(1).shows("altered");
        fs::remove_file(object(&honest)).unwrap();
        s.mlprov(&["verify", "HEAD"]).code(1).shows("missing");
    }
}
