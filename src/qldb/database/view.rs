//! What a transaction sees: what was committed, with its own changes over it. Whatever it looks at is remembered, for when it
//! commits: another may have changed it by then.

use super::CATALOG;
use super::Database;
use super::Revision;
use super::block;
use super::transaction::Write;
use crate::qldb::partiql::ast::Relation;
use crate::qldb::partiql::ast::Source;
use crate::qldb::partiql::eval::Narrowed;
use crate::qldb::partiql::eval::Refused;
use crate::qldb::partiql::eval::Result;
use crate::qldb::partiql::eval::Row;
use crate::qldb::partiql::eval::Rows;
use crate::qldb::partiql::eval::Scope;
use crate::qldb::partiql::value;
use ion_rs::Element;
use ion_rs::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

/// Something that was looked at, in the table of this id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Read {
    Table(Arc<str>),
    Document(Arc<str>, Arc<str>),
    /// What an index says of a value.
    Key(Arc<str>, String, String),
}

/// After how many blocks each was first looked at.
pub type Reads = HashMap<Read, u64>;

/// By table and document.
pub type Writes = BTreeMap<(Arc<str>, Arc<str>), Write>;

pub struct View<'a> {
    pub database: &'a Database,
    pub writes: &'a Writes,
    pub reads: &'a RefCell<Reads>,
}

impl View<'_> {
    fn read(&self, what: Read) {
        self.reads.borrow_mut().entry(what).or_insert(self.database.blocks);
    }

    /// Descriptions of all tables, by their ids.
    pub fn tables(&self) -> BTreeMap<Arc<str>, Arc<Element>> {
        let catalog: Arc<str> = CATALOG.into();
        self.read(Read::Table(catalog.clone()));
        self.current(&catalog, None).into_iter().map(|row| (row.id, row.value)).collect()
    }

    /// Id and description of an active table.
    pub fn table(&self, name: &str) -> Result<(Arc<str>, Arc<Element>)> {
        let text = |table: &Element, field: &str| {
            table.as_struct().and_then(|fields| fields.get(field)?.as_text().map(str::to_owned))
        };
        let is_it = |table: &Element| {
            text(table, "name").as_deref() == Some(name) && text(table, "status").as_deref() == Some("ACTIVE")
        };
        let found = self.tables().into_iter().find(|(_, table)| is_it(table));
        found.ok_or_else(|| Refused(format!("No such variable named '{name}'")))
    }

    /// Documents as they are by now, with what this transaction changed. `ids`: only of these, and of those that it changed.
    fn current(&self, table: &Arc<str>, ids: Option<Vec<Arc<str>>>) -> Vec<Row> {
        let mut rows: BTreeMap<Arc<str>, Arc<Element>> = BTreeMap::new();
        if let Some(found) = self.database.tables.get(table) {
            let all: Vec<&Arc<str>> = match &ids {
                Some(ids) => ids.iter().collect(),
                None => found.ids().collect(),
            };
            for last in found.current(all.into_iter()) {
                rows.extend(last.data.clone().map(|data| (last.id.clone(), data)));
            }
        }
        for ((of, id), write) in self.writes {
            if of != table {
                continue;
            }
            match &write.data {
                Some(data) => rows.insert(id.clone(), data.clone()),
                None => rows.remove(id),
            };
        }
        rows.into_iter().map(|(id, value)| Row { id, value }).collect()
    }

    /// Ids of the documents that may be meant, and what is to be remembered of having asked. `None`: all.
    fn candidates(&self, table: &Arc<str>, narrowed: &[Narrowed], by_index: bool) -> Option<Vec<Arc<str>>> {
        let ids = narrowed.iter().find_map(|narrowed| match narrowed {
            Narrowed::Ids(ids) => Some(ids),
            Narrowed::Field(..) => None,
        });
        if let Some(ids) = ids {
            let ids: Vec<Arc<str>> = ids.iter().filter_map(|id| id.as_text()).map(Arc::from).collect();
            ids.iter().for_each(|id| self.read(Read::Document(table.clone(), id.clone())));
            return Some(ids);
        }
        let found = self.database.tables.get(table)?;
        let indexed = narrowed.iter().find_map(|narrowed| match narrowed {
            Narrowed::Field(field, values) if by_index && found.has_index(field) => Some((field, values)),
            _ => None,
        });
        let (field, values) = indexed?;
        let mut ids = Vec::new();
        // What is null is equal to nothing.
        for key in values.iter().filter_map(value::key) {
            self.read(Read::Key(table.clone(), field.clone(), key.clone()));
            ids.extend(found.found(field, &key).cloned());
        }
        ids.iter().for_each(|id| self.read(Read::Document(table.clone(), id.clone())));
        Some(ids)
    }

    /// As `candidates`, remembering that all was looked at where nothing narrows it.
    fn meant(&self, table: &Arc<str>, narrowed: &[Narrowed], by_index: bool) -> Option<Vec<Arc<str>>> {
        let ids = self.candidates(table, narrowed, by_index);
        if ids.is_none() {
            self.read(Read::Table(table.clone()));
        }
        ids
    }

    fn committed(&self, table: &Arc<str>, narrowed: &[Narrowed]) -> Vec<Row> {
        let ids = self.meant(table, narrowed, true);
        let Some(found) = self.database.tables.get(table) else { return Vec::new() };
        let all: Vec<&Arc<str>> = match &ids {
            Some(ids) => ids.iter().collect(),
            None => found.ids().collect(),
        };
        found.current(all.into_iter()).map(|revision| row(revision)).collect()
    }

    fn history(&self, table: &Arc<str>, narrowed: &[Narrowed], between: &Between) -> Vec<Row> {
        let ids = self.meant(table, narrowed, false);
        let Some(found) = self.database.tables.get(table) else { return Vec::new() };
        let all: Vec<&Arc<str>> = match &ids {
            Some(ids) => ids.iter().collect(),
            None => found.ids().collect(),
        };
        let mut rows = Vec::new();
        for id in all {
            let history = found.history(id);
            for (n, revision) in history.iter().enumerate() {
                // Active from its own time until that of the next one.
                let until = history.get(n + 1).map(|next| &next.time);
                let began = between.to.as_ref().is_none_or(|to| revision.time <= *to);
                let lasts = between.from.as_ref().is_none_or(|from| until.is_none_or(|until| *until > *from));
                if began && lasts {
                    rows.push(row(revision));
                }
            }
        }
        rows
    }
}

struct Between {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

fn row(revision: &Revision) -> Row {
    Row { id: revision.id.clone(), value: Arc::new(block::revision(revision)) }
}

impl Rows for View<'_> {
    fn rows(&self, source: &Source, narrowed: &[Narrowed], scope: &Scope<'_>) -> Result<Vec<Row>> {
        match &source.relation {
            Relation::UserTables => {
                Ok(self.tables().into_iter().map(|(id, value)| Row { id, value }).collect())
            }
            Relation::Table(name) => {
                let (table, _) = self.table(name)?;
                let ids = self.meant(&table, narrowed, true);
                Ok(self.current(&table, ids))
            }
            Relation::Committed(name) => Ok(self.committed(&self.table(name)?.0, narrowed)),
            Relation::History { table, from, to } => {
                let (table, _) = self.table(table)?;
                let time = |of: &Option<_>| -> Result<Option<Timestamp>> {
                    let Some(of) = of else { return Ok(None) };
                    match scope.value(of)?.and_then(|value| value.as_timestamp()) {
                        Some(time) => Ok(Some(time)),
                        None => Err(Refused(
                            "history takes timestamps: history(t, `2026-01-01T00:00:00Z`)".to_owned(),
                        )),
                    }
                };
                let between = Between { from: time(from)?, to: time(to)? };
                Ok(self.history(&table, narrowed, &between))
            }
        }
    }
}
