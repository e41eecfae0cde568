//! What the ledger asks of a bucket: five requests, and some of them at once. The simulation under `tests/` answers them, too.

use crate::stores::aws::failure::Failure;
use std::time::Duration;

/// An object's current version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    pub bytes: Vec<u8>,
    /// Names this state of the key for [`Bucket::replace`].
    pub etag: String,
}

/// One version of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptVersion {
    pub key: String,
    /// It is a delete marker.
    pub deleted: bool,
}

/// Whether the one was put, and what was listed.
pub type PutAndListed = (Result<bool, Failure>, Result<Vec<String>, Failure>);

/// Promises (S3, as of 2024-11: strong read-after-write, conditional writes):
/// 1. What a call returned is so: a later read by anybody shows it.
/// 2. Of any number of `put_new` of one key, at most one is `true`, as long as nobody deletes.
/// 3. [`Failure::Refused`]: it did not happen. [`Failure::Unknown`]: it happened, did not, or will yet.
/// 4. Reads and deletes may be repeated inside; a conditional write is sent once.
pub trait Bucket: Sync {
    fn get(&self, key: &str) -> Result<Option<Object>, Failure>;

    /// As many at once as is good for the bucket; in the order asked.
    fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Object>>, Failure> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// `If-None-Match: *`. False: there is one already.
    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<bool, Failure>;

    /// [`Bucket::put_new`] of one, and meanwhile [`Bucket::list`].
    fn put_new_and_list(&self, key: &str, bytes: &[u8], prefix: &str, after: Option<&str>) -> PutAndListed {
        let listed = self.list(prefix, after);
        (self.put_new(key, bytes), listed)
    }

    /// [`Bucket::put_new`] of each, as many at once as is good for the bucket; in the order given.
    fn put_all_new(&self, objects: &[(String, Vec<u8>)]) -> Vec<Result<bool, Failure>> {
        objects.iter().map(|(key, bytes)| self.put_new(key, bytes)).collect()
    }

    /// `If-Match`; without an `etag` as [`Bucket::put_new`]. False: it is no longer the one.
    fn replace(&self, key: &str, bytes: &[u8], etag: Option<&str>) -> Result<bool, Failure>;

    /// All keys that begin so, and sort behind `after`; sorted.
    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, Failure>;

    /// Every version and delete marker of all keys that begin so, if the bucket keeps them.
    fn history(&self, prefix: &str) -> Result<Vec<KeptVersion>, Failure> {
        let _ = prefix;
        Ok(Vec::new())
    }

    fn delete(&self, key: &str) -> Result<(), Failure>;

    /// Lets others go on for a while: about so long.
    fn pause(&self, about: Duration);
}
