//! `ledger prove`, `ledger check-proof`: one entry's place under a signed checkpoint, checkable offline.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::resolve;
use crate::domain::ids::EntryId;
use crate::ledger::FormatError;
use crate::ledger::batch;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::hash;
use crate::ledger::note::Note;
use crate::ledger::proof;
use crate::ledger::proof::ProofText;
use crate::ports::log_reader::LogReader;
use crate::trust::pins::Pins;
use serde::Serialize;
use std::path::Path;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProofReport {
    pub entry: EntryId,
    pub index: u64,
    /// RFC 6962 leaf hash, base64.
    pub leaf_hash: String,
    /// Entries under the checkpoint of the proof.
    pub size: u64,
    /// The proof, in the text form of C2SP tlog-proof. The extra line is the entry itself.
    pub proof: String,
}

/// Proves the entry that `word` means: a run's end, a commit's first record, or the entry itself.
pub fn prove(project: &Project, cwd: &Path, word: &str) -> Result<ProofReport> {
    let entries = project.entries_for(cwd, word)?;
    let target = resolve::resolve(project, &entries, cwd, word)?;
    let about = resolve::entries_about(&entries, &target);
    let entry = match target {
        // Its end, in the log that it began in.
        resolve::Target::Run(_) => about.iter().rfind(|e| about.first().is_some_and(|f| f.log == e.log)),
        _ => about.first(),
    };
    let entry = entry.ok_or_else(|| AppError::UnknownId { id: word.to_owned() })?;
    let published = project.other_logs()?.into_iter().find(|log| log.log() == entry.log);
    let (note, path) = match &published {
        None => {
            project.publish_if_behind()?;
            let note = project.ledger.latest()?.unwrap_or_default();
            let size = Checkpoint::parse_text(Note::parse(&note)?.text())?.size;
            let (tiles, _) = project.tiles()?;
            (note, proof::inclusion(&tiles, entry.index, size)?)
        }
        Some(log) => {
            let path = proof::inclusion(log.files(), entry.index, log.size())?;
            (log.latest()?.unwrap_or_default(), path)
        }
    };
    let checkpoint = Checkpoint::parse_text(Note::parse(&note)?.text())?;
    let text = ProofText { extra: Some(entry.bytes.clone()), index: entry.index, path, checkpoint: note };
    Ok(ProofReport {
        entry: entry.id,
        index: entry.index,
        leaf_hash: hash::leaf(&entry.bytes).to_string(),
        size: checkpoint.size,
        proof: text.to_text(),
    })
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedProof {
    pub entry: EntryId,
    pub kind: String,
    pub index: u64,
    pub size: u64,
    pub origin: String,
    /// The entry's own statement, now known to stand in that log.
    pub statement: serde_json::Value,
}

/// Checks a proof with nothing but the pinned keys. Says nothing about data, code or the writer's signature.
pub fn check(text: &str, pins: &Pins) -> Result<CheckedProof> {
    let bad = |why: &str| FormatError::new("tlog-proof", why);
    let proof_text = ProofText::parse(text)?;
    let claimed = Checkpoint::parse_text(Note::parse(&proof_text.checkpoint)?.text())?;
    if pins.for_origin(&claimed.origin).next().is_none() {
        return Err(AppError::Unpinned { origin: claimed.origin });
    }
    let checkpoint = pins.open(&proof_text.checkpoint, &claimed.origin)?;
    let entry = proof_text.extra.as_deref().ok_or_else(|| bad("does not hold the entry it is about"))?;
    let leaf = hash::leaf(entry);
    let root = &checkpoint.root;
    if !proof::check_inclusion(&leaf, proof_text.index, checkpoint.size, &proof_text.path, root) {
        return Err(bad("its hashes do not lead from the entry to the checkpoint's root").into());
    }
    let (envelope, body) = batch::open(entry)?;
    Ok(CheckedProof {
        entry: body.id,
        kind: body.kind.to_string(),
        index: proof_text.index,
        size: checkpoint.size,
        origin: checkpoint.origin,
        statement: crate::domain::json::parse_strict(&envelope.payload)?,
    })
}
