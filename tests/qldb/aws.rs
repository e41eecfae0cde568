//! What AWS published: a block, a revision, their proofs and the digest (AWS CLI examples of get-block, get-revision and get-digest,
//! Apache-2.0), and commit digests as pyqldb 3.2.4 and the Node driver 3.1.0 compute them.

use super::export::verify_against;
use mlprov::app::qldb::export::Against;
use mlprov::qldb::commit_digest;
use mlprov::qldb::commit_digest::CommitDigest;
use mlprov::qldb::hash;
use mlprov::qldb::ion::stream::Stream;
use mlprov::qldb::ion_hash::IonHasher;
use mlprov::qldb::journal::Means;
use mlprov::qldb::journal::Reach;
use mlprov::qldb::target;

const BLOCK: &str = include_str!("vectors/awscli_block_100.ion");
const BLOCK_PROOF: &str = include_str!("vectors/awscli_block_100_proof.ion");
const REVISION: &str = include_str!("vectors/awscli_revision_100.ion");
const REVISION_PROOF: &str = include_str!("vectors/awscli_revision_100_proof.ion");
const DIGEST: &str = include_str!("vectors/awscli_digest_123.json");
const BARE_DIGEST: &str = include_str!("vectors/awscli_digest_123.ion");

fn against(digest: &[u8], proof: &[u8]) -> Result<Against, String> {
    Ok(Against { digest: Some(target::digest(digest)?), proof: Some(target::proof(proof)?) })
}

#[test]
fn the_published_block_is_under_the_published_digest_by_both_proofs() {
    let binary = super::journal::binary_of(BLOCK.as_bytes());
    for block in [BLOCK.as_bytes(), &binary] {
        for digest in [DIGEST, BARE_DIGEST] {
            for (proof, by) in [(BLOCK_PROOF, Means::BlockProof), (REVISION_PROOF, Means::RevisionProof)] {
                let report = verify_against(block, against(digest.as_bytes(), proof.as_bytes()).unwrap());
                assert_eq!(report.reach, Reach::Covers { last: 100, by });
                assert_eq!(report.exit_code, 0, "{report:?}");
                assert_eq!((report.found.revisions, report.found.opaque_entries), (1, 2));
            }
        }
    }
    assert!(BLOCK.contains(REVISION.trim()), "the revision is the one in the block");
}

/// Each bit of the block, but for those of the one value that no known hash covers.
#[test]
fn each_bit_of_the_published_block_counts() {
    let text = BLOCK.trim_end().as_bytes();
    let time = BLOCK.find("2019-09-16T19:37:05.360Z").unwrap();
    let binary = super::journal::binary_of(text);
    assert_eq!(verify_against(&binary, given()).exit_code, 0);
    let mut tried = 0;
    for bit in 0..text.len() * 8 {
        if (time..time + 24).contains(&(bit / 8)) {
            continue;
        }
        let mut other = text.to_owned();
        other[bit / 8] ^= 1 << (bit % 8);
        let report = verify_against(&other, given());
        let shown = String::from_utf8_lossy(&other[(bit / 8).saturating_sub(20)..]).into_owned();
        assert_ne!(report.exit_code, 0, "bit {bit}: {}", &shown[..40.min(shown.len())]);
        tried += 1;
    }
    assert_eq!(tried, (text.len() - 24) * 8);
}

fn given() -> Against {
    against(DIGEST.as_bytes(), BLOCK_PROOF.as_bytes()).unwrap()
}

#[test]
fn each_bit_of_digest_and_proofs_counts() {
    let check = |digest: &[u8; 32], proof: &[u8]| {
        let digest = super::journal::base64(digest);
        verify_against(BLOCK.as_bytes(), against(digest.as_bytes(), proof).unwrap()).exit_code
    };
    let digest = target::digest(DIGEST.as_bytes()).unwrap().hash.0;
    for proof in [BLOCK_PROOF, REVISION_PROOF] {
        assert_eq!(check(&digest, proof.as_bytes()), 0);
        for bit in 0..256 {
            let mut other = digest;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(check(&other, proof.as_bytes()), 1, "digest, bit {bit}");
        }
        let hashes = target::proof(proof.as_bytes()).unwrap().hashes;
        for bit in 0..hashes.len() * 256 {
            let mut other = hashes.clone();
            other[bit / 256].0[bit % 256 / 8] ^= 1 << (bit % 8);
            let proof: Vec<String> = other.iter().map(|hash| super::journal::blob(&hash.0)).collect();
            assert_eq!(check(&digest, format!("[{}]", proof.join(",")).as_bytes()), 1, "proof, bit {bit}");
        }
    }
}

#[test]
fn commit_digests_are_those_of_the_drivers() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("vectors/commit_digest_pyqldb.json")).unwrap();
    let hex = |hash: &hash::Hash| hash.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let of = |name: &str| {
        let text = vectors["dot"][name].as_str().unwrap();
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        hash::Hash((0..64).step_by(2).map(byte).collect::<Vec<_>>().try_into().unwrap())
    };
    assert_eq!(hash::dot(&of("a"), &of("b")), of("dot"));
    assert_eq!(hash::dot(&of("b"), &of("a")), of("dot"));
    let cases = vectors["commitDigest"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let mut hasher = IonHasher::default();
        let id = case["transactionId"].as_str().unwrap();
        let mut digest = CommitDigest::of_transaction(id, &mut hasher);
        for statement in case["statements"].as_array().unwrap() {
            let texts: Vec<&str> = statement["parametersIonText"]
                .as_array()
                .unwrap()
                .iter()
                .map(|text| text.as_str().unwrap())
                .collect();
            let mut streams: Vec<Stream<&[u8]>> =
                texts.iter().map(|text| Stream::new(text.as_bytes())).collect();
            streams.iter_mut().for_each(|stream| assert!(stream.advance().unwrap()));
            let parameters = streams.iter().map(|stream| (stream.value().unwrap(), stream.symbols()));
            let text = statement["statement"].as_str().unwrap();
            digest.add(&commit_digest::statement(text, parameters, &mut hasher).unwrap());
        }
        assert_eq!(hex(&digest.hash()), case["commitDigestHex"], "{case}");
    }
}
