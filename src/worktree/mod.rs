//! Files as they lie in the work tree: found, opened, and watched for change while they are read.

pub mod scan;

pub use scan::Scanned;
pub use scan::ScannedFile;
