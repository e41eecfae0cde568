//! A log that can be read, wherever it lies: in this clone's journal, or published by another clone.

use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::ledger::frame::Header;
use crate::ledger::hash;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use std::ops::ControlFlow;

/// One entry as it is stored.
pub struct StoredEntry<'a> {
    pub index: u64,
    pub id: EntryId,
    pub bytes: &'a [u8],
}

/// Promises:
/// 1. Reading takes no lock and changes nothing.
/// 2. Entries come in order, each once, with the exact bytes that were committed; or an error says why not.
/// 3. Nothing that is returned has been checked against a key.
pub trait LogReader {
    fn header(&self) -> &Header;

    /// Entries from index `from` on, in order, until `visit` breaks.
    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The tree over everything that is there.
    fn head(&self) -> Result<Frontier, StoreError>;

    /// The tree over the first `size` entries; `None` if there are fewer. A backend that keeps trees on the way
    /// need not read all that lies before.
    fn tree_at(&self, size: u64) -> Result<Option<Frontier>, StoreError> {
        let mut tree = Frontier::default();
        self.read(0, &mut |entry| {
            if tree.size() == size {
                return ControlFlow::Break(());
            }
            tree.push(hash::leaf(entry.bytes));
            ControlFlow::Continue(())
        })?;
        Ok((tree.size() == size).then_some(tree))
    }

    /// The latest published checkpoint (a signed note), as text.
    fn latest(&self) -> Result<Option<String>, StoreError>;

    /// Bytes of a commit that was begun and never finished. They count for nothing; the next writer sets
    /// them aside.
    fn unfinished(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn log(&self) -> LogId {
        self.header().log
    }
}

impl<T: LogReader + ?Sized> LogReader for &T {
    fn header(&self) -> &Header {
        (**self).header()
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        (**self).read(from, visit)
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        (**self).head()
    }

    fn tree_at(&self, size: u64) -> Result<Option<Frontier>, StoreError> {
        (**self).tree_at(size)
    }

    fn latest(&self) -> Result<Option<String>, StoreError> {
        (**self).latest()
    }

    fn unfinished(&self) -> Result<u64, StoreError> {
        (**self).unfinished()
    }
}
