//! ClaimReview: published verdicts as schema.org's markup tells them to Fact Check Explorer, search engines and other databases; and a
//! check of such markup, ours or anyone's, by the rules of those who read it.

mod json_ld;
mod model;
mod read;
mod routes;
mod rules;

pub use model::{ClaimReview, Party};
pub use read::{RATED, TOLD, of_claims, of_verdicts};
pub use routes::{configure, configure_feeds, within_script};
