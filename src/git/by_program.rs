//! The git program, for repositories that libgit2 refuses: SHA-256 objects, reftable, extensions that it does not know.

use super::backend::Backend;
use super::backend::Changes;
use super::backend::CommitObject;
use super::backend::Expected;
use super::backend::Remote;
use super::backend::TreeEntry;
use super::backend::Walk;
use super::objects::Reader;
use super::objects::hash;
use super::objects::parse_commit;
use super::objects::parse_tree;
use super::program;
use super::refs::NAME;
use crate::domain::ids::CommitId;
use crate::git::GitError;
use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

type Result<T> = std::result::Result<T, GitError>;

/// See [`super::repo::trust_object_names`].
pub(super) static TRUST_NAMES: AtomicBool = AtomicBool::new(false);

pub struct ByProgram {
    root: PathBuf,
    git_dir: PathBuf,
    format: &'static str,
    reader: RefCell<Option<Reader>>,
}

/// What was found at a place.
pub struct Opened {
    pub backend: ByProgram,
    pub root: PathBuf,
    pub common_dir: PathBuf,
    pub git_dir: PathBuf,
}

impl ByProgram {
    /// As [`super::library::Library::open`].
    pub fn open(path: &Path, git_dir: Option<&Path>, work_tree: Option<&Path>) -> Result<Opened> {
        let ask = |what: &[&str]| -> Result<Vec<u8>> {
            let mut command = program::git(path);
            if let Some(dir) = git_dir {
                command.arg("--git-dir").arg(dir);
            }
            if let Some(tree) = work_tree {
                command.arg("--work-tree").arg(tree);
            }
            command.arg("rev-parse").args(what);
            program::output(command)
        };
        let lines = ask(&["--is-bare-repository", "--show-object-format", "--absolute-git-dir"]);
        let lines = lines.map_err(|e| match e {
            GitError::Program { why, .. } => GitError::Unsupported { path: path.to_owned(), why },
            e => e,
        })?;
        let lines: Vec<&[u8]> = lines.split(|b| *b == b'\n').collect();
        let [bare, format, git_dir, ..] = lines[..] else {
            return Err(GitError::NotARepository { path: path.to_owned() });
        };
        if bare == b"true" {
            return Err(GitError::Bare { path: path.to_owned() });
        }
        let format = match format {
            b"sha1" => "sha1",
            b"sha256" => "sha256",
            other => {
                let why = format!("objects are named by {}", String::from_utf8_lossy(other));
                return Err(GitError::Unsupported { path: path.to_owned(), why });
            }
        };
        let place = |bytes: &[u8]| path.join(OsStr::from_bytes(bytes.trim_ascii_end()));
        let root = place(&ask(&["--show-toplevel"])?);
        let common_dir = place(&ask(&["--path-format=absolute", "--git-common-dir"])?);
        let git_dir = place(git_dir);
        let backend =
            ByProgram { root: root.clone(), git_dir: git_dir.clone(), format, reader: RefCell::new(None) };
        Ok(Opened { backend, root, common_dir, git_dir })
    }

    fn git(&self, args: &[&str]) -> Command {
        let mut command = program::git(&self.root);
        command.arg("--git-dir").arg(&self.git_dir).arg("--work-tree").arg(&self.root);
        command.args(args);
        command
    }

    fn output(&self, args: &[&str]) -> Result<Vec<u8>> {
        program::output(self.git(args))
    }

    fn text(&self, args: &[&str]) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.output(args)?).trim_end_matches('\n').to_owned())
    }

    /// As the user whom [`NAME`] is.
    fn write(&self, args: &[&str], input: &[u8]) -> Result<String> {
        let mut command = self.git(args);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), NAME).env(format!("GIT_{role}_EMAIL"), NAME);
        }
        let told = program::output_with(command, input)?;
        Ok(String::from_utf8_lossy(&told).trim_end_matches('\n').to_owned())
    }

    fn id(&self, text: &str) -> Result<CommitId> {
        text.trim().parse().map_err(|_| GitError::NotFound { what: text.to_owned() })
    }

    fn zero(&self) -> String {
        "0".repeat(if self.format == "sha256" { 64 } else { 40 })
    }

    /// An object's bytes; `None` if it is not here.
    fn object(&self, id: &str, kind: &str) -> Result<Option<Vec<u8>>> {
        let what = || format!("{kind} {id}");
        if !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(GitError::NotFound { what: what() });
        }
        let mut reader = self.reader.borrow_mut();
        let failed = |source: io::Error| GitError::NoProgram { source };
        let open = match reader.take() {
            Some(open) => open,
            None => Reader::start(self.git(&["cat-file", "--batch"])).map_err(failed)?,
        };
        let open = reader.insert(open);
        let Some((found, bytes)) = open.read(id).map_err(failed)? else { return Ok(None) };
        if found != kind {
            return Err(GitError::BadObject { what: what(), why: format!("it is a {found}") });
        }
        if !TRUST_NAMES.load(Ordering::Relaxed) && hash(self.format, kind, &bytes) != id {
            let why = "its bytes do not have the hash that names it".to_owned();
            return Err(GitError::BadObject { what: what(), why });
        }
        Ok(Some(bytes))
    }

    fn existing(&self, id: &str, kind: &str) -> Result<Vec<u8>> {
        self.object(id, kind)?.ok_or_else(|| GitError::NotFound { what: format!("{kind} {id}") })
    }
}

impl Backend for ByProgram {
    fn object_format(&self) -> &'static str {
        self.format
    }

    fn branch(&self) -> Option<String> {
        self.text(&["symbolic-ref", "--quiet", "HEAD"]).ok()
    }

    fn head(&self) -> Result<CommitId> {
        match self.resolve("HEAD")? {
            Some(id) => Ok(id),
            None => Err(GitError::Unborn),
        }
    }

    fn resolve(&self, rev: &str) -> Result<Option<CommitId>> {
        let rev = format!("{rev}^{{commit}}");
        match self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &rev]) {
            Ok(id) => self.id(&id).map(Some),
            Err(GitError::Program { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn commit(&self, id: &CommitId) -> Result<Option<CommitObject>> {
        let bytes = match self.object(id.as_str(), "commit") {
            Ok(Some(bytes)) => bytes,
            // Another object has this id: it names no commit.
            Ok(None) => return Ok(None),
            Err(GitError::BadObject { why, .. }) if why.starts_with("it is a") => return Ok(None),
            Err(e) => return Err(e),
        };
        let bad = || GitError::BadObject { what: format!("commit {id}"), why: "it names no tree".into() };
        parse_commit(&bytes).ok_or_else(bad).map(Some)
    }

    fn tree(&self, id: &str) -> Result<Vec<TreeEntry>> {
        // It need not be stored.
        if id == hash(self.format, "tree", b"") {
            return Ok(Vec::new());
        }
        let bad = || GitError::BadObject { what: format!("tree {id}"), why: "it cannot be read".into() };
        parse_tree(&self.existing(id, "tree")?, id.len() / 2).ok_or_else(bad)
    }

    fn blob(&self, id: &str) -> Result<Vec<u8>> {
        self.existing(id, "blob")
    }

    fn walk(&self, walk: &Walk<'_>) -> Result<Vec<CommitId>> {
        let mut args = vec!["rev-list".to_owned(), "--ignore-missing".to_owned()];
        if walk.oldest_first {
            args.extend(["--topo-order".to_owned(), "--reverse".to_owned()]);
        }
        args.push("--stdin".to_owned());
        args.extend(walk.globs.iter().map(|glob| format!("--glob={glob}")));
        args.push("--not".to_owned());
        args.extend(walk.hide_globs.iter().map(|glob| format!("--glob={glob}")));
        // Older gits take no options from the standard input.
        let mut input: String = walk.tips.iter().map(|id| format!("{id}\n")).collect();
        if walk.head {
            input.extend(self.resolve("HEAD")?.map(|id| format!("{id}\n")));
        }
        input.extend(walk.hide.iter().map(|id| format!("^{id}\n")));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let listed = self.write(&args, input.as_bytes())?;
        listed.lines().map(|line| self.id(line)).collect()
    }

    fn is_partial(&self) -> bool {
        self.text(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|told| told == "true")
            || self.setting("extensions.partialClone").is_some()
    }

    fn first_tracked_below(&self, path: &str) -> Result<Option<String>> {
        let listed = self.output(&["--literal-pathspecs", "ls-files", "-z", "--full-name", "--", path])?;
        let first = listed.split(|b| *b == 0).find(|name| !name.is_empty());
        Ok(first.map(|name| String::from_utf8_lossy(name).into_owned()))
    }

    fn conflict(&self, path: &str) -> Result<[Option<Vec<u8>>; 3]> {
        let listed = self.text(&["--literal-pathspecs", "ls-files", "-z", "--unmerged", "--", path])?;
        let mut found = [None, None, None];
        for line in listed.split('\0') {
            let words: Vec<&str> = line.split(['\t', ' ']).collect();
            let [_, id, stage, ..] = words[..] else { continue };
            let slot = stage.parse::<usize>().ok().and_then(|stage| found.get_mut(stage.wrapping_sub(1)));
            if let Some(slot) = slot {
                *slot = Some(self.blob(id)?);
            }
        }
        Ok(found)
    }

    fn is_ignored(&self, path: &str) -> bool {
        self.output(&["check-ignore", "--quiet", "--", path]).is_ok()
    }

    fn setting(&self, key: &str) -> Option<String> {
        self.text(&["config", "--get", key]).ok()
    }

    fn set(&self, key: &str, value: &str) -> Result<()> {
        self.output(&["config", "--local", "--replace-all", key, value]).map(|_| ())
    }

    fn remotes(&self) -> Result<Vec<Remote>> {
        let names = self.text(&["remote"])?;
        let url = |name: &str| self.setting(&format!("remote.{name}.url"));
        Ok(names.lines().map(|name| Remote { name: name.to_owned(), url: url(name) }).collect())
    }

    fn fetch_refspecs(&self, remote: &str) -> Result<Vec<String>> {
        let listed = self.text(&["config", "--get-all", &format!("remote.{remote}.fetch")]);
        Ok(listed.unwrap_or_default().lines().map(str::to_owned).collect())
    }

    fn add_fetch_refspec(&self, remote: &str, refspec: &str) -> Result<()> {
        self.output(&["config", "--local", "--add", &format!("remote.{remote}.fetch"), refspec]).map(|_| ())
    }

    fn blobs_with(&self, text: &str, longest: usize) -> Result<Vec<Vec<u8>>> {
        let listed = self.text(&[
            "cat-file",
            "--batch-all-objects",
            "--unordered",
            "--batch-check=%(objecttype) %(objectsize) %(objectname)",
        ])?;
        let mut found = Vec::new();
        for line in listed.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let ["blob", size, id] = words[..] else { continue };
            if size.parse::<usize>().is_ok_and(|size| size <= longest) {
                let bytes = self.blob(id)?;
                if bytes.windows(text.len()).any(|w| w == text.as_bytes()) {
                    found.push(bytes);
                }
            }
        }
        Ok(found)
    }

    fn work_trees(&self) -> Vec<PathBuf> {
        let listed = self.output(&["worktree", "list", "--porcelain", "-z"]).unwrap_or_default();
        let place =
            |line: &[u8]| line.strip_prefix(b"worktree ").map(|p| PathBuf::from(OsStr::from_bytes(p)));
        listed.split(|b| *b == 0).filter_map(place).collect()
    }

    fn refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>> {
        let listed = self.text(&["for-each-ref", "--format=%(objectname) %(refname)", prefix])?;
        let pair = |line: &str| -> Option<Result<(String, CommitId)>> {
            let (id, name) = line.split_once(' ')?;
            Some(self.id(id).map(|id| (name.to_owned(), id)))
        };
        listed.lines().filter_map(pair).collect()
    }

    fn ref_target(&self, name: &str) -> Result<Option<CommitId>> {
        match self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", name]) {
            Ok(id) => self.id(&id).map(Some),
            Err(GitError::Program { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn update_ref(&self, name: &str, to: Option<&CommitId>, expected: Expected<'_>) -> Result<bool> {
        let before = match expected {
            Expected::Anything => None,
            Expected::Nothing => Some(self.zero()),
            Expected::Commit(id) => Some(id.to_string()),
        };
        let mut args = match to {
            Some(to) => vec!["update-ref", "-m", NAME, name, to.as_str()],
            None => vec!["update-ref", "-d", name],
        };
        args.extend(before.as_deref());
        match self.output(&args) {
            Ok(_) => Ok(true),
            Err(GitError::Program { .. }) if before.is_some() => {
                let now = self.ref_target(name)?;
                let met = match expected {
                    Expected::Commit(id) => now.as_ref() == Some(id),
                    _ => now.is_none(),
                };
                // It may have failed for another reason.
                if met { Err(GitError::NotFound { what: name.to_owned() }) } else { Ok(false) }
            }
            Err(e) => Err(e),
        }
    }

    fn continues(&self, new: &CommitId, old: &CommitId) -> Result<bool> {
        match self.output(&["merge-base", "--is-ancestor", old.as_str(), new.as_str()]) {
            Ok(_) => Ok(true),
            // Exit code 1 says no, and nothing else.
            Err(GitError::Program { why, .. }) if why == "no message" => Ok(false),
            Err(e) => Err(e),
        }
    }

    fn store_blob(&self, bytes: &[u8]) -> Result<String> {
        self.write(&["hash-object", "-w", "--stdin"], bytes)
    }

    fn commit_files(&self, parent: Option<&CommitId>, changes: &Changes, message: &str) -> Result<CommitId> {
        // Beside the user's own index.
        let index = self.git_dir.join(format!("mlprov-index-{:016x}", crate::durable::random_name()));
        let made = (|| {
            let with_index = |args: &[&str], input: &[u8]| -> Result<String> {
                let mut command = self.git(args);
                command.env("GIT_INDEX_FILE", &index);
                let told = program::output_with(command, input)?;
                Ok(String::from_utf8_lossy(&told).trim_end().to_owned())
            };
            if let Some(parent) = parent {
                with_index(&["read-tree", parent.as_str()], &[])?;
            }
            let mut info = Vec::new();
            for path in &changes.remove {
                info.extend_from_slice(format!("0 {}\t{path}\0", self.zero()).as_bytes());
            }
            for (path, blob) in &changes.put {
                info.extend_from_slice(format!("100644 {blob}\t{path}\0").as_bytes());
            }
            with_index(&["update-index", "-z", "--index-info"], &info)?;
            let tree = with_index(&["write-tree"], &[])?;
            let mut args = vec!["commit-tree", tree.as_str(), "-F", "-"];
            if let Some(parent) = parent {
                args.extend(["-p", parent.as_str()]);
            }
            self.id(&self.write(&args, message.as_bytes())?)
        })();
        let _ = std::fs::remove_file(&index); // it may not be there
        made
    }

    fn write_note(&self, name: &str, commit: &CommitId, text: &str) -> Result<()> {
        let blob = self.store_blob(text.as_bytes())?;
        self.write(&["notes", "--ref", name, "add", "-f", "-C", &blob, commit.as_str()], &[]).map(|_| ())
    }
}
