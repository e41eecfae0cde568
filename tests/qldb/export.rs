//! `qldb verify-export`: sound exports in both forms, and every sort of unsound ones.

use super::journal;
use super::journal::Block;
use super::journal::Plan;
use super::journal::Random;
use super::journal::Struct;
use super::journal::base64;
use super::journal::blob;
use super::journal::random_hash;
use mlprov::app::qldb::export;
use mlprov::app::qldb::export::Against;
use mlprov::app::qldb::export::ExportReport;
use mlprov::app::qldb::export::Input;
use mlprov::app::qldb::export::Verdict;
use mlprov::ports::progress::Silent;
use mlprov::qldb::journal::Means;
use mlprov::qldb::journal::Reach;
use mlprov::qldb::target::Digest;
use mlprov::qldb::target::Proof;
use std::path::Path;
use std::process::Command;

pub fn verify(bytes: &[u8]) -> ExportReport {
    verify_against(bytes, Against::default())
}

pub fn verify_against(bytes: &[u8], against: Against) -> ExportReport {
    export::verify(Input::Stream(Box::new(bytes)), against, &Silent).unwrap()
}

fn both(blocks: &[Block]) -> [Vec<u8>; 2] {
    [journal::to_text(blocks), journal::to_binary(blocks)]
}

fn hash(of: &journal::Hash) -> mlprov::qldb::hash::Hash {
    base64(of).parse().unwrap()
}

fn digest(blocks: &[Block], tip: Option<u64>) -> Digest {
    let hashes: Vec<_> = blocks.iter().map(|block| block.hash).collect();
    let strand = journal::Journal::new(SEED, true).strand;
    Digest { hash: hash(&journal::root(&hashes)), tip: tip.map(|tip| (strand, tip)) }
}

/// Gives block `AT` four revisions, the first and third of which can be edited.
const SEED: u64 = 17;

fn blocks(n: u64) -> Vec<Block> {
    journal::make(Plan { seed: SEED, blocks: n, wild: true })
}

#[test]
fn sound_exports_are_verified_in_both_forms() {
    let blocks = blocks(200);
    let mut seen = Vec::new();
    for bytes in both(&blocks) {
        let report = verify(&bytes);
        assert_eq!(report.faults, [], "{report:?}");
        assert_eq!((report.verdict, report.exit_code), (Verdict::Verified, 0), "{report:?}");
        assert_eq!((report.first_block, report.last_block), (Some(0), Some(199)));
        let found = report.found;
        assert_eq!(found.blocks, 200);
        assert!(found.revisions > 100 && found.redacted_revisions > 10, "{found:?}");
        assert!(found.deleted_revisions > 10 && found.system_revisions > 10, "{found:?}");
        assert!(found.blocks_without_transaction_info > 10, "{found:?}");
        assert!(found.statements_with_parameters > 10 && found.opaque_entries > 400, "{found:?}");
        assert_eq!((found.unexplained_revisions, found.unknown_fields), (0, 0));
        seen.push(found);
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn a_digest_is_reached_at_its_block_and_nowhere_else() {
    let all = blocks(40);
    let bytes = journal::to_binary(&all);
    for tip in 0..40u64 {
        let of = &all[..=tip as usize];
        for digest in [digest(of, Some(tip)), digest(of, None)] {
            let report = verify_against(&bytes, Against { digest: Some(digest), proof: None });
            assert_eq!(report.reach, Reach::Covers { last: tip, by: Means::Root });
            assert_eq!(report.exit_code, 0);
        }
        let wrong = Digest { tip: Some((all_strand(), tip)), ..digest(&all[..39 - tip as usize % 20], None) };
        if wrong.hash != digest(of, None).hash {
            let report = verify_against(&bytes, Against { digest: Some(wrong), proof: None });
            assert_eq!((report.exit_code, report.faults[0].sequence_no), (1, Some(tip)), "{report:?}");
        }
    }
    let later = Against { digest: Some(digest(&blocks(50), Some(49))), proof: None };
    let report = verify_against(&bytes, later);
    assert_eq!((&report.reach, report.exit_code), (&Reach::Beyond { block: 49 }, 3));
    let other = Digest { tip: Some(("of-another-strand".into(), 5)), ..digest(&all[..6], None) };
    assert_eq!(verify_against(&bytes, Against { digest: Some(other), proof: None }).exit_code, 1);
    let none = Digest { hash: hash(&random_hash(&mut Random(1))), tip: None };
    let report = verify_against(&bytes, Against { digest: Some(none), proof: None });
    assert_eq!((&report.reach, report.exit_code), (&Reach::Differs, 1));
}

fn all_strand() -> String {
    journal::Journal::new(SEED, true).strand
}

#[test]
fn a_part_needs_a_proof_and_is_verified_with_one() {
    let all = blocks(60);
    let hashes: Vec<_> = all.iter().map(|block| block.hash).collect();
    let part = journal::to_binary(&all[20..50]);
    let target = digest(&all, Some(59));
    let report = verify(&part);
    assert_eq!((report.exit_code, report.first_block), (0, Some(20)));
    let report = verify_against(&part, Against { digest: Some(target.clone()), proof: None });
    assert_eq!((&report.reach, report.exit_code), (&Reach::NeedsProof, 3));
    for (of, known) in [(49, true), (49, false), (30, true), (20, false)] {
        let hashes = journal::path(&hashes, of).iter().map(hash).collect();
        let proof = Proof { hashes, block: known.then_some(of as u64) };
        let against = Against { digest: Some(target.clone()), proof: Some(proof.clone()) };
        let report = verify_against(&part, against);
        assert_eq!(report.reach, Reach::Covers { last: of as u64, by: Means::BlockProof });
        assert_eq!(report.exit_code, 0);
        // Of another block it proves nothing.
        let other = Proof { block: Some(25), ..proof };
        let report = verify_against(&part, Against { digest: Some(target.clone()), proof: Some(other) });
        assert_eq!((report.exit_code, report.faults[0].sequence_no), (1, Some(25)));
    }
    let outside = Proof { hashes: journal::path(&hashes, 55).iter().map(hash).collect(), block: Some(55) };
    let report = verify_against(&part, Against { digest: Some(target), proof: Some(outside) });
    assert_eq!((&report.reach, report.exit_code), (&Reach::Beyond { block: 55 }, 3));
}

type Edit = fn(&mut Vec<Block>);

/// A block of the middle that has a revision with data.
const AT: usize = 11;

fn revision(block: &mut Block) -> &mut Struct {
    block.revisions.iter_mut().find(|revision| revision.0.iter().any(|field| field.0 == "data")).unwrap()
}

fn other_hash() -> String {
    blob(&random_hash(&mut Random(99)))
}

/// What was done, to which block it leads, and whether Python's packages are asked as well.
const EDITS: [(&str, u64, Edit); 22] = [
    ("a block is missing", AT as u64 + 1, |all| drop(all.remove(AT))),
    ("a block is there twice", AT as u64, |all| all.insert(AT, all[AT].clone())),
    ("two blocks are swapped", AT as u64 + 1, |all| all.swap(AT, AT + 1)),
    ("blockHash", AT as u64, |all| all[AT].head.set("blockHash", other_hash())),
    ("previousBlockHash", AT as u64, |all| all[AT].head.set("previousBlockHash", other_hash())),
    ("entriesHash", AT as u64, |all| all[AT].head.set("entriesHash", other_hash())),
    ("no previousBlockHash", AT as u64, |all| drop(all[AT].head.remove("previousBlockHash"))),
    ("no entries", AT as u64, |all| all[AT].head.set("entriesHashList", "[]".into())),
    ("an entry more", AT as u64, |all| {
        let list = all[AT].head.get("entriesHashList").replace(']', &format!(",{}]", other_hash()));
        all[AT].head.set("entriesHashList", list);
    }),
    ("a statement", AT as u64, |all| {
        let info = all[AT].head.get("transactionInfo").replace("INSERT", "UPSERT");
        all[AT].head.set("transactionInfo", info);
    }),
    ("data", AT as u64, |all| {
        let data = revision(&mut all[AT]).get("data").replacen('{', "{more:1,", 1);
        revision(&mut all[AT]).set("data", data);
    }),
    ("metadata", AT as u64, |all| {
        let metadata = revision(&mut all[AT]).get("metadata").replace("version:", "version:1");
        revision(&mut all[AT]).set("metadata", metadata);
    }),
    ("a digit that only precision tells", AT as u64, |all| {
        let metadata = revision(&mut all[AT]).get("metadata").replace("Z,", "0Z,");
        revision(&mut all[AT]).set("metadata", metadata);
    }),
    ("the hash of a revision", AT as u64, |all| revision(&mut all[AT]).set("hash", other_hash())),
    ("redacted with another hash", AT as u64, |all| {
        revision(&mut all[AT]).remove("data");
        revision(&mut all[AT]).push("dataHash", other_hash());
    }),
    ("a revision is missing", AT as u64, |all| drop(all[AT].revisions.remove(0))),
    ("two revisions are swapped", AT as u64, |all| all[AT].revisions.swap(0, 2)),
    ("a revision of another block", AT as u64, |all| {
        let address = all[AT + 1].head.get("blockAddress").to_owned();
        revision(&mut all[AT]).set("blockAddress", address);
    }),
    ("another transaction", AT as u64, |all| all[AT].head.set("transactionId", "\"another\"".into())),
    ("another strand", AT as u64, |all| {
        let address = format!("{{strandId:\"another\",sequenceNo:{AT}}}");
        all[AT].head.set("blockAddress", address);
    }),
    ("another number", AT as u64 + 500, |all| {
        let address = all[AT].head.get("blockAddress").replace(&AT.to_string(), &(AT + 500).to_string());
        all[AT].head.set("blockAddress", address);
    }),
    ("all hashes of a block computed anew", AT as u64 + 1, |all| {
        let mut other = journal::make(Plan { seed: 8, blocks: AT as u64 + 1, wild: true }).pop().unwrap();
        let (previous, entries) = (all[AT - 1].hash, other.head.get("entriesHashList").to_owned());
        let entries: Vec<journal::Hash> =
            entries.split("{{").skip(1).map(|part| hash_of(part.split("}}").next().unwrap())).collect();
        other.hash = journal::dot(&journal::root(&entries), &previous);
        other.head.set("blockHash", blob(&other.hash));
        other.head.set("previousBlockHash", blob(&previous));
        let strand = format!("\"{}\"", journal::Journal::new(8, true).strand);
        let here = format!("\"{}\"", all_strand());
        for part in std::iter::once(&mut other.head).chain(&mut other.revisions) {
            part.0.iter_mut().for_each(|field| field.1 = field.1.replace(&strand, &here));
        }
        all[AT] = other;
    }),
];

fn hash_of(base64: &str) -> journal::Hash {
    base64.parse::<mlprov::qldb::hash::Hash>().unwrap().0
}

#[test]
fn whatever_is_changed_is_found_at_its_block() {
    let sound = blocks(20);
    assert_eq!(sound[AT].revisions.len(), 4, "the edits need some");
    for (what, at, edit) in EDITS {
        let mut all = sound.clone();
        edit(&mut all);
        for bytes in both(&all) {
            let report = verify(&bytes);
            assert_eq!((report.exit_code, report.verdict), (1, Verdict::Failed), "{what}: {report:?}");
            assert_eq!(report.faults[0].sequence_no, Some(at), "{what}: {:?}", report.faults);
            let digest = digest(&sound, Some(19));
            let report = verify_against(&bytes, Against { digest: Some(digest), proof: None });
            assert_eq!(report.exit_code, 1, "{what} with a digest");
            assert!(!matches!(report.reach, Reach::Covers { .. }), "{what}: {:?}", report.reach);
        }
    }
}

#[test]
fn what_no_known_hash_covers_is_never_called_verified() {
    for edit in [
        (|all: &mut Vec<Block>| all[AT].head.push("more", "1".into())) as Edit,
        |all| revision(&mut all[AT]).push("more", "1".into()),
        |all| drop(revision(&mut all[AT]).remove("data")),
    ] {
        let mut all = blocks(20);
        edit(&mut all);
        for bytes in both(&all) {
            let report = verify(&bytes);
            assert_eq!((report.exit_code, report.verdict), (3, Verdict::Incomplete), "{report:?}");
        }
    }
    for nothing in [&b""[..], b" // nothing\n", b"\xE0\x01\x00\xEA", b"$ion_1_0"] {
        let report = verify(nothing);
        assert_eq!((report.exit_code, report.verdict), (3, Verdict::Incomplete), "{report:?}");
    }
}

#[test]
fn a_stream_that_breaks_off_is_a_fault_wherever_it_does() {
    let all = blocks(3);
    // Between two blocks, nobody can tell; nor can they who have nothing.
    let mut between = Vec::new();
    for bytes in both(&all) {
        let bytes = bytes.trim_ascii_end();
        for end in (1..bytes.len()).step_by(3) {
            let report = verify(&bytes[..end]);
            if report.exit_code == 1 {
                continue;
            }
            assert!(report.found.blocks < 3, "{end}: {report:?}");
            between.push(report.found.blocks);
        }
    }
    assert!(between.len() < 12, "{between:?}");
}

/// Everything that is changed here is sound, or unsound, for `amazon.ion` and `ionhash` as it is for us.
#[test]
fn python_s_packages_say_the_same() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/ion/venv/bin/python");
    if !python.exists() {
        return super::common::skipped("amazon.ion and ionhash are not installed (tests/run.sh)");
    }
    let dir = tempfile::tempdir().unwrap();
    let mut expected = String::new();
    let mut files = Vec::new();
    let mut add = |name: &str, bytes: &[u8], says: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        expected.push_str(&format!("{} {says}\n", file.display()));
        files.push(file);
    };
    let sound = blocks(30);
    for (form, bytes) in ["text", "binary"].iter().zip(both(&sound)) {
        assert_eq!(verify(&bytes).exit_code, 0);
        add(form, &bytes, "ok");
    }
    let sound = blocks(16);
    for (n, (what, at, edit)) in EDITS.into_iter().enumerate() {
        let mut all = sound.clone();
        edit(&mut all);
        let bytes = if n % 2 == 0 { journal::to_text(&all) } else { journal::to_binary(&all) };
        add(&format!("{n}-{}", what.replace(' ', "-")), &bytes, &format!("fault {at}"));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/qldb/verify.py");
    let done = Command::new(python).arg(script).args(&files).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(String::from_utf8_lossy(&done.stdout), expected);
}
