//! The embedded model registry: one JSON file per package, `registry/<group>/<run id>.json`, which never changes, and
//! one beside it, `<run id>.approval`, once somebody decided about it.

use crate::domain::ParseError;
use crate::domain::approval::ApprovalStatus;
use crate::domain::arn;
use crate::domain::arn::ModelPackageArn;
use crate::durable;
use crate::ports::StoreError;
use crate::ports::model_registry::Listed;
use crate::ports::model_registry::ModelRegistry;
use crate::ports::model_registry::NewPackage;
use crate::ports::model_registry::PackageRecord;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// SageMaker's names for the two fields.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Decision {
    model_approval_status: ApprovalStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval_description: Option<String>,
}

pub struct LocalRegistry {
    dir: PathBuf,
}

impl LocalRegistry {
    pub fn new(dir: &Path) -> Self {
        LocalRegistry { dir: dir.to_owned() }
    }

    /// The file that holds a package's record.
    pub fn file(&self, arn: &ModelPackageArn) -> PathBuf {
        self.dir.join(arn.group()).join(format!("{}.json", arn.version()))
    }

    fn decision(&self, arn: &ModelPackageArn) -> PathBuf {
        self.file(arn).with_extension("approval")
    }

    fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("read", path.display(), e)),
        };
        let record = serde_json::from_slice(&bytes).map_err(|e| StoreError::Corrupt {
            what: "model package record".into(),
            at: path.display().to_string(),
            why: e.to_string(),
        })?;
        Ok(Some(record))
    }
}

impl ModelRegistry for LocalRegistry {
    fn register(&self, new: &NewPackage<'_>) -> Result<PackageRecord, StoreError> {
        let unfit = |e: ParseError| StoreError::Unfit { what: "model package".into(), why: e.to_string() };
        let record = PackageRecord {
            arn: ModelPackageArn::local(new.project, new.group, new.run).map_err(unfit)?,
            group_name: new.group.to_owned(),
            run: *new.run,
            model: new.model.name.clone(),
            digest: new.model.digest,
            size: new.model.size,
            artefact: new.artefact.cloned(),
            created: new.created.clone(),
        };
        let path = self.file(&record.arn);
        durable::create_dir_all(&self.dir.join(record.arn.group()))?;
        match durable::create_new(&path, &to_json(&record, &path)?, 0o644)? {
            true => Ok(record),
            false => Ok(Self::read(&path)?.unwrap_or(record)),
        }
    }

    fn describe(&self, arn: &ModelPackageArn) -> Result<Option<PackageRecord>, StoreError> {
        Self::read(&self.file(arn))
    }

    fn approval(&self, arn: &ModelPackageArn) -> Result<Option<ApprovalStatus>, StoreError> {
        if Self::read::<PackageRecord>(&self.file(arn))?.is_none() {
            return Ok(None);
        }
        let decided = Self::read::<Decision>(&self.decision(arn))?;
        Ok(Some(decided.map_or(ApprovalStatus::Pending, |decision| decision.model_approval_status)))
    }

    fn decide(
        &self,
        arn: &ModelPackageArn,
        status: &ApprovalStatus,
        why: Option<&str>,
    ) -> Result<(), StoreError> {
        if Self::read::<PackageRecord>(&self.file(arn))?.is_none() {
            return Err(StoreError::Missing { what: format!("model package {arn}") });
        }
        let decision =
            Decision { model_approval_status: status.clone(), approval_description: why.map(str::to_owned) };
        let path = self.decision(arn);
        Ok(durable::replace(&path, &to_json(&decision, &path)?, 0o644)?)
    }

    fn groups(&self) -> Result<Vec<String>, StoreError> {
        let failed = |e| StoreError::io("read", self.dir.display(), e);
        let listed = match fs::read_dir(&self.dir) {
            Ok(listed) => listed,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed(e)),
        };
        let name = |entry: io::Result<fs::DirEntry>| entry.map(|e| e.file_name().into_string().ok());
        let names = listed.map(name).collect::<io::Result<Vec<_>>>().map_err(failed)?;
        Ok(names.into_iter().flatten().collect())
    }

    fn statuses(&self, group: &str) -> Result<Vec<Listed>, StoreError> {
        let status = |record: PackageRecord| {
            let status = self.approval(&record.arn)?.unwrap_or(ApprovalStatus::Pending);
            Ok(Listed { arn: record.arn, status, ours: true })
        };
        self.list(group)?.into_iter().map(status).collect()
    }

    fn list(&self, group: &str) -> Result<Vec<PackageRecord>, StoreError> {
        // The group comes from a command line: it must not name another directory.
        if arn::check_group(group).is_err() {
            return Ok(Vec::new());
        }
        let dir = self.dir.join(group);
        let files = match fs::read_dir(&dir) {
            Ok(files) => files,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(StoreError::io("read", dir.display(), e)),
        };
        let mut records: Vec<PackageRecord> = Vec::new();
        for file in files {
            let path = file.map_err(|e| StoreError::io("read", dir.display(), e))?.path();
            if path.extension().is_some_and(|e| e == "json") {
                records.extend(Self::read(&path)?);
            }
        }
        // Run ids are UUIDv7: their order is the order of the runs.
        records.sort_by_key(|r| r.run);
        Ok(records)
    }
}

fn to_json(value: &impl Serialize, path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut json = serde_json::to_vec_pretty(value)
        .map_err(|e| StoreError::io("write", path.display(), io::Error::other(e)))?;
    json.push(b'\n');
    Ok(json)
}
