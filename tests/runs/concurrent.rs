//! Runs side by side.

use crate::common::Sandbox;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("params.yaml", "lr: 0.1\n");
    s.write(".gitignore", "/out*\n/go\n");
    s.commit_all("code");
    s
}

fn start(s: &Sandbox, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlprov"));
    command.current_dir(s.path("")).env_clear().env("HOME", s.home()).env("PATH", "/usr/bin:/bin");
    command.env("MLPROV_NO_PROGRESS", "1").args(args);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A run that waits until the file `go` is there, or the sandbox is gone.
fn waiting(s: &Sandbox, flags: &[&str]) -> Child {
    let began = s.path("out-began");
    let _ = std::fs::remove_file(&began);
    let script = format!("touch {0}; while [ -e {0} ] && ! [ -e go ]; do sleep 0.01; done", began.display());
    let child = start(s, &[&["run"], flags, &["--", "sh", "-c", &script]].concat());
    while !began.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child
}

#[test]
fn two_runs_do_not_write_the_same() {
    let s = project();
    let mut first = waiting(&s, &["-o", "out/a", "-S", "lr=0.2"]);
    for flags in [&["-o", "out/a"][..], &["-o", "out"], &["-o", "out/a/below"], &["-S", "lr=0.3"]] {
        let before = s.entries();
        let out = s.mlprov(&[&["run"], flags, &["--", "touch", "ran"]].concat());
        out.code(3).says("as well, and goes on").says("Hint: ");
        assert_eq!(s.entries(), before, "{flags:?}");
    }
    assert!(!s.path("ran").exists());
    // Other paths, and another work tree, are nobody's business.
    s.mlprov(&["run", "-o", "out-b", "--", "sh", "-c", "echo b > out-b"]).success();
    s.git(&["worktree", "add", "-q", "../second", "-b", "second"]);
    s.mlprov_in(
        "second",
        &["run", "-o", "out/a", "-S", "lr=0.3", "--", "sh", "-c", "mkdir -p out; echo c > out/a"],
    )
    .success();
    s.write("out/a", "made");
    s.write("go", "");
    assert!(first.wait().unwrap().success());
    assert_eq!(s.read("params.yaml"), "lr: 0.1\n");
    s.mlprov(&["run", "-S", "lr=0.3", "--", "true"]).success();
}

/// Sweeps: many runs of one commit at once.
#[test]
fn many_runs_at_once_are_all_recorded() {
    let s = project();
    s.git(&["checkout", "-q", "--detach"]);
    s.git(&["commit", "-q", "--allow-empty", "-m", "detached"]);
    const RUNS: usize = 24;
    for round in 0..RUNS / 8 {
        let children: Vec<Child> = (0..8)
            .map(|n| {
                let out = format!("out-{round}-{n}");
                let script = format!("echo {n} > {out}");
                start(&s, &["run", "--sweep", "lr", "-o", &out, "--", "sh", "-c", &script])
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
    }
    let runs = s.json(&["log", "--kind", "run.finished"])["entries"].as_array().unwrap().clone();
    assert_eq!(runs.len(), RUNS);
    let ids: Vec<&str> = runs.iter().map(|r| r["run"].as_str().unwrap()).collect();
    s.mlprov(&[&["verify"], &ids[..]].concat()).success();
    assert_eq!(s.body_of(ids[0])["run"]["group"], "lr");
    assert_eq!(s.git(&["for-each-ref", "refs/mlprov/keep/"]).lines().count(), 1, "one commit is kept once");
    assert_eq!(
        std::fs::read_dir(s.path(".git/mlprov/runs")).unwrap().count(),
        1,
        "nothing but the lock stays"
    );
}

#[test]
fn status_tells_what_is_known_of_a_run_without_an_end() {
    let s = project();
    let mut child = waiting(&s, &["-n", "long"]);
    let open = |s: &Sandbox| s.json(&["status"])["openRuns"].as_array().unwrap().clone();
    let runs = open(&s);
    assert_eq!((runs.len(), &runs[0]["state"], &runs[0]["pid"]), (1, &"goesOn".into(), &child.id().into()));
    s.mlprov(&["status"]).shows(&format!("goes on (process {}), since 2", child.id()));
    let run = runs[0]["run"].as_str().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(open(&s)[0]["state"], "killed");
    s.mlprov(&["status"]).shows("its mlprov was killed; the next run closes it as UNKNOWN");
    // As another machine sees it that shares the directory.
    let claim = s.path(&format!(".git/mlprov/runs/{run}.json"));
    let mut text: serde_json::Value = serde_json::from_slice(&std::fs::read(&claim).unwrap()).unwrap();
    let host = std::mem::replace(&mut text["host"], "elsewhere".into());
    std::fs::write(&claim, text.to_string()).unwrap();
    s.mlprov(&["status"]).shows("no news since 2").shows(", from elsewhere");
    s.mlprov(&["run", "--", "true"]).success();
    assert_eq!(open(&s).len(), 1, "it is not ours to close");
    text["host"] = host;
    std::fs::write(&claim, text.to_string()).unwrap();
    s.mlprov(&["run", "--", "true"]).success();
    assert_eq!(open(&s).len(), 0);
    s.mlprov(&["show", run]).success().shows("UNKNOWN");
}

#[test]
fn a_run_inside_a_run_names_it() {
    let s = project();
    let line = "mlprov run -n outer -- mlprov run -n inner -- sh -c 'test -d \"$MLPROV_RUN_DIR\"'";
    s.paste("repo", line).success();
    let runs = s.json(&["log", "--kind", "run.finished"])["entries"].as_array().unwrap().clone();
    assert_eq!((runs[0]["name"].as_str(), runs[1]["name"].as_str()), (Some("outer"), Some("inner")));
    let inner = s.body_of(runs[1]["run"].as_str().unwrap());
    assert_eq!(inner["run"]["parents"][0], runs[0]["run"]);
}
