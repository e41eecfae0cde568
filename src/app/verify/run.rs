//! The run itself: which entry is its end, whether it completed, and whether start and end tell one story.

use super::Findings;
use super::Verdict;
use crate::app::Project;
use crate::app::query::LogEntry;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::Run;
use crate::domain::entry::RunStatus;
use serde::de::DeserializeOwned;

/// Other entries that claim to be the end of the run are named; they do not count.
pub fn other_ends(about: &[&LogEntry], subject: &LogEntry, findings: &mut Findings) {
    for other in about.iter().filter(|e| e.is(&Kind::RunFinished) && e.index != subject.index) {
        let detail = "claims to be the end of the run as well; it does not count";
        findings.add(
            "other end",
            format!("{} (index {})", other.id.short(), other.index),
            Verdict::Intact,
            detail,
        );
    }
}

/// `entries`: all entries of the log that `body` stands in.
pub fn check(project: &Project, body: &Body, entries: &[&LogEntry], findings: &mut Findings) {
    let Some(run) = &body.run else { return };
    let subject = run.id.short();
    let how = match (&run.exit_code, &run.signal) {
        (Some(code), _) => format!(", exit code {code}"),
        (None, Some(signal)) => format!(", ended by {signal}"),
        (None, None) => String::new(),
    };
    match &run.status {
        RunStatus::Complete if run.exit_code == Some(0) && run.signal.is_none() => {
            findings.add("run", subject, Verdict::Intact, format!("COMPLETE{how}"));
        }
        RunStatus::Complete => {
            findings.add(
                "run",
                subject,
                Verdict::Altered,
                format!("it says COMPLETE{how}: it contradicts itself"),
            );
        }
        RunStatus::Started => {
            findings.add("run", subject, Verdict::Pending, "it began, and no end is recorded")
        }
        RunStatus::Other(status) => {
            let detail = format!("status {status:?} is not known to this version");
            findings.add("run", subject, Verdict::Unknown, detail);
        }
        status => {
            let notes = body.notes.iter().map(|n| format!("; {n}")).collect::<String>();
            findings.add("run", subject, Verdict::Failed, format!("{status}{how}{notes}"));
        }
    }
    if body.kind != Kind::RunFinished {
        return;
    }
    if run.status != RunStatus::Unknown {
        requirements(project, body, run, findings);
    }
    let of_run = |e: &&&LogEntry| e.body().and_then(|b| b.run.as_ref()).is_some_and(|r| r.id == run.id);
    let about: Vec<_> = entries.iter().filter(of_run).collect();
    let Some(start) = about.iter().find(|e| e.is(&Kind::RunStarted)).and_then(|e| e.body()) else {
        findings.add("run", "start", Verdict::Missing, "no run.started was recorded before its end");
        return;
    };
    if let Some(what) = difference(project, start, body) {
        let detail = format!("its start names {what} than its end");
        findings.add("run", "start", Verdict::Altered, detail);
    }
}

/// What was required before the run began, against the metrics that were recorded at its end.
fn requirements(project: &Project, body: &Body, run: &Run, findings: &mut Findings) {
    let Ok(metrics) = project.list(&body.metrics) else { return }; // reported with the data
    for requirement in &run.requirements {
        let values = metrics.iter().map(|m| (m.name.as_str(), m.value.as_str()));
        match requirement.judge(values) {
            Ok(value) => findings.add("requirement", requirement, Verdict::Intact, format!("it is {value}")),
            Err(Some(value)) => {
                findings.add("requirement", requirement, Verdict::Failed, format!("it is {value}"));
            }
            Err(None) => {
                findings.add("requirement", requirement, Verdict::Failed, "the run has no such metric")
            }
        }
    }
}

/// What the start says otherwise than the end; lists may stand in the entry here and in an object there.
fn difference(project: &Project, start: &Body, end: &Body) -> Option<&'static str> {
    let (Some(first), Some(last)) = (&start.run, &end.run) else { return Some("another run") };
    if (&first.cwd, &first.started_on, &first.name, &first.parents)
        != (&last.cwd, &last.started_on, &last.name, &last.parents)
    {
        return Some("another directory, name or time");
    }
    if first.requirements != last.requirements {
        return Some("other requirements");
    }
    if argv(project, first) != argv(project, last) {
        return Some("another command");
    }
    if start.source != end.source {
        return Some("other code");
    }
    // The command itself may have told more.
    if !goes_on(project, &start.parameters, &end.parameters, |_| {}, |p| p.source.is_none()) {
        return Some("other parameters");
    }
    // Where it is stored may not have been known yet; how it was observed is said anew at the end.
    let blank = |a: &mut Artefact| {
        (a.version_map, a.location) = (None, None);
        (a.observed, a.stable) = (None, None);
    };
    let notebook = |file: &Artefact| file.role == "notebook";
    if !goes_on(project, &start.config_files, &end.config_files, blank, notebook) {
        return Some("other configuration files");
    }
    if !same(project, &start.inputs, &end.inputs, blank) {
        return Some("other inputs");
    }
    None
}

/// argv, wherever it stands; `None` if its object cannot be read, which is reported with the data.
fn argv(project: &Project, run: &Run) -> Option<Vec<String>> {
    let Some(object) = &run.command_object else { return Some(run.command.clone()) };
    let bytes = project.read_ref(object).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Whether the later list is the first one, with nothing after it but what `more` allows.
fn goes_on<T: DeserializeOwned + Clone + PartialEq>(
    project: &Project,
    first: &List<T>,
    later: &List<T>,
    normalise: impl Fn(&mut T),
    more: impl Fn(&T) -> bool,
) -> bool {
    // A stored list that cannot be read is reported with the data.
    let (Ok(mut first), Ok(mut later)) = (project.list(first), project.list(later)) else { return true };
    first.iter_mut().chain(&mut later).for_each(normalise);
    later.strip_prefix(&first[..]).is_some_and(|rest| rest.iter().all(more))
}

fn same<T: DeserializeOwned + Clone + PartialEq>(
    project: &Project,
    one: &List<T>,
    other: &List<T>,
    normalise: impl Fn(&mut T),
) -> bool {
    let read = |list: &List<T>| {
        let mut items = project.list(list).ok()?;
        items.iter_mut().for_each(&normalise);
        Some(items)
    };
    // A stored list that cannot be read is reported with the data.
    read(one) == read(other)
}
