//! Paths as the record writes them: UTF-8, `/`, relative, without `.` or `..`.

use crate::domain::ParseError;
use std::fmt;
use std::str::FromStr;

/// A path below the repository's root, e.g. `data/train.csv`. Never empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(transparent)]
pub struct RepoPath(String);

impl RepoPath {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// All but the last component; `None` at the root.
    pub fn parent(&self) -> Option<RepoPath> {
        self.0.rsplit_once('/').map(|(dir, _)| RepoPath(dir.to_owned()))
    }

    pub fn join(&self, below: &str) -> Result<RepoPath, ParseError> {
        format!("{}/{}", self.0, below).parse()
    }

    /// Whether `other` is this path or lies below it.
    pub fn contains(&self, other: &RepoPath) -> bool {
        other.0 == self.0 || other.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RepoPath {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        check_relative(text)?;
        Ok(RepoPath(text.to_owned()))
    }
}

impl<'de> serde::Deserialize<'de> for RepoPath {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The rule for every path in a pointer, manifest or entry. What it lets through can be joined to a
/// directory without leaving it.
pub fn check_relative(text: &str) -> Result<(), ParseError> {
    let bad = |why: &str| Err(ParseError::new("relative path", why, text));
    if text.is_empty() {
        return bad("empty");
    }
    if text.contains('\0') {
        return bad("contains a NUL byte");
    }
    if text.contains('\u{fffd}') {
        // b3sum refuses it: two broken names could look alike.
        return bad("contains U+FFFD, the replacement character");
    }
    for part in text.split('/') {
        match part {
            "" => return bad("absolute, or with an empty component"),
            "." | ".." => return bad("contains '.' or '..'"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_leaves_the_root_is_a_path() {
        for bad in ["", "/etc/passwd", "a//b", "a/../b", "..", "./a", "a/", "a\0b"] {
            assert!(bad.parse::<RepoPath>().is_err(), "{bad:?}");
        }
        let p: RepoPath = "data/train/a b\n.csv".parse().unwrap();
        assert_eq!(p.name(), "a b\n.csv");
        assert_eq!(p.parent().unwrap().as_str(), "data/train");
    }

    #[test]
    fn containment_is_by_component() {
        let data: RepoPath = "data".parse().unwrap();
        assert!(data.contains(&"data/x".parse().unwrap()));
        assert!(data.contains(&data));
        assert!(!data.contains(&"database".parse().unwrap()));
    }
}
