//! Private keys, wherever they are kept.

use crate::ledger::envelope::WriterKey;
use crate::ledger::note::VerifierKey;
use crate::ports::StoreError;

/// Signs entries (ECDSA P-256, SHA-256).
pub trait EntrySigner {
    fn public(&self) -> &WriterKey;
    /// 1. ASN.1 DER, low-S. 2. Deterministic where the key allows (RFC 6979), so that a retry gives equal bytes.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, StoreError>;
}

/// Signs checkpoints (Ed25519).
pub trait CheckpointSigner {
    fn verifier(&self) -> &VerifierKey;
    /// 1. Raw 64-byte signature over the checkpoint's text.
    fn sign(&self, text: &[u8]) -> Result<[u8; 64], StoreError>;
}
