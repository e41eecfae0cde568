//! Registrations with an artefact, in every trouble: twenty at once, requests answered badly, denied or throttled, and the
//! process killed anywhere. One package and one object for each run and group come of it, and one entry.

use crate::artefact::Shelf;
use crate::common::proxy::Fault;
use crate::common::skipped;
use crate::faults::calls_in;
use crate::written::NO_UPDATES;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

fn args(group: &str) -> [&str; 7] {
    ["model", "register", "model.pkl", "--model-group", group, "--run", "latest"]
}

#[test]
fn twenty_at_once_have_an_artefact_and_a_package_each() {
    let Some(t) = Shelf::ministack("crowd") else { return };
    let mut runs = Vec::new();
    for n in 0..20 {
        let out = format!("m{n}.pkl");
        runs.push((t.train(&out, &format!("echo {n} > {out}")), out));
    }
    let start = |(run, out): &(String, String)| {
        t.s.child(&["model", "register", out, "--model-group", "crowd", "--run", run])
    };
    for mut child in runs.iter().map(start).collect::<Vec<_>>() {
        assert!(child.wait().unwrap().success());
    }
    let keys: BTreeSet<String> = runs.iter().map(|(run, _)| format!("crowd/{run}/model.tar.gz")).collect();
    assert_eq!(
        t.models().into_iter().collect::<Vec<_>>(),
        keys.into_iter().map(|key| (key, 1)).collect::<Vec<_>>()
    );
    let bound: Vec<Value> = t.s.json(&["model", "list"])["packages"].as_array().unwrap().clone();
    let of_runs: BTreeSet<&str> = bound.iter().map(|package| package["run"].as_str().unwrap()).collect();
    assert_eq!((bound.len(), of_runs.len()), (20, 20));
    for n in 1..=20 {
        let out = t.s.mlprov(&["verify", &format!("crowd/{n}")]);
        out.success().shows("is current").shows("the package names the leaf");
    }
}

/// A run is never lost to its registration; what was not registered is made up for.
#[test]
fn a_run_ends_well_whatever_becomes_of_its_package() {
    let Some(t) = Shelf::ministack("ending") else { return };
    let mut played = 0;
    for fault in [Fault::NeverSent, Fault::AnswerLost, Fault::DoneButError] {
        for n in 1.. {
            let group = format!("ending-{fault:?}-{n}");
            let script = format!("echo {group} > model.pkl");
            t.registry.break_request(n, fault, false);
            let run =
                ["run", "-d", "data", "--model", "model.pkl", "--model-group", &group, "--", "sh", "-c"];
            let report = t.s.json(&[&run[..], &[&script]].concat());
            let reached = t.registry.count() >= n;
            t.registry.mend();
            assert_eq!(report["status"], "COMPLETE", "{report}");
            if !reached {
                break;
            }
            played += 1;
            if report["modelPackage"].is_null() {
                t.s.mlprov(&args(&group)).success();
            }
            t.s.mlprov(&["sync"]).success();
            t.s.mlprov(&["verify", &format!("{group}/1")]).success().shows("the package names the leaf");
            let wraps = format!("{group}/{}/model.tar.gz", report["run"].as_str().unwrap());
            assert_eq!(t.models().get(&wraps), Some(&1), "{group}");
        }
    }
    assert!(played > 15, "{played}");
}

#[test]
fn what_the_bucket_denies_is_named_and_nothing_is_registered() {
    let Some(t) = Shelf::ministack("denied") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let refusals = [
        ("HEAD", "403 Forbidden", "AccessDenied"),
        ("PUT", "403 Forbidden", "AccessDenied"),
        ("HEAD", "503 Slow Down", "SlowDown"),
        ("PUT", "503 Slow Down", "SlowDown"),
        ("PUT", "500 Internal Server Error", "InternalError"),
    ];
    for (n, (method, status, code)) in refusals.into_iter().enumerate() {
        let group = format!("denied-{n}");
        t.store.answer_instead(method, "/models/", status, code);
        let mut command = t.s.prepared(&args(&group));
        let out = command.env("AWS_MAX_ATTEMPTS", "2").output().unwrap();
        t.store.mend();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(3), "{method} {status}: {said}");
        assert!(said.contains("/models/denied-"), "{said}");
        let look = t.sagemaker.describe_model_package_group().model_package_group_name(&group).send();
        assert!(t.aws.wait(look).is_err(), "{group}");
        t.s.mlprov(&args(&group)).success();
        t.s.mlprov(&["verify", &format!("{group}/1")]).success();
    }
    assert!(t.models().values().all(|versions| *versions == 1), "{:?}", t.models());
}

#[test]
fn who_may_not_update_a_package_binds_it_all_the_same() {
    let Some(t) = Shelf::ministack("updates") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    t.registry.disguise(NO_UPDATES);
    let out = t.s.mlprov(&args("updates"));
    out.success().says("does not name its entry yet");
    t.s.mlprov(&["verify", "updates/1"]).success();
    t.s.mlprov(&["sync"]).success().says("UpdateModelPackage");
    t.registry.mend();
    t.s.mlprov(&["sync"]).success().shows("names its entry now");
    t.s.mlprov(&["verify", "updates/1"]).success().shows("the package names the leaf");
}

/// Killed at calls that write, name, make durable or send: the first and last of each kind, and some between.
#[test]
fn killed_at_any_call_a_registration_is_finished_and_never_doubled() {
    const TIMES: usize = 4;
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return skipped("killed_at_any_call_a_registration_is_finished: strace is not installed");
    }
    let Some(t) = Shelf::ministack("calls") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let trace = t.s.root().join("trace").to_str().unwrap().to_owned();
    let traced = t.s.traced(&["-f", "-o", &trace], &args("calls-counted")).output().unwrap();
    assert!(traced.status.success());
    let text = std::fs::read_to_string(&trace).unwrap();
    let mut groups = vec!["calls-counted".to_owned()];
    for (call, count) in calls_in(&text) {
        let step = count.div_ceil(TIMES);
        for n in (1..=count).step_by(step).chain([count]) {
            let group = format!("calls-{}", groups.len());
            let inject = format!("inject={call}:signal=KILL:when={n}");
            let _ = t.s.traced(&["-f", "-o", &trace, "-e", &inject], &args(&group)).output().unwrap();
            // Half of them by the one way, half by the other.
            if groups.len().is_multiple_of(2) {
                t.s.mlprov(&["sync"]).success();
            }
            t.s.mlprov(&args(&group)).success();
            t.s.mlprov(&["verify", &format!("{group}/1")]).success().shows("the package names the leaf");
            groups.push(group);
        }
    }
    assert!(groups.len() > 15, "only {} calls were the last", groups.len());
    assert_eq!(t.models().len(), groups.len());
    assert!(t.models().values().all(|versions| *versions == 1), "{:?}", t.models());
    let bound = t.s.entries().iter().filter(|entry| entry["kind"] == "model.registered").count();
    assert_eq!(bound, groups.len());
    t.s.mlprov(&["ledger", "audit"]).success();
}

/// Each request to the bucket and to the registry, answered badly in every way; then called again.
#[test]
fn no_fault_makes_two_artefacts_or_loses_one() {
    let Some(t) = Shelf::ministack("faulty") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let mut played = 0;
    for fault in Fault::ALL {
        for (name, proxy) in [("store", &t.store), ("registry", &t.registry)] {
            for n in 1.. {
                let group = format!("{fault:?}-{name}-{n}");
                let args = ["model", "register", "model.pkl", "--model-group", &group, "--run", "latest"];
                proxy.break_request(n, fault, false);
                let first = t.s.mlprov(&args);
                let reached = proxy.count() >= n;
                proxy.mend();
                if !reached {
                    first.success();
                    break;
                }
                played += 1;
                t.s.mlprov(&args).success();
                let of_group = |key: &&String| key.starts_with(&format!("{group}/"));
                assert_eq!(t.models().keys().filter(of_group).count(), 1, "{group}");
                t.s.mlprov(&["verify", &format!("{group}/1")]).success();
            }
        }
    }
    assert!(t.models().values().all(|versions| *versions == 1), "{:?}", t.models());
    assert!(played > 30, "{played}");
}

/// Killed while each request is on its way, done or not; then `sync`, or the same again.
#[test]
fn killed_at_any_request_it_is_finished_and_never_doubled() {
    let Some(t) = Shelf::ministack("killed") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let mut played = 0;
    for fault in [Fault::Held, Fault::DoneAndHeld] {
        for (name, proxy) in [("store", &t.store), ("registry", &t.registry)] {
            for n in 1.. {
                let group = format!("{fault:?}-{name}-{n}");
                let args = ["model", "register", "model.pkl", "--model-group", &group, "--run", "latest"];
                proxy.break_request(n, fault, false);
                let mut child = t.s.child(&args);
                let ended = loop {
                    if let Some(status) = child.try_wait().unwrap() {
                        break Some(status);
                    }
                    if proxy.count() >= n {
                        // Until the server has done it.
                        std::thread::sleep(Duration::from_millis(150));
                        child.kill().unwrap();
                        child.wait().unwrap();
                        break None;
                    }
                    std::thread::sleep(Duration::from_millis(5));
                };
                proxy.mend();
                if let Some(status) = ended {
                    assert!(status.success(), "{group}");
                    break;
                }
                played += 1;
                t.s.mlprov(&["sync"]).success();
                let report = t.s.json(&args);
                assert_eq!(report["writtenBack"], true, "{group}");
                t.s.mlprov(&["verify", &format!("{group}/1")]).success().shows("the package names the leaf");
            }
        }
    }
    assert!(t.models().values().all(|versions| *versions == 1), "{:?}", t.models());
    let groups = t.models().len();
    let bound = t.s.entries().iter().filter(|entry| entry["kind"] == "model.registered").count();
    assert!(played > 10 && bound == groups, "{played} {bound} {groups}");
}
