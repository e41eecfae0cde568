//! `ledger audit`, of this clone's log and of an exported copy: each kind of damage alone.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::forge;
use mlprov::domain::entry::Kind;
use mlprov::domain::ids::ProjectId;
use mlprov::ledger::checkpoint::Checkpoint;
use mlprov::ledger::hash;
use mlprov::ledger::note::Note;
use mlprov::ports::signer::CheckpointSigner;
use mlprov::stores::local::keys::LogKeyFile;
use std::fs;
use std::path::Path;

/// Another checkpoint than this one, signed by the log's own key.
fn signed(s: &Sandbox, note: &str, claim: impl FnOnce(&mut Checkpoint)) -> String {
    let mut checkpoint = Checkpoint::parse_text(Note::parse(note).unwrap().text()).unwrap();
    let log = checkpoint.origin.rsplit('/').next().unwrap().to_owned();
    let key =
        LogKeyFile::open_or_create(&s.keys_dir().join(format!("log-{log}.pem")), &checkpoint.origin).unwrap();
    claim(&mut checkpoint);
    let text = checkpoint.to_text();
    format!("{text}\n{}", key.verifier().signature_line(&key.sign(text.as_bytes()).unwrap()))
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_cannot_be_checked_is_incomplete_and_what_contradicts_is_altered() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["ledger", "audit"]).success();
    // Nothing is pinned; the checkpoint that was seen before is no second thing that is wrong.
    let pins = s.state_dir().join("pins");
    let kept = fs::read(&pins).unwrap();
    fs::remove_file(&pins).unwrap();
    s.mlprov(&["ledger", "audit"]).code(3);
    fs::write(&pins, kept).unwrap();

    let place = s.ledger("checkpoint");
    let sound = fs::read_to_string(&place).unwrap();
    fs::remove_dir_all(s.state_dir().join("seen")).unwrap();
    fs::remove_file(&place).unwrap();
    s.mlprov(&["ledger", "audit"]).code(3);
    for (note, what) in [
        (signed(&s, &sound, |c| c.root = hash::leaf(b"another history")), "it says root"),
        (signed(&s, &sound, |c| c.size += 1), "covers 4 entries, the log holds 3"),
        (sound.replace("\n3\n", "\n2\n"), "is not signed by"),
    ] {
        fs::write(&place, note).unwrap();
        s.mlprov(&["ledger", "audit"]).code(1).shows(what);
        s.mlprov(&["verify", "HEAD"]).code(1).shows("altered     checkpoint");
    }
}

#[test]
fn an_entry_for_another_project_and_damage_after_the_checkpoint_are_told() {
    let s = Sandbox::project_with_data();
    let checkpoint = fs::read(s.ledger("checkpoint")).unwrap();
    let end = fs::metadata(s.ledger("journal")).unwrap().len() as usize;
    s.forge(&s.writer(), Kind::Annotation, |b| b.project = ProjectId::draw());
    s.mlprov(&["ledger", "audit"]).code(1).shows("it was written for project");
    let last = s.entries().last().unwrap()["id"].as_str().unwrap().to_owned();
    s.mlprov(&["verify", &last]).code(1).shows("it was written for project");
    // A later frame that is whole shows that this one is no unfinished end.
    s.forge(&s.writer(), Kind::Annotation, |_| {});
    fs::write(s.ledger("checkpoint"), checkpoint).unwrap();
    flip(&s.ledger("journal"), end + 100);
    let audit = s.mlprov(&["--json", "ledger", "audit"]);
    audit.code(1);
    assert_eq!(audit.json()["findings"][0]["what"], "journal", "{}", audit.snapshot());
}

/// An exported copy of 260 entries, and how its audit ends. The writers' signatures are not what is tested.
fn exported() -> Sandbox {
    let s = Sandbox::project_with_data();
    forge::append(&s, 0..257);
    s.mlprov(&["ledger", "checkpoint"]).success();
    s.mlprov(&["ledger", "export", "../copy"]).success();
    s
}

fn audit(s: &Sandbox) -> Output {
    s.mlprov(&["ledger", "audit", "--from-dir", "../copy", "--structure-only"])
}

#[test]
fn an_exported_copy_is_sound_until_any_of_its_files_is_bent_or_gone() {
    let s = exported();
    let copy = s.root().join("copy");
    audit(&s).success();
    s.mlprov_as("reader", "repo", &["ledger", "audit", "--from-dir", "../copy", "--structure-only"]).code(3);
    // The signatures are forged.
    s.mlprov(&["ledger", "audit", "--from-dir", "../copy"]).code(1).shows("signature does not hold");
    for (file, bent) in [
        ("tile/0/000", "tile/0/000 is not the one that the entries give"),
        ("tile/0/001.p/4", "tile/0/001.p/4 is not the one that the entries give"),
        ("tile/1/000.p/1", "tile/1/000.p/1 is not the one that the entries give"),
        ("tile/entries/000", "it says root"),
        ("tile/entries/001.p/4", "it says root"),
    ] {
        let path = copy.join(file);
        let sound = fs::read(&path).unwrap();
        flip(&path, 20);
        audit(&s).code(1).shows(bent);
        fs::write(&path, &sound[..sound.len() - 1]).unwrap();
        audit(&s).code(1).shows(file);
        fs::remove_file(&path).unwrap();
        audit(&s).code(1).shows(&format!("{file} is not there"));
        fs::write(&path, sound).unwrap();
    }
    audit(&s).success();
}

#[test]
fn an_exported_copy_under_another_checkpoint_is_not_sound() {
    let s = exported();
    let place = s.root().join("copy/checkpoint");
    let sound = fs::read_to_string(&place).unwrap();
    let root = |c: &mut Checkpoint| c.root = hash::leaf(b"another history");
    for (note, code, what) in [
        (signed(&s, &sound, root), 1, "it says root"),
        (sound.replacen("\n260\n", "\n259\n", 1), 1, "is not there"),
        (sound.replacen("mlprov.dev/", "mlprov.org/", 1), 3, "is pinned"),
        // What is true of nothing vouches for nothing.
        (signed(&s, &sound, |c| (c.size, c.root) = (0, hash::empty_root())), 3, "incomplete"),
    ] {
        fs::write(&place, note).unwrap();
        audit(&s).code(code).shows(what);
    }
}
