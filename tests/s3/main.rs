//! S3 as a store and as a ledger.

#[path = "../common/mod.rs"]
mod common;

mod bucket;
mod cloudtrail;
mod data;
mod declared;
mod doctor;
mod faults;
mod import;
mod migrate;
mod probe;
mod sagemaker;
mod simulation;
mod source;
mod store;
mod team;
mod world;
