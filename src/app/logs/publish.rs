//! This clone's log as a ref that others can fetch: one commit per publication, each on top of the last.

use super::LOGS;
use super::published::PublishedLog;
use super::published::object_path;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::ledger::tiles::TileFiles;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::List;
use crate::domain::entry::ObjectRef;
use crate::domain::ids::CommitId;
use crate::git::refs::Changes;
use crate::git::repo::Commit;
use crate::ledger::batch;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::hash;
use crate::ledger::note::Note;
use crate::ledger::proof;
use crate::ledger::tile;
use crate::ledger::tile::Builder;
use crate::ledger::tile::Tile;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::ports::progress::Progress;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Larger objects (bytes) are not published: git hosts refuse them, and every clone would carry them for ever.
const MAX_OBJECT: u64 = 16 << 20;

/// What was published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Publication {
    pub commit: CommitId,
    /// Entries under the published checkpoint.
    pub size: u64,
    /// Of these, published by this call.
    pub new: u64,
    /// Objects that entries name and that are not in it: too large, or gone from the store.
    pub left_out: Vec<Blake3Hash>,
}

/// Files that are put while a publication is made.
struct Draft<'a> {
    project: &'a Project,
    changes: Changes,
    objects: BTreeSet<Blake3Hash>,
    left_out: Vec<Blake3Hash>,
}

impl Draft<'_> {
    fn put(&mut self, path: String, bytes: &[u8]) -> Result<()> {
        let blob = self.project.repo.store_blob(bytes)?;
        self.changes.put.push((path, blob));
        Ok(())
    }

    /// Manifests, version maps, stored lists and patches: what is needed to judge an entry. No data, and not
    /// who the actor is: that must stay deletable.
    fn objects_of(&mut self, body: &Body) -> Result<()> {
        let mut named: Vec<&ObjectRef> = Vec::new();
        named.extend(body.parameters.stored());
        named.extend(body.metrics.stored());
        named.extend(body.source.as_ref().and_then(|s| s.diff.as_ref()));
        named.extend(body.run.as_ref().and_then(|r| r.command_object.as_ref()));
        named.extend(body.evidence.values());
        named.extend(body.model_package.as_ref().and_then(|package| package.manifest()));
        let named: Vec<ObjectRef> = named.into_iter().cloned().collect();
        named.iter().try_for_each(|object| self.object(object))?;
        for list in [&body.inputs, &body.outputs, &body.config_files] {
            self.artefacts(list)?;
        }
        Ok(())
    }

    fn artefacts(&mut self, list: &List<Artefact>) -> Result<()> {
        if let Some(object) = list.stored() {
            self.object(object)?;
        }
        // A list that cannot be read is left out by the line above.
        for artefact in self.project.list(list).unwrap_or_default() {
            for object in artefact.manifest.iter().chain(&artefact.version_map) {
                self.object(object)?;
            }
        }
        Ok(())
    }

    fn object(&mut self, object: &ObjectRef) -> Result<()> {
        let id = object.digest.blake3;
        if !self.objects.insert(id) {
            return Ok(());
        }
        let bytes = match object.size {
            size if size > MAX_OBJECT => None,
            _ => data::read_object(&*self.project.store, &id).ok(),
        };
        match bytes {
            Some(bytes) => self.put(object_path(&id), &bytes)?,
            None => self.left_out.push(id),
        }
        Ok(())
    }
}

impl Project {
    /// Makes the ref of this clone's log hold all of it, under its latest checkpoint. `theirs`: the log as a
    /// remote has it, if there is no ref here yet.
    pub fn publish_log(&self, theirs: Option<&Commit>, progress: &dyn Progress) -> Result<Publication> {
        self.ledger.check()?;
        self.publish_if_behind()?;
        let name = format!("{LOGS}{}", self.ledger.log());
        let note = self.ledger.latest()?.unwrap_or_default();
        let checkpoint = Checkpoint::parse_text(Note::parse(&note)?.text())?;
        let own = self.repo.ref_commit(&name)?;
        let parent = own.clone().or_else(|| theirs.cloned());
        // What cannot be read is published again, on top of what is there.
        let before = parent.as_ref().and_then(|p| PublishedLog::open(&self.repo, &p.tree, &name).ok());
        let have = before.as_ref().map_or(0, PublishedLog::size);
        if let (Some(parent), Some(before)) = (&parent, &before)
            && before.latest()?.as_deref() == Some(&note)
        {
            if own.is_none() {
                self.repo.move_ref(&name, &parent.id, None)?;
            }
            return Ok(Publication { commit: parent.id.clone(), size: have, new: 0, left_out: Vec::new() });
        }
        let inconsistent = |size: u64| {
            let why = format!("{name} holds {size} entries that this log does not continue");
            AppError::from(StoreError::Inconsistent { why })
        };
        if have > checkpoint.size {
            return Err(inconsistent(have));
        }
        let mut draft = Draft {
            project: self,
            changes: Changes::default(),
            objects: BTreeSet::new(),
            left_out: Vec::new(),
        };
        progress.begin("publish", Some(checkpoint.size - have), None);
        self.draft_tiles(&mut draft, before.as_ref(), checkpoint.size, progress)?;
        progress.end();
        let header = self.ledger.header();
        let key = self.keys.log_key(header.log, &header.origin)?;
        draft.put("log.vkey".to_owned(), format!("{}\n", key.verifier()).as_bytes())?;
        draft.put("checkpoint".to_owned(), note.as_bytes())?;
        let message = format!("log {}: {} entries\n", header.log, checkpoint.size);
        let commit = self.repo.commit_files(parent.as_ref(), &draft.changes, &message)?;
        // Read back before it counts: what was published before must lead to the same root.
        if let Some(commit) = self.repo.commit(&commit)? {
            let written = PublishedLog::open(&self.repo, &commit.tree, &name)?;
            if proof::root_at(written.files(), checkpoint.size, checkpoint.size)? != checkpoint.root {
                return Err(inconsistent(have));
            }
        }
        if !self.repo.move_ref(&name, &commit, own.as_ref().map(|c| &c.id))? {
            return Err(AppError::NotCommitted { why: format!("another process moved {name}") });
        }
        Ok(Publication {
            commit,
            size: checkpoint.size,
            new: checkpoint.size - have,
            left_out: draft.left_out,
        })
    }

    /// Tiles, bundles and objects of the entries from `before` on, and what they replace.
    fn draft_tiles(
        &self,
        draft: &mut Draft<'_>,
        before: Option<&PublishedLog<'_>>,
        size: u64,
        progress: &dyn Progress,
    ) -> Result<()> {
        let have = before.map_or(0, PublishedLog::size);
        let mut builder = match before {
            Some(log) => Builder::resume(have, |tile| log.files().tile(tile))?,
            None => Builder::default(),
        };
        for level in 0..=7u8 {
            let hashes = have.checked_shr(tile::HEIGHT * u32::from(level)).unwrap_or(0);
            let last = hashes.checked_sub(1).and_then(|last| Tile::holding(level, last, have));
            if let Some(partial) = last.filter(|t| !t.is_full()) {
                draft.changes.remove.push(partial.path());
                if level == 0 {
                    draft.changes.remove.push(partial.bundle_path());
                }
            }
        }
        let mut bundle = Vec::new();
        let mut problem: Option<AppError> = None;
        self.ledger.read(have / tile::WIDTH * tile::WIDTH, &mut |stored| {
            if stored.index >= size {
                return ControlFlow::Break(());
            }
            let mut step = || -> Result<()> {
                tile::push_entry(&mut bundle, stored.bytes)?;
                if stored.index < have {
                    return Ok(()); // in a bundle that grows
                }
                if let Ok((_, body)) = batch::open(stored.bytes) {
                    draft.objects_of(&body)?;
                }
                let mut full = Vec::new();
                builder.push(hash::leaf(stored.bytes), &mut |tile, row| -> Result<()> {
                    full.push((tile, tile::encode(row)));
                    Ok(())
                })?;
                for (tile, row) in full {
                    draft.put(tile.path(), &row)?;
                    if tile.level == 0 {
                        draft.put(tile.bundle_path(), &std::mem::take(&mut bundle))?;
                    }
                }
                progress.advance(1, stored.bytes.len() as u64);
                Ok(())
            };
            problem = step().err();
            if problem.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(e) = problem {
            return Err(e);
        }
        for (partial, row) in builder.partial() {
            draft.put(partial.path(), &tile::encode(row))?;
            if partial.level == 0 {
                draft.put(partial.bundle_path(), &bundle)?;
            }
        }
        // What is written again is not removed.
        let put: BTreeSet<&String> = draft.changes.put.iter().map(|(path, _)| path).collect();
        draft.changes.remove.retain(|path| !put.contains(path));
        Ok(())
    }
}
