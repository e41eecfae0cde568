//! Finds the files of a dataset, and refuses what cannot be one.

use crate::domain::path;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::domain::pointer::DatasetKind;
use std::fmt;
use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::FileTypeExt;
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
    pub mtime: i128,
    pub ctime: i128,
}

impl Stat {
    pub fn of(meta: &Metadata) -> Self {
        let nanos = |s: i64, n: i64| i128::from(s) * 1_000_000_000 + i128::from(n);
        Stat {
            dev: meta.dev(),
            inode: meta.ino(),
            size: meta.len(),
            mtime: nanos(meta.mtime(), meta.mtime_nsec()),
            ctime: nanos(meta.ctime(), meta.ctime_nsec()),
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
    pub name: String,
    /// Where to open it (for a symlink: what it points to).
    pub place: PathBuf,
    pub stat: Stat,
}

impl ScannedFile {
    /// Opens it; fails with `changed` if it is no longer the file that was found.
    pub fn open(&self) -> Result<File, Problem> {
        let unreadable = |e: io::Error| self.problem(ProblemKind::Unreadable(e.to_string()));
        let file = File::open(&self.place).map_err(unreadable)?;
        self.check(&file)?;
        Ok(file)
    }

    /// Call it again after reading from the same descriptor.
    pub fn check(&self, file: &File) -> Result<(), Problem> {
        let meta = file.metadata().map_err(|e| self.problem(ProblemKind::Unreadable(e.to_string())))?;
        if Stat::of(&meta) == self.stat { Ok(()) } else { Err(self.problem(ProblemKind::Changed)) }
    }

    fn problem(&self, kind: ProblemKind) -> Problem {
        Problem { path: self.place.clone(), kind }
    }
}

/// The files of one dataset, sorted by name. Never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub struct Scanned {
    pub path: RepoPath,
    pub kind: DatasetKind,
    pub files: Vec<ScannedFile>,
}

impl Scanned {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.stat.size).sum()
    }

    /// True if both scans saw the same files in the same state.
    pub fn is_same(&self, later: &Scanned) -> bool {
        self.files == later.files
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub path: PathBuf,
    pub kind: ProblemKind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProblemKind {
    Missing,
    NotUtf8,
    /// A FIFO, socket or device: its kind.
    Special(&'static str),
    /// A symlink that leaves the repository; its text.
    LeavesRoot(PathBuf),
    BrokenLink(PathBuf),
    LinkToDirectory(PathBuf),
    Unreadable(String),
    EmptyDirectory,
    /// A dataset that is already tracked on its own lies inside.
    PointerInside,
    GitDirectory,
    /// A name that no manifest can hold.
    BadName(String),
    /// It was written to while it was read.
    Changed,
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProblemKind::Missing => f.write_str("there is no such file or directory"),
            ProblemKind::NotUtf8 => f.write_str("its name is not UTF-8"),
            ProblemKind::Special(kind) => write!(f, "it is a {kind}, not a file"),
            ProblemKind::LeavesRoot(to) => {
                write!(f, "the symlink leaves the repository (to {})", to.display())
            }
            ProblemKind::BrokenLink(to) => write!(f, "the symlink leads nowhere (to {})", to.display()),
            ProblemKind::LinkToDirectory(to) => {
                write!(f, "the symlink leads to a directory ({})", to.display())
            }
            ProblemKind::Unreadable(why) => write!(f, "it cannot be read: {why}"),
            ProblemKind::EmptyDirectory => f.write_str("the directory holds no file"),
            ProblemKind::PointerInside => f.write_str("a dataset inside is already tracked on its own"),
            ProblemKind::GitDirectory => f.write_str("it belongs to git itself"),
            ProblemKind::BadName(why) => write!(f, "its name cannot be recorded: {why}"),
            ProblemKind::Changed => f.write_str("it changed while it was read"),
        }
    }
}

/// Everything that is wrong, not just the first thing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} of the files cannot be tracked", problems.len())]
pub struct ScanError {
    pub problems: Vec<Problem>,
}

impl ScanError {
    pub fn one(path: &Path, kind: ProblemKind) -> Self {
        ScanError { problems: vec![Problem { path: path.to_owned(), kind }] }
    }
}

/// `root`: the work tree's root, symlinks resolved. `path`: what to look at, below it.
pub fn scan(root: &Path, path: &RepoPath) -> Result<Scanned, ScanError> {
    let place = root.join(path.as_str());
    let mut walk = Walk { root, files: Vec::new(), problems: Vec::new() };
    let meta = match fs::symlink_metadata(&place) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(ScanError::one(&place, ProblemKind::Missing));
        }
        Err(e) => return Err(ScanError::one(&place, ProblemKind::Unreadable(e.to_string()))),
    };
    let kind = if meta.is_dir() {
        walk.directory(&place, "");
        DatasetKind::Directory
    } else {
        walk.entry(&place, path.name().to_owned());
        DatasetKind::File
    };
    if walk.problems.is_empty() && walk.files.is_empty() {
        return Err(ScanError::one(&place, ProblemKind::EmptyDirectory));
    }
    if !walk.problems.is_empty() {
        walk.problems.sort_by(|a, b| a.path.cmp(&b.path));
        return Err(ScanError { problems: walk.problems });
    }
    walk.files.sort_unstable_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    Ok(Scanned { path: path.clone(), kind, files: walk.files })
}

struct Walk<'a> {
    root: &'a Path,
    files: Vec<ScannedFile>,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn problem(&mut self, path: &Path, kind: ProblemKind) {
        self.problems.push(Problem { path: path.to_owned(), kind });
    }

    fn directory(&mut self, place: &Path, prefix: &str) {
        let entries = match fs::read_dir(place) {
            Ok(entries) => entries,
            Err(e) => return self.problem(place, ProblemKind::Unreadable(e.to_string())),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => return self.problem(place, ProblemKind::Unreadable(e.to_string())),
            };
            let below = entry.path();
            match entry.file_name().to_str() {
                None => self.problem(&below, ProblemKind::NotUtf8),
                Some(".git") => self.problem(&below, ProblemKind::GitDirectory),
                Some(name) => self.entry(&below, format!("{prefix}{name}")),
            }
        }
    }

    fn entry(&mut self, place: &Path, name: String) {
        if let Err(e) = path::check_relative(&name) {
            return self.problem(place, ProblemKind::BadName(e.why));
        }
        if name.ends_with(pointer::SUFFIX) {
            return self.problem(place, ProblemKind::PointerInside);
        }
        let meta = match fs::symlink_metadata(place) {
            Ok(meta) => meta,
            Err(e) => return self.problem(place, ProblemKind::Unreadable(e.to_string())),
        };
        let kind = meta.file_type();
        if kind.is_dir() {
            self.directory(place, &format!("{name}/"));
        } else if kind.is_symlink() {
            self.link(place, name);
        } else if kind.is_file() {
            self.files.push(ScannedFile { name, place: place.to_owned(), stat: Stat::of(&meta) });
        } else {
            let what = match () {
                () if kind.is_fifo() => "FIFO",
                () if kind.is_socket() => "socket",
                () => "device",
            };
            self.problem(place, ProblemKind::Special(what));
        }
    }

    /// A link to a file inside the repository counts as that file, as `b3sum` sees it.
    fn link(&mut self, place: &Path, name: String) {
        let text = fs::read_link(place).unwrap_or_default();
        let Ok(target) = place.canonicalize() else {
            return self.problem(place, ProblemKind::BrokenLink(text));
        };
        if !target.starts_with(self.root) || target.starts_with(self.root.join(".git")) {
            return self.problem(place, ProblemKind::LeavesRoot(text));
        }
        match fs::metadata(&target) {
            Ok(meta) if meta.is_file() => {
                self.files.push(ScannedFile { name, place: target, stat: Stat::of(&meta) });
            }
            Ok(meta) if meta.is_dir() => self.problem(place, ProblemKind::LinkToDirectory(text)),
            Ok(_) => self.problem(place, ProblemKind::Special("device, FIFO or socket")),
            Err(e) => self.problem(place, ProblemKind::Unreadable(e.to_string())),
        }
    }
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
        let names: Vec<&str> = scanned.files.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["a", "b/y", "link"]);
        assert_eq!(scanned.bytes(), 3);
        let single = scan(&root, &"data/a".parse().unwrap()).unwrap();
        assert_eq!((single.kind, single.files[0].name.as_str()), (DatasetKind::File, "a"));
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
        let file = scanned.files[0].open().unwrap();
        fs::write(root.join("data/a"), "longer").unwrap();
        assert_eq!(scanned.files[0].check(&file).unwrap_err().kind, ProblemKind::Changed);
        fs::remove_file(root.join("data/a")).unwrap();
        fs::write(root.join("data/a"), "a").unwrap();
        assert_eq!(scanned.files[0].open().unwrap_err().kind, ProblemKind::Changed);
    }
}
