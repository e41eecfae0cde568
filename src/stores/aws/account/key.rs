//! The log's key, found by its alias.

use super::AwsAccount;
use super::statements;
use super::trouble;
use crate::ports::StoreError;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use crate::stores::aws::kms::about;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::error::BuildError;
use aws_sdk_kms::types::KeySpec;
use aws_sdk_kms::types::KeyState;
use aws_sdk_kms::types::KeyUsageType;
use aws_sdk_kms::types::Tag;
use serde_json::json;
use std::collections::BTreeMap;

impl AwsAccount {
    pub(super) fn kms(&self) -> Result<aws_sdk_kms::Client, StoreError> {
        Ok(aws_sdk_kms::Client::new(self.config_of("KMS")?))
    }

    /// A key that cannot sign checkpoints is an error: what is there is not replaced.
    pub(super) fn find_key(&self, alias: &str) -> Result<Option<Found>, StoreError> {
        let told = match self.aws.wait(self.kms()?.describe_key().key_id(alias).send()) {
            Ok(told) => told,
            Err(e) if e.as_service_error().is_some_and(|e| e.is_not_found_exception()) => return Ok(None),
            Err(e) => return Err(trouble::of("kms:DescribeKey", &about(alias), e)),
        };
        let unfit = |why: String| Err(StoreError::Unfit { what: about(alias), why });
        let Some(key) = told.key_metadata() else {
            return unfit("the answer does not describe it".to_owned());
        };
        match (key.key_spec(), key.key_state()) {
            (Some(KeySpec::EccNistEdwards25519), Some(KeyState::Enabled)) => {
                let policy = statements::of(&self.key_policy(alias, key.key_id())?);
                let tags = self.key_tags(alias, key.key_id())?;
                Ok(Some(Found::from([
                    (Aspect::Policy, Reading::Set(policy)),
                    (Aspect::Tagging, Reading::Set(tags)),
                ])))
            }
            (Some(KeySpec::EccNistEdwards25519), state) => {
                unfit(format!("it is {}", state.map_or("not usable", |state| state.as_str())))
            }
            (spec, _) => {
                let spec = spec.map_or("another kind", |spec| spec.as_str());
                unfit(format!("it is {spec}, and checkpoints are signed by ECC_NIST_EDWARDS25519"))
            }
        }
    }

    pub(super) fn key_tags(&self, alias: &str, id: &str) -> Result<Parts, StoreError> {
        let told = self.aws.wait(self.kms()?.list_resource_tags().key_id(id).send());
        let told = told.map_err(|e| trouble::of("kms:ListResourceTags", &about(alias), e))?;
        Ok(told.tags().iter().map(|tag| (tag.tag_key().to_owned(), json!(tag.tag_value()))).collect())
    }

    /// A key has one policy, of this name. KMS takes no alias here.
    fn key_policy(&self, alias: &str, id: &str) -> Result<String, StoreError> {
        let told = self.aws.wait(self.kms()?.get_key_policy().key_id(id).policy_name("default").send());
        let told = told.map_err(|e| trouble::of("kms:GetKeyPolicy", &about(alias), e))?;
        Ok(told.policy().unwrap_or_default().to_owned())
    }

    pub(super) fn put_key_policy(&self, alias: &str, ours: &Parts) -> Result<(), StoreError> {
        let told = self.aws.wait(self.kms()?.describe_key().key_id(alias).send());
        let told = told.map_err(|e| trouble::of("kms:DescribeKey", &about(alias), e))?;
        let id = told.key_metadata().map(|key| key.key_id()).unwrap_or_default();
        let there = Some(self.key_policy(alias, id)?).filter(|text| !text.is_empty());
        let policy = statements::merged(there.as_deref(), ours, &about(alias))?;
        let asked = self.kms()?.put_key_policy().key_id(id).policy_name("default").set_policy(policy);
        let done = self.aws.wait(asked.send()).map(|_| ());
        done.map_err(|e| trouble::of("kms:PutKeyPolicy", &about(alias), e))
    }

    /// Without a policy that is wanted KMS gives it one by itself, by which IAM says who may use it.
    pub(super) fn create_key(&self, alias: &str, wanted: &BTreeMap<Aspect, Parts>) -> Result<(), StoreError> {
        let policy = wanted.get(&Aspect::Policy);
        let policy = policy.map(|ours| statements::merged(None, ours, &about(alias))).transpose()?.flatten();
        let built = |e: BuildError| StoreError::Unfit { what: about(alias), why: e.to_string() };
        let mut tags = Vec::new();
        for (key, value) in wanted.get(&Aspect::Tagging).into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            tags.push(Tag::builder().tag_key(key).tag_value(value).build().map_err(built)?);
        }
        let asked = self
            .kms()?
            .create_key()
            .key_spec(KeySpec::EccNistEdwards25519)
            .key_usage(KeyUsageType::SignVerify)
            .description("signs the checkpoints of an mlprov ledger")
            .set_policy(policy)
            .set_tags(Some(tags));
        // Not asked twice: each time would make a key.
        let once = aws_sdk_kms::config::Config::builder().retry_config(RetryConfig::disabled());
        let made = self.aws.wait(asked.customize().config_override(once).send());
        let made = made.map_err(|e| trouble::of("kms:CreateKey", &about(alias), e))?;
        let id = made.key_metadata().map(|key| key.key_id().to_owned()).unwrap_or_default();
        let named = self.aws.wait(self.kms()?.create_alias().alias_name(alias).target_key_id(&id).send());
        match named {
            Ok(_) => Ok(()),
            // Of an answer that was lost, or of somebody who was faster.
            Err(e) if e.as_service_error().is_some_and(|e| e.is_already_exists_exception()) => Ok(()),
            Err(e) => Err(trouble::of("kms:CreateAlias", &format!("{} (made as {id})", about(alias)), e)),
        }
    }
}
