//! What a ledger in a bucket costs in requests: those that wait for each other, and those of many writers at once.
//!
//! `tests/run.sh; cargo bench --bench s3_ledger [-- --writers 200 --rounds 3 --delay 60]`
//!
//! The bucket is ministack's, in memory on this machine; every request is held up for so many milliseconds, as if it were
//! far away. Writers have mirrors of their own, in memory where there is `/dev/shm` (many writers share no disk), and entries
//! are sealed before the clock starts. A burst is compared with as many requests of the same kinds, from as many threads,
//! that have nothing to do with each other. Each writer checks what all others wrote: here, where all are in one process,
//! that is work for its cores that many machines would share; how long it takes alone is told apart.

#[path = "../tests/common/servers.rs"]
#[allow(dead_code)] // the tests use the rest
mod servers;

use mlprov::app::record;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::Writer;
use mlprov::domain::ids::LogId;
use mlprov::domain::ids::ProjectId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ledger::chain;
use mlprov::ledger::chain::Judged;
use mlprov::ledger::chain::Position;
use mlprov::ledger::frame::Header;
use mlprov::ports::commit_store::CheckpointStore;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::commit_store::Outcome;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::aws::failure::Failure;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::bucket::Object;
use mlprov::stores::aws::s3::bucket::PutAndListed;
use mlprov::stores::aws::s3::client::S3;
use mlprov::stores::aws::s3::ledger::S3Ledger;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::keys::LogKeyFile;
use mlprov::stores::local::keys::WriterKeyFile;
use servers::Server;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

const PREFIX: &str = "team/ledger/";
/// Requests of one call that the client sends at the same time.
const AT_ONCE: u64 = 256;
const KINDS: [&str; 4] = ["PUT", "GET", "LIST", "DELETE"];

/// Round trips that a burst may take, apart from what the server needs for its requests.
const BURST_TRIPS: u32 = 12;

fn say(line: String) {
    let mut out = std::io::stdout();
    out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).unwrap();
}

fn met(is: bool) -> &'static str {
    if is { "met" } else { "NOT MET" }
}

/// What was asked of a server, by kind.
#[derive(Default)]
struct Count([AtomicU64; 4]);

impl Count {
    fn take(&self) -> [u64; 4] {
        [0, 1, 2, 3].map(|kind| self.0[kind].swap(0, Ordering::SeqCst))
    }
}

/// A bucket that is far away, and counts.
struct Far {
    s3: S3,
    delay: Arc<AtomicU64>,
    all: Arc<Count>,
    /// Of this one: calls that waited for each other.
    trips: Arc<AtomicU64>,
}

impl Far {
    fn new(s3: &S3, delay: &Arc<AtomicU64>, all: &Arc<Count>) -> Self {
        Far { s3: s3.clone(), delay: delay.clone(), all: all.clone(), trips: Arc::default() }
    }

    fn ask<T>(&self, kinds: &[(usize, u64)], send: impl FnOnce(&S3) -> T) -> T {
        let mut trips = 1;
        for (kind, requests) in kinds {
            self.all.0[*kind].fetch_add(*requests, Ordering::SeqCst);
            trips = trips.max(requests.div_ceil(AT_ONCE));
        }
        self.trips.fetch_add(trips, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(self.delay.load(Ordering::SeqCst)) * trips as u32);
        send(&self.s3)
    }
}

impl Bucket for Far {
    fn get(&self, key: &str) -> Result<Option<Object>, Failure> {
        self.ask(&[(1, 1)], |s3| s3.get(key))
    }

    fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Object>>, Failure> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(&[(1, keys.len() as u64)], |s3| s3.get_all(keys))
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<bool, Failure> {
        self.ask(&[(0, 1)], |s3| s3.put_new(key, bytes))
    }

    fn replace(&self, key: &str, bytes: &[u8], etag: Option<&str>) -> Result<bool, Failure> {
        self.ask(&[(0, 1)], |s3| s3.replace(key, bytes, etag))
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, Failure> {
        self.ask(&[(2, 1)], |s3| s3.list(prefix, after))
    }

    fn put_new_and_list(&self, key: &str, bytes: &[u8], prefix: &str, after: Option<&str>) -> PutAndListed {
        self.ask(&[(0, 1), (2, 1)], |s3| s3.put_new_and_list(key, bytes, prefix, after))
    }

    fn put_all_new(&self, objects: &[(String, Vec<u8>)]) -> Vec<Result<bool, Failure>> {
        if objects.is_empty() {
            return Vec::new();
        }
        self.ask(&[(0, objects.len() as u64)], |s3| s3.put_all_new(objects))
    }

    fn delete(&self, key: &str) -> Result<(), Failure> {
        self.ask(&[(3, 1)], |s3| s3.delete(key))
    }

    fn pause(&self, about: Duration) {
        self.s3.pause(about);
    }
}

/// One chain, and those who write it.
struct World {
    s3: S3,
    delay: Arc<AtomicU64>,
    all: Arc<Count>,
    header: Header,
    dir: tempfile::TempDir,
    number: AtomicI64,
    clones: AtomicU64,
}

/// A clone: its ledger, and the round trips of it.
struct Clone {
    ledger: S3Ledger,
    trips: Arc<AtomicU64>,
    dir: PathBuf,
}

impl World {
    fn new(server: &Server, name: &str) -> Self {
        let header = Header::new(ProjectId::draw(), LogId::draw());
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
        let world = World {
            s3: servers::bucket(server, name),
            delay: Arc::default(),
            all: Arc::default(),
            header,
            dir: tempfile::tempdir_in(place).unwrap(),
            number: AtomicI64::new(1),
            clones: AtomicU64::new(0),
        };
        let key = world.key();
        let time = Timestamp::from_unix_micros(0);
        let mut body = record::draft(world.header.project, Kind::WriterAdmitted, time, &key);
        let public = key.public();
        body.writer = Some(Writer { key_id: public.id(), public_key: public.to_base64(), admin: true });
        let founder = world.clone();
        founder.append(vec![record::seal(body, &key).unwrap()]);
        founder.ledger.publish(&world.log_key()).unwrap();
        world
    }

    fn key(&self) -> WriterKeyFile {
        WriterKeyFile::open_or_create(&self.dir.path().join("writer.pem")).unwrap().0
    }

    fn log_key(&self) -> LogKeyFile {
        LogKeyFile::open_or_create(&self.dir.path().join("log.pem"), &self.header.origin).unwrap()
    }

    /// Entries that nothing else says, sealed.
    fn entries(&self, count: usize) -> Vec<SealedEntry> {
        let key = self.key();
        let seal = |_| {
            let time = Timestamp::from_unix_micros(self.number.fetch_add(1, Ordering::SeqCst));
            record::seal(record::draft(self.header.project, Kind::Annotation, time, &key), &key).unwrap()
        };
        (0..count).map(seal).collect()
    }

    /// A clone that knows nothing yet.
    fn clone(&self) -> Clone {
        let n = self.clones.fetch_add(1, Ordering::SeqCst);
        self.open(&self.dir.path().join(format!("clone-{n}")))
    }

    fn open(&self, dir: &Path) -> Clone {
        let mirror = LocalLedger::create(dir, &self.header).unwrap().as_mirror();
        let (s3, delay, all) = (self.s3.clone(), self.delay.clone(), self.all.clone());
        let far = Far::new(&s3, &delay, &all);
        let trips = far.trips.clone();
        let shared = trips.clone();
        let connect = move || {
            let far = Far { trips: shared.clone(), ..Far::new(&s3, &delay, &all) };
            Ok(Box::new(far) as Box<dyn Bucket>)
        };
        let keys: PathBuf = self.dir.path().join("writer.pem");
        let signer = move || {
            let (key, _) = WriterKeyFile::open_or_create(&keys)?;
            Ok(Box::new(key) as Box<dyn EntrySigner>)
        };
        let ledger = S3Ledger::new(mirror, PREFIX, Box::new(connect), Box::new(signer));
        Clone { ledger, trips, dir: dir.to_owned() }
    }

    /// The same clone, in a process that begins.
    fn again(&self, clone: &Clone) -> Clone {
        self.open(&clone.dir)
    }

    /// Milliseconds, round trips that waited for each other, and requests by kind.
    fn measured(&self, clone: &Clone, what: impl FnOnce(&Clone)) -> (f64, u64, [u64; 4]) {
        self.all.take();
        clone.trips.store(0, Ordering::SeqCst);
        let begun = Instant::now();
        what(clone);
        let time = begun.elapsed().as_secs_f64() * 1e3;
        (time, clone.trips.load(Ordering::SeqCst), self.all.take())
    }
}

impl Clone {
    fn append(&self, entries: Vec<SealedEntry>) {
        record::commit(&self.ledger, entries).unwrap();
    }
}

fn requests(counts: [u64; 4]) -> String {
    let named = counts.iter().zip(KINDS).filter(|(count, _)| **count > 0);
    named.map(|(count, kind)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

fn alone(server: &Server, delay: u64) {
    let world = World::new(server, "alone");
    let row = |what: &str, bound: u64, (time, trips, counts): (f64, u64, [u64; 4])| {
        let trip = delay as f64;
        say(format!(
            "{what:58} {trips:2} round trips (bound {bound}: {})   {:4.1} x {trip} ms   {}",
            met(trips <= bound),
            time / trip,
            requests(counts)
        ));
    };
    let ada = world.clone();
    for size in [1, 300] {
        let one = || world.entries(1);
        world.delay.store(0, Ordering::SeqCst);
        ada.ledger.fetch().unwrap();
        let more = size - ada.ledger.head().unwrap().size() as usize;
        if more > 0 {
            ada.append(world.entries(more));
            ada.ledger.publish(&world.log_key()).unwrap();
        }
        world.delay.store(delay, Ordering::SeqCst);
        let entries = one();
        row(
            &format!("log of {size}: append, head known"),
            1,
            world.measured(&ada, |ada| ada.append(entries)),
        );
        let key = world.log_key();
        row(
            "publish it",
            3,
            world.measured(&ada, |ada| {
                ada.ledger.publish(&key).unwrap();
            }),
        );
        // Somebody else goes on, entry by entry.
        world.delay.store(0, Ordering::SeqCst);
        let grace = world.clone();
        grace.ledger.fetch().unwrap();
        (0..5).for_each(|_| grace.append(one()));
        world.delay.store(delay, Ordering::SeqCst);
        let entries = one();
        row(
            "append, 5 commits of others not seen yet",
            3,
            // A process that begins.
            world.measured(&world.again(&ada), |ada| ada.append(entries)),
        );
        let stranger = world.clone();
        let entries = one();
        row(
            "look, then append, in a clone that knows nothing",
            3,
            world.measured(&stranger, |new| {
                new.ledger.fetch().unwrap();
                new.append(entries);
            }),
        );
        row(
            "publish what others committed",
            3,
            world.measured(&stranger, |new| {
                new.ledger.publish(&key).unwrap();
            }),
        );
    }
}

fn many(server: &Server, delay: u64, writers: usize, round: usize) {
    let world = World::new(server, &format!("many-{round}"));
    let entries = world.entries(writers);
    let (ready, start) = (Barrier::new(writers + 1), Barrier::new(writers + 1));
    let mut times: Vec<Duration> = Vec::new();
    std::thread::scope(|scope| {
        let going: Vec<_> = entries
            .iter()
            .map(|entry| {
                let (world, ready, start) = (&world, &ready, &start);
                scope.spawn(move || {
                    let clone = world.clone();
                    clone.ledger.fetch().unwrap();
                    ready.wait();
                    start.wait();
                    let batch = Batch::new(vec![entry.clone()]).unwrap();
                    let head = clone.ledger.head().unwrap().size();
                    let outcome = clone.ledger.try_commit(head, &batch).unwrap();
                    (Instant::now(), matches!(outcome, Outcome::Won { .. }))
                })
            })
            .collect();
        ready.wait();
        world.delay.store(delay, Ordering::SeqCst);
        world.all.take();
        // Before the gate opens: this thread may be the last one that gets a core.
        let begun = Instant::now();
        start.wait();
        for one in going {
            let (told, won) = one.join().unwrap();
            assert!(won, "somebody was not told");
            times.push(told - begun);
        }
    });
    times.sort();
    let (median, last) = (times[writers / 2], times[writers - 1]);
    let counts = world.all.take();
    // All of them, each once.
    let reader = world.clone();
    world.delay.store(0, Ordering::SeqCst);
    reader.ledger.fetch().unwrap();
    assert_eq!(reader.ledger.head().unwrap().size(), 1 + writers as u64, "none lost, none twice");
    assert!(entries.iter().all(|entry| reader.ledger.find(entry.id()).unwrap().is_some()));
    let commits = world.s3.list(&format!("{PREFIX}commit/"), None).unwrap().len() - 1;
    let left = world.s3.list(&format!("{PREFIX}inbox/"), None).unwrap().len();
    let checking = checking(&world, writers);
    let unrelated = unrelated(&world.s3, writers, counts, &entries[0]);

    let bound = Duration::from_millis(delay) * BURST_TRIPS + unrelated;
    let (puts, all) = (counts[0] as f64 / writers as f64, counts.iter().sum::<u64>() as f64 / writers as f64);
    let ratio = last.as_secs_f64() / bound.as_secs_f64();
    say(format!(
        "{writers} writers at once: half are told after {:.2} s, all after {:.2} s; {BURST_TRIPS} x {delay} ms + {:.2} s (as many unrelated \
         requests) = {:.2} s; ratio {ratio:.2} (bound 1: {})",
        median.as_secs_f64(),
        last.as_secs_f64(),
        unrelated.as_secs_f64(),
        bound.as_secs_f64(),
        met(ratio <= 1.0)
    ));
    let with = last.as_secs_f64() / (bound + checking).as_secs_f64();
    say(format!(
        "    {writers} times the checks of {writers} entries take {:.2} s alone; with them the ratio is {with:.2}",
        checking.as_secs_f64()
    ));
    say(format!(
        "    per entry {puts:.2} PUT (bound 3: {}), {all:.2} requests (bound 12: {}): {}; {commits} commits, {left} left in the inbox",
        met(puts <= 3.0),
        met(all <= 12.0),
        requests(counts)
    ));
}

/// How long it takes as many clones to check what was committed, when the bucket costs nothing.
fn checking(world: &World, clones: usize) -> Duration {
    let names = world.s3.list(&format!("{PREFIX}commit/"), None).unwrap();
    let objects = world.s3.get_all(&names).unwrap();
    let read: Vec<Vec<u8>> = objects.into_iter().map(|object| object.unwrap().bytes).collect();
    let start = Barrier::new(clones + 1);
    std::thread::scope(|scope| {
        let going: Vec<_> = (0..clones)
            .map(|_| {
                let (start, read) = (&start, &read);
                scope.spawn(move || {
                    start.wait();
                    let mut at = Position::beginning(world.header.clone());
                    for object in read {
                        let Judged::Commit(_, after) = chain::judge(object, &at, |_| false) else { panic!() };
                        at = *after;
                    }
                    assert_eq!(at.tree.size(), 1 + clones as u64);
                })
            })
            .collect();
        let begun = Instant::now();
        start.wait();
        going.into_iter().for_each(|one| one.join().unwrap());
        begun.elapsed()
    })
}

/// How long the server needs for as many requests of the same kinds, of keys that nobody else wants.
fn unrelated(s3: &S3, threads: usize, counts: [u64; 4], entry: &SealedEntry) -> Duration {
    let share = |n: usize, count: u64| (n as u64..count).step_by(threads);
    let body = [entry.bytes(), entry.bytes()].concat();
    // What is read and deleted is there.
    s3.put_new("unrelated/read", &body).unwrap();
    let start = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let going: Vec<_> = (0..threads)
            .map(|n| {
                let (start, body) = (&start, &body);
                scope.spawn(move || {
                    start.wait();
                    for i in share(n, counts[0]) {
                        assert!(s3.put_new(&format!("unrelated/{n}/{i}"), body).unwrap());
                    }
                    for _ in share(n, counts[1]) {
                        assert!(s3.get("unrelated/read").unwrap().is_some());
                    }
                    for _ in share(n, counts[2]) {
                        s3.list(&format!("unrelated/{n}/"), None).unwrap();
                    }
                    for i in share(n, counts[3]) {
                        s3.delete(&format!("unrelated/{n}/{i}")).unwrap();
                    }
                })
            })
            .collect();
        let begun = Instant::now();
        start.wait();
        going.into_iter().for_each(|one| one.join().unwrap());
        begun.elapsed()
    })
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if !args.iter().any(|a| a == "--bench") {
        return say("skipped: this is a benchmark; run `cargo bench --bench s3_ledger`".into());
    }
    let option = |name: &str, default: usize| {
        args.iter().position(|a| a == name).map_or(default, |at| args[at + 1].parse().unwrap())
    };
    let (delay, writers) = (option("--delay", 60) as u64, option("--writers", 200));
    let server = match args.iter().any(|a| a == "--seaweedfs") {
        true => Server::seaweedfs(),
        false => Server::ministack(),
    };
    let Some(server) = server else {
        return say("skipped: ministack is not installed (tests/run.sh does it)".into());
    };
    say(format!("{}, {delay} ms on top of every request", server.name));
    alone(server, delay);
    for round in 0..option("--rounds", 3) {
        many(server, delay, writers, round);
    }
    // The server ends with its keeper, whose input this process holds.
}
