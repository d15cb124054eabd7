//! Google's [Fact Check Tools API](https://developers.google.com/fact-check/tools/api) `v1alpha1`, answered from what is recorded here, so
//! that its clients need nothing but another address.

mod fault;
mod markup;
mod model;
mod page_routes;
mod pages;
mod request;
mod routes;
mod search;

pub use fault::{GoogleError, answer, is_asked};
pub use page_routes::configure_pages;
pub use request::as_clients_send;
pub use routes::configure;
