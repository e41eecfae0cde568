//! What the store holds, for whom, and what of it nobody needs.

pub mod cache;
pub mod du;
pub mod prune;
pub mod references;
