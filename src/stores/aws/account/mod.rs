//! The account's own resources: what there is, and one request for each change.

mod bucket;
mod key;
mod lifecycle;
pub(super) mod trouble;

use crate::ports::StoreError;
use crate::ports::account::Account;
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
        }
    }

    fn carry_out(&self, name: &Name, request: &Request) -> Result<(), StoreError> {
        match (name.kind, request) {
            (Kind::Bucket, Request::Create) => self.create_bucket(&name.name),
            (Kind::Bucket, Request::Put(aspect, parts)) => self.put(&name.name, *aspect, parts),
            (Kind::Key, Request::Create) => self.create_key(&name.name),
            (Kind::Key, Request::Put(..)) => {
                let why = "nothing of it can be set afterwards".to_owned();
                Err(StoreError::Unfit { what: name.to_string(), why })
            }
        }
    }
}
