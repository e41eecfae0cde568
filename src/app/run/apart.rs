//! `run begin` and `run end`: a run that wraps no command, as notebooks and jobs need it.

use super::RunReport;
use super::RunRequest;
use super::Started;
use super::active;
use super::active::Active;
use super::active::Process;
use super::child::Ended;
use super::ending;
use super::environment;
use super::logged::Logged;
use super::outputs::Outputs;
use super::prepare::Prepared;
use super::start;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::query::LogEntry;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::domain::ParseError;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::RunStatus;
use crate::domain::ids::RunId;
use crate::durable;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use serde::Deserialize;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;

/// What is known of a run between its two calls.
#[derive(Serialize, Deserialize)]
struct Between {
    prepared: Prepared,
    outputs: Outputs,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Begun {
    pub run: RunId,
    /// Hash of its `run.started` in the log (RFC 6962), in hexadecimal.
    pub leaf: String,
    /// For what the run wants to keep for itself; it goes when the run ends.
    pub directory: PathBuf,
}

fn state(project: &Project, run: RunId) -> PathBuf {
    active::dir(project).join(format!("{run}.state"))
}

fn directory(project: &Project, run: RunId) -> PathBuf {
    active::dir(project).join(format!("{run}.d"))
}

pub fn begin(project: &Project, cwd: &Path, request: &RunRequest, progress: &dyn Progress) -> Result<Begun> {
    let signer = project.ready()?;
    let none = |pid: u32| ParseError::new("--pid", "is no process of this machine", pid.to_string());
    let watched = request.process.map(|pid| Process::of(pid).ok_or_else(|| none(pid))).transpose()?;
    let started = start(project, &*signer, cwd, request, progress)?;
    let Started { active, prepared, outputs, signals, leaf } = started;
    let run = prepared.id;
    let place = state(project, run);
    active::write_state(project, &place, &Between { prepared, outputs })?;
    durable::create_dir_all(&directory(project, run))?;
    active.leave(watched)?;
    drop(signals); // what arrived meanwhile may end this process now
    Ok(Begun { run, leaf: leaf.to_string(), directory: directory(project, run) })
}

/// How a run ended, as whoever ends it says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ending {
    /// By the exit code, else COMPLETE.
    pub status: Option<RunStatus>,
    pub exit_code: Option<i32>,
}

impl Ending {
    pub fn is_good(&self) -> bool {
        self.ended() == Ended::Exited { code: 0, interrupted: false }
    }

    fn ended(&self) -> Ended {
        let code = |default| self.exit_code.unwrap_or(default);
        match self.status {
            Some(RunStatus::Abort) => Ended::Exited { code: code(130), interrupted: true },
            Some(RunStatus::Fail) => Ended::Exited { code: code(1), interrupted: false },
            _ => Ended::Exited { code: code(0), interrupted: false },
        }
    }
}

pub fn end(
    project: &Project,
    cwd: &Path,
    word: &str,
    ending: &Ending,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let signer = project.ready()?;
    let entries = project.entries_for(cwd, word)?;
    let unknown = || AppError::UnknownId { id: word.to_owned() };
    // Its start may still wait for a ledger that is shared: then only this clone knows it.
    let here = word.parse().ok().filter(|run| state(project, *run).is_file());
    let run = match here {
        Some(run) => run,
        None => match resolve::resolve(project, &entries, cwd, word)? {
            Target::Run(run) => run,
            _ => return Err(unknown()),
        },
    };
    let of_run = |e: &&LogEntry| e.body().and_then(|b| b.run.as_ref()).is_some_and(|r| r.id == run);
    let about: Vec<&Body> = entries.iter().filter(of_run).filter_map(LogEntry::body).collect();
    let seen = |body: &&&Body| {
        body.kind == Kind::RunFinished && body.run.as_ref().is_some_and(|r| r.status != RunStatus::Unknown)
    };
    let place = state(project, run);
    if about.iter().any(|body| seen(&body)) {
        forget(project, run); // as far as a call before this one did not come to it
        return Err(AppError::NotOpen { run: run.short() });
    }
    let mut active = match Active::resume(project, run)? {
        Some(active) => active,
        // It was closed as UNKNOWN: who knows better may still say so.
        None if place.is_file() => Active::claim(project, run, Vec::new(), &[])?,
        None => return Err(AppError::NotOpen { run: run.short() }),
    };
    let (root, watched) = (active.root().to_owned(), active.watched());
    if root != project.repo.root() {
        active.leave(watched)?;
        return Err(AppError::OtherWorkTree { run: run.short(), root });
    }
    let read = std::fs::read(&place).map_err(|e| StoreError::io("read", place.display(), e));
    let done = (|| {
        let between: Between =
            serde_json::from_slice(&read?).map_err(|e| StoreError::io("read", place.display(), e.into()))?;
        let Between { mut prepared, mut outputs } = between;
        prepared.notes.extend(active.give_back());
        if ending.status == Some(RunStatus::Unknown) {
            let start = about.first().ok_or_else(unknown)?;
            return ending::close_unknown(project, &*signer, start, prepared);
        }
        let logged = Logged::read(&directory(project, run));
        let python = logged.interpreter.clone().map_or_else(|| "python3".into(), PathBuf::into_os_string);
        ending::keep_logged(project, logged, &mut prepared, &mut outputs);
        let around = environment::capture(project.repo.root(), &python);
        ending::keep_evidence(project, &mut prepared, None, Some(around))?;
        ending::finish(project, &*signer, prepared, outputs, &ending.ended(), progress)
    })();
    match &done {
        // It may be ended again.
        Err(_) => active.leave(watched)?,
        Ok(report) if report.status == RunStatus::Unknown => {}
        Ok(_) => forget(project, run),
    }
    done
}

/// The log has it all now.
fn forget(project: &Project, run: RunId) {
    let _ = std::fs::remove_file(state(project, run)); // left-overs take nothing but space
    let _ = std::fs::remove_dir_all(directory(project, run));
}
