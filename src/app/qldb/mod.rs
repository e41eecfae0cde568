//! What Amazon QLDB left behind: its exports, verified without it.

pub mod export;
mod files;
