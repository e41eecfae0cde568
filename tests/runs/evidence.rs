//! What a run printed, and what was around it.

use crate::common::Sandbox;
use crate::common::skipped;
use serde_json::Value;
use std::fs;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("train.py", "x\n");
    s.write("requirements.txt", "numpy\n");
    s.commit_all("code");
    s
}

fn ended(s: &Sandbox) -> Value {
    let ends = s.json(&["log", "--kind", "run.finished", "-n", "1"]);
    s.body_of(ends["entries"][0]["id"].as_str().unwrap())
}

fn evidence(s: &Sandbox, role: &str) -> Option<Vec<u8>> {
    let digest = ended(s)["evidence"][role]["digest"]["blake3"].as_str()?.to_owned();
    Some(fs::read(s.object_by_hash(&digest)).unwrap())
}

#[test]
fn what_is_printed_passes_through_and_is_kept_without_secrets() {
    let s = project();
    let script = "echo out; echo err >&2; echo api_key=abcdef; exit 3";
    let out = s.mlprov(&["run", "--", "sh", "-c", script]);
    out.code(3).says("err");
    assert_eq!(out.stdout(), "out\napi_key=abcdef\n");
    let kept = String::from_utf8(evidence(&s, "output").unwrap()).unwrap();
    for line in ["out\n", "err\n", "api_key=[REDACTED:token]\n"] {
        assert!(kept.contains(line), "{kept}");
    }
    assert!(ended(&s)["notes"].to_string().contains("output: token redacted"));
    s.mlprov(&["run", "--no-log", "--", "echo", "nothing kept"]).success();
    assert_eq!(evidence(&s, "output"), None);
    s.mlprov(&["run", "--", "true"]).success();
    assert_eq!(evidence(&s, "output"), None, "nothing was printed");
    // What is kept is checked like everything else.
    s.mlprov(&["run", "--", "echo", "checked"]).success();
    s.mlprov(&["verify", "latest"]).success().shows("evidence output");
    let digest = ended(&s)["evidence"]["output"]["digest"]["blake3"].as_str().unwrap().to_owned();
    let object = s.object_by_hash(&digest);
    fs::remove_file(&object).unwrap();
    fs::write(&object, "altered\n").unwrap();
    s.mlprov(&["verify", "latest"]).code(1).shows("altered");
}

#[test]
fn of_much_output_the_end_is_kept() {
    let s = project();
    let script =
        "i=0; while [ $i -lt 60000 ]; do echo \"line $i of many that are printed\"; i=$((i+1)); done";
    let out = s.mlprov(&["run", "--", "sh", "-c", script]);
    out.success();
    assert_eq!(out.stdout().lines().count(), 60_000, "all of it passes through");
    let kept = evidence(&s, "output").unwrap();
    assert_eq!(kept.len(), 1 << 20);
    assert!(kept.ends_with(b"line 59999 of many that are printed\n"));
    assert!(ended(&s)["notes"].to_string().contains("bytes are not kept"));
}

/// Whoever reads the output may go: the command notices, as it would without mlprov.
#[test]
fn a_reader_that_goes_away_ends_the_command() {
    let s = project();
    let out = s.paste("repo", "mlprov run -- yes 2> /dev/null | head -n 1");
    out.success();
    assert_eq!(out.stdout(), "y\n");
    let run = ended(&s)["run"].clone();
    assert!(run["status"] == "FAIL" || run["status"] == "ABORT", "{run}");
}

/// What the command left running keeps nobody waiting.
#[test]
fn a_process_that_stays_behind_does_not_hold_the_run_up() {
    let s = project();
    let out = s.mlprov(&["run", "--", "sh", "-c", "echo said; sleep 30 &"]);
    out.success();
    assert_eq!(out.stdout(), "said\n");
    assert_eq!(evidence(&s, "output").unwrap(), b"said\n");
}

#[test]
fn a_command_on_a_terminal_sees_a_terminal() {
    let s = project();
    let ask = "test -t 1 && test -t 2 && stty size < /dev/stdout && printf 'a\\tb\\033[31mred\\033[0m\\n'";
    s.write("ask.sh", ask);
    let line = "script -qec 'stty rows 33 cols 77; mlprov run -- sh ask.sh' /dev/null";
    let out = s.paste("repo", line);
    if out.exit_code() == Some(127) {
        return skipped("a command on a terminal: no script(1) here");
    }
    out.success();
    let shown = out.stdout().replace('\r', "");
    assert!(shown.contains("33 77\n") && shown.contains("a\tb\u{1b}[31mred\u{1b}[0m\n"), "{shown:?}");
    let kept = String::from_utf8(evidence(&s, "output").unwrap()).unwrap();
    assert!(kept.contains("33 77\n") && kept.contains("red"), "{kept:?}");
    assert!(!kept.contains('\r'), "no byte is changed: {kept:?}");
}

#[test]
fn the_surroundings_are_recorded() {
    let s = project();
    let venv = s.home().join("venv");
    fs::create_dir_all(venv.join("bin")).unwrap();
    fs::create_dir_all(venv.join("lib/python3.12/site-packages/numpy-2.1.0.dist-info")).unwrap();
    fs::write(venv.join("pyvenv.cfg"), "").unwrap();
    let python = venv.join("bin/python");
    std::os::unix::fs::symlink("/bin/sh", &python).unwrap();
    let line =
        format!("MLPROV_CONTAINER_IMAGE=registry/train@sha256:00 mlprov run -- {} -c true", python.display());
    s.paste("repo", &line).success();
    let around = ended(&s)["environment"].clone();
    assert_eq!(around["lockFiles"]["requirements.txt"], *blake3::hash(b"numpy\n").to_string());
    assert_eq!(
        (&around["pythonPackages"], &around["container"]),
        (&1.into(), &"registry/train@sha256:00".into())
    );
    assert_eq!(evidence(&s, "packages").unwrap(), br#"["numpy==2.1.0"]"#);
    s.mlprov(&["verify", "latest"]).success();
}
