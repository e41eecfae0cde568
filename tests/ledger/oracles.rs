//! Roots, tiles, proofs, checkpoints: ours beside `tlog_tiles`, `signed_note` and `ct-merkle`.

use mlprov::ledger::FormatError;
use mlprov::ledger::checkpoint::Checkpoint;
use mlprov::ledger::hash;
use mlprov::ledger::hash::TreeHash;
use mlprov::ledger::note::Note;
use mlprov::ledger::note::VerifierKey;
use mlprov::ledger::proof;
use mlprov::ledger::proof::TileReader;
use mlprov::ledger::tile;
use mlprov::ledger::tile::Builder;
use mlprov::ledger::tile::Tile;
use mlprov::ledger::tree::Frontier;
use std::collections::BTreeMap;
use tlog_tiles::Hash;
use tlog_tiles::HashReader;

/// Deterministic numbers (splitmix64), so that a failure can be played again.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

fn entry(i: u64) -> Vec<u8> {
    format!("entry {i}").into_bytes()
}

/// The oracle's store: every hash of the tree, in its own order.
#[derive(Default)]
struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|i| self.0[*i as usize]).collect())
    }
}

impl Stored {
    fn push(&mut self, n: u64) {
        let hashes = tlog_tiles::stored_hashes(n, &entry(n), self).unwrap();
        self.0.extend(hashes);
    }
}

/// Our tiles, as a log that has published only its latest size would have them.
struct Ours(BTreeMap<Tile, Vec<TreeHash>>);

impl Ours {
    fn build(size: u64) -> Self {
        let mut tiles = BTreeMap::new();
        let mut builder = Builder::default();
        for i in 0..size {
            let done: Result<(), ()> = builder.push(hash::leaf(&entry(i)), &mut |tile, row| {
                tiles.insert(tile, row.to_vec());
                Ok(())
            });
            done.unwrap();
        }
        tiles.extend(builder.partial().map(|(tile, row)| (tile, row.to_vec())));
        Ours(tiles)
    }
}

impl TileReader for Ours {
    type Error = FormatError;
    fn read(&self, wanted: Tile) -> Result<Vec<TreeHash>, FormatError> {
        let wider = self
            .0
            .iter()
            .find(|(t, _)| t.level == wanted.level && t.index == wanted.index && t.width >= wanted.width);
        let (_, row) = wider.ok_or_else(|| FormatError::new("tile", format!("{wanted:?} is not there")))?;
        Ok(row[..usize::from(wanted.width)].to_vec())
    }
}

fn plain(hashes: &[Hash]) -> Vec<[u8; 32]> {
    hashes.iter().map(|h| h.0).collect()
}

fn ours(hashes: &[TreeHash]) -> Vec<[u8; 32]> {
    hashes.iter().map(|h| h.0).collect()
}

#[test]
fn roots_tiles_and_proofs_are_those_of_tlog_tiles() {
    let mut numbers = Numbers(1);
    let largest = 70_000;
    let mut stored = Stored::default();
    let mut frontier = Frontier::default();
    let mut roots = vec![frontier.root()];
    for i in 0..largest {
        stored.push(i);
        frontier.push(hash::leaf(&entry(i)));
        roots.push(frontier.root());
    }
    let mut sizes = vec![1, 2, 255, 256, 257, 65_535, 65_536, 65_537, largest];
    sizes.extend((0..12).map(|_| 1 + numbers.below(largest)));
    for size in sizes {
        let oracle_root = tlog_tiles::tree_hash(size, &stored).unwrap();
        assert_eq!(oracle_root.0, roots[size as usize].0, "root of {size}");
        let tiles = Ours::build(size);
        let listed: Vec<Tile> = tiles.0.keys().copied().collect();
        let oracle_tiles = tlog_tiles::Tile::new_tiles(8, 0, size);
        assert_eq!(listed.len(), oracle_tiles.len(), "number of tiles of {size}");
        for theirs in oracle_tiles {
            let mine =
                Tile { level: theirs.level(), index: theirs.level_index(), width: theirs.width() as u16 };
            assert_eq!(
                tile::encode(&tiles.0[&mine]),
                theirs.read_data(&stored).unwrap(),
                "{mine:?} of {size}"
            );
            // Go's scheme has the height before the level; the rest of the path is the same.
            assert_eq!(theirs.path().replacen("tile/8/", "tile/", 1), mine.path());
        }
        for _ in 0..20 {
            let index = numbers.below(size);
            let path = proof::inclusion(&tiles, index, size).unwrap();
            let theirs = tlog_tiles::prove_record(size, index, &stored).unwrap();
            assert_eq!(ours(&path), plain(&theirs), "leaf {index} of {size}");
            let leaf = tlog_tiles::record_hash(&entry(index));
            let hashes = path.iter().map(|h| Hash(h.0)).collect();
            tlog_tiles::check_record(&hashes, size, oracle_root, index, leaf).unwrap();
            let leaf = hash::leaf(&entry(index));
            assert!(proof::check_inclusion(&leaf, index, size, &path, &roots[size as usize]));

            let old = 1 + numbers.below(size);
            let path = proof::consistency(&tiles, old, size).unwrap();
            let theirs = tlog_tiles::prove_tree(size, old, &stored).unwrap();
            assert_eq!(ours(&path), plain(&theirs), "{old} to {size}");
            assert!(proof::check_consistency(old, size, &roots[old as usize], &roots[size as usize], &path));
        }
    }
}

#[test]
fn roots_are_those_of_ct_merkle() {
    let mut tree = ct_merkle::mem_backed_tree::MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
    let mut frontier = Frontier::default();
    for i in 0..2_000 {
        tree.push(entry(i));
        frontier.push(hash::leaf(&entry(i)));
        if i % 97 == 0 || i < 300 {
            assert_eq!(tree.root().as_bytes().as_slice(), frontier.root().0, "size {}", i + 1);
        }
    }
}

fn sign(seed: u8, name: &str, text: &str) -> (String, VerifierKey) {
    use ed25519_dalek::Signer;
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let verifier = VerifierKey::new(name, key.verifying_key().as_bytes()).unwrap();
    let line = verifier.signature_line(&key.sign(text.as_bytes()).to_bytes());
    (format!("{text}\n{line}"), verifier)
}

fn theirs_accepts(note: &str, vkey: &str) -> bool {
    let Ok(note) = signed_note::Note::from_bytes(note.as_bytes()) else { return false };
    let verifier = signed_note::StandardVerifier::new(vkey).unwrap();
    note.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).is_ok()
}

#[test]
fn checkpoints_are_read_alike_by_signed_note_and_tlog_tiles() {
    let mut numbers = Numbers(2);
    for size in [0, 1, 255, 1_000_000_007] {
        let root = hash::leaf(&numbers.next().to_be_bytes());
        let checkpoint = Checkpoint { origin: format!("mlprov.dev/p/{size}"), size, root };
        let (note, vkey) = sign(3, &checkpoint.origin, &checkpoint.to_text());
        assert!(theirs_accepts(&note, &vkey.to_string()));
        let theirs = tlog_tiles::Checkpoint::from_bytes(checkpoint.to_text().as_bytes()).unwrap();
        assert_eq!((theirs.origin(), theirs.size()), (checkpoint.origin.as_str(), size));
        assert_eq!(theirs.hash().0, root.0);
        // Every single changed byte is refused by both, or by ours at least where theirs is lenient.
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(bent) = String::from_utf8(bytes) else { continue };
            let accepted = Note::parse(&bent).is_ok_and(|n| n.is_signed_by(&vkey));
            assert!(!accepted, "byte {at}");
            assert!(!theirs_accepts(&bent, &vkey.to_string()), "byte {at}, theirs");
        }
    }
}

#[test]
fn several_signatures_are_judged_alike() {
    let text = "o\n1\nAAAA\n";
    let notes: Vec<(String, VerifierKey)> = (1..=20).map(|n| sign(n, &format!("key{n}"), text)).collect();
    let lines: Vec<&str> = notes.iter().map(|(note, _)| note.rsplit_once("\n\n").unwrap().1).collect();
    let all = format!("{text}\n{}", lines.concat());
    for (_, vkey) in &notes {
        assert!(Note::parse(&all).unwrap().is_signed_by(vkey));
        assert!(theirs_accepts(&all, &vkey.to_string()));
    }
    let (_, stranger) = sign(99, "key99", text);
    assert!(!Note::parse(&all).unwrap().is_signed_by(&stranger));
    assert!(!theirs_accepts(&all, &stranger.to_string()));
}
