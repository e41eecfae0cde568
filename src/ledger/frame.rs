//! The journal's bytes: one header, then frames. A frame is one committed batch.
//!
//! ```text
//! header  "mlpjrnl1" | u32 length of JSON | u32 crc32c of JSON | JSON {format, project, log, origin}
//! frame   "FRM1" | u32 length of body | u32 crc32c of body | body
//! body    u64 start | u32 count | 32 previous root | u8 n | n × 32 frontier before | count × entry
//! entry   16 entry id | u16 length | bytes
//! ```
//! Numbers are little endian. The frontier before the frame makes the last frame enough to append.

use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;
use crate::ledger::FormatError;
use crate::ledger::batch::Batch;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::tree::Frontier;
use serde::Deserialize;
use serde::Serialize;

const MAGIC: &[u8; 8] = b"mlpjrnl1";
/// First bytes of every frame.
pub const FRAME_MAGIC: &[u8; 4] = b"FRM1";
/// Bytes before a frame's body.
pub const FRAME_HEAD: usize = 12;
/// Bytes before the header's JSON.
pub const HEADER_HEAD: usize = 16;
/// This version's journal format.
pub const FORMAT: u32 = 1;
/// A body is never longer; a larger length is damage, not a frame.
pub const MAX_BODY: usize = 256 << 20;

/// Whose journal this is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    pub project: ProjectId,
    pub log: LogId,
    /// Origin line of the log's checkpoints.
    pub origin: String,
}

impl Header {
    pub fn new(project: ProjectId, log: LogId) -> Self {
        Header { format: FORMAT, project, log, origin: format!("mlprov.dev/{project}/{log}") }
    }

    /// What the origin line of a checkpoint says.
    pub fn of_origin(origin: &str) -> Result<Self, FormatError> {
        let parts: Vec<&str> = origin.split('/').collect();
        let ids = match parts[..] {
            [_, project, log] => project.parse().ok().zip(log.parse().ok()),
            _ => None,
        };
        let header = ids.map(|(project, log)| Header::new(project, log)).filter(|h| h.origin == origin);
        header.ok_or_else(|| FormatError::new("origin", format!("{origin:?} is no mlprov log")))
    }

    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let json = serde_json::to_vec(self).map_err(|e| FormatError::new("journal header", e.to_string()))?;
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&(json.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&json).to_le_bytes());
        out.extend_from_slice(&json);
        Ok(out)
    }

    /// Length of the whole header, from its first [`HEADER_HEAD`] bytes.
    pub fn length(head: &[u8]) -> Result<usize, FormatError> {
        let bad = |why: &str| FormatError::new("journal header", why);
        if head.len() < HEADER_HEAD || &head[..8] != MAGIC {
            return Err(bad("this is not an mlprov journal"));
        }
        let json = u32_at(head, 8) as usize;
        if json > 64 * 1024 {
            return Err(bad("its length is damaged"));
        }
        Ok(HEADER_HEAD + json)
    }

    /// `bytes`: the whole header. An unknown format is reported as such, not as damage.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let bad = |why: String| FormatError::new("journal header", why);
        let end = Header::length(bytes)?;
        let json = bytes.get(HEADER_HEAD..end).ok_or_else(|| bad("cut short".into()))?;
        if crc32c::crc32c(json) != u32_at(bytes, 12) {
            return Err(bad("its checksum does not match".into()));
        }
        #[derive(Deserialize)]
        struct Probe {
            format: u32,
        }
        let probe: Probe = serde_json::from_slice(json).map_err(|e| bad(e.to_string()))?;
        if probe.format != FORMAT {
            return Err(bad(format!(
                "format {} is not known to this version (it knows {FORMAT})",
                probe.format
            )));
        }
        let header: Header = serde_json::from_slice(json).map_err(|e| bad(e.to_string()))?;
        // One log has one origin: a copy under another id must not pass for another log.
        if header.origin != Header::new(header.project, header.log).origin {
            return Err(bad(format!("its origin {:?} is not that of its log", header.origin)));
        }
        Ok(header)
    }
}

/// One frame, decoded; entries borrow from the bytes read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// Tree before this frame; its size is the index of the first entry.
    pub before: Frontier,
    pub entries: Vec<(EntryId, &'a [u8])>,
}

impl Frame<'_> {
    pub fn start(&self) -> u64 {
        self.before.size()
    }

    /// Tree after this frame.
    pub fn after(&self) -> Frontier {
        let mut tree = self.before.clone();
        for (_, bytes) in &self.entries {
            tree.push(hash::leaf(bytes));
        }
        tree
    }
}

/// Length of what [`encode`] returns.
pub fn length(before: &Frontier, batch: &Batch) -> usize {
    let entries: usize = batch.entries().iter().map(|e| e.bytes().len() + 18).sum();
    FRAME_HEAD + 45 + 32 * before.peaks().len() + entries
}

/// A whole frame: head and body.
pub fn encode(before: &Frontier, batch: &Batch) -> Vec<u8> {
    let mut out = Vec::with_capacity(length(before, batch));
    out.extend_from_slice(FRAME_MAGIC);
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&before.size().to_le_bytes());
    out.extend_from_slice(&(batch.entries().len() as u32).to_le_bytes());
    out.extend_from_slice(&before.root().0);
    out.push(before.peaks().len() as u8);
    for peak in before.peaks() {
        out.extend_from_slice(&peak.0);
    }
    for entry in batch.entries() {
        out.extend_from_slice(entry.id().as_bytes());
        out.extend_from_slice(&(entry.bytes().len() as u16).to_le_bytes());
        out.extend_from_slice(entry.bytes());
    }
    let length = (out.len() - FRAME_HEAD) as u32;
    let crc = crc32c::crc32c(&out[FRAME_HEAD..]);
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out[8..12].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Length of the frame that these fields were decoded from.
pub fn encoded_length(frame: &Frame<'_>) -> usize {
    let entries: usize = frame.entries.iter().map(|(_, bytes)| bytes.len() + 18).sum();
    FRAME_HEAD + 45 + 32 * frame.before.peaks().len() + entries
}

/// Length of a frame's body, from its first [`FRAME_HEAD`] bytes.
pub fn body_length(head: &[u8]) -> Result<usize, FormatError> {
    let bad = |why: &str| FormatError::new("journal frame", why);
    if head.len() < FRAME_HEAD || &head[..4] != FRAME_MAGIC {
        return Err(bad("no frame begins here"));
    }
    let length = u32_at(head, 4) as usize;
    if length > MAX_BODY {
        return Err(bad("its length is damaged"));
    }
    Ok(length)
}

/// `bytes`: head and body, no more.
pub fn decode(bytes: &[u8]) -> Result<Frame<'_>, FormatError> {
    let bad = |why: &str| FormatError::new("journal frame", why);
    if crc32c::crc32c(body(bytes)?) != u32_at(bytes, 8) {
        return Err(bad("its checksum does not match"));
    }
    let (frame, previous_root) = fields(bytes)?;
    if frame.before.root() != previous_root {
        return Err(bad("its frontier does not give its previous root"));
    }
    Ok(frame)
}

/// Of bytes that [`decode`] accepted before.
pub fn decode_again(bytes: &[u8]) -> Result<Frame<'_>, FormatError> {
    fields(bytes).map(|(frame, _)| frame)
}

fn body(bytes: &[u8]) -> Result<&[u8], FormatError> {
    let end = FRAME_HEAD + body_length(bytes)?;
    bytes.get(FRAME_HEAD..end).ok_or_else(|| FormatError::new("journal frame", "cut short"))
}

fn fields(bytes: &[u8]) -> Result<(Frame<'_>, TreeHash), FormatError> {
    let bad = |why: &str| FormatError::new("journal frame", why);
    let mut rest = body(bytes)?;
    let mut take = |n: usize| -> Result<&[u8], FormatError> {
        let (head, tail) = rest.split_at_checked(n).ok_or_else(|| bad("its fields do not fit its length"))?;
        rest = tail;
        Ok(head)
    };
    let start = u64::from_le_bytes(array(take(8)?));
    let count = u32::from_le_bytes(array(take(4)?));
    let previous_root = TreeHash(array(take(32)?));
    let peaks = take(1)?[0];
    let mut frontier = Vec::new();
    for _ in 0..peaks {
        frontier.push(TreeHash(array(take(32)?)));
    }
    let before = Frontier::from_parts(start, frontier)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let id = EntryId::from_bytes(array(take(16)?)).map_err(|_| bad("an entry id is damaged"))?;
        let length = u16::from_le_bytes(array(take(2)?));
        entries.push((id, take(usize::from(length))?));
    }
    if !rest.is_empty() || entries.is_empty() {
        return Err(bad("its fields do not fit its length"));
    }
    Ok((Frame { before, entries }, previous_root))
}

// Callers have checked the length; a short slice would be a bug here, and gives zeros, which no check passes.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(&bytes[at..at + 4]))
}
