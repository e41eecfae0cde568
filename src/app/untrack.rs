//! `untrack`: takes a pointer away, and the line that kept git from taking the data. Data, store and history stay.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::init::read_or_empty;
use crate::app::track::pointing;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::durable;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Untracked {
    pub path: RepoPath,
    pub pointer: RepoPath,
    /// The `.gitignore` that loses its line; absent if it has none that `track` would have written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_file: Option<String>,
    /// Whether git's index holds the pointer.
    pub in_git: bool,
}

/// What would be done, and what was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UntrackReport {
    pub datasets: Vec<Untracked>,
}

/// Looks at everything before anything is changed.
pub fn plan(project: &Project, cwd: &Path, paths: &[PathBuf]) -> Result<UntrackReport> {
    let repo = &project.repo;
    let mut datasets: Vec<Untracked> = Vec::new();
    for typed in paths {
        let typed = app::repo_path(repo, cwd, typed)?;
        let is_file = |path: &RepoPath| repo.root().join(path.as_str()).is_file();
        let path = match typed.as_str().strip_suffix(pointer::SUFFIX) {
            Some(data) if is_file(&typed) => data.parse()?,
            _ => typed,
        };
        let at = pointing::pointer_path(&path)?;
        if !is_file(&at) {
            if let Some(outer) = pointing::enclosing_dataset(repo.root(), &path) {
                return Err(AppError::PartOfDataset { path: path.to_string(), dataset: outer.to_string() });
            }
            return Err(AppError::NotTracked { path: path.to_string() });
        }
        if datasets.iter().any(|d| d.path == path) {
            continue;
        }
        let file = pointing::ignore_file(&path);
        let text = read_or_empty(&repo.root().join(&file))?;
        let ignore_file = without_line(&text, &pointing::ignore_line(&path)).map(|_| file);
        let in_git = repo.first_tracked_below(&at)?.is_some();
        datasets.push(Untracked { path, pointer: at, ignore_file, in_git });
    }
    Ok(UntrackReport { datasets })
}

pub fn carry_out(project: &Project, plan: UntrackReport) -> Result<UntrackReport> {
    let root = project.repo.root();
    for dataset in &plan.datasets {
        // The pointer first: between the two steps git must not take the data for a file of its own.
        durable::remove(&root.join(dataset.pointer.as_str()))?;
        let Some(file) = &dataset.ignore_file else { continue };
        let place = root.join(file);
        let lock = project.own_dir().join("gitignore.lock");
        durable::while_locked(&lock, || -> Result<()> {
            let text = read_or_empty(&place)?;
            match without_line(&text, &pointing::ignore_line(&dataset.path)) {
                Some(text) => Ok(durable::replace(&place, text.as_bytes(), 0o644)?),
                None => Ok(()),
            }
        })??;
    }
    Ok(plan)
}

/// The text without the last line that is exactly this one (with its line feed); `None` if there is none.
fn without_line(text: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = lines.iter().rposition(|l| l.trim_end_matches('\n') == line.trim_end_matches('\n'))?;
    lines.remove(at);
    Some(lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_line_goes_and_only_once() {
        let without = |text: &str| without_line(text, "/data\n");
        assert_eq!(without("/data\nx\n/data\n# /data\n").unwrap(), "/data\nx\n# /data\n");
        assert_eq!(without("x\n/data").unwrap(), "x\n");
        assert_eq!(without("/data\n").unwrap(), "");
        for other in ["", "data\n", "/data/\n", " /data\n", "!/data\n", "/data \n", "/data\r\n"] {
            assert_eq!(without(other), None, "{other:?}");
        }
    }
}
