//! A log that goes on elsewhere: nothing is added to its journal any more, unless it is a mirror of what is there.
//!
//! The last entry says so. When the journal has become a mirror, others follow it; then the file `moved` tells, should
//! somebody come with settings of before (an old commit, another work tree).

use super::LocalLedger;
use super::read::Tail;
use crate::domain::entry::Kind;
use crate::durable;
use crate::ledger::batch;
use crate::ledger::frame::Frame;
use crate::ledger::frame::Header;
use crate::ports::StoreError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::path::Path;

/// In a payload, which is canonical JSON.
const WORDS: &[u8] = b"\"kind\":\"ledger.moved\"";

/// That the journal in `dir` is a mirror of a log that goes on elsewhere.
pub(super) fn note(dir: &Path) -> Result<(), StoreError> {
    let what = b"this log goes on where the settings of the project say; see `mlprov migrate`\n";
    Ok(durable::replace(&dir.join("moved"), what, 0o644)?)
}

impl LocalLedger {
    /// Whether the last entry of a frame says that this log goes on elsewhere.
    pub(super) fn ends(&self, frame: &Frame<'_>) -> bool {
        let Some((_, bytes)) = frame.entries.last() else { return false };
        // Taking every last entry apart would cost a commit more than this.
        let payload = bytes.split(|byte| *byte == b'"').nth(3).and_then(|text| BASE64.decode(text).ok());
        if !payload.is_some_and(|payload| payload.windows(WORDS.len()).any(|words| words == WORDS)) {
            return false;
        }
        batch::open(bytes).is_ok_and(|(_, body)| {
            let to = body.ledger.filter(|to| body.kind == Kind::LedgerMoved && to.log == self.header.log);
            to.is_some_and(|to| to.place.is_some())
        })
    }

    pub(super) fn check_moved(&self, tail: &Tail) -> Result<(), StoreError> {
        match !self.mirror && (tail.moved || self.is_elsewhere()) {
            true => Err(StoreError::Moved { what: self.journal_file().display().to_string() }),
            false => Ok(()),
        }
    }

    /// Whether it is a mirror of a log that lies elsewhere, or went there.
    pub fn is_elsewhere(&self) -> bool {
        self.dir.join("moved").exists()
    }

    /// As [`LocalLedger::create`], of a log whose truth lies elsewhere.
    pub fn create_mirror(dir: &Path, header: &Header) -> Result<Self, StoreError> {
        durable::create_dir_all(dir)?;
        note(dir)?;
        Ok(Self::create(dir, header)?.as_mirror())
    }
}
