//! How what was found divides: by topic, language, rating, stance, newsroom and year.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Viewer;
use crate::columns::text_enum;
use crate::error::Result;
use crate::page::Listed;
use crate::schema::claims;

text_enum! {
    /// What claims can be counted by.
    Facet {
        /// Their topics, by slug. A claim may have several.
        Topic = "topic",
        /// Their language, a BCP 47 tag, each by itself: `en` is without `en-GB`, which the filter finds as well.
        Language = "language",
        /// The ratings of their current verdicts, by `rating_id`.
        Rating = "rating",
        /// The stances that somebody has taken on them.
        Stance = "stance",
        /// The newsroom that recorded them, by `newsroom_id`.
        Newsroom = "newsroom",
        /// The year in which they were first claimed.
        Year = "year",
    }
}

/// Which facets were asked for: names joined by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedFacets(pub BTreeSet<Facet>);

impl<'de> Deserialize<'de> for AskedFacets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let names = String::deserialize(deserializer)?;
        let read = |name: &str| serde_json::from_value(Value::from(name.trim()));
        let facets = names.split(',').map(read).collect::<std::result::Result<_, _>>();
        facets.map(Self).map_err(|_| {
            serde::de::Error::custom(
                "must be some of topic, language, rating, stance, newsroom and year, joined by commas",
            )
        })
    }
}

/// One value of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FacetCount {
    /// Topic slug, language tag, `rating_id`, stance, `newsroom_id`, or a year as a number: what the list's own filter takes.
    #[schema(value_type = Value, example = "nagorno-karabakh")]
    pub value: Value,
    /// Its name for readers, where it has one.
    pub label: Option<String>,
    /// How many of the claims have it.
    pub count: i64,
}

/// The facets asked for, by name, each with its values, the most frequent first.
pub type Facets = BTreeMap<Facet, Vec<FacetCount>>;

/// A page of a list that can be counted by facets.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacetedPage<T> {
    /// The records.
    pub items: Vec<T>,
    /// Send as `cursor`, with the same filters, for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// The facets that were asked for, over all that the filters leave, not this page alone; null where none were.
    #[schema(inline, value_type = Option<BTreeMap<String, Vec<FacetCount>>>)]
    pub facets: Option<Facets>,
}

/// A page with its facets and the address of the next one.
#[derive(Debug)]
pub struct Faceted<T> {
    /// The page.
    pub listed: Listed<T>,
    /// Its facets.
    pub facets: Option<Facets>,
}

impl<T: Serialize> Responder for Faceted<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let facets = self.facets;
        self.listed.answer(request, |page| FacetedPage { items: page.items, next_cursor: page.next_cursor, facets })
    }
}

/// Counts what a query over claims finds, in one statement. It answers the columns of `Counted`.
struct CountBy<Q> {
    found: Q,
    facets: BTreeSet<Facet>,
    /// Whose stances alone are counted.
    source_id: Option<Uuid>,
    newsroom_id: Option<Uuid>,
}

impl<Q> QueryId for CountBy<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for CountBy<Q> {
    type SqlType = (Text, Text, Nullable<Text>, BigInt);
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for CountBy<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("WITH found(id, topics, language, newsroom_id, claimed_on) AS (");
        self.found.walk_ast(out.reborrow())?;
        // Once over all of them, which may be many, and by nothing that was not asked for; what is added up afterwards is little.
        let by = |facet, column: &'static str, nothing| if self.facets.contains(&facet) { column } else { nothing };
        out.push_sql(&format!(
            "), divided AS (SELECT {} AS topics, {} AS language, {} AS newsroom_id, {} AS year, count(*) AS claims FROM found GROUP BY 1, 2, 3, 4),
             viewer AS (SELECT ",
            by(Facet::Topic, "topics", "NULL::text[]"),
            by(Facet::Language, "language", "NULL"),
            by(Facet::Newsroom, "newsroom_id", "NULL::uuid"),
            by(Facet::Year, "left(claimed_on, 4)", "NULL"),
        ));
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.newsroom_id)?;
        out.push_sql("::uuid AS newsroom_id, ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.source_id)?;
        out.push_sql("::uuid AS source_id)");
        for (nth, facet) in self.facets.iter().enumerate() {
            out.push_sql(if nth == 0 { " " } else { " UNION ALL " });
            out.push_sql(count_by(*facet));
        }
        out.push_sql(" ORDER BY 1, 4 DESC, 2");
        Ok(())
    }
}

/// A claim counts once for each value, by the rules of the list's filter of the same name. What is public is in an index by itself, and what
/// is not and yet seen is little.
fn count_by(facet: Facet) -> &'static str {
    match facet {
        Facet::Topic => {
            "SELECT 'topic' AS facet, slug, (SELECT CASE WHEN shared.public THEN shared.label ELSE own.label END FROM topics AS shared LEFT JOIN newsroom_topics AS own
                 ON own.slug = shared.slug AND own.newsroom_id = (SELECT newsroom_id FROM viewer)
                 WHERE shared.slug = t.slug AND (shared.public OR own.slug IS NOT NULL)) AS label, sum(claims)::bigint
             FROM divided CROSS JOIN LATERAL unnest(topics) AS t(slug) GROUP BY slug"
        }
        // Tags are the same in whatever case they are written.
        Facet::Language => {
            "SELECT 'language', min(language), NULL, sum(claims)::bigint FROM divided GROUP BY lower(language)"
        }
        Facet::Rating => {
            "SELECT 'rating', rating_id::text, (SELECT label FROM ratings WHERE ratings.id = rating_id), count(DISTINCT claim_id) FROM (
                 SELECT claim_id, rating_id FROM found JOIN verdicts ON claim_id = found.id WHERE public AND status = 'published'
                 UNION ALL SELECT claim_id, rating_id FROM found JOIN verdicts ON claim_id = found.id
                     WHERE NOT public AND status = 'published' AND verdicts.newsroom_id = (SELECT newsroom_id FROM viewer)) AS v
             WHERE rating_id IS NOT NULL GROUP BY rating_id"
        }
        Facet::Stance => {
            "SELECT 'stance', stance, NULL, count(DISTINCT claim_id) FROM (
                 SELECT claim_id, stance, source_id FROM found JOIN statements ON claim_id = found.id WHERE public
                 UNION ALL SELECT claim_id, stance, source_id FROM found JOIN statements ON claim_id = found.id
                     WHERE NOT public AND status <> 'withdrawn' AND statements.newsroom_id = (SELECT newsroom_id FROM viewer)) AS s
             WHERE (SELECT source_id FROM viewer) IS NULL OR source_id = (SELECT source_id FROM viewer) GROUP BY stance"
        }
        Facet::Newsroom => {
            "SELECT 'newsroom', newsroom_id::text, (SELECT name FROM newsrooms WHERE newsrooms.id = newsroom_id), sum(claims)::bigint
             FROM divided GROUP BY newsroom_id"
        }
        Facet::Year => {
            "SELECT 'year', year, NULL, sum(claims)::bigint FROM divided WHERE year IS NOT NULL GROUP BY year"
        }
    }
}

/// The columns of claims that are counted by.
pub type Counted = (claims::id, claims::topics, claims::language, claims::newsroom_id, claims::claimed_on);

/// The facets of the claims that a query for [`Counted`] finds; none where none are asked for. Where the claims are those that a source
/// has spoken on, its stances are counted, as the list's filters go together.
pub async fn facets_of<Q>(
    found: Q,
    asked: Option<&AskedFacets>,
    source_id: Option<Uuid>,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Option<Facets>>
where
    Q: QueryFragment<Pg> + Send,
{
    let Some(AskedFacets(facets)) = asked else { return Ok(None) };
    // Of many claims, most of a table is read: sooner in its own order than by an index.
    conn.batch_execute("SET LOCAL enable_seqscan = on; SET LOCAL work_mem = '64MB'").await?;
    let query = CountBy { found, facets: facets.clone(), source_id, newsroom_id: viewer.newsroom_id() };
    let rows: Vec<(String, String, Option<String>, i64)> = query.load(&mut conn).await?;
    conn.batch_execute("SET LOCAL enable_seqscan = off").await?;
    let mut counted: Facets = facets.iter().map(|facet| (*facet, Vec::new())).collect();
    for (name, value, label, count) in rows {
        let Some((facet, values)) = counted.iter_mut().find(|(facet, _)| facet.as_str() == name) else { continue };
        let year = value.parse::<i64>().ok().filter(|_| *facet == Facet::Year);
        values.push(FacetCount { value: year.map_or_else(|| json!(value), |year| json!(year)), label, count });
    }
    Ok(Some(counted))
}
