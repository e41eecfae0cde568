//! The part of a graph that is shown.

use super::build::Graph;
use super::build::Kept;
use super::node::What;
use super::walk::Direction;
use super::walk::Walked;
use super::walk::walk;
use std::collections::BTreeSet;

/// What was asked for, with all upstream and downstream of it. Of the runs only so many: always the newest of those
/// that what is there already leads to. Also how many runs that leaves out.
pub fn around(graph: &Graph, starts: &[usize], limit: Option<usize>) -> (Vec<Kept>, usize) {
    let [up, down] =
        [Direction::Up, Direction::Down].map(|direction| walk(graph, starts, direction, &|_| true));
    let all = sides(starts, &up, &down);
    let is_run = |at: &usize| matches!(graph.nodes[*at].what, What::Run { .. });
    let runs: Vec<usize> = (0..all.len()).filter(|at| all[*at].kept).filter(is_run).collect();
    let limit = limit.unwrap_or(usize::MAX);
    if runs.len() <= limit {
        return (all, 0);
    }
    let mut allowed: BTreeSet<usize> = starts.iter().copied().filter(is_run).collect();
    // What came of something is newer than what it came from.
    let others = down.runs.into_iter().chain(up.runs);
    allowed.extend(others.take(limit.saturating_sub(allowed.len())));
    let may = |at| !is_run(&at) || allowed.contains(&at);
    let [up, down] = [Direction::Up, Direction::Down].map(|direction| walk(graph, starts, direction, &may));
    let kept = sides(starts, &up, &down);
    let left_out = runs.iter().filter(|at| !kept[**at].kept).count();
    (kept, left_out)
}

fn sides(starts: &[usize], up: &Walked, down: &Walked) -> Vec<Kept> {
    let both = up.reached.iter().zip(&down.reached);
    let side = |(upstream, downstream): (&bool, &bool)| Kept {
        kept: *upstream || *downstream,
        upstream: *upstream,
        downstream: *downstream,
    };
    let mut kept: Vec<Kept> = both.map(side).collect();
    starts.iter().for_each(|at| kept[*at].kept = true);
    kept
}

/// Everything; or the newest runs with what they touch.
pub fn newest(graph: &Graph, limit: Option<usize>) -> (Vec<Kept>, usize) {
    let recorded =
        |at: &usize| matches!(graph.nodes[*at].what, What::Run { .. }) && graph.nodes[*at].log.is_some();
    let runs: Vec<usize> = (0..graph.nodes.len()).filter(recorded).collect();
    let limit = limit.unwrap_or(usize::MAX);
    let kept = |kept| Kept { kept, ..Kept::default() };
    if runs.len() <= limit {
        return (vec![kept(true); graph.nodes.len()], 0);
    }
    let mut shown = vec![kept(false); graph.nodes.len()];
    for run in &runs[..limit] {
        shown[*run].kept = true;
        let ends = |edge: &usize| [graph.edges[*edge].from, graph.edges[*edge].to];
        let touched = graph.into[*run].iter().chain(&graph.out_of[*run]).flat_map(ends);
        touched.filter(|at| !recorded(at)).for_each(|at| shown[at].kept = true);
    }
    (shown, runs.len() - limit)
}
