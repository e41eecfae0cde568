//! A disk that is full, at every point where that can be noticed: a small tmpfs holds the repository, and
//! each round leaves a little more room than the one before.

use crate::common::Listing;
use crate::common::Sandbox;
use crate::common::disk::SmallDisk;
use crate::common::skipped;
use std::fs;

/// With that many pages left there is room for everything.
const ROUNDS: u64 = 20;

/// A project with data and one commit on a small disk. The disk is dropped before the sandbox.
fn on_small_disk(test: &str) -> Option<(Sandbox, SmallDisk)> {
    let s = Sandbox::new();
    let Some(disk) = SmallDisk::mount(&s.path(""), "12m") else {
        skipped(&format!("{test}: no right to mount a tmpfs"));
        return None;
    };
    s.write(".gitignore", "/filler\n");
    s.write("data/a.csv", "1,2\n");
    s.git(&["init", "-q", "-b", "main"]);
    s.mlprov(&["init", "--yes"]).success();
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    Some((s, disk))
}

/// No temporary file, no directory of a batch and no torn frame is left anywhere.
fn assert_no_leftovers(s: &Sandbox) {
    let listing = Listing::of(&s.path(""));
    let left: Vec<_> =
        listing.names().into_iter().filter(|n| n.contains(".tmp-") || n.contains("torn-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn track_on_a_full_disk_leaves_nothing_half_written() {
    let Some((s, disk)) = on_small_disk("track_on_a_full_disk") else { return };
    let mut failed = 0;
    for pages in 0..ROUNDS {
        // Three files of different length, new in each round.
        for (name, length) in [("b", 10), ("c", 5_000), ("d", 9_000)] {
            s.write(&format!("data/{name}.csv"), format!("{pages},").repeat(length / 3));
        }
        let pointer = s.read("data.mlprov");
        disk.fill_but(pages);
        let out = s.mlprov(&["track", "data"]);
        disk.free();
        if out.exit_code() != Some(0) {
            failed += 1;
            out.code(3).says("No space left on device").says("Hint: free some space");
            assert_eq!(s.read("data.mlprov"), pointer, "the old pointer stays");
        }
        assert_no_leftovers(&s);
        s.mlprov(&["verify", "HEAD"]).success();
        s.mlprov(&["track", "data"]).success();
        s.commit_all(&format!("round {pages}"));
        s.mlprov(&["verify", "HEAD"]).success();
    }
    assert!((8..ROUNDS).contains(&failed), "{failed} of {ROUNDS} rounds met a full disk");
}

/// Small files go into packs of many.
#[test]
fn packs_on_a_full_disk_are_whole_or_not_there() {
    let Some((s, disk)) = on_small_disk("packs_on_a_full_disk") else { return };
    let mut failed = 0;
    for round in 0..8 {
        for n in 0..150 {
            s.write(&format!("data/f{n}"), format!("{round} {n},").repeat(180));
        }
        let pointer = s.read("data.mlprov");
        // The pack takes about 100 pages; the files that the entry and the pointer need come after it.
        disk.fill_but(round * 20);
        let out = s.mlprov(&["track", "data"]);
        disk.free();
        if out.exit_code() != Some(0) {
            failed += 1;
            out.code(3).says("No space left on device").says("Hint: free some space");
            assert_eq!(s.read("data.mlprov"), pointer, "the old pointer stays");
        }
        assert_no_leftovers(&s);
        s.mlprov(&["verify", "HEAD"]).success();
        s.mlprov(&["track", "data"]).success();
        s.commit_all(&format!("round {round}"));
        s.mlprov(&["verify", "HEAD"]).success();
    }
    assert!((3..8).contains(&failed), "{failed} of 8 rounds met a full disk");
}

#[test]
fn a_run_on_a_full_disk_begins_only_if_its_start_was_recorded() {
    let Some((s, disk)) = on_small_disk("run_on_a_full_disk") else { return };
    let ran = s.home().join("ran");
    let script = format!("touch {}", ran.display());
    let args = ["run", "-d", "data", "--", "sh", "-c", &script];
    let runs = |s: &Sandbox| s.json(&["log", "--kind", "run.started"])["entries"].as_array().unwrap().len();
    let mut codes = Vec::new();
    for pages in 0..12 {
        let _ = fs::remove_file(&ran); // of the round before
        s.write("data/b.csv", format!("{pages},").repeat(4_000));
        let before = runs(&s);
        disk.fill_but(pages);
        let out = s.mlprov(&args);
        disk.free();
        codes.push(out.exit_code().unwrap());
        assert_eq!(ran.exists(), runs(&s) > before, "{pages} pages:\n{}", out.snapshot());
        assert_no_leftovers(&s);
        s.mlprov(&["verify", "HEAD"]).success();
    }
    assert!(codes.contains(&0) && codes.iter().filter(|c| **c != 0).count() >= 3, "{codes:?}");
    s.mlprov(&args).success();
    s.mlprov(&["verify", "latest"]).success();
}

/// The error is about the disk, whichever step met it: not "usage", and with the hint that helps.
#[test]
fn a_run_that_cannot_begin_on_a_full_disk_says_why() {
    let Some((s, disk)) = on_small_disk("run_says_why") else { return };
    s.write("code.py", "print()\n".repeat(2_000));
    disk.fill_but(0);
    let out = s.mlprov(&["run", "--", "true"]);
    disk.free();
    out.code(3).says("Hint: free some space");
}

#[test]
fn a_command_that_fills_the_disk_is_said_to_be_unrecorded() {
    let Some((s, disk)) = on_small_disk("command_fills_the_disk") else { return };
    let fill = "cat /dev/zero > filler 2> /dev/null; exit";
    let run = |code: &str| s.mlprov(&["run", "--", "sh", "-c", &format!("{fill} {code}")]);
    // It ended well, and that could not be recorded: a code of its own. Else the command's code counts.
    let well = run("0");
    disk.free();
    well.code(70).says("ended with exit code 0, but its end could not be recorded");
    well.says("No space left on device");
    let badly = run("5");
    disk.free();
    badly.code(5).says("could not be recorded");
    assert_no_leftovers(&s);
    let status = s.mlprov(&["status"]).success().stdout();
    assert_eq!(status.matches("no end recorded: run r-").count(), 2);
    s.mlprov(&["verify", "latest"]).code(3).shows("pending");
    s.mlprov(&["run", "--", "true"]).success();
    s.mlprov(&["verify", "latest", "HEAD"]).success();
}

#[test]
fn a_commit_that_could_not_be_recorded_on_a_full_disk_is_recorded_later() {
    let Some((s, disk)) = on_small_disk("commit_on_a_full_disk") else { return };
    // git runs this one when the branch has moved, and before it runs post-commit.
    let fill = "[ \"$1\" != committed ] || cat /dev/zero > filler 2> /dev/null; exit 0\n";
    s.write_script(".git/hooks/reference-transaction", &format!("#!/bin/sh\n{fill}"));
    let mut unrecorded = 0;
    for round in 0..6 {
        let commit = s.git_output("repo", &[], &["commit", "-q", "--allow-empty", "-m", "full"]);
        disk.free();
        commit.success();
        // The end of the journal's last page may still have had room for the entry.
        if !s.recorded().contains(&s.head()) {
            unrecorded += 1;
            commit.says("not recorded").says("No space left on device");
            assert_eq!(commit.stderr().lines().count(), 1, "round {round}:\n{}", commit.snapshot());
            s.mlprov(&["verify", "HEAD"]).code(3);
            let hint = s.mlprov(&["status"]).hints().remove(0);
            s.paste("repo", &hint).success();
        }
        assert_no_leftovers(&s);
        s.mlprov(&["verify", "HEAD"]).success();
    }
    assert!(unrecorded > 0, "no round met the disk full in the hook");
}
