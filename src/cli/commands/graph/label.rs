//! What a node is called. Names come from entries that anybody may have written: each form escapes them once more.

use crate::app::graph::EdgeKind;
use crate::app::graph::GraphReport;
use crate::app::graph::Node;
use crate::app::graph::NodeId;
use crate::app::graph::What;
use crate::cli::format;
use crate::cli::format::visible;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::RunStatus;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use std::collections::BTreeSet;

/// Other paths of a content that are named.
const SHOWN: usize = 3;

/// Its name, and what else is to be said of it.
pub struct Label {
    pub kind: &'static str,
    pub name: String,
    pub more: Vec<String>,
}

/// `own`: this clone's log.
pub fn label(node: &Node, own: &LogId) -> Label {
    let (kind, name, mut more) = match &node.what {
        What::Run { run, name, status, commit, .. } => {
            let mut more: Vec<String> = name.iter().map(|name| visible(name)).collect();
            more.extend(status.as_ref().map(|status| visible(status.as_str())));
            more.extend(commit.as_ref().map(|commit| commit.short().to_owned()));
            ("run", run.short(), more)
        }
        What::Commit { commit, reference, .. } => {
            let branch = reference.as_deref().map(|name| name.strip_prefix("refs/heads/").unwrap_or(name));
            ("commit", commit.short().to_owned(), branch.iter().map(|name| visible(name)).collect())
        }
        What::Dataset(content) | What::Artefact(content) => {
            let kind = if matches!(node.what, What::Dataset(_)) { "data" } else { "file" };
            let mut more = vec![
                format!("b3:{}", &content.blake3.to_string()[..12]),
                format!("{}, {}", format::files(content.files), format::bytes(content.bytes)),
            ];
            if !content.also_at.is_empty() {
                let also: Vec<String> =
                    content.also_at.iter().take(SHOWN).map(|path| visible(path.as_str())).collect();
                let rest = content.also_at.len().saturating_sub(SHOWN);
                let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
                more.push(format!("(also {}{rest})", also.join(", ")));
            }
            (kind, visible(content.path.as_str()), more)
        }
        What::Model { arn, approval_status, .. } => {
            ("model", short(arn), approval_status.iter().map(|status| visible(status)).collect())
        }
    };
    match node.log {
        Some(log) if log != *own => more.push(format!("(log {})", log.tail())),
        None if !matches!(node.what, What::Dataset(_) | What::Artefact(_)) => {
            more.push("(not recorded here)".to_owned());
        }
        _ => {}
    }
    Label { kind, name, more }
}

/// `fraud/7`; in the embedded registry a package is named after its run: `fraud/r-1a2b3c4d`.
fn short(arn: &ModelPackageArn) -> String {
    let version = arn.version().parse::<RunId>().map_or_else(|_| arn.version().to_owned(), |run| run.short());
    format!("{}/{version}", arn.group())
}

pub fn failed(node: &Node) -> bool {
    let What::Run { status, .. } = &node.what else { return false };
    matches!(status, Some(RunStatus::Fail | RunStatus::Abort))
}

/// As it reads along the arrow.
pub fn verb(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Code => "code",
        EdgeKind::Parent => "parent",
        EdgeKind::Config => "config",
        EdgeKind::Read => "read",
        EdgeKind::Made => "made",
        EdgeKind::SameFile => "same file",
        EdgeKind::Superseded => "replaced by",
        EdgeKind::Bound => "bound",
    }
}

/// Names of the nodes that any language takes for a word, and that stay the same when the graph grows.
pub fn words(report: &GraphReport) -> Vec<String> {
    let word = |node: &Node, digits: usize| {
        let kind = match node.id {
            NodeId::Run(_) => "run",
            NodeId::Commit(_) => "commit",
            NodeId::Content(..) => "data",
            NodeId::Model(_) => "model",
        };
        format!("{kind}_{}", &Blake3Hash::of(node.id.to_string().as_bytes()).to_string()[..digits])
    };
    let short: Vec<String> = report.nodes.iter().map(|node| word(node, 16)).collect();
    let different: BTreeSet<&String> = short.iter().collect();
    match different.len() == short.len() {
        true => short,
        false => report.nodes.iter().map(|node| word(node, 64)).collect(),
    }
}
