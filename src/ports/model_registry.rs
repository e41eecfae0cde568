//! Model packages.

use crate::domain::approval::ApprovalStatus;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Digests;
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

/// Promises:
/// 1. `register` is durable when it returns; registering an equal record again changes nothing.
/// 2. A package's record is never replaced by a different one.
/// 3. Its approval status is the only thing that changes: at first it waits for a decision; what `decide` set is durable
///    when it returns.
pub trait ModelRegistry {
    fn register(&self, record: &PackageRecord) -> Result<(), StoreError>;

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

    /// Every group that has packages.
    fn groups(&self) -> Result<Vec<String>, StoreError>;

    /// Packages of one group, oldest first: `NAME/1` is the first.
    fn list(&self, group: &str) -> Result<Vec<PackageRecord>, StoreError>;
}
