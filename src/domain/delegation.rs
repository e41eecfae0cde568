//! A right to record one run, given to a key that is made for it.

use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::Source;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;

/// What a `run.delegated` says of the key that it names, beside the code that the run must name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delegation {
    pub run: RunId,
    /// What the key signs must not say that it is later.
    pub not_after: Timestamp,
}

/// Why a key that was delegated may not say this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is later than the delegation holds.
    Expired,
    /// It is not the start or the end of that run, or names other code.
    NotDelegated,
}

impl Delegation {
    /// `source`: the code that the delegation names.
    pub fn judge(&self, source: &Source, body: &Body) -> Result<(), Refusal> {
        let of_run = matches!(body.kind, Kind::RunStarted | Kind::RunFinished)
            && body.run.as_ref().is_some_and(|run| run.id == self.run)
            && body.source.as_ref() == Some(source);
        match () {
            () if !of_run => Err(Refusal::NotDelegated),
            () if body.time.unix_micros() > self.not_after.unix_micros() => Err(Refusal::Expired),
            () => Ok(()),
        }
    }
}
