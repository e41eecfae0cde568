//! The account's own resources: what there is, and one request for each change.

mod bucket;
mod group;
mod key;
mod lifecycle;
mod policy;
mod removal;
mod repository;
mod statements;
mod tags;
mod trail;
pub(super) mod trouble;

use crate::ports::StoreError;
use crate::ports::account::Account;
use crate::ports::account::Aspect;
use crate::ports::account::Deletion;
use crate::ports::account::Emptied;
use crate::ports::account::Found;
use crate::ports::account::Kind;
use crate::ports::account::Name;
use crate::ports::account::Parts;
use crate::ports::account::Request;
use crate::stores::aws::runtime::Aws;
use crate::stores::aws::runtime::Endpoint;
use crate::stores::aws::s3::client;
use aws_config::SdkConfig;
use std::cell::OnceCell;

/// As whoever the standard provider chain finds.
pub struct AwsAccount {
    aws: Aws,
    s3: aws_sdk_s3::Client,
    /// Account that the buckets must belong to.
    owner: Option<String>,
    /// Account of the caller, once it was asked for.
    caller: OnceCell<String>,
}

impl AwsAccount {
    pub fn connect(endpoint: &Endpoint, owner: Option<String>) -> Result<Self, StoreError> {
        Ok(Self::new(Aws::connect(endpoint)?, owner))
    }

    /// As [`AwsAccount::connect`], with settings from elsewhere.
    pub fn new(aws: Aws, owner: Option<String>) -> Self {
        AwsAccount { s3: client::sdk_client(&aws), aws, owner, caller: OnceCell::new() }
    }

    fn config_of(&self, service: &'static str) -> Result<&SdkConfig, StoreError> {
        self.aws.config_of(service)
    }
}

impl Account for AwsAccount {
    fn id(&self) -> Result<String, StoreError> {
        if let Some(id) = self.caller.get() {
            return Ok(id.clone());
        }
        let sts = aws_sdk_sts::Client::new(self.config_of("STS")?);
        let asked = self.aws.wait(sts.get_caller_identity().send());
        let told = asked.map_err(|e| trouble::of("sts:GetCallerIdentity", "the account", e))?;
        let why = || "the answer names no account".to_owned();
        let id = told.account().map(str::to_owned);
        let id = id.ok_or_else(|| StoreError::Unfit { what: "AWS STS".to_owned(), why: why() })?;
        Ok(self.caller.get_or_init(|| id).clone())
    }

    fn region(&self) -> String {
        self.aws.config().region().map(ToString::to_string).unwrap_or_default()
    }

    fn check_owner(&self) -> Result<(), StoreError> {
        let Some(owner) = &self.owner else { return Ok(()) };
        match self.id()? {
            id if id == *owner => Ok(()),
            id => {
                let why = format!(
                    "your credentials are of it, and the project's buckets belong to account {owner} (owner)"
                );
                Err(StoreError::Unfit { what: format!("account {id}"), why })
            }
        }
    }

    fn find(&self, name: &Name) -> Result<Option<Found>, StoreError> {
        // What is of a name in another account is something else. Of a bucket that is there S3 itself checks whose it is.
        if name.kind != Kind::Bucket {
            self.check_owner()?;
        }
        match name.kind {
            Kind::Bucket => match self.find_bucket(&name.name)? {
                Some(found) => Ok(Some(found)),
                None => self.check_owner().map(|()| None),
            },
            Kind::Key => self.find_key(&name.name),
            Kind::ModelPackageGroup => self.find_group(&name.name),
            Kind::Trail => self.find_trail(&name.name),
            Kind::Repository => self.find_repository(&name.name),
            Kind::ManagedPolicy => self.find_policy(&name.name),
        }
    }

    fn carry_out(&self, name: &Name, request: &Request) -> Result<(), StoreError> {
        match (name.kind, request) {
            (Kind::Bucket, Request::Create(_)) => self.create_bucket(&name.name),
            (Kind::Bucket, Request::Put(aspect, parts)) => self.put(&name.name, *aspect, parts),
            (Kind::Key, Request::Create(wanted)) => self.create_key(&name.name, wanted),
            (Kind::Key, Request::Put(Aspect::Policy, policy)) => self.put_key_policy(&name.name, policy),
            (Kind::ModelPackageGroup, Request::Create(wanted)) => self.create_group(&name.name, wanted),
            (Kind::ModelPackageGroup, Request::Put(Aspect::Tagging, tags)) => {
                self.tag_group(&name.name, tags)
            }
            (Kind::Trail, Request::Create(wanted)) => self.create_trail(&name.name, wanted),
            (Kind::Trail, Request::Put(aspect, parts)) => self.put_trail(&name.name, *aspect, parts),
            (Kind::ManagedPolicy, Request::Create(wanted)) => self.create_policy(&name.name, wanted),
            (Kind::ManagedPolicy, Request::Put(aspect, parts)) => self.put_policy(&name.name, *aspect, parts),
            (Kind::Repository, Request::Create(_)) => self.create_repository(&name.name),
            (Kind::Key | Kind::ModelPackageGroup | Kind::Repository, Request::Put(aspect, _)) => {
                Err(has_none(&name.to_string(), *aspect))
            }
        }
    }

    fn delete(&self, name: &Name, tags: &Parts) -> Result<Deletion, StoreError> {
        if name.kind != Kind::Bucket {
            self.check_owner()?;
        }
        match name.kind {
            Kind::Bucket => self.delete_bucket(&name.name),
            Kind::Key => self.delete_key(&name.name, tags),
            Kind::ModelPackageGroup => self.delete_group(&name.name),
            Kind::Trail => self.delete_trail(&name.name),
            Kind::Repository => {
                Ok(Deletion::Kept("aws codecommit delete-repository deletes it with all commits".to_owned()))
            }
            Kind::ManagedPolicy => self.delete_policy(&name.name),
        }
    }

    fn empty(&self, bucket: &str, prefix: &str, tell: &dyn Fn(u64)) -> Result<Emptied, StoreError> {
        self.empty_bucket(bucket, prefix, tell)
    }
}

/// Nobody describes a resource by what it has not.
fn has_none(what: &str, aspect: Aspect) -> StoreError {
    StoreError::Unfit { what: what.to_owned(), why: format!("it has no {} to set", aspect.name()) }
}
