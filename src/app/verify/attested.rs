//! A run that was recorded where there was no repository: by a key for this run alone, with code and data that its launcher
//! attested.

use super::Findings;
use super::Logs;
use super::Verdict;
use super::log::CheckedLog;
use crate::app::Project;
use crate::app::query::LogEntry;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;

/// Nothing, if a writer of the log recorded the run.
pub fn check(project: &Project, all: &Logs, home: &CheckedLog, body: &Body, findings: &mut Findings) {
    let Some(run) = &body.run else { return };
    let delegates = |entry: &&LogEntry| {
        entry.log == home.id
            && entry.is(&Kind::RunDelegated)
            && entry.body().is_some_and(|said| {
                let key = said.writer.as_ref().map(|writer| writer.key_id);
                key == Some(body.actor.writer) && said.delegation.as_ref().is_some_and(|d| d.run == run.id)
            })
    };
    // Without one, its signature is that of a stranger, and said to be.
    let Some(entry) = all.entries.iter().find(delegates) else { return };
    let Some(said) = entry.body() else { return };
    home.entry(entry, &all.entries, findings);
    let writer = said.actor.writer.short();
    let detail = format!(
        "commit {} and the data were attested by writer {writer} at index {}, and not seen by the machine that ran",
        said.source.as_ref().map(|source| source.commit.short()).unwrap_or_default(),
        entry.index
    );
    findings.add("delegation", run.id.short(), Verdict::Intact, detail);
    let what = "that the code which ran was this commit: no repository was there, and its launcher says so";
    findings.not_checked.push(what.to_owned());
    // A list that cannot be read is reported with the data.
    let (Ok(inputs), Ok(attested)) = (project.list(&body.inputs), project.list(&said.inputs)) else { return };
    for input in &inputs {
        if !attested.iter().any(|a| (&a.name, a.digest) == (&input.name, input.digest)) {
            let detail = "it is not among the data that was delegated";
            findings.add("delegation", &input.name, Verdict::Altered, detail);
        }
    }
}
