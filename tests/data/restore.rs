//! Data comes back as it was recorded, or not at all; and nothing that is stored nowhere is overwritten.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::skipped;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const FILES: usize = 300;

fn content(n: usize) -> String {
    format!("content {n}\n").repeat(1 + n * 3)
}

/// Packed files, a large one (more than one piece), odd names, and a dataset of one file; tagged v1. v2 has other content.
fn project() -> Sandbox {
    let s = Sandbox::repo();
    for n in 0..FILES {
        s.write(&format!("data/d{}/f{n}", n % 7), content(n));
    }
    for name in odd_names() {
        s.write(&format!("data/odd/{name}"), &name);
    }
    s.write("data/large", vec![7u8; 9 << 20]);
    s.write("one.csv", "first\n");
    s.mlprov(&["track", "data", "one.csv"]).success();
    s.commit_all("first");
    s.git(&["tag", "v1"]);
    s
}

fn odd_names() -> Vec<String> {
    let names = ["new\nline", "quote\"'", "back\\slash", "🦀", " lead", "a[1]*?", "-rf", "cr\r", "{x}"];
    names.iter().map(|n| (*n).to_owned()).chain(["x".repeat(255), "é".repeat(127)]).collect()
}

/// v2: one file changed, one gone, one new, a directory in place of a file and the other way round.
fn second(s: &Sandbox) {
    s.write("data/d1/f1", "changed");
    fs::remove_file(s.path("data/d2/f2")).unwrap();
    s.write("data/d2/new", "new");
    fs::remove_file(s.path("data/d3/f3")).unwrap();
    s.write("data/d3/f3/below", "below");
    fs::remove_dir_all(s.path("data/d4")).unwrap();
    s.write("data/d4", "a file now");
    s.write("one.csv", "second\n");
    s.mlprov(&["track", "data", "one.csv"]).success();
    s.commit_all("second");
    s.git(&["tag", "v2"]);
}

/// All files below a directory, with their bytes.
fn tree(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(at) = dirs.pop() {
        for entry in fs::read_dir(at).unwrap().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                dirs.push(path);
            } else {
                found.insert(path.strip_prefix(dir).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Nothing of ours lies in the work tree but what git and the user know.
fn no_leftovers(s: &Sandbox) {
    let names = fs::read_dir(s.path("")).unwrap().flatten().map(|e| e.file_name().into_string().unwrap());
    let ours: Vec<String> = names.filter(|n| n.starts_with(".mlprov-tmp")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

/// A bit of a packed content is flipped.
fn bend(s: &Sandbox, bytes: &[u8]) {
    for pack in fs::read_dir(s.path(".git/mlprov/store/packs")).unwrap().flatten().map(|e| e.path()) {
        let mut archive = fs::read(&pack).unwrap();
        if let Some(at) = archive.windows(bytes.len()).position(|w| w == bytes) {
            archive[at + bytes.len() / 2] ^= 1;
            fs::remove_file(&pack).unwrap();
            fs::write(&pack, &archive).unwrap();
            return;
        }
    }
    panic!("not packed");
}

#[test]
fn what_git_clean_took_comes_back_and_status_reads_none_of_it() {
    let s = project();
    let (data, one) = (tree(&s.path("data")), s.read("one.csv"));
    s.git(&["clean", "-qfdx"]);
    assert!(!s.path("data").exists() && !s.path("one.csv").exists());
    s.mlprov(&["restore", "-n"]).success().shows("would restore").shows("one.csv");
    assert!(!s.path("data").exists());
    s.mlprov(&["restore"]).success().shows("restored");
    assert!(tree(&s.path("data")) == data && s.read("one.csv") == one);
    let mode = fs::metadata(s.path("data/d1/f1")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(fs::metadata(s.path("data/large")).unwrap().permissions().mode() & 0o200, 0o200);
    no_leftovers(&s);
    if let Some(files) = opened(&s, &["status"]) {
        assert!(files.is_empty(), "status read {files:?}");
    }
    s.mlprov(&["status"]).success().shows("unchanged");
    // What is changed right afterwards, at the same size, is seen all the same.
    s.write("one.csv", "FIRST\n");
    s.mlprov(&["status", "one.csv"]).success().shows("modified");
}

/// Files of the datasets that a command opens; `None` if strace cannot run here.
fn opened(s: &Sandbox, args: &[&str]) -> Option<Vec<String>> {
    if !Command::new("strace").args(["-qq", "true"]).output().is_ok_and(|o| o.status.success()) {
        skipped("which files are read (strace cannot run here)");
        return None;
    }
    let trace = s.root().join("trace");
    let options = ["-f", "-qq", "-e", "trace=openat,open", "-o", trace.to_str().unwrap()];
    s.traced(&options, args).assert().success();
    let text = fs::read_to_string(trace).unwrap();
    let files = text.lines().filter_map(|l| l.split('"').nth(1)).filter(|p| p.contains("/data/"));
    Some(files.filter(|p| !s.path(p).is_dir()).map(str::to_owned).collect())
}

#[test]
fn versions_replace_each_other_exactly() {
    let s = project();
    let v1 = tree(&s.path("data"));
    second(&s);
    let v2 = tree(&s.path("data"));
    for _ in 0..2 {
        let out = s.mlprov(&["restore", "--rev", "v1"]);
        out.success().shows("data.mlprov names another version").shows("removed: data/d2/new");
        assert_eq!(out.hints(), ["mlprov restore data one.csv   # back to what the pointer names"]);
        assert!(tree(&s.path("data")) == v1);
        assert_eq!(s.read("one.csv"), "first\n");
        s.mlprov(&["status"]).success().shows("modified");
        s.paste("repo", &out.hints()[0]).success();
        assert!(tree(&s.path("data")) == v2);
        assert_eq!(s.read("one.csv"), "second\n");
        s.mlprov(&["status"]).success().shows("unchanged");
    }
    // As after `git checkout`: the pointers are those of v1, the files still those of v2.
    s.git(&["checkout", "-q", "v1"]);
    s.mlprov(&["restore"]).success().shows("removed: data/d2/new");
    assert!(tree(&s.path("data")) == v1);
    s.mlprov(&["status"]).success().shows("unchanged");
    no_leftovers(&s);
}

#[test]
fn files_that_are_right_are_not_touched() {
    let s = project();
    let stat = |name: &str| {
        let meta = fs::metadata(s.path(name)).unwrap();
        (meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.ctime_nsec())
    };
    let before = (stat("data/d1/f1"), stat("data/large"), stat("one.csv"));
    fs::remove_file(s.path("data/d1/f8")).unwrap();
    let report = s.json(&["restore"]);
    assert_eq!(before, (stat("data/d1/f1"), stat("data/large"), stat("one.csv")));
    assert_eq!(s.read("data/d1/f8"), content(8));
    let data = &report["datasets"][0];
    assert_eq!((&data["written"], &data["bytes"]), (&json!(1), &json!(content(8).len())));
    assert_eq!(data["unchanged"], json!(FILES + odd_names().len()));
    s.mlprov(&["restore"]).success().shows("unchanged");
}

#[test]
fn local_changes_are_kept() {
    let s = project();
    second(&s);
    s.write("data/d5/f5", "somebody's work");
    s.write("data/d6/mine", "untracked");
    fs::remove_file(s.path("data/d6/f6")).unwrap();
    s.write("data/d2/new", "work on a file that v1 does not have");
    s.mlprov(&["ls", "--rev", "v1"]).success(); // remembers that tree
    let out = s.refused(1, &["restore", "--rev", "v1"]);
    out.says("data/d5/f5").says("stored nowhere");
    assert!(!out.stderr().contains("d6/mine") && out.hints()[0].contains("--force"));
    let error = s.mlprov(&["--json", "restore"]);
    error.code(1);
    let error = error.json();
    assert_eq!(error["paths"], json!(["data/d2/new", "data/d5/f5"]));
    s.mlprov(&["restore", "--rev", "v1", "-n"]).code(1);
    // Other files can be restored meanwhile.
    s.mlprov(&["restore", "data/d6"]).success();
    assert_eq!(s.read("data/d6/f6"), content(6));
    let report = s.json(&["restore", "--rev", "v1", "--force"]);
    assert_eq!(s.read("data/d5/f5"), content(5));
    assert_eq!(s.read("data/d6/mine"), "untracked");
    assert_eq!(s.read("data/d2/new"), "work on a file that v1 does not have");
    let data = &report["datasets"][0];
    assert_eq!(data["extra"], json!(["data/d2/new", "data/d6/mine"]));
    assert!(data["replaced"].as_array().unwrap().contains(&json!("data/d5/f5")));
    // The hint keeps what was changed.
    s.write("one.csv", "third\n");
    let out = s.refused(1, &["restore", "one.csv"]);
    s.paste("repo", &out.hints()[0]).success();
    s.mlprov(&["restore", "--rev", "v1", "one.csv"]).success();
    s.mlprov(&["restore", "one.csv"]).success();
    assert_eq!(s.read("one.csv"), "third\n");
}

/// A copy of stored content under a name of its own, whose hash is known without reading.
#[test]
fn a_file_that_no_version_had_stays_although_its_content_is_stored() {
    let s = Sandbox::project_with_data();
    s.write("data/copy.csv", s.read("data/a.csv"));
    fs::remove_file(s.path("data/b.csv")).unwrap();
    std::thread::sleep(Duration::from_millis(2100));
    s.mlprov(&["status"]).success().shows("modified");
    let report = s.json(&["restore"]);
    assert_eq!(report["datasets"][0]["extra"], json!(["data/copy.csv"]));
    assert!(s.path("data/copy.csv").exists() && s.path("data/b.csv").exists());
}

#[test]
fn parts_and_patterns() {
    let s = project();
    let all = tree(&s.path("data"));
    let restored = |dir: &str, args: &[&str]| -> Vec<String> {
        let _ = fs::remove_dir_all(s.path("data"));
        let _ = fs::remove_file(s.path("one.csv"));
        s.mlprov_in(dir, args).success();
        let mut found: Vec<String> = match s.path("data").exists() {
            true => tree(&s.path("data")).into_keys().map(|p| p.to_str().unwrap().to_owned()).collect(),
            false => Vec::new(),
        };
        found.extend(s.path("one.csv").exists().then(|| "one.csv".to_owned()));
        found
    };
    fs::create_dir(s.path("sub")).unwrap();
    assert_eq!(restored("repo", &["restore", "data/d1/f1"]), ["d1/f1"]);
    assert_eq!(restored("repo", &["restore", "data/d1/"]).len(), 43);
    assert_eq!(restored("repo", &["restore", "data/d1/../d1/f1"]).len(), 1);
    assert_eq!(restored("repo", &["restore", "data.mlprov"]).len(), all.len());
    assert_eq!(restored("repo", &["restore", "."]).len(), all.len() + 1);
    assert_eq!(restored("repo", &["restore", "*.csv"]), ["one.csv"]);
    assert_eq!(restored("repo", &["restore", "*"]).len(), all.len() + 1);
    assert_eq!(restored("repo", &["restore", "data/*"]).len(), all.len());
    assert_eq!(restored("repo", &["restore", "data/d[12]/f1"]), ["d1/f1"]);
    assert_eq!(restored("repo", &["restore", "**/f1?", "one.csv"]).len(), 11);
    assert_eq!(restored("repo", &["restore", "data/*/f1"]), ["d1/f1"]);
    // A name that looks like a pattern is a name, too.
    assert_eq!(restored("repo", &["restore", "data/odd/a[1]*?"]), ["odd/a[1]*?"]);
    assert_eq!(restored("repo", &["restore", "data/odd/new\nline"]), ["odd/new\nline"]);
    // From below: relative to where one stands, or from the root.
    assert_eq!(restored("repo/sub", &["restore", "../data/d1/f1"]), ["d1/f1"]);
    assert_eq!(restored("repo/sub", &["restore", "../data/d*/f1"]), ["d1/f1"]);
    assert_eq!(restored("repo/sub", &["restore", ":/data/d*/f1"]), ["d1/f1"]);
    // Other files of a dataset are neither removed nor reported.
    s.write("data/mine", "mine");
    let report = s.json(&["restore", "data/d1"]);
    assert_eq!(
        (&report["datasets"][0]["whole"], &report["datasets"][0]["extra"]),
        (&json!(false), &json!([]))
    );
    for nothing in ["none", "data/none", "data/d1/f1/x", "*.none"] {
        s.refused(2, &["restore", nothing]).says("there is no data at");
    }
    s.refused(2, &["restore", "data/d1", "data/none"]).says("data/none");
    s.refused(2, &["restore", "../*.csv"]).says("leaves the repository");
    s.refused(2, &["restore", "/etc/passwd"]).says("outside the repository");
    s.refused(3, &["restore", "--rev", "none"]).says("no commit");
    s.refused(3, &["restore", "--run", "r-00000000"]).says("nothing recorded");
    s.refused(2, &["restore", "--rev", "v1", "--run", "latest"]).says("cannot be used with");
}

#[test]
fn elsewhere_and_of_a_run() {
    let s = project();
    let v1 = tree(&s.path("data"));
    s.write("train.sh", "cat data/d1/f1 one.csv > model.bin; mkdir -p plots; echo plot > plots/p\n");
    s.commit_all("train");
    let args =
        ["run", "-d", "data", "-d", "one.csv", "-o", "plots", "--model", "model.bin", "--model-group", "g"];
    s.mlprov(&[&args[..], &["--", "sh", "train.sh"]].concat()).success();
    let model = fs::read(s.path("model.bin")).unwrap();
    fs::remove_file(s.path("model.bin")).unwrap();
    second(&s);
    let before = s.listing();
    let to = s.root().join("elsewhere/deep");
    let to = to.to_str().unwrap();
    s.mlprov(&["restore", "--rev", "v1", "--to", to]).success();
    assert!(tree(&Path::new(to).join("data")) == v1);
    assert_eq!(fs::read_dir(to).unwrap().count(), 2, "data and one.csv, and nothing else");
    assert_eq!(
        before
            .differences(&s.listing())
            .iter()
            .filter(|d| !d.contains("elsewhere") && !d.contains("/cache/"))
            .count(),
        0
    );
    s.mlprov(&["restore", "--run", "latest", "--to", to]).success();
    assert_eq!(fs::read(Path::new(to).join("model.bin")).unwrap(), model);
    assert_eq!(fs::read_to_string(Path::new(to).join("plots/p")).unwrap(), "plot\n");
    // v2 goes over v1, which is stored; but not over somebody's work.
    s.mlprov(&["restore", "--to", to]).success();
    assert_eq!(fs::read_to_string(Path::new(to).join("data/d1/f1")).unwrap(), "changed");
    fs::write(Path::new(to).join("one.csv"), "work").unwrap();
    let out = s.refused(1, &["restore", "--to", to]);
    assert!(out.hints()[0].contains("--force"));
    // In the work tree, and again what the run made.
    s.mlprov(&["restore", "--run", "latest"]).success();
    assert_eq!(fs::read(s.path("model.bin")).unwrap(), model);
    assert!(tree(&s.path("data")) == v1);
    // A directory of somebody else, reached by a relative path.
    s.mlprov(&["restore", "one.csv", "--to", "../other"]).success();
    assert_eq!(fs::read_to_string(s.root().join("other/one.csv")).unwrap(), "second\n");
}

#[test]
fn a_damaged_version_is_named_and_nothing_is_written() {
    let s = project();
    let v1 = tree(&s.path("data"));
    bend(&s, content(FILES - 1).as_bytes());
    bend(&s, content(FILES - 2).as_bytes());
    let large = s.object(&vec![7u8; 9 << 20]);
    let mut bytes = fs::read(&large).unwrap();
    bytes[8 << 20] ^= 1;
    fs::remove_file(&large).unwrap();
    fs::write(&large, bytes).unwrap();
    // Into an empty place, and into one that is there.
    fs::remove_dir_all(s.path("data/d1")).unwrap();
    let kept = s.root().join("kept");
    s.paste("repo", "cp -r data ../kept").success();
    for empty in [true, false] {
        if empty {
            fs::remove_dir_all(s.path("data")).unwrap();
        } else {
            s.paste(
                "repo",
                &format!("rm -r data && cp -r '{}' data && rm data/large data/d*/f29[89]", kept.display()),
            )
            .success();
        }
        let out = s.refused(1, &["restore"]);
        out.says("data/d5/f299").says("data/d4/f298").says("data/large").says("3 of the files are damaged");
        s.paste("repo", &out.hints()[0]).code(1).shows("altered");
        no_leftovers(&s);
        // What is sound can be had.
        s.mlprov(&["restore", "data/d1"]).success();
        assert_eq!(s.read("data/d1/f1"), content(1));
    }
    let error = s.refused(1, &["--json", "restore"]).json();
    assert_eq!(error["paths"].as_array().unwrap().len(), 3);
    // Cut short, a content is as good as gone.
    fs::remove_file(&large).unwrap();
    fs::write(&large, "").unwrap();
    s.refused(1, &["restore"]).says("data/large");
    assert!(v1.len() > tree(&s.path("data")).len());
}

#[test]
fn content_that_is_not_here_is_named_all_of_it() {
    let s = project();
    let object = s.object(&vec![7u8; 9 << 20]);
    fs::remove_file(&object).unwrap();
    fs::remove_dir_all(s.path("data")).unwrap();
    s.refused(3, &["restore"]).says("1 of the files").says("data/large");
    s.mlprov(&["restore", "one.csv"]).success();
    fs::remove_dir_all(s.path(".git/mlprov/store/packs")).unwrap();
    let error = s.refused(3, &["--json", "restore", "data"]).json();
    // Each thread fills a pack of its own; what is too little for one has files of its own.
    let gone = error["paths"].as_array().unwrap().len();
    assert!((FILES / 2..=FILES + 1 + odd_names().len()).contains(&gone), "{gone}");
    // A clone has pointers, but neither manifests nor data.
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    s.mlprov_in("clone", &["init", "--yes"]).success();
    s.refused_in("clone", 3, &["restore"]).says("the manifest of data");
    s.refused_in("clone", 3, &["restore", "one.csv"]).says("one.csv");
}

#[test]
fn nothing_is_written_through_a_link() {
    let s = project();
    let outside = s.root().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir_all(s.path("data/d1")).unwrap();
    symlink(&outside, s.path("data/d1")).unwrap();
    for force in [&["restore"][..], &["restore", "--force"], &["restore", "data/d1/f1", "--force"]] {
        let out = s.mlprov(force);
        assert_ne!(out.exit_code(), Some(0), "{}", out.snapshot());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
    let out = s.refused(1, &["restore"]);
    out.says("a symbolic link is in the way");
    s.paste("repo", &out.hints()[0]).success();
    fs::remove_file(s.path("data/d1.old")).unwrap();
    s.mlprov(&["restore"]).success();
    // The dataset itself, and a directory above it; inside the repository, too.
    fs::remove_dir_all(s.path("data")).unwrap();
    fs::create_dir(s.path("inside")).unwrap();
    for target in [&outside, &s.path("inside"), Path::new("nowhere")] {
        symlink(target, s.path("data")).unwrap();
        s.refused(1, &["restore", "--force"]).says("in the way");
        fs::remove_file(s.path("data")).unwrap();
    }
    fs::create_dir(s.root().join("to")).unwrap();
    symlink(&outside, s.root().join("to/data")).unwrap();
    s.refused(1, &["restore", "--to", "../to", "--force"]).says("in the way");
    // A link in the place of a file is replaced; what it leads to is not.
    s.mlprov(&["restore"]).success();
    fs::remove_file(s.path("one.csv")).unwrap();
    s.write("precious", "precious");
    symlink("precious", s.path("one.csv")).unwrap();
    s.refused(1, &["restore", "one.csv"]).says("stored nowhere");
    s.mlprov(&["restore", "one.csv", "--force"]).success();
    assert!(!s.path("one.csv").is_symlink() && s.read("one.csv") == "first\n");
    assert_eq!(s.read("precious"), "precious");
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let s = project();
    fs::remove_file(s.path("one.csv")).unwrap();
    s.write("one.csv/mine", "mine");
    s.refused(1, &["restore", "--force"]).says("a directory is in the way");
    fs::remove_dir_all(s.path("one.csv")).unwrap();
    fs::remove_dir_all(s.path("data")).unwrap();
    s.write("data", "a file");
    s.refused(1, &["restore", "--force"]).says("a file is in the way");
    fs::remove_file(s.path("data")).unwrap();
    // A file that is ignored as data may still be somebody's.
    s.write(".mlprovignore", "/data/d1/\n");
    s.write("data/d1/f1", "ignored");
    s.refused(1, &["restore"]).says("data/d1/f1");
    s.mlprov(&["restore", "--force"]).success();
    assert_eq!(s.read("data/d1/f1"), content(1));
}

/// Killed at any moment: each file is the old one or the new one, and the next call ends it.
#[test]
fn a_restore_that_is_killed_leaves_old_files_or_new_ones() {
    let s = project();
    let v1 = tree(&s.path("data"));
    second(&s);
    let v2 = tree(&s.path("data"));
    for empty in [false, true] {
        let mut after = Duration::from_millis(1);
        let mut whole = false;
        while !whole {
            if empty {
                let _ = fs::remove_dir_all(s.path("data"));
            }
            let mut child = Command::new(env!("CARGO_BIN_EXE_mlprov"));
            child.current_dir(s.path("")).env_clear().env("HOME", s.home());
            let mut child = child.args(["-q", "restore", "--rev", "v1", "data"]).spawn().unwrap();
            std::thread::sleep(after);
            whole = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            let now = if s.path("data").exists() { tree(&s.path("data")) } else { BTreeMap::new() };
            for (name, bytes) in &now {
                let known = v1.get(name) == Some(bytes) || v2.get(name) == Some(bytes);
                assert!(known, "{} is neither", name.display());
            }
            assert!(!empty || now.is_empty() || now == v1, "all or nothing");
            assert_eq!(s.git(&["status", "--porcelain"]), "", "git sees nothing of it");
            s.mlprov(&["status"]).success();
            if !whole && !empty {
                // From wherever it stopped, both versions can be had without force.
                s.mlprov(&["restore", "data"]).success();
                assert!(tree(&s.path("data")) == v2);
            }
            after = after * 3 / 2;
        }
        assert!(tree(&s.path("data")) == v1);
        s.mlprov(&["restore", "data"]).success();
        assert!(tree(&s.path("data")) == v2);
        no_leftovers(&s);
    }
}

#[test]
fn the_report_is_one_document() {
    let s = Sandbox::project_with_data();
    fs::remove_file(s.path("data/a.csv")).unwrap();
    let pointer = blake3_of_pointer(&s);
    let report = |schema: &str| {
        json!({
            "schema": schema,
            "version": "the work tree",
            "datasets": [{
                "path": "data", "kind": "directory", "blake3": pointer, "whole": true, "written": 1, "bytes": 8,
                "unchanged": 1, "replaced": [], "removed": [], "extra": [],
            }],
        })
    };
    assert_eq!(s.json(&["restore", "--dry-run"]), report("mlprov.restore-plan/1"));
    assert!(!s.path("data/a.csv").exists());
    assert_eq!(s.json(&["restore"]), report("mlprov.restore/1"));
    let nothing: Output = Sandbox::repo().mlprov(&["restore"]);
    nothing.success().says("Nothing is tracked");
}

fn blake3_of_pointer(s: &Sandbox) -> String {
    s.json(&["ls"])["datasets"][0]["blake3"].as_str().unwrap().to_owned()
}
