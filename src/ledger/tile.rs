//! C2SP tlog-tiles: the tree cut into tiles 256 hashes wide, and entries into bundles of 256.
//!
//! Everything here is a function of the entries alone, so whoever derives a tile gets the same bytes.

use crate::ledger::FormatError;
use crate::ledger::envelope::MAX_ENTRY;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;
/// Levels of the tree that one tile spans: log2 of [`WIDTH`].
pub const HEIGHT: u32 = 8;

/// One tile: `level` 0 holds leaf hashes; `width` 256 is a full tile, less a partial one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tile {
    pub level: u8,
    pub index: u64,
    /// 1 to 256.
    pub width: u16,
}

impl Tile {
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == WIDTH
    }

    /// `tile/<L>/<N>[.p/<W>]`
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.name())
    }

    /// `tile/entries/<N>[.p/<W>]`: the bundle that belongs to a tile of level 0.
    pub fn bundle_path(&self) -> String {
        format!("tile/entries/{}", self.name())
    }

    /// The index in groups of three digits, all but the last with an `x`: `x001/x234/067`.
    fn name(&self) -> String {
        let mut rest = self.index;
        let mut name = format!("{:03}", rest % 1000);
        while rest >= 1000 {
            rest /= 1000;
            name = format!("x{:03}/{name}", rest % 1000);
        }
        if self.is_full() { name } else { format!("{name}.p/{}", self.width) }
    }

    /// The tile that holds hash `index` of tile level `level` in a tree of `size` leaves, as wide as that
    /// tree makes it. `None` if the tree does not reach there.
    pub fn holding(level: u8, index: u64, size: u64) -> Option<Tile> {
        let hashes = size.checked_shr(HEIGHT * u32::from(level)).unwrap_or(0);
        if index >= hashes {
            return None;
        }
        let tile = index / WIDTH;
        let width = (hashes - tile * WIDTH).min(WIDTH) as u16;
        Some(Tile { level, index: tile, width })
    }
}

/// All tiles that a tree of `size` leaves has, full ones and the partial ones at its right edge.
pub fn all_tiles(size: u64) -> impl Iterator<Item = Tile> {
    (0..=7u8).flat_map(move |level| {
        let hashes = size.checked_shr(HEIGHT * u32::from(level)).unwrap_or(0);
        (0..hashes.div_ceil(WIDTH)).filter_map(move |index| Tile::holding(level, index * WIDTH, size))
    })
}

/// Tiles that are new or wider when a tree grows from `old` to `new` leaves.
pub fn new_tiles(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..=7u8).flat_map(move |level| {
        let hashes = |size: u64| size.checked_shr(HEIGHT * u32::from(level)).unwrap_or(0);
        let (before, after) = (hashes(old), hashes(new));
        let first = if before == after { after.div_ceil(WIDTH) } else { before / WIDTH };
        (first..after.div_ceil(WIDTH)).filter_map(move |index| Tile::holding(level, index * WIDTH, new))
    })
}

/// Root of a full tile: the hash that stands for it one tile level up.
pub fn full_tile_root(hashes: &[TreeHash]) -> TreeHash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.chunks(2).map(|pair| hash::node(&pair[0], &pair[1])).collect();
    }
    row.first().copied().unwrap_or_else(hash::empty_root)
}

/// A tile's bytes.
pub fn encode(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|h| h.0).collect()
}

/// Refuses bytes that are not exactly `width` hashes.
pub fn decode(bytes: &[u8], width: u16) -> Result<Vec<TreeHash>, FormatError> {
    if bytes.len() != usize::from(width) * 32 {
        let why = format!("{} bytes, not {width} hashes", bytes.len());
        return Err(FormatError::new("tile", why));
    }
    let mut hashes = Vec::with_capacity(usize::from(width));
    for chunk in bytes.chunks_exact(32) {
        let mut hash = [0u8; 32];
        hash.copy_from_slice(chunk);
        hashes.push(TreeHash(hash));
    }
    Ok(hashes)
}

/// Adds one entry to a bundle: a big-endian u16 length and the bytes.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), FormatError> {
    let Ok(length) = u16::try_from(entry.len()) else {
        let why = format!("an entry of {} bytes, more than {MAX_ENTRY}", entry.len());
        return Err(FormatError::new("entry bundle", why));
    };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle; it must hold exactly `width`.
pub fn entries(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, FormatError> {
    let mut out = Vec::with_capacity(usize::from(width));
    let mut rest = bundle;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, tail) = tail
            .split_at_checked(length)
            .ok_or_else(|| FormatError::new("entry bundle", "an entry is cut short"))?;
        out.push(entry);
        rest = tail;
    }
    if !rest.is_empty() || out.len() != usize::from(width) {
        let why = format!("holds {} entries, not {width}", out.len());
        return Err(FormatError::new("entry bundle", why));
    }
    Ok(out)
}

/// Told every tile that is full.
pub type OnFull<'a, E> = dyn FnMut(Tile, &[TreeHash]) -> Result<(), E> + 'a;

/// Builds tiles while leaves are pushed; memory is one row of 256 hashes per level.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    rows: Vec<Vec<TreeHash>>,
    counts: Vec<u64>,
}

impl Builder {
    /// Goes on where a tree of `size` leaves ended. `row(tile)` gives the hashes of a partial tile.
    pub fn resume<E>(size: u64, row: impl Fn(Tile) -> Result<Vec<TreeHash>, E>) -> Result<Self, E> {
        let mut builder = Builder::default();
        for level in 0..=7u8 {
            let hashes = size.checked_shr(HEIGHT * u32::from(level)).unwrap_or(0);
            if hashes == 0 {
                break;
            }
            builder.counts.push(hashes);
            let partial = match hashes % WIDTH {
                0 => None,
                _ => Tile::holding(level, hashes - 1, size),
            };
            builder.rows.push(partial.map(&row).transpose()?.unwrap_or_default());
        }
        Ok(builder)
    }

    /// Adds a leaf; `full` is told every tile that it completes.
    pub fn push<E>(&mut self, leaf: TreeHash, full: &mut OnFull<'_, E>) -> Result<(), E> {
        let mut carry = Some(leaf);
        let mut level = 0;
        while let Some(hash) = carry.take() {
            if self.rows.len() == level {
                self.rows.push(Vec::with_capacity(WIDTH as usize));
                self.counts.push(0);
            }
            self.rows[level].push(hash);
            self.counts[level] += 1;
            if self.rows[level].len() as u64 == WIDTH {
                let index = self.counts[level] / WIDTH - 1;
                full(Tile { level: level as u8, index, width: WIDTH as u16 }, &self.rows[level])?;
                carry = Some(full_tile_root(&self.rows[level]));
                self.rows[level].clear();
            }
            level += 1;
        }
        Ok(())
    }

    /// The partial tiles at the right edge.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[TreeHash])> {
        self.rows.iter().enumerate().filter(|(_, row)| !row.is_empty()).map(|(level, row)| {
            let index = self.counts[level] / WIDTH;
            (Tile { level: level as u8, index, width: row.len() as u16 }, &row[..])
        })
    }

    /// Leaves.
    pub fn size(&self) -> u64 {
        self.counts.first().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |level, index, width| Tile { level, index, width }.path();
        assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(1, 5, 256), "tile/1/005");
        assert_eq!(path(0, 273, 112), "tile/0/273.p/112");
        assert_eq!(path(2, 1_000, 1), "tile/2/x001/000.p/1");
        assert_eq!(Tile { level: 0, index: 273, width: 256 }.bundle_path(), "tile/entries/273");
    }

    fn leaf(i: u64) -> TreeHash {
        hash::leaf(&i.to_be_bytes())
    }

    fn build(size: u64) -> BTreeMap<Tile, Vec<TreeHash>> {
        let mut tiles = BTreeMap::new();
        let mut builder = Builder::default();
        for i in 0..size {
            let done: Result<(), ()> = builder.push(leaf(i), &mut |tile, row| {
                tiles.insert(tile, row.to_vec());
                Ok(())
            });
            done.unwrap();
        }
        tiles.extend(builder.partial().map(|(tile, row)| (tile, row.to_vec())));
        tiles
    }

    #[test]
    fn the_builder_makes_exactly_the_tiles_of_a_size() {
        for size in [0, 1, 255, 256, 257, 511, 512, 70_000] {
            let made: Vec<Tile> = build(size).into_keys().collect();
            let mut listed: Vec<Tile> = all_tiles(size).collect();
            listed.sort();
            assert_eq!(made, listed, "size {size}");
        }
        // The example of the specification: 70,000 leaves.
        let listed: Vec<String> = all_tiles(70_000).map(|t| t.path()).collect();
        assert_eq!(listed.len(), 273 + 1 + 1 + 1 + 1);
        for path in ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"] {
            assert!(listed.contains(&path.to_owned()), "{path}");
        }
    }

    #[test]
    fn growing_writes_what_is_new_and_resuming_gives_the_same_tiles() {
        for (old, new) in
            [(0, 1), (1, 2), (255, 256), (256, 256), (256, 300), (300, 66_000), (65_536, 65_537)]
        {
            let before: BTreeMap<_, _> = build(old);
            let after: BTreeMap<_, _> = build(new);
            let grown: Vec<Tile> = {
                let mut tiles: Vec<Tile> = new_tiles(old, new).collect();
                tiles.sort();
                tiles
            };
            let expected: Vec<Tile> = after.keys().filter(|t| !before.contains_key(t)).copied().collect();
            assert_eq!(grown, expected, "{old} to {new}");

            let row = |tile: Tile| before.get(&tile).cloned().ok_or(tile);
            let mut builder = Builder::resume(old, row).unwrap();
            let mut resumed = before.clone();
            for i in old..new {
                let done: Result<(), ()> = builder.push(leaf(i), &mut |tile, row| {
                    resumed.insert(tile, row.to_vec());
                    Ok(())
                });
                done.unwrap();
            }
            resumed.extend(builder.partial().map(|(tile, row)| (tile, row.to_vec())));
            for (tile, row) in &after {
                assert_eq!(resumed.get(tile), Some(row), "{tile:?}");
            }
        }
    }

    #[test]
    fn bundles_round_trip_and_refuse_what_does_not_fit() {
        let mut bundle = Vec::new();
        let long = vec![7u8; MAX_ENTRY];
        for entry in [&b""[..], b"x", &long] {
            push_entry(&mut bundle, entry).unwrap();
        }
        assert_eq!(entries(&bundle, 3).unwrap(), [&b""[..], b"x", &long]);
        assert!(entries(&bundle, 2).is_err());
        assert!(entries(&bundle[..bundle.len() - 1], 3).is_err());
        assert!(push_entry(&mut bundle, &vec![0; MAX_ENTRY + 1]).is_err());
        let hashes = [leaf(1), leaf(2)];
        assert_eq!(decode(&encode(&hashes), 2).unwrap(), hashes);
        assert!(decode(&encode(&hashes), 3).is_err());
    }
}
