//! Wakes the writers that wait for the journal's lock: a FIFO that nothing is ever written to. Who waits has it
//! open for reading. Who has something to tell opens it for writing and closes it again, which all readers at
//! once see as a hang-up (pipe(7)). A holder that dies rings nothing, so nobody listens for long.

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::fd::OwnedFd;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// A waiting writer looks again after this time in any case.
const PATIENCE: Duration = Duration::from_millis(5);
/// And after this one where there is no FIFO, as on file systems that have none.
const POLL: Duration = Duration::from_micros(200);

pub struct Bell {
    path: PathBuf,
}

/// Hears every ring from its making on.
pub struct Ear(Option<OwnedFd>);

impl Bell {
    pub fn new(ledger: &Path) -> Self {
        Bell { path: ledger.join("bell") }
    }

    pub fn listen(&self) -> Ear {
        let open = || {
            rustix::fs::open(&self.path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
        };
        let opened = match open() {
            Err(Errno::NOENT) => {
                // Another one may make it at the same time.
                let _ =
                    rustix::fs::mknodat(rustix::fs::CWD, &self.path, FileType::Fifo, Mode::from(0o644), 0);
                open()
            }
            other => other,
        };
        Ear(opened.ok())
    }

    /// Costs one call that fails if nobody listens.
    pub fn ring(&self) {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        if rustix::fs::open(&self.path, flags, Mode::empty()).is_err_and(|e| e == Errno::NXIO) {
            // Nobody listens any more, and a FIFO that lies about is in the way of who copies the directory.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Ear {
    /// Until it rings, or for a short time.
    pub fn wait(self) {
        let Some(fifo) = &self.0 else { return std::thread::sleep(POLL) };
        let patience = Timespec::try_from(PATIENCE).ok();
        let heard = poll(&mut [PollFd::new(fifo, PollFlags::IN)], patience.as_ref());
        if heard.is_err() {
            std::thread::sleep(POLL);
        }
    }
}
