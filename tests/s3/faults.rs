//! Every request of what people do, answered badly: it happened, or it did not, and nobody knows which.

use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::skipped;
use crate::team::Team;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

struct Broken {
    team: Team,
    proxy: Proxy,
    /// What was done so far, so that each thing is new.
    done: usize,
}

impl Broken {
    fn new(name: &str) -> Option<Self> {
        let team = Team::new(name)?;
        let proxy = Proxy::new(&team.url);
        team.init(&proxy.url).success();
        team.s.write("data/a.csv", "1\n");
        team.s.mlprov(&["track", "data"]).success();
        // Hooks would leave processes behind whose requests nobody counts: what they do is called by name here.
        team.s.git(&["add", "-A"]);
        team.s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "first"]);
        team.s.mlprov(&["sync"]).success();
        Some(Broken { team, proxy, done: 0 })
    }

    fn prepare(&mut self, what: &str) {
        self.done += 1;
        let s = &self.team.s;
        match what {
            "track" => s.write("data/a.csv", format!("version {}\n", self.done)),
            "publish" | "sync" => {
                let message = format!("c{}", self.done);
                s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", &message]);
            }
            _ => {}
        }
        if what == "publish" {
            // As the hook leaves it: durable, and not sent. The process that it would leave finds nobody to talk to.
            let agreed = s.read(".git/mlprov/agreed");
            s.write(".git/mlprov/agreed", "nowhere");
            s.mlprov(&["hook", "post-commit"]).success();
            while self.is_publishing() {
                std::thread::sleep(Duration::from_millis(5));
            }
            s.write(".git/mlprov/agreed", agreed);
        }
    }

    /// Whether a process that a hook left is still at it.
    fn is_publishing(&self) -> bool {
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let mut ours = processes.filter(|process| {
            let here =
                fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(self.team.s.root()));
            here && fs::read(process.join("cmdline")).is_ok_and(|line| line.ends_with(b"hook\0publish\0"))
        });
        ours.next().is_some()
    }

    fn call(&self, what: &str) -> Option<i32> {
        let args: &[&str] = match what {
            "track" => &["track", "data"],
            "publish" => &["hook", "publish"],
            "run" => &["run", "--no-log", "--", "true"],
            _ => &["sync"],
        };
        self.team.s.mlprov(args).exit_code()
    }

    /// What one call records.
    fn entries(what: &str) -> u64 {
        if what == "run" { 2 } else { 1 }
    }

    fn size(&self) -> u64 {
        let audit = self.team.s.mlprov(&["--json", "ledger", "audit"]).json();
        assert_eq!(audit["result"], "sound", "{audit:#}");
        audit["size"].as_u64().unwrap()
    }
}

fn sweep(name: &str, what: &str) {
    let Some(mut broken) = Broken::new(name) else { return };
    broken.prepare(what);
    broken.proxy.mend();
    assert_eq!(broken.call(what), Some(0));
    let requests = broken.proxy.mend();
    assert!(requests.len() >= 2, "{requests:?}");
    let mut size = broken.size();
    for (n, request) in requests.iter().enumerate() {
        for fault in Fault::ALL {
            // For ever: as if the network were gone from there on.
            let for_ever = matches!(fault, Fault::NeverSent | Fault::AnswerLost);
            for on in [false, true].into_iter().filter(|on| for_ever || !on) {
                let about =
                    format!("{what}: request {} of {}, {request}, {fault:?}, {on}", n + 1, requests.len());
                broken.prepare(what);
                broken.proxy.break_request(n + 1, fault, on);
                let code = broken.call(what);
                // Only what is about the network says no when there is none.
                let fine = code == Some(0) || what == "sync" && code == Some(3);
                assert!(fine, "{about}: exit code {code:?}");
                broken.proxy.mend();
                broken.team.s.mlprov(&["sync"]).success();
                assert_eq!(broken.team.waiting(), 0, "{about}");
                let now = broken.size();
                assert_eq!(now, size + Broken::entries(what), "{about}");
                size = now;
            }
        }
    }
    // Somebody who was not there finds the same.
    broken.team.s.git_in("", &["clone", "-q", "repo", "later"]);
    broken.team.s.mlprov_in("later", &["init", "--yes", "--no-hooks"]).success();
    assert_eq!(broken.team.s.entries_in("later"), broken.team.s.entries());
    let objects = broken.team.keys("commit/");
    assert!(objects.iter().all(|name| !name.rsplit('/').next().unwrap().contains('.')), "{objects:?}");
}

#[test]
fn at_every_request_of_track() {
    sweep("faults-track", "track");
}

#[test]
fn at_every_request_of_what_a_hook_leaves() {
    sweep("faults-publish", "publish");
}

#[test]
fn at_every_request_of_a_run() {
    sweep("faults-run", "run");
}

#[test]
fn at_every_request_of_sync() {
    sweep("faults-sync", "sync");
}

/// Calls that write, name, make durable, send, or start a process.
const CALLS: [&str; 11] = [
    "pwrite64",
    "fdatasync",
    "fsync",
    "rename",
    "link",
    "unlink",
    "ftruncate",
    "connect",
    "sendto",
    "writev",
    "execve",
];

/// How often a process made each of them, at most; strace counts for each alone.
pub fn calls_in(trace: &str) -> BTreeMap<&str, usize> {
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in trace.lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let call = rest.trim_start().split('(').next().unwrap_or("");
        if CALLS.contains(&call) {
            let count = counts.entry((pid, call)).or_insert(0);
            *count += 1;
            let known = most.entry(call).or_insert(0);
            *known = (*count).max(*known);
        }
    }
    most
}

/// The hook and the process that it leaves, `run` and `track`, killed at every call that changes something here or there.
#[test]
fn killed_at_every_step_nothing_is_lost_and_nothing_said_twice() {
    if Command::new("strace").arg("-V").output().is_err() {
        return skipped(
            "killed_at_every_step_nothing_is_lost_and_nothing_said_twice: strace is not installed",
        );
    }
    let Some(mut broken) = Broken::new("kills") else { return };
    let trace = broken.team.s.root().join("trace");
    let trace = trace.to_str().unwrap().to_owned();
    let mut played = 0;
    for (what, args) in [
        ("sync", &["hook", "post-commit"][..]),
        ("publish", &["hook", "publish"]),
        ("track", &["track", "data"]),
    ] {
        broken.prepare(what);
        assert!(broken.team.s.traced(&["-f", "-o", &trace], args).output().unwrap().status.success());
        broken.team.s.mlprov(&["sync"]).success();
        let mut size = broken.size();
        let text = fs::read_to_string(&trace).unwrap();
        for (call, count) in calls_in(&text) {
            for n in 1..=count {
                played += 1;
                let about = format!("{what}: {call} {n} of {count}");
                broken.prepare(what);
                let inject = format!("inject={call}:signal=KILL:when={n}");
                let _ = broken.team.s.traced(&["-f", "-o", &trace, "-e", &inject], args).output().unwrap();
                while broken.is_publishing() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                // Whatever was killed: the same again, then what waits.
                broken.team.s.mlprov(args).success();
                broken.team.s.mlprov(&["sync"]).success();
                assert_eq!(broken.team.waiting(), 0, "{about}");
                let now = broken.size();
                assert_eq!(now, size + 1, "{about}");
                size = now;
            }
        }
    }
    assert!(played > 30, "only {played} calls were the last");
}
