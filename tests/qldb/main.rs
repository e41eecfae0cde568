//! What Amazon QLDB left behind, held against AWS's own vectors, other implementations, and whoever means harm.

#[path = "../common/mod.rs"]
mod common;

mod aws;
mod client;
mod export;
mod hostile;
mod journal;
mod places;
mod serve;
mod statements;
mod suite;
