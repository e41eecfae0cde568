//! Tiles and checkpoints of a chain: made of what is committed, byte for byte the same whoever makes them.

use super::bucket::Bucket;
use crate::ledger::FormatError;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::proof;
use crate::ledger::proof::TileReader;
use crate::ledger::tile;
use crate::ledger::tile::Builder;
use crate::ledger::tile::Tile;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::ports::signer::CheckpointSigner;
use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

/// How often the checkpoint is read again because somebody else published meanwhile.
const MAX_ATTEMPTS: u32 = 20;

pub struct Publisher<'a> {
    pub bucket: &'a dyn Bucket,
    /// Of all keys: `ledger/`, say.
    pub prefix: &'a str,
}

/// A published checkpoint.
struct Published {
    note: String,
    etag: String,
    checkpoint: Checkpoint,
}

impl Publisher<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Makes tiles of all that `log` has, and puts a checkpoint over it, unless there is one as large. `log`: everything in
    /// it is committed. `first`: there may be none yet. `sign`: signs what it is given, and remembers that it did.
    pub fn publish(
        &self,
        log: &dyn LogReader,
        signer: &dyn CheckpointSigner,
        first: bool,
        sign: &mut dyn FnMut(&Frontier) -> Result<String, StoreError>,
    ) -> Result<String, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let published = self.published(signer)?;
            let old = published.as_ref().map_or(0, |p| p.checkpoint.size);
            match &published {
                None if !first => {
                    let why = "no checkpoint of it was ever published: whoever publishes the first one has to say so";
                    return Err(StoreError::Inconsistent { why: why.to_owned() });
                }
                None => {}
                Some(published) => {
                    let here = log.tree_at(old)?.map(|tree| tree.root());
                    if here.is_some_and(|root| root != published.checkpoint.root) {
                        let why = format!(
                            "the published checkpoint of {old} entries is of another log than this one"
                        );
                        return Err(StoreError::Inconsistent { why });
                    }
                }
            }
            let head = log.head()?;
            if let Some(published) = published.as_ref().filter(|_| old >= head.size()) {
                return Ok(published.note.clone());
            }
            self.materialise(log, old, &head)?;
            let note = sign(&head)?;
            // More may have come before it was signed.
            let signed =
                Checkpoint::open(&note, signer.verifier()).map_err(|e| self.corrupt(e.to_string()))?;
            if let Some(tree) = log.tree_at(signed.size)?.filter(|tree| tree.size() > head.size()) {
                self.materialise(log, head.size(), &tree)?;
            }
            let etag = published.as_ref().map(|p| p.etag.as_str());
            let replaced = self.bucket.replace(&self.key("checkpoint"), note.as_bytes(), etag);
            match replaced {
                Ok(true) => return Ok(note),
                // Somebody else did, or nobody knows: look.
                Ok(false) => {}
                Err(failure) if failure.is_unknown() => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(StoreError::Inconsistent { why: "other publishers were always faster".to_owned() })
    }

    fn corrupt(&self, why: String) -> StoreError {
        StoreError::Corrupt { what: self.key("checkpoint"), at: "its signature".to_owned(), why }
    }

    fn published(&self, signer: &dyn CheckpointSigner) -> Result<Option<Published>, StoreError> {
        let key = self.key("checkpoint");
        let Some(object) = self.bucket.get(&key)? else { return Ok(None) };
        let note = String::from_utf8(object.bytes).map_err(|_| self.corrupt("it is no text".to_owned()))?;
        let checkpoint =
            Checkpoint::open(&note, signer.verifier()).map_err(|e| self.corrupt(e.to_string()))?;
        Ok(Some(Published { note, etag: object.etag, checkpoint }))
    }

    /// Puts the tiles and bundles that a log of `head` has and one of `old` entries has not.
    pub fn materialise(&self, log: &dyn LogReader, old: u64, head: &Frontier) -> Result<(), StoreError> {
        let mut made: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut builder = self.resume(log, old)?;
        let from = builder.size();
        let mut bundle = Vec::new();
        let first = from - from % tile::WIDTH;
        log.read(first, &mut |stored| {
            if stored.index >= head.size() {
                return ControlFlow::Break(());
            }
            let _ = tile::push_entry(&mut bundle, stored.bytes); // an entry is never too long for it
            if stored.index >= from {
                let pushed: Result<(), ()> = builder.push(hash::leaf(stored.bytes), &mut |tile, row| {
                    made.insert(tile.path(), tile::encode(row));
                    Ok(())
                });
                let _ = pushed;
            }
            if (stored.index + 1) % tile::WIDTH == 0 {
                let full = Tile { level: 0, index: stored.index / tile::WIDTH, width: tile::WIDTH as u16 };
                made.insert(full.bundle_path(), std::mem::take(&mut bundle));
            }
            ControlFlow::Continue(())
        })?;
        for (tile, row) in builder.partial() {
            made.insert(tile.path(), tile::encode(row));
            if tile.level == 0 {
                made.insert(tile.bundle_path(), std::mem::take(&mut bundle));
            }
        }
        for tile in tile::new_tiles(old, head.size()) {
            let bundle = (tile.level == 0).then(|| tile.bundle_path());
            for path in std::iter::once(tile.path()).chain(bundle) {
                let Some(bytes) = made.get(&path) else { continue };
                self.put_tile(&path, bytes)?;
            }
        }
        Ok(())
    }

    /// The same bytes may be there already: anybody may have made them.
    fn put_tile(&self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let key = self.key(path);
        for _ in 0..MAX_ATTEMPTS {
            match self.bucket.put_new(&key, bytes) {
                Ok(true) => return Ok(()),
                Ok(false) => match self.bucket.get(&key)? {
                    Some(there) if there.bytes == bytes => return Ok(()),
                    Some(_) => {
                        let why = "it is not made of what is committed".to_owned();
                        return Err(StoreError::Corrupt { what: key, at: "its bytes".to_owned(), why });
                    }
                    None => {}
                },
                Err(failure) if failure.is_unknown() => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(StoreError::io("write", key, io::Error::other("no answer")))
    }

    /// Goes on from the tiles of `old` entries if they are there and right, else from the beginning.
    fn resume(&self, log: &dyn LogReader, old: u64) -> Result<Builder, StoreError> {
        let Some(tree) = log.tree_at(old)?.filter(|tree| tree.size() > 0) else {
            return Ok(Builder::default());
        };
        let tiles = Tiles { publisher: self };
        let right = proof::frontier_at(&tiles, old, old).is_ok_and(|found| found == tree);
        match right {
            true => Ok(Builder::resume(old, |tile| tiles.read(tile)).unwrap_or_default()),
            false => Ok(Builder::default()),
        }
    }
}

struct Tiles<'a> {
    publisher: &'a Publisher<'a>,
}

impl TileReader for Tiles<'_> {
    type Error = FormatError;

    fn read(&self, tile: Tile) -> Result<Vec<TreeHash>, FormatError> {
        let object = self.publisher.bucket.get(&self.publisher.key(&tile.path())).ok().flatten();
        let object = object.ok_or_else(|| FormatError::new("tile", "it is not there"))?;
        tile::decode(&object.bytes, tile.width)
    }
}
