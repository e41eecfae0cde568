//! A managed policy of IAM, by its ARN. It has versions, of which one counts.

use super::AwsAccount;
use super::has_none;
use super::tags;
use super::trouble;
use crate::ports::StoreError;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::BuildError;
use aws_sdk_iam::types::Policy;
use aws_sdk_iam::types::Tag;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// IAM keeps no more versions of a policy.
const VERSIONS: usize = 5;

impl AwsAccount {
    pub(super) fn iam(&self) -> Result<Client, StoreError> {
        Ok(Client::new(self.config_of("IAM")?))
    }

    pub(super) fn policy(&self, arn: &str) -> Result<Option<Policy>, StoreError> {
        match self.aws.wait(self.iam()?.get_policy().policy_arn(arn).send()) {
            Ok(told) => Ok(told.policy().cloned()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_entity_exception()) => Ok(None),
            Err(e) => Err(trouble::of("iam:GetPolicy", &about(arn), e)),
        }
    }

    /// Of the version that counts.
    fn document(&self, arn: &str, policy: &Policy) -> Result<Value, StoreError> {
        let version = policy.default_version_id().unwrap_or_default();
        let asked = self.iam()?.get_policy_version().policy_arn(arn).version_id(version);
        let told = self.aws.wait(asked.send());
        let told = told.map_err(|e| trouble::of("iam:GetPolicyVersion", &about(arn), e))?;
        let text = told.policy_version().and_then(|version| version.document()).unwrap_or_default();
        // What is no JSON is no document of ours, and so another.
        Ok(serde_json::from_str(&decoded(text)).unwrap_or_else(|_| json!(text)))
    }

    pub(super) fn find_policy(&self, arn: &str) -> Result<Option<Found>, StoreError> {
        let Some(policy) = self.policy(arn)? else { return Ok(None) };
        let document = Parts::from([(String::new(), self.document(arn, &policy)?)]);
        Ok(Some(Found::from([
            (Aspect::Document, Reading::Set(document)),
            (Aspect::Tagging, Reading::Set(tags_of(&policy))),
        ])))
    }

    pub(super) fn create_policy(
        &self,
        arn: &str,
        wanted: &BTreeMap<Aspect, Parts>,
    ) -> Result<(), StoreError> {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let document = wanted.get(&Aspect::Document).and_then(|parts| parts.get(""));
        let asked = self
            .iam()?
            .create_policy()
            .policy_name(name)
            .description("made by mlprov infra; attach it where it is needed")
            .policy_document(document.unwrap_or(&Value::Null).to_string());
        match self.aws.wait(asked.send()) {
            Ok(_) => Ok(()),
            // An answer that was lost, or somebody who was faster.
            Err(e) if e.as_service_error().is_some_and(|e| e.is_entity_already_exists_exception()) => Ok(()),
            Err(e) => Err(trouble::of("iam:CreatePolicy", &about(arn), e)),
        }
    }

    pub(super) fn put_policy(&self, arn: &str, aspect: Aspect, parts: &Parts) -> Result<(), StoreError> {
        match aspect {
            Aspect::Document => self.put_document(arn, parts.get("").unwrap_or(&Value::Null)),
            Aspect::Tagging => self.tag_policy(arn, parts),
            other => Err(has_none(&about(arn), other)),
        }
    }

    fn has_document(&self, arn: &str, wanted: &Value) -> Result<bool, StoreError> {
        match self.policy(arn)? {
            Some(policy) => Ok(self.document(arn, &policy)? == *wanted),
            None => Ok(false),
        }
    }

    /// Another version, which counts from then on.
    fn put_document(&self, arn: &str, wanted: &Value) -> Result<(), StoreError> {
        // Just made with it, or an answer that was lost: each time would take a version.
        if self.has_document(arn, wanted)? {
            return Ok(());
        }
        self.make_room(arn)?;
        let asked = self.iam()?.create_policy_version().policy_arn(arn);
        let asked = asked.policy_document(wanted.to_string()).set_as_default(true);
        match self.aws.wait(asked.send()) {
            Ok(_) => Ok(()),
            Err(_) if self.has_document(arn, wanted).unwrap_or(false) => Ok(()),
            Err(e) => Err(trouble::of("iam:CreatePolicyVersion", &about(arn), e)),
        }
    }

    /// The oldest version that does not count goes.
    fn make_room(&self, arn: &str) -> Result<(), StoreError> {
        let told = self.aws.wait(self.iam()?.list_policy_versions().policy_arn(arn).send());
        let told = told.map_err(|e| trouble::of("iam:ListPolicyVersions", &about(arn), e))?;
        let number = |id: &str| id.trim_start_matches('v').parse::<u64>().unwrap_or(u64::MAX);
        let old = told.versions().iter().filter(|version| !version.is_default_version());
        let oldest = old.filter_map(|version| version.version_id()).min_by_key(|id| number(id));
        let Some(oldest) = oldest.filter(|_| told.versions().len() >= VERSIONS) else { return Ok(()) };
        let asked = self.iam()?.delete_policy_version().policy_arn(arn).version_id(oldest);
        let done = self.aws.wait(asked.send()).map(|_| ());
        done.map_err(|e| trouble::of("iam:DeletePolicyVersion", &about(arn), e))
    }

    fn tag_policy(&self, arn: &str, wanted: &Parts) -> Result<(), StoreError> {
        let found = self.policy(arn)?.as_ref().map(tags_of).unwrap_or_default();
        let (set, gone) = tags::changes(&found, wanted);
        if !gone.is_empty() {
            let asked = self.iam()?.untag_policy().policy_arn(arn).set_tag_keys(Some(gone));
            let done = self.aws.wait(asked.send());
            done.map_err(|e| trouble::of("iam:UntagPolicy", &about(arn), e))?;
        }
        if set.is_empty() {
            return Ok(());
        }
        let built = |e: BuildError| StoreError::Unfit { what: about(arn), why: e.to_string() };
        let mut asked = self.iam()?.tag_policy().policy_arn(arn);
        for (key, value) in set {
            asked = asked.tags(Tag::builder().key(key).value(value).build().map_err(built)?);
        }
        let done = self.aws.wait(asked.send()).map(|_| ());
        done.map_err(|e| trouble::of("iam:TagPolicy", &about(arn), e))
    }
}

fn about(arn: &str) -> String {
    format!("IAM policy {arn}")
}

fn tags_of(policy: &Policy) -> Parts {
    policy.tags().iter().map(|tag| (tag.key().to_owned(), json!(tag.value()))).collect()
}

/// IAM gives documents in percent-encoding (RFC 3986).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let digits = more.get(..2).filter(|_| *first == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        match digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        assert_eq!(decoded("%7B%22a%22%3A%20%22%C3%B6%22%7D"), "{\"a\": \"ö\"}");
        assert_eq!(decoded("{\"a\": \"100%\"} %zz %4"), "{\"a\": \"100%\"} %zz %4");
    }
}
