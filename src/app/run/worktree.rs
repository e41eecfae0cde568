//! `run --worktree`: a run in a temporary work tree of its own, with the code and data of the one at hand.

use super::RunRequest;
use super::outputs::Outputs;
use super::prepare::input_paths;
use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::run::source::limits;
use crate::domain::path::RepoPath;
use crate::durable;
use crate::durable::staging::ScratchDir;
use crate::git::run_tree::RunTree;
use crate::git::worktrees;
use crate::worktree::copy;
use crate::worktree::scan;
use std::path::Path;
use std::path::PathBuf;

/// It goes with all that lies in it when it is dropped; if its owner was killed, with the next one.
pub struct OwnTree<'p> {
    project: &'p Project,
    scratch: ScratchDir,
    /// Where the command runs.
    pub cwd: PathBuf,
    /// The request with paths that mean the same there.
    pub request: RunRequest,
}

fn root_in(scratch: &ScratchDir) -> PathBuf {
    scratch.path().join("tree")
}

/// Lays it out: the commit, what differs from it, and the inputs, whose blocks are shared where the file system can.
pub fn lay_out<'p>(project: &'p Project, cwd: &Path, request: &RunRequest) -> Result<OwnTree<'p>> {
    let all = project.own_dir().join("worktrees");
    let scratch = ScratchDir::create(&all)?;
    project.repo.forget_work_trees(&all)?;
    let commit = project.repo.head()?;
    let outputs = Outputs::plan(project, cwd, request)?;
    let inputs = input_paths(project, cwd, request, &commit, &outputs)?;
    let (repo, root) = (&project.repo, root_in(&scratch));
    let look = scratch.path().join("look");
    durable::create_dir_all(&look)?;
    let run_tree = RunTree::take(repo.root(), &repo.common_dir(), &look, &outputs.paths(), limits(project))?;
    repo.add_work_tree(&root, &commit.id)?;
    // From here on, dropping it takes the work tree away.
    let mut own = OwnTree { project, scratch, cwd: root.clone(), request: request.clone() };
    if run_tree.tree != commit.tree {
        let given = worktrees::apply_patch(&root, &run_tree.patch_from(&commit.tree)?)?;
        if given != run_tree.tree {
            let why = "what differs from the commit cannot be laid out a second time".to_owned();
            return Err(AppError::NoWorkTree { why });
        }
        // Untracked files stay so.
        worktrees::reset_index(&root)?;
    }
    let untracked = run_tree.omitted.iter().map(|file| file.path.parse());
    let untracked = untracked.collect::<std::result::Result<Vec<RepoPath>, _>>()?;
    for path in inputs.iter().chain(&untracked) {
        copy::copy(&scan::scan(repo.root(), path)?, &root)?;
    }
    let here = cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned());
    if let Some(below) = repo.relative(&here) {
        own.cwd = root.join(below);
        durable::create_dir_all(&own.cwd)?;
    }
    let there = |path: &mut PathBuf| -> Result<()> {
        *path = format!(":/{}", app::repo_path(repo, cwd, path)?).into();
        Ok(())
    };
    let request = &mut own.request;
    let lists = [&mut request.inputs, &mut request.outputs, &mut request.metrics, &mut request.params];
    for path in lists.into_iter().flatten().chain(request.model.as_mut().map(|(file, _)| file)) {
        there(path)?;
    }
    Ok(own)
}

impl Drop for OwnTree<'_> {
    fn drop(&mut self) {
        let _ = self.project.repo.remove_work_tree(&root_in(&self.scratch)); // the next one tries again
    }
}
