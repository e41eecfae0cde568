//! Many files that become durable together.

use super::Result;
use super::at;
use super::create_dir_all;
use super::parent;
use super::rename;
use super::sync_dir;
use super::sync_file;
use super::temporary;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A directory that goes with its owner, and with the next one's creation if its owner was killed.
pub struct ScratchDir {
    path: PathBuf,
    /// Held as long as the owner lives, so that leftovers can be told from work in progress.
    lock: File,
}

impl ScratchDir {
    /// Makes one below `parent`. Leftovers of processes that are gone are removed.
    pub fn create(parent: &Path) -> Result<Self> {
        create_dir_all(parent)?;
        Self::remove_leftovers(parent);
        let own = temporary(&parent.join("x"));
        at("create", &own, fs::create_dir(&own))?;
        let path = own.join("lock");
        // Under another name until it is locked: nobody can take it for a leftover in between.
        let unlocked = own.join("lock.new");
        let lock = at("create", &unlocked, File::create(&unlocked))?;
        at("lock", &unlocked, lock.lock())?;
        rename(&unlocked, &path)?;
        Ok(ScratchDir { path: own, lock })
    }

    fn remove_leftovers(parent: &Path) {
        let Ok(entries) = fs::read_dir(parent) else { return };
        for entry in entries.flatten() {
            let free = match File::open(entry.path().join("lock")) {
                Ok(lock) => lock.try_lock().is_ok(),
                // Its owner makes the lock just now, or was killed before it had one.
                Err(_) => entry.metadata().is_ok_and(|meta| is_old(&meta)),
            };
            if free {
                let _ = fs::remove_dir_all(entry.path()); // only a clean-up: the next one tries again
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether nobody can still be at work on it.
pub(super) fn is_old(meta: &fs::Metadata) -> bool {
    const HOUR: Duration = Duration::from_secs(3600);
    meta.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > HOUR))
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path); // leftovers are removed by the next one
    }
}

/// As many files are synced one by one.
const FEW: usize = 16;

/// Many files that become durable together: bytes first, then names.
pub struct Staging {
    scratch: ScratchDir,
    count: AtomicU64,
}

impl Staging {
    /// `dir`: a directory for temporary files, on the file system of the final places.
    pub fn begin(dir: &Path) -> Result<Self> {
        Ok(Staging { scratch: ScratchDir::create(dir)?, count: AtomicU64::new(0) })
    }

    /// A new temporary file, writable, read-only for everybody once it is in place.
    pub fn create(&self) -> Result<(PathBuf, File)> {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let path = self.scratch.path.join(n.to_string());
        let opened = OpenOptions::new().write(true).read(true).create_new(true).mode(0o444).open(&path);
        let file = at("create", &path, opened)?;
        Ok((path, file))
    }

    /// A second name for what lies elsewhere on this file system; a link is not followed.
    pub fn link(&self, file: &Path) -> Result<PathBuf> {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let path = self.scratch.path.join(n.to_string());
        at("link", file, fs::hard_link(file, &path))?;
        Ok(path)
    }

    /// Gives each temporary file its final name. What stands there already has been found wanting, or is the
    /// same: it is replaced.
    pub fn commit(self, moves: &[(PathBuf, PathBuf)]) -> Result<()> {
        // One sync for all costs less than many, but it waits for what other programs write, too.
        let few = moves.len() <= FEW;
        match few {
            true => moves
                .iter()
                .try_for_each(|(temp, _)| sync_file(temp, &at("open", temp, File::open(temp))?))?,
            false => self.sync_file_system()?,
        }
        for (temp, place) in moves {
            at("rename", place, fs::rename(temp, place))?;
        }
        let dirs: BTreeSet<&Path> = moves.iter().map(|(_, place)| parent(place)).collect();
        match few {
            true => dirs.into_iter().try_for_each(sync_dir),
            false => self.sync_file_system(),
        }
    }

    fn sync_file_system(&self) -> Result<()> {
        at("sync", &self.scratch.path, rustix::fs::syncfs(&self.scratch.lock).map_err(io::Error::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_dropped_batch_leaves_nothing_and_leftovers_of_the_dead_go() {
        let d = tempfile::tempdir().unwrap();
        let stage = d.path().join("stage");
        let batch = Staging::begin(&stage).unwrap();
        let (_, mut file) = batch.create().unwrap();
        file.write_all(b"x").unwrap();
        drop(batch);
        assert_eq!(fs::read_dir(&stage).unwrap().count(), 0);
        let dead = stage.join(".tmp-0-0");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        let living = Staging::begin(&stage).unwrap();
        assert!(!dead.exists());
        let second = Staging::begin(&stage).unwrap();
        assert!(living.scratch.path.exists() && second.scratch.path.exists());
        // Killed before it had a lock: nobody can tell until it is old.
        let bare = stage.join("bare");
        fs::create_dir(&bare).unwrap();
        drop(Staging::begin(&stage).unwrap());
        assert!(bare.exists());
        let long_ago = std::time::SystemTime::now() - 2 * Duration::from_secs(3600);
        File::open(&bare).unwrap().set_modified(long_ago).unwrap();
        drop(Staging::begin(&stage).unwrap());
        assert!(!bare.exists());
    }
}
