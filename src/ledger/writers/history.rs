//! What a log says of its writers, index by index, kept so that entries can be judged in any order.

use super::Standing;
use super::Successor;
use super::Writers;
use crate::domain::delegation::Delegation;
use crate::domain::delegation::Refusal;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::Source;
use crate::domain::ids::ProjectId;
use crate::ledger::envelope::Envelope;
use crate::ledger::envelope::WriterKey;
use std::sync::Arc;

/// What the key of one entry may, where that entry stands. It shares what the log holds of the key, so one can be kept of
/// each entry of a long log.
#[derive(Clone, Debug)]
pub enum Right {
    /// The key was never admitted.
    None,
    /// The old key named it just before.
    Successor(Arc<Successor>),
    Known {
        key: Arc<WriterKey>,
        revoked: bool,
        /// The one run that it may record.
        only: Option<Arc<(Delegation, Source)>>,
    },
}

impl Right {
    /// What an entry is worth whose key has this right.
    pub fn judge(&self, envelope: &Envelope, body: &Body) -> Standing {
        match self {
            Right::Successor(next) if next.speaks(envelope, body) => Standing::Admitted,
            Right::None | Right::Successor(_) => Standing::Stranger,
            Right::Known { key, .. } if !envelope.is_signed_by(key) => Standing::Forged,
            Right::Known { revoked: true, .. } => Standing::Revoked,
            Right::Known { only: Some(only), .. } => match only.0.judge(&only.1, body) {
                Ok(()) => Standing::Admitted,
                Err(Refusal::Expired) => Standing::Expired,
                Err(Refusal::NotDelegated) => Standing::NotDelegated,
            },
            Right::Known { .. } => Standing::Admitted,
        }
    }
}

impl Successor {
    /// Whether this is the second entry of a rotation: the new key names the old one.
    pub(super) fn speaks(&self, envelope: &Envelope, body: &Body) -> bool {
        body.kind == Kind::KeyRotated
            && body.writer.as_ref().is_some_and(|w| w.key_id == self.old)
            && envelope.is_signed_by(&self.key)
    }
}

/// The rights of a log's signers, each where he signed. As long as the log, however many keys come and go.
#[derive(Debug, Default)]
pub struct History {
    rights: Vec<Right>,
    now: Writers,
}

impl History {
    /// The next entry, in log order. `None`: it cannot be read.
    pub fn follow(&mut self, project: &ProjectId, read: Option<(&Envelope, &Body)>) {
        let index = self.rights.len() as u64;
        let Some((envelope, body)) = read else { return self.rights.push(Right::None) };
        let right = self.now.step(index, project, envelope, body);
        self.rights.push(right);
    }

    /// Judges the entry at `index`.
    pub fn standing(&self, index: u64, envelope: &Envelope, body: &Body) -> Standing {
        let right = usize::try_from(index).ok().and_then(|index| self.rights.get(index));
        right.map_or(Standing::Stranger, |right| right.judge(envelope, body))
    }

    /// Of the entry at `index`.
    #[cfg(test)]
    pub(super) fn right(&self, index: usize) -> Right {
        self.rights[index].clone()
    }
}
