//! The README's first command, as a test: the whole story, and every change caught.

use std::process::Command;

fn demo(args: &[&str], home: &std::path::Path) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_mlprov"))
        .args(args)
        .env("HOME", home)
        .env("TMPDIR", home)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .output()
        .unwrap()
}

#[test]
fn the_demo_verifies_and_catches_every_change() {
    let home = tempfile::tempdir().unwrap();
    let out = demo(&["demo", "--json"], home.path());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(report["schema"], "mlprov.demo/1");
    assert_eq!(report["verified"], 0);
    let tampering = report["tampering"].as_array().unwrap();
    let whats: Vec<&str> = tampering.iter().map(|t| t["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["a data byte", "a ledger byte", "a metric"]);
    for change in tampering {
        assert_eq!(change["exitCode"], 1, "{change:#}");
        assert_eq!(change["caught"], true, "{change:#}");
        assert_eq!(change["after"], 0, "{change:#}");
    }
    // Each change is named where it was made.
    let finding = |i: usize| tampering[i]["findings"].to_string();
    assert!(finding(0).contains("altered  input data: train.csv"), "{}", finding(0));
    assert!(finding(1).contains("altered  journal"), "{}", finding(1));
    assert!(finding(2).contains("the signature of writer"), "{}", finding(2));
    assert!(finding(2).contains("altered  checkpoint"), "{}", finding(2));
    // Nothing of it stays, neither in the temporary directory nor in the user's own.
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn keep_leaves_a_project_that_still_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("story");
    let out = demo(&["demo", "--keep", place.to_str().unwrap()], dir.path());
    assert!(out.status.success());
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("3 of 3 changes were caught"), "{text}");
    assert!(text.contains(place.to_str().unwrap()), "it says where the project lies");
    let again = Command::new(env!("CARGO_BIN_EXE_mlprov"))
        .args(["-C", place.join("project").to_str().unwrap(), "verify", "latest"])
        .env("HOME", place.join("home"))
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
    // A directory with something in it is never touched.
    assert_eq!(demo(&["demo", "--keep", place.to_str().unwrap()], dir.path()).status.code(), Some(2));
}
