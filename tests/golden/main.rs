//! Projects that an earlier mlprov wrote must read and verify the same for ever.
//!
//! The archives are frozen: a change of one is a broken promise. For a newer format another one is put beside them
//! (`MLPROV_UPDATE=archive cargo test --test golden` makes those that are not there, and replaces none).

#[path = "../common/mod.rs"]
mod common;

mod team;

use sha2::Digest;
use sha2::Sha256;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

/// SHA-256 of what is promised.
const FROZEN: [(&str, &str); 2] = [
    ("embedded.tar.gz", "503a030c51b719178e1865293680c37c6e6eb1555191e70a5407b3f56b8abdca"),
    ("team.tar.gz", "d754f94193e52397a6816dbdc6369647e5f5313a187dcfa2d6543ec151c0d249"),
];

/// Fails if somebody made an archive anew.
fn frozen(archive: &Path) {
    let name = archive.file_name().unwrap().to_str().unwrap();
    let found: String =
        Sha256::digest(fs::read(archive).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    let promised = FROZEN.iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!(found, promised, "{name} is not the one that was promised");
}

/// `MLPROV_UPDATE`: the answers have new fields.
fn compare(expected: &Path, now: &serde_json::Value) {
    if std::env::var_os("MLPROV_UPDATE").is_some() {
        fs::write(expected, format!("{now:#}\n")).unwrap();
    }
    let then: serde_json::Value = serde_json::from_slice(&fs::read(expected).unwrap()).unwrap();
    assert_eq!(*now, then);
}

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

fn make(archive: &Path) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("golden");
    let made = Command::new(env!("CARGO_BIN_EXE_mlprov")).args(["-q", "demo", "--keep"]).arg(&dir).output();
    assert!(made.unwrap().status.success());
    // What says where and on which machine it was made has no place in the archive.
    fs::remove_dir_all(dir.join("project/.git/hooks")).unwrap();
    let project = dir.join("project");
    let config = ["config", "--remove-section", "merge.mlprov"];
    assert!(Command::new("git").arg("-C").arg(&project).args(config).status().unwrap().success());
    let actor = fs::read_to_string(project.join(".git/mlprov/actor")).unwrap();
    let (objects, actor) = (project.join(".git/mlprov/store/objects"), actor.trim());
    fs::remove_file(objects.join(&actor[..2]).join(actor)).unwrap();
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
    if std::env::var("MLPROV_UPDATE").is_ok_and(|what| what == "archive") && !archive.exists() {
        make(&archive);
    }
    frozen(&archive);
    let scratch = tempfile::tempdir().unwrap();
    tar(&["-xzf", archive.to_str().unwrap(), "-C", scratch.path().to_str().unwrap()]);
    let dir = scratch.path().join("golden");

    let verify = mlprov(&dir, &["--json", "verify", "latest"]);
    assert_eq!(verify.status.code(), Some(0), "{}", String::from_utf8_lossy(&verify.stdout));
    let log = json(&mlprov(&dir, &["--json", "log"]));
    let show = json(&mlprov(&dir, &["--json", "show", "latest"]));
    let ls = json(&mlprov(&dir, &["--json", "ls", "--rev", "HEAD"]));
    let now = serde_json::json!({ "log": log, "show": show, "ls": ls });
    compare(&expected, &now);

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
