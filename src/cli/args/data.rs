//! Arguments of the commands that handle data.

use clap::Args;
use std::path::PathBuf;

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
    /// With s3://BUCKET/PREFIX: record what lies there already, by its versions, as a dataset at this path
    #[arg(long = "as", value_name = "PATH", conflicts_with_all = ["globs", "append", "dry_run", "repair", "no_upload"])]
    pub at: Option<PathBuf>,
    /// With --as: read every byte once, so that the record says what they are
    #[arg(long, requires = "at")]
    pub deep: bool,
    /// With --as: ask S3 for the checksum of each object (one request each)
    #[arg(long, requires = "at")]
    pub checksums: bool,
    /// With --as: have the server copy everything into the project's own store, and record the copies
    #[arg(long, requires = "at", conflicts_with = "allow_mutable")]
    pub copy: bool,
    /// With --as: also objects without versions, which can be overwritten; `verify` never says more than incomplete
    #[arg(long, requires = "at")]
    pub allow_mutable: bool,
    /// Keep what is new in this clone until the next `mlprov sync`
    #[arg(long)]
    pub no_upload: bool,
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
