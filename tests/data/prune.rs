//! `prune` removes what nothing refers to, and never anything else; `du` says how much there is of it.

use crate::common::Listing;
use crate::common::Sandbox;
use mlprov::domain::digest::Blake3Hash;
use mlprov::domain::manifest::Manifest;
use mlprov::domain::manifest::ManifestEntry;
use mlprov::domain::pointer::DatasetKind;
use mlprov::domain::pointer::Pointer;
use mlprov::ports::object_store::ObjectStore;
use mlprov::stores::local::objects::LocalStore;
use serde_json::Value;
use serde_json::json;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

fn store(s: &Sandbox) -> LocalStore {
    LocalStore::new(&s.path(".git/mlprov/store"), Default::default())
}

/// Stores contents as a call does that is killed before its entry is committed.
fn leave(s: &Sandbox, contents: &[&str]) {
    let store = store(s);
    let batch = store.batch(false).unwrap();
    for content in contents {
        batch.put_bytes(content.as_bytes()).unwrap();
    }
    drop(batch.commit().unwrap());
}

/// The same, of a directory `name` with one file. The text of a pointer to it.
fn leave_dataset(s: &Sandbox, name: &str, content: &str) -> String {
    let entry = ManifestEntry { path: "file.csv".into(), blake3: Blake3Hash::of(content.as_bytes()) };
    let manifest = Manifest::new(vec![entry]).unwrap();
    leave(s, &[content, &manifest.to_text()]);
    let bytes = content.len() as u64;
    let pointer =
        Pointer { path: name.into(), kind: DatasetKind::Directory, blake3: manifest.root(), files: 1, bytes };
    pointer.to_toml().unwrap()
}

/// The same, of many small files, which go into a pack.
fn leave_pack(s: &Sandbox, contents: impl Iterator<Item = String>) {
    let place = s.root().join("one");
    let store = store(s);
    let batch = store.batch(false).unwrap();
    for content in contents {
        fs::write(&place, content).unwrap();
        batch.put_file(Path::new("one"), &mut File::open(&place).unwrap(), &|_| {}).unwrap();
    }
    drop(batch.commit().unwrap());
}

fn stored(s: &Sandbox) -> Listing {
    Listing::of(&s.path(".git/mlprov/store"))
}

fn amount(report: &Value, name: &str) -> (u64, u64) {
    (report[name]["contents"].as_u64().unwrap(), report[name]["bytes"].as_u64().unwrap())
}

/// Everything that makes an entry: data in a pack and in files, patches, long lists, models, a merge.
fn project() -> Sandbox {
    let s = Sandbox::project_with_data();
    for n in 0..100 {
        s.write(&format!("many/f{n}"), format!("small {n}"));
    }
    s.mlprov(&["track", "many"]).success();
    s.write(
        "params.json",
        (0..900).map(|n| format!("\"p{n:030}\": {n}")).collect::<Vec<_>>().join(",").replacen("", "{", 1)
            + "}",
    );
    s.write("code.py", "1\n");
    s.commit_all("second");
    s.write("code.py", "2\n");
    let command =
        "echo model > model.pkl; echo '{\"loss\": 1}' > metrics.json; mkdir plots; echo p > plots/p";
    let run = [
        "run",
        "-d",
        "data",
        "-p",
        "params.json",
        "-m",
        "metrics.json",
        "-o",
        "plots",
        "--model",
        "model.pkl",
        "--model-group",
        "g",
        "--",
        "sh",
        "-c",
        command,
    ];
    s.mlprov(&run).success();
    s
}

fn all_verify(s: &Sandbox) {
    for commit in s.recorded() {
        s.mlprov(&["verify", &commit]).success();
    }
    for entry in s.json(&["log", "--kind", "dataset.tracked"])["entries"].as_array().unwrap() {
        s.mlprov(&["verify", entry["id"].as_str().unwrap()]).success();
    }
    s.mlprov(&["ledger", "audit"]).success();
}

#[test]
fn what_was_recorded_stays() {
    let s = project();
    let before = stored(&s);
    let report = s.json(&["prune"]);
    assert_eq!(report["leftovers"], json!([]));
    assert_eq!((amount(&report, "removable"), &report["unknown"]), ((0, 0), &json!([])));
    s.mlprov(&["prune", "--force"]).success().shows("Nothing to remove: everything stored is referred to.");
    before.assert_same(&stored(&s));
    // Also when no pointer names it any more.
    s.mlprov(&["untrack", "data", "many"]).success();
    s.git(&["add", "-A"]);
    s.git(&["reset", "-q"]);
    s.mlprov(&["prune", "--force"]).success();
    before.assert_same(&stored(&s));
    s.mlprov(&["verify", "latest"]).success();
    all_verify(&s);
}

#[test]
fn leftovers_are_listed_with_what_is_known_of_them_and_removed_by_force_only() {
    let s = project();
    let before = stored(&s);
    leave_dataset(&s, "lost", "left over");
    leave(&s, &["single"]);
    leave_pack(&s, (0..80).map(|n| format!("left {n}")));
    let listed = stored(&s);
    let report = s.json(&["prune"]);
    let (contents, bytes) = amount(&report, "removable");
    let manifest = format!("{}  file.csv\n", Blake3Hash::of(b"left over"));
    assert_eq!(contents, 83);
    assert_eq!(
        bytes,
        9 + 6 + manifest.len() as u64 + (0..80).map(|n| format!("left {n}").len() as u64).sum::<u64>()
    );
    let out = s.mlprov(&["prune"]);
    out.success()
        .shows("would remove 83 contents")
        .shows(&format!("b3:{}", &Blake3Hash::of(b"left over").to_string()[..12]));
    assert!(
        out.stdout()
            .lines()
            .any(|l| l.contains("9 B  ") && l.contains("  file.csv  no entry and no pointer names it")),
        "{}",
        out.snapshot()
    );
    listed.assert_same(&stored(&s));
    let du = s.json(&["du"]);
    assert_eq!(amount(&du, "unreferenced"), (contents, bytes));
    s.paste("repo", &out.hints()[0]).success().shows("removed 83 contents");
    before.assert_same(&stored(&s));
    all_verify(&s);
    s.mlprov(&["verify", "latest"]).success();
    // What is removed may come again.
    s.write("again", "single");
    s.mlprov(&["track", "again"]).success();
    all_verify(&s);
}

#[test]
fn a_pack_stays_as_long_as_one_of_its_contents_is_needed() {
    let s = project();
    leave_pack(&s, (0..80).map(|n| format!("left {n}")));
    s.write("needed", "left 7");
    s.mlprov(&["track", "needed"]).success();
    let before = stored(&s);
    let report = s.json(&["prune", "--force"]);
    assert_eq!((amount(&report, "removable").0, amount(&report, "stuck").0), (0, 79));
    s.mlprov(&["prune"]).success().shows("not removable: 79 contents").shows("something else in its pack");
    before.assert_same(&stored(&s));
    all_verify(&s);
}

/// A pointer counts wherever git or a work tree has it, although no entry names its data.
#[test]
fn every_pointer_keeps_its_data() {
    let s = project();
    s.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let content = |place: &str| format!("data of {place}");
    let write = |place: &str, name: &str| {
        s.write(name, leave_dataset(&s, name.trim_end_matches(".mlprov"), &content(place)))
    };
    // On a branch that is not checked out.
    s.git(&["checkout", "-q", "-b", "side"]);
    write("a branch", "a.mlprov");
    s.git(&["add", "a.mlprov"]);
    s.git(&["commit", "-q", "-m", "a"]);
    s.git(&["checkout", "-q", "main"]);
    // In stashes, the newest and an older one; in the index; and in conflict.
    for name in ["b.mlprov", "c.mlprov"] {
        write(name, name);
        s.git(&["add", name]);
        s.git(&["stash", "-q"]);
    }
    write("the index", "d.mlprov");
    s.git(&["add", "d.mlprov"]);
    fs::remove_file(s.path("d.mlprov")).unwrap();
    // In work trees only, whole, or in conflict.
    write("the work tree", "e.mlprov");
    let [one, other] = ["one side", "other side"].map(|side| leave_dataset(&s, "f", &content(side)));
    s.write("f.mlprov", format!("<<<<<<< a\n{one}=======\n{other}>>>>>>> b\n"));
    fs::write(s.root().join("linked/g.mlprov"), leave_dataset(&s, "g", &content("linked"))).unwrap();
    // By a ref of mlprov's own, and packed.
    write("a ref", "h.mlprov");
    let blob = s.git(&["hash-object", "-w", "h.mlprov"]);
    s.git(&["update-ref", "refs/mlprov/kept", blob.trim()]);
    fs::remove_file(s.path("h.mlprov")).unwrap();
    s.git(&["gc", "-q", "--prune=now"]);
    let before = stored(&s);
    for dir in ["repo", "linked"] {
        let out = s.mlprov_in(dir, &["prune", "--force"]);
        out.success().shows("Nothing to remove").shows("named by pointers only");
        before.assert_same(&stored(&s));
    }
    // Each alone: once the pointer is gone, so is the data.
    let gone = |place: &str| {
        s.git(&["reflog", "expire", "--expire=now", "HEAD"]);
        s.git(&["gc", "-q", "--prune=now"]);
        assert!(s.object(content(place).as_bytes()).exists(), "{place}");
        s.mlprov(&["prune", "--force"]).success();
        assert!(!s.object(content(place).as_bytes()).exists(), "{place}");
    };
    s.git(&["branch", "-q", "-D", "side"]);
    gone("a branch");
    s.git(&["stash", "drop", "-q", "stash@{1}"]);
    gone("b.mlprov");
    s.git(&["stash", "clear"]);
    gone("c.mlprov");
    s.git(&["reset", "-q"]);
    gone("the index");
    fs::remove_file(s.path("e.mlprov")).unwrap();
    gone("the work tree");
    s.write("f.mlprov", &one);
    gone("other side");
    fs::remove_file(s.path("f.mlprov")).unwrap();
    gone("one side");
    fs::remove_file(s.root().join("linked/g.mlprov")).unwrap();
    gone("linked");
    s.git(&["update-ref", "-d", "refs/mlprov/kept"]);
    gone("a ref");
    all_verify(&s);
}

#[test]
fn what_cannot_be_read_keeps_everything() {
    let s = project();
    leave(&s, &["single"]);
    let manifest = s.mlprov(&["ls", "many", "--manifest"]).success().stdout();
    let object = s.object(manifest.as_bytes());
    let bytes = fs::read(&object).unwrap();
    // The version map says the same.
    fs::remove_file(&object).unwrap();
    let report = s.json(&["prune"]);
    assert_eq!((amount(&report, "removable").0, &report["unknown"]), (1, &json!([])));
    let map = s.body_of("HEAD")["inputs"][1]["versionMap"]["digest"]["blake3"].as_str().unwrap().to_owned();
    let map = s.path(".git/mlprov/store/objects").join(&map[..2]).join(&map);
    fs::remove_file(map).unwrap();
    let before = stored(&s);
    for args in [&["prune"][..], &["prune", "--force"]] {
        let out = s.mlprov(args);
        out.code(3)
            .shows("unknown neither manifest nor version map of many")
            .shows("not removed, for what is unknown:");
        assert!(out.hints().is_empty());
    }
    before.assert_same(&stored(&s));
    fs::write(&object, bytes).unwrap();
    s.mlprov(&["prune", "--force"]).success().shows("removed 1 content");
    // A ledger that lost entries: what they named is no leftover.
    let journal = s.ledger("journal");
    let bytes = fs::read(&journal).unwrap();
    s.write("more", "more");
    s.mlprov(&["track", "more"]).success();
    fs::remove_file(s.path("more.mlprov")).unwrap();
    fs::write(&journal, &bytes).unwrap();
    let before = stored(&s);
    let out = s.mlprov(&["prune", "--force"]);
    assert_ne!(out.exit_code(), Some(0), "{}", out.snapshot());
    before.assert_same(&stored(&s));
}

#[test]
fn a_shallow_clone_removes_nothing() {
    let s = project();
    let from = format!("file://{}", s.path("").display());
    s.git_in("", &["clone", "-q", "--depth=1", &from, "clone"]);
    s.mlprov_in("clone", &["init", "--yes"]).success();
    s.refused_in("clone", 3, &["prune", "--force"]).shows("shallow or partial clone");
}

/// What is remembered of a dataset must not outlive its contents: a hook would bind them.
#[test]
fn what_is_removed_is_no_longer_remembered() {
    let s = project();
    let pointer = leave_dataset(&s, "lost", "left over");
    let root = Pointer::parse(&pointer).unwrap().blake3;
    let known = fs::read_dir(s.path(".git/mlprov/datasets")).unwrap().flatten().next().unwrap().path();
    let memory = s.path(".git/mlprov/datasets").join(format!("{root}.json"));
    fs::copy(&known, &memory).unwrap();
    s.write(".git/mlprov/ledger/waiting", "of a writer that is gone");
    s.mlprov(&["prune", "--force"]).success();
    assert!(!memory.exists() && known.exists());
    assert!(!s.ledger("waiting").exists());
    s.write("lost.mlprov", pointer);
    s.git(&["add", "lost.mlprov"]);
    s.git_output("repo", &[], &["commit", "-q", "-m", "lost"]).success().says("waits for data");
}

/// mlprov in the background.
fn start(s: &Sandbox, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlprov"));
    command
        .current_dir(s.path(""))
        .env("HOME", s.home())
        .arg("-q")
        .args(args)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn is_running(child: &mut Child) -> bool {
    std::thread::sleep(Duration::from_millis(300));
    child.try_wait().unwrap().is_none()
}

/// From the first look at the store to the entry, nobody removes anything; and the other way round.
#[test]
fn prune_and_who_stores_wait_for_each_other() {
    let s = project();
    leave(&s, &["single"]);
    let store = store(&s);
    let batch = store.batch(false).unwrap();
    // Found there, and not put again.
    batch.put_bytes(b"single").unwrap();
    let mut prune = start(&s, &["prune", "--force"]);
    assert!(is_running(&mut prune) && s.object(b"single").exists());
    let kept = batch.commit().unwrap();
    assert!(is_running(&mut prune) && s.object(b"single").exists(), "after the commit, before the entry");
    drop(kept);
    assert!(prune.wait().unwrap().success());
    assert!(!s.object(b"single").exists());

    let sweep = store.sweep().unwrap();
    s.write("late", "late");
    let mut track = start(&s, &["track", "late"]);
    assert!(is_running(&mut track));
    // A hook that stores nothing does not wait.
    s.git(&["commit", "-q", "--allow-empty", "-m", "meanwhile"]);
    assert!(s.recorded().contains(&s.head()));
    drop(sweep);
    assert!(track.wait().unwrap().success());
    all_verify(&s);
}

/// Data comes and goes while everything that is not referred to is removed all the time.
#[test]
fn nothing_recorded_is_ever_lost_to_a_prune_at_the_same_time() {
    let s = project();
    let script = r#"while [ ! -e "$1" ]; do "$2" -q prune --force > /dev/null || exit 1; done"#;
    let stop = s.root().join("stop");
    let mut pruner = Command::new("sh");
    pruner.current_dir(s.path("")).env("HOME", s.home()).args(["-c", script, "sh"]);
    let mut pruner = pruner.arg(&stop).arg(env!("CARGO_BIN_EXE_mlprov")).spawn().unwrap();
    for round in 0..20 {
        // Contents that lie there already, as of a call that was killed.
        leave(&s, &[&format!("one {round}"), &format!("two {round}")]);
        s.write(&format!("t{round}/x"), format!("one {round}"));
        s.write(&format!("t{round}/y"), format!("two {round}"));
        s.mlprov(&["track", &format!("t{round}")]).success();
        assert!(s.object(format!("one {round}").as_bytes()).exists());
    }
    fs::write(&stop, "").unwrap();
    assert!(pruner.wait().unwrap().success());
    all_verify(&s);
}

#[test]
fn du_counts_each_content_once() {
    let s = Sandbox::repo();
    s.write("a/x", "same");
    s.write("a/y", "same");
    s.write("b", "other one");
    s.mlprov(&["track", "a", "b"]).success();
    s.commit_all("first");
    s.write("b", "changed");
    s.mlprov(&["track", "b"]).success();
    let du = s.json(&["du"]);
    assert_eq!(du["schema"], "mlprov.du/1");
    let of = |path: &str, head: bool| {
        let all = du["datasets"].as_array().unwrap();
        all.iter().find(|d| d["path"] == path && d["inHead"] == head).unwrap().clone()
    };
    let a = of("a", true);
    assert_eq!((&a["bytes"], &a["inWorkTree"], &a["missing"]), (&json!(8), &json!(true), &json!(0)));
    assert_eq!(amount(&a, "stored"), (1, 4));
    assert_eq!((&of("b", true)["inWorkTree"], &of("b", false)["inWorkTree"]), (&json!(false), &json!(true)));
    assert_eq!(amount(&du, "store"), amount(&du, "objects"));
    assert_eq!((&du["packs"], amount(&du, "unreferenced")), (&json!(0), (0, 0)));
    let out = s.mlprov(&["du"]);
    out.success()
        .shows("a  2 files  8 B  4 B stored")
        .shows("HEAD only")
        .shows("work tree only")
        .shows("Store");
    fs::remove_file(s.object(b"same")).unwrap();
    s.mlprov(&["du"]).success().shows("0 B stored").shows("1 content not here");
}
