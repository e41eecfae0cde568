//! What mlprov writes into a package, and reads from it again.

use crate::domain::approval::ApprovalStatus;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Digests;
use crate::domain::entry::ObjectRef;
use crate::domain::ids::RunId;
use crate::domain::package::PackageArtefact;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use crate::ports::model_registry::Container;
use crate::ports::model_registry::Leaf;
use crate::ports::model_registry::NewPackage;
use crate::ports::model_registry::PackageRecord;
use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use aws_sdk_sagemaker::types::ModelPackageContainerDefinition;
use std::collections::HashMap;

const RUN: &str = "mlprov:run";
const MODEL: &str = "mlprov:model";
const BLAKE3: &str = "mlprov:blake3";
const SHA256: &str = "mlprov:sha256";
const SIZE: &str = "mlprov:size";
const ARTEFACT: &str = "mlprov:artefact";
const VERSION: &str = "mlprov:artefactVersion";
const FORM: &str = "mlprov:artefactForm";
const ARTEFACT_BLAKE3: &str = "mlprov:artefactBlake3";
const ARTEFACT_SHA256: &str = "mlprov:artefactSha256";
const ARTEFACT_SIZE: &str = "mlprov:artefactSize";
const CHECKSUM: &str = "mlprov:artefactChecksum";
const MANIFEST_SIZE: &str = "mlprov:artefactManifestSize";
const LOG: &str = "mlprov:log";
const LEAF: &str = "mlprov:leaf";
const CHECKPOINT: &str = "mlprov:checkpoint";

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
    if let Some(artefact) = new.artefact {
        all.extend(of_artefact(artefact));
        if let Some(uri) = all.get(ARTEFACT).filter(|uri| !fits(uri)) {
            let why = "SageMaker takes no such URI (256 letters, digits, spaces and _.:/=+-@)".to_owned();
            return Err(StoreError::Unfit { what: uri.clone(), why });
        }
        return Ok(all);
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

/// The same of a package that something else made. All of it, or, if SageMaker would not take some of it, nothing.
pub fn of_record(record: &PackageRecord) -> HashMap<String, String> {
    let mut all = HashMap::from([
        (RUN.to_owned(), record.run.to_string()),
        (MODEL.to_owned(), record.model.to_string()),
        (BLAKE3.to_owned(), record.digest.blake3.to_string()),
        (SIZE.to_owned(), record.size.to_string()),
    ]);
    all.extend(record.digest.sha256.map(|sum| (SHA256.to_owned(), sum.to_string())));
    all.extend(record.artefact.iter().flat_map(of_artefact));
    if all.values().all(|value| fits(value)) { all } else { HashMap::new() }
}

fn of_artefact(artefact: &PackageArtefact) -> impl Iterator<Item = (String, String)> {
    let PackageArtefact { uri, form, digest, size, version_id, checksum, manifest, etag: _ } = artefact;
    let all = [
        (ARTEFACT, Some(uri.clone())),
        (FORM, Some(form.as_str().to_owned())),
        (ARTEFACT_BLAKE3, Some(digest.blake3.to_string())),
        (ARTEFACT_SHA256, digest.sha256.map(|sum| sum.to_string())),
        (ARTEFACT_SIZE, Some(size.to_string())),
        (VERSION, version_id.as_ref().map(ToString::to_string)),
        (CHECKSUM, checksum.clone()),
        (MANIFEST_SIZE, manifest.as_ref().map(|manifest| manifest.size.to_string())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
}

/// `None`: there is none, or not all of it that was written.
fn artefact(properties: &HashMap<String, String>) -> Option<PackageArtefact> {
    let get = |name: &str| properties.get(name);
    let digest = Digests {
        blake3: get(ARTEFACT_BLAKE3)?.parse().ok()?,
        sha256: get(ARTEFACT_SHA256).map(|sum| sum.parse()).transpose().ok()?,
    };
    let size = get(MANIFEST_SIZE).map(|size| size.parse()).transpose().ok()?;
    Some(PackageArtefact {
        uri: get(ARTEFACT)?.clone(),
        form: get(FORM)?.parse().ok()?,
        digest,
        size: get(ARTEFACT_SIZE)?.parse().ok()?,
        version_id: get(VERSION).map(|id| id.parse()).transpose().ok()?,
        checksum: get(CHECKSUM).cloned(),
        etag: None,
        manifest: size.map(|size| ObjectRef { digest, size }),
    })
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
        artefact: artefact(properties),
        created: Timestamp::from_unix_micros(micros),
    })
}

/// What is started where the package is deployed.
pub fn containers(found: &DescribeModelPackageOutput) -> Vec<Container> {
    let all = found.inference_specification().map(|what| what.containers()).unwrap_or_default();
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let prefix = |one: &ModelPackageContainerDefinition| {
        let source = one.model_data_source().and_then(|source| source.s3_data_source())?;
        text(source.s3_uri())
    };
    let container = |one: &ModelPackageContainerDefinition| Container {
        image: text(one.image()),
        image_digest: text(one.image_digest()),
        model_data: text(one.model_data_url()).or_else(|| prefix(one)),
    };
    all.iter().map(container).collect()
}

/// `None`: nobody has written it back yet.
pub fn leaf(properties: &HashMap<String, String>) -> Option<Leaf> {
    Some(Leaf {
        log: properties.get(LOG)?.clone(),
        hash: properties.get(LEAF)?.clone(),
        checkpoint: properties.get(CHECKPOINT).cloned(),
    })
}

/// The other way round.
pub fn of_leaf(leaf: &Leaf) -> impl Iterator<Item = (String, String)> {
    let all = [
        (LOG, Some(leaf.log.clone())),
        (LEAF, Some(leaf.hash.clone())),
        (CHECKPOINT, leaf.checkpoint.clone()),
    ];
    let all = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    all.filter(|(_, value)| fits(value))
}

/// What is there of another leaf, and would stay beside this one.
pub fn not_of(leaf: &Leaf, properties: &HashMap<String, String>) -> Vec<String> {
    let stale = leaf.checkpoint.is_none() && properties.contains_key(CHECKPOINT);
    stale.then(|| CHECKPOINT.to_owned()).into_iter().collect()
}
