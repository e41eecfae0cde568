//! One event (CloudTrail User Guide, *CloudTrail record contents*).

use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// RFC 3339, seconds, UTC.
    pub event_time: String,
    /// `s3.amazonaws.com`
    pub event_source: String,
    pub event_name: String,
    #[serde(default, rename = "sourceIPAddress")]
    pub source_ip_address: Option<String>,
    /// The request was refused.
    #[serde(default)]
    pub error_code: Option<String>,
    #[serde(default)]
    pub user_identity: Value,
    #[serde(default)]
    pub request_parameters: Value,
    #[serde(default)]
    pub response_elements: Value,
    #[serde(default)]
    pub resources: Option<Vec<Value>>,
    #[serde(default, rename = "eventID")]
    pub event_id: String,
}

/// What an event is to provenance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// An object was written; its version is made.
    Put,
    /// An object or a version was deleted, or a marker put in its place.
    Delete,
    /// Who may do what with a bucket or its objects, what it keeps, or what the trail logs.
    Setting,
    /// A model package was made.
    Package,
    /// Its approval status was set, among other things.
    Approval,
    /// A KMS key signed.
    Sign,
}

impl Event {
    pub fn what(&self) -> Option<What> {
        let service = self.event_source.strip_suffix(".amazonaws.com").unwrap_or(&self.event_source);
        let name = self.event_name.as_str();
        match service {
            "s3" => match name {
                "PutObject" | "CopyObject" | "CompleteMultipartUpload" => Some(What::Put),
                "DeleteObject" | "DeleteObjects" => Some(What::Delete),
                "PutObjectRetention" | "PutObjectLegalHold" | "PutObjectAcl" | "DeleteBucket"
                | "CreateBucket" => Some(What::Setting),
                // PutBucketVersioning, PutBucketPolicy, DeleteBucketLifecycle, …
                name if name.starts_with("PutBucket")
                    || name.starts_with("DeleteBucket")
                    || name.starts_with("PutObjectLockConfiguration") =>
                {
                    Some(What::Setting)
                }
                _ => None,
            },
            "sagemaker" => match name {
                "CreateModelPackage" => Some(What::Package),
                "UpdateModelPackage" | "DeleteModelPackage" => Some(What::Approval),
                _ => None,
            },
            "kms" => match name {
                "Sign" => Some(What::Sign),
                "ScheduleKeyDeletion" | "DisableKey" | "PutKeyPolicy" | "UpdateAlias" | "DeleteAlias" => {
                    Some(What::Setting)
                }
                _ => None,
            },
            "cloudtrail" => match name {
                "StopLogging" | "DeleteTrail" | "UpdateTrail" | "PutEventSelectors" => Some(What::Setting),
                _ => None,
            },
            _ => None,
        }
    }

    /// ARN of whoever asked, as far as it is told.
    pub fn who(&self) -> &str {
        let told = |name: &str| self.user_identity[name].as_str();
        told("arn").or_else(|| told("invokedBy")).or_else(|| told("principalId")).unwrap_or("?")
    }

    /// A parameter of the request that is text.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.request_parameters[name].as_str()
    }

    /// Version that the request made.
    pub fn made_version(&self) -> Option<&str> {
        self.response_elements["x-amz-version-id"].as_str()
    }

    /// ARNs of what it is about.
    pub fn arns(&self) -> impl Iterator<Item = &str> {
        let named = self.resources.iter().flatten();
        named.filter_map(|resource| resource["ARN"].as_str().or_else(|| resource["arn"].as_str()))
    }
}
