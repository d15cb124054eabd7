//! Members: the people of a newsroom and their roles. Listed by their newsroom, written by its admins.

mod model;
mod routes;

pub use model::{Member, NewMember};
pub use routes::configure;
