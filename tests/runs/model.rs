//! Model packages: registered, bound, approved, rejected; and every way in which registry and ledger can come apart.

use crate::common::Sandbox;
use crate::common::skipped;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::Target;
use mlprov::domain::time::Timestamp;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const DECISIONS: [&str; 2] = ["model.approved", "model.rejected"];

/// A project with a remote and one complete run, which made two files and met what was required.
fn trained() -> Sandbox {
    let s = Sandbox::project_with_data();
    s.git_in("", &["init", "-q", "--bare", "remote.git"]);
    s.git(&["remote", "add", "origin", "../remote.git"]);
    s.write("params.json", "{\"lr\": 0.1}\n");
    s.commit_all("parameters");
    train(&s, "first");
    s
}

/// A run whose model is `model.bin` with this text; its id.
fn train(s: &Sandbox, text: &str) -> String {
    let script = format!("echo {text} > model.bin; echo other > other.bin; echo '{{\"acc\": 0.5}}' > m.json");
    let made = ["-d", "data", "-p", "params.json", "-m", "m.json", "-o", "model.bin", "-o", "other.bin"];
    let ask = ["--require", "acc >= 0.25", "--", "sh", "-c", &script];
    let report = s.json(&[&["run"][..], &made, &ask].concat());
    report["run"].as_str().unwrap().to_owned()
}

fn register(s: &Sandbox) -> String {
    let report = s.json(&["model", "register", "model.bin", "--model-group", "fraud", "--run", "latest"]);
    report["arn"].as_str().unwrap().to_owned()
}

fn predicate(s: &Sandbox, kind: &str) -> Value {
    let entry = s.entries().into_iter().rfind(|e| e["kind"] == kind).unwrap();
    s.json(&["show", entry["id"].as_str().unwrap()])["entries"][0]["statement"]["predicate"].clone()
}

fn count(s: &Sandbox, kinds: &[&str]) -> usize {
    s.entries().iter().filter(|e| kinds.contains(&e["kind"].as_str().unwrap())).count()
}

/// The registry's files of the first package.
fn record(s: &Sandbox, ending: &str) -> PathBuf {
    let group = s.path(".git/mlprov/registry/fraud");
    let mut files: Vec<PathBuf> = fs::read_dir(group).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.into_iter().find(|f| f.extension().is_some_and(|e| e == "json")).unwrap().with_extension(ending)
}

fn overwrite(s: &Sandbox, from: &str, to: &str) {
    let path = record(s, "json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn b3(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// What the registry would say if somebody else had decided there.
fn decide_elsewhere(s: &Sandbox, status: &str) {
    fs::write(record(s, "approval"), format!("{{\"modelApprovalStatus\": \"{status}\"}}")).unwrap();
}

#[test]
fn one_entry_repeats_the_whole_binding_and_is_made_once() {
    let s = trained();
    let arn = register(&s);
    let (bound, end) = (predicate(&s, "model.registered"), predicate(&s, "run.finished"));
    for same in ["run", "source", "inputs", "configFiles", "parameters", "metrics"] {
        assert!(bound[same] == end[same] && !end[same].is_null(), "{same}: {}", bound[same]);
    }
    assert_eq!(bound["target"]["entry"], end["id"]);
    assert_eq!(
        (&bound["modelPackage"]["arn"], &bound["outputs"][0]["name"]),
        (&arn.as_str().into(), &"model.bin".into())
    );
    assert_eq!(bound["outputs"].as_array().unwrap().len(), 1);

    let before = s.entries().len();
    for again in [
        &["model", "register", "model.bin", "--model-group", "fraud", "--run", "latest"][..],
        &["bind", "latest", "--model-package", &arn],
    ] {
        assert_eq!(s.json(again)["already"], true, "{again:?}");
    }
    assert_eq!(s.entries().len(), before);
    let run = end["run"]["id"].as_str().unwrap();
    // An entry that repeats a run is no other run, and not the latest thing that happened to one.
    assert_eq!(s.json(&["show", "latest"])["entries"].as_array().unwrap().len(), 3);
    for word in [arn.as_str(), "fraud/1", run, "latest"] {
        s.mlprov(&["verify", word]).success().shows("binding").shows("approval");
    }
    s.mlprov(&["ledger", "audit"]).success();
}

#[test]
fn only_what_a_complete_run_made_is_registered() {
    let s = trained();
    s.write("stranger.bin", "made by nobody\n");
    let model = |file: &'static str| ["model", "register", file, "--model-group", "fraud", "--run", "latest"];
    let _ = s.refused(1, &model("stranger.bin")).says("made no stranger.bin");
    let _ = s.refused(1, &model("gone.bin"));
    let _ =
        s.refused(2, &["model", "register", "model.bin", "--model-group", "no spaces", "--run", "latest"]);
    let _ =
        s.refused(3, &["model", "register", "model.bin", "--model-group", "fraud", "--run", "r-00000000"]);
    // One package for each run and group.
    register(&s);
    let _ = s.refused(1, &model("other.bin")).says("with model.bin as its model");
    // What lies there now is not what the run made.
    s.write("model.bin", "changed since\n");
    let _ = s.refused(1, &model("model.bin"));
    // But it is in the store, and has its name.
    fs::remove_file(s.path("model.bin")).unwrap();
    s.json(&["model", "register", "model.bin", "--model-group", "again", "--run", "latest"]);
    s.mlprov(&["verify", "again/1"]).success();
    s.mlprov(&["run", "-o", "model.bin", "--", "sh", "-c", "echo x > model.bin; exit 1"]).code(1);
    let _ = s.refused(1, &model("model.bin")).says("is FAIL");
}

#[test]
fn whoever_approves_and_rejects_says_so_in_an_entry_and_the_last_one_counts() {
    let s = trained();
    let arn = register(&s);
    s.mlprov(&["verify", "fraud/1"]).success().shows("PendingManualApproval");
    let approved =
        s.json(&["model", "approve", "fraud/1", "--note", "seen by two", "--note", "password=hunter2"]);
    assert_eq!((&approved["approvalStatus"], &approved["already"]), (&"Approved".into(), &false.into()));
    let entry = predicate(&s, "model.approved");
    assert_eq!(entry["target"]["modelPackage"], arn.as_str());
    assert_eq!(entry["modelPackage"]["digest"]["blake3"], b3("first\n"));
    assert_eq!(entry["approval"]["meaning"], "decided");
    let met = &entry["approval"]["requirements"][0];
    assert_eq!(
        (&met["requirement"], &met["value"], &met["met"]),
        (&"acc >= 0.25".into(), &"0.5".into(), &true.into())
    );
    assert_eq!(entry["notes"], serde_json::json!(["seen by two", "password=[REDACTED:token]"]));
    s.mlprov(&["verify", &arn]).success().shows("Approved");
    assert_eq!(s.json(&["model", "approve", &arn])["already"], true);
    assert_eq!(count(&s, &DECISIONS), 1);

    s.mlprov(&["model", "reject", "fraud/1"]).success();
    for word in ["fraud/1", "latest"] {
        s.mlprov(&["verify", word]).code(1).shows("model.rejected by entry");
    }
    s.mlprov(&["model", "approve", "fraud/1"]).success();
    s.mlprov(&["verify", "fraud/1"]).success().shows("approved again after that");
    assert_eq!(count(&s, &DECISIONS), 3);
    let shown = s.json(&["model", "show", "fraud/1"]);
    assert_eq!(shown["decisions"].as_array().unwrap().len(), 3);
    assert_eq!(s.json(&["model", "list"])["packages"][0]["approvalStatus"], "Approved");
    let _ = s.refused(3, &["model", "approve", "fraud/2"]).says("no model package fraud/2");
    let _ = s.refused(3, &["model", "show", "other/1"]);
}

/// A run may have packages in two groups. Who asks about one is not told of the other.
#[test]
fn a_package_is_judged_by_itself_and_a_run_by_all_of_its_packages() {
    let s = trained();
    register(&s);
    s.json(&["model", "register", "other.bin", "--model-group", "second", "--run", "latest"]);
    s.mlprov(&["model", "reject", "second/1"]).success();
    s.mlprov(&["verify", "fraud/1"]).success();
    s.mlprov(&["verify", "second/1"]).code(1);
    s.mlprov(&["verify", "latest"]).code(1);
}

#[test]
fn what_was_decided_behind_our_back_is_found_and_can_be_recorded() {
    let s = trained();
    register(&s);
    decide_elsewhere(&s, "Approved");
    let out = s.mlprov(&["verify", "fraud/1"]);
    out.code(1).shows("the registry says Approved; recorded is PendingManualApproval");
    assert!(out.hints().iter().any(|h| h.starts_with("mlprov sync")), "{}", out.snapshot());
    s.mlprov(&["sync"]).success().shows("is Approved in the registry");
    s.mlprov(&["sync"]).success();
    assert_eq!(count(&s, &DECISIONS), 1);
    // Who only saw it did not decide.
    assert_eq!(predicate(&s, "model.approved")["approval"]["meaning"], "observed");
    s.mlprov(&["verify", "fraud/1"]).success();
    decide_elsewhere(&s, "Rejected");
    s.mlprov(&["verify", "fraud/1"]).code(1);
    s.mlprov(&["sync"]).success();
    s.mlprov(&["verify", "fraud/1"]).code(1).shows("model.rejected by entry");
    // Back to where it was: nobody decided that, and no entry can say it.
    fs::remove_file(record(&s, "approval")).unwrap();
    s.mlprov(&["sync"]).code(1).shows("the registry says PendingManualApproval, and Rejected is recorded");
    fs::write(record(&s, "approval"), "{").unwrap();
    s.mlprov(&["verify", "fraud/1"]).code(1).shows("altered     approval");
}

#[test]
fn a_tampered_package_a_swapped_artefact_and_a_lost_one_are_found() {
    let s = trained();
    register(&s);
    train(&s, "second");
    s.json(&["model", "register", "model.bin", "--model-group", "fraud", "--run", "latest"]);
    // The later run's file behind the earlier package.
    overwrite(&s, &b3("first\n"), &b3("second\n"));
    s.mlprov(&["verify", "fraud/1"]).code(1).shows("altered     model package");
    s.mlprov(&["verify", "fraud/2"]).success();
    // Nobody approves other bytes than those that were bound, and `sync` does not make it good.
    let _ = s.refused(1, &["model", "approve", "fraud/1"]).says("BLAKE3");
    s.mlprov(&["sync"]).code(1).shows("finding model package");
    overwrite(&s, &b3("second\n"), &b3("first\n"));
    s.mlprov(&["verify", "fraud/1"]).success();
    overwrite(&s, "model.bin", "other.bin");
    s.mlprov(&["verify", "fraud/1"]).code(1).shows("altered     model package");
    fs::remove_file(record(&s, "json")).unwrap();
    s.mlprov(&["verify", "fraud/1"]).code(1).shows("missing     model package");
    let _ = s.refused(1, &["model", "approve", "fraud/1"]);
    // The bytes themselves.
    fs::remove_file(s.object(b"second\n")).unwrap();
    s.mlprov(&["verify", "fraud/2"]).code(1).shows("missing     output model.bin");
}

#[test]
fn an_entry_that_names_a_forged_package_or_another_run_does_not_verify() {
    let s = trained();
    let run = train(&s, "second");
    let end = predicate(&s, "run.finished");
    let forge = |group: &str, change: &dyn Fn(&mut mlprov::domain::entry::Body)| {
        s.forge(&s.writer(), Kind::ModelRegistered, |body| {
            let truth: mlprov::domain::entry::Body = serde_json::from_value(end.clone()).unwrap();
            let arn = format!("arn:mlprov:local:{}::model-package/{group}/{run}", s.project_id());
            let package = serde_json::json!({ "arn": arn, "groupName": group, "model": "model.bin",
                "digest": end["outputs"][1]["digest"] });
            body.target = Some(Target { entry: Some(truth.id), ..Target::default() });
            (body.run, body.source, body.inputs) = (truth.run, truth.source, truth.inputs);
            (body.config_files, body.parameters) = (truth.config_files, truth.parameters);
            body.metrics = truth.metrics;
            body.model_package = Some(serde_json::from_value(package).unwrap());
            change(body);
        });
        s.mlprov(&["ledger", "checkpoint"]).success();
    };
    forge("forged", &|_| {});
    s.mlprov(&["verify", "forged/1"]).code(1).shows("missing     model package");
    let first = s.json(&["log", "--kind", "run.finished"])["entries"][1]["run"].clone();
    forge("moved", &|body| body.run.as_mut().unwrap().id = first.as_str().unwrap().parse().unwrap());
    s.mlprov(&["verify", "moved/1"]).code(1).shows("altered     binding");
    forge("older", &|body| body.source.as_mut().unwrap().tree = "1".repeat(40).parse().unwrap());
    s.mlprov(&["verify", "older/1"]).code(1).shows("names other code than the run's end");
    // Asked for itself, too.
    let newest = s.json(&["log", "--kind", "model.registered"])["entries"][0].clone();
    s.mlprov(&["verify", newest["id"].as_str().unwrap()])
        .code(1)
        .shows("names other code than the run's end");
    forge("blank", &|body| body.inputs = Default::default());
    s.mlprov(&["verify", "blank/1"]).code(1).shows("names other inputs than the run's end");
    // The group that nobody touched is as it was.
    s.json(&["model", "register", "model.bin", "--model-group", "fraud", "--run", &run]);
    s.mlprov(&["verify", "fraud/1"]).success();
    // An approval by somebody who may not write counts for nothing.
    let other = trained();
    s.forge(&other.writer(), Kind::ModelApproved, |body| {
        body.time = Timestamp::from_unix_micros(1);
        let arn = format!("arn:mlprov:local:{}::model-package/fraud/{run}", s.project_id());
        body.target = Some(Target { model_package: Some(arn.parse().unwrap()), ..Target::default() });
    });
    s.mlprov(&["ledger", "checkpoint"]).success();
    decide_elsewhere_in(&s, &run, "Approved");
    s.mlprov(&["verify", "fraud/1"]).code(1).shows("recorded is PendingManualApproval");
    // Nor does an end of the run that somebody wrote who may not: the package that it names is bound by nobody.
    let arn = format!("arn:mlprov:local:{}::model-package/evil/{run}", s.project_id());
    s.forge(&other.writer(), Kind::RunFinished, |body| {
        let truth: mlprov::domain::entry::Body = serde_json::from_value(end.clone()).unwrap();
        let package = serde_json::json!({ "arn": arn, "groupName": "evil", "model": "model.bin",
            "digest": end["outputs"][1]["digest"] });
        (body.run, body.source, body.outputs) = (truth.run, truth.source, truth.outputs);
        body.model_package = Some(serde_json::from_value(package).unwrap());
    });
    s.mlprov(&["ledger", "checkpoint"]).success();
    s.mlprov(&["verify", &arn]).code(1).shows("no entry of a writer who was admitted binds it");
}

/// What somebody decided in the registry before an entry bound the package was decided by nobody here.
#[test]
fn a_package_that_was_rejected_before_it_was_bound_does_not_verify() {
    let s = trained();
    let run = s.json(&["log", "--kind", "run.finished"])["entries"][0]["run"].as_str().unwrap().to_owned();
    fs::create_dir_all(s.path(".git/mlprov/registry/early")).unwrap();
    let decision = s.path(&format!(".git/mlprov/registry/early/{run}.approval"));
    fs::write(decision, "{\"modelApprovalStatus\": \"Rejected\"}").unwrap();
    s.json(&["model", "register", "model.bin", "--model-group", "early", "--run", &run]);
    s.mlprov(&["verify", "early/1"]).code(1).shows("failed      approval");
    let before = s.entries().len();
    s.mlprov(&["model", "reject", "early/1"]).success();
    assert_eq!(s.entries().len(), before + 1);
    s.mlprov(&["model", "approve", "early/1"]).success();
    s.mlprov(&["verify", "early/1"]).success();
}

fn decide_elsewhere_in(s: &Sandbox, run: &str, status: &str) {
    let path = s.path(&format!(".git/mlprov/registry/fraud/{run}.approval"));
    fs::write(path, format!("{{\"modelApprovalStatus\": \"{status}\"}}")).unwrap();
}

/// Killed at every call that changes something: called again, or finished by `sync`, it stands once.
#[test]
fn killed_anywhere_it_is_finished_and_never_doubled() {
    if Command::new("strace").arg("-V").output().is_err() {
        return skipped("killed_anywhere_it_is_finished_and_never_doubled: strace is not installed");
    }
    let s = trained();
    let (mut played, mut halves) = (0, 0);
    for call in ["pwrite64", "fdatasync", "fsync", "linkat", "renameat", "rename", "renameat2", "mkdir"] {
        for n in 1.. {
            let group = format!("g{played}");
            let register = ["model", "register", "model.bin", "--model-group", &group, "--run", "latest"];
            let inject = format!("inject={call}:signal=KILL:when={n}");
            let traced = ["-f", "-o", "/dev/null", "-e", &inject];
            if s.traced(&traced, &register).output().unwrap().status.success() {
                break;
            }
            played += 1;
            let known = s.json(&["model", "list", &group])["packages"].as_array().unwrap().clone();
            let half = known.iter().any(|p| p["index"].is_null());
            halves += usize::from(half);
            // Every other time by `sync`, as far as there is something that it can know of.
            if half && halves % 2 == 0 {
                s.mlprov(&["sync"]).success().shows("whose registration had been interrupted");
            }
            s.mlprov(&register).success();
            let approve = ["model", "approve", &format!("{group}/1")];
            s.mlprov(&approve).success();
            let bound = s.json(&["model", "list", &group])["packages"].as_array().unwrap().clone();
            assert_eq!(bound.len(), 1, "{call} {n}");
            assert!(bound[0]["index"].is_u64(), "{call} {n}");
            s.mlprov(&["verify", &format!("{group}/1")]).success();
        }
    }
    assert!(played > 8 && halves > 1, "{played} kills, {halves} in between");
    let registered = s.entries().iter().filter(|e| e["kind"] == "model.registered").count();
    let groups = fs::read_dir(s.path(".git/mlprov/registry")).unwrap().count();
    assert_eq!(registered, groups);
    s.mlprov(&["ledger", "audit"]).success();
}

/// Killed between the registry and the entry, `approve` is finished by a second call; until then it is a finding.
#[test]
fn an_approval_that_was_interrupted_is_found_and_finished() {
    if Command::new("strace").arg("-V").output().is_err() {
        return skipped("an_approval_that_was_interrupted_is_found_and_finished: strace is not installed");
    }
    let s = trained();
    register(&s);
    let mut halves = 0;
    for n in 1.. {
        let status = if n % 2 == 0 { "reject" } else { "approve" };
        let inject = format!("inject=pwrite64,fdatasync,fsync:signal=KILL:when={n}");
        let traced = ["-f", "-o", "/dev/null", "-e", &inject];
        let before = count(&s, &DECISIONS);
        if s.traced(&traced, &["model", status, "fraud/1"]).output().unwrap().status.success() {
            break;
        }
        let package = s.json(&["model", "list"])["packages"][0].clone();
        if package["approvalStatus"] != package["recordedStatus"] {
            halves += 1;
            s.mlprov(&["verify", "fraud/1"]).code(1).shows("altered     approval");
        }
        s.mlprov(&["model", status, "fraud/1"]).success();
        assert_eq!(count(&s, &DECISIONS), before + 1, "{n}");
    }
    assert!(halves > 0);
    s.mlprov(&["model", "approve", "fraud/1"]).success();
    s.mlprov(&["verify", "fraud/1"]).success();
}

#[test]
fn twenty_at_once_are_each_registered_once() {
    let s = trained();
    let groups: Vec<String> = (0..20).map(|n| format!("g{}", n / 2)).collect();
    let args = |group: &str| {
        ["model", "register", "model.bin", "--model-group", group, "--run", "latest"].map(str::to_owned)
    };
    let children: Vec<_> = groups
        .iter()
        .map(|group| {
            let args = args(group);
            s.child(&args.each_ref().map(String::as_str))
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    // Two processes for each of ten packages.
    assert_eq!(count(&s, &["model.registered"]), 10);
    assert_eq!(s.json(&["model", "list"])["packages"].as_array().unwrap().len(), 10);
    for n in 0..10 {
        s.mlprov(&["verify", &format!("g{n}/1")]).success();
    }
    s.mlprov(&["ledger", "audit"]).success();
}

#[test]
fn bind_takes_only_the_package_of_its_run() {
    let s = trained();
    let arn = register(&s);
    train(&s, "second");
    let _ = s.refused(1, &["bind", "latest", "--model-package", &arn]).says("and not of");
    let foreign = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/7";
    let _ = s.refused(3, &["bind", "latest", "--model-package", foreign]).says("no model package");
    let _ = s.refused(2, &["bind", "latest", "--model-package", "fraud"]);
}

#[test]
fn a_commit_names_the_packages_of_the_models_in_its_tree() {
    let s = trained();
    let arn = register(&s);
    s.json(&["model", "register", "other.bin", "--model-group", "second", "--run", "latest"]);
    s.mlprov(&["track", "model.bin"]).success();
    let commit = s.commit_all("the model");
    assert_eq!(s.body_of(&commit)["modelPackages"], serde_json::json!([{ "arn": arn, "name": "model.bin" }]));
    s.mlprov(&["verify", "HEAD"]).success().shows("its model is model.bin of this commit");
    // Another version of it is not that package's.
    s.write("model.bin", "later\n");
    s.mlprov(&["track", "model.bin"]).success();
    let commit = s.commit_all("another");
    assert!(s.body_of(&commit)["modelPackages"].is_null());
    s.mlprov(&["verify", "HEAD"]).success();

    // Entries of commits that say what is not so.
    let source = predicate(&s, "commit.recorded")["source"].clone();
    let forged = |arn: &str, commit: &str, name: &str| {
        s.forge(&s.writer(), Kind::CommitRecorded, |body| {
            let mut source: mlprov::domain::entry::Source = serde_json::from_value(source.clone()).unwrap();
            source.commit = commit.parse().unwrap();
            body.source = Some(source);
            let value = serde_json::json!([{ "arn": arn, "name": name }]);
            body.model_packages = serde_json::from_value(value).unwrap();
        });
    };
    let empty = ["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m"];
    s.git(&[&empty[..], &["swapped"]].concat());
    forged(&arn, &s.head(), "model.bin");
    s.mlprov(&["verify", "HEAD"]).code(1).shows("its model is not model.bin of this commit");
    s.git(&[&empty[..], &["unbound"]].concat());
    let other = s.json(&["model", "show", "second/1"])["arn"].as_str().unwrap().replace("second", "third");
    forged(&other, &s.head(), "model.bin");
    s.mlprov(&["verify", "HEAD"]).shows("no entry that is here binds it");
}
