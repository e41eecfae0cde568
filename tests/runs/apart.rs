//! Runs that wrap no command.

use crate::common::Sandbox;
use mlprov::domain::entry::Body;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::List;
use mlprov::domain::ids::RunId;
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

#[test]
fn what_a_command_logs_is_recorded_with_its_run() {
    let s = project();
    s.write("job.sh", LOGGING);
    s.mlprov(&["run", "-p", "params.yaml", "--require", "acc >= 0.9", "--", "sh", "job.sh"]).success();
    let body = ended(&s);
    let named = |list: &Value| -> Vec<String> {
        let line = |v: &Value| format!("{}={}", v["name"].as_str().unwrap(), v["value"].as_str().unwrap());
        list.as_array().unwrap().iter().map(line).collect()
    };
    assert_eq!(named(&body["metrics"]), ["acc=0.95", "loss=NaN"]);
    let params =
        ["lr=0.1", "layers=[64,32]", "opt.betas=[0.9,0.99]", "opt.name=adam", "token=[REDACTED:token]"];
    assert_eq!(named(&body["parameters"]), params);
    assert_eq!(body["run"]["externalIds"]["tracker"], "7");
    let outputs: Vec<_> =
        body["outputs"].as_array().unwrap().iter().map(|o| (&o["name"], &o["role"])).collect();
    assert_eq!(outputs, [(&"model.txt".into(), &"output".into())]);
    let notes: Vec<&str> = body["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    assert_eq!(notes, ["half of the data only", "parameter token: token redacted"]);
    // Every value of every metric, not the last alone.
    let digest = body["evidence"]["metrics"]["digest"]["blake3"].as_str().unwrap();
    let history = fs::read_to_string(s.object_by_hash(digest)).unwrap();
    assert_eq!(history.lines().count(), 3);
    assert!(history.starts_with(r#"{"name":"acc","step":1,"value":"0.5"}"#), "{history}");
    s.mlprov(&["verify", "latest"]).success();
    s.mlprov(&["diff", "latest", "latest"]).success();
    assert!(!s.entries().iter().any(|e| e.to_string().contains("hunter2")));
}

const LOGGING: &str = r#"
log() { printf '%s\n' "$1" >> "$MLPROV_RUN_DIR/logged.jsonl"; }
echo model > model.txt
log '{"metric": {"name": "acc", "value": 0.5, "step": 1}}'
log '{"metric": {"name": "acc", "value": "0.95", "step": 2}}'
log '{"metric": {"name": "loss", "value": "nan"}}'
log '{"param": {"name": "layers", "value": [64, 32]}}'
log '{"param": {"name": "opt", "value": {"name": "adam", "betas": [0.9, 0.99]}}}'
log '{"param": {"name": "token", "value": "hunter2"}}'
log '{"output": {"path": "model.txt"}}'
log '{"externalId": {"name": "tracker", "value": "7"}}'
log '{"note": {"text": "half of the data only"}}'
"#;

#[test]
fn what_cannot_be_recorded_of_it_fails_the_run() {
    let s = project();
    for (line, why) in [
        ("{\"metric\": {\"name\": \"acc\", \"value\": true}}", "line 1: true is no number"),
        ("{\"metric\": {\"name\": \"acc\", \"value\": \"high\"}}", "is no number"),
        ("{\"metric\": {\"name\": \"\", \"value\": 1}}", "is no name"),
        ("{\"metrik\": 1}", "unknown variant"),
        ("{\"output\": {\"path\": \"gone.txt\"}}", "output gone.txt: "),
        ("{\"output\": {\"path\": \"/etc/hostname\"}}", "output: it lies outside of the repository"),
        ("{\"model\": {\"path\": \"params.yaml\", \"group\": \"no group\"}}", "model params.yaml: "),
        ("{\"param\": {\"name\": \"a\", ", "line 1: EOF"),
    ] {
        let script = format!("echo '{line}' >> $MLPROV_RUN_DIR/logged.jsonl");
        s.mlprov(&["run", "--", "sh", "-c", &script]).code(1).says("FAIL").says(why);
    }
    // An output from before the run is not made by it.
    s.write("model.txt", "old\n");
    std::thread::sleep(std::time::Duration::from_millis(20));
    let line =
        "echo '{\"model\": {\"path\": \"model.txt\", \"group\": \"g\"}}' >> $MLPROV_RUN_DIR/logged.jsonl";
    s.mlprov(&["run", "--", "sh", "-c", line]).code(1).says("the command did not write it");
    let line = format!("echo new > model.txt; {line}");
    s.mlprov(&["run", "--", "sh", "-c", &line]).success().says("model-package/g/");
    // More parameters than the record allows.
    let many = "for n in $(seq 1001); do echo \"{\\\"param\\\": {\\\"name\\\": \\\"p$n\\\", \\\"value\\\": $n}}\"; done >> $MLPROV_RUN_DIR/logged.jsonl";
    s.mlprov(&["run", "--", "sh", "-c", many]).code(1).says("no more than 1000");
    assert_eq!(ended(&s)["parameters"]["count"], 1000);
}

#[test]
fn a_run_that_was_begun_for_a_process_ends_with_it() {
    let s = project();
    // A shell that begins a run for itself, and goes.
    let line = "RUN=$(mlprov run begin --pid $$ -m m.json -S lr=0.5) && mlprov status && echo $RUN > run.txt";
    let out = s.paste("repo", line);
    out.success();
    let run = s.read("run.txt").trim().to_owned();
    assert!(out.stdout().contains("goes on (process"), "{}", out.stdout());
    assert!(s.mlprov(&["status"]).success().stdout().contains("killed"));
    s.mlprov(&["run", "--", "true"]).success();
    assert_eq!(s.read("params.yaml"), "lr: 0.1\n", "given back");
    s.mlprov(&["verify", &run]).code(1).shows("UNKNOWN");
    // Who knows better may say so, once.
    s.write("m.json", "{\"acc\": 0.75}");
    s.mlprov(&["run", "end", &run]).success().says("COMPLETE").says("acc=0.75");
    s.mlprov(&["verify", &run]).success();
    assert!(s.mlprov(&["restore", "--run", &run, "--to", "there"]).success().stdout().contains("m.json"));
    s.refused(2, &["run", "end", &run]).says("is not open");
    s.refused(2, &["run", "begin", "--pid", "4194303"]).says("is no process");
}

#[test]
fn unknown_may_be_said_too_and_is_not_the_last_word() {
    let s = project();
    let run = begin(&s, &["-o", "model.txt"]);
    s.mlprov(&["run", "end", &run, "--status", "UNKNOWN"]).success().says("UNKNOWN");
    s.mlprov(&["verify", &run]).code(1).shows("does not know how it ended");
    s.write("model.txt", "model\n");
    s.mlprov(&["run", "end", &run, "--exit-code", "3"]).success().says("FAIL");
    s.mlprov(&["verify", &run]).code(1).shows("FAIL, exit code 3");
    assert_eq!(left(&s), 1, "nothing but the lock stays");
}

#[test]
fn a_run_is_ended_where_it_was_begun() {
    let s = project();
    s.git(&["worktree", "add", "-q", "../other"]);
    let run = begin(&s, &[]);
    let out = s.mlprov_in("other", &["run", "end", &run]);
    out.code(2).says("was begun in the work tree");
    let hint = out.hints().remove(0);
    s.paste("other", &hint).success();
    s.mlprov(&["verify", &run]).success();
}

#[test]
fn a_logged_metric_is_checked_against_its_history() {
    let s = project();
    let line = "echo '{\"metric\": {\"name\": \"acc\", \"value\": 0.5}}' >> $MLPROV_RUN_DIR/logged.jsonl";
    s.mlprov(&["run", "--", "sh", "-c", line]).success();
    let log = s.json(&["show", "latest"]);
    let body = |n: usize| log["entries"][n]["statement"]["predicate"].clone();
    let (start, end) = (body(0), body(1));
    let other: RunId = "01a1f944-0000-7000-8000-000000000001".parse().unwrap();
    for (kind, body) in [(Kind::RunStarted, start), (Kind::RunFinished, end)] {
        let body: Body = serde_json::from_value(body).unwrap();
        s.forge(&s.writer(), kind.clone(), |forged| {
            *forged = body;
            forged.run.as_mut().unwrap().id = other;
            if kind == Kind::RunFinished {
                let List::Inline(metrics) = &mut forged.metrics else {
                    panic!("few metrics stand in the entry")
                };
                metrics[0].value = "0.99".to_owned();
            }
        });
    }
    s.mlprov(&["verify", &other.to_string()]).code(1).shows("acc is 0.99, the stored history says otherwise");
}

#[test]
fn what_other_systems_call_the_run_is_recorded() {
    let s = project();
    let job = "SLURM_JOB_ID=12 SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=3 WANDB_RUN_ID=w1 MLFLOW_RUN_ID= mlprov run -- true";
    s.paste("repo", job).success();
    assert_eq!(ended(&s)["run"]["externalIds"], serde_json::json!({"slurmJobId": "7_3", "wandb": "w1"}));
}
