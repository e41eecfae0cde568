//! Progress bars. They wait a quarter of a second, so that quick work does not flicker.

use crate::ports::progress::Progress;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

const DELAY: Duration = Duration::from_millis(250);

pub struct Bar {
    enabled: bool,
    phase: Mutex<Option<Phase>>,
    files: AtomicU64,
}

struct Phase {
    bar: ProgressBar,
    begun: Instant,
    shown: bool,
}

impl Bar {
    pub fn new(enabled: bool) -> Self {
        Bar { enabled, phase: Mutex::new(None), files: AtomicU64::new(0) }
    }
}

impl Progress for Bar {
    fn begin(&self, phase: &'static str, files: Option<u64>, bytes: Option<u64>) {
        if !self.enabled {
            return;
        }
        self.files.store(0, Ordering::Relaxed);
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::hidden());
        let total = files.map_or_else(String::new, |n| format!("/{n}"));
        let shape = match bytes {
            Some(_) => "{prefix:8} [{bar:30}] {msg} files  {bytes}/{total_bytes}  {bytes_per_sec}  {eta}",
            None => "{prefix:8} {spinner} {msg} files  {bytes}",
        };
        if let Ok(style) = ProgressStyle::with_template(shape) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(phase);
        bar.set_message(format!("0{total}"));
        let phase = Phase { bar, begun: Instant::now(), shown: false };
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Some(phase);
    }

    fn advance(&self, files: u64, bytes: u64) {
        if !self.enabled {
            return;
        }
        let done = self.files.fetch_add(files, Ordering::Relaxed) + files;
        let mut guard = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(phase) = guard.as_mut() else { return };
        phase.bar.inc(bytes);
        if !phase.shown && phase.begun.elapsed() >= DELAY {
            phase.bar.set_draw_target(ProgressDrawTarget::stderr());
            phase.shown = true;
        }
        if phase.shown {
            phase.bar.set_message(done.to_string());
        }
    }

    fn end(&self) {
        let mut guard = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(phase) = guard.take() {
            phase.bar.finish_and_clear();
        }
    }
}
