//! What an `imported` entry says, held against its evidence: the log that came had these leaves, its last checkpoint says
//! so, and every one of them is here or was left out for all to see.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::logs::notes::claim;
use crate::app::migrate::import;
use crate::domain::entry::Body;
use crate::domain::entry::LedgerRef;
use crate::domain::ids::LogId;
use crate::ledger::batch;
use crate::ledger::frame::Header;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// What is to be said against some, with the index of each, and the logs whose import is as it says.
pub type Checked = (Vec<(u64, Objection)>, Vec<LogId>);

/// What is wrong with one.
pub enum Objection {
    /// It is not so.
    Wrong(String),
    /// Its evidence is not here.
    Unchecked(String),
}

/// What is to be said against the imports of a log, with the index of each, and the logs whose import is as it says.
/// `imports`: all of them.
pub fn check(project: &Project, imports: &[(u64, Body)]) -> Result<Checked> {
    let (mut objections, mut sound) = (Vec::new(), Vec::new());
    if imports.is_empty() {
        return Ok((objections, sound));
    }
    let mut here: HashSet<TreeHash> = HashSet::new();
    let read = project.ledger.read(0, &mut |stored| {
        here.insert(hash::leaf(stored.bytes));
        ControlFlow::Continue(())
    });
    if let Err(e) = read {
        // The audit says what is wrong there.
        let unchecked = |(index, _): &(u64, Body)| (*index, Objection::Unchecked(e.to_string()));
        return Ok((imports.iter().map(unchecked).collect(), sound));
    }
    for (index, body) in imports {
        let Some(from) = &body.ledger else { continue };
        match one(project, from, body, &here)? {
            Some(objection) => objections.push((*index, objection)),
            None => sound.push(from.log),
        }
    }
    Ok((objections, sound))
}

fn one(
    project: &Project,
    from: &LedgerRef,
    body: &Body,
    here: &HashSet<TreeHash>,
) -> Result<Option<Objection>> {
    let wrong = |what: String| Ok(Some(Objection::Wrong(format!("log {}: {what}", from.log))));
    let mut objects = Vec::new();
    for name in [import::CHECKPOINT, import::LEAVES, import::NOT_TAKEN] {
        let Some(object) = body.evidence.get(name) else { return wrong(format!("it names no {name}")) };
        match project.read_ref(object) {
            Ok(bytes) => objects.push(bytes),
            Err(AppError::Store(StoreError::Corrupt { why, .. })) => return wrong(format!("{name}: {why}")),
            Err(e) => {
                return Ok(Some(Objection::Unchecked(format!("log {}: {name}: {e}", from.log))));
            }
        }
    }
    let note = String::from_utf8_lossy(&objects[0]).into_owned();
    let Some(leaves) = leaves_of(&objects[1]) else { return wrong("its leaves are no hashes".to_owned()) };
    let root = root_of(&leaves);
    if leaves.len() as u64 != from.size || root.to_string() != from.root {
        return wrong("the leaves do not give the tree that it names".to_owned());
    }
    let header = Header::of_origin(&from.origin).ok();
    if !header.is_some_and(|header| header.log == from.log && header.project == project.config.project.id) {
        return wrong("its origin is that of another log".to_owned());
    }
    let said = claim(&note);
    if !said.is_some_and(|c| c.origin == from.origin && c.size == from.size && c.root == root) {
        return wrong("its checkpoint is of another tree".to_owned());
    }
    let pins = project.pins()?;
    if pins.for_origin(&from.origin).next().is_some()
        && let Err(e) = pins.open(&note, &from.origin)
    {
        return wrong(format!("its checkpoint: {e}"));
    }
    let lines = objects[2].split(|byte| *byte == b'\n');
    let left_out: HashSet<TreeHash> = lines.filter_map(|line| may_stay_out(project, line)).collect();
    if let Some(at) = leaves.iter().position(|leaf| !here.contains(leaf) && !left_out.contains(leaf)) {
        return wrong(format!("its entry {at} was not taken over"));
    }
    // Whatever its key signed and is known here must be part of it.
    for other in project.accepted_logs()?.iter().filter(|other| other.log() == from.log) {
        for known in project.known_notes(other)? {
            let Ok(signed) = pins.open(&known.note, &from.origin) else { continue };
            let known_leaves = usize::try_from(signed.size).ok().and_then(|size| leaves.get(..size));
            if known_leaves.is_none_or(|leaves| root_of(leaves) != signed.root) {
                return wrong(format!("{} signs for entries that did not come", known.place));
            }
        }
    }
    Ok(None)
}

/// Of an entry that may be left out: it is about its log alone, or the same writer's entry of that id is here.
fn may_stay_out(project: &Project, line: &[u8]) -> Option<TreeHash> {
    let (_, body) = batch::open(line).ok()?;
    let known = || project.ledger.find(&body.id).is_ok_and(|found| found.is_some());
    (import::is_about_its_log(&body.kind) || known()).then(|| hash::leaf(line))
}

fn leaves_of(bytes: &[u8]) -> Option<Vec<TreeHash>> {
    let (whole, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| whole.iter().map(|leaf| TreeHash(*leaf)).collect())
}

fn root_of(leaves: &[TreeHash]) -> TreeHash {
    let mut tree = Frontier::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}
