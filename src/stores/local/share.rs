//! `[store] link`: bytes that the store shares with the work tree instead of copying them.

use crate::config::Link;
use crate::durable::Staging;
use crate::ports::StoreError;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

/// A staged file with the bytes of this one, if the settings and the file system allow it.
pub(super) fn share(
    link: Link,
    staging: &Staging,
    name: &Path,
    file: &File,
) -> Result<Option<(PathBuf, File)>, StoreError> {
    let refused = |why: String| StoreError::NotShared { what: name.display().to_string(), why };
    match link {
        Link::Copy => Ok(None),
        Link::Auto | Link::Reflink => {
            let (temp, out) = staging.create()?;
            match rustix::fs::ioctl_ficlone(&out, file) {
                Ok(()) => Ok(Some((temp, out))),
                Err(e) if link == Link::Reflink => Err(refused(format!(
                    "its blocks cannot be shared with the store ({e}); [store] link says reflink"
                ))),
                Err(_) => {
                    let _ = fs::remove_file(temp); // the batch's directory goes anyway
                    Ok(None)
                }
            }
        }
        Link::Hardlink => {
            let temp = staging.link(name).map_err(|e| {
                refused(format!(
                    "it cannot be linked into the store ({}); [store] link says hardlink",
                    e.source
                ))
            })?;
            let inode = |file: &File| file.metadata().map(|m| (m.dev(), m.ino()));
            match open(&temp) {
                Ok(out) if matches!((inode(&out), inode(file)), (Ok(one), Ok(other)) if one == other) => {
                    Ok(Some((temp, out)))
                }
                // Another file, or a link, has its name by now: the caller will notice.
                _ => Ok(None),
            }
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// A file of the work tree that is about to be one of the store as well.
pub(super) struct Linked {
    name: PathBuf,
    temp: PathBuf,
    state: State,
}

/// Size (bytes) and time of the last change (seconds and nanoseconds): linking a file leaves them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u64, i64, i64);

impl State {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|m| State(m.len(), m.mtime(), m.mtime_nsec()))
    }
}

impl Linked {
    /// `state`: before its bytes were hashed.
    pub(super) fn new(name: &Path, temp: &Path, state: State) -> Self {
        Linked { name: name.to_owned(), temp: temp.to_owned(), state }
    }
}

/// Files that were made read-only, because whoever wrote to them would write to the store. Dropped before
/// [`Sealed::keep`], those that did not get into the store are as they were.
pub(super) struct Sealed {
    modes: Vec<(PathBuf, Mode)>,
}

impl Sealed {
    /// Fails, and leaves every file as it was, if one of them is not what was hashed.
    pub(super) fn seal(linked: &[Linked]) -> Result<Self, StoreError> {
        let mut sealed = Sealed { modes: Vec::new() };
        for link in linked {
            let failed = |e: io::Error| StoreError::io("make read-only", link.name.display(), e);
            let file = open(&link.temp).map_err(failed)?;
            let mode = Mode::from_raw_mode(rustix::fs::fstat(&file).map_err(|e| failed(e.into()))?.st_mode);
            sealed.modes.push((link.temp.clone(), mode));
            let read_only = mode & !(Mode::WUSR | Mode::WGRP | Mode::WOTH);
            rustix::fs::fchmod(&file, read_only).map_err(|e| failed(e.into()))?;
            // After that: nobody who opens it now can write to it.
            if State::of(&file).map_err(failed)? != link.state {
                return Err(StoreError::Changed { what: link.name.display().to_string() });
            }
        }
        Ok(sealed)
    }

    pub(super) fn keep(mut self) {
        self.modes.clear();
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        for (temp, mode) in &self.modes {
            // What is in the store by now stays read-only: its bytes may be referred to.
            if let Ok(file) = open(temp) {
                let _ = rustix::fs::fchmod(&file, *mode); // the first error is the one to report
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn linked(staging: &Staging, file: &Path) -> Linked {
        let (temp, shared) =
            share(Link::Hardlink, staging, file, &File::open(file).unwrap()).unwrap().unwrap();
        Linked::new(file, &temp, State::of(&shared).unwrap())
    }

    #[test]
    fn a_file_that_changes_before_it_is_read_only_is_refused_and_all_are_as_they_were() {
        let d = tempfile::tempdir().unwrap();
        let staging = Staging::begin(&d.path().join("staging")).unwrap();
        let (one, two) = (d.path().join("one"), d.path().join("two"));
        for file in [&one, &two] {
            fs::write(file, "content").unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(0o660)).unwrap();
        }
        let both = [linked(&staging, &one), linked(&staging, &two)];
        let sealed = Sealed::seal(&both).unwrap();
        assert_eq!((mode(&one), mode(&two)), (0o440, 0o440));
        drop(sealed);
        assert_eq!((mode(&one), mode(&two)), (0o660, 0o660));
        fs::write(&two, "more content").unwrap();
        assert!(Sealed::seal(&both).is_err());
        assert_eq!((mode(&one), mode(&two)), (0o660, 0o660));
        fs::write(&two, "content").unwrap();
        Sealed::seal(&[linked(&staging, &one), linked(&staging, &two)]).unwrap().keep();
        assert_eq!((mode(&one), mode(&two)), (0o440, 0o440));
    }

    #[test]
    fn what_took_the_name_of_the_file_is_not_touched() {
        let d = tempfile::tempdir().unwrap();
        let staging = Staging::begin(&d.path().join("staging")).unwrap();
        let (file, precious) = (d.path().join("file"), d.path().join("precious"));
        fs::write(&file, "content").unwrap();
        fs::write(&precious, "precious").unwrap();
        let before = mode(&precious);
        let open = File::open(&file).unwrap();
        fs::remove_file(&file).unwrap();
        symlink(&precious, &file).unwrap();
        assert!(share(Link::Hardlink, &staging, &file, &open).unwrap().is_none());
        fs::remove_file(&file).unwrap();
        fs::write(&file, "another").unwrap();
        assert!(share(Link::Hardlink, &staging, &file, &open).unwrap().is_none());
        assert_eq!(mode(&precious), before);
        assert_ne!(mode(&file) & 0o200, 0);
    }
}
