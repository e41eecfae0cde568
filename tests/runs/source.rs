//! The code that a run used is recorded as it was, whatever `git status` says of it.

use crate::common::Sandbox;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("train.py", "lr = 0.1\n");
    s.write("lib/model.py", "layers = 3\n");
    s.commit_all("code");
    s
}

/// The source of a new run.
fn source(s: &Sandbox) -> Value {
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "latest"]).success();
    s.body_of("latest")["source"].clone()
}

fn flags(source: &Value) -> String {
    source["flags"].as_array().map_or_else(String::new, |f| {
        f.iter().map(|flag| flag.as_str().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
    })
}

/// The recorded patch turns the commit into the recorded tree.
fn assert_patch(s: &Sandbox, source: &Value) {
    let digest = source["diff"]["digest"]["blake3"].as_str().unwrap();
    let patch = fs::read(s.object_by_hash(digest)).unwrap();
    fs::write(s.home().join("patch"), patch).unwrap();
    let _ = fs::remove_dir_all(s.root().join("again"));
    let commit = source["commit"].as_str().unwrap();
    s.git(&["worktree", "add", "-q", "-f", "--detach", "../again", commit]);
    s.git_in("again", &["apply", "--index", "--whitespace=nowarn", "../home/patch"]);
    assert_eq!(s.git_in("again", &["write-tree"]).trim(), source["runTree"].as_str().unwrap());
    s.git(&["worktree", "remove", "--force", "../again"]);
}

#[test]
fn a_clean_tree_is_clean() {
    let s = project();
    let source = source(&s);
    assert_eq!((source["state"].as_str(), flags(&source)), (Some("clean"), String::new()));
}

/// Each of these leaves `git status` silent.
#[test]
fn changes_that_git_status_does_not_see_are_seen() {
    // As many bytes as before, with the times of before, and no look at the inode's change time.
    let s = project();
    s.git(&["config", "core.trustctime", "false"]);
    let file = s.path("train.py");
    let old = fs::metadata(&file).unwrap().modified().unwrap() - Duration::from_secs(100);
    fs::File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
    s.git(&["update-index", "--refresh"]);
    s.write("train.py", "lr = 0.2\n");
    fs::File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
    assert_eq!(s.git(&["status", "--porcelain"]), "");
    let used = source(&s);
    assert_eq!(used["state"], "dirty");
    assert_patch(&s, &used);

    for mark in ["--assume-unchanged", "--skip-worktree"] {
        let s = project();
        s.git(&["update-index", mark, "lib/model.py"]);
        s.write("lib/model.py", "layers = 4\n");
        assert_eq!(s.git(&["status", "--porcelain"]), "");
        let used = source(&s);
        assert_eq!(used["state"], "dirty", "{mark}");
        assert!(flags(&used).contains("lib/model.py"), "{used}");
        assert_patch(&s, &used);
    }

    // Said to be unchanged, and so it is: clean, but one should know.
    let s = project();
    s.git(&["update-index", "--assume-unchanged", "train.py"]);
    let used = source(&s);
    assert_eq!(used["state"], "clean");
    assert!(flags(&used).contains("assume unchanged: train.py"), "{used}");
}

#[test]
fn all_that_differs_is_in_the_patch() {
    let s = project();
    s.write("train.py", "lr = 0.3\n");
    s.write("staged.py", "staged\n");
    s.git(&["add", "staged.py"]);
    s.write("staged.py", "changed since\n");
    s.write("untracked.py", "new\n");
    s.write("binary.bin", [0u8, 255, 1, 2, 0, 10]);
    s.write("no-newline", "end");
    s.write("odd name \u{e9}\n.txt", "odd");
    fs::remove_file(s.path("lib/model.py")).unwrap();
    fs::set_permissions(s.path("train.py"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("train.py", s.path("link")).unwrap();
    let used = source(&s);
    assert_eq!(used["state"], "dirty");
    assert_patch(&s, &used);
    // The user's settings for diffs do not change what is stored.
    for (key, value) in [
        ("diff.noprefix", "true"),
        ("diff.renames", "copies"),
        ("diff.context", "0"),
        ("core.quotePath", "false"),
    ] {
        s.git(&["config", key, value]);
    }
    assert_patch(&s, &source(&s));
    // Nothing of it changed the repository.
    assert!(s.git(&["status", "--porcelain"]).contains("?? untracked.py"));
    s.git(&["fsck", "--strict"]);
}

/// Staged and taken back in the work tree: what ran is what the work tree holds.
#[test]
fn the_index_is_not_what_ran() {
    let s = project();
    s.write("train.py", "staged\n");
    s.git(&["add", "-A"]);
    s.write("train.py", "lr = 0.1\n");
    assert_eq!(source(&s)["state"], "clean");
    s.git(&["rm", "-q", "-f", "--cached", "train.py"]);
    assert_eq!(source(&s)["state"], "clean", "it is still there");
}

#[test]
fn data_outputs_and_ignored_files_are_no_code() {
    let s = project();
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.write(".gitignore", "/data\n*.log\n");
    s.commit_all("data");
    s.write("noise.log", "ignored");
    s.write("data/a.csv", "2\n");
    s.mlprov(&["run", "-o", "out", "--", "sh", "-c", "mkdir -p out; echo x > out/x"]).success();
    assert_eq!(s.body_of("latest")["source"]["state"], "clean");
    s.mlprov(&["run", "-o", "out", "--", "sh", "-c", "echo y > out/x"]).success();
    assert_eq!(s.body_of("latest")["source"]["state"], "clean", "what the last run made is an output");
}

#[test]
fn large_untracked_files_are_listed_and_not_stored() {
    let s = project();
    s.write("big.bin", vec![7; 1 << 20 | 1]);
    s.write("small.py", "x\n");
    let used = source(&s);
    assert_eq!(used["state"], "dirty");
    assert!(flags(&used).contains("untracked big.bin is not stored"), "{used}");
    let listed =
        s.body_of("latest")["evidence"]["workTreeFiles"]["digest"]["blake3"].as_str().unwrap().to_owned();
    let listed: Value = serde_json::from_slice(&fs::read(s.object_by_hash(&listed)).unwrap()).unwrap();
    assert_eq!(
        (&listed["untracked"][0]["path"], &listed["untracked"][0]["size"]),
        (&"big.bin".into(), &((1 << 20) + 1).into())
    );
    s.mlprov(&["run", "--require-clean", "--", "true"]).code(1);
    // As the project wants it.
    let config = s.read(".mlprov/config.toml");
    s.write(".mlprov/config.toml", format!("{config}\n[run]\nuntracked_file = 10_000_000\n"));
    let used = source(&s);
    assert!(!flags(&used).contains("big.bin"), "{used}");
    assert_patch(&s, &used);
}

#[test]
fn what_git_converts_is_named_with_the_bytes_that_were_read() {
    let s = project();
    s.write(".gitattributes", "*.txt text eol=crlf\n*.bin filter=lfs\n");
    s.write("notes.txt", "one\r\ntwo\r\n");
    s.write("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n");
    s.git(&["add", "-A"]);
    s.git(&["commit", "-q", "-m", "converted"]);
    let used = source(&s);
    // What ran had three lines of text in the place of a model.
    assert_eq!(used["state"], "dirty");
    assert!(flags(&used).contains("git-lfs pointer in the place of the file: model.bin"), "{used}");
    let evidence =
        s.body_of("latest")["evidence"]["workTreeFiles"]["digest"]["blake3"].as_str().unwrap().to_owned();
    let listed: Value = serde_json::from_slice(&fs::read(s.object_by_hash(&evidence)).unwrap()).unwrap();
    let read = blake3::hash(b"one\r\ntwo\r\n").to_string();
    let converted = listed["converted"].as_array().unwrap();
    assert!(converted.iter().any(|c| c["path"] == "notes.txt" && c["blake3"] == *read), "{listed}");
    fs::remove_file(s.path("model.bin")).unwrap();
    s.commit_all("no model");
    assert_eq!(source(&s)["state"], "clean");
}

#[test]
fn shallow_and_sparse_clones_are_flagged_and_no_file_is_said_to_be_deleted() {
    let s = project();
    commit(&s, "second");
    let url = format!("file://{}", s.path("").display());
    s.git_in("", &["clone", "-q", "--depth", "1", &url, "shallow"]);
    s.mlprov_in("shallow", &["init", "--yes"]).success();
    s.mlprov_in("shallow", &["run", "--", "true"]).success();
    let body = |dir: &str| {
        let shown = s.mlprov_in(dir, &["--json", "show", "latest"]).json();
        shown["entries"].as_array().unwrap().last().unwrap()["statement"]["predicate"]["source"].clone()
    };
    assert!(flags(&body("shallow")).contains("shallow clone"), "{}", body("shallow"));
    s.git_in("", &["clone", "-q", "repo", "sparse"]);
    s.git_in("sparse", &["sparse-checkout", "set", "--no-cone", "/*", "!/lib/"]);
    assert!(!s.root().join("sparse/lib").exists());
    s.mlprov_in("sparse", &["init", "--yes"]).success();
    s.mlprov_in("sparse", &["run", "--", "true"]).success();
    let used = body("sparse");
    assert_eq!(used["state"], "clean", "{used}");
    assert!(flags(&used).contains("sparse checkout: 1 files"), "{used}");
}

fn commit(s: &Sandbox, name: &str) {
    s.write(name, name);
    s.commit_all(name);
}

#[test]
fn submodules_are_looked_into() {
    let s = project();
    s.git_in("", &["init", "-q", "-b", "main", "library"]);
    fs::write(s.root().join("library/lib.py"), "x\n").unwrap();
    s.git_in("library", &["add", "-A"]);
    s.git_in("library", &["commit", "-q", "-m", "library"]);
    s.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "sub"]);
    s.commit_all("with a submodule");
    assert_eq!(source(&s)["state"], "clean");
    s.write("sub/lib.py", "changed\n");
    let used = source(&s);
    assert_eq!(used["state"], "dirty");
    assert!(flags(&used).contains("submodule sub has changes"), "{used}");
}

/// Objects that stand in for others do not change what is recorded.
#[test]
fn replaced_objects_are_not_believed() {
    let s = project();
    let tree = s.git(&["rev-parse", "HEAD^{tree}"]);
    let first = s.head();
    commit(&s, "second");
    s.git(&["replace", &s.head(), &first]);
    let used = source(&s);
    assert_eq!(used["state"], "clean");
    assert_ne!(used["tree"].as_str().unwrap(), tree.trim());
}
