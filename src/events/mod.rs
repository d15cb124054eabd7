//! What happens to claims, statements and verdicts, told as events: each is made of one change of the log, so that all who follow
//! hear the same in the same order, whether they read `/v1/events` or have them sent (`webhooks`).

mod kind;
mod model;
mod routes;

pub use kind::{EventKind, known};
pub use model::{Event, EventClaim, EventData, EventLinks};
pub use routes::configure;
