//! Somebody with other keys, or with all the files but no memory, rewrites what he can. Met by a reader with a
//! home of his own, who has at most the rules that the owner gave him.

use crate::common::Sandbox;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mlprov::app::record;
use mlprov::domain::entry::Kind;
use mlprov::domain::ids::EntryId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::frame;
use mlprov::ledger::hash;
use mlprov::ledger::tree::Frontier;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::WriterKeyFile;
use p256::ecdsa::Signature;
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

/// The reader: a home that has never seen the project.
fn reader(s: &Sandbox, args: &[&str]) -> crate::common::Output {
    s.mlprov_as("reader", "repo", args)
}

/// The attacker makes the project anew, with keys of his own and other data under the same names.
fn rewritten(s: &Sandbox) {
    fs::remove_dir_all(s.path(".git")).unwrap();
    s.git(&["init", "-q", "-b", "main"]);
    let attacker = |args: &[&str]| s.mlprov_as("attacker", "repo", args);
    attacker(&["init", "--yes"]).success();
    s.write("data/a.csv", "x,y\n1,999\n");
    attacker(&["track", "data"]).success();
    s.git(&["add", "-A"]);
    // The commit's hook finds the attacker's keys.
    let mut commit = s.command("git", "repo");
    commit.env("HOME", s.root().join("attacker")).args(["commit", "-q", "-m", "first"]);
    commit.assert().success();
    attacker(&["verify", "HEAD"]).success();
}

#[test]
fn a_rewritten_repository_ledger_and_config_is_never_verified_from_a_fresh_home() {
    let s = Sandbox::project_with_data();
    let rules = s.mlprov(&["key", "export"]).success().stdout();
    s.write("../rules", &rules);
    let trust = ["verify", "HEAD", "--trust", "../rules"];
    reader(&s, &trust).success();
    assert!(!s.root().join("reader/.local").join("state/mlprov").join(s.project_id()).join("pins").exists());

    // All of it rewritten under the same project id: his log has another origin.
    rewritten(&s);
    reader(&s, &["verify", "HEAD"]).code(3).shows("unpinned");
    reader(&s, &trust).code(1).shows("unpinned").shows("none of the trusted admins");
    reader(&s, &["ledger", "audit", "--trust", "../rules"]).code(1).shows("none of the trusted admins");
    let only_log: String = rules.lines().filter(|l| l.starts_with("log ")).collect();
    s.write("../log-only", only_log);
    reader(&s, &["verify", "HEAD", "--trust", "../log-only"]).code(3).shows("unpinned");
    // What he offers as a pin is a pin only if the reader says so; and `init` asks first.
    let before = s.listing();
    reader(&s, &["status"]).success();
    before.assert_same(&s.listing());

    // The same, with the origin of the true log: its checkpoint is not signed by the key of the rules.
    let origin =
        rules.lines().find_map(|l| l.strip_prefix("log ")).unwrap().split('+').next().unwrap().to_owned();
    let true_log = origin.rsplit('/').next().unwrap().to_owned();
    let his = s.mlprov_as("attacker", "repo", &["--json", "ledger", "status"]).success().json();
    let his_log = his["log"].as_str().unwrap();
    let journal = fs::read(s.ledger("journal")).unwrap();
    let length = u32::from_le_bytes(journal[8..12].try_into().unwrap()) as usize;
    let header = String::from_utf8(journal[16..16 + length].to_vec()).unwrap().replace(his_log, &true_log);
    let mut forged = journal[..8].to_vec();
    forged.extend_from_slice(&(header.len() as u32).to_le_bytes());
    forged.extend_from_slice(&crc32c::crc32c(header.as_bytes()).to_le_bytes());
    forged.extend_from_slice(header.as_bytes());
    forged.extend_from_slice(&journal[16 + length..]);
    fs::write(s.ledger("journal"), forged).unwrap();
    for derived in ["head", "signed", "place", "lookup.ids", "lookup.offsets"] {
        let _ = fs::remove_file(s.ledger(derived));
    }
    // His own key under the true log's name signs it.
    let keys = s.root().join("attacker/.config/mlprov/keys");
    fs::copy(keys.join(format!("log-{his_log}.pem")), keys.join(format!("log-{true_log}.pem"))).unwrap();
    fs::remove_file(s.ledger("checkpoint")).unwrap();
    s.mlprov_as("attacker", "repo", &["ledger", "checkpoint"]).success();
    reader(&s, &trust).code(1).shows("altered     checkpoint");
    reader(&s, &["ledger", "audit", "--trust", "../rules"]).code(1);
    // Nor does pinning by the attacker's word help him with a reader who was given the founder.
    let founder: String =
        rules.lines().filter(|l| l.starts_with("admin ")).map(|l| format!("{l}\n")).collect();
    let his_key = s.mlprov_as("attacker", "repo", &["key", "show", "--vkey"]).success().stdout();
    s.write("../half", format!("log {}\n{founder}", his_key.trim()));
    reader(&s, &["verify", "HEAD", "--trust", "../half"]).code(1).shows("none of the trusted admins");
}

#[test]
fn a_config_that_points_elsewhere_is_refused_or_told() {
    let s = Sandbox::project_with_data();
    let rules = s.mlprov(&["key", "export"]).success().stdout();
    s.write("../rules", &rules);
    let config = s.read(".mlprov/config.toml");
    let other = s.project_id().replace(|c: char| c.is_ascii_digit(), "4");
    for (from, to, code) in [
        (s.project_id(), other, 2),
        ("backend = \"local\"".to_owned(), "backend = \"http://evil.example\"".to_owned(), 2),
        ("writer = \"file\"".to_owned(), "writer = \"sh -c id\"".to_owned(), 2),
        ("[keys]".to_owned(), "[run]\ncommand = \"id\"\n\n[keys]".to_owned(), 2),
    ] {
        s.write(".mlprov/config.toml", config.replacen(&from, &to, 1));
        reader(&s, &["verify", "HEAD", "--trust", "../rules"]).code(code);
    }
}

/// Appends entries as no command would: their bytes are not looked at. The checkpoint over them is true.
pub fn append_raw(s: &Sandbox, entries: &[(EntryId, Vec<u8>)]) {
    append_as(s, "home", entries);
}

/// `home`: whose key of the log signs.
fn append_as(s: &Sandbox, home: &str, entries: &[(EntryId, Vec<u8>)]) {
    append_frame(&s.ledger(""), entries);
    s.mlprov_as(home, "repo", &["ledger", "checkpoint"]).success();
}

/// `dir`: of the ledger.
pub fn append_frame(dir: &Path, entries: &[(EntryId, Vec<u8>)]) {
    let ledger = LocalLedger::open(dir).unwrap().unwrap();
    let tree = ledger.head().unwrap();
    let mut body = tree.size().to_le_bytes().to_vec();
    body.extend_from_slice(&(entries.len() as u32).to_le_bytes());
    body.extend_from_slice(&tree.root().0);
    body.push(tree.peaks().len() as u8);
    tree.peaks().iter().for_each(|p| body.extend_from_slice(&p.0));
    for (id, bytes) in entries {
        body.extend_from_slice(id.as_bytes());
        body.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
        body.extend_from_slice(bytes);
    }
    let mut frame = frame::FRAME_MAGIC.to_vec();
    frame.extend_from_slice(&(body.len() as u32).to_le_bytes());
    frame.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    frame.extend_from_slice(&body);
    fs::OpenOptions::new().append(true).open(dir.join("journal")).unwrap().write_all(&frame).unwrap();
}

/// Makes the ledger anew, of these entries and nothing else.
pub fn remake(s: &Sandbox, home: &str, entries: &[(EntryId, Vec<u8>)]) {
    let journal = fs::read(s.ledger("journal")).unwrap();
    let header = 16 + u32::from_le_bytes(journal[8..12].try_into().unwrap()) as usize;
    fs::write(s.ledger("journal"), &journal[..header]).unwrap();
    for derived in ["head", "signed", "checkpoint", "lookup.ids", "lookup.offsets"] {
        let _ = fs::remove_file(s.ledger(derived));
    }
    append_as(s, home, entries);
}

/// All entries of the log, as they are stored.
pub fn all_entries(s: &Sandbox) -> Vec<(EntryId, Vec<u8>)> {
    let ledger = LocalLedger::open(&s.ledger("")).unwrap().unwrap();
    let mut entries = Vec::new();
    let read = ledger.read(0, &mut |stored| {
        entries.push((stored.id, stored.bytes.to_vec()));
        ControlFlow::Continue(())
    });
    read.unwrap();
    entries
}

/// The last entry of the log: id and envelope.
fn last_entry(s: &Sandbox) -> (EntryId, String) {
    let (id, bytes) = all_entries(s).pop().unwrap();
    (id, String::from_utf8(bytes).unwrap())
}

/// What it is, and how to make it of the true envelope.
type Form = (&'static str, fn(&str) -> String);

/// One payload has one envelope. Every other one, even if a signature in it is good, is found wherever it stands.
#[test]
fn a_second_envelope_of_one_payload_is_found() {
    let forms: [Form; 5] = [
        ("a second signature", |e| {
            let at = e.find("[{\"keyid\"").unwrap() + 1;
            let one = &e[at..e.len() - 2];
            format!("{}{one},{one}]}}", &e[..at])
        }),
        ("white space", |e| e.replace("\",\"", "\", \"")),
        ("a line feed at the end", |e| format!("{e}\n")),
        ("another order of keys", |e| {
            let (payload, rest) = e[1..e.len() - 1].split_once(",\"payloadType\"").unwrap();
            format!("{{\"payloadType\"{rest},{payload}}}")
        }),
        ("the other signature of the same message (high S)", |e| {
            let at = e.find("\"sig\":\"").unwrap() + 7;
            let der = BASE64.decode(&e[at..e.len() - 4]).unwrap();
            let low = Signature::from_der(&der).unwrap();
            let high = Signature::from_scalars(*low.r(), -*low.s()).unwrap();
            format!("{}{}{}", &e[..at], BASE64.encode(high.to_der().as_bytes()), &e[e.len() - 4..])
        }),
    ];
    for (name, other_form) in forms {
        // Beside the true one: the id is there twice.
        let s = Sandbox::project_with_data();
        s.mlprov(&["verify", "HEAD"]).success();
        let (id, envelope) = last_entry(&s);
        let other = other_form(&envelope).into_bytes();
        assert_ne!(other, envelope.as_bytes(), "{name}");
        append_raw(&s, &[(id, other.clone())]);
        s.mlprov(&["ledger", "audit"]).code(1);
        let verify = s.mlprov(&["verify", &id.to_string()]);
        assert_eq!(verify.exit_code(), Some(1), "{name}: {}", verify.snapshot());

        // In its place: a ledger in which only the other form ever stood.
        let s = Sandbox::project_with_data();
        let mut entries = all_entries(&s);
        let (id, envelope) = entries.pop().unwrap();
        entries.push((id, other_form(std::str::from_utf8(&envelope).unwrap()).into_bytes()));
        remake(&s, "home", &entries);
        let audit = s.mlprov(&["--json", "ledger", "audit"]);
        audit.code(1);
        let found = audit.json()["findings"].as_array().unwrap().clone();
        assert!(found.iter().any(|f| f["index"] == entries.len() as u64 - 1), "{name}: {found:?}");
        let verify = s.mlprov(&["verify", "HEAD"]);
        assert_ne!(verify.exit_code(), Some(0), "{name}: {}", verify.snapshot());
        let by_id = s.mlprov(&["verify", &id.to_string()]);
        assert_eq!(by_id.exit_code(), Some(1), "{name}: {}", by_id.snapshot());
    }
}

/// Only the end is judged as the run; its beginning must be as sound.
#[test]
fn a_run_whose_beginning_nobody_signed_is_altered() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "latest"]).success();
    let mut entries = all_entries(&s);
    let signature = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text[text.find("\"sig\":\"").unwrap()..].to_owned()
    };
    let [.., start, end] = &mut entries[..] else { panic!("two entries") };
    let bent = String::from_utf8(start.1.clone()).unwrap().replace(&signature(&start.1), &signature(&end.1));
    start.1 = bent.into_bytes();
    remake(&s, "home", &entries);
    s.mlprov(&["verify", "latest"]).code(1).shows("does not hold");
}

#[test]
fn a_proof_of_another_entry_or_place_is_refused() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["run", "--", "true"]).success();
    let check = |proof: &str| {
        s.write("../proof", proof);
        s.mlprov(&["ledger", "check-proof", "../proof"])
    };
    let prove = |what: &str| s.json(&["ledger", "prove", what])["proof"].as_str().unwrap().to_owned();
    let (sound, other) = (prove("HEAD"), prove("latest"));
    check(&sound).success();
    let line = |proof: &str, n: usize| proof.lines().nth(n).unwrap().to_owned();
    // Another entry at its place, another place for it, another hash on the way, one more, one less.
    let hash = line(&sound, 3);
    for bent in [
        sound.replacen(&line(&sound, 1), &line(&other, 1), 1),
        sound.replacen("\nindex 2\n", "\nindex 3\n", 1),
        sound.replacen(&hash, &line(&other, 3), 1),
        sound.replacen(&hash, &format!("{hash}\n{hash}"), 1),
        sound.replacen(&format!("{hash}\n"), "", 1),
    ] {
        assert_ne!(bent, sound);
        check(&bent).code(1).says("do not lead from the entry to the checkpoint");
    }
}

#[test]
fn nobody_signs_in_the_name_of_another() {
    let s = Sandbox::project_with_data();
    let (other, _) = WriterKeyFile::open_or_create(&s.root().join("other.pem")).unwrap();
    let project = s.project_id().parse().unwrap();
    let mut body = record::draft(project, Kind::Annotation, Timestamp::from_unix_micros(0), &other);
    body.actor.writer = s.writer().public().id();
    assert!(record::seal(body, &other).is_err());
}

/// The journal says which entry stands where; the entry's own bytes know better.
#[test]
fn an_entry_under_another_id_is_found() {
    let s = Sandbox::project_with_data();
    s.forge(&s.writer(), Kind::Annotation, |_| {});
    let mut entries = all_entries(&s);
    let last = entries.last_mut().unwrap();
    last.0 = EntryId::of_unreadable(&[7; 32]);
    let named = last.0.to_string();
    remake(&s, "home", &entries);
    s.mlprov(&["ledger", "audit"]).code(1).shows("by another id than its own bytes");
    s.mlprov(&["verify", &named]).code(1).shows("its own bytes say");
}

/// Who is given the founder is not fooled by a log whose first entry nobody can read.
#[test]
fn a_log_is_founded_by_its_first_entry_or_not_at_all() {
    let s = Sandbox::project_with_data();
    let rules = s.mlprov(&["key", "export"]).success().stdout();
    let founder: String =
        rules.lines().filter(|l| l.starts_with("admin ")).map(|l| format!("{l}\n")).collect();
    rewritten(&s);
    let his_key = s.mlprov_as("attacker", "repo", &["key", "show", "--vkey"]).success().stdout();
    s.write("../half", format!("log {}\n{founder}", his_key.trim()));
    let mut entries = all_entries(&s);
    entries.insert(0, (EntryId::of_unreadable(&[7; 32]), b"no entry".to_vec()));
    remake(&s, "attacker", &entries);
    reader(&s, &["verify", "HEAD", "--trust", "../half"]).code(1).shows("never admitted");
    reader(&s, &["ledger", "audit", "--trust", "../half"]).code(1);
}

/// The raw frame of these tests is one that a reader takes: else they would prove nothing.
#[test]
fn an_entry_appended_past_every_check_is_read_back() {
    let s = Sandbox::project_with_data();
    let (id, envelope) = last_entry(&s);
    let before = LocalLedger::open(&s.ledger("")).unwrap().unwrap().head().unwrap();
    append_raw(&s, &[(id, envelope.clone().into_bytes())]);
    let mut tree: Frontier = before.clone();
    tree.push(hash::leaf(envelope.as_bytes()));
    assert_eq!(LocalLedger::open(&s.ledger("")).unwrap().unwrap().head().unwrap(), tree);
    assert_eq!(last_entry(&s), (id, envelope));
    // Even the same bytes twice are said.
    s.mlprov(&["ledger", "audit"]).code(1).shows("the same id stands at index");
}
