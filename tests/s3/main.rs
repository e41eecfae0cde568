//! S3 as a store and as a ledger.

#[path = "../common/mod.rs"]
mod common;

mod artefact;
mod bind;
mod bucket;
mod cloudtrail;
mod data;
mod declared;
mod deployed;
mod doctor;
mod faults;
mod halfway;
mod import;
mod migrate;
mod model_faults;
mod probe;
mod sagemaker;
mod simulation;
mod source;
mod store;
mod team;
mod world;
mod written;
