//! The change log: every write to every record, who made it, in one order.
//!
//! Rows are written by triggers in the transaction of the write (`migrations/*_create_changes`) and get their place in the
//! order afterwards, by a sequencer (`sequencer.rs`), so that writers never wait for each other. The public sees only versions
//! that were public.

pub mod feed;
mod history;
mod model;
mod redaction;
mod routes;
mod sequencer;
pub mod streams;

pub use history::{FieldChange, HistoryEntry, history};
pub use model::{Change, Disclosed, Operation};
pub use routes::configure;
pub use sequencer::{chained, run, sequence};
