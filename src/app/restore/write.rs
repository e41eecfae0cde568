//! Contents are read along the disk, hashed, and written beside their places.

use super::Arrival;
use super::Planned;
use super::RestorePlan;
use super::act::Rooms;
use crate::app::AppError;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::durable::arrivals::Arrivals;
use crate::ports::StoreError;
use crate::ports::object_store::ObjectStore;
use crate::ports::progress::Progress;
use crate::worktree::scan::Stat;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// Contents up to this size (bytes) are read and written as one; larger ones in pieces of it.
const PIECE: usize = 4 << 20;

/// Where a file is written first.
pub fn staged(dataset: usize, n: usize, planned: &Planned) -> String {
    match planned.fresh {
        true => format!("t{dataset}/{}", planned.arrivals[n].name),
        false => format!("f{dataset}/{}/{n}", n / 1000),
    }
}

/// Writes all contents, in the order in which the store has them. Nothing is in place yet.
pub fn write_all(
    store: &dyn ObjectStore,
    plan: &RestorePlan,
    rooms: &Rooms,
    progress: &dyn Progress,
) -> Result<Vec<Vec<Stat>>> {
    let mut bytes = 0;
    // Dataset and file, by number.
    let mut jobs: Vec<(u32, u32)> = Vec::new();
    for (d, planned) in plan.datasets.iter().enumerate() {
        for arrivals in rooms.all_of(d) {
            make_directories(d, planned, arrivals)?;
        }
        bytes += planned.arrivals.iter().map(|a| a.content.size).sum::<u64>();
        jobs.extend((0..planned.arrivals.len()).map(|n| (d as u32, n as u32)));
    }
    let of = |(d, n): (u32, u32)| {
        let (d, n) = (d as usize, n as usize);
        (d, n, &plan.datasets[d].arrivals[n])
    };
    jobs.sort_unstable_by_key(|job| (of(*job).2.spot, *job));
    progress.begin("restore", Some(jobs.len() as u64), Some(bytes));
    // Not one list of results: a million of them would take more memory than all that is restored at once.
    let damaged = Mutex::new(Vec::new());
    let nothing = Stat { dev: 0, inode: 0, size: 0, mtime: 0, ctime: 0 };
    let stats: Vec<Mutex<Vec<Stat>>> =
        plan.datasets.iter().map(|p| Mutex::new(vec![nothing; p.arrivals.len()])).collect();
    let each = |buffer: &mut Vec<u8>, job: &(u32, u32)| -> Result<()> {
        let (d, n, arrival) = of(*job);
        let name = staged(d, n, &plan.datasets[d]);
        match write(store, arrival, rooms.of_file(d, n), &name, buffer)? {
            Ok(stat) => lock(&stats[d])[n] = stat,
            Err(why) => lock(&damaged).push((plan.datasets[d].dataset.path_of(&arrival.name)?, why)),
        }
        progress.advance(1, arrival.content.size);
        Ok(())
    };
    let all = match store.readers() {
        None => jobs.par_iter().with_min_len(16).try_for_each_init(Vec::new, each),
        // They wait more than they work.
        Some(readers) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(readers).build();
            let pool = pool.map_err(|e| StoreError::io("start", "threads", io::Error::other(e)))?;
            pool.install(|| jobs.par_iter().with_max_len(4).try_for_each_init(Vec::new, each))
        }
    };
    progress.end();
    all?;
    let mut damaged = damaged.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !damaged.is_empty() {
        damaged.sort();
        return Err(AppError::DamagedHere { files: damaged, word: plan.version.word() });
    }
    Ok(stats.into_iter().map(|of| of.into_inner().unwrap_or_else(PoisonError::into_inner)).collect())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Directories for the files to be written.
fn make_directories(d: usize, planned: &Planned, arrivals: &Arrivals) -> Result<()> {
    let top = if planned.fresh { format!("t{d}") } else { format!("f{d}") };
    arrivals.create_dir(&top)?;
    if !planned.fresh {
        for n in (0..planned.arrivals.len()).step_by(1000) {
            arrivals.create_dir(&format!("{top}/{}", n / 1000))?;
        }
        return Ok(());
    }
    let mut made: BTreeSet<&str> = BTreeSet::new();
    for arrival in &planned.arrivals {
        let dirs = arrival.name.match_indices('/').map(|(at, _)| &arrival.name[..at]);
        // The deepest one is there: then so are those above it.
        let missing: Vec<&str> = dirs.rev().take_while(|dir| !made.contains(dir)).collect();
        for dir in missing.into_iter().rev() {
            arrivals.create_dir(&format!("{top}/{dir}"))?;
            made.insert(dir);
        }
    }
    Ok(())
}

/// Writes one content, and hashes what is written; a damaged one is told.
fn write(
    store: &dyn ObjectStore,
    arrival: &Arrival,
    arrivals: &Arrivals,
    name: &str,
    buffer: &mut Vec<u8>,
) -> Result<std::result::Result<Stat, String>> {
    let content = &arrival.content;
    let place = || store.describe(&content.blake3);
    let mut reader = match store.open_at(content, arrival.spot) {
        Ok(reader) => reader,
        Err(e @ (StoreError::Corrupt { .. } | StoreError::Missing { .. })) => {
            return Ok(Err(e.to_string()));
        }
        Err(e) => return Err(e.into()),
    };
    let mut file = arrivals.create(name)?;
    let at = arrivals.path().join(name);
    let failed = |e| StoreError::io("write", at.display(), e);
    let (found, size) = if content.size <= PIECE as u64 {
        buffer.clear();
        let wanted = content.size as usize;
        buffer.reserve(wanted + 1);
        // One byte more than it should have would be seen.
        let read = reader.take(content.size + 1).read_to_end(buffer);
        read.map_err(|e| StoreError::io("read", place(), e))?;
        let found = Blake3Hash::of(buffer);
        if found == content.blake3 {
            file.write_all(buffer).map_err(failed)?;
        }
        (found, buffer.len() as u64)
    } else {
        write_large(&mut *reader, &mut file, content, &place, &failed)?
    };
    if found != content.blake3 || size != content.size {
        return Ok(Err(format!("{} holds {size} bytes with the hash {found}", place())));
    }
    let meta = file.metadata().map_err(failed)?;
    Ok(Ok(Stat::of(&meta)))
}

/// While one piece is written, the next is read and hashed.
fn write_large(
    reader: &mut (dyn Read + Send),
    file: &mut File,
    content: &Content,
    place: &dyn Fn() -> String,
    failed: &dyn Fn(io::Error) -> StoreError,
) -> Result<(Blake3Hash, u64)> {
    let mut hasher = blake3::Hasher::new();
    let (mut piece, mut next) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
    let mut read = |piece: &mut Vec<u8>| -> io::Result<()> {
        piece.clear();
        Read::take(&mut *reader, PIECE as u64).read_to_end(piece)?;
        hasher.update(piece);
        Ok(())
    };
    read(&mut piece).map_err(|e| StoreError::io("read", place(), e))?;
    let mut size = 0;
    while !piece.is_empty() && size <= content.size {
        let (written, gone_on) = rayon::join(|| file.write_all(&piece), || read(&mut next));
        written.map_err(failed)?;
        gone_on.map_err(|e| StoreError::io("read", place(), e))?;
        size += piece.len() as u64;
        std::mem::swap(&mut piece, &mut next);
    }
    Ok((Blake3Hash::from(hasher.finalize()), size))
}
