//! A place where git makes objects and indexes that the repository never sees.

use crate::domain::ids::TreeId;
use crate::git::GitError;
use crate::git::program;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// Objects that are made here lie here; those of the repository are read from there (git(1), GIT_OBJECT_DIRECTORY).
pub struct Scratch {
    root: PathBuf,
    dir: PathBuf,
    objects: PathBuf,
    alternates: OsString,
}

impl Scratch {
    /// `root`, `common_dir`: of the repository. `dir`: an empty directory.
    pub fn new(root: &Path, common_dir: &Path, dir: &Path) -> Result<Self, GitError> {
        let objects = dir.join("objects");
        std::fs::create_dir_all(&objects).map_err(|source| GitError::NoProgram { source })?;
        let alternates = quoted(&common_dir.join("objects"));
        Ok(Scratch { root: root.to_owned(), dir: dir.to_owned(), objects, alternates })
    }

    /// What a git command with the index of this name prints. A name that is new begins with an empty index.
    pub fn run(&self, index: &str, args: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let mut command: Command = program::git(&self.root);
        command
            .env("GIT_INDEX_FILE", self.dir.join(index))
            .env("GIT_OBJECT_DIRECTORY", &self.objects)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.alternates)
            .args(args);
        program::output_with(command, input)
    }

    pub fn write_tree(&self, index: &str) -> Result<TreeId, GitError> {
        program::written_tree(&self.run(index, &["write-tree"], &[])?)
    }

    /// The tree that a patch makes of another one.
    pub fn patched(&self, from: &TreeId, patch: &[u8]) -> Result<TreeId, GitError> {
        const INDEX: &str = "patched";
        self.run(INDEX, &["read-tree", from.as_str()], &[])?;
        let apply = ["apply", "--cached", "--whitespace=nowarn", "--allow-empty", "-"];
        self.run(INDEX, &apply, patch)?;
        self.write_tree(INDEX)
    }

    /// Paths that differ between two trees, each with its letter (git-diff-tree(1), --name-status): `A`, `D`, `M`, `T`.
    pub fn changed(&self, from: &TreeId, to: &TreeId) -> Result<Vec<(char, String)>, GitError> {
        let names = ["diff-tree", "-r", "-z", "--name-status", "--no-renames", from.as_str(), to.as_str()];
        let listed = self.run("none", &names, &[])?;
        let words: Vec<_> =
            listed.split(|b| *b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let pairs = words.chunks_exact(2);
        Ok(pairs.filter_map(|pair| Some((pair[0].chars().next()?, pair[1].clone()))).collect())
    }
}

/// In a list of directories separated by ':' a path is quoted as in C (gitrepository-layout, alternates).
fn quoted(path: &Path) -> OsString {
    let text = path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    OsString::from(format!("\"{text}\""))
}
