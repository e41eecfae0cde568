//! The pointer `PATH.mlprov` that git holds in place of the data. It says content only, so it never
//! changes after an upload.

use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::json;
use crate::domain::path;
use crate::domain::path::RepoPath;
use serde::Deserialize;
use serde::Serialize;

/// The file name's ending.
pub const SUFFIX: &str = ".mlprov";
const SCHEMA: &str = "mlprov.pointer/1";

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetKind {
    File,
    Directory,
    /// Objects in a bucket, by their versions: see [`crate::domain::declared`].
    Declared,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pointer {
    /// Name of the data, relative to the pointer's own directory (so that moving both costs nothing).
    pub path: String,
    pub kind: DatasetKind,
    /// A file's own BLAKE3; a directory's: BLAKE3 of its manifest, or of its declared manifest.
    pub blake3: Blake3Hash,
    pub files: u64,
    /// Sum of the files' sizes.
    pub bytes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Toml {
    schema: String,
    path: String,
    kind: DatasetKind,
    /// `declared`: `blake3` says which versions, and not which bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    blake3: Blake3Hash,
    files: u64,
    bytes: u64,
    check: Blake3Hash,
}

const DECLARED: &str = "declared";

impl Pointer {
    /// BLAKE3 over the canonical JSON of the other fields: two pointers merged as text, or one edited by
    /// hand, no longer match.
    fn check(&self) -> Result<Blake3Hash, ParseError> {
        let mut value =
            serde_json::to_value(self).map_err(|e| ParseError::new("pointer", e.to_string(), &self.path))?;
        value["schema"] = SCHEMA.into();
        Ok(Blake3Hash::of(&json::canonical(&value)?))
    }

    pub fn to_toml(&self) -> Result<String, ParseError> {
        let toml = Toml {
            schema: SCHEMA.to_owned(),
            path: self.path.clone(),
            kind: match self.kind {
                DatasetKind::Declared => DatasetKind::Directory,
                kind => kind,
            },
            digest: (self.kind == DatasetKind::Declared).then(|| DECLARED.to_owned()),
            blake3: self.blake3,
            files: self.files,
            bytes: self.bytes,
            check: self.check()?,
        };
        let body =
            toml::to_string(&toml).map_err(|e| ParseError::new("pointer", e.to_string(), &self.path))?;
        Ok(format!(
            "# Which data belongs here. Written by `mlprov track`; commit it, do not edit it.\n{body}"
        ))
    }

    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bad = |why: String| ParseError::new("pointer", why, text);
        if text.contains("<<<<<<<") && text.contains(">>>>>>>") {
            return Err(bad("holds merge conflict markers".into()));
        }
        let toml: Toml = toml::from_str(text).map_err(|e| bad(e.message().to_owned()))?;
        if toml.schema != SCHEMA {
            return Err(bad(format!("schema {:?} is not known to this version", toml.schema)));
        }
        path::check_relative(&toml.path)?;
        if toml.path.contains('/') {
            return Err(bad("its path names another directory".into()));
        }
        let kind = match (toml.kind, toml.digest.as_deref()) {
            (kind @ (DatasetKind::File | DatasetKind::Directory), None) => kind,
            (DatasetKind::Directory, Some(DECLARED)) => DatasetKind::Declared,
            (_, digest) => return Err(bad(format!("digest {digest:?} is not known to this version"))),
        };
        let pointer =
            Pointer { path: toml.path, kind, blake3: toml.blake3, files: toml.files, bytes: toml.bytes };
        if pointer.check()? != toml.check {
            return Err(
                bad("its fields do not match their check (edited by hand, or merged as text)".into()),
            );
        }
        Ok(pointer)
    }

    /// The data's path, given the pointer's own.
    pub fn data_path(&self, pointer_path: &RepoPath) -> Result<RepoPath, ParseError> {
        match pointer_path.parent() {
            Some(dir) => dir.join(&self.path),
            None => self.path.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer() -> Pointer {
        Pointer {
            path: "train \"x\"\n.csv".into(),
            kind: DatasetKind::File,
            blake3: Blake3Hash::of(b"x"),
            files: 1,
            bytes: 1,
        }
    }

    #[test]
    fn round_trip_and_place() {
        let text = pointer().to_toml().unwrap();
        assert_eq!(Pointer::parse(&text).unwrap(), pointer());
        let at: RepoPath = "data/raw/train.csv.mlprov".parse().unwrap();
        assert_eq!(pointer().data_path(&at).unwrap().as_str(), "data/raw/train \"x\"\n.csv");
    }

    #[test]
    fn a_declared_pointer_says_so() {
        let declared = Pointer { kind: DatasetKind::Declared, ..pointer() };
        let text = declared.to_toml().unwrap();
        assert!(text.contains("kind = \"directory\"\ndigest = \"declared\"\n"), "{text}");
        assert_eq!(Pointer::parse(&text).unwrap(), declared);
        assert!(Pointer::parse(&text.replace("digest = \"declared\"\n", "")).is_err());
    }

    #[test]
    fn an_edited_pointer_is_refused() {
        let text = pointer().to_toml().unwrap();
        for (from, to) in [
            ("bytes = 1", "bytes = 2"),
            ("kind = \"file\"", "kind = \"directory\""),
            ("pointer/1", "pointer/2"),
            ("files = 1", "files = 1\nextra = 1"),
        ] {
            assert!(text.contains(from));
            assert!(Pointer::parse(&text.replace(from, to)).is_err(), "{to}");
        }
        let other = Pointer { path: "../x".into(), ..pointer() };
        assert!(Pointer::parse(&other.to_toml().unwrap()).is_err());
    }
}
