//! What mlprov writes into a package, and reads from it again.

use crate::domain::approval::ApprovalStatus;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Digests;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use crate::ports::model_registry::NewPackage;
use crate::ports::model_registry::PackageRecord;
use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use std::collections::HashMap;

const RUN: &str = "mlprov:run";
const MODEL: &str = "mlprov:model";
const BLAKE3: &str = "mlprov:blake3";
const SHA256: &str = "mlprov:sha256";
const SIZE: &str = "mlprov:size";
const ARTEFACT: &str = "mlprov:artefact";
const VERSION: &str = "mlprov:artefactVersion";

/// `ModelPackageDescription`: lists show it, so that a run's package is found without asking for each.
pub fn description(run: &RunId) -> String {
    format!("mlprov run {run}")
}

/// SageMaker leaves it out of what is not versioned.
pub fn status(found: Option<&ModelApprovalStatus>) -> ApprovalStatus {
    found.map_or(ApprovalStatus::Pending, |status| ApprovalStatus::from(status.as_str().to_owned()))
}

/// `CustomerMetadataProperties` (API reference: values of at most 256 characters, of letters, digits, spaces and
/// `_.:/=+-@`).
pub fn of(new: &NewPackage<'_>) -> Result<HashMap<String, String>, StoreError> {
    let mut all = HashMap::from([
        (RUN.to_owned(), new.run.to_string()),
        (MODEL.to_owned(), new.model.name.to_string()),
        (BLAKE3.to_owned(), new.model.digest.blake3.to_string()),
        (SIZE.to_owned(), new.model.size.to_string()),
    ]);
    all.extend(new.model.digest.sha256.map(|sum| (SHA256.to_owned(), sum.to_string())));
    if let Some(value) = all.get(MODEL).filter(|value| !fits(value)) {
        let why = "SageMaker takes no such text (256 letters, digits, spaces and _.:/=+-@)".to_owned();
        return Err(StoreError::Unfit { what: format!("the model's path {value}"), why });
    }
    // For people and other programs; the entry in the ledger says it too.
    let place = new.model.location.as_ref().and_then(|l| Some((l.bucket.as_ref()?, l.key.as_ref()?, l)));
    if let Some((bucket, key, location)) = place {
        let version = location.version_id.as_ref().map(ToString::to_string);
        let more = [(ARTEFACT, Some(format!("s3://{bucket}/{key}"))), (VERSION, version)];
        let more = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        all.extend(more.filter(|(_, value)| fits(value)));
    }
    Ok(all)
}

fn fits(value: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    value.chars().count() <= 256 && value.chars().all(allowed)
}

/// `None`: mlprov did not make it.
pub fn record(found: &DescribeModelPackageOutput) -> Option<PackageRecord> {
    let properties = found.customer_metadata_properties()?;
    let get = |name: &str| properties.get(name);
    let sha256 = match get(SHA256) {
        Some(sum) => Some(sum.parse().ok()?),
        None => None,
    };
    let created = found.creation_time()?;
    let micros = created.secs().saturating_mul(1_000_000) + i64::from(created.subsec_nanos() / 1_000);
    Some(PackageRecord {
        arn: found.model_package_arn()?.parse().ok()?,
        group_name: found.model_package_group_name()?.to_owned(),
        run: get(RUN)?.parse().ok()?,
        model: get(MODEL)?.parse().ok()?,
        digest: Digests { blake3: get(BLAKE3)?.parse::<Blake3Hash>().ok()?, sha256 },
        size: get(SIZE)?.parse().ok()?,
        created: Timestamp::from_unix_micros(micros),
    })
}
