//! Model packages: bound to runs by entries, approved and rejected by entries. The registry comes first and the one entry
//! after it, so that no entry is ever ahead of the registry; what an interruption leaves between the two is finished by
//! the same call, or by `sync`.

pub mod artefact;
mod bind;
mod decide;
mod known;
mod list;
mod register;
mod sync;
mod wrap;
mod written;

pub use bind::BindOptions;
pub use bind::bind;
pub use decide::DecisionReport;
pub use decide::decide;
pub use list::ListReport;
pub use list::PackageReport;
pub use list::ShowReport;
pub use list::list;
pub use list::show;
pub use register::RegisterPlan;
pub use register::RegisterReport;
pub use register::RegisterRequest;
pub use register::of_ending_run;
pub use register::plan;
pub use register::register;
pub use sync::Synced;
pub use wrap::measure;

use crate::app::Project;
use crate::app::Result;
use crate::app::query::LogEntry;
use crate::app::record;
use crate::app::record::Receipt;
use crate::app::resolve;
use crate::domain::approval::ApprovalStatus;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::ModelPackage;
use crate::domain::ids::LogId;
use crate::domain::package;
use crate::domain::package::ArtefactForm;
use crate::domain::package::PackageArtefact;
use crate::ports::model_registry::Container;
use crate::ports::model_registry::PackageState;
use crate::ports::signer::EntrySigner;
use std::collections::BTreeMap;

/// The first entry of a log that binds a package: the one that counts.
pub fn binding<'a>(
    entries: &'a [LogEntry],
    log: LogId,
    arn: &ModelPackageArn,
) -> Option<(&'a LogEntry, &'a Body, &'a ModelPackage)> {
    let own = entries.iter().filter(|e| e.log == log && e.binds_package());
    own.filter_map(|e| Some((e, e.body()?, e.body()?.model_package.as_ref()?))).find(|(.., p)| p.arn == *arn)
}

/// What a log's entries say of a package's approval, and the one that says so last. `counts`: which entries are believed.
pub fn recorded_status<'a>(
    entries: &'a [LogEntry],
    log: LogId,
    arn: &ModelPackageArn,
    counts: impl Fn(&LogEntry) -> bool,
) -> (ApprovalStatus, Option<&'a LogEntry>) {
    let mut last = (ApprovalStatus::Pending, None);
    for entry in entries.iter().filter(|e| e.log == log && counts(e)) {
        let Some(body) = entry.body() else { continue };
        let aimed = body.target.as_ref().and_then(|t| t.model_package.as_ref()) == Some(arn);
        match body.kind {
            Kind::ModelApproved if aimed => last = (ApprovalStatus::Approved, Some(entry)),
            Kind::ModelRejected if aimed => last = (ApprovalStatus::Rejected, Some(entry)),
            // What was made elsewhere may have been decided about before it was bound.
            Kind::ModelRegistered if last.1.is_none() => {
                let package = body.model_package.as_ref().filter(|p| p.arn == *arn);
                if let Some(status) = package.and_then(|p| p.approval_status.clone()) {
                    last = (status, Some(entry));
                }
            }
            _ => {}
        }
    }
    last
}

/// `NAME/2`, as [`resolve`] numbers packages.
fn short_name(entries: &[LogEntry], log: LogId, arn: &ModelPackageArn) -> Option<String> {
    let at = resolve::packages_of(entries, log, arn.group()).iter().position(|a| *a == arn)?;
    Some(format!("{}/{}", arn.group(), at + 1))
}

/// Why what the registry says of a package is not what the entry says; `None`: it is.
pub fn difference(state: &PackageState, body: &Body, package: &ModelPackage) -> Option<String> {
    if let Some(why) = package_image_differs(state, package) {
        return Some(why);
    }
    let Some(record) = &state.record else {
        // Of what something else made, nobody need have written that into it.
        return (!package.is_foreign()).then(|| "the registry does not say whose it is any more".to_owned());
    };
    let run = body.run.as_ref().map(|run| run.id);
    if run != Some(record.run) {
        return Some(format!("the registry says that it is of run {}", record.run.short()));
    }
    if (&record.model, record.digest, &record.group_name)
        != (&package.model, package.digest, &package.group_name)
    {
        let (model, blake3) = (&record.model, record.digest.blake3);
        return Some(format!("the registry says that its model is {model}, BLAKE3 {blake3}"));
    }
    let is_same = |one: &PackageArtefact, other: &PackageArtefact| {
        // The registry has no room for what S3 writes in quotes.
        *one == PackageArtefact { etag: one.etag.clone(), ..other.clone() }
    };
    match (&package.artefact, &record.artefact) {
        (None, None) => None,
        (Some(entry), Some(found)) if is_same(entry, found) => None,
        (_, found) => {
            let uri = found.as_ref().map_or("none", |artefact| artefact.uri.as_str());
            Some(format!("the registry says that its artefact is {uri}, or says otherwise what that holds"))
        }
    }
}

/// The same for what else decides about what is served.
fn settings_differ(state: &PackageState, package: &ModelPackage) -> Option<String> {
    let names = |all: &mut dyn Iterator<Item = &String>| all.cloned().collect::<Vec<_>>().join(", ");
    if package.is_foreign() {
        let now = package::settings(&state.settings).ok();
        let differs = package.settings.is_some() && package.settings != now;
        let given = match state.settings.is_empty() {
            true => "nothing of that kind is there".to_owned(),
            false => format!("there are {}", names(&mut state.settings.keys())),
        };
        return differs.then(|| format!("what it deploys beside image and model is not as it was; {given}"));
    }
    // What mlprov makes has nothing but this.
    let form = package.artefact.as_ref().map(|artefact| artefact.form);
    let is_prefix = form == Some(ArtefactForm::Directory) && package.image.is_some();
    let prefix = ("Containers.0.ModelDataSource".to_owned(), "S3Prefix None".to_owned());
    let expected: BTreeMap<String, String> = is_prefix.then_some(prefix).into_iter().collect();
    let more = names(&mut state.settings.iter().filter(|(n, v)| expected.get(*n) != Some(v)).map(|(n, _)| n));
    match () {
        () if state.settings == expected => None,
        () if more.is_empty() => Some("its model is not deployed as a prefix any more".to_owned()),
        () => Some(format!("it deploys what mlprov did not put there: {more}")),
    }
}

/// The same for what is deployed: image, URI, and the rest.
fn package_image_differs(state: &PackageState, package: &ModelPackage) -> Option<String> {
    let uri = package.artefact.as_ref().map(|artefact| artefact.uri.clone());
    let is_foreign = package.is_foreign();
    let expected = (is_foreign || package.image.is_some()).then(|| Container {
        image: package.image.clone(),
        image_digest: package.image_digest.clone(),
        model_data: uri,
    });
    let expected: Vec<Container> = expected.into_iter().collect();
    // Beside the one that gets the model, pipelines may have others.
    let counts = |container: &&Container| !is_foreign || container.model_data.is_some();
    // What a tag means may be told only later; that it is not checked is said.
    let told = |container: &Container| Container {
        image_digest: container.image_digest.clone().filter(|_| package.image_digest.is_some()),
        ..container.clone()
    };
    if state.containers.iter().filter(counts).map(told).eq(expected.iter().cloned()) {
        return settings_differ(state, package);
    }
    let say = |all: &[Container]| {
        let one = |c: &Container| {
            let digest = c.image_digest.as_ref().map(|digest| format!(" ({digest})")).unwrap_or_default();
            let (image, data) = (c.image.as_deref().unwrap_or("no image"), c.model_data.as_deref());
            format!("{image}{digest} with {}", data.unwrap_or("no model data"))
        };
        match all.is_empty() {
            true => "nothing that could be deployed".to_owned(),
            false => all.iter().map(one).collect::<Vec<_>>().join(", "),
        }
    };
    Some(format!("the package has {}; recorded is {}", say(&state.containers), say(&expected)))
}

impl Project {
    /// This clone's own log, with what is signed here and waits for it.
    fn own_entries(&self) -> Result<Vec<LogEntry>> {
        // First: what is delivered meanwhile is there twice, not missing.
        let queued = self.queued_entries()?;
        let mut entries = self.entries()?;
        let new: Vec<LogEntry> =
            queued.into_iter().filter(|e| !entries.iter().any(|known| known.id == e.id)).collect();
        entries.extend(new);
        Ok(entries)
    }

    /// Signs and appends one entry about a package.
    fn append_one(&self, mut body: Body, signer: &dyn EntrySigner) -> Result<Receipt> {
        let objects = self.store.batch(false)?;
        record::fit(&mut body, &*objects)?;
        let _kept = objects.commit()?;
        let mut receipts = self.append(vec![record::seal(body, signer)?])?;
        Ok(receipts.remove(0))
    }
}
