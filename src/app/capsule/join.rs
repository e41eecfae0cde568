//! The part of the machine that runs: it takes ledger and store from the capsule, and believes of it what the log holds.

use super::Capsule;
use super::unfit;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::delivery;
use crate::app::record;
use crate::app::run;
use crate::app::run::RunReport;
use crate::config::Config;
use crate::config::UserDirs;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::EntryId;
use crate::domain::time::Timestamp;
use crate::durable;
use crate::ledger::frame::Header;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::ports::provision::Remote;
use crate::ports::provision::Shared;
use crate::trust::pins;
use crate::trust::pins::Pins;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

/// What the machine keeps of one capsule, below the directory for temporary files.
pub struct OwnPlace(PathBuf);

impl OwnPlace {
    /// Made if it is not there. One that somebody else made, or can look into, is refused.
    pub fn of(capsule: &Capsule, temporary: &Path) -> Result<Self> {
        let name = Blake3Hash::of(&capsule.entry).to_string();
        let dir = temporary.join(format!("mlprov-source-{}", &name[..16]));
        let failed = |e| StoreError::io("create", dir.display(), e);
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(failed)?,
        }
        let found = fs::symlink_metadata(&dir).map_err(failed)?;
        let own = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
        match own && found.mode() & 0o077 == 0 {
            true => Ok(OwnPlace(dir)),
            false => Err(unfit(format!("{} is not a directory of yours alone", dir.display()))),
        }
    }

    /// Of a repository that holds nothing.
    pub fn git_dir(&self) -> PathBuf {
        self.0.join("git")
    }

    pub fn user_dirs(&self) -> UserDirs {
        UserDirs { config: self.0.join("config"), state: self.0.join("state") }
    }
}

/// Makes what a clone has, of a project that was joined by a capsule. May be repeated.
pub fn join(config: &Config, ledger: &dyn Shared, store: &dyn Remote, dirs: &UserDirs) -> Result<()> {
    let Some(shared) = config.shared_ledger() else { return Err(unfit("its ledger lies in no bucket")) };
    ledger.agree()?;
    store.agree()?;
    let header = Header::new(config.project.id, shared.log);
    let (mirror, is_new) = match ledger.existing_ledger()? {
        Some(mirror) => (mirror, false),
        None => (ledger.create_ledger(&header)?, true),
    };
    let is_new = is_new || mirror.head()?.size() == 0;
    match mirror.fetch().map_err(AppError::from) {
        // What was fetched before is enough to go on with.
        Err(e) if !is_new && delivery::is_out_of_reach(&e) => {}
        fetched => _ = fetched?,
    }
    ledger.create_store()?;
    let state = dirs.project_state(&config.project.id);
    let mut pins = Pins::default();
    pins.add(shared.vkey.parse()?);
    durable::create_dir_all(&state)?;
    Ok(durable::replace(&pins::pins_file(&state), pins.to_text().as_bytes(), 0o600)?)
}

impl Capsule {
    /// Fails unless the log holds the very entry, the key at hand is the one that it names, and it still holds.
    /// `begins`: a run is to begin, which may happen once.
    pub fn check(&self, project: &Project, begins: bool) -> Result<()> {
        let place = project.config.shared_ledger().map(|shared| shared.site.place.to_string());
        let place = place.unwrap_or_default();
        let Some(index) = project.ledger.find(&self.body.id)? else {
            return Err(unfit(format!("the log in {place} does not hold its entry")));
        };
        let mut same = false;
        project.ledger.read(index, &mut |stored| {
            same = stored.bytes == self.entry;
            std::ops::ControlFlow::Break(())
        })?;
        if !same {
            return Err(unfit(format!("the log in {place} says otherwise at index {index}")));
        }
        let signer = project.keys.writer_key(project.ledger.log())?;
        let given = signer.public().id();
        if given != self.key {
            let (given, named) = (given.short(), self.key.short());
            return Err(unfit(format!("MLPROV_WRITER_KEY is {given}, and it names {named}")));
        }
        // What was remembered of the log may be from before a revocation.
        if !record::read_writers(&*project.ledger, &self.body.project)?.may_write(&given) {
            return Err(AppError::NotAdmitted { key: given });
        }
        if !begins {
            return Ok(()); // what was signed in time may come later
        }
        let run = self.delegation.run;
        let start = EntryId::derive(&self.body.project, Kind::RunStarted.as_str(), &run.to_string(), &given);
        if project.ledger.find(&start)?.is_some() {
            run::close_what_was_killed(project)?;
            let run = run.short();
            return Err(unfit(format!("run {run} was begun already, and a capsule is for one run")));
        }
        match valid_until(project)?.filter(|until| project.clock.now().unix_micros() > until.unix_micros()) {
            Some(until) => Err(unfit(format!("it was valid until {until}"))),
            None => Ok(()),
        }
    }
}

/// Until when the log lets the key record: its launcher may have given it for longer since.
pub fn valid_until(project: &Project) -> Result<Option<Timestamp>> {
    let Some(launch) = &project.launch else { return Ok(None) };
    let writers = record::read_writers(&*project.ledger, &project.config.project.id)?;
    let mut known = writers.delegated().filter(|(_, delegation, _)| delegation.run == launch.delegation.run);
    Ok(Some(known.next().map_or(&launch.delegation, |(_, delegation, _)| delegation).not_after.clone()))
}

/// The end of a run that could not go to the ledger at once: its index there.
pub fn deliver_end(project: &Project, report: &RunReport, progress: &dyn Progress) -> Result<Option<u64>> {
    let of_run = |source| {
        let (run, exit_code) = (report.run, report.exit_code);
        AppError::NotRecorded { run, exit_code, source: Box::new(source) }
    };
    send(project, progress).map_err(of_run)?;
    let _ = project.ledger.fetch(); // only to find it
    let writer = project.signer().map_err(of_run)?.public().id();
    let key = report.run.to_string();
    let id = EntryId::derive(&project.config.project.id, Kind::RunFinished.as_str(), &key, &writer);
    Ok(project.ledger.find(&id)?)
}

/// Brings what waits to the ledger: the machine may be gone soon.
pub fn send(project: &Project, progress: &dyn Progress) -> Result<u64> {
    let signer = project.signer()?;
    // Perhaps its launcher gave it for longer meanwhile.
    project.ledger.fetch()?;
    let until = valid_until(project)?;
    let is_late =
        |body: &Body| until.as_ref().is_some_and(|until| body.time.unix_micros() > until.unix_micros());
    if project.outbox().drafts()?.iter().any(|(_, body)| is_late(body)) {
        let until = until.map(|until| until.to_string()).unwrap_or_default();
        let why = format!("it was valid until {until}, and the run ended later; its end waits here");
        return Err(AppError::CapsuleExpired { why });
    }
    run::close_what_was_killed(project)?;
    let waiting = commit::queued(project)?.len() as u64;
    project.upload_staged(&*signer, progress)?;
    commit::finish_waiting(project, &*signer)?;
    project.deliver()?;
    Ok(waiting)
}
