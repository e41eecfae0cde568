//! One block of the journal: what it says, and whether its hashes say the same.
//!
//! Rules: AWS's sample verifier (`JournalBlock`, `QldbRevision`, `Verifier`). Confirmed on published data: the hash of a revision
//! with data, one revision's root, transactionInfo, entriesHash, blockHash. Inferred, for want of data: more revisions than one,
//! redacted and deleted ones, the first block.

use super::hash::Hash;
use super::hash::dot_by;
use super::hash::merkle_by;
use super::ion::IonError;
use super::ion::Kind;
use super::ion::binary::Value;
use super::ion::symbols::Symbols;
use super::ion_hash::Digester;
use super::ion_hash::IonHasher;
use serde::Serialize;

/// Why a value of an export is no block.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotABlock {
    /// Hashes are strings: decimals, timestamps and blobs of its data are lost as well.
    #[error("its hashes are strings: this is an export to JSON")]
    Json,
    #[error("it has no {0}")]
    Missing(&'static str),
    #[error("its {0} is none")]
    Wrong(&'static str),
    #[error("it has {0} twice")]
    Twice(&'static str),
    #[error(transparent)]
    Ion(#[from] IonError),
}

/// The fields of a block, not checked yet.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    pub strand: &'a str,
    pub sequence: u64,
    pub transaction: Option<&'a str>,
    pub hash: Hash,
    pub entries_hash: Hash,
    /// `None`: absent, null or empty.
    pub previous: Option<Hash>,
    pub entries: Value<'a>,
    /// Absent in blocks of some times (issue 215 of AWS's Java sample).
    pub transaction_info: Option<Value<'a>>,
    pub redaction_info: Option<Value<'a>>,
    pub revisions: Option<Value<'a>>,
    /// Fields that nothing is known about.
    pub unknown: u64,
}

/// Values of a struct's fields by name; `N` names, each at most once. Null is as good as absent. And how many others there are.
fn pick<'a, const N: usize>(
    value: &Value<'a>,
    symbols: &Symbols,
    names: [&'static str; N],
) -> Result<([Option<Value<'a>>; N], u64), NotABlock> {
    let (mut found, mut others) = ([None; N], 0);
    let Some(fields) = value.fields() else { return Ok((found, others)) };
    for field in fields {
        let (id, value) = field?;
        match symbols.text(id)?.and_then(|text| names.iter().position(|name| *name == text)) {
            None => others += 1,
            Some(_) if value.is_null => {}
            Some(i) => match found[i].replace(value) {
                None => {}
                Some(_) => return Err(NotABlock::Twice(names[i])),
            },
        }
    }
    Ok((found, others))
}

fn hash_of(value: Option<Value<'_>>, name: &'static str) -> Result<Hash, NotABlock> {
    let value = value.ok_or(NotABlock::Missing(name))?;
    if value.kind == Kind::String {
        return Err(NotABlock::Json);
    }
    let bytes = value.blob().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Hash).ok_or(NotABlock::Wrong(name))
}

/// Strand and sequence number.
pub fn address<'a>(value: Option<Value<'a>>, symbols: &Symbols) -> Result<(&'a str, u64), NotABlock> {
    const NAME: &str = "blockAddress";
    let value = value.ok_or(NotABlock::Missing(NAME))?;
    let ([strand, sequence], _) = pick(&value, symbols, ["strandId", "sequenceNo"])?;
    let both = strand.and_then(|strand| strand.text()).zip(sequence.and_then(|number| number.number()));
    both.ok_or(NotABlock::Wrong(NAME))
}

impl<'a> Block<'a> {
    pub fn read(value: &Value<'a>, symbols: &Symbols) -> Result<Self, NotABlock> {
        const NAMES: [&str; 10] = [
            "blockAddress",
            "transactionId",
            "blockHash",
            "entriesHash",
            "previousBlockHash",
            "entriesHashList",
            "transactionInfo",
            "redactionInfo",
            "revisions",
            "blockTimestamp",
        ];
        let (fields, unknown) = pick(value, symbols, NAMES)?;
        let [at, transaction, hash, entries_hash, previous, entries, info, redaction, revisions, _] = fields;
        let (strand, sequence) = address(at, symbols)?;
        let hash = hash_of(hash, NAMES[2])?;
        let entries_hash = hash_of(entries_hash, NAMES[3])?;
        let previous = previous.filter(|value| value.kind != Kind::Blob || !value.body.is_empty());
        let previous = previous.map(|value| hash_of(Some(value), NAMES[4])).transpose()?;
        let entries = entries.ok_or(NotABlock::Missing(NAMES[5]))?;
        let is_list = |value: &Value<'_>| value.kind == Kind::List;
        if !is_list(&entries) {
            return Err(NotABlock::Wrong(NAMES[5]));
        }
        if revisions.as_ref().is_some_and(|value| !is_list(value)) {
            return Err(NotABlock::Wrong(NAMES[8]));
        }
        Ok(Block {
            strand,
            sequence,
            transaction: transaction.and_then(|id| id.text()),
            hash,
            entries_hash,
            previous,
            entries,
            transaction_info: info,
            redaction_info: redaction,
            revisions,
            unknown,
        })
    }
}

/// What was found in blocks that are sound; counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub blocks: u64,
    /// Of documents: hashed from metadata and data.
    pub revisions: u64,
    /// Hashed from metadata and the hash of the data that is gone (inferred).
    pub redacted_revisions: u64,
    /// Without data, hashed from metadata alone (inferred).
    pub deleted_revisions: u64,
    /// Without data, and their hash follows from nothing in them.
    pub unexplained_revisions: u64,
    /// Of the system: nothing but a hash.
    pub system_revisions: u64,
    /// Of the lists of entries' hashes.
    pub entries: u64,
    /// Of those, hashes of what the export does not show.
    pub opaque_entries: u64,
    pub blocks_without_transaction_info: u64,
    pub statements: u64,
    /// Their digest is not of their text alone: parameters are not in the journal.
    pub statements_with_parameters: u64,
    /// Fields of blocks and revisions that no rule is known for.
    pub unknown_fields: u64,
}

/// What of a block is not as it should be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsound {
    #[error("blockHash is not the hash of entriesHash and previousBlockHash")]
    BlockHash,
    #[error("entriesHash is not the root of entriesHashList")]
    EntriesHash,
    #[error("entriesHashList has no hash of transactionInfo")]
    TransactionInfo,
    #[error("entriesHashList has no hash of redactionInfo")]
    RedactionInfo,
    #[error("entriesHashList has no root of the revisions' hashes")]
    Revisions,
    #[error("revision {number} ({document}): its hash is not that of its metadata and data")]
    Revision { number: usize, document: String },
    #[error("revision {number} ({document}): its dataHash is not that of its data")]
    Data { number: usize, document: String },
    #[error("revision {number} ({document}): it says that it is of another block")]
    Address { number: usize, document: String },
    #[error("revision {number} ({document}): it is of another transaction than the block")]
    Transaction { number: usize, document: String },
    #[error("revision {number}: {why}")]
    NoRevision { number: usize, why: NotABlock },
    #[error("{0}")]
    NotABlock(#[from] NotABlock),
}

/// Checks blocks; kept for its buffers.
#[derive(Default)]
pub struct Checker<D: Digester<Output = [u8; 32]>> {
    pub hasher: IonHasher<D>,
    entries: Vec<Hash>,
    /// Of the block that was checked last, in their order.
    pub revisions: Vec<Hash>,
}

impl<D: Digester<Output = [u8; 32]>> Checker<D> {
    /// Everything that can be checked of a block alone. Counts into `tally` even where something is wrong.
    pub fn check(
        &mut self,
        block: &Block<'_>,
        symbols: &Symbols,
        tally: &mut Tally,
        found: &mut dyn FnMut(Unsound),
    ) {
        tally.blocks += 1;
        tally.unknown_fields += block.unknown;
        if let Err(why) = self.contents(block, symbols, tally, found) {
            found(why.into());
        }
    }

    fn contents(
        &mut self,
        block: &Block<'_>,
        symbols: &Symbols,
        tally: &mut Tally,
        found: &mut dyn FnMut(Unsound),
    ) -> Result<(), NotABlock> {
        self.entries.clear();
        self.revisions.clear();
        for entry in block.entries.list().into_iter().flatten() {
            self.entries.push(hash_of(Some(entry?), "entriesHashList")?);
        }
        if merkle_by(&mut self.hasher.digester, &self.entries) != Some(block.entries_hash) {
            found(Unsound::EntriesHash);
        }
        let hash = match &block.previous {
            Some(previous) => dot_by(&mut self.hasher.digester, &block.entries_hash, previous),
            None => block.entries_hash,
        };
        if hash != block.hash {
            found(Unsound::BlockHash);
        }
        let mut explained = 0;
        for (info, missing) in [
            (&block.transaction_info, Unsound::TransactionInfo),
            (&block.redaction_info, Unsound::RedactionInfo),
        ] {
            let Some(info) = info else { continue };
            let hash = self.hasher.sha256(info, symbols)?;
            match self.entries.contains(&hash) {
                true => explained += 1,
                false => found(missing),
            }
        }
        match &block.transaction_info {
            Some(info) => self.statements(info, symbols, tally)?,
            None => tally.blocks_without_transaction_info += 1,
        }
        for (i, revision) in block.revisions.iter().filter_map(Value::list).flatten().enumerate() {
            let number = i + 1;
            match self.revision(block, (number, &revision?), symbols, tally, found) {
                Ok(hash) => self.revisions.push(hash),
                Err(why) => {
                    found(Unsound::NoRevision { number, why });
                    return Ok(());
                }
            }
        }
        if let Some(root) = merkle_by(&mut self.hasher.digester, &self.revisions) {
            match self.entries.contains(&root) {
                true => explained += 1,
                false => found(Unsound::Revisions),
            }
        }
        tally.entries += self.entries.len() as u64;
        tally.opaque_entries += (self.entries.len() as u64).saturating_sub(explained);
        Ok(())
    }

    /// transactionInfo as a whole is hashed; this only tells how far its statements can be followed.
    fn statements(
        &mut self,
        info: &Value<'_>,
        symbols: &Symbols,
        tally: &mut Tally,
    ) -> Result<(), NotABlock> {
        let ([statements], _) = pick(info, symbols, ["statements"])?;
        for statement in statements.iter().filter_map(Value::list).flatten() {
            let ([text, digest], _) = pick(&statement?, symbols, ["statement", "statementDigest"])?;
            tally.statements += 1;
            let text = text.and_then(|text| text.text());
            let of_text = text.map(|text| self.hasher.sha256_of_text(text).0);
            let digest = digest.and_then(|digest| digest.blob());
            if of_text.as_ref().map(|hash| &hash[..]) != digest {
                tally.statements_with_parameters += 1;
            }
        }
        Ok(())
    }

    /// Its hash, which is a leaf of the revisions' tree.
    fn revision(
        &mut self,
        block: &Block<'_>,
        (number, value): (usize, &Value<'_>),
        symbols: &Symbols,
        tally: &mut Tally,
        found: &mut dyn FnMut(Unsound),
    ) -> Result<Hash, NotABlock> {
        const NAMES: [&str; 5] = ["hash", "metadata", "data", "dataHash", "blockAddress"];
        if value.kind != Kind::Struct {
            return Err(NotABlock::Wrong("struct"));
        }
        let ([hash, metadata, data, data_hash, at], others) = pick(value, symbols, NAMES)?;
        tally.unknown_fields += others;
        let hash = hash_of(hash, "hash")?;
        let Some(metadata) = metadata else {
            if data.is_some() || data_hash.is_some() {
                return Err(NotABlock::Missing("metadata"));
            }
            tally.system_revisions += 1;
            return Ok(hash);
        };
        let ([id, transaction], _) = pick(&metadata, symbols, ["id", "txId"])?;
        let document = || id.and_then(|id| id.text()).unwrap_or("?").to_owned();
        let of_metadata = self.hasher.sha256(&metadata, symbols)?;
        let of_data = data.map(|data| self.hasher.sha256(&data, symbols)).transpose()?;
        let stated = data_hash.map(|value| hash_of(Some(value), "dataHash")).transpose()?;
        if let (Some(computed), Some(stated)) = (of_data, stated)
            && computed != stated
        {
            found(Unsound::Data { number, document: document() });
        }
        match of_data.or(stated) {
            Some(of_data) => {
                if dot_by(&mut self.hasher.digester, &of_metadata, &of_data) != hash {
                    found(Unsound::Revision { number, document: document() });
                }
                match data {
                    Some(_) => tally.revisions += 1,
                    None => tally.redacted_revisions += 1,
                }
            }
            None => match self.is_of_metadata(&hash, &of_metadata) {
                true => tally.deleted_revisions += 1,
                false => tally.unexplained_revisions += 1,
            },
        }
        if let Some(at) = at
            && address(Some(at), symbols)? != (block.strand, block.sequence)
        {
            found(Unsound::Address { number, document: document() });
        }
        if let (Some(of), Some(block)) = (transaction.and_then(|id| id.text()), block.transaction)
            && of != block
        {
            found(Unsound::Transaction { number, document: document() });
        }
        Ok(hash)
    }

    /// Of a revision without data no published one shows the rule. Either of these binds all that it says.
    fn is_of_metadata(&mut self, hash: &Hash, of_metadata: &Hash) -> bool {
        const NULL: [u8; 3] = [0x0B, 0x0F, 0x0E];
        let null = Hash(self.hasher.digester.digest(&NULL));
        hash == of_metadata || *hash == dot_by(&mut self.hasher.digester, of_metadata, &null)
    }
}
