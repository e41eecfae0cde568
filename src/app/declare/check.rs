//! A declared dataset, looked at again: whether each version is there, as it was listed.

use super::listing::AT_ONCE;
use super::listing::objects_in;
use super::read::hash_of;
use crate::app::Project;
use crate::app::Result;
use crate::domain::declared::DeclaredHeader;
use crate::domain::declared::DeclaredObject;
use crate::domain::entry::ObjectRef;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::ports::source::Source;
use rayon::prelude::*;
use std::io;

#[derive(Default)]
pub struct Checked {
    pub objects: u64,
    /// Of which no version was declared: they can be overwritten.
    pub mutable: u64,
    /// Whose bytes were read and hashed again.
    pub hashed: u64,
    pub gone: Vec<String>,
    /// Path, and what was found.
    pub altered: Vec<(String, String)>,
    /// Why some could not be asked about.
    pub unreachable: Vec<String>,
}

enum Found {
    Same { hashed: bool },
    Gone,
    Altered(String),
    Unreachable(String),
}

/// `deep`: bytes that the record has hashes of are read.
pub fn check(
    project: &Project,
    manifest: &ObjectRef,
    deep: bool,
    progress: &dyn Progress,
) -> Result<Checked> {
    let text = project.read_ref_text(manifest)?;
    let (header, objects) = objects_in(&text)?;
    let objects = objects.collect::<std::result::Result<Vec<_>, _>>()?;
    let source = project.sources.open(&header.bucket)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build();
    let pool = pool.map_err(|e| StoreError::io("start", "threads", io::Error::other(e)))?;
    progress.begin("verify", Some(objects.len() as u64), None);
    let look = |object: &DeclaredObject| {
        let found = look(&*source, &header, object, deep);
        progress.advance(1, 0);
        found
    };
    let found: Vec<Found> = pool.install(|| objects.par_iter().map(look).collect());
    progress.end();
    let mut checked = Checked { objects: objects.len() as u64, ..Checked::default() };
    for (object, found) in objects.into_iter().zip(found) {
        checked.mutable += u64::from(object.version_id.is_none());
        match found {
            Found::Same { hashed } => checked.hashed += u64::from(hashed),
            Found::Gone => checked.gone.push(object.path),
            Found::Altered(why) => checked.altered.push((object.path, why)),
            Found::Unreachable(why) => checked.unreachable.push(why),
        }
    }
    Ok(checked)
}

fn look(source: &dyn Source, header: &DeclaredHeader, object: &DeclaredObject, deep: bool) -> Found {
    let key = format!("{}{}", header.prefix, object.path);
    let (state, etag) = match source.state(&key, object.version_id.as_ref().map(|id| id.as_str())) {
        Ok(found) => found,
        Err(StoreError::Missing { .. }) => return Found::Gone,
        Err(e) => return Found::Unreachable(e.to_string()),
    };
    if state.size != object.size {
        return Found::Altered(format!("declared {} bytes, it has {}", object.size, state.size));
    }
    if etag != object.etag {
        return Found::Altered(format!("declared ETag {}, it has {etag}", object.etag));
    }
    if object.checksum.is_some() && state.checksum.is_some() && state.checksum != object.checksum {
        return Found::Altered("it has another checksum".to_owned());
    }
    let Some(recorded) = object.blake3.filter(|_| deep) else { return Found::Same { hashed: false } };
    match hash_of(source, &header.prefix, object) {
        Ok(hash) if hash == recorded => Found::Same { hashed: true },
        Ok(hash) => Found::Altered(format!("recorded {recorded}, its bytes have {hash}")),
        Err(e) => Found::Unreachable(e.to_string()),
    }
}
