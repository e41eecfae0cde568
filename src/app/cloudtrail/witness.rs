//! Events, held against what a run binds.

use super::bound::Bound;
use super::bound::ObjectVersion;
use super::link;
use crate::app::verify::Link;
use crate::app::verify::Verdict;
use crate::evidence::cloudtrail::event::Event;
use crate::evidence::cloudtrail::event::What;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// One event, as it is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    pub time: String,
    /// `s3:PutObject`
    pub event: String,
    pub who: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it was about.
    pub subject: String,
    /// The request was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub event_id: String,
    /// It sets versioning to Suspended.
    #[serde(skip)]
    pub suspends: bool,
    /// The log file is as a digest names it that CloudTrail signed.
    pub validated: bool,
}

/// What was seen of one version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Witnessed {
    #[serde(flatten)]
    pub version: ObjectVersion,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub put: Option<Seen>,
    /// Deletes of it, or of its key, and later versions of the key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<Seen>,
}

pub struct Told {
    pub versions: Vec<Witnessed>,
    pub others: Vec<Seen>,
    pub data_events: u64,
}

fn seen(event: &Event, validated: bool, subject: String) -> Seen {
    let service = event.event_source.split('.').next().unwrap_or_default();
    Seen {
        time: event.event_time.clone(),
        event: format!("{service}:{}", event.event_name),
        who: event.who().to_owned(),
        from: event.source_ip_address.clone(),
        subject,
        error: event.error_code.clone(),
        event_id: event.event_id.clone(),
        suspends: event.request_parameters["VersioningConfiguration"]["Status"] == "Suspended",
        validated,
    }
}

/// `events`: in the order of time, and whether each can be believed.
pub fn witness(bound: &Bound, events: &[(Event, bool)]) -> Told {
    let all = bound.versions.iter().cloned();
    let mut versions: Vec<Witnessed> =
        all.map(|version| Witnessed { version, put: None, since: Vec::new() }).collect();
    let mut of_key: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (n, one) in versions.iter().enumerate() {
        of_key.entry((one.version.bucket.clone(), one.version.key.clone())).or_default().push(n);
    }
    let buckets: BTreeSet<&str> = bound.versions.iter().map(|version| version.bucket.as_str()).collect();
    let (mut others, mut data_events) = (Vec::new(), 0);
    for (event, validated) in events {
        let Some(what) = event.what() else { continue };
        let bucket = event.asked("bucketName").unwrap_or_default();
        match what {
            What::Put | What::Delete if buckets.contains(bucket) => {
                data_events += 1;
                let Some(key) = event.asked("key") else {
                    // Of several objects at once: the event does not say which.
                    others.push(seen(event, *validated, format!("s3://{bucket}")));
                    continue;
                };
                let subject = format!("s3://{bucket}/{key}");
                for n in of_key.get(&(bucket.to_owned(), key.to_owned())).into_iter().flatten() {
                    let one = &mut versions[*n];
                    let told = seen(event, *validated, subject.clone());
                    let id = Some(one.version.version_id.as_str());
                    match what {
                        What::Put if event.made_version() == id => {
                            // The first that can be believed: others may have been put beside it.
                            if one.put.as_ref().is_none_or(|put| !put.validated && told.validated) {
                                one.put = Some(told);
                            }
                        }
                        // A version before it, which was there when it was written.
                        What::Put if one.put.is_none() => {}
                        What::Delete if event.asked("versionId").is_some_and(|asked| Some(asked) != id) => {}
                        _ => one.since.push(told),
                    }
                }
            }
            What::Put | What::Delete => {}
            What::Setting if event.event_source.starts_with("s3.") && !buckets.contains(bucket) => {}
            What::Setting | What::Sign => {
                let about = event.arns().next().or(event.asked("name")).or(event.asked("keyId"));
                let subject = if bucket.is_empty() {
                    about.unwrap_or("?").to_owned()
                } else {
                    format!("s3://{bucket}")
                };
                others.push(seen(event, *validated, subject));
            }
            What::Package | What::Approval => {
                let made = event.response_elements["modelPackageArn"].as_str();
                let arn = made.or(event.asked("modelPackageArn")).or(event.asked("modelPackageName"));
                let ours = bound.packages.iter().find(|package| Some(package.as_str()) == arn);
                others.extend(ours.map(|arn| seen(event, *validated, arn.to_string())));
            }
        }
    }
    for one in &mut versions {
        // What was done to the key before there was this version.
        let made = one.put.as_ref().map(|put| put.time.clone());
        one.since.retain(|seen| made.as_ref().is_none_or(|made| seen.time >= *made));
    }
    Told { versions, others, data_events }
}

/// What it comes to.
pub fn judge(bound: &Bound, told: &Told, links: &mut Vec<Link>) {
    let total = told.versions.len();
    if total == 0 {
        let why = "the run binds no version in a bucket";
        links.push(link("versions", "", Verdict::Unknown, why));
    } else if told.data_events == 0 {
        let why = format!(
            "no events found about {total} versions: S3 data events are off, or were not delivered, or lie before the time asked about"
        );
        links.push(link("versions", "", Verdict::Unknown, why));
    } else {
        puts(told, links);
    }
    for one in &told.versions {
        let name = format!("s3://{}/{} ({})", one.version.bucket, one.version.key, one.version.version_id);
        for seen in one.since.iter().filter(|seen| seen.error.is_none()) {
            let doubt = if seen.validated { "" } else { "; the log file is not validated" };
            let detail = format!("{} by {} at {}{doubt}", seen.event, seen.who, seen.time);
            // A later version of a key takes nothing away.
            let verdict = if seen.event == "s3:DeleteObject" { Verdict::Failed } else { Verdict::Intact };
            links.push(link("since", &name, verdict, detail));
        }
    }
    for package in &bound.packages {
        let made = told.others.iter().find(|seen| {
            seen.event == "sagemaker:CreateModelPackage"
                && seen.subject == package.as_str()
                && seen.error.is_none()
        });
        // One of the embedded registry is nothing that AWS could see.
        if !package.as_str().starts_with("arn:aws") {
            continue;
        }
        links.push(match made {
            Some(seen) => {
                let detail = format!("created by {} at {}{}", seen.who, seen.time, not_validated(seen));
                link("model package", package, believed(seen), detail)
            }
            None => link("model package", package, Verdict::Unknown, "no event found of its creation"),
        });
    }
    // What was so before the first of them was written took nothing away.
    let first = told.versions.iter().filter_map(|one| Some(one.put.as_ref()?.time.as_str())).min();
    for seen in told.others.iter().filter(|seen| first.is_none_or(|first| seen.time.as_str() >= first)) {
        if let Some((verdict, why)) = weakens(seen) {
            let detail = format!("{} by {} at {}: {why}", seen.event, seen.who, seen.time);
            links.push(link("setting", &seen.subject, verdict, detail));
        }
    }
}

fn puts(told: &Told, links: &mut Vec<Link>) {
    let total = told.versions.len();
    let put = |one: &&Witnessed| one.put.is_some();
    let validated = |one: &&Witnessed| one.put.as_ref().is_some_and(|put| put.validated);
    let seen = told.versions.iter().filter(put).count();
    let sound = told.versions.iter().filter(validated).count();
    if sound > 0 {
        let who: BTreeSet<&str> =
            told.versions.iter().filter_map(|one| Some(one.put.as_ref()?.who.as_str())).collect();
        let names: Vec<&str> = who.into_iter().take(5).collect();
        let detail = format!("{sound} of {total} were seen when they were written, by {}", names.join(", "));
        links.push(link("versions", "", Verdict::Intact, detail));
    }
    if seen > sound {
        let detail = format!("{} of {total} were seen in log files that are not validated", seen - sound);
        links.push(link("versions", "", Verdict::Unknown, detail));
    }
    if let Some(first) = told.versions.iter().find(|one| one.put.is_none()) {
        let detail = format!(
            "no event found of {} of {total}, the first: s3://{}/{}",
            total - seen,
            first.version.bucket,
            first.version.key
        );
        links.push(link("versions", "", Verdict::Unknown, detail));
    }
}

fn believed(seen: &Seen) -> Verdict {
    if seen.validated { Verdict::Intact } else { Verdict::Unknown }
}

fn not_validated(seen: &Seen) -> &'static str {
    if seen.validated { "" } else { "; the log file is not validated" }
}

/// What a change takes away from what the witness or the versions are worth.
fn weakens(seen: &Seen) -> Option<(Verdict, &'static str)> {
    if seen.error.is_some() {
        return None;
    }
    Some(match seen.event.as_str() {
        "cloudtrail:StopLogging" | "cloudtrail:DeleteTrail" => {
            (Verdict::Failed, "nothing was logged from then on")
        }
        "s3:DeleteBucketPolicy" => {
            (Verdict::Failed, "nothing keeps versions from being deleted from then on")
        }
        "s3:DeleteObjects" => {
            (Verdict::Failed, "it may have deleted any of the versions: the event does not say which")
        }
        "s3:PutBucketVersioning" if seen.suspends => (Verdict::Failed, "no versions were kept from then on"),
        "cloudtrail:PutEventSelectors" | "cloudtrail:UpdateTrail" => {
            (Verdict::Unknown, "from then on other events may be logged, or in another place")
        }
        name if name.starts_with("s3:PutBucketLifecycle") => {
            (Verdict::Unknown, "rules of a bucket delete without an event")
        }
        _ => return None,
    })
}
