//! Puts the plugs that the settings name into the sockets.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::capsule;
use crate::app::capsule::Capsule;
use crate::app::capsule::OwnPlace;
use crate::cli::args::TrustArgs;
use crate::config::CONFIG_FILE;
use crate::config::Config;
use crate::config::Link;
use crate::config::UserDirs;
use crate::domain::entry::Digests;
use crate::git::repo::Repo;
use crate::ports::StoreError;
use crate::ports::model_registry::ModelRegistry;
use crate::ports::object_store::ObjectStore;
use crate::ports::provision::Ledger;
use crate::ports::provision::Provision;
use crate::stores::aws::s3::data::S3Store;
use crate::stores::aws::s3::data::place::StorePlace;
use crate::stores::aws::s3::data::source::BucketSources;
use crate::stores::aws::s3::provision::SharedPlaces;
use crate::stores::aws::sagemaker::SageMakerRegistry;
use crate::stores::local::clock::SystemClock;
use crate::stores::local::provision::GIVEN;
use crate::stores::local::provision::LocalPlaces;
use crate::trust::pins::Pins;
use std::cell::Cell;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

pub fn user_dirs() -> Result<UserDirs> {
    Ok(UserDirs::from_env(|name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from))?)
}

/// `link`: see [`crate::config::Link`].
pub fn local_places(repo: &Repo, dirs: &UserDirs, link: Link) -> LocalPlaces {
    let given = std::env::var(GIVEN).ok().filter(|given| !given.is_empty());
    LocalPlaces { common: app::own_dir(repo), keys: dirs.config.clone(), link, given }
}

/// Puts rules of this call in the place of the user's own.
pub fn with_trust(mut project: Project, cwd: &Path, args: &TrustArgs) -> Result<Project> {
    let read = |path: &Path| {
        let place = cwd.join(path);
        std::fs::read_to_string(&place).map_err(|e| StoreError::io("read", place.display(), e))
    };
    if let Some(rules) = &args.trust {
        // A secret of a CI system comes as text, a file by its name.
        let text = if rules.contains('\n') || rules.starts_with("log ") {
            rules.clone()
        } else {
            read(Path::new(rules))?
        };
        let bad = |why: String| AppError::BadPins { path: PathBuf::from("--trust"), why };
        let pins = Pins::parse(&text).map_err(|e| bad(e.to_string()))?;
        if pins.logs().is_empty() {
            return Err(bad("names no log".into()));
        }
        project.trust = Some(pins);
    }
    if let Some(file) = &args.min_checkpoint {
        project.required.push(read(file)?);
    }
    Ok(project)
}

/// The project that `cwd` lies in.
pub fn open(cwd: &Path, from_env: bool) -> Result<Project> {
    open_with(Repo::open(cwd, from_env)?, None, true)
}

/// As [`open`], for what is about the network: it waits for an answer, and asks again.
pub fn open_patiently(cwd: &Path) -> Result<Project> {
    open_with(Repo::open(cwd, false)?, None, false)
}

/// As [`open`]; a log of this clone that is not the one of the settings is opened by itself.
pub fn open_own_log(cwd: &Path) -> Result<Project> {
    match open(cwd, false) {
        Err(AppError::Store(StoreError::OtherLog { .. })) => {
            let repo = Repo::open(cwd, false)?;
            let (_, bytes) = Config::load(repo.root())?;
            let path = repo.root().join(CONFIG_FILE);
            let text = Config::embedded_again(&path, &String::from_utf8_lossy(&bytes))?;
            let config = Config::parse(&path, &text)?;
            open_by(repo, (config, text.as_bytes()), None, false)
        }
        opened => opened,
    }
}

/// How long a hook waits for others who write to the ledger. What it cannot record then waits in the outbox.
const HOOK_PATIENCE: Duration = Duration::from_millis(50);

/// As [`open`], for a hook: git's own variables come first, and nobody waits long.
pub fn open_for_hook(cwd: &Path) -> Result<Project> {
    open_with(Repo::open(cwd, true)?, Some(HOOK_PATIENCE), true)
}

fn open_with(repo: Repo, patience: Option<Duration>, hasty: bool) -> Result<Project> {
    let (config, bytes) = Config::load(repo.root())?;
    open_by(repo, (config, &bytes), patience, hasty)
}

/// By these settings, wherever they come from.
pub fn open_by(
    repo: Repo,
    (config, bytes): (Config, &[u8]),
    patience: Option<Duration>,
    hasty: bool,
) -> Result<Project> {
    open_at(repo, user_dirs()?, (config, bytes), patience, hasty)
}

fn open_at(
    repo: Repo,
    dirs: UserDirs,
    (config, bytes): (Config, &[u8]),
    patience: Option<Duration>,
    hasty: bool,
) -> Result<Project> {
    let places = local_places(&repo, &dirs, config.store.link);
    let not_joined = || AppError::NotJoined { name: config.project.name.clone() };
    let (ledger, keys): (Box<dyn Ledger>, Box<dyn Provision>) = match shared_places(&places, &config, hasty) {
        Some(shared) => {
            let ledger = shared.open_ledger()?.ok_or_else(not_joined)?;
            (Box::new(ledger), Box::new(shared))
        }
        None => {
            let mut ledger = places.open_ledger()?.ok_or_else(not_joined)?;
            if let Some(patience) = patience {
                ledger = ledger.with_patience(patience);
            }
            (Box::new(ledger), Box::new(places.clone()))
        }
    };
    let header = ledger.header();
    if header.project != config.project.id {
        return Err(AppError::OtherProject {
            ledger: header.project.to_string(),
            config: config.project.id.to_string(),
            config_file: CONFIG_FILE,
        });
    }
    let store: Box<dyn ObjectStore> = match config.shared_store() {
        Some(shared) => {
            let quiet = patience.is_some();
            Box::new(S3Store::new(places.store(), &shared, &places.common, repo.root(), quiet))
        }
        None => Box::new(places.store()),
    };
    let registry: Box<dyn ModelRegistry> = match config.sagemaker() {
        Some(shared) => {
            Box::new(SageMakerRegistry::new(places.registry(), config.project.id, &shared, &places.common))
        }
        None => Box::new(places.registry()),
    };
    let ledger_site = config.shared_ledger().map(|shared| shared.site);
    let store_site = config.shared_store().map(|shared| shared.site);
    let near = store_site.clone().or(ledger_site);
    let sources = BucketSources::new(&places.common, near.as_ref(), store_site);
    Ok(Project {
        config_digest: Digests::both_of(bytes),
        ledger,
        store,
        sources: Box::new(sources),
        registry,
        index: Box::new(places.index()),
        index_from: app::index::LARGE,
        keys,
        clock: Box::new(SystemClock),
        later: Cell::new(patience.is_some()),
        trust: None,
        required: Vec::new(),
        launch: None,
        datasets: Default::default(),
        repo,
        config,
        dirs,
    })
}

/// The project of a capsule, for a directory that lies in no repository. `begins`: its run is to begin.
pub fn open_capsule(file: &Path, root: &Path, begins: bool) -> Result<Project> {
    let capsule = Capsule::read(file)?;
    let own = OwnPlace::of(&capsule, &std::env::temp_dir())?;
    let repo = Repo::apart(&own.git_dir(), root)?;
    let (config, dirs) = (capsule.config()?, own.user_dirs());
    let places = local_places(&repo, &dirs, config.store.link);
    if places.given.is_none() {
        let why =
            "it is not set: it gives the key that the capsule names, or the file that holds it".to_owned();
        return Err(StoreError::Key { what: GIVEN.to_owned(), why }.into());
    }
    let missing = || AppError::BadCapsule { why: "its ledger and store lie in no bucket".to_owned() };
    let ledger = shared_places(&places, &config, false).ok_or_else(missing)?;
    let store = StorePlace::new(&config.shared_store().ok_or_else(missing)?, &places.common);
    capsule::join(&config, &ledger, &store, &dirs)?;
    let mut project = open_at(repo, dirs, (config, capsule.settings.as_bytes()), None, false)?;
    project.launch = Some(capsule.launch());
    capsule.check(&project, begins)?;
    Ok(project)
}

/// Where a clone of a project with a shared ledger has its things. `hasty`: nobody may wait.
pub fn shared_places(local: &LocalPlaces, config: &Config, hasty: bool) -> Option<SharedPlaces> {
    Some(SharedPlaces { local: local.clone(), shared: config.shared_ledger()?, hasty, arriving: false })
}

/// Absolute path of this program, for what calls it later.
pub fn own_program() -> Option<PathBuf> {
    std::env::current_exe().ok().and_then(|path| path.canonicalize().ok())
}
