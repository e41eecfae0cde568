//! Inclusion and consistency proofs (RFC 6962 §2.1.1, §2.1.2; verification as in RFC 9162 §2.1.3, §2.1.4), made
//! from tiles, and their text form (C2SP tlog-proof).

use crate::ledger::FormatError;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::tile::HEIGHT;
use crate::ledger::tile::Tile;
use crate::ledger::tile::WIDTH;
use crate::ledger::tree::Frontier;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeMap;

/// Where tiles come from. It is asked for each tile once per proof.
pub trait TileReader {
    type Error: From<FormatError>;
    /// Exactly `tile.width` hashes.
    fn read(&self, tile: Tile) -> Result<Vec<TreeHash>, Self::Error>;
}

/// Reads nodes of a tree of `size` leaves out of its tiles.
struct Nodes<'a, R: TileReader> {
    reader: &'a R,
    size: u64,
    cache: BTreeMap<Tile, Vec<TreeHash>>,
}

impl<R: TileReader> Nodes<'_, R> {
    /// Root of the perfect subtree of `1 << level` leaves that begins at leaf `index << level`.
    fn node(&mut self, level: u32, index: u64) -> Result<TreeHash, R::Error> {
        let tile_level = (level / HEIGHT) as u8;
        let within = level % HEIGHT;
        let first = index << within;
        let Some(tile) = Tile::holding(tile_level, first, self.size) else {
            return Err(FormatError::new("tree", format!("of {} leaves has no such node", self.size)).into());
        };
        if !self.cache.contains_key(&tile) {
            let hashes = self.reader.read(tile)?;
            if hashes.len() != usize::from(tile.width) {
                return Err(FormatError::new("tile", "has another width than its name says").into());
            }
            self.cache.insert(tile, hashes);
        }
        let from = (first % WIDTH) as usize;
        let mut row = self.cache[&tile][from..from + (1 << within)].to_vec();
        while row.len() > 1 {
            row = row.chunks(2).map(|pair| hash::node(&pair[0], &pair[1])).collect();
        }
        Ok(row[0])
    }

    /// Merkle Tree Hash of the leaves `start..end`, where `start` is where RFC 6962 would split.
    fn range(&mut self, start: u64, end: u64) -> Result<TreeHash, R::Error> {
        let mut parts = Vec::new();
        let mut at = start;
        while at < end {
            // The largest perfect subtree that fits: `start` is a multiple of every one that does.
            let level = (end - at).ilog2();
            parts.push(self.node(level, at >> level)?);
            at += 1 << level;
        }
        let mut parts = parts.into_iter().rev();
        let last = parts.next().unwrap_or_else(hash::empty_root);
        Ok(parts.fold(last, |right, left| hash::node(&left, &right)))
    }
}

/// Root of the perfect subtree of `1 << level` leaves that begins at leaf `index << level`, in a tree of `size`.
pub fn node<R: TileReader>(reader: &R, level: u32, index: u64, size: u64) -> Result<TreeHash, R::Error> {
    Nodes { reader, size, cache: BTreeMap::new() }.node(level, index)
}

/// The tree over the first `old` leaves of a tree of `size`, by its tiles. `old` is not more than `size`.
pub fn frontier_at<R: TileReader>(reader: &R, old: u64, size: u64) -> Result<Frontier, R::Error> {
    let mut nodes = Nodes { reader, size, cache: BTreeMap::new() };
    let mut peaks = Vec::new();
    let mut at = 0;
    while at < old {
        let level = (old - at).ilog2();
        peaks.push(nodes.node(level, at >> level)?);
        at += 1 << level;
    }
    Ok(Frontier::from_parts(old, peaks)?)
}

/// Root that the first `old` leaves of a tree of `size` had, by its tiles.
pub fn root_at<R: TileReader>(reader: &R, old: u64, size: u64) -> Result<TreeHash, R::Error> {
    if old > size {
        let why = format!("{old} leaves cannot be the beginning of {size}");
        return Err(FormatError::new("tree", why).into());
    }
    Nodes { reader, size, cache: BTreeMap::new() }.range(0, old)
}

/// Largest power of two below `n` (`n` > 1).
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The audit path of leaf `index` in a tree of `size` leaves, from the leaf up.
pub fn inclusion<R: TileReader>(reader: &R, index: u64, size: u64) -> Result<Vec<TreeHash>, R::Error> {
    if index >= size {
        let why = format!("leaf {index} is not in a tree of {size}");
        return Err(FormatError::new("inclusion proof", why).into());
    }
    let mut nodes = Nodes { reader, size, cache: BTreeMap::new() };
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(nodes.range(middle, end)?);
            end = middle;
        } else {
            path.push(nodes.range(start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Whether the audit path leads from the leaf to the root.
pub fn check_inclusion(leaf: &TreeHash, index: u64, size: u64, path: &[TreeHash], root: &TreeHash) -> bool {
    if index >= size {
        return false;
    }
    let (mut fnode, mut snode, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if snode == 0 {
            return false;
        }
        if fnode & 1 == 1 || fnode == snode {
            hash = hash::node(sibling, &hash);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            hash = hash::node(&hash, sibling);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    snode == 0 && hash == *root
}

/// Proof that the tree of `new` leaves continues its own first `old` leaves. Empty if `old` is 0 or `new`.
pub fn consistency<R: TileReader>(reader: &R, old: u64, new: u64) -> Result<Vec<TreeHash>, R::Error> {
    if old > new {
        let why = format!("{old} leaves cannot be the beginning of {new}");
        return Err(FormatError::new("consistency proof", why).into());
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut nodes = Nodes { reader, size: new, cache: BTreeMap::new() };
    let mut path = Vec::new();
    // RFC 6962 §2.1.2, SUBPROOF: `whole` is false once the old tree's root is a node on the way.
    let (mut start, mut end, mut whole) = (0, new, true);
    let mut m = old;
    while m != end - start {
        let k = split(end - start);
        if m <= k {
            path.push(nodes.range(start + k, end)?);
            end = start + k;
        } else {
            path.push(nodes.range(start, start + k)?);
            start += k;
            m -= k;
            whole = false;
        }
    }
    if !whole {
        path.push(nodes.range(start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether the proof connects the two roots.
pub fn check_consistency(
    old: u64,
    new: u64,
    old_root: &TreeHash,
    new_root: &TreeHash,
    path: &[TreeHash],
) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return path.is_empty() && *old_root == hash::empty_root();
    }
    let mut path = path.iter();
    // If the old tree is perfect, its root is the first node and is left out of the proof.
    let first = if old.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(first) = first else { return false };
    let (mut fnode, mut snode) = (old - 1, new - 1);
    while fnode & 1 == 1 {
        fnode >>= 1;
        snode >>= 1;
    }
    let (mut from_old, mut from_new) = (*first, *first);
    for sibling in path {
        if snode == 0 {
            return false;
        }
        if fnode & 1 == 1 || fnode == snode {
            from_old = hash::node(sibling, &from_old);
            from_new = hash::node(sibling, &from_new);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            from_new = hash::node(&from_new, sibling);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    snode == 0 && from_old == *old_root && from_new == *new_root
}

/// A proof that can be checked offline with nothing but the log's key (C2SP tlog-proof).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProofText {
    /// What it is about: an optional line of base64.
    pub extra: Option<Vec<u8>>,
    pub index: u64,
    pub path: Vec<TreeHash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

const HEADER: &str = "c2sp.org/tlog-proof@v1";

impl ProofText {
    pub fn to_text(&self) -> String {
        let mut out = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            out.push_str(&format!("extra {}\n", BASE64.encode(extra)));
        }
        out.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            out.push_str(&format!("{hash}\n"));
        }
        out.push('\n');
        out.push_str(&self.checkpoint);
        out
    }

    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let bad = |why: &str| FormatError::new("tlog-proof", why);
        let rest = text.strip_prefix(HEADER).and_then(|r| r.strip_prefix('\n'));
        let rest = rest.ok_or_else(|| bad("does not begin with c2sp.org/tlog-proof@v1"))?;
        let (head, checkpoint) = rest.split_once("\n\n").ok_or_else(|| bad("holds no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        let extra = match lines.peek().and_then(|l| l.strip_prefix("extra ")) {
            Some(extra) => {
                let bytes = BASE64.decode(extra).map_err(|_| bad("its extra data is not base64"))?;
                lines.next();
                Some(bytes)
            }
            None => None,
        };
        let index =
            lines.next().and_then(|l| l.strip_prefix("index ")).ok_or_else(|| bad("names no index"))?;
        let canonical =
            index == "0" || (!index.starts_with('0') && index.bytes().all(|b| b.is_ascii_digit()));
        let index =
            index.parse().ok().filter(|_| canonical).ok_or_else(|| bad("its index is not a plain number"))?;
        let mut path = Vec::new();
        for line in lines {
            let hash = BASE64.decode(line).ok().and_then(|h| h.try_into().ok());
            path.push(TreeHash(hash.ok_or_else(|| bad("a line that is no hash"))?));
            if path.len() > 63 {
                return Err(bad("more hashes than any tree has levels"));
            }
        }
        Ok(ProofText { extra, index, path, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tile::Builder;
    use crate::ledger::tree::Frontier;
    use std::cell::RefCell;

    pub struct Memory {
        tiles: BTreeMap<Tile, Vec<TreeHash>>,
        asked: RefCell<Vec<Tile>>,
    }

    impl TileReader for Memory {
        type Error = FormatError;
        fn read(&self, tile: Tile) -> Result<Vec<TreeHash>, FormatError> {
            self.asked.borrow_mut().push(tile);
            // A full tile holds every narrower one that came before.
            let full = Tile { width: WIDTH as u16, ..tile };
            let found = self.tiles.get(&tile).or_else(|| self.tiles.get(&full));
            let found = found.ok_or_else(|| FormatError::new("tile", format!("{tile:?} is not there")))?;
            Ok(found[..usize::from(tile.width)].to_vec())
        }
    }

    fn leaf(i: u64) -> TreeHash {
        hash::leaf(&i.to_be_bytes())
    }

    fn tree(size: u64) -> (Memory, Vec<TreeHash>) {
        let mut tiles = BTreeMap::new();
        let mut builder = Builder::default();
        let mut frontier = Frontier::default();
        let mut roots = vec![frontier.root()];
        for i in 0..size {
            let done: Result<(), ()> = builder.push(leaf(i), &mut |tile, row| {
                tiles.insert(tile, row.to_vec());
                Ok(())
            });
            done.unwrap();
            // Every size's partial tiles, as a log that published each would have them.
            tiles.extend(builder.partial().map(|(tile, row)| (tile, row.to_vec())));
            frontier.push(leaf(i));
            roots.push(frontier.root());
        }
        (Memory { tiles, asked: RefCell::default() }, roots)
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved() {
        let (memory, roots) = tree(70);
        for size in 1..=70u64 {
            for index in 0..size {
                let path = inclusion(&memory, index, size).unwrap();
                let root = &roots[size as usize];
                assert!(check_inclusion(&leaf(index), index, size, &path, root), "{index} of {size}");
                assert!(!check_inclusion(&leaf(index + 1), index, size, &path, root));
                assert!(!check_inclusion(&leaf(index), index, size, &path, &roots[size as usize - 1]));
                assert!(!check_inclusion(&leaf(index), size, size, &path, root));
                assert!(!check_inclusion(&leaf(index), index, size, &[&path[..], &[*root]].concat(), root));
                if size > 1 {
                    assert!(!check_inclusion(&leaf(index), index ^ 1, size, &path, root));
                    assert!(!check_inclusion(&leaf(index), index, size, &path[1..], root));
                }
            }
            assert!(inclusion(&memory, size, size).is_err());
        }
    }

    #[test]
    fn every_small_tree_continues_every_smaller_one() {
        let (memory, roots) = tree(70);
        for new in 0..=70u64 {
            for old in 0..=new {
                let path = consistency(&memory, old, new).unwrap();
                let (o, n) = (&roots[old as usize], &roots[new as usize]);
                assert!(check_consistency(old, new, o, n, &path), "{old} to {new}");
                if old > 0 && old < new {
                    assert!(!check_consistency(old, new, &leaf(0), n, &path) || old == 1);
                    assert!(!check_consistency(old, new, o, &leaf(99), &path));
                    let mut bent = path.clone();
                    bent[0].0[0] ^= 1;
                    assert!(!check_consistency(old, new, o, n, &bent));
                    assert!(!check_consistency(old, new, o, n, &path[..path.len() - 1]));
                }
            }
        }
        assert!(consistency(&memory, 2, 1).is_err());
    }

    #[test]
    fn proofs_across_tiles_read_at_most_two_of_each_level() {
        let (memory, roots) = tree(70_000);
        let size = 70_000;
        for index in [0, 255, 256, 33_333, 65_535, 65_536, 69_888, 69_999] {
            memory.asked.borrow_mut().clear();
            let path = inclusion(&memory, index, size).unwrap();
            assert!(check_inclusion(&leaf(index), index, size, &path, &roots[size as usize]));
            let asked = memory.asked.borrow();
            for level in 0..=2u8 {
                assert!(asked.iter().filter(|t| t.level == level).count() <= 2, "{index}: {asked:?}");
            }
        }
        for (old, new) in [(1, 70_000), (255, 257), (65_536, 70_000), (69_999, 70_000), (300, 66_000)] {
            let path = consistency(&memory, old, new).unwrap();
            assert!(check_consistency(old, new, &roots[old as usize], &roots[new as usize], &path));
        }
    }

    #[test]
    fn proof_text_round_trips() {
        let proof = ProofText {
            extra: Some(b"e-1".to_vec()),
            index: 7,
            path: vec![leaf(1), leaf(2)],
            checkpoint: "origin\n9\nAAAA\n\n— origin sig\n".into(),
        };
        assert_eq!(ProofText::parse(&proof.to_text()).unwrap(), proof);
        let plain = ProofText { extra: None, path: vec![], ..proof.clone() };
        assert_eq!(ProofText::parse(&plain.to_text()).unwrap(), plain);
        for (from, to) in [("index 7", "index 07"), ("@v1", "@v2"), ("index 7\n", ""), ("\n\n", "\n")] {
            assert!(ProofText::parse(&proof.to_text().replace(from, to)).is_err(), "{to:?}");
        }
    }
}
