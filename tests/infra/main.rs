//! What `mlprov infra` makes of an account.

#[path = "../common/mod.rs"]
mod common;

mod apply;
mod destroy;
mod everything;
mod export;
mod faults;
mod group;
mod key;
mod lock;
mod policies;
mod project;
mod repository;
mod trail;
mod whose;
