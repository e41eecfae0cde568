//! `[store] link`: how the bytes of large files get into the store.

use crate::common::Sandbox;
use crate::common::disk::SharingDisk;
use crate::common::disk::SmallDisk;
use crate::common::skipped;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;

fn project(link: &str) -> Sandbox {
    let s = Sandbox::repo();
    set(&s, link);
    s.write("data/large", large());
    s.write("data/small", "small");
    s
}

fn set(s: &Sandbox, link: &str) {
    let config = s.read(".mlprov/config.toml");
    let begin = config.find("[store]\nbackend = \"local\"").unwrap();
    let end = begin + config[begin..].find("\n\n").unwrap();
    let table = format!("[store]\nbackend = \"local\"\nlink = \"{link}\"");
    s.write(".mlprov/config.toml", format!("{}{table}{}", &config[..begin], &config[end..]));
}

fn large() -> Vec<u8> {
    (0..700_000u32).flat_map(|n| n.to_le_bytes()).collect()
}

#[test]
fn hardlinks_share_the_file_and_make_it_read_only() {
    let s = project("hardlink");
    s.mlprov(&["track", "data"]).success();
    let (tree, store) =
        (fs::metadata(s.path("data/large")).unwrap(), fs::metadata(s.object(&large())).unwrap());
    assert_eq!(tree.ino(), store.ino());
    assert_eq!(tree.permissions().mode() & 0o777, 0o444);
    assert_ne!(fs::metadata(s.path("data/small")).unwrap().nlink(), 2, "small files are copied");
    s.commit_all("first");
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["track", "data"]).success().shows("unchanged");
    // Who replaces the file, as most programs do, leaves what is stored alone.
    s.paste(
        "repo",
        "cp data/large data/copy && chmod u+w data/copy && echo x >> data/copy && mv -f data/copy data/large",
    )
    .success();
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["track", "data"]).success().shows("changed");
}

#[test]
fn a_copy_shares_nothing_and_an_unknown_word_is_refused() {
    for link in ["copy", "auto"] {
        let s = project(link);
        s.mlprov(&["track", "data"]).success();
        let (tree, store) =
            (fs::metadata(s.path("data/large")).unwrap(), fs::metadata(s.object(&large())).unwrap());
        assert_ne!(tree.ino(), store.ino());
        assert_ne!(tree.permissions().mode() & 0o222, 0, "the work tree stays writable");
        s.commit_all("first");
        s.mlprov(&["verify", "HEAD"]).success();
    }
    let s = project("symlink");
    s.refused(2, &["track", "data"]).says("symlink");
}

#[test]
fn blocks_are_shared_where_the_file_system_can() {
    const LARGE: usize = 40 << 20;
    let s = Sandbox::new();
    let Some(disk) = SharingDisk::mount(&s.home().join("image"), &s.path("")) else {
        return skipped("sharing blocks: no file system can be made and mounted here that does");
    };
    s.git(&["init", "-q", "-b", "main"]);
    s.mlprov(&["init", "--yes"]).success();
    for (n, link) in ["reflink", "auto"].iter().enumerate() {
        set(&s, link);
        s.write("data/large", vec![n as u8 + 1; LARGE]);
        s.write("data/medium", vec![n as u8 + 3; 3 << 20]);
        let before = disk.used();
        s.mlprov(&["track", "data"]).success();
        let more = disk.used().saturating_sub(before);
        assert!(more < 10 << 20, "{link} took {more} bytes");
        s.commit_all(link);
        s.mlprov(&["verify", "HEAD"]).success();
        // Who writes to the file writes to blocks of its own.
        s.paste("repo", "printf x | dd of=data/large bs=1 seek=1000000 conv=notrunc").success();
        s.mlprov(&["verify", "HEAD"]).success();
        s.mlprov(&["track", "data"]).success().shows("changed");
        s.mlprov(&["restore", "--rev", "HEAD", "data"]).success();
        assert_eq!(fs::read(s.path("data/large")).unwrap(), vec![n as u8 + 1; LARGE]);
    }
    set(&s, "copy");
    s.write("data/large", vec![9; LARGE]);
    let before = disk.used();
    s.mlprov(&["track", "data"]).success();
    assert!(disk.used() - before > LARGE as u64 / 2, "a copy takes room");
}

#[test]
fn blocks_that_cannot_be_shared_are_copied_or_it_is_said() {
    let s = Sandbox::new();
    let Some(_disk) = SmallDisk::mount(&s.path(""), "40m") else {
        return skipped("blocks that cannot be shared: no right to mount a tmpfs");
    };
    s.git(&["init", "-q", "-b", "main"]);
    s.mlprov(&["init", "--yes"]).success();
    s.write("data/large", large());
    set(&s, "reflink");
    let out = s.refused(2, &["track", "data"]);
    out.says("link says reflink").says("Hint: set link = \"auto\"");
    set(&s, "auto");
    s.mlprov(&["track", "data"]).success();
}

/// A file that cannot be stored in the end is left as it was, and nobody else's file is touched.
#[test]
fn a_failed_call_leaves_the_modes_alone() {
    let s = project("hardlink");
    let mode = |name: &str| fs::metadata(s.path(name)).unwrap().permissions().mode() & 0o777;
    let chmod =
        |name: &str, mode| fs::set_permissions(s.path(name), fs::Permissions::from_mode(mode)).unwrap();
    chmod("data/large", 0o640);
    s.write("data/twin", large());
    // It grows while it is read: reading takes longer than a busy machine lets another process wait.
    s.write("data/z-log", vec![0; 64 << 20]);
    let grow =
        "while :; do echo x >> data/z-log; : > grows; done & grower=$!; while [ ! -e grows ]; do :; done; ";
    let script = format!("{grow} mlprov track data; code=$?; kill $grower; exit $code");
    s.paste("repo", &script).code(2).says("data/z-log: it changed while it was");
    assert_eq!((mode("data/large"), mode("data/z-log") & 0o200), (0o640, 0o200));
    fs::remove_file(s.path("data/z-log")).unwrap();
    s.mlprov(&["track", "data"]).success();
    // Only the right to write is taken: a file that others may not read stays so. One of two alike is enough.
    let modes = [mode("data/large"), mode("data/twin")];
    assert!(modes == [0o440, 0o644] || modes == [0o640, 0o444], "{modes:?}");
    assert_eq!(
        [fs::metadata(s.path("data/large")), fs::metadata(s.path("data/twin"))]
            .map(|m| m.unwrap().nlink())
            .iter()
            .sum::<u64>(),
        3
    );
}
