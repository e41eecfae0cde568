//! Packages that a pipeline made: bound to the run whose bytes they have, and watched from then on.

use crate::artefact::Shelf;
use crate::common::servers;
use crate::common::servers::Server;
use aws_sdk_sagemaker::types::InferenceSpecification;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use aws_sdk_sagemaker::types::ModelPackageContainerDefinition;
use serde_json::Value;
use std::collections::HashMap;

const IMAGE: &str = "1.dkr.ecr/served:7";
const DIGEST: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A run with an archive, and a bucket that is the pipeline's own.
fn pipeline(name: &str) -> Option<(Shelf, String)> {
    let t = Shelf::ministack(name)?;
    let theirs = format!("{name}-theirs");
    servers::bucket(Server::ministack()?, &theirs);
    t.train("model.tar.gz", "echo trained > weights; tar -czf model.tar.gz weights");
    Some((t, theirs))
}

impl Shelf {
    /// What the pipeline makes of an object; the ARN.
    pub fn pipeline_makes(&self, group: &str, uri: Option<&str>) -> String {
        let make = self.sagemaker.create_model_package_group().model_package_group_name(group);
        let _ = self.aws.wait(make.send()); // it may be there
        let container = ModelPackageContainerDefinition::builder().image(IMAGE).image_digest(DIGEST);
        let container = container.set_model_data_url(uri.map(str::to_owned)).build();
        let what = InferenceSpecification::builder().containers(container);
        let what = what.supported_content_types("text/csv").supported_response_mime_types("text/csv").build();
        let make = self.sagemaker.create_model_package().model_package_group_name(group);
        let make = make.model_approval_status(ModelApprovalStatus::PendingManualApproval);
        let make = make.inference_specification(what).customer_metadata_properties("team", "risk");
        self.aws.wait(make.send()).unwrap().model_package_arn().unwrap().to_owned()
    }

    /// A package that says of itself what mlprov says of one of `properties`, but for the changes; its ARN. `uri`: what a
    /// container of it gets.
    pub fn forge(
        &self,
        group: &str,
        run: &str,
        properties: &HashMap<String, String>,
        changes: &[(&str, &str)],
        uri: Option<&str>,
    ) -> String {
        let make = self.sagemaker.create_model_package_group().model_package_group_name(group);
        let make = make.model_package_group_description(format!("mlprov project {}", self.s.project_id()));
        let _ = self.aws.wait(make.send()); // it may be there
        let mut all = properties.clone();
        all.retain(|name, _| !["mlprov:log", "mlprov:leaf", "mlprov:checkpoint"].contains(&name.as_str()));
        all.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        all.retain(|_, value| !value.is_empty());
        let container = ModelPackageContainerDefinition::builder().image(IMAGE);
        let what = InferenceSpecification::builder()
            .containers(container.set_model_data_url(uri.map(str::to_owned)).build())
            .supported_content_types("text/csv")
            .supported_response_mime_types("text/csv");
        let make = self.sagemaker.create_model_package().model_package_group_name(group);
        let make = make.model_package_description(format!("mlprov run {run}"));
        let make = make.set_customer_metadata_properties(Some(all));
        let make = make.set_inference_specification(uri.map(|_| what.build()));
        self.aws.wait(make.send()).unwrap().model_package_arn().unwrap().to_owned()
    }

    pub fn put_theirs(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> String {
        let put = self.raw.1.put_object().bucket(bucket).key(key).body(bytes.into());
        self.raw.0.wait(put.send()).unwrap();
        format!("s3://{bucket}/{key}")
    }

    fn bind(&self, arn: &str, more: &[&str]) -> Value {
        self.s.json(&[&["bind", "latest", "--model-package", arn], more].concat())
    }
}

#[test]
fn what_a_pipeline_made_of_a_run_is_bound_by_its_bytes() {
    let Some((t, theirs)) = pipeline("pipeline") else { return };
    let bytes = std::fs::read(t.s.path("model.tar.gz")).unwrap();
    let blake3 = blake3::hash(&bytes).to_hex().to_string();
    let uri = t.put_theirs(&theirs, "out/model.tar.gz", bytes.clone());
    let arn = t.pipeline_makes("pipeline", Some(&uri));
    // Nobody bound it yet: it is nobody's business.
    t.s.mlprov(&["sync"]).success();
    assert_eq!(t.s.json(&["model", "list"])["packages"].as_array().unwrap().len(), 0);

    let report = t.bind(&arn, &[]);
    assert_eq!((&report["model"], &report["already"]), (&"model.tar.gz".into(), &false.into()));
    let package = t.package_of("model.registered");
    let artefact = &package["artefact"];
    assert_eq!((&artefact["form"], &artefact["uri"]), (&"foreign".into(), &uri.as_str().into()));
    assert_eq!(
        (&artefact["digest"]["blake3"], &package["digest"]["blake3"]),
        (&blake3.as_str().into(), &blake3.as_str().into())
    );
    assert!(artefact["versionId"].is_string() && artefact["etag"].is_string(), "{artefact}");
    assert_eq!((&package["image"], &package["imageDigest"]), (&IMAGE.into(), &DIGEST.into()));
    assert!(package["madeByRun"].is_null());
    // What the pipeline wrote there stays.
    let found = t.describe(&arn);
    let properties = found.customer_metadata_properties().unwrap();
    assert_eq!(
        (properties["team"].as_str(), properties["mlprov:blake3"].as_str()),
        ("risk", blake3.as_str())
    );
    assert!(properties.contains_key("mlprov:leaf"), "{properties:?}");
    assert_eq!(found.inference_specification().unwrap().containers()[0].model_data_url(), Some(uri.as_str()));

    assert_eq!(t.bind(&arn, &[])["already"], true);
    for args in [&["verify", "pipeline/1"][..], &["verify", "--deep", &arn], &["verify", "latest"]] {
        t.s.mlprov(args).success().shows("is current").shows("the package names the leaf");
    }
    // A clone whose user has not agreed to that bucket asks nothing of it.
    let agreed = t.s.read(".git/mlprov/agreed");
    let without: String = agreed.split_inclusive('\n').filter(|line| !line.contains(&theirs)).collect();
    assert_ne!(without, agreed);
    t.s.write(".git/mlprov/agreed", without);
    t.s.mlprov(&["verify", "pipeline/1"]).code(3).shows("unreachable artefact");
    t.s.mlprov(&["init", "--yes"]).success();
    t.s.mlprov(&["verify", "pipeline/1"]).success();
    // What is decided there is found, and recorded.
    let known = found.customer_metadata_properties().cloned();
    let update = t.sagemaker.update_model_package().model_package_arn(&arn);
    let update = update.model_approval_status(ModelApprovalStatus::Approved);
    t.aws.wait(update.set_customer_metadata_properties(known).send()).unwrap();
    t.s.mlprov(&["verify", "pipeline/1"]).code(1).shows("the registry says Approved");
    t.s.mlprov(&["sync"]).success().shows("is Approved in the registry");
    t.s.mlprov(&["verify", "pipeline/1"]).success();
    // Another run did not make it.
    t.train("model.tar.gz", "echo again > weights; tar -czf model.tar.gz weights");
    t.s.mlprov(&["bind", "latest", "--model-package", &arn]).code(1).says("it is of run");

    t.put_theirs(&theirs, "out/model.tar.gz", b"swapped".to_vec());
    t.s.mlprov(&["verify", "pipeline/1"]).code(1).shows("altered     artefact");
    let delete = t.raw.1.delete_object().bucket(&theirs).key("out/model.tar.gz");
    t.raw.0.wait(delete.send()).unwrap();
    t.s.mlprov(&["verify", "pipeline/1"]).code(1).shows("missing     artefact");
}

#[test]
fn other_bytes_are_bound_only_if_somebody_says_so_and_never_verify() {
    let Some((t, theirs)) = pipeline("stranger") else { return };
    let uri = t.put_theirs(&theirs, "model.tar.gz", b"made by nobody".to_vec());
    let arn = t.pipeline_makes("stranger", Some(&uri));
    let before = t.s.entries().len();
    t.s.mlprov(&["bind", "latest", "--model-package", &arn]).code(1).says("is no output of run");
    // Nothing to read, and nothing there.
    let none = t.pipeline_makes("stranger", None);
    t.s.mlprov(&["bind", "latest", "--model-package", &none]).code(1).says("0 of its containers get a model");
    let gone = t.pipeline_makes("stranger", Some(&format!("s3://{theirs}/gone.tar.gz")));
    let _ = t.s.refused(3, &["bind", "latest", "--model-package", &gone]);
    let prefix = t.pipeline_makes("stranger", Some(&format!("s3://{theirs}/some/")));
    t.s.mlprov(&["bind", "latest", "--model-package", &prefix]).code(2).says("it is a prefix");
    let forged = arn.replace("stranger/1", "stranger/99");
    t.s.mlprov(&["bind", "latest", "--model-package", &forged]).code(3);
    assert_eq!(t.s.entries().len(), before);
    assert!(!t.describe(&arn).customer_metadata_properties().unwrap().contains_key("mlprov:run"));

    let out = t.s.mlprov(&["bind", "latest", "--model-package", &arn, "--artefact-not-from-run"]);
    out.success().shows("NOT an output of the run");
    assert_eq!(t.package_of("model.registered")["madeByRun"], false);
    t.s.mlprov(&["verify", &arn]).code(3).shows("no output of the run has its bytes");
    t.put_theirs(&theirs, "model.tar.gz", b"and another".to_vec());
    t.s.mlprov(&["verify", &arn]).code(1).shows("altered     artefact");
}

#[test]
fn a_package_that_may_not_be_written_is_bound_all_the_same() {
    let Some((t, theirs)) = pipeline("readonly") else { return };
    let bytes = std::fs::read(t.s.path("model.tar.gz")).unwrap();
    let uri = t.put_theirs(&theirs, "model.tar.gz", bytes);
    let arn = t.pipeline_makes("readonly", Some(&uri));
    // It is not to name its entry: nobody says that it does, or that `sync` will see to it.
    assert_eq!(t.bind(&arn, &["--no-write-back"])["writtenBack"], Value::Null);
    assert_eq!(t.bind(&arn, &[])["writtenBack"], Value::Null);
    t.s.mlprov(&["sync"]).success();
    let properties = t.describe(&arn).customer_metadata_properties().unwrap().clone();
    assert_eq!(properties.into_keys().collect::<Vec<_>>(), ["team"]);
    t.s.mlprov(&["verify", "readonly/1"]).success().shows("mlprov did not make it");
    t.s.mlprov(&["model", "approve", "readonly/1"]).success();
    t.s.mlprov(&["verify", "readonly/1"]).success();
}

/// Whoever may write to the registry can write mlprov's properties, too: what is signed is looked at first.
#[test]
fn a_package_that_only_looks_like_mlprovs_is_not_bound() {
    let Some(t) = Shelf::ministack("lookalike") else { return };
    let run = t.train("model.pkl", "echo first > model.pkl");
    let honest = t.register("model.pkl", "lookalike-honest", &[]);
    let properties =
        t.describe(honest["arn"].as_str().unwrap()).customer_metadata_properties().unwrap().clone();
    let evil = t.put_theirs(&t.bucket, "team/evil.tar.gz", b"evil".to_vec());
    let blake3 = blake3::hash(b"evil").to_hex().to_string();
    let forge = |group: &str, changes: &[(&str, &str)], uri| t.forge(group, &run, &properties, changes, uri);
    let changes = [
        ("mlprov:artefact", evil.as_str()),
        ("mlprov:artefactBlake3", &blake3),
        ("mlprov:artefactSize", "4"),
    ];
    let arns = [
        ("lookalike-object", forge("lookalike-object", &changes, None)),
        // The right words, and an image that gets something else.
        ("lookalike-image", forge("lookalike-image", &[], Some(&evil))),
    ];
    let before = t.s.entries().len();
    let out = t.s.mlprov(&["sync"]);
    out.code(1);
    for (group, arn) in &arns {
        out.shows(arn);
        t.s.mlprov(&["bind", "latest", "--model-package", arn]).code(1);
        t.s.mlprov(&["model", "register", "model.pkl", "--model-group", group, "--run", "latest"]).code(1);
    }
    assert_eq!(t.s.entries().len(), before);
}
