//! `key`: which keys sign here, and which logs this user trusts.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::init::read_or_empty;
use crate::domain::ParseError;
use crate::domain::digest::KeyId;
use crate::domain::ids::LogId;
use crate::durable;
use crate::ledger::FormatError;
use crate::ledger::note::VerifierKey;
use crate::trust::pins;
use crate::trust::pins::Pins;
use serde::Serialize;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    pub writer: KeyId,
    /// SubjectPublicKeyInfo, DER, base64.
    pub writer_public_key: String,
    pub log: LogId,
    pub origin: String,
    /// C2SP verifier key of this clone's log.
    pub vkey: String,
    /// Whether this user pinned it.
    pub pinned: bool,
}

pub fn show(project: &Project) -> Result<KeyReport> {
    let signer = project.signer()?;
    let header = project.ledger.header();
    let log_key = project.keys.log_key(header.log, &header.origin)?;
    let vkey = log_key.verifier();
    Ok(KeyReport {
        writer: signer.public().id(),
        writer_public_key: signer.public().to_base64(),
        log: header.log,
        origin: header.origin.clone(),
        pinned: project.pins()?.logs().contains(vkey),
        vkey: vkey.to_string(),
    })
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TrustReport {
    pub vkey: String,
    /// False if it was pinned before.
    pub added: bool,
}

/// Pins a log's key for this user.
pub fn trust(project: &Project, vkey: &str) -> Result<TrustReport> {
    let key: VerifierKey =
        vkey.parse().map_err(|e: FormatError| ParseError::new("verifier key", e.why, vkey))?;
    // A key of another project's log can never be needed here.
    let own = format!("mlprov.dev/{}/", project.config.project.id);
    if !key.name().starts_with(&own) {
        let why = format!("it is of {:?}, which is no log of this project ({own}…)", key.name());
        return Err(ParseError::new("verifier key", why, vkey).into());
    }
    let added = project.pin(&key)?;
    Ok(TrustReport { vkey: key.to_string(), added })
}

impl Project {
    /// Every checkpoint of this clone's log that is known here, and where. None is believed yet.
    pub fn known_notes(&self) -> Result<Vec<(String, String)>> {
        let seen = read_or_empty(&pins::seen_file(&self.state_dir(), self.ledger.log()))?;
        let published = self.ledger.latest()?.map(|note| ("published".to_owned(), note));
        let seen = Some(("seen before".to_owned(), seen)).filter(|(_, note)| !note.is_empty());
        Ok(published.into_iter().chain(seen).collect())
    }

    /// Pins a log's key. False if it was pinned before.
    pub fn pin(&self, key: &VerifierKey) -> Result<bool> {
        let mut pins = self.pins()?;
        let added = pins.add(key.clone());
        if added {
            durable::create_dir_all(&self.state_dir())?;
            durable::replace(&pins::pins_file(&self.state_dir()), pins.to_text().as_bytes(), 0o600)?;
        }
        Ok(added)
    }

    /// What this user pinned for this project.
    pub fn pins(&self) -> Result<Pins> {
        let path = pins::pins_file(&self.state_dir());
        let pins = Pins::parse(&read_or_empty(&path)?);
        pins.map_err(|e| AppError::BadPins { path, why: e.to_string() })
    }
}
