//! AWS, and services that speak its protocols.

pub mod account;
pub mod agreement;
pub mod caller;
pub mod failure;
pub mod kms;
pub mod runtime;
pub mod s3;
pub mod sagemaker;
pub mod witness;
