//! A bucket in memory, and threads of which one goes on at a time, as a seed says: the real client in every order.

use mlprov::stores::aws::failure::Failure;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::bucket::Object;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::panic;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A rule of the protocol that is not kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutant {
    None,
    /// A writer does not recognise what an answer that was lost had done.
    NoLookAfterUnknown,
    /// A commit overwrites another one.
    CommitOverwrites,
    /// Whoever combines takes entries that he cannot know to be new.
    NoBase,
    /// A writer that was killed begins again with what is there now, not with what it knew.
    ForgetsBase,
    /// Some see an object that is void as nothing.
    VoidIsNothing,
    /// A checkpoint replaces any other one.
    PublishOverwrites,
    /// Tiles of a commit are there before it is won.
    TilesFirst,
}

/// Ends a writer in the middle of what it does.
pub struct Killed;

pub struct Inner {
    pub objects: Objects,
    pub random: Random,
    /// Who goes on.
    turn: Option<usize>,
    ready: BTreeSet<usize>,
    alive: usize,
    /// Writes that were sent, and arrive later.
    late: Vec<Write>,
    /// Sizes that checkpoints had, in order.
    pub published: Vec<u64>,
    kills: u64,
    steps: u64,
    versions: u64,
    /// Percent of writes that are never sent, lose their answer, arrive later.
    faults: [u64; 3],
    pub mutant: Mutant,
    /// For a mutant: key and bytes of the tile that a commit would make if it were won.
    pub tile_of: Option<TileOf>,
    /// Void objects, which a mutant does not see.
    pub hidden: BTreeSet<String>,
    failed: Option<String>,
}

pub type Objects = BTreeMap<String, (Vec<u8>, u64)>;
pub type TileOf = fn(&Objects, &str, &[u8]) -> Option<(String, Vec<u8>)>;

struct Write {
    key: String,
    bytes: Vec<u8>,
    on: On,
}

#[derive(Clone)]
enum On {
    Absent,
    Match(String),
}

impl Inner {
    fn write(&mut self, write: &Write) -> bool {
        let there = self.objects.get(&write.key).map(|(_, version)| version.to_string());
        let is_commit = write.key.contains("commit/");
        if let Some((key, bytes)) = self.tile_of.and_then(|of| of(&self.objects, &write.key, &write.bytes)) {
            self.objects.entry(key).or_insert((bytes, 0));
        }
        let allowed = match &write.on {
            On::Absent => there.is_none() || self.mutant == Mutant::CommitOverwrites && is_commit,
            On::Match(etag) => there.as_ref() == Some(etag) || self.mutant == Mutant::PublishOverwrites,
        } || self.mutant == Mutant::PublishOverwrites && write.key.ends_with("/checkpoint");
        if allowed {
            self.versions += 1;
            self.objects.insert(write.key.clone(), (write.bytes.clone(), self.versions));
            if write.key.ends_with("/checkpoint") {
                let size = String::from_utf8_lossy(&write.bytes).lines().nth(1).and_then(|l| l.parse().ok());
                self.published.push(size.unwrap());
            }
        }
        allowed
    }
}

/// More than any sound schedule takes.
const MAX_STEPS: u64 = 60_000;

pub struct World {
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl World {
    pub fn new(seed: u64, alive: usize, mutant: Mutant) -> Self {
        let mut random = Random(seed);
        let faults = [0; 3].map(|_| [0, 0, 5, 20][random.below(4) as usize]);
        let kills = random.below(5);
        World {
            inner: Mutex::new(Inner {
                objects: BTreeMap::new(),
                random,
                turn: None,
                ready: BTreeSet::new(),
                alive,
                late: Vec::new(),
                published: Vec::new(),
                kills,
                steps: 0,
                versions: 0,
                faults,
                mutant,
                tile_of: None,
                hidden: BTreeSet::new(),
                failed: None,
            }),
            changed: Condvar::new(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn choose(inner: &mut Inner) {
        if inner.ready.len() == inner.alive && inner.alive > 0 {
            let n = inner.random.below(inner.alive as u64) as usize;
            inner.turn = inner.ready.iter().nth(n).copied();
        } else {
            inner.turn = None;
        }
    }

    /// Waits until it is this one's turn, and does one thing.
    pub fn step<T>(&self, me: usize, may_die: bool, act: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.lock();
        inner.ready.insert(me);
        Self::choose(&mut inner);
        self.changed.notify_all();
        while inner.turn != Some(me) {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.ready.remove(&me);
        inner.steps += 1;
        if inner.steps > MAX_STEPS || inner.failed.is_some() {
            inner.failed.get_or_insert_with(|| "it never comes to an end".to_owned());
            drop(inner);
            panic::resume_unwind(Box::new(Ended));
        }
        // What was sent before may arrive now.
        if !inner.late.is_empty() && inner.random.chance(20) {
            let waiting = inner.late.len() as u64;
            let n = inner.random.below(waiting) as usize;
            let write = inner.late.swap_remove(n);
            inner.write(&write);
        }
        if may_die && inner.kills > 0 && inner.random.chance(2) {
            inner.kills -= 1;
            drop(inner);
            panic::resume_unwind(Box::new(Killed));
        }
        act(&mut inner)
    }

    /// Everything is over: whoever is asked next stops, too.
    pub fn fail(&self, why: String) {
        self.lock().failed.get_or_insert(why);
    }

    pub fn failure(&self) -> Option<String> {
        self.lock().failed.clone()
    }

    /// This one takes no more turns.
    pub fn leave(&self, me: usize) {
        let mut inner = self.lock();
        inner.ready.remove(&me);
        inner.alive -= 1;
        Self::choose(&mut inner);
        self.changed.notify_all();
    }

    /// All that is still on its way arrives.
    pub fn settle(&self) {
        let mut inner = self.lock();
        for write in std::mem::take(&mut inner.late) {
            inner.write(&write);
        }
    }
}

/// The whole schedule came to its end.
pub struct Ended;

/// The bucket as one of the threads sees it.
pub struct Seat<'w> {
    pub world: &'w World,
    pub me: usize,
    pub may_die: bool,
    /// Whether the answer to a commit was lost.
    pub lost: Arc<AtomicBool>,
}

impl<'w> Seat<'w> {
    pub fn new(world: &'w World, me: usize, may_die: bool) -> Self {
        Seat { world, me, may_die, lost: Arc::default() }
    }

    fn send(&self, key: &str, bytes: &[u8], on: On) -> Result<bool, Failure> {
        let write = Write { key: key.to_owned(), bytes: bytes.to_vec(), on };
        let sent = self.send_once(key, write);
        if sent.is_err() && key.contains("commit/") {
            self.lost.store(true, Ordering::Relaxed);
        }
        sent
    }

    fn send_once(&self, key: &str, write: Write) -> Result<bool, Failure> {
        self.world.step(self.me, self.may_die, |inner| {
            let unknown = || Failure::Unknown { what: key.to_owned(), why: "no answer".to_owned() };
            let [never, lost, late] = inner.faults;
            if inner.random.chance(never) {
                return Err(unknown());
            }
            if inner.random.chance(late) {
                inner.late.push(write);
                return Err(unknown());
            }
            let done = inner.write(&write);
            if inner.random.chance(lost) { Err(unknown()) } else { Ok(done) }
        })
    }
}

impl Bucket for Seat<'_> {
    fn get(&self, key: &str) -> Result<Option<Object>, Failure> {
        self.world.step(self.me, self.may_die, |inner| {
            let rule_is_off = inner.mutant == Mutant::NoBase && key.contains("/inbox/");
            let found = inner.objects.get(key).map(|(bytes, version)| {
                let bytes = if rule_is_off { without_base(bytes) } else { bytes.clone() };
                Object { bytes, etag: version.to_string() }
            });
            Ok(found)
        })
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<bool, Failure> {
        self.send(key, bytes, On::Absent)
    }

    fn replace(&self, key: &str, bytes: &[u8], etag: Option<&str>) -> Result<bool, Failure> {
        self.send(key, bytes, etag.map_or(On::Absent, |etag| On::Match(etag.to_owned())))
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, Failure> {
        self.world.step(self.me, self.may_die, |inner| {
            let blind = inner.mutant == Mutant::VoidIsNothing && self.me.is_multiple_of(2);
            let from = after.filter(|after| *after > prefix).unwrap_or(prefix).to_owned();
            let names = inner.objects.range(from..).map(|(key, _)| key);
            let names = names.take_while(|key| key.starts_with(prefix) || key.as_str() < prefix);
            let names = names.filter(|key| key.starts_with(prefix) && Some(key.as_str()) != after);
            Ok(names.filter(|key| !(blind && inner.hidden.contains(*key))).cloned().collect())
        })
    }

    fn delete(&self, key: &str) -> Result<(), Failure> {
        self.world.step(self.me, self.may_die, |inner| {
            inner.objects.remove(key);
            Ok(())
        })
    }

    fn pause(&self, _: Duration) {
        self.world.step(self.me, self.may_die, |_| ());
    }
}

/// An inbox object that anybody may combine.
fn without_base(object: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(object).into_owned();
    let lines = text.split_inclusive('\n').map(|line| match line.starts_with("base ") {
        true => format!("base {}\n", u64::MAX),
        false => line.to_owned(),
    });
    let head: String = lines.take(4).collect();
    let length: usize = text.split_inclusive('\n').take(4).map(str::len).sum();
    [head.as_bytes(), object.get(length..).unwrap_or_default()].concat()
}
