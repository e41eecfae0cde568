//! Statements that make tables and indexes: changes to the table that describes the tables.

use super::CATALOG;
use super::CATALOG_NAME;
use super::Database;
use super::ids;
use super::limits;
use super::transaction::Draw;
use super::transaction::Failure;
use super::transaction::Result;
use super::transaction::Transaction;
use super::transaction::bad;
use super::transaction::told;
use crate::qldb::partiql::ast::Step;
use crate::qldb::partiql::eval;
use ion_rs::Element;
use ion_rs::List;
use ion_rs::Struct;

impl Transaction {
    pub(super) fn create_table(
        &mut self,
        database: &Database,
        name: &str,
        draw: Draw<'_>,
    ) -> Result<Vec<Element>> {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.starts_with(first) || !name.chars().all(rest) || name.len() > 128 {
            return bad(format!("'{name}' is no name of a table: letters, digits and _, 128 at most"));
        }
        let tables = self.view(database).tables();
        let is = |table: &Element, field: &str, value: &str| {
            table.as_struct().and_then(|fields| fields.get(field)?.as_text()) == Some(value)
        };
        let active = tables.values().filter(|table| is(table, "status", "ACTIVE"));
        if active.clone().any(|table| is(table, "name", name)) {
            return bad(format!("Table with name: USER.{name} already exists"));
        }
        if active.count() >= limits::ACTIVE_TABLES || tables.len() >= limits::TABLES {
            return Err(Failure::Limit(format!(
                "a ledger has {} active tables at most, and {} in all",
                limits::ACTIVE_TABLES,
                limits::TABLES
            )));
        }
        let id = ids::of(draw());
        let table = Struct::builder()
            .with_field("tableId", &*id)
            .with_field("name", name)
            .with_field("indexes", List::from(Vec::<Element>::new()))
            .with_field("status", "ACTIVE");
        self.write(&CATALOG.into(), CATALOG_NAME, id.clone(), Some(table.build().into()))?;
        Ok(vec![told("tableId", &id)])
    }

    pub(super) fn create_index(
        &mut self,
        database: &Database,
        name: &str,
        field: &str,
        draw: Draw<'_>,
    ) -> Result<Vec<Element>> {
        let (id, table) = self.view(database).table(name)?;
        let expression = format!("[{field}]");
        let there = table.as_struct().and_then(|fields| fields.get("indexes")?.as_list());
        let mut indexes: Vec<Element> = there.into_iter().flat_map(|all| all.iter().cloned()).collect();
        let is_it = |index: &Element| {
            index.as_struct().and_then(|index| index.get("expr")?.as_text()) == Some(expression.as_str())
        };
        if indexes.iter().any(is_it) {
            return bad(format!("Index with expression: {expression} already exists on table USER.{name}"));
        }
        if indexes.len() >= limits::INDEXES {
            return Err(Failure::Limit(format!("a table has {} indexes at most", limits::INDEXES)));
        }
        let index = Struct::builder()
            .with_field("indexId", &*ids::of(draw()))
            .with_field("expr", expression.as_str())
            .with_field("status", "ONLINE");
        indexes.push(index.build().into());
        let indexes = List::from(indexes).into();
        let table = eval::with(&table, &[Step::Field("indexes".to_owned())], &indexes)?;
        self.write(&CATALOG.into(), CATALOG_NAME, id.clone(), Some(table))?;
        Ok(vec![told("tableId", &id)])
    }
}
