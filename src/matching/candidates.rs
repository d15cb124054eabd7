//! The entries that share a text's rarest words: those that are worth being scored.

use std::collections::HashSet;

use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::model::MatchRequest;
use super::reading::Reading;
use super::words::Words;
use crate::auth::Viewer;
use crate::error::Result;
use crate::planned::Planned;
use crate::schema::sql_types::Tsvector;

/// How many entries are scored, by how often their words occur. So matching takes as long among a million claims as among ten
/// thousand.
const MOST: i64 = 1000;
/// Of words too frequent for that, so many are taken in pairs.
const PAIRED: usize = 6;
/// How many are scored because of what they mean, and because a link leads to them.
const MOST_OTHERS: i64 = 200;

/// An entry with its words.
#[derive(Debug, diesel::QueryableByName)]
pub struct Candidate {
    /// Its record.
    #[diesel(sql_type = SqlUuid)]
    pub record_id: Uuid,
    /// The claim that it would find.
    #[diesel(sql_type = SqlUuid)]
    pub claim_id: Uuid,
    /// Whether it is the claim's own.
    #[diesel(sql_type = Bool)]
    pub is_claim: bool,
    /// Of a claim's own entry, the same for claims whose text differs in case, width, blanks and punctuation only.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub text_key: Option<Uuid>,
    /// Its words.
    #[diesel(sql_type = Tsvector)]
    pub words: Words,
}

/// The entries that share the rarest words and that the caller may see.
pub async fn candidates(
    reading: &Reading,
    request: &MatchRequest,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT record_id, claim_id, noun = 'claim' AS is_claim, CASE noun WHEN 'claim' THEN key END AS text_key, words FROM search_entries
         WHERE words @@ (SELECT $1::tsquery) AND noun IN ('claim', 'statement', 'verdict') AND (public OR newsroom_id = $2) {} LIMIT $5",
        narrowed(request)
    );
    let mut found: Vec<Candidate> = Vec::new();
    // Those with a rare word first: pairs of frequent ones may be in so many that these would not be among them.
    for wanted in rare(reading) {
        let room = 3 * MOST - i64::try_from(found.len()).unwrap_or(i64::MAX);
        let query = diesel::sql_query(&sql)
            .bind::<Text, _>(wanted.join(" | "))
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
            .bind::<Nullable<Text>, _>(request.topic.as_deref())
            .bind::<Nullable<SqlUuid>, _>(request.newsroom_id)
            .bind::<BigInt, _>(room);
        let more: Vec<Candidate> = Planned(query).load(&mut conn).await?;
        let known: HashSet<Uuid> = found.iter().map(|one| one.record_id).collect();
        found.extend(more.into_iter().filter(|one| !known.contains(&one.record_id)));
    }
    Ok(found)
}

/// The entries of these claims and statements that the caller may see and has asked for, the first ones of them.
pub async fn these(
    ids: &[Uuid],
    request: &MatchRequest,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT record_id, claim_id, noun = 'claim' AS is_claim, CASE noun WHEN 'claim' THEN key END AS text_key, words
         FROM unnest($1) WITH ORDINALITY AS near(id, nth) JOIN search_entries ON record_id = id
         WHERE claim_id IS NOT NULL AND (public OR newsroom_id = $2) {} ORDER BY nth LIMIT $5",
        narrowed(request)
    );
    Ok(Planned(
        diesel::sql_query(sql)
            .bind::<Array<SqlUuid>, _>(ids)
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
            .bind::<Nullable<Text>, _>(request.topic.as_deref())
            .bind::<Nullable<SqlUuid>, _>(request.newsroom_id)
            .bind::<BigInt, _>(MOST_OTHERS),
    )
    .load(&mut conn)
    .await?)
}

/// The condition that a claim has the topic `$3` and is of the newsroom `$4`.
pub fn narrowed(request: &MatchRequest) -> &'static str {
    if request.is_narrowed() {
        "AND EXISTS (SELECT FROM claims WHERE claims.id = claim_id AND ($3 IS NULL OR $3 = ANY (topics)) AND ($4 IS NULL OR claims.newsroom_id = $4))"
    } else {
        "AND $3 IS NULL AND $4 IS NULL"
    }
}

/// `tsquery` in text form, of which any is enough: the rarest words, and pairs of the next ones.
fn rare(reading: &Reading) -> impl Iterator<Item = Vec<String>> {
    let words = reading.rarest();
    let mut room = MOST;
    let fits = |word: &&str| {
        room -= reading.count(word);
        room >= 0
    };
    let singles = words.iter().copied().take_while(fits).count();
    let frequent = &words[singles..words.len().min(singles + PAIRED)];
    let pairs = frequent.iter().enumerate().flat_map(|(nth, one)| {
        frequent[nth + 1..].iter().map(move |other| format!("{} & {}", quoted(one), quoted(other)))
    });
    let (rarest, mut pairs): (Vec<_>, Vec<_>) =
        (words[..singles].iter().map(|word| quoted(word)).collect(), pairs.collect());
    if rarest.is_empty() && pairs.is_empty() {
        // A single word that is everywhere.
        pairs = frequent.iter().map(|word| quoted(word)).collect();
    }
    [rarest, pairs].into_iter().filter(|any| !any.is_empty())
}

/// A word as `tsquery` takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"))
}
