//! What went wrong with a request, by what the caller may conclude from it.

use crate::ports::StoreError;
use std::io;

#[derive(Debug)]
pub enum Failure {
    /// It did not happen: it was never sent, or the service said no.
    Refused { what: String, why: String },
    /// It may or may not have happened: no answer, or one that leaves it open (5xx). Look, then decide.
    Unknown { what: String, why: String },
}

impl Failure {
    pub fn is_unknown(&self) -> bool {
        matches!(self, Failure::Unknown { .. })
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let (Failure::Refused { what, why } | Failure::Unknown { what, why }) = failure;
        StoreError::io("ask for", what, io::Error::other(why))
    }
}
