//! The embedded ledger: one framed journal file.
//!
//! ```text
//! journal        header and frames (format: `ledger/frame.rs`); the truth
//! journal.lock   taken to write; names its holder
//! head           offset of the last frame; a hint, checked, never trusted
//! signed         largest size and root ever signed
//! checkpoint     the signed note over it; derived
//! torn-<n>       a last frame that was cut off by a crash, set aside
//! ```
//! An append is: lock, look at the end, write one frame, one `fdatasync` (here the entries become true),
//! hint, unlock. Only then is a checkpoint signed.

use crate::domain::ids::EntryId;
use crate::durable;
use crate::ledger::FormatError;
use crate::ledger::batch::Batch;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::frame;
use crate::ledger::frame::Frame;
use crate::ledger::frame::Header;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::commit_store::CheckpointStore;
use crate::ports::commit_store::CommitStore;
use crate::ports::commit_store::Outcome;
use crate::ports::commit_store::StoredEntry;
use crate::ports::signer::CheckpointSigner;
use serde::Deserialize;
use serde::Serialize;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

/// How long a writer waits for another one.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

pub struct LocalLedger {
    dir: PathBuf,
    header: Header,
    first_frame: u64,
}

/// What the end of the journal looks like.
struct Tail {
    /// Tree over all whole frames.
    tree: Frontier,
    /// Tree before the last frame: the usual size of the last checkpoint.
    before: Frontier,
    /// Offset of the last whole frame; `None` if there is none.
    last: Option<u64>,
    /// Where the next frame goes.
    end: u64,
    /// Bytes after `end` that are no whole frame.
    torn: u64,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    size: u64,
    root: String,
}

impl LocalLedger {
    /// `None` if there is no journal in `dir`.
    pub fn open(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join("journal");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("open", path.display(), e)),
        };
        let mut bytes = vec![0; 1024];
        let mut have =
            read_up_to(&file, 0, &mut bytes).map_err(|e| StoreError::io("read", path.display(), e))?;
        let damaged = |e: FormatError| {
            if e.why.contains("not known to this version") {
                return StoreError::Unsupported { what: path.display().to_string(), why: e.why };
            }
            StoreError::Corrupt {
                what: path.display().to_string(),
                at: "offset 0".into(),
                why: e.to_string(),
            }
        };
        let length = Header::length(&bytes[..have]).map_err(damaged)?;
        if length > bytes.len() {
            bytes.resize(length, 0);
            have = read_up_to(&file, 0, &mut bytes).map_err(|e| StoreError::io("read", path.display(), e))?;
        }
        let header = Header::decode(&bytes[..have.min(length)]).map_err(damaged)?;
        Ok(Some(LocalLedger { dir: dir.to_owned(), header, first_frame: length as u64 }))
    }

    /// Makes an empty journal. If another process was first, its journal is the one that is opened.
    pub fn create(dir: &Path, header: &Header) -> Result<Self, StoreError> {
        durable::create_dir_all(dir)?;
        let bytes =
            header.encode().map_err(|e| StoreError::io("create", dir.display(), io::Error::other(e)))?;
        durable::create_new(&dir.join("journal"), &bytes, 0o644)?;
        let opened = Self::open(dir)?;
        opened.ok_or_else(|| StoreError::Missing { what: dir.join("journal").display().to_string() })
    }

    pub fn journal_file(&self) -> PathBuf {
        self.dir.join("journal")
    }

    fn io(&self, op: &'static str) -> impl Fn(io::Error) -> StoreError {
        let path = self.journal_file();
        move |e| StoreError::io(op, path.display(), e)
    }

    fn corrupt(&self, offset: u64, why: impl ToString) -> StoreError {
        StoreError::Corrupt {
            what: self.journal_file().display().to_string(),
            at: format!("offset {offset}"),
            why: why.to_string(),
        }
    }

    fn lock(&self) -> Result<File, StoreError> {
        let path = self.dir.join("journal.lock");
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(|e| StoreError::io("open", path.display(), e))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) if begun.elapsed() < LOCK_TIMEOUT => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    let holder = fs::read_to_string(&path).unwrap_or_default();
                    let what = self.journal_file().display().to_string();
                    return Err(StoreError::Locked { what, holder: holder.trim().to_owned() });
                }
                Err(fs::TryLockError::Error(e)) => return Err(StoreError::io("lock", path.display(), e)),
            }
        }
        let name = rustix::system::uname();
        let command = std::env::args().skip(1).take(2).collect::<Vec<_>>().join(" ");
        let holder = format!(
            "pid {} on {} (mlprov {command})\n",
            std::process::id(),
            name.nodename().to_string_lossy()
        );
        // Only for people who wait: a failure to write it does not matter.
        let _ = file.set_len(0).and_then(|()| file.write_all(holder.as_bytes()));
        Ok(file)
    }

    /// Reads one frame. `Ok(None)` at the end of the file.
    fn frame_bytes(
        &self,
        file: &File,
        offset: u64,
        length: u64,
    ) -> Result<Result<Option<Vec<u8>>, FormatError>, StoreError> {
        if offset == length {
            return Ok(Ok(None));
        }
        let mut head = [0u8; frame::FRAME_HEAD];
        let got = read_up_to(file, offset, &mut head).map_err(self.io("read"))?;
        let body = match frame::body_length(&head[..got]) {
            Ok(body) => body,
            Err(e) => return Ok(Err(e)),
        };
        if offset + (frame::FRAME_HEAD + body) as u64 > length {
            return Ok(Err(FormatError::new("journal frame", "cut short")));
        }
        let mut bytes = vec![0; frame::FRAME_HEAD + body];
        file.read_exact_at(&mut bytes, offset).map_err(self.io("read"))?;
        Ok(Ok(Some(bytes)))
    }

    fn open_journal(&self, write: bool) -> Result<File, StoreError> {
        OpenOptions::new().read(true).write(write).open(self.journal_file()).map_err(self.io("open"))
    }

    /// Where the last whole frame begins, by the hint if it holds, else by walking all frames.
    fn tail(&self, file: &File) -> Result<Tail, StoreError> {
        let length = file.metadata().map_err(self.io("read"))?.len();
        if length < self.first_frame {
            return Err(self.corrupt(length, "the file is shorter than its header"));
        }
        if let Some(tail) = self.tail_by_hint(file, length)? {
            return Ok(tail);
        }
        let empty = Frontier::default();
        let start = Tail { tree: empty.clone(), before: empty, last: None, end: self.first_frame, torn: 0 };
        self.walk(file, length, start)
    }

    fn tail_by_hint(&self, file: &File, length: u64) -> Result<Option<Tail>, StoreError> {
        let hint = fs::read_to_string(self.dir.join("head")).unwrap_or_default();
        let Ok(offset) = hint.trim().parse::<u64>() else { return Ok(None) };
        if offset < self.first_frame || offset >= length {
            return Ok(None);
        }
        let Ok(Some(bytes)) = self.frame_bytes(file, offset, length)? else { return Ok(None) };
        let Ok(frame) = frame::decode(&bytes) else { return Ok(None) };
        let tail = Tail {
            tree: frame.after(),
            before: frame.before,
            last: Some(offset),
            end: offset + bytes.len() as u64,
            torn: 0,
        };
        // The hint is written after the frame: there may be frames that it does not know yet.
        self.walk(file, length, tail).map(Some)
    }

    fn walk(&self, file: &File, length: u64, mut tail: Tail) -> Result<Tail, StoreError> {
        loop {
            let bytes = match self.frame_bytes(file, tail.end, length)? {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(tail),
                Err(e) => return self.torn_or_corrupt(file, length, tail, &e),
            };
            let frame = match frame::decode(&bytes) {
                Ok(frame) => frame,
                Err(e) => return self.torn_or_corrupt(file, length, tail, &e),
            };
            if frame.before != tail.tree {
                return Err(self.corrupt(tail.end, "a frame does not continue the tree before it"));
            }
            tail.last = Some(tail.end);
            tail.end += bytes.len() as u64;
            tail.tree = frame.after();
            tail.before = frame.before;
        }
    }

    /// A bad frame is a torn tail only if no whole frame follows it and nothing that was signed covers it.
    fn torn_or_corrupt(
        &self,
        file: &File,
        length: u64,
        mut tail: Tail,
        why: &FormatError,
    ) -> Result<Tail, StoreError> {
        let mut rest = vec![0; (length - tail.end) as usize];
        file.read_exact_at(&mut rest, tail.end).map_err(self.io("read"))?;
        for at in 1..rest.len() {
            if rest[at..].starts_with(b"FRM1") {
                let whole = frame::body_length(&rest[at..])
                    .ok()
                    .and_then(|n| rest.get(at..at + frame::FRAME_HEAD + n));
                if whole.is_some_and(|w| frame::decode(w).is_ok()) {
                    return Err(self.corrupt(tail.end, why));
                }
            }
        }
        if self.signed()?.is_some_and(|s| s.size > tail.tree.size()) {
            return Err(self.corrupt(tail.end, format!("{why}, and a signed checkpoint covers it")));
        }
        tail.torn = rest.len() as u64;
        Ok(tail)
    }

    /// Moves a torn tail out of the way. Called with the lock held.
    fn set_aside(&self, file: &File, tail: &Tail) -> Result<(), StoreError> {
        let mut bytes = vec![0; tail.torn as usize];
        file.read_exact_at(&mut bytes, tail.end).map_err(self.io("read"))?;
        let mut n = 0;
        while !durable::create_new(&self.dir.join(format!("torn-{}-{n}", tail.end)), &bytes, 0o644)? {
            n += 1;
        }
        Ok(durable::truncate(&self.journal_file(), file, tail.end)?)
    }

    fn signed(&self) -> Result<Option<Signed>, StoreError> {
        let path = self.dir.join("signed");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("read", path.display(), e)),
        };
        let signed = serde_json::from_str(&text).map_err(|e| StoreError::Corrupt {
            what: path.display().to_string(),
            at: "offset 0".into(),
            why: e.to_string(),
        })?;
        Ok(Some(signed))
    }

    /// Root over the first `size` entries; reads the journal up to there.
    fn root_at(&self, size: u64) -> Result<Option<TreeHash>, StoreError> {
        let mut tree = Frontier::default();
        self.read(0, &mut |entry| {
            if tree.size() == size {
                return ControlFlow::Break(());
            }
            tree.push(hash::leaf(entry.bytes));
            ControlFlow::Continue(())
        })?;
        Ok((tree.size() == size).then(|| tree.root()))
    }

    fn visit_frames(&self, visit: &mut dyn FnMut(&Frame<'_>) -> ControlFlow<()>) -> Result<(), StoreError> {
        let file = self.open_journal(false)?;
        let length = file.metadata().map_err(self.io("read"))?.len();
        let mut offset = self.first_frame;
        let mut tree = Frontier::default();
        loop {
            let problem = match self.frame_bytes(&file, offset, length)? {
                Ok(None) => return Ok(()),
                Ok(Some(bytes)) => match frame::decode(&bytes) {
                    Ok(frame) if frame.before == tree => {
                        tree = frame.after();
                        offset += bytes.len() as u64;
                        if visit(&frame).is_break() {
                            return Ok(());
                        }
                        continue;
                    }
                    Ok(_) => return Err(self.corrupt(offset, "a frame does not continue the tree before it")),
                    Err(e) => e,
                },
                Err(e) => e,
            };
            let tail = Tail { tree: tree.clone(), before: tree, last: None, end: offset, torn: 0 };
            return self.torn_or_corrupt(&file, length, tail, &problem).map(|_| ());
        }
    }
}

impl CommitStore for LocalLedger {
    fn header(&self) -> &Header {
        &self.header
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        let file = self.open_journal(false)?;
        Ok(self.tail(&file)?.tree)
    }

    fn try_commit(&self, start: u64, batch: &Batch) -> Result<Outcome, StoreError> {
        let _lock = self.lock()?;
        let file = self.open_journal(true)?;
        let tail = self.tail(&file)?;
        if tail.tree.size() != start {
            return Ok(Outcome::Lost);
        }
        if tail.torn > 0 {
            self.set_aside(&file, &tail)?;
        }
        let bytes = frame::encode(&tail.tree, batch);
        if let Err(e) = durable::append(&self.journal_file(), &file, tail.end, &bytes) {
            // A full disk leaves half a frame. Take it back; if even that fails, it is a torn tail, which
            // the next writer sets aside. After a failed sync nobody knows what is on the disk.
            if durable::truncate(&self.journal_file(), &file, tail.end).is_err() && e.op == "sync" {
                return Ok(Outcome::Unknown);
            }
            return Err(e.into());
        }
        // From here on the batch is true. The hint only saves work.
        let _ = durable::replace_derived(&self.dir.join("head"), format!("{}\n", tail.end).as_bytes());
        Ok(Outcome::Won { start })
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.visit_frames(&mut |frame| {
            for (i, (id, bytes)) in frame.entries.iter().enumerate() {
                let index = frame.start() + i as u64;
                if index >= from && visit(StoredEntry { index, id: *id, bytes }).is_break() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })
    }

    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        let mut found = None;
        self.visit_frames(&mut |frame| {
            found = frame.entries.iter().position(|(i, _)| i == id).map(|at| frame.start() + at as u64);
            if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }
}

impl CheckpointStore for LocalLedger {
    fn latest(&self) -> Result<Option<String>, StoreError> {
        let path = self.dir.join("checkpoint");
        match fs::read_to_string(&path) {
            Ok(note) => Ok(Some(note)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::InvalidData => Ok(Some(String::new())), // not text: no signature holds
            Err(e) => Err(StoreError::io("read", path.display(), e)),
        }
    }

    fn publish(&self, signer: &dyn CheckpointSigner) -> Result<String, StoreError> {
        let _lock = self.lock()?;
        let file = self.open_journal(false)?;
        let tail = self.tail(&file)?;
        let (size, root) = (tail.tree.size(), tail.tree.root());
        if let Some(signed) = self.signed()? {
            let now = match signed.size {
                s if s == size => Some(root),
                s if s == tail.before.size() => Some(tail.before.root()),
                s if s < size => self.root_at(s)?,
                _ => None,
            };
            if now.map(|r| r.to_string()).as_ref() != Some(&signed.root) {
                let why = format!(
                    "a checkpoint of {} entries with root {} was signed before, and the journal of {size} entries does not continue it",
                    signed.size, signed.root
                );
                return Err(StoreError::Inconsistent { why });
            }
        }
        let checkpoint = Checkpoint { origin: self.header.origin.clone(), size, root };
        let text = checkpoint.to_text();
        let signature = signer.sign(text.as_bytes())?;
        let note = format!("{text}\n{}", signer.verifier().signature_line(&signature));
        let signed = serde_json::json!({ "size": size, "root": root.to_string() });
        durable::replace_derived(&self.dir.join("signed"), format!("{signed}\n").as_bytes())?;
        durable::replace_derived(&self.dir.join("checkpoint"), note.as_bytes())?;
        Ok(note)
    }
}

fn read_up_to(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while have < bytes.len() {
        match file.read_at(&mut bytes[have..], offset + have as u64) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(have)
}
