//! `doctor`: is everything as it should be. Looks, and changes nothing; nothing here needs another part to be sound, so
//! that a clone in any state gets an answer.

mod ledger;
mod place;
mod registry;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::config::BucketSite;
use crate::config::Config;
use crate::config::Elsewhere;
use crate::git::repo::Repo;
use crate::ports::StoreError;
use crate::ports::probe::Probe;
use crate::ports::probe::Property;
use crate::ports::probe::Purpose;
use crate::ports::probe::State;
use crate::ports::provision::Provision;
use crate::ports::provision::Remote;
use std::path::Path;
use std::path::PathBuf;

/// What was put into a socket.
pub type Plugged<T> = Result<Box<T>>;
/// What of a project lies in buckets.
pub type Buckets = Vec<(BucketSite, Box<dyn Remote>)>;

/// What is looked at, and with what.
pub struct Site<'a> {
    /// Where the user stands.
    pub cwd: &'a Path,
    /// Absolute path of mlprov.
    pub program: Option<&'a Path>,
    pub places: &'a dyn Fn(&Repo) -> Plugged<dyn Provision>,
    pub open: &'a dyn Fn() -> Result<Project>,
    pub elsewhere: &'a dyn Fn(&Repo, &Elsewhere) -> Result<Buckets>,
    /// Whether buckets are asked as well. Without it no socket is opened.
    pub remote: bool,
}

/// One line.
#[derive(Debug)]
pub struct Check {
    pub name: &'static str,
    /// Of what, if something lies in a bucket.
    pub of: Option<Purpose>,
    pub state: State,
    pub found: Found,
    /// What to do, if an error does not say it itself.
    pub remedy: Option<Remedy>,
}

#[derive(Debug)]
pub enum Found {
    Fact(String),
    Failed(AppError),
}

/// What helps. The edge says how it is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Remedy {
    Init,
    /// Only this user may read the file.
    Protect(PathBuf),
    InstallHooks,
    /// These hooks must call mlprov themselves.
    CallInHook(String),
    RequestAdmission,
    SignCheckpoint,
    /// Of a shared ledger, by whoever may.
    PublishCheckpoint,
    TrustKey,
    RestoreKey,
    Reindex,
    Sync,
    /// Commits that wait for data, or for nothing any more.
    RecordWaiting,
    LookAtWaiting,
    Place(Property, Purpose, BucketSite),
}

impl Check {
    fn fact(name: &'static str, state: State, found: impl Into<String>) -> Self {
        Check { name, of: None, state, found: Found::Fact(found.into()), remedy: None }
    }

    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Check::fact(name, State::Ok, found)
    }

    fn failed(name: &'static str, state: State, e: impl Into<AppError>) -> Self {
        Check { name, of: None, state, found: Found::Failed(e.into()), remedy: None }
    }

    fn helped_by(self, remedy: Remedy) -> Self {
        Check { remedy: Some(remedy), ..self }
    }
}

/// One check after the other; what rests on something that is not there is left out.
pub fn examine(site: &Site<'_>) -> Vec<Check> {
    let mut checks = vec![place::git(site.cwd)];
    let repo = match Repo::open(site.cwd, false) {
        Ok(repo) => repo,
        Err(e) => {
            checks.push(Check::failed("repository", State::Problem, e));
            return checks;
        }
    };
    checks.push(Check::ok("repository", repo.root().display().to_string()));
    let config = match Config::load(repo.root()) {
        Ok((config, _)) => config,
        Err(e) => {
            checks.push(Check::failed("settings", State::Problem, e));
            return checks;
        }
    };
    let project = format!("project {:?} ({})", config.project.name, config.project.id);
    checks.push(Check::ok("settings", project));
    let buckets = match (site.elsewhere)(&repo, &config.elsewhere()) {
        Ok(buckets) => buckets,
        Err(e) => {
            checks.push(Check::failed("settings", State::NotChecked, e));
            return checks;
        }
    };
    checks.extend(buckets.iter().map(|(place, bucket)| agreement(place, &**bucket)));
    match (site.places)(&repo) {
        Ok(places) => {
            checks.extend(place::own_files(&*places, config.shared_ledger().map(|ledger| ledger.log)))
        }
        Err(e) => checks.push(Check::failed("writer key", State::NotChecked, e)),
    }
    match (site.open)() {
        Ok(project) => {
            checks.extend(ledger::all(&project));
            checks.extend(registry::all(&project, site.remote));
        }
        Err(e) => checks.push(Check::failed("ledger", State::Problem, e)),
    }
    checks.extend(place::hooks(&repo, &config, site.program));
    checks.extend(site.program.map(|program| place::merge_driver(&repo, program)));
    if site.remote {
        checks.extend(buckets.iter().flat_map(|(place, bucket)| remote(place, &**bucket)));
        if buckets.is_empty() {
            let found = "nothing of this project lies in a bucket";
            checks.push(Check::fact(Property::Answer.name(), State::None, found));
        }
    }
    checks
}

fn agreement(place: &BucketSite, bucket: &dyn Remote) -> Check {
    let there = place.describe();
    let check = match bucket.is_agreed() {
        true => Check::ok("agreed to", there),
        // What is recorded waits until then.
        false => Check::fact(
            "agreed to",
            State::Warning,
            format!("nobody has agreed yet that this clone uses {there}"),
        )
        .helped_by(Remedy::Init),
    };
    Check { of: Some(bucket.purpose()), ..check }
}

fn remote(place: &BucketSite, bucket: &dyn Remote) -> Vec<Check> {
    let of = Some(bucket.purpose());
    let asked = match bucket.is_agreed() {
        true => bucket.probe(&Property::ALL),
        false => Err(StoreError::NotAgreed { what: place.place.to_string() }),
    };
    match asked {
        Ok(found) => {
            let check = |probe: Probe| Check {
                of,
                remedy: (!matches!(probe.state, State::Ok | State::None))
                    .then(|| Remedy::Place(probe.property, bucket.purpose(), place.clone())),
                ..Check::fact(probe.property.name(), probe.state, probe.found)
            };
            found.into_iter().map(check).collect()
        }
        Err(e) => vec![Check { of, ..Check::failed(Property::Answer.name(), State::NotChecked, e) }],
    }
}
