//! Topics: what claims are about. Made on first use, public once a published claim has them.

mod model;
mod routes;

pub use model::Topic;
pub use routes::configure;
