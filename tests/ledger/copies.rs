//! A copied clone never goes on under the key of its original.

use crate::common::Sandbox;
use std::process::Command;

#[test]
fn a_copied_clone_is_refused_until_it_is_adopted() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["run", "--", "true"]).success();
    let copied = Command::new("cp").arg("-r").arg(s.path("")).arg(s.root().join("copy")).status().unwrap();
    assert!(copied.success());
    // Reading is free; writing is not.
    s.mlprov_in("copy", &["verify", "latest"]).success();
    let before = std::fs::read(s.root().join("copy/.git/mlprov/ledger/journal")).unwrap();
    for args in [&["track", "data"][..], &["run", "--", "touch", "ran"]] {
        let out = s.mlprov_in("copy", args);
        out.code(2).says("mlprov ledger adopt");
    }
    assert!(!s.root().join("copy/ran").exists());
    assert_eq!(std::fs::read(s.root().join("copy/.git/mlprov/ledger/journal")).unwrap(), before);
    s.git_in("copy", &["commit", "-q", "--allow-empty", "-m", "in the copy"]);

    // The original goes on as before.
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["ledger", "adopt"]).code(2).says("nothing to adopt");

    let old = s.json(&["ledger", "status"]);
    let adopted: serde_json::Value =
        serde_json::from_str(&s.mlprov_in("copy", &["--json", "ledger", "adopt"]).success().stdout())
            .unwrap();
    assert_eq!(adopted["predecessor"], old["log"]);
    assert_ne!(adopted["log"], old["log"]);
    s.mlprov_in("copy", &["verify", "latest"]).success();
    s.mlprov_in("copy", &["run", "--", "true"]).success();
    s.mlprov_in("copy", &["verify", "latest"]).success();
    s.mlprov_in("copy", &["ledger", "audit"]).success();
    let log = s.mlprov_in("copy", &["--json", "log", "--kind", "ledger.moved"]).success().json();
    assert_eq!(log["entries"].as_array().unwrap().len(), 1);
    let id = log["entries"][0]["id"].as_str().unwrap().to_owned();
    let shown = s.mlprov_in("copy", &["--json", "show", &id]).success().json();
    let named = &shown["entries"][0]["statement"]["predicate"]["ledger"];
    assert_eq!(named["log"], old["log"]);
    assert_eq!(named["size"], adopted["entries"]);
}

#[test]
#[allow(clippy::disallowed_methods)] // the test plays the user who moves a directory
fn a_clone_that_is_renamed_goes_on() {
    let s = Sandbox::project_with_data();
    std::fs::rename(s.path(""), s.root().join("elsewhere")).unwrap();
    s.mlprov_in("elsewhere", &["track", "data"]).success();
    s.mlprov_in("elsewhere", &["verify", "HEAD"]).success();
}

#[test]
fn an_older_backup_is_refused_until_it_is_adopted() {
    let s = Sandbox::project_with_data();
    let journal = s.ledger("journal");
    let backup = std::fs::read(&journal).unwrap();
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "latest"]).success();
    std::fs::write(&journal, backup).unwrap();
    s.mlprov(&["track", "data"]).code(1);
    s.mlprov(&["ledger", "adopt"]).success();
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "latest", "HEAD"]).success();
}
