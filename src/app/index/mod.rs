//! The query index, kept up with the logs. What it says is a place to look: every entry is read from its log
//! again, and must be about what was asked. Nothing that records or verifies comes here.

mod files;
mod rows;
mod runs;
mod words;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::query::LogEntry;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::ledger::batch;
use crate::ledger::hash;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::index::Covered;
use crate::ports::index::Found;
use crate::ports::index::Row;
use crate::ports::index::Term;
use crate::ports::log_reader::LogReader;
use crate::ports::log_reader::StoredEntry;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Entries from which on the index is asked. A smaller log is read as quickly as a file is opened and synced.
pub const LARGE: u64 = 1000;
/// Entries that are added in one transaction. Their terms lie in memory, about 5 KB for each.
const CHUNK: usize = 8192;
/// Reading the log through is quicker than to fetch one entry in so many; of a small log, all.
const ONE_IN: u64 = 8;
const ALWAYS: u64 = 64;
/// How often another process may come first before this one does without.
const ATTEMPTS: usize = 20;

/// Entries by their log (in the order of [`Project::readers`]) and index.
pub type Entries = BTreeMap<(usize, u64), LogEntry>;

type Readers<'a> = [Box<dyn LogReader + 'a>];

impl LogEntry {
    pub fn of(log: LogId, stored: &StoredEntry<'_>) -> Self {
        let read = batch::open(stored.bytes).map(|(_, body)| body);
        LogEntry { log, index: stored.index, id: stored.id, bytes: stored.bytes.to_vec(), read }
    }
}

impl Project {
    /// Whether questions about the logs go through the index.
    pub fn asks_index(&self) -> Result<bool> {
        let mut size = 0;
        for log in self.readers()? {
            size += log.head()?.size();
        }
        Ok(size >= self.index_from)
    }

    /// Indexes what the logs hold and the index does not.
    pub fn catch_up_index(&self) -> Result<Vec<Covered>> {
        self.cover(&self.readers()?)
    }

    fn cover(&self, logs: &Readers<'_>) -> Result<Vec<Covered>> {
        logs.iter().map(|log| self.cover_log(&**log)).collect()
    }

    /// What is indexed of another tree than the log's is dropped.
    fn cover_log(&self, log: &dyn LogReader) -> Result<Covered> {
        let id = log.log();
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            // In this order: a log that grows in between is larger than the index, never smaller.
            let have = self.index.covered(id)?;
            let head = log.head()?;
            let tree = match &have {
                Some(c) if c.size == head.size() && c.root == head.root() => return Ok(*c),
                Some(c) => log.tree_at(c.size)?.filter(|tree| tree.root() == c.root),
                None => None,
            };
            let begin = match (have, tree) {
                (Some(covered), Some(tree)) => Growth { covered, tree },
                (have, _) => {
                    if have.is_some() {
                        self.index.forget(id)?;
                    }
                    let tree = Frontier::default();
                    let root = tree.root();
                    Growth { covered: Covered { log: id, size: 0, root, latest_run: None }, tree }
                }
            };
            let before = begin.covered.size;
            let after = self.grow_index(log, begin, head.size())?;
            // Of a published log the tree is told by its tiles: they may contradict its entries.
            if after.size == head.size() && after.root != head.root() {
                let why = "its entries do not give the tree that it is said to have".to_owned();
                return Err(StoreError::Corrupt { what: "log".into(), at: id.to_string(), why }.into());
            }
            attempts = if after.size > before { 0 } else { attempts + 1 };
        }
        let what = INDEX.to_owned();
        Err(StoreError::Locked { what, holder: "other processes, which change it all the time".into() }
            .into())
    }

    /// Adds entries up to `size`. Returns how far that went: another process may have done the same.
    fn grow_index(&self, log: &dyn LogReader, mut growth: Growth, size: u64) -> Result<Covered> {
        let mut raw = Vec::new();
        let mut result = Ok(true);
        log.read(growth.covered.size, &mut |stored| {
            growth.tree.push(hash::leaf(stored.bytes));
            raw.push((stored.index, stored.id, stored.bytes.to_vec()));
            let last = growth.tree.size() >= size;
            if raw.len() == CHUNK || last {
                result = self.add_to_index(&mut growth, std::mem::take(&mut raw));
            }
            let go_on = matches!(result, Ok(true)) && !last;
            if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        result?;
        Ok(growth.covered)
    }

    fn add_to_index(&self, growth: &mut Growth, raw: Vec<(u64, EntryId, Vec<u8>)>) -> Result<bool> {
        let log = growth.covered.log;
        let entries: Vec<LogEntry> = raw
            .par_iter()
            .map(|(index, id, bytes)| LogEntry::of(log, &StoredEntry { index: *index, id: *id, bytes }))
            .collect();
        let about_runs = entries.iter().filter(|e| e.is_of_run());
        let after = Covered {
            size: growth.tree.size(),
            root: growth.tree.root(),
            latest_run: about_runs.map(|e| e.index).next_back().or(growth.covered.latest_run),
            ..growth.covered
        };
        let rows: Vec<Row> = entries.iter().map(|e| self.row_of(e)).collect();
        let added = self.index.add(growth.covered.size, &rows, &after)?;
        if added {
            growth.covered = after;
        }
        Ok(added)
    }

    /// Drops the index and makes it again. Returns how many entries it covers.
    pub fn rebuild_index(&self) -> Result<u64> {
        self.index.clear()?;
        Ok(self.catch_up_index()?.iter().map(|covered| covered.size).sum())
    }

    /// Every entry about a term, and perhaps others; `None` if only the logs themselves can tell.
    pub fn find_entries(&self, term: &Term) -> Option<Entries> {
        self.ask_index(&|logs| self.entries_with(term, logs))
    }

    /// Every entry that names this content, or a directory that holds it.
    pub fn find_content(&self, content: &Blake3Hash) -> Option<Entries> {
        self.ask_index(&|logs| {
            let covered = self.cover(logs)?;
            self.read_directories()?;
            let Some(found) = self.index.find(&Term::Content(*content), &covered)? else { return Ok(None) };
            let mut entries = Entries::new();
            for root in &found.inside {
                let Some(more) = self.entries_with(&Term::DataRoot(*root), logs)? else { return Ok(None) };
                entries.extend(more);
            }
            let Some(own) = self.fetch(&Term::Content(*content), &found, &covered, logs)? else {
                return Ok(None);
            };
            entries.extend(own);
            Ok(self.add_incomplete(&covered, logs, &mut entries)?.then_some(entries))
        })
    }

    /// The last entry about a run in this clone's own log, alone.
    pub fn find_latest_run(&self) -> Option<Entries> {
        self.ask_index(&|logs| {
            let Some(index) = self.cover_log(&*logs[0])?.latest_run else { return Ok(None) };
            let entry = entry_at(&*logs[0], index)?;
            let Some(entry) = entry.filter(LogEntry::is_of_run) else {
                return Err(led_astray(index));
            };
            Ok(Some([((0, index), entry)].into()))
        })
    }

    fn entries_with(&self, term: &Term, logs: &Readers<'_>) -> Result<Option<Entries>> {
        let covered = self.cover(logs)?;
        let Some(found) = self.index.find(term, &covered)? else { return Ok(None) };
        self.fetch(term, &found, &covered, logs)
    }

    /// Reads what the index points to. An entry that is about something else shows that the index is wrong.
    fn fetch(
        &self,
        term: &Term,
        found: &Found,
        covered: &[Covered],
        logs: &Readers<'_>,
    ) -> Result<Option<Entries>> {
        if too_many(found.hits.len(), covered) {
            return Ok(None);
        }
        let mut entries = Entries::new();
        for hit in &found.hits {
            let at = logs.iter().position(|log| log.log() == hit.log).ok_or_else(|| led_astray(hit.index))?;
            let entry = entry_at(&*logs[at], hit.index)?.ok_or_else(|| led_astray(hit.index))?;
            let row = self.row_of(&entry);
            // What can no longer be read cannot be compared either; the reader of the answer looks again.
            if row.complete && !row.terms.contains(term) {
                return Err(led_astray(hit.index));
            }
            entries.insert((at, hit.index), entry);
        }
        Ok(Some(entries))
    }

    /// Entries of which not all could be read when they were indexed may be about anything. False: too many.
    fn add_incomplete(&self, covered: &[Covered], logs: &Readers<'_>, entries: &mut Entries) -> Result<bool> {
        for (at, (covered, log)) in covered.iter().zip(logs).enumerate() {
            let leaves = self.index.incomplete(covered)?;
            if too_many(leaves.len(), std::slice::from_ref(covered)) {
                return Ok(false);
            }
            for index in leaves {
                let entry = entry_at(&**log, index)?.ok_or_else(|| led_astray(index))?;
                let row = self.row_of(&entry);
                if row.complete {
                    self.index.complete(covered, &row)?;
                }
                entries.insert((at, index), entry);
            }
        }
        Ok(true)
    }

    /// An index that contradicts itself or a log is made again, once. Every other failure is one to do without
    /// it: reading the logs will say what is wrong, if it is a log.
    fn ask_index(&self, question: &dyn Fn(&Readers<'_>) -> Result<Option<Entries>>) -> Option<Entries> {
        let logs = self.readers().ok()?;
        match question(&logs) {
            Ok(answer) => return answer,
            Err(AppError::Store(StoreError::Corrupt { what, .. })) if what == INDEX => {}
            Err(_) => return None,
        }
        self.index.clear().ok()?;
        question(&logs).ok().flatten()
    }
}

/// One entry, read from its log.
fn entry_at(log: &dyn LogReader, index: u64) -> Result<Option<LogEntry>> {
    let mut found = None;
    log.read(index, &mut |stored| {
        found = (stored.index == index).then(|| LogEntry::of(log.log(), &stored));
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// How far the index goes, with the tree up to there.
struct Growth {
    covered: Covered,
    tree: Frontier,
}

fn too_many(hits: usize, covered: &[Covered]) -> bool {
    let size: u64 = covered.iter().map(|c| c.size).sum();
    hits as u64 > (size / ONE_IN).max(ALWAYS)
}

/// What damage to the index is reported of.
const INDEX: &str = crate::ports::index::NAME;

fn led_astray(index: u64) -> AppError {
    let (at, why) = (format!("entry {index}"), "it is not what the index says".to_owned());
    StoreError::Corrupt { what: INDEX.into(), at, why }.into()
}
