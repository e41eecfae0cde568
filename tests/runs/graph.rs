//! The lineage graph: what came from what.

use crate::common::Sandbox;
use crate::common::skipped;
use insta::assert_snapshot;
use mlprov::domain::entry::Kind;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::log_reader::LogReader;
use mlprov::stores::local::journal::LocalLedger;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

fn run(s: &Sandbox, name: &str, flags: &[&str], script: &str) {
    s.mlprov(&[&["run", "-n", name], flags, &["--", "sh", "-c", script]].concat()).success();
}

/// `raw` → prepare → `clean` → train → a model → test; beside them a run on the same data and commit, and a commit
/// that was amended before the last run.
fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("raw/a.csv", "1,2\n");
    s.write("raw/b.csv", "3,4\n");
    s.mlprov(&["track", "raw"]).success();
    s.write(".gitignore", "/raw\n/clean\n/model.bin\n/report.txt\n/copy.bin\n");
    s.commit_all("code");
    run(&s, "prepare", &["-d", "raw", "-o", "clean"], "mkdir clean; cat raw/*.csv > clean/all.csv");
    let made = ["-d", "clean", "-o", "report.txt", "--model", "model.bin", "--model-group", "iris"];
    run(&s, "train", &made, "rev clean/all.csv > model.bin; echo fine > report.txt");
    run(&s, "beside", &["-d", "raw"], "true");
    s.git(&["commit", "-q", "--amend", "-m", "better code"]);
    run(&s, "test", &["-d", "model.bin"], "true");
    s
}

/// Names of runs, by their ids.
fn names(s: &Sandbox) -> BTreeMap<String, String> {
    let runs = s.json(&["log", "--sort", "time"])["runs"].as_array().unwrap().clone();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    runs.iter().map(|run| (text(&run["run"]), text(&run["name"]))).collect()
}

fn id(s: &Sandbox, name: &str) -> String {
    names(s).into_iter().find(|(_, n)| n == name).unwrap().0
}

/// What people would call a node.
fn called(node: &Value) -> String {
    let text = |key: &str| node[key].as_str().unwrap_or("?").to_owned();
    match node["kind"].as_str().unwrap() {
        "run" => text("name"),
        "commit" => format!("commit {}", &text("commit")[..4]),
        "model" => format!("model {}", text("group")),
        _ => text("path"),
    }
}

/// What is asked for, what is upstream and what is downstream of it, sorted.
fn around(s: &Sandbox, word: &str) -> [Vec<String>; 3] {
    let report = s.json(&["graph", word]);
    let nodes = report["nodes"].as_array().unwrap();
    let starts = report["starts"].as_array().unwrap();
    let of = |wanted: &dyn Fn(&Value) -> bool| {
        let mut names: Vec<String> = nodes.iter().filter(|n| wanted(n)).map(called).collect();
        names.sort();
        names
    };
    let is = |node: &Value, side: &str| node.get(side).is_some_and(|v| v == true);
    let sides =
        [of(&|n| starts.contains(&n["id"])), of(&|n| is(n, "upstream")), of(&|n| is(n, "downstream"))];
    let told =
        nodes.iter().filter(|n| !starts.contains(&n["id"]) && !is(n, "upstream") && !is(n, "downstream"));
    assert_eq!(told.count(), 0, "{report:#}");
    sides
}

fn commit(s: &Sandbox, rev: &str) -> String {
    format!("commit {}", &s.git(&["rev-parse", rev])[..4])
}

#[test]
fn a_chain_is_followed_both_ways_and_past_what_lies_beside_it() {
    let s = project();
    let (old, new) = (commit(&s, "HEAD@{1}"), commit(&s, "HEAD"));
    let train = id(&s, "train");
    let expected =
        [vec!["train"], vec!["clean", &old, "prepare", "raw"], vec!["model iris", "model.bin", "test"]];
    assert_eq!(around(&s, &train), expected);
    let mut upstream = vec!["clean", &old, &new, "model iris", "model.bin", "prepare", "raw", "train"];
    upstream.sort_unstable();
    assert_eq!(around(&s, &id(&s, "test")), [vec!["test"], upstream, vec![]]);
    let mut downstream =
        vec!["beside", "clean", &old, &new, "model iris", "model.bin", "prepare", "test", "train"];
    downstream.sort_unstable();
    assert_eq!(around(&s, "raw"), [vec!["raw"], vec![], downstream]);
    // The amended commit came from the one before, and so did what ran on it.
    let mut of_old = vec!["beside", "clean", &new, "model iris", "model.bin", "prepare", "test", "train"];
    of_old.sort_unstable();
    assert_eq!(around(&s, "HEAD@{1}"), [vec![&*old], vec!["raw"], of_old]);
    let mut before = vec![&*old, "raw"];
    before.sort_unstable();
    assert_eq!(around(&s, "HEAD"), [vec![&*new], before, vec!["test"]]);
}

#[test]
fn everything_that_has_a_name_can_be_asked_for() {
    let s = project();
    s.git(&["tag", "v1"]);
    let starts = |word: &str| around(&s, word)[0].clone();
    let test = id(&s, "test");
    for word in ["latest", &test, &test[28..], &format!("r-{}", &test[28..])] {
        assert_eq!(starts(word), ["test"], "{word}");
    }
    let head = s.head();
    for word in ["HEAD", "v1", "main", &head, &head[..8]] {
        assert_eq!(starts(word), [commit(&s, "HEAD")], "{word}");
    }
    let model = around(&s, "iris/1");
    assert_eq!(
        (&model[0], &model[2]),
        (&vec!["model iris".to_owned()], &vec!["model.bin".to_owned(), "test".to_owned()])
    );
    let report = s.json(&["graph", "iris/1"]);
    let arn = report["starts"][0].as_str().unwrap().strip_prefix("model:").unwrap().to_owned();
    assert_eq!(around(&s, &arn), model);
    // Entries: what each is about.
    let entries = s.entries();
    let of =
        |kind: &str| entries.iter().find(|e| e["kind"] == kind).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(starts(&of("dataset.tracked")), ["raw"]);
    assert_eq!(starts(&of("commit.superseded")), [commit(&s, "HEAD")]);
    assert_eq!(starts(&of("commit.recorded")), [commit(&s, "HEAD@{1}")]);
    assert_eq!(starts(&of("run.finished")), ["prepare"]);
    assert_eq!(starts(&of("writer.admitted")), [""; 0]);
    s.mlprov(&["graph", &of("writer.admitted")]).success().shows("nothing is recorded that it came from");
    // Data: by path, by root, and files by their content.
    let root = s.json(&["ls"])["datasets"][0]["blake3"].as_str().unwrap().to_owned();
    for word in ["raw", "raw/", &format!("b3:{root}"), &format!("b3:{}", &root[..12]), "raw/a.csv"] {
        assert_eq!(starts(word), ["raw"], "{word}");
    }
    assert_eq!(starts("clean/all.csv"), ["clean"], "the directory that the run made, not the run");
    assert_eq!(starts("model.bin"), ["model.bin"]);
    let [_, up, down] = around(&s, "report.txt");
    assert!(up.contains(&"train".to_owned()) && down.is_empty(), "also what joins nothing");
    fs::copy(s.path("model.bin"), s.path("copy.bin")).unwrap();
    assert_eq!(starts("copy.bin"), ["model.bin"], "wherever it lies");
    s.mlprov_in("repo/raw", &["graph", "a.csv"]).success().shows("read by");
    s.mlprov_in("repo/raw", &["graph", "../clean"]).success().shows("made by");
}

#[test]
fn what_is_not_recorded_is_refused() {
    let s = project();
    s.write("copy.bin", "recorded nowhere\n");
    for word in ["r-00000000", "nonsense", "iris/2", "fraud/1", "copy.bin", "b3:00000000", "b3:", "/", "../x"]
    {
        s.refused(3, &["graph", word]).says("nothing recorded here is named");
        assert_eq!(s.mlprov(&["graph", word, "--format", "dot"]).stdout(), "", "{word}");
    }
    // A file that lies where a dataset was is still only what it holds.
    s.write("raw.csv", "1\n");
    s.mlprov(&["track", "raw.csv"]).success();
    s.write("raw.csv", "2\n");
    s.refused(3, &["graph", "raw.csv"]).says("raw.csv");
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "unseen"]);
    s.refused(3, &["graph", "HEAD"]).says(&s.head());
    s.refused(2, &["graph", "latest", "--format", "svg"]).says("svg");
    s.refused(2, &["--json", "graph", "latest", "--format", "dot"]).says("contradicts --json");
    let out = s.mlprov(&["graph", "nonsense", "--format", "json"]);
    out.code(3);
    assert_eq!(out.json()["schema"], "mlprov.error/1");
}

/// The first digits of a root may be those of another one.
#[test]
fn two_roots_that_begin_alike_are_no_guess() {
    let s = Sandbox::repo();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let (digits, [one, other]) = (0..)
        .find_map(|n| {
            let text = format!("{n}\n");
            let digits = blake3::hash(text.as_bytes()).to_hex()[..4].to_owned();
            let before = seen.insert(digits.clone(), text.clone())?;
            Some((digits, [before, text]))
        })
        .unwrap();
    s.write("one.csv", one);
    s.write("other.csv", other);
    s.mlprov(&["track", "one.csv", "other.csv"]).success();
    s.refused(2, &["graph", &format!("b3:{digits}")]).says("could mean b3:");
    assert_eq!(around(&s, "one.csv")[0], ["one.csv"]);
}

#[test]
fn versions_of_a_dataset_are_told_one_after_the_other() {
    let s = project();
    s.write("raw/c.csv", "5,6\n");
    s.mlprov(&["track", "raw"]).success();
    let out = s.mlprov(&["graph", "raw"]);
    out.success().shows("dataset raw (2 versions)");
    assert_eq!(out.stdout().matches("\nupstream").count(), 2);
    assert!(!out.stdout().contains("code of"), "the runs of a commit did not come of all that it binds");
    // Both versions hold it: as for `show`, no guess.
    s.refused(2, &["graph", "raw/a.csv"]).says("could mean");
    assert_eq!(around(&s, "raw/c.csv"), [vec!["raw"], vec![], vec![]]);
}

#[test]
fn a_run_inside_another_comes_from_it() {
    let s = Sandbox::project_with_data();
    let inner = format!("{} run -n inner -- true", env!("CARGO_BIN_EXE_mlprov"));
    run(&s, "outer", &[], &inner);
    run(&s, "alone", &[], "true");
    let head = commit(&s, "HEAD");
    assert_eq!(around(&s, &id(&s, "inner"))[1], [&*head, "data", "outer"]);
    assert_eq!(around(&s, &id(&s, "outer")), [vec!["outer"], vec![&*head, "data"], vec!["inner"]]);
    let shown = s.mlprov(&["graph", &id(&s, "inner")]).success().stdout();
    assert!(shown.contains("parent      r-"), "{shown}");
}

#[test]
fn a_configuration_that_a_run_made_comes_from_that_run() {
    let s = Sandbox::project_with_data();
    s.write(".gitignore", "/data\n/best.json\n");
    s.write("params.json", "{\"lr\": 1}");
    s.commit_all("parameters");
    run(&s, "search", &["-o", "best.json"], "printf '{\"lr\": 3}' > best.json");
    s.write("params.json", "{\"lr\": 3}");
    s.commit_all("the best of them");
    run(&s, "train", &["-p", "params.json"], "true");
    let [_, up, _] = around(&s, &id(&s, "train"));
    assert!(up.contains(&"search".to_owned()) && up.contains(&"best.json".to_owned()), "{up:?}");
    s.mlprov(&["graph", "latest"]).success().shows("config      file  best.json").shows("as params.json");
    let [start, up, down] = around(&s, "params.json");
    assert_eq!((&start[0][..], &down[..]), ("best.json", &["train".to_owned()][..]));
    assert!(up.contains(&"search".to_owned()));
    // A stage that is run once more made nothing of what is there already.
    run(&s, "again", &["-o", "best.json"], "printf '{\"lr\": 3}' > best.json");
    assert!(!around(&s, &id(&s, "train"))[1].contains(&"again".to_owned()));
    assert!(
        around(&s, "best.json")[1].contains(&"again".to_owned()),
        "but it made the content that is asked for"
    );
}

#[test]
fn people_read_a_tree() {
    let s = project();
    assert_snapshot!(s.mlprov(&["graph", "iris/1"]).snapshot(), @r"
    $ mlprov graph iris/1
    model  iris/[run]
    upstream
    └── made by     [run]  train  COMPLETE  [commit]
        ├── code        commit  [commit]  main
        └── read        data  clean  b3:[digest]  1 file, 8 B
            └── made by     [run]  prepare  COMPLETE  [commit]
                ├── code        commit  [commit]  main
                └── read        data  raw  b3:[digest]  2 files, 8 B
    downstream
    └── same file   data  model.bin  b3:[digest]  1 file, 8 B
        └── read by     [run]  test  COMPLETE  [commit]
    --- stderr
    Hint: mlprov verify iris/1   # checks what is only shown here
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["graph"]).snapshot(), @r"
    $ mlprov graph
    [run]  test  COMPLETE  [commit]
    ├── code        commit  [commit]  main
    │   ├── replaces    commit  [commit]  main
    │   │   └── binds       data  raw  b3:[digest]  2 files, 8 B
    │   └── binds       data  raw  b3:[digest]  2 files, 8 B
    └── read        data  model.bin  b3:[digest]  1 file, 8 B
        ├── made by     [run]  train  COMPLETE  [commit]
        │   ├── code        commit  [commit]  main (*)
        │   ├── read        data  clean  b3:[digest]  1 file, 8 B
        │   │   └── made by     [run]  prepare  COMPLETE  [commit]
        │   │       ├── code        commit  [commit]  main (*)
        │   │       └── read        data  raw  b3:[digest]  2 files, 8 B
        │   └── made        model  iris/[run]
        └── same file   model  iris/[run] (*)
    [run]  beside  COMPLETE  [commit]
    ├── code        commit  [commit]  main (*)
    └── read        data  raw  b3:[digest]  2 files, 8 B
    --- exit 0
    ");
    let coloured = s.mlprov(&["--color", "always", "graph"]).success().stdout();
    assert!(coloured.contains("\u{1b}[32mCOMPLETE"), "{coloured}");
    for (name, value) in [("NO_COLOR", "1"), ("MLPROV_COLOR", "never")] {
        let out = s.prepared(&["graph"]).env(name, value).output().unwrap();
        assert!(!out.stdout.contains(&0x1b));
    }
}

#[test]
fn the_newest_runs_and_how_many_were_left_out() {
    let s = project();
    let report = s.json(&["graph", "-n", "2"]);
    let called: Vec<String> = report["nodes"].as_array().unwrap().iter().map(called).collect();
    assert_eq!(called, ["test", "beside", &commit(&s, "HEAD"), &commit(&s, "HEAD@{1}"), "model.bin", "raw"]);
    assert_eq!(report["runsLeftOut"], 2);
    s.mlprov(&["graph", "-n", "2"]).success().shows("and 2 more runs (without -n all are shown)");
    s.mlprov(&["graph", "-n", "2", "--format", "dot"]).success().shows("// and 2 more runs");
    assert_eq!(s.json(&["graph"])["runsLeftOut"], 0);
    assert_eq!(s.mlprov(&["graph", "-n", "0"]).stdout(), "and 4 more runs (without -n all are shown)\n");
    let some = s.json(&["graph", "raw", "-n", "1"]);
    assert_eq!(some["runsLeftOut"], 3);
    assert!(some["nodes"].as_array().unwrap().iter().any(|n| n["name"] == "beside"), "{some:#}");
}

#[test]
fn an_empty_log_is_no_error() {
    let s = Sandbox::repo();
    s.mlprov(&["graph"]).success().shows("No commit, data or run is recorded here.");
    let report = s.json(&["graph"]);
    assert_eq!(
        (report["schema"].as_str(), report["nodes"].as_array().unwrap().len()),
        (Some("mlprov.graph/1"), 0)
    );
    s.refused(3, &["graph", "latest"]).says("latest");
    s.mlprov(&["graph", "--format", "mermaid"]).success().shows("flowchart LR\n");
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.mlprov(&["graph"]).success().shows("data  data  b3:");
}

#[test]
fn json_is_json_however_it_is_asked_for() {
    let s = project();
    let [a, b] = [&["graph", "latest", "--format", "json"][..], &["--json", "graph", "latest"]]
        .map(|args| s.mlprov(args));
    assert_eq!(a.success().stdout(), b.success().stdout());
    assert_eq!(a.stderr() + &b.stderr(), "");
    assert_eq!(a.json(), s.json(&["graph", "latest"]), "and each time the same");
    let report = a.json();
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    let expected = ["edges", "log", "nodes", "runsLeftOut", "schema", "starts", "target", "unreadable"];
    assert_eq!(keys, expected);
    let ids: Vec<&Value> = report["nodes"].as_array().unwrap().iter().map(|n| &n["id"]).collect();
    for edge in report["edges"].as_array().unwrap() {
        assert!(ids.contains(&&edge["from"]) && ids.contains(&&edge["to"]), "{edge}");
    }
    let run = report["nodes"].as_array().unwrap().iter().find(|n| n["name"] == "test").unwrap();
    assert_eq!(
        (&run["kind"], &run["status"], &run["commit"]),
        (&"run".into(), &"COMPLETE".into(), &s.head().into())
    );
    let entry = &s.entries()[run["index"].as_u64().unwrap() as usize - 4];
    assert_eq!(entry["run"], run["run"], "the entry of its end");
}

#[test]
fn what_cannot_be_read_is_said() {
    let s = project();
    let graph = |s: &Sandbox| s.json(&["graph"])["unreadable"].clone();
    assert_eq!(graph(&s), serde_json::json!({ "entries": 0, "lists": 0, "logs": [] }));
    let honest = s.body_of("latest");
    let ledger = LocalLedger::open(&s.ledger("")).unwrap().unwrap();
    let id = "4d9bc2e9-ccf1-804f-bb4a-956a63876d4e".parse().unwrap();
    let garbage = SealedEntry::from_parts(id, b"no envelope".to_vec());
    let _ = ledger.try_commit(ledger.head().unwrap().size(), &Batch::new(vec![garbage]).unwrap()).unwrap();
    s.forge(&s.writer(), Kind::RunStarted, |body| {
        let gone = serde_json::json!({ "count": 1, "object": { "digest": { "blake3": "00".repeat(32) }, "size": 1 } });
        body.run = serde_json::from_value(honest["run"].clone()).unwrap();
        body.run.as_mut().unwrap().id = "01a1f780-77e4-7377-8ec4-c5ee416786c3".parse().unwrap();
        body.source = serde_json::from_value(honest["source"].clone()).unwrap();
        body.inputs = serde_json::from_value(gone).unwrap();
    });
    assert_eq!(graph(&s), serde_json::json!({ "entries": 1, "lists": 1, "logs": [] }));
    for format in ["text", "dot", "mermaid", "json"] {
        let out = s.mlprov(&["-q", "graph", "--format", format]);
        out.success()
            .says("1 unreadable entry in the log")
            .says("1 list of inputs or outputs cannot be read");
    }
    s.mlprov(&["graph", "--format", "dot"]).success().shows("// 1 unreadable entry");
    // Asked for itself it is an error.
    s.refused(1, &["graph", "e-63876d4e"]).says("envelope");
}

#[test]
fn what_other_clones_recorded_is_joined() {
    let s = project();
    s.git_in("", &["init", "-q", "--bare", "-b", "main", "remote"]);
    s.git(&["remote", "add", "origin", &s.root().join("remote").display().to_string()]);
    s.git(&["push", "-q", "-u", "origin", "main"]);
    s.git_in("", &["clone", "-q", "remote", "clone"]);
    let bob = |args: &[&str]| s.mlprov_as("bob", "clone", args);
    bob(&["init", "--yes"]).success();
    fs::copy(s.path("model.bin"), s.root().join("clone/got.bin")).unwrap();
    bob(&["run", "-n", "of bob", "-d", "got.bin", "--", "true"]).success();
    bob(&["sync"]).success();
    s.mlprov(&["sync"]).success();
    let down = around(&s, "iris/1")[2].clone();
    assert_eq!(down, ["model.bin", "of bob", "test"]);
    s.mlprov(&["graph", "iris/1"]).success().shows("of bob  COMPLETE").shows("(log ").shows("as got.bin");
    assert!(s.json(&["graph"])["unreadable"]["logs"].as_array().unwrap().is_empty());
    // A log that does not hold what its checkpoint says is not passed over in silence.
    let refs = s.git(&["for-each-ref", "--format=%(refname)", "refs/mlprov/remotes"]);
    let bobs = refs.lines().find(|name| !name.ends_with(s.entries()[0]["log"].as_str().unwrap())).unwrap();
    let index = s.root().join("index").display().to_string();
    let git = |args: &[&str]| s.git_output("repo", &[("GIT_INDEX_FILE", &index)], args).success().stdout();
    git(&["read-tree", bobs]);
    git(&["rm", "-q", "--cached", "-r", "tile/entries"]);
    let tree = git(&["write-tree"]);
    let cut = git(&["commit-tree", "-m", "cut", tree.trim()]);
    s.git(&["update-ref", bobs, cut.trim()]);
    assert_eq!(around(&s, "iris/1")[2], ["model.bin", "test"]);
    let tail = &bobs[bobs.len() - 8..];
    s.mlprov(&["graph"]).success().says(&format!("of log {tail} only 0 of 3 entries"));
    assert_eq!(s.json(&["graph"])["unreadable"]["logs"][0]["claimed"], 3);
}

/// A run, an output and a branch with names that nobody means well with.
#[test]
fn no_name_breaks_a_picture() {
    let s = Sandbox::project_with_data();
    let name = "q\"]; a --> b\\ <script>\n%%{init}%% #quot; | `x`";
    s.git(&["checkout", "-q", "-b", "a\"]-->b;<script>"]);
    s.write(".gitignore", "/data\n*.out\n");
    s.commit_all("on it");
    let file = "x\"];\n<script>-->\\.out";
    run(&s, name, &["-o", file], &format!("printf x > '{file}'"));
    run(&s, "end", &["-d", file], "true");
    let text = s.mlprov(&["graph"]).success().stdout();
    assert!(text.contains("\"q\\\"]; a --> b\\\\ <script>\\n"), "one line: {text}");
    let mermaid = s.mlprov(&["graph", "--format", "mermaid"]).success().stdout();
    assert!(!mermaid.contains("<script") && !mermaid.contains("%%{"), "{mermaid}");
    let node = |line: &&str| line.starts_with("  run_") && !line.contains(" -->");
    assert_eq!(mermaid.lines().filter(node).count(), 2, "{mermaid}");
    let dot = s.mlprov(&["graph", "--format", "dot"]).success().stdout();
    if s.command("dot", "").arg("-V").output().is_err() {
        return skipped("no_name_breaks_a_picture: Graphviz is not installed");
    }
    let drawn = s.command("dot", "").arg("-Tplain").write_stdin(dot).output().unwrap();
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let plain = String::from_utf8_lossy(&drawn.stdout).into_owned();
    let report = s.json(&["graph"]);
    for (word, key) in [("node ", "nodes"), ("edge ", "edges")] {
        let count = plain.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!(count, report[key].as_array().unwrap().len(), "{plain}");
    }
}
