//! Runs that wrap no command.

use crate::common::Sandbox;
use serde_json::Value;
use std::fs;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.write("params.yaml", "lr: 0.1\n");
    s.write(".gitignore", "/data\n/model.txt\n/m.json\n");
    s.commit_all("code");
    s
}

fn begin(s: &Sandbox, flags: &[&str]) -> String {
    let out = s.mlprov(&[&["run", "begin"], flags].concat());
    out.success();
    out.stdout().trim().to_owned()
}

fn ended(s: &Sandbox) -> Value {
    let ends = s.json(&["log", "--kind", "run.finished", "-n", "1"]);
    s.body_of(ends["entries"][0]["id"].as_str().unwrap())
}

fn left(s: &Sandbox) -> usize {
    fs::read_dir(s.path(".git/mlprov/runs")).unwrap().count()
}

#[test]
fn begun_and_ended_it_is_a_run_like_any_other() {
    let s = project();
    let run = begin(&s, &["-d", "data", "-m", "m.json", "-o", "model.txt", "-n", "notebook", "-S", "lr=0.5"]);
    assert_eq!(s.read("params.yaml"), "lr: 0.5\n", "it holds until the end");
    assert!(s.mlprov(&["status"]).success().stdout().contains("no end recorded: run r-"));
    s.mlprov(&["verify", &run]).code(3).shows("pending");
    // Others may run meanwhile, but not write the same.
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["run", "-o", "model.txt", "--", "true"]).code(3).says("goes on");
    s.write("model.txt", "model\n");
    s.write("m.json", "{\"acc\": 0.9}");
    s.mlprov(&["run", "end", &run]).success().says("COMPLETE").says("acc=0.9");
    assert_eq!(s.read("params.yaml"), "lr: 0.1\n");
    s.mlprov(&["verify", &run]).success();
    let body = ended(&s);
    assert_eq!((&body["run"]["name"], &body["inputs"][0]["stable"]), (&"notebook".into(), &true.into()));
    assert_eq!(body["source"]["state"], "clean+params");
    assert_eq!(left(&s), 1, "nothing but the lock stays");
    s.refused(2, &["run", "end", &run]).says("is not open");
}

#[test]
fn it_ends_as_whoever_ends_it_says() {
    let s = project();
    for (flags, status, code) in [
        (&["--status", "FAIL"][..], "FAIL", 1),
        (&["--exit-code", "7"], "FAIL", 7),
        (&["--status", "ABORT"], "ABORT", 130),
        (&["--exit-code", "0"], "COMPLETE", 0),
    ] {
        let run = begin(&s, &[]);
        s.mlprov(&[&["run", "end", &run], flags].concat()).success().says(status);
        let body = ended(&s);
        assert_eq!((&body["run"]["status"], &body["run"]["exitCode"]), (&status.into(), &code.into()));
        s.mlprov(&["verify", &run]).code(i32::from(status != "COMPLETE"));
    }
    s.refused(2, &["run", "end", "latest", "--status", "GOOD"]).says("GOOD");
}

/// Said to be complete, and it is not.
#[test]
fn a_run_without_what_it_declared_is_not_complete() {
    let s = project();
    let run = begin(&s, &["-o", "model.txt", "--require", "acc > 0.5"]);
    s.mlprov(&["run", "end", &run]).code(1).says("FAIL").says("model.txt");
    s.mlprov(&["verify", &run]).code(1);
}

#[test]
fn changes_in_between_are_seen() {
    let s = project();
    s.write("model.txt", "of another day\n");
    let run = begin(&s, &["-d", "data", "-o", "model.txt"]);
    s.write("data/a.csv", "2\n");
    let out = s.mlprov(&["run", "end", &run]);
    out.success().says("input data changed").says("the command did not write it");
    assert_eq!(ended(&s)["inputs"][0]["stable"], false);
    s.mlprov(&["verify", &run]).code(1);
}

/// A run in it names it, and it has a directory of its own.
#[test]
fn as_a_script_uses_it() {
    let s = project();
    let line = "RUN=$(mlprov run begin -n job) && MLPROV_RUN_ID=$RUN mlprov run -n step -- true && mlprov run end $RUN";
    s.paste("repo", line).success();
    let runs = s.json(&["log", "--kind", "run.finished"])["entries"].as_array().unwrap().clone();
    assert_eq!((runs[0]["name"].as_str(), runs[1]["name"].as_str()), (Some("job"), Some("step")));
    let step = s.body_of(runs[1]["run"].as_str().unwrap());
    assert_eq!(step["run"]["parents"][0], runs[0]["run"]);
    let begun = s.json(&["run", "begin"]);
    let directory = begun["directory"].as_str().unwrap().to_owned();
    assert!(fs::metadata(&directory).unwrap().is_dir());
    s.mlprov(&["run", "end", "latest"]).success();
    assert!(!fs::exists(&directory).unwrap());
    s.mlprov(&["ledger", "audit"]).success();
}
