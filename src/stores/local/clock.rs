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
