//! Time, so that tests can hold it still.

use crate::domain::time::Timestamp;

pub trait Clock: Sync {
    /// 1. A claim of this machine; never used for order.
    fn now(&self) -> Timestamp;
}
