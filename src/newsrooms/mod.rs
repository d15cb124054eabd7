//! Newsrooms: the organisations that record and check. Made on the command line, changed by their admins.

mod model;
mod routes;

pub use model::{Newsroom, bootstrap};
pub use routes::configure;
