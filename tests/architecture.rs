//! The house rules that a machine can check: which room may use which, and where a few words may stand.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Each room, and the rooms that it may use besides itself.
const TABLE: [(&str, &[&str]); 17] = [
    ("domain", &[]),
    ("ledger", &["domain"]),
    ("ports", &["domain", "ledger"]),
    ("trust", &["domain", "ledger", "config"]),
    ("durable", &[]),
    ("config", &["domain"]),
    ("git", &["domain", "durable"]),
    ("worktree", &["domain", "durable"]),
    ("outbox", &["domain", "ledger", "durable"]),
    ("stores", &["domain", "ledger", "ports", "durable", "config"]),
    ("infra", &["domain", "ledger", "ports", "trust"]),
    ("qldb", &["domain", "ledger", "ports", "trust"]),
    ("evidence", &["domain", "ledger", "ports", "trust"]),
    (
        "app",
        &[
            "domain", "ledger", "ports", "trust", "durable", "config", "git", "worktree", "outbox", "infra",
            "qldb", "evidence",
        ],
    ),
    ("server", &["domain", "ledger", "durable", "qldb"]),
    (
        "cli",
        &[
            "domain", "ledger", "ports", "trust", "durable", "config", "git", "worktree", "outbox", "stores",
            "infra", "qldb", "evidence", "app", "server",
        ],
    ),
    ("main", &["cli"]),
];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The room that a source file lies in.
fn room_of(file: &Path) -> String {
    let below = file.strip_prefix(src()).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Every room that a text names as `crate::room` (or `mlprov::room`), outside comments.
fn rooms_named(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
        for prefix in ["crate::", "mlprov::"] {
            for (at, _) in line.match_indices(prefix) {
                let rest = &line[at + prefix.len()..];
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                found.insert(rest[..end].to_owned());
            }
        }
    }
    found
}

/// What breaks the table, given files and their texts.
fn violations<'a>(files: impl Iterator<Item = (String, &'a str)>) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = TABLE.into_iter().collect();
    let mut out = Vec::new();
    for (room, text) in files {
        let Some(allowed) = table.get(room.as_str()) else {
            out.push(format!("{room} is not in the table"));
            continue;
        };
        for used in rooms_named(text) {
            let known = table.contains_key(used.as_str());
            if known && used != room && !allowed.contains(&used.as_str()) {
                out.push(format!("{room} may not use {used}"));
            }
        }
    }
    out
}

#[test]
fn every_room_uses_only_what_the_table_allows() {
    let texts: Vec<(String, String)> = sources(&src())
        .into_iter()
        .filter(|f| f.file_name().is_some_and(|n| n != "lib.rs"))
        .map(|f| (room_of(&f), fs::read_to_string(&f).unwrap()))
        .collect();
    assert!(texts.len() > 40, "the sources were not found");
    let found = violations(texts.iter().map(|(room, text)| (room.clone(), text.as_str())));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_check_itself_can_fail() {
    let bad = [
        ("domain".to_owned(), "use crate::ledger::hash;\n"),
        ("app".to_owned(), "fn f() { crate::stores::local::x(); }\n"),
        ("cellar".to_owned(), ""),
        ("domain".to_owned(), "// crate::cli in a comment is fine\n"),
    ];
    let found = violations(bad.into_iter());
    assert_eq!(found, ["domain may not use ledger", "app may not use stores", "cellar is not in the table"]);
}

#[test]
fn uses_of_rooms_stand_one_to_a_line() {
    for file in sources(&src()) {
        for (n, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let grouped = line.trim_start().starts_with("use crate::") && line.contains('{');
            assert!(!grouped, "{}:{}: {line}", file.display(), n + 1);
        }
    }
}

#[test]
fn the_runtime_stays_in_its_rooms() {
    for file in sources(&src()) {
        let place = file.strip_prefix(src()).unwrap().to_string_lossy().into_owned();
        if place.starts_with("stores/aws") || place.starts_with("server") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for word in ["tokio::", "async fn", "aws_sdk"] {
            assert!(!text.contains(word), "{place} names {word}");
        }
    }
}

#[test]
fn only_the_durable_room_syncs() {
    for file in sources(&src()) {
        if room_of(&file) == "durable" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for word in ["sync_all(", "sync_data(", "syncfs(", "fs::rename("] {
            assert!(!text.contains(word), "{} calls {word}", file.display());
        }
    }
}

#[test]
fn every_test_area_is_known() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut found: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|n| !n.starts_with('.'))
        .collect();
    found.sort();
    for area in ["architecture.rs", "common", "run.sh"] {
        assert!(found.iter().any(|f| f == area), "tests/{area} is missing");
    }
    for name in &found {
        let is_area =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name).join("main.rs").is_file();
        let known = is_area || ["architecture.rs", "common", "run.sh"].contains(&name.as_str());
        assert!(known, "tests/{name} is run by nobody");
    }
}
