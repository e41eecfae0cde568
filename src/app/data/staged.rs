//! Datasets that wait in this clone until their contents can go to the store that all share: what was tracked or made
//! without a network.

use super::DECLARED;
use super::DatasetRecord;
use super::Listing;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::record;
use crate::app::version::DatasetAt;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::path::RepoPath;
use crate::domain::version_map::Content;
use crate::outbox::Staged;
use crate::ports::StoreError;
use crate::ports::object_store::Kept;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use rayon::prelude::*;
use serde::Serialize;

/// What became of what waited.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Uploaded {
    pub datasets: Vec<RepoPath>,
    /// Bytes that were sent, or found to be there.
    pub bytes: u64,
}

impl Project {
    /// Does it again with everything kept in this clone, if the store went out of reach meanwhile.
    pub fn or_staged<T>(&self, work: impl Fn() -> Result<T>) -> Result<T> {
        match work() {
            Err(AppError::Store(e @ StoreError::Io { .. }))
                if self.store.readers().is_some() && self.store.waits().is_none() =>
            {
                self.store.stay_local(&e.to_string());
                work()
            }
            done => done,
        }
    }

    /// Makes durable that a dataset waits. Its bytes are durable here. `tracked`: it gets an entry of its own.
    pub fn stage(
        &self,
        path: &RepoPath,
        record: &DatasetRecord,
        room: Option<&str>,
        tracked: bool,
    ) -> Result<()> {
        Ok(self.outbox().put_staged(&Staged {
            path: path.clone(),
            kind: record.kind,
            blake3: record.root(),
            files: record.files,
            bytes: record.bytes,
            sha256: record.digest.sha256,
            room: room.map(str::to_owned),
            tracked,
            time: self.clock.now(),
        })?)
    }

    /// Brings what waits to the store, and records it: contents, then the entry of each dataset, then runs that waited
    /// for them. Stops at the first that cannot go; what went is not sent again.
    pub fn upload_staged(&self, signer: &dyn EntrySigner, progress: &dyn Progress) -> Result<Uploaded> {
        let mut done = Uploaded::default();
        for (path, staged) in self.outbox().staged()? {
            let (record, kept) = self.upload(&staged, progress)?;
            if staged.tracked {
                let mut body = self.draft(Kind::DatasetTracked, signer);
                body.inputs = List::Inline(vec![record.artefact(&staged.path, "dataset")]);
                self.append(vec![record::seal(body, signer)?])?;
            }
            drop(kept);
            self.remember_dataset(&record)?;
            // A run names it only now: what is remembered of it leads there.
            self.finish_drafts(signer)?;
            self.outbox().done(&path)?;
            done.datasets.push(staged.path);
            done.bytes += staged.bytes;
        }
        self.finish_drafts(signer)?;
        Ok(done)
    }

    fn upload(&self, staged: &Staged, progress: &dyn Progress) -> Result<(DatasetRecord, Kept)> {
        let dataset = DatasetAt {
            data: staged.path.clone(),
            kind: staged.kind,
            root: staged.blake3,
            files: staged.files,
            bytes: staged.bytes,
            version_map: None,
        };
        let mut files = Vec::new();
        for file in self.files_of(&dataset)? {
            let missing = || StoreError::Missing { what: format!("{} ({})", file.path, file.blake3) };
            let (size, _) = self.store.find(&file.blake3)?.ok_or_else(missing)?;
            files.push((file.path, Content { blake3: file.blake3, size }));
        }
        let batch = match &staged.room {
            Some(room) => self.store.batch_in(room)?,
            None => self.store.batch(false)?,
        };
        progress.begin("upload", Some(files.len() as u64), Some(staged.bytes));
        let sent = files.par_iter().with_min_len(16).try_for_each(|(name, content)| -> Result<()> {
            let place = dataset.path_of(name)?;
            batch.put_stored(place.as_str(), content, &|bytes| progress.advance(0, bytes))?;
            progress.advance(1, 0);
            progress.retried(batch.retries());
            Ok(())
        });
        progress.end();
        sent?;
        let listing = Listing::of(staged.kind, files);
        let record = super::describe(&listing, staged.sha256, &*self.store, &*batch)?;
        let kept = batch.commit()?;
        if record.root() != staged.blake3 || record.version_map.is_none() {
            let why = "it is not what was staged".to_owned();
            return Err(
                StoreError::Corrupt { what: staged.path.to_string(), at: "the store".into(), why }.into()
            );
        }
        Ok((record, kept))
    }

    /// Signs the entries whose data has versions by now.
    fn finish_drafts(&self, signer: &dyn EntrySigner) -> Result<()> {
        for (path, mut body) in self.outbox().drafts()? {
            let mut complete = true;
            for list in [&mut body.inputs, &mut body.outputs, &mut body.config_files] {
                let List::Inline(artefacts) = list else { continue };
                for artefact in artefacts.iter_mut().filter(|artefact| waits(artefact)) {
                    match self.dataset(&artefact.digest.blake3)? {
                        Some(known) => {
                            artefact.version_map = known.version_map;
                            artefact.location = known.location;
                        }
                        None => complete = false,
                    }
                }
            }
            if complete {
                let objects = self.store.batch(false)?;
                record::fit(&mut body, &*objects)?;
                let _kept = objects.commit()?;
                self.append(vec![record::seal(body, signer)?])?;
                self.outbox().done(&path)?;
            }
        }
        Ok(())
    }

    /// What was staged and has a version by now, because it was stored again.
    pub fn unstage(&self, root: &Blake3Hash) -> Result<()> {
        for (path, staged) in self.outbox().staged()? {
            if staged.blake3 == *root && staged.tracked {
                self.outbox().done(&path)?;
            }
        }
        Ok(())
    }
}

/// Whether it was stored in this clone only.
fn waits(artefact: &Artefact) -> bool {
    artefact.version_map.is_none() && artefact.observed.as_deref() != Some(DECLARED)
}

/// Whether an entry has to wait for versions of what it names.
pub fn has_to_wait(body: &Body) -> bool {
    let lists = [&body.inputs, &body.outputs, &body.config_files];
    lists.iter().any(|list| list.inline().iter().any(waits))
}
