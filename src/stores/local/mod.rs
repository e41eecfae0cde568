//! The embedded backend: files below `<git common dir>/mlprov/` and keys in the user's own directories.

mod batch;
mod bell;
pub mod clock;
pub mod index;
pub mod journal;
pub mod keys;
mod lookup;
pub mod objects;
mod pack;
mod place;
pub mod provision;
mod queue;
pub mod registry;
mod share;
mod sweep;

use crate::durable::DurableError;
use crate::ports::StoreError;

impl From<DurableError> for StoreError {
    fn from(e: DurableError) -> Self {
        StoreError::io(e.op, e.path.display(), e.source)
    }
}
