//! What a registry deploys: the object behind a model package, and the container image that runs it.

use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Digests;
use crate::domain::entry::ObjectRef;
use crate::domain::json;
use crate::domain::version::VersionId;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How an object behind a package came from the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ArtefactForm {
    /// The model itself, a `.tar.gz`.
    Archive,
    /// One file, wrapped into a `model.tar.gz` of mlprov's.
    Wrapped,
    /// A prefix with the files of a directory.
    Directory,
    /// Something else put it there; its bytes were read when it was bound.
    Foreign,
}

impl ArtefactForm {
    pub fn as_str(self) -> &'static str {
        match self {
            ArtefactForm::Archive => "archive",
            ArtefactForm::Wrapped => "wrapped",
            ArtefactForm::Directory => "directory",
            ArtefactForm::Foreign => "foreign",
        }
    }
}

impl FromStr for ArtefactForm {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Archive, Self::Wrapped, Self::Directory, Self::Foreign];
        let found = all.into_iter().find(|form| form.as_str() == text);
        found.ok_or_else(|| ParseError::new("artefact", "its form is not known", text))
    }
}

/// The object behind a package. SageMaker names it by its URI alone, so its key is used once, and the version that was
/// current is recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageArtefact {
    /// `s3://bucket/key`; of a directory the prefix, with its last `/`.
    pub uri: String,
    pub form: ArtefactForm,
    /// Of its bytes; of a directory those of `manifest`.
    pub digest: Digests,
    /// Bytes; of a directory all files together.
    pub size: u64,
    /// Absent for a directory, and where the bucket keeps no versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
    /// As in [`crate::domain::version_map::Located::checksum`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// Of what something else put there, as S3 gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Of a directory: each object with its version, as in [`crate::domain::declared`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ObjectRef>,
}

impl PackageArtefact {
    /// Bucket, and key or prefix.
    pub fn place(&self) -> Result<(&str, &str), ParseError> {
        place(&self.uri)
    }
}

/// Bucket and key of `s3://bucket/key`.
pub fn place(uri: &str) -> Result<(&str, &str), ParseError> {
    let found = uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let found = found.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
    found.ok_or_else(|| ParseError::new("artefact", "is not s3://bucket/key", uri))
}

/// Which settings are taken, and what is redacted of them.
const SETTINGS: &str = "mlprov.deployed/1";

/// Digest of what decides about what is served beside image and model: of canonical JSON (RFC 8785), each setting by its place
/// in the package, and `schema`.
pub fn settings(all: &BTreeMap<String, String>) -> Result<Blake3Hash, ParseError> {
    let setting = |(name, value): (&String, &String)| (name.clone(), Value::from(value.as_str()));
    let schema = ("schema".to_owned(), Value::from(SETTINGS));
    let object = all.iter().map(setting).chain([schema]).collect();
    Ok(Blake3Hash::of(&json::canonical(&Value::Object(object))?))
}

/// A container image, by its registry path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Image(String);

impl Image {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `sha256:…`, if the path names the image by its digest. A tag may mean another image tomorrow.
    pub fn digest(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, digest)| digest)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Image {
    type Err = ParseError;
    /// SageMaker's rule (API reference, ModelPackageContainerDefinition): at most 255 characters, no white space.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |why: &str| ParseError::new("image", why, text);
        if text.is_empty() || text.chars().count() > 255 || text.chars().any(char::is_whitespace) {
            return Err(bad("not 1-255 characters without white space"));
        }
        if let Some((name, digest)) = text.split_once('@') {
            let hex = digest.strip_prefix("sha256:").unwrap_or_default();
            let is_hex = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if name.is_empty() || !is_hex {
                return Err(bad("not NAME@sha256:<64 hex>"));
            }
        }
        Ok(Image(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_digest_only_if_it_is_named_by_one() {
        let hex = "a".repeat(64);
        let pinned: Image = format!("1.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:{hex}").parse().unwrap();
        assert_eq!(pinned.digest(), Some(format!("sha256:{hex}").as_str()));
        assert_eq!("x:latest".parse::<Image>().unwrap().digest(), None);
        for bad in ["", "a b", "x@sha256:abc", &format!("@sha256:{hex}"), &"x".repeat(256)] {
            assert!(bad.parse::<Image>().is_err(), "{bad}");
        }
    }

    /// It stands in ledgers: no version may make another digest of the same settings.
    #[test]
    fn the_digest_of_settings_never_changes() {
        assert_eq!(settings(&BTreeMap::new()).unwrap(), Blake3Hash::of(br#"{"schema":"mlprov.deployed/1"}"#));
        let all = [("Containers.0.Environment.B", "2"), ("Containers.0.Environment.A", "\"1\"")];
        let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = br#"{"Containers.0.Environment.A":"\"1\"","Containers.0.Environment.B":"2","schema":"mlprov.deployed/1"}"#;
        assert_eq!(settings(&all.into()).unwrap(), Blake3Hash::of(text));
    }

    #[test]
    fn a_uri_has_a_bucket_and_a_key() {
        assert_eq!(place("s3://b/k/l"), Ok(("b", "k/l")));
        for bad in ["s3://b", "s3://b/", "s3:///k", "https://b/k"] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }
}
