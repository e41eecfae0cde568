//! SOCKETS: what the use cases ask of a backend. Each trait numbers its promises; every backend signs the
//! same conformance suite (`tests/conformance/`).

pub mod account;
pub mod clock;
pub mod commit_store;
pub mod index;
pub mod log_reader;
pub mod model_registry;
pub mod object_store;
pub mod probe;
pub mod progress;
pub mod provision;
pub mod signer;
pub mod source;

use crate::domain::digest::KeyId;
use crate::domain::ids::LogId;
use std::io;

/// Why a backend could not do what was asked. A new kind needs a caller that acts differently on it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system or the network said no. Nothing became true unless a port says otherwise.
    #[error("{op} {what}: {source}")]
    Io { op: &'static str, what: String, source: io::Error },
    /// What is stored contradicts itself: stop, say where, touch nothing.
    #[error("{what} is damaged at {at}: {why}")]
    Corrupt { what: String, at: String, why: String },
    /// Written by a version that this one does not understand.
    #[error("{what}: {why}")]
    Unsupported { what: String, why: String },
    /// Bytes that the settings say are to be shared, and cannot be.
    #[error("{what}: {why}")]
    NotShared { what: String, why: String },
    /// Somebody wrote to it meanwhile.
    #[error("{what}: it changed while it was stored")]
    Changed { what: String },
    #[error("{what} is not there")]
    Missing { what: String },
    /// Another process holds the lock, and did so for the whole time waited.
    #[error("{what} is locked by {holder}")]
    Locked { what: String, holder: String },
    /// Signing would contradict what was signed before.
    #[error("refusing to sign: {why}")]
    Inconsistent { why: String },
    /// The log let this key write once, and does not any more: every other one can go on.
    #[error("the log admits {} no more: it was revoked, or another key took its place", key.short())]
    Revoked { key: KeyId },
    /// The log was copied, or moved to another place, since it was last written.
    #[error("{what}: {why}")]
    Copied { what: String, why: String },
    /// This clone's user has not agreed to requests to this place.
    #[error("nobody has agreed yet that this clone uses {what}")]
    NotAgreed { what: String },
    /// The log goes on in another place than the one that was asked: nothing is added to it here any more.
    #[error("the log does not go on in {what}: it was moved")]
    Moved { what: String },
    /// What this clone has is another log than the one of the settings: it goes there first.
    #[error("{what}: it holds log {found}, and the settings name {wanted}")]
    OtherLog { what: String, found: LogId, wanted: LogId },
    /// It cannot do what is needed of it.
    #[error("{what} cannot be used: {why}")]
    Unfit { what: String, why: String },
    /// A request about the account's own resources. `action`: the permission that it takes.
    #[error("{action} on {what}: {trouble} ({why})")]
    Account { action: &'static str, what: String, trouble: account::Trouble, why: String },
    /// A key file that is missing, unreadable or not a key.
    #[error("key {what}: {why}")]
    Key { what: String, why: String },
}

impl StoreError {
    pub fn io(op: &'static str, what: impl ToString, source: io::Error) -> Self {
        StoreError::Io { op, what: what.to_string(), source }
    }
}
