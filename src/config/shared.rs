//! Ledger and store in buckets, as the settings name them.

use super::Config;
use super::LedgerTable;
use super::RegistryTable;
use super::S3Place;
use super::StoreTable;
use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;

/// What S3 is told of each new object that is to stay (Object Lock).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lock {
    /// Nobody deletes it before, whoever he is: compliance mode.
    pub days: Option<u32>,
    /// Nobody deletes it as long as nobody lifts that.
    pub legal_hold: bool,
}

/// A ledger in a bucket, which all clones share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedLedger {
    pub site: BucketSite,
    pub log: LogId,
    /// C2SP verifier key of the log.
    pub vkey: String,
    /// The key of KMS that signs them (ARN, id or alias); `None`: publishers have it in a file.
    pub kms_key: Option<String>,
    pub lock: Lock,
}

/// A store in a versioned bucket, which all clones share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedStore {
    pub site: BucketSite,
    pub kms_key: Option<String>,
    /// Bytes.
    pub cache_max: u64,
    pub lock: Lock,
}

/// The model registry in SageMaker.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SharedRegistry {
    pub region: Option<String>,
    pub endpoint: Option<String>,
}

impl SharedRegistry {
    /// See [`BucketSite::terms`].
    pub fn terms(&self) -> String {
        let or = |value: &Option<String>, default: &str| value.clone().unwrap_or_else(|| default.to_owned());
        let (region, endpoint) = (or(&self.region, "your own"), or(&self.endpoint, "AWS or your own"));
        format!("registry sagemaker region {region} endpoint {endpoint}")
    }
}

/// What of a project lies in buckets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Elsewhere {
    pub ledger: Option<SharedLedger>,
    pub store: Option<SharedStore>,
}

/// Where in S3 something is kept, and how it is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketSite {
    pub place: S3Place,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    pub owner: Option<String>,
}

impl BucketSite {
    /// What a user agrees to: where requests of this clone go. `what`: `ledger` or `store`.
    pub fn terms(&self, what: &str) -> String {
        let or = |value: &Option<String>, default: &str| value.clone().unwrap_or_else(|| default.to_owned());
        let (region, endpoint) = (or(&self.region, "your own"), or(&self.endpoint, "AWS or your own"));
        format!("{what} {} region {region} endpoint {endpoint}", self.place)
    }

    /// For people.
    pub fn describe(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("{} at {endpoint}", self.place),
            None => self.place.to_string(),
        }
    }

    /// Of a table of the settings.
    fn lines(&self) -> String {
        let line = |name: &str, value: &Option<String>| match value {
            Some(value) => format!("{name} = {}\n", toml::Value::from(value.as_str())),
            None => String::new(),
        };
        let (region, endpoint) = (line("region", &self.region), line("endpoint", &self.endpoint));
        format!("url = \"{}\"\n{region}{endpoint}{}", self.place, line("owner", &self.owner))
    }
}

impl SharedStore {
    pub fn new(site: BucketSite) -> Self {
        SharedStore { site, kms_key: None, cache_max: CACHE_MAX, lock: Lock::default() }
    }
}

/// What is kept of the bucket's contents if the settings do not say: 10 GiB.
const CACHE_MAX: u64 = 10 << 30;

impl Config {
    /// As [`Config::embedded_text`], with ledger, store or both in buckets.
    pub fn text(id: &ProjectId, name: &str, elsewhere: &Elsewhere) -> String {
        let mut text = Self::embedded_text(id, name);
        if let Some(ledger) = &elsewhere.ledger {
            let table = format!(
                r#"backend = "s3"     # one log for all clones, in a bucket; who may write to it, the log itself says
{}log = "{}"
vkey = "{}"        # the key that signs its checkpoints
"#,
                ledger.site.lines(),
                ledger.log,
                ledger.vkey
            );
            text =
                text.replace("backend = \"local\"  # the clone's own log, below the git directory\n", &table);
            if let Some(key) = &ledger.kms_key {
                let file =
                    "checkpoint = \"file\"  # checkpoints are signed by the clone's Ed25519 key file\n";
                let kms = format!(
                    "checkpoint = \"kms\"   # checkpoints are signed by an Ed25519 key in KMS, by whoever may use it\nkms_key = {}\n",
                    toml::Value::from(key.as_str())
                );
                text = text.replace(file, &kms);
            }
        }
        if let Some(store) = &elsewhere.store {
            let table = format!(
                "backend = \"s3\"     # data versions are object versions of a versioned bucket\n{}",
                store.site.lines()
            );
            text = text.replace("backend = \"local\"  # data versions, below the git directory\n", &table);
        }
        text
    }

    /// The ledger that all clones share, if there is one.
    pub fn shared_ledger(&self) -> Option<SharedLedger> {
        let LedgerTable { url, region, endpoint, owner, log, vkey, .. } = self.ledger.clone();
        let site = BucketSite { place: url?, region, endpoint, owner };
        let (kms_key, lock) = (self.keys.kms_key.clone(), self.aws.lock());
        Some(SharedLedger { site, log: log?, vkey: vkey?, kms_key, lock })
    }

    pub fn elsewhere(&self) -> Elsewhere {
        Elsewhere { ledger: self.shared_ledger(), store: self.shared_store() }
    }

    /// The store that all clones share, if there is one.
    pub fn shared_store(&self) -> Option<SharedStore> {
        let StoreTable { url, region, endpoint, owner, kms_key, cache_max, .. } = self.store.clone();
        let site = BucketSite { place: url?, region, endpoint, owner };
        let cache_max = cache_max.unwrap_or(CACHE_MAX);
        Some(SharedStore { site, kms_key, cache_max, lock: self.aws.lock() })
    }

    /// The text of the settings, with the registry in SageMaker.
    pub fn with_sagemaker(text: &str, region: Option<&str>) -> String {
        let line = "backend = \"local\"  # model packages: arn:mlprov:local:<project id>::model-package/NAME/<run id>\n";
        let region = region.map(|r| format!("region = {}\n", toml::Value::from(r))).unwrap_or_default();
        text.replace(
            line,
            &format!("backend = \"sagemaker\"  # model packages: SageMaker Model Registry\n{region}"),
        )
    }

    /// The registry in SageMaker, if there is one.
    pub fn sagemaker(&self) -> Option<SharedRegistry> {
        let RegistryTable { backend, region, endpoint } = self.registry.clone();
        (backend == "sagemaker").then_some(SharedRegistry { region, endpoint })
    }

    fn check_registry(&self) -> Result<(), String> {
        let RegistryTable { backend, region, endpoint } = &self.registry;
        match backend.as_str() {
            "local" if region.is_some() || endpoint.is_some() => {
                Err("[registry] region and endpoint belong to backend \"sagemaker\"".into())
            }
            "local" | "sagemaker" => Ok(()),
            other => Err(format!(
                "[registry] backend {other:?} is not known to this version (it knows: local, sagemaker)"
            )),
        }
    }

    /// Why the tables do not fit together.
    pub(super) fn check_backends(&self) -> Result<(), String> {
        self.check_registry()?;
        self.aws.check()?;
        let LedgerTable { backend, url, region, endpoint, owner, log, vkey } = &self.ledger;
        match (self.keys.checkpoint.as_str(), &self.keys.kms_key) {
            ("kms", Some(_)) if backend == "s3" => {}
            ("kms", Some(_)) => {
                return Err("[keys] checkpoint \"kms\" signs a ledger of backend \"s3\" only".into());
            }
            ("kms", None) => return Err("[keys] checkpoint \"kms\" needs kms_key".into()),
            (_, Some(_)) => return Err("[keys] kms_key belongs to checkpoint \"kms\"".into()),
            ("file", None) => {}
            (other, None) => {
                return Err(format!(
                    "[keys] checkpoint {other:?} is not known to this version (it knows: file, kms)"
                ));
            }
        }
        let (ledger, store) = (backend.as_str(), self.store.backend.as_str());
        let of_bucket = [url.is_some(), region.is_some(), endpoint.is_some(), owner.is_some()];
        let extra = of_bucket.contains(&true) || log.is_some() || vkey.is_some();
        match ledger {
            "local" if extra => {
                return Err(
                    "[ledger] url, region, endpoint, owner, log and vkey belong to backend \"s3\"".into()
                );
            }
            "s3" if self.shared_ledger().is_none() => {
                return Err("[ledger] backend \"s3\" needs url, log and vkey".into());
            }
            "local" | "s3" => {}
            other => {
                return Err(format!(
                    "[ledger] backend {other:?} is not known to this version (it knows: local, s3)"
                ));
            }
        }
        let StoreTable { url, region, endpoint, owner, kms_key, cache_max, .. } = &self.store;
        let of_bucket = [url.is_some(), region.is_some(), endpoint.is_some(), owner.is_some()];
        let extra = of_bucket.contains(&true) || kms_key.is_some() || cache_max.is_some();
        match store {
            "local" if extra => {
                Err("[store] url, region, endpoint, owner, kms_key and cache_max belong to backend \"s3\""
                    .into())
            }
            "s3" if url.is_none() => Err("[store] backend \"s3\" needs url".into()),
            "local" | "s3" => Ok(()),
            other => {
                Err(format!("[store] backend {other:?} is not known to this version (it knows: local, s3)"))
            }
        }
    }
}
