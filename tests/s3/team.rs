//! A project whose ledger lies in a bucket: what its people see of it.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::skipped;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;
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
        let dir = self.s.root().join(home).join(".aws");
        fs::create_dir_all(&dir).unwrap();
        fs::write(
            dir.join("credentials"),
            "[default]\naws_access_key_id = test\naws_secret_access_key = test\n",
        )
        .unwrap();
        fs::write(dir.join("config"), "[default]\nregion = us-east-1\n").unwrap();
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
    s.mlprov(&["sync"]).success();
    assert!(recorded(&s.mlprov(&["--json", "log"])).contains(&by_grace));
    assert_eq!(log(&team.as_grace(&["--json", "log"])), log(&s.mlprov(&["--json", "log"])));
    // Who may not sign checkpoints has to wait for one; then everything is under it.
    team.as_grace(&["verify", "latest"]).success().shows("asked for what was committed since");
    assert_eq!(s.mlprov(&["--json", "ledger", "audit"]).json()["result"], "sound");
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
    assert_eq!(kinds.len(), before + 5, "{kinds:?}");
    s.mlprov(&["verify", "latest"]).success();
    assert_eq!(s.mlprov(&["--json", "ledger", "audit"]).json()["result"], "sound");
}

#[test]
fn requests_go_only_where_the_user_of_a_clone_agreed() {
    let Some(team) = Team::made("agreed") else { return };
    let s = &team.s;
    team.grace();
    team.as_grace(&["log"]).code(2).says("mlprov init");
    team.as_grace(&["init"]).code(2).says("trust its key");
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
    s.mlprov(&["init", "--yes", "--ledger", &other]).code(2).says("has its ledger already");
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
