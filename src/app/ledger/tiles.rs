//! A directory of C2SP tlog-tiles: `tile/<L>/<N>[.p/<W>]`. Derived from the entries, and byte-identical whoever
//! derives it.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::durable;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::proof;
use crate::ledger::proof::TileReader;
use crate::ledger::tile;
use crate::ledger::tile::Builder;
use crate::ledger::tile::Tile;
use crate::ledger::tree::Frontier;
use crate::ports::StoreError;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;

/// Files named as C2SP tlog-tiles names them, wherever they lie.
pub trait TileFiles {
    /// A file's bytes; `None` if there is no such file.
    fn load(&self, path: &str) -> std::result::Result<Option<Vec<u8>>, StoreError>;

    /// Where a person would look for a file.
    fn place(&self, path: &str) -> String;

    /// A tile as wide as asked, from its own file or from a wider one.
    fn tile(&self, wanted: Tile) -> Result<Vec<TreeHash>> {
        let full = Tile { width: tile::WIDTH as u16, ..wanted };
        let (bytes, width) = match self.load(&wanted.path())? {
            Some(bytes) => (bytes, wanted.width),
            None => match self.load(&full.path())? {
                Some(bytes) => (bytes, full.width),
                None => return Err(StoreError::Missing { what: self.place(&wanted.path()) }.into()),
            },
        };
        let mut hashes = tile::decode(&bytes, width)?;
        hashes.truncate(usize::from(wanted.width));
        Ok(hashes)
    }

    /// The entry bundle that belongs to a tile of level 0.
    fn bundle(&self, wanted: Tile) -> std::result::Result<Vec<u8>, StoreError> {
        let path = wanted.bundle_path();
        self.load(&path)?.ok_or_else(|| StoreError::Missing { what: self.place(&path) })
    }
}

impl<F: TileFiles> TileReader for F {
    type Error = AppError;
    fn read(&self, tile: Tile) -> Result<Vec<TreeHash>> {
        self.tile(tile)
    }
}

pub struct TileDir {
    dir: PathBuf,
}

impl TileDir {
    pub fn new(dir: &Path) -> Self {
        TileDir { dir: dir.to_owned() }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn write(&self, tile: Tile, hashes: &[TreeHash]) -> Result<()> {
        self.put(&tile.path(), &tile::encode(hashes))
    }

    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let place = self.dir.join(path);
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent).map_err(|e| StoreError::io("create", parent.display(), e))?;
        }
        Ok(durable::replace_derived(&place, bytes)?)
    }
}

impl TileFiles for TileDir {
    fn load(&self, path: &str) -> std::result::Result<Option<Vec<u8>>, StoreError> {
        let place = self.dir.join(path);
        match std::fs::read(&place) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound || e.kind() == io::ErrorKind::NotADirectory => {
                Ok(None)
            }
            Err(e) => Err(StoreError::io("read", place.display(), e)),
        }
    }

    fn place(&self, path: &str) -> String {
        self.dir.join(path).display().to_string()
    }
}

/// Up to where the tiles of this clone go.
const SIZE_FILE: &str = "tile/size";

impl Project {
    fn tile_dir(&self) -> TileDir {
        TileDir::new(&self.own_dir().join("ledger"))
    }

    /// The tiles of this clone's log, up to its head. Returns them with the tree they belong to.
    pub fn tiles(&self) -> Result<(TileDir, Frontier)> {
        let tiles = self.tile_dir();
        let have = durable::read_derived(&tiles.dir().join(SIZE_FILE));
        let have =
            have.and_then(|b| String::from_utf8(b).ok()).and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
        let head = self.ledger.head()?;
        // Tiles that know more than the journal, or cannot be continued, are made again from the beginning.
        let builder = match have <= head.size() {
            true => Builder::resume(have, |tile| tiles.tile(tile)).unwrap_or_default(),
            false => Builder::default(),
        };
        let head = self.extend_tiles(&tiles, builder)?;
        Ok((tiles, head))
    }

    /// Makes all tiles again from the journal alone.
    pub fn rebuild_tiles(&self) -> Result<Frontier> {
        let dir = self.tile_dir().dir().join("tile");
        match std::fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", dir.display(), e).into());
            }
            _ => {}
        }
        self.extend_tiles(&self.tile_dir(), Builder::default())
    }

    fn extend_tiles(&self, tiles: &TileDir, mut builder: Builder) -> Result<Frontier> {
        let from = builder.size();
        let mut problem = None;
        self.ledger.read(from, &mut |stored| {
            let pushed = builder.push(hash::leaf(stored.bytes), &mut |tile, row| tiles.write(tile, row));
            problem = pushed.err();
            if problem.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(e) = problem {
            return Err(e);
        }
        for (tile, row) in builder.partial() {
            tiles.write(tile, row)?;
        }
        if builder.size() > 0 {
            durable::write_derived(&tiles.dir().join(SIZE_FILE), builder.size().to_string().as_bytes())?;
        }
        proof::frontier_at(tiles, builder.size(), builder.size())
    }
}
