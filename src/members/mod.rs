//! Members: the people of a newsroom and their roles. Listed by their newsroom, written by its admins.

mod model;
mod routes;
mod sign_in;

pub use model::{Member, NewMember, lock_newsroom};
pub use routes::configure;
pub use sign_in::SignIn;
