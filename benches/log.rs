//! What it costs to ask a long log about runs.
//!
//! `cargo bench --bench log [-- --runs 100000 --rounds 11]`
//!
//! The real program, a process for each question. Each run has a start and an end, four parameters and two metrics.
//! Asked through the query index and, with a condition that the index cannot tell, by reading the log.

mod common;

use common::Clone;
use common::median;
use common::millis;
use common::say;
use mlprov::domain::entry::Body;
use mlprov::domain::ids::EntryId;
use mlprov::domain::ids::RunId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ledger::envelope;
use mlprov::ledger::envelope::Envelope;
use mlprov::ledger::frame::Header;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::keys::WriterKeyFile;
use serde_json::json;

/// Start or end of run `n / 2`, signed in earnest.
fn entry(header: &Header, key: &WriterKeyFile, n: u64) -> SealedEntry {
    let (run, ended) = (n / 2, n % 2 == 1);
    let (time, writer) = (Timestamp::from_unix_micros(n as i64 * 1_000_000), key.public().id());
    let kind = if ended { "run.finished" } else { "run.started" };
    let id = EntryId::derive(&header.project, kind, time.as_str(), &writer);
    let random: [u8; 10] = std::array::from_fn(|at| (run >> (8 * at.min(7))) as u8);
    let commit = format!("{:040x}", run / 20 + 1);
    let value = |name: &str, value: f64| json!({ "name": name, "value": value.to_string() });
    let metrics = match ended {
        true => json!([value("acc", run as f64 / 1e5), value("loss", 1.0 / (run + 1) as f64)]),
        false => json!([]),
    };
    let mut body: Body = serde_json::from_value(json!({
        "project": header.project, "kind": kind, "id": id, "time": time,
        "producer": {"name": "bench", "version": "0"}, "actor": {"writer": writer},
        "source": {"vcs": "git", "objectFormat": "sha1", "commit": commit, "tree": commit},
        "run": {"id": RunId::new(1_750_000_000_000 + run * 1000, &random), "startedOn": time, "cwd": ".",
            "status": if ended { "COMPLETE" } else { "STARTED" }, "command": ["python", "train.py"]},
        "parameters": [value("lr", (run % 1000) as f64 / 1e3), value("seed", run as f64), value("depth", 8.0),
            value("batch", (run % 4 * 32) as f64)],
        "metrics": metrics,
    }))
    .unwrap();
    body.id = body.derived_id().unwrap();
    let payload = body.to_payload().unwrap();
    let signature = key.sign(&envelope::pae(&payload)).unwrap();
    SealedEntry::parse(Envelope { payload, key_id: writer, signature }.to_bytes()).unwrap().0
}

/// Milliseconds, and how many runs were found.
fn ask(clone: &Clone, filter: &str) -> (f64, usize) {
    let mut command = clone.mlprov(&["--json", "log", "--where", filter]);
    let mut out = Vec::new();
    let taken = millis(|| {
        let done = command.output().unwrap();
        assert!(done.status.success());
        out = done.stdout;
    });
    let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
    (taken, report["runs"].as_array().unwrap().len())
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if !args.iter().any(|a| a == "--bench") {
        return say("skipped: this is a benchmark; run `cargo bench --bench log`".into());
    }
    let option = |name: &str, default: u64| {
        args.iter().position(|a| a == name).map_or(default, |at| args[at + 1].parse().unwrap())
    };
    let (runs, rounds) = (option("--runs", 100_000), option("--rounds", 11));
    let clone = Clone::new();
    // The log begins with the entry of `init`; the last end is then there too.
    clone.fill(runs * 2 + 2, |header, key, n| entry(header, key, n - 1));
    let best = format!("metrics.acc > {}", (runs as f64 - 101.0) / 1e5);
    let (first, _) = ask(&clone, &best);
    say(format!("log of {runs} runs; the first question, which makes the index   {first:9.1} ms"));
    let several = format!("{best} and params.lr >= 0.99");
    let cases = [
        (best.as_str(), "bound 100"),
        (several.as_str(), "bound 100"),
        ("params.lr = 0.5", "bound 100"),
        ("metrics.acc > 1e9", "bound 100"),
        ("params.depth != 8", "reads the log"),
    ];
    for (filter, what) in cases {
        let asked: Vec<_> = (0..rounds).map(|_| ask(&clone, filter)).collect();
        let taken = median(asked.iter().map(|(taken, _)| *taken).collect());
        say(format!("  --where '{filter}'  {:>5} runs  {taken:9.1} ms   ({what})", asked[0].1));
    }
}
