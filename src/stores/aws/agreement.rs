//! What the user of a clone agreed to: where its requests may go. The settings come with the clone, this does not.

use crate::durable;
use crate::ports::StoreError;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone)]
pub struct Agreement {
    file: PathBuf,
    terms: String,
}

impl Agreement {
    /// `own`: `<git common dir>/mlprov`. `terms`: one line; its first word says of what.
    pub fn new(own: &Path, terms: String) -> Self {
        Agreement { file: own.join("agreed"), terms }
    }

    pub fn is_made(&self) -> bool {
        self.lines().contains(&self.terms)
    }

    /// The user agreed; to what there was before of the same thing no longer.
    pub fn make(&self) -> Result<(), StoreError> {
        let subject = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
        let mut lines = self.lines();
        lines.retain(|line| subject(line) != subject(&self.terms));
        lines.push(self.terms.clone());
        if let Some(dir) = self.file.parent() {
            durable::create_dir_all(dir)?;
        }
        Ok(durable::replace(&self.file, format!("{}\n", lines.join("\n")).as_bytes(), 0o600)?)
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
