//! The file that a ledger's blocks lie in. A batch of them is written by one append and one sync, and has one checksum.
//!
//! Layout: the magic bytes, then frames of 4 bytes "QBAT", 4 bytes length of the payload, 4 bytes CRC-32C of it, 4 bytes CRC-32C of
//! these twelve (little endian), and the payload: for each block 4 bytes length and its Ion binary.

use crate::durable;
use crate::durable::DurableError;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

const MAGIC: &[u8; 8] = b"mlpqldb1";
const FRAME: &[u8; 4] = b"QBAT";
const HEAD: usize = 16;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(transparent)]
    Durable(#[from] DurableError),
    #[error("read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// What is not the mark of a crash: nothing is cut off.
    #[error("{} is damaged at byte {at}: {why}", path.display())]
    Damaged { path: PathBuf, at: u64, why: String },
    /// An append failed before: what the disk has of it nobody knows.
    #[error("an earlier append failed; the server has to be started again")]
    Broken,
}

type Result<T> = std::result::Result<T, JournalError>;

/// Is given a block and its place; fails with why it is none.
pub type Taking<'a> = &'a mut dyn FnMut(u64, &[u8]) -> std::result::Result<(), String>;

pub struct Journal {
    path: PathBuf,
    file: File,
    /// Where the next frame goes.
    end: u64,
    broken: bool,
    /// What a crash left of the last batch, and where it is now.
    pub set_aside: Option<(PathBuf, u64)>,
}

/// Length of the payload and its checksum, if this is a head.
fn head(bytes: &[u8]) -> Option<(usize, u32)> {
    let head = bytes.first_chunk::<HEAD>()?;
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let sound = head[..4] == *FRAME && crc32c::crc32c(&head[..12]) == number(12);
    sound.then(|| (number(4) as usize, number(8)))
}

impl Journal {
    /// Makes an empty one; it must not be there.
    pub fn create(path: &Path) -> Result<bool> {
        Ok(durable::create_new(path, MAGIC, 0o600)?)
    }

    /// Gives every block to `block`, oldest first, with the place that [`read_at`] finds it at. What a crash left of the last batch is set aside: nobody was told that it is
    /// there.
    pub fn open(path: &Path, block: Taking<'_>) -> Result<Self> {
        let read = |source| JournalError::Read { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(read)?;
        let damaged =
            |at: u64, why: &str| JournalError::Damaged { path: path.to_owned(), at, why: why.to_owned() };
        let mut input = BufReader::with_capacity(1 << 20, &file);
        let mut magic = [0; MAGIC.len()];
        input.read_exact(&mut magic).map_err(read)?;
        if magic != *MAGIC {
            return Err(damaged(0, "it is no journal of this server"));
        }
        let mut journal = Journal {
            path: path.to_owned(),
            end: MAGIC.len() as u64,
            broken: false,
            set_aside: None,
            file: file.try_clone().map_err(read)?,
        };
        loop {
            let mut payload = vec![0; HEAD];
            let taken = read_up_to(&mut input, &mut payload).map_err(read)?;
            payload.truncate(taken);
            if payload.is_empty() {
                return Ok(journal);
            }
            let Some((length, crc)) = head(&payload) else { return journal.cut(&mut input, payload) };
            payload.resize(HEAD + length, 0);
            let taken = HEAD + read_up_to(&mut input, &mut payload[HEAD..]).map_err(read)?;
            if taken < payload.len() || crc32c::crc32c(&payload[HEAD..]) != crc {
                payload.truncate(taken);
                return journal.cut(&mut input, payload);
            }
            let mut at = journal.end + HEAD as u64;
            let mut blocks = &payload[HEAD..];
            while !blocks.is_empty() {
                let cut = blocks.split_at_checked(4).and_then(|(length, rest)| {
                    let length = u32::from_le_bytes(length.try_into().ok()?);
                    rest.split_at_checked(length as usize)
                });
                let Some((one, rest)) = cut else {
                    return Err(damaged(journal.end, "a block goes beyond its batch"));
                };
                block(at, one).map_err(|why| damaged(journal.end, &why))?;
                at += 4 + one.len() as u64;
                blocks = rest;
            }
            journal.end += payload.len() as u64;
        }
    }

    /// Sets aside what is no batch, if it is the last thing there. `begun`: what was read of it.
    fn cut(mut self, rest: &mut dyn Read, mut begun: Vec<u8>) -> Result<Self> {
        rest.read_to_end(&mut begun)
            .map_err(|source| JournalError::Read { path: self.path.clone(), source })?;
        // A batch is begun when the one before is on the disk: if another one follows, no crash has done it.
        let follows = (1..begun.len()).any(|at| head(&begun[at..]).is_some());
        if follows {
            let why = "a batch is not what was written, and others follow".to_owned();
            return Err(JournalError::Damaged { path: self.path, at: self.end, why });
        }
        // A file may have grown before its bytes came.
        if begun.iter().any(|byte| *byte != 0) {
            let aside = self.path.with_extension(format!("torn-{}", self.end));
            durable::replace(&aside, &begun, 0o600)?;
            self.set_aside = Some((aside, begun.len() as u64));
        }
        durable::truncate(&self.path, &self.file, self.end)?;
        Ok(self)
    }

    /// Returns when all of them are on the disk: where they lie.
    pub fn append<'a>(&mut self, blocks: impl Iterator<Item = &'a [u8]>) -> Result<Vec<u64>> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        let mut frame = vec![0; HEAD];
        let mut places = Vec::new();
        for block in blocks {
            places.push(self.end + frame.len() as u64);
            frame.extend((block.len() as u32).to_le_bytes());
            frame.extend_from_slice(block);
        }
        let payload = &frame[HEAD..];
        let (length, crc) = (payload.len() as u32, crc32c::crc32c(payload));
        frame[..4].copy_from_slice(FRAME);
        frame[4..8].copy_from_slice(&length.to_le_bytes());
        frame[8..12].copy_from_slice(&crc.to_le_bytes());
        let crc = crc32c::crc32c(&frame[..12]);
        frame[12..16].copy_from_slice(&crc.to_le_bytes());
        // After a failed sync the page cache may say otherwise than the disk: only reading it anew tells.
        self.broken = true;
        durable::append(&self.path, &self.file, self.end, &frame)?;
        self.broken = false;
        self.end += frame.len() as u64;
        Ok(places)
    }

    /// Another handle on the file, to read from.
    pub fn reader(&self) -> Result<File> {
        File::open(&self.path).map_err(|source| JournalError::Read { path: self.path.clone(), source })
    }
}

/// The block that lies there.
pub fn read_at(file: &File, place: u64) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    file.read_exact_at(&mut length, place)?;
    let mut block = vec![0; u32::from_le_bytes(length) as usize];
    file.read_exact_at(&mut block, place + 4)?;
    Ok(block)
}

/// As many bytes as there are, at most as many as there is room for.
fn read_up_to(input: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < into.len() {
        match input.read(&mut into[taken..]) {
            Ok(0) => break,
            Ok(n) => taken += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(path: &Path) -> Result<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        let file = File::open(path).unwrap();
        Journal::open(path, &mut |place, block| {
            assert_eq!(read_at(&file, place).unwrap(), block);
            all.push(block.to_vec());
            Ok(())
        })?;
        Ok(all)
    }

    /// Two batches, of one block and of two.
    fn made(dir: &Path) -> PathBuf {
        let path = dir.join("journal");
        assert!(Journal::create(&path).unwrap());
        assert!(!Journal::create(&path).unwrap());
        let mut journal = Journal::open(&path, &mut |_, _| Ok(())).unwrap();
        journal.append([&b"one"[..]].into_iter()).unwrap();
        let places = journal.append([&b"two"[..], &b""[..]].into_iter()).unwrap();
        assert_eq!(read_at(&journal.reader().unwrap(), places[0]).unwrap(), b"two");
        path
    }

    #[test]
    fn what_was_appended_is_there_and_half_a_batch_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(blocks(&path).unwrap(), [b"one".to_vec(), b"two".to_vec(), b"".to_vec()]);
        let first = MAGIC.len() + HEAD + 4 + 3;
        for cut in first..whole.len() {
            for zeros in [0, 7, 200] {
                let torn = [&whole[..cut], &vec![0; zeros]].concat();
                // Zeros may be what the lost bytes were.
                if torn.starts_with(&whole) {
                    continue;
                }
                std::fs::write(&path, &torn).unwrap();
                assert_eq!(blocks(&path).unwrap(), [b"one".to_vec()], "{cut} {zeros}");
                assert_eq!(std::fs::read(&path).unwrap(), whole[..first], "{cut} {zeros}");
                let aside = path.with_extension(format!("torn-{first}"));
                match std::fs::read(&aside) {
                    Ok(kept) => assert_eq!(kept, torn[first..], "{cut} {zeros}"),
                    Err(_) => assert!(cut == first, "{cut} {zeros}"),
                }
                let _ = std::fs::remove_file(aside);
            }
        }
    }

    #[test]
    fn what_no_crash_explains_is_an_error_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let whole = std::fs::read(&path).unwrap();
        let first = MAGIC.len() + HEAD + 4 + 3;
        for at in 0..first {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            std::fs::write(&path, &bent).unwrap();
            let found = blocks(&path);
            assert!(matches!(found, Err(JournalError::Damaged { .. })), "{at}: {found:?}");
            assert_eq!(std::fs::read(&path).unwrap(), bent, "{at}");
        }
    }
}
