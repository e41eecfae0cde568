//! The account's own resources: what there is, and one request for each change.

mod bucket;
mod group;
mod key;
mod lifecycle;
mod tags;
pub(super) mod trouble;

use crate::ports::StoreError;
use crate::ports::account::Account;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Kind;
use crate::ports::account::Name;
use crate::ports::account::Request;
use crate::stores::aws::runtime::Aws;
use crate::stores::aws::runtime::Endpoint;
use crate::stores::aws::s3::client;

/// As whoever the standard provider chain finds.
pub struct AwsAccount {
    aws: Aws,
    s3: aws_sdk_s3::Client,
    /// Account that the buckets must belong to.
    owner: Option<String>,
}

impl AwsAccount {
    pub fn connect(endpoint: &Endpoint, owner: Option<String>) -> Result<Self, StoreError> {
        Ok(Self::new(Aws::connect(endpoint)?, owner))
    }

    /// As [`AwsAccount::connect`], with settings from elsewhere.
    pub fn new(aws: Aws, owner: Option<String>) -> Self {
        AwsAccount { s3: client::sdk_client(&aws), aws, owner }
    }
}

impl Account for AwsAccount {
    fn id(&self) -> Result<String, StoreError> {
        let sts = aws_sdk_sts::Client::new(self.aws.config());
        let asked = self.aws.wait(sts.get_caller_identity().send());
        let told = asked.map_err(|e| trouble::of("sts:GetCallerIdentity", "the account", e))?;
        let why = || "the answer names no account".to_owned();
        told.account()
            .map(str::to_owned)
            .ok_or_else(|| StoreError::Unfit { what: "AWS STS".to_owned(), why: why() })
    }

    fn region(&self) -> String {
        self.aws.config().region().map(ToString::to_string).unwrap_or_default()
    }

    fn find(&self, name: &Name) -> Result<Option<Found>, StoreError> {
        match name.kind {
            Kind::Bucket => self.find_bucket(&name.name),
            Kind::Key => self.find_key(&name.name),
            Kind::ModelPackageGroup => self.find_group(&name.name),
        }
    }

    fn carry_out(&self, name: &Name, request: &Request) -> Result<(), StoreError> {
        match (name.kind, request) {
            (Kind::Bucket, Request::Create(_)) => self.create_bucket(&name.name),
            (Kind::Bucket, Request::Put(aspect, parts)) => self.put(&name.name, *aspect, parts),
            (Kind::Key, Request::Create(_)) => self.create_key(&name.name),
            (Kind::ModelPackageGroup, Request::Create(wanted)) => self.create_group(&name.name, wanted),
            (Kind::ModelPackageGroup, Request::Put(Aspect::Tagging, tags)) => {
                self.tag_group(&name.name, tags)
            }
            (Kind::Key | Kind::ModelPackageGroup, Request::Put(aspect, _)) => {
                Err(has_none(&name.to_string(), *aspect))
            }
        }
    }
}

/// Nobody describes a resource by what it has not.
fn has_none(what: &str, aspect: Aspect) -> StoreError {
    StoreError::Unfit { what: what.to_owned(), why: format!("it has no {} to set", aspect.name()) }
}
