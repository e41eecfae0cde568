//! Arguments of `qldb`: what Amazon QLDB left behind.

use clap::Args;
use clap::Subcommand;
use std::net::SocketAddr;
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
    /// Serve QLDB's protocols, for programs that use the official drivers
    #[command(after_help = "\
Examples:
  mlprov qldb serve --dir ledgers                       at http://127.0.0.1:8901, for this machine alone
  AWS_ENDPOINT_URL_QLDB=http://127.0.0.1:8901 aws qldb create-ledger --name L --permissions-mode ALLOW_ALL
  AWS_ENDPOINT_URL_QLDB_SESSION=http://127.0.0.1:8901 python program.py     a program with pyqldb

Sessions, transactions, PartiQL and the control plane as docs/qldb.md describes them; the rest is refused with a sentence. A
commit is answered when it is on the disk. --access-keys names a JSON file {\"ACCESS KEY\": \"SECRET\"}: then requests must be signed
(AWS Signature Version 4). Without it nothing is checked, so only this machine's addresses are listened on. There is no TLS.")]
    Serve(ServeArgs),
}

#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Directory that the ledgers lie in
    #[arg(long, value_name = "D", default_value = "qldb")]
    pub dir: PathBuf,
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8901")]
    pub listen: SocketAddr,
    /// File with the access keys that may ask, and their secrets
    #[arg(long, value_name = "FILE")]
    pub access_keys: Option<PathBuf>,
    /// Seconds after which a transaction expires, with its session
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub transaction_timeout: u64,
    /// Seconds after which a session expires
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub session_timeout: u64,
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
