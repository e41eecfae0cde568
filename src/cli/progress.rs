//! How far a long step has come: a bar on a terminal, plain lines elsewhere. Both wait a quarter of a second, so that
//! quick work stays silent.

use crate::cli::format;
use crate::ports::progress::Progress;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use std::io::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

const DELAY: Duration = Duration::from_millis(250);
/// Between two plain lines.
const LINES: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    Nothing,
    /// One line that is drawn again and again.
    Bar,
    Lines,
}

pub struct Bar {
    shape: Shape,
    phase: Mutex<Option<Phase>>,
    files: AtomicU64,
    bytes: AtomicU64,
    retries: AtomicU64,
    /// When the next look at the clock may lead to something, in files.
    next: AtomicU64,
}

struct Phase {
    name: &'static str,
    /// Of all there is to do.
    files: Option<u64>,
    bytes: Option<u64>,
    begun: Instant,
    told: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Bar {
    pub fn new(shape: Shape) -> Self {
        let zero = || AtomicU64::new(0);
        Bar { shape, phase: Mutex::new(None), files: zero(), bytes: zero(), retries: zero(), next: zero() }
    }

    fn tell(&self, phase: &mut Phase, files: u64, bytes: u64) {
        let due = phase.told.map_or(phase.begun.elapsed() >= DELAY, |told| told.elapsed() >= LINES);
        match self.shape {
            Shape::Bar if due || phase.bar.is_some() => {
                let message = self.files_and_retries(phase, files);
                let bar = phase.bar.get_or_insert_with(|| draw(phase.name, phase.bytes, phase.begun));
                bar.set_position(bytes);
                bar.set_message(message);
            }
            Shape::Lines if due => {
                phase.told = Some(Instant::now());
                let line = line(phase, &self.files_and_retries(phase, files), bytes);
                let _ = anstream::stderr().write_all(line.as_bytes()); // nowhere left to report to
            }
            _ => {}
        }
    }

    fn files_and_retries(&self, phase: &Phase, files: u64) -> String {
        let files = format!("{} files", count(files, phase.files));
        match self.retries.load(Ordering::Relaxed) {
            0 => files,
            n => format!("{files}, {} sent again", format::count(n, "request")),
        }
    }
}

fn draw(name: &'static str, bytes: Option<u64>, begun: Instant) -> ProgressBar {
    let bar =
        ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr()).with_elapsed(begun.elapsed());
    let shape = match bytes {
        Some(_) => "{prefix:8} [{bar:30}] {msg}  {bytes}/{total_bytes}  {bytes_per_sec}  {eta}",
        None => "{prefix:8} {spinner} {msg}  {bytes}",
    };
    if let Ok(style) = ProgressStyle::with_template(shape) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(name);
    bar
}

fn count(done: u64, all: Option<u64>) -> String {
    all.map_or_else(|| done.to_string(), |all| format!("{done}/{all}"))
}

/// `store: 1200/20000 files, 125.0 MB/2.1 GB, 480.0 MB/s, 4 s left`
fn line(phase: &Phase, files: &str, bytes: u64) -> String {
    let seconds = phase.begun.elapsed().as_secs_f64();
    let rate = (bytes as f64 / seconds) as u64;
    let all = phase.bytes.map_or_else(String::new, |all| format!("/{}", format::bytes(all)));
    let left = phase.bytes.filter(|_| rate > 0).map(|all| all.saturating_sub(bytes) / rate);
    let left = left.map_or_else(String::new, |left| format!(", {left} s left"));
    format!("{}: {files}, {}{all}, {}/s{left}\n", phase.name, format::bytes(bytes), format::bytes(rate))
}

impl Progress for Bar {
    fn begin(&self, phase: &'static str, files: Option<u64>, bytes: Option<u64>) {
        if self.shape == Shape::Nothing {
            return;
        }
        [&self.files, &self.bytes, &self.retries, &self.next]
            .into_iter()
            .for_each(|n| n.store(0, Ordering::Relaxed));
        let phase = Phase { name: phase, files, bytes, begun: Instant::now(), told: None, bar: None };
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Some(phase);
    }

    fn advance(&self, files: u64, bytes: u64) {
        if self.shape == Shape::Nothing {
            return;
        }
        let done = self.files.fetch_add(files, Ordering::Relaxed) + files;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // Small files are counted by the thousands a second: not each of them need look at the clock.
        if files > 0 && done < self.next.load(Ordering::Relaxed) {
            return;
        }
        // A thread that is already telling tells for this one, too.
        let Ok(mut guard) = self.phase.try_lock() else { return };
        let Some(phase) = guard.as_mut() else { return };
        self.tell(phase, done, bytes);
        let a_second = done as f64 / phase.begun.elapsed().as_secs_f64();
        self.next.store(done + (a_second / 20.0) as u64, Ordering::Relaxed);
    }

    fn retried(&self, all: u64) {
        self.retries.store(all, Ordering::Relaxed);
    }

    fn end(&self) {
        let mut guard = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = guard.take().and_then(|phase| phase.bar) {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_had_to_be_sent_again() {
        let bar = Bar::new(Shape::Lines);
        bar.begin("store", Some(20), Some(2_000));
        let phase = |files| {
            let guard = bar.phase.lock().unwrap();
            line(guard.as_ref().unwrap(), &bar.files_and_retries(guard.as_ref().unwrap(), files), 1_000)
        };
        assert!(phase(12).starts_with("store: 12/20 files, 1.0 kB/2.0 kB, "), "{}", phase(12));
        bar.retried(3);
        assert!(phase(12).starts_with("store: 12/20 files, 3 requests sent again, "), "{}", phase(12));
    }
}
