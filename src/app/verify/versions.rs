//! Single versions: what the store says of them, and what their bytes hash to.

use super::Verdict;
use crate::app::Project;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::Artefact;
use crate::domain::version_map::Located;
use crate::domain::version_map::VersionMap;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rayon::prelude::*;
use sha2::Digest;
use std::io::Read;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Versions that are far away are asked about together.
pub fn many_at_once<T: Send>(store: &dyn ObjectStore, work: impl FnOnce() -> T + Send) -> Result<T> {
    let Some(readers) = store.readers() else { return Ok(work()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(readers).build();
    let pool = pool.map_err(|e| StoreError::io("start", "threads", std::io::Error::other(e)))?;
    Ok(pool.install(work))
}

pub type Bad = (Blake3Hash, Verdict, String);

/// What the store says of a version without its bytes; `None`: they have to be read.
pub fn by_state(
    store: &dyn ObjectStore,
    located: &Located,
    sha256: Option<Sha256Hash>,
    stated: &AtomicU64,
) -> Option<Option<(Verdict, String)>> {
    let place = located.key.as_deref().unwrap_or_default();
    let found = match store.state(located) {
        Ok(found) => found?,
        Err(StoreError::Missing { what }) => {
            return Some(Some((Verdict::Missing, format!("{what} is gone"))));
        }
        Err(e) => return Some(Some((Verdict::Unreachable, e.to_string()))),
    };
    if found.size != located.size {
        let why = format!("recorded {} bytes, {place} has {}", located.size, found.size);
        return Some(Some((Verdict::Altered, why)));
    }
    // Without a checksum on both sides only the bytes can tell.
    let (recorded, kept) = (located.checksum.as_ref()?, found.checksum.as_ref()?);
    if recorded != kept {
        return Some(Some((Verdict::Altered, format!("recorded {recorded}, {place} has {kept}"))));
    }
    // Of one part, it is that of the bytes themselves.
    let whole =
        sha256.filter(|_| !recorded.contains('-')).map(|sum| format!("SHA256:{}", BASE64.encode(sum.0)));
    if whole.is_some_and(|whole| whole != *recorded) {
        return Some(Some((
            Verdict::Altered,
            format!("{place} does not have the SHA-256 that the entry names"),
        )));
    }
    stated.fetch_add(1, Ordering::Relaxed);
    Some(None)
}

/// Versions that are gone, looked for where a later entry says that their contents are. Nothing of that entry is believed:
/// the bytes are read and hashed. How many were found, and what was not.
pub fn elsewhere(project: &Project, artefact: &Artefact, gone: Vec<Bad>) -> Result<(usize, Vec<Bad>)> {
    if gone.is_empty() {
        return Ok((0, gone));
    }
    let now = project.dataset(&artefact.digest.blake3)?.and_then(|known| known.version_map);
    let Some(now) = now.filter(|now| artefact.version_map.as_ref() != Some(now)) else {
        return Ok((0, gone));
    };
    let Ok(map) = project.read_ref_text(&now).and_then(|text| Ok(VersionMap::parse(&text)?)) else {
        return Ok((0, gone));
    };
    let all = gone.len();
    let look = |bad: Bad| match map.get(&bad.0).map(|located| rehash(&*project.store, located, None)) {
        Some(None) => None,
        Some(Some((verdict, why))) => Some((bad.0, verdict, format!("{}; since then: {why}", bad.2))),
        None => Some(bad),
    };
    let gone: Vec<Bad> =
        many_at_once(&*project.store, || gone.into_par_iter().filter_map(look).collect::<Vec<_>>())?;
    Ok((all - gone.len(), gone))
}

/// `None` if the version's bytes have the hash and size that they should.
pub fn rehash(
    store: &dyn ObjectStore,
    located: &Located,
    sha256: Option<Sha256Hash>,
) -> Option<(Verdict, String)> {
    let place = match &located.key {
        Some(key) => key.clone(),
        None => store.describe(&located.blake3),
    };
    let reader = match store.open(located) {
        Ok(reader) => reader,
        Err(StoreError::Missing { .. }) => return Some((Verdict::Missing, format!("{place} is gone"))),
        Err(e @ StoreError::Corrupt { .. }) => return Some((Verdict::Altered, e.to_string())),
        Err(e) => return Some((Verdict::Unreachable, e.to_string())),
    };
    let mut reader = Both { reader, sha256: sha256.map(|_| sha2::Sha256::new()) };
    let mut hasher = blake3::Hasher::new();
    if let Err(e) = hasher.update_reader(&mut reader) {
        return Some((Verdict::Unreachable, format!("{place}: {e}")));
    }
    let found = Blake3Hash::from(hasher.finalize());
    if found != located.blake3 {
        return Some((Verdict::Altered, format!("recorded {}, {place} holds {found}", located.blake3)));
    }
    if hasher.count() != located.size {
        return Some((
            Verdict::Altered,
            format!("recorded {} bytes, {place} holds {}", located.size, hasher.count()),
        ));
    }
    let second = reader.sha256.map(|h| Sha256Hash(h.finalize().into()));
    if second != sha256 {
        return Some((Verdict::Altered, format!("{place} does not have the SHA-256 that the entry names")));
    }
    None
}

/// Reads for one hash and feeds another.
struct Both {
    reader: Box<dyn Read + Send>,
    sha256: Option<sha2::Sha256>,
}

impl Read for Both {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.reader.read(buffer)?;
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(&buffer[..n]);
        }
        Ok(n)
    }
}
