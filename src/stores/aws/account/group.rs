//! A group of model packages, by its name.

use super::AwsAccount;
use super::tags;
use super::trouble;
use crate::ports::StoreError;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::error::ProvideErrorMetadata;
use aws_sdk_sagemaker::error::SdkError;
use aws_sdk_sagemaker::types::Tag;
use serde_json::json;
use std::collections::BTreeMap;

impl AwsAccount {
    pub(super) fn sagemaker(&self) -> Client {
        Client::new(self.aws.config())
    }

    pub(super) fn find_group(&self, group: &str) -> Result<Option<Found>, StoreError> {
        let asked = self.sagemaker().describe_model_package_group().model_package_group_name(group);
        let told = match self.aws.wait(asked.send()) {
            Ok(told) => told,
            Err(e) if is_absent(&e) => return Ok(None),
            Err(e) => return Err(trouble::of("sagemaker:DescribeModelPackageGroup", &about(group), e)),
        };
        let description = told.model_package_group_description().unwrap_or_default();
        let description = Parts::from([(String::new(), json!(description))]);
        let tags = self.tags_of_group(group, told.model_package_group_arn().unwrap_or_default())?;
        Ok(Some(Found::from([
            (Aspect::Description, Reading::Set(description)),
            (Aspect::Tagging, Reading::Set(tags)),
        ])))
    }

    /// A resource has 50 tags at most, which is a page.
    fn tags_of_group(&self, group: &str, arn: &str) -> Result<Parts, StoreError> {
        let asked = self.sagemaker().list_tags().resource_arn(arn).max_results(50);
        let told = self.aws.wait(asked.send());
        let told = told.map_err(|e| trouble::of("sagemaker:ListTags", &about(group), e))?;
        let tag = |tag: &Tag| Some((tag.key()?.to_owned(), json!(tag.value()?)));
        Ok(told.tags().iter().filter_map(tag).collect())
    }

    pub(super) fn create_group(
        &self,
        group: &str,
        wanted: &BTreeMap<Aspect, Parts>,
    ) -> Result<(), StoreError> {
        // AWS refuses a second one of that name; some servers replace the first.
        if self.find_group(group)?.is_some() {
            return Ok(());
        }
        let description = wanted.get(&Aspect::Description).and_then(|parts| parts.get("")?.as_str());
        let asked = self.sagemaker().create_model_package_group().model_package_group_name(group);
        let asked = asked.set_model_package_group_description(description.map(str::to_owned));
        match self.aws.wait(asked.send()) {
            Ok(_) => Ok(()),
            // An answer that was lost, or somebody who was faster.
            Err(e) => match self.find_group(group) {
                Ok(Some(_)) => Ok(()),
                // What the first one said is what is to be done about.
                Ok(None) | Err(_) => Err(trouble::of("sagemaker:CreateModelPackageGroup", &about(group), e)),
            },
        }
    }

    pub(super) fn tag_group(&self, group: &str, wanted: &Parts) -> Result<(), StoreError> {
        let asked = self.sagemaker().describe_model_package_group().model_package_group_name(group);
        let told = self.aws.wait(asked.send());
        let told = told.map_err(|e| trouble::of("sagemaker:DescribeModelPackageGroup", &about(group), e))?;
        let arn = told.model_package_group_arn().unwrap_or_default();
        let (set, gone) = tags::changes(&self.tags_of_group(group, arn)?, wanted);
        if !gone.is_empty() {
            let asked = self.sagemaker().delete_tags().resource_arn(arn).set_tag_keys(Some(gone));
            let done = self.aws.wait(asked.send());
            done.map_err(|e| trouble::of("sagemaker:DeleteTags", &about(group), e))?;
        }
        if set.is_empty() {
            return Ok(());
        }
        let tags = set.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let asked = self.sagemaker().add_tags().resource_arn(arn).set_tags(Some(tags.collect()));
        let done = self.aws.wait(asked.send());
        done.map(|_| ()).map_err(|e| trouble::of("sagemaker:AddTags", &about(group), e))
    }
}

fn about(group: &str) -> String {
    format!("model package group {group}")
}

/// SageMaker has no error of its own for what is not there: 400 ValidationException, and a text.
fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let SdkError::ServiceError(answer) = error else { return false };
    let message = answer.err().message().unwrap_or_default().to_lowercase();
    answer.raw().status().as_u16() < 500
        && answer.err().code() != Some("AccessDeniedException")
        && ["does not exist", "not found", "could not find"].iter().any(|text| message.contains(text))
}
