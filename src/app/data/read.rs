//! What is stored, and what is known of it.

use super::DatasetRecord;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::List;
use crate::domain::entry::ObjectRef;
use crate::domain::json;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads a whole object and checks its digest.
pub fn read_object(store: &dyn ObjectStore, object: &Blake3Hash) -> Result<Vec<u8>> {
    let Some(located) = store.locate(object)? else {
        return Err(StoreError::Missing { what: format!("object {object}") }.into());
    };
    let mut bytes = Vec::new();
    let what = store.describe(object);
    store.open(&located)?.read_to_end(&mut bytes).map_err(|e| StoreError::io("read", &what, e))?;
    if Blake3Hash::of(&bytes) != *object {
        let why = "its bytes do not have the hash that names it".to_owned();
        return Err(StoreError::Corrupt { what: "object".into(), at: what, why }.into());
    }
    Ok(bytes)
}

/// As [`read_object`], for text.
pub fn read_text(store: &dyn ObjectStore, object: &Blake3Hash) -> Result<String> {
    let bytes = read_object(store, object)?;
    String::from_utf8(bytes).map_err(|_| ParseError::new("object", "is not UTF-8", object.to_string()).into())
}

impl Project {
    /// A list, wherever it stands. A stored one must have the digest and the count that the entry names.
    pub fn list<T: DeserializeOwned + Clone>(&self, list: &List<T>) -> Result<Vec<T>> {
        let (count, object) = match list {
            List::Inline(items) => return Ok(items.clone()),
            List::Stored { count, object } => (*count, object),
        };
        let bytes = self.read_ref(object)?;
        let bad = |why: String| ParseError::new("stored list", why, object.digest.blake3.to_string());
        let items: Vec<T> =
            serde_json::from_value(json::parse_strict(&bytes)?).map_err(|e| bad(e.to_string()))?;
        if items.len() as u64 != count {
            return Err(bad(format!("holds {} items, the entry says {count}", items.len())).into());
        }
        Ok(items)
    }

    /// An object with all that its reference says of it: size, BLAKE3 and SHA-256.
    pub fn read_ref(&self, object: &ObjectRef) -> Result<Vec<u8>> {
        let bytes = match read_object(&*self.store, &object.digest.blake3) {
            Err(AppError::Store(StoreError::Missing { what })) => {
                let missing = || StoreError::Missing { what };
                self.published_object(&object.digest.blake3)?.ok_or_else(missing)?
            }
            read => read?,
        };
        let sha256 = object.digest.sha256.is_none_or(|s| s == Sha256Hash::of(&bytes));
        if !sha256 || bytes.len() as u64 != object.size {
            let why = "its size or SHA-256 is not the one that the entry names";
            return Err(ParseError::new("object", why, object.digest.blake3.to_string()).into());
        }
        Ok(bytes)
    }

    /// As [`Project::read_ref`], for text.
    pub fn read_ref_text(&self, object: &ObjectRef) -> Result<String> {
        let text = String::from_utf8(self.read_ref(object)?);
        text.map_err(|_| ParseError::new("object", "is not UTF-8", object.digest.blake3.to_string()).into())
    }

    /// Every dataset that the log names, by root; the log is read once per process.
    fn recorded_datasets(&self) -> Result<&BTreeMap<Blake3Hash, DatasetRecord>> {
        if let Some(known) = self.datasets.get() {
            return Ok(known);
        }
        let mut found = BTreeMap::new();
        for entry in self.entries()? {
            let Some(body) = entry.body() else { continue };
            for list in [&body.inputs, &body.outputs] {
                // A list that is gone from the store cannot help; `verify` reports it.
                for artefact in self.list(list).unwrap_or_default() {
                    if let Some(record) = DatasetRecord::of_artefact(&artefact) {
                        found.entry(record.root()).or_insert(record);
                    }
                }
            }
        }
        Ok(self.datasets.get_or_init(|| found))
    }

    fn dataset_file(&self, root: &Blake3Hash) -> PathBuf {
        self.own_dir().join("datasets").join(format!("{root}.json"))
    }

    /// Remembers where a root's record stands, so that the hook finds it without reading the log. Derived.
    pub fn remember_dataset(&self, record: &DatasetRecord) -> Result<()> {
        let path = self.dataset_file(&record.root());
        let json =
            serde_json::to_vec(record).map_err(|e| ParseError::new("dataset record", e.to_string(), ""))?;
        if let Some(dir) = path.parent() {
            crate::durable::create_dir_all(dir)?;
        }
        Ok(crate::durable::write_derived(&path, &json)?)
    }

    /// The record of a root that was tracked in this clone; from memory, else from the log.
    pub fn dataset(&self, root: &Blake3Hash) -> Result<Option<DatasetRecord>> {
        let remembered = crate::durable::read_derived(&self.dataset_file(root));
        let record = remembered.and_then(|json| serde_json::from_slice::<DatasetRecord>(&json).ok());
        if let Some(record) = record.filter(|r| r.root() == *root) {
            return Ok(Some(record));
        }
        let found = self.recorded_datasets()?.get(root).cloned();
        if let Some(record) = &found {
            self.remember_dataset(record)?;
        }
        Ok(found)
    }
}
