//! Repositories: opened with libgit2, or by the git program where libgit2 refuses them. What must run git's filters, or
//! touch the network, goes through the git program in any case.

mod backend;
mod by_program;
pub mod hooks;
mod library;
pub mod merge_driver;
mod objects;
pub mod pointers;
pub mod program;
pub mod refs;
pub mod remote;
pub mod repo;
pub mod run_tree;
pub mod scratch;
pub mod worktrees;

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("{} is not in a git repository", path.display())]
    NotARepository { path: PathBuf },
    #[error("{} is a bare repository", path.display())]
    Bare { path: PathBuf },
    /// Neither libgit2 nor the git program can read this repository.
    #[error("{}: {why}", path.display())]
    Unsupported { path: PathBuf, why: String },
    /// git's own protection: another user owns the directory.
    #[error("{} belongs to another user", path.display())]
    NotOwner { path: PathBuf },
    #[error("the branch has no commit yet")]
    Unborn,
    #[error("{what} is not in this repository")]
    NotFound { what: String },
    #[error("{what}: {source}")]
    Library { what: String, source: git2::Error },
    /// An object that is not what its name says.
    #[error("{what}: {why}")]
    BadObject { what: String, why: String },
    #[error("`git {command}` failed: {why}")]
    Program { command: String, why: String },
    #[error("the git program could not be run: {source}")]
    NoProgram { source: std::io::Error },
    /// Nobody to publish to, or to fetch from.
    #[error("{}", no_remote(named.as_deref(), known))]
    NoRemote { named: Option<String>, known: Vec<String> },
    /// A pointer in a commit's tree that cannot be read.
    #[error("{path} in {tree}: {why}")]
    BadPointer { path: String, tree: String, why: String },
}

fn no_remote(named: Option<&str>, known: &[String]) -> String {
    match (named, known) {
        (_, []) => "this repository has no remote".to_owned(),
        (Some(named), _) => format!("there is no remote {named:?}; the remotes are: {}", known.join(", ")),
        (None, _) => format!("which remote is meant? There are: {}", known.join(", ")),
    }
}

impl GitError {
    pub(crate) fn library(what: impl ToString) -> impl FnOnce(git2::Error) -> GitError {
        let what = what.to_string();
        move |source| GitError::Library { what, source }
    }
}
