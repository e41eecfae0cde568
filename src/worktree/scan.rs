//! Finds the files of a dataset, and refuses what cannot be one. Directories are read on all cores.

use crate::domain::digest::Blake3Hash;
use crate::domain::path;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::domain::pointer::DatasetKind;
use crate::worktree::ignore::Rules;
use crate::worktree::problem::Problem;
use crate::worktree::problem::ProblemKind;
use crate::worktree::problem::ScanError;
use rayon::prelude::*;
use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

/// What identifies a file's state without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    pub dev: u64,
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since the Unix epoch.
    pub mtime: i64,
    pub ctime: i64,
}

fn nanos(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

impl Stat {
    pub fn of(meta: &Metadata) -> Self {
        Stat {
            dev: meta.dev(),
            inode: meta.ino(),
            size: meta.len(),
            mtime: nanos(meta.mtime(), meta.mtime_nsec()),
            ctime: nanos(meta.ctime(), meta.ctime_nsec()),
        }
    }

    #[allow(clippy::unnecessary_cast)] // the fields have other types on other systems
    pub fn of_raw(stat: &rustix::fs::Stat) -> Self {
        Stat {
            dev: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
            mtime: nanos(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime: nanos(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }
}

/// A small text file of the work tree, as a clone brings it: a link, a device or a huge file is none.
pub fn read_small(path: &Path) -> io::Result<String> {
    const LIMIT: u64 = 1 << 20;
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_file() || meta.len() > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file of at most 1 MiB"));
    }
    fs::read_to_string(path)
}

/// One regular file that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScannedFile {
    /// Relative to the dataset; its own name for a dataset of one file.
    pub name: Box<str>,
    /// What a symlink points to.
    target: Option<Box<Path>>,
    pub stat: Stat,
}

/// The files of one dataset, sorted by name. Never empty, but from [`look`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub struct Scanned {
    pub path: RepoPath,
    pub kind: DatasetKind,
    pub files: Vec<ScannedFile>,
    /// What the names are relative to.
    base: PathBuf,
}

impl Scanned {
    /// A directory that was just written, without looking. `files`: name and state, sorted by name.
    pub fn written(root: &Path, path: &RepoPath, files: impl Iterator<Item = (Box<str>, Stat)>) -> Self {
        let files = files.map(|(name, stat)| ScannedFile { name, target: None, stat }).collect();
        Scanned { path: path.clone(), kind: DatasetKind::Directory, files, base: root.join(path.as_str()) }
    }

    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.stat.size).sum()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.files.iter().map(|f| &*f.name)
    }

    /// The same for two scans that saw the same files in the same state, and for no others.
    pub fn fingerprint(&self) -> Blake3Hash {
        let mut hasher = blake3::Hasher::new();
        for file in &self.files {
            let target = file.target.as_ref().map(|t| t.as_os_str().as_encoded_bytes()).unwrap_or_default();
            for text in [file.name.as_bytes(), target] {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text);
            }
            let Stat { dev, inode, size, mtime, ctime } = file.stat;
            for word in [dev, inode, size, mtime as u64, ctime as u64] {
                hasher.update(&word.to_le_bytes());
            }
        }
        Blake3Hash::from(hasher.finalize())
    }

    /// Where to open a file (for a symlink: what it points to).
    pub fn place(&self, file: &ScannedFile) -> PathBuf {
        match &file.target {
            Some(target) => target.to_path_buf(),
            None => self.base.join(&*file.name),
        }
    }

    /// Opens a file; fails with `changed` if it is no longer the one that was found.
    pub fn open(&self, file: &ScannedFile) -> Result<File, Problem> {
        let place = self.place(file);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = rustix::fs::open(&place, flags, Mode::empty()).map_err(|e| match e {
            // It became a link, or is gone.
            rustix::io::Errno::LOOP | rustix::io::Errno::NOENT => ProblemKind::Changed,
            e => ProblemKind::of(&e.into()),
        });
        let opened = File::from(opened.map_err(|kind| Problem { path: place, kind })?);
        self.check(file, &opened)?;
        Ok(opened)
    }

    /// Call it again after reading from the same descriptor.
    pub fn check(&self, found: &ScannedFile, file: &File) -> Result<(), Problem> {
        self.check_but(found, file, |stat| stat)
    }

    /// As [`Scanned::check`], after the file was made read-only and given another name, which sets its change time.
    pub fn check_linked(&self, found: &ScannedFile, file: &File) -> Result<(), Problem> {
        self.check_but(found, file, |stat| Stat { ctime: found.stat.ctime, ..stat })
    }

    fn check_but(&self, found: &ScannedFile, file: &File, but: impl Fn(Stat) -> Stat) -> Result<(), Problem> {
        let kind = match rustix::fs::fstat(file) {
            Ok(stat) if but(Stat::of_raw(&stat)) == found.stat => return Ok(()),
            Ok(_) => ProblemKind::Changed,
            Err(e) => ProblemKind::of(&e.into()),
        };
        Err(Problem { path: self.place(found), kind })
    }
}

/// `root`: the work tree's root, symlinks resolved. `path`: what to look at, below it.
pub fn scan(root: &Path, path: &RepoPath) -> Result<Scanned, ScanError> {
    scan_telling(root, path, &|_, _| {})
}

/// As [`scan`]. `found` is told how many
/// files and bytes a directory had.
pub fn scan_telling(
    root: &Path,
    path: &RepoPath,
    found: &(dyn Fn(u64, u64) + Sync),
) -> Result<Scanned, ScanError> {
    let (scanned, problems) = look(root, path, found)?;
    if !problems.is_empty() {
        return Err(ScanError { problems });
    }
    if scanned.files.is_empty() {
        return Err(ScanError::one(&root.join(path.as_str()), ProblemKind::EmptyDirectory));
    }
    Ok(scanned)
}

/// What is there that could be a dataset, perhaps nothing, and what could not. Fails if the path itself is
/// missing.
pub fn look(
    root: &Path,
    path: &RepoPath,
    found: &(dyn Fn(u64, u64) + Sync),
) -> Result<(Scanned, Vec<Problem>), ScanError> {
    let place = root.join(path.as_str());
    let meta = match fs::symlink_metadata(&place) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(ScanError::one(&place, ProblemKind::Missing));
        }
        Err(e) => return Err(ScanError::one(&place, ProblemKind::of(&e))),
    };
    let walk = Walk { root, found };
    let (kind, base, listed) = if meta.is_dir() {
        (DatasetKind::Directory, place.clone(), walk.directory(&place, "", &Rules::above(root, &place)))
    } else {
        let base = place.parent().unwrap_or(root).to_owned();
        (DatasetKind::File, base, walk.entry(&place, path.name().to_owned(), &meta))
    };
    let mut problems = listed.problems;
    problems.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((Scanned { path: path.clone(), kind, files: listed.files, base }, problems))
}

/// What a directory holds, with all below it.
#[derive(Default)]
struct Listed {
    files: Vec<ScannedFile>,
    problems: Vec<Problem>,
}

impl Listed {
    fn problem(path: &Path, kind: ProblemKind) -> Self {
        Listed { problems: vec![Problem { path: path.to_owned(), kind }], ..Listed::default() }
    }

    fn add(&mut self, mut more: Listed) {
        self.files.append(&mut more.files);
        self.problems.append(&mut more.problems);
    }
}

struct Walk<'a> {
    root: &'a Path,
    found: &'a (dyn Fn(u64, u64) + Sync),
}

/// Files of one directory that one thread looks at.
const TOGETHER: usize = 2000;

impl Walk<'_> {
    fn directory(&self, place: &Path, prefix: &str, above: &Rules) -> Listed {
        let unreadable = |e: io::Error| Listed::problem(place, ProblemKind::of(&e));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = match rustix::fs::open(place, flags, Mode::empty()) {
            Ok(dir) => dir,
            Err(e) => return unreadable(e.into()),
        };
        let (names, mut problems) = match list(&dir, place) {
            Ok(listed) => listed,
            Err(e) => return unreadable(e),
        };
        let rules = above.with(place, names.iter().any(|(name, _)| name == Rules::FILE));
        let look = |(name, kind): &(String, FileType)| -> Listed {
            let below = place.join(name);
            if rules.leaves_out(&below, *kind == FileType::Directory) {
                return Listed::default();
            }
            let name = format!("{prefix}{name}");
            if let Err(e) = path::check_relative(&name) {
                return Listed::problem(&below, ProblemKind::BadName(e.why));
            }
            match kind {
                // Looked at below, when this directory is closed: there may be thousands in one another.
                FileType::Directory => Listed::default(),
                FileType::RegularFile => {
                    // Relative to the directory, which is quicker than the whole path.
                    let short = below.file_name().unwrap_or_default();
                    match rustix::fs::statat(&dir, short, AtFlags::SYMLINK_NOFOLLOW) {
                        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                            self.file(&below, name, None, Stat::of_raw(&stat))
                        }
                        Ok(_) => Listed::problem(&below, ProblemKind::Changed),
                        Err(e) => Listed::problem(&below, ProblemKind::of(&e.into())),
                    }
                }
                _ => match fs::symlink_metadata(&below) {
                    Ok(meta) => self.entry(&below, name, &meta),
                    Err(e) => Listed::problem(&below, ProblemKind::of(&e)),
                },
            }
        };
        let mut looked: Vec<Listed> = match names.len() > TOGETHER {
            true => names.par_iter().with_min_len(TOGETHER / 4).map(look).collect(),
            false => names.iter().map(look).collect(),
        };
        drop(dir);
        let files: usize = looked.iter().map(|l| l.files.len()).sum();
        (self.found)(files as u64, looked.iter().flat_map(|l| &l.files).map(|f| f.stat.size).sum());
        let dirs: Vec<usize> = (0..names.len()).filter(|n| names[*n].1 == FileType::Directory).collect();
        let below = |n: &usize| -> (usize, Listed) {
            let name = &names[*n].0;
            let place = place.join(name);
            if rules.leaves_out(&place, true) {
                return (*n, Listed::default());
            }
            (*n, self.directory(&place, &format!("{prefix}{name}/"), &rules))
        };
        let walked: Vec<(usize, Listed)> = match dirs.len() > 1 {
            true => dirs.par_iter().map(below).collect(),
            false => dirs.iter().map(below).collect(),
        };
        for (n, listed) in walked {
            looked[n].add(listed);
        }
        let mut out = Listed { files: Vec::with_capacity(files), problems: std::mem::take(&mut problems) };
        looked.into_iter().for_each(|listed| out.add(listed));
        out
    }

    fn entry(&self, place: &Path, name: String, meta: &Metadata) -> Listed {
        use std::os::unix::fs::FileTypeExt;
        let kind = meta.file_type();
        if kind.is_symlink() {
            return self.link(place, name);
        }
        if kind.is_file() {
            return self.file(place, name, None, Stat::of(meta));
        }
        let what = match () {
            () if kind.is_fifo() => "FIFO",
            () if kind.is_socket() => "socket",
            () if kind.is_dir() => return Listed::problem(place, ProblemKind::Changed),
            () => "device",
        };
        Listed::problem(place, ProblemKind::Special(what))
    }

    fn file(&self, place: &Path, name: String, target: Option<Box<Path>>, stat: Stat) -> Listed {
        if name.ends_with(pointer::SUFFIX) {
            return Listed::problem(place, ProblemKind::PointerInside);
        }
        Listed { files: vec![ScannedFile { name: name.into(), target, stat }], ..Listed::default() }
    }

    /// A link to a file inside the repository counts as that file, as `b3sum` sees it.
    fn link(&self, place: &Path, name: String) -> Listed {
        let text = fs::read_link(place).unwrap_or_default();
        let Ok(target) = place.canonicalize() else {
            return Listed::problem(place, ProblemKind::BrokenLink(text));
        };
        if !target.starts_with(self.root) || target.starts_with(self.root.join(".git")) {
            return Listed::problem(place, ProblemKind::LeavesRoot(text));
        }
        match fs::metadata(&target) {
            Ok(meta) if meta.is_file() => {
                self.file(place, name, Some(target.into_boxed_path()), Stat::of(&meta))
            }
            Ok(meta) if meta.is_dir() => Listed::problem(place, ProblemKind::LinkToDirectory(text)),
            Ok(_) => Listed::problem(place, ProblemKind::Special("device, FIFO or socket")),
            Err(e) => Listed::problem(place, ProblemKind::of(&e)),
        }
    }
}

/// A name in a directory, and what it stands for.
type Named = (String, FileType);

/// Names and kinds in a directory, in the order in which their paths sort by bytes: a directory sorts as if its
/// name ended in a slash, as it does in the paths below it.
fn list(dir: &rustix::fd::OwnedFd, place: &Path) -> io::Result<(Vec<Named>, Vec<Problem>)> {
    use std::os::unix::ffi::OsStrExt;
    let (mut names, mut problems) = (Vec::new(), Vec::new());
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let raw = entry.file_name().to_bytes();
        let below = || place.join(std::ffi::OsStr::from_bytes(raw));
        match std::str::from_utf8(raw) {
            Ok("." | "..") => {}
            Ok(".git") => problems.push(Problem { path: below(), kind: ProblemKind::GitDirectory }),
            Err(_) => problems.push(Problem { path: below(), kind: ProblemKind::NotUtf8 }),
            Ok(name) => {
                let kind = match entry.file_type() {
                    // Some file systems do not say.
                    FileType::Unknown => {
                        let stat = rustix::fs::statat(dir, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                        FileType::from_raw_mode(stat.st_mode)
                    }
                    kind => kind,
                };
                names.push((name.to_owned(), kind));
            }
        }
    }
    let end = |kind: &FileType| if *kind == FileType::Directory { &b"/"[..] } else { b"" };
    names.sort_unstable_by(|(a, x), (b, y)| {
        a.bytes().chain(end(x).iter().copied()).cmp(b.bytes().chain(end(y).iter().copied()))
    });
    Ok((names, problems))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    fn root() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("data/b")).unwrap();
        fs::write(root.join("data/b/y"), "y").unwrap();
        fs::write(root.join("data/a"), "a").unwrap();
        (dir, root)
    }

    fn kinds(root: &Path, path: &str) -> Vec<ProblemKind> {
        scan(root, &path.parse().unwrap()).unwrap_err().problems.into_iter().map(|p| p.kind).collect()
    }

    #[test]
    fn files_come_sorted_and_links_inside_count_as_their_target() {
        let (_dir, root) = root();
        symlink("b/y", root.join("data/link")).unwrap();
        let scanned = scan(&root, &"data".parse().unwrap()).unwrap();
        let names: Vec<&str> = scanned.files.iter().map(|f| &*f.name).collect();
        assert_eq!(names, ["a", "b/y", "link"]);
        assert_eq!(scanned.bytes(), 3);
        let single = scan(&root, &"data/a".parse().unwrap()).unwrap();
        assert_eq!((single.kind, &*single.files[0].name), (DatasetKind::File, "a"));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let (_dir, root) = root();
        let data = root.join("data");
        rustix::fs::mknodat(rustix::fs::CWD, data.join("1fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        symlink("/etc/passwd", data.join("2out")).unwrap();
        symlink("nowhere", data.join("3broken")).unwrap();
        symlink("b", data.join("4dir")).unwrap();
        fs::write(data.join("5x.mlprov"), "").unwrap();
        fs::write(data.join(std::ffi::OsStr::from_bytes(b"6\xff")), "").unwrap();
        let found = kinds(&root, "data");
        assert_eq!(
            found,
            [
                ProblemKind::Special("FIFO"),
                ProblemKind::LeavesRoot("/etc/passwd".into()),
                ProblemKind::BrokenLink("nowhere".into()),
                ProblemKind::LinkToDirectory("b".into()),
                ProblemKind::PointerInside,
                ProblemKind::NotUtf8,
            ]
        );
    }

    #[test]
    fn nothing_and_emptiness_are_refused() {
        let (_dir, root) = root();
        fs::create_dir_all(root.join("empty/below")).unwrap();
        assert_eq!(kinds(&root, "empty"), [ProblemKind::EmptyDirectory]);
        assert_eq!(kinds(&root, "none"), [ProblemKind::Missing]);
    }

    #[test]
    fn a_file_that_is_written_to_is_noticed() {
        let (_dir, root) = root();
        let scanned = scan(&root, &"data/a".parse().unwrap()).unwrap();
        let file = scanned.open(&scanned.files[0]).unwrap();
        fs::write(root.join("data/a"), "longer").unwrap();
        assert_eq!(scanned.check(&scanned.files[0], &file).unwrap_err().kind, ProblemKind::Changed);
        fs::remove_file(root.join("data/a")).unwrap();
        fs::write(root.join("data/a"), "a").unwrap();
        assert_eq!(scanned.open(&scanned.files[0]).unwrap_err().kind, ProblemKind::Changed);
    }
}
