//! The only place that renames or syncs files.
//!
//! Order everywhere: bytes durable → name written → directory durable. A crash leaves the old state or the
//! new one, and at worst a temporary file whose name begins with `.mlprov-tmp-`.

#![allow(clippy::disallowed_methods)] // the one room that may rename

pub mod arrivals;
pub mod staging;

pub use staging::Staging;

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

/// A file operation that failed, and on what.
#[derive(Debug, thiserror::Error)]
#[error("{op} {}: {source}", path.display())]
pub struct DurableError {
    pub op: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

type Result<T> = std::result::Result<T, DurableError>;

fn at<T>(op: &'static str, path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|source| DurableError { op, path: path.to_owned(), source })
}

/// A name beside `path` that nobody else uses: process numbers repeat in containers, random ones do not.
fn temporary(path: &Path) -> PathBuf {
    path.with_file_name(format!(".mlprov-tmp-{:016x}", random_name()))
}

/// A number for a name that nobody else draws.
pub fn random_name() -> u64 {
    let mut random = [0u8; 8];
    // Without a random source the number of the process must do; a clash is an error, not a mixture.
    let _ = getrandom::fill(&mut random);
    u64::from_le_bytes(random) ^ u64::from(std::process::id())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// Makes a directory's entries durable.
pub fn sync_dir(dir: &Path) -> Result<()> {
    let file = at("open", dir, File::open(dir))?;
    at("sync", dir, file.sync_all())
}

/// Creates a directory and its parents; all of them are durable.
pub fn create_dir_all(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = parent(dir);
    create_dir_all(above)?;
    match fs::create_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        other => at("create", dir, other)?,
    }
    sync_dir(above)
}

fn write_temporary(path: &Path, bytes: &[u8], mode: u32, sync: bool) -> Result<PathBuf> {
    let temp = temporary(path);
    at("write", path, write_new(&temp, bytes, mode, sync))?;
    Ok(temp)
}

fn write_new(temp: &Path, bytes: &[u8], mode: u32, sync: bool) -> io::Result<()> {
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(temp)?;
        file.write_all(bytes)?;
        if sync { file.sync_all() } else { Ok(()) }
    })();
    if written.is_err() {
        let _ = fs::remove_file(temp); // the write's own error is what matters
    }
    written
}

/// Creates a file that must not exist yet. Returns false, and changes nothing, if it does.
pub fn create_new(path: &Path, bytes: &[u8], mode: u32) -> Result<bool> {
    let temp = write_temporary(path, bytes, mode, true)?;
    // link(2) refuses an existing name, which rename(2) would replace.
    let linked = fs::hard_link(&temp, path);
    let _ = fs::remove_file(&temp);
    match linked {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        other => at("create", path, other)?,
    }
    sync_dir(parent(path))?;
    Ok(true)
}

/// Replaces a file, or creates it: afterwards the old bytes or the new ones are there, never a mixture.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let temp = write_temporary(path, bytes, mode, true)?;
    rename(&temp, path)?;
    sync_dir(parent(path))
}

/// As [`replace`], for directories that are not ours: a caller that was killed knows by `id` what it left there, see
/// [`remove_left_by`].
pub fn replace_as(id: &str, path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    remove_left_by(id, path);
    let temp = temporary_of(id, path);
    at("write", path, write_new(&temp, bytes, mode, true))?;
    rename(&temp, path)?;
    sync_dir(parent(path))
}

/// Removes what a [`replace_as`] of `path` left that was killed.
pub fn remove_left_by(id: &str, path: &Path) {
    let _ = fs::remove_file(temporary_of(id, path)); // most often there is nothing
}

fn temporary_of(id: &str, path: &Path) -> PathBuf {
    path.with_file_name(format!(".mlprov-tmp-{id}"))
}

/// Removes what a [`replace`] or [`create_new`] in `dir` left that was killed. The caller sees to it that none goes on there.
pub fn remove_left_in(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if is_left(&entry) {
            let _ = fs::remove_file(entry.path()); // the next one tries again
        }
    }
}

/// As [`remove_left_in`], where others may be at work: only what is so old that nobody can be.
pub fn remove_old_in(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if is_left(&entry) && entry.metadata().is_ok_and(|meta| staging::is_old(&meta)) {
            let _ = fs::remove_file(entry.path()); // the next one tries again
        }
    }
}

fn is_left(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with(".mlprov-tmp-")
}

/// Writes small state that can be derived again, in place and without a sync: a rename would cost ten times
/// as much (ext4 flushes the new file and frees the old one). [`read_derived`] notices a half-written one.
pub fn write_derived(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut framed = format!("{:08x} {:08x}\n", crc32c::crc32c(bytes), bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    write_in_place(path, &framed).map(|_| ())
}

/// Overwrites the beginning of a file. A new file appears with its content, never empty.
fn write_in_place(path: &Path, bytes: &[u8]) -> Result<Option<File>> {
    use std::os::unix::fs::FileExt;
    match OpenOptions::new().write(true).open(path) {
        Ok(file) => {
            at("write", path, file.write_all_at(bytes, 0))?;
            Ok(Some(file))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let temp = write_temporary(path, bytes, 0o644, false)?;
            rename(&temp, path)?;
            Ok(None)
        }
        Err(e) => at("open", path, Err(e)),
    }
}

/// What [`write_derived`] wrote; `None` if it is not there or not whole.
pub fn read_derived(path: &Path) -> Option<Vec<u8>> {
    // A writer may be at work: look again before giving up.
    for _ in 0..3 {
        // In one call, as a rule: the files are small, and say how long they are.
        let mut framed = vec![0; 1024];
        let mut file = File::open(path).ok()?;
        let got = file.read(&mut framed).ok()?;
        framed.truncate(got);
        if got == 1024 {
            file.read_to_end(&mut framed).ok()?;
        }
        if let Some(bytes) = unframe(&framed) {
            return Some(bytes.to_vec());
        }
        std::thread::yield_now();
    }
    None
}

/// Replaces a file that can be derived again: whole for every reader, but not synced.
pub fn replace_derived(path: &Path, bytes: &[u8]) -> Result<()> {
    let temp = write_temporary(path, bytes, 0o644, false)?;
    rename(&temp, path)
}

/// As [`write_derived`], for text that other programs read as it is: no checksum, so a reader must use
/// [`read_stable`].
pub fn write_plain(path: &Path, bytes: &[u8]) -> Result<()> {
    let Some(file) = write_in_place(path, bytes)? else { return Ok(()) };
    let length = at("read", path, file.metadata())?.len();
    if length > bytes.len() as u64 { at("truncate", path, file.set_len(bytes.len() as u64)) } else { Ok(()) }
}

/// Reads until two readings agree, so that a write in between is not taken for the content.
pub fn read_stable(path: &Path) -> io::Result<Vec<u8>> {
    let mut before = fs::read(path)?;
    for _ in 0..100 {
        let now = fs::read(path)?;
        if now == before {
            break;
        }
        before = now;
    }
    Ok(before)
}

fn unframe(framed: &[u8]) -> Option<&[u8]> {
    let (head, rest) = framed.split_at_checked(18)?;
    let head = std::str::from_utf8(head).ok()?;
    let crc = u32::from_str_radix(head.get(..8)?, 16).ok()?;
    let length = usize::from_str_radix(head.get(9..17)?, 16).ok()?;
    // A longer predecessor may have left its end behind.
    rest.get(..length).filter(|bytes| crc32c::crc32c(bytes) == crc)
}

/// Two directories change places in one step (renameat2(2), `RENAME_EXCHANGE`).
pub fn exchange(one: &Path, other: &Path) -> Result<()> {
    let flags = rustix::fs::RenameFlags::EXCHANGE;
    let swapped = rustix::fs::renameat_with(rustix::fs::CWD, one, rustix::fs::CWD, other, flags);
    at("exchange", one, swapped.map_err(io::Error::from))?;
    sync_dir(parent(one))
}

/// Gives a derived file another name, without a sync.
pub fn move_derived(from: &Path, to: &Path) -> Result<()> {
    at("rename", from, fs::rename(from, to))
}

/// Gives a file another name, in place of what has that name now, durably.
pub fn move_file(from: &Path, to: &Path) -> Result<()> {
    at("rename", from, fs::rename(from, to))?;
    sync_dir(parent(to))
}

/// Removes a file, durably.
pub fn remove(path: &Path) -> Result<()> {
    at("remove", path, fs::remove_file(path))?;
    sync_dir(parent(path))
}

/// A second name for a file, durably. One that is there already stays.
pub fn link(from: &Path, to: &Path) -> Result<()> {
    match fs::hard_link(from, to) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        linked => at("link", to, linked)?,
    }
    sync_dir(parent(to))
}

/// Gives a directory a new name, which must be free.
pub fn move_dir(from: &Path, to: &Path) -> Result<()> {
    let flags = rustix::fs::RenameFlags::NOREPLACE;
    let moved = rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, flags);
    at("rename", from, moved.map_err(io::Error::from))?;
    sync_dir(parent(to))
}

fn rename(temp: &Path, path: &Path) -> Result<()> {
    let renamed = fs::rename(temp, path);
    if renamed.is_err() {
        let _ = fs::remove_file(temp);
    }
    at("rename", path, renamed)
}

/// Writes `bytes` at `offset` and waits until they are on the disk: one `fdatasync`.
pub fn append(path: &Path, file: &File, offset: u64, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::FileExt;
    at("write", path, file.write_all_at(bytes, offset))?;
    at("sync", path, file.sync_data())
}

/// Cuts a file back to `length` bytes, durably.
pub fn truncate(path: &Path, file: &File, length: u64) -> Result<()> {
    at("truncate", path, file.set_len(length))?;
    at("sync", path, file.sync_all())
}

/// Waits until a file's content is on the disk. `path` is for the error message.
pub fn sync_file(path: &Path, file: &File) -> Result<()> {
    at("sync", path, file.sync_data())
}

/// Holds a lock file while `work` runs; others wait.
pub fn while_locked<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T> {
    let file = lock_file(path)?;
    at("lock", path, file.lock())?;
    Ok(work())
}

/// Holds a lock file together with others as long as the result lives. Waits for one who holds it alone.
pub fn hold_shared(path: &Path) -> Result<File> {
    let file = lock_file(path)?;
    at("lock", path, file.lock_shared())?;
    Ok(file)
}

/// Holds a lock file alone as long as the result lives; `None` if somebody else holds it.
pub fn try_hold_alone(path: &Path) -> Result<Option<File>> {
    let file = lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(e)) => at("lock", path, Err(e)),
    }
}

fn lock_file(path: &Path) -> Result<File> {
    at("open", path, OpenOptions::new().write(true).create(true).truncate(false).open(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn create_new_never_replaces() {
        let d = dir();
        let path = d.path().join("x");
        assert!(create_new(&path, b"one", 0o600).unwrap());
        assert!(!create_new(&path, b"two", 0o600).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(d.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let d = dir();
        let path = d.path().join("x");
        replace(&path, b"old", 0o644).unwrap();
        fs::create_dir(d.path().join("sub")).unwrap();
        assert!(replace(&d.path().join("sub"), b"new", 0o644).is_err(), "a directory is in the way");
        assert!(replace(&d.path().join("none/x"), b"new", 0o644).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(d.path()).unwrap().count(), 2);
    }

    #[test]
    fn derived_state_is_whole_or_not_there() {
        let d = dir();
        let path = d.path().join("x");
        assert_eq!(read_derived(&path), None);
        write_derived(&path, b"a long text").unwrap();
        write_derived(&path, b"short").unwrap();
        assert_eq!(read_derived(&path).unwrap(), b"short");
        let framed = fs::read(&path).unwrap();
        for at in 0..23 {
            let mut bad = framed.clone();
            bad[at] ^= 0x04;
            // The separators carry no meaning.
            let harmless = at == 8 || at == 17;
            fs::write(&path, &bad).unwrap();
            assert_eq!(read_derived(&path).is_some(), harmless, "byte {at}");
        }
        fs::write(&path, &framed[..20]).unwrap();
        assert_eq!(read_derived(&path), None);
    }
}
