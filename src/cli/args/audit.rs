//! Arguments of `audit`: what others saw.

use clap::Args;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Read what CloudTrail saw of a run's data versions and model package
    #[command(after_help = "\
Examples:
  mlprov audit cloudtrail latest                           the trail of `mlprov infra`
  mlprov audit cloudtrail latest --bucket s3://my-trail
  aws cloudtrail list-public-keys --start-time 2026-11-01 > keys.json
  mlprov audit cloudtrail latest --bucket s3://my-trail --public-keys keys.json    asks only S3

Of each version that the run binds: who wrote it, when, from where, and what happened to it since. Digest files are checked
(signature, chain), and log files against them. Exit code 1 if a version was deleted, or what was delivered is not as CloudTrail
signed it; 3 if no event was found of something, or it is not validated.")]
    Cloudtrail(CloudtrailArgs),
}

#[derive(Args, Debug)]
pub struct CloudtrailArgs {
    /// The run
    #[arg(value_name = "RUN")]
    pub id: String,
    /// Bucket that the trail delivers to, with the prefix before AWSLogs/ [default: that of [aws] trail]
    #[arg(long, value_name = "s3://BUCKET[/PREFIX]")]
    pub bucket: Option<String>,
    /// What `aws cloudtrail list-public-keys` printed of the trail's regions (repeatable) [default: CloudTrail is asked]
    #[arg(long, value_name = "FILE")]
    pub public_keys: Vec<PathBuf>,
    /// From this time on, as in 2026-11-20T00:00:00Z [default: an hour before the log first names the data]
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}
