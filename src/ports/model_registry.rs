//! Model packages.

use crate::domain::approval::ApprovalStatus;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Artefact;
use crate::domain::entry::Digests;
use crate::domain::entry::Source;
use crate::domain::ids::ProjectId;
use crate::domain::ids::RunId;
use crate::domain::package::Image;
use crate::domain::package::PackageArtefact;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the registry holds of one package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackageRecord {
    pub arn: ModelPackageArn,
    pub group_name: String,
    pub run: RunId,
    pub model: RepoPath,
    pub digest: Digests,
    /// Bytes.
    pub size: u64,
    /// What it points to, if that is in a bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artefact: Option<PackageArtefact>,
    pub created: Timestamp,
}

/// What is started where a package is deployed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Container {
    pub image: Option<String>,
    /// `sha256:…`
    pub image_digest: Option<String>,
    /// URI of the object or prefix that it gets.
    pub model_data: Option<String>,
}

/// All that a registry says of a package now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackageState {
    pub group_name: String,
    pub status: ApprovalStatus,
    /// `None`: mlprov did not make it, or what it wrote there is gone.
    pub record: Option<PackageRecord>,
    pub containers: Vec<Container>,
    /// What else decides about what is served, by its place in the package; secrets taken out.
    pub settings: BTreeMap<String, String>,
    /// Of the entry that binds it, where somebody wrote it back.
    pub leaf: Option<Leaf>,
}

/// A package in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub arn: ModelPackageArn,
    pub status: ApprovalStatus,
    /// mlprov made it.
    pub ours: bool,
}

/// Where the entry stands that binds a package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// Id of the log.
    pub log: String,
    /// RFC 6962 leaf hash, base64.
    pub hash: String,
    /// Origin, size and root of a checkpoint that covers it.
    pub checkpoint: Option<String>,
}

/// What is to be registered. Its bytes are durable.
#[derive(Clone, Copy, Debug)]
pub struct NewPackage<'a> {
    pub project: &'a ProjectId,
    pub group: &'a str,
    pub run: &'a RunId,
    pub model: &'a Artefact,
    pub artefact: Option<&'a PackageArtefact>,
    /// What runs it. Only with an artefact.
    pub image: Option<&'a Image>,
    pub source: Option<&'a Source>,
    pub created: &'a Timestamp,
}

impl PackageRecord {
    /// Whether this is what was to be registered, whenever that was.
    pub fn is(&self, new: &NewPackage<'_>) -> bool {
        self.run == *new.run
            && self.group_name == new.group
            && self.model == new.model.name
            && self.digest == new.model.digest
            && self.size == new.model.size
    }
}

/// Promises:
/// 1. `register` is durable when it returns. There is one package for each run and group: if it is there it is returned as
///    it is, and nothing is changed. So it can be called again after any failure.
/// 2. A package's record is never replaced by a different one.
/// 3. Its approval status is the only thing that changes: at first it waits for a decision; what `decide` set is durable
///    when it returns.
pub trait ModelRegistry {
    fn register(&self, new: &NewPackage<'_>) -> Result<PackageRecord, StoreError>;

    /// The package of a run, if there is one in the group.
    fn of_run(&self, group: &str, run: &RunId) -> Result<Option<PackageRecord>, StoreError> {
        Ok(self.list(group)?.into_iter().find(|record| record.run == *run))
    }

    fn describe(&self, arn: &ModelPackageArn) -> Result<Option<PackageRecord>, StoreError>;

    /// `None`: there is no such package.
    fn state(&self, arn: &ModelPackageArn) -> Result<Option<PackageState>, StoreError> {
        let (record, status) = (self.describe(arn)?, self.approval(arn)?);
        Ok(record.zip(status).map(|(record, status)| PackageState {
            group_name: record.group_name.clone(),
            status,
            record: Some(record),
            containers: Vec::new(),
            settings: BTreeMap::new(),
            leaf: None,
        }))
    }

    /// Writes into a package where the entry stands that binds it, and `record`, if mlprov did not make it; nothing else of it
    /// changes. Where there is no room for that, nothing happens. [`StoreError::Missing`] if there is no such package.
    fn write_back(&self, leaf: &Leaf, record: &PackageRecord) -> Result<(), StoreError> {
        let _ = (leaf, record);
        Ok(())
    }

    /// `None`: there is no such package.
    fn approval(&self, arn: &ModelPackageArn) -> Result<Option<ApprovalStatus>, StoreError>;

    /// `why`: what people are told beside it. [`StoreError::Missing`] if there is no such package.
    fn decide(
        &self,
        arn: &ModelPackageArn,
        status: &ApprovalStatus,
        why: Option<&str>,
    ) -> Result<(), StoreError>;

    /// Where requests go, if it is not in the clone.
    fn place(&self) -> Option<String> {
        None
    }

    /// Whether the user agreed to that.
    fn is_agreed(&self) -> bool {
        true
    }

    fn agree(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Every group that has packages of this project.
    fn groups(&self) -> Result<Vec<String>, StoreError>;

    /// Status of every package of one group. Cheaper than to ask for each.
    fn statuses(&self, group: &str) -> Result<Vec<Listed>, StoreError>;

    /// Packages of one group, oldest first: `NAME/1` is the first.
    fn list(&self, group: &str) -> Result<Vec<PackageRecord>, StoreError>;
}
