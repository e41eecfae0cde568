//! What files hashed to when they were last read, so that a file that was not touched since is not read again. No
//! level of `verify` asks it.
//!
//! ```text
//! "mlpstat1" | u64 count | u64 length of names | 32 root | count × record | names | u32 crc32c of all before
//! record     32 BLAKE3 | u64 dev | u64 inode | u64 size | i64 mtime | i64 ctime (ns) | u64 end of its name
//! ```
//! Sorted by name, little endian, made to be read in one go. A file that was written less than two seconds before
//! the scan may be written again without a change of its times: it has no record that counts.

use crate::domain::digest::Blake3Hash;
use crate::durable;
use crate::durable::DurableError;
use crate::worktree::Scanned;
use crate::worktree::ScannedFile;
use crate::worktree::scan::Stat;
use std::fs;
use std::path::Path;

const MAGIC: &[u8; 8] = b"mlpstat1";
const HEAD: usize = 56;
const RECORD: usize = 80;
/// Times of files may be as coarse as this (ns).
const RACY: i64 = 2_000_000_000;

/// What was known of one dataset.
pub struct StatCache {
    bytes: Vec<u8>,
    count: usize,
}

/// What the cache says of a scan.
pub struct Known {
    /// In the order of the scan; `None` must be read.
    pub hashes: Vec<Option<Blake3Hash>>,
    /// The dataset's root, if every file is as it was, and none is gone or new.
    pub root: Option<Blake3Hash>,
}

impl StatCache {
    /// `None` if there is none that is whole.
    pub fn load(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let body = bytes.len().checked_sub(4)?;
        let word = |at: usize| -> Option<usize> {
            let word = u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?);
            usize::try_from(word).ok()
        };
        let (count, names) = (word(8)?, word(16)?);
        let whole = bytes.starts_with(MAGIC)
            && count.checked_mul(RECORD)?.checked_add(names)?.checked_add(HEAD)? == body
            && crc32c::crc32c(&bytes[..body]).to_le_bytes() == bytes[body..];
        whole.then_some(StatCache { bytes, count })
    }

    fn word(&self, at: usize) -> u64 {
        let mut word = [0u8; 8];
        word.copy_from_slice(&self.bytes[at..at + 8]);
        u64::from_le_bytes(word)
    }

    fn name(&self, n: usize) -> &[u8] {
        let end = |n: usize| self.word(HEAD + n * RECORD + 72) as usize;
        let names = HEAD + self.count * RECORD;
        let begin = if n == 0 { 0 } else { end(n - 1) };
        self.bytes.get(names + begin..names + end(n)).unwrap_or_default()
    }

    fn stat(&self, n: usize) -> Stat {
        let at = HEAD + n * RECORD + 32;
        Stat {
            dev: self.word(at),
            inode: self.word(at + 8),
            size: self.word(at + 16),
            mtime: self.word(at + 24) as i64,
            ctime: self.word(at + 32) as i64,
        }
    }

    fn hash_at(&self, at: usize) -> Blake3Hash {
        let mut hash = [0u8; 32];
        hash.copy_from_slice(&self.bytes[at..at + 32]);
        Blake3Hash(hash)
    }

    /// The root of all that was there.
    pub fn root(&self) -> Blake3Hash {
        self.hash_at(24)
    }

    /// Compares a scan with what was known. Both are sorted by name, so this is one walk along both.
    pub fn compare(&self, scanned: &Scanned) -> Known {
        let mut hashes = Vec::with_capacity(scanned.files.len());
        let mut n = 0;
        let mut same = scanned.files.len() == self.count;
        for file in &scanned.files {
            while n < self.count && self.name(n) < file.name.as_bytes() {
                n += 1;
            }
            let hit = n < self.count && self.name(n) == file.name.as_bytes() && self.stat(n) == file.stat;
            same &= hit;
            hashes.push(hit.then(|| self.hash_at(HEAD + n * RECORD)));
        }
        Known { hashes, root: same.then(|| self.hash_at(24)) }
    }

    /// Remembers what a scan hashed to. `begun`: when the scan began (ns since the Unix epoch).
    pub fn save(
        path: &Path,
        scanned: &Scanned,
        hashes: impl Iterator<Item = Blake3Hash>,
        root: &Blake3Hash,
        begun: i64,
    ) -> Result<(), DurableError> {
        Self::save_settled(path, scanned, hashes, root, begun.saturating_sub(RACY))
    }

    /// As [`StatCache::save`], of the first files of a scan, as far as they were hashed. The whole is not known then.
    pub fn save_part(
        path: &Path,
        files: &[ScannedFile],
        hashes: impl Iterator<Item = Blake3Hash>,
        begun: i64,
    ) -> Result<(), DurableError> {
        // No dataset has this root, so a part is never taken for a whole.
        Self::write(path, files, hashes, &Blake3Hash([0; 32]), begun.saturating_sub(RACY))
    }

    /// As [`StatCache::save`]. Only a file whose times are before `settled` cannot be written again without a
    /// change of its times: a time (ns) that the file system itself gave after the last write, and before the scan.
    pub fn save_settled(
        path: &Path,
        scanned: &Scanned,
        hashes: impl Iterator<Item = Blake3Hash>,
        root: &Blake3Hash,
        settled: i64,
    ) -> Result<(), DurableError> {
        Self::write(path, &scanned.files, hashes, root, settled)
    }

    fn write(
        path: &Path,
        files: &[ScannedFile],
        hashes: impl Iterator<Item = Blake3Hash>,
        root: &Blake3Hash,
        settled: i64,
    ) -> Result<(), DurableError> {
        let names: usize = files.iter().map(|f| f.name.len()).sum();
        let mut out = Vec::with_capacity(HEAD + files.len() * RECORD + names + 4);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&(files.len() as u64).to_le_bytes());
        out.extend_from_slice(&(names as u64).to_le_bytes());
        out.extend_from_slice(root.as_bytes());
        let mut end = 0u64;
        for (file, hash) in files.iter().zip(hashes) {
            let Stat { dev, inode, size, mtime, ctime } = file.stat;
            // A change time before the epoch is none that a file has.
            let ctime = if mtime.max(ctime) < settled { ctime } else { i64::MIN };
            out.extend_from_slice(hash.as_bytes());
            for word in [dev, inode, size, mtime as u64, ctime as u64] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            end += file.name.len() as u64;
            out.extend_from_slice(&end.to_le_bytes());
        }
        files.iter().for_each(|f| out.extend_from_slice(f.name.as_bytes()));
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        if let Some(dir) = path.parent() {
            durable::create_dir_all(dir)?;
        }
        durable::replace_derived(path, &out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktree::scan;
    use std::fs::File;
    use std::time::Duration;

    /// As the newest file has it.
    fn now() -> i64 {
        let file = tempfile::tempfile().unwrap();
        Stat::of(&file.metadata().unwrap()).mtime
    }

    fn scanned(root: &Path) -> Scanned {
        scan::scan(root, &"data".parse().unwrap()).unwrap()
    }

    fn project() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("data/b")).unwrap();
        for name in ["a", "b/x", "b/y", "c"] {
            fs::write(root.join("data").join(name), name).unwrap();
        }
        (dir, root)
    }

    fn save(root: &Path, begun: i64) -> Scanned {
        let seen = scanned(root);
        let hashes = seen.files.iter().map(|f| Blake3Hash::of(f.name.as_bytes()));
        StatCache::save(&root.join("cache"), &seen, hashes, &Blake3Hash::of(b"root"), begun).unwrap();
        seen
    }

    #[test]
    fn only_files_that_were_not_touched_are_known() {
        let (_dir, root) = project();
        let later = now() + 10 * RACY;
        let seen = save(&root, later);
        let cache = StatCache::load(&root.join("cache")).unwrap();
        let known = cache.compare(&seen);
        assert_eq!(known.root, Some(Blake3Hash::of(b"root")));
        assert_eq!(cache.root(), Blake3Hash::of(b"root"));
        assert_eq!(known.hashes[1], Some(Blake3Hash::of(b"b/x")));

        // Same size and modification time; only the change time tells.
        let path = root.join("data/b/x");
        let before = fs::metadata(&path).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&path, "B/X").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(before.modified().unwrap()).unwrap();
        let now = scanned(&root);
        assert_eq!(now.files[1].stat.mtime, seen.files[1].stat.mtime);
        let known = cache.compare(&now);
        assert_eq!(known.hashes.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true, true]);
        assert_eq!(known.root, None);
        // One that is gone, one that is new.
        fs::remove_file(root.join("data/a")).unwrap();
        fs::write(root.join("data/b/z"), "z").unwrap();
        let known = cache.compare(&scanned(&root));
        assert_eq!(known.hashes.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false, true]);
        fs::remove_file(root.join("data/b/z")).unwrap();
        assert_eq!(cache.compare(&scanned(&root)).root, None, "one is gone");
    }

    #[test]
    fn what_was_written_just_before_is_read_again() {
        let (_dir, root) = project();
        let seen = save(&root, now());
        let known = StatCache::load(&root.join("cache")).unwrap().compare(&seen);
        assert!(known.root.is_none() && known.hashes.iter().all(Option::is_none));
    }

    #[test]
    fn a_cache_that_is_not_whole_is_none() {
        let (_dir, root) = project();
        let _ = save(&root, now() + 10 * RACY);
        let path = root.join("cache");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 4;
            fs::write(&path, &bent).unwrap();
            assert!(StatCache::load(&path).is_none(), "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert!(StatCache::load(&path).is_none(), "cut at {at}");
        }
    }
}
