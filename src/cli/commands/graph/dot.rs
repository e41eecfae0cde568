//! The graph for Graphviz.

use super::label;
use crate::app::graph::GraphReport;
use crate::app::graph::Node;
use crate::app::graph::What;
use crate::cli::format::visible;
use std::collections::BTreeSet;

pub fn dot(report: &GraphReport, remarks: &[String]) -> String {
    let words = label::words(report);
    let starts: BTreeSet<usize> = report.starts.iter().copied().collect();
    let mut out: String = remarks.iter().map(|remark| format!("// {remark}\n")).collect();
    out.push_str("digraph mlprov {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    out.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    for (at, (node, word)) in report.nodes.iter().zip(&words).enumerate() {
        let label = label::label(node, &report.log);
        let lines = [format!("{} {}", label.kind, label.name)].into_iter().chain(label.more);
        let lines: Vec<String> = lines.map(|line| escaped(&line)).collect();
        let mut style = shape(node).to_owned();
        if label::failed(node) {
            style.push_str(", color=red");
        }
        if starts.contains(&at) {
            style.push_str(", penwidth=3");
        }
        out.push_str(&format!("  {word} [label=\"{}\", {style}];\n", lines.join("\\n")));
    }
    for edge in &report.edges {
        let mut verb = label::verb(edge.kind).to_owned();
        if let Some(path) = &edge.path {
            verb.push_str(&format!(" as {}", escaped(&visible(path.as_str()))));
        }
        out.push_str(&format!("  {} -> {} [label=\"{verb}\"];\n", words[edge.from], words[edge.to]));
    }
    out.push_str("}\n");
    out
}

fn shape(node: &Node) -> &'static str {
    match &node.what {
        What::Run { .. } => "shape=box, style=rounded",
        What::Commit { .. } => "shape=hexagon",
        What::Dataset(_) => "shape=cylinder",
        What::Artefact(_) => "shape=note",
        What::Model { .. } => "shape=box3d",
    }
}

/// Inside a quoted string of DOT, whose labels know backslashes and the entities of HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.extend(c.escape_default().flat_map(|c| match c {
                '\\' => vec!['\\', '\\'],
                c => vec![c],
            })),
            c => out.push(c),
        }
    }
    out
}
