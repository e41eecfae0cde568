//! A project whose ledger lies in a bucket: what its people see of it.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use mlprov::app::record;
use mlprov::domain::entry::Kind;
use mlprov::domain::time::Timestamp;
use mlprov::outbox::Outbox;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;
use mlprov::stores::local::keys::WriterKeyFile;
use serde_json::Value;
use std::fs;
use std::time::Duration;
use std::time::Instant;

pub struct Team {
    pub s: Sandbox,
    s3: S3,
    pub url: String,
}

impl Team {
    /// Ada's project, with a bucket of its own.
    pub fn new(name: &str) -> Option<Team> {
        let Some(server) = Server::ministack() else {
            skipped("ministack is not installed (tests/run.sh does it)");
            return None;
        };
        let s3 = bucket(server, name);
        let team = Team { s: Sandbox::git_repo(), s3, url: server.url.clone() };
        team.give_credentials("home");
        Some(team)
    }

    fn give_credentials(&self, home: &str) {
        let server = Server::ministack().expect("it was there before");
        give_credentials(server, &self.s.root().join(home));
    }

    pub fn init(&self, url: &str) -> Output {
        let place = format!("s3://{}/team", self.s3.name());
        self.s.mlprov(&["init", "--yes", "--name", "team", "--ledger", &place, "--endpoint-url", url])
    }

    fn made(name: &str) -> Option<Team> {
        let team = Team::new(name)?;
        team.init(&team.url).success();
        team.s.write("data/a.csv", "1\n");
        team.s.mlprov(&["track", "data"]).success();
        team.s.git(&["add", "-A"]);
        team.s.git(&["commit", "-q", "-m", "first"]);
        team.settled();
        Some(team)
    }

    /// Grace's clone beside it.
    fn grace(&self) {
        self.s.git_in("", &["clone", "-q", "repo", "grace"]);
        self.give_credentials("grace-home");
    }

    fn as_grace(&self, args: &[&str]) -> Output {
        self.s.mlprov_as("grace-home", "grace", args)
    }

    /// Until what hooks left behind is there.
    fn settled(&self) {
        let patience = Instant::now() + Duration::from_secs(30);
        while self.waiting() > 0 {
            assert!(Instant::now() < patience, "{:?}", self.s.mlprov(&["status"]).stdout());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn waiting(&self) -> usize {
        let outbox = fs::read_dir(self.s.path(".git/mlprov/outbox"));
        let names = outbox.into_iter().flatten().map(|entry| entry.unwrap().file_name());
        // What somebody who was killed left half written goes when it is old.
        names.filter(|name| !name.to_string_lossy().starts_with(".mlprov-tmp-")).count()
    }

    pub fn keys(&self, below: &str) -> Vec<String> {
        self.s3.list(&format!("team/ledger/{below}"), None).unwrap()
    }
}

fn recorded(out: &Output) -> Vec<String> {
    let entries = out.json();
    let entries = entries["entries"].as_array().unwrap();
    entries
        .iter()
        .filter(|e| e["kind"] == "commit.recorded")
        .map(|e| e["commit"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_one_records_the_other_verifies() {
    let Some(team) = Team::made("two-people") else { return };
    let s = &team.s;
    assert_eq!(team.keys("commit/").len(), 3, "founding, dataset, commit");
    assert!(team.keys("inbox/").is_empty());
    s.mlprov(&["verify", "HEAD"]).success().shows("signed by the pinned key");
    s.mlprov(&["run", "-d", "data", "--", "true"]).success();
    let config = s.read(".mlprov/config.toml");
    assert!(config.contains("backend = \"s3\"") && !config.contains("aws_secret"), "{config}");
    team.grace();
    let joined = team.as_grace(&["init", "--yes"]);
    joined.success().says("mlprov key request");
    assert!(joined.stdout().contains("not admitted"), "{}", joined.stdout());
    let log = |out: &Output| out.json()["entries"].clone();
    assert_eq!(log(&team.as_grace(&["--json", "log"])), log(&s.mlprov(&["--json", "log"])));
    // A stranger's commit is not recorded, and stops nobody.
    s.git_in("grace", &["commit", "-q", "--allow-empty", "-m", "by grace"]);
    assert_eq!(team.as_grace(&["run", "--", "true"]).exit_code(), Some(2));
    let request = team.as_grace(&["key", "request"]);
    let key = request.stdout().trim().lines().last().unwrap().to_owned();
    s.mlprov(&["key", "admit", &key]).success();
    team.as_grace(&["sync"]).success();
    let by_grace = s.git_in("grace", &["rev-parse", "HEAD"]).trim().to_owned();
    assert!(recorded(&team.as_grace(&["--json", "log"])).contains(&by_grace));
    team.as_grace(&["run", "--", "true"]).success();
    // It is recorded, and under no checkpoint yet: she has no key that could sign one.
    team.as_grace(&["verify", "latest"]).code(3).shows("not yet under a signed checkpoint");
    team.as_grace(&["ledger", "checkpoint", "--publish"]).code(2).says("only publishers");
    s.mlprov(&["ledger", "checkpoint", "--publish"]).success();
    team.as_grace(&["verify", "latest"]).success();
    s.mlprov(&["sync"]).success();
    assert!(recorded(&s.mlprov(&["--json", "log"])).contains(&by_grace));
    assert_eq!(log(&team.as_grace(&["--json", "log"])), log(&s.mlprov(&["--json", "log"])));
    // Who may not sign checkpoints has to wait for one; then everything is under it.
    team.as_grace(&["verify", "latest"]).success().shows("asked for what was committed since");
    assert_eq!(s.mlprov(&["--json", "ledger", "audit"]).json()["result"], "sound");
}

/// By somebody else, while this clone remembers that it was admitted.
#[test]
fn whose_key_was_revoked_is_told_so_and_not_of_tampering() {
    let Some(team) = Team::made("revoked") else { return };
    team.grace();
    team.as_grace(&["init", "--yes"]).success();
    let key = team.as_grace(&["key", "request"]).stdout().trim().lines().last().unwrap().to_owned();
    team.s.mlprov(&["key", "admit", &key]).success();
    team.as_grace(&["sync"]).success();
    team.as_grace(&["run", "--", "true"]).success();
    let id = writer_in(&team.s, "grace-home").public().id();
    team.s.mlprov(&["key", "revoke", &id.to_string()]).success();
    for args in [&["run", "--", "true"][..], &["sync"]] {
        let out = team.as_grace(args);
        out.code(2).says("the log admits").says("it was revoked");
        assert!(!out.stderr().contains("tampered") && !out.stderr().contains("refusing"), "{}", out.stderr());
        assert!(out.hints().iter().any(|hint| hint.starts_with("mlprov key list")), "{:?}", out.hints());
    }
    // What waits is not lost, should it have been a mistake.
    team.s.mlprov(&["key", "admit", &key]).success();
    team.as_grace(&["sync"]).success();
    team.as_grace(&["run", "--", "true"]).success();
}

#[test]
fn without_a_network_nothing_is_lost_and_nobody_waits() {
    let Some(team) = Team::made("offline") else { return };
    let s = &team.s;
    let before = s.entries().len();
    // As if the network were gone: nobody listens there, or nobody answers. The user agrees to the new place.
    let config = s.read(".mlprov/config.toml");
    let black_hole = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", black_hole.local_addr().unwrap());
    s.write(".mlprov/config.toml", config.replace(&team.url, &silent));
    s.mlprov(&["run", "--", "true"]).success().says("waits for the ledger");
    let agreed = s.read(".git/mlprov/agreed");
    s.write(".git/mlprov/agreed", agreed.replace(&team.url, &silent));
    s.git(&["commit", "-q", "--allow-empty", "-m", "nobody answers"]);
    s.mlprov(&["run", "--", "true"]).success().says("waits for the ledger");
    s.write(".mlprov/config.toml", config.replace(&team.url, "http://127.0.0.1:9"));
    let begun = s.mlprov(&["run", "begin"]);
    let run = begun.success().stdout().trim().to_owned();
    s.mlprov(&["run", "end", &run, "--status", "UNKNOWN"]).code(3);
    s.mlprov(&["run", "end", &run]).success().says("waits for the ledger");
    // One that is killed is closed, although nobody knows yet that it began.
    s.paste("repo", "mlprov run -n killed -- sh -c 'kill -9 $PPID; sleep 0.1'").code(137);
    s.refused(2, &["sync"]).says("mlprov init");
    s.mlprov(&["init", "--yes"]).code(3);
    s.git(&["commit", "-q", "--allow-empty", "-m", "offline"]);
    s.mlprov(&["run", "-n", "offline", "--", "true"]).success().says("waits for the ledger");
    s.mlprov(&["sync"]).code(3);
    let status = s.mlprov(&["status"]);
    for what in ["commit.recorded", "run.started", "run.finished"] {
        assert!(status.stdout().contains(&format!("waiting for the ledger: {what}")), "{}", status.stdout());
    }
    assert_eq!(s.entries().len(), before, "what is known is read without a network");
    // What waits has names all the same.
    let waiting = s.json(&["show", "latest"]);
    let entries = waiting["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "{waiting:#}");
    assert!(
        entries
            .iter()
            .all(|e| e["index"].is_null() && e["statement"]["predicate"]["run"]["name"] == "offline")
    );
    let id = entries[1]["id"].as_str().unwrap();
    let short = &format!("e-{}", &id[id.len() - 8..]);
    s.mlprov(&["show", short]).success().shows("run.finished").shows("waits for the shared ledger");
    s.mlprov(&["diff", &run, "latest"]).success();
    s.mlprov(&["verify", "HEAD"]).code(3);
    let known = s.json(&["log", "--kind", "run.finished"])["entries"][0]["run"].as_str().map(str::to_owned);
    assert_eq!(known, None, "those of before were commits");
    s.mlprov(&["verify", "HEAD~2"]).code(3).shows("what was committed since is not known");
    s.write(".mlprov/config.toml", config);
    s.mlprov(&["init", "--yes"]).success();
    s.mlprov(&["sync"]).success();
    assert_eq!(team.waiting(), 0);
    let kinds: Vec<Value> = s.entries().iter().rev().map(|e| e["kind"].clone()).collect();
    // A run that has ended is one line.
    assert_eq!(kinds.len(), before + 7, "{kinds:?}");
    s.mlprov(&["verify", "latest"]).success();
    let killed = s.json(&["log", "--where", "name = killed"]);
    assert_eq!(killed["runs"][0]["status"], "UNKNOWN");
    assert_eq!(s.mlprov(&["--json", "ledger", "audit"]).json()["result"], "sound");
}

#[test]
fn requests_go_only_where_the_user_of_a_clone_agreed() {
    let Some(team) = Team::made("agreed") else { return };
    let s = &team.s;
    team.grace();
    team.as_grace(&["log"]).code(2).says("mlprov init");
    team.as_grace(&["init"]).code(2).says("trust its log's key");
    team.as_grace(&["init", "--yes"]).success();
    // A commit changes the place: the clone asks again before anything is sent there.
    let config = s.read(".mlprov/config.toml");
    fs::write(s.root().join("grace/.mlprov/config.toml"), config.replace("/team/", "/other/")).unwrap();
    team.as_grace(&["sync"]).code(2).says("nobody has agreed");
    team.as_grace(&["log"]).success();
}

#[test]
fn slips_are_refused_and_leave_everything_as_it_was() {
    let Some(team) = Team::new("slips") else { return };
    let s = &team.s;
    for (place, why) in [("s3://", "names no bucket"), ("https://x", "does not begin with s3://")] {
        s.refused(2, &["init", "--yes", "--ledger", place]).says(why);
    }
    // A bucket that is not there, a server that is not there.
    let nowhere = ["init", "--yes", "--ledger", "s3://no-such-bucket-here/x", "--endpoint-url", &team.url];
    s.mlprov(&nowhere).code(3).says("no-such-bucket-here");
    team.init("http://127.0.0.1:9").code(3);
    assert!(!s.path(".mlprov").exists());
    team.init(&team.url).success();
    let other = format!("s3://{}/other", team.s3.name());
    s.mlprov(&["init", "--yes", "--ledger", &other]).code(2).says("has its places already");
}

/// Processes of one person in several clones, all at once: each records one thing.
#[test]
fn many_processes_at_once_lose_nothing_and_say_nothing_twice() {
    let Some(team) = Team::made("many") else { return };
    let s = &team.s;
    let (clones, each) = (5, 10);
    for clone in 0..clones {
        s.git_in("", &["clone", "-q", "repo", &format!("clone-{clone}")]);
        s.mlprov_in(&format!("clone-{clone}"), &["init", "--yes", "--no-hooks"]).success();
        for n in 0..each {
            fs::write(s.root().join(format!("clone-{clone}/file-{n}")), format!("{clone} {n}")).unwrap();
        }
    }
    let before = s.entries().len();
    let line = (0..clones * each).map(|n| {
        let (clone, n) = (n / each, n % each);
        format!("(cd ../clone-{clone} && mlprov -q track file-{n} || echo failed) &")
    });
    let script = format!("{} wait", line.collect::<Vec<_>>().join(" "));
    let out = s.paste("repo", &script);
    out.success();
    assert!(!out.stdout().contains("failed"), "{}\n{}", out.stdout(), out.stderr());
    for clone in 0..clones {
        s.mlprov_in(&format!("clone-{clone}"), &["sync"]).success();
    }
    s.mlprov(&["sync"]).success();
    let entries = s.entries();
    assert_eq!(entries.len(), before + clones * each);
    for clone in (0..clones).map(|clone| format!("clone-{clone}")) {
        s.mlprov_in(&clone, &["sync", "--fetch"]).success();
        assert_eq!(s.entries_in(&clone), entries, "one history");
    }
    // Every object is part of it: none was committed where nobody looks.
    let names: Vec<String> = team.keys("commit/");
    assert!(names.iter().all(|name| !name.rsplit('/').next().unwrap().contains('.')), "{names:?}");
    assert_eq!(s.mlprov(&["--json", "ledger", "audit"]).json()["result"], "sound");
    // Whoever was killed or gone would have left something there.
    assert_eq!(team.keys("inbox/"), [] as [String; 0]);
}

impl Team {
    fn audit(&self) -> Value {
        self.s.mlprov(&["--json", "ledger", "audit", "--remote", "--versions"]).json()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let key = format!("team/ledger/{name}");
        let there = self.s3.get(&key).unwrap();
        assert!(self.s3.replace(&key, bytes, there.as_ref().map(|object| object.etag.as_str())).unwrap());
    }

    fn object(&self, name: &str) -> Vec<u8> {
        self.s3.get(&format!("team/ledger/{name}")).unwrap().unwrap().bytes
    }
}

/// Whoever owns the bucket can do anything to it. Whoever took something over before finds it.
#[test]
fn what_the_buckets_owner_does_is_found() {
    let Some(team) = Team::made("owner") else { return };
    let s = &team.s;
    s.mlprov(&["run", "--", "true"]).success();
    let sound = team.audit();
    assert_eq!(
        (&sound["result"], &sound["remote"]["remarks"]),
        (&"sound".into(), &serde_json::json!([])),
        "{sound:#}"
    );
    assert_eq!(sound["remote"]["size"], sound["size"]);
    let commits = team.keys("commit/");
    let name = |n: usize| commits[n].trim_start_matches("team/ledger/").to_owned();
    let found = |what: &str| {
        let report = team.audit();
        let findings = report["findings"].to_string();
        assert!(report["exitCode"] == 1 && findings.contains(what), "{what}: {report:#}");
    };
    // Deleted in the middle, and at the end: a rollback.
    for (n, what) in [(1, "the chain does not lead there"), (commits.len() - 1, "and this clone took over")] {
        let bytes = team.object(&name(n));
        team.s3.delete(&commits[n]).unwrap();
        found(what);
        found("a delete marker");
        team.put(&name(n), &bytes);
    }
    // Put back, it was still deleted once.
    found("a delete marker");
    assert_eq!(s.mlprov(&["--json", "ledger", "audit", "--remote"]).json()["result"], "sound");
    // Another end in the place of the last commit: a fork, which a clone that comes later cannot know of.
    let last = commits.len() - 1;
    let bytes = team.object(&name(last));
    team.put(&name(last), b"rubbish");
    found("and this clone took over");
    found("it was overwritten");
    team.put(&name(last), &bytes);
    // A checkpoint of before, one of nobody's, none.
    let checkpoint = team.object("checkpoint");
    s.mlprov(&["run", "--", "true"]).success();
    let now = team.object("checkpoint");
    team.put("checkpoint", &checkpoint);
    found("was there");
    s.mlprov(&["verify", "latest"]).code(1).shows("it was rolled back");
    s.mlprov(&["sync"]).code(1).says("it was rolled back");
    team.put("checkpoint", b"rubbish");
    found("it is none");
    team.s3.delete("team/ledger/checkpoint").unwrap();
    found("it is gone");
    team.put("checkpoint", &now);
    // A tile that is not made of the entries, and one that is gone.
    let tile = team.keys("tile/0/").pop().unwrap();
    let name = tile.trim_start_matches("team/ledger/").to_owned();
    let bytes = team.object(&name);
    team.put(&name, &[&bytes[1..], b"x"].concat());
    found("it is not made of the entries");
    team.s3.delete(&tile).unwrap();
    found("it is missing");
    team.put(&name, &bytes);
    // What counts for nothing is named, and no finding.
    team.put("inbox/rubbish", b"rubbish");
    team.put("commit/00000000000000000001.7", b"rubbish");
    let report = s.mlprov(&["--json", "ledger", "audit", "--remote"]).json();
    assert_eq!(
        (&report["result"], report["remote"]["remarks"].as_array().unwrap().len()),
        (&"sound".into(), 2),
        "{report:#}"
    );
    s.mlprov(&["ledger", "audit", "--versions"]).code(2);
}

#[test]
fn rubbish_where_the_chain_goes_on_stops_nobody() {
    let Some(team) = Team::made("void") else { return };
    let s = &team.s;
    for n in 0..3 {
        let size = s.json(&["ledger", "status"])["size"].as_u64().unwrap();
        let voids = ["", ".1", ".2"];
        for k in &voids[..n] {
            team.put(&format!("commit/{size:020}{k}"), format!("rubbish {n}").as_bytes());
        }
        s.mlprov(&["run", "--", "true"]).success();
        s.mlprov(&["verify", "latest"]).success();
    }
    let report = team.audit();
    assert_eq!(
        (&report["result"], report["remote"]["remarks"].as_array().unwrap().len()),
        (&"sound".into(), 3),
        "{report:#}"
    );
    team.grace();
    team.as_grace(&["init", "--yes"]).success();
    assert_eq!(team.as_grace(&["--json", "log"]).json()["entries"], s.json(&["log"])["entries"]);
}

/// A commit that no hook saw, made elsewhere: each clone that reconciles says the same.
#[test]
fn five_clones_record_one_web_merge_once() {
    let Some(team) = Team::made("merge") else { return };
    let s = &team.s;
    for clone in 0..5 {
        s.git_in("", &["clone", "-q", "repo", &format!("clone-{clone}")]);
        s.mlprov_in(&format!("clone-{clone}"), &["init", "--yes", "--no-hooks"]).success();
    }
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "on the web"]);
    let merge = s.head();
    for clone in 0..5 {
        s.git_in(&format!("clone-{clone}"), &["pull", "-q"]);
    }
    let line: Vec<String> =
        (0..5).map(|n| format!("(cd ../clone-{n} && mlprov -q sync || echo failed) &")).collect();
    let out = s.paste("repo", &format!("{} wait", line.join(" ")));
    assert!(!out.success().stdout().contains("failed"), "{}", out.stderr());
    s.mlprov(&["sync"]).success();
    let times = s.recorded().into_iter().filter(|commit| *commit == merge).count();
    assert_eq!(times, 1);
    assert_eq!(team.audit()["result"], "sound");
}

/// A clock is a claim: order comes from the log, and nobody whose clock is wrong stops anybody.
#[test]
fn clones_with_other_clocks_write_one_log() {
    const YEARS: i64 = 365 * 24 * 3_600_000_000;
    let Some(team) = Team::made("clocks") else { return };
    let s = &team.s;
    team.grace();
    team.as_grace(&["init", "--yes"]).success();
    let key = team.as_grace(&["key", "request"]).stdout().trim().lines().last().unwrap().to_owned();
    s.mlprov(&["key", "admit", &key]).success();
    let before = s.entries().len();
    let clones = [("repo", s.writer(), 100 * YEARS), ("grace", writer_in(s, "grace-home"), YEARS)];
    let mut expected = Vec::new();
    for n in 0..6 {
        let (clone, signer, time) = &clones[n % 2];
        s.git_in(clone, &["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "x"]);
        let commit = s.git_in(clone, &["rev-parse", "HEAD"]).trim().to_owned();
        let tree = s.git_in(clone, &["rev-parse", "HEAD^{tree}"]).trim().to_owned();
        // As the hook leaves it, by a clock that goes backwards as well.
        let time = Timestamp::from_unix_micros(time - n as i64 * 1_000_000);
        let mut body =
            record::draft(s.project_id().parse().unwrap(), Kind::CommitRecorded, time.clone(), signer);
        let source =
            serde_json::json!({ "vcs": "git", "objectFormat": "sha1", "commit": commit, "tree": tree });
        body.source = Some(serde_json::from_value(source).unwrap());
        let first = s.body_of(s.git(&["rev-list", "--max-parents=0", "HEAD"]).trim());
        body.inputs = serde_json::from_value(first["inputs"].clone()).unwrap();
        let entry = record::seal(body, signer).unwrap();
        let outbox = Outbox::new(&s.root().join(clone).join(".git/mlprov/outbox"));
        outbox.put_entries(&[entry], &time).unwrap();
        let synced = if *clone == "repo" { s.mlprov(&["sync"]) } else { team.as_grace(&["sync"]) };
        synced.success();
        expected.push(commit);
    }
    s.mlprov(&["sync"]).success();
    let recorded: Vec<String> = s.entries()[before..]
        .iter()
        .filter_map(|entry| entry["commit"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(recorded, expected, "in the order of the log");
    assert_eq!(team.audit()["result"], "sound");
    s.mlprov(&["verify", &expected[4]]).success();
}

fn writer_in(s: &Sandbox, home: &str) -> WriterKeyFile {
    let path = s.root().join(home).join(".config/mlprov/keys/writer.pem");
    WriterKeyFile::open(&path).unwrap().unwrap()
}
