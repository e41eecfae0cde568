//! The tree that a run really used, whatever `git status` says.

use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::git::GitError;
use crate::git::program::git;
use crate::git::program::output;
use crate::git::scratch::Scratch;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

/// What is stored of untracked files (bytes). What is beyond is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub each: u64,
    pub together: u64,
}

/// An untracked file that is not part of the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Seconds since the Unix epoch.
    pub mtime: i64,
    pub why: String,
}

/// Flags of one kind name so many paths.
const NAMED: usize = 20;

/// A fresh temporary index into which every file is read again, and a temporary object directory, so that no object,
/// ref or index of the repository changes.
pub struct RunTree {
    pub tree: TreeId,
    /// What the tree does not say.
    pub flags: Vec<String>,
    /// Untracked files that are not in it.
    pub omitted: Vec<LeftOut>,
    /// Files whose bytes git converts on their way into a commit (filters, line ends, encodings): what a program reads is
    /// not what the tree holds.
    pub converted: Vec<String>,
    /// Whether something that differs from the commit was left out.
    pub left_out: bool,
    root: PathBuf,
    scratch: Scratch,
}

impl RunTree {
    /// `scratch`: an empty directory. `outputs`: what the command itself will write. Untracked, they are not part
    /// of the tree; a tracked file among them counts as it is in HEAD, and is flagged if it differs.
    pub fn take(
        root: &Path,
        common_dir: &Path,
        scratch: &Path,
        outputs: &[RepoPath],
        limits: Limits,
    ) -> Result<Self, GitError> {
        let mut taken = RunTree {
            tree: TreeId::empty(),
            flags: Vec::new(),
            omitted: Vec::new(),
            converted: Vec::new(),
            left_out: false,
            root: root.to_owned(),
            scratch: Scratch::new(root, common_dir, scratch)?,
        };
        // Begin with HEAD's own entries: files that are ignored but tracked must stay part of the tree.
        taken.run(&["read-tree", "HEAD"], &[])?;
        taken.follow_marks()?;
        if common_dir.join("shallow").exists() {
            taken.flags.push("shallow clone: the history before it is not here".to_owned());
        }
        // A file that vanishes meanwhile is somebody's temporary file: look once more.
        if taken.run(&["add", "-u"], &[]).is_err() {
            taken.run(&["add", "-u"], &[])?;
        }
        taken.reset_outputs(outputs)?;
        taken.add_untracked(outputs, limits)?;
        taken.look_into_submodules()?;
        taken.find_converted()?;
        taken.tree = taken.scratch.write_tree("index")?;
        Ok(taken)
    }

    fn run(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        self.scratch.run("index", args, input)
    }

    /// Tracked files that are outputs themselves go back to what HEAD has. A directory among the outputs does not
    /// hide the tracked files in it.
    fn reset_outputs(&mut self, outputs: &[RepoPath]) -> Result<(), GitError> {
        for output in outputs {
            let spec = format!(":(top,literal){output}");
            let listed = self.run(&["ls-tree", "-z", "--full-tree", "HEAD", "--", output.as_str()], &[])?;
            let listed = String::from_utf8_lossy(&listed);
            let Some((meta, _)) = listed.trim_end_matches('\0').split_once('\t') else { continue };
            let words: Vec<&str> = meta.split(' ').collect();
            let [mode, "blob", id] = words[..] else { continue };
            let changed = self.run(&["diff-index", "--cached", "--name-only", "HEAD", "--", &spec], &[])?;
            if changed.is_empty() {
                continue;
            }
            self.run(&["update-index", "--add", "--cacheinfo", &format!("{mode},{id},{output}")], &[])?;
            self.flags.push(format!("output {output} is tracked and differs from the commit"));
        }
        Ok(())
    }

    /// Marks that the user's own index has on files: they make `git status` look away. The fresh index has none, so
    /// that changes are seen; only what a sparse checkout left out is not deleted.
    fn follow_marks(&mut self) -> Result<(), GitError> {
        let mut list = git(&self.root);
        list.args(["ls-files", "-v", "-z"]);
        let listed = output(list)?;
        let (mut absent, mut skipped, mut assumed) = (Vec::new(), Vec::new(), Vec::new());
        for line in listed.split(|b| *b == 0).filter(|line| line.len() > 2) {
            let (tag, name) = (line[0], &line[2..]);
            if tag.is_ascii_lowercase() {
                assumed.push(String::from_utf8_lossy(name).into_owned());
            }
            if tag.eq_ignore_ascii_case(&b'S') {
                match fs::symlink_metadata(self.root.join(OsStr::from_bytes(name))) {
                    Ok(_) => skipped.push(String::from_utf8_lossy(name).into_owned()),
                    Err(_) => absent.extend_from_slice(&[name, b"\0"].concat()),
                }
            }
        }
        if !absent.is_empty() {
            // Not all of them need be in HEAD.
            let known = self.run(&["ls-files", "-z"], &[])?;
            let known: BTreeSet<&[u8]> = known.split(|b| *b == 0).collect();
            let marked: Vec<&[u8]> =
                absent.split(|b| *b == 0).filter(|n| !n.is_empty() && known.contains(n)).collect();
            let mut names = marked.join(&b'\0');
            names.push(0);
            self.run(&["update-index", "--skip-worktree", "-z", "--stdin"], &names)?;
            self.flags.push(format!("sparse checkout: {} files are not in the work tree", marked.len()));
        }
        self.name("git was told to skip", skipped);
        self.name("git was told to assume unchanged", assumed);
        Ok(())
    }

    /// One flag for each of the first paths, and one for the rest.
    fn name(&mut self, what: &str, paths: Vec<String>) {
        let more = paths.len().saturating_sub(NAMED);
        self.flags.extend(paths.into_iter().take(NAMED).map(|path| format!("{what}: {path}")));
        if more > 0 {
            self.flags.push(format!("{what}: {more} more"));
        }
    }

    /// Files with an attribute that makes git convert them (gitattributes(5)).
    fn converted_names(&self) -> Result<Vec<Vec<u8>>, GitError> {
        const CONVERTING: [&str; 4] = ["filter", "working-tree-encoding", "ident", "eol"];
        let mut ask = git(&self.root);
        ask.args(["rev-parse", "--git-path", "info/attributes"]);
        let own = self.root.join(OsStr::from_bytes(output(ask)?.trim_ascii_end()));
        let mut ask = git(&self.root);
        ask.args(["config", "--get", "--type=path", "core.attributesFile"]);
        let users = output(ask).ok().map(|path| PathBuf::from(OsStr::from_bytes(path.trim_ascii_end())));
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config/git/attributes"));
        let tracked = self.run(&["ls-files", "-z", "--", ":(top)*.gitattributes"], &[])?;
        let tracked = tracked.split(|b| *b == 0).filter(|name| !name.is_empty());
        let files = tracked.map(|name| self.root.join(OsStr::from_bytes(name)));
        let speaks = |file: PathBuf| {
            let text = fs::read(file).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            CONVERTING.iter().any(|name| text.contains(name))
        };
        // Most repositories have none, and asking for every file takes its time.
        if !files.chain([own]).chain(users).chain(home).any(speaks) {
            return Ok(Vec::new());
        }
        let names = self.run(&["ls-files", "-z", "--full-name"], &[])?;
        let asked = self.run(&[&["check-attr", "-z", "--stdin"], &CONVERTING[..]].concat(), &names)?;
        let mut found: Vec<Vec<u8>> = Vec::new();
        let words: Vec<&[u8]> = asked.split(|b| *b == 0).collect();
        for answer in words.chunks_exact(3) {
            let set = answer[2] != b"unspecified" && answer[2] != b"unset";
            if set && found.last().is_none_or(|last| last != answer[0]) {
                found.push(answer[0].to_vec());
            }
        }
        Ok(found)
    }

    /// What git's filters and conversions stand between, and large files that were never fetched.
    fn find_converted(&mut self) -> Result<(), GitError> {
        let listed = self.converted_names()?;
        let mut unfetched = Vec::new();
        for name in &listed {
            let place = self.root.join(OsStr::from_bytes(name));
            let path = String::from_utf8_lossy(name).into_owned();
            if is_lfs_pointer(&place) {
                unfetched.push(path.clone());
            }
            if place.is_file() {
                self.converted.push(path);
            }
        }
        self.left_out |= !unfetched.is_empty();
        self.name("git-lfs pointer in the place of the file", unfetched);
        let mut ask = git(&self.root);
        ask.args(["config", "--get", "core.autocrlf"]);
        if output(ask).is_ok_and(|told| told.starts_with(b"true")) {
            self.flags.push("core.autocrlf: line ends of text files may differ from the commit's".to_owned());
        }
        Ok(())
    }

    fn add_untracked(&mut self, outputs: &[RepoPath], limits: Limits) -> Result<(), GitError> {
        let listed = self.run(&["ls-files", "-z", "--others", "--exclude-standard", "--full-name"], &[])?;
        let mut wanted = Vec::new();
        let mut total = 0;
        for name in listed.split(|b| *b == 0).filter(|n| !n.is_empty()) {
            let text = String::from_utf8_lossy(name).into_owned();
            if text.parse::<RepoPath>().is_ok_and(|path| outputs.iter().any(|o| o.contains(&path))) {
                continue;
            }
            let place = self.root.join(OsStr::from_bytes(name));
            // Gone since it was listed.
            let Ok(meta) = fs::symlink_metadata(&place) else { continue };
            let why = match () {
                () if text.ends_with('/') => Some("a repository of its own".to_owned()),
                () if meta.is_file() && meta.len() > limits.each => Some(format!("{} bytes", meta.len())),
                () if meta.is_file() && total + meta.len() > limits.together => {
                    Some(format!("more than {} bytes together", limits.together))
                }
                () if meta.is_file() && fs::File::open(&place).is_err() => Some("unreadable".to_owned()),
                () if meta.is_file() || meta.is_symlink() => {
                    total += meta.len();
                    None
                }
                () => continue,
            };
            match why {
                Some(why) => {
                    self.omitted.push(LeftOut { path: text, size: meta.len(), mtime: meta.mtime(), why });
                }
                None => wanted.extend_from_slice(&[name, b"\0"].concat()),
            }
        }
        self.left_out |= !self.omitted.is_empty();
        let more = self.omitted.len().saturating_sub(NAMED);
        let named = self.omitted.iter().take(NAMED);
        self.flags.extend(named.map(|o| format!("untracked {} is not stored ({})", o.path, o.why)));
        if more > 0 {
            self.flags.push(format!("{more} more untracked files are not stored"));
        }
        if !wanted.is_empty() {
            // `--remove`: one that has vanished by now is no error.
            self.run(&["update-index", "--add", "--remove", "-z", "--stdin"], &wanted)?;
        }
        Ok(())
    }

    /// The index holds a submodule's commit only; changes inside it are seen by its own status.
    fn look_into_submodules(&mut self) -> Result<(), GitError> {
        let listed = self.run(&["ls-files", "-z", "--stage"], &[])?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let links =
            listed.split('\0').filter(|l| l.starts_with("160000 ")).filter_map(|l| l.split_once('\t'));
        for (_, path) in links {
            let place = self.root.join(path);
            if !place.join(".git").exists() {
                self.flags.push(format!("submodule {path} is not checked out"));
                continue;
            }
            let mut status = git(&place);
            status.args(["status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none"]);
            if !output(status)?.is_empty() {
                self.left_out = true;
                self.flags.push(format!("submodule {path} has changes that are not stored"));
            }
        }
        Ok(())
    }

    /// Binary patch that turns `from` into this tree.
    pub fn patch_from(&self, from: &TreeId) -> Result<Vec<u8>, GitError> {
        let plain = [
            "diff-tree",
            "-r",
            "-p",
            "--binary",
            "--full-index",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
        ];
        self.run(&[&plain[..], &[from.as_str(), self.tree.as_str()]].concat(), &[])
    }

    /// Paths that differ from another tree.
    pub fn changed_since(&self, from: &TreeId) -> Result<Vec<String>, GitError> {
        Ok(self.scratch.changed(from, &self.tree)?.into_iter().map(|(_, path)| path).collect())
    }

    /// Whether a patch turns `from` into this tree: it is applied, in an index of its own.
    pub fn applies(&self, from: &TreeId, patch: &[u8]) -> bool {
        self.scratch.patched(from, patch).is_ok_and(|tree| tree == self.tree)
    }
}

/// A text file that stands for a large one (git-lfs, spec.md).
fn is_lfs_pointer(place: &Path) -> bool {
    const BEGIN: &[u8] = b"version https://git-lfs.github.com/spec/";
    let mut head = [0; BEGIN.len()];
    let Ok(mut file) = fs::File::open(place) else { return false };
    file.read_exact(&mut head).is_ok() && head == *BEGIN
}
