//! What the command prints: passed on as it comes, and its end kept as evidence.

use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;
use std::fs::File;
use std::io;
use std::io::IsTerminal;
use std::io::Read;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::time::Duration;

/// So much of the end is kept (bytes).
const TAIL: usize = 1 << 20;
/// How long to wait for the last words after the command has ended: what it left running may hold its output open.
const PATIENCE: Duration = Duration::from_secs(2);

/// The end of what was printed, on standard output and standard error together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Printed {
    pub tail: Vec<u8>,
    /// Bytes before it.
    pub omitted: u64,
}

impl Printed {
    fn add(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * TAIL {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let more = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..more);
        self.omitted += more as u64;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Out,
    Err,
}

impl Target {
    fn is_terminal(self) -> bool {
        match self {
            Target::Out => io::stdout().is_terminal(),
            Target::Err => io::stderr().is_terminal(),
        }
    }

    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Target::Out => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()),
            Target::Err => io::stderr().write_all(bytes),
        }
    }
}

/// Where the command's output goes on its way to ours.
pub struct Taps {
    readers: Vec<(File, Target)>,
}

impl Taps {
    /// Puts them into the command. `quiet`: its standard output goes to standard error. A terminal stays one for the
    /// command: then it prints as it always does.
    pub fn put(command: &mut Command, quiet: bool) -> io::Result<Self> {
        let out = if quiet { Target::Err } else { Target::Out };
        let mut readers = Vec::new();
        if out.is_terminal() && Target::Err.is_terminal() {
            let (reader, writer) = pseudo_terminal()?;
            command.stdout(Stdio::from(writer.try_clone()?)).stderr(Stdio::from(writer));
            readers.push((reader, out));
            return Ok(Taps { readers });
        }
        let (reader, writer) = tap(out)?;
        command.stdout(Stdio::from(writer));
        readers.push((reader, out));
        let (reader, writer) = tap(Target::Err)?;
        command.stderr(Stdio::from(writer));
        readers.push((reader, Target::Err));
        Ok(Taps { readers })
    }

    /// Passes on what comes, until there is no more. Call it when the command runs, and nobody but it holds the other ends.
    pub fn flow(self) -> Flow {
        let printed = Arc::new(Mutex::new(Printed::default()));
        let (done, all_done) = mpsc::channel();
        let taps = self.readers.len();
        for (reader, target) in self.readers {
            let (printed, done) = (printed.clone(), done.clone());
            std::thread::spawn(move || {
                pass_on(reader, target, &printed);
                let _ = done.send(()); // nobody may wait any more
            });
        }
        Flow { printed, all_done, taps }
    }
}

fn pass_on(mut reader: File, target: Target, printed: &Mutex<Printed>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        // A pseudo-terminal ends with an error.
        let n = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        printed.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..n]);
        // Whoever read our output has gone: then the command shall notice, too.
        if target.write(&buffer[..n]).is_err() {
            return;
        }
    }
}

pub struct Flow {
    printed: Arc<Mutex<Printed>>,
    all_done: mpsc::Receiver<()>,
    taps: usize,
}

impl Flow {
    /// After the command has ended.
    pub fn end(self) -> Printed {
        for _ in 0..self.taps {
            if self.all_done.recv_timeout(PATIENCE).is_err() {
                break;
            }
        }
        let mut printed = std::mem::take(&mut *self.printed.lock().unwrap_or_else(PoisonError::into_inner));
        printed.cut();
        printed
    }
}

/// Reading end and writing end.
fn tap(target: Target) -> io::Result<(File, OwnedFd)> {
    if target.is_terminal() {
        return pseudo_terminal();
    }
    let (reader, writer) = io::pipe()?;
    Ok((File::from(OwnedFd::from(reader)), OwnedFd::from(writer)))
}

/// As wide and as high as the one that we have; it changes no byte.
fn pseudo_terminal() -> io::Result<(File, OwnedFd)> {
    let ours = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    rustix::pty::grantpt(&ours)?;
    rustix::pty::unlockpt(&ours)?;
    let name = rustix::pty::ptsname(&ours, Vec::new())?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let theirs = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty())?;
    let mut settings = rustix::termios::tcgetattr(&theirs)?;
    settings.make_raw();
    rustix::termios::tcsetattr(&theirs, OptionalActions::Now, &settings)?;
    if let Ok(size) = rustix::termios::tcgetwinsize(io::stderr()) {
        rustix::termios::tcsetwinsize(&theirs, size)?;
    }
    Ok((File::from(ours), theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_the_rest_is_counted() {
        let mut printed = Printed::default();
        for n in 0..500u32 {
            printed.add(&vec![n as u8; 10_000]);
        }
        printed.add(b"the end");
        printed.cut();
        assert_eq!(printed.tail.len(), TAIL);
        assert_eq!(printed.omitted, 5_000_007 - TAIL as u64);
        assert!(printed.tail.ends_with(b"the end"));
    }

    #[test]
    fn a_pseudo_terminal_is_one_and_changes_no_byte() {
        let (mut reader, writer) = pseudo_terminal().unwrap();
        assert!(rustix::termios::isatty(&writer));
        let mut writer = File::from(writer);
        writer.write_all(b"one\ntwo\r\n\x03").unwrap();
        let mut buffer = [0; 64];
        let n = reader.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..n], b"one\ntwo\r\n\x03");
    }
}
