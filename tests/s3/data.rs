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
use crate::faults::calls_in;
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
pub fn servers() -> Vec<&'static Server> {
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
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
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
        s.mlprov(&["verify", "HEAD"])
            .success()
            .shows("S3 has each version, with its size and checksum")
            .shows("Not checked: the bytes in S3");
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
        shop.as_grace(&["pull"]).success().shows("restored");
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

impl Shop {
    /// As somebody who soon gives up.
    fn hasty(&self, args: &[&str]) -> Option<i32> {
        self.s.prepared(args).env("AWS_MAX_ATTEMPTS", "2").output().unwrap().status.code()
    }
}

/// A small file and one of three parts, both new each time.
fn write_new(s: &Sandbox, n: u64) {
    s.write("data/small.csv", format!("version {n}\n"));
    s.write("data/large.bin", noise((16 << 20) + 5, n));
}

#[test]
fn at_every_request_of_an_upload() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = Shop::unmade(server, "broken-uploads");
    shop.init(false).success();
    let s = &shop.s;
    write_new(s, 0);
    shop.proxy.mend();
    s.mlprov(&["track", "data"]).success();
    let requests = shop.proxy.mend();
    assert!(requests.len() >= 9, "versioning, PUT, begin, three parts, finish, two objects: {requests:?}");
    let mut n = 0;
    let mut before = shop.data();
    for (at, request) in requests.iter().enumerate() {
        for fault in Fault::ALL {
            let for_ever = matches!(fault, Fault::NeverSent | Fault::AnswerLost);
            for on in [false, true].into_iter().filter(|on| for_ever || !on) {
                n += 1;
                let about = format!("request {} of {}, {request}, {fault:?}, {on}", at + 1, requests.len());
                write_new(s, n);
                shop.proxy.break_request(at + 1, fault, on);
                let code = shop.hasty(&["track", "data"]);
                let seen = shop.proxy.mend();
                // Once is mended by asking again; without a network it waits, or is given up.
                assert!(code == Some(0) || on && code == Some(3), "{about}: exit code {code:?}, {seen:#?}");
                s.mlprov(&["track", "data"]).success();
                let now = shop.data();
                let more = |key: &str| now[key] - before[key];
                let each = (more("data/data/small.csv"), more("data/data/large.bin"));
                // Who lost an answer for ever may store it twice; who lost one looks first.
                assert!(each == (1, 1) || on && each.0 <= 2 && each.1 <= 2, "{about}: {each:?}");
                before = now;
            }
        }
        s.git(&["add", "-A"]);
        s.git(&["commit", "-q", "-m", request]);
        s.mlprov(&["verify", "--deep", "HEAD"]).success();
    }
    assert_eq!(s.mlprov(&["--json", "ledger", "audit"]).json()["result"], "sound");
}

/// Breaks every request of a call, in every way; afterwards what it left is brought to the bucket.
fn at_every_request(shop: &Shop, prepare: impl Fn(u64), args: &[&str], check: impl Fn(&str)) {
    shop.proxy.mend();
    prepare(0);
    shop.s.mlprov(args).success();
    let requests = shop.proxy.mend();
    assert!(requests.len() > 3, "{requests:?}");
    check("unbroken");
    let mut n = 0;
    for (at, request) in requests.iter().enumerate() {
        for fault in Fault::ALL {
            let for_ever = matches!(fault, Fault::NeverSent | Fault::AnswerLost);
            for on in [false, true].into_iter().filter(|on| for_ever || !on) {
                n += 1;
                let about = format!("request {} of {}, {request}, {fault:?}, {on}", at + 1, requests.len());
                prepare(n);
                shop.proxy.break_request(at + 1, fault, on);
                let code = shop.hasty(args);
                shop.proxy.mend();
                assert!(code == Some(0) || on && args[0] == "sync", "{about}: exit code {code:?}");
                shop.s.mlprov(&["sync"]).success();
                assert_eq!(shop.s.json(&["status"])["unsent"], Value::Null, "{about}");
                check(&about);
            }
        }
    }
    assert_eq!(shop.s.mlprov(&["--json", "ledger", "audit"]).json()["result"], "sound");
}

fn with_hub(server: &'static Server, name: &str) -> Shop {
    let shop = Shop::unmade(server, name);
    shop.init(false).success();
    shop.s.git_in("", &["init", "-q", "--bare", "hub"]);
    shop.s.git(&["remote", "add", "origin", "../hub"]);
    shop.s.write("a", "1");
    shop.s.commit_all("first");
    shop
}

#[test]
fn at_every_request_of_a_run_its_outputs_are_kept() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = with_hub(server, "broken-runs");
    let s = &shop.s;
    let args = [
        "run",
        "-d",
        "in.bin",
        "-o",
        "out.bin",
        "-m",
        "m.json",
        "--",
        "sh",
        "-c",
        "cat in.bin in.bin > out.bin; echo '{\"a\":1}' > m.json",
    ];
    let prepare = |n| {
        let _ = fs::remove_file(s.path("m.json"));
        s.write("in.bin", noise(5 << 20, 100 + n));
    };
    at_every_request(&shop, prepare, &args, |about| {
        let verified = s.mlprov(&["verify", "latest"]);
        assert_eq!(verified.exit_code(), Some(0), "{about}: {}", verified.stdout());
        verified.shows("run r-").shows("COMPLETE");
    });
    s.mlprov(&["verify", "--deep", "latest"]).success();
}

#[test]
fn at_every_request_of_a_sync_what_waited_is_uploaded() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = with_hub(server, "broken-syncs");
    let s = &shop.s;
    let prepare = |n| {
        write_new(s, 10_000 + n);
        s.mlprov(&["track", "--no-upload", "data"]).success();
        s.git(&["add", "-A"]);
        s.git(&["commit", "-q", "-m", "next"]);
    };
    at_every_request(&shop, prepare, &["sync"], |about| {
        let verified = s.mlprov(&["verify", "HEAD"]);
        assert_eq!(verified.exit_code(), Some(0), "{about}: {}", verified.stdout());
    });
    s.mlprov(&["verify", "--deep", "HEAD"]).success();
}

#[test]
fn after_an_interruption_only_the_rest_is_sent() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = Shop::unmade(server, "interrupted");
    shop.init(false).success();
    let s = &shop.s;
    let parts = |requests: &[String]| requests.iter().filter(|r| r.contains("partNumber=")).count();
    s.write("data/large.bin", noise(40 << 20, 1));
    for n in 0..10 {
        s.write(&format!("data/{n}.csv"), n.to_string());
    }
    // The network goes when ten small files and a part or two are there.
    shop.proxy.break_request(16, Fault::NeverSent, true);
    assert_eq!(shop.hasty(&["track", "data"]), Some(3));
    let first = shop.proxy.mend();
    s.mlprov(&["track", "data"]).success();
    let second = shop.proxy.mend();
    assert!(parts(&second) < 5, "{first:?}\n{second:?}");
    assert_eq!(shop.data().values().sum::<usize>(), 11, "{:?}", shop.data());
    // Another file in its place: what was begun is given up, and nothing of it is left.
    s.write("data/large.bin", noise(40 << 20, 2));
    shop.proxy.break_request(6, Fault::NeverSent, true);
    assert_eq!(shop.hasty(&["track", "data"]), Some(3));
    s.write("data/large.bin", noise(40 << 20, 3));
    shop.proxy.mend();
    s.mlprov(&["track", "data"]).success();
    let third = shop.proxy.mend();
    assert!(third.iter().any(|r| r.starts_with("DELETE") && r.contains("uploadId=")), "{third:?}");
    let (aws, client) = raw(server);
    let left = aws.wait(client.list_multipart_uploads().bucket(shop.s3.name()).send()).unwrap();
    assert!(left.uploads().is_empty(), "{:?}", left.uploads());
    s.git(&["add", "-A"]);
    s.git(&["commit", "-q", "-m", "third"]);
    s.mlprov(&["verify", "--deep", "HEAD"]).success();
}

#[test]
fn a_lost_version_is_stored_again_and_the_log_says_so() {
    for server in servers() {
        let shop = Shop::unmade(server, "lost");
        shop.init(false).success();
        let s = &shop.s;
        s.write("data/a.csv", "1\n");
        s.write("data/large.bin", noise(9 << 20, 1));
        s.mlprov(&["track", "data"]).success();
        let commit = s.commit_all("first");
        s.mlprov(&["verify", &commit]).success();
        let (aws, client) = raw(server);
        let all = aws.wait(client.list_object_versions().bucket(shop.s3.name()).prefix("team/data/").send());
        for version in all.unwrap().versions() {
            let delete = client.delete_object().bucket(shop.s3.name()).key(version.key().unwrap());
            aws.wait(delete.version_id(version.version_id().unwrap()).send()).unwrap();
        }
        s.mlprov(&["verify", &commit]).code(1).shows("missing").shows("is gone");
        // Nobody swaps it silently: not the next call, only who is asked to.
        s.mlprov(&["track", "data"]).success();
        s.mlprov(&["verify", &commit]).code(1);
        s.mlprov(&["track", "--repair", "data"]).success();
        let last = s.entries().last().cloned().unwrap();
        assert_eq!(last["kind"], "data.relocated", "{last:#}");
        s.mlprov(&["verify", &commit]).success().shows("were moved since, and read where they are now");
        let again = s.entries().len();
        s.mlprov(&["track", "--repair", "data"]).success();
        assert_eq!(s.entries().len(), again, "what is there is not moved again");
    }
}

#[test]
fn what_others_stored_is_referred_to_once_it_was_found_to_be_true() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = Shop::new(server, "others");
    let s = &shop.s;
    s.write("data/a.csv", "1\n");
    s.write("data/large.bin", noise(9 << 20, 1));
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    shop.grace();
    let key = shop.as_grace(&["key", "request"]).stdout().trim().lines().last().unwrap().to_owned();
    s.mlprov(&["key", "admit", &key]).success();
    shop.as_grace(&["sync"]).success();
    let before = shop.data();
    let there = s.root().join("grace");
    fs::create_dir(there.join("mine")).unwrap();
    fs::write(there.join("mine/same.csv"), "1\n").unwrap();
    fs::write(there.join("mine/same.bin"), noise(9 << 20, 1)).unwrap();
    shop.as_grace(&["track", "mine"]).success();
    assert_eq!(shop.data(), before, "nothing was uploaded");
    // Versions that are not what the log says are not referred to.
    let (aws, client) = raw(server);
    for key in ["team/data/data/a.csv", "team/data/data/large.bin"] {
        let all = aws.wait(client.list_object_versions().bucket(shop.s3.name()).prefix(key).send()).unwrap();
        let id = all.versions()[0].version_id().unwrap();
        let delete = client.delete_object().bucket(shop.s3.name()).key(key).version_id(id);
        aws.wait(delete.send()).unwrap();
    }
    s.git_in("", &["clone", "-q", "hub", "later"]);
    give_credentials(server, &s.root().join("later-home"));
    let later = |args: &[&str]| s.mlprov_as("later-home", "later", args);
    later(&["init", "--yes"]).success();
    let key = later(&["key", "request"]).stdout().trim().lines().last().unwrap().to_owned();
    s.mlprov(&["key", "admit", &key]).success();
    later(&["sync"]).success();
    fs::create_dir(s.root().join("later/own")).unwrap();
    fs::write(s.root().join("later/own/same.csv"), "1\n").unwrap();
    fs::write(s.root().join("later/own/same.bin"), noise(9 << 20, 1)).unwrap();
    later(&["track", "own"]).success();
    assert_eq!(shop.data().keys().filter(|key| key.starts_with("data/own/")).count(), 2, "{:?}", shop.data());
}

#[test]
fn what_waits_is_never_pruned_and_what_the_bucket_has_may_be() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = Shop::unmade(server, "cache");
    shop.init(false).success();
    let s = &shop.s;
    s.git_in("", &["init", "-q", "--bare", "hub"]);
    s.git(&["remote", "add", "origin", "../hub"]);
    let (large, made) = (noise(3 << 20, 1), noise(2 << 20, 2));
    s.write("data/large.bin", &large);
    for n in 0..70 {
        s.write(&format!("data/{n}.csv"), n.to_string());
    }
    s.mlprov(&["track", "--no-upload", "data"]).success();
    s.commit_all("first");
    // What a run made, which no pointer names, while there is no network.
    shop.proxy.break_request(1, Fault::NeverSent, true);
    s.write("made.bin", &made);
    assert_eq!(shop.hasty(&["run", "-o", "out.bin", "--", "cp", "made.bin", "out.bin"]), Some(0));
    shop.hasty(&["prune", "--force"]);
    shop.proxy.mend();
    assert!(s.object(&large).exists() && s.object(&made).exists());
    let config = s.read(".mlprov/config.toml");
    let limited =
        config.replace("backend = \"s3\"     # data", "cache_max = 1000000\nbackend = \"s3\"     # data");
    assert_ne!(config, limited);
    s.write(".mlprov/config.toml", &limited);
    let before = s.mlprov(&["--json", "prune"]).success().json();
    assert_eq!(before["cached"]["contents"], 0, "nothing of it is in the bucket: {before:#}");
    s.mlprov(&["sync"]).success();
    assert!(!s.object(&large).exists() && !s.object(&made).exists(), "the bucket has them");
    s.mlprov(&["verify", "--deep", "latest"]).success();
    fs::remove_dir_all(s.path("data")).unwrap();
    s.mlprov(&["restore"]).success();
    assert!(fs::read(s.path("data/large.bin")).unwrap() == large);
}

#[test]
fn keys_and_owners_of_the_settings_go_with_every_request() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = Shop::unmade(server, "sealed");
    shop.init(false).success();
    let s = &shop.s;
    let config = s.read(".mlprov/config.toml");
    let settings = "owner = \"000000000000\"\nkms_key = \"alias/mlprov\"\n";
    s.write(".mlprov/config.toml", config.replace("[registry]", &format!("{settings}\n[registry]")));
    write_new(s, 1);
    shop.proxy.mend();
    s.mlprov(&["track", "data"]).success();
    let (aws, client) = raw(server);
    for key in ["team/data/data/small.csv", "team/data/data/large.bin"] {
        let head = aws.wait(client.head_object().bucket(shop.s3.name()).key(key).send()).unwrap();
        let sealed = (head.server_side_encryption().map(|sse| sse.as_str().to_owned()), head.ssekms_key_id());
        assert_eq!(sealed, (Some("aws:kms".to_owned()), Some("alias/mlprov")), "{key}");
    }
    let heads = shop.proxy.heads();
    let data = heads.iter().filter(|head| head.contains("/team/"));
    assert!(data.clone().count() > 5);
    for head in data {
        assert!(head.to_lowercase().contains("x-amz-expected-bucket-owner: 000000000000"), "{head}");
    }
}

/// An upload killed at calls that write, name, make durable or send: the first and last of each kind, and some between.
#[test]
fn killed_while_it_uploads_nothing_is_lost_and_nothing_recorded_twice() {
    const TIMES: usize = 6;
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return skipped("killed_while_it_uploads: strace is not installed");
    }
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = Shop::unmade(server, "killed-uploads");
    shop.init(false).success();
    let s = &shop.s;
    let trace = s.root().join("trace").to_str().unwrap().to_owned();
    write_new(s, 0);
    assert!(s.traced(&["-f", "-o", &trace], &["track", "data"]).output().unwrap().status.success());
    let text = fs::read_to_string(&trace).unwrap();
    let mut played = 0;
    for (call, count) in calls_in(&text) {
        let step = count.div_ceil(TIMES);
        for n in (1..=count).step_by(step).chain([count]) {
            played += 1;
            let about = format!("{call} {n} of {count}");
            let before = s.entries().len();
            write_new(s, 1_000 + played);
            let inject = format!("inject={call}:signal=KILL:when={n}");
            let _ = s.traced(&["-f", "-o", &trace, "-e", &inject], &["track", "data"]).output().unwrap();
            s.mlprov(&["track", "data"]).success();
            let entries = s.entries();
            assert_eq!(entries.len(), before + 1, "{about}");
            let root = entries.last().unwrap()["id"].as_str().unwrap().to_owned();
            assert_eq!(entries.iter().filter(|entry| entry["id"] == *root).count(), 1, "{about}");
        }
        s.git(&["add", "-A"]);
        s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", call]);
        s.mlprov(&["hook", "post-commit"]).success();
        s.mlprov(&["verify", "--deep", "HEAD"]).success();
    }
    assert!(played > 25, "only {played} calls were the last");
    assert!(shop.data().values().all(|versions| *versions as u64 <= 2 * (played + 1)), "{:?}", shop.data());
}

#[test]
fn a_hook_opens_no_socket() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return skipped("a_hook_opens_no_socket: strace is not installed");
    }
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let shop = Shop::unmade(server, "hooks");
    shop.init(false).success();
    let s = &shop.s;
    // So many datasets that their list goes into an object, which then waits.
    for n in 0..40 {
        s.write(&format!("d{n}/x.csv"), n.to_string());
    }
    let names: Vec<String> = (0..40).map(|n| format!("d{n}")).collect();
    let track: Vec<&str> = std::iter::once("track").chain(names.iter().map(String::as_str)).collect();
    s.mlprov(&track).success();
    s.git(&["add", "-A"]);
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "many"]);
    let trace = s.root().join("trace").to_str().unwrap().to_owned();
    let hook =
        s.traced(&["-f", "-e", "trace=network", "-o", &trace], &["hook", "post-commit"]).output().unwrap();
    assert!(hook.status.success());
    let asked = fs::read_to_string(&trace).unwrap();
    assert!(!asked.contains("AF_INET"), "{asked}");
    assert!(s.recorded().contains(&s.head()));
    let waiting = || fs::read_dir(s.path(".git/mlprov/store/waiting")).map_or(0, Iterator::count);
    assert_eq!(waiting(), 1, "the list of datasets");
    s.write("d0/x.csv", "again");
    s.mlprov(&["track", "d0"]).success();
    assert_eq!(waiting(), 0, "it went with the next call that may");
    s.mlprov(&["verify", "HEAD"]).success();
}
