//! What the objects of a chain have in common: lines of text, an empty line, entries.

use crate::domain::ids::EntryId;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::hash::TreeHash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeSet;

/// `Err(Some)`: the same kind of object in another version.
pub fn version(object: &[u8], known: &str) -> Result<(), Option<String>> {
    let line = object.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| None)?;
    if line == known {
        return Ok(());
    }
    let kind = known.trim_end_matches("v1");
    let newer = line.strip_prefix(kind).and_then(|v| v.strip_prefix('v')?.parse::<u32>().ok());
    Err(newer.filter(|version| *version > 1).map(|_| line.to_owned()))
}

/// Head with its last line end, and what follows the empty line.
pub fn split(object: &[u8]) -> Result<(&str, &[u8]), String> {
    let at = object.windows(2).position(|pair| pair == b"\n\n").ok_or("it has no entries")?;
    let head = std::str::from_utf8(&object[..=at]).map_err(|_| "its head is no text")?;
    Ok((head, &object[at + 2..]))
}

pub fn entries(body: &[u8], count: u64) -> Result<Batch, String> {
    let mut rest = body;
    let mut entries = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, tail) = tail.split_at_checked(length).ok_or("its last entry is cut short")?;
        let (sealed, _) =
            SealedEntry::parse(entry.to_vec()).map_err(|e| format!("entry {}: {e}", entries.len()))?;
        entries.push(sealed);
        rest = tail;
    }
    if !rest.is_empty() || entries.len() as u64 != count {
        return Err(format!("it says that it has {count} entries, and has {}", entries.len()));
    }
    let ids: BTreeSet<&EntryId> = entries.iter().map(SealedEntry::id).collect();
    if ids.len() != entries.len() {
        return Err("it has an entry twice".to_owned());
    }
    Batch::new(entries).ok_or_else(|| "it has no entries".to_owned())
}

pub struct Lines<'a> {
    rest: std::str::SplitTerminator<'a, char>,
}

impl<'a> Lines<'a> {
    pub fn new(head: &'a str) -> Self {
        Lines { rest: head.split_terminator('\n') }
    }

    pub fn exactly(&mut self, line: &str) -> Result<(), String> {
        if self.rest.next() == Some(line) { Ok(()) } else { Err(format!("{line:?} is missing")) }
    }

    pub fn text(&mut self, name: &str) -> Result<&'a str, String> {
        let line = self.rest.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.ok_or_else(|| format!("it has no {name}"))
    }

    pub fn value<T: std::str::FromStr>(&mut self, name: &str) -> Result<T, String> {
        self.text(name)?.parse().map_err(|_| format!("its {name} cannot be read"))
    }

    pub fn hash(&mut self, name: &str) -> Result<TreeHash, String> {
        let bytes = BASE64.decode(self.text(name)?).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(TreeHash).ok_or_else(|| format!("its {name} is no hash"))
    }

    pub fn end(mut self) -> Result<(), String> {
        if self.rest.next().is_none() {
            Ok(())
        } else {
            Err("its head has more lines than it should".to_owned())
        }
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
