//! `run`: preflight → run.started → spawn → outputs stored → run.finished → the command's own exit code.

pub mod active;
pub mod child;
pub mod environment;
pub mod files;
mod output;
mod outputs;
mod overrides;
mod source;

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit::keep;
use crate::app::data;
use crate::app::data::DatasetRecord;
use crate::app::query::LogEntry;
use crate::app::record;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Digests;
use crate::domain::entry::Environment;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::ObjectRef;
use crate::domain::entry::Parameter;
use crate::domain::entry::Run;
use crate::domain::entry::RunStatus;
use crate::domain::entry::Source;
use crate::domain::entry::TreeState;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::redact;
use crate::domain::requirement::Requirement;
use crate::domain::version_map::Content;
use crate::durable::staging::ScratchDir;
use crate::git::repo::Commit;
use crate::ports::StoreError;
use crate::ports::object_store::Kept;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use crate::worktree::Scanned;
use crate::worktree::problem::ProblemKind;
use crate::worktree::problem::ScanError;
use crate::worktree::scan;
use active::Active;
use child::Ended;
use child::Output;
use child::SignalGuard;
use output::Printed;
use outputs::Made;
use outputs::Outputs;
use overrides::Overrides;
use serde::Serialize;
use source::Used;
use std::collections::BTreeMap;
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
    evidence: BTreeMap<String, ObjectRef>,
    inputs: Vec<Artefact>,
    scans: Vec<Scanned>,
    config_files: Vec<Artefact>,
    parameters: Vec<Parameter>,
    notes: Vec<String>,
    /// Found out while the command runs.
    environment: Option<Environment>,
    /// Inputs are read again when the command has ended.
    rehash: bool,
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
    let overrides = Overrides::plan(project, cwd, request)?;
    let mut told = close_killed(project, &*signer)?;
    let id = draw_id(project)?;
    let writes: Vec<RepoPath> = outputs.paths().into_iter().chain(overrides.paths().cloned()).collect();
    let claim = || Active::claim(project, id, writes.clone(), &overrides.changes);
    let prepare = || prepare(project, cwd, request, (id, &commit), &outputs, &overrides, progress);
    let (mut active, mut prepared, guard) = match overrides.changes.is_empty() {
        // What is wrong with the request leaves everything as it was.
        true => {
            let prepared = prepare()?;
            (claim()?, prepared, take_signals()?)
        }
        // Parameter files hold other values before they are looked at: an interruption must not leave them so.
        false => {
            let guard = take_signals()?;
            (claim()?, prepare()?, guard)
        }
    };
    prepared.notes.append(&mut told);

    // Durable before the command starts: a run that is killed, or ends badly, stays in the log.
    append(project, &*signer, Kind::RunStarted, |body, _| {
        body.run = Some(prepared.run.clone());
        body.source = Some(prepared.source.clone());
        body.evidence.clone_from(&prepared.evidence);
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

    let scratch = ScratchDir::create(&project.own_dir().join("scratch"))?;
    let variables = [
        ("MLPROV_RUN_ID", id.to_string()),
        ("MLPROV_RUN_DIR", scratch.path().to_string_lossy().into_owned()),
    ];
    let how = Output { quiet: request.stdout_is_ours, keep: request.keep_output };
    let (root, program) = (project.repo.root(), &request.command[0]);
    let ((ended, printed), around) = std::thread::scope(|scope| {
        // While the command runs: looking around takes its time.
        let around = scope.spawn(move || environment::capture(root, program));
        (guard.run(&request.command, cwd, &variables, how), around.join().ok())
    });
    prepared.notes.extend(active.give_back());
    if let Err(e) = keep_evidence(project, &mut prepared, printed, around) {
        prepared.notes.push(format!("what it printed, and its packages, could not be kept: {e}"));
    }
    finish(project, &*signer, prepared, outputs, &commit, &ended, progress).map_err(|source| match source {
        AppError::NotPublished { .. } => source,
        source => AppError::NotRecorded { run: id, exit_code: ended.exit_code(), source: Box::new(source) },
    })
}

fn take_signals() -> Result<SignalGuard> {
    Ok(SignalGuard::take().map_err(|e| StoreError::io("watch", "signals", e))?)
}

fn draw_id(project: &Project) -> Result<RunId> {
    let mut random = [0u8; 10];
    getrandom::fill(&mut random)
        .map_err(|e| StoreError::io("read", "the random source", io::Error::other(e)))?;
    Ok(RunId::new((project.clock.now().unix_micros() / 1000) as u64, &random))
}

/// What the command printed, and what was around it.
fn keep_evidence(
    project: &Project,
    prepared: &mut Prepared,
    printed: Option<Printed>,
    around: Option<(Environment, Option<Vec<u8>>)>,
) -> Result<()> {
    let (environment, packages) = around.unzip();
    prepared.environment = environment;
    let objects = project.store.batch(false)?;
    if let Some(packages) = packages.flatten() {
        prepared.evidence.insert("packages".to_owned(), record::put_object(&packages, &*objects)?);
    }
    if let Some(printed) = printed.filter(|printed| !printed.tail.is_empty()) {
        if printed.omitted > 0 {
            prepared.notes.push(format!("output: the first {} bytes are not kept", printed.omitted));
        }
        let (text, secrets) = redact::redact(&String::from_utf8_lossy(&printed.tail));
        prepared.notes.extend(secrets.iter().map(|s| format!("output: {} redacted", s.name())));
        prepared.evidence.insert("output".to_owned(), record::put_object(text.as_bytes(), &*objects)?);
    }
    prepared.kept = Some(objects.commit()?);
    Ok(())
}

/// Closes the runs whose mlprov was killed on this machine: nobody knows how they ended.
fn close_killed(project: &Project, signer: &dyn EntrySigner) -> Result<Vec<String>> {
    let (runs, told) = active::clear(project)?;
    if runs.is_empty() {
        return Ok(told);
    }
    let entries = project.entries()?;
    let of = |entry: &&LogEntry, kind: Kind| {
        entry.body().filter(|b| b.kind == kind).and_then(|b| b.run.as_ref()).map(|run| run.id)
    };
    let mut closed = Vec::new();
    for id in runs {
        let ended = entries.iter().any(|e| of(&e, Kind::RunFinished) == Some(id));
        let start = entries.iter().find(|e| of(e, Kind::RunStarted) == Some(id)).and_then(LogEntry::body);
        let Some(start) = start.filter(|_| !ended) else { continue };
        let mut body = start.clone();
        let draft = project.draft(Kind::RunFinished, signer);
        (body.kind, body.time, body.producer, body.actor) =
            (draft.kind, draft.time, draft.producer, draft.actor);
        body.notes = vec!["nobody saw its end: its mlprov was killed".to_owned()];
        if let Some(run) = &mut body.run {
            run.status = RunStatus::Unknown;
        }
        closed.push(record::seal(body, signer)?);
    }
    if !closed.is_empty() {
        project.append(closed)?;
    }
    Ok(told)
}

fn prepare(
    project: &Project,
    cwd: &Path,
    request: &RunRequest,
    (id, commit): (RunId, &Commit),
    outputs: &Outputs,
    overrides: &Overrides,
    progress: &dyn Progress,
) -> Result<Prepared> {
    let objects = project.store.batch(false)?;
    let mut notes = Vec::new();
    let Used { source, evidence } = source::used(project, commit, outputs, overrides, &*objects, &mut notes)?;
    if request.require_clean && source.state == Some(TreeState::Dirty) {
        return Err(AppError::NotClean { commit: commit.id.to_string() });
    }

    let mut config_files = Vec::new();
    let mut parameters = Vec::new();
    for (name, value) in &overrides.loose {
        let (value, secrets) = redact::redact_value(name, value);
        notes.extend(secrets.iter().map(|s| format!("parameter {name}: {} redacted", s.name())));
        parameters.push(Parameter { name: name.clone(), value, source: None });
    }
    let named = request.params.iter().map(|file| app::repo_path(&project.repo, cwd, file));
    let named = named.collect::<Result<Vec<RepoPath>>>()?;
    let with_values: Vec<RepoPath> = named.into_iter().chain(overrides.paths().cloned()).collect();
    // Those of the commit that lie there; of these no values are taken.
    let of_commit = project.bound(&commit.tree)?.configs.into_iter().map(|config| config.name);
    let there = of_commit.filter(|path| project.repo.root().join(path.as_str()).is_file());
    let outputs_too = outputs.paths();
    let there: Vec<RepoPath> =
        there.filter(|path| !outputs_too.iter().any(|o| o.contains(path) || o == path)).collect();
    for path in with_values.iter().chain(&there).cloned() {
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
        if !with_values.contains(&path) {
            continue;
        }
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
        let seen = project.see(&path, progress)?;
        let nothing = Vec::new();
        let known = if request.rehash { &nothing } else { &seen.known.hashes };
        let remembered = known.iter().any(Option::is_some);
        let scanned = seen.scanned.clone();
        let held = |content: &Content| project.store.holds(&content.blake3, content.size);
        let hashed = data::put::put_known(seen.scanned, known, &held, &*objects, progress)?;
        let record = data::describe(&hashed, hashed.sha256, &*project.store, &*objects)?;
        let mut artefact = record.artefact(&path, "dataset");
        artefact.observed = Some(if remembered { "stat" } else { "bytes" }.to_owned());
        inputs.push(artefact);
        scans.push(scanned);
        records.push(record);
    }
    let kept = Some(objects.commit()?);

    let argv: Vec<String> = request.command.iter().map(|w| w.to_string_lossy().into_owned()).collect();
    let (command, secrets) = redact::redact_argv(&argv);
    notes.extend(secrets.iter().map(|s| format!("command: {} redacted", s.name())));
    let started_on = project.clock.now();
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
        parents: parent_run().into_iter().chain(request.parents.iter().copied()).collect(),
        group: request.sweep.clone(),
        requirements: request.requirements.clone(),
        external_ids: Default::default(),
    };
    Ok(Prepared {
        id,
        run,
        source,
        evidence,
        inputs,
        scans,
        config_files,
        parameters,
        notes,
        environment: None,
        rehash: request.rehash,
        records,
        kept,
    })
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

fn finish(
    project: &Project,
    signer: &dyn EntrySigner,
    prepared: Prepared,
    outputs: Outputs,
    commit: &Commit,
    ended: &Ended,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let Prepared {
        id,
        rehash,
        environment,
        mut run,
        source,
        evidence,
        mut inputs,
        scans,
        config_files,
        parameters,
        mut notes,
        ..
    } = prepared;
    let root = project.repo.root();
    for (artefact, before) in inputs.iter_mut().zip(&scans) {
        let after = scan::scan(root, &artefact.name).ok().filter(|after| before.is_same(after));
        let stable = match (after, rehash) {
            (None, _) => false,
            (Some(_), false) => true,
            (Some(after), true) => {
                let root = data::hash(after, &[], progress).and_then(|hashed| hashed.root());
                root.is_ok_and(|root| root == artefact.digest.blake3)
            }
        };
        artefact.stable = Some(stable);
        if !stable {
            notes.push(format!(
                "input {} changed while the command ran, so this run will never verify",
                artefact.name
            ));
        }
    }

    let mut made = outputs.store(project, progress);
    for requirement in &run.requirements {
        let value = made.metrics.iter().find(|m| m.name == requirement.metric).map(|m| m.value.as_str());
        if !value.is_some_and(|value| requirement.is_met_by(value)) {
            made.incomplete = true;
            made.notes.push(format!("{requirement} was required; it is {}", value.unwrap_or("not there")));
        }
    }
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
        body.environment.clone_from(&environment);
        body.evidence.clone_from(&evidence);
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
