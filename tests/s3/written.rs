//! The way back: a package names the entry that binds it, whoever writes that, and loses nothing by it.

use crate::artefact::Shelf;
use crate::common::proxy::Disguise;
use crate::common::proxy::Instead;
use crate::common::servers;
use crate::common::servers::Server;
use crate::common::skipped;
use serde_json::Value;

/// SageMaker refuses updates, and nothing else.
const NO_UPDATES: Disguise = Disguise {
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
