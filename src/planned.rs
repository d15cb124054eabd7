//! Statements written by hand that a connection plans once.

use diesel::pg::Pg;
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A `sql_query` whose text is one of a few, so that each connection prepares it once and PostgreSQL may keep its plan. Diesel has every
/// other planned anew each time, as it cannot know how many texts there will be; where tables are many that takes longer than to run it.
///
/// In a kept plan a parameter is no constant: what is made of it, such as a `tsquery`, is made for every row unless it stands in a
/// `(SELECT …)` of its own.
pub struct Planned<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Planned<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Planned<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Planned<Q> {
    type SqlType = Q::SqlType;
}
