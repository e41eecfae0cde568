//! Data that lies in a bucket already: recorded by its versions, and nothing of it downloaded.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::servers::give_credentials;
use crate::common::servers::raw;
use crate::common::skipped;
use crate::data::servers;
use mlprov::stores::aws::runtime::Aws;
use std::fs;

struct Lake {
    s: Sandbox,
    server: &'static Server,
    name: String,
    proxy: Proxy,
    aws: Aws,
    client: aws_sdk_s3::Client,
}

impl Lake {
    /// An embedded project, and a bucket with versions that it knows nothing of.
    fn new(server: &'static Server, name: &str) -> Lake {
        bucket(server, name);
        let (aws, client) = raw(server);
        let s = Sandbox::project_with_data();
        give_credentials(server, &s.home());
        Lake { s, server, name: name.to_owned(), proxy: Proxy::new(&server.url), aws, client }
    }

    fn put(&self, key: &str, bytes: &[u8]) -> String {
        let put = self.client.put_object().bucket(&self.name).key(key).body(bytes.to_vec().into());
        self.aws.wait(put.send()).unwrap().version_id().unwrap_or("null").to_owned()
    }

    fn mlprov(&self, args: &[&str]) -> Output {
        self.mlprov_in("home", "repo", args)
    }

    fn mlprov_in(&self, home: &str, dir: &str, args: &[&str]) -> Output {
        let mut command = self.s.prepared(args);
        command.current_dir(self.s.root().join(dir)).env("HOME", self.s.root().join(home));
        command.env("AWS_ENDPOINT_URL_S3", &self.proxy.url).env("AWS_MAX_ATTEMPTS", "2");
        Output::of("mlprov", args, &mut command)
    }

    fn place(&self) -> String {
        format!("s3://{}/lake", self.name)
    }

    fn delete(&self, key: &str, version: &str) {
        let delete = self.client.delete_object().bucket(&self.name).key(key).version_id(version);
        self.aws.wait(delete.send()).unwrap();
    }
}

#[test]
fn versions_are_recorded_and_no_byte_is_read() {
    for server in servers() {
        let lake = Lake::new(server, "lake-plain");
        let s = &lake.s;
        lake.put("lake/a.bin", b"old");
        let now = lake.put("lake/a.bin", b"new!");
        lake.put("lake/sub/b.bin", b"2");
        lake.put("lake/sub/", b"");
        lake.put("lakes/not-this", b"x");
        lake.proxy.mend();
        let place = lake.place();
        let tracked = lake.mlprov(&["--json", "track", &place, "--as", "lake"]);
        let report = tracked.success().json()["datasets"][0].clone();
        assert_eq!(
            (&report["kind"], &report["files"], &report["bytes"]),
            (&"declared".into(), &2.into(), &5.into())
        );
        let asked = lake.proxy.mend();
        assert!(
            asked.iter().all(|request| request.contains("versions")),
            "listed, and no object read: {asked:?}"
        );
        let pointer = s.read("lake.mlprov");
        assert!(pointer.contains("digest = \"declared\"") && !pointer.contains(&lake.name), "{pointer}");
        let commit = s.commit_all("declare");
        let body = s.body_of(&commit);
        let inputs = body["inputs"].as_array().unwrap();
        let input = inputs.iter().find(|input| input["name"] == "lake").unwrap();
        assert_eq!(input["observed"], "declared");
        let listed = lake.mlprov(&["ls", "lake", "--manifest"]).success().stdout();
        assert!(listed.contains(&now) && listed.lines().count() == 3, "{listed}");
        lake.mlprov(&["verify", &commit]).success().shows("no byte was read");
        lake.mlprov(&["status"]).success().shows("Everything is recorded");
        // A run needs no bytes of it here.
        let run = lake.mlprov(&["--json", "run", "-d", "lake", "--", "true"]).success().json();
        assert_eq!(run["inputs"], serde_json::json!(["lake"]));
        lake.mlprov(&["verify", "latest"]).success();
        let direct = lake.mlprov(&["--json", "run", "-d", &place, "--", "true"]).success().json();
        assert_eq!(direct["inputs"], serde_json::json!([format!("s3/{}/lake", lake.name)]));
        lake.mlprov(&["verify", "latest"]).success();
        lake.mlprov(&["restore", "lake"]).code(2).says("aws s3 cp");
        lake.mlprov(&["restore"]).success();
        // What is current may change; what was declared is a version.
        lake.put("lake/a.bin", b"newer");
        lake.mlprov(&["verify", &commit]).success();
        let again = lake.mlprov(&["--json", "track", &place, "--as", "lake"]).success().json();
        assert_eq!(again["datasets"][0]["state"], "changed");
        lake.mlprov(&["diff", "HEAD"]).shows("lake/a.bin");
        lake.delete("lake/a.bin", &now);
        lake.mlprov(&["verify", &commit]).code(1).shows("1 of the objects are gone, the first: a.bin");
    }
}

#[test]
fn objects_that_can_be_overwritten_are_refused_or_never_more_than_incomplete() {
    for server in servers() {
        let lake = Lake::new(server, "lake-mutable");
        let name = "never-versioned";
        lake.aws.wait(lake.client.create_bucket().bucket(name).send()).unwrap();
        let put = |body: &str| {
            let put = lake.client.put_object().bucket(name).key("lake/a.bin");
            lake.aws.wait(put.body(body.as_bytes().to_vec().into()).send()).unwrap();
        };
        put("1");
        let place = format!("s3://{name}/lake");
        lake.mlprov(&["track", &place, "--as", "lake"])
            .code(2)
            .says("1 of the objects")
            .says("--allow-mutable");
        assert!(!lake.s.path("lake.mlprov").exists());
        lake.mlprov(&["track", &place, "--as", "lake", "--allow-mutable", "--deep"]).success();
        let commit = lake.s.commit_all("declare");
        lake.mlprov(&["verify", &commit]).code(3).shows("have no versions");
        lake.mlprov(&["verify", "--deep", &commit]).code(3).shows("have no versions");
        put("2");
        lake.mlprov(&["verify", &commit]).code(1).shows("declared ETag");
    }
}

#[test]
fn bytes_that_were_read_once_are_checked_again() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let lake = Lake::new(server, "lake-deep");
    lake.put("lake/a.bin", b"1");
    lake.put("lake/b.bin", &vec![7; 9 << 20]);
    let place = lake.place();
    lake.mlprov(&["track", &place, "--as", "lake", "--deep", "--checksums"]).success();
    let commit = lake.s.commit_all("declare");
    lake.mlprov(&["verify", "--deep", &commit]).success().shows("the bytes of 2 were read and hashed again");
    // The manifest of the bytes is one that b3sum reads.
    let entries = lake.s.entries();
    let tracked = entries.iter().rev().find(|entry| entry["kind"] == "dataset.tracked").unwrap();
    let shown = lake.mlprov(&["--json", "show", tracked["id"].as_str().unwrap()]).success().json();
    let text = shown.to_string();
    assert!(text.contains("manifestOfBytes"), "{text}");
    let hash = blake3::hash(b"1").to_hex();
    let manifest = format!("{hash}  a.bin\n{}  b.bin\n", blake3::hash(&vec![7; 9 << 20]).to_hex());
    assert!(lake.s.object(manifest.as_bytes()).exists());
}

#[test]
fn a_clone_asks_a_bucket_only_when_its_user_agreed() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let lake = Lake::new(server, "lake-clone");
    lake.put("lake/a.bin", b"1");
    lake.mlprov(&["track", &lake.place(), "--as", "lake"]).success();
    let commit = lake.s.commit_all("declare");
    lake.s.git_in("", &["clone", "-q", "--bare", "repo", "hub"]);
    lake.s.git(&["remote", "add", "origin", "../hub"]);
    lake.mlprov(&["sync"]).success();
    lake.s.git_in("", &["clone", "-q", "hub", "grace"]);
    let home = lake.s.root().join("grace-home");
    fs::create_dir_all(&home).unwrap();
    give_credentials(lake.server, &home);
    let grace = |args: &[&str]| lake.mlprov_in("grace-home", "grace", args);
    grace(&["init", "--yes"]).success();
    let fetched = grace(&["sync", "--fetch"]);
    lake.proxy.mend();
    let hints = fetched.hints();
    let trust = hints.iter().find(|hint| hint.contains("key trust")).unwrap_or_else(|| panic!("{hints:?}"));
    let vkey = trust.split_whitespace().nth(3).unwrap().trim_matches('"').to_owned();
    grace(&["key", "trust", &vkey]).success();
    grace(&["verify", &commit]).code(3).shows("nobody has agreed");
    assert!(lake.proxy.mend().is_empty(), "nothing was sent");
    grace(&["init"]).code(2).says("may this clone ask there?");
    grace(&["init", "--yes"]).success();
    // The other dataset is with the clone that has it.
    grace(&["verify", &commit]).code(3).shows("input lake: declared: S3 has each of 1 versions");
}

#[test]
fn a_listing_goes_on_where_it_was_interrupted() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let lake = Lake::new(server, "lake-long");
    for n in 0..2_300 {
        lake.put(&format!("lake/{n:05}"), b"x");
    }
    let place = lake.place();
    lake.proxy.break_request(2, Fault::NeverSent, true);
    lake.mlprov(&["track", &place, "--as", "lake"]).code(3);
    lake.proxy.mend();
    let tracked = lake.mlprov(&["--json", "track", &place, "--as", "lake"]).success().json();
    assert_eq!(tracked["datasets"][0]["files"], 2_300);
    let rest = lake.proxy.mend();
    assert_eq!(rest.len(), 2, "the first page was there: {rest:?}");
    assert!(
        !fs::read_dir(lake.s.path(".git/mlprov/cache"))
            .unwrap()
            .flatten()
            .any(|entry| { entry.file_name().to_string_lossy().starts_with("listing-") })
    );
}

#[test]
fn objects_without_versions_are_copied_to_where_they_have_some() {
    for server in servers() {
        let lake = Lake::new(server, "lake-copied");
        let name = "unversioned";
        lake.aws.wait(lake.client.create_bucket().bucket(name).send()).unwrap();
        // One is large enough to be copied in parts.
        let large = "22".repeat(35 << 20);
        for (key, body) in [("raw/a b+c.bin", "1"), ("raw/sub/d.bin", &large)] {
            let put = lake.client.put_object().bucket(name).key(key);
            lake.aws.wait(put.body(body.as_bytes().to_vec().into()).send()).unwrap();
        }
        let place = format!("s3://{name}/raw");
        lake.mlprov(&["track", &place, "--as", "lake", "--copy"]).code(2).says("mlprov migrate --store");
        // In a project whose store is in a bucket of the same server.
        let s = Sandbox::git_repo();
        give_credentials(server, &s.home());
        let store = format!("s3://{}/team", lake.name);
        let url = &lake.proxy.url;
        s.mlprov(&["init", "--yes", "--store", &store, "--endpoint-url", url]).success();
        lake.proxy.mend();
        let tracked =
            s.mlprov(&["--json", "track", &place, "--as", "lake", "--copy", "--deep"]).success().json();
        assert_eq!(tracked["datasets"][0]["files"], 2);
        let parts = lake.proxy.mend().iter().filter(|line| line.contains("partNumber=")).count();
        assert_eq!(parts, 2);
        let commit = s.commit_all("copied");
        s.mlprov(&["verify", "--deep", &commit]).success().shows("the bytes of 2 were read and hashed again");
        let manifest = s.mlprov(&["ls", "lake", "--manifest"]).success().stdout();
        assert!(manifest.contains("team/data/lake/"), "{manifest}");
        assert!(manifest.contains("-2\\\"\""), "the ETag is one of two parts: {manifest}");
        // What happens to the originals is nobody's concern.
        for key in ["raw/a b+c.bin", "raw/sub/d.bin"] {
            lake.aws.wait(lake.client.delete_object().bucket(name).key(key).send()).unwrap();
        }
        s.mlprov(&["verify", &commit]).success();
    }
}
