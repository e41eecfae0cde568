//! Contents on their way to the bucket: what is read is hashed and sent in the same pass, many at once, in bounded
//! memory.

use super::journal::Interrupted;
use super::requests::Found;
use super::requests::New;
use super::requests::Part;
use super::requests::Requests;
use super::versions::Versions;
use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::ports::StoreError;
use crate::ports::object_store::Told;
use crate::stores::aws::failure::Failure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use sha2::Digest;
use sha2::Sha256;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Contents up to this size (bytes) are sent in one request.
pub const SINGLE: u64 = 8 << 20;
/// Parts of larger ones (bytes), unless they would be too many.
const PART: u64 = 8 << 20;
/// S3: of one upload.
const MOST_PARTS: u64 = 10_000;
/// Bytes that are in memory at the same time, in units of [`UNIT`].
const ROOM: usize = 1024;
const UNIT: u64 = 64 << 10;

/// How long the parts of a content are (bytes). A function of its size alone: so is its checksum one of its bytes.
pub fn part_size(size: u64) -> u64 {
    PART.max(size.div_ceil(MOST_PARTS).next_multiple_of(1 << 20))
}

/// The checksum that S3 makes of a content, see [`super::requests::Stated`].
pub fn checksum_of(parts: &[[u8; 32]]) -> String {
    format!("SHA256:{}-{}", BASE64.encode(Sha256::digest(parts.concat())), parts.len())
}

pub fn checksum_of_whole(bytes: &[u8]) -> String {
    format!("SHA256:{}", BASE64.encode(Sha256::digest(bytes)))
}

/// Where a content goes.
#[derive(Clone)]
pub struct Target {
    pub key: String,
    /// Its key is never used for anything else.
    pub once: bool,
}

/// A content that is about to be sent.
pub struct Source<'s> {
    pub reader: &'s mut (dyn Read + Send),
    /// For people.
    pub name: &'s Path,
    /// Says that the bytes are the same as at an earlier attempt.
    pub identity: String,
    /// Bytes, as far as is known before they are read.
    pub size: u64,
    /// Where it is known before.
    pub blake3: Option<Blake3Hash>,
}

pub struct Uploads {
    pub requests: Arc<Requests>,
    pub versions: Arc<Versions>,
    room: Arc<Semaphore>,
    failed: AtomicBool,
    failure: Mutex<Option<StoreError>>,
    /// Of uploads that may be resumed.
    journals: PathBuf,
}

impl Uploads {
    pub fn new(requests: Arc<Requests>, versions: Arc<Versions>, journals: &Path) -> Self {
        let (failed, failure) = (AtomicBool::new(false), Mutex::new(None));
        let room = Arc::new(Semaphore::new(ROOM));
        Uploads { requests, versions, room, failed, failure, journals: journals.to_owned() }
    }

    /// Waits until there is room for so many bytes.
    pub fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, StoreError> {
        self.check()?;
        let units = (bytes.div_ceil(UNIT).max(1) as usize).min(ROOM / 2) as u32;
        let room = self.requests.wait(self.room.clone().acquire_many_owned(units));
        room.map_err(|e| StoreError::io("store", "a content", io::Error::other(e)))
    }

    /// Fails if something that was sent before could not be stored.
    fn check(&self) -> Result<(), StoreError> {
        match self.failed.load(Ordering::Relaxed) {
            false => Ok(()),
            true => {
                let first = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
                let again =
                    || StoreError::io("store", "a content", io::Error::other("an earlier one failed"));
                Err(first.unwrap_or_else(again))
            }
        }
    }

    fn fail(&self, error: StoreError) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        self.failed.store(true, Ordering::Relaxed);
    }

    /// Waits until nothing is on its way any more.
    pub fn settle(&self) -> Result<(), StoreError> {
        drop(self.requests.wait(self.room.acquire_many(ROOM as u32)));
        self.versions.flush()?;
        self.check()
    }

    fn located(
        &self,
        content: &Content,
        target: &Target,
        stated: super::requests::Stated,
    ) -> Option<Located> {
        Some(Located {
            blake3: content.blake3,
            size: content.size,
            version_id: stated.version_id.parse().ok()?,
            bucket: Some(self.requests.bucket().to_owned()),
            key: Some(target.key.clone()),
            checksum: stated.checksum,
        })
    }

    pub fn note(
        &self,
        content: &Content,
        target: &Target,
        stated: super::requests::Stated,
    ) -> Result<(), StoreError> {
        let unfit = || StoreError::Unfit {
            what: self.requests.url(&target.key),
            why: "its VersionId is not one that S3 documents".to_owned(),
        };
        let located = self.located(content, target, stated).ok_or_else(unfit)?;
        self.versions.add(located)
    }

    /// Whether a version holds what a line says of it, by size and checksum, without reading it.
    pub async fn is_true(requests: &Requests, line: &Located, checksum: &str) -> Result<bool, Failure> {
        let (Some(key), id) = (&line.key, line.version_id.as_str()) else { return Ok(false) };
        if line.checksum.as_deref() != Some(checksum) {
            return Ok(false);
        }
        Ok(match requests.head(key, Some(id)).await? {
            Found::There(found) => found.size == line.size && found.checksum.as_deref() == Some(checksum),
            Found::Gone => false,
        })
    }

    /// Sends a content that is in memory. `doubtful`: a version that is said to hold it.
    pub fn send(
        self: &Arc<Self>,
        target: Target,
        content: Content,
        bytes: Vec<u8>,
        doubtful: Option<Located>,
        room: OwnedSemaphorePermit,
    ) {
        let this = self.clone();
        let checksum = checksum_of_whole(&bytes);
        self.requests.spawn(async move {
            let _room = room;
            let sent = async {
                if let Some(line) = doubtful
                    && Self::is_true(&this.requests, &line, &checksum).await?
                {
                    return this.versions.note_checked(&content);
                }
                let new = New {
                    key: &target.key,
                    checksum: &checksum,
                    size: content.size,
                    once: target.once,
                    blake3: Some(content.blake3.to_string()),
                };
                let stated = this.requests.put(&new, Bytes::from(bytes)).await?;
                this.note(&content, &target, stated)
            };
            if let Err(e) = sent.await {
                this.fail(e);
            }
        });
    }

    /// Reads, hashes and sends a large content in one pass. `is_wanted` is asked when its hash is known: if not, what was
    /// sent is given up.
    pub fn stream(
        self: &Arc<Self>,
        target: Target,
        source: Source<'_>,
        told: &Told<'_>,
        is_wanted: &dyn Fn(&Content) -> Result<bool, StoreError>,
    ) -> Result<Content, StoreError> {
        let failed = |e| StoreError::io("read", source.name.display(), e);
        let length = part_size(source.size);
        let mut interrupted = Interrupted::find(&self.journals, &target.key, &source.identity);
        interrupted.confirm(&self.requests)?;
        let blake3 = source.blake3.map(|hash| hash.to_string());
        let upload = match interrupted.upload() {
            Some(upload) => upload,
            None => {
                let begun = self.requests.wait(self.requests.begin_multipart(&target.key, blake3))?;
                interrupted.begin(&begun)?;
                begun
            }
        };
        let interrupted = Arc::new(interrupted);
        let mut hasher = blake3::Hasher::new();
        let mut parts: Vec<Going> = Vec::new();
        // Until it is finished: whoever waits for everything waits for it, too.
        let whole = self.room(1)?;
        for number in 1.. {
            let room = self.room(length)?;
            let mut piece = Vec::with_capacity(length as usize);
            Read::take(&mut *source.reader, length).read_to_end(&mut piece).map_err(failed)?;
            if piece.is_empty() {
                break;
            }
            hasher.update(&piece);
            told(piece.len() as u64);
            if interrupted.has_parts()
                && let Some(part) = interrupted.part(number, &Sha256::digest(&piece).into())
            {
                parts.push(Going::Done(part));
                continue;
            }
            let (this, target, upload) = (self.clone(), target.clone(), upload.clone());
            let journal = interrupted.clone();
            parts.push(Going::On(self.requests.spawn(async move {
                let _room = room;
                let sha256 = Sha256::digest(&piece).into();
                let sent = this.requests.put_part(&target.key, &upload, number, sha256, piece.into()).await?;
                journal.note(&sent);
                Ok(sent)
            })));
        }
        let content = Content { blake3: Blake3Hash::from(hasher.finalize()), size: hasher.count() };
        let (this, key) = (self.clone(), target.key.clone());
        if parts.is_empty() || !is_wanted(&content)? {
            self.requests.spawn(async move {
                let _whole = whole;
                collect(parts).await.ok();
                this.requests.abort_multipart(&key, &upload).await;
                interrupted.forget();
            });
            return match content.size {
                0 => Err(StoreError::Changed { what: source.name.display().to_string() }),
                _ => Ok(content),
            };
        }
        self.requests.spawn(async move {
            let _whole = whole;
            let finished = async {
                let parts = collect(parts).await?;
                let sums: Vec<[u8; 32]> = parts.iter().map(|part| part.sha256).collect();
                let checksum = checksum_of(&sums);
                let (size, once) = (content.size, target.once);
                let new = New { key: &target.key, checksum: &checksum, size, once, blake3: None };
                let stated = this.requests.finish_multipart(&new, &upload, &parts).await?;
                this.note(&content, &target, stated)?;
                interrupted.forget();
                Ok(())
            };
            if let Err(e) = finished.await {
                this.fail(e);
            }
        });
        Ok(content)
    }
}

/// A part, sent already or on its way.
enum Going {
    Done(Part),
    On(JoinHandle<Result<Part, Failure>>),
}

async fn collect(parts: Vec<Going>) -> Result<Vec<Part>, StoreError> {
    let mut all = Vec::with_capacity(parts.len());
    let mut failure = None;
    // All of them: who gives an upload up must not have parts of it on their way.
    for part in parts {
        match part {
            Going::Done(part) => all.push(part),
            Going::On(handle) => match handle.await {
                Ok(Ok(part)) => all.push(part),
                Ok(Err(e)) => failure = Some(e.into()),
                Err(e) => failure = Some(StoreError::io("store", "a part", io::Error::other(e))),
            },
        }
    }
    match failure {
        None => Ok(all),
        Some(e) => Err(e),
    }
}

/// The hash of a large content, and the checksum that S3 would make of it, in one pass.
pub fn hash(reader: &mut dyn Read, size: u64) -> io::Result<(Content, String)> {
    let length = part_size(size);
    let (mut hasher, mut sums, mut piece) = (blake3::Hasher::new(), Vec::new(), Vec::new());
    loop {
        piece.clear();
        if Read::take(&mut *reader, length).read_to_end(&mut piece)? == 0 {
            break;
        }
        let (_, sum) =
            rayon::join(|| hasher.update(&piece), || -> [u8; 32] { Sha256::digest(&piece).into() });
        sums.push(sum);
    }
    let content = Content { blake3: Blake3Hash::from(hasher.finalize()), size: hasher.count() };
    Ok((content, checksum_of(&sums)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_never_too_many_nor_too_large() {
        assert_eq!(part_size(SINGLE + 1), 8 << 20);
        assert_eq!(part_size(80 << 30), 9 << 20, "8 MiB would be 10,240 of them");
        for size in [SINGLE + 1, 1 << 40, 5 << 40, 48 << 40] {
            let part = part_size(size);
            assert!(size.div_ceil(part) <= MOST_PARTS && part <= 5 << 30, "{size}");
        }
    }
}
