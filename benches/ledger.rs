//! What the embedded ledger costs, as ratios against the bare disk in one run.
//!
//! `cargo bench --bench ledger [-- --rounds 200 --batches 50 --writers 8 --appends 500]`
//!
//! Entries are signed before the clock starts; the hook's own bound (`benches/hook.py`) includes signing.

use mlprov::domain::entry::Body;
use mlprov::domain::ids::EntryId;
use mlprov::domain::ids::LogId;
use mlprov::domain::ids::ProjectId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ledger::envelope;
use mlprov::ledger::envelope::Envelope;
use mlprov::ledger::frame;
use mlprov::ledger::frame::Header;
use mlprov::ports::commit_store::CheckpointStore;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::commit_store::Outcome;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::LogKeyFile;
use mlprov::stores::local::keys::WriterKeyFile;
use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

struct Options {
    rounds: usize,
    batches: usize,
    writers: usize,
    /// By each of them.
    appends: usize,
}

struct Maker {
    project: ProjectId,
    key: WriterKeyFile,
}

impl Maker {
    /// An entry of about 1 KB, with a signature that is not computed anew for each.
    fn entry(&self, n: u64) -> SealedEntry {
        let time = Timestamp::from_unix_micros(n as i64);
        let writer = self.key.public().id();
        let id = EntryId::derive(&self.project, "annotation", time.as_str(), &writer);
        let body: Body = serde_json::from_value(serde_json::json!({
            "project": self.project, "kind": "annotation", "id": id, "time": time,
            "producer": {"name": "bench", "version": "0"}, "actor": {"writer": writer},
        }))
        .unwrap();
        let payload = body.to_payload().unwrap();
        let signature = self.key.sign(&envelope::pae(&payload)).unwrap();
        SealedEntry::parse(Envelope { payload, key_id: writer, signature }.to_bytes()).unwrap().0
    }

    fn batch(&self, range: std::ops::Range<u64>) -> Batch {
        Batch::new(range.map(|n| self.entry(n)).collect()).unwrap()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn millis(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e3
}

fn commit(dir: &Path, start: u64, batch: &Batch) {
    let ledger = LocalLedger::open(dir).unwrap().unwrap();
    assert_eq!(ledger.try_commit(start, batch).unwrap(), Outcome::Won { start });
}

/// The floor: the same bytes at the end of a file.
fn bare(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
    file.sync_data().unwrap();
}

fn say(line: String) {
    let mut out = std::io::stdout();
    out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).unwrap();
}

/// On the disk of the build, and not in the work tree: what is killed leaves it behind.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn one_append(maker: &Maker, header: &Header, options: &Options) {
    let dir = scratch();
    LocalLedger::create(dir.path(), header).unwrap();
    let log_key = LogKeyFile::open_or_create(&dir.path().join("log.pem"), &header.origin).unwrap();
    let floor = dir.path().join("bare");
    File::create(&floor).unwrap().sync_all().unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut tree = mlprov::ledger::tree::Frontier::default();
    for n in 0..options.rounds as u64 {
        let batch = maker.batch(n..n + 1);
        let bytes = frame::encode(&tree, &batch);
        theirs.push(millis(|| bare(&floor, &bytes)));
        ours.push(millis(|| commit(dir.path(), n, &batch)));
        // As the hook does next; signing has its own bound.
        LocalLedger::open(dir.path()).unwrap().unwrap().publish(&log_key).unwrap();
        tree.push(batch.entries()[0].leaf());
    }
    let (ours, theirs) = (median(ours), median(theirs));
    say(format!(
        "one append (open, lock, write, fdatasync, close)   {ours:8.3} ms   bare {theirs:8.3} ms   ratio {:.2} (bound 1.3)",
        ours / theirs
    ));
}

fn batches(maker: &Maker, header: &Header, options: &Options) {
    let dir = scratch();
    LocalLedger::create(dir.path(), header).unwrap();
    let batches: Vec<Batch> =
        (0..options.batches as u64).map(|b| maker.batch(b * 1000..(b + 1) * 1000)).collect();
    let bytes: usize = batches.iter().flat_map(Batch::entries).map(|e| e.bytes().len()).sum();
    let time =
        millis(|| batches.iter().enumerate().for_each(|(n, b)| commit(dir.path(), n as u64 * 1000, b)));
    let entries = options.batches * 1000;
    say(format!(
        "batches of 1,000 entries of {} bytes               {:8.0} entries/s   (bound 50,000)",
        bytes / entries,
        entries as f64 / time * 1e3
    ));
}

/// Processes that append single entries in loops, against processes that append the same bytes to files of
/// their own. The clock starts when all of them have read their entries.
fn many_writers(maker: &Maker, header: &Header, options: &Options) {
    let each = options.appends;
    let entries: Vec<Vec<u8>> = (1..=options.writers as u64)
        .map(|w| (0..each as u64).flat_map(|n| framed(&maker.entry(1_000_000 * w + n))).collect())
        .collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        // A fresh ledger for each round: an entry that is recorded already is not recorded again.
        let dir = scratch();
        LocalLedger::create(dir.path(), header).unwrap();
        for (w, entries) in entries.iter().enumerate() {
            std::fs::write(dir.path().join(format!("entries-{w}")), entries).unwrap();
        }
        theirs.push(at_once(dir.path(), "bare", options.writers));
        ours.push(at_once(dir.path(), "ledger", options.writers));
        let size = LocalLedger::open(dir.path()).unwrap().unwrap().head().unwrap().size();
        assert_eq!(size, (options.writers * each) as u64, "none lost, none twice");
    }
    let total = (options.writers * each) as f64;
    let (ours, theirs) = (total / median(ours) * 1e3, total / median(theirs) * 1e3);
    say(format!(
        "{} processes, single entries                        {ours:8.0} /s   bare {theirs:8.0} /s   ratio {:.2} (bound 0.8)",
        options.writers,
        ours / theirs
    ));
}

fn framed(entry: &SealedEntry) -> Vec<u8> {
    [&(entry.bytes().len() as u32).to_le_bytes()[..], entry.bytes()].concat()
}

/// Milliseconds from the common start to the end of the last one.
fn at_once(dir: &Path, kind: &str, writers: usize) -> f64 {
    let program = std::env::current_exe().unwrap();
    let start = |w: usize| {
        let mut command = Command::new(&program);
        command.args(["--child", kind]).arg(dir).arg(w.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut children: Vec<_> = (0..writers).map(start).collect();
    for child in &mut children {
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    }
    millis(|| {
        children.iter_mut().for_each(|c| drop(c.stdin.take()));
        children.iter_mut().for_each(|c| assert!(c.wait().unwrap().success()));
    })
}

fn child(kind: &str, dir: &Path, w: &str) {
    let raw = std::fs::read(dir.join(format!("entries-{w}"))).unwrap();
    let mut rest = &raw[..];
    let mut entries = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (entry, tail) = tail.split_at(u32::from_le_bytes(*length) as usize);
        entries.push(SealedEntry::parse(entry.to_vec()).unwrap().0);
        rest = tail;
    }
    say("ready".into());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    for entry in entries {
        match kind {
            "bare" => bare(&dir.join(format!("bare-{w}")), entry.bytes()),
            _ => append(dir, entry),
        }
    }
}

fn append(dir: &Path, entry: SealedEntry) {
    let ledger = LocalLedger::open(dir).unwrap().unwrap();
    let batch = Batch::new(vec![entry]).unwrap();
    loop {
        let start = ledger.head().unwrap().size();
        let won = matches!(ledger.try_commit(start, &batch).unwrap(), Outcome::Won { .. });
        if won || ledger.find(batch.entries()[0].id()).unwrap().is_some() {
            break;
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|a| a == "--child") {
        return child(&args[at + 1], Path::new(&args[at + 2]), &args[at + 3]);
    }
    if !args.iter().any(|a| a == "--bench") {
        return say("skipped: this is a benchmark; run `cargo bench --bench ledger`".into());
    }
    let option = |name: &str, default: usize| {
        args.iter().position(|a| a == name).map_or(default, |at| args[at + 1].parse().unwrap())
    };
    let options = Options {
        rounds: option("--rounds", 200),
        batches: option("--batches", 50),
        writers: option("--writers", 8),
        appends: option("--appends", 500),
    };
    let keys = tempfile::tempdir().unwrap();
    let (key, _) = WriterKeyFile::open_or_create(&keys.path().join("writer.pem")).unwrap();
    let maker = Maker { project: ProjectId::draw(), key };
    let header = Header::new(maker.project, LogId::draw());
    one_append(&maker, &header, &options);
    batches(&maker, &header, &options);
    many_writers(&maker, &header, &options);
}
