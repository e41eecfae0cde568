//! `run`: preflight → run.started → spawn → outputs stored → run.finished → the command's own exit code.

pub mod child;
pub mod environment;
pub mod files;
mod outputs;

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit::keep;
use crate::app::data;
use crate::app::data::DatasetRecord;
use crate::app::record;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::Parameter;
use crate::domain::entry::Run;
use crate::domain::entry::RunStatus;
use crate::domain::entry::Source;
use crate::domain::entry::TreeState;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::redact;
use crate::durable::staging::ScratchDir;
use crate::git::program::RunTree;
use crate::git::repo::Commit;
use crate::ports::StoreError;
use crate::ports::object_store::Kept;
use crate::ports::object_store::PutBatch;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use crate::worktree::Scanned;
use crate::worktree::problem::ProblemKind;
use crate::worktree::problem::ScanError;
use crate::worktree::scan;
use child::Ended;
use child::SignalGuard;
use outputs::Made;
use outputs::Outputs;
use serde::Serialize;
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
    /// Model file and model package group.
    pub model: Option<(PathBuf, String)>,
    pub require_clean: bool,
    /// Standard output is for the report: the command's goes to standard error.
    pub stdout_is_ours: bool,
    /// argv; never empty.
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
    /// Index of `run.finished` in the log.
    pub index: u64,
    /// What a person should know: a missing output, a redacted argument.
    pub notes: Vec<String>,
}

/// Everything that was found out before the command starts.
struct Prepared {
    id: RunId,
    run: Run,
    source: Source,
    inputs: Vec<Artefact>,
    scans: Vec<Scanned>,
    config_files: Vec<Artefact>,
    parameters: Vec<Parameter>,
    notes: Vec<String>,
    /// Of the inputs.
    records: Vec<DatasetRecord>,
    /// Until the run's start is recorded.
    kept: Option<Kept>,
}

pub fn run(
    project: &Project,
    cwd: &Path,
    request: &RunRequest,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let signer = project.ready()?;
    let commit = project.repo.head()?;
    let outputs = Outputs::plan(project, cwd, request)?;
    let mut prepared = prepare(project, cwd, request, &commit, &outputs, progress)?;
    let guard = SignalGuard::take().map_err(|e| StoreError::io("watch", "signals", e))?;

    // Durable before the command starts: a run that is killed, or ends badly, stays in the log.
    append(project, &*signer, Kind::RunStarted, |body, _| {
        body.run = Some(prepared.run.clone());
        body.source = Some(prepared.source.clone());
        body.inputs = List::Inline(prepared.inputs.clone());
        body.config_files = List::Inline(prepared.config_files.clone());
        body.parameters = List::Inline(prepared.parameters.clone());
        Ok(())
    })?;
    // The log names them now. Not before: what is remembered must never be more than the log says.
    drop(prepared.kept.take());
    for record in &prepared.records {
        let _ = project.remember_dataset(record); // it is found in the log, too
    }

    // `sync` makes up for it.
    let _ = keep::note_run(project, &commit.id);

    let variables = [("MLPROV_RUN_ID", prepared.id.to_string())];
    let ended = guard.run(&request.command, cwd, &variables, request.stdout_is_ours);
    let id = prepared.id;
    finish(project, &*signer, prepared, outputs, &commit, &ended, progress).map_err(|source| match source {
        AppError::NotPublished { .. } => source,
        source => AppError::NotRecorded { run: id, exit_code: ended.exit_code(), source: Box::new(source) },
    })
}

fn prepare(
    project: &Project,
    cwd: &Path,
    request: &RunRequest,
    commit: &Commit,
    outputs: &Outputs,
    progress: &dyn Progress,
) -> Result<Prepared> {
    let objects = project.store.batch(false)?;
    let mut notes = Vec::new();
    let source = source(project, commit, outputs, &*objects, &mut notes)?;
    if request.require_clean && source.state != Some(TreeState::Clean) {
        return Err(AppError::NotClean { commit: commit.id.to_string() });
    }

    let mut config_files = Vec::new();
    let mut parameters = Vec::new();
    for file in &request.params {
        let path = app::repo_path(&project.repo, cwd, file)?;
        if config_files.iter().any(|a: &Artefact| a.name == path) {
            continue;
        }
        let place = project.repo.root().join(path.as_str());
        let scanned = scan::scan(project.repo.root(), &path)?;
        if scanned.kind == DatasetKind::Directory {
            let why = "it is a directory, not a file".to_owned();
            return Err(AppError::RunFile { what: "parameters", path: place, why });
        }
        let bytes = std::fs::read(scanned.place(&scanned.files[0]))
            .map_err(|e| StoreError::io("read", place.display(), e))?;
        let hashed = data::put(scanned, &*objects, true, progress)?;
        let artefact =
            data::describe(&hashed, hashed.sha256, &*project.store, &*objects)?.artefact(&path, "config");
        if artefact.digest.blake3 != Blake3Hash::of(&bytes) {
            return Err(ScanError::one(&place, ProblemKind::Changed).into());
        }
        config_files.push(artefact);
        for (name, value) in files::read_pairs("parameters", &place, &bytes)? {
            let (value, secrets) = redact::redact_value(&name, &value);
            notes.extend(secrets.iter().map(|s| format!("parameter {name}: {} redacted", s.name())));
            parameters.push(Parameter { name, value, source: Some(path.clone()) });
        }
    }

    let mut inputs = Vec::new();
    let mut scans = Vec::new();
    let mut records: Vec<DatasetRecord> = Vec::new();
    for path in input_paths(project, cwd, request, commit, outputs)? {
        let scanned = scan::scan(project.repo.root(), &path)?;
        let hashed = data::put(scanned.clone(), &*objects, false, progress)?;
        let record = data::describe(&hashed, hashed.sha256, &*project.store, &*objects)?;
        let mut artefact = record.artefact(&path, "dataset");
        artefact.observed = Some("before".to_owned());
        inputs.push(artefact);
        scans.push(scanned);
        records.push(record);
    }
    let kept = Some(objects.commit()?);

    let argv: Vec<String> = request.command.iter().map(|w| w.to_string_lossy().into_owned()).collect();
    let (command, secrets) = redact::redact_argv(&argv);
    notes.extend(secrets.iter().map(|s| format!("command: {} redacted", s.name())));
    let started_on = project.clock.now();
    let mut random = [0u8; 10];
    getrandom::fill(&mut random)
        .map_err(|e| StoreError::io("read", "the random source", io::Error::other(e)))?;
    let id = RunId::new((started_on.unix_micros() / 1000) as u64, &random);
    let here = cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned());
    let run = Run {
        id,
        name: request.name.as_deref().map(|n| redact::redact(n).0),
        status: RunStatus::Started,
        started_on,
        finished_on: None,
        exit_code: None,
        signal: None,
        command,
        command_object: None,
        cwd: project
            .repo
            .relative(&here)
            .map_or_else(|| ".".to_owned(), |p| p.to_string_lossy().into_owned()),
        parents: parent_run(),
        group: None,
        external_ids: Default::default(),
    };
    Ok(Prepared { id, run, source, inputs, scans, config_files, parameters, notes, records, kept })
}

/// A run inside a run names it.
fn parent_run() -> Vec<RunId> {
    std::env::var("MLPROV_RUN_ID").ok().and_then(|id| id.parse().ok()).into_iter().collect()
}

/// The `-d` paths; without any, every dataset of the commit that lies in the work tree.
fn input_paths(
    project: &Project,
    cwd: &Path,
    request: &RunRequest,
    commit: &Commit,
    outputs: &Outputs,
) -> Result<Vec<RepoPath>> {
    let mut paths = Vec::new();
    for typed in &request.inputs {
        let path = app::repo_path(&project.repo, cwd, typed)?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    if request.inputs.is_empty() {
        let datasets = project.pointers(&commit.tree)?.into_iter().map(|p| p.data);
        let is_output = |path: &RepoPath| outputs.declared.iter().any(|d| d.path == *path);
        paths = datasets.filter(|p| project.repo.root().join(p.as_str()).exists() && !is_output(p)).collect();
    }
    Ok(paths)
}

/// What tree really runs. `git status` is not asked: it can be wrong.
fn source(
    project: &Project,
    commit: &Commit,
    outputs: &Outputs,
    objects: &dyn PutBatch,
    notes: &mut Vec<String>,
) -> Result<Source> {
    let scratch = ScratchDir::create(&project.own_dir().join("scratch"))?;
    let repo = &project.repo;
    let run_tree = RunTree::take(repo.root(), &repo.common_dir(), scratch.path(), &outputs.paths())?;
    let mut source = project.source(commit, repo.branch());
    source.flags = run_tree.flags.clone();
    if run_tree.tree == commit.tree {
        let clean = if run_tree.left_out { TreeState::Dirty } else { TreeState::Clean };
        source.state = Some(clean);
        return Ok(source);
    }
    source.state = Some(TreeState::Dirty);
    source.run_tree = Some(run_tree.tree.clone());
    let mut patch = run_tree.patch_from(&commit.tree)?;
    if let Ok(text) = std::str::from_utf8(&patch) {
        let (text, secrets) = redact::redact(text);
        if !secrets.is_empty() {
            notes.extend(
                secrets
                    .iter()
                    .map(|s| format!("patch: {} redacted; it no longer applies as it is", s.name())),
            );
            patch = text.into_bytes();
        }
    }
    source.diff = Some(record::put_object(&patch, objects)?);
    Ok(source)
}

fn finish(
    project: &Project,
    signer: &dyn EntrySigner,
    prepared: Prepared,
    outputs: Outputs,
    commit: &Commit,
    ended: &Ended,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let Prepared { id, mut run, source, mut inputs, scans, config_files, parameters, mut notes, .. } =
        prepared;
    let root = project.repo.root();
    for (artefact, before) in inputs.iter_mut().zip(&scans) {
        let stable = scan::scan(root, &artefact.name).is_ok_and(|after| before.is_same(&after));
        artefact.observed = Some("before+after".to_owned());
        artefact.stable = Some(stable);
        if !stable {
            notes.push(format!(
                "input {} changed while the command ran, so this run will never verify",
                artefact.name
            ));
        }
    }

    let mut made = outputs.store(project, progress);
    run.finished_on = Some(project.clock.now());
    let succeeded = *ended == Ended::Exited { code: 0, interrupted: false };
    let package = match succeeded && !made.incomplete {
        true => outputs.register(project, &run, &mut made),
        false => None,
    };
    run.status = match ended {
        Ended::Exited { interrupted: true, .. } | Ended::Signalled { interrupted: true, .. } => {
            RunStatus::Abort
        }
        _ if succeeded && !made.incomplete => RunStatus::Complete,
        _ => RunStatus::Fail,
    };
    match ended {
        Ended::Exited { code, .. } => run.exit_code = Some(*code),
        Ended::Signalled { signal, .. } => run.signal = Some(child::signal_name(*signal)),
        Ended::NotStarted { code, why } => {
            run.exit_code = Some(*code);
            notes.push(format!("the command {:?} could not be started: {why}", run.command[0]));
        }
    }
    let Made { stored, metrics, notes: made_notes, .. } = made;
    notes.extend(made_notes);

    let program = std::env::current_exe().and_then(std::fs::read).ok();
    let receipt = append(project, signer, Kind::RunFinished, |body, _| {
        body.producer.digest = program.as_deref().map(Digests::both_of);
        body.run = Some(run.clone());
        body.source = Some(source.clone());
        body.inputs = List::Inline(inputs.clone());
        body.outputs = List::Inline(stored.clone());
        body.config_files = List::Inline(config_files.clone());
        body.parameters = List::Inline(parameters.clone());
        body.metrics = List::Inline(metrics.clone());
        body.environment = Some(environment::capture());
        body.model_package = package.clone();
        body.notes = notes.clone();
        Ok(())
    })?;

    Ok(RunReport {
        run: id,
        short: id.short(),
        // A run that is not complete never looks like one to who asks the exit code.
        exit_code: match ended.exit_code() {
            0 if run.status != RunStatus::Complete => 1,
            code => code,
        },
        status: run.status,
        signal: run.signal,
        commit: commit.id.to_string(),
        state: source.state.unwrap_or(TreeState::Clean),
        inputs: inputs.iter().map(|a| a.name.to_string()).collect(),
        outputs: stored.iter().map(|a| a.name.to_string()).collect(),
        metrics: metrics.into_iter().map(|m| (m.name, m.value)).collect(),
        model_package: package.map(|p| p.arn),
        index: receipt.index,
        notes,
    })
}

/// Drafts, fits, seals and commits one entry.
fn append(
    project: &Project,
    signer: &dyn EntrySigner,
    kind: Kind,
    fill: impl FnOnce(&mut Body, &Project) -> Result<()>,
) -> Result<record::Receipt> {
    let mut body = project.draft(kind, signer);
    fill(&mut body, project)?;
    let objects = project.store.batch(false)?;
    record::fit(&mut body, &*objects)?;
    let _kept = objects.commit()?;
    let mut receipts = project.append(vec![record::seal(body, signer)?])?;
    Ok(receipts.remove(0))
}
