//! The log on its way: the last entries of the old place, and the copy in the new one.

use super::Brought;
use super::Done;
use super::State;
use super::needs::Needs;
use super::packages;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data::VERSIONS_BEFORE;
use crate::app::ledger::audit as audits;
use crate::app::ledger::audit::Finding;
use crate::app::record;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::LedgerRef;
use crate::domain::entry::List;
use crate::ledger::batch;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::chain;
use crate::ports::StoreError;
use crate::ports::commit_store::Outcome;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use std::ops::ControlFlow;

/// Bytes of entries that are committed together.
pub const BATCH: usize = 4 << 20;

pub enum Closed {
    Done,
    /// Somebody else recorded something: look again.
    Again,
}

/// Nothing else may lie where the log is to go.
pub fn check_place(source: &Project, target: &Project, state: &State) -> Result<()> {
    audit_before(source)?;
    if !state.moves_ledger()? {
        return Ok(());
    }
    let signer = source.signer()?;
    if !crate::app::keys::is_admin(source, &signer.public().id())? {
        return Err(AppError::NotAdmin { key: signer.public().id() });
    }
    target.ledger.fetch()?;
    let there = target.ledger.head()?;
    let same = source.ledger.tree_at(there.size())?.is_some_and(|here| here == there);
    if !same || (there.size() == 0 && target.ledger.object_at(0, 0)?.is_some()) {
        let what = target.config.shared_ledger().map(|to| to.site.place.to_string()).unwrap_or_default();
        let why = "another log lies there, or one that went on without this one".to_owned();
        return Err(StoreError::Unfit { what, why }.into());
    }
    Ok(())
}

/// What is altered already would be carried on as if it were sound.
pub fn audit_before(source: &Project) -> Result<()> {
    // Where it was moved to is for [`is_moved`] to judge.
    source.publish_if_behind()?;
    audit(source, false, None, &crate::ports::progress::Silent)
}

/// `import`: index of the entry that says what this call took over. What others say that they took over is not for this
/// one to answer.
pub fn audit(project: &Project, remote: bool, import: Option<u64>, progress: &dyn Progress) -> Result<()> {
    let report = match remote {
        true => audits::audit_remote(project, false, true, progress)?,
        false => audits::audit(project, false, progress)?,
    };
    let foreign = |finding: &&Finding| finding.what == "imported" && finding.index != import;
    let foreign = report.findings.iter().filter(foreign).count() as u64;
    let compared = report.checkpoints > 0 && report.size > 0;
    if report.result == "sound" || (compared && foreign > 0 && foreign == report.finding_count) {
        return Ok(());
    }
    let found = report.findings.first().map(|finding| format!("{}: {}", finding.what, finding.detail));
    let what = match remote {
        true => "the log in its new place",
        false => "the log",
    };
    let why = found.unwrap_or_else(|| format!("the audit is {}", report.result));
    Err(AppError::NotSound { what: what.to_owned(), why })
}

/// Takes over what others recorded in the old place.
pub fn catch_up(source: &Project, target: &Project) -> Result<()> {
    match source.ledger.fetch() {
        Err(StoreError::Moved { .. }) if is_moved(source, target)? => Ok(()),
        fetched => Ok(fetched.map(|_| ())?),
    }
}

/// Whether the last entry says that the log goes on in the new place. An error if it says another one.
pub fn is_moved(source: &Project, target: &Project) -> Result<bool> {
    let Some(last) = source.ledger.head()?.size().checked_sub(1) else { return Ok(false) };
    let mut place = None;
    source.ledger.read(last, &mut |stored| {
        let body = batch::open(stored.bytes).ok().map(|(_, body)| body);
        let body = body.filter(|body| body.kind == Kind::LedgerMoved);
        place = body.and_then(|body| body.ledger).filter(|to| to.log == source.ledger.log());
        ControlFlow::Break(())
    })?;
    match place.and_then(|to| to.place) {
        None => Ok(false),
        Some(place) if place == digest_of(target) => Ok(true),
        // The log came here, and nothing was recorded since.
        Some(place) if place == digest_of(source) => Ok(false),
        // It goes into another log, which may have gone on elsewhere since.
        Some(_) if target.ledger.log() != source.ledger.log() => Ok(true),
        Some(_) => Err(StoreError::Moved { what: "the place that the settings name".to_owned() }.into()),
    }
}

fn digest_of(project: &Project) -> Blake3Hash {
    let place = project.config.shared_ledger().map(|to| to.site.place.to_string()).unwrap_or_default();
    Blake3Hash::of_place(&project.config.project.id, &place)
}

/// The entry that says where a dataset is now.
fn relocated(project: &Project, signer: &dyn EntrySigner, brought: &Brought) -> Result<SealedEntry> {
    let Brought { root, record, packages } = brought;
    let mut body: Body = project.draft(Kind::DataRelocated, signer);
    body.inputs = List::Inline(vec![record.artefact(&root.name, &root.role)]);
    body.notes.push("the project moved".to_owned());
    if let Some(before) = root.maps.first() {
        body.evidence.insert(VERSIONS_BEFORE.to_owned(), before.clone());
    }
    if let Some(packages) = packages {
        body.evidence.insert(packages::PACKAGES.to_owned(), packages.clone());
    }
    record::seal(body, signer)
}

/// Entries about all that was brought, which the log does not have yet.
fn fresh(
    project: &Project,
    signer: &dyn EntrySigner,
    needs: &Needs,
    done: &Done,
) -> Result<Vec<SealedEntry>> {
    let mut fresh = Vec::new();
    for brought in needs.roots.iter().filter_map(|root| done.uploaded.get(&root.blake3)) {
        let entry = relocated(project, signer, brought)?;
        if project.ledger.find(entry.id())?.is_none() {
            fresh.push(entry);
        }
    }
    Ok(fresh)
}

/// Says in the old place where everything is now, and, last of all, where the log goes on: in one commit, unless that
/// would be too large. Nothing that was not looked at lies before.
pub fn record(
    source: &Project,
    target: &Project,
    needs: &Needs,
    done: &mut Done,
    state: &State,
) -> Result<Closed> {
    let signer = source.signer()?;
    let mut tree = source.ledger.head()?;
    if tree.size() != needs.size {
        return Ok(Closed::Again);
    }
    let mut entries = fresh(source, &*signer, needs, done)?;
    let relocated = entries.len() as u64;
    let mut size = tree.size();
    if state.moves_ledger()? {
        entries.iter().for_each(|entry| tree.push(entry.leaf()));
        let header = source.ledger.header();
        let mut body = source.draft(Kind::LedgerMoved, &*signer);
        body.ledger = Some(LedgerRef {
            log: header.log,
            origin: header.origin.clone(),
            size: tree.size(),
            root: tree.root().to_string(),
            place: Some(digest_of(target)),
        });
        entries.push(record::seal(body, &*signer)?);
    }
    for entries in in_batches(entries) {
        let count = entries.len() as u64;
        let Some(batch) = Batch::new(entries) else { continue };
        match source.ledger.commit_alone(size, &batch)? {
            Outcome::Won { .. } => size += count,
            Outcome::Lost => return Ok(Closed::Again),
            Outcome::Unknown if source.ledger.is_shared() => {
                let why = "its outcome is not known".to_owned();
                return Err(AppError::NotCommitted { why });
            }
            Outcome::Unknown => {
                source.ledger.confirm()?;
                return Ok(Closed::Again);
            }
        }
    }
    done.relocated += relocated;
    source.publish()?;
    Ok(Closed::Done)
}

/// About data that came after the log had moved.
pub fn relocate_rest(target: &Project, needs: &Needs, done: &mut Done) -> Result<()> {
    let signer = target.signer()?;
    let entries = fresh(target, &*signer, needs, done)?;
    if entries.is_empty() {
        return Ok(());
    }
    done.relocated += entries.len() as u64;
    for entries in in_batches(entries) {
        record::commit(&*target.ledger, entries)?;
    }
    target.publish()
}

fn in_batches(entries: Vec<SealedEntry>) -> Vec<Vec<SealedEntry>> {
    let mut all: Vec<Vec<SealedEntry>> = Vec::new();
    let mut bytes = BATCH;
    for entry in entries {
        bytes += entry.bytes().len() + 2;
        match all.last_mut().filter(|_| bytes < BATCH) {
            Some(last) => last.push(entry),
            None => {
                bytes = entry.bytes().len();
                all.push(vec![entry]);
            }
        }
    }
    all
}

/// Copies every entry, byte for byte and in order; what is there already must be the same.
pub fn copy(source: &Project, target: &Project, progress: &dyn Progress) -> Result<()> {
    let whole = source.ledger.head()?;
    progress.begin("copy", Some(whole.size()), None);
    let copied = (|| {
        let mut told = 0;
        loop {
            let at = target.ledger.head()?;
            progress.advance(at.size().saturating_sub(told), 0);
            told = at.size();
            if source.ledger.tree_at(at.size())?.as_ref() != Some(&at) {
                let why = "what lies in the new place is not this log".to_owned();
                return Err(StoreError::Inconsistent { why }.into());
            }
            if at.size() >= whole.size() {
                return Ok(());
            }
            step(source, target, at.size())?;
        }
    })();
    progress.end();
    copied
}

/// One commit: that of the old place as it is, or, of a journal, one of its entries.
fn step(source: &Project, target: &Project, from: u64) -> Result<()> {
    let unknown = || AppError::NotCommitted { why: "its outcome is not known".to_owned() };
    for nth in 0.. {
        let Some(object) = source.ledger.object_at(from, nth)? else { break };
        match target.ledger.take_object(&object)? {
            Outcome::Won { .. } => return Ok(()),
            Outcome::Unknown => return Err(unknown()),
            // Void there, and so here; or somebody was here before.
            Outcome::Lost if target.ledger.head()?.size() > from => return Ok(()),
            Outcome::Lost => {}
        }
    }
    let entries = next_entries(source, from)?;
    let Some(batch) = Batch::new(entries) else {
        let (what, at) = ("the log".to_owned(), format!("entry {from}"));
        let why = "it cannot be committed together with those after it".to_owned();
        return Err(StoreError::Corrupt { what, at, why }.into());
    };
    match target.ledger.commit_alone(from, &batch)? {
        Outcome::Unknown => Err(unknown()),
        // Lost: somebody was here before, and what he did is looked at.
        Outcome::Won { .. } | Outcome::Lost => Ok(()),
    }
}

/// As many as go into one commit. The first one must hold the entry that admits whoever signs it.
fn next_entries(source: &Project, from: u64) -> Result<Vec<SealedEntry>> {
    let signer = source.signer()?.public().id();
    let (mut entries, mut bytes, mut problem) = (Vec::new(), 0, None);
    let mut admitted = from > 0;
    source.ledger.read(from, &mut |stored| {
        let length = stored.bytes.len() + 2;
        let most = if admitted { BATCH } else { chain::MAX_OBJECT - 4096 };
        if bytes + length > most {
            return ControlFlow::Break(());
        }
        match SealedEntry::parse(stored.bytes.to_vec()) {
            Ok((entry, body)) => {
                admitted |= body.actor.writer == signer;
                bytes += length;
                entries.push(entry);
                ControlFlow::Continue(())
            }
            Err(e) => {
                problem = Some(e);
                ControlFlow::Break(())
            }
        }
    })?;
    match problem {
        Some(e) => Err(e.into()),
        None if !admitted => Err(StoreError::Unsupported {
            what: "the log".to_owned(),
            why: format!(
                "your writer key speaks in it only after {} entries: too many for the first commit, which it has to sign",
                entries.len()
            ),
        }
        .into()),
        None => Ok(entries),
    }
}
