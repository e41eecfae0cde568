//! One repository: its places, commits, trees and settings.

use crate::domain::ids::CommitId;
use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::git::GitError;
use crate::git::backend::Backend;
use crate::git::backend::CommitObject;
use crate::git::backend::TreeEntry;
use crate::git::backend::Walk;
use crate::git::by_program;
use crate::git::by_program::ByProgram;
use crate::git::library::Library;
use std::path::Path;
use std::path::PathBuf;

pub struct Repo {
    pub(super) git: Box<dyn Backend>,
    /// Work tree, without a trailing slash, symlinks resolved.
    root: PathBuf,
    common: PathBuf,
    git_dir: PathBuf,
}

/// Objects that git itself wrote a moment ago need not be hashed again on the way in. For hooks only: `verify`
/// must see every byte.
pub fn trust_object_names() {
    git2::opts::strict_hash_verification(false);
    by_program::TRUST_NAMES.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// A commit and what hangs on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    pub id: CommitId,
    pub tree: TreeId,
    pub parents: Vec<CommitId>,
}

/// What [`Repo::read_whole_tree`] saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TreeRead {
    pub files: u64,
    pub bytes: u64,
    /// Entries that name a commit of another repository.
    pub submodules: u64,
}

impl Repo {
    /// Finds the repository that `path` lies in. With `from_env`, git's own variables come first, as in hooks.
    pub fn open(path: &Path, from_env: bool) -> Result<Self, GitError> {
        let variable = |name: &str| {
            let value = std::env::var_os(name).filter(|v| from_env && !v.is_empty());
            value.map(PathBuf::from)
        };
        let (git_dir, work_tree) = (variable("GIT_DIR"), variable("GIT_WORK_TREE"));
        let (git, root, common, git_dir): (Box<dyn Backend>, _, _, _) =
            match Library::open(path, git_dir.as_deref(), work_tree.as_deref()) {
                Ok(opened) => (Box::new(opened.library), opened.root, opened.common_dir, opened.git_dir),
                Err(refused @ GitError::Unsupported { .. }) => {
                    let opened = ByProgram::open(path, git_dir.as_deref(), work_tree.as_deref());
                    // libgit2 names what it does not know.
                    let opened = opened.map_err(|e| match e {
                        GitError::Unsupported { .. } => refused,
                        e => e,
                    })?;
                    (Box::new(opened.backend), opened.root, opened.common_dir, opened.git_dir)
                }
                Err(e) => return Err(e),
            };
        let root = root.canonicalize().unwrap_or(root);
        let common = common.canonicalize().unwrap_or(common);
        Ok(Repo { git, root, common, git_dir })
    }

    /// A repository that holds nothing, for a work tree that has none: of it only its own directory is used.
    pub fn apart(git_dir: &Path, root: &Path) -> Result<Self, GitError> {
        let opened = Library::apart(git_dir, root)?;
        let root = opened.root.canonicalize().unwrap_or(opened.root);
        let common = opened.common_dir.canonicalize().unwrap_or(opened.common_dir);
        Ok(Repo { git: Box::new(opened.library), root, common, git_dir: opened.git_dir })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `<git common dir>`: shared by all work trees.
    pub fn common_dir(&self) -> PathBuf {
        self.common.clone()
    }

    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// `sha1` or `sha256`.
    pub fn object_format(&self) -> &'static str {
        self.git.object_format()
    }

    /// Full name of the branch that HEAD stands on; `None` when detached.
    pub fn branch(&self) -> Option<String> {
        self.git.branch()
    }

    /// Whether a rebase goes on in this work tree, with either backend.
    pub fn is_rebasing(&self) -> bool {
        let dir = self.git_dir();
        dir.join("rebase-merge").is_dir() || dir.join("rebase-apply").join("rebasing").exists()
    }

    /// What the commits of a rebase that goes on are put on.
    pub fn rebase_onto(&self) -> Option<CommitId> {
        let backend =
            if self.git_dir().join("rebase-merge").is_dir() { "rebase-merge" } else { "rebase-apply" };
        let text = std::fs::read_to_string(self.git_dir().join(backend).join("onto")).ok()?;
        text.trim().parse().ok().filter(|_| self.is_rebasing())
    }

    pub fn head(&self) -> Result<Commit, GitError> {
        let id = self.git.head()?;
        self.commit(&id)?.ok_or_else(|| GitError::NotFound { what: format!("commit {id}") })
    }

    fn describe(id: &CommitId, object: &CommitObject) -> Result<Commit, GitError> {
        let bad = |e: crate::domain::ParseError| GitError::NotFound { what: e.to_string() };
        Ok(Commit {
            id: id.clone(),
            tree: object.tree.parse().map_err(bad)?,
            parents: object.parents.iter().map(|p| p.parse().map_err(bad)).collect::<Result<_, _>>()?,
        })
    }

    /// A commit by anything that git understands: id, prefix, branch, tag, `HEAD~2`.
    pub fn resolve(&self, rev: &str) -> Result<Option<Commit>, GitError> {
        match self.git.resolve(rev)? {
            Some(id) => self.commit(&id),
            None => Ok(None),
        }
    }

    /// The commit as git holds it, hashed again on reading. `None` if it is not here.
    pub fn commit(&self, id: &CommitId) -> Result<Option<Commit>, GitError> {
        self.git.commit(id)?.map(|object| Self::describe(id, &object)).transpose()
    }

    /// Who made the commit (committer's e-mail).
    pub fn committer_email(&self, id: &CommitId) -> Option<String> {
        self.git.commit(id).ok()??.committer_email
    }

    /// Whether history or objects may be elsewhere: a shallow or a partial clone.
    pub fn is_partial(&self) -> bool {
        self.git.is_partial()
    }

    /// Reads every object below a tree. Fails at the first that is missing or does not have its own hash.
    pub fn read_whole_tree(&self, id: &TreeId) -> Result<TreeRead, GitError> {
        let mut read = TreeRead::default();
        let mut waiting = vec![id.to_string()];
        while let Some(id) = waiting.pop() {
            for entry in self.git.tree(&id)? {
                if entry.is_tree() {
                    waiting.push(entry.id);
                } else if entry.is_submodule() {
                    read.submodules += 1;
                } else {
                    read.files += 1;
                    read.bytes += self.git.blob(&entry.id)?.len() as u64;
                }
            }
        }
        Ok(read)
    }

    /// The entry of a tree at a path.
    fn entry_at(&self, tree: &TreeId, path: &str) -> Result<Option<TreeEntry>, GitError> {
        let mut entries = self.git.tree(tree.as_str())?;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let found = entries.into_iter().find(|entry| entry.name == part.as_bytes());
            match found {
                Some(entry) if parts.peek().is_none() => return Ok(Some(entry)),
                Some(entry) if entry.is_tree() => entries = self.git.tree(&entry.id)?,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Content of a file in a tree; `None` if there is none. An object that is missing or damaged is an error.
    pub fn file_in(&self, tree: &TreeId, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let entry = self.entry_at(tree, path)?.filter(|e| !e.is_tree() && !e.is_submodule());
        entry.map(|entry| self.git.blob(&entry.id)).transpose()
    }

    /// As [`Repo::file_in`]; a content that cannot be read is none.
    pub fn blob_at(&self, tree: &TreeId, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let entry = self.entry_at(tree, path)?.filter(|e| !e.is_tree() && !e.is_submodule());
        Ok(entry.and_then(|entry| self.git.blob(&entry.id).ok()))
    }

    /// The first file at or below `path` that git's index holds.
    pub fn first_tracked_below(&self, path: &RepoPath) -> Result<Option<String>, GitError> {
        self.git.first_tracked_below(path.as_str())
    }

    /// The three versions of a file that is in conflict, as git's index holds them: of the merge base, ours and
    /// theirs. `None` if there is no conflict at this path.
    pub fn conflict(&self, path: &RepoPath) -> Result<Option<[Option<Vec<u8>>; 3]>, GitError> {
        let found = self.git.conflict(path.as_str())?;
        Ok(found.iter().any(Option::is_some).then_some(found))
    }

    /// Lets git call this command for files with the attribute `merge=mlprov` (gitattributes(5), "Defining a
    /// custom merge driver"). False: it was so before.
    pub fn set_merge_driver(&self, name: &str, command: &str) -> Result<bool, GitError> {
        let mut changed = false;
        for (key, value) in [("merge.mlprov.name", name), ("merge.mlprov.driver", command)] {
            if self.git.setting(key).is_some_and(|now| now == value) {
                continue;
            }
            self.git.set(key, value)?;
            changed = true;
        }
        Ok(changed)
    }

    /// The command that git calls for such files.
    pub fn merge_driver(&self) -> Option<String> {
        self.git.setting("merge.mlprov.driver")
    }

    /// Every blob of the object database that holds this text, and is no longer than `longest` (bytes): of any
    /// commit, index, stash or work tree, whether a ref leads to it or not.
    pub fn blobs_with(&self, text: &str, longest: usize) -> Result<Vec<Vec<u8>>, GitError> {
        self.git.blobs_with(text, longest)
    }

    /// Roots of all work trees of this clone that are here, this one first.
    pub fn work_trees(&self) -> Vec<PathBuf> {
        let mut found = vec![self.root.clone()];
        for path in self.git.work_trees() {
            if let Some(path) = path.canonicalize().ok().filter(|p| !found.contains(p)) {
                found.push(path);
            }
        }
        found
    }

    /// Whether git's ignore rules already leave `path` out.
    pub fn is_ignored(&self, path: &RepoPath) -> bool {
        self.git.is_ignored(path.as_str())
    }

    pub fn remote_names(&self) -> Vec<String> {
        self.git.remotes().unwrap_or_default().into_iter().map(|remote| remote.name).collect()
    }

    /// Name of the remote that is fetched from there.
    pub fn remote_at(&self, url: &str) -> Option<String> {
        let remotes = self.git.remotes().unwrap_or_default();
        remotes.into_iter().find(|remote| remote.url.as_deref() == Some(url)).map(|remote| remote.name)
    }

    /// As `git remote add`.
    pub fn add_remote(&self, name: &str, url: &str) -> Result<(), GitError> {
        // The URL last: without it there is no remote.
        self.git.set(&format!("remote.{name}.fetch"), &format!("+refs/heads/*:refs/remotes/{name}/*"))?;
        self.git.set(&format!("remote.{name}.url"), url)
    }

    /// Whether something is set, wherever git finds it.
    pub fn is_set(&self, key: &str) -> bool {
        self.git.setting(key).is_some()
    }

    /// In the clone's own settings, unless something is set for it.
    pub fn set_if_unset(&self, key: &str, value: &str) -> Result<(), GitError> {
        match self.git.setting(key) {
            Some(_) => Ok(()),
            None => self.git.set(key, value),
        }
    }

    /// Fetch URLs of all remotes, as configured.
    pub fn remote_urls(&self) -> Vec<String> {
        self.git.remotes().unwrap_or_default().into_iter().filter_map(|remote| remote.url).collect()
    }

    /// Name and e-mail of the committer, as git would use them: from the environment, else from the settings.
    pub fn identity(&self) -> (Option<String>, Option<String>) {
        let part = |variable: &str, setting: &str| {
            let given = std::env::var(variable).ok().filter(|v| !v.is_empty());
            given.or_else(|| self.git.setting(setting))
        };
        let email = part("GIT_COMMITTER_EMAIL", "user.email");
        (part("GIT_COMMITTER_NAME", "user.name"), email.or_else(|| std::env::var("EMAIL").ok()))
    }

    /// Commits reachable from `tips` and from none of `hide`, oldest first. `hide_remotes`: nor from a branch that a
    /// remote has.
    pub fn commits_between(
        &self,
        tips: &[CommitId],
        hide: &[CommitId],
        hide_remotes: bool,
    ) -> Result<Vec<Commit>, GitError> {
        let hide_globs: &[&str] = if hide_remotes { &["refs/remotes/*"] } else { &[] };
        let (tips, hide) = (tips.to_vec(), hide.to_vec());
        let walk = Walk { tips, hide, hide_globs, oldest_first: true, ..Walk::default() };
        self.git.walk(&walk)?.into_iter().filter_map(|id| self.commit(&id).transpose()).collect()
    }

    /// Values of a trailer in the messages of all commits that a branch, HEAD or a remote's branch reaches, with
    /// the commit.
    pub fn trailers(&self, name: &str) -> Result<Vec<(CommitId, String)>, GitError> {
        let globs = &["refs/heads/*", "refs/remotes/*"];
        let start = format!("{name}: ");
        let mut out = Vec::new();
        for id in self.git.walk(&Walk { head: true, globs, ..Walk::default() })? {
            let Some(commit) = self.git.commit(&id)? else { continue };
            let message = String::from_utf8_lossy(&commit.message);
            for value in message.lines().filter_map(|line| line.strip_prefix(&start)) {
                out.push((id.clone(), value.to_owned()));
            }
        }
        Ok(out)
    }

    /// The path of a file system place below the work tree's root. `None` if it lies elsewhere, or is the root.
    pub fn relative(&self, place: &Path) -> Option<PathBuf> {
        let below = place.strip_prefix(&self.root).ok()?;
        (below != Path::new("")).then(|| below.to_owned())
    }
}
