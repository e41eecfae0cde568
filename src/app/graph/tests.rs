use super::build::Graph;
use super::build::Kept;
use super::facts::Facts;
use super::limit;
use super::node::EdgeKind;
use super::node::NodeId;
use super::node::What;
use crate::app::query::LogEntry;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Body;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use crate::ledger::FormatError;
use serde_json::Value;
use serde_json::json;

/// A log that says what a test wants it to say.
struct Log {
    id: LogId,
    entries: Vec<LogEntry>,
}

fn run(n: u64) -> RunId {
    RunId::new(1_750_000_000_000 + n, &[7; 10])
}

fn commit(n: u64) -> String {
    format!("{n:040x}")
}

fn at(path: &str, content: &str) -> Value {
    let digest = json!({ "blake3": Blake3Hash::of(content.as_bytes()) });
    json!({ "name": path, "role": "dataset", "digest": digest, "size": content.len(), "fileCount": 1 })
}

fn content(content: &str) -> String {
    format!("data:{}", Blake3Hash::of(content.as_bytes()))
}

impl Log {
    fn new() -> Self {
        Log { id: LogId::draw(), entries: Vec::new() }
    }

    fn add(&mut self, kind: &str, more: Value) {
        let index = self.entries.len() as u64;
        let mut body = json!({
            "project": "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01", "kind": kind, "id": "4d9bc2e9-ccf1-804f-bb4a-956a63876d4e",
            "time": Timestamp::from_unix_micros(index as i64 * 1_000_000), "producer": { "name": "t", "version": "0" },
            "actor": { "writer": "00".repeat(32) },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body: Body = serde_json::from_value(body).unwrap();
        self.entries.push(LogEntry { log: self.id, index, id: body.id, bytes: Vec::new(), read: Ok(body) });
    }

    /// Start and end of a run on commit 1.
    fn run(&mut self, n: u64, more: Value) {
        let parents = more.get("parents").cloned().unwrap_or_else(|| json!([]));
        for (kind, status) in [("run.started", "STARTED"), ("run.finished", "COMPLETE")] {
            let mut body = json!({
                "run": { "id": run(n), "status": status, "startedOn": Timestamp::from_unix_micros(0), "command": [],
                    "cwd": ".", "parents": parents },
                "source": source(1),
            });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            self.add(kind, body);
        }
    }
}

fn source(n: u64) -> Value {
    json!({ "vcs": "git", "objectFormat": "sha1", "commit": commit(n), "tree": commit(n) })
}

fn built(entries: &[LogEntry]) -> Graph {
    Graph::build(Facts::gather(entries, &mut |list| Some(list.inline().to_vec())), None)
}

fn name(id: &NodeId) -> String {
    match id {
        NodeId::Run(id) => (0..10).find(|n| run(*n) == *id).map_or(id.to_string(), |n| format!("run {n}")),
        NodeId::Commit(id) => format!("commit {}", id.as_str().trim_start_matches('0')),
        other => other.to_string(),
    }
}

fn edges(graph: &Graph) -> Vec<(String, EdgeKind, String)> {
    let name = |at: usize| name(&graph.nodes[at].id);
    let mut edges: Vec<_> = graph.edges.iter().map(|e| (name(e.from), e.kind, name(e.to))).collect();
    edges.retain(|(_, kind, _)| *kind != EdgeKind::Code);
    edges
}

fn kept(graph: &Graph, kept: Vec<Kept>) -> Vec<String> {
    (0..kept.len()).filter(|at| kept[*at].kept).map(|at| name(&graph.nodes[at].id)).collect()
}

fn find(graph: &Graph, node: &str) -> usize {
    graph.nodes.iter().position(|found| name(&found.id) == node).unwrap()
}

/// What is upstream, and what downstream of a node.
fn around(graph: &Graph, start: &str) -> (Vec<String>, Vec<String>) {
    let (kept, _) = limit::around(graph, &[find(graph, start)], None);
    let of = |wanted: &dyn Fn(usize) -> bool| {
        let mut names: Vec<String> =
            (0..kept.len()).filter(|at| wanted(*at)).map(|at| name(&graph.nodes[at].id)).collect();
        names.sort();
        names
    };
    (of(&|at| kept[at].upstream), of(&|at| kept[at].downstream))
}

fn sorted<const N: usize>(names: [&str; N]) -> Vec<String> {
    let mut names = names.map(str::to_owned).to_vec();
    names.sort();
    names
}

/// Run 1 prepares, run 2 trains, run 3 tests; run 4 reads the same raw data, and runs on the same commit.
fn chain() -> Log {
    let mut log = Log::new();
    log.add("dataset.tracked", json!({ "inputs": [at("raw", "raw")] }));
    log.add("commit.recorded", json!({ "source": source(1), "inputs": [at("raw", "raw")] }));
    log.run(
        1,
        json!({ "inputs": [at("raw", "raw")], "outputs": [at("out/clean", "clean"), at("log", "log")] }),
    );
    log.run(2, json!({ "inputs": [at("in/clean", "clean")], "outputs": [at("model", "model")] }));
    log.run(3, json!({ "inputs": [at("model", "model")] }));
    log.run(4, json!({ "inputs": [at("raw", "raw")], "outputs": [at("other", "other")] }));
    log
}

#[test]
fn what_one_run_made_and_another_read_is_one_node() {
    let graph = built(&chain().entries);
    let clean = graph.nodes.iter().find(|node| node.id.to_string() == content("clean")).unwrap();
    let What::Dataset(found) = &clean.what else { panic!("{clean:?}") };
    assert_eq!((found.path.as_str(), found.also_at[0].as_str()), ("in/clean", "out/clean"));
    let made =
        graph.edges.iter().find(|e| e.kind == EdgeKind::Made && graph.nodes[e.to].id == clean.id).unwrap();
    assert_eq!(made.path.as_ref().map(|path| path.as_str()), Some("out/clean"), "where it lay otherwise");
    let (raw, clean, model) = (content("raw"), content("clean"), content("model"));
    let expected = [
        ("run 2".to_owned(), EdgeKind::Made, model.clone()),
        ("run 1".to_owned(), EdgeKind::Made, clean.clone()),
        (clean, EdgeKind::Read, "run 2".to_owned()),
        (model, EdgeKind::Read, "run 3".to_owned()),
        (raw.clone(), EdgeKind::Read, "run 4".to_owned()),
        (raw.clone(), EdgeKind::Read, "run 1".to_owned()),
        (raw, EdgeKind::Bound, "commit 1".to_owned()),
    ];
    assert_eq!(edges(&graph), expected, "what joins nothing has no node");
}

#[test]
fn upstream_and_downstream_are_no_siblings() {
    let graph = built(&chain().entries);
    let (raw, clean, model) = (content("raw"), content("clean"), content("model"));
    let (up, down) = around(&graph, "run 2");
    assert_eq!(up, sorted(["commit 1", &clean, "run 1", &raw]));
    assert_eq!(down, sorted([&model, "run 3"]));
    let (up, down) = around(&graph, &raw);
    assert_eq!(up, [""; 0]);
    assert_eq!(down, sorted(["run 1", &clean, "run 2", &model, "run 3", "run 4", "commit 1"]));
    let (up, down) = around(&graph, "commit 1");
    assert_eq!(up, [raw]);
    assert_eq!(down, sorted(["run 1", "run 2", "run 3", "run 4", &clean, &model]));
}

#[test]
fn what_a_commit_binds_is_not_what_its_runs_read() {
    let mut log = Log::new();
    let both = json!({ "source": source(1), "inputs": [at("a", "a"), at("b", "b")] });
    log.add("commit.recorded", both);
    log.run(1, json!({ "inputs": [at("a", "a")] }));
    let graph = built(&log.entries);
    assert_eq!(around(&graph, "run 1").0, sorted(["commit 1", &content("a")]));
    assert_eq!(around(&graph, &content("b")).1, ["commit 1"], "run 1 did not read it");
}

#[test]
fn nobody_read_what_was_made_after_his_end() {
    let mut log = Log::new();
    log.run(1, json!({ "outputs": [at("d", "d")] }));
    log.run(2, json!({ "inputs": [at("d", "d")] }));
    log.run(3, json!({ "outputs": [at("d", "d")] }));
    log.run(4, json!({ "inputs": [at("d", "d")] }));
    let graph = built(&log.entries);
    let d = content("d");
    assert_eq!(around(&graph, "run 2").0, sorted([&d, "commit 1", "run 1"]));
    assert_eq!(around(&graph, "run 4").0, sorted([&d, "commit 1", "run 1", "run 3"]));
    assert_eq!(around(&graph, "run 3").1, sorted([&d, "run 4"]));
    assert_eq!(around(&graph, "run 1").1, sorted([&d, "run 2", "run 4"]));
    // Between logs there is no order.
    let mut other = Log::new();
    other.run(5, json!({ "inputs": [at("d", "d")] }));
    log.entries.append(&mut other.entries);
    let graph = built(&log.entries);
    assert_eq!(around(&graph, "run 5").0, sorted([&d, "commit 1", "run 1", "run 3"]));
}

#[test]
fn a_run_did_not_make_what_it_found() {
    let mut log = Log::new();
    let mut left = at("left", "left");
    left["observed"] = json!("unchanged");
    log.run(1, json!({ "inputs": [at("d", "d")], "outputs": [at("d", "d"), left] }));
    log.run(2, json!({ "inputs": [at("d", "d"), at("left", "left")] }));
    assert!(edges(&built(&log.entries)).iter().all(|(_, kind, _)| *kind == EdgeKind::Read));
}

#[test]
fn what_is_empty_joins_only_where_it_lies() {
    let mut log = Log::new();
    log.run(1, json!({ "outputs": [at("errors", ""), at("marker", "")] }));
    log.run(2, json!({ "inputs": [at("empty", ""), at("marker", "")] }));
    let graph = built(&log.entries);
    let marker = format!("{}:marker", content(""));
    assert_eq!(around(&graph, &marker).0, sorted(["run 1", "commit 1"]));
    assert_eq!(around(&graph, &format!("{}:empty", content(""))).0, [""; 0]);
    assert!(!graph.nodes.iter().any(|node| node.id.to_string().ends_with(":errors")));
}

#[test]
fn parents_configurations_and_commits_in_the_place_of_others() {
    let mut log = Log::new();
    log.add("commit.superseded", json!({ "source": source(1), "target": { "commit": commit(9) } }));
    log.run(1, json!({ "outputs": [at("best.yaml", "lr: 1")] }));
    log.run(2, json!({ "configFiles": [at("params.yaml", "lr: 1"), at("own.yaml", "x: 1")], "parents": [run(1), run(8)] }));
    let graph = built(&log.entries);
    let config = content("lr: 1");
    let expected = [
        ("run 8".to_owned(), EdgeKind::Parent, "run 2".to_owned()),
        ("run 1".to_owned(), EdgeKind::Parent, "run 2".to_owned()),
        ("run 1".to_owned(), EdgeKind::Made, config.clone()),
        ("commit 9".to_owned(), EdgeKind::Superseded, "commit 1".to_owned()),
        (config.clone(), EdgeKind::Config, "run 2".to_owned()),
    ];
    assert_eq!(edges(&graph), expected);
    assert!(matches!(
        &graph.nodes.iter().find(|n| n.id.to_string() == config).unwrap().what,
        What::Artefact(_)
    ));
    assert_eq!(around(&graph, "commit 9").1, sorted(["commit 1", "run 1", "run 2", &config]));
    let unrecorded = graph.nodes.iter().find(|node| node.id == NodeId::Run(run(8))).unwrap();
    assert!(unrecorded.log.is_none());
}

#[test]
fn a_model_package_comes_from_its_run_and_leads_to_who_reads_its_file() {
    let mut log = Log::new();
    let arn = format!("arn:mlprov:local:9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01::model-package/iris/{}", run(1));
    let digest = json!({ "blake3": Blake3Hash::of(b"model") });
    let package = json!({ "arn": arn, "groupName": "iris", "model": "m", "digest": digest });
    log.run(1, json!({ "outputs": [at("m", "model")], "modelPackage": package }));
    let model = format!("model:{arn}");
    assert_eq!(edges(&built(&log.entries)), [("run 1".to_owned(), EdgeKind::Made, model.clone())]);
    log.run(2, json!({ "inputs": [at("deployed", "model")] }));
    log.add("model.approved", json!({ "target": { "modelPackage": arn } }));
    log.add("model.rejected", json!({ "target": { "modelPackage": arn } }));
    let graph = built(&log.entries);
    let (up, down) = around(&graph, &model);
    assert_eq!((up, down), (sorted(["run 1", "commit 1"]), sorted([&content("model"), "run 2"])));
    assert!(around(&graph, "run 2").0.contains(&model));
    let What::Model { approval_status, .. } = &graph.nodes.last().unwrap().what else { panic!() };
    assert_eq!(approval_status.as_deref(), Some("Rejected"), "the last word");
}

#[test]
fn rings_come_to_an_end() {
    let mut log = Log::new();
    log.run(1, json!({ "parents": [run(2)], "inputs": [at("a", "a")], "outputs": [at("b", "b")] }));
    log.run(2, json!({ "parents": [run(1), run(2)], "inputs": [at("b", "b")], "outputs": [at("a", "a")] }));
    log.add("commit.superseded", json!({ "source": source(1), "target": { "commit": commit(2) } }));
    log.add("commit.superseded", json!({ "source": source(2), "target": { "commit": commit(1) } }));
    log.add("commit.superseded", json!({ "source": source(2), "target": { "commit": commit(2) } }));
    let graph = built(&log.entries);
    let all = sorted(["run 1", "run 2", "commit 1", "commit 2", &content("a"), &content("b")]);
    assert_eq!(around(&graph, "run 1").0, all, "itself too, as a way leads back");
    assert!(graph.edges.iter().all(|edge| edge.from != edge.to));
    let (up, down) = around(&graph, "commit 2");
    assert_eq!((up, down), (sorted(["commit 1", "commit 2"]), all));
}

#[test]
fn the_newest_runs_and_what_they_touch() {
    let mut log = chain();
    log.run(5, json!({ "inputs": [at("raw", "raw")], "parents": [run(4), run(9)] }));
    let graph = built(&log.entries);
    let newest = |limit| {
        let (shown, left_out) = limit::newest(&graph, limit);
        (kept(&graph, shown), left_out)
    };
    assert_eq!(newest(None), (graph.nodes.iter().map(|node| name(&node.id)).collect(), 0));
    // A parent that is recorded nowhere is no run that could be left out.
    let one = ["run 9", "run 5", "commit 1", &content("raw")].map(str::to_owned).to_vec();
    assert_eq!(newest(Some(1)), (one, 4));
    assert_eq!(newest(Some(0)), (vec![], 5));
}

#[test]
fn the_newest_runs_that_the_rest_leads_to() {
    let graph = built(&chain().entries);
    let around = |start: &str, limit| {
        let (shown, left_out) = limit::around(&graph, &[find(&graph, start)], Some(limit));
        let mut names = kept(&graph, shown);
        names.retain(|name| name.starts_with("run"));
        (names.join(", "), left_out)
    };
    // Run 3 is newer than run 1, but what leads to it would be missing.
    assert_eq!(around(&content("raw"), 2), ("run 4, run 1".to_owned(), 2));
    assert_eq!(around(&content("raw"), 3), ("run 4, run 2, run 1".to_owned(), 1));
    assert_eq!(around(&content("raw"), 0), (String::new(), 4));
    assert_eq!(around("run 2", 1), ("run 2".to_owned(), 2), "itself counts");
    assert_eq!(around("run 2", 2), ("run 3, run 2".to_owned(), 1));
    assert_eq!(around("run 2", 3), ("run 3, run 2, run 1".to_owned(), 0));
    assert_eq!(around("run 2", 0), ("run 2".to_owned(), 2), "what was asked for is always there");
}

#[test]
fn the_first_entry_about_a_commit_counts() {
    let (mut log, mut other) = (Log::new(), Log::new());
    log.add("commit.recorded", json!({ "source": source(1), "inputs": [at("a", "a")] }));
    other.add("commit.recorded", json!({ "source": source(1), "inputs": [at("b", "b")] }));
    log.entries.append(&mut other.entries);
    assert_eq!(edges(&built(&log.entries)), [(content("a"), EdgeKind::Bound, "commit 1".to_owned())]);
}

#[test]
fn what_only_one_run_made_and_took_joins_nothing() {
    let mut log = Log::new();
    log.run(1, json!({ "configFiles": [at("a.yaml", "x")], "outputs": [at("b.yaml", "x")] }));
    assert_eq!(edges(&built(&log.entries)), []);
}

#[test]
fn the_order_of_the_logs_does_not_matter() {
    let (mut one, mut other) = (chain(), Log::new());
    other.run(6, json!({ "inputs": [at("in/clean", "clean")], "outputs": [at("model", "model")] }));
    other.run(5, json!({ "inputs": [at("model", "model")], "parents": [run(6)] }));
    let of = |entries: &[LogEntry]| {
        let graph = built(entries);
        (graph.nodes.iter().map(|node| name(&node.id)).collect::<Vec<_>>(), edges(&graph))
    };
    one.entries.append(&mut other.entries);
    let there = of(&one.entries);
    one.entries.rotate_left(10);
    assert_eq!(of(&one.entries), there);
    assert_eq!(there.0[..3], ["run 6", "run 5", "run 4"], "the newest first");
}

#[test]
fn what_cannot_be_read_is_counted() {
    let mut log = chain();
    log.entries[3].read = Err(FormatError::new("entry", "no JSON").into());
    let facts = Facts::gather(&log.entries, &mut |_| None);
    // Two lists of the entries about data and commits, three of each of four runs: of run 1 only the start is there.
    assert_eq!((facts.unreadable.entries, facts.unreadable.lists), (1, 2 + 3 * 4));
    let graph = Graph::build(facts, None);
    assert!(graph.edges.iter().all(|edge| edge.kind == EdgeKind::Code));
}
