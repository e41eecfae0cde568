//! Tiles and checkpoints of a chain: made of what is committed, byte for byte the same whoever makes them.

use super::bucket::Bucket;
use super::bucket::Object;
use crate::ledger::FormatError;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::note::Note;
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
    /// it is committed. `first`: there may be none yet. `seen`: is told of the published one, and may object. `sign`: signs
    /// what it is given, and remembers that it did. Three round trips: look, tiles, checkpoint.
    pub fn publish(
        &self,
        log: &dyn LogReader,
        signer: &dyn CheckpointSigner,
        first: bool,
        seen: &mut dyn FnMut(Option<&str>) -> Result<(), StoreError>,
        sign: &mut dyn FnMut(&Frontier) -> Result<String, StoreError>,
    ) -> Result<String, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let (published, mut builder) = self.look(log, signer, seen)?;
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
            if builder.size() > old {
                builder = Builder::default();
            }
            self.materialise(log, &mut builder, old, &head)?;
            let note = sign(&head)?;
            // More may have come before it was signed.
            let signed =
                Checkpoint::open(&note, signer.verifier()).map_err(|e| self.corrupt(e.to_string()))?;
            if let Some(tree) = log.tree_at(signed.size)?.filter(|tree| tree.size() > head.size()) {
                self.materialise(log, &mut builder, head.size(), &tree)?;
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

    /// The published checkpoint, and where the tiles of the latest one that is known here end.
    fn look(
        &self,
        log: &dyn LogReader,
        signer: &dyn CheckpointSigner,
        seen: &mut dyn FnMut(Option<&str>) -> Result<(), StoreError>,
    ) -> Result<(Option<Published>, Builder), StoreError> {
        let key = self.key("checkpoint");
        let known = match log.latest()?.as_deref().and_then(size_of) {
            Some(size) => log.tree_at(size)?.unwrap_or_default(),
            None => Frontier::default(),
        };
        let edge: Vec<Tile> = right_edge(known.size()).collect();
        let keys = std::iter::once(key.clone()).chain(edge.iter().map(|tile| self.key(&tile.path())));
        let mut objects = self.bucket.get_all(&keys.collect::<Vec<_>>())?.into_iter();
        let object = objects.next().flatten();
        let builder = resume(&known, edge.into_iter().zip(objects)).unwrap_or_default();
        let Some(object) = object else {
            seen(None)?;
            return Ok((None, builder));
        };
        let note = String::from_utf8(object.bytes).map_err(|_| self.corrupt("it is no text".to_owned()))?;
        seen(Some(&note))?;
        let checkpoint =
            Checkpoint::open(&note, signer.verifier()).map_err(|e| self.corrupt(e.to_string()))?;
        Ok((Some(Published { note, etag: object.etag, checkpoint }), builder))
    }

    /// Puts the tiles and bundles that a log of `head` has and one of `old` entries has not. `builder`: stands at `old` or
    /// before, and at `head` afterwards.
    fn materialise(
        &self,
        log: &dyn LogReader,
        builder: &mut Builder,
        old: u64,
        head: &Frontier,
    ) -> Result<(), StoreError> {
        let mut made: BTreeMap<String, Vec<u8>> = BTreeMap::new();
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
        let new = tile::new_tiles(old, head.size()).flat_map(|tile| {
            let bundle = (tile.level == 0).then(|| tile.bundle_path());
            std::iter::once(tile.path()).chain(bundle)
        });
        self.put_tiles(new.filter_map(|path| Some((self.key(&path), made.remove(&path)?))).collect())
    }

    /// The same bytes may be there already: anybody may have made them.
    fn put_tiles(&self, mut tiles: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let put = self.bucket.put_all_new(&tiles);
            let (mut there, mut open) = (Vec::new(), Vec::new());
            for (tile, put) in tiles.into_iter().zip(put) {
                match put {
                    Ok(true) => {}
                    Ok(false) => there.push(tile),
                    Err(failure) if failure.is_unknown() => open.push(tile),
                    Err(failure) => return Err(failure.into()),
                }
            }
            let keys: Vec<String> = there.iter().map(|(key, _)| key.clone()).collect();
            let found = if keys.is_empty() { Vec::new() } else { self.bucket.get_all(&keys)? };
            for ((key, bytes), found) in there.into_iter().zip(found) {
                match found {
                    Some(found) if found.bytes == bytes => {}
                    Some(_) => {
                        let why = "it is not made of what is committed".to_owned();
                        return Err(StoreError::Corrupt { what: key, at: "its bytes".to_owned(), why });
                    }
                    None => open.push((key, bytes)),
                }
            }
            tiles = open;
            if tiles.is_empty() {
                return Ok(());
            }
        }
        let key = tiles.swap_remove(0).0;
        Err(StoreError::io("write", key, io::Error::other("no answer")))
    }
}

/// How many entries a checkpoint says that it is over.
pub(super) fn size_of(note: &str) -> Option<u64> {
    Checkpoint::parse_text(Note::parse(note).ok()?.text()).ok().map(|checkpoint| checkpoint.size)
}

/// Partial tiles of a tree.
fn right_edge(size: u64) -> impl Iterator<Item = Tile> {
    let hashes = move |level: u8| size.checked_shr(tile::HEIGHT * u32::from(level)).unwrap_or(0);
    let partial = move |level: u8| hashes(level) % tile::WIDTH != 0;
    (0..=7u8)
        .filter(move |level| partial(*level))
        .filter_map(move |level| Tile::holding(level, hashes(level) - 1, size))
}

/// Goes on from these tiles if they are all there and right. `None`: everything is made anew, from the log.
fn resume(known: &Frontier, edge: impl Iterator<Item = (Tile, Option<Object>)>) -> Option<Builder> {
    let mut tiles = Edge(BTreeMap::new());
    for (tile, object) in edge {
        tiles.0.insert(tile, tile::decode(&object?.bytes, tile.width).ok()?);
    }
    let found = proof::frontier_at(&tiles, known.size(), known.size()).ok()?;
    let builder = || Builder::resume(known.size(), |tile| tiles.read(tile)).ok();
    (found == *known).then(builder).flatten()
}

struct Edge(BTreeMap<Tile, Vec<TreeHash>>);

impl TileReader for Edge {
    type Error = FormatError;

    fn read(&self, tile: Tile) -> Result<Vec<TreeHash>, FormatError> {
        self.0.get(&tile).cloned().ok_or_else(|| FormatError::new("tile", "it is not there"))
    }
}
