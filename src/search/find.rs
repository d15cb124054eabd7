//! What a query finds.

use std::collections::{BTreeSet, HashMap};

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Float, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::language::{Query, Typed};
use super::names;
use crate::auth::Viewer;
use crate::columns::text_enum;
use crate::error::{Error, Result};
use crate::page::PageRequest;
use crate::planned::Planned;

/// What finds a claim.
pub const ON_CLAIMS: [&str; 3] = ["claim", "statement", "verdict"];

/// How many entries are ranked, and read in any order. Where more are found, lists walk from the newest on instead, which
/// passes by one that is found soon.
const MOST_RANKED: usize = 2000;

text_enum! {
    /// In which order a search answers.
    Sort {
        /// What fits best first; of more than 2,000 the newest.
        Relevance = "relevance",
        /// The newest first.
        Newest = "newest",
    }
}

/// An entry that was found.
#[derive(Debug, Clone, QueryableByName)]
pub struct Hit {
    /// Its record.
    #[diesel(sql_type = SqlUuid)]
    pub record_id: Uuid,
    /// What the record is.
    #[diesel(sql_type = Text)]
    pub noun: String,
    /// The claim that is found by it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub claim_id: Option<Uuid>,
    /// How well it fits, 0 to 1; never quite 0 where it was ranked.
    #[diesel(sql_type = Float)]
    pub score: f32,
}

/// What a query finds of some nouns.
#[derive(Debug)]
pub enum Found {
    /// All there is.
    These {
        /// The entries.
        hits: Vec<Hit>,
        /// The words looked for, as the index has them.
        words: BTreeSet<String>,
    },
    /// More than can be ranked; the query finds them.
    Many(Query),
}

impl Found {
    /// How well each claim fits: as its best entry does. None where there are too many.
    pub fn scores_of_claims(&self) -> HashMap<Uuid, f32> {
        let mut scores = HashMap::new();
        if let Self::These { hits, .. } = self {
            for (id, score) in hits.iter().filter_map(|hit| Some((hit.claim_id?, hit.score))) {
                scores.entry(id).and_modify(|best: &mut f32| *best = best.max(score)).or_insert(score);
            }
        }
        scores
    }
}

impl Found {
    /// Which rows of a list are found: those whose `id`, such as `claims.id`, is the `entry_id` of an entry that the viewer may find.
    /// `walking`, it is looked up row by row: where there are many, the first page from the newest on is full soon.
    pub fn holds(&self, id: &'static str, entry_id: &'static str, viewer: Viewer, walking: bool) -> Holds<'_> {
        let ids = match self {
            Self::These { hits, .. } => hits.iter().map(|hit| hit.claim_id.unwrap_or(hit.record_id)).collect(),
            Self::Many(_) => Vec::new(),
        };
        Holds { found: self, ids, id, entry_id, newsroom_id: viewer.newsroom_id(), walking }
    }
}

/// A condition on the rows of a list: that they are found.
#[derive(diesel::expression::ValidGrouping)]
pub struct Holds<'a> {
    found: &'a Found,
    ids: Vec<Uuid>,
    id: &'static str,
    entry_id: &'static str,
    newsroom_id: Option<Uuid>,
    walking: bool,
}

impl Expression for Holds<'_> {
    type SqlType = Bool;
}

impl<Table> diesel::AppearsOnTable<Table> for Holds<'_> {}

impl QueryId for Holds<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Holds<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Self { id, entry_id, .. } = self;
        let Found::Many(query) = self.found else {
            out.push_sql(&format!("{id} = ANY ("));
            out.push_bind_param::<Array<SqlUuid>, _>(&self.ids)?;
            out.push_sql(")");
            return Ok(());
        };
        out.push_sql(&if self.walking {
            format!("(SELECT true FROM search_entries WHERE {entry_id} = {id}")
        } else {
            format!("{id} IN (SELECT {entry_id} FROM search_entries WHERE {entry_id} IS NOT NULL")
        });
        out.push_sql(" AND words @@ ");
        out.push_bind_param::<Text, _>(&query.wanted)?;
        out.push_sql("::tsquery AND (public OR newsroom_id = ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.newsroom_id)?;
        out.push_sql(if self.walking { ") LIMIT 1)" } else { "))" });
        Ok(())
    }
}

/// The claims behind what is found, with what they are counted by.
pub struct Behind<'a> {
    found: &'a Found,
    /// Of how few.
    ids: Vec<Uuid>,
    nouns: &'a [&'static str],
    newsroom_id: Option<Uuid>,
}

impl Found {
    /// The claims behind what a search for these nouns has found, for [`super::facets_of`].
    pub fn claims_behind<'a>(&'a self, nouns: &'a [&'static str], viewer: Viewer) -> Behind<'a> {
        let ids = match self {
            Self::These { hits, .. } => hits.iter().filter_map(|hit| hit.claim_id).collect(),
            Self::Many(_) => Vec::new(),
        };
        Behind { found: self, ids, nouns, newsroom_id: viewer.newsroom_id() }
    }
}

impl QueryFragment<Pg> for Behind<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH seen AS NOT MATERIALIZED (SELECT * FROM search_entries WHERE noun IN ('claim', 'statement', 'verdict') AND (public OR newsroom_id = ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.newsroom_id)?;
        out.push_sql(")), hit AS MATERIALIZED (SELECT noun, claim_id, topics, language, newsroom_id, claimed_on FROM seen WHERE ");
        if let Found::Many(query) = self.found {
            out.push_sql("words @@ ");
            out.push_bind_param::<Text, _>(&query.wanted)?;
            out.push_sql("::tsquery AND noun = ANY (");
            out.push_bind_param::<Array<Text>, _>(self.nouns)?;
        } else {
            out.push_sql("record_id = ANY (");
            out.push_bind_param::<Array<SqlUuid>, _>(&self.ids)?;
        }
        // An entry that is no claim's leads to one, which may have been found by itself.
        out.push_sql(
            ")) SELECT claim_id, topics, language, newsroom_id, claimed_on FROM hit WHERE noun = 'claim'
             UNION ALL SELECT claim_id, topics, language, newsroom_id, claimed_on FROM seen WHERE noun = 'claim' AND record_id IN
                 (SELECT claim_id FROM hit WHERE noun <> 'claim' EXCEPT SELECT claim_id FROM hit WHERE noun = 'claim')",
        );
        Ok(())
    }
}

/// What a claim's own text is worth beside its verdicts and what was said on it.
const WORTH: &str = "CASE noun WHEN 'claim' THEN 1.0 WHEN 'source' THEN 1.0 WHEN 'document' THEN 0.9 WHEN 'verdict' THEN 0.8 ELSE 0.7 END";

/// Whether what is found is told by how well it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranking {
    /// It is not: the list has an order of its own, and scores are 0.
    No,
    /// It is, from the best on.
    Best,
    /// It is, and the page before was walked or was not, as [`PageRequest::walked`] tells: what is ranked on one page and walked on
    /// the next would lose records between them.
    After {
        /// Whether it was walked.
        walked: bool,
    },
}

impl Ranking {
    /// For a page in order of relevance.
    pub fn of(page: &PageRequest) -> Self {
        page.walked().map_or(Self::Best, |walked| Self::After { walked })
    }
}

/// What a caller finds of these nouns by words, or, where there is nothing, by names that are nearly those.
///
/// To be run by [`crate::db::Db::search`].
pub async fn find(
    q: &str,
    nouns: &[&str],
    ranking: Ranking,
    viewer: Viewer,
    conn: &AsyncPgConnection,
) -> Result<Found> {
    let typed = typed("q", q)?;
    let Some(query) = typed.translate(conn).await? else {
        return Ok(Found::These { hits: Vec::new(), words: BTreeSet::new() });
    };
    let walks = match ranking {
        Ranking::After { walked } => walked,
        Ranking::No | Ranking::Best => is_everywhere(&query, nouns, viewer, conn).await?,
    };
    if walks {
        return Ok(Found::Many(query));
    }
    let hits = hits(&query, nouns, ranking, viewer, conn).await?;
    if hits.len() > MOST_RANKED {
        return Ok(Found::Many(query));
    }
    let hits = match typed.as_name() {
        Some(name) if hits.is_empty() => names::resembling(&name, nouns, viewer, conn).await?,
        _ => hits,
    };
    Ok(Found::These { hits, words: query.words })
}

/// What entries must have to be found by a query, which this parameter holds: `tsquery` in text form. None where its words mean nothing.
pub async fn wanted(parameter: &str, q: &str, conn: &AsyncPgConnection) -> Result<Option<String>> {
    Ok(typed(parameter, q)?.translate(conn).await?.map(|query| query.wanted))
}

fn typed(parameter: &str, q: &str) -> Result<Typed> {
    let typed = Typed::read(q);
    if typed.only_leaves_out() {
        return Err(Error::parameter(parameter, "says only what to leave out: add a word to look for"));
    }
    Ok(typed)
}

/// Whether a query finds far more than can be ranked, by a look at some thirty places: to gather hundreds of thousands of entries from
/// the index takes longer than all the rest. The places are those of the same data each time, and one in four must have such an entry,
/// so that what was recorded in a row, as on the day of a great story, is not taken for what is everywhere.
async fn is_everywhere(query: &Query, nouns: &[&str], viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Everywhere {
        #[diesel(sql_type = Bool)]
        everywhere: bool,
    }
    let sql = "WITH size AS (SELECT reltuples, relpages FROM pg_class WHERE oid = 'search_entries'::regclass),
             place AS (SELECT split_part(ctid::text, ',', 1) AS page, words @@ (SELECT $1::tsquery) AND noun = ANY ($2) AND (public OR newsroom_id = $3) AS found
                 FROM search_entries TABLESAMPLE SYSTEM ((SELECT CASE WHEN reltuples > 400000 THEN least(100, 3000.0 / greatest(relpages, 1)) ELSE 0 END FROM size)) REPEATABLE (1))
         SELECT count(DISTINCT page) FILTER (WHERE found) > 4 AND 4 * count(DISTINCT page) FILTER (WHERE found) >= count(DISTINCT page) AS everywhere FROM place";
    let found: Everywhere = Planned(
        diesel::sql_query(sql)
            .bind::<Text, _>(&query.wanted)
            .bind::<Array<Text>, _>(nouns)
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id()),
    )
    .get_result(&mut conn)
    .await?;
    Ok(found.everywhere)
}

async fn hits(
    query: &Query,
    nouns: &[&str],
    ranking: Ranking,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Hit>> {
    let sql = format!(
        "SELECT record_id, noun, claim_id, CASE WHEN $6 THEN ts_rank('{{0.1,0.2,0.4,1}}', words, (SELECT $4::tsquery), 1) * {WORTH} + 1e-9 ELSE 0 END::real AS score
         FROM (SELECT * FROM search_entries WHERE words @@ (SELECT $1::tsquery) AND noun = ANY ($2) AND (public OR newsroom_id = $3) LIMIT $5) AS found"
    );
    let limit = i64::try_from(MOST_RANKED).unwrap_or(i64::MAX - 1) + 1;
    Ok(Planned(
        diesel::sql_query(sql)
            .bind::<Text, _>(&query.wanted)
            .bind::<Array<Text>, _>(nouns)
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
            .bind::<Text, _>(&query.ranked)
            .bind::<BigInt, _>(limit)
            .bind::<Bool, _>(ranking != Ranking::No),
    )
    .load(&mut conn)
    .await?)
}

/// What a page of the newest goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newest {
    /// The records that are found.
    Records,
    /// The claims behind them, each once.
    Claims,
}

/// How many of the newest are walked past before all that a query finds is gathered: where its words stand in old entries alone,
/// as those of a language may, a walk to them takes longer. A word that is in more than [`MOST_RANKED`] of a million fills a usual
/// page within this many, unless it is so.
const MOST_WALKED: usize = 30_000;

/// The newest of what a query finds, where there is too much to rank: from `after` on, as many as `rows`.
pub async fn newest(
    query: &Query,
    nouns: &[&str],
    newest: Newest,
    after: Option<Uuid>,
    rows: i64,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Hit>> {
    let (id, seen) = match newest {
        Newest::Records => ("record_id", "true"),
        // A claim may be hidden from a newsroom that has spoken on it.
        Newest::Claims => (
            "claim_id",
            "(noun = 'claim' OR EXISTS (SELECT FROM claims WHERE claims.id = claim_id AND (status = 'published' OR claims.newsroom_id = $3)))",
        ),
    };
    let (before, has) = (format!("{id} < $4"), "words @@ (SELECT $1::tsquery)");
    let walked = format!("{before} ORDER BY {id} DESC LIMIT {MOST_WALKED}");
    let after = after.unwrap_or(Uuid::max());
    let mut found = Vec::new();
    let gathered = format!("{has} OFFSET 0");
    for (within, of_these) in [(walked.as_str(), has), (gathered.as_str(), before.as_str())] {
        let sql = format!(
            "SELECT DISTINCT ON ({id}) record_id, noun, claim_id, 0::real AS score FROM (SELECT * FROM search_entries WHERE {within}) AS entry
             WHERE {of_these} AND noun = ANY ($2) AND (public OR newsroom_id = $3) AND {seen} ORDER BY {id} DESC LIMIT $5"
        );
        found = Planned(
            diesel::sql_query(sql)
                .bind::<Text, _>(&query.wanted)
                .bind::<Array<Text>, _>(nouns)
                .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
                .bind::<SqlUuid, _>(after)
                .bind::<BigInt, _>(rows),
        )
        .load(&mut conn)
        .await?;
        let is_full = i64::try_from(found.len()).is_ok_and(|full| full >= rows);
        if is_full || !is_behind(id, after, conn).await? {
            break;
        }
    }
    Ok(found)
}

/// Whether there are entries behind those that a walk from `after` on passes.
async fn is_behind(id: &str, after: Uuid, mut conn: &AsyncPgConnection) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Behind {
        #[diesel(sql_type = Bool)]
        behind: bool,
    }
    let sql = format!(
        "SELECT EXISTS (SELECT FROM search_entries WHERE {id} < $1 ORDER BY {id} DESC OFFSET {MOST_WALKED}) AS behind"
    );
    let found: Behind = Planned(diesel::sql_query(sql).bind::<SqlUuid, _>(after)).get_result(&mut conn).await?;
    Ok(found.behind)
}
