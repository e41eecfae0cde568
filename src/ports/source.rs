//! Buckets that are not the project's own, with data that is declared and not taken over.

use crate::ports::StoreError;
use crate::ports::object_store::Stated;
use std::collections::BTreeMap;
use std::io::Read;

/// Promises: nothing is sent to a bucket before the user of this clone has agreed to it.
pub trait Sources {
    fn is_agreed(&self, bucket: &str) -> bool;

    /// The user agreed.
    fn agree(&self, bucket: &str) -> Result<(), StoreError>;

    fn open(&self, bucket: &str) -> Result<Box<dyn Source>, StoreError>;
}

/// A current object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// `None`: the bucket keeps no versions of it.
    pub version_id: Option<String>,
    pub etag: String,
}

/// Some of the objects, in the order of their keys.
pub struct Page {
    pub objects: Vec<Listed>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<Mark>,
}

/// A place in a listing. Opaque; it can be kept.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// See [`Source::current`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Current {
    /// `None`: the bucket keeps no versions of it.
    pub version_id: Option<String>,
    pub stated: Stated,
    pub etag: String,
}

pub trait Source: Sync {
    /// Current objects whose keys begin so.
    fn page(&self, prefix: &str, from: Option<&Mark>) -> Result<Page, StoreError>;

    /// What the bucket says of a version, or of what is current; [`StoreError::Missing`] if it is gone.
    fn state(&self, key: &str, version: Option<&str>) -> Result<(Stated, String), StoreError>;

    /// User metadata of a version, or of what is current, by their names in lower case.
    fn metadata(&self, key: &str, version: Option<&str>) -> Result<BTreeMap<String, String>, StoreError>;
    /// What is current, by its version; [`StoreError::Missing`] if nothing is.
    fn current(&self, key: &str) -> Result<Current, StoreError>;

    /// The bytes of a version, or of what is current.
    fn read(&self, key: &str, version: Option<&str>, size: u64) -> Result<Box<dyn Read + Send>, StoreError>;
}
