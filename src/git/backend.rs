//! What is asked of git itself. Two ways to answer: libgit2, and the git program where libgit2 refuses.

use crate::domain::ids::CommitId;
use crate::git::GitError;
use std::path::PathBuf;

type Result<T> = std::result::Result<T, GitError>;

/// An entry of a tree object. The name may be any bytes but `/` and zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeEntry {
    pub name: Vec<u8>,
    /// As in the tree: 0o040000 directory, 0o100644 file, 0o120000 link, 0o160000 commit of another repository.
    pub mode: u32,
    pub id: String,
}

impl TreeEntry {
    pub fn is_tree(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }

    /// A regular file: no symlink, no submodule.
    pub fn is_plain_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }

    pub fn is_submodule(&self) -> bool {
        self.mode & 0o170_000 == 0o160_000
    }
}

/// What a commit object says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitObject {
    pub tree: String,
    pub parents: Vec<String>,
    pub committer_email: Option<String>,
    pub message: Vec<u8>,
}

/// Commits reachable from some and not from others.
#[derive(Clone, Debug, Default)]
pub struct Walk<'a> {
    pub tips: Vec<CommitId>,
    /// Also from HEAD, if it names a commit.
    pub head: bool,
    /// Also from all refs that match, as in `refs/heads/*`.
    pub globs: &'a [&'a str],
    /// One that is not here hides nothing.
    pub hide: Vec<CommitId>,
    pub hide_globs: &'a [&'a str],
    /// Parents first.
    pub oldest_first: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    pub name: String,
    /// For fetching, as configured.
    pub url: Option<String>,
}

/// What a ref must name now, to be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected<'a> {
    Anything,
    Nothing,
    Commit(&'a CommitId),
}

/// What to change in a tree of files.
#[derive(Default)]
pub struct Changes {
    /// Path, and the blob (see [`Backend::store_blob`]) to stand there.
    pub put: Vec<(String, String)>,
    pub remove: Vec<String>,
}

/// Promises: an object that is returned has the hash that names it, unless names are trusted on purpose
/// ([`super::repo::trust_object_names`]); one that is not here is [`GitError::NotFound`]; nothing that a repository
/// brings makes a command run.
pub trait Backend {
    /// `sha1` or `sha256`.
    fn object_format(&self) -> &'static str;

    /// Full name of the branch that HEAD stands on; `None` when detached.
    fn branch(&self) -> Option<String>;

    /// [`GitError::Unborn`] if the branch has no commit yet.
    fn head(&self) -> Result<CommitId>;

    /// The commit that a revision means, peeled; `None` if it means none, or several.
    fn resolve(&self, rev: &str) -> Result<Option<CommitId>>;

    fn commit(&self, id: &CommitId) -> Result<Option<CommitObject>>;

    /// In the order of the tree object.
    fn tree(&self, id: &str) -> Result<Vec<TreeEntry>>;

    fn blob(&self, id: &str) -> Result<Vec<u8>>;

    fn walk(&self, walk: &Walk<'_>) -> Result<Vec<CommitId>>;

    fn is_partial(&self) -> bool;

    /// The first file at or below a path that the index holds.
    fn first_tracked_below(&self, path: &str) -> Result<Option<String>>;

    /// Base, ours and theirs of a file that is in conflict, as the index holds them.
    fn conflict(&self, path: &str) -> Result<[Option<Vec<u8>>; 3]>;

    fn is_ignored(&self, path: &str) -> bool;

    /// From the settings of every level.
    fn setting(&self, key: &str) -> Option<String>;

    /// In the repository's own settings, in the place of what they say.
    fn set(&self, key: &str, value: &str) -> Result<()>;

    fn remotes(&self) -> Result<Vec<Remote>>;

    fn fetch_refspecs(&self, remote: &str) -> Result<Vec<String>>;

    fn add_fetch_refspec(&self, remote: &str, refspec: &str) -> Result<()>;

    /// Every blob of the object database with this text, no longer than `longest` (bytes).
    fn blobs_with(&self, text: &str, longest: usize) -> Result<Vec<Vec<u8>>>;

    /// Roots of the work trees of this clone.
    fn work_trees(&self) -> Vec<PathBuf>;

    /// Names and commits of the refs below a prefix that ends in a slash.
    fn refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>>;

    fn ref_target(&self, name: &str) -> Result<Option<CommitId>>;

    /// False: the ref does not name what was expected; nothing was changed. `None`: the ref goes.
    fn update_ref(&self, name: &str, to: Option<&CommitId>, expected: Expected<'_>) -> Result<bool>;

    /// Whether `old` is an ancestor of `new`, or `new` itself.
    fn continues(&self, new: &CommitId, old: &CommitId) -> Result<bool>;

    /// Stores bytes as a blob that nothing names yet; its id.
    fn store_blob(&self, bytes: &[u8]) -> Result<String>;

    /// The files of `parent` with these changes, as a commit on top of it. No ref names it yet.
    fn commit_files(&self, parent: Option<&CommitId>, changes: &Changes, message: &str) -> Result<CommitId>;

    /// Puts this text in the place of the note on a commit.
    fn write_note(&self, name: &str, commit: &CommitId, text: &str) -> Result<()>;
}
