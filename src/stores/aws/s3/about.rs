//! Requests that only the probe makes: about the bucket itself, about single versions, and some that should be refused.

use super::client::S3;
use crate::ports::clock::Clock;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Failure;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::primitives::DateTimeFormat;
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_sdk_s3::types::ExpirationStatus;
use aws_sdk_s3::types::LifecycleRule;

/// A checksum that a PUT names, base64; right or wrong.
#[derive(Clone, Copy)]
pub enum Checksum<'a> {
    Sha256(&'a str),
    Crc64Nvme(&'a str),
}

/// What became of a PUT.
pub enum Put {
    /// With the version id of the answer.
    Done(Option<String>),
    /// The server said no, and why.
    Refused(String),
}

/// One version of a key, or a delete marker.
pub struct Version {
    pub key: String,
    pub id: String,
}

/// A rule of the bucket by which objects go on their own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expiry {
    pub rule: String,
    /// Of the keys that it is for.
    pub prefix: String,
    /// It is for objects with tags, which ours do not have.
    pub tagged: bool,
    /// When current versions go: `after 30 days`.
    pub current: Option<String>,
    /// When versions go that are no longer the current ones.
    pub noncurrent: Option<String>,
}

/// For how long the bucket locks objects that do not say so themselves.
pub type Retention = Option<String>;

impl S3 {
    /// `None`: it was never switched on.
    pub fn versioning(&self) -> Result<Option<BucketVersioningStatus>, Failure> {
        let asked = self
            .client
            .get_bucket_versioning()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send();
        let told = self.aws.wait(asked);
        told.map(|told| told.status().cloned())
            .map_err(|e| failure::of(&self.what("GET versioning of", ""), e))
    }

    /// Sent once. With an `etag`: in the place of that object.
    pub fn put_as(
        &self,
        key: &str,
        bytes: &[u8],
        etag: Option<&str>,
        sum: Option<Checksum<'_>>,
    ) -> Result<Put, Failure> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .set_if_match(etag.map(str::to_owned));
        let request = match sum {
            None => request,
            Some(Checksum::Sha256(sum)) => request.checksum_sha256(sum),
            Some(Checksum::Crc64Nvme(sum)) => request.checksum_crc64_nvme(sum),
        };
        let request = request.body(ByteStream::from(bytes.to_vec()));
        match self.aws.wait(request.customize().config_override(Self::once()).send()) {
            Ok(done) => Ok(Put::Done(done.version_id().map(str::to_owned))),
            Err(e) => match failure::of(&self.what("PUT", key), e) {
                Failure::Refused { why, .. } => Ok(Put::Refused(why)),
                unknown => Err(unknown),
            },
        }
    }

    /// The bytes of one version.
    pub fn get_version(&self, key: &str, id: &str) -> Result<Vec<u8>, Failure> {
        let what = self.what("GET a version of", key);
        self.aws.wait(async {
            let asked = self
                .client
                .get_object()
                .bucket(&self.bucket)
                .set_expected_bucket_owner(self.owner.clone())
                .key(key)
                .version_id(id);
            let answer = asked.send().await.map_err(|e| failure::of(&what, e))?;
            let unknown = |e: aws_sdk_s3::primitives::ByteStreamError| Failure::Unknown {
                what: what.clone(),
                why: e.to_string(),
            };
            Ok(answer.body.collect().await.map_err(unknown)?.to_vec())
        })
    }

    /// All versions of the keys that begin so; the first thousand.
    pub fn versions(&self, prefix: &str) -> Result<Vec<Version>, Failure> {
        let asked = self
            .client
            .list_object_versions()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .prefix(prefix)
            .send();
        let told =
            self.aws.wait(asked).map_err(|e| failure::of(&self.what("LIST versions of", prefix), e))?;
        let version = |key: Option<&str>, id: Option<&str>| {
            Some(Version { key: key?.to_owned(), id: id.unwrap_or("null").to_owned() })
        };
        let markers =
            told.delete_markers().iter().filter_map(|marker| version(marker.key(), marker.version_id()));
        let versions = told.versions().iter().filter_map(|kept| version(kept.key(), kept.version_id()));
        Ok(versions.chain(markers).collect())
    }

    pub fn delete_version(&self, version: &Version) -> Result<(), Failure> {
        let asked = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(&version.key)
            .version_id(&version.id);
        let deleted = self.aws.wait(asked.send());
        deleted.map(|_| ()).map_err(|e| failure::of(&self.what("DELETE a version of", &version.key), e))
    }

    /// The server's clock less ours, in seconds; `None`: its answers do not say. `missing`: a key that is not there.
    pub fn clock_ahead(&self, missing: &str, clock: &dyn Clock) -> Result<Option<i64>, Failure> {
        let seconds = || clock.now().unix_micros().div_euclid(1_000_000);
        let before = seconds();
        // Only of an answer that is an error the SDK shows the headers.
        let asked = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(missing);
        let Err(e) = self.aws.wait(asked.customize().config_override(Self::once()).send()) else {
            return Ok(None);
        };
        let after = seconds();
        let Some(answer) = e.raw_response() else { return Err(failure::of(&self.what("GET", missing), e)) };
        let date = answer.headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        Ok(date.map(|date| match date.secs() {
            date if date < before => date - before,
            date if date > after => date - after,
            _ => 0,
        }))
    }

    /// `None`: the bucket has no rules.
    pub fn expiries(&self) -> Result<Option<Vec<Expiry>>, Failure> {
        let asked = self
            .client
            .get_bucket_lifecycle_configuration()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send();
        let told =
            self.or_none(self.aws.wait(asked), "GET lifecycle rules of", "NoSuchLifecycleConfiguration")?;
        let active = |rule: &&LifecycleRule| *rule.status() == ExpirationStatus::Enabled;
        Ok(told.map(|told| told.rules().iter().filter(active).map(expiry).collect()))
    }

    /// `None`: the bucket locks nothing.
    pub fn lock(&self) -> Result<Option<Retention>, Failure> {
        let asked = self
            .client
            .get_object_lock_configuration()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send();
        let code = "ObjectLockConfigurationNotFoundError";
        let told = self.or_none(self.aws.wait(asked), "GET the lock of", code)?;
        let Some(lock) = told.as_ref().and_then(|told| told.object_lock_configuration()) else {
            return Ok(None);
        };
        let default = lock.rule().and_then(|rule| rule.default_retention());
        Ok(lock.object_lock_enabled().map(|_| {
            default.map(|default| {
                let mode = default.mode().map_or("", |mode| mode.as_str());
                let time = match (default.days(), default.years()) {
                    (Some(days), _) => format!(" for {}", several(days, "day")),
                    (None, Some(years)) => format!(" for {}", several(years, "year")),
                    (None, None) => String::new(),
                };
                format!("{mode}{time}")
            })
        }))
    }

    /// JSON; `None`: the bucket has none.
    pub fn policy(&self) -> Result<Option<String>, Failure> {
        let asked = self
            .client
            .get_bucket_policy()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send();
        let told = self.or_none(self.aws.wait(asked), "GET the policy of", "NoSuchBucketPolicy")?;
        Ok(told.and_then(|told| told.policy().map(str::to_owned)))
    }

    /// `code`: the error that says that there is none.
    fn or_none<T, E>(
        &self,
        told: Result<T, SdkError<E, HttpResponse>>,
        verb: &str,
        code: &str,
    ) -> Result<Option<T>, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match told {
            Ok(told) => Ok(Some(told)),
            Err(e) if e.as_service_error().is_some_and(|e| e.code() == Some(code)) => Ok(None),
            Err(e) => Err(failure::of(&self.what(verb, ""), e)),
        }
    }
}

fn expiry(rule: &LifecycleRule) -> Expiry {
    #[allow(deprecated)] // rules of that time are kept as they are
    let old = rule.prefix();
    let filter = rule.filter();
    let and = filter.and_then(|filter| filter.and());
    let prefix = filter.and_then(|filter| filter.prefix()).or(and.and_then(|and| and.prefix())).or(old);
    let tagged =
        filter.is_some_and(|filter| filter.tag().is_some()) || and.is_some_and(|and| !and.tags().is_empty());
    let current = rule.expiration().and_then(|when| match (when.days(), when.date()) {
        (Some(days), _) => Some(format!("after {}", several(days, "day"))),
        (None, Some(date)) => Some(format!("on {}", date.fmt(DateTimeFormat::DateTime).unwrap_or_default())),
        (None, None) => None,
    });
    let noncurrent = rule.noncurrent_version_expiration().map(|when| {
        let newer = when.newer_noncurrent_versions().filter(|newer| *newer > 0);
        let newer = newer.map(|newer| format!(", but for the newest {newer}")).unwrap_or_default();
        format!("after {}{newer}", several(when.noncurrent_days().unwrap_or_default(), "day"))
    });
    Expiry {
        rule: rule.id().unwrap_or("without a name").to_owned(),
        prefix: prefix.unwrap_or_default().to_owned(),
        tagged,
        current,
        noncurrent,
    }
}

fn several(n: i32, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}
