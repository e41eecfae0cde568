//! Data that lies in a bucket already, as it was declared: which versions, not which bytes. JSON Lines: a header, then
//! one line for each object, sorted by path. `b3sum --check` cannot read it, and nothing in it says what the bytes are,
//! unless they were read once.

use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::json;
use crate::domain::version::VersionId;
use serde::Deserialize;
use serde::Serialize;

const SCHEMA: &str = "mlprov.declared/1";

/// What all its lines have in common.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclaredHeader {
    schema: String,
    pub bucket: String,
    /// Of all keys; a path is what follows it. Empty, or with its last `/`.
    pub prefix: String,
}

/// One object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclaredObject {
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Absent where the bucket keeps no versions: then the object can be overwritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
    /// As S3 gave it. No hash of the content (S3 API, *Object ETag*).
    pub etag: String,
    /// As in [`crate::domain::version_map::Located::checksum`], where S3 was asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// Of the bytes, where they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blake3: Option<Blake3Hash>,
}

impl DeclaredHeader {
    pub fn new(bucket: &str, prefix: &str) -> Self {
        DeclaredHeader { schema: SCHEMA.to_owned(), bucket: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    pub fn parse(line: &str) -> Result<Self, ParseError> {
        let header: DeclaredHeader = strict(line)?;
        match header.schema.as_str() {
            SCHEMA => Ok(header),
            _ => Err(ParseError::new("declared manifest", "its schema is not known to this version", line)),
        }
    }

    pub fn to_line(&self) -> Result<String, ParseError> {
        line(self)
    }

    /// `s3://bucket/prefix`
    pub fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

impl DeclaredObject {
    pub fn parse(line: &str) -> Result<Self, ParseError> {
        strict(line)
    }

    pub fn to_line(&self) -> Result<String, ParseError> {
        line(self)
    }

    /// Stands for the content in comparisons: equal for one version, and for nothing else that is known.
    pub fn identity(&self) -> Result<Blake3Hash, ParseError> {
        match self.blake3 {
            Some(hash) => Ok(hash),
            None => Ok(Blake3Hash::of(self.to_line()?.as_bytes())),
        }
    }
}

fn line(value: &impl Serialize) -> Result<String, ParseError> {
    let text = serde_json::to_string(value);
    Ok(text.map_err(|e| ParseError::new("declared manifest", e.to_string(), ""))? + "\n")
}

fn strict<T: serde::de::DeserializeOwned>(line: &str) -> Result<T, ParseError> {
    let value = json::parse_strict(line.as_bytes())?;
    serde_json::from_value(value).map_err(|e| ParseError::new("declared manifest", e.to_string(), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_back_and_no_version_is_no_null() {
        let header = DeclaredHeader::new("bucket", "a/b/");
        assert_eq!(DeclaredHeader::parse(header.to_line().unwrap().trim_end()).unwrap(), header);
        let object = DeclaredObject {
            path: "x \"y\"\n".to_owned(),
            size: 3,
            version_id: None,
            etag: "\"e\"".to_owned(),
            checksum: None,
            blake3: None,
        };
        let text = object.to_line().unwrap();
        assert_eq!(text.lines().count(), 1);
        assert_eq!(DeclaredObject::parse(text.trim_end()).unwrap(), object);
        let null = text.replace("\"etag\"", "\"versionId\":\"null\",\"etag\"");
        assert!(DeclaredObject::parse(null.trim_end()).is_err());
        let other = DeclaredObject { version_id: Some("v".parse().unwrap()), ..object.clone() };
        assert_ne!(object.identity().unwrap(), other.identity().unwrap());
    }
}
