//! The log's key in KMS: nobody can copy it, and CloudTrail tells each use.

use crate::ledger::note::Note;
use crate::ledger::note::VerifierKey;
use crate::ports::StoreError;
use crate::ports::signer::CheckpointSigner;
use crate::stores::aws::account::trouble;
use crate::stores::aws::runtime::Aws;
use crate::stores::aws::runtime::Endpoint;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MessageType;
use aws_sdk_kms::types::SigningAlgorithmSpec;

/// What KMS signs as it is (Sign, MessageType RAW): bytes.
const MAX_MESSAGE: usize = 4_096;
/// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): this, and then its 32 bytes.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Nothing is asked before something is to be signed.
pub struct KmsKey {
    endpoint: Endpoint,
    /// ARN, id or alias.
    key: String,
    verifier: VerifierKey,
}

impl KmsKey {
    /// `verifier`: as the settings have it, and as the user pinned it. What another key signed is refused.
    pub fn new(endpoint: Endpoint, key: &str, verifier: VerifierKey) -> Self {
        KmsKey { endpoint, key: key.to_owned(), verifier }
    }

    /// Asks KMS for the public half. `origin`: name of the log.
    pub fn of(endpoint: Endpoint, key: &str, origin: &str) -> Result<Self, StoreError> {
        let aws = Aws::connect(&endpoint)?;
        let client = Client::new(aws.config());
        let asked = aws.wait(client.get_public_key().key_id(key).send());
        let told = asked.map_err(|e| trouble::of("kms:GetPublicKey", &about(key), e))?;
        let spki = told.public_key().map(|blob| blob.as_ref()).unwrap_or_default();
        let raw = spki.strip_prefix(&SPKI).and_then(|raw| <&[u8; 32]>::try_from(raw).ok());
        let raw = raw.ok_or_else(|| unfit(key, "it is no Ed25519 key (ECC_NIST_EDWARDS25519)"))?;
        let verifier = VerifierKey::new(origin, raw).map_err(|e| unfit(key, &e.to_string()))?;
        Ok(KmsKey::new(endpoint, key, verifier))
    }
}

impl CheckpointSigner for KmsKey {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, text: &[u8]) -> Result<[u8; 64], StoreError> {
        if text.len() > MAX_MESSAGE {
            let why = format!("KMS signs {MAX_MESSAGE} bytes at most, and these are {}", text.len());
            return Err(unfit(&self.key, &why));
        }
        let aws = Aws::connect(&self.endpoint)?;
        let client = Client::new(aws.config());
        let asked = client
            .sign()
            .key_id(&self.key)
            // Never the prehashed form: no verifier of notes knows it.
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
            .message_type(MessageType::Raw)
            .message(Blob::new(text));
        let told = aws.wait(asked.send()).map_err(|e| trouble::of("kms:Sign", &about(&self.key), e))?;
        let signature = told.signature().map(|blob| blob.as_ref()).unwrap_or_default();
        let signature = <[u8; 64]>::try_from(signature)
            .map_err(|_| unfit(&self.key, "what it answered is no Ed25519 signature"))?;
        // The alias may name another key by now.
        let note = format!("{}\n{}", String::from_utf8_lossy(text), self.verifier.signature_line(&signature));
        match Note::parse(&note).is_ok_and(|note| note.is_signed_by(&self.verifier)) {
            true => Ok(signature),
            false => Err(unfit(&self.key, "it is not the key that the log is known by")),
        }
    }
}

pub fn about(key: &str) -> String {
    format!("key {key}")
}

fn unfit(key: &str, why: &str) -> StoreError {
    StoreError::Unfit { what: about(key), why: why.to_owned() }
}
