//! The ledger, and what depends on it.

use super::Check;
use super::Remedy;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::record;
use crate::domain::time::Timestamp;
use crate::ledger::writers::Writers;
use crate::ports::StoreError;
use crate::ports::probe::State;

pub(super) fn all(project: &Project) -> Vec<Check> {
    let mut checks = Vec::new();
    match journal(project) {
        Ok((check, writers)) => {
            checks.push(check);
            checks.extend(admitted(project, &writers));
        }
        Err(e) => checks.push(Check::failed("ledger", State::Problem, e)),
    }
    checks.extend(checkpoint(project));
    checks.push(outbox(project).unwrap_or_else(|e| Check::failed("outbox", State::Problem, e)));
    checks.extend(query_index(project));
    checks
}

/// Reads all of it, once.
fn journal(project: &Project) -> Result<(Check, Writers)> {
    let ledger = &*project.ledger;
    ledger.check()?;
    let writers = record::read_writers(ledger, &project.config.project.id)?;
    let (size, unfinished) = (ledger.head()?.size(), ledger.unfinished()?);
    let check = match unfinished {
        0 => Check::ok("ledger", format!("sound, entries: {size}")),
        n => {
            let found = format!(
                "entries: {size}; then {n} bytes of one that was never finished, which the next moves aside"
            );
            Check::fact("ledger", State::Warning, found)
        }
    };
    Ok((check, writers))
}

/// Nothing is said of a key that cannot be used: it has a line of its own.
fn admitted(project: &Project, writers: &Writers) -> Option<Check> {
    let key = project.keys.writer_key(project.ledger.log()).ok()?.public().id();
    Some(match writers.is_writer(&key) {
        true => Check::ok("writer", format!("the log admits {}", key.short())),
        false => {
            Check::fact("writer", State::Problem, format!("this log does not admit your key {}", key.short()))
                .helped_by(Remedy::RequestAdmission)
        }
    })
}

/// Pins, and the published checkpoint as they see it.
fn checkpoint(project: &Project) -> Vec<Check> {
    let origin = &project.ledger.header().origin;
    let pins = match project.pins() {
        Ok(pins) => pins,
        Err(e) => return vec![Check::failed("pins", State::Problem, e)],
    };
    let shared = project.ledger.is_shared();
    let pinned = pins.for_origin(origin).count();
    let pin = match pinned {
        0 => Check::fact(
            "pins",
            State::Problem,
            "you have pinned no key of this log, so nothing of it can be believed",
        )
        .helped_by(if shared { Remedy::TrustKey } else { Remedy::Init }),
        n => Check::ok("pins", format!("keys of this log that you trust: {n}")),
    };
    let remedy = if shared { Remedy::PublishCheckpoint } else { Remedy::SignCheckpoint };
    let behind = |found: String| Check::fact("checkpoint", State::Warning, found).helped_by(remedy);
    let (note, head) = match (project.ledger.latest(), project.ledger.head()) {
        (Ok(note), Ok(head)) => (note, head),
        (Err(e), _) => return vec![pin, Check::failed("checkpoint", State::Problem, e)],
        // The ledger's own line says why.
        (_, Err(_)) => {
            return vec![pin, Check::fact("checkpoint", State::NotChecked, "the ledger cannot be read")];
        }
    };
    let check = match note.map(|note| pins.open(&note, origin)) {
        None => behind("there is none yet".to_owned()),
        Some(Err(_)) if pinned == 0 => {
            Check::fact("checkpoint", State::NotChecked, "no key of this log is pinned")
        }
        Some(Err(e)) => Check::failed("checkpoint", State::Problem, e),
        Some(Ok(signed)) if signed.size < head.size() => {
            behind(format!("it covers {} of {} entries", signed.size, head.size()))
        }
        Some(Ok(signed)) => Check::ok("checkpoint", format!("it covers all entries: {}", signed.size)),
    };
    vec![pin, check]
}

fn outbox(project: &Project) -> Result<Check> {
    let (waiting, queued) = (commit::waiting(project)?, commit::queued(project)?);
    let (staged, drafts) = (project.outbox().staged()?, project.outbox().drafts()?);
    let times = waiting.iter().map(|w| &w.since).chain(queued.iter().map(|q| &q.since));
    let times =
        times.chain(staged.iter().map(|(_, s)| &s.time)).chain(drafts.iter().map(|(_, body)| &body.time));
    let Some(since) = times.min_by_key(|time| time.unix_micros()).map(Timestamp::to_seconds) else {
        return Ok(Check::ok("outbox", "nothing waits"));
    };
    let for_data = waiting.iter().filter(|w| !w.data.is_empty()).count();
    let kinds = [
        (for_data, "commits wait for data"),
        (waiting.len() - for_data, "commits wait to be recorded"),
        (queued.len(), "signed entries wait for the shared ledger"),
        (staged.len(), "datasets wait for the store in the bucket"),
        (drafts.len(), "entries wait for such datasets"),
    ];
    let told = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what}: {n}"));
    let found = format!("{}; the oldest since {since}", told.collect::<Vec<_>>().join(", "));
    let remedy = match () {
        () if !queued.is_empty() || !staged.is_empty() => Remedy::Sync,
        () if for_data < waiting.len() => Remedy::RecordWaiting,
        () => Remedy::LookAtWaiting,
    };
    Ok(Check::fact("outbox", State::Warning, found).helped_by(remedy))
}

/// Derived: whatever is wrong with it, it can be made again.
fn query_index(project: &Project) -> Option<Check> {
    let fact = |state, found: String| Some(Check::fact("query index", state, found));
    // Of logs that cannot be read is told elsewhere.
    if !project.asks_index().ok()? {
        return fact(State::None, format!("asked from {} entries on", project.index_from));
    }
    match project.index.covered(project.ledger.log()) {
        Ok(Some(covered)) => fact(State::Ok, format!("it covers entries: {}", covered.size)),
        Ok(None) => fact(State::None, "not made yet; the next question makes it".to_owned()),
        Err(e @ StoreError::Corrupt { .. }) => {
            Some(Check::failed("query index", State::Warning, e).helped_by(Remedy::Reindex))
        }
        Err(e) => Some(Check::failed("query index", State::NotChecked, e)),
    }
}
