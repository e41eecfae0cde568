//! The embedded ledger: one framed journal file.
//!
//! ```text
//! journal        header and frames (format: `ledger/frame.rs`); the truth
//! journal.lock   taken to write; names its holder
//! head           offset of the last frame; a hint, checked, never trusted
//! signed         largest size and root ever signed
//! checkpoint     the signed note over it; derived
//! lookup.*       where each entry stands; derived (`lookup.rs`)
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
use crate::stores::local::lookup::Lookup;
use serde::Deserialize;
use serde::Serialize;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

/// How long a writer waits for another one.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// The lookup is synced each time its size passes a multiple of this.
const SYNC_EVERY: u64 = 4096;

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
        let file = opened.map_err(|e| StoreError::io("open", path.display(), e))?;
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
        // Only for people who wait: a failure to write it does not matter. Padded, because cutting the file
        // would cost more than the append itself.
        let _ = file.write_all_at(format!("{holder:<159}\n").as_bytes(), 0);
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
        let hint = durable::read_derived(&self.dir.join("head")).unwrap_or_default();
        let Ok(offset) = String::from_utf8_lossy(&hint).parse::<u64>() else { return Ok(None) };
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
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |why: String| StoreError::Corrupt {
            what: path.display().to_string(),
            at: "offset 0".into(),
            why,
        };
        let bytes =
            durable::read_derived(&path).ok_or_else(|| damaged("its checksum does not match".into()))?;
        let signed = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
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

    /// Frames in order. From the very first on, each must continue the tree before it; one in the middle of
    /// the journal (`from`: its offset) can only be checked against itself.
    fn visit_frames(
        &self,
        from: Option<u64>,
        visit: &mut dyn FnMut(u64, &Frame<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let file = self.open_journal(false)?;
        let length = file.metadata().map_err(self.io("read"))?.len();
        let mut offset = from.unwrap_or(self.first_frame);
        let mut tree = from.is_none().then(Frontier::default);
        loop {
            let problem = match self.frame_bytes(&file, offset, length)? {
                Ok(None) => return Ok(()),
                Ok(Some(bytes)) => match frame::decode(&bytes) {
                    Ok(frame) if tree.as_ref().is_none_or(|t| *t == frame.before) => {
                        // Hashing all entries costs more than all the rest: only who began at zero needs it.
                        tree = from.is_none().then(|| frame.after());
                        let here = offset;
                        offset += bytes.len() as u64;
                        if visit(here, &frame).is_break() {
                            return Ok(());
                        }
                        continue;
                    }
                    Ok(_) => return Err(self.corrupt(offset, "a frame does not continue the tree before it")),
                    Err(e) => e,
                },
                Err(e) => e,
            };
            let tree = tree.unwrap_or_default();
            let tail = Tail { tree: tree.clone(), before: tree, last: None, end: offset, torn: 0 };
            return self.torn_or_corrupt(&file, length, tail, &problem).map(|_| ());
        }
    }

    /// Brings the lookup up to a frame that was just written. It is derived: a failure costs only time.
    fn cover(&self, frame_at: u64, tree: &Frontier, batch: &Batch, end: u64) {
        let _ = (|| -> Result<(), StoreError> {
            let failed = |e| StoreError::io("write", self.dir.join("lookup").display(), e);
            let mut lookup = Lookup::open_or_create(&self.dir).map_err(failed)?;
            let covered = lookup.covered();
            if covered.end != frame_at || covered.size != tree.size() {
                let mut problem = None;
                let from = if covered.size == 0 { self.first_frame } else { covered.end };
                self.visit_frames(Some(from), &mut |at, frame| {
                    if at >= frame_at {
                        return ControlFlow::Break(());
                    }
                    let length = frame::encoded_length(frame) as u64;
                    let ids = frame.entries.iter().map(|(id, _)| *id);
                    problem = lookup.add(frame.start(), at, ids, at + length).err();
                    if problem.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })?;
                if let Some(e) = problem {
                    return Err(failed(e));
                }
            }
            let ids = batch.entries().iter().map(|e| *e.id());
            lookup.add(tree.size(), frame_at, ids, end).map_err(failed)?;
            if lookup.covered().size / SYNC_EVERY > tree.size() / SYNC_EVERY {
                for file in lookup.files() {
                    durable::sync_file(&self.dir, file)?;
                }
                lookup.mark_synced().map_err(failed)?;
            }
            Ok(())
        })();
    }

    /// Visits entries from `index` on. `at`: where the lookup says its frame is. False, with nothing visited, if
    /// that is not so.
    fn read_from(
        &self,
        at: Option<u64>,
        index: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<bool, StoreError> {
        let (mut first, mut misled) = (true, false);
        let visited = self.visit_frames(at, &mut |_, frame| {
            misled = first && at.is_some() && frame.start() > index;
            first = false;
            if misled {
                return ControlFlow::Break(());
            }
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
            Ok(()) => Ok(!misled),
        }
    }

    /// Whether entry `index` is this one, by the journal itself.
    fn holds(&self, index: u64, id: &EntryId) -> bool {
        let mut same = false;
        let read = self.read(index, &mut |entry| {
            same = entry.index == index && entry.id == *id;
            ControlFlow::Break(())
        });
        read.is_ok() && same
    }

    /// Offset of a frame from which on entry `index` will be met; `None`: the beginning.
    fn frame_before(&self, index: u64) -> Option<u64> {
        let lookup = Lookup::open(&self.dir).filter(|_| index > 0)?;
        let covered = lookup.covered();
        match lookup.frame_of(index) {
            Ok(Some(offset)) => Some(offset),
            _ => (covered.size > 0).then_some(covered.end),
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
        let _ = durable::write_derived(&self.dir.join("head"), tail.end.to_string().as_bytes());
        self.cover(tail.end, &tail.tree, batch, tail.end + bytes.len() as u64);
        Ok(Outcome::Won { start })
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if let Some(at) = self.frame_before(from)
            && self.read_from(Some(at), from, visit)?
        {
            return Ok(());
        }
        self.read_from(None, from, visit).map(|_| ())
    }

    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        let lookup = Lookup::open(&self.dir);
        let hit = lookup.as_ref().and_then(|l| l.find(id).ok().flatten());
        if let Some(index) = hit
            && self.holds(index, id)
        {
            return Ok(Some(index));
        }
        // What was committed since; nothing, as a rule. A lookup that led astray is not asked again.
        let rest = lookup.filter(|_| hit.is_none()).map(|l| l.covered()).filter(|c| c.size > 0);
        let mut found = None;
        self.visit_frames(Some(rest.map_or(self.first_frame, |c| c.end)), &mut |_, frame| {
            found = frame.entries.iter().position(|(i, _)| i == id).map(|at| frame.start() + at as u64);
            if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }
}

impl CheckpointStore for LocalLedger {
    fn latest(&self) -> Result<Option<String>, StoreError> {
        let path = self.dir.join("checkpoint");
        if !path.exists() {
            return Ok(None);
        }
        // Damaged: an empty note, which no key has signed.
        let note = durable::read_derived(&path).unwrap_or_default();
        Ok(Some(String::from_utf8(note).unwrap_or_default()))
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
        durable::write_derived(&self.dir.join("signed"), signed.to_string().as_bytes())?;
        durable::write_derived(&self.dir.join("checkpoint"), note.as_bytes())?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::Kind;
    use crate::domain::ids::LogId;
    use crate::domain::ids::ProjectId;
    use crate::ledger::batch::SealedEntry;
    use crate::ledger::envelope;
    use crate::ledger::envelope::Envelope;
    use crate::ports::signer::EntrySigner;
    use crate::stores::local::keys::LogKeyFile;
    use crate::stores::local::keys::WriterKeyFile;

    struct Fixture {
        dir: tempfile::TempDir,
        ledger: LocalLedger,
        key: WriterKeyFile,
        project: ProjectId,
    }

    fn fixture() -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let project = ProjectId::draw();
        let ledger =
            LocalLedger::create(&dir.path().join("l"), &Header::new(project, LogId::draw())).unwrap();
        let (key, _) = WriterKeyFile::open_or_create(&dir.path().join("w.pem")).unwrap();
        Fixture { dir, ledger, key, project }
    }

    impl Fixture {
        fn entry(&self, micros: i64) -> SealedEntry {
            let time = crate::domain::time::Timestamp::from_unix_micros(micros);
            let id = EntryId::derive(&self.project, "annotation", time.as_str(), &self.key.public().id());
            let body = serde_json::json!({
                "project": self.project, "kind": Kind::Annotation, "id": id, "time": time,
                "producer": {"name": "t", "version": "0"}, "actor": {"writer": self.key.public().id()},
            });
            let body: crate::domain::entry::Body = serde_json::from_value(body).unwrap();
            let payload = body.to_payload().unwrap();
            let signature = self.key.sign(&envelope::pae(&payload)).unwrap();
            let bytes = Envelope { payload, key_id: self.key.public().id(), signature }.to_bytes();
            SealedEntry::parse(bytes).unwrap().0
        }

        fn append(&self, range: std::ops::Range<i64>) {
            let start = self.ledger.head().unwrap().size();
            let batch = Batch::new(range.map(|n| self.entry(n)).collect()).unwrap();
            assert_eq!(self.ledger.try_commit(start, &batch).unwrap(), Outcome::Won { start });
        }

        fn indices_from(&self, from: u64) -> Vec<u64> {
            let mut out = Vec::new();
            let mut visit = |e: StoredEntry<'_>| {
                out.push(e.index);
                ControlFlow::Continue(())
            };
            self.ledger.read(from, &mut visit).unwrap();
            out
        }

        fn file(&self, name: &str) -> PathBuf {
            self.dir.path().join("l").join(name)
        }
    }

    #[test]
    fn the_lookup_is_only_ever_a_shortcut() {
        let f = fixture();
        for n in 0..20 {
            f.append(n * 3..n * 3 + 3);
        }
        let check = || {
            assert_eq!(f.indices_from(31), (31..60).collect::<Vec<_>>());
            for n in [0, 1, 30, 59] {
                assert_eq!(f.ledger.find(f.entry(n).id()).unwrap(), Some(n as u64));
            }
            assert_eq!(f.ledger.find(f.entry(99).id()).unwrap(), None);
        };
        check();
        // Offsets that point into the middle of frames, and beyond the end.
        let offsets: Vec<u8> = (0..60u64).flat_map(|n| (n * 1001).to_le_bytes()).collect();
        fs::write(f.file("lookup.offsets"), offsets).unwrap();
        check();
        // Ids that lead to other entries.
        let mut ids = fs::read(f.file("lookup.ids")).unwrap();
        for slot in ids[4096..].chunks_exact_mut(24) {
            if slot[16] != 0 {
                slot[16] = slot[16] % 60 + 1;
            }
        }
        fs::write(f.file("lookup.ids"), ids).unwrap();
        check();
        // None at all; the next append makes it again.
        for name in ["lookup.ids", "lookup.offsets", "head"] {
            fs::remove_file(f.file(name)).unwrap();
        }
        check();
        f.append(60..61);
        assert_eq!(Lookup::open(&f.file("")).unwrap().covered().size, 61);
        assert_eq!(f.ledger.find(f.entry(60).id()).unwrap(), Some(60));
    }

    #[test]
    fn a_torn_tail_is_set_aside_and_a_bad_frame_before_it_is_not() {
        let f = fixture();
        f.append(0..2);
        let one = fs::metadata(f.file("journal")).unwrap().len();
        f.append(2..4);
        let whole = fs::read(f.file("journal")).unwrap();
        for cut in one + 1..whole.len() as u64 {
            fs::write(f.file("journal"), &whole[..cut as usize]).unwrap();
            assert_eq!(f.ledger.head().unwrap().size(), 2, "cut at {cut}");
        }
        f.append(2..4);
        assert_eq!(fs::read(f.file("journal")).unwrap(), whole);
        let aside = fs::read_dir(f.file("")).unwrap().flatten();
        assert_eq!(aside.filter(|e| e.file_name().to_string_lossy().starts_with("torn-")).count(), 1);
        // Damage in the first frame, with a whole one behind it.
        let mut bad = whole.clone();
        bad[one as usize - 5] ^= 1;
        fs::write(f.file("journal"), &bad).unwrap();
        fs::remove_file(f.file("head")).unwrap();
        assert!(matches!(f.ledger.head(), Err(StoreError::Corrupt { .. })));
        let batch = Batch::new(vec![f.entry(9)]).unwrap();
        assert!(matches!(f.ledger.try_commit(4, &batch), Err(StoreError::Corrupt { .. })));
        assert_eq!(fs::read(f.file("journal")).unwrap(), bad, "damage is never touched");
    }

    #[test]
    fn nothing_is_signed_that_contradicts_what_was_signed() {
        let f = fixture();
        let log_key = LogKeyFile::open_or_create(&f.file("k.pem"), &f.ledger.header().origin).unwrap();
        f.append(0..3);
        let before = fs::read(f.file("journal")).unwrap();
        f.append(3..5);
        let note = f.ledger.publish(&log_key).unwrap();
        assert_eq!(Checkpoint::open(&note, log_key.verifier()).unwrap().size, 5);
        assert_eq!(f.ledger.publish(&log_key).unwrap(), note, "again: the same note");
        // An older journal, restored: a torn tail would not be below what was signed.
        fs::write(f.file("journal"), &before).unwrap();
        fs::remove_file(f.file("head")).unwrap();
        assert!(matches!(f.ledger.publish(&log_key), Err(StoreError::Inconsistent { .. })));
        // Another history of the same length.
        f.append(100..102);
        assert!(matches!(f.ledger.publish(&log_key), Err(StoreError::Inconsistent { .. })));
        f.append(102..109);
        assert!(matches!(f.ledger.publish(&log_key), Err(StoreError::Inconsistent { .. })));
    }
}
