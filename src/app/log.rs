//! `log`: what was recorded, newest first.

use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::commit::Queued;
use crate::app::commit::Waiting;
use crate::app::query::LogEntry;
use crate::domain::ParseError;
use crate::domain::entry::Kind;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default)]
pub struct LogRequest {
    /// Entries of this kind only, e.g. `run.finished`.
    pub kind: Option<String>,
    /// At most this many.
    pub limit: Option<usize>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    pub log: LogId,
    pub index: u64,
    pub id: EntryId,
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// Datasets, metrics, model: what a person would want to see in one line.
    pub summary: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LogReport {
    /// All entries in all logs that can be read here.
    pub size: u64,
    /// This clone's own log.
    pub log: LogId,
    pub entries: Vec<LogLine>,
    /// Commits that are not recorded yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    /// Entries that are signed here, and not in the shared ledger yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queued: Vec<Queued>,
}

pub fn log(project: &Project, request: &LogRequest) -> Result<LogReport> {
    if let Some(kind) = request.kind.as_ref().filter(|k| !Kind::KNOWN.contains(&k.as_str())) {
        let why = format!("no kind of entry; the kinds are: {}", Kind::KNOWN.join(", "));
        return Err(ParseError::new("--kind", why, kind).into());
    }
    let entries = project.all_entries()?;
    let mut lines = Vec::new();
    // A run that has ended is one line, not two.
    let finished: BTreeSet<(LogId, RunId)> = entries
        .iter()
        .filter(|e| e.is(&Kind::RunFinished))
        .filter_map(|e| Some((e.log, e.body()?.run.as_ref()?.id)))
        .collect();
    for entry in newest_first(&entries) {
        if request.limit.is_some_and(|limit| lines.len() >= limit) {
            break;
        }
        let Some(body) = entry.body() else {
            let why = entry.read.as_ref().err().map(ToString::to_string).unwrap_or_default();
            lines.push(LogLine {
                log: entry.log,
                index: entry.index,
                id: entry.id,
                kind: "unreadable".into(),
                time: None,
                run: None,
                name: None,
                status: None,
                commit: None,
                summary: why,
            });
            continue;
        };
        let run = body.run.as_ref();
        match &request.kind {
            Some(kind) if body.kind.as_str() != kind => continue,
            None if body.kind == Kind::RunStarted
                && run.is_some_and(|r| finished.contains(&(entry.log, r.id))) =>
            {
                continue;
            }
            _ => {}
        }
        let mut summary: Vec<String> = Vec::new();
        summary.extend(body.metrics.inline().iter().take(3).map(|m| format!("{}={}", m.name, m.value)));
        summary.extend(body.model_package.as_ref().map(|p| format!("model {}", p.group_name)));
        if !matches!(body.kind, Kind::RunStarted | Kind::RunFinished) {
            summary.extend(body.inputs.inline().iter().map(|a| a.name.to_string()).take(3));
        }
        summary.extend(body.writer.as_ref().map(|w| format!("writer {}", w.key_id.short())));
        summary.extend(
            body.target.as_ref().and_then(|t| t.commit.as_ref()).map(|c| format!("replaces {}", c.short())),
        );
        lines.push(LogLine {
            log: entry.log,
            index: entry.index,
            id: entry.id,
            kind: body.kind.to_string(),
            time: Some(body.time.clone()),
            run: run.map(|r| r.id),
            name: run.and_then(|r| r.name.clone()),
            status: run.map(|r| r.status.to_string()),
            commit: body.source.as_ref().map(|s| s.commit.clone()),
            summary: summary.join(" "),
        });
    }
    let waiting = commit::waiting(project)?;
    let queued = commit::queued(project)?;
    Ok(LogReport { size: entries.len() as u64, log: project.ledger.log(), entries: lines, waiting, queued })
}

/// Each log in its own order; between logs there is only what the writers' clocks claim.
fn newest_first(entries: &[LogEntry]) -> Vec<&LogEntry> {
    let mut logs: BTreeMap<LogId, Vec<&LogEntry>> = BTreeMap::new();
    for entry in entries {
        logs.entry(entry.log).or_default().push(entry);
    }
    let time = |e: &&LogEntry| e.body().map(|b| b.time.clone());
    let mut out = Vec::with_capacity(entries.len());
    while let Some(last) = logs.values_mut().filter(|l| !l.is_empty()).max_by_key(|l| l.last().and_then(time))
    {
        out.extend(last.pop());
    }
    out
}
