//! What is started where a package is deployed: nothing that no entry tells of.

use crate::artefact::Shelf;
use serde_json::Value;

#[test]
fn a_model_that_no_archive_has_room_for_is_told_with_the_reason() {
    let Some(t) = Shelf::ministack("longname") else { return };
    let model = format!("{}.pkl", "n".repeat(97));
    let script = format!("echo first > {model}");
    let run =
        ["run", "-d", "data", "--model", &model, "--model-group", "longname", "--", "sh", "-c", &script];
    let report = t.s.json(&run);
    assert_eq!(report["status"], "COMPLETE", "{report}");
    let note = report["notes"][0].as_str().unwrap();
    assert!(note.contains("not registered") && note.contains("101 bytes"), "{note}");
    t.s.mlprov(&["model", "register", &model, "--model-group", "longname", "--run", "latest"])
        .code(2)
        .says("101 bytes");
}

const TAGGED: &str = "1.dkr.ecr/served:latest";
const MEANT: &str = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

/// The body of a request, if it is this one.
pub fn request(head: &str, name: &str, body: &[u8]) -> Option<Value> {
    let is_it = head.to_lowercase().contains(&format!("sagemaker.{}\r\n", name.to_lowercase()));
    is_it.then(|| serde_json::from_slice(body).unwrap())
}

/// SageMaker finds out which image a tag means.
#[test]
fn a_run_records_which_image_the_registry_took_a_tag_for() {
    let Some(t) = Shelf::ministack("resolved") else { return };
    t.registry.meddle(|head, body| match request(head, "CreateModelPackage", &body) {
        None => body,
        Some(mut asked) => {
            asked["InferenceSpecification"]["Containers"][0]["ImageDigest"] = MEANT.into();
            serde_json::to_vec(&asked).unwrap()
        }
    });
    let run = ["run", "-d", "data", "--model", "m.pkl", "--model-group", "resolved", "--image", TAGGED];
    let report = t.s.json(&[&run[..], &["--", "sh", "-c", "echo first > m.pkl"]].concat());
    assert!(report["modelPackage"].is_string(), "{report}");
    let package = t.package_of("run.finished");
    assert_eq!((&package["image"], &package["imageDigest"]), (&TAGGED.into(), &MEANT.into()));
    assert!(package["approvalStatus"].is_null(), "{package}");
    t.s.mlprov(&["verify", "resolved/1"]).success();
}

/// Whoever may write to the registry knows the id of a run that goes on, and waits with a package for it.
#[test]
fn a_run_takes_no_package_that_somebody_else_made_for_it() {
    let Some(t) = Shelf::ministack("usurped") else { return };
    let train = |group: &str, forge: &dyn Fn(&str)| {
        let begin = ["run", "begin", "-d", "data", "--model", "m.pkl", "--model-group", group];
        let run = t.s.mlprov(&begin).success().stdout().trim().to_owned();
        t.s.write("m.pkl", "first\n");
        forge(&run);
        t.s.json(&["run", "end", &run])
    };
    let honest = train("usurped-not", &|_| {});
    let arn = honest["modelPackage"].as_str().unwrap();
    let properties = t.describe(arn).customer_metadata_properties().unwrap().clone();
    let evil = t.put_theirs(&t.bucket, "team/evil.tar.gz", b"evil".to_vec());
    let blake3 = blake3::hash(b"evil").to_hex().to_string();
    let object = [
        ("mlprov:artefact", evil.as_str()),
        ("mlprov:artefactBlake3", &blake3),
        ("mlprov:artefactSize", "4"),
    ];
    let silent = properties.keys().filter(|name| name.starts_with("mlprov:artefact"));
    let silent: Vec<(&str, &str)> = silent.map(|name| (name.as_str(), "")).collect();
    let other = [&silent[..], &[("mlprov:blake3", &blake3)]].concat();
    let ways = [
        // Another model; another object.
        ("usurped-model", &other[..], None),
        ("usurped-object", &object, None),
        // An image that gets another object, with the right words and with none; one that has a model in itself.
        ("usurped-container", &[], Some(evil.as_str())),
        ("usurped-silent", &silent, Some(evil.as_str())),
        ("usurped-whole", &silent, Some("")),
    ];
    for (group, changes, uri) in ways {
        let ended = train(group, &|run| {
            let own = [("mlprov:run", run)];
            t.forge(group, run, &properties, &[&own[..], changes].concat(), uri);
        });
        assert_eq!((&ended["status"], &ended["modelPackage"]), (&"COMPLETE".into(), &Value::Null), "{group}");
        assert!(ended["notes"].to_string().contains("not registered"), "{group}: {ended}");
        // Nor does `sync`, or who asks for it.
        let _ = t.s.mlprov(&["sync"]);
        t.s.mlprov(&["model", "register", "m.pkl", "--model-group", group, "--run", "latest"]).code(1);
    }
    assert!(t.s.entries().iter().all(|entry| entry["kind"] != "model.registered"));
}
