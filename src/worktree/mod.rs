//! Files as they lie in the work tree: found, opened, and watched for change while they are read.

pub mod collisions;
pub mod copy;
mod ignore;
pub mod problem;
pub mod scan;
pub mod stat_cache;

pub use scan::Scanned;
pub use scan::ScannedFile;
