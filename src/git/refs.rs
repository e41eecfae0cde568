//! mlprov's own refs: logs that clones publish as commits of static files, notes on commits, and commits that are
//! kept. All is read and written in the object database; nothing is checked out.

use crate::domain::ids::CommitId;
use crate::domain::ids::TreeId;
use crate::git::GitError;
pub use crate::git::backend::Changes;
use crate::git::backend::Expected;
use crate::git::backend::Walk;
use crate::git::program;
use crate::git::repo::Commit;
use crate::git::repo::Repo;
use std::collections::BTreeSet;

/// Commits and notes that mlprov makes name the program, not a person.
pub const NAME: &str = "mlprov";

impl Repo {
    /// All refs whose name begins with `prefix` (which ends in a slash): the rest of the name, and the commit.
    pub fn refs_below(&self, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        let listed = self.git.refs(prefix)?.into_iter();
        let mut out: Vec<(String, CommitId)> =
            listed.filter_map(|(name, id)| Some((name.strip_prefix(prefix)?.to_owned(), id))).collect();
        out.sort();
        Ok(out)
    }

    /// The commit that a ref names; `None` if there is no such ref.
    pub fn ref_commit(&self, name: &str) -> Result<Option<Commit>, GitError> {
        match self.git.ref_target(name)? {
            Some(id) => self.commit(&id),
            None => Ok(None),
        }
    }

    /// Lets a ref name this commit, if it named `from` (`None`: nothing) until now. False: it did not.
    pub fn move_ref(&self, name: &str, to: &CommitId, from: Option<&CommitId>) -> Result<bool, GitError> {
        self.git.update_ref(name, Some(to), from.map_or(Expected::Nothing, Expected::Commit))
    }

    /// Lets a ref name this commit, whatever it named before.
    pub fn create_ref(&self, name: &str, to: &CommitId) -> Result<(), GitError> {
        self.git.update_ref(name, Some(to), Expected::Anything).map(|_| ())
    }

    /// A ref that is gone already is none to complain about.
    pub fn remove_ref(&self, name: &str) -> Result<(), GitError> {
        self.git.update_ref(name, None, Expected::Anything).map(|_| ())
    }

    /// Those of the commits that are here, and that no branch or tag reaches.
    pub fn unreached(&self, commits: &[CommitId]) -> Result<Vec<CommitId>, GitError> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = program::git(self.root());
        list.arg("--git-dir").arg(self.git_dir());
        // Older gits take no options from the standard input.
        list.args(["rev-list", "--ignore-missing", "--stdin", "--not", "--branches", "--tags"]);
        let wanted: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
        let listed = program::output_with(list, wanted.as_bytes())?;
        let listed: BTreeSet<&str> = std::str::from_utf8(&listed).unwrap_or_default().lines().collect();
        Ok(commits.iter().filter(|commit| listed.contains(commit.as_str())).cloned().collect())
    }

    /// A commit of a branch, tag or remote that has this tree.
    pub fn commit_with_tree(&self, tree: &TreeId) -> Result<Option<CommitId>, GitError> {
        let globs = &["refs/heads/*", "refs/remotes/*", "refs/tags/*"];
        for id in self.git.walk(&Walk { head: true, globs, ..Walk::default() })? {
            if self.git.commit(&id)?.is_some_and(|commit| commit.tree == tree.as_str()) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Whether `new` is `old` or one of its descendants.
    pub fn continues(&self, new: &CommitId, old: &CommitId) -> Result<bool, GitError> {
        self.git.continues(new, old)
    }

    /// Stores bytes as a blob that nothing names yet; its id.
    pub fn store_blob(&self, bytes: &[u8]) -> Result<String, GitError> {
        self.git.store_blob(bytes)
    }

    /// Writes the files of `parent` with these changes as a commit on top of it. No ref names it yet.
    pub fn commit_files(
        &self,
        parent: Option<&Commit>,
        changes: &Changes,
        message: &str,
    ) -> Result<CommitId, GitError> {
        self.git.commit_files(parent.map(|commit| &commit.id), changes, message)
    }

    /// All notes under a ref: the object noted on, and the text. The ref may be any (libgit2 itself only looks
    /// below `refs/notes/`), the tree as git writes it: the object's id, cut into directories when there are many.
    pub fn notes(&self, name: &str) -> Result<Vec<(String, String)>, GitError> {
        let Some(commit) = self.ref_commit(name)? else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        let mut waiting = vec![(String::new(), commit.tree.to_string())];
        while let Some((dir, tree)) = waiting.pop() {
            for entry in self.git.tree(&tree)? {
                let object = format!("{dir}{}", String::from_utf8_lossy(&entry.name));
                if entry.is_tree() {
                    waiting.push((object, entry.id));
                } else if entry.is_plain_file() {
                    let text = self.git.blob(&entry.id)?;
                    out.push((object, String::from_utf8_lossy(&text).into_owned()));
                }
            }
        }
        Ok(out)
    }

    /// Puts this text in the place of the note on a commit.
    pub fn write_note(&self, name: &str, commit: &CommitId, text: &str) -> Result<(), GitError> {
        self.git.write_note(name, commit, text)
    }
}
