//! The log itself: journal, tree, checkpoint, pins, and the standing of each entry.

use super::Findings;
use super::Verdict;
use super::unreadable;
use crate::app::Project;
use crate::app::Result;
use crate::app::init::read_or_empty;
use crate::app::query::LogEntry;
use crate::durable;
use crate::ledger::batch;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::envelope::Envelope;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::trust::pins;
use crate::trust::writers::Standing;
use crate::trust::writers::Writers;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The log, read from its entries alone.
pub struct CheckedLog {
    pub entries: Vec<LogEntry>,
    /// Who may write from which index on. Few entries change it.
    writers: Vec<(u64, Writers)>,
    /// Entries that a valid checkpoint of a pinned key covers.
    covered: u64,
    project: crate::domain::ids::ProjectId,
}

pub fn check(project: &Project, findings: &mut Findings) -> Result<CheckedLog> {
    let mut entries = Vec::new();
    let mut tree = Frontier::default();
    let origin = project.ledger.header().origin.clone();
    let notes = KnownNotes::collect(project, &origin)?;
    let mut roots = Roots::new(notes.sizes());
    let mut writers = vec![(0, Writers::default())];
    roots.at(&tree);
    let read = project.ledger.read(0, &mut |stored| {
        tree.push(hash::leaf(stored.bytes));
        roots.at(&tree);
        let read = batch::open(stored.bytes);
        if let Ok((envelope, body)) = &read
            && (stored.index == 0 || body.writer.is_some())
        {
            let mut next = writers.last().map(|(_, w)| w.clone()).unwrap_or_default();
            next.follow(&project.config.project.id, envelope, body);
            // The founding entry is judged by itself; every other by what stood before it.
            writers.push((if stored.index == 0 { 0 } else { stored.index + 1 }, next));
        }
        let read = read.map(|(_, body)| body);
        entries.push(LogEntry { index: stored.index, id: stored.id, bytes: stored.bytes.to_vec(), read });
        ControlFlow::Continue(())
    });
    match read {
        Ok(()) => {
            let rest = match project.ledger.unfinished()? {
                0 => String::new(),
                n => format!("; {n} bytes of an unfinished frame at its end count for nothing"),
            };
            let detail = format!("{} entries; every frame's checksum and tree agree{rest}", entries.len());
            findings.add("journal", "", Verdict::Intact, detail);
        }
        Err(StoreError::Corrupt { what, at, why }) => {
            findings.add("journal", "", Verdict::Altered, format!("{what}: damaged at {at}: {why}"));
        }
        Err(e) => return Err(e.into()),
    }
    if let Some((founder, pins)) =
        entries.first().and_then(|e| Some((e.body()?.actor.writer, project.pins().ok()?)))
        && !pins.may_found(&founder)
    {
        let detail =
            format!("the log was founded by {}, which is none of the trusted admins", founder.short());
        findings.add("founder", "", Verdict::Altered, detail);
    }
    let covered = checkpoints(project, &origin, &notes, &roots, tree.size(), findings)?;
    let project = project.config.project.id;
    Ok(CheckedLog { entries, writers, covered, project })
}

/// Checkpoints that are known here, before any is believed.
struct KnownNotes {
    latest: Option<String>,
    seen: Option<String>,
    /// Notes that the caller demands the log to continue.
    required: Vec<String>,
}

impl KnownNotes {
    fn collect(project: &Project, _origin: &str) -> Result<Self> {
        let seen = read_or_empty(&pins::seen_file(&project.state_dir(), project.ledger.log()))?;
        let required = project.pins()?.checkpoints().to_vec();
        Ok(KnownNotes {
            latest: project.ledger.latest()?,
            seen: (!seen.is_empty()).then_some(seen),
            required,
        })
    }

    /// Sizes at which the root will be wanted. They are only claims here; the signature is checked later.
    fn sizes(&self) -> Vec<u64> {
        let claims = self.latest.iter().chain(&self.seen).chain(&self.required);
        let parsed = claims.filter_map(|note| {
            let (text, _) = note.rsplit_once("\n\n")?;
            Checkpoint::parse_text(&format!("{text}\n")).ok()
        });
        parsed.map(|c| c.size).collect()
    }
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

/// Checks the published checkpoint and the largest one seen. Returns how many entries are covered.
fn checkpoints(
    project: &Project,
    origin: &str,
    notes: &KnownNotes,
    roots: &Roots,
    size: u64,
    findings: &mut Findings,
) -> Result<u64> {
    let pins = project.pins()?;
    if pins.for_origin(origin).next().is_none() {
        findings.add("pin", origin, Verdict::Unpinned, "this user has pinned no key of this log");
        let vkey = project.keys.log_key(project.ledger.log(), origin).map(|k| k.verifier().to_string());
        match vkey {
            Ok(vkey) => findings.hint(format!("mlprov key trust '{vkey}'")),
            Err(_) => {
                findings.hint("mlprov key trust VKEY   # ask the log's owner for: mlprov key show --vkey")
            }
        }
        return Ok(0);
    }
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
    let mut largest: Option<(u64, &str)> = None;
    match notes.latest.as_deref() {
        None => {
            findings.add("checkpoint", "", Verdict::Unpublished, "none is published");
            findings.hint("mlprov init   # publishes one");
        }
        Some(note) => match pins.open(note, origin) {
            Err(e) => findings.add("checkpoint", "", Verdict::Altered, e.to_string()),
            Ok(checkpoint) => match against(&checkpoint) {
                Err(why) => findings.add("checkpoint", "", Verdict::Altered, why),
                Ok(()) => {
                    covered = checkpoint.size;
                    largest = Some((checkpoint.size, note));
                    let detail = format!(
                        "signed by the pinned key; its root over {covered} entries was computed again"
                    );
                    findings.add("checkpoint", "", Verdict::Intact, detail);
                }
            },
        },
    }
    if let Some(note) = notes.seen.as_deref() {
        match pins.open(note, origin) {
            Err(e) => {
                findings.add("seen before", "", Verdict::Altered, format!("the remembered checkpoint: {e}"))
            }
            Ok(seen) => match against(&seen) {
                Ok(()) => {
                    let detail =
                        format!("the log continues the largest checkpoint seen here ({} entries)", seen.size);
                    findings.add("seen before", "", Verdict::Intact, detail);
                    if largest.is_none_or(|(size, _)| size <= seen.size) {
                        largest = None;
                    }
                }
                Err(why) => {
                    let detail =
                        format!("the log was rolled back or rewritten since it was last seen: {why}");
                    findings.add("seen before", "", Verdict::Altered, detail);
                    largest = None;
                }
            },
        }
    }
    for note in &notes.required {
        match pins.open(note, origin) {
            // Of another log of the project: it says nothing about this one.
            Err(_) if !note.starts_with(&format!("{origin}\n")) => {}
            Err(e) => findings.add("required", "", Verdict::Altered, format!("the checkpoint demanded: {e}")),
            Ok(required) => match against(&required) {
                Ok(()) => {
                    let detail =
                        format!("the log continues the checkpoint demanded ({} entries)", required.size);
                    findings.add("required", "", Verdict::Intact, detail);
                }
                Err(why) => {
                    let detail = format!("the log does not continue the checkpoint demanded: {why}");
                    findings.add("required", "", Verdict::Altered, detail);
                    largest = None;
                }
            },
        }
    }
    if let Some((_, note)) = largest {
        remember(project, note)?;
    }
    Ok(covered)
}

/// The only thing that `verify` writes.
fn remember(project: &Project, note: &str) -> Result<()> {
    let path = pins::seen_file(&project.state_dir(), project.ledger.log());
    if let Some(dir) = path.parent() {
        durable::create_dir_all(dir)?;
    }
    Ok(durable::replace(&path, note.as_bytes(), 0o600)?)
}

impl CheckedLog {
    /// One entry: form, signature, writer, inclusion.
    pub fn entry(&self, entry: &LogEntry, findings: &mut Findings) {
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
        let twice = self.entries.iter().find(|e| e.id == entry.id && e.bytes != entry.bytes);
        if let Some(other) = twice {
            let why = format!("another entry with the same id stands at index {}", other.index);
            return findings.add("entry", subject, Verdict::Altered, why);
        }
        let what = format!("{} in one form, its id derives from its fields", body.kind);
        findings.add("entry", &subject, Verdict::Intact, what);
        self.signature(entry, &envelope, &subject, findings);
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

    fn signature(&self, entry: &LogEntry, envelope: &Envelope, subject: &str, findings: &mut Findings) {
        let key = envelope.key_id.short();
        let then = self.writers.iter().rev().find(|(from, _)| *from <= entry.index);
        let standing = then.map_or(Standing::Stranger, |(_, writers)| writers.judge(envelope));
        let (verdict, detail) = match standing {
            Standing::Admitted => {
                (Verdict::Intact, format!("writer {key} was admitted, its signature holds"))
            }
            Standing::Forged => (Verdict::Altered, format!("the signature of writer {key} does not hold")),
            Standing::Stranger => (Verdict::Altered, format!("key {key} was never admitted to this log")),
            Standing::Revoked => (Verdict::Altered, format!("writer {key} had been revoked before")),
        };
        findings.add("signature", subject, verdict, detail);
    }
}
