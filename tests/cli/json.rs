//! `--json`: one document on standard output, whatever happens, with the schema that names its form.

use crate::common::Sandbox;
use crate::text;
use serde_json::Value;
use serde_json::json;
use std::fs;

/// Full ids look like this.
fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|v| v.len() == 36 && v.matches('-').count() == 4)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn init_reports_what_it_made() {
    let s = Sandbox::git_repo();
    let first = s.json(&["init", "--yes"]);
    assert_eq!(first["schema"], "mlprov.init/1");
    assert_eq!(first["name"], "repo");
    assert!(is_uuid(&first["project"]) && is_uuid(&first["log"]));
    let hooks = first["hooks"]["hooks"].as_array().unwrap();
    assert_eq!(hooks.len(), 5);
    assert!(hooks.iter().all(|h| h["state"] == "added"));
    let again = s.json(&["init"]);
    assert_eq!(again["made"], json!([]));
    for same in ["project", "log", "vkey", "writer"] {
        assert_eq!(first[same], again[same], "{same}");
    }
}

#[test]
fn track_reports_each_dataset_and_the_files_for_git() {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1\n");
    let plan = s.json(&["track", "--dry-run", "data"]);
    let planned = json!({
        "schema": "mlprov.track-plan/1",
        "datasets": [{ "path": "data", "files": 1, "bytes": 2 }],
    });
    assert_eq!(plan, planned);
    let report = s.json(&["track", "data"]);
    assert_eq!(report["schema"], "mlprov.track/1");
    let dataset = &report["datasets"][0];
    assert_eq!((&dataset["path"], &dataset["kind"]), (&json!("data"), &json!("directory")));
    assert_eq!((&dataset["files"], &dataset["bytes"]), (&json!(1), &json!(2)));
    assert_eq!(dataset["state"], "new");
    assert_eq!(dataset["pointer"], "data.mlprov");
    assert!(is_uuid(&dataset["entry"]));
    assert_eq!(dataset["index"], 1);
    assert_eq!(report["written"], json!(["data.mlprov", ".gitignore"]));
    assert_eq!(report["recorded"], json!([]));
}

#[test]
fn status_reports_states_and_what_waits() {
    let s = Sandbox::project_with_data();
    let clean = s.json(&["status"]);
    let expected = json!({
        "schema": "mlprov.status/1",
        "name": "repo",
        "branch": "refs/heads/main",
        "head": s.head(),
        "headRecorded": true,
        "datasets": [{ "path": "data", "state": "unchanged", "stored": true }],
        "waiting": [],
        "openRuns": [],
        "logSize": 3,
    });
    assert_eq!(clean, expected);
    s.write("data/a.csv", "1\n");
    assert_eq!(s.json(&["status"])["datasets"][0]["state"], "modified");
}

#[test]
fn ls_and_its_manifest() {
    let s = Sandbox::project_with_data();
    let ls = s.json(&["ls"]);
    assert_eq!(ls["schema"], "mlprov.ls/1");
    let dataset = &ls["datasets"][0];
    assert_eq!((&dataset["path"], &dataset["stored"]), (&json!("data"), &json!(true)));
    let manifest = s.json(&["ls", "data", "--manifest"]);
    assert_eq!(manifest["schema"], "mlprov.manifest/1");
    let text = manifest["manifest"].as_str().unwrap();
    assert_eq!(dataset["blake3"], blake3::hash(text.as_bytes()).to_hex().as_str());
}

#[test]
fn run_reports_all_that_it_bound() {
    let s = Sandbox::project_with_data();
    s.write("params.json", "{\"lr\": 0.1}");
    s.commit_all("parameters");
    let report = s.json(&text::TRAIN_ARGS);
    assert_eq!(report["schema"], "mlprov.run/1");
    assert!(is_uuid(&report["run"]));
    assert_eq!((&report["status"], &report["exitCode"]), (&json!("COMPLETE"), &json!(0)));
    assert_eq!((&report["commit"], &report["state"]), (&json!(s.head()), &json!("clean")));
    assert_eq!(report["inputs"], json!(["data"]));
    assert_eq!(report["outputs"], json!(["model.bin", "metrics.json"]));
    assert_eq!(report["metrics"], json!([["acc", "0.5"], ["loss", "0.001"]]));
    assert!(report["modelPackage"].as_str().unwrap().starts_with("arn:mlprov:local:"));
    assert_eq!(report["index"], s.entries().last().unwrap()["index"]);
}

#[test]
fn a_run_whose_command_prints_still_gives_one_document() {
    let s = Sandbox::project_with_data();
    let out = s.mlprov(&["--json", "run", "--", "sh", "-c", "echo from the command"]);
    out.success();
    assert_eq!(out.json()["schema"], "mlprov.run/1");
    out.says("from the command");
}

#[test]
fn a_failing_run_gives_its_document_and_its_exit_code() {
    let s = Sandbox::project_with_data();
    let out = s.mlprov(&["--json", "run", "--", "sh", "-c", "exit 3"]);
    out.code(3);
    let report = out.json();
    assert_eq!((&report["status"], &report["exitCode"]), (&json!("FAIL"), &json!(3)));
    let out = s.mlprov(&["--json", "run", "--", "sh", "-c", "kill -TERM $$"]);
    out.code(143);
    assert_eq!(out.json()["signal"], "SIGTERM");
}

#[test]
fn log_is_newest_first() {
    let s = text::trained();
    let log = s.json(&["log"]);
    assert_eq!(log["schema"], "mlprov.log/1");
    assert_eq!(log["size"], 6);
    let entries = log["entries"].as_array().unwrap();
    let kinds: Vec<&Value> = entries.iter().map(|e| &e["kind"]).collect();
    let expected =
        ["run.finished", "commit.recorded", "commit.recorded", "dataset.tracked", "writer.admitted"];
    assert_eq!(kinds, expected, "a run that has ended is one line");
    assert!(entries.windows(2).all(|pair| pair[0]["index"].as_u64() > pair[1]["index"].as_u64()));
    let run = &entries[0];
    assert_eq!((&run["name"], &run["status"]), (&json!("base"), &json!("COMPLETE")));
    assert!(is_uuid(&run["run"]) && is_uuid(&run["id"]));
    let one = s.json(&["log", "-n", "1", "--kind", "commit.recorded"]);
    assert_eq!(one["entries"].as_array().unwrap().len(), 1);
    assert_eq!(one["entries"][0]["commit"], s.head());
}

#[test]
fn show_gives_the_statements_as_signed() {
    let s = text::trained();
    let show = s.json(&["show", "latest"]);
    assert_eq!(show["schema"], "mlprov.show/1");
    let entries = show["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let finished = &entries[1]["statement"];
    assert_eq!(finished["_type"], "https://in-toto.io/Statement/v1");
    let body = &finished["predicate"];
    assert_eq!(body["kind"], "run.finished");
    assert_eq!(body["source"]["commit"], s.head());
    assert_eq!(body["inputs"][0]["name"], "data");
    assert_eq!(body["parameters"][1], json!({ "name": "lr", "source": "params.json", "value": "0.1" }));
    let model = blake3::hash(s.read("model.bin").as_bytes()).to_hex().to_string();
    assert_eq!(body["modelPackage"]["digest"]["blake3"], model);
    assert_eq!(body["project"], s.project_id());
}

#[test]
fn graph_names_nodes_and_edges() {
    let s = text::trained();
    let graph = s.json(&["graph", "fraud/1"]);
    assert_eq!(graph["schema"], "mlprov.graph/1");
    let run = s.json(&["log", "-n", "1"])["entries"][0].clone();
    let arn = graph["starts"][0].as_str().unwrap().strip_prefix("model:").unwrap().to_owned();
    let root = s.json(&["ls"])["datasets"][0]["blake3"].as_str().unwrap().to_owned();
    let ids = [
        format!("run:{}", run["run"].as_str().unwrap()),
        format!("commit:{}", s.head()),
        format!("data:{root}"),
    ];
    let commit = &s.json(&["show", "HEAD"])["entries"][0];
    let expected = json!({
        "schema": "mlprov.graph/1",
        "target": format!("model package {arn}"),
        "log": run["log"],
        "starts": [format!("model:{arn}")],
        "nodes": [
            { "id": ids[0], "kind": "run", "run": run["run"], "name": "base", "status": "COMPLETE", "commit": s.head(),
                "time": s.json(&["log", "--sort", "time"])["runs"][0]["time"], "log": run["log"], "index": 5, "upstream": true },
            { "id": ids[1], "kind": "commit", "commit": s.head(), "ref": "refs/heads/main",
                "time": commit["statement"]["predicate"]["time"], "log": run["log"], "index": 3, "upstream": true },
            { "id": ids[2], "kind": "dataset", "path": "data", "blake3": root, "files": 2, "bytes": 16, "log": run["log"],
                "index": 1, "upstream": true },
            { "id": format!("model:{arn}"), "kind": "model", "arn": arn, "group": "fraud", "log": run["log"], "index": 5 },
        ],
        "edges": [
            { "from": ids[0], "to": format!("model:{arn}"), "kind": "made" },
            { "from": ids[1], "to": ids[0], "kind": "code" },
            { "from": ids[2], "to": ids[0], "kind": "read" },
            { "from": ids[2], "to": ids[1], "kind": "bound" },
        ],
        "runsLeftOut": 0,
        "unreadable": { "entries": 0, "lists": 0, "logs": [] },
    });
    assert_eq!(graph, expected);
}

#[test]
fn verify_gives_one_report_per_id_and_the_exit_code_of_all() {
    let s = text::trained();
    let document = s.json(&["verify", "latest", "HEAD"]);
    assert_eq!(document["schema"], "mlprov.verify/1");
    assert_eq!(document["exitCode"], 0);
    let reports = document["reports"].as_array().unwrap();
    assert_eq!(reports.len(), 2);
    for report in reports {
        assert_eq!((&report["result"], &report["exitCode"]), (&json!("verified"), &json!(0)));
        assert_eq!(report["level"], "default");
        assert!(!report["notChecked"].as_array().unwrap().is_empty());
        for link in report["links"].as_array().unwrap() {
            assert_eq!(link["verdict"], "intact", "{link}");
        }
    }
}

#[test]
fn verify_gives_its_document_when_the_answer_is_no() {
    let s = Sandbox::project_with_data();
    let object = s.object(b"x,y\n1,2\n");
    std::fs::remove_file(object).unwrap();
    let out = s.mlprov(&["--json", "verify", "HEAD"]);
    out.code(1);
    let document = out.json();
    assert_eq!(document["exitCode"], 1);
    let links = document["reports"][0]["links"].as_array().unwrap().clone();
    let bad: Vec<&Value> = links.iter().filter(|l| l["verdict"] != "intact").collect();
    assert_eq!(bad.len(), 1);
    assert_eq!((&bad[0]["link"], &bad[0]["subject"]), (&json!("input"), &json!("data")));
    assert_eq!(bad[0]["verdict"], "missing");
}

#[test]
fn key_show_and_key_trust() {
    let s = Sandbox::repo();
    let key = s.json(&["key", "show"]);
    assert_eq!(key["schema"], "mlprov.key/1");
    assert_eq!(keys(&key), ["log", "origin", "pinned", "schema", "vkey", "writer", "writerPublicKey"]);
    assert_eq!(key["pinned"], true);
    let vkey = key["vkey"].as_str().unwrap();
    let trust = s.json(&["key", "trust", vkey]);
    assert_eq!(trust, json!({ "schema": "mlprov.key-trust/1", "vkey": vkey, "added": false }));
}

#[test]
fn errors_are_one_document_too() {
    let s = Sandbox::project_with_data();
    let error = |code: i32, args: &[&str]| {
        let out = s.mlprov(&[&["--json"], args].concat());
        out.code(code).says("Error: ");
        let document = out.json();
        assert_eq!(document["schema"], "mlprov.error/1");
        assert_eq!(document["exitCode"], code);
        document
    };
    let missing = error(2, &["track", "none"]);
    assert!(missing["error"].as_str().unwrap().contains("none"));
    assert_eq!(missing["hint"], Value::Null);
    let unknown = error(3, &["verify", "r-00000000"]);
    assert!(unknown["error"].as_str().unwrap().contains("r-00000000"));
    assert!(unknown["hint"].as_str().unwrap().starts_with("mlprov log"));
    error(3, &["show", "r-00000000"]);
    error(2, &["ls", "none"]);
    error(2, &["status", "/"]);
    error(2, &["key", "trust", "nonsense"]);
    error(2, &["run", "-d", "none", "--", "true"]);
    s.git(&["init", "-q", "../other"]);
    let out = s.mlprov_in("other", &["--json", "log"]);
    out.code(2);
    assert_eq!(out.json()["hint"], "mlprov init");
}

#[test]
fn a_command_line_that_is_not_understood_is_an_error_document() {
    let s = Sandbox::project_with_data();
    for args in [&["--json", "track"][..], &["--json", "nonsense"], &["--json", "log", "-n", "many"]] {
        let out = s.mlprov(args);
        out.code(2);
        assert_eq!(out.json()["schema"], "mlprov.error/1", "{args:?}");
    }
}

#[test]
fn a_file_of_a_directory_is_shown_as_what_tracked_the_directory() {
    let s = Sandbox::project_with_data();
    let tracked = s.entries().iter().find(|e| e["kind"] == "dataset.tracked").unwrap()["id"].clone();
    assert_eq!(s.json(&["show", "data/a.csv"])["entries"][0]["id"], tracked);
    s.write("data/c.csv", "5\n");
    s.mlprov(&["show", "data/c.csv"]).code(3);
    // A second version that holds the first file as well: no guess.
    s.mlprov(&["track", "data"]).success();
    s.mlprov(&["show", "data/a.csv"]).code(2).says("could mean");
    s.mlprov(&["show", "data/c.csv"]).success();
    // Content that a run wrote is that of the run.
    s.mlprov(&["run", "--output", "copy.csv", "--", "cp", "data/a.csv", "copy.csv"]).success();
    s.mlprov(&["show", "data/a.csv"]).success().shows("run ");
}

#[test]
fn in_ci_the_disclosure_says_what_the_environment_claims() {
    let s = Sandbox::git_repo();
    let payload = base64_url(r#"{"iss":"https://ci.example.org","sub":"repo:me/shop","nonce":"hidden"}"#);
    let token = format!("e30.{payload}.c2lnbmF0dXJl");
    let file = s.root().join("token");
    fs::write(&file, &token).unwrap();
    let mut init = s.prepared(&["init", "--yes"]);
    init.env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "me/shop").env("GITHUB_TOKEN", "ghs_hidden");
    init.env("AWS_WEB_IDENTITY_TOKEN_FILE", &file).assert().success();
    let actor = s.read(".git/mlprov/actor").trim().to_owned();
    let text = fs::read_to_string(s.object_by_hash(&actor)).unwrap();
    let disclosure: Value = serde_json::from_str(&text).unwrap();
    let token = json!({ "iss": "https://ci.example.org", "sub": "repo:me/shop" });
    let expected = json!([
        { "from": "AWS_WEB_IDENTITY_TOKEN_FILE", "claims": token },
        { "from": "GITHUB_*", "claims": { "repository": "me/shop" } },
    ]);
    assert_eq!(disclosure["claims"], expected);
    assert!(!text.contains("hidden") && !text.contains(&payload), "{text}");
}

fn base64_url(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}
