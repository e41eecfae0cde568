//! Who may do what: one IAM policy for each role, with no more than it needs.

use super::description::Bucket;
use super::description::Description;
use super::description::Use;
use super::description::Whose;
use super::documents::prefixes;
use serde_json::Value;
use serde_json::json;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Reads data and ledger, and so verifies.
    Reader,
    /// Also records: adds data, and entries to the ledger.
    Writer,
    /// Also publishes checkpoints.
    Publisher,
    /// Reads everything, old versions and the settings of the buckets as well; writes nothing.
    Auditor,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Reader, Role::Writer, Role::Publisher, Role::Auditor];

    pub const fn name(self) -> &'static str {
        match self {
            Role::Reader => "reader",
            Role::Writer => "writer",
            Role::Publisher => "publisher",
            Role::Auditor => "auditor",
        }
    }
}

/// Below a prefix: where something of this kind is read, and where a writer adds to it.
fn below(what: Use) -> (&'static [&'static str], &'static [&'static str]) {
    match what {
        Use::Ledger => (&["ledger/*"], &["ledger/commit/*", "ledger/tile/*", "ledger/inbox/*"]),
        Use::Store => (&["data/*", "models/*", "objects/*"], &["data/*", "models/*", "objects/*"]),
        Use::Trail => (&["AWSLogs/*"], &[]),
    }
}

/// An IAM policy document.
pub fn policy(description: &Description, role: Role) -> Value {
    let mut statements = Vec::new();
    for bucket in &description.buckets {
        of_bucket(bucket, role, description.object_lock, &mut statements);
    }
    if let Some(trail) = description.trail.as_ref().filter(|_| role == Role::Auditor) {
        of_bucket(&trail.own_bucket(), role, false, &mut statements);
        let read = ["GetEventSelectors", "GetTrail", "GetTrailStatus", "ListTags"];
        let read = read.map(|action| format!("cloudtrail:{action}"));
        statements.push(allow("Trail", json!(read), json!(trail.arn()), None));
    }
    if description.trail.is_some() && role == Role::Auditor {
        // Of CloudTrail itself: it knows no resource.
        statements.push(allow("Keys", json!("cloudtrail:ListPublicKeys"), json!("*"), None));
    }
    if let (Some(name), Some(whose)) = (&description.repository, &description.whose) {
        let arn = format!("arn:aws:codecommit:{}:{}:{name}", whose.region, whose.account);
        let actions = match role {
            Role::Reader | Role::Auditor => json!(["codecommit:GetRepository", "codecommit:GitPull"]),
            Role::Writer | Role::Publisher => {
                json!(["codecommit:GetRepository", "codecommit:GitPull", "codecommit:GitPush"])
            }
        };
        statements.push(allow("Code", actions, json!(arn), None));
    }
    if let Some(key) = description.kms_key.as_ref().filter(|key| key.starts_with("arn:")) {
        let actions = match role {
            Role::Reader | Role::Auditor => json!(["kms:Decrypt"]),
            Role::Writer | Role::Publisher => json!(["kms:Decrypt", "kms:GenerateDataKey"]),
        };
        statements.push(allow("Encryption", actions, json!(key), None));
    }
    of_group(description, role, &mut statements);
    of_account(description, role, &mut statements);
    if let Some(key) = description.log_key.as_ref().filter(|_| role == Role::Publisher) {
        let actions = json!(["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]);
        statements.push(of_key(description, "Sign", key, actions));
    }
    // Sids are letters and digits, and each stands once.
    for (n, statement) in statements.iter_mut().enumerate() {
        let sid = statement["Sid"].as_str().unwrap_or_default();
        statement["Sid"] = json!(format!("Mlprov{sid}{}", n + 1));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Model packages. Which is approved is decided by who publishes.
fn of_group(description: &Description, role: Role, statements: &mut Vec<Value>) {
    let Some(group) = &description.group else { return };
    let everywhere = Whose { account: "*".to_owned(), region: "*".to_owned() };
    let Whose { account, region } = description.whose.as_ref().unwrap_or(&everywhere);
    // SageMaker writes names in ARNs in lower case.
    let mut names = vec![group.name.clone(), group.name.to_lowercase()];
    names.dedup();
    let arns = |kind: &str, tail: &str| {
        let arn = |name| format!("arn:aws:sagemaker:{region}:{account}:{kind}/{name}{tail}");
        names.iter().map(arn).collect::<Vec<_>>()
    };
    let both = || json!([arns("model-package-group", ""), arns("model-package", "/*")].concat());
    // Lists know no resource: IAM takes them for all or for none.
    let list = json!(["sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages"]);
    statements.push(allow("Models", list, json!("*"), None));
    let mut actions = vec!["sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"];
    match role {
        Role::Reader => {}
        Role::Writer => actions.push("sagemaker:CreateModelPackage"),
        Role::Publisher => {
            actions.extend(["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"]);
        }
        Role::Auditor => actions.push("sagemaker:ListTags"),
    }
    statements.push(allow("Packages", json!(actions), both(), None));
}

/// What an auditor compares with `infra plan`, beside the buckets.
fn of_account(description: &Description, role: Role, statements: &mut Vec<Value>) {
    if role != Role::Auditor {
        return;
    }
    let policies: Vec<String> = Role::ALL.iter().filter_map(|role| description.policy_arn(*role)).collect();
    if !policies.is_empty() {
        let read = json!(["iam:GetPolicy", "iam:GetPolicyVersion"]);
        statements.push(allow("Policies", read, json!(policies), None));
    }
    if let Some(key) = &description.log_key {
        let read = json!(["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetPublicKey", "kms:ListResourceTags"]);
        statements.push(of_key(description, "Key", key, read));
    }
}

/// An alias is no resource of IAM's: the key that has it is meant.
fn of_key(description: &Description, sid: &str, key: &str, actions: Value) -> Value {
    let (region, account) = match &description.whose {
        Some(whose) => (whose.region.as_str(), whose.account.as_str()),
        None => ("*", "*"),
    };
    let by_alias = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": key } });
    match key.starts_with("alias/") {
        true => allow(sid, actions, json!(format!("arn:aws:kms:{region}:{account}:key/*")), Some(by_alias)),
        false => allow(sid, actions, json!(key), None),
    }
}

fn allow(sid: &str, actions: Value, resources: Value, condition: Option<Value>) -> Value {
    let mut statement = json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

fn of_bucket(bucket: &Bucket, role: Role, locks: bool, statements: &mut Vec<Value>) {
    let arn = format!("arn:aws:s3:::{}", bucket.name);
    let objects = |keys: Vec<String>| {
        let mut arns: Vec<String> = keys.into_iter().map(|key| format!("{arn}/{key}")).collect();
        arns.sort();
        arns.dedup();
        json!(arns)
    };
    let all = |which: fn(Use) -> &'static [&'static str]| {
        let keys = |(what, prefix): &(Use, String)| {
            which(*what).iter().map(|key| format!("{prefix}{key}")).collect::<Vec<_>>()
        };
        bucket.uses.iter().flat_map(keys).collect::<Vec<_>>()
    };
    let listed: Vec<String> = prefixes(bucket).iter().map(|prefix| format!("{prefix}*")).collect();
    // Of who may not list, S3 keeps secret whether an object is there (403 for 404), and a GET has no prefix: so only a
    // listing that names another prefix is refused.
    let only_ours = json!({ "StringLikeIfExists": { "s3:prefix": listed } });
    let list = json!(["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]);
    // Whether a bucket is there is asked without a prefix, and an auditor asks that.
    let only_ours = Some(only_ours).filter(|_| role != Role::Auditor);
    statements.push(allow("List", list, json!(arn), only_ours));
    let read = json!([
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetObjectAttributes",
        "s3:GetObjectVersionAttributes"
    ]);
    statements.push(allow("Read", read, objects(all(|what| below(what).0)), None));
    let about = json!(["s3:GetBucketVersioning", "s3:GetBucketLocation"]);
    statements.push(allow("About", about, json!(arn), None));
    if matches!(role, Role::Writer | Role::Publisher) {
        let mut add = vec!["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
        if locks {
            add.extend(["s3:PutObjectRetention", "s3:PutObjectLegalHold"]);
        }
        statements.push(allow("Add", json!(add), objects(all(|what| below(what).1)), None));
        let ledgers = || bucket.uses.iter().filter(|(what, _)| *what == Use::Ledger);
        let inbox: Vec<String> = ledgers().map(|(_, prefix)| format!("{prefix}ledger/inbox/*")).collect();
        if !inbox.is_empty() {
            // Also versions: `doctor --remote` takes away what it put there.
            let delete = json!(["s3:DeleteObject", "s3:DeleteObjectVersion"]);
            statements.push(allow("Inbox", delete, objects(inbox), None));
        }
        let checkpoint: Vec<String> =
            ledgers().map(|(_, prefix)| format!("{prefix}ledger/checkpoint")).collect();
        if role == Role::Publisher && !checkpoint.is_empty() {
            statements.push(allow("Publish", json!("s3:PutObject"), objects(checkpoint), None));
        }
    }
    if role == Role::Auditor {
        let settings = json!([
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration"
        ]);
        statements.push(allow("Settings", settings, json!(arn), None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ProjectId;
    use crate::infra::description::Group;
    use crate::infra::description::Trail;
    use std::collections::BTreeSet;

    fn description() -> Description {
        let uses = vec![(Use::Ledger, "t/".to_owned()), (Use::Store, "t/".to_owned())];
        Description {
            name: "shop".into(),
            buckets: vec![Bucket { name: "b".into(), uses }],
            kms_key: Some("arn:aws:kms:eu-central-1:123456789012:key/k".into()),
            deletion_protection: true,
            tls: true,
            ..Description::default()
        }
    }

    /// Which resources it may do this on.
    fn allowed(role: Role, action: &str) -> BTreeSet<String> {
        let policy = policy(&description(), role);
        let list = |value: &Value| match value {
            Value::Array(items) => items.iter().map(|v| v.as_str().unwrap().to_owned()).collect(),
            one => vec![one.as_str().unwrap().to_owned()],
        };
        let statements = policy["Statement"].as_array().unwrap();
        statements
            .iter()
            .filter(|s| s["Effect"] == "Allow" && list(&s["Action"]).iter().any(|a| a == action))
            .flat_map(|s| list(&s["Resource"]))
            .map(|arn| arn.trim_start_matches("arn:aws:s3:::b").to_owned())
            .collect()
    }

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn nobody_may_more_than_the_role_needs() {
        let added = [
            "/t/data/*",
            "/t/models/*",
            "/t/objects/*",
            "/t/ledger/commit/*",
            "/t/ledger/tile/*",
            "/t/ledger/inbox/*",
        ];
        for role in Role::ALL {
            let writes = matches!(role, Role::Writer | Role::Publisher);
            let mut puts = if writes { set(&added) } else { set(&[]) };
            if role == Role::Publisher {
                puts.insert("/t/ledger/checkpoint".to_owned());
            }
            assert_eq!(allowed(role, "s3:PutObject"), puts, "{role:?}");
            let deletes = if writes { set(&["/t/ledger/inbox/*"]) } else { set(&[]) };
            assert_eq!(allowed(role, "s3:DeleteObject"), deletes, "{role:?}");
            assert_eq!(allowed(role, "s3:DeleteObjectVersion"), deletes, "{role:?}");
            assert_eq!(
                allowed(role, "s3:GetObject"),
                set(&["/t/data/*", "/t/models/*", "/t/objects/*", "/t/ledger/*"])
            );
            assert_eq!(allowed(role, "s3:GetBucketPolicy").len(), usize::from(role == Role::Auditor));
            assert_eq!(allowed(role, "kms:GenerateDataKey").len(), usize::from(writes));
            let policy = policy(&description(), role).to_string();
            assert!(
                !policy.contains("s3:*") && !policy.contains("\"*\"") && !policy.contains("s3:PutBucket"),
                "{policy}"
            );
            assert!(policy.len() < 6_144, "IAM takes no longer ones: {}", policy.len());
        }
    }

    fn everything() -> Description {
        let whose = Whose { account: "123456789012".into(), region: "eu-central-1".into() };
        let group = Group { name: "Shop".into(), project: ProjectId::draw() };
        let (name, bucket) = ("mlprov-shop".to_owned(), "mlprov-trail-shop-123456789012-eu-central-1".into());
        Description {
            log_key: Some("alias/mlprov-shop".into()),
            group: Some(group),
            trail: Some(Trail { name, bucket, whose: whose.clone() }),
            repository: Some("shop".into()),
            iam: true,
            whose: Some(whose),
            ..description()
        }
    }

    #[test]
    fn with_everything_asked_for_a_policy_is_still_one_that_iam_takes() {
        for role in Role::ALL {
            let policy = policy(&everything(), role);
            assert!(policy.to_string().len() < 6_144, "{role:?}: {}", policy.to_string().len());
            for statement in policy["Statement"].as_array().unwrap() {
                let actions = statement["Action"].to_string();
                let all = statement["Resource"] == "*";
                // These know no resource.
                let lists = ["sagemaker:ListModelPackages", "cloudtrail:ListPublicKeys"];
                assert!(!all || lists.iter().any(|list| actions.contains(list)), "{role:?}: {statement}");
                assert!(!actions.contains('*'), "{role:?}: {statement}");
            }
        }
    }

    #[test]
    fn each_role_has_its_own_of_every_service() {
        let may = |role: Role, action: &str| {
            policy(&everything(), role).to_string().contains(&format!("\"{action}\""))
        };
        use Role::*;
        for (action, roles) in [
            ("sagemaker:DescribeModelPackage", &[Reader, Writer, Publisher, Auditor][..]),
            ("sagemaker:CreateModelPackage", &[Writer, Publisher]),
            ("sagemaker:UpdateModelPackage", &[Publisher]),
            ("kms:Sign", &[Publisher]),
            ("kms:GetKeyPolicy", &[Auditor]),
            ("cloudtrail:GetTrailStatus", &[Auditor]),
            ("cloudtrail:ListPublicKeys", &[Auditor]),
            ("codecommit:GitPull", &[Reader, Writer, Publisher, Auditor]),
            ("codecommit:GitPush", &[Writer, Publisher]),
            ("iam:GetPolicyVersion", &[Auditor]),
            ("iam:CreatePolicyVersion", &[]),
            ("cloudtrail:StopLogging", &[]),
            ("kms:ScheduleKeyDeletion", &[]),
        ] {
            for role in Role::ALL {
                assert_eq!(may(role, action), roles.contains(&role), "{role:?} {action}");
            }
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_told_to_be_so() {
        for role in Role::ALL {
            let policy = policy(&description(), role);
            let list = &policy["Statement"][0];
            assert_eq!(list["Action"][0], "s3:ListBucket");
            // A condition that a request without a prefix does not meet would turn 404 into 403.
            assert!(list["Condition"].get("StringLike").is_none(), "{list}");
            let limited = list["Condition"]["StringLikeIfExists"]["s3:prefix"] == json!(["t/*"]);
            assert_eq!(limited, role != Role::Auditor);
        }
    }

    #[test]
    fn sids_are_what_iam_takes() {
        for role in Role::ALL {
            let policy = policy(&description(), role);
            let sids: Vec<&str> =
                policy["Statement"].as_array().unwrap().iter().map(|s| s["Sid"].as_str().unwrap()).collect();
            assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), sids.len());
            assert!(sids.iter().all(|sid| sid.chars().all(|c| c.is_ascii_alphanumeric())), "{sids:?}");
        }
    }
}
