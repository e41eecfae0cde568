//! Data versions in a bucket: what is sent, what is not sent again, and what comes back.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::servers::give_credentials;
use crate::common::servers::raw;
use crate::common::skipped;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

pub struct Shop {
    pub s: Sandbox,
    pub server: &'static Server,
    pub s3: S3,
    pub proxy: Proxy,
}

/// Each server that is installed.
fn servers() -> Vec<&'static Server> {
    let found: Vec<&Server> = [Server::ministack(), Server::seaweedfs()].into_iter().flatten().collect();
    if found.len() < 2 {
        skipped("ministack or SeaweedFS is not installed (tests/run.sh does it)");
    }
    found
}

impl Shop {
    /// A project whose data is in a bucket of its own, by way of a proxy; the ledger as well, where that is quick:
    /// SeaweedFS takes a second for each writer of one key, and twenty of them are needed to probe it.
    pub fn new(server: &'static Server, name: &str) -> Shop {
        let shop = Shop::unmade(server, name);
        shop.init(server.name == "ministack").success();
        shop
    }

    fn unmade(server: &'static Server, name: &str) -> Shop {
        let s3 = bucket(server, name);
        let shop = Shop { s: Sandbox::git_repo(), server, s3, proxy: Proxy::new(&server.url) };
        give_credentials(server, &shop.s.home());
        shop
    }

    fn init(&self, with_ledger: bool) -> Output {
        let place = format!("s3://{}/team", self.s3.name());
        let mut args =
            vec!["init", "--yes", "--name", "shop", "--endpoint-url", &self.proxy.url, "--store", &place];
        if with_ledger {
            args.extend(["--ledger", &place]);
        }
        self.s.mlprov(&args)
    }

    /// Keys below the prefix, each with the number of its versions; delete markers count as well.
    pub fn versions(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for version in self.s3.history("team/").unwrap() {
            *found.entry(version.key.trim_start_matches("team/").to_owned()).or_default() += 1;
        }
        found
    }

    fn data(&self) -> BTreeMap<String, usize> {
        self.versions().into_iter().filter(|(key, _)| key.starts_with("data/")).collect()
    }

    /// Another clone, with a home of its own.
    fn grace(&self) {
        self.s.git_in("", &["clone", "-q", "--bare", "repo", "hub"]);
        self.s.git(&["remote", "add", "origin", "../hub"]);
        self.s.mlprov(&["sync"]).success();
        self.s.git_in("", &["clone", "-q", "hub", "grace"]);
        give_credentials(self.server, &self.s.root().join("grace-home"));
        self.as_grace(&["init", "--yes"]).success();
        self.as_grace(&["sync", "--fetch"]).success();
    }

    fn as_grace(&self, args: &[&str]) -> Output {
        self.s.mlprov_as("grace-home", "grace", args)
    }
}

/// Bytes that do not compress, the same each time.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut reader = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    reader.fill(&mut bytes);
    bytes
}

fn track_report(out: &Output) -> Value {
    out.success().json()["datasets"][0].clone()
}

#[test]
fn a_dataset_goes_to_the_bucket_once_and_comes_back() {
    for server in servers() {
        let shop = Shop::new(server, "there-and-back");
        let s = &shop.s;
        let large = noise((20 << 20) + 7, 1);
        s.write("data/a.csv", "1\n");
        s.write("data/sub/b.csv", "2\n");
        s.write("data/sub/again.csv", "1\n");
        s.write("data/empty", "");
        s.write("data/large.bin", &large);
        let tracked = track_report(&s.mlprov(&["--json", "track", "data"]));
        assert_eq!((&tracked["files"], &tracked["state"]), (&5.into(), &"new".into()), "{}", server.name);
        // One version of each content, under one of its paths.
        let data = shop.data();
        assert_eq!(data.len(), 4, "{data:?}");
        assert!(data.values().all(|n| *n == 1) && data.contains_key("data/data/large.bin"), "{data:?}");
        assert_eq!(shop.s3.get("team/data/data/large.bin").unwrap().unwrap().bytes, large);
        s.git(&["add", "-A"]);
        s.git(&["commit", "-q", "-m", "first"]);
        if server.name == "ministack" {
            s.mlprov(&["sync"]).success();
        }
        s.mlprov(&["verify", "HEAD"]).success().shows("S3 has each version, with its size and checksum");
        s.mlprov(&["verify", "--deep", "HEAD"]).success().shows("read from the store and hashed again");
        // Nothing changed: nothing is asked of each file, and little at all. A file is old enough to be believed.
        std::thread::sleep(std::time::Duration::from_millis(2100));
        s.mlprov(&["track", "data"]).success();
        shop.proxy.mend();
        s.mlprov(&["track", "data"]).success().shows("unchanged");
        let asked = shop.proxy.mend();
        assert!(asked.len() <= 3, "{asked:?}");
        // Touched, or under another path: known content is referred to.
        s.command("mv", "repo").args(["data", "moved"]).assert().success();
        s.mlprov(&["track", "moved"]).success();
        assert_eq!(shop.data(), data);
        // From a fresh clone.
        shop.grace();
        let restored = shop.as_grace(&["restore"]);
        restored.success();
        for name in ["a.csv", "sub/b.csv", "sub/again.csv", "empty", "large.bin"] {
            let (here, there) = (s.path("moved").join(name), s.root().join("grace/data").join(name));
            assert!(fs::read(here).unwrap() == fs::read(there).unwrap(), "{name} on {}", server.name);
        }
    }
}

#[test]
fn a_bucket_without_versions_is_refused_before_the_first_byte() {
    for server in servers() {
        for status in ["Suspended", "never"] {
            let shop = Shop::unmade(server, &format!("plain-{}", status.to_lowercase()));
            let (aws, client) = raw(server);
            let name = if status == "never" { "plain-of-old" } else { shop.s3.name() };
            aws.wait(async {
                let suspended = aws_sdk_s3::types::VersioningConfiguration::builder()
                    .status(aws_sdk_s3::types::BucketVersioningStatus::Suspended)
                    .build();
                match status {
                    "never" => _ = client.create_bucket().bucket(name).send().await.unwrap(),
                    _ => {
                        let put = client.put_bucket_versioning().bucket(name);
                        put.versioning_configuration(suspended).send().await.unwrap();
                    }
                }
            });
            let place = format!("s3://{name}/team");
            let args = ["init", "--yes", "--store", &place, "--endpoint-url", &shop.proxy.url];
            shop.s.refused(2, &args).says("versioning");
            assert!(!shop.s.path(".mlprov").exists());
            // One that was turned off later.
            let shop = Shop::new(server, &format!("later-{}", status.to_lowercase()));
            let (aws, client) = raw(server);
            aws.wait(async {
                let suspended = aws_sdk_s3::types::VersioningConfiguration::builder()
                    .status(aws_sdk_s3::types::BucketVersioningStatus::Suspended)
                    .build();
                let put = client.put_bucket_versioning().bucket(shop.s3.name());
                put.versioning_configuration(suspended).send().await.unwrap();
            });
            shop.s.write("data/a.csv", "1\n");
            shop.s.mlprov(&["track", "data"]).code(2).says("versioning is suspended");
            assert!(!shop.versions().keys().any(|key| !key.starts_with("ledger/")), "{:?}", shop.versions());
            assert!(!shop.s.path("data.mlprov").exists());
        }
    }
}

#[test]
fn without_a_network_data_waits_and_is_recorded_later() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = Shop::unmade(server, "waiting");
    shop.init(false).success();
    let s = &shop.s;
    s.write("data/a.csv", "1\n");
    s.write("params.yaml", "lr: 0.1\n");
    s.mlprov(&["track", "--no-upload", "data"]).success().says("not uploaded");
    assert!(shop.data().is_empty());
    let commit = s.commit_all("first");
    let status = s.mlprov(&["--json", "status"]).json();
    assert_eq!(status["unsent"]["datasets"], serde_json::json!(["data"]));
    assert_eq!(status["waiting"][0]["data"], serde_json::json!(["data"]), "the commit waits for its data");
    // A network that is gone is noticed, and told.
    shop.proxy.break_request(1, Fault::NeverSent, true);
    s.write("more/b.csv", "2\n");
    s.mlprov(&["track", "more"]).success().says("not uploaded");
    let run = s.mlprov(&[
        "--json",
        "run",
        "-d",
        "data",
        "-p",
        "params.yaml",
        "-o",
        "out.txt",
        "--",
        "sh",
        "-c",
        "echo 3 > out.txt",
    ]);
    let run = run.success().json()["run"].as_str().unwrap().to_owned();
    s.mlprov(&["status"]).shows("waits for its data");
    let before = s.entries().len();
    s.mlprov(&["sync"]).code(2);
    assert_eq!(s.entries().len(), before);
    shop.proxy.mend();
    s.git(&["remote", "add", "origin", "../nowhere"]);
    s.git_in("", &["init", "-q", "--bare", "nowhere"]);
    s.mlprov(&["sync"]).success().shows("uploaded").shows("had waited for data");
    assert_eq!(shop.data().len(), 4, "{:?}", shop.data());
    let status = s.mlprov(&["--json", "status"]).json();
    assert_eq!(status["unsent"], Value::Null);
    assert_eq!((&status["waiting"], &status["openRuns"]), (&serde_json::json!([]), &serde_json::json!([])));
    s.mlprov(&["verify", &commit]).success();
    s.mlprov(&["verify", &run]).success();
    s.mlprov(&["verify", "--deep", &run]).success();
}
