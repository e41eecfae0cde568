//! Hooks beside those of others: git's own ways to say where they are, and the tools that look after them.

use crate::assert_all_recorded;
use crate::commit_file;
use crate::common::Output;
use crate::common::Sandbox;
use crate::common::skipped;
use crate::hook_file;
use crate::superseded;
use crate::write_hook;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

const NAMES: [&str; 5] = ["post-commit", "post-merge", "post-rewrite", "post-applypatch", "pre-push"];

/// Name and state of each hook.
fn states(s: &Sandbox) -> Vec<(String, String)> {
    let out = s.mlprov(&["--json", "hooks", "status"]);
    let hooks = out.json()["hooks"].as_array().unwrap().clone();
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    hooks.iter().map(|h| (text(&h["name"]), text(&h["state"]))).collect()
}

fn assert_installed(s: &Sandbox) {
    let wanted: Vec<(String, String)> = NAMES.map(|n| (n.to_owned(), "installed".to_owned())).into();
    assert_eq!(states(s), wanted, "{}", s.mlprov(&["hooks", "status"]).snapshot());
}

/// A command line with mlprov and these directories on the PATH.
fn sh(s: &Sandbox, path: &[PathBuf], line: &str) -> Output {
    let dirs: String = path.iter().map(|dir| format!("{}:", dir.display())).collect();
    s.paste("repo", &format!("PATH=\"{dirs}$PATH\"; {line}"))
}

// ---- install, uninstall, status

#[test]
fn hooks_come_and_go_and_leave_no_trace() {
    let s = Sandbox::git_repo();
    s.mlprov(&["init", "--yes", "--no-hooks"]).success();
    let theirs = "#!/bin/bash\n# theirs\necho theirs >> ../theirs\n";
    write_hook(&s, "post-commit", theirs);
    let out = s.mlprov(&["hooks", "status"]);
    out.code(1).shows("missing  post-commit").says("Hint: mlprov hooks install");
    s.mlprov(&["hooks", "install"]).success().shows("added  post-commit");
    assert_installed(&s);
    let installed = s.listing();
    s.mlprov(&["hooks", "install"]).success().shows("installed  pre-push");
    installed.assert_same(&s.listing());
    commit_file(&s, "code.py");
    assert_all_recorded(&s);
    assert_eq!(fs::read_to_string(s.root().join("theirs")).unwrap(), "theirs\n");
    s.mlprov(&["hooks", "uninstall"]).success().shows("removed  post-commit");
    assert_eq!(fs::read_to_string(hook_file(&s, "post-commit")).unwrap(), theirs);
    for name in &NAMES[1..] {
        assert!(!hook_file(&s, name).exists(), "{name}");
    }
    s.mlprov(&["hooks", "uninstall"]).success().shows("No hook calls mlprov.");
    // One alone.
    s.mlprov(&["hooks", "install", "--hook", "post-merge"]).success();
    assert!(hook_file(&s, "post-merge").exists() && !hook_file(&s, "pre-push").exists());
    s.refused(2, &["hooks", "install", "--hook", "post-checkout"]).says("post-checkout");
}

#[test]
fn an_older_block_is_brought_up_to_date() {
    let s = Sandbox::repo();
    let file = hook_file(&s, "post-commit");
    let now = fs::read_to_string(&file).unwrap();
    let older = now.replace("m=$(command -v mlprov)", "m=$(which mlprov)");
    fs::write(&file, older).unwrap();
    assert!(states(&s).contains(&("post-commit".into(), "outdated".into())));
    s.mlprov(&["hooks", "install"]).success().shows("updated    post-commit");
    assert_eq!(fs::read_to_string(&file).unwrap(), now);
}

#[test]
fn outside_of_a_project_there_is_nothing_to_install() {
    let s = Sandbox::git_repo();
    s.refused(2, &["hooks", "install"]).says("mlprov init");
}

// ---- The standard input is for everybody

/// A hook that notes its arguments and what it reads.
const READER: &str = "#!/bin/sh\n{ echo \"args: $*\"; cat; } >> ../theirs\n";

#[test]
fn who_reads_the_standard_input_still_gets_all_of_it() {
    let s = Sandbox::git_repo();
    for name in ["post-rewrite", "pre-push"] {
        write_hook(&s, name, READER);
    }
    s.mlprov(&["init", "--yes"]).success();
    assert_installed(&s);
    let old = commit_file(&s, "code.py");
    s.git(&["commit", "-q", "--amend", "-m", "better"]);
    assert_eq!(superseded(&s), [(old.clone(), s.head())]);
    let theirs = || fs::read_to_string(s.root().join("theirs")).unwrap();
    assert_eq!(theirs(), format!("args: amend\n{old} {}\n", s.head()));
    s.git_in("", &["init", "-q", "--bare", "remote.git"]);
    s.git(&["branch", "second"]);
    fs::remove_file(s.root().join("theirs")).unwrap();
    s.git_output("repo", &[], &["push", "-q", "../remote.git", "main", "second"]).success();
    let (head, zero) = (s.head(), "0".repeat(40));
    let line = |branch: &str| format!("refs/heads/{branch} {head} refs/heads/{branch} {zero}\n");
    let all = format!("args: ../remote.git ../remote.git\n{}{}", line("main"), line("second"));
    assert_eq!(theirs(), all);
    // Nothing to push is nothing to read.
    fs::remove_file(s.root().join("theirs")).unwrap();
    s.git_output("repo", &[], &["push", "-q", "../remote.git", "main"]).success();
    assert_eq!(theirs(), "args: ../remote.git ../remote.git\n");
}

/// Their hook may still refuse a push.
#[test]
fn a_hook_of_the_user_that_refuses_a_push_is_obeyed() {
    let s = Sandbox::git_repo();
    write_hook(&s, "pre-push", "#!/bin/sh\necho no >&2\nexit 1\n");
    s.mlprov(&["init", "--yes"]).success();
    commit_file(&s, "code.py");
    s.git_in("", &["init", "-q", "--bare", "remote.git"]);
    s.git_output("repo", &[], &["push", "-q", "../remote.git", "main"]).code(1);
}

// ---- core.hooksPath

#[test]
fn a_directory_of_the_work_tree_gets_hooks_that_work_everywhere() {
    let s = Sandbox::git_repo();
    s.git(&["config", "core.hooksPath", ".githooks"]);
    fs::create_dir(s.path(".githooks")).unwrap();
    s.write_script(".githooks/post-commit", "#!/bin/sh\necho theirs >> ../theirs\n");
    s.mlprov(&["init", "--yes"]).success();
    assert_installed(&s);
    assert!(!hook_file(&s, "post-commit").exists());
    for name in NAMES {
        let text = s.read(&format!(".githooks/{name}"));
        assert!(text.contains("m=''\n"), "{name} names no place of this machine: {text}");
    }
    // Whoever has no mlprov is told in one line; whoever has it records.
    let out = s.git_output("repo", &[], &["commit", "-q", "--allow-empty", "-m", "unseen"]);
    out.success();
    assert_eq!(out.stderr(), "mlprov: program not found, so nothing was recorded for this commit\n");
    sh(&s, &[], "git add -A && git commit -q -m seen").success();
    assert!(s.recorded().contains(&s.head()));
    assert_eq!(fs::read_to_string(s.root().join("theirs")).unwrap(), "theirs\ntheirs\n");
}

/// Other repositories may use it: `init` asks nobody, so it leaves it alone.
#[test]
fn a_directory_that_repositories_share_is_used_when_it_is_asked_for() {
    let s = Sandbox::git_repo();
    s.git(&["config", "core.hooksPath", "../shared-hooks"]);
    s.mlprov(&["init", "--yes"]).success().says("other repositories may use").says("mlprov hook post-commit");
    assert!(!s.root().join("shared-hooks").exists());
    s.mlprov(&["hooks", "install"]).success();
    assert_installed(&s);
    commit_file(&s, "code.py");
    assert_all_recorded(&s);
    // A repository that is no project stays as it was.
    s.git_in("", &["init", "-q", "other"]);
    s.git_in("other", &["config", "core.hooksPath", "../shared-hooks"]);
    let out = s.git_output("other", &[], &["commit", "-q", "--allow-empty", "-m", "elsewhere"]);
    out.success();
    assert_eq!(out.stderr(), "");
}

#[test]
fn a_work_tree_with_hooks_of_its_own_is_followed() {
    let s = Sandbox::project_with_data();
    s.git(&["worktree", "add", "-q", "../second", "-b", "side"]);
    s.git(&["config", "extensions.worktreeConfig", "true"]);
    let own = s.root().join("second-hooks");
    s.git_in("second", &["config", "--worktree", "core.hooksPath", own.to_str().unwrap()]);
    s.mlprov_in("second", &["hooks", "install"]).success();
    assert!(own.join("post-commit").exists());
    s.git_in("second", &["commit", "-q", "--allow-empty", "-m", "second"]);
    assert_eq!(s.recorded().last().unwrap(), s.git_in("second", &["rev-parse", "HEAD"]).trim());
    assert_installed(&s);
}

// ---- Hooks of git's configuration (git 2.54)

/// A git that calls itself another version; all else it does as ever.
fn git_that_says(s: &Sandbox, version: &str) -> PathBuf {
    let dir = s.root().join("newer");
    fs::create_dir_all(&dir).unwrap();
    let real = s.command("sh", "").args(["-c", "command -v git"]).output().unwrap().stdout;
    let real = String::from_utf8(real).unwrap();
    let script = format!(
        "#!/bin/sh\nfor last; do :; done\n[ \"$last\" != version ] || {{ echo git version {version}; exit; }}\n\
         exec {} \"$@\"\n",
        real.trim()
    );
    s.write_script("../newer/git", &script);
    dir
}

#[test]
fn hooks_of_the_configuration_are_seen_and_never_doubled() {
    let s = Sandbox::git_repo();
    s.mlprov(&["init", "--yes", "--no-hooks"]).success();
    for (key, value) in [("command", "mlprov hook post-commit"), ("event", "post-commit")] {
        s.git(&["config", &format!("hook.mlprov.{key}"), value]);
    }
    // This git does not run them.
    let out = s.mlprov(&["hooks", "status"]);
    out.code(1).shows("missing  post-commit").shows("hook.mlprov is read by git 2.54 or later only");
    let newer = [git_that_says(&s, "2.54.0")];
    sh(&s, &newer, "mlprov hooks install").success().shows("by config  post-commit");
    assert!(!hook_file(&s, "post-commit").exists() && hook_file(&s, "pre-push").exists());
    sh(&s, &newer, "mlprov hooks status").success().shows("by config  post-commit");
    // Installed both ways: it says so, and uninstalling one of them helps.
    s.mlprov(&["hooks", "install"]).success();
    sh(&s, &newer, "mlprov hooks status").code(1).shows("twice").shows("hook.mlprov");
    s.mlprov(&["hooks", "uninstall", "--hook", "post-commit"]).success();
    sh(&s, &newer, "mlprov hooks status").success();
    s.git(&["config", "hook.mlprov.enabled", "false"]);
    sh(&s, &newer, "mlprov hooks status").code(1).shows("missing");
}

// ---- The tools themselves, where `tests/run.sh` could install them

fn tool(below: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools").join(below);
    if !path.exists() {
        skipped(&format!("hooks beside {below}: it is not installed (tests/run.sh does)"));
        return None;
    }
    Some(path)
}

/// Everything that a commit, an amend and a push should record is recorded.
fn assert_records(s: &Sandbox, path: &[PathBuf]) {
    let git = |line: &str| {
        let out = sh(s, path, line);
        out.success();
    };
    s.write("code.py", "1\n");
    git("git add -A && git commit -q -m one");
    assert!(s.recorded().contains(&s.head()), "post-commit");
    let old = s.head();
    git("git commit -q --amend -m better");
    assert!(s.recorded().contains(&s.head()), "post-rewrite");
    assert_eq!(superseded(s).last().unwrap(), &(old, s.head()));
    git("git -c core.hooksPath=/dev/null commit -q --allow-empty -m unseen");
    assert!(!s.recorded().contains(&s.head()));
    if !s.root().join("remote.git").exists() {
        s.git_in("", &["init", "-q", "--bare", "remote.git"]);
    }
    git("git push -q ../remote.git HEAD");
    assert!(s.recorded().contains(&s.head()), "pre-push");
}

#[test]
fn husky_runs_our_hooks_and_its_own() {
    let Some(husky) = tool("npm/node_modules/husky/bin.js") else { return };
    let s = Sandbox::git_repo();
    sh(&s, &[], &format!("node {}", husky.display())).success();
    assert_eq!(s.git(&["config", "core.hooksPath"]).trim(), ".husky/_");
    s.write(".husky/pre-push", "cat >> ../theirs\n");
    s.mlprov(&["init", "--yes"]).success();
    assert_installed(&s);
    assert!(s.read(".husky/pre-push").ends_with("\ncat >> ../theirs\n"));
    assert_records(&s, &[]);
    let theirs = fs::read_to_string(s.root().join("theirs")).unwrap();
    assert!(theirs.starts_with("refs/heads/main") || theirs.starts_with("HEAD"), "{theirs}");
    // husky writes its own files again, and ours stay.
    sh(&s, &[], &format!("node {}", husky.display())).success();
    assert_installed(&s);
    s.mlprov(&["hooks", "uninstall"]).success();
    assert_eq!(s.read(".husky/pre-push"), "cat >> ../theirs\n");
}

#[test]
fn lefthook_runs_our_hooks_and_its_own() {
    let Some(bin) = tool("npm/node_modules/.bin/lefthook") else { return };
    let path = [bin.parent().unwrap().to_owned()];
    let s = Sandbox::git_repo();
    let theirs = "pre-push:\n  commands:\n    theirs:\n      run: cat >> ../theirs\n      use_stdin: true\n\
                  post-commit:\n  commands:\n    theirs:\n      run: echo commit >> ../theirs\n";
    s.write("lefthook.yml", theirs);
    sh(&s, &path, "lefthook install").success();
    s.mlprov(&["init", "--yes"]).success();
    assert_installed(&s);
    assert_eq!(s.read("lefthook.yml"), theirs);
    assert!(!s.git(&["status", "--porcelain"]).contains("lefthook-local"), "it is this clone's own");
    assert_records(&s, &path);
    let ran = fs::read_to_string(s.root().join("theirs")).unwrap();
    assert!(ran.contains("commit\n") && ran.contains("refs/heads/"), "{ran}");
    // lefthook writes its files again when it likes.
    sh(&s, &path, "lefthook install --force").success();
    assert_installed(&s);
    s.write("code.py", "2\n");
    sh(&s, &path, "git commit -q -a -m again").success();
    assert_all_recorded(&s);
    s.mlprov(&["hooks", "uninstall"]).success();
    assert!(!s.path("lefthook-local.yml").exists());
    // A local configuration with hooks of that name is not touched; what to write there is said.
    s.write("lefthook-local.yml", "post-commit:\n  parallel: true\n");
    let out = s.mlprov(&["hooks", "install"]);
    out.says("put this there").says("hook post-commit {0}");
    assert_eq!(s.read("lefthook-local.yml"), "post-commit:\n  parallel: true\n");
}

fn pre_commit_config(s: &Sandbox, more: &str) {
    let local = "repos:\n- repo: local\n  hooks:\n  - id: theirs\n    name: theirs\n    entry: sh -c 'echo ran >> ../theirs'\n    \
                 language: system\n    always_run: true\n    pass_filenames: false\n    stages: [post-commit, pre-push]\n";
    s.write(".pre-commit-config.yaml", format!("{local}{more}"));
}

#[test]
fn the_pre_commit_framework_runs_our_hooks_and_its_own() {
    let Some(bin) = tool("pre-commit/bin/pre-commit") else { return };
    let path = [bin.parent().unwrap().to_owned()];
    let install = "pre-commit install -t post-commit -t post-rewrite -t pre-push";
    // Whoever comes first.
    for first in ["pre-commit", "mlprov"] {
        let s = Sandbox::git_repo();
        pre_commit_config(&s, "");
        if first == "pre-commit" {
            sh(&s, &path, install).success();
            s.mlprov(&["init", "--yes"]).success();
        } else {
            s.mlprov(&["init", "--yes"]).success();
            sh(&s, &path, install).success();
            // It moved ours aside, and hands on everything but what post-rewrite reads.
            s.mlprov(&["hooks", "install"]).success();
        }
        assert_installed(&s);
        assert_records(&s, &path);
        let ran = fs::read_to_string(s.root().join("theirs")).unwrap();
        assert_eq!(ran.lines().count(), 3, "two commits and a push: {ran}");
        s.mlprov(&["hooks", "uninstall"]).success();
        let left = fs::read_dir(s.path(".git/hooks")).unwrap().map(|e| e.unwrap().path());
        for file in left.filter(|f| !f.to_string_lossy().ends_with(".sample")) {
            assert!(!fs::read_to_string(&file).unwrap().contains("mlprov"), "{}", file.display());
        }
    }
}

/// Without files of ours: the framework calls what this repository's `.pre-commit-hooks.yaml` says.
#[test]
fn hooks_by_the_configuration_of_the_pre_commit_framework() {
    let Some(bin) = tool("pre-commit/bin/pre-commit") else { return };
    let path = [bin.parent().unwrap().to_owned()];
    let s = Sandbox::git_repo();
    s.mlprov(&["init", "--yes", "--no-hooks"]).success();
    s.git_in("", &["init", "-q", "-b", "main", "published"]);
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    fs::copy(hooks, s.root().join("published/.pre-commit-hooks.yaml")).unwrap();
    s.git_in("published", &["add", "-A"]);
    s.git_in("published", &["commit", "-q", "-m", "hooks"]);
    let rev = s.git_in("published", &["rev-parse", "HEAD"]);
    let ids = ["post-commit", "post-merge", "post-rewrite", "pre-push"];
    let ids: String = ids.iter().map(|id| format!("  - id: mlprov-{id}\n")).collect();
    let published = s.root().join("published");
    pre_commit_config(&s, &format!("- repo: {}\n  rev: {}  hooks:\n{ids}", published.display(), rev));
    let install = "pre-commit install -t post-commit -t post-merge -t post-rewrite -t pre-push";
    sh(&s, &path, install).success();
    assert_records(&s, &path);
}

#[test]
fn a_hook_that_only_its_owner_may_run_keeps_its_mode() {
    let s = Sandbox::git_repo();
    write_hook(&s, "post-commit", "#!/bin/sh\ntrue\n");
    fs::set_permissions(hook_file(&s, "post-commit"), fs::Permissions::from_mode(0o700)).unwrap();
    s.mlprov(&["init", "--yes"]).success();
    assert_eq!(fs::metadata(hook_file(&s, "post-commit")).unwrap().permissions().mode() & 0o777, 0o700);
}
