//! A log as another clone published it: a commit whose tree is a static tlog-tiles directory (as
//! `ledger export` writes it), and the objects that its entries name.

use crate::app::ledger::tiles::TileFiles;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::EntryId;
use crate::domain::ids::TreeId;
use crate::git::GitError;
use crate::git::repo::Repo;
use crate::ledger::FormatError;
use crate::ledger::batch;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::frame::Header;
use crate::ledger::hash;
use crate::ledger::note::Note;
use crate::ledger::proof;
use crate::ledger::tile;
use crate::ledger::tile::Tile;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use crate::ports::log_reader::StoredEntry;
use std::ops::ControlFlow;

/// Files of a tree in git's object database.
pub struct GitFiles<'a> {
    repo: &'a Repo,
    tree: TreeId,
    /// The ref, for people.
    name: String,
}

impl<'a> GitFiles<'a> {
    pub fn new(repo: &'a Repo, tree: &TreeId, name: &str) -> Self {
        GitFiles { repo, tree: tree.clone(), name: name.to_owned() }
    }
}

impl TileFiles for GitFiles<'_> {
    fn load(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.repo.file_in(&self.tree, path).map_err(|e: GitError| StoreError::Corrupt {
            what: self.name.clone(),
            at: path.to_owned(),
            why: e.to_string(),
        })
    }

    fn place(&self, path: &str) -> String {
        format!("{}:{path}", self.name)
    }
}

pub struct PublishedLog<'a> {
    header: Header,
    note: String,
    size: u64,
    files: GitFiles<'a>,
}

/// Where a published log keeps an object that its entries name.
pub fn object_path(object: &Blake3Hash) -> String {
    let hex = object.to_string();
    format!("objects/{}/{hex}", &hex[..2])
}

impl<'a> PublishedLog<'a> {
    /// `name`: the ref, for messages. Fails if the tree holds no log; nothing is checked against a key.
    pub fn open(repo: &'a Repo, tree: &TreeId, name: &str) -> Result<Self, StoreError> {
        let files = GitFiles::new(repo, tree, name);
        let damaged = |e: FormatError| StoreError::Corrupt {
            what: name.to_owned(),
            at: "checkpoint".into(),
            why: e.to_string(),
        };
        let note = files.load("checkpoint")?;
        let note = note.ok_or_else(|| StoreError::Missing { what: files.place("checkpoint") })?;
        let note = String::from_utf8(note)
            .map_err(|_| damaged(FormatError::new("checkpoint", "is not UTF-8".to_owned())))?;
        let checkpoint =
            Note::parse(&note).and_then(|n| Checkpoint::parse_text(n.text())).map_err(damaged)?;
        let header = Header::of_origin(&checkpoint.origin).map_err(damaged)?;
        Ok(PublishedLog { header, note, size: checkpoint.size, files })
    }

    /// Entries, as its checkpoint claims.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The ref that it was read from.
    pub fn place(&self) -> &str {
        &self.files.name
    }

    pub fn files(&self) -> &GitFiles<'a> {
        &self.files
    }

    /// The verifier key that it brings along: a proposal to the user, never believed by itself.
    pub fn claimed_vkey(&self) -> Option<String> {
        let text = String::from_utf8(self.files.load("log.vkey").ok()??).ok()?;
        let key: crate::ledger::note::VerifierKey = text.trim().parse().ok()?;
        (key.name() == self.header.origin).then(|| key.to_string())
    }

    /// An object that an entry names; the caller checks its hash.
    pub fn object(&self, object: &Blake3Hash) -> Option<Vec<u8>> {
        self.files.load(&object_path(object)).ok()?
    }

    fn bundle(&self, tile: Tile) -> Result<Vec<u8>, StoreError> {
        self.files.bundle(tile).map_err(|e| match e {
            StoreError::Missing { .. } => StoreError::Corrupt {
                what: self.files.name.clone(),
                at: tile.bundle_path(),
                why: "it is not there".into(),
            },
            e => e,
        })
    }
}

impl LogReader for PublishedLog<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(
        &self,
        from: u64,
        visit: &mut dyn FnMut(StoredEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut index = from / tile::WIDTH * tile::WIDTH;
        while let Some(tile) = Tile::holding(0, index, self.size) {
            let bundle = self.bundle(tile)?;
            let entries = tile::entries(&bundle, tile.width).map_err(|e| StoreError::Corrupt {
                what: self.files.name.clone(),
                at: tile.bundle_path(),
                why: e.to_string(),
            })?;
            for bytes in entries {
                if index >= from {
                    let id = match batch::open(bytes) {
                        Ok((_, body)) => body.id,
                        // A name for what cannot be read: nothing else has it.
                        Err(_) => EntryId::of_unreadable(&hash::leaf(bytes).0),
                    };
                    if visit(StoredEntry { index, id, bytes }).is_break() {
                        return Ok(());
                    }
                }
                index += 1;
            }
        }
        Ok(())
    }

    fn head(&self) -> Result<Frontier, StoreError> {
        let tree = self.tree_at(self.size)?;
        tree.ok_or_else(|| StoreError::Missing { what: self.files.place("tile/0") })
    }

    fn tree_at(&self, size: u64) -> Result<Option<Frontier>, StoreError> {
        if size > self.size {
            return Ok(None);
        }
        let tree = proof::frontier_at(&self.files, size, self.size);
        tree.map(Some).map_err(|e| StoreError::Corrupt {
            what: self.files.name.clone(),
            at: "tile".into(),
            why: e.to_string(),
        })
    }

    fn latest(&self) -> Result<Option<String>, StoreError> {
        Ok(Some(self.note.clone()))
    }
}
