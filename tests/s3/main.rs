//! S3 as a store and as a ledger.

mod simulation;
mod world;
