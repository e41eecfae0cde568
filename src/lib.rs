//! mlprov records ML experiment provenance so that an outsider can check it.
//!
//! Rooms, and who may use whom: see `tests/architecture.rs`, which enforces the table.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod durable;
pub mod evidence;
pub mod git;
pub mod infra;
pub mod ledger;
pub mod outbox;
pub mod ports;
pub mod qldb;
pub mod server;
pub mod stores;
pub mod trust;
pub mod worktree;
