//! RFC 6962 §2.1: SHA-256 with 0x00 before a leaf and 0x01 before two nodes.

use sha2::Digest;
use sha2::Sha256;
use std::fmt;

/// A node of the Merkle tree (32 bytes).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TreeHash(pub [u8; 32]);

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeHash({self})")
    }
}

impl fmt::Display for TreeHash {
    /// Base64, as checkpoints write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use base64::Engine;
        f.write_str(&base64::engine::general_purpose::STANDARD.encode(self.0))
    }
}

/// Hash of one entry's exact bytes.
pub fn leaf(entry: &[u8]) -> TreeHash {
    TreeHash(Sha256::new().chain_update([0u8]).chain_update(entry).finalize().into())
}

/// Hash of two neighbours.
pub fn node(left: &TreeHash, right: &TreeHash) -> TreeHash {
    TreeHash(Sha256::new().chain_update([1u8]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> TreeHash {
    TreeHash(Sha256::digest(b"").into())
}
