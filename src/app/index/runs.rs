//! Runs by the values of their parameters and metrics.

use super::Entries;
use super::Readers;
use super::entry_at;
use super::led_astray;
use super::too_many;
use crate::app::Project;
use crate::app::Result;
use crate::domain::filter::Condition;
use crate::domain::filter::Filter;
use crate::ports::index::Covered;
use crate::ports::index::Hit;
use crate::ports::index::Named;
use crate::ports::index::Term;
use std::collections::BTreeSet;

impl Project {
    /// All entries of every run of which one entry meets a filter and is about all terms, and perhaps of others; `None`
    /// if only the logs themselves can tell.
    pub fn find_runs(&self, filter: &Filter, terms: &[Term]) -> Option<Entries> {
        self.ask_index(&|logs| {
            let covered = self.cover(logs)?;
            let mut found = Vec::new();
            for term in terms {
                found.push(self.index.find(term, &covered)?.map(|found| found.hits));
            }
            for (named, condition) in filter.conditions().iter().filter_map(sought) {
                found.push(self.with_value(named, condition, &covered)?);
            }
            let Some(found) = found.into_iter().collect::<Option<Vec<Vec<Hit>>>>() else { return Ok(None) };
            let found = found.into_iter().map(BTreeSet::from_iter);
            // One entry must meet all of them.
            let Some(hits) = found.reduce(|a: BTreeSet<Hit>, b| &a & &b) else { return Ok(None) };
            if too_many(hits.len(), &covered) {
                return Ok(None);
            }
            self.runs_at(&hits, &covered, logs)
        })
    }

    fn with_value(&self, named: Named, condition: &Condition, logs: &[Covered]) -> Result<Option<Vec<Hit>>> {
        if condition.number().is_some() {
            return Ok(self.index.with_number(&named, &|found| condition.holds_for(found), logs)?);
        }
        let found = self.index.find(&named.term(Some(condition.value.clone())), logs)?;
        Ok(found.map(|found| found.hits))
    }

    /// All entries of the runs that have entries there.
    fn runs_at(
        &self,
        hits: &BTreeSet<Hit>,
        covered: &[Covered],
        logs: &Readers<'_>,
    ) -> Result<Option<Entries>> {
        let mut entries = Entries::new();
        for hit in hits {
            let at = logs.iter().position(|log| log.log() == hit.log).ok_or_else(|| led_astray(hit.index))?;
            let entry = entry_at(&*logs[at], hit.index)?.ok_or_else(|| led_astray(hit.index))?;
            entries.insert((at, hit.index), entry);
        }
        if !self.add_incomplete(covered, logs, &mut entries)? {
            return Ok(None);
        }
        let runs: BTreeSet<_> =
            entries.values().filter_map(|entry| Some(entry.body()?.run.as_ref()?.id)).collect();
        for run in runs {
            let term = Term::Run(run);
            let Some(found) = self.index.find(&term, covered)? else { return Ok(None) };
            let Some(more) = self.fetch(&term, &found, covered, logs)? else { return Ok(None) };
            entries.extend(more);
        }
        Ok(Some(entries))
    }
}

/// What the index can say of a condition.
fn sought(condition: &Condition) -> Option<(Named<'_>, &Condition)> {
    let named = match condition.field.split_once('.')? {
        ("params", name) => Named::Parameter(name),
        ("metrics", name) => Named::Metric(name),
        _ => return None,
    };
    condition.selects().then_some((named, condition))
}
