//! The graph as trees, for a terminal.

use super::label;
use super::left_out;
use crate::app::graph::Edge;
use crate::app::graph::EdgeKind;
use crate::app::graph::GraphReport;
use crate::app::graph::Node;
use crate::app::graph::What;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::domain::entry::RunStatus;
use std::collections::VecDeque;

/// What lies deeper goes on further down, so that a long chain stays on the screen.
const DEEPEST: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// What it came from.
    Upstream,
    /// What came of it.
    Downstream,
    /// What it came from, and of runs what they made.
    All,
}

/// A line that waits to be written, with what stands before it.
struct Line {
    node: usize,
    by: usize,
    before: String,
    last: bool,
    depth: usize,
}

/// One direction, with what was told of it.
struct Way {
    shown: Shown,
    seen: Vec<bool>,
    /// Nodes that have something below them.
    leads_on: Vec<bool>,
}

impl Way {
    fn new(trees: &Trees<'_>, shown: Shown) -> Self {
        let leads_on = (0..trees.report.nodes.len()).map(|at| !trees.next(at, None, shown).is_empty());
        Way { shown, seen: vec![false; trees.report.nodes.len()], leads_on: leads_on.collect() }
    }
}

struct Trees<'a> {
    report: &'a GraphReport,
    into: Vec<Vec<usize>>,
    out_of: Vec<Vec<usize>>,
    is_start: Vec<bool>,
    out: String,
}

pub fn text(report: &GraphReport) -> String {
    if report.nodes.is_empty() && report.left_out == 0 {
        return match &report.target {
            Some(target) => {
                format!("{}: nothing is recorded that it came from, or that came of it.\n", visible(target))
            }
            None => "No commit, data or run is recorded here.\n".to_owned(),
        };
    }
    let mut trees = Trees::new(report);
    match &report.target {
        Some(target) => trees.around(target),
        None => trees.all(),
    }
    trees.out.extend(left_out(report).map(|runs| format!("{runs}\n")));
    trees.out
}

impl<'a> Trees<'a> {
    fn new(report: &'a GraphReport) -> Self {
        let mut trees = Trees {
            report,
            into: vec![Vec::new(); report.nodes.len()],
            out_of: vec![Vec::new(); report.nodes.len()],
            is_start: vec![false; report.nodes.len()],
            out: String::new(),
        };
        for (at, edge) in report.edges.iter().enumerate() {
            trees.into[edge.to].push(at);
            trees.out_of[edge.from].push(at);
        }
        let edges = &report.edges;
        trees.into.iter_mut().for_each(|list| list.sort_by_key(|at| (edges[*at].kind, edges[*at].from)));
        trees.out_of.iter_mut().for_each(|list| list.sort_by_key(|at| (edges[*at].kind, edges[*at].to)));
        report.starts.iter().for_each(|at| trees.is_start[*at] = true);
        trees
    }

    fn around(&mut self, target: &str) {
        // Of one thing the first line says what it is.
        if self.report.starts.len() != 1 {
            self.out.push_str(&format!("{}\n\n", ui::paint(ui::BOLD, visible(target))));
        }
        let sides = [("upstream", Shown::Upstream), ("downstream", Shown::Downstream)];
        let mut sides = sides.map(|(head, shown)| (head, Way::new(self, shown)));
        for (n, start) in self.report.starts.iter().enumerate() {
            if n > 0 {
                self.out.push('\n');
            }
            self.out.push_str(&format!("{}\n", line(self.report, *start)));
            for (head, way) in &mut sides {
                let nothing = if way.leads_on[*start] { "" } else { ": nothing recorded" };
                self.out.push_str(&format!("{}{nothing}\n", ui::paint(ui::BOLD, *head)));
                way.seen[*start] = true;
                self.below(*start, way);
            }
        }
    }

    /// Runs, then what no run touches.
    fn all(&mut self) {
        let mut way = Way::new(self, Shown::All);
        for root in 0..self.report.nodes.len() {
            if !std::mem::replace(&mut way.seen[root], true) {
                self.out.push_str(&format!("{}\n", line(self.report, root)));
                self.below(root, &mut way);
            }
        }
    }

    /// Edges to what stands below a node. `by`: the edge that led to it.
    fn next(&self, at: usize, by: Option<usize>, shown: Shown) -> Vec<usize> {
        let edges = &self.report.edges;
        let bound = |edge: &usize| edges[*edge].kind != EdgeKind::Bound || self.is_start[at];
        match shown {
            Shown::Upstream => {
                let up = |edge: &usize| self.report.nodes[edges[*edge].from].upstream;
                self.into[at].iter().copied().filter(up).filter(bound).collect()
            }
            Shown::Downstream => {
                let down = |edge: &usize| self.report.nodes[edges[*edge].to].downstream;
                self.out_of[at].iter().copied().filter(down).filter(bound).collect()
            }
            Shown::All => {
                let made = |edge: &usize| edges[*edge].kind == EdgeKind::Made && by != Some(*edge);
                self.into[at].iter().copied().chain(self.out_of[at].iter().copied().filter(made)).collect()
            }
        }
    }

    /// All below a node, which stands there already. No recursion: a chain may be as long as the log.
    fn below(&mut self, root: usize, way: &mut Way) {
        let mut further: VecDeque<(usize, Option<usize>)> = [(root, None)].into();
        while let Some((node, by)) = further.pop_front() {
            if by.is_some() {
                self.out.push_str(&format!("{}  (goes on from above)\n", line(self.report, node)));
            }
            let mut waiting = self.lines_below(node, by, way.shown, "", 0);
            while let Some(Line { node, by, before, last, depth }) = waiting.pop() {
                let edge = &self.report.edges[by];
                // What a run made is told of where it was read; the runs of a commit do not come of what it binds.
                let leaf = match way.shown {
                    Shown::Upstream => false,
                    Shown::Downstream => edge.kind == EdgeKind::Bound,
                    Shown::All => edge.from != node,
                };
                let goes_on = way.leads_on[node] && !leaf;
                let mark = match goes_on {
                    true if way.seen[node] => " (*)",
                    true if depth == DEEPEST => " (goes on below)",
                    _ => "",
                };
                let branch = if last { "└── " } else { "├── " };
                let path = edge.path.as_ref().map(|path| format!("  as {}", visible(path.as_str())));
                let (relation, path) = (relation(edge, way.shown, node), path.unwrap_or_default());
                let what = line(self.report, node);
                self.out.push_str(&format!("{before}{branch}{relation:<12}{what}{path}{mark}\n"));
                if leaf {
                    way.seen[node] |= way.shown == Shown::All && self.into[node].len() == 1;
                    continue;
                }
                if std::mem::replace(&mut way.seen[node], true) || !goes_on {
                    continue;
                }
                if depth == DEEPEST {
                    further.push_back((node, Some(by)));
                } else {
                    let before = format!("{before}{}", if last { "    " } else { "│   " });
                    waiting.extend(self.lines_below(node, Some(by), way.shown, &before, depth + 1));
                }
            }
        }
    }

    /// The first one last, as they are taken.
    fn lines_below(
        &self,
        at: usize,
        by: Option<usize>,
        shown: Shown,
        before: &str,
        depth: usize,
    ) -> Vec<Line> {
        let edges = self.next(at, by, shown);
        let other = |edge: &Edge| if edge.from == at { edge.to } else { edge.from };
        let line = |(n, by): (usize, usize)| Line {
            node: other(&self.report.edges[by]),
            by,
            before: before.to_owned(),
            last: n + 1 == edges.len(),
            depth,
        };
        edges.iter().copied().enumerate().map(line).rev().collect()
    }
}

/// What the node below is to the one above.
fn relation(edge: &Edge, shown: Shown, below: usize) -> &'static str {
    let up = shown != Shown::Downstream && edge.from == below;
    match (edge.kind, up) {
        (EdgeKind::Code, true) => "code",
        (EdgeKind::Code, false) => "code of",
        (EdgeKind::Parent, true) => "parent",
        (EdgeKind::Parent, false) => "parent of",
        (EdgeKind::Config, true) => "config",
        (EdgeKind::Config, false) => "config of",
        (EdgeKind::Read, true) => "read",
        (EdgeKind::Read, false) => "read by",
        (EdgeKind::Made, true) => "made by",
        (EdgeKind::Made, false) => "made",
        (EdgeKind::SameFile, _) => "same file",
        (EdgeKind::Superseded, true) => "replaces",
        (EdgeKind::Superseded, false) => "replaced by",
        (EdgeKind::Bound, true) => "binds",
        (EdgeKind::Bound, false) => "bound by",
    }
}

fn line(report: &GraphReport, at: usize) -> String {
    let node = &report.nodes[at];
    let label = label::label(node, &report.log);
    let mut words = vec![ui::paint(ui::BOLD, label.name)];
    // A run is known by its id.
    if !matches!(node.what, What::Run { .. }) {
        words.insert(0, label.kind.to_owned());
    }
    words.extend(label.more.into_iter().map(|word| coloured(node, word)));
    words.join("  ")
}

fn coloured(node: &Node, word: String) -> String {
    let What::Run { status: Some(status), .. } = &node.what else { return word };
    if word != status.as_str() {
        return word;
    }
    let style = match status {
        RunStatus::Complete => ui::GREEN,
        RunStatus::Fail | RunStatus::Abort => ui::RED,
        _ => ui::YELLOW,
    };
    ui::paint(style, word)
}
