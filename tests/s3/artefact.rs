//! What a model package points to: put there once, found again by `verify`, and never anything else. The registry is moto's
//! SageMaker, the bucket lies elsewhere: moto's S3 is not to be believed.

use crate::common::Sandbox;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers;
use crate::common::servers::Server;
use crate::common::skipped;
use crate::data::noise;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use base64::Engine;
use mlprov::ports::log_reader::LogReader;
use mlprov::stores::aws::runtime::Aws;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;
use mlprov::stores::local::journal::LocalLedger;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

pub struct Shelf {
    pub s: Sandbox,
    pub bucket: String,
    pub s3: S3,
    pub raw: (Aws, aws_sdk_s3::Client),
    pub store: Proxy,
    pub registry: Proxy,
    pub aws: Aws,
    pub sagemaker: aws_sdk_sagemaker::Client,
}

impl Shelf {
    /// A project with its data in a bucket of this server and its packages in SageMaker, each behind a proxy.
    pub fn new(server: &'static Server, name: &str) -> Option<Shelf> {
        Shelf::with(server, name, &[])
    }

    /// `more`: arguments for `init`.
    pub fn with(server: &'static Server, name: &str, more: &[&str]) -> Option<Shelf> {
        let Some(moto) = Server::moto() else {
            skipped(&format!("{name}: moto is not installed"));
            return None;
        };
        let s3 = servers::bucket(server, name);
        let s = Sandbox::git_repo();
        servers::give_credentials(server, &s.home());
        s.git_in("", &["init", "-q", "--bare", "remote.git"]);
        s.git(&["remote", "add", "origin", "../remote.git"]);
        let (store, registry) = (Proxy::new(&server.url), Proxy::new(&moto.url));
        let place = format!("s3://{name}/team");
        let made = ["init", "--yes", "--name", "shelf", "--store", &place, "--endpoint-url", &store.url];
        let made = [&made[..], &["--registry", "sagemaker", "--region", "us-east-1"], more].concat();
        s.mlprov(&made).success();
        let config = s.read(".mlprov/config.toml");
        let (before, after) = config.split_once("[registry]\n").unwrap();
        let after = after.replacen('\n', &format!("\nendpoint = \"{}\"\n", registry.url), 1);
        s.write(".mlprov/config.toml", format!("{before}[registry]\n{after}"));
        s.mlprov(&["init", "--yes"]).success();
        s.write("data/a.csv", "x,y\n1,2\n");
        s.mlprov(&["track", "data"]).success();
        s.commit_all("first");
        let aws = servers::aws(&moto.url, [moto.access_key, moto.secret_key]);
        let sagemaker = aws_sdk_sagemaker::Client::new(aws.config());
        let raw = servers::raw(server);
        Some(Shelf { s, bucket: name.to_owned(), s3, raw, store, registry, aws, sagemaker })
    }

    pub fn ministack(name: &str) -> Option<Shelf> {
        let Some(server) = Server::ministack() else {
            skipped(&format!("{name}: ministack is not installed"));
            return None;
        };
        Shelf::new(server, name)
    }

    /// A run that makes `out` by this script; its id.
    pub fn train(&self, out: &str, script: &str) -> String {
        let report = self.s.json(&["run", "-d", "data", "-o", out, "--", "sh", "-c", script]);
        assert_eq!(report["status"], "COMPLETE", "{report}");
        report["run"].as_str().unwrap().to_owned()
    }

    pub fn register(&self, out: &str, group: &str, more: &[&str]) -> Value {
        let args = ["model", "register", out, "--model-group", group, "--run", "latest"];
        self.s.json(&[&args[..], more].concat())
    }

    pub fn describe(&self, arn: &str) -> DescribeModelPackageOutput {
        self.aws.wait(self.sagemaker.describe_model_package().model_package_name(arn).send()).unwrap()
    }

    /// Keys of models, each with the number of its versions.
    pub fn models(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for version in self.s3.history("team/models/").unwrap() {
            *found.entry(version.key.trim_start_matches("team/models/").to_owned()).or_default() += 1;
        }
        found
    }

    fn key_of(&self, uri: &Value) -> String {
        uri.as_str().unwrap().strip_prefix(&format!("s3://{}/", self.bucket)).unwrap().to_owned()
    }

    /// Another tool writes there.
    fn put(&self, key: &str, bytes: &[u8]) {
        let put =
            self.raw.1.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes.to_vec()));
        self.raw.0.wait(put.send()).unwrap();
    }

    fn delete(&self, key: &str) {
        self.raw.0.wait(self.raw.1.delete_object().bucket(&self.bucket).key(key).send()).unwrap();
    }

    /// The entry that binds a package, as it stands in the ledger.
    pub fn package_of(&self, kind: &str) -> Value {
        let entry = self.s.entries().into_iter().rfind(|e| e["kind"] == kind).unwrap();
        let shown = self.s.json(&["show", entry["id"].as_str().unwrap()]);
        shown["entries"][0]["statement"]["predicate"]["modelPackage"].clone()
    }
}

const PINNED: &str = "1.dkr.ecr/x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn one_file_is_wrapped_and_lies_under_a_key_of_its_own() {
    for server in crate::data::servers() {
        let Some(t) = Shelf::new(server, "wrapped") else { return };
        let run = t.train("out/model.pkl", "mkdir -p out; echo first > out/model.pkl");
        // What a clone remembers of versions is derived: the record says where the model is.
        for file in std::fs::read_dir(t.s.path(".git/mlprov/store")).unwrap().flatten() {
            if file.file_name().to_string_lossy().starts_with("versions-") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        let report = t.register("out/model.pkl", "wrapped", &[]);
        let arn = report["arn"].as_str().unwrap();
        let artefact = &report["artefact"];
        assert_eq!(
            (&artefact["form"], &artefact["uri"]),
            (&"wrapped".into(), &format!("s3://wrapped/team/models/wrapped/{run}/model.tar.gz").into())
        );
        assert_eq!(t.models(), BTreeMap::from([(format!("wrapped/{run}/model.tar.gz"), 1)]));
        // A stock tar finds the model in it, and both digests are recorded.
        let bytes = t.s3.get(&t.key_of(&artefact["uri"])).unwrap().unwrap().bytes;
        assert_eq!(artefact["digest"]["blake3"], blake3::hash(&bytes).to_hex().to_string());
        t.s.write("../got.tar.gz", &bytes);
        let out = t.s.command("tar", "").args(["-xzOf", "got.tar.gz", "model.pkl"]).output().unwrap();
        assert_eq!(out.stdout, b"first\n");
        let entry = t.package_of("model.registered");
        assert_eq!(
            (&entry["artefact"], &entry["digest"]["blake3"]),
            (artefact, &blake3::hash(b"first\n").to_hex().to_string().into())
        );
        let properties = t.describe(arn).customer_metadata_properties().unwrap().clone();
        assert_eq!(properties["mlprov:artefact"], artefact["uri"].as_str().unwrap());
        assert_eq!(properties["mlprov:artefactVersion"], artefact["versionId"].as_str().unwrap());
        // Nobody named an image.
        assert!(t.describe(arn).inference_specification().is_none());
        assert_eq!(report["deployable"], false);
        let again = ["model", "register", "out/model.pkl", "--model-group", "wrapped", "--run", "latest"];
        t.s.mlprov(&again).success().shows("not deployable as registered");
        assert_eq!(t.models().values().sum::<usize>(), 1);
        t.s.mlprov(&["verify", "wrapped/1"]).success().shows("is current, with its size and checksum");
        t.s.mlprov(&["verify", "--deep", arn]).success().shows("bytes read and hashed again");
    }
}

#[test]
fn a_run_registers_an_archive_of_many_parts_with_an_image() {
    // ministack tells no checksum of a part that it copied; then the bytes are read and sent.
    let Some(server) = Server::seaweedfs() else { return skipped("SeaweedFS is not installed") };
    let Some(t) = Shelf::new(server, "archive") else { return };
    t.s.write("weights", noise((20 << 20) + 7, 3));
    let run = ["run", "-d", "data", "--model", "model.tar.gz", "--model-group", "archive", "--image", PINNED];
    let report = t.s.json(&[&run[..], &["--", "sh", "-c", "tar -czf model.tar.gz weights"]].concat());
    assert_eq!((&report["status"], &report["deployable"]), (&"COMPLETE".into(), &true.into()), "{report}");
    let package = t.package_of("run.finished");
    let artefact = &package["artefact"];
    assert_eq!((&artefact["form"], &artefact["digest"]), (&"archive".into(), &package["digest"]));
    // The run put it where it is registered: nothing was sent twice.
    assert_eq!(t.models().into_values().collect::<Vec<_>>(), [1]);
    let found = t.describe(report["modelPackage"].as_str().unwrap());
    let container = &found.inference_specification().unwrap().containers()[0];
    assert_eq!(container.model_data_url(), artefact["uri"].as_str());
    assert_eq!((container.image(), &package["image"]), (Some(PINNED), &PINNED.into()));
    let digest = PINNED.split_once('@').unwrap().1;
    assert_eq!((container.image_digest(), &package["imageDigest"]), (Some(digest), &digest.into()));
    t.s.mlprov(&["verify", "--deep", "archive/1"]).success();
    // The same content again, of another run and in another group: the server copies it.
    t.s.git(&["commit", "-q", "--allow-empty", "-m", "again"]);
    t.train("model.tar.gz", "touch -d 2001-01-01 weights; cp model.tar.gz copy; mv copy model.tar.gz");
    t.store.mend();
    t.register("model.tar.gz", "second", &["--image", "plain:latest"]);
    let copied =
        t.store.heads().iter().filter(|head| head.to_lowercase().contains("x-amz-copy-source:")).count();
    assert!(copied > 1, "{:?}", t.store.mend());
    let out = t.s.mlprov(&["verify", "second/1"]);
    out.success().shows("what the tag of the image plain:latest means by now");
}

#[test]
fn a_directory_is_a_prefix_with_its_files_and_nothing_else() {
    let Some(t) = Shelf::ministack("directory") else { return };
    let script = "mkdir -p out/a out/b; echo 1 > out/a/x; echo 2 > out/b/x; echo 1 > out/y";
    let run = ["run", "-d", "data", "--model", "out", "--model-group", "dir", "--image", PINNED];
    let report = t.s.json(&[&run[..], &["--", "sh", "-c", script]].concat());
    let run = report["run"].as_str().unwrap();
    let package = t.package_of("run.finished");
    let uri = package["artefact"]["uri"].as_str().unwrap();
    assert_eq!(uri, format!("s3://directory/team/models/dir/{run}/out/"));
    let keys: Vec<String> = t.models().into_keys().collect();
    assert_eq!(keys, ["a/x", "b/x", "y"].map(|path| format!("dir/{run}/out/{path}")));
    let found = t.describe(report["modelPackage"].as_str().unwrap());
    let container = &found.inference_specification().unwrap().containers()[0];
    let source = container.model_data_source().unwrap().s3_data_source().unwrap();
    assert_eq!((source.s3_uri(), source.s3_data_type().unwrap().as_str()), (Some(uri), "S3Prefix"));
    assert_eq!((source.compression_type().unwrap().as_str(), container.model_data_url()), ("None", None));
    t.s.mlprov(&["verify", "dir/1"]).success().shows("3 objects, each in its recorded version");
    t.s.mlprov(&["verify", "--deep", "dir/1"]).success().shows("3 objects, each read and hashed again");

    // Whoever has the published log has the list of the objects.
    t.s.mlprov(&["sync"]).success();
    let log = t.s.git(&["for-each-ref", "--format=%(refname)", "refs/mlprov/logs"]);
    let published = t.s.git(&["ls-tree", "-r", "--name-only", log.trim()]);
    let digest = package["artefact"]["manifest"]["digest"]["blake3"].as_str().unwrap();
    assert!(published.contains(digest), "{digest} is not in\n{published}");

    let prefix = t.key_of(&uri.into());
    t.put(&format!("{prefix}c"), b"another");
    t.s.mlprov(&["verify", "dir/1"]).code(1).shows("1 objects below").shows("are not the model's");
    t.delete(&format!("{prefix}c"));
    t.s.mlprov(&["verify", "dir/1"]).success();
    t.put(&format!("{prefix}a/x"), b"2\n");
    t.s.mlprov(&["verify", "dir/1"]).code(1).shows("altered     artefact");
    t.delete(&format!("{prefix}a/x"));
    t.s.mlprov(&["verify", "dir/1"]).code(1).shows("missing     artefact");
}

#[test]
fn a_swapped_or_lost_artefact_is_found_and_an_outage_is_none() {
    let Some(t) = Shelf::ministack("swapped") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let first = t.register("model.pkl", "swapped", &["--image", PINNED]);
    t.train("model.pkl", "echo later > model.pkl");
    let later = t.register("model.pkl", "swapped", &["--image", PINNED]);
    let [key, other] = [&first, &later].map(|report| t.key_of(&report["artefact"]["uri"]));
    for name in ["swapped/1", "swapped/2"] {
        t.s.mlprov(&["verify", name]).success();
    }
    // A later run's model behind an earlier package: good bytes, in the wrong place.
    let bytes = t.s3.get(&other).unwrap().unwrap().bytes;
    t.put(&key, &bytes);
    t.s.mlprov(&["verify", "swapped/1"])
        .code(1)
        .shows("altered     artefact")
        .shows("is current; recorded is");
    t.s.mlprov(&["verify", "swapped/2"]).success();
    // The right bytes again are another version all the same.
    let first_bytes = {
        let id = first["artefact"]["versionId"].as_str().unwrap();
        let get = t.raw.1.get_object().bucket(&t.bucket).key(&key).version_id(id);
        t.raw.0.wait(async { get.send().await.unwrap().body.collect().await.unwrap().into_bytes() })
    };
    t.put(&key, &first_bytes);
    t.s.mlprov(&["verify", "swapped/1"]).code(1).shows("altered     artefact");
    t.delete(&other);
    t.s.mlprov(&["verify", "swapped/2"]).code(1).shows("missing     artefact");
    // Nobody answers: that is no reason to call it altered.
    t.train("model.pkl", "echo third > model.pkl");
    t.register("model.pkl", "swapped", &[]);
    t.s.mlprov(&["verify", "swapped/3"]).success();
    t.store.break_request(1, Fault::NeverSent, true);
    t.s.mlprov(&["verify", "swapped/3"]).code(3).shows("unreachable artefact");
    // Nor who is not let in: of a HEAD there is no more than the status.
    for (status, code) in [("400 Bad Request", "ExpiredToken"), ("403 Forbidden", "AccessDenied")] {
        t.store.answer_instead("HEAD", "/models/", status, code);
        t.s.mlprov(&["verify", "swapped/3"]).code(3).shows("unreachable artefact");
    }
    t.store.mend();
    // Somebody writes another URI into the package.
    let arn = t.s.json(&["model", "show", "swapped/3"])["arn"].as_str().unwrap().to_owned();
    let found = t.describe(&arn);
    let mut properties = found.customer_metadata_properties().unwrap().clone();
    properties.insert("mlprov:artefact".into(), format!("s3://{}/{key}", t.bucket));
    let update = t.sagemaker.update_model_package().model_package_arn(&arn);
    let update = update.set_model_approval_status(found.model_approval_status().cloned());
    t.aws.wait(update.set_customer_metadata_properties(Some(properties)).send()).unwrap();
    t.s.mlprov(&["verify", "swapped/3"]).code(1).shows("altered     model package");
}

#[test]
fn a_package_names_its_entry_and_loses_nothing_by_it() {
    let Some(t) = Shelf::ministack("leaves") else { return };
    t.train("model.pkl", "echo first > model.pkl");
    let report = t.register("model.pkl", "leaves", &["--image", PINNED]);
    let arn = report["arn"].as_str().unwrap();
    let properties = t.describe(arn).customer_metadata_properties().unwrap().clone();
    // RFC 6962, of the bytes that the log holds.
    let entry = t.s.entries().into_iter().rfind(|e| e["kind"] == "model.registered").unwrap();
    let ledger = LocalLedger::open(&t.s.ledger("")).unwrap().unwrap();
    let mut leaf = String::new();
    ledger
        .read(entry["index"].as_u64().unwrap(), &mut |stored| {
            let hash = Sha256::digest([&[0], stored.bytes].concat());
            leaf = base64::engine::general_purpose::STANDARD.encode(hash);
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(properties["mlprov:leaf"], leaf);
    let note = ledger.latest().unwrap().unwrap();
    let first: Vec<&str> = note.lines().take(3).collect();
    assert_eq!(properties["mlprov:checkpoint"], first.join(" "));
    t.s.mlprov(&["verify", "leaves/1"]).success().shows("the package names the leaf of the entry");

    // Interrupted before it was written, and decided about meanwhile.
    t.registry.mend();
    t.train("model.pkl", "echo second > model.pkl");
    t.register("model.pkl", "counted", &[]);
    let is_update = |head: &String| head.to_lowercase().contains("sagemaker.updatemodelpackage\r\n");
    let n = 1 + t.registry.heads().iter().position(is_update).unwrap();
    t.registry.break_request(n, Fault::NeverSent, true);
    let args = ["--json", "model", "register", "model.pkl", "--model-group", "unwritten", "--run", "latest"];
    let out = t.s.mlprov(&args);
    assert_eq!(out.success().json()["writtenBack"], false);
    t.registry.mend();
    t.s.mlprov(&["verify", "unwritten/1"]).success();
    t.s.mlprov(&["model", "approve", "unwritten/1", "--note", "seen"]).success();
    t.s.mlprov(&["sync"]).success().shows("names its entry now");
    let arn = t.s.json(&["model", "show", "unwritten/1"])["arn"].as_str().unwrap().to_owned();
    let found = t.describe(&arn);
    assert_eq!(
        (found.model_approval_status().unwrap().as_str(), found.approval_description()),
        ("Approved", Some("seen"))
    );
    let mut all = found.customer_metadata_properties().unwrap().clone();
    assert!(all.contains_key("mlprov:leaf") && all.contains_key("mlprov:artefact"), "{all:?}");
    t.s.mlprov(&["verify", "unwritten/1"]).success().shows("the package names the leaf");
    // Another leaf than that of any entry.
    all.insert("mlprov:leaf".to_owned(), leaf);
    let update = t.sagemaker.update_model_package().model_package_arn(&arn);
    let update = update.set_model_approval_status(found.model_approval_status().cloned());
    t.aws.wait(update.set_customer_metadata_properties(Some(all)).send()).unwrap();
    t.s.mlprov(&["verify", "unwritten/1"]).code(1).shows("altered     leaf");
}

#[test]
fn a_place_that_others_took_is_refused_before_anything_is_registered() {
    let Some(t) = Shelf::ministack("taken") else { return };
    let run = t.train("model.pkl", "echo first > model.pkl");
    t.put(&format!("team/models/taken/{run}/model.tar.gz"), b"squatter");
    let args = ["model", "register", "model.pkl", "--model-group", "taken", "--run", "latest"];
    t.s.mlprov(&args).code(2).says("other bytes stand there");
    t.s.mlprov(&[&args[..], &["--image", "no such thing"]].concat()).code(2);
    assert!(!t.s.entries().iter().any(|entry| entry["kind"] == "model.registered"));
    // Not even a group.
    let look = t.sagemaker.describe_model_package_group().model_package_group_name("taken").send();
    assert!(t.aws.wait(look).is_err());
}
