//! The way back from a package to the ledger: its registry names the leaf of the entry that binds it. That is written once
//! the entry is in the log. A mark made before says that it is still to be done, whatever is killed in between.

use super::binding;
use crate::app::Project;
use crate::app::Result;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::durable;
use crate::ledger::hash;
use crate::ports::StoreError;
use crate::ports::model_registry::Leaf;
use crate::ports::model_registry::PackageRecord;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Microseconds.
const A_DAY: i64 = 86_400_000_000;

impl Project {
    fn marks(&self) -> PathBuf {
        self.own_dir().join("write-back")
    }

    fn mark(&self, arn: &ModelPackageArn) -> PathBuf {
        self.marks().join(Blake3Hash::of(arn.as_str().as_bytes()).to_string())
    }

    /// Before the entry is appended.
    pub fn mark_unwritten(&self, arn: &ModelPackageArn) -> Result<()> {
        if arn.is_local() {
            return Ok(());
        }
        durable::create_dir_all(&self.marks())?;
        durable::create_new(&self.mark(arn), arn.as_str().as_bytes(), 0o644)?;
        Ok(())
    }

    /// Packages that are marked.
    pub fn unwritten(&self) -> Result<Vec<ModelPackageArn>> {
        let dir = self.marks();
        let failed = |e| StoreError::io("read", dir.display(), e);
        let files = match fs::read_dir(&dir) {
            Ok(files) => files,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed(e).into()),
        };
        let mut all = Vec::new();
        for file in files {
            let text = fs::read_to_string(file.map_err(failed)?.path()).map_err(failed)?;
            // One that was cut short in the making marks nothing.
            all.extend(text.parse::<ModelPackageArn>().ok());
        }
        all.sort();
        Ok(all)
    }

    /// It is not to be written any more.
    pub fn forget_mark(&self, arn: &ModelPackageArn) -> Result<()> {
        let mark = self.mark(arn);
        if mark.exists() {
            durable::remove(&mark)?;
        }
        Ok(())
    }

    /// Whether this clone still is to write it.
    pub fn is_unwritten(&self, arn: &ModelPackageArn) -> bool {
        self.mark(arn).exists()
    }

    fn named(&self, arn: &ModelPackageArn) -> PathBuf {
        self.own_dir().join("named").join(Blake3Hash::of(arn.as_str().as_bytes()).to_string())
    }

    /// Whether the registry was seen with an entry's name on it: then nobody need ask again. Derived.
    pub fn is_named(&self, arn: &ModelPackageArn) -> bool {
        durable::read_derived(&self.named(arn)).is_some()
    }

    pub fn remember_named(&self, arn: &ModelPackageArn) {
        let dir = self.own_dir().join("named");
        // What is not remembered is asked for again.
        let _ = durable::create_dir_all(&dir).and_then(|()| durable::write_derived(&self.named(arn), b""));
    }

    /// Whether somebody else's package could not be written less than a day ago. Each attempt leaves its trace in CloudTrail.
    pub fn was_refused(&self) -> bool {
        let text = durable::read_derived(&self.refused()).and_then(|bytes| String::from_utf8(bytes).ok());
        let when = text.and_then(|text| text.parse::<i64>().ok());
        when.is_some_and(|when| (0..A_DAY).contains(&(self.clock.now().unix_micros() - when)))
    }

    pub fn remember_refused(&self) {
        let now = self.clock.now().unix_micros().to_string();
        // What is not remembered is tried again.
        let dir = self.own_dir().join("named");
        let _ = durable::create_dir_all(&dir)
            .and_then(|()| durable::write_derived(&self.refused(), now.as_bytes()));
    }

    fn refused(&self) -> PathBuf {
        self.own_dir().join("named").join("refused")
    }

    /// Lets the package name its entry. False: not yet, because the entry waits for the ledger.
    pub fn write_back(&self, arn: &ModelPackageArn) -> Result<bool> {
        let entries = self.own_entries()?;
        let log = self.ledger.log();
        let Some((entry, body, package)) = binding(&entries, log, arn) else { return Ok(false) };
        let (Some(index), Some(run)) = (entry.logged_at(), &body.run) else { return Ok(false) };
        let outputs = self.list(&body.outputs)?;
        let model = outputs.iter().find(|o| o.name == package.model && o.digest == package.digest);
        let size = package.artefact.as_ref().map_or(0, |artefact| artefact.size);
        let record = PackageRecord {
            arn: arn.clone(),
            group_name: package.group_name.clone(),
            run: run.id,
            model: package.model.clone(),
            digest: package.digest,
            size: model.map_or(size, |model| model.size),
            artefact: package.artefact.clone(),
            created: body.time.clone(),
        };
        // Origin, size and root are the first lines of a checkpoint.
        let checkpoint = self.ledger.latest()?.and_then(|note| {
            let lines: Vec<&str> = note.lines().take(3).collect();
            let size: u64 = lines.get(1)?.parse().ok()?;
            (size > index).then(|| lines.join(" "))
        });
        let hash = BASE64.encode(hash::leaf(&entry.bytes).0);
        self.registry.write_back(&Leaf { log: log.to_string(), hash, checkpoint }, &record)?;
        self.remember_named(arn);
        self.forget_mark(arn)?;
        Ok(true)
    }
}
