//! What a project's account is to hold, and what that takes. Pure: nothing here asks anybody.

pub mod description;
pub mod documents;
pub mod export;
pub mod plan;
pub mod roles;
