//! Logs and checkpoints that go from clone to clone through a bare git remote, and remotes that lie.

use crate::common::Sandbox;
use crate::common::forge;
use mlprov::app::record;
use mlprov::app::resolve;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::Target;
use mlprov::domain::time::Timestamp;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::WriterKeyFile;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// Ada's project (`repo`), pushed to a bare `remote`, and Bob's clone of it (`clone`, with a home of his own).
pub struct Two {
    pub s: Sandbox,
}

impl Two {
    pub fn new() -> Self {
        let s = Sandbox::project_with_data();
        s.git_in("", &["init", "-q", "--bare", "-b", "main", "remote"]);
        s.git(&["remote", "add", "origin", "../remote"]);
        s.git(&["push", "-q", "--no-verify", "-u", "origin", "main"]);
        s.git_in("", &["clone", "-q", "remote", "clone"]);
        let two = Two { s };
        two.bob(&["init", "--yes"]).success();
        two
    }

    pub fn ada(&self, args: &[&str]) -> crate::common::Output {
        self.s.mlprov(args)
    }

    pub fn bob(&self, args: &[&str]) -> crate::common::Output {
        self.s.mlprov_as("bob", "clone", args)
    }

    pub fn json_of_bob(&self, args: &[&str]) -> Value {
        let out = self.bob(&[&["--json"], args].concat());
        out.success();
        out.json()
    }

    pub fn vkey_of_ada(&self) -> String {
        self.ada(&["key", "show", "--vkey"]).success().stdout().trim().to_owned()
    }

    pub fn log_of_ada(&self) -> String {
        self.s.json(&["ledger", "status"])["log"].as_str().unwrap().to_owned()
    }

    pub fn log_of_bob(&self) -> String {
        self.json_of_bob(&["ledger", "status"])["log"].as_str().unwrap().to_owned()
    }

    pub fn remote_ref(&self, name: &str) -> String {
        self.s.git_in("remote", &["rev-parse", name]).trim().to_owned()
    }

    /// Lines of a note, as the remote has it.
    pub fn note(&self, log: &str, commit: &str) -> Vec<String> {
        let text = self.s.git_in("remote", &["notes", "--ref", &format!("mlprov/{log}"), "show", commit]);
        text.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect()
    }
}

fn state_of(report: &Value, log: &str) -> (String, u64, bool) {
    let fetched = report["fetched"].as_array().unwrap();
    let found = fetched.iter().find(|f| f["log"] == log).unwrap();
    (
        found["state"].as_str().unwrap().to_owned(),
        found["size"].as_u64().unwrap(),
        found["trusted"].as_bool().unwrap(),
    )
}

#[test]
fn what_one_clone_recorded_is_shown_and_verified_in_the_other() {
    let two = Two::new();
    two.s.write("params.json", r#"{"lr": 0.1}"#);
    two.ada(&["run", "-n", "hers", "-p", "params.json", "-o", "model", "--", "cp", "data/a.csv", "model"])
        .success();
    let run = two.s.json(&["log", "-n", "1"])["entries"][0]["run"].as_str().unwrap().to_owned();
    // Before it is published, Bob cannot know of it, and is told where to look.
    two.bob(&["verify", &run]).code(3).says("mlprov sync --fetch");
    two.ada(&["sync"]).success().shows("published to origin");
    let report = two.json_of_bob(&["sync", "--fetch"]);
    assert_eq!(state_of(&report, &two.log_of_ada()), ("new".to_owned(), 5, false));

    let listed = two.json_of_bob(&["log"]);
    assert!(listed["entries"].as_array().unwrap().iter().any(|e| e["run"] == run.as_str()));
    two.bob(&["log"]).success().shows("hers").shows("(log ");
    two.bob(&["show", &run]).success().shows("lr = 0.1").shows(&two.log_of_ada());
    // Fetched is not trusted.
    let out = two.bob(&["verify", &run]);
    out.code(3).shows("unpinned").says("once the log's owner confirms it");
    let hint = out.hints().into_iter().find(|h| h.starts_with("mlprov key trust")).unwrap();
    assert!(hint.contains(&two.vkey_of_ada()), "{hint}");
    two.bob(&["key", "trust", &two.vkey_of_ada()]).success();
    // The bytes of data, parameters and model are with Ada. All else is intact.
    let out = two.bob(&["verify", &run]);
    out.code(3).shows("it is with the clone that recorded it").shows("intact      signature");
    assert!(!out.stdout().contains("altered") && !out.stdout().contains("missing"), "{}", out.snapshot());
    // Bob gets them, and tracks them: same content, same version.
    for place in ["data/a.csv", "data/b.csv", "params.json", "model"] {
        fs::create_dir_all(two.s.root().join("clone/data")).unwrap();
        fs::copy(two.s.path(place), two.s.root().join("clone").join(place)).unwrap();
    }
    two.bob(&["track", "data", "params.json", "model"]).success();
    two.bob(&["verify", &run]).success().shows("verified");
    // A proof of an entry in Ada's log, made by Bob, checked by Bob.
    two.bob(&["ledger", "prove", &run, "-o", "proof"]).success();
    two.bob(&["ledger", "check-proof", "proof"]).success().shows("run.finished");
    two.bob(&["ledger", "audit"]).success();
    two.ada(&["sync"]).success();
}

#[test]
fn two_clones_note_the_same_commit_and_lose_no_line() {
    let two = Two::new();
    two.ada(&["key", "trust", two.bob(&["key", "show", "--vkey"]).success().stdout().trim()]).success();
    two.bob(&["key", "trust", &two.vkey_of_ada()]).success();
    let commit = two.s.head();
    let (ada, bob) = (two.log_of_ada(), two.log_of_bob());
    // Both at once, several times: somebody is always too late, and tries again.
    for round in 0..6 {
        two.ada(&["run", "--", "true"]).success();
        two.bob(&["run", "--", "true"]).success();
        std::thread::scope(|scope| {
            let bob = {
                let mut command = two.s.command(env!("CARGO_BIN_EXE_mlprov"), "clone");
                command.env("HOME", two.s.root().join("bob")).arg("sync");
                scope.spawn(move || command.output().unwrap())
            };
            let ada = two.ada(&["sync"]);
            let bob = bob.join().unwrap();
            assert!(bob.status.success(), "round {round}: {}", String::from_utf8_lossy(&bob.stderr));
            ada.success();
        });
    }
    two.ada(&["sync"]).success();
    two.bob(&["sync"]).success();
    two.ada(&["sync"]).success();
    for (log, entries) in
        [(&ada, two.s.json(&["ledger", "status"])), (&bob, two.json_of_bob(&["ledger", "status"]))]
    {
        let lines = two.note(log, &commit);
        assert!(lines.len() >= 6, "{lines:?}");
        let distinct: std::collections::BTreeSet<&String> = lines.iter().collect();
        assert_eq!(distinct.len(), lines.len(), "each line once");
        use base64::Engine;
        let sizes: Vec<u64> = lines
            .iter()
            .map(|l| base64::engine::general_purpose::STANDARD.decode(l).unwrap())
            .map(|note| String::from_utf8(note).unwrap().lines().nth(1).unwrap().parse().unwrap())
            .collect();
        assert_eq!(sizes.iter().max().copied(), entries["size"].as_u64());
    }
    for out in [two.ada(&["verify", "latest"]), two.bob(&["verify", "latest"])] {
        out.success().shows("witness");
    }
}

#[test]
fn a_published_log_is_what_export_writes_and_grows_without_a_gap() {
    let two = Two::new();
    let log = two.log_of_ada();
    let forge = |n: i64| {
        two.s.forge(&two.s.writer(), Kind::Annotation, |b| b.time = Timestamp::from_unix_micros(n));
    };
    let mut size = 0;
    for target in [5, 255, 256, 257, 513] {
        while size < target {
            forge(size);
            size += 1;
        }
        two.ada(&["sync"]).success();
        let dir = format!("export-{target}");
        two.ada(&["ledger", "export", &format!("../{dir}")]).success();
        let listed =
            two.s.git_in("remote", &["ls-tree", "-r", "--name-only", &format!("refs/mlprov/logs/{log}")]);
        let published: Vec<&str> = listed.lines().filter(|p| !p.starts_with("objects/")).collect();
        let mut exported = BTreeMap::new();
        let mut waiting = vec![two.s.root().join(&dir)];
        while let Some(at) = waiting.pop() {
            for entry in fs::read_dir(at).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    let name =
                        path.strip_prefix(two.s.root().join(&dir)).unwrap().to_str().unwrap().to_owned();
                    exported.insert(name, fs::read(path).unwrap());
                }
            }
        }
        assert_eq!(published, exported.keys().collect::<Vec<_>>());
        for (name, bytes) in exported {
            let mut show = Command::new("git");
            show.arg("-C").arg(two.s.root().join("remote")).args([
                "cat-file",
                "blob",
                &format!("refs/mlprov/logs/{log}:{name}"),
            ]);
            assert_eq!(show.output().unwrap().stdout, bytes, "{name}");
        }
        let report = two.json_of_bob(&["sync", "--fetch"]);
        assert_eq!(state_of(&report, &log).1, two.s.json(&["ledger", "status"])["size"].as_u64().unwrap());
    }
    // Fast-forward only: every publication stands on the last one.
    let history = two.s.git_in("remote", &["rev-list", "--count", &format!("refs/mlprov/logs/{log}")]);
    assert_eq!(history.trim(), "5");
    two.bob(&["key", "trust", &two.vkey_of_ada()]).success();
    two.bob(&["ledger", "audit"]).success();
    // No data, and nobody's name.
    let refs = format!("refs/mlprov/logs/{log}");
    two.s.git_output("remote", &[], &["grep", "-l", "-E", "ada@example.org|x,y", &refs]).code(1);
}

#[test]
fn a_log_that_was_rolled_back_rewritten_or_removed_at_the_remote_is_refused() {
    let two = Two::new();
    let log = two.log_of_ada();
    let name = format!("refs/mlprov/logs/{log}");
    two.ada(&["sync"]).success();
    let early = two.remote_ref(&name);
    two.ada(&["run", "-n", "kept", "--", "true"]).success();
    two.ada(&["sync"]).success();
    let late = two.remote_ref(&name);
    two.bob(&["key", "trust", &two.vkey_of_ada()]).success();
    two.bob(&["sync", "--fetch"]).success();
    let kept = |two: &Two| {
        let listed = two.json_of_bob(&["log"]);
        assert!(
            listed["entries"].as_array().unwrap().iter().any(|e| e["name"] == "kept"),
            "what was fetched stays"
        );
    };

    // Rolled back.
    two.s.git_in("remote", &["update-ref", &name, &early]);
    two.bob(&["sync", "--fetch"]).code(1).shows("a checkpoint of 5 is known");
    kept(&two);
    // Its owner is told, and puts it right.
    two.ada(&["sync"]).code(1).shows("a checkpoint of 5 is known");
    assert_eq!(two.remote_ref(&name), late);
    two.bob(&["sync", "--fetch"]).success();
    two.ada(&["sync"]).success();

    // Removed.
    two.s.git_in("remote", &["update-ref", "-d", &name]);
    two.bob(&["sync", "--fetch"]).code(1).shows("is no longer on origin");
    kept(&two);
    two.ada(&["sync"]).code(1).shows("is no longer on origin");
    two.ada(&["sync"]).success();
    assert_eq!(two.remote_ref(&name), late);

    // Another history of the same length, by somebody who has the remote but not the key: one byte of an entry.
    let files = two.s.root().join("files");
    two.s.git_in("", &["clone", "-q", "remote", "files"]);
    two.s.git_in("files", &["fetch", "-q", "origin", &name]);
    two.s.git_in("files", &["checkout", "-q", "FETCH_HEAD"]);
    let checkpoint = fs::read_to_string(files.join("checkpoint")).unwrap();
    let tile = files.join("tile/0/000.p/5");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[40] ^= 1;
    fs::write(&tile, &bytes).unwrap();
    two.s.git_in("files", &["commit", "-qam", "bent"]);
    two.s.git_in("files", &["push", "-q", "origin", &format!("HEAD:{name}")]);
    two.bob(&["sync", "--fetch"]).code(1).shows("does not continue the checkpoint of 5 entries");
    kept(&two);
    two.ada(&["sync"]).code(1).shows("did not publish");
    // A checkpoint by another key, over anything.
    fs::write(files.join("checkpoint"), checkpoint.replace("\n5\n", "\n6\n")).unwrap();
    two.s.git_in("files", &["commit", "-qam", "signed by nobody"]);
    two.s.git_in("files", &["push", "-q", "origin", &format!("HEAD:{name}")]);
    two.bob(&["sync", "--fetch"]).code(1).shows("not signed by the key that is pinned");
    // Rubbish under a name that looks like a log's.
    two.s.git_in(
        "files",
        &["push", "-q", "origin", "main:refs/mlprov/logs/00000000-0000-4000-8000-000000000000"],
    );
    two.bob(&["sync", "--fetch"]).code(1).shows("holds no log");
    kept(&two);
    two.bob(&["verify", "kept"]).code(3);
}

#[test]
fn an_entry_bent_behind_sound_tiles_is_found_by_verify_and_audit() {
    let two = Two::new();
    let name = format!("refs/mlprov/logs/{}", two.log_of_ada());
    two.ada(&["sync"]).success();
    two.bob(&["key", "trust", &two.vkey_of_ada()]).success();
    let files = two.s.root().join("files");
    two.s.git_in("", &["clone", "-q", "remote", "files"]);
    two.s.git_in("files", &["fetch", "-q", "origin", &name]);
    two.s.git_in("files", &["checkout", "-q", "FETCH_HEAD"]);
    let bundle = files.join("tile/entries/000.p/3");
    let mut bytes = fs::read(&bundle).unwrap();
    let at = bytes.len() - 30;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    fs::write(&bundle, &bytes).unwrap();
    two.s.git_in("files", &["commit", "-qam", "bent"]);
    two.s.git_in("files", &["push", "-q", "origin", &format!("HEAD:{name}")]);
    two.bob(&["sync", "--fetch"]).success();
    two.bob(&["verify", "HEAD"]).code(1).shows("altered");
    let audit = two.bob(&["--json", "ledger", "audit"]);
    audit.code(1);
    assert_eq!(audit.json()["others"][0]["result"], "altered");
}

#[test]
fn a_clone_that_was_rolled_back_is_found_by_what_the_others_keep() {
    let two = Two::new();
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    };
    let backup = two.s.root().join("backup");
    copy(&two.s.ledger(""), &backup);
    two.ada(&["run", "--", "true"]).success();
    two.ada(&["sync"]).success();
    // Ledger, memory and pins as they were: nothing that mlprov keeps for itself knows better.
    for file in fs::read_dir(&backup).unwrap().flatten().filter(|f| f.path().is_file()) {
        fs::write(two.s.ledger(file.file_name().to_str().unwrap()), fs::read(file.path()).unwrap()).unwrap();
    }
    let _ = fs::remove_dir_all(two.s.state_dir().join("seen"));
    two.ada(&["verify", "HEAD"]).code(1).shows("rolled back or rewritten");
    two.ada(&["ledger", "audit"]).code(1);
    two.ada(&["run", "-n", "another story", "--", "true"]).success();
    let before = two.remote_ref(&format!("refs/mlprov/logs/{}", two.log_of_ada()));
    two.ada(&["sync"]).code(1).says("does not continue");
    assert_eq!(two.remote_ref(&format!("refs/mlprov/logs/{}", two.log_of_ada())), before);
}

#[test]
fn a_plain_git_fetch_brings_the_checkpoints_that_find_a_rewritten_log() {
    let two = Two::new();
    two.bob(&["key", "trust", &two.vkey_of_ada()]).success();
    let refspecs = two.s.git_in("clone", &["config", "--get-all", "remote.origin.fetch"]);
    assert!(refspecs.contains("refs/notes/mlprov/*"), "`init` adds it: {refspecs}");
    two.ada(&["sync"]).success();
    two.bob(&["sync", "--fetch"]).success();
    two.ada(&["run", "--", "true"]).success();
    two.ada(&["sync"]).success();
    // Bob's copy of the log is behind the checkpoint that git brings: that is no fraud, but it is not all.
    two.s.git_in("clone", &["fetch", "-q"]);
    let behind = two.bob(&["verify", "HEAD"]);
    behind
        .code(3)
        .shows("unreachable witness git note")
        .shows("the copy here holds 3 entries, and a checkpoint of 5 is known")
        .says("mlprov sync --fetch");
    // But who demands that checkpoint does not get it.
    two.s.write("../late", two.ada(&["ledger", "checkpoint"]).success().stdout());
    two.bob(&["verify", "HEAD", "--min-checkpoint", "../late"]).code(1).shows("altered     required");
    two.bob(&["sync", "--fetch"]).success();
    let out = two.bob(&["verify", "HEAD"]);
    out.code(3).shows("witness");
}

#[test]
fn what_another_log_says_against_a_run_counts_if_that_log_is_trusted() {
    let two = Two::new();
    two.ada(&["run", "--", "true"]).success();
    two.ada(&["verify", "latest"]).success();
    let run = two.s.json(&["log", "-n", "1"])["entries"][0]["run"].as_str().unwrap().parse().unwrap();
    let ledger = LocalLedger::open(&two.s.root().join("clone/.git/mlprov/ledger")).unwrap().unwrap();
    let signer =
        WriterKeyFile::open(&two.s.root().join("bob/.config/mlprov/keys/writer.pem")).unwrap().unwrap();
    let project = two.s.project_id().parse().unwrap();
    let mut body = record::draft(project, Kind::Correction, Timestamp::from_unix_micros(0), &signer);
    body.target = Some(Target { run: Some(run), ..Target::default() });
    record::commit(&ledger, vec![record::seal(body, &signer).unwrap()]).unwrap();
    two.bob(&["sync"]).success();
    two.ada(&["sync"]).success();
    two.ada(&["verify", "latest"]).code(3).shows("that log is not trusted here");
    two.ada(&["key", "trust", two.bob(&["key", "show", "--vkey"]).success().stdout().trim()]).success();
    two.ada(&["verify", "latest"]).code(1).shows("correction by entry");
}

#[test]
fn looking_first_changes_nothing_and_a_remote_that_is_not_there_is_said() {
    let two = Two::new();
    two.ada(&["run", "--", "true"]).success();
    two.s.refused(0, &["sync", "-n"]).shows("would publish to origin").shows("5 new");
    two.ada(&["sync"]).success();
    let out = two.s.refused_in("repo", 0, &["sync", "--dry-run"]);
    out.shows("0 new");
    two.s.refused(2, &["sync", "--remote", "nowhere"]).says("the remotes are: origin");
    two.s.git(&["remote", "set-url", "origin", "../gone"]);
    two.ada(&["sync"]).code(3).says("gone");
    let s = Sandbox::project_with_data();
    s.refused(2, &["sync"]).says("this repository has no remote");
}

#[test]
fn commit_messages_name_the_checkpoint_before_them_where_that_is_asked_for() {
    let s = Sandbox::project_with_data();
    assert!(!s.path(".git/hooks/commit-msg").exists(), "off by default");
    let config = s.read(".mlprov/config.toml");
    s.write(".mlprov/config.toml", config.replace("checkpoint_trailer = false", "checkpoint_trailer = true"));
    s.mlprov(&["init"]).success();
    let checkpoint = s.mlprov(&["ledger", "checkpoint"]).success().stdout();
    s.commit_all("Ask for it\n\nReviewed-by: Bob <bob@example.org>");
    let trailers = |s: &Sandbox| -> Vec<String> {
        let listed = s.git(&["log", "-1", "--format=%(trailers:key=Mlprov-Checkpoint,valueonly)"]);
        listed.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect()
    };
    use base64::Engine;
    let named = |line: &str| {
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(line).unwrap()).unwrap()
    };
    assert_eq!(trailers(&s).len(), 1);
    assert_eq!(named(&trailers(&s)[0]), checkpoint);
    assert!(s.git(&["log", "-1", "--format=%B"]).starts_with("Ask for it\n\nReviewed-by: Bob"));
    // Amended: still one, and a later one.
    s.git(&["commit", "-q", "--amend", "--no-edit", "--allow-empty"]);
    assert_eq!(trailers(&s).len(), 1);
    assert_ne!(named(&trailers(&s)[0]), checkpoint);
    // An empty message still calls the commit off.
    s.git_output("repo", &[("GIT_EDITOR", "true")], &["commit", "--allow-empty"]).code(1);
    s.mlprov(&["verify", "HEAD"]).success().shows("1 checkpoint agrees in git");

    // Rolled back with all memory of it: the commits know better.
    let backup: Vec<(String, Vec<u8>)> = fs::read_dir(s.ledger(""))
        .unwrap()
        .flatten()
        .filter(|f| f.path().is_file())
        .map(|f| (f.file_name().to_str().unwrap().to_owned(), fs::read(f.path()).unwrap()))
        .collect();
    s.commit_all("second");
    s.commit_all("third");
    for (name, bytes) in backup {
        fs::write(s.ledger(&name), bytes).unwrap();
    }
    let _ = fs::remove_dir_all(s.state_dir().join("seen"));
    s.mlprov(&["verify", "HEAD~2"]).code(1).shows("altered     witness message of commit");
}

#[test]
fn the_index_finds_what_stands_in_the_logs_of_others() {
    let two = Two::new();
    for round in 0..2 {
        two.bob(&["run", "-n", "his", "--", "true"]).success();
        two.bob(&["sync"]).success();
        two.ada(&["sync"]).success();
        let bobs = two.json_of_bob(&["log", "-n", "1"])["entries"][0]["run"].as_str().unwrap().to_owned();
        let project = forge::project(&two.s, 0);
        assert_eq!(project.catch_up_index().unwrap().len(), 2);
        let own = two.s.head();
        for (word, count) in [(&bobs, 2), (&format!("r-{}", &bobs[28..]), 2), (&own, 1)] {
            let few = project.entries_for(&two.s.path(""), word).unwrap();
            let target = resolve::resolve(&project, &few, &two.s.path(""), word).unwrap();
            assert!(few.len() < project.all_entries().unwrap().len(), "not the scan");
            assert_eq!(resolve::entries_about(&few, &target).len(), count, "round {round}: {word}");
        }
    }
    let project = forge::project(&two.s, 0);
    let covered = project.catch_up_index().unwrap();
    assert_eq!(covered[1].size, 5);
    assert_eq!(covered[1].log.to_string(), two.log_of_bob());
}
