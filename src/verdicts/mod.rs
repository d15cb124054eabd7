//! Verdicts: what fact-checkers concluded on a claim, with a rating and evidence.
//!
//! A published verdict keeps the claim's text as it was then. Other newsrooms' verdicts outlive a claim's withdrawal.
//!
//! It is drafted by some and approved by others (`review`), and what was published is never changed: it is corrected by a
//! successor (`correct`) or retracted. The database holds to that whoever writes.

mod conclusion;
mod correct;
mod evidence;
mod explain;
mod list;
mod model;
mod review;
mod routes;
mod status;
mod thread;

pub use conclusion::conclusion;
pub use correct::NewCorrection;
pub use evidence::{Bearing, Evidence};
pub use explain::explain;
pub use list::VerdictFilter;
pub use model::{NewVerdict, Verdict, check_unreviewed};
pub use routes::configure;
pub use status::{Action, CorrectionReason, NewStatus, VerdictStatus};
