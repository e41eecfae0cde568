//! What an account holds, resource by resource, and how one thing of it is set. Names are AWS's.

use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub enum Kind {
    #[serde(rename = "AWS::S3::Bucket")]
    Bucket,
    /// By its alias.
    #[serde(rename = "AWS::KMS::Key")]
    Key,
    #[serde(rename = "AWS::SageMaker::ModelPackageGroup")]
    ModelPackageGroup,
    #[serde(rename = "AWS::CloudTrail::Trail")]
    Trail,
    #[serde(rename = "AWS::CodeCommit::Repository")]
    Repository,
    /// By its ARN.
    #[serde(rename = "AWS::IAM::ManagedPolicy")]
    ManagedPolicy,
}

/// One resource of the account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Name {
    pub kind: Kind,
    pub name: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Bucket => write!(f, "bucket {}", self.name),
            Kind::Key => write!(f, "key {}", self.name),
            Kind::ModelPackageGroup => write!(f, "model package group {}", self.name),
            Kind::Trail => write!(f, "trail {}", self.name),
            Kind::Repository => write!(f, "repository {}", self.name),
            Kind::ManagedPolicy => write!(f, "IAM policy {}", self.name),
        }
    }
}

/// What one request sets, in the order in which they are sent: a lock needs versions, and what denies comes late.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub enum Aspect {
    /// Of a model package group: given once, with the group.
    Description,
    /// Of a trail: which bucket its logs go to, of which regions.
    Delivery,
    LogFileValidation,
    EventSelectors,
    /// Of an IAM policy.
    Document,
    OwnershipControls,
    PublicAccessBlock,
    Versioning,
    ObjectLock,
    Encryption,
    Lifecycle,
    Tagging,
    Policy,
    /// Of a trail.
    Logging,
    /// Of a repository: known once it is there.
    CloneUrl,
}

impl Aspect {
    /// In their order.
    pub const ALL: [Aspect; 15] = [
        Aspect::Description,
        Aspect::Delivery,
        Aspect::LogFileValidation,
        Aspect::EventSelectors,
        Aspect::Document,
        Aspect::OwnershipControls,
        Aspect::PublicAccessBlock,
        Aspect::Versioning,
        Aspect::ObjectLock,
        Aspect::Encryption,
        Aspect::Lifecycle,
        Aspect::Tagging,
        Aspect::Policy,
        Aspect::Logging,
        Aspect::CloneUrl,
    ];

    /// Those of a bucket.
    pub const BUCKET: [Aspect; 8] = [
        Aspect::OwnershipControls,
        Aspect::PublicAccessBlock,
        Aspect::Versioning,
        Aspect::ObjectLock,
        Aspect::Encryption,
        Aspect::Lifecycle,
        Aspect::Tagging,
        Aspect::Policy,
    ];

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Aspect::Description => "description",
            Aspect::Delivery => "delivery",
            Aspect::LogFileValidation => "log file validation",
            Aspect::EventSelectors => "event selectors",
            Aspect::Document => "document",
            Aspect::OwnershipControls => "object ownership",
            Aspect::PublicAccessBlock => "public access block",
            Aspect::Versioning => "versioning",
            Aspect::ObjectLock => "object lock",
            Aspect::Encryption => "default encryption",
            Aspect::Lifecycle => "lifecycle rule",
            Aspect::Tagging => "tag",
            Aspect::Policy => "policy statement",
            Aspect::Logging => "logging",
            Aspect::CloneUrl => "clone URL",
        }
    }

    /// Whether it is given with the resource, and nothing changes it afterwards.
    pub const fn is_fixed(self) -> bool {
        matches!(self, Aspect::Description)
    }

    /// Whether the service decides it, and nobody wants it otherwise.
    pub const fn is_given(self) -> bool {
        matches!(self, Aspect::CloneUrl)
    }

    /// Whether it is a list whose parts have names (statements, rules, tags), of which some may be others'.
    pub const fn has_parts(self) -> bool {
        matches!(self, Aspect::Lifecycle | Aspect::Tagging | Aspect::Policy)
    }
}

/// What parts of ours are called, in any case; other parts are others'.
pub const OWN: &str = "mlprov";

pub fn is_ours(part: &str) -> bool {
    part.get(..OWN.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN))
}

/// Name of the project that a resource is of, and its id.
pub const NAME_TAG: &str = "mlprov:project";
pub const PROJECT_TAG: &str = "mlprov:project-id";

/// Of which project these tags say that something is: by its id, if both have one, else by its name.
pub fn project_of<'a>(tags: &'a Parts, other: &Parts) -> Option<&'a str> {
    let key = if other.contains_key(PROJECT_TAG) && tags.contains_key(PROJECT_TAG) {
        PROJECT_TAG
    } else {
        NAME_TAG
    };
    tags.get(key).and_then(Value::as_str)
}

/// Whether both are said to be of one project.
pub fn is_same_project(tags: &Parts, other: &Parts) -> bool {
    project_of(tags, other) == project_of(other, tags)
}

/// By their names; what has no parts has one, without a name.
pub type Parts = BTreeMap<String, Value>;

/// What was found of one aspect.
#[derive(Clone, PartialEq, Debug)]
pub enum Reading {
    /// None: it is not set.
    Set(Parts),
    /// The server knows no such thing: what it said.
    Unsupported(String),
}

/// Of a resource that is there.
pub type Found = BTreeMap<Aspect, Reading>;

/// One change.
#[derive(Clone, PartialEq, Debug)]
pub enum Request {
    /// What it shall be: as much of it goes along as the service needs for a new one.
    Create(BTreeMap<Aspect, Parts>),
    /// These parts are set; parts of ours that are not among them go, and those of others stay.
    Put(Aspect, Parts),
}

/// What came of a deletion.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deletion {
    /// Also if it was not there.
    Gone,
    /// It goes by itself at a time, which the service may not tell; until then somebody can prevent it.
    Scheduled(Option<Timestamp>),
    /// It cannot go, and why.
    Kept(String),
}

/// What came of emptying a part of a bucket.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Emptied {
    /// Versions and delete markers.
    pub deleted: u64,
    /// What the service did not let go: how many, and of the first of them why.
    pub kept: u64,
    pub why: Option<String>,
}

/// Promises:
/// 1. `find` changes nothing.
/// 2. Every request may be repeated: what is so already stays so.
/// 3. After an error nothing of another resource, and no other aspect of this one, has changed.
/// 4. `delete` takes what holds something, or is used, for kept; only `empty` deletes what is in a bucket.
pub trait Account {
    /// 12 digits.
    fn id(&self) -> Result<String, StoreError>;

    fn region(&self) -> String;

    /// An error unless the caller is of the account that the resources must belong to, if there is such a one.
    fn check_owner(&self) -> Result<(), StoreError>;

    /// `None`: it is not there. A resource of that name that is another account's is an error.
    fn find(&self, name: &Name) -> Result<Option<Found>, StoreError>;

    /// `tags`: what a key must be tagged as, since it is found by an alias, which others may give to their own.
    fn delete(&self, name: &Name, tags: &Parts) -> Result<Deletion, StoreError>;

    /// What the server has not at all is no error: `find` tells it.
    fn carry_out(&self, name: &Name, request: &Request) -> Result<(), StoreError>;

    /// Deletes every version and delete marker below a prefix. Interrupted, it goes on when called again. `tell`: how many
    /// are gone.
    fn empty(&self, bucket: &str, prefix: &str, tell: &dyn Fn(u64)) -> Result<Emptied, StoreError>;
}

/// Why the account did not do what was asked, by what its user can do about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The caller may not.
    Denied,
    /// The caller's credentials have run out.
    Expired,
    /// There are none, or they are not valid.
    Credentials,
    /// This machine's clock differs too much.
    Clock,
    /// Somebody else has this name.
    NameTaken,
    OtherRegion,
    Quota,
    /// Too many requests, or another change goes on.
    Busy,
    NoAnswer,
    Other,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::Denied => "you are not allowed to",
            Trouble::Expired => "your credentials have expired",
            Trouble::Credentials => "there are no valid credentials",
            Trouble::Clock => "the clock of this machine is wrong",
            Trouble::NameTaken => "the name is taken, by another account",
            Trouble::OtherRegion => "it is in another region",
            Trouble::Quota => "a quota of the account is used up",
            Trouble::Busy => "the service is busy",
            Trouble::NoAnswer => "there was no answer",
            Trouble::Other => "the service refused",
        })
    }
}
