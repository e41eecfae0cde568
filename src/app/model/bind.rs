//! `bind`: a package that is in the registry already, and the run that it belongs to. What mlprov made says so itself. Of
//! what a pipeline made, the object that it points to is read, and must be what the run made.

use super::binding;
use super::difference;
use super::register::New;
use super::register::RegisterReport;
use super::register::already;
use super::register::bound;
use super::register::complete_run;
use super::register::model_of;
use super::register::not_ours;
use super::register::package_of;
use super::wrap;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::ModelPackage;
use crate::domain::package;
use crate::domain::package::ArtefactForm;
use crate::domain::package::PackageArtefact;
use crate::domain::path::RepoPath;
use crate::ports::StoreError;
use crate::ports::model_registry::Container;
use crate::ports::model_registry::PackageState;
use std::path::Path;

#[derive(Clone, Copy, Debug, Default)]
pub struct BindOptions {
    /// Also if no output of the run has the package's bytes; the record says so.
    pub not_from_run: bool,
    /// Nothing is written into a package that something else made.
    pub no_write_back: bool,
}

/// `word`: the run.
pub fn bind(
    project: &Project,
    cwd: &Path,
    word: &str,
    arn: &ModelPackageArn,
    options: BindOptions,
) -> Result<RegisterReport> {
    let signer = project.ready()?;
    let entries = project.own_entries()?;
    let (end, run) = complete_run(project, &entries, cwd, word)?;
    let unknown = || AppError::NoPackage { id: arn.to_string() };
    let state = project.registry.state(arn)?.ok_or_else(unknown)?;
    let differs = |why: String| AppError::PackageDiffers { arn: arn.to_string(), why };
    let of_other = |of: String| differs(format!("it is of run {of}, and not of {}", run.id.short()));
    if let Some((entry, body, package)) = binding(&entries, project.ledger.log(), arn) {
        let of = body.run.as_ref().map(|run| run.id);
        if of != Some(run.id) {
            return Err(of_other(of.map(|id| id.short()).unwrap_or_default()));
        }
        if let Some(why) = difference(&state, body, package) {
            return Err(differs(why));
        }
        return already(project, &entries, run.id, (entry, package), &state);
    }
    let Some(record) = &state.record else {
        let new = foreign(project, end, arn, &state, options)?;
        return bound(project, &*signer, (end, run.id), new);
    };
    if record.run != run.id {
        return Err(of_other(record.run.short()));
    }
    let Some(model) = model_of(project, end, record)? else {
        return Err(differs(format!("no output of run {} has its bytes", run.id.short())));
    };
    if let Some(why) = not_ours(project, &state, record, &model)? {
        return Err(differs(why));
    }
    let package = package_of(&state, record);
    bound(project, &*signer, (end, run.id), New { package, outputs: vec![model], write_back: true })
}

/// What something else made: its object is read, whoever put it there.
fn foreign(
    project: &Project,
    end: &Body,
    arn: &ModelPackageArn,
    state: &PackageState,
    options: BindOptions,
) -> Result<New> {
    let differs = |why: String| AppError::PackageDiffers { arn: arn.to_string(), why };
    let with_data: Vec<&Container> = state.containers.iter().filter(|c| c.model_data.is_some()).collect();
    let [container] = with_data[..] else {
        return Err(differs(format!("{} of its containers get a model; one has to", with_data.len())));
    };
    let uri = container.model_data.clone().unwrap_or_default();
    let artefact = read(project, &uri)?;
    let outputs = project.list(&end.outputs)?;
    let same =
        |output: &&Artefact| output.manifest.is_none() && output.digest.blake3 == artefact.digest.blake3;
    let model = outputs.iter().find(same);
    if model.is_none() && !options.not_from_run {
        let run = end.run.as_ref().map(|run| run.id.short()).unwrap_or_default();
        let blake3 = artefact.digest.blake3;
        return Err(differs(format!("{uri} (BLAKE3 {blake3}) is no output of run {run}")));
    }
    let name = || -> Result<RepoPath> { Ok(uri.rsplit('/').next().unwrap_or(&uri).parse()?) };
    let package = ModelPackage {
        arn: arn.clone(),
        group_name: state.group_name.clone(),
        model: model.map_or_else(name, |model| Ok(model.name.clone()))?,
        digest: model.map_or(artefact.digest, |model| model.digest),
        approval_status: Some(state.status.clone()),
        image: container.image.clone(),
        image_digest: container.image_digest.clone(),
        artefact: Some(artefact),
        settings: Some(package::settings(&state.settings)?),
        made_by_run: model.is_none().then_some(false),
    };
    let outputs = model.into_iter().cloned().collect();
    Ok(New { package, outputs, write_back: !options.no_write_back })
}

/// The object that is current there, with what its bytes hash to. Who binds a package agrees to reading it.
fn read(project: &Project, uri: &str) -> Result<PackageArtefact> {
    let (bucket, key) = package::place(uri)?;
    if key.ends_with('/') {
        let why = "it is a prefix; only a package of one object can be bound".to_owned();
        return Err(StoreError::Unfit { what: uri.to_owned(), why }.into());
    }
    if !project.sources.is_agreed(bucket) {
        project.sources.agree(bucket)?;
    }
    let source = project.sources.open(bucket)?;
    let current = source.current(key)?;
    let reader = source.read(key, current.version_id.as_deref(), current.stated.size)?;
    let (content, digest) = wrap::measure(reader).map_err(|e| StoreError::io("read", uri, e))?;
    if content.size != current.stated.size {
        return Err(StoreError::Changed { what: uri.to_owned() }.into());
    }
    Ok(PackageArtefact {
        uri: uri.to_owned(),
        form: ArtefactForm::Foreign,
        digest,
        size: content.size,
        version_id: current.version_id.map(|id| id.parse()).transpose()?,
        checksum: current.stated.checksum,
        etag: Some(current.etag),
        manifest: None,
    })
}
