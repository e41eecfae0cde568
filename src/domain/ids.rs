//! Identifiers. Made only by a parser that can refuse, or by the rule that the record fixes.

use crate::domain::ParseError;
use crate::domain::digest::KeyId;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! uuid_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $versions:pat) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
            /// The last 8 hex digits: the random tail, which people see.
            pub fn tail(&self) -> String {
                let text = self.0.simple().to_string();
                text[24..].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                let bad = |why: &str| ParseError::new($what, why, text);
                let id = Uuid::parse_str(text).map_err(|_| bad("not a UUID"))?;
                if id.hyphenated().to_string() != text {
                    return Err(bad("not in the lower-case hyphenated form of RFC 9562"));
                }
                match id.get_version_num() {
                    $versions => Ok($name(id)),
                    _ => Err(bad("a UUID of another version")),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

uuid_type!(
    /// One project, whatever clones, buckets or accounts it lives in (UUIDv4, drawn by the first `init`).
    ProjectId,
    "project id",
    4
);
uuid_type!(
    /// One log of a project: each clone has its own (UUIDv4, drawn by `init` in that clone).
    LogId,
    "log id",
    4
);
uuid_type!(
    /// One training run (UUIDv7, RFC 9562 §5.7: sorted by time of start).
    RunId,
    "run id",
    7
);
uuid_type!(
    /// One ledger entry (UUIDv8, RFC 9562 §5.8: derived from what the entry is about, see [`EntryId::derive`]).
    EntryId,
    "entry id",
    8
);

impl ProjectId {
    pub fn draw() -> Self {
        ProjectId(Uuid::new_v4())
    }
}

impl LogId {
    pub fn draw() -> Self {
        LogId(Uuid::new_v4())
    }
}

impl RunId {
    /// `millis`: Unix time in milliseconds; `random`: 10 bytes of which 74 bits are used.
    pub fn new(millis: u64, random: &[u8; 10]) -> Self {
        RunId(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }

    /// `r-` and 8 digits of the random tail: what people see and type.
    pub fn short(&self) -> String {
        format!("r-{}", self.tail())
    }
}

impl EntryId {
    /// The same fact recorded twice by one writer gets the same id, so a retry can be recognised.
    ///
    /// BLAKE3 `derive_key` (context below) over the four parts, each preceded by its length (u64, little
    /// endian); the first 16 bytes with version 8 and the RFC 9562 variant set.
    pub fn derive(project: &ProjectId, kind: &str, natural_key: &str, writer: &KeyId) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("mlprov 2026-11 entry id v1");
        let parts: [&[u8]; 4] =
            [project.as_bytes(), kind.as_bytes(), natural_key.as_bytes(), writer.as_bytes()];
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut first = [0u8; 16];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        EntryId(Uuid::new_v8(first))
    }

    /// A name for an entry that cannot be read, and so has no id of its own. `leaf`: its RFC 6962 leaf hash.
    pub fn of_unreadable(leaf: &[u8; 32]) -> Self {
        let mut first = [0u8; 16];
        first.copy_from_slice(&leaf[..16]);
        EntryId(Uuid::new_v8(first))
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, ParseError> {
        let id = Uuid::from_bytes(bytes);
        match id.get_version_num() {
            8 => Ok(EntryId(id)),
            _ => Err(ParseError::new("entry id", "a UUID of another version", id.to_string())),
        }
    }

    /// `e-` and 8 digits of the tail.
    pub fn short(&self) -> String {
        format!("e-{}", self.tail())
    }
}

macro_rules! git_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
            pub fn short(&self) -> &str {
                &self.0[..10]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                let hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if !hex || !(text.len() == 40 || text.len() == 64) {
                    return Err(ParseError::new($what, "not 40 or 64 lower-case hex digits", text));
                }
                if text.bytes().all(|b| b == b'0') {
                    return Err(ParseError::new($what, "the all-zero id names nothing", text));
                }
                Ok($name(text.to_owned()))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

git_id!(
    /// A git commit (hex: 40 digits SHA-1, 64 digits SHA-256).
    CommitId,
    "commit id"
);
git_id!(
    /// A git tree.
    TreeId,
    "tree id"
);

impl TreeId {
    /// Git's tree without entries (SHA-1).
    pub fn empty() -> Self {
        TreeId("4b825dc642cb6eb9a060e54bf8d69288fbee4904".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_ids_are_derived_and_separate_their_parts() {
        let project: ProjectId = "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01".parse().unwrap();
        let writer = KeyId([7; 32]);
        let id = EntryId::derive(&project, "commit.recorded", "abc", &writer);
        assert_eq!(id, EntryId::derive(&project, "commit.recorded", "abc", &writer));
        assert_ne!(id, EntryId::derive(&project, "commit.recordeda", "bc", &writer));
        assert_ne!(id, EntryId::derive(&project, "commit.recorded", "abc", &KeyId([8; 32])));
        assert_eq!(id.to_string().parse::<EntryId>(), Ok(id));
        // Golden: an id that changes would orphan every ledger written so far.
        assert_eq!(id.to_string(), "4d9bc2e9-ccf1-804f-bb4a-956a63876d4e");
    }

    #[test]
    fn ids_of_another_version_or_spelling_are_refused() {
        assert!("9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01".parse::<RunId>().is_err());
        assert!("9F0C2C55-70D3-4A0E-8F9A-0D0A3B6C1A01".parse::<ProjectId>().is_err());
        assert!("0000000000000000000000000000000000000000".parse::<CommitId>().is_err());
        assert!("abc".parse::<CommitId>().is_err());
    }

    #[test]
    fn run_ids_sort_by_time_and_show_their_random_tail() {
        let early = RunId::new(1_000, &[0xff; 10]);
        let late = RunId::new(2_000, &[0; 10]);
        assert!(early < late);
        assert_eq!(early.short(), "r-ffffffff");
    }
}
