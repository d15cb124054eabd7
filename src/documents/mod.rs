//! Documents: where something was said or published. An address is kept as it was sent and compared by its normal form.

mod model;
mod routes;

pub use model::{Document, DocumentKind, NewDocument, explain};
pub use routes::configure;
