//! `qldb serve`, asked by a client of a few lines, by the official driver, and killed.

use crate::common::proxy::Proxy;
use crate::common::skipped;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mlprov::qldb::commit_digest::CommitDigest;
use mlprov::qldb::document;
use mlprov::qldb::hash::dot;
use mlprov::qldb::ion_hash::IonHasher;
use mlprov::qldb::ion_hash::Sha256;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

/// A server of its own, which is killed in the end.
struct Serving {
    child: Child,
    /// `127.0.0.1:PORT`
    address: String,
}

impl Serving {
    fn start(dir: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlprov"));
        command.args(["--json", "qldb", "serve", "--listen", "127.0.0.1:0", "--dir"]).arg(dir).args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut told = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while !told.trim_end().ends_with('}') {
            assert!(out.read_line(&mut told).unwrap() > 0, "{told}");
        }
        let told: Value = serde_json::from_str(&told).unwrap();
        let address = told["endpoint"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Serving { child, address }
    }

    /// As a loss of power, as far as this process is concerned.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Answer = std::io::Result<(u16, Value)>;

/// One request on a connection that stays open.
fn send(stream: &mut BufReader<TcpStream>, head: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let length = body.len();
    write!(stream.get_mut(), "{head}\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((status, serde_json::from_slice(&body)?))
}

/// A session, as a driver has it.
struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    fn connect(address: &str) -> std::io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }

    fn start(address: &str, ledger: &str) -> std::io::Result<Self> {
        let mut client = Client { stream: Self::connect(address)?, token: String::new() };
        let told = client.ask(json!({ "StartSession": { "LedgerName": ledger } }))?;
        client.token = told["StartSession"]["SessionToken"].as_str().unwrap().to_owned();
        Ok(client)
    }

    fn raw(&mut self, mut command: Value) -> Answer {
        if !self.token.is_empty() {
            command["SessionToken"] = json!(self.token);
        }
        let head = "POST / HTTP/1.1\r\nX-Amz-Target: QLDBSession.SendCommand\r\nContent-Type: application/x-amz-json-1.0";
        send(&mut self.stream, head, &command)
    }

    fn ask(&mut self, command: Value) -> std::io::Result<Value> {
        let (status, told) = self.raw(command)?;
        match status {
            200 => Ok(told),
            _ => Err(std::io::Error::other(told.to_string())),
        }
    }

    fn begin(&mut self) -> std::io::Result<Open<'_>> {
        let told = self.ask(json!({ "StartTransaction": {} }))?;
        let id = told["StartTransaction"]["TransactionId"].as_str().unwrap().to_owned();
        let mut hasher = IonHasher::default();
        let digest = CommitDigest::of_transaction(&id, &mut hasher);
        Ok(Open { client: self, id, digest, hasher })
    }

    /// A transaction of one statement: its rows as Ion text.
    fn run(&mut self, text: &str, parameters: &[&str]) -> std::io::Result<Vec<String>> {
        let mut open = self.begin()?;
        let rows = open.execute(text, parameters)?;
        open.commit()?;
        Ok(rows)
    }
}

struct Open<'c> {
    client: &'c mut Client,
    id: String,
    digest: CommitDigest,
    hasher: IonHasher<Sha256>,
}

impl Open<'_> {
    fn execute(&mut self, text: &str, parameters: &[&str]) -> std::io::Result<Vec<String>> {
        let mut digest = self.hasher.sha256_of_text(text);
        for parameter in parameters {
            digest = dot(&digest, &document::read(parameter.as_bytes()).unwrap().1);
        }
        let parameters: Vec<Value> = parameters.iter().map(|ion| json!({ "IonText": ion })).collect();
        let execute = json!({ "TransactionId": self.id, "Statement": text, "Parameters": parameters });
        let told = self.client.ask(json!({ "ExecuteStatement": execute }))?;
        self.digest.add(&digest);
        let values = told["ExecuteStatement"]["FirstPage"]["Values"].as_array().unwrap();
        let row = |value: &Value| {
            let bytes = BASE64.decode(value["IonBinary"].as_str().unwrap()).unwrap();
            ion_rs::Element::read_one(bytes).unwrap().to_string()
        };
        Ok(values.iter().map(row).collect())
    }

    fn commit(self) -> std::io::Result<Value> {
        let digest = BASE64.encode(self.digest.hash().0);
        let command = json!({ "CommitTransaction": { "TransactionId": self.id, "CommitDigest": digest } });
        self.client.ask(command)
    }
}

fn control(address: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let mut stream = Client::connect(address).unwrap();
    send(&mut stream, &format!("{method} {path} HTTP/1.1"), body).unwrap()
}

fn create(address: &str, ledger: &str) {
    let asked = json!({ "Name": ledger, "PermissionsMode": "ALLOW_ALL", "DeletionProtection": false });
    assert_eq!(control(address, "POST", "/ledgers", &asked).0, 200);
}

/// A server with one ledger and a table in it.
fn with_table(dir: &Path, more: &[&str]) -> (Serving, Client) {
    let serving = Serving::start(dir, more);
    create(&serving.address, "l");
    let mut client = Client::start(&serving.address, "l").unwrap();
    client.run("CREATE TABLE T", &[]).unwrap();
    client.run("CREATE INDEX ON T (n)", &[]).unwrap();
    (serving, client)
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let dir = TempDir::new().unwrap();
    let (mut serving, _) = with_table(dir.path(), &[]);
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..8u64 {
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4u64)
            .map(|writer| {
                let (address, stop) = (serving.address.clone(), stop.clone());
                let acknowledged = acknowledged.clone();
                std::thread::spawn(move || {
                    let Ok(mut client) = Client::start(&address, "l") else { return };
                    for n in 0.. {
                        let n = round * 1_000_000 + writer * 100_000 + n;
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
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/qldb/drivers/suite.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .arg(ledger)
        .arg(digest)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("AWS_ACCESS_KEY_ID", "AKID").env("AWS_SECRET_ACCESS_KEY", "very secret");
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
