//! Imports: files of ClaimReview in any of the forms that it comes in, to claims, statements, sources, documents and verdicts.
//!
//! A file is kept as it came (`store`), taken apart (`split`) into records, which are read (`reader`, `review`) and recorded in
//! batches (`record`), by whichever process is free (`worker`). Each record is kept beside what was made of it.

mod clean;
mod dates;
mod drafts;
mod follow;
mod identity;
mod known;
mod make;
mod model;
mod own;
mod reader;
mod record;
mod review;
mod routes;
mod split;
mod store;
mod values;
mod worker;

pub use model::{Form, Import, ImportOptions, ImportStatus, Outcome, RecordFilter};
pub use own::{OwnReview, OwnReviews, publish_own};
pub use routes::configure;
pub use store::{begin, charset, discard, finish_receiving, receive};
pub use worker::{import_at_once, run, work_on};
