//! `sync`: publishes this clone's log and fetches what others published, through a git remote. Only refs of
//! mlprov's own are touched, there and here; nothing is ever forced on the remote.

mod fetch;
mod shared;

use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::commit::keep;
use crate::app::commit::reconcile;
use crate::app::commit::reconcile::Reconciled;
use crate::app::data::staged::Uploaded;
use crate::app::logs;
use crate::app::logs::NOTES;
use crate::app::logs::publish::Publication;
use crate::app::model::Synced;
use crate::app::storage::cache;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::CommitId;
use crate::domain::ids::LogId;
use crate::git::GitError;
use crate::git::remote::Pushed;
use crate::ledger::proof;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::ports::progress::Progress;
use serde::Serialize;

pub use fetch::FetchedLog;

/// How often a push is tried while others push too.
const MAX_ATTEMPTS: u32 = 8;

#[derive(Clone, Debug, Default)]
pub struct SyncRequest {
    /// Name of the git remote; `None`: the branch's own, or the only one.
    pub remote: Option<String>,
    /// Bring what others published, and publish nothing.
    pub fetch_only: bool,
    /// Record the commits that no hook saw of every committer, not only of this clone's own.
    pub all: bool,
    /// Only those after this commit.
    pub since: Option<String>,
    /// Only look.
    pub dry_run: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedReport {
    pub log: LogId,
    /// Entries that the remote has now (or would have).
    pub size: u64,
    /// Of these, new to it.
    pub new: u64,
    /// Objects that entries name and that were not published: too large, or gone from the store.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Blake3Hash>,
    /// Checkpoints that this call put into git notes.
    pub noted: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncReport {
    pub remote: String,
    pub dry_run: bool,
    /// What had waited for the store, and was uploaded.
    pub uploaded: Uploaded,
    /// Commits that had waited for data and are recorded now.
    pub recorded: Vec<CommitId>,
    /// What was found out about model packages, and recorded.
    #[serde(skip_serializing_if = "Synced::is_empty")]
    pub models: Synced,
    /// Commits that no hook had seen, recorded now.
    pub late: Vec<CommitId>,
    /// Those of them with a pointer that cannot be read: not recorded.
    pub skipped: Vec<CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<PublishedReport>,
    /// Logs of other clones.
    pub fetched: Vec<FetchedLog>,
    /// What speaks for a log that was rolled back, rewritten or written by a stranger. Nothing of it was taken over.
    pub findings: Vec<String>,
    pub exit_code: u8,
}

pub fn sync(project: &Project, request: &SyncRequest, progress: &dyn Progress) -> Result<SyncReport> {
    if project.ledger.is_shared() {
        return shared::sync(project, request, progress);
    }
    let remote = project.repo.choose_remote(request.remote.as_deref())?;
    if request.dry_run {
        return look(project, &remote, request.fetch_only);
    }
    let since = request.since.as_ref().map(|rev| reconcile::since(project, rev)).transpose()?;
    project.repo.add_fetch_refspec(&remote, &notes_refspec(&remote))?;
    let mut taken = fetch::fetch(project, &remote)?;
    let mut uploaded = Uploaded::default();
    let mut recorded = Vec::new();
    let mut reconciled = Reconciled::default();
    let mut models = Synced::default();
    let mut published = None;
    if !request.fetch_only {
        let signer = project.signer()?;
        uploaded = project.upload_staged(&*signer, progress)?;
        project.store.push()?;
        cache::trim(project)?;
        recorded = commit::finish_waiting(project, &*signer)?;
        reconciled = reconcile::everything(project, request.all, since)?;
        models = project.sync_models(&*signer)?;
        taken.findings.append(&mut models.findings);
        keep::tidy(project)?;
        check_witnesses(project)?;
        let theirs = own_ref_of(project, &remote)?;
        // A log that somebody else wrote to is never overwritten by us: its owner decides.
        if !taken.own_is_foreign {
            let publication = project.publish_log(theirs.as_ref(), progress)?;
            let noted = push(project, &remote, &publication, &mut taken)?;
            published = noted.map(|noted| PublishedReport {
                log: project.ledger.log(),
                size: publication.size,
                new: publication.new,
                left_out: publication.left_out,
                noted,
            });
        }
    }
    let exit_code = u8::from(!taken.findings.is_empty());
    let fetch::Fetched { logs: fetched, findings, .. } = taken;
    let Reconciled { late, skipped } = reconciled;
    Ok(SyncReport {
        remote,
        dry_run: false,
        uploaded,
        recorded,
        models,
        late,
        skipped,
        published,
        fetched,
        findings,
        exit_code,
    })
}

/// A plain `git fetch` brings others' checkpoints as well: whoever has them finds a rewritten log.
pub fn notes_refspec(remote: &str) -> String {
    format!("+{NOTES}*:{}*", logs::incoming_refs(remote, "notes"))
}

fn own_ref_of(project: &Project, remote: &str) -> Result<Option<crate::git::repo::Commit>> {
    let name = format!("{}{}", logs::incoming_refs(remote, "logs"), project.ledger.log());
    Ok(project.repo.ref_commit(&name)?)
}

/// A publisher signs and publishes only what continues every checkpoint of its own that it can find.
fn check_witnesses(project: &Project) -> Result<()> {
    let header = project.ledger.header();
    // In this order: others record meanwhile, and what they have signed by now is in the log by now.
    let notes = project.known_notes(&*project.ledger)?;
    let (tiles, head) = project.tiles()?;
    let key = project.keys.log_key(header.log, &header.origin)?;
    for known in notes {
        let Ok(kept) = crate::ledger::checkpoint::Checkpoint::open(&known.note, key.verifier()) else {
            continue; // whoever may push can write what he likes there
        };
        let root = match kept.size <= head.size() {
            true => Some(proof::root_at(&tiles, kept.size, head.size())?),
            false => None,
        };
        if root != Some(kept.root) {
            let why = format!(
                "a checkpoint of {} entries is kept ({}), and the log of {} entries does not continue it",
                kept.size,
                known.place,
                head.size()
            );
            return Err(StoreError::Inconsistent { why }.into());
        }
    }
    Ok(())
}

/// Notes the checkpoints, merges what others noted, and pushes; again while others push meanwhile. How many
/// checkpoints were noted; `None`: somebody else writes to the remote's copy of this clone's log.
fn push(
    project: &Project,
    remote: &str,
    publication: &Publication,
    taken: &mut fetch::Fetched,
) -> Result<Option<u64>> {
    let own = format!("{}{}", logs::LOGS, project.ledger.log());
    let mut noted = 0;
    let mut said = Vec::new();
    for _ in 0..MAX_ATTEMPTS {
        fetch::merge_notes(project, remote)?;
        noted += note_checkpoints(project)?;
        let mut refspecs = vec![format!("{own}:{own}")];
        for (log, _) in project.repo.refs_below(NOTES)? {
            refspecs.push(format!("{NOTES}{log}:{NOTES}{log}"));
        }
        match project.repo.push(remote, &refspecs)? {
            Pushed::Done => {
                let accepted = logs::accepted_ref(remote, &project.ledger.log());
                let before = project.repo.ref_commit(&accepted)?;
                project.repo.move_ref(&accepted, &publication.commit, before.as_ref().map(|c| &c.id))?;
                return Ok(Some(noted));
            }
            Pushed::Rejected(refs) => said = refs,
        }
        // Somebody else was faster, which is as it should be with notes.
        taken.add(fetch::fetch(project, remote)?);
        if taken.own_is_foreign {
            return Ok(None);
        }
    }
    let why = said.first().cloned().unwrap_or_default();
    Err(GitError::Program { command: format!("push {remote}"), why: format!("rejected: {why}") }.into())
}

/// Puts the checkpoints of this clone's log, and of those that this user trusts, on HEAD.
fn note_checkpoints(project: &Project) -> Result<u64> {
    let head = match project.repo.head() {
        Ok(commit) => commit.id,
        Err(GitError::Unborn) => return Ok(0),
        Err(e) => return Err(e.into()),
    };
    let pins = project.pins()?;
    let mut noted = 0;
    let others = project.other_logs()?;
    let others = others.iter().map(|log| log as &dyn LogReader);
    for log in std::iter::once(&*project.ledger as &dyn LogReader).chain(others) {
        if let Some(note) = log.latest()?
            && pins.open(&note, &log.header().origin).is_ok()
            && project.note_checkpoint(&log.log(), &head, &note)?
        {
            noted += 1;
        }
    }
    Ok(noted)
}

/// What `sync` would do, as far as the names of the remote's refs tell.
fn look(project: &Project, remote: &str, fetch_only: bool) -> Result<SyncReport> {
    let own = project.ledger.log();
    let mut fetched = Vec::new();
    let mut have = 0;
    for (name, id) in project.repo.remote_refs(remote, &[&format!("{}*", logs::LOGS)])? {
        let Some(Ok(log)) = name.strip_prefix(logs::LOGS).map(str::parse::<LogId>) else { continue };
        let known = project.accepted_logs()?.into_iter().find(|l| l.log() == log);
        if log == own {
            have = known.map_or(0, |l| l.size());
            continue;
        }
        let accepted = project.repo.ref_commit(&logs::accepted_ref(remote, &log))?;
        let state = match accepted {
            None => "new",
            Some(commit) if commit.id.as_str() == id => "unchanged",
            Some(_) => "changed",
        };
        fetched.push(FetchedLog {
            log,
            size: known.map_or(0, |l| l.size()),
            new: 0,
            state,
            trusted: false,
            vkey: None,
        });
    }
    let size = project.ledger.head()?.size();
    let published =
        PublishedReport { log: own, size, new: size - have.min(size), left_out: Vec::new(), noted: 0 };
    let mut models = if fetch_only { Synced::default() } else { project.look_at_models()? };
    let findings = std::mem::take(&mut models.findings);
    Ok(SyncReport {
        remote: remote.to_owned(),
        dry_run: true,
        uploaded: Uploaded::default(),
        recorded: Vec::new(),
        models,
        late: Vec::new(),
        skipped: Vec::new(),
        published: Some(published).filter(|_| !fetch_only),
        fetched,
        exit_code: u8::from(!findings.is_empty()),
        findings,
    })
}
