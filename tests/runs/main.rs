//! Runs: what they really had, and what becomes of them.

#[path = "../common/mod.rs"]
mod common;

mod apart;
mod concurrent;
mod config;
mod evidence;
mod graph;
mod killed;
mod model;
mod params;
mod query;
mod reproduce;
mod source;
mod worktree;
