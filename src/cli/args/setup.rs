//! Arguments of the commands that set things up, share them and look after keys and ledger.

use super::runs::TrustArgs;
use crate::config::S3Place;
use clap::Args;
use clap::Subcommand;
use std::path::PathBuf;

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
    /// One ledger for all clones of a new project, in a bucket [default: a ledger of each clone's own]
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub ledger: Option<S3Place>,
    /// One store for the data of a new project, in a bucket that keeps versions [default: a store of each clone's own]
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub store: Option<S3Place>,
    /// Where model packages of a new project are registered [default: local]
    #[arg(long, value_name = "WHERE", value_parser = ["local", "sagemaker"])]
    pub registry: Option<String>,
    /// Region of the buckets and of SageMaker [default: as your AWS settings say]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Server that speaks S3, if it is not AWS; it goes into the project's settings
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Make what a new project needs in AWS first: a bucket for ledger and data, unless --ledger or --store name one
    #[arg(long)]
    pub aws: bool,
    /// Only show what would be made in AWS
    #[arg(long, requires = "aws")]
    pub plan: bool,
    /// KMS key (ARN, id or alias) of the bucket's default encryption [default: SSE-S3]
    #[arg(long, value_name = "KEY", requires = "aws")]
    pub kms_key: Option<String>,
    /// Sign checkpoints with a key of KMS that has this alias; it is made if there is none [default: a key file]
    #[arg(long, value_name = "alias/NAME", requires = "aws")]
    pub log_key: Option<String>,
    /// Turn on Object Lock, so that objects can be given a retention
    #[arg(long, requires = "aws")]
    pub object_lock: bool,
    /// Turn on Object Lock, and let nobody at all delete a version of data or a commit of the ledger for so many days
    #[arg(long, value_name = "DAYS", requires = "aws", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_days: Option<u32>,
    /// Have CloudTrail log what happens to the bucket; AWS charges for it, and the plan says what
    #[arg(long, requires = "aws")]
    pub trail: bool,
    /// Make a repository of CodeCommit, and add it as a git remote [default NAME: after the project]
    #[arg(long, value_name = "NAME", num_args = 0..=1, requires = "aws")]
    pub codecommit: Option<Option<String>>,
    /// Make an IAM policy for each role (reader, writer, publisher, auditor); it is attached to nobody
    #[arg(long, requires = "aws")]
    pub iam: bool,
}

#[derive(Args, Debug)]
pub struct MigrateArgs {
    /// Where the ledger is to go
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub ledger: Option<S3Place>,
    /// Where the data is to go; the bucket must keep versions
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub store: Option<S3Place>,
    /// Region of the new places [default: as your AWS settings say]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Server that speaks S3, if it is not AWS; it goes into the project's settings
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub plan: bool,
    /// Ask nothing; agree to what would be asked
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Args, Debug)]
pub struct SyncArgs {
    /// Only fetch
    #[arg(long)]
    pub fetch: bool,
    /// What a run with this capsule left here, and nothing else; no repository is needed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fetch", "remote", "all", "since", "dry_run"])]
    pub source: Option<PathBuf>,
    /// Name of the git remote [default: the branch's, or the only one, or origin]
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,
    /// Also record commits of other committers that no hook saw (in a CI job that records for all)
    #[arg(long, conflicts_with = "fetch")]
    pub all: bool,
    /// Look for commits that no hook saw only after this one
    #[arg(long, value_name = "REV", conflicts_with = "fetch")]
    pub since: Option<String>,
    /// Show what would be published and fetched, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Args, Debug)]
pub struct PullArgs {
    /// Only this data [default: all that the pointers in the work tree name]
    #[arg(value_name = "PATH|GLOB")]
    pub paths: Vec<PathBuf>,
    /// Name of the git remote [default: the branch's, or the only one, or origin]
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,
    /// Overwrite files that were changed and are stored nowhere
    #[arg(long)]
    pub force: bool,
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
    Checkpoint {
        /// Of a shared ledger: fetch what others committed, and sign it for all (needs the log's key; for a CI job)
        #[arg(long)]
        publish: bool,
    },
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
        /// Also read everything that the bucket of a shared ledger holds, from its first object on
        #[arg(long, conflicts_with = "from_dir")]
        remote: bool,
        /// Also look for objects that were overwritten or deleted there
        #[arg(long, requires = "remote")]
        versions: bool,
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
pub struct DoctorArgs {
    /// Also ask the buckets of ledger and store for what is relied on
    #[arg(long)]
    pub remote: bool,
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
pub struct HooksArgs {
    #[command(subcommand)]
    pub command: HooksCommand,
}

const HOOKS: [&str; 6] =
    ["post-commit", "post-merge", "post-rewrite", "post-applypatch", "pre-push", "commit-msg"];

#[derive(Subcommand, Debug)]
pub enum HooksCommand {
    /// Put our block into every hook file, or bring it up to date
    Install {
        /// Only this hook (repeatable)
        #[arg(long = "hook", value_name = "NAME", value_parser = HOOKS)]
        hooks: Vec<String>,
    },
    /// Take our block out of every hook file; what others wrote stays
    Uninstall {
        /// Only this hook (repeatable)
        #[arg(long = "hook", value_name = "NAME", value_parser = HOOKS)]
        hooks: Vec<String>,
    },
    /// Show which hooks are installed, and where; exit code 1 if one is missing
    Status,
}
