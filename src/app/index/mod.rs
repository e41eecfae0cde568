//! The query index, kept up with the log. What it says is a place to look: every entry is read from the log
//! again, and must be about what was asked. Nothing that records or verifies comes here.

mod files;
mod rows;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::query::LogEntry;
use crate::domain::digest::Blake3Hash;
use crate::ledger::batch;
use crate::ledger::hash;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::commit_store::StoredEntry;
use crate::ports::index::Covered;
use crate::ports::index::Found;
use crate::ports::index::Row;
use crate::ports::index::Term;
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

/// Entries by their index.
pub type Entries = BTreeMap<u64, LogEntry>;

impl LogEntry {
    fn of(stored: &StoredEntry<'_>) -> Self {
        let read = batch::open(stored.bytes).map(|(_, body)| body);
        LogEntry { index: stored.index, id: stored.id, bytes: stored.bytes.to_vec(), read }
    }
}

impl Project {
    /// Whether questions about this log go through the index.
    pub fn asks_index(&self) -> Result<bool> {
        Ok(self.ledger.head()?.size() >= self.index_from)
    }

    /// Indexes what the log holds and the index does not. What is indexed of another tree than the log's is dropped.
    pub fn catch_up_index(&self) -> Result<Covered> {
        let log = self.ledger.log();
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            // In this order: a log that grows in between is larger than the index, never smaller.
            let have = self.index.covered(log)?;
            let head = self.ledger.head()?;
            let tree = match &have {
                Some(c) if c.size == head.size() && c.root == head.root() => return Ok(*c),
                Some(c) => self.ledger.tree_at(c.size)?.filter(|tree| tree.root() == c.root),
                None => None,
            };
            let begin = match (have, tree) {
                (Some(covered), Some(tree)) => Growth { covered, tree },
                (have, _) => {
                    if have.is_some() {
                        self.index.forget(log)?;
                    }
                    let tree = Frontier::default();
                    Growth { covered: Covered { log, size: 0, root: tree.root(), latest_run: None }, tree }
                }
            };
            let before = begin.covered.size;
            let after = self.grow_index(begin, head.size())?;
            attempts = if after > before { 0 } else { attempts + 1 };
        }
        let what = INDEX.to_owned();
        Err(StoreError::Locked { what, holder: "other processes, which change it all the time".into() }
            .into())
    }

    /// Adds entries up to `size`. Returns how far that went: another process may have done the same.
    fn grow_index(&self, mut growth: Growth, size: u64) -> Result<u64> {
        let mut raw = Vec::new();
        let mut result = Ok(true);
        self.ledger.read(growth.covered.size, &mut |stored| {
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
        Ok(growth.covered.size)
    }

    fn add_to_index(
        &self,
        growth: &mut Growth,
        raw: Vec<(u64, crate::domain::ids::EntryId, Vec<u8>)>,
    ) -> Result<bool> {
        let entries: Vec<LogEntry> = raw
            .par_iter()
            .map(|(index, id, bytes)| LogEntry::of(&StoredEntry { index: *index, id: *id, bytes }))
            .collect();
        let about_runs = entries.iter().filter(|e| e.body().is_some_and(|b| b.run.is_some()));
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
        Ok(self.catch_up_index()?.size)
    }

    /// One entry, read from the log.
    pub fn entry_at(&self, index: u64) -> Result<Option<LogEntry>> {
        let mut found = None;
        self.ledger.read(index, &mut |stored| {
            found = (stored.index == index).then(|| LogEntry::of(&stored));
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Every entry about a term, and perhaps others; `None` if only the log itself can tell.
    pub fn find_entries(&self, term: &Term) -> Option<Entries> {
        self.ask_index(&|| self.entries_with(term))
    }

    /// Every entry that names this content, or a directory that holds it.
    pub fn find_content(&self, content: &Blake3Hash) -> Option<Entries> {
        self.ask_index(&|| {
            let covered = self.catch_up_index()?;
            self.read_directories()?;
            let Some(found) = self.index.find(&Term::Content(*content), &[covered])? else { return Ok(None) };
            let mut entries = Entries::new();
            for root in &found.inside {
                let Some(more) = self.entries_with(&Term::DataRoot(*root))? else { return Ok(None) };
                entries.extend(more);
            }
            let Some(own) = self.fetch(&Term::Content(*content), &found, &covered)? else { return Ok(None) };
            entries.extend(own);
            Ok(self.add_incomplete(&covered, &mut entries)?.then_some(entries))
        })
    }

    /// The last entry about a run, alone.
    pub fn find_latest_run(&self) -> Option<Entries> {
        self.ask_index(&|| {
            let Some(index) = self.catch_up_index()?.latest_run else { return Ok(None) };
            let entry = self.entry_at(index)?;
            let Some(entry) = entry.filter(|e| e.body().is_some_and(|b| b.run.is_some())) else {
                return Err(led_astray(index));
            };
            Ok(Some([(index, entry)].into()))
        })
    }

    fn entries_with(&self, term: &Term) -> Result<Option<Entries>> {
        let covered = self.catch_up_index()?;
        let Some(found) = self.index.find(term, &[covered])? else { return Ok(None) };
        self.fetch(term, &found, &covered)
    }

    /// Reads what the index points to. An entry that is about something else shows that the index is wrong.
    fn fetch(&self, term: &Term, found: &Found, covered: &Covered) -> Result<Option<Entries>> {
        if too_many(found.hits.len(), covered) {
            return Ok(None);
        }
        let mut entries = Entries::new();
        for hit in &found.hits {
            let entry = self.entry_at(hit.index)?.ok_or_else(|| led_astray(hit.index))?;
            let row = self.row_of(&entry);
            // What can no longer be read cannot be compared either; the reader of the answer looks again.
            if row.complete && !row.terms.contains(term) {
                return Err(led_astray(hit.index));
            }
            entries.insert(hit.index, entry);
        }
        Ok(Some(entries))
    }

    /// Entries of which not all could be read when they were indexed may be about anything. False: too many.
    fn add_incomplete(&self, covered: &Covered, entries: &mut Entries) -> Result<bool> {
        let leaves = self.index.incomplete(covered)?;
        if too_many(leaves.len(), covered) {
            return Ok(false);
        }
        for index in leaves {
            let entry = self.entry_at(index)?.ok_or_else(|| led_astray(index))?;
            let row = self.row_of(&entry);
            if row.complete {
                self.index.complete(covered, &row)?;
            }
            entries.insert(index, entry);
        }
        Ok(true)
    }

    /// An index that contradicts itself or the log is made again, once. Every other failure is one to do without
    /// it: reading the log will say what is wrong, if it is the log.
    fn ask_index(&self, question: &dyn Fn() -> Result<Option<Entries>>) -> Option<Entries> {
        match question() {
            Ok(answer) => return answer,
            Err(AppError::Store(StoreError::Corrupt { what, .. })) if what == INDEX => {}
            Err(_) => return None,
        }
        self.index.clear().ok()?;
        question().ok().flatten()
    }
}

/// How far the index goes, with the tree up to there.
struct Growth {
    covered: Covered,
    tree: Frontier,
}

fn too_many(hits: usize, covered: &Covered) -> bool {
    hits as u64 > (covered.size / ONE_IN).max(ALWAYS)
}

/// What damage to the index is reported of.
const INDEX: &str = crate::ports::index::NAME;

fn led_astray(index: u64) -> AppError {
    let (at, why) = (format!("entry {index}"), "it is not what the index says".to_owned());
    StoreError::Corrupt { what: INDEX.into(), at, why }.into()
}
