//! What a request to `qldb serve` takes beside a bare HTTP round trip, and how many transactions pass in a second.
//!
//! `cargo bench --bench qldb_serve [-- --rounds N --seconds S]`. Server and floor are processes of their own, asked in turn over one
//! connection; the floor answers the same bytes each time. Medians; ratios are those of this run.

#![allow(clippy::print_stdout)] // its table

#[path = "../tests/qldb/client.rs"]
#[allow(dead_code)]
mod client;

use client::Client;
use client::Open;
use client::Serving;
use client::create;
use client::send;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::convert::Infallible;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

const SESSIONS: usize = 16;

/// Answers every request with the same bytes.
fn floor() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let answer = service_fn(|request: Request<Incoming>| async move {
                    let _ = request.into_body().collect().await;
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(
                        b"{\"StartTransaction\":{}}",
                    ))))
                });
                let connection = hyper::server::conn::http1::Builder::new();
                let _ = connection.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    })
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn timed<T>(times: &mut Vec<f64>, what: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = what();
    times.push(began.elapsed().as_secs_f64() * 1e6);
    done
}

fn option(name: &str, default: u64) -> u64 {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.nth(1).and_then(|word| word.parse().ok()).unwrap_or(default)
}

fn main() -> std::io::Result<()> {
    if std::env::var_os("MLPROV_FLOOR").is_some() {
        return floor();
    }
    let (rounds, seconds) = (option("--rounds", 1_000), option("--seconds", 5));
    let dir = tempfile::tempdir_in(std::env::current_dir()?)?;
    let serving = Serving::start(dir.path(), &[]);
    create(&serving.address, "bench");
    let mut client = Client::start(&serving.address, "bench")?;
    client.run("CREATE TABLE T", &[])?;
    client.run("CREATE INDEX ON T (n)", &[])?;

    let mut bare =
        Command::new(std::env::current_exe()?).env("MLPROV_FLOOR", "1").stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    if let Some(out) = bare.stdout.take() {
        BufReader::new(out).read_line(&mut address)?;
    }
    let mut floor = Client::connect(address.trim())?;
    let disk = File::create(dir.path().join("floor"))?;
    let (mut http, mut sync, mut times) = (Vec::new(), Vec::new(), [(); 4].map(|()| Vec::new()));
    for n in 0..rounds {
        timed(&mut http, || send(&mut floor, "POST / HTTP/1.1", &json!({ "StartTransaction": {} })))?;
        timed(&mut sync, || disk.write_all_at(&[7; 600], n * 600).and_then(|()| disk.sync_data()))?;
        let [begin, insert, select, commit] = &mut times;
        let mut open: Open<'_> = timed(begin, || client.begin())?;
        timed(insert, || open.execute("INSERT INTO T ?", &[&format!("{{n: {n}, text: \"some text\"}}")]))?;
        timed(select, || open.execute("SELECT * FROM T WHERE n = ?", &[&n.to_string()]))?;
        timed(commit, || open.commit())?;
    }
    bare.kill()?;
    let (http, sync) = (median(&mut http), median(&mut sync));
    println!("{rounds} rounds: bare HTTP {http:.0} us, fdatasync of 600 bytes {sync:.0} us\n");
    println!("| request | us | ratio to its floor | bound |\n|---|---|---|---|");
    for (name, times) in ["StartTransaction", "INSERT", "SELECT by index"].into_iter().zip(&mut times) {
        let took = median(times);
        println!("| {name} | {took:.0} | {:.2} | 2 |", took / http);
    }
    let took = median(&mut times[3]);
    println!(
        "| CommitTransaction | {took:.0} | {:.2} (2 x HTTP + sync: {:.0}) | 1 |",
        took / (2.0 * http + sync),
        2.0 * http + sync
    );

    let (count, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for session in 0..SESSIONS as u64 {
            let (count, stop, address) = (&count, &stop, &serving.address);
            scope.spawn(move || -> std::io::Result<()> {
                let mut client = Client::start(address, "bench")?;
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    client.run("INSERT INTO T ?", &[&format!("{{n: {}}}", 1_000_000 * (session + 1) + n)])?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
        }
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
    });
    let rate = count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    println!("\n{SESSIONS} sessions, one INSERT each transaction: {rate:.0} transactions/s (bound 1,000)");
    std::io::stdout().flush()
}
