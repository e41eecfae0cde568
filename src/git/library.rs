//! libgit2: in the process, and so the quick way.

use super::backend::Backend;
use super::backend::Changes;
use super::backend::CommitObject;
use super::backend::Expected;
use super::backend::Remote;
use super::backend::TreeEntry;
use super::backend::Walk;
use super::refs::NAME;
use crate::domain::ids::CommitId;
use crate::git::GitError;
use git2::ErrorCode;
use git2::FileMode;
use git2::ObjectType;
use git2::Oid;
use git2::Repository;
use git2::RepositoryOpenFlags;
use git2::Signature;
use git2::build::TreeUpdateBuilder;
use std::path::Path;
use std::path::PathBuf;

type Result<T> = std::result::Result<T, GitError>;

pub struct Library(Repository);

/// What was found at a place.
pub struct Opened {
    pub library: Library,
    pub root: PathBuf,
    pub common_dir: PathBuf,
    pub git_dir: PathBuf,
}

impl Library {
    /// Finds the repository that `path` lies in. `git_dir`, `work_tree`: what git's variables say, if they count.
    pub fn open(path: &Path, git_dir: Option<&Path>, work_tree: Option<&Path>) -> Result<Opened> {
        let none: [&Path; 0] = [];
        let opened = match git_dir {
            Some(dir) => Repository::open_ext(path.join(dir), RepositoryOpenFlags::NO_SEARCH, none),
            None => Repository::open_ext(path, RepositoryOpenFlags::empty(), none),
        };
        // git gives a relative GIT_WORK_TREE as seen from where it stands, which is where the hook stands too.
        // Without one, where it stands is the top of the work tree (git(1), GIT_DIR).
        let opened = opened.and_then(|repo| match (work_tree, git_dir) {
            (Some(tree), _) => repo.set_workdir(&path.join(tree), false).map(|()| repo),
            (None, Some(_)) if !repo.is_bare() && repo.workdir() != Some(path) => {
                repo.set_workdir(path, false).map(|()| repo)
            }
            _ => Ok(repo),
        });
        let inner = opened.map_err(|e| match e.code() {
            ErrorCode::NotFound => GitError::NotARepository { path: path.to_owned() },
            ErrorCode::Owner => GitError::NotOwner { path: path.to_owned() },
            _ if e.message().contains("extension") || e.message().contains("object format") => {
                GitError::Unsupported { path: path.to_owned(), why: e.message().to_owned() }
            }
            _ => GitError::Library { what: format!("open {}", path.display()), source: e },
        })?;
        let Some(root) = inner.workdir().filter(|_| !inner.is_bare()).map(Path::to_owned) else {
            return Err(GitError::Bare { path: path.to_owned() });
        };
        let (common_dir, git_dir) = (inner.commondir().to_owned(), inner.path().to_owned());
        Ok(Opened { library: Library(inner), root, common_dir, git_dir })
    }

    /// Makes `git_dir` if it is not there. Nothing is written to `root`.
    pub fn apart(git_dir: &Path, root: &Path) -> Result<Opened> {
        let failed = |e| GitError::Library { what: format!("make {}", git_dir.display()), source: e };
        let made = match Repository::open_bare(git_dir) {
            Err(e) if e.code() == ErrorCode::NotFound => Repository::init_bare(git_dir),
            opened => opened,
        };
        let repo = made.map_err(failed)?;
        repo.set_workdir(root, false).map_err(failed)?;
        let (common_dir, git_dir) = (repo.commondir().to_owned(), repo.path().to_owned());
        Ok(Opened { library: Library(repo), root: root.to_owned(), common_dir, git_dir })
    }

    fn find_tree(&self, id: &str) -> Result<git2::Tree<'_>> {
        let what = || format!("tree {id}");
        let oid = Oid::from_str(id).map_err(GitError::library(what()))?;
        self.0.find_tree(oid).map_err(|e| missing(e, what()))
    }
}

fn missing(e: git2::Error, what: String) -> GitError {
    match e.code() {
        ErrorCode::NotFound => GitError::NotFound { what },
        _ => GitError::Library { what, source: e },
    }
}

fn oid(id: &CommitId) -> Result<Oid> {
    Oid::from_str(id.as_str()).map_err(GitError::library(id))
}

fn commit_id(id: Oid) -> Result<CommitId> {
    id.to_string().parse().map_err(|_| GitError::NotFound { what: id.to_string() })
}

fn who() -> Result<Signature<'static>> {
    Signature::now(NAME, NAME).map_err(GitError::library("a signature"))
}

impl Backend for Library {
    /// libgit2 as built here opens SHA-1 repositories only.
    fn object_format(&self) -> &'static str {
        "sha1"
    }

    fn branch(&self) -> Option<String> {
        let head = self.0.find_reference("HEAD").ok()?;
        head.symbolic_target().ok().flatten().map(str::to_owned)
    }

    fn head(&self) -> Result<CommitId> {
        let head = self.0.head().map_err(|e| match e.code() {
            ErrorCode::UnbornBranch | ErrorCode::NotFound => GitError::Unborn,
            _ => GitError::Library { what: "HEAD".into(), source: e },
        })?;
        commit_id(head.peel_to_commit().map_err(GitError::library("HEAD"))?.id())
    }

    fn resolve(&self, rev: &str) -> Result<Option<CommitId>> {
        let object = match self.0.revparse_single(rev) {
            Ok(object) => object,
            Err(e)
                if matches!(
                    e.code(),
                    ErrorCode::NotFound
                        | ErrorCode::InvalidSpec
                        | ErrorCode::Ambiguous
                        | ErrorCode::UnbornBranch
                ) =>
            {
                return Ok(None);
            }
            Err(e) => return Err(GitError::Library { what: rev.to_owned(), source: e }),
        };
        object.peel_to_commit().ok().map(|commit| commit_id(commit.id())).transpose()
    }

    fn commit(&self, id: &CommitId) -> Result<Option<CommitObject>> {
        let Ok(oid) = Oid::from_str(id.as_str()) else { return Ok(None) };
        let commit = match self.0.find_commit(oid) {
            Ok(commit) => commit,
            Err(e) if e.code() == ErrorCode::NotFound => return Ok(None),
            Err(e) => return Err(GitError::Library { what: format!("commit {id}"), source: e }),
        };
        Ok(Some(CommitObject {
            tree: commit.tree_id().to_string(),
            parents: commit.parent_ids().map(|parent| parent.to_string()).collect(),
            committer_email: commit.committer().email().ok().map(str::to_owned),
            message: commit.message_bytes().to_vec(),
        }))
    }

    fn tree(&self, id: &str) -> Result<Vec<TreeEntry>> {
        let entry = |e: git2::TreeEntry<'_>| TreeEntry {
            name: e.name_bytes().to_vec(),
            mode: e.filemode_raw() as u32,
            id: e.id().to_string(),
        };
        Ok(self.find_tree(id)?.iter().map(entry).collect())
    }

    fn blob(&self, id: &str) -> Result<Vec<u8>> {
        let what = || format!("blob {id}");
        let oid = Oid::from_str(id).map_err(GitError::library(what()))?;
        let blob = self.0.find_blob(oid).map_err(|e| missing(e, what()))?;
        Ok(blob.content().to_vec())
    }

    fn walk(&self, wanted: &Walk<'_>) -> Result<Vec<CommitId>> {
        let failed = || GitError::library("the history");
        let mut walk = self.0.revwalk().map_err(failed())?;
        if wanted.oldest_first {
            walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE).map_err(failed())?;
        }
        for tip in &wanted.tips {
            walk.push(oid(tip)?).map_err(GitError::library(format!("history of {tip}")))?;
        }
        if wanted.head {
            let _ = walk.push_head(); // there may be none yet
        }
        for glob in wanted.globs {
            walk.push_glob(glob).map_err(failed())?;
        }
        for glob in wanted.hide_globs {
            let _ = walk.hide_glob(glob); // there may be none
        }
        for id in &wanted.hide {
            // A remote's tip may be unknown here: then nothing is hidden by it.
            if let Ok(oid) = oid(id) {
                let _ = walk.hide(oid);
            }
        }
        walk.map(|id| commit_id(id.map_err(failed())?)).collect()
    }

    fn is_partial(&self) -> bool {
        self.0.is_shallow() || self.setting("extensions.partialclone").is_some()
    }

    fn first_tracked_below(&self, path: &str) -> Result<Option<String>> {
        let index = self.0.index().map_err(GitError::library("the index"))?;
        let inside = format!("{path}/");
        let hit =
            index.iter().map(|e| e.path).find(|p| p == path.as_bytes() || p.starts_with(inside.as_bytes()));
        Ok(hit.map(|p| String::from_utf8_lossy(&p).into_owned()))
    }

    fn conflict(&self, path: &str) -> Result<[Option<Vec<u8>>; 3]> {
        let index = self.0.index().map_err(GitError::library("the index"))?;
        let mut found = [None, None, None];
        for (stage, found) in (1..).zip(&mut found) {
            if let Some(entry) = index.get_path(Path::new(path), stage) {
                *found = Some(self.blob(&entry.id.to_string())?);
            }
        }
        Ok(found)
    }

    fn is_ignored(&self, path: &str) -> bool {
        self.0.is_path_ignored(Path::new(path)).unwrap_or(false)
    }

    fn setting(&self, key: &str) -> Option<String> {
        let config = self.0.config().and_then(|mut c| c.snapshot()).ok()?;
        config.get_string(key).ok()
    }

    fn set(&self, key: &str, value: &str) -> Result<()> {
        let failed = || GitError::library("the settings of git");
        let mut config =
            self.0.config().and_then(|c| c.open_level(git2::ConfigLevel::Local)).map_err(failed())?;
        config.set_str(key, value).map_err(failed())
    }

    fn remotes(&self) -> Result<Vec<Remote>> {
        let names = self.0.remotes().map_err(GitError::library("the remotes"))?;
        let remote = |name: &str| Remote {
            name: name.to_owned(),
            url: self.0.find_remote(name).ok().and_then(|found| found.url().ok().map(str::to_owned)),
        };
        Ok(names.iter().flatten().flatten().map(remote).collect())
    }

    fn fetch_refspecs(&self, remote: &str) -> Result<Vec<String>> {
        let known = self.0.find_remote(remote).map_err(GitError::library(remote))?;
        Ok(known.refspecs().filter_map(|r| r.str().ok().map(str::to_owned)).collect())
    }

    fn add_fetch_refspec(&self, remote: &str, refspec: &str) -> Result<()> {
        self.0.remote_add_fetch(remote, refspec).map_err(GitError::library(remote))
    }

    fn blobs_with(&self, text: &str, longest: usize) -> Result<Vec<Vec<u8>>> {
        let failed = || GitError::library("the object database");
        let odb = self.0.odb().map_err(failed())?;
        let mut ids = Vec::new();
        odb.foreach(|id| {
            ids.push(*id);
            true
        })
        .map_err(failed())?;
        let mut found = Vec::new();
        for id in ids {
            let (length, kind) = odb.read_header(id).map_err(failed())?;
            if kind != ObjectType::Blob || length > longest {
                continue;
            }
            let object = odb.read(id).map_err(failed())?;
            if object.data().windows(text.len()).any(|w| w == text.as_bytes()) {
                found.push(object.data().to_vec());
            }
        }
        Ok(found)
    }

    fn work_trees(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        if let Some(main) = Repository::open(self.0.commondir()).ok().as_ref().and_then(|r| r.workdir()) {
            found.push(main.to_owned());
        }
        if let Ok(names) = &self.0.worktrees() {
            for name in names.iter().flatten().flatten() {
                found.extend(self.0.find_worktree(name).map(|tree| tree.path().to_owned()));
            }
        }
        found
    }

    fn refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>> {
        let listed = self.0.references_glob(&format!("{prefix}*")).map_err(GitError::library(prefix))?;
        let mut out = Vec::new();
        for reference in listed {
            let reference = reference.map_err(GitError::library(prefix))?;
            let (Ok(name), Some(target)) = (reference.name(), reference.target()) else { continue };
            out.push((name.to_owned(), commit_id(target)?));
        }
        Ok(out)
    }

    fn ref_target(&self, name: &str) -> Result<Option<CommitId>> {
        match self.0.refname_to_id(name) {
            Ok(id) => commit_id(id).map(Some),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(source) => Err(GitError::Library { what: name.to_owned(), source }),
        }
    }

    fn update_ref(&self, name: &str, to: Option<&CommitId>, expected: Expected<'_>) -> Result<bool> {
        let changed = match (to, expected) {
            (Some(to), Expected::Commit(from)) => {
                self.0.reference_matching(name, oid(to)?, true, oid(from)?, NAME).map(|_| ())
            }
            (Some(to), Expected::Nothing) => self.0.reference(name, oid(to)?, false, NAME).map(|_| ()),
            (Some(to), Expected::Anything) => self.0.reference(name, oid(to)?, true, NAME).map(|_| ()),
            (None, _) => self.0.find_reference(name).and_then(|mut found| found.delete()),
        };
        match changed {
            Ok(()) => Ok(true),
            Err(e) if matches!(e.code(), ErrorCode::Modified | ErrorCode::Exists) => Ok(false),
            // One that is gone already is none to complain about.
            Err(e) if to.is_none() && e.code() == ErrorCode::NotFound => Ok(true),
            Err(source) => Err(GitError::Library { what: name.to_owned(), source }),
        }
    }

    fn continues(&self, new: &CommitId, old: &CommitId) -> Result<bool> {
        let (new, old) = (oid(new)?, oid(old)?);
        let descends = self.0.graph_descendant_of(new, old);
        Ok(new == old || descends.map_err(GitError::library("history of a log"))?)
    }

    fn store_blob(&self, bytes: &[u8]) -> Result<String> {
        let blob = self.0.blob(bytes).map_err(GitError::library("a file of a log"))?;
        Ok(blob.to_string())
    }

    fn commit_files(&self, parent: Option<&CommitId>, changes: &Changes, message: &str) -> Result<CommitId> {
        let failed = || GitError::library("a commit of a log's files");
        let parent = match parent {
            Some(parent) => Some(self.0.find_commit(oid(parent)?).map_err(failed())?),
            None => None,
        };
        let base = match &parent {
            Some(parent) => parent.tree().map_err(failed())?,
            None => {
                let empty = self.0.treebuilder(None).and_then(|b| b.write()).map_err(failed())?;
                self.0.find_tree(empty).map_err(failed())?
            }
        };
        let mut update = TreeUpdateBuilder::new();
        for path in &changes.remove {
            // libgit2 refuses to remove what is not there.
            if base.get_path(Path::new(path)).is_ok() {
                update.remove(path.as_str());
            }
        }
        for (path, blob) in &changes.put {
            let blob = Oid::from_str(blob).map_err(failed())?;
            update.upsert(path.as_str(), blob, FileMode::Blob);
        }
        let tree = update.create_updated(&self.0, &base).map_err(failed())?;
        let tree = self.0.find_tree(tree).map_err(failed())?;
        let who = who()?;
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        commit_id(self.0.commit(None, &who, &who, message, &tree, &parents).map_err(failed())?)
    }

    fn write_note(&self, name: &str, commit: &CommitId, text: &str) -> Result<()> {
        let who = who()?;
        let written = self.0.note(&who, &who, Some(name), oid(commit)?, text, true);
        written.map(|_| ()).map_err(GitError::library(name))
    }
}
