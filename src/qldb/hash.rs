//! QLDB's hashes: the dot operator, Merkle trees made of it, proofs.
//!
//! Sources: the official drivers (`dot`), AWS's sample verifier (trees, block, revision); confirmed on the AWS CLI's published
//! block 100 with the digest of tip 123.

use super::ion_hash::Digester;
use super::ion_hash::Sha256;
use sha2::Digest;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// 32 bytes, shown in base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use base64::Engine;
        f.write_str(&base64::engine::general_purpose::STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|e| e.to_string())?;
        let bytes = bytes.try_into().map_err(|all: Vec<u8>| format!("it has {} bytes, not 32", all.len()))?;
        Ok(Hash(bytes))
    }
}

#[inline]
pub fn sha256(message: &[u8]) -> Hash {
    Hash(sha2::Sha256::digest(message).into())
}

/// SHA-256 of what stands from `from` on, padded where it stands: half of the messages are shorter than two blocks of the
/// function, and to copy them takes as long as a quarter of their hash.
pub fn sha256_padded(message: &mut Vec<u8>, from: usize) -> Hash {
    const START: [u32; 8] = [
        0x6A09_E667,
        0xBB67_AE85,
        0x3C6E_F372,
        0xA54F_F53A,
        0x510E_527F,
        0x9B05_688C,
        0x1F83_D9AB,
        0x5BE0_CD19,
    ];
    let length = message.len() - from;
    let zeros = 63 - (length + 8) % 64;
    message.push(0x80);
    message.extend_from_slice(&[0; 64][..zeros]);
    message.extend_from_slice(&(length as u64 * 8).to_be_bytes());
    let mut state = START;
    sha2::block_api::compress256(&mut state, message[from..].as_chunks().0);
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    Hash(hash)
}

/// From the last byte to the first, bytes as signed numbers.
fn order(a: &Hash, b: &Hash) -> Ordering {
    let signed = |hash: &Hash| hash.0.map(|byte| byte as i8);
    signed(a).iter().rev().cmp(signed(b).iter().rev())
}

/// SHA-256 of the smaller and the greater one. Commutative, not associative.
pub fn dot(a: &Hash, b: &Hash) -> Hash {
    dot_by(&mut Sha256, a, b)
}

/// The same by another's hand, which may count.
pub fn dot_by(sha256: &mut impl Digester<Output = [u8; 32]>, a: &Hash, b: &Hash) -> Hash {
    let (first, second) = if order(a, b).is_lt() { (a, b) } else { (b, a) };
    let mut both = [0; 64];
    both[..32].copy_from_slice(&first.0);
    both[32..].copy_from_slice(&second.0);
    Hash(sha256.digest(&both))
}

/// The hashes that lead from a leaf to the root of such a tree, lowest first: [`fold`] undoes it.
pub fn path(leaves: &[Hash], mut at: usize) -> Vec<Hash> {
    let mut found = Vec::new();
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        found.extend(level.get(at ^ 1));
        level =
            level.chunks(2).map(|pair| pair.get(1).map_or(pair[0], |right| dot(&pair[0], right))).collect();
        at /= 2;
    }
    found
}

/// Root of a tree of pairs from left to right; the odd one goes up as it is. `None` without leaves.
pub fn merkle(leaves: &[Hash]) -> Option<Hash> {
    merkle_by(&mut Sha256, leaves)
}

pub fn merkle_by(sha256: &mut impl Digester<Output = [u8; 32]>, leaves: &[Hash]) -> Option<Hash> {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push_by(sha256, *leaf));
    tree.root_by(sha256)
}

/// Such a tree that grows, in memory that grows with the logarithm of its leaves.
#[derive(Clone, Default, Debug)]
pub struct Tree {
    /// Roots of full trees of 2^i leaves, by i.
    full: Vec<Option<Hash>>,
    leaves: u64,
}

impl Tree {
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    pub fn push(&mut self, leaf: Hash) {
        self.push_by(&mut Sha256, leaf);
    }

    pub fn push_by(&mut self, sha256: &mut impl Digester<Output = [u8; 32]>, leaf: Hash) {
        let mut carried = leaf;
        self.leaves += 1;
        for level in &mut self.full {
            match level.take() {
                None => {
                    *level = Some(carried);
                    return;
                }
                Some(left) => carried = dot_by(sha256, &left, &carried),
            }
        }
        self.full.push(Some(carried));
    }

    /// `None` without leaves.
    pub fn root(&self) -> Option<Hash> {
        self.root_by(&mut Sha256)
    }

    pub fn root_by(&self, sha256: &mut impl Digester<Output = [u8; 32]>) -> Option<Hash> {
        let peaks = self.full.iter().flatten().copied();
        peaks.reduce(|right, left| dot_by(sha256, &left, &right))
    }
}

/// The root that a leaf and the hashes beside its way up lead to.
pub fn fold(leaf: Hash, proof: &[Hash]) -> Hash {
    proof.iter().fold(leaf, |hash, beside| dot(&hash, beside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(n: u64) -> Hash {
        sha256(&n.to_be_bytes())
    }

    #[test]
    fn bytes_compare_signed_and_from_the_last() {
        let mut low = Hash([0; 32]);
        let mut high = Hash([0x7F; 32]);
        (low.0[31], high.0[31]) = (0x80, 0x01); // -128 < 1
        let both: Vec<u8> = low.0.into_iter().chain(high.0).collect();
        assert_eq!(dot(&low, &high), sha256(&both));
        assert_eq!(dot(&high, &low), sha256(&both));
    }

    #[test]
    fn a_padded_message_has_the_hash_of_the_message() {
        for length in 0..300 {
            let message: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut behind = [&[1, 2, 3], &message[..]].concat();
            assert_eq!(sha256_padded(&mut behind, 3), sha256(&message), "{length}");
        }
    }

    #[test]
    fn a_growing_tree_is_the_tree_by_levels() {
        let mut tree = Tree::default();
        let mut leaves = Vec::new();
        assert_eq!(tree.root(), None);
        for n in 0..200 {
            tree.push(leaf(n));
            leaves.push(leaf(n));
            let mut level = leaves.clone();
            while level.len() > 1 {
                level =
                    level.chunks(2).map(|p| if p.len() == 2 { dot(&p[0], &p[1]) } else { p[0] }).collect();
            }
            assert_eq!(tree.root(), Some(level[0]), "{n}");
            assert_eq!(tree.leaves(), n + 1);
        }
    }
}
