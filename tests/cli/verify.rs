//! Tampering. Each test changes one thing that an attacker, or a bad disk, could change, and demands the
//! verdict that names it.

use crate::common::Listing;
use crate::common::Output;
use crate::common::Sandbox;
use crate::text;
use insta::assert_snapshot;
use mlprov::domain::entry::Kind;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::keys::WriterKeyFile;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const A: &[u8] = b"x,y\n1,2\n";
const B: &[u8] = b"x,y\n3,4\n";

/// Changes one byte, whatever the file's mode is.
fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    overwrite(path, &bytes);
}

fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The lines of the verdict that are not "intact".
fn findings(out: &Output) -> Vec<String> {
    let stdout = out.stdout();
    let lines = stdout.lines().filter(|l| l.starts_with("  ") && !l.starts_with("  intact "));
    lines.map(|l| l.trim().to_owned()).collect()
}

#[test]
fn a_flipped_byte_in_stored_data_is_altered() {
    let s = Sandbox::project_with_data();
    flip(&s.object(A), 3);
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    altered     input data: a.csv: recorded [digest], [object] holds [digest]
    ");
}

#[test]
fn stored_data_that_is_gone_is_missing() {
    let s = Sandbox::project_with_data();
    fs::remove_file(s.object(B)).unwrap();
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    missing     input data: b.csv: [object] is gone
    ");
}

#[test]
fn stored_data_that_was_cut_or_swapped_is_altered() {
    let s = Sandbox::project_with_data();
    overwrite(&s.object(A), B);
    overwrite(&s.object(B), b"");
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(1);
    let found = findings(&out);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("a.csv: recorded") && found[1].contains("b.csv: recorded"), "{found:?}");
}

#[test]
fn every_finding_is_told_not_only_the_first() {
    let s = text::trained();
    flip(&s.object(A), 0);
    fs::remove_file(s.object(B)).unwrap();
    flip(&s.object(s.read("model.bin").as_bytes()), 0);
    flip(&s.object(s.read("metrics.json").as_bytes()), 0);
    let out = s.mlprov(&["verify", "latest"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    altered     input data: a.csv: recorded [digest], [object] holds [digest]
    missing     input data: b.csv: [object] is gone
    altered     output model.bin: model.bin: recorded [digest], [object] holds [digest]
    altered     output metrics.json: metrics.json: recorded [digest], [object] holds [digest]
    altered     metrics metrics.json: object is damaged at [object]: its bytes do not have the hash that names it
    ");
}

#[test]
fn a_manifest_or_version_map_that_was_altered_is_found() {
    let s = Sandbox::project_with_data();
    let manifest = s.mlprov(&["ls", "data", "--manifest"]).success().stdout();
    let object = s.object(manifest.as_bytes());
    flip(&object, 10);
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    altered     input data: object is damaged at [object]: its bytes do not have the hash that names it
    ");
    fs::remove_file(&object).unwrap();
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    missing     input data: object [digest] is not in the store
    ");
    fs::write(&object, manifest).unwrap();
    s.mlprov(&["verify", "HEAD"]).success();
    let map = s.body_of("HEAD")["inputs"][0]["versionMap"]["digest"]["blake3"].as_str().unwrap().to_owned();
    fs::remove_file(s.path(".git/mlprov/store/objects").join(&map[..2]).join(&map)).unwrap();
    s.mlprov(&["verify", "HEAD"]).code(1).shows("missing     input data");
}

#[test]
fn a_flipped_byte_in_the_journal_is_altered_wherever_it_is() {
    let s = Sandbox::project_with_data();
    s.commit_all("second");
    s.commit_all("third");
    let journal = s.ledger("journal");
    let sound = fs::read(&journal).unwrap();
    // Some 60 places: header, frame heads, ids, payloads and signatures.
    for at in (0..sound.len()).step_by(sound.len() / 60) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        fs::write(&journal, bytes).unwrap();
        let out = s.mlprov(&["verify", "HEAD", "HEAD~1"]);
        assert_eq!(out.exit_code(), Some(1), "byte {at} of {}:\n{}", sound.len(), out.snapshot());
    }
    fs::write(&journal, sound).unwrap();
    s.mlprov(&["verify", "HEAD", "HEAD~1"]).success();
}

#[test]
fn a_damaged_journal_is_named_with_the_place() {
    let s = Sandbox::project_with_data();
    s.commit_all("second");
    let journal = s.ledger("journal");
    flip(&journal, fs::metadata(&journal).unwrap().len() as usize / 2);
    let out = s.mlprov(&["verify", "HEAD~1"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @"
    altered     journal: [dir]/repo/.git/mlprov/ledger/journal: damaged at offset [n]: journal frame: its checksum does not match, and a signed checkpoint covers it
    altered     checkpoint: it covers 4 entries; the log holds 2
    unknown     entry [commit]: not recorded in any log that is here
    ");
}

#[test]
fn a_journal_that_was_cut_is_altered() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["verify", "HEAD"]).success();
    let journal = s.ledger("journal");
    let sound = fs::read(&journal).unwrap();
    for cut in [1, 7, 400, sound.len() / 2] {
        fs::write(&journal, &sound[..sound.len() - cut]).unwrap();
        let out = s.mlprov(&["verify", "HEAD"]);
        assert_eq!(out.exit_code(), Some(1), "{cut} bytes:\n{}", out.snapshot());
        out.shows("altered");
    }
}

/// The whole ledger is put back to an earlier state, with its own valid checkpoint.
#[test]
fn a_ledger_that_was_rolled_back_is_found_by_who_saw_it_before() {
    let s = Sandbox::project_with_data();
    let ledger = s.path(".git/mlprov/ledger");
    let earlier: Vec<_> = fs::read_dir(&ledger)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|path| (fs::read(&path).unwrap(), path))
        .collect();
    s.commit_all("second");
    s.mlprov(&["verify", "HEAD"]).success();
    for (bytes, path) in &earlier {
        fs::write(path, bytes).unwrap();
    }
    let out = s.mlprov(&["verify", "HEAD~1"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    altered     seen before: the log was rolled back or rewritten since it was last seen: it covers 4 entries; the log holds 3
    ");
    // Another history on top of it is found as well.
    s.git(&["reset", "-q", "--hard", "HEAD~1"]);
    s.commit_all("other");
    s.commit_all("history");
    s.mlprov(&["verify", "HEAD"]).code(1).shows("the log was rolled back or rewritten");
    // However often it is asked: what was seen stays in memory.
    s.mlprov(&["verify", "HEAD"]).code(1);
}

#[test]
fn an_older_checkpoint_of_the_same_log_does_not_make_verify_forget_a_later_one() {
    let s = Sandbox::project_with_data();
    let earlier = fs::read(s.ledger("checkpoint")).unwrap();
    s.commit_all("second");
    s.mlprov(&["verify", "HEAD"]).success();
    let seen = fs::read_dir(s.state_dir().join("seen")).unwrap().next().unwrap().unwrap().path();
    let largest = fs::read(&seen).unwrap();
    fs::write(s.ledger("checkpoint"), &earlier).unwrap();
    s.mlprov(&["verify", "HEAD~1"]).success();
    assert_eq!(fs::read(seen).unwrap(), largest);
}

#[test]
fn a_checkpoint_that_was_changed_is_altered() {
    let s = Sandbox::project_with_data();
    let checkpoint = s.ledger("checkpoint");
    let sound = fs::read_to_string(&checkpoint).unwrap();
    let unsigned = sound.split("\n\n").next().unwrap().to_owned() + "\n";
    for (what, note) in [
        ("its size", sound.replacen("\n3\n", "\n2\n", 1)),
        ("no signature", unsigned),
        ("another origin", sound.replacen("mlprov.dev/", "mlprov.org/", 1)),
    ] {
        assert_ne!(note, sound, "{what}");
        fs::write(&checkpoint, note).unwrap();
        let out = s.mlprov(&["verify", "HEAD"]);
        assert_eq!(out.exit_code(), Some(1), "{what}:\n{}", out.snapshot());
        out.shows("altered     checkpoint");
    }
    fs::write(&checkpoint, b"\xff not even text").unwrap();
    s.mlprov(&["verify", "HEAD"]).code(1).shows("altered     checkpoint");
    // It is written without a sync: after a power failure it may be empty, which proves nothing.
    fs::write(&checkpoint, "").unwrap();
    s.mlprov(&["verify", "HEAD"]).code(3).shows("unpublished checkpoint");
}

/// The journal is exchanged for another one that is sound in itself, signed by another key.
#[test]
fn a_log_of_somebody_else_is_not_taken_for_ours() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["verify", "HEAD"]).success();
    fs::remove_dir_all(s.path(".git/mlprov/ledger")).unwrap();
    s.mlprov(&["init", "--yes"]).success();
    s.git_output("repo", &[], &["commit", "-q", "--allow-empty", "-m", "in the new log"]).success();
    // The old commit is in no log that is here; the new log knows only what was made since.
    s.mlprov(&["verify", "HEAD~1"]).code(3).shows("not recorded in any log that is here");
}

#[test]
fn a_log_that_is_not_pinned_is_incomplete() {
    let s = Sandbox::project_with_data();
    fs::remove_file(s.state_dir().join("pins")).unwrap();
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(3);
    assert_snapshot!(findings(&out).join("\n"), @r"
    unpinned    pin [origin]: this user has pinned no key of this log
    unpublished inclusion [entry] (index 2): no checkpoint that can be believed covers it
    ");
    // Looking again does not pin it.
    s.mlprov(&["verify", "HEAD"]).code(3);
    assert_eq!(out.hints().len(), 1);
    assert_snapshot!(out.hints()[0], @r"mlprov key trust '[vkey]'");
    s.paste("repo", &out.hints()[0]).success();
    s.mlprov(&["verify", "HEAD"]).success();
}

#[test]
fn a_key_that_is_pinned_for_the_log_by_mistake_does_not_verify_it() {
    let s = Sandbox::project_with_data();
    // The pinned key is of another log: this one's checkpoints cannot be believed.
    let pins = s.state_dir().join("pins");
    let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    fs::write(pins, format!("log {other}\n")).unwrap();
    s.mlprov(&["verify", "HEAD"]).code(3).shows("unpinned");
}

#[test]
fn a_log_without_a_checkpoint_is_unpublished() {
    let s = Sandbox::project_with_data();
    fs::remove_file(s.ledger("checkpoint")).unwrap();
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(3);
    assert_snapshot!(findings(&out).join("\n"), @r"
    unpublished checkpoint: none is published
    unpublished inclusion [entry] (index 2): no checkpoint that can be believed covers it
    ");
}

#[test]
fn an_entry_beyond_the_checkpoint_is_unpublished() {
    let s = Sandbox::project_with_data();
    let earlier = fs::read(s.ledger("checkpoint")).unwrap();
    s.commit_all("second");
    fs::write(s.ledger("checkpoint"), earlier).unwrap();
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(3);
    assert_snapshot!(findings(&out).join("\n"), @r"
    unpublished inclusion [entry] (index 3): recorded, not yet under a signed checkpoint
    ");
    s.mlprov(&["verify", "HEAD~1"]).success();
}

#[test]
fn a_commit_that_was_not_recorded_is_incomplete() {
    let s = Sandbox::project_with_data();
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "unseen"]);
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(3);
    assert_snapshot!(findings(&out).join("\n"), @"unknown     entry [commit]: not recorded in any log that is here");
}

#[test]
fn a_commit_that_the_repository_lost_is_missing() {
    let s = Sandbox::project_with_data();
    s.write("code.py", "1\n");
    let lost = s.commit_all("lost");
    s.git(&["reset", "-q", "--hard", "HEAD~1"]);
    s.git(&["reflog", "expire", "--expire=now", "--all"]);
    s.git(&["gc", "-q", "--prune=now"]);
    let out = s.mlprov(&["verify", &lost]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    missing     commit [commit]: the repository does not hold it
    ");
}

#[test]
fn a_model_package_that_the_registry_changed_or_lost_is_found() {
    let s = text::trained();
    let group = s.path(".git/mlprov/registry/fraud");
    let record = fs::read_dir(&group).unwrap().next().unwrap().unwrap().path();
    let sound = fs::read_to_string(&record).unwrap();
    let digest = blake3::hash(s.read("model.bin").as_bytes()).to_hex().to_string();
    let other = blake3::hash(b"another model").to_hex().to_string();
    overwrite(&record, sound.replace(&digest, &other).as_bytes());
    let out = s.mlprov(&["verify", "latest"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    altered     model package [arn of fraud]: the registry says run [run], model model.bin, BLAKE3 [digest]
    ");
    overwrite(&record, b"{");
    s.mlprov(&["verify", "latest"]).code(1).shows("altered     model package");
    fs::remove_file(&record).unwrap();
    s.mlprov(&["verify", "latest"]).code(1).shows("missing     model package");
}

/// Commits an entry about a commit that no hook saw, with the data of another entry or without any.
fn claim(s: &Sandbox, signer: &dyn EntrySigner, with_data: bool) {
    let truth = s.body_of("HEAD");
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "claimed"]);
    let tree = s.git(&["rev-parse", "HEAD^{tree}"]);
    let source = json!({ "vcs": "git", "objectFormat": "sha1", "commit": s.head(), "tree": tree.trim(), "remotes": [] });
    s.forge(signer, Kind::CommitRecorded, |body| {
        body.source = Some(serde_json::from_value(source).unwrap());
        if with_data {
            body.inputs = serde_json::from_value(truth["inputs"].clone()).unwrap();
        }
    });
    // A checkpoint over it is signed with the next entry.
    s.commit_all("next");
}

#[test]
fn an_entry_that_says_what_is_true_verifies() {
    let s = Sandbox::project_with_data();
    claim(&s, &s.writer(), true);
    s.mlprov(&["verify", "HEAD~1"]).success();
}

#[test]
fn an_entry_that_says_other_data_than_the_commits_own_tree_is_altered() {
    let s = Sandbox::project_with_data();
    claim(&s, &s.writer(), false);
    let out = s.mlprov(&["verify", "HEAD~1"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    altered     tree [tree]: the pointers in the tree are not those of the entry (first difference: data)
    ");
}

#[test]
fn an_entry_of_a_stranger_is_altered() {
    let s = Sandbox::project_with_data();
    let (stranger, _) = WriterKeyFile::open_or_create(&s.root().join("stranger.pem")).unwrap();
    claim(&s, &stranger, true);
    let out = s.mlprov(&["verify", "HEAD~1"]);
    out.code(1);
    assert_snapshot!(findings(&out).join("\n"), @r"
    altered     signature [entry] (index 3): key [key] was never admitted to this log
    ");
}

#[test]
fn a_run_that_has_no_end_is_pending() {
    let s = Sandbox::project_with_data();
    // The journal before `run.finished` was written, as after a crash.
    let script = "cp -r .git/mlprov/ledger .git/mlprov/at-start";
    s.mlprov(&["run", "--", "sh", "-c", script]).success();
    fs::remove_dir_all(s.path(".git/mlprov/ledger")).unwrap();
    s.command("mv", "repo/.git/mlprov").args(["at-start", "ledger"]).assert().success();
    let out = s.mlprov(&["verify", "latest"]);
    out.code(3);
    assert_snapshot!(findings(&out).join("\n"), @r"
    pending     run [run]: it began, and no end is recorded
    ");
    s.mlprov(&["status"]).success().shows("no end recorded: run r-");
}

#[test]
fn an_unknown_id_does_not_hide_the_verdict_of_the_others() {
    let s = Sandbox::project_with_data();
    // 0 and unknown: 3.
    let out = s.mlprov(&["verify", "HEAD", "r-00000000"]);
    out.code(3).shows("verified: all");
}

#[test]
fn an_altered_link_counts_more_than_an_unknown_id() {
    let s = Sandbox::project_with_data();
    // Altered and unknown: 1 is what counts, in either order.
    flip(&s.object(A), 0);
    s.mlprov(&["verify", "HEAD", "r-00000000"]).code(1);
    s.mlprov(&["verify", "r-00000000", "HEAD"]).code(1);
}

#[test]
fn the_work_tree_is_never_taken_for_the_store() {
    let s = text::trained();
    // Changed and deleted there: the recorded versions are still intact.
    s.write("data/a.csv", "changed\n");
    fs::remove_file(s.path("data/b.csv")).unwrap();
    fs::remove_file(s.path("model.bin")).unwrap();
    fs::remove_file(s.path("data.mlprov")).unwrap();
    s.mlprov(&["verify", "latest", "HEAD"]).success();
    // And sound there, but not in the store: that does not help.
    let s = Sandbox::project_with_data();
    fs::remove_file(s.object(A)).unwrap();
    s.mlprov(&["verify", "HEAD"]).code(1);
}

#[test]
fn verify_writes_nothing_but_the_checkpoint_it_saw() {
    let s = text::trained();
    let before = s.listing();
    s.mlprov(&["verify", "latest", "HEAD"]).success();
    let after = s.listing();
    let differences = before.differences(&after);
    let state = s.state_dir();
    let state = state.strip_prefix(s.root()).unwrap().display();
    let only_seen = |line: &String| line.contains(&format!("{state}/seen"));
    assert!(!differences.is_empty() && differences.iter().all(only_seen), "{differences:#?}");
    // The second time there is nothing new to remember, and a failing one changes nothing either.
    s.mlprov(&["verify", "latest"]).success();
    after.assert_same(&s.listing());
    flip(&s.object(A), 0);
    let before = s.listing();
    s.mlprov(&["verify", "latest"]).code(1);
    before.assert_same(&s.listing());
}

#[test]
fn questions_write_nothing() {
    let s = text::trained();
    s.mlprov(&["ls", "--rev", "HEAD"]).success(); // fills the cache of pointers
    // Files that had been written just when they were read are read once more.
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    s.mlprov(&["status"]).success();
    let before = Listing::of(s.root());
    for args in [
        &["status"][..],
        &["ls"],
        &["ls", "--rev", "HEAD"],
        &["ls", "data", "--manifest"],
        &["log"],
        &["show", "latest"],
        &["key", "show"],
        &["track", "--dry-run", "data"],
    ] {
        s.mlprov(args).success();
        before.assert_same(&Listing::of(s.root()));
    }
}
