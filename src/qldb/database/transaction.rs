//! A transaction: statements, what they read, what they change, and the digest that both sides must agree on.

use super::CATALOG;
use super::Database;
use super::ids;
use super::limits;
use super::view::Read;
use super::view::Reads;
use super::view::View;
use super::view::Writes;
use crate::qldb::commit_digest::CommitDigest;
use crate::qldb::document;
use crate::qldb::hash::Hash;
use crate::qldb::ion_hash::IonHasher;
use crate::qldb::ion_hash::Sha256;
use crate::qldb::partiql;
use crate::qldb::partiql::ast::Expression;
use crate::qldb::partiql::ast::Path;
use crate::qldb::partiql::ast::Source;
use crate::qldb::partiql::ast::Statement;
use crate::qldb::partiql::ast::Step;
use crate::qldb::partiql::ast::Values;
use crate::qldb::partiql::eval;
use crate::qldb::partiql::eval::Refused;
use crate::qldb::partiql::eval::Row;
use crate::qldb::partiql::eval::Rows;
use crate::qldb::partiql::eval::Scope;
use ion_rs::Element;
use ion_rs::Struct;
use ion_rs::Timestamp;
use ion_rs::v1_0::Binary;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a statement or a commit is not carried out. The transaction is as it was.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// The statement is none, or asks for what cannot be.
    #[error("{0}")]
    Bad(String),
    /// Something that it read was changed since.
    #[error("Optimistic concurrency control failure")]
    Conflict,
    /// More than a transaction may do.
    #[error("{0}")]
    Limit(String),
}

impl From<Refused> for Failure {
    fn from(Refused(why): Refused) -> Self {
        Failure::Bad(why)
    }
}

pub type Result<T> = std::result::Result<T, Failure>;

pub(super) fn bad<T>(why: impl Into<String>) -> Result<T> {
    Err(Failure::Bad(why.into()))
}

/// What stands for a `?`.
pub struct Parameter {
    pub value: Element,
    /// Ion Hash of it as it was sent.
    pub hash: Hash,
}

impl Parameter {
    /// Of one Ion value, in either form.
    pub fn read(bytes: &[u8]) -> Result<Parameter> {
        let (value, hash) = document::read(bytes).map_err(|e| Failure::Bad(format!("a parameter: {e}")))?;
        Ok(Parameter { value, hash })
    }
}

/// A document as the transaction leaves it.
#[derive(Clone, Debug)]
pub struct Write {
    /// `None`: deleted.
    pub data: Option<Arc<Element>>,
    /// Name of its table.
    pub table: Arc<str>,
    /// Which statements did it.
    pub statements: BTreeSet<usize>,
    bytes: usize,
}

/// A statement as it goes into the journal.
#[derive(Clone, Debug)]
pub struct Executed {
    pub text: String,
    pub start: Timestamp,
    pub digest: Hash,
}

pub struct Transaction {
    id: Arc<str>,
    digest: CommitDigest,
    executed: Vec<Executed>,
    reads: RefCell<Reads>,
    writes: Writes,
    hasher: IonHasher<Sha256>,
}

/// What a transaction did, to be made a block.
pub struct Committed {
    pub transaction: Arc<str>,
    pub executed: Vec<Executed>,
    pub writes: Writes,
}

/// Draws ids: 128 random bits each.
pub type Draw<'a> = &'a dyn Fn() -> u128;

impl Transaction {
    pub fn new(id: Arc<str>) -> Self {
        let mut hasher = IonHasher::default();
        let digest = CommitDigest::of_transaction(&id, &mut hasher);
        Transaction {
            id,
            digest,
            executed: Vec::new(),
            reads: RefCell::default(),
            writes: Writes::new(),
            hasher,
        }
    }

    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Over the transaction's id and its statements so far.
    pub fn digest(&self) -> Hash {
        self.digest.hash()
    }

    /// Rows that the statement answers with.
    pub fn execute(
        &mut self,
        database: &Database,
        text: &str,
        parameters: Vec<Parameter>,
        now: Timestamp,
        draw: Draw<'_>,
    ) -> Result<Vec<Element>> {
        if text.chars().count() > limits::STATEMENT {
            return bad(format!("a statement has {} characters at most", limits::STATEMENT));
        }
        let (statement, wanted) = partiql::parse(text).map_err(|e| Failure::Bad(e.to_string()))?;
        if wanted != parameters.len() {
            return bad(format!(
                "the statement has {wanted} parameters, and {} were given",
                parameters.len()
            ));
        }
        let mut digest = self.hasher.sha256_of_text(text);
        for parameter in &parameters {
            digest = crate::qldb::hash::dot(&digest, &parameter.hash);
        }
        let values: Vec<Element> = parameters.into_iter().map(|parameter| parameter.value).collect();
        let before = self.writes.clone();
        let answered = self.carry_out(database, &statement, &values, draw).and_then(|rows| {
            self.check_limits()?;
            Ok(rows)
        });
        match answered {
            Ok(rows) => {
                self.digest.add(&digest);
                self.executed.push(Executed { text: text.to_owned(), start: now, digest });
                Ok(rows)
            }
            Err(e) => {
                self.writes = before;
                Err(e)
            }
        }
    }

    fn carry_out(
        &mut self,
        database: &Database,
        statement: &Statement,
        parameters: &[Element],
        draw: Draw<'_>,
    ) -> Result<Vec<Element>> {
        match statement {
            Statement::Select(select) => Ok(eval::select(select, parameters, &self.view(database))?),
            Statement::Insert { table, values } => {
                let (id, _) = self.view(database).table(table)?;
                let documents = documents(values, parameters)?;
                let mut answer = Vec::new();
                for document in documents {
                    let of = ids::of(draw());
                    answer.push(told("documentId", &of));
                    self.write(&id, table, of, Some(document))?;
                }
                Ok(answer)
            }
            Statement::Update { target, set, filter } => {
                let (id, name) = self.target(database, target)?;
                let changed =
                    self.matching(database, target, filter.as_ref(), parameters, &|scope, row| {
                        let mut document = Element::clone(&row.value);
                        for (path, to) in set {
                            let Some(to) = scope.value(to)? else {
                                return Err(Refused("what is to be set is not there".to_owned()));
                            };
                            document = eval::with(&document, &steps(target, path), &to)?;
                        }
                        Ok(Some(document))
                    })?;
                self.write_all(&id, &name, changed)
            }
            Statement::Delete { target, filter } => {
                let (id, name) = self.target(database, target)?;
                let gone = self.matching(database, target, filter.as_ref(), parameters, &|_, _| Ok(None))?;
                self.write_all(&id, &name, gone)
            }
            Statement::CreateTable { name } => self.create_table(database, name, draw),
            Statement::DropTable { name } => {
                let (id, table) = self.view(database).table(name)?;
                let table =
                    eval::with(&table, &[Step::Field("status".to_owned())], &Element::string("INACTIVE"))?;
                self.write(&CATALOG.into(), super::CATALOG_NAME, id.clone(), Some(table))?;
                Ok(vec![told("tableId", &id)])
            }
            Statement::CreateIndex { table, field } => self.create_index(database, table, field, draw),
        }
    }

    pub(super) fn view<'a>(&'a self, database: &'a Database) -> View<'a> {
        View { database, writes: &self.writes, reads: &self.reads }
    }

    fn target(&self, database: &Database, target: &Source) -> Result<(Arc<str>, String)> {
        use crate::qldb::partiql::ast::Relation;
        let Relation::Table(name) = &target.relation else {
            return bad("only documents of a table can be changed");
        };
        Ok((self.view(database).table(name)?.0, name.clone()))
    }

    /// Documents of which the condition holds, each with what becomes of it.
    fn matching(
        &self,
        database: &Database,
        target: &Source,
        filter: Option<&Expression>,
        parameters: &[Element],
        becomes: &dyn Fn(&Scope<'_>, &Row) -> eval::Result<Option<Element>>,
    ) -> Result<Vec<(Arc<str>, Option<Element>)>> {
        let view = self.view(database);
        let scope = Scope::new(parameters);
        let narrowed = eval::narrowed(filter, target, true, &scope)?;
        let mut changed = Vec::new();
        for row in view.rows(target, &narrowed, &scope)? {
            let mut scope = Scope::new(parameters);
            scope.add(target, &row);
            if scope.holds(filter)? {
                changed.push((row.id.clone(), becomes(&scope, &row)?));
            }
        }
        Ok(changed)
    }

    fn write_all(
        &mut self,
        table: &Arc<str>,
        name: &str,
        all: Vec<(Arc<str>, Option<Element>)>,
    ) -> Result<Vec<Element>> {
        let mut answer = Vec::new();
        for (id, data) in all {
            answer.push(told("documentId", &id));
            self.write(table, name, id, data)?;
        }
        Ok(answer)
    }

    pub(super) fn write(
        &mut self,
        table: &Arc<str>,
        name: &str,
        id: Arc<str>,
        data: Option<Element>,
    ) -> Result<()> {
        let bytes = match &data {
            None => 0,
            Some(data) if data.as_struct().is_none() || data.is_null() => {
                return bad("a document is a struct");
            }
            Some(data) => {
                let encoded = data.encode_as(Binary).map_err(|e| Failure::Bad(e.to_string()))?;
                encoded.len()
            }
        };
        if bytes > limits::DOCUMENT {
            return Err(Failure::Limit(format!(
                "a document has {bytes} bytes, and {} are the most",
                limits::DOCUMENT
            )));
        }
        let last = self.executed.len();
        let write = self.writes.entry((table.clone(), id)).or_insert_with(|| Write {
            data: None,
            table: name.into(),
            statements: BTreeSet::new(),
            bytes: 0,
        });
        write.data = data.map(Arc::new);
        write.bytes = bytes;
        write.statements.insert(last);
        Ok(())
    }

    fn check_limits(&self) -> Result<()> {
        if self.writes.len() > limits::DOCUMENTS {
            return Err(Failure::Limit(format!(
                "a transaction changes {} documents at most",
                limits::DOCUMENTS
            )));
        }
        let bytes: usize = self.writes.values().map(|write| write.bytes).sum();
        if bytes > limits::TRANSACTION {
            return Err(Failure::Limit(format!(
                "a transaction writes {} bytes at most",
                limits::TRANSACTION
            )));
        }
        Ok(())
    }

    /// Whether nothing that was looked at has changed since.
    fn holds(&self, database: &Database) -> bool {
        let changed = |read: &Read| match read {
            Read::Table(table) => database.tables.get(table).map_or(0, |table| table.changed()),
            Read::Document(table, id) => {
                database.tables.get(table).map_or(0, |table| table.document_changed(id))
            }
            Read::Key(table, field, key) => {
                database.tables.get(table).map_or(0, |table| table.key_changed(field, key))
            }
        };
        self.reads.borrow().iter().all(|(read, at)| changed(read) <= *at)
    }

    /// What is to be journaled. `digest`: what the client computed.
    pub fn commit(self, database: &Database, digest: &[u8]) -> Result<Committed> {
        if digest != self.digest.hash().0 {
            return bad("the commit digest is not that of the transaction's statements");
        }
        if !self.holds(database) {
            return Err(Failure::Conflict);
        }
        Ok(Committed { transaction: self.id, executed: self.executed, writes: self.writes })
    }
}

/// What is below the document that is changed.
fn steps(target: &Source, path: &Path) -> Vec<Step> {
    match target.name() == Some(&path.root) {
        true => path.steps.clone(),
        false => std::iter::once(Step::Field(path.root.clone())).chain(path.steps.iter().cloned()).collect(),
    }
}

/// A list is as many documents as it has items.
fn documents(values: &Values, parameters: &[Element]) -> Result<Vec<Element>> {
    let scope = Scope::new(parameters);
    let value = |of: &Expression| -> Result<Element> {
        match scope.value(of)? {
            Some(value) => Ok(value.into_owned()),
            None => bad("what is to be inserted is not there"),
        }
    };
    match values {
        Values::One(one) => {
            let one = value(one)?;
            match one.as_sequence() {
                Some(all) => Ok(all.iter().cloned().collect()),
                None => Ok(vec![one]),
            }
        }
        Values::Many(all) => all.iter().map(value).collect(),
    }
}

pub(super) fn told(name: &str, id: &str) -> Element {
    Struct::builder().with_field(name, id).build().into()
}
