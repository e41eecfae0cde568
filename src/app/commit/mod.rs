//! What the git hooks record: which data versions a commit's own tree points to.
//!
//! The hot path: one small cache, one journal append, one checkpoint. No socket, no walk over the work tree.

pub mod bound;
pub mod keep;
pub mod reconcile;
pub mod rewrite;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::logs::notes;
use crate::app::query::LogEntry;
use crate::app::record;
use crate::app::record::Receipt;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::Source;
use crate::domain::entry::Target;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::ids::RunId;
use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::domain::redact;
use crate::domain::time::Timestamp;
use crate::git::program;
use crate::git::repo::Commit;
use crate::ledger::batch;
use crate::ledger::batch::SealedEntry;
use crate::outbox::Intent;
use crate::ports::StoreError;
use crate::ports::object_store::Kept;
use crate::ports::signer::EntrySigner;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What became of one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CommitOutcome {
    Recorded(Receipt),
    /// Some of its data is not known here; the intent is durable.
    Waiting(Vec<String>),
    /// Others hold the ledger; the intent is durable.
    Queued,
    /// A rebase goes on: git says at its end what came of it.
    Deferred,
}

impl Project {
    /// The `source` of an entry about this commit.
    pub fn source(&self, commit: &Commit, reference: Option<String>) -> Source {
        let remotes = self.repo.remote_urls();
        Source {
            vcs: "git".to_owned(),
            object_format: self.repo.object_format().to_owned(),
            commit: commit.id.clone(),
            tree: commit.tree.clone(),
            reference,
            remotes: remotes.iter().map(|url| redact::redact(url).0).collect(),
            state: None,
            run_tree: None,
            diff: None,
            flags: Vec::new(),
        }
    }

    /// Index of this writer's entry for a commit.
    pub fn find_commit_entry(&self, commit: &CommitId, signer: &dyn EntrySigner) -> Result<Option<u64>> {
        let writer = signer.public().id();
        let id =
            EntryId::derive(&self.config.project.id, Kind::CommitRecorded.as_str(), commit.as_str(), &writer);
        Ok(self.ledger.find(&id)?)
    }
}

/// The data versions that a tree's pointers name, and the paths of those that are not known here.
fn data_of(project: &Project, tree: &TreeId) -> Result<(Vec<Artefact>, Vec<String>)> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for placed in project.bound(tree)?.pointers {
        match project.dataset(&placed.pointer.blake3)? {
            Some(record) => known.push(record.artefact(&placed.data, "dataset")),
            None => unknown.push(placed.data.to_string()),
        }
    }
    Ok((known, unknown))
}

/// Body of a `commit.recorded`, or the roots that are not known here.
fn body_of(
    project: &Project,
    signer: &dyn EntrySigner,
    commit: &Commit,
    reference: Option<String>,
    flags: &[String],
) -> Result<std::result::Result<Body, Vec<String>>> {
    let (mut inputs, unknown) = data_of(project, &commit.tree)?;
    if !unknown.is_empty() {
        return Ok(Err(unknown));
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    let mut body = project.draft(Kind::CommitRecorded, signer);
    let mut source = project.source(commit, reference);
    source.flags = flags.to_vec();
    body.source = Some(source);
    body.model_packages = project.packages_in(&inputs);
    body.inputs = List::Inline(inputs);
    body.config_files = List::Inline(project.bound(&commit.tree)?.configs);
    Ok(Ok(body))
}

/// A commit on its way into the log.
enum Drafted {
    Already(Receipt),
    Sealed(SealedEntry),
    /// The intent is durable; these data are not known here.
    Waiting(Vec<String>),
}

/// `kept`: holds what the entry names, until it is committed.
fn draft(
    project: &Project,
    signer: &dyn EntrySigner,
    commit: &Commit,
    reference: Option<String>,
    flags: &[String],
    kept: &mut Vec<Kept>,
) -> Result<Drafted> {
    if let Some(index) = project.find_commit_entry(&commit.id, signer)? {
        let writer = signer.public().id();
        let project_id = &project.config.project.id;
        let id = EntryId::derive(project_id, Kind::CommitRecorded.as_str(), commit.id.as_str(), &writer);
        return Ok(Drafted::Already(Receipt { id, index: Some(index), already: true }));
    }
    match body_of(project, signer, commit, reference.clone(), flags)? {
        Ok(mut body) => {
            // Many datasets in one commit go to an object of their own.
            if body.to_payload()?.len() > crate::domain::entry::MAX_INLINE_LIST {
                let objects = project.store.batch(false)?;
                record::fit(&mut body, &*objects)?;
                kept.push(objects.commit()?);
            }
            Ok(Drafted::Sealed(record::seal(body, signer)?))
        }
        Err(unknown) => {
            queue(project, commit, reference, flags, &[])?;
            Ok(Drafted::Waiting(unknown))
        }
    }
}

/// Makes durable that this commit is to be recorded.
fn queue(
    project: &Project,
    commit: &Commit,
    reference: Option<String>,
    flags: &[String],
    replaces: &[CommitId],
) -> Result<()> {
    Ok(project.outbox().put(&Intent {
        commit: commit.id.clone(),
        tree: commit.tree.clone(),
        reference,
        time: project.clock.now(),
        flags: flags.to_vec(),
        replaces: replaces.to_vec(),
    })?)
}

/// Others hold the ledger, and a hook does not wait for them.
fn is_locked(e: &AppError) -> bool {
    matches!(e, AppError::Store(StoreError::Locked { .. }))
}

/// The entry that says what a commit stands in the place of.
fn supersede(
    project: &Project,
    signer: &dyn EntrySigner,
    old: &CommitId,
    new: &Commit,
    reference: Option<String>,
    notes: &[String],
) -> Result<SealedEntry> {
    let mut body = project.draft(Kind::CommitSuperseded, signer);
    body.source = Some(project.source(new, reference));
    body.target = Some(Target { commit: Some(old.clone()), ..Target::default() });
    body.notes = notes.to_vec();
    record::seal(body, signer)
}

/// Records one commit, or queues the intent until its data is known.
pub fn record_commit(
    project: &Project,
    signer: &dyn EntrySigner,
    commit: &Commit,
    reference: Option<String>,
    flags: &[String],
) -> Result<CommitOutcome> {
    let mut kept = Vec::new();
    match draft(project, signer, commit, reference, flags, &mut kept)? {
        Drafted::Already(receipt) => {
            project.publish_if_behind()?;
            Ok(CommitOutcome::Recorded(receipt))
        }
        Drafted::Sealed(entry) => Ok(CommitOutcome::Recorded(project.append(vec![entry])?.remove(0))),
        Drafted::Waiting(unknown) => Ok(CommitOutcome::Waiting(unknown)),
    }
}

/// `post-commit`, `post-merge`, `post-applypatch`: the commit that HEAD names now. What waited goes first.
pub fn record_head(project: &Project) -> Result<CommitOutcome> {
    if project.repo.is_rebasing() {
        return Ok(CommitOutcome::Deferred);
    }
    let signer = project.signer()?;
    let commit = project.repo.head()?;
    let branch = project.repo.branch();
    let recorded = (|| {
        if !project.outbox().is_empty() {
            finish_waiting(project, &*signer)?;
        }
        record_commit(project, &*signer, &commit, branch.clone(), &[])
    })();
    match recorded {
        Err(e) if is_locked(&e) => {
            queue(project, &commit, branch, &[], &[])?;
            Ok(CommitOutcome::Queued)
        }
        recorded => recorded,
    }
}

/// `commit-msg`, where the settings ask for it: the message names the checkpoint before the commit. Whoever has
/// the commit then finds a ledger that was rolled back behind it.
pub fn add_trailer(project: &Project, message: &Path) -> Result<()> {
    if !project.config.hooks.checkpoint_trailer {
        return Ok(());
    }
    let text = std::fs::read(message).map_err(|e| StoreError::io("read", message.display(), e))?;
    let text = String::from_utf8_lossy(&text);
    // An empty message is how one calls a commit off.
    let says_something = text.lines().any(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let Some(note) = project.ledger.latest()?.filter(|_| says_something) else { return Ok(()) };
    Ok(program::set_trailer(project.repo.root(), message, notes::TRAILER, &notes::encode(&note))?)
}

/// Turns intents whose data is known by now into entries. Returns the commits recorded.
pub fn finish_waiting(project: &Project, signer: &dyn EntrySigner) -> Result<Vec<CommitId>> {
    let outbox = project.outbox();
    let mut done = Vec::new();
    for (path, intent) in outbox.list()? {
        let Some(commit) = project.repo.commit(&intent.commit)? else {
            continue; // gone from the repository: `status` shows it
        };
        let mut flags = intent.flags.clone();
        flags.push(format!("seen at {}", intent.time));
        let mut kept = Vec::new();
        let mut entries = Vec::new();
        match draft(project, signer, &commit, intent.reference.clone(), &flags, &mut kept)? {
            Drafted::Sealed(entry) => entries.push(entry),
            Drafted::Already(_) => {}
            Drafted::Waiting(_) => continue,
        }
        for old in &intent.replaces {
            entries.push(supersede(project, signer, old, &commit, intent.reference.clone(), &[])?);
        }
        match entries.is_empty() {
            true => project.publish_if_behind()?,
            false => _ = project.append(entries)?,
        }
        outbox.done(&path)?;
        done.push(intent.commit);
    }
    Ok(done)
}

/// Every commit that some of these entries record.
pub fn recorded_commits(entries: &[LogEntry]) -> BTreeSet<CommitId> {
    let bodies = entries.iter().filter_map(|entry| entry.body());
    let recorded = bodies.filter(|body| body.kind == Kind::CommitRecorded);
    recorded.filter_map(|body| Some(body.source.as_ref()?.commit.clone())).collect()
}

/// A commit that is not recorded yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    pub commit: CommitId,
    pub since: Timestamp,
    /// Datasets whose versions are not known here. None: it waits for the ledger, which others held.
    pub data: Vec<String>,
}

/// An entry that is signed and durable here, and not in the shared ledger yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Queued {
    pub id: EntryId,
    pub kind: Kind,
    pub since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
}

/// Entries that wait for the shared ledger, oldest first.
pub fn queued(project: &Project) -> Result<Vec<Queued>> {
    let mut out = Vec::new();
    for entry in project.outbox().entries()?.iter().flat_map(|(_, entries)| entries) {
        let (_, body) = batch::open(entry.bytes())?;
        out.push(Queued {
            id: body.id,
            since: body.time,
            run: body.run.map(|run| run.id),
            commit: body.source.map(|source| source.commit),
            kind: body.kind,
        });
    }
    Ok(out)
}

/// Datasets whose contents lie in this clone only, and runs that wait for them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsent {
    pub datasets: Vec<RepoPath>,
    pub runs: Vec<RunId>,
}

impl Unsent {
    pub fn is_empty(&self) -> bool {
        self.datasets.is_empty() && self.runs.is_empty()
    }
}

pub fn unsent(project: &Project) -> Result<Unsent> {
    let outbox = project.outbox();
    let mut datasets: Vec<RepoPath> = outbox.staged()?.into_iter().map(|(_, staged)| staged.path).collect();
    datasets.sort();
    datasets.dedup();
    let runs = outbox.drafts()?.into_iter().filter_map(|(_, body)| Some(body.run?.id));
    Ok(Unsent { datasets, runs: runs.collect() })
}

/// What waits in the outbox, oldest first.
pub fn waiting(project: &Project) -> Result<Vec<Waiting>> {
    let mut out = Vec::new();
    for (_, intent) in project.outbox().list()? {
        // A commit or pointer that cannot be read is told of elsewhere.
        let data = data_of(project, &intent.tree).map_or_else(|_| Vec::new(), |(_, unknown)| unknown);
        out.push(Waiting { commit: intent.commit, since: intent.time, data });
    }
    Ok(out)
}
