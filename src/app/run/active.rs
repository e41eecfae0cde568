//! Runs that go on: what each of them writes, and what it changed for its time.
//!
//! `<own directory>/runs/<run id>.json`, locked as long as its mlprov lives. One whose lock is free on its own machine
//! was killed: its parameter files get back what they held, and its run is closed as UNKNOWN.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::durable;
use crate::ports::StoreError;
use serde::Deserialize;
use serde::Serialize;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

/// What a run needs for itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    pub run: RunId,
    /// Root of the work tree: others may have the same paths elsewhere.
    root: PathBuf,
    pub host: String,
    /// Drawn by the kernel at each boot; empty where there is none.
    pub boot: String,
    pub pid: u32,
    /// It was begun apart from any process, and goes on until it is ended.
    #[serde(default)]
    pub apart: bool,
    /// Or until this process ends.
    #[serde(default)]
    watched: Option<Process>,
    /// Outputs, and parameter files that it changes.
    pub writes: Vec<RepoPath>,
    changed: Vec<Changed>,
}

/// A process of this machine, which no later one with its number is taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Process {
    pid: u32,
    /// Clock ticks from the boot to its start, as proc_pid_stat(5) has it; `None` where there is no such file.
    started: Option<u64>,
}

impl Process {
    /// `None` if there is none.
    pub fn of(pid: u32) -> Option<Self> {
        let number = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
        let there = rustix::process::test_kill_process(number);
        // One of somebody else is there as well.
        if !matches!(there, Ok(()) | Err(rustix::io::Errno::PERM)) {
            return None;
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name before it may hold anything, spaces and brackets too.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        // One that ended, and that nobody waited for yet.
        if fields.first().is_some_and(|state| ["Z", "X"].contains(state)) {
            return None;
        }
        Some(Process { pid, started: fields.get(19).and_then(|ticks| ticks.parse().ok()) })
    }

    fn lives(&self) -> bool {
        Process::of(self.pid) == Some(*self)
    }
}

/// A parameter file with other values for the time of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    path: RepoPath,
    mode: u32,
    /// Hash of what was written.
    written: Blake3Hash,
    /// File with what was there before, beside the claim.
    before: PathBuf,
}

/// Another file for the time of a run.
pub struct Change {
    pub path: RepoPath,
    pub before: Vec<u8>,
    pub after: Vec<u8>,
}

impl Changed {
    /// Of what is written on the way to it.
    fn id(&self) -> String {
        self.before.display().to_string()
    }
}

fn write_json(file: &Path, value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_vec(value).map_err(|e| StoreError::io("write", file.display(), e.into()))?;
    Ok(durable::replace(file, &json, 0o600)?)
}

/// What has to be known of a run that goes on without a process.
pub(super) fn write_state(project: &Project, file: &Path, value: &impl Serialize) -> Result<()> {
    durable::while_locked(&dir(project).join("lock"), || write_json(file, value))?
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// random(4): `/proc/sys/kernel/random/boot_id`.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

pub(super) fn dir(project: &Project) -> PathBuf {
    project.own_dir().join("runs")
}

/// A run that goes on. When it goes, the files that it changed are as they were.
pub struct Active {
    claim: Claim,
    dir: PathBuf,
    file: PathBuf,
    _lock: File,
    /// It goes on without this process.
    left: bool,
}

impl Active {
    /// Fails if a run that goes on writes one of the same paths.
    pub fn claim(project: &Project, run: RunId, writes: Vec<RepoPath>, changes: &[Change]) -> Result<Self> {
        let dir = dir(project);
        durable::create_dir_all(&dir)?;
        durable::while_locked(&dir.join("lock"), || Self::claim_alone(project, &dir, run, writes, changes))?
    }

    fn claim_alone(
        project: &Project,
        dir: &Path,
        run: RunId,
        writes: Vec<RepoPath>,
        changes: &[Change],
    ) -> Result<Self> {
        let root = project.repo.root().to_owned();
        for (other, lives) in claims(dir)? {
            let clash = other.writes.iter().find(|path| {
                other.root == root
                    && writes.iter().any(|own| own == *path || own.contains(path) || path.contains(own))
            });
            // One on another machine cannot be asked.
            if let Some(path) = clash.filter(|_| lives || other.host != host()) {
                return Err(AppError::Busy {
                    path: path.to_string(),
                    run: other.run.short(),
                    host: other.host,
                    pid: other.pid,
                });
            }
        }
        let mut changed = Vec::new();
        for (n, change) in changes.iter().enumerate() {
            let place = root.join(change.path.as_str());
            let meta = fs::metadata(&place).map_err(|e| StoreError::io("read", place.display(), e))?;
            changed.push(Changed {
                path: change.path.clone(),
                mode: meta.permissions().mode() & 0o777,
                written: Blake3Hash::of(&change.after),
                before: PathBuf::from(format!("{run}.before-{n}")),
            });
        }
        let claim = Claim {
            run,
            root,
            host: host(),
            boot: boot(),
            pid: std::process::id(),
            apart: false,
            watched: None,
            writes,
            changed,
        };
        let file = dir.join(format!("{run}.json"));
        write_json(&file, &claim)?;
        let failed = |e: io::Error| StoreError::io("lock", file.display(), e);
        let lock = File::open(&file).map_err(failed)?;
        lock.try_lock().map_err(|e| failed(e.into()))?;
        let active = Active { claim, dir: dir.to_owned(), file, _lock: lock, left: false };
        // From here on, dropping it gives the files back. What they held is kept before any of them changes.
        for (change, changed) in changes.iter().zip(&active.claim.changed) {
            durable::replace(&dir.join(&changed.before), &change.before, 0o600)?;
        }
        for (change, changed) in changes.iter().zip(&active.claim.changed) {
            let place = active.claim.root.join(change.path.as_str());
            durable::replace_as(&changed.id(), &place, &change.after, changed.mode)?;
        }
        Ok(active)
    }

    /// Gives the changed files back what they held. What somebody else wrote to them meanwhile stays, and is told.
    pub fn give_back(&mut self) -> Vec<String> {
        let changed = std::mem::take(&mut self.claim.changed);
        give_back(&self.dir, &self.claim.root, &changed)
    }
}

impl Active {
    /// Lets it go on when this process has ended, until [`Active::resume`] or the end of `watched`.
    pub fn leave(mut self, watched: Option<Process>) -> Result<()> {
        self.claim.apart = true;
        self.claim.watched = watched;
        // Under the lock, as all that is written here: what is half there without it is of one that was killed.
        durable::while_locked(&self.dir.join("lock"), || write_json(&self.file, &self.claim))??;
        self.left = true;
        Ok(())
    }

    /// Root of the work tree that it was begun in.
    pub fn root(&self) -> &Path {
        &self.claim.root
    }

    /// The process that it goes on with, if it was begun for one.
    pub fn watched(&self) -> Option<Process> {
        self.claim.watched
    }

    /// A run that was begun apart; `None` if there is no such run.
    pub fn resume(project: &Project, run: RunId) -> Result<Option<Self>> {
        let dir = dir(project);
        let file = dir.join(format!("{run}.json"));
        let Some((claim, _)) = claims(&dir)?.into_iter().find(|(claim, _)| claim.run == run && claim.apart)
        else {
            return Ok(None);
        };
        let failed = |e: io::Error| StoreError::io("lock", file.display(), e);
        let lock = File::open(&file).map_err(failed)?;
        // Somebody else ends it just now.
        lock.try_lock().map_err(|e| failed(e.into()))?;
        Ok(Some(Active { claim, dir, file, _lock: lock, left: false }))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let _ = self.give_back(); // said before, if there was anything to say
        let _ = fs::remove_file(&self.file); // a claim without a lock claims nothing
    }
}

fn give_back(dir: &Path, root: &Path, all: &[Changed]) -> Vec<String> {
    let mut told = Vec::new();
    if !root.exists() {
        return told; // a temporary work tree, which went with its run
    }
    for changed in all {
        let place = root.join(changed.path.as_str());
        let kept = dir.join(&changed.before);
        durable::remove_left_by(&changed.id(), &place);
        let given = (|| -> Result<bool> {
            let before = match fs::read(&kept) {
                // None was changed yet.
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
                read => read.map_err(|e| StoreError::io("read", kept.display(), e))?,
            };
            let now = fs::read(&place).map_err(|e| StoreError::io("read", place.display(), e))?;
            if now == before {
                return Ok(true);
            }
            if Blake3Hash::of(&now) != changed.written {
                return Ok(false);
            }
            durable::replace_as(&changed.id(), &place, &before, changed.mode)?;
            Ok(true)
        })();
        match given {
            Ok(true) => _ = fs::remove_file(&kept),
            Ok(false) => told.push(format!(
                "{} was changed while the run went on, and keeps that; what it held before is in {}",
                changed.path,
                changed.before.display()
            )),
            Err(e) => told.push(format!("{} could not be given back what it held before: {e}", changed.path)),
        }
    }
    told
}

/// All claims, and whether each one's mlprov lives.
fn claims(dir: &Path) -> Result<Vec<(Claim, bool)>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(StoreError::io("read", dir.display(), e).into()),
    };
    let mut out = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        // It may end just now.
        let Ok(file) = File::open(&path) else { continue };
        let locked = file.try_lock().is_err();
        let Ok(bytes) = fs::read(&path) else { continue };
        // One that cannot be read claims nothing that could be honoured.
        let Ok(claim) = serde_json::from_slice::<Claim>(&bytes) else { continue };
        let rebooted = claim.boot != boot() && claim.host == host();
        let watched = claim.watched.filter(|_| claim.host == host());
        let ended = watched.is_some_and(|process| rebooted || !process.lives());
        let lives = locked || claim.apart && !ended;
        out.push((claim, lives));
    }
    out.sort_by_key(|(claim, _)| claim.run);
    Ok(out)
}

/// What can be seen from here of a run that has no end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum News {
    /// Its mlprov, or the process that it was begun for, runs on this machine; else it goes on until it is ended.
    GoesOn {
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
    },
    /// That was killed on this machine: the next run closes it as UNKNOWN.
    Killed,
    /// It was begun elsewhere, or its claim is gone.
    None {
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<String>,
    },
}

/// News of these runs.
pub fn news(project: &Project, runs: &[RunId]) -> Result<Vec<News>> {
    let claims = claims(&dir(project))?;
    let of = |run: &RunId| match claims.iter().find(|(claim, _)| claim.run == *run) {
        Some((claim, _)) if claim.host != host() => News::None { host: Some(claim.host.clone()) },
        Some((claim, true)) if claim.apart => News::GoesOn { pid: claim.watched.map(|p| p.pid) },
        Some((claim, true)) => News::GoesOn { pid: Some(claim.pid) },
        Some((_, false)) => News::Killed,
        None => News::None { host: None },
    };
    Ok(runs.iter().map(of).collect())
}

/// Ends the claims of runs that were killed on this machine, once `close` has recorded that. Returns what a person should
/// know.
pub fn clear(project: &Project, close: impl FnOnce(&[RunId]) -> Result<()>) -> Result<Vec<String>> {
    let dir = dir(project);
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    durable::while_locked(&dir.join("lock"), || {
        durable::remove_left_in(&dir);
        let claims = claims(&dir)?.into_iter();
        let killed: Vec<Claim> =
            claims.filter(|(claim, lives)| !lives && claim.host == host()).map(|(claim, _)| claim).collect();
        let told = killed.iter().flat_map(|claim| give_back(&dir, &claim.root, &claim.changed)).collect();
        if !killed.is_empty() {
            close(&killed.iter().map(|claim| claim.run).collect::<Vec<_>>())?;
        }
        for claim in killed {
            let _ = fs::remove_file(dir.join(format!("{}.json", claim.run))); // the next one tries again
        }
        Ok(told)
    })?
}
