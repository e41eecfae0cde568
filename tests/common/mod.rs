//! A throw-away machine for each test: own home, own repositories, fixed names and times. Nothing leaks in
//! or out, and the real binary is called as a user would call it.

#![allow(dead_code)] // each test binary uses its own part

pub mod disk;
pub mod forge;
pub mod proxy;
pub mod servers;

use mlprov::app::record;
use mlprov::domain::entry::Body;
use mlprov::domain::entry::Kind;
use mlprov::domain::time::Timestamp;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::WriterKeyFile;
use serde_json::Value;
use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Says that a test did not run. Straight to the file: what the print macros write, the test runner swallows.
pub fn skipped(why: &str) {
    std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes()).unwrap();
}

/// A guard against hanging, not a measure: everything here takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time of the first commit; each call of git is one minute later, so that ids of equal commits differ.
const EPOCH: u64 = 1_750_000_000;

pub struct Sandbox {
    root: PathBuf,
    /// mlprov, as hooks and tests call it.
    program: PathBuf,
    minute: Cell<u64>,
    // Dropped in this order: the filters know the directory.
    _filters: Box<dyn Any>,
    _dir: tempfile::TempDir,
}

impl Sandbox {
    /// An empty directory `repo` beside a home; nothing is initialised.
    pub fn new() -> Self {
        let dir = tempfile::tempdir_in(place()).unwrap();
        let root = dir.path().canonicalize().unwrap();
        for below in ["home", "repo"] {
            fs::create_dir(root.join(below)).unwrap();
        }
        let filters = Box::new(filters(&root).bind_to_scope());
        let program = PathBuf::from(env!("CARGO_BIN_EXE_mlprov"));
        Sandbox { root, program, minute: Cell::new(0), _filters: filters, _dir: dir }
    }

    /// A git repository.
    pub fn git_repo() -> Self {
        let s = Sandbox::new();
        s.git(&["init", "-q", "-b", "main"]);
        s
    }

    /// A project without a commit.
    pub fn repo() -> Self {
        let s = Sandbox::git_repo();
        s.mlprov(&["init", "--yes"]).success();
        s
    }

    /// A project whose first commit points to `data/` (two files).
    pub fn project_with_data() -> Self {
        let s = Sandbox::repo();
        s.write("data/a.csv", "x,y\n1,2\n");
        s.write("data/b.csv", "x,y\n3,4\n");
        s.mlprov(&["track", "data"]).success();
        s.commit_all("first");
        s
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A place in the repository.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join("repo").join(below)
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Uses this binary from now on.
    pub fn use_program(&mut self, program: &Path) {
        self.program = program.to_owned();
    }

    /// Writes a file of the repository, with the directories above it.
    pub fn write(&self, below: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Writes a script that can be run. A child writes it: a file that this process has open for writing, and
    /// with it any child that another test starts just then, cannot be executed.
    pub fn write_script(&self, below: &str, text: &str) {
        let path = self.path(below);
        let script = "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
        self.command("sh", "").args(["-c", script, "sh", text]).arg(path).assert().success();
    }

    pub fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    /// A program in a directory below the root, with the sandbox's variables and no others.
    pub fn command(&self, program: impl Into<OsString>, dir: &str) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(program.into());
        command.env_clear().current_dir(self.root.join(dir)).timeout(PATIENCE);
        let minute = self.minute.get();
        self.minute.set(minute + 1);
        let time = format!("{} +0000", EPOCH + 60 * minute);
        let fixed = [
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_TERMINAL_PROMPT", "0"),
            // Or a slow moment would change what a command says.
            ("MLPROV_NO_PROGRESS", "1"),
            ("GIT_EDITOR", "true"),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ("GIT_AUTHOR_DATE", &time),
            ("GIT_COMMITTER_DATE", &time),
        ];
        command.envs(fixed).env("HOME", self.home()).env("PATH", path_without_mlprov());
        command
    }

    /// Runs git in the repository; its standard output. Panics if git fails.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in("repo", args)
    }

    pub fn git_in(&self, dir: &str, args: &[&str]) -> String {
        self.git_output(dir, &[], args).success().stdout()
    }

    /// Runs git with more variables; nothing is asserted yet.
    pub fn git_output(&self, dir: &str, variables: &[(&str, &str)], args: &[&str]) -> Output {
        let mut command = self.command("git", dir);
        command.envs(variables.iter().copied()).args(args);
        Output::of("git", args, &mut command)
    }

    /// Adds everything and commits; the commit's id.
    pub fn commit_all(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.head()
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    pub fn mlprov(&self, args: &[&str]) -> Output {
        self.mlprov_in("repo", args)
    }

    pub fn mlprov_in(&self, dir: &str, args: &[&str]) -> Output {
        Output::of("mlprov", args, self.command(&self.program, dir).args(args))
    }

    /// As somebody else: with a home of his own below the root.
    pub fn mlprov_as(&self, home: &str, dir: &str, args: &[&str]) -> Output {
        let home = self.root.join(home);
        fs::create_dir_all(&home).unwrap();
        Output::of("mlprov", args, self.command(&self.program, dir).env("HOME", home).args(args))
    }

    /// mlprov under strace with these options; commands of their own may go to other threads.
    pub fn traced(&self, options: &[&str], args: &[&str]) -> assert_cmd::Command {
        self.traced_in("repo", options, args)
    }

    pub fn traced_in(&self, dir: &str, options: &[&str], args: &[&str]) -> assert_cmd::Command {
        let mut command = self.command("strace", dir);
        command.args(options).arg(&self.program).args(args);
        command
    }

    /// A command that is not run yet.
    pub fn prepared(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = self.command(&self.program, "repo");
        command.args(args);
        command
    }

    /// mlprov, as it goes on by itself.
    pub fn child(&self, args: &[&str]) -> std::process::Child {
        self.child_as("home", "repo", args)
    }

    pub fn child_as(&self, home: &str, dir: &str, args: &[&str]) -> std::process::Child {
        let prepared = self.command(&self.program, dir);
        let mut command = std::process::Command::new(&self.program);
        command.env_clear().current_dir(self.root.join(dir)).args(args);
        command.envs(prepared.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.env("HOME", self.root.join(home));
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    }

    /// As [`Sandbox::mlprov`], for names that are no text.
    pub fn mlprov_os(&self, args: &[OsString]) -> Output {
        let shown: Vec<String> = args.iter().map(|a| a.to_string_lossy().into_owned()).collect();
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        Output::of("mlprov", &shown, self.command(&self.program, "repo").args(args))
    }

    /// Runs a line in a shell, as somebody would who pastes it; `mlprov` is on the path.
    pub fn paste(&self, dir: &str, line: &str) -> Output {
        let bin = self.root.join("bin");
        let link = bin.join("mlprov");
        if !link.exists() {
            fs::create_dir_all(&bin).unwrap();
            std::os::unix::fs::symlink(&self.program, &link).unwrap();
        }
        let mut command = self.command("sh", dir);
        command.env("PATH", format!("{}:{}", bin.display(), path_without_mlprov()));
        Output::of("sh -c", &[line], command.args(["-c", line]))
    }

    /// The one JSON document of a command that ends well.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let args = [&["--json"], args].concat();
        let out = self.mlprov(&args);
        out.success();
        out.json()
    }

    /// All entries as `log` shows them, oldest first.
    pub fn entries(&self) -> Vec<Value> {
        self.entries_in("repo")
    }

    pub fn entries_in(&self, dir: &str) -> Vec<Value> {
        let out = self.mlprov_in(dir, &["--json", "log"]);
        out.success();
        let mut entries = out.json()["entries"].as_array().unwrap().clone();
        entries.reverse();
        entries
    }

    /// Ids of the commits that the log records, oldest first.
    pub fn recorded(&self) -> Vec<String> {
        self.recorded_in("repo")
    }

    pub fn recorded_in(&self, dir: &str) -> Vec<String> {
        let entries = self.entries_in(dir);
        let commits = entries.iter().filter(|e| e["kind"] == "commit.recorded");
        commits.map(|e| e["commit"].as_str().unwrap().to_owned()).collect()
    }

    /// The signed body of the entry about a commit.
    pub fn body_of(&self, commit: &str) -> Value {
        self.json(&["show", commit])["entries"][0]["statement"]["predicate"].clone()
    }

    pub fn project_id(&self) -> String {
        let config: toml::Table = toml::from_str(&self.read(".mlprov/config.toml")).unwrap();
        config["project"]["id"].as_str().unwrap().to_owned()
    }

    /// Where the user's pins of the project lie.
    pub fn state_dir(&self) -> PathBuf {
        self.home().join(".local/state/mlprov").join(self.project_id())
    }

    pub fn keys_dir(&self) -> PathBuf {
        self.home().join(".config/mlprov/keys")
    }

    pub fn ledger(&self, name: &str) -> PathBuf {
        self.path(".git/mlprov/ledger").join(name)
    }

    /// The stored version of some content.
    pub fn object(&self, content: &[u8]) -> PathBuf {
        let hex = blake3::hash(content).to_hex().to_string();
        self.path(".git/mlprov/store/objects").join(&hex[..2]).join(&hex)
    }

    pub fn object_by_hash(&self, hex: &str) -> PathBuf {
        self.path(".git/mlprov/store/objects").join(&hex[..2]).join(hex)
    }

    /// The user's writer key.
    pub fn writer(&self) -> WriterKeyFile {
        WriterKeyFile::open(&self.keys_dir().join("writer.pem")).unwrap().unwrap()
    }

    /// Commits an entry that no command would write, past every check but those of the ledger itself.
    pub fn forge(&self, signer: &dyn EntrySigner, kind: Kind, fill: impl FnOnce(&mut Body)) {
        let ledger = LocalLedger::open(&self.ledger("")).unwrap().unwrap();
        let time = Timestamp::from_unix_micros(0);
        let mut body = record::draft(self.project_id().parse().unwrap(), kind, time, signer);
        fill(&mut body);
        record::commit(&ledger, vec![record::seal(body, signer).unwrap()]).unwrap();
    }

    /// Everything below the root: kinds, modes and contents.
    pub fn listing(&self) -> Listing {
        Listing::of(&self.root)
    }

    /// Runs mlprov, and demands that it refuses with this exit code and leaves every file as it was.
    #[track_caller]
    pub fn refused(&self, code: i32, args: &[&str]) -> Output {
        self.refused_in("repo", code, args)
    }

    #[track_caller]
    pub fn refused_in(&self, dir: &str, code: i32, args: &[&str]) -> Output {
        let before = self.listing();
        let out = self.mlprov_in(dir, args);
        out.code(code);
        before.assert_same(&self.listing());
        out
    }
}

/// Where the sandboxes lie. What survives a power failure is tested elsewhere; here a file system in memory
/// saves the waiting for the disk, where there is one that is large enough and can run hooks.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let usable = rustix::fs::statvfs(memory).is_ok_and(|fs| {
        !fs.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC) && fs.f_bavail * fs.f_frsize > 1 << 30
    });
    let writable = || tempfile::tempdir_in(memory).is_ok();
    match std::env::var_os("TMPDIR") {
        None if usable && writable() => memory.to_owned(),
        _ => std::env::temp_dir(),
    }
}

/// The caller's PATH, without a directory that has an mlprov of its own.
fn path_without_mlprov() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let parts: Vec<&str> = path.split(':').filter(|dir| !Path::new(dir).join("mlprov").exists()).collect();
    parts.join(":")
}

/// How a program ended, and what it said.
#[must_use = "take a snapshot, or say .success() or .code(n)"]
pub struct Output {
    command: String,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    status: ExitStatus,
}

impl Output {
    pub fn of(program: &str, args: &[&str], command: &mut assert_cmd::Command) -> Self {
        let quote = |word: &&str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+@%=:~^".contains(c);
            if !word.is_empty() && word.chars().all(plain) { (*word).to_owned() } else { format!("'{word}'") }
        };
        let words: Vec<String> = args.iter().map(quote).collect();
        let out = command.output().unwrap();
        Output {
            command: format!("{program} {}", words.join(" ")),
            stdout: out.stdout,
            stderr: out.stderr,
            status: out.status,
        }
    }

    #[track_caller]
    pub fn success(&self) -> &Self {
        self.code(0)
    }

    #[track_caller]
    pub fn code(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "\n{}", self.snapshot());
        self
    }

    pub fn exit_code(&self) -> Option<i32> {
        self.status.code()
    }

    pub fn stdout(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output as exactly one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|e| panic!("not one JSON document: {e}\n{}", self.snapshot()))
    }

    /// What each `Hint:` line proposes.
    pub fn hints(&self) -> Vec<String> {
        self.stderr().lines().filter_map(|l| l.strip_prefix("Hint: ")).map(str::to_owned).collect()
    }

    /// Standard error has this text.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.stderr().contains(text), "{text:?} is missing:\n{}", self.snapshot());
        self
    }

    /// Standard output has this text.
    #[track_caller]
    pub fn shows(&self, text: &str) -> &Self {
        assert!(self.stdout().contains(text), "{text:?} is missing:\n{}", self.snapshot());
        self
    }

    /// The call with all that came of it.
    pub fn snapshot(&self) -> String {
        let mut text = format!("$ {}\n{}", self.command, String::from_utf8_lossy(&self.stdout));
        if !self.stderr.is_empty() {
            text.push_str(&format!("--- stderr\n{}", self.stderr()));
        }
        let end = match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit {code}"),
            (None, signal) => format!("signal {}", signal.unwrap_or(0)),
        };
        format!("{text}--- {end}\n")
    }
}

/// All files of a directory tree, to be compared with a later look at it.
#[derive(PartialEq, Eq)]
pub struct Listing(BTreeMap<String, String>);

impl Listing {
    pub fn of(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut dirs = vec![root.to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).unwrap() {
                let path = entry.unwrap().path();
                let meta = fs::symlink_metadata(&path).unwrap();
                let kind = meta.file_type();
                let what = if kind.is_dir() {
                    dirs.push(path.clone());
                    "directory".to_owned()
                } else if kind.is_symlink() {
                    format!("link to {}", fs::read_link(&path).unwrap().display())
                } else if kind.is_file() {
                    let bytes = fs::read(&path).unwrap();
                    format!("{} bytes {}", bytes.len(), blake3::hash(&bytes).to_hex())
                } else {
                    format!("special (fifo: {})", kind.is_fifo())
                };
                let name = format!("{:?}", path.strip_prefix(root).unwrap());
                // The lock names its last holder, for people who wait; nothing else reads it. Temporary trees
                // are made below `scratch`, which stays as an empty directory.
                if !name.ends_with("journal.lock\"") && !name.ends_with("mlprov/scratch\"") {
                    files.insert(name, format!("{what}, mode {:o}", meta.permissions().mode()));
                }
            }
        }
        Listing(files)
    }

    pub fn names(&self) -> Vec<&String> {
        self.0.keys().collect()
    }

    /// What differs, one line each.
    pub fn differences(&self, later: &Listing) -> Vec<String> {
        let names = self.0.keys().chain(later.0.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        let mut out = Vec::new();
        for name in names {
            match (self.0.get(name), later.0.get(name)) {
                (Some(before), Some(after)) if before == after => {}
                (Some(_), Some(_)) => out.push(format!("changed {name}")),
                (Some(_), None) => out.push(format!("removed {name}")),
                (None, _) => out.push(format!("new {name}")),
            }
        }
        out
    }

    #[track_caller]
    pub fn assert_same(&self, later: &Listing) {
        let differences = self.differences(later);
        assert!(differences.is_empty(), "something was changed:\n{}", differences.join("\n"));
    }
}

/// Replaces what differs from run to run by a name for it.
fn filters(root: &Path) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    let root = root.to_str().unwrap().replace('.', r"\.");
    settings.add_filter(&root, "[dir]");
    let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    for (pattern, name) in [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]"),
        (&format!(r"mlprov\.dev/{uuid}/{uuid}\+[0-9a-f]{{8}}\+[A-Za-z0-9+/]{{44}}"), "[vkey]"),
        (&format!(r"mlprov\.dev/{uuid}/{uuid}"), "[origin]"),
        (uuid, "[uuid]"),
        (r"MFkwEwYHKoZIzj0[A-Za-z0-9+/]{107}==", "[public key]"),
        (r"(^|\s)[A-Za-z0-9+/]{43}=", "$1[hash]"),
        (r"\bb3:[0-9a-f]{12}\b", "b3:[digest]"),
        (r"\b[0-9a-f]{64}\b", "[digest]"),
        (r"\btree( +)[0-9a-f]{40}\b", "tree$1[tree]"),
        (r"\btree( +)[0-9a-f]{10}\b", "tree$1[tree]"),
        (r"\b[0-9a-f]{40}\b", "[commit]"),
        (r"\b[0-9a-f]{10}\b", "[commit]"),
        (r"\br-[0-9a-f]{8}\b", "[run]"),
        (r"\be-[0-9a-f]{8}\b", "[entry]"),
        (r"\bk-[0-9a-f]{8}\b", "[key]"),
        (r"\boffset \d+", "offset [n]"), // a signature is sometimes a byte shorter
        (r"\[dir\]/repo/\.git/mlprov/store/objects/[0-9a-f]{2}/\[digest\]", "[object]"),
        (r"arn:mlprov:local:\[uuid\]::model-package/(\w+)/\[uuid\]", "[arn of $1]"),
    ] {
        settings.add_filter(pattern, name);
    }
    settings
}
