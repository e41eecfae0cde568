//! Which version holds which content: what this clone uploaded, and what version maps of others say. Derived: without it,
//! contents are uploaded again.

use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::ports::StoreError;
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;

/// Another process may be adding a large map.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines that are added together.
const TOGETHER: usize = 512;

/// `checked`: the server was asked whether the version is what the line says.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS version (content BLOB PRIMARY KEY, size INTEGER NOT NULL, key TEXT NOT NULL,
        id TEXT NOT NULL, checksum TEXT, checked INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS large ON version (size) WHERE size > 8388608;
    CREATE TABLE IF NOT EXISTS map (digest BLOB PRIMARY KEY) WITHOUT ROWID;
    PRAGMA user_version = 1;
";

pub struct Versions {
    path: PathBuf,
    bucket: String,
    /// Opened when it is needed: most commands ask nothing of it.
    db: OnceLock<Mutex<Connection>>,
    opening: Mutex<()>,
    /// Not added yet.
    fresh: Mutex<HashMap<Blake3Hash, Located>>,
}

/// A version that is known.
pub struct Known {
    pub located: Located,
    pub checked: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Versions {
    /// `bucket`: that all versions lie in.
    pub fn new(path: &Path, bucket: &str) -> Self {
        let (path, bucket) = (path.to_owned(), bucket.to_owned());
        Versions { path, bucket, db: OnceLock::new(), opening: Mutex::default(), fresh: Mutex::default() }
    }

    fn db(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let _opening = lock(&self.opening);
        if let Some(db) = self.db.get() {
            return Ok(lock(db));
        }
        let opened = self.open()?;
        Ok(lock(self.db.get_or_init(|| Mutex::new(opened))))
    }

    /// One process at a time makes the file what it must be: SQLite does not wait for another that turns it to a WAL.
    fn open(&self) -> Result<Connection, StoreError> {
        let path = &self.path;
        if let Some(dir) = path.parent() {
            crate::durable::create_dir_all(dir)?;
        }
        let turn = path.with_extension("lock");
        let turn = OpenOptions::new().write(true).create(true).truncate(false).open(&turn).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        let _turn = turn.map_err(|e| StoreError::io("lock", path.display(), e))?;
        match connect(path) {
            Err(rusqlite::Error::SqliteFailure(e, _))
                if matches!(e.code, ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) =>
            {
                for suffix in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", path.display())); // made again
                }
                connect(path)
            }
            connected => connected,
        }
        .map_err(self.failed("open"))
    }

    fn failed(&self, op: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
        let what = self.path.display().to_string();
        move |e| StoreError::io(op, &what, io::Error::other(e))
    }

    fn known(&self, row: &Row<'_>, blake3: Blake3Hash) -> rusqlite::Result<Option<Known>> {
        let (size, key, id): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // A line that could not have been added is none.
        let (Ok(size), Ok(version_id)) = (u64::try_from(size), id.parse()) else { return Ok(None) };
        let (bucket, checksum) = (Some(self.bucket.clone()), row.get(3)?);
        let located = Located { blake3, size, version_id, bucket, key: Some(key), checksum };
        Ok(Some(Known { located, checked: row.get(4)? }))
    }

    pub fn get(&self, content: &Blake3Hash) -> Result<Option<Known>, StoreError> {
        let fresh = lock(&self.fresh);
        if let Some(located) = fresh.get(content) {
            return Ok(Some(Known { located: located.clone(), checked: true }));
        }
        drop(fresh);
        let db = self.db()?;
        let sql = "SELECT size, key, id, checksum, checked FROM version WHERE content = ?1";
        let found = db.prepare_cached(sql).and_then(|mut query| {
            query.query_row([content.0.as_slice()], |row| self.known(row, *content)).optional()
        });
        Ok(found.map_err(self.failed("read"))?.flatten())
    }

    /// Whether a large content of this size (bytes) is known.
    pub fn has_size(&self, size: u64) -> Result<bool, StoreError> {
        let db = self.db()?;
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let sql = "SELECT 1 FROM version WHERE size = ?1 AND size > 8388608 LIMIT 1";
        let found = db.prepare_cached(sql).and_then(|mut query| query.exists([size]));
        found.map_err(self.failed("read"))
    }

    /// A version that this clone made, or asked the server about.
    pub fn add(&self, located: Located) -> Result<(), StoreError> {
        let mut fresh = lock(&self.fresh);
        fresh.insert(located.blake3, located);
        match fresh.len() < TOGETHER {
            true => Ok(()),
            false => self.settle(&mut fresh),
        }
    }

    /// Under its lock: what is in neither place would look like unknown.
    fn settle(&self, fresh: &mut HashMap<Blake3Hash, Located>) -> Result<(), StoreError> {
        let mut all: Vec<Located> = fresh.drain().map(|(_, located)| located).collect();
        all.sort_unstable_by_key(|located| located.blake3);
        self.insert(&all, true)
    }

    pub fn flush(&self) -> Result<(), StoreError> {
        self.settle(&mut lock(&self.fresh))
    }

    fn insert(&self, all: &[Located], checked: bool) -> Result<(), StoreError> {
        if all.is_empty() {
            return Ok(());
        }
        let mut db = self.db()?;
        let added = (|| {
            let adding = db.transaction()?;
            let what_is_known = match checked {
                true => "REPLACE",
                false => "IGNORE",
            };
            let sql = format!("INSERT OR {what_is_known} INTO version VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
            let mut insert = adding.prepare_cached(&sql)?;
            for line in all {
                let size = i64::try_from(line.size).unwrap_or(i64::MAX);
                let id = line.version_id.as_str();
                insert.execute((line.blake3.0.as_slice(), size, &line.key, id, &line.checksum, checked))?;
            }
            drop(insert);
            adding.commit()
        })();
        added.map_err(self.failed("write"))
    }

    /// Whether all that a version map says was added.
    pub fn has_map(&self, map: &Blake3Hash) -> Result<bool, StoreError> {
        let db = self.db()?;
        let sql = "SELECT 1 FROM map WHERE digest = ?1";
        let found = db.prepare_cached(sql).and_then(|mut query| query.exists([map.0.as_slice()]));
        found.map_err(self.failed("read"))
    }

    /// What a version map says of this bucket. What is known already stays, unless it is `newer`.
    pub fn add_map(&self, map: &Blake3Hash, lines: &[Located], newer: bool) -> Result<(), StoreError> {
        let here = |line: &&Located| line.bucket.as_ref() == Some(&self.bucket) && line.key.is_some();
        for some in lines.chunks(1 << 14) {
            let some: Vec<Located> = some.iter().filter(here).cloned().collect();
            if newer {
                self.forget(some.iter().map(|line| line.blake3))?;
            }
            self.insert(&some, false)?;
        }
        self.note_map(map)
    }

    pub fn note_map(&self, map: &Blake3Hash) -> Result<(), StoreError> {
        let db = self.db()?;
        let noted = db.execute("INSERT OR IGNORE INTO map VALUES (?1)", [map.0.as_slice()]);
        noted.map(|_| ()).map_err(self.failed("write"))
    }

    /// They are gone.
    pub fn forget(&self, contents: impl Iterator<Item = Blake3Hash>) -> Result<(), StoreError> {
        let mut db = self.db()?;
        let forgotten = (|| {
            let forgetting = db.transaction()?;
            for content in contents {
                forgetting
                    .prepare_cached("DELETE FROM version WHERE content = ?1")?
                    .execute([content.0.as_slice()])?;
            }
            forgetting.commit()
        })();
        forgotten.map_err(self.failed("write"))
    }

    /// A line that somebody else's map gave was found to be true.
    pub fn note_checked(&self, content: &Content) -> Result<(), StoreError> {
        let db = self.db()?;
        let noted =
            db.execute("UPDATE version SET checked = 1 WHERE content = ?1", [content.blake3.0.as_slice()]);
        noted.map(|_| ()).map_err(self.failed("write"))
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(PATIENCE)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    if db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? == 0 {
        db.execute_batch(SCHEMA)?;
    }
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn many_open_a_new_file_at_once() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..30 {
            let path = dir.path().join(format!("{round}/versions.sqlite"));
            let shared = Versions::new(&path, "bucket");
            let start = Barrier::new(16);
            std::thread::scope(|scope| {
                for n in 0..16u8 {
                    let (shared, start, path) = (&shared, &start, &path);
                    scope.spawn(move || {
                        let own = Versions::new(path, "bucket"); // as another process would
                        let versions = if n % 2 == 0 { shared } else { &own };
                        start.wait();
                        versions.note_map(&Blake3Hash([n; 32])).unwrap();
                    });
                }
            });
            assert!((0..16).all(|n| shared.has_map(&Blake3Hash([n; 32])).unwrap()));
        }
    }
}
