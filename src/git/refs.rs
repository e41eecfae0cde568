//! mlprov's own refs: logs that clones publish as commits of static files, and notes on commits. All is read
//! and written in the object database; nothing is checked out.

use crate::domain::ids::CommitId;
use crate::domain::ids::TreeId;
use crate::git::GitError;
use crate::git::repo::Commit;
use crate::git::repo::Repo;
use git2::ErrorCode;
use git2::FileMode;
use git2::Oid;
use git2::Signature;
use git2::build::TreeUpdateBuilder;

/// Commits and notes that mlprov makes name the program, not a person.
pub const NAME: &str = "mlprov";

/// What to change in a tree of files.
#[derive(Default)]
pub struct Changes {
    /// Path, and the blob (see [`Repo::store_blob`]) to stand there.
    pub put: Vec<(String, String)>,
    pub remove: Vec<String>,
}

impl Repo {
    /// All refs whose name begins with `prefix` (which ends in a slash): the rest of the name, and the commit.
    pub fn refs_below(&self, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        let listed = self.inner.references_glob(&format!("{prefix}*")).map_err(GitError::library(prefix))?;
        let mut out = Vec::new();
        for reference in listed {
            let reference = reference.map_err(GitError::library(prefix))?;
            let name = reference.name().ok().and_then(|n| n.strip_prefix(prefix)).map(str::to_owned);
            let (Some(name), Some(target)) = (name, reference.target()) else { continue };
            out.push((name, commit_id(target)?));
        }
        out.sort();
        Ok(out)
    }

    /// The commit that a ref names; `None` if there is no such ref.
    pub fn ref_commit(&self, name: &str) -> Result<Option<Commit>, GitError> {
        match self.inner.refname_to_id(name) {
            Ok(id) => self.commit(&commit_id(id)?),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(source) => Err(GitError::Library { what: name.to_owned(), source }),
        }
    }

    /// Lets a ref name this commit, if it named `from` (`None`: nothing) until now. False: it did not.
    pub fn move_ref(&self, name: &str, to: &CommitId, from: Option<&CommitId>) -> Result<bool, GitError> {
        let to = oid(to)?;
        let moved = match from {
            Some(from) => self.inner.reference_matching(name, to, true, oid(from)?, NAME),
            None => self.inner.reference(name, to, false, NAME),
        };
        match moved {
            Ok(_) => Ok(true),
            Err(e) if matches!(e.code(), ErrorCode::Modified | ErrorCode::Exists) => Ok(false),
            Err(source) => Err(GitError::Library { what: name.to_owned(), source }),
        }
    }

    /// Whether `new` is `old` or one of its descendants.
    pub fn continues(&self, new: &CommitId, old: &CommitId) -> Result<bool, GitError> {
        let (new, old) = (oid(new)?, oid(old)?);
        let descends = self.inner.graph_descendant_of(new, old);
        Ok(new == old || descends.map_err(GitError::library("history of a log"))?)
    }

    /// Stores bytes as a blob that nothing names yet; its id.
    pub fn store_blob(&self, bytes: &[u8]) -> Result<String, GitError> {
        let blob = self.inner.blob(bytes).map_err(GitError::library("a file of a log"))?;
        Ok(blob.to_string())
    }

    /// Writes the files of `parent` with these changes as a commit on top of it. No ref names it yet.
    pub fn commit_files(
        &self,
        parent: Option<&Commit>,
        changes: &Changes,
        message: &str,
    ) -> Result<CommitId, GitError> {
        let failed = || GitError::library("a commit of a log's files");
        let parent = match parent {
            Some(parent) => Some(self.inner.find_commit(oid(&parent.id)?).map_err(failed())?),
            None => None,
        };
        let base = match &parent {
            Some(parent) => parent.tree().map_err(failed())?,
            None => {
                let empty = self.inner.treebuilder(None).and_then(|b| b.write()).map_err(failed())?;
                self.inner.find_tree(empty).map_err(failed())?
            }
        };
        let mut update = TreeUpdateBuilder::new();
        for path in &changes.remove {
            // libgit2 refuses to remove what is not there.
            if base.get_path(std::path::Path::new(path)).is_ok() {
                update.remove(path.as_str());
            }
        }
        for (path, blob) in &changes.put {
            let blob = Oid::from_str(blob).map_err(failed())?;
            update.upsert(path.as_str(), blob, FileMode::Blob);
        }
        let tree = update.create_updated(&self.inner, &base).map_err(failed())?;
        let tree = self.inner.find_tree(tree).map_err(failed())?;
        let who = who()?;
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let id = self.inner.commit(None, &who, &who, message, &tree, &parents).map_err(failed())?;
        commit_id(id)
    }

    /// A file of a tree; `None` if there is none. An object that is missing or damaged is an error.
    pub fn file_in(&self, tree: &TreeId, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let tree = self.inner.find_tree(Oid::from_str(tree.as_str()).map_err(GitError::library(path))?);
        let entry = match tree.map_err(GitError::library(path))?.get_path(std::path::Path::new(path)) {
            Ok(entry) => entry,
            Err(e) if e.code() == ErrorCode::NotFound => return Ok(None),
            Err(source) => return Err(GitError::Library { what: path.to_owned(), source }),
        };
        let blob = self.inner.find_blob(entry.id()).map_err(GitError::library(path))?;
        Ok(Some(blob.content().to_vec()))
    }

    /// All notes under a ref: the object noted on, and the text. The ref may be any (libgit2 itself only looks
    /// below `refs/notes/`), the tree as git writes it: the object's id, cut into directories when there are many.
    pub fn notes(&self, name: &str) -> Result<Vec<(String, String)>, GitError> {
        let Some(commit) = self.ref_commit(name)? else { return Ok(Vec::new()) };
        let tree =
            self.inner.find_tree(Oid::from_str(commit.tree.as_str()).map_err(GitError::library(name))?);
        let mut found = Vec::new();
        let walked =
            tree.map_err(GitError::library(name))?.walk(git2::TreeWalkMode::PreOrder, |dir, entry| {
                if entry.kind() == Some(git2::ObjectType::Blob) {
                    let object =
                        format!("{dir}{}", String::from_utf8_lossy(entry.name_bytes())).replace('/', "");
                    found.push((object, entry.id()));
                }
                git2::TreeWalkResult::Ok
            });
        walked.map_err(GitError::library(name))?;
        let mut out = Vec::new();
        for (object, blob) in found {
            let blob = self.inner.find_blob(blob).map_err(GitError::library(name))?;
            out.push((object, String::from_utf8_lossy(blob.content()).into_owned()));
        }
        Ok(out)
    }

    /// Puts this text in the place of the note on a commit.
    pub fn write_note(&self, name: &str, commit: &CommitId, text: &str) -> Result<(), GitError> {
        let who = who()?;
        let written = self.inner.note(&who, &who, Some(name), oid(commit)?, text, true);
        written.map(|_| ()).map_err(GitError::library(name))
    }
}

fn who() -> Result<Signature<'static>, GitError> {
    Signature::now(NAME, NAME).map_err(GitError::library("a signature"))
}

fn oid(id: &CommitId) -> Result<Oid, GitError> {
    Oid::from_str(id.as_str()).map_err(GitError::library(id))
}

fn commit_id(id: Oid) -> Result<CommitId, GitError> {
    id.to_string().parse().map_err(|_| GitError::NotFound { what: id.to_string() })
}
