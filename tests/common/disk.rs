//! File systems of their own.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

const PAGE: u64 = 4096;

/// A file system in memory; unmounted when it goes, also after a panic.
pub struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// `size`: as mount(8) takes it. `None` where this user may not mount.
    pub fn mount(at: &Path, size: &str) -> Option<SmallDisk> {
        let options = format!("size={size}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        mount.ok().filter(|o| o.status.success()).map(|_| SmallDisk { at: at.to_owned() })
    }

    /// Leaves room for this many pages of 4 KiB.
    pub fn fill_but(&self, pages: u64) {
        self.free();
        let mut file = File::create(self.at.join("filler")).unwrap();
        while file.write_all(&[0; PAGE as usize]).is_ok() {}
        let length = file.metadata().unwrap().len() / PAGE * PAGE;
        file.set_len(length.saturating_sub(pages * PAGE)).unwrap();
    }

    pub fn free(&self) {
        let _ = fs::remove_file(self.at.join("filler")); // it may not be there
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status(); // the sandbox goes anyway
    }
}

/// A file system that can share blocks between files, in a file. Unmounted when it goes.
pub struct SharingDisk {
    at: PathBuf,
}

impl SharingDisk {
    /// `image`: a file to make it in. `None` where there is no mkfs.xfs or mkfs.btrfs, or this user may not mount.
    pub fn mount(image: &Path, at: &Path) -> Option<SharingDisk> {
        let script = "truncate -s 400M \"$1\" && (mkfs.xfs -q -m reflink=1 \"$1\" || mkfs.btrfs -q \"$1\") && \
                      mount -o loop \"$1\" \"$2\"";
        let mut made = Command::new("sh");
        made.env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").args(["-c", script, "sh"]).arg(image).arg(at);
        made.output().ok().filter(|o| o.status.success()).map(|_| SharingDisk { at: at.to_owned() })
    }

    /// Bytes that are taken, once everything is on the disk.
    pub fn used(&self) -> u64 {
        let dir = File::open(&self.at).unwrap();
        rustix::fs::syncfs(&dir).unwrap();
        let about = rustix::fs::fstatvfs(&dir).unwrap();
        (about.f_blocks - about.f_bfree) * about.f_frsize
    }
}

impl Drop for SharingDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.at).status(); // the sandbox goes anyway
    }
}
