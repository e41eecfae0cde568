//! One file as a `model.tar.gz`, which is the same bytes whenever it is made: a ustar header without time, owner or
//! group, and gzip (RFC 1952) without name or time around stored blocks (RFC 1951, 3.2.4). Not compressed: weights hardly
//! are smaller for it, and no version of a compressor may change a digest that is recorded.

use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::Digests;
use crate::domain::version_map::Content;
use crate::ports::StoreError;
use crc32fast::Hasher as Crc32;
use sha2::Digest;
use sha2::Sha256;
use std::io;
use std::io::Cursor;
use std::io::Read;

/// The archive's name in the bucket.
pub const NAME: &str = "model.tar.gz";
/// Of a file's name in a tar header that splits none (POSIX.1-1988; bytes).
const NAME_BYTES: usize = 100;
/// Of a tar archive (bytes).
const BLOCK: u64 = 512;
/// Bytes in a stored block: as many as its length can say.
const STORED: usize = 65_535;
/// Magic, deflate, no flags, no time, no extra flags, unknown system.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The archive of a file with this name. `bytes` must give exactly its content.
pub fn wrap(
    name: &str,
    content: &Content,
    bytes: Box<dyn Read + Send>,
) -> Result<Box<dyn Read + Send>, StoreError> {
    let mut header = tar::Header::new_ustar();
    // What cannot be shortened cannot be wrapped: an archive with extension headers would be other bytes.
    let unfit = |_| StoreError::Unfit {
        what: name.to_owned(),
        why: format!("its name has {} bytes, and {NAME} has room for {NAME_BYTES}", name.len()),
    };
    header.set_path(name).map_err(unfit)?;
    header.set_size(content.size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let padding = content.size.next_multiple_of(BLOCK) - content.size + 2 * BLOCK;
    let tar = Cursor::new(header.as_bytes().to_vec())
        .chain(Checked { reader: bytes, hasher: blake3::Hasher::new(), content: *content })
        .chain(io::repeat(0).take(padding));
    Ok(Box::new(Gzip::new(tar)))
}

/// What the archive's bytes come to.
pub fn measure(mut archive: Box<dyn Read + Send>) -> io::Result<(Content, Digests)> {
    let (mut blake3, mut sha256, mut piece) = (blake3::Hasher::new(), Sha256::new(), vec![0; 1 << 20]);
    loop {
        let n = archive.read(&mut piece)?;
        if n == 0 {
            break;
        }
        blake3.update(&piece[..n]);
        sha256.update(&piece[..n]);
    }
    let content = Content { size: blake3.count(), blake3: Blake3Hash::from(blake3.finalize()) };
    let sha256 = Some(Sha256Hash(sha256.finalize().into()));
    Ok((content, Digests { blake3: content.blake3, sha256 }))
}

/// Ends in an error unless it gave what it should.
struct Checked {
    reader: Box<dyn Read + Send>,
    hasher: blake3::Hasher,
    content: Content,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        let is_it = || Blake3Hash::from(self.hasher.finalize()) == self.content.blake3;
        if n == 0 && !buffer.is_empty() && !is_it() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the model's bytes do not have its hash"));
        }
        Ok(n)
    }
}

/// gzip around what a reader gives.
struct Gzip<R> {
    /// `None`: all of it was read.
    inner: Option<R>,
    crc: Crc32,
    length: u32,
    /// What is ready, and how much of it was given.
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> Gzip<R> {
    fn new(inner: R) -> Self {
        Gzip { inner: Some(inner), crc: Crc32::new(), length: 0, ready: GZIP.to_vec(), given: 0 }
    }

    /// The next block. All but the last are full, however the bytes come.
    fn fill(&mut self, inner: &mut R) -> io::Result<bool> {
        let mut data = Vec::with_capacity(STORED);
        inner.take(STORED as u64).read_to_end(&mut data)?;
        let last = data.len() < STORED;
        self.crc.update(&data);
        self.length = self.length.wrapping_add(data.len() as u32);
        let length = data.len() as u16;
        self.ready.clear();
        self.given = 0;
        self.ready.push(u8::from(last));
        self.ready.extend(length.to_le_bytes());
        self.ready.extend((!length).to_le_bytes());
        self.ready.append(&mut data);
        if last {
            self.ready.extend(self.crc.clone().finalize().to_le_bytes());
            self.ready.extend(self.length.to_le_bytes());
        }
        Ok(last)
    }
}

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len()
            && let Some(mut inner) = self.inner.take()
            && !self.fill(&mut inner)?
        {
            self.inner = Some(inner);
        }
        let rest = &self.ready[self.given..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn content(bytes: &[u8]) -> Content {
        Content { blake3: Blake3Hash::of(bytes), size: bytes.len() as u64 }
    }

    fn archive(bytes: &[u8]) -> Vec<u8> {
        let reader = Box::new(Cursor::new(bytes.to_vec()));
        let mut out = Vec::new();
        wrap("model.pkl", &content(bytes), reader).unwrap().read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn a_stock_tar_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        // The archive of the last one fills its stored blocks to the last byte.
        for size in [0, 1, 512, 200_000, 65_535 * 512 - 1536] {
            let bytes = vec![7; size];
            let file = dir.path().join("a.tar.gz");
            std::fs::write(&file, archive(&bytes)).unwrap();
            let out = Command::new("tar").arg("-xzOf").arg(&file).arg("model.pkl").output().unwrap();
            assert!(out.status.success() && out.stdout == bytes, "{size}: {out:?}");
            let list = Command::new("tar").arg("--utc").arg("-tvzf").arg(&file).output().unwrap();
            let line = String::from_utf8(list.stdout).unwrap();
            assert!(line.starts_with("-rw-r--r-- 0/0") && line.contains("1970-01-01 00:00"), "{line}");
        }
    }

    /// It stands in ledgers: no version may make other bytes of the same file.
    #[test]
    fn its_bytes_never_change() {
        let (found, digests) =
            measure(wrap("model.pkl", &content(b"first\n"), Box::new(&b"first\n"[..])).unwrap()).unwrap();
        assert_eq!(found.size, 10 + 5 + 512 + 512 + 1024 + 8);
        assert_eq!(
            digests.sha256.unwrap().to_string(),
            "7037a8e520045e78110d051eb73ae48de8697e132bbaee09f4cf037cf580d421"
        );
    }

    #[test]
    fn a_name_that_a_header_has_no_room_for_is_named_with_the_reason() {
        let one = |length| wrap(&"n".repeat(length), &content(b""), Box::new(&b""[..])).err();
        assert!(one(NAME_BYTES).is_none());
        let why = one(NAME_BYTES + 1).unwrap().to_string();
        assert!(why.contains("101 bytes") && why.contains("100"), "{why}");
    }

    #[test]
    fn other_bytes_than_the_model_are_no_archive() {
        let mut reader = wrap("m", &content(b"right"), Box::new(&b"wrong"[..])).unwrap();
        assert!(reader.read_to_end(&mut Vec::new()).is_err());
    }
}
