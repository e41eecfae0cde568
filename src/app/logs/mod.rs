//! All logs of a project that can be read here: this clone's own, and those that other clones published and
//! `sync` fetched. Each is under its own key; none is believed because it is here.

pub mod notes;
pub mod publish;
pub mod published;

use crate::app::Project;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::LogId;
use crate::ports::log_reader::LogReader;
use published::PublishedLog;
use std::collections::BTreeMap;

/// A clone's published log; the name ends in the log's id.
pub const LOGS: &str = "refs/mlprov/logs/";
/// Checkpoints of a log; the name ends in the log's id.
pub const NOTES: &str = "refs/notes/mlprov/";
/// What was accepted from remotes: `<remote>/<log id>`.
const ACCEPTED: &str = "refs/mlprov/remotes/";
/// What the remotes have, as fetched, before anybody looked at it: `<remote>/logs/…` and `<remote>/notes/…`.
const INCOMING: &str = "refs/mlprov/incoming/";

/// The ref of a log as it was accepted from a remote.
pub fn accepted_ref(remote: &str, log: &LogId) -> String {
    format!("{ACCEPTED}{remote}/{log}")
}

/// Where the fetched refs of a remote lie; `kind`: `logs` or `notes`.
pub fn incoming_refs(remote: &str, kind: &str) -> String {
    format!("{INCOMING}{remote}/{kind}/")
}

impl Project {
    /// Logs of other clones, by id. Of two remotes that have the same log, the longer one is read; both count as
    /// witnesses. What cannot be read as a log is left out: `sync` reports it when it is fetched.
    pub fn other_logs(&self) -> Result<Vec<PublishedLog<'_>>> {
        let mut found: BTreeMap<LogId, PublishedLog<'_>> = BTreeMap::new();
        for published in self.accepted_logs()? {
            let log = published.log();
            if log == self.ledger.log() {
                continue;
            }
            match found.get(&log) {
                Some(known) if known.size() >= published.size() => {}
                _ => drop(found.insert(log, published)),
            }
        }
        Ok(found.into_values().collect())
    }

    /// Every log that was accepted from some remote, this clone's own among them.
    pub fn accepted_logs(&self) -> Result<Vec<PublishedLog<'_>>> {
        let mut out = Vec::new();
        for (name, commit) in self.repo.refs_below(ACCEPTED)? {
            let Some(commit) = self.repo.commit(&commit)? else { continue };
            let place = format!("{ACCEPTED}{name}");
            let Ok(log) = PublishedLog::open(&self.repo, &commit.tree, &place) else { continue };
            let named = name.rsplit_once('/').is_some_and(|(_, id)| id == log.log().to_string());
            if named && log.header().project == self.config.project.id {
                out.push(log);
            }
        }
        Ok(out)
    }

    /// This clone's own log first, then the others by id.
    pub fn readers(&self) -> Result<Vec<Box<dyn LogReader + '_>>> {
        let own: Box<dyn LogReader + '_> = Box::new(&*self.ledger as &dyn LogReader);
        let others = self.other_logs()?.into_iter().map(|log| Box::new(log) as Box<dyn LogReader + '_>);
        Ok(std::iter::once(own).chain(others).collect())
    }

    /// An object that some clone published with its log. Its hash holds.
    pub fn published_object(&self, object: &Blake3Hash) -> Result<Option<Vec<u8>>> {
        let logs = self.other_logs()?;
        let found = logs.iter().filter_map(|log| log.object(object));
        Ok(found.into_iter().find(|bytes| Blake3Hash::of(bytes) == *object))
    }
}
