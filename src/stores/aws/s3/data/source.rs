//! Buckets of others, with data that is declared.

use super::download::Downloads;
use super::requests::Found;
use super::requests::Requests;
use crate::config::BucketSite;
use crate::config::SharedStore;
use crate::ports::StoreError;
use crate::ports::object_store::Stated;
use crate::ports::source::Current;
use crate::ports::source::Mark;
use crate::ports::source::Page;
use crate::ports::source::Source;
use crate::ports::source::Sources;
use crate::stores::aws::agreement::Agreement;
use crate::stores::aws::runtime::Aws;
use crate::stores::aws::runtime::Endpoint;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

pub struct BucketSources {
    own: PathBuf,
    region: Option<String>,
    endpoint: Option<String>,
    /// The project's own data. Whoever agreed to that agreed to reading it.
    store: Option<BucketSite>,
}

impl BucketSources {
    /// `own`: `<git common dir>/mlprov`. `near`: a bucket of the project's own, which they are reached like.
    pub fn new(own: &Path, near: Option<&BucketSite>, store: Option<BucketSite>) -> Self {
        let (region, endpoint) =
            near.map(|site| (site.region.clone(), site.endpoint.clone())).unwrap_or_default();
        BucketSources { own: own.to_owned(), region, endpoint, store }
    }

    /// The bucket of the project's own data, if this is the one and the user agreed to it.
    fn own_bucket(&self, bucket: &str) -> Option<&BucketSite> {
        let site = self.store.as_ref().filter(|site| site.place.bucket == bucket)?;
        Agreement::new(&self.own, site.terms("store")).is_made().then_some(site)
    }

    fn site(&self, bucket: &str) -> Result<BucketSite, StoreError> {
        let place = format!("s3://{bucket}").parse();
        let unfit = |e: String| StoreError::Unfit { what: format!("s3://{bucket}"), why: e };
        let place = place.map_err(|e: crate::domain::ParseError| unfit(e.why))?;
        Ok(BucketSite { place, region: self.region.clone(), endpoint: self.endpoint.clone(), owner: None })
    }

    fn agreement(&self, site: &BucketSite) -> Agreement {
        Agreement::new(&self.own, site.terms(&format!("source:{}", site.place.bucket)))
    }
}

impl Sources for BucketSources {
    fn is_agreed(&self, bucket: &str) -> bool {
        self.own_bucket(bucket).is_some()
            || self.site(bucket).is_ok_and(|site| self.agreement(&site).is_made())
    }

    fn agree(&self, bucket: &str) -> Result<(), StoreError> {
        self.agreement(&self.site(bucket)?).make()
    }

    fn open(&self, bucket: &str) -> Result<Box<dyn Source>, StoreError> {
        let site = match self.own_bucket(bucket) {
            Some(site) => site.clone(),
            None => self.site(bucket)?,
        };
        if self.own_bucket(bucket).is_none() && !self.agreement(&site).is_made() {
            return Err(StoreError::NotAgreed { what: format!("s3://{bucket}") });
        }
        let endpoint = Endpoint { region: site.region.clone(), url: site.endpoint.clone(), hasty: false };
        let requests = Arc::new(Requests::new(Aws::connect(&endpoint)?, &SharedStore::new(site)));
        Ok(Box::new(Bucket { downloads: Downloads::new(requests.clone()), requests }))
    }
}

struct Bucket {
    requests: Arc<Requests>,
    downloads: Downloads,
}

/// S3 calls the version of an object that has none so.
const NO_VERSION: &str = "null";

impl Source for Bucket {
    fn page(&self, prefix: &str, from: Option<&Mark>) -> Result<Page, StoreError> {
        let (objects, next) = self.requests.wait(self.requests.page(prefix, from))?;
        Ok(Page { objects, next })
    }

    fn state(&self, key: &str, version: Option<&str>) -> Result<(Stated, String), StoreError> {
        match self.requests.wait(self.requests.head(key, version))? {
            Found::There(found) => Ok((Stated { size: found.size, checksum: found.checksum }, found.etag)),
            Found::Gone => {
                let version = version.map_or_else(String::new, |id| format!(" (version {id})"));
                Err(StoreError::Missing { what: format!("{}{version}", self.requests.url(key)) })
            }
        }
    }

    fn metadata(&self, key: &str, version: Option<&str>) -> Result<BTreeMap<String, String>, StoreError> {
        match self.requests.wait(self.requests.metadata(key, version))? {
            Found::There(found) => Ok(found),
            Found::Gone => Err(StoreError::Missing { what: self.requests.url(key) }),
        }
    }

    fn current(&self, key: &str) -> Result<Current, StoreError> {
        match self.requests.wait(self.requests.current(key))? {
            Found::There(found) => Ok(Current {
                version_id: Some(found.version_id).filter(|id| !id.is_empty() && id != NO_VERSION),
                stated: Stated { size: found.size, checksum: found.checksum },
                etag: found.etag,
            }),
            Found::Gone => Err(StoreError::Missing { what: self.requests.url(key) }),
        }
    }

    fn read(&self, key: &str, version: Option<&str>, size: u64) -> Result<Box<dyn Read + Send>, StoreError> {
        self.downloads.open(key, version.unwrap_or(NO_VERSION), size)
    }
}
