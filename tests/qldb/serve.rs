//! `qldb serve`, asked by a client of a few lines, by the official driver, and killed.

use crate::client::Client;
use crate::client::Serving;
use crate::client::control;
use crate::client::with_table;
use crate::common::proxy::Proxy;
use crate::common::skipped;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let dir = TempDir::new().unwrap();
    let (mut serving, _) = with_table(dir.path(), &[]);
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..10u64 {
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..12u64)
            .map(|writer| {
                let (address, stop) = (serving.address.clone(), stop.clone());
                let acknowledged = acknowledged.clone();
                std::thread::spawn(move || {
                    let Ok(mut client) = Client::start(&address, "l") else { return };
                    for n in 0.. {
                        let n = round * 1_000_000 + writer * 50_000 + n;
                        let insert = client.run("INSERT INTO T ?", &[&format!("{{n: {n}}}")]);
                        if insert.is_err() || stop.load(Ordering::Relaxed) {
                            return;
                        }
                        acknowledged.lock().unwrap().insert(n);
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(30 + 37 * round));
        serving.kill();
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        serving = Serving::start(dir.path(), &[]);
        let mut client = Client::start(&serving.address, "l").unwrap();
        let mut missing = acknowledged.lock().unwrap().clone();
        for n in missing.clone() {
            if client.run("SELECT VALUE n FROM T WHERE n = ?", &[&n.to_string()]).unwrap() == [n.to_string()]
            {
                missing.remove(&n);
            }
        }
        assert!(missing.is_empty(), "round {round}: {missing:?}");
    }
    assert!(acknowledged.lock().unwrap().len() > 50, "{}", acknowledged.lock().unwrap().len());
}

#[test]
fn what_expired_is_told_as_the_drivers_know_it() {
    let dir = TempDir::new().unwrap();
    let more = ["--transaction-timeout", "1", "--session-timeout", "3"];
    let (serving, mut client) = with_table(dir.path(), &more);
    let mut open = client.begin().unwrap();
    open.execute("INSERT INTO T ?", &["{n: 1}"]).unwrap();
    std::thread::sleep(Duration::from_millis(1_200));
    let id = open.id.clone();
    let told = open.commit().unwrap_err().to_string();
    assert!(
        told.contains("InvalidSessionException") && told.contains(&format!("Transaction {id} has expired")),
        "{told}"
    );
    // The session went with it.
    let told = client.run("SELECT * FROM T", &[]).unwrap_err().to_string();
    assert!(told.contains("No such session"), "{told}");
    let mut client = Client::start(&serving.address, "l").unwrap();
    assert!(client.run("SELECT * FROM T", &[]).unwrap().is_empty(), "nothing of it was done");
    std::thread::sleep(Duration::from_millis(3_200));
    let told = client.run("SELECT * FROM T", &[]).unwrap_err().to_string();
    assert!(told.contains("InvalidSessionException") && told.contains("has expired"), "{told}");
}

#[test]
fn what_breaks_the_protocol_is_refused_and_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let (serving, mut client) = with_table(dir.path(), &[]);
    let mut open = client.begin().unwrap();
    open.execute("INSERT INTO T ?", &["{n: 1}"]).unwrap();
    let id = open.id.clone();
    let zeros = BASE64.encode([0; 32]);
    let wrong = json!({ "CommitTransaction": { "TransactionId": id, "CommitDigest": zeros } });
    let (status, told) = client.raw(wrong).unwrap();
    assert_eq!((status, &told["__type"]), (400, &json!("BadRequestException")), "{told}");
    assert!(client.run("SELECT * FROM T", &[]).unwrap().is_empty());
    for command in [
        json!({}),
        json!({ "StartTransaction": {}, "EndSession": {} }),
        json!({ "Nonsense": {} }),
        json!({ "ExecuteStatement": { "TransactionId": id, "Statement": "SELECT * FROM T" } }),
        json!({ "FetchPage": { "TransactionId": id, "NextPageToken": "x" } }),
        json!({ "StartSession": { "LedgerName": "nothing" } }),
    ] {
        let (status, told) = client.raw(command.clone()).unwrap();
        assert_eq!((status, &told["__type"]), (400, &json!("BadRequestException")), "{command}: {told}");
    }
    let mut open = client.begin().unwrap();
    for text in ["", "SELECT", "INSERT INTO T `[", "SELECT * FROM T WHERE n = ?"] {
        assert!(open.execute(text, &[]).unwrap_err().to_string().contains("BadRequestException"), "{text}");
    }
    let deep = format!("SELECT VALUE `{}` FROM T", "[".repeat(90_000));
    assert!(open.execute(&deep, &[]).unwrap_err().to_string().contains("BadRequestException"));
    // It is still there, and still serves.
    open.execute("INSERT INTO T VALUE {'n': 2}", &[]).unwrap();
    open.commit().unwrap();
    assert_eq!(client.run("SELECT VALUE n FROM T", &[]).unwrap(), ["2"]);
    for (method, path) in [("GET", "/"), ("POST", "/nothing"), ("DELETE", "/ledgers/..%2f..")] {
        let (status, told) = control(&serving.address, method, path, &json!({}));
        assert_eq!(status, 404, "{method} {path}: {told}");
    }
}

#[test]
fn with_access_keys_only_who_has_one_is_answered() {
    let dir = TempDir::new().unwrap();
    let keys = dir.path().join("keys.json");
    std::fs::write(&keys, r#"{"AKID": "very secret"}"#).unwrap();
    let serving = Serving::start(&dir.path().join("qldb"), &["--access-keys", keys.to_str().unwrap()]);
    let (status, told) = control(&serving.address, "GET", "/ledgers", &json!({}));
    assert_eq!((status, &told["__type"]), (403, &json!("MissingAuthenticationTokenException")));
    let refused = Command::new(env!("CARGO_BIN_EXE_mlprov"))
        .args(["qldb", "serve", "--listen", "0.0.0.0:0", "--dir"])
        .arg(dir.path().join("other"))
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--access-keys"));
    assert!(!dir.path().join("other").exists());
}

#[test]
fn a_directory_has_one_server() {
    let dir = TempDir::new().unwrap();
    let (_serving, _) = with_table(dir.path(), &[]);
    let second = Command::new(env!("CARGO_BIN_EXE_mlprov"))
        .args(["qldb", "serve", "--listen", "127.0.0.1:0", "--dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another server works in"));
}

/// Every bit of a journal that others follow; of the last batch no one can tell a crash from a change.
#[test]
fn a_journal_that_was_changed_is_not_served() {
    let dir = TempDir::new().unwrap();
    let (mut serving, mut client) = with_table(dir.path(), &[]);
    client.run("INSERT INTO T ?", &["{n: 1}"]).unwrap();
    let journal = dir.path().join("l/journal");
    let before = std::fs::metadata(&journal).unwrap().len() as usize;
    client.run("INSERT INTO T ?", &["{n: 2}"]).unwrap();
    serving.kill();
    let whole = std::fs::read(&journal).unwrap();
    for at in (0..before).step_by(97) {
        let mut bent = whole.clone();
        bent[at] ^= 4;
        std::fs::write(&journal, &bent).unwrap();
        let tried = Command::new(env!("CARGO_BIN_EXE_mlprov"))
            .args(["qldb", "serve", "--listen", "127.0.0.1:0", "--dir"])
            .arg(dir.path())
            .output()
            .unwrap();
        assert_eq!(tried.status.code(), Some(2), "{at}");
        assert!(String::from_utf8_lossy(&tried.stderr).contains("is damaged at byte"), "{at}");
        assert_eq!(std::fs::read(&journal).unwrap(), bent, "{at}");
    }
    // Half a batch, as a crash leaves it: set aside, and said.
    std::fs::write(&journal, &whole[..whole.len() - 3]).unwrap();
    let serving = Serving::start(dir.path(), &[]);
    let mut client = Client::start(&serving.address, "l").unwrap();
    assert_eq!(client.run("SELECT VALUE n FROM T", &[]).unwrap(), ["1"]);
    let aside = format!("journal.torn-{before}");
    assert_eq!(std::fs::read(dir.path().join("l").join(aside)).unwrap(), whole[before..whole.len() - 3]);
}

fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/pyqldb/bin/python");
    let there =
        Command::new(&python).args(["-c", "import pyqldb"]).output().is_ok_and(|out| out.status.success());
    if !there {
        skipped("pyqldb is not installed (tests/run.sh)");
    }
    there.then_some(python)
}

/// `digest`: where the ledger's digest is to be written.
fn driver(python: &Path, url: &str, ledger: &str, digest: &Path) -> std::process::Output {
    driver_as("very secret", python, url, ledger, digest)
}

fn driver_as(secret: &str, python: &Path, url: &str, ledger: &str, digest: &Path) -> std::process::Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/qldb/drivers/suite.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .arg(ledger)
        .arg(digest)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("AWS_ACCESS_KEY_ID", "AKID").env("AWS_SECRET_ACCESS_KEY", secret);
    command.env("AWS_DEFAULT_REGION", "us-east-1").env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ENDPOINT_URL_QLDB", url).env("AWS_ENDPOINT_URL_QLDB_SESSION", url);
    command.output().unwrap()
}

/// pyqldb 3.2.4, which AWS wrote for its own service, as it is; its requests are signed.
#[test]
fn the_official_python_driver_works_and_its_export_verifies() {
    let Some(python) = python() else { return };
    let dir = TempDir::new().unwrap();
    let keys = dir.path().join("keys.json");
    std::fs::write(&keys, r#"{"AKID": "very secret"}"#).unwrap();
    let root = dir.path().join("qldb");
    let serving = Serving::start(&root, &["--access-keys", keys.to_str().unwrap()]);
    let out = driver(&python, &format!("http://{}", serving.address), "drivers", &root.join("digest.json"));
    let (said, cause) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}\n{cause}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 11, "{said}");
    let other =
        driver_as("guessed", &python, &format!("http://{}", serving.address), "guessed", &root.join("none"));
    let cause = String::from_utf8_lossy(&other.stderr);
    assert!(!other.status.success() && cause.contains("InvalidSignatureException"), "{cause}");
    for form in ["ion_text", "ion_binary"] {
        let verified = Command::new(env!("CARGO_BIN_EXE_mlprov"))
            .args(["qldb", "verify-export", "--digest"])
            .arg(root.join("digest.json"))
            .arg(root.join("exports/exported").join(form))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&verified.stdout);
        assert_eq!(verified.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&verified.stderr));
        assert!(said.contains("verified: all blocks are under the digest"), "{said}");
    }
}

/// A server that answers a commit with another digest is not believed.
#[test]
fn the_official_python_driver_refuses_another_commit_digest() {
    let Some(python) = python() else { return };
    let dir = TempDir::new().unwrap();
    let serving = Serving::start(dir.path(), &[]);
    let proxy = Proxy::new(&format!("http://{}", serving.address));
    proxy.forge(|_, body| match serde_json::from_slice::<Value>(&body) {
        Ok(mut told) if told["CommitTransaction"]["CommitDigest"].is_string() => {
            told["CommitTransaction"]["CommitDigest"] = json!(BASE64.encode([7; 32]));
            serde_json::to_vec(&told).unwrap()
        }
        _ => body,
    });
    let out = driver(&python, &proxy.url, "forged", &dir.path().join("digest.json"));
    let cause = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && cause.contains("commit digest"), "{cause}");
}

/// amazon-qldb-driver-nodejs 3.1.0, as it is.
#[test]
fn the_official_node_driver_works() {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/qldb-node/node_modules");
    if !modules.join("amazon-qldb-driver-nodejs").is_dir() {
        return skipped("amazon-qldb-driver-nodejs is not installed (tests/run.sh)");
    }
    let dir = TempDir::new().unwrap();
    let keys = dir.path().join("keys.json");
    std::fs::write(&keys, r#"{"AKID": "very secret"}"#).unwrap();
    let serving = Serving::start(&dir.path().join("qldb"), &["--access-keys", keys.to_str().unwrap()]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/qldb/drivers/suite.js");
    let mut command = Command::new("node");
    command.arg(script).arg(format!("http://{}", serving.address)).arg("node").env("NODE_PATH", modules);
    command.env("AWS_ACCESS_KEY_ID", "AKID").env("AWS_SECRET_ACCESS_KEY", "very secret");
    let out = command.output().unwrap();
    let (said, cause) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}\n{cause}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 6, "{said}");
}
