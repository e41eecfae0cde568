//! The real binary, as a user meets it: what it says, how it ends, and what it leaves alone.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod doctor;
mod full_disk;
mod hints;
mod json;
mod loss;
mod text;
mod verify;
