//! `ledger …`: the log itself, for people and programs that want to check it.

pub mod adopt;
pub mod audit;
pub mod export;
pub mod proofs;
pub mod status;
pub mod tiles;
