//! Contents are read along the disk, hashed, and written beside their places.

use super::Arrival;
use super::Planned;
use super::RestorePlan;
use super::act::Rooms;
use crate::app::AppError;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Located;
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

/// Contents up to this size (bytes) are read and written as one; larger ones in pieces of it.
const PIECE: usize = 4 << 20;

/// What a content that was written turned out to be.
enum Outcome {
    Written(Stat),
    Damaged(String),
}

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
    let (mut files, mut bytes) = (0, 0);
    let mut jobs: Vec<(&Arrival, usize, usize)> = Vec::new();
    for (d, planned) in plan.datasets.iter().enumerate() {
        for arrivals in rooms.all_of(d) {
            make_directories(d, planned, arrivals)?;
        }
        files += planned.arrivals.len() as u64;
        bytes += planned.arrivals.iter().map(|a| a.version.size).sum::<u64>();
        jobs.extend(planned.arrivals.iter().enumerate().map(|(n, arrival)| (arrival, d, n)));
    }
    jobs.sort_unstable_by_key(|(arrival, d, n)| (arrival.spot, *d, *n));
    progress.begin("restore", Some(files), Some(bytes));
    let results: Vec<Result<Outcome>> = jobs
        .par_iter()
        .with_min_len(16)
        .map_init(Vec::new, |buffer, (arrival, d, n)| {
            let room = rooms.of_file(*d, *n);
            let written = write(store, arrival, room, &staged(*d, *n, &plan.datasets[*d]), buffer);
            progress.advance(1, arrival.version.size);
            written
        })
        .collect();
    progress.end();
    let mut stats: Vec<Vec<Option<Stat>>> =
        plan.datasets.iter().map(|p| vec![None; p.arrivals.len()]).collect();
    let mut damaged = Vec::new();
    for ((arrival, d, n), result) in jobs.iter().zip(results) {
        match result? {
            Outcome::Written(stat) => stats[*d][*n] = Some(stat),
            Outcome::Damaged(why) => damaged.push((plan.datasets[*d].dataset.path_of(&arrival.name)?, why)),
        }
    }
    if !damaged.is_empty() {
        damaged.sort();
        return Err(AppError::DamagedHere { files: damaged, word: plan.version.word() });
    }
    Ok(stats.into_iter().map(|of| of.into_iter().flatten().collect()).collect())
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

/// Writes one content, and hashes what is written.
fn write(
    store: &dyn ObjectStore,
    arrival: &Arrival,
    arrivals: &Arrivals,
    name: &str,
    buffer: &mut Vec<u8>,
) -> Result<Outcome> {
    let version = &arrival.version;
    let place = || store.describe(version);
    let mut reader = match store.open_at(version, arrival.spot) {
        Ok(reader) => reader,
        Err(e @ (StoreError::Corrupt { .. } | StoreError::Missing { .. })) => {
            return Ok(Outcome::Damaged(e.to_string()));
        }
        Err(e) => return Err(e.into()),
    };
    let mut file = arrivals.create(name)?;
    let at = arrivals.path().join(name);
    let failed = |e| StoreError::io("write", at.display(), e);
    let (found, size) = if version.size <= PIECE as u64 {
        buffer.clear();
        let wanted = version.size as usize;
        buffer.reserve(wanted + 1);
        // One byte more than it should have would be seen.
        let read = reader.take(version.size + 1).read_to_end(buffer);
        read.map_err(|e| StoreError::io("read", place(), e))?;
        let found = Blake3Hash::of(buffer);
        if found == version.blake3 {
            file.write_all(buffer).map_err(failed)?;
        }
        (found, buffer.len() as u64)
    } else {
        write_large(&mut *reader, &mut file, version, &place, &failed)?
    };
    if found != version.blake3 || size != version.size {
        return Ok(Outcome::Damaged(format!("{} holds {size} bytes with the hash {found}", place())));
    }
    let meta = file.metadata().map_err(failed)?;
    Ok(Outcome::Written(Stat::of(&meta)))
}

/// While one piece is written, the next is read and hashed.
fn write_large(
    reader: &mut (dyn Read + Send),
    file: &mut File,
    version: &Located,
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
    while !piece.is_empty() && size <= version.size {
        let (written, gone_on) = rayon::join(|| file.write_all(&piece), || read(&mut next));
        written.map_err(failed)?;
        gone_on.map_err(|e| StoreError::io("read", place(), e))?;
        size += piece.len() as u64;
        std::mem::swap(&mut piece, &mut next);
    }
    Ok((Blake3Hash::from(hasher.finalize()), size))
}
