//! The model registry in SageMaker. Of a package only the approval status ever changes; everything else that mlprov wants to
//! find again stands in its `CustomerMetadataProperties`.

mod deployable;
mod properties;
mod requests;
mod settings;

use crate::config::SharedRegistry;
use crate::domain::approval::ApprovalStatus;
use crate::domain::arn;
use crate::domain::arn::ModelPackageArn;
use crate::domain::ids::ProjectId;
use crate::domain::ids::RunId;
use crate::ports::StoreError;
use crate::ports::model_registry::Leaf;
use crate::ports::model_registry::Listed;
use crate::ports::model_registry::ModelRegistry;
use crate::ports::model_registry::NewPackage;
use crate::ports::model_registry::PackageRecord;
use crate::ports::model_registry::PackageState;
use crate::stores::aws::agreement::Agreement;
use crate::stores::aws::runtime::Aws;
use crate::stores::aws::runtime::Endpoint;
use crate::stores::local::registry::LocalRegistry;
use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use requests::Requests;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

pub struct SageMakerRegistry {
    /// Packages from before the project went to SageMaker.
    local: LocalRegistry,
    project: ProjectId,
    terms: SharedRegistry,
    agreement: Agreement,
    connected: Mutex<Option<Arc<Requests>>>,
}

impl SageMakerRegistry {
    /// `own`: `<git common dir>/mlprov`. Nothing is sent before it is needed.
    pub fn new(local: LocalRegistry, project: ProjectId, terms: &SharedRegistry, own: &Path) -> Self {
        let agreement = Agreement::new(own, terms.terms());
        SageMakerRegistry { local, project, terms: terms.clone(), agreement, connected: Mutex::default() }
    }

    /// With a connection from elsewhere.
    pub fn by(self, aws: Aws) -> Self {
        SageMakerRegistry { connected: Mutex::new(Some(Arc::new(Requests::new(aws)))), ..self }
    }

    fn requests(&self) -> Result<Arc<Requests>, StoreError> {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connected) = &*connected {
            return Ok(connected.clone());
        }
        if !self.agreement.is_made() {
            return Err(StoreError::NotAgreed { what: "SageMaker".into() });
        }
        let SharedRegistry { region, endpoint } = self.terms.clone();
        let made = Arc::new(Requests::new(Aws::connect(&Endpoint { region, url: endpoint, hasty: false })?));
        *connected = Some(made.clone());
        Ok(made)
    }
}

impl ModelRegistry for SageMakerRegistry {
    fn register(&self, new: &NewPackage<'_>) -> Result<PackageRecord, StoreError> {
        let requests = self.requests()?;
        let properties = properties::of(new)?;
        if let Some(known) = requests.of_run(new.group, new.run)? {
            return Ok(known);
        }
        requests.make_group(new.group, new.project)?;
        requests.create(new, &properties)
    }

    fn describe(&self, arn: &ModelPackageArn) -> Result<Option<PackageRecord>, StoreError> {
        match arn.is_local() {
            true => self.local.describe(arn),
            false => Ok(self.requests()?.describe(arn)?.and_then(|found| properties::record(&found))),
        }
    }

    fn of_run(&self, group: &str, run: &RunId) -> Result<Option<PackageRecord>, StoreError> {
        self.requests()?.of_run(group, run)
    }

    fn state(&self, arn: &ModelPackageArn) -> Result<Option<PackageState>, StoreError> {
        if arn.is_local() {
            return self.local.state(arn);
        }
        let state = |found: DescribeModelPackageOutput| PackageState {
            group_name: found.model_package_group_name().unwrap_or_default().to_owned(),
            status: properties::status(found.model_approval_status()),
            record: properties::record(&found),
            containers: properties::containers(&found),
            settings: settings::of(&found),
            leaf: found.customer_metadata_properties().and_then(properties::leaf),
        };
        Ok(self.requests()?.describe(arn)?.map(state))
    }

    fn write_back(&self, leaf: &Leaf, record: &PackageRecord) -> Result<(), StoreError> {
        match record.arn.is_local() {
            true => Ok(()),
            false => self.requests()?.write_back(leaf, record),
        }
    }

    fn approval(&self, arn: &ModelPackageArn) -> Result<Option<ApprovalStatus>, StoreError> {
        if arn.is_local() {
            return self.local.approval(arn);
        }
        let found = self.requests()?.describe(arn)?;
        Ok(found.map(|found| properties::status(found.model_approval_status())))
    }

    fn decide(
        &self,
        arn: &ModelPackageArn,
        status: &ApprovalStatus,
        why: Option<&str>,
    ) -> Result<(), StoreError> {
        match arn.is_local() {
            true => self.local.decide(arn, status, why),
            false => self.requests()?.decide(arn, status, why),
        }
    }

    fn place(&self) -> Option<String> {
        let SharedRegistry { region, endpoint } = &self.terms;
        let region = region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
        let endpoint = endpoint.as_ref().map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
        Some(format!("SageMaker{region}{endpoint}"))
    }

    fn is_agreed(&self) -> bool {
        self.agreement.is_made()
    }

    fn agree(&self) -> Result<(), StoreError> {
        self.agreement.make()
    }

    fn groups(&self) -> Result<Vec<String>, StoreError> {
        let mut groups = self.local.groups()?;
        groups.extend(self.requests()?.groups(&self.project)?);
        groups.sort();
        groups.dedup();
        Ok(groups)
    }

    fn statuses(&self, group: &str) -> Result<Vec<Listed>, StoreError> {
        if arn::check_group(group).is_err() {
            return Ok(Vec::new());
        }
        let mut statuses = self.local.statuses(group)?;
        statuses.extend(self.requests()?.statuses(group)?);
        Ok(statuses)
    }

    fn list(&self, group: &str) -> Result<Vec<PackageRecord>, StoreError> {
        // The group comes from a command line: SageMaker would call it a mistake.
        if arn::check_group(group).is_err() {
            return Ok(Vec::new());
        }
        let mut records = self.local.list(group)?;
        records.extend(self.requests()?.list(group)?);
        Ok(records)
    }
}
