//! Content hashes. Each algorithm is its own type, so that one cannot be passed for the other.

use crate::domain::ParseError;
use crate::domain::ids::ProjectId;
use std::fmt;
use std::str::FromStr;

fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]));
}

fn hex_of(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    push_hex(bytes, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// 64 lower-case hex digits, nothing else: one content has one spelling.
fn bytes_of(what: &'static str, text: &str) -> Result<[u8; 32], ParseError> {
    let bad = |why: &str| ParseError::new(what, why, text);
    if text.len() != 64 {
        return Err(bad("not 64 hex digits"));
    }
    let digit = |c: u8| match c {
        b'0'..=b'9' => Ok(c - b'0'),
        b'a'..=b'f' => Ok(c - b'a' + 10),
        _ => Err(bad("not lower-case hex")),
    };
    let mut out = [0u8; 32];
    for (i, pair) in text.as_bytes().chunks_exact(2).enumerate() {
        out[i] = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(out)
}

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Appends its 64 hex digits.
            pub fn push_hex(&self, out: &mut Vec<u8>) {
                push_hex(&self.0, out);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex_of(&self.0))
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
                bytes_of($what, text).map($name)
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

digest_type!(
    /// BLAKE3-256 of some content (32 bytes; text: 64 lower-case hex digits).
    Blake3Hash,
    "BLAKE3 digest"
);
digest_type!(
    /// SHA-256 of some content (32 bytes; text: 64 lower-case hex digits). Used where foreign tools must check.
    Sha256Hash,
    "SHA-256 digest"
);
digest_type!(
    /// DSSE `keyid` of a writer: SHA-256 of the public key's SubjectPublicKeyInfo (DER, RFC 5280).
    KeyId,
    "key id"
);

impl Blake3Hash {
    pub fn of(bytes: &[u8]) -> Self {
        Blake3Hash(*blake3::hash(bytes).as_bytes())
    }

    /// Names a place where a log of a project goes on, without saying what it is called. `place`: `s3://bucket/prefix/`.
    pub fn of_place(project: &ProjectId, place: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("mlprov 2026-11 place of a log v1");
        Blake3Hash::from(hasher.update(project.as_bytes()).update(place.as_bytes()).finalize())
    }
}

impl From<blake3::Hash> for Blake3Hash {
    fn from(hash: blake3::Hash) -> Self {
        Blake3Hash(*hash.as_bytes())
    }
}

impl Sha256Hash {
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Sha256Hash(sha2::Sha256::digest(bytes).into())
    }
}

impl KeyId {
    /// `k-` and the first 8 digits: for people only.
    pub fn short(&self) -> String {
        format!("k-{}", &self.to_string()[..8])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_content_has_one_spelling() {
        let hash = Blake3Hash::of(b"");
        // BLAKE3 specification, test vector for the empty input.
        assert_eq!(hash.to_string(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        assert_eq!(hash.to_string().parse::<Blake3Hash>(), Ok(hash));
        assert!(hash.to_string().to_uppercase().parse::<Blake3Hash>().is_err());
        assert!("af13".parse::<Blake3Hash>().is_err());
    }
}
