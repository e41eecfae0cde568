//! What is there no longer wanted. A service that does not let something go is no error: it is said.

use super::AwsAccount;
use super::trouble;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use crate::ports::account::Deletion;
use crate::ports::account::Emptied;
use crate::ports::account::Parts;
use crate::ports::account::is_same_project;
use crate::stores::aws::failure;
use aws_sdk_kms::primitives::DateTime;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::Delete;
use aws_sdk_s3::types::ObjectIdentifier;

/// Days until a key is gone for good: the most that KMS gives, for who finds out late.
const KEY_DAYS: i32 = 30;

/// What was met on one way through a bucket.
#[derive(Default)]
struct Pass {
    listed: u64,
    done: Emptied,
}

impl AwsAccount {
    pub(super) fn empty_bucket(
        &self,
        bucket: &str,
        prefix: &str,
        tell: &dyn Fn(u64),
    ) -> Result<Emptied, StoreError> {
        let (mut deleted, mut last) = (0, None);
        loop {
            let pass = self.pass(bucket, prefix, deleted, tell)?;
            deleted += pass.done.deleted;
            // What others write meanwhile is met by another pass.
            if pass.done.deleted == 0 {
                return Ok(Emptied { deleted, ..pass.done });
            }
            // A server that says it deleted, and did not, would be asked for ever.
            if last.is_some_and(|last| pass.listed >= last) {
                let why = "the server says that they are deleted, and lists them still".to_owned();
                return Ok(Emptied { deleted: 0, kept: pass.listed, why: Some(why) });
            }
            last = Some(pass.listed);
        }
    }

    /// Once from the first version to the last.
    fn pass(&self, bucket: &str, prefix: &str, before: u64, tell: &dyn Fn(u64)) -> Result<Pass, StoreError> {
        let about = format!("bucket {bucket}");
        let (mut pass, mut after) = (Pass::default(), (None, None));
        loop {
            let asked = self
                .s3
                .list_object_versions()
                .bucket(bucket)
                .set_expected_bucket_owner(self.owner.clone())
                .prefix(prefix)
                .set_key_marker(after.0.clone())
                .set_version_id_marker(after.1.clone());
            let page = self.aws.wait(asked.send());
            let page = page.map_err(|e| trouble::of("s3:ListBucketVersions", &about, e))?;
            let found = identifiers(&page).map_err(|e| unfit(bucket, &e))?;
            if !found.is_empty() {
                self.delete_versions(bucket, found, &mut pass)?;
                tell(before + pass.done.deleted);
            }
            let next =
                (page.next_key_marker().map(str::to_owned), page.next_version_id_marker().map(str::to_owned));
            // Not further on: it would list the same again.
            if page.is_truncated() != Some(true) || next.0.is_none() || next == after {
                return Ok(pass);
            }
            after = next;
        }
    }

    fn delete_versions(
        &self,
        bucket: &str,
        found: Vec<ObjectIdentifier>,
        pass: &mut Pass,
    ) -> Result<(), StoreError> {
        let count = found.len() as u64;
        let what = Delete::builder().set_objects(Some(found)).quiet(true).build();
        let what = what.map_err(|e| unfit(bucket, &e))?;
        let asked = self.s3.delete_objects().bucket(bucket).delete(what);
        let asked = asked.set_expected_bucket_owner(self.owner.clone());
        let done = self.aws.wait(asked.send());
        let done = done.map_err(|e| trouble::of("s3:DeleteObjectVersion", &format!("bucket {bucket}"), e))?;
        for error in done.errors() {
            pass.done.kept += 1;
            let told = || {
                let (key, code) = (error.key().unwrap_or("?"), error.code().unwrap_or("no code"));
                format!("{key}: {code}: {}", error.message().unwrap_or_default())
            };
            pass.done.why.get_or_insert_with(told);
        }
        pass.listed += count;
        pass.done.deleted += count.saturating_sub(done.errors().len() as u64);
        Ok(())
    }

    pub(super) fn delete_bucket(&self, bucket: &str) -> Result<Deletion, StoreError> {
        let not_empty = || Ok(Deletion::Kept("something is still in it".to_owned()));
        // S3 refuses it as well; SeaweedFS loses what others have in it.
        let asked = self.s3.list_object_versions().bucket(bucket).max_keys(1);
        match self.aws.wait(asked.set_expected_bucket_owner(self.owner.clone()).send()) {
            Ok(found) if found.versions().is_empty() && found.delete_markers().is_empty() => {}
            Ok(_) => return not_empty(),
            Err(e) if failure::status(&e) == Some(404) => return Ok(Deletion::Gone),
            Err(e) => return Err(trouble::of("s3:ListBucketVersions", &format!("bucket {bucket}"), e)),
        }
        let asked = self.s3.delete_bucket().bucket(bucket).set_expected_bucket_owner(self.owner.clone());
        match self.aws.wait(asked.send()) {
            Ok(_) => Ok(Deletion::Gone),
            Err(e) => match e.as_service_error().and_then(|e| e.code()) {
                Some("NoSuchBucket") => Ok(Deletion::Gone),
                Some("BucketNotEmpty") => not_empty(),
                _ => Err(trouble::of("s3:DeleteBucket", &format!("bucket {bucket}"), e)),
            },
        }
    }

    /// It goes with its logging.
    pub(super) fn delete_trail(&self, name: &str) -> Result<Deletion, StoreError> {
        match self.aws.wait(self.cloudtrail()?.delete_trail().name(name).send()) {
            Ok(_) => Ok(Deletion::Gone),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_trail_not_found_exception()) => {
                Ok(Deletion::Gone)
            }
            Err(e) => Err(trouble::of("cloudtrail:DeleteTrail", &format!("trail {name}"), e)),
        }
    }

    pub(super) fn delete_policy(&self, arn: &str) -> Result<Deletion, StoreError> {
        let about = format!("IAM policy {arn}");
        let Some(policy) = self.policy(arn)? else { return Ok(Deletion::Gone) };
        // IAM refuses it as well; some servers do not.
        let used =
            policy.attachment_count().unwrap_or(0) + policy.permissions_boundary_usage_count().unwrap_or(0);
        if let Some(n) = Some(used).filter(|n| *n > 0) {
            return Ok(Deletion::Kept(format!("somebody works under it: it is attached {n} times")));
        }
        let told = self.aws.wait(self.iam()?.list_policy_versions().policy_arn(arn).send());
        let told = told.map_err(|e| trouble::of("iam:ListPolicyVersions", &about, e))?;
        for version in told.versions().iter().filter(|version| !version.is_default_version()) {
            let asked = self.iam()?.delete_policy_version().policy_arn(arn);
            let done = self.aws.wait(asked.set_version_id(version.version_id().map(str::to_owned)).send());
            match done {
                Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_entity_exception()) => {}
                done => _ = done.map_err(|e| trouble::of("iam:DeletePolicyVersion", &about, e))?,
            }
        }
        match self.aws.wait(self.iam()?.delete_policy().policy_arn(arn).send()) {
            Ok(_) => Ok(Deletion::Gone),
            // Of who was given it meanwhile.
            Err(e) if e.as_service_error().is_some_and(|e| e.is_delete_conflict_exception()) => {
                Ok(Deletion::Kept("somebody works under it".to_owned()))
            }
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_entity_exception()) => {
                Ok(Deletion::Gone)
            }
            Err(e) => Err(trouble::of("iam:DeletePolicy", &about, e)),
        }
    }

    pub(super) fn delete_group(&self, group: &str) -> Result<Deletion, StoreError> {
        let about = format!("model package group {group}");
        if self.find_group(group)?.is_none() {
            return Ok(Deletion::Gone);
        }
        let asked = self.sagemaker().list_model_packages().model_package_group_name(group).max_results(1);
        let told = self.aws.wait(asked.send());
        let told = told.map_err(|e| trouble::of("sagemaker:ListModelPackages", &about, e))?;
        if !told.model_package_summary_list().is_empty() {
            return Ok(Deletion::Kept("there are model packages in it".to_owned()));
        }
        let asked = self.sagemaker().delete_model_package_group().model_package_group_name(group);
        match self.aws.wait(asked.send()) {
            Ok(_) => Ok(Deletion::Gone),
            Err(e) => Err(trouble::of("sagemaker:DeleteModelPackageGroup", &about, e)),
        }
    }

    /// By its id: an alias can be given to another key meanwhile.
    pub(super) fn delete_key(&self, alias: &str, wanted: &Parts) -> Result<Deletion, StoreError> {
        let about = crate::stores::aws::kms::about(alias);
        let told = match self.aws.wait(self.kms()?.describe_key().key_id(alias).send()) {
            Ok(told) => told,
            Err(e) if e.as_service_error().is_some_and(|e| e.is_not_found_exception()) => {
                return Ok(Deletion::Gone);
            }
            Err(e) => return Err(trouble::of("kms:DescribeKey", &about, e)),
        };
        let Some(key) = told.key_metadata() else { return Ok(Deletion::Gone) };
        if let Some(date) = key.deletion_date() {
            return Ok(Deletion::Scheduled(Some(time(date))));
        }
        // An alias may have been given to another key, or to that of another project.
        let tags = self.key_tags(alias, key.key_id())?;
        if !tags.contains_key("mlprov:managed-by") {
            return Ok(Deletion::Kept("mlprov did not make the key that has this alias".to_owned()));
        }
        if !is_same_project(&tags, wanted) {
            return Ok(Deletion::Kept(
                "the key that has this alias is not tagged as this project's".to_owned(),
            ));
        }
        let asked = self.kms()?.schedule_key_deletion().key_id(key.key_id());
        let done = self.aws.wait(asked.pending_window_in_days(KEY_DAYS).send());
        let done = done.map_err(|e| trouble::of("kms:ScheduleKeyDeletion", &about, e))?;
        Ok(Deletion::Scheduled(done.deletion_date().map(time)))
    }
}

fn time(date: &DateTime) -> Timestamp {
    Timestamp::from_unix_micros(date.secs().saturating_mul(1_000_000))
}

fn unfit(bucket: &str, e: &BuildError) -> StoreError {
    StoreError::Unfit { what: format!("bucket {bucket}"), why: e.to_string() }
}

fn identifiers(page: &ListObjectVersionsOutput) -> Result<Vec<ObjectIdentifier>, BuildError> {
    let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
    let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
    let one = |(key, id): (Option<&str>, Option<&str>)| {
        let builder = ObjectIdentifier::builder().key(key.unwrap_or_default());
        builder.set_version_id(id.map(str::to_owned)).build()
    };
    versions.chain(markers).map(one).collect()
}
