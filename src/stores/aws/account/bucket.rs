//! A bucket's settings: each is asked for, and set, by a request of its own.

use super::AwsAccount;
use super::has_none;
use super::lifecycle;
use super::statements;
use super::trouble;
use crate::ports::StoreError;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use crate::ports::account::Trouble;
use crate::ports::account::is_ours;
use crate::stores::aws::failure;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::BucketLifecycleConfiguration;
use aws_sdk_s3::types::BucketLocationConstraint;
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_sdk_s3::types::CreateBucketConfiguration;
use aws_sdk_s3::types::LifecycleRule;
use aws_sdk_s3::types::ObjectLockConfiguration;
use aws_sdk_s3::types::ObjectLockEnabled;
use aws_sdk_s3::types::ObjectOwnership;
use aws_sdk_s3::types::OwnershipControls;
use aws_sdk_s3::types::OwnershipControlsRule;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use aws_sdk_s3::types::ServerSideEncryption;
use aws_sdk_s3::types::ServerSideEncryptionByDefault;
use aws_sdk_s3::types::ServerSideEncryptionConfiguration;
use aws_sdk_s3::types::ServerSideEncryptionRule;
use aws_sdk_s3::types::Tag;
use aws_sdk_s3::types::Tagging;
use aws_sdk_s3::types::VersioningConfiguration;
use serde_json::Value;
use serde_json::json;
use std::future::Future;

/// What is asked about a bucket, and the code of the answer that says that nothing is set.
struct Question {
    permission: &'static str,
    unset: &'static str,
}

impl AwsAccount {
    pub(super) fn find_bucket(&self, bucket: &str) -> Result<Option<Found>, StoreError> {
        let asked = self.s3.head_bucket().bucket(bucket).set_expected_bucket_owner(self.owner.clone());
        match self.aws.wait(asked.send()) {
            Ok(told) => self.check_region(bucket, told.bucket_region())?,
            Err(e) if failure::status(&e) == Some(404) => return Ok(None),
            // S3 tells who may not ask neither whether a bucket is there, nor whose it is.
            Err(e) => return Err(trouble::of("s3:ListBucket", &about(bucket), e)),
        }
        let mut found = Found::new();
        for aspect in Aspect::BUCKET {
            found.insert(aspect, self.read(bucket, aspect)?);
        }
        Ok(Some(found))
    }

    fn check_region(&self, bucket: &str, found: Option<&str>) -> Result<(), StoreError> {
        let wanted = self.aws.config().region().map(ToString::to_string).unwrap_or_default();
        match found {
            // Servers other than AWS call their only region what they like.
            Some(found) if found != wanted && self.aws.config().endpoint_url().is_none() => {
                let why = format!("in {found}, and {wanted} was asked");
                let (action, trouble) = ("s3:ListBucket", Trouble::OtherRegion);
                Err(StoreError::Account { action, what: about(bucket), trouble, why })
            }
            _ => Ok(()),
        }
    }

    /// `read`: the parts of an answer.
    fn ask<T, E>(
        &self,
        bucket: &str,
        question: Question,
        send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        read: impl FnOnce(T) -> Parts,
    ) -> Result<Reading, StoreError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match self.aws.wait(send) {
            Ok(told) => Ok(Reading::Set(read(told))),
            Err(e) if e.as_service_error().is_some_and(|e| e.code() == Some(question.unset)) => {
                Ok(Reading::Set(Parts::new()))
            }
            Err(e) if trouble::is_unsupported(&e) => {
                let why = e.as_service_error().and_then(|e| e.code().or(e.message())).unwrap_or_default();
                Ok(Reading::Unsupported(why.to_owned()))
            }
            Err(e) => Err(trouble::of(question.permission, &about(bucket), e)),
        }
    }

    fn read(&self, bucket: &str, aspect: Aspect) -> Result<Reading, StoreError> {
        let (s3, owner) = (&self.s3, self.owner.clone());
        let question = |permission, unset| Question { permission, unset };
        match aspect {
            Aspect::OwnershipControls => {
                let asked =
                    s3.get_bucket_ownership_controls().bucket(bucket).set_expected_bucket_owner(owner);
                let about = question("s3:GetBucketOwnershipControls", "OwnershipControlsNotFoundError");
                self.ask(bucket, about, asked.send(), |told| {
                    let rules =
                        told.ownership_controls().map(|controls| controls.rules()).unwrap_or_default();
                    whole(rules.first().map(|rule| json!(rule.object_ownership().as_str())))
                })
            }
            Aspect::PublicAccessBlock => {
                let asked = s3.get_public_access_block().bucket(bucket).set_expected_bucket_owner(owner);
                let about = question("s3:GetBucketPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration");
                self.ask(bucket, about, asked.send(), |told| {
                    whole(told.public_access_block_configuration().map(|block| {
                        json!({
                            "BlockPublicAcls": block.block_public_acls() == Some(true),
                            "BlockPublicPolicy": block.block_public_policy() == Some(true),
                            "IgnorePublicAcls": block.ignore_public_acls() == Some(true),
                            "RestrictPublicBuckets": block.restrict_public_buckets() == Some(true),
                        })
                    }))
                })
            }
            Aspect::Versioning => {
                let asked = s3.get_bucket_versioning().bucket(bucket).set_expected_bucket_owner(owner);
                self.ask(bucket, question("s3:GetBucketVersioning", "-"), asked.send(), |told| {
                    whole(told.status().map(|status| json!(status.as_str())))
                })
            }
            Aspect::ObjectLock => {
                let asked =
                    s3.get_object_lock_configuration().bucket(bucket).set_expected_bucket_owner(owner);
                let about =
                    question("s3:GetBucketObjectLockConfiguration", "ObjectLockConfigurationNotFoundError");
                self.ask(bucket, about, asked.send(), |told| {
                    let lock = told.object_lock_configuration().and_then(|lock| lock.object_lock_enabled());
                    whole(lock.map(|enabled| json!(enabled.as_str())))
                })
            }
            Aspect::Encryption => {
                let asked = s3.get_bucket_encryption().bucket(bucket).set_expected_bucket_owner(owner);
                let about = question(
                    "s3:GetEncryptionConfiguration",
                    "ServerSideEncryptionConfigurationNotFoundError",
                );
                self.ask(bucket, about, asked.send(), |told| {
                    let rules = told.server_side_encryption_configuration().map(|rules| rules.rules());
                    whole(rules.unwrap_or_default().first().and_then(encryption))
                })
            }
            Aspect::Lifecycle => {
                let asked =
                    s3.get_bucket_lifecycle_configuration().bucket(bucket).set_expected_bucket_owner(owner);
                let about = question("s3:GetLifecycleConfiguration", "NoSuchLifecycleConfiguration");
                self.ask(bucket, about, asked.send(), |told| {
                    let rule = |(n, rule): (usize, &LifecycleRule)| (id_of(n, rule), lifecycle::read(rule));
                    told.rules().iter().enumerate().map(rule).collect()
                })
            }
            Aspect::Tagging => {
                let asked = s3.get_bucket_tagging().bucket(bucket).set_expected_bucket_owner(owner);
                self.ask(bucket, question("s3:GetBucketTagging", "NoSuchTagSet"), asked.send(), |told| {
                    told.tag_set().iter().map(|tag| (tag.key().to_owned(), json!(tag.value()))).collect()
                })
            }
            Aspect::Policy => {
                let asked = s3.get_bucket_policy().bucket(bucket).set_expected_bucket_owner(owner);
                self.ask(bucket, question("s3:GetBucketPolicy", "NoSuchBucketPolicy"), asked.send(), |told| {
                    statements::of(told.policy().unwrap_or_default())
                })
            }
            other => Err(has_none(&about(bucket), other)),
        }
    }

    pub(super) fn create_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        let region = self.aws.config().region().map(ToString::to_string).unwrap_or_default();
        // The first region of all has no name here.
        let place = (region != "us-east-1").then(|| {
            let region = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(region).build()
        });
        let asked = self.s3.create_bucket().bucket(bucket).set_create_bucket_configuration(place);
        match self.aws.wait(asked.send()) {
            Ok(_) => Ok(()),
            // An answer that was lost: it is there, and ours.
            Err(e) if e.as_service_error().is_some_and(|e| e.is_bucket_already_owned_by_you()) => Ok(()),
            Err(e) => Err(trouble::of("s3:CreateBucket", &about(bucket), e)),
        }
    }

    pub(super) fn put(&self, bucket: &str, aspect: Aspect, parts: &Parts) -> Result<(), StoreError> {
        let (s3, owner) = (&self.s3, self.owner.clone());
        let one = parts.get("").unwrap_or(&Value::Null);
        let text = |name: &str| one[name].as_str().map(str::to_owned);
        let built = |e: BuildError| StoreError::Unfit { what: about(bucket), why: e.to_string() };
        macro_rules! send {
            ($permission:literal, $request:expr) => {{
                let sent = $request.bucket(bucket).set_expected_bucket_owner(owner).send();
                match self.aws.wait(sent) {
                    Ok(_) => Ok(()),
                    // It shows when it is asked for.
                    Err(e) if trouble::is_unsupported(&e) => Ok(()),
                    Err(e) => Err(trouble::of($permission, &about(bucket), e)),
                }
            }};
        }
        match aspect {
            Aspect::OwnershipControls => {
                let ownership = ObjectOwnership::from(one.as_str().unwrap_or_default());
                let rule =
                    OwnershipControlsRule::builder().object_ownership(ownership).build().map_err(built)?;
                let controls = OwnershipControls::builder().rules(rule).build().map_err(built)?;
                send!(
                    "s3:PutBucketOwnershipControls",
                    s3.put_bucket_ownership_controls().ownership_controls(controls)
                )
            }
            Aspect::PublicAccessBlock => {
                let set = |name: &str| one[name].as_bool().unwrap_or(true);
                let block = PublicAccessBlockConfiguration::builder()
                    .block_public_acls(set("BlockPublicAcls"))
                    .block_public_policy(set("BlockPublicPolicy"))
                    .ignore_public_acls(set("IgnorePublicAcls"))
                    .restrict_public_buckets(set("RestrictPublicBuckets"))
                    .build();
                send!(
                    "s3:PutBucketPublicAccessBlock",
                    s3.put_public_access_block().public_access_block_configuration(block)
                )
            }
            Aspect::Versioning => {
                let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
                send!("s3:PutBucketVersioning", s3.put_bucket_versioning().versioning_configuration(on))
            }
            Aspect::ObjectLock => {
                let on = ObjectLockConfiguration::builder()
                    .object_lock_enabled(ObjectLockEnabled::Enabled)
                    .build();
                send!(
                    "s3:PutBucketObjectLockConfiguration",
                    s3.put_object_lock_configuration().object_lock_configuration(on)
                )
            }
            Aspect::Encryption => {
                let algorithm = ServerSideEncryption::from(text("SSEAlgorithm").unwrap_or_default().as_str());
                let default = ServerSideEncryptionByDefault::builder()
                    .sse_algorithm(algorithm)
                    .set_kms_master_key_id(text("KMSMasterKeyID"))
                    .build()
                    .map_err(built)?;
                let rule = ServerSideEncryptionRule::builder()
                    .apply_server_side_encryption_by_default(default)
                    .set_bucket_key_enabled(one["BucketKeyEnabled"].as_bool())
                    .build();
                let rules =
                    ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(built)?;
                send!(
                    "s3:PutEncryptionConfiguration",
                    s3.put_bucket_encryption().server_side_encryption_configuration(rules)
                )
            }
            Aspect::Lifecycle => {
                let mut rules = self.rules_of_others(bucket)?;
                for (id, rule) in parts {
                    rules.push(lifecycle::write(id, rule).map_err(built)?);
                }
                let rules =
                    BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().map_err(built)?;
                send!(
                    "s3:PutLifecycleConfiguration",
                    s3.put_bucket_lifecycle_configuration().lifecycle_configuration(rules)
                )
            }
            Aspect::Tagging => {
                let mut all = self.parts_of_others(bucket, aspect)?;
                all.extend(parts.clone());
                let mut tags = Tagging::builder();
                for (key, value) in &all {
                    let value = value.as_str().unwrap_or_default();
                    tags = tags.tag_set(Tag::builder().key(key).value(value).build().map_err(built)?);
                }
                send!("s3:PutBucketTagging", s3.put_bucket_tagging().tagging(tags.build().map_err(built)?))
            }
            Aspect::Policy => match self.merged_policy(bucket, parts)? {
                Some(policy) => send!("s3:PutBucketPolicy", s3.put_bucket_policy().policy(policy)),
                None => send!("s3:DeleteBucketPolicy", s3.delete_bucket_policy()),
            },
            other => Err(has_none(&about(bucket), other)),
        }
    }

    fn parts_of_others(&self, bucket: &str, aspect: Aspect) -> Result<Parts, StoreError> {
        match self.read(bucket, aspect)? {
            Reading::Set(parts) => Ok(parts.into_iter().filter(|(name, _)| !is_ours(name)).collect()),
            Reading::Unsupported(_) => Ok(Parts::new()),
        }
    }

    /// Exactly as they are.
    fn rules_of_others(&self, bucket: &str) -> Result<Vec<LifecycleRule>, StoreError> {
        let asked = self.s3.get_bucket_lifecycle_configuration().bucket(bucket);
        match self.aws.wait(asked.set_expected_bucket_owner(self.owner.clone()).send()) {
            Ok(told) => {
                let theirs = |rule: &&LifecycleRule| !rule.id().is_some_and(is_ours);
                Ok(told.rules().iter().filter(theirs).cloned().collect())
            }
            Err(e)
                if e.as_service_error().is_some_and(|e| e.code() == Some("NoSuchLifecycleConfiguration")) =>
            {
                Ok(Vec::new())
            }
            Err(e) => Err(trouble::of("s3:GetLifecycleConfiguration", &about(bucket), e)),
        }
    }

    /// What else stands in the policy stays, and its statements stay as they are.
    fn merged_policy(&self, bucket: &str, ours: &Parts) -> Result<Option<String>, StoreError> {
        let asked = self.s3.get_bucket_policy().bucket(bucket).set_expected_bucket_owner(self.owner.clone());
        let text = match self.aws.wait(asked.send()) {
            Ok(told) => told.policy().map(str::to_owned),
            Err(e) if e.as_service_error().is_some_and(|e| e.code() == Some("NoSuchBucketPolicy")) => None,
            Err(e) => return Err(trouble::of("s3:GetBucketPolicy", &about(bucket), e)),
        };
        statements::merged(text.as_deref(), ours, &about(bucket))
    }
}

/// For people.
fn about(bucket: &str) -> String {
    format!("bucket {bucket}")
}

fn whole(value: Option<Value>) -> Parts {
    value.map(|value| (String::new(), value)).into_iter().collect()
}

fn id_of(n: usize, rule: &LifecycleRule) -> String {
    rule.id().map_or_else(|| format!("({n})"), str::to_owned)
}

fn encryption(rule: &ServerSideEncryptionRule) -> Option<Value> {
    let default = rule.apply_server_side_encryption_by_default()?;
    let algorithm = default.sse_algorithm().as_str();
    Some(match default.kms_master_key_id().filter(|_| algorithm != "AES256") {
        // Of S3's own keys it makes no difference whether the bucket has a key.
        None => json!({ "SSEAlgorithm": algorithm }),
        Some(key) => {
            let bucket_key = rule.bucket_key_enabled() == Some(true);
            json!({ "SSEAlgorithm": algorithm, "KMSMasterKeyID": key, "BucketKeyEnabled": bucket_key })
        }
    })
}
