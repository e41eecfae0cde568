//! The same infrastructure for teams that apply it with tools of their own.

mod services;

use super::description::Description;
use super::description::Resource;
use crate::ports::account::Aspect;
use crate::ports::account::Kind;
use crate::ports::account::Parts;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// JSON, as Terraform and OpenTofu read it from `main.tf.json`.
    Terraform,
    /// JSON.
    CloudFormation,
    /// A program in Python, `__main__.py`.
    Pulumi,
}

pub fn text(description: &Description, format: Format) -> String {
    match format {
        Format::Terraform => format!("{:#}\n", terraform(description)),
        Format::CloudFormation => format!("{:#}\n", cloudformation(description)),
        Format::Pulumi => pulumi(description),
    }
}

/// What the properties of a bucket are in every tool.
struct Bucket<'a> {
    resource: &'a Resource,
    /// What it is called in the tool's own text.
    id: String,
}

impl Bucket<'_> {
    fn parts(&self, aspect: Aspect) -> Parts {
        self.resource.aspects.get(&aspect).cloned().unwrap_or_default()
    }

    fn one(&self, aspect: Aspect) -> Value {
        self.parts(aspect).remove("").unwrap_or_default()
    }

    fn name(&self) -> &str {
        &self.resource.name.name
    }

    fn has_lock(&self) -> bool {
        self.resource.aspects.contains_key(&Aspect::ObjectLock)
    }

    fn policy(&self) -> Value {
        policy_document(self.parts(Aspect::Policy))
    }
}

fn policy_document(statements: Parts) -> Value {
    let named = |(sid, mut statement): (String, Value)| {
        statement["Sid"] = json!(sid);
        statement
    };
    let statements: Vec<Value> = statements.into_iter().map(named).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn buckets(resources: &[Resource]) -> Vec<Bucket<'_>> {
    let buckets = resources.iter().filter(|r| r.name.kind == Kind::Bucket).enumerate();
    let id = |n: usize| if n == 0 { "bucket".to_owned() } else { format!("bucket{}", n + 1) };
    buckets.map(|(n, resource)| Bucket { resource, id: id(n) }).collect()
}

/// What the bucket of the trail is called.
fn trail_bucket(description: &Description, buckets: &[Bucket<'_>]) -> String {
    let name = description.trail.as_ref().map(|trail| trail.bucket.as_str());
    buckets.iter().find(|b| Some(b.name()) == name).map(|b| b.id.clone()).unwrap_or_default()
}

fn cloudformation(description: &Description) -> Value {
    let resources = description.resources();
    let buckets = buckets(&resources);
    let mut out = Map::new();
    let retained = |kind: &str, properties: Value| json!({ "Type": kind, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": properties });
    let tag = |(key, value): (String, Value)| json!({ "Key": key, "Value": value });
    for bucket in &buckets {
        let rule = |(id, rule): (String, Value)| {
            let mut out = json!({ "Id": id, "Status": rule["Status"] });
            if rule["Prefix"] != "" {
                out["Prefix"] = rule["Prefix"].clone();
            }
            if let Some(days) = rule.get("AbortIncompleteMultipartUpload") {
                out["AbortIncompleteMultipartUpload"] = json!({ "DaysAfterInitiation": days });
            }
            if let Some(days) = rule.get("NoncurrentVersionExpiration") {
                out["NoncurrentVersionExpiration"] = json!({ "NoncurrentDays": days });
            }
            out
        };
        let encryption = bucket.one(Aspect::Encryption);
        let mut default = json!({ "SSEAlgorithm": encryption["SSEAlgorithm"] });
        let mut encryption_rule = json!({});
        if let Some(key) = encryption.get("KMSMasterKeyID") {
            default["KMSMasterKeyID"] = key.clone();
            encryption_rule["BucketKeyEnabled"] = json!(true);
        }
        encryption_rule["ServerSideEncryptionByDefault"] = default;
        let mut properties = json!({
            "BucketName": bucket.name(),
            "BucketEncryption": { "ServerSideEncryptionConfiguration": [encryption_rule] },
            "LifecycleConfiguration": { "Rules": bucket.parts(Aspect::Lifecycle).into_iter().map(rule).collect::<Vec<_>>() },
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": bucket.one(Aspect::OwnershipControls) }] },
            "PublicAccessBlockConfiguration": bucket.one(Aspect::PublicAccessBlock),
            "Tags": bucket.parts(Aspect::Tagging).into_iter().map(tag).collect::<Vec<_>>(),
            "VersioningConfiguration": { "Status": bucket.one(Aspect::Versioning) },
        });
        if bucket.has_lock() {
            properties["ObjectLockEnabled"] = json!(true);
        }
        let id = bucket.id.replacen('b', "B", 1);
        let policy = json!({ "Bucket": { "Ref": id }, "PolicyDocument": bucket.policy() });
        out.insert(format!("{id}Policy"), retained("AWS::S3::BucketPolicy", policy));
        out.insert(id, retained("AWS::S3::Bucket", properties));
    }
    let trail = trail_bucket(description, &buckets).replacen('b', "B", 1);
    for resource in &resources {
        services::cloudformation(resource, &trail, &mut out);
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "What an mlprov project lies in (mlprov infra export)",
        "Resources": out,
    })
}

fn terraform(description: &Description) -> Value {
    let resources = description.resources();
    let buckets = buckets(&resources);
    let mut out: Map<String, Value> = Map::new();
    let mut add = |kind: &str, id: &str, properties: Value| {
        let of_kind = out.entry(kind).or_insert_with(|| json!({}));
        of_kind[id] = properties;
    };
    for bucket in &buckets {
        let (id, name) = (&bucket.id, format!("${{aws_s3_bucket.{}.id}}", bucket.id));
        let mut itself = json!({
            "bucket": bucket.name(),
            "tags": bucket.parts(Aspect::Tagging),
            "lifecycle": { "prevent_destroy": true },
        });
        if bucket.has_lock() {
            itself["object_lock_enabled"] = json!(true);
        }
        add("aws_s3_bucket", id, itself);
        let ownership = json!({ "object_ownership": bucket.one(Aspect::OwnershipControls) });
        add("aws_s3_bucket_ownership_controls", id, json!({ "bucket": name, "rule": [ownership] }));
        let block = bucket.one(Aspect::PublicAccessBlock);
        let block = json!({
            "bucket": name,
            "block_public_acls": block["BlockPublicAcls"],
            "block_public_policy": block["BlockPublicPolicy"],
            "ignore_public_acls": block["IgnorePublicAcls"],
            "restrict_public_buckets": block["RestrictPublicBuckets"],
        });
        add("aws_s3_bucket_public_access_block", id, block);
        let status = json!({ "status": bucket.one(Aspect::Versioning) });
        add("aws_s3_bucket_versioning", id, json!({ "bucket": name, "versioning_configuration": [status] }));
        let encryption = bucket.one(Aspect::Encryption);
        let mut default = json!({ "sse_algorithm": encryption["SSEAlgorithm"] });
        let mut rule = json!({});
        if let Some(key) = encryption.get("KMSMasterKeyID") {
            default["kms_master_key_id"] = key.clone();
            rule["bucket_key_enabled"] = json!(true);
        }
        rule["apply_server_side_encryption_by_default"] = json!([default]);
        let rules = json!({ "bucket": name, "rule": [rule] });
        add("aws_s3_bucket_server_side_encryption_configuration", id, rules);
        let rule = |(id, rule): (String, Value)| {
            let filter = json!({ "prefix": rule["Prefix"] });
            let mut out = json!({ "id": id, "status": rule["Status"], "filter": [filter] });
            if let Some(days) = rule.get("AbortIncompleteMultipartUpload") {
                out["abort_incomplete_multipart_upload"] = json!([{ "days_after_initiation": days }]);
            }
            if let Some(days) = rule.get("NoncurrentVersionExpiration") {
                out["noncurrent_version_expiration"] = json!([{ "noncurrent_days": days }]);
            }
            out
        };
        let rules: Vec<Value> = bucket.parts(Aspect::Lifecycle).into_iter().map(rule).collect();
        add("aws_s3_bucket_lifecycle_configuration", id, json!({ "bucket": name, "rule": rules }));
        let policy = json!({ "bucket": name, "policy": bucket.policy().to_string() });
        add("aws_s3_bucket_policy", id, policy);
    }
    let trail = trail_bucket(description, &buckets);
    for resource in &resources {
        services::terraform(resource, &trail, &mut add);
    }
    json!({
        "terraform": { "required_providers": { "aws": { "source": "hashicorp/aws", "version": ">= 6.0" } } },
        "resource": out,
    })
}

/// Each resource of the Terraform provider has its twin in Pulumi's, under the same name in camel case.
fn pulumi(description: &Description) -> String {
    let terraform = terraform(description);
    let mut out = String::from(
        "\"\"\"What an mlprov project lies in (mlprov infra export).\"\"\"\n\nimport pulumi\nimport pulumi_aws as aws\n",
    );
    // What others name comes first, and what names others last.
    let order = |kind: &str| match kind {
        "aws_s3_bucket" | "aws_kms_key" => 0,
        "aws_cloudtrail" => 2,
        _ => 1,
    };
    let mut all: Vec<_> = terraform["resource"].as_object().into_iter().flatten().collect();
    all.sort_by_key(|(kind, _)| order(kind));
    for (kind, resources) in all {
        for (id, properties) in resources.as_object().into_iter().flatten() {
            let short = kind.trim_start_matches("aws_");
            // The one resource that is called as its service is.
            let (module, name) = short.split_once('_').unwrap_or((short, "trail"));
            let class: String = name.split('_').map(capital).collect();
            let variable = variable_of(&format!("{kind}.{id}"));
            out.push_str(&format!(
                "\n{variable} = aws.{module}.{class}(\n    {:?},\n",
                variable.replace('_', "-")
            ));
            let mut options: Vec<String> = Vec::new();
            for (field, value) in properties.as_object().into_iter().flatten() {
                match field.as_str() {
                    "lifecycle" => options.push("protect=True".to_owned()),
                    "depends_on" => {
                        let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                        let names: Vec<String> = names.map(variable_of).collect();
                        options.push(format!("depends_on=[{}]", names.join(", ")));
                    }
                    _ => {}
                }
                if matches!(field.as_str(), "lifecycle" | "depends_on") {
                    continue;
                }
                out.push_str(&format!("    {}={},\n", plural(kind, field), python(value, kind, field)));
            }
            if !options.is_empty() {
                out.push_str(&format!("    opts=pulumi.ResourceOptions({}),\n", options.join(", ")));
            }
            out.push_str(")\n");
        }
    }
    out
}

/// Of a resource as Terraform refers to it: `aws_s3_bucket.bucket` and perhaps more.
fn variable_of(reference: &str) -> String {
    let mut parts = reference.trim_start_matches("aws_").split('.');
    let (kind, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match kind.split_once('_') {
        Some((_, name)) => format!("{name}_{id}").replace("bucket_bucket", "bucket"),
        None => id.to_owned(),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// Blocks that may stand several times are lists there, and have a name in the plural.
fn plural(kind: &str, field: &str) -> String {
    let many = matches!(
        (kind, field),
        (
            "aws_s3_bucket_lifecycle_configuration" | "aws_s3_bucket_server_side_encryption_configuration",
            "rule"
        ) | ("aws_cloudtrail", "event_selector" | "data_resource")
    );
    if many { format!("{field}s") } else { field.to_owned() }
}

fn python(value: &Value, kind: &str, field: &str) -> String {
    match value {
        Value::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
        Value::Null => "None".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => match text.strip_prefix("${aws_").and_then(|rest| rest.strip_suffix('}')) {
            // `s3_bucket.bucket.id`
            Some(reference) => {
                format!("{}.{}", variable_of(reference), reference.rsplit('.').next().unwrap_or_default())
            }
            None => format!("{text:?}"),
        },
        // A block that stands once.
        Value::Array(items) if items.len() == 1 && items[0].is_object() && plural(kind, field) == *field => {
            python(&items[0], kind, "")
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| python(item, kind, "")).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{:?}: {}", plural(kind, name), python(value, kind, name))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}
