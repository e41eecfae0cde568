//! What a run had can be laid out again, and run again.

use crate::common::Sandbox;
use std::fs;

/// A script that makes a model and a metric out of data, a parameter and its own code.
const TRAIN: &str = "#!/bin/sh\nsort data/*.csv params.yaml extra.txt > model.txt 2> /dev/null\n\
                     echo \"{\\\"lines\\\": $(grep -c . model.txt)}\" > m.json\n";

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1,2\n");
    s.write("data/b.csv", "3,4\n");
    s.write("params.yaml", "lr: 0.1\n");
    s.mlprov(&["track", "data"]).success();
    s.write(".gitignore", "/data\n/model.txt\n/m.json\n");
    s.write("train.sh", TRAIN);
    s.commit_all("code");
    s
}

const RUN: [&str; 10] = ["run", "-d", "data", "-p", "params.yaml", "-m", "m.json", "-o", "model.txt", "-S"];

fn train(s: &Sandbox) {
    s.mlprov(&[&RUN[..], &["lr=0.5", "--", "sh", "train.sh"]].concat()).success();
}

fn there(s: &Sandbox, name: &str) -> String {
    fs::read_to_string(s.root().join("again").join(name)).unwrap()
}

#[test]
fn code_patch_parameters_and_data_are_laid_out_again() {
    let s = project();
    s.write("train.sh", TRAIN.replace("extra", "other"));
    s.write("other.txt", "untracked\n");
    train(&s);
    // Everything goes on since then.
    let trained = s.read("model.txt");
    s.write("data/a.csv", "9,9\n");
    s.write("data/new.csv", "new\n");
    s.mlprov(&["track", "data"]).success();
    s.write("params.yaml", "lr: 7\n");
    fs::remove_file(s.path("other.txt")).unwrap();
    s.git(&["commit", "-q", "-a", "-m", "later"]);
    let out = s.mlprov(&["reproduce", "latest", "--to", "../again"]);
    out.success().shows("with what differed from it").shows("sh train.sh");
    assert_eq!((there(&s, "data/a.csv"), there(&s, "other.txt")), ("1,2\n".into(), "untracked\n".into()));
    assert_eq!(there(&s, "params.yaml"), "lr: 0.5\n");
    assert!(there(&s, "train.sh").contains("other") && !s.root().join("again/data/new.csv").exists());
    assert!(!s.root().join("again/model.txt").exists(), "what it made is not given");
    // The printed line does it.
    let line =
        out.stdout().lines().find_map(|l| l.split_once("command  ").map(|(_, c)| c.to_owned())).unwrap();
    s.paste("repo", &line.replace("[dir]", &s.root().display().to_string())).success();
    assert_eq!(there(&s, "model.txt"), trained);
    s.refused(2, &["reproduce", "latest", "--to", "../again"]).says("is not empty");
}

#[test]
fn run_again_it_is_compared() {
    let s = project();
    train(&s);
    let first = s.json(&["log", "--kind", "run.finished", "-n", "1"])["entries"][0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    s.write("data/a.csv", "9,9\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("later");
    let again = s.mlprov(&["reproduce", &first, "--to", "../again", "--execute"]);
    again.success().shows("same       metric lines").shows("same       output model.txt");
    s.mlprov(&["verify", "latest"]).success();
    assert_eq!(s.body_of("latest")["run"]["parents"][0], *first);
    let status = s.json(&["reproduce", &first, "--to", "../json", "--execute"]);
    assert_eq!(status["compared"]["different"].as_array().unwrap().len(), 0, "{status}");
    // Something that no seed fixes.
    s.mlprov(&["run", "-o", "out.txt", "--", "sh", "-c", "date +%N > out.txt"]).success();
    let random = s.mlprov(&["reproduce", "latest", "--to", "../random", "--execute"]);
    random.code(1).shows("different  output out.txt");
}

#[test]
fn a_commit_that_only_its_kept_ref_reaches_is_enough() {
    let s = project();
    train(&s);
    s.write("train.sh", "other\n");
    s.git(&["commit", "-q", "-a", "--amend", "-m", "other"]);
    s.git(&["reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"]);
    s.git(&["gc", "-q", "--prune=now"]);
    s.mlprov(&["reproduce", "latest", "--to", "../again", "--execute"]).success();
    assert_eq!(there(&s, "train.sh"), TRAIN);
}

#[test]
fn what_cannot_be_laid_out_leaves_nothing() {
    let s = project();
    s.write("train.sh", format!("{TRAIN}# api_key=abcdef0123\n"));
    train(&s);
    // A secret was taken out of the patch: what ran cannot be had again.
    let out = s.mlprov(&["reproduce", "latest", "--to", "../again"]);
    out.code(1).says("is not the one that ran");
    assert!(!s.root().join("again").exists());
    assert_eq!(s.git(&["worktree", "list"]).lines().count(), 1);
    s.git(&["checkout", "-q", "train.sh"]);
    train(&s);
    let data =
        s.json(&["show", "latest"])["entries"][0]["statement"]["predicate"]["inputs"][0]["manifest"].clone();
    fs::remove_file(s.object_by_hash(data["digest"]["blake3"].as_str().unwrap())).unwrap();
    s.mlprov(&["reproduce", "latest", "--to", "../again"]).code(3);
    assert!(!s.root().join("again").exists());
    s.mlprov(&["run", "--", "sh", "-c", "true", "--password", "hunter2"]).success();
    s.mlprov(&["reproduce", "latest", "--to", "../again", "--execute"]).code(1).says("secret");
}

/// In another clone: the code came through git, the patch through the published log, and the data is there or named.
#[test]
fn from_a_second_clone() {
    let s = project();
    s.git_in("", &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    s.git(&["remote", "add", "origin", "../remote.git"]);
    s.write("other.txt", "in the patch\n");
    train(&s);
    s.git(&["push", "-q", "origin", "main"]);
    s.mlprov(&["sync"]).success();
    s.git_in("", &["clone", "-q", "remote.git", "clone"]);
    s.mlprov_in("clone", &["init", "--yes"]).success();
    s.mlprov_in("clone", &["sync", "--fetch"]).success();
    let run = s.json(&["log", "--kind", "run.finished", "-n", "1"])["entries"][0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    let out = s.mlprov_in("clone", &["reproduce", &run, "--to", "../again"]);
    out.code(3).says("data/a.csv");
    assert!(!s.root().join("again").exists());
    // The same data, by another way.
    fs::create_dir(s.root().join("clone/data")).unwrap();
    for (name, bytes) in [("a.csv", "1,2\n"), ("b.csv", "3,4\n")] {
        fs::write(s.root().join("clone/data").join(name), bytes).unwrap();
    }
    s.mlprov_in("clone", &["track", "data"]).success();
    s.mlprov_in("clone", &["reproduce", &run, "--to", "../again", "--execute"]).success();
    assert_eq!(there(&s, "other.txt"), "in the patch\n");
}
