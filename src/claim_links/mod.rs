//! Claim links: what one claim is to another. The same in other words or another language, a repetition, a contradiction, a
//! narrower version.
//!
//! A link is seen by everybody while both its claims are published. To unlink is to delete: the log of changes keeps what was.

mod list;
mod model;
mod routes;
mod same;

pub use model::{ClaimLink, LinkKind, NewClaimLink};
pub use routes::configure;
pub use same::same_claims;
