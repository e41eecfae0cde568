//! A second clone whose embedded log was left behind when the project moved into a bucket.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::bucket;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use mlprov::app::record;
use mlprov::domain::entry::Body;
use mlprov::domain::entry::Digests;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::ObjectRef;
use mlprov::domain::ids::LogId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::batch;
use mlprov::ledger::tree::Frontier;
use mlprov::outbox::Outbox;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::WriterKeyFile;
use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;

struct Two {
    s: Sandbox,
    s3: S3,
    proxy: Proxy,
    server: &'static Server,
    /// What Grace recorded before.
    hers: Vec<String>,
}

impl Two {
    /// Ada's project, now in a bucket, and Grace's clone with a log of its own and the new settings.
    fn new(name: &str) -> Option<Two> {
        let Some(server) = Server::ministack() else {
            skipped("ministack is not installed (tests/run.sh does it)");
            return None;
        };
        let s3 = bucket(server, name);
        let (s, proxy) = (Sandbox::repo(), Proxy::new(&server.url));
        give_credentials(server, &s.home());
        s.write("data/a.csv", "1\n");
        s.mlprov(&["track", "data"]).success();
        s.commit_all("first");
        s.git_in("", &["clone", "-q", "--bare", "repo", "hub.git"]);
        let hub = s.root().join("hub.git");
        s.git(&["remote", "add", "origin", hub.to_str().unwrap()]);
        s.git_in("", &["clone", "-q", "hub.git", "grace"]);
        give_credentials(server, &s.root().join("grace-home"));
        let mut two = Two { s, s3, proxy, server, hers: Vec::new() };
        two.grace(&["init", "--yes"]).success();
        fs::write(two.s.root().join("grace/hers.csv"), "hers\n").unwrap();
        two.grace(&["track", "hers.csv"]).success();
        let run = two.grace(&[
            "--json",
            "run",
            "--model",
            "m.bin",
            "--model-group",
            "shop",
            "--",
            "sh",
            "-c",
            "echo m > m.bin",
        ]);
        two.hers.push(run.success().json()["run"].as_str().unwrap().to_owned());
        two.grace(&["verify", &two.hers[0]]).success();
        // Both know the other's log.
        two.grace(&["sync"]).success();
        two.s.mlprov(&["sync"]).success();
        let place = two.place();
        let url = two.proxy.url.clone();
        let to = ["migrate", "--yes", "--ledger", &place, "--store", &place, "--endpoint-url", &url];
        two.s.mlprov(&to).success();
        let config = two.s.read(".mlprov/config.toml");
        fs::write(two.s.root().join("grace/.mlprov/config.toml"), config).unwrap();
        Some(two)
    }

    fn place(&self) -> String {
        format!("s3://{}/team", self.s3.name())
    }

    fn grace(&self, args: &[&str]) -> Output {
        self.s.mlprov_as("grace-home", "grace", args)
    }

    fn import(&self) -> Output {
        self.grace(&["--json", "migrate", "--yes"])
    }

    fn writer(&self) -> WriterKeyFile {
        let path = self.s.root().join("grace-home/.config/mlprov/keys/writer.pem");
        WriterKeyFile::open(&path).unwrap().unwrap()
    }

    /// Ada lets her in.
    fn admit(&self) {
        self.s.mlprov(&["key", "admit", &self.writer().public().to_base64()]).success();
    }

    /// What the journal of a clone holds.
    fn journal(&self, clone: &str) -> Vec<(Body, Vec<u8>)> {
        let dir = self.s.root().join(clone).join(".git/mlprov/ledger");
        let mut entries = Vec::new();
        let ledger = LocalLedger::open(&dir).unwrap().unwrap();
        let read = ledger.read(0, &mut |stored| {
            entries.push((batch::open(stored.bytes).unwrap().1, stored.bytes.to_vec()));
            ControlFlow::Continue(())
        });
        read.unwrap();
        entries
    }

    /// Everything of hers is in the common log, once, and holds for everybody.
    fn arrived(&self, about: &str) {
        let audit = ["--json", "ledger", "audit", "--remote", "--versions"];
        let found = self.grace(&audit).json();
        let result = (&found["result"], &found["exitCode"], found["imported"].as_array().map(Vec::len));
        assert_eq!(result, (&"sound".into(), &0.into(), Some(1)), "{about}: {found:#}");
        self.s.mlprov(&["sync"]).success();
        let entries = self.journal("repo");
        let count = |kind: Kind| entries.iter().filter(|(body, _)| body.kind == kind).count();
        let counts = [Kind::Imported, Kind::RunStarted, Kind::RunFinished, Kind::DatasetTracked].map(count);
        assert_eq!(counts, [1, 1, 1, 2], "{about}");
        let ids: BTreeSet<String> = entries.iter().map(|(body, _)| body.id.to_string()).collect();
        assert_eq!(ids.len(), entries.len(), "{about}");
        for run in &self.hers {
            for verified in [self.grace(&["verify", run]), self.s.mlprov(&["verify", "--deep", run])] {
                assert_eq!(verified.exit_code(), Some(0), "{about}: {}", verified.snapshot());
            }
        }
        let left = self.s.root().join("grace/.git/mlprov/moving").exists();
        assert!(!self.going_on() && !left, "{about}");
    }

    fn going_on(&self) -> bool {
        self.s.root().join("grace/.git/mlprov/migrate.json").exists()
    }
}

#[test]
fn the_log_of_a_second_clone_comes_along() {
    let Some(mut two) = Two::new("second-log") else { return };
    let before = two.journal("grace");
    assert_eq!(before[0].0.kind, Kind::WriterAdmitted);
    // Nothing is recorded meanwhile, and every command says what to do.
    for args in [&["status"][..], &["init", "--yes"], &["run", "--", "true"], &["verify", "latest"]] {
        let refused = two.grace(args);
        refused.code(2).says("the settings name");
        assert!(
            refused.hints().iter().any(|hint| hint.starts_with("mlprov migrate")),
            "{}",
            refused.snapshot()
        );
    }
    // The common log does not know her key: nothing happens.
    let journal = fs::read(two.s.root().join("grace/.git/mlprov/ledger/journal")).unwrap();
    let refused = two.grace(&["migrate", "--yes"]);
    refused.code(2).says("does not admit");
    let line = refused.hints().into_iter().find(|hint| hint.starts_with("mlprov key admit")).unwrap();
    assert_eq!(fs::read(two.s.root().join("grace/.git/mlprov/ledger/journal")).unwrap(), journal);
    assert!(!two.s.root().join("grace/.git/mlprov/migrate.json").exists());
    let words: Vec<&str> = line.split_whitespace().skip(1).take(3).collect();
    two.s.mlprov(&words).success();
    let planned = two.grace(&["--json", "migrate", "--plan"]).success().json();
    assert_eq!(planned["entries"], before.len(), "{planned:#}");
    assert!(planned["into"].is_string() && planned["vkey"].as_str().unwrap().contains('+'), "{planned:#}");
    two.grace(&["migrate", "--plan"]).success().shows("into log");
    assert_eq!(fs::read(two.s.root().join("grace/.git/mlprov/ledger/journal")).unwrap(), journal);
    two.grace(&["migrate"]).code(2).says("--yes");

    let report = two.import().success().json();
    // All but the entry that admitted her to her own log, byte for byte, and the new places of her data.
    assert_eq!(report["imported"], before.len() as u64 - 1 + 2, "{report:#}");
    assert_eq!(two.s3.get("team/data/hers.csv").unwrap().unwrap().bytes, b"hers\n");
    two.arrived("at once");
    let after = two.journal("repo");
    let at: Vec<usize> =
        before[1..].iter().map(|b| after.iter().position(|e| e.1 == b.1).expect("it is not there")).collect();
    assert!(at.is_sorted(), "{at:?}");
    assert!(!after.iter().any(|e| e.1 == before[0].1));
    // Ada still has Grace's own log, as it was published: nothing is listed twice.
    let listed = two.s.json(&["log", "--kind", "run.finished"]);
    assert_eq!(listed["entries"].as_array().unwrap().len(), 1, "{listed:#}");
    // It goes on.
    two.grace(&["migrate", "--yes"]).code(2).says("--ledger");
    let run =
        two.grace(&["--json", "run", "--", "true"]).success().json()["run"].as_str().unwrap().to_owned();
    // Ada has the key that signs checkpoints.
    two.s.mlprov(&["sync"]).success();
    two.grace(&["verify", &run]).success();
    two.s.mlprov(&["verify", &run]).success();
    two.hers.push(run);
    // With nothing but git and the bucket.
    let s = &two.s;
    s.git(&["add", "-A"]);
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "moved"]);
    s.git(&["push", "-q", "origin", "HEAD"]);
    s.git_in("", &["clone", "-q", "hub.git", "fresh"]);
    give_credentials(two.server, &s.root().join("fresh-home"));
    let fresh = |args: &[&str]| s.mlprov_as("fresh-home", "fresh", args);
    fresh(&["init", "--yes", "--no-hooks"]).success();
    two.hers.iter().for_each(|run| _ = fresh(&["verify", run]).success());
    let audit = fresh(&["--json", "ledger", "audit"]).success().json();
    assert_eq!(audit["result"], "sound", "{audit:#}");
}

/// The evidence is not what it was: said by `audit`, and by nobody believed.
#[test]
fn an_import_is_held_against_its_evidence() {
    let Some(two) = Two::new("second-lies") else { return };
    two.admit();
    two.import().success();
    two.arrived("before");
    let body = two.journal("repo").into_iter().map(|e| e.0).find(|body| body.kind == Kind::Imported).unwrap();
    // Grace says that her log was a longer one: she signs it, and anybody can count.
    let outbox = Outbox::new(&two.s.root().join("grace/.git/mlprov/outbox"));
    let lie = |about: &str, change: &dyn Fn(&mut Body)| {
        let mut body = body.clone();
        change(&mut body);
        let entry = record::seal(body, &two.writer()).unwrap();
        outbox.put_entries(&[entry], &Timestamp::from_unix_micros(1)).unwrap();
        two.grace(&["sync"]).success();
        let audit = two.grace(&["--json", "ledger", "audit"]).code(1).json();
        let found = audit["findings"].as_array().unwrap();
        let said = found.iter().rfind(|f| f["what"] == "imported").unwrap();
        assert!(said["detail"].as_str().unwrap().contains(about), "{audit:#}");
    };
    let size = body.ledger.as_ref().unwrap().size;
    lie("do not give the tree", &|body| body.ledger.as_mut().unwrap().size = size + 1);
    lie("its leaves are no hashes", &|body| {
        let note = body.evidence["checkpoint"].clone();
        body.ledger.as_mut().unwrap().size = size + 2;
        body.evidence.insert("leaves".to_owned(), note);
    });
    lie("it names no notTaken", &|body| {
        body.ledger.as_mut().unwrap().size = size + 3;
        body.evidence.remove("notTaken");
    });
    // A log of one entry that is not here, and that is no matter of that log alone.
    let mut entry =
        record::draft(body.project, Kind::Annotation, Timestamp::from_unix_micros(5), &two.writer());
    entry.notes.push("left out".to_owned());
    let left_out = record::seal(entry, &two.writer()).unwrap();
    let mut tree = Frontier::default();
    tree.push(left_out.leaf());
    let put = |bytes: &[u8]| -> ObjectRef {
        let digest = Digests::both_of(bytes);
        two.s3.put_new(&format!("team/objects/{}", digest.blake3), bytes).unwrap();
        ObjectRef { digest, size: bytes.len() as u64 }
    };
    let own = body.ledger.as_ref().unwrap().origin.clone();
    // Of a log whose key Grace has pinned, and of one that nobody here knows.
    for (log, about) in [(None, "is not signed by"), (Some(LogId::draw()), "its entry 0 was not taken over")]
    {
        let origin = log.map_or(own.clone(), |log| format!("mlprov.dev/{}/{log}", body.project));
        let note = format!("{origin}\n1\n{}\n\n\u{2014} {origin} AAAAAAAA\n", tree.root());
        let evidence = [
            ("checkpoint", put(note.as_bytes())),
            ("leaves", put(&tree.root().0)),
            ("notTaken", put(left_out.bytes())),
        ];
        lie(about, &|body| {
            let ledger = body.ledger.as_mut().unwrap();
            (ledger.size, ledger.root, ledger.origin) = (1, tree.root().to_string(), origin.clone());
            ledger.log = log.unwrap_or(ledger.log);
            body.evidence =
                evidence.iter().map(|(name, object)| (name.to_string(), object.clone())).collect();
        });
    }
}

/// Killed at a request, or the answer is lost: called again, all is there once.
#[test]
fn interrupted_it_goes_on() {
    let Some(clean) = Two::new("second-count") else { return };
    clean.admit();
    clean.proxy.mend();
    clean.import().success();
    let requests = clean.proxy.mend();
    let every = if std::env::var_os("MLPROV_EVERY").is_some() { 1 } else { 5 };
    for (case, n) in (1..=requests.len()).step_by(every).enumerate() {
        let fault = [Fault::Held, Fault::DoneAndHeld][case % 2];
        let about = format!("request {n} of {}, {}, {fault:?}", requests.len(), requests[n - 1]);
        let Some(two) = Two::new(&format!("second-{n}")) else { return };
        two.admit();
        two.proxy.mend();
        two.proxy.break_request(n, fault, true);
        let mut child = two.s.child_as("grace-home", "grace", &["migrate", "--yes"]);
        while two.proxy.count() < n && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        std::thread::sleep(std::time::Duration::from_millis(30));
        child.kill().unwrap();
        child.wait().unwrap();
        two.proxy.mend();
        // It may have been over.
        if two.grace(&["status"]).exit_code() != Some(0) || two.going_on() {
            let again = two.import();
            assert_eq!(again.exit_code(), Some(0), "{about}: {}", again.snapshot());
        }
        two.arrived(&about);
    }
}

/// Killed while one log takes the place of the other, and while anything else gets its name.
#[test]
fn killed_while_files_change_places_it_goes_on() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return skipped("killed_while_files_change_places_it_goes_on: strace is not installed");
    }
    let grace = |two: &Two, options: &[&str]| {
        let mut command = two.s.traced_in("grace", options, &["migrate", "--yes"]);
        command.env("HOME", two.s.root().join("grace-home")).output().unwrap()
    };
    let Some(clean) = Two::new("second-calls") else { return };
    clean.admit();
    let trace = clean.s.root().join("trace");
    let options = ["-f", "-o", trace.to_str().unwrap(), "-e", "trace=renameat2,rename"];
    assert!(grace(&clean, &options).status.success());
    let text = fs::read_to_string(&trace).unwrap();
    assert!(text.contains("RENAME_EXCHANGE"), "{text}");
    let count = |call: &str| text.lines().filter(|line| line.contains(&format!(" {call}("))).count();
    let calls: Vec<(&str, usize)> =
        ["renameat2", "rename"].iter().flat_map(|call| (1..=count(call)).map(move |n| (*call, n))).collect();
    let exchanges = count("renameat2");
    // All that change places; of the others every eighth.
    for (call, n) in calls.into_iter().filter(|(call, n)| *call == "renameat2" || n % 8 == 0) {
        let about = format!("{call} {n}");
        let Some(two) = Two::new(&format!("second-{call}-{n}")) else { return };
        two.admit();
        let inject = format!("inject={call}:signal=KILL:when={n}");
        let trace = two.s.root().join("trace");
        grace(&two, &["-f", "-o", trace.to_str().unwrap(), "-e", &inject]);
        if two.grace(&["status"]).exit_code() != Some(0) || two.going_on() {
            let again = two.import();
            assert_eq!(again.exit_code(), Some(0), "{about}: {}", again.snapshot());
        }
        two.arrived(&about);
    }
    assert!(exchanges >= 2);
}

/// One user with two clones has one key: what both recorded is there once, and the other one is evidence.
#[test]
fn what_both_clones_recorded_is_there_once() {
    let Some(two) = Two::new("second-same") else { return };
    let s = &two.s;
    // A third clone, of Ada's own: the same commit and the same data, recorded there by the same key.
    s.git_in("", &["clone", "-q", "hub.git", "mine"]);
    let mine = |args: &[&str]| s.mlprov_in("mine", args);
    let team = s.read(".mlprov/config.toml");
    mine(&["init", "--yes"]).success();
    fs::create_dir_all(s.root().join("mine/data")).unwrap();
    fs::write(s.root().join("mine/data/a.csv"), "1\n").unwrap();
    mine(&["track", "data"]).success();
    mine(&["hook", "post-commit"]).success();
    mine(&["key", "rotate"]).success();
    fs::write(s.root().join("mine/more.csv"), "more\n").unwrap();
    mine(&["track", "more.csv"]).success();
    let ids = |clone: &str| -> BTreeSet<String> {
        two.journal(clone).iter().map(|(body, _)| body.id.to_string()).collect()
    };
    s.mlprov(&["sync"]).success();
    let both: Vec<String> = ids("mine").intersection(&ids("repo")).cloned().collect();
    assert!(!both.is_empty(), "nothing is in both logs");
    fs::write(s.root().join("mine/.mlprov/config.toml"), team).unwrap();
    // It is signed by a key of that log alone, which the common one does not know; Ada's own key stays what it is.
    let refused = mine(&["migrate", "--yes"]);
    refused.code(2).says("does not admit");
    s.mlprov(&["run", "--", "true"]).success();
    let line = refused.hints().into_iter().find(|hint| hint.starts_with("mlprov key admit")).unwrap();
    let words: Vec<&str> = line.split_whitespace().skip(1).take(3).collect();
    s.mlprov(&words).success();
    let report = mine(&["--json", "migrate", "--yes"]).success().json();
    assert!(report["imported"].as_u64().unwrap() > 0, "{report:#}");
    s.mlprov(&["sync"]).success();
    for audit in [mine(&["--json", "ledger", "audit"]), s.mlprov(&["--json", "ledger", "audit"])] {
        assert_eq!(audit.success().json()["result"], "sound");
    }
    // Ada goes on with her own key in both.
    s.mlprov(&["run", "--", "true"]).success();
    mine(&["run", "--", "true"]).success();
    let writers: BTreeSet<String> =
        two.journal("repo").iter().rev().take(2).map(|(body, _)| body.actor.writer.to_string()).collect();
    assert_eq!(writers.len(), 1, "{writers:?}");
}

/// What she saw of her own log, and did not publish in git, is no reason to call it altered.
#[test]
fn a_published_copy_that_lags_is_no_finding() {
    let Some(two) = Two::new("second-lags") else { return };
    // Once more with the settings of before: recorded and seen, not published.
    let team = two.s.read(".mlprov/config.toml");
    two.s.git_in("grace", &["checkout", "-q", "--", ".mlprov/config.toml"]);
    two.grace(&["run", "-n", "late", "--", "true"]).success();
    two.grace(&["verify", "latest"]).success();
    fs::write(two.s.root().join("grace/.mlprov/config.toml"), team).unwrap();
    two.admit();
    two.import().success();
    let audit = two.grace(&["--json", "ledger", "audit"]).success().json();
    assert_eq!(audit["imported"].as_array().map(Vec::len), Some(1), "{audit:#}");
    let graph = two.grace(&["graph"]);
    assert!(!graph.success().stdout().contains("can be read"), "{}", graph.snapshot());
}

/// Where each clone keeps its own data, evidence of others is not to be had: that stops nobody.
#[test]
fn evidence_that_is_elsewhere_stops_no_import() {
    let Some(server) = Server::ministack() else {
        return skipped("ministack is not installed (tests/run.sh does it)");
    };
    let s3 = bucket(server, "second-local");
    let s = Sandbox::repo();
    give_credentials(server, &s.home());
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    for name in ["one", "two"] {
        s.git_in("", &["clone", "-q", "repo", name]);
        s.mlprov_in(name, &["init", "--yes", "--no-hooks"]).success();
        s.mlprov_in(name, &["run", "-n", name, "--", "true"]).success();
    }
    let place = format!("s3://{}/team", s3.name());
    s.mlprov(&["migrate", "--yes", "--ledger", &place, "--endpoint-url", &server.url]).success();
    let team = s.read(".mlprov/config.toml");
    for name in ["one", "two"] {
        fs::write(s.root().join(name).join(".mlprov/config.toml"), &team).unwrap();
        s.mlprov_in(name, &["migrate", "--yes"]).success();
    }
    s.mlprov(&["sync"]).success();
    let audit = s.mlprov(&["--json", "ledger", "audit"]).code(3).json();
    assert_eq!((&audit["result"], &audit["findingCount"]), (&"incomplete".into(), &2.into()), "{audit:#}");
    let audit = s.mlprov_in("two", &["--json", "ledger", "audit"]).code(3).json();
    assert_eq!((&audit["result"], &audit["findingCount"]), (&"incomplete".into(), &1.into()), "{audit:#}");
}

/// A copied clone is told to adopt its log, can do that, and then follow; so can the one that it is a copy of.
#[test]
fn a_copied_clone_adopts_its_log_and_follows() {
    let Some(two) = Two::new("second-copied") else { return };
    two.admit();
    let s = &two.s;
    let (from, to) = (s.root().join("grace"), s.root().join("copy"));
    assert!(std::process::Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
    let copy = |args: &[&str]| s.mlprov_as("grace-home", "copy", args);
    let refused = copy(&["migrate", "--yes"]);
    refused.code(2);
    assert!(
        refused.hints().iter().any(|hint| hint.starts_with("mlprov ledger adopt")),
        "{}",
        refused.snapshot()
    );
    assert!(!s.root().join("copy/.git/mlprov/migrate.json").exists());
    copy(&["ledger", "adopt"]).success();
    copy(&["migrate", "--yes"]).success();
    two.import().success();
    s.mlprov(&["sync"]).success();
    copy(&["sync"]).success();
    for audit in [copy(&["--json", "ledger", "audit"]), s.mlprov(&["--json", "ledger", "audit"])] {
        let audit = audit.success().json();
        assert_eq!(audit["imported"].as_array().map(Vec::len), Some(2), "{audit:#}");
    }
    copy(&["verify", &two.hers[0]]).success();
}

/// What goes on by other settings than those that the user agreed to asks again.
#[test]
fn other_settings_are_asked_about_before_it_goes_on() {
    let Some(two) = Two::new("second-asked") else { return };
    two.admit();
    two.proxy.mend();
    two.proxy.break_request(20, Fault::NeverSent, true);
    two.grace(&["migrate", "--yes"]).code(3);
    assert!(two.going_on());
    let settings = two.s.root().join("grace/.mlprov/config.toml");
    let config = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, config.replace(&two.proxy.url, &two.server.url)).unwrap();
    two.grace(&["migrate"]).code(2).says("--yes");
    let asked = two.proxy.mend().len();
    two.import().success();
    assert_eq!(two.proxy.mend().len(), 0, "it went where the settings say now, {asked} requests before");
    let kinds = two.journal("grace").into_iter().filter(|(body, _)| body.kind == Kind::Imported).count();
    assert_eq!(kinds, 1);
}
