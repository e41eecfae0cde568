//! `reproduce`: what a run had, laid out again: commit, patch, configuration and data; on request run again and compared.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::diff;
use crate::app::diff::ValueDifference;
use crate::app::diff::environment::Packages;
use crate::app::restore;
use crate::app::restore::RestoreRequest;
use crate::app::restore::Wanted;
use crate::app::run::RunReport;
use crate::app::run::RunRequest;
use crate::app::run::environment;
use crate::app::version::Version;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Environment;
use crate::domain::entry::Run;
use crate::domain::entry::Source;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::durable;
use crate::git::worktrees;
use crate::ports::progress::Progress;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

/// Something that is not as it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    pub what: String,
    pub recorded: String,
    pub found: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LaidOut {
    pub run: RunId,
    pub directory: PathBuf,
    pub commit: String,
    /// Whether more than the commit ran, and was put there again.
    pub patched: bool,
    /// Restored, every byte hashed.
    pub inputs: Vec<RepoPath>,
    /// Of the machine at hand from that of the run.
    pub environment: Vec<Difference>,
    /// argv, as it was recorded.
    pub command: Vec<String>,
    /// Below the directory.
    pub cwd: String,
}

/// What came of running it again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    pub again: RunReport,
    /// Outputs and metrics that are the same.
    pub same: Vec<String>,
    pub different: Vec<Difference>,
}

/// A run with what is needed of it.
struct Recorded {
    run: Run,
    source: Source,
    body: Box<Body>,
    configs: Vec<Artefact>,
    inputs: Vec<Artefact>,
    outputs: Vec<Artefact>,
}

fn recorded(project: &Project, cwd: &Path, word: &str) -> Result<Recorded> {
    let unknown = || AppError::UnknownId { id: word.to_owned() };
    let Version::Run { body, .. } = project.run_version(cwd, word)? else { return Err(unknown()) };
    let (run, source) = (body.run.clone().ok_or_else(unknown)?, body.source.clone().ok_or_else(unknown)?);
    let lists = [&body.config_files, &body.inputs, &body.outputs].map(|list| project.list(list));
    let [configs, inputs, outputs] = lists;
    Ok(Recorded { run, source, configs: configs?, inputs: inputs?, outputs: outputs?, body })
}

/// Lays a run out in `to`, which must not exist or be empty. If anything of it cannot be had, nothing stays there.
pub fn lay_out(
    project: &Project,
    cwd: &Path,
    word: &str,
    to: &Path,
    progress: &dyn Progress,
) -> Result<LaidOut> {
    let recorded = recorded(project, cwd, word)?;
    let directory = cwd.join(to);
    let Some(commit) = project.repo.commit(&recorded.source.commit)? else {
        return Err(AppError::NoCommit { commit: recorded.source.commit.to_string() });
    };
    if std::fs::read_dir(&directory).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(AppError::NotEmpty { path: directory });
    }
    // Before anything is written: it is the one thing that cannot be had from git.
    let patch = recorded.source.diff.as_ref().map(|diff| project.read_ref(diff)).transpose()?;
    project.repo.add_work_tree(&directory, &commit.id)?;
    let laid = fill(project, cwd, word, &directory, &recorded, patch.as_deref(), progress);
    if laid.is_err() {
        let _ = project.repo.remove_work_tree(&directory); // the first error is the one to report
    }
    laid
}

fn fill(
    project: &Project,
    cwd: &Path,
    word: &str,
    directory: &Path,
    recorded: &Recorded,
    patch: Option<&[u8]>,
    progress: &dyn Progress,
) -> Result<LaidOut> {
    let run = &recorded.run;
    if let Some(patch) = patch {
        let cannot = |why: String| AppError::NotReproducible { run: run.id.short(), why };
        let tree = worktrees::apply_patch(directory, patch);
        let tree = tree.map_err(|e| cannot(format!("its patch does not apply: {e}")))?;
        if recorded.source.run_tree.as_ref() != Some(&tree) {
            return Err(cannot(format!("its patch gives tree {tree}, which is not the one that ran")));
        }
    }
    for config in recorded.configs.iter().filter(|config| config.version_map.is_some()) {
        let place = directory.join(config.name.as_str());
        if std::fs::read(&place).is_ok_and(|bytes| Blake3Hash::of(&bytes) == config.digest.blake3) {
            continue;
        }
        // One that git ignores, say.
        let bytes = project.content(config)?;
        if let Some(dir) = place.parent() {
            durable::create_dir_all(dir)?;
        }
        durable::replace(&place, &bytes, 0o644)?;
    }
    let inputs: Vec<RepoPath> = recorded.inputs.iter().map(|input| input.name.clone()).collect();
    if !inputs.is_empty() {
        let paths = inputs.iter().map(|path| PathBuf::from(format!(":/{path}"))).collect();
        let to = Some(directory.to_owned());
        let request = RestoreRequest { paths, version: Wanted::Run(word.to_owned()), to, force: false };
        let plan = restore::plan(project, cwd, &request, progress)?;
        let _restored = restore::carry_out(project, plan, progress)?;
    }
    let command: Vec<String> = match &run.command_object {
        Some(object) => {
            serde_json::from_slice(&project.read_ref(object)?).unwrap_or_else(|_| run.command.clone())
        }
        None => run.command.clone(),
    };
    let program = command.first().map(OsString::from).unwrap_or_default();
    let (now, packages) = environment::capture(directory, &program);
    let packages = packages.and_then(|json| diff::environment::packages(&json));
    let then = diff::environment::recorded_packages(project, &recorded.body)?;
    Ok(LaidOut {
        run: run.id,
        directory: directory.canonicalize().unwrap_or_else(|_| directory.to_owned()),
        commit: recorded.source.commit.to_string(),
        patched: patch.is_some(),
        inputs,
        environment: differences(recorded.body.environment.as_ref(), &then, &now, &packages),
        command,
        cwd: run.cwd.clone(),
    })
}

/// What could make another result.
fn differences(
    then: Option<&Environment>,
    packages_then: &Packages,
    now: &Environment,
    packages_now: &Packages,
) -> Vec<Difference> {
    let Some(then) = then else { return Vec::new() };
    let differ = diff::environment::between((Some(then), packages_then), (Some(now), packages_now));
    let difference = |d: ValueDifference| Difference {
        what: d.name,
        recorded: d.a.unwrap_or_default(),
        found: d.b.unwrap_or_default(),
    };
    differ.into_iter().map(difference).collect()
}

/// What runs the laid out command again, as it was declared: with the old run as its parent.
pub fn request(project: &Project, cwd: &Path, laid: &LaidOut) -> Result<RunRequest> {
    let recorded = recorded(project, cwd, &laid.run.to_string())?;
    if laid.command.iter().any(|arg| arg.contains("[REDACTED:")) {
        let why = "a secret was taken out of its command: run it yourself, with the secret".to_owned();
        return Err(AppError::NotReproducible { run: laid.run.short(), why });
    }
    let place = |path: &RepoPath| PathBuf::from(format!(":/{path}"));
    let with_role = |roles: &[&str]| -> Vec<PathBuf> {
        recorded.outputs.iter().filter(|o| roles.contains(&o.role.as_str())).map(|o| place(&o.name)).collect()
    };
    // Those that values were taken from.
    let parameters = project.list(&recorded.body.parameters)?;
    let sources: BTreeSet<RepoPath> = parameters.into_iter().filter_map(|p| p.source).collect();
    Ok(RunRequest {
        name: recorded.run.name.clone(),
        inputs: laid.inputs.iter().map(place).collect(),
        outputs: with_role(&["output", "model"]),
        metrics: with_role(&["metrics"]),
        params: sources.iter().map(place).collect(),
        requirements: recorded.run.requirements.clone(),
        parents: vec![laid.run],
        keep_output: true,
        command: laid.command.iter().map(OsString::from).collect(),
        ..RunRequest::default()
    })
}

/// The outputs and metrics of a new run against those of the old one.
pub fn compare(project: &Project, cwd: &Path, first: RunId, again: RunReport) -> Result<Compared> {
    let facts = |of: &Recorded| -> Result<BTreeMap<String, String>> {
        let outputs = of.outputs.iter().filter(|o| o.role != "metrics");
        let mut facts: BTreeMap<String, String> =
            outputs.map(|o| (format!("output {}", o.name), format!("b3:{}", o.digest.blake3))).collect();
        for metric in project.list(&of.body.metrics)? {
            facts.insert(format!("metric {}", metric.name), metric.value);
        }
        Ok(facts)
    };
    let before = facts(&recorded(project, cwd, &first.to_string())?)?;
    let after = facts(&recorded(project, cwd, &again.run.to_string())?)?;
    let (mut same, mut different) = (Vec::new(), Vec::new());
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let value = |of: &BTreeMap<String, String>| of.get(name).cloned().unwrap_or_default();
        match before.get(name) == after.get(name) {
            true => same.push(name.clone()),
            false => different.push(Difference {
                what: name.clone(),
                recorded: value(&before),
                found: value(&after),
            }),
        }
    }
    Ok(Compared { again, same, different })
}
