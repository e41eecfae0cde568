//! The launcher's part: code and data are looked at, a key is made, and its right is recorded before the capsule is written.

use super::Capsule;
use super::unfit;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit::keep;
use crate::app::record;
use crate::app::run;
use crate::domain::delegation::Delegation;
use crate::domain::digest::KeyId;
use crate::domain::entry::Artefact;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::TreeState;
use crate::domain::entry::Writer;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use crate::durable;
use crate::git::repo::Commit;
use crate::ledger::batch::SealedEntry;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// Where the capsule goes.
    pub file: PathBuf,
    /// How long the key may record, in seconds.
    pub valid_for: u64,
    pub require_clean: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportReport {
    pub file: PathBuf,
    pub run: RunId,
    pub short: String,
    pub commit: String,
    pub state: TreeState,
    pub inputs: Vec<String>,
    pub key: KeyId,
    /// Holds the private half, and nobody else has it.
    pub key_file: PathBuf,
    pub not_after: Timestamp,
    /// Of the `run.delegated` in the log.
    pub index: u64,
    pub notes: Vec<String>,
}

/// A right that was given for longer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Extended {
    pub run: RunId,
    pub not_after: Timestamp,
    pub index: u64,
}

pub fn export(project: &Project, request: &ExportRequest) -> Result<ExportReport> {
    if project.config.shared_ledger().is_none() || project.config.shared_store().is_none() {
        return Err(unfit("another machine can only reach a ledger and a store that lie in a bucket"));
    }
    // Without an answer nothing is begun: the right must stand in the log before anybody uses it.
    project.ledger.fetch()?;
    let signer = project.ready()?;
    let commit = project.repo.head()?;
    let mut notes = Vec::new();
    let objects = project.store.batch(false)?;
    let used = run::source_of(project, &commit, &*objects, &mut notes)?;
    let state = used.source.state.clone().unwrap_or(TreeState::Clean);
    if request.require_clean && state == TreeState::Dirty {
        return Err(AppError::NotClean { commit: commit.id.to_string() });
    }
    let inputs = inputs(project, &commit)?;
    let names = inputs.iter().map(|artefact| artefact.name.to_string()).collect();

    let id = run::draw_id(project)?;
    let (key, key_file) = project.keys.create_run_key(id)?;
    let key = key.public();
    let not_after = until(project, request.valid_for);
    let mut body = project.draft(Kind::RunDelegated, &*signer);
    body.delegation = Some(Delegation { run: id, not_after: not_after.clone() });
    body.writer = Some(Writer { key_id: key.id(), public_key: key.to_base64(), admin: false });
    body.source = Some(used.source);
    body.evidence = used.evidence;
    body.inputs = List::Inline(inputs);
    body.notes.clone_from(&notes);
    record::fit(&mut body, &*objects)?;
    let _kept = objects.commit()?;
    let entry = record::seal(body, &*signer)?;
    let capsule = Capsule::new(settings(project)?, entry.bytes().to_vec())?;
    // A file that cannot be written is found out before anything is delegated; without the entry it is worth nothing.
    durable::replace(&request.file, &capsule.to_bytes()?, 0o644)?;
    let index = commit_now(project, entry).inspect_err(|_| _ = std::fs::remove_file(&request.file))?;
    let _ = keep::note_run(project, &commit.id); // `sync` makes up for it
    Ok(ExportReport {
        file: request.file.clone(),
        run: id,
        short: id.short(),
        commit: commit.id.to_string(),
        state,
        inputs: names,
        key: key.id(),
        key_file,
        not_after,
        index,
        notes,
    })
}

/// Gives the key of a capsule its right for longer: from now on, so many seconds. The capsule stays as it is.
pub fn extend(project: &Project, file: &Path, valid_for: u64) -> Result<Extended> {
    let capsule = Capsule::read(file)?;
    project.ledger.fetch()?;
    let signer = project.ready()?;
    if capsule.body.actor.writer != signer.public().id() || capsule.body.project != project.config.project.id
    {
        return Err(unfit("whoever made it extends it, with the key that signed it"));
    }
    let not_after = until(project, valid_for);
    let mut body = project.draft(Kind::RunDelegated, &*signer);
    body.delegation = Some(Delegation { run: capsule.delegation.run, not_after: not_after.clone() });
    body.writer.clone_from(&capsule.body.writer);
    body.source.clone_from(&capsule.body.source);
    body.evidence.clone_from(&capsule.body.evidence);
    body.inputs.clone_from(&capsule.body.inputs);
    let index = commit_now(project, record::seal(body, &*signer)?)?;
    Ok(Extended { run: capsule.delegation.run, not_after, index })
}

fn until(project: &Project, valid_for: u64) -> Timestamp {
    let micros = i64::try_from(valid_for.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    Timestamp::from_unix_micros(project.clock.now().unix_micros().saturating_add(micros))
}

/// The index of an entry that must not wait.
fn commit_now(project: &Project, entry: SealedEntry) -> Result<u64> {
    project.append(vec![entry])?[0].index.ok_or_else(|| {
        let why = "the ledger could not be reached; what was signed waits here, and `mlprov sync` sends it"
            .to_owned();
        AppError::NotCommitted { why }
    })
}

fn settings(project: &Project) -> Result<String> {
    let (_, bytes) = crate::config::Config::load(project.repo.root())?;
    String::from_utf8(bytes).map_err(|_| unfit("the settings are not UTF-8"))
}

/// The datasets of the commit, with the versions that the log names.
fn inputs(project: &Project, commit: &Commit) -> Result<Vec<Artefact>> {
    let mut inputs = Vec::new();
    let mut unknown = Vec::new();
    for placed in project.pointers(&commit.tree)? {
        match project.dataset_anywhere(&placed.pointer.blake3)?.filter(|record| record.is_complete()) {
            Some(record) => {
                let mut artefact = record.artefact(&placed.data, "dataset");
                artefact.observed.get_or_insert_with(|| "attested".to_owned());
                inputs.push(artefact);
            }
            None => unknown.push(placed.data.to_string()),
        }
    }
    match unknown.is_empty() {
        true => Ok(inputs),
        false => Err(AppError::Waiting { commit: commit.id.to_string(), data: unknown }),
    }
}
