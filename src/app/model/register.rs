//! `model register`: a package, and the one entry that binds it to its run.

use super::artefact::Wanted;
use super::binding;
use super::difference;
use super::package_image_differs;
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
use crate::domain::package::ArtefactForm;
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
    /// False: no output of the run has its bytes.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub made_by_run: bool,
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
    /// Whether the package names the leaf of its entry; absent where there is no room for that, or nobody is to write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_back: Option<bool>,
    pub approval_status: ApprovalStatus,
    /// Of the entry that binds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// It was bound before.
    pub already: bool,
}

/// What is to be registered.
#[derive(Clone, Copy, Debug)]
pub struct RegisterRequest<'a> {
    pub cwd: &'a Path,
    pub file: &'a Path,
    pub group: &'a str,
    /// The run, as the user names it.
    pub word: &'a str,
    pub image: Option<&'a Image>,
}

/// What would be registered, and where.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterPlan {
    pub dry_run: bool,
    pub group_name: String,
    pub run: RunId,
    pub model: RepoPath,
    pub digest: Digests,
    /// URI of what the package would point to, and its form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artefact: Option<(String, ArtefactForm)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployable: Option<bool>,
    /// The package, if the registry has it already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<ModelPackageArn>,
    /// An entry binds it already.
    pub already: bool,
}

/// Looks, asks the registry, and changes nothing.
pub fn plan(
    project: &Project,
    request: &RegisterRequest<'_>,
    progress: &dyn Progress,
) -> Result<RegisterPlan> {
    project.ready()?;
    let entries = project.own_entries()?;
    let (_, run, model) = sound(project, &entries, request, progress)?;
    let known = project.registry.of_run(request.group, &run.id)?;
    if let Some(record) = &known {
        is_wanted(record, &model)?;
    }
    let log = project.ledger.log();
    Ok(RegisterPlan {
        dry_run: true,
        group_name: request.group.to_owned(),
        run: run.id,
        artefact: project.planned_artefact(request.group, &run.id, &model),
        image: request.image.cloned(),
        deployable: project.registry.place().map(|_| request.image.is_some()),
        already: known.as_ref().is_some_and(|record| binding(&entries, log, &record.arn).is_some()),
        arn: known.map(|record| record.arn),
        digest: model.digest,
        model: model.name,
    })
}

/// The run's end, the run, and the output of it that is asked for, whose bytes are stored.
fn sound<'a>(
    project: &Project,
    entries: &'a [LogEntry],
    request: &RegisterRequest<'_>,
    progress: &dyn Progress,
) -> Result<(&'a Body, &'a Run, Artefact)> {
    arn::check_group(request.group)?;
    project.check_image(request.image)?;
    let (end, run) = complete_run(project, entries, request.cwd, request.word)?;
    let model = made(project, request.cwd, end, run, request.file, progress)?;
    // Durable before anybody names it.
    if project.store.locate(&model.digest.blake3)?.is_none() {
        // This clone may never have seen it.
        project.learn_places(&model)?;
    }
    if project.store.locate(&model.digest.blake3)?.is_none() {
        return Err(StoreError::Missing { what: format!("{} ({})", model.name, model.digest.blake3) }.into());
    }
    Ok((end, run, model))
}

fn is_wanted(record: &PackageRecord, model: &Artefact) -> Result<()> {
    if (&record.model, record.digest) == (&model.name, model.digest) {
        return Ok(());
    }
    let why = format!("it is registered already, with {} as its model", record.model);
    Err(AppError::PackageDiffers { arn: record.arn.to_string(), why })
}

/// Registers what a run made.
pub fn register(
    project: &Project,
    request: &RegisterRequest<'_>,
    progress: &dyn Progress,
) -> Result<RegisterReport> {
    let signer = project.ready()?;
    let entries = project.own_entries()?;
    let (end, run, model) = sound(project, &entries, request, progress)?;
    let RegisterRequest { group, image, .. } = *request;
    if project.has_artefacts() {
        project.learn_places(&model)?;
    }
    let record = project.make_package(&Wanted {
        group,
        run: &run.id,
        model: &model,
        source: end.source.as_ref(),
        image,
    })?;
    is_wanted(&record, &model)?;
    let differs = |why: String| AppError::PackageDiffers { arn: record.arn.to_string(), why };
    let state = with_image(project, &record, image)?;
    if let Some((entry, body, package)) = binding(&entries, project.ledger.log(), &record.arn) {
        return match difference(&state, body, package) {
            Some(why) => Err(differs(why)),
            None => already(project, &entries, run.id, (entry, package), &state),
        };
    }
    if let Some(why) = not_ours(project, &state, &record, &model)? {
        return Err(differs(why));
    }
    let package = package_of(&state, &record);
    bound(project, &*signer, (end, run.id), New { package, outputs: vec![model], write_back: true })
}

/// The package of a run that is about to end, as its entry is to name it: as the registry shows it, which may know more
/// than what was asked for (which image a tag means). Nobody else's is taken for it.
pub fn of_ending_run(project: &Project, wanted: &Wanted<'_>) -> Result<ModelPackage> {
    let record = project.make_package(wanted)?;
    let state = with_image(project, &record, wanted.image)?;
    if let Some(why) = container_differs(&state, &record) {
        return Err(AppError::PackageDiffers { arn: record.arn.to_string(), why });
    }
    // It was just made: what becomes of it is said later.
    Ok(ModelPackage { approval_status: None, ..package_of(&state, &record) })
}

/// What the registry shows of a package, which has to have the image that was asked for.
fn with_image(project: &Project, record: &PackageRecord, image: Option<&Image>) -> Result<PackageState> {
    let differs = |why: String| AppError::PackageDiffers { arn: record.arn.to_string(), why };
    let state = project.registry.state(&record.arn)?.ok_or_else(|| differs("it is gone again".into()))?;
    let registered = state.containers.first().and_then(|container| container.image.as_deref());
    match image.filter(|image| registered != Some(image.as_str())) {
        Some(image) => {
            let registered = registered.unwrap_or("no image");
            Err(differs(format!("it is registered already, with {registered} and not with {image}")))
        }
        None => Ok(state),
    }
}

/// Why a package that no entry binds is not what mlprov would have made of the model.
pub(super) fn not_ours(
    project: &Project,
    state: &PackageState,
    record: &PackageRecord,
    model: &Artefact,
) -> Result<Option<String>> {
    match container_differs(state, record) {
        Some(why) => Ok(Some(why)),
        None => project.artefact_differs(record, model),
    }
}

/// The same of what is deployed: it has to point to what the run made.
fn container_differs(state: &PackageState, record: &PackageRecord) -> Option<String> {
    if record.artefact.is_none() && !state.containers.is_empty() {
        return Some("it can be deployed, and says nothing of its artefact".to_owned());
    }
    package_image_differs(state, &package_of(state, record))
}

/// The end of a run that completed, as this clone's own log has it.
pub(super) fn complete_run<'a>(
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

/// A package that no entry binds yet.
pub(super) struct New {
    pub package: ModelPackage,
    /// The output of the run that it is.
    pub outputs: Vec<Artefact>,
    /// Whether the package is to name its entry.
    pub write_back: bool,
}

/// Of a package that is bound.
pub(super) fn already(
    project: &Project,
    entries: &[LogEntry],
    run: RunId,
    (entry, package): (&LogEntry, &ModelPackage),
    state: &PackageState,
) -> Result<RegisterReport> {
    // Whoever was killed after the entry left the rest to this call.
    project.publish_if_behind()?;
    project.remember_package(package);
    let name = short_name(entries, project.ledger.log(), &package.arn);
    let mut report = report(project, run, package, name, state.leaf.is_some());
    report.approval_status = state.status.clone();
    (report.index, report.already) = (entry.logged_at(), true);
    Ok(report)
}

/// `named`: whether the registry shows that the package names an entry.
fn report(
    project: &Project,
    run: RunId,
    package: &ModelPackage,
    name: Option<String>,
    named: bool,
) -> RegisterReport {
    let far = !package.arn.is_local();
    let written_back = match named || package.is_foreign() {
        // The binding stands whatever becomes of this: `sync` makes up for it.
        _ if project.is_unwritten(&package.arn) => Some(project.write_back(&package.arn).unwrap_or(false)),
        // Of what something else made, who binds it says whether anything is written into it.
        true => named.then_some(true),
        false => Some(false),
    };
    RegisterReport {
        arn: package.arn.clone(),
        name,
        run,
        model: package.model.clone(),
        digest: package.digest,
        made_by_run: package.made_by_run.unwrap_or(true),
        artefact: package.artefact.clone(),
        image: package.image.clone(),
        image_digest: package.image_digest.clone(),
        deployable: far.then_some(package.image.is_some()),
        written_back: written_back.filter(|_| far),
        approval_status: package.approval_status.clone().unwrap_or(ApprovalStatus::Pending),
        index: None,
        already: false,
    }
}

/// Appends the entry.
pub(super) fn bound(
    project: &Project,
    signer: &dyn EntrySigner,
    (end, run): (&Body, RunId),
    new: New,
) -> Result<RegisterReport> {
    let package = new.package.clone();
    let receipt = append(project, signer, end, new)?;
    // By what the log has now: others may have registered meanwhile.
    let name = short_name(&project.own_entries()?, project.ledger.log(), &package.arn);
    let mut report = report(project, run, &package, name, false);
    (report.index, report.already) = (receipt.index, receipt.already);
    Ok(report)
}

/// What an entry says of a package that mlprov made.
pub(super) fn package_of(state: &PackageState, record: &PackageRecord) -> ModelPackage {
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
        settings: None,
        made_by_run: None,
    }
}

/// The whole binding in one entry: what the run's end says of code, data and configuration stands beside the ARN again.
pub(super) fn append(project: &Project, signer: &dyn EntrySigner, end: &Body, new: New) -> Result<Receipt> {
    if new.write_back {
        project.mark_unwritten(&new.package.arn)?;
    }
    let mut body = project.draft(Kind::ModelRegistered, signer);
    body.run.clone_from(&end.run);
    body.source.clone_from(&end.source);
    body.inputs = end.inputs.clone();
    body.outputs = List::Inline(new.outputs);
    body.config_files = end.config_files.clone();
    body.parameters = end.parameters.clone();
    body.metrics = end.metrics.clone();
    let package = new.package.clone();
    body.model_package = Some(new.package);
    body.target = Some(Target { entry: Some(end.id), ..Target::default() });
    let receipt = project.append_one(body, signer)?;
    project.remember_package(&package);
    Ok(receipt)
}
