//! What the git hooks record: which data versions a commit's own tree points to.
//!
//! The hot path: one small cache, one journal append, one checkpoint. No socket, no walk over the work tree.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::logs::notes;
use crate::app::record;
use crate::app::record::Receipt;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::Source;
use crate::domain::entry::Target;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::ids::TreeId;
use crate::domain::redact;
use crate::domain::time::Timestamp;
use crate::durable;
use crate::git::pointers::PlacedPointer;
use crate::git::pointers::PointerBlobs;
use crate::git::program;
use crate::git::repo::Commit;
use crate::outbox::Intent;
use crate::ports::StoreError;
use crate::ports::signer::EntrySigner;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What became of one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CommitOutcome {
    Recorded(Receipt),
    /// Some of its data is not known here; the intent is durable.
    Waiting(Vec<String>),
}

/// The pointers of the last tree looked at, so that the next one costs only the difference.
#[derive(Serialize, Deserialize)]
struct PointerCache {
    tree: TreeId,
    blobs: PointerBlobs,
}

impl Project {
    /// All pointers in a commit's tree.
    pub fn pointers(&self, tree: &TreeId) -> Result<Vec<PlacedPointer>> {
        let path = self.own_dir().join("cache").join("pointers.json");
        let cache =
            durable::read_derived(&path).and_then(|b| serde_json::from_slice::<PointerCache>(&b).ok());
        let blobs = match cache {
            Some(cache) if cache.tree == *tree => cache.blobs,
            cache => {
                let since =
                    cache.map(|c| self.repo.pointer_blobs_since(c.blobs, &c.tree, tree)).transpose()?;
                let blobs = match since.flatten() {
                    Some(blobs) => blobs,
                    None => self.repo.pointer_blobs(tree)?,
                };
                let cache = PointerCache { tree: tree.clone(), blobs };
                if let (Ok(json), Some(dir)) = (serde_json::to_vec(&cache), path.parent()) {
                    // Only a cache: without it the next commit walks the whole tree.
                    let _ = std::fs::create_dir_all(dir).map(|()| durable::write_derived(&path, &json));
                }
                cache.blobs
            }
        };
        Ok(self.repo.read_pointers(tree, &blobs)?)
    }

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

/// Body of a `commit.recorded`, or the roots that are not known here.
fn body_of(
    project: &Project,
    signer: &dyn EntrySigner,
    commit: &Commit,
    reference: Option<String>,
    flags: &[String],
) -> Result<std::result::Result<Body, Vec<String>>> {
    let mut inputs = Vec::new();
    let mut unknown = Vec::new();
    for placed in project.pointers(&commit.tree)? {
        match project.dataset(&placed.pointer.blake3)? {
            Some(record) => inputs.push(record.artefact(&placed.data, "dataset")),
            None => unknown.push(placed.data.to_string()),
        }
    }
    if !unknown.is_empty() {
        return Ok(Err(unknown));
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    let mut body = project.draft(Kind::CommitRecorded, signer);
    let mut source = project.source(commit, reference);
    source.flags = flags.to_vec();
    body.source = Some(source);
    body.inputs = List::Inline(inputs);
    Ok(Ok(body))
}

/// Signs a commit's body and appends it; many datasets in one commit go to an object of their own.
fn append_fitting(project: &Project, mut body: Body, signer: &dyn EntrySigner) -> Result<Receipt> {
    let mut kept = None;
    if body.to_payload()?.len() > crate::domain::entry::MAX_INLINE_LIST {
        let objects = project.store.batch(false)?;
        record::fit(&mut body, &*objects)?;
        kept = Some(objects.commit()?);
    }
    let receipt = project.append(vec![record::seal(body, signer)?])?.remove(0);
    drop(kept);
    Ok(receipt)
}

/// Records one commit, or queues the intent until its data is known.
pub fn record_commit(
    project: &Project,
    signer: &dyn EntrySigner,
    commit: &Commit,
    reference: Option<String>,
    flags: &[String],
) -> Result<CommitOutcome> {
    if let Some(index) = project.find_commit_entry(&commit.id, signer)? {
        let writer = signer.public().id();
        let project_id = &project.config.project.id;
        let id = EntryId::derive(project_id, Kind::CommitRecorded.as_str(), commit.id.as_str(), &writer);
        project.publish_if_behind()?;
        return Ok(CommitOutcome::Recorded(Receipt { id, index, already: true }));
    }
    match body_of(project, signer, commit, reference.clone(), flags)? {
        Ok(body) => Ok(CommitOutcome::Recorded(append_fitting(project, body, signer)?)),
        Err(unknown) => {
            project.outbox().put(&Intent {
                commit: commit.id.clone(),
                tree: commit.tree.clone(),
                reference,
                time: project.clock.now(),
                flags: flags.to_vec(),
            })?;
            Ok(CommitOutcome::Waiting(unknown))
        }
    }
}

/// `post-commit`, `post-merge`, `post-applypatch`: the commit that HEAD names now.
pub fn record_head(project: &Project) -> Result<CommitOutcome> {
    let signer = project.signer()?;
    let commit = project.repo.head()?;
    record_commit(project, &*signer, &commit, project.repo.branch(), &[])
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
        match record_commit(project, signer, &commit, intent.reference.clone(), &flags)? {
            CommitOutcome::Recorded(_) => {
                outbox.done(&path)?;
                done.push(intent.commit);
            }
            CommitOutcome::Waiting(_) => {}
        }
    }
    Ok(done)
}

/// `post-rewrite`: `pairs` are the old and new ids that git gives on standard input (amend, rebase).
pub fn record_rewrite(project: &Project, pairs: &[(CommitId, CommitId)]) -> Result<usize> {
    let signer = project.signer()?;
    let branch = project.repo.branch();
    let mut entries = Vec::new();
    for (old, new) in pairs {
        let Some(commit) = project.repo.commit(new)? else { continue };
        let outcome = record_commit(project, &*signer, &commit, branch.clone(), &[])?;
        if old == new {
            continue;
        }
        let mut body = project.draft(Kind::CommitSuperseded, &*signer);
        body.source = Some(project.source(&commit, branch.clone()));
        body.target = Some(Target { commit: Some(old.clone()), ..Target::default() });
        if let CommitOutcome::Waiting(data) = outcome {
            body.notes.push(format!("the new commit waits for data: {}", data.join(", ")));
        }
        entries.push(record::seal(body, &*signer)?);
    }
    if entries.is_empty() {
        return Ok(0);
    }
    Ok(project.append(entries)?.len())
}

/// What `pre-push` found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reconciled {
    /// Recorded now.
    pub late: Vec<CommitId>,
    /// With a pointer that cannot be read.
    pub skipped: Vec<CommitId>,
}

/// `pre-push`: commits of this clone's own committer that no hook saw are recorded now, flagged `late`.
/// `tips`: what is about to be pushed, and what the remote had.
pub fn reconcile(project: &Project, tips: &[(CommitId, Option<CommitId>)]) -> Result<Reconciled> {
    let signer = project.signer()?;
    let (_, own) = project.repo.identity();
    let recorded: BTreeSet<CommitId> = recorded_commits(project)?;
    let (mut late, mut skipped) = (Vec::new(), Vec::new());
    for (tip, remote) in tips {
        if project.repo.commit(tip)?.is_none() {
            continue; // a tag on something else
        }
        // A recorded commit hides nothing: an ancestor of it may have been made without the hook.
        let hide: Vec<CommitId> = remote.iter().cloned().collect();
        for commit in project.repo.commits_between(tip, &hide)? {
            let is_own = project.repo.committer_email(&commit.id) == own;
            let in_project = project.repo.blob_at(&commit.tree, crate::config::CONFIG_FILE)?.is_some();
            if recorded.contains(&commit.id) || !is_own || !in_project {
                continue;
            }
            match record_commit(project, &*signer, &commit, None, &["late".to_owned()]) {
                Ok(CommitOutcome::Recorded(r)) if !r.already => late.push(commit.id),
                Ok(_) => {}
                // One commit that cannot be recorded (a broken pointer) must not hide the others.
                Err(AppError::Git(_)) => skipped.push(commit.id),
                Err(e) => return Err(e),
            }
        }
    }
    Ok(Reconciled { late, skipped })
}

/// Every commit that some entry of this log records.
pub fn recorded_commits(project: &Project) -> Result<BTreeSet<CommitId>> {
    let mut out = BTreeSet::new();
    for entry in project.entries()? {
        if let Some(body) = entry.body().filter(|b| b.kind == Kind::CommitRecorded) {
            out.extend(body.source.as_ref().map(|s| s.commit.clone()));
        }
    }
    Ok(out)
}

/// When an intent was queued, for `status`.
pub fn waiting(project: &Project) -> Result<Vec<(CommitId, Timestamp)>> {
    let list = project.outbox().list()?;
    Ok(list.into_iter().map(|(_, intent)| (intent.commit, intent.time)).collect())
}
