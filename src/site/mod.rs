//! Pages for readers: claims, sources, newsrooms, topics and search as HTML that needs no scripts, with what search engines and
//! previews of links read.
//!
//! They show what everybody may see, whoever asks, by the readers of the API: what a page says the API says too. `layout.rs` is
//! around all of them; `text.rs` is how what users wrote gets into a page.

mod answer;
mod card;
mod claim;
mod corrections;
mod embed;
mod failed;
mod head;
mod home;
mod layout;
mod listed;
mod markdown;
mod newsroom;
mod oembed;
mod read;
mod routes;
mod search;
mod sitemap;
mod source;
mod statements;
mod text;
mod topic;
mod verdict;
mod words;

pub use failed::as_pages;
pub use routes::configure;
