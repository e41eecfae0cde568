//! The command line, as `mlprov --help` tells it.

pub mod audit;
pub mod data;
pub mod infra;
pub mod models;
pub mod qldb;
pub mod runs;
pub mod setup;
mod variables;

pub use audit::*;
pub use data::*;
pub use infra::*;
pub use models::*;
pub use qldb::*;
pub use runs::*;
pub use setup::*;
pub use variables::command;
pub use variables::command_of;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
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
  mlprov init --ledger s3://BUCKET/fraud    one ledger for all clones, in a bucket
  mlprov init --aws --plan      what it would make in AWS: a bucket for ledger and data, and all its settings

Makes .mlprov/config.toml (commit it), a ledger and a store below the git directory, your keys in your own
directories, and git hooks. Running it again changes nothing. In a clone it makes a log of the clone's own,
or asks to use the project's.")]
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
  mlprov diff r-1a2b3c4d latest     two runs: also their code, parameters, metrics and environment
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
    Run(Box<RunArgs>),
    /// Runs where there is no repository: what they need of this one
    #[command(after_help = "\
Example, and then on the other machine, without a repository:
  mlprov source export -o source.json
  MLPROV_WRITER_KEY=run.pem mlprov run --source source.json -o model -- python train.py

docs/source.md has the recipe for SageMaker training jobs.")]
    Source(SourceArgs),
    /// Model packages: list, show, register, approve, reject
    #[command(after_help = "\
Examples:
  mlprov model register model.pkl --model-group fraud --run latest
  mlprov model list
  mlprov model approve fraud/2 --note 'reviewed by the risk board'
  mlprov verify fraud/2

ID is an ARN, or NAME/2: the second package of the group that this log binds. Every registration, approval and rejection
is one entry of the ledger. What somebody changed in the registry itself is a finding of `verify`, until `mlprov sync`
recorded it.")]
    Model(ModelArgs),
    /// Bind a model package that is in the registry already to the run that made it
    #[command(after_help = "\
Example: mlprov bind r-1a2b3c4d --model-package ARN

One entry repeats commit, tree, data versions and run beside the ARN. The package's model must be an output of the run;
what mlprov did not register is read from where the package points to.")]
    Bind(BindArgs),
    /// Show what was recorded, newest first; runs filtered, sorted, side by side
    #[command(after_help = "\
Examples:
  mlprov log -n 20
  mlprov log --where 'metrics.acc > 0.9 and params.lr = 0.01' --sort -metrics.acc
  mlprov log --sweep grid --table         what differed, and what came of it
  mlprov log --csv > runs.csv
  mlprov log --config params.yaml --key lr

Fields: metrics.NAME, params.NAME, status, name, sweep, commit, time. Numbers compare as numbers; a run without the
field does not match.")]
    Log(Box<LogArgs>),
    /// Show all that is recorded about a run, commit, entry or model
    #[command(after_help = ID_HELP)]
    Show(ShowArgs),
    /// Show the lineage: what something came from, and what came of it
    #[command(after_help = GRAPH_HELP)]
    Graph(GraphArgs),
    /// Lay a run out again: commit, patch, configuration, data; and run it again
    #[command(after_help = "\
Examples:
  mlprov reproduce latest --to ../again
  mlprov reproduce r-1a2b3c4d --to ../again --execute

Makes a git work tree at the commit, applies what differed from it, restores the inputs (every byte hashed), lists how
this machine differs, and prints the command. With --execute the exit code is 0 only if the run completes and
outputs and metrics are the same; its secrets, and what was not recorded, are up to you.")]
    Reproduce(ReproduceArgs),
    /// Check every link of a binding; the exit code is the gate
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// Ask witnesses that mlprov does not make
    Audit(AuditArgs),
    /// Fetch what others recorded, and restore the data that the pointers name
    #[command(after_help = "\
Examples:
  git pull && mlprov pull
  mlprov pull data/train

The same as `mlprov sync --fetch` and then `mlprov restore`. Exit code 1 if a log was rolled back or rewritten since it
was last seen; then no data is restored.")]
    Pull(PullArgs),
    /// Publish what waits, and fetch what others recorded
    #[command(
        visible_alias = "push",
        after_help = "\
Examples:
  mlprov sync                   publish, and fetch
  mlprov sync --fetch           only fetch
  mlprov sync -n                show what would be done

Uploads data that waits for a store in a bucket, and delivers what waits for a ledger there. A log of this clone's
own goes through the git remote: refs/mlprov/logs/<log id> (entries, tiles, manifests; no data) and checkpoints
in refs/notes/mlprov/<log id>; never by force. A log of another clone is read by log, show and verify, and
counts in verify once you trust its key (`mlprov key trust`). Exit code 1 if a log was rolled back or
rewritten since it was last seen."
    )]
    Sync(SyncArgs),
    /// Move the project: its ledger, its data or both into a bucket, or into another one
    #[command(after_help = MIGRATE_HELP)]
    Migrate(MigrateArgs),
    /// Show keys, and trust the logs of others
    Key(KeyArgs),
    /// The log itself: state, checkpoints, proofs, audit, export
    Ledger(LedgerArgs),
    /// The buckets of ledger and data: what they shall be, what they are, and making them so
    #[command(after_help = "\
Examples:
  mlprov infra plan                     what differs; with --exit-code 1 if anything does
  mlprov infra apply                    shows it, asks, and makes it so
  mlprov infra show --policy writer     the IAM policy of somebody who records
  mlprov infra export --format terraform > main.tf.json

The buckets are those of [ledger] and [store] in .mlprov/config.toml; [aws] there has the choices. Only what differs is
changed, and statements, rules and tags that are not mlprov's are left alone. Only destroy deletes anything.")]
    Infra(InfraArgs),
    /// Check whether everything is as it should be, and what to do
    #[command(after_help = "\
Examples:
  mlprov doctor                 git, settings, keys, ledger, store, hooks; opens no socket
  mlprov doctor --remote        also the buckets of ledger and store, and their servers

Changes nothing. With --remote it writes objects below PREFIX/ledger/inbox/probe-…, and removes them again.
Exit code 1 if there is a problem; 3 if there is none, and something could not be checked.")]
    Doctor(DoctorArgs),
    /// What Amazon QLDB left behind
    Qldb(QldbArgs),
    /// The whole story in a throw-away project, with tampering at the end
    Demo(DemoArgs),
    /// Print a completion script for your shell
    #[command(
        after_help = "Example: mlprov completions bash > ~/.local/share/bash-completion/completions/mlprov"
    )]
    Completions(CompletionsArgs),
    /// The git hooks that record commits: install, remove, check
    #[command(after_help = "\
Examples:
  mlprov hooks status             exit code 1 if one is missing
  mlprov hooks install            again after another tool wrote its own
  mlprov hooks uninstall

Each hook file gets a marked block; what others wrote in it stays and runs after it. core.hooksPath, husky, lefthook
and the pre-commit framework are followed (docs/hooks.md). MLPROV_SKIP=1 records nothing for one command.")]
    Hooks(HooksArgs),
    /// Called by the git hooks
    #[command(hide = true)]
    Hook(HookArgs),
    /// Called by git to merge pointers
    #[command(hide = true)]
    MergeDriver(MergeDriverArgs),
}

impl Command {
    /// Whether it is told to answer in JSON by a flag of its own.
    pub fn wants_json(&self) -> bool {
        matches!(self, Command::Graph(GraphArgs { format: Some(GraphFormat::Json), .. }))
    }
}

const MIGRATE_HELP: &str = "\
Examples:
  mlprov migrate --ledger s3://BUCKET/fraud --store s3://BUCKET/fraud --plan     what would be done
  mlprov migrate --ledger s3://BUCKET/fraud --store s3://BUCKET/fraud            asks, and does it
  mlprov migrate                                                                 goes on after an interruption;
                                      in a clone whose own log stayed behind: its entries go into the common one

Every entry is copied byte for byte, in order: same log, same root. The data goes along, and the log says where it is
now. Nothing is deleted in the old place, and nothing recorded there any more. The settings change last, after an
audit of both places; commit them, so that other clones follow (git pull, mlprov init). The log's key is needed.";

const ID_HELP: &str = "\
ID is a full id, r-1a2b3c4d (run), e-1a2b3c4d (entry), any part of those digits from 4 on, a commit, tag or
HEAD, `latest` (run), a model package ARN or NAME/2, or a file (found by its content).";

const GRAPH_HELP: &str = "\
Examples:
  mlprov graph latest                     code and data of the last run, what made that data, what came of it
  mlprov graph data/train.csv             every run and model that came of a file, by its content
  mlprov graph -n 20                      all that is recorded, of the runs the newest 20
  mlprov graph --format dot | dot -Tsvg > lineage.svg
  mlprov graph fraud/2 --format mermaid   for Markdown

ID is as for `mlprov show`, or a dataset: its path (all its versions), or the first digits of one version (b3:1a2b3c).
What merely shares a commit or a dataset with it is left out. A content is one node wherever it lies: what one run made
and another read meets there. (*): it was told of further up.

Signatures are not checked here: `mlprov verify` checks them.";

const VERIFY_HELP: &str = "\
Examples:
  mlprov verify latest
  mlprov verify HEAD && ./release.sh

ID is a full id, r-1a2b3c4d (run), e-1a2b3c4d (entry), any part of those digits from 4 on, a commit, tag or
HEAD, `latest` (run), a model package ARN or NAME/2, or a file (found by its content).

Every stored byte is read and hashed again. Exit code 0 only if all links are intact, the run completed and
nothing later in the log speaks against it; 1 if something is altered, missing or failed; 3 if something
could not be checked.";
