//! The query index of the embedded backend: one SQLite file. Everything in it is derived.
//!
//! SQLite syncs what it commits, so that a power failure leaves one state or the other. That is paid by the
//! first question after new entries, never by a commit.

mod file;
mod pack;
#[cfg(test)]
mod tests;

use crate::domain::comparison;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::LogId;
use crate::ledger::hash::TreeHash;
use crate::ports::StoreError;
use crate::ports::index::Covered;
use crate::ports::index::Found;
use crate::ports::index::Hit;
use crate::ports::index::Named;
use crate::ports::index::QueryIndex;
use crate::ports::index::Row;
use crate::ports::index::Term;
use file::Fault;
use file::IndexFile;
use pack::CHUNK;
use pack::Column;
use pack::DIRECTORIES;
use pack::Number;
use pack::Place;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Statement;
use rusqlite::Transaction;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

type Result<T> = std::result::Result<T, StoreError>;
type Tried<T> = std::result::Result<T, Fault>;

/// Keys that wait to be written together, in their order: the tree of the table is then walked once.
const FILES_AT_ONCE: usize = 100_000;

pub struct LocalIndex {
    file: IndexFile,
    reader: RefCell<Option<Connection>>,
}

impl LocalIndex {
    /// Below `dir`, which must exist before anything is added.
    pub fn new(dir: &Path) -> Self {
        LocalIndex { file: IndexFile::new(dir), reader: RefCell::new(None) }
    }

    /// One look at one state of the file. `None`: there is none to be believed.
    fn read<T>(&self, work: impl FnOnce(&Transaction) -> Tried<T>) -> Result<Option<T>> {
        let mut reader = self.reader.borrow_mut();
        let tried = (|| {
            if reader.is_none() {
                *reader = self.file.reader()?;
            }
            let Some(connection) = reader.as_ref() else { return Ok(None) };
            work(&connection.unchecked_transaction()?).map(Some)
        })();
        tried.map_err(|fault| self.file.error(fault))
    }

    fn write<T>(&self, work: impl FnOnce(&Transaction) -> Tried<T>) -> Result<T> {
        // The file may be another one afterwards.
        self.reader.replace(None);
        self.file.write(work).map_err(|fault| self.file.error(fault))
    }
}

impl QueryIndex for LocalIndex {
    fn covered(&self, log: LogId) -> Result<Option<Covered>> {
        let row = self.read(|t| log_row(t, log))?;
        Ok(row.flatten().map(|(_, covered)| covered))
    }

    fn add(&self, from: u64, rows: &[Row], after: &Covered) -> Result<bool> {
        self.write(|t| {
            let number = match log_row(t, after.log)? {
                Some((number, covered)) if covered.size == from => number,
                None if from == 0 => new_log(t, after.log)?,
                _ => return Ok(false),
            };
            for row in rows {
                if !row.complete {
                    let mark = "INSERT OR IGNORE INTO incomplete (log, leaf) VALUES (?1, ?2)";
                    t.execute(mark, [number, row.index as i64])?;
                }
                add_directories(t, &row.directories)?;
            }
            merge(t, places_of(number, rows))?;
            merge_numbers(t, numbers_of(number, rows))?;
            set_covered(t, number, after)?;
            Ok(true)
        })
    }

    fn complete(&self, covered: &Covered, row: &Row) -> Result<()> {
        self.write(|t| {
            let Some((number, _)) = log_row(t, covered.log)?.filter(|(_, c)| c == covered) else {
                return Ok(());
            };
            add_directories(t, &row.directories)?;
            merge(t, places_of(number, std::slice::from_ref(row)))?;
            merge_numbers(t, numbers_of(number, std::slice::from_ref(row)))?;
            if row.complete {
                let done = "DELETE FROM incomplete WHERE log = ?1 AND leaf = ?2";
                t.execute(done, [number, row.index as i64])?;
            }
            Ok(())
        })
    }

    fn incomplete(&self, covered: &Covered) -> Result<Vec<u64>> {
        let leaves = self.read(|t| {
            let Some((number, _)) = log_row(t, covered.log)? else { return Ok(Vec::new()) };
            let mut all = t.prepare("SELECT leaf FROM incomplete WHERE log = ?1")?;
            let leaves = all.query_map([number], |row| row.get::<_, i64>(0))?;
            let leaves: rusqlite::Result<Vec<i64>> = leaves.collect();
            Ok(leaves?.into_iter().map(|leaf| leaf as u64).collect())
        })?;
        Ok(leaves.unwrap_or_default())
    }

    fn forget(&self, log: LogId) -> Result<()> {
        // Its rows stay under a number that nobody has any more.
        self.write(|t| {
            t.execute("DELETE FROM log WHERE id = ?1", [&log.as_bytes()[..]])?;
            Ok(())
        })
    }

    fn find(&self, term: &Term, logs: &[Covered]) -> Result<Option<Found>> {
        let found = self.read(|t| {
            let Some(numbers) = log_numbers(t, logs)? else { return Ok(None) };
            let Some(places) = posting(t, pack::key(term))? else { return Ok(None) };
            let mut found = Found::default();
            for (number, log) in numbers {
                let hits = places.iter().filter(|p| p.log == number);
                found.hits.extend(hits.map(|p| Hit { log, index: p.index }));
            }
            for place in places.iter().filter(|p| p.log == DIRECTORIES) {
                found.inside.push(directory(t, place.index as i64)?);
            }
            Ok(Some(found))
        })?;
        Ok(found.flatten())
    }

    fn with_number(
        &self,
        name: &Named,
        holds: &dyn Fn(f64) -> bool,
        logs: &[Covered],
    ) -> Result<Option<Vec<Hit>>> {
        let key = pack::key(&name.term(None));
        let found = self.read(|t| {
            let Some(numbers) = log_numbers(t, logs)? else { return Ok(None) };
            let Some(places) = posting(t, key)? else { return Ok(None) };
            let (mut hits, mut find) = (Vec::new(), t.prepare(FIND_NUMBERS)?);
            for (number, log) in numbers {
                let leaves: Vec<u64> = places.iter().filter(|p| p.log == number).map(|p| p.index).collect();
                for leaves in leaves.chunk_by(|a, b| a / CHUNK == b / CHUNK) {
                    let column = Column { key, log: number, chunk: leaves[0] / CHUNK };
                    let values = column_of(&mut find, column)?;
                    let mut known = values.iter().map(|(leaf, _)| *leaf).collect::<Vec<_>>();
                    known.dedup();
                    if known != leaves {
                        return Err(Fault::Bad("numbers of other entries than those with the name"));
                    }
                    let met = values.iter().filter(|(_, value)| holds(*value));
                    hits.extend(met.map(|(leaf, _)| Hit { log, index: *leaf }));
                }
            }
            hits.dedup();
            Ok(Some(hits))
        })?;
        Ok(found.flatten())
    }

    fn unread_directories(&self) -> Result<Vec<Blake3Hash>> {
        let roots = self.read(|t| {
            let mut all = t.prepare("SELECT number, root, read, sum FROM directory")?;
            let mut rows = all.query([])?;
            let mut unread = Vec::new();
            while let Some(row) = rows.next()? {
                let directory = Directory::of(row)?;
                unread.extend((!directory.read).then_some(directory.root));
            }
            Ok(unread)
        })?;
        Ok(roots.unwrap_or_default())
    }

    fn add_directory(
        &self,
        root: &Blake3Hash,
        files: &mut dyn Iterator<Item = Result<Blake3Hash>>,
    ) -> Result<()> {
        self.write(|t| {
            add_directories(t, &[*root])?;
            let find = "SELECT number FROM directory WHERE root = ?1";
            let number: i64 = t.query_row(find, [&root.as_bytes()[..]], |row| row.get(0))?;
            let place = Place { log: DIRECTORIES, index: number as u64 };
            let mut waiting = BTreeMap::new();
            for file in files {
                waiting.insert(pack::key(&Term::Content(file?)), vec![place]);
                if waiting.len() == FILES_AT_ONCE {
                    merge(t, std::mem::take(&mut waiting))?;
                }
            }
            merge(t, waiting)?;
            Directory { number, root: *root, read: true }.store(t)
        })
    }

    fn clear(&self) -> Result<()> {
        self.reader.replace(None);
        self.file.clear().map_err(|fault| self.file.error(fault))
    }
}

fn hash_of(bytes: &[u8]) -> Tried<[u8; 32]> {
    bytes.try_into().map_err(|_| Fault::Bad("a hash of another length"))
}

/// The number of a log, and how far it is covered.
fn log_row(t: &Transaction, log: LogId) -> Tried<Option<(i64, Covered)>> {
    let sql = "SELECT number, size, root, latest_run, sum FROM log WHERE id = ?1";
    let mut found = t.prepare(sql)?;
    let mut rows = found.query([&log.as_bytes()[..]])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let number: i64 = row.get(0)?;
    let root = TreeHash(hash_of(&row.get::<_, Vec<u8>>(2)?)?);
    let latest_run = row.get::<_, Option<i64>>(3)?.map(|i| i as u64);
    let covered = Covered { log, size: row.get::<_, i64>(1)? as u64, root, latest_run };
    if row.get::<_, i64>(4)? != log_sum(number, &covered) {
        return Err(Fault::Bad("the row of a log does not have its checksum"));
    }
    Ok(Some((number, covered)))
}

/// The numbers of logs; `None` if one is not covered as the caller says.
fn log_numbers(t: &Transaction, logs: &[Covered]) -> Tried<Option<Vec<(u64, LogId)>>> {
    let mut numbers = Vec::new();
    for covered in logs {
        let Some((number, _)) = log_row(t, covered.log)?.filter(|(_, c)| c == covered) else {
            return Ok(None);
        };
        numbers.push((number as u64, covered.log));
    }
    Ok(Some(numbers))
}

fn log_sum(number: i64, covered: &Covered) -> i64 {
    let latest = covered.latest_run.map_or([0xff; 8], u64::to_le_bytes);
    let (number, size) = (number.to_le_bytes(), covered.size.to_le_bytes());
    i64::from(pack::checksum(&[&number, covered.log.as_bytes(), &size, &covered.root.0, &latest]))
}

fn new_log(t: &Transaction, log: LogId) -> Tried<i64> {
    let begin = "INSERT INTO log (id, size, root, sum) VALUES (?1, 0, x'', 0)";
    t.execute(begin, [&log.as_bytes()[..]])?;
    Ok(t.last_insert_rowid())
}

fn set_covered(t: &Transaction, number: i64, covered: &Covered) -> Tried<()> {
    let set = "UPDATE log SET size = ?2, root = ?3, latest_run = ?4, sum = ?5 WHERE number = ?1";
    let (size, latest) = (covered.size as i64, covered.latest_run.map(|i| i as i64));
    t.execute(set, (number, size, &covered.root.0[..], latest, log_sum(number, covered)))?;
    Ok(())
}

struct Directory {
    number: i64,
    root: Blake3Hash,
    read: bool,
}

impl Directory {
    fn of(row: &rusqlite::Row<'_>) -> Tried<Self> {
        let root = Blake3Hash(hash_of(&row.get::<_, Vec<u8>>(1)?)?);
        let directory = Directory { number: row.get(0)?, root, read: row.get(2)? };
        match row.get::<_, i64>(3)? == directory.sum() {
            true => Ok(directory),
            false => Err(Fault::Bad("the row of a directory does not have its checksum")),
        }
    }

    fn sum(&self) -> i64 {
        let read = [u8::from(self.read)];
        i64::from(pack::checksum(&[&self.number.to_le_bytes(), self.root.as_bytes(), &read]))
    }

    fn store(&self, t: &Transaction) -> Tried<()> {
        let set = "UPDATE directory SET read = ?2, sum = ?3 WHERE number = ?1";
        t.execute(set, (self.number, self.read, self.sum()))?;
        Ok(())
    }
}

/// Remembers directories whose files are not known yet.
fn add_directories(t: &Transaction, roots: &[Blake3Hash]) -> Tried<()> {
    for root in roots {
        let add = "INSERT OR IGNORE INTO directory (root, read, sum) VALUES (?1, 0, 0)";
        if t.execute(add, [&root.as_bytes()[..]])? == 1 {
            Directory { number: t.last_insert_rowid(), root: *root, read: false }.store(t)?;
        }
    }
    Ok(())
}

fn directory(t: &Transaction, number: i64) -> Tried<Blake3Hash> {
    let mut found = t.prepare("SELECT number, root, read, sum FROM directory WHERE number = ?1")?;
    let mut rows = found.query([number])?;
    let row = rows.next()?.ok_or(Fault::Bad("a directory that is not there"))?;
    Ok(Directory::of(row)?.root)
}

type Waiting = BTreeMap<i64, Vec<Place>>;

fn places_of(number: i64, rows: &[Row]) -> Waiting {
    let mut waiting = Waiting::new();
    for row in rows {
        let place = Place { log: number as u64, index: row.index };
        for term in &row.terms {
            waiting.entry(pack::key(term)).or_default().push(place);
        }
    }
    waiting
}

fn posting(t: &Transaction, key: i64) -> Tried<Option<Vec<Place>>> {
    let find = "SELECT places FROM posting WHERE key = ?1";
    let bytes: Option<Vec<u8>> = t.query_row(find, [key], |row| row.get(0)).optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    let bad = Fault::Bad("an answer does not have its checksum");
    pack::decode(key, &bytes).map(Some).ok_or(bad)
}

/// Adds places to what is there.
fn merge(t: &Transaction, waiting: Waiting) -> Tried<()> {
    let mut find = t.prepare("SELECT places FROM posting WHERE key = ?1")?;
    let mut store = t.prepare("INSERT OR REPLACE INTO posting (key, places) VALUES (?1, ?2)")?;
    for (key, mut places) in waiting {
        let old: Option<Vec<u8>> = find.query_row([key], |row| row.get(0)).optional()?;
        if let Some(bytes) = old {
            let bad = Fault::Bad("an answer does not have its checksum");
            places.extend(pack::decode(key, &bytes).ok_or(bad)?);
        }
        store.execute((key, pack::encode(key, &mut places)))?;
    }
    Ok(())
}

type Columns = BTreeMap<Column, Vec<Number>>;

fn numbers_of(number: i64, rows: &[Row]) -> Columns {
    let mut columns = Columns::new();
    for row in rows {
        for term in &row.terms {
            let (named, value) = match term {
                Term::Parameter { name, value: Some(value) } => (Named::Parameter(name), value),
                Term::Metric { name, value: Some(value) } => (Named::Metric(name), value),
                _ => continue,
            };
            let key = pack::key(&named.term(None));
            let column = Column { key, log: number as u64, chunk: row.index / CHUNK };
            let value = comparison::number(value).unwrap_or(f64::NAN);
            columns.entry(column).or_default().push((row.index, value));
        }
    }
    columns
}

const FIND_NUMBERS: &str = "SELECT numbers FROM number WHERE key = ?1 AND log = ?2 AND chunk = ?3";

fn column_of(find: &mut Statement, column: Column) -> Tried<Vec<Number>> {
    let place = (column.key, column.log as i64, column.chunk as i64);
    let bytes: Option<Vec<u8>> = find.query_row(place, |row| row.get(0)).optional()?;
    let Some(bytes) = bytes else { return Ok(Vec::new()) };
    pack::decode_numbers(column, &bytes).ok_or(Fault::Bad("numbers do not have their checksum"))
}

fn merge_numbers(t: &Transaction, columns: Columns) -> Tried<()> {
    let set = "INSERT OR REPLACE INTO number (key, log, chunk, numbers) VALUES (?1, ?2, ?3, ?4)";
    let (mut store, mut find) = (t.prepare(set)?, t.prepare(FIND_NUMBERS)?);
    for (column, mut numbers) in columns {
        numbers.extend(column_of(&mut find, column)?);
        let bytes = pack::encode_numbers(column, &mut numbers);
        store.execute((column.key, column.log as i64, column.chunk as i64, bytes))?;
    }
    Ok(())
}
