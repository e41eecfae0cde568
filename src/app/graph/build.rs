//! Joins what the entries say: nodes in a fixed order, edges by their indices.

use super::facts::Facts;
use super::facts::Named;
use super::facts::Place;
use super::facts::RunFacts;
use super::facts::Span;
use super::node::Content;
use super::node::Edge;
use super::node::EdgeKind;
use super::node::Node;
use super::node::NodeId;
use super::node::What;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::collections::HashMap;

pub struct Graph {
    /// Runs (the newest first), commits (those recorded last first), contents, model packages.
    pub nodes: Vec<Node>,
    /// Sorted, none twice.
    pub edges: Vec<Edge>,
    pub index: HashMap<NodeId, usize>,
    /// Of runs, and of packages when their run is known.
    pub spans: Vec<Option<Span>>,
    /// Indices of edges that end, and begin, at each node.
    pub into: Vec<Vec<usize>>,
    pub out_of: Vec<Vec<usize>>,
}

/// What of a graph is kept, and on which side of what was asked for it lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    pub kept: bool,
    pub upstream: bool,
    pub downstream: bool,
}

struct Known {
    content: Content,
    others: BTreeSet<RepoPath>,
    dataset: bool,
    place: Option<Place>,
}

/// Who makes, or takes, a content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    One(RunId),
    Several,
}

fn note(who: &mut HashMap<NodeId, Who>, node: NodeId, run: RunId) {
    let known = who.entry(node).or_insert(Who::One(run));
    if *known != Who::One(run) {
        *known = Who::Several;
    }
}

/// Contents with a node: datasets, what one run made and another took, and what was asked for.
fn contents(facts: &Facts, wanted: Option<&Blake3Hash>) -> HashMap<NodeId, Known> {
    let (mut makers, mut takers) = (HashMap::new(), HashMap::new());
    for run in &facts.runs {
        run.makes.iter().for_each(|named| note(&mut makers, named.node(), run.id));
        let taken = run.reads.iter().chain(&run.configs);
        taken.for_each(|named| note(&mut takers, named.node(), run.id));
    }
    let joins = |node: &NodeId| match (makers.get(node), takers.get(node)) {
        (Some(Who::One(maker)), Some(Who::One(taker))) => maker != taker,
        (maker, taker) => maker.is_some() && taker.is_some(),
    };
    let mut known: HashMap<NodeId, Known> = HashMap::new();
    let places = facts.tracked.iter().map(|(_, place)| Some(*place)).chain(std::iter::repeat(None));
    for (named, place) in facts.datasets().zip(places) {
        add(&mut known, named, true, place);
    }
    for named in facts.runs.iter().flat_map(|run| run.makes.iter().chain(&run.configs)) {
        let node = named.node();
        if known.contains_key(&node) || joins(&node) || wanted == Some(&named.digest) {
            add(&mut known, named, false, None);
        }
    }
    known
}

fn add(known: &mut HashMap<NodeId, Known>, named: &Named, dataset: bool, place: Option<Place>) {
    let new = || Known {
        content: Content {
            path: named.path.clone(),
            blake3: named.digest,
            files: named.files,
            bytes: named.bytes,
            also_at: Vec::new(),
        },
        others: BTreeSet::new(),
        dataset,
        place,
    };
    let known = known.entry(named.node()).or_insert_with(new);
    known.dataset |= dataset;
    if known.content.path != named.path && !known.others.contains(&named.path) {
        known.others.insert(named.path.clone());
    }
}

impl Graph {
    /// `wanted`: a content that has a node even if it joins nothing.
    pub fn build(facts: Facts, wanted: Option<&Blake3Hash>) -> Self {
        let contents = contents(&facts, wanted);
        let mut nodes = runs(&facts);
        let mut commits: Vec<Node> = facts
            .commits
            .iter()
            .map(|(commit, facts)| {
                let (commit, reference, time) = (commit.clone(), facts.reference.clone(), facts.time.clone());
                let id = NodeId::Commit(commit.clone());
                node(id, What::Commit { commit, reference, time }, facts.place)
            })
            .collect();
        let time = |node: &Node| match &node.what {
            What::Commit { time, .. } => time.clone(),
            _ => None,
        };
        commits.sort_by_key(|node| Reverse(time(node)));
        nodes.extend(commits);
        let mut contents: Vec<(NodeId, Known)> = contents.into_iter().collect();
        contents.sort_by(|(a_id, a), (b_id, b)| (&a.content.path, a_id).cmp(&(&b.content.path, b_id)));
        nodes.extend(contents.into_iter().map(|(id, mut known)| {
            known.content.also_at = known.others.into_iter().collect();
            let what =
                if known.dataset { What::Dataset(known.content) } else { What::Artefact(known.content) };
            node(id, what, known.place)
        }));
        nodes.extend(facts.packages.iter().map(|(arn, package)| {
            let what = What::Model {
                arn: arn.clone(),
                group: arn.group().to_owned(),
                approval_status: package.approval.as_ref().map(|(_, status)| status.clone()),
            };
            node(NodeId::Model(arn.clone()), what, package.place)
        }));
        let index = nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        let mut graph = Graph {
            spans: vec![None; nodes.len()],
            into: vec![Vec::new(); nodes.len()],
            out_of: vec![Vec::new(); nodes.len()],
            nodes,
            edges: Vec::new(),
            index,
        };
        graph.join(&facts);
        graph
    }

    fn join(&mut self, facts: &Facts) {
        for run in &facts.runs {
            self.join_run(run);
        }
        for (arn, package) in &facts.packages {
            if let Some(file) = &package.file {
                self.edge(&NodeId::Model(arn.clone()), file, EdgeKind::SameFile, None);
            }
        }
        for (old, new) in facts.superseded.iter().filter(|(old, new)| old != new) {
            let (old, new) = (NodeId::Commit(old.clone()), NodeId::Commit(new.clone()));
            self.edge(&old, &new, EdgeKind::Superseded, None);
        }
        for (commit, named) in &facts.bound {
            self.edge(&named.node(), &NodeId::Commit(commit.clone()), EdgeKind::Bound, Some(&named.path));
        }
        self.edges.sort_unstable();
        self.edges.dedup();
        for (at, edge) in self.edges.iter().enumerate() {
            self.out_of[edge.from].push(at);
            self.into[edge.to].push(at);
        }
    }

    fn join_run(&mut self, run: &RunFacts) {
        let id = NodeId::Run(run.id);
        self.span(&id, run.span);
        if let Some(commit) = &run.commit {
            self.edge(&NodeId::Commit(commit.clone()), &id, EdgeKind::Code, None);
        }
        for parent in run.parents.iter().filter(|parent| **parent != run.id) {
            self.edge(&NodeId::Run(*parent), &id, EdgeKind::Parent, None);
        }
        for (named, kind) in [(&run.reads, EdgeKind::Read), (&run.configs, EdgeKind::Config)] {
            for named in named {
                self.edge(&named.node(), &id, kind, Some(&named.path));
            }
        }
        // What a run found there it did not make.
        let found: BTreeSet<(&Blake3Hash, &RepoPath)> =
            run.reads.iter().map(|named| (&named.digest, &named.path)).collect();
        for named in run.makes.iter().filter(|named| !found.contains(&(&named.digest, &named.path))) {
            self.edge(&id, &named.node(), EdgeKind::Made, Some(&named.path));
        }
        if let Some(arn) = &run.package {
            let package = NodeId::Model(arn.clone());
            self.span(&package, run.span);
            self.edge(&id, &package, EdgeKind::Made, None);
        }
    }

    fn span(&mut self, node: &NodeId, span: Span) {
        if let Some(at) = self.index.get(node) {
            self.spans[*at].get_or_insert(span);
        }
    }

    /// Nothing, if a side has no node. `path`: of the content.
    fn edge(&mut self, from: &NodeId, to: &NodeId, kind: EdgeKind, path: Option<&RepoPath>) {
        let (Some(from), Some(to)) = (self.index.get(from), self.index.get(to)) else { return };
        let own = [*from, *to].into_iter().find_map(|at| self.nodes[at].content().map(|c| &c.path));
        let path = path.filter(|path| own != Some(*path)).cloned();
        self.edges.push(Edge { from: *from, to: *to, kind, path });
    }

    /// The nodes that are kept, and the edges between them.
    pub fn into_parts(self, kept: &[Kept], starts: &[usize]) -> (Vec<Node>, Vec<Edge>, Vec<usize>) {
        let mut place = vec![None; self.nodes.len()];
        let mut nodes = Vec::new();
        for (at, mut node) in self.nodes.into_iter().enumerate().filter(|(at, _)| kept[*at].kept) {
            (node.upstream, node.downstream) = (kept[at].upstream, kept[at].downstream);
            place[at] = Some(nodes.len());
            nodes.push(node);
        }
        let moved = |edge: Edge| Some(Edge { from: place[edge.from]?, to: place[edge.to]?, ..edge });
        let edges = self.edges.into_iter().filter_map(moved).collect();
        (nodes, edges, starts.iter().filter_map(|at| place[*at]).collect())
    }
}

fn node(id: NodeId, what: What, place: Option<Place>) -> Node {
    let (log, index) = place.unzip();
    Node { id, what, log, index, upstream: false, downstream: false }
}

/// The newest first; with the parents that are recorded nowhere.
fn runs(facts: &Facts) -> Vec<Node> {
    let mut runs: Vec<Node> =
        facts.runs.iter().map(|run| node(NodeId::Run(run.id), run.what.clone(), Some(run.place))).collect();
    let known: BTreeSet<RunId> = facts.runs.iter().map(|run| run.id).collect();
    let parents: BTreeSet<RunId> = facts.runs.iter().flat_map(|run| run.parents.iter().copied()).collect();
    for run in parents.difference(&known).copied() {
        let what = What::Run { run, name: None, status: None, time: None, commit: None, sweep: None };
        runs.push(node(NodeId::Run(run), what, None));
    }
    runs.sort_by(|a, b| b.id.cmp(&a.id));
    runs
}
