//! What an entry can say against another one, in the same log and in that of another clone.

use crate::attacks::append_frame;
use crate::attacks::append_raw;
use crate::common::Sandbox;
use crate::sync::Two;
use crate::witnesses::bend;
use mlprov::app::record;
use mlprov::domain::entry::Body;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::Target;
use mlprov::domain::ids::EntryId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::envelope;
use mlprov::ledger::envelope::Envelope;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::WriterKeyFile;
use std::cell::Cell;

/// A project with one run, which wrote a model.
fn with_run() -> Sandbox {
    let s = Sandbox::project_with_data();
    s.mlprov(&["run", "--model", "model", "--model-group", "g", "--", "cp", "data/a.csv", "model"]).success();
    s.mlprov(&["verify", "latest"]).success();
    s
}

/// An entry of a kind that only a newer version writes.
fn of_newer_version(s: &Sandbox, target: &Target) -> (EntryId, Vec<u8>) {
    let signer = s.writer();
    let kind = Kind::Other("doubt".to_owned());
    let project = s.project_id().parse().unwrap();
    let mut body = record::draft(project, kind, Timestamp::from_unix_micros(0), &signer);
    body.target = Some(target.clone());
    (body.id, enveloped(&signer, body.to_payload().unwrap()))
}

fn enveloped(signer: &dyn EntrySigner, payload: Vec<u8>) -> Vec<u8> {
    let signature = signer.sign(&envelope::pae(&payload)).unwrap();
    Envelope { payload, key_id: signer.public().id(), signature }.to_bytes()
}

/// Signed, and read by nobody: such a field may say that the rest is otherwise.
#[test]
fn a_field_of_a_newer_version_is_not_passed_over() {
    let s = Sandbox::project_with_data();
    let signer = s.writer();
    let project = s.project_id().parse().unwrap();
    let mut body = record::draft(project, Kind::Annotation, Timestamp::from_unix_micros(0), &signer);
    body.id = body.derived_id().unwrap();
    let payload = String::from_utf8(body.to_payload().unwrap()).unwrap();
    append_raw(&s, &[(body.id, enveloped(&signer, payload.clone().into_bytes()))]);
    s.mlprov(&["verify", &body.id.to_string()]).success();

    body.time = Timestamp::from_unix_micros(1);
    body.id = body.derived_id().unwrap();
    let payload = String::from_utf8(body.to_payload().unwrap()).unwrap();
    let more = payload.replacen("\"predicate\":{", "\"predicate\":{\"unless\":\"x\",", 1);
    append_raw(&s, &[(body.id, enveloped(&signer, more.into_bytes()))]);
    s.mlprov(&["verify", &body.id.to_string()]).code(3).shows("unknown     fields unless");
}

#[test]
fn whatever_a_later_entry_aims_at_it_is_told() {
    let s = with_run();
    let shown = s.json(&["show", "latest"]);
    let end = shown["entries"].as_array().unwrap().last().unwrap().clone();
    let body = &end["statement"]["predicate"];
    let targets = [
        Target { entry: Some(body["id"].as_str().unwrap().parse().unwrap()), ..Target::default() },
        Target { run: Some(body["run"]["id"].as_str().unwrap().parse().unwrap()), ..Target::default() },
        Target { commit: Some(s.head().parse().unwrap()), ..Target::default() },
        Target {
            model_package: Some(body["modelPackage"]["arn"].as_str().unwrap().parse().unwrap()),
            ..Target::default()
        },
    ];
    let files = ["journal", "head", "signed", "checkpoint", "lookup.ids", "lookup.offsets"];
    let before = files.map(|name| (name, std::fs::read(s.ledger(name)).unwrap()));
    let told = |code: i32, what: &str| {
        s.mlprov(&["ledger", "checkpoint"]).success();
        s.mlprov(&["verify", "latest"]).code(code).shows(what);
        before.iter().for_each(|(name, bytes)| std::fs::write(s.ledger(name), bytes).unwrap());
        let _ = std::fs::remove_dir_all(s.state_dir().join("seen"));
    };
    for target in &targets {
        for (kind, code, what) in [
            (Kind::Correction, 1, "correction by entry"),
            (Kind::ModelRejected, 1, "model.rejected by entry"),
            (Kind::Redaction, 3, "redacted by entry"),
        ] {
            // Only a package can be rejected.
            if kind != Kind::ModelRejected || target.model_package.is_some() {
                s.forge(&s.writer(), kind, |b| b.target = Some(target.clone()));
                told(code, what);
            }
        }
        append_raw(&s, &[of_newer_version(&s, target)]);
        told(3, "which this version does not know");
    }
    // What aims at something else says nothing.
    let other = Target { commit: Some("1".repeat(40).parse().unwrap()), ..Target::default() };
    s.forge(&s.writer(), Kind::Correction, |b| b.target = Some(other));
    s.mlprov(&["ledger", "checkpoint"]).success();
    s.mlprov(&["verify", "latest"]).success();
}

#[test]
fn a_later_entry_that_cannot_be_read_may_say_anything() {
    let s = with_run();
    append_raw(&s, &[(EntryId::of_unreadable(&[7; 32]), b"no entry".to_vec())]);
    s.mlprov(&["verify", "latest"]).code(3).shows("it may speak against this one");
}

#[test]
fn so_may_one_in_a_trusted_log_of_another_clone() {
    let two = Two::new();
    let unreadable = (EntryId::of_unreadable(&[7; 32]), b"no entry".to_vec());
    append_frame(&two.s.root().join("clone/.git/mlprov/ledger"), &[unreadable]);
    two.bob(&["ledger", "checkpoint"]).success();
    two.bob(&["sync"]).success();
    two.ada(&["sync"]).success();
    // Whoever may push can write rubbish: it says nothing in a log that nobody trusts.
    two.ada(&["verify", "HEAD"]).success();
    two.ada(&["key", "trust", two.bob(&["key", "show", "--vkey"]).stdout().trim()]).success();
    two.ada(&["verify", "HEAD"]).code(3).shows("it may speak against this one");
}

/// What a key says in Bob's log.
fn says(two: &Two, signer: &dyn EntrySigner, kind: Kind, fill: impl FnOnce(&mut Body)) {
    let ledger = LocalLedger::open(&two.s.root().join("clone/.git/mlprov/ledger")).unwrap().unwrap();
    let project = two.s.project_id().parse().unwrap();
    let mut body = record::draft(project, kind, Timestamp::from_unix_micros(0), signer);
    fill(&mut body);
    record::commit(&ledger, vec![record::seal(body, signer).unwrap()]).unwrap();
}

#[test]
fn what_a_stranger_says_in_a_trusted_log_is_not_believed() {
    let two = Two::new();
    let (stranger, _) = WriterKeyFile::open_or_create(&two.s.root().join("stranger.pem")).unwrap();
    let commit = two.s.head().parse().unwrap();
    says(&two, &stranger, Kind::Correction, |b| {
        b.target = Some(Target { commit: Some(commit), ..Target::default() });
    });
    two.bob(&["sync"]).success();
    two.ada(&["sync"]).success();
    two.ada(&["key", "trust", two.bob(&["key", "show", "--vkey"]).stdout().trim()]).success();
    two.ada(&["verify", "HEAD"]).code(3).shows("speaks against it");
}

/// Somebody who may push cuts the correction of another, behind sound tiles: `sync` takes it over.
#[test]
fn a_trusted_log_is_not_silenced_by_damage() {
    let two = Two::new();
    let key = two.s.root().join("bob/.config/mlprov/keys/writer.pem");
    let commit = two.s.head().parse().unwrap();
    says(&two, &WriterKeyFile::open(&key).unwrap().unwrap(), Kind::Correction, |b| {
        b.target = Some(Target { commit: Some(commit), ..Target::default() });
    });
    two.bob(&["sync"]).success();
    let name = format!("refs/mlprov/logs/{}", two.log_of_bob());
    bend(&two, &name, |files| {
        let bundle = files.join("tile/entries/000.p/2");
        let bytes = std::fs::read(&bundle).unwrap();
        std::fs::write(&bundle, &bytes[..bytes.len() - 1]).unwrap();
    });
    two.ada(&["sync", "--fetch"]).success();
    two.ada(&["verify", "HEAD"]).success();
    two.ada(&["key", "trust", two.bob(&["key", "show", "--vkey"]).stdout().trim()]).success();
    two.ada(&["verify", "HEAD"]).code(3).shows("is trusted here and was altered");
}

/// Both are signed, and sound in themselves.
#[test]
fn one_log_that_says_two_things_under_one_id_is_altered() {
    let s = Sandbox::project_with_data();
    let (signer, project) = (s.writer(), s.project_id().parse().unwrap());
    let entry = |digit: &str| {
        let mut body = record::draft(project, Kind::Annotation, Timestamp::from_unix_micros(0), &signer);
        body.target = Some(Target { commit: Some(digit.repeat(40).parse().unwrap()), ..Target::default() });
        body.id = body.derived_id().unwrap();
        (body.id, enveloped(&signer, body.to_payload().unwrap()))
    };
    let (one, other) = (entry("1"), entry("2"));
    append_raw(&s, std::slice::from_ref(&one));
    s.mlprov(&["verify", &one.0.to_string()]).success();
    append_raw(&s, &[other]);
    s.mlprov(&["verify", &one.0.to_string()])
        .code(1)
        .shows("another entry with the same id stands at index 4");
}

#[test]
fn two_logs_that_say_different_things_under_one_id_are_told() {
    let two = Two::new();
    let ada = two.s.writer();
    let target =
        |digit: &str| Target { commit: Some(digit.repeat(40).parse().unwrap()), ..Target::default() };
    let id = Cell::new(None);
    two.s.forge(&ada, Kind::Annotation, |b| {
        b.target = Some(target("1"));
        id.set(b.derived_id());
    });
    two.s.mlprov(&["ledger", "checkpoint"]).success();
    let id = id.get().unwrap();
    two.ada(&["verify", &id.to_string()]).success();
    // Bob admitted Ada to his log, and there her key says something else.
    two.bob(&["key", "admit", &ada.public().to_base64()]).success();
    says(&two, &ada, Kind::Annotation, |b| b.target = Some(target("2")));
    two.bob(&["sync"]).success();
    two.ada(&["sync"]).success();
    two.ada(&["verify", &id.to_string()]).success().shows("also recorded by");
    two.ada(&["key", "trust", two.bob(&["key", "show", "--vkey"]).stdout().trim()]).success();
    two.ada(&["verify", &id.to_string()]).code(1).shows("has the same id and says something else");
    let ledger = LocalLedger::open(&two.s.ledger("")).unwrap().unwrap();
    assert!(ledger.find(&id).unwrap().is_some());
}
