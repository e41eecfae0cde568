//! `key`: which keys sign here, and which logs this user trusts.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::init::read_or_empty;
use crate::app::record;
use crate::app::record::Receipt;
use crate::domain::ParseError;
use crate::domain::digest::KeyId;
use crate::domain::entry::Kind;
use crate::domain::entry::Writer;
use crate::domain::ids::LogId;
use crate::durable;
use crate::ledger::FormatError;
use crate::ledger::batch;
use crate::ledger::envelope::WriterKey;
use crate::ledger::note::VerifierKey;
use crate::ledger::writers::Writers;
use crate::ports::signer::EntrySigner;
use crate::trust::pins;
use crate::trust::pins::Pins;
use serde::Serialize;
use std::ops::ControlFlow;

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

/// A key that may write, or might.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WriterLine {
    pub key: KeyId,
    pub public_key: String,
    pub admin: bool,
    pub revoked: bool,
    /// Whether it is this user's own.
    pub own: bool,
}

/// This user's public key, for an admin of the log to admit. Needs no right of its own.
pub fn request(project: &Project) -> Result<WriterLine> {
    let signer = match project.keys.writer_key(project.ledger.log()) {
        Ok(signer) => signer,
        Err(_) => project.keys.create_writer_key()?.0,
    };
    let public = signer.public();
    let known = writers(project)?.list();
    let found = known.iter().find(|(key, ..)| key.id() == public.id());
    Ok(WriterLine {
        key: public.id(),
        public_key: public.to_base64(),
        admin: found.is_some_and(|(_, admin, _)| *admin),
        revoked: found.is_some_and(|(.., revoked)| *revoked),
        own: true,
    })
}

/// Everyone whom the log ever admitted.
pub fn list(project: &Project) -> Result<Vec<WriterLine>> {
    let own = project.keys.writer_key(project.ledger.log()).ok().map(|k| k.public().id());
    let line = |(key, admin, revoked): (WriterKey, bool, bool)| WriterLine {
        key: key.id(),
        public_key: key.to_base64(),
        admin,
        revoked,
        own: own == Some(key.id()),
    };
    Ok(writers(project)?.list().into_iter().map(line).collect())
}

fn writers(project: &Project) -> Result<Writers> {
    let mut writers = Writers::default();
    project.ledger.read(0, &mut |stored| {
        if let Ok((envelope, body)) = batch::open(stored.bytes) {
            writers.follow(stored.index, &project.config.project.id, &envelope, &body);
        }
        ControlFlow::Continue(())
    })?;
    Ok(writers)
}

/// Admits a key. Only an admin can; effect is from the next index on.
pub fn admit(project: &Project, public_key: &str, admin: bool) -> Result<Receipt> {
    let bad = |e: FormatError| ParseError::new("writer key", e.why, public_key);
    let key = WriterKey::from_base64(public_key.trim()).map_err(bad)?;
    let already = writers(project)?.list().iter().any(|(k, a, revoked)| *k == key && *a == admin && !revoked);
    if already {
        return Err(AppError::AlreadySo { what: format!("writer {} is admitted", key.id().short()) });
    }
    record_writer(project, Kind::WriterAdmitted, &key, admin)
}

/// Revokes a key: `word` is its id, or the beginning of it. What it signed before stays valid, and is flagged.
pub fn revoke(project: &Project, word: &str) -> Result<Receipt> {
    let prefix = word.trim_start_matches("k-");
    let known = writers(project)?;
    let for_one_run = known.delegated().map(|(key, _, revoked)| (key.clone(), false, revoked));
    let hits: Vec<_> = known
        .list()
        .into_iter()
        .chain(for_one_run)
        .filter(|(key, ..)| prefix.len() >= 8 && key.id().to_string().starts_with(prefix))
        .collect();
    let [(key, admin, revoked)] = &hits[..] else {
        return Err(AppError::UnknownId { id: word.to_owned() });
    };
    if *revoked {
        return Err(AppError::AlreadySo { what: format!("writer {} is revoked", key.id().short()) });
    }
    record_writer(project, Kind::WriterRevoked, key, *admin)
}

/// Whether a key may admit and revoke others, and move the log.
pub fn is_admin(project: &Project, key: &KeyId) -> Result<bool> {
    Ok(writers(project)?.is_admin(key))
}

fn record_writer(project: &Project, kind: Kind, key: &WriterKey, admin: bool) -> Result<Receipt> {
    let signer = project.ready()?;
    let own = signer.public().id();
    if !is_admin(project, &own)? {
        return Err(AppError::NotAdmin { key: own });
    }
    let mut body = project.draft(kind, &*signer);
    body.writer = Some(Writer { key_id: key.id(), public_key: key.to_base64(), admin });
    project.forget_admission()?;
    let mut receipts = project.append(vec![record::seal(body, &*signer)?])?;
    // Another process may have asked the log meanwhile.
    project.forget_admission()?;
    Ok(receipts.remove(0))
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RotateReport {
    pub old: KeyId,
    pub new: KeyId,
    /// SubjectPublicKeyInfo, DER, base64.
    pub public_key: String,
    /// Index of the entry by which the new key takes over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// A new writer key for this log. Two entries in one transaction: the old key names the new one, and the new key
/// names the old one, so both have signed. The old key may not write here any more.
pub fn rotate(project: &Project) -> Result<RotateReport> {
    let signer = project.ready()?;
    let next = project.keys.create_next_writer_key(project.ledger.log())?;
    let entry = |signer: &dyn EntrySigner, named: &WriterKey| {
        let mut body = project.draft(Kind::KeyRotated, signer);
        // Whether it is an admin goes over with the right itself; nothing is claimed here.
        body.writer = Some(Writer { key_id: named.id(), public_key: named.to_base64(), admin: false });
        record::seal(body, signer)
    };
    let entries = vec![entry(&*signer, next.public())?, entry(&*next, signer.public())?];
    project.forget_admission()?;
    let receipts = project.append(entries)?;
    project.keys.use_next_writer_key(project.ledger.log())?;
    project.forget_admission()?;
    Ok(RotateReport {
        old: signer.public().id(),
        new: next.public().id(),
        public_key: next.public().to_base64(),
        index: receipts[1].index,
    })
}

/// Rules by which somebody else can verify this log: its key, who founded it, and how far it is by now.
pub fn export(project: &Project) -> Result<String> {
    project.publish_if_behind()?;
    let header = project.ledger.header();
    let mut pins = Pins::default();
    pins.add(project.keys.log_key(header.log, &header.origin)?.verifier().clone());
    let mut founder = Writers::default();
    project.ledger.read(0, &mut |stored| {
        if let Ok((envelope, body)) = batch::open(stored.bytes) {
            founder.follow(stored.index, &header.project, &envelope, &body);
        }
        ControlFlow::Break(())
    })?;
    founder.list().into_iter().for_each(|(key, ..)| pins.add_admin(key));
    if let Some(note) = project.ledger.latest()? {
        pins.require(note)?;
    }
    Ok(pins.to_text())
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
    /// Puts a key into its place that the log has admitted already. False: there is none.
    pub fn finish_rotation(&self) -> Result<bool> {
        let Some(next) = self.keys.next_writer_key(self.ledger.log())? else { return Ok(false) };
        let admitted = writers(self)?.may_write(&next.public().id());
        if admitted {
            self.keys.use_next_writer_key(self.ledger.log())?;
            self.forget_admission()?;
        }
        Ok(admitted)
    }

    /// Pins a log's key. False if it was pinned before.
    pub fn pin(&self, key: &VerifierKey) -> Result<bool> {
        let mut pins = self.own_pins()?;
        let added = pins.add(key.clone());
        if added {
            durable::create_dir_all(&self.state_dir())?;
            durable::replace(&pins::pins_file(&self.state_dir()), pins.to_text().as_bytes(), 0o600)?;
        }
        Ok(added)
    }

    /// What this user pinned for this project.
    fn own_pins(&self) -> Result<Pins> {
        let path = pins::pins_file(&self.state_dir());
        let pins = Pins::parse(&read_or_empty(&path)?);
        pins.map_err(|e| AppError::BadPins { path, why: e.to_string() })
    }

    /// The rules that apply to this call.
    pub fn pins(&self) -> Result<Pins> {
        let mut pins = match &self.trust {
            Some(pins) => pins.clone(),
            None => self.own_pins()?,
        };
        for note in &self.required {
            pins.require(note.clone())?;
        }
        Ok(pins)
    }
}
