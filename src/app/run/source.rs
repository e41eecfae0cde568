//! The code that a run used.

use super::outputs::Outputs;
use super::overrides::Overrides;
use crate::app::Project;
use crate::app::Result;
use crate::app::record;
use crate::app::resolve;
use crate::domain::entry::ObjectRef;
use crate::domain::entry::Source;
use crate::domain::entry::TreeState;
use crate::domain::path::RepoPath;
use crate::domain::redact;
use crate::durable::staging::ScratchDir;
use crate::git::repo::Commit;
use crate::git::run_tree::Limits;
use crate::git::run_tree::RunTree;
use crate::ports::object_store::PutBatch;
use std::collections::BTreeMap;

/// What ran, and what speaks for it.
pub struct Used {
    pub source: Source,
    pub evidence: BTreeMap<String, ObjectRef>,
}

/// What of the untracked files is stored.
pub fn limits(project: &Project) -> Limits {
    Limits { each: project.config.run.untracked_file, together: project.config.run.untracked_together }
}

/// What tree really runs. `git status` is not asked: it can be wrong.
pub fn used(
    project: &Project,
    commit: &Commit,
    outputs: &Outputs,
    overrides: &Overrides,
    objects: &dyn PutBatch,
    notes: &mut Vec<String>,
) -> Result<Used> {
    let scratch = ScratchDir::create(&project.own_dir().join("scratch"))?;
    let repo = &project.repo;
    let (root, common_dir) = (repo.root(), repo.common_dir());
    let run_tree = RunTree::take(root, &common_dir, scratch.path(), &outputs.paths(), limits(project))?;
    let mut source = project.source(commit, repo.branch());
    source.flags.clone_from(&run_tree.flags);
    let mut evidence = BTreeMap::new();
    if let Some(beside) = beside(project, &run_tree)? {
        evidence.insert("workTreeFiles".to_owned(), record::put_object(&beside, objects)?);
    }
    if run_tree.tree == commit.tree {
        let clean = if run_tree.left_out { TreeState::Dirty } else { TreeState::Clean };
        source.state = Some(clean);
        return Ok(Used { source, evidence });
    }
    let only_params = !run_tree.left_out && only_parameters(project, commit, overrides, &run_tree)?;
    source.state = Some(if only_params { TreeState::CleanParams } else { TreeState::Dirty });
    source.run_tree = Some(run_tree.tree.clone());
    let mut patch = run_tree.patch_from(&commit.tree)?;
    if !run_tree.applies(&commit.tree, &patch) {
        notes.push("patch: it does not turn the commit into what ran; it is kept all the same".to_owned());
    }
    if let Ok(text) = std::str::from_utf8(&patch) {
        let (text, secrets) = redact::redact(text);
        if !secrets.is_empty() {
            notes.extend(
                secrets
                    .iter()
                    .map(|s| format!("patch: {} redacted; it no longer applies as it is", s.name())),
            );
            patch = text.into_bytes();
        }
    }
    source.diff = Some(record::put_object(&patch, objects)?);
    Ok(Used { source, evidence })
}

/// Whether what ran differs from the commit in nothing but parameter files, which were as the commit has them until their
/// values were set for this run.
fn only_parameters(
    project: &Project,
    commit: &Commit,
    overrides: &Overrides,
    run_tree: &RunTree,
) -> Result<bool> {
    let set: Vec<&str> = overrides.paths().map(RepoPath::as_str).collect();
    if set.is_empty()
        || !run_tree.changed_since(&commit.tree)?.iter().all(|path| set.contains(&path.as_str()))
    {
        return Ok(false);
    }
    for change in &overrides.changes {
        if project.repo.file_in(&commit.tree, change.path.as_str())?.as_ref() != Some(&change.before) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Files that the tree says nothing of, or something else: those that are not stored, and those that git converts, with
/// the hash of the bytes that a program reads. JSON; `None` if there are none.
fn beside(project: &Project, run_tree: &RunTree) -> Result<Option<Vec<u8>>> {
    if run_tree.omitted.is_empty() && run_tree.converted.is_empty() {
        return Ok(None);
    }
    let untracked: Vec<_> = run_tree
        .omitted
        .iter()
        .map(|o| serde_json::json!({"path": o.path, "size": o.size, "mtime": o.mtime, "why": o.why}))
        .collect();
    let mut converted = Vec::new();
    for path in &run_tree.converted {
        let place = project.repo.root().join(path);
        // One that has gone since is no longer read by anybody.
        if let Ok(blake3) = resolve::content_of(&place) {
            converted.push(serde_json::json!({"path": path, "blake3": blake3.to_string()}));
        }
    }
    Ok(Some(serde_json::json!({"untracked": untracked, "converted": converted}).to_string().into_bytes()))
}
