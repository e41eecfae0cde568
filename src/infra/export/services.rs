//! What is not a bucket, in the words of the other tools.

use super::policy_document;
use crate::infra::description::Resource;
use crate::ports::account::Aspect;
use crate::ports::account::Kind;
use crate::ports::account::Parts;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

fn one(resource: &Resource, aspect: Aspect) -> Value {
    resource.aspects.get(&aspect).and_then(|parts| parts.get("")).cloned().unwrap_or_default()
}

fn parts(resource: &Resource, aspect: Aspect) -> Parts {
    resource.aspects.get(&aspect).cloned().unwrap_or_default()
}

/// The last part of a policy's ARN: `mlprov-shop-reader`.
fn policy_name(resource: &Resource) -> &str {
    resource.name.name.rsplit('/').next().unwrap_or_default()
}

/// The last word of it: `reader`.
fn role(resource: &Resource) -> &str {
    policy_name(resource).rsplit('-').next().unwrap_or_default()
}

/// `bucket`: what the trail's bucket is called there.
pub fn cloudformation(resource: &Resource, bucket: &str, out: &mut Map<String, Value>) {
    let tag = |(key, value): (String, Value)| json!({ "Key": key, "Value": value });
    let tags = || parts(resource, Aspect::Tagging).into_iter().map(tag).collect::<Vec<_>>();
    let retained = |kind: &str, properties: Value| json!({ "Type": kind, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": properties });
    let name = &resource.name.name;
    match resource.name.kind {
        Kind::Bucket => {}
        Kind::Key => {
            let key = json!({
                "Description": "signs the checkpoints of an mlprov ledger",
                "KeySpec": "ECC_NIST_EDWARDS25519",
                "KeyUsage": "SIGN_VERIFY",
                "KeyPolicy": key_policy(resource),
                "Tags": tags(),
            });
            out.insert("LogKey".into(), retained("AWS::KMS::Key", key));
            let alias = json!({ "AliasName": name, "TargetKeyId": { "Ref": "LogKey" } });
            out.insert("LogKeyAlias".into(), json!({ "Type": "AWS::KMS::Alias", "Properties": alias }));
        }
        Kind::ModelPackageGroup => {
            let group = json!({
                "ModelPackageGroupName": name,
                "ModelPackageGroupDescription": one(resource, Aspect::Description),
                "Tags": tags(),
            });
            out.insert("Models".into(), retained("AWS::SageMaker::ModelPackageGroup", group));
        }
        Kind::Trail => {
            let delivery = one(resource, Aspect::Delivery);
            let trail = json!({
                "TrailName": name,
                "S3BucketName": { "Ref": bucket },
                "IsMultiRegionTrail": delivery["IsMultiRegionTrail"],
                "IncludeGlobalServiceEvents": delivery["IncludeGlobalServiceEvents"],
                "EnableLogFileValidation": one(resource, Aspect::LogFileValidation),
                "EventSelectors": [one(resource, Aspect::EventSelectors)],
                "IsLogging": one(resource, Aspect::Logging),
                "Tags": tags(),
            });
            let mut trail = retained("AWS::CloudTrail::Trail", trail);
            // CloudTrail tries the bucket when the trail is made.
            trail["DependsOn"] = json!(format!("{bucket}Policy"));
            out.insert("Trail".into(), trail);
        }
        Kind::Repository => {
            let code = json!({ "RepositoryName": name });
            out.insert("Code".into(), retained("AWS::CodeCommit::Repository", code));
        }
        Kind::ManagedPolicy => {
            let policy = json!({
                "ManagedPolicyName": policy_name(resource),
                "Description": "made by mlprov infra; attach it where it is needed",
                "PolicyDocument": one(resource, Aspect::Document),
            });
            let id = super::capital(role(resource));
            out.insert(id, retained("AWS::IAM::ManagedPolicy", policy));
        }
    }
}

fn key_policy(resource: &Resource) -> Value {
    let policy = parts(resource, Aspect::Policy);
    if policy.is_empty() {
        let root = json!({ "AWS": { "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" } });
        let statement =
            json!({ "Sid": "Iam", "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*" });
        return json!({ "Version": "2012-10-17", "Statement": [statement] });
    }
    policy_document(policy)
}

/// `bucket`: what the trail's bucket is called there. `add`: kind, name and properties of a resource.
pub fn terraform(resource: &Resource, bucket: &str, mut add: impl FnMut(&str, &str, Value)) {
    let (name, tags) = (&resource.name.name, || parts(resource, Aspect::Tagging));
    match resource.name.kind {
        Kind::Bucket => {}
        Kind::Key => {
            let mut key = json!({
                "description": "signs the checkpoints of an mlprov ledger",
                "customer_master_key_spec": "ECC_NIST_EDWARDS25519",
                "key_usage": "SIGN_VERIFY",
                "tags": tags(),
                "lifecycle": { "prevent_destroy": true },
            });
            let policy = parts(resource, Aspect::Policy);
            if !policy.is_empty() {
                key["policy"] = json!(policy_document(policy).to_string());
            }
            add("aws_kms_key", "log", key);
            let alias = json!({ "name": name, "target_key_id": "${aws_kms_key.log.key_id}" });
            add("aws_kms_alias", "log", alias);
        }
        Kind::ModelPackageGroup => {
            let group = json!({
                "model_package_group_name": name,
                "model_package_group_description": one(resource, Aspect::Description),
                "tags": tags(),
            });
            add("aws_sagemaker_model_package_group", "models", group);
        }
        Kind::Trail => {
            let (delivery, selectors) =
                (one(resource, Aspect::Delivery), one(resource, Aspect::EventSelectors));
            let data = |data: &Value| json!({ "type": data["Type"], "values": data["Values"] });
            let selector = json!({
                "read_write_type": selectors["ReadWriteType"],
                "include_management_events": selectors["IncludeManagementEvents"],
                "data_resource": selectors["DataResources"].as_array().into_iter().flatten().map(data).collect::<Vec<_>>(),
            });
            let trail = json!({
                "name": name,
                "s3_bucket_name": format!("${{aws_s3_bucket.{bucket}.id}}"),
                "is_multi_region_trail": delivery["IsMultiRegionTrail"],
                "include_global_service_events": delivery["IncludeGlobalServiceEvents"],
                "enable_log_file_validation": one(resource, Aspect::LogFileValidation),
                "enable_logging": one(resource, Aspect::Logging),
                "event_selector": [selector],
                "tags": tags(),
                // CloudTrail tries the bucket when the trail is made.
                "depends_on": [format!("aws_s3_bucket_policy.{bucket}")],
            });
            add("aws_cloudtrail", "trail", trail);
        }
        Kind::Repository => add("aws_codecommit_repository", "code", json!({ "repository_name": name })),
        Kind::ManagedPolicy => {
            let document = one(resource, Aspect::Document).to_string();
            let policy = json!({ "name": policy_name(resource), "policy": document, "tags": tags() });
            add("aws_iam_policy", role(resource), policy);
        }
    }
}
