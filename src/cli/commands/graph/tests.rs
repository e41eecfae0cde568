use super::dot::dot;
use super::mermaid::mermaid;
use super::tree::text;
use crate::app::graph::Content;
use crate::app::graph::Edge;
use crate::app::graph::EdgeKind;
use crate::app::graph::GraphReport;
use crate::app::graph::Node;
use crate::app::graph::NodeId;
use crate::app::graph::What;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::RunStatus;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;

fn report(nodes: Vec<Node>, edges: Vec<Edge>) -> GraphReport {
    GraphReport {
        target: None,
        log: "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01".parse().unwrap(),
        starts: Vec::new(),
        nodes,
        edges,
        left_out: 0,
        unreadable: Default::default(),
        waiting: Vec::new(),
    }
}

fn node(id: NodeId, what: What) -> Node {
    let log: LogId = "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01".parse().unwrap();
    Node { id, what, log: Some(log), index: Some(7), upstream: true, downstream: true }
}

fn run(n: u64, name: &str) -> Node {
    let run = RunId::new(n, &[7; 10]);
    let status = Some(RunStatus::Complete);
    let what = What::Run { run, name: Some(name.to_owned()), status, time: None, commit: None, sweep: None };
    node(NodeId::Run(run), what)
}

fn data(path: &str) -> Node {
    let (path, blake3) = (path.parse().unwrap(), Blake3Hash::of(path.as_bytes()));
    let content = Content { path, blake3, files: 1, bytes: 2, also_at: Vec::new() };
    node(NodeId::Content(blake3, None), What::Dataset(content))
}

fn edge(from: usize, to: usize, kind: EdgeKind) -> Edge {
    Edge { from, to, kind, path: None }
}

/// Names that are taken for something else where they are not escaped.
const HOSTILE: [&str; 16] = [
    "a\"]; evil -> run; b [label=\"",
    "two\nlines",
    "a]b)c}d|e",
    "ends with \\",
    "\\N\\G\\l",
    "<script>alert(1)</script>",
    "a --> b",
    "%%{init: {\"theme\": 1}}%%",
    "`code` **bold**",
    "#quot;#35;",
    "&lt;&quot;&#34;",
    "style:x#a;",
    "end",
    "\u{0}\u{7f}\u{1b}[31m",
    "click a href \"javascript:alert(1)\"",
    "// no /* comment */",
];

fn hostile() -> GraphReport {
    let mut nodes: Vec<Node> = Vec::new();
    let mut edges = Vec::new();
    for (n, name) in HOSTILE.into_iter().enumerate() {
        nodes.push(run(n as u64, name));
        // What no path can hold.
        let path = name.replace(['\0', '/'], "");
        let mut made = edge(2 * n, 2 * n + 1, EdgeKind::Made);
        made.path = format!("as {path}").parse().ok();
        nodes.push(data(&format!("in {path}")));
        edges.push(made);
    }
    report(nodes, edges)
}

/// The strings of a line of DOT, unescaped, and the line with `""` in the place of each.
fn strings(line: &str) -> (Vec<String>, String) {
    let (mut strings, mut rest) = (Vec::new(), String::new());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        rest.push(c);
        if c != '"' {
            continue;
        }
        let mut string = String::new();
        loop {
            match chars.next().expect("a string without an end") {
                '"' => break,
                '\\' => match chars.next().expect("a string without an end") {
                    'n' => string.push('\n'),
                    c @ ('"' | '\\') => string.push(c),
                    c => panic!("\\{c} means something to Graphviz"),
                },
                c => string.push(c),
            }
        }
        rest.push('"');
        strings.push(string.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
    }
    (strings, rest)
}

#[test]
fn no_name_breaks_out_of_a_string_of_dot() {
    let text = dot(&hostile(), &[]);
    let lines: Vec<(Vec<String>, String)> = text.lines().map(strings).collect();
    assert_eq!(lines.len(), 5 + 3 * HOSTILE.len());
    for (n, name) in HOSTILE.into_iter().enumerate() {
        let (strings, rest) = &lines[4 + 2 * n];
        let shown = if name.chars().any(char::is_control) { format!("{name:?}") } else { name.to_owned() };
        assert!(strings[0].ends_with(&format!("\n{shown}\nCOMPLETE")), "{strings:?}");
        let (word, rest) = rest.trim().split_once(' ').unwrap();
        assert!(word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{word}");
        assert_eq!(rest, "[label=\"\", shape=box, style=rounded];");
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains("<script"));
}

/// Only characters that mean nothing to mermaid stand between its own.
#[test]
fn no_name_breaks_out_of_a_string_of_mermaid() {
    let text = mermaid(&hostile(), &[]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 3 * HOSTILE.len());
    for line in &lines[1..] {
        let parts: Vec<&str> = line.split('"').collect();
        assert_eq!(parts.len(), 3, "{line}");
        let harmless = |c: char| c.is_alphanumeric() || " .,-/#;".contains(c);
        assert!(parts[1].replace("<br/>", " ").chars().all(harmless), "{line}");
        assert!(parts[1].split('#').skip(1).all(|code| code.contains(';')), "{line}");
        let around = format!("{}{}", parts[0], parts[2]);
        let own = |c: char| c.is_ascii_alphanumeric() || "_ ([])->|".contains(c);
        assert!(around.chars().all(own), "{line}");
    }
    assert!(text.contains("run r-07070707<br/>#60;script#62;alert#40;1#41;#60;/script#62;<br/>COMPLETE\"])"));
    assert!(text.contains("#quot;two#92;nlines#quot;"));
    assert!(text.contains("#35;quot#59;#35;35#59;"), "an entity in a name is no entity");
}

#[test]
fn no_name_reaches_the_terminal_as_it_is() {
    let text = text(&hostile());
    assert_eq!(text.lines().count(), 2 * HOSTILE.len(), "{text}");
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.contains("\"two\\nlines\"") && plain.contains("\"\\0\\u{7f}\\u{1b}[31m\""), "{plain}");
    assert!(!plain.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn names_of_nodes_do_not_change_when_the_graph_grows() {
    let word = |text: &str| text.lines().find(|l| l.contains("first")).unwrap().trim()[..20].to_owned();
    let small = report(vec![run(1, "first")], Vec::new());
    let large = report(vec![run(2, "new"), run(1, "first"), data("d")], vec![edge(2, 1, EdgeKind::Read)]);
    assert_eq!(word(&dot(&small, &[])), word(&dot(&large, &[])));
    assert_eq!(word(&mermaid(&small, &[])), word(&mermaid(&large, &[])));
}

fn plain(report: &GraphReport) -> String {
    anstream::adapter::strip_str(&text(report)).to_string()
}

#[test]
fn what_was_told_before_is_marked_if_something_stood_below_it() {
    let nodes = vec![run(2, "late"), run(1, "early"), data("d"), data("e")];
    let edges = vec![
        edge(1, 2, EdgeKind::Made),
        edge(1, 3, EdgeKind::Made),
        edge(2, 0, EdgeKind::Read),
        edge(3, 0, EdgeKind::Read),
    ];
    let lines = plain(&report(nodes, edges));
    let mut last: Vec<&str> = lines.lines().map(|line| line.trim_start_matches(['│', ' '])).collect();
    assert!(last.remove(0).ends_with("late  COMPLETE"));
    assert_eq!(last[0].split_whitespace().collect::<Vec<_>>()[..4], ["├──", "read", "data", "d"]);
    assert!(last[1].contains("made by") && last[1].ends_with("early  COMPLETE"), "{lines}");
    // That it made d is said by the line above it.
    assert!(last[2].contains("made        data  e") && last[2].ends_with("2 B"), "{lines}");
    assert!(last[3].contains("read        data  e") && last[3].ends_with("2 B (*)"), "{lines}");
    assert_eq!(last.len(), 4, "{lines}");
}

#[test]
fn a_long_chain_goes_on_further_down() {
    let long = 20_000;
    let nodes = (0..long).map(|n| run(n as u64, "link")).collect();
    let edges = (1..long).map(|n| edge(n, n - 1, EdgeKind::Parent)).collect();
    let mut chain = report(nodes, edges);
    let whole = plain(&chain);
    assert_eq!(whole.matches("goes on below").count(), whole.matches("goes on from above").count());
    let told = whole.lines().count() - whole.matches("goes on from above").count();
    assert_eq!((told, whole.matches("(*)").count()), (long, 0));
    assert!(whole.lines().all(|line| line.chars().count() < 200));
    (chain.starts, chain.target) = (vec![long / 2], Some("run".to_owned()));
    // Upstream half of it, downstream the rest; and two headings.
    let around = plain(&chain);
    assert_eq!(around.lines().count() - around.matches("goes on from above").count(), long + 2);
}

#[test]
fn nothing_is_said_to_be_nothing() {
    let mut empty = report(Vec::new(), Vec::new());
    assert_eq!(text(&empty), "No commit, data or run is recorded here.\n");
    assert!(dot(&empty, &[]).ends_with("}\n") && mermaid(&empty, &[]) == "flowchart LR\n");
    empty.target = Some("entry e-1a2b3c4d".to_owned());
    assert!(text(&empty).starts_with("entry e-1a2b3c4d: nothing is recorded"));
}
