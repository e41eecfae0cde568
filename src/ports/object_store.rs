//! Immutable versions of content.

use crate::domain::digest::Blake3Hash;
use crate::domain::version::VersionId;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::domain::version_map::VersionMap;
use crate::ports::StoreError;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;

/// Where a version stands among others: reading along a volume by rising offsets is quickest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Spot {
    pub volume: u64,
    pub offset: u64,
}

/// Promises:
/// 1. What `commit` of a batch returned is durable and stays, byte for byte.
/// 2. Before `commit` returns, nothing of the batch counts; a batch that is dropped leaves nothing behind.
/// 3. The hash is that of the bytes stored, not of what was there before or after.
/// 4. Content that is already stored is not stored again.
/// 5. Nothing is removed while a batch, or the [`Kept`] that it became, lives.
pub trait ObjectStore: Sync {
    /// `local` or `s3`, as locations write it.
    fn scheme(&self) -> &'static str;

    /// `repair`: stored bytes are read again, and replaced if they are not what they should be.
    fn batch(&self, repair: bool) -> Result<Box<dyn PutBatch + '_>, StoreError>;

    /// Where a content lives, if it is stored here.
    fn locate(&self, content: &Blake3Hash) -> Result<Option<Located>, StoreError>;

    /// Size (bytes) and spot of a content, if it is stored here.
    fn find(&self, content: &Blake3Hash) -> Result<Option<(u64, Spot)>, StoreError>;

    /// As [`ObjectStore::open`], for what [`ObjectStore::find`] found.
    fn open_at(&self, content: &Content, spot: Spot) -> Result<Box<dyn Read + Send>, StoreError>;

    /// The bytes of a version; [`StoreError::Missing`] if it is gone. The reader does not check the hash.
    fn open(&self, version: &Located) -> Result<Box<dyn Read + Send>, StoreError>;

    /// Whether a content of this size is stored, as far as can be told without reading it.
    fn holds(&self, content: &Blake3Hash, size: u64) -> bool;

    /// Where a person would look for the bytes of a content.
    fn describe(&self, content: &Blake3Hash) -> String;

    /// Everything that is stored. Nothing is read but names and sizes.
    fn inventory(&self) -> Result<Inventory, StoreError>;

    /// Waits a while until nobody stores anything, and keeps others from it as long as the result lives.
    fn sweep(&self) -> Result<Box<dyn Sweep + '_>, StoreError>;

    /// As [`ObjectStore::batch`], for files whose place in the store is not to be their path: below `room`, which is
    /// never used again.
    fn batch_in(&self, room: &str) -> Result<Box<dyn PutBatch + '_>, StoreError> {
        let _ = room;
        self.batch(false)
    }

    /// How many versions are best read at the same time, if not one on each core.
    fn readers(&self) -> Option<usize> {
        None
    }

    /// Whether all is stored that a version map names, where that is known without a look at each version.
    fn has_map(&self, map: &Blake3Hash) -> Option<bool> {
        let _ = map;
        None
    }

    /// Takes note of what a version map says, by its digest. What is known otherwise stays, unless the map is `newer`.
    fn learn(&self, digest: &Blake3Hash, map: &VersionMap, newer: bool) -> Result<(), StoreError> {
        let _ = (digest, map, newer);
        Ok(())
    }

    /// Everything that this map names was stored by this clone.
    fn note_map(&self, map: &Blake3Hash) -> Result<(), StoreError> {
        let _ = map;
        Ok(())
    }

    /// Brings an object of the record here that others have stored. False: it is not to be had.
    fn fetch(&self, object: &Blake3Hash) -> Result<bool, StoreError> {
        let _ = object;
        Ok(false)
    }

    /// Brings objects of the record that wait here to where others find them.
    fn push(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Bytes that may lie here of what lies elsewhere as well; `None`: nothing does.
    fn cache_max(&self) -> Option<u64> {
        None
    }

    /// Whether a version elsewhere holds a content, which is asked now.
    fn confirm(&self, content: &Content) -> Result<bool, StoreError> {
        let _ = content;
        Ok(false)
    }

    /// The same for these, which lie here.
    fn push_objects(&self, objects: &[Blake3Hash]) -> Result<(), StoreError> {
        let _ = objects;
        Ok(())
    }

    /// Has the server copy an object of another bucket to the place below the root that it is for, as a version of its
    /// own. `version`: `None` for what is current.
    fn take(&self, from: &ForeignObject<'_>, place: &str) -> Result<Copied, StoreError> {
        let (bucket, _) = (from.bucket, place);
        let why =
            "only a store in a bucket (`mlprov migrate --store`) has a server that copies it".to_owned();
        Err(StoreError::Unfit { what: format!("s3://{bucket}"), why })
    }

    /// Puts bytes to a place below the root that is used once. If something stands there it must be the same bytes: so it
    /// can be called again after any failure.
    fn place(&self, place: &str, new: &Placing<'_>) -> Result<Copied, StoreError> {
        let _ = new;
        let why = "only a store in a bucket has such places".to_owned();
        Err(StoreError::Unfit { what: place.to_owned(), why })
    }

    /// From now on, what is put waits here.
    fn stay_local(&self, why: &str) {
        let _ = why;
    }

    /// Why what was put waits here, if it does.
    fn waits(&self) -> Option<String> {
        None
    }

    /// What the store says of a version without its bytes; `None`: only they tell. [`StoreError::Missing`] if it is gone.
    fn state(&self, version: &Located) -> Result<Option<Stated>, StoreError> {
        let _ = version;
        Ok(None)
    }
}

/// An object of a bucket that is not the store's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ForeignObject<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    /// `None`: what is current.
    pub version: Option<&'a str>,
    /// As it was listed (bytes).
    pub size: u64,
}

/// See [`ObjectStore::place`].
pub struct Placing<'a> {
    pub content: Content,
    /// Opens the bytes; may be called more than once.
    pub read: &'a ReadVersion<'a>,
}

/// See [`ObjectStore::take`] and [`ObjectStore::place`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Copied {
    pub bucket: String,
    pub key: String,
    pub version_id: VersionId,
    pub etag: String,
    /// As in [`Located::checksum`].
    pub checksum: Option<String>,
}

/// See [`ObjectStore::state`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stated {
    /// Bytes.
    pub size: u64,
    /// As in [`Located::checksum`].
    pub checksum: Option<String>,
}

/// What a store holds.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Contents with a place of their own.
    pub single: Vec<Content>,
    pub packs: Vec<Pack>,
}

/// Contents that are stored together, and can only be removed together.
#[derive(Clone, Debug)]
pub struct Pack {
    pub name: String,
    /// Bytes, with all that is not content.
    pub bytes: u64,
    pub contents: Vec<Content>,
}

impl Inventory {
    /// Every stored content; one that is stored twice comes twice.
    pub fn contents(&self) -> impl Iterator<Item = &Content> {
        self.single.iter().chain(self.packs.iter().flat_map(|p| &p.contents))
    }
}

/// The only way to remove something. The caller has made sure, after it got this, that nothing refers to it.
pub trait Sweep {
    /// A content with a place of its own.
    fn remove_single(&self, content: &Blake3Hash) -> Result<(), StoreError>;

    fn remove_pack(&self, name: &str) -> Result<(), StoreError>;
}

/// Writes an object's bytes, piece by piece.
pub type Fill<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

/// Opens a version where it is.
pub type ReadVersion<'a> = dyn Fn() -> Result<Box<dyn Read + Send>, StoreError> + Sync + 'a;

/// Hears how many more bytes are done.
pub type Told<'a> = dyn Fn(u64) + Sync + 'a;

/// Contents on their way in. `put_…` may be called from many threads.
pub trait PutBatch: Send + Sync {
    /// Reads the file from its current position to its end. `name` is where it lies; `told` hears of bytes done.
    fn put_file(&self, name: &Path, file: &mut File, told: &Told<'_>) -> Result<Content, StoreError>;

    /// Whether `put_file` may make the file read-only and give it a second name: then its change time is new.
    fn links(&self) -> bool {
        false
    }

    fn put_bytes(&self, bytes: &[u8]) -> Result<Content, StoreError>;

    /// An object that need not fit into memory. `fill` is called once.
    fn put_stream(&self, fill: &mut Fill<'_>) -> Result<Content, StoreError>;

    /// A content that waits here goes to where versions are. `place`: the path below the root that it is for.
    fn put_stored(&self, place: &str, content: &Content, told: &Told<'_>) -> Result<(), StoreError> {
        let _ = (place, content, told);
        Ok(())
    }

    /// A content that another store holds as `version`. `read` opens it there.
    fn put_version(
        &self,
        place: &str,
        content: &Content,
        version: &Located,
        read: &ReadVersion<'_>,
        told: &Told<'_>,
    ) -> Result<(), StoreError> {
        let _ = (place, content, version, read, told);
        Ok(())
    }

    /// Whether a content need not be put: it has a version, or waits for one.
    fn has(&self, content: &Content) -> bool;

    /// Waits for everything that was put. Whether all of these have versions; else some wait here.
    fn settle(&self, contents: &[Content]) -> Result<bool, StoreError> {
        let _ = contents;
        Ok(true)
    }

    /// The version that holds a content of this batch, or one that was stored before. Only after
    /// [`PutBatch::settle`].
    fn version_of(&self, content: &Content) -> Result<Located, StoreError>;

    /// Requests that had to be sent again so far.
    fn retries(&self) -> u64 {
        0
    }

    /// Makes everything put so far durable; only then may anyone refer to it.
    fn commit(self: Box<Self>) -> Result<Kept, StoreError>;
}

/// As long as it lives, nothing is removed from the store: neither what the batch put, nor what it found there and
/// did not put again. Hold it until the entry that refers to them is committed.
#[must_use]
pub struct Kept {
    _lock: Option<File>,
}

impl Kept {
    /// `lock`: a lock that whoever removes something must hold alone.
    pub fn by(lock: Option<File>) -> Self {
        Kept { _lock: lock }
    }
}
