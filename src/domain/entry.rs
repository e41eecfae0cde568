//! One ledger entry: an in-toto Statement v1 whose predicate is [`Body`]. `docs/record.md` says what each
//! field means; this file is its form in Rust.

use crate::domain::approval::Approval;
use crate::domain::approval::ApprovalStatus;
use crate::domain::arn::ModelPackageArn;
use crate::domain::delegation::Delegation;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::KeyId;
use crate::domain::digest::Sha256Hash;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;
use crate::domain::ids::RunId;
use crate::domain::ids::TreeId;
use crate::domain::package::ArtefactForm;
use crate::domain::package::PackageArtefact;
use crate::domain::path::RepoPath;
use crate::domain::requirement::Requirement;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionId;
use crate::domain::version_map::Located;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A tlog entry holds 65,535 bytes and base64 adds a third (C2SP tlog-tiles; DSSE).
pub const MAX_PAYLOAD: usize = 48_000;
/// A list whose canonical JSON is longer moves to an object of its own.
pub const MAX_INLINE_LIST: usize = 8 * 1024;

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name { $($variant,)+ /// A value of a newer version: kept and shown, never counted as verified.
            Other(String) }

        impl $name {
            /// Every value that this version knows.
            pub const KNOWN: &[&str] = &[$($text),+];

            pub fn as_str(&self) -> &str {
                match self { $($name::$variant => $text,)+ $name::Other(text) => text }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() { $($text => $name::$variant,)+ _ => $name::Other(text) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d).map($name::from)
            }
        }
    };
}

pub(crate) use text_enum;

text_enum!(
    /// What an entry says happened.
    Kind {
        DatasetTracked = "dataset.tracked",
        CommitRecorded = "commit.recorded",
        CommitSuperseded = "commit.superseded",
        RunDelegated = "run.delegated",
        RunStarted = "run.started",
        RunFinished = "run.finished",
        ModelRegistered = "model.registered",
        ModelApproved = "model.approved",
        ModelRejected = "model.rejected",
        DataRelocated = "data.relocated",
        WriterAdmitted = "writer.admitted",
        WriterRevoked = "writer.revoked",
        KeyRotated = "key.rotated",
        LedgerMoved = "ledger.moved",
        VerificationResult = "verification.result",
        Imported = "imported",
        Annotation = "annotation",
        Correction = "correction",
        Redaction = "redaction",
    }
);

text_enum!(
    /// OpenLineage run states.
    RunStatus {
        Started = "STARTED",
        Complete = "COMPLETE",
        Fail = "FAIL",
        Abort = "ABORT",
        Unknown = "UNKNOWN",
    }
);

text_enum!(
    /// Whether the tree that ran is the commit's own.
    TreeState {
        Clean = "clean",
        // It differs in nothing but the parameters that were set for the run.
        CleanParams = "clean+params",
        Dirty = "dirty",
    }
);

/// Digests of one content. BLAKE3 always; SHA-256 where a foreign tool must check (models, manifests, configs).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Digests {
    pub blake3: Blake3Hash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Hash>,
}

impl Digests {
    pub fn both_of(bytes: &[u8]) -> Self {
        Digests { blake3: Blake3Hash::of(bytes), sha256: Some(Sha256Hash::of(bytes)) }
    }
}

/// An object of the store, named by its digest: a manifest, a version map, a list too long for the entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectRef {
    pub digest: Digests,
    /// Bytes.
    pub size: u64,
}

/// A list inside the entry, or the object that holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum List<T> {
    Inline(Vec<T>),
    Stored { count: u64, object: ObjectRef },
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List::Inline(Vec::new())
    }
}

impl<T> List<T> {
    pub fn is_empty(&self) -> bool {
        matches!(self, List::Inline(items) if items.is_empty())
    }

    pub fn len(&self) -> u64 {
        match self {
            List::Inline(items) => items.len() as u64,
            List::Stored { count, .. } => *count,
        }
    }

    /// What stands in the entry itself; empty when the list is stored apart.
    pub fn inline(&self) -> &[T] {
        match self {
            List::Inline(items) => items,
            List::Stored { .. } => &[],
        }
    }

    pub fn stored(&self) -> Option<&ObjectRef> {
        match self {
            List::Inline(_) => None,
            List::Stored { object, .. } => Some(object),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Producer {
    pub name: String,
    pub version: String,
    /// Of the program that wrote the entry; absent in hooks, which must be quick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digests>,
    /// Of `.mlprov/config.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_digest: Option<Digests>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ci {
    pub system: String,
    #[serde(default, rename = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    #[serde(default, rename = "workflowRef", skip_serializing_if = "Option::is_none")]
    pub workflow_ref: Option<String>,
}

/// Who wrote. No personal data: that stands in the disclosure object, which can be deleted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Actor {
    pub writer: KeyId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<Blake3Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<Ci>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub id: RunId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub status: RunStatus,
    pub started_on: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Name of the signal that ended the command, e.g. `SIGKILL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// argv, never a shell string; secrets redacted. Only its first word if it had to move to an object.
    pub command: Vec<String>,
    /// The whole argv as a JSON list, when it is too long for the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_object: Option<ObjectRef>,
    /// Working directory relative to the repository's root; `.` for the root itself.
    pub cwd: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<RunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What its metrics must reach, declared before it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_ids: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// `git`.
    pub vcs: String,
    /// `sha1` or `sha256`.
    pub object_format: String,
    pub commit: CommitId,
    /// The commit's own tree.
    pub tree: TreeId,
    /// Full name, e.g. `refs/heads/main`; absent when detached.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Fetch URLs, credentials stripped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remotes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TreeState>,
    /// The tree that really ran, when it is not the commit's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_tree: Option<TreeId>,
    /// Binary patch from `tree` to `runTree`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<ObjectRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// `local` or `s3`.
    pub scheme: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// For one file. A directory's version ids stand in its version map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
}

impl Location {
    /// Of a version that a store with this scheme made.
    pub fn of(scheme: &str, version: Located) -> Self {
        let (bucket, key, version_id) = (version.bucket, version.key, Some(version.version_id));
        Location { scheme: scheme.to_owned(), bucket, key, version_id }
    }
}

/// A dataset or a file that was read or made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artefact {
    /// Path below the repository's root.
    pub name: RepoPath,
    /// `dataset`, `model`, `metrics`, `config`, `output`, …
    pub role: String,
    /// A file's own digests; a directory's: digests of its manifest.
    pub digest: Digests,
    /// Bytes, all files together.
    pub size: u64,
    pub file_count: u64,
    /// Present for a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ObjectRef>,
    /// Which immutable version holds each content. Absent only where nothing was stored (a declared input).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_map: Option<ObjectRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// `before`, `after`, `before+after` or `declared`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// Whether it was the same before and after the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<bool>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Dotted path into the file, or the name given on the command line.
    pub name: String,
    /// Decimal text for numbers, JSON text for anything that is not a scalar.
    pub value: String,
    /// The file it was read from; absent for the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RepoPath>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Metric {
    pub name: String,
    /// Decimal text: shortest round trip of the number read; `NaN`, `Infinity`, `-Infinity`.
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RepoPath>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    pub os: String,
    pub arch: String,
    pub cpus: u64,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Allow-listed variables only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// How many variables were left out.
    pub variables_omitted: u64,
    /// As the machine names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_driver: Option<String>,
    /// Image, as whoever started the container said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Files at the repository's root that pin packages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lock_files: BTreeMap<String, Blake3Hash>,
    /// How many; which ones stands in the evidence `packages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python_packages: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelPackage {
    pub arn: ModelPackageArn,
    pub group_name: String,
    /// The registered file.
    pub model: RepoPath,
    pub digest: Digests,
    /// As the registry had it then; absent: it was just made, and waits for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_status: Option<ApprovalStatus>,
    /// What the registry points to, if that is in a bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artefact: Option<PackageArtefact>,
    /// As the package names it. By a tag alone it may mean another one later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// `sha256:…`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    /// Of a package that something else made: what it deploys beside image and model, as [`crate::domain::package::settings`]
    /// hashes it. Absent: it was bound before that was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Blake3Hash>,
    /// `false`: no output of the run has its bytes; whoever bound it says that it belongs to the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by_run: Option<bool>,
}

/// A package whose model lies in a commit's tree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedPackage {
    /// The data in the tree.
    pub name: RepoPath,
    pub arn: ModelPackageArn,
}

impl ModelPackage {
    /// Whether something else than mlprov made it.
    pub fn is_foreign(&self) -> bool {
        self.artefact.as_ref().is_some_and(|artefact| artefact.form == ArtefactForm::Foreign)
    }

    /// Of a directory: the list of its objects.
    pub fn manifest(&self) -> Option<&ObjectRef> {
        self.artefact.as_ref()?.manifest.as_ref()
    }
}

/// A public key that may write, with the right to admit others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Writer {
    pub key_id: KeyId,
    /// SubjectPublicKeyInfo, DER, base64.
    pub public_key: String,
    pub admin: bool,
}

/// A log, at one size: where entries came from or went to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LedgerRef {
    pub log: LogId,
    /// Origin line of its checkpoints.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// RFC 6962 root over them, base64.
    pub root: String,
    /// Digest of the place where the log itself goes on (`ledger.moved`), see [`Blake3Hash::of_place`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Blake3Hash>,
}

/// What a correction, redaction, approval or supersession is about.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_package: Option<ModelPackageArn>,
}

/// The predicate: what this project says, whatever the kind. Fields of newer versions stay in the bytes
/// and are listed by [`crate::domain::statement::unknown_fields`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    /// No entry can be replayed into another project.
    pub project: ProjectId,
    pub kind: Kind,
    pub id: EntryId,
    pub time: Timestamp,
    pub producer: Producer,
    pub actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub inputs: List<Artefact>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub outputs: List<Artefact>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub config_files: List<Artefact>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub parameters: List<Parameter>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub metrics: List<Metric>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// Objects that speak for what is said elsewhere, by their role: `output` (what the command printed), `packages`,
    /// `workTreeFiles`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, ObjectRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_package: Option<ModelPackage>,
    /// Of a commit: packages whose model its tree points to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model_packages: Vec<NamedPackage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<Writer>,
    /// Of a key that may record one run, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
