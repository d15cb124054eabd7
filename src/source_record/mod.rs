//! The record of a source: what it said, how that was rated, whom it relies on and who relies on it (`model`), and the
//! network of sources around it (`network`).
//!
//! Everything is counted over the statements that the caller may see. A withdrawn one counts for nothing, and so does a
//! source's relying on itself.

mod drawing;
mod model;
mod network;
mod related;
mod routes;

pub use model::{RecentStatement, ScaleRecord, SourceRecord};
pub use related::RelatedSource;
pub use routes::configure;
