//! `show`: everything that one or more entries say, as it was signed.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::domain::json;
use crate::domain::statement;
use crate::ledger::envelope::Envelope;
use crate::ledger::hash;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownEntry {
    pub log: LogId,
    /// Absent while it waits for a shared ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    pub id: EntryId,
    /// RFC 6962 leaf hash, base64.
    pub leaf_hash: String,
    /// DSSE key id of the signature. It was not checked here: that is what `verify` does.
    pub key_id: String,
    /// The in-toto statement, as signed.
    pub statement: Value,
    /// Fields that this version of mlprov does not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_fields: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ShowReport {
    pub target: String,
    /// This clone's own log.
    pub log: LogId,
    pub entries: Vec<ShownEntry>,
}

pub fn show(project: &Project, cwd: &Path, word: &str) -> Result<ShowReport> {
    let entries = project.known_entries_for(cwd, word)?;
    let target = resolve::resolve(project, &entries, cwd, word)?;
    let mut shown = Vec::new();
    for e in resolve::entries_about(&entries, &target) {
        let envelope = Envelope::parse(&e.bytes)?;
        shown.push(ShownEntry {
            log: e.log,
            index: e.logged_at(),
            id: e.id,
            leaf_hash: hash::leaf(&e.bytes).to_string(),
            key_id: envelope.key_id.to_string(),
            statement: json::parse_strict(&envelope.payload)?,
            unknown_fields: statement::unknown_fields(&envelope.payload).unwrap_or_default(),
        });
    }
    if shown.is_empty() {
        if let Target::Commit(commit) = &target
            && let Some(waiting) = commit::waiting(project)?.into_iter().find(|w| w.commit == *commit)
        {
            return Err(AppError::Waiting { commit: waiting.commit.to_string(), data: waiting.data });
        }
        let id = match &target {
            Target::Commit(commit) => commit.to_string(),
            _ => word.to_owned(),
        };
        return Err(AppError::UnknownId { id });
    }
    Ok(ShowReport { target: target.describe(), log: project.ledger.log(), entries: shown })
}
