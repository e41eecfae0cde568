//! Entries that are ready to be committed together.

use crate::domain::ParseError;
use crate::domain::entry::Body;
use crate::domain::ids::EntryId;
use crate::ledger::FormatError;
use crate::ledger::envelope::Envelope;
use crate::ledger::envelope::MAX_ENTRY;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;

/// The exact bytes of one entry, with the id that its payload carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedEntry {
    id: EntryId,
    bytes: Vec<u8>,
}

/// Why bytes are no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error(transparent)]
    Envelope(#[from] FormatError),
    #[error(transparent)]
    Payload(#[from] ParseError),
}

impl SealedEntry {
    /// Refuses bytes that are not one well-formed envelope around one well-formed body.
    pub fn parse(bytes: Vec<u8>) -> Result<(Self, Body), EntryError> {
        let (_, body) = open(&bytes)?;
        Ok((SealedEntry { id: body.id, bytes }, body))
    }

    /// Parts of one that was parsed before, by another process of this version. Nothing is looked at again here;
    /// whoever checks a log holds ids against payloads.
    pub fn from_parts(id: EntryId, bytes: Vec<u8>) -> Self {
        SealedEntry { id, bytes }
    }

    pub fn id(&self) -> &EntryId {
        &self.id
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn leaf(&self) -> TreeHash {
        hash::leaf(&self.bytes)
    }
}

/// Takes an entry apart without checking its signature.
pub fn open(bytes: &[u8]) -> Result<(Envelope, Body), EntryError> {
    let envelope = Envelope::parse(bytes)?;
    let body = Body::from_payload(&envelope.payload)?;
    if body.actor.writer != envelope.key_id {
        return Err(FormatError::new("entry", "its actor is not the key that signed it").into());
    }
    Ok((envelope, body))
}

/// One or more entries that become true in one atomic step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    entries: Vec<SealedEntry>,
}

impl Batch {
    /// `None` if there is nothing to commit, or an id stands in it twice.
    pub fn new(entries: Vec<SealedEntry>) -> Option<Self> {
        let mut ids: Vec<&EntryId> = entries.iter().map(|e| &e.id).collect();
        ids.sort_unstable();
        let twice = ids.windows(2).any(|pair| pair[0] == pair[1]);
        let too_long = entries.iter().any(|e| e.bytes.len() > MAX_ENTRY);
        (!entries.is_empty() && !twice && !too_long).then_some(Batch { entries })
    }

    pub fn entries(&self) -> &[SealedEntry] {
        &self.entries
    }
}
