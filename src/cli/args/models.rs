//! Arguments of the commands about model packages.

use crate::domain::package::Image;
use clap::Args;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct BindArgs {
    /// The run that made the model
    #[arg(value_name = "RUN")]
    pub id: String,
    /// The model package, by its ARN
    #[arg(long, value_name = "ARN")]
    pub model_package: String,
    /// Bind it even if what it points to is no output of the run; the record says so, and it does not verify as the run's
    #[arg(long)]
    pub artefact_not_from_run: bool,
    /// Write nothing into a package that something else made
    #[arg(long)]
    pub no_write_back: bool,
}

#[derive(Args, Debug)]
pub struct ModelArgs {
    #[command(subcommand)]
    pub command: ModelCommand,
}

#[derive(Subcommand, Debug)]
pub enum ModelCommand {
    /// List the model packages, with their approval status
    List {
        /// Only those of this model package group
        #[arg(value_name = "GROUP")]
        group: Option<String>,
    },
    /// Show one: run, commit, data, and who decided what about it
    Show {
        /// ARN, or NAME/2
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Register a file or directory that a run made as a model package, and bind it to the run
    Register {
        /// What the run made; its bytes must be those of one of the run's outputs
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Model package group to register it in
        #[arg(long, value_name = "G")]
        model_group: String,
        /// The run
        #[arg(long, value_name = "RUN")]
        run: String,
        /// Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is
        /// not deployable as registered
        #[arg(long, value_name = "URI")]
        image: Option<Image>,
        /// Only show what would be registered, and where
        #[arg(long)]
        dry_run: bool,
    },
    /// Approve a model package, and record that you did
    Approve(DecisionArgs),
    /// Reject a model package, and record that you did; it does not verify from then on
    Reject(DecisionArgs),
}

#[derive(Args, Debug)]
pub struct DecisionArgs {
    /// ARN, or NAME/2
    #[arg(value_name = "ID")]
    pub id: String,
    /// What others should know of the decision; it stands in the ledger for ever (repeatable)
    #[arg(long = "note", value_name = "TEXT")]
    pub notes: Vec<String>,
}
