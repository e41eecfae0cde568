//! Arguments of the commands that record, show and verify.

use crate::domain::filter::Filter;
use crate::domain::package::Image;
use crate::domain::requirement::Requirement;
use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct RunArgs {
    #[command(subcommand)]
    pub apart: Option<RunCommand>,
    #[command(flatten)]
    pub flags: RunFlags,
    /// Run in a temporary work tree of its own, so that others can go on meanwhile
    #[arg(long, conflicts_with = "source")]
    pub worktree: bool,
    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

#[derive(Subcommand, Debug)]
pub enum RunCommand {
    /// Begin a run that wraps no command (notebooks, jobs); prints its id
    #[command(after_help = "\
Example:
  RUN=$(mlprov run begin -d data -o model.pkl) && python train.py && mlprov run end $RUN")]
    Begin(Box<RunBeginArgs>),
    /// End a run that was begun so
    End(RunEndArgs),
}

#[derive(Args, Debug)]
pub struct RunBeginArgs {
    #[command(flatten)]
    pub flags: RunFlags,
    /// The process whose end is the run's end, if nobody ends it before; it then counts as UNKNOWN
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
}

#[derive(Args, Debug)]
pub struct RunEndArgs {
    /// The run
    #[arg(value_name = "RUN")]
    pub id: String,
    /// How it ended [default: by the exit code, else COMPLETE]
    #[arg(long, value_name = "STATUS", value_parser = ["COMPLETE", "FAIL", "ABORT", "UNKNOWN"])]
    pub status: Option<String>,
    /// Capsule that the run was begun with
    #[arg(long, value_name = "FILE")]
    pub source: Option<PathBuf>,
    /// Directory that it was begun with
    #[arg(long, value_name = "DIR", requires = "source")]
    pub root: Option<PathBuf>,
    /// Exit code of what ran
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub exit_code: Option<i32>,
}

#[derive(Args, Debug)]
pub struct RunFlags {
    /// Name of the run
    #[arg(short, long)]
    pub name: Option<String>,
    /// Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)
    #[arg(short = 'd', long = "input", value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// File or directory that the command makes (repeatable)
    #[arg(short = 'o', long = "output", value_name = "OUT")]
    pub outputs: Vec<PathBuf>,
    /// Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)
    #[arg(short = 'm', long = "metrics", value_name = "METRICS")]
    pub metrics: Vec<PathBuf>,
    /// Parameters file: JSON, YAML or TOML (repeatable)
    #[arg(short = 'p', long = "params", value_name = "PARAMS")]
    pub params: Vec<PathBuf>,
    /// Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)
    #[arg(short = 'S', long = "set-param", value_name = "K=V")]
    pub set: Vec<String>,
    /// What a metric must reach, as in 'acc >= 0.9'; else the run fails (repeatable)
    #[arg(long = "require", value_name = "EXPR")]
    pub requirements: Vec<Requirement>,
    /// Name of the sweep that the run belongs to
    #[arg(long, value_name = "NAME")]
    pub sweep: Option<String>,
    /// Read every input again, also those that were not touched since they were read
    #[arg(long)]
    pub rehash: bool,
    /// Do not keep what the command prints (else its last 1 MiB, without secrets)
    #[arg(long)]
    pub no_log: bool,
    /// Model file that the command makes; it is registered as a model package
    #[arg(long, value_name = "FILE", requires = "model_group")]
    pub model: Option<PathBuf>,
    /// Model package group to register it in
    #[arg(long, value_name = "G", requires = "model")]
    pub model_group: Option<String>,
    /// Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not
    /// deployable as registered
    #[arg(long, value_name = "URI", requires = "model")]
    pub image: Option<Image>,
    /// Refuse to run unless the work tree is exactly the commit
    #[arg(long)]
    pub require_clean: bool,
    /// Capsule of `mlprov source export`: code and data are as it says, and no repository is needed
    #[arg(long, value_name = "FILE")]
    pub source: Option<PathBuf>,
    /// Directory that holds all paths of the run [default: where it stands]
    #[arg(long, value_name = "DIR", requires = "source")]
    pub root: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct SourceArgs {
    #[command(subcommand)]
    pub command: SourceCommand,
}

#[derive(Subcommand, Debug)]
pub enum SourceCommand {
    /// Write a signed capsule of code, data, ledger and store, and make a key that may record one run
    #[command(after_help = "\
Example:
  mlprov source export -o source.json --valid-for 12h

The capsule holds no secret. The key is in a file of its own, below your own directories; hand it to the job as
MLPROV_WRITER_KEY, its text or the name of a file that holds it. It may record the start and the end of one run, with this
code, as long as it is valid; `mlprov key revoke` ends it at once. Only the datasets of the commit count as data.")]
    Export(SourceExportArgs),
    /// Let the key of a capsule record for longer; the capsule stays as it is
    #[command(after_help = "Example: mlprov source extend source.json --valid-for 24h")]
    Extend(SourceExtendArgs),
}

#[derive(Args, Debug)]
pub struct SourceExtendArgs {
    /// The capsule
    #[arg(value_name = "FILE")]
    pub capsule: PathBuf,
    /// How long, from now on: a number with s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "48h", value_parser = seconds)]
    pub valid_for: u64,
}

#[derive(Args, Debug)]
pub struct SourceExportArgs {
    /// Where the capsule goes
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// How long the key may record: a number with s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "48h", value_parser = seconds)]
    pub valid_for: u64,
    /// Refuse unless the work tree is exactly the commit
    #[arg(long)]
    pub require_clean: bool,
}

/// `90m` as seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let bad = || format!("{text:?} is not a number with s, m, h or d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(bad)?;
    let each = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let each = each.into_iter().find(|(name, _)| *name == unit).map(|(_, each)| each).ok_or_else(bad)?;
    let number: u64 = number.parse().map_err(|_| bad())?;
    const YEAR: u64 = 366 * 86_400;
    let seconds = number.checked_mul(each).filter(|seconds| *seconds > 0).ok_or_else(bad)?;
    if seconds > YEAR { Err("a key for one run holds for a year at most".to_owned()) } else { Ok(seconds) }
}

#[derive(Args, Debug)]
pub struct LogArgs {
    /// Only entries of this kind, e.g. run.finished
    #[arg(long, value_name = "K")]
    pub kind: Option<String>,
    /// Only runs for which this is true, as in 'metrics.acc > 0.9 and params.lr = 0.01'
    #[arg(long = "where", value_name = "EXPR", conflicts_with_all = ["kind", "config"])]
    pub filter: Option<Filter>,
    /// Only runs that read this dataset (its path, or the first digits of its root)
    #[arg(long, value_name = "D", conflicts_with_all = ["kind", "config"])]
    pub dataset: Option<String>,
    /// Only runs that began from this commit
    #[arg(long, value_name = "C", conflicts_with_all = ["kind", "config"])]
    pub commit: Option<String>,
    /// Only runs that made a model of this group, or this model package
    #[arg(long, value_name = "M", conflicts_with_all = ["kind", "config"])]
    pub model: Option<String>,
    /// Only runs of this sweep
    #[arg(long, value_name = "S", conflicts_with_all = ["kind", "config"])]
    pub sweep: Option<String>,
    /// Sort runs by a field, as in metrics.acc; with - before it the largest first
    #[arg(long, value_name = "F", allow_hyphen_values = true, conflicts_with_all = ["kind", "config"])]
    pub sort: Option<String>,
    /// Runs as a table of the parameters that differ, and all metrics
    #[arg(long, conflicts_with_all = ["kind", "config"])]
    pub table: bool,
    /// Runs as CSV, with all parameters and metrics
    #[arg(long, conflicts_with_all = ["kind", "config", "table"])]
    pub csv: bool,
    /// Who changed this configuration file, when, in which commit, and which runs used it
    #[arg(long, value_name = "PATH", conflicts_with = "kind")]
    pub config: Option<PathBuf>,
    /// Only changes of this value in it, as in `optimizer.lr`
    #[arg(long, value_name = "K", requires = "config")]
    pub key: Option<String>,
    /// At most N entries
    #[arg(short = 'n', long = "max-count", value_name = "N")]
    pub limit: Option<usize>,
}

#[derive(Args, Debug)]
pub struct ReproduceArgs {
    /// The run
    #[arg(value_name = "RUN")]
    pub id: String,
    /// Where to; it must not exist, or be empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Run the command there, with this run as its parent, and compare what it made
    #[arg(long)]
    pub execute: bool,
}

#[derive(Args, Debug)]
pub struct ShowArgs {
    /// What to show
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Args, Debug)]
pub struct GraphArgs {
    /// What to begin at [default: all that is recorded]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Form of the answer; json is the same as --json [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<GraphFormat>,
    /// At most N runs, the newest
    #[arg(short = 'n', long = "max-count", value_name = "N")]
    pub limit: Option<usize>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphFormat {
    Text,
    Dot,
    Mermaid,
    Json,
}

#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// What to verify
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// Read every byte and hash it again, also of versions in S3, of which otherwise size and stored checksum are checked
    #[arg(long)]
    pub deep: bool,
    #[command(flatten)]
    pub trust: TrustArgs,
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
pub struct HookArgs {
    /// Name of the git hook
    pub name: String,
    /// What git passes to it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}
