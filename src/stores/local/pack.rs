//! Packs: many small contents in one file. A pack is a plain tar archive that stock tools read; the name of a
//! member is its BLAKE3. Beside it lies an index, which is derived: it can be made again by scanning.
//!
//! ```text
//! <name>.tar   ustar; members `<BLAKE3>`, mode 0444, without times and owners
//! <name>.idx   "mlpidx1\n" | u64 length of the archive | u64 count | count × (32 BLAKE3, u64 offset, u64 size),
//!              sorted by BLAKE3 | u32 crc32c of all before; numbers are little endian
//! ```
//! A pack is written once, in staging, and never changed after it has its name.

use crate::domain::digest::Blake3Hash;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;

const BLOCK: usize = 512;
const MAGIC: &[u8; 8] = b"mlpidx1\n";
const RECORD: usize = 48;
const HEAD: usize = 24;
/// What is gathered before it is written (bytes).
const BUFFER: usize = 4 << 20;

/// Where a content stands in a pack: offset of its first byte, and its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub offset: u64,
    pub size: u64,
}

/// Gathers contents into an archive. Nothing is written before there is enough for it to be worth a pack.
#[derive(Default)]
pub struct PackWriter {
    file: Option<File>,
    /// Not written yet.
    buffer: Vec<u8>,
    /// Bytes written.
    written: u64,
    members: Vec<(Blake3Hash, Place)>,
}

impl PackWriter {
    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    pub fn members(&self) -> &[(Blake3Hash, Place)] {
        &self.members
    }

    /// Appends what `read` puts at the end of the buffer as a member, if `keep` wants that content. Returns
    /// content and size. `create` makes the file once there is something to write.
    pub fn add(
        &mut self,
        read: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
        keep: impl FnOnce(&Blake3Hash, u64) -> bool,
        create: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<(Blake3Hash, u64)> {
        let begin = self.buffer.len();
        self.buffer.resize(begin + BLOCK, 0);
        if let Err(e) = read(&mut self.buffer) {
            self.buffer.truncate(begin);
            return Err(e);
        }
        let bytes = &self.buffer[begin + BLOCK..];
        let (content, size) = (Blake3Hash::of(bytes), bytes.len() as u64);
        if !keep(&content, size) {
            self.buffer.truncate(begin);
            return Ok((content, size));
        }
        self.buffer[begin..begin + BLOCK].copy_from_slice(header(&content, size)?.as_bytes());
        let padded = (self.buffer.len() - begin).next_multiple_of(BLOCK);
        self.buffer.resize(begin + padded, 0);
        let offset = self.written + (begin + BLOCK) as u64;
        self.members.push((content, Place { offset, size }));
        if self.buffer.len() >= BUFFER {
            self.flush(create)?;
        }
        Ok((content, size))
    }

    fn flush(&mut self, create: impl FnOnce() -> io::Result<File>) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => create()?,
        };
        file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        self.file = Some(file);
        Ok(())
    }

    /// Contents that are still in memory, if nothing was written yet.
    pub fn in_memory(&self) -> Option<impl Iterator<Item = (&Blake3Hash, &[u8])>> {
        let bytes = |place: &Place| &self.buffer[place.offset as usize..][..place.size as usize];
        self.file.is_none().then(|| self.members.iter().map(move |(content, place)| (content, bytes(place))))
    }

    /// Ends the archive. Returns its index.
    pub fn finish(mut self, create: impl FnOnce() -> io::Result<File>) -> io::Result<Vec<u8>> {
        // tar(5): two blocks of zeros.
        self.buffer.resize(self.buffer.len() + 2 * BLOCK, 0);
        self.flush(create)?;
        Ok(encode(self.members, self.written))
    }
}

fn header(content: &Blake3Hash, size: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_path(content.to_string())?;
    header.set_mode(0o444);
    header.set_size(size);
    header.set_cksum();
    Ok(header)
}

/// The bytes of an index.
fn encode(mut members: Vec<(Blake3Hash, Place)>, length: u64) -> Vec<u8> {
    members.sort_unstable_by_key(|(content, _)| *content);
    let mut out = Vec::with_capacity(HEAD + members.len() * RECORD + 4);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(members.len() as u64).to_le_bytes());
    for (content, place) in members {
        out.extend_from_slice(&content.0);
        out.extend_from_slice(&place.offset.to_le_bytes());
        out.extend_from_slice(&place.size.to_le_bytes());
    }
    out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
    out
}

/// What a pack holds.
pub struct PackIndex {
    bytes: Vec<u8>,
}

impl PackIndex {
    /// `None` if these bytes are no whole index of an archive of this length.
    pub fn decode(bytes: Vec<u8>, length: u64) -> Option<Self> {
        let body = bytes.len().checked_sub(4)?;
        let count = u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?);
        let whole = bytes.starts_with(MAGIC)
            && bytes[8..16] == length.to_le_bytes()
            && usize::try_from(count).ok()?.checked_mul(RECORD)?.checked_add(HEAD)? == body
            && crc32c::crc32c(&bytes[..body]).to_le_bytes() == bytes[body..];
        whole.then_some(PackIndex { bytes })
    }

    /// Reads an archive from its beginning. A member that is cut short, or whose header is damaged, ends it.
    pub fn scan(archive: &Path) -> io::Result<Self> {
        let file = File::open(archive)?;
        let length = file.metadata()?.len();
        let mut members = Vec::new();
        let mut reader = tar::Archive::new(io::BufReader::new(file));
        for entry in reader.entries_with_seek()? {
            let Ok(entry) = entry else { break };
            let place = Place { offset: entry.raw_file_position(), size: entry.size() };
            let name = entry.path_bytes();
            let content = std::str::from_utf8(&name).ok().and_then(|n| n.parse().ok());
            if let Some(content) = content.filter(|_| place.offset + place.size <= length) {
                members.push((content, place));
            }
        }
        Ok(PackIndex { bytes: encode(members, length) })
    }

    pub fn len(&self) -> usize {
        (self.bytes.len() - HEAD - 4) / RECORD
    }

    fn record(&self, n: usize) -> (&[u8], Place) {
        let record = &self.bytes[HEAD + n * RECORD..][..RECORD];
        let word = |at: usize| {
            let mut bytes = [0u8; 8];
            bytes.copy_from_slice(&record[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        (&record[..32], Place { offset: word(32), size: word(40) })
    }

    /// Every member and its size.
    pub fn members(&self) -> impl Iterator<Item = (Blake3Hash, u64)> {
        (0..self.len()).map(|n| {
            let (content, place) = self.record(n);
            let mut hash = [0u8; 32];
            hash.copy_from_slice(content);
            (Blake3Hash(hash), place.size)
        })
    }

    pub fn find(&self, content: &Blake3Hash) -> Option<Place> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            let (found, place) = self.record(middle);
            match found.cmp(&content.0[..]) {
                std::cmp::Ordering::Equal => return Some(place),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn pack(dir: &Path, contents: &[Vec<u8>]) -> Vec<u8> {
        let mut writer = PackWriter::default();
        let create = || File::create(dir.join("p.tar"));
        for bytes in contents {
            let read = |buffer: &mut Vec<u8>| {
                buffer.extend_from_slice(bytes);
                Ok(())
            };
            let (content, size) = writer.add(read, |_, _| true, create).unwrap();
            assert_eq!((content, size), (Blake3Hash::of(bytes), bytes.len() as u64));
        }
        writer.finish(create).unwrap()
    }

    fn contents() -> Vec<Vec<u8>> {
        (0..300usize).map(|n| vec![n as u8; n * 97]).chain([vec![7; 3 << 20], vec![8; 3 << 20]]).collect()
    }

    #[test]
    fn stock_tar_reads_a_pack_and_its_index_tells_where_everything_stands() {
        let dir = tempfile::tempdir().unwrap();
        let contents = contents();
        let index = pack(dir.path(), &contents);
        let archive = std::fs::read(dir.path().join("p.tar")).unwrap();
        let index = PackIndex::decode(index, archive.len() as u64).unwrap();
        assert_eq!(index.len(), contents.len());
        let out = dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        let tar = Command::new("tar").arg("-xf").arg(dir.path().join("p.tar")).arg("-C").arg(&out).status();
        assert!(tar.unwrap().success());
        for bytes in &contents {
            let place = index.find(&Blake3Hash::of(bytes)).unwrap();
            assert_eq!(&archive[place.offset as usize..][..place.size as usize], &bytes[..]);
            assert_eq!(&std::fs::read(out.join(Blake3Hash::of(bytes).to_string())).unwrap(), bytes);
        }
        assert_eq!(index.find(&Blake3Hash::of(b"nobody")), None);
        // The index is what the archive itself says.
        assert_eq!(PackIndex::scan(&dir.path().join("p.tar")).unwrap().bytes, index.bytes);
    }

    #[test]
    fn a_damaged_index_is_none_and_a_cut_archive_gives_what_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let index = pack(dir.path(), &contents());
        let path = dir.path().join("p.tar");
        let length = std::fs::metadata(&path).unwrap().len();
        for at in (0..index.len()).step_by(101) {
            let mut bent = index.clone();
            bent[at] ^= 1;
            assert!(PackIndex::decode(bent, length).is_none(), "byte {at}");
        }
        assert!(PackIndex::decode(index[..index.len() - 1].to_vec(), length).is_none());
        assert!(PackIndex::decode(index.clone(), length + 1).is_none());
        let whole = PackIndex::decode(index, length).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(length - (3 << 20)).unwrap();
        let cut = PackIndex::scan(&path).unwrap();
        assert_eq!(cut.len(), whole.len() - 1);
        let kept = contents().into_iter().filter(|bytes| cut.find(&Blake3Hash::of(bytes)).is_some());
        assert_eq!(kept.count(), cut.len());
        for bytes in &contents()[..300] {
            let content = Blake3Hash::of(bytes);
            assert_eq!(cut.find(&content), whole.find(&content));
        }
    }
}
