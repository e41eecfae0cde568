//! What a plan says, done: files into the store, then the entry, then the pointer.

use super::TrackOptions;
use super::TrackPlan;
use super::TrackReport;
use super::Tracked;
use super::pointing::ignore;
use super::pointing::pointer_path;
use super::pointing::write_pointer;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::data;
use crate::app::data::DatasetRecord;
use crate::app::data::Listing;
use crate::app::data::VERSIONS_BEFORE;
use crate::app::init::read_or_empty;
use crate::app::record;
use crate::app::record::Receipt;
use crate::app::seen;
use crate::app::seen::Seen;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::ObjectRef;
use crate::domain::manifest::Manifest;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::pointer::Pointer;
use crate::domain::version_map::Content;
use crate::domain::version_map::VersionMap;
use crate::ledger::batch::SealedEntry;
use crate::ports::object_store::Kept;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use crate::worktree::collisions::collisions;
use crate::worktree::problem::Problem;
use crate::worktree::problem::ScanError;
use rayon::prelude::*;

pub fn carry_out(project: &Project, plan: TrackPlan, progress: &dyn Progress) -> Result<TrackReport> {
    let TrackOptions { repair, append, no_upload, .. } = plan.options;
    if no_upload {
        project.store.stay_local("--no-upload");
    }
    let signer = project.signer()?;
    if !no_upload && plan.seen.iter().any(|seen| seen.known.root.is_none()) {
        project.learn_from_others()?;
    }
    let mut kept = Vec::new();
    let mut problems = Vec::new();
    let mut seen = Vec::new();
    for mut dataset in plan.seen {
        let before = problems.len();
        if !repair {
            kept.extend(store_in_steps(project, &mut dataset, &mut problems, progress)?);
        }
        if problems.len() == before {
            seen.push(dataset);
        }
    }
    let objects = project.store.batch(repair)?;
    // With the names that are one name elsewhere.
    let mut records: Vec<(RepoPath, DatasetRecord, Vec<Vec<String>>)> = Vec::new();
    let mut read = Vec::new();
    for seen in seen {
        let path = seen.scanned.path.clone();
        if !repair
            && !append
            && let Some(record) = unchanged(project, &seen)?
        {
            records.push((path, record, Vec::new()));
            continue;
        }
        let memory = seen.memory();
        let held = |content: &Content| objects.has(content);
        let put = data::put::put_known(seen.scanned, &seen.known.hashes, &held, &*objects, progress);
        let Some(hashed) = apart(put, &mut problems)? else { continue };
        let before = if append { before(project, &path)? } else { None };
        let (record, met) = match before {
            Some(before) if hashed.scanned.kind == DatasetKind::Directory => {
                let listing = Listing::with(before, &hashed)?;
                let record = data::describe(&listing, None, &*project.store, &*objects)?;
                (record, collisions(listing.names()))
            }
            _ => {
                let record = data::describe(&hashed, None, &*project.store, &*objects)?;
                (record, collisions(hashed.scanned.names()))
            }
        };
        read.push((memory, hashed, record.root()));
        records.push((path, record, met));
    }
    none(&mut problems)?;
    // A crash before this line leaves nothing; after it, content that nobody refers to yet.
    let _kept = objects.commit()?;
    // With `append`, what lies there need not be all of it.
    for ((cache, begun), hashed, root) in read.iter().filter(|_| !append) {
        seen::remember(cache, hashed, root, *begun);
    }
    drop(read);

    let mut entries: Vec<SealedEntry> = Vec::new();
    let (mut ids, mut known) = (Vec::new(), Vec::new());
    for (path, record, _) in &records {
        if record.version_map.is_none() {
            project.stage(path, record, None, true)?;
            ids.push(None);
            continue;
        }
        let body = match repair {
            true => relocated(project, path, record, &*signer)?,
            false => None,
        };
        let tracked = || {
            let mut body = project.draft(Kind::DatasetTracked, &*signer);
            body.inputs = List::Inline(vec![record.artefact(path, "dataset")]);
            body
        };
        let body = body.unwrap_or_else(tracked);
        // Where it was moved to is said already.
        let moved = Body { kind: Kind::DataRelocated, ..body.clone() }.derived_id();
        if let Some(id) = moved
            && let Some(index) = project.ledger.find(&id)?
        {
            known.push(Receipt { id, index: Some(index), already: true });
            ids.push(Some(id));
            continue;
        }
        let entry = record::seal(body, &*signer)?;
        ids.push(Some(*entry.id()));
        // Two paths with one content share an entry.
        if !entries.iter().any(|e| e.id() == entry.id()) {
            entries.push(entry);
        }
    }
    let receipts = match entries.is_empty() {
        true => Vec::new(),
        false => project.append(entries)?,
    };
    known.extend(receipts);

    let mut report = TrackReport { waits: project.store.waits(), ..TrackReport::default() };
    for ((path, record, collisions), id) in records.into_iter().zip(ids) {
        project.remember_dataset(&record)?;
        if record.version_map.is_some() {
            project.unstage(&record.root())?;
        }
        let before = read_or_empty(&project.repo.root().join(pointer_path(&path)?.as_str()))?;
        let bad = Pointer::parse(&before).err().filter(|_| !before.is_empty());
        let state = write_pointer(project, &path, &record, &mut report.written)?;
        report.ignored |= project.repo.is_ignored(&pointer_path(&path)?);
        ignore(project, &path, &mut report.written)?;
        report.datasets.push(Tracked {
            pointer: pointer_path(&path)?,
            path,
            kind: record.kind,
            blake3: record.root(),
            files: record.files,
            bytes: record.bytes,
            replaced: bad.map(|e| e.why),
            state,
            collisions: if state == "unchanged" { Vec::new() } else { collisions },
            entry: id,
            index: known.iter().find(|r| Some(r.id) == id).and_then(|r| r.index),
        });
    }
    report.recorded = commit::finish_waiting(project, &*signer)?;
    Ok(report)
}

/// If a dataset is known with other versions, which are not there any more: the entry that says where they are now.
fn relocated(
    project: &Project,
    path: &RepoPath,
    record: &DatasetRecord,
    signer: &dyn EntrySigner,
) -> Result<Option<Body>> {
    let before = project.dataset(&record.root())?.and_then(|known| known.version_map);
    let Some(before) = before.filter(|map| record.version_map.as_ref() != Some(map)) else { return Ok(None) };
    let mut body = project.draft(Kind::DataRelocated, signer);
    body.inputs = List::Inline(vec![record.artefact(path, "dataset")]);
    body.notes.push("versions that were lost are stored again".to_owned());
    body.evidence.insert(VERSIONS_BEFORE.to_owned(), before);
    Ok(Some(body))
}

/// Files that cannot be read are kept apart, so that all of them are told at once.
fn apart<T>(result: Result<T>, problems: &mut Vec<Problem>) -> Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(AppError::Scan(found)) => {
            problems.extend(found.problems);
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

fn none(problems: &mut Vec<Problem>) -> Result<()> {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(ScanError { problems: std::mem::take(problems) }.into()),
    }
}

/// Makes all but the rest of a large dataset durable, step by step, and remembers what is: after an interruption it
/// need not be read again.
fn store_in_steps(
    project: &Project,
    seen: &mut Seen,
    problems: &mut Vec<Problem>,
    progress: &dyn Progress,
) -> Result<Vec<Kept>> {
    let step = project.config.store.batch;
    let waiting = data::put::waiting(&seen.scanned, &seen.known.hashes);
    let mut kept = Vec::new();
    if waiting.1 <= step {
        return Ok(kept);
    }
    seen.known.hashes.resize(seen.scanned.files.len(), None);
    progress.begin("store", Some(waiting.0), Some(waiting.1));
    let (mut from, mut bytes) = (0, 0);
    for n in 0..seen.scanned.files.len() {
        if seen.known.hashes[n].is_none() {
            bytes += seen.scanned.files[n].stat.size;
        }
        if bytes < step || n + 1 == seen.scanned.files.len() {
            continue;
        }
        let objects = project.store.batch(false)?;
        let held = |content: &Content| objects.has(content);
        let put =
            data::put::put_part(&seen.scanned, from..n + 1, &seen.known.hashes, &held, &*objects, progress);
        if let Some(contents) = apart(put, problems)? {
            kept.push(objects.commit()?);
            for (hash, content) in seen.known.hashes[from..].iter_mut().zip(contents) {
                *hash = Some(content.blake3);
            }
            // Only an unbroken beginning can be remembered.
            if problems.is_empty() {
                seen.remember_part(n + 1);
            }
        }
        (from, bytes) = (n + 1, 0);
    }
    progress.end();
    Ok(kept)
}

/// The files of the version that the pointer in the work tree names. It must be known here, so that nothing is lost.
fn before(project: &Project, path: &RepoPath) -> Result<Option<Vec<(String, Content)>>> {
    let at = pointer_path(path)?;
    let text = read_or_empty(&project.repo.root().join(at.as_str()))?;
    if text.is_empty() {
        return Ok(None);
    }
    let bad = |why: String| AppError::BadPointer { path: at.to_string(), why };
    let pointer = Pointer::parse(&text).map_err(|e| bad(e.why))?;
    let record = project.dataset(&pointer.blake3)?;
    let record = record.ok_or_else(|| bad("the version that it names is not known in this clone".into()))?;
    let Some(object) = &record.manifest else { return Ok(None) };
    let Some(map) = &record.version_map else {
        return Err(bad("the version that it names waits in this clone: first `mlprov sync`".into()));
    };
    let map = VersionMap::parse(&project.read_ref_text(map)?)?;
    let manifest = Manifest::parse(&project.read_ref_text(object)?)?;
    let files = manifest.entries().iter().map(|entry| {
        let missing =
            || ParseError::new("version map", "does not name a content of the manifest", entry.path.as_str());
        let size = map.get(&entry.blake3).ok_or_else(missing)?.size;
        Ok((entry.path.clone(), Content { blake3: entry.blake3, size }))
    });
    files.collect::<Result<Vec<_>>>().map(Some)
}

/// The record of a dataset that lies there as it was tracked before, if the store holds all of it still.
fn unchanged(project: &Project, seen: &Seen) -> Result<Option<DatasetRecord>> {
    let Some(root) = seen.known.root else { return Ok(None) };
    let Some(record) = project.dataset(&root)? else { return Ok(None) };
    let files = seen.known.hashes.par_iter().zip(&seen.scanned.files);
    let held = |content: &Blake3Hash, size: u64| project.store.holds(content, size);
    let described = |object: &ObjectRef| held(&object.digest.blake3, object.size);
    let Some(map) = &record.version_map else { return Ok(None) };
    // Whoever has all of a map's versions need not look for each.
    if project.store.has_map(&map.digest.blake3) == Some(true) {
        return Ok(Some(record));
    }
    let all = record.manifest.as_ref().is_none_or(described)
        && described(map)
        && files.all(|(hash, file)| hash.is_some_and(|hash| held(&hash, file.stat.size)));
    Ok(all.then_some(record))
}
