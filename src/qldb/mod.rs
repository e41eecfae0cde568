//! What Amazon QLDB left behind: its hashes, its journal, its exports. Pure: bytes in, findings out.
//!
//! Amazon's service ended on 2025-07-31. Sources of what stands here: the AWS CLI's published examples, the Ion and Ion Hash
//! specifications, AWS's sample verifier, the official drivers. What no published data confirms is marked "inferred".

pub mod block;
pub mod commit_digest;
pub mod database;
pub mod document;
pub mod hash;
pub mod ion;
pub mod ion_hash;
pub mod journal;
pub mod layout;
pub mod partiql;
pub mod target;
