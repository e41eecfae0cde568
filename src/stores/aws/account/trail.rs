//! A trail of CloudTrail, by its name.

use super::AwsAccount;
use super::has_none;
use super::tags;
use super::trouble;
use crate::ports::StoreError;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::error::BuildError;
use aws_sdk_cloudtrail::types::DataResource;
use aws_sdk_cloudtrail::types::EventSelector;
use aws_sdk_cloudtrail::types::ReadWriteType;
use aws_sdk_cloudtrail::types::Tag;
use aws_sdk_cloudtrail::types::Trail;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

impl AwsAccount {
    pub(super) fn cloudtrail(&self) -> Result<Client, StoreError> {
        Ok(Client::new(self.config_of("CloudTrail")?))
    }

    fn trail(&self, name: &str) -> Result<Option<Trail>, StoreError> {
        match self.aws.wait(self.cloudtrail()?.get_trail().name(name).send()) {
            Ok(told) => Ok(told.trail().cloned()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_trail_not_found_exception()) => Ok(None),
            Err(e) => Err(trouble::of("cloudtrail:GetTrail", &about(name), e)),
        }
    }

    pub(super) fn find_trail(&self, name: &str) -> Result<Option<Found>, StoreError> {
        let Some(trail) = self.trail(name)? else { return Ok(None) };
        let (client, what) = (self.cloudtrail()?, about(name));
        let told = self.aws.wait(client.get_event_selectors().trail_name(name).send());
        let told = told.map_err(|e| trouble::of("cloudtrail:GetEventSelectors", &what, e))?;
        let selectors = match (told.event_selectors(), told.advanced_event_selectors().len()) {
            ([one], _) => selector(one),
            ([], 0) => Value::Null,
            // Somebody chose in another way: it is enough to see that it is another.
            ([], n) => json!({ "AdvancedEventSelectors": n }),
            (many, _) => Value::Array(many.iter().map(selector).collect()),
        };
        let told = self.aws.wait(client.get_trail_status().name(name).send());
        let told = told.map_err(|e| trouble::of("cloudtrail:GetTrailStatus", &what, e))?;
        let set = |value: Value| Reading::Set(Parts::from([(String::new(), value)]));
        let selectors = match selectors {
            Value::Null => Reading::Set(Parts::new()),
            selectors => set(selectors),
        };
        let tags = self.tags_of_trail(name, trail.trail_arn().unwrap_or_default())?;
        Ok(Some(Found::from([
            (Aspect::Delivery, set(delivery(&trail))),
            (Aspect::LogFileValidation, set(json!(trail.log_file_validation_enabled() == Some(true)))),
            (Aspect::EventSelectors, selectors),
            (Aspect::Tagging, Reading::Set(tags)),
            (Aspect::Logging, set(json!(told.is_logging() == Some(true)))),
        ])))
    }

    fn tags_of_trail(&self, name: &str, arn: &str) -> Result<Parts, StoreError> {
        let told = self.aws.wait(self.cloudtrail()?.list_tags().resource_id_list(arn).send());
        let told = told.map_err(|e| trouble::of("cloudtrail:ListTags", &about(name), e))?;
        let all = told.resource_tag_list().iter().flat_map(|resource| resource.tags_list());
        Ok(all.map(|tag| (tag.key().to_owned(), json!(tag.value().unwrap_or_default()))).collect())
    }

    pub(super) fn create_trail(
        &self,
        name: &str,
        wanted: &BTreeMap<Aspect, Parts>,
    ) -> Result<(), StoreError> {
        // AWS refuses a second one of that name; some servers replace the first.
        if self.trail(name)?.is_some() {
            return Ok(());
        }
        let one = |aspect| wanted.get(&aspect).and_then(|parts| parts.get(""));
        let bucket = one(Aspect::Delivery).and_then(|delivery| delivery["S3BucketName"].as_str());
        let asked = self
            .cloudtrail()?
            .create_trail()
            .name(name)
            .set_s3_bucket_name(bucket.map(str::to_owned))
            .is_multi_region_trail(true)
            .include_global_service_events(true)
            .enable_log_file_validation(true);
        match self.aws.wait(asked.send()) {
            Ok(_) => Ok(()),
            // An answer that was lost, or somebody who was faster.
            Err(e) if e.as_service_error().is_some_and(|e| e.is_trail_already_exists_exception()) => Ok(()),
            Err(e) => Err(trouble::of("cloudtrail:CreateTrail", &about(name), e)),
        }
    }

    pub(super) fn put_trail(&self, name: &str, aspect: Aspect, parts: &Parts) -> Result<(), StoreError> {
        let (client, one) = (self.cloudtrail()?, parts.get("").unwrap_or(&Value::Null));
        match aspect {
            Aspect::Delivery => {
                let there = self.trail(name)?;
                let prefix = there.as_ref().and_then(|trail| trail.s3_key_prefix()).unwrap_or_default();
                let asked = client
                    .update_trail()
                    .name(name)
                    .set_s3_bucket_name(one["S3BucketName"].as_str().map(str::to_owned))
                    .set_s3_key_prefix((!prefix.is_empty()).then(String::new))
                    .is_multi_region_trail(true)
                    .include_global_service_events(true);
                let done = self.aws.wait(asked.send()).map(|_| ());
                done.map_err(|e| trouble::of("cloudtrail:UpdateTrail", &about(name), e))
            }
            Aspect::LogFileValidation => {
                let asked = client.update_trail().name(name).enable_log_file_validation(true);
                let done = self.aws.wait(asked.send()).map(|_| ());
                done.map_err(|e| trouble::of("cloudtrail:UpdateTrail", &about(name), e))
            }
            Aspect::EventSelectors => {
                let built = |e: BuildError| StoreError::Unfit { what: about(name), why: e.to_string() };
                let selector = written(one).map_err(built)?;
                let asked = client.put_event_selectors().trail_name(name).event_selectors(selector);
                let done = self.aws.wait(asked.send()).map(|_| ());
                done.map_err(|e| trouble::of("cloudtrail:PutEventSelectors", &about(name), e))
            }
            Aspect::Logging => {
                let done = self.aws.wait(client.start_logging().name(name).send()).map(|_| ());
                done.map_err(|e| trouble::of("cloudtrail:StartLogging", &about(name), e))
            }
            Aspect::Tagging => self.tag_trail(name, parts),
            other => Err(has_none(&about(name), other)),
        }
    }

    fn tag_trail(&self, name: &str, wanted: &Parts) -> Result<(), StoreError> {
        let (client, trail) = (self.cloudtrail()?, self.trail(name)?);
        let arn = trail.as_ref().and_then(|trail| trail.trail_arn()).unwrap_or_default();
        let (set, gone) = tags::changes(&self.tags_of_trail(name, arn)?, wanted);
        let tag = |key: String, value: Option<String>| {
            let built = |e: BuildError| StoreError::Unfit { what: about(name), why: e.to_string() };
            Tag::builder().key(key).set_value(value).build().map_err(built)
        };
        if !gone.is_empty() {
            let gone = gone.into_iter().map(|key| tag(key, None)).collect::<Result<_, _>>()?;
            let asked = client.remove_tags().resource_id(arn).set_tags_list(Some(gone));
            let done = self.aws.wait(asked.send());
            done.map_err(|e| trouble::of("cloudtrail:RemoveTags", &about(name), e))?;
        }
        if set.is_empty() {
            return Ok(());
        }
        let set = set.into_iter().map(|(key, value)| tag(key, Some(value))).collect::<Result<_, _>>()?;
        let asked = client.add_tags().resource_id(arn).set_tags_list(Some(set));
        let done = self.aws.wait(asked.send()).map(|_| ());
        done.map_err(|e| trouble::of("cloudtrail:AddTags", &about(name), e))
    }
}

fn about(name: &str) -> String {
    format!("trail {name}")
}

fn delivery(trail: &Trail) -> Value {
    let mut delivery = json!({
        "S3BucketName": trail.s3_bucket_name(),
        "IsMultiRegionTrail": trail.is_multi_region_trail() == Some(true),
        "IncludeGlobalServiceEvents": trail.include_global_service_events() == Some(true),
    });
    if let Some(prefix) = trail.s3_key_prefix().filter(|prefix| !prefix.is_empty()) {
        delivery["S3KeyPrefix"] = json!(prefix);
    }
    delivery
}

fn selector(selector: &EventSelector) -> Value {
    let resource = |r: &DataResource| json!({ "Type": r.r#type(), "Values": r.values() });
    let mut out = json!({
        "ReadWriteType": selector.read_write_type().map_or("All", |kind| kind.as_str()),
        "IncludeManagementEvents": selector.include_management_events() != Some(false),
        "DataResources": selector.data_resources().iter().map(resource).collect::<Vec<_>>(),
    });
    let excluded = selector.exclude_management_event_sources();
    if !excluded.is_empty() {
        out["ExcludeManagementEventSources"] = json!(excluded);
    }
    out
}

fn written(value: &Value) -> Result<EventSelector, BuildError> {
    let mut out = EventSelector::builder()
        .read_write_type(ReadWriteType::from(value["ReadWriteType"].as_str().unwrap_or("All")))
        .include_management_events(value["IncludeManagementEvents"] != false);
    for resource in value["DataResources"].as_array().into_iter().flatten() {
        let values = resource["Values"].as_array().into_iter().flatten();
        let values = values.filter_map(|value| value.as_str().map(str::to_owned)).collect();
        let kind = resource["Type"].as_str().unwrap_or_default();
        out = out.data_resources(DataResource::builder().r#type(kind).set_values(Some(values)).build());
    }
    Ok(out.build())
}
