//! What others saw, and how far it can be believed. Pure: nothing here asks anybody.

pub mod cloudtrail;
