//! One table: its documents, what an index finds, and when what last changed.

use super::Revision;
use crate::qldb::partiql::value;
use ion_rs::Element;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Default)]
pub struct Table {
    documents: BTreeMap<Arc<str>, Document>,
    indexes: HashMap<String, Index>,
    /// After how many blocks something in it last changed.
    changed: u64,
}

#[derive(Default)]
struct Document {
    /// Oldest first.
    history: Vec<Arc<Revision>>,
    changed: u64,
}

#[derive(Default)]
struct Index {
    keys: HashMap<String, Key>,
}

#[derive(Default)]
struct Key {
    documents: BTreeSet<Arc<str>>,
    changed: u64,
}

/// Of what a field holds; what is not there, and null, are found by scanning only.
fn key_of(data: Option<&Arc<Element>>, field: &str) -> Option<String> {
    value::key(data?.as_struct()?.get(field)?)
}

impl Table {
    pub fn add(&mut self, revision: Revision, block: u64) {
        let document = self.documents.entry(revision.id.clone()).or_default();
        let before = document.history.last().and_then(|last| last.data.clone());
        for (field, index) in &mut self.indexes {
            let (old, new) = (key_of(before.as_ref(), field), key_of(revision.data.as_ref(), field));
            if let Some(old) = old {
                let key = index.keys.entry(old).or_default();
                key.documents.remove(&revision.id);
                key.changed = block;
            }
            if let Some(new) = new {
                let key = index.keys.entry(new).or_default();
                key.documents.insert(revision.id.clone());
                key.changed = block;
            }
        }
        document.history.push(Arc::new(revision));
        document.changed = block;
        self.changed = block;
    }

    /// Makes an index of what is there, unless there is one.
    pub fn index(&mut self, field: &str, block: u64) {
        if self.indexes.contains_key(field) {
            return;
        }
        let mut index = Index::default();
        for (id, document) in &self.documents {
            let data = document.history.last().and_then(|last| last.data.clone());
            if let Some(key) = key_of(data.as_ref(), field) {
                index.keys.entry(key).or_default().documents.insert(id.clone());
            }
        }
        self.indexes.insert(field.to_owned(), index);
        self.changed = block;
    }

    pub fn has_index(&self, field: &str) -> bool {
        self.indexes.contains_key(field)
    }

    /// What is not deleted, of these: last revisions.
    pub fn current<'a>(
        &'a self,
        ids: impl Iterator<Item = &'a Arc<str>>,
    ) -> impl Iterator<Item = &'a Arc<Revision>> {
        ids.filter_map(|id| self.documents.get(id)?.history.last()).filter(|last| last.data.is_some())
    }

    pub fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.documents.keys()
    }

    /// Of documents whose field holds what has this key.
    pub fn found(&self, field: &str, key: &str) -> impl Iterator<Item = &Arc<str>> {
        let key = self.indexes.get(field).and_then(|index| index.keys.get(key));
        key.into_iter().flat_map(|key| &key.documents)
    }

    pub fn last(&self, document: &str) -> Option<&Arc<Revision>> {
        self.documents.get(document)?.history.last()
    }

    pub fn history(&self, document: &str) -> Vec<Arc<Revision>> {
        self.documents.get(document).map(|document| document.history.clone()).unwrap_or_default()
    }

    pub fn changed(&self) -> u64 {
        self.changed
    }

    pub fn document_changed(&self, document: &str) -> u64 {
        self.documents.get(document).map_or(0, |document| document.changed)
    }

    pub fn key_changed(&self, field: &str, key: &str) -> u64 {
        self.indexes.get(field).and_then(|index| index.keys.get(key)).map_or(0, |key| key.changed)
    }
}
