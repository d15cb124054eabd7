//! Exports: lists to their end, one record a line, for spreadsheets, databases and archives.
//!
//! A list is walked by id, newest first, some hundred records at a time (see [`crate::pieces`]). With `as_of` all of them are of one
//! instant; without, each is as it was when it was reached.

mod claims;
mod routes;
mod statements;
mod table;
mod verdicts;

pub use routes::configure;

/// How many records are read at once.
const ROWS: usize = 500;
