//! Where the embedded backend keeps what, and how `init` makes it.

use crate::config::Link;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::durable;
use crate::ledger::frame::Header;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::ports::provision::Ledger;
use crate::ports::provision::OwnFiles;
use crate::ports::provision::Provision;
use crate::ports::signer::CheckpointSigner;
use crate::ports::signer::EntrySigner;
use crate::stores::local::index::LocalIndex;
use crate::stores::local::journal::LocalLedger;
use crate::stores::local::keys::LogKeyFile;
use crate::stores::local::keys::WriterKeyFile;
use crate::stores::local::objects::LocalStore;
use crate::stores::local::registry::LocalRegistry;
use std::path::Path;
use std::path::PathBuf;

/// The places of one clone and its user.
#[derive(Clone)]
pub struct LocalPlaces {
    /// `<git common dir>/mlprov`
    pub common: PathBuf,
    /// `$XDG_CONFIG_HOME/mlprov`
    pub keys: PathBuf,
    /// How large files are taken over.
    pub link: Link,
    /// The writer key, or the file that holds it, as the environment gives it.
    pub given: Option<String>,
}

/// What gives it.
pub const GIVEN: &str = "MLPROV_WRITER_KEY"; // docs/source.md

impl LocalPlaces {
    pub fn ledger_dir(&self) -> PathBuf {
        self.common.join("ledger")
    }

    fn successor_dir(&self) -> PathBuf {
        self.common.join("ledger.new")
    }

    pub fn store(&self) -> LocalStore {
        LocalStore::new(&self.common.join("store"), self.link)
    }

    pub fn registry(&self) -> LocalRegistry {
        LocalRegistry::new(&self.common.join("registry"))
    }

    pub fn index(&self) -> LocalIndex {
        LocalIndex::new(&self.common)
    }

    pub fn writer_key_file(&self) -> PathBuf {
        self.keys.join("keys").join("writer.pem")
    }

    /// The key of one log, after a rotation there. Other logs go on with the one for all.
    fn rotated_key_file(&self, log: LogId) -> PathBuf {
        self.keys.join("keys").join(format!("writer-{log}.pem"))
    }

    fn next_key_file(&self, log: LogId) -> PathBuf {
        self.keys.join("keys").join(format!("writer-{log}.next.pem"))
    }

    pub fn log_key_file(&self, log: LogId) -> PathBuf {
        self.keys.join("keys").join(format!("log-{log}.pem"))
    }

    /// The clone's own log `old` gives way to what lies in `fetched`, a mirror of another one; it is kept. Where is
    /// returned. May be repeated.
    pub fn replace_by_mirror(&self, old: LogId, fetched: &Path) -> Result<PathBuf, StoreError> {
        let kept = self.kept_dir(old);
        let holds = |dir: &Path| -> Result<bool, StoreError> {
            Ok(LocalLedger::open(dir)?.is_some_and(|ledger| ledger.log() == old))
        };
        if holds(&self.ledger_dir())? {
            durable::exchange(fetched, &self.ledger_dir())?;
        }
        if holds(fetched)? {
            durable::move_dir(fetched, &kept)?;
        }
        Ok(kept)
    }

    fn kept_dir(&self, old: LogId) -> PathBuf {
        self.common.join(format!("ledger-{old}"))
    }

    /// The clone's own log; `None` before `init`.
    pub fn open_ledger(&self) -> Result<Option<LocalLedger>, StoreError> {
        LocalLedger::open(&self.ledger_dir())
    }
}

impl Provision for LocalPlaces {
    fn writer_key(&self, log: LogId) -> Result<Box<dyn EntrySigner>, StoreError> {
        if let Some(given) = &self.given {
            return Ok(Box::new(WriterKeyFile::given(GIVEN, given)?));
        }
        if let Some(key) = WriterKeyFile::open(&self.rotated_key_file(log))? {
            return Ok(Box::new(key));
        }
        let path = self.writer_key_file();
        let key = WriterKeyFile::open(&path)?;
        Ok(Box::new(key.ok_or_else(|| missing(&path))?))
    }

    fn create_writer_key(&self) -> Result<(Box<dyn EntrySigner>, bool), StoreError> {
        if let Some(given) = &self.given {
            return Ok((Box::new(WriterKeyFile::given(GIVEN, given)?), false));
        }
        let (key, new) = WriterKeyFile::open_or_create(&self.writer_key_file())?;
        Ok((Box::new(key), new))
    }

    fn create_run_key(&self, run: RunId) -> Result<(Box<dyn EntrySigner>, PathBuf), StoreError> {
        let path = self.keys.join("keys").join(format!("run-{run}.pem"));
        let (key, _) = WriterKeyFile::open_or_create(&path)?;
        Ok((Box::new(key), path))
    }

    fn next_writer_key(&self, log: LogId) -> Result<Option<Box<dyn EntrySigner>>, StoreError> {
        let key = WriterKeyFile::open(&self.next_key_file(log))?;
        Ok(key.map(|key| Box::new(key) as Box<dyn EntrySigner>))
    }

    fn create_next_writer_key(&self, log: LogId) -> Result<Box<dyn EntrySigner>, StoreError> {
        if self.given.is_some() {
            let why = "a key that the environment gives is not rotated here; unset it first".to_owned();
            return Err(StoreError::Key { what: GIVEN.to_owned(), why });
        }
        Ok(Box::new(WriterKeyFile::open_or_create(&self.next_key_file(log))?.0))
    }

    fn use_next_writer_key(&self, log: LogId) -> Result<(), StoreError> {
        let path = self.rotated_key_file(log);
        if let Some(before) = WriterKeyFile::open(&path)? {
            let name = format!("writer-{log}-{}.pem", before.public().id().short());
            durable::link(&path, &path.with_file_name(name))?;
        }
        Ok(durable::move_file(&self.next_key_file(log), &path)?)
    }

    fn inherit_writer_key(&self, from: LogId, to: LogId) -> Result<(), StoreError> {
        let path = self.rotated_key_file(from);
        if path.exists() {
            durable::link(&path, &self.rotated_key_file(to))?;
        }
        Ok(())
    }

    fn log_key(&self, log: LogId, origin: &str) -> Result<Box<dyn CheckpointSigner>, StoreError> {
        let path = self.log_key_file(log);
        let key = LogKeyFile::open(&path, origin)?;
        Ok(Box::new(key.ok_or_else(|| missing(&path))?))
    }

    fn create_log_key(&self, log: LogId, origin: &str) -> Result<Box<dyn CheckpointSigner>, StoreError> {
        Ok(Box::new(LogKeyFile::open_or_create(&self.log_key_file(log), origin)?))
    }

    fn existing_ledger(&self) -> Result<Option<Box<dyn Ledger>>, StoreError> {
        Ok(self.open_ledger()?.map(|l| Box::new(l) as Box<dyn Ledger>))
    }

    fn create_ledger(&self, header: &Header) -> Result<Box<dyn Ledger>, StoreError> {
        Ok(Box::new(LocalLedger::create(&self.ledger_dir(), header)?))
    }

    fn prepare_successor(&self, header: &Header) -> Result<Box<dyn Ledger>, StoreError> {
        let dir = self.successor_dir();
        match std::fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", dir.display(), e));
            }
            _ => {}
        }
        Ok(Box::new(LocalLedger::create(&dir, header)?))
    }

    fn replace_by_successor(&self, old: LogId) -> Result<String, StoreError> {
        let kept = self.kept_dir(old);
        durable::exchange(&self.successor_dir(), &self.ledger_dir())?;
        durable::move_dir(&self.successor_dir(), &kept)?;
        Ok(kept.display().to_string())
    }

    fn create_store(&self) -> Result<(), StoreError> {
        self.store().create()
    }

    fn own_files(&self, log: Option<LogId>) -> OwnFiles {
        let rotated = log.map(|log| self.rotated_key_file(log)).filter(|path| path.exists());
        OwnFiles {
            writer_key: rotated.unwrap_or_else(|| self.writer_key_file()),
            log_key: log.map(|log| self.log_key_file(log)),
            store: self.store().dir.clone(),
        }
    }
}

fn missing(path: &std::path::Path) -> StoreError {
    StoreError::Key { what: path.display().to_string(), why: "there is no such file".into() }
}
