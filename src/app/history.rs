//! `log --config`: who changed a configuration file, when, in which commit, and which runs used it.

use crate::app;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::query::LogEntry;
use crate::app::run::files;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::CommitId;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use crate::git::repo::Commit;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

/// One value, before and after; absent where there was none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ValueChange {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A commit in which the file is another than before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigChange {
    pub commit: CommitId,
    pub log: LogId,
    pub index: u64,
    /// When it was recorded.
    pub time: Timestamp,
    /// Committer's e-mail, as git has it; absent if the commit is not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committer: Option<String>,
    /// Key of whoever recorded it.
    pub writer: KeyId,
    /// Of the file; absent if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<Blake3Hash>,
    /// Empty for a file that holds no names and values.
    pub values: Vec<ValueChange>,
    /// Runs that had it so.
    pub runs: Vec<RunId>,
}

/// A run that had the file as no commit has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OwnValues {
    pub run: RunId,
    pub blake3: Blake3Hash,
    /// Against the commit that it began from.
    pub values: Vec<ValueChange>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigReport {
    pub path: RepoPath,
    /// Newest first.
    pub changes: Vec<ConfigChange>,
    pub own_values: Vec<OwnValues>,
}

type Pairs = BTreeMap<String, String>;

pub fn of_config(project: &Project, cwd: &Path, file: &Path, key: Option<&str>) -> Result<ConfigReport> {
    let outside = || ParseError::new("--config", "is the repository itself", file.display().to_string());
    let path = app::place_in(&project.repo, cwd, file)?.ok_or_else(outside)?;
    let entries = project.all_entries()?;
    let mut recorded: BTreeMap<CommitId, Option<Blake3Hash>> = BTreeMap::new();
    let mut order: Vec<&LogEntry> = Vec::new();
    let mut used: Vec<(RunId, CommitId, Blake3Hash)> = Vec::new();
    let mut runs_seen = BTreeSet::new();
    for entry in &entries {
        let Some(body) = entry.body() else { continue };
        let Some(source) = &body.source else { continue };
        match body.kind {
            Kind::CommitRecorded if !recorded.contains_key(&source.commit) => {
                recorded.insert(source.commit.clone(), digest_in(project, body, &path));
                order.push(entry);
            }
            Kind::RunStarted => {
                let Some(run) = body.run.as_ref().filter(|run| runs_seen.insert(run.id)) else { continue };
                let digest = digest_in(project, body, &path);
                used.extend(digest.map(|digest| (run.id, source.commit.clone(), digest)));
            }
            _ => {}
        }
    }
    let mut changes: Vec<ConfigChange> = Vec::new();
    for entry in order {
        let Some((body, source)) = entry.body().and_then(|b| Some((b, b.source.as_ref()?))) else { continue };
        let now = recorded[&source.commit];
        let commit = project.repo.commit(&source.commit)?;
        let parents = commit.iter().flat_map(|c| &c.parents);
        let parents: Vec<Commit> = parents
            .filter_map(|p| project.repo.commit(p).transpose())
            .collect::<std::result::Result<_, _>>()?;
        let mut before = Vec::new();
        for parent in &parents {
            before.push(match recorded.get(&parent.id) {
                Some(digest) => *digest,
                None => content(project, parent, &path)?.map(|bytes| Blake3Hash::of(&bytes)),
            });
        }
        // A merge that took one side's says nothing new.
        if now.is_none() && before.iter().all(Option::is_none) || before.contains(&now) {
            continue;
        }
        let pairs_of = |commit: Option<&Commit>| -> Result<Pairs> {
            let bytes = commit.map(|c| content(project, c, &path)).transpose()?.flatten();
            Ok(bytes.map_or_else(Pairs::new, |bytes| pairs(&path, &bytes)))
        };
        let values = differences(&pairs_of(parents.first())?, &pairs_of(commit.as_ref())?, key);
        if key.is_some() && values.is_empty() {
            continue;
        }
        changes.push(ConfigChange {
            commit: source.commit.clone(),
            log: entry.log,
            index: entry.index,
            time: body.time.clone(),
            committer: project.repo.committer_email(&source.commit),
            writer: body.actor.writer,
            blake3: now,
            values,
            runs: Vec::new(),
        });
    }
    let mut own_values = Vec::new();
    for (run, commit, digest) in used {
        let reaches = |change: &&mut ConfigChange| {
            change.blake3 == Some(digest) && project.repo.continues(&commit, &change.commit).unwrap_or(false)
        };
        if let Some(change) = changes.iter_mut().rev().find(reaches) {
            change.runs.push(run);
            continue;
        }
        // With `--key`, a commit that changed another value brought it.
        let of_commit = project.repo.commit(&commit)?;
        let bytes = of_commit.as_ref().map(|c| content(project, c, &path)).transpose()?.flatten();
        if bytes.as_ref().is_some_and(|bytes| Blake3Hash::of(bytes) == digest) {
            if let Some(change) = changes
                .iter_mut()
                .rev()
                .find(|change| project.repo.continues(&commit, &change.commit).unwrap_or(false))
            {
                change.runs.push(run);
            }
            continue;
        }
        let stored = data::read_object(&*project.store, &digest).ok();
        let before = bytes.map_or_else(Pairs::new, |bytes| pairs(&path, &bytes));
        let values = stored.map_or_else(Vec::new, |bytes| differences(&before, &pairs(&path, &bytes), key));
        if key.is_none() || !values.is_empty() {
            own_values.push(OwnValues { run, blake3: digest, values });
        }
    }
    changes.reverse();
    own_values.reverse();
    Ok(ConfigReport { path, changes, own_values })
}

/// What an entry says of the file. A list that cannot be read says nothing; `verify` reports it.
fn digest_in(project: &Project, body: &Body, path: &RepoPath) -> Option<Blake3Hash> {
    let files = project.list(&body.config_files).unwrap_or_default();
    files.iter().find(|file| file.name == *path).map(|file| file.digest.blake3)
}

fn content(project: &Project, commit: &Commit, path: &RepoPath) -> Result<Option<Vec<u8>>> {
    Ok(project.repo.file_in(&commit.tree, path.as_str())?)
}

fn pairs(path: &RepoPath, bytes: &[u8]) -> Pairs {
    files::read_pairs("parameters", Path::new(path.as_str()), bytes).unwrap_or_default().into_iter().collect()
}

fn differences(before: &Pairs, after: &Pairs, key: Option<&str>) -> Vec<ValueChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let wanted = |name: &&String| {
        let below =
            |key: &str| **name == key || name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
        key.is_none_or(below)
    };
    let change = |name: &String| ValueChange {
        name: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    names.into_iter().filter(wanted).map(change).filter(|c| c.before != c.after).collect()
}
