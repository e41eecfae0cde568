//! Data: every version that the entry names is read from the store and hashed again. The work tree is
//! never taken for the store, and no cache is asked.

use super::Findings;
use super::Level;
use super::Verdict;
use super::declared;
use super::versions::by_state;
use super::versions::elsewhere;
use super::versions::many_at_once;
use super::versions::rehash;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data::kind_of;
use crate::app::run::logged;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::Metric;
use crate::domain::entry::ObjectRef;
use crate::domain::entry::Parameter;
use crate::domain::manifest::Manifest;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::version_map::Located;
use crate::domain::version_map::VersionMap;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;

pub fn check(project: &Project, body: &Body, findings: &mut Findings, progress: &dyn Progress) -> Result<()> {
    let lists = [("input", &body.inputs), ("output", &body.outputs), ("config", &body.config_files)];
    // The configuration of a commit stands in its tree, and is checked there.
    let of_commit = body.kind == Kind::CommitRecorded;
    for (link, items) in lists.into_iter().filter(|(link, _)| !(of_commit && *link == "config")) {
        match project.list(items) {
            Ok(artefacts) => {
                for artefact in &artefacts {
                    if artefact.stable == Some(false) {
                        let detail = "it changed while the command ran";
                        findings.add(link, &artefact.name, Verdict::Failed, detail);
                    }
                    check_artefact(project, link, artefact, findings, progress)?;
                }
            }
            Err(e) => finding_of(link, "the list itself", e, findings)?,
        }
    }
    if let Some(diff) = body.source.as_ref().and_then(|s| s.diff.as_ref()) {
        check_object(project, "patch", "what differed from the commit", diff, findings)?;
    }
    if let Some(object) = body.run.as_ref().and_then(|r| r.command_object.as_ref()) {
        check_object(project, "command", "argv", object, findings)?;
    }
    for (role, object) in &body.evidence {
        check_object(project, "evidence", role, object, findings)?;
    }
    let metrics = project.list(&body.metrics);
    if let Ok(all) = &metrics {
        let logged: Vec<&Metric> = all.iter().filter(|m| m.source.is_none()).collect();
        check_logged(project, &logged, body, findings);
    }
    let values = |m: Metric| m.source.map(|source| (source, m.name, m.value));
    let metrics = metrics.map(|all| all.into_iter().filter_map(values).collect());
    check_values(project, "metrics", metrics, &body.outputs, findings)?;
    let parameters = project.list(&body.parameters);
    let values = |p: Parameter| p.source.map(|source| (source, p.name, p.value));
    let parameters = parameters.map(|all| all.into_iter().filter_map(values).collect());
    check_values(project, "parameters", parameters, &body.config_files, findings)
}

/// Metrics that the command said itself, against the history of what it said.
fn check_logged(project: &Project, metrics: &[&Metric], body: &Body, findings: &mut Findings) {
    if metrics.is_empty() {
        return;
    }
    let Some(history) = body.evidence.get(logged::HISTORY) else {
        findings.add("metrics", "", Verdict::Unknown, "some name no file that they were read from");
        return;
    };
    // One that cannot be read is reported as evidence.
    let Ok(bytes) = project.read_ref(history) else { return };
    let last = logged::last_values(&bytes).unwrap_or_default();
    match metrics.iter().find(|m| last.get(&m.name) != Some(&m.value)) {
        None => {
            let detail = format!("{} values are the last of the stored history", metrics.len());
            findings.add("metrics", "logged", Verdict::Intact, detail);
        }
        Some(metric) => {
            let detail = format!("{} is {}, the stored history says otherwise", metric.name, metric.value);
            findings.add("metrics", "logged", Verdict::Altered, detail);
        }
    }
}

/// Turns what went wrong while reading the store into a verdict; other errors stay errors.
pub(super) fn finding_of(
    link: &'static str,
    subject: impl ToString,
    e: AppError,
    findings: &mut Findings,
) -> Result<()> {
    match e {
        AppError::Store(StoreError::Missing { what }) => {
            findings.add(link, subject, Verdict::Missing, format!("{what} is not in the store"));
        }
        AppError::Store(e @ StoreError::Corrupt { .. }) => {
            findings.add(link, subject, Verdict::Altered, e.to_string());
        }
        AppError::Store(e @ StoreError::Io { .. }) => {
            findings.add(link, subject, Verdict::Unreachable, e.to_string());
        }
        AppError::Parse(e) => findings.add(link, subject, Verdict::Altered, e.to_string()),
        e => return Err(e),
    }
    Ok(())
}

fn check_object(
    project: &Project,
    link: &'static str,
    subject: &str,
    object: &ObjectRef,
    findings: &mut Findings,
) -> Result<()> {
    match project.read_ref(object) {
        Ok(_) => findings.add(link, subject, Verdict::Intact, format!("{} bytes, hashed again", object.size)),
        Err(e) => finding_of(link, subject, e, findings)?,
    }
    Ok(())
}

fn check_artefact(
    project: &Project,
    link: &'static str,
    artefact: &Artefact,
    findings: &mut Findings,
    progress: &dyn Progress,
) -> Result<()> {
    if kind_of(artefact) == DatasetKind::Declared {
        return declared::check(project, link, artefact, findings, progress);
    }
    let Some(map) = &artefact.version_map else {
        findings.add(link, &artefact.name, Verdict::Unknown, "declared only: no version of it was stored");
        return Ok(());
    };
    let contents = match contents_of(project, artefact, map) {
        Ok(contents) => contents,
        Err(e) => return finding_of(link, &artefact.name, e, findings),
    };
    progress.begin("verify", Some(contents.len() as u64), Some(artefact.size));
    // A single file may have a SHA-256 beside its BLAKE3: both must hold.
    let sha256 = artefact.digest.sha256.filter(|_| artefact.manifest.is_none());
    let stated = AtomicU64::new(0);
    let look = |(name, located): &(String, Located)| {
        let found = match findings.level {
            Level::Default => by_state(&*project.store, located, sha256, &stated),
            Level::Deep => None,
        };
        let found = found.unwrap_or_else(|| rehash(&*project.store, located, sha256));
        progress.advance(1, located.size);
        found.map(|(verdict, why)| (located.blake3, verdict, format!("{name}: {why}")))
    };
    let bad = many_at_once(&*project.store, || contents.par_iter().filter_map(look).collect::<Vec<_>>())?;
    progress.end();
    let gone = |bad: &(Blake3Hash, Verdict, String)| matches!(bad.1, Verdict::Missing | Verdict::Unreachable);
    let (gone, bad): (Vec<_>, Vec<_>) = bad.into_iter().partition(gone);
    let (moved, gone) = elsewhere(project, artefact, gone)?;
    let bad: Vec<(Verdict, String)> = bad.into_iter().chain(gone).map(|(_, v, why)| (v, why)).collect();
    if bad.is_empty() {
        let (files, bytes, stated) = (artefact.file_count, artefact.size, stated.into_inner());
        findings.believed |= stated > 0;
        let what = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        let mut detail = match stated {
            0 => format!("{what}, {bytes} bytes read from the store and hashed again"),
            n if n == contents.len() as u64 => {
                format!("{what}, {bytes} bytes: S3 has each version, with its size and checksum")
            }
            n => format!(
                "{what}, {bytes} bytes: S3 has {n} of the versions, with size and checksum; the rest was read and hashed again"
            ),
        };
        if moved > 0 {
            detail.push_str(&format!("; {moved} were moved since, and read where they are now"));
        }
        findings.add(link, &artefact.name, Verdict::Intact, detail);
    }
    // All of them up to a limit that a person can read; the count is never cut.
    let more = bad.len().saturating_sub(10);
    for (i, (verdict, detail)) in bad.into_iter().take(10).enumerate() {
        let rest = if i == 9 && more > 0 { format!(" (and {more} more)") } else { String::new() };
        findings.add(link, &artefact.name, verdict, format!("{detail}{rest}"));
    }
    Ok(())
}

/// Each file of an artefact with the version that holds it; everything is checked against the digests above it.
fn contents_of(project: &Project, artefact: &Artefact, map: &ObjectRef) -> Result<Vec<(String, Located)>> {
    let map = VersionMap::parse(&project.read_ref_text(map)?)?;
    let name = |content: &Blake3Hash| -> Result<Located> {
        let missing =
            || ParseError::new("version map", "does not name a content of the manifest", content.to_string());
        let located = map.get(content).ok_or_else(missing)?.clone();
        let other =
            || ParseError::new("version map", "names the version of another content", content.to_string());
        // A local version id is the content itself.
        match located.version_id.content() {
            Some(named) if named != *content => Err(other().into()),
            None if located.bucket.is_none() => Err(other().into()),
            _ => Ok(located),
        }
    };
    let root = artefact.digest.blake3;
    let Some(object) = &artefact.manifest else {
        let located = name(&root)?;
        if located.size != artefact.size || artefact.file_count != 1 {
            let why = format!("the version has {} bytes, the entry says {}", located.size, artefact.size);
            return Err(ParseError::new("artefact", why, root.to_string()).into());
        }
        let place = artefact.location.as_ref();
        let same = place.is_some_and(|l| {
            let scheme = if located.bucket.is_some() { "s3" } else { "local" };
            l.scheme == scheme && l.version_id.as_ref() == Some(&located.version_id)
        });
        if !same {
            let why = "its location is not the version that the map names";
            return Err(ParseError::new("artefact", why, root.to_string()).into());
        }
        return Ok(vec![(artefact.name.to_string(), located)]);
    };
    if object.digest.blake3 != root {
        return Err(
            ParseError::new("artefact", "its digest is not that of its manifest", root.to_string()).into()
        );
    }
    let manifest = Manifest::parse(&project.read_ref_text(object)?)?;
    if manifest.entries().len() as u64 != artefact.file_count {
        let why = format!("lists {} files, the entry says {}", manifest.entries().len(), artefact.file_count);
        return Err(ParseError::new("manifest", why, root.to_string()).into());
    }
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    let mut size = 0;
    for entry in manifest.entries() {
        let located = name(&entry.blake3)?;
        size += located.size;
        // One content under two names is read once.
        if seen.insert(entry.blake3) {
            out.push((entry.path.clone(), located));
        }
    }
    if size != artefact.size {
        let why = format!("its files have {size} bytes, the entry says {}", artefact.size);
        return Err(ParseError::new("manifest", why, root.to_string()).into());
    }
    Ok(out)
}

/// The values in the entry against the files that they were read from, as stored. A value that was redacted
/// on its way into the entry is not compared.
fn check_values(
    project: &Project,
    link: &'static str,
    values: Result<Vec<(RepoPath, String, String)>>,
    files: &List<Artefact>,
    findings: &mut Findings,
) -> Result<()> {
    let values = match values {
        Ok(values) => values,
        Err(e) => return finding_of(link, "the list itself", e, findings),
    };
    let files = project.list(files).unwrap_or_default(); // an unreadable list is reported with its files
    let sources: BTreeSet<&RepoPath> = values.iter().map(|(source, ..)| source).collect();
    for source in sources {
        let Some(file) = files.iter().find(|f| f.name == *source) else {
            findings.add(link, source, Verdict::Missing, "the file that they were read from was not stored");
            continue;
        };
        let bytes = match project.content(file) {
            Ok(bytes) => bytes,
            Err(e) => {
                finding_of(link, source, e, findings)?;
                continue;
            }
        };
        let place = std::path::Path::new(source.as_str());
        let read = crate::app::run::files::read_pairs(link, place, &bytes).unwrap_or_default();
        let recorded: Vec<(&str, &str)> = values
            .iter()
            .filter(|(s, ..)| s == source)
            .map(|(_, name, value)| (name.as_str(), value.as_str()))
            .collect();
        let agrees = |((name, value), (n, v)): ((&str, &str), &(String, String))| {
            name == n && (value == v || value.contains("[REDACTED:"))
        };
        if read.len() == recorded.len() && recorded.iter().copied().zip(&read).all(agrees) {
            let detail = format!("{} values are those of the stored file", recorded.len());
            findings.add(link, source, Verdict::Intact, detail);
        } else {
            findings.add(link, source, Verdict::Altered, "the values are not those of the stored file");
        }
    }
    Ok(())
}
