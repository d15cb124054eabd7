//! The transparency log: what is published, in an append-only Merkle tree (RFC 9162) whose root OnRecord signs.
//!
//! A leaf is a change of a published claim, statement or verdict, with salted hashes of its fields (`changes::Change::leaf`).
//! The hashing and the proofs are those of the Go checksum database's log, from the crate `tlog_tiles`; checkpoints are C2SP
//! signed notes (<https://c2sp.org/tlog-checkpoint>).

mod key;
mod routes;
mod tree;
mod verify;

pub use key::{LogKey, opened};
pub use routes::configure;
pub use tree::Tree;
pub use verify::{Report, verify};
