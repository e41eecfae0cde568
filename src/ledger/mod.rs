//! ARITHMETIC of the ledger: hashes, tree, notes, envelopes, journal frames. Pure: bytes in, bytes out.
//!
//! Formats: RFC 6962 (tree), C2SP signed-note and tlog-checkpoint, DSSE v1 (envelope).

pub mod batch;
pub mod chain;
pub mod checkpoint;
pub mod envelope;
pub mod frame;
pub mod hash;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod writers;

/// Bytes that are not what their format demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct FormatError {
    pub what: &'static str,
    pub why: String,
}

impl FormatError {
    pub fn new(what: &'static str, why: impl Into<String>) -> Self {
        FormatError { what, why: why.into() }
    }
}
