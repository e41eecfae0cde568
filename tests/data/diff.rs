//! What differs between two versions of the data, or two runs, is told whole and once.

use crate::common::Sandbox;
use insta::assert_snapshot;
use serde_json::Value;
use serde_json::json;
use std::fs;

/// v1, v2 and a work tree that differs from both.
fn project() -> Sandbox {
    let s = Sandbox::repo();
    for name in ["a", "b/gone", "b/kept", "moved", "twin1", "twin2", "odd\nname"] {
        s.write(&format!("data/{name}"), format!("{name}\n"));
    }
    s.write("data/twin2", "twin1\n");
    s.write("one.csv", "1\n");
    s.mlprov(&["track", "data", "one.csv"]).success();
    s.commit_all("first");
    s.git(&["tag", "v1"]);
    s.write("data/a", "a, changed\n");
    s.write("data/b/new", "n\n");
    s.write("data/c/moved \"here\"", "moved\n");
    s.write("data/twin3", "twin1\n");
    s.write("data/odd\nname", "odd\n");
    for name in ["data/b/gone", "data/moved", "data/twin1", "data/twin2"] {
        fs::remove_file(s.path(name)).unwrap();
    }
    s.write("two.csv", "22\n");
    s.mlprov(&["track", "data", "two.csv"]).success();
    s.commit_all("second");
    s.git(&["tag", "v2"]);
    s
}

/// State, old path and path of each file.
fn files(report: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for dataset in report["datasets"].as_array().unwrap() {
        for file in dataset["files"].as_array().unwrap() {
            let text = |field: &str| file[field].as_str().map(|t| format!(" {t}")).unwrap_or_default();
            out.push(format!("{}{}{}", file["state"].as_str().unwrap(), text("from"), text("path")));
        }
    }
    out
}

#[test]
fn two_commits() {
    let s = project();
    assert_snapshot!(s.mlprov(&["diff", "v1", "v2"]).snapshot(), @r#"
    $ mlprov diff v1 v2
    data: 2 added (8 B), 3 removed (19 B), 2 changed (15 B), 1 renamed (6 B)
      changed data/a  2 B -> 11 B
      removed data/b/gone  7 B
      added   data/b/new  2 B
      renamed data/c/moved "here"  (was data/moved)
      changed "data/odd\nname"  9 B -> 4 B
      removed data/twin1  6 B
      removed data/twin2  6 B
      added   data/twin3  6 B
    two.csv: 1 added (3 B)
      added   two.csv  3 B
    --- exit 0
    "#);
    assert_snapshot!(s.mlprov(&["diff", "v2", "v1", "--", "one.csv", "two.csv"]).snapshot(), @r"
    $ mlprov diff v2 v1 -- one.csv two.csv
    two.csv: 1 removed (3 B)
      removed two.csv  3 B
    --- exit 0
    ");
    s.mlprov(&["diff", "v2", "HEAD"]).success().shows("no difference between commit v2 and commit HEAD");
    let report = s.json(&["diff", "v1", "v2"]);
    let expected = [
        "changed data/a",
        "removed data/b/gone",
        "added data/b/new",
        "renamed data/moved data/c/moved \"here\"",
        "changed data/odd\nname",
        "removed data/twin1",
        "removed data/twin2",
        "added data/twin3",
        "added two.csv",
    ];
    assert_eq!(files(&report), expected);
    assert_eq!(report["schema"], "mlprov.diff/1");
    let data = &report["datasets"][0];
    assert_eq!(data["changed"], json!({ "files": 2, "bytes": 15 }));
    assert_eq!(data["renamed"], json!({ "files": 1, "bytes": 6 }));
    assert_eq!(data["removed"], json!({ "files": 3, "bytes": 19 }));
    let a = &data["files"][0];
    assert_eq!((&a["aBytes"], &a["bBytes"]), (&json!(2), &json!(11)));
    assert_eq!(a["b"], blake3::hash(b"a, changed\n").to_hex().as_str());
    assert!(report.get("commits").is_none() && report["parameters"] == json!([]));
}

#[test]
fn the_work_tree_is_its_files() {
    let s = project();
    s.mlprov(&["diff"]).success().shows("no difference between commit HEAD and the work tree");
    s.mlprov(&["diff", "--exit-code"]).success();
    // Neither tracked nor stored.
    s.write("data/a", "A, CHANGED\n");
    s.write("data/mine", "mine\n");
    fs::remove_file(s.path("data/b/kept")).unwrap();
    fs::remove_file(s.path("one.csv")).unwrap();
    s.write("code.py", "not data");
    let out = s.json(&["diff"]);
    assert_eq!(files(&out), ["changed data/a", "removed data/b/kept", "added data/mine", "removed one.csv"]);
    assert_eq!(out["datasets"][0]["files"][2]["bBytes"], 5);
    s.mlprov(&["diff", "--exit-code"]).code(1);
    s.mlprov(&["--json", "diff", "--exit-code"]).code(1);
    s.mlprov(&["diff", "HEAD", "v2", "--exit-code"]).success();
    assert_eq!(files(&s.json(&["diff", "v1", "--", "data/b"])).len(), 3);
    assert_eq!(files(&s.json(&["diff", "--", "data/m*"])), ["added data/mine"]);
    s.mlprov(&["diff", "--", "data/none"]).code(2).says("there is no data at data/none");
    s.mlprov(&["diff", "--", "data/twin3"]).success().shows("no difference");
    // All of a dataset is gone.
    fs::remove_dir_all(s.path("data")).unwrap();
    assert_eq!(s.json(&["diff"])["datasets"][0]["removed"]["files"], 6);
}

#[test]
fn a_file_that_became_a_directory() {
    let s = project();
    fs::remove_file(s.path("one.csv")).unwrap();
    s.write("one.csv/one.csv", "1\n");
    s.mlprov(&["track", "one.csv"]).success();
    assert_eq!(files(&s.json(&["diff", "--", "one.csv"])), ["renamed one.csv one.csv/one.csv"]);
    s.write("one.csv/one.csv", "other\n");
    assert_eq!(files(&s.json(&["diff", "--", "one.csv"])), ["removed one.csv", "added one.csv/one.csv"]);
}

#[test]
fn many_files_are_cut_for_people_only() {
    let s = Sandbox::repo();
    s.write("data/first", "first");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    for n in 0..120 {
        s.write(&format!("data/f{n:03}"), format!("{n}"));
    }
    let out = s.mlprov(&["diff"]);
    out.success().shows("data: 120 added").shows("f049").shows("and 70 more (--all lists them)");
    assert!(!out.stdout().contains("f050"));
    assert_eq!(s.mlprov(&["diff", "--all"]).success().stdout().lines().count(), 121);
    assert_eq!(files(&s.json(&["diff"])).len(), 120);
}

#[test]
fn two_runs_differ_in_values_and_commits_as_well() {
    let s = Sandbox::project_with_data();
    let run = |rate: &str, loss: &str, more: &str| {
        s.write("p.json", format!("{{\"rate\": {rate}, \"same\": 1{more}}}"));
        s.commit_all("params");
        let script = format!("echo '{{\"loss\": {loss}}}' > m.json; echo {rate} > out");
        s.mlprov(&[
            "run", "-d", "data", "-p", "p.json", "-m", "m.json", "-o", "out", "--", "sh", "-c", &script,
        ])
        .success();
        s.entries().last().unwrap()["run"].as_str().unwrap().to_owned()
    };
    let first = run("0.1", "0.5", "");
    s.write("data/b.csv", "changed\n");
    s.mlprov(&["track", "data"]).success();
    run("0.2", "0.5", ", \"new\": \"x\"");
    let report = s.json(&["diff", &first, "latest"]);
    assert_eq!(
        report["parameters"],
        json!([
            { "name": "new", "source": "p.json", "b": "x" },
            { "name": "rate", "source": "p.json", "a": "0.1", "b": "0.2" },
        ])
    );
    assert_eq!(report["metrics"], json!([]));
    assert_eq!(files(&report), ["changed data/b.csv", "changed out"]);
    assert_eq!(report["commits"].as_array().unwrap().len(), 2);
    assert_ne!(report["commits"][0], report["commits"][1]);
    let short = format!("r-{}", &first[28..]);
    let out = s.mlprov(&["diff", &short, "latest"]);
    out.success().shows("commit  ").shows("rate  0.1 -> 0.2  (p.json)").shows("new   - -> x");
    s.mlprov(&["diff", &first, &short]).success().shows("no difference");
    // The outputs of the first run are in the second one's commit; they are no code.
    assert_eq!(report["code"], json!({ "files": [{ "state": "changed", "path": "p.json" }] }));
    // A run and a commit: only data.
    let report = s.json(&["diff", &first, "HEAD"]);
    assert!(report.get("commits").is_none() && report["parameters"] == json!([]));
    assert!(files(&report).contains(&"removed out".to_owned()));
}

fn a_run(s: &Sandbox) -> String {
    s.mlprov(&["run", "-o", "out", "--", "sh", "-c", "cat *.py > out 2>&1"]).success();
    s.entries().last().unwrap()["run"].as_str().unwrap().to_owned()
}

#[test]
fn the_code_of_two_runs_is_what_ran_and_not_the_commit() {
    let s = Sandbox::repo();
    s.write("train.py", "1\n");
    s.write("same.py", "1\n");
    s.commit_all("code");
    let committed = a_run(&s);
    // One commit, other files in the work tree: one changed, one untracked, one gone.
    s.write("train.py", "2\n");
    s.write("new.py", "3\n");
    fs::remove_file(s.path("same.py")).unwrap();
    let dirty = a_run(&s);
    let expected = json!([
        { "state": "added", "path": "new.py" },
        { "state": "removed", "path": "same.py" },
        { "state": "changed", "path": "train.py" },
    ]);
    let report = s.json(&["diff", &committed, &dirty]);
    assert_eq!(report["code"]["files"], expected);
    assert_eq!(report["commits"][0], report["commits"][1]);
    let text = s.mlprov(&["diff", &committed, &dirty]).success().stdout();
    assert!(text.contains("code:\n  added   new.py\n  removed same.py\n  changed train.py\n"), "{text}");
    s.mlprov(&["diff", "--exit-code", &committed, &dirty]).code(1);
    // What was dirty is committed: another commit, the same code.
    s.commit_all("the same, committed");
    let later = a_run(&s);
    let report = s.json(&["diff", &dirty, &later]);
    assert_eq!(report["code"], json!({ "files": [] }));
    assert_ne!(report["commits"][0], report["commits"][1]);
    // Nothing was written into the repository for it.
    assert_eq!(s.git(&["status", "--porcelain"]), "");
    s.git(&["fsck", "--strict"]);
}

#[test]
fn code_that_is_not_here_is_not_equal_code() {
    let s = Sandbox::repo();
    s.write("train.py", "1\n");
    s.commit_all("code");
    let first = a_run(&s);
    s.write("train.py", "2\n");
    let dirty = a_run(&s);
    let body = s.body_of("latest");
    let patch = body["source"]["diff"]["digest"]["blake3"].as_str().unwrap().to_owned();
    fs::remove_file(s.object_by_hash(&patch)).unwrap();
    let out = s.mlprov(&["diff", "--exit-code", &first, &dirty]);
    out.code(1).shows("code: not compared: ").shows("its patch cannot be read");
}

#[test]
fn environments_of_two_runs_are_compared() {
    let s = Sandbox::repo();
    s.write("uv.lock", "one\n");
    s.commit_all("pins");
    let run = |devices: &str| {
        let mut command = s.command(env!("CARGO_BIN_EXE_mlprov"), "repo");
        command.env("CUDA_VISIBLE_DEVICES", devices).args([
            "run",
            "-o",
            "out",
            "--",
            "sh",
            "-c",
            "echo x > out",
        ]);
        command.assert().success();
        s.entries().last().unwrap()["run"].as_str().unwrap().to_owned()
    };
    let first = run("0");
    let same = run("0");
    assert_eq!(s.json(&["diff", &first, &same])["environment"], json!([]));
    s.mlprov(&["diff", "--exit-code", &first, &same]).success();
    s.write("uv.lock", "two\n");
    let other = run("1");
    let report = s.json(&["diff", &first, &other]);
    let named: Vec<&str> =
        report["environment"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["$CUDA_VISIBLE_DEVICES", "uv.lock"]);
    s.mlprov(&["diff", &first, &other]).success().shows("$CUDA_VISIBLE_DEVICES  0 -> 1");
    s.mlprov(&["diff", "--exit-code", &first, &other]).code(1);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let s = project();
    s.refused(3, &["diff", "none"]).says("nothing recorded here is named");
    s.refused(2, &["diff", "v1", "v2", "v3"]).says("unexpected");
    let unborn = Sandbox::repo();
    unborn.refused(2, &["diff"]).says("no commit yet");
    // Equal sides need no manifest, others do.
    let manifest = s.mlprov(&["ls", "data", "--manifest", "--rev", "v1"]).success().stdout();
    fs::remove_file(s.object(manifest.as_bytes())).unwrap();
    s.mlprov(&["diff", "v1", "v1"]).success();
    s.mlprov(&["diff", "v1", "v2"]).code(3).says("the manifest of data");
    s.mlprov(&["diff", "v1", "v2", "--", "two.csv"]).success();
    // Contents may be gone: their sizes are known all the same.
    let t = project();
    fs::remove_file(t.object(b"a\n")).unwrap();
    assert_eq!(t.json(&["diff", "v1", "v2"])["datasets"][0]["files"][0]["aBytes"], 2);
}
