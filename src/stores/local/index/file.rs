//! The SQLite file itself: who may write it, when it is believed, and how it begins again.

use crate::ports::StoreError;
use crate::ports::index;
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::Transaction;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

/// Of the tables and of what stands in them. A file of any other version is made again.
const VERSION: i64 = 2;
/// A question can be answered without the index, so nobody waits long for another writer.
const PATIENCE: Duration = Duration::from_secs(2);

/// `posting`, `number`: see `pack.rs`. `file`: the inode that this file was made as. A copy may have been taken in the
/// middle of a write, so it is not believed.
const SCHEMA: &str = "
    CREATE TABLE file (inode INTEGER NOT NULL);
    CREATE TABLE log (number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,
        size INTEGER NOT NULL, root BLOB NOT NULL, latest_run INTEGER, sum INTEGER NOT NULL);
    CREATE TABLE posting (key INTEGER PRIMARY KEY, places BLOB NOT NULL);
    CREATE TABLE number (key INTEGER NOT NULL, log INTEGER NOT NULL, chunk INTEGER NOT NULL,
        numbers BLOB NOT NULL, PRIMARY KEY (key, log, chunk)) WITHOUT ROWID;
    CREATE TABLE directory (number INTEGER PRIMARY KEY AUTOINCREMENT, root BLOB NOT NULL UNIQUE,
        read INTEGER NOT NULL, sum INTEGER NOT NULL);
    CREATE TABLE incomplete (log INTEGER NOT NULL, leaf INTEGER NOT NULL, PRIMARY KEY (log, leaf))
        WITHOUT ROWID;
";

/// Why a call came to nothing.
pub enum Fault {
    Sql(rusqlite::Error),
    Store(StoreError),
    /// The file contradicts itself.
    Bad(&'static str),
}

impl From<rusqlite::Error> for Fault {
    fn from(e: rusqlite::Error) -> Self {
        Fault::Sql(e)
    }
}

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        Fault::Store(e)
    }
}

pub struct IndexFile {
    path: PathBuf,
    lock: PathBuf,
}

impl IndexFile {
    pub fn new(dir: &Path) -> Self {
        IndexFile { path: dir.join("index.sqlite"), lock: dir.join("index.lock") }
    }

    fn io(&self, op: &'static str) -> impl Fn(io::Error) -> StoreError {
        let what = self.path.display().to_string();
        move |e| StoreError::io(op, &what, e)
    }

    /// What the caller can do nothing about is an I/O error; everything else says that the file is no good.
    pub fn error(&self, fault: Fault) -> StoreError {
        let corrupt = |why: String| StoreError::Corrupt {
            what: index::NAME.into(),
            at: self.path.display().to_string(),
            why,
        };
        match fault {
            Fault::Store(e) => e,
            Fault::Bad(why) => corrupt(why.to_owned()),
            Fault::Sql(e) => match e.sqlite_error_code() {
                Some(
                    ErrorCode::PermissionDenied
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::OutOfMemory
                    | ErrorCode::ReadOnly
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DiskFull
                    | ErrorCode::CannotOpen
                    | ErrorCode::FileLockingProtocolFailed,
                ) => self.io("use")(io::Error::other(e)),
                _ => corrupt(e.to_string()),
            },
        }
    }

    fn connect(&self, more: OpenFlags) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        // A page whose cells do not fit is then an error, not a wrong answer.
        connection.execute_batch("PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536;")?;
        Ok(connection)
    }

    fn inode(&self) -> Result<i64, StoreError> {
        Ok(fs::metadata(&self.path).map_err(self.io("read"))?.ino() as i64)
    }

    /// Whether the file is of this version, and where it was made.
    fn usable(&self, connection: &Connection) -> Result<bool, Fault> {
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version != VERSION {
            return Ok(false);
        }
        let inode: i64 = connection.query_row("SELECT inode FROM file", [], |row| row.get(0))?;
        Ok(inode == self.inode()?)
    }

    /// For reading. `None` if there is none, or it is of another version or place.
    pub fn reader(&self) -> Result<Option<Connection>, Fault> {
        if !self.path.exists() {
            return Ok(None);
        }
        let connection = self.connect(OpenFlags::empty())?;
        Ok(self.usable(&connection)?.then_some(connection))
    }

    /// Does `work` in one transaction. Only the holder of the lock file writes, makes or removes the file: the
    /// journal of a writer must never be found beside another file than its own.
    pub fn write<T>(&self, work: impl FnOnce(&Transaction) -> Result<T, Fault>) -> Result<T, Fault> {
        let _lock = self.locked()?;
        let old = match self.path.exists() {
            true => self.connect(OpenFlags::empty()).and_then(|c| Ok(self.usable(&c)?.then_some(c))),
            false => Ok(None),
        };
        let mut connection = match old.map_err(|fault| self.error(fault)) {
            Ok(Some(connection)) => connection,
            Ok(None) | Err(StoreError::Corrupt { .. }) => self.make()?,
            Err(e) => return Err(e.into()),
        };
        let transaction = connection.transaction()?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Begins again with nothing.
    pub fn clear(&self) -> Result<(), Fault> {
        let _lock = self.locked()?;
        self.make().map(|_| ())
    }

    fn make(&self) -> Result<Connection, Fault> {
        for ending in ["", "-journal", "-wal", "-shm"] {
            let name = PathBuf::from(format!("{}{ending}", self.path.display()));
            match fs::remove_file(&name) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(self.io("remove")(e).into()),
                _ => {}
            }
        }
        let mut connection = self.connect(OpenFlags::SQLITE_OPEN_CREATE)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.execute("INSERT INTO file (inode) VALUES (?1)", [self.inode()?])?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        Ok(connection)
    }

    fn locked(&self) -> Result<File, StoreError> {
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&self.lock);
        let file = opened.map_err(self.io("lock"))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    let what = self.path.display().to_string();
                    return Err(StoreError::Locked { what, holder: "another mlprov".into() });
                }
                Err(TryLockError::Error(e)) => return Err(self.io("lock")(e)),
            }
        }
    }
}
