//! `model approve` and `model reject`: the status in the registry, and the entry that says who decided and on what ground.

use super::binding;
use super::difference;
use super::recorded_status;
use super::short_name;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::record::Receipt;
use crate::app::resolve;
use crate::domain::approval::Approval;
use crate::domain::approval::ApprovalStatus;
use crate::domain::approval::Judged;
use crate::domain::approval::Meaning;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::ModelPackage;
use crate::domain::entry::Target;
use crate::domain::redact;
use crate::ports::signer::EntrySigner;
use serde::Serialize;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionReport {
    pub arn: ModelPackageArn,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub approval_status: ApprovalStatus,
    /// What the run's recorded metrics say to what was required of them.
    pub requirements: Vec<Judged>,
    /// Of the entry; absent while it waits for a ledger that cannot be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// It was so before: nothing was changed, and nothing recorded.
    pub already: bool,
}

/// `word`: an ARN or `NAME/2`. `status`: approved or rejected.
pub fn decide(
    project: &Project,
    word: &str,
    status: &ApprovalStatus,
    notes: &[String],
) -> Result<DecisionReport> {
    let signer = project.ready()?;
    let entries = project.own_entries()?;
    let log = project.ledger.log();
    let unknown = || AppError::NoPackage { id: word.to_owned() };
    let arn = resolve::package(&entries, log, word).ok_or_else(unknown)?;
    let (_, body, package) = binding(&entries, log, &arn).ok_or_else(unknown)?;
    let differs = |why: String| AppError::PackageDiffers { arn: arn.to_string(), why };
    let state = project.registry.state(&arn)?.ok_or_else(|| differs("the registry lacks it".into()))?;
    // Nobody decides about other bytes than those that were bound.
    if let Some(why) = difference(&state, body, package) {
        return Err(differs(why));
    }
    let requirements = judged(project, body)?;
    let report = |index, already| DecisionReport {
        arn: arn.clone(),
        name: short_name(&entries, log, &arn),
        approval_status: status.clone(),
        requirements: requirements.clone(),
        index,
        already,
    };
    let (last, said) = recorded_status(&entries, log, &arn, |_| true);
    // A status that somebody set before the package was bound was decided by nobody here.
    let decided = said.is_some_and(|entry| !entry.is(&Kind::ModelRegistered));
    if state.status == *status && last == *status && decided {
        return Ok(report(said.and_then(|e| e.logged_at()), true));
    }
    let notes: Vec<String> = notes.iter().map(|note| redact::redact(note).0).collect();
    if state.status != *status {
        let why = (!notes.is_empty()).then(|| notes.join("\n"));
        project.registry.decide(&arn, status, why.as_deref())?;
    }
    let receipt = append(project, &*signer, body, package, status, Meaning::Decided, notes)?;
    Ok(report(receipt.index, false))
}

/// What was required of the run, by the metrics that are recorded.
pub(super) fn judged(project: &Project, body: &Body) -> Result<Vec<Judged>> {
    let Some(run) = body.run.as_ref().filter(|run| !run.requirements.is_empty()) else {
        return Ok(Vec::new());
    };
    let metrics = project.list(&body.metrics)?;
    let judge = |requirement: &crate::domain::requirement::Requirement| {
        let (met, value) =
            match requirement.judge(metrics.iter().map(|m| (m.name.as_str(), m.value.as_str()))) {
                Ok(value) => (true, Some(value)),
                Err(value) => (false, value),
            };
        Judged { requirement: requirement.clone(), value: value.map(str::to_owned), met }
    };
    Ok(run.requirements.iter().map(judge).collect())
}

/// The entry about a status. `bound`: the entry that binds the package.
pub(super) fn append(
    project: &Project,
    signer: &dyn EntrySigner,
    bound: &Body,
    package: &ModelPackage,
    status: &ApprovalStatus,
    meaning: Meaning,
    notes: Vec<String>,
) -> Result<Receipt> {
    let kind = match status {
        ApprovalStatus::Rejected => Kind::ModelRejected,
        _ => Kind::ModelApproved,
    };
    let mut body = project.draft(kind, signer);
    body.target = Some(Target { model_package: Some(package.arn.clone()), ..Target::default() });
    body.model_package = Some(ModelPackage { approval_status: Some(status.clone()), ..package.clone() });
    body.approval = Some(Approval { meaning, requirements: judged(project, bound)? });
    body.notes = notes;
    project.append_one(body, signer)
}
