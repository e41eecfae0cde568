//! The ledger: its arithmetic against implementations that others wrote, its promises on every backend, and
//! what it does when calls fail or processes die.

#[path = "../common/mod.rs"]
mod common;

mod attacks;
mod audit;
mod conformance;
mod copies;
mod damage;
mod delegation;
mod entries;
mod faults;
mod index;
mod later;
mod oracles;
mod processes;
mod sync;
mod trust;
mod witnesses;
mod words;
