//! What is found out before a run begins.

use super::RunRequest;
use super::attested;
use super::files;
use super::outputs::Outputs;
use super::overrides::Overrides;
use super::source;
use super::source::Used;
use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::data::DatasetRecord;
use crate::app::declare;
use crate::app::declare::DeclareOptions;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Environment;
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
use crate::domain::version_map::Content;
use crate::git::repo::Commit;
use crate::ports::StoreError;
use crate::ports::object_store::Kept;
use crate::ports::progress::Progress;
use crate::worktree::problem::ProblemKind;
use crate::worktree::problem::ScanError;
use crate::worktree::scan;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Everything that was found out before the command starts.
#[derive(Serialize, Deserialize)]
pub(super) struct Prepared {
    pub(super) id: RunId,
    pub(super) run: Run,
    pub(super) source: Source,
    pub(super) evidence: BTreeMap<String, ObjectRef>,
    pub(super) inputs: Vec<Artefact>,
    /// Of the inputs, where and how they lay there. `None`: it lies elsewhere, or nobody looked.
    pub(super) scans: Vec<Option<Lay>>,
    pub(super) config_files: Vec<Artefact>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) notes: Vec<String>,
    /// Found out while the command runs.
    pub(super) environment: Option<Environment>,
    /// Inputs are read again when the command has ended.
    pub(super) rehash: bool,
    /// Of the inputs.
    pub(super) records: Vec<DatasetRecord>,
    /// What the command named, and has no version yet.
    #[serde(skip)]
    pub(super) staged: Vec<(RepoPath, DatasetRecord)>,
    /// Until the run's start is recorded, and then its end.
    #[serde(skip)]
    pub(super) kept: Vec<Kept>,
}

/// An input as it lay there before the run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Lay {
    pub(super) place: RepoPath,
    /// See [`Scanned::fingerprint`].
    pub(super) fingerprint: Blake3Hash,
}

/// Nothing is recorded yet.
pub(super) fn prepare(
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
    let Used { source, evidence } = match &project.launch {
        Some(launch) => launch.used(),
        None => source::used(project, commit, outputs, overrides, &*objects, &mut notes)?,
    };
    if request.require_clean && source.state == Some(TreeState::Dirty) {
        return Err(AppError::NotClean { commit: commit.id.to_string() });
    }

    // What has no version yet.
    let mut waiting: Vec<(RepoPath, DatasetRecord)> = Vec::new();
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
    let bound = match &project.launch {
        Some(_) => Vec::new(),
        None => project.bound(&commit.tree)?.configs,
    };
    let of_commit = bound.into_iter().map(|config| config.name);
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
        let record = data::describe(&hashed, hashed.sha256, &*project.store, &*objects)?;
        let artefact = record.artefact(&path, "config");
        if record.version_map.is_none() {
            waiting.push((path.clone(), record));
        }
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
    for place in request.inputs.iter().filter_map(|typed| declare::place_in(typed)) {
        let place = place?;
        if project.launch.is_some() {
            let why = "only data that the capsule names counts where there is no repository".to_owned();
            return Err(AppError::BadCapsule { why });
        }
        project.sources.agree(&place.bucket)?;
        let name = declare::name_of(&place)?;
        let declared = declare::declare(project, &place, &name, &DeclareOptions::default(), progress)?;
        inputs.push(declared.record.artefact(&name, "dataset"));
        scans.push(None);
        records.push(declared.record);
    }
    if let Some(launch) = &project.launch {
        for (artefact, lay) in attested::inputs(project, launch, cwd, request, progress)? {
            records.extend(DatasetRecord::of_artefact(&artefact));
            inputs.push(artefact);
            scans.push(lay);
        }
    }
    for path in input_paths(project, cwd, request, commit, outputs)? {
        if let Some(record) = project.declared_at(&path)? {
            inputs.push(record.artefact(&path, "dataset"));
            scans.push(None);
            records.push(record);
            continue;
        }
        let seen = project.see(&path, progress)?;
        let nothing = Vec::new();
        let known = if request.rehash { &nothing } else { &seen.known.hashes };
        let remembered = known.iter().any(Option::is_some);
        let scanned = seen.scanned.clone();
        let held = |content: &Content| objects.has(content);
        let hashed = data::put::put_known(seen.scanned, known, &held, &*objects, progress)?;
        let record = data::describe(&hashed, hashed.sha256, &*project.store, &*objects)?;
        let mut artefact = record.artefact(&path, "dataset");
        artefact.observed = Some(if remembered { "stat" } else { "bytes" }.to_owned());
        inputs.push(artefact);
        if record.version_map.is_none() {
            waiting.push((path.clone(), record.clone()));
        }
        scans.push(Some(Lay { place: path.clone(), fingerprint: scanned.fingerprint() }));
        records.push(record);
    }
    let kept = vec![objects.commit()?];
    for (path, record) in &waiting {
        project.stage(path, record, None, false)?;
    }

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
        external_ids: external_ids(),
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
        staged: Vec::new(),
        kept,
    })
}

/// What other systems call the run, as they tell their jobs.
fn external_ids() -> BTreeMap<String, String> {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let slurm = match (variable("SLURM_ARRAY_JOB_ID"), variable("SLURM_ARRAY_TASK_ID")) {
        (Some(job), Some(task)) => Some(format!("{job}_{task}")),
        _ => variable("SLURM_JOB_ID"),
    };
    let all = [
        ("mlflow", variable("MLFLOW_RUN_ID")),
        ("sagemakerTrainingJobArn", variable("TRAINING_JOB_ARN")),
        ("slurmJobId", slurm),
        ("wandb", variable("WANDB_RUN_ID")),
    ];
    all.into_iter().filter_map(|(name, id)| Some((name.to_owned(), redact::redact(&id?).0))).collect()
}

/// A run inside a run names it.
fn parent_run() -> Vec<RunId> {
    std::env::var("MLPROV_RUN_ID").ok().and_then(|id| id.parse().ok()).into_iter().collect()
}

/// The `-d` paths; without any, every dataset of the commit that lies in the work tree.
pub(super) fn input_paths(
    project: &Project,
    cwd: &Path,
    request: &RunRequest,
    commit: &Commit,
    outputs: &Outputs,
) -> Result<Vec<RepoPath>> {
    let mut paths = Vec::new();
    if project.launch.is_some() {
        return Ok(paths); // those that were attested
    }
    for typed in request.inputs.iter().filter(|typed| declare::place_in(typed).is_none()) {
        let path = app::repo_path(&project.repo, cwd, typed)?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    if request.inputs.is_empty() {
        let datasets = project.pointers(&commit.tree)?.into_iter().map(|p| p.data);
        let is_output = |path: &RepoPath| outputs.declared.iter().any(|d| d.path == *path);
        let mut there = Vec::new();
        for path in datasets.filter(|path| !is_output(path)) {
            let lies = project.repo.root().join(path.as_str()).exists();
            if lies || project.declared_at(&path)?.is_some() {
                there.push(path);
            }
        }
        paths = there;
    }
    Ok(paths)
}
