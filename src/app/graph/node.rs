//! Nodes and edges, as the report has them.

use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::RunStatus;
use crate::domain::ids::CommitId;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::fmt;

/// BLAKE3 of no bytes. What is empty says nothing of where it came from: there the path counts as well.
const EMPTY: [u8; 32] = [
    0xaf, 0x13, 0x49, 0xb9, 0xf5, 0xf9, 0xa1, 0xa6, 0xa0, 0x40, 0x4d, 0xea, 0x36, 0xdc, 0xc9, 0x49, 0x9b,
    0xcb, 0x25, 0xc9, 0xad, 0xc1, 0x12, 0xb7, 0xcc, 0x9a, 0x93, 0xca, 0xe4, 0x1f, 0x32, 0x62,
];

/// What a node stands for; the same wherever and whenever it is asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NodeId {
    Run(RunId),
    Commit(CommitId),
    /// The path of an empty file.
    Content(Blake3Hash, Option<RepoPath>),
    Model(ModelPackageArn),
}

impl NodeId {
    pub fn content(digest: Blake3Hash, path: &RepoPath) -> Self {
        NodeId::Content(digest, (*digest.as_bytes() == EMPTY).then(|| path.clone()))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeId::Run(id) => write!(f, "run:{id}"),
            NodeId::Commit(id) => write!(f, "commit:{id}"),
            NodeId::Content(digest, None) => write!(f, "data:{digest}"),
            NodeId::Content(digest, Some(path)) => write!(f, "data:{digest}:{path}"),
            NodeId::Model(arn) => write!(f, "model:{arn}"),
        }
    }
}

impl Serialize for NodeId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum What {
    #[serde(rename_all = "camelCase")]
    Run {
        run: RunId,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Absent if only another run names it, as its parent.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<RunStatus>,
        /// When it began.
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        commit: Option<CommitId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sweep: Option<String>,
    },
    Commit {
        commit: CommitId,
        /// Full name of the branch, as recorded.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// When it was recorded.
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<Timestamp>,
    },
    /// What was tracked, bound by a commit, or read.
    Dataset(Content),
    /// What only runs made, and another took as its configuration; or what was asked for.
    Artefact(Content),
    #[serde(rename_all = "camelCase")]
    Model {
        arn: ModelPackageArn,
        group: String,
        /// As recorded last.
        #[serde(skip_serializing_if = "Option::is_none")]
        approval_status: Option<String>,
    },
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Where it was named first.
    pub path: RepoPath,
    pub blake3: Blake3Hash,
    pub files: u64,
    pub bytes: u64,
    /// Other paths, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_at: Vec<RepoPath>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    pub id: NodeId,
    #[serde(flatten)]
    pub what: What,
    /// The entry that recorded it; absent if others only name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// What was asked for came of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub upstream: bool,
    /// It came of what was asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub downstream: bool,
}

/// How one thing came of another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EdgeKind {
    /// Commit to a run that began from it.
    Code,
    /// Run to a run that names it as its parent.
    Parent,
    /// Content to a run that took it as its configuration.
    Config,
    /// Content to a run that read it.
    Read,
    /// Run to a content or model package.
    Made,
    /// Model package to its file, where others read that.
    SameFile,
    /// Commit to the one in its place.
    Superseded,
    /// Dataset to a commit whose pointers name it.
    Bound,
}

/// From what was there first to what came of it; indices of nodes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub kind: EdgeKind,
    /// Of the content there, where it is not the node's own.
    pub path: Option<RepoPath>,
}
