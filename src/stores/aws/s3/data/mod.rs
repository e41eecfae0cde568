//! Data versions as versions of S3 objects.
//!
//! ```text
//! data/<repository path>              a file: the key is its path, its identity the VersionId
//! models/<group>/<run id>/<file>      a model, under a key that is used once
//! objects/<BLAKE3>                    manifests, version maps, evidence
//! ```
//! Only PUT. The clone's own store holds objects of the record as well, and contents that wait for a network.

mod batch;
mod download;
mod journal;
mod once;
mod pace;
pub mod place;
pub mod requests;
pub mod source;
mod upload;
mod versions;
mod waiting;

use crate::config::BucketSite;
use crate::config::SharedStore;
use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::domain::version_map::VersionMap;
use crate::ports::StoreError;
use crate::ports::object_store::Copied;
use crate::ports::object_store::ForeignObject;
use crate::ports::object_store::Inventory;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::Placing;
use crate::ports::object_store::PutBatch;
use crate::ports::object_store::Spot;
use crate::ports::object_store::Stated;
use crate::ports::object_store::Sweep;
use crate::stores::aws::agreement::Agreement;
use crate::stores::aws::runtime::Aws;
use crate::stores::aws::runtime::Endpoint;
use crate::stores::local::objects::LocalStore;
use batch::S3Batch;
use download::Downloads;
use requests::Found;
use requests::Requests;
use requests::Versioning;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use versions::Versions;
use waiting::Waiting;

/// Versions that are read at the same time.
const READERS: usize = 32;
/// Of versions in the bucket; volumes of the clone's own store have small numbers.
const BUCKET: u64 = u64::MAX;

pub struct S3Store {
    local: LocalStore,
    terms: SharedStore,
    /// `<git common dir>/mlprov/store`
    dir: PathBuf,
    /// Of the work tree.
    root: PathBuf,
    agreement: Agreement,
    /// Another bucket, from which the server may copy.
    beside: Option<BucketSite>,
    /// Nobody may wait for a network: everything stays here.
    quiet: bool,
    /// The same, as the user wished, or as it turned out.
    staying: OnceLock<Reach>,
    versions: Arc<Versions>,
    connected: Mutex<Option<Arc<Requests>>>,
    downloads: OnceLock<Downloads>,
    reach: OnceLock<Reach>,
    /// Why nobody answers, once that was asked.
    silent: OnceLock<Option<String>>,
    asking: Mutex<()>,
}

/// Whether something can be stored in the bucket now.
enum Reach {
    There(Arc<Requests>),
    /// Not now; why.
    Waits(String),
}

impl S3Store {
    /// `own`: `<git common dir>/mlprov`. `root`: of the work tree. Nothing is sent before it is needed.
    pub fn new(local: LocalStore, terms: &SharedStore, own: &Path, root: &Path, quiet: bool) -> Self {
        let place = terms.site.place.to_string();
        let name = Blake3Hash::of(place.as_bytes()).to_string();
        let dir = own.join("store");
        let versions = dir.join(format!("versions-{}.sqlite", &name[..8]));
        S3Store {
            local,
            terms: terms.clone(),
            dir,
            root: root.to_owned(),
            agreement: Agreement::new(own, terms.site.terms("store")),
            beside: None,
            quiet,
            staying: OnceLock::new(),
            versions: Arc::new(Versions::new(&versions, &terms.site.place.bucket)),
            connected: Mutex::default(),
            downloads: OnceLock::new(),
            reach: OnceLock::new(),
            silent: OnceLock::new(),
            asking: Mutex::new(()),
        }
    }

    /// With a connection from elsewhere.
    pub fn by(self, aws: Aws) -> Self {
        let requests = Arc::new(Requests::new(aws, &self.terms));
        S3Store { connected: Mutex::new(Some(requests)), ..self }
    }

    /// Versions of this other bucket may be copied by the server itself, if it holds both.
    pub fn beside(self, other: Option<BucketSite>) -> Self {
        S3Store { beside: other, ..self }
    }

    fn requests(&self) -> Result<Arc<Requests>, StoreError> {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connected) = &*connected {
            return Ok(connected.clone());
        }
        let site = &self.terms.site;
        if !self.agreement.is_made() {
            return Err(StoreError::NotAgreed { what: site.place.to_string() });
        }
        let endpoint = Endpoint { region: site.region.clone(), url: site.endpoint.clone(), hasty: false };
        let made = Arc::new(Requests::new(Aws::connect(&endpoint)?, &self.terms));
        *connected = Some(made.clone());
        Ok(made)
    }

    fn reach(&self) -> Result<&Reach, StoreError> {
        if let Some(staying) = self.staying.get() {
            return Ok(staying);
        }
        if let Some(known) = self.reach.get() {
            return Ok(known);
        }
        // Many threads want to know, and one asks.
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.reach.get() {
            return Ok(known);
        }
        let reach = if self.quiet {
            Reach::Waits("hooks ask no network".to_owned())
        } else {
            let requests = self.requests()?;
            match requests.wait(requests.versioning())? {
                Versioning::Enabled => {
                    journal::give_up_old(&self.journals(), &requests);
                    Reach::There(requests)
                }
                Versioning::Off(status) => return Err(unversioned(&self.terms.site.place.bucket, &status)),
                Versioning::Unreached(why) => Reach::Waits(why),
            }
        };
        Ok(self.reach.get_or_init(|| reach))
    }

    fn out_of_reach(&self) -> StoreError {
        let why = self.waits().unwrap_or_else(|| "it was not asked".to_owned());
        StoreError::io("reach", &self.terms.site.place, io::Error::other(why))
    }

    /// For who only reads. Fails soon if there is no network: each request by itself would wait long. Whoever may not
    /// ask for the versioning may still read.
    fn answering(&self) -> Result<Arc<Requests>, StoreError> {
        let requests = self.requests()?;
        let silent = self.silent.get_or_init(|| match self.reach.get() {
            Some(Reach::There(_)) => None,
            _ => match requests.wait(requests.versioning()) {
                Ok(Versioning::Unreached(why)) => Some(why),
                _ => None,
            },
        });
        match silent {
            None => Ok(requests),
            Some(why) => Err(StoreError::io("reach", &self.terms.site.place, io::Error::other(why.clone()))),
        }
    }

    fn downloads(&self) -> Result<&Downloads, StoreError> {
        if self.quiet {
            return Err(StoreError::io(
                "ask",
                &self.terms.site.place,
                io::Error::other("hooks ask no network"),
            ));
        }
        let requests = self.answering()?;
        Ok(self.downloads.get_or_init(|| Downloads::new(requests)))
    }

    fn journals(&self) -> PathBuf {
        self.dir.join("uploads")
    }

    fn waiting(&self) -> Waiting {
        Waiting::new(&self.dir.join("waiting"))
    }

    fn object_key(&self, object: &Blake3Hash) -> String {
        format!("{}objects/{object}", self.terms.site.place.prefix)
    }

    /// A file's path below the work tree.
    fn place_of(&self, name: &Path) -> Result<String, StoreError> {
        let below = name.strip_prefix(&self.root).ok().and_then(|below| below.to_str());
        let outside = || StoreError::Unfit {
            what: name.display().to_string(),
            why: "it lies outside of the work tree".to_owned(),
        };
        Ok(below.ok_or_else(outside)?.to_owned())
    }

    /// Key of a version in the agreed bucket.
    fn key<'l>(&self, version: &'l Located) -> Result<&'l str, StoreError> {
        let here = version.bucket.as_ref() == Some(&self.terms.site.place.bucket);
        match (&version.key, here) {
            (Some(key), true) => Ok(key),
            _ => {
                let bucket = version.bucket.clone().unwrap_or_default();
                Err(StoreError::NotAgreed { what: format!("s3://{bucket}") })
            }
        }
    }
}

impl ObjectStore for S3Store {
    fn scheme(&self) -> &'static str {
        "s3"
    }

    fn batch(&self, repair: bool) -> Result<Box<dyn PutBatch + '_>, StoreError> {
        Ok(Box::new(S3Batch::begin(self, repair, None)?))
    }

    fn batch_in(&self, room: &str) -> Result<Box<dyn PutBatch + '_>, StoreError> {
        Ok(Box::new(S3Batch::begin(self, false, Some(room.to_owned()))?))
    }

    fn locate(&self, content: &Blake3Hash) -> Result<Option<Located>, StoreError> {
        match self.local.locate(content)? {
            Some(located) => Ok(Some(located)),
            None => Ok(self.versions.get(content)?.map(|known| known.located)),
        }
    }

    fn find(&self, content: &Blake3Hash) -> Result<Option<(u64, Spot)>, StoreError> {
        match self.local.find(content)? {
            Some(found) => Ok(Some(found)),
            None => {
                let known = self.versions.get(content)?;
                Ok(known.map(|known| (known.located.size, Spot { volume: BUCKET, offset: 0 })))
            }
        }
    }

    fn open_at(&self, content: &Content, spot: Spot) -> Result<Box<dyn Read + Send>, StoreError> {
        if spot.volume != BUCKET {
            return self.local.open_at(content, spot);
        }
        let missing = || StoreError::Missing { what: format!("a version of {}", content.blake3) };
        self.open(&self.versions.get(&content.blake3)?.ok_or_else(missing)?.located)
    }

    fn open(&self, version: &Located) -> Result<Box<dyn Read + Send>, StoreError> {
        if version.version_id.content().is_some() {
            return self.local.open(version);
        }
        let key = self.key(version)?;
        self.downloads()?.open(key, version.version_id.as_str(), version.size)
    }

    fn holds(&self, content: &Blake3Hash, size: u64) -> bool {
        let known = || self.versions.get(content).ok().flatten();
        known().is_some_and(|known| known.located.size == size) || self.local.holds(content, size)
    }

    fn describe(&self, content: &Blake3Hash) -> String {
        let local = self.local.find(content).ok().flatten().is_some();
        match self.versions.get(content).ok().flatten().and_then(|known| known.located.key) {
            Some(key) if !local => format!("s3://{}/{key}", self.terms.site.place.bucket),
            _ => self.local.describe(content),
        }
    }

    fn inventory(&self) -> Result<Inventory, StoreError> {
        self.local.inventory()
    }

    fn sweep(&self) -> Result<Box<dyn Sweep + '_>, StoreError> {
        self.local.sweep()
    }

    fn readers(&self) -> Option<usize> {
        Some(READERS)
    }

    fn has_map(&self, map: &Blake3Hash) -> Option<bool> {
        Some(self.versions.has_map(map).unwrap_or(false))
    }

    fn learn(&self, digest: &Blake3Hash, map: &VersionMap, newer: bool) -> Result<(), StoreError> {
        self.versions.add_map(digest, map.lines(), newer)
    }

    fn note_map(&self, map: &Blake3Hash) -> Result<(), StoreError> {
        self.versions.note_map(map)
    }

    fn fetch(&self, object: &Blake3Hash) -> Result<bool, StoreError> {
        if self.quiet {
            return Ok(false);
        }
        let requests = self.answering()?;
        let key = self.object_key(object);
        let Found::There(stated) = requests.wait(requests.current(&key))? else { return Ok(false) };
        let mut reader = self.downloads()?.open(&key, &stated.version_id, stated.size)?;
        let batch = self.local.batch(false)?;
        let content = batch.put_stream(&mut |out| io::copy(&mut reader, out).map(|_| ()))?;
        if content.blake3 != *object {
            let why = "its bytes do not have the hash that names it".to_owned();
            return Err(StoreError::Corrupt { what: "object".to_owned(), at: requests.url(&key), why });
        }
        let _kept = batch.commit()?;
        if let Ok(version_id) = stated.version_id.parse() {
            let (bucket, key) = (Some(requests.bucket().to_owned()), Some(key));
            let (blake3, size, checksum) = (*object, stated.size, stated.checksum);
            self.versions.add(Located { blake3, size, version_id, bucket, key, checksum })?;
            self.versions.flush()?;
        }
        Ok(true)
    }

    fn push(&self) -> Result<(), StoreError> {
        let waiting = self.waiting();
        for (path, objects) in waiting.list()? {
            batch::push(self, &objects)?;
            waiting.done(&path);
        }
        Ok(())
    }

    fn cache_max(&self) -> Option<u64> {
        Some(self.terms.cache_max)
    }

    fn confirm(&self, content: &Content) -> Result<bool, StoreError> {
        let Some(known) = self.versions.get(&content.blake3)? else { return Ok(false) };
        match self.state(&known.located) {
            Ok(Some(found)) => Ok(found.size == content.size
                && found.checksum.is_some()
                && found.checksum == known.located.checksum),
            Ok(None) | Err(StoreError::Missing { .. }) => Ok(false),
            Err(e) => Err(e),
        }
    }

    fn take(&self, from: &ForeignObject<'_>, place: &str) -> Result<Copied, StoreError> {
        let Reach::There(requests) = self.reach()? else { return Err(self.out_of_reach()) };
        let new = format!("{}data/{place}", self.terms.site.place.prefix);
        let found = requests.wait(requests.take(from, &new))?;
        let unfit = |e: crate::domain::ParseError| StoreError::Unfit { what: requests.url(&new), why: e.why };
        let version_id = found.version_id.parse().map_err(unfit)?;
        let (etag, checksum) = (found.etag, found.checksum);
        Ok(Copied { bucket: requests.bucket().to_owned(), key: new, version_id, etag, checksum })
    }

    fn place(&self, place: &str, new: &Placing<'_>) -> Result<Copied, StoreError> {
        once::place(self, place, new)
    }

    fn stay_local(&self, why: &str) {
        self.staying.get_or_init(|| Reach::Waits(why.to_owned()));
    }

    fn push_objects(&self, objects: &[Blake3Hash]) -> Result<(), StoreError> {
        batch::push(self, objects)
    }

    fn waits(&self) -> Option<String> {
        match self.staying.get().or_else(|| self.reach.get()) {
            Some(Reach::Waits(why)) => Some(why.clone()),
            _ => None,
        }
    }

    fn state(&self, version: &Located) -> Result<Option<Stated>, StoreError> {
        if version.version_id.content().is_some() {
            return Ok(None);
        }
        let key = self.key(version)?;
        let requests = self.answering()?;
        match requests.wait(requests.head(key, Some(version.version_id.as_str())))? {
            Found::There(found) => Ok(Some(Stated { size: found.size, checksum: found.checksum })),
            Found::Gone => {
                let what = format!("{} (version {})", requests.url(key), version.version_id);
                Err(StoreError::Missing { what })
            }
        }
    }
}

fn unversioned(bucket: &str, status: &str) -> StoreError {
    let why = format!("versioning {status}, so what is stored there could be overwritten");
    StoreError::Unfit { what: format!("s3://{bucket}"), why }
}
