//! The log, read into memory for questions about it.

use crate::app::Project;
use crate::app::Result;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::EntryId;
use crate::ledger::batch;
use crate::ledger::batch::EntryError;
use std::ops::ControlFlow;

/// One entry with what could be made of it.
pub struct LogEntry {
    pub index: u64,
    /// As the journal says; an entry that cannot be read has only this.
    pub id: EntryId,
    pub bytes: Vec<u8>,
    pub read: std::result::Result<Body, EntryError>,
}

impl LogEntry {
    pub fn body(&self) -> Option<&Body> {
        self.read.as_ref().ok()
    }

    pub fn is(&self, kind: &Kind) -> bool {
        self.body().is_some_and(|b| b.kind == *kind)
    }
}

impl Project {
    /// All entries of this clone's log, oldest first. Signatures are not checked here.
    pub fn entries(&self) -> Result<Vec<LogEntry>> {
        let mut out = Vec::new();
        self.ledger.read(0, &mut |stored| {
            let read = batch::open(stored.bytes).map(|(_, body)| body);
            out.push(LogEntry { index: stored.index, id: stored.id, bytes: stored.bytes.to_vec(), read });
            ControlFlow::Continue(())
        })?;
        Ok(out)
    }
}
