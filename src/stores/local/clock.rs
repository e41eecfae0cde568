//! The machine's clock.

use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // this is the Clock
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// When this machine was booted (Unix time, seconds). What was written before may not have reached the disk.
pub(super) fn boot_time() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec;
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime).tv_sec;
    u64::try_from(now - up).unwrap_or(0)
}

/// The clock may have been set a little since; a machine does not boot within that time.
pub(super) const SAME_BOOT: u64 = 5;
