//! Writers that find the journal locked leave their batches here. Whoever holds the lock commits all that waits
//! as one frame, with one `fdatasync`, and says here what became of each.
//!
//! ```text
//! waiting  records, each appended with one write (O_APPEND), so that the kernel puts them into one order
//! record   "MLQ1" | u32 length of body | u32 crc32c of body | body
//! body     u8 kind | u64 ticket | rest
//! kind 1   waits: u64 time of boot (seconds), u64 entries of the log that were looked at, then entries:
//!          16 id, u16 length, bytes
//! kind 2   no longer waits: its writer gave up
//! kind 3   taken: a holder of the lock commits all that waits before this
//! kind 4   answered: per ticket u64 ticket, u64 index of its first entry (or `LOST`, `UNKNOWN`)
//! ```
//! Nothing depends on it: whoever waits gets the lock in the end, and commits the batch that it has in memory.
//! So what is damaged is passed over, a writer that died may or may not be committed (it has been told
//! nothing), nothing is synced, and a holder of the lock may remove the file at any time. What was committed by
//! a holder that died before it could say so is found by its ids, in the journal.

use crate::domain::ids::EntryId;
use crate::durable;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ports::commit_store::Outcome;
use crate::stores::local::clock;
use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Seek;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

const MAGIC: &[u8; 4] = b"MLQ1";
/// Bytes before a record's body.
const HEAD: usize = 12;
/// A longer batch waits for the lock itself; it gains nothing from company.
const MAX_BODY: usize = 1 << 20;
/// Bytes that one holder commits for others.
const MAX_TAKEN: usize = 64 << 20;
/// A longer file is removed when nothing waits in it.
const MAX_FILE: u64 = 1 << 20;
/// And one that nobody wrote to for so long.
const IDLE: Duration = Duration::from_secs(1);

const WAITS: u8 = 1;
const WITHDRAWN: u8 = 2;
const TAKEN: u8 = 3;
const ANSWERED: u8 = 4;

const LOST: u64 = u64::MAX;
const UNKNOWN: u64 = u64::MAX - 1;

/// Where the mark stands in the lock file: behind the line that names its holder.
const MARK: u64 = 160;

pub struct Queue {
    path: PathBuf,
}

/// A batch that waits.
pub struct Ticket {
    number: u64,
    file: File,
    /// After its own record.
    begun: u64,
    /// Up to where answers were looked for.
    read: u64,
}

/// What a holder of the lock has taken.
pub struct Taken {
    pub waiting: Vec<Waiting>,
    file: File,
    /// Before this, nothing waits any more once all is answered.
    settled: u64,
    damaged: bool,
}

pub struct Waiting {
    pub ticket: u64,
    /// None of its ids is among so many first entries of the log.
    pub looked: u64,
    pub entries: Vec<SealedEntry>,
}

impl Queue {
    pub fn new(ledger: &Path) -> Self {
        Queue { path: ledger.join("waiting") }
    }

    /// `None`: this batch cannot wait here, so its writer has to get the lock itself.
    /// `looked`: none of its ids is among so many first entries of the log.
    pub fn put(&self, looked: u64, batch: &Batch) -> Option<Ticket> {
        let number = durable::random_name();
        let mut rest = clock::boot_time().to_le_bytes().to_vec();
        rest.extend_from_slice(&looked.to_le_bytes());
        for entry in batch.entries() {
            rest.extend_from_slice(entry.id().as_bytes());
            rest.extend_from_slice(&u16::try_from(entry.bytes().len()).ok()?.to_le_bytes());
            rest.extend_from_slice(entry.bytes());
        }
        if rest.len() + 9 > MAX_BODY {
            return None;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.path).ok()?;
        let begun = append(&mut file, WAITS, number, &rest).ok()?;
        Some(Ticket { number, file, begun, read: begun })
    }

    /// Takes all that waits, but the holder's own. `lock`: the journal's, which must be held. `None`: nothing
    /// waits, or nothing can be read.
    pub fn take(&self, lock: &File, own: Option<&Ticket>) -> Option<Taken> {
        let about = fs::metadata(&self.path).ok()?;
        let from = match mark(lock) {
            Some((inode, settled)) if inode == about.ino() && settled <= about.len() => settled,
            _ => 0,
        };
        if from == about.len() {
            if about.modified().ok()?.elapsed().is_ok_and(|idle| idle > IDLE) {
                self.remove();
            }
            return None;
        }
        let mut file = OpenOptions::new().read(true).append(true).open(&self.path).ok()?;
        let settled = append(&mut file, TAKEN, 0, &[]).ok()?;
        let bytes = read_between(&file, from, settled).ok()?;
        let (records, junk) = whole_records(&bytes);
        let mut over: HashSet<u64> =
            records.iter().filter(|r| r.kind == WITHDRAWN).map(|r| r.ticket).collect();
        over.extend(records.iter().flat_map(Record::answers).map(|(ticket, _)| ticket));
        over.extend(own.map(|t| t.number));
        let boot = clock::boot_time();
        let waiting = records.iter().filter(|r| !over.contains(&r.ticket));
        let waiting = waiting.filter_map(|r| r.waiting(boot));
        let (waiting, damaged) = (waiting.collect(), junk || bytes.len() as u64 != settled - from);
        Some(Taken { waiting, file, settled, damaged })
    }

    /// After a failure: whoever still waits tries it alone, and gets an answer of its own.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path); // nothing depends on it, so nothing is lost if it stays
    }

    /// Tells the waiting what became of them.
    pub fn answer(&self, lock: &File, mut taken: Taken, answers: &[(u64, Outcome)]) {
        let mut rest = Vec::new();
        for (ticket, outcome) in answers {
            let what = match outcome {
                Outcome::Won { start } => *start,
                Outcome::Lost => LOST,
                Outcome::Unknown => UNKNOWN,
            };
            rest.extend_from_slice(&ticket.to_le_bytes());
            rest.extend_from_slice(&what.to_le_bytes());
        }
        let end = match rest.is_empty() {
            true => Ok(taken.settled),
            false => append(&mut taken.file, ANSWERED, 0, &rest),
        };
        let inode = taken.file.metadata().map(|m| m.ino());
        match (end, inode) {
            (Ok(end), Ok(inode)) if end <= MAX_FILE && !taken.damaged => set_mark(lock, inode, taken.settled),
            _ => self.remove(),
        }
    }
}

/// What a waiting writer sees.
pub enum Seen {
    Waiting,
    Answer(Outcome),
    /// The file was removed: nobody will answer any more.
    Orphan,
}

impl Ticket {
    pub fn look(&mut self) -> Result<Seen, io::Error> {
        let about = self.file.metadata()?;
        let records = &read_between(&self.file, self.read, about.len())?;
        let (mut outcome, mut end) = (None, 0);
        // A record that is not whole yet may be on its way.
        while let (Some((_, record)), next) = next_record(records, end, false) {
            outcome = outcome.or_else(|| record.answer_to(self.number));
            end = next;
        }
        self.read += end as u64;
        Ok(match outcome {
            Some(outcome) => Seen::Answer(outcome),
            None if about.nlink() == 0 => Seen::Orphan,
            None => Seen::Waiting,
        })
    }

    /// Takes it back. False if a holder has it, or may have it: then its fate is not known yet.
    pub fn withdraw(mut self) -> bool {
        let end = append(&mut self.file, WITHDRAWN, self.number, &[]);
        let Ok(records) = end.and_then(|end| read_between(&self.file, self.begun, end)) else { return false };
        let (records, damaged) = whole_records(&records);
        !damaged && records.iter().all(|r| r.kind != TAKEN)
    }
}

struct Record<'a> {
    kind: u8,
    ticket: u64,
    rest: &'a [u8],
}

impl Record<'_> {
    /// A batch, if it waits since this machine was booted.
    fn waiting(&self, boot: u64) -> Option<Waiting> {
        let (since, rest) = self.rest.split_first_chunk::<8>().filter(|_| self.kind == WAITS)?;
        let (looked, mut rest) = rest.split_first_chunk::<8>()?;
        if boot.abs_diff(u64::from_le_bytes(*since)) > clock::SAME_BOOT {
            return None;
        }
        let mut entries = Vec::new();
        while let Some((id, tail)) = rest.split_first_chunk::<16>() {
            let (length, tail) = tail.split_first_chunk::<2>()?;
            let (bytes, tail) = tail.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            entries.push(SealedEntry::from_parts(EntryId::from_bytes(*id).ok()?, bytes.to_vec()));
            rest = tail;
        }
        let waiting = Waiting { ticket: self.ticket, looked: u64::from_le_bytes(*looked), entries };
        (rest.is_empty() && !waiting.entries.is_empty()).then_some(waiting)
    }

    /// Tickets that it answers, and how.
    fn answers(&self) -> impl Iterator<Item = (u64, u64)> {
        let pairs = if self.kind == ANSWERED { self.rest } else { &[] };
        pairs.chunks_exact(16).map(|pair| (word(&pair[..8]), word(&pair[8..])))
    }

    fn answer_to(&self, ticket: u64) -> Option<Outcome> {
        let (_, what) = self.answers().find(|(number, _)| *number == ticket)?;
        Some(match what {
            LOST => Outcome::Lost,
            UNKNOWN => Outcome::Unknown,
            start => Outcome::Won { start },
        })
    }
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap_or_default())
}

/// Returns where the record ends.
fn append(file: &mut File, kind: u8, ticket: u64, rest: &[u8]) -> io::Result<u64> {
    let mut record = Vec::with_capacity(HEAD + 9 + rest.len());
    record.extend_from_slice(MAGIC);
    record.extend_from_slice(&[0; 8]);
    record.push(kind);
    record.extend_from_slice(&ticket.to_le_bytes());
    record.extend_from_slice(rest);
    let crc = crc32c::crc32c(&record[HEAD..]);
    let length = (record.len() - HEAD) as u32;
    record[4..8].copy_from_slice(&length.to_le_bytes());
    record[8..12].copy_from_slice(&crc.to_le_bytes());
    // In one call: what follows half a record is another's.
    match file.write(&record)? {
        n if n == record.len() => file.stream_position(),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Of a file of any length no more than [`MAX_TAKEN`].
fn read_between(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(to.saturating_sub(from)).unwrap_or(MAX_TAKEN);
    let mut bytes = vec![0; length.min(MAX_TAKEN)];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}

/// The first whole record from `at` on, and where it begins; then where to go on. `all`: nothing is still being
/// written.
fn next_record(bytes: &[u8], at: usize, all: bool) -> (Option<(usize, Record<'_>)>, usize) {
    let mut from = at;
    while let Some(head) = bytes.get(from..from + HEAD) {
        let length = word(&[&head[4..8], &[0; 4]].concat()) as usize;
        if !head.starts_with(MAGIC) || !(9..=MAX_BODY).contains(&length) {
            from += 1;
            continue;
        }
        match bytes.get(from + HEAD..from + HEAD + length) {
            Some(body) if crc32c::crc32c(body).to_le_bytes() == head[8..12] => {
                let record = Record { kind: body[0], ticket: word(&body[1..9]), rest: &body[9..] };
                return (Some((from, record)), from + HEAD + length);
            }
            None if !all => break,
            _ => from += 1,
        }
    }
    (None, from)
}

/// And whether there was anything else.
fn whole_records(bytes: &[u8]) -> (Vec<Record<'_>>, bool) {
    let (mut records, mut at, mut damaged) = (Vec::new(), 0, false);
    while let (Some((begin, record)), next) = next_record(bytes, at, true) {
        damaged |= begin != at;
        records.push(record);
        at = next;
    }
    (records, damaged || at != bytes.len())
}

/// Inode of the queue, and up to where nothing waits in it: a hint, which saves reading it from the beginning.
fn mark(lock: &File) -> Option<(u64, u64)> {
    let mut line = [0u8; 42];
    lock.read_exact_at(&mut line, MARK).ok()?;
    let text = std::str::from_utf8(&line).ok()?;
    let number = |at: usize, to: usize| u64::from_str_radix(text.get(at..to)?, 16).ok();
    let (inode, settled) = (number(0, 16)?, number(17, 33)?);
    (number(34, 42)? == u64::from(crc32c::crc32c(&line[..33]))).then_some((inode, settled))
}

fn set_mark(lock: &File, inode: u64, settled: u64) {
    let text = format!("{inode:016x} {settled:016x}");
    let crc = crc32c::crc32c(text.as_bytes());
    let _ = lock.write_all_at(format!("{text} {crc:08x}\n").as_bytes(), MARK); // only a hint
}
