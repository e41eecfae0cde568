//! What is started where a package is deployed: nothing that no entry tells of.

use crate::artefact::Shelf;
use serde_json::Value;
use serde_json::json;

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
    // What it found out only later nobody has recorded.
    t.registry.mend();
    t.s.mlprov(&["run", "-d", "data", "-o", "m2.pkl", "--", "sh", "-c", "echo second > m2.pkl"]).success();
    let register =
        ["model", "register", "m2.pkl", "--model-group", "resolved", "--run", "latest", "--image", TAGGED];
    t.s.mlprov(&register).success();
    assert!(t.package_of("model.registered")["imageDigest"].is_null());
    shows(&t, FIRST, "ImageDigest", MEANT.into());
    t.s.mlprov(&["verify", "resolved/2"]).success().shows("tag");
    shows(&t, FIRST, "Image", "1.dkr.ecr/other:latest".into());
    t.s.mlprov(&["verify", "resolved/2"]).code(1);
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

/// From now on SageMaker shows packages with this in their first container, or in themselves (`place` is empty).
fn shows(t: &Shelf, place: &'static str, name: &'static str, value: Value) {
    t.registry.forge(move |head, body| match request(head, "DescribeModelPackage", &body) {
        None => body,
        Some(mut told) => {
            told.pointer_mut(place).unwrap()[name] = value.clone();
            serde_json::to_vec(&told).unwrap()
        }
    });
}

const FIRST: &str = "/InferenceSpecification/Containers/0";

/// What a registry could show that would be served otherwise.
fn changes() -> Vec<(&'static str, &'static str, Value)> {
    let data = json!({ "S3DataType": "S3Prefix", "S3Uri": "s3://somebody/more/" });
    let source = json!({ "S3DataSource": {
        "S3Uri": "s3://somebody/else/", "S3DataType": "S3Prefix", "CompressionType": "None"
    } });
    vec![
        (FIRST, "Environment", json!({ "MODE": "evil" })),
        (FIRST, "AdditionalS3DataSource", data),
        (FIRST, "ModelDataSource", source),
        (FIRST, "ProductId", "another".into()),
        (
            "",
            "AdditionalInferenceSpecifications",
            json!([{ "Name": "n", "Containers": [{ "Image": "evil" }] }]),
        ),
        ("", "SourceAlgorithmSpecification", json!({ "SourceAlgorithms": [{ "AlgorithmName": "evil" }] })),
    ]
}

#[test]
fn what_mlprov_made_deploys_nothing_but_image_and_model() {
    let Some(t) = Shelf::ministack("nothing-more") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let register = ["model", "register", "model.pkl", "--model-group", "nothing-more", "--run", "latest"];
    t.s.mlprov(&[&register[..], &["--image", TAGGED]].concat()).success();
    let verify = || t.s.mlprov(&["verify", "nothing-more/1"]);
    let honest = verify();
    honest.success().shows("host names, frameworks");
    for (place, name, value) in changes() {
        shows(&t, place, name, value);
        verify().code(1).shows("altered     model package").shows("it deploys what mlprov did not put there");
        // Nobody decides about that.
        t.s.mlprov(&["model", "approve", "nothing-more/1"]).code(1);
    }
    // What only says the same in other words, or says nothing.
    let uri = t.package_of("model.registered")["artefact"]["uri"].clone();
    let same = json!({ "S3Uri": uri, "S3DataType": "S3Object", "CompressionType": "Gzip" });
    for (name, value) in [
        ("Environment", json!({})),
        ("ModelDataSource", json!({ "S3DataSource": same })),
        ("Framework", "PYTORCH".into()),
        ("ModelDataETag", "\"abc\"".into()),
    ] {
        shows(&t, FIRST, name, value);
        verify().success();
    }
    // Of a prefix, how it is read is a part of it.
    t.registry.mend();
    t.train("out", "mkdir -p out; echo 1 > out/x");
    let args =
        ["model", "register", "out", "--model-group", "nothing-more", "--run", "latest", "--image", TAGGED];
    t.s.mlprov(&args).success();
    t.s.mlprov(&["verify", "nothing-more/2"]).success();
    let prefix = t.package_of("model.registered")["artefact"]["uri"].clone();
    let packed = json!({ "S3Uri": prefix, "S3DataType": "S3Prefix", "CompressionType": "Gzip" });
    shows(&t, FIRST, "ModelDataSource", json!({ "S3DataSource": packed }));
    t.s.mlprov(&["verify", "nothing-more/2"]).code(1).shows("altered     model package");
}

/// A pipeline may give its containers whatever it likes, before the package is bound.
#[test]
fn what_else_a_pipeline_deploys_is_recorded_and_compared() {
    let Some(t) = Shelf::ministack("given") else { return };
    t.train("model.tar.gz", "echo trained > weights; tar -czf model.tar.gz weights");
    let bytes = std::fs::read(t.s.path("model.tar.gz")).unwrap();
    let uri = t.put_theirs(&t.bucket, "theirs/model.tar.gz", bytes);
    let arn = t.pipeline_makes("given", Some(&uri));
    let environment = json!({
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "s3://theirs/sourcedir.tar.gz",
        "HUB_TOKEN": "hf_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    });
    shows(&t, FIRST, "Environment", environment.clone());
    t.s.mlprov(&["bind", "latest", "--model-package", &arn, "--no-write-back"]).success();
    let digest = t.package_of("model.registered")["settings"].clone();
    let text = concat!(
        r#"{"Containers.0.Environment.HUB_TOKEN":"[REDACTED:token]","#,
        r#""Containers.0.Environment.SAGEMAKER_PROGRAM":"inference.py","#,
        r#""Containers.0.Environment.SAGEMAKER_SUBMIT_DIRECTORY":"s3://theirs/sourcedir.tar.gz","#,
        r#""schema":"mlprov.deployed/1"}"#
    );
    assert_eq!(digest, blake3::hash(text.as_bytes()).to_hex().to_string());
    let verify = || t.s.mlprov(&["verify", "given/1"]);
    verify().success().shows("look like secrets").shows("what lies at other places than the model's");
    let mut other = environment.clone();
    other["SAGEMAKER_PROGRAM"] = "evil.py".into();
    shows(&t, FIRST, "Environment", other);
    verify().code(1).shows("what it deploys beside image and model is not as it was");
    t.registry.mend();
    verify().code(1).shows("nothing of that kind is there");
    for (place, name, value) in changes().into_iter().skip(1) {
        let environment = environment.clone();
        t.registry.forge(move |head, body| match request(head, "DescribeModelPackage", &body) {
            None => body,
            Some(mut told) => {
                told.pointer_mut(FIRST).unwrap()["Environment"] = environment.clone();
                told.pointer_mut(place).unwrap()[name] = value.clone();
                serde_json::to_vec(&told).unwrap()
            }
        });
        verify().code(1).shows("altered     model package");
    }
    // A second container, which gets no model, changes what is answered as well.
    t.registry.forge(move |head, body| match request(head, "DescribeModelPackage", &body) {
        None => body,
        Some(mut told) => {
            told.pointer_mut(FIRST).unwrap()["Environment"] = environment.clone();
            let containers = told["InferenceSpecification"]["Containers"].as_array_mut().unwrap();
            containers.push(json!({ "Image": "after" }));
            serde_json::to_vec(&told).unwrap()
        }
    });
    verify().code(1).shows("Containers.1.Image");
}
