//! `[store] link`: how the bytes of large files get into the store.

use crate::common::Sandbox;
use crate::common::skipped;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

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
fn blocks_are_shared_or_it_is_said() {
    let s = project("reflink");
    let probe =
        Command::new("cp").arg("--reflink=always").arg(s.path("data/large")).arg(s.path("probe")).output();
    if probe.is_ok_and(|out| out.status.success()) {
        s.mlprov(&["track", "data"]).success();
        s.commit_all("first");
        s.mlprov(&["verify", "HEAD"]).success();
        s.write("data/large", "changed");
        s.mlprov(&["verify", "HEAD"]).success();
    } else {
        skipped("tracking with shared blocks (this file system has none)");
        let _ = fs::remove_file(s.path("probe"));
        s.refused(2, &["track", "data"]).says("link says reflink");
        set(&s, "auto");
        s.mlprov(&["track", "data"]).success();
    }
}
