//! One file per command: arguments into a request, the use case, the report shown.

pub mod completions;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod du;
pub mod graph;
pub mod hook;
pub mod hooks;
pub mod init;
pub mod key;
pub mod ledger;
pub mod log;
pub mod ls;
pub mod merge;
pub mod migrate;
pub mod prune;
pub mod pull;
pub mod reproduce;
pub mod restore;
pub mod run;
pub mod show;
pub mod status;
pub mod sync;
pub mod track;
pub mod untrack;
pub mod verify;
