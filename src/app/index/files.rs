//! The files of directory datasets, out of their manifests: line by line, for there may be millions.

use crate::app::Project;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;

impl Project {
    /// Indexes the files of every directory that entries name. A manifest that is gone is looked for again the
    /// next time.
    pub(super) fn read_directories(&self) -> Result<()> {
        for root in self.index.unread_directories()? {
            // Checked first: what is added is never taken back.
            if is_whole(&*self.store, &root)
                && let Some(mut files) = files_of(&*self.store, &root)
            {
                self.index.add_directory(&root, &mut files)?;
            }
        }
        Ok(())
    }

    /// Whether a directory holds a file with this content, by its manifest; one that cannot be read says nothing.
    pub fn directory_holds(&self, manifest: &Blake3Hash, content: &Blake3Hash) -> bool {
        let lists = |mut files: Lines| files.any(|file| file.is_ok_and(|hash| hash == *content));
        files_of(&*self.store, manifest).is_some_and(lists) && is_whole(&*self.store, manifest)
    }
}

fn open(store: &dyn ObjectStore, object: &Blake3Hash) -> Option<Box<dyn Read + Send>> {
    store.open(&store.locate(object).ok()??).ok()
}

/// Whether an object is there, with the bytes that its name says.
fn is_whole(store: &dyn ObjectStore, object: &Blake3Hash) -> bool {
    let mut hasher = blake3::Hasher::new();
    let hashed = open(store, object).is_some_and(|bytes| hasher.update_reader(bytes).is_ok());
    hashed && Blake3Hash::from(hasher.finalize()) == *object
}

fn files_of(store: &dyn ObjectStore, manifest: &Blake3Hash) -> Option<Lines> {
    Some(Lines { reader: BufReader::new(open(store, manifest)?), line: Vec::new() })
}

/// The content hashes of a manifest; its form is given in `domain/manifest.rs`.
struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
}

impl Iterator for Lines {
    type Item = std::result::Result<Blake3Hash, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line.clear();
        let failed = |e| StoreError::io("read", "a manifest", e);
        match self.reader.read_until(b'\n', &mut self.line) {
            Ok(0) => None,
            Ok(_) => {
                let line = self.line.strip_prefix(b"\\").unwrap_or(&self.line);
                let hex = line.get(..64).and_then(|hex| std::str::from_utf8(hex).ok());
                let hash = hex.and_then(|hex| hex.parse::<Blake3Hash>().ok());
                Some(hash.ok_or_else(|| failed(io::ErrorKind::InvalidData.into())))
            }
            Err(e) => Some(Err(failed(e))),
        }
    }
}
