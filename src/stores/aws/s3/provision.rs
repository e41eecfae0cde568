//! How a clone gets at a ledger that lies in a bucket: keys and mirror are where an embedded one has its own.

use super::client::S3;
use super::ledger::S3Ledger;
use super::probe::Probing;
use crate::config::SharedLedger;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::ledger::FormatError;
use crate::ledger::frame::Header;
use crate::ledger::note::VerifierKey;
use crate::ports::StoreError;
use crate::ports::probe::Probe;
use crate::ports::probe::Property;
use crate::ports::probe::Purpose;
use crate::ports::provision::Ledger;
use crate::ports::provision::OwnFiles;
use crate::ports::provision::Provision;
use crate::ports::provision::Remote;
use crate::ports::signer::CheckpointSigner;
use crate::ports::signer::EntrySigner;
use crate::stores::aws::agreement::Agreement;
use crate::stores::aws::kms::KmsKey;
use crate::stores::aws::runtime::Endpoint;
use crate::stores::aws::s3::bucket::Bucket;
use crate::stores::local::clock::SystemClock;
use crate::stores::local::journal::LocalLedger;
use crate::stores::local::provision::LocalPlaces;
use std::path::PathBuf;

#[derive(Clone)]
pub struct SharedPlaces {
    pub local: LocalPlaces,
    pub shared: SharedLedger,
    /// Nobody waits long, and nothing is tried twice.
    pub hasty: bool,
    /// The log is on its way there: it may say of itself that it is elsewhere, and nobody has published it there yet.
    pub arriving: bool,
}

impl SharedPlaces {
    fn agreement(&self) -> Agreement {
        Agreement::new(&self.local.common, self.shared.site.terms("ledger"))
    }

    fn connect(&self) -> Result<S3, StoreError> {
        match self.is_agreed() {
            true => self.dial(),
            false => Err(StoreError::NotAgreed { what: self.shared.site.place.to_string() }),
        }
    }

    fn endpoint(&self) -> Endpoint {
        let (region, url) = (self.shared.site.region.clone(), self.shared.site.endpoint.clone());
        Endpoint { region, url, hasty: self.hasty }
    }

    fn dial(&self) -> Result<S3, StoreError> {
        let s3 = S3::connect(&self.endpoint(), &self.shared.site.place.bucket)?;
        Ok(s3.owned_by(self.shared.site.owner.clone()).retaining(self.shared.lock))
    }

    fn prefix(&self) -> String {
        format!("{}ledger/", self.shared.site.place.prefix)
    }

    fn ledger(&self, mirror: LocalLedger) -> S3Ledger {
        let (connecting, signing) = (self.clone(), self.local.clone());
        let log = self.shared.log;
        let connect = move || connecting.connect().map(|s3| Box::new(s3) as Box<dyn Bucket>);
        let signer = move || signing.writer_key(log);
        let ledger = S3Ledger::new(mirror.as_mirror(), &self.prefix(), Box::new(connect), Box::new(signer));
        match self.arriving {
            true => ledger.arriving(),
            false => ledger.at(&self.shared.site.place.to_string()),
        }
    }

    /// `None` before `init`.
    pub fn open_ledger(&self) -> Result<Option<S3Ledger>, StoreError> {
        let Some(mirror) = self.local.open_ledger()? else { return Ok(None) };
        let found = crate::ports::log_reader::LogReader::log(&mirror);
        if found != self.shared.log {
            let (what, wanted) = (self.local.ledger_dir().display().to_string(), self.shared.log);
            return Err(StoreError::OtherLog { what, found, wanted });
        }
        Ok(Some(self.ledger(mirror)))
    }

    fn only_embedded(&self) -> StoreError {
        let why = "its log is that of all clones, and goes on under its own id".to_owned();
        StoreError::Unfit { what: self.shared.site.place.to_string(), why }
    }
}

impl Provision for SharedPlaces {
    fn writer_key(&self, log: LogId) -> Result<Box<dyn EntrySigner>, StoreError> {
        self.local.writer_key(log)
    }

    fn create_writer_key(&self) -> Result<(Box<dyn EntrySigner>, bool), StoreError> {
        self.local.create_writer_key()
    }

    fn create_run_key(&self, run: RunId) -> Result<(Box<dyn EntrySigner>, PathBuf), StoreError> {
        self.local.create_run_key(run)
    }

    fn next_writer_key(&self, log: LogId) -> Result<Option<Box<dyn EntrySigner>>, StoreError> {
        self.local.next_writer_key(log)
    }

    fn create_next_writer_key(&self, log: LogId) -> Result<Box<dyn EntrySigner>, StoreError> {
        self.local.create_next_writer_key(log)
    }

    fn use_next_writer_key(&self, log: LogId) -> Result<(), StoreError> {
        self.local.use_next_writer_key(log)
    }

    fn inherit_writer_key(&self, from: LogId, to: LogId) -> Result<(), StoreError> {
        self.local.inherit_writer_key(from, to)
    }

    fn log_key(&self, log: LogId, origin: &str) -> Result<Box<dyn CheckpointSigner>, StoreError> {
        let Some(key) = &self.shared.kms_key else { return self.local.log_key(log, origin) };
        let bad = |why: String| StoreError::Key { what: key.clone(), why };
        let verifier: VerifierKey =
            self.shared.vkey.parse().map_err(|e: FormatError| bad(format!("its vkey: {e}")))?;
        if verifier.name() != origin {
            return Err(bad(format!("its vkey is that of {}", verifier.name())));
        }
        // Nothing is signed in a place that the user did not agree to.
        if !self.is_agreed() {
            return Err(StoreError::NotAgreed { what: self.shared.site.place.to_string() });
        }
        Ok(Box::new(KmsKey::new(self.endpoint(), key, verifier)))
    }

    fn create_log_key(&self, log: LogId, origin: &str) -> Result<Box<dyn CheckpointSigner>, StoreError> {
        match &self.shared.kms_key {
            Some(key) => Ok(Box::new(KmsKey::of(self.endpoint(), key, origin)?)),
            None => self.local.create_log_key(log, origin),
        }
    }

    fn existing_ledger(&self) -> Result<Option<Box<dyn Ledger>>, StoreError> {
        Ok(self.open_ledger()?.map(|ledger| Box::new(ledger) as Box<dyn Ledger>))
    }

    fn create_ledger(&self, header: &Header) -> Result<Box<dyn Ledger>, StoreError> {
        Ok(Box::new(self.ledger(LocalLedger::create_mirror(&self.local.ledger_dir(), header)?)))
    }

    fn prepare_successor(&self, _: &Header) -> Result<Box<dyn Ledger>, StoreError> {
        Err(self.only_embedded())
    }

    fn replace_by_successor(&self, _: LogId) -> Result<String, StoreError> {
        Err(self.only_embedded())
    }

    fn create_store(&self) -> Result<(), StoreError> {
        self.local.create_store()
    }

    fn own_files(&self, log: Option<LogId>) -> OwnFiles {
        self.local.own_files(log)
    }
}

impl Remote for SharedPlaces {
    fn is_agreed(&self) -> bool {
        self.agreement().is_made()
    }

    fn agree(&self) -> Result<(), StoreError> {
        self.agreement().make()
    }

    fn purpose(&self) -> Purpose {
        Purpose::Ledger
    }

    fn probe(&self, properties: &[Property]) -> Result<Vec<Probe>, StoreError> {
        let (s3, clock) = (self.dial()?, SystemClock);
        Ok(Probing::new(&s3, &self.shared.site.place.prefix, self.purpose(), &clock).probe(properties))
    }
}
