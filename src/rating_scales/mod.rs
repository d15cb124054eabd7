//! Rating scales: the ratings that verdicts give. Three come with OnRecord, newsrooms make their own.

mod model;
mod routes;

pub use model::{Rating, RatingScale};
pub use routes::configure;
