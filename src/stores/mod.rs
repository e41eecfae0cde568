//! PLUGS: the only rooms that know a backend.

pub mod local;
