//! `run`: preflight → run.started → spawn → outputs stored → run.finished → the command's own exit code.

pub mod active;
pub mod apart;
mod attested;
pub mod child;
mod ending;
pub mod environment;
pub mod files;
pub mod logged;
mod output;
mod outputs;
mod overrides;
mod prepare;
mod source;
pub mod worktree;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::capsule;
use crate::app::commit::keep;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::RunStatus;
use crate::domain::entry::TreeState;
use crate::domain::ids::RunId;
use crate::domain::package::Image;
use crate::domain::path::RepoPath;
use crate::domain::requirement::Requirement;
use crate::durable::staging::ScratchDir;
use crate::git::repo::Commit;
use crate::ledger::hash::TreeHash;
use crate::ports::StoreError;
use crate::ports::object_store::PutBatch;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use active::Active;
use child::Output;
use child::SignalGuard;
use ending::append;
use ending::close_killed;
use ending::finish;
use ending::keep_evidence;
use ending::keep_logged;
use logged::Logged;
use outputs::Outputs;
use overrides::Overrides;
use prepare::Prepared;
use prepare::prepare;
use serde::Serialize;
use source::Used;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    pub name: Option<String>,
    pub inputs: Vec<PathBuf>,
    pub outputs: Vec<PathBuf>,
    pub metrics: Vec<PathBuf>,
    pub params: Vec<PathBuf>,
    /// `[FILE:]KEY=VALUE`: other values for the time of the run.
    pub set: Vec<String>,
    /// What the metrics must reach.
    pub requirements: Vec<Requirement>,
    /// Name of the sweep that the run belongs to.
    pub sweep: Option<String>,
    /// Read every input again, whatever is remembered of it.
    pub rehash: bool,
    /// Runs that this one comes from, besides the one that it runs in.
    pub parents: Vec<RunId>,
    /// Keep the end of what the command prints.
    pub keep_output: bool,
    /// Model file and model package group.
    pub model: Option<(PathBuf, String)>,
    /// Container image that runs it where it is deployed.
    pub image: Option<Image>,
    pub require_clean: bool,
    /// Of a run that wraps no command: the process whose end is the run's end, if nobody ends it before.
    pub process: Option<u32>,
    /// Standard output is for the report: the command's goes to standard error.
    pub stdout_is_ours: bool,
    /// argv; empty for a run that wraps no command.
    pub command: Vec<OsString>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    pub run: RunId,
    pub short: String,
    pub status: RunStatus,
    pub exit_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    pub commit: String,
    pub state: TreeState,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub metrics: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_package: Option<ModelPackageArn>,
    /// Whether the package names an image that can run it; absent where nothing is deployed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployable: Option<bool>,
    /// Index of `run.finished` in the log; none while it waits for the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// What a person should know: a missing output, a redacted argument.
    pub notes: Vec<String>,
}

pub fn run(
    project: &Project,
    cwd: &Path,
    request: &RunRequest,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let signer = project.ready()?;
    let Started { mut active, mut prepared, mut outputs, signals, leaf } =
        start(project, &*signer, cwd, request, progress)?;
    let id = prepared.id;
    let guard = match signals {
        Some(guard) => guard,
        None => take_signals()?,
    };

    let scratch = ScratchDir::create(&project.own_dir().join("scratch"))?;
    let variables = [
        ("MLPROV_RUN_ID", id.to_string()),
        ("MLPROV_RUN_LEAF", leaf.to_string()),
        ("MLPROV_RUN_DIR", scratch.path().to_string_lossy().into_owned()),
    ];
    // Nothing that the command imports needs to read the key of its run.
    let without: &[&str] = if project.launch.is_some() { &[capsule::KEY_VARIABLE] } else { &[] };
    let how = Output { quiet: request.stdout_is_ours, keep: request.keep_output, without };
    let (root, program) = (project.repo.root(), &request.command[0]);
    let ((ended, printed), around) = std::thread::scope(|scope| {
        // While the command runs: looking around takes its time.
        let around = scope.spawn(move || environment::capture(root, program));
        (guard.run(&request.command, cwd, &variables, how), around.join().ok())
    });
    prepared.notes.extend(active.give_back());
    keep_logged(project, Logged::read(scratch.path()), &mut prepared, &mut outputs);
    if let Err(e) = keep_evidence(project, &mut prepared, printed, around) {
        prepared.notes.push(format!("what it printed, and its packages, could not be kept: {e}"));
    }
    finish(project, &*signer, prepared, outputs, &ended, progress).map_err(|source| match source {
        AppError::NotPublished { .. } => source,
        source => AppError::NotRecorded { run: id, exit_code: ended.exit_code(), source: Box::new(source) },
    })
}

/// Closes what was killed here, as the next run would.
pub fn close_what_was_killed(project: &Project) -> Result<()> {
    let signer = project.signer()?;
    close_killed(project, &*signer).map(|_| ())
}

/// A run whose start is recorded.
struct Started {
    active: Active,
    prepared: Prepared,
    outputs: Outputs,
    /// Taken early, if files were changed for the run.
    signals: Option<SignalGuard>,
    /// Hash of its leaf in the log.
    leaf: TreeHash,
}

fn start(
    project: &Project,
    signer: &dyn EntrySigner,
    cwd: &Path,
    request: &RunRequest,
    progress: &dyn Progress,
) -> Result<Started> {
    let commit = project.commit_to_run()?;
    let outputs = Outputs::plan(project, cwd, request)?;
    let overrides = Overrides::plan(project, cwd, request)?;
    let mut told = close_killed(project, signer)?;
    let id = match &project.launch {
        Some(launch) => launch.delegation.run,
        None => draw_id(project)?,
    };
    let writes: Vec<RepoPath> = outputs.paths().into_iter().chain(overrides.paths().cloned()).collect();
    let claim = || Active::claim(project, id, writes.clone(), &overrides.changes);
    let prepare = || prepare(project, cwd, request, (id, &commit), &outputs, &overrides, progress);
    let (active, mut prepared, signals) = match overrides.changes.is_empty() {
        // What is wrong with the request leaves everything as it was.
        true => {
            let prepared = project.or_staged(prepare)?;
            (claim()?, prepared, None)
        }
        // Parameter files hold other values before they are looked at: an interruption must not leave them so.
        false => {
            let signals = Some(take_signals()?);
            (claim()?, project.or_staged(prepare)?, signals)
        }
    };
    prepared.notes.append(&mut told);

    // Durable before the command starts: a run that is killed, or ends badly, stays in the log.
    let appended = append(project, signer, Kind::RunStarted, |body, _| {
        body.run = Some(prepared.run.clone());
        body.source = Some(prepared.source.clone());
        body.evidence.clone_from(&prepared.evidence);
        body.inputs = List::Inline(prepared.inputs.clone());
        body.config_files = List::Inline(prepared.config_files.clone());
        body.parameters = List::Inline(prepared.parameters.clone());
        Ok(())
    })?;
    let leaf = appended.map(|(_, leaf)| leaf).ok_or_else(|| {
        let why = "the start of a run waits for nothing".to_owned();
        AppError::NotCommitted { why }
    })?;
    // The log names them now. Not before: what is remembered must never be more than the log says.
    prepared.kept.clear();
    for record in &prepared.records {
        let _ = project.remember_dataset(record); // it is found in the log, too
    }

    if project.launch.is_none() {
        let _ = keep::note_run(project, &commit.id); // `sync` makes up for it
    }
    Ok(Started { active, prepared, outputs, signals, leaf })
}

fn take_signals() -> Result<SignalGuard> {
    Ok(SignalGuard::take().map_err(|e| StoreError::io("watch", "signals", e))?)
}

/// The code that a run would use now, without any outputs or values of its own.
pub fn source_of(
    project: &Project,
    commit: &Commit,
    objects: &dyn PutBatch,
    notes: &mut Vec<String>,
) -> Result<Used> {
    source::used(project, commit, &Outputs::default(), &Overrides::default(), objects, notes)
}

pub fn draw_id(project: &Project) -> Result<RunId> {
    let mut random = [0u8; 10];
    getrandom::fill(&mut random)
        .map_err(|e| StoreError::io("read", "the random source", io::Error::other(e)))?;
    Ok(RunId::new((project.clock.now().unix_micros() / 1000) as u64, &random))
}
