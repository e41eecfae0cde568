//! What benchmarks of the real program share.

use mlprov::ledger::batch::Batch;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ledger::frame::Header;
use mlprov::ports::commit_store::CheckpointStore;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::commit_store::Outcome;
use mlprov::ports::log_reader::LogReader;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::LogKeyFile;
use mlprov::stores::local::keys::WriterKeyFile;
use rayon::prelude::*;
use std::io::Write;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

pub fn say(line: String) {
    let mut out = std::io::stdout();
    out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).unwrap();
}

pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

pub fn millis(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e3
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The real program in a repository of its own, with keys of its own.
pub struct Clone {
    dir: tempfile::TempDir,
}

impl Clone {
    pub fn new() -> Self {
        let clone = Clone { dir: scratch() };
        let git = Command::new("git").args(["init", "-q"]).current_dir(clone.dir.path()).status();
        assert!(git.unwrap().success());
        assert!(clone.mlprov(&["init", "--yes"]).stdout(Stdio::null()).status().unwrap().success());
        clone
    }

    pub fn mlprov(&self, args: &[&str]) -> Command {
        let home = self.dir.path().join("home");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlprov"));
        command.args(args).current_dir(self.dir.path()).env("HOME", &home);
        command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
        command.env("GIT_AUTHOR_NAME", "bench").env("GIT_AUTHOR_EMAIL", "bench@example.org");
        command
    }

    pub fn ledger(&self) -> LocalLedger {
        LocalLedger::open(&self.dir.path().join(".git/mlprov/ledger")).unwrap().unwrap()
    }

    /// Fills the log up to so many entries, 1,000 in a batch.
    pub fn fill(&self, entries: u64, entry: impl Fn(&Header, &WriterKeyFile, u64) -> SealedEntry + Sync) {
        let keys = self.dir.path().join("home/config/mlprov/keys");
        let (key, _) = WriterKeyFile::open_or_create(&keys.join("writer.pem")).unwrap();
        let ledger = self.ledger();
        let header = ledger.header();
        let log = keys.join(format!("log-{}.pem", header.log));
        let from = ledger.head().unwrap().size();
        for start in (from..entries).step_by(1000) {
            let range = start..(start + 1000).min(entries);
            let signed = range.into_par_iter().map(|n| entry(header, &key, n)).collect();
            let won = ledger.try_commit(start, &Batch::new(signed).unwrap()).unwrap();
            assert_eq!(won, Outcome::Won { start });
        }
        ledger.publish(&LogKeyFile::open_or_create(&log, &header.origin).unwrap()).unwrap();
    }
}
