//! Runs as a table: filtered, sorted, side by side.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::query::LogEntry;
use crate::domain::ParseError;
use crate::domain::comparison;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::RunStatus;
use crate::domain::filter;
use crate::domain::filter::Filter;
use crate::domain::ids::CommitId;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use crate::ports::index::Term;
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct RunsRequest {
    pub filter: Filter,
    /// Runs that read this dataset: its path, or the first digits of its root.
    pub dataset: Option<String>,
    /// A revision: runs that began from it.
    pub commit: Option<String>,
    /// Runs that made a model of this group, or this package.
    pub model: Option<String>,
    pub sweep: Option<String>,
    /// Field to sort by; with a `-` before it the largest first. Else the newest first.
    pub sort: Option<String>,
    pub limit: Option<usize>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRow {
    pub run: RunId,
    pub log: LogId,
    /// Of its end, else of its start.
    pub index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub status: RunStatus,
    /// When it began.
    pub time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<String>,
    pub params: BTreeMap<String, String>,
    pub metrics: BTreeMap<String, String>,
}

impl RunRow {
    /// A field as `--where` names it.
    pub fn field(&self, name: &str) -> Option<String> {
        match name {
            "status" => Some(self.status.to_string()),
            "name" => self.name.clone(),
            "sweep" => self.sweep.clone(),
            "commit" => self.commit.as_ref().map(ToString::to_string),
            "time" => Some(self.time.to_string()),
            name => match name.split_once('.')? {
                ("params", name) => self.params.get(name).cloned(),
                ("metrics", name) => self.metrics.get(name).cloned(),
                _ => None,
            },
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RunsReport {
    pub runs: Vec<RunRow>,
}

pub fn runs(project: &Project, request: &RunsRequest) -> Result<RunsReport> {
    let (sort, descending) = match request.sort.as_deref() {
        Some(field) => match field.strip_prefix('-') {
            Some(field) => (Some(field), true),
            None => (Some(field), false),
        },
        None => (None, false),
    };
    if let Some(field) = sort {
        filter::check_field(field).map_err(|why| ParseError::new("--sort", why, field))?;
    }
    let commit = match &request.commit {
        Some(rev) => {
            let unknown = || AppError::UnknownId { id: rev.clone() };
            Some(project.repo.resolve(rev)?.ok_or_else(unknown)?.id)
        }
        None => None,
    };
    let found = match project.asks_index()? {
        true => project.find_runs(&request.filter, &terms(request, commit.as_ref())),
        false => None,
    };
    let entries = match found {
        Some(entries) => entries.into_values().collect(),
        None => project.all_entries()?,
    };
    let mut rows = Vec::new();
    for entry in last_of_each(&entries).into_values() {
        let Some(body) = entry.body() else { continue };
        if !of_interest(project, request, commit.as_ref(), body)? {
            continue;
        }
        let Some(row) = row(project, entry, body)? else { continue };
        let fields: BTreeMap<&str, Option<String>> =
            request.filter.fields().map(|f| (f, row.field(f))).collect();
        if request.filter.matches(|field| fields.get(field).and_then(|value| value.as_deref())) {
            rows.push(row);
        }
    }
    // Run ids rise with time.
    rows.sort_by_key(|row| std::cmp::Reverse(row.run));
    if let Some(field) = sort {
        let order = |a: &RunRow, b: &RunRow| match (a.field(field), b.field(field)) {
            (Some(a), Some(b)) if descending => comparison::order(&b, &a),
            (Some(a), Some(b)) => comparison::order(&a, &b),
            // Those without it come last, either way.
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        rows.sort_by(|a, b| match order(a, b) {
            Ordering::Equal => b.run.cmp(&a.run),
            other => other,
        });
    }
    rows.truncate(request.limit.unwrap_or(usize::MAX));
    Ok(RunsReport { runs: rows })
}

/// The end of each run, as far as it has one; that nobody saw it gives way to an end that somebody saw.
pub fn last_of_each(entries: &[LogEntry]) -> BTreeMap<RunId, &LogEntry> {
    let mut chosen: BTreeMap<RunId, (u8, &LogEntry)> = BTreeMap::new();
    for entry in entries {
        let Some(body) = entry.body() else { continue };
        let Some(run) = &body.run else { continue };
        let rank = match (&body.kind, &run.status) {
            (Kind::RunStarted, _) | (Kind::RunFinished, RunStatus::Started) => 0,
            (Kind::RunFinished, RunStatus::Unknown) => 1,
            (Kind::RunFinished, _) => 2,
            _ => continue,
        };
        match chosen.get(&run.id) {
            Some((known, _)) if *known >= rank => {}
            _ => _ = chosen.insert(run.id, (rank, entry)),
        }
    }
    chosen.into_iter().map(|(run, (_, entry))| (run, entry)).collect()
}

/// What the index knows the wanted runs by.
fn terms(request: &RunsRequest, commit: Option<&CommitId>) -> Vec<Term> {
    let mut terms = Vec::new();
    terms.extend(commit.cloned().map(Term::Commit));
    terms.extend(request.sweep.clone().map(Term::Sweep));
    terms.extend(request.model.as_ref().map(|model| match model.parse() {
        Ok(arn) => Term::ModelPackage(arn),
        Err(_) => Term::ModelGroup(model.clone()),
    }));
    // What can also be the beginning of a root has more than one answer.
    let name = request.dataset.as_ref().map(|dataset| dataset.trim_end_matches('/'));
    let name = name.filter(|name| !name.starts_with("b3:") && !name.chars().all(|c| c.is_ascii_hexdigit()));
    terms.extend(name.and_then(|name| name.parse().ok()).map(Term::Input));
    terms
}

fn of_interest(
    project: &Project,
    request: &RunsRequest,
    commit: Option<&CommitId>,
    body: &Body,
) -> Result<bool> {
    let Some(run) = &body.run else { return Ok(false) };
    if !matches!(body.kind, Kind::RunStarted | Kind::RunFinished) {
        return Ok(false);
    }
    if request.sweep.is_some() && run.group != request.sweep {
        return Ok(false);
    }
    if commit.is_some_and(|commit| body.source.as_ref().is_none_or(|s| s.commit != *commit)) {
        return Ok(false);
    }
    if let Some(model) = &request.model {
        let of = |package: &crate::domain::entry::ModelPackage| {
            package.group_name == *model || package.arn.to_string() == *model
        };
        if !body.model_package.as_ref().is_some_and(of) {
            return Ok(false);
        }
    }
    let Some(dataset) = &request.dataset else { return Ok(true) };
    let name = dataset.trim_end_matches('/');
    let root = dataset.strip_prefix("b3:").unwrap_or(dataset);
    let by_root = |digest: String| root.len() >= 4 && digest.starts_with(root);
    // A list that cannot be read says nothing; `verify` reports it.
    let inputs = project.list(&body.inputs).unwrap_or_default();
    Ok(inputs.iter().any(|input| input.name.as_str() == name || by_root(input.digest.blake3.to_string())))
}

fn row(project: &Project, entry: &LogEntry, body: &Body) -> Result<Option<RunRow>> {
    let Some(run) = &body.run else { return Ok(None) };
    let params = project.list(&body.parameters).unwrap_or_default();
    let metrics = project.list(&body.metrics).unwrap_or_default();
    Ok(Some(RunRow {
        run: run.id,
        log: entry.log,
        index: entry.index,
        name: run.name.clone(),
        status: run.status.clone(),
        time: run.started_on.clone(),
        commit: body.source.as_ref().map(|source| source.commit.clone()),
        sweep: run.group.clone(),
        params: params.into_iter().map(|p| (p.name, p.value)).collect(),
        metrics: metrics.into_iter().map(|m| (m.name, m.value)).collect(),
    }))
}
