//! What an export is held against: a digest that was saved while the ledger lived, and a proof that came with it.

use super::block;
use super::hash::Hash;
use super::ion::binary::Value;
use super::ion::stream::Stream;
use serde::Deserialize;

/// A digest, and of which journal it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Digest {
    pub hash: Hash,
    /// Strand and number of the last block that it covers, if that was saved with it.
    pub tip: Option<(String, u64)>,
}

/// The hashes beside the way from a block or revision up to a digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    pub hashes: Vec<Hash>,
    /// Number of the block that it is of, if that was saved with it.
    pub block: Option<u64>,
}

/// More levels than a tree of blocks, entries and revisions can have.
const MAX_PROOF: usize = 192;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Holder {
    ion_text: String,
}

/// What `aws qldb get-digest` printed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetDigest {
    digest: String,
    digest_tip_address: Option<Holder>,
}

/// What `aws qldb get-block` or `get-revision` printed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetProof {
    proof: Holder,
    block: Option<Holder>,
    revision: Option<Holder>,
}

/// Base64, an Ion blob, or the answer of GetDigest in JSON.
pub fn digest(bytes: &[u8]) -> Result<Digest, String> {
    let text = std::str::from_utf8(bytes).map(str::trim).unwrap_or_default();
    if let Ok(hash) = text.trim_matches('"').parse() {
        return Ok(Digest { hash, tip: None });
    }
    if let Ok(answer) = serde_json::from_str::<GetDigest>(text) {
        let tip =
            answer.digest_tip_address.map(|tip| first(tip.ion_text.as_bytes(), own_address)).transpose()?;
        return Ok(Digest { hash: answer.digest.parse()?, tip });
    }
    let hash = first(bytes, |value, _| as_hash(value))?;
    Ok(Digest { hash, tip: None })
}

/// A list of blobs in Ion, or the answer of GetBlock or GetRevision in JSON.
pub fn proof(bytes: &[u8]) -> Result<Proof, String> {
    let answer = serde_json::from_slice::<GetProof>(bytes).ok();
    let Some(answer) = answer else { return Ok(Proof { hashes: first(bytes, hashes)?, block: None }) };
    let hashes = first(answer.proof.ion_text.as_bytes(), hashes)?;
    let of = answer.block.or(answer.revision);
    let block = of.map(|of| first(of.ion_text.as_bytes(), held_address)).transpose()?;
    Ok(Proof { hashes, block: block.map(|(_, number)| number) })
}

type Symbols = super::ion::symbols::Symbols;

/// The first value of some Ion.
fn first<T>(bytes: &[u8], read: impl Fn(&Value<'_>, &Symbols) -> Result<T, String>) -> Result<T, String> {
    let mut stream = Stream::new(bytes);
    if !stream.advance().map_err(|e| e.to_string())? {
        return Err("there is nothing in it".to_owned());
    }
    let value = stream.value().map_err(|e| e.to_string())?;
    read(&value, stream.symbols())
}

fn as_hash(value: &Value<'_>) -> Result<Hash, String> {
    let bytes = value.blob().ok_or("it is no blob of 32 bytes, and no base64 of one")?;
    bytes.try_into().map(Hash).map_err(|_| format!("it has {} bytes, not 32", bytes.len()))
}

fn hashes(value: &Value<'_>, _: &Symbols) -> Result<Vec<Hash>, String> {
    let list = value.list().ok_or("it is no list of hashes")?;
    let hashes: Vec<Hash> =
        list.map(|item| as_hash(&item.map_err(|e| e.to_string())?)).collect::<Result<_, String>>()?;
    match hashes.len() <= MAX_PROOF {
        true => Ok(hashes),
        false => Err(format!("it has {} hashes, more than any proof", hashes.len())),
    }
}

fn own_address(value: &Value<'_>, symbols: &Symbols) -> Result<(String, u64), String> {
    let (strand, number) = block::address(Some(*value), symbols).map_err(|e| e.to_string())?;
    Ok((strand.to_owned(), number))
}

/// Of a block or revision.
fn held_address(value: &Value<'_>, symbols: &Symbols) -> Result<(String, u64), String> {
    for field in value.fields().into_iter().flatten() {
        let (name, value) = field.map_err(|e| e.to_string())?;
        if symbols.text(name).map_err(|e| e.to_string())? == Some("blockAddress") {
            return own_address(&value, symbols);
        }
    }
    Err("what it is of has no blockAddress".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "6m6BMXobbJKpMhahwVthAEsN6awgnHK62Qq5McGP1Gk=";

    #[test]
    fn digests_are_read_in_every_form() {
        let hash = DIGEST.parse().unwrap();
        for form in [DIGEST.to_owned(), format!("\"{DIGEST}\"\n"), format!("{{{{ {DIGEST} }}}}")] {
            assert_eq!(digest(form.as_bytes()), Ok(Digest { hash, tip: None }), "{form}");
        }
        let answer = format!(
            r#"{{"Digest": "{DIGEST}", "DigestTipAddress": {{"IonText": "{{strandId:\"S\",sequenceNo:123}}"}}}}"#
        );
        assert_eq!(digest(answer.as_bytes()), Ok(Digest { hash, tip: Some(("S".into(), 123)) }));
        for bad in ["", "abc", "{{aGVsbG8=}}", "[]", "{\"Digest\":\"x\"}"] {
            assert!(digest(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn proofs_are_read_in_every_form() {
        let list = format!("[{{{{{DIGEST}}}}},{{{{{DIGEST}}}}}]");
        let hashes = vec![DIGEST.parse().unwrap(); 2];
        assert_eq!(proof(list.as_bytes()), Ok(Proof { hashes: hashes.clone(), block: None }));
        let block = r#"{blockAddress:{strandId:\"S\",sequenceNo:7}}"#;
        let answer = format!(r#"{{"Block":{{"IonText":"{block}"}},"Proof":{{"IonText":"{list}"}}}}"#);
        assert_eq!(proof(answer.as_bytes()), Ok(Proof { hashes, block: Some(7) }));
        for bad in ["", "{}", "[1]", "[{{aGVsbG8=}}]"] {
            assert!(proof(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
