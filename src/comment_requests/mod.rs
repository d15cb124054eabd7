//! Comment requests: whom the newsroom asked about a claim, until when they may answer, and what came of it.
//!
//! A request is closed by a statement that records the answer, made with it. That a source was silent is recorded by a
//! member once it was due; nothing here does so by itself.

mod close;
mod list;
mod model;
mod routes;

pub use model::{Channel, CommentRequest, NewCommentRequest};
pub use routes::configure;
