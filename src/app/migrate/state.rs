//! What is remembered of a move while it goes on: from where to where, and how far it came.

use super::differences;
use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::config::BucketSite;
use crate::config::CONFIG_FILE;
use crate::config::Config;
use crate::config::Elsewhere;
use crate::config::S3Place;
use crate::config::SharedLedger;
use crate::config::SharedStore;
use crate::domain::ParseError;
use crate::domain::ids::LogId;
use crate::durable;
use crate::git::repo::Commit;
use crate::git::repo::Repo;
use crate::ledger::frame::Header;
use crate::ports::StoreError;
use serde::Deserialize;
use serde::Serialize;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;

const SCHEMA: &str = "mlprov.migrating/1";

/// Where a project is to go. What is `None` stays where it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    pub ledger: Option<S3Place>,
    pub store: Option<S3Place>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
}

/// How far it came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Contents and objects go to the new place.
    Data,
    /// The old place says where they are now, and its entries are copied.
    Ledger,
    /// Everything was checked there: the settings change.
    Settings,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    schema: String,
    /// The new places, as the user named them.
    to: Named,
    /// Settings before and after.
    before: String,
    after: String,
    pub step: Step,
    /// The embedded log of this clone, if it goes into another one that is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<LogId>,
    /// It goes on to other places, or under another key, than its user agreed to when it began.
    #[serde(skip)]
    pub changed: bool,
    #[serde(skip)]
    own: PathBuf,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    ledger: Option<String>,
    store: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
}

impl Request {
    pub fn is_empty(&self) -> bool {
        self.ledger.is_none() && self.store.is_none()
    }

    fn named(&self) -> Named {
        let name = |place: &Option<S3Place>| place.as_ref().map(ToString::to_string);
        Named {
            ledger: name(&self.ledger),
            store: name(&self.store),
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
        }
    }

    fn site(&self, place: &S3Place) -> BucketSite {
        let (region, endpoint) = (self.region.clone(), self.endpoint.clone());
        BucketSite { place: place.clone(), region, endpoint, owner: None }
    }
}

fn file(own: &Path) -> PathBuf {
    own.join("migrate.json")
}

/// What goes on already. An error if `request` names other places.
pub fn pending(repo: &Repo, request: &Request) -> Result<Option<State>> {
    let own = app::own_dir(repo);
    let path = file(&own);
    let text = app::init::read_or_empty(&path)?;
    if text.is_empty() {
        return Ok(None);
    }
    let damaged =
        |why: String| StoreError::Corrupt { what: path.display().to_string(), at: "it".into(), why };
    let mut state: State = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
    if state.schema != SCHEMA {
        let why = format!("{:?} was written by a newer mlprov", state.schema);
        return Err(StoreError::Unsupported { what: path.display().to_string(), why }.into());
    }
    state.own = own;
    if state.import.is_some() {
        // The common log may have gone on elsewhere since.
        let (now, bytes) = Config::load(repo.root())?;
        let then = state.after()?.elsewhere();
        if now.shared_ledger().map(|to| to.log) == then.ledger.as_ref().map(|to| to.log) {
            state.changed = now.elsewhere() != then;
            state.after = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    match request.is_empty() || request.named() == state.to {
        true => Ok(Some(state)),
        false => Err(AppError::Migrating { command: state.command() }),
    }
}

/// A new one; nothing is written yet.
pub fn draft(project: &Project, request: &Request) -> Result<State> {
    if request.is_empty() {
        return Err(ParseError::new("migrate", "needs --ledger, --store, or both", "").into());
    }
    let path = project.repo.root().join(CONFIG_FILE);
    let before = std::fs::read_to_string(&path).map_err(|e| StoreError::io("read", path.display(), e))?;
    let now = project.config.elsewhere();
    let header = project.ledger.header();
    let ledger = match &request.ledger {
        Some(place) => {
            // Whoever moves a log signs for it there.
            let key = project.keys.log_key(header.log, &header.origin)?;
            let vkey = key.verifier().to_string();
            let site = kept(request, place, now.ledger.as_ref().map(|ledger| &ledger.site))?;
            let kms_key = project.config.keys.kms_key.clone();
            let lock = project.config.aws.lock();
            Some(SharedLedger { site, log: header.log, vkey, kms_key, lock })
        }
        None => None,
    };
    let store = match &request.store {
        Some(place) => {
            let site = kept(request, place, now.store.as_ref().map(|store| &store.site))?;
            Some(SharedStore { lock: project.config.aws.lock(), ..SharedStore::new(site) })
        }
        None => None,
    };
    let after = Config::moved(&path, &before, &Elsewhere { ledger, store })?;
    let (schema, to) = (SCHEMA.to_owned(), request.named());
    Ok(State {
        schema,
        to,
        before,
        after,
        step: Step::Data,
        import: None,
        changed: false,
        own: project.own_dir(),
    })
}

/// A new one, for a clone with a log `own` of its own that is not the one of the settings. Nothing is written yet.
pub fn draft_import(repo: &Repo, own: &Header) -> Result<State> {
    let (config, bytes) = Config::load(repo.root())?;
    if own.project != config.project.id {
        let (ledger, config, config_file) =
            (own.project.to_string(), config.project.id.to_string(), CONFIG_FILE);
        return Err(AppError::OtherProject { ledger, config, config_file });
    }
    let after = String::from_utf8_lossy(&bytes).into_owned();
    let before = match embedded_before(repo, &config)? {
        Some(text) => text,
        None => Config::embedded_again(&repo.root().join(CONFIG_FILE), &after)?,
    };
    let (schema, to) = (SCHEMA.to_owned(), Request::default().named());
    Ok(State {
        schema,
        to,
        before,
        after,
        step: Step::Data,
        import: Some(own.log),
        changed: false,
        own: app::own_dir(repo),
    })
}

/// The last settings in the history of HEAD by which each clone had a log of its own: they say where its data went.
fn embedded_before(repo: &Repo, now: &Config) -> Result<Option<String>> {
    let (mut at, mut last) = (repo.head().ok(), None);
    while let Some(Commit { tree, parents, .. }) = at {
        // A commit without them is from before the project.
        let Some(bytes) = repo.blob_at(&tree, CONFIG_FILE)? else { break };
        if last.as_ref() != Some(&bytes) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let config = Config::parse(Path::new(CONFIG_FILE), &text);
            if config.is_ok_and(|old| old.project.id == now.project.id && old.shared_ledger().is_none()) {
                return Ok(Some(text));
            }
            last = Some(bytes);
        }
        at = match parents.first() {
            Some(parent) => repo.commit(parent)?,
            None => None,
        };
    }
    Ok(None)
}

/// A place that is the one of today is reached as today.
fn kept(request: &Request, place: &S3Place, now: Option<&BucketSite>) -> Result<BucketSite> {
    match now.filter(|now| now.place == *place) {
        Some(now) if request.endpoint.is_some() && request.endpoint != now.endpoint => {
            let why = "is the place of today, on another server: a place is told by bucket and prefix alone";
            Err(ParseError::new("migrate", why, place.to_string()).into())
        }
        Some(now) => Ok(now.clone()),
        None => Ok(request.site(place)),
    }
}

impl State {
    /// What this clone keeps of the new places until they are the project's own.
    pub fn apart(&self) -> PathBuf {
        self.own.join("moving")
    }

    fn parse(&self, text: &str) -> Result<Config> {
        Ok(Config::parse(&file(&self.own), text)?)
    }

    pub fn before_text(&self) -> &str {
        &self.before
    }

    pub fn after_text(&self) -> &str {
        &self.after
    }

    pub fn before(&self) -> Result<Config> {
        self.parse(&self.before)
    }

    pub fn after(&self) -> Result<Config> {
        self.parse(&self.after)
    }

    pub fn moves_ledger(&self) -> Result<bool> {
        Ok(differences(&self.before()?, &self.after()?).0)
    }

    pub fn moves_store(&self) -> Result<bool> {
        Ok(differences(&self.before()?, &self.after()?).1)
    }

    /// What the user called, to be called again.
    pub fn command(&self) -> String {
        let Named { ledger, store, region, endpoint } = &self.to;
        let all = [("ledger", ledger), ("store", store), ("region", region), ("endpoint-url", endpoint)];
        let words = all.iter().filter_map(|(name, value)| Some(format!(" --{name} {}", value.as_ref()?)));
        format!("mlprov migrate{}", words.collect::<String>())
    }

    /// Held by the process that carries it out.
    pub(super) fn alone(&self) -> Result<File> {
        let path = self.own.join("migrate.lock");
        let held = durable::try_hold_alone(&path)?;
        let holder = || "another `mlprov migrate`, which goes on".to_owned();
        Ok(held.ok_or_else(|| StoreError::Locked { what: path.display().to_string(), holder: holder() })?)
    }

    /// Nothing of a move that is over is taken for one of this.
    pub(super) fn begin(&self) -> Result<()> {
        let apart = self.apart();
        match file(&self.own).exists() || !apart.exists() {
            true => Ok(()),
            false => {
                Ok(std::fs::remove_dir_all(&apart)
                    .map_err(|e| StoreError::io("remove", apart.display(), e))?)
            }
        }
    }

    /// Durable when it returns.
    pub(super) fn save(&self) -> Result<()> {
        let path = file(&self.own);
        let failed = |e| StoreError::io("write", path.display(), std::io::Error::other(e));
        let json = serde_json::to_vec_pretty(self).map_err(failed)?;
        Ok(durable::replace(&path, &json, 0o644)?)
    }

    pub(super) fn reach(&mut self, step: Step) -> Result<()> {
        if self.step >= step {
            return Ok(());
        }
        self.step = step;
        self.save()
    }

    pub(super) fn forget(&self) -> Result<()> {
        durable::remove(&file(&self.own))?;
        let _ = std::fs::remove_dir_all(self.apart()); // the next one begins with it
        Ok(())
    }
}
