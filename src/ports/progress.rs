//! How far a long step has come. The edge draws it; the use cases only tell.

/// Called from many threads.
pub trait Progress: Sync {
    /// A phase begins: its name, and how much there is to do where that is known (files, bytes).
    fn begin(&self, phase: &'static str, files: Option<u64>, bytes: Option<u64>);
    fn advance(&self, files: u64, bytes: u64);
    /// So many requests had to be sent again by now.
    fn retried(&self, all: u64) {
        let _ = all;
    }
    fn end(&self);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: Option<u64>, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn end(&self) {}
}
