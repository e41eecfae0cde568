//! A project that an earlier mlprov wrote must read and verify the same for ever.
//!
//! `MLPROV_UPDATE=archive cargo test --test golden` makes it again. Until the record format is declared stable that
//! is allowed; afterwards a change here is a broken promise.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("golden")
}

fn mlprov(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mlprov"))
        .arg("-C")
        .arg(dir.join("project"))
        .args(args)
        .env("HOME", dir.join("home"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .output()
        .unwrap()
}

fn tar(args: &[&str]) {
    assert!(Command::new("tar").args(args).status().unwrap().success(), "tar {args:?}");
}

fn remake(archive: &Path) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("golden");
    let made = Command::new(env!("CARGO_BIN_EXE_mlprov")).args(["-q", "demo", "--keep"]).arg(&dir).output();
    assert!(made.unwrap().status.success());
    // What says where and on which machine it was made has no place in the archive.
    fs::remove_dir_all(dir.join("project/.git/hooks")).unwrap();
    fs::remove_file(dir.join("project/.git/mlprov/ledger/journal.lock")).unwrap();
    // Private keys neither: whoever verifies needs none.
    fs::remove_dir_all(dir.join("home/.config")).unwrap();
    let owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"];
    let place = ["-C", scratch.path().to_str().unwrap(), "golden"];
    tar(&[&["-czf", archive.to_str().unwrap()][..], &owner, &place].concat());
}

fn json(out: &Output) -> serde_json::Value {
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn an_old_project_reads_and_verifies_as_it_did() {
    let (archive, expected) = (here().join("embedded.tar.gz"), here().join("embedded.json"));
    // `MLPROV_UPDATE=1`: the answers have new fields. `MLPROV_UPDATE=archive`: the format itself has changed.
    let update = std::env::var("MLPROV_UPDATE").ok();
    if update.as_deref() == Some("archive") {
        remake(&archive);
    }
    let scratch = tempfile::tempdir().unwrap();
    tar(&["-xzf", archive.to_str().unwrap(), "-C", scratch.path().to_str().unwrap()]);
    let dir = scratch.path().join("golden");

    let verify = mlprov(&dir, &["--json", "verify", "latest"]);
    assert_eq!(verify.status.code(), Some(0), "{}", String::from_utf8_lossy(&verify.stdout));
    let log = json(&mlprov(&dir, &["--json", "log"]));
    let show = json(&mlprov(&dir, &["--json", "show", "latest"]));
    let ls = json(&mlprov(&dir, &["--json", "ls", "--rev", "HEAD"]));
    let now = serde_json::json!({ "log": log, "show": show, "ls": ls });
    if update.is_some() {
        fs::write(&expected, format!("{now:#}\n")).unwrap();
    }
    let then: serde_json::Value = serde_json::from_slice(&fs::read(&expected).unwrap()).unwrap();
    assert_eq!(now, then);

    // Without the keys nothing can be added, and nothing is.
    let journal = fs::read(dir.join("project/.git/mlprov/ledger/journal")).unwrap();
    fs::write(dir.join("project/data/more.csv"), "1\n").unwrap();
    for command in [&["track", "data"][..], &["init"], &["run", "--", "true"]] {
        assert_eq!(mlprov(&dir, command).status.code(), Some(2), "{command:?}");
    }
    assert!(!dir.join("home/.config").exists(), "no second key was made");
    assert_eq!(fs::read(dir.join("project/.git/mlprov/ledger/journal")).unwrap(), journal);
    assert_eq!(mlprov(&dir, &["verify", "latest"]).status.code(), Some(0));
}
