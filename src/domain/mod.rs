//! WORDS: the pure types of the record. Nothing here reads a file, a clock or the network.

pub mod approval;
pub mod arn;
pub mod comparison;
pub mod declared;
pub mod delegation;
pub mod digest;
pub mod entry;
pub mod filter;
pub mod ids;
pub mod json;
pub mod manifest;
pub mod merge;
pub mod package;
pub mod path;
pub mod pointer;
pub mod redact;
pub mod requirement;
pub mod statement;
pub mod time;
pub mod version;
pub mod version_map;

/// A text that is not what its type demands. One error for every parser in this room: callers only
/// ever show it, together with where the text came from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}: {text:?}")]
pub struct ParseError {
    /// What was expected, e.g. `"BLAKE3 digest"`.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: String,
    /// The text as found, shortened to 120 characters.
    pub text: String,
}

impl ParseError {
    pub fn new(what: &'static str, why: impl Into<String>, text: impl AsRef<str>) -> Self {
        let text = text.as_ref().chars().take(120).collect();
        ParseError { what, why: why.into(), text }
    }
}
