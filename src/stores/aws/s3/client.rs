//! Requests to one bucket.

use super::bucket::Bucket;
use super::bucket::KeptVersion;
use super::bucket::Object;
use super::bucket::PutAndListed;
use super::retain::Retain;
use crate::config::Lock;
use crate::ports::StoreError;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Failure;
use crate::stores::aws::runtime::Aws;
use crate::stores::aws::runtime::Endpoint;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::Digest;
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Small requests that go on at the same time.
const AT_ONCE: usize = 256;

#[derive(Clone)]
pub struct S3 {
    pub(super) aws: Aws,
    pub(super) client: Client,
    pub(super) bucket: String,
    /// Account that the bucket must belong to.
    pub(super) owner: Option<String>,
}

/// As the project speaks to S3, wherever it is.
pub fn sdk_client(aws: &Aws) -> Client {
    Client::from_conf(sdk_config(aws).build())
}

fn sdk_config(aws: &Aws) -> aws_sdk_s3::config::Builder {
    let shared = aws.config();
    let mut config = aws_sdk_s3::config::Builder::from(shared)
        // Checksums are sent where they are wanted, see `put`.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    // Servers other than AWS rarely have a host name for each bucket.
    if shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some() {
        config = config.force_path_style(true);
    }
    config
}

impl S3 {
    pub fn connect(endpoint: &Endpoint, bucket: &str) -> Result<Self, StoreError> {
        Ok(Self::new(Aws::connect(endpoint)?, bucket))
    }

    pub fn new(aws: Aws, bucket: &str) -> Self {
        S3 { client: sdk_client(&aws), aws, bucket: bucket.to_owned(), owner: None }
    }

    /// Every request fails if the bucket belongs to another account.
    pub fn owned_by(self, owner: Option<String>) -> Self {
        S3 { owner, ..self }
    }

    /// Commits of a ledger are told to stay.
    pub fn retaining(self, lock: Lock) -> Self {
        if lock == Lock::default() {
            return self;
        }
        let config = sdk_config(&self.aws).interceptor(Retain::commits(lock));
        S3 { client: Client::from_conf(config.build()), ..self }
    }

    pub fn name(&self) -> &str {
        &self.bucket
    }

    pub(super) fn what(&self, verb: &str, key: &str) -> String {
        format!("{verb} s3://{}/{key}", self.bucket)
    }

    fn unknown(&self, verb: &str, key: &str, why: &dyn std::fmt::Display) -> Failure {
        Failure::Unknown { what: self.what(verb, key), why: why.to_string() }
    }

    /// For requests that must not be sent twice without a look.
    pub(super) fn once() -> aws_sdk_s3::config::Builder {
        Config::builder().retry_config(RetryConfig::disabled())
    }

    async fn get_one(&self, key: &str) -> Result<Option<Object>, Failure> {
        let what = self.what("GET", key);
        let mut last = None;
        for _ in 0..3 {
            let answer = match self
                .client
                .get_object()
                .bucket(&self.bucket)
                .key(key)
                .set_expected_bucket_owner(self.owner.clone())
                .send()
                .await
            {
                Ok(answer) => answer,
                Err(e)
                    if failure::status(&e) == Some(404)
                        && e.as_service_error().is_some_and(|e| e.is_no_such_key()) =>
                {
                    return Ok(None);
                }
                Err(e) => return Err(failure::of(&what, e)),
            };
            let etag = answer.e_tag().unwrap_or_default().to_owned();
            let length = answer.content_length();
            match answer.body.collect().await {
                Ok(bytes) => {
                    let bytes = bytes.to_vec();
                    if length.is_none_or(|length| length == bytes.len() as i64) {
                        return Ok(Some(Object { bytes, etag }));
                    }
                    last = Some("the answer was cut short".to_owned());
                }
                // The connection ended in the middle: ask again.
                Err(e) => last = Some(e.to_string()),
            }
        }
        Err(Failure::Unknown { what, why: last.unwrap_or_default() })
    }

    async fn put_one(&self, key: &str, bytes: &[u8], on: On<'_>) -> Result<bool, Failure> {
        let request = self.client.put_object().bucket(&self.bucket).key(key);
        let request = request.set_expected_bucket_owner(self.owner.clone());
        let request = request.checksum_sha256(BASE64.encode(Sha256::digest(bytes)));
        let request = match on {
            On::Absent => request.if_none_match("*"),
            On::Match(etag) => request.if_match(etag),
        };
        let request = request.body(ByteStream::from(bytes.to_vec()));
        match request.customize().config_override(Self::once()).send().await {
            Ok(_) => Ok(true),
            // 404: there is nothing that could match.
            Err(e) if failure::status(&e) == Some(412) => Ok(false),
            Err(e) if failure::status(&e) == Some(404) && matches!(on, On::Match(_)) => Ok(false),
            Err(e) => Err(failure::of(&self.what("PUT", key), e)),
        }
    }

    async fn list_all(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, Failure> {
        let what = self.what("LIST", prefix);
        let mut keys = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
            let request = request.set_expected_bucket_owner(self.owner.clone());
            let request = request.set_start_after(after.filter(|_| next.is_none()).map(str::to_owned));
            let answer = request.set_continuation_token(next.take()).send().await;
            let answer = answer.map_err(|e| failure::of(&what, e))?;
            keys.extend(answer.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
            match answer.next_continuation_token() {
                Some(token) if answer.is_truncated() == Some(true) => next = Some(token.to_owned()),
                _ => break,
            }
        }
        // The order of the keys is part of the promise, whatever the server's.
        keys.sort();
        Ok(keys)
    }
}

#[derive(Clone, Copy)]
enum On<'e> {
    Absent,
    Match(&'e str),
}

impl Bucket for S3 {
    fn get(&self, key: &str) -> Result<Option<Object>, Failure> {
        self.aws.wait(self.get_one(key))
    }

    fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Object>>, Failure> {
        self.aws.wait(async {
            let mut found: Vec<Option<Object>> = vec![None; keys.len()];
            let mut going = JoinSet::new();
            for (n, key) in keys.iter().enumerate() {
                if going.len() >= AT_ONCE {
                    take(&mut going, &mut found).await?;
                }
                let (this, key) = (self.clone(), key.clone());
                going.spawn(async move { (n, this.get_one(&key).await) });
            }
            while !going.is_empty() {
                take(&mut going, &mut found).await?;
            }
            Ok(found)
        })
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<bool, Failure> {
        self.aws.wait(self.put_one(key, bytes, On::Absent))
    }

    fn replace(&self, key: &str, bytes: &[u8], etag: Option<&str>) -> Result<bool, Failure> {
        self.aws.wait(self.put_one(key, bytes, etag.map_or(On::Absent, On::Match)))
    }

    fn put_new_and_list(&self, key: &str, bytes: &[u8], prefix: &str, after: Option<&str>) -> PutAndListed {
        let (this, own) = (self.clone(), (prefix.to_owned(), after.map(str::to_owned)));
        self.aws.wait(async {
            let listing = self.aws.spawn(async move { this.list_all(&own.0, own.1.as_deref()).await });
            let put = self.put_one(key, bytes, On::Absent).await;
            let listed = listing.await.unwrap_or_else(|e| Err(self.unknown("LIST", prefix, &e)));
            (put, listed)
        })
    }

    fn put_all_new(&self, objects: &[(String, Vec<u8>)]) -> Vec<Result<bool, Failure>> {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let send = |(key, bytes): &(String, Vec<u8>)| {
            let (this, turns, key, bytes) = (self.clone(), turns.clone(), key.clone(), bytes.clone());
            self.aws.spawn(async move {
                let _turn = turns.acquire().await;
                this.put_one(&key, &bytes, On::Absent).await
            })
        };
        let going: Vec<_> = objects.iter().map(send).collect();
        self.aws.wait(async {
            let mut done = Vec::with_capacity(objects.len());
            for (one, (key, _)) in going.into_iter().zip(objects) {
                done.push(one.await.unwrap_or_else(|e| Err(self.unknown("PUT", key, &e))));
            }
            done
        })
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, Failure> {
        self.aws.wait(self.list_all(prefix, after))
    }

    fn history(&self, prefix: &str) -> Result<Vec<KeptVersion>, Failure> {
        let what = self.what("LIST versions of", prefix);
        self.aws.wait(async {
            let mut found = Vec::new();
            let mut next: Option<(Option<String>, Option<String>)> = None;
            loop {
                let (key, version) = next.take().unwrap_or_default();
                let request = self.client.list_object_versions().bucket(&self.bucket).prefix(prefix);
                let request = request.set_expected_bucket_owner(self.owner.clone());
                let request = request.set_key_marker(key).set_version_id_marker(version);
                let answer = request.send().await.map_err(|e| failure::of(&what, e))?;
                let kept = |key: Option<&str>, deleted| Some(KeptVersion { key: key?.to_owned(), deleted });
                found.extend(answer.versions().iter().filter_map(|version| kept(version.key(), false)));
                found.extend(answer.delete_markers().iter().filter_map(|marker| kept(marker.key(), true)));
                let markers = (answer.next_key_marker(), answer.next_version_id_marker());
                match answer.is_truncated() == Some(true) && markers.0.is_some() {
                    true => next = Some((markers.0.map(str::to_owned), markers.1.map(str::to_owned))),
                    false => return Ok(found),
                }
            }
        })
    }

    fn delete(&self, key: &str) -> Result<(), Failure> {
        self.aws.wait(async {
            let delete = self.client.delete_object().bucket(&self.bucket).key(key);
            let deleted = delete.set_expected_bucket_owner(self.owner.clone()).send().await;
            deleted.map(|_| ()).map_err(|e| failure::of(&self.what("DELETE", key), e))
        })
    }

    fn pause(&self, about: Duration) {
        // Between three and five quarters: those who wait must not all come back at once.
        let mut random = [0u8; 2];
        let _ = getrandom::fill(&mut random); // without it they come back together, and go on
        let part = u32::from(u16::from_le_bytes(random));
        std::thread::sleep(about * 3 / 4 + about * part / 131_072);
    }
}

async fn take(
    going: &mut JoinSet<(usize, Result<Option<Object>, Failure>)>,
    found: &mut [Option<Object>],
) -> Result<(), Failure> {
    match going.join_next().await {
        None => Ok(()),
        Some(Ok((n, object))) => {
            found[n] = object?;
            Ok(())
        }
        Some(Err(e)) => Err(Failure::Unknown { what: "GET".to_owned(), why: e.to_string() }),
    }
}
