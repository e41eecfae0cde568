//! Pointers and the lines that keep git from taking the data itself.

use crate::app::Project;
use crate::app::Result;
use crate::app::data::DatasetRecord;
use crate::app::init::read_or_empty;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::domain::pointer::Pointer;
use crate::durable;
use std::path::Path;

pub fn pointer_path(data: &RepoPath) -> Result<RepoPath> {
    Ok(format!("{data}{}", pointer::SUFFIX).parse()?)
}

pub fn write_pointer(
    project: &Project,
    path: &RepoPath,
    record: &DatasetRecord,
    written: &mut Vec<String>,
) -> Result<&'static str> {
    let at = pointer_path(path)?;
    let place = project.repo.root().join(at.as_str());
    let text = record.pointer(path).to_toml()?;
    let before = read_or_empty(&place)?;
    if before == text {
        return Ok("unchanged");
    }
    durable::replace(&place, text.as_bytes(), 0o644)?;
    written.push(at.to_string());
    Ok(if Pointer::parse(&before).is_ok() { "changed" } else { "new" })
}

/// Where a dataset is ignored: beside it.
pub fn ignore_file(path: &RepoPath) -> String {
    match path.parent() {
        Some(dir) => format!("{dir}/.gitignore"),
        None => ".gitignore".to_owned(),
    }
}

/// The line that ignores a dataset, with its line feed.
pub fn ignore_line(path: &RepoPath) -> String {
    format!("/{}\n", escape_ignore(path.name()))
}

/// Keeps git from taking the data itself.
pub(super) fn ignore(project: &Project, path: &RepoPath, written: &mut Vec<String>) -> Result<()> {
    if project.repo.is_ignored(path) {
        return Ok(());
    }
    let file = ignore_file(path);
    let place = project.repo.root().join(&file);
    // Several `track`s may add their lines at once.
    let lock = project.own_dir().join("gitignore.lock");
    let line = ignore_line(path);
    durable::while_locked(&lock, || -> Result<()> {
        let mut text = read_or_empty(&place)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&line);
        Ok(durable::replace(&place, text.as_bytes(), 0o644)?)
    })??;
    if !written.contains(&file) {
        written.push(file);
    }
    Ok(())
}

/// A gitignore pattern that matches exactly this name.
fn escape_ignore(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '*' | '?' | '[' | '\\' => out.extend(['\\', c]),
            // No pattern can hold a line feed; `?` matches it.
            '\n' | '\r' => out.push('?'),
            _ => out.push(c),
        }
    }
    if out.ends_with(' ') {
        out.pop();
        out.push_str("\\ ");
    }
    out
}

/// The tracked dataset that `path` lies in.
pub fn enclosing_dataset(root: &Path, path: &RepoPath) -> Option<RepoPath> {
    let mut above = path.parent();
    while let Some(dir) = above {
        if root.join(format!("{dir}{}", pointer::SUFFIX)).is_file() {
            return Some(dir);
        }
        above = dir.parent();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignore_patterns_match_odd_names_literally() {
        assert_eq!(escape_ignore("a*b[1]?\\"), "a\\*b\\[1]\\?\\\\");
        assert_eq!(escape_ignore("end "), "end\\ ");
        assert_eq!(escape_ignore("two\nlines"), "two?lines");
    }
}
