//! What others published comes in under `refs/mlprov/incoming/`, and is taken over only if it continues what was
//! taken over before, and every checkpoint that is known here.

use crate::app::Project;
use crate::app::Result;
use crate::app::logs;
use crate::app::logs::LOGS;
use crate::app::logs::NOTES;
use crate::app::logs::notes::Place;
use crate::app::logs::published::PublishedLog;
use crate::domain::ids::LogId;
use crate::git::repo::Commit;
use crate::ledger::proof;
use crate::ports::log_reader::LogReader;
use serde::Serialize;

/// One log of another clone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FetchedLog {
    pub log: LogId,
    /// Entries, as its checkpoint claims.
    pub size: u64,
    /// Of these, not here before.
    pub new: u64,
    /// `new`, `changed`, `unchanged` or `refused`.
    pub state: &'static str,
    /// Whether this user pinned its key, and the key signed its checkpoint.
    pub trusted: bool,
    /// The verifier key that it brings along, if it is not pinned: ask its owner before you trust it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vkey: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fetched {
    pub logs: Vec<FetchedLog>,
    pub findings: Vec<String>,
    /// The remote's copy of this clone's own log holds what this clone did not publish.
    pub own_is_foreign: bool,
}

impl Fetched {
    /// What a second fetch of the same remote brought.
    pub fn add(&mut self, later: Fetched) {
        self.own_is_foreign |= later.own_is_foreign;
        for log in later.logs {
            match self.logs.iter_mut().find(|known| known.log == log.log) {
                Some(known) if log.state == "unchanged" && known.state != "refused" => known.size = log.size,
                Some(known) => *known = log,
                None => self.logs.push(log),
            }
        }
        for finding in later.findings {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }
}

/// Fetches logs and notes, and takes over what continues what is known.
pub fn fetch(project: &Project, remote: &str) -> Result<Fetched> {
    let incoming = logs::incoming_refs(remote, "logs");
    project.repo.fetch(remote, &[format!("+{LOGS}*:{incoming}*"), super::notes_refspec(remote)])?;
    let mut out = Fetched::default();
    let mut present = Vec::new();
    for (name, commit) in project.repo.refs_below(&incoming)? {
        let Some(commit) = project.repo.commit(&commit)? else { continue };
        let place = format!("{LOGS}{name} of {remote}");
        let opened = PublishedLog::open(&project.repo, &commit.tree, &place);
        match (opened, name.parse::<LogId>()) {
            (Ok(log), Ok(id)) if log.log() == id && log.header().project == project.config.project.id => {
                present.push(id);
                take_over(project, remote, &log, &commit, &mut out)?;
            }
            (Ok(log), _) => {
                out.findings.push(format!("{place} holds the log {}", log.header().origin));
            }
            (Err(e), id) => {
                present.extend(id);
                out.findings.push(format!("{place} holds no log: {e}"));
            }
        }
    }
    for log in project.accepted_logs()? {
        let gone = log.place() == logs::accepted_ref(remote, &log.log()) && !present.contains(&log.log());
        if gone {
            let detail = format!(
                "{LOGS}{} is no longer on {remote}; the {} entries fetched before are kept",
                log.log(),
                log.size()
            );
            out.findings.push(detail);
        }
    }
    Ok(out)
}

fn take_over(
    project: &Project,
    remote: &str,
    log: &PublishedLog<'_>,
    commit: &Commit,
    out: &mut Fetched,
) -> Result<()> {
    let id = log.log();
    let name = logs::accepted_ref(remote, &id);
    let before = project.repo.ref_commit(&name)?;
    let own = id == project.ledger.log();
    if own
        && let Some(mine) = project.repo.ref_commit(&format!("{LOGS}{id}"))?
        && !project.repo.continues(&mine.id, &commit.id)?
    {
        let detail = format!(
            "{} has entries or files that this clone did not publish: its log was written by somebody else, or this clone was rolled back",
            log.place()
        );
        out.findings.push(detail);
        out.own_is_foreign = true;
        return Ok(());
    }
    let known = before.as_ref().and_then(|b| PublishedLog::open(&project.repo, &b.tree, &name).ok());
    let had = known.as_ref().map_or(0, PublishedLog::size);
    let origin = &log.header().origin;
    let pins = project.pins()?;
    let pinned = pins.for_origin(origin).next().is_some();
    let signed = log.latest()?.is_some_and(|note| pins.open(&note, origin).is_ok());
    let refused = match () {
        () if before.as_ref().is_some_and(|b| b.id == commit.id) => None,
        () if pinned && !signed => Some("its checkpoint is not signed by the key that is pinned".to_owned()),
        () => contradiction(project, log, known.as_ref())?,
    };
    let state = match (&refused, &before) {
        (Some(_), _) => "refused",
        (None, None) => "new",
        (None, Some(b)) if b.id == commit.id => "unchanged",
        (None, Some(_)) => "changed",
    };
    if let Some(why) = refused {
        out.findings.push(format!("{} is refused: {why}", log.place()));
    } else if state != "unchanged" {
        project.repo.move_ref(&name, &commit.id, before.as_ref().map(|b| &b.id))?;
    }
    if !own {
        out.logs.push(FetchedLog {
            log: id,
            size: if state == "refused" { had } else { log.size() },
            new: if state == "refused" { 0 } else { log.size().saturating_sub(had) },
            state,
            trusted: signed,
            vkey: if pinned { None } else { log.claimed_vkey() },
        });
    }
    Ok(())
}

/// Why a fetched log is not a continuation of what is known of it, by its tiles. `verify` derives it all again
/// from the entries.
fn contradiction(
    project: &Project,
    log: &PublishedLog<'_>,
    known: Option<&PublishedLog<'_>>,
) -> Result<Option<String>> {
    let origin = &log.header().origin;
    let pins = project.pins()?;
    let mut claims = Vec::new();
    for note in project.known_notes(log)? {
        let believed = pins.open(&note.note, origin).ok();
        claims.extend(believed.map(|checkpoint| (note.place, checkpoint)));
    }
    // What was taken over before counts, pinned or not.
    let before = known.and_then(|k| crate::app::logs::notes::claim(&k.latest().ok()??));
    claims.extend(before.map(|checkpoint| (Place::Remote("as fetched before".to_owned()), checkpoint)));
    // And its own root must be that of its tiles.
    claims.extend(
        crate::app::logs::notes::claim(&log.latest()?.unwrap_or_default()).map(|c| (Place::Published, c)),
    );
    for (place, kept) in claims {
        if kept.size > log.size() {
            let why = format!(
                "it holds {} entries, and a checkpoint of {} is known ({place})",
                log.size(),
                kept.size
            );
            return Ok(Some(why));
        }
        match proof::root_at(log.files(), kept.size, log.size()) {
            Ok(root) if root == kept.root => {}
            Ok(_) => {
                let why = format!("it does not continue the checkpoint of {} entries ({place})", kept.size);
                return Ok(Some(why));
            }
            Err(e) => return Ok(Some(e.to_string())),
        }
    }
    Ok(None)
}

/// Merges the notes of a remote, as fetched, into ours.
pub fn merge_notes(project: &Project, remote: &str) -> Result<()> {
    let incoming = logs::incoming_refs(remote, "notes");
    for (log, theirs) in project.repo.refs_below(&incoming)? {
        if log.parse::<LogId>().is_err() {
            continue;
        }
        let name = format!("{NOTES}{log}");
        match project.repo.ref_commit(&name)? {
            None => drop(project.repo.move_ref(&name, &theirs, None)?),
            Some(ours) if project.repo.continues(&ours.id, &theirs)? => {}
            Some(_) => project.repo.merge_notes(&name, &format!("{incoming}{log}"))?,
        }
    }
    Ok(())
}
