//! Requests about single objects and versions. What may be sent again is, with jitter; of a PUT it is found out first
//! whether it happened.

mod copy;
mod listing;
mod multipart;

use super::pace::Pace;
use crate::config::Lock;
use crate::config::SharedStore;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Again;
use crate::stores::aws::failure::Failure;
use crate::stores::aws::runtime::Aws;
use crate::stores::aws::s3::retain::Retain;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_sdk_s3::types::ChecksumMode;
use aws_sdk_s3::types::ServerSideEncryption;
use bytes::Bytes;
use std::future::Future;
use std::time::Duration;

/// Before it is given up: about half a minute of a server that does not answer well. `AWS_MAX_ATTEMPTS` says otherwise,
/// as for every AWS SDK.
const ATTEMPTS: u32 = 9;
/// Without a byte of an answer, while a body may still be on its way.
const READ: Duration = Duration::from_secs(120);
/// Until somebody who only looks whether there is a network gives up.
const HASTY: Duration = Duration::from_secs(3);

/// A version as the server knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stated {
    pub version_id: String,
    /// Bytes.
    pub size: u64,
    /// `SHA256:<base64>`, of a multipart upload with `-<parts>` (S3 API, *Checking object integrity*).
    pub checksum: Option<String>,
    pub etag: String,
}

/// What is to be stored, and how it is known again.
pub struct New<'n> {
    pub key: &'n str,
    /// `SHA256:…`, see [`Stated::checksum`].
    pub checksum: &'n str,
    /// Bytes.
    pub size: u64,
    /// There must be nothing yet: `If-None-Match: *`.
    pub once: bool,
    /// BLAKE3, where it is known before the bytes are sent.
    pub blake3: Option<String>,
}

/// A part that the server has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    pub number: i32,
    pub etag: String,
    pub sha256: [u8; 32],
}

pub struct Requests {
    aws: Aws,
    client: Client,
    site: SharedStore,
    attempts: u32,
    pub pace: Pace,
}

/// What is known of a bucket before the first byte goes there.
pub enum Versioning {
    Enabled,
    /// How it stands.
    Off(String),
    /// Nobody answered, or nobody could be asked.
    Unreached(String),
}

/// What a GET or HEAD of a version came to.
pub enum Found<T> {
    There(T),
    /// The version or its key is gone.
    Gone,
}

impl Requests {
    pub fn new(aws: Aws, site: &SharedStore) -> Self {
        let shared = aws.config();
        let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).read_timeout(READ);
        let mut config = aws_sdk_s3::config::Builder::from(shared)
            .timeout_config(timeouts.build())
            .retry_config(RetryConfig::disabled())
            .request_checksum_calculation(aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(aws_sdk_s3::config::ResponseChecksumValidation::WhenRequired);
        // Servers other than AWS rarely have a host name for each bucket.
        if shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some() {
            config = config.force_path_style(true);
        }
        if site.lock != Lock::default() {
            config = config.interceptor(Retain::data(site.lock));
        }
        let attempts = std::env::var("AWS_MAX_ATTEMPTS").ok().and_then(|text| text.parse().ok());
        let attempts = attempts.filter(|attempts| *attempts > 0).unwrap_or(ATTEMPTS);
        let (client, site) = (Client::from_conf(config.build()), site.clone());
        Requests { client, aws, site, attempts, pace: Pace::new() }
    }

    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.aws.wait(future)
    }

    pub fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.aws.spawn(future)
    }

    pub fn bucket(&self) -> &str {
        &self.site.site.place.bucket
    }

    fn owner(&self) -> Option<String> {
        self.site.site.owner.clone()
    }

    pub fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket())
    }

    /// Sends until there is an answer that would not change.
    async fn persist<T, E, F>(&self, send: impl Fn() -> F) -> Result<T, SdkError<E, HttpResponse>>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut attempt = 0;
        loop {
            let turn = self.pace.turn().await;
            let error = match send().await {
                Ok(answer) => {
                    self.pace.well();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            drop(turn);
            attempt += 1;
            match failure::again(&error).filter(|_| attempt < self.attempts) {
                Some(again) => self.rest(attempt, &again).await,
                None => return Err(error),
            }
        }
    }

    /// A while, longer each time; never the same for two who failed together.
    async fn rest(&self, attempt: u32, again: &Again) {
        self.pace.again(again.busy);
        let longest = Duration::from_millis(100 << attempt.min(6)).min(Duration::from_secs(5));
        let mut random = [0u8; 2];
        let _ = getrandom::fill(&mut random); // without it they come back together, and go on
        let jittered = longest / 2 + longest * u32::from(u16::from_le_bytes(random)) / 131_072;
        tokio::time::sleep(jittered.max(again.after.unwrap_or_default())).await;
    }

    /// Whether the bucket keeps versions. Asked before anything else, and nobody waits long.
    pub async fn versioning(&self) -> Result<Versioning, Failure> {
        let what = format!("GET the versioning of s3://{}", self.bucket());
        let hasty = TimeoutConfig::builder().connect_timeout(HASTY).read_timeout(HASTY).build();
        let send = || {
            let asked = self.client.get_bucket_versioning().bucket(self.bucket());
            let asked = asked.set_expected_bucket_owner(self.owner()).customize();
            asked.config_override(Config::builder().timeout_config(hasty.clone())).send()
        };
        let mut answer = send().await;
        // A server that is busy is there.
        for attempt in 1..self.attempts {
            match &answer {
                Err(e @ SdkError::ServiceError(_)) => match failure::again(e) {
                    Some(again) => self.rest(attempt, &again).await,
                    None => break,
                },
                Err(e) if attempt == 1 && failure::again(e).is_some_and(|again| again.look) => {}
                _ => break,
            }
            answer = send().await;
        }
        match answer {
            Ok(answer) if answer.status() == Some(&BucketVersioningStatus::Enabled) => {
                Ok(Versioning::Enabled)
            }
            Ok(answer) => {
                let status = answer.status().map_or("was never enabled", |_| "is suspended");
                Ok(Versioning::Off(status.to_owned()))
            }
            Err(e @ SdkError::ServiceError(_)) => Err(failure::of(&what, e)),
            Err(e) => match failure::of(&what, e) {
                Failure::Refused { why, .. } | Failure::Unknown { why, .. } => Ok(Versioning::Unreached(why)),
            },
        }
    }

    /// The current version of a key.
    pub async fn current(&self, key: &str) -> Result<Found<Stated>, Failure> {
        self.head(key, None).await
    }

    pub async fn head(&self, key: &str, version: Option<&str>) -> Result<Found<Stated>, Failure> {
        let what = format!("HEAD {}", self.url(key));
        let send = || {
            let head = self.client.head_object().bucket(self.bucket()).key(key);
            let head = head.set_version_id(version.map(str::to_owned)).checksum_mode(ChecksumMode::Enabled);
            head.set_expected_bucket_owner(self.owner()).send()
        };
        match self.persist(send).await {
            Ok(answer) => Ok(Found::There(stated(&answer))),
            // 405: the version asked for is a delete marker. 400: no id of this bucket; without a version it says nothing of
            // the object.
            Err(e) if matches!(failure::status(&e), Some(404 | 405)) => Ok(Found::Gone),
            Err(e) if failure::status(&e) == Some(400) && version.is_some() => Ok(Found::Gone),
            Err(e) => Err(failure::of(&what, e)),
        }
    }

    /// Bytes of a version; `range`: first and last, counted from 0.
    pub async fn get(
        &self,
        key: &str,
        version: &str,
        range: Option<(u64, u64)>,
    ) -> Result<Found<Bytes>, Failure> {
        let what = format!("GET {}", self.url(key));
        let mut attempt = 0;
        loop {
            let send = || {
                let get = self.client.get_object().bucket(self.bucket()).key(key).version_id(version);
                let range = range.map(|(first, last)| format!("bytes={first}-{last}"));
                get.set_range(range).set_expected_bucket_owner(self.owner()).send()
            };
            let answer = match self.persist(send).await {
                Ok(answer) => answer,
                Err(e) if matches!(failure::status(&e), Some(404 | 405)) => return Ok(Found::Gone),
                Err(e)
                    if failure::status(&e) == Some(400)
                        && e.as_service_error().and_then(|e| e.code()) == Some("InvalidArgument") =>
                {
                    return Ok(Found::Gone);
                }
                Err(e) => return Err(failure::of(&what, e)),
            };
            // Some servers send all of a version whatever is asked of it (ministack does).
            let whole = answer.content_range().is_none();
            let wanted = answer.content_length().and_then(|n| u64::try_from(n).ok());
            let why = match answer.body.collect().await {
                Ok(bytes) => {
                    let bytes = bytes.into_bytes();
                    let complete = wanted.is_none_or(|n| n == bytes.len() as u64);
                    match range {
                        _ if !complete => {}
                        Some((first, last)) if whole => {
                            let end = bytes.len().min(last as usize + 1);
                            return Ok(Found::There(bytes.slice((first as usize).min(end)..end)));
                        }
                        _ => return Ok(Found::There(bytes)),
                    }
                    "the answer was cut short".to_owned()
                }
                // The connection ended in the middle: ask again.
                Err(e) => e.to_string(),
            };
            attempt += 1;
            if attempt >= self.attempts {
                return Err(Failure::Unknown { what, why });
            }
            self.rest(attempt, &Again { busy: false, look: false, after: None }).await;
        }
    }

    /// An object of the record, by its own key. `None`: there is none.
    pub async fn get_current(&self, key: &str) -> Result<Option<Bytes>, Failure> {
        match self.head(key, None).await? {
            Found::Gone => Ok(None),
            Found::There(stated) => match self.get(key, &stated.version_id, None).await? {
                Found::There(bytes) => Ok(Some(bytes)),
                Found::Gone => Ok(None),
            },
        }
    }

    /// A new version, in one request.
    pub async fn put(&self, new: &New<'_>, body: Bytes) -> Result<Stated, Failure> {
        let what = format!("PUT {}", self.url(new.key));
        let mut attempt = 0;
        loop {
            let turn = self.pace.turn().await;
            let put = self.client.put_object().bucket(self.bucket()).key(new.key);
            let put = put.set_expected_bucket_owner(self.owner()).body(ByteStream::from(body.clone()));
            let put = put.checksum_sha256(new.checksum.strip_prefix("SHA256:").unwrap_or_default());
            let put = put.set_if_none_match(new.once.then(|| "*".to_owned()));
            let (sse, key) = self.encryption();
            let put = put.set_server_side_encryption(sse).set_ssekms_key_id(key);
            let put = put.set_metadata(new.blake3.clone().map(|b3| [("blake3".to_owned(), b3)].into()));
            // The checksum that is signed with the other headers speaks for the body.
            let error = match put.customize().disable_payload_signing().send().await {
                Ok(answer) => {
                    self.pace.well();
                    return self.kept(new, answer.version_id(), Some(new.checksum.to_owned()));
                }
                Err(error) => error,
            };
            drop(turn);
            if new.once && failure::status(&error) == Some(412) {
                return self.there_already(new).await;
            }
            attempt += 1;
            let Some(again) = failure::again(&error).filter(|_| attempt < self.attempts) else {
                return Err(failure::of(&what, error));
            };
            self.rest(attempt, &again).await;
            if again.look
                && let Some(found) = self.happened(new).await?
            {
                return Ok(found);
            }
        }
    }

    /// How new objects are to be encrypted, if the settings say.
    fn encryption(&self) -> (Option<ServerSideEncryption>, Option<String>) {
        let key = self.site.kms_key.clone();
        (key.as_ref().map(|_| ServerSideEncryption::AwsKms), key)
    }

    fn kept(
        &self,
        new: &New<'_>,
        version: Option<&str>,
        checksum: Option<String>,
    ) -> Result<Stated, Failure> {
        match version.filter(|id| !id.is_empty() && *id != "null") {
            Some(id) => {
                Ok(Stated { version_id: id.to_owned(), size: new.size, checksum, etag: String::new() })
            }
            None => {
                let why = "the bucket keeps no versions (it answered no VersionId)".to_owned();
                Err(Failure::Refused { what: format!("PUT {}", self.url(new.key)), why })
            }
        }
    }

    /// After a PUT without an answer: the version that it made, if it did.
    async fn happened(&self, new: &New<'_>) -> Result<Option<Stated>, Failure> {
        Ok(match self.current(new.key).await? {
            Found::There(found) if self.is_same(new, &found) => Some(found),
            _ => None,
        })
    }

    fn is_same(&self, new: &New<'_>, found: &Stated) -> bool {
        found.size == new.size && found.checksum.as_deref() == Some(new.checksum)
    }

    /// Somebody stored it before. What has a key of its own must be what the key says.
    async fn there_already(&self, new: &New<'_>) -> Result<Stated, Failure> {
        let what = format!("PUT {}", self.url(new.key));
        match self.current(new.key).await? {
            Found::There(found) if self.is_same(new, &found) => {
                self.kept(new, Some(&found.version_id), found.checksum)
            }
            Found::There(_) => {
                let why = "other bytes stand there, under a name that is never used twice".to_owned();
                Err(Failure::Refused { what, why })
            }
            Found::Gone => {
                Err(Failure::Unknown { what, why: "it is said to be there, and is not".to_owned() })
            }
        }
    }
}

fn stated(answer: &HeadObjectOutput) -> Stated {
    Stated {
        version_id: answer.version_id().unwrap_or_default().to_owned(),
        size: answer.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
        checksum: answer.checksum_sha256().map(|sum| format!("SHA256:{sum}")),
        etag: answer.e_tag().unwrap_or_default().to_owned(),
    }
}
