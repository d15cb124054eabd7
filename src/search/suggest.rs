//! `GET /v1/suggest`: what somebody may be about to type.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join4;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::names::LOOKED_AT;
use crate::auth::Viewer;
use crate::columns::text_enum;
use crate::error::Result;
use crate::planned::Planned;

/// How many suggestions are made.
const MOST: usize = 10;
/// So many of each kind come before the rest of any: ten titles hide no claim.
const OF_EACH: usize = 2;
/// How many letters a word in the middle of a name needs before it is looked for: its trigrams are.
const LETTERS_WITHIN: usize = 3;

text_enum! {
    /// What is suggested.
    SuggestionType {
        /// A source, by its names.
        Source = "source",
        /// A topic, by its slug and label.
        Topic = "topic",
        /// A document, by its title.
        Document = "document",
        /// A claim, by its text.
        Claim = "claim",
    }
}

/// What was typed so far.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuggestQuery {
    /// What was typed so far.
    #[validate(length(max = 100))]
    #[param(max_length = 100, example = "pesk")]
    pub q: String,
}

/// What can be meant.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestions {
    /// Some of each kind: sources, topics, documents and claims, in this order.
    pub suggestions: Vec<Suggestion>,
}

/// One thing that can be meant.
#[derive(Debug, Serialize, ToSchema, QueryableByName)]
pub struct Suggestion {
    /// What it is.
    #[serde(rename = "type")]
    #[diesel(sql_type = Text)]
    pub r#type: SuggestionType,
    /// Its id; of a topic its slug.
    #[diesel(sql_type = Text)]
    #[schema(example = "#peskov")]
    pub id: String,
    /// Its name, label, title or text.
    #[diesel(sql_type = Text)]
    #[schema(example = "Dmitry Peskov")]
    pub text: String,
}

/// By the beginning of a name or text: between it and whatever follows it, which unlike LIKE is planned once. Each noun reads the index
/// in its own turn, so that many claims hide no source.
const BY_BEGINNING: &str = "
    (SELECT 'source' AS type, record_id, 0 AS turn, name FROM search_entries WHERE name ~>=~ $1 AND name ~<~ ($1 || U&'\\+10FFFF') AND noun = 'source' AND (public OR newsroom_id = $2) ORDER BY name USING ~<~ LIMIT 5)
    UNION ALL (SELECT 'document', record_id, 2, name FROM search_entries WHERE name ~>=~ $1 AND name ~<~ ($1 || U&'\\+10FFFF') AND noun = 'document' AND (public OR newsroom_id = $2) ORDER BY name USING ~<~ LIMIT 5)
    UNION ALL (SELECT 'claim', record_id, 3, name FROM search_entries WHERE name ~>=~ $1 AND name ~<~ ($1 || U&'\\+10FFFF') AND noun = 'claim' AND (public OR newsroom_id = $2) ORDER BY name USING ~<~ LIMIT 5)";
/// By the beginning of a later word of a name or title: of 2,000 at most the sources first, as whoever types a surname means a person.
const BY_LATER_WORD: &str = "
    (SELECT * FROM (SELECT noun AS type, record_id, CASE noun WHEN 'source' THEN 0 ELSE 2 END AS turn, name FROM search_entries
         WHERE name LIKE $1 AND noun <> 'claim' AND noun IN ('source', 'document') AND (public OR newsroom_id = $2) LIMIT 2000) AS named
     ORDER BY turn LIMIT 10)";
/// By words anywhere in a claim, of which the last one may be unfinished. Few claims have the rarest; the index is asked for that one
/// alone.
const BY_WORDS: &str = "
    (SELECT 'claim' AS type, record_id, 3 AS turn, name FROM search_entries
     WHERE words @@ (SELECT $1::tsquery) AND (words @@ (SELECT $3::tsquery)) IS TRUE AND noun = 'claim' AND (public OR newsroom_id = $2) LIMIT 10)";
/// Topics, of which there are few.
const TOPICS: &str = "
    SELECT 'topic' AS type, slug AS id, coalesce(label, slug) AS text FROM (
        SELECT slug, label FROM topics WHERE public
        UNION ALL SELECT own.slug, own.label FROM newsroom_topics AS own JOIN topics USING (slug) WHERE own.newsroom_id = $2 AND NOT topics.public) AS t
    WHERE ' ' || folded_name(label) LIKE '% ' || $1 OR '-' || slug LIKE '%-' || $1 OR replace(slug, '-', ' ') LIKE $1 ORDER BY slug LIMIT 5";

impl SuggestQuery {
    /// What can be meant.
    pub async fn run(&self, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Suggestions> {
        let typed = Typed::read(&self.q, conn).await?;
        let letters = typed.folded.chars().count();
        // Signs alone have no trigrams, and each name would be looked at.
        let has_words = typed.folded.contains(char::is_alphanumeric);
        let later = async {
            if letters < LETTERS_WITHIN || !has_words {
                return Ok(Vec::new());
            }
            named(BY_LATER_WORD, &format!("% {}%", typed.pattern), viewer, conn).await
        };
        let words = async {
            let (Some(rarest), Some(words)) = (&typed.rarest, &typed.words) else { return Ok(Vec::new()) };
            with_words(rarest, words, viewer, conn).await
        };
        let begun = named(BY_BEGINNING, &typed.folded, viewer, conn);
        let parts = try_join4(begun, topics(&typed.pattern, viewer, conn), later, words).await?;
        let mut found: Vec<Suggestion> = <[Vec<Suggestion>; 4]>::from(parts).into_iter().flatten().collect();
        if found.is_empty() && letters > LETTERS_WITHIN && has_words {
            found = named(&by_likeness(), &typed.folded, viewer, conn).await?;
        }
        let mut seen = BTreeSet::new();
        found.retain(|one| seen.insert((one.r#type, one.id.clone())));
        Ok(Suggestions { suggestions: some_of_each(found) })
    }
}

/// By likeness.
fn by_likeness() -> String {
    format!(
        "(SELECT * FROM (SELECT noun AS type, record_id, 0 AS turn, name FROM search_entries
              WHERE $1 <% name AND noun <> 'claim' AND noun IN ('source', 'document') AND (public OR newsroom_id = $2) LIMIT {LOOKED_AT}) AS alike
          ORDER BY word_similarity($1, name) DESC LIMIT 5)"
    )
}

/// As many as are told, by kind.
fn some_of_each(mut found: Vec<Suggestion>) -> Vec<Suggestion> {
    found.sort_by_key(|one| one.r#type);
    let mut counts = BTreeMap::<_, usize>::new();
    let (mut first, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| {
        let count = counts.entry(one.r#type).or_default();
        *count += 1;
        *count <= OF_EACH
    });
    first.extend(rest);
    first.truncate(MOST);
    first.sort_by_key(|one| one.r#type);
    first
}

/// What was typed, as names are kept.
#[derive(QueryableByName)]
struct Typed {
    #[diesel(sql_type = Text)]
    folded: String,
    /// For LIKE, without its end.
    #[diesel(sql_type = Text)]
    pattern: String,
    /// The rarest of its words, where few claims have it.
    #[diesel(sql_type = Nullable<Text>)]
    rarest: Option<String>,
    /// All of its words.
    #[diesel(sql_type = Nullable<Text>)]
    words: Option<String>,
}

impl Typed {
    async fn read(q: &str, mut conn: &AsyncPgConnection) -> Result<Self> {
        let sql = format!(
            "SELECT folded, regexp_replace(folded, '([\\\\%_])', '\\\\\\1', 'g') AS pattern, rarest, wanted AS words
             FROM (SELECT q, rtrim(folded_name(q)) AS folded FROM (SELECT regexp_replace(ltrim($1), '\\s+', ' ', 'g')) AS t(q)) AS f
             CROSS JOIN LATERAL claims_suggested(CASE WHEN length(folded) >= {LETTERS_WITHIN} THEN q END)"
        );
        Ok(Planned(diesel::sql_query(sql).bind::<Text, _>(q)).get_result(&mut conn).await?)
    }
}

/// What a part finds, with how to call it.
fn shown(part: &str) -> String {
    format!(
        "SELECT found.type, record_id::text AS id, coalesce(sources.name, documents.title, left(claims.text, 300)) AS text
         FROM ({part}) AS found
         LEFT JOIN sources ON found.type = 'source' AND sources.id = record_id
         LEFT JOIN documents ON found.type = 'document' AND documents.id = record_id
         LEFT JOIN claims ON found.type = 'claim' AND claims.id = record_id
         ORDER BY turn, length(found.name), record_id"
    )
}

async fn with_words(
    rarest: &str,
    words: &str,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Suggestion>> {
    Ok(Planned(
        diesel::sql_query(shown(BY_WORDS))
            .bind::<Text, _>(rarest)
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
            .bind::<Text, _>(words),
    )
    .load(&mut conn)
    .await?)
}

async fn named(part: &str, pattern: &str, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Suggestion>> {
    Ok(Planned(
        diesel::sql_query(shown(part)).bind::<Text, _>(pattern).bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id()),
    )
    .load(&mut conn)
    .await?)
}

async fn topics(pattern: &str, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Suggestion>> {
    Ok(Planned(
        diesel::sql_query(TOPICS)
            .bind::<Text, _>(format!("{pattern}%"))
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id()),
    )
    .load(&mut conn)
    .await?)
}
