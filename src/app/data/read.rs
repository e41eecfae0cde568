//! What is stored, and what is known of it.

use super::DatasetRecord;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::delivery::is_out_of_reach;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::ObjectRef;
use crate::domain::json;
use crate::domain::version_map::VersionMap;
use crate::durable;
use crate::ledger::batch;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Reads a whole object and checks its digest.
pub fn read_object(store: &dyn ObjectStore, object: &Blake3Hash) -> Result<Vec<u8>> {
    let located = match store.locate(object)? {
        None if store.fetch(object)? => store.locate(object)?,
        located => located,
    };
    let Some(located) = located else {
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

    /// The bytes of a file that an entry names.
    pub fn content(&self, file: &Artefact) -> Result<Vec<u8>> {
        if let Some(map) = &file.version_map {
            self.learn(map, false)?;
        }
        match read_object(&*self.store, &file.digest.blake3) {
            // It may have been moved since.
            Err(AppError::Store(e @ StoreError::Missing { .. })) => {
                let now = self.dataset(&file.digest.blake3)?.and_then(|known| known.version_map);
                let Some(now) = now.filter(|now| file.version_map.as_ref() != Some(now)) else {
                    return Err(e.into());
                };
                self.learn(&now, true)?;
                read_object(&*self.store, &file.digest.blake3)
            }
            read => read,
        }
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
                    match DatasetRecord::of_artefact(&artefact) {
                        Some(record) if body.kind == Kind::DataRelocated => {
                            found.insert(record.root(), record);
                        }
                        Some(record) => _ = found.entry(record.root()).or_insert(record),
                        None => {}
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
        if !record.is_complete() {
            return Ok(()); // whoever binds it has to wait
        }
        let path = self.dataset_file(&record.root());
        let json =
            serde_json::to_vec(record).map_err(|e| ParseError::new("dataset record", e.to_string(), ""))?;
        if let Some(dir) = path.parent() {
            durable::create_dir_all(dir)?;
        }
        Ok(durable::write_derived(&path, &json)?)
    }

    /// The record of a root in this clone's log, else in one that another clone published.
    pub fn dataset_anywhere(&self, root: &Blake3Hash) -> Result<Option<DatasetRecord>> {
        if let Some(record) = self.dataset(root)? {
            return Ok(Some(record));
        }
        for entry in self.all_entries()? {
            let Some(body) = entry.body() else { continue };
            for list in [&body.inputs, &body.outputs] {
                let artefacts = self.list(list).unwrap_or_default();
                let found = artefacts.iter().filter(|a| a.digest.blake3 == *root);
                if let Some(record) = found.filter_map(DatasetRecord::of_artefact).next() {
                    return Ok(Some(record));
                }
            }
        }
        Ok(None)
    }

    /// The record of a root that was tracked in this clone; from memory, else from the log.
    pub fn dataset(&self, root: &Blake3Hash) -> Result<Option<DatasetRecord>> {
        let remembered = durable::read_derived(&self.dataset_file(root));
        let record = remembered.and_then(|json| serde_json::from_slice::<DatasetRecord>(&json).ok());
        if let Some(record) = record.filter(|r| r.root() == *root && r.is_complete()) {
            return Ok(Some(record));
        }
        let found = self.recorded_datasets()?.get(root).cloned();
        if let Some(record) = &found {
            self.remember_dataset(record)?;
        }
        Ok(found)
    }
}

impl Project {
    /// Takes note of where a dataset's contents are, if the store has to be told.
    pub fn learn(&self, map: &ObjectRef, newer: bool) -> Result<()> {
        let digest = &map.digest.blake3;
        if self.store.has_map(digest) == Some(false) {
            let lines = VersionMap::parse(&self.read_ref_text(map)?)?;
            self.store.learn(digest, &lines, newer)?;
        }
        Ok(())
    }

    /// Asks a shared ledger for what others recorded, and takes note of what they stored. Without a network, it is what is
    /// known here.
    pub fn learn_from_others(&self) -> Result<()> {
        if self.store.has_map(&Blake3Hash::of(b"")).is_none() {
            return Ok(());
        }
        match self.ledger.fetch().map_err(AppError::from) {
            Err(e) if !is_out_of_reach(&e) => return Err(e),
            _ => {}
        }
        match self.learn_versions() {
            Err(e) if is_out_of_reach(&e) => Ok(()),
            learned => learned,
        }
    }

    /// The same for everything that the log named since the last time: what others stored need not be stored again.
    pub fn learn_versions(&self) -> Result<()> {
        if self.store.has_map(&Blake3Hash::of(b"")).is_none() {
            return Ok(()); // one's own store knows itself
        }
        let memory = self.own_dir().join("cache").join("learned");
        // Another store has other versions.
        let store = self.config.shared_store().map(|store| store.site.terms("store")).unwrap_or_default();
        let log = format!("{} {}", self.ledger.log(), Blake3Hash::of(store.as_bytes()));
        let known = durable::read_derived(&memory).and_then(|bytes| String::from_utf8(bytes).ok());
        let known = known.and_then(|text| text.strip_prefix(&format!("{log} "))?.trim().parse::<u64>().ok());
        let from =
            known.filter(|size| self.ledger.head().is_ok_and(|head| *size <= head.size())).unwrap_or(0);
        let (mut bodies, mut size) = (Vec::new(), from);
        self.ledger.read(from, &mut |stored| {
            size = stored.index + 1;
            bodies.extend(batch::open(stored.bytes).ok().map(|(_, body)| body));
            ControlFlow::Continue(())
        })?;
        for body in &bodies {
            let moved = body.kind == Kind::DataRelocated;
            for list in [&body.inputs, &body.outputs] {
                for record in
                    self.list(list).unwrap_or_default().iter().filter_map(DatasetRecord::of_artefact)
                {
                    match record.version_map.as_ref().map(|map| self.learn(map, moved)) {
                        // It cannot help then; `verify` reports it.
                        None | Some(Err(AppError::Store(StoreError::Missing { .. }))) => {}
                        Some(learned) => learned?,
                    }
                    if moved {
                        self.remember_dataset(&record)?;
                    }
                }
            }
        }
        if let Some(dir) = memory.parent() {
            durable::create_dir_all(dir)?;
        }
        Ok(durable::write_derived(&memory, format!("{log} {size}").as_bytes())?)
    }
}
