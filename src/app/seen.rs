//! A dataset as it lies in the work tree now, with what is known of it without reading.

use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::data::Hashed;
use crate::domain::digest::Blake3Hash;
use crate::domain::path::RepoPath;
use crate::durable;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::problem::ScanError;
use crate::worktree::scan;
use crate::worktree::stat_cache::Known;
use crate::worktree::stat_cache::StatCache;
use std::path::PathBuf;

pub struct Seen {
    pub scanned: Scanned,
    pub known: Known,
    /// When the scan began.
    begun: i64,
    cache: PathBuf,
}

impl Project {
    /// Work trees share a cache directory, and each has its own files.
    fn cache(&self, what: &str, path: &RepoPath) -> PathBuf {
        let name = blake3::hash(format!("{}\0{path}", self.repo.root().display()).as_bytes()).to_hex();
        self.own_dir().join("cache").join(what).join(&name[..32])
    }

    fn stat_cache(&self, path: &RepoPath) -> PathBuf {
        self.cache("stat", path)
    }

    /// Says which version a dataset is about to have: should `restore` be killed, the next one knows whose files
    /// lie there.
    pub fn remember_restored(&self, path: &RepoPath, root: &Blake3Hash) -> Result<()> {
        let file = self.cache("restored", path);
        if let Some(dir) = file.parent() {
            durable::create_dir_all(dir)?;
        }
        Ok(durable::write_derived(&file, root.to_string().as_bytes())?)
    }

    /// The version that `restore` put there last, or was about to.
    pub fn last_restored(&self, path: &RepoPath) -> Option<Blake3Hash> {
        let bytes = durable::read_derived(&self.cache("restored", path))?;
        std::str::from_utf8(&bytes).ok()?.parse().ok()
    }

    /// What is known of a scan of the work tree, and the root of what was there when it was last read.
    pub fn known_of(&self, scanned: &Scanned) -> (Vec<Option<Blake3Hash>>, Option<Blake3Hash>) {
        match StatCache::load(&self.stat_cache(&scanned.path)) {
            Some(cache) => (cache.compare(scanned).hashes, Some(cache.root())),
            None => (Vec::new(), None),
        }
    }

    /// Remembers what was just written, so that it is not read again. `settled`: as
    /// [`StatCache::save_settled`] has it.
    pub fn remember_written(&self, hashed: &Hashed, settled: i64) -> Result<()> {
        let hashes = hashed.contents.iter().map(|c| c.blake3);
        let cache = self.stat_cache(&hashed.scanned.path);
        Ok(StatCache::save_settled(&cache, &hashed.scanned, hashes, &hashed.root()?, settled)?)
    }

    /// Looks at every file, and reads none.
    pub fn see(&self, path: &RepoPath, progress: &dyn Progress) -> std::result::Result<Seen, ScanError> {
        let begun = self.clock.now().unix_micros().saturating_mul(1000);
        let root = self.repo.root();
        progress.begin("scan", None, None);
        let scanned = scan::scan_telling(root, path, &|files, bytes| progress.advance(files, bytes));
        progress.end();
        let scanned = scanned?;
        let cache = self.stat_cache(path);
        let known = match StatCache::load(&cache) {
            Some(known) => known.compare(&scanned),
            None => Known { hashes: Vec::new(), root: None },
        };
        Ok(Seen { scanned, known, begun, cache })
    }
}

impl Seen {
    /// What lies there now, with its root. Only files that are not known are read, and remembered.
    pub fn hash(self, progress: &dyn Progress) -> Result<(Hashed, Blake3Hash)> {
        let (begun, cache) = (self.begun, self.cache);
        let hashed = data::hash(self.scanned, &self.known.hashes, progress)?;
        let root = hashed.root()?;
        if self.known.root.is_none() {
            remember(&cache, &hashed, &root, begun);
        }
        Ok((hashed, root))
    }

    /// Remembers the first files, which are durable by now.
    pub fn remember_part(&self, files: usize) {
        let hashes = self.known.hashes[..files].iter().map_while(|hash| *hash);
        // Without it, they are read again: so a failure does not matter.
        let _ = StatCache::save_part(&self.cache, &self.scanned.files[..files], hashes, self.begun);
    }

    /// For [`remember`], when the scan has moved on.
    pub fn memory(&self) -> (PathBuf, i64) {
        (self.cache.clone(), self.begun)
    }
}

/// Remembers what was read. Without it, all is read again the next time: so a failure does not matter.
pub fn remember(cache: &std::path::Path, hashed: &Hashed, root: &Blake3Hash, begun: i64) {
    let hashes = hashed.contents.iter().map(|c| c.blake3);
    let _ = StatCache::save(cache, &hashed.scanned, hashes, root, begun);
}
