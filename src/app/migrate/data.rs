//! Contents and objects on their way to the new place. What is there already is not sent again.

use super::Brought;
use super::Done;
use super::Left;
use super::needs::Needs;
use super::needs::Root;
use super::packages;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::data::Listing;
use crate::app::version::DatasetAt;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::pointer::DatasetKind;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::PutBatch;
use crate::ports::progress::Progress;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io;

/// Datasets that become durable together.
const TOGETHER: usize = 200;

/// A dataset with its files, and where each is now.
pub struct Listed {
    pub root: Root,
    pub files: Vec<(String, Content)>,
    pub versions: BTreeMap<Blake3Hash, Located>,
}

impl Root {
    pub fn list(&self, source: &Project) -> Result<Listed> {
        let versions = self.versions(source)?;
        let dataset = DatasetAt {
            data: self.name.clone(),
            kind: self.kind,
            root: self.blake3,
            files: self.files,
            bytes: self.bytes,
            version_map: self.maps.first().cloned(),
        };
        let mut files = Vec::new();
        for file in source.files_of(&dataset)? {
            let missing = || {
                let why = "does not name a content of the manifest";
                ParseError::new("version map", why, file.blake3.to_string())
            };
            let size = versions.get(&file.blake3).ok_or_else(missing)?.size;
            files.push((file.path, Content { blake3: file.blake3, size }));
        }
        Ok(Listed { root: self.clone(), files, versions })
    }
}

/// Whether the bytes of a content lie in this clone.
pub fn is_here(store: &dyn ObjectStore, content: &Blake3Hash) -> Result<bool> {
    Ok(store.locate(content)?.is_some_and(|located| located.version_id.content().is_some()))
}

/// Brings all that is needed and not there yet.
pub fn bring(
    source: &Project,
    target: &Project,
    needs: &Needs,
    done: &mut Done,
    progress: &dyn Progress,
) -> Result<()> {
    done.left.extend(needs.left.iter().map(|left| (left.blake3, left.clone())));
    let new: Vec<&Root> = needs
        .roots
        .iter()
        .filter(|root| !done.uploaded.contains_key(&root.blake3) && !done.left.contains_key(&root.blake3))
        .collect();
    let bytes = new.iter().map(|root| root.bytes).sum();
    let files = new.iter().map(|root| root.files).sum();
    progress.begin("upload", Some(files), Some(bytes));
    let brought = (|| {
        let (models, others): (Vec<&Root>, Vec<&Root>) = new.iter().partition(|root| root.room.is_some());
        for some in others.chunks(TOGETHER) {
            together(source, target, some, None, done, progress)?;
        }
        for model in models {
            together(source, target, &[model], model.room.as_deref(), done, progress)?;
        }
        objects(source, target, needs, done)
    })();
    progress.end();
    brought
}

fn together(
    source: &Project,
    target: &Project,
    roots: &[&Root],
    room: Option<&str>,
    done: &mut Done,
    progress: &dyn Progress,
) -> Result<()> {
    let batch = match room {
        Some(room) => target.store.batch_in(room)?,
        None => target.store.batch(false)?,
    };
    let mut described = Vec::new();
    for root in roots {
        let sent = root.list(source).and_then(|listed| {
            send(&*source.store, &*target.store, &listed, &*batch, progress)?;
            Ok(listed)
        });
        match sent {
            Ok(listed) => described.push(listed),
            Err(e) => _ = done.left.insert(root.blake3, root.left(e)?),
        }
    }
    for Listed { root, files, .. } in described {
        let listing = Listing::of(root.kind, files);
        let record = data::describe(&listing, root.sha256, &*target.store, &*batch)?;
        if record.root() != root.blake3 {
            let why = "it is not what the log says".to_owned();
            let what = root.name.to_string();
            return Err(StoreError::Corrupt { what, at: "its list of files".into(), why }.into());
        }
        if record.version_map.is_none() {
            let why = "some of it shares contents with what could not be brought".to_owned();
            let what = root.name.to_string();
            done.left.insert(root.blake3, Left { what, blake3: root.blake3, why });
            continue;
        }
        let packages = packages::put(source, &root, &*batch)?;
        done.uploaded.insert(root.blake3, Brought { root, record, packages });
    }
    done.kept.push(batch.commit()?);
    if let Some(why) = target.store.waits() {
        let place = target.config.shared_store().map(|store| store.site.place.to_string());
        return Err(StoreError::io("reach", place.unwrap_or_default(), io::Error::other(why)).into());
    }
    Ok(())
}

fn send(
    source: &dyn ObjectStore,
    target: &dyn ObjectStore,
    listed: &Listed,
    batch: &dyn PutBatch,
    progress: &dyn Progress,
) -> Result<()> {
    let one = |(name, content): &(String, Content)| -> Result<()> {
        let place = match listed.root.kind {
            DatasetKind::File => listed.root.name.to_string(),
            DatasetKind::Directory | DatasetKind::Declared => format!("{}/{name}", listed.root.name),
        };
        let told = |bytes: u64| progress.advance(0, bytes);
        let missing = || StoreError::Missing { what: format!("{place} ({})", content.blake3) };
        let version = listed.versions.get(&content.blake3).ok_or_else(missing)?;
        match is_here(source, &content.blake3)? {
            true => batch.put_stored(&place, content, &told)?,
            false if version.version_id.content().is_some() => return Err(missing().into()),
            false => {
                let read = || source.open(version);
                batch.put_version(&place, content, version, &read, &told)?;
            }
        }
        progress.advance(1, 0);
        Ok(())
    };
    let all = || listed.files.par_iter().with_min_len(1).try_for_each(one);
    match target.readers() {
        None => all(),
        Some(readers) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(readers).build();
            let pool = pool.map_err(|e| StoreError::io("start", "threads", io::Error::other(e)))?;
            pool.install(all)
        }
    }
}

/// Manifests, maps, lists, patches, evidence: under their hashes.
fn objects(source: &Project, target: &Project, needs: &Needs, done: &mut Done) -> Result<()> {
    let mut here = Vec::new();
    for object in needs.objects.iter().filter(|object| !done.objects.contains(*object)) {
        let found = match is_here(&*source.store, object)? {
            true => true,
            false => match source.store.fetch(object) {
                Err(e @ StoreError::Corrupt { .. }) => {
                    done.left.insert(*object, unavailable(object, e.to_string()));
                    continue;
                }
                fetched => fetched?,
            },
        };
        match found {
            true => here.push(*object),
            false => _ = done.left.insert(*object, unavailable(object, "it is not here any more".to_owned())),
        }
    }
    target.store.push_objects(&here).map_err(AppError::from)?;
    done.objects.extend(here);
    Ok(())
}

fn unavailable(object: &Blake3Hash, why: String) -> Left {
    Left { what: "an object of the record".to_owned(), blake3: *object, why }
}
