//! What is wrong with files that are to be tracked.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

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
    /// The limit of this process or of the machine.
    TooManyOpen,
    /// Its path is longer than the system takes.
    TooLong,
    EmptyDirectory,
    /// A dataset that is already tracked on its own lies inside.
    PointerInside,
    GitDirectory,
    /// A name that no manifest can hold.
    BadName(String),
    /// It was written to while it was read.
    Changed,
}

impl ProblemKind {
    /// Why a file or directory could not be looked at, opened or read.
    pub fn of(e: &io::Error) -> Self {
        match rustix::io::Errno::from_io_error(e) {
            Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => ProblemKind::TooManyOpen,
            Some(rustix::io::Errno::NAMETOOLONG) => ProblemKind::TooLong,
            _ => ProblemKind::Unreadable(e.to_string()),
        }
    }
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
            ProblemKind::TooManyOpen => f.write_str("too many files are open already"),
            ProblemKind::TooLong => f.write_str("its path is longer than this system allows"),
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
