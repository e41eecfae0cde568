//! `untrack` takes back what `track` wrote into the work tree, and nothing else.

use crate::common::Sandbox;
use std::fs;

#[test]
fn pointer_and_line_go_and_all_else_stays() {
    let s = Sandbox::repo();
    s.write(".gitignore", "*.pyc\n/data/\n");
    s.write("a/data/x", "x");
    s.write("b.csv", "b");
    s.mlprov(&["track", "a/data", "b.csv"]).success();
    s.commit_all("tracked");
    let before = s.listing();
    s.mlprov(&["untrack", "-n", "a/data", "b.csv"]).success().shows("would remove  a/data.mlprov");
    before.assert_same(&s.listing());
    let out = s.mlprov(&["untrack", "a/data", "b.csv.mlprov", "b.csv"]);
    out.success().shows("removed  b.csv.mlprov   and its line in .gitignore");
    let differences = before.differences(&s.listing());
    let repo = |kind: &str, name: &str| format!("{kind} \"repo/{name}\"");
    let expected = [
        repo("changed", ".gitignore"),
        repo("changed", "a/.gitignore"),
        repo("removed", "a/data.mlprov"),
        repo("removed", "b.csv.mlprov"),
    ];
    let only: Vec<String> = differences.into_iter().filter(|d| !d.contains("/.git/")).collect();
    assert_eq!(only, expected);
    assert_eq!(s.read(".gitignore"), "*.pyc\n/data/\n");
    assert_eq!(s.read("a/data/x"), "x");
    assert!(s.object(b"x").exists());
    // git is told the same; history still verifies.
    s.paste("repo", &out.hints()[0]).success();
    let status = s.git(&["status", "--porcelain"]);
    assert!(status.contains("D  a/data.mlprov\n") && status.contains("?? b.csv\n"), "{status}");
    let tracked = s.head();
    s.git(&["commit", "-q", "-m", "untracked"]);
    s.mlprov(&["verify", &tracked]).success();
    s.mlprov(&["verify", "HEAD"]).success();
    assert_eq!(s.json(&["ls"])["datasets"].as_array().unwrap().len(), 0);
    // And it may be tracked again.
    s.mlprov(&["track", "b.csv"]).success().shows("new  b.csv");
}

#[test]
fn what_is_not_tracked_is_refused_and_a_bad_pointer_can_go() {
    let s = Sandbox::project_with_data();
    s.refused(2, &["untrack", "nothing"]).says("nothing is not tracked");
    s.refused(2, &["untrack", "data", "nothing"]).says("nothing is not tracked");
    let out = s.refused(2, &["untrack", "data/a.csv"]);
    out.says("data/a.csv is part of the dataset data");
    assert_eq!(out.hints(), ["mlprov untrack data   # all of it; or delete the file, and track data again"]);
    s.write("data.mlprov", "nonsense");
    s.write(".gitignore", "# none\n");
    let out = s.mlprov(&["untrack", "data"]);
    out.success();
    assert_eq!(out.hints(), ["git rm --cached data.mlprov"]);
    assert_eq!(s.read(".gitignore"), "# none\n");
    // Not in git: there is nothing to tell it.
    s.write("new/x", "x");
    s.mlprov(&["track", "new"]).success();
    fs::create_dir(s.path("sub")).unwrap();
    let out = s.mlprov_in("repo/sub", &["untrack", "../new"]);
    out.success();
    assert_eq!(out.hints(), ["git add :/.gitignore"]);
}
