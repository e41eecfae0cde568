//! A project in a bucket, as an earlier mlprov left it: what git and the bucket hold of it, and nothing else.

use crate::common::Sandbox;
use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use crate::frozen;
use crate::here;
use crate::tar;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::local::keys::WriterKeyFile;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The log says that it goes on there.
const BUCKET: &str = "golden-team";

/// Two clones with logs of their own, of which one moved into a bucket and the other followed: entries of every kind that
/// is written.
fn make(server: &Server, archive: &Path) {
    let s3 = bucket(server, BUCKET);
    let s = Sandbox::repo();
    let grace = |args: &[&str]| s.mlprov_as("grace-home", "grace", args);
    give_credentials(server, &s.home());
    give_credentials(server, &s.root().join("grace-home"));
    s.write("data/a.csv", "x,y\n1,2\n");
    s.write("hyper.yaml", "lr: 0.1\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("data");
    s.git(&["commit", "-q", "--amend", "-m", "the data"]);
    let train = "echo 'acc: 0.9' > m.yaml; echo model > model.bin; echo plot > plot.svg";
    let what = ["-d", "data", "-p", "hyper.yaml", "-m", "m.yaml", "-o", "plot.svg"];
    let model = ["--model", "model.bin", "--model-group", "shop"];
    s.mlprov(&[&["run"][..], &what, &model, &["--", "sh", "-c", train]].concat()).success();
    s.git_in("", &["clone", "-q", "--bare", "repo", "hub.git"]);
    // The record names it: nothing of this machine.
    s.git(&["remote", "add", "origin", "../hub.git"]);
    s.git_in("", &["clone", "-q", "hub.git", "grace"]);
    s.git_in("grace", &["remote", "set-url", "origin", "../hub.git"]);
    grace(&["init", "--yes", "--no-hooks"]).success();
    fs::write(s.root().join("grace/hers.csv"), "hers\n").unwrap();
    grace(&["track", "hers.csv"]).success();
    grace(&["run", "-n", "hers", "--", "true"]).success();
    grace(&["sync"]).success();

    let place = format!("s3://{}/team", s3.name());
    s.mlprov(&["migrate", "--yes", "--ledger", &place, "--store", &place, "--endpoint-url", &server.url])
        .success();
    let key = |home: &str| {
        let file = s.root().join(home).join(".config/mlprov/keys/writer.pem");
        WriterKeyFile::open(&file).unwrap().unwrap().public().to_base64()
    };
    s.mlprov(&["key", "admit", &key("grace-home")]).success();
    fs::copy(s.path(".mlprov/config.toml"), s.root().join("grace/.mlprov/config.toml")).unwrap();
    grace(&["migrate", "--yes"]).success();
    grace(&["key", "rotate"]).success();
    grace(&["run", "-n", "after", "--", "true"]).success();
    let (other, _) = WriterKeyFile::open_or_create(&s.root().join("other.pem")).unwrap();
    s.mlprov(&["key", "admit", &other.public().to_base64()]).success();
    s.mlprov(&["key", "revoke", &other.public().id().to_string()]).success();
    s.git(&["add", "-A"]);
    s.git(&["commit", "-q", "-m", "moved"]);
    s.mlprov(&["run", "-n", "last", "--", "true"]).success();
    s.mlprov(&["sync"]).success();
    s.git(&["push", "-q", "origin", "HEAD"]);

    let golden = s.root().join("golden");
    for key in s3.list("", None).unwrap() {
        let file = golden.join("bucket").join(&key);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, s3.get(&key).unwrap().unwrap().bytes).unwrap();
    }
    s.git_in("", &["clone", "-q", "--bare", "hub.git", "golden/hub.git"]);
    s.git_in("golden/hub.git", &["remote", "remove", "origin"]);
    fs::remove_dir_all(golden.join("hub.git/hooks")).unwrap();
    let owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"];
    let place = ["-C", s.root().to_str().unwrap(), "golden"];
    tar(&[&["-czf", archive.to_str().unwrap()][..], &owner, &place].concat());
}

#[test]
fn an_old_team_reads_and_verifies_as_it_did() {
    let Some(server) = Server::ministack() else {
        skipped("ministack is not installed (tests/run.sh does it)");
        return;
    };
    let archive = here().join("team.tar.gz");
    if std::env::var("MLPROV_UPDATE").is_ok_and(|what| what == "archive") && !archive.exists() {
        make(server, &archive);
        panic!("it was made: enter its SHA-256, and run this again (the bucket is taken)");
    }
    frozen(&archive);
    let s = Sandbox::new();
    tar(&["-xzf", archive.to_str().unwrap(), "-C", s.root().to_str().unwrap()]);
    let s3 = bucket(server, BUCKET);
    let objects = s.root().join("golden/bucket");
    let mut keys: Vec<String> = Vec::new();
    let mut dirs = vec![objects.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            match entry.path().is_dir() {
                true => dirs.push(entry.path()),
                false => keys.push(entry.path().strip_prefix(&objects).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    for key in &keys {
        assert!(s3.put_new(key, &fs::read(objects.join(key)).unwrap()).unwrap(), "{key}");
    }
    fs::remove_dir(s.path("")).unwrap();
    s.git_in("", &["clone", "-q", "golden/hub.git", "repo"]);
    // Where the bucket is today.
    let mut config: toml_edit::DocumentMut = s.read(".mlprov/config.toml").parse().unwrap();
    for table in ["ledger", "store"] {
        config[table]["endpoint"] = toml_edit::value(&server.url);
    }
    s.write(".mlprov/config.toml", config.to_string());
    give_credentials(server, &s.home());
    s.mlprov(&["init", "--yes", "--no-hooks"]).success();
    let audit = s.mlprov(&["--json", "ledger", "audit", "--remote", "--versions"]);
    assert_eq!(audit.success().json()["result"], "sound");
    let (mut shown, mut names) = (Vec::new(), BTreeSet::new());
    for entry in s.entries() {
        shown.push(s.json(&["show", entry["id"].as_str().unwrap()]));
        if let Some(name) = entry["name"].as_str() {
            let verified = s.mlprov(&["--json", "verify", entry["run"].as_str().unwrap()]).json();
            // S3 draws version ids: those of then cannot be given to another bucket.
            let links = verified["reports"][0]["links"].as_array().unwrap();
            let gone = |link: &&Value| link["verdict"] == "missing" && link["link"] == "input";
            let (gone, rest): (Vec<&Value>, Vec<&Value>) = links.iter().partition(gone);
            assert!(rest.len() > 10, "{name}: {verified:#}");
            assert!(rest.iter().all(|link| link["verdict"] == "intact"), "{name}: {verified:#}");
            names.insert((name.to_owned(), gone.len()));
        }
    }
    let expected = [("after", 0), ("hers", 0), ("last", 1)];
    assert_eq!(names, expected.map(|(name, gone)| (name.to_owned(), gone)).into());
    let now = serde_json::json!({ "log": s.json(&["log"]), "show": shown });
    crate::compare(&here().join("team.json"), &now);
}
