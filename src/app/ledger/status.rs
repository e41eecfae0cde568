//! `ledger status`, `ledger checkpoint`, `ledger reindex`.

use crate::app::Project;
use crate::app::Result;
use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;
use crate::ledger::checkpoint::Checkpoint;
use crate::ports::StoreError;
use serde::Serialize;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerStatus {
    pub project: ProjectId,
    pub log: LogId,
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// RFC 6962 root over them, base64.
    pub root: String,
    /// Entries under the published checkpoint.
    pub published: u64,
    /// Bytes of a commit that was begun and never finished.
    pub unfinished: u64,
    /// Verifier key, if the log's key is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vkey: Option<String>,
    pub pinned: bool,
}

pub fn status(project: &Project) -> Result<LedgerStatus> {
    let header = project.ledger.header();
    let head = project.ledger.head()?;
    let published = project.ledger.latest()?.and_then(|note| {
        let text = note.rsplit_once("\n\n")?.0.to_owned();
        Checkpoint::parse_text(&format!("{text}\n")).ok()
    });
    let vkey = project.keys.log_key(header.log, &header.origin).ok().map(|k| k.verifier().to_string());
    Ok(LedgerStatus {
        project: header.project,
        log: header.log,
        origin: header.origin.clone(),
        size: head.size(),
        root: head.root().to_string(),
        published: published.map_or(0, |c| c.size),
        unfinished: project.ledger.unfinished()?,
        pinned: project.pins()?.for_origin(&header.origin).next().is_some(),
        vkey,
    })
}

/// Signs the head if it is not signed yet. The note, as text.
pub fn checkpoint(project: &Project) -> Result<String> {
    project.publish_if_behind()?;
    Ok(project.ledger.latest()?.unwrap_or_default())
}

/// Signs all that anybody committed, and puts the checkpoint where all find it. Only whoever has the log's key can.
pub fn publish(project: &Project) -> Result<String> {
    project.ledger.fetch()?;
    let missing = || StoreError::Key {
        what: project.ledger.header().origin.clone(),
        why: "only publishers of this log have it, such as whoever made the project".to_owned(),
    };
    let key = project.publisher()?.ok_or_else(missing)?;
    Ok(project.ledger.publish(&*key)?)
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReindexReport {
    pub size: u64,
    pub root: String,
    /// Entries in the query index; absent while the log is so small that it is not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indexed: Option<u64>,
}

/// Makes everything that is derived again from the journal.
pub fn reindex(project: &Project) -> Result<ReindexReport> {
    let tree = project.rebuild_tiles()?;
    let indexed = if project.asks_index()? { Some(project.rebuild_index()?) } else { None };
    Ok(ReindexReport { size: tree.size(), root: tree.root().to_string(), indexed })
}
