//! Model packages.

use crate::domain::approval::ApprovalStatus;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Artefact;
use crate::domain::entry::Digests;
use crate::domain::entry::Source;
use crate::domain::ids::ProjectId;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use serde::Deserialize;
use serde::Serialize;

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
    pub created: Timestamp,
}

/// What is to be registered. Its bytes are durable.
#[derive(Clone, Copy, Debug)]
pub struct NewPackage<'a> {
    pub project: &'a ProjectId,
    pub group: &'a str,
    pub run: &'a RunId,
    pub model: &'a Artefact,
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

    fn describe(&self, arn: &ModelPackageArn) -> Result<Option<PackageRecord>, StoreError>;

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

    /// Status of every package of one group that mlprov registered. Cheaper than to ask for each.
    fn statuses(&self, group: &str) -> Result<Vec<(ModelPackageArn, ApprovalStatus)>, StoreError>;

    /// Packages of one group, oldest first: `NAME/1` is the first.
    fn list(&self, group: &str) -> Result<Vec<PackageRecord>, StoreError>;
}
