//! `run begin` and `run end`: a run that wraps no command, as notebooks and jobs need it.

use super::RunReport;
use super::RunRequest;
use super::Started;
use super::active;
use super::active::Active;
use super::child::Ended;
use super::ending;
use super::environment;
use super::outputs::Outputs;
use super::prepare::Prepared;
use super::start;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::domain::entry::RunStatus;
use crate::domain::ids::RunId;
use crate::durable;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use serde::Deserialize;
use serde::Serialize;
use std::ffi::OsStr;
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
    let Started { active, prepared, outputs, signals } = start(project, &*signer, cwd, request, progress)?;
    let run = prepared.id;
    let place = state(project, run);
    let json = serde_json::to_vec(&Between { prepared, outputs });
    let json = json.map_err(|e| StoreError::io("write", place.display(), e.into()))?;
    durable::replace(&place, &json, 0o600)?;
    durable::create_dir_all(&directory(project, run))?;
    active.leave()?;
    drop(signals); // what arrived meanwhile may end this process now
    Ok(Begun { run, directory: directory(project, run) })
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
    let Target::Run(run) = resolve::resolve(project, &entries, cwd, word)? else { return Err(unknown()) };
    let not_open = || AppError::NotOpen { run: run.short() };
    let mut active = Active::resume(project, run)?.ok_or_else(not_open)?;
    let place = state(project, run);
    let read = std::fs::read(&place).map_err(|e| StoreError::io("read", place.display(), e));
    let ended = ending.ended();
    let done = (|| {
        let between: Between =
            serde_json::from_slice(&read?).map_err(|e| StoreError::io("read", place.display(), e.into()))?;
        let Between { mut prepared, outputs } = between;
        prepared.notes.extend(active.give_back());
        let around = environment::capture(project.repo.root(), OsStr::new("python3"));
        ending::keep_evidence(project, &mut prepared, None, Some(around))?;
        ending::finish(project, &*signer, prepared, outputs, &ended, progress)
    })();
    if done.is_err() {
        // It may be ended again.
        active.leave()?;
        return done;
    }
    let _ = std::fs::remove_file(&place); // the log has it all now
    let _ = std::fs::remove_dir_all(directory(project, run));
    done
}
