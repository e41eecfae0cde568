//! Blocks one after the other: their chain, the digest over them, and what was proven at the end.

use super::block::Block;
use super::block::Checker;
use super::block::NotABlock;
use super::block::Tally;
use super::block::Unsound;
use super::hash::Hash;
use super::hash::Tree;
use super::hash::fold;
use super::ion::binary::Value;
use super::ion::symbols::Symbols;
use super::ion_hash::Digester;
use super::ion_hash::Sha256;
use super::layout::DataName;
use super::target::Digest;
use super::target::Proof;
use serde::Serialize;

/// As many are kept; all are counted.
pub const MAX_FAULTS: usize = 20;

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Trouble {
    #[error("{0}")]
    Block(Unsound),
    #[error("previousBlockHash is not the blockHash of block {before}")]
    Chain { before: u64 },
    #[error("{}", gap(*.from, *.to))]
    Gap { from: u64, to: u64 },
    #[error("it comes after block {last}: repeated, or out of order")]
    Order { last: u64 },
    #[error("it is of strand {found}, and those before of {expected}")]
    Strand { expected: String, found: String },
    #[error("the file's name says {first}-{last} of strand {strand}")]
    Name { strand: String, first: u64, last: u64 },
    #[error("the file's name says that it ends at block {last}")]
    NameEnd { last: u64 },
    #[error("the root over blocks 0 to {tip} is {computed}, not the digest")]
    Digest { tip: u64, computed: Hash },
    #[error("the proof does not lead from it, or a revision of it, to the digest")]
    Proof,
    #[error("the digest is of strand {found}, and the export of {expected}")]
    DigestStrand { expected: String, found: String },
    /// It cannot be read on from there.
    #[error("{0}")]
    Unreadable(String),
    #[error("{0} is named by the manifest, and is not there")]
    FileMissing(String),
    #[error("{0} is named by no manifest")]
    FileExtra(String),
}

fn gap(from: u64, to: u64) -> String {
    match from == to {
        true => format!("block {from} is missing before it"),
        false => format!("blocks {from} to {to} are missing before it"),
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Of the block where it was found; `None`: of none.
    pub sequence: Option<u64>,
    pub file: Option<String>,
    pub trouble: Trouble,
}

/// How far the digest reaches.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum Reach {
    /// No digest was given.
    NotAsked,
    /// It covers all blocks up to this one. Those behind it are under no digest.
    Covers { last: u64, by: Means },
    /// Its root, or the end of its proof, is another one. A fault says more, if its block is known.
    Differs,
    /// The export does not begin at block 0, and no proof was given.
    NeedsProof,
    /// It is of a later block than the export's last, or the proof of a block that the export does not have.
    Beyond { block: u64 },
    /// Something before it is not sound, so nothing can be said.
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Means {
    /// The root over all blocks from the first on.
    Root,
    /// A proof that leads there from a block.
    BlockProof,
    /// A proof that leads there from a revision.
    RevisionProof,
}

struct Before {
    strand: String,
    sequence: u64,
    hash: Hash,
}

/// The state between two blocks; it does not grow with their number.
pub struct Journal<D: Digester<Output = [u8; 32]> = Sha256> {
    checker: Checker<D>,
    digest: Option<Digest>,
    proof: Option<Proof>,
    pub tally: Tally,
    first: Option<u64>,
    before: Option<Before>,
    /// Over all blocks from 0 on, while they are sound and none is missing.
    tree: Option<Tree>,
    covers: Option<(u64, Means)>,
    differs: bool,
    pub faults: Vec<Fault>,
    pub fault_count: u64,
    file: Option<String>,
    name: Option<DataName>,
    /// Whether a block of the current file was read.
    begun: bool,
}

impl<D: Digester<Output = [u8; 32]> + Default> Journal<D> {
    pub fn new(digest: Option<Digest>, proof: Option<Proof>) -> Self {
        Journal {
            checker: Checker::default(),
            digest,
            proof,
            tally: Tally::default(),
            first: None,
            before: None,
            tree: Some(Tree::default()),
            covers: None,
            differs: false,
            faults: Vec::new(),
            fault_count: 0,
            file: None,
            name: None,
            begun: false,
        }
    }

    /// For those who count what is hashed.
    pub fn digester(&mut self) -> &mut D {
        &mut self.checker.hasher.digester
    }

    pub fn first(&self) -> Option<u64> {
        self.first
    }

    pub fn last(&self) -> Option<u64> {
        self.before.as_ref().map(|before| before.sequence)
    }

    pub fn strand(&self) -> Option<&str> {
        self.before.as_ref().map(|before| before.strand.as_str())
    }

    pub fn fault(&mut self, sequence: Option<u64>, trouble: Trouble) {
        self.fault_count += 1;
        self.tree = None;
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { sequence, file: self.file.clone(), trouble });
        }
    }

    /// The blocks after this are of another file, which may be named after what is in it.
    pub fn begin_file(&mut self, file: String, name: Option<DataName>) {
        (self.file, self.name, self.begun) = (Some(file), name, false);
    }

    /// Everything of the file was read.
    pub fn end_file(&mut self) {
        if let Some(DataName { last, .. }) = self.name.take()
            && (!self.begun || self.last() != Some(last))
        {
            self.fault(self.last().filter(|_| self.begun), Trouble::NameEnd { last });
        }
        self.file = None;
    }

    /// The next block. Fails only if the whole is an export to JSON.
    pub fn take(&mut self, value: &Value<'_>, symbols: &Symbols) -> Result<(), NotABlock> {
        let block = match Block::read(value, symbols) {
            Ok(block) => block,
            Err(NotABlock::Json) => return Err(NotABlock::Json),
            Err(why) => {
                let next = self.last().map(|last| last + 1);
                self.fault(next, Trouble::Block(why.into()));
                return Ok(());
            }
        };
        self.named(&block);
        let follows = self.follows(&block);
        let mut found = Vec::new();
        self.checker.check(&block, symbols, &mut self.tally, &mut |unsound| found.push(unsound));
        let sound = follows && found.is_empty();
        for unsound in found {
            self.fault(Some(block.sequence), Trouble::Block(unsound));
        }
        if let Some(tree) = &mut self.tree {
            tree.push_by(&mut self.checker.hasher.digester, block.hash);
        }
        if sound {
            self.reach(&block);
        }
        let strand = match self.before.take() {
            Some(before) if before.strand == block.strand => before.strand,
            _ => block.strand.to_owned(),
        };
        self.before = Some(Before { strand, sequence: block.sequence, hash: block.hash });
        Ok(())
    }

    /// Against the name of the file.
    fn named(&mut self, block: &Block<'_>) {
        let begins = !std::mem::replace(&mut self.begun, true);
        let Some(name) = &self.name else { return };
        let is_first = !begins || block.sequence == name.first;
        if name.strand != block.strand || block.sequence > name.last || !is_first {
            let DataName { strand, first, last } = name.clone();
            self.name = None;
            self.fault(Some(block.sequence), Trouble::Name { strand, first, last });
        }
    }

    /// Against the block before.
    fn follows(&mut self, block: &Block<'_>) -> bool {
        let sequence = block.sequence;
        let Some(before) = &self.before else {
            self.first = Some(sequence);
            if sequence == 0 {
                return true;
            }
            self.tree = None;
            if block.previous.is_none() {
                let missing = NotABlock::Missing("previousBlockHash");
                self.fault(Some(sequence), Trouble::Block(missing.into()));
            }
            return block.previous.is_some();
        };
        let trouble = if before.strand != block.strand {
            Trouble::Strand { expected: before.strand.clone(), found: block.strand.to_owned() }
        } else if sequence <= before.sequence {
            Trouble::Order { last: before.sequence }
        } else if sequence - before.sequence > 1 {
            Trouble::Gap { from: before.sequence + 1, to: sequence - 1 }
        } else if block.previous != Some(before.hash) {
            Trouble::Chain { before: before.sequence }
        } else {
            return true;
        };
        self.fault(Some(sequence), trouble);
        false
    }

    /// Whether this block is where the digest or the proof reaches it.
    fn reach(&mut self, block: &Block<'_>) {
        let Some(Digest { hash: digest, tip }) = &self.digest else { return };
        if let Some((strand, _)) = tip.as_ref().filter(|(strand, _)| strand != block.strand) {
            if !self.differs {
                self.differs = true;
                let trouble =
                    Trouble::DigestStrand { expected: block.strand.to_owned(), found: strand.clone() };
                self.fault(Some(block.sequence), trouble);
            }
            return;
        }
        let mut covers = None;
        let mut trouble = None;
        if let Some(proof) = &self.proof
            && self.covers.is_none()
            && proof.block.is_none_or(|number| number == block.sequence)
        {
            let leads = |leaf: &Hash| fold(*leaf, &proof.hashes) == *digest;
            if leads(&block.hash) {
                covers = Some(Means::BlockProof);
            } else if self.checker.revisions.iter().any(leads) {
                covers = Some(Means::RevisionProof);
            } else if proof.block.is_some() {
                trouble = Some(Trouble::Proof);
            }
        }
        // Without a tip it may be the digest after any block.
        if tip.as_ref().is_none_or(|(_, number)| *number == block.sequence)
            && let Some(tree) = &self.tree
            && let Some(computed) = tree.root_by(&mut self.checker.hasher.digester)
        {
            match computed == *digest {
                true => covers = Some(Means::Root),
                false if tip.is_some() => trouble = Some(Trouble::Digest { tip: block.sequence, computed }),
                false => {}
            }
        }
        if let Some(means) = covers {
            self.covers = Some((block.sequence, means));
        }
        if let Some(trouble) = trouble {
            self.differs = true;
            self.fault(Some(block.sequence), trouble);
        }
    }

    /// How far the digest reaches, when all blocks were taken.
    pub fn reached(&self) -> Reach {
        let Some(digest) = &self.digest else { return Reach::NotAsked };
        let (first, last) = match (self.first, self.last()) {
            (Some(first), Some(last)) => (first, last),
            _ => return Reach::Broken,
        };
        let outside = |number: &u64| *number < first || *number > last;
        let proof = self.proof.as_ref();
        let outside_of = proof.and_then(|proof| proof.block).filter(outside);
        match self.covers {
            _ if self.differs => Reach::Differs,
            Some((last, by)) => Reach::Covers { last, by },
            None if self.fault_count > 0 => Reach::Broken,
            None if outside_of.is_some() => Reach::Beyond { block: outside_of.unwrap_or_default() },
            None if proof.is_some() => Reach::Differs,
            None if first > 0 => Reach::NeedsProof,
            None => match &digest.tip {
                Some((_, tip)) if *tip > last => Reach::Beyond { block: *tip },
                _ => Reach::Differs,
            },
        }
    }
}
