//! The graph for mermaid, as Markdown on the web draws it.

use super::label;
use crate::app::graph::GraphReport;
use crate::app::graph::Node;
use crate::app::graph::What;
use crate::cli::format::visible;
use std::collections::BTreeSet;

pub fn mermaid(report: &GraphReport, remarks: &[String]) -> String {
    let words = label::words(report);
    let starts: BTreeSet<usize> = report.starts.iter().copied().collect();
    let mut out: String = remarks.iter().map(|remark| format!("%% {remark}\n")).collect();
    out.push_str("flowchart LR\n");
    for (node, word) in report.nodes.iter().zip(&words) {
        let label = label::label(node, &report.log);
        let lines = [format!("{} {}", label.kind, label.name)].into_iter().chain(label.more);
        let lines: Vec<String> = lines.map(|line| escaped(&line)).collect();
        let (open, close) = shape(node);
        out.push_str(&format!("  {word}{open}\"{}\"{close}\n", lines.join("<br/>")));
    }
    for edge in &report.edges {
        let mut verb = label::verb(edge.kind).to_owned();
        if let Some(path) = &edge.path {
            verb.push_str(&format!(" as {}", escaped(&visible(path.as_str()))));
        }
        out.push_str(&format!("  {} -->|\"{verb}\"| {}\n", words[edge.from], words[edge.to]));
    }
    let failed = of(report, &words, |_, node| label::failed(node));
    out.push_str(&class("failed", "stroke:red", &failed));
    let asked = of(report, &words, |at, _| starts.contains(&at));
    out.push_str(&class("start", "stroke-width:4px", &asked));
    out
}

fn of<'a>(
    report: &GraphReport,
    words: &'a [String],
    wanted: impl Fn(usize, &Node) -> bool,
) -> Vec<&'a String> {
    let nodes = report.nodes.iter().enumerate().zip(words);
    nodes.filter(|((at, node), _)| wanted(*at, node)).map(|(_, word)| word).collect()
}

fn class(name: &str, style: &str, words: &[&String]) -> String {
    if words.is_empty() {
        return String::new();
    }
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    format!("  classDef {name} {style}\n  class {} {name}\n", words.join(","))
}

fn shape(node: &Node) -> (&'static str, &'static str) {
    match &node.what {
        What::Run { .. } => ("([", "])"),
        What::Commit { .. } => ("{{", "}}"),
        What::Dataset(_) => ("[(", ")]"),
        What::Artefact(_) => ("[", "]"),
        What::Model { .. } => ("[[", "]]"),
    }
}

/// All but letters, digits and a few harmless signs as mermaid's entity codes. Also those that a quoted label may
/// hold: its preprocessor looks for directives, styles and Markdown in the whole text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '/') => out.push(c),
            '"' => out.push_str("#quot;"),
            c => out.push_str(&format!("#{};", u32::from(c))),
        }
    }
    out
}
