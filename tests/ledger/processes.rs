//! The real program: many at once, and each system call of one append broken in turn.

use crate::common::Sandbox;
use crate::common::skipped;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

fn audit(s: &Sandbox) -> serde_json::Value {
    report(&mut s.prepared(&["--json", "ledger", "audit"]))
}

fn report(command: &mut assert_cmd::Command) -> serde_json::Value {
    serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
}

#[test]
fn writers_and_auditors_at_once() {
    let s = Sandbox::project_with_data();
    let (writers, each) = (4, 6);
    let mut work = Vec::new();
    for w in 0..writers {
        let path = |n: usize| format!("w{w}/{n}.csv");
        for n in 0..each {
            s.write(&path(n), format!("{w} {n}\n"));
        }
        work.push((0..each).map(|n| s.prepared(&["track", &path(n)])).collect::<Vec<_>>());
    }
    let audits =
        (0..2).map(|_| (0..5).map(|_| s.prepared(&["--json", "ledger", "audit"])).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for tracks in work {
            scope.spawn(move || tracks.into_iter().for_each(|mut track| drop(track.assert().success())));
        }
        for audits in audits {
            scope.spawn(move || {
                for mut audit in audits {
                    let report = report(&mut audit);
                    assert_eq!(report["findings"], serde_json::json!([]), "{report:#}");
                    assert_ne!(report["exitCode"], 1, "{report:#}");
                }
            });
        }
    });
    let report = audit(&s);
    assert_eq!(report["result"], "sound", "{report:#}");
    assert_eq!(report["size"], 3 + writers * each, "none lost, none twice");
}

/// Calls that write, name or lock; a failure of any other is an ordinary error before anything happens.
const CALLS: [&str; 14] = [
    "openat",
    "open",
    "creat",
    "write",
    "pwrite64",
    "writev",
    "fdatasync",
    "fsync",
    "rename",
    "renameat2",
    "link",
    "unlink",
    "ftruncate",
    "flock",
];

/// How often the commit hook makes each of the calls, from a trace of it.
fn calls_of(s: &Sandbox, trace: &Path) -> BTreeMap<String, usize> {
    let out = s.traced(&["-f", "-o", trace.to_str().unwrap()], &["hook", "post-commit"]).output().unwrap();
    assert!(out.status.success());
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let call = line.split_whitespace().nth(1).and_then(|w| w.split('(').next()).unwrap_or("");
        if CALLS.contains(&call) {
            *counts.entry(call.to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

#[test]
fn every_system_call_of_one_append_may_fail_or_be_the_last() {
    if Command::new("strace").arg("-V").output().is_err() {
        return skipped("every_system_call_of_one_append_may_fail_or_be_the_last: strace is not installed");
    }
    let s = Sandbox::project_with_data();
    let unseen = |n: usize| {
        s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", &format!("c{n}")]);
    };
    unseen(0);
    let trace = s.root().join("trace");
    let counts = calls_of(&s, &trace);
    assert!(counts.contains_key("fdatasync"), "{counts:?}");
    let mut size = audit(&s)["size"].as_u64().unwrap();
    let mut played = 0;
    for (call, count) in counts {
        for n in 1..=count {
            for how in ["error=EIO", "error=ENOSPC", "signal=KILL"] {
                played += 1;
                unseen(played);
                let inject = format!("inject={call}:{how}:when={n}");
                let trace = trace.to_str().unwrap();
                let mut broken = s.traced(&["-f", "-o", trace, "-e", &inject], &["hook", "post-commit"]);
                let out = broken.output().unwrap();
                // A hook never makes git fail; only a kill ends it otherwise.
                assert!(out.status.success() || how == "signal=KILL", "{inject}: {out:?}");
                let after = audit(&s);
                let now = after["size"].as_u64().unwrap();
                assert_eq!(after["findings"], serde_json::json!([]), "{inject}: {after:#}");
                assert!(now == size || now == size + 1, "{inject}: {size} entries became {now}");
                if call == "fdatasync" && how != "signal=KILL" {
                    assert_eq!(now, size, "{inject}: what may not be on the disk was not taken back");
                }
                // Whatever happened, the same commit can be recorded now, and is there once.
                s.mlprov(&["hook", "post-commit"]).success();
                let after = audit(&s);
                assert_eq!(after["result"], "sound", "{inject}: {after:#}");
                assert_eq!(after["size"].as_u64().unwrap(), size + 1, "{inject}");
                size += 1;
            }
        }
    }
    assert!(played > 30, "only {played} calls were broken");
}

/// A power cut is not played here: the order of the calls is what protects from it.
#[test]
fn an_entry_is_on_the_disk_before_anything_is_signed_over_it() {
    if Command::new("strace").arg("-V").output().is_err() {
        return skipped("an_entry_is_on_the_disk_before_anything_is_signed_over_it: strace is not installed");
    }
    let s = Sandbox::project_with_data();
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "unseen"]);
    let trace = s.root().join("trace");
    let options = ["-f", "-y", "-e", "trace=write,pwrite64,fdatasync,fsync", "-o", trace.to_str().unwrap()];
    assert!(s.traced(&options, &["hook", "post-commit"]).output().unwrap().status.success());
    let trace = fs::read_to_string(trace).unwrap();
    let at = |call: &str, file: &str| -> Vec<usize> {
        let named = format!("/ledger/{file}>");
        let hit = |line: &str| line.contains(&format!("{call}(")) && line.contains(&named);
        trace.lines().enumerate().filter(|(_, line)| hit(line)).map(|(n, _)| n).collect()
    };
    let (written, synced) = (at("pwrite64", "journal"), at("fdatasync", "journal"));
    assert_eq!((written.len(), synced.len()), (1, 1), "{trace}");
    assert!(written < synced, "{trace}");
    for signed in [at("pwrite64", "signed"), at("pwrite64", "checkpoint")] {
        assert!(!signed.is_empty() && signed.iter().all(|n| *n > synced[0]), "{trace}");
    }
}
