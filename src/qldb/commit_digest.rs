//! The digest that driver and service compare when a transaction commits.
//!
//! As pyqldb 3.2.4, the Node driver 3.1.0 and the Go driver compute it; the Rust driver that was never published leaves the
//! parameters out, and is wrong.

use super::hash::Hash;
use super::hash::dot;
use super::ion::Result;
use super::ion::binary::Value;
use super::ion::symbols::Symbols;
use super::ion_hash::IonHasher;
use super::ion_hash::Sha256;

/// Grows with each statement of the transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommitDigest(Hash);

impl CommitDigest {
    pub fn of_transaction(id: &str, hasher: &mut IonHasher<Sha256>) -> Self {
        CommitDigest(hasher.sha256_of_text(id))
    }

    pub fn add(&mut self, statement: &Hash) {
        self.0 = dot(&self.0, statement);
    }

    pub fn hash(&self) -> Hash {
        self.0
    }
}

/// Of a statement's text and its parameters, in their order.
pub fn statement<'a>(
    text: &str,
    parameters: impl IntoIterator<Item = (Value<'a>, &'a Symbols)>,
    hasher: &mut IonHasher<Sha256>,
) -> Result<Hash> {
    let mut hash = hasher.sha256_of_text(text);
    for (value, symbols) in parameters {
        hash = dot(&hash, &hasher.sha256(&value, symbols)?);
    }
    Ok(hash)
}
