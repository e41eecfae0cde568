//! Random work in two clones. Whatever git was told to do: in the end every commit that is reachable and was committed in
//! a clone has exactly one entry in that clone's log, and every entry verifies.

use crate::common::Sandbox;
use serde_json::Value;
use std::collections::BTreeMap;

/// Marsaglia's xorshift64*: the same seed, the same work.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

const CLONES: [(&str, &str); 2] = [("one", "one@example.org"), ("two", "two@example.org")];

struct Work {
    s: Sandbox,
    draw: Draw,
    step: u64,
    /// What was done, to be told if it fails.
    done: Vec<String>,
}

impl Work {
    fn git(&mut self, clone: usize, args: &[&str]) -> bool {
        let (dir, email) = CLONES[clone];
        let who = [("GIT_COMMITTER_EMAIL", email), ("GIT_SEQUENCE_EDITOR", "true")];
        let out = self.s.git_output(dir, &who, args);
        let ended = out.exit_code() == Some(0);
        self.done.push(format!("{dir}: git {} {}", args.join(" "), if ended { "" } else { "(failed)" }));
        ended
    }

    fn commit(&mut self, clone: usize, more: &[&str]) {
        // Few names, so that branches conflict now and then.
        let name = format!("{}/f{}", CLONES[clone].0, self.draw.below(5));
        std::fs::write(self.s.root().join(name), format!("{}\n", self.step)).unwrap();
        self.git(clone, &["add", "-A"]);
        let message = format!("step {}", self.step);
        self.git(clone, &[more, &["commit", "-q", "--allow-empty", "-m", &message]].concat());
    }

    fn branch(&mut self) -> String {
        format!("b{}", self.draw.below(3))
    }

    fn act(&mut self) {
        self.step += 1;
        let clone = self.draw.below(2) as usize;
        let branch = self.branch();
        let conflict = |work: &mut Self, what: &str| {
            let go_on = work.draw.below(3) == 0;
            if go_on && work.git(clone, &["checkout", "-q", "--theirs", "."]) {
                work.git(clone, &["add", "-A"]);
                if work.git(clone, &["-c", "core.editor=true", what, "--continue"]) {
                    return;
                }
            }
            if !work.git(clone, &[what, "--abort"]) {
                work.git(clone, &["reset", "-q", "--hard"]);
            }
        };
        match self.draw.below(18) {
            0..=3 => self.commit(clone, &[]),
            4 => self.commit(clone, &["-c", "core.hooksPath=/dev/null"]),
            5 => _ = self.git(clone, &["commit", "-q", "--amend", "--allow-empty", "-m", "amended"]),
            6 => _ = self.git(clone, &["checkout", "-q", "-B", &branch]),
            7 => _ = self.git(clone, &["checkout", "-q", &branch]),
            8 => {
                if !self.git(clone, &["merge", "-q", "--no-edit", "--no-ff", &branch]) {
                    conflict(self, "merge");
                }
            }
            9 => {
                if self.git(clone, &["merge", "-q", "--squash", &branch]) {
                    self.git(clone, &["commit", "-q", "--allow-empty", "-m", "squashed"]);
                } else {
                    self.git(clone, &["reset", "-q", "--hard"]);
                }
            }
            10 | 11 => {
                let backend = if self.draw.below(2) == 0 { "--merge" } else { "--apply" };
                if !self.git(clone, &["rebase", "-q", backend, &branch]) {
                    conflict(self, "rebase");
                }
            }
            12 => {
                // Everything since some commits ago becomes fewer.
                if !self.git(clone, &["rebase", "-q", "-i", "--exec", "true", "HEAD~2"]) {
                    conflict(self, "rebase");
                }
            }
            13 => {
                if !self.git(clone, &["cherry-pick", "--allow-empty", &branch]) {
                    conflict(self, "cherry-pick");
                }
            }
            // Without its first commit it is no project any more.
            14 if self.s.git_in(CLONES[clone].0, &["rev-list", "--count", "HEAD"]).trim() != "1" => {
                if !self.git(clone, &["revert", "--no-edit", "HEAD"]) {
                    conflict(self, "revert");
                }
            }
            15 => _ = self.git(clone, &["reset", "-q", "--hard", "HEAD~1"]),
            16 => {
                let how = if self.draw.below(2) == 0 { "--rebase" } else { "--no-rebase" };
                if !self.git(clone, &["pull", "-q", "--no-edit", how, "origin", "main"]) {
                    conflict(self, if how == "--rebase" { "rebase" } else { "merge" });
                }
            }
            _ => _ = self.git(clone, &["push", "-q", "origin", "HEAD:main"]),
        }
    }

    /// What must be true once everything that waits was recorded.
    fn check(&mut self) {
        for _ in 0..2 {
            for (dir, email) in CLONES {
                let mut sync = self.s.command(env!("CARGO_BIN_EXE_mlprov"), dir);
                let out = sync.env("GIT_COMMITTER_EMAIL", email).arg("sync").output().unwrap();
                assert!(out.status.success(), "{}\n{out:?}", self.done.join("\n"));
            }
        }
        for (clone, (dir, email)) in CLONES.into_iter().enumerate() {
            let mut count: BTreeMap<String, usize> = BTreeMap::new();
            let log = self.s.mlprov_in(dir, &["--json", "log", "--kind", "commit.recorded"]).json();
            let own = |e: &&Value| e["log"] == log["log"];
            for entry in log["entries"].as_array().unwrap().iter().filter(own) {
                *count.entry(entry["commit"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            let listed = self.s.git_in(dir, &["log", "--format=%H %ce", "--branches", "HEAD"]);
            let reachable: Vec<&str> =
                listed.lines().filter_map(|line| line.strip_suffix(&format!(" {email}"))).collect();
            for commit in &reachable {
                let times = count.get(*commit).copied().unwrap_or(0);
                // Also by the other clone, if that was the first to see it.
                let known = times == 1 || times == 0 && self.recorded_by_other(1 - clone, commit);
                assert!(known, "{dir}: {commit} has {times} entries\n{}", self.done.join("\n"));
            }
            if !reachable.is_empty() {
                let out = self.s.mlprov_in(dir, &[&["verify"], &reachable[..]].concat());
                assert_eq!(out.exit_code(), Some(0), "{}\n{}", out.snapshot(), self.done.join("\n"));
            }
            let audit = self.s.mlprov_in(dir, &["ledger", "audit"]);
            assert_eq!(audit.exit_code(), Some(0), "{}", audit.snapshot());
        }
    }

    fn recorded_by_other(&self, other: usize, commit: &str) -> bool {
        let log = self.s.mlprov_in(CLONES[other].0, &["--json", "log", "--kind", "commit.recorded"]).json();
        log["entries"].as_array().unwrap().iter().any(|e| e["commit"] == commit && e["log"] == log["log"])
    }
}

#[test]
fn whatever_is_done_every_commit_has_one_entry_that_verifies() {
    for seed in 1..=4 {
        let s = Sandbox::project_with_data();
        s.git_in("", &["init", "-q", "--bare", "-b", "main", "remote.git"]);
        s.git(&["push", "-q", "../remote.git", "main"]);
        for (dir, _) in CLONES {
            s.git_in("", &["clone", "-q", "remote.git", dir]);
            s.mlprov_in(dir, &["init", "--yes"]).success();
            for branch in ["b0", "b1", "b2"] {
                s.git_in(dir, &["branch", branch]);
            }
        }
        // The data of the first commit was tracked elsewhere: each clone must know it.
        for (dir, _) in CLONES {
            std::fs::create_dir(s.root().join(dir).join("data")).unwrap();
            for file in ["a.csv", "b.csv"] {
                std::fs::copy(s.path(&format!("data/{file}")), s.root().join(dir).join("data").join(file))
                    .unwrap();
            }
            s.mlprov_in(dir, &["track", "data"]).success();
        }
        let keys: Vec<String> =
            CLONES.iter().map(|(dir, _)| s.mlprov_in(dir, &["key", "show", "--vkey"]).stdout()).collect();
        s.mlprov_in("one", &["key", "trust", keys[1].trim()]).success();
        s.mlprov_in("two", &["key", "trust", keys[0].trim()]).success();
        let mut work = Work { s, draw: Draw(seed * 0x9e37_79b9), step: 0, done: Vec::new() };
        for _ in 0..40 {
            work.act();
        }
        work.check();
    }
}
