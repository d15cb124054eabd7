//! Search: finding claims, quotes, verdicts, sources and documents by words, in every language at once.
//!
//! Each record that is searched has an entry with its words, written by triggers (`migrations/*_create_search`). A query is read
//! by the rules of every language in use; which of its words mean nothing, each entry is asked by its own language.

mod facets;
mod find;
mod language;
mod names;
mod results;
mod routes;
mod snippet;
mod suggest;
mod words;

pub use facets::{AskedFacets, Counted, Facet, Faceted, FacetedPage, Facets, facets_of};
pub use find::{Found, Newest, ON_CLAIMS, Ranking, Sort, find, newest, wanted};
pub use results::{FoundRecord, ResultType, SearchQuery, SearchResult};
pub use routes::configure;
pub use words::fold;
