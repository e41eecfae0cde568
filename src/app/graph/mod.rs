//! `graph`: what came from what, over everything that is recorded. A content is one node wherever it lies, so what
//! one run made and another read meets in it. Signatures are not checked here: that is what `verify` does.

mod build;
mod facts;
mod limit;
mod node;
mod start;
#[cfg(test)]
mod tests;
mod walk;

pub use node::Content;
pub use node::Edge;
pub use node::EdgeKind;
pub use node::Node;
pub use node::NodeId;
pub use node::What;

use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::commit::Waiting;
use crate::app::logs::published::PublishedLog;
use crate::domain::ids::LogId;
use crate::domain::path::RepoPath;
use crate::ports::log_reader::LogReader;
use build::Graph;
use facts::Facts;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use std::ops::ControlFlow;
use std::path::Path;

#[derive(Clone, Debug, Default)]
pub struct GraphRequest {
    /// An id as for `show`, or a dataset. None: all that is recorded.
    pub id: Option<String>,
    /// At most so many runs, the newest.
    pub limit: Option<usize>,
}

/// A log of which its own checkpoint claims more than can be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CutLog {
    pub log: LogId,
    /// Entries.
    pub read: u64,
    pub claimed: u64,
}

/// What could say more, and cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Unreadable {
    pub entries: u64,
    /// Lists of inputs, outputs or configuration files that stand outside their entries.
    pub lists: u64,
    pub logs: Vec<CutLog>,
}

/// In JSON the edges name their nodes by id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraphReport {
    /// What was asked for.
    pub target: Option<String>,
    /// This clone's own log.
    pub log: LogId,
    /// Indices of the nodes that were asked for.
    pub starts: Vec<usize>,
    /// Runs (the newest first), commits, contents, model packages.
    pub nodes: Vec<Node>,
    /// From what was there first to what came of it.
    pub edges: Vec<Edge>,
    /// Runs that the limit keeps out.
    pub left_out: usize,
    pub unreadable: Unreadable,
    /// Commits that are not recorded yet.
    pub waiting: Vec<Waiting>,
}

pub fn graph(project: &Project, cwd: &Path, request: &GraphRequest) -> Result<GraphReport> {
    let entries = project.all_entries()?;
    let facts = Facts::gather(&entries, &mut |list| project.list(list).ok());
    let mut unreadable = facts.unreadable.clone();
    unreadable.logs = cut_logs(project)?;
    let (target, graph, starts) = match &request.id {
        Some(word) => {
            let start = start::find(project, &entries, &facts, cwd, word)?;
            let graph = Graph::build(facts, start.content.as_ref());
            let starts = start.nodes_in(&graph);
            (Some(start.described), graph, starts)
        }
        None => (None, Graph::build(facts, None), Vec::new()),
    };
    let (kept, left_out) = match &target {
        Some(_) => limit::around(&graph, &starts, request.limit),
        None => limit::newest(&graph, request.limit),
    };
    let (nodes, edges, starts) = graph.into_parts(&kept, &starts);
    let waiting = commit::waiting(project)?;
    Ok(GraphReport { target, log: project.ledger.log(), starts, nodes, edges, left_out, unreadable, waiting })
}

/// Logs of others that end before their checkpoint says.
fn cut_logs(project: &Project) -> Result<Vec<CutLog>> {
    let logs = project.other_logs()?;
    let of = |log: &PublishedLog<'_>| {
        let mut read = 0;
        // As far as it can be read.
        let _ = log.read(0, &mut |_| {
            read += 1;
            ControlFlow::Continue(())
        });
        CutLog { log: log.log(), read, claimed: log.size() }
    };
    Ok(logs.iter().map(of).filter(|log| log.read < log.claimed).collect())
}

/// An edge as JSON has it.
#[derive(Serialize)]
struct Named<'a> {
    from: &'a NodeId,
    to: &'a NodeId,
    kind: EdgeKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<RepoPath>,
}

impl Serialize for GraphReport {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        let id = |at: usize| &self.nodes[at].id;
        let named = |e: &Edge| Named { from: id(e.from), to: id(e.to), kind: e.kind, path: e.path.clone() };
        let edges: Vec<Named> = self.edges.iter().map(named).collect();
        let mut map = s.serialize_map(None)?;
        if let Some(target) = &self.target {
            map.serialize_entry("target", target)?;
        }
        map.serialize_entry("log", &self.log)?;
        map.serialize_entry("starts", &self.starts.iter().map(|n| id(*n)).collect::<Vec<_>>())?;
        map.serialize_entry("nodes", &self.nodes)?;
        map.serialize_entry("edges", &edges)?;
        map.serialize_entry("runsLeftOut", &self.left_out)?;
        map.serialize_entry("unreadable", &self.unreadable)?;
        if !self.waiting.is_empty() {
            map.serialize_entry("waiting", &self.waiting)?;
        }
        map.end()
    }
}
