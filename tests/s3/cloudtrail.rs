//! CloudTrail as a witness. What it would deliver is made here, signed as its user guide says, with a key of the test's own: no
//! server at hand delivers log files.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::servers::give_credentials;
use crate::common::servers::raw;
use crate::common::skipped;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use mlprov::evidence::cloudtrail::digest::sha256_hex;
use mlprov::stores::aws::runtime::Aws;
use ring::signature::RSA_PKCS1_SHA256;
use ring::signature::RsaKeyPair;
use serde_json::Value;
use serde_json::json;
use std::fs;
use std::io::Read;
use std::io::Write;

const TRAIL: &str = "trail-logs";
const WHO: &str = "arn:aws:iam::111122223333:user/ada";
const FINGERPRINT: &str = "31e8b5433410dfb61a9dc45cc65b22ff";

/// Made by the Python that runs ministack: a PKCS #8 key, and its public half as PKCS #1.
const MAKE_KEY: &str = "\
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import *
import base64
k = rsa.generate_private_key(public_exponent=65537, key_size=2048)
print(base64.b64encode(k.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode())
print(base64.b64encode(k.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode())";

struct Witness {
    s: Sandbox,
    aws: Aws,
    client: aws_sdk_s3::Client,
    key: RsaKeyPair,
    /// Of the run: bucket, key, version id.
    versions: Vec<(String, String, String)>,
    now: jiff::Timestamp,
}

/// What lies in the bucket of the trail.
struct Delivered {
    logs: Vec<String>,
    digests: Vec<String>,
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn event(time: &str, service: &str, name: &str, asked: Value, answered: Value) -> Value {
    json!({
        "eventVersion": "1.09", "eventTime": time, "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
        "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7", "userAgent": "test",
        "userIdentity": { "type": "IAMUser", "arn": WHO, "accountId": "111122223333" },
        "requestParameters": asked, "responseElements": answered, "eventID": format!("{name}-{time}"),
    })
}

impl Witness {
    fn new() -> Option<Witness> {
        let Some(server) = Server::ministack() else {
            skipped("ministack is not installed (tests/run.sh does it)");
            return None;
        };
        for name in ["witnessed", TRAIL] {
            bucket(server, name);
        }
        let (aws, client) = raw(server);
        let s = Sandbox::git_repo();
        give_credentials(server, &s.home());
        let place = "s3://witnessed/team";
        let url = &server.url;
        let places = ["--ledger", place, "--store", place, "--endpoint-url", url];
        s.mlprov(&[&["init", "--yes", "--no-hooks"][..], &places].concat()).success();
        s.write("data/a.csv", "1\n");
        s.write("data/b.csv", "2\n");
        s.mlprov(&["track", "data"]).success();
        s.commit_all("first");
        s.mlprov(&["run", "-o", "out", "--", "sh", "-c", "echo 3 > out"]).success();

        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/testbed/ministack/bin/python");
        let made = std::process::Command::new(python).args(["-c", MAKE_KEY]).output().unwrap();
        let made = String::from_utf8(made.stdout).unwrap();
        let (private, public) = made.trim().split_once('\n').unwrap();
        let key = RsaKeyPair::from_pkcs8(&BASE64.decode(private).unwrap()).unwrap();
        let keys = json!({ "PublicKeyList": [{ "Fingerprint": FINGERPRINT, "Value": public.trim() }] });
        s.write("keys.json", keys.to_string());
        let now = jiff::Timestamp::now();
        let mut witness = Witness { s, aws, client, key, versions: Vec::new(), now };
        let nothing = witness.audit("nothing/", true);
        nothing.code(3).shows("CloudTrail delivered nothing there").shows("no events found about 3 versions");
        let report = witness.report("nothing/");
        let text = |version: &Value, name: &str| version[name].as_str().unwrap().to_owned();
        let all = report["versions"].as_array().unwrap().iter();
        witness.versions = all.map(|v| (text(v, "bucket"), text(v, "key"), text(v, "versionId"))).collect();
        assert_eq!(witness.versions.len(), 3, "two files of data, one output");
        Some(witness)
    }

    fn audit(&self, prefix: &str, with_keys: bool) -> Output {
        let bucket = format!("s3://{TRAIL}/{prefix}");
        let mut args = vec!["audit", "cloudtrail", "latest", "--bucket", &bucket];
        if with_keys {
            args.extend(["--public-keys", "keys.json"]);
        }
        self.s.mlprov(&args)
    }

    fn report(&self, prefix: &str) -> Value {
        let bucket = format!("s3://{TRAIL}/{prefix}");
        let args =
            ["--json", "audit", "cloudtrail", "latest", "--bucket", &bucket, "--public-keys", "keys.json"];
        self.s.mlprov(&args).json()
    }

    fn put(&self, key: &str, bytes: Vec<u8>, signature: Option<&str>) {
        let put = self.client.put_object().bucket(TRAIL).key(key).body(bytes.into());
        let put = signature.iter().fold(put, |put, signature| {
            put.metadata("signature", *signature).metadata("signature-algorithm", "SHA256withRSA")
        });
        self.aws.wait(put.send()).unwrap();
    }

    fn delete(&self, key: &str) {
        self.aws.wait(self.client.delete_object().bucket(TRAIL).key(key).send()).unwrap();
    }

    /// So many minutes from now.
    fn at(&self, minutes: i64) -> String {
        let moment = self.now + jiff::SignedDuration::from_mins(minutes);
        format!("{:.0}", moment)
    }

    /// Puts of all versions.
    fn puts(&self) -> Vec<Value> {
        let put = |(bucket, key, id): &(String, String, String)| {
            let asked = json!({ "bucketName": bucket, "key": key });
            event(&self.at(0), "s3", "PutObject", asked, json!({ "x-amz-version-id": id }))
        };
        self.versions.iter().map(put).collect()
    }

    /// Each hour's events in a log file of its own, and a digest over it, which names the one before.
    fn deliver(&self, prefix: &str, hours: &[Vec<Value>]) -> Delivered {
        self.deliver_as("t", prefix, hours)
    }

    fn deliver_as(&self, trail: &str, prefix: &str, hours: &[Vec<Value>]) -> Delivered {
        let of = |(n, events): (usize, &Vec<Value>)| (60 * n as i64, 60 * n as i64 + 60, events.clone());
        self.deliver_at(trail, prefix, &hours.iter().enumerate().map(of).collect::<Vec<_>>())
    }

    /// Periods from and to so many minutes from now, one after the other.
    fn deliver_at(&self, trail: &str, prefix: &str, periods: &[(i64, i64, Vec<Value>)]) -> Delivered {
        let mut delivered = Delivered { logs: Vec::new(), digests: Vec::new() };
        let mut before: Option<(String, String, String)> = None;
        for (n, (start, end, events)) in periods.iter().enumerate() {
            let (start, end) = (self.at(*start), self.at(*end));
            let compact = |time: &str| time.replace(['-', ':'], "");
            let day = end[..10].replace('-', "/");
            let base = format!("{prefix}AWSLogs/111122223333");
            let minute = format!("{}Z", &compact(&start)[..13]);
            let log = format!(
                "{base}/CloudTrail/us-east-1/{}/111122223333_CloudTrail_us-east-1_{minute}_{trail}{n}.json.gz",
                start[..10].replace('-', "/")
            );
            let records = json!({ "Records": events }).to_string();
            self.put(&log, gzip(records.as_bytes()), None);
            let key = format!(
                "{base}/CloudTrail-Digest/us-east-1/{day}/111122223333_CloudTrail-Digest_us-east-1_{trail}_us-east-1_{}.json.gz",
                compact(&end)
            );
            let (object, hash, signature) =
                before.clone().map_or_else(Default::default, |(o, h, s)| (Some(o), Some(h), Some(s)));
            let digest = json!({
                "awsAccountId": "111122223333", "digestStartTime": start, "digestEndTime": end,
                "digestS3Bucket": TRAIL, "digestS3Object": key, "digestPublicKeyFingerprint": FINGERPRINT,
                "digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": end, "oldestEventTime": start,
                "previousDigestS3Bucket": object.as_ref().map(|_| TRAIL), "previousDigestS3Object": object,
                "previousDigestHashValue": hash, "previousDigestHashAlgorithm": "SHA-256",
                "previousDigestSignature": signature,
                "logFiles": [{ "s3Bucket": TRAIL, "s3Object": log, "hashValue": sha256_hex(records.as_bytes()),
                    "hashAlgorithm": "SHA-256", "newestEventTime": end, "oldestEventTime": start }],
            });
            let digest = digest.to_string();
            let previous = signature.as_deref().unwrap_or("null");
            let signed = format!("{end}\n{TRAIL}/{key}\n{}\n{previous}", sha256_hex(digest.as_bytes()));
            let mut signature = vec![0; self.key.public().modulus_len()];
            let random = ring::rand::SystemRandom::new();
            self.key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
            let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
            self.put(&key, gzip(digest.as_bytes()), Some(&signature));
            before = Some((key.clone(), sha256_hex(digest.as_bytes()), signature));
            delivered.logs.push(log);
            delivered.digests.push(key);
        }
        delivered
    }
}

/// One request of JSON 1.1, and its answer. What was asked.
fn answer_once(listener: &std::net::TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut asked = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&asked).contains('}') {
        let n = stream.read(&mut buffer).unwrap();
        assert!(n > 0, "{}", String::from_utf8_lossy(&asked));
        asked.extend_from_slice(&buffer[..n]);
    }
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\ncontent-length";
    write!(stream, "{head}: {}\r\n\r\n{answer}", answer.len()).unwrap();
    String::from_utf8_lossy(&asked).into_owned()
}

#[test]
fn what_cloudtrail_saw_of_a_run_is_told_and_held_against_its_signatures() {
    let Some(w) = Witness::new() else { return };
    let (bucket, key, id) = w.versions[0].clone();
    let versions = |status: &str| {
        let asked = json!({ "bucketName": bucket, "VersioningConfiguration": { "Status": status } });
        event(&w.at(1), "s3", "PutBucketVersioning", asked, Value::Null)
    };
    let versioning = versions("Enabled");
    let elsewhere = event(&w.at(1), "s3", "PutBucketPolicy", json!({ "bucketName": "another" }), Value::Null);
    let hours = [w.puts(), vec![versioning.clone(), elsewhere], vec![]];

    // All of it, as it was delivered.
    w.deliver("sound/", &hours);
    w.audit("sound/", true).code(0).shows("3 of 3 were seen when they were written").shows(WHO);
    let report = w.report("sound/");
    assert_eq!(
        (&report["digests"], &report["logFiles"], &report["events"]),
        (&3.into(), &3.into(), &5.into())
    );
    assert_eq!(report["others"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["others"][0]["event"], "s3:PutBucketVersioning");
    assert_eq!(report["versions"][0]["put"]["from"], "203.0.113.7");
    // Two trails deliver to one bucket: each has a chain of its own.
    w.deliver_as("t", "two/", &hours);
    w.deliver_as("u", "two/", &hours);
    w.audit("two/", true).code(0);
    // Without a file CloudTrail is asked for its keys; here a server that answers as its API says.
    let keys = w.s.read("keys.json");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || answer_once(&listener, &keys));
    let args = ["audit", "cloudtrail", "latest", "--bucket", "s3://trail-logs/sound/"];
    let mut command = w.s.prepared(&args);
    command.env("AWS_ENDPOINT_URL_CLOUDTRAIL", &url);
    Output::of("mlprov", &args, &mut command).code(0);
    let asked = asked.join().unwrap().to_lowercase();
    assert!(asked.contains("listpublickeys") && asked.contains("starttime"), "{asked}");
    // Whoever has no key of CloudTrail's cannot say that it holds.
    w.audit("sound/", false).code(3).shows("AWS is not asked").says("list-public-keys");

    // Everything that was delivered, changed or taken away.
    type Change<'a> = (&'a str, &'a dyn Fn(&Delivered), i32, &'a str);
    let other = gzip(json!({ "Records": [] }).to_string().as_bytes());
    let changes: [Change<'_>; 6] = [
        ("log-changed/", &|d| w.put(&d.logs[0], other.clone(), None), 1, "its hash is not the one"),
        ("log-gone/", &|d| w.delete(&d.logs[0]), 1, "it is gone: a digest names it"),
        ("log-broken/", &|d| w.put(&d.logs[0], b"no gzip".to_vec(), None), 1, "altered     log file"),
        ("digest-changed/", &|d| w.put(&d.digests[1], other.clone(), Some("00")), 1, "altered     digest"),
        ("digest-gone/", &|d| w.delete(&d.digests[1]), 1, "missing     digest"),
        ("digests-gone/", &|d| d.digests.iter().for_each(|key| w.delete(key)), 3, "named by no digest"),
    ];
    for (prefix, change, code, what) in changes {
        change(&w.deliver(prefix, &hours));
        w.audit(prefix, true).code(code).shows(what);
    }
    // One digest in the place of another one of the same trail; and one that names another hash.
    let d = w.deliver("digest-forged/", &hours);
    let get = w.client.get_object().bucket(TRAIL).key(&d.digests[2]);
    let last = w.aws.wait(get.send()).unwrap();
    let signature = last.metadata().unwrap()["signature"].clone();
    let compressed = w.aws.wait(last.body.collect()).unwrap().into_bytes();
    let text = String::from_utf8(mlprov::evidence::cloudtrail::inflate(&compressed[..]).unwrap()).unwrap();
    let at = text.find("\"hashValue\":\"").unwrap() + 13;
    let forged = format!("{}{}{}", &text[..at], "0".repeat(64), &text[at + 64..]);
    w.put(&d.digests[2], gzip(forged.as_bytes()), Some(&signature));
    w.audit("digest-forged/", true).code(1).shows("its signature does not hold");
    let d = w.deliver("digest-moved/", &hours);
    let get = w.client.get_object().bucket(TRAIL).key(&d.digests[0]);
    let first = w.aws.wait(get.send()).unwrap();
    let signature = first.metadata().unwrap()["signature"].clone();
    let bytes = w.aws.wait(first.body.collect()).unwrap().into_bytes().to_vec();
    w.put(&d.digests[2], bytes, Some(&signature));
    w.audit("digest-moved/", true).code(1).shows("it was delivered to another place");

    // What happened to the versions since, and to what keeps them.
    let asked = json!({ "bucketName": bucket, "key": key, "versionId": id });
    let deleted = event(&w.at(2), "s3", "DeleteObject", asked.clone(), Value::Null);
    let mut refused = deleted.clone();
    refused["errorCode"] = "AccessDenied".into();
    let other = event(
        &w.at(2),
        "s3",
        "DeleteObject",
        json!({ "bucketName": bucket, "key": key, "versionId": "x" }),
        Value::Null,
    );
    let marker =
        event(&w.at(2), "s3", "DeleteObject", json!({ "bucketName": bucket, "key": key }), Value::Null);
    let several = event(&w.at(2), "s3", "DeleteObjects", json!({ "bucketName": bucket }), Value::Null);
    let stopped = event(&w.at(2), "cloudtrail", "StopLogging", json!({ "name": "t" }), Value::Null);
    let later = event(
        &w.at(2),
        "s3",
        "PutObject",
        json!({ "bucketName": bucket, "key": key }),
        json!({ "x-amz-version-id": "later" }),
    );
    for (prefix, since, code, what) in [
        ("deleted/", deleted, 1, "s3:DeleteObject by"),
        ("refused/", refused, 0, "witnessed"),
        ("other/", other, 0, "witnessed"),
        ("marker/", marker, 1, "s3:DeleteObject by"),
        ("several/", several, 1, "the event does not say which"),
        ("stopped/", stopped, 1, "nothing was logged from then on"),
        ("later/", later, 0, "s3:PutObject by"),
    ] {
        w.deliver(prefix, &[w.puts(), vec![since]]);
        w.audit(prefix, true).code(code).shows(what);
    }
    // What was done before there was the version, and what may have changed what is logged or kept.
    let before =
        event(&w.at(-5), "s3", "DeleteObject", json!({ "bucketName": bucket, "key": key }), Value::Null);
    let all_before = event(&w.at(-5), "s3", "DeleteObjects", json!({ "bucketName": bucket }), Value::Null);
    let selectors =
        event(&w.at(2), "cloudtrail", "PutEventSelectors", json!({ "trailName": "t" }), Value::Null);
    let lifecycle = event(
        &w.at(2),
        "s3",
        "PutBucketLifecycleConfiguration",
        json!({ "bucketName": bucket }),
        Value::Null,
    );
    for (prefix, event, code, what) in [
        ("before/", before, 0, "witnessed"),
        ("all-before/", all_before, 0, "witnessed"),
        ("selectors/", selectors, 3, "from then on other events may be logged"),
        ("lifecycle/", lifecycle, 3, "delete without an event"),
        ("suspended/", versions("Suspended"), 1, "no versions were kept from then on"),
    ] {
        let mut events = w.puts();
        events.push(event);
        w.deliver(prefix, &[events]);
        w.audit(prefix, true).code(code).shows(what);
    }
    // A digest of the first hour that is looked at names a log file of the day before, which nobody asked about.
    let midnight = (w.now - jiff::SignedDuration::from_hours(25)).to_string();
    let midnight: jiff::Timestamp = format!("{}T00:00:00Z", &midnight[..10]).parse().unwrap();
    let minutes = midnight.duration_since(w.now).as_mins();
    let nothing = Vec::new();
    let periods =
        [(minutes - 40, minutes + 20, nothing.clone()), (minutes + 20, 0, nothing), (0, 60, w.puts())];
    w.deliver_at("t", "midnight/", &periods);
    w.audit("midnight/", true).code(0);
    // Whoever takes the last files away says no more than that they are not there.
    let gone = event(&w.at(2), "s3", "DeleteObject", asked, Value::Null);
    let d = w.deliver_at("t", "ended/", &[(-360, -300, w.puts()), (-300, -10, vec![gone])]);
    w.audit("ended/", true).code(1);
    w.delete(&d.logs[1]);
    w.delete(&d.digests[1]);
    w.audit("ended/", true).code(3).shows("what came later is not known");
    // A log file that somebody put beside the others takes nobody's place.
    let d = w.deliver("planted/", &hours);
    let mut planted = w.puts()[0].clone();
    planted["userIdentity"]["arn"] = "arn:aws:iam::111122223333:user/mallory".into();
    planted["eventTime"] = w.at(1).into();
    let records = json!({ "Records": [planted] }).to_string();
    w.put(&d.logs[0].replace("_t0", "_x"), gzip(records.as_bytes()), None);
    w.audit("planted/", true).code(3).shows("named by no digest");
    assert_eq!(w.report("planted/")["versions"][0]["put"]["who"], WHO);
    // A prefix may be called as it likes.
    w.deliver("x/CloudTrail/", &hours);
    w.audit("x/CloudTrail/", true).code(0);
    // Without data events nothing can be said of the data; and what CloudTrail did not sign yet is not validated.
    w.deliver("off/", &[vec![versioning]]);
    w.audit("off/", true).code(3).shows("S3 data events are off, or were not delivered");
    w.deliver("some/", &[w.puts()[1..].to_vec()]);
    w.audit("some/", true).code(3).shows("no event found of 1 of 3");
    let d = w.deliver("early/", &[vec![], w.puts()]);
    w.delete(&d.digests[1]);
    w.audit("early/", true)
        .code(3)
        .shows("not under a digest yet")
        .shows("in log files that are not validated");
    // Nothing before the time asked about.
    let late = w.at(48 * 60);
    let args = ["audit", "cloudtrail", "latest", "--bucket", "s3://trail-logs/sound", "--since", &late];
    w.s.mlprov(&args).code(3);
    w.s.mlprov(&["audit", "cloudtrail", "latest", "--bucket", "s3://trail-logs", "--since", "soon"]).code(2);
    w.s.mlprov(&["audit", "cloudtrail", "latest"]).code(2).says("the settings name no trail");
    let config = w.s.read(".mlprov/config.toml");
    w.s.write(
        ".mlprov/config.toml",
        format!("{config}\n[aws]\ntrail = true\ntrail_bucket = \"trail-logs\"\n"),
    );
    w.s.mlprov(&["audit", "cloudtrail", "latest"]).code(3).shows("in s3://trail-logs");
    fs::write(w.s.path("keys.json"), "{}").unwrap();
    w.audit("sound/", true).code(2).says("--public-keys");
}
