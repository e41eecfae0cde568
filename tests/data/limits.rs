//! What a machine has too little of, and what its file systems do not allow.

use crate::common::Sandbox;
use crate::common::disk::SmallDisk;
use crate::common::skipped;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

/// Linux: bytes of a path, with the zero at its end.
const PATH_MAX: usize = 4096;

/// All of them are named, wherever they lie; what could be stored is, and nothing refers to it.
#[test]
fn every_file_that_cannot_be_read_is_named_and_nothing_is_recorded() {
    let s = Sandbox::repo();
    for n in 0..3000 {
        s.write(&format!("data/d{}/f{n:04}", n / 100), vec![n as u8; 2000]);
    }
    for n in 0..10 {
        s.write(&format!("more/f{n}"), "x");
    }
    // In many steps: the first one that fails is not the last one to be looked at.
    let config = s.read(".mlprov/config.toml");
    s.write(".mlprov/config.toml", config.replace("[store]\n", "[store]\nbatch = 1_000_000\n"));
    let unreadable = ["data/d0/f0003", "data/d14/f1417", "data/d29/f2999", "more/f7"];
    let chmod = |mode| {
        for name in unreadable {
            fs::set_permissions(s.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    chmod(0o000);
    let entries = s.entries();
    // Root reads everything, unless it gives that right away.
    let mlprov = "mlprov track data more";
    let out = match fs::read(s.path(unreadable[0])) {
        Err(_) => s.paste("repo", mlprov),
        Ok(_) => s.paste("repo", &format!("setpriv --bounding-set -dac_override,-dac_read_search {mlprov}")),
    };
    if out.exit_code() == Some(127) {
        return skipped("unreadable files (no setpriv)");
    }
    out.code(2).says("4 files cannot be tracked").says("Permission denied").says("Hint: chmod u+r");
    for name in unreadable {
        out.says(name);
    }
    assert!(!s.path("data.mlprov").exists() && !s.path("more.mlprov").exists());
    assert_eq!(s.entries(), entries);
    chmod(0o644);
    s.mlprov(&["track", "data", "more"]).success();
    s.commit_all("first");
    s.mlprov(&["verify", "HEAD"]).success();
}

/// Neither the number of files nor the depth of directories asks for more of them.
#[test]
fn few_files_are_open_at_once() {
    let s = Sandbox::repo();
    let mut deep = "data".to_owned();
    for n in 0..250 {
        deep.push_str(&format!("/d{n}"));
        s.write(&format!("{deep}/f"), format!("{n}"));
    }
    for n in 0..1000 {
        s.write(&format!("data/wide{n}/f"), format!("wide {n}"));
    }
    s.write("data/large", vec![1; 70 << 20]);
    let few = |line: &str| s.paste("repo", &format!("ulimit -n 40 && {line}"));
    few("mlprov track data").success();
    s.commit_all("first");
    few("mlprov status").success();
    fs::remove_dir_all(s.path("data")).unwrap();
    few("mlprov restore").success();
    few("mlprov verify HEAD").success();
    few("mlprov diff").success();
    // Too few for anything: it is said, and nothing is changed.
    s.write("data/new", "new");
    let entries = s.entries();
    let mut said = 0;
    for limit in 4..20 {
        let out = s.paste("repo", &format!("ulimit -n {limit} && mlprov track data"));
        // Below that not even the loader gets its files.
        if out.exit_code() == Some(0) || out.stderr().contains("shared libraries") {
            continue;
        }
        said += 1;
        assert!([2, 3].contains(&out.exit_code().unwrap()), "{limit}: {}", out.snapshot());
        out.says("oo many ").says("Hint: ulimit -n 1024");
        assert_eq!(s.entries(), entries);
    }
    assert!(said > 0, "no limit was too low");
    s.mlprov(&["track", "data"]).success().shows("changed");
}

#[test]
fn the_longest_paths_work_and_longer_ones_are_refused() {
    let s = Sandbox::repo();
    let mut dir = s.path("data");
    while dir.as_os_str().len() + 202 < PATH_MAX - 1 {
        dir.push("d".repeat(200));
    }
    fs::create_dir_all(&dir).unwrap();
    let longest = dir.join("f".repeat(PATH_MAX - 2 - dir.as_os_str().len()));
    assert_eq!(longest.as_os_str().as_bytes().len(), PATH_MAX - 1);
    fs::write(&longest, "longest").unwrap();
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    fs::remove_dir_all(s.path("data")).unwrap();
    s.mlprov(&["restore"]).success();
    assert_eq!(fs::read(&longest).unwrap(), b"longest");
    fs::write(&longest, "changed").unwrap();
    s.mlprov(&["status"]).success().shows("modified");
    s.mlprov(&["restore", "--force"]).success();
    assert_eq!(fs::read(&longest).unwrap(), b"longest");
    s.mlprov(&["verify", "HEAD"]).success();
    // One byte more cannot be opened by its path.
    let flags = OFlags::DIRECTORY | OFlags::RDONLY;
    let at = rustix::fs::open(&dir, flags, Mode::empty()).unwrap();
    let mut name = longest.file_name().unwrap().to_owned();
    name.push("g");
    let create = OFlags::WRONLY | OFlags::CREATE;
    drop(rustix::fs::openat(&at, &*name, create, Mode::from_raw_mode(0o644)).unwrap());
    let pointer = s.read("data.mlprov");
    let out = s.mlprov(&["track", "data"]);
    out.code(2).says("its path is longer than this system allows").says("Hint: ");
    assert_eq!(s.read("data.mlprov"), pointer);
    rustix::fs::unlinkat(&at, &*name, rustix::fs::AtFlags::empty()).unwrap();
    s.mlprov(&["track", "data"]).success().shows("unchanged");
}

#[test]
fn names_that_are_one_name_elsewhere_are_warned_of() {
    let s = Sandbox::repo();
    for (name, bytes) in
        [("A.csv", "1"), ("a.csv", "2"), ("cafe\u{301}/x", "3"), ("caf\u{e9}/y", "4"), ("b", "5")]
    {
        s.write(&format!("data/{name}"), bytes);
    }
    let warned = |args: &[&str]| {
        let out = s.mlprov(args);
        out.success().says("Warning: names that differ only in case").says("data/A.csv  data/a.csv");
        out.says("data/cafe\u{301}  data/caf\u{e9}");
        assert!(!out.stdout().contains("case"), "{}", out.snapshot());
    };
    warned(&["track", "--dry-run", "data"]);
    warned(&["track", "data"]);
    // Once is enough.
    assert!(!s.mlprov(&["track", "data"]).success().stderr().contains("Warning"));
    s.write("data/b", "6");
    let report = s.json(&["track", "data"]);
    assert_eq!(report["datasets"][0]["collisions"].as_array().unwrap().len(), 2, "{report}");
    // What is added counts together with what is not here.
    fs::remove_file(s.path("data/A.csv")).unwrap();
    fs::remove_dir_all(s.path("data/caf\u{e9}")).unwrap();
    s.write("data/new", "7");
    warned(&["track", "--append", "data"]);
    s.commit_all("first");
    s.mlprov(&["verify", "HEAD"]).success();
}

/// A rename does not cross from one file system to another.
#[test]
fn data_over_several_file_systems_is_restored() {
    let s = Sandbox::repo();
    for (name, bytes) in [("data/a", "a"), ("data/disk/b", "b"), ("data/disk/deep/c", "c")] {
        s.write(name, bytes);
    }
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    fs::remove_dir_all(s.path("data")).unwrap();
    fs::create_dir_all(s.path("data/disk")).unwrap();
    let Some(_disk) = SmallDisk::mount(&s.path("data/disk"), "1m") else {
        return skipped("data over several file systems: no right to mount a tmpfs");
    };
    let names = |dir: &str| fs::read_dir(s.path(dir)).unwrap().count();
    s.mlprov(&["restore"]).success();
    assert_eq!(
        (s.read("data/a"), s.read("data/disk/b"), s.read("data/disk/deep/c")),
        ("a".into(), "b".into(), "c".into())
    );
    assert_eq!((names("data"), names("data/disk")), (2, 2), "nothing else stays there");
    s.mlprov(&["status"]).success().shows("unchanged  data");
    s.write("data/disk/b", "changed");
    s.mlprov(&["restore", "--force"]).success();
    assert_eq!(s.read("data/disk/b"), "b");
    s.mlprov(&["verify", "HEAD"]).success();
    // Work goes on there: it is tracked as one dataset.
    s.write("data/disk/b", "changed");
    s.mlprov(&["track", "data"]).success().shows("changed");
}
