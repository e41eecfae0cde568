//! Which data is meant by paths and patterns on the command line.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::version::DatasetAt;
use crate::domain::ParseError;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use globset::GlobBuilder;
use globset::GlobSet;
use globset::GlobSetBuilder;
use std::cell::Cell;
use std::path::Path;
use std::path::PathBuf;

/// What one word means: a path, and a pattern if it looks like one.
struct Word {
    typed: String,
    path: Option<RepoPath>,
    pattern: Option<GlobSet>,
    /// Whether it meant something.
    used: Cell<bool>,
}

impl Word {
    fn means(&self, path: &RepoPath) -> bool {
        let means = self.path.as_ref().is_some_and(|p| p.contains(path))
            || self.pattern.as_ref().is_some_and(|p| p.is_match(path.as_str()));
        self.used.set(self.used.get() || means);
        means
    }

    /// Whether files of a dataset have to be looked at.
    fn may_lie_in(&self, data: &RepoPath) -> bool {
        self.pattern.is_some() || self.path.as_ref().is_some_and(|p| data.contains(p))
    }
}

/// Nothing typed means everything.
pub struct Selection {
    words: Vec<Word>,
    everything: bool,
}

/// How much of a dataset is meant.
pub enum Part {
    None,
    Whole,
    /// These of its files.
    Some(Vec<ManifestEntry>),
}

impl Selection {
    /// A pattern is relative to where the user stands, as a path is. `*` and `?` stop at a slash, `**` does not.
    pub fn new(project: &Project, cwd: &Path, typed: &[PathBuf]) -> Result<Self> {
        let mut selection = Selection { words: Vec::new(), everything: typed.is_empty() };
        for word in typed {
            let text = word.to_string_lossy().into_owned();
            let pattern = match text.contains(['*', '?', '[']) {
                true => Some(pattern(project, cwd, &text)?),
                false => None,
            };
            let path = match app::place_in(&project.repo, cwd, word) {
                Ok(Some(path)) => Some(path),
                // The repository itself.
                Ok(None) => {
                    selection.everything = true;
                    continue;
                }
                Err(_) if pattern.is_some() => None,
                Err(e) => return Err(e),
            };
            selection.words.push(Word { typed: text, path, pattern, used: Cell::new(false) });
        }
        Ok(selection)
    }

    /// `files` reads the dataset's list, and is called only if that is needed.
    pub fn of(
        &self,
        dataset: &DatasetAt,
        files: impl FnOnce() -> Result<Vec<ManifestEntry>>,
    ) -> Result<Part> {
        let data = &dataset.data;
        let pointer: RepoPath = format!("{data}{}", pointer::SUFFIX).parse()?;
        // Every word is asked, so that each one that means something counts as used.
        let whole = self.words.iter().filter(|w| w.means(data) || w.means(&pointer)).count() > 0;
        let inside = self.words.iter().any(|w| !w.used.get() && w.may_lie_in(data));
        if self.everything || whole && !inside {
            return Ok(Part::Whole);
        }
        if !self.words.iter().any(|w| w.may_lie_in(data)) {
            return Ok(Part::None);
        }
        let mut chosen = Vec::new();
        for file in files()? {
            let path = dataset.path_of(&file.path)?;
            if self.words.iter().filter(|w| w.means(&path)).count() > 0 {
                chosen.push(file);
            }
        }
        Ok(match chosen.is_empty() {
            _ if whole => Part::Whole,
            true => Part::None,
            false => Part::Some(chosen),
        })
    }

    /// Fails on a word that meant nothing. `version`: where it was looked for.
    pub fn all_used(&self, version: &str) -> Result<()> {
        match self.words.iter().find(|w| !w.used.get()) {
            Some(word) => {
                Err(AppError::NothingThere { word: word.typed.clone(), version: version.to_owned() })
            }
            None => Ok(()),
        }
    }
}

/// A pattern that matches paths below the repository. What matches a directory matches all below it.
fn pattern(project: &Project, cwd: &Path, typed: &str) -> Result<GlobSet> {
    let bad = |why: String| ParseError::new("pattern", why, typed);
    let here = cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned());
    let here = project.repo.relative(&here).unwrap_or_default();
    let mut dirs: Vec<String> = here.iter().map(|d| globset::escape(&d.to_string_lossy())).collect();
    let mut rest = typed;
    if let Some(below) = rest.strip_prefix(":/") {
        dirs.clear();
        rest = below;
    }
    loop {
        if let Some(below) = rest.strip_prefix("./") {
            rest = below;
        } else if let Some(above) = rest.strip_prefix("../") {
            dirs.pop().ok_or_else(|| bad("leaves the repository".to_owned()))?;
            rest = above;
        } else {
            break;
        }
    }
    dirs.push(rest.trim_end_matches('/').to_owned());
    let whole = dirs.join("/");
    let mut set = GlobSetBuilder::new();
    for text in [whole.clone(), format!("{whole}/**")] {
        let glob = GlobBuilder::new(&text).literal_separator(true).backslash_escape(true).build();
        set.add(glob.map_err(|e| bad(e.kind().to_string()))?);
    }
    Ok(set.build().map_err(|e| bad(e.kind().to_string()))?)
}
