//! Whether anything later in the log speaks against the subject.

use super::Findings;
use super::Logs;
use super::Verdict;
use crate::app::query::LogEntry;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::Target;
use crate::domain::ids::CommitId;

/// Later is what follows in the same log, and whatever stands in another one: between logs there is no order. Nor is there
/// between what a log holds itself and what came to it from another one (`imported`).
/// `packages`: those that are bound to the subject, as far as they were asked about.
pub fn check(
    all: &Logs,
    subject: &LogEntry,
    body: &Body,
    packages: &[&ModelPackageArn],
    findings: &mut Findings,
) {
    let aims = |later: &Body| aims(later, body, packages);
    let launcher = launcher(all, subject, body);
    // What the key goes by that signed: its own name, and that of whoever gave it the right to.
    let whose = |key: KeyId| match () {
        () if key == body.actor.writer => Some("its writer"),
        () if Some(key) == launcher => Some("the writer who delegated it"),
        () => None,
    };
    let mut silent = true;
    let came = all.entries.iter().any(|e| e.follows(subject) && e.is(&Kind::Imported));
    let is_later = |e: &&LogEntry| {
        let objects = || e.body().is_some_and(|b| speaks_against(&b.kind) && aims(b));
        e.log != subject.log || e.follows(subject) || (came && objects())
    };
    for later in all.entries.iter().filter(is_later) {
        let mut place = format!("entry {} at index {}", later.id.short(), later.index);
        if later.log != subject.log {
            place.push_str(&format!(" of log {}", later.log));
            let vouched = all.vouched(later);
            let speaks = later.body().is_some_and(|b| speaks_against(&b.kind) && aims(b));
            if speaks && !vouched {
                silent = false;
                let detail = format!("{place} speaks against it, and that log is not trusted here");
                findings.add("later entries", later.id.short(), Verdict::Unknown, detail);
            }
            let unreadable = later.body().is_none() && all.trusts(later.log);
            if !vouched && !unreadable {
                continue;
            }
        }
        let Some(b) = later.body() else {
            silent = false;
            let detail = format!("{place} cannot be read by this version: it may speak against this one");
            findings.add("later entries", later.id.short(), Verdict::Unknown, detail);
            continue;
        };
        match &b.kind {
            Kind::ModelRejected if aims(b) && lifted(all, later, b) => {
                let detail = format!("rejected by {place}, and approved again after that");
                findings.add("later entries", &b.kind, Verdict::Intact, detail);
            }
            Kind::Correction | Kind::ModelRejected if aims(b) => {
                silent = false;
                findings.add("later entries", &b.kind, Verdict::Failed, format!("{} by {place}", b.kind));
            }
            Kind::Redaction if aims(b) => {
                silent = false;
                findings.add("later entries", &b.kind, Verdict::Erased, format!("redacted by {place}"));
            }
            Kind::Other(kind) if aims(b) => {
                silent = false;
                let detail = format!("{place} is of kind {kind:?}, which this version does not know");
                findings.add("later entries", kind, Verdict::Unknown, detail);
            }
            Kind::WriterRevoked
                if later.log == subject.log
                    && let Some((key, who)) =
                        b.writer.as_ref().and_then(|w| Some((w.key_id, whose(w.key_id)?))) =>
            {
                // Effect is by index: what the writer signed before stays valid, and this is said.
                let detail = format!("{who} was revoked later, at index {}", later.index);
                findings.add("writer", key.short(), Verdict::Intact, detail);
            }
            Kind::KeyRotated
                if later.log == subject.log
                    && b.actor.writer != body.actor.writer
                    && b.writer.as_ref().is_some_and(|w| w.key_id == body.actor.writer) =>
            {
                let detail = format!("its key was replaced later, at index {}", later.index);
                findings.add("writer", body.actor.writer.short(), Verdict::Intact, detail);
            }
            Kind::CommitSuperseded if commit_aimed_at(b).is_some_and(|c| Some(c) == commit_of(body)) => {
                let new = commit_of(b).map_or_else(String::new, |c| c.short().to_owned());
                let detail = format!("commit {new} took its place later (amend or rebase)");
                findings.add("superseded", "", Verdict::Intact, detail);
            }
            _ => {}
        }
    }
    // Who bends a log that is trusted must not silence it by that.
    for log in all.logs.iter().filter(|log| log.id != subject.log && log.is_contradicted()) {
        silent = false;
        let detail = format!("log {} is trusted here and was altered: it may speak against this one", log.id);
        findings.add("later entries", log.id, Verdict::Unknown, detail);
    }
    if silent {
        findings.add("later entries", "", Verdict::Intact, "nothing later corrects, rejects or redacts it");
    }
}

/// Who let the writer of an entry record this one run.
fn launcher(all: &Logs, subject: &LogEntry, body: &Body) -> Option<KeyId> {
    let home = all.logs.iter().find(|log| log.id == subject.log)?;
    let mut given = all.entries.iter().filter(|e| subject.follows(e) && e.is(&Kind::RunDelegated));
    let of_key = |b: &Body| b.writer.as_ref().is_some_and(|writer| writer.key_id == body.actor.writer);
    let by = given.find(|e| e.body().is_some_and(of_key) && home.admits(e))?;
    Some(by.body()?.actor.writer)
}

fn speaks_against(kind: &Kind) -> bool {
    matches!(kind, Kind::Correction | Kind::ModelRejected | Kind::Redaction | Kind::Other(_))
}

/// Whether a package that was rejected was approved after that, by somebody who may write. Between logs there is no order.
fn lifted(all: &Logs, rejection: &LogEntry, rejected: &Body) -> bool {
    let arn = |body: &Body| body.target.as_ref().and_then(|target| target.model_package.clone());
    let approves = |e: &LogEntry| e.body().is_some_and(|b| arn(b).is_some() && arn(b) == arn(rejected));
    let after = all.entries.iter().filter(|e| e.is(&Kind::ModelApproved) && e.follows(rejection));
    after.filter(|e| all.vouched(e)).any(approves)
}

fn aims(later: &Body, body: &Body, packages: &[&ModelPackageArn]) -> bool {
    let Some(Target { entry, run, commit, model_package }) = &later.target else { return false };
    let own_run = body.run.as_ref().map(|r| r.id);
    *entry == Some(body.id)
        || (run.is_some() && *run == own_run)
        || (commit.is_some() && commit.as_ref() == commit_of(body))
        || model_package.as_ref().is_some_and(|arn| packages.contains(&arn))
}

fn commit_of(body: &Body) -> Option<&CommitId> {
    Some(&body.source.as_ref()?.commit)
}

fn commit_aimed_at(body: &Body) -> Option<&CommitId> {
    body.target.as_ref()?.commit.as_ref()
}
