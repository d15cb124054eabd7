//! Names and titles with typing errors in them.

use diesel::sql_types::{Array, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::find::Hit;
use crate::auth::Viewer;
use crate::error::Result;
use crate::planned::Planned;

/// How many names that resemble what was typed are told.
const MOST: usize = 50;
/// Of how many: to compare each takes some twenty microseconds, and a word of most titles would have all of them compared.
pub const LOOKED_AT: usize = 5000;

/// The records whose name or title has something like this in it, by the trigrams that they share.
pub async fn resembling(q: &str, nouns: &[&str], viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Hit>> {
    // How alike is alike is said by the search's transaction. Scores stay below those of words that are there.
    let sql = format!(
        "SELECT record_id, noun, claim_id, (word_similarity((SELECT folded_name($1)), name) / 100)::real AS score
         FROM (SELECT record_id, noun, claim_id, name FROM search_entries
             WHERE (SELECT folded_name($1)) <% name AND noun <> 'claim' AND noun = ANY ($2) AND (public OR newsroom_id = $3) LIMIT {LOOKED_AT}) AS alike
         ORDER BY score DESC, record_id DESC LIMIT {MOST}"
    );
    Ok(Planned(
        diesel::sql_query(sql)
            .bind::<Text, _>(q)
            .bind::<Array<Text>, _>(nouns)
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id()),
    )
    .load(&mut conn)
    .await?)
}
