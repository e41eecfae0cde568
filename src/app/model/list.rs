//! `model list` and `model show`: what the log binds, and what the registry says of it.

use super::recorded_status;
use super::short_name;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::query::LogEntry;
use crate::app::resolve;
use crate::domain::approval::ApprovalStatus;
use crate::domain::approval::Judged;
use crate::domain::approval::Meaning;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::KeyId;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::ids::CommitId;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageReport {
    pub arn: ModelPackageArn,
    /// `NAME/2`; absent if no entry binds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub group_name: String,
    pub run: RunId,
    pub model: RepoPath,
    pub digest: Digests,
    /// In the registry; absent if that does not hold the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_status: Option<ApprovalStatus>,
    /// As the log says; absent if no entry binds the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_status: Option<ApprovalStatus>,
    /// Of the entry that binds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ListReport {
    pub packages: Vec<PackageReport>,
}

/// One decision about a package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    pub kind: Kind,
    pub time: Timestamp,
    pub writer: KeyId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Meaning>,
    pub requirements: Vec<Judged>,
    pub notes: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShowReport {
    #[serde(flatten)]
    pub package: PackageReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// Path and root of each dataset that the run read.
    pub inputs: Vec<(RepoPath, Digests)>,
    /// Oldest first.
    pub decisions: Vec<Decision>,
}

/// Packages that this clone's log binds, in its order; then those that only the registry knows.
pub fn list(project: &Project, group: Option<&str>) -> Result<ListReport> {
    let entries = project.own_entries()?;
    let wanted = |name: &str| group.is_none_or(|group| group == name);
    let bound = entries.iter().filter(|e| e.binds_package()).filter_map(|e| e.body()?.model_package.as_ref());
    let mut groups: BTreeSet<String> = bound.map(|package| package.group_name.clone()).collect();
    groups.extend(project.registry.groups()?);
    let mut statuses = BTreeMap::new();
    for name in groups.iter().filter(|name| wanted(name)) {
        let listed = project.registry.statuses(name)?.into_iter();
        statuses.extend(listed.map(|listed| (listed.arn, (listed.status, listed.ours))));
    }
    let status = |arn: &ModelPackageArn| match statuses.get(arn) {
        Some((status, _)) => Ok(Some(status.clone())),
        None => Ok(project.registry.approval(arn)?),
    };
    let mut packages: Vec<PackageReport> = Vec::new();
    for entry in entries.iter().filter(|e| e.binds_package()) {
        let Some(report) = report(&entries, entry, status)? else {
            continue;
        };
        if wanted(&report.group_name) && !packages.iter().any(|known| known.arn == report.arn) {
            packages.push(report);
        }
    }
    for (arn, (status, ours)) in statuses.clone() {
        if !ours || packages.iter().any(|known| known.arn == arn) {
            continue;
        }
        let Some(record) = project.registry.describe(&arn)? else { continue };
        packages.push(PackageReport {
            arn,
            name: None,
            group_name: record.group_name,
            run: record.run,
            model: record.model,
            digest: record.digest,
            approval_status: Some(status),
            recorded_status: None,
            index: None,
        });
    }
    packages.sort_by(|a, b| a.group_name.cmp(&b.group_name));
    Ok(ListReport { packages })
}

/// `word`: an ARN or `NAME/2`.
pub fn show(project: &Project, word: &str) -> Result<ShowReport> {
    let entries = project.own_entries()?;
    let log = project.ledger.log();
    let unknown = || AppError::NoPackage { id: word.to_owned() };
    let arn = resolve::package(&entries, log, word).ok_or_else(unknown)?;
    let (entry, body, _) = super::binding(&entries, log, &arn).ok_or_else(unknown)?;
    let package = report(&entries, entry, |arn| Ok(project.registry.approval(arn)?))?;
    let package = package.ok_or_else(unknown)?;
    let inputs = project.list(&body.inputs)?.into_iter().map(|a| (a.name, a.digest)).collect();
    let about = |e: &&LogEntry| {
        let target = e.body().and_then(|b| b.target.as_ref()).and_then(|t| t.model_package.as_ref());
        target == Some(&arn) && (e.is(&Kind::ModelApproved) || e.is(&Kind::ModelRejected))
    };
    let decision = |e: &LogEntry| {
        let body = e.body()?;
        let approval = body.approval.as_ref();
        Some(Decision {
            index: e.logged_at(),
            kind: body.kind.clone(),
            time: body.time.clone(),
            writer: body.actor.writer,
            meaning: approval.map(|a| a.meaning.clone()),
            requirements: approval.map(|a| a.requirements.clone()).unwrap_or_default(),
            notes: body.notes.clone(),
        })
    };
    Ok(ShowReport {
        package,
        commit: body.source.as_ref().map(|source| source.commit.clone()),
        inputs,
        decisions: entries.iter().filter(about).filter_map(decision).collect(),
    })
}

fn report(
    entries: &[LogEntry],
    entry: &LogEntry,
    status: impl Fn(&ModelPackageArn) -> Result<Option<ApprovalStatus>>,
) -> Result<Option<PackageReport>> {
    let Some((body, package)) = entry.body().and_then(|b| Some((b, b.model_package.as_ref()?))) else {
        return Ok(None);
    };
    let Some(run) = &body.run else { return Ok(None) };
    let (recorded, _) = recorded_status(entries, entry.log, &package.arn, |_| true);
    Ok(Some(PackageReport {
        arn: package.arn.clone(),
        name: short_name(entries, entry.log, &package.arn),
        group_name: package.group_name.clone(),
        run: run.id,
        model: package.model.clone(),
        digest: package.digest,
        approval_status: status(&package.arn)?,
        recorded_status: Some(recorded),
        index: entry.logged_at(),
    }))
}
