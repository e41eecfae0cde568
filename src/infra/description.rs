//! The desired state, as data: made from a few choices, the same for the same choices.

use super::documents;
use super::roles;
use super::roles::Role;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::ProjectId;
use crate::ports::account::Aspect;
use crate::ports::account::Kind;
use crate::ports::account::Name;
use crate::ports::account::Parts;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// What a part of a bucket is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Use {
    Ledger,
    Store,
    /// What CloudTrail delivers. It lies in a bucket of its own: a trail that logs its own delivery never ends.
    Trail,
}

/// One bucket, and the choices about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bucket {
    pub name: String,
    /// What lies in it, each below a prefix: empty, or with a `/` at its end.
    pub uses: Vec<(Use, String)>,
}

/// A group of model packages in SageMaker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    pub name: String,
    pub project: ProjectId,
}

/// Whose an account is that documents name, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Whose {
    /// 12 digits.
    pub account: String,
    pub region: String,
}

/// A trail of CloudTrail, and the bucket that it delivers to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trail {
    pub name: String,
    pub bucket: String,
    pub whose: Whose,
}

impl Trail {
    pub fn arn(&self) -> String {
        let Whose { account, region } = &self.whose;
        format!("arn:aws:cloudtrail:{region}:{account}:trail/{}", self.name)
    }

    pub fn own_bucket(&self) -> Bucket {
        Bucket { name: self.bucket.clone(), uses: vec![(Use::Trail, String::new())] }
    }
}

/// What the resources of a project are made from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description {
    /// What the resources are tagged with.
    pub name: String,
    /// The same: two projects may have one name.
    pub project: Option<ProjectId>,
    pub buckets: Vec<Bucket>,
    /// Key (ARN, id or alias) of the default encryption; `None`: SSE-S3.
    pub kms_key: Option<String>,
    /// Alias of the KMS key that signs checkpoints; `None`: publishers have it in a file.
    pub log_key: Option<String>,
    /// ARN of who may sign with it whatever IAM says of them.
    pub publisher_role: Option<String>,
    /// Where model packages are registered, if that is SageMaker.
    pub group: Option<Group>,
    /// Who did what with the buckets, as a second witness.
    pub trail: Option<Trail>,
    /// Of CodeCommit.
    pub repository: Option<String>,
    /// A managed policy for each role. Nobody is given one.
    pub iam: bool,
    /// For documents that name the account.
    pub whose: Option<Whose>,
    /// Objects can be given a retention when they are written. No default: the inbox must stay deletable.
    pub object_lock: bool,
    /// Nobody can delete a bucket as long as it is on.
    pub deletion_protection: bool,
    /// False for a server without TLS: a bucket that refuses what is not encrypted on its way could not be used there.
    pub tls: bool,
}

/// A resource as it shall be.
#[derive(Clone, PartialEq, Debug)]
pub struct Resource {
    pub name: Name,
    pub aspects: BTreeMap<Aspect, Parts>,
}

impl Description {
    /// In the order in which they are made.
    pub fn resources(&self) -> Vec<Resource> {
        let policy = |whose| documents::key_policy(whose, self.publisher_role.as_deref());
        let policy = self.whose.as_ref().map(|whose| (Aspect::Policy, policy(whose)));
        let tags = [(Aspect::Tagging, documents::tags(self))];
        let key = |alias: &String| Resource {
            name: Name { kind: Kind::Key, name: alias.clone() },
            aspects: policy.into_iter().chain(tags).collect(),
        };
        // A key that is named otherwise is somebody else's to make.
        let key = self.log_key.as_ref().filter(|key| key.starts_with("alias/")).map(key);
        let buckets = self.buckets.iter().map(|bucket| self.bucket(bucket));
        let group = self.group.as_ref().map(|group| self.group(group));
        // Its bucket comes first: CloudTrail tries it.
        let trail = self.trail.iter().flat_map(|trail| [self.trail_bucket(trail), self.trail(trail)]);
        let repository = self.repository.iter().map(|name| Resource {
            name: Name { kind: Kind::Repository, name: name.clone() },
            aspects: BTreeMap::new(),
        });
        let roles = Role::ALL.iter().filter_map(|role| self.role(*role));
        key.into_iter().chain(buckets).chain(group).chain(trail).chain(repository).chain(roles).collect()
    }

    /// ARN of the policy of a role, if there is to be one.
    pub fn policy_arn(&self, role: Role) -> Option<String> {
        let whose = self.whose.as_ref().filter(|_| self.iam)?;
        let name = format!("mlprov-{}-{}", group_name(&self.name), role.name());
        Some(format!("arn:aws:iam::{}:policy/{name}", whose.account))
    }

    fn role(&self, role: Role) -> Option<Resource> {
        let aspects = BTreeMap::from([
            (Aspect::Document, whole(roles::policy(self, role))),
            (Aspect::Tagging, documents::tags(self)),
        ]);
        Some(Resource { name: Name { kind: Kind::ManagedPolicy, name: self.policy_arn(role)? }, aspects })
    }

    /// Of one of its buckets, what lies where.
    pub fn holdings(&self, name: &str) -> Vec<String> {
        let buckets = self.buckets.iter().filter(|bucket| bucket.name == name);
        buckets.flat_map(documents::holdings).collect()
    }

    fn group(&self, group: &Group) -> Resource {
        // As the registry describes the groups that it makes: it finds its own by this.
        let description = json!(format!("mlprov project {}", group.project));
        let aspects = BTreeMap::from([
            (Aspect::Description, whole(description)),
            (Aspect::Tagging, documents::tags(self)),
        ]);
        Resource { name: Name { kind: Kind::ModelPackageGroup, name: group.name.clone() }, aspects }
    }

    fn trail_bucket(&self, trail: &Trail) -> Resource {
        let mut resource = self.bucket(&trail.own_bucket());
        // A key of KMS would have to let CloudTrail use it, or no log would be written.
        resource.aspects.insert(Aspect::Encryption, whole(json!({ "SSEAlgorithm": "AES256" })));
        resource.aspects.remove(&Aspect::ObjectLock);
        let policy = documents::trail_policy(self, trail);
        resource.aspects.insert(Aspect::Policy, policy);
        resource
    }

    fn trail(&self, trail: &Trail) -> Resource {
        let delivery = json!({
            "S3BucketName": trail.bucket,
            "IsMultiRegionTrail": true,
            "IncludeGlobalServiceEvents": true,
        });
        let aspects = BTreeMap::from([
            (Aspect::Delivery, whole(delivery)),
            (Aspect::LogFileValidation, whole(json!(true))),
            (Aspect::EventSelectors, whole(documents::event_selectors(&self.buckets))),
            (Aspect::Tagging, documents::tags(self)),
            (Aspect::Logging, whole(json!(true))),
        ]);
        Resource { name: Name { kind: Kind::Trail, name: trail.name.clone() }, aspects }
    }

    fn bucket(&self, bucket: &Bucket) -> Resource {
        let encryption = match &self.kms_key {
            None => json!({ "SSEAlgorithm": "AES256" }),
            Some(key) => {
                json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key, "BucketKeyEnabled": true })
            }
        };
        let mut aspects = BTreeMap::from([
            (Aspect::OwnershipControls, whole(json!("BucketOwnerEnforced"))),
            (Aspect::PublicAccessBlock, whole(documents::public_access_block())),
            (Aspect::Versioning, whole(json!("Enabled"))),
            (Aspect::Encryption, whole(encryption)),
            (Aspect::Lifecycle, documents::lifecycle(bucket)),
            (Aspect::Tagging, documents::tags(self)),
            (Aspect::Policy, documents::policy(self, bucket)),
        ]);
        if self.object_lock {
            aspects.insert(Aspect::ObjectLock, whole(json!("Enabled")));
        }
        Resource { name: Name { kind: Kind::Bucket, name: bucket.name.clone() }, aspects }
    }
}

fn whole(value: Value) -> Parts {
    Parts::from([(String::new(), value)])
}

/// A bucket of this project's own, in a name space that all accounts share: the account and the region make it one, and of
/// a name that does not fit a digest keeps apart what would otherwise be called the same. 63 characters at most (S3).
pub fn bucket_name(project: &str, account: &str, region: &str) -> String {
    let tail = format!("-{account}-{region}");
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let mut name: String = format!("mlprov-{}", project.chars().map(plain).collect::<String>());
    let room = 63usize.saturating_sub(tail.len());
    let digest = Blake3Hash::of(project.as_bytes()).to_string();
    let digest = &digest[..8];
    let fits = name.len() <= room && name["mlprov-".len()..] == project.to_ascii_lowercase();
    if !fits || name.ends_with('-') {
        name.truncate(room.saturating_sub(1 + digest.len()));
        name = format!("{}-{digest}", name.trim_end_matches('-'));
    }
    format!("{name}{tail}")
}

/// Of letters, digits and inner hyphens.
pub fn trail_name(project: &str) -> String {
    format!("mlprov-{}", group_name(project))
}

/// As [`bucket_name`], for what CloudTrail delivers.
pub fn trail_bucket_name(project: &str, whose: &Whose) -> String {
    bucket_name(&format!("trail-{project}"), &whose.account, &whose.region)
}

/// Of letters, digits and single inner hyphens, as SageMaker wants it.
pub fn group_name(project: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let plain: String = project.chars().map(plain).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let mut name = words.join("-");
    name.truncate(63);
    match name.trim_end_matches('-') {
        "" => "mlprov".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::arn::check_group;

    #[test]
    fn names_of_groups_are_names_of_groups() {
        assert_eq!(group_name("Fraud  Model (v2)"), "Fraud-Model-v2");
        assert_eq!(group_name("ö"), "mlprov");
        for name in ["x".repeat(80), format!("{}-y", "x".repeat(62)), "--a--".to_owned(), "ö ö".to_owned()]
        {
            check_group(&group_name(&name)).unwrap();
        }
    }

    #[test]
    fn names_of_buckets_are_names_of_buckets() {
        let name = |project: &str| bucket_name(project, "123456789012", "ap-southeast-2");
        assert_eq!(name("Fraud-model"), "mlprov-fraud-model-123456789012-ap-southeast-2");
        let (long, other) = ("x".repeat(80), "x".repeat(79) + "y");
        let projects =
            ["Fraud Model", "fraud-model", "fraud_model", "fraud model-", "ö", "ü", "ö-", "-", &long, &other];
        let names = projects.map(name);
        for name in &names {
            assert!(name.len() <= 63 && name.ends_with("-123456789012-ap-southeast-2"), "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
        }
        let different: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), projects.len(), "{names:?}");
    }
}
