//! `ledger audit`: everything derived again from the entries, every signature checked, every checkpoint known
//! here compared. It shares no state with the writer, stops at nothing and repairs nothing.

mod copy;
mod imports;

pub use copy::audit_dir;

use crate::app::Project;
use crate::app::Result;
use crate::app::logs::notes::KnownNote;
use crate::app::logs::notes::Place;
use crate::app::logs::notes::claim;
use crate::app::verify::Roots;
use crate::domain::ParseError;
use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;
use crate::ledger::batch;
use crate::ledger::envelope::Envelope;
use crate::ledger::hash;
use crate::ledger::tree::Frontier;
use crate::ledger::writers::Right;
use crate::ledger::writers::Standing;
use crate::ledger::writers::Writers;
use crate::ports::StoreError;
use crate::ports::commit_store::Examined;
use crate::ports::log_reader::LogReader;
use crate::ports::progress::Progress;
use crate::trust::pins::Pins;
use imports::Objection;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Entries that are parsed and checked together, on all cores.
const CHUNK: usize = 2048;
/// Findings that are listed; the count is never cut.
const LISTED: usize = 1000;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// `entry`, `signature`, `founder`, `journal`, `checkpoint`, `tile`, `imported`.
    pub what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    pub detail: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    pub origin: String,
    pub size: u64,
    pub root: String,
    /// Signatures that were checked.
    pub signatures: u64,
    /// Checkpoints that were compared with the entries.
    pub checkpoints: u64,
    /// `sound`, `altered` or `incomplete`.
    pub result: &'static str,
    pub exit_code: u8,
    pub findings: Vec<Finding>,
    /// All findings, also those beyond the list.
    pub finding_count: u64,
    /// Logs that this one took over, held against their evidence and against what is known of them here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub imported: Vec<LogId>,
    /// The same of each other log that was fetched from others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<AuditReport>,
    /// What lies in the bucket of a shared ledger, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<Examined>,
}

/// Entries with the ids that the journal gives them.
type Chunk = Vec<(Option<EntryId>, Vec<u8>)>;

struct Audit {
    project: ProjectId,
    tree: Frontier,
    roots: Roots,
    writers: Writers,
    founder: Option<KeyId>,
    ids: HashMap<[u8; 16], u64>,
    chunk: Chunk,
    signatures: u64,
    findings: Vec<Finding>,
    count: u64,
    /// Of these, what could not be checked: a checkpoint of a log that nobody here trusts, evidence that is not here.
    unchecked: u64,
    /// Entries that say what came from another log.
    imports: Vec<(u64, Body)>,
    /// Logs whose import is as it says.
    imported: Vec<LogId>,
    /// It is not the log itself that is looked at: more of it may be elsewhere.
    is_copy: bool,
    with_signatures: bool,
}

impl Audit {
    fn new(project: ProjectId, sizes: Vec<u64>, with_signatures: bool) -> Self {
        let mut roots = Roots::new(sizes);
        let tree = Frontier::default();
        roots.at(&tree);
        Audit {
            project,
            tree,
            roots,
            writers: Writers::default(),
            founder: None,
            ids: HashMap::new(),
            chunk: Vec::with_capacity(CHUNK),
            signatures: 0,
            findings: Vec::new(),
            count: 0,
            unchecked: 0,
            imports: Vec::new(),
            imported: Vec::new(),
            is_copy: false,
            with_signatures,
        }
    }

    fn find(&mut self, what: &'static str, index: Option<u64>, detail: impl Into<String>) {
        self.count += 1;
        if self.findings.len() < LISTED {
            self.findings.push(Finding { what, index, detail: detail.into() });
        }
    }

    fn push(&mut self, id: Option<EntryId>, bytes: &[u8]) {
        self.chunk.push((id, bytes.to_vec()));
        if self.chunk.len() == CHUNK {
            self.finish();
        }
    }

    /// Checks what has been collected.
    fn finish(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        self.work(chunk);
    }

    fn work(&mut self, chunk: Chunk) {
        let start = self.tree.size();
        let parsed: Vec<_> =
            chunk.par_iter().map(|(_, bytes)| (hash::leaf(bytes), batch::open(bytes))).collect();
        let mut to_check: Vec<(u64, &Envelope, &Body, Right)> = Vec::new();
        for (i, (leaf, read)) in parsed.iter().enumerate() {
            let index = start + i as u64;
            self.tree.push(*leaf);
            self.roots.at(&self.tree);
            let (envelope, body) = match read {
                Ok(parts) => parts,
                Err(e) => {
                    self.find("entry", Some(index), e.to_string());
                    continue;
                }
            };
            self.form(index, chunk[i].0, body);
            if body.kind == Kind::Imported && body.ledger.is_some() {
                self.imports.push((index, body.clone()));
            }
            if index == 0 {
                self.founder = Some(body.actor.writer);
            }
            let right = self.writers.step(index, &self.project, envelope, body);
            to_check.push((index, envelope, body, right));
        }
        if !self.with_signatures {
            return;
        }
        let judged: Vec<(u64, Standing)> = to_check
            .par_iter()
            .map(|(index, envelope, body, right)| (*index, right.judge(envelope, body)))
            .collect();
        self.signatures += judged.len() as u64;
        for (index, standing) in judged {
            let detail = match standing {
                Standing::Admitted => continue,
                other => other.to_string(),
            };
            self.find("signature", Some(index), detail);
        }
    }

    fn form(&mut self, index: u64, named: Option<EntryId>, body: &Body) {
        if body.project != self.project {
            self.find("entry", Some(index), format!("it was written for project {}", body.project));
        }
        if named.is_some_and(|id| id != body.id) {
            self.find("entry", Some(index), "the journal calls it by another id than its own bytes");
        }
        if let Some(first) = self.ids.insert(*body.id.as_bytes(), index) {
            self.find("entry", Some(index), format!("the same id stands at index {first}"));
        }
    }

    /// Whoever founded the log must be one whom the rules name, if they name any.
    fn check_founder(&mut self, pins: &Pins) {
        if let Some(founder) = self.founder.filter(|founder| !pins.may_found(founder)) {
            let detail = format!("founded by {}, which is none of the trusted admins", founder.short());
            self.find("founder", Some(0), detail);
        }
    }

    fn check_imports(&mut self, project: &Project) -> Result<()> {
        let imports = std::mem::take(&mut self.imports);
        let (objections, sound) = imports::check(project, &imports)?;
        self.imported = sound;
        for (index, objection) in objections {
            let detail = match objection {
                Objection::Wrong(what) => what,
                Objection::Unchecked(what) => {
                    self.unchecked += 1;
                    what
                }
            };
            self.find("imported", Some(index), detail);
        }
        Ok(())
    }

    /// Compares one claim with the entries. `name`: where the note was found.
    fn compare(&mut self, known: &KnownNote, origin: &str, pins: &Pins) -> bool {
        let (name, note) = (&known.place, &known.note);
        let checkpoint = match pins.open(note, origin) {
            Ok(checkpoint) => checkpoint,
            // What no pinned key signed says nothing there.
            Err(_) if known.place.is_public() => return false,
            // Of another log of the project: it says nothing about this one.
            Err(_) if known.place == Place::Required && claim(note).is_some_and(|c| c.origin != origin) => {
                return false;
            }
            Err(e) if pins.for_origin(origin).next().is_none() => {
                self.unchecked += 1;
                self.find("checkpoint", None, format!("{name}: {e}"));
                return false;
            }
            Err(e) => {
                self.find("checkpoint", None, format!("{name}: {e}"));
                return false;
            }
        };
        match self.roots.get(checkpoint.size) {
            Some(root) if root == checkpoint.root => true,
            Some(root) => {
                let detail = format!(
                    "{name}: it says root {} for {} entries; the entries give {root}",
                    checkpoint.root, checkpoint.size
                );
                self.find("checkpoint", None, detail);
                false
            }
            None => {
                let size = self.tree.size();
                // A copy that lags behind its log is no fraud.
                let lags = self.is_copy && !matches!(known.place, Place::Published | Place::Required);
                self.unchecked += u64::from(lags);
                self.find(
                    "checkpoint",
                    None,
                    format!("{name}: it covers {} entries, the log holds {size}", checkpoint.size),
                );
                false
            }
        }
    }

    fn report(self, origin: String, checkpoints: u64) -> AuditReport {
        let (result, exit_code) = match () {
            () if self.count > self.unchecked => ("altered", 1),
            () if self.unchecked > 0 || checkpoints == 0 || self.tree.size() == 0 => ("incomplete", 3),
            () => ("sound", 0),
        };
        AuditReport {
            origin,
            size: self.tree.size(),
            root: self.tree.root().to_string(),
            signatures: self.signatures,
            checkpoints,
            result,
            exit_code,
            findings: self.findings,
            finding_count: self.count,
            imported: self.imported,
            others: Vec::new(),
            remote: None,
        }
    }
}

/// Audits this clone's own log, and those that were fetched from others. `structure_only`: without the writers'
/// signatures.
pub fn audit(project: &Project, structure_only: bool, progress: &dyn Progress) -> Result<AuditReport> {
    let mut report = audit_own(project, structure_only, progress)?;
    let (id, pins) = (project.config.project.id, project.pins()?);
    for log in project.other_logs()?.into_iter().filter(|log| !report.imported.contains(&log.log())) {
        let known = project.known_notes(&log)?;
        report.others.push(copy::audit_files(id, log.files(), &known, &pins, structure_only, progress)?);
    }
    // A log that nobody here trusts says nothing about this one, sound or not.
    let trusted = report.others.iter().filter(|other| pins.for_origin(&other.origin).next().is_some());
    let codes: Vec<u8> = std::iter::once(&report).chain(trusted).map(|report| report.exit_code).collect();
    // Precedence 1 > 3 > 0.
    report.exit_code = if codes.contains(&1) { 1 } else { codes.into_iter().max().unwrap_or(0) };
    Ok(report)
}

/// Reads and checks at the same time: reading hashes all entries too, on one core.
fn read_ahead(
    ledger: &dyn LogReader,
    audit: &mut Audit,
    progress: &dyn Progress,
) -> std::result::Result<(), StoreError> {
    let (send, receive) = std::sync::mpsc::sync_channel::<Chunk>(2);
    std::thread::scope(|scope| {
        scope.spawn(move || receive.into_iter().for_each(|chunk| audit.work(chunk)));
        let mut chunk = Chunk::with_capacity(CHUNK);
        let read = ledger.read(0, &mut |stored| {
            chunk.push((Some(stored.id), stored.bytes.to_vec()));
            progress.advance(1, stored.bytes.len() as u64);
            let sent = chunk.len() < CHUNK || send.send(std::mem::take(&mut chunk)).is_ok();
            // Nobody receives any more: the other side has panicked, and so will this one at the end.
            if sent { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let _ = send.send(chunk);
        drop(send); // or the other side waits for more
        read
    })
}

fn audit_own(project: &Project, structure_only: bool, progress: &dyn Progress) -> Result<AuditReport> {
    let origin = project.ledger.header().origin.clone();
    let notes = project.known_notes(&*project.ledger)?;
    let sizes = notes.iter().filter_map(KnownNote::claim).map(|c| c.size).collect();
    let mut audit = Audit::new(project.config.project.id, sizes, !structure_only);
    progress.begin("audit", None, None);
    let read = read_ahead(&*project.ledger, &mut audit, progress);
    progress.end();
    match read {
        Ok(()) => {}
        Err(StoreError::Corrupt { at, why, .. }) => {
            audit.find("journal", None, format!("damaged at {at}: {why}"))
        }
        Err(e) => return Err(e.into()),
    }
    let pins = project.pins()?;
    audit.check_founder(&pins);
    audit.check_imports(project)?;
    let mut compared = 0;
    for known in &notes {
        compared += u64::from(audit.compare(known, &origin, &pins));
    }
    Ok(audit.report(origin, compared))
}

/// As [`audit`], and of a shared ledger also what its bucket holds, from the first object on.
pub fn audit_remote(
    project: &Project,
    structure_only: bool,
    versions: bool,
    progress: &dyn Progress,
) -> Result<AuditReport> {
    // What is there first: this clone takes over what others committed, and is then compared with all of it.
    let examined = project.ledger.examine(versions)?;
    let Some(examined) = examined else {
        return Err(ParseError::new(
            "--remote",
            "is for a ledger that clones share",
            project.ledger.log().to_string(),
        )
        .into());
    };
    let mut report = audit(project, structure_only, progress)?;
    if let Some(note) = &examined.checkpoint
        && let Err(e) = project.pins()?.open(note, &project.ledger.header().origin)
    {
        let detail = format!("the one in the bucket: {e}");
        report.findings.push(Finding { what: "checkpoint", index: None, detail });
    }
    for objection in &examined.objections {
        let detail = format!("{}: {}", objection.what, objection.detail);
        report.findings.push(Finding { what: "bucket", index: None, detail });
    }
    let more = report.findings.len() as u64;
    if more > report.finding_count {
        (report.finding_count, report.result, report.exit_code) = (more, "altered", 1);
    }
    report.remote = Some(examined);
    Ok(report)
}
