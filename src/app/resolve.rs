//! What a word on the command line means. Two meanings are an error, never a guess.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::query::LogEntry;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::ports::StoreError;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

/// What was meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    Run(RunId),
    Entry(EntryId),
    Commit(CommitId),
}

impl Target {
    /// For people: `run r-1a2b3c4d`.
    pub fn describe(&self) -> String {
        match self {
            Target::Run(id) => format!("run {} ({id})", id.short()),
            Target::Entry(id) => format!("entry {} ({id})", id.short()),
            Target::Commit(id) => format!("commit {id}"),
        }
    }
}

const SHORTEST: usize = 4;

/// `word`: full id, `r-…`, `e-…`, commit, tag, `HEAD`, `latest`, model package ARN, `NAME/2`, or a file.
pub fn resolve(project: &Project, entries: &[LogEntry], cwd: &Path, word: &str) -> Result<Target> {
    if let Some(target) = by_name(project, entries, word)? {
        return Ok(target);
    }
    let file = cwd.join(word);
    let hits = if file.is_file() { by_content(project, entries, &file)? } else { Vec::new() };
    one(word, hits)
}

/// As [`resolve`], but for files: `None` if the word can only be that of a file.
pub fn by_name(project: &Project, entries: &[LogEntry], word: &str) -> Result<Option<Target>> {
    let unknown = || AppError::UnknownId { id: word.to_owned() };
    if word == "latest" {
        // By the own log's order: a clock may be wrong.
        let own = entries.iter().filter(|e| e.log == project.ledger.log());
        let last = own.rev().find(|e| e.is_of_run()).and_then(|e| Some(e.body()?.run.as_ref()?.id));
        return last.map(Target::Run).map(Some).ok_or_else(unknown);
    }
    if let Some(tail) = word.strip_prefix("r-").filter(|t| is_hex(t)) {
        let hits = runs(entries).into_iter().filter(|id| tail_matches(&id.to_string(), tail));
        return one(word, hits.map(Target::Run).collect()).map(Some);
    }
    if let Some(tail) = word.strip_prefix("e-").filter(|t| is_hex(t)) {
        let hits = entries.iter().map(|e| e.id).filter(|id| tail_matches(&id.to_string(), tail));
        return one(word, hits.map(Target::Entry).collect()).map(Some);
    }
    if let Ok(id) = word.parse::<RunId>() {
        return runs(entries).contains(&id).then_some(Some(Target::Run(id))).ok_or_else(unknown);
    }
    if let Ok(id) = word.parse::<EntryId>() {
        return entries.iter().any(|e| e.id == id).then_some(Some(Target::Entry(id))).ok_or_else(unknown);
    }
    if word.starts_with("arn:") {
        let arn: ModelPackageArn = word.parse()?;
        return run_of_package(entries, &arn).map(Some).ok_or_else(unknown);
    }
    let mut hits = BTreeSet::new();
    if let Some((group, number)) = word.rsplit_once('/')
        && let Some(n) = number.parse::<usize>().ok().filter(|n| *n > 0)
    {
        let arns = packages_of(entries, project.ledger.log(), group);
        hits.extend(arns.get(n - 1).and_then(|arn| run_of_package(entries, arn)));
    }
    // A bare hex prefix means a commit first.
    if let Some(commit) = project.repo.resolve(word)? {
        hits.insert(Target::Commit(commit.id));
    } else if word.len() >= SHORTEST && is_hex(word) {
        let commits = entries.iter().filter_map(|e| Some(&e.body()?.source.as_ref()?.commit));
        hits.extend(commits.filter(|c| c.as_str().starts_with(word)).cloned().map(Target::Commit));
        if hits.is_empty() {
            hits.extend(
                runs(entries).into_iter().filter(|id| tail_matches(&id.to_string(), word)).map(Target::Run),
            );
        }
        if hits.is_empty() {
            let ids = entries.iter().map(|e| e.id).filter(|id| tail_matches(&id.to_string(), word));
            hits.extend(ids.map(Target::Entry));
        }
    }
    if hits.is_empty() {
        return Ok(None);
    }
    one(word, hits.into_iter().collect()).map(Some)
}

fn one(word: &str, hits: Vec<Target>) -> Result<Target> {
    let hits: BTreeSet<Target> = hits.into_iter().collect();
    if hits.len() > 1 {
        let candidates = hits.iter().map(Target::describe).collect();
        return Err(AppError::AmbiguousId { id: word.to_owned(), candidates });
    }
    hits.into_iter().next().ok_or_else(|| AppError::UnknownId { id: word.to_owned() })
}

pub fn is_hex(text: &str) -> bool {
    text.len() >= SHORTEST && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether `part` is any part of the last 8 digits, or the beginning of the whole id.
fn tail_matches(id: &str, part: &str) -> bool {
    let plain: String = id.chars().filter(|c| *c != '-').collect();
    plain[24..].contains(part) || plain.starts_with(part)
}

/// All runs, by time of start.
pub fn runs(entries: &[LogEntry]) -> BTreeSet<RunId> {
    let runs = entries.iter().filter_map(|e| Some(e.body()?.run.as_ref()?.id));
    runs.collect()
}

/// The packages of a group in the order of the log, so that a number never comes to mean another package.
pub fn packages_of<'a>(entries: &'a [LogEntry], log: LogId, group: &str) -> Vec<&'a ModelPackageArn> {
    let mut arns: Vec<&ModelPackageArn> = Vec::new();
    for body in entries.iter().filter(|e| e.log == log && e.binds_package()).filter_map(LogEntry::body) {
        let package = body.model_package.as_ref().filter(|p| p.group_name == group);
        if let Some(arn) = package.map(|p| &p.arn).filter(|arn| !arns.contains(arn)) {
            arns.push(arn);
        }
    }
    arns
}

/// The package that a word names: an ARN, or `NAME/2`. `None`: it is no word for a package.
pub fn package(entries: &[LogEntry], log: LogId, word: &str) -> Option<ModelPackageArn> {
    if let Ok(arn) = word.parse() {
        return Some(arn);
    }
    let (group, number) = word.rsplit_once('/')?;
    let n = number.parse::<usize>().ok().filter(|n| *n > 0)?;
    packages_of(entries, log, group).get(n - 1).map(|arn| (*arn).clone())
}

fn run_of_package(entries: &[LogEntry], arn: &ModelPackageArn) -> Option<Target> {
    entries.iter().rev().filter(|e| e.binds_package()).find_map(|e| {
        let body = e.body()?;
        let package = body.model_package.as_ref().filter(|p| p.arn == *arn)?;
        Some(match &body.run {
            Some(run) if package.arn == *arn => Target::Run(run.id),
            _ => Target::Entry(body.id),
        })
    })
}

/// BLAKE3 of a file in the work tree.
pub fn content_of(file: &Path) -> Result<Blake3Hash> {
    let failed = |e| StoreError::io("read", file.display(), e);
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(std::fs::File::open(file).map_err(failed)?).map_err(failed)?;
    Ok(Blake3Hash::from(hasher.finalize()))
}

/// The runs that made a file, else the entries that tracked it; else those of a directory that holds it.
fn by_content(project: &Project, entries: &[LogEntry], file: &Path) -> Result<Vec<Target>> {
    let content = content_of(file)?;
    let own = made_or_tracked(project, entries, &|a| a.digest.blake3 == content);
    if !own.is_empty() {
        return Ok(own);
    }
    // Most entries name the same few directories.
    let looked: RefCell<BTreeMap<Blake3Hash, bool>> = RefCell::default();
    let holds = |manifest: Blake3Hash| {
        let mut looked = looked.borrow_mut();
        *looked.entry(manifest).or_insert_with(|| project.directory_holds(&manifest, &content))
    };
    Ok(made_or_tracked(project, entries, &|a| a.manifest.as_ref().is_some_and(|m| holds(m.digest.blake3))))
}

fn made_or_tracked(
    project: &Project,
    entries: &[LogEntry],
    wanted: &dyn Fn(&Artefact) -> bool,
) -> Vec<Target> {
    // A list that is gone from the store names nothing; `verify` reports it.
    let holds = |list: &List<Artefact>| project.list(list).unwrap_or_default().iter().any(wanted);
    let bodies = || entries.iter().filter_map(LogEntry::body);
    let made =
        bodies().filter(|b| holds(&b.outputs)).filter_map(|b| b.run.as_ref().map(|r| Target::Run(r.id)));
    let made: Vec<Target> = made.collect();
    if !made.is_empty() {
        return made;
    }
    let tracked = bodies().filter(|b| b.kind == Kind::DatasetTracked && holds(&b.inputs));
    tracked.map(|b| Target::Entry(b.id)).collect()
}

/// Entries about a target: a run's start and end, a commit's records. Each log in its own order, this clone's
/// first.
pub fn entries_about<'a>(entries: &'a [LogEntry], target: &Target) -> Vec<&'a LogEntry> {
    let about = |e: &&LogEntry| match target {
        Target::Entry(id) => e.id == *id,
        Target::Run(id) => e.body().is_some_and(|b| b.run.as_ref().is_some_and(|r| r.id == *id)),
        Target::Commit(id) => e.body().is_some_and(|b| {
            b.kind == Kind::CommitRecorded && b.source.as_ref().is_some_and(|s| s.commit == *id)
        }),
    };
    entries.iter().filter(about).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_of_the_tail_matches() {
        let id = "01935a3c-0000-7000-8000-00001a2b3c4d";
        assert!(tail_matches(id, "2b3c"));
        assert!(tail_matches(id, "01935a3c"));
        assert!(!tail_matches(id, "8000"));
    }
}
