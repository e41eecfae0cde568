//! `run --worktree`: runs in temporary work trees of their own.

use crate::common::Sandbox;
use serde_json::Value;
use std::fs;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.write("params.yaml", "lr: 0.1\n");
    s.write("src/train.sh", "cat ../data/a.csv ../params.yaml > ../out.txt\n");
    s.write(".gitignore", "/data\n/out.txt\n/model.txt\n/cache\n/big.bin\n");
    s.commit_all("code");
    s
}

fn ended(s: &Sandbox) -> Value {
    let ends = s.json(&["log", "--kind", "run.finished", "-n", "1"]);
    s.body_of(ends["entries"][0]["id"].as_str().unwrap())
}

fn nothing_left(s: &Sandbox) {
    assert_eq!(s.git(&["worktree", "list", "--porcelain"]).matches("worktree ").count(), 1);
    let left = fs::read_dir(s.path(".git/mlprov/worktrees")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn it_is_a_run_of_what_lies_here_and_leaves_all_as_it_was() {
    let s = project();
    s.write("params.yaml", "lr: 0.2\n");
    s.write("untracked.txt", "mine\n");
    s.write("data/a.csv", "2\n");
    s.write("cache/x", "ignored\n");
    let (status, head) = (s.git(&["status", "--porcelain"]), s.head());
    let plain = ["-o", "../out.txt", "-S", "../params.yaml:lr=0.9", "--", "sh", "train.sh"];
    s.mlprov_in("repo/src", &[&["run"][..], &plain].concat()).success();
    let here = ended(&s);
    fs::remove_file(s.path("out.txt")).unwrap();
    let out = s.mlprov_in("repo/src", &[&["run", "--worktree"][..], &plain].concat());
    out.success();
    let there = ended(&s);
    for field in ["inputs", "outputs", "configFiles", "parameters"] {
        let bare = |body: &Value| -> Vec<Value> {
            let mut list = body[field].as_array().unwrap().clone();
            list.iter_mut().for_each(|item| _ = item.as_object_mut().unwrap().remove("observed"));
            list
        };
        assert_eq!(bare(&there), bare(&here), "{field}");
    }
    for field in ["commit", "tree", "runTree", "state", "diff"] {
        assert_eq!(there["source"][field], here["source"][field], "{field}");
    }
    assert_eq!((&there["run"]["cwd"], &there["source"]["state"]), (&"src".into(), &"dirty".into()));
    assert!(!s.path("out.txt").exists() && s.read("params.yaml") == "lr: 0.2\n");
    assert_eq!((s.git(&["status", "--porcelain"]), s.head()), (status, head));
    nothing_left(&s);
    s.mlprov(&["verify", "latest"]).success();
    let hint = out.hints().remove(0);
    s.paste("repo", &hint).success();
    assert_eq!(s.read("out.txt"), "2\nlr: 0.9\n");
}

#[test]
fn the_exit_code_is_the_commands_own() {
    let s = project();
    s.mlprov(&["run", "--worktree", "--", "sh", "-c", "echo mine > params.yaml; exit 7"]).code(7);
    assert_eq!(
        (s.read("params.yaml"), &ended(&s)["source"]["state"]),
        ("lr: 0.1\n".to_owned(), &"clean".into())
    );
    nothing_left(&s);
    // What is wrong with the request leaves everything as it was.
    s.mlprov(&["run", "--worktree", "-o", "/elsewhere", "--", "true"]).code(2);
    s.mlprov(&["run", "--worktree", "-d", "gone", "--", "true"]).code(2);
    nothing_left(&s);
}

#[test]
fn files_too_large_to_be_stored_are_there_as_well() {
    let s = project();
    s.write("large.bin", vec![7; 2 << 20]);
    let test = "test $(wc -c < large.bin) = 2097152 && test -d .git -o -f .git";
    s.mlprov(&["run", "--worktree", "--", "sh", "-c", test]).success();
    assert_eq!(ended(&s)["source"]["state"], "dirty");
    let digest = ended(&s)["evidence"]["workTreeFiles"]["digest"]["blake3"].as_str().unwrap().to_owned();
    assert!(fs::read_to_string(s.object_by_hash(&digest)).unwrap().contains("large.bin"));
}

#[test]
fn runs_that_write_the_same_go_on_side_by_side() {
    let s = project();
    let wait = "echo $$ > ../pid-$MLPROV_RUN_ID; echo $0 > model.txt; cp params.yaml model.txt; sleep 1";
    let line =
        |lr: &str| format!("mlprov run --worktree -S lr={lr} -o model.txt --sweep grid -- sh -c '{wait}' &");
    let script = format!("{} {} {} wait", line("1"), line("2"), line("3"));
    s.paste("repo", &script).success();
    let runs = s.json(&["log", "--sweep", "grid"]);
    let rows = runs["runs"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "{runs}");
    for row in rows {
        assert_eq!(row["status"], "COMPLETE");
        let shown = s.json(&["show", row["run"].as_str().unwrap()]);
        let end = &shown["entries"][1]["statement"]["predicate"];
        let text = format!("lr: {}\n", row["params"]["lr"].as_str().unwrap());
        assert_eq!(end["outputs"][0]["digest"]["blake3"], blake3::hash(text.as_bytes()).to_hex().to_string());
    }
    nothing_left(&s);
    assert_eq!(s.read("params.yaml"), "lr: 0.1\n");
}

#[test]
fn the_hint_for_a_second_run_leads_there() {
    let s = project();
    let line = "mlprov run -o model.txt -- sh -c 'mlprov run -o model.txt -- true; echo code $?; mlprov run --worktree -o model.txt -- sh -c \"echo m > model.txt\"; echo mine > model.txt'";
    let out = s.paste("repo", line);
    out.success().says("mlprov run --worktree");
    assert!(out.stdout().contains("code 3"), "{}", out.stdout());
    assert_eq!(s.read("model.txt"), "mine\n");
}

#[test]
fn what_a_killed_one_leaves_goes_with_the_next() {
    let s = project();
    let line = "mlprov run --worktree -S lr=5 -- sh -c 'kill -9 $PPID; sleep 0.2'";
    s.paste("repo", line).code(137);
    assert_eq!(s.git(&["worktree", "list", "--porcelain"]).matches("worktree ").count(), 2);
    let out = s.mlprov(&["run", "--worktree", "--", "true"]);
    out.success();
    assert!(!out.stderr().contains("could not be given back"), "{}", out.stderr());
    nothing_left(&s);
    assert_eq!(s.json(&["log", "--where", "status = UNKNOWN"])["runs"].as_array().unwrap().len(), 1);
}
