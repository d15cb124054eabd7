//! API keys: a member's access to the API. Shown once, stored as a hash, revoked at once.

mod last_use;
mod model;
mod routes;

pub use last_use::LastUses;
pub use model::{ApiKey, NewApiKey};
pub use routes::configure;
