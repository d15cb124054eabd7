//! Matching: has this already been checked? Finds the claims that say what a text says.
//!
//! First what is the same beyond doubt: the same text, the same address. Then the claims that share its rarest words, scored by all of
//! them; and, where an embedding service is configured, those that mean the same in other words or another language.

mod candidates;
mod clean;
mod exact;
mod model;
mod ranking;
mod reading;
mod routes;
mod score;
mod words;

pub use model::{Band, Match, MatchRequest};
pub use ranking::{like_new, matches};
pub use routes::configure;
