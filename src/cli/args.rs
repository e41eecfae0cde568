//! The command line, as `mlprov --help` tells it.

use clap::Args;
use clap::CommandFactory;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Parser, Debug)]
#[command(
    name = "mlprov",
    version,
    about = "Which code, which data and which configuration made this model? Recorded so that an outsider can check it.",
    after_help = "\
Examples:
  mlprov init                                   make this git repository a project
  mlprov track data/                            store data as immutable versions
  mlprov run -d data --model model.pkl --model-group fraud -- python train.py
  mlprov verify latest                          check every link of the last run

Every flag can also be set by a variable: MLPROV_<FLAG> for the global ones, MLPROV_<COMMAND>_<FLAG> for
the others; not those that confirm, force or weaken something.

Exit codes: 0 done or verified, 1 the answer is no, 2 usage or configuration, 3 could not be checked,
4 denied by policy, 70 could not be recorded (or a bug)."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Debug, Clone)]
pub struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Only answers and errors, no status or hints
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more about what is done
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// One JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: ColorWhen,
    /// Say nothing of how far a long step has come
    #[arg(long, global = true)]
    pub no_progress: bool,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make this repository a project, or join the project that it is
    #[command(after_help = "\
Examples:
  mlprov init                   asks what it needs to know
  mlprov init --yes             asks nothing (scripts, CI)
  mlprov init --name fraud      names the project

Makes .mlprov/config.toml (commit it), a ledger and a store below the git directory, your keys in your own
directories, and git hooks. Running it again changes nothing. In a clone it makes a log of the clone's own.")]
    Init(InitArgs),
    /// Store files as immutable versions and write a small pointer for git
    #[command(
        visible_alias = "add",
        after_help = "\
Examples:
  mlprov track data/            a directory; writes data.mlprov and adds /data to .gitignore
  mlprov track a.csv b.csv      single files
  mlprov track --glob '*.csv'   each file that matches, by itself
  mlprov track --append data/   add what lies there to the version before
  git add data.mlprov .gitignore && git commit

PATH is a path, not a pattern; patterns go with --glob. Files that were not touched since they were
tracked are not read again. What .mlprovignore files match (the syntax of .gitignore) is no data."
    )]
    Track(TrackArgs),
    /// Take the pointer of a dataset away; data, store and history stay
    #[command(after_help = "\
Examples:
  mlprov untrack data           removes data.mlprov, and the line that track wrote into .gitignore
  git rm --cached data.mlprov && git add .gitignore && git commit

What was recorded about the data stays in the log, and stays verifiable.")]
    Untrack(UntrackArgs),
    /// Show what is modified, not stored, not recorded, or waiting
    Status(StatusArgs),
    /// List the tracked datasets
    #[command(after_help = "\
Examples:
  mlprov ls
  mlprov ls --rev v1.0                                     as of a tag
  (cd data && mlprov ls . --manifest | b3sum --check)      check the files without mlprov")]
    Ls(LsArgs),
    /// Bring back the data of a commit or a run
    #[command(after_help = "\
Examples:
  mlprov restore                           all that the pointers in the work tree name
  mlprov restore data/train                a part of a dataset
  mlprov restore 'data/**/*.csv' --rev v1.0
  mlprov restore --run latest --to /tmp/r  what a run read and made, elsewhere

PATH is a dataset, its pointer, a file or directory in it, or a pattern (* and ? stop at a slash, ** does not).
Every byte is hashed again while it is written. Files that are right already are not touched, and files whose
content is stored nowhere are not overwritten without --force. Files that the version does not have go if
they are those of the version that was there, and stay if not. Pointers stay as they are.")]
    Restore(RestoreArgs),
    /// Show which files differ between two versions of the data
    #[command(after_help = "\
Examples:
  mlprov diff                       HEAD against the files in the work tree
  mlprov diff v1.0 v2.0 -- data/train
  mlprov diff r-1a2b3c4d latest     two runs: also parameters, metrics and commits that differ
  mlprov diff --exit-code || echo something was changed

A and B are commits, tags, branches or runs (ID as in `show`). A file counts as renamed if its content has no
other name. PATH is as in `mlprov restore`.")]
    Diff(DiffArgs),
    /// Show how much the datasets and the store take
    #[command(after_help = "\
Example: mlprov du

A content that several files or datasets have is stored once. Packs hold small contents together.")]
    Du,
    /// Remove stored contents that nothing refers to
    #[command(after_help = "\
Examples:
  mlprov prune                  lists what would be removed, and what refers to the rest
  mlprov prune --force          removes it

What a commit, a pointer or an entry of a log names stays, and whatever was tracked or used by a run has an entry. So
there is little to remove: contents of calls that were killed before their entry was committed. A pack is removed
only as a whole. Exit code 3 if something that may refer to contents cannot be read; then nothing is removed.")]
    Prune(PruneArgs),
    /// Merge a pointer that is in conflict, file by file
    #[command(after_help = "\
Examples:
  mlprov merge data && git add data.mlprov
  mlprov merge -n data          show what would come of it

Takes the three versions that git's index holds, and merges their manifests by path: what one side changed
is taken, what both changed differently is a conflict. Exit code 1 if there are conflicts; then nothing is
written. The files need not be in the work tree. git calls the same merge by itself where `mlprov init` was run.")]
    Merge(MergeArgs),
    /// Run a command and record code, data, parameters, metrics, outputs and model
    #[command(after_help = "\
Examples:
  mlprov run -- python train.py
  mlprov run -d data -p params.json -m metrics.json -o plots \\
      --model model.pkl --model-group fraud -- python train.py

Output, signals and exit code of the command pass through. Without -d, every dataset of the commit that
lies in the work tree counts as read. The command finds its run id in MLPROV_RUN_ID.")]
    Run(RunArgs),
    /// Show what was recorded, newest first
    Log(LogArgs),
    /// Show all that is recorded about a run, commit, entry or model
    #[command(after_help = ID_HELP)]
    Show(ShowArgs),
    /// Check every link of a binding; the exit code is the gate
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// Publish this clone's log through a git remote, and fetch what others recorded
    #[command(
        visible_alias = "push",
        after_help = "\
Examples:
  mlprov sync                   publish, and fetch
  mlprov sync --fetch           only fetch
  mlprov sync -n                show what would be done

Pushes refs/mlprov/logs/<log id> (entries, tiles, manifests; no data) and checkpoints in
refs/notes/mlprov/<log id>; never by force. A log of another clone is read by log, show and verify, and
counts in verify once you trust its key (`mlprov key trust`). Exit code 1 if a log was rolled back or
rewritten since it was last seen."
    )]
    Sync(SyncArgs),
    /// Show keys, and trust the logs of others
    Key(KeyArgs),
    /// The log itself: state, checkpoints, proofs, audit, export
    Ledger(LedgerArgs),
    /// The whole story in a throw-away project, with tampering at the end
    Demo(DemoArgs),
    /// Print a completion script for your shell
    #[command(
        after_help = "Example: mlprov completions bash > ~/.local/share/bash-completion/completions/mlprov"
    )]
    Completions(CompletionsArgs),
    /// Called by the git hooks
    #[command(hide = true)]
    Hook(HookArgs),
    /// Called by git to merge pointers
    #[command(hide = true)]
    MergeDriver(MergeDriverArgs),
}

const ID_HELP: &str = "\
ID is a full id, r-1a2b3c4d (run), e-1a2b3c4d (entry), any part of those digits from 4 on, a commit, tag or
HEAD, `latest` (run), a model package ARN or NAME/2, or a file (found by its content).";

const VERIFY_HELP: &str = "\
Examples:
  mlprov verify latest
  mlprov verify HEAD && ./release.sh

ID is a full id, r-1a2b3c4d (run), e-1a2b3c4d (entry), any part of those digits from 4 on, a commit, tag or
HEAD, `latest` (run), a model package ARN or NAME/2, or a file (found by its content).

Every stored byte is read and hashed again. Exit code 0 only if all links are intact, the run completed and
nothing later in the log speaks against it; 1 if something is altered, missing or failed; 3 if something
could not be checked.";

#[derive(Args, Debug)]
pub struct InitArgs {
    /// Name of a new project [default: the directory's name]
    #[arg(long)]
    pub name: Option<String>,
    /// Ask nothing; agree to what would be asked
    #[arg(short, long)]
    pub yes: bool,
    /// Install no git hooks
    #[arg(long)]
    pub no_hooks: bool,
}

#[derive(Args, Debug)]
pub struct TrackArgs {
    /// Files or directories inside the repository
    #[arg(required_unless_present = "globs", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Also everything that a pattern matches, each by itself, as in 'raw/**/*.csv' (repeatable)
    #[arg(long = "glob", value_name = "G")]
    pub globs: Vec<String>,
    /// Keep the files of the version before that do not lie in the work tree
    #[arg(long)]
    pub append: bool,
    /// Show what would be tracked, and write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Threads to hash with [default: one per core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Read everything again, in the work tree and in the store, and replace what is damaged in the store
    #[arg(long)]
    pub repair: bool,
}

#[derive(Args, Debug)]
pub struct UntrackArgs {
    /// Tracked files or directories, or their pointers
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Show what would be removed, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Args, Debug)]
pub struct StatusArgs {
    /// Only these paths
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct LsArgs {
    /// Only datasets here
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// As of this commit, branch or tag [default: the work tree]
    #[arg(long)]
    pub rev: Option<String>,
    /// Print the dataset's manifest, as `b3sum --check` reads it
    #[arg(long, requires = "path")]
    pub manifest: bool,
}

#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// What to restore [default: all datasets]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// As of this commit, branch or tag [default: what the pointers in the work tree name]
    #[arg(long, conflicts_with = "run")]
    pub rev: Option<String>,
    /// What this run read and made (ID as in `show`)
    #[arg(long)]
    pub run: Option<String>,
    /// Write below this directory instead of the work tree
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Overwrite files whose content is stored nowhere
    #[arg(long)]
    pub force: bool,
    /// Show what would be written and removed, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Args, Debug)]
pub struct PruneArgs {
    /// Remove what is listed without it
    #[arg(long)]
    pub force: bool,
}

#[derive(Args, Debug)]
pub struct MergeArgs {
    /// The pointer in conflict, or its data
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Show what would come of it, and write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The one version [default: HEAD]
    #[arg(value_name = "A")]
    pub a: Option<String>,
    /// The other [default: the files in the work tree]
    #[arg(value_name = "B")]
    pub b: Option<String>,
    /// Only these
    #[arg(last = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// List all files, not only the first of each dataset
    #[arg(long)]
    pub all: bool,
    /// Exit with 1 if anything differs
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Args, Debug)]
pub struct RunArgs {
    /// Name of the run
    #[arg(short, long)]
    pub name: Option<String>,
    /// Data that the command reads (repeatable)
    #[arg(short = 'd', long = "input", value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// File or directory that the command makes (repeatable)
    #[arg(short = 'o', long = "output", value_name = "OUT")]
    pub outputs: Vec<PathBuf>,
    /// Metrics file that the command makes: JSON, YAML or TOML (repeatable)
    #[arg(short = 'm', long = "metrics", value_name = "METRICS")]
    pub metrics: Vec<PathBuf>,
    /// Parameters file: JSON, YAML or TOML (repeatable)
    #[arg(short = 'p', long = "params", value_name = "PARAMS")]
    pub params: Vec<PathBuf>,
    /// Model file that the command makes; it is registered as a model package
    #[arg(long, value_name = "FILE", requires = "model_group")]
    pub model: Option<PathBuf>,
    /// Model package group to register it in
    #[arg(long, value_name = "G", requires = "model")]
    pub model_group: Option<String>,
    /// Refuse to run unless the work tree is exactly the commit
    #[arg(long)]
    pub require_clean: bool,
    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

#[derive(Args, Debug)]
pub struct LogArgs {
    /// Only entries of this kind, e.g. run.finished
    #[arg(long, value_name = "K")]
    pub kind: Option<String>,
    /// At most N entries
    #[arg(short = 'n', long = "max-count", value_name = "N")]
    pub limit: Option<usize>,
}

#[derive(Args, Debug)]
pub struct ShowArgs {
    /// What to show
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// What to verify
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub trust: TrustArgs,
}

#[derive(Args, Debug)]
pub struct SyncArgs {
    /// Only fetch
    #[arg(long)]
    pub fetch: bool,
    /// Name of the git remote [default: the branch's, or the only one, or origin]
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,
    /// Show what would be published and fetched, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Whom to believe, for one call.
#[derive(Args, Debug, Default)]
pub struct TrustArgs {
    /// Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)
    #[arg(long, value_name = "FILE", env = "MLPROV_TRUST", hide_env = true)]
    pub trust: Option<String>,
    /// A signed checkpoint that the log must continue
    #[arg(long, value_name = "FILE")]
    pub min_checkpoint: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct KeyArgs {
    #[command(subcommand)]
    pub command: KeyCommand,
}

#[derive(Subcommand, Debug)]
pub enum KeyCommand {
    /// Show the public keys of this clone
    Show {
        /// Only the log's verifier key line
        #[arg(long)]
        vkey: bool,
    },
    /// Accept a log's key from now on
    Trust {
        /// Verifier key, as `mlprov key show --vkey` prints it
        #[arg(value_name = "VKEY")]
        vkey: String,
    },
    /// List who may write to this log
    List,
    /// Print your public key, for an admin of the log to admit
    Request,
    /// Let a key write to this log; you must be its admin
    Admit {
        /// Public key, as `mlprov key request` prints it
        #[arg(value_name = "KEY")]
        key: String,
        /// It may admit and revoke others, too
        #[arg(long)]
        admin: bool,
    },
    /// No longer let a key write; what it signed before stays valid
    Revoke {
        /// Key id, or the beginning of it (8 digits or more)
        #[arg(value_name = "KEYID")]
        key: String,
    },
    /// Replace your writer key in this log by a new one
    Rotate,
    /// Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST
    Export,
}

#[derive(Args, Debug)]
pub struct LedgerArgs {
    #[command(subcommand)]
    pub command: LedgerCommand,
}

#[derive(Subcommand, Debug)]
pub enum LedgerCommand {
    /// Size, root, and what is published
    Status,
    /// Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet
    Checkpoint,
    /// Prove that an entry stands in the log, as a file that can be checked offline
    #[command(after_help = "\
Examples:
  mlprov ledger prove latest -o run.tlog-proof
  mlprov ledger check-proof run.tlog-proof")]
    Prove {
        #[arg(value_name = "ID")]
        id: String,
        /// Write it here [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check such a file against the log's pinned key
    CheckProof {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// Derive everything again from the entries, and compare
    Audit {
        /// An exported copy instead of this clone's log
        #[arg(long, value_name = "DIR")]
        from_dir: Option<PathBuf>,
        /// Leave out the writers' signatures
        #[arg(long)]
        structure_only: bool,
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// Write the log as a static tlog-tiles directory that other clients read
    Export {
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Make tiles and lookups again from the journal
    Reindex,
    /// Let a copied or restored log go on under a new id
    #[command(after_help = "\
A log that was copied (cp -r), moved to another disk or machine, or restored from a backup is not written to:
its key could sign two histories. `adopt` takes all entries over into a new log, with a new id and key, whose
last entry names the old one. The old log is kept beside it.")]
    Adopt,
}

#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Where to make the throw-away project; it stays there
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct CompletionsArgs {
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
pub struct HookArgs {
    /// Name of the git hook
    pub name: String,
    /// What git passes to it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

#[derive(Args, Debug)]
pub struct MergeDriverArgs {
    /// File with the common version; empty if there is none
    pub base: PathBuf,
    /// File with our version; the result goes there
    pub ours: PathBuf,
    /// File with their version
    pub theirs: PathBuf,
    /// Path of the pointer below the root
    #[arg(allow_hyphen_values = true)]
    pub path: PathBuf,
}

/// Flags that confirm, force or weaken: only a person may set them, never a variable.
const WITHOUT_VARIABLE: [&str; 6] = ["yes", "no_hooks", "structure_only", "admin", "force", "help"];

/// The command line with its variables: `MLPROV_JSON`, `MLPROV_RUN_NAME`, …
pub fn command() -> clap::Command {
    let global = |arg: clap::Arg| with_variable(arg, "MLPROV");
    let mut command = Cli::command().mut_args(global);
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        let prefix = format!("MLPROV_{}", name.to_uppercase());
        command = command.mut_subcommand(name, |c| {
            let mut c = c.mut_args(|arg| with_variable(arg, &prefix));
            let below: Vec<String> = c.get_subcommands().map(|s| s.get_name().to_owned()).collect();
            for name in below {
                let prefix = format!("{prefix}_{}", name.to_uppercase().replace('-', "_"));
                c = c.mut_subcommand(name, |s| s.mut_args(|arg| with_variable(arg, &prefix)));
            }
            c
        });
    }
    command
}

fn with_variable(arg: clap::Arg, prefix: &str) -> clap::Arg {
    let id = arg.get_id().as_str().to_owned();
    let Some(long) = arg.get_long() else { return arg };
    if WITHOUT_VARIABLE.contains(&id.as_str())
        || arg.get_env().is_some()
        || arg.is_global_set() && prefix != "MLPROV"
    {
        return arg;
    }
    let variable = format!("{prefix}_{}", long.to_uppercase().replace('-', "_"));
    let is_flag = matches!(arg.get_action(), clap::ArgAction::SetTrue);
    let arg = arg.env(variable).hide_env(true);
    // `MLPROV_JSON=1`, `=yes`, `=true`; and `=0` means no.
    if is_flag { arg.value_parser(clap::builder::FalseyValueParser::new()) } else { arg }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn flags_that_confirm_have_no_variable() {
        let init = command().find_subcommand("init").unwrap().clone();
        let variable = |id: &str| {
            init.get_arguments().find(|a| a.get_id() == id).unwrap().get_env().map(ToOwned::to_owned)
        };
        assert_eq!(variable("yes"), None);
        assert_eq!(variable("no_hooks"), None);
        assert_eq!(variable("name").unwrap(), "MLPROV_INIT_NAME");
    }
}
