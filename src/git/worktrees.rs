//! Work trees beside the user's own.

use crate::domain::ids::CommitId;
use crate::domain::ids::TreeId;
use crate::git::GitError;
use crate::git::program;
use crate::git::repo::Repo;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

impl Repo {
    /// A work tree of this repository at a commit, on no branch. `dir` must not exist, or be empty. No hook runs.
    pub fn add_work_tree(&self, dir: &Path, commit: &CommitId) -> Result<(), GitError> {
        let mut add = program::git(self.root());
        add.args(["-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach"]);
        add.arg(dir).arg(commit.as_str());
        program::output(add).map(|_| ())
    }

    /// Takes it away again, with all that lies in it.
    pub fn remove_work_tree(&self, dir: &Path) -> Result<(), GitError> {
        let mut remove = program::git(self.root());
        remove.args(["worktree", "remove", "--force"]).arg(dir);
        program::output(remove).map(|_| ())
    }

    /// Forgets those below `dir` that are no longer there.
    pub fn forget_work_trees(&self, dir: &Path) -> Result<(), GitError> {
        let mut list = program::git(self.root());
        list.args(["worktree", "list", "--porcelain", "-z"]);
        let told = program::output(list)?;
        let lines = told.split(|byte| *byte == 0).filter_map(|line| line.strip_prefix(b"worktree "));
        let below = |path: &&Path| path.starts_with(dir) && !path.exists();
        for gone in lines.map(|path| Path::new(OsStr::from_bytes(path))).filter(below) {
            self.remove_work_tree(gone)?;
        }
        Ok(())
    }
}

/// Makes the index what the commit is; the files stay as they are.
pub fn reset_index(dir: &Path) -> Result<(), GitError> {
    let mut reset = program::git(dir);
    reset.args(["reset", "--quiet"]);
    program::output(reset).map(|_| ())
}

/// Applies a patch to a work tree and its index; the tree that it gives.
pub fn apply_patch(dir: &Path, patch: &[u8]) -> Result<TreeId, GitError> {
    let mut apply = program::git(dir);
    apply.args(["apply", "--index", "--whitespace=nowarn", "--allow-empty", "-"]);
    program::output_with(apply, patch)?;
    let mut write = program::git(dir);
    write.arg("write-tree");
    program::written_tree(&program::output(write)?)
}
