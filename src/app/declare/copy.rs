//! What lies in a bucket that keeps no versions, copied by the server into the project's own store, which does.

use super::listing::AT_ONCE;
use super::listing::Listing;
use crate::app::Project;
use crate::app::Result;
use crate::domain::declared::DeclaredHeader;
use crate::domain::declared::DeclaredObject;
use crate::domain::path::RepoPath;
use crate::ports::StoreError;
use crate::ports::object_store::ForeignObject;
use crate::ports::progress::Progress;
use rayon::prelude::*;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;

/// Objects that are copied before their lines are written.
const TOGETHER: usize = 256;

pub fn copy(
    project: &Project,
    listing: Listing,
    path: &RepoPath,
    progress: &dyn Progress,
) -> Result<Listing> {
    let from = listing.header().clone();
    let file = listing.file().with_extension("copied");
    let failed = |e: io::Error| StoreError::io("write", file.display(), e);
    let mut out = BufWriter::new(File::create(&file).map_err(failed)?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build();
    let pool = pool.map_err(|e| StoreError::io("start", "threads", io::Error::other(e)))?;
    progress.begin("copy", Some(listing.objects), Some(listing.bytes));
    let mut header: Option<DeclaredHeader> = None;
    let copied = (|| -> Result<()> {
        let mut all = listing.objects()?;
        loop {
            let some: Vec<DeclaredObject> = all.by_ref().take(TOGETHER).collect::<Result<_>>()?;
            if some.is_empty() {
                return Ok(());
            }
            let take = |object: DeclaredObject| -> Result<(String, String, DeclaredObject)> {
                let key = format!("{}{}", from.prefix, object.path);
                let version = object.version_id.as_ref().map(|id| id.as_str());
                let place = format!("{path}/{}", object.path);
                let (bucket, size) = (from.bucket.as_str(), object.size);
                let copied =
                    project.store.take(&ForeignObject { bucket, key: &key, version, size }, &place)?;
                progress.advance(1, object.size);
                let prefix = copied.key.strip_suffix(&object.path).unwrap_or_default().to_owned();
                let (version_id, checksum) = (Some(copied.version_id), copied.checksum);
                Ok((
                    copied.bucket,
                    prefix,
                    DeclaredObject { version_id, checksum, etag: copied.etag, ..object },
                ))
            };
            let some = pool.install(|| some.into_par_iter().map(take).collect::<Result<Vec<_>>>())?;
            for (bucket, prefix, object) in some {
                header.get_or_insert_with(|| DeclaredHeader::new(&bucket, &prefix));
                out.write_all(object.to_line()?.as_bytes()).map_err(failed)?;
            }
        }
    })();
    progress.end();
    copied?;
    out.flush().map_err(failed)?;
    let header = header.unwrap_or(from);
    let moved = listing.moved(file, header);
    listing.forget();
    Ok(moved)
}
