//! Model packages: each one that is bound to the subject, what the registry says of it, and who decided about it.

use super::Findings;
use super::Logs;
use super::Verdict;
use super::artefact;
use super::data::finding_of;
use super::log;
use super::log::Claim;
use crate::app::Project;
use crate::app::Result;
use crate::app::model;
use crate::app::query::LogEntry;
use crate::domain::approval::ApprovalStatus;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::ModelPackage;
use crate::domain::entry::NamedPackage;
use crate::ledger::hash;
use crate::ports::model_registry::PackageState;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::DeserializeOwned;

/// A package, and the entry that binds it.
pub struct Bound<'a> {
    pub package: &'a ModelPackage,
    body: &'a Body,
    /// Another entry than the subject itself.
    entry: Option<&'a LogEntry>,
}

/// The packages that are bound to the subject: by itself, or by later entries about its run. `only`: this one was asked
/// about, and the others are left out.
pub fn bound<'a>(
    all: &'a Logs,
    home: &log::CheckedLog,
    subject: &'a Body,
    only: Option<&ModelPackageArn>,
) -> Vec<Bound<'a>> {
    let mut found: Vec<Bound<'a>> = Vec::new();
    if !matches!(subject.kind, Kind::RunFinished | Kind::ModelRegistered) {
        return found;
    }
    found.extend(subject.model_package.iter().map(|package| Bound { package, body: subject, entry: None }));
    let run = subject.run.as_ref().map(|run| run.id);
    // What somebody wrote who may not write binds nothing; asked about it, it is told.
    let counts = |e: &LogEntry, arn: &ModelPackageArn| home.admits(e) || only == Some(arn);
    let later = all.entries.iter().filter(|e| e.log == home.id && e.is(&Kind::ModelRegistered));
    for entry in later.filter(|_| subject.kind == Kind::RunFinished) {
        let Some((body, package)) = entry.body().and_then(|b| Some((b, b.model_package.as_ref()?))) else {
            continue;
        };
        let known = found.iter().any(|bound| bound.package.arn == package.arn);
        if !known && run.is_some() && body.run.as_ref().map(|r| r.id) == run && counts(entry, &package.arn) {
            found.push(Bound { package, body, entry: Some(entry) });
        }
    }
    found.retain(|bound| only.is_none_or(|arn| bound.package.arn == *arn));
    found
}

pub fn check(
    project: &Project,
    all: &Logs,
    home: &log::CheckedLog,
    (end, subject): (&LogEntry, &Body),
    packages: &[Bound],
    findings: &mut Findings,
) -> Result<()> {
    for Bound { package, body, entry } in packages {
        if let Some(entry) = entry {
            home.entry(entry, &all.entries, findings);
            check_binding(project, package, (entry, body), subject, findings);
        } else if subject.kind == Kind::ModelRegistered {
            // It is worth what the end is worth that it repeats.
            let aim = subject.target.as_ref().and_then(|target| target.entry);
            let found = all.entries.iter().find(|e| e.log == home.id && Some(e.id) == aim);
            match found.and_then(|e| Some((e, e.body()?))) {
                Some((run_end, run)) => {
                    home.entry(run_end, &all.entries, findings);
                    check_binding(project, package, (end, subject), run, findings);
                }
                None => {
                    let detail = "the run's end that it repeats is not in the log";
                    findings.add("binding", &package.arn, Verdict::Missing, detail);
                }
            }
        }
        let state = match project.registry.state(&package.arn) {
            Ok(state) => state,
            Err(e) => {
                // Of the clone's own registry only the approval may be damaged.
                let link = match package.arn.is_local() && project.registry.describe(&package.arn).is_ok() {
                    true => "approval",
                    false => "model package",
                };
                finding_of(link, &package.arn, e.into(), findings)?;
                artefact::check(project, body, package, findings)?;
                continue;
            }
        };
        not_compared(package, state.as_ref(), findings);
        check_record(project, body, package, state.as_ref(), findings)?;
        artefact::check(project, body, package, findings)?;
        if let Some(state) = &state {
            check_leaf(all, home, entry.unwrap_or(end), package, state, findings);
            check_approval(project, all, home, package, &state.status, findings)?;
        }
    }
    Ok(())
}

/// Packages that a commit names: each is bound by some entry, to what the tree points to there.
pub fn check_named(
    project: &Project,
    all: &Logs,
    home: &log::CheckedLog,
    body: &Body,
    findings: &mut Findings,
) {
    if body.model_packages.is_empty() {
        return;
    }
    // A list that cannot be read is reported with the data.
    let inputs = project.list(&body.inputs).unwrap_or_default();
    for NamedPackage { name, arn } in &body.model_packages {
        let sound = |e: &&LogEntry| e.log == home.id && home.admits(e) || all.vouched(e);
        let binds = all.entries.iter().filter(|e| e.binds_package()).filter(sound);
        let package = binds.filter_map(|e| e.body()?.model_package.as_ref()).find(|p| p.arn == *arn);
        let root = inputs.iter().find(|input| input.name == *name).map(|input| input.digest.blake3);
        let (verdict, detail) = match package {
            None => (Verdict::Unknown, format!("no entry that is here binds it, which {name} is said to be")),
            Some(package) if Some(package.digest.blake3) == root => {
                (Verdict::Intact, format!("its model is {name} of this commit"))
            }
            Some(_) => (Verdict::Altered, format!("its model is not {name} of this commit")),
        };
        findings.add("model package", arn, verdict, detail);
    }
}

/// What of a package that is deployed is never compared, or cannot be.
fn not_compared(package: &ModelPackage, state: Option<&PackageState>, findings: &mut Findings) {
    let Some(state) = state.filter(|_| !package.arn.is_local()) else { return };
    let mut add = |what: &str| {
        if !findings.not_checked.iter().any(|known| known == what) {
            findings.not_checked.push(what.to_owned());
        }
    };
    // Also where the environment says so, as scripts of training frameworks have it.
    if state.settings.values().any(|value| value.contains("://")) {
        add("what lies at other places than the model's that a package names");
    }
    if !state.containers.is_empty() {
        add("host names, frameworks, content types and instance types of a package's containers");
    }
    if package.is_foreign() && package.settings.is_none() {
        add(
            "environment and other data of a package's containers, which were not recorded when it was bound",
        );
    }
    if state.settings.values().any(|value| value.contains("[REDACTED:")) {
        add("values in a package's environment that look like secrets: they are not recorded");
    }
}

/// An entry that binds a package, against the run's end.
fn check_binding(
    project: &Project,
    package: &ModelPackage,
    (entry, body): (&LogEntry, &Body),
    end: &Body,
    findings: &mut Findings,
) {
    let place = format!("entry {} at index {}", entry.id.short(), entry.index);
    match repeats(project, end, body) {
        None => {
            let detail = format!("{place} repeats run, code, data and configuration beside its ARN");
            findings.add("binding", &package.arn, Verdict::Intact, detail);
        }
        Some(what) => {
            let detail = format!("{place} names {what} than the run's end");
            findings.add("binding", &package.arn, Verdict::Altered, detail);
        }
    }
}

/// What the entry that binds a package says otherwise than the run's end.
fn repeats(project: &Project, end: &Body, bound: &Body) -> Option<&'static str> {
    let aim = bound.target.as_ref().and_then(|target| target.entry);
    match () {
        () if aim != Some(end.id) => Some("another end"),
        () if bound.run != end.run => Some("another run"),
        () if bound.source != end.source => Some("other code"),
        () if !same(project, &bound.inputs, &end.inputs) => Some("other inputs"),
        () if !same(project, &bound.config_files, &end.config_files) => Some("other configuration files"),
        () if !same(project, &bound.parameters, &end.parameters) => Some("other parameters"),
        () if !same(project, &bound.metrics, &end.metrics) => Some("other metrics"),
        () => {
            let outputs = project.list(&end.outputs).unwrap_or_default();
            let model = project.list(&bound.outputs).unwrap_or_default();
            (!model.iter().all(|m| outputs.contains(m))).then_some("another model")
        }
    }
}

/// A list may stand in one entry and in an object that the other names. One that cannot be read is reported with the data.
fn same<T: DeserializeOwned + Clone + PartialEq>(project: &Project, one: &List<T>, other: &List<T>) -> bool {
    one == other || project.list(one).ok() == project.list(other).ok()
}

/// Where somebody wrote into the package that its entry stands.
fn check_leaf(
    all: &Logs,
    home: &log::CheckedLog,
    binds: &LogEntry,
    package: &ModelPackage,
    state: &PackageState,
    findings: &mut Findings,
) {
    let Some(leaf) = &state.leaf else { return };
    let is_it = |entry: &LogEntry| BASE64.encode(hash::leaf(&entry.bytes).0) == leaf.hash;
    let same = |e: &&LogEntry| e.log.to_string() == leaf.log && e.binds_package() && is_it(e);
    let of_this = |e: &&LogEntry| {
        e.body().is_some_and(|b| b.model_package.as_ref().is_some_and(|p| p.arn == package.arn))
    };
    let named = if is_it(binds) { Some(binds) } else { all.entries.iter().filter(same).find(of_this) };
    if let Some(named) = named {
        let detail = "the package names the leaf of the entry that binds it";
        findings.add("leaf", &package.arn, Verdict::Intact, detail);
        let log = all.logs.iter().find(|log| log.id == named.log && log.id.to_string() == leaf.log);
        match (&leaf.checkpoint, log) {
            (None, _) => {}
            (Some(claim), Some(log)) => check_claim(claim, log, named, package, findings),
            // Whoever has only the package would look for the entry elsewhere.
            _ if !came_from(all, named, &leaf.log) => {
                let detail =
                    format!("the package names log {}, and the entry stands in {}", leaf.log, named.log);
                findings.add("leaf", &package.arn, Verdict::Altered, detail);
            }
            (Some(_), None) => {
                let what = format!(
                    "the checkpoint of log {} that a package names; it is not the log that was read",
                    leaf.log
                );
                findings.not_checked.push(what);
            }
        }
    } else if leaf.log == home.id.to_string() {
        let detail = format!("the package names leaf {}, and no entry that binds it has that", leaf.hash);
        findings.add("leaf", &package.arn, Verdict::Altered, detail);
    } else {
        let detail = format!("the package names an entry of log {}, which is not here", leaf.log);
        findings.add("leaf", &package.arn, Verdict::Unknown, detail);
        findings.hint("mlprov sync --fetch   # brings what other clones recorded");
    }
}

/// Whether an entry stands in the log of this id, or was brought from there into its own.
fn came_from(all: &Logs, entry: &LogEntry, log: &str) -> bool {
    let brings = |e: &&LogEntry| e.log == entry.log && e.is(&Kind::Imported);
    let from = |e: &LogEntry| {
        e.body().and_then(|body| body.ledger.as_ref()).is_some_and(|from| from.log.to_string() == log)
    };
    entry.log.to_string() == log || all.entries.iter().filter(brings).any(from)
}

/// The checkpoint beside a leaf has no signature: it is worth what the log says to it.
fn check_claim(
    claim: &str,
    log: &log::CheckedLog,
    named: &LogEntry,
    package: &ModelPackage,
    findings: &mut Findings,
) {
    let (verdict, detail) = match log.claim(claim, named.index) {
        Claim::Holds => {
            let detail = "the checkpoint that the package names covers it, and the log has its root";
            (Verdict::Intact, detail.to_owned())
        }
        Claim::Beyond { held } => {
            let detail = format!("the package names the checkpoint {claim:?}, and {held} entries are here");
            (Verdict::Unknown, detail)
        }
        Claim::False(why) => (Verdict::Altered, format!("the package names the checkpoint {claim:?}: {why}")),
    };
    let lags = verdict == Verdict::Unknown;
    findings.add("leaf", &package.arn, verdict, detail);
    if lags {
        findings.hint("mlprov sync --fetch   # brings what was recorded since");
    }
}

/// The status in the registry against the last one that the log has.
fn check_approval(
    project: &Project,
    all: &Logs,
    home: &log::CheckedLog,
    package: &ModelPackage,
    now: &ApprovalStatus,
    findings: &mut Findings,
) -> Result<()> {
    let (recorded, said) =
        model::recorded_status(&all.entries, home.id, &package.arn, |entry| home.admits(entry));
    if let Some(entry) = said.filter(|entry| !entry.is(&Kind::ModelRegistered)) {
        home.entry(entry, &all.entries, findings);
    }
    let place =
        said.map_or_else(|| "no entry says otherwise".to_owned(), |e| format!("as at index {}", e.index));
    if *now == recorded && recorded == ApprovalStatus::Rejected {
        findings.add("approval", &package.arn, Verdict::Failed, format!("{now}, {place}"));
        return Ok(());
    }
    if *now == recorded {
        findings.add("approval", &package.arn, Verdict::Intact, format!("{now}, {place}"));
        return Ok(());
    }
    let waits = project.queued_entries()?;
    let (then, _) = model::recorded_status(&waits, project.ledger.log(), &package.arn, |_| true);
    match *now == then {
        true => {
            let detail = format!("the registry says {now}; the entry about it waits for the ledger");
            findings.add("approval", &package.arn, Verdict::Pending, detail);
        }
        false => {
            let detail = format!("the registry says {now}; recorded is {recorded} ({place})");
            findings.add("approval", &package.arn, Verdict::Altered, detail);
        }
    }
    findings.hint("mlprov sync   # records what was decided in the registry, if it is to stand");
    Ok(())
}

/// The registry's record against what the entry `body` says of the package.
fn check_record(
    project: &Project,
    body: &Body,
    package: &ModelPackage,
    state: Option<&PackageState>,
    findings: &mut Findings,
) -> Result<()> {
    let differs = state.and_then(|state| model::difference(state, body, package));
    let record = state.and_then(|state| state.record.clone());
    match (state, &record, &differs) {
        (Some(_), None, Some(why)) => {
            findings.add("model package", &package.arn, Verdict::Altered, why);
            return Ok(());
        }
        (Some(_), _, None) if package.made_by_run == Some(false) => {
            let detail = "no output of the run has its bytes: who bound it says that it belongs to the run";
            findings.add("model package", &package.arn, Verdict::Unknown, detail);
            return Ok(());
        }
        (Some(_), None, None) => {
            let detail = "it has the image and the artefact of the entry; mlprov did not make it";
            findings.add("model package", &package.arn, Verdict::Intact, detail);
            return is_made(project, body, package, findings);
        }
        _ => {}
    }
    // Made in another clone, before the project moved: then a copy of the record went along.
    let moved = match &record {
        None => project.moved_package(&package.arn, &package.digest.blake3),
        Some(_) => Ok(None),
    };
    let (record, whose) = match (record, moved) {
        (Some(record), _) => (record, "the registry's record"),
        (None, Ok(Some(record))) => (record, "its record, as the project brought it along,"),
        (None, Ok(None)) => {
            findings.add("model package", &package.arn, Verdict::Missing, "the registry does not hold it");
            return Ok(());
        }
        (None, Err(e)) => return finding_of("model package", &package.arn, e, findings),
    };
    let outputs = project.list(&body.outputs).unwrap_or_default();
    let is_output = outputs.iter().any(|o| o.name == package.model && o.digest == package.digest);
    let run = body.run.as_ref().map(|r| r.id);
    let agrees = record.arn == package.arn
        && record.digest == package.digest
        && record.model == package.model
        && record.group_name == package.group_name
        && Some(record.run) == run
        && outputs.iter().any(|o| o.name == record.model && o.size == record.size);
    match (agrees, is_output) {
        (true, true) if let Some(why) = differs => {
            findings.add("model package", &package.arn, Verdict::Altered, why);
        }
        (true, true) => {
            let detail = format!("{whose} has the run, file and digest of the entry");
            findings.add("model package", &package.arn, Verdict::Intact, detail);
        }
        (false, _) => {
            let detail = format!(
                "{} says run {}, model {}, BLAKE3 {}",
                whose.trim_end_matches("'s record"),
                record.run.short(),
                record.model,
                record.digest.blake3
            );
            findings.add("model package", &package.arn, Verdict::Altered, detail);
        }
        (true, false) => {
            findings.add(
                "model package",
                &package.arn,
                Verdict::Altered,
                "its model is not an output of the run",
            );
        }
    }
    Ok(())
}

/// Of a package that says nothing of its model, the entry does.
fn is_made(project: &Project, body: &Body, package: &ModelPackage, findings: &mut Findings) -> Result<()> {
    let outputs = project.list(&body.outputs).unwrap_or_default();
    if !outputs.iter().any(|o| o.name == package.model && o.digest == package.digest) {
        let detail = "its model is not an output of the run";
        findings.add("model package", &package.arn, Verdict::Altered, detail);
    }
    Ok(())
}
