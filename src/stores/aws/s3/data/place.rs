//! A store before it is opened, as `init` handles it.

use crate::config::BucketSite;
use crate::config::SharedStore;
use crate::ports::StoreError;
use crate::ports::probe::Probe;
use crate::ports::probe::Property;
use crate::ports::probe::Purpose;
use crate::ports::provision::Remote;
use crate::stores::aws::agreement::Agreement;
use crate::stores::aws::runtime::Endpoint;
use crate::stores::aws::s3::client::S3;
use crate::stores::aws::s3::probe::Probing;
use crate::stores::local::clock::SystemClock;
use std::path::Path;

pub struct StorePlace {
    terms: SharedStore,
    agreement: Agreement,
}

impl StorePlace {
    /// `own`: `<git common dir>/mlprov`.
    pub fn new(terms: &SharedStore, own: &Path) -> Self {
        StorePlace { terms: terms.clone(), agreement: Agreement::new(own, terms.site.terms("store")) }
    }
}

impl Remote for StorePlace {
    fn is_agreed(&self) -> bool {
        self.agreement.is_made()
    }

    fn agree(&self) -> Result<(), StoreError> {
        self.agreement.make()
    }

    fn purpose(&self) -> Purpose {
        Purpose::Store
    }

    fn probe(&self, properties: &[Property]) -> Result<Vec<Probe>, StoreError> {
        let BucketSite { place, region, endpoint, owner } = self.terms.site.clone();
        let s3 =
            S3::connect(&Endpoint { region, url: endpoint, hasty: false }, &place.bucket)?.owned_by(owner);
        Ok(Probing::new(&s3, &place.prefix, self.purpose(), &SystemClock).probe(properties))
    }
}
