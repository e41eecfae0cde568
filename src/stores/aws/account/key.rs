//! The log's key, found by its alias.

use super::AwsAccount;
use super::trouble;
use crate::ports::StoreError;
use crate::ports::account::Found;
use crate::stores::aws::kms::about;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::error::BuildError;
use aws_sdk_kms::types::KeySpec;
use aws_sdk_kms::types::KeyState;
use aws_sdk_kms::types::KeyUsageType;
use aws_sdk_kms::types::Tag;

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
            (Some(KeySpec::EccNistEdwards25519), Some(KeyState::Enabled)) => Ok(Some(Found::new())),
            (Some(KeySpec::EccNistEdwards25519), state) => {
                unfit(format!("it is {}", state.map_or("not usable", |state| state.as_str())))
            }
            (spec, _) => {
                let spec = spec.map_or("another kind", |spec| spec.as_str());
                unfit(format!("it is {spec}, and checkpoints are signed by ECC_NIST_EDWARDS25519"))
            }
        }
    }

    /// The policy that KMS gives a key by itself: who may use it, IAM says (`infra show --policy publisher`).
    pub(super) fn create_key(&self, alias: &str) -> Result<(), StoreError> {
        let built = |e: BuildError| StoreError::Unfit { what: about(alias), why: e.to_string() };
        let tag = Tag::builder().tag_key("mlprov:managed-by").tag_value("mlprov").build().map_err(built)?;
        let asked = self
            .kms()?
            .create_key()
            .key_spec(KeySpec::EccNistEdwards25519)
            .key_usage(KeyUsageType::SignVerify)
            .description("signs the checkpoints of an mlprov ledger")
            .tags(tag);
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
