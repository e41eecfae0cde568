//! Who may write to a log, as the log itself says. Effect is by index, never by time.

mod history;

pub use history::History;
pub use history::Right;

use crate::domain::delegation::Delegation;
use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::Source;
use crate::domain::ids::ProjectId;
use crate::ledger::envelope::Envelope;
use crate::ledger::envelope::WriterKey;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The writers admitted so far, while a log is read from its beginning.
#[derive(Clone, Debug, Default)]
pub struct Writers {
    admitted: BTreeMap<KeyId, Admitted>,
    /// Between the two entries of a rotation.
    successor: Option<Arc<Successor>>,
}

/// A key that an admitted one named as its successor, and that has not spoken yet.
#[derive(Clone, Debug)]
pub struct Successor {
    key: WriterKey,
    old: KeyId,
    /// Of the entry that named it. The very next one must be the successor's own.
    index: u64,
}

#[derive(Clone, Debug)]
struct Admitted {
    key: Arc<WriterKey>,
    admin: bool,
    revoked: bool,
    /// It was made for one run, and may record nothing else.
    only: Option<Only>,
}

#[derive(Clone, Debug)]
struct Only {
    /// Who gave it the right. It goes with his own, and to the key that takes the place of his.
    by: KeyId,
    what: Arc<(Delegation, Source)>,
}

impl Admitted {
    fn new(key: WriterKey, admin: bool) -> Self {
        Admitted { key: Arc::new(key), admin, revoked: false, only: None }
    }
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
    /// The key may record one run, and its time is over.
    Expired,
    /// The key may record one run, and this is something else.
    NotDelegated,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Standing::Admitted => "its writer was admitted",
            Standing::Forged => "the signature does not hold",
            Standing::Stranger => "its key was never admitted to this log",
            Standing::Revoked => "its writer had been revoked before",
            Standing::Expired => "its key may record one run, and its time was over",
            Standing::NotDelegated => "its key may record one run, and this is something else",
        })
    }
}

impl Writers {
    /// Judges the entry at `index` by what stood before it.
    pub fn judge(&self, index: u64, envelope: &Envelope, body: &Body) -> Standing {
        self.right(index, &envelope.key_id).judge(envelope, body)
    }

    /// What a key may at `index`, by what stood before it.
    pub fn right(&self, index: u64, key: &KeyId) -> Right {
        match (self.admitted.get(key), &self.successor) {
            (Some(a), _) => Right::Known {
                key: a.key.clone(),
                revoked: self.is_revoked(a),
                only: a.only.as_ref().map(|only| only.what.clone()),
            },
            (None, Some(next)) if next.index + 1 == index => Right::Successor(next.clone()),
            (None, _) => Right::None,
        }
    }

    /// Takes note of the entry at `index`, as [`Writers::follow`] does. What its own key may there: the founding entry is judged
    /// by itself; every other by what stood before it.
    pub fn step(&mut self, index: u64, project: &ProjectId, envelope: &Envelope, body: &Body) -> Right {
        let before = self.right(index, &envelope.key_id);
        if index == 0 || body.writer.is_some() {
            self.follow(index, project, envelope, body);
        }
        if index == 0 { self.right(0, &envelope.key_id) } else { before }
    }

    fn is_revoked(&self, a: &Admitted) -> bool {
        let by = |only: &Only| self.admitted.get(&only.by);
        a.revoked || a.only.as_ref().is_some_and(|only| by(only).is_none_or(|by| by.revoked))
    }

    /// Whether this is the second entry of a rotation: the new key, named by the old one just before, names
    /// the old one.
    fn succeeds(&self, index: u64, envelope: &Envelope, body: &Body) -> bool {
        self.successor.as_ref().is_some_and(|next| next.index + 1 == index && next.speaks(envelope, body))
    }

    /// Takes note of the entry at `index`, in log order. Only `writer.*`, `key.rotated` and `run.delegated` change anything:
    /// the first with a signature of an admin, the second as a pair of entries, by the old key and the new one, the third with
    /// that of any writer.
    /// The first entry of a log admits its own signer as admin. No later one can take its place, whatever stands
    /// there: else who is asked for the founder would be shown one that nobody can read.
    pub fn follow(&mut self, index: u64, project: &ProjectId, envelope: &Envelope, body: &Body) {
        // Signed for another project: it says nothing here, whoever signed it.
        if body.project != *project {
            return;
        }
        let Some(writer) = &body.writer else { return };
        let Ok(key) = WriterKey::from_base64(&writer.public_key) else { return };
        if key.id() != writer.key_id {
            return;
        }
        if index == 0 {
            let own = body.kind == Kind::WriterAdmitted
                && writer.admin
                && key.id() == envelope.key_id
                && envelope.is_signed_by(&key);
            if own {
                self.admitted.insert(key.id(), Admitted::new(key, true));
            }
            return;
        }
        if body.kind == Kind::KeyRotated {
            return self.follow_rotation(index, envelope, body, key);
        }
        if body.kind == Kind::RunDelegated {
            return self.follow_delegation(index, envelope, body, key);
        }
        let by_admin = self.judge(index, envelope, body) == Standing::Admitted
            && self.admitted.get(&envelope.key_id).is_some_and(|a| a.admin);
        if !by_admin {
            return;
        }
        match body.kind {
            Kind::WriterAdmitted => {
                self.admitted.insert(key.id(), Admitted::new(key, writer.admin));
            }
            Kind::WriterRevoked => {
                if let Some(a) = self.admitted.get_mut(&key.id()) {
                    a.revoked = true;
                }
            }
            _ => {}
        }
    }

    fn follow_rotation(&mut self, index: u64, envelope: &Envelope, body: &Body, named: WriterKey) {
        if self.succeeds(index, envelope, body) {
            let Some(next) = self.successor.take() else { return };
            // The right goes over as it is: a writer cannot make himself an admin in this way.
            let admin = self.admitted.get_mut(&next.old).is_some_and(|old| {
                old.revoked = true;
                old.admin
            });
            let new = next.key.id();
            for only in self.admitted.values_mut().filter_map(|a| a.only.as_mut()) {
                if only.by == next.old {
                    only.by = new;
                }
            }
            self.admitted.insert(new, Admitted::new(next.key.clone(), admin));
        } else if self.judge(index, envelope, body) == Standing::Admitted
            && !self.admitted.contains_key(&named.id())
        {
            self.successor = Some(Arc::new(Successor { key: named, old: envelope.key_id, index }));
        }
    }

    /// A key that the log knows has its right already, or none any more; but whoever gave the right to record a run may give
    /// it for longer.
    fn follow_delegation(&mut self, index: u64, envelope: &Envelope, body: &Body, key: WriterKey) {
        let (Some(delegation), Some(source)) = (&body.delegation, &body.source) else { return };
        if self.judge(index, envelope, body) != Standing::Admitted {
            return;
        }
        let goes_on = |known: &Admitted| {
            known.only.as_ref().is_some_and(|only| {
                let (before, code) = &*only.what;
                only.by == envelope.key_id
                    && before.run == delegation.run
                    && code == source
                    && before.not_after.unix_micros() < delegation.not_after.unix_micros()
            })
        };
        let revoked = match self.admitted.get(&key.id()) {
            Some(known) if goes_on(known) => known.revoked,
            Some(_) => return,
            None => false,
        };
        let what = Arc::new((delegation.clone(), source.clone()));
        let only = Some(Only { by: envelope.key_id, what });
        self.admitted.insert(key.id(), Admitted { only, revoked, ..Admitted::new(key, false) });
    }

    /// Everyone ever admitted, but for one run alone: key, admin, revoked.
    pub fn list(&self) -> Vec<(WriterKey, bool, bool)> {
        let all = self.admitted.values().filter(|a| a.only.is_none());
        all.map(|a| (WriterKey::clone(&a.key), a.admin, a.revoked)).collect()
    }

    /// Keys that may record one run: key, run, revoked.
    pub fn delegated(&self) -> impl Iterator<Item = (&WriterKey, &Delegation, bool)> {
        self.admitted.values().filter_map(|a| Some((&*a.key, &a.only.as_ref()?.what.0, self.is_revoked(a))))
    }

    /// Whether the key may write now, if only of one run.
    pub fn may_write(&self, id: &KeyId) -> bool {
        self.admitted.get(id).is_some_and(|a| !self.is_revoked(a))
    }

    /// Whether the key may write whatever it likes now.
    pub fn is_writer(&self, id: &KeyId) -> bool {
        self.admitted.get(id).is_some_and(|a| a.only.is_none() && !a.revoked)
    }

    /// Whether the key may admit and revoke others now, and move the log.
    pub fn is_admin(&self, id: &KeyId) -> bool {
        self.admitted.get(id).is_some_and(|a| a.admin && !a.revoked)
    }

    pub fn key(&self, id: &KeyId) -> Option<&WriterKey> {
        self.admitted.get(id).map(|a| &*a.key)
    }
}

#[cfg(test)]
mod tests;
