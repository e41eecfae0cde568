//! What it costs to verify a journal export, beside the SHA-256 calls alone and beside Python's packages.
//!
//! `cargo bench --bench qldb_export [-- --blocks 200000] [--pipe 1000000]`
//!
//! The bare calls hash as many messages of the same lengths. Python is `tests/qldb/verify.py` in `target/tools/ion/venv`, if it is
//! there, over the first blocks. What is piped never lies on a disk; memory is what the system says (VmHWM).

#[allow(dead_code)]
mod common;
#[allow(dead_code)]
#[path = "../tests/qldb/journal.rs"]
mod journal;

use common::median;
use common::millis;
use common::say;
use common::scratch;
use journal::Journal;
use mlprov::qldb::ion::stream::Stream;
use mlprov::qldb::ion_hash::Digester;
use mlprov::qldb::ion_hash::Sha256;
use sha2::Digest;
use std::hint::black_box;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

/// Remembers how long each message was.
#[derive(Default)]
struct Lengths(Vec<u32>);

impl Digester for Lengths {
    type Output = [u8; 32];

    fn digest(&mut self, message: &[u8]) -> [u8; 32] {
        self.0.push(message.len() as u32);
        Sha256.digest(message)
    }
}

fn option(name: &str, default: u64) -> u64 {
    let mut words = std::env::args().skip_while(|word| word != name).skip(1);
    words.next().map_or(default, |word| word.parse().unwrap())
}

fn verify<D: Digester<Output = [u8; 32]> + Default>(bytes: &[u8]) -> mlprov::qldb::journal::Journal<D> {
    let mut journal = mlprov::qldb::journal::Journal::new(None, None);
    let mut stream = Stream::new(bytes);
    while stream.advance().unwrap() {
        journal.take(&stream.value().unwrap(), stream.symbols()).unwrap();
    }
    assert_eq!(journal.fault_count, 0, "{:?}", journal.faults);
    journal
}

fn bare(lengths: &[u32]) -> f64 {
    let longest = lengths.iter().max().copied().unwrap_or(0) as usize;
    let bytes: Vec<u8> = (0..longest).map(|n| n as u8).collect();
    millis(|| {
        for length in lengths {
            black_box(sha2::Sha256::digest(black_box(&bytes[..*length as usize])));
        }
    })
}

/// Five times, in turns with the bare calls.
fn against_bare(name: &str, bytes: &[u8]) -> f64 {
    let lengths = std::mem::take(&mut verify::<Lengths>(bytes).digester().0);
    let runs: Vec<(f64, f64)> =
        (0..5).map(|_| (millis(|| drop(verify::<Sha256>(bytes))), bare(&lengths))).collect();
    let ours = median(runs.iter().map(|run| run.0).collect());
    let hashes = median(runs.iter().map(|run| run.1).collect());
    let mb = bytes.len() as f64 / 1e6;
    say(format!(
        "{name:12} {mb:8.1} MB  {ours:8.0} ms ({:6.0} MB/s)   {} bare SHA-256 calls {hashes:8.0} ms   {:.2} of their speed",
        mb / ours * 1e3,
        lengths.len(),
        hashes / ours
    ));
    ours
}

fn main() {
    if !std::env::args().any(|word| word == "--bench") {
        return say("skipped: this is a benchmark; run `cargo bench --bench qldb_export`".into());
    }
    let blocks = option("--blocks", 40_000);
    let piped = option("--pipe", 200_000);
    let dir = scratch();
    let made = Journal::new(1, false).blocks(blocks);
    let (binary, text) = (journal::to_binary(&made), journal::to_text(&made));
    against_bare("Ion binary", &binary);
    against_bare("Ion text", &text);
    for (name, bytes) in [("Ion binary", &binary), ("Ion text", &text)] {
        let file = dir.path().join(name.replace(' ', "."));
        std::fs::write(&file, bytes).unwrap();
        let whole = || {
            millis(|| {
                let mut program = Command::new(env!("CARGO_BIN_EXE_mlprov"));
                let done =
                    program.args(["qldb", "verify-export", "-q"]).arg(&file).stdout(Stdio::null()).status();
                assert!(done.unwrap().success());
            })
        };
        let whole = median((0..5).map(|_| whole()).collect());
        say(format!("{name:12} whole program {whole:8.0} ms"));
        python(name, &made, whole, blocks, dir.path());
    }
    pipe(piped);
}

/// On fewer blocks, and reckoned up.
fn python(name: &str, made: &[journal::Block], ours: f64, blocks: u64, dir: &Path) {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/ion/venv/bin/python");
    if !python.exists() {
        return say("skipped: amazon.ion and ionhash are not installed (tests/run.sh)".to_owned());
    }
    let some = &made[..made.len().min(500)];
    let bytes = if name == "Ion text" { journal::to_text(some) } else { journal::to_binary(some) };
    let file = dir.join("some.ion");
    std::fs::write(&file, bytes).unwrap();
    let took = millis(|| {
        let done = Command::new(&python).arg("tests/qldb/verify.py").arg(&file).output().unwrap();
        assert!(String::from_utf8_lossy(&done.stdout).ends_with(" ok\n"), "{done:?}");
    });
    let theirs = took * blocks as f64 / some.len() as f64;
    say(format!(
        "{name:12} Python {took:.0} ms for {} blocks, so {theirs:.0} ms for {blocks}: {:.0} times as long",
        some.len(),
        theirs / ours
    ));
}

/// Through standard input; a journal of its own for each of two threads would not be one journal, so it is made by one.
fn pipe(blocks: u64) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mlprov"));
    program.args(["qldb", "verify-export", "-", "--json", "-q"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut into = child.stdin.take().unwrap();
    let mut journal = Journal::new(1, false);
    let mut bytes = 0;
    let mut left = blocks;
    let mut peak = 0;
    while left > 0 {
        let some = left.min(2000);
        left -= some;
        let binary = journal::to_binary(&journal.blocks(some));
        bytes += binary.len();
        into.write_all(&binary).unwrap();
        // It is still there: its input is open.
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        peak = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        if left.is_multiple_of(blocks.div_ceil(4)) || left == 0 {
            say(format!("piped {:8.1} MB: peak memory {:.1} MB", bytes as f64 / 1e6, peak as f64 / 1024.0));
        }
    }
    drop(into);
    let mut told = String::new();
    child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(child.wait().unwrap().success() && told.contains("\"verified\""), "{told}");
    let _: u64 = peak;
}
