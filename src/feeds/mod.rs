//! Feeds of verdicts for readers of feeds: Atom, RSS and JSON Feed.

mod json;
mod read;
mod routes;
mod xml;

pub use routes::configure;
