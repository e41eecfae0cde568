//! What lies upstream and downstream of some nodes.
//!
//! Whoever shares a commit or a dataset with what was asked for is no relation of it: the walk goes up or down, never
//! up and down again. Which data a commit binds says nothing of what its runs read: that is followed only where the
//! commit, or the dataset, is what was asked for. And within one log nobody read what was made only after his end,
//! though the bytes be the same: a stage that is run again made nothing of what came of it the first time.

use super::build::Graph;
use super::facts::Span;
use super::node::EdgeKind;
use super::node::What;
use crate::domain::ids::LogId;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::collections::HashMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    Up,
    Down,
}

pub struct Walked {
    /// A start only if a way leads back to it.
    pub reached: Vec<bool>,
    /// Runs as they were come to: of those that could be next always the newest.
    pub runs: Vec<usize>,
}

/// `allowed`: nodes that may be passed.
pub fn walk(
    graph: &Graph,
    starts: &[usize],
    direction: Direction,
    allowed: &dyn Fn(usize) -> bool,
) -> Walked {
    let mut walked = Walked { reached: vec![false; graph.nodes.len()], runs: Vec::new() };
    let mut is_start = vec![false; graph.nodes.len()];
    starts.iter().for_each(|at| is_start[*at] = true);
    let mut queued = is_start.clone();
    let mut gates: HashMap<usize, Gate> = HashMap::new();
    // Runs wait until there is nothing else. They come first among the nodes, the newest first.
    let rank = |at: usize| Reverse((matches!(graph.nodes[at].what, What::Run { .. }), at));
    let mut waiting: BinaryHeap<Reverse<(bool, usize)>> = starts.iter().map(|at| rank(*at)).collect();
    while let Some(Reverse((is_run, at))) = waiting.pop() {
        if is_run && !is_start[at] {
            walked.runs.push(at);
        }
        // Else who comes to a content is let through, or not.
        if graph.nodes[at].content().is_some() && !is_start[at] {
            continue;
        }
        let mut next = Vec::new();
        for (beyond, kind) in graph.next(at, direction).filter(|(beyond, _)| allowed(*beyond)) {
            match (kind, direction) {
                (EdgeKind::Bound, _) if !is_start[at] => continue,
                // The runs of a commit are no relation of all that it binds.
                (EdgeKind::Bound, Direction::Down) => walked.reached[beyond] = true,
                _ => next.push(beyond),
            }
            if graph.nodes[beyond].content().is_some() {
                let gate = gates.entry(beyond).or_insert_with(|| Gate::of(graph, beyond, direction));
                gate.open(graph.spans[at], direction, &mut next);
            }
        }
        for beyond in next.into_iter().filter(|at| allowed(*at)) {
            walked.reached[beyond] = true;
            if !std::mem::replace(&mut queued[beyond], true) {
                waiting.push(rank(beyond));
            }
        }
    }
    walked
}

impl Graph {
    fn next(&self, at: usize, direction: Direction) -> impl Iterator<Item = (usize, EdgeKind)> {
        let edges = match direction {
            Direction::Up => &self.into[at],
            Direction::Down => &self.out_of[at],
        };
        edges.iter().map(move |edge| {
            let edge = &self.edges[*edge];
            (if direction == Direction::Up { edge.from } else { edge.to }, edge.kind)
        })
    }
}

/// Who stands beyond a content, and was not let through yet.
struct Gate {
    /// Those that come through first are last.
    by_log: BTreeMap<LogId, Vec<(u64, usize)>>,
    anyone: Vec<usize>,
}

impl Gate {
    fn of(graph: &Graph, content: usize, direction: Direction) -> Self {
        let mut gate = Gate { by_log: BTreeMap::new(), anyone: Vec::new() };
        for (beyond, _) in graph.next(content, direction).filter(|(_, kind)| *kind != EdgeKind::Bound) {
            match graph.spans[beyond] {
                Some(span) => {
                    let queue = gate.by_log.entry(span.log).or_default();
                    queue.push((position(span, direction), beyond));
                }
                None => gate.anyone.push(beyond),
            }
        }
        gate.by_log.values_mut().for_each(|queue| queue.sort_unstable_by(|a, b| b.cmp(a)));
        gate
    }

    /// Each is let through once, so that all of it costs no more than there are edges.
    fn open(&mut self, comer: Option<Span>, direction: Direction, out: &mut Vec<usize>) {
        out.append(&mut self.anyone);
        self.by_log.retain(|log, queue| {
            let limit = match comer.filter(|comer| comer.log == *log) {
                Some(comer) => limit(comer, direction),
                None => u64::MAX,
            };
            while let Some((_, beyond)) = queue.pop_if(|(position, _)| *position <= limit) {
                out.push(beyond);
            }
            !queue.is_empty()
        });
    }
}

/// Up, those who began first come first; down, those who ended last.
fn position(span: Span, direction: Direction) -> u64 {
    match direction {
        Direction::Up => span.begin,
        Direction::Down => !span.end,
    }
}

/// Up, only those who began before the comer's end; down, those who ended after its begin.
fn limit(comer: Span, direction: Direction) -> u64 {
    match direction {
        Direction::Up => comer.end,
        Direction::Down => !comer.begin,
    }
}

impl super::node::Node {
    pub fn content(&self) -> Option<&super::node::Content> {
        match &self.what {
            What::Dataset(content) | What::Artefact(content) => Some(content),
            _ => None,
        }
    }
}
