//! `infra destroy`: what goes, and what only goes with the data. Plan and act are two functions.

use crate::app::AppError;
use crate::app::Result;
use crate::app::infra::Wanted;
use crate::infra::description::Resource;
use crate::infra::documents;
use crate::ports::StoreError;
use crate::ports::account::Account;
use crate::ports::account::Aspect;
use crate::ports::account::Deletion;
use crate::ports::account::Emptied;
use crate::ports::account::Found;
use crate::ports::account::Kind;
use crate::ports::account::NAME_TAG;
use crate::ports::account::Name;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use crate::ports::account::Request;
use crate::ports::account::is_same_project;
use serde::Serialize;

/// What is to become of one resource.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Fate {
    pub resource: Name,
    pub goes: bool,
    /// What is to be known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// What the user decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Choices {
    /// Deletion protection is on in the settings.
    pub protected: bool,
    pub including_data: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DestroyPlan {
    /// Of the caller, if STS tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    pub region: String,
    /// In this order.
    pub resources: Vec<Fate>,
}

impl DestroyPlan {
    pub fn going(&self) -> usize {
        self.resources.iter().filter(|fate| fate.goes).count()
    }
}

/// What became of one resource.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Destroyed {
    pub resource: Name,
    pub outcome: Deletion,
    /// Versions and delete markers that were deleted in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DestroyReport {
    pub resources: Vec<Destroyed>,
}

const DATA: &str = "it stays without --including-data";
const EMPTY_ONLY: &str = "only if there is no model package in it";
const PREFIXES: &str = "all versions below the project's prefixes; then the bucket, if nothing else is in it";
const LOCKED: &str = "all versions below the project's prefixes, except those under a retention or legal hold (Object Lock): as \
    long as one is there the bucket stays";
const SCHEDULED: &str = "if no bucket stays: in 30 days, and until then aws kms cancel-key-deletion brings it back. Without it no checkpoint is signed";
const CODE: &str = "it stays: it may be others' too; aws codecommit delete-repository deletes it";
const LOGS: &str = "it stays: it is evidence, and other trails may deliver there";
const LEDGER: &str = "it stays: a bucket stays, and a ledger may lie in it";
const THEIRS: &str = "it stays: it is not tagged as this project's";

/// What uses something goes before it, and what nothing works without goes last.
const fn rank(kind: Kind) -> u8 {
    match kind {
        // As long as it is there its bucket fills.
        Kind::Trail | Kind::ManagedPolicy | Kind::ModelPackageGroup => 0,
        Kind::Repository => 1,
        Kind::Bucket => 2,
        Kind::Key => 3,
    }
}

/// Changes nothing.
pub fn plan(wanted: &[Wanted], choices: Choices) -> Result<DestroyPlan> {
    if choices.protected {
        return Err(AppError::DeletionProtected);
    }
    for one in wanted {
        one.account.check_owner()?;
    }
    let mut resources: Vec<Fate> = Vec::new();
    for Wanted { resource, account } in wanted {
        let found = match resource.name.kind {
            // One that is to be deleted already is found by who deletes it: for all others it is no use any more.
            Kind::Key => match account.find(&resource.name) {
                Err(StoreError::Unfit { .. }) => Some(Found::new()),
                found => found?,
            },
            _ => account.find(&resource.name)?,
        };
        let Some(found) = found else { continue };
        if statement(&found, "MlprovKeepBucket") {
            return Err(AppError::DeletionProtected);
        }
        let (goes, note) = match resource.name.kind {
            _ if !is_tagged(resource, &found) => (false, Some(THEIRS)),
            Kind::Repository => (false, Some(CODE)),
            Kind::Bucket if is_of_trail(resource) => (false, Some(LOGS)),
            Kind::Trail | Kind::ManagedPolicy => (true, None),
            Kind::ModelPackageGroup => (true, Some(EMPTY_ONLY)),
            _ if !choices.including_data => (false, Some(DATA)),
            Kind::Bucket if has(&found, Aspect::ObjectLock) => (true, Some(LOCKED)),
            Kind::Bucket => (true, Some(PREFIXES)),
            Kind::Key => (true, Some(SCHEDULED)),
        };
        resources.push(Fate { resource: resource.name.clone(), goes, note });
    }
    resources.sort_by_key(|fate| rank(fate.resource.kind));
    // Whoever can sign no more cannot go on with a ledger that stays.
    let stays = resources
        .iter()
        .any(|fate| fate.resource.kind == Kind::Bucket && !fate.goes && fate.note != Some(LOGS));
    for fate in resources.iter_mut().filter(|fate| fate.resource.kind == Kind::Key && fate.goes && stays) {
        (fate.goes, fate.note) = (false, Some(LEDGER));
    }
    let account = wanted.first().map(|one| &one.account);
    // Only told: servers other than AWS may have no STS.
    let id = account.filter(|_| !resources.is_empty()).and_then(|account| account.id().ok());
    let region = account.map(|account| account.region()).unwrap_or_default();
    Ok(DestroyPlan { account: id, region, resources })
}

/// Whether what is there by that name is this project's, as far as tags tell it.
fn is_tagged(resource: &Resource, found: &Found) -> bool {
    let wanted = resource.aspects.get(&Aspect::Tagging);
    match (found.get(&Aspect::Tagging), wanted) {
        (Some(Reading::Set(tags)), Some(wanted)) => is_same_project(tags, wanted),
        (Some(Reading::Unsupported(_)), _) => true,
        (Some(Reading::Set(tags)), None) => !tags.contains_key(NAME_TAG),
        // Of a key on its way out nothing more is asked.
        (None, wanted) => wanted.is_none() || resource.name.kind == Kind::Key,
    }
}

fn is_of_trail(resource: &Resource) -> bool {
    resource.aspects.get(&Aspect::Policy).is_some_and(|policy| policy.contains_key(documents::TRAIL_WRITE))
}

fn has(found: &Found, aspect: Aspect) -> bool {
    matches!(found.get(&aspect), Some(Reading::Set(parts)) if !parts.is_empty())
}

fn statement(found: &Found, sid: &str) -> bool {
    matches!(found.get(&Aspect::Policy), Some(Reading::Set(parts)) if parts.contains_key(sid))
}

/// Interrupted, it goes on when called again. `agreed`: the plan that the user saw; if it would be another one by now, nothing
/// is deleted. `tell`: how many versions of a resource are gone.
pub fn carry_out(
    wanted: &[Wanted],
    agreed: &DestroyPlan,
    choices: Choices,
    prefixes: &dyn Fn(&str) -> Vec<String>,
    tell: &dyn Fn(&Name, u64),
) -> Result<DestroyReport> {
    if plan(wanted, choices)? != *agreed {
        return Err(AppError::PlanChanged);
    }
    let (mut resources, of): (Vec<Destroyed>, usize) = (Vec::new(), agreed.going());
    for fate in agreed.resources.iter().filter(|fate| fate.goes) {
        let one = wanted.iter().find(|one| one.resource.name == fate.resource);
        let Some(one) = one else { continue };
        let done = resources.len();
        let outcome = match fate.resource.kind {
            Kind::Bucket => bucket(one, &prefixes(&fate.resource.name), tell),
            // Whoever can sign no more cannot go on with what was kept.
            Kind::Key if resources.iter().any(is_kept_bucket) => {
                Ok((Deletion::Kept("a bucket stays, and a ledger may lie in it".to_owned()), None))
            }
            _ => one
                .account
                .delete(&fate.resource, tags(one))
                .map(|outcome| (outcome, None))
                .map_err(AppError::from),
        };
        let (outcome, versions) =
            outcome.map_err(|source| AppError::NotApplied { done, of, source: Box::new(source) })?;
        resources.push(Destroyed { resource: fate.resource.clone(), outcome, versions });
    }
    Ok(DestroyReport { resources })
}

/// What it is to be tagged with.
fn tags(one: &Wanted) -> &Parts {
    static NONE: Parts = Parts::new();
    one.resource.aspects.get(&Aspect::Tagging).unwrap_or(&NONE)
}

fn is_kept_bucket(one: &Destroyed) -> bool {
    one.resource.kind == Kind::Bucket && matches!(one.outcome, Deletion::Kept(_))
}

/// What is in it below the prefixes, then itself.
fn bucket(one: &Wanted, prefixes: &[String], tell: &dyn Fn(&Name, u64)) -> Result<(Deletion, Option<u64>)> {
    let (name, account) = (&one.resource.name, &*one.account);
    let Some(found) = account.find(name)? else { return Ok((Deletion::Gone, None)) };
    // Somebody turned it on meanwhile.
    if statement(&found, "MlprovKeepBucket") {
        return Err(AppError::DeletionProtected);
    }
    // Of another project that lies in it, too.
    let keeps = |parts: &Parts| parts.get(documents::KEEP).map(documents::canonical);
    let ours = one.resource.aspects.get(&Aspect::Policy).and_then(keeps);
    if let Some(Reading::Set(there)) = found.get(&Aspect::Policy)
        && keeps(there).is_some_and(|there| Some(there) != ours)
    {
        let why =
            "its policy keeps other prefixes than this project's; mlprov infra plan shows them".to_owned();
        return Ok((Deletion::Kept(why), None));
    }
    if statement(&found, documents::KEEP) {
        // It denies deletion to everybody: us, too.
        let mut policy = one.resource.aspects.get(&Aspect::Policy).cloned().unwrap_or_default();
        policy.remove(documents::KEEP);
        account.carry_out(name, &Request::Put(Aspect::Policy, policy))?;
    }
    let all = empty(account, name, prefixes, tell)?;
    if all.kept > 0 {
        let why = all.why.unwrap_or_default();
        return Ok((
            Deletion::Kept(format!("{} versions could not go ({why})", all.kept)),
            Some(all.deleted),
        ));
    }
    Ok((account.delete(name, tags(one))?, Some(all.deleted)))
}

fn empty(
    account: &dyn Account,
    name: &Name,
    prefixes: &[String],
    tell: &dyn Fn(&Name, u64),
) -> Result<Emptied> {
    let mut all = Emptied::default();
    for prefix in prefixes {
        let before = all.deleted;
        let done = account.empty(&name.name, prefix, &|gone| tell(name, before + gone))?;
        all.deleted += done.deleted;
        all.kept += done.kept;
        all.why = all.why.or(done.why);
    }
    Ok(all)
}
