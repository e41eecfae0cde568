//! The git program, where its filters or its index must do the work.

use crate::domain::ids::TreeId;
use crate::git::GitError;
use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

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

/// What `git write-tree` printed.
pub fn written_tree(told: &[u8]) -> Result<TreeId, GitError> {
    let bad =
        |e: crate::domain::ParseError| GitError::Program { command: "write-tree".into(), why: e.to_string() };
    String::from_utf8_lossy(told).trim().parse().map_err(bad)
}
