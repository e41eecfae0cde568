//! What people read. One snapshot shows the call, both streams and the exit code.

use crate::common::Sandbox;
use crate::common::skipped;
use insta::assert_snapshot;
use mlprov::ledger::note::VerifierKey;
use std::fs;

/// The public key of RFC 8032 §7.1, test 1.
const PUBLIC: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
    0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

#[test]
fn init_says_what_it_made() {
    let s = Sandbox::git_repo();
    assert_snapshot!(s.mlprov(&["init", "--yes", "--name", "fraud"]).snapshot(), @"
    $ mlprov init --yes --name fraud
    Project fraud ([uuid])
      log     [uuid]
      writer  [key]
      made    .mlprov/config.toml
      made    your writer key
      made    the ledger of this clone
      made    a disclosure object (who you are; named by digest only, and deletable)
      made    a pin of the log's key
      made    a merge driver for pointers
      made    5 git hooks
    --- stderr
    Hint: git add .mlprov && git commit -m 'Record provenance with mlprov'
    --- exit 0
    ");
}

#[test]
fn init_again_changes_nothing_and_says_so() {
    let s = Sandbox::repo();
    let before = s.listing();
    assert_snapshot!(s.mlprov(&["init", "--yes"]).snapshot(), @r"
    $ mlprov init --yes
    Project repo ([uuid])
      log     [uuid]
      writer  [key]
      Everything was there; nothing was changed.
    --- exit 0
    ");
    before.assert_same(&s.listing());
}

#[test]
fn init_joins_a_clone() {
    let s = Sandbox::project_with_data();
    s.git_in("", &["clone", "-q", "repo", "clone"]);
    assert_snapshot!(s.mlprov_in("clone", &["init", "--yes"]).snapshot(), @r"
    $ mlprov init --yes
    Project repo ([uuid])
      log     [uuid]
      writer  [key]
      made    the ledger of this clone
      made    a disclosure object (who you are; named by digest only, and deletable)
      made    a pin of the log's key
      made    a merge driver for pointers
      made    5 git hooks
    --- exit 0
    ");
}

#[test]
fn track_tells_new_unchanged_and_changed_apart() {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1\n");
    s.write("one.csv", "22\n");
    assert_snapshot!(s.mlprov(&["track", "--dry-run", "data", "one.csv"]).snapshot(), @r"
    $ mlprov track --dry-run data one.csv
    Would track
    data     1 file  2 B
    one.csv  1 file  3 B
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["track", "data", "one.csv"]).snapshot(), @"
    $ mlprov track data one.csv
    new  data     1 file  2 B  b3:[digest]  [entry] (index 1)
    new  one.csv  1 file  3 B  b3:[digest]  [entry] (index 2)
    --- stderr
    Hint: git add data.mlprov .gitignore one.csv.mlprov
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["track", "data"]).snapshot(), @r"
    $ mlprov track data
    unchanged  data  1 file  2 B  b3:[digest]  [entry] (index 1)
    --- exit 0
    ");
    s.write("data/b.csv", "333\n");
    assert_snapshot!(s.mlprov(&["add", "data/"]).snapshot(), @r"
    $ mlprov add data/
    changed  data  2 files  6 B  b3:[digest]  [entry] (index 3)
    --- stderr
    Hint: git add data.mlprov
    --- exit 0
    ");
}

#[test]
fn track_takes_the_pointer_for_its_data() {
    let s = Sandbox::project_with_data();
    assert_snapshot!(s.mlprov(&["track", "data.mlprov"]).snapshot(), @r"
    $ mlprov track data.mlprov
    unchanged  data  2 files  16 B  b3:[digest]  [entry] (index 1)
    --- exit 0
    ");
}

#[test]
fn ls_shows_the_datasets_of_the_work_tree_and_of_a_revision() {
    let s = Sandbox::project_with_data();
    s.git(&["tag", "v1"]);
    s.write("data/c.csv", "5\n");
    s.mlprov(&["track", "data"]).success();
    assert_snapshot!(s.mlprov(&["ls"]).snapshot(), @r"
    $ mlprov ls
    data  3 files  18 B  b3:[digest]
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["ls", "--rev", "v1"]).snapshot(), @r"
    $ mlprov ls --rev v1
    data  2 files  16 B  b3:[digest]
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["ls", "data", "--manifest"]).snapshot(), @r"
    $ mlprov ls data --manifest
    [digest]  a.csv
    [digest]  b.csv
    [digest]  c.csv
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["ls", "data", "--manifest", "--rev", "v1"]).snapshot(), @r"
    $ mlprov ls data --manifest --rev v1
    [digest]  a.csv
    [digest]  b.csv
    --- exit 0
    ");
}

#[test]
fn the_manifest_is_what_b3sum_reads() {
    let s = Sandbox::project_with_data();
    let manifest = s.mlprov(&["ls", "data", "--manifest"]).success().stdout();
    let line = |name: &str| {
        let hash = blake3::hash(s.read(&format!("data/{name}")).as_bytes());
        format!("{}  {name}\n", hash.to_hex())
    };
    assert_eq!(manifest, line("a.csv") + &line("b.csv"));
    fs::write(s.root().join("sums"), manifest).unwrap();
    if s.command("b3sum", "").arg("--version").output().is_err() {
        return skipped("the_manifest_is_what_b3sum_reads: b3sum is not installed");
    }
    s.command("b3sum", "repo/data").args(["--check", "../../sums"]).assert().success();
}

#[test]
fn an_empty_project_is_told_how_to_begin() {
    let s = Sandbox::repo();
    assert_snapshot!(s.mlprov(&["ls"]).snapshot(), @r"
    $ mlprov ls
    --- stderr
    Nothing is tracked.
    Hint: mlprov track data/
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["status"]).snapshot(), @"
    $ mlprov status
    Project repo, main: no commit yet; 1 entry in the log
    Everything is recorded.
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["log"]).snapshot(), @r"
    $ mlprov log
    [entry]  [time]  writer.admitted    writer [key]
    --- exit 0
    ");
}

#[test]
fn a_dot_means_the_whole_project() {
    let s = Sandbox::project_with_data();
    assert_eq!(s.mlprov(&["ls", "."]).success().stdout(), s.mlprov(&["ls"]).success().stdout());
    assert_eq!(s.mlprov(&["status", "."]).success().stdout(), s.mlprov(&["status"]).success().stdout());
}

#[test]
fn status_tells_clean_modified_and_missing_apart() {
    let s = Sandbox::project_with_data();
    assert_snapshot!(s.mlprov(&["status"]).snapshot(), @r"
    $ mlprov status
    Project repo, main: [commit] is recorded; 3 entries in the log
      unchanged  data
    Everything is recorded.
    --- exit 0
    ");
    s.write("data/a.csv", "x,y\n1,9\n");
    assert_snapshot!(s.mlprov(&["status"]).snapshot(), @"
    $ mlprov status
    Project repo, main: [commit] is recorded; 3 entries in the log
      modified  data    files: 1 modified
    --- stderr
    Hint: mlprov track data   # records what is there now
    --- exit 0
    ");
    s.write("data/a.csv", "x,y\n");
    assert_snapshot!(s.mlprov(&["status"]).snapshot(), @"
    $ mlprov status
    Project repo, main: [commit] is recorded; 3 entries in the log
      modified  data    files: 1 modified
    --- stderr
    Hint: mlprov track data   # records what is there now
    --- exit 0
    ");
    fs::remove_dir_all(s.path("data")).unwrap();
    assert_snapshot!(s.mlprov(&["status"]).snapshot(), @r"
    $ mlprov status
    Project repo, main: [commit] is recorded; 3 entries in the log
      missing  data
    --- exit 0
    ");
}

#[test]
fn status_shows_what_is_not_recorded() {
    let s = Sandbox::project_with_data();
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "unseen"]);
    assert_snapshot!(s.mlprov(&["status"]).snapshot(), @"
    $ mlprov status
    Project repo, main: [commit] is not recorded; 3 entries in the log
      unchanged  data
    --- stderr
    Hint: mlprov hook post-commit   # records what waits, and the commit that HEAD names
    --- exit 0
    ");
    s.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    assert_snapshot!(s.mlprov(&["status"]).snapshot(), @r"
    $ mlprov status
    Project repo, detached HEAD: [commit] is recorded; 3 entries in the log
      unchanged  data
    Everything is recorded.
    --- exit 0
    ");
}

#[test]
fn a_pointer_that_was_edited_is_shown_by_status() {
    let s = Sandbox::project_with_data();
    let edited = s.read("data.mlprov").replace("files = 2", "files = 3");
    s.write("data.mlprov", edited);
    assert_snapshot!(s.mlprov(&["status"]).snapshot(), @"
    $ mlprov status
    Project repo, main: [commit] is recorded; 3 entries in the log
      bad pointer  data.mlprov  not stored here  its fields do not match their check (edited by hand, or merged as text)
    --- stderr
    Hint: mlprov track data   # records what is there now
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["ls"]).snapshot(), @r"
    $ mlprov ls
    --- stderr
    Error: the pointer data.mlprov cannot be used: its fields do not match their check (edited by hand, or merged as text)
    Hint: mlprov track data   # writes it again from the data
    --- exit 2
    ");
}

/// A script that makes a metrics file and a model.
pub const TRAIN: &str = "cat data/*.csv > model.bin; echo '{\"acc\": 0.5, \"loss\": 1e-3}' > metrics.json";

/// Arguments that run [`TRAIN`].
pub const TRAIN_ARGS: [&str; 17] = [
    "run",
    "-n",
    "base",
    "-d",
    "data",
    "-p",
    "params.json",
    "-m",
    "metrics.json",
    "--model",
    "model.bin",
    "--model-group",
    "fraud",
    "--",
    "sh",
    "-c",
    TRAIN,
];

/// A project with one complete run that made a model.
pub fn trained() -> Sandbox {
    let s = Sandbox::project_with_data();
    s.write("params.json", "{\"lr\": 0.1, \"layers\": [8, 4]}\n");
    s.commit_all("parameters");
    s.mlprov(&TRAIN_ARGS).success();
    s
}

#[test]
fn a_complete_run_shows_what_it_bound() {
    let s = Sandbox::project_with_data();
    s.write("params.json", "{\"lr\": 0.1, \"layers\": [8, 4]}\n");
    s.commit_all("parameters");
    assert_snapshot!("run_complete", s.mlprov(&TRAIN_ARGS).snapshot());
    assert_snapshot!(s.mlprov(&["log"]).snapshot(), @r"
    $ mlprov log
    [run]  [time]  run.finished     [commit]  base COMPLETE acc=0.5 loss=0.001 model fraud
    [entry]  [time]  commit.recorded  [commit]  data
    [entry]  [time]  commit.recorded  [commit]  data
    [entry]  [time]  dataset.tracked              data
    [entry]  [time]  writer.admitted              writer [key]
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["log", "-n", "1", "--kind", "run.started"]).snapshot(), @r"
    $ mlprov log -n 1 --kind run.started
    [run]  [time]  run.started  [commit]  base STARTED
    --- exit 0
    ");
}

#[test]
fn the_output_of_the_command_passes_through() {
    let s = Sandbox::project_with_data();
    let script = "echo to stdout; echo to stderr >&2; exit 3";
    assert_snapshot!(s.mlprov(&["run", "--", "sh", "-c", script]).snapshot(), @r"
    $ mlprov run -- sh -c 'echo to stdout; echo to stderr >&2; exit 3'
    to stdout
    --- stderr
    to stderr
    Run [run] FAIL, recorded at index 4
      commit   [commit] (clean)
      inputs   data
    --- exit 3
    ");
    assert_snapshot!(s.mlprov(&["-q", "run", "--", "sh", "-c", "echo answer"]).snapshot(), @r"
    $ mlprov -q run -- sh -c 'echo answer'
    answer
    --- exit 0
    ");
}

#[test]
fn an_output_that_is_not_there_fails_the_run() {
    let s = Sandbox::project_with_data();
    assert_snapshot!(s.mlprov(&["run", "-o", "plots", "--", "true"]).snapshot(), @r"
    $ mlprov run -o plots -- true
    --- stderr
    Run [run] FAIL, recorded at index 4
      commit   [commit] (clean)
      inputs   data
      note     output plots: there is no such file or directory
    --- exit 1
    ");
}

#[test]
fn an_input_that_changes_meanwhile_is_noted() {
    let s = Sandbox::project_with_data();
    let script = "echo more >> data/a.csv";
    assert_snapshot!(s.mlprov(&["run", "-d", "data", "--", "sh", "-c", script]).snapshot(), @"
    $ mlprov run -d data -- sh -c 'echo more >> data/a.csv'
    --- stderr
    Run [run] COMPLETE, recorded at index 4
      commit   [commit] (clean)
      inputs   data
      note     input data changed while the command ran, so this run will never verify
    --- exit 0
    ");
    s.mlprov(&["verify", "latest"]).code(1).shows("it changed while the command ran");
}

#[test]
fn show_prints_everything_that_was_signed() {
    let s = trained();
    let mut settings = insta::Settings::clone_current();
    for (pattern, name) in [
        // Not every machine has them.
        (r"    (container|cpu|gpus|gpuDriver) +\S.*\n", ""),
        (r"(arch|cpus|memory|os)( +)\S.*", "$1$2[machine]"),
        (r"version    \d+\.\d+\.\d+", "version    [version]"),
        (r"variablesOmitted \d+", "variablesOmitted [n]"),
    ] {
        settings.add_filter(pattern, name);
    }
    let _bound = settings.bind_to_scope();
    assert_snapshot!("show_run", s.mlprov(&["show", "latest"]).snapshot());
    assert_snapshot!("show_commit", s.mlprov(&["show", "HEAD"]).snapshot());
    let first = s.entries()[0]["id"].as_str().unwrap().to_owned();
    assert_snapshot!("show_entry", s.mlprov(&["show", &first]).snapshot());
}

#[test]
fn verify_of_a_sound_run_and_commit_lists_every_link() {
    let s = trained();
    assert_snapshot!("verify_run", s.mlprov(&["verify", "latest"]).snapshot());
    assert_snapshot!("verify_commit", s.mlprov(&["verify", "HEAD"]).snapshot());
}

#[test]
fn a_run_is_found_by_each_of_its_names() {
    let s = trained();
    let run = s.entries().last().unwrap()["run"].as_str().unwrap().to_owned();
    let tail = &run[28..];
    let arn = format!("arn:mlprov:local:{}::model-package/fraud/{run}", s.project_id());
    let id = |word: &str| s.mlprov(&["verify", word]).success().stdout().lines().next().unwrap().to_owned();
    let expected = format!("run r-{tail} ({run})");
    for word in
        ["latest", &run, &format!("r-{tail}"), &format!("r-{}", &tail[2..]), &arn, "fraud/1", "model.bin"]
    {
        assert_eq!(id(word), expected, "{word}");
    }
}

#[test]
fn key_show_prints_both_keys_and_key_trust_takes_the_line() {
    let s = Sandbox::repo();
    assert_snapshot!(s.mlprov(&["key", "show"]).snapshot(), @r"
    $ mlprov key show
    writer  [digest]
            [public key]
    log     [uuid] (pinned by you)
            [vkey]
    --- exit 0
    ");
    let vkey = s.mlprov(&["key", "show", "--vkey"]).success().stdout();
    assert_snapshot!(s.mlprov(&["key", "trust", vkey.trim()]).snapshot(), @r"
    $ mlprov key trust [vkey]
    [vkey] was trusted already
    --- exit 0
    ");
    // The log of another clone of this project.
    let name = format!("mlprov.dev/{}/0fd1ad6a-0000-4000-8000-000000000000", s.project_id());
    let key = VerifierKey::new(&name, &PUBLIC).unwrap().to_string();
    s.mlprov(&["key", "trust", &key]).success().shows("is trusted from now on");
    s.mlprov(&["key", "trust", &key]).success().shows("was trusted already");
    let before = s.listing();
    let other = VerifierKey::new("mlprov.dev/other/log", &PUBLIC).unwrap().to_string();
    s.mlprov(&["key", "trust", &other]).code(2).says("no log of this project");
    s.mlprov(&["key", "trust", &key.replacen("+", "+0", 1)]).code(2).says("does not match");
    before.assert_same(&s.listing());
}

#[test]
fn completions_are_a_script_for_the_shell() {
    let s = Sandbox::new();
    let script = s.mlprov(&["completions", "bash"]).success().stdout();
    let first: String = script.lines().take(3).map(|l| format!("{l}\n")).collect();
    assert_snapshot!(first, @r"
    _mlprov() {
        local i cur prev opts cmd
        COMPREPLY=()
    ");
    assert!(script.contains("complete -F _mlprov"), "bash is told which function completes");
    s.command("bash", "").arg("-n").write_stdin(script).assert().success();
}

#[test]
fn help_and_version() {
    let s = Sandbox::new();
    let mut plain = insta::Settings::new(); // nothing here differs from run to run
    plain.set_omit_expression(true);
    let _bound = plain.bind_to_scope();
    assert_snapshot!("help", s.mlprov(&["--help"]).snapshot());
    let commands = [
        "init",
        "track",
        "status",
        "ls",
        "restore",
        "diff",
        "run",
        "log",
        "show",
        "graph",
        "verify",
        "key",
        "infra",
        "doctor",
        "demo",
        "completions",
    ];
    for command in commands {
        assert_snapshot!(format!("help_{command}"), s.mlprov(&[command, "--help"]).snapshot());
    }
    for key in ["show", "trust"] {
        assert_snapshot!(format!("help_key_{key}"), s.mlprov(&["key", key, "--help"]).snapshot());
    }
    let version = s.mlprov(&["--version"]).success().stdout();
    for same in [&["-V"][..], &["--json", "--version"], &["-V", "log"]] {
        assert_eq!(s.mlprov(same).success().stdout(), version, "{same:?}");
    }
    assert_eq!(version, format!("mlprov {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn colours_are_off_without_a_terminal_and_on_by_request() {
    let s = Sandbox::project_with_data();
    let plain = s.mlprov(&["verify", "HEAD"]).success().stdout();
    assert!(!plain.contains('\u{1b}'));
    let coloured = s.mlprov(&["--color", "always", "verify", "HEAD"]).success().stdout();
    assert!(coloured.contains("\u{1b}[32m"));
}

#[test]
fn quiet_keeps_answers_and_errors_only() {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1\n");
    assert_snapshot!(s.mlprov(&["-q", "track", "data"]).snapshot(), @r"
    $ mlprov -q track data
    new  data  1 file  2 B  b3:[digest]  [entry] (index 1)
    --- exit 0
    ");
    assert_snapshot!(s.mlprov(&["-q", "track", "none"]).snapshot(), @r"
    $ mlprov -q track none
    --- stderr
    Error: [dir]/repo/none: there is no such file or directory
    --- exit 2
    ");
}

#[test]
fn variables_stand_in_for_flags() {
    let s = Sandbox::project_with_data();
    let log = |value: &str| {
        let mut command = s.command(env!("CARGO_BIN_EXE_mlprov"), "repo");
        command.env("MLPROV_JSON", value).env("MLPROV_LOG_MAX_COUNT", "1").arg("log");
        crate::common::Output::of("mlprov", &["log"], &mut command)
    };
    let document = log("1");
    document.success();
    assert_eq!(document.json()["entries"].as_array().unwrap().len(), 1);
    assert_eq!(log("0").success().stdout().lines().count(), 1);
}
