//! Datasets: how they are stored, what is read again, and what survives.

#[path = "../common/mod.rs"]
mod common;

mod diff;
mod limits;
mod links;
mod merge;
mod packs;
mod prune;
mod restore;
mod touched;
mod untrack;
