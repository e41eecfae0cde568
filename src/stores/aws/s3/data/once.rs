//! Bytes under a key that is used once: what other services name by its key alone.

use super::Reach;
use super::S3Store;
use super::requests::Found;
use super::requests::New;
use super::requests::Requests;
use super::upload;
use super::upload::SINGLE;
use super::upload::Source;
use super::upload::Target;
use super::upload::Uploads;
use crate::domain::digest::Blake3Hash;
use crate::ports::StoreError;
use crate::ports::object_store::Copied;
use crate::ports::object_store::Placing;
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;

pub(super) fn place(store: &S3Store, place: &str, new: &Placing<'_>) -> Result<Copied, StoreError> {
    let Reach::There(requests) = store.reach()? else { return Err(store.out_of_reach()) };
    let key = format!("{}{place}", store.terms.site.place.prefix);
    let unfit = |why: &str| StoreError::Unfit { what: requests.url(&key), why: why.to_owned() };
    // S3 API, *Object key naming guidelines*.
    if key.len() > 1024 {
        return Err(unfit("its key in S3 would be longer than 1,024 bytes"));
    }
    let small = new.content.size <= SINGLE;
    let checksum = match requests.wait(requests.current(&key))? {
        // An attempt of before, or the run itself, may have put it there.
        Found::There(_) if small => upload::checksum_of_whole(&read(new)?),
        Found::There(_) => sum(new)?,
        Found::Gone if small => put(requests, &key, new)?,
        Found::Gone => put_parts(store, requests, &key, new)?,
    };
    // Whoever deploys it gets what is current: that is what counts, and not what this call sent.
    let Found::There(found) = requests.wait(requests.current(&key))? else {
        return Err(StoreError::Missing { what: requests.url(&key) });
    };
    if found.size != new.content.size || found.checksum.as_ref() != Some(&checksum) {
        return Err(unfit("other bytes stand there, under a name that is never used twice"));
    }
    let version_id = found.version_id.parse();
    let version_id = version_id.map_err(|e: crate::domain::ParseError| unfit(&e.why))?;
    let (bucket, etag) = (requests.bucket().to_owned(), found.etag);
    Ok(Copied { bucket, key, version_id, etag, checksum: Some(checksum) })
}

fn corrupt(new: &Placing<'_>) -> StoreError {
    let why = "its bytes do not have the hash that names it".to_owned();
    StoreError::Corrupt { what: new.content.blake3.to_string(), at: "the store".to_owned(), why }
}

fn read(new: &Placing<'_>) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(new.content.size as usize + 1);
    (new.read)()?.read_to_end(&mut bytes).map_err(|e| StoreError::io("read", new.content.blake3, e))?;
    if Blake3Hash::of(&bytes) == new.content.blake3 { Ok(bytes) } else { Err(corrupt(new)) }
}

/// The checksum that S3 has of what is sent in parts.
fn sum(new: &Placing<'_>) -> Result<String, StoreError> {
    let failed = |e| StoreError::io("read", new.content.blake3, e);
    let (content, checksum) = upload::hash(&mut (new.read)()?, new.content.size).map_err(failed)?;
    if content == new.content { Ok(checksum) } else { Err(corrupt(new)) }
}

/// In one request. The checksum that it must have.
fn put(requests: &Requests, key: &str, new: &Placing<'_>) -> Result<String, StoreError> {
    let bytes = read(new)?;
    let checksum = upload::checksum_of_whole(&bytes);
    let blake3 = Some(new.content.blake3.to_string());
    let object = New { key, checksum: &checksum, size: new.content.size, once: true, blake3 };
    requests.wait(requests.put(&object, Bytes::from(bytes)))?;
    Ok(checksum)
}

/// The same in parts; the server copies them itself where it holds such a version already.
fn put_parts(
    store: &S3Store,
    requests: &Arc<Requests>,
    key: &str,
    new: &Placing<'_>,
) -> Result<String, StoreError> {
    let (blake3, size) = (new.content.blake3, new.content.size);
    if let Some(known) = store.versions.get(&blake3)?.filter(|known| known.located.size == size) {
        let copied = requests.wait(requests.copy(&store.terms.site, &known.located, key, true))?;
        if let Some(checksum) = copied.and(known.located.checksum) {
            return Ok(checksum);
        }
    }
    let uploads = Arc::new(Uploads::new(requests.clone(), store.versions.clone(), &store.journals()));
    let (mut reader, name) = ((new.read)()?, blake3.to_string());
    let source = Source {
        reader: &mut *reader,
        name: Path::new(&name),
        identity: format!("b3 {blake3}"),
        size,
        blake3: Some(blake3),
    };
    let target = Target { key: key.to_owned(), once: true };
    let sent = uploads.stream(target, source, &|_| {}, &|found| Ok(*found == new.content))?;
    uploads.settle()?;
    let placed = store.versions.get(&blake3)?.map(|known| known.located);
    let placed = placed.filter(|located| sent == new.content && located.key.as_deref() == Some(key));
    placed.and_then(|located| located.checksum).ok_or_else(|| corrupt(new))
}
