//! Whom this user believes: pinned log keys, the largest checkpoint seen, and which writers a log admits.

pub mod pins;
pub mod writers;
