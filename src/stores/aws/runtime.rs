//! The one place where the SDK's asynchronous calls become ordinary ones.

use crate::ports::StoreError;
use aws_config::BehaviorVersion;
use aws_config::Region;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::service_config::ServiceConfigKey;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// Without a byte of an answer.
const READ: Duration = Duration::from_secs(15);
/// Both, where nobody may wait.
const HASTY: Duration = Duration::from_secs(2);
/// Of a request that may be repeated.
const ATTEMPTS: u32 = 3;

/// Where and as whom requests are made.
#[derive(Clone)]
pub struct Aws {
    runtime: Arc<Background>,
    config: SdkConfig,
}

/// Ends without waiting, wherever its last user is: also one of its own tasks.
struct Background(Option<Runtime>);

impl std::ops::Deref for Background {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        match &self.0 {
            Some(runtime) => runtime,
            None => unreachable!("it is there until it is dropped"),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the settings say; what they leave open the standard provider chain finds (variables, profiles, SSO, roles).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Endpoint {
    pub region: Option<String>,
    /// Of a server that is not AWS.
    pub url: Option<String>,
    /// Nobody waits long, and nothing is tried twice.
    pub hasty: bool,
}

fn runtime() -> Result<Runtime, StoreError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|e| StoreError::io("start", "the AWS client", e))
}

/// Whether a URL is that of a host of AWS's own, of any partition.
fn is_aws(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|domain| host.ends_with(domain))
}

/// One TLS stack, for all services.
pub fn http() -> SharedHttpClient {
    Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https()
}

impl Aws {
    /// Reads the caller's own AWS settings; nothing is sent, unless they name a place to ask for credentials.
    pub fn connect(endpoint: &Endpoint) -> Result<Self, StoreError> {
        let runtime = runtime()?;
        let (connect, read, attempts) = match endpoint.hasty {
            true => (HASTY, HASTY, 1),
            false => (CONNECT, READ, ATTEMPTS),
        };
        let timeouts = TimeoutConfig::builder().connect_timeout(connect).read_timeout(read).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(attempts));
        if let Some(region) = &endpoint.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &endpoint.url {
            loader = loader.endpoint_url(url);
        }
        let config = runtime.block_on(loader.load());
        Self::new(runtime, config)
    }

    /// As [`Aws::connect`], with settings from elsewhere.
    pub fn with(config: SdkConfig) -> Result<Self, StoreError> {
        Self::new(runtime()?, config)
    }

    fn new(runtime: Runtime, config: SdkConfig) -> Result<Self, StoreError> {
        if config.region().is_none() {
            let why = io::Error::other(
                "no region is set, neither in the project's settings nor in yours (AWS_REGION)",
            );
            return Err(StoreError::io("use", "AWS", why));
        }
        Ok(Aws { runtime: Arc::new(Background(Some(runtime))), config })
    }

    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Where a service is asked, if that is not AWS: as the SDK finds it. `service`: as the SDK calls it.
    pub fn endpoint_of(&self, service: &'static str) -> Option<String> {
        let general = || self.config.endpoint_url().map(str::to_owned);
        if self.config.get_origin("endpoint_url").is_client_config() {
            return general();
        }
        let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL");
        let key = key.profile("endpoint_url").build().ok()?;
        self.config.service_config().and_then(|config| config.load_config(key)).or_else(general)
    }

    /// For a service that is about the buckets. Of buckets on another server AWS itself is asked nothing.
    pub fn config_of(&self, service: &'static str) -> Result<&SdkConfig, StoreError> {
        match (self.endpoint_of("S3"), self.endpoint_of(service)) {
            // A host of AWS's own, as of PrivateLink, is no other server.
            (Some(s3), None) if !is_aws(&s3) => {
                let variable = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase());
                let why = format!("S3 is at {s3}, and this would be asked at AWS itself: set {variable}");
                Err(StoreError::Unfit { what: format!("AWS {service}"), why })
            }
            _ => Ok(&self.config),
        }
    }

    /// Goes on by itself.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.runtime.spawn(future)
    }

    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}
