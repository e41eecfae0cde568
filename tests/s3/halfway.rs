//! What is registered, decided or written by half: told by `doctor` and `sync --dry-run`, which change nothing, and finished
//! by `sync`.

use crate::artefact::Shelf;
use crate::common::proxy::Fault;
use crate::written::NO_UPDATES;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use mlprov::stores::aws::s3::bucket::Bucket;
use serde_json::Value;

/// Lines of `doctor` about packages, with the state of each, and the exit code.
fn doctor(t: &Shelf, args: &[&str]) -> (Option<i32>, Vec<Value>) {
    let out = t.s.mlprov(&[&["--json", "doctor"], args].concat());
    let checks = out.json()["checks"].as_array().unwrap().clone();
    (out.exit_code(), checks.into_iter().filter(|check| check["name"] == "model packages").collect())
}

fn states(checks: &[Value]) -> Vec<&str> {
    checks.iter().map(|check| check["state"].as_str().unwrap()).collect()
}

#[test]
fn doctor_and_a_dry_run_tell_what_sync_would_finish() {
    let Some(t) = Shelf::ministack("halfway") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let decided = t.register("model.pkl", "halfway-decided", &[]);
    // An entry that the process did not live to write.
    let files = ["journal", "head", "signed", "checkpoint", "lookup.ids", "lookup.offsets"];
    let before = files.map(|name| (name, std::fs::read(t.s.ledger(name)).unwrap()));
    let cut = t.register("model.pkl", "halfway-cut", &[]);
    before.iter().for_each(|(name, bytes)| std::fs::write(t.s.ledger(name), bytes).unwrap());
    let _ = std::fs::remove_dir_all(t.s.state_dir().join("seen"));
    // A package that does not name its entry.
    t.registry.mend();
    t.register("model.pkl", "halfway-counted", &[]);
    let is_update = |head: &String| head.to_lowercase().contains("sagemaker.updatemodelpackage\r\n");
    let n = 1 + t.registry.heads().iter().position(is_update).unwrap();
    t.registry.break_request(n, Fault::NeverSent, true);
    let unwritten = t.register("model.pkl", "halfway-unwritten", &[]);
    assert_eq!(unwritten["writtenBack"], false);
    t.registry.mend();
    // A decision elsewhere.
    let arn = decided["arn"].as_str().unwrap();
    let known = t.describe(arn).customer_metadata_properties().cloned();
    let update = t.sagemaker.update_model_package().model_package_arn(arn);
    let update = update.model_approval_status(ModelApprovalStatus::Rejected);
    t.aws.wait(update.set_customer_metadata_properties(known).send()).unwrap();

    // Nobody is asked without --remote.
    t.registry.mend();
    let (_, checks) = doctor(&t, &[]);
    assert_eq!((states(&checks), t.registry.count()), (vec!["ok"], 0));
    let entries = t.s.entries().len();
    let (_, checks) = doctor(&t, &["--remote"]);
    assert_eq!(states(&checks), ["warning", "warning", "warning"], "{checks:#?}");
    let told = serde_json::to_string(&checks).unwrap();
    for package in [&cut, &decided, &unwritten] {
        assert!(told.contains(package["arn"].as_str().unwrap()), "{told}");
    }
    let planned = t.s.json(&["sync", "--dry-run"])["models"].clone();
    assert_eq!(planned["registered"][0], cut["arn"]);
    assert_eq!(planned["decided"][0][0], decided["arn"]);
    assert_eq!(planned["writtenBack"][0], unwritten["arn"]);
    t.s.mlprov(&["sync", "--dry-run"]).success().shows("would record model package");
    assert_eq!(t.s.entries().len(), entries);

    let done = t.s.json(&["sync"])["models"].clone();
    assert_eq!((&done["registered"], &done["decided"]), (&planned["registered"], &planned["decided"]));
    let (_, checks) = doctor(&t, &["--remote"]);
    assert_eq!(states(&checks), ["ok"], "{checks:#?}");
    assert_eq!(t.s.json(&["sync", "--dry-run"])["models"], Value::Null);

    t.registry.break_request(1, Fault::NeverSent, true);
    let (_, checks) = doctor(&t, &["--remote"]);
    assert_eq!(states(&checks), ["not checked"], "{checks:#?}");
    t.registry.mend();
    let agreed = t.s.read(".git/mlprov/agreed");
    let without: String = agreed.split_inclusive('\n').filter(|line| !line.starts_with("registry")).collect();
    t.s.write(".git/mlprov/agreed", without);
    let (_, checks) = doctor(&t, &["--remote"]);
    assert_eq!((states(&checks), t.registry.count()), (vec!["warning"], 0));
}

#[test]
fn a_dry_run_of_a_registration_says_all_and_changes_nothing() {
    let Some(t) = Shelf::ministack("dry") else { return };
    let run = t.train("out/model.pkl", "mkdir -p out; echo first > out/model.pkl");
    let before = (t.s.entries().len(), t.s3.history("team/").unwrap().len());
    let args = ["model", "register", "out/model.pkl", "--model-group", "dry", "--run", "latest", "--dry-run"];
    let plan = t.s.json(&args);
    let uri = format!("s3://dry/team/models/dry/{run}/model.tar.gz");
    assert_eq!((&plan["artefact"][0], &plan["artefact"][1]), (&uri.as_str().into(), &"wrapped".into()));
    assert_eq!((&plan["arn"], &plan["already"]), (&Value::Null, &false.into()));
    t.s.mlprov(&args)
        .success()
        .shows("would register a package in dry")
        .shows("not deployable as registered");
    assert_eq!((t.s.entries().len(), t.s3.history("team/").unwrap().len()), before);
    let look = t.sagemaker.describe_model_package_group().model_package_group_name("dry").send();
    assert!(t.aws.wait(look).is_err());
    // What is refused is refused now.
    t.s.write("other.pkl", "made by nobody\n");
    t.s.mlprov(&["model", "register", "other.pkl", "--model-group", "dry", "--run", "latest", "--dry-run"])
        .code(1);

    let made = t.register("out/model.pkl", "dry", &[]);
    assert_eq!(made["artefact"]["uri"], uri);
    let plan = t.s.json(&args);
    assert_eq!((&plan["arn"], &plan["already"]), (&made["arn"], &true.into()));
}

#[test]
fn a_package_that_is_gone_keeps_sync_from_nothing() {
    let Some(t) = Shelf::ministack("gone") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    t.registry.disguise(NO_UPDATES);
    for group in ["gone-first", "gone-not"] {
        assert_eq!(t.register("model.pkl", group, &[])["writtenBack"], false);
    }
    // moto deletes no packages: nobody finds this one any more.
    t.registry
        .meddle(|_, body| String::from_utf8(body).unwrap().replace("gone-first/1", "gone-first/9").into());
    let out = t.s.mlprov(&["sync"]);
    out.code(1).shows("gone-first/1 is not in the registry any more");
    out.shows("gone-not/1 names its entry now").shows("published to");
    // It is told once; from then on `verify` says so.
    t.s.mlprov(&["sync"]).success();
    t.s.mlprov(&["verify", "gone-first/1"]).code(1).shows("missing     model package");
    t.s.mlprov(&["verify", "gone-not/1"]).success();
}

#[test]
fn a_model_that_is_lost_keeps_sync_from_nothing() {
    let Some(t) = Shelf::ministack("lost") else { return };
    let files = ["journal", "head", "signed", "checkpoint", "lookup.ids", "lookup.offsets"];
    t.train("a.pkl", "echo first > a.pkl");
    t.train("b.pkl", "echo second > b.pkl");
    let register = |out: &str, run: &str| {
        t.s.json(&["model", "register", out, "--model-group", &format!("lost-{}", &out[..1]), "--run", run])
    };
    let runs = t.s.json(&["log", "--kind", "run.finished", "-n", "2"])["entries"].clone();
    let before = files.map(|name| (name, std::fs::read(t.s.ledger(name)).unwrap()));
    let run = |n: usize| runs[n]["run"].as_str().unwrap().to_owned();
    let lost = register("a.pkl", &run(1));
    let whole = register("b.pkl", &run(0));
    before.iter().for_each(|(name, bytes)| std::fs::write(t.s.ledger(name), bytes).unwrap());
    let _ = std::fs::remove_dir_all(t.s.state_dir().join("seen"));
    let all = t.raw.0.wait(t.raw.1.list_object_versions().bucket(&t.bucket).prefix("team/").send()).unwrap();
    let of_model = |key: &str| key.ends_with("/a.pkl");
    let mut deleted = 0;
    for version in all.versions().iter().filter(|version| version.key().is_some_and(of_model)) {
        let delete = t.raw.1.delete_object().bucket(&t.bucket).key(version.key().unwrap());
        t.raw.0.wait(delete.version_id(version.version_id().unwrap()).send()).unwrap();
        deleted += 1;
    }
    assert_eq!(deleted, 1);
    let out = t.s.mlprov(&["sync"]);
    let arn = whole["arn"].as_str().unwrap();
    out.code(1).shows(lost["arn"].as_str().unwrap()).shows("published to");
    out.shows(&format!("recorded model package {arn}")).shows(&format!("{arn} names its entry now"));
    t.s.mlprov(&["verify", arn]).success();
}
