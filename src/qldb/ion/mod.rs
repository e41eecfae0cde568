//! Amazon Ion 1.0: a reader of its binary form without copies, and a reader of its text form that writes binary.
//!
//! Our own, since an export is read at the speed of its hashes, in the memory of one block, and whoever wrote it may mean harm: no
//! input panics, recurses without bound, or loses digits. The tests hold it against `ion-rs`.

pub mod binary;
pub mod scalar;
pub mod stream;
pub mod symbols;
pub mod text;
pub mod write;

/// How deep containers may lie in each other. QLDB's documents are far from it.
pub const MAX_DEPTH: usize = 500;

/// Why bytes are not Ion that can be read here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IonError {
    /// They break a rule of the format.
    #[error("{0}")]
    Malformed(&'static str),
    /// They break none, and go beyond what is read here.
    #[error("{0}")]
    Unsupported(&'static str),
}

pub type Result<T> = std::result::Result<T, IonError>;

/// The thirteen types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Decimal,
    Timestamp,
    Symbol,
    String,
    Clob,
    Blob,
    List,
    Sexp,
    Struct,
}
