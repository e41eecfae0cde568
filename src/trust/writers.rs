//! Who may write to a log, as the log itself says. Effect is by index, never by time.

use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::ProjectId;
use crate::ledger::envelope::Envelope;
use crate::ledger::envelope::WriterKey;
use std::collections::BTreeMap;

/// The writers admitted so far, while a log is read from its beginning.
#[derive(Clone, Debug, Default)]
pub struct Writers {
    admitted: BTreeMap<KeyId, Admitted>,
    founded: bool,
}

#[derive(Clone, Debug)]
struct Admitted {
    key: WriterKey,
    admin: bool,
    revoked: bool,
}

/// What an entry's signature is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    Admitted,
    /// The signature does not hold.
    Forged,
    /// The key was never admitted here.
    Stranger,
    Revoked,
}

impl Writers {
    /// Judges one entry by what stood before it.
    pub fn judge(&self, envelope: &Envelope) -> Standing {
        match self.admitted.get(&envelope.key_id) {
            None => Standing::Stranger,
            Some(a) if !envelope.is_signed_by(&a.key) => Standing::Forged,
            Some(a) if a.revoked => Standing::Revoked,
            Some(_) => Standing::Admitted,
        }
    }

    /// Takes note of an entry, in log order. Only `writer.*` entries change anything, and only with a
    /// signature of an admin; the first entry of a log admits its own signer as admin.
    pub fn follow(&mut self, project: &ProjectId, envelope: &Envelope, body: &Body) {
        // Signed for another project: it says nothing here, whoever signed it.
        if body.project != *project {
            self.founded = true;
            return;
        }
        let first = !self.founded;
        self.founded = true;
        let Some(writer) = &body.writer else { return };
        let Ok(key) = WriterKey::from_base64(&writer.public_key) else { return };
        if key.id() != writer.key_id {
            return;
        }
        if first {
            let own = body.kind == Kind::WriterAdmitted
                && writer.admin
                && key.id() == envelope.key_id
                && envelope.is_signed_by(&key);
            if own {
                self.admitted.insert(key.id(), Admitted { key, admin: true, revoked: false });
            }
            return;
        }
        let by_admin = self.judge(envelope) == Standing::Admitted
            && self.admitted.get(&envelope.key_id).is_some_and(|a| a.admin);
        if !by_admin {
            return;
        }
        match body.kind {
            Kind::WriterAdmitted => {
                self.admitted.insert(key.id(), Admitted { key, admin: writer.admin, revoked: false });
            }
            Kind::WriterRevoked => {
                if let Some(a) = self.admitted.get_mut(&key.id()) {
                    a.revoked = true;
                }
            }
            _ => {}
        }
    }

    /// Everyone ever admitted: key, admin, revoked.
    pub fn list(&self) -> Vec<(WriterKey, bool, bool)> {
        self.admitted.values().map(|a| (a.key.clone(), a.admin, a.revoked)).collect()
    }

    /// Whether the key may write now.
    pub fn may_write(&self, id: &KeyId) -> bool {
        self.admitted.get(id).is_some_and(|a| !a.revoked)
    }

    pub fn key(&self, id: &KeyId) -> Option<&WriterKey> {
        self.admitted.get(id).map(|a| &a.key)
    }
}
