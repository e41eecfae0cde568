//! A server of its own, and a client of a few lines: what a driver does, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mlprov::qldb::commit_digest::CommitDigest;
use mlprov::qldb::document;
use mlprov::qldb::hash::dot;
use mlprov::qldb::ion_hash::IonHasher;
use mlprov::qldb::ion_hash::Sha256;
use serde_json::Value;
use serde_json::json;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

/// A server of its own, which is killed in the end.
pub struct Serving {
    child: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
}

impl Serving {
    pub fn start(dir: &Path, more: &[&str]) -> Self {
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
    pub fn kill(&mut self) {
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

pub type Answer = std::io::Result<(u16, Value)>;

/// One request on a connection that stays open.
pub fn send(stream: &mut BufReader<TcpStream>, head: &str, body: &Value) -> Answer {
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
pub struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    pub fn connect(address: &str) -> std::io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }

    pub fn start(address: &str, ledger: &str) -> std::io::Result<Self> {
        let mut client = Client { stream: Self::connect(address)?, token: String::new() };
        let told = client.ask(json!({ "StartSession": { "LedgerName": ledger } }))?;
        client.token = told["StartSession"]["SessionToken"].as_str().unwrap().to_owned();
        Ok(client)
    }

    pub fn raw(&mut self, mut command: Value) -> Answer {
        if !self.token.is_empty() {
            command["SessionToken"] = json!(self.token);
        }
        let head = "POST / HTTP/1.1\r\nX-Amz-Target: QLDBSession.SendCommand\r\nContent-Type: application/x-amz-json-1.0";
        send(&mut self.stream, head, &command)
    }

    pub fn ask(&mut self, command: Value) -> std::io::Result<Value> {
        let (status, told) = self.raw(command)?;
        match status {
            200 => Ok(told),
            _ => Err(std::io::Error::other(told.to_string())),
        }
    }

    pub fn begin(&mut self) -> std::io::Result<Open<'_>> {
        let told = self.ask(json!({ "StartTransaction": {} }))?;
        let id = told["StartTransaction"]["TransactionId"].as_str().unwrap().to_owned();
        let mut hasher = IonHasher::default();
        let digest = CommitDigest::of_transaction(&id, &mut hasher);
        Ok(Open { client: self, id, digest, hasher })
    }

    /// A transaction of one statement: its rows as Ion text.
    pub fn run(&mut self, text: &str, parameters: &[&str]) -> std::io::Result<Vec<String>> {
        let mut open = self.begin()?;
        let rows = open.execute(text, parameters)?;
        open.commit()?;
        Ok(rows)
    }
}

pub struct Open<'c> {
    client: &'c mut Client,
    pub id: String,
    digest: CommitDigest,
    hasher: IonHasher<Sha256>,
}

impl Open<'_> {
    pub fn execute(&mut self, text: &str, parameters: &[&str]) -> std::io::Result<Vec<String>> {
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

    pub fn commit(self) -> std::io::Result<Value> {
        let digest = BASE64.encode(self.digest.hash().0);
        let command = json!({ "CommitTransaction": { "TransactionId": self.id, "CommitDigest": digest } });
        self.client.ask(command)
    }
}

pub fn control(address: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let mut stream = Client::connect(address).unwrap();
    send(&mut stream, &format!("{method} {path} HTTP/1.1"), body).unwrap()
}

pub fn create(address: &str, ledger: &str) {
    let asked = json!({ "Name": ledger, "PermissionsMode": "ALLOW_ALL", "DeletionProtection": false });
    assert_eq!(control(address, "POST", "/ledgers", &asked).0, 200);
}

/// A server with one ledger and a table in it.
pub fn with_table(dir: &Path, more: &[&str]) -> (Serving, Client) {
    let serving = Serving::start(dir, more);
    create(&serving.address, "l");
    let mut client = Client::start(&serving.address, "l").unwrap();
    client.run("CREATE TABLE T", &[]).unwrap();
    client.run("CREATE INDEX ON T (n)", &[]).unwrap();
    (serving, client)
}
