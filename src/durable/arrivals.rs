//! Files and whole trees on their way into a work tree: written beside it, durable with one sync, and then given
//! their places. No link on the way to a place is followed.

use super::Result;
use super::at;
use super::staging::ScratchDir;
use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;

/// Where they are written, in the directory that they are for. It holds only what the killed left behind, and
/// goes when the last one that uses it is done.
pub const ROOM: &str = ".mlprov-tmp-restore";

/// The umask applies.
const FILE_MODE: u32 = 0o644;
const DIR_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

/// A directory that was reached without following a link below its root.
pub struct Below {
    fd: OwnedFd,
    path: PathBuf,
}

impl Below {
    /// `dir`: relative, of plain names; empty is the root itself. `create`: what is missing is made.
    pub fn open(root: &Path, dir: &str, create: bool) -> Result<Self> {
        let opened = rustix::fs::openat(CWD, root, DIR_FLAGS.difference(OFlags::NOFOLLOW), Mode::empty());
        let mut fd = at("open", root, opened.map_err(io::Error::from))?;
        let mut path = root.to_owned();
        for part in dir.split('/').filter(|part| !part.is_empty()) {
            path.push(part);
            let next = match rustix::fs::openat(&fd, part, DIR_FLAGS, Mode::empty()) {
                Err(Errno::NOENT) if create => {
                    match rustix::fs::mkdirat(&fd, part, Mode::from_raw_mode(0o777)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(e) => at("create", &path, Err(e.into()))?,
                    }
                    rustix::fs::openat(&fd, part, DIR_FLAGS, Mode::empty())
                }
                opened => opened,
            };
            fd = at("open", &path, next.map_err(io::Error::from))?;
        }
        Ok(Below { fd, path })
    }

    /// What has this name now; a link is itself. `None`: nothing.
    pub fn stat(&self, name: &str) -> Result<Option<rustix::fs::Stat>> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => at("read", &self.path.join(name), Err(e.into())),
        }
    }

    /// Takes a name away. It is durable with the next sync.
    pub fn remove(&self, name: &str) -> Result<()> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(e) => at("remove", &self.path.join(name), Err(e.into())),
        }
    }

    /// Takes a directory away if it is empty.
    pub fn remove_if_empty(&self, name: &str) -> bool {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR).is_ok()
    }
}

/// What is written, and not in place yet.
pub struct Arrivals {
    /// Opened first, closed last.
    dir: OwnedFd,
    room: PathBuf,
    scratch: Option<ScratchDir>,
}

impl Arrivals {
    /// `beside`: an existing directory on the file system of the places.
    pub fn begin(beside: &Path) -> Result<Self> {
        let room = beside.join(ROOM);
        if fs::symlink_metadata(&room).is_ok_and(|m| !m.is_dir()) {
            return at("open", &room, Err(io::ErrorKind::NotADirectory.into()));
        }
        // The last one to leave takes the room away, perhaps just now.
        let mut made = ScratchDir::create(&room);
        for _ in 0..10 {
            if !made.as_ref().is_err_and(|e| e.source.kind() == io::ErrorKind::NotFound) {
                break;
            }
            made = ScratchDir::create(&room);
        }
        let scratch = made?;
        // Should it be left behind, git does not take it for new files.
        let ignore = scratch.path().join(".gitignore");
        at("write", &ignore, fs::write(&ignore, "*\n"))?;
        let opened = rustix::fs::openat(CWD, scratch.path(), DIR_FLAGS, Mode::empty());
        let dir = at("open", scratch.path(), opened.map_err(io::Error::from))?;
        Ok(Arrivals { dir, room, scratch: Some(scratch) })
    }

    pub fn path(&self) -> &Path {
        self.scratch.as_ref().map_or(&self.room, ScratchDir::path)
    }

    fn failed<T>(&self, op: &'static str, name: &str, e: Errno) -> Result<T> {
        at(op, &self.path().join(name), Err(e.into()))
    }

    /// A directory in here; those above it must be there.
    pub fn create_dir(&self, name: &str) -> Result<()> {
        match rustix::fs::mkdirat(&self.dir, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(e) => self.failed("create", name, e),
        }
    }

    /// A new file in here.
    pub fn create(&self, name: &str) -> Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        match rustix::fs::openat(&self.dir, name, flags, Mode::from_raw_mode(FILE_MODE)) {
            Ok(fd) => Ok(File::from(fd)),
            Err(e) => self.failed("create", name, e),
        }
    }

    /// Waits until all that was written to this file system is on the disk.
    pub fn sync(&self) -> Result<()> {
        let synced = rustix::fs::syncfs(&self.dir).map_err(io::Error::from);
        at("sync", self.path(), synced)
    }

    /// Gives a file, or a whole tree, its place. A file replaces a file, a tree only an empty directory. It is
    /// durable with the next sync.
    pub fn place(&self, name: &str, dir: &Below, as_name: &str) -> Result<()> {
        let moved = rustix::fs::renameat(&self.dir, name, &dir.fd, as_name).map_err(io::Error::from);
        at("rename", &dir.path.join(as_name), moved)
    }

    /// A file of this moment: what the file system takes for now.
    pub fn now(&self) -> Result<Metadata> {
        let probe = self.path().join("now");
        let stamped = fs::write(&probe, "now").and_then(|()| fs::symlink_metadata(&probe));
        at("write", &probe, stamped)
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.scratch = None;
        // Only when nobody else uses it.
        let _ = fs::remove_dir(&self.room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_on_the_way_is_not_followed() {
        let d = tempfile::tempdir().unwrap();
        let (root, outside) = (d.path().join("root"), d.path().join("outside"));
        fs::create_dir_all(root.join("real")).unwrap();
        fs::create_dir(&outside).unwrap();
        symlink(&outside, root.join("link")).unwrap();
        assert!(Below::open(&root, "link", true).is_err());
        assert!(Below::open(&root, "link/new", true).is_err());
        assert!(Below::open(&root, "none", false).is_err());
        assert!(Below::open(&root, "real/new/deep", true).is_ok());
        assert!(root.join("real/new/deep").is_dir());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn files_and_trees_take_their_places_and_nothing_stays_behind() {
        let d = tempfile::tempdir().unwrap();
        let root = d.path();
        fs::write(root.join("file"), "old").unwrap();
        let arrivals = Arrivals::begin(root).unwrap();
        arrivals.create("0").unwrap().write_all(b"new").unwrap();
        arrivals.create_dir("1").unwrap();
        arrivals.create("1/x").unwrap().write_all(b"x").unwrap();
        arrivals.sync().unwrap();
        assert_eq!(fs::read(root.join("file")).unwrap(), b"old");
        let below = Below::open(root, "", false).unwrap();
        arrivals.place("0", &below, "file").unwrap();
        arrivals.place("1", &below, "tree").unwrap();
        assert_eq!(fs::read(root.join("file")).unwrap(), b"new");
        assert_eq!(fs::read(root.join("tree/x")).unwrap(), b"x");
        let mode = fs::metadata(root.join("file")).unwrap().permissions().mode();
        assert_eq!(mode & 0o700, 0o600, "writable by its owner");
        // A tree never takes the place of one that holds something.
        arrivals.create_dir("2").unwrap();
        assert!(arrivals.place("2", &below, "tree").is_err());
        drop(arrivals);
        assert_eq!(fs::read_dir(root).unwrap().count(), 2, "file and tree");
    }

    #[test]
    fn what_the_killed_left_behind_goes_and_the_rest_stays() {
        let d = tempfile::tempdir().unwrap();
        let dead = d.path().join(ROOM).join(".mlprov-tmp-dead");
        fs::create_dir_all(&dead).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        // Not ours, though it looks alike.
        fs::create_dir(d.path().join("poetry")).unwrap();
        fs::write(d.path().join("poetry/lock"), "").unwrap();
        let one = Arrivals::begin(d.path()).unwrap();
        assert!(!dead.exists());
        let other = Arrivals::begin(d.path()).unwrap();
        drop(one);
        assert!(other.path().exists(), "another one is at work");
        drop(other);
        assert!(!d.path().join(ROOM).exists() && d.path().join("poetry/lock").exists());
    }
}
