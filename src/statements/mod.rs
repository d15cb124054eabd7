//! Statements: a source taking a position on a claim, somewhere, on somebody's word.
//!
//! `relies_on` means on whose word, not in reaction to what. Circles are allowed: circular reporting is a finding.

mod list;
mod lists;
mod model;
mod routes;

pub use list::StatementFilter;
pub use lists::{Appearance, Reliance};
pub use model::{NewStatement, QuoteKind, Statement, explain};
pub use routes::configure;
