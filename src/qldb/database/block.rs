//! Blocks of the journal, as the service wrote them into its exports ("Journal contents in Amazon QLDB").

use super::Committed;
use super::Revision;
use crate::qldb::hash::Hash;
use crate::qldb::hash::dot;
use crate::qldb::hash::merkle;
use crate::qldb::ion::stream::Stream;
use crate::qldb::ion_hash::IonHasher;
use crate::qldb::ion_hash::Sha256;
use ion_rs::Element;
use ion_rs::List;
use ion_rs::Struct;
use ion_rs::Timestamp;
use ion_rs::v1_0::Binary;
use std::sync::Arc;

/// Why a value cannot be hashed, or bytes are no block.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadBlock(pub String);

type Result<T> = std::result::Result<T, BadBlock>;

/// The end of a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tip {
    pub strand: Arc<str>,
    /// Of the next block.
    pub sequence: u64,
    /// Of the last block; `None`: there is none yet.
    pub hash: Option<Hash>,
}

pub struct Block {
    pub strand: Arc<str>,
    pub sequence: u64,
    pub hash: Hash,
    /// Ion binary.
    pub bytes: Vec<u8>,
    /// With the ids of their tables.
    pub revisions: Vec<(Arc<str>, Revision)>,
}

/// Ion Hash of a value that we made.
pub fn hash_of(value: &Element, hasher: &mut IonHasher<Sha256>) -> Result<Hash> {
    let bytes = value.encode_as(Binary).map_err(|e| BadBlock(e.to_string()))?;
    let mut stream = Stream::new(&bytes[..]);
    let unread = |e: &dyn std::fmt::Display| BadBlock(e.to_string());
    if !stream.advance().map_err(|e| unread(&e))? {
        return Err(BadBlock("nothing was written".to_owned()));
    }
    hasher.sha256(&stream.value().map_err(|e| unread(&e))?, stream.symbols()).map_err(|e| unread(&e))
}

fn address(strand: &str, sequence: u64) -> Element {
    let number = i64::try_from(sequence).unwrap_or(i64::MAX);
    Struct::builder().with_field("strandId", strand).with_field("sequenceNo", number).build().into()
}

fn metadata(revision: &Revision) -> Element {
    let version = i64::try_from(revision.version).unwrap_or(i64::MAX);
    Struct::builder()
        .with_field("id", &*revision.id)
        .with_field("version", version)
        .with_field("txTime", revision.time.clone())
        .with_field("txId", &*revision.transaction)
        .build()
        .into()
}

/// As the committed view and the journal show it.
pub fn revision(revision: &Revision) -> Element {
    let mut built = Struct::builder()
        .with_field("blockAddress", address(&revision.strand, revision.sequence))
        .with_field("hash", Element::blob(revision.hash));
    if let Some(data) = &revision.data {
        built = built.with_field("data", Element::clone(data));
    }
    built.with_field("metadata", metadata(revision)).build().into()
}

/// `version_of`: the version of a document before, by table and id.
pub fn build(
    tip: &Tip,
    committed: &Committed,
    now: &Timestamp,
    version_of: &dyn Fn(&str, &str) -> Option<u64>,
) -> Result<Block> {
    let mut hasher = IonHasher::default();
    let mut revisions = Vec::new();
    for ((table, id), write) in &committed.writes {
        let mut one = Revision {
            strand: tip.strand.clone(),
            sequence: tip.sequence,
            hash: [0; 32],
            data: write.data.clone(),
            id: id.clone(),
            version: version_of(table, id).map_or(0, |version| version + 1),
            time: now.clone(),
            transaction: committed.transaction.clone(),
        };
        let about = hash_of(&metadata(&one), &mut hasher)?;
        one.hash = match &one.data {
            Some(data) => dot(&about, &hash_of(data, &mut hasher)?).0,
            None => about.0,
        };
        revisions.push((table.clone(), one));
    }
    let info = transaction_info(committed);
    let leaves: Vec<Hash> = revisions.iter().map(|(_, revision)| Hash(revision.hash)).collect();
    let entries: Vec<Hash> = merkle(&leaves).into_iter().chain([hash_of(&info, &mut hasher)?]).collect();
    let Some(entries_hash) = merkle(&entries) else {
        return Err(BadBlock("a block has no entries".to_owned()));
    };
    let hash = match &tip.hash {
        Some(previous) => dot(&entries_hash, previous),
        None => entries_hash,
    };
    let blob = |hash: &Hash| Element::blob(hash.0);
    let previous = tip.hash.as_ref().map_or_else(|| Element::blob([]), blob);
    let block = Struct::builder()
        .with_field("blockAddress", address(&tip.strand, tip.sequence))
        .with_field("transactionId", &*committed.transaction)
        .with_field("blockTimestamp", now.clone())
        .with_field("blockHash", blob(&hash))
        .with_field("entriesHash", blob(&entries_hash))
        .with_field("previousBlockHash", previous)
        .with_field("entriesHashList", List::from(entries.iter().map(blob).collect::<Vec<_>>()))
        .with_field("transactionInfo", info)
        .with_field(
            "revisions",
            List::from(revisions.iter().map(|(_, one)| revision(one)).collect::<Vec<_>>()),
        )
        .build();
    let bytes = Element::from(block).encode_as(Binary).map_err(|e| BadBlock(e.to_string()))?;
    Ok(Block { strand: tip.strand.clone(), sequence: tip.sequence, hash, bytes, revisions })
}

fn transaction_info(committed: &Committed) -> Element {
    let statements: Vec<Element> = committed
        .executed
        .iter()
        .map(|one| {
            Struct::builder()
                .with_field("statement", one.text.as_str())
                .with_field("startTime", one.start.clone())
                .with_field("statementDigest", Element::blob(one.digest.0))
                .build()
                .into()
        })
        .collect();
    let mut documents = Struct::builder();
    for ((table, id), write) in &committed.writes {
        let by: Vec<Element> = write.statements.iter().map(|n| Element::from(*n as i64)).collect();
        let of = Struct::builder()
            .with_field("tableName", &*write.table)
            .with_field("tableId", &**table)
            .with_field("statements", List::from(by));
        documents = documents.with_field(&**id, of.build());
    }
    Struct::builder()
        .with_field("statements", List::from(statements))
        .with_field("documents", documents.build())
        .build()
        .into()
}

/// A block that [`build`] made, read again.
pub fn read(bytes: &[u8]) -> Result<Block> {
    let bad = |what: &str| BadBlock(format!("a block has no {what}"));
    let block = Element::read_one(bytes).map_err(|e| BadBlock(e.to_string()))?;
    let fields = block.as_struct().ok_or_else(|| bad("fields"))?;
    let hash = |of: &Struct, name: &str| -> Result<[u8; 32]> {
        let bytes = of.get(name).and_then(Element::as_blob).ok_or_else(|| bad(name))?;
        bytes.try_into().map_err(|_| bad(name))
    };
    let text = |of: &Struct, name: &str| -> Result<Arc<str>> {
        of.get(name).and_then(Element::as_text).map(Arc::from).ok_or_else(|| bad(name))
    };
    let number = |of: &Struct, name: &str| -> Result<u64> {
        let number = of.get(name).and_then(Element::as_i64).and_then(|n| u64::try_from(n).ok());
        number.ok_or_else(|| bad(name))
    };
    let part = |of: &'_ Struct, name: &str| -> Result<Struct> {
        of.get(name).and_then(Element::as_struct).cloned().ok_or_else(|| bad(name))
    };
    let address = part(fields, "blockAddress")?;
    let (strand, sequence) = (text(&address, "strandId")?, number(&address, "sequenceNo")?);
    let documents = part(&part(fields, "transactionInfo")?, "documents")?;
    let mut revisions = Vec::new();
    for one in fields.get("revisions").and_then(Element::as_list).into_iter().flat_map(|all| all.iter()) {
        let one = one.as_struct().ok_or_else(|| bad("revisions"))?;
        let about = part(one, "metadata")?;
        let id = text(&about, "id")?;
        let table = text(&part(&documents, &id)?, "tableId")?;
        let time = about.get("txTime").and_then(Element::as_timestamp).ok_or_else(|| bad("txTime"))?;
        let revision = Revision {
            strand: strand.clone(),
            sequence,
            hash: hash(one, "hash")?,
            data: one.get("data").cloned().map(Arc::new),
            id,
            version: number(&about, "version")?,
            time,
            transaction: text(&about, "txId")?,
        };
        revisions.push((table, revision));
    }
    Ok(Block { strand, sequence, hash: Hash(hash(fields, "blockHash")?), bytes: bytes.to_vec(), revisions })
}

/// Whether a block is what its hash says, and continues the one with that hash.
pub fn check(bytes: &[u8], previous: Option<&Hash>) -> Result<()> {
    let mut hasher = IonHasher::default();
    let block = Element::read_one(bytes).map_err(|e| BadBlock(e.to_string()))?;
    let fields = block.as_struct().ok_or_else(|| BadBlock("it is no struct".to_owned()))?;
    let blob = |value: Option<&Element>| -> Option<Hash> {
        value.and_then(Element::as_blob).and_then(|bytes| bytes.try_into().ok()).map(Hash)
    };
    let fails = |what: &str| Err(BadBlock(format!("its {what} is not right")));
    let entries: Option<Vec<Hash>> = fields
        .get("entriesHashList")
        .and_then(Element::as_list)
        .and_then(|all| all.iter().map(|one| blob(Some(one))).collect());
    let Some(entries) = entries else { return fails("entriesHashList") };
    let mut leaves = Vec::new();
    for one in fields.get("revisions").and_then(Element::as_list).into_iter().flat_map(|all| all.iter()) {
        let Some(one) = one.as_struct() else { return fails("revisions") };
        let Some(about) = one.get("metadata") else { return fails("metadata") };
        let about = hash_of(about, &mut hasher)?;
        let hash = match one.get("data") {
            Some(data) => dot(&about, &hash_of(data, &mut hasher)?),
            None => about,
        };
        if blob(one.get("hash")) != Some(hash) {
            return fails("revisions");
        }
        leaves.push(hash);
    }
    let Some(info) = fields.get("transactionInfo") else { return fails("transactionInfo") };
    let wanted: Vec<Hash> = merkle(&leaves).into_iter().chain([hash_of(info, &mut hasher)?]).collect();
    if entries != wanted {
        return fails("entriesHashList");
    }
    let entries_hash = merkle(&entries);
    if entries_hash.is_none() || blob(fields.get("entriesHash")) != entries_hash {
        return fails("entriesHash");
    }
    if blob(fields.get("previousBlockHash")) != previous.copied() {
        return fails("previousBlockHash");
    }
    let hash = match (entries_hash, previous) {
        (Some(entries), Some(previous)) => Some(dot(&entries, previous)),
        (entries, _) => entries,
    };
    match blob(fields.get("blockHash")) == hash {
        true => Ok(()),
        false => fails("blockHash"),
    }
}

/// What a proof of a revision is made of.
pub struct Parts {
    /// Ids of documents, and the revisions.
    pub revisions: Vec<(String, Element)>,
    pub revision_hashes: Vec<Hash>,
    pub entries: Vec<Hash>,
    /// Which of the entries is the root of the revisions.
    pub revisions_entry: usize,
    pub previous: Option<Hash>,
}

/// Of a block that [`build`] made.
pub fn parts(block: &Element) -> Result<Parts> {
    let bad = |what: &str| BadBlock(format!("a block has no {what}"));
    let fields = block.as_struct().ok_or_else(|| bad("fields"))?;
    let blob = |value: &Element| value.as_blob().and_then(|bytes| bytes.try_into().ok()).map(Hash);
    let (mut revisions, mut revision_hashes) = (Vec::new(), Vec::new());
    for one in fields.get("revisions").and_then(Element::as_list).into_iter().flat_map(|all| all.iter()) {
        let about = one.as_struct().ok_or_else(|| bad("revisions"))?;
        let id = about.get("metadata").and_then(|about| about.as_struct()?.get("id")?.as_text());
        revisions.push((id.ok_or_else(|| bad("metadata"))?.to_owned(), one.clone()));
        revision_hashes.push(about.get("hash").and_then(blob).ok_or_else(|| bad("hash"))?);
    }
    let entries =
        fields.get("entriesHashList").and_then(Element::as_list).ok_or_else(|| bad("entriesHashList"))?;
    let entries: Option<Vec<Hash>> = entries.iter().map(blob).collect();
    let previous = fields.get("previousBlockHash").and_then(blob);
    let entries = entries.ok_or_else(|| bad("entriesHashList"))?;
    Ok(Parts { revisions, revision_hashes, entries, revisions_entry: 0, previous })
}
