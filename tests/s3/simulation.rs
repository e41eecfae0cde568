//! Many writers of one chain, in thousands of orders, with writes that fail, lose their answer or arrive late, writers that
//! are killed and begin again, and one who keeps to no rule. Then the whole chain is read again from its objects.

use crate::world::Ended;
use crate::world::Killed;
use crate::world::Mutant;
use crate::world::Objects;
use crate::world::Random;
use crate::world::Seat;
use crate::world::World;
use mlprov::app::record;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::Writer;
use mlprov::domain::ids::EntryId;
use mlprov::domain::ids::LogId;
use mlprov::domain::ids::ProjectId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ledger::chain;
use mlprov::ledger::chain::Judged;
use mlprov::ledger::chain::Position;
use mlprov::ledger::chain::Waiting;
use mlprov::ledger::checkpoint::Checkpoint;
use mlprov::ledger::envelope::WriterKey;
use mlprov::ledger::frame::Header;
use mlprov::ledger::hash;
use mlprov::ledger::note::VerifierKey;
use mlprov::ledger::tile;
use mlprov::ledger::tree::Frontier;
use mlprov::ports::StoreError;
use mlprov::ports::commit_store::Outcome;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::log_reader::StoredEntry;
use mlprov::ports::signer::CheckpointSigner;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::chain::Chain;
use mlprov::stores::aws::s3::chain::Replica;
use mlprov::stores::aws::s3::publish::Publisher;
use p256::ecdsa::Signature;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

const PREFIX: &str = "team/ledger/";
/// Key 0 founds the log.
const MOST: usize = 10;

struct Key {
    private: SigningKey,
    public: WriterKey,
}

impl EntrySigner for Key {
    fn public(&self) -> &WriterKey {
        &self.public
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        let signature: Signature = self.private.sign(message);
        Ok(signature.normalize_s().to_der().as_bytes().to_vec())
    }
}

fn key(n: usize) -> &'static Key {
    static KEYS: OnceLock<Vec<Key>> = OnceLock::new();
    let all = KEYS.get_or_init(|| {
        let make = |n: u8| {
            let private = SigningKey::from_slice(&[n + 1; 32]).unwrap();
            Key { public: WriterKey::new(*private.verifying_key()).unwrap(), private }
        };
        (0..=MOST as u8).map(make).collect()
    });
    &all[n]
}

fn header() -> &'static Header {
    static HEADER: OnceLock<Header> = OnceLock::new();
    HEADER.get_or_init(|| Header::new(ProjectId::draw(), LogId::draw()))
}

struct LogKey {
    key: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

impl LogKey {
    fn new() -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        let verifier = VerifierKey::new(&header().origin, key.verifying_key().as_bytes()).unwrap();
        LogKey { key, verifier }
    }
}

impl CheckpointSigner for LogKey {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }
    fn sign(&self, text: &[u8]) -> Result<[u8; 64], StoreError> {
        use ed25519_dalek::Signer;
        Ok(self.key.sign(text).to_bytes())
    }
}

/// An entry that nothing else says; the same bytes for the same number.
fn entry(by: usize, number: i64) -> SealedEntry {
    let time = Timestamp::from_unix_micros(number);
    let body = record::draft(header().project, Kind::Annotation, time, key(by));
    record::seal(body, key(by)).unwrap()
}

fn admission(of: usize) -> SealedEntry {
    let mut body =
        record::draft(header().project, Kind::WriterAdmitted, Timestamp::from_unix_micros(of as i64), key(0));
    let public = key(of).public();
    body.writer = Some(Writer { key_id: public.id(), public_key: public.to_base64(), admin: of == 0 });
    record::seal(body, key(0)).unwrap()
}

fn founding() -> &'static Batch {
    static FOUNDING: OnceLock<Batch> = OnceLock::new();
    FOUNDING.get_or_init(|| Batch::new((0..MOST).map(admission).collect()).unwrap())
}

/// A clone's knowledge, in memory.
#[derive(Clone)]
struct Clone {
    position: Position,
    from: u64,
    ids: BTreeMap<EntryId, u64>,
    entries: Vec<SealedEntry>,
    /// The checkpoint that it published last.
    latest: Option<String>,
    /// For a mutant: what it does not recognise once an answer was lost.
    blind: BTreeSet<EntryId>,
    lost: Arc<AtomicBool>,
}

impl Clone {
    fn new() -> Self {
        let position = Position::beginning(header().clone());
        Clone {
            position,
            from: 0,
            ids: BTreeMap::new(),
            entries: Vec::new(),
            latest: None,
            blind: BTreeSet::new(),
            lost: Arc::default(),
        }
    }

    /// One that knows nothing of what lies before.
    fn without_past(&self) -> Self {
        let from = self.position.tree.size();
        Clone { from, ids: BTreeMap::new(), ..self.clone() }
    }
}

impl Replica for Clone {
    fn position(&self) -> &Position {
        &self.position
    }
    fn known_from(&self) -> u64 {
        self.from
    }
    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        Ok(self
            .ids
            .get(id)
            .copied()
            .filter(|_| !self.lost.load(Ordering::Relaxed) || !self.blind.contains(id)))
    }
    fn append(&mut self, batch: &Batch, after: Position) -> Result<(), StoreError> {
        let start = self.position.tree.size();
        self.position = after;
        for (entry, at) in batch.entries().iter().zip(start..) {
            self.ids.insert(*entry.id(), at);
            self.entries.push(entry.clone());
        }
        Ok(())
    }
}

impl LogReader for Clone {
    fn header(&self) -> &Header {
        &self.position.header
    }
    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        for (entry, index) in self.entries.iter().zip(0..).skip(from as usize) {
            if visit(StoredEntry { index, id: *entry.id(), bytes: entry.bytes() }).is_break() {
                break;
            }
        }
        Ok(())
    }
    fn head(&self) -> Result<Frontier, StoreError> {
        Ok(self.position.tree.clone())
    }
    fn latest(&self) -> Result<Option<String>, StoreError> {
        Ok(self.latest.clone())
    }
}

/// What a writer keeps on its own disk.
struct Outbox {
    batches: Vec<Batch>,
    /// What it knew when it wrote them there.
    base: Option<Clone>,
    /// Turns that it sleeps before it begins.
    late: u64,
}

struct Run {
    world: World,
    /// First entry of a batch, and the index that was reported for it.
    acknowledged: Mutex<BTreeMap<EntryId, u64>>,
    partial: bool,
}

impl Run {
    fn chain<'a>(seat: &'a Seat<'_>) -> Chain<'a> {
        // Some look while they try.
        Chain { bucket: seat, prefix: PREFIX, behind: seat.me.is_multiple_of(3) }
    }

    fn write(&self, me: usize, outbox: &mut Outbox) {
        let seat = Seat::new(&self.world, me, true);
        let mutant = self.world.lock().mutant;
        let chain = Self::chain(&seat);
        for _ in 0..std::mem::take(&mut outbox.late) {
            seat.pause(Duration::ZERO);
        }
        // Who is killed begins with what it knew when its entries became durable.
        let base = match (&outbox.base, mutant) {
            (Some(base), mutant) if mutant != Mutant::ForgetsBase => base.clone(),
            _ => {
                let mut replica = Clone::new();
                chain.catch_up(&mut replica).unwrap();
                if self.partial { replica.without_past() } else { replica }
            }
        };
        outbox.base.get_or_insert_with(|| base.clone());
        let mut replica = base;
        replica.lost = seat.lost.clone();
        for batch in &outbox.batches {
            if mutant == Mutant::NoLookAfterUnknown {
                replica.blind.extend(batch.entries().iter().map(|e| *e.id()));
            }
            let first = batch.entries()[0].id();
            loop {
                if chain.catch_up(&mut replica).is_err() {
                    continue;
                }
                if let Some(at) = replica.find(first).unwrap() {
                    self.acknowledged.lock().unwrap().insert(*first, at);
                    break;
                }
                match chain.commit(&mut replica, batch, key(me)) {
                    Ok(Outcome::Won { start }) => {
                        self.acknowledged.lock().unwrap().insert(*first, start);
                        break;
                    }
                    Ok(Outcome::Unknown) | Err(StoreError::Io { .. })
                        if mutant == Mutant::NoLookAfterUnknown =>
                    {
                        replica.blind.extend(batch.entries().iter().map(|e| *e.id()));
                    }
                    Ok(_) | Err(StoreError::Io { .. }) => {}
                    Err(e) => return self.world.fail(format!("writer {me}: {e}")),
                }
            }
        }
    }

    /// Publishes now and then what is there.
    fn publish(&self, me: usize) {
        let seat = Seat::new(&self.world, me, false);
        let mut replica = Clone::new();
        for _ in 0..3 {
            if Self::chain(&seat).catch_up(&mut replica).is_ok() {
                replica.latest = self.publish_once(&seat, &replica).or(replica.latest);
            }
        }
    }

    fn publish_once(&self, seat: &Seat<'_>, replica: &Clone) -> Option<String> {
        let log_key = LogKey::new();
        let mut sign = |tree: &Frontier| {
            let checkpoint =
                Checkpoint { origin: header().origin.clone(), size: tree.size(), root: tree.root() };
            let text = checkpoint.to_text();
            let signature = log_key.sign(text.as_bytes())?;
            Ok(format!("{text}\n{}", log_key.verifier.signature_line(&signature)))
        };
        let publisher = Publisher { bucket: seat, prefix: PREFIX };
        match publisher.publish(replica, &log_key, true, &mut |_| Ok(()), &mut sign) {
            Ok(note) => return Some(note),
            Err(StoreError::Io { .. }) => {}
            Err(e) => self.world.fail(format!("publisher: {e}")),
        }
        None
    }

    /// Somebody with a key, the right to write, and no manners. It never deletes and never overwrites: the bucket does not
    /// let it.
    fn misbehave(&self, me: usize, random: &mut Random) {
        let seat = Seat::new(&self.world, me, false);
        let mut replica = Clone::new();
        for _ in 0..random.below(6) {
            let Ok(voids) = Self::chain(&seat).catch_up(&mut replica) else { continue };
            let start = replica.position.tree.size();
            let mut at = replica.position.clone();
            let fresh = entry(me, 1_000_000 + random.below(1 << 40) as i64);
            let mut batch = Batch::new(vec![fresh.clone()]).unwrap();
            let mut by = key(me);
            let kind = random.below(9);
            match kind {
                // Of another state of the log.
                0 => at.tree.push(hash::leaf(b"x")),
                // What is there already.
                1 => batch = Batch::new(vec![replica.entries[random.below(start) as usize].clone()]).unwrap(),
                // By a stranger.
                2 => by = key(MOST),
                3 => batch = Batch::new(vec![entry(MOST, random.below(1 << 40) as i64)]).unwrap(),
                // In the name of another writer.
                4 => {
                    let theirs = entry(1, 2_000_000 + random.below(1 << 40) as i64);
                    let forged = String::from_utf8(theirs.bytes().to_vec()).unwrap();
                    let at = forged.rfind("\"sig\":\"").unwrap() + 12;
                    let other = if &forged[at..=at] == "A" { "B" } else { "A" };
                    let forged = format!("{}{other}{}", &forged[..at], &forged[at + 1..]);
                    batch =
                        Batch::new(vec![SealedEntry::from_parts(*theirs.id(), forged.into_bytes())]).unwrap();
                }
                _ => {}
            }
            let mut object =
                chain::encode(&at, &batch, &by.public().id(), |message| by.sign(message)).unwrap();
            match kind {
                5 => object.truncate(object.len() - 1),
                6 => object = b"rubbish".to_vec(),
                7 => object[30] ^= 1,
                _ => {}
            }
            let name = match random.below(4) {
                0 => format!("commit/{:020}", start + random.below(5)),
                1 => chain::commit_name(start, voids + random.below(3)),
                _ => chain::commit_name(start, voids),
            };
            let key = format!("{PREFIX}{name}");
            let is_good = matches!(
                chain::judge(&object, &replica.position, |id| replica.ids.contains_key(id)),
                Judged::Commit(..)
            );
            if !is_good {
                self.world.lock().hidden.insert(key.clone());
            }
            let _ = seat.put_new(&key, &object);
            let inbox = match random.below(3) {
                0 => Waiting { base: u64::MAX, batch: batch.clone() }.encode(header().log),
                1 => Waiting { base: 0, batch: batch.clone() }.encode(LogId::draw()),
                _ => b"rubbish".to_vec(),
            };
            let _ = seat.put_new(&format!("{PREFIX}inbox/{}", batch.entries()[0].id()), &inbox);
        }
    }
}

/// One schedule. What was wrong with it, if anything was; else entries and requests.
fn play(seed: u64, mutant: Mutant) -> Result<u64, String> {
    let mut random = Random(seed ^ 0x5eed);
    let writers = 1 + random.below(8) as usize;
    // Who does not know the past cannot judge one who writes it again.
    let partial = mutant == Mutant::NoBase || mutant == Mutant::ForgetsBase || random.chance(30);
    let malicious = !partial && (mutant == Mutant::VoidIsNothing || random.chance(50));
    let publishers = 1 + random.below(2) as usize;
    let alive = writers + publishers + usize::from(malicious);
    let run = Run { world: World::new(seed, alive, mutant), acknowledged: Mutex::default(), partial };
    {
        let at = Position::beginning(header().clone());
        let object = chain::encode(&at, founding(), &key(0).public().id(), |m| key(0).sign(m)).unwrap();
        let mut inner = run.world.lock();
        inner.objects.insert(format!("{PREFIX}{}", chain::commit_name(0, 0)), (object, 0));
        inner.tile_of = (mutant == Mutant::TilesFirst).then_some(tile_of);
    }
    let number = AtomicI64::new(1_000);
    let mut outboxes: Vec<Outbox> = (1..=writers)
        .map(|by| {
            let batch = |random: &mut Random| {
                let entries =
                    (0..1 + random.below(3)).map(|_| entry(by, number.fetch_add(1, Ordering::Relaxed)));
                Batch::new(entries.collect()).unwrap()
            };
            let batches = (0..1 + random.below(3)).map(|_| batch(&mut random)).collect();
            let late = if random.chance(50) { random.below(60) } else { 0 };
            Outbox { batches, base: None, late }
        })
        .collect();
    let mine: Vec<Vec<Batch>> = outboxes.iter().map(|outbox| outbox.batches.clone()).collect();
    let seeds: Vec<u64> = (0..3).map(|_| random.next()).collect();
    std::thread::scope(|scope| {
        for (me, outbox) in (1..).zip(&mut outboxes) {
            let run = &run;
            scope.spawn(move || {
                live(run, me, || run.write(me, outbox));
                run.world.leave(me);
            });
        }
        for me in 20..20 + publishers {
            let run = &run;
            scope.spawn(move || {
                live(run, me, || run.publish(me));
                run.world.leave(me);
            });
        }
        if malicious {
            let (run, me, seed) = (&run, 9, seeds[0]);
            scope.spawn(move || {
                live(run, me, || run.misbehave(me, &mut Random(seed)));
                run.world.leave(me);
            });
        }
    });
    run.world.settle();
    match run.world.failure() {
        Some(why) => Err(why),
        None => check(&run, &mine),
    }
}

/// The tile that a commit would make if it were won.
fn tile_of(objects: &Objects, key: &str, object: &[u8]) -> Option<(String, Vec<u8>)> {
    let name = key.strip_prefix(PREFIX).filter(|name| chain::parse_commit_name(name).is_some())?;
    let (start, _) = chain::parse_commit_name(name)?;
    let mut log = Clone::new();
    let mut voids = 0;
    while log.position.tree.size() < start {
        let (bytes, _) =
            objects.get(&format!("{PREFIX}{}", chain::commit_name(log.position.tree.size(), voids)))?;
        match chain::judge(bytes, &log.position, |id| log.ids.contains_key(id)) {
            Judged::Commit(batch, after) => {
                log.append(&batch, *after).ok()?;
                voids = 0;
            }
            _ => voids += 1,
        }
    }
    let Judged::Commit(batch, after) = chain::judge(object, &log.position, |id| log.ids.contains_key(id))
    else {
        return None;
    };
    log.append(&batch, *after).ok()?;
    let size = log.entries.len() as u64;
    let leaves: Vec<_> = log.entries.iter().map(SealedEntry::leaf).collect();
    let edge = tile::Tile::holding(0, size - 1, size)?;
    Some((format!("{PREFIX}{}", edge.path()), tile::encode(&leaves)))
}

/// Until it is done: who is killed begins again.
fn live(run: &Run, me: usize, mut act: impl FnMut()) {
    loop {
        match panic::catch_unwind(AssertUnwindSafe(&mut act)) {
            Ok(()) => return,
            Err(why) if why.is::<Killed>() => {}
            Err(why) if why.is::<Ended>() => return,
            Err(_) => return run.world.fail(format!("{me} panicked")),
        }
    }
}

/// Reads the chain again from its objects alone.
fn check(run: &Run, mine: &[Vec<Batch>]) -> Result<u64, String> {
    let after = Run { world: World::new(0, 1, Mutant::None), acknowledged: Mutex::default(), partial: false };
    {
        let (mut to, from) = (after.world.lock(), run.world.lock());
        to.objects.clone_from(&from.objects);
        to.published.clone_from(&from.published);
    }
    // Whoever comes last finds everything, and publishes it. Nothing fails any more.
    let seat = Seat::new(&after.world, 0, false);
    let mut log = Clone::new();
    Run::chain(&seat).catch_up(&mut log).map_err(|e| e.to_string())?;
    let acknowledged = run.acknowledged.lock().unwrap();
    for batch in mine.iter().flatten() {
        let reported = *acknowledged.get(batch.entries()[0].id()).ok_or("an entry was not acknowledged")?;
        for (entry, at) in batch.entries().iter().zip(reported..) {
            let found: Vec<usize> =
                (0..log.entries.len()).filter(|n| log.entries[*n].id() == entry.id()).collect();
            if found != [at as usize] {
                return Err(format!("an entry was said to be at {at}, and is at {found:?}"));
            }
        }
    }
    for writer in mine {
        let order: Vec<u64> = writer.iter().map(|batch| acknowledged[batch.entries()[0].id()]).collect();
        if !order.is_sorted() {
            return Err("a writer's entries are not in the order in which he made them".to_owned());
        }
    }
    after.publish_once(&seat, &log);
    if let Some(why) = after.world.failure() {
        return Err(why);
    }
    let inner = after.world.lock();
    if !inner.published.is_sorted() || inner.published.last() != Some(&log.position.tree.size()) {
        return Err(format!("checkpoints went from {:?}", inner.published));
    }
    let leaves: Vec<_> = log.entries.iter().map(SealedEntry::leaf).collect();
    let size = leaves.len() as u64;
    let edge = tile::Tile::holding(0, size - 1, size).unwrap();
    let key = format!("{PREFIX}{}", edge.path());
    if inner.objects.get(&key).map(|(bytes, _)| bytes.clone()) != Some(tile::encode(&leaves)) {
        return Err("the tile is not made of the entries".to_owned());
    }
    for (key, (bytes, _)) in inner.objects.iter().filter(|(key, _)| key.contains("/tile/0/")) {
        let width = key.rsplit_once("p/").unwrap().1.parse::<usize>().unwrap();
        if *bytes != tile::encode(&leaves[..width]) {
            return Err(format!("{key} is not made of the entries"));
        }
    }
    Ok(size)
}

fn seeds() -> u64 {
    std::env::var("MLPROV_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000)
}

#[test]
fn every_schedule_ends_with_one_chain_that_has_every_entry_once() {
    let (entries, next) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds() {
                        return;
                    }
                    let played = play(seed, Mutant::None);
                    entries.fetch_add(
                        played.unwrap_or_else(|why| panic!("seed {seed}: {why}")),
                        Ordering::Relaxed,
                    );
                }
            });
        }
    });
    assert!(entries.into_inner() > seeds() * 10);
}

#[test]
fn the_same_seed_plays_the_same() {
    for seed in 0..20 {
        assert_eq!(play(seed, Mutant::None), play(seed, Mutant::None), "seed {seed}");
    }
}

/// Each rule taken away alone must be noticed.
#[test]
fn each_rule_is_needed() {
    for mutant in [
        Mutant::NoLookAfterUnknown,
        Mutant::CommitOverwrites,
        Mutant::NoBase,
        Mutant::ForgetsBase,
        Mutant::VoidIsNothing,
        Mutant::PublishOverwrites,
        Mutant::TilesFirst,
    ] {
        let noticed = (0..1_000).any(|seed| play(seed, mutant).is_err());
        assert!(noticed, "{mutant:?} was not noticed");
    }
}
