//! Small files lie in packs, which stock tools read, and damage to which is found and mended.

use crate::common::Sandbox;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const FILES: usize = 300;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    for n in 0..FILES {
        s.write(&format!("data/d{}/f{n}", n % 7), content(n));
    }
    s.write("data/large", vec![7u8; 600_000]);
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    s
}

fn content(n: usize) -> String {
    format!("content {n}\n").repeat(1 + n * 3)
}

fn hash(bytes: impl AsRef<[u8]>) -> String {
    blake3::hash(bytes.as_ref()).to_hex().to_string()
}

fn packs(s: &Sandbox, extension: &str) -> Vec<PathBuf> {
    let listed = fs::read_dir(s.path(".git/mlprov/store/packs")).unwrap().flatten().map(|e| e.path());
    listed.filter(|p| p.extension().is_some_and(|e| e == extension)).collect()
}

/// Flips a bit in the middle of a content, wherever it is packed.
fn bend(s: &Sandbox, bytes: &[u8]) {
    for pack in packs(s, "tar") {
        let mut archive = fs::read(&pack).unwrap();
        if let Some(at) = archive.windows(bytes.len()).position(|w| w == bytes) {
            archive[at + bytes.len() / 2] ^= 1;
            replace(&pack, &archive);
            return;
        }
    }
    panic!("not packed");
}

/// A stored file is read-only, as its directory is not.
fn replace(path: &PathBuf, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn stock_tar_reads_what_is_packed_and_large_files_stand_alone() {
    let s = project();
    let out = s.root().join("out");
    fs::create_dir(&out).unwrap();
    for pack in packs(&s, "tar") {
        let tar = Command::new("tar").arg("-xf").arg(pack).arg("-C").arg(&out).status();
        assert!(tar.unwrap().success());
    }
    // Each thread fills a pack of its own; what is too little for one has files of its own.
    let mut packed = 0;
    for n in 0..FILES {
        match fs::read_to_string(out.join(hash(content(n)))) {
            Ok(text) => {
                packed += 1;
                assert_eq!(text, content(n));
                assert!(!s.object(content(n).as_bytes()).exists(), "stored twice");
            }
            Err(_) => assert!(s.object(content(n).as_bytes()).exists()),
        }
    }
    assert!(packed > FILES / 2, "{packed}");
    assert!(s.object(&vec![7u8; 600_000]).exists());
    s.mlprov(&["verify", "HEAD"]).success();
    // A few small files are not worth a pack.
    let before = packs(&s, "tar").len();
    s.write("few/x", "few");
    s.mlprov(&["track", "few"]).success();
    assert_eq!(packs(&s, "tar").len(), before);
    assert!(s.object(b"few").exists());
    // The same content again, under other names, is stored once.
    for n in 0..FILES {
        s.write(&format!("again/f{n}"), content(n));
    }
    s.mlprov(&["track", "again"]).success();
    assert_eq!(packs(&s, "tar").len(), before);
}

#[test]
fn an_index_that_is_gone_or_damaged_changes_nothing() {
    let s = project();
    for pack in packs(&s, "idx") {
        let index = fs::read(&pack).unwrap();
        for bytes in [Some(Vec::new()), Some(vec![0; 1000]), Some(index[..index.len() / 2].to_vec()), None] {
            fs::remove_file(&pack).unwrap();
            if let Some(bytes) = bytes {
                fs::write(&pack, bytes).unwrap();
            }
            s.mlprov(&["verify", "HEAD"]).success();
            s.mlprov(&["track", "data"]).success().shows("unchanged");
            fs::write(&pack, &index).unwrap();
        }
    }
}

#[test]
fn damage_to_a_pack_is_found_and_mended_while_the_work_tree_has_the_bytes() {
    let s = project();
    bend(&s, content(FILES - 1).as_bytes());
    s.mlprov(&["verify", "HEAD"]).code(1).shows("altered     input data").shows("/f299: recorded");
    // What the store is said to hold is believed by `track`; `--repair` looks.
    s.mlprov(&["track", "data"]).success();
    s.mlprov(&["verify", "HEAD"]).code(1);
    s.mlprov(&["track", "data", "--repair"]).success();
    s.mlprov(&["verify", "HEAD"]).success();

    // A large object, and a manifest.
    let large = s.object(&vec![7u8; 600_000]);
    let mut bytes = fs::read(&large).unwrap();
    bytes[5] ^= 1;
    replace(&large, &bytes);
    let manifest = s.mlprov(&["ls", "data", "--manifest"]).success().stdout();
    let object = s.object(manifest.as_bytes());
    replace(&object, manifest.replace("f1\n", "f!\n").as_bytes());
    s.mlprov(&["verify", "HEAD"]).code(1);
    s.mlprov(&["track", "data", "--repair"]).success();
    s.mlprov(&["verify", "HEAD"]).success();

    // Cut short: what is beyond the end is gone, and comes back.
    for pack in packs(&s, "tar") {
        let archive = fs::read(&pack).unwrap();
        replace(&pack, &archive[..archive.len() / 2]);
    }
    s.mlprov(&["verify", "HEAD"]).code(1).shows("missing");
    s.mlprov(&["track", "data"]).success();
    s.mlprov(&["verify", "HEAD"]).success();
    // All packs gone.
    fs::remove_dir_all(s.path(".git/mlprov/store/packs")).unwrap();
    s.mlprov(&["verify", "HEAD"]).code(1).shows("missing");
    s.mlprov(&["track", "data"]).success();
    s.mlprov(&["verify", "HEAD"]).success();
}

/// Killed at any moment: either the old pointer or the new one, and whatever a pointer names is there.
#[test]
fn a_track_that_is_killed_leaves_the_old_state_or_the_new_one() {
    let s = project();
    let old = s.read("data.mlprov");
    for n in 0..2000 {
        s.write(&format!("data/new/f{n}"), format!("new {n}").repeat(100));
    }
    let mut whole = false;
    let mut after = Duration::from_millis(1);
    while !whole {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mlprov"));
        child
            .current_dir(s.path(""))
            .env_clear()
            .env("HOME", s.home())
            .env("PATH", std::env::var("PATH").unwrap());
        let mut child = child.args(["-q", "track", "data"]).spawn().unwrap();
        std::thread::sleep(after);
        whole = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        let now = s.read("data.mlprov");
        s.mlprov(&["status", "data"]).success();
        s.mlprov(&["ledger", "checkpoint"]).success();
        // Whatever was recorded by now is there, whole; and so is what the pointer names.
        let tracked = s.json(&["log", "--kind", "dataset.tracked"])["entries"].as_array().unwrap().clone();
        assert!(now == old || tracked.len() == 2);
        for entry in tracked {
            s.mlprov(&["verify", entry["id"].as_str().unwrap()]).success();
        }
        after = after * 3 / 2;
    }
    assert_ne!(s.read("data.mlprov"), old);
    s.commit_all("second");
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["ledger", "audit"]).success();
    // What was left behind in staging goes with the next call.
    s.mlprov(&["track", "data"]).success();
    assert_eq!(fs::read_dir(s.path(".git/mlprov/store/staging")).unwrap().count(), 0);
}
