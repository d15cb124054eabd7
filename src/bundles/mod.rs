//! Bundles: a whole story in one transaction. Items may refer to each other by `"#ref"`; sources and documents that are
//! known already are reused.

mod check;
mod import;
mod read;
mod reuse;
mod routes;

pub use import::{Imported, import};
pub use read::{ARRAYS, Bundle, Ids, Item, MOST_NAME};
pub use routes::configure;
