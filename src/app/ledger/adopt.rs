//! `ledger adopt`: a copied or restored log goes on under a new id and key, and names the one it came from.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::record;
use crate::domain::entry::Kind;
use crate::domain::entry::LedgerRef;
use crate::domain::ids::LogId;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::frame::Header;
use crate::ports::StoreError;
use crate::ports::commit_store::Outcome;
use crate::ports::provision::Ledger;
use serde::Serialize;
use std::ops::ControlFlow;

/// Entries per commit while a log is copied.
const BATCH: usize = 1000;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdoptReport {
    pub predecessor: LogId,
    pub log: LogId,
    /// Entries taken over, byte for byte and in order.
    pub entries: u64,
    pub vkey: String,
    /// Where the old log lies now.
    pub kept: String,
}

pub fn adopt(project: &Project) -> Result<AdoptReport> {
    let reason = match project.ledger.check() {
        Err(StoreError::Copied { why, .. } | StoreError::Inconsistent { why }) => why,
        Err(e) => return Err(e.into()),
        Ok(()) => return Err(AppError::NothingToAdopt),
    };
    let signer = project.keys.writer_key(project.ledger.log())?;
    let old = project.ledger.header().clone();
    let tree = project.ledger.head()?;
    let header = Header::new(old.project, LogId::draw());
    let key = project.keys.create_log_key(header.log, &header.origin)?;
    project.keys.inherit_writer_key(old.log, header.log)?;
    let ledger = project.keys.prepare_successor(&header)?;
    copy(project, &*ledger)?;

    let mut body = project.draft(Kind::LedgerMoved, &*signer);
    body.ledger = Some(LedgerRef {
        log: old.log,
        origin: old.origin,
        size: tree.size(),
        root: tree.root().to_string(),
        place: None,
    });
    body.notes.push(format!("adopted: {reason}"));
    record::commit(&*ledger, vec![record::seal(body, &*signer)?])?;
    ledger.publish(&*key)?;
    project.pin(key.verifier())?;
    // From here on the new log is the clone's own; before, nothing had changed.
    let kept = project.keys.replace_by_successor(old.log)?;
    Ok(AdoptReport {
        predecessor: old.log,
        log: header.log,
        entries: tree.size(),
        vkey: key.verifier().to_string(),
        kept,
    })
}

fn copy(project: &Project, to: &dyn Ledger) -> Result<()> {
    let mut waiting = Vec::new();
    let mut problem = None;
    let commit = |entries: Vec<SealedEntry>| -> Result<()> {
        let Some(batch) = Batch::new(entries) else { return Ok(()) };
        match to.try_commit(to.head()?.size(), &batch)? {
            Outcome::Won { .. } => Ok(()),
            _ => Err(AppError::NotCommitted { why: "somebody else writes to the new log".into() }),
        }
    };
    project.ledger.read(0, &mut |stored| {
        let step =
            SealedEntry::parse(stored.bytes.to_vec()).map_err(AppError::from).and_then(|(entry, _)| {
                waiting.push(entry);
                if waiting.len() == BATCH { commit(std::mem::take(&mut waiting)) } else { Ok(()) }
            });
        problem = step.err();
        if problem.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    match problem {
        Some(e) => Err(e),
        None => commit(waiting),
    }
}
