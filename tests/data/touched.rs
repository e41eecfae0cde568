//! What was not touched is not read again; what was touched is, however well it is hidden.

use crate::common::Sandbox;
use crate::common::skipped;
use std::fs;
use std::process::Command;
use std::time::Duration;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    for n in 0..20 {
        s.write(&format!("data/d{}/f{n}", n % 3), format!("content {n}"));
    }
    // What was written within the last two seconds may be written again without a trace.
    std::thread::sleep(Duration::from_millis(2100));
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    s
}

/// Files of the dataset that a command opens; `None` if strace cannot run here.
fn opened(s: &Sandbox, args: &[&str]) -> Option<Vec<String>> {
    if Command::new("strace").args(["-qq", "true"]).output().is_ok_and(|o| o.status.success()) {
        let trace = s.root().join("trace");
        let options = ["-f", "-qq", "-e", "trace=openat,open", "-o", trace.to_str().unwrap()];
        s.traced(&options, args).assert().success();
        let text = fs::read_to_string(trace).unwrap();
        let files = text.lines().filter_map(|l| l.split('"').nth(1)).filter(|p| p.contains("/data/"));
        return Some(files.filter(|p| !s.path(p).is_dir()).map(str::to_owned).collect());
    }
    skipped("which files are read (strace cannot run here)");
    None
}

#[test]
fn nothing_is_read_again_and_every_change_is_found() {
    let s = project();
    for command in [&["track", "data"][..], &["status"]] {
        if let Some(files) = opened(&s, command) {
            assert!(files.is_empty(), "{command:?} read {files:?}");
        }
    }
    // The same size, and the modification time put back: the change time tells.
    let path = s.path("data/d1/f1");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "CONTENT 1").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    s.mlprov(&["status"]).success().shows("modified");
    if let Some(files) = opened(&s, &["track", "data"]) {
        let own = |f: &&String| f.ends_with("/data/d1/f1");
        assert_eq!((files.len(), files.iter().filter(own).count()), (1, 1), "{files:?}");
    }
    s.mlprov(&["status"]).success().shows("unchanged");
    // Replaced by another file of the same size and times.
    fs::write(s.path("data/other"), "Content 2").unwrap();
    let kept = fs::metadata(s.path("data/d2/f2")).unwrap().modified().unwrap();
    fs::File::options().write(true).open(s.path("data/other")).unwrap().set_modified(kept).unwrap();
    s.paste("repo", "mv data/other data/d2/f2").success();
    s.mlprov(&["status"]).success().shows("modified");
    // Gone, new, renamed.
    s.mlprov(&["track", "data"]).success();
    for change in ["rm data/d0/f0", "touch data/d0/new", "mv data/d0/f3 data/d0/f33"] {
        s.paste("repo", change).success();
        s.mlprov(&["status"]).success().shows("modified");
        s.mlprov(&["track", "data"]).success().shows("changed");
        s.mlprov(&["status"]).success().shows("unchanged");
    }
}

#[test]
fn a_file_changed_right_after_it_was_tracked_is_found() {
    let s = Sandbox::repo();
    s.write("data/a", "one");
    for n in 0..20 {
        // In place, of the same size, within the coarseness of file times.
        s.write("data/a", format!("{n:03}"));
        s.mlprov(&["track", "data"]).success();
        s.write("data/a", format!("{:03}", n + 500));
        s.mlprov(&["status"]).success().shows("modified");
    }
}

#[test]
fn a_cache_that_is_damaged_or_of_another_tree_is_not_believed() {
    let s = project();
    let dir = s.path(".git/mlprov/cache/stat");
    let file = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    for at in [0, 9, 30, 60, 100, whole.len() / 2, whole.len() - 1] {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        fs::write(&file, bent).unwrap();
        s.mlprov(&["status"]).success().shows("unchanged");
        s.write("data/d0/f0", "changed");
        s.mlprov(&["status"]).success().shows("modified");
        s.write("data/d0/f0", "content 0");
    }
    // What is known of a file does not make up for what the store lost.
    std::thread::sleep(Duration::from_millis(2100));
    s.mlprov(&["track", "data"]).success();
    fs::remove_dir_all(s.path(".git/mlprov/store/packs")).unwrap();
    let object = s.object(b"content 5");
    fs::remove_file(&object).unwrap();
    s.mlprov(&["verify", "HEAD"]).code(1).shows("missing");
    s.mlprov(&["track", "data"]).success();
    s.mlprov(&["verify", "HEAD"]).success();
}

#[test]
fn what_mlprovignore_names_is_no_data() {
    let s = Sandbox::repo();
    s.write(".mlprovignore", "*.tmp\n/data/logs/\n");
    for name in
        ["data/a", "data/b.tmp", "data/logs/x", "data/deep/logs/y", "data/deep/c.tmp", "data/deep/keep.tmp"]
    {
        s.write(name, name);
    }
    s.write("data/deep/.mlprovignore", "!keep.tmp\n");
    s.mlprov(&["track", "data"]).success();
    let manifest = s.mlprov(&["ls", "data", "--manifest"]).success().stdout();
    let names: Vec<&str> = manifest.lines().map(|l| &l[66..]).collect();
    assert_eq!(names, ["a", "deep/.mlprovignore", "deep/keep.tmp", "deep/logs/y"]);
    // Only what is ignored: that is no dataset.
    s.write("only/x.tmp", "x");
    s.mlprov(&["track", "only"]).code(2).says("holds no file");
}

#[test]
fn appending_keeps_what_is_not_here() {
    let s = project();
    s.paste("repo", "rm -r data/d0 data/d1").success();
    s.write("data/d2/f2", "another");
    s.write("data/new", "new");
    s.mlprov(&["track", "--append", "data"]).success().shows("21 files");
    let manifest = s.mlprov(&["ls", "data", "--manifest"]).success().stdout();
    let line = |name: &str, content: &str| format!("{}  {name}\n", blake3::hash(content.as_bytes()).to_hex());
    for (name, content) in
        [("d0/f0", "content 0"), ("d1/f1", "content 1"), ("d2/f2", "another"), ("new", "new")]
    {
        assert!(manifest.contains(&line(name, content)), "{name}: {manifest}");
    }
    assert_eq!(manifest.lines().count(), 21);
    s.commit_all("appended");
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["status"]).success().shows("modified");
    // Without it, what is not here is no longer part of the dataset.
    s.mlprov(&["track", "data"]).success().shows("7 files");
    // A path cannot be a file and a directory.
    s.paste("repo", "rm -r data/d2 && echo x > data/d2").success();
    s.refused(2, &["track", "--append", "data"]).says("both file and directory");
}

#[test]
fn patterns_name_paths() {
    let s = Sandbox::repo();
    for name in ["raw/a.csv", "raw/b.csv", "raw/c.txt", "raw/deep/d.csv"] {
        s.write(name, name);
    }
    s.refused(2, &["track", "--glob", "*.csv"]).says("matches nothing");
    s.refused(2, &["track", "--glob", "["]).says("--glob");
    s.mlprov(&["track", "--glob", "raw/*.csv"]).success();
    assert!(s.path("raw/a.csv.mlprov").exists() && s.path("raw/b.csv.mlprov").exists());
    assert!(!s.path("raw/c.txt.mlprov").exists() && !s.path("raw/deep/d.csv.mlprov").exists());
    s.mlprov_in("repo/raw", &["track", "--glob", "**/*.csv"]).success();
    assert!(s.path("raw/deep/d.csv.mlprov").exists());
    assert!(s.mlprov(&["track"]).exit_code() == Some(2), "nothing is named");
}

#[test]
fn long_work_is_told_in_plain_lines_where_there_is_no_terminal() {
    let s = Sandbox::repo();
    for n in 0..200 {
        s.write(&format!("data/f{n}"), vec![n as u8; 400_000]);
    }
    // Slowed down, so that it takes longer than the quarter of a second that stays silent.
    let mut slow = s.command("strace", "repo");
    slow.args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=read:delay_exit=4000"]);
    slow.arg(env!("CARGO_BIN_EXE_mlprov")).args(["track", "data"]).env_remove("MLPROV_NO_PROGRESS");
    let Ok(out) = slow.output() else { return skipped("progress of slow work (strace cannot run here)") };
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    if !out.status.success() && !said.contains("store:") {
        return skipped("progress of slow work (strace cannot inject here)");
    }
    let line = said.lines().find(|l| l.starts_with("store: ")).unwrap_or_else(|| panic!("{said}"));
    for part in ["/200 files, ", "/80.0 MB, ", "B/s"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!String::from_utf8_lossy(&out.stdout).contains("store:"));
}

#[test]
fn after_an_interruption_only_the_rest_is_read() {
    let s = Sandbox::repo();
    const FILES: usize = 300;
    for n in 0..FILES {
        s.write(&format!("data/f{n:03}"), vec![n as u8; 20_000]);
    }
    let config = s.read(".mlprov/config.toml");
    let table = "[store]\nbackend = \"local\"";
    assert!(config.contains(table));
    s.write(".mlprov/config.toml", config.replace(table, "[store]\nbatch = 1_000_000\nbackend = \"local\""));
    std::thread::sleep(Duration::from_millis(2100));
    // Killed when one of its threads opens its 100th file: at least one step of 50 files is durable by then.
    let mut killed = s.command("strace", "repo");
    killed.args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=open:signal=SIGKILL:when=100"]);
    let killed = killed.arg(env!("CARGO_BIN_EXE_mlprov")).args(["track", "data"]).output().ok();
    let Some(killed) = killed.filter(|out| out.status.code().is_none()) else {
        return skipped("resuming a track that was killed (strace cannot inject here)");
    };
    assert!(!s.path("data.mlprov").exists(), "{killed:?}");
    let Some(files) = opened(&s, &["track", "data"]) else { return };
    assert!((FILES - 250..=FILES - 50).contains(&files.len()), "{} files were read", files.len());
    s.commit_all("first");
    s.mlprov(&["verify", "HEAD"]).success();
}
