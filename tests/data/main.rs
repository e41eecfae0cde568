//! Datasets: how they are stored, what is read again, and what survives.

#[path = "../common/mod.rs"]
mod common;

mod diff;
mod links;
mod packs;
mod restore;
mod touched;
