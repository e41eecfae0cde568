//! The part of PartiQL that mlprov and existing programs with the official drivers use. Everything else is refused with a sentence.

pub mod ast;
pub mod eval;
mod expressions;
mod lexer;
mod parser;
pub mod value;

pub use parser::parse;

/// Why a statement is not carried out. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at character {at}: {why}")]
pub struct Invalid {
    /// From 1.
    pub at: usize,
    pub why: String,
}

impl Invalid {
    fn at(byte: usize, why: impl Into<String>) -> Self {
        Invalid { at: byte + 1, why: why.into() }
    }
}
