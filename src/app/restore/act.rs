//! All is written beside its place, made durable at once, and then put in place.

use super::Planned;
use super::RestorePlan;
use super::RestoreReport;
use super::write::staged;
use super::write::write_all;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data::Hashed;
use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::durable;
use crate::durable::DurableError;
use crate::durable::arrivals::Arrivals;
use crate::durable::arrivals::Below;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::ScannedFile;
use crate::worktree::problem::ProblemKind;
use crate::worktree::problem::ScanError;
use crate::worktree::scan;
use crate::worktree::scan::Stat;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// So many directories are synced one by one; for more, the whole file system.
const FEW: usize = 16;

pub fn carry_out(project: &Project, plan: RestorePlan, progress: &dyn Progress) -> Result<RestoreReport> {
    let report = plan.describe()?;
    if plan.datasets.iter().all(|p| p.arrivals.is_empty() && p.gone.is_empty()) {
        return Ok(report);
    }
    durable::create_dir_all(&plan.root)?;
    let rooms = Rooms::of_plan(&plan)?;
    let mut stats = write_all(&*project.store, &plan, &rooms, progress)?;
    rooms.sync()?;
    let settled = settled(&stats, &rooms)?;
    check_unchanged(&plan)?;
    for planned in plan.datasets.iter().filter(|p| plan.to.is_none() && p.whole) {
        // Without it, files of a version that was not finished would count as somebody's.
        let _ = project.remember_restored(&planned.dataset.data, &planned.dataset.root);
    }
    for (n, planned) in plan.datasets.iter().enumerate() {
        remove(&plan.root, planned)?;
        if planned.fresh {
            place_tree(&plan.root, planned, n, rooms.of(n))?;
        } else {
            stats[n] = place_files(&plan.root, planned, n, &rooms)?;
        }
    }
    settle(&plan, &rooms)?;
    if plan.to.is_none() {
        for (n, (planned, stats)) in plan.datasets.into_iter().zip(stats).enumerate() {
            // Without it, `status` reads the files once: so a failure does not matter.
            let _ = match (planned.whole, planned.fresh) {
                (false, _) => Ok(()),
                (true, true) => remember_tree(project, planned, stats, settled[n]),
                (true, false) => remember(project, planned, stats, rooms.of(n)),
            };
        }
    }
    Ok(report)
}

/// The file systems that are written to.
pub struct Rooms {
    /// By device.
    rooms: Vec<(u64, Arrivals)>,
    /// Of each dataset.
    of: Vec<usize>,
    /// Of the files, by dataset and number, over which another file system is mounted.
    elsewhere: BTreeMap<(usize, usize), usize>,
}

impl Rooms {
    /// Files are written on the file system of their places: at the root, or where another one is mounted.
    fn of_plan(plan: &RestorePlan) -> Result<Self> {
        let mut out = Rooms { rooms: Vec::new(), of: Vec::new(), elsewhere: BTreeMap::new() };
        for (d, planned) in plan.datasets.iter().enumerate() {
            let base = plan.root.join(planned.dataset.dir());
            let room = out.at(&plan.root, &base)?;
            out.of.push(room);
            if planned.fresh {
                continue;
            }
            let mut last = ("", room);
            for (n, arrival) in planned.arrivals.iter().enumerate() {
                let dir = split(&arrival.name).0;
                if dir != last.0 {
                    last = (dir, out.at(&plan.root, &base.join(dir))?);
                }
                if last.1 != room {
                    out.elsewhere.insert((d, n), last.1);
                }
            }
        }
        Ok(out)
    }

    /// The room for a directory below the root, which need not be there yet.
    fn at(&mut self, root: &Path, dir: &Path) -> Result<usize> {
        let device = |dir: &Path| -> Result<u64> {
            Ok(fs::metadata(dir).map_err(|e| StoreError::io("read", dir.display(), e))?.dev())
        };
        let mut there = dir;
        while there != root && !there.is_dir() {
            there = there.parent().unwrap_or(root);
        }
        let wanted = device(there)?;
        if let Some(known) = self.rooms.iter().position(|(device, _)| *device == wanted) {
            return Ok(known);
        }
        let beside = if device(root)? == wanted { root } else { there };
        self.rooms.push((wanted, Arrivals::begin(beside)?));
        Ok(self.rooms.len() - 1)
    }

    /// Where a dataset is built, or most of its files are.
    pub fn of(&self, dataset: usize) -> &Arrivals {
        &self.rooms[self.of[dataset]].1
    }

    pub fn of_file(&self, dataset: usize, n: usize) -> &Arrivals {
        let room = self.elsewhere.get(&(dataset, n)).unwrap_or(&self.of[dataset]);
        &self.rooms[*room].1
    }

    /// All that files of a dataset are written to.
    pub fn all_of(&self, dataset: usize) -> impl Iterator<Item = &Arrivals> {
        let others = self.elsewhere.range((dataset, 0)..(dataset + 1, 0)).map(|(_, room)| *room);
        let rooms: BTreeSet<usize> = others.chain([self.of[dataset]]).collect();
        rooms.into_iter().map(|room| &self.rooms[room].1)
    }

    fn sync(&self) -> std::result::Result<(), DurableError> {
        self.rooms.iter().try_for_each(|(_, arrivals)| arrivals.sync())
    }
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

fn join(dir: &str, below: &str) -> String {
    match (dir, below) {
        ("", below) => below.to_owned(),
        (dir, "") => dir.to_owned(),
        (dir, below) => format!("{dir}/{below}"),
    }
}

/// Calls `each` with every name and the opened directory that it stands in, below the root.
fn by_directory<'n, T>(
    root: &Path,
    planned: &Planned,
    items: impl Iterator<Item = (&'n str, T)>,
    create: bool,
    mut each: impl FnMut(&Below, &str, T) -> Result<()>,
) -> Result<()> {
    let mut open: Option<(String, Below)> = None;
    for (path, item) in items {
        let (dir, name) = split(path);
        let below = match open.take().filter(|(known, _)| known == dir) {
            Some((_, below)) => below,
            None => Below::open(root, &join(&planned.dataset.dir(), dir), create)?,
        };
        each(&below, name, item)?;
        open = Some((dir.to_owned(), below));
    }
    Ok(())
}

/// Whether what is to be replaced or removed is still what was looked at. Somebody may work here.
fn check_unchanged(plan: &RestorePlan) -> Result<()> {
    let changed = |path: PathBuf| AppError::from(ScanError::one(&path, ProblemKind::Changed));
    for planned in &plan.datasets {
        let base = plan.root.join(planned.dataset.dir());
        let over = planned.arrivals.iter().filter_map(|a| Some((&*a.name, **a.over.as_ref()?)));
        let gone = planned.gone.iter().map(|(name, stat)| (name.as_str(), *stat));
        by_directory(&plan.root, planned, over.chain(gone), false, |dir, name, stat| {
            match dir.stat(name)? {
                Some(now) if Stat::of_raw(&now) == stat => Ok(()),
                _ => Err(changed(base.join(name))),
            }
        })?;
        // A file where there was none.
        for arrival in planned.arrivals.iter().filter(|a| a.over.is_none() && !planned.fresh) {
            let place = base.join(&*arrival.name);
            if fs::symlink_metadata(&place).is_ok_and(|meta| !meta.is_dir()) {
                return Err(changed(place));
            }
        }
    }
    Ok(())
}

/// Removes what the version does not have, and the directories that are empty then.
fn remove(root: &Path, planned: &Planned) -> Result<()> {
    let gone = planned.gone.iter().map(|(name, _)| (name.as_str(), ()));
    by_directory(root, planned, gone, false, |dir, name, ()| Ok(dir.remove(name)?))?;
    let mut dirs: BTreeSet<&str> = BTreeSet::new();
    for (name, _) in &planned.gone {
        dirs.extend(name.match_indices('/').map(|(at, _)| &name[..at]));
    }
    // The deepest first.
    for dir in dirs.into_iter().rev() {
        let (above, name) = split(dir);
        Below::open(root, &join(&planned.dataset.dir(), above), false)?.remove_if_empty(name);
    }
    Ok(())
}

fn place_tree(root: &Path, planned: &Planned, d: usize, arrivals: &Arrivals) -> Result<()> {
    let (dir, name) = split(planned.dataset.data.as_str());
    Ok(arrivals.place(&format!("t{d}"), &Below::open(root, dir, true)?, name)?)
}

/// One rename for each file. Returns what each is now: a rename changes a file's times.
fn place_files(root: &Path, planned: &Planned, d: usize, rooms: &Rooms) -> Result<Vec<Stat>> {
    let mut stats = Vec::with_capacity(planned.arrivals.len());
    let names = planned.arrivals.iter().enumerate().map(|(n, a)| (&*a.name, n));
    by_directory(root, planned, names, true, |dir, name, n| {
        rooms.of_file(d, n).place(&staged(d, n, planned), dir, name)?;
        stats.extend(dir.stat(name)?.as_ref().map(Stat::of_raw));
        Ok(())
    })?;
    Ok(stats)
}

/// Makes the names durable.
fn settle(plan: &RestorePlan, rooms: &Rooms) -> std::result::Result<(), DurableError> {
    let mut dirs: BTreeSet<PathBuf> = BTreeSet::new();
    for planned in plan.datasets.iter().filter(|p| !p.arrivals.is_empty() || !p.gone.is_empty()) {
        let base = plan.root.join(planned.dataset.dir());
        let mut touched: BTreeSet<&str> = BTreeSet::new();
        if !planned.fresh {
            touched.extend(planned.arrivals.iter().map(|a| split(&a.name).0));
            touched.extend(planned.gone.iter().map(|(name, _)| split(name).0));
        }
        for dir in touched.into_iter().map(|dir| base.join(dir)).chain([base.clone()]) {
            dirs.extend(dir.ancestors().take_while(|d| d.starts_with(&plan.root)).map(Path::to_owned));
        }
    }
    // What was removed is nothing to sync.
    dirs.retain(|dir| dir.is_dir());
    match dirs.len() {
        0..=FEW => dirs.iter().try_for_each(|dir| durable::sync_dir(dir)),
        _ => rooms.sync(),
    }
}

/// For each dataset a time that its file system takes for now, after all that was written: once that clock has gone on,
/// no later write can have the times of an earlier one.
fn settled(stats: &[Vec<Stat>], rooms: &Rooms) -> Result<Vec<i64>> {
    let of = |(n, stats): (usize, &Vec<Stat>)| Ok(after(stats, rooms.of(n))?);
    stats.iter().enumerate().map(of).collect()
}

fn after(stats: &[Stat], arrivals: &Arrivals) -> std::result::Result<i64, DurableError> {
    let last = stats.iter().map(|s| s.mtime.max(s.ctime)).max().unwrap_or(0);
    let mut now = Stat::of(&arrivals.now()?).ctime;
    for _ in 0..50 {
        if now > last {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
        now = Stat::of(&arrivals.now()?).ctime;
    }
    Ok(now)
}

/// Saves what every file of a tree hashes to that was put in place as one. Giving it a name changed no file in it.
fn remember_tree(project: &Project, planned: Planned, stats: Vec<Stat>, settled: i64) -> Result<()> {
    let contents = planned.arrivals.iter().map(|a| a.content).collect();
    let files = planned.arrivals.into_iter().zip(stats).map(|(a, stat)| (a.name, stat));
    let scanned = Scanned::written(project.repo.root(), &planned.dataset.data, files);
    project.remember_written(&Hashed { scanned, contents, sha256: None }, settled)
}

/// Saves what every file hashes to, if nobody wrote to any of them meanwhile.
fn remember(project: &Project, planned: Planned, stats: Vec<Stat>, arrivals: &Arrivals) -> Result<()> {
    let now = after(&stats, arrivals)?;
    let scanned = scan::scan(project.repo.root(), &planned.dataset.data)?;
    let written = planned.arrivals.iter().zip(&stats).map(|(a, stat)| (&*a.name, *stat, a.content.blake3));
    let kept = planned.kept.iter().map(|(name, stat, hash)| (name.as_str(), *stat, *hash));
    let Some(contents) = as_written(written, kept, &scanned) else { return Ok(()) };
    drop((planned, stats)); // with a million files, that is worth it
    project.remember_written(&Hashed { scanned, contents, sha256: None }, now)
}

/// What every file of a scan holds; `None` if one of them is not the one that was written or looked at. All three are
/// sorted by name.
fn as_written<'a>(
    written: impl Iterator<Item = (&'a str, Stat, Blake3Hash)>,
    kept: impl Iterator<Item = (&'a str, Stat, Blake3Hash)>,
    scanned: &Scanned,
) -> Option<Vec<Content>> {
    let (mut written, mut kept) = (written.peekable(), kept.peekable());
    let mut content = |file: &ScannedFile| {
        let known = match written.next_if(|(name, ..)| **name == *file.name) {
            Some(known) => Some(known),
            None => kept.next_if(|(name, ..)| **name == *file.name),
        };
        let (_, _, blake3) = known.filter(|(_, stat, _)| *stat == file.stat)?;
        Some(Content { blake3, size: file.stat.size })
    };
    scanned.files.iter().map(&mut content).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_written_to_meanwhile_is_not_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir(root.join("data")).unwrap();
        for name in ["a", "b", "c"] {
            fs::write(root.join("data").join(name), name).unwrap();
        }
        let look = || scan::scan(&root, &"data".parse().unwrap()).unwrap();
        let before = look();
        let known =
            |n: usize, name: &'static str| (name, before.files[n].stat, Blake3Hash::of(name.as_bytes()));
        let written = || [known(0, "a"), known(2, "c")].into_iter();
        let kept = || [known(1, "b")].into_iter();
        let contents = as_written(written(), kept(), &look()).unwrap();
        assert_eq!(
            contents.iter().map(|c| c.blake3).collect::<Vec<_>>(),
            ["a", "b", "c"].map(|n| Blake3Hash::of(n.as_bytes()))
        );
        assert_eq!(as_written(written(), [].into_iter(), &before), None, "a file that nobody wrote");
        std::thread::sleep(Duration::from_millis(20));
        fs::write(root.join("data/c"), "d").unwrap();
        assert_eq!(as_written(written(), kept(), &look()), None);
    }
}
