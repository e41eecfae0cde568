//! What the store holds, and how some of it is removed.

use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::durable;
use crate::ports::StoreError;
use crate::ports::object_store::Inventory;
use crate::ports::object_store::Pack;
use crate::ports::object_store::Sweep;
use crate::stores::local::objects::LocalStore;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

/// How long to wait for who stores something.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

pub fn inventory(store: &LocalStore) -> Result<Inventory, StoreError> {
    let mut found = Inventory::default();
    let objects = store.dir.join("objects");
    for shard in entries(&objects)? {
        for file in entries(&shard.path())? {
            let about = file.metadata().map_err(|e| StoreError::io("read", file.path().display(), e))?;
            // Whatever else lies there is not ours.
            let name = file.file_name().into_string().ok().and_then(|n| n.parse::<Blake3Hash>().ok());
            if let Some(blake3) = name.filter(|n| about.is_file() && store.file(n) == file.path()) {
                found.single.push(Content { blake3, size: about.len() });
            }
        }
    }
    for pack in store.packs(true)?.iter() {
        let about = fs::metadata(&pack.path).map_err(|e| StoreError::io("read", pack.path.display(), e))?;
        found.packs.push(Pack {
            name: pack.path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            bytes: about.len(),
            contents: pack.index.members().map(|(blake3, size)| Content { blake3, size }).collect(),
        });
    }
    found.single.sort_unstable();
    found.packs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn entries(dir: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    let failed = |e| StoreError::io("read", dir.display(), e);
    match fs::read_dir(dir) {
        Ok(listed) => listed.collect::<io::Result<_>>().map_err(failed),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(e) => Err(failed(e)),
    }
}

/// Holds the store alone.
struct LocalSweep<'a> {
    store: &'a LocalStore,
    _lock: File,
}

pub fn begin(store: &LocalStore) -> Result<Box<dyn Sweep + '_>, StoreError> {
    let path = store.lock_path();
    let begun = Instant::now();
    loop {
        if let Some(lock) = durable::try_hold_alone(&path)? {
            return Ok(Box::new(LocalSweep { store, _lock: lock }));
        }
        if begun.elapsed() > PATIENCE {
            let holder = "another mlprov, which stores something".to_owned();
            return Err(StoreError::Locked { what: store.dir.display().to_string(), holder });
        }
        std::thread::sleep(POLL);
    }
}

impl Sweep for LocalSweep<'_> {
    fn remove_single(&self, content: &Blake3Hash) -> Result<(), StoreError> {
        Ok(durable::remove(&self.store.file(content))?)
    }

    fn remove_pack(&self, name: &str) -> Result<(), StoreError> {
        let path = self.store.pack_dir().join(name);
        // The archive first: an index alone is nothing, an archive alone is read through.
        durable::remove(&path.with_extension("tar"))?;
        match durable::remove(&path.with_extension("idx")) {
            Err(e) if e.source.kind() == io::ErrorKind::NotFound => Ok(()),
            other => Ok(other?),
        }
    }
}
