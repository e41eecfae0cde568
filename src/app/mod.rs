//! VERBS: the use cases. Requests and ports in, reports out; nothing here prints, parses arguments or
//! knows a backend.

pub mod capsule;
pub mod cloudtrail;
pub mod commit;
pub mod data;
pub mod declare;
pub mod delivery;
pub mod destroy;
pub mod diff;
pub mod doctor;
pub mod graph;
pub mod history;
pub mod hooks;
mod identity;
pub mod index;
pub mod infra;
pub mod init;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod logs;
pub mod ls;
pub mod merge;
pub mod migrate;
pub mod model;
pub mod qldb;
pub mod query;
pub mod record;
pub mod remote;
pub mod reproduce;
pub mod resolve;
pub mod restore;
pub mod run;
pub mod runs;
pub mod seen;
pub mod select;
pub mod show;
pub mod status;
pub mod storage;
pub mod sync;
pub mod track;
pub mod untrack;
pub mod verify;
pub mod version;

use crate::app::data::DatasetRecord;
use crate::config::Config;
use crate::config::ConfigError;
use crate::config::UserDirs;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Digests;
use crate::domain::ids::EntryId;
use crate::domain::path::RepoPath;
use crate::durable::DurableError;
use crate::git::GitError;
use crate::git::repo::Repo;
use crate::ledger::FormatError;
use crate::ledger::batch::EntryError;
use crate::outbox::Outbox;
use crate::ports::StoreError;
use crate::ports::clock::Clock;
use crate::ports::index::QueryIndex;
use crate::ports::model_registry::ModelRegistry;
use crate::ports::object_store::ObjectStore;
use crate::ports::provision::Ledger;
use crate::ports::provision::Provision;
use crate::ports::source::Sources;
use crate::trust::pins::Pins;
use crate::worktree::problem::ScanError;
use std::cell::Cell;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// Why a use case could not do its work. The edge adds the sentence and the hint.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Durable(#[from] DurableError),
    #[error(transparent)]
    Scan(#[from] ScanError),
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The repository is a project, but this clone has no ledger yet.
    #[error("this clone has not joined project {name:?} yet")]
    NotJoined { name: String },
    /// The clone's ledger belongs to another project than its config.
    #[error("the ledger of this clone belongs to project {ledger}, but {config_file} names {config}")]
    OtherProject { ledger: String, config: String, config_file: &'static str },
    /// Nothing recorded here has this id.
    #[error("nothing recorded here is named {id:?}")]
    UnknownId { id: String },
    /// It was not begun with `run begin`, or has ended.
    #[error("run {run} is not open")]
    NotOpen { run: String },
    /// Its outputs lie in another work tree of the repository.
    #[error("run {run} was begun in the work tree {}", root.display())]
    OtherWorkTree { run: String, root: PathBuf },
    #[error("a work tree for the run cannot be laid out: {why}")]
    NoWorkTree { why: String },
    #[error("commit {commit} is not in this repository")]
    NoCommit { commit: String },
    /// Something of the run cannot be had again.
    #[error("run {run} cannot be laid out again: {why}")]
    NotReproducible { run: String, why: String },
    /// A run that goes on writes the same path.
    #[error("run {run} (pid {pid} on {host}) writes {path} as well, and goes on")]
    Busy { path: String, run: String, host: String, pid: u32 },
    #[error("commit {commit} is not recorded yet: it waits for {}", waits_for(data))]
    Waiting { commit: String, data: Vec<String> },
    #[error("{id:?} could mean {}", candidates.join(", "))]
    AmbiguousId { id: String, candidates: Vec<String> },
    #[error("{} is outside the repository {}", path.display(), root.display())]
    OutsideRepository { path: PathBuf, root: PathBuf },
    #[error("{} is the repository itself", root.display())]
    WholeRepository { root: PathBuf },
    /// git already holds files there; they cannot be data as well.
    #[error("git already tracks {first}")]
    TrackedByGit { path: String, first: String },
    /// A dataset cannot lie in another one.
    #[error("{path} lies in (or around) the dataset {dataset}")]
    InsideDataset { path: String, dataset: String },
    /// Only a whole dataset has a pointer.
    #[error("{path} is part of the dataset {dataset}")]
    PartOfDataset { path: String, dataset: String },
    #[error("{path} is not tracked")]
    NotTracked { path: String },
    /// Nothing of the version asked for has this path.
    #[error("there is no data at {word} in {version}")]
    NothingThere { word: String, version: String },
    /// The list of a dataset's files is not stored in this clone.
    #[error("the manifest of {dataset} ({manifest}) is not in the store of this clone")]
    NoManifest { dataset: RepoPath, manifest: Blake3Hash },
    /// Contents that no version here holds. All of them.
    #[error("{} of the files are not in the store of this clone; nothing was written", files.len())]
    NotHere { files: Vec<RepoPath> },
    /// Stored versions that do not have their hash: file, and what was found. `word`: what `verify` is asked about.
    #[error("{} of the files are damaged in the store; nothing was written", files.len())]
    DamagedHere { files: Vec<(RepoPath, String)>, word: String },
    /// Files that are stored nowhere, and would be overwritten. `dataset`: one of those in the work tree.
    #[error("{} of the files were changed and are stored nowhere; nothing was written", files.len())]
    LocalChanges { files: Vec<RepoPath>, dataset: Option<RepoPath> },
    /// Something stands where a file or directory has to be.
    #[error("{what} is in the way: {}", path.display())]
    InTheWay { path: PathBuf, what: &'static str },
    /// git's index holds no conflict at this pointer.
    #[error("git holds no conflict at {path}")]
    NoConflict { path: String },
    /// A version whose files or sizes are known neither here nor by a published log.
    #[error("{path}: the manifest of {side}, {root}, is not here, nor in a log that was fetched")]
    UnknownManifest { path: String, side: &'static str, root: Blake3Hash },
    /// A pointer in the work tree that cannot be read.
    #[error("the pointer {path} cannot be used: {why}")]
    BadPointer { path: String, why: String },
    /// An entry with this id and another payload is in the log.
    #[error("entry {id} is already recorded (at index {index}) with other content")]
    IdConflict { id: EntryId, index: u64 },
    /// More than the record allows.
    #[error("{what}: {found}, and the record allows {allowed}")]
    TooMuch { what: &'static str, found: usize, allowed: usize },
    /// Other writers kept winning, or the outcome stayed unknown.
    #[error("the entry could not be committed: {why}")]
    NotCommitted { why: String },
    /// A parameter, metric or output file of a run.
    #[error("{what} {}: {why}", path.display())]
    RunFile { what: &'static str, path: PathBuf, why: String },
    #[error("the work tree differs from commit {commit}")]
    NotClean { commit: String },
    /// A question that only the user may answer, and no terminal to ask on. `command` asks nothing.
    #[error("{question} (there is no terminal to ask on)")]
    NeedsAnswer { question: String, command: &'static str },
    #[error("there is no such directory: {}", path.display())]
    NoDirectory { path: PathBuf },
    /// The log is where it was, and continues what was signed.
    #[error("there is nothing to adopt: this log is sound, and in its own place")]
    NothingToAdopt,
    /// No key of this log is pinned, so nothing of it can be believed.
    #[error("no key of the log {origin} is pinned by you")]
    Unpinned { origin: String },
    /// Objects that can be overwritten, without anybody seeing it.
    #[error(
        "{objects} of the objects at {place} have no versions: they could be overwritten, and nobody would see it"
    )]
    Mutable { place: String, objects: u64 },
    /// Only its versions are known, and not its bytes.
    #[error("{dataset} is declared: it lies in {place}, and is not stored by this project")]
    DeclaredOnly { dataset: String, place: String },
    /// git does not know this revision.
    #[error("git knows no commit {rev:?} here")]
    UnknownRevision { rev: String },
    /// What this user trusts cannot be read, so nothing may be judged by it.
    #[error("{}: {why}", path.display())]
    BadPins { path: PathBuf, why: String },
    /// A program that mlprov calls is not installed, or does not work.
    #[error("{program} is needed for {why}, and could not be used")]
    NoProgram { program: &'static str, why: &'static str },
    #[error("{} is not empty", path.display())]
    NotEmpty { path: PathBuf },
    /// The log does not admit this user's writer key.
    #[error("this log does not admit your writer key {}", key.short())]
    NotAdmitted { key: crate::domain::digest::KeyId },
    /// Entries of this clone's own log are signed by it, and are to go to another one.
    /// `retired`: it is not the key that signs here now.
    #[error("the log in {place} does not admit {key}, which signed entries here", key = key.short())]
    NotAdmittedThere { place: String, key: crate::domain::digest::KeyId, public: String, retired: bool },
    /// Only an admin of the log may admit and revoke.
    #[error("your writer key {} is no admin of this log", key.short())]
    NotAdmin { key: crate::domain::digest::KeyId },
    /// Another move goes on. `command` continues it.
    #[error("this project is on its way to another place already")]
    Migrating { command: String },
    /// An audit found something: nothing is built on it.
    #[error("{what} is not sound: {why}")]
    NotSound { what: String, why: String },
    /// The project's ledger and data are this clone's own.
    #[error("nothing of this project lies in a bucket")]
    NoBuckets,
    /// What is asked for names the account, and nobody may be asked which it is.
    #[error("the settings do not say which AWS account it is")]
    NoAccount,
    /// Somebody wants to keep what is there.
    #[error("deletion protection is on; nothing was deleted")]
    DeletionProtected,
    /// What was typed is not the name of what would be lost.
    #[error("{given:?} is not the name of this project ({name:?}); nothing was deleted")]
    NotConfirmed { given: String, name: String },
    /// Somebody changed something between the plan and the act.
    #[error("the account is no longer as the plan found it; nothing was changed")]
    PlanChanged,
    /// The requests before this one were carried out, and hold.
    #[error("{done} of {of} requests were carried out")]
    NotApplied { done: usize, of: usize, source: Box<AppError> },
    /// Nothing to do.
    #[error("{what} already")]
    AlreadySo { what: String },
    /// The entry is in the log, but no checkpoint over it could be signed.
    #[error("recorded, but no checkpoint over it could be signed")]
    NotPublished { source: Box<AppError> },
    /// No entry of this clone's log binds such a package to a run.
    #[error("no model package {id} is recorded here")]
    NoPackage { id: String },
    /// A run that did not complete, or has not ended.
    #[error("run {run} is {status}: only a run that is COMPLETE has a model")]
    NotComplete { run: String, status: String },
    #[error("run {run} made no {}", file.display())]
    NotMade { run: String, file: PathBuf },
    /// The registry, and what is recorded or asked for, contradict each other.
    #[error("model package {arn}: {why}")]
    PackageDiffers { arn: String, why: String },
    /// It was not made by `source export`, or holds no more.
    #[error("the capsule cannot be used: {why}")]
    BadCapsule { why: String },
    /// The key of a run's capsule may not record its end any more.
    #[error("the capsule has expired: {why}")]
    CapsuleExpired { why: String },
    /// Decimals, timestamps and blobs are lost in it, so nothing of it can be hashed.
    #[error(
        "{place} is of an export to JSON, which cannot be verified: JSON has no decimals, timestamps and blobs, so what was hashed is lost"
    )]
    JsonExport { place: String },
    #[error("{} is no manifest of a journal export: {why}", path.display())]
    BadManifest { path: PathBuf, why: String },
    /// Each export has its own.
    #[error("there are {} exports: {}", manifests.len(), manifests.join(", "))]
    ManyExports { manifests: Vec<String> },
    /// The command ran, and its end could not be recorded.
    #[error("run {} ended with exit code {exit_code}, but its end could not be recorded", run.short())]
    NotRecorded { run: crate::domain::ids::RunId, exit_code: i32, source: Box<AppError> },
}

pub type Result<T> = std::result::Result<T, AppError>;

/// A project as this clone sees it, with the backends that its settings chose.
pub struct Project {
    pub repo: Repo,
    pub config: Config,
    pub config_digest: Digests,
    pub dirs: UserDirs,
    pub ledger: Box<dyn Ledger>,
    pub store: Box<dyn ObjectStore>,
    pub registry: Box<dyn ModelRegistry>,
    /// Buckets of others, with data that is declared.
    pub sources: Box<dyn Sources>,
    pub index: Box<dyn QueryIndex>,
    /// Entries from which on questions go through the index: [`index::LARGE`].
    pub index_from: u64,
    pub keys: Box<dyn Provision>,
    pub clock: Box<dyn Clock>,
    /// What is to be recorded in a shared ledger waits: nobody may wait for a network here, or it is known to be out of
    /// reach.
    pub later: Cell<bool>,
    /// Rules of this call instead of the user's own pins (`--trust`), and notes that the log must continue
    /// (`--min-checkpoint`).
    pub trust: Option<Pins>,
    pub required: Vec<String>,
    /// There is no repository here: what a launcher attested of the run that this is for.
    pub launch: Option<capsule::Launch>,
    /// Datasets that the log names, once they were looked for.
    pub datasets: OnceCell<BTreeMap<Blake3Hash, DatasetRecord>>,
}

impl Project {
    /// `<git common dir>/mlprov`: the clone's own things, shared by its work trees.
    pub fn own_dir(&self) -> PathBuf {
        own_dir(&self.repo)
    }

    pub fn outbox(&self) -> Outbox {
        Outbox::new(&self.own_dir().join("outbox"))
    }

    /// The user's state of this project: pins and checkpoints seen.
    pub fn state_dir(&self) -> PathBuf {
        self.dirs.project_state(&self.config.project.id)
    }
}

pub fn own_dir(repo: &Repo) -> PathBuf {
    repo.common_dir().join("mlprov")
}

/// A path whose directories are not all there: what there is of them is resolved.
fn below_what_is_there(path: &Path) -> PathBuf {
    for above in path.ancestors().skip(1) {
        if let (Ok(mut place), Ok(rest)) = (above.canonicalize(), path.strip_prefix(above)) {
            // What is not there is no link: `..` means what it looks like.
            for part in rest.components() {
                match part {
                    Component::ParentDir => drop(place.pop()),
                    part => place.push(part),
                }
            }
            return place;
        }
    }
    path.to_owned()
}

/// `path` as the user typed it, relative to `cwd`, as a path below the work tree's root. `:/x` means x below the
/// root wherever one stands, as in git.
pub fn repo_path(repo: &Repo, cwd: &Path, path: &Path) -> Result<RepoPath> {
    match place_in(repo, cwd, path)? {
        Some(path) => Ok(path),
        None => Err(AppError::WholeRepository { root: repo.root().to_owned() }),
    }
}

/// As [`repo_path`]; `None` is the repository itself.
pub fn place_in(repo: &Repo, cwd: &Path, path: &Path) -> Result<Option<RepoPath>> {
    let joined = match path.to_str().and_then(|p| p.strip_prefix(":/")) {
        Some(below) => repo.root().join(below),
        None => cwd.join(path),
    };
    // Only the parent is resolved: the last component may itself be a link that is to be looked at.
    let resolved = match (joined.parent(), joined.file_name()) {
        (Some(dir), Some(name)) => match dir.canonicalize() {
            Ok(dir) => dir.join(name),
            Err(_) => below_what_is_there(&joined),
        },
        _ => joined.canonicalize().unwrap_or_else(|_| joined.clone()),
    };
    if resolved == repo.root() {
        return Ok(None);
    }
    let Some(below) = repo.relative(&resolved) else {
        return Err(AppError::OutsideRepository { path: joined, root: repo.root().to_owned() });
    };
    let Some(text) = below.to_str() else {
        let kind = crate::worktree::problem::ProblemKind::NotUtf8;
        return Err(ScanError::one(&resolved, kind).into());
    };
    Ok(Some(text.parse()?))
}

fn waits_for(data: &[String]) -> String {
    if data.is_empty() { "the ledger".to_owned() } else { format!("data: {}", data.join(", ")) }
}
