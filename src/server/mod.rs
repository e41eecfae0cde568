//! `qldb serve`: a server that speaks QLDB's protocols. What it keeps, it keeps in a directory.

pub mod control;
mod export;
pub mod http;
pub mod journal;
pub mod ledger;
pub mod session;
pub mod signature;

use crate::domain::time;
use crate::durable;
use crate::durable::DurableError;
use control::Managed;
use http::Answer;
use http::Asked;
use ion_rs::Element;
use ion_rs::Timestamp;
use ledger::Ledger;
use ledger::LedgerError;
use ledger::Surroundings;
use session::Limits;
use session::Sessions;
use signature::Keys;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

const JSON10: &str = "application/x-amz-json-1.0";
const SEND_COMMAND: &str = "QLDBSession.SendCommand";

pub struct Server {
    dir: PathBuf,
    keys: Keys,
    sessions: Sessions,
    ledgers: Mutex<BTreeMap<String, Managed>>,
    surroundings: Arc<dyn Surroundings>,
    /// Of the directory.
    _lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(transparent)]
    Durable(#[from] DurableError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("read {}: {source}", dir.display())]
    Read { dir: PathBuf, source: io::Error },
    #[error("{}: {why}", dir.display())]
    About { dir: PathBuf, why: String },
    #[error("another server works in {}", .0.display())]
    InUse(PathBuf),
}

impl Server {
    /// With all ledgers that lie in the directory.
    pub fn open(
        dir: PathBuf,
        limits: Limits,
        keys: Keys,
        surroundings: Arc<dyn Surroundings>,
    ) -> Result<Self, ServerError> {
        durable::create_dir_all(&dir)?;
        let lock = durable::try_hold_alone(&dir.join("lock"))?;
        let lock = lock.ok_or_else(|| ServerError::InUse(dir.clone()))?;
        let sessions = Sessions::new(limits, surroundings.clone());
        let mut ledgers = BTreeMap::new();
        let read = |source| ServerError::Read { dir: dir.clone(), source };
        for entry in std::fs::read_dir(&dir).map_err(read)? {
            let path = entry.map_err(read)?.path();
            // One that was deleted, or not made to its end, is none.
            let deleted = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if deleted || !path.join(control::ABOUT).is_file() {
                continue;
            }
            let about = control::load(&path)
                .map_err(|e| ServerError::About { dir: path.clone(), why: e.to_string() })?;
            let ledger = Ledger::open(&path, &about.name, surroundings.clone())?;
            ledgers.insert(about.name.clone(), Managed { about, ledger: Arc::new(ledger) });
        }
        Ok(Server { dir, keys, sessions, ledgers: Mutex::new(ledgers), surroundings, _lock: lock })
    }

    /// What crashes left of journals: where it is now, and bytes.
    pub fn set_aside(&self) -> Vec<(PathBuf, u64)> {
        self.ledgers().values().filter_map(|one| one.ledger.set_aside.clone()).collect()
    }

    fn ledgers(&self) -> MutexGuard<'_, BTreeMap<String, Managed>> {
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seconds(&self) -> u64 {
        u64::try_from(self.surroundings.milliseconds() / 1_000).unwrap_or(0)
    }

    fn with<T>(&self, name: &str, then: impl FnOnce(&Managed) -> control::Result<T>) -> control::Result<T> {
        let ledgers = self.ledgers();
        match ledgers.get(name) {
            Some(one) => then(one),
            None => Err(control::Refusal::NotFound(format!("The Ledger with name {name} is not found"))),
        }
    }

    fn create(&self, about: control::About) -> control::Result<()> {
        let mut ledgers = self.ledgers();
        if ledgers.contains_key(&about.name) {
            let why = format!("The Ledger with name {} already exists", about.name);
            return Err(control::Refusal::AlreadyExists(why));
        }
        if ledgers.len() >= control::MOST {
            let why = format!("there are {} ledgers, and no more may be", control::MOST);
            return Err(control::Refusal::Limit(why));
        }
        let dir = self.dir.join(&about.name);
        durable::create_dir_all(&dir).map_err(control::internal)?;
        let ledger = Ledger::open(&dir, &about.name, self.surroundings.clone()).map_err(control::internal)?;
        // Last: from then on it is there.
        control::store(&dir, &about)?;
        ledgers.insert(about.name.clone(), Managed { about, ledger: Arc::new(ledger) });
        Ok(())
    }

    fn change(
        &self,
        name: &str,
        change: impl FnOnce(&mut control::About),
    ) -> control::Result<serde_json::Value> {
        let mut ledgers = self.ledgers();
        let Some(one) = ledgers.get_mut(name) else {
            return Err(control::Refusal::NotFound(format!("The Ledger with name {name} is not found")));
        };
        let mut about = one.about.clone();
        change(&mut about);
        control::store(&self.dir.join(name), &about)?;
        one.about = about;
        Ok(control::described(&one.about))
    }

    /// Its files stay, by another name: nothing that was acknowledged is lost by one request.
    fn delete(&self, name: &str) -> control::Result<()> {
        let mut ledgers = self.ledgers();
        let Some(one) = ledgers.get(name) else {
            return Err(control::Refusal::NotFound(format!("The Ledger with name {name} is not found")));
        };
        if one.about.deletion_protection {
            let why = format!("Deletion protection is enabled on ledger {name}");
            return Err(control::Refusal::Precondition(why));
        }
        // No name of a ledger begins so.
        let gone = format!(".deleted-{name}-{}", crate::qldb::database::ids::of(self.surroundings.draw()));
        durable::move_dir(&self.dir.join(name), &self.dir.join(gone)).map_err(control::internal)?;
        ledgers.remove(name);
        Ok(())
    }

    pub fn answer(&self, asked: &Asked) -> Answer {
        let now = self.surroundings.milliseconds() / 1_000;
        if let Err(e) = signature::check(asked, &self.keys, now) {
            return Answer::refused(403, e.exception(), &e.to_string());
        }
        if asked.header("x-amz-target") == Some(SEND_COMMAND) {
            let ledger = |name: &str| self.ledgers().get(name).map(|one| one.ledger.clone());
            return match self.sessions.send(&asked.body, &ledger) {
                Ok(body) => Answer::json(JSON10, &body),
                Err(refusal) => {
                    let body = refusal.body().to_string().into_bytes();
                    Answer {
                        status: refusal.status(),
                        content_type: JSON10,
                        error: Some(refusal.exception()),
                        body,
                    }
                }
            };
        }
        control::answer(self, asked)
    }
}

/// Of milliseconds since 1970: UTC, as the service writes it.
fn time_of(milliseconds: i64) -> Option<Timestamp> {
    let time = time::Timestamp::from_unix_micros(milliseconds.checked_mul(1_000)?);
    let text = format!("{}Z", time.as_str().get(..23)?);
    Element::read_one(text).ok()?.as_timestamp()
}
