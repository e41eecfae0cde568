//! The documents that resources are made of: bucket policies, lifecycle rules, tags.

use super::description::Bucket;
use super::description::Description;
use super::description::Trail;
use super::description::Use;
use super::description::Whose;
use crate::ports::account::NAME_TAG;
use crate::ports::account::PROJECT_TAG;
use crate::ports::account::Parts;
use serde_json::Value;
use serde_json::json;

/// An upload that was given up is forgotten after so many days.
const ABORT_UPLOADS: u32 = 7;
/// Versions in the inbox that are no longer current go after so many days.
const INBOX: u32 = 7;

pub fn public_access_block() -> Value {
    json!({ "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true })
}

/// Lets a trail write to its bucket.
pub const TRAIL_WRITE: &str = "MlprovTrailWrite";
pub fn tags(description: &Description) -> Parts {
    let mut tags = Parts::from([
        (NAME_TAG.to_owned(), json!(description.name)),
        ("mlprov:managed-by".to_owned(), json!("mlprov")),
    ]);
    tags.extend(description.project.map(|project| (PROJECT_TAG.to_owned(), json!(project))));
    tags
}

/// The same document the same way, however a service writes it: one of a list as itself, lists in order, everybody as
/// `*`, truth values as text.
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            items.sort_by_key(Value::to_string);
            items.dedup();
            match <[Value; 1]>::try_from(items) {
                Ok([one]) => one,
                Err(items) => Value::Array(items),
            }
        }
        Value::Object(fields) => {
            let fields: serde_json::Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), canonical(value))).collect();
            match fields.get("AWS") {
                Some(all) if fields.len() == 1 && all == "*" => json!("*"),
                _ => Value::Object(fields),
            }
        }
        Value::Bool(truth) => json!(truth.to_string()),
        other => other.clone(),
    }
}

/// The statement by which nothing of the project is deleted.
pub const KEEP: &str = "MlprovKeep";

/// Which objects a statement is about, as far as it is written as ours are: ARNs with a key.
pub fn objects(statement: &Value) -> Vec<String> {
    let resources = match &statement["Resource"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    let of_bucket = |arn: &&str| arn.strip_prefix("arn:aws:s3:::").is_some_and(|rest| rest.contains('/'));
    resources.into_iter().filter(of_bucket).map(str::to_owned).collect()
}

/// Everything of the project in a bucket, and nothing else: below these.
pub fn holdings(bucket: &Bucket) -> Vec<String> {
    let below = |(what, prefix): &(Use, String)| {
        let names: &[&str] = match what {
            Use::Ledger => &["ledger/"],
            Use::Store => &["data/", "models/", "objects/"],
            // Evidence: it stays.
            Use::Trail => &[],
        };
        names.iter().map(|name| format!("{prefix}{name}")).collect::<Vec<_>>()
    };
    bucket.uses.iter().flat_map(below).collect()
}

/// What is never deleted there.
pub fn kept(bucket: &Bucket) -> Vec<String> {
    let below = |(what, prefix): &(Use, String)| {
        let names: &[&str] = match what {
            Use::Ledger => &["ledger/commit/*", "ledger/tile/*", "ledger/checkpoint"],
            Use::Store => &["data/*", "models/*", "objects/*"],
            Use::Trail => &["AWSLogs/*"],
        };
        names.iter().map(|name| format!("{prefix}{name}")).collect::<Vec<_>>()
    };
    bucket.uses.iter().flat_map(below).collect()
}

fn ledgers(bucket: &Bucket) -> impl Iterator<Item = &str> {
    bucket.uses.iter().filter(|(what, _)| *what == Use::Ledger).map(|(_, prefix)| prefix.as_str())
}

/// Where in a bucket something of the project may lie.
pub fn prefixes(bucket: &Bucket) -> Vec<&str> {
    let mut prefixes: Vec<&str> = bucket.uses.iter().map(|(_, prefix)| prefix.as_str()).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes
}

/// Nothing goes but what nobody needs: parts of uploads that were given up, and old versions in the inbox.
pub fn lifecycle(bucket: &Bucket) -> Parts {
    let mut rules = Parts::new();
    for prefix in prefixes(bucket) {
        let rule =
            json!({ "Prefix": prefix, "Status": "Enabled", "AbortIncompleteMultipartUpload": ABORT_UPLOADS });
        rules.insert(rule_name("mlprov-uploads", prefix), rule);
    }
    for prefix in ledgers(bucket) {
        let inbox = format!("{prefix}ledger/inbox/");
        let rule = json!({ "Prefix": inbox, "Status": "Enabled", "NoncurrentVersionExpiration": INBOX });
        rules.insert(rule_name("mlprov-inbox", prefix), rule);
    }
    rules
}

/// One for each prefix.
fn rule_name(name: &str, prefix: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" => name.to_owned(),
        prefix => format!("{name}:{prefix}"),
    }
}

/// The statements of the bucket's policy, by their Sid. They only deny: who may do something, IAM says.
pub fn policy(description: &Description, bucket: &Bucket) -> Parts {
    let arn = format!("arn:aws:s3:::{}", bucket.name);
    let deny = |actions: Value, resources: Value| json!({ "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": resources });
    let objects = |keys: &[String]| json!(keys.iter().map(|key| format!("{arn}/{key}")).collect::<Vec<_>>());
    let mut statements = Parts::new();
    statements.insert(
        KEEP.to_owned(),
        deny(json!(["s3:DeleteObject", "s3:DeleteObjectVersion"]), objects(&kept(bucket))),
    );
    let commits: Vec<String> = ledgers(bucket).map(|prefix| format!("{prefix}ledger/commit/*")).collect();
    if !commits.is_empty() {
        let mut once = deny(json!("s3:PutObject"), objects(&commits));
        // Parts of an upload carry no condition: only what makes an object must.
        once["Condition"] = json!({ "Null": { "s3:if-none-match": "true" }, "Bool": { "s3:ObjectCreationOperation": "true" } });
        statements.insert("MlprovCommitOnce".to_owned(), once);
    }
    if description.tls {
        let mut tls = deny(json!("s3:*"), json!([arn, format!("{arn}/*")]));
        tls["Condition"] = json!({ "Bool": { "aws:SecureTransport": "false" } });
        statements.insert("MlprovTlsOnly".to_owned(), tls);
    }
    if description.deletion_protection {
        statements.insert("MlprovKeepBucket".to_owned(), deny(json!("s3:DeleteBucket"), json!(arn)));
    }
    statements
}

/// As [`policy`], of the bucket that CloudTrail delivers to: this trail may, and no other.
pub fn trail_policy(description: &Description, trail: &Trail) -> Parts {
    let mut statements = policy(description, &trail.own_bucket());
    let arn = format!("arn:aws:s3:::{}", trail.bucket);
    let allow = |action: &str, resource: &str, condition: Value| json!({ "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": action, "Resource": resource, "Condition": { "StringEquals": condition } });
    let only_it = json!({ "aws:SourceArn": trail.arn() });
    statements.insert("MlprovTrailAcl".to_owned(), allow("s3:GetBucketAcl", &arn, only_it));
    let logs = format!("{arn}/AWSLogs/{}/*", trail.whose.account);
    let owned = json!({ "aws:SourceArn": trail.arn(), "s3:x-amz-acl": "bucket-owner-full-control" });
    statements.insert(TRAIL_WRITE.to_owned(), allow("s3:PutObject", &logs, owned));
    statements
}

/// Of the log's key: the account has it, and IAM says who else may use it; the publishers' role may without.
pub fn key_policy(whose: &Whose, publisher: Option<&str>) -> Parts {
    let allow = |who: &str, actions: Value| json!({ "Effect": "Allow", "Principal": { "AWS": who }, "Action": actions, "Resource": "*" });
    // Without the account nobody could ever change this policy again.
    let root = format!("arn:aws:iam::{}:root", whose.account);
    let mut statements = Parts::from([("MlprovAccount".to_owned(), allow(&root, json!("kms:*")))]);
    if let Some(role) = publisher {
        let sign = json!(["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]);
        statements.insert("MlprovSign".to_owned(), allow(role, sign));
    }
    statements
}

/// All management events, and whatever happens to objects of the project.
pub fn event_selectors(buckets: &[Bucket]) -> Value {
    let objects = |bucket: &Bucket| {
        let arn = format!("arn:aws:s3:::{}/", bucket.name);
        prefixes(bucket).iter().map(|prefix| format!("{arn}{prefix}")).collect::<Vec<_>>()
    };
    let objects: Vec<String> = buckets.iter().flat_map(objects).collect();
    let resources = json!([{ "Type": "AWS::S3::Object", "Values": objects }]);
    json!({ "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": resources })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_the_same_however_it_is_written() {
        let ours = json!({ "Principal": "*", "Action": ["b", "a"], "Resource": ["x"], "Condition": { "Bool": { "k": true } } });
        let theirs = json!({ "Principal": { "AWS": ["*"] }, "Resource": "x", "Action": ["a", "b"], "Condition": { "Bool": { "k": "true" } } });
        assert_eq!(canonical(&ours), canonical(&theirs));
        let other = json!({ "Principal": { "AWS": "arn:x" }, "Action": ["a", "b"], "Resource": "x" });
        assert_ne!(canonical(&other)["Principal"], canonical(&ours)["Principal"]);
        assert_ne!(canonical(&json!(["a"])), canonical(&json!(["a", "b"])));
    }
}
