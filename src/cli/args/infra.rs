//! Arguments of the command that looks after an account's resources.

use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;

#[derive(Args, Debug)]
pub struct InfraArgs {
    #[command(subcommand)]
    pub command: InfraCommand,
}

#[derive(Subcommand, Debug)]
pub enum InfraCommand {
    /// Show what differs between the account and what it shall be; changes nothing
    Plan {
        /// Exit with 1 if something differs
        #[arg(long)]
        exit_code: bool,
    },
    /// Make it so, after showing the plan; called again after an interruption it goes on
    Apply {
        /// Ask nothing; make the changes
        #[arg(short, long)]
        yes: bool,
        /// Also make an IAM policy for each role, and write `iam = true` into the settings; it is attached to nobody
        #[arg(long)]
        iam: bool,
    },
    /// Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay
    Destroy {
        /// Ledger, data and the log's key, too: they cannot be brought back
        #[arg(long)]
        including_data: bool,
        /// Ask nothing; delete it. With --including-data the project's name is needed all the same
        #[arg(short, long)]
        yes: bool,
        /// The project's name, where there is no terminal to type it on
        #[arg(long, value_name = "NAME", requires = "including_data")]
        confirm: Option<String>,
    },
    /// Print the same for another tool, which then applies it; asks nobody
    Export {
        #[arg(long, value_enum, value_name = "FORMAT")]
        format: InfraFormat,
    },
    /// Show what there is, whoever made it
    Show {
        /// Print the IAM policy of a role instead: no more than it needs
        #[arg(long, value_enum, value_name = "ROLE")]
        policy: Option<RoleName>,
    },
}

/// Tools that apply it.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum InfraFormat {
    Terraform,
    #[value(name = "cloudformation")]
    CloudFormation,
    Pulumi,
}

/// Who does what with a project's buckets.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleName {
    Reader,
    Writer,
    Publisher,
    Auditor,
}
