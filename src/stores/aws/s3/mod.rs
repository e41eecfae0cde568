//! S3, and whatever speaks it.

mod about;
pub mod bucket;
pub mod chain;
pub mod client;
pub mod data;
pub mod examine;
pub mod ledger;
pub mod mirror;
pub mod policy;
pub mod probe;
pub mod provision;
pub mod publish;
mod retain;
