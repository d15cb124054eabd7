//! Rating mappings: which rating a publisher's own words stand for. Imports go by them; nothing is guessed where there is none.

mod model;
mod routes;

pub use model::{Mappings, NewRatingMapping, RatingMapping};
pub use routes::configure;
