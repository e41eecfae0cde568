//! A run where there is no repository, laid out like /opt/ml of a SageMaker training job.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::ask_elsewhere;
use crate::common::servers::bucket;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const TRAIN: &str =
    "cat input/data/training/a.csv > model/weights.bin && echo '{\"acc\": 0.9}' > output/metrics.json";

/// A launcher's repository, and a directory `ml` of another machine: no `.git`, no home, no git, code that is read-only.
struct Job {
    s: Sandbox,
    server: &'static Server,
    proxy: Proxy,
}

impl Job {
    fn new(name: &str) -> Option<Job> {
        let Some(server) = Server::ministack() else {
            skipped("ministack is not installed (tests/run.sh does it)");
            return None;
        };
        bucket(server, name);
        let job = Job { s: Sandbox::git_repo(), server, proxy: Proxy::new(&server.url) };
        let (s, place) = (&job.s, format!("s3://{name}/team"));
        give_credentials(server, &s.home());
        let url = &job.proxy.url;
        let args =
            ["init", "--yes", "--no-hooks", "--ledger", &place, "--store", &place, "--endpoint-url", url];
        s.mlprov(&args).success();
        s.write("data/a.csv", "1\n");
        s.write("train.sh", TRAIN);
        s.mlprov(&["track", "data"]).success();
        s.commit_all("first");
        s.mlprov(&["sync"]).success();
        for below in ["code", "input/data/training", "model", "output", "tmp", "bin"] {
            fs::create_dir_all(s.root().join("ml").join(below)).unwrap();
        }
        fs::copy(s.path("train.sh"), s.root().join("ml/code/train.sh")).unwrap();
        fs::set_permissions(s.root().join("ml/code"), fs::Permissions::from_mode(0o555)).unwrap();
        fs::copy(s.path("data/a.csv"), s.root().join("ml/input/data/training/a.csv")).unwrap();
        // A path without git: what is needed of it is in the program.
        for program in ["sh", "cat", "true"] {
            std::os::unix::fs::symlink(format!("/bin/{program}"), s.root().join("ml/bin").join(program))
                .unwrap();
        }
        Some(job)
    }

    /// A capsule in `ml/source.json`; what was said of it, and the text of its key.
    fn export(&self, more: &[&str]) -> (Value, String) {
        let out = self.s.json(&[&["source", "export", "-o", "../ml/source.json"], more].concat());
        let key = fs::read_to_string(out["keyFile"].as_str().unwrap()).unwrap();
        (out, key)
    }

    fn there(&self, key: Option<&str>, args: &[&str]) -> Output {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_mlprov"));
        Output::of("mlprov", args, &mut self.in_job(program, key, args))
    }

    fn in_job(&self, program: &std::path::Path, key: Option<&str>, args: &[&str]) -> assert_cmd::Command {
        let root = self.s.root();
        let mut command = self.s.command(program, "ml");
        command.args(args).env_clear().current_dir(root.join("ml"));
        command.env("PATH", root.join("ml/bin")).env("TMPDIR", root.join("ml/tmp"));
        command.env("MLPROV_NO_PROGRESS", "1").env("AWS_REGION", "us-east-1").env("AWS_MAX_ATTEMPTS", "1");
        command.env("AWS_ACCESS_KEY_ID", self.server.access_key);
        command.env("AWS_SECRET_ACCESS_KEY", self.server.secret_key);
        if let Some(key) = key {
            command.env("MLPROV_WRITER_KEY", key);
        }
        command
    }

    fn train(&self, key: &str) -> Output {
        let what = ["--json", "run", "--source", "source.json", "-d", "data=input/data/training"];
        let made = ["-o", "model", "-m", "output/metrics.json", "--", "sh", "code/train.sh"];
        self.there(Some(key), &[&what[..], &made].concat())
    }

    fn kinds(&self) -> Vec<String> {
        self.s.mlprov(&["sync"]).success();
        self.s.entries().iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_run_without_a_repository_is_recorded_and_verified() {
    let Some(job) = Job::new("capsule-run") else { return };
    let s = &job.s;
    let (exported, key) = job.export(&[]);
    let before = crate::common::Listing::of(&s.root().join("ml/code"));
    let ran = job.train(&key);
    ran.success();
    let report = ran.json();
    assert_eq!((&report["status"], &report["run"]), (&"COMPLETE".into(), &exported["run"]));
    assert!(report["index"].is_u64() && report["inputs"] == serde_json::json!(["data"]), "{report}");
    assert!(!s.root().join("ml/.git").exists() && !s.root().join("ml/.mlprov").exists());
    before.assert_same(&crate::common::Listing::of(&s.root().join("ml/code")));

    let run = report["run"].as_str().unwrap();
    s.mlprov(&["sync"]).success(); // whoever has the log's key signs for it
    let verified = s.json(&["verify", run]);
    assert_eq!(verified["reports"][0]["result"], "verified", "{verified}");
    let links = verified["reports"][0]["links"].as_array().unwrap();
    let delegation = links.iter().find(|link| link["link"] == "delegation").unwrap();
    assert!(
        delegation["detail"].as_str().unwrap().contains("not seen by the machine that ran"),
        "{delegation}"
    );
    s.mlprov(&["verify", run]).success().shows("no repository was there, and its launcher says so");
    let shown = s.json(&["show", run]).to_string();
    assert!(shown.contains("0.9") && shown.contains(&s.head()), "{shown}");
    s.mlprov(&["restore", "--run", run, "--to", "../made"]).success();
    assert_eq!(fs::read(s.root().join("made/model/weights.bin")).unwrap(), b"1\n");

    // The same capsule, here and on another machine.
    job.train(&key).code(2).says("was begun already");
    fs::remove_dir_all(s.root().join("ml/tmp")).unwrap();
    fs::create_dir(s.root().join("ml/tmp")).unwrap();
    job.train(&key).code(2).says("was begun already");
    let kinds = job.kinds();
    let of_runs: Vec<&String> = kinds.iter().filter(|kind| kind.starts_with("run.")).collect();
    assert_eq!(of_runs, ["run.delegated", "run.finished"]);
}

/// Of several that begin with one capsule at the same moment, one runs; the others are told, and leave nothing behind.
#[test]
fn one_capsule_is_one_run_however_many_machines_have_it() {
    let Some(job) = Job::new("capsule-twice") else { return };
    for round in 0..4 {
        let (exported, key) = job.export(&[]);
        let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
            let run = |n: usize| {
                let tmp = job.s.root().join(format!("tmp-{round}-{n}"));
                fs::create_dir(&tmp).unwrap();
                let args = ["run", "--source", "source.json", "--", "true"];
                let program = std::path::Path::new(env!("CARGO_BIN_EXE_mlprov"));
                let mut command = std::process::Command::new(program);
                let prepared = job.in_job(program, Some(&key), &args);
                command.env_clear().args(args).current_dir(job.s.root().join("ml"));
                command.envs(prepared.get_envs().filter_map(|(key, value)| Some((key, value?))));
                command.env("TMPDIR", tmp).stdout(std::process::Stdio::null());
                command.stderr(std::process::Stdio::null());
                scope.spawn(move || command.status().unwrap().code())
            };
            let running: Vec<_> = (0..3).map(run).collect();
            running.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
        let run = exported["run"].as_str().unwrap();
        job.s.mlprov(&["sync"]).success();
        job.s.mlprov(&["verify", run]).success();
    }
}

#[test]
fn a_run_that_took_longer_than_it_was_given_is_kept_and_can_be_given_more() {
    let Some(job) = Job::new("capsule-late") else { return };
    let s = &job.s;
    let (exported, key) = job.export(&["--valid-for", "3s"]);
    let run = exported["run"].as_str().unwrap();
    let wait =
        ["run", "--source", "source.json", "-o", "model", "--", "sh", "-c", "echo m > model/m; sleep 4"];
    std::os::unix::fs::symlink("/bin/sleep", s.root().join("ml/bin/sleep")).unwrap();
    let ran = job.there(Some(&key), &wait);
    ran.code(70).says("it was valid until").says("mlprov source extend");
    let sync = ["sync", "--source", "source.json"];
    job.there(Some(&key), &sync).code(2).says("its end waits here");
    // Only whoever gave the right gives it for longer.
    s.mlprov(&["source", "extend", "../ml/source.json", "--valid-for", "1h"])
        .success()
        .shows("may be recorded until");
    job.there(Some(&key), &sync).success();
    s.mlprov(&["sync"]).success();
    s.mlprov(&["verify", run]).success();
    s.mlprov(&["source", "export", "-o", "x.json", "--valid-for", "4000d"]).code(2);
}

#[test]
fn a_run_that_was_killed_is_closed_where_it_was() {
    let Some(job) = Job::new("capsule-killed") else { return };
    let (exported, key) = job.export(&[]);
    let kill = ["run", "--source", "source.json", "--", "sh", "-c", "kill -9 $PPID"];
    assert_eq!(job.there(Some(&key), &kill).exit_code(), None);
    job.there(Some(&key), &["sync", "--source", "source.json"]).success();
    job.s.mlprov(&["sync"]).success();
    let run = exported["run"].as_str().unwrap();
    job.s.mlprov(&["verify", run]).code(1).shows("UNKNOWN");
}

/// A key for one run is none for anything else, and nothing that the command calls can read it.
#[test]
fn a_key_for_one_run_is_used_for_it_alone() {
    let Some(job) = Job::new("capsule-key") else { return };
    let (s, (_, key)) = (&job.s, job.export(&[]));
    let before = s.entries().len();
    let args = ["run", "--", "true"];
    let mut command = s.prepared(&args);
    command.env("MLPROV_WRITER_KEY", &key);
    Output::of("mlprov", &args, &mut command).code(2).says("does not admit your writer key");
    s.mlprov(&["run", "--", "true"]).success();
    assert_eq!(s.entries().len(), before + 1, "nothing stands in the way");
    let args = ["run", "--source", "source.json", "--", "sh", "-c", "test -z \"$MLPROV_WRITER_KEY\""];
    job.there(Some(&key), &args).success();
    // A key that is not in PEM form may be one all the same.
    for given in [format!("\"{key}"), key.replace("-----", "")] {
        let out = job.there(Some(&given), &["run", "--source", "source.json", "--", "true"]);
        let secret = key.lines().nth(1).unwrap();
        assert!(out.exit_code() == Some(2) && !out.stderr().contains(secret), "{}", out.stderr());
    }
    // What the log does not delegate is not read there.
    let other = ["run", "--source", "source.json", "-d", "s3://capsule-key/other/", "--", "true"];
    let (_, key) = job.export(&[]);
    job.there(Some(&key), &other).code(2).says("only data that the capsule names counts");
    // A capsule that cannot be written delegates nothing.
    let size = s.entries().len();
    s.mlprov(&["source", "export", "-o", "/proc/no/source.json"]).code(3);
    assert_eq!(s.entries().len(), size);
}

/// The entry point that docs/source.md gives, with SageMaker's variables.
#[test]
fn the_recipe_for_training_jobs_records_a_run() {
    let Some(job) = Job::new("capsule-recipe") else { return };
    let (_, key) = job.export(&[]);
    let (s, ml) = (&job.s, job.s.root().join("ml"));
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/source.md")).unwrap();
    let script = docs.split("```").find(|block| block.contains("# entry.sh")).unwrap();
    let script = script.strip_prefix("sh\n").unwrap();
    fs::set_permissions(ml.join("code"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(ml.join("code/entry.sh"), script).unwrap();
    fs::write(ml.join("code/train.sh"), TRAIN.replace("output/", "output/data/")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mlprov"), ml.join("code/mlprov")).unwrap();
    fs::copy(ml.join("source.json"), ml.join("code/source.json")).unwrap();
    for below in ["input/config", "output/data"] {
        fs::create_dir_all(ml.join(below)).unwrap();
    }
    fs::write(ml.join("input/config/hyperparameters.json"), "{\"lr\": \"0.01\"}").unwrap();
    fs::set_permissions(ml.join("code"), fs::Permissions::from_mode(0o555)).unwrap();
    let arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/fraud";
    let mut command = job.in_job(std::path::Path::new("/bin/sh"), Some(&key), &["code/entry.sh"]);
    command.env("SM_MODEL_DIR", ml.join("model")).env("SM_MODULE_DIR", ml.join("code"));
    command.env("SM_CHANNEL_TRAINING", ml.join("input/data/training")).env("TRAINING_JOB_ARN", arn);
    Output::of("sh", &["code/entry.sh"], &mut command).success();
    s.mlprov(&["sync"]).success();
    s.mlprov(&["verify", "latest"]).success();
    let shown = s.json(&["show", "latest"]).to_string();
    for recorded in [arn, "0.01", "output/data/metrics.json", "input/config/hyperparameters.json"] {
        assert!(shown.contains(recorded), "{recorded}: {shown}");
    }
}

#[test]
fn begun_and_ended_by_itself_and_sent_when_the_ledger_answers_again() {
    let Some(job) = Job::new("capsule-apart") else { return };
    let (exported, key) = job.export(&["--valid-for", "2h"]);
    // As a file, and with lines as an environment hands them on.
    let file = exported["keyFile"].as_str().unwrap();
    let begun = job.there(Some(file), &["run", "begin", "--source", "source.json", "-o", "model"]);
    begun.success();
    let run = begun.stdout().trim().to_owned();
    assert_eq!(run, exported["run"].as_str().unwrap());
    fs::write(job.s.root().join("ml/model/m.bin"), "m").unwrap();
    job.proxy.break_request(1, Fault::NeverSent, true);
    let one_line = key.trim().replace('\n', "\\n");
    let ended = job.there(Some(&one_line), &["run", "end", "--source", "source.json", &run]);
    assert_eq!(ended.exit_code(), Some(70), "{}", ended.stderr());
    job.proxy.mend();
    job.there(Some(&key), &["sync", "--source", "source.json"]).success().shows("went to the ledger");
    assert_eq!(job.kinds().last().unwrap(), "run.finished");
    job.s.mlprov(&["verify", &run]).success();
}

#[test]
fn what_is_not_as_the_launcher_said_is_refused() {
    let Some(job) = Job::new("capsule-refused") else { return };
    let s = &job.s;
    let (exported, key) = job.export(&[]);
    let size = job.kinds().len();
    let capsule = fs::read_to_string(s.root().join("ml/source.json")).unwrap();
    let run = ["run", "--source", "source.json", "--", "true"];
    job.there(None, &run).code(2).says("MLPROV_WRITER_KEY");
    let own = fs::read_to_string(s.keys_dir().join("writer.pem")).unwrap();
    job.there(Some(&own), &run).code(2).says("it names");
    job.there(Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), &run).code(2);
    // Other data than the capsule names.
    fs::write(s.root().join("ml/input/data/training/b.csv"), "2\n").unwrap();
    job.train(&key).code(2).says("it is not the data that the capsule names");

    let edited = |from: &str, to: &str| {
        assert!(capsule.contains(from), "{from}");
        fs::write(s.root().join("ml/source.json"), capsule.replacen(from, to, 1)).unwrap();
        job.there(Some(&key), &run)
    };
    edited("capsule-refused", "capsule-elsewhere").code(2).says("not those that were signed");
    edited("mlprov.source/1", "mlprov.source/2").code(2).says("its schema");
    // The entry with another time: sound by itself, and not what the log holds.
    let wire: Value = serde_json::from_str(&capsule).unwrap();
    let entry: Value = serde_json::from_str(wire["entry"].as_str().unwrap()).unwrap();
    let payload = entry["payload"].as_str().unwrap();
    let decoded = decode(payload);
    let until = exported["notAfter"].as_str().unwrap();
    let later = encode(&decoded.replace(until, &until.replacen("20", "21", 1)));
    edited(payload, &later).code(2).says("its id is not the one");
    let other = encode(&decoded.replace("\"version\":\"0.1.0\"", "\"version\":\"0.1.1\""));
    edited(payload, &other).code(2).says("says otherwise");

    // One that was revoked, and one whose time is over.
    fs::write(s.root().join("ml/source.json"), &capsule).unwrap();
    s.mlprov(&["key", "revoke", exported["key"].as_str().unwrap()]).success();
    job.there(Some(&key), &run).code(2).says("does not admit");
    let (_, key) = job.export(&["--valid-for", "1s"]);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    job.there(Some(&key), &run).code(2).says("it was valid until");
    assert_eq!(job.kinds().len(), size + 2, "the revocation, and another delegation");
}

/// The object that says who records: read from the clone's store.
fn disclosed(s: &Sandbox) -> Value {
    let digest = s.read(".git/mlprov/actor");
    let found = walk(&s.path(".git/mlprov/store")).into_iter().find_map(|file| {
        let bytes = fs::read(file).unwrap();
        let start = bytes.iter().position(|byte| *byte == b'{')?;
        let mut read = serde_json::Deserializer::from_slice(&bytes[start..]).into_iter::<Value>();
        let value = read.next()?.ok()?;
        (value["schema"] == "mlprov.disclosure/1").then_some(value)
    });
    found.unwrap_or_else(|| panic!("{digest}"))
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn who_records_is_disclosed_as_aws_knows_him() {
    let Some(server) = Server::ministack() else {
        return skipped("ministack is not installed (tests/run.sh does it)");
    };
    bucket(server, "disclosed");
    for (named, expected) in [(true, "arn:aws:"), (false, "")] {
        let s = Sandbox::git_repo();
        give_credentials(server, &s.home());
        let place = "s3://disclosed/".to_owned() + if named { "a" } else { "b" };
        let args = ["init", "--yes", "--no-hooks", "--ledger", &place, "--endpoint-url", &server.url];
        let mut command = s.prepared(&args);
        if named {
            command.env("AWS_ENDPOINT_URL_STS", &server.url);
        }
        Output::of("mlprov", &args, &mut command).success();
        let disclosed = disclosed(&s);
        let arn = disclosed["callerArn"].as_str().unwrap_or_default();
        // A bucket that is not AWS's tells AWS nothing.
        assert!(arn.starts_with(expected) && arn.is_empty() != named, "{disclosed}");
    }
    // The user's own AWS settings name both.
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    ask_elsewhere(&s.home(), &[("s3", &server.url), ("sts", &server.url)]);
    s.mlprov(&["init", "--yes", "--no-hooks", "--ledger", "s3://disclosed/c"]).success();
    assert!(disclosed(&s)["callerArn"].as_str().is_some_and(|arn| arn.starts_with("arn:aws:")));
}

fn decode(base64: &str) -> String {
    use base64::Engine;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(base64).unwrap()).unwrap()
}

fn encode(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
