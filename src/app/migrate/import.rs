//! A clone with an embedded log of its own, of a project whose ledger went into a bucket: its entries go there as they are.
//! What says who may write to the own log, and where it went, says nothing about the other one, and becomes evidence.

use super::State;
use super::ledger;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::logs::notes::claim;
use crate::app::record;
use crate::domain::entry::Kind;
use crate::domain::entry::LedgerRef;
use crate::domain::ids::EntryId;
use crate::ledger::batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::note::VerifierKey;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Evidence of `imported`: the last checkpoint of the log that came, as its key signed it.
pub const CHECKPOINT: &str = "checkpoint";
/// RFC 6962 leaf hashes of all its entries, 32 bytes each, in order.
pub const LEAVES: &str = "leaves";
/// Its entries that were not taken over, one envelope per line: those about the log alone, and those whose id has another
/// entry in the log that took the rest (one user recorded the same in two clones).
pub const NOT_TAKEN: &str = "notTaken";

/// Whether an entry is about the log that it stands in, and about no other.
pub fn is_about_its_log(kind: &Kind) -> bool {
    matches!(kind, Kind::WriterAdmitted | Kind::WriterRevoked | Kind::KeyRotated | Kind::LedgerMoved)
}

/// The other log must let in everybody who wrote to this one.
pub fn check(source: &Project, target: &Project, state: &State) -> Result<()> {
    if !ledger::is_moved(source, target)? {
        source.ledger.check()?;
    }
    ledger::audit_before(source)?;
    let Some(shared) = state.after()?.shared_ledger() else { return Ok(()) };
    // The user agreed to it, as to the place.
    source.pin(&shared.vkey.parse::<VerifierKey>()?)?;
    target.ledger.fetch()?;
    let project = &source.config.project.id;
    let there = record::read_writers(&*target.ledger, project)?;
    let here = record::read_writers(&*source.ledger, project)?;
    let own = source.signer()?.public().id();
    let mut writers = BTreeSet::from([own]);
    source.ledger.read(0, &mut |stored| {
        if let Ok((_, body)) = batch::open(stored.bytes)
            && !is_about_its_log(&body.kind)
        {
            writers.insert(body.actor.writer);
        }
        ControlFlow::Continue(())
    })?;
    if let Some(key) = writers.into_iter().find(|key| !there.is_writer(key)) {
        let known = here.list().into_iter().find(|(known, ..)| known.id() == key);
        let public = known.map(|(key, ..)| key.to_base64()).unwrap_or_default();
        let retired = key != own;
        let place = shared.site.place.to_string();
        return Err(AppError::NotAdmittedThere { place, key, public, retired });
    }
    // Whoever has a key there keeps it: other clones of this user sign with it.
    let known = target.keys.writer_key(shared.log).is_ok_and(|key| there.is_writer(&key.public().id()));
    if !known {
        source.keys.inherit_writer_key(source.ledger.log(), shared.log)?;
    }
    Ok(())
}

/// Appends the entries of the source, which is closed, and then one that says where they came from. Returns how many
/// entries were taken over, and the index of that one.
pub fn take_in(source: &Project, target: &Project, progress: &dyn Progress) -> Result<(u64, Option<u64>)> {
    let (header, tree) = (source.ledger.header(), source.ledger.head()?);
    let (size, root) = (tree.size(), tree.root().to_string());
    let note = source.ledger.latest()?.unwrap_or_default();
    if claim(&note).is_none_or(|claim| claim.size != size) {
        let why = "no checkpoint covers all of it".to_owned();
        return Err(AppError::NotSound { what: "the log of this clone".to_owned(), why });
    }
    progress.begin("copy", Some(size), None);
    let appended = append(source, target, progress);
    progress.end();
    appended?;
    let Taken { leaves, not_taken, count } = taken(source, target)?;

    let objects = target.store.batch(false)?;
    let put = |bytes: &[u8]| record::put_object(bytes, &*objects);
    let evidence = [
        (CHECKPOINT.to_owned(), put(note.as_bytes())?),
        (LEAVES.to_owned(), put(&leaves)?),
        (NOT_TAKEN.to_owned(), put(&not_taken)?),
    ];
    let _kept = objects.commit()?;
    target.store.push()?;
    let signer = target.signer()?;
    let mut body = target.draft(Kind::Imported, &*signer);
    let (log, origin) = (header.log, header.origin.clone());
    body.ledger = Some(LedgerRef { log, origin, size, root, place: None });
    body.evidence.extend(evidence);
    let found = |id: Option<EntryId>| match id {
        Some(id) => target.ledger.find(&id),
        None => Ok(None),
    };
    let id = body.derived_id();
    // Of another try, with the time of then.
    if found(id)?.is_none() {
        record::commit(&*target.ledger, vec![record::seal(body, &*signer)?])?;
    }
    target.publish()?;
    Ok((count, found(id)?))
}

struct Taken {
    leaves: Vec<u8>,
    not_taken: Vec<u8>,
    count: u64,
}

/// In their order, each once however often it is tried.
fn append(source: &Project, target: &Project, progress: &dyn Progress) -> Result<()> {
    let (mut waiting, mut bytes, mut problem) = (Vec::new(), 0, None);
    let commit = |entries: Vec<SealedEntry>| -> Result<()> {
        let count = entries.len() as u64;
        record::commit(&*target.ledger, entries)?;
        progress.advance(count, 0);
        Ok(())
    };
    source.ledger.read(0, &mut |stored| {
        let mut step = || -> Result<()> {
            let (entry, body) = SealedEntry::parse(stored.bytes.to_vec())?;
            if is_about_its_log(&body.kind) || target.ledger.find(entry.id())?.is_some() {
                return Ok(());
            }
            bytes += stored.bytes.len();
            waiting.push(entry);
            if bytes < ledger::BATCH {
                return Ok(());
            }
            bytes = 0;
            commit(std::mem::take(&mut waiting))
        };
        problem = step().err();
        if problem.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    match problem {
        Some(e) => Err(e),
        None if waiting.is_empty() => Ok(()),
        None => commit(waiting),
    }
}

/// What the target has of the source now, byte for byte.
fn taken(source: &Project, target: &Project) -> Result<Taken> {
    let mut there: HashSet<TreeHash> = HashSet::new();
    target.ledger.read(0, &mut |stored| {
        there.insert(hash::leaf(stored.bytes));
        ControlFlow::Continue(())
    })?;
    let mut taken = Taken { leaves: Vec::new(), not_taken: Vec::new(), count: 0 };
    source.ledger.read(0, &mut |stored| {
        let leaf = hash::leaf(stored.bytes);
        taken.leaves.extend(leaf.0);
        if there.contains(&leaf) {
            taken.count += 1;
        } else {
            taken.not_taken.extend(stored.bytes);
            taken.not_taken.push(b'\n');
        }
        ControlFlow::Continue(())
    })?;
    Ok(taken)
}

/// That the log of this clone is not the one that the settings name, and may go there.
pub fn refuse_mirror(is_mirror: bool, what: &str) -> Result<()> {
    match is_mirror {
        false => Ok(()),
        true => {
            let why = "the log in it lies elsewhere already, and is another one than the settings name";
            Err(StoreError::Unfit { what: what.to_owned(), why: why.to_owned() }.into())
        }
    }
}
