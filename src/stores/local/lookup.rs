//! Where an entry stands in the journal, without reading the journal. Derived: it may be deleted at any
//! time, and nothing that verifies ever asks it.
//!
//! ```text
//! lookup.offsets  per entry: index of the first entry of its frame, offset of that frame (two u64)
//! lookup.ids      header (4,096 bytes), then hash tables of 4,096, 8,192, 16,384 … entries, each with two
//!                 slots per entry; slot = 16 bytes id, u64 index + 1
//! header          "mlplook2" | u64 entries covered | u64 journal offset covered | the same two as of the last
//!                 sync | u64 time of boot, seconds | u32 crc32c of all before
//! ```
//! A full table is never moved: a new entry costs two small writes, a question one read per table. The files
//! are not synced on the hot path; after a reboot, what was written since the last sync is done again.

use crate::domain::ids::EntryId;
use crate::stores::local::clock::SAME_BOOT;
use crate::stores::local::clock::boot_time;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MAGIC: &[u8; 8] = b"mlplook2";
const HEADER: u64 = 4096;
const SLOT: u64 = 24;
const FIRST_TABLE: u64 = 4096;
/// Slots read at a time.
const WINDOW: u64 = 8;

/// Up to where the journal is covered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Covered {
    /// Entries.
    pub size: u64,
    /// Journal offset after the last covered frame; 0 if nothing is covered.
    pub end: u64,
}

pub struct Lookup {
    ids: File,
    offsets: File,
    covered: Covered,
    synced: Covered,
}

/// Table number `k` begins after this many entries.
fn entries_before(k: u32) -> u64 {
    FIRST_TABLE * ((1u64 << k) - 1)
}

fn table_of(index: u64) -> u32 {
    (index / FIRST_TABLE + 1).ilog2()
}

fn table_offset(k: u32) -> u64 {
    HEADER + entries_before(k) * 2 * SLOT
}

fn slots(k: u32) -> u64 {
    (FIRST_TABLE << k) * 2
}

fn first_slot(id: &EntryId, k: u32) -> u64 {
    // Ids are hashes already, but for the version (byte 6) and the variant (byte 8), which are always the same.
    let mut word = [0u8; 8];
    word[..6].copy_from_slice(&id.as_bytes()[..6]);
    u64::from_le_bytes(word) % slots(k)
}

impl Lookup {
    /// Opens it for reading. `None` if it is not there, or cannot be relied on.
    pub fn open(dir: &Path) -> Option<Self> {
        let (ids, offsets) =
            (File::open(dir.join("lookup.ids")).ok()?, File::open(dir.join("lookup.offsets")).ok()?);
        let (covered, synced) = covered(&ids)?;
        Some(Lookup { ids, offsets, covered, synced })
    }

    /// Opens it for writing, or begins a new one. The journal's lock must be held.
    pub fn open_or_create(dir: &Path) -> io::Result<Self> {
        let open = |name: &str| {
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join(name))
        };
        let (ids, offsets) = (open("lookup.ids")?, open("lookup.offsets")?);
        let (covered, synced) = match covered(&ids) {
            Some(covered) => covered,
            None => {
                ids.set_len(0)?;
                offsets.set_len(0)?;
                Default::default()
            }
        };
        Ok(Lookup { ids, offsets, covered, synced })
    }

    pub fn covered(&self) -> Covered {
        self.covered
    }

    /// Adds entries in the order of the log; `frame` is the offset of the frame that holds them.
    pub fn add(
        &mut self,
        start: u64,
        frame: u64,
        ids: impl Iterator<Item = EntryId>,
        end: u64,
    ) -> io::Result<()> {
        let mut index = start;
        let mut offsets = Vec::new();
        for id in ids {
            self.insert(&id, index)?;
            offsets.extend_from_slice(&start.to_le_bytes());
            offsets.extend_from_slice(&frame.to_le_bytes());
            index += 1;
        }
        self.offsets.write_all_at(&offsets, start * 16)?;
        self.covered = Covered { size: index, end };
        self.write_header()
    }

    fn write_header(&self) -> io::Result<()> {
        let mut header = MAGIC.to_vec();
        for word in [self.covered.size, self.covered.end, self.synced.size, self.synced.end, boot_time()] {
            header.extend_from_slice(&word.to_le_bytes());
        }
        header.extend_from_slice(&crc32c::crc32c(&header).to_le_bytes());
        self.ids.write_all_at(&header, 0)
    }

    /// Told by the owner of the files that both are on the disk now.
    pub fn mark_synced(&mut self) -> io::Result<()> {
        self.synced = self.covered;
        self.write_header()
    }

    pub fn files(&self) -> [&File; 2] {
        [&self.ids, &self.offsets]
    }

    fn insert(&self, id: &EntryId, index: u64) -> io::Result<()> {
        let k = table_of(index);
        let mut at = first_slot(id, k);
        for _ in 0..slots(k) {
            let mut slot = [0u8; SLOT as usize];
            let place = table_offset(k) + at * SLOT;
            read_at(&self.ids, &mut slot, place)?;
            let (found, position) = parts(&slot);
            // Free, or this very entry from before a crash.
            if position == 0 || (found == id.as_bytes() && position == index + 1) {
                let bytes = [&id.as_bytes()[..], &(index + 1).to_le_bytes()].concat();
                return self.ids.write_all_at(&bytes, place);
            }
            at = (at + 1) % slots(k);
        }
        Err(io::Error::other("a lookup table is full"))
    }

    /// Index of the first entry with this id, among those covered.
    pub fn find(&self, id: &EntryId) -> io::Result<Option<u64>> {
        if self.covered.size == 0 {
            return Ok(None);
        }
        for k in 0..=table_of(self.covered.size - 1) {
            if let Some(index) = self.find_in(id, k)?.filter(|i| *i < self.covered.size) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn find_in(&self, id: &EntryId, k: u32) -> io::Result<Option<u64>> {
        let mut at = first_slot(id, k);
        let mut best: Option<u64> = None;
        let mut seen = 0;
        while seen < slots(k) {
            let count = WINDOW.min(slots(k) - at);
            let mut window = [0u8; (WINDOW * SLOT) as usize];
            let window = &mut window[..(count * SLOT) as usize];
            read_at(&self.ids, window, table_offset(k) + at * SLOT)?;
            for slot in window.chunks_exact(SLOT as usize) {
                let (found, position) = parts(slot);
                if position == 0 {
                    return Ok(best);
                }
                if found == id.as_bytes() {
                    best = Some(best.map_or(position - 1, |b| b.min(position - 1)));
                }
            }
            at = (at + count) % slots(k);
            seen += count;
        }
        Ok(best)
    }

    /// First entry and offset of the frame that holds entry `index`, if it is covered.
    pub fn frame_of(&self, index: u64) -> io::Result<Option<(u64, u64)>> {
        if index >= self.covered.size {
            return Ok(None);
        }
        let mut bytes = [0u8; 16];
        read_at(&self.offsets, &mut bytes, index * 16)?;
        let start = u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default());
        let offset = u64::from_le_bytes(bytes[8..].try_into().unwrap_or_default());
        Ok((start <= index).then_some((start, offset)))
    }
}

/// What the header says: up to where the files cover the journal, and did at the last sync.
fn covered(ids: &File) -> Option<(Covered, Covered)> {
    let mut header = [0u8; 52];
    ids.read_exact_at(&mut header, 0).ok()?;
    if &header[..8] != MAGIC || crc32c::crc32c(&header[..48]).to_le_bytes() != header[48..] {
        return None;
    }
    let word = |at: usize| {
        let mut bytes = [0u8; 8];
        bytes.copy_from_slice(&header[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    let synced = Covered { size: word(24), end: word(32) };
    let mut covered = Covered { size: word(8), end: word(16) };
    if boot_time().abs_diff(word(40)) > SAME_BOOT {
        covered = synced;
    }
    Some((covered, synced))
}

fn parts(slot: &[u8]) -> (&[u8], u64) {
    let (id, position) = slot.split_at(16);
    let mut bytes = [0u8; 8];
    bytes.copy_from_slice(position);
    (id, u64::from_le_bytes(bytes))
}

/// What lies beyond the end of a file reads as zeros.
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let mut have = 0;
    while have < bytes.len() {
        match file.read_at(&mut bytes[have..], offset + have as u64) {
            Ok(0) => {
                bytes[have..].fill(0);
                return Ok(());
            }
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::KeyId;
    use crate::domain::ids::ProjectId;

    fn id(n: u64) -> EntryId {
        let project: ProjectId = "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01".parse().unwrap();
        EntryId::derive(&project, "k", &n.to_string(), &KeyId([0; 32]))
    }

    #[test]
    fn tables_follow_each_other_without_gap_or_overlap() {
        for k in 0..20 {
            assert_eq!(table_of(entries_before(k)), k);
            assert_eq!(table_of(entries_before(k + 1) - 1), k);
            assert_eq!(table_offset(k) + slots(k) * SLOT, table_offset(k + 1));
        }
    }

    #[test]
    fn every_entry_is_found_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let mut lookup = Lookup::open_or_create(dir.path()).unwrap();
        for start in (0..14_000).step_by(7) {
            lookup.add(start, start * 10, (start..start + 7).map(id), start * 10 + 70).unwrap();
        }
        let reader = Lookup::open(dir.path()).unwrap();
        for n in (0..14_000).step_by(13) {
            assert_eq!(reader.find(&id(n)).unwrap(), Some(n));
            assert_eq!(reader.frame_of(n).unwrap(), Some((n / 7 * 7, n / 7 * 70)));
        }
        for n in 20_000..20_500 {
            assert_eq!(reader.find(&id(n)).unwrap(), None);
        }
        assert_eq!(reader.frame_of(14_000).unwrap(), None);
    }

    #[test]
    fn adding_again_after_a_crash_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut lookup = Lookup::open_or_create(dir.path()).unwrap();
        lookup.add(0, 100, (0..50).map(id), 200).unwrap();
        lookup.covered = Covered { size: 10, end: 150 };
        lookup.add(10, 100, (10..50).map(id), 200).unwrap();
        for n in 0..50 {
            assert_eq!(lookup.find(&id(n)).unwrap(), Some(n));
        }
    }

    #[test]
    fn after_a_reboot_only_what_was_synced_counts() {
        let dir = tempfile::tempdir().unwrap();
        let mut lookup = Lookup::open_or_create(dir.path()).unwrap();
        lookup.add(0, 100, (0..5).map(id), 200).unwrap();
        lookup.mark_synced().unwrap();
        lookup.add(5, 200, (5..9).map(id), 300).unwrap();
        assert_eq!(Lookup::open(dir.path()).unwrap().covered(), Covered { size: 9, end: 300 });
        let mut header = [0u8; 48];
        lookup.ids.read_exact_at(&mut header, 0).unwrap();
        header[40] ^= 0x80;
        lookup.ids.write_all_at(&header, 0).unwrap();
        assert!(Lookup::open(dir.path()).is_none(), "a header that does not match its checksum");
        lookup.ids.write_all_at(&crc32c::crc32c(&header).to_le_bytes(), 48).unwrap();
        let reader = Lookup::open(dir.path()).unwrap();
        assert_eq!(reader.covered(), Covered { size: 5, end: 200 });
        assert_eq!(reader.find(&id(7)).unwrap(), None);
    }
}
