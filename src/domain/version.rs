//! The identity that a store gives to one immutable version.

use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use std::fmt;
use std::str::FromStr;

/// S3: the object's `VersionId`. Embedded store: `b3:<hex>`, the content itself.
///
/// `""` and `"null"` are refused: a bucket that answers so keeps no versions (S3 API, *Working with
/// versioning-suspended buckets*).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(transparent)]
pub struct VersionId(String);

impl VersionId {
    /// The embedded store's version of a content.
    pub fn of_content(hash: &Blake3Hash) -> Self {
        VersionId(format!("b3:{hash}"))
    }

    /// The content, where the version id says it.
    pub fn content(&self) -> Option<Blake3Hash> {
        self.0.strip_prefix("b3:")?.parse().ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VersionId {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |why: &str| ParseError::new("version id", why, text);
        if text.is_empty() || text == "null" {
            return Err(bad("the bucket keeps no versions"));
        }
        // S3 documents at most 1,024 bytes, URL-ready.
        if text.len() > 1024 || text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(bad("longer than 1,024 bytes, or with white space"));
        }
        if let Some(hex) = text.strip_prefix("b3:") {
            hex.parse::<Blake3Hash>()?;
        }
        Ok(VersionId(text.to_owned()))
    }
}

impl<'de> serde::Deserialize<'de> for VersionId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unversioned_answer_is_no_version() {
        assert!("".parse::<VersionId>().is_err());
        assert!("null".parse::<VersionId>().is_err());
        assert!("b3:zz".parse::<VersionId>().is_err());
        let of = VersionId::of_content(&Blake3Hash::of(b"x"));
        assert_eq!(of.as_str().parse::<VersionId>().unwrap().content(), Some(Blake3Hash::of(b"x")));
        assert_eq!("3sL4kqtJlcpXroDTDmJ".parse::<VersionId>().unwrap().content(), None);
    }
}
