//! `init`: make a project, or join one. Everything may be repeated; what is there stays.

use crate::app;
use crate::app::AppError;
use crate::app::Result;
use crate::app::delivery::is_not_publisher;
use crate::app::hooks;
use crate::app::hooks::HooksReport;
use crate::app::hooks::HooksRequest;
use crate::app::identity;
use crate::app::infra;
use crate::app::record;
use crate::app::sync;
use crate::config::AwsTable;
use crate::config::BucketSite;
use crate::config::CONFIG_FILE;
use crate::config::Config;
use crate::config::ConfigError;
use crate::config::Elsewhere;
use crate::config::Lock;
use crate::config::S3Place;
use crate::config::SharedLedger;
use crate::config::SharedStore;
use crate::config::UserDirs;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::KeyId;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::entry::Writer;
use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;
use crate::durable;
use crate::git::merge_driver;
use crate::git::repo::Repo;
use crate::infra::description::Description;
use crate::infra::description::Use;
use crate::infra::description::Whose;
use crate::ledger::frame::Header;
use crate::ledger::note::VerifierKey;
use crate::ports::StoreError;
use crate::ports::clock::Clock;
use crate::ports::object_store::ObjectStore;
use crate::ports::probe;
use crate::ports::probe::Probe;
use crate::ports::probe::Property;
use crate::ports::provision::Ledger;
use crate::ports::provision::Provision;
use crate::ports::provision::Remote;
use crate::ports::provision::Shared;
use crate::ports::signer::EntrySigner;
use crate::trust::pins;
use crate::trust::pins::Pins;
use serde::Serialize;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// What there is to do, found out before anything is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InitPlan {
    /// No project here yet; the name that would be natural.
    /// `project`: of a ledger that is here already although the settings are gone.
    Make { suggested_name: String, project: Option<ProjectId> },
    /// A clone of a project: it needs a log of its own. Its user must agree first.
    Join { project: ProjectId, name: String, elsewhere: Elsewhere },
    /// Joined already: only what is missing is made again. `elsewhere`: of what its user has not agreed to yet.
    Repair { project: ProjectId, name: String, elsewhere: Elsewhere },
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InitReport {
    pub project: ProjectId,
    pub name: String,
    pub log: LogId,
    /// C2SP verifier key of the log, for `key trust` elsewhere.
    pub vkey: String,
    pub writer: KeyId,
    /// Where the log is, if all clones share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// Where data versions are, if all clones share them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Whether the log lets the writer write.
    pub admitted: bool,
    /// What this call made; empty if everything was there.
    pub made: Vec<String>,
    /// What the place of a new ledger does not keep, and can be done without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wanting: Vec<Probe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<HooksReport>,
}

/// Where a new project is to have what all clones shall share.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewPlaces {
    pub ledger: Option<S3Place>,
    pub store: Option<S3Place>,
    /// Model packages go to SageMaker.
    pub sagemaker: bool,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    /// AWS account that the buckets must belong to.
    pub owner: Option<String>,
    /// Alias of the KMS key that is to sign checkpoints.
    pub log_key: Option<String>,
    /// What the account is to be like, if mlprov looks after it.
    pub aws: Option<AwsTable>,
    /// Of a project that resources are made for before it is there, see [`coming_project`].
    pub project: Option<ProjectId>,
    pub whose: Option<Whose>,
}

impl NewPlaces {
    fn site(&self, place: &S3Place) -> BucketSite {
        let (region, endpoint) = (self.region.clone(), self.endpoint.clone());
        BucketSite { place: place.clone(), region, endpoint, owner: self.owner.clone() }
    }

    fn lock(&self) -> Lock {
        self.aws.as_ref().map(AwsTable::lock).unwrap_or_default()
    }

    /// What they come to as resources. `name`: of the project.
    pub fn describe(&self, name: &str) -> Result<(Description, Vec<BucketSite>)> {
        let aws = self.aws.clone().unwrap_or_default();
        let ledger = self.ledger.iter().map(|place| (Use::Ledger, self.site(place)));
        let store = self.store.iter().map(|place| (Use::Store, self.site(place)));
        let places: Vec<(Use, BucketSite)> = ledger.chain(store).collect();
        let name = aws.name.as_deref().unwrap_or(name);
        let asked = infra::Asked {
            name,
            aws: &aws,
            store_key: None,
            log_key: self.log_key.as_deref(),
            project: self.project.unwrap_or_else(ProjectId::draw),
            sagemaker: self.sagemaker,
            whose: self.whose.as_ref(),
        };
        infra::describe_sites(places.iter().map(|(what, site)| (*what, site)), &asked)
    }
}

/// The things that `init` works with before there is a project.
pub struct Site<'a> {
    pub repo: &'a Repo,
    pub dirs: &'a UserDirs,
    /// Keys, and a ledger of the clone's own.
    pub provision: &'a dyn Provision,
    /// Of a ledger that is shared, as the settings name it.
    pub shared: &'a dyn Fn(&SharedLedger) -> Box<dyn Shared>,
    /// Of a store that is shared, as the settings name it.
    pub bucket: &'a dyn Fn(&SharedStore) -> Box<dyn Remote>,
    /// ARN of whoever uses such a bucket, if it is told.
    pub caller: &'a dyn Fn(&BucketSite) -> Option<String>,
    /// This clone's own.
    pub store: &'a dyn ObjectStore,
    pub clock: &'a dyn Clock,
}

pub fn plan(site: &Site<'_>) -> Result<InitPlan> {
    match Config::load(site.repo.root()) {
        Ok((config, _)) => {
            let Elsewhere { ledger, store } = config.elsewhere();
            let (project, name) = (config.project.id, config.project.name);
            Ok(match site.provision.existing_ledger()? {
                Some(_) => {
                    let ledger = ledger.filter(|ledger| !(site.shared)(ledger).is_agreed());
                    let store = store.filter(|store| !(site.bucket)(store).is_agreed());
                    InitPlan::Repair { project, name, elsewhere: Elsewhere { ledger, store } }
                }
                None => InitPlan::Join { project, name, elsewhere: Elsewhere { ledger, store } },
            })
        }
        Err(ConfigError::NotInitialised { root }) => {
            let folder = root.file_name().map(|n| n.to_string_lossy().into_owned());
            let project = site.provision.existing_ledger()?.map(|l| l.header().project);
            Ok(InitPlan::Make { suggested_name: folder.unwrap_or_else(|| "project".to_owned()), project })
        }
        Err(e) => Err(e.into()),
    }
}

/// `name` and `new`: for a new project. The user agreed to all that the plan asks. `program`: absolute path of mlprov,
/// for the hooks; `None` installs none.
pub fn carry_out(
    site: &Site<'_>,
    plan: &InitPlan,
    name: Option<&str>,
    new: &NewPlaces,
    program: Option<&Path>,
) -> Result<InitReport> {
    let (mut made, mut wanting) = (Vec::new(), Vec::new());
    let options = [("--ledger", &new.ledger), ("--store", &new.store)];
    for (option, place) in options {
        if let Some(place) = place.as_ref().filter(|_| !matches!(plan, InitPlan::Make { project: None, .. }))
        {
            let why = format!("this project has its places already; {place} was asked for");
            return Err(ParseError::new(option, why, place.to_string()).into());
        }
    }
    if let InitPlan::Make { suggested_name, project } = plan {
        let project = project.or(new.project).unwrap_or_else(ProjectId::draw);
        let name = name.unwrap_or(suggested_name);
        let mut elsewhere = Elsewhere::default();
        // Both are probed before anything is written that a second attempt would take for a project.
        if let Some(place) = &new.store {
            let store = SharedStore { lock: new.lock(), ..SharedStore::new(new.site(place)) };
            wanting.extend(fit(place, &*(site.bucket)(&store))?);
            elsewhere.store = Some(store);
        }
        if let Some(place) = &new.ledger {
            let header = Header::new(project, LogId::draw());
            let (site_of, log, vkey) = (new.site(place), header.log, String::new());
            let (kms_key, lock) = (new.log_key.clone(), new.lock());
            let mut shared = SharedLedger { site: site_of, log, vkey, kms_key, lock };
            wanting.extend(fit(place, &*(site.shared)(&shared))?);
            let key = (site.shared)(&shared).create_log_key(header.log, &header.origin)?;
            shared.vkey = key.verifier().to_string();
            elsewhere.ledger = Some(shared);
        }
        let aws = new.aws.as_ref().map(AwsTable::text).unwrap_or_default();
        let mut text = Config::text(&project, name, &elsewhere) + &aws;
        if new.sagemaker {
            text = Config::with_sagemaker(&text, new.region.as_deref());
        }
        let path = site.repo.root().join(CONFIG_FILE);
        durable::create_dir_all(&site.repo.root().join(".mlprov"))?;
        if durable::create_new(&path, text.as_bytes(), 0o644)? {
            made.push(CONFIG_FILE.to_owned());
        }
        // From here on the settings say it.
        let _ = std::fs::remove_file(coming_file(site.repo));
    }
    let signer = match site.provision.existing_ledger()? {
        // A new key would not be admitted to the log that is here: the old one must come back.
        Some(ledger) if ledger.head()?.size() > 0 => site.provision.writer_key(ledger.log())?,
        _ => {
            let (signer, new) = site.provision.create_writer_key()?;
            if new {
                made.push("your writer key".to_owned());
            }
            signer
        }
    };
    let (config, config_bytes) = Config::load(site.repo.root())?;
    let project = config.project.id;

    let shared = config.shared_ledger();
    let places = shared.as_ref().map(|shared| (site.shared)(shared));
    if let Some(places) = &places {
        places.agree()?;
    }
    let store = config.shared_store();
    if let Some(store) = &store {
        (site.bucket)(store).agree()?;
    }
    let provision: &dyn Provision = places.as_deref().map_or(site.provision, |places| places);
    let (ledger, is_new) = match provision.existing_ledger()? {
        Some(ledger) => (ledger, false),
        None if let Some(shared) = &shared => {
            (provision.create_ledger(&Header::new(project, shared.log))?, true)
        }
        None => {
            let header = Header::new(project, LogId::draw());
            // The key first: a log must never exist without the key that can sign for it.
            site.provision.create_log_key(header.log, &header.origin)?;
            (site.provision.create_ledger(&header)?, true)
        }
    };
    let header = ledger.header().clone();
    if header.project != project {
        return Err(AppError::OtherProject {
            ledger: header.project.to_string(),
            config: project.to_string(),
            config_file: CONFIG_FILE,
        });
    }
    ledger.fetch()?;
    if is_new {
        let what =
            if shared.is_some() { "a mirror of the project's ledger" } else { "the ledger of this clone" };
        made.push(what.to_owned());
    }
    let log_key = match provision.log_key(header.log, &header.origin) {
        // Of a ledger that is shared only publishers have it.
        Err(StoreError::Key { .. }) if shared.is_some() => None,
        key => Some(key?),
    };
    let vkey = match (&shared, &log_key) {
        (Some(shared), _) => shared.vkey.parse::<VerifierKey>()?,
        (None, Some(key)) => key.verifier().clone(),
        (None, None) => return Err(AppError::Unpinned { origin: header.origin }),
    };
    site.provision.create_store()?;
    let near = shared.as_ref().map(|shared| &shared.site).or(store.as_ref().map(|store| &store.site));
    let disclosure = make_disclosure(site, near, &mut made)?;
    if ledger.head()?.size() == 0 && log_key.is_none() {
        let why = "its log is empty, and whoever made the project has the key that founds it";
        let what = shared.as_ref().map(|shared| shared.site.place.to_string()).unwrap_or_default();
        return Err(StoreError::Unfit { what, why: why.to_owned() }.into());
    }
    found_log(&*ledger, project, Digests::both_of(&config_bytes), disclosure, &*signer, site.clock)?;
    let admitted =
        record::check_admitted(&*ledger, &project, &app::own_dir(site.repo), &signer.public().id());
    let admitted = match admitted {
        // An admin of the log decides.
        Err(AppError::NotAdmitted { .. }) if shared.is_some() => false,
        checked => checked.map(|()| true)?,
    };
    if let Some(key) = &log_key {
        match ledger.publish(&**key) {
            // Who may use it publishes.
            Err(e) if shared.is_some() && is_not_publisher(&e) => {}
            published => _ = published?,
        }
    }

    let state = site.dirs.project_state(&project);
    let pins_file = pins::pins_file(&state);
    let mut pins = Pins::parse(&read_or_empty(&pins_file)?)
        .map_err(|e| AppError::BadPins { path: pins_file.clone(), why: e.to_string() })?;
    if pins.add(vkey.clone()) {
        durable::create_dir_all(&state)?;
        durable::replace(&pins_file, pins.to_text().as_bytes(), 0o600)?;
        made.push("a pin of the log's key".to_owned());
    }
    for remote in site.repo.remote_names() {
        site.repo.add_fetch_refspec(&remote, &sync::notes_refspec(&remote))?;
    }
    let hooks = match program {
        Some(program) => {
            if install_merge_driver(site.repo, program)? {
                made.push("a merge driver for pointers".to_owned());
            }
            let trailer = config.hooks.checkpoint_trailer;
            let request = HooksRequest { program, only: &[], trailer, shared: false };
            Some(hooks::install(site.repo, &request)?)
        }
        None => None,
    };
    Ok(InitReport {
        project,
        name: config.project.name,
        log: header.log,
        vkey: vkey.to_string(),
        writer: signer.public().id(),
        ledger: shared.map(|shared| shared.site.place.to_string()),
        store: store.map(|store| store.site.place.to_string()),
        admitted,
        made,
        wanting,
        hooks,
    })
}

/// Resources name the project that they are for. An `init` that was interrupted after it made them must go on as that
/// one: the id is kept before anything is made. `keep`: false for a plan, which writes nothing.
pub fn coming_project(repo: &Repo, keep: bool) -> Result<ProjectId> {
    let (dir, path) = (app::own_dir(repo), coming_file(repo));
    if let Ok(known) = read_or_empty(&path)?.trim().parse() {
        return Ok(known);
    }
    let project = ProjectId::draw();
    if keep {
        durable::create_dir_all(&dir)?;
        durable::replace(&path, format!("{project}\n").as_bytes(), 0o600)?;
    }
    Ok(project)
}

fn coming_file(repo: &Repo) -> PathBuf {
    app::own_dir(repo).join("coming-project")
}

/// Fails unless the place is fit for what is to be there. What it lacks all the same.
fn fit<T: Remote + ?Sized>(place: &S3Place, remote: &T) -> Result<Vec<Probe>> {
    let found = remote.probe(&Property::asked_by_init(remote.purpose()))?;
    Ok(probe::demand(&place.to_string(), found, remote.purpose())?)
}

/// The first entry of a log admits its own writer as admin.
fn found_log(
    ledger: &dyn Ledger,
    project: ProjectId,
    config: Digests,
    disclosure: Blake3Hash,
    signer: &dyn EntrySigner,
    clock: &dyn Clock,
) -> Result<()> {
    if ledger.head()?.size() > 0 {
        return Ok(());
    }
    let mut body = record::draft(project, Kind::WriterAdmitted, clock.now(), signer);
    body.producer.config_digest = Some(config);
    body.actor.disclosure = Some(disclosure);
    let public = signer.public();
    body.writer = Some(Writer { key_id: public.id(), public_key: public.to_base64(), admin: true });
    record::commit(ledger, vec![record::seal(body, signer)?])?;
    Ok(())
}

/// Who acts here, in an object of its own that can be deleted. Entries name it by digest only.
fn make_disclosure(site: &Site<'_>, near: Option<&BucketSite>, made: &mut Vec<String>) -> Result<Blake3Hash> {
    let path = app::own_dir(site.repo).join("actor");
    if let Ok(known) = read_or_empty(&path)?.trim().parse() {
        return Ok(known);
    }
    let mut salt = [0u8; 32];
    getrandom::fill(&mut salt)
        .map_err(|e| StoreError::io("read", "the random source", io::Error::other(e)))?;
    let caller = near.and_then(|near| (site.caller)(near));
    let disclosure = identity::disclosure(site.repo, &Blake3Hash(salt).to_string(), caller.as_deref());
    let batch = site.store.batch(false)?;
    let object = record::put_object(disclosure.to_string().as_bytes(), &*batch)?;
    let _kept = batch.commit()?;
    durable::replace(&path, format!("{}\n", object.digest.blake3).as_bytes(), 0o600)?;
    made.push("a disclosure object (who you are; named by digest only, and deletable)".to_owned());
    Ok(object.digest.blake3)
}

/// Into the clone's own attributes and settings; no committed file is touched.
fn install_merge_driver(repo: &Repo, program: &Path) -> Result<bool> {
    let path = repo.common_dir().join("info").join("attributes");
    let mut changed = repo.set_merge_driver(merge_driver::NAME, &merge_driver::command(program))?;
    let is_link = std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_symlink());
    let existing = match std::fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Some(String::new()),
        read => String::from_utf8(read.map_err(|e| StoreError::io("read", path.display(), e))?).ok(),
    };
    // A link belongs to another tool. Without the attribute git merges as ever, and `mlprov merge` helps.
    if let Some(text) = existing.filter(|_| !is_link).and_then(|text| merge_driver::attributes(&text)) {
        durable::create_dir_all(&repo.common_dir().join("info"))?;
        durable::replace(&path, text.as_bytes(), 0o644)?;
        changed = true;
    }
    Ok(changed)
}

/// A text file's content; empty if there is no such file.
pub fn read_or_empty(path: &Path) -> Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(StoreError::io("read", path.display(), e).into()),
    }
}
