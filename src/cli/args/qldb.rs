//! Arguments of `qldb`: what Amazon QLDB left behind.

use clap::Args;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct QldbArgs {
    #[command(subcommand)]
    pub command: QldbCommand,
}

#[derive(Subcommand, Debug)]
pub enum QldbCommand {
    /// Verify a journal export, without Amazon's service
    #[command(after_help = "\
Examples:
  mlprov qldb verify-export export/                              its chain of blocks, and all that they hash
  mlprov qldb verify-export export/ --digest digest.json         also that it is the journal of that digest
  mlprov qldb verify-export export/ --digest digest.json --proof block.json    of an export that begins later than block 0
  aws s3 cp s3://BUCKET/KEY - | mlprov qldb verify-export -      one file, or several one behind the other

Reads Ion text and Ion binary, in the memory of one block. JSON exports cannot be verified: what was hashed is lost in them.
A directory is as `aws s3 cp --recursive` makes it, with its manifests; name the completed manifest if there are more exports
than one. D is base64, or a file with it, or with what `aws qldb get-digest` printed; then the digest's block is known as well.
F is a file with what `aws qldb get-block` or `get-revision` printed, or with the proof in Ion alone.

Without a digest, nothing shows that it is QLDB's own journal: whoever can write all of it can compute all of its hashes.
Exit code 0 if all is sound, and a given digest was reached; 1 at the first fault, whose block is told; 3 if there is no block,
the digest cannot be reached from here, or the export is JSON.")]
    VerifyExport(VerifyExportArgs),
}

#[derive(Args, Debug)]
pub struct VerifyExportArgs {
    /// Directory, data files in the order of their blocks, a completed manifest, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Digest of the ledger, saved while it lived: base64, or a file
    #[arg(long, value_name = "D")]
    pub digest: Option<String>,
    /// Proof of a block or revision, which leads to the digest
    #[arg(long, value_name = "F", requires = "digest")]
    pub proof: Option<PathBuf>,
}
