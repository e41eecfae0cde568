mod dot;
mod label;
mod mermaid;
#[cfg(test)]
mod tests;
mod tree;

use crate::app::AppError;
use crate::app::graph;
use crate::app::graph::GraphReport;
use crate::app::graph::GraphRequest;
use crate::app::graph::Node;
use crate::app::graph::What;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::GraphArgs;
use crate::cli::args::GraphFormat;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::hints;
use crate::domain::ParseError;

/// What mermaid draws unless it is told otherwise (its `maxEdges`).
const MERMAID_EDGES: usize = 500;

pub fn run(context: &Context, args: GraphArgs) -> Result<Exit, AppError> {
    let format = args.format.unwrap_or(GraphFormat::Text);
    if context.ui.json && !matches!(args.format, None | Some(GraphFormat::Json)) {
        return Err(ParseError::new("--format", "contradicts --json", format!("{format:?}")).into());
    }
    let project = compose::open(&context.cwd, false)?;
    let request = GraphRequest { id: args.id.clone(), limit: args.limit };
    let report = graph::graph(&project, &context.cwd, &request)?;
    if context.ui.json {
        context.ui.json("mlprov.graph/1", &report);
    } else {
        match format {
            GraphFormat::Dot => context.ui.raw(&dot::dot(&report, &remarks(&report))),
            GraphFormat::Mermaid => context.ui.raw(&mermaid::mermaid(&report, &remarks(&report))),
            GraphFormat::Text | GraphFormat::Json => context.ui.answer(&tree::text(&report)),
        }
    }
    missing(&report).iter().for_each(|what| context.ui.warning(what));
    report.waiting.iter().for_each(|waiting| context.ui.status(format::waiting(waiting)));
    if format == GraphFormat::Mermaid && report.edges.len() > MERMAID_EDGES {
        let edges = report.edges.len();
        context.ui.status(format!(
            "mermaid draws {MERMAID_EDGES} edges, and here are {edges}; -n N limits the runs"
        ));
    }
    let as_text = format == GraphFormat::Text && !context.ui.json;
    if let Some(id) = args.id.filter(|_| as_text && can_be_verified(&report)) {
        context.ui.hint(format!("mlprov verify {}   # checks what is only shown here", hints::quote(&id)));
    }
    Ok(0)
}

/// `verify` knows runs, commits and model packages, and those that are recorded.
fn can_be_verified(report: &GraphReport) -> bool {
    let of = |at: &usize| &report.nodes[*at];
    let known =
        |node: &Node| !matches!(node.what, What::Dataset(_) | What::Artefact(_)) && node.log.is_some();
    matches!(&report.starts[..], [one] if known(of(one)))
}

/// What goes into a picture as a comment.
fn remarks(report: &GraphReport) -> Vec<String> {
    let mut out =
        vec!["As recorded; signatures are not checked here: `mlprov verify` checks them.".to_owned()];
    out.extend(left_out(report));
    out.extend(missing(report));
    out
}

fn left_out(report: &GraphReport) -> Option<String> {
    let runs = report.left_out as u64;
    (runs > 0).then(|| format!("and {} (without -n all are shown)", format::count(runs, "more run")))
}

/// What could not be read, and is therefore not in the graph.
fn missing(report: &GraphReport) -> Vec<String> {
    let unreadable = &report.unreadable;
    let mut out = Vec::new();
    if unreadable.entries > 0 {
        let entries = format::count(unreadable.entries, "unreadable entry");
        out.push(format!("{entries} in the log; what may stand there is not in the graph"));
    }
    if unreadable.lists > 0 {
        let lists = format::count(unreadable.lists, "list");
        out.push(format!(
            "{lists} of inputs or outputs cannot be read; what stands there is not in the graph"
        ));
    }
    for cut in &unreadable.logs {
        let (log, read, claimed) = (cut.log.tail(), cut.read, cut.claimed);
        out.push(format!(
            "of log {log} only {read} of {claimed} entries can be read; the rest is not in the graph"
        ));
    }
    out
}
