//! `verify`: re-checks every link of a binding. It trusts nobody, repairs nothing, and does not stop at the
//! first finding. It writes nothing but the largest checkpoint seen.

mod artefact;
mod attested;
mod data;
mod declared;
mod later;
mod log;
mod package;
mod run;
mod source;
mod versions;

pub use log::Roots;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::delivery;
use crate::app::query;
use crate::app::query::LogEntry;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Kind;
use crate::domain::ids::LogId;
use crate::domain::statement;
use crate::git::GitError;
use crate::ledger::batch;
use crate::ledger::envelope::Envelope;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What one check found. Ordered by nothing; [`Verdict::exit`] says what it means for the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Intact,
    Altered,
    Missing,
    /// The run did not complete, or something later in the log speaks against it.
    Failed,
    Erased,
    Unreachable,
    Unpublished,
    Unpinned,
    Pending,
    Unknown,
}

impl Verdict {
    /// 0 intact · 1 the answer is no · 3 could not be checked.
    pub fn exit(self) -> u8 {
        match self {
            Verdict::Intact => 0,
            Verdict::Altered | Verdict::Missing | Verdict::Failed => 1,
            Verdict::Erased
            | Verdict::Unreachable
            | Verdict::Unpublished
            | Verdict::Unpinned
            | Verdict::Pending
            | Verdict::Unknown => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Intact => "intact",
            Verdict::Altered => "altered",
            Verdict::Missing => "missing",
            Verdict::Failed => "failed",
            Verdict::Erased => "erased",
            Verdict::Unreachable => "unreachable",
            Verdict::Unpublished => "unpublished",
            Verdict::Unpinned => "unpinned",
            Verdict::Pending => "pending",
            Verdict::Unknown => "unknown",
        })
    }
}

/// One link of the binding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Link {
    /// `journal`, `checkpoint`, `entry`, `commit`, `input`, `output`, `model package`, …
    pub link: &'static str,
    /// Which one, where there may be several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    pub verdict: Verdict,
    /// What was claimed and what was found; for an intact link, what was checked.
    pub detail: String,
    /// A command that helps, to be pasted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyReport {
    pub target: String,
    /// How deep the check went.
    pub level: Level,
    /// `verified`, `failed` or `incomplete`.
    pub result: &'static str,
    pub exit_code: u8,
    pub links: Vec<Link>,
    /// What this command never checks.
    pub not_checked: Vec<String>,
}

/// How deep a check goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every local byte is read and hashed again; of a version in S3 its size and the checksum that S3 keeps.
    #[default]
    Default,
    /// Every byte is read and hashed again, wherever it lies.
    Deep,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Default => "default",
            Level::Deep => "deep",
        })
    }
}

/// Collects links.
#[derive(Default)]
struct Findings {
    links: Vec<Link>,
    /// How deep to look.
    level: Level,
    /// Some of the bytes were not read: S3 was believed what it says of them.
    believed: bool,
    /// What else was not checked.
    not_checked: Vec<String>,
}

impl Findings {
    fn add(
        &mut self,
        link: &'static str,
        subject: impl ToString,
        verdict: Verdict,
        detail: impl Into<String>,
    ) {
        let (subject, detail) = (subject.to_string(), detail.into());
        self.links.push(Link { link, subject, verdict, detail, hint: None });
    }

    fn hint(&mut self, hint: impl Into<String>) {
        if let Some(last) = self.links.last_mut() {
            last.hint = Some(hint.into());
        }
    }
}

/// Verifies each target by itself.
pub fn verify(
    project: &Project,
    cwd: &Path,
    words: &[String],
    level: Level,
    progress: &dyn Progress,
) -> Result<Vec<VerifyReport>> {
    let asked = ask(project)?;
    let mut entries = Vec::new();
    let mut logs = vec![log::check(project, &*project.ledger, None, &mut entries)?];
    for other in project.other_logs()? {
        logs.push(log::check(project, &other, other.claimed_vkey().as_deref(), &mut entries)?);
    }
    query::once(project.ledger.log(), &mut entries);
    let all = Logs { logs, entries };
    let mut reports = Vec::new();
    for word in words {
        let mut findings = Findings { level, ..Findings::default() };
        findings.links.extend(asked.iter().cloned());
        let described = match resolve::resolve(project, &all.entries, cwd, word) {
            Ok(target) => {
                let about = resolve::entries_about(&all.entries, &target);
                let home = all.home(&about);
                findings.links.extend(home.findings.links.iter().cloned());
                if about.is_empty() {
                    not_recorded(project, &target, &mut findings)?;
                }
                let own = project.ledger.log();
                let asked = Asked { only: resolve::package(&all.entries, own, word), target: &target };
                one_target(project, &all, home, &asked, &about, &mut findings, progress)?;
                target.describe()
            }
            // A damaged log may be the very reason why nothing is found.
            Err(AppError::UnknownId { id }) if all.is_damaged() => {
                findings.links.extend(all.logs.iter().flat_map(|l| l.findings.links.iter().cloned()));
                findings.add(
                    "entry",
                    &id,
                    Verdict::Unknown,
                    "cannot be found in the part of the log that is readable",
                );
                id
            }
            // One word that means nothing must not hide what the others mean.
            Err(e @ (AppError::UnknownId { .. } | AppError::AmbiguousId { .. })) if words.len() > 1 => {
                findings.add("entry", word, Verdict::Unknown, e.to_string());
                word.clone()
            }
            Err(e) => return Err(e),
        };
        reports.push(conclude(described, findings));
    }
    Ok(reports)
}

/// Of a shared ledger: what others committed since may speak against what is known here.
fn ask(project: &Project) -> Result<Option<Link>> {
    let Some(shared) = project.config.shared_ledger() else { return Ok(None) };
    let mut findings = Findings::default();
    match project.ledger.fetch().map_err(AppError::from) {
        Ok(new) => {
            let detail = format!("asked for what was committed since: {new} entries");
            findings.add("ledger", shared.site.place, Verdict::Intact, detail);
        }
        Err(AppError::Store(StoreError::Inconsistent { why })) => {
            findings.add("ledger", shared.site.place, Verdict::Altered, why);
        }
        Err(e) if delivery::is_out_of_reach(&e) => {
            let detail = format!("what was committed since is not known: {e}");
            findings.add("ledger", shared.site.place, Verdict::Unreachable, detail);
        }
        Err(e) => return Err(e),
    }
    Ok(findings.links.pop())
}

fn conclude(target: String, findings: Findings) -> VerifyReport {
    let Findings { links, level, believed, not_checked: more } = findings;
    let exits: Vec<u8> = links.iter().map(|l| l.verdict.exit()).collect();
    // Precedence 1 > 3 > 0; nothing to verify is never "verified".
    let exit_code = match () {
        () if exits.contains(&1) => 1,
        () if exits.is_empty() || exits.iter().any(|e| *e != 0) => 3,
        () => 0,
    };
    let result = match exit_code {
        0 => "verified",
        1 => "failed",
        _ => "incomplete",
    };
    let mut not_checked = vec![
        "that the command read the inputs that were declared".to_owned(),
        "that the clock of the writer was right".to_owned(),
    ];
    not_checked.extend(more);
    if believed {
        not_checked.insert(0, "the bytes in S3 (`verify --deep` reads them)".to_owned());
    }
    VerifyReport { target, level, result, exit_code, links, not_checked }
}

fn not_recorded(project: &Project, target: &Target, findings: &mut Findings) -> Result<()> {
    let Target::Commit(commit) = target else { return Ok(()) };
    if let Some(waiting) = commit::waiting(project)?.iter().find(|waiting| waiting.commit == *commit) {
        let why = match waiting.data.is_empty() {
            true => "waits for the ledger, which others held",
            false => "waits for data that is not known in this clone",
        };
        findings.add("entry", commit, Verdict::Pending, why);
        findings.hint("mlprov status");
    } else {
        findings.add("entry", commit, Verdict::Unknown, "not recorded in any log that is here");
        if !project.repo.remote_names().is_empty() {
            findings.hint("mlprov sync --fetch   # brings what other clones recorded");
        }
    }
    // Then no hook could record it, and none ever will.
    if let Some(commit) = project.repo.commit(commit)?
        && let Err(AppError::Git(GitError::BadPointer { path, why, .. })) = project.pointers(&commit.tree)
    {
        findings.add("pointer", path, Verdict::Altered, why);
    }
    Ok(())
}

struct Asked<'a> {
    target: &'a Target,
    /// It was named by this package, so others of the same run do not count.
    only: Option<ModelPackageArn>,
}

fn one_target(
    project: &Project,
    all: &Logs,
    home: &log::CheckedLog,
    Asked { target, only }: &Asked<'_>,
    everywhere: &[&LogEntry],
    findings: &mut Findings,
    progress: &dyn Progress,
) -> Result<()> {
    let about: &[&LogEntry] = &everywhere.iter().filter(|e| e.log == home.id).copied().collect::<Vec<_>>();
    // A run is judged by its end; a commit by its first entry, which is the one that counts.
    let subject = match *target {
        Target::Run(_) => query::subject_of_run(about),
        Target::Commit(_) | Target::Entry(_) => about.first().copied(),
    };
    let Some(subject) = subject else { return Ok(()) };
    // The start of a run is part of its story: it must be as sound as the end.
    let story = |e: &&&LogEntry| !e.binds_package();
    for entry in about.iter().filter(|e| e.index == subject.index || story(e)) {
        home.entry(entry, &all.entries, findings);
    }
    elsewhere(all, home, everywhere, findings);
    if let Target::Run(_) = target {
        run::other_ends(about, subject, findings);
    }
    if let (Target::Commit(_), [_, others @ ..]) = (target, about) {
        for other in others {
            let detail = format!("also recorded by entry {} at index {}", other.id.short(), other.index);
            findings.add("also recorded by", other.id.short(), Verdict::Intact, detail);
        }
    }
    let Some(body) = subject.body() else { return Ok(()) };
    let at_home: Vec<&LogEntry> = all.entries.iter().filter(|e| e.log == home.id).collect();
    run::check(project, body, &at_home, findings);
    attested::check(project, all, home, body, findings);
    let needs_code = matches!(
        body.kind,
        Kind::CommitRecorded | Kind::RunStarted | Kind::RunFinished | Kind::ModelRegistered
    );
    if needs_code && body.source.is_none() {
        findings.add("commit", "", Verdict::Altered, "the entry names no commit");
    }
    if matches!(body.kind, Kind::Other(_)) {
        findings.add(
            "kind",
            &body.kind,
            Verdict::Unknown,
            "written by a newer mlprov; this one cannot judge it",
        );
    }
    if let Ok(envelope) = Envelope::parse(&subject.bytes) {
        let unknown = statement::unknown_fields(&envelope.payload).unwrap_or_default();
        if !unknown.is_empty() {
            findings.add(
                "fields",
                unknown.join(", "),
                Verdict::Unknown,
                "not known to this version, so not checked",
            );
        }
    }
    source::check(project, body, findings)?;
    let before = findings.links.len();
    data::check(project, body, findings, progress)?;
    package::check_named(project, all, home, body, findings);
    let packages = package::bound(all, home, body, only.as_ref());
    if let Some(arn) = only.as_ref().filter(|_| packages.is_empty()) {
        let detail = "no entry of a writer who was admitted binds it to this run";
        findings.add("model package", arn, Verdict::Altered, detail);
    }
    package::check(project, all, home, (subject, body), &packages, findings)?;
    if home.id != project.ledger.log() {
        // What another clone stored in a store of its own cannot be looked at from here.
        for link in findings.links[before..].iter_mut().filter(|l| l.verdict == Verdict::Missing) {
            link.verdict = Verdict::Unreachable;
            link.detail = format!(
                "{}; it is with the clone that recorded it",
                link.detail.replace(" is gone", " is not here")
            );
        }
    }
    let arns: Vec<&ModelPackageArn> = packages.iter().map(|bound| &bound.package.arn).collect();
    later::check(all, subject, body, &arns, findings);
    Ok(())
}

/// What other logs say about the same: it does not count, but it is told.
fn elsewhere(all: &Logs, home: &log::CheckedLog, everywhere: &[&LogEntry], findings: &mut Findings) {
    let at_home = |e: &LogEntry| all.entries.iter().find(|h| h.log == home.id && h.id == e.id);
    for other in everywhere.iter().filter(|e| e.log != home.id) {
        let place = format!("entry {} at index {} of log {}", other.id.short(), other.index, other.log);
        match at_home(other) {
            // A log that goes on under another id (`ledger adopt`) holds the same bytes.
            Some(same) if same.bytes == other.bytes => {}
            Some(_) if all.vouched(other) => {
                let detail = format!("{place} has the same id and says something else");
                findings.add("other log", other.id.short(), Verdict::Altered, detail);
            }
            _ => {
                let detail = format!("also recorded by {place}");
                findings.add("also recorded by", other.id.short(), Verdict::Intact, detail);
            }
        }
    }
}

/// All logs that can be read here, with all their entries.
struct Logs {
    /// This clone's own first.
    logs: Vec<log::CheckedLog>,
    entries: Vec<LogEntry>,
}

impl Logs {
    /// The log by which a target is judged: this clone's own if it knows the target, else one that is trusted.
    fn home(&self, about: &[&LogEntry]) -> &log::CheckedLog {
        let holds = |log: &&log::CheckedLog| about.iter().any(|e| e.log == log.id);
        let own = self.logs.first().filter(|log| holds(log));
        let trusted = || self.logs.iter().filter(holds).find(|log| log.is_trusted());
        own.or_else(trusted).or_else(|| self.logs.iter().find(holds)).unwrap_or(&self.logs[0])
    }

    /// Whether an entry is sound by the log that holds it, and that log is trusted.
    fn vouched(&self, entry: &LogEntry) -> bool {
        self.logs.iter().any(|log| log.id == entry.log && log.is_trusted() && log.vouches_for(entry))
    }

    fn trusts(&self, id: LogId) -> bool {
        self.logs.iter().any(|log| log.id == id && log.is_trusted())
    }

    fn is_damaged(&self) -> bool {
        self.logs.iter().flat_map(|l| &l.findings.links).any(|l| l.verdict.exit() == 1)
    }
}

/// Why an entry's bytes cannot be read, in words.
fn unreadable(bytes: &[u8]) -> Option<String> {
    batch::open(bytes).err().map(|e| e.to_string())
}
