//! The bytes of declared objects, read once: what they hash to goes into the record.

use super::listing::AT_ONCE;
use super::listing::Listing;
use crate::app::Result;
use crate::app::record;
use crate::domain::declared::DeclaredObject;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::ObjectRef;
use crate::domain::manifest;
use crate::domain::path;
use crate::ports::StoreError;
use crate::ports::object_store::PutBatch;
use crate::ports::progress::Progress;
use crate::ports::source::Source;
use rayon::prelude::*;
use std::io;

/// Objects that are read before their lines are written.
const TOGETHER: usize = 256;

/// Reads everything, and stores the declared manifest with the hashes, and the manifest of the bytes.
pub fn read_all(
    source: &dyn Source,
    listing: &Listing,
    objects: &dyn PutBatch,
    progress: &dyn Progress,
) -> Result<(ObjectRef, ObjectRef)> {
    progress.begin("read", Some(listing.objects), Some(listing.bytes));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build();
    let pool = pool.map_err(|e| StoreError::io("start", "threads", io::Error::other(e)))?;
    let mut bytes = Vec::new();
    let manifest = record::put_stream(objects, &mut |out| {
        out.write_all(listing.header().to_line().map_err(io::Error::other)?.as_bytes())?;
        let mut all = listing.objects().map_err(io::Error::other)?;
        loop {
            let some: Result<Vec<DeclaredObject>> = all.by_ref().take(TOGETHER).collect();
            let some = some.map_err(io::Error::other)?;
            if some.is_empty() {
                return Ok(());
            }
            let hash = |mut object: DeclaredObject| -> Result<DeclaredObject> {
                object.blake3 = Some(hash_of(source, &listing.prefix, &object)?);
                progress.advance(1, object.size);
                Ok(object)
            };
            let read = pool.install(|| some.into_par_iter().map(hash).collect::<Result<Vec<_>>>());
            for object in read.map_err(io::Error::other)? {
                out.write_all(object.to_line().map_err(io::Error::other)?.as_bytes())?;
                // A manifest holds paths that a directory can have.
                path::check_relative(&object.path).map_err(io::Error::other)?;
                let hash = object.blake3.unwrap_or(Blake3Hash([0; 32]));
                manifest::push_line(&mut bytes, &object.path, &hash);
            }
        }
    });
    progress.end();
    let bytes = record::put_stream(objects, &mut |out| out.write_all(&bytes))?;
    Ok((manifest?, bytes))
}

/// What a version's bytes hash to; they must be as many as the listing says.
pub fn hash_of(source: &dyn Source, prefix: &str, object: &DeclaredObject) -> Result<Blake3Hash> {
    let key = format!("{prefix}{}", object.path);
    let version = object.version_id.as_ref().map(|id| id.as_str());
    let mut reader = source.read(&key, version, object.size)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(&mut reader).map_err(|e| StoreError::io("read", &key, e))?;
    match hasher.count() == object.size {
        true => Ok(Blake3Hash::from(hasher.finalize())),
        false => Err(StoreError::Changed { what: key }.into()),
    }
}
