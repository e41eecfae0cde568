//! Whatever is wrong with what mlprov is given: the exit code, one clear sentence that names the thing, what
//! to do, and nothing changed. `refused` compares every file of the repository and of the home.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::skipped;
use insta::assert_snapshot;
use mlprov::domain::entry::Kind;
use mlprov::domain::ids::RunId;
use mlprov::domain::time::Timestamp;
use serde_json::json;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

pub fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

// ---- The place

#[test]
fn outside_a_git_repository() {
    let s = Sandbox::new();
    assert_snapshot!(s.refused(2, &["init", "--yes"]).snapshot(), @r"
    $ mlprov init --yes
    --- stderr
    Error: [dir]/repo is not in a git repository
    Hint: git init
    --- exit 2
    ");
    assert_snapshot!(s.refused(2, &["track", "data"]).snapshot(), @r"
    $ mlprov track data
    --- stderr
    Error: [dir]/repo is not in a git repository
    Hint: git init
    --- exit 2
    ");
    for args in
        [&["status"][..], &["ls"], &["log"], &["show", "latest"], &["verify", "latest"], &["key", "show"]]
    {
        s.refused(2, args).says("is not in a git repository");
    }
    s.refused(2, &["run", "--", "touch", "ran"]).says("is not in a git repository");
}

#[test]
fn a_directory_that_does_not_exist_is_named_as_such() {
    let s = Sandbox::project_with_data();
    let out = s.refused(2, &["-C", "none", "status"]);
    // Not "is not in a git repository" with the hint to make one.
    out.says("/repo/none").says("no such");
}

#[test]
fn in_a_bare_repository() {
    let s = Sandbox::new();
    s.git(&["init", "-q", "--bare"]);
    assert_snapshot!(s.refused(2, &["init", "--yes"]).snapshot(), @r"
    $ mlprov init --yes
    --- stderr
    Error: [dir]/repo is a bare repository
    Hint: use a clone with a work tree: git clone PATH
    --- exit 2
    ");
    assert_snapshot!(s.refused(2, &["status"]).snapshot(), @r"
    $ mlprov status
    --- stderr
    Error: [dir]/repo is a bare repository
    Hint: use a clone with a work tree: git clone PATH
    --- exit 2
    ");
}

#[test]
fn in_a_repository_of_a_kind_that_cannot_be_read() {
    let s = Sandbox::git_repo();
    s.git(&["config", "core.repositoryFormatVersion", "1"]);
    s.git(&["config", "extensions.nobodyKnows", "true"]);
    // libgit2 refuses it, and so does git.
    s.refused(2, &["init", "--yes"]).says("nobodyknows").says("Hint: ");
}

#[test]
fn without_a_home() {
    let s = Sandbox::project_with_data();
    let before = s.listing();
    let mut command = s.command(env!("CARGO_BIN_EXE_mlprov"), "repo");
    let out = Output::of("mlprov", &["status"], command.env_remove("HOME").arg("status"));
    assert_snapshot!(out.snapshot(), @r"
    $ mlprov status
    --- stderr
    Error: neither XDG_CONFIG_HOME nor HOME is set
    Hint: set HOME or XDG_CONFIG_HOME to an absolute path
    --- exit 2
    ");
    before.assert_same(&s.listing());
}

#[test]
fn in_a_repository_that_is_no_project() {
    let s = Sandbox::git_repo();
    assert_snapshot!(s.refused(2, &["track", "data"]).snapshot(), @r"
    $ mlprov track data
    --- stderr
    Error: no .mlprov/config.toml in [dir]/repo
    Hint: mlprov init
    --- exit 2
    ");
    s.refused(2, &["run", "--", "touch", "ran"]).says(".mlprov/config.toml");
}

#[test]
fn init_without_a_terminal_and_without_yes() {
    let s = Sandbox::git_repo();
    assert_snapshot!(s.refused(2, &["init"]).snapshot(), @r"
    $ mlprov init
    --- stderr
    Error: what should the project be called? (there is no terminal to ask on)
    Hint: mlprov init --yes
    --- exit 2
    ");
}

#[test]
fn in_a_clone_that_has_not_joined() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    assert_snapshot!(s.refused_in("clone", 2, &["status"]).snapshot(), @r#"
    $ mlprov status
    --- stderr
    Error: this clone has not joined project "repo" yet
    Hint: mlprov init   # joins it; this clone gets a log of its own
    --- exit 2
    "#);
    assert_snapshot!(s.refused_in("clone", 2, &["init"]).snapshot(), @r#"
    $ mlprov init
    --- stderr
    Error: Join project "repo" ([uuid]) with a log of this clone's own? (there is no terminal to ask on)
    Hint: mlprov init --yes
    --- exit 2
    "#);
    for args in [&["track", "x"][..], &["log"], &["verify", "HEAD"], &["run", "--", "touch", "ran"]] {
        s.refused_in("clone", 2, args).says("has not joined project");
    }
}

#[test]
fn on_an_unborn_branch() {
    let s = Sandbox::repo();
    assert_snapshot!(s.refused(2, &["run", "--", "touch", "ran"]).snapshot(), @r"
    $ mlprov run -- touch ran
    --- stderr
    Error: the branch has no commit yet
    Hint: git commit --allow-empty -m start
    --- exit 2
    ");
    s.refused(3, &["show", "HEAD"]).says("HEAD");
    s.mlprov(&["verify", "HEAD"]).code(3); // remembers the checkpoint
    assert_snapshot!(s.refused(3, &["verify", "HEAD"]).snapshot(), @r#"
    $ mlprov verify HEAD
    --- stderr
    Error: nothing recorded here is named "HEAD"
    Hint: mlprov log   # what is recorded here; `mlprov sync --fetch` brings what other clones recorded
    --- exit 3
    "#);
    s.refused(3, &["verify", "latest"]).says("latest");
    s.mlprov(&["status"]).success().shows("no commit yet");
}

// ---- What is to be tracked

#[test]
fn a_missing_path() {
    let s = Sandbox::project_with_data();
    assert_snapshot!(s.refused(2, &["track", "none"]).snapshot(), @r"
    $ mlprov track none
    --- stderr
    Error: [dir]/repo/none: there is no such file or directory
    --- exit 2
    ");
    s.write("good.csv", "1\n");
    // One bad path among good ones: nothing at all is tracked.
    assert_snapshot!(s.refused(2, &["track", "good.csv", "sub/none"]).snapshot(), @r"
    $ mlprov track good.csv sub/none
    --- stderr
    Error: [dir]/repo/sub/none: there is no such file or directory
    --- exit 2
    ");
}

#[test]
fn files_that_git_already_tracks() {
    let s = Sandbox::project_with_data();
    s.write("code/train.py", "pass\n");
    s.commit_all("code");
    assert_snapshot!(s.refused(2, &["track", "code"]).snapshot(), @r"
    $ mlprov track code
    --- stderr
    Error: git already tracks code/train.py
    Hint: git rm -r --cached code
    --- exit 2
    ");
    assert_snapshot!(s.refused(2, &["track", "code/train.py"]).snapshot(), @r"
    $ mlprov track code/train.py
    --- stderr
    Error: git already tracks code/train.py
    Hint: git rm -r --cached code/train.py
    --- exit 2
    ");
}

#[test]
fn paths_outside_the_repository() {
    let s = Sandbox::project_with_data();
    fs::write(s.root().join("elsewhere"), "1\n").unwrap();
    assert_snapshot!(s.refused(2, &["track", "../elsewhere"]).snapshot(), @r"
    $ mlprov track ../elsewhere
    --- stderr
    Error: [dir]/repo/../elsewhere is outside the repository [dir]/repo
    Hint: copy the data into the repository, or link to it from there and track a copy
    --- exit 2
    ");
    s.refused(2, &["track", "/etc/passwd"]).says("/etc/passwd is outside the repository");
    s.refused(2, &["run", "-d", "../elsewhere", "--", "touch", "ran"]).says("elsewhere is outside");
    s.refused(2, &["run", "-o", "../elsewhere", "--", "touch", "ran"]).says("elsewhere is outside");
    s.refused(2, &["ls", "../elsewhere"]).says("elsewhere is outside");
}

#[test]
fn the_repository_itself_and_what_belongs_to_git() {
    let s = Sandbox::project_with_data();
    assert_snapshot!(s.refused(2, &["track", "."]).snapshot(), @r"
    $ mlprov track .
    --- stderr
    Error: [dir]/repo is the repository itself
    Hint: mlprov track data/   # a directory of data inside the repository
    --- exit 2
    ");
    assert_snapshot!(s.refused(2, &["track", ".git"]).snapshot(), @r"
    $ mlprov track .git
    --- stderr
    Error: [dir]/repo/.git: it belongs to git itself
    Hint: track a directory of data instead
    --- exit 2
    ");
    s.refused(2, &["track", ".git/config"]).says("belongs to git itself");
    // Its files are tracked by git as soon as they are committed; before that they must be refused too.
    let fresh = Sandbox::repo();
    for path in [".mlprov", ".mlprov/config.toml"] {
        fresh.refused(2, &["track", path]).says(".mlprov");
    }
}

#[test]
fn datasets_in_datasets() {
    let s = Sandbox::project_with_data();
    assert_snapshot!(s.refused(2, &["track", "data/a.csv"]).snapshot(), @r"
    $ mlprov track data/a.csv
    --- stderr
    Error: data/a.csv lies in (or around) the dataset data
    Hint: mlprov track data   # tracks all of it
    --- exit 2
    ");
    s.write("raw/x/1.csv", "1\n");
    assert_snapshot!(s.refused(2, &["track", "raw", "raw/x"]).snapshot(), @r"
    $ mlprov track raw raw/x
    --- stderr
    Error: raw/x lies in (or around) the dataset raw
    Hint: mlprov track raw   # tracks all of it
    --- exit 2
    ");
    s.mlprov(&["track", "raw/x"]).success();
    assert_snapshot!(s.refused(2, &["track", "raw"]).snapshot(), @r"
    $ mlprov track raw
    --- stderr
    Error: [dir]/repo/raw/x.mlprov: a dataset inside is already tracked on its own
    Hint: rm [dir]/repo/raw/x.mlprov   # stops tracking that part on its own
    --- exit 2
    ");
}

#[test]
fn what_is_no_file() {
    let s = Sandbox::project_with_data();
    s.write("odd/good.csv", "1\n");
    fifo(&s.path("odd/fifo"));
    assert_snapshot!(s.refused(2, &["track", "odd/fifo"]).snapshot(), @r"
    $ mlprov track odd/fifo
    --- stderr
    Error: [dir]/repo/odd/fifo: it is a FIFO, not a file
    Hint: rm [dir]/repo/odd/fifo   # or move it out of the dataset
    --- exit 2
    ");
    let _socket = UnixListener::bind(s.path("odd/socket")).unwrap();
    assert_snapshot!(s.refused(2, &["track", "odd/socket"]).snapshot(), @r"
    $ mlprov track odd/socket
    --- stderr
    Error: [dir]/repo/odd/socket: it is a socket, not a file
    Hint: rm [dir]/repo/odd/socket   # or move it out of the dataset
    --- exit 2
    ");
    symlink("/dev/null", s.path("odd/null")).unwrap();
    assert_snapshot!(s.refused(2, &["track", "odd/null"]).snapshot(), @r"
    $ mlprov track odd/null
    --- stderr
    Error: [dir]/repo/odd/null: the symlink leaves the repository (to /dev/null)
    Hint: cp -rL [dir]/repo/odd/null [dir]/repo/odd/null.copy && rm [dir]/repo/odd/null && mv [dir]/repo/odd/null.copy [dir]/repo/odd/null   # a copy in place of the link
    --- exit 2
    ");
    symlink("fifo", s.path("odd/link")).unwrap();
    // All of them at once, not one after the other.
    assert_snapshot!(s.refused(2, &["track", "odd"]).snapshot(), @r"
    $ mlprov track odd
    --- stderr
    Error: 4 files cannot be tracked:
      [dir]/repo/odd/fifo: it is a FIFO, not a file
      [dir]/repo/odd/link: it is a device, FIFO or socket, not a file
      [dir]/repo/odd/null: the symlink leaves the repository (to /dev/null)
      [dir]/repo/odd/socket: it is a socket, not a file
    Hint: rm [dir]/repo/odd/fifo   # or move it out of the dataset
    --- exit 2
    ");
    s.refused(2, &["run", "-d", "odd", "--", "touch", "ran"]).says("4 files cannot be tracked");
}

/// Reading a FIFO that nobody writes to would wait for ever.
#[test]
fn a_device() {
    let s = Sandbox::project_with_data();
    s.write("odd/good.csv", "1\n");
    let device = s.path("odd/null");
    let (kind, number) = (rustix::fs::FileType::CharacterDevice, rustix::fs::makedev(1, 3));
    if rustix::fs::mknodat(rustix::fs::CWD, &device, kind, 0o600.into(), number).is_err() {
        return skipped("a_device: this user may not make one");
    }
    s.refused(2, &["track", "odd"]).says("odd/null: it is a device, not a file");
}

/// The file grows after its first byte was read: what was stored is neither its old nor its new content.
#[test]
#[cfg(target_os = "linux")]
fn a_file_that_changes_while_it_is_read() {
    use rustix::fs::inotify;
    use std::io::Write;

    let s = Sandbox::project_with_data();
    s.write("grows.bin", vec![b'x'; 128 << 20]);
    let place = s.path("grows.bin");
    // On a busy machine the reader may come to the end first; then there was nothing to notice.
    for _ in 0..10 {
        let entries = s.entries();
        let events = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&events, &place, inotify::WatchFlags::ACCESS).unwrap();
        let appender = std::thread::spawn({
            let mut file = fs::OpenOptions::new().append(true).open(&place).unwrap();
            move || {
                rustix::io::read(&events, &mut [0; 4096]).unwrap();
                file.write_all(b"y").unwrap();
            }
        });
        let out = s.mlprov(&["track", "grows.bin"]);
        appender.join().unwrap();
        if out.exit_code() == Some(0) {
            fs::remove_file(s.path("grows.bin.mlprov")).unwrap();
            continue;
        }
        out.code(2).says("grows.bin: it changed while it was read").says("wait until nothing writes to it");
        assert!(!s.path("grows.bin.mlprov").exists());
        assert_eq!(s.entries(), entries);
        return;
    }
    panic!("no change was noticed");
}

#[test]
fn a_fifo_for_parameters_is_refused_at_once() {
    let s = Sandbox::project_with_data();
    fifo(&s.path("params.json"));
    let mut command = s.command(env!("CARGO_BIN_EXE_mlprov"), "repo");
    let args = ["run", "-p", "params.json", "--", "touch", "ran"];
    command.args(args).timeout(std::time::Duration::from_secs(5));
    let out = Output::of("mlprov", &args, &mut command);
    assert_eq!(out.exit_code(), Some(2), "it hangs, or:\n{}", out.snapshot());
    out.says("params.json");
    assert!(!s.path("ran").exists());
}

#[test]
fn links_that_lead_elsewhere() {
    let s = Sandbox::project_with_data();
    fs::create_dir(s.path("links")).unwrap();
    fs::write(s.root().join("outside"), "1\n").unwrap();
    symlink("../../outside", s.path("links/out")).unwrap();
    assert_snapshot!(s.refused(2, &["track", "links"]).snapshot(), @r"
    $ mlprov track links
    --- stderr
    Error: [dir]/repo/links/out: the symlink leaves the repository (to ../../outside)
    Hint: cp -rL [dir]/repo/links/out [dir]/repo/links/out.copy && rm [dir]/repo/links/out && mv [dir]/repo/links/out.copy [dir]/repo/links/out   # a copy in place of the link
    --- exit 2
    ");
    fs::remove_file(s.path("links/out")).unwrap();
    symlink("nowhere", s.path("links/broken")).unwrap();
    assert_snapshot!(s.refused(2, &["track", "links"]).snapshot(), @r"
    $ mlprov track links
    --- stderr
    Error: [dir]/repo/links/broken: the symlink leads nowhere (to nowhere)
    Hint: rm [dir]/repo/links/broken
    --- exit 2
    ");
    symlink("data", s.path("alias")).unwrap();
    assert_snapshot!(s.refused(2, &["track", "alias"]).snapshot(), @r"
    $ mlprov track alias
    --- stderr
    Error: [dir]/repo/alias: the symlink leads to a directory (data)
    Hint: cp -rL [dir]/repo/alias [dir]/repo/alias.copy && rm [dir]/repo/alias && mv [dir]/repo/alias.copy [dir]/repo/alias   # a copy in place of the link
    --- exit 2
    ");
}

#[test]
fn names_that_are_no_text() {
    let s = Sandbox::project_with_data();
    fs::create_dir(s.path("names")).unwrap();
    let name = OsStr::from_bytes(b"bad\xff.csv");
    fs::write(s.path("names").join(name), "1\n").unwrap();
    assert_snapshot!(s.refused(2, &["track", "names"]).snapshot(), @r"
    $ mlprov track names
    --- stderr
    Error: [dir]/repo/names/bad�.csv: its name is not UTF-8
    Hint: rename it; names are recorded as UTF-8
    --- exit 2
    ");
    let before = s.listing();
    let out = s.mlprov_os(&["track".into(), Path::new("names").join(name).into()]);
    assert_snapshot!(out.snapshot(), @r"
    $ mlprov track 'names/bad�.csv'
    --- stderr
    Error: [dir]/repo/names/bad�.csv: its name is not UTF-8
    Hint: rename it; names are recorded as UTF-8
    --- exit 2
    ");
    before.assert_same(&s.listing());
}

/// Names come from clones too. With colours on, nothing is stripped for us.
#[test]
fn names_with_control_characters_do_not_reach_the_terminal() {
    // Would set the title of a terminal.
    let odd = |name: &str| format!("{name}\u{1b}]0;owned\u{7}");
    let s = Sandbox::git_repo();
    s.mlprov(&["init", "--yes", "--name", &odd("project")]).success();
    s.write(&odd("data"), "1\n");
    let mut raw = Vec::new();
    let mut call = |args: &[&str]| {
        let out = s.mlprov(&[&["--color", "always"], args].concat());
        if out.stdout().contains("\u{1b}]") || out.stderr().contains("\u{1b}]") {
            raw.push(args.iter().map(|a| a.escape_debug().to_string()).collect::<Vec<_>>().join(" "));
        }
    };
    call(&["init"]);
    call(&["track", &odd("data")]);
    s.commit_all("names");
    call(&["run", "-n", &odd("run"), "-o", &odd("no output"), "--", "true"]);
    fs::write(s.path(&odd("data")), "2\n").unwrap();
    for args in [&["status"][..], &["ls"], &["log"], &["show", "latest"], &["verify", "latest"]] {
        call(args);
    }
    call(&["track", &odd("none")]);
    call(&["ls", &odd("none")]);
    call(&["show", &odd("none")]);
    assert!(raw.is_empty(), "control characters pass through:\n{}", raw.join("\n"));
}

#[test]
fn an_empty_directory() {
    let s = Sandbox::project_with_data();
    fs::create_dir_all(s.path("empty/below")).unwrap();
    assert_snapshot!(s.refused(2, &["track", "empty"]).snapshot(), @r"
    $ mlprov track empty
    --- stderr
    Error: [dir]/repo/empty: the directory holds no file
    Hint: put files into it first
    --- exit 2
    ");
}

// ---- What lies in the project

#[test]
fn a_config_that_is_damaged() {
    let s = Sandbox::project_with_data();
    let config = s.read(".mlprov/config.toml");
    for (what, text) in [
        ("cut short", config[..config.len() / 2].to_owned()),
        ("not TOML", "<<<<<<< HEAD\n".to_owned()),
        ("empty", String::new()),
        ("another backend", config.replace("[store]\nbackend = \"local\"", "[store]\nbackend = \"s4\"")),
        ("no project id", config.replace("id = \"", "id = \"x")),
    ] {
        assert_ne!(text, config);
        s.write(".mlprov/config.toml", &text);
        let out = s.refused(2, &["status"]);
        out.says(".mlprov/config.toml");
        assert_eq!(out.stderr().lines().filter(|l| l.starts_with("Error: ")).count(), 1, "{what}");
        for args in [&["init", "--yes"][..], &["track", "data"], &["run", "--", "touch", "ran"]] {
            s.refused(2, args).says(".mlprov/config.toml");
        }
    }
    s.write(".mlprov/config.toml", config.replace("[project]", "[project"));
    assert_snapshot!(s.refused(2, &["status"]).snapshot(), @r"
    $ mlprov status
    --- stderr
    Error: [dir]/repo/.mlprov/config.toml: line 4: unclosed table, expected `]`
    Hint: git log -p -- [dir]/repo/.mlprov/config.toml   # shows how it came to be
    --- exit 2
    ");
    s.write(".mlprov/config.toml", b"\xff\xfe");
    assert_snapshot!(s.refused(2, &["status"]).snapshot(), @r"
    $ mlprov status
    --- stderr
    Error: [dir]/repo/.mlprov/config.toml: is not UTF-8
    Hint: git log -p -- [dir]/repo/.mlprov/config.toml   # shows how it came to be
    --- exit 2
    ");
}

#[test]
fn a_config_of_a_newer_version() {
    let s = Sandbox::project_with_data();
    let newer = s.read(".mlprov/config.toml").replace("mlprov.config/1", "mlprov.config/2") + "[shiny]\n";
    s.write(".mlprov/config.toml", newer);
    assert_snapshot!(s.refused(2, &["status"]).snapshot(), @r#"
    $ mlprov status
    --- stderr
    Error: [dir]/repo/.mlprov/config.toml: schema "mlprov.config/2" is newer than this mlprov (mlprov.config/1)
    Hint: install a newer mlprov; this project was made by one
    --- exit 2
    "#);
    s.refused(2, &["init", "--yes"]).says("mlprov.config/2");
    s.refused(2, &["track", "data"]).says("mlprov.config/2");
}

#[test]
fn a_config_of_another_project() {
    let s = Sandbox::project_with_data();
    let id = s.project_id();
    let other = "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01";
    s.write(".mlprov/config.toml", s.read(".mlprov/config.toml").replace(&id, other));
    assert_snapshot!(s.refused(2, &["status"]).snapshot(), @r"
    $ mlprov status
    --- stderr
    Error: the ledger of this clone belongs to project [uuid], but .mlprov/config.toml names [uuid]
    Hint: git log -p -- .mlprov/config.toml   # shows who changed the id
    --- exit 2
    ");
    s.refused(2, &["track", "data"]).says(other);
    s.refused(2, &["init", "--yes"]).says(other);
}

#[test]
fn a_journal_of_another_format() {
    let s = Sandbox::project_with_data();
    patch_header(&s, |json| json.replace("\"format\":1", "\"format\":2"));
    assert_snapshot!(s.refused(2, &["status"]).snapshot(), @r"
    $ mlprov status
    --- stderr
    Error: [dir]/repo/.git/mlprov/ledger/journal: format 2 is not known to this version (it knows 1)
    Hint: install a newer mlprov
    --- exit 2
    ");
    for args in
        [&["track", "data"][..], &["verify", "HEAD"], &["init", "--yes"], &["run", "--", "touch", "ran"]]
    {
        s.refused(2, args).says("format 2");
    }
}

/// Changes the header's JSON and mends its length and checksum.
fn patch_header(s: &Sandbox, change: impl Fn(&str) -> String) {
    let journal = s.ledger("journal");
    let bytes = fs::read(&journal).unwrap();
    let length = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let (json, frames) = bytes[16..].split_at(length);
    let changed = change(std::str::from_utf8(json).unwrap());
    assert_ne!(changed.as_bytes(), json);
    let mut patched = bytes[..8].to_vec();
    patched.extend((changed.len() as u32).to_le_bytes());
    patched.extend(crc32c::crc32c(changed.as_bytes()).to_le_bytes());
    patched.extend(changed.as_bytes());
    patched.extend(frames);
    fs::write(journal, patched).unwrap();
}

#[test]
fn a_journal_that_is_damaged() {
    let s = Sandbox::project_with_data();
    let journal = s.ledger("journal");
    let sound = fs::read(&journal).unwrap();
    s.write("data/c.csv", "new\n");
    for at in [0, 20, 700, sound.len() - 300] {
        flip(&journal, &sound, at);
        for args in [&["log"][..], &["status"], &["show", "HEAD"]] {
            let out = s.refused(1, args);
            out.says("ledger/journal").says("offset").says("Hint: nothing was changed");
        }
        assert_eq!(s.mlprov(&["verify", "HEAD"]).exit_code(), Some(1), "byte {at}");
    }
    // The magic number, the header and the last entry: what everybody looks at.
    for at in [0, 20, sound.len() - 300] {
        flip(&journal, &sound, at);
        let damaged = fs::read(&journal).unwrap();
        for args in [&["track", "data"][..], &["run", "--", "touch", "ran"]] {
            let out = s.mlprov(args);
            out.code(1).says("ledger/journal").says("offset");
            assert_eq!(out.hints().len(), 1);
        }
        assert!(!s.path("ran").exists());
        assert_eq!(fs::read(&journal).unwrap(), damaged, "damage is never touched");
    }
    assert_snapshot!("damaged_journal_track", s.mlprov(&["track", "data"]).snapshot());
    let hook = s.git_output("repo", &[], &["commit", "-q", "--allow-empty", "-m", "damaged"]);
    assert_snapshot!("damaged_journal_hook", hook.snapshot());
    fs::write(&journal, sound).unwrap();
    s.mlprov(&["track", "data"]).success();
}

fn flip(file: &Path, sound: &[u8], at: usize) {
    let mut bytes = sound.to_vec();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// "Nothing was changed", says the hint.
#[test]
fn a_damaged_journal_is_noticed_before_anything_is_stored() {
    let s = Sandbox::project_with_data();
    let sound = fs::read(s.ledger("journal")).unwrap();
    s.write("data/c.csv", "new\n");
    flip(&s.ledger("journal"), &sound, sound.len() - 300);
    s.refused(1, &["track", "data"]).says("Hint: nothing was changed");
    s.refused(1, &["run", "--", "touch", "ran"]).says("Hint: nothing was changed");
}

/// The lookup beside it still knows the whole.
#[test]
fn a_journal_that_was_cut_in_its_last_entry() {
    let s = Sandbox::project_with_data();
    let end_of_first = fs::metadata(s.ledger("journal")).unwrap().len() as usize;
    s.commit_all("second");
    let sound = fs::read(s.ledger("journal")).unwrap();
    for length in [end_of_first + 5, sound.len() - 1] {
        a_cut_is_refused(&s, &sound[..length]);
    }
}

/// A ledger that is shorter than what was signed must not grow again: it would be another history.
#[test]
fn a_journal_that_was_cut_between_entries() {
    let s = Sandbox::project_with_data();
    let first = fs::read(s.ledger("journal")).unwrap();
    s.commit_all("second");
    a_cut_is_refused(&s, &first);
}

fn a_cut_is_refused(s: &Sandbox, left: &[u8]) {
    let journal = s.ledger("journal");
    fs::write(&journal, left).unwrap();
    s.write("data/c.csv", format!("new {}\n", left.len()));
    for args in [&["track", "data"][..], &["run", "--", "touch", "ran"]] {
        let out = s.mlprov(args);
        out.code(1);
        assert_eq!(out.hints().len(), 1, "\n{}", out.snapshot());
    }
    assert!(!s.path("ran").exists());
    let hook = s.git_output("repo", &[], &["commit", "-q", "--allow-empty", "-m", "cut"]);
    hook.success().says("not recorded");
    assert_eq!(hook.stderr().lines().count(), 1, "\n{}", hook.snapshot());
    assert!(fs::read(&journal).unwrap() == left, "the journal was written to");
}

#[test]
fn a_pointer_that_cannot_be_read() {
    let s = Sandbox::project_with_data();
    s.write("data.mlprov", "<<<<<<< ours\nfiles = 1\n=======\nfiles = 2\n>>>>>>> theirs\n");
    assert_snapshot!(s.refused(2, &["ls"]).snapshot(), @r"
    $ mlprov ls
    --- stderr
    Error: the pointer data.mlprov cannot be used: holds merge conflict markers
    Hint: mlprov merge data   # merges both versions by path
    --- exit 2
    ");
    let commit = s.git_output("repo", &[], &["commit", "-q", "-a", "-m", "conflict"]);
    assert_snapshot!(commit.snapshot(), @r"
    $ git commit -q -a -m conflict
    --- stderr
    Warning: mlprov: not recorded: data.mlprov in [commit]: holds merge conflict markers (run: mlprov status)
    --- exit 0
    ");
    s.refused(2, &["ls", "--rev", "HEAD"]).says("data.mlprov").says("merge conflict markers");
    s.refused(2, &["run", "--", "touch", "ran"]).says("data.mlprov");
}

/// `init` cannot make a lost key again: it would be another key, which the log never admitted.
#[test]
fn a_lost_log_key_is_said_and_no_entry_is_left_behind() {
    let s = Sandbox::project_with_data();
    lose_log_key(&s);
    s.write("data/c.csv", "new\n");
    s.refused(2, &["track", "data"]).says("log-");
    s.refused(2, &["run", "--", "touch", "ran"]).says("log-");
}

fn lose_log_key(s: &Sandbox) {
    let mut files = fs::read_dir(s.keys_dir()).unwrap().map(|e| e.unwrap().path());
    let key = files.find(|p| p.to_str().unwrap().contains("/log-")).unwrap();
    fs::remove_file(key).unwrap();
}

#[test]
fn the_hint_for_a_lost_log_key_is_not_the_command_that_fails_in_the_same_way() {
    let s = Sandbox::project_with_data();
    lose_log_key(&s);
    let out = s.mlprov(&["key", "show"]);
    out.code(2);
    let init = s.mlprov(&["init", "--yes"]);
    init.code(2);
    assert!(!out.hints().iter().any(|h| h.starts_with("mlprov init")), "\n{}", out.snapshot());
    assert!(!init.hints().iter().any(|h| h.starts_with("mlprov init")), "\n{}", init.snapshot());
}

#[test]
fn a_lost_writer_key_does_not_lead_to_entries_that_verify_calls_altered() {
    let s = Sandbox::project_with_data();
    fs::remove_file(s.keys_dir().join("writer.pem")).unwrap();
    let out = s.mlprov(&["track", "data"]);
    out.code(2).says("writer.pem");
    // Follow the hint, as a user would.
    for hint in out.hints() {
        let _ = s.paste("repo", &hint).exit_code();
    }
    s.write("data/a.csv", "changed\n");
    let _ = s.mlprov(&["track", "data"]).exit_code();
    s.commit_all("second");
    let verify = s.mlprov(&["verify", "HEAD"]);
    assert!([Some(0), Some(3)].contains(&verify.exit_code()), "\n{}", verify.snapshot());
}

#[test]
fn a_key_that_others_can_read() {
    let s = Sandbox::project_with_data();
    let key = s.keys_dir().join("writer.pem");
    fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!(s.refused(2, &["track", "data"]).snapshot(), @r"
    $ mlprov track data
    --- stderr
    Error: key [dir]/home/.config/mlprov/keys/writer.pem: mode 644 lets others read it; run: chmod 600 [dir]/home/.config/mlprov/keys/writer.pem
    --- exit 2
    ");
}

#[test]
fn pins_that_cannot_be_read() {
    let s = Sandbox::project_with_data();
    let pins = s.state_dir().join("pins");
    fs::write(&pins, "witness x y\n").unwrap();
    // Nothing was found to be altered: it is the user's own file that is not understood.
    s.refused(2, &["verify", "HEAD"]).says(pins.to_str().unwrap()).says("line 1");
}

// ---- Ids

#[test]
fn an_unknown_id() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["verify", "HEAD"]).success(); // remembers the checkpoint
    assert_snapshot!(s.refused(3, &["verify", "r-00000000"]).snapshot(), @r#"
    $ mlprov verify [run]
    --- stderr
    Error: nothing recorded here is named "[run]"
    Hint: mlprov log   # what is recorded here; `mlprov sync --fetch` brings what other clones recorded
    --- exit 3
    "#);
    assert_snapshot!(s.refused(3, &["show", "no-such-thing"]).snapshot(), @r#"
    $ mlprov show no-such-thing
    --- stderr
    Error: nothing recorded here is named "no-such-thing"
    Hint: mlprov log   # what is recorded here; `mlprov sync --fetch` brings what other clones recorded
    --- exit 3
    "#);
    let run = "01935a3c-0000-7000-8000-00001a2b3c4d";
    let arn = format!("arn:mlprov:local:{}::model-package/fraud/{run}", s.project_id());
    for id in [run, &arn, "fraud/1", "e-0000", "latest", "", "deadbeef", "HEAD~99"] {
        for verb in ["show", "verify"] {
            s.refused(3, &[verb, id]).says(id).says("mlprov log");
        }
    }
}

#[test]
fn an_unknown_revision_is_called_a_revision() {
    let s = Sandbox::project_with_data();
    let out = s.refused(3, &["ls", "--rev", "v9"]);
    // It is git that does not know it; `mlprov log` would not help.
    assert!(!out.stderr().contains("mlprov log"), "\n{}", out.snapshot());
}

#[test]
fn a_prefix_with_two_meanings_is_refused_with_both() {
    let s = Sandbox::project_with_data();
    for (millis, tail) in [(1_000, 0x1a2b_3c4d_u32), (2_000, 0x992b_3c11)] {
        add_run(&s, millis, tail);
    }
    s.mlprov(&["verify", "HEAD"]).success(); // remembers the checkpoint
    let out = s.refused(2, &["verify", "r-2b3c"]);
    assert_eq!(
        out.stderr(),
        "Error: \"r-2b3c\" could mean run r-1a2b3c4d (00000000-03e8-7000-8000-00001a2b3c4d), \
         run r-992b3c11 (00000000-07d0-7000-8000-0000992b3c11)\n\
         Hint: give more digits, or the full id\n"
    );
    s.refused(2, &["show", "2b3c"]).says("r-1a2b3c4d").says("r-992b3c11");
    s.mlprov(&["show", "r-a2b3"]).success().shows("run r-1a2b3c4d");
    s.mlprov(&["show", "r-92b3c"]).success().shows("run r-992b3c11");
}

#[test]
fn a_branch_and_a_model_package_of_one_name_are_two_meanings() {
    let s = crate::text::trained();
    s.git(&["branch", "fraud/1"]);
    s.mlprov(&["verify", "HEAD"]).success(); // remembers the checkpoint
    assert_snapshot!(s.refused(2, &["verify", "fraud/1"]).snapshot(), @r#"
    $ mlprov verify fraud/1
    --- stderr
    Error: "fraud/1" could mean run [run] ([uuid]), commit [commit]
    Hint: give more digits, or the full id
    --- exit 2
    "#);
}

/// Commits a run whose id ends with these digits: chance would take too long.
fn add_run(s: &Sandbox, millis: u64, tail: u32) {
    let mut random = [0; 10];
    random[6..].copy_from_slice(&tail.to_be_bytes());
    let id = RunId::new(millis, &random);
    let time = Timestamp::from_unix_micros(millis as i64 * 1000);
    let run = json!({ "id": id, "status": "STARTED", "startedOn": time, "command": ["true"], "cwd": "." });
    s.forge(&s.writer(), Kind::RunStarted, |body| body.run = Some(serde_json::from_value(run).unwrap()));
}

/// The same data and the same seed give the same bytes: which run was meant?
#[test]
fn a_file_that_two_runs_made_is_two_meanings() {
    let s = Sandbox::project_with_data();
    for _ in 0..2 {
        let script = "rm -f model.bin; cp data/a.csv model.bin";
        s.mlprov(&["run", "-o", "model.bin", "--", "sh", "-c", script]).success();
    }
    let runs: Vec<_> = s.entries().iter().filter_map(|e| e["run"].as_str().map(str::to_owned)).collect();
    s.refused(2, &["show", "model.bin"]).says(&runs[0]).says(&runs[1]);
}

// ---- Runs: these are recorded, whatever becomes of them

#[test]
fn a_command_that_does_not_exist_is_a_failed_run() {
    let s = Sandbox::project_with_data();
    let out = s.mlprov(&["run", "--", "/nonexistent/train"]);
    assert_snapshot!(out.snapshot(), @r#"
    $ mlprov run -- /nonexistent/train
    --- stderr
    Run [run] FAIL, recorded at index 4
      commit   [commit] (clean)
      inputs   data
      note     the command "/nonexistent/train" could not be started: No such file or directory (os error 2)
    --- exit 127
    "#);
    s.mlprov(&["verify", "latest"]).code(1).shows("FAIL, exit code 127");
    out.says("/nonexistent/train");
}

#[test]
fn a_command_that_is_not_executable_is_a_failed_run() {
    let s = Sandbox::project_with_data();
    let out = s.mlprov(&["run", "--", "./data.mlprov"]);
    assert_snapshot!(out.snapshot(), @r#"
    $ mlprov run -- ./data.mlprov
    --- stderr
    Run [run] FAIL, recorded at index 4
      commit   [commit] (clean)
      inputs   data
      note     the command "./data.mlprov" could not be started: Permission denied (os error 13)
    --- exit 126
    "#);
    s.mlprov(&["verify", "latest"]).code(1).shows("FAIL, exit code 126");
    out.says("./data.mlprov");
}

#[test]
fn a_command_that_dies_by_a_signal_is_a_failed_run() {
    let s = Sandbox::project_with_data();
    assert_snapshot!(s.mlprov(&["run", "--", "sh", "-c", "kill -KILL $$"]).snapshot(), @r"
    $ mlprov run -- sh -c 'kill -KILL $$'
    --- stderr
    Run [run] FAIL (SIGKILL), recorded at index 4
      commit   [commit] (clean)
      inputs   data
    --- exit 137
    ");
    s.mlprov(&["verify", "latest"]).code(1).shows("FAIL, ended by SIGKILL");
}

#[test]
fn a_command_that_fails_is_a_failed_run_with_its_exit_code() {
    let s = Sandbox::project_with_data();
    assert_snapshot!(s.mlprov(&["run", "--", "sh", "-c", "exit 3"]).snapshot(), @r"
    $ mlprov run -- sh -c 'exit 3'
    --- stderr
    Run [run] FAIL, recorded at index 4
      commit   [commit] (clean)
      inputs   data
    --- exit 3
    ");
    let out = s.mlprov(&["verify", "latest"]);
    out.code(1).shows("failed      run").shows("FAIL, exit code 3").shows("FAILED: 1 of");
    s.mlprov(&["run", "--", "sh", "-c", "exit 255"]).code(255);
    assert_eq!(s.entries().iter().filter(|e| e["status"] == "FAIL").count(), 2);
}

#[test]
fn a_failed_run_registers_no_model() {
    let s = Sandbox::project_with_data();
    let script = "echo half > model.bin; exit 1";
    let args = ["run", "--model", "model.bin", "--model-group", "fraud", "--", "sh", "-c", script];
    s.mlprov(&args).code(1);
    s.mlprov(&["verify", "fraud/1"]).code(3);
    assert!(!s.path(".git/mlprov/registry").exists());
}

#[test]
fn bad_arguments_of_a_run_stop_it_before_it_begins() {
    let s = Sandbox::project_with_data();
    let run = |more: &[&str]| {
        let args = [&["run"], more, &["--", "touch", "ran"]].concat();
        s.refused(2, &args)
    };
    assert_snapshot!(run(&["-d", "none"]).snapshot(), @r"
    $ mlprov run -d none -- touch ran
    --- stderr
    Error: [dir]/repo/none: there is no such file or directory
    --- exit 2
    ");
    assert_snapshot!(run(&["--model", "m.bin"]).snapshot(), @"
    $ mlprov run --model m.bin -- touch ran
    --- stderr
    error: the following required arguments were not provided:
      --model-group <G>

    Usage: mlprov run --model <FILE> --model-group <G> --no-progress -- <CMD>...

    For more information, try '--help'.
    --- exit 2
    ");
    assert_snapshot!(run(&["--model", "m.bin", "--model-group", "no spaces"]).snapshot(), @r#"
    $ mlprov run --model m.bin --model-group 'no spaces' -- touch ran
    --- stderr
    Error: model package group name: not 1-63 letters, digits and inner hyphens: "no spaces"
    --- exit 2
    "#);
    s.write("params.json", "{\"lr\": ");
    assert_snapshot!(run(&["-p", "params.json"]).snapshot(), @r"
    $ mlprov run -p params.json -- touch ran
    --- stderr
    Error: parameters [dir]/repo/params.json: EOF while parsing a value at line 1 column 7
    --- exit 2
    ");
    s.write("params.txt", "lr 1\n");
    assert_snapshot!(run(&["-p", "params.txt"]).snapshot(), @r"
    $ mlprov run -p params.txt -- touch ran
    --- stderr
    Error: parameters [dir]/repo/params.txt: its name ends neither with .json nor .yaml, .yml or .toml
    --- exit 2
    ");
    s.write("params.yaml", "[1, 2]\n");
    assert_snapshot!(run(&["-p", "params.yaml"]).snapshot(), @r"
    $ mlprov run -p params.yaml -- touch ran
    --- stderr
    Error: parameters [dir]/repo/params.yaml: it does not hold names and values
    --- exit 2
    ");
    assert_snapshot!(s.refused(2, &["run"]).snapshot(), @"
    $ mlprov run
    --- stderr
    error: the following required arguments were not provided:
      <CMD>...

    Usage: mlprov run --no-progress -- <CMD>...

    For more information, try '--help'.
    --- exit 2
    ");
}

#[test]
fn a_missing_parameter_file_is_refused_as_a_missing_input_is() {
    let s = Sandbox::project_with_data();
    s.refused(2, &["run", "-p", "none.json", "--", "touch", "ran"]).says("none.json");
}

#[test]
fn a_dirty_work_tree_is_refused_on_request() {
    let s = Sandbox::project_with_data();
    s.write("code.py", "pass\n");
    assert_snapshot!(s.refused(1, &["run", "--require-clean", "--", "touch", "ran"]).snapshot(), @r"
    $ mlprov run --require-clean -- touch ran
    --- stderr
    Error: the work tree differs from commit [commit]
    Hint: git status   # commit or stash what differs, or leave out --require-clean
    --- exit 1
    ");
    fs::remove_file(s.path("code.py")).unwrap();
    s.mlprov(&["run", "--require-clean", "--", "true"]).success();
}

#[test]
fn metrics_that_cannot_be_read_fail_the_run_but_are_kept() {
    let s = Sandbox::project_with_data();
    let out = s.mlprov(&["run", "-m", "metrics.json", "--", "sh", "-c", "echo nonsense > metrics.json"]);
    assert_snapshot!(out.snapshot(), @r"
    $ mlprov run -m metrics.json -- sh -c 'echo nonsense > metrics.json'
    --- stderr
    Run [run] FAIL, recorded at index 4
      commit   [commit] (clean)
      inputs   data
      outputs  metrics.json
      note     metrics metrics.json: expected ident at line 1 column 2
    --- exit 1
    ");
    s.mlprov(&["verify", "latest"]).code(1);
}
