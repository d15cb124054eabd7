//! Sources: who speaks. A person, a body, an outlet, or somebody unnamed.
//!
//! A source is public once something public refers to it; its `note` never is.

mod model;
mod routes;

pub use model::{NewSource, Source, SourceKind, explain};
pub use routes::configure;
