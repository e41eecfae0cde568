//! `infra`: the buckets of a project, as they are and as they shall be. Plan and act are two functions.

use crate::app::AppError;
use crate::app::Result;
use crate::config::AwsTable;
use crate::config::BucketSite;
use crate::config::CONFIG_FILE;
use crate::config::Config;
use crate::domain::arn;
use crate::domain::ids::ProjectId;
use crate::durable;
use crate::git::repo::Repo;
use crate::infra::description::Bucket;
use crate::infra::description::Description;
use crate::infra::description::Group;
use crate::infra::description::Resource;
use crate::infra::description::Trail;
use crate::infra::description::Use;
use crate::infra::description::Whose;
use crate::infra::description::group_name;
use crate::infra::description::trail_bucket_name;
use crate::infra::description::trail_name;
use crate::infra::documents;
use crate::infra::plan;
use crate::infra::plan::Difference;
use crate::infra::plan::Plan;
use crate::infra::plan::Step;
use crate::ports::StoreError;
use crate::ports::account::Account;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Kind;
use crate::ports::account::NAME_TAG;
use crate::ports::account::Name;
use crate::ports::account::PROJECT_TAG;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use crate::ports::account::project_of;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A resource as it shall be, and the account that is to have it.
pub struct Wanted {
    pub resource: Resource,
    pub account: Rc<dyn Account>,
}

/// What was done, and whether it holds.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ApplyReport {
    /// What was other than it shall be, and is so now.
    pub changed: Vec<Difference>,
    /// What the server took, and did not keep.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<Difference>,
    /// What the server has not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<Difference>,
}

/// One resource as it is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Shown {
    pub resource: Name,
    pub exists: bool,
    /// By what it is called: `policy statement X`.
    pub properties: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<Aspect>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ShowReport {
    pub resources: Vec<Shown>,
}

/// What a project asks of an account, besides its buckets.
pub struct Asked<'a> {
    /// Of the project, or as the settings have it.
    pub name: &'a str,
    pub aws: &'a AwsTable,
    pub store_key: Option<&'a str>,
    pub log_key: Option<&'a str>,
    pub project: ProjectId,
    /// Whether model packages are registered in SageMaker.
    pub sagemaker: bool,
    /// For what names the account, see [`names_account`].
    pub whose: Option<&'a Whose>,
}

/// Whether there are resources that cannot be described without the account.
pub fn names_account(aws: &AwsTable) -> bool {
    aws.trail || aws.iam || aws.codecommit.is_some()
}

/// Where the repository is cloned from and pushed to, if one is wanted, and there.
pub fn clone_url(wanted: &[Wanted]) -> Result<Option<String>> {
    let Some(one) = wanted.iter().find(|one| one.resource.name.kind == Kind::Repository) else {
        return Ok(None);
    };
    match one.account.find(&one.resource.name)?.as_ref().and_then(|found| found.get(&Aspect::CloneUrl)) {
        Some(Reading::Set(parts)) => Ok(parts.get("").and_then(|url| url.as_str()).map(str::to_owned)),
        _ => Ok(None),
    }
}

/// What the settings of a project come to, and where each bucket of it is. None of it in AWS: an error.
pub fn describe(config: &Config, whose: Option<&Whose>) -> Result<(Description, Vec<BucketSite>)> {
    let places = config.elsewhere();
    let ledger = places.ledger.iter().map(|ledger| (Use::Ledger, &ledger.site));
    let store = places.store.iter().map(|store| (Use::Store, &store.site));
    let asked = Asked {
        name: config.aws_name(),
        aws: &config.aws,
        store_key: places.store.as_ref().and_then(|store| store.kms_key.as_deref()),
        log_key: places.ledger.as_ref().and_then(|ledger| ledger.kms_key.as_deref()),
        project: config.project.id,
        sagemaker: config.sagemaker().is_some(),
        whose,
    };
    describe_sites(ledger.chain(store), &asked)
}

/// As [`describe`], of places that are not in the settings yet.
pub fn describe_sites<'a>(
    places: impl Iterator<Item = (Use, &'a BucketSite)>,
    asked: &Asked<'_>,
) -> Result<(Description, Vec<BucketSite>)> {
    let (mut buckets, mut sites): (Vec<Bucket>, Vec<BucketSite>) = (Vec::new(), Vec::new());
    for (what, site) in places {
        let part = (what, site.place.prefix.clone());
        match sites.iter().position(|s| s.place.bucket == site.place.bucket && s.endpoint == site.endpoint) {
            Some(at) => buckets[at].uses.push(part),
            None if sites.iter().any(|s| s.place.bucket == site.place.bucket) => {
                let why = "ledger and store have buckets of this name at two servers: one needs another name";
                let what = format!("bucket {}", site.place.bucket);
                return Err(StoreError::Unfit { what, why: why.to_owned() }.into());
            }
            None => {
                buckets.push(Bucket { name: site.place.bucket.clone(), uses: vec![part] });
                sites.push(site.clone());
            }
        }
    }
    if buckets.is_empty() && !asked.sagemaker {
        return Err(AppError::NoBuckets);
    }
    let Asked { name, project, aws, store_key, log_key, sagemaker, whose } = *asked;
    if names_account(aws) && whose.is_none() {
        return Err(AppError::NoAccount);
    }
    let trail = whose.filter(|_| aws.trail && !buckets.is_empty()).map(|whose| Trail {
        name: trail_name(name),
        bucket: aws.trail_bucket.clone().unwrap_or_else(|| trail_bucket_name(name, whose)),
        whose: whose.clone(),
    });
    if let Some(trail) = trail.as_ref().filter(|trail| buckets.iter().any(|b| b.name == trail.bucket)) {
        let why = "the trail's logs need a bucket of their own: it would log its own deliveries".to_owned();
        return Err(StoreError::Unfit { what: format!("bucket {}", trail.bucket), why }.into());
    }
    let group = match &aws.model_package_group {
        Some(group) => group.clone(),
        None => group_name(name),
    };
    arn::check_group(&group)?;
    if let Some(role) = aws.publisher_role.as_ref().filter(|role| !arn::is_role(role)) {
        let why = "it is no ARN of a role (arn:aws:iam::123456789012:role/NAME)".to_owned();
        return Err(StoreError::Unfit { what: format!("publisher_role = {role:?}"), why }.into());
    }
    let plain = |site: &BucketSite| site.endpoint.as_ref().is_some_and(|url| url.starts_with("http://"));
    let description = Description {
        name: name.to_owned(),
        buckets,
        kms_key: aws.kms_key.as_deref().or(store_key).map(str::to_owned),
        log_key: log_key.map(str::to_owned),
        project: Some(project),
        group: sagemaker.then_some(Group { name: group, project }),
        trail,
        repository: aws.codecommit.clone(),
        iam: aws.iam,
        publisher_role: aws.publisher_role.clone(),
        whose: whose.cloned(),
        object_lock: aws.object_lock,
        deletion_protection: aws.deletion_protection,
        tls: !sites.iter().any(plain),
    };
    Ok((description, sites))
}

/// What differs. Changes nothing.
pub fn plan(wanted: &[Wanted]) -> Result<Plan> {
    let mut found = Vec::new();
    for one in wanted {
        let there = one.account.find(&one.resource.name)?;
        check_fixed(&one.resource, there.as_ref())?;
        check_project(&one.resource, there.as_ref())?;
        let resource =
            keeping(&one.resource, there.as_ref()).map_or(Cow::Borrowed(&one.resource), Cow::Owned);
        found.push((resource, there));
    }
    Ok(plan::plan(found.iter().map(|(resource, there)| (&**resource, there.clone()))))
}

/// What cannot be changed is somebody else's if it is not as it shall be.
fn check_fixed(resource: &Resource, there: Option<&Found>) -> Result<()> {
    for (aspect, wanted) in resource.aspects.iter().filter(|(aspect, _)| aspect.is_fixed()) {
        let Some(Reading::Set(parts)) = there.and_then(|found| found.get(aspect)) else { continue };
        if parts != wanted {
            let text = |parts: &Parts| parts.get("").map(ToString::to_string).unwrap_or_default();
            let (is, shall, name) = (text(parts), text(wanted), aspect.name());
            let why = format!("it is there, and another's: its {name} is {is}, not {shall}");
            return Err(StoreError::Unfit { what: resource.name.to_string(), why }.into());
        }
    }
    Ok(())
}

/// Two projects that set the same resource would each undo what the other set.
fn check_project(resource: &Resource, there: Option<&Found>) -> Result<()> {
    // What is described as one project's is that one's, whatever its tags became.
    let told_by_tags = !resource.aspects.contains_key(&Aspect::Description);
    let wanted = resource.aspects.get(&Aspect::Tagging).filter(|_| told_by_tags);
    let found = there.and_then(|found| found.get(&Aspect::Tagging));
    let (Some(wanted), Some(Reading::Set(found))) = (wanted, found) else { return Ok(()) };
    let (Some(ours), Some(theirs)) = (project_of(wanted, found), project_of(found, wanted)) else {
        return Ok(());
    };
    if ours == theirs {
        return Ok(());
    }
    let by_id = found.contains_key(PROJECT_TAG) && wanted.contains_key(PROJECT_TAG);
    let name = |tags: &Parts| tags.get(NAME_TAG).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (our_name, their_name) = (name(wanted), name(found));
    let why = match () {
        () if by_id && our_name == their_name => {
            format!(
                "it is tagged as that of another project of this name ({theirs}): another name is needed for it"
            )
        }
        () if by_id => {
            format!(
                "it is tagged as project {their_name:?}, and this is {our_name:?}: another name is needed for it"
            )
        }
        () => format!(
            "it is tagged as project {theirs:?}, and this is {ours:?}: another name is needed for it, or, if this project was \
             called so, name = {theirs:?} in [aws] of .mlprov/config.toml"
        ),
    };
    Err(StoreError::Unfit { what: resource.name.to_string(), why }.into())
}

/// What the bucket's policy keeps already is kept on: the project may have lain elsewhere in it. `None`: that is nothing more.
fn keeping(resource: &Resource, there: Option<&Found>) -> Option<Resource> {
    let Some(Reading::Set(policy)) = there.and_then(|found| found.get(&Aspect::Policy)) else { return None };
    let ours = resource.aspects.get(&Aspect::Policy)?.get(documents::KEEP)?;
    let mut all = documents::objects(ours);
    let before = all.len();
    let here = format!("arn:aws:s3:::{}/", resource.name.name);
    let theirs = policy.get(documents::KEEP).map(documents::objects).unwrap_or_default();
    all.extend(theirs.into_iter().filter(|object| object.starts_with(&here)));
    all.sort_unstable();
    all.dedup();
    if all.len() == before {
        return None;
    }
    let mut resource = resource.clone();
    resource.aspects.get_mut(&Aspect::Policy)?.get_mut(documents::KEEP)?["Resource"] = Value::from(all);
    Some(resource)
}

/// `agreed`: the plan that the user saw. If it would be another one by now, nothing is changed. `tell`: how many of how
/// many requests were sent before this one.
pub fn apply(wanted: &[Wanted], agreed: &Plan, tell: &dyn Fn(usize, usize, &Step)) -> Result<ApplyReport> {
    let now = plan(wanted)?;
    if now.steps != agreed.steps {
        return Err(AppError::PlanChanged);
    }
    let of = now.steps.len();
    for (done, step) in now.steps.iter().enumerate() {
        tell(done, of, step);
        let account = wanted.iter().find(|one| one.resource.name == step.resource).map(|one| &one.account);
        let Some(account) = account else { continue };
        account.carry_out(&step.resource, &step.request).map_err(|source| AppError::NotApplied {
            done,
            of,
            source: Box::new(source.into()),
        })?;
    }
    let after = match of {
        0 => now.clone(),
        _ => plan(wanted)?,
    };
    let remaining: Vec<Difference> = after.changes().cloned().collect();
    let unsupported = |d: &&Difference| d.change == plan::Change::Unsupported;
    let unsupported: Vec<Difference> = after.differences.iter().filter(unsupported).cloned().collect();
    let is_so = |d: &&Difference| {
        let same = |other: &Difference| other.resource == d.resource && other.property == d.property;
        let of_it = |other: &Difference| {
            let (ours, other_one) = (d.property.as_deref(), other.property.as_deref());
            other.resource == d.resource && ours.zip(other_one).is_some_and(|(d, other)| d.starts_with(other))
        };
        !remaining.iter().any(same) && !unsupported.iter().any(of_it)
    };
    let changed = now.changes().filter(is_so).cloned().collect();
    Ok(ApplyReport { changed, remaining, unsupported })
}

/// Says in the settings that the policies of IAM are wanted: what was made is known to later plans, and to `destroy`.
pub fn keep_iam(repo: &Repo) -> Result<()> {
    let path = repo.root().join(CONFIG_FILE);
    let (_, bytes) = Config::load(repo.root())?;
    let text = Config::with_iam(&path, &String::from_utf8_lossy(&bytes))?;
    Ok(durable::replace(&path, text.as_bytes(), 0o644)?)
}

/// What there is, whoever made it.
pub fn show(wanted: &[Wanted]) -> Result<ShowReport> {
    let mut resources = Vec::new();
    for Wanted { resource, account } in wanted {
        let found = account.find(&resource.name)?;
        let exists = found.is_some();
        let (mut properties, mut unsupported) = (BTreeMap::new(), Vec::new());
        for (aspect, reading) in found.unwrap_or_default() {
            match reading {
                Reading::Set(parts) => properties.extend(named(aspect, parts)),
                Reading::Unsupported(_) => unsupported.push(aspect),
            }
        }
        resources.push(Shown { resource: resource.name.clone(), exists, properties, unsupported });
    }
    Ok(ShowReport { resources })
}

fn named(aspect: Aspect, parts: Parts) -> impl Iterator<Item = (String, Value)> {
    let name = move |part: String| match part.as_str() {
        "" => aspect.name().to_owned(),
        part => format!("{} {part}", aspect.name()),
    };
    parts.into_iter().map(move |(part, value)| (name(part), value))
}
