//! Entries that wait for somebody who commits them.

use super::MAX_OBJECT;
use super::object::Lines;
use super::object::entries;
use super::object::split;
use crate::domain::ids::LogId;
use crate::ledger::FormatError;
use crate::ledger::batch::Batch;
use crate::ledger::tile;

const INBOX: &str = "mlprov inbox v1";

/// Entries that a writer asks others to commit: `inbox/<id of the first>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// Size of the log in which the writer looked for them and found none.
    pub base: u64,
    pub batch: Batch,
}

impl Waiting {
    pub fn name(&self) -> String {
        format!("inbox/{}", self.batch.entries()[0].id())
    }

    /// `mlprov inbox v1`, lines `log`, `base` and `count`, an empty line, entries as in a commit. It needs no signature: its
    /// entries have theirs.
    pub fn encode(&self, log: LogId) -> Vec<u8> {
        let (base, count) = (self.base, self.batch.entries().len());
        let mut object = format!("{INBOX}\nlog {log}\nbase {base}\ncount {count}\n\n").into_bytes();
        for entry in self.batch.entries() {
            let _ = tile::push_entry(&mut object, entry.bytes());
        }
        object
    }

    /// Whatever is not exactly such an object is nobody's entry.
    pub fn parse(object: &[u8], log: LogId) -> Result<Self, FormatError> {
        let bad = |why: String| FormatError::new("inbox object", why);
        let read = || -> Result<Self, String> {
            if object.len() > MAX_OBJECT {
                return Err(format!("{} bytes are more than {MAX_OBJECT}", object.len()));
            }
            let (head, body) = split(object)?;
            let mut lines = Lines::new(head);
            lines.exactly(INBOX)?;
            if lines.value::<LogId>("log")? != log {
                return Err("it is of another log".to_owned());
            }
            let base = lines.value::<u64>("base")?;
            let count = lines.value::<u64>("count")?;
            lines.end()?;
            Ok(Waiting { base, batch: entries(body, count)? })
        };
        read().map_err(bad)
    }
}
