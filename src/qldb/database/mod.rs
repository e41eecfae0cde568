//! Tables, documents and their history, as the blocks of a journal make them, and transactions over them. Pure: what is durable,
//! and who asks, is another's business.

pub mod block;
pub mod ids;
mod schema;
mod table;
#[cfg(test)]
mod tests;
mod transaction;
mod view;

pub use transaction::Committed;
pub use transaction::Failure;
pub use transaction::Parameter;
pub use transaction::Transaction;

use ion_rs::Element;
use ion_rs::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use table::Table;

/// Id of the table that describes the tables, as long as any other.
pub const CATALOG: &str = "mlprovCatalogOfTables0";
/// Its name.
pub const CATALOG_NAME: &str = "information_schema.user_tables";

/// Limits of the service ("Quotas and limits in Amazon QLDB").
pub mod limits {
    /// Documents that one transaction may insert, update or delete.
    pub const DOCUMENTS: usize = 40;
    /// Bytes of a document, as Ion binary.
    pub const DOCUMENT: usize = 128 << 10;
    /// Bytes of all documents of a transaction.
    pub const TRANSACTION: usize = 4 << 20;
    pub const ACTIVE_TABLES: usize = 20;
    pub const TABLES: usize = 40;
    pub const INDEXES: usize = 5;
    /// Characters of a statement.
    pub const STATEMENT: usize = 100_000;
}

/// What a document was at some time.
#[derive(Clone, Debug)]
pub struct Revision {
    pub strand: Arc<str>,
    pub sequence: u64,
    pub hash: [u8; 32],
    /// `None`: it was deleted.
    pub data: Option<Arc<Element>>,
    pub id: Arc<str>,
    /// From 0.
    pub version: u64,
    pub time: Timestamp,
    pub transaction: Arc<str>,
}

/// All of it, after some block.
#[derive(Default)]
pub struct Database {
    tables: BTreeMap<Arc<str>, Table>,
    /// Blocks that were applied.
    blocks: u64,
}

impl Database {
    /// What a new block did. `revisions`: with the ids of their tables.
    pub fn apply(&mut self, revisions: impl IntoIterator<Item = (Arc<str>, Revision)>) {
        self.blocks += 1;
        for (id, revision) in revisions {
            if &*id == CATALOG {
                self.describe(&revision);
            }
            self.tables.entry(id).or_default().add(revision, self.blocks);
        }
    }

    /// A table as its description has it by now.
    fn describe(&mut self, revision: &Revision) {
        let Some(fields) = revision.data.as_ref().and_then(|data| data.as_struct()) else { return };
        let table = self.tables.entry(revision.id.clone()).or_default();
        let indexes = fields.get("indexes").and_then(Element::as_list);
        for index in indexes.into_iter().flat_map(|all| all.iter()) {
            let expression = index.as_struct().and_then(|index| index.get("expr")?.as_text());
            let field = expression.and_then(|text| text.strip_prefix('[')?.strip_suffix(']'));
            table.index(field.unwrap_or_default(), self.blocks);
        }
    }

    /// Version of a document as it is by now, deleted or not.
    pub fn version_of(&self, table: &str, document: &str) -> Option<u64> {
        self.tables.get(table)?.last(document).map(|last| last.version)
    }

    /// Revisions of a document, oldest first.
    pub fn history(&self, table: &str, document: &str) -> Vec<Arc<Revision>> {
        self.tables.get(table).map(|table| table.history(document)).unwrap_or_default()
    }
}
