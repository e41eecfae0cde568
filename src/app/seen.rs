//! A dataset as it lies in the work tree now, with what is known of it without reading.

use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::data::Hashed;
use crate::domain::digest::Blake3Hash;
use crate::domain::path::RepoPath;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::scan;
use crate::worktree::scan::ScanError;
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
    /// Looks at every file, and reads none.
    pub fn see(&self, path: &RepoPath, progress: &dyn Progress) -> std::result::Result<Seen, ScanError> {
        let begun = self.clock.now().unix_micros().saturating_mul(1000);
        let root = self.repo.root();
        progress.begin("scan", None, None);
        let scanned = scan::scan_telling(root, path, &|files, bytes| progress.advance(files, bytes));
        progress.end();
        let scanned = scanned?;
        // Work trees share a cache directory, and each has its own files.
        let name = blake3::hash(format!("{}\0{path}", root.display()).as_bytes()).to_hex();
        let cache = self.own_dir().join("cache").join("stat").join(&name[..32]);
        let known = match StatCache::load(&cache) {
            Some(known) => known.compare(&scanned),
            None => Known { hashes: Vec::new(), root: None },
        };
        Ok(Seen { scanned, known, begun, cache })
    }
}

impl Seen {
    /// The root of what lies there now. Only files that are not known are read, and remembered.
    pub fn root(self, progress: &dyn Progress) -> Result<Blake3Hash> {
        if let Some(root) = self.known.root {
            return Ok(root);
        }
        let (begun, cache) = (self.begun, self.cache);
        let hashed = data::hash(self.scanned, &self.known.hashes, progress)?;
        let root = hashed.root()?;
        remember(&cache, &hashed, &root, begun);
        Ok(root)
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
