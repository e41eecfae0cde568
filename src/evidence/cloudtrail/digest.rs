//! Digest files: each names the log files of an hour, with their hashes, and the digest before it; it is signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use ring::signature::UnparsedPublicKey;
use serde::Deserialize;
use sha2::Digest as _;
use sha2::Sha256;

/// What a digest file says.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    pub digest_start_time: String,
    pub digest_end_time: String,
    pub digest_s3_bucket: String,
    pub digest_s3_object: String,
    pub digest_public_key_fingerprint: String,
    pub digest_signature_algorithm: String,
    /// Absent in the first one after validation was turned on.
    pub previous_digest_s3_object: Option<String>,
    /// SHA-256 of its bytes before they were compressed, in hexadecimal.
    pub previous_digest_hash_value: Option<String>,
    pub previous_digest_signature: Option<String>,
    pub log_files: Vec<LogFile>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFile {
    pub s3_bucket: String,
    pub s3_object: String,
    /// SHA-256 of its bytes before they were compressed, in hexadecimal.
    pub hash_value: String,
    pub hash_algorithm: String,
}

/// A digest file as it was delivered.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub bucket: String,
    pub key: String,
    pub inflated: Vec<u8>,
    /// Hexadecimal, from the object's metadata `signature`.
    pub signature: Option<String>,
}

/// A key of CloudTrail's own, as `ListPublicKeys` gives it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublicKey {
    pub fingerprint: String,
    /// RSAPublicKey (PKCS #1), DER, base64.
    pub value: String,
}

impl PublicKey {
    /// `der`: RSAPublicKey (PKCS #1).
    pub fn new(fingerprint: String, der: &[u8]) -> Self {
        PublicKey { fingerprint, value: BASE64.encode(der) }
    }
}

/// What `aws cloudtrail list-public-keys` prints.
pub fn public_keys(json: &[u8]) -> Result<Vec<PublicKey>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct List {
        public_key_list: Vec<PublicKey>,
    }
    serde_json::from_slice::<List>(json).map(|list| list.public_key_list).map_err(|e| e.to_string())
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    text.len().is_multiple_of(2).then(|| (0..text.len()).step_by(2).map(digits).collect())?
}

/// Why a digest file cannot be believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Doubt {
    /// None of the keys at hand is the one that it names.
    NoKey(String),
    Bad(String),
}

impl Delivered {
    /// What it says, if CloudTrail signed it for this place.
    pub fn check(&self, keys: &[PublicKey]) -> Result<Digest, Doubt> {
        let bad = |why: &str| Doubt::Bad(why.to_owned());
        let digest: Digest = serde_json::from_slice(&self.inflated).map_err(|e| bad(&e.to_string()))?;
        if (&digest.digest_s3_bucket, &digest.digest_s3_object) != (&self.bucket, &self.key) {
            return Err(bad("it was delivered to another place"));
        }
        if digest.digest_signature_algorithm != "SHA256withRSA" {
            return Err(Doubt::Bad(format!("it is signed with {:?}", digest.digest_signature_algorithm)));
        }
        let signature = self.signature.as_deref().ok_or_else(|| bad("it has no signature"))?;
        let signature = from_hex(signature).ok_or_else(|| bad("its signature is not hexadecimal"))?;
        let fingerprint = &digest.digest_public_key_fingerprint;
        let key = keys.iter().find(|key| key.fingerprint == *fingerprint);
        let key = key.ok_or_else(|| Doubt::NoKey(fingerprint.clone()))?;
        let der = BASE64.decode(&key.value).map_err(|_| bad("its public key is not base64"))?;
        let signed = string_to_sign(&digest, &self.inflated);
        match UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).verify(signed.as_bytes(), &signature) {
            Ok(()) => Ok(digest),
            Err(_) => Err(bad("its signature does not hold")),
        }
    }
}

/// CloudTrail User Guide, *Custom implementations of CloudTrail log file integrity validation*.
pub fn string_to_sign(digest: &Digest, inflated: &[u8]) -> String {
    format!(
        "{}\n{}/{}\n{}\n{}",
        digest.digest_end_time,
        digest.digest_s3_bucket,
        digest.digest_s3_object,
        sha256_hex(inflated),
        digest.previous_digest_signature.as_deref().unwrap_or("null")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_as_it_is_written() {
        assert_eq!(from_hex("00ff1a"), Some(vec![0, 0xff, 0x1a]));
        for bad in ["0", "zz", "0é"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
