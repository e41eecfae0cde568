//! The command itself: its output, signals and exit code pass through.

use super::output::Flow;
use super::output::Printed;
use super::output::Taps;
use rustix::process::Pid;
use rustix::process::Signal;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGQUIT;
use signal_hook::consts::SIGTERM;
use signal_hook::consts::SIGUSR1;
use signal_hook::consts::SIGUSR2;
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::low_level::siginfo::Cause;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::PoisonError;

/// How the command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    Exited {
        code: i32,
        interrupted: bool,
    },
    /// By this signal. `interrupted`: after the user, or whoever runs us, asked for the end.
    Signalled {
        signal: i32,
        interrupted: bool,
    },
    /// It could not be started.
    NotStarted {
        code: i32,
        why: String,
    },
}

impl Ended {
    /// As a shell would report it: 128 + signal, 126 not executable, 127 not found.
    pub fn exit_code(&self) -> i32 {
        match self {
            Ended::Exited { code, .. } | Ended::NotStarted { code, .. } => *code,
            Ended::Signalled { signal, .. } => 128 + signal,
        }
    }
}

/// The signals that `run` waits for while the child lives. Taken before the start is recorded, so that
/// none can end mlprov between that and the child's end.
pub struct SignalGuard {
    signals: SignalsInfo<WithOrigin>,
}

impl SignalGuard {
    pub fn take() -> io::Result<Self> {
        // What whoever started us ignores (nohup, a background job) stays ignored, for the child too.
        let ignored = ignored_signals();
        let wanted = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2];
        let wanted = wanted.into_iter().filter(|s| ignored & (1 << (s - 1)) == 0);
        Ok(SignalGuard { signals: SignalsInfo::new(wanted)? })
    }

    /// Runs the command to its end and forwards what arrives meanwhile.
    pub fn run(
        mut self,
        argv: &[OsString],
        cwd: &Path,
        variables: &[(&str, String)],
        how: Output,
    ) -> (Ended, Option<Printed>) {
        let mut command = Command::new(&argv[0]);
        if how.quiet {
            command.stdout(io::stderr());
        }
        let taps = match how.keep.then(|| Taps::put(&mut command, how.quiet)).transpose() {
            Ok(taps) => taps,
            Err(e) => return (Ended::NotStarted { code: 126, why: format!("its output: {e}") }, None),
        };
        command.args(&argv[1..]).current_dir(cwd);
        for (name, value) in variables {
            command.env(name, value);
        }
        for name in how.without {
            command.env_remove(name);
        }
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(e) => {
                let code = if e.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
                return (Ended::NotStarted { code, why: e.to_string() }, None);
            }
        };
        // It holds the writing ends as well.
        drop(command);
        let flow = taps.map(Taps::flow);
        // Some until the child is reaped: afterwards its number may belong to another process.
        let pid = Mutex::new(Pid::from_raw(child.id() as i32));
        let handle = self.signals.handle();
        let mut interrupted = false;
        let status = std::thread::scope(|scope| {
            let forwarder = scope.spawn(|| {
                let mut any = false;
                for origin in self.signals.forever() {
                    let signal = origin.signal;
                    any |= !matches!(signal, SIGUSR1 | SIGUSR2);
                    // The kernel sends it for a terminal, to the whole foreground group: the child has it already.
                    if origin.cause == Cause::Kernel {
                        continue;
                    }
                    let living = pid.lock().unwrap_or_else(PoisonError::into_inner);
                    if let (Some(pid), Some(signal)) = (*living, Signal::from_named_raw(signal)) {
                        let _ = rustix::process::kill_process(pid, signal); // it may just have ended
                    }
                }
                any
            });
            let status = wait(&mut child, &pid);
            handle.close();
            interrupted = forwarder.join().unwrap_or(false);
            status
        });
        let ended = match status {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => Ended::Exited { code, interrupted },
                (None, signal) => Ended::Signalled { signal: signal.unwrap_or(0), interrupted },
            },
            Err(e) => Ended::NotStarted { code: 126, why: e.to_string() },
        };
        (ended, flow.map(Flow::end))
    }
}

/// What becomes of what the command prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Output {
    /// Standard output goes to standard error, because ours is for the report.
    pub quiet: bool,
    /// Its end is kept.
    pub keep: bool,
    /// Variables that the command does not get.
    pub without: &'static [&'static str],
}

/// Waits without reaping, then takes the number away from the forwarder, then reaps.
fn wait(child: &mut std::process::Child, pid: &Mutex<Option<Pid>>) -> io::Result<std::process::ExitStatus> {
    use rustix::process::WaitId;
    use rustix::process::WaitIdOptions;
    let number = *pid.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(number) = number {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(WaitId::Pid(number), options) {}
    }
    *pid.lock().unwrap_or_else(PoisonError::into_inner) = None;
    child.wait()
}

/// Signals that are ignored, one bit each, as Linux tells it.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

/// `SIGKILL` for 9.
pub fn signal_name(signal: i32) -> String {
    match signal_hook::low_level::signal_name(signal) {
        Some(name) => name.to_owned(),
        None => format!("signal {signal}"),
    }
}
