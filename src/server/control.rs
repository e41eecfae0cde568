//! The control plane (`qldb`, 2019-01-02, rest-json): ledgers and what is said about them, digests, blocks and revisions with
//! their proofs.

use super::Server;
use super::http::Answer;
use super::http::Asked;
use super::ledger::Ledger;
use crate::durable;
use crate::qldb::database::block;
use crate::qldb::hash::Hash;
use crate::qldb::hash::path;
use ion_rs::Element;
use ion_rs::List;
use ion_rs::Struct;
use ion_rs::v1_0::Text;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What is known of a ledger beside its journal.
pub const ABOUT: &str = "ledger.json";
const JSON: &str = "application/json";
/// Ledgers of one account in a region (quota of the service).
pub(super) const MOST: usize = 5;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    pub name: String,
    /// Seconds since 1970.
    pub created: u64,
    pub permissions_mode: PermissionsMode,
    pub deletion_protection: bool,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PermissionsMode {
    AllowAll,
    Standard,
}

/// Exceptions, by their names.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    InvalidParameter(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    AlreadyExists(String),
    #[error("{0}")]
    Precondition(String),
    #[error("{0}")]
    Limit(String),
    #[error("{0}")]
    Internal(String),
}

impl Refusal {
    const fn kind(&self) -> (u16, &'static str) {
        match self {
            Refusal::InvalidParameter(_) => (400, "InvalidParameterException"),
            Refusal::NotFound(_) => (404, "ResourceNotFoundException"),
            Refusal::AlreadyExists(_) => (409, "ResourceAlreadyExistsException"),
            Refusal::Precondition(_) => (412, "ResourcePreconditionNotMetException"),
            Refusal::Limit(_) => (400, "LimitExceededException"),
            Refusal::Internal(_) => (500, "InternalServerException"),
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, Refusal>;

pub(super) fn internal(e: impl std::fmt::Display) -> Refusal {
    Refusal::Internal(e.to_string())
}

pub struct Managed {
    pub about: About,
    pub ledger: Arc<Ledger>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    name: String,
    permissions_mode: PermissionsMode,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
    deletion_protection: Option<bool>,
    kms_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    deletion_protection: Option<bool>,
    permissions_mode: Option<PermissionsMode>,
    kms_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wanted {
    block_address: Holder,
    document_id: Option<String>,
    digest_tip_address: Option<Holder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Holder {
    ion_text: String,
}

pub fn answer(server: &Server, asked: &Asked) -> Answer {
    match route(server, asked) {
        Ok(body) => Answer::json(JSON, &body),
        Err(refusal) => {
            let (status, error) = refusal.kind();
            let body = json!({ "Message": refusal.to_string() }).to_string().into_bytes();
            Answer { status, content_type: JSON, error: Some(error), body }
        }
    }
}

fn read<'a, T: Deserialize<'a>>(asked: &'a Asked) -> Result<T> {
    serde_json::from_slice(&asked.body).map_err(|e| Refusal::InvalidParameter(format!("the request: {e}")))
}

fn route(server: &Server, asked: &Asked) -> Result<Value> {
    let place = asked.target.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = place.split('/').filter(|part| !part.is_empty()).collect();
    match (asked.method.as_str(), &parts[..]) {
        ("POST", ["ledgers"]) => create(server, read(asked)?),
        ("GET", ["ledgers"]) => {
            let all = server.ledgers();
            let told = |one: &Managed| json!({ "Name": one.about.name, "State": "ACTIVE", "CreationDateTime": one.about.created });
            Ok(json!({ "Ledgers": all.values().map(told).collect::<Vec<_>>() }))
        }
        ("GET", ["ledgers", name]) => server.with(name, |one| Ok(described(&one.about))),
        ("PATCH", ["ledgers", name] | ["ledgers", name, "permissions-mode"]) => {
            let Update { deletion_protection, permissions_mode, kms_key } = read(asked)?;
            no_key(kms_key.as_deref())?;
            server.change(name, |about| {
                about.deletion_protection = deletion_protection.unwrap_or(about.deletion_protection);
                about.permissions_mode = permissions_mode.unwrap_or(about.permissions_mode);
            })
        }
        ("DELETE", ["ledgers", name]) => server.delete(name).map(|()| json!({})),
        ("POST", ["ledgers", name, "journal-s3-exports"]) => {
            let wanted = read(asked)?;
            let ledger = server.with(name, |one| Ok(one.ledger.clone()))?;
            super::export::export(server, &ledger, wanted)
        }
        ("GET", ["ledgers", name, "journal-s3-exports", id]) => super::export::describe(server, name, id),
        ("POST", ["ledgers", name, "digest"]) => server.with(name, |one| digest(&one.ledger)),
        ("POST", ["ledgers", name, "block"]) => {
            let wanted: Wanted = read(asked)?;
            server.with(name, |one| block_of(&one.ledger, &wanted))
        }
        ("POST", ["ledgers", name, "revision"]) => {
            let wanted: Wanted = read(asked)?;
            server.with(name, |one| revision_of(&one.ledger, &wanted))
        }
        _ => Err(Refusal::NotFound(format!("there is no operation {} {place} here", asked.method))),
    }
}

fn create(
    server: &Server,
    Create { name, permissions_mode, tags, deletion_protection, kms_key }: Create,
) -> Result<Value> {
    no_key(kms_key.as_deref())?;
    if !is_name(&name) {
        let why = format!(
            "{name:?} is no name of a ledger: letters, digits and single inner hyphens, 32 at most, not digits alone"
        );
        return Err(Refusal::InvalidParameter(why));
    }
    let about = About {
        name,
        created: server.seconds(),
        permissions_mode,
        deletion_protection: deletion_protection.unwrap_or(true),
        tags: tags.unwrap_or_default(),
    };
    let told = described(&about);
    server.create(about)?;
    Ok(told)
}

/// As the service takes it (shape LedgerName).
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=32).contains(&name.len())
        && name.chars().all(plain)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
        && !name.chars().all(|c| c.is_ascii_digit())
}

/// Nothing is encrypted here, so nobody is to think so.
fn no_key(key: Option<&str>) -> Result<()> {
    match key {
        None | Some("AWS_OWNED_KMS_KEY") => Ok(()),
        Some(_) => Err(Refusal::InvalidParameter(
            "KmsKey: this server encrypts nothing; encrypt its disk".to_owned(),
        )),
    }
}

pub(super) fn described(about: &About) -> Value {
    let About { name, created, permissions_mode, deletion_protection, .. } = about;
    json!({
        "Name": name,
        "Arn": format!("arn:aws:qldb:us-east-1:000000000000:ledger/{name}"),
        "State": "ACTIVE",
        "CreationDateTime": created,
        "PermissionsMode": permissions_mode,
        "DeletionProtection": deletion_protection,
    })
}

fn text(value: &Element) -> Result<String> {
    value.encode_as(Text).map(|text| text.trim_end().to_owned()).map_err(internal)
}

fn address(strand: &str, sequence: u64) -> Result<Value> {
    let number = i64::try_from(sequence).map_err(internal)?;
    let address = Struct::builder().with_field("strandId", strand).with_field("sequenceNo", number).build();
    Ok(json!({ "IonText": text(&address.into())? }))
}

/// Sequence number of a block of this strand.
fn sequence(holder: &Holder, strand: &str) -> Result<usize> {
    let bad = |why: &str| Refusal::InvalidParameter(format!("{}: {why}", holder.ion_text));
    let address = Element::read_one(&holder.ion_text).map_err(|_| bad("it is not one Ion value"))?;
    let field = |name: &str| address.as_struct().and_then(|fields| fields.get(name).cloned());
    if field("strandId").as_ref().and_then(Element::as_text) != Some(strand) {
        return Err(bad("its strandId is not this ledger's"));
    }
    let number = field("sequenceNo").and_then(|number| number.as_usize());
    number.ok_or_else(|| bad("it has no sequenceNo"))
}

fn digest(ledger: &Ledger) -> Result<Value> {
    let (strand, hashes) = ledger.hashes();
    let root = crate::qldb::hash::merkle(&hashes).ok_or_else(|| internal("the journal has no blocks"))?;
    let tip = hashes.len() as u64 - 1;
    Ok(json!({ "Digest": root.to_string(), "DigestTipAddress": address(&strand, tip)? }))
}

/// The block's number, the hashes up to the digest's tip, and the block itself.
fn located(ledger: &Ledger, wanted: &Wanted) -> Result<(usize, Option<Vec<Hash>>, Element)> {
    let (strand, mut hashes) = ledger.hashes();
    let at = sequence(&wanted.block_address, &strand)?;
    if at >= hashes.len() {
        return Err(Refusal::InvalidParameter(format!("block {at} is not in the journal")));
    }
    let tip = wanted.digest_tip_address.as_ref().map(|tip| sequence(tip, &strand)).transpose()?;
    if let Some(tip) = tip {
        if tip < at || tip >= hashes.len() {
            return Err(Refusal::InvalidParameter(format!("block {at} is not below a digest of tip {tip}")));
        }
        hashes.truncate(tip + 1);
    }
    let bytes = ledger.block(at as u64).map_err(internal)?;
    let block = Element::read_one(&bytes).map_err(internal)?;
    Ok((at, tip.map(|_| hashes), block))
}

fn proof(hashes: &[Hash]) -> Result<Value> {
    let all: Vec<Element> = hashes.iter().map(|hash| Element::blob(hash.0)).collect();
    Ok(json!({ "IonText": text(&List::from(all).into())? }))
}

fn block_of(ledger: &Ledger, wanted: &Wanted) -> Result<Value> {
    let (at, below, block) = located(ledger, wanted)?;
    let mut told = json!({ "Block": { "IonText": text(&block)? } });
    if let Some(hashes) = below {
        told["Proof"] = proof(&path(&hashes, at))?;
    }
    Ok(told)
}

fn revision_of(ledger: &Ledger, wanted: &Wanted) -> Result<Value> {
    let Some(document) = &wanted.document_id else {
        return Err(Refusal::InvalidParameter("DocumentId is missing".to_owned()));
    };
    let (at, below, block) = located(ledger, wanted)?;
    let parts = block::parts(&block).map_err(internal)?;
    let Some(n) = parts.revisions.iter().position(|(id, _)| id == document) else {
        return Err(Refusal::NotFound(format!("block {at} has no revision of document {document}")));
    };
    let mut told = json!({ "Revision": { "IonText": text(&parts.revisions[n].1)? } });
    if let Some(hashes) = below {
        // To the root of the revisions, of the block's entries, to the block before, to the digest.
        let mut all = path(&parts.revision_hashes, n);
        all.extend(path(&parts.entries, parts.revisions_entry));
        all.extend(parts.previous);
        all.extend(path(&hashes, at));
        told["Proof"] = proof(&all)?;
    }
    Ok(told)
}

/// What lies in a ledger's directory.
pub fn load(dir: &Path) -> Result<About> {
    let bytes = std::fs::read(dir.join(ABOUT)).map_err(internal)?;
    serde_json::from_slice(&bytes).map_err(internal)
}

pub fn store(dir: &Path, about: &About) -> Result<()> {
    let text = serde_json::to_vec_pretty(about).map_err(internal)?;
    durable::replace(&dir.join(ABOUT), &text, 0o600).map_err(internal)
}
