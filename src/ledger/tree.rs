//! The right frontier of an RFC 6962 tree: all that is needed to append and to know the root.

use crate::ledger::FormatError;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;

/// Roots of the perfect subtrees that make up a tree of `size` leaves, largest first; one per set bit of
/// `size`, so at most 64.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<TreeHash>,
}

impl Frontier {
    /// `peaks` must number the set bits of `size`.
    pub fn from_parts(size: u64, peaks: Vec<TreeHash>) -> Result<Self, FormatError> {
        if peaks.len() != size.count_ones() as usize {
            let why = format!("{} hashes for a tree of {size} leaves", peaks.len());
            return Err(FormatError::new("frontier", why));
        }
        Ok(Frontier { size, peaks })
    }

    /// Leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn peaks(&self) -> &[TreeHash] {
        &self.peaks
    }

    pub fn push(&mut self, leaf: TreeHash) {
        let mut carry = leaf;
        // Each trailing one bit of the old size is a perfect subtree that the new leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                carry = hash::node(&left, &carry);
            }
        }
        self.peaks.push(carry);
        self.size += 1;
    }

    /// Merkle Tree Hash (RFC 6962 §2.1).
    pub fn root(&self) -> TreeHash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return hash::empty_root();
        };
        peaks.fold(*last, |right, left| hash::node(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 6962 §2.1 word for word: split at the largest power of two below n.
    fn by_definition(leaves: &[TreeHash]) -> TreeHash {
        match leaves {
            [] => hash::empty_root(),
            [one] => *one,
            many => {
                let k = many.len().next_power_of_two() / 2;
                hash::node(&by_definition(&many[..k]), &by_definition(&many[k..]))
            }
        }
    }

    #[test]
    fn every_size_to_300_has_the_root_of_the_definition() {
        let leaves: Vec<TreeHash> = (0..300u32).map(|i| hash::leaf(&i.to_be_bytes())).collect();
        let mut frontier = Frontier::default();
        for n in 0..=leaves.len() {
            assert_eq!(frontier.root(), by_definition(&leaves[..n]), "size {n}");
            let copy = Frontier::from_parts(frontier.size(), frontier.peaks().to_vec()).unwrap();
            assert_eq!(copy, frontier);
            if n < leaves.len() {
                frontier.push(leaves[n]);
            }
        }
    }

    #[test]
    fn roots_of_the_reference_vectors() {
        // The eight inputs and roots of certificate-transparency's merkle tree tests.
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut frontier = Frontier::default();
        for input in inputs {
            frontier.push(hash::leaf(input));
        }
        let hex: String = frontier.root().0.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }
}
