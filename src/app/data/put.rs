//! Files are read once: hashed, and stored in the same pass.

use super::Hashed;
use crate::app::AppError;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::pointer::DatasetKind;
use crate::domain::version_map::Content;
use crate::ports::StoreError;
use crate::ports::object_store::PutBatch;
use crate::ports::object_store::Told;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::ScannedFile;
use crate::worktree::problem::Problem;
use crate::worktree::problem::ScanError;
use rayon::prelude::*;
use std::fs::File;
use std::io;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Hashes a scan without storing anything. `known`: hashes of files that were not touched since, in the order of
/// the scan.
pub fn hash(scanned: Scanned, known: &[Option<Blake3Hash>], progress: &dyn Progress) -> Result<Hashed> {
    let read = |file: &mut File, place: &Path, told: &Told<'_>| {
        let mut hasher = blake3::Hasher::new();
        let huge = file.metadata().is_ok_and(|m| m.len() > HUGE);
        let read = match huge {
            true => hash_huge(&mut hasher, file, told),
            false => hasher.update_reader(&mut *file).map(|hasher| told(hasher.count())),
        };
        read.map_err(|e| StoreError::io("read", place.display(), e))?;
        Ok(Content { blake3: Blake3Hash::from(hasher.finalize()), size: hasher.count() })
    };
    let waiting = waiting(&scanned, known);
    progress.begin("hash", Some(waiting.0), Some(waiting.1));
    let all = 0..scanned.files.len();
    let contents = each_file(&scanned, all, known, false, progress, &|_| true, &read);
    progress.end();
    Ok(Hashed { contents: contents?, scanned, sha256: None })
}

fn hash_huge(hasher: &mut blake3::Hasher, file: &mut File, told: &Told<'_>) -> io::Result<()> {
    const PIECE: u64 = 16 << 20;
    let mut piece = Vec::with_capacity(PIECE as usize);
    loop {
        piece.clear();
        if Read::take(&mut *file, PIECE).read_to_end(&mut piece)? == 0 {
            return Ok(());
        }
        hasher.update_rayon(&piece);
        told(piece.len() as u64);
    }
}

/// Hashes and stores a scan in one pass. Nothing counts before the batch is committed. `with_sha256`: also
/// for foreign tools, of a single file (models, configs).
pub fn put(
    scanned: Scanned,
    objects: &dyn PutBatch,
    with_sha256: bool,
    progress: &dyn Progress,
) -> Result<Hashed> {
    let sha256 = match &scanned.files[..] {
        [file] if with_sha256 && scanned.kind == DatasetKind::File => {
            let mut open = scanned.open(file).map_err(one_problem)?;
            Some(sha256_of(&mut open, &scanned.place(file))?)
        }
        _ => None,
    };
    let mut hashed = put_known(scanned, &[], &|_| false, objects, progress)?;
    hashed.sha256 = sha256;
    Ok(hashed)
}

/// As [`put`], without reading files that are known and `held` in the store.
pub fn put_known(
    scanned: Scanned,
    known: &[Option<Blake3Hash>],
    held: &(dyn Fn(&Content) -> bool + Sync),
    objects: &dyn PutBatch,
    progress: &dyn Progress,
) -> Result<Hashed> {
    let waiting = waiting(&scanned, known);
    progress.begin("store", Some(waiting.0), Some(waiting.1));
    let contents = put_part(&scanned, 0..scanned.files.len(), known, held, objects, progress);
    progress.end();
    Ok(Hashed { contents: contents?, scanned, sha256: None })
}

/// As [`put_known`], for some of the files of a scan.
pub fn put_part(
    scanned: &Scanned,
    range: Range<usize>,
    known: &[Option<Blake3Hash>],
    held: &(dyn Fn(&Content) -> bool + Sync),
    objects: &dyn PutBatch,
    progress: &dyn Progress,
) -> Result<Vec<Content>> {
    let put = |file: &mut File, place: &Path, told: &Told<'_>| {
        let put = objects.put_file(place, file, told);
        progress.retried(objects.retries());
        put
    };
    each_file(scanned, range, known, objects.links(), progress, held, &put)
}

/// Files and bytes that are not known.
pub fn waiting(scanned: &Scanned, known: &[Option<Blake3Hash>]) -> (u64, u64) {
    let unread = |(n, _): &(usize, &ScannedFile)| known.get(*n).copied().flatten().is_none();
    let unread = scanned.files.iter().enumerate().filter(unread);
    unread.fold((0, 0), |(files, bytes), (_, file)| (files + 1, bytes + file.stat.size))
}

fn one_problem(problem: Problem) -> AppError {
    ScanError { problems: vec![problem] }.into()
}

type ReadFile<'a> =
    dyn Fn(&mut File, &Path, &Told<'_>) -> std::result::Result<Content, StoreError> + Sync + 'a;

/// Files below this size (bytes) are handed out to threads together.
const SMALL: u64 = 1 << 20;
/// A larger file (bytes) is read by itself, on all cores.
pub const HUGE: u64 = 64 << 20;

/// Reads every file of a range that is not known, or of which `enough` says that what is known is not enough.
/// `linked`: see [`PutBatch::links`].
fn each_file(
    scanned: &Scanned,
    range: Range<usize>,
    known: &[Option<Blake3Hash>],
    linked: bool,
    progress: &dyn Progress,
    enough: &(dyn Fn(&Content) -> bool + Sync),
    read: &ReadFile<'_>,
) -> Result<Vec<Content>> {
    enum Failure {
        Problem(Problem),
        Store(StoreError),
    }
    let one = |(n, found): (usize, &ScannedFile)| -> std::result::Result<Content, Failure> {
        let content = known.get(n).copied().flatten().map(|blake3| Content { blake3, size: found.stat.size });
        if let Some(content) = content.filter(enough) {
            return Ok(content);
        }
        let mut file = scanned.open(found).map_err(Failure::Problem)?;
        let content = read(&mut file, &scanned.place(found), &|bytes| progress.advance(0, bytes))
            .map_err(Failure::Store)?;
        let checked = if linked { scanned.check_linked(found, &file) } else { scanned.check(found, &file) };
        checked.map_err(Failure::Problem)?;
        progress.advance(1, 0);
        Ok(content)
    };
    let first = range.start;
    let files = &scanned.files[range];
    let bytes: u64 = files.iter().map(|file| file.stat.size).sum();
    let small = bytes / (files.len() as u64).max(1) < SMALL;
    // Kept apart: a list of a million outcomes would take more memory than a million contents.
    let failures = Mutex::new(Vec::new());
    let nothing = Content { blake3: Blake3Hash([0; 32]), size: 0 };
    let or_failure = |n: usize, found: &ScannedFile| {
        one((n, found)).unwrap_or_else(|failure| {
            failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
            nothing
        })
    };
    let is_huge = |found: &ScannedFile| found.stat.size > HUGE;
    let mut contents: Vec<Content> = files
        .par_iter()
        .enumerate()
        .with_min_len(if small { 16 } else { 1 })
        .map(|(n, found)| if is_huge(found) { nothing } else { or_failure(first + n, found) })
        .collect();
    // Each of these takes all cores by itself.
    for (n, found) in files.iter().enumerate().filter(|(_, found)| is_huge(found)) {
        contents[n] = or_failure(first + n, found);
    }
    let mut problems = Vec::new();
    for failure in failures.into_inner().unwrap_or_else(PoisonError::into_inner) {
        match failure {
            Failure::Problem(problem) => problems.push(problem),
            Failure::Store(e) => return Err(e.into()),
        }
    }
    if !problems.is_empty() {
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        return Err(ScanError { problems }.into());
    }
    Ok(contents)
}

pub fn sha256_of(reader: &mut dyn Read, place: &Path) -> Result<Sha256Hash> {
    use sha2::Digest;
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = reader.read(&mut buffer).map_err(|e| StoreError::io("read", place.display(), e))?;
        if n == 0 {
            return Ok(Sha256Hash(hasher.finalize().into()));
        }
        hasher.update(&buffer[..n]);
    }
}
