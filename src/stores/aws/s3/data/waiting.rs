//! Objects of the record that lie here and are to go to the bucket: one file for each batch of them.

use crate::domain::digest::Blake3Hash;
use crate::durable;
use crate::durable::DurableError;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

pub struct Waiting {
    dir: PathBuf,
}

impl Waiting {
    pub fn new(dir: &Path) -> Self {
        Waiting { dir: dir.to_owned() }
    }

    /// Durable when it returns.
    pub fn put(&self, objects: &[Blake3Hash]) -> Result<(), DurableError> {
        durable::create_dir_all(&self.dir)?;
        let text: String = objects.iter().map(|object| format!("{object}\n")).collect();
        let path = self.dir.join(format!("{:016x}.objects", durable::random_name()));
        durable::create_new(&path, text.as_bytes(), 0o644).map(|_| ())
    }

    pub fn list(&self) -> Result<Vec<(PathBuf, Vec<Blake3Hash>)>, DurableError> {
        let mut found = Vec::new();
        for path in fs::read_dir(&self.dir).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|e| e != "objects") {
                continue;
            }
            let failed = |source| DurableError { op: "read", path: path.clone(), source };
            let text = match fs::read_to_string(&path) {
                // Another process has just sent them.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                read => read.map_err(failed)?,
            };
            found.push((path, text.lines().filter_map(|line| line.parse().ok()).collect()));
        }
        Ok(found)
    }

    pub fn done(&self, path: &Path) {
        let _ = fs::remove_file(path); // sent once more, which changes nothing
    }
}
