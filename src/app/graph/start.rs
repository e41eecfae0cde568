//! Where the walk begins: what a word means here. The rules are those of `resolve`; where it answers with the run
//! that made something, the graph begins at the thing itself. And a dataset is a beginning, too.

use super::build::Graph;
use super::facts::Facts;
use super::facts::Named;
use super::node::NodeId;
use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::query::LogEntry;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::ids::RunId;
use std::collections::BTreeSet;
use std::path::Path;

pub struct Start {
    /// For people.
    pub described: String,
    nodes: BTreeSet<NodeId>,
    /// A content, under all its names.
    pub content: Option<Blake3Hash>,
}

impl Start {
    fn at(described: String, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        Start { described, nodes: nodes.into_iter().collect(), content: None }
    }

    /// Sorted.
    pub fn nodes_in(&self, graph: &Graph) -> Vec<usize> {
        let mut found: BTreeSet<usize> =
            self.nodes.iter().filter_map(|node| graph.index.get(node).copied()).collect();
        if let Some(content) = self.content {
            let of =
                |at: &usize| matches!(graph.nodes[*at].id, NodeId::Content(digest, _) if digest == content);
            found.extend((0..graph.nodes.len()).filter(of));
        }
        found.into_iter().collect()
    }
}

pub fn find(project: &Project, entries: &[LogEntry], facts: &Facts, cwd: &Path, word: &str) -> Result<Start> {
    if let Some(target) = resolve::by_name(project, entries, word)? {
        return of_target(project, entries, facts, target, word);
    }
    let file = cwd.join(word);
    if file.is_file() {
        let content = resolve::content_of(&file)?;
        if facts.names(&content) {
            let start = Start::at(format!("content b3:{content}"), []);
            return Ok(Start { content: Some(content), ..start });
        }
        let target = resolve::resolve(project, entries, cwd, word)?;
        return Ok(match holding(project, facts, &target, &content) {
            Some(directory) => Start::at(format!("directory {}", directory.path), [directory.node()]),
            None => of_target(project, entries, facts, target, word)?,
        });
    }
    dataset(project, facts, cwd, word)?.ok_or_else(|| AppError::UnknownId { id: word.to_owned() })
}

/// The directory with a file of this content that a run made.
fn holding<'a>(
    project: &Project,
    facts: &'a Facts,
    target: &Target,
    content: &Blake3Hash,
) -> Option<&'a Named> {
    let run = facts.runs.iter().find(|run| *target == Target::Run(run.id))?;
    let mut directories = run.makes.iter().filter(|made| made.directory);
    directories.find(|made| project.directory_holds(&made.digest, content))
}

fn of_target(
    project: &Project,
    entries: &[LogEntry],
    facts: &Facts,
    target: Target,
    word: &str,
) -> Result<Start> {
    let described = target.describe();
    match target {
        Target::Run(run) => Ok(match package(facts, &run, word) {
            Some(arn) => Start::at(format!("model package {arn}"), [NodeId::Model(arn)]),
            None => Start::at(described, [NodeId::Run(run)]),
        }),
        Target::Commit(commit) if facts.commits.contains_key(&commit) => {
            Ok(Start::at(described, [NodeId::Commit(commit)]))
        }
        Target::Commit(commit) => Err(not_recorded(project, &commit)?),
        Target::Entry(id) => Ok(Start::at(described, of_entry(project, entries, id)?)),
    }
}

fn not_recorded(project: &Project, commit: &CommitId) -> Result<AppError> {
    let waiting = commit::waiting(project)?.into_iter().find(|w| w.commit == *commit);
    let id = commit.to_string();
    Ok(match waiting {
        Some(waiting) => AppError::Waiting { commit: id, data: waiting.data },
        None => AppError::UnknownId { id },
    })
}

/// The package that a word names, if it names one: no other name of a run has a slash.
fn package(facts: &Facts, run: &RunId, word: &str) -> Option<ModelPackageArn> {
    if let Ok(arn) = word.parse() {
        return Some(arn).filter(|arn| facts.packages.contains_key(arn));
    }
    let (group, _) = word.rsplit_once('/')?;
    let package = facts.runs.iter().find(|facts| facts.id == *run)?.package.clone();
    package.filter(|arn| arn.group() == group)
}

/// What an entry is about; nothing, for those about keys and logs.
fn of_entry(project: &Project, entries: &[LogEntry], id: EntryId) -> Result<Vec<NodeId>> {
    let Some(entry) = entries.iter().find(|entry| entry.id == id) else {
        return Err(AppError::UnknownId { id: id.to_string() });
    };
    let body = entry.read.as_ref().map_err(|e| AppError::Entry(e.clone()))?;
    if body.kind == Kind::DatasetTracked {
        let inputs = project.list(&body.inputs)?;
        return Ok(inputs.iter().map(|input| NodeId::content(input.digest.blake3, &input.name)).collect());
    }
    Ok(named_by(body))
}

fn named_by(body: &Body) -> Vec<NodeId> {
    let run = body.run.as_ref().map(|run| NodeId::Run(run.id));
    let commit = body.source.as_ref().map(|source| NodeId::Commit(source.commit.clone()));
    let package = body.model_package.as_ref().map(|package| NodeId::Model(package.arn.clone()));
    match body.kind {
        Kind::RunStarted | Kind::RunFinished => run.into_iter().collect(),
        Kind::CommitRecorded | Kind::CommitSuperseded => commit.into_iter().collect(),
        Kind::ModelRegistered => package.into_iter().collect(),
        _ => {
            let target = body.target.clone().unwrap_or_default();
            let run = target.run.map(NodeId::Run).or(run);
            let commit = target.commit.map(NodeId::Commit).or(commit);
            let package = target.model_package.map(NodeId::Model).or(package);
            package.or(run).or(commit).into_iter().collect()
        }
    }
}

/// All versions that were ever at a path, or the one whose root begins so (`b3:…`).
fn dataset(project: &Project, facts: &Facts, cwd: &Path, word: &str) -> Result<Option<Start>> {
    if let Some(digits) = word.strip_prefix("b3:") {
        if !resolve::is_hex(digits) {
            return Ok(None);
        }
        let named = facts.datasets().filter(|named| named.digest.to_string().starts_with(digits));
        let roots: BTreeSet<Blake3Hash> = named.map(|named| named.digest).collect();
        if roots.len() > 1 {
            let candidates = roots.iter().map(|root| format!("b3:{root}")).collect();
            return Err(AppError::AmbiguousId { id: word.to_owned(), candidates });
        }
        return Ok(roots
            .into_iter()
            .next()
            .map(|root| Start { content: Some(root), ..Start::at(format!("content b3:{root}"), []) }));
    }
    let Ok(path) = app::repo_path(&project.repo, cwd, Path::new(word)) else { return Ok(None) };
    let versions: BTreeSet<NodeId> =
        facts.datasets().filter(|named| named.path == path).map(|named| named.node()).collect();
    let described = match versions.len() {
        0 => return Ok(None),
        1 => format!("dataset {path}"),
        many => format!("dataset {path} ({many} versions)"),
    };
    Ok(Some(Start::at(described, versions)))
}
