//! What the entries say, before anything is joined.

use super::Unreadable;
use super::node::NodeId;
use super::node::What;
use crate::app::query::LogEntry;
use crate::app::runs;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::ids::CommitId;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Log and index of an entry.
pub type Place = (LogId, u64);

/// Reads a list, wherever it stands; `None` if it is gone.
pub type ReadList<'a> = &'a mut dyn FnMut(&List<Artefact>) -> Option<Vec<Artefact>>;

/// A content at a path.
pub struct Named {
    pub digest: Blake3Hash,
    pub path: RepoPath,
    pub files: u64,
    /// All files together.
    pub bytes: u64,
    /// Has a manifest.
    pub directory: bool,
}

impl Named {
    pub fn node(&self) -> NodeId {
        NodeId::content(self.digest, &self.path)
    }
}

impl From<Artefact> for Named {
    fn from(a: Artefact) -> Self {
        Named {
            digest: a.digest.blake3,
            path: a.name,
            files: a.file_count,
            bytes: a.size,
            directory: a.manifest.is_some(),
        }
    }
}

/// From where to where in its log a run goes; no end, if it has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub log: LogId,
    pub begin: u64,
    pub end: u64,
}

pub struct RunFacts {
    pub id: RunId,
    pub what: What,
    pub place: Place,
    pub span: Span,
    pub commit: Option<CommitId>,
    pub parents: Vec<RunId>,
    pub reads: Vec<Named>,
    pub configs: Vec<Named>,
    pub makes: Vec<Named>,
    pub package: Option<ModelPackageArn>,
}

#[derive(Default)]
pub struct CommitFacts {
    pub reference: Option<String>,
    pub time: Option<Timestamp>,
    pub place: Option<Place>,
}

#[derive(Default)]
pub struct PackageFacts {
    pub file: Option<NodeId>,
    /// When, and what.
    pub approval: Option<(Timestamp, String)>,
    pub place: Option<Place>,
}

#[derive(Default)]
pub struct Facts {
    /// By their ids, which rise with time.
    pub runs: Vec<RunFacts>,
    pub commits: BTreeMap<CommitId, CommitFacts>,
    /// The commit before, and the one in its place.
    pub superseded: BTreeSet<(CommitId, CommitId)>,
    /// In the order of the logs.
    pub tracked: Vec<(Named, Place)>,
    pub bound: Vec<(CommitId, Named)>,
    pub packages: BTreeMap<ModelPackageArn, PackageFacts>,
    pub unreadable: Unreadable,
}

impl Facts {
    pub fn gather(entries: &[LogEntry], read: ReadList<'_>) -> Self {
        let mut facts = Facts::default();
        let mut begins: BTreeMap<(LogId, RunId), u64> = BTreeMap::new();
        for entry in entries {
            match entry.body() {
                None => facts.unreadable.entries += 1,
                Some(body) => {
                    if let Some(run) = &body.run {
                        // A log is in its own order.
                        begins.entry((entry.log, run.id)).or_insert(entry.index);
                    }
                    facts.add(entry, body, read);
                }
            }
        }
        for (id, entry) in runs::last_of_each(entries) {
            let Some(body) = entry.body() else { continue };
            let begin = begins.get(&(entry.log, id)).copied().unwrap_or(entry.index);
            facts.add_run(id, entry, body, begin, read);
        }
        facts
    }

    fn list(&mut self, list: &List<Artefact>, read: ReadList<'_>) -> Vec<Named> {
        let items = read(list);
        self.unreadable.lists += u64::from(items.is_none());
        items.unwrap_or_default().into_iter().map(Named::from).collect()
    }

    fn add(&mut self, entry: &LogEntry, body: &Body, read: ReadList<'_>) {
        let place = (entry.log, entry.index);
        match body.kind {
            Kind::DatasetTracked => {
                let inputs = self.list(&body.inputs, read);
                self.tracked.extend(inputs.into_iter().map(|named| (named, place)));
            }
            Kind::CommitRecorded => {
                let Some(source) = &body.source else { return };
                let facts = self.commits.entry(source.commit.clone()).or_default();
                // Of several entries about a commit the first one counts.
                if facts.place.is_none() {
                    *facts = CommitFacts {
                        reference: source.reference.clone(),
                        time: Some(body.time.clone()),
                        place: Some(place),
                    };
                    let inputs = self.list(&body.inputs, read);
                    self.bound.extend(inputs.into_iter().map(|named| (source.commit.clone(), named)));
                }
            }
            Kind::CommitSuperseded => {
                let old = body.target.as_ref().and_then(|target| target.commit.clone());
                let (Some(old), Some(new)) = (old, body.source.as_ref().map(|s| s.commit.clone())) else {
                    return;
                };
                for commit in [&old, &new] {
                    self.commits.entry(commit.clone()).or_default();
                }
                self.superseded.insert((old, new));
            }
            Kind::ModelRegistered => self.add_package(body, place),
            Kind::ModelApproved => self.approve(body, "Approved"),
            Kind::ModelRejected => self.approve(body, "Rejected"),
            _ => {}
        }
    }

    fn add_package(&mut self, body: &Body, place: Place) {
        let Some(package) = &body.model_package else { return };
        let facts = self.packages.entry(package.arn.clone()).or_default();
        facts.file.get_or_insert_with(|| NodeId::content(package.digest.blake3, &package.model));
        facts.place.get_or_insert(place);
        if let Some(status) = &package.approval_status {
            self.approved(&package.arn, body, status.as_str());
        }
    }

    fn approve(&mut self, body: &Body, status: &str) {
        if let Some(arn) = body.target.as_ref().and_then(|target| target.model_package.as_ref()) {
            self.approved(arn, body, status);
        }
    }

    /// The last one counts, by the writers' clocks.
    fn approved(&mut self, arn: &ModelPackageArn, body: &Body, status: &str) {
        let known = &mut self.packages.entry(arn.clone()).or_default().approval;
        if known.as_ref().is_none_or(|(time, _)| *time <= body.time) {
            *known = Some((body.time.clone(), status.to_owned()));
        }
    }

    fn add_run(&mut self, id: RunId, entry: &LogEntry, body: &Body, begin: u64, read: ReadList<'_>) {
        let Some(run) = &body.run else { return };
        let place = (entry.log, entry.index);
        self.add_package(body, place);
        let commit = body.source.as_ref().map(|source| source.commit.clone());
        if let Some(commit) = &commit {
            self.commits.entry(commit.clone()).or_default();
        }
        let made = read(&body.outputs);
        self.unreadable.lists += u64::from(made.is_none());
        // What the command did not write was there before.
        let made =
            made.unwrap_or_default().into_iter().filter(|a| a.observed.as_deref() != Some("unchanged"));
        let facts = RunFacts {
            id,
            what: What::Run {
                run: id,
                name: run.name.clone(),
                status: Some(run.status.clone()),
                time: Some(run.started_on.clone()),
                commit: commit.clone(),
                sweep: run.group.clone(),
            },
            place,
            span: Span {
                log: entry.log,
                begin,
                end: if body.kind == Kind::RunFinished { entry.index } else { u64::MAX },
            },
            commit,
            parents: run.parents.clone(),
            reads: self.list(&body.inputs, read),
            configs: self.list(&body.config_files, read),
            makes: made.map(Named::from).collect(),
            package: body.model_package.as_ref().map(|package| package.arn.clone()),
        };
        self.runs.push(facts);
    }

    /// Whether an entry names this content.
    pub fn names(&self, digest: &Blake3Hash) -> bool {
        let of_runs = self.runs.iter().flat_map(|run| run.configs.iter().chain(&run.makes));
        self.datasets().chain(of_runs).any(|named| named.digest == *digest)
    }

    /// What was tracked, bound or read.
    pub fn datasets(&self) -> impl Iterator<Item = &Named> {
        let named = self.tracked.iter().map(|(named, _)| named).chain(self.bound.iter().map(|(_, n)| n));
        named.chain(self.runs.iter().flat_map(|run| &run.reads))
    }
}
