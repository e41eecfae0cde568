//! Whom this user believes: pinned log keys, the largest checkpoint seen.

pub mod pins;
