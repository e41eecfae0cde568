//! A run where there is no repository: its code and data are attested by whoever launches it, and a key that is made for it
//! may record it, and nothing else.
//!
//! A capsule is the `run.delegated` of the log, byte for byte, beside the settings whose digest it names.

mod export;
mod join;

pub use export::ExportReport;
pub use export::ExportRequest;
pub use export::export;
pub use export::extend;
pub use join::OwnPlace;
pub use join::deliver_end;
pub use join::join;
pub use join::send;
pub use join::valid_until;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::config::Config;
use crate::domain::delegation::Delegation;
use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::entry::Source;
use crate::git::repo::Commit;
use crate::ledger::batch;
use serde::Deserialize;
use serde::Serialize;
use std::path::Path;

/// Gives the key that a capsule names.
pub const KEY_VARIABLE: &str = "MLPROV_WRITER_KEY";

const SCHEMA: &str = "mlprov.source/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    schema: String,
    /// `.mlprov/config.toml`
    config: String,
    /// DSSE envelope, as the log holds it.
    entry: String,
}

/// One capsule, sound by itself: that the log holds its entry is another question.
pub struct Capsule {
    pub settings: String,
    pub entry: Vec<u8>,
    body: Body,
    delegation: Delegation,
    source: Source,
    key: KeyId,
}

/// What a launcher attested, of the run that a project without a repository is for.
#[derive(Clone, Debug)]
pub struct Launch {
    pub delegation: Delegation,
    pub source: Source,
    /// The `run.delegated`: its inputs and evidence are those of the run.
    pub body: Body,
}

impl Launch {
    pub fn commit(&self) -> Commit {
        Commit { id: self.source.commit.clone(), tree: self.source.tree.clone(), parents: Vec::new() }
    }
}

fn unfit(why: impl Into<String>) -> AppError {
    AppError::BadCapsule { why: why.into() }
}

impl Capsule {
    fn new(settings: String, entry: Vec<u8>) -> Result<Self> {
        let (_, body) = batch::open(&entry).map_err(|e| unfit(e.to_string()))?;
        let facts = (&body.delegation, &body.source, &body.writer);
        let (Some(delegation), Some(source), Some(writer)) = facts else {
            return Err(unfit("its entry delegates nothing"));
        };
        if body.kind != Kind::RunDelegated {
            return Err(unfit(format!("its entry is a {}", body.kind)));
        }
        if body.producer.config_digest != Some(Digests::both_of(settings.as_bytes())) {
            return Err(unfit("its settings are not those that were signed"));
        }
        let (delegation, source, key) = (delegation.clone(), source.clone(), writer.key_id);
        Ok(Capsule { settings, entry, delegation, source, key, body })
    }

    pub fn read(path: &Path) -> Result<Self> {
        let failed = |e| crate::ports::StoreError::io("read", path.display(), e);
        let bytes = std::fs::read(path).map_err(failed)?;
        let wire: Wire = serde_json::from_slice(&bytes).map_err(|e| unfit(e.to_string()))?;
        if wire.schema != SCHEMA {
            return Err(unfit(format!("its schema is {:?}, not {SCHEMA:?}", wire.schema)));
        }
        Capsule::new(wire.config, wire.entry.into_bytes())
    }

    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let entry = String::from_utf8_lossy(&self.entry).into_owned();
        let wire = Wire { schema: SCHEMA.to_owned(), config: self.settings.clone(), entry };
        let mut json = serde_json::to_vec_pretty(&wire).map_err(|e| unfit(e.to_string()))?;
        json.push(b'\n');
        Ok(json)
    }

    pub fn config(&self) -> Result<Config> {
        Ok(Config::parse(Path::new("the capsule's settings"), &self.settings)?)
    }

    pub fn launch(&self) -> Launch {
        let (delegation, source) = (self.delegation.clone(), self.source.clone());
        Launch { delegation, source, body: self.body.clone() }
    }
}

impl Project {
    /// The commit that a run begins from.
    pub fn commit_to_run(&self) -> Result<Commit> {
        match &self.launch {
            Some(launch) => Ok(launch.commit()),
            None => Ok(self.repo.head()?),
        }
    }
}
