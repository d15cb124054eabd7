//! Verdicts: what fact-checkers concluded on a claim, with a rating and evidence.
//!
//! A published verdict keeps the claim's text as it was then. Other newsrooms' verdicts outlive a claim's withdrawal.

mod evidence;
mod list;
mod model;
mod routes;

pub use evidence::{Bearing, Evidence};
pub use model::{NewVerdict, Verdict, VerdictStatus, explain};
pub use routes::configure;
