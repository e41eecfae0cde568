//! What it costs to check a long log, and to go on with it.
//!
//! `cargo bench --bench audit [-- --entries 1000000] [--long 10000000]`
//!
//! The audit is the real program, in a process of its own; its memory is what the system says (VmHWM). The long log
//! has small entries, written in large batches.

mod common;

use common::Clone;
use common::median;
use common::millis;
use common::say;
use common::scratch;
use mlprov::domain::entry::Body;
use mlprov::domain::ids::EntryId;
use mlprov::domain::ids::LogId;
use mlprov::domain::ids::ProjectId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::FormatError;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ledger::envelope;
use mlprov::ledger::envelope::Envelope;
use mlprov::ledger::frame::Header;
use mlprov::ledger::hash;
use mlprov::ledger::hash::TreeHash;
use mlprov::ledger::proof;
use mlprov::ledger::proof::TileReader;
use mlprov::ledger::tile;
use mlprov::ledger::tile::Tile;
use mlprov::ledger::tree::Frontier;
use mlprov::ports::commit_store::CheckpointStore;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::commit_store::Outcome;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::LogKeyFile;
use mlprov::stores::local::keys::WriterKeyFile;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

/// An entry whose envelope has about `length` bytes, signed in earnest.
fn entry(project: ProjectId, key: &WriterKeyFile, n: u64, length: usize) -> SealedEntry {
    let (time, writer) = (Timestamp::from_unix_micros(n as i64), key.public().id());
    let id = EntryId::derive(&project, "annotation", time.as_str(), &writer);
    let mut body: Body = serde_json::from_value(serde_json::json!({
        "project": project, "kind": "annotation", "id": id, "time": time,
        "producer": {"name": "bench", "version": "0"}, "actor": {"writer": writer},
    }))
    .unwrap();
    let seal = |body: &Body| {
        let payload = body.to_payload().unwrap();
        let signature = key.sign(&envelope::pae(&payload)).unwrap();
        Envelope { payload, key_id: writer, signature }.to_bytes()
    };
    let plain = body.to_payload().unwrap().len() * 4 / 3 + 280;
    if length > plain + 40 {
        body.notes.push("x".repeat((length - plain) * 3 / 4 - 12));
    }
    SealedEntry::parse(seal(&body)).unwrap().0
}

struct Cost {
    seconds: f64,
    /// Seconds on all cores together; on a machine that is busy with other things, wall time says little.
    cpu: f64,
    /// MiB at the highest.
    peak: f64,
}

fn audit(clone: &Clone, more: &[&str], entries: u64) -> Cost {
    let mut command = clone.mlprov(&["--json", "ledger", "audit"]);
    let begun = Instant::now();
    let mut child = command.args(more).stdout(Stdio::piped()).spawn().unwrap();
    let (mut peak, mut cpu) = (0.0f64, 0.0f64);
    let status = loop {
        peak = peak.max(high_water(child.id()));
        cpu = cpu.max(cpu_seconds(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = begun.elapsed().as_secs_f64();
    let report: serde_json::Value = serde_json::from_reader(child.stdout.take().unwrap()).unwrap();
    assert!(status.success(), "{report:#}");
    assert_eq!((&report["result"], report["size"].as_u64()), (&"sound".into(), Some(entries)));
    Cost { seconds, cpu, peak }
}

fn high_water(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// User and system time so far (proc_pid_stat(5), fields 14 and 15, in hundredths of a second).
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = |n: usize| after.split(' ').nth(n).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Verifications per second of CPU time and core.
fn openssl() -> Option<f64> {
    let args = ["speed", "-seconds", "3", "ecdsap256"];
    let out = Command::new("openssl").args(args).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(out.stdout).ok()?.lines().last()?.split_whitespace().last()?.parse().ok()
}

fn audits(entries: u64) {
    let clone = Clone::new();
    clone.fill(entries, |header, key, n| entry(header.project, key, n, 1000));
    let bound = 10.0 * entries as f64 / 1e6;
    let plain = audit(&clone, &["--structure-only"], entries);
    say(format!(
        "audit of {entries} entries, structure               {:8.2} s (cpu {:.2}; bound {bound:.2})   {:6.0} MiB (bound 200 at 1,000,000)",
        plain.seconds, plain.cpu, plain.peak
    ));
    let full = audit(&clone, &[], entries);
    let Some(rate) = openssl() else {
        return say(format!(
            "audit of {entries} entries, with signatures         {:8.2} s (cpu {:.2})   {:6.0} MiB   bound skipped: openssl is missing",
            full.seconds, full.cpu, full.peak
        ));
    };
    let cores = std::thread::available_parallelism().unwrap().get() as f64;
    let alone = entries as f64 / rate / cores;
    say(format!(
        "audit of {entries} entries, with signatures         {:8.2} s (cpu {:.2})   {:6.0} MiB   openssl {rate:.0}/s x {cores}: {alone:.2} s   ratio {:.2} (bound 1.3), by cpu time {:.2}",
        full.seconds,
        full.cpu,
        full.peak,
        full.seconds / alone,
        full.cpu / cores / alone
    ));
}

struct Tiles<'a> {
    dir: &'a Path,
    read: Cell<usize>,
    levels: std::cell::RefCell<BTreeMap<u8, usize>>,
}

impl TileReader for Tiles<'_> {
    type Error = FormatError;
    fn read(&self, tile: Tile) -> Result<Vec<TreeHash>, FormatError> {
        self.read.set(self.read.get() + 1);
        *self.levels.borrow_mut().entry(tile.level).or_default() += 1;
        tile::decode(&std::fs::read(self.dir.join(tile.path())).unwrap(), tile.width)
    }
}

/// Inclusion proofs out of tiles on disk, of a tree over hashes that belong to no entry.
fn proofs(size: u64) {
    let dir = scratch();
    let write = |tile: Tile, row: &[TreeHash]| -> Result<(), std::io::Error> {
        let path = dir.path().join(tile.path());
        std::fs::create_dir_all(path.parent().unwrap())?;
        std::fs::write(path, tile::encode(row))
    };
    let leaf = |n: u64| hash::leaf(&n.to_le_bytes());
    let (mut builder, mut tree) = (tile::Builder::default(), Frontier::default());
    for n in 0..size {
        builder.push(leaf(n), &mut |tile, row| write(tile, row)).unwrap();
        tree.push(leaf(n));
    }
    builder.partial().for_each(|(tile, row)| write(tile, row).unwrap());
    let (mut times, mut most, mut per_level, mut levels) = (Vec::new(), 0, 0, 0);
    for n in 0..1000 {
        let index = n * 7919 * 104_729 % size;
        let tiles = Tiles { dir: dir.path(), read: Cell::new(0), levels: Default::default() };
        let mut path = Vec::new();
        times.push(millis(|| path = proof::inclusion(&tiles, index, size).unwrap()));
        assert!(proof::check_inclusion(&leaf(index), index, size, &path, &tree.root()));
        most = most.max(tiles.read.get());
        levels = levels.max(tiles.levels.borrow().len());
        per_level = per_level.max(*tiles.levels.borrow().values().max().unwrap());
    }
    say(format!(
        "inclusion proof out of {size} entries               {:8.3} ms   (bound 5)   at most {most} tiles of {levels} levels, {per_level} per level (bound 2)",
        median(times)
    ));
}

/// Bytes that this process has read so far, from the page cache or not (proc_pid_io(5)).
fn bytes_read() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    io.lines().find_map(|l| l.strip_prefix("rchar: ")).and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Opening a long log for one append. The entries are copies of one under different ids: nobody reads them.
fn one_more(size: u64) {
    let dir = scratch();
    let (key, _) = WriterKeyFile::open_or_create(&dir.path().join("writer.pem")).unwrap();
    let header = Header::new(ProjectId::draw(), LogId::draw());
    let place = dir.path().join("ledger");
    let ledger = LocalLedger::create(&place, &header).unwrap();
    let log_key = LogKeyFile::open_or_create(&dir.path().join("log.pem"), &header.origin).unwrap();
    let bytes = entry(header.project, &key, 0, 0).bytes().to_vec();
    let copy = |n: u64| {
        let id = EntryId::derive(&header.project, "copy", &n.to_string(), &key.public().id());
        SealedEntry::from_parts(id, bytes.clone())
    };
    for start in (0..size).step_by(50_000) {
        let batch = (start..(start + 50_000).min(size)).map(copy).collect();
        assert_eq!(ledger.try_commit(start, &Batch::new(batch).unwrap()).unwrap(), Outcome::Won { start });
    }
    ledger.publish(&log_key).unwrap();
    let length = std::fs::metadata(ledger.journal_file()).unwrap().len();
    let floor = dir.path().join("bare");
    let (mut ours, mut theirs, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for n in size..size + 51 {
        let batch = Batch::new(vec![copy(n)]).unwrap();
        let before = bytes_read();
        ours.push(millis(|| {
            let ledger = LocalLedger::open(&place).unwrap().unwrap();
            let head = ledger.head().unwrap();
            assert_eq!(ledger.find(batch.entries()[0].id()).unwrap(), None);
            assert_eq!(ledger.try_commit(head.size(), &batch).unwrap(), Outcome::Won { start: n });
        }));
        read.push((bytes_read() - before) as f64);
        theirs.push(millis(|| {
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&floor).unwrap();
            file.write_all(&bytes).unwrap();
            file.sync_data().unwrap();
        }));
        ledger.publish(&log_key).unwrap();
    }
    // The first one finds the last large batch, whose end it has to hash.
    let (first, first_read) = (ours[0], read[0]);
    let (ours, theirs) = (median(ours), median(theirs));
    say(format!(
        "open a log of {size} entries ({:.1} GB) and append    {ours:8.3} ms   bare {theirs:.3} ms   more {:.3} ms (bound 5)   {:.0} bytes read (first: {first:.1} ms, {first_read:.0} bytes)",
        length as f64 / 1e9,
        ours - theirs,
        median(read)
    ));
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if !args.iter().any(|a| a == "--bench") {
        return say("skipped: this is a benchmark; run `cargo bench --bench audit`".into());
    }
    let option = |name: &str, default: u64| {
        args.iter().position(|a| a == name).map_or(default, |at| args[at + 1].parse().unwrap())
    };
    audits(option("--entries", 200_000));
    proofs(option("--long", 1_000_000));
    one_more(option("--long", 1_000_000));
}
