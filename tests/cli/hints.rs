//! A hint is something to paste. Each one here is given to a shell, and must do what it promises.

use crate::common::Output;
use crate::common::Sandbox;
use std::fs;
use std::os::unix::fs::symlink;

/// Pastes the only hint of a command.
fn paste(s: &Sandbox, dir: &str, out: &Output) -> Output {
    let hints = out.hints();
    assert_eq!(hints.len(), 1, "\n{}", out.snapshot());
    s.paste(dir, &hints[0])
}

#[test]
fn after_init_the_config_is_committed() {
    let s = Sandbox::git_repo();
    let out = s.mlprov(&["init", "--yes"]);
    paste(&s, "repo", &out).success();
    assert_eq!(s.git(&["ls-files"]), ".mlprov/config.toml\n");
    assert_eq!(s.recorded(), [s.head()]);
}

#[test]
fn after_track_the_pointer_is_staged() {
    let s = Sandbox::repo();
    s.write("my data's/a.csv", "1\n");
    let out = s.mlprov(&["track", "my data's"]);
    paste(&s, "repo", &out).success();
    assert_eq!(s.git(&["diff", "--cached", "--name-only"]), ".gitignore\nmy data's.mlprov\n");
}

#[test]
fn after_track_in_a_subdirectory_the_pointer_is_staged() {
    let s = Sandbox::repo();
    s.write("sub/data/a.csv", "1\n");
    let out = s.mlprov_in("repo/sub", &["track", "data"]);
    paste(&s, "repo/sub", &out).success();
    assert_eq!(s.git(&["diff", "--cached", "--name-only"]), "sub/.gitignore\nsub/data.mlprov\n");
}

/// Many repositories ignore `data/` as a whole, long before mlprov comes.
#[test]
fn after_track_in_an_ignored_directory_the_pointer_is_staged() {
    let s = Sandbox::repo();
    s.write(".gitignore", "data/\n");
    s.write("data/train.csv", "1\n");
    let out = s.mlprov(&["track", "data/train.csv"]);
    paste(&s, "repo", &out).success();
    assert_eq!(s.git(&["diff", "--cached", "--name-only"]), "data/train.csv.mlprov\n");
}

#[test]
fn after_track_the_pointer_is_staged_although_a_pattern_ignores_it() {
    let s = Sandbox::repo();
    s.write(".gitignore", "data*\n");
    s.write("data/train.csv", "1\n");
    let out = s.mlprov(&["track", "data"]);
    paste(&s, "repo", &out).success();
    assert_eq!(s.git(&["diff", "--cached", "--name-only"]), "data.mlprov\n");
}

#[test]
fn modified_data_is_tracked_from_the_root_and_from_below() {
    for (dir, data) in [("repo", "data"), ("repo/sub", "sub/data")] {
        let s = Sandbox::repo();
        s.write(&format!("{data}/a.csv"), "1\n");
        s.mlprov(&["track", data]).success();
        s.write(&format!("{data}/a.csv"), "2\n");
        let out = s.mlprov_in(dir, &["status"]);
        paste(&s, dir, &out).success();
        s.mlprov(&["status"]).success().shows("unchanged");
    }
}

#[test]
fn a_commit_that_no_hook_saw_is_recorded() {
    let s = Sandbox::project_with_data();
    s.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "unseen"]);
    let out = s.mlprov(&["status"]);
    paste(&s, "repo", &out).success();
    s.mlprov(&["verify", "HEAD"]).success();
}

#[test]
fn a_directory_that_is_no_project_becomes_one() {
    let s = Sandbox::new();
    let out = s.mlprov(&["status"]);
    out.code(2);
    paste(&s, "repo", &out).success();
    let out = s.mlprov(&["status"]);
    out.code(2);
    // The hint asks its questions on a terminal; there is none here.
    let line = format!("{} --yes", out.hints()[0]);
    s.paste("repo", &line).success();
    s.mlprov(&["status"]).success();
}

#[test]
fn init_without_a_terminal_gives_the_line_that_needs_none() {
    let s = Sandbox::git_repo();
    let out = s.mlprov(&["init"]);
    out.code(2);
    paste(&s, "repo", &out).success();
    s.mlprov(&["status"]).success();
}

#[test]
fn files_that_git_tracks_are_untracked_by_git() {
    for data in ["data", "my data"] {
        let s = Sandbox::repo();
        s.write(&format!("{data}/a.csv"), "1\n");
        s.commit_all("data in git");
        let out = s.mlprov(&["track", data]);
        out.code(2);
        paste(&s, "repo", &out).success();
        assert!(s.path(data).join("a.csv").exists(), "only git forgets it");
        s.mlprov(&["track", data]).success();
    }
}

#[test]
fn files_that_git_tracks_are_untracked_by_git_from_a_subdirectory() {
    let s = Sandbox::repo();
    s.write("sub/data/a.csv", "1\n");
    s.commit_all("data in git");
    let out = s.mlprov_in("repo/sub", &["track", "data"]);
    out.code(2);
    paste(&s, "repo/sub", &out).success();
    s.mlprov_in("repo/sub", &["track", "data"]).success();
}

#[test]
fn what_cannot_be_tracked_is_taken_out_of_the_way() {
    type Make = fn(&Sandbox);
    let cases: [(&str, Make); 4] = [
        ("a FIFO", |s| crate::bad_input::fifo(&s.path("data/odd"))),
        ("a link out of the repository", |s| {
            fs::write(s.root().join("outside"), "1\n").unwrap();
            symlink("../../outside", s.path("data/odd")).unwrap();
        }),
        ("a link to a directory", |s| {
            s.write("code/x", "1\n");
            symlink("../code", s.path("data/odd")).unwrap();
        }),
        ("a broken link", |s| symlink("nowhere", s.path("data/odd")).unwrap()),
    ];
    let mut useless = Vec::new();
    for (what, make) in cases {
        let s = Sandbox::repo();
        s.write("data/a.csv", "1\n");
        make(&s);
        let out = s.mlprov(&["track", "data"]);
        out.code(2);
        paste(&s, "repo", &out).success();
        if s.mlprov(&["track", "data"]).exit_code() != Some(0) {
            useless.push(format!("{what}: {}", out.hints()[0]));
        }
    }
    assert!(useless.is_empty(), "hints that do not help:\n{}", useless.join("\n"));
}

#[test]
fn a_pointer_inside_a_dataset_is_removed() {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data/a.csv"]).success();
    let out = s.mlprov(&["track", "data"]);
    out.code(2);
    paste(&s, "repo", &out).success();
    s.mlprov(&["track", "data"]).success();
}

#[test]
fn a_path_inside_a_dataset_leads_to_the_dataset() {
    let s = Sandbox::project_with_data();
    let out = s.mlprov(&["track", "data/a.csv"]);
    out.code(2);
    paste(&s, "repo", &out).success();
    // `ls` must not propose what `track` refuses.
    let out = s.mlprov(&["ls", "data/a.csv"]);
    out.code(2);
    paste(&s, "repo", &out).success();
}

#[test]
fn an_edited_pointer_is_written_again() {
    let s = Sandbox::project_with_data();
    s.write("data.mlprov", s.read("data.mlprov").replace("files = 2", "files = 3"));
    let out = s.mlprov(&["ls"]);
    out.code(2);
    paste(&s, "repo", &out).success();
    s.mlprov(&["ls"]).success();
}

#[test]
fn a_run_on_an_unborn_branch_needs_one_commit() {
    let s = Sandbox::repo();
    let out = s.mlprov(&["run", "--", "true"]);
    out.code(2);
    paste(&s, "repo", &out).success();
    s.mlprov(&["run", "--", "true"]).success();
}

#[test]
fn show_leads_to_verify() {
    let s = Sandbox::repo();
    s.write("my file.csv", "1\n");
    s.mlprov(&["track", "my file.csv"]).success();
    let out = s.mlprov(&["show", "my file.csv"]);
    paste(&s, "repo", &out).success();
}

#[test]
fn a_log_key_that_is_not_pinned_is_pinned() {
    let s = Sandbox::project_with_data();
    fs::remove_file(s.state_dir().join("pins")).unwrap();
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(3);
    paste(&s, "repo", &out).success();
    s.mlprov(&["verify", "HEAD"]).success();
}

#[test]
fn a_checkpoint_that_is_not_there_is_published() {
    let s = Sandbox::project_with_data();
    fs::remove_file(s.ledger("checkpoint")).unwrap();
    let out = s.mlprov(&["verify", "HEAD"]);
    out.code(3);
    paste(&s, "repo", &out).success();
    s.mlprov(&["verify", "HEAD"]).success();
}

#[test]
fn what_a_graph_shows_is_checked() {
    let s = crate::text::trained();
    for word in ["fraud/1", "latest", "HEAD"] {
        let out = s.mlprov(&["graph", word]);
        paste(&s, "repo", &out).success().shows("intact");
    }
    // What `verify` does not know by this name.
    for word in ["data", "params.json"] {
        assert_eq!(s.mlprov(&["graph", word]).success().hints(), [""; 0]);
    }
}
