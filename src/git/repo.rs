//! One repository: its places, commits, trees and settings.

use crate::domain::ids::CommitId;
use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::git::GitError;
use git2::ErrorCode;
use git2::ObjectType;
use git2::Oid;
use git2::RepositoryOpenFlags;
use std::path::Path;
use std::path::PathBuf;

pub struct Repo {
    pub(super) inner: git2::Repository,
    /// Work tree, without a trailing slash, symlinks resolved.
    root: PathBuf,
    common: PathBuf,
}

/// Objects that git itself wrote a moment ago need not be hashed again on the way in. For hooks only: `verify`
/// must see every byte.
pub fn trust_object_names() {
    git2::opts::strict_hash_verification(false);
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
        let none: [&Path; 0] = [];
        let variable = |name: &str| std::env::var_os(name).filter(|v| from_env && !v.is_empty());
        let opened = match variable("GIT_DIR") {
            Some(dir) => git2::Repository::open_ext(path.join(dir), RepositoryOpenFlags::NO_SEARCH, none),
            None => git2::Repository::open_ext(path, RepositoryOpenFlags::empty(), none),
        };
        // git gives a relative GIT_WORK_TREE as seen from where it stands, which is where the hook stands too.
        // Without one, where it stands is the top of the work tree (git(1), GIT_DIR).
        let opened = opened.and_then(|repo| match (variable("GIT_WORK_TREE"), variable("GIT_DIR")) {
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
        let Some(root) = inner.workdir().filter(|_| !inner.is_bare()) else {
            return Err(GitError::Bare { path: path.to_owned() });
        };
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let common = inner.commondir();
        let common = common.canonicalize().unwrap_or_else(|_| common.to_owned());
        Ok(Repo { inner, root, common })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `<git common dir>`: shared by all work trees.
    pub fn common_dir(&self) -> PathBuf {
        self.common.clone()
    }

    pub fn git_dir(&self) -> &Path {
        self.inner.path()
    }

    /// `sha1` or `sha256`. libgit2 as built here opens SHA-1 repositories only.
    pub fn object_format(&self) -> &'static str {
        "sha1"
    }

    /// Full name of the branch that HEAD stands on; `None` when detached.
    pub fn branch(&self) -> Option<String> {
        let head = self.inner.find_reference("HEAD").ok()?;
        head.symbolic_target().ok().flatten().map(str::to_owned)
    }

    pub fn head(&self) -> Result<Commit, GitError> {
        let head = self.inner.head().map_err(|e| match e.code() {
            ErrorCode::UnbornBranch | ErrorCode::NotFound => GitError::Unborn,
            _ => GitError::Library { what: "HEAD".into(), source: e },
        })?;
        let commit = head.peel_to_commit().map_err(GitError::library("HEAD"))?;
        Self::describe(&commit)
    }

    fn describe(commit: &git2::Commit<'_>) -> Result<Commit, GitError> {
        let bad = |e: crate::domain::ParseError| GitError::NotFound { what: e.to_string() };
        let parents = commit.parent_ids().map(|p| p.to_string().parse().map_err(bad));
        Ok(Commit {
            id: commit.id().to_string().parse().map_err(bad)?,
            tree: commit.tree_id().to_string().parse().map_err(bad)?,
            parents: parents.collect::<Result<_, _>>()?,
        })
    }

    /// A commit by anything that git understands: id, prefix, branch, tag, `HEAD~2`.
    pub fn resolve(&self, rev: &str) -> Result<Option<Commit>, GitError> {
        let object = match self.inner.revparse_single(rev) {
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
        match object.peel_to_commit() {
            Ok(commit) => Self::describe(&commit).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// The commit as git holds it, re-hashed by libgit2 on reading. `None` if it is not here.
    pub fn commit(&self, id: &CommitId) -> Result<Option<Commit>, GitError> {
        let Ok(oid) = Oid::from_str(id.as_str()) else { return Ok(None) };
        match self.inner.find_commit(oid) {
            Ok(commit) => Self::describe(&commit).map(Some),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(GitError::Library { what: format!("commit {id}"), source: e }),
        }
    }

    /// Who made the commit (committer's e-mail).
    pub fn committer_email(&self, id: &CommitId) -> Option<String> {
        let oid = Oid::from_str(id.as_str()).ok()?;
        let commit = self.inner.find_commit(oid).ok()?;
        commit.committer().email().ok().map(str::to_owned)
    }

    pub(super) fn tree(&self, id: &TreeId) -> Result<git2::Tree<'_>, GitError> {
        let what = format!("tree {id}");
        let oid = Oid::from_str(id.as_str()).map_err(GitError::library(&what))?;
        self.inner.find_tree(oid).map_err(|e| match e.code() {
            ErrorCode::NotFound => GitError::NotFound { what },
            _ => GitError::Library { what, source: e },
        })
    }

    /// Whether history or objects may be elsewhere: a shallow or a partial clone.
    pub fn is_partial(&self) -> bool {
        let promisor = || {
            let config = self.inner.config().and_then(|mut c| c.snapshot());
            config.is_ok_and(|c| c.get_str("extensions.partialclone").is_ok())
        };
        self.inner.is_shallow() || promisor()
    }

    /// Reads every object below a tree. Fails at the first that is missing or does not have its own hash.
    pub fn read_whole_tree(&self, id: &TreeId) -> Result<TreeRead, GitError> {
        let mut read = TreeRead::default();
        let mut waiting = vec![self.tree(id)?.id()];
        while let Some(id) = waiting.pop() {
            let missing = |what: &str, id: Oid| {
                let what = format!("{what} {id}");
                move |e: git2::Error| match e.code() {
                    ErrorCode::NotFound => GitError::NotFound { what },
                    _ => GitError::Library { what, source: e },
                }
            };
            let tree = self.inner.find_tree(id).map_err(missing("tree", id))?;
            for entry in &tree {
                match entry.kind() {
                    Some(ObjectType::Tree) => waiting.push(entry.id()),
                    Some(ObjectType::Blob) => {
                        let blob = self.inner.find_blob(entry.id()).map_err(missing("blob", entry.id()))?;
                        read.files += 1;
                        read.bytes += blob.size() as u64;
                    }
                    _ => read.submodules += 1,
                }
            }
        }
        Ok(read)
    }

    /// Content of a file in a tree.
    pub fn blob_at(&self, tree: &TreeId, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let entry = match self.tree(tree)?.get_path(Path::new(path)) {
            Ok(entry) => entry,
            Err(e) if e.code() == ErrorCode::NotFound => return Ok(None),
            Err(e) => return Err(GitError::Library { what: path.to_owned(), source: e }),
        };
        match self.inner.find_blob(entry.id()) {
            Ok(blob) => Ok(Some(blob.content().to_vec())),
            Err(_) => Ok(None),
        }
    }

    /// The first file at or below `path` that git's index holds.
    pub fn first_tracked_below(&self, path: &RepoPath) -> Result<Option<String>, GitError> {
        let index = self.inner.index().map_err(GitError::library("the index"))?;
        let inside = format!("{path}/");
        let hit = index
            .iter()
            .map(|e| e.path)
            .find(|p| p == path.as_str().as_bytes() || p.starts_with(inside.as_bytes()));
        Ok(hit.map(|p| String::from_utf8_lossy(&p).into_owned()))
    }

    /// The three versions of a file that is in conflict, as git's index holds them: of the merge base, ours and
    /// theirs. `None` if there is no conflict at this path.
    pub fn conflict(&self, path: &RepoPath) -> Result<Option<[Option<Vec<u8>>; 3]>, GitError> {
        let failed = || GitError::library("the index");
        let index = self.inner.index().map_err(failed())?;
        let mut found = [None, None, None];
        for (stage, found) in (1..).zip(&mut found) {
            if let Some(entry) = index.get_path(Path::new(path.as_str()), stage) {
                let blob = self.inner.find_blob(entry.id).map_err(GitError::library(path))?;
                *found = Some(blob.content().to_vec());
            }
        }
        Ok(found.iter().any(Option::is_some).then_some(found))
    }

    /// Lets git call this command for files with the attribute `merge=mlprov` (gitattributes(5), "Defining a
    /// custom merge driver"). False: it was so before.
    pub fn set_merge_driver(&self, name: &str, command: &str) -> Result<bool, GitError> {
        let failed = || GitError::library("the settings of git");
        let mut config =
            self.inner.config().and_then(|c| c.open_level(git2::ConfigLevel::Local)).map_err(failed())?;
        let mut changed = false;
        for (key, value) in [("merge.mlprov.name", name), ("merge.mlprov.driver", command)] {
            if config.get_string(key).is_ok_and(|now| now == value) {
                continue;
            }
            config.set_str(key, value).map_err(failed())?;
            changed = true;
        }
        Ok(changed)
    }

    /// Every blob of the object database that holds this text, and is no longer than `longest` (bytes): of any
    /// commit, index, stash or work tree, whether a ref leads to it or not.
    pub fn blobs_with(&self, text: &str, longest: usize) -> Result<Vec<Vec<u8>>, GitError> {
        let failed = || GitError::library("the object database");
        let odb = self.inner.odb().map_err(failed())?;
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

    /// Roots of all work trees of this clone that are here, this one first.
    pub fn work_trees(&self) -> Vec<PathBuf> {
        let mut found = vec![self.root.clone()];
        let mut add = |path: &Path| {
            if let Some(path) = path.canonicalize().ok().filter(|p| !found.contains(p)) {
                found.push(path);
            }
        };
        if let Some(main) = git2::Repository::open(&self.common).ok().as_ref().and_then(|r| r.workdir()) {
            add(main);
        }
        if let Ok(names) = &self.inner.worktrees() {
            for name in names.iter().flatten().flatten() {
                if let Ok(tree) = self.inner.find_worktree(name) {
                    add(tree.path());
                }
            }
        }
        found
    }

    /// Whether git's ignore rules already leave `path` out.
    pub fn is_ignored(&self, path: &RepoPath) -> bool {
        self.inner.is_path_ignored(Path::new(path.as_str())).unwrap_or(false)
    }

    pub fn remote_names(&self) -> Vec<String> {
        match &self.inner.remotes() {
            Ok(names) => names.iter().flatten().flatten().map(str::to_owned).collect(),
            Err(_) => Vec::new(),
        }
    }

    /// Fetch URLs of all remotes, as configured.
    pub fn remote_urls(&self) -> Vec<String> {
        let url = |name: &String| self.inner.find_remote(name).ok()?.url().ok().map(str::to_owned);
        self.remote_names().iter().filter_map(url).collect()
    }

    /// Name and e-mail of the committer, as git would use them: from the environment, else from the settings.
    pub fn identity(&self) -> (Option<String>, Option<String>) {
        let config = self.inner.config().and_then(|mut c| c.snapshot()).ok();
        let part = |variable: &str, setting: &str| {
            let given = std::env::var(variable).ok().filter(|v| !v.is_empty());
            given.or_else(|| config.as_ref().and_then(|c| c.get_string(setting).ok()))
        };
        let email = part("GIT_COMMITTER_EMAIL", "user.email");
        (part("GIT_COMMITTER_NAME", "user.name"), email.or_else(|| std::env::var("EMAIL").ok()))
    }

    /// Where git looks for hooks, and whether `core.hooksPath` says so.
    pub fn hooks_dir(&self) -> (PathBuf, bool) {
        let configured = self.inner.config().and_then(|c| c.get_path("core.hooksPath"));
        match configured {
            Ok(path) => (self.root.join(path), true),
            Err(_) => (self.common_dir().join("hooks"), false),
        }
    }

    /// Commits reachable from `tip` and from none of `hide`, oldest first.
    pub fn commits_between(&self, tip: &CommitId, hide: &[CommitId]) -> Result<Vec<Commit>, GitError> {
        let what = format!("history of {tip}");
        let mut walk = self.inner.revwalk().map_err(GitError::library(&what))?;
        let oid = |id: &CommitId| Oid::from_str(id.as_str());
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE).map_err(GitError::library(&what))?;
        walk.push(oid(tip).map_err(GitError::library(&what))?).map_err(GitError::library(&what))?;
        // What a remote has already was made there, or pushed before.
        let _ = walk.hide_glob("refs/remotes/*"); // there may be none
        for id in hide {
            // A remote's tip may be unknown here: then nothing is hidden by it.
            if let Ok(oid) = oid(id) {
                let _ = walk.hide(oid);
            }
        }
        let mut out = Vec::new();
        for id in walk {
            let id = id.map_err(GitError::library(&what))?;
            let commit = self.inner.find_commit(id).map_err(GitError::library(&what))?;
            out.push(Self::describe(&commit)?);
        }
        Ok(out)
    }

    /// Values of a trailer in the messages of all commits that a branch, HEAD or a remote's branch reaches, with
    /// the commit.
    pub fn trailers(&self, name: &str) -> Result<Vec<(CommitId, String)>, GitError> {
        let failed = || GitError::library("the history");
        let mut walk = self.inner.revwalk().map_err(failed())?;
        let _ = walk.push_head(); // there may be none yet
        for glob in ["refs/heads/*", "refs/remotes/*"] {
            walk.push_glob(glob).map_err(failed())?;
        }
        let start = format!("{name}: ");
        let mut out = Vec::new();
        for id in walk {
            let commit = self.inner.find_commit(id.map_err(failed())?).map_err(failed())?;
            let message = String::from_utf8_lossy(commit.message_bytes());
            for value in message.lines().filter_map(|line| line.strip_prefix(&start)) {
                out.push((Self::describe(&commit)?.id, value.to_owned()));
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
