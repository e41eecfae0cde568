//! Records of model packages, which a registry of the clone holds: when a project moves they go along, as an object that
//! the entry about the model's data names. So clones that come later find them.

use super::needs::Root;
use crate::app::Project;
use crate::app::Result;
use crate::app::record;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Kind;
use crate::domain::entry::ObjectRef;
use crate::ports::model_registry::PackageRecord;
use crate::ports::object_store::PutBatch;

/// Evidence of a `data.relocated`: the packages of its model, as a JSON list.
pub const PACKAGES: &str = "modelPackages";

/// Adds the records of a model to a batch. `None`: it has none.
pub fn put(source: &Project, root: &Root, batch: &dyn PutBatch) -> Result<Option<ObjectRef>> {
    let mut all = Vec::new();
    // What is registered elsewhere stays there.
    for arn in root.packages.iter().filter(|arn| arn.is_local()) {
        let record = match source.registry.describe(arn)? {
            Some(record) => Some(record),
            None => source.moved_package(arn, &root.blake3)?,
        };
        all.extend(record);
    }
    if all.is_empty() {
        return Ok(None);
    }
    let json = serde_json::to_vec_pretty(&all).unwrap_or_default();
    record::put_object(&json, batch).map(Some)
}

impl Project {
    /// The record of a package that went along when the project moved. `model`: its content.
    pub fn moved_package(&self, arn: &ModelPackageArn, model: &Blake3Hash) -> Result<Option<PackageRecord>> {
        for entry in self.entries()? {
            let Some(body) = entry.body().filter(|body| body.kind == Kind::DataRelocated) else { continue };
            let about = body.inputs.inline().first().is_some_and(|a| a.digest.blake3 == *model);
            let Some(object) = body.evidence.get(PACKAGES).filter(|_| about) else { continue };
            let bytes = self.read_ref(object)?;
            let all: Vec<PackageRecord> = serde_json::from_slice(&bytes).unwrap_or_default();
            if let Some(record) = all.into_iter().find(|record| record.arn == *arn) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}
