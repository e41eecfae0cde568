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
use std::collections::BTreeSet;
use std::path::Path;

pub use witness::Seen;
pub use witness::Witnessed;

/// CloudTrail's own keys of a region, between two moments; without any, no digest can be believed.
pub type Keys<'k> = dyn Fn(&str, (&Timestamp, &Timestamp)) -> Result<Vec<PublicKey>> + Sync + 'k;

/// Where CloudTrail delivers, and what is asked of it.
pub struct Trail<'r> {
    pub source: &'r dyn Source,
    pub bucket: &'r str,
    /// Before `AWSLogs/`: empty, or with its last `/`.
    pub prefix: &'r str,
    /// From this moment on; `None`: an hour before the log first names one of the versions.
    pub since: Option<Timestamp>,
    pub keys: &'r Keys<'r>,
}

struct Request<'r> {
    source: &'r dyn Source,
    bucket: &'r str,
    prefix: &'r str,
    keys: &'r Keys<'r>,
    /// Those of the versions that are asked about.
    buckets: BTreeSet<&'r str>,
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

/// `run`: as its user names it.
pub fn audit(
    project: &Project,
    cwd: &Path,
    run: &str,
    trail: &Trail<'_>,
    progress: &dyn Progress,
) -> Result<AuditReport> {
    // All of them: who tracked the data did so before the run.
    let entries = project.entries()?;
    let target = resolve::resolve(project, &entries, cwd, run)?;
    let Target::Run(_) = target else {
        return Err(crate::app::AppError::UnknownId { id: run.to_owned() });
    };
    let about = resolve::entries_about(&entries, &target);
    let bound = bound::of(project, &entries, &about)?;
    let since = trail.since.clone().unwrap_or_else(|| bound.first_named.clone());
    let until = project.clock.now();
    let buckets = bound.versions.iter().map(|version| version.bucket.as_str()).collect();
    let request = Request {
        source: trail.source,
        bucket: trail.bucket,
        prefix: trail.prefix,
        keys: trail.keys,
        buckets,
    };
    let read = trail::read(&request, (&since, &until), progress)?;
    let mut links = read.links;
    let told = witness::witness(&bound, &read.events);
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
        bucket: trail.bucket.to_owned(),
        since,
        until,
        digests: read.digests,
        log_files: read.log_files,
        events: read.count,
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
