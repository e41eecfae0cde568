//! Looks at everything that a bucket holds of a ledger, from its first object on, and believes nothing that is known here.

use super::bucket::Bucket;
use super::bucket::Object;
use crate::domain::ids::EntryId;
use crate::ledger::batch::Batch;
use crate::ledger::chain;
use crate::ledger::chain::Judged;
use crate::ledger::chain::Position;
use crate::ledger::chain::Waiting;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::hash::TreeHash;
use crate::ledger::note::Note;
use crate::ledger::tile;
use crate::ledger::tile::Builder;
use crate::ports::StoreError;
use crate::ports::commit_store::Examined;
use crate::ports::commit_store::Objection;
use crate::ports::log_reader::LogReader;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

/// Objects that are held in memory together.
const AT_ONCE: usize = 256;

pub struct Examiner<'a> {
    pub bucket: &'a dyn Bucket,
    /// Of all keys: `ledger/`, say.
    pub prefix: &'a str,
}

/// The chain as far as it leads.
struct Walk {
    position: Position,
    ids: HashMap<EntryId, u64>,
    /// Roots at sizes that something is said about.
    roots: BTreeMap<u64, TreeHash>,
    wanted: BTreeSet<u64>,
    builder: Builder,
    tiles: BTreeMap<String, Vec<u8>>,
    bundle: Vec<u8>,
}

impl Examiner<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// `known`: what this clone took over. `versions`: also looks for what was overwritten or deleted.
    pub fn examine(&self, known: &dyn LogReader, versions: bool) -> Result<Examined, StoreError> {
        let mut found = Examined::default();
        let head = known.head()?;
        let published = self.bucket.get(&self.key("checkpoint"))?;
        let published = published.map(|object| String::from_utf8_lossy(&object.bytes).into_owned());
        let claimed = published.as_deref().and_then(claim);
        let mut wanted: BTreeSet<u64> = [0, head.size()].into();
        wanted.extend(claimed.as_ref().map(|claimed| claimed.size));
        let walk = self.walk(known, wanted, &mut found)?;
        let size = walk.position.tree.size();
        (found.size, found.checkpoint) = (size, published);
        match walk.roots.get(&head.size()) {
            _ if head.size() > size => {
                let detail =
                    format!("it leads to {size} entries, and this clone took over {} before", head.size());
                found.object("commit/", detail);
            }
            Some(root) if *root == head.root() => {}
            _ => found.object(
                "commit/",
                format!("its first {} entries are not those that this clone took over", head.size()),
            ),
        }
        match (&claimed, found.checkpoint.is_some()) {
            (None, true) => found.object("checkpoint", "it is none".to_owned()),
            (None, false) if known.latest()?.is_some() => {
                found.object("checkpoint", "it is gone; this clone has one".to_owned());
            }
            (None, false) => {}
            (Some(claimed), _) => {
                if walk.roots.get(&claimed.size) != Some(&claimed.root) {
                    let detail =
                        format!("it says something else of {} entries than the commits", claimed.size);
                    found.object("checkpoint", detail);
                }
                let before = known.latest()?.as_deref().and_then(claim).map_or(0, |before| before.size);
                if claimed.size < before {
                    let detail =
                        format!("it is over {} entries, and one over {before} was there", claimed.size);
                    found.object("checkpoint", detail);
                }
                self.tiles(&walk, claimed.size.min(size), &mut found)?;
            }
        }
        self.inbox(&walk, &mut found)?;
        if versions {
            self.versions(&mut found)?;
        }
        Ok(found)
    }

    fn walk(
        &self,
        known: &dyn LogReader,
        wanted: BTreeSet<u64>,
        found: &mut Examined,
    ) -> Result<Walk, StoreError> {
        let mut walk = Walk {
            position: Position::beginning(known.header().clone()),
            ids: HashMap::new(),
            roots: BTreeMap::new(),
            wanted,
            builder: Builder::default(),
            tiles: BTreeMap::new(),
            bundle: Vec::new(),
        };
        walk.note_root();
        let names = self.bucket.list(&self.key("commit/"), None)?;
        let mut voids = 0;
        let mut stopped = false;
        for names in names.chunks(AT_ONCE) {
            let objects = self.bucket.get_all(names)?;
            let objects: BTreeMap<&str, Object> = names
                .iter()
                .zip(objects)
                .filter_map(|(name, object)| Some((name.as_str(), object?)))
                .collect();
            let mut read: BTreeSet<String> = BTreeSet::new();
            while !stopped {
                let name = self.key(&chain::commit_name(walk.position.tree.size(), voids));
                let Some(object) = objects.get(name.as_str()) else { break };
                found.objects += 1;
                match chain::judge(&object.bytes, &walk.position, |id| walk.ids.contains_key(id)) {
                    Judged::Commit(batch, _) => {
                        walk.push(&batch).map_err(|why| StoreError::Corrupt {
                            what: name.clone(),
                            at: "an entry".into(),
                            why,
                        })?;
                        voids = 0;
                    }
                    Judged::Void(why) => {
                        found.remark(&name, format!("void: {why}"));
                        voids += 1;
                    }
                    Judged::Newer(version) => {
                        found.object(
                            &name,
                            format!("{version:?} was written by a newer mlprov; what follows was not read"),
                        );
                        stopped = true;
                    }
                }
                read.insert(name);
            }
            for name in names.iter().filter(|name| !read.contains(*name)) {
                let start =
                    name.strip_prefix(self.prefix).and_then(chain::parse_commit_name).map(|(start, _)| start);
                let size = walk.position.tree.size();
                match start {
                    _ if stopped => {}
                    Some(start) if start > size => {
                        let detail =
                            format!("the chain does not lead there: what begins at {size} is missing");
                        found.object(name, detail);
                    }
                    _ => {
                        found.remark(name, "the chain does not lead there: it counts for nothing".to_owned())
                    }
                }
            }
        }
        walk.finish();
        Ok(walk)
    }

    /// Against what the entries make.
    fn tiles(&self, walk: &Walk, size: u64, found: &mut Examined) -> Result<(), StoreError> {
        let at_head = size == walk.position.tree.size();
        let mut expected: BTreeMap<String, &[u8]> = BTreeMap::new();
        // Partial tiles of a size that lies behind are not kept; they are the beginnings of those that are.
        for tile in tile::all_tiles(size) {
            let bundle = (tile.level == 0).then(|| tile.bundle_path());
            for path in std::iter::once(tile.path()).chain(bundle) {
                if let Some(bytes) = walk.tiles.get(&path).filter(|_| tile.is_full() || at_head) {
                    expected.insert(self.key(&path), bytes);
                }
            }
        }
        let names: Vec<String> = expected.keys().cloned().collect();
        for names in names.chunks(AT_ONCE) {
            for (name, object) in names.iter().zip(self.bucket.get_all(names)?) {
                found.objects += 1;
                match object {
                    None => found.object(name, "it is missing; the checkpoint covers it".to_owned()),
                    Some(object) if expected.get(name) != Some(&&object.bytes[..]) => {
                        found.object(name, "it is not made of the entries".to_owned());
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    fn inbox(&self, walk: &Walk, found: &mut Examined) -> Result<(), StoreError> {
        let names = self.bucket.list(&self.key("inbox/"), None)?;
        for names in names.chunks(AT_ONCE) {
            for (name, object) in names.iter().zip(self.bucket.get_all(names)?) {
                let Some(object) = object else { continue };
                found.objects += 1;
                match Waiting::parse(&object.bytes, walk.position.header.log) {
                    Err(e) => found.remark(name, e.to_string()),
                    Ok(waiting)
                        if waiting.batch.entries().iter().all(|entry| walk.ids.contains_key(entry.id())) =>
                    {
                        found.remark(name, "it is committed, and was not taken away".to_owned());
                    }
                    Ok(waiting) => {
                        let count = waiting.batch.entries().len();
                        found.remark(name, format!("{count} entries wait to be committed"));
                    }
                }
            }
        }
        Ok(())
    }

    fn versions(&self, found: &mut Examined) -> Result<(), StoreError> {
        for below in ["commit/", "tile/"] {
            let mut seen: BTreeMap<String, u64> = BTreeMap::new();
            for version in self.bucket.history(&self.key(below))? {
                if version.deleted {
                    found.object(&version.key, "it was deleted: a delete marker".to_owned());
                }
                *seen.entry(version.key).or_insert(0) += u64::from(!version.deleted);
            }
            for (key, count) in seen.into_iter().filter(|(_, count)| *count > 1) {
                found.object(&key, format!("it was overwritten: {count} versions"));
            }
        }
        Ok(())
    }
}

impl Walk {
    /// The partial tiles of the size that is reached; of earlier ones nothing is asked.
    fn finish(&mut self) {
        for (tile, row) in self.builder.partial() {
            self.tiles.insert(tile.path(), tile::encode(row));
            if tile.level == 0 {
                self.tiles.insert(tile.bundle_path(), self.bundle.clone());
            }
        }
    }

    fn note_root(&mut self) {
        let size = self.position.tree.size();
        if self.wanted.contains(&size) {
            self.roots.insert(size, self.position.tree.root());
        }
    }

    fn push(&mut self, batch: &Batch) -> Result<(), String> {
        for entry in batch.entries() {
            let index = self.position.tree.size();
            let one = Batch::new(vec![entry.clone()]).ok_or("it is empty")?;
            self.position.extend(&one)?;
            self.ids.insert(*entry.id(), index);
            self.note_root();
            tile::push_entry(&mut self.bundle, entry.bytes()).map_err(|e| e.to_string())?;
            let tiles = &mut self.tiles;
            let pushed: Result<(), ()> = self.builder.push(entry.leaf(), &mut |tile, row| {
                tiles.insert(tile.path(), tile::encode(row));
                Ok(())
            });
            let _ = pushed; // nothing in it can fail
            if (index + 1).is_multiple_of(tile::WIDTH) {
                let full = tile::Tile { level: 0, index: index / tile::WIDTH, width: tile::WIDTH as u16 };
                self.tiles.insert(full.bundle_path(), std::mem::take(&mut self.bundle));
            }
        }
        Ok(())
    }
}

fn claim(note: &str) -> Option<Checkpoint> {
    Checkpoint::parse_text(Note::parse(note).ok()?.text()).ok()
}

impl Examined {
    fn object(&mut self, what: &str, detail: String) {
        self.objections.push(Objection { what: what.to_owned(), detail });
    }

    fn remark(&mut self, what: &str, detail: String) {
        self.remarks.push(Objection { what: what.to_owned(), detail });
    }
}
