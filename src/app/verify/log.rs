//! The log itself: journal, tree, checkpoint, pins, and the standing of each entry.

use super::Findings;
use super::Verdict;
use super::unreadable;
use crate::app::Project;
use crate::app::Result;
use crate::app::logs::notes::KnownNote;
use crate::app::logs::notes::Place;
use crate::app::query::LogEntry;
use crate::domain::entry::Body;
use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;
use crate::durable;
use crate::ledger::batch;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::envelope::Envelope;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::tree::Frontier;
use crate::ledger::writers::History;
use crate::ledger::writers::Standing;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::trust::pins;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// One log, read from its entries alone.
pub struct CheckedLog {
    pub id: LogId,
    /// What was found about the log as a whole.
    pub findings: Findings,
    /// What the key of each entry may.
    writers: History,
    /// Entries that a valid checkpoint of a pinned key covers.
    covered: u64,
    origin: String,
    leaves: Vec<TreeHash>,
    project: ProjectId,
}

/// Reads a log, checks it, and adds its entries to `entries`.
/// `vkey`: the key that it is said to have, as a proposal to the user; `None`: the key is this clone's own.
pub fn check(
    project: &Project,
    log: &dyn LogReader,
    vkey: Option<&str>,
    entries: &mut Vec<LogEntry>,
) -> Result<CheckedLog> {
    let own = log.log() == project.ledger.log();
    let mut findings = Findings::default();
    let mut tree = Frontier::default();
    let notes = project.known_notes(log)?;
    // Sizes at which the root will be wanted. They are only claims here; the signature is checked later.
    let mut roots = Roots::new(notes.iter().filter_map(KnownNote::claim).map(|c| c.size).collect());
    let mut writers = History::default();
    let (id, mut founder) = (log.log(), None);
    roots.at(&tree);
    let mut leaves = Vec::new();
    let read = log.read(0, &mut |stored| {
        let leaf = hash::leaf(stored.bytes);
        leaves.push(leaf);
        tree.push(leaf);
        roots.at(&tree);
        let read = batch::open(stored.bytes);
        let parts = read.as_ref().ok().map(|(envelope, body)| (envelope, body));
        writers.follow(&project.config.project.id, parts);
        let read = read.map(|(_, body)| body);
        if stored.index == 0 {
            founder = read.as_ref().ok().map(|body| body.actor.writer);
        }
        let bytes = stored.bytes.to_vec();
        entries.push(LogEntry { log: id, index: stored.index, id: stored.id, bytes, read });
        ControlFlow::Continue(())
    });
    let (link, subject) = if own { ("journal", String::new()) } else { ("log", id.to_string()) };
    match read {
        Ok(()) => {
            let rest = match log.unfinished()? {
                0 => String::new(),
                n => format!("; {n} bytes of an unfinished frame at its end count for nothing"),
            };
            let what =
                if own { "every frame's checksum and tree agree" } else { "fetched from another clone" };
            findings.add(link, subject, Verdict::Intact, format!("{} entries; {what}{rest}", tree.size()));
        }
        Err(StoreError::Corrupt { what, at, why }) => {
            findings.add(link, subject, Verdict::Altered, format!("{what}: damaged at {at}: {why}"));
        }
        Err(e) => return Err(e.into()),
    }
    if let Some(founder) = founder.filter(|founder| project.pins().is_ok_and(|p| !p.may_found(founder))) {
        let detail =
            format!("the log was founded by {}, which is none of the trusted admins", founder.short());
        findings.add("founder", "", Verdict::Altered, detail);
    }
    let origin = log.header().origin.clone();
    let covered = match project.pins()?.for_origin(&origin).next().is_some() {
        true => checkpoints(project, log, &notes, &roots, tree.size(), &mut findings)?,
        false => {
            unpinned(project, log, vkey, &mut findings);
            0
        }
    };
    let project = project.config.project.id;
    Ok(CheckedLog { id, findings, writers, covered, origin, leaves, project })
}

/// Roots of the log at the sizes that checkpoints claim, computed while it is read.
pub struct Roots {
    wanted: BTreeMap<u64, Option<TreeHash>>,
}

impl Roots {
    pub fn new(sizes: Vec<u64>) -> Self {
        Roots { wanted: sizes.into_iter().map(|s| (s, None)).collect() }
    }

    pub fn at(&mut self, tree: &Frontier) {
        if let Some(slot) = self.wanted.get_mut(&tree.size()) {
            *slot = Some(tree.root());
        }
    }

    pub fn get(&self, size: u64) -> Option<TreeHash> {
        self.wanted.get(&size).copied().flatten()
    }
}

fn unpinned(project: &Project, log: &dyn LogReader, vkey: Option<&str>, findings: &mut Findings) {
    let origin = &log.header().origin;
    findings.add("pin", origin, Verdict::Unpinned, "this user has pinned no key of this log");
    let own = || project.keys.log_key(log.log(), origin).map(|k| k.verifier().to_string());
    findings.hint(match (vkey, own()) {
        (_, Ok(vkey)) => format!("mlprov key trust '{vkey}'"),
        (Some(vkey), _) => format!("mlprov key trust '{vkey}'   # once the log's owner confirms it"),
        (None, Err(_)) => {
            "mlprov key trust VKEY   # ask the log's owner for: mlprov key show --vkey".to_owned()
        }
    });
}

/// Checks the published checkpoint and all others that are known. Returns how many entries are covered.
fn checkpoints(
    project: &Project,
    log: &dyn LogReader,
    notes: &[KnownNote],
    roots: &Roots,
    size: u64,
    findings: &mut Findings,
) -> Result<u64> {
    let pins = project.pins()?;
    let origin = &log.header().origin;
    findings.add("pin", origin, Verdict::Intact, "the log's key is pinned by this user");

    let against = |checkpoint: &Checkpoint| match roots.get(checkpoint.size) {
        Some(root) if root == checkpoint.root => Ok(()),
        Some(root) => Err(format!(
            "it says root {} for {} entries; the log's own entries give {root}",
            checkpoint.root, checkpoint.size
        )),
        None => Err(format!("it covers {} entries; the log holds {size}", checkpoint.size)),
    };
    let mut covered = 0;
    // The largest checkpoint that holds and was not seen before.
    let mut largest: Option<(u64, &str)> = None;
    // Checkpoints that others keep, and the largest size among them.
    let mut witnesses = (0u64, 0u64);
    if !notes.iter().any(|n| n.place == Place::Published) {
        findings.add("checkpoint", "", Verdict::Unpublished, "none is published");
        findings.hint("mlprov init   # publishes one");
    }
    let own = log.log() == project.ledger.log();
    for known in notes {
        let opened = pins.open(&known.note, origin);
        // A copy that lags behind its log is no fraud, but it is not all: something later may speak up there.
        let ahead = opened.as_ref().is_ok_and(|c| c.size > size);
        if ahead && !own && !matches!(known.place, Place::Published | Place::Required) {
            let kept = opened.map_or(0, |c| c.size);
            let detail = format!("the copy here holds {size} entries, and a checkpoint of {kept} is known");
            findings.add("witness", &known.place, Verdict::Unreachable, detail);
            findings.hint("mlprov sync --fetch");
            largest = None;
            continue;
        }
        let held = opened.as_ref().map_err(ToString::to_string).and_then(|c| against(c).map(|()| c.size));
        match (&known.place, held) {
            (Place::Published, Err(why)) => findings.add("checkpoint", "", Verdict::Altered, why),
            (Place::Published, Ok(size)) => {
                covered = size;
                largest = Some((size, &known.note));
                let detail =
                    format!("signed by the pinned key; its root over {covered} entries was computed again");
                findings.add("checkpoint", "", Verdict::Intact, detail);
            }
            (Place::Seen, Ok(size)) => {
                let detail = format!("the log continues the largest checkpoint seen here ({size} entries)");
                findings.add("seen before", "", Verdict::Intact, detail);
                if largest.is_some_and(|(own, _)| own <= size) {
                    largest = None;
                }
            }
            (Place::Seen, Err(why)) => {
                let detail = match opened {
                    Ok(_) => format!("the log was rolled back or rewritten since it was last seen: {why}"),
                    Err(_) => format!("the remembered checkpoint: {why}"),
                };
                findings.add("seen before", "", Verdict::Altered, detail);
                largest = None;
            }
            // Of another log of the project: it says nothing about this one.
            (Place::Required, Err(_)) if !known.note.starts_with(&format!("{origin}\n")) => {}
            (Place::Required, Ok(size)) => {
                let detail = format!("the log continues the checkpoint demanded ({size} entries)");
                findings.add("required", "", Verdict::Intact, detail);
            }
            (Place::Required, Err(why)) => {
                let detail = match opened {
                    Ok(_) => format!("the log does not continue the checkpoint demanded: {why}"),
                    Err(_) => format!("the checkpoint demanded: {why}"),
                };
                findings.add("required", "", Verdict::Altered, detail);
                largest = None;
            }
            (Place::Note(_) | Place::Trailer(_) | Place::Remote(_), Ok(size)) => {
                witnesses = (witnesses.0 + 1, witnesses.1.max(size));
            }
            (Place::Note(_) | Place::Trailer(_) | Place::Remote(_), Err(why)) => {
                // What no pinned key signed says nothing.
                if opened.is_ok() {
                    let detail = format!("the log was rolled back or rewritten since: {why}");
                    findings.add("witness", &known.place, Verdict::Altered, detail);
                    largest = None;
                }
            }
        }
    }
    if witnesses.0 > 0 {
        let (count, size) = witnesses;
        let s = if count == 1 { " agrees" } else { "s agree" };
        let detail = format!("{count} checkpoint{s} in git; the largest covers {size} entries");
        findings.add("witness", "", Verdict::Intact, detail);
    }
    if let Some((_, note)) = largest {
        remember(project, log.log(), note)?;
    }
    Ok(covered)
}

/// The only thing that `verify` writes.
fn remember(project: &Project, log: LogId, note: &str) -> Result<()> {
    let path = pins::seen_file(&project.state_dir(), log);
    if let Some(dir) = path.parent() {
        durable::create_dir_all(dir)?;
    }
    Ok(durable::replace(&path, note.as_bytes(), 0o600)?)
}

/// What a checkpoint is worth that somebody names without its signature.
#[derive(Debug)]
pub enum Claim {
    Holds,
    /// It covers more than what is here.
    Beyond {
        held: u64,
    },
    /// Why it is none of this log, or does not cover the entry.
    False(String),
}

impl CheckedLog {
    /// `claim`: origin, size and root. `index`: of the entry that it is to cover.
    pub fn claim(&self, claim: &str, index: u64) -> Claim {
        let parts: Vec<&str> = claim.split(' ').collect();
        let checkpoint = Checkpoint::parse_text(&(parts.join("\n") + "\n")).ok().filter(|_| parts.len() == 3);
        let Some(Checkpoint { origin, size, root }) = checkpoint else {
            return Claim::False("it is not origin, size and root".to_owned());
        };
        if origin != self.origin {
            return Claim::False(format!("it is of {origin}"));
        }
        if size <= index {
            return Claim::False(format!("it covers {size} entries, and not the one at index {index}"));
        }
        let held = self.leaves.len() as u64;
        if size > held {
            return Claim::Beyond { held };
        }
        let mut tree = Frontier::default();
        self.leaves.iter().take(size as usize).for_each(|leaf| tree.push(*leaf));
        match tree.root() == root {
            true => Claim::Holds,
            false => Claim::False(format!("the log's own first {size} entries give root {}", tree.root())),
        }
    }

    /// Whether this user trusts the log, and its own checkpoint holds.
    pub fn is_trusted(&self) -> bool {
        self.covered > 0 && self.findings.links.iter().all(|l| l.verdict.exit() == 0)
    }

    /// Whether this user trusts the log's key and founder, and the log is not what that key signed.
    pub fn is_contradicted(&self) -> bool {
        let links = &self.findings.links;
        let believed = !links.iter().any(|l| l.verdict == Verdict::Unpinned || l.link == "founder");
        believed && links.iter().any(|l| l.verdict.exit() == 1)
    }

    /// Whether the entry stands under a checkpoint that can be believed, with the signature of a writer who was
    /// admitted.
    pub fn vouches_for(&self, entry: &LogEntry) -> bool {
        entry.index < self.covered && self.admits(entry)
    }

    /// Whether a writer who was admitted signed it.
    pub fn admits(&self, entry: &LogEntry) -> bool {
        let envelope = Envelope::parse(&entry.bytes).ok();
        let standing = envelope.zip(entry.body()).map(|(e, body)| self.standing(entry, &e, body));
        standing == Some(Standing::Admitted)
    }

    fn standing(&self, entry: &LogEntry, envelope: &Envelope, body: &Body) -> Standing {
        self.writers.standing(entry.index, envelope, body)
    }

    /// One entry: form, signature, writer, inclusion. `entries`: all of all logs.
    pub fn entry(&self, entry: &LogEntry, entries: &[LogEntry], findings: &mut Findings) {
        let subject = format!("{} (index {})", entry.id.short(), entry.index);
        if let Some(why) = unreadable(&entry.bytes) {
            return findings.add("entry", subject, Verdict::Altered, why);
        }
        let (Some(body), Ok(envelope)) = (entry.body(), Envelope::parse(&entry.bytes)) else { return };
        if body.id != entry.id {
            let why = format!("the journal calls it {}, its own bytes say {}", entry.id, body.id);
            return findings.add("entry", subject, Verdict::Altered, why);
        }
        if body.project != self.project {
            let why = format!("it was written for project {}", body.project);
            return findings.add("entry", subject, Verdict::Altered, why);
        }
        let twice = entries.iter().find(|e| e.log == self.id && e.id == entry.id && e.bytes != entry.bytes);
        if let Some(other) = twice {
            let why = format!("another entry with the same id stands at index {}", other.index);
            return findings.add("entry", subject, Verdict::Altered, why);
        }
        let what = format!("{} in one form, its id derives from its fields", body.kind);
        findings.add("entry", &subject, Verdict::Intact, what);
        self.signature(entry, &envelope, body, &subject, findings);
        if entry.index < self.covered {
            let detail = format!("under the signed checkpoint of {} entries", self.covered);
            findings.add("inclusion", subject, Verdict::Intact, detail);
        } else if self.covered > 0 {
            findings.add(
                "inclusion",
                subject,
                Verdict::Unpublished,
                "recorded, not yet under a signed checkpoint",
            );
            findings.hint("mlprov init   # publishes one");
        } else {
            findings.add(
                "inclusion",
                subject,
                Verdict::Unpublished,
                "no checkpoint that can be believed covers it",
            );
        }
    }

    fn signature(
        &self,
        entry: &LogEntry,
        envelope: &Envelope,
        body: &Body,
        subject: &str,
        findings: &mut Findings,
    ) {
        let key = envelope.key_id.short();
        let (verdict, detail) = match self.standing(entry, envelope, body) {
            Standing::Admitted => {
                (Verdict::Intact, format!("writer {key} was admitted, its signature holds"))
            }
            Standing::Forged => (Verdict::Altered, format!("the signature of writer {key} does not hold")),
            Standing::Stranger => (Verdict::Altered, format!("key {key} was never admitted to this log")),
            Standing::Revoked => (Verdict::Altered, format!("writer {key} had been revoked before")),
            other @ (Standing::Expired | Standing::NotDelegated) => {
                (Verdict::Altered, format!("key {key}: {other}"))
            }
        };
        findings.add("signature", subject, verdict, detail);
    }
}
