//! Sealed entries on their way to the ledger: at once, or by way of the outbox where it is shared.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::record::Receipt;
use crate::app::record::commit;
use crate::ledger::batch::SealedEntry;
use crate::ledger::checkpoint::Checkpoint;
use crate::ports::StoreError;
use crate::ports::account::Trouble;
use crate::ports::signer::CheckpointSigner;

impl Project {
    /// The key that signs checkpoints of the ledger. Of one that is shared only publishers have it.
    pub fn publisher(&self) -> Result<Option<Box<dyn CheckpointSigner>>> {
        let header = self.ledger.header();
        match self.keys.log_key(header.log, &header.origin) {
            Ok(key) => Ok(Some(key)),
            Err(StoreError::Key { why, .. }) if self.ledger.is_shared() && why.contains("no such file") => {
                Ok(None)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Commits entries, and publishes a checkpoint over them if this clone may. What a shared ledger cannot take now is
    /// durable here, and waits.
    pub fn append(&self, entries: Vec<SealedEntry>) -> Result<Vec<Receipt>> {
        // A key that is missing is said before anything is recorded.
        let key = self.publisher()?;
        if !self.ledger.is_shared() {
            if !self.later.get() {
                // What waits here goes with the next one that can.
                match self.store.push().map_err(AppError::from) {
                    Err(e) if !is_out_of_reach(&e) => return Err(e),
                    _ => {}
                }
            }
            let receipts = match commit(&*self.ledger, entries.clone()) {
                // It goes on elsewhere: they wait for settings that say where.
                Err(AppError::Store(StoreError::Moved { .. })) => {
                    self.outbox().put_entries(&entries, &self.clock.now())?;
                    self.later.set(true);
                    return Ok(unplaced(&entries));
                }
                committed => committed?,
            };
            // The entries are true whatever happens now.
            self.publish_with(key)?;
            return Ok(receipts);
        }
        let waiting = unplaced(&entries);
        self.outbox().put_entries(&entries, &self.clock.now())?;
        if self.later.get() {
            return Ok(waiting);
        }
        match self.deliver() {
            Ok(delivered) => Ok(waiting
                .into_iter()
                .map(|one| delivered.iter().find(|other| other.id == one.id).cloned().unwrap_or(one))
                .collect()),
            Err(e) if is_out_of_reach(&e) => {
                self.later.set(true);
                Ok(waiting)
            }
            Err(e @ AppError::IdConflict { id, .. }) if entries.iter().any(|entry| *entry.id() == id) => {
                // It never goes there, and must not stand in the way of others.
                self.outbox().forget_entries(entries[0].id())?;
                Err(e)
            }
            Err(e) => Err(e),
        }
    }

    /// Brings what waits to a shared ledger, in order, each entry once however often it is tried.
    pub fn deliver(&self) -> Result<Vec<Receipt>> {
        let mut receipts = Vec::new();
        let waiting = self.outbox().entries()?;
        if !waiting.is_empty() {
            // What entries name is there before they are.
            self.store.push()?;
        }
        for (path, entries) in waiting {
            receipts.extend(commit(&*self.ledger, entries)?);
            self.outbox().done(&path)?;
        }
        if !receipts.is_empty() {
            self.publish_with(self.publisher()?)?;
        }
        Ok(receipts)
    }

    fn publish_with(&self, key: Option<Box<dyn CheckpointSigner>>) -> Result<()> {
        let published = key.map(|key| self.ledger.publish(&*key)).transpose();
        match published {
            Err(e) if self.ledger.is_shared() && is_not_publisher(&e) => Ok(()),
            Err(source) => Err(AppError::NotPublished { source: Box::new(source.into()) }),
            Ok(_) => Ok(()),
        }
    }

    /// After a process that was killed between commit and checkpoint.
    pub fn publish_if_behind(&self) -> Result<()> {
        if self.ledger.is_shared() {
            return Ok(()); // its publishers see to it
        }
        let published = self.ledger.latest()?.and_then(|note| {
            let text = note.rsplit_once("\n\n")?.0;
            Checkpoint::parse_text(&format!("{text}\n")).ok()
        });
        if published.is_some_and(|c| c.size >= self.ledger.head().map_or(u64::MAX, |h| h.size())) {
            return Ok(());
        }
        self.publish()
    }

    pub fn publish(&self) -> Result<()> {
        if let Some(key) = self.publisher()? {
            match self.ledger.publish(&*key) {
                Err(e) if self.ledger.is_shared() && is_not_publisher(&e) => {}
                published => _ = published?,
            }
        }
        Ok(())
    }
}

/// Whether the key is somebody else's to use, which only its service can tell: their checkpoint will come.
pub fn is_not_publisher(e: &StoreError) -> bool {
    matches!(e, StoreError::Account { action: "kms:Sign", trouble: Trouble::Denied, .. })
}

/// Of entries that wait.
fn unplaced(entries: &[SealedEntry]) -> Vec<Receipt> {
    entries.iter().map(|entry| Receipt { id: *entry.id(), index: None, already: false }).collect()
}

/// Whether it was not committed, or nobody knows, because the ledger could not be asked, or is not there any more.
pub fn is_out_of_reach(e: &AppError) -> bool {
    match e {
        AppError::Store(StoreError::Io { .. } | StoreError::NotAgreed { .. } | StoreError::Moved { .. }) => {
            true
        }
        AppError::NotCommitted { .. } => true,
        AppError::NotPublished { source } => is_out_of_reach(source),
        _ => false,
    }
}
