//! The way back: a package names the entry that binds it, whoever writes that, and loses nothing by it.

use crate::artefact::Shelf;
use crate::common::proxy::Disguise;
use crate::common::proxy::Instead;
use crate::common::servers;
use crate::common::servers::Server;
use crate::common::skipped;
use crate::deployed::request;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use serde_json::Value;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// SageMaker refuses updates, and nothing else.
pub const NO_UPDATES: Disguise = Disguise {
    request: |head| match head.to_lowercase().contains("sagemaker.updatemodelpackage\r\n") {
        false => Instead::Ask(head.to_owned()),
        true => Instead::Answer(
            "HTTP/1.1 400 No\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 59\r\n\r\n\
             {\"__type\":\"AccessDeniedException\",\"message\":\"not authorized\"}"
                .to_owned(),
        ),
    },
    answer: str::to_owned,
};

/// Ada publishes; Grace records, and may not update packages.
#[test]
fn what_a_mere_writer_registered_is_named_by_the_next_publisher() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let ledger = ["--ledger", "s3://publishers/team"];
    let Some(t) = Shelf::with(server, "publishers", &ledger) else { return };
    t.s.git(&["push", "-q", "origin", "HEAD"]);
    t.s.git_in("", &["clone", "-q", "repo", "grace"]);
    servers::give_credentials(server, &t.s.root().join("grace-home"));
    let grace = |args: &[&str]| t.s.mlprov_as("grace-home", "grace", args);
    grace(&["init", "--yes"]).success();
    let key = grace(&["key", "request"]).stdout().trim().lines().last().unwrap().to_owned();
    t.s.mlprov(&["key", "admit", &key]).success();
    grace(&["sync"]).success();
    t.s.git_in("grace", &["config", "user.email", "grace@example.org"]);
    grace(&["restore", "data"]).success();
    let run = ["run", "-d", "data", "-o", "model.pkl", "--", "sh", "-c", "echo first > model.pkl"];
    grace(&run).success();
    let register =
        ["--json", "model", "register", "model.pkl", "--model-group", "publishers", "--run", "latest"];
    t.registry.disguise(NO_UPDATES);
    assert_eq!(grace(&register).success().json()["writtenBack"], false);
    grace(&["sync"]).success().says("UpdateModelPackage");
    // Ada may neither just now, asked or not, and that keeps her from nothing.
    t.s.mlprov(&["sync"]).success();
    let arn = t.s.json(&["model", "show", "publishers/1"])["arn"].as_str().unwrap().to_owned();
    let seen_by_ada = t.s.json(&["bind", "latest", "--model-package", &arn]);
    assert_eq!((&seen_by_ada["already"], &seen_by_ada["writtenBack"]), (&true.into(), &false.into()));
    t.registry.mend();
    let planned = t.s.json(&["sync", "--dry-run"])["models"]["writtenBack"].clone();
    assert_eq!(planned[0], arn.as_str());
    t.s.mlprov(&["sync"]).success().shows("names its entry now");
    t.s.mlprov(&["verify", "publishers/1"]).success().shows("the package names the leaf");
    assert_eq!(grace(&register).success().json()["writtenBack"], true);
    // Once seen, nobody asks for each package again.
    t.registry.mend();
    t.s.mlprov(&["sync"]).success();
    let asked = t
        .registry
        .heads()
        .iter()
        .any(|head| head.to_lowercase().contains("sagemaker.describemodelpackage\r\n"));
    assert!(!asked, "{:?}", t.registry.heads());
    assert_eq!(t.s.json(&["sync", "--dry-run"])["models"], Value::Null);
}

/// SageMaker as its reference has it: what an update leaves out stays. And somebody decides while the leaf is on its way.
#[test]
fn a_decision_in_that_very_moment_stands() {
    let (Some(moto), Some(t)) = (Server::moto(), Shelf::ministack("moment")) else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let updates = AtomicUsize::new(0);
    let aws = servers::aws(&moto.url, [moto.access_key, moto.secret_key]);
    let theirs = aws_sdk_sagemaker::Client::new(aws.config());
    t.registry.meddle(move |head, body| {
        let Some(mut asked) = request(head, "UpdateModelPackage", &body) else { return body };
        let arn = asked["ModelPackageArn"].as_str().unwrap().to_owned();
        let now = || aws.wait(theirs.describe_model_package().model_package_name(&arn).send()).unwrap();
        if updates.fetch_add(1, Ordering::SeqCst) == 0 {
            let decide = theirs.update_model_package().model_package_arn(&arn);
            let decide =
                decide.model_approval_status(ModelApprovalStatus::Approved).approval_description("ok");
            let known = now().customer_metadata_properties().cloned();
            aws.wait(decide.set_customer_metadata_properties(known).send()).unwrap();
        }
        let now = now();
        let keep = |asked: &mut Value, name: &str, now: Option<&str>| {
            if let (true, Some(now)) = (asked[name].is_null(), now) {
                asked[name] = now.into();
            }
        };
        keep(&mut asked, "ModelApprovalStatus", now.model_approval_status().map(|status| status.as_str()));
        keep(&mut asked, "ApprovalDescription", now.approval_description());
        serde_json::to_vec(&asked).unwrap()
    });
    let report = t.register("model.pkl", "moment", &[]);
    assert_eq!(report["writtenBack"], true);
    let found = t.describe(report["arn"].as_str().unwrap());
    assert_eq!(
        (found.model_approval_status(), found.approval_description()),
        (Some(&ModelApprovalStatus::Approved), Some("ok"))
    );
    assert!(found.customer_metadata_properties().unwrap().contains_key("mlprov:leaf"));
    // One update was enough: nothing was lost.
    let is_update = |head: &&String| head.to_lowercase().contains("sagemaker.updatemodelpackage\r\n");
    assert_eq!(t.registry.heads().iter().filter(is_update).count(), 1);
    t.s.mlprov(&["sync"]).success().shows("is Approved in the registry");
    t.s.mlprov(&["verify", "moment/1"]).success();
}

/// Nobody signed it: it is what whoever writes to the registry says.
#[test]
fn the_checkpoint_that_a_package_names_has_to_be_the_logs() {
    let Some(t) = Shelf::ministack("claims") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let arn = t.register("model.pkl", "claims", &[])["arn"].as_str().unwrap().to_owned();
    let properties = t.describe(&arn).customer_metadata_properties().unwrap().clone();
    let honest = properties["mlprov:checkpoint"].clone();
    let [origin, size, root] = honest.split(' ').collect::<Vec<_>>()[..] else { panic!("{honest}") };
    let index = t.s.entries().iter().rfind(|e| e["kind"] == "model.registered").unwrap()["index"].clone();
    let no_root = format!("{}=", "A".repeat(43));
    let verify = |claim: &str| {
        let mut all = properties.clone();
        all.insert("mlprov:checkpoint".to_owned(), claim.to_owned());
        let update = t.sagemaker.update_model_package().model_package_arn(&arn);
        let update = update.model_approval_status(ModelApprovalStatus::PendingManualApproval);
        t.aws.wait(update.set_customer_metadata_properties(Some(all)).send()).unwrap();
        t.s.mlprov(&["verify", "claims/1"])
    };
    verify(&honest).success().shows("the log has its root");
    // An earlier one that holds, but does not cover the entry.
    for (claim, why) in [
        ("nonsense".to_owned(), "is not origin, size and root"),
        (format!("{honest} more"), "is not origin, size and root"),
        (format!("{origin} 0{size} {root}"), "is not origin, size and root"),
        (format!("example.org/other {size} {root}"), "it is of example.org/other"),
        (format!("{origin} {index} {no_root}"), "and not the one at index"),
        (format!("{origin} {size} {no_root}"), "give root"),
    ] {
        verify(&claim).code(1).shows("altered     leaf").shows(why);
    }
    verify(&format!("{origin} 1000 {root}")).code(3).shows("unknown     leaf").shows("entries are here");
    // Whoever has only the registry would be sent to another ledger.
    let mut elsewhere = properties.clone();
    elsewhere.insert("mlprov:log".to_owned(), "02aac00d-aa87-4a1e-a49d-b1839bfb0715".to_owned());
    let update = t.sagemaker.update_model_package().model_package_arn(&arn);
    let update = update.model_approval_status(ModelApprovalStatus::PendingManualApproval);
    t.aws.wait(update.set_customer_metadata_properties(Some(elsewhere)).send()).unwrap();
    let out = t.s.mlprov(&["verify", "claims/1"]);
    out.code(1)
        .shows("altered     leaf")
        .shows("names log 02aac00d-aa87-4a1e-a49d-b1839bfb0715, and the entry stands in");
    // It need not be the newest.
    t.train("model.pkl", "echo second > model.pkl");
    verify(&honest).success();
}
