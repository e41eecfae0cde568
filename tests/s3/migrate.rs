//! A project that moves into a bucket, or from one to another.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;
use std::fs;

struct Move {
    s: Sandbox,
    server: &'static Server,
    s3: S3,
    proxy: Proxy,
    /// What was recorded before, to be verified afterwards.
    named: Vec<String>,
}

impl Move {
    /// An embedded project with commits, a run that made a model, and a bucket that it may go to.
    fn new(server: &'static Server, name: &str) -> Move {
        let s3 = bucket(server, name);
        let (s, proxy) = (Sandbox::repo(), Proxy::new(&server.url));
        give_credentials(server, &s.home());
        let mut moving = Move { s, server, s3, proxy, named: Vec::new() };
        moving.work();
        moving
    }

    /// A smaller one, for what is done many times.
    fn small(name: &str) -> Option<Move> {
        let Some(server) = Server::ministack() else {
            skipped("ministack is not installed (tests/run.sh does it)");
            return None;
        };
        let s3 = bucket(server, name);
        let (s, proxy) = (Sandbox::repo(), Proxy::new(&server.url));
        give_credentials(server, &s.home());
        let mut moving = Move { s, server, s3, proxy, named: Vec::new() };
        moving.s.write("data/a.csv", "1\n");
        moving.s.mlprov(&["track", "data"]).success();
        moving.named.push(moving.s.commit_all("first"));
        let run =
            ["run", "--model", "model.bin", "--model-group", "shop", "--", "sh", "-c", "echo m > model.bin"];
        moving.s.mlprov(&run).success();
        moving.named.push("latest".to_owned());
        Some(moving)
    }

    /// After whatever happened: called again, it is done, and done once.
    fn mended(&self, about: &str, before: &str, entries: u64) {
        let now = self.s.read(".mlprov/config.toml");
        let audit = ["--json", "ledger", "audit", "--remote", "--versions"];
        if now != before {
            // The settings change last: then all of it is there, under a checkpoint.
            let checkpoint = self.s3.get("team/ledger/checkpoint").unwrap().unwrap().bytes;
            let size = String::from_utf8(checkpoint).unwrap().lines().nth(1).map(str::to_owned);
            assert_eq!(size, Some((entries + 3).to_string()), "{about}");
        }
        let going_on = self.s.path(".git/mlprov/migrate.json").exists();
        if going_on || now == before {
            let again = self.migrate();
            assert_eq!(again.exit_code(), Some(0), "{about}: {}", again.snapshot());
        }
        assert!(!self.s.path(".git/mlprov/migrate.json").exists(), "{about}");
        let (kinds, head) = (self.kinds(), self.head());
        let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
        assert_eq!((count("ledger.moved"), count("data.relocated")), (1, 2), "{about}: {kinds:?}");
        assert_eq!(head.0, entries + 3, "{about}");
        assert_eq!(self.s.mlprov(&audit).json()["result"], "sound", "{about}");
        for word in &self.named {
            let verified = self.s.mlprov(&["verify", word]);
            assert_eq!(verified.exit_code(), Some(0), "{about}: {}", verified.snapshot());
        }
        // Nobody's word but the bucket's.
        self.s.git_in("", &["clone", "-q", "repo", "other"]);
        give_credentials(self.server, &self.s.root().join("other-home"));
        fs::write(self.s.root().join("other/.mlprov/config.toml"), self.s.read(".mlprov/config.toml"))
            .unwrap();
        let other = |args: &[&str]| self.s.mlprov_as("other-home", "other", args);
        other(&["init", "--yes", "--no-hooks"]).success();
        for word in &self.named {
            let verified = other(&["verify", word]);
            assert_eq!(verified.exit_code(), Some(0), "{about}: {}", verified.snapshot());
        }
    }

    fn work(&mut self) {
        let s = &self.s;
        s.write("data/a.csv", "1\n");
        s.write("data/sub/b.csv", "2\n");
        s.write("one.csv", "alone\n");
        s.mlprov(&["track", "data", "one.csv"]).success();
        self.named.push(s.commit_all("first"));
        s.write("data/a.csv", "another\n");
        s.mlprov(&["track", "data"]).success();
        s.write("params.yaml", "lr: 0.1\n");
        self.named.push(s.commit_all("second"));
        let script = "echo 0.9 | sed 's/^/acc: /' > m.yaml; echo model > model.bin; mkdir -p plots; echo p > plots/p.svg";
        let run = s.mlprov(&[
            "--json",
            "run",
            "-d",
            "data",
            "-p",
            "params.yaml",
            "-m",
            "m.yaml",
            "-o",
            "plots",
            "--model",
            "model.bin",
            "--model-group",
            "shop",
            "--",
            "sh",
            "-c",
            script,
        ]);
        self.named.push(run.success().json()["run"].as_str().unwrap().to_owned());
    }

    fn place(&self) -> String {
        format!("s3://{}/team", self.s3.name())
    }

    fn args<'a>(place: &'a str, url: &'a str) -> [&'a str; 8] {
        ["migrate", "--yes", "--ledger", place, "--store", place, "--endpoint-url", url]
    }

    fn migrate(&self) -> Output {
        self.s.mlprov(&Self::args(&self.place(), &self.proxy.url))
    }

    fn head(&self) -> (u64, String) {
        let status = self.s.json(&["ledger", "status"]);
        (status["size"].as_u64().unwrap(), status["root"].as_str().unwrap().to_owned())
    }

    /// All that was recorded before holds, here and in a clone that comes with nothing.
    fn verified(&self) {
        for word in &self.named {
            self.s.mlprov(&["verify", word]).success();
            self.s.mlprov(&["verify", "--deep", word]).success();
        }
        let audit = self.s.mlprov(&["--json", "ledger", "audit", "--remote", "--versions"]).json();
        assert_eq!(
            (&audit["result"], &audit["remote"]["remarks"]),
            (&"sound".into(), &serde_json::json!([])),
            "{audit:#}"
        );
        assert!(!self.s.path(".git/mlprov/migrate.json").exists());
        assert!(!self.s.path(".git/mlprov/moving").exists());
        let (s, name) = (&self.s, format!("fresh-{}", self.s.entries().len()));
        s.git(&["add", "-A"]);
        s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "moved"]);
        let _ = fs::remove_dir_all(s.root().join(&name));
        let _ = fs::remove_dir_all(s.root().join("fresh-home"));
        s.git_in("", &["clone", "-q", "repo", &name]);
        give_credentials(self.server, &s.root().join("fresh-home"));
        let fresh = |args: &[&str]| s.mlprov_as("fresh-home", &name, args);
        fresh(&["init", "--yes"]).success();
        for word in &self.named {
            fresh(&["verify", word]).success();
            fresh(&["verify", "--deep", word]).success();
        }
        fresh(&["restore"]).success();
        assert_eq!(fs::read(s.root().join(&name).join("data/a.csv")).unwrap(), b"another\n");
        assert_eq!(fs::read(s.root().join(&name).join("one.csv")).unwrap(), b"alone\n");
        fresh(&["restore", "--rev", &self.named[0], "--to", "old"]).success();
        assert_eq!(fs::read(s.root().join(&name).join("old/data/a.csv")).unwrap(), b"1\n");
    }

    fn kinds(&self) -> Vec<String> {
        self.s.entries().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// No entry is there twice, each dataset has moved once, and the last entry of the old place is the right one.
    fn moved_once(&self) {
        let kinds = self.kinds();
        let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
        // data (twice), one.csv, params.yaml, m.yaml, plots, model.bin
        assert_eq!((count("ledger.moved"), count("data.relocated")), (1, 7), "{kinds:?}");
        let ids: std::collections::BTreeSet<String> =
            self.s.entries().iter().map(|e| e["id"].to_string()).collect();
        assert_eq!(ids.len(), kinds.len());
    }
}

fn servers() -> Vec<&'static Server> {
    let found: Vec<&Server> = [Server::ministack(), Server::seaweedfs()].into_iter().flatten().collect();
    if found.len() < 2 {
        skipped("ministack or SeaweedFS is not installed (tests/run.sh does it)");
    }
    found
}

#[test]
fn an_embedded_project_becomes_one_of_a_team() {
    for server in servers() {
        let moving = Move::new(server, "to-a-team");
        let s = &moving.s;
        moving.named.iter().for_each(|word| _ = s.mlprov(&["verify", word]).success());
        let size = moving.head().0;
        let (before, vkey) = (s.entries(), s.json(&["key", "show"])["vkey"].clone());
        let journal = fs::read(s.ledger("journal")).unwrap();
        // What would be done, and nothing is.
        let place = moving.place();
        let plan = [&Move::args(&place, &moving.proxy.url)[..], &["--plan"]].concat();
        let listing = s.listing();
        let planned = s.mlprov(&[&["--json"], &plan[..]].concat()).success().json();
        listing.assert_same(&s.listing());
        s.refused(0, &plan).shows("7 datasets").shows("to upload");
        assert_eq!(planned["entries"], size);
        assert_eq!(
            (&planned["datasets"], &planned["left"]),
            (&7.into(), &serde_json::json!([])),
            "{planned:#}"
        );
        assert_eq!(planned["upload"]["contents"], 8, "{planned:#}");
        assert_eq!(moving.s3.list("", None).unwrap(), [] as [String; 0]);
        let report = s.mlprov(&[&["--json"], &Move::args(&place, &moving.proxy.url)[..]].concat());
        let report = report.success().json();
        assert_eq!(
            (&report["relocated"], &report["left"]),
            (&7.into(), &serde_json::json!([])),
            "{report:#}"
        );
        // The same log, byte for byte; then where everything is now.
        let after = s.entries();
        assert_eq!(after[..before.len()], before[..]);
        assert_eq!(after.len(), before.len() + 8);
        assert_eq!(after.last().unwrap()["kind"], "ledger.moved");
        assert!(fs::read(s.ledger("journal")).unwrap().starts_with(&journal));
        assert_eq!(s.json(&["key", "show"])["vkey"], vkey);
        let origin = report["origin"].as_str().unwrap();
        assert!(
            !origin.contains(moving.s3.name())
                && origin.contains(s.json(&["key", "show"])["log"].as_str().unwrap())
        );
        assert_eq!(moving.head(), (size + 8, report["root"].as_str().unwrap().to_owned()));
        moving.moved_once();
        // The clone's own copy of the data is not needed any more.
        moving.verified();
        fs::remove_dir_all(s.path(".git/mlprov/store/objects")).unwrap();
        fs::remove_dir_all(s.path(".git/mlprov/store/packs")).unwrap();
        s.mlprov(&["init", "--yes"]).success();
        moving.verified();
        // It goes on.
        s.write("data/a.csv", "third\n");
        s.mlprov(&["track", "data"]).success();
        let commit = s.commit_all("third");
        s.mlprov(&["sync"]).success();
        s.mlprov(&["verify", &commit]).success();
        s.mlprov(&["run", "--", "true"]).success();
        s.mlprov(&["verify", "latest"]).success();
    }
}

/// Killed when it has sent its nth request: the server has done it, or never heard of it. The probe of the new places comes
/// first; of what follows every third request is tried, with `MLPROV_EVERY=1` all of them.
#[test]
fn killed_at_any_request_it_goes_on_where_it_was() {
    let Some(clean) = Move::small("kill-count") else { return };
    clean.migrate().success();
    let requests = clean.proxy.mend();
    let first = requests.iter().position(|line| line.contains("/ledger/commit")).unwrap();
    let every = if std::env::var_os("MLPROV_EVERY").is_some() { 1 } else { 3 };
    let held = [Fault::Held, Fault::DoneAndHeld];
    for (case, n) in (first + 1..=requests.len()).step_by(every).enumerate() {
        for fault in if every == 1 { &held[..] } else { &held[case % 2..=case % 2] } {
            let about = format!("request {n} of {}, {}, {fault:?}", requests.len(), requests[n - 1]);
            let Some(moving) = Move::small(&format!("kill-{n}-{case}-{fault:?}").to_lowercase()) else {
                return;
            };
            let (config, size) = (moving.s.read(".mlprov/config.toml"), moving.head().0);
            moving.proxy.break_request(n, *fault, true);
            let place = moving.place();
            let mut child = moving.s.child(&Move::args(&place, &moving.proxy.url));
            while moving.proxy.count() < n && child.try_wait().unwrap().is_none() {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            // So that the server is done, if it is to be.
            std::thread::sleep(std::time::Duration::from_millis(30));
            child.kill().unwrap();
            child.wait().unwrap();
            moving.proxy.mend();
            moving.mended(&about, &config, size);
        }
    }
}

impl Move {
    /// To another bucket of the same server.
    fn next(&self, name: &str, with_ledger: bool) -> (S3, Output) {
        let s3 = bucket(self.server, name);
        let place = format!("s3://{name}/next");
        let mut args =
            vec!["--json", "migrate", "--yes", "--store", &place, "--endpoint-url", &self.proxy.url];
        if with_ledger {
            args.extend(["--ledger", &place]);
        }
        (s3, self.s.mlprov(&args))
    }
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

#[test]
fn from_one_bucket_to_another_the_server_copies() {
    for server in servers() {
        let mut moving = Move::new(server, "bucket-one");
        // SeaweedFS takes its time to probe a ledger: there it stays where it is.
        let with_ledger = server.name == "ministack";
        let (place, url) = (moving.place(), moving.proxy.url.clone());
        match with_ledger {
            true => moving.migrate(),
            false => moving.s.mlprov(&["migrate", "--yes", "--store", &place, "--endpoint-url", &url]),
        }
        .success();
        let s = &moving.s;
        s.write("data/large.bin", noise((20 << 20) + 7));
        s.mlprov(&["track", "data"]).success();
        s.git(&["add", "-A"]);
        s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "large"]);
        let large = s.head();
        if with_ledger {
            s.mlprov(&["sync"]).success();
        } else {
            s.mlprov(&["hook", "post-commit"]).success();
        }
        // Nothing of it is in this clone any more: it comes from the old bucket.
        fs::remove_dir_all(s.path(".git/mlprov/store/objects")).unwrap();
        fs::remove_dir_all(s.path(".git/mlprov/store/packs")).unwrap();
        s.mlprov(&["init", "--yes"]).success();
        let before = moving.head();
        moving.proxy.mend();
        let (next, out) = moving.next("bucket-two", with_ledger);
        let report = out.success().json();
        let seen = moving.proxy.mend();
        assert_eq!(
            (&report["relocated"], &report["left"]),
            (&8.into(), &serde_json::json!([])),
            "{report:#}"
        );
        // The server copied; only where it keeps no checksum of a copy in parts, that one was read and sent.
        let read: Vec<&String> =
            seen.iter().filter(|line| line.starts_with("GET /bucket-one/team/data")).collect();
        match server.name {
            "ministack" => assert!(read.iter().all(|line| line.contains("large.bin")), "{read:#?}"),
            _ => assert_eq!(read, [] as [&String; 0]),
        }
        assert_eq!(next.get("next/data/data/large.bin").unwrap().unwrap().bytes, noise((20 << 20) + 7));
        let now = moving.head();
        assert_eq!(now.0, before.0 + 8 + u64::from(with_ledger));
        moving.named.push(large);
        if with_ledger {
            // The commits themselves went along, with the signatures of who made them.
            let (old, new) =
                (moving.s3.list("team/ledger/commit/", None), next.list("next/ledger/commit/", None));
            let (old, new) = (old.unwrap(), new.unwrap());
            assert_eq!(old.len(), new.len());
            for (old, new) in old.iter().zip(&new) {
                let bytes = |s3: &S3, key: &str| s3.get(key).unwrap().unwrap().bytes;
                assert_eq!(bytes(&moving.s3, old), bytes(&next, new), "{old}");
            }
            moving.verified();
        } else {
            for word in &moving.named {
                moving.s.mlprov(&["verify", word]).success();
                moving.s.mlprov(&["verify", "--deep", word]).success();
            }
        }
    }
}

/// While a move goes on, and with settings of before, nothing is added where the log was; nothing is lost either.
#[test]
fn the_old_place_does_not_go_on() {
    let Some(mut moving) = Move::small("old-place") else { return };
    let s = &moving.s;
    let requests = {
        let Some(clean) = Move::small("old-place-clean") else { return };
        clean.migrate().success();
        clean.proxy.mend()
    };
    // One goes on meanwhile.
    let script = "while ! test -e go; do sleep 0.05; done; echo 3 > out.txt";
    let begun = moving.head().0;
    let mut run = s.child(&["run", "-n", "long", "-o", "out.txt", "--", "sh", "-c", script]);
    while moving.head().0 == begun {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (config, size) = (s.read(".mlprov/config.toml"), moving.head().0);
    // Until the log has moved, and not on.
    let copied = requests.iter().position(|line| line.starts_with("PUT") && line.contains("/ledger/commit/"));
    moving.proxy.break_request(copied.unwrap() + 1, Fault::NeverSent, true);
    moving.migrate().code(3);
    assert_eq!(s.read(".mlprov/config.toml"), config);
    assert_eq!(moving.head().0, size + 3, "the old place says that it is over");
    // Another place, as long as this one is not reached.
    let elsewhere = ["migrate", "--yes", "--store", "s3://elsewhere/x", "--endpoint-url", &moving.proxy.url];
    let place = moving.place();
    s.refused(2, &elsewhere).says("on its way").says(&format!("mlprov migrate --ledger {place}/"));
    s.refused(2, &["run", "--", "true"]).says("it was moved").says("git pull");
    s.refused(2, &["key", "admit", "MFkw"]).says("key");
    // Who works on meanwhile loses nothing.
    s.refused(2, &["track", "data"]).says("it was moved");
    moving.named.push(s.commit_all("meanwhile"));
    s.write("go", "");
    assert!(run.wait().unwrap().success());
    assert_eq!(moving.head().0, size + 3);
    s.mlprov(&["status"]).shows("waiting for the ledger");
    moving.proxy.mend();
    s.mlprov(&["migrate"]).success();
    assert!(!s.mlprov(&["status"]).stdout().contains("waiting for the ledger"));
    let long = s.json(&["log", "--where", "name = long"]);
    moving.named.push(long["runs"][0]["run"].as_str().unwrap().to_owned());
    let kinds = moving.kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "data.relocated").count(), 3, "{kinds:?}");
    for word in &moving.named {
        s.mlprov(&["verify", word]).success();
    }
    // Settings of before, in an old commit: the journal is a mirror now.
    s.git(&["add", "-A"]);
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "moved"]);
    let (after, size) = (s.read(".mlprov/config.toml"), moving.head().0);
    s.write(".mlprov/config.toml", &config);
    s.refused(2, &["run", "--", "true"]).says("it was moved");
    s.git(&["commit", "-q", "--allow-empty", "-m", "on an old branch"]);
    moving.named.push(s.head());
    assert_eq!(moving.head().0, size);
    s.write(".mlprov/config.toml", &after);
    s.mlprov(&["sync"]).success();
    for word in &moving.named {
        s.mlprov(&["verify", word]).success();
    }
    let audit = s.mlprov(&["--json", "ledger", "audit", "--remote", "--versions"]).json();
    assert_eq!(audit["result"], "sound", "{audit:#}");
    s.mlprov(&["migrate"]).code(2).says("--ledger");
}

#[test]
fn people_with_the_settings_of_before_do_not_go_on_in_the_old_bucket() {
    let Some(moving) = Move::small("two-people-move") else { return };
    moving.migrate().success();
    let s = &moving.s;
    s.git(&["add", "-A"]);
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "moved"]);
    s.mlprov(&["sync"]).success();
    s.git_in("", &["clone", "-q", "repo", "grace"]);
    give_credentials(moving.server, &s.root().join("grace-home"));
    let grace = |args: &[&str]| s.mlprov_as("grace-home", "grace", args);
    grace(&["init", "--yes"]).success();
    let key = grace(&["key", "request"]).stdout().trim().lines().last().unwrap().to_owned();
    s.mlprov(&["key", "admit", &key]).success();
    grace(&["sync"]).success();
    // She may write, and not move the log.
    let next =
        ["migrate", "--yes", "--ledger", "s3://two-people-next/x", "--endpoint-url", &moving.proxy.url];
    bucket(moving.server, "two-people-next");
    grace(&next).code(2);
    s.mlprov(&next).success();
    let (commits, old) = (moving.s3.list("team/ledger/commit/", None).unwrap(), moving.head());
    // What she records with the settings of before waits, and goes to the new place.
    fs::write(s.root().join("grace/file"), "hers").unwrap();
    grace(&["track", "file"]).success();
    let run = grace(&["--json", "run", "-d", "file", "--", "true"]);
    let run = run.success().json()["run"].as_str().unwrap().to_owned();
    grace(&["sync"]).code(2).says("it was moved").says("git pull");
    grace(&["verify", "latest"]).code(3);
    assert_eq!(moving.s3.list("team/ledger/commit/", None).unwrap(), commits);
    assert!(moving.s3.list("team/ledger/inbox/", None).unwrap().is_empty());
    s.git(&["add", "-A"]);
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "moved again"]);
    s.git_in("grace", &["add", "-A"]);
    s.git_in("grace", &["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "hers"]);
    s.git_in("grace", &["-c", "core.hooksPath=/dev/null", "pull", "-q", "--rebase"]);
    grace(&["init", "--yes"]).success();
    grace(&["sync"]).success();
    s.mlprov(&["sync"]).success();
    assert!(moving.head().0 >= old.0 + 3);
    grace(&["verify", &run]).success();
    s.mlprov(&["verify", &run]).success();
    let audit = s.mlprov(&["--json", "ledger", "audit", "--remote", "--versions"]).json();
    assert_eq!(audit["result"], "sound", "{audit:#}");
    // And back, to a place that has the beginning of it.
    let back = ["migrate", "--yes", "--ledger", &moving.place(), "--endpoint-url", &moving.proxy.url];
    s.mlprov(&back).success();
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "latest"]).success();
    let audit = s.mlprov(&["--json", "ledger", "audit", "--remote", "--versions"]).json();
    assert_eq!(audit["result"], "sound", "{audit:#}");
}

/// What is not to be had stays, and is told; slips change nothing.
#[test]
fn what_cannot_go_is_said_before_anything_goes() {
    let Some(moving) = Move::small("left-behind") else { return };
    let s = &moving.s;
    let (place, url) = (moving.place(), moving.proxy.url.clone());
    s.refused(2, &["migrate"]).says("--ledger");
    s.refused(2, &["migrate", "--ledger", "s3://"]).says("names no bucket");
    let plain = ["migrate", "--yes", "--store", "s3://left-behind-plain/x", "--endpoint-url", &url];
    let (aws, client) = crate::common::servers::raw(moving.server);
    aws.wait(async { client.create_bucket().bucket("left-behind-plain").send().await.unwrap() });
    s.refused(2, &plain).says("versioning");
    let nowhere =
        ["migrate", "--yes", "--store", "s3://left-behind-nowhere/x", "--endpoint-url", "http://127.0.0.1:9"];
    s.refused(3, &nowhere).says("127.0.0.1:9");
    // Another log lies there already.
    let Some(other) = Move::small("left-behind-other") else { return };
    other.migrate().success();
    let taken = format!("s3://{}/team", other.s3.name());
    s.mlprov(&Move::args(&taken, &url)).code(2).says("another log lies there");
    assert!(!s.path(".git/mlprov/migrate.json").exists());
    // A content that is lost.
    s.write("gone.csv", noise(600 << 10));
    s.mlprov(&["track", "gone.csv"]).success();
    fs::remove_file(s.object(&noise(600 << 10))).unwrap();
    let planned = [&Move::args(&place, &url)[..], &["--plan"]].concat();
    s.refused(0, &planned).shows("left behind: gone.csv");
    moving.migrate().success().shows("left behind: gone.csv");
    for word in &moving.named {
        s.mlprov(&["verify", word]).success();
    }
    // A log that was altered does not go on anywhere.
    let Some(bent) = Move::small("left-behind-bent") else { return };
    let mut journal = fs::read(bent.s.ledger("journal")).unwrap();
    let end = journal.len() - 9;
    journal[end] ^= 1;
    fs::write(bent.s.ledger("journal"), journal).unwrap();
    let config = bent.s.read(".mlprov/config.toml");
    assert_eq!(bent.migrate().exit_code(), Some(1));
    assert_eq!(bent.s.read(".mlprov/config.toml"), config);
    assert!(bent.s3.list("team/ledger/commit/", None).unwrap().is_empty());
}

/// From the nth request on nobody answers, or nobody hears the answer; later everything is well again. Every third request
/// is tried, with `MLPROV_EVERY=1` all of them, in both ways.
#[test]
fn without_a_network_it_stops_and_goes_on_later() {
    let Some(clean) = Move::small("gone-count") else { return };
    clean.migrate().success();
    let requests = clean.proxy.mend();
    let first = requests.iter().position(|line| line.contains("/ledger/commit")).unwrap();
    let every = if std::env::var_os("MLPROV_EVERY").is_some() { 1 } else { 3 };
    let gone = [Fault::NeverSent, Fault::AnswerLost];
    for (case, n) in (first + 1..=requests.len()).step_by(every).enumerate() {
        for fault in if every == 1 { &gone[..] } else { &gone[case % 2..=case % 2] } {
            let about = format!("request {n} of {}, {}, {fault:?}", requests.len(), requests[n - 1]);
            let Some(moving) = Move::small(&format!("gone-{n}-{case}-{fault:?}").to_lowercase()) else {
                return;
            };
            let (config, size) = (moving.s.read(".mlprov/config.toml"), moving.head().0);
            moving.proxy.break_request(n, *fault, true);
            let place = moving.place();
            let args = Move::args(&place, &moving.proxy.url);
            let mut command = moving.s.prepared(&args);
            let out = Output::of("mlprov", &args, command.env("AWS_MAX_ATTEMPTS", "1"));
            // 3: it could not be done. An audit that cannot be finished finds nothing.
            assert!(matches!(out.exit_code(), Some(0 | 3)), "{about}: {}", out.snapshot());
            moving.proxy.mend();
            moving.mended(&about, &config, size);
        }
    }
}

/// Killed at calls that change something here. There are hundreds: of each kind some are tried, evenly.
#[test]
fn killed_at_any_call_it_goes_on_where_it_was() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return skipped("killed_at_any_call_it_goes_on_where_it_was: strace is not installed");
    }
    const CALLS: [&str; 6] = ["fdatasync", "fsync", "rename", "link", "unlink", "pwrite64"];
    let Some(clean) = Move::small("call-count") else { return };
    let (place, trace) = (clean.place(), clean.s.root().join("trace"));
    let args = Move::args(&place, &clean.proxy.url);
    let options = ["-f", "-o", trace.to_str().unwrap()];
    assert!(clean.s.traced(&options, &args).output().unwrap().status.success());
    let text = fs::read_to_string(&trace).unwrap();
    let mut played = 0;
    for call in CALLS {
        // strace counts for each process alone, and the first one does nearly all of it.
        let mut counts: std::collections::BTreeMap<&str, usize> = Default::default();
        for line in text.lines() {
            let Some((pid, rest)) = line.split_once(' ') else { continue };
            if rest.trim_start().starts_with(&format!("{call}(")) {
                *counts.entry(pid).or_default() += 1;
            }
        }
        let most = counts.values().max().copied().unwrap_or(0);
        for n in (1..=most).rev().step_by((most / 2).max(1)) {
            played += 1;
            let about = format!("{call} {n} of {most}");
            let Some(moving) = Move::small(&format!("call-{call}-{n}")) else { return };
            let (config, size) = (moving.s.read(".mlprov/config.toml"), moving.head().0);
            let place = moving.place();
            let inject = format!("inject={call}:signal=KILL:when={n}");
            let trace = moving.s.root().join("trace");
            let options = ["-f", "-o", trace.to_str().unwrap(), "-e", &inject];
            let args = Move::args(&place, &moving.proxy.url);
            let _ = moving.s.traced(&options, &args).output().unwrap();
            moving.mended(&about, &config, size);
        }
    }
    assert!(played >= 8, "only {played} calls were the last");
}

/// More than one commit holds: what is there of it is not sent again.
#[test]
fn a_long_log_goes_in_several_commits() {
    let Some(moving) = Move::small("long-log") else { return };
    let s = &moving.s;
    for n in 0..230 {
        let note = format!("{n} {}", "x".repeat(30_000));
        s.forge(&s.writer(), mlprov::domain::entry::Kind::Annotation, |body| {
            body.time = mlprov::domain::time::Timestamp::from_unix_micros(n);
            body.notes.push(note);
        });
    }
    s.mlprov(&["init", "--yes"]).success();
    let (config, size) = (s.read(".mlprov/config.toml"), moving.head().0);
    let place = moving.place();
    moving.proxy.mend();
    let commits = || moving.s3.list("team/ledger/commit/", None).unwrap().len();
    // Until the second of the commits.
    let mut child = s.child(&Move::args(&place, &moving.proxy.url));
    while commits() < 2 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let there = commits();
    moving.proxy.mend();
    moving.mended("a long log", &config, size);
    let sent = moving.proxy.mend();
    let sent = sent.iter().filter(|line| line.starts_with("PUT") && line.contains("/ledger/commit/")).count();
    assert!(commits() >= 3, "{}", commits());
    assert_eq!(sent, commits() - there, "what was there was not sent again");
}

/// Where only the store is shared, each clone has a log of its own, and brings what it names.
#[test]
fn others_bring_their_own_data_along() {
    let Some(moving) = Move::small("their-own") else { return };
    let s = &moving.s;
    s.git_in("", &["clone", "-q", "repo", "grace"]);
    give_credentials(moving.server, &s.root().join("grace-home"));
    let grace = |args: &[&str]| s.mlprov_as("grace-home", "grace", args);
    grace(&["init", "--yes", "--no-hooks"]).success();
    fs::write(s.root().join("grace/hers.csv"), "hers\n").unwrap();
    grace(&["track", "hers.csv"]).success();
    let (place, url) = (moving.place(), moving.proxy.url.clone());
    let args = ["migrate", "--yes", "--store", &place, "--endpoint-url", &url];
    s.mlprov(&args).success().shows("The data is in");
    s.mlprov(&args).success().shows("nothing was changed");
    for word in &moving.named {
        s.mlprov(&["verify", word]).success();
    }
    let config = s.read(".mlprov/config.toml");
    fs::write(s.root().join("grace/.mlprov/config.toml"), config).unwrap();
    grace(&["init", "--yes", "--no-hooks"]).success();
    let report = grace(&[&["--json"], &args[..]].concat()).success().json();
    assert_eq!((&report["relocated"], &report["left"]), (&1.into(), &serde_json::json!([])), "{report:#}");
    assert_eq!(moving.s3.get("team/data/hers.csv").unwrap().unwrap().bytes, b"hers\n");
    let entry = s.entries_in("repo").len();
    fs::remove_dir_all(s.root().join("grace/.git/mlprov/store")).unwrap();
    grace(&["init", "--yes", "--no-hooks"]).success();
    let log = grace(&["--json", "log", "--kind", "dataset.tracked"]).success().json();
    let tracked = log["entries"][0]["id"].as_str().unwrap().to_owned();
    grace(&["verify", &tracked]).success();
    assert_eq!(s.entries_in("repo").len(), entry);
}
