//! The few entries that decide what a word on the command line means. `resolve` is asked about these as it would
//! be about all: the index chooses what it reads, and the rules stay in one place.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::index::Entries;
use crate::app::query;
use crate::app::query::LogEntry;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::domain::arn::ModelPackageArn;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::ports::index::Term;
use std::collections::BTreeSet;
use std::path::Path;

impl Project {
    /// Entries for which `resolve` and `entries_about` answer as for all logs: those that `word` can mean, and
    /// all about what it means. If the index cannot tell, or nothing has that name, those are all entries.
    pub fn entries_for(&self, cwd: &Path, word: &str) -> Result<Vec<LogEntry>> {
        if self.asks_index()?
            && let Some(entries) = self.looked_up(cwd, word)
        {
            return Ok(entries);
        }
        self.all_entries()
    }

    /// The same, and what is signed here and waits for a shared ledger.
    pub fn known_entries_for(&self, cwd: &Path, word: &str) -> Result<Vec<LogEntry>> {
        // First: what is delivered meanwhile is there twice, not missing.
        let queued = self.queued_entries()?;
        let mut entries = self.entries_for(cwd, word)?;
        let known: BTreeSet<EntryId> = entries.iter().map(|e| e.id).collect();
        entries.extend(queued.into_iter().filter(|e| !known.contains(&e.id)));
        Ok(entries)
    }

    fn looked_up(&self, cwd: &Path, word: &str) -> Option<Vec<LogEntry>> {
        let mut entries: Vec<LogEntry> = self.can_mean(cwd, word)?.into_values().collect();
        let target = match resolve::resolve(self, &entries, cwd, word) {
            Ok(target) => target,
            // An index is no proof that there is nothing.
            Err(AppError::UnknownId { .. }) => return None,
            Err(_) => return Some(entries),
        };
        let about = self.find_entries(&term_of(&target))?;
        let known: BTreeSet<(LogId, u64)> = entries.iter().map(|e| (e.log, e.index)).collect();
        entries.extend(about.into_values().filter(|e| !known.contains(&(e.log, e.index))));
        // As `all_entries` has them.
        let own = self.ledger.log();
        entries.sort_by_key(|e| (e.log != own, e.log, e.index));
        query::once(own, &mut entries);
        (!resolve::entries_about(&entries, &target).is_empty()).then_some(entries)
    }

    /// Every entry that `word` can mean by itself, in the cases of [`resolve::resolve`].
    fn can_mean(&self, cwd: &Path, word: &str) -> Option<Entries> {
        if word == "latest" {
            return self.find_latest_run();
        }
        let short = word.strip_prefix("r-").or_else(|| word.strip_prefix("e-"));
        if let Some(digits) = short.filter(|d| resolve::is_hex(d)) {
            return self.find_entries(&Term::of_part(digits)?);
        }
        if let Ok(id) = word.parse::<RunId>() {
            return self.find_entries(&Term::Run(id));
        }
        if let Ok(id) = word.parse::<EntryId>() {
            return self.find_entries(&Term::Entry(id));
        }
        if word.starts_with("arn:") {
            return self.find_entries(&Term::ModelPackage(word.parse().ok()?));
        }
        let mut entries = match word.rsplit_once('/') {
            Some((group, number)) if number.parse::<usize>().is_ok_and(|n| n > 0) => self.of_group(group)?,
            _ => Entries::new(),
        };
        // A revision that git knows means nothing else, but for the package above.
        if self.repo.resolve(word).ok()?.is_some() {
            return Some(entries);
        }
        if resolve::is_hex(word) {
            entries.extend(self.find_entries(&Term::of_part(word)?)?);
        }
        let file = cwd.join(word);
        if file.is_file() {
            entries.extend(self.find_content(&resolve::content_of(&file).ok()?)?);
        }
        Some(entries)
    }

    /// Everything about the packages of a group.
    fn of_group(&self, group: &str) -> Option<Entries> {
        let mut entries = self.find_entries(&Term::ModelGroup(group.to_owned()))?;
        let packages = entries.values().filter_map(|e| Some(e.body()?.model_package.as_ref()?.arn.clone()));
        let arns: BTreeSet<ModelPackageArn> = packages.collect();
        for arn in arns {
            entries.extend(self.find_entries(&Term::ModelPackage(arn))?);
        }
        Some(entries)
    }
}

fn term_of(target: &Target) -> Term {
    match target {
        Target::Run(id) => Term::Run(*id),
        Target::Entry(id) => Term::Entry(*id),
        Target::Commit(id) => Term::Commit(id.clone()),
    }
}
