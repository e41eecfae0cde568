//! Contents on their way into the store: to the bucket, or, without a network, to the clone's own store until there is one.

mod version;

use super::Reach;
use super::S3Store;
use super::upload;
use super::upload::SINGLE;
use super::upload::Source;
use super::upload::Target;
use super::upload::Uploads;
use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::ports::StoreError;
use crate::ports::object_store::Fill;
use crate::ports::object_store::Kept;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::PutBatch;
use crate::ports::object_store::ReadVersion;
use crate::ports::object_store::Told;
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;

pub(super) struct S3Batch<'a> {
    store: &'a S3Store,
    /// Versions that are known are looked at before they are believed.
    repair: bool,
    /// Where files go instead of to keys that are their paths.
    room: Option<String>,
    local: Box<dyn PutBatch + 'a>,
    uploads: OnceLock<Arc<Uploads>>,
    /// What this batch has taken already.
    fresh: Mutex<HashSet<Blake3Hash>>,
    /// Objects of the record that this batch was given.
    objects: Mutex<Vec<Content>>,
}

/// What is to be done about a content.
enum Claim {
    Known,
    New,
    /// This version is said to hold it.
    Doubtful(Located),
}

fn corrupt(content: &Content, at: &str) -> StoreError {
    let why = "its bytes do not have the hash that names it".to_owned();
    StoreError::Corrupt { what: content.blake3.to_string(), at: at.to_owned(), why }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> S3Batch<'a> {
    pub(super) fn begin(store: &'a S3Store, repair: bool, room: Option<String>) -> Result<Self, StoreError> {
        let local = store.local.batch(repair)?;
        let (fresh, objects) = (Mutex::default(), Mutex::default());
        Ok(S3Batch { store, repair, room, local, uploads: OnceLock::new(), fresh, objects })
    }

    /// `None`: everything waits here.
    fn uploads(&self) -> Result<Option<&Arc<Uploads>>, StoreError> {
        let Reach::There(requests) = self.store.reach()? else { return Ok(None) };
        let made = self.uploads.get_or_init(|| {
            let versions = self.store.versions.clone();
            Arc::new(Uploads::new(requests.clone(), versions, &self.store.journals()))
        });
        Ok(Some(made))
    }

    fn claim(&self, content: &Content) -> Result<Claim, StoreError> {
        if !lock(&self.fresh).insert(content.blake3) {
            return Ok(Claim::Known);
        }
        Ok(match self.store.versions.get(&content.blake3)? {
            None => Claim::New,
            // Who wants it in a room of its own does not want it elsewhere.
            Some(known) if !self.is_in_room(&known.located) => Claim::New,
            Some(known) if known.checked && !self.repair => Claim::Known,
            Some(known) => Claim::Doubtful(known.located),
        })
    }

    fn is_in_room(&self, known: &Located) -> bool {
        let Some(room) = &self.room else { return true };
        let wanted = format!("{}{room}", self.store.terms.site.place.prefix);
        known.key.as_ref().is_some_and(|key| key.starts_with(&wanted))
    }

    fn target(&self, place: &str) -> Result<Target, StoreError> {
        let prefix = &self.store.terms.site.place.prefix;
        let (key, once) = match &self.room {
            Some(room) => (format!("{prefix}{room}{}", place.rsplit('/').next().unwrap_or(place)), true),
            None => (format!("{prefix}data/{place}"), false),
        };
        // S3 API, *Object key naming guidelines*.
        if key.len() > 1024 {
            let why = "its key in S3 would be longer than 1,024 bytes".to_owned();
            return Err(StoreError::Unfit { what: place.to_owned(), why });
        }
        Ok(Target { key, once })
    }

    fn put_small(
        &self,
        uploads: &Arc<Uploads>,
        place: &str,
        name: &Path,
        reader: &mut dyn Read,
        length: u64,
        told: &Told<'_>,
    ) -> Result<Option<Content>, StoreError> {
        let room = uploads.room(length)?;
        let mut bytes = Vec::with_capacity(length as usize + 1);
        let read = reader.take(SINGLE + 1).read_to_end(&mut bytes);
        read.map_err(|e| StoreError::io("read", name.display(), e))?;
        if bytes.len() as u64 > SINGLE {
            return Ok(None);
        }
        let content = Content { blake3: Blake3Hash::of(&bytes), size: bytes.len() as u64 };
        told(content.size);
        let doubtful = match self.claim(&content)? {
            Claim::Known => return Ok(Some(content)),
            Claim::New => None,
            Claim::Doubtful(line) => Some(line),
        };
        uploads.send(self.target(place)?, content, bytes, doubtful, room);
        Ok(Some(content))
    }

    /// Whether this batch has to send a content that it has hashed already.
    fn is_wanted(
        &self,
        uploads: &Uploads,
        content: &Content,
        checksum: Option<&str>,
    ) -> Result<bool, StoreError> {
        match self.claim(content)? {
            Claim::Known => Ok(false),
            Claim::New => Ok(true),
            Claim::Doubtful(line) => {
                let Some(checksum) = checksum else { return Ok(true) };
                let asked = Uploads::is_true(&uploads.requests, &line, checksum);
                if !uploads.requests.wait(asked)? {
                    return Ok(true);
                }
                self.store.versions.note_checked(content)?;
                Ok(false)
            }
        }
    }

    fn put_large(
        &self,
        uploads: &Arc<Uploads>,
        place: &str,
        name: &Path,
        file: &mut File,
        told: &Told<'_>,
    ) -> Result<Content, StoreError> {
        let failed = |e| StoreError::io("read", name.display(), e);
        let meta = file.metadata().map_err(failed)?;
        let begin = file.stream_position().map_err(failed)?;
        // A content of this size is known: then it is worth a look whether it is this one, before anything is sent.
        let mut claimed = None;
        if self.store.versions.has_size(meta.len())? {
            let (content, checksum) = upload::hash(file, meta.len()).map_err(failed)?;
            if !self.is_wanted(uploads, &content, Some(&checksum))? {
                told(content.size);
                return Ok(content);
            }
            claimed = Some(content);
            file.seek(SeekFrom::Start(begin)).map_err(failed)?;
        }
        let (mtime, ctime) = (meta.mtime_nsec(), meta.ctime_nsec());
        let identity = format!(
            "file {} {} {} {}.{mtime} {}.{ctime}",
            meta.dev(),
            meta.ino(),
            meta.len(),
            meta.mtime(),
            meta.ctime()
        );
        let blake3 = claimed.map(|content| content.blake3);
        let source = Source { reader: file, name, identity, size: meta.len(), blake3 };
        let is_wanted = |content: &Content| match claimed {
            Some(before) if before == *content => Ok(true),
            Some(_) => Err(StoreError::Changed { what: name.display().to_string() }),
            None => self.is_wanted(uploads, content, None),
        };
        uploads.stream(self.target(place)?, source, told, &is_wanted)
    }

    /// An object or content that lies in the clone's own store.
    fn send_stored(
        &self,
        uploads: &Arc<Uploads>,
        target: Target,
        content: &Content,
        doubtful: Option<Located>,
        told: &Told<'_>,
    ) -> Result<(), StoreError> {
        let name = self.store.local.describe(&content.blake3);
        let Some((size, spot)) = self.store.local.find(&content.blake3)? else {
            return Err(StoreError::Missing { what: content.blake3.to_string() });
        };
        if size != content.size {
            return Err(corrupt(content, &name));
        }
        let reader = self.store.local.open_at(content, spot)?;
        self.send_read(uploads, target, content, (&name, reader), doubtful, told)
    }

    /// What a reader gives, if it is this content. `name`: of what is read, for people.
    fn send_read(
        &self,
        uploads: &Arc<Uploads>,
        target: Target,
        content: &Content,
        (name, mut reader): (&str, Box<dyn Read + Send>),
        doubtful: Option<Located>,
        told: &Told<'_>,
    ) -> Result<(), StoreError> {
        let failed = |e| StoreError::io("read", name, e);
        let corrupt = || corrupt(content, name);
        let size = content.size;
        if size <= SINGLE {
            let room = uploads.room(size)?;
            let mut bytes = Vec::with_capacity(size as usize + 1);
            reader.read_to_end(&mut bytes).map_err(failed)?;
            if Blake3Hash::of(&bytes) != content.blake3 {
                return Err(corrupt());
            }
            told(size);
            uploads.send(target, *content, bytes, doubtful, room);
            return Ok(());
        }
        let identity = format!("b3 {}", content.blake3);
        let source = Source {
            reader: &mut *reader,
            name: Path::new(name),
            identity,
            size,
            blake3: Some(content.blake3),
        };
        let sent = uploads.stream(target, source, told, &|found| Ok(found == content))?;
        if sent == *content { Ok(()) } else { Err(corrupt()) }
    }

    /// Objects of the record, under the names that their hashes are.
    fn send_objects(&self, uploads: &Arc<Uploads>, objects: &[Content]) -> Result<(), StoreError> {
        for object in objects {
            if self.store.versions.get(&object.blake3)?.is_none_or(|known| !known.checked) {
                let key = self.store.object_key(&object.blake3);
                self.send_stored(uploads, Target { key, once: true }, object, None, &|_| {})?;
            }
        }
        Ok(())
    }
}

/// Sends objects of the record that wait in the clone.
pub(super) fn push(store: &S3Store, objects: &[Blake3Hash]) -> Result<(), StoreError> {
    let batch = S3Batch::begin(store, false, None)?;
    let Some(uploads) = batch.uploads()? else {
        return Err(store.out_of_reach());
    };
    for object in objects {
        // What is not here was never put: the process was killed before.
        if let Some((size, _)) = store.local.find(object)? {
            batch.send_objects(uploads, &[Content { blake3: *object, size }])?;
        }
    }
    uploads.settle()
}

impl PutBatch for S3Batch<'_> {
    fn put_file(&self, name: &Path, file: &mut File, told: &Told<'_>) -> Result<Content, StoreError> {
        let Some(uploads) = self.uploads()? else { return self.local.put_file(name, file, told) };
        let place = self.store.place_of(name)?;
        let length = file.metadata().map_err(|e| StoreError::io("read", name.display(), e))?.len();
        if length <= SINGLE {
            if let Some(content) = self.put_small(uploads, &place, name, file, length, told)? {
                return Ok(content);
            }
            // It grew, which its last look will tell.
            return Err(StoreError::Changed { what: name.display().to_string() });
        }
        self.put_large(uploads, &place, name, file, told)
    }

    fn put_stored(&self, place: &str, content: &Content, told: &Told<'_>) -> Result<(), StoreError> {
        let Some(uploads) = self.uploads()? else { return Err(self.store.out_of_reach()) };
        let doubtful = match self.claim(content)? {
            Claim::Known => None,
            Claim::New => Some(None),
            Claim::Doubtful(line) => Some(Some(line)),
        };
        match doubtful {
            None => told(content.size),
            Some(doubtful) => {
                self.send_stored(uploads, self.target(place)?, content, doubtful, told)?;
            }
        }
        Ok(())
    }

    fn put_version(
        &self,
        place: &str,
        content: &Content,
        version: &Located,
        read: &ReadVersion<'_>,
        told: &Told<'_>,
    ) -> Result<(), StoreError> {
        self.send_version(place, content, version, read, told)
    }

    fn put_bytes(&self, bytes: &[u8]) -> Result<Content, StoreError> {
        let content = self.local.put_bytes(bytes)?;
        lock(&self.objects).push(content);
        Ok(content)
    }

    fn put_stream(&self, fill: &mut Fill<'_>) -> Result<Content, StoreError> {
        let content = self.local.put_stream(fill)?;
        lock(&self.objects).push(content);
        Ok(content)
    }

    fn has(&self, content: &Content) -> bool {
        let known = || self.store.versions.get(&content.blake3).ok().flatten();
        if self.repair {
            return false;
        }
        if known().is_some_and(|known| known.checked && known.located.size == content.size) {
            return true;
        }
        matches!(self.store.reach(), Ok(Reach::Waits(_))) && self.local.has(content)
    }

    fn settle(&self, contents: &[Content]) -> Result<bool, StoreError> {
        if let Some(uploads) = self.uploads.get() {
            uploads.settle()?;
        }
        for content in contents {
            if self.store.versions.get(&content.blake3)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn retries(&self) -> u64 {
        self.uploads.get().map_or(0, |uploads| uploads.requests.pace.retries())
    }

    fn version_of(&self, content: &Content) -> Result<Located, StoreError> {
        let known = self.store.versions.get(&content.blake3)?;
        let missing = || StoreError::Missing { what: format!("a version of {}", content.blake3) };
        Ok(known.ok_or_else(missing)?.located)
    }

    fn commit(self: Box<Self>) -> Result<Kept, StoreError> {
        let S3Batch { store, repair, room, local, uploads, fresh, objects } = *self;
        if let Some(uploads) = uploads.get() {
            uploads.settle()?;
        }
        let kept = local.commit()?;
        let all = objects.into_inner().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return Ok(kept);
        }
        // Now that they are durable here, they can be read from here.
        let local = store.local.batch(false)?;
        let rest = S3Batch { store, repair, room, local, uploads, fresh, objects: Mutex::default() };
        let sent = match rest.uploads()? {
            Some(uploads) => rest.send_objects(uploads, &all).and_then(|()| uploads.settle()),
            None => Err(store.out_of_reach()),
        };
        match sent {
            // They are durable here, and go before any entry that names them.
            Err(e @ StoreError::Io { .. }) => {
                store.stay_local(&e.to_string());
                let names: Vec<Blake3Hash> = all.iter().map(|content| content.blake3).collect();
                store.waiting().put(&names)?;
            }
            sent => sent?,
        }
        Ok(kept)
    }
}
