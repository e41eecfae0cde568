//! Which versions a run binds, and since when the log names them.

use crate::app::Project;
use crate::app::Result;
use crate::app::data::DECLARED;
use crate::app::query::LogEntry;
use crate::domain::arn::ModelPackageArn;
use crate::domain::declared::DeclaredHeader;
use crate::domain::declared::DeclaredObject;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::time::Timestamp;
use crate::domain::version_map::VersionMap;
use std::collections::BTreeSet;

/// One object version.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectVersion {
    pub bucket: String,
    pub key: String,
    pub version_id: String,
}

pub struct Bound {
    pub versions: BTreeSet<ObjectVersion>,
    pub packages: BTreeSet<ModelPackageArn>,
    /// An hour before an entry first names one of the datasets: somebody uploaded them before.
    pub first_named: Timestamp,
}

/// `about`: entries about the run, of all entries.
pub fn of(project: &Project, entries: &[LogEntry], about: &[&LogEntry]) -> Result<Bound> {
    let bodies: Vec<&Body> = about.iter().filter_map(|entry| entry.body()).collect();
    let (mut versions, mut packages) = (BTreeSet::new(), BTreeSet::new());
    // Files of a dataset may have come with a version before this one.
    let (mut roots, mut names_of) = (BTreeSet::new(), BTreeSet::new());
    for body in &bodies {
        for list in [&body.inputs, &body.outputs] {
            for artefact in project.list(list)? {
                versions_of(project, &artefact, &mut versions)?;
                roots.insert(artefact.digest.blake3);
                names_of.insert(artefact.name.clone());
            }
        }
        packages.extend(body.model_package.iter().map(|package| package.arn.clone()));
    }
    let names = |body: &&Body| {
        [&body.inputs, &body.outputs].into_iter().any(|list| {
            list.inline().iter().any(|a| roots.contains(&a.digest.blake3) || names_of.contains(&a.name))
        })
    };
    let all = entries.iter().filter_map(LogEntry::body).filter(names).chain(bodies.iter().copied());
    let first = all.map(|body| body.time.unix_micros()).min().unwrap_or_default();
    const HOUR: i64 = 3_600_000_000;
    Ok(Bound { versions, packages, first_named: Timestamp::from_unix_micros(first.saturating_sub(HOUR)) })
}

fn versions_of(project: &Project, artefact: &Artefact, out: &mut BTreeSet<ObjectVersion>) -> Result<()> {
    if let (Some(DECLARED), Some(manifest)) = (artefact.observed.as_deref(), &artefact.manifest) {
        let text = project.read_ref_text(manifest)?;
        let mut lines = text.lines();
        let header = DeclaredHeader::parse(lines.next().unwrap_or_default())?;
        for line in lines {
            let object = DeclaredObject::parse(line)?;
            let key = format!("{}{}", header.prefix, object.path);
            let bucket = header.bucket.clone();
            out.extend(object.version_id.map(|id| ObjectVersion { bucket, key, version_id: id.to_string() }));
        }
        return Ok(());
    }
    let Some(map) = &artefact.version_map else { return Ok(()) };
    for line in VersionMap::parse(&project.read_ref_text(map)?)?.lines() {
        if let (Some(bucket), Some(key)) = (&line.bucket, &line.key) {
            let (bucket, key) = (bucket.clone(), key.clone());
            out.insert(ObjectVersion { bucket, key, version_id: line.version_id.to_string() });
        }
    }
    Ok(())
}
