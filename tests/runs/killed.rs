//! `run` and its processes, killed at every call that changes something.

use crate::common::Sandbox;
use crate::common::skipped;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Calls that write, name, make durable, or start a process.
const CALLS: [&str; 13] = [
    "pwrite64",
    "fdatasync",
    "fsync",
    "rename",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "fchmod",
    "execve",
    "rmdir",
];

const RUN: [&str; 14] = [
    "run",
    "-S",
    "lr=0.5",
    "-o",
    "model.txt",
    "-m",
    "m.json",
    "--model",
    "model.txt",
    "--model-group",
    "g",
    "--",
    "sh",
    "job.sh",
];

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.write("params.yaml", "lr: 0.1\n");
    s.write(
        "job.sh",
        "echo $MLPROV_RUN_ID >> ../ran; cp params.yaml model.txt; echo '{\"acc\": 1}' > m.json\n",
    );
    s.write(".gitignore", "/data\n/model.txt\n/m.json\n");
    s.commit_all("code");
    s
}

/// The most that any one process makes of each call: that is how strace counts.
fn calls(s: &Sandbox, trace: &Path) -> BTreeMap<&'static str, usize> {
    assert!(s.traced(&["-f", "-o", trace.to_str().unwrap()], &RUN).output().unwrap().status.success());
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let mut words = line.split_whitespace();
        let (Some(pid), Some(rest)) = (words.next(), words.next()) else { continue };
        let call = rest.split('(').next().unwrap_or("");
        if let Some(call) = CALLS.iter().find(|known| **known == call) {
            *counts.entry((pid.to_owned(), call)).or_insert(0) += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, call), count) in counts {
        let known = most.entry(call).or_insert(0);
        *known = count.max(*known);
    }
    most
}

/// Status of each run's end, none where there is none yet.
fn ends(s: &Sandbox) -> BTreeMap<String, Vec<String>> {
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in s.entries().iter().filter(|e| e["run"].is_string()) {
        let ends = runs.entry(entry["run"].as_str().unwrap().to_owned()).or_default();
        if entry["kind"] == "run.finished" {
            ends.push(entry["status"].as_str().unwrap().to_owned());
        }
    }
    runs
}

fn audit(s: &Sandbox) -> Value {
    s.mlprov(&["--json", "ledger", "audit"]).json()
}

#[test]
fn killed_anywhere_it_leaves_nothing_half_done() {
    if Command::new("strace").arg("-V").output().is_err() {
        return skipped("killed_anywhere_it_leaves_nothing_half_done: strace is not installed");
    }
    let s = project();
    let trace = s.root().join("trace");
    let counts = calls(&s, &trace);
    let (mut played, mut open) = (0, 0);
    for (call, count) in &counts {
        for n in 1..=*count {
            played += 1;
            let what = format!("{call} {n} of {count}");
            let known = ends(&s);
            let inject = format!("inject={call}:signal=KILL:when={n}");
            let _ = fs::remove_file(s.path("model.txt"));
            let out = s.traced(&["-f", "-o", trace.to_str().unwrap(), "-e", &inject], &RUN).output().unwrap();
            let after = audit(&s);
            assert_eq!(after["findings"], serde_json::json!([]), "{what}: {after:#}");
            let mut new = ends(&s);
            new.retain(|run, _| !known.contains_key(run));
            assert!(new.len() <= 1, "{what}: {new:?}");
            // A command never ran for a run that is not in the log.
            let ran = fs::read_to_string(s.root().join("ran")).unwrap();
            assert!(
                ran.lines().all(|run| known.contains_key(run) || new.contains_key(run)),
                "{what}: {new:?} {ran}"
            );
            // Only what is recorded as COMPLETE ended well.
            let complete = new.values().any(|ends| *ends == ["COMPLETE"]);
            assert!(complete || !out.status.success(), "{what}: {new:?} {out:?}");
            open += usize::from(new.values().any(Vec::is_empty));
            // Whatever happened: the next run works, and puts things right.
            s.mlprov(&["run", "--", "sh", "-c", "test \"$(cat params.yaml)\" = 'lr: 0.1'"]).success();
            assert_eq!(s.read("params.yaml"), "lr: 0.1\n", "{what}");
            for (run, ends) in ends(&s).iter().filter(|(run, _)| !known.contains_key(*run)) {
                assert_eq!(ends.len(), 1, "{what}: {run} {ends:?}");
                let code = i32::from(ends[0] != "COMPLETE");
                s.mlprov(&["verify", run]).code(code);
            }
            let left = |dir: &str| -> Vec<_> {
                let entries = fs::read_dir(s.path(dir)).unwrap().map(|entry| entry.unwrap());
                entries.filter(|entry| entry.path().join("lock").exists() || entry.path().is_file()).collect()
            };
            // A scratch directory without a lock goes when it is an hour old.
            assert_eq!((left(".git/mlprov/runs").len(), left(".git/mlprov/scratch").len()), (1, 0), "{what}");
            assert_eq!(s.git(&["status", "--porcelain"]), "", "{what}");
        }
    }
    assert!(
        played > 60 && open > 10,
        "only {played} calls of {counts:?} were the last, {open} runs stayed open"
    );
    assert_eq!(audit(&s)["result"], "sound");
}
