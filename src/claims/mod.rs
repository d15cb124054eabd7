//! Claims: one checkable statement of fact each, in one language, with parts of its own.
//!
//! A claim is a draft, published or withdrawn, and never goes back. Whatever changes a tree of claims locks its topmost
//! claim first (`lock_trees`), so that no two writers break a rule together.

mod list;
mod model;
mod publish;
mod routes;

pub use list::ClaimFilter;
pub use model::{Claim, ClaimStatus, NewClaim, RecordedClaim, at_path, explain, lock_trees};
pub use routes::configure;
