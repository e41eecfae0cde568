//! The audit trail of configuration: who changed which value, when, in which commit, and which runs used it.

use crate::common::Sandbox;
use mlprov::domain::entry::Digests;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::List;
use serde_json::Value;
use std::fs;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("params.yaml", "lr: 0.1\nopt:\n  name: adam\n");
    s.write("configs/model/base.toml", "depth = 3\n");
    s.write("train.py", "x\n");
    s.commit_all("first");
    s
}

fn set(s: &Sandbox, text: &str) -> String {
    s.write("params.yaml", text);
    s.commit_all("changed")
}

fn run(s: &Sandbox, more: &[&str]) -> String {
    let report = s.json(&[&["run"], more, &["--", "true"]].concat());
    report["run"].as_str().unwrap().to_owned()
}

/// Commit, values and runs of each change, newest first.
fn trail(s: &Sandbox, args: &[&str]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let report = s.json(&[&["log", "--config"], args].concat());
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    let change = |c: &Value| {
        let values = c["values"].as_array().unwrap().iter();
        let values =
            values.map(|v| format!("{}: {} -> {}", text(&v["name"]), text(&v["before"]), text(&v["after"])));
        let runs = c["runs"].as_array().unwrap().iter().map(text).collect();
        (text(&c["commit"]), values.collect(), runs)
    };
    report["changes"].as_array().unwrap().iter().map(change).collect()
}

#[test]
fn every_change_of_a_value_is_found_with_the_runs_that_used_it() {
    let s = project();
    let first = s.head();
    let before = run(&s, &[]);
    let faster = set(&s, "lr: 0.5\nopt:\n  name: adam\n");
    let (one, two) = (run(&s, &[]), run(&s, &[]));
    s.write("train.py", "no configuration\n");
    s.commit_all("code only");
    let three = run(&s, &[]);
    let other = set(&s, "lr: 0.5\nopt:\n  name: sgd\n");
    let strings = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
    let all = trail(&s, &["params.yaml"]);
    assert_eq!(all[0], (other.clone(), strings(&["opt.name: adam -> sgd"]), vec![]));
    assert_eq!(all[1], (faster.clone(), strings(&["lr: 0.1 -> 0.5"]), vec![one, two, three]));
    assert_eq!(all[2], (first.clone(), strings(&["lr: - -> 0.1", "opt.name: - -> adam"]), vec![before]));
    // One value.
    let of_lr: Vec<String> = trail(&s, &["params.yaml", "--key", "lr"]).into_iter().map(|c| c.0).collect();
    assert_eq!(of_lr, [faster, first.clone()]);
    let of_opt: Vec<String> = trail(&s, &["params.yaml", "--key", "opt"]).into_iter().map(|c| c.0).collect();
    assert_eq!(of_opt, [other, first]);
    let shown = s.mlprov(&["log", "--config", "params.yaml", "--key", "lr"]);
    shown.success().shows("ada@example.org").shows("lr: 0.1 -> 0.5");
    s.mlprov_in("repo/configs", &["log", "--config", "model/base.toml"])
        .success()
        .shows("depth: (none) -> 3");
    s.mlprov(&["log", "--config", "train.py"]).success().shows("No commit or run").says("Hint: ");
}

#[test]
fn values_of_one_run_are_not_those_of_a_commit() {
    let s = project();
    let own = run(&s, &["-S", "lr=0.9"]);
    let report = s.json(&["log", "--config", "params.yaml", "--key", "lr"]);
    let values = &report["ownValues"][0];
    assert_eq!((&values["run"], &values["values"][0]["after"]), (&own.as_str().into(), &"0.9".into()));
    assert!(report["changes"][0]["runs"].as_array().unwrap().is_empty(), "{report}");
    s.mlprov(&["log", "--config", "params.yaml"]).success().shows("for one run").shows("lr: 0.1 -> 0.9");
}

#[test]
fn branches_merges_and_removals() {
    let s = project();
    s.git(&["checkout", "-q", "-b", "side"]);
    let side = set(&s, "lr: 0.2\nopt:\n  name: adam\n");
    s.git(&["checkout", "-q", "main"]);
    s.write("train.py", "y\n");
    s.commit_all("main goes on");
    s.git(&["merge", "-q", "--no-edit", "side"]);
    // Neither the commit on main nor the merge changed it.
    assert_eq!(trail(&s, &["params.yaml"]).len(), 2);
    assert_eq!(trail(&s, &["params.yaml"])[0].0, side);
    fs::remove_file(s.path("params.yaml")).unwrap();
    s.commit_all("gone");
    let removed = trail(&s, &["params.yaml"]).remove(0);
    assert_eq!(removed.1, ["lr: 0.2 -> -", "opt.name: adam -> -"]);
    s.mlprov(&["log", "--config", "params.yaml"]).success().shows("removed");
    s.mlprov(&["verify", "HEAD", "HEAD~1"]).success();
}

#[test]
fn which_files_count_is_up_to_the_project() {
    let s = project();
    let names = |id: &str| -> Vec<String> {
        let files = s.body_of(id)["configFiles"].as_array().cloned().unwrap_or_default();
        files.iter().map(|f| f["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("HEAD"), ["configs/model/base.toml", "params.yaml"]);
    s.mlprov(&["verify", "HEAD"]).success().shows("2 configuration files are those of the entry");
    run(&s, &[]);
    assert_eq!(names("latest"), ["configs/model/base.toml", "params.yaml"]);
    s.mlprov(&["verify", "latest"]).success();
    let config = s.read(".mlprov/config.toml");
    s.write(".mlprov/config.toml", format!("{config}\n[config]\npaths = [\"conf/*.yaml\"]\n"));
    s.write("conf/a.yaml", "a: 1\n");
    s.write("conf/below/b.yaml", "b: 1\n");
    s.commit_all("other settings");
    assert_eq!(names("HEAD"), ["conf/a.yaml"]);
    s.write(".mlprov/config.toml", format!("{config}\n[config]\npaths = [\"a[\"]\n"));
    s.git_output("repo", &[], &["commit", "-q", "-a", "-m", "broken pattern"])
        .success()
        .says("[config] paths");
}

/// What an entry says of a configuration file is checked against the commit.
#[test]
fn a_forged_digest_of_a_configuration_is_found() {
    let s = project();
    let commit =
        s.git_output("repo", &[("MLPROV_SKIP", "1")], &["commit", "-q", "--allow-empty", "-m", "unseen"]);
    commit.success();
    let (head, tree) = (s.head(), s.git(&["rev-parse", "HEAD^{tree}"]));
    let honest = s.body_of("HEAD~1");
    s.forge(&s.writer(), Kind::CommitRecorded, |body| {
        body.source = serde_json::from_value(honest["source"].clone()).unwrap();
        body.config_files = serde_json::from_value(honest["configFiles"].clone()).unwrap();
        if let Some(source) = &mut body.source {
            (source.commit, source.tree) = (head.parse().unwrap(), tree.trim().parse().unwrap());
        }
        if let List::Inline(files) = &mut body.config_files {
            files[1].digest = Digests::both_of(b"lr: 7\n");
        }
    });
    s.mlprov(&["verify", "HEAD"]).code(1).shows("config params.yaml").shows("another content");
}
