//! What a bucket, and the server that has it, is asked for before it is trusted, and what was found.

use crate::ports::StoreError;
use serde::Serialize;
use serde::Serializer;
use std::io;

/// How something stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub enum State {
    #[serde(rename = "ok")]
    Ok,
    /// There is nothing of the kind, and that is no fault.
    #[serde(rename = "none")]
    None,
    #[serde(rename = "warning")]
    Warning,
    #[serde(rename = "not checked")]
    NotChecked,
    #[serde(rename = "problem")]
    Problem,
}

/// What a place is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    Ledger,
    Store,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::Ledger => "ledger",
            Purpose::Store => "store",
        }
    }
}

/// How much a property matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// A place without it is refused.
    Must,
    /// `init` says that it is missing.
    Should,
    /// Who asks is told. What is wrong with it harms sooner or later.
    Told,
    /// This version does not rely on it.
    Unused,
}

/// What was found of one property.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Probe {
    pub property: Property,
    pub state: State,
    /// For people.
    pub found: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Property {
    Answer,
    OneCreator,
    MissingMatch,
    WrongMatch,
    RightMatch,
    Sha256,
    Crc64Nvme,
    Versioning,
    VersionIds,
    Clock,
    Lifecycle,
    ObjectLock,
    DeniedDeletes,
    OwnDeletes,
}

impl Property {
    /// In the order in which they are asked.
    pub const ALL: [Property; 14] = [
        Property::Answer,
        Property::OneCreator,
        Property::MissingMatch,
        Property::WrongMatch,
        Property::RightMatch,
        Property::Sha256,
        Property::Crc64Nvme,
        Property::Versioning,
        Property::VersionIds,
        Property::Clock,
        Property::Lifecycle,
        Property::ObjectLock,
        Property::DeniedDeletes,
        Property::OwnDeletes,
    ];

    /// Its name, and how much it matters to a ledger and to a store.
    const fn facts(self) -> (&'static str, Need, Need) {
        match self {
            Property::Answer => ("server", Need::Must, Need::Must),
            Property::OneCreator => ("one creator", Need::Must, Need::Must),
            Property::MissingMatch => ("If-Match, no object", Need::Must, Need::Unused),
            Property::WrongMatch => ("If-Match, wrong", Need::Must, Need::Unused),
            Property::RightMatch => ("If-Match, right", Need::Must, Need::Unused),
            Property::Sha256 => ("checksum SHA-256", Need::Must, Need::Must),
            Property::Crc64Nvme => ("checksum CRC64NVME", Need::Unused, Need::Unused),
            Property::Versioning => ("versioning", Need::Should, Need::Must),
            Property::VersionIds => ("version ids", Need::Should, Need::Must),
            Property::Clock => ("clock", Need::Told, Need::Told),
            Property::Lifecycle => ("lifecycle rules", Need::Told, Need::Told),
            Property::ObjectLock => ("object lock", Need::Told, Need::Told),
            Property::DeniedDeletes => ("who can delete", Need::Told, Need::Told),
            Property::OwnDeletes => ("probe removed", Need::Told, Need::Told),
        }
    }

    pub const fn name(self) -> &'static str {
        self.facts().0
    }

    pub const fn need(self, purpose: Purpose) -> Need {
        match purpose {
            Purpose::Ledger => self.facts().1,
            Purpose::Store => self.facts().2,
        }
    }

    /// Those that `init` asks for before anything is put there.
    pub fn asked_by_init(purpose: Purpose) -> Vec<Property> {
        let asked = |p: &Property| matches!(p.need(purpose), Need::Must | Need::Should);
        Property::ALL.into_iter().filter(asked).collect()
    }
}

impl Serialize for Property {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// Fails with the first property that the place must have and has not, or could not be asked for. Returns what else it
/// lacks. `place`: for people.
pub fn demand(place: &str, found: Vec<Probe>, purpose: Purpose) -> Result<Vec<Probe>, StoreError> {
    for Probe { property, state, found } in found.iter().filter(|p| p.property.need(purpose) == Need::Must) {
        let why = format!("{}: {found}", property.name());
        match state {
            State::Problem => return Err(StoreError::Unfit { what: place.to_owned(), why }),
            State::NotChecked => return Err(StoreError::io("check", place, io::Error::other(why))),
            State::Ok | State::None | State::Warning => {}
        }
    }
    Ok(found.into_iter().filter(|probe| !matches!(probe.state, State::Ok | State::None)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_decides_and_the_rest_is_told() {
        let found = |property, state| Probe { property, state, found: "x".to_owned() };
        let fine = found(Property::OneCreator, State::Ok);
        let suspended = found(Property::Versioning, State::Problem);
        let both = vec![fine, suspended.clone()];
        assert_eq!(demand("there", both.clone(), Purpose::Ledger).unwrap(), [suspended]);
        let refused = demand("there", both, Purpose::Store).unwrap_err();
        assert_eq!(refused.to_string(), "there cannot be used: versioning: x");
        let unknown = vec![found(Property::Answer, State::NotChecked)];
        let unknown = demand("there", unknown, Purpose::Ledger).unwrap_err();
        assert!(matches!(unknown, StoreError::Io { .. }), "{unknown}");
    }

    #[test]
    fn all_properties_have_names_of_their_own() {
        let names: std::collections::BTreeSet<&str> = Property::ALL.iter().map(|p| p.name()).collect();
        assert_eq!(names.len(), Property::ALL.len());
        assert_eq!(Property::asked_by_init(Purpose::Store)[0], Property::Answer);
    }
}
