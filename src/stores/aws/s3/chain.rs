//! The commit chain in a bucket, with any number of writers and no server (format: `ledger/chain.rs`).
//!
//! 1. Look: read what was committed since, and check it. An entry that is found there is done; so a lost answer is
//!    resolved, too. Nothing is ever sent again without a look.
//! 2. `PUT commit/<size>` with `If-None-Match: *`. Success is the one moment at which entries become true.
//! 3. Who lost puts his entries into `inbox/`, and one of those who wait there commits them all.
//! 4. Tiles are made of what is committed, by anybody, and are the same whoever makes them.
//! 5. A publisher signs a checkpoint of what is committed, and never puts a smaller one in the place of a larger.
//!
//! No clock and no lease decides anything.

use super::bucket::Bucket;
use super::bucket::Object;
use crate::domain::ids::EntryId;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::chain;
use crate::ledger::chain::Judged;
use crate::ledger::chain::MAX_OBJECT;
use crate::ledger::chain::Position;
use crate::ledger::chain::Waiting;
use crate::ports::StoreError;
use crate::ports::commit_store::Outcome;
use crate::ports::signer::EntrySigner;
use crate::stores::aws::failure::Failure;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

/// What is known here of a chain: all of it from some entry on, checked.
pub trait Replica {
    fn position(&self) -> &Position;

    /// Every entry from this index on is known here.
    fn known_from(&self) -> u64;

    /// Index of an entry, if it is one of those.
    fn find(&self, id: &EntryId) -> Result<Option<u64>, StoreError>;

    /// Takes over what follows, and where that leads; it was judged against [`Replica::position`].
    fn append(&mut self, batch: &Batch, after: Position) -> Result<(), StoreError>;

    /// Fails if the log goes on in another place than this one: then nothing is committed here any more.
    fn stays(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Keeps what was taken over. Called when no more is expected for now.
    fn settle(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// How often a commit is tried before its outcome is left to whoever empties the inbox.
const MAX_ROUNDS: u32 = 40;
/// Inbox objects that one commit takes along.
const MAX_COMBINED: usize = 1_000;
/// Objects that are held in memory together while a chain is read.
const AT_ONCE: usize = 256;

pub struct Chain<'a> {
    pub bucket: &'a dyn Bucket,
    /// Of all keys: `ledger/`, say.
    pub prefix: &'a str,
    /// Others may have gone on since this was looked at last: a commit looks while it tries.
    pub behind: bool,
}

impl Chain<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Reads and checks what was committed since. Returns how many void objects lie where the chain goes on.
    pub fn catch_up(&self, replica: &mut dyn Replica) -> Result<u64, StoreError> {
        Ok(self.catch_up_and_get(replica, None)?.0)
    }

    /// As [`Chain::catch_up`], and the object of another key, in the same round trips.
    pub fn catch_up_and_get(
        &self,
        replica: &mut dyn Replica,
        other: Option<String>,
    ) -> Result<(u64, Option<Object>), StoreError> {
        let names = self.bucket.list(&self.key("commit/"), self.last(replica).as_deref())?;
        self.take(replica, names, other)
    }

    /// Behind all names of what is known.
    fn last(&self, replica: &dyn Replica) -> Option<String> {
        let start = replica.position().tree.size();
        start.checked_sub(1).map(|before| self.key(&format!("commit/{before:020}.~")))
    }

    /// Takes over what these commits hold, as far as it goes; and the object of another key.
    fn take(
        &self,
        replica: &mut dyn Replica,
        names: Vec<String>,
        mut other: Option<String>,
    ) -> Result<(u64, Option<Object>), StoreError> {
        let (mut voids, mut found_other) = (0, None);
        let mut rest = names.chunks(AT_ONCE);
        loop {
            let names = rest.next();
            if names.is_none() && other.is_none() {
                return Ok((voids, found_other));
            }
            let names = names.unwrap_or_default();
            let keys: Vec<String> = names.iter().cloned().chain(other.take()).collect();
            let mut objects = self.bucket.get_all(&keys)?;
            if keys.len() > names.len() {
                found_other = objects.pop().flatten();
            }
            let mut found: BTreeMap<&str, Object> = BTreeMap::new();
            found.extend(
                names.iter().zip(objects).filter_map(|(name, object)| Some((name.as_str(), object?))),
            );
            voids = self.walk(replica, &found, voids)?;
            replica.settle()?;
        }
    }

    /// Goes on as far as these objects lead. More may have come meanwhile: the next write tells.
    fn walk(
        &self,
        replica: &mut dyn Replica,
        found: &BTreeMap<&str, Object>,
        mut voids: u64,
    ) -> Result<u64, StoreError> {
        loop {
            let start = replica.position().tree.size();
            let name = self.key(&chain::commit_name(start, voids));
            let Some(object) = found.get(name.as_str()) else { return Ok(voids) };
            let failed = RefCell::new(None);
            let known = |id: &EntryId| match replica.find(id) {
                Ok(found) => found.is_some(),
                Err(e) => failed.replace(Some(e)).is_none(),
            };
            let judged = chain::judge(&object.bytes, replica.position(), known);
            if let Some(e) = failed.into_inner() {
                return Err(e);
            }
            match judged {
                Judged::Commit(batch, after) => {
                    replica.append(&batch, *after)?;
                    voids = 0;
                }
                Judged::Void(_) => voids += 1,
                Judged::Newer(version) => {
                    let why = format!("{version:?} was written by a newer mlprov");
                    return Err(StoreError::Unsupported { what: name, why });
                }
            }
        }
    }

    /// Commits a batch, none of whose entries is known to the replica. [`Outcome::Lost`] is never the answer: it goes on
    /// until the batch is there, or its outcome is open.
    pub fn commit(
        &self,
        replica: &mut dyn Replica,
        own: &Batch,
        signer: &dyn EntrySigner,
    ) -> Result<Outcome, StoreError> {
        let before = replica.position().tree.size();
        let waiting = Waiting { base: before, batch: own.clone() };
        let inbox = self.key(&waiting.name());
        let (mut voids, mut posted, mut open) = (0, false, false);
        let mut others = Vec::new();
        let mut trip = Duration::from_millis(50);
        for round in 0..MAX_ROUNDS {
            // Whatever was sent before would lie before the entry that says so, and was looked for there.
            replica.stays()?;
            let batch = match posted {
                true => self.combine(replica, own, before, &others),
                false => own.clone(),
            };
            let mut after = replica.position().clone();
            if let Err(why) = after.extend(&batch) {
                let refused = refused(replica.position(), signer, why);
                return if open || posted { Ok(Outcome::Unknown) } else { Err(refused) };
            }
            let look = self.behind && round == 0;
            let behind = look.then(|| self.last(replica));
            let object =
                chain::encode(replica.position(), &batch, &signer.public().id(), |lines| signer.sign(lines));
            let object = match object {
                Ok(object) => object,
                Err(e) => return if open || posted { Ok(Outcome::Unknown) } else { Err(e) },
            };
            let name = self.key(&chain::commit_name(replica.position().tree.size(), voids));
            let sent = Instant::now();
            let (outcome, seen) = self.put_commit(&name, &object, behind);
            trip = measured(trip, sent);
            match outcome {
                Ok(true) => {
                    let start = replica.position().tree.size();
                    // It is true now, whatever becomes of what is known of it here.
                    let taken = replica.append(&batch, after).and_then(|()| replica.settle());
                    self.clean(&inbox, posted);
                    return Ok(match taken {
                        Ok(()) => Outcome::Won { start: start + index_in(&batch, own) },
                        Err(_) => Outcome::Unknown,
                    });
                }
                Ok(false) => {
                    // Nobody knows of these entries yet, unless an earlier call of this clone sent them.
                    if let Some(names) = seen {
                        voids = self.take(replica, names, None)?.0;
                        match replica.find(own.entries()[0].id())? {
                            Some(start) => return whole(replica, own, start),
                            None => continue,
                        }
                    }
                }
                Err(failure) if failure.is_unknown() => open = true,
                Err(failure) => {
                    return if open || posted { Ok(Outcome::Unknown) } else { Err(failure.into()) };
                }
            }
            // Somebody else won, or nobody knows: entries in the inbox wait for whoever is next.
            if !posted {
                let sent = Instant::now();
                let put = self.bucket.put_new(&inbox, &waiting.encode(replica.position().header.log));
                trip = measured(trip, sent);
                if let (Err(Failure::Unknown { .. }), true) = (&put, open) {
                    return Ok(Outcome::Unknown); // two in a row without an answer
                }
                posted = !matches!(put, Err(Failure::Refused { .. }));
                open |= posted;
            }
            match self.wait_turn(replica, own, &inbox, round, trip) {
                Ok(Turn::Done { start }) => {
                    self.clean(&inbox, posted);
                    return whole(replica, own, start);
                }
                Ok(Turn::Commit { voids: found, waiting }) => (voids, others) = (found, waiting),
                Err(_) => return Ok(Outcome::Unknown),
            }
        }
        Ok(Outcome::Unknown)
    }

    /// As [`Chain::commit`], but exactly where the replica is, and nobody else is asked to do it.
    pub fn commit_alone(
        &self,
        replica: &mut dyn Replica,
        own: &Batch,
        signer: &dyn EntrySigner,
    ) -> Result<Outcome, StoreError> {
        replica.stays()?;
        let at = replica.position();
        let mut after = at.clone();
        after.extend(own).map_err(|why| refused(at, signer, why))?;
        let object = chain::encode(at, own, &signer.public().id(), |message| signer.sign(message))?;
        self.put_object(replica, own, &object, after)
    }

    /// Commits an object of another chain, if it is a commit that goes on here.
    pub fn take_object(&self, replica: &mut dyn Replica, object: &[u8]) -> Result<Outcome, StoreError> {
        replica.stays()?;
        let known = |id: &EntryId| replica.find(id).is_ok_and(|found| found.is_some());
        match chain::judge(object, replica.position(), known) {
            Judged::Commit(batch, after) => self.put_object(replica, &batch, object, *after),
            Judged::Void(_) | Judged::Newer(_) => Ok(Outcome::Lost),
        }
    }

    /// `after`: where the chain stands then. Looks, then writes, then looks again unless it is known to have happened.
    fn put_object(
        &self,
        replica: &mut dyn Replica,
        batch: &Batch,
        object: &[u8],
        after: Position,
    ) -> Result<Outcome, StoreError> {
        let start = replica.position().tree.size();
        let voids = self.catch_up(replica)?;
        if replica.position().tree.size() == start {
            let put = self.bucket.put_new(&self.key(&chain::commit_name(start, voids)), object);
            match put {
                Ok(true) => {
                    replica.append(batch, after)?;
                    replica.settle()?;
                    return Ok(Outcome::Won { start });
                }
                Err(failure) if !failure.is_unknown() => return Err(failure.into()),
                Ok(false) | Err(_) => {}
            }
            // Without an answer it may come yet: then this attempt is over, and the next one looks.
            let looked = self.catch_up(replica);
            if looked.is_err() || (put.is_err() && replica.position().tree.size() == start) {
                return Ok(Outcome::Unknown);
            }
        }
        Ok(match replica.find(batch.entries()[0].id())? {
            Some(at) if at == start => Outcome::Won { start },
            _ => Outcome::Lost,
        })
    }

    /// The `nth` object that lies where a chain of `start` entries goes on.
    pub fn object_at(&self, start: u64, nth: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.bucket.get(&self.key(&chain::commit_name(start, nth)))?;
        Ok(found.map(|object| object.bytes))
    }

    /// `look`: behind which name it is looked meanwhile what others committed.
    fn put_commit(
        &self,
        name: &str,
        object: &[u8],
        look: Option<Option<String>>,
    ) -> (Result<bool, Failure>, Option<Vec<String>>) {
        let Some(after) = look else { return (self.bucket.put_new(name, object), None) };
        let (put, listed) =
            self.bucket.put_new_and_list(name, object, &self.key("commit/"), after.as_deref());
        (put, listed.ok()) // without it, it goes on as if nobody had looked
    }

    /// Looks until the own entries are there, or it is this writer's turn to commit what waits: the first of those who wait
    /// begins, and with every round others take their turn, in case that one is gone.
    fn wait_turn(
        &self,
        replica: &mut dyn Replica,
        own: &Batch,
        inbox: &str,
        round: u32,
        trip: Duration,
    ) -> Result<Turn, StoreError> {
        let mut last = None;
        for look in 0.. {
            let voids = self.catch_up(replica)?;
            if let Some(start) = replica.find(own.entries()[0].id())? {
                return Ok(Turn::Done { start });
            }
            let turn = u64::from(round + look).pow(2);
            let size = replica.position().tree.size();
            // Of those before it some are done by now, or it comes to its turn anyway: else nothing has changed.
            if last.is_none_or(|(seen, rank)| seen != size || rank <= turn) {
                let waiting = self.bucket.list(&self.key("inbox/"), None)?;
                let rank = waiting.iter().position(|name| name == inbox).unwrap_or(0) as u64;
                if rank <= turn {
                    return Ok(Turn::Commit { voids, waiting });
                }
                last = Some((size, rank));
            }
            // As long as the first one takes to read what waits, and to commit it.
            self.bucket.pause(trip * 3);
        }
        Err(StoreError::Inconsistent { why: "nobody's turn came".to_owned() })
    }

    /// The own batch, and what else waits in the inbox.
    fn combine(&self, replica: &dyn Replica, own: &Batch, before: u64, waiting: &[String]) -> Batch {
        let mut entries = own.entries().to_vec();
        let mut bytes: usize = entries.iter().map(|entry| entry.bytes().len() + 2).sum();
        let mut after = replica.position().clone();
        let log = after.header.log;
        let mine = self.key(&format!("inbox/{}", own.entries()[0].id()));
        let names: Vec<String> =
            waiting.iter().filter(|name| **name != mine).take(MAX_COMBINED).cloned().collect();
        let Ok(objects) = self.bucket.get_all(&names) else { return own.clone() };
        if after.extend(own).is_err() {
            return own.clone();
        }
        for (name, object) in names.iter().zip(objects) {
            let Some(waiting) = object.and_then(|object| Waiting::parse(&object.bytes, log).ok()) else {
                continue;
            };
            let found: Vec<Option<u64>> =
                waiting.batch.entries().iter().map(|entry| replica.find(entry.id()).ok().flatten()).collect();
            if found.iter().all(|index| index.is_some_and(|index| index < before)) {
                let _ = self.bucket.delete(name); // its writer is gone; the next one tries again
                continue;
            }
            let fresh = found.iter().all(Option::is_none)
                && waiting.batch.entries().iter().all(|entry| entries.iter().all(|e| e.id() != entry.id()));
            let known = waiting.base >= replica.known_from();
            let length: usize = waiting.batch.entries().iter().map(|entry| entry.bytes().len() + 2).sum();
            // What the log would not admit stays where it is; `audit` names it.
            if fresh && known && bytes + length < MAX_OBJECT / 2 && after.extend(&waiting.batch).is_ok() {
                bytes += length;
                entries.extend(waiting.batch.entries().iter().cloned());
            }
        }
        Batch::new(entries).unwrap_or_else(|| own.clone())
    }

    fn clean(&self, inbox: &str, posted: bool) {
        if posted {
            let _ = self.bucket.delete(inbox); // what stays is known to be done, and goes with the next commit
        }
    }
}

enum Turn {
    Done { start: u64 },
    Commit { voids: u64, waiting: Vec<String> },
}

/// Why a batch of one's own does not go on here. Whose key was revoked need not look for somebody who bent the log.
fn refused(at: &Position, signer: &dyn EntrySigner, why: String) -> StoreError {
    let key = signer.public().id();
    match at.writers.key(&key).is_some() && !at.writers.may_write(&key) {
        true => StoreError::Revoked { key },
        false => StoreError::Inconsistent { why },
    }
}

/// How long a round trip takes, after one more.
fn measured(trip: Duration, sent: Instant) -> Duration {
    sent.elapsed().clamp(trip / 4, trip * 4).min(Duration::from_secs(2))
}

/// What it means that the first entry of a batch is in the log.
fn whole(replica: &dyn Replica, own: &Batch, start: u64) -> Result<Outcome, StoreError> {
    let whole = own.entries().iter().zip(start..);
    let whole = whole.map(|(entry, at)| Ok(replica.find(entry.id())? == Some(at)));
    let whole = whole.collect::<Result<Vec<bool>, StoreError>>()?;
    // Somebody took a part of it out of the inbox: not a client of ours.
    Ok(match whole.iter().all(|is| *is) {
        true => Outcome::Won { start },
        false => Outcome::Unknown,
    })
}

fn index_in(batch: &Batch, own: &Batch) -> u64 {
    let first = own.entries()[0].id();
    batch.entries().iter().position(|entry: &SealedEntry| entry.id() == first).unwrap_or(0) as u64
}
