//! Puts the plugs that the settings name into the sockets.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::config::CONFIG_FILE;
use crate::config::Config;
use crate::config::UserDirs;
use crate::domain::entry::Digests;
use crate::git::repo::Repo;
use crate::stores::local::clock::SystemClock;
use crate::stores::local::provision::LocalPlaces;
use std::path::Path;
use std::path::PathBuf;

pub fn user_dirs() -> Result<UserDirs> {
    Ok(UserDirs::from_env(|name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from))?)
}

pub fn local_places(repo: &Repo, dirs: &UserDirs) -> LocalPlaces {
    LocalPlaces { common: app::own_dir(repo), keys: dirs.config.clone() }
}

/// The project that `cwd` lies in. `from_env`: git's own variables come first, as in hooks.
pub fn open(cwd: &Path, from_env: bool) -> Result<Project> {
    let repo = Repo::open(cwd, from_env)?;
    let (config, bytes) = Config::load(repo.root())?;
    let dirs = user_dirs()?;
    let places = local_places(&repo, &dirs);
    let Some(ledger) = places.open_ledger()? else {
        return Err(AppError::NotJoined { name: config.project.name });
    };
    let header = crate::ports::commit_store::CommitStore::header(&ledger);
    if header.project != config.project.id {
        return Err(AppError::OtherProject {
            ledger: header.project.to_string(),
            config: config.project.id.to_string(),
            config_file: CONFIG_FILE,
        });
    }
    Ok(Project {
        config_digest: Digests::both_of(&bytes),
        ledger: Box::new(ledger),
        store: Box::new(places.store()),
        registry: Box::new(places.registry()),
        keys: Box::new(places),
        clock: Box::new(SystemClock),
        datasets: Default::default(),
        repo,
        config,
        dirs,
    })
}
