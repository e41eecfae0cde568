//! Reading: frames, the tail, and what is damage and what is merely unfinished. Takes no lock, changes nothing.

use super::LocalLedger;
use crate::domain::ids::EntryId;
use crate::durable;
use crate::ledger::FormatError;
use crate::ledger::frame;
use crate::ledger::frame::Frame;
use crate::ledger::hash;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::ports::log_reader::StoredEntry;
use crate::stores::local::lookup::Covered;
use crate::stores::local::lookup::Lookup;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;

/// What the end of the journal looks like.
pub(super) struct Tail {
    /// Tree over all whole frames.
    pub(super) tree: Frontier,
    /// Tree before the last frame: the usual size of the last checkpoint.
    pub(super) before: Frontier,
    /// What the last frame holds.
    pub(super) last: Vec<EntryId>,
    /// Whether its last entry says that the log goes on elsewhere.
    pub(super) moved: bool,
    /// Where the next frame goes.
    pub(super) end: u64,
    /// Bytes after `end` that are no whole frame.
    pub(super) torn: u64,
}

/// Bytes read of a frame at first: most are shorter.
const GUESS: usize = 8 << 10;

/// What stands at an offset of the journal.
enum Next {
    /// A whole frame.
    Frame(Vec<u8>),
    End,
    /// That many bytes of a frame that was never finished.
    Torn(u64),
}

impl LocalLedger {
    /// The whole bytes of the frame at `offset`, checked; or why there is none.
    fn frame_bytes(
        &self,
        file: &File,
        offset: u64,
    ) -> Result<Result<Option<Vec<u8>>, FormatError>, StoreError> {
        let mut bytes = vec![0; GUESS];
        let mut got = read_some(file, offset, &mut bytes).map_err(self.io("read"))?;
        if got == 0 {
            let length = file.metadata().map_err(self.io("read"))?.len();
            let beyond = FormatError::new("journal frame", "it would lie beyond the end of the file");
            return Ok(if offset > length { Err(beyond) } else { Ok(None) });
        }
        if got < frame::FRAME_HEAD {
            got += read_up_to(file, offset + got as u64, &mut bytes[got..]).map_err(self.io("read"))?;
        }
        let length = match frame::body_length(&bytes[..got]) {
            Ok(body) => frame::FRAME_HEAD + body,
            Err(e) => return Ok(Err(e)),
        };
        bytes.resize(length, 0);
        if got < length {
            got += read_up_to(file, offset + got as u64, &mut bytes[got..]).map_err(self.io("read"))?;
        }
        bytes.truncate(got.min(length));
        Ok(frame::decode(&bytes).map(|_| ()).map(|()| Some(bytes)))
    }

    /// The frame at `offset`, before which the log holds `size` entries.
    fn next_frame(&self, file: &File, offset: u64, size: u64) -> Result<Next, StoreError> {
        let why = match self.frame_bytes(file, offset)? {
            Ok(Some(bytes)) => return Ok(Next::Frame(bytes)),
            Ok(None) => return Ok(Next::End),
            Err(why) => why,
        };
        // A writer may be at work on it. What was signed by now was whole before: so look again after that.
        let signed = self.signed().map_or(0, |s| s.size);
        match self.frame_bytes(file, offset)? {
            Ok(Some(bytes)) => return Ok(Next::Frame(bytes)),
            Ok(None) => return Ok(Next::End),
            Err(_) => {}
        }
        if signed > size {
            return Err(self.corrupt(offset, format!("{why}, and a signed checkpoint covers it")));
        }
        let length = file.metadata().map_err(self.io("read"))?.len();
        let mut rest = vec![0; length.saturating_sub(offset) as usize];
        let got = read_up_to(file, offset, &mut rest).map_err(self.io("read"))?;
        rest.truncate(got);
        for at in 1..rest.len() {
            if rest[at..].starts_with(frame::FRAME_MAGIC) {
                let end = frame::body_length(&rest[at..]).ok().map(|n| at + frame::FRAME_HEAD + n);
                if end.and_then(|end| rest.get(at..end)).is_some_and(|whole| frame::decode(whole).is_ok()) {
                    return Err(self.corrupt(offset, why));
                }
            }
        }
        // No whole frame follows, and nothing that was signed covers it.
        Ok(Next::Torn(got as u64))
    }

    pub(super) fn open_journal(&self, write: bool) -> Result<File, StoreError> {
        OpenOptions::new().read(true).write(write).open(self.journal_file()).map_err(self.io("open"))
    }

    /// Where the last whole frame begins, by the hint if it holds, else by walking all frames.
    pub(super) fn tail(&self, file: &File) -> Result<Tail, StoreError> {
        let length = file.metadata().map_err(self.io("read"))?.len();
        if length < self.first_frame {
            return Err(self.corrupt(length, "the file is shorter than its header"));
        }
        if let Some(tail) = self.tail_by_hint(file)? {
            return Ok(tail);
        }
        let empty = Frontier::default();
        self.walk(
            file,
            Tail {
                tree: empty.clone(),
                before: empty,
                last: Vec::new(),
                moved: false,
                end: self.first_frame,
                torn: 0,
            },
        )
    }

    fn tail_by_hint(&self, file: &File) -> Result<Option<Tail>, StoreError> {
        let hint = durable::read_derived(&self.dir.join("head")).unwrap_or_default();
        let Ok(offset) = String::from_utf8_lossy(&hint).parse::<u64>() else { return Ok(None) };
        if offset < self.first_frame {
            return Ok(None);
        }
        let Ok(Some(bytes)) = self.frame_bytes(file, offset)? else { return Ok(None) };
        let Ok(frame) = frame::decode_again(&bytes) else { return Ok(None) };
        let end = offset + bytes.len() as u64;
        let (last, moved) = (ids(&frame), self.ends(&frame));
        let tail = Tail { tree: frame.after(), last, moved, before: frame.before, end, torn: 0 };
        // The hint is written after the frame: there may be frames that it does not know yet.
        self.walk(file, tail).map(Some)
    }

    fn walk(&self, file: &File, mut tail: Tail) -> Result<Tail, StoreError> {
        loop {
            let bytes = match self.next_frame(file, tail.end, tail.tree.size())? {
                Next::Frame(bytes) => bytes,
                Next::End => return Ok(tail),
                Next::Torn(torn) => return Ok(Tail { torn, ..tail }),
            };
            let frame = frame::decode_again(&bytes).map_err(|e| self.corrupt(tail.end, e))?;
            if frame.before != tail.tree {
                return Err(self.corrupt(tail.end, "a frame does not continue the tree before it"));
            }
            tail.end += bytes.len() as u64;
            tail.tree = frame.after();
            tail.last = ids(&frame);
            tail.moved = self.ends(&frame);
            tail.before = frame.before;
        }
    }

    /// Frames in order, with their offsets. From the very first on, each must continue the tree before it; one
    /// in the middle of the journal (`from`: its offset and the entries before it) can only be checked
    /// against itself. Returns the bytes of an unfinished frame at the end.
    pub(super) fn visit_frames(
        &self,
        from: Option<Covered>,
        visit: &mut dyn FnMut(u64, &Frame<'_>) -> ControlFlow<()>,
    ) -> Result<u64, StoreError> {
        let file = self.open_journal(false)?;
        let Covered { mut size, end: mut offset } =
            from.unwrap_or(Covered { size: 0, end: self.first_frame });
        // Hashing all entries costs more than all the rest: only who began at zero needs it.
        let mut tree = from.is_none().then(Frontier::default);
        loop {
            let bytes = match self.next_frame(&file, offset, size)? {
                Next::Frame(bytes) => bytes,
                Next::End => return Ok(0),
                Next::Torn(torn) => return Ok(torn),
            };
            let frame = frame::decode_again(&bytes).map_err(|e| self.corrupt(offset, e))?;
            let continues = tree.as_ref().map_or(frame.start() == size, |t| *t == frame.before);
            if !continues {
                return Err(self.corrupt(offset, "a frame does not continue the tree before it"));
            }
            tree = tree.map(|_| frame.after());
            let here = offset;
            offset += bytes.len() as u64;
            size = frame.start() + frame.entries.len() as u64;
            if visit(here, &frame).is_break() {
                return Ok(0);
            }
        }
    }

    /// The tree over the first `size` entries, by the frame that holds the next one: each frame says what was
    /// before it. Without `at`, all that lies before is hashed again, so that nothing is taken from its word.
    pub(super) fn tree_from(&self, at: Option<Covered>, size: u64) -> Result<Option<Frontier>, StoreError> {
        let mut found = None;
        self.visit_frames(at, &mut |_, frame| {
            let entries = &frame.entries;
            if frame.start() + entries.len() as u64 <= size {
                return ControlFlow::Continue(());
            }
            if let Some(more) = size.checked_sub(frame.start()) {
                let mut tree = frame.before.clone();
                entries.iter().take(more as usize).for_each(|(_, bytes)| tree.push(hash::leaf(bytes)));
                found = Some(tree);
            }
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// No entries, before the first frame: for who need not hash the tree.
    pub(super) fn beginning(&self) -> Covered {
        Covered { size: 0, end: self.first_frame }
    }

    /// Visits entries from `index` on. `at`: where the lookup says that a frame at or before it is. False, with
    /// nothing visited, if that is not so.
    pub(super) fn read_from(
        &self,
        at: Option<Covered>,
        index: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<bool, StoreError> {
        let mut first = true;
        let visited = self.visit_frames(at, &mut |_, frame| {
            first = false;
            for (i, (id, bytes)) in frame.entries.iter().enumerate() {
                let here = frame.start() + i as u64;
                if here >= index && visit(StoredEntry { index: here, id: *id, bytes }).is_break() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        match visited {
            Err(_) if first && at.is_some() => Ok(false),
            Err(e) => Err(e),
            Ok(_) => Ok(true),
        }
    }

    /// Whether entry `index` is this one, by the journal itself.
    pub(super) fn holds(&self, index: u64, id: &EntryId) -> bool {
        let mut same = false;
        let read = self.read(index, &mut |entry| {
            same = entry.index == index && entry.id == *id;
            ControlFlow::Break(())
        });
        read.is_ok() && same
    }

    /// A frame from which on entry `index` will be met; `None`: the lookup does not know.
    pub(super) fn frame_before(&self, index: u64) -> Option<Covered> {
        let lookup = Lookup::open(&self.dir).filter(|_| index > 0)?;
        match lookup.frame_of(index) {
            Ok(Some((size, end))) => Some(Covered { size, end }),
            _ => Some(lookup.covered()).filter(|c| c.size > 0 && c.size <= index),
        }
    }
}

fn ids(frame: &Frame<'_>) -> Vec<EntryId> {
    frame.entries.iter().map(|(id, _)| *id).collect()
}

pub(super) fn read_up_to(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while have < bytes.len() {
        match read_some(file, offset + have as u64, &mut bytes[have..])? {
            0 => break,
            n => have += n,
        }
    }
    Ok(have)
}

/// 0 only at the end of the file.
fn read_some(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read_at(bytes, offset) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
