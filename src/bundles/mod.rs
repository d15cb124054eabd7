//! Bundles: a whole story in one transaction. Items may refer to each other by `"#ref"`; sources and documents that are
//! known already are reused. What a newsroom has recorded is written in the same form.

mod check;
mod export;
mod import;
mod read;
mod reuse;
mod routes;

pub use export::{Exported, Selection, export};
pub use import::{Imported, import, import_all};
pub use read::{ARRAYS, Bundle, Ids, Item, MOST_NAME};
pub use routes::configure;
