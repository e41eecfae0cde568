//! What must be recorded but cannot be yet: one durable file each, in order, until it is done.

use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::Body;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::time::Timestamp;
use crate::durable;
use crate::durable::DurableError;
use crate::ledger::batch::SealedEntry;
use crate::ledger::tile;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// A commit that could not be recorded yet: its data versions are not known here, or others held the ledger for too
/// long. The entry is built and signed later.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Intent {
    pub commit: CommitId,
    pub tree: TreeId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the commit was seen.
    pub time: Timestamp,
    #[serde(default)]
    pub flags: Vec<String>,
    /// Commits in whose place it stands (amend, rebase).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<CommitId>,
}

/// A dataset whose contents lie in this clone and have no version yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Staged {
    pub path: RepoPath,
    pub kind: DatasetKind,
    pub blake3: Blake3Hash,
    pub files: u64,
    pub bytes: u64,
    /// Of a single file, for foreign tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Hash>,
    /// Where it goes in the store, if not to its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// It was tracked: its content gets an entry of its own.
    pub tracked: bool,
    pub time: Timestamp,
}

/// Files of staged datasets.
const STAGED: &str = "data";
/// Files of entries that wait for staged datasets, not signed yet.
const DRAFTS: &str = "draft";
/// Files of entries that are signed, each a length (big-endian u16) and bytes.
const ENTRIES: &str = "entries";

pub struct Outbox {
    dir: PathBuf,
}

impl Outbox {
    pub fn new(dir: &Path) -> Self {
        Outbox { dir: dir.to_owned() }
    }

    /// Durable when it returns. With an intent for the same commit that waits already it becomes one.
    pub fn put(&self, intent: &Intent) -> Result<(), DurableError> {
        let mut intent = intent.clone();
        let mut before = Vec::new();
        for (path, waiting) in self.list()?.into_iter().filter(|(_, w)| w.commit == intent.commit) {
            let known = intent.replaces.iter().all(|commit| waiting.replaces.contains(commit));
            if known {
                return Ok(());
            }
            intent.replaces.extend(waiting.replaces);
            intent.time = waiting.time;
            before.push(path);
        }
        intent.replaces.sort();
        intent.replaces.dedup();
        durable::create_dir_all(&self.dir)?;
        let name =
            format!("{:020}-{}-{}.json", intent.time.unix_micros(), intent.commit, intent.replaces.len());
        let path = self.dir.join(name);
        let json = serde_json::to_vec(&intent).map_err(|e| DurableError {
            op: "write",
            path: path.clone(),
            source: io::Error::other(e),
        })?;
        durable::create_new(&path, &json, 0o644)?;
        before.iter().try_for_each(|path| self.done(path))
    }

    /// Whether anything waits, at the cost of one look.
    pub fn is_empty(&self) -> bool {
        fs::read_dir(&self.dir).map_or(true, |mut entries| entries.next().is_none())
    }

    /// What waits, oldest first.
    pub fn list(&self) -> Result<Vec<(PathBuf, Intent)>, DurableError> {
        self.read_json("json")
    }

    /// Makes entries durable that are signed and cannot be committed now. Nothing else happens if they wait already.
    pub fn put_entries(&self, entries: &[SealedEntry], time: &Timestamp) -> Result<(), DurableError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let suffix = format!("-{}.{ENTRIES}", first.id());
        let waits =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&suffix));
        if self.files(ENTRIES)?.iter().any(waits) {
            return Ok(());
        }
        durable::create_dir_all(&self.dir)?;
        let mut bytes = Vec::new();
        for entry in entries {
            let _ = tile::push_entry(&mut bytes, entry.bytes()); // an entry is never too long for it
        }
        let path = self.dir.join(format!("{:020}{suffix}", time.unix_micros()));
        durable::create_new(&path, &bytes, 0o644).map(|_| ())
    }

    /// Entries that wait for the ledger, oldest first; each file is one batch.
    pub fn entries(&self) -> Result<Vec<(PathBuf, Vec<SealedEntry>)>, DurableError> {
        let mut out = Vec::new();
        for path in self.files(ENTRIES)? {
            let failed = |source: io::Error| DurableError { op: "read", path: path.clone(), source };
            let bytes = match fs::read(&path) {
                // Another process has just delivered it.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                read => read.map_err(failed)?,
            };
            let mut entries = Vec::new();
            let mut rest = &bytes[..];
            while let Some((length, tail)) = rest.split_first_chunk::<2>() {
                let cut = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)));
                let (entry, tail) = cut.ok_or_else(|| failed(io::Error::other("it is cut short")))?;
                let sealed = SealedEntry::parse(entry.to_vec()).map_err(|e| failed(io::Error::other(e)))?;
                entries.push(sealed.0);
                rest = tail;
            }
            out.push((path, entries));
        }
        Ok(out)
    }

    /// Durable when it returns.
    pub fn put_staged(&self, staged: &Staged) -> Result<(), DurableError> {
        let room = if staged.room.is_some() { "-m" } else { "" };
        let name = format!("{}-{}{room}.{STAGED}", staged.blake3, u8::from(staged.tracked));
        self.put_json(&name, staged)
    }

    /// Oldest first.
    pub fn staged(&self) -> Result<Vec<(PathBuf, Staged)>, DurableError> {
        let mut all: Vec<(PathBuf, Staged)> = self.read_json(STAGED)?;
        all.sort_by_key(|(_, staged)| staged.time.unix_micros());
        Ok(all)
    }

    /// An entry whose data has no versions yet; it is signed when it has. Durable when it returns.
    /// Entries that begin with this one wait no more.
    pub fn forget_entries(&self, first: &EntryId) -> Result<(), DurableError> {
        let suffix = format!("-{first}.{ENTRIES}");
        for path in self.files(ENTRIES)? {
            if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&suffix)) {
                self.done(&path)?;
            }
        }
        Ok(())
    }

    pub fn put_draft(&self, body: &Body) -> Result<(), DurableError> {
        self.put_json(&format!("{:020}-{}.{DRAFTS}", body.time.unix_micros(), body.id), body)
    }

    /// Oldest first.
    pub fn drafts(&self) -> Result<Vec<(PathBuf, Body)>, DurableError> {
        self.read_json(DRAFTS)
    }

    fn put_json(&self, name: &str, value: &impl Serialize) -> Result<(), DurableError> {
        durable::create_dir_all(&self.dir)?;
        let path = self.dir.join(name);
        let failed = |e| DurableError { op: "write", path: path.clone(), source: io::Error::other(e) };
        let json = serde_json::to_vec(value).map_err(failed)?;
        durable::create_new(&path, &json, 0o644).map(|_| ())
    }

    fn read_json<T: DeserializeOwned>(&self, extension: &str) -> Result<Vec<(PathBuf, T)>, DurableError> {
        let mut out = Vec::new();
        for path in self.files(extension)? {
            let failed = |source| DurableError { op: "read", path: path.clone(), source };
            let bytes = match fs::read(&path) {
                // Another process has just finished it.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                read => read.map_err(failed)?,
            };
            out.push((path.clone(), serde_json::from_slice(&bytes).map_err(|e| failed(e.into()))?));
        }
        Ok(out)
    }

    /// Removes what callers left that were killed, once it is old.
    pub fn tidy(&self) {
        durable::remove_old_in(&self.dir);
    }

    /// Sorted by time.
    fn files(&self, extension: &str) -> Result<Vec<PathBuf>, DurableError> {
        let failed = |source: io::Error| DurableError { op: "read", path: self.dir.clone(), source };
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed(e)),
        };
        let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed));
        let mut paths = paths.collect::<Result<Vec<PathBuf>, _>>()?;
        paths.retain(|path| path.extension().is_some_and(|e| e == extension));
        paths.sort();
        Ok(paths)
    }

    /// Call it only after the entry is committed.
    pub fn done(&self, path: &Path) -> Result<(), DurableError> {
        match fs::remove_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(|source| DurableError { op: "remove", path: path.to_owned(), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intents_wait_in_order_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(&dir.path().join("outbox"));
        assert!(outbox.list().unwrap().is_empty());
        let intent = |digit: &str, micros| Intent {
            commit: digit.repeat(40).parse().unwrap(),
            tree: "9".repeat(40).parse().unwrap(),
            reference: None,
            time: Timestamp::from_unix_micros(micros),
            flags: vec![],
            replaces: vec![],
        };
        outbox.put(&intent("2", 2_000)).unwrap();
        outbox.put(&intent("1", 1_000)).unwrap();
        outbox.put(&intent("1", 3_000)).unwrap();
        let waiting = outbox.list().unwrap();
        assert_eq!(
            waiting.iter().map(|w| w.1.clone()).collect::<Vec<_>>(),
            [intent("1", 1_000), intent("2", 2_000)]
        );
        outbox.done(&waiting[0].0).unwrap();
        outbox.done(&waiting[0].0).unwrap();
        assert_eq!(outbox.list().unwrap().len(), 1);
        // What it replaces is told later: one intent, that knows all of it.
        let old: Vec<CommitId> = ["7", "8"].map(|digit| digit.repeat(40).parse().unwrap()).into();
        for old in &old {
            outbox.put(&Intent { replaces: vec![old.clone()], ..intent("2", 9_000) }).unwrap();
        }
        let waiting = outbox.list().unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].1, Intent { replaces: old, ..intent("2", 2_000) });
    }
}
