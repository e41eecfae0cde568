//! What is there now, against what is to be written.

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::version::DatasetAt;
use crate::domain::digest::Blake3Hash;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::worktree::Scanned;
use crate::worktree::problem::Problem;
use crate::worktree::scan;
use crate::worktree::scan::Stat;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::Metadata;
use std::io;
use std::path::Path;

/// Where it is looked.
pub struct View<'a> {
    pub project: &'a Project,
    /// Repository paths are below it.
    pub root: &'a Path,
    /// It is the work tree: there are pointers, and a memory of what was read.
    pub in_tree: bool,
    /// What the pointer in the work tree names.
    pub pointer: Option<&'a DatasetAt>,
}

#[derive(Default)]
pub struct Found {
    pub fresh: bool,
    /// Files to write, by number, with what they replace.
    pub needed: Vec<(usize, Option<Box<Stat>>)>,
    pub kept: Vec<(String, Stat, Blake3Hash)>,
    pub unchanged: u64,
    pub gone: Vec<(String, Stat)>,
    pub extra: Vec<RepoPath>,
    /// Files of `needed` that had other content, and those of them that are stored nowhere.
    pub replaced: Vec<RepoPath>,
    pub changed: Vec<RepoPath>,
}

impl View<'_> {
    pub fn compare(
        &self,
        dataset: &DatasetAt,
        whole: bool,
        wanted: &[ManifestEntry],
        progress: &dyn Progress,
    ) -> Result<Found> {
        let dir = dataset.dir();
        let mut way = Way { root: self.root, dir: &dir, known: BTreeMap::new() };
        let place = self.root.join(dataset.data.as_str());
        let there = way.is_free(&dir, &BTreeSet::new())?.then(|| lstat(&place)).transpose()?.flatten();
        let everything = || (0..wanted.len()).map(|n| (n, None)).collect();
        let Some(there) = there else {
            let fresh = dataset.kind == DatasetKind::Directory;
            return Ok(Found { fresh, needed: everything(), ..Found::default() });
        };
        if dataset.kind == DatasetKind::File && there.is_dir() {
            return Err(in_the_way(&place, "a directory"));
        }
        progress.begin("scan", None, None);
        let looked = scan::look(self.root, &dataset.data, &|files, bytes| progress.advance(files, bytes));
        progress.end();
        let (scanned, problems) = looked?;
        if scanned.kind == DatasetKind::Directory && is_empty(&place) && !is_mount(&place, &there) {
            return Ok(Found { fresh: true, needed: everything(), ..Found::default() });
        }
        let state = State::of(self, dataset, scanned, wanted, whole, progress)?;
        self.sort_out(dataset, whole, wanted, &state, problems, &mut way)
    }

    fn sort_out(
        &self,
        dataset: &DatasetAt,
        whole: bool,
        wanted: &[ManifestEntry],
        state: &State,
        problems: Vec<Problem>,
        way: &mut Way<'_>,
    ) -> Result<Found> {
        let mut found = Found::default();
        let names: BTreeSet<&str> = wanted.iter().map(|w| w.path.as_str()).collect();
        let files = || state.scanned.files.iter().zip(&state.hashes).zip(&state.other);
        for ((file, hash), other) in files().filter(|((f, _), _)| !names.contains(&*f.name)) {
            let stored = hash.is_some_and(|hash| self.is_stored(&hash, file.stat.size));
            let goes = match (hash, other) {
                (Some(hash), Other::Of(before)) => whole && stored && before.contains(hash),
                (_, Other::InTheWay) => true,
                (None, Other::Of(_)) => false,
            };
            if goes {
                found.gone.push((file.name.to_string(), file.stat));
                if !stored {
                    found.changed.push(dataset.path_of(&file.name)?);
                }
                continue;
            }
            found.kept.extend(hash.map(|hash| (file.name.to_string(), file.stat, hash)));
            if whole {
                found.extra.push(dataset.path_of(&file.name)?);
            }
        }
        let gone: BTreeSet<&str> = found.gone.iter().map(|(name, _)| name.as_str()).collect();
        let there: BTreeMap<&str, (Stat, Option<Blake3Hash>)> =
            files().map(|((file, hash), _)| (&*file.name, (file.stat, *hash))).collect();
        let base = self.root.join(way.dir);
        for (n, file) in wanted.iter().enumerate() {
            let place = base.join(&file.path);
            let (stat, hash) = match there.get(file.path.as_str()) {
                Some((stat, Some(hash))) => (*stat, *hash),
                // Nothing that a scan finds. It may be ignored, or no file at all.
                _ => match way.file(&file.path, &gone)? {
                    None => {
                        found.needed.push((n, None));
                        continue;
                    }
                    Some(meta) => (Stat::of(&meta), content_of(&place)?),
                },
            };
            if hash == file.blake3 {
                found.unchanged += 1;
                found.kept.push((file.path.clone(), stat, hash));
                continue;
            }
            // A link is replaced itself; what it leads to stays as it is.
            let own = lstat(&place)?.map(|meta| Box::new(Stat::of(&meta)));
            found.needed.push((n, own));
            found.replaced.push(dataset.path_of(&file.path)?);
            if !self.is_stored(&hash, stat.size) {
                found.changed.push(dataset.path_of(&file.path)?);
            }
        }
        if whole {
            let below = |p: &Problem| p.path.strip_prefix(&base).ok()?.to_str()?.parse::<RepoPath>().ok();
            for name in problems.iter().filter_map(below) {
                found.extra.push(dataset.path_of(name.as_str())?);
            }
            found.extra.sort();
        }
        found.kept.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    fn is_stored(&self, content: &Blake3Hash, size: u64) -> bool {
        self.project.store.holds(content, size)
    }

    /// Where unchanged files of another version come from: what the pointer names, what was there when all of it
    /// was last read, and what was restored last.
    fn before(&self, dataset: &DatasetAt, last: Option<Blake3Hash>) -> Vec<Vec<ManifestEntry>> {
        let mut roots: BTreeMap<Blake3Hash, DatasetAt> = BTreeMap::new();
        if let Some(pointer) = self.pointer.filter(|p| p.kind == DatasetKind::Directory) {
            roots.insert(pointer.root, pointer.clone());
        }
        for last in [last, self.project.last_restored(&dataset.data)].into_iter().flatten() {
            let text = data::read_text(&*self.project.store, &last);
            let files = text.map_or(0, |text| text.lines().count() as u64);
            roots.entry(last).or_insert(DatasetAt { root: last, files, ..dataset.clone() });
        }
        roots.remove(&dataset.root);
        // One that is not stored cannot tell anything; its files then stay.
        roots.values().filter_map(|d| self.project.files_of(d).ok()).collect()
    }
}

/// What a scan found, and as much of its hashes as is needed.
struct State {
    scanned: Scanned,
    hashes: Vec<Option<Blake3Hash>>,
    other: Vec<Other>,
}

/// What is known of a file, should the version not have it.
#[derive(Clone)]
enum Other {
    /// Hashes that it had in versions that were there before.
    Of(Vec<Blake3Hash>),
    /// The version has a directory in its place, or a file in that of a directory above it.
    InTheWay,
}

impl State {
    fn of(
        view: &View<'_>,
        dataset: &DatasetAt,
        scanned: Scanned,
        wanted: &[ManifestEntry],
        whole: bool,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let (mut hashes, last) = match view.in_tree {
            true => view.project.known_of(&scanned),
            false => (Vec::new(), None),
        };
        hashes.resize(scanned.files.len(), None);
        let mut other = vec![Other::Of(Vec::new()); scanned.files.len()];
        let mut matters = vec![false; scanned.files.len()];
        let names: Vec<&str> = scanned.files.iter().map(|f| &*f.name).collect();
        let each = |list: &[ManifestEntry], act: &mut dyn FnMut(usize, &ManifestEntry)| {
            let mut n = 0;
            for file in list {
                while n < names.len() && names[n].as_bytes() < file.path.as_bytes() {
                    n += 1;
                }
                if n < names.len() && names[n] == file.path {
                    act(n, file);
                }
            }
        };
        each(wanted, &mut |n, _| matters[n] = true);
        if whole && view.in_tree && scanned.kind == DatasetKind::Directory {
            for earlier in view.before(dataset, last) {
                each(&earlier, &mut |n, file| {
                    matters[n] = true;
                    if let Other::Of(before) = &mut other[n] {
                        before.push(file.blake3);
                    }
                });
            }
        }
        let (mut taken, mut above) = (BTreeSet::new(), BTreeSet::new());
        for file in wanted {
            taken.insert(file.path.as_str());
            above.extend(dirs_above(&file.path).take_while(|dir| !above.contains(dir)).collect::<Vec<_>>());
        }
        for (n, name) in names.iter().enumerate() {
            if above.contains(name) || dirs_above(name).any(|dir| taken.contains(dir)) {
                (matters[n], other[n]) = (true, Other::InTheWay);
            }
        }
        // Only these are read.
        let unread: Vec<usize> = (0..names.len()).filter(|n| matters[*n] && hashes[*n].is_none()).collect();
        if !unread.is_empty() {
            let mut part = scanned.clone();
            part.files = unread.iter().map(|n| scanned.files[*n].clone()).collect();
            let hashed = data::hash(part, &[], progress)?;
            for (n, content) in unread.into_iter().zip(hashed.contents) {
                hashes[n] = Some(content.blake3);
            }
        }
        Ok(State { scanned, hashes, other })
    }
}

/// The directories above a name, the deepest first.
fn dirs_above(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').rev().map(|(at, _)| &name[..at])
}

/// The directories on the way to the files.
struct Way<'a> {
    root: &'a Path,
    dir: &'a str,
    /// Whether each is there.
    known: BTreeMap<String, bool>,
}

impl Way<'_> {
    /// Whether a directory (below the root) is there; fails if something else is, unless it will be gone.
    fn is_free(&mut self, dir: &str, gone: &BTreeSet<&str>) -> Result<bool> {
        if dir.is_empty() {
            return Ok(lstat(self.root)?.is_some());
        }
        if let Some(known) = self.known.get(dir) {
            return Ok(*known);
        }
        let above = dir.rsplit_once('/').map_or("", |(above, _)| above);
        let there = self.is_free(above, gone)? && {
            let place = self.root.join(dir);
            let own = dir.strip_prefix(self.dir).map(|rest| rest.trim_start_matches('/')).unwrap_or_default();
            match lstat(&place)? {
                None => false,
                Some(meta) if meta.is_dir() => true,
                Some(_) if gone.contains(own) => false,
                Some(meta) if meta.is_symlink() => return Err(in_the_way(&place, "a symbolic link")),
                Some(_) => return Err(in_the_way(&place, "a file")),
            }
        };
        self.known.insert(dir.to_owned(), there);
        Ok(there)
    }

    /// A regular file in the place of one that is to be written.
    fn file(&mut self, name: &str, gone: &BTreeSet<&str>) -> Result<Option<Metadata>> {
        let path = if self.dir.is_empty() { name.to_owned() } else { format!("{}/{name}", self.dir) };
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        if !self.is_free(above, gone)? {
            return Ok(None);
        }
        let place = self.root.join(&path);
        match lstat(&place)? {
            None => Ok(None),
            Some(meta) if meta.is_file() => Ok(Some(meta)),
            Some(meta) if meta.is_symlink() => Err(in_the_way(&place, "a symbolic link")),
            Some(meta) if meta.is_dir() && all_gone(&place, name, gone)? => Ok(None),
            Some(meta) if meta.is_dir() => Err(in_the_way(&place, "a directory")),
            Some(_) => Err(in_the_way(&place, "a FIFO, socket or device")),
        }
    }
}

/// Whether nothing is left of a directory once those files are gone.
fn all_gone(place: &Path, name: &str, gone: &BTreeSet<&str>) -> Result<bool> {
    let failed = |e| AppError::from(StoreError::io("read", place.display(), e));
    for entry in fs::read_dir(place).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let below = format!("{name}/{}", entry.file_name().to_string_lossy());
        let is_dir = entry.file_type().map_err(failed)?.is_dir();
        let goes = if is_dir { all_gone(&entry.path(), &below, gone)? } else { gone.contains(&*below) };
        if !goes {
            return Ok(false);
        }
    }
    Ok(true)
}

fn in_the_way(path: &Path, what: &'static str) -> AppError {
    AppError::InTheWay { path: path.to_owned(), what }
}

fn lstat(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io("read", path.display(), e).into()),
    }
}

fn content_of(path: &Path) -> Result<Blake3Hash> {
    crate::app::resolve::content_of(path)
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}

/// A place of its own cannot be put in place of it.
fn is_mount(place: &Path, meta: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let above = place.parent().and_then(|dir| fs::metadata(dir).ok());
    above.is_none_or(|above| above.dev() != meta.dev())
}
