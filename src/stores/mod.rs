//! PLUGS: the only rooms that know a backend.

pub mod aws;
pub mod local;
