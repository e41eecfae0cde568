//! `run`: preflight → run.started → spawn → outputs stored → run.finished → the command's own exit code.

pub mod child;
pub mod environment;
pub mod files;

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::data::DatasetRecord;
use crate::app::record;
use crate::domain::arn;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::Metric;
use crate::domain::entry::ModelPackage;
use crate::domain::entry::Parameter;
use crate::domain::entry::Run;
use crate::domain::entry::RunStatus;
use crate::domain::entry::Source;
use crate::domain::entry::TreeState;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::redact;
use crate::domain::redact::Secret;
use crate::git::program::RunTree;
use crate::git::repo::Commit;
use crate::ports::StoreError;
use crate::ports::model_registry::PackageRecord;
use crate::ports::object_store::PutBatch;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use crate::worktree::Scanned;
use crate::worktree::scan;
use crate::worktree::scan::ProblemKind;
use crate::worktree::scan::ScanError;
use child::Ended;
use child::SignalGuard;
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
}

/// Paths that the command will write, known to be sound.
struct Outputs {
    files: Vec<(RepoPath, &'static str)>,
    metrics: Vec<RepoPath>,
    model: Option<(RepoPath, String)>,
}

pub fn run(
    project: &Project,
    cwd: &Path,
    request: &RunRequest,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let signer = project.signer()?;
    let commit = project.repo.head()?;
    let outputs = plan_outputs(project, cwd, request)?;
    let prepared = prepare(project, cwd, request, &commit, &outputs, progress)?;
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

    let variables = [("MLPROV_RUN_ID", prepared.id.to_string())];
    let ended = guard.run(&request.command, cwd, &variables);
    let id = prepared.id;
    finish(project, &*signer, prepared, outputs, &commit, &ended, progress).map_err(|source| {
        AppError::NotRecorded { run: id, exit_code: ended.exit_code(), source: Box::new(source) }
    })
}

fn plan_outputs(project: &Project, cwd: &Path, request: &RunRequest) -> Result<Outputs> {
    let path = |p: &PathBuf| app::repo_path(&project.repo, cwd, p);
    let mut files: Vec<(RepoPath, &'static str)> = Vec::new();
    let mut add = |path: RepoPath, role| {
        if !files.iter().any(|(p, _)| *p == path) {
            files.push((path, role));
        }
    };
    let model = match &request.model {
        Some((file, group)) => {
            arn::check_group(group)?;
            let file = path(file)?;
            add(file.clone(), "model");
            Some((file, group.clone()))
        }
        None => None,
    };
    let metrics = request.metrics.iter().map(path).collect::<Result<Vec<_>>>()?;
    for metric in &metrics {
        add(metric.clone(), "metrics");
    }
    for output in &request.outputs {
        add(path(output)?, "output");
    }
    Ok(Outputs { files, metrics, model })
}

fn prepare(
    project: &Project,
    cwd: &Path,
    request: &RunRequest,
    commit: &Commit,
    outputs: &Outputs,
    progress: &dyn Progress,
) -> Result<Prepared> {
    let objects = project.store.batch()?;
    let mut notes = Vec::new();
    let source = source(project, commit, outputs, &*objects, &mut notes)?;
    if request.require_clean && source.state != Some(TreeState::Clean) {
        return Err(AppError::NotClean { commit: commit.id.to_string() });
    }

    let mut config_files = Vec::new();
    let mut parameters = Vec::new();
    for file in &request.params {
        let path = app::repo_path(&project.repo, cwd, file)?;
        let place = project.repo.root().join(path.as_str());
        let bytes = std::fs::read(&place).map_err(|e| StoreError::io("read", place.display(), e))?;
        let hashed = data::put(scan::scan(project.repo.root(), &path)?, &*objects, true, progress)?;
        let artefact = data::describe(&hashed, &*project.store, &*objects)?.artefact(&path, "config");
        if artefact.digest.blake3 != Blake3Hash::of(&bytes) {
            return Err(ScanError::one(&place, ProblemKind::Changed).into());
        }
        config_files.push(artefact);
        for (name, value) in files::read_pairs("parameters", &place, &bytes)? {
            let (value, secrets) = match redact::is_secret_name(&name) {
                true => ("[REDACTED:token]".to_owned(), vec![Secret::Token]),
                false => redact::redact(&value),
            };
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
        let record = data::describe(&hashed, &*project.store, &*objects)?;
        let mut artefact = record.artefact(&path, "dataset");
        artefact.observed = Some("before".to_owned());
        inputs.push(artefact);
        scans.push(scanned);
        records.push(record);
    }
    objects.commit()?;
    for record in &records {
        project.remember_dataset(record)?;
    }

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
    Ok(Prepared { id, run, source, inputs, scans, config_files, parameters, notes })
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
        let is_output = |path: &RepoPath| outputs.files.iter().any(|(o, _)| o == path);
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
    let scratch = Scratch::new(&project.own_dir())?;
    let exclude: Vec<String> = outputs.files.iter().map(|(path, _)| path.to_string()).collect();
    let repo = &project.repo;
    let run_tree = RunTree::take(repo.root(), &repo.common_dir(), &scratch.dir, &exclude)?;
    let mut source = project.source(commit, repo.branch());
    if run_tree.tree == commit.tree {
        source.state = Some(TreeState::Clean);
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

/// A directory that goes with its owner.
struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    fn new(own: &Path) -> Result<Self> {
        let dir = own.join("scratch").join(format!("{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir); // of a dead process with our number
        std::fs::create_dir_all(&dir).map_err(|e| StoreError::io("create", dir.display(), e))?;
        Ok(Scratch { dir })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir); // nothing in it counts
    }
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
    let Prepared { id, mut run, source, mut inputs, scans, config_files, parameters, mut notes } = prepared;
    let root = project.repo.root();
    for (artefact, before) in inputs.iter_mut().zip(&scans) {
        let stable = scan::scan(root, &artefact.name).is_ok_and(|after| before.is_same(&after));
        artefact.observed = Some("before+after".to_owned());
        artefact.stable = Some(stable);
        if !stable {
            notes.push(format!("input {} changed while the command ran", artefact.name));
        }
    }

    let objects = project.store.batch()?;
    let mut stored = Vec::new();
    let mut incomplete = false;
    for (path, role) in &outputs.files {
        let scanned = match scan::scan(root, path) {
            Ok(scanned) => scanned,
            Err(e) => {
                incomplete = true;
                notes.push(format!("output {path}: {}", e.problems[0].kind));
                continue;
            }
        };
        let hashed = data::put(scanned, &*objects, *role == "model" || *role == "metrics", progress)?;
        let mut artefact = data::describe(&hashed, &*project.store, &*objects)?.artefact(path, role);
        artefact.observed = Some("after".to_owned());
        stored.push(artefact);
    }
    objects.commit()?;
    let mut metrics = Vec::new();
    for artefact in stored.iter().filter(|a| outputs.metrics.contains(&a.name)) {
        // From the stored version, so that the values are those of the digest beside them.
        let bytes = data::read_object(&*project.store, &artefact.digest.blake3)?;
        match files::read_pairs("metrics", &root.join(artefact.name.as_str()), &bytes) {
            Ok(pairs) => metrics.extend(pairs.into_iter().map(|(name, value)| Metric {
                name,
                value,
                source: Some(artefact.name.clone()),
            })),
            Err(AppError::RunFile { why, .. }) => {
                incomplete = true;
                notes.push(format!("metrics {}: {why}", artefact.name));
            }
            Err(e) => return Err(e),
        }
    }
    if metrics.len() > record::MAX_METRICS {
        incomplete = true;
        let (found, allowed) = (metrics.len(), record::MAX_METRICS);
        notes.push(format!(
            "metrics: {found} values, and the record allows {allowed}; only the files are kept"
        ));
        metrics.clear();
    }

    let succeeded = *ended == Ended::Exited(0);
    run.finished_on = Some(project.clock.now());
    run.status = match ended {
        Ended::Exited(0) if !incomplete => RunStatus::Complete,
        Ended::Signalled { interrupted: true, .. } => RunStatus::Abort,
        _ => RunStatus::Fail,
    };
    match ended {
        Ended::Exited(code) => run.exit_code = Some(*code),
        Ended::Signalled { signal, .. } => run.signal = Some(child::signal_name(*signal)),
        Ended::NotStarted { code, why } => {
            run.exit_code = Some(*code);
            notes.push(format!("the command could not be started: {why}"));
        }
    }

    // Registered before the entry that names it, so that the entry is never ahead of the registry.
    let model = outputs.model.filter(|_| run.status == RunStatus::Complete);
    let package = model.map(|(file, group)| register(project, &run, &stored, &file, &group)).transpose()?;

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
        exit_code: if succeeded && incomplete { 1 } else { ended.exit_code() },
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

fn register(
    project: &Project,
    run: &Run,
    stored: &[Artefact],
    file: &RepoPath,
    group: &str,
) -> Result<ModelPackage> {
    let Some(artefact) = stored.iter().find(|a| a.name == *file) else {
        let path = project.repo.root().join(file.as_str());
        return Err(AppError::RunFile { what: "model", path, why: "it was not stored".into() });
    };
    let arn = ModelPackageArn::local(&project.config.project.id, group, &run.id)?;
    project.registry.register(&PackageRecord {
        arn: arn.clone(),
        group_name: group.to_owned(),
        run: run.id,
        model: file.clone(),
        digest: artefact.digest,
        size: artefact.size,
        created: project.clock.now(),
    })?;
    Ok(ModelPackage {
        arn,
        group_name: group.to_owned(),
        model: file.clone(),
        digest: artefact.digest,
        approval_status: None,
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
    let objects = project.store.batch()?;
    record::fit(&mut body, &*objects)?;
    objects.commit()?;
    let mut receipts = project.append(vec![record::seal(body, signer)?])?;
    Ok(receipts.remove(0))
}
