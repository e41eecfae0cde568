//! Fetch and push, by the git program: it knows the user's transports, credentials and proxies.

use crate::git::GitError;
use crate::git::program;
use crate::git::refs;
use crate::git::repo::Repo;
use std::process::Command;

/// What became of a push.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pushed {
    Done,
    /// The remote has something that is not here: fetch, and try again. What it said of each ref.
    Rejected(Vec<String>),
}

impl Repo {
    /// The remote that is meant: the one named, else that of the branch, else the only one, else `origin`.
    pub fn choose_remote(&self, named: Option<&str>) -> Result<String, GitError> {
        let known = self.remote_names();
        let none = |known| GitError::NoRemote { named: named.map(str::to_owned), known };
        if let Some(named) = named {
            return if known.iter().any(|k| k == named) { Ok(named.to_owned()) } else { Err(none(known)) };
        }
        let branch = self.branch();
        let of_branch = branch.and_then(|b| {
            let name = b.strip_prefix("refs/heads/")?.to_owned();
            self.git.setting(&format!("branch.{name}.remote"))
        });
        let chosen = of_branch.filter(|r| known.contains(r));
        match (chosen, &known[..]) {
            (Some(remote), _) => Ok(remote),
            (None, [only]) => Ok(only.clone()),
            (None, many) if many.iter().any(|r| r == "origin") => Ok("origin".to_owned()),
            _ => Err(none(known)),
        }
    }

    /// Names and commits of the remote's refs that match one of the patterns.
    pub fn remote_refs(&self, remote: &str, patterns: &[&str]) -> Result<Vec<(String, String)>, GitError> {
        let mut command = self.over_network();
        command.args(["ls-remote", "--quiet", "--refs", remote]).args(patterns);
        let out = program::output(command)?;
        let text = String::from_utf8_lossy(&out);
        let pair = |line: &str| line.split_once('\t').map(|(id, name)| (name.to_owned(), id.to_owned()));
        Ok(text.lines().filter_map(pair).collect())
    }

    /// Brings these refs, and removes those here that the remote does not have any more.
    pub fn fetch(&self, remote: &str, refspecs: &[String]) -> Result<(), GitError> {
        let mut command = self.over_network();
        command.args([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-recurse-submodules",
            "--refmap=",
            "--prune",
            remote,
        ]);
        command.args(refspecs);
        program::output(command).map(|_| ())
    }

    /// Pushes refs, fast-forward only. No hook runs: these refs are mlprov's own.
    pub fn push(&self, remote: &str, refspecs: &[String]) -> Result<Pushed, GitError> {
        let mut command = self.over_network();
        command.args(["push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"]);
        command.arg(remote).args(refspecs);
        let out = command.output().map_err(|source| GitError::NoProgram { source })?;
        let said = String::from_utf8_lossy(&out.stdout);
        let rejected: Vec<String> =
            said.lines().filter_map(|l| l.strip_prefix("!\t")).map(str::to_owned).collect();
        if out.status.success() {
            return Ok(Pushed::Done);
        }
        if !rejected.is_empty() {
            return Ok(Pushed::Rejected(rejected));
        }
        let stderr = String::from_utf8_lossy(&out.stderr);
        let why = stderr.lines().find(|l| !l.trim().is_empty()).unwrap_or("no message").to_owned();
        Err(GitError::Program { command: format!("push {remote}"), why })
    }

    /// Merges the lines of another notes ref into ours; lines that both have are there once.
    pub fn merge_notes(&self, ours: &str, theirs: &str) -> Result<(), GitError> {
        let mut command = program::git(self.root());
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), refs::NAME).env(format!("GIT_{role}_EMAIL"), refs::NAME);
        }
        command.args(["notes", "--ref", ours, "merge", "--quiet", "--strategy=cat_sort_uniq", theirs]);
        program::output(command).map(|_| ())
    }

    /// Lets a plain `git fetch` of this remote bring these refs too. False if it does so already.
    pub fn add_fetch_refspec(&self, remote: &str, refspec: &str) -> Result<bool, GitError> {
        if self.git.fetch_refspecs(remote)?.iter().any(|known| known == refspec) {
            return Ok(false);
        }
        self.git.add_fetch_refspec(remote, refspec)?;
        Ok(true)
    }

    /// git with the user's own settings and variables for the network, but none that point at another
    /// repository (git-rev-parse(1), `--local-env-vars`).
    fn over_network(&self) -> Command {
        let mut command = Command::new("git");
        for name in [
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_COMMON_DIR",
            "GIT_DIR",
            "GIT_GRAFT_FILE",
            "GIT_IMPLICIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_NAMESPACE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_PREFIX",
            "GIT_REPLACE_REF_BASE",
            "GIT_SHALLOW_FILE",
            "GIT_WORK_TREE",
        ] {
            command.env_remove(name);
        }
        command.env("GIT_NO_REPLACE_OBJECTS", "1").env("LC_ALL", "C").arg("-C").arg(self.root());
        command
    }
}
