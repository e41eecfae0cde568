//! The git program, where its filters or its index must do the work.

use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::git::GitError;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

/// Untracked files larger than this are named, not stored (bytes).
const LARGE_FILE: u64 = 1 << 20;
/// All untracked files together (bytes); what is beyond is named, not stored.
const ALL_FILES: u64 = 50 << 20;

/// `git` with a clean slate: no variables of a calling hook, no replaced objects, no settings that would
/// write beside the temporary index or colour what is stored.
pub fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") && name != "GIT_EXEC_PATH" {
            command.env_remove(name);
        }
    }
    command.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    command.arg("-C").arg(root);
    for setting in [
        "core.splitIndex=false",
        "core.fsmonitor=false",
        "core.safecrlf=false",
        "color.ui=false",
        "advice.all=false",
    ] {
        command.arg("-c").arg(setting);
    }
    command
}

/// Runs it; its standard output.
pub fn output(command: Command) -> Result<Vec<u8>, GitError> {
    output_with(command, &[])
}

/// Runs it with these bytes as its standard input.
pub fn output_with(mut command: Command, input: &[u8]) -> Result<Vec<u8>, GitError> {
    let no_program = |source| GitError::NoProgram { source };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(no_program)?;
    let mut stdin = child.stdin.take();
    let out = std::thread::scope(|scope| {
        // A program that ends early says why by itself.
        scope.spawn(move || stdin.as_mut().map(|pipe| pipe.write_all(input)));
        child.wait_with_output()
    });
    let out = out.map_err(no_program)?;
    if out.status.success() {
        return Ok(out.stdout);
    }
    let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let verb = args.iter().skip(2).skip_while(|a| *a == "-c" || a.contains('=')).cloned().collect::<Vec<_>>();
    let stderr = String::from_utf8_lossy(&out.stderr);
    let why = stderr.lines().find(|l| !l.trim().is_empty()).unwrap_or("no message").to_owned();
    Err(GitError::Program { command: verb.join(" "), why })
}

/// Adds a trailer to a commit message in a file, in the place of one with the same name
/// (git-interpret-trailers(1)).
pub fn set_trailer(root: &Path, message: &Path, name: &str, value: &str) -> Result<(), GitError> {
    let mut command = git(root);
    command.args(["interpret-trailers", "--in-place", "--no-divider", "--if-exists", "replace", "--trailer"]);
    command.arg(format!("{name}: {value}")).arg(message);
    output(command).map(|_| ())
}

/// The tree that the work tree really is, whatever `git status` says: a fresh temporary index into which every
/// file is read again, and a temporary object directory, so that no object, ref or index of the repository
/// changes.
pub struct RunTree {
    pub tree: TreeId,
    /// What the tree does not say: files left out, with the reason.
    pub flags: Vec<String>,
    /// Whether something that differs from the commit was left out.
    pub left_out: bool,
    objects: PathBuf,
    alternates: OsString,
    root: PathBuf,
    index: PathBuf,
}

impl RunTree {
    /// `scratch`: an empty directory. `outputs`: what the command itself will write. Untracked, they are not part
    /// of the tree; a tracked file among them counts as it is in HEAD, and is flagged if it differs.
    pub fn take(
        root: &Path,
        common_dir: &Path,
        scratch: &Path,
        outputs: &[RepoPath],
    ) -> Result<Self, GitError> {
        let objects = scratch.join("objects");
        std::fs::create_dir_all(&objects).map_err(|source| GitError::NoProgram { source })?;
        let mut taken = RunTree {
            tree: TreeId::empty(),
            flags: Vec::new(),
            left_out: false,
            objects,
            alternates: quoted(&common_dir.join("objects")),
            root: root.to_owned(),
            index: scratch.join("index"),
        };
        // Begin with HEAD's own entries: files that are ignored but tracked must stay part of the tree.
        taken.run(&["read-tree", "HEAD"], &[])?;
        // A file that vanishes meanwhile is somebody's temporary file: look once more.
        if taken.run(&["add", "-u"], &[]).is_err() {
            taken.run(&["add", "-u"], &[])?;
        }
        taken.reset_outputs(outputs)?;
        taken.add_untracked(outputs)?;
        taken.look_into_submodules()?;
        let text = String::from_utf8_lossy(&taken.run(&["write-tree"], &[])?).trim().to_owned();
        taken.tree = text.parse().map_err(|e: crate::domain::ParseError| GitError::Program {
            command: "write-tree".into(),
            why: e.to_string(),
        })?;
        Ok(taken)
    }

    fn git(&self) -> Command {
        let mut command = git(&self.root);
        command
            .env("GIT_INDEX_FILE", &self.index)
            .env("GIT_OBJECT_DIRECTORY", &self.objects)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.alternates);
        command
    }

    fn run(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let mut command = self.git();
        command.args(args);
        output_with(command, input)
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

    fn add_untracked(&mut self, outputs: &[RepoPath]) -> Result<(), GitError> {
        let listed = self.run(&["ls-files", "-z", "--others", "--exclude-standard", "--full-name"], &[])?;
        let mut wanted = Vec::new();
        let mut total = 0;
        let mut omitted = Vec::new();
        for name in listed.split(|b| *b == 0).filter(|n| !n.is_empty()) {
            let text = String::from_utf8_lossy(name).into_owned();
            if text.parse::<RepoPath>().is_ok_and(|path| outputs.iter().any(|o| o.contains(&path))) {
                continue;
            }
            use std::os::unix::ffi::OsStrExt;
            let place = self.root.join(OsStr::from_bytes(name));
            let reason = match std::fs::symlink_metadata(&place) {
                // Gone since it was listed.
                Err(_) => continue,
                Ok(_) if text.ends_with('/') => Some("a repository of its own".to_owned()),
                Ok(meta) if meta.is_file() && meta.len() > LARGE_FILE => {
                    Some(format!("{} bytes", meta.len()))
                }
                Ok(meta) if total + meta.len() > ALL_FILES => Some("more than 50 MiB together".to_owned()),
                Ok(meta) if meta.is_file() && std::fs::File::open(&place).is_err() => {
                    Some("unreadable".to_owned())
                }
                Ok(meta) if meta.is_file() || meta.is_symlink() => {
                    total += meta.len();
                    None
                }
                Ok(_) => continue,
            };
            match reason {
                Some(reason) => omitted.push(format!("untracked {text} is not stored ({reason})")),
                None => wanted.extend_from_slice(&[name, b"\0"].concat()),
            }
        }
        self.left_out |= !omitted.is_empty();
        const NAMED: usize = 20;
        let more = omitted.len().saturating_sub(NAMED);
        self.flags.extend(omitted.into_iter().take(NAMED));
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
}

/// In a list of directories separated by ':' a path is quoted as in C (gitrepository-layout, alternates).
fn quoted(path: &Path) -> OsString {
    let text = path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    OsString::from(format!("\"{text}\""))
}
