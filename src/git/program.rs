//! The git program, where its filters or its index must do the work.

use crate::domain::ids::TreeId;
use crate::git::GitError;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// `git` with a clean slate: no variables of a calling hook, no replaced objects.
pub fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") && name != "GIT_EXEC_PATH" {
            command.env_remove(name);
        }
    }
    command.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    command.arg("-C").arg(root);
    command
}

/// Runs it; its standard output.
pub fn output(mut command: Command) -> Result<Vec<u8>, GitError> {
    let out = command.output().map_err(|source| GitError::NoProgram { source })?;
    if out.status.success() {
        return Ok(out.stdout);
    }
    let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).skip(2).collect();
    let stderr = String::from_utf8_lossy(&out.stderr);
    let why = stderr.lines().find(|l| !l.trim().is_empty()).unwrap_or("no message").to_owned();
    Err(GitError::Program { command: args.join(" "), why })
}

/// The tree that the work tree really is, whatever `git status` says: a fresh temporary index, `add -A`,
/// `write-tree`, with a temporary object directory, so that no object, ref or index of the repository changes.
pub struct RunTree {
    pub tree: TreeId,
    objects: PathBuf,
    alternates: OsString,
    root: PathBuf,
}

impl RunTree {
    /// `scratch`: an empty directory. `exclude`: paths (relative to the root) that are not part of the tree.
    pub fn take(
        root: &Path,
        common_dir: &Path,
        scratch: &Path,
        exclude: &[String],
    ) -> Result<Self, GitError> {
        let objects = scratch.join("objects");
        std::fs::create_dir_all(&objects).map_err(|source| GitError::NoProgram { source })?;
        let alternates = common_dir.join("objects").into_os_string();
        let mut run_tree = RunTree { tree: TreeId::empty(), objects, alternates, root: root.to_owned() };
        let index = scratch.join("index");
        // Begin with HEAD's own entries: files that are ignored but tracked must stay part of the tree.
        let mut read = run_tree.git();
        read.env("GIT_INDEX_FILE", &index).args(["read-tree", "HEAD"]);
        output(read)?;
        let mut add = run_tree.git();
        add.env("GIT_INDEX_FILE", &index).args(["add", "-A", "--", ":/"]);
        add.args(exclude.iter().map(|path| format!(":(top,exclude,literal){path}")));
        output(add)?;
        let mut write = run_tree.git();
        write.env("GIT_INDEX_FILE", &index).arg("write-tree");
        let text = String::from_utf8_lossy(&output(write)?).trim().to_owned();
        run_tree.tree = text.parse().map_err(|e: crate::domain::ParseError| GitError::Program {
            command: "write-tree".into(),
            why: e.to_string(),
        })?;
        Ok(run_tree)
    }

    fn git(&self) -> Command {
        let mut command = git(&self.root);
        command
            .env("GIT_OBJECT_DIRECTORY", &self.objects)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.alternates);
        command
    }

    /// Binary patch that turns `from` into this tree.
    pub fn patch_from(&self, from: &TreeId) -> Result<Vec<u8>, GitError> {
        let mut diff = self.git();
        diff.args([
            "-c",
            "diff.noprefix=false",
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--binary",
            "--full-index",
        ]);
        diff.args([from.as_str(), self.tree.as_str()]);
        output(diff)
    }
}
