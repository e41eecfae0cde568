//! `-S [FILE:]KEY=VALUE`: other values for the time of a run.

use super::RunRequest;
use super::active::Change;
use super::files;
use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::domain::ParseError;
use crate::domain::path::RepoPath;
use crate::ports::StoreError;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

/// Where a value goes that names no file: as DVC has it.
const DEFAULTS: [&str; 4] = ["params.yaml", "params.yml", "params.json", "params.toml"];

#[derive(Default)]
pub struct Overrides {
    /// Parameter files with their new content.
    pub changes: Vec<Change>,
    /// Values that no file takes: they are recorded, and no more.
    pub loose: Vec<(String, String)>,
}

impl Overrides {
    /// Nothing is written yet.
    pub fn plan(project: &Project, cwd: &Path, request: &RunRequest) -> Result<Self> {
        let mut wanted: BTreeMap<RepoPath, Vec<(String, String)>> = BTreeMap::new();
        let mut out = Overrides::default();
        for text in &request.set {
            let bad = |why: &str| ParseError::new("-S", why, text);
            let (name, value) = text.split_once('=').ok_or_else(|| bad("is not KEY=VALUE"))?;
            let (file, key) = match name.split_once(':') {
                Some((file, key)) => (Some(PathBuf::from(file)), key),
                None => (None, name),
            };
            if key.is_empty() {
                return Err(bad("names no parameter").into());
            }
            let pair = (key.to_owned(), value.to_owned());
            match file.or_else(|| default_file(cwd, request)) {
                Some(file) => {
                    wanted.entry(app::repo_path(&project.repo, cwd, &file)?).or_default().push(pair)
                }
                None => out.loose.push(pair),
            }
        }
        for (path, values) in wanted {
            let place = project.repo.root().join(path.as_str());
            let meta = std::fs::symlink_metadata(&place);
            if !meta.as_ref().is_ok_and(|m| m.is_file()) {
                let why = "it is not there, or no regular file".to_owned();
                return Err(AppError::RunFile { what: "parameters", path: place, why });
            }
            let before = std::fs::read(&place).map_err(|e| StoreError::io("read", place.display(), e))?;
            let after = files::with_values(&place, &before, &values)?;
            out.changes.push(Change { path, before, after });
        }
        Ok(out)
    }

    pub fn paths(&self) -> impl Iterator<Item = &RepoPath> {
        self.changes.iter().map(|change| &change.path)
    }
}

/// The first `-p` file, or one that people keep parameters in.
fn default_file(cwd: &Path, request: &RunRequest) -> Option<PathBuf> {
    let known = || DEFAULTS.iter().map(PathBuf::from).find(|name| cwd.join(name).is_file());
    request.params.first().cloned().or_else(known)
}
