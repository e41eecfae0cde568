//! `audit cloudtrail`: what CloudTrail saw of a run's data and model, as a second witness whom mlprov does not make.

mod bound;
mod trail;
mod witness;

use crate::app::Project;
use crate::app::Result;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::app::verify::Link;
use crate::app::verify::Verdict;
use crate::domain::time::Timestamp;
use crate::evidence::cloudtrail::digest::PublicKey;
use crate::ports::progress::Progress;
use crate::ports::source::Source;
use serde::Serialize;
use std::path::Path;

pub use witness::Seen;
pub use witness::Witnessed;

/// Where CloudTrail delivers, and what is asked of it.
pub struct Request<'r> {
    pub run: &'r str,
    pub source: &'r dyn Source,
    pub bucket: &'r str,
    /// Before `AWSLogs/`: empty, or with its last `/`.
    pub prefix: &'r str,
    /// From this moment on; `None`: an hour before the log first names one of the versions.
    pub since: Option<Timestamp>,
    /// CloudTrail's own; without any, no digest can be believed.
    pub keys: &'r [PublicKey],
}

#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    pub target: String,
    pub bucket: String,
    pub since: Timestamp,
    pub until: Timestamp,
    /// Digest files whose signature holds.
    pub digests: u64,
    /// Log files that are as a digest names them.
    pub log_files: u64,
    pub events: u64,
    /// Events about S3 objects of the project's buckets.
    pub data_events: u64,
    /// `witnessed`, `failed` or `incomplete`.
    pub result: &'static str,
    pub exit_code: u8,
    pub links: Vec<Link>,
    /// Of each version that the run binds, in the order of buckets and keys.
    pub versions: Vec<Witnessed>,
    /// Packages, approvals, settings, signatures, in the order of time.
    pub others: Vec<Seen>,
}

pub fn audit(
    project: &Project,
    cwd: &Path,
    request: &Request<'_>,
    progress: &dyn Progress,
) -> Result<AuditReport> {
    let entries = project.entries_for(cwd, request.run)?;
    let target = resolve::resolve(project, &entries, cwd, request.run)?;
    let Target::Run(_) = target else {
        return Err(crate::app::AppError::UnknownId { id: request.run.to_owned() });
    };
    let about = resolve::entries_about(&entries, &target);
    let bound = bound::of(project, &entries, &about)?;
    let since = request.since.clone().unwrap_or_else(|| bound.first_named.clone());
    let until = project.clock.now();
    let trail = trail::read(request, (&since, &until), progress)?;
    let mut links = trail.links;
    let told = witness::witness(&bound, &trail.events);
    witness::judge(&bound, &told, &mut links);
    let exits: Vec<u8> = links.iter().map(|link| link.verdict.exit()).collect();
    // Nothing that was seen is never "witnessed".
    let (result, exit_code) = match () {
        () if exits.contains(&1) => ("failed", 1),
        () if exits.is_empty() || exits.contains(&3) => ("incomplete", 3),
        () => ("witnessed", 0),
    };
    Ok(AuditReport {
        target: target.describe(),
        bucket: request.bucket.to_owned(),
        since,
        until,
        digests: trail.digests,
        log_files: trail.log_files,
        events: trail.count,
        data_events: told.data_events,
        result,
        exit_code,
        links,
        versions: told.versions,
        others: told.others,
    })
}

fn link(link: &'static str, subject: impl ToString, verdict: Verdict, detail: impl Into<String>) -> Link {
    Link { link, subject: subject.to_string(), verdict, detail: detail.into(), hint: None }
}
