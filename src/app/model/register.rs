//! `model register` and `bind`: a package, and the one entry that binds it to its run.

use super::artefact::Wanted;
use super::binding;
use super::difference;
use super::short_name;
use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::query;
use crate::app::query::LogEntry;
use crate::app::record::Receipt;
use crate::app::resolve;
use crate::app::resolve::Target as Meant;
use crate::domain::approval::ApprovalStatus;
use crate::domain::arn;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::ModelPackage;
use crate::domain::entry::Run;
use crate::domain::entry::RunStatus;
use crate::domain::entry::Target;
use crate::domain::ids::RunId;
use crate::domain::package::Image;
use crate::domain::package::PackageArtefact;
use crate::domain::path::RepoPath;
use crate::ports::StoreError;
use crate::ports::model_registry::PackageRecord;
use crate::ports::model_registry::PackageState;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use crate::worktree::scan;
use serde::Serialize;
use std::path::Path;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterReport {
    pub arn: ModelPackageArn,
    /// `NAME/2`; absent while the entry waits for a ledger that cannot be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub run: RunId,
    pub model: RepoPath,
    pub digest: Digests,
    /// What the package points to, if that is in a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artefact: Option<PackageArtefact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    /// Whether the package names an image that can run it; absent where nothing is deployed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployable: Option<bool>,
    /// Whether the package names the leaf of its entry; absent where there is no room for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_back: Option<bool>,
    pub approval_status: ApprovalStatus,
    /// Of the entry that binds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// It was bound before.
    pub already: bool,
}

/// Registers what a run made. `word`: the run.
pub fn register(
    project: &Project,
    cwd: &Path,
    file: &Path,
    group: &str,
    word: &str,
    image: Option<&Image>,
    progress: &dyn Progress,
) -> Result<RegisterReport> {
    arn::check_group(group)?;
    project.check_image(image)?;
    let signer = project.ready()?;
    let entries = project.own_entries()?;
    let (end, run) = complete_run(project, &entries, cwd, word)?;
    let model = made(project, cwd, end, run, file, progress)?;
    // Durable before anybody names it.
    if project.store.locate(&model.digest.blake3)?.is_none() {
        return Err(StoreError::Missing { what: format!("{} ({})", model.name, model.digest.blake3) }.into());
    }
    let record = project.make_package(&Wanted {
        group,
        run: &run.id,
        model: &model,
        source: end.source.as_ref(),
        image,
    })?;
    let differs = |why: String| AppError::PackageDiffers { arn: record.arn.to_string(), why };
    if (&record.model, record.digest) != (&model.name, model.digest) {
        return Err(differs(format!("it is registered already, with {} as its model", record.model)));
    }
    let state = project.registry.state(&record.arn)?.ok_or_else(|| differs("it is gone again".into()))?;
    let registered = state.containers.first().and_then(|container| container.image.as_deref());
    if let Some(image) = image.filter(|image| registered != Some(image.as_str())) {
        let registered = registered.unwrap_or("no image");
        return Err(differs(format!("it is registered already, with {registered} and not with {image}")));
    }
    bound(project, &*signer, &entries, end, (&state, &record))
}

/// Binds a package that the registry holds already. `word`: the run.
pub fn bind(project: &Project, cwd: &Path, word: &str, arn: &ModelPackageArn) -> Result<RegisterReport> {
    let signer = project.ready()?;
    let entries = project.own_entries()?;
    let (end, run) = complete_run(project, &entries, cwd, word)?;
    let unknown = || AppError::NoPackage { id: arn.to_string() };
    let state = project.registry.state(arn)?.ok_or_else(unknown)?;
    let record = state.record.clone().ok_or_else(unknown)?;
    let differs = |why: String| AppError::PackageDiffers { arn: arn.to_string(), why };
    if record.run != run.id {
        return Err(differs(format!("it is of run {}, and not of {}", record.run.short(), run.id.short())));
    }
    if model_of(project, end, &record)?.is_none() {
        return Err(differs(format!("no output of run {} has its bytes", run.id.short())));
    }
    bound(project, &*signer, &entries, end, (&state, &record))
}

/// The end of a run that completed, as this clone's own log has it.
fn complete_run<'a>(
    project: &Project,
    entries: &'a [LogEntry],
    cwd: &Path,
    word: &str,
) -> Result<(&'a Body, &'a Run)> {
    let target = resolve::resolve(project, entries, cwd, word)?;
    let about = resolve::entries_about(entries, &target);
    let subject = query::subject_of_run(&about).and_then(LogEntry::body);
    let unknown = || AppError::UnknownId { id: word.to_owned() };
    let (Meant::Run(_), Some((end, run))) = (&target, subject.and_then(|b| Some((b, b.run.as_ref()?))))
    else {
        return Err(unknown());
    };
    if end.kind != Kind::RunFinished || run.status != RunStatus::Complete {
        return Err(AppError::NotComplete { run: run.id.short(), status: run.status.to_string() });
    }
    Ok((end, run))
}

/// The output that a file is. If it lies in the work tree its bytes must be those that the run made.
fn made(
    project: &Project,
    cwd: &Path,
    end: &Body,
    run: &Run,
    file: &Path,
    progress: &dyn Progress,
) -> Result<Artefact> {
    let path = app::repo_path(&project.repo, cwd, file)?;
    let outputs = project.list(&end.outputs)?;
    let here = match project.repo.root().join(path.as_str()).exists() {
        true => {
            let scanned = scan::scan(project.repo.root(), &path)?;
            Some(data::hash(scanned, &[], progress)?.root()?)
        }
        false => None,
    };
    let is_it = |a: &&Artefact| here.map_or(a.name == path, |root| a.digest.blake3 == root);
    // Of two with the same bytes the one with this name.
    let mut same: Vec<&Artefact> = outputs.iter().filter(is_it).collect();
    same.sort_by_key(|a| a.name != path);
    let not_made = || AppError::NotMade { run: run.id.short(), file: file.to_owned() };
    same.first().map(|a| (*a).clone()).ok_or_else(not_made)
}

/// The output of a run that is the registered model.
pub(super) fn model_of(project: &Project, end: &Body, record: &PackageRecord) -> Result<Option<Artefact>> {
    let outputs = project.list(&end.outputs)?;
    let same = |a: &Artefact| a.name == record.model && a.digest == record.digest && a.size == record.size;
    Ok(outputs.into_iter().find(same))
}

/// Appends the entry, unless there is one.
fn bound(
    project: &Project,
    signer: &dyn EntrySigner,
    entries: &[LogEntry],
    end: &Body,
    (state, record): (&PackageState, &PackageRecord),
) -> Result<RegisterReport> {
    let (arn, log) = (&record.arn, project.ledger.log());
    let new = package_of(state, record);
    // The binding stands whatever becomes of this: `sync` makes up for it.
    let written_back = || (!arn.is_local()).then(|| project.write_back(arn).unwrap_or(false));
    let report = |name, index, already| RegisterReport {
        arn: arn.clone(),
        name,
        run: record.run,
        model: record.model.clone(),
        digest: record.digest,
        artefact: new.artefact.clone(),
        image: new.image.clone(),
        image_digest: new.image_digest.clone(),
        written_back: written_back(),
        deployable: (!arn.is_local()).then_some(new.image.is_some()),
        approval_status: state.status.clone(),
        index,
        already,
    };
    if let Some((entry, body, package)) = binding(entries, log, arn) {
        if let Some(why) = difference(state, body, package) {
            return Err(AppError::PackageDiffers { arn: arn.to_string(), why });
        }
        return Ok(report(short_name(entries, log, arn), entry.logged_at(), true));
    }
    let receipt = append(project, signer, end, state, record)?;
    // By what the log has now: others may have registered meanwhile.
    let name = short_name(&project.own_entries()?, log, arn);
    Ok(report(name, receipt.index, receipt.already))
}

/// What an entry says of a package.
fn package_of(state: &PackageState, record: &PackageRecord) -> ModelPackage {
    let container = state.containers.first();
    ModelPackage {
        arn: record.arn.clone(),
        group_name: record.group_name.clone(),
        model: record.model.clone(),
        digest: record.digest,
        approval_status: Some(state.status.clone()),
        artefact: record.artefact.clone(),
        image: container.and_then(|container| container.image.clone()),
        image_digest: container.and_then(|container| container.image_digest.clone()),
        made_by_run: None,
    }
}

/// The whole binding in one entry: what the run's end says of code, data and configuration stands beside the ARN again.
pub(super) fn append(
    project: &Project,
    signer: &dyn EntrySigner,
    end: &Body,
    state: &PackageState,
    record: &PackageRecord,
) -> Result<Receipt> {
    project.mark_unwritten(&record.arn)?;
    let mut body = project.draft(Kind::ModelRegistered, signer);
    body.run.clone_from(&end.run);
    body.source.clone_from(&end.source);
    body.inputs = end.inputs.clone();
    body.outputs = List::Inline(model_of(project, end, record)?.into_iter().collect());
    body.config_files = end.config_files.clone();
    body.parameters = end.parameters.clone();
    body.metrics = end.metrics.clone();
    body.model_package = Some(package_of(state, record));
    body.target = Some(Target { entry: Some(end.id), ..Target::default() });
    project.append_one(body, signer)
}
