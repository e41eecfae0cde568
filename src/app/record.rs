//! From a body to a committed entry: bytes durable → entry committed → derived state.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::domain::ParseError;
use crate::domain::digest::KeyId;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::Actor;
use crate::domain::entry::Body;
use crate::domain::entry::Ci;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::MAX_INLINE_LIST;
use crate::domain::entry::MAX_PAYLOAD;
use crate::domain::entry::ObjectRef;
use crate::domain::entry::Producer;
use crate::domain::ids::EntryId;
use crate::domain::ids::ProjectId;
use crate::domain::json;
use crate::domain::time::Timestamp;
use crate::durable;
use crate::ledger::batch;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::envelope;
use crate::ledger::envelope::Envelope;
use crate::ledger::writers::Writers;
use crate::ports::commit_store::Outcome;
use crate::ports::object_store::PutBatch;
use crate::ports::provision::Ledger;
use crate::ports::signer::EntrySigner;
use serde::Serialize;
use sha2::Digest;
use std::io;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

pub const MAX_PARAMETERS: usize = 1_000;
pub const MAX_METRICS: usize = 200;
/// Attempts against other writers before giving up.
const MAX_ATTEMPTS: u32 = 100;

/// Where an entry stands now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Receipt {
    pub id: EntryId,
    /// Index of its leaf in the log; `None` while it waits for a ledger that cannot be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// It was there before: the same fact, recorded earlier.
    pub already: bool,
}

/// A body without facts yet. Its id is set when it is sealed.
pub fn draft(project: ProjectId, kind: Kind, time: Timestamp, signer: &dyn EntrySigner) -> Body {
    let writer = signer.public().id();
    Body {
        project,
        id: EntryId::derive(&project, kind.as_str(), "", &writer),
        kind,
        time,
        producer: Producer {
            name: "mlprov".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest: None,
            config_digest: None,
        },
        actor: Actor { writer, disclosure: None, ci: None },
        run: None,
        source: None,
        inputs: List::default(),
        outputs: List::default(),
        config_files: List::default(),
        parameters: List::default(),
        metrics: List::default(),
        environment: None,
        evidence: Default::default(),
        model_package: None,
        model_packages: Vec::new(),
        approval: None,
        writer: None,
        delegation: None,
        target: None,
        ledger: None,
        notes: Vec::new(),
    }
}

/// Signs a body whose lists already fit.
pub fn seal(mut body: Body, signer: &dyn EntrySigner) -> Result<SealedEntry> {
    let Some(id) = body.derived_id() else {
        return Err(ParseError::new("entry", "lacks what its kind needs", body.kind.as_str()).into());
    };
    body.id = id;
    let payload = body.to_payload()?;
    if payload.len() > MAX_PAYLOAD {
        return Err(AppError::TooMuch {
            what: "entry payload (bytes)",
            found: payload.len(),
            allowed: MAX_PAYLOAD,
        });
    }
    let signature = signer.sign(&envelope::pae(&payload))?;
    let bytes = Envelope { payload, key_id: signer.public().id(), signature }.to_bytes();
    let (sealed, _) = SealedEntry::parse(bytes)?;
    Ok(sealed)
}

/// Moves lists that are too long into objects of the store, until the payload fits.
pub fn fit(body: &mut Body, objects: &dyn PutBatch) -> Result<()> {
    let too_much = |what, found: u64, allowed: usize| match usize::try_from(found) {
        Ok(found) if found > allowed => Err(AppError::TooMuch { what, found, allowed }),
        _ => Ok(()),
    };
    too_much("parameters", body.parameters.len(), MAX_PARAMETERS)?;
    too_much("metrics", body.metrics.len(), MAX_METRICS)?;
    move_out(&mut body.parameters, MAX_INLINE_LIST, objects)?;
    move_out(&mut body.metrics, MAX_INLINE_LIST, objects)?;
    move_out(&mut body.inputs, MAX_INLINE_LIST, objects)?;
    move_out(&mut body.outputs, MAX_INLINE_LIST, objects)?;
    move_out(&mut body.config_files, MAX_INLINE_LIST, objects)?;
    // Several lists just below the limit may still be too much together.
    for step in 0..7 {
        if body.to_payload()?.len() <= MAX_PAYLOAD {
            return Ok(());
        }
        match step {
            0 => move_out(&mut body.parameters, 0, objects)?,
            1 => move_out(&mut body.metrics, 0, objects)?,
            2 => move_out(&mut body.inputs, 0, objects)?,
            3 => move_out(&mut body.outputs, 0, objects)?,
            4 => move_out(&mut body.config_files, 0, objects)?,
            5 => move_out_command(body, objects)?,
            _ => cut_notes(&mut body.notes),
        }
    }
    Ok(())
}

fn move_out_command(body: &mut Body, objects: &dyn PutBatch) -> Result<()> {
    let Some(run) = body.run.as_mut().filter(|r| r.command.len() > 1) else { return Ok(()) };
    let json = json::canonical(&serde_json::json!(run.command))?;
    run.command_object = Some(put_object(&json, objects)?);
    run.command.truncate(1);
    Ok(())
}

/// Notes are for people: the first hundred say enough.
fn cut_notes(notes: &mut Vec<String>) {
    const KEPT: usize = 100;
    const LENGTH: usize = 200;
    for note in notes.iter_mut() {
        *note = note.chars().take(LENGTH).collect();
    }
    if notes.len() > KEPT {
        let more = notes.len() - KEPT;
        notes.truncate(KEPT);
        notes.push(format!("and {more} more"));
    }
}

fn move_out<T: Serialize>(list: &mut List<T>, limit: usize, objects: &dyn PutBatch) -> Result<()> {
    let List::Inline(items) = &*list else { return Ok(()) };
    if items.is_empty() {
        return Ok(());
    }
    let value = serde_json::to_value(items).map_err(|e| ParseError::new("list", e.to_string(), ""))?;
    let bytes = json::canonical(&value)?;
    if bytes.len() > limit {
        let object = put_object(&bytes, objects)?;
        *list = List::Stored { count: items.len() as u64, object };
    }
    Ok(())
}

pub fn put_object(bytes: &[u8], objects: &dyn PutBatch) -> Result<ObjectRef> {
    objects.put_bytes(bytes)?;
    Ok(ObjectRef { digest: Digests::both_of(bytes), size: bytes.len() as u64 })
}

/// As [`put_object`], for what need not fit into memory. `fill` is called once.
pub fn put_stream(
    objects: &dyn PutBatch,
    fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> Result<ObjectRef> {
    let mut sha256 = sha2::Sha256::new();
    let content = objects.put_stream(&mut |out| fill(&mut Both { out, sha256: &mut sha256 }))?;
    let sha256 = Some(Sha256Hash(sha256.finalize().into()));
    Ok(ObjectRef { digest: Digests { blake3: content.blake3, sha256 }, size: content.size })
}

/// Writes on, and hashes what is written.
struct Both<'a> {
    out: &'a mut dyn Write,
    sha256: &'a mut sha2::Sha256,
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.sha256.update(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Commits entries atomically, each once however often it is retried.
///
/// Look first, then commit at the head that was seen; lost or unknown: look again.
pub fn commit(ledger: &dyn Ledger, entries: Vec<SealedEntry>) -> Result<Vec<Receipt>> {
    let mut unknown = false;
    for _ in 0..MAX_ATTEMPTS {
        let head = ledger.head()?;
        let mut receipts = Vec::new();
        let mut fresh = Vec::new();
        for entry in &entries {
            match ledger.find(entry.id())? {
                Some(index) => {
                    same_fact(ledger, index, entry)?;
                    receipts.push(Receipt { id: *entry.id(), index: Some(index), already: !unknown });
                }
                None => {
                    let index = head.size() + fresh.len() as u64;
                    receipts.push(Receipt { id: *entry.id(), index: Some(index), already: false });
                    fresh.push(entry.clone());
                }
            }
        }
        if fresh.is_empty() {
            if unknown {
                ledger.confirm()?;
            }
            return Ok(receipts);
        }
        let Some(batch) = Batch::new(fresh) else {
            return Err(AppError::NotCommitted { why: "the batch names one entry twice".into() });
        };
        match ledger.try_commit(head.size(), &batch)? {
            Outcome::Won { start } => {
                // Somebody else may have said the same thing first, or another one under the same id.
                for (entry, receipt) in entries.iter().zip(&receipts).filter(|_| ledger.is_shared()) {
                    if let Some(index) = receipt.index.filter(|index| *index >= head.size()) {
                        same_fact(ledger, index + start - head.size(), entry)?;
                    }
                }
                for index in receipts.iter_mut().filter_map(|r| r.index.as_mut()) {
                    if *index >= head.size() {
                        *index += start - head.size();
                    }
                }
                return Ok(receipts);
            }
            Outcome::Lost => {}
            // It was looked for already, as far as the network went: whoever tries again looks first.
            Outcome::Unknown if ledger.is_shared() => {
                return Err(AppError::NotCommitted { why: "its outcome is not known".into() });
            }
            Outcome::Unknown => unknown = true,
        }
    }
    let why = if unknown { "its outcome stayed unknown" } else { "other writers were always faster" };
    Err(AppError::NotCommitted { why: why.into() })
}

// The same id must mean the same fact. Time, producer and disclosure may differ: a hook that runs twice for
// one commit says the same thing later.
fn same_fact(ledger: &dyn Ledger, index: u64, entry: &SealedEntry) -> Result<()> {
    let mut same = false;
    ledger.read(index, &mut |stored| {
        same = stored.bytes == entry.bytes() || is_same_fact(stored.bytes, entry.bytes());
        ControlFlow::Break(())
    })?;
    if same { Ok(()) } else { Err(AppError::IdConflict { id: *entry.id(), index }) }
}

fn is_same_fact(one: &[u8], other: &[u8]) -> bool {
    let facts = |bytes: &[u8]| {
        let (_, mut body) = batch::open(bytes).ok()?;
        body.time = Timestamp::from_unix_micros(0);
        body.producer.version.clear();
        body.producer.digest = None;
        body.producer.config_digest = None;
        body.actor.disclosure = None;
        body.actor.ci = None;
        body.notes.clear();
        // Registered before or after, the commit is the same.
        body.model_packages.clear();
        if let Some(source) = &mut body.source {
            // The branch that a commit was on when it was recorded, and how it was found.
            source.reference = None;
            source.flags.clear();
            source.remotes.clear();
        }
        // The same content tracked at a second path: the path is bound by the commit, not here.
        if let (Kind::DatasetTracked, List::Inline(inputs)) = (&body.kind, &mut body.inputs) {
            let first = inputs.first().map(|d| (d.digest, d.version_map.clone()));
            return Some((None, first));
        }
        Some((Some(body), None))
    };
    facts(one).is_some_and(|f| Some(f) == facts(other))
}

/// Who may write, by all entries of the log.
pub fn read_writers(ledger: &dyn Ledger, project: &ProjectId) -> Result<Writers> {
    let mut writers = Writers::default();
    ledger.read(0, &mut |stored| {
        if let Ok((envelope, body)) = batch::open(stored.bytes)
            && (stored.index == 0 || body.writer.is_some())
        {
            writers.follow(stored.index, project, &envelope, &body);
        }
        ControlFlow::Continue(())
    })?;
    Ok(writers)
}

/// Fails unless the log admits this key. The answer is remembered beside the ledger, so that a commit does not
/// read the whole log.
pub fn check_admitted(ledger: &dyn Ledger, project: &ProjectId, own: &Path, key: &KeyId) -> Result<()> {
    let memory = own.join("admitted");
    let header = ledger.header();
    let remembered = format!("{} {key}", header.log);
    if durable::read_derived(&memory).is_some_and(|m| m == remembered.as_bytes()) {
        return Ok(());
    }
    let writers = read_writers(ledger, project)?;
    if !writers.is_writer(key) {
        return Err(AppError::NotAdmitted { key: *key });
    }
    durable::write_derived(&memory, remembered.as_bytes())?;
    Ok(())
}

impl Project {
    /// The user's writer key, if this log admits it. Entries of a stranger would be recorded and never verify.
    pub fn signer(&self) -> Result<Box<dyn EntrySigner>> {
        let signer = self.keys.writer_key(self.ledger.log())?;
        if self.launch.is_some() {
            return Ok(signer); // for its one run; the log was asked when the capsule was opened
        }
        let project = &self.config.project.id;
        match check_admitted(&*self.ledger, project, &self.own_dir(), &signer.public().id()) {
            // A rotation was recorded, and the process was killed before the new key took its place.
            Err(AppError::NotAdmitted { .. }) if self.finish_rotation()? => {
                Ok(self.keys.writer_key(self.ledger.log())?)
            }
            checked => checked.map(|()| signer),
        }
    }

    /// Called before an entry that changes who may write: the next one asks the log again.
    pub fn forget_admission(&self) -> Result<()> {
        Ok(durable::write_derived(&self.own_dir().join("admitted"), b"")?)
    }

    /// Finds out whether something could be recorded here, before any work is done for it: both keys are there,
    /// and the ledger is sound.
    pub fn ready(&self) -> Result<Box<dyn EntrySigner>> {
        self.publisher()?;
        let signer = self.signer()?;
        self.ledger.check()?;
        Ok(signer)
    }

    /// A draft with what this clone knows of itself.
    pub fn draft(&self, kind: Kind, signer: &dyn EntrySigner) -> Body {
        let mut body = draft(self.config.project.id, kind, self.clock.now(), signer);
        body.producer.config_digest = Some(self.config_digest);
        body.actor.disclosure = self.disclosure();
        body.actor.ci = ci();
        body
    }

    /// Digest of the object that says who this actor is; made by `init`.
    fn disclosure(&self) -> Option<crate::domain::digest::Blake3Hash> {
        let text = std::fs::read_to_string(self.own_dir().join("actor")).ok()?;
        text.trim().parse().ok()
    }
}

/// The CI system at work, by the variables that it documents.
fn ci() -> Option<Ci> {
    let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let known = [
        ("GITHUB_ACTIONS", "github-actions", "GITHUB_RUN_ID", Some("GITHUB_WORKFLOW_REF")),
        ("GITLAB_CI", "gitlab-ci", "CI_JOB_ID", Some("CI_CONFIG_REF_URI")),
        ("BUILDKITE", "buildkite", "BUILDKITE_BUILD_ID", None),
        ("JENKINS_URL", "jenkins", "BUILD_TAG", None),
        ("CODEBUILD_BUILD_ID", "aws-codebuild", "CODEBUILD_BUILD_ID", None),
    ];
    let (_, system, run, workflow) = known.into_iter().find(|(flag, ..)| var(flag).is_some())?;
    Some(Ci { system: system.to_owned(), run_id: var(run), workflow_ref: workflow.and_then(var) })
}
