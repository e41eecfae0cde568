//! Packages of contents, as this clone bound them, so that a hook finds them without reading the log. Derived: what is not
//! remembered is not named.

use crate::app::Project;
use crate::app::Result;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::ModelPackage;
use crate::domain::entry::NamedPackage;
use crate::durable;
use std::path::PathBuf;

/// An entry names so many at most.
const MOST: usize = 100;

impl Project {
    fn packages_of(&self, model: &Blake3Hash) -> PathBuf {
        self.own_dir().join("packages").join(model.to_string())
    }

    /// After the entry that binds it. What goes wrong is no reason to fail: it is in the log.
    pub fn remember_package(&self, package: &ModelPackage) {
        if package.made_by_run == Some(false) {
            return;
        }
        let path = self.packages_of(&package.digest.blake3);
        let remember = || -> Result<()> {
            let mut known = self.remembered(&package.digest.blake3);
            if !known.contains(&package.arn) {
                known.push(package.arn.clone());
                durable::create_dir_all(&self.own_dir().join("packages"))?;
                let lines: String = known.iter().map(|arn| format!("{arn}\n")).collect();
                durable::write_derived(&path, lines.as_bytes())?;
            }
            Ok(())
        };
        let _ = remember();
    }

    fn remembered(&self, model: &Blake3Hash) -> Vec<ModelPackageArn> {
        let bytes = durable::read_derived(&self.packages_of(model)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Packages whose model lies in a commit's tree. `inputs`: the data to which its pointers point.
    pub fn packages_in(&self, inputs: &[Artefact]) -> Vec<NamedPackage> {
        if !self.own_dir().join("packages").exists() {
            return Vec::new();
        }
        let named = |input: &Artefact| {
            let name = input.name.clone();
            let of = move |arn| NamedPackage { name: name.clone(), arn };
            self.remembered(&input.digest.blake3).into_iter().map(of)
        };
        inputs.iter().flat_map(named).take(MOST).collect()
    }
}
