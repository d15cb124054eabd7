use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::related::{RelatedSource, Reliances};
use crate::auth::Viewer;
use crate::claims::ClaimStatus;
use crate::columns::Children;
use crate::error::Result;
use crate::partial_date::PartialDate;
use crate::rating_scales::Rating;
use crate::sources::Source;
use crate::stance::Stance;

/// What there is on a source, as it stood at one moment, counted over the statements that you may see. What was withdrawn
/// counts for nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceRecord {
    /// The source.
    pub source: Source,
    /// How many statements it made.
    #[schema(example = 2)]
    pub statements: i64,
    /// How many with each stance; stances that occur only.
    #[schema(example = json!({"confirms": 1, "disputes": 1}))]
    pub by_stance: BTreeMap<Stance, i64>,
    /// When it first said something, by first possible day; null where no date is known.
    pub first_said_on: Option<PartialDate>,
    /// When it last said something, by first possible day; null where no date is known.
    pub last_said_on: Option<PartialDate>,
    /// The same over time, oldest year first, undated statements last.
    pub by_year: Vec<RecordYear>,
    /// How many claims it asserts.
    pub claims_asserted: i64,
    /// How many of those have a current verdict.
    pub claims_rated: i64,
    /// How the claims that it asserts are rated by current verdicts, of whichever newsroom: published, and not superseded or
    /// retracted. The default scale first.
    pub ratings: Vec<ScaleRecord>,
    /// On whose word it speaks: the 20 sources that it most relies on.
    pub relies_on: Vec<RelatedSource>,
    /// Who speaks on its word: the 20 sources that most rely on it.
    pub relied_on_by: Vec<RelatedSource>,
    /// Who speaks on its behalf: the 20 sources with most statements, which are theirs and not counted as its own.
    pub spoken_for_by: Vec<RelatedSource>,
    /// Its 20 latest statements, latest first; undated ones last, in the order in which they were recorded.
    pub recent: Vec<RecentStatement>,
}

/// What a source said in a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordYear {
    /// The year in which it was said; null where that is not known.
    #[schema(example = 2023)]
    pub year: Option<i32>,
    /// How many of the source's statements have each stance; stances that occur only.
    #[schema(example = json!({"confirms": 1, "disputes": 1}))]
    pub by_stance: BTreeMap<Stance, i64>,
    /// How many of these statements rely on another source's.
    pub relies_on: i64,
    /// How many statements of other sources, said in this year, rely on this source's.
    pub relied_on_by: i64,
}

/// How claims are rated on one scale.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ScaleRecord {
    /// The rating scale.
    pub scale_id: Uuid,
    /// Its name.
    #[schema(example = "True to false")]
    pub scale: String,
    /// Its ratings that were given, in its order.
    pub ratings: Vec<RatingRecord>,
}

/// How many claims have a rating.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RatingRecord {
    /// The rating.
    pub rating: Rating,
    /// How many claims; each once, however many verdicts give it the rating.
    #[schema(example = 3)]
    pub claims: i64,
}

/// A statement of the source in short.
#[derive(Debug, QueryableByName, Serialize, ToSchema)]
pub struct RecentStatement {
    /// The statement.
    #[diesel(sql_type = SqlUuid)]
    pub statement_id: Uuid,
    /// The claim it is about.
    #[diesel(sql_type = SqlUuid)]
    pub claim_id: Uuid,
    /// The claim's text; null where you may not see it any more.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "The meeting took place.")]
    pub claim: Option<String>,
    /// BCP 47 tag of the claim's text.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "en")]
    pub claim_language: Option<String>,
    /// The position taken.
    #[diesel(sql_type = Text)]
    pub stance: Stance,
    /// When it was said.
    #[diesel(sql_type = Nullable<Text>)]
    pub said_on: Option<PartialDate>,
    /// Who sees it.
    #[diesel(sql_type = Text)]
    pub status: ClaimStatus,
}

/// How often the source took a stance in a year.
#[derive(QueryableByName)]
struct Spoken {
    #[diesel(sql_type = Nullable<Integer>)]
    year: Option<i32>,
    #[diesel(sql_type = Text)]
    stance: Stance,
    #[diesel(sql_type = BigInt)]
    statements: i64,
    #[diesel(sql_type = Nullable<Text>)]
    first_said_on: Option<PartialDate>,
    #[diesel(sql_type = Nullable<Text>)]
    last_said_on: Option<PartialDate>,
}

/// What became of the claims that the source asserts.
#[derive(QueryableByName)]
struct Asserted {
    #[diesel(sql_type = BigInt)]
    claims: i64,
    #[diesel(sql_type = BigInt)]
    rated: i64,
    #[diesel(sql_type = Jsonb)]
    ratings: Children<ScaleRecord>,
}

impl SourceRecord {
    /// Reads the record in one snapshot (the connection's transaction): seven statements, however much there is. 404 for a
    /// source that the viewer may not see.
    pub async fn find(id: Uuid, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Self> {
        let source = Source::find(id, viewer, conn).await?;
        let (spoken, asserted, relies_on, relied_on_by, spoken_for_by, recent) = futures_util::try_join!(
            Spoken::by(id, viewer, conn),
            Asserted::by(id, viewer, conn),
            Reliances::of(id, viewer, conn),
            Reliances::on(id, viewer, conn),
            RelatedSource::speaking_for(id, viewer, conn),
            RecentStatement::by(id, viewer, conn),
        )?;
        let mut by_stance = BTreeMap::new();
        for one in &spoken {
            *by_stance.entry(one.stance).or_default() += one.statements;
        }
        Ok(Self {
            source,
            statements: by_stance.values().sum(),
            by_stance,
            first_said_on: spoken.iter().filter_map(|one| one.first_said_on.clone()).min(),
            last_said_on: spoken.iter().filter_map(|one| one.last_said_on.clone()).max(),
            by_year: by_year(&spoken, &relies_on, &relied_on_by),
            claims_asserted: asserted.claims,
            claims_rated: asserted.rated,
            ratings: asserted.ratings.0,
            relies_on: relies_on.most.0,
            relied_on_by: relied_on_by.most.0,
            spoken_for_by,
            recent,
        })
    }
}

/// The years in which something was said by the source or on its word, oldest first, the unknown one last.
fn by_year(spoken: &[Spoken], relies_on: &Reliances, relied_on_by: &Reliances) -> Vec<RecordYear> {
    let mut years = BTreeMap::new();
    for one in spoken {
        of(one.year, &mut years).by_stance.insert(one.stance, one.statements);
    }
    for one in &relies_on.by_year.0 {
        of(one.year, &mut years).relies_on = one.statements;
    }
    for one in &relied_on_by.by_year.0 {
        of(one.year, &mut years).relied_on_by = one.statements;
    }
    years.into_values().collect()
}

fn of(year: Option<i32>, years: &mut BTreeMap<(bool, Option<i32>), RecordYear>) -> &mut RecordYear {
    let empty = RecordYear { year, by_stance: BTreeMap::new(), relies_on: 0, relied_on_by: 0 };
    years.entry((year.is_none(), year)).or_insert(empty)
}

impl Spoken {
    async fn by(source_id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let spoken = diesel::sql_query(
            "SELECT left(said_on, 4)::int AS year, stance, count(*) AS statements,
                    min(said_on) AS first_said_on, max(said_on) AS last_said_on
             FROM statements
             WHERE source_id = $1 AND status <> 'withdrawn' AND (public OR newsroom_id = $2)
             GROUP BY 1, 2",
        );
        let spoken = spoken.bind::<SqlUuid, _>(source_id).bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id());
        Ok(spoken.load(&mut conn).await?)
    }
}

impl Asserted {
    async fn by(source_id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let asserted = diesel::sql_query(
            "WITH asserted AS MATERIALIZED (
                 SELECT DISTINCT claim_id FROM statements
                 WHERE source_id = $1 AND stance = 'asserts' AND status <> 'withdrawn' AND (public OR newsroom_id = $2)),
             rated AS MATERIALIZED (
                 SELECT DISTINCT claim_id, rating_id FROM asserted JOIN verdicts USING (claim_id)
                 WHERE status = 'published' AND (public OR newsroom_id = $2)),
             on_scales AS (
                 SELECT scale_id, jsonb_agg(jsonb_build_object('claims', claims, 'rating', jsonb_build_object(
                            'id', id, 'slug', slug, 'label', label, 'order', position, 'numeric_value', numeric_value,
                            'description', description, 'labels', labels)) ORDER BY position, id) AS ratings
                 FROM (SELECT rating_id AS id, count(*) AS claims FROM rated GROUP BY rating_id) AS counted JOIN ratings USING (id)
                 GROUP BY scale_id)
             SELECT (SELECT count(*) FROM asserted) AS claims,
                    (SELECT count(DISTINCT claim_id) FROM rated) AS rated,
                    (SELECT coalesce(jsonb_agg(jsonb_build_object('scale_id', scale_id, 'scale', name, 'ratings', ratings)
                                               ORDER BY NOT is_default, name, scale_id), '[]')
                     FROM on_scales JOIN rating_scales ON rating_scales.id = scale_id) AS ratings",
        );
        let asserted = asserted.bind::<SqlUuid, _>(source_id).bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id());
        Ok(asserted.get_result(&mut conn).await?)
    }
}

impl RecentStatement {
    async fn by(source_id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        // The latest are chosen before their claims are looked up, as there may be many statements.
        let recent = diesel::sql_query(
            "SELECT latest.id AS statement_id, claim_id, claims.text AS claim, claims.language AS claim_language, stance,
                    said_on, latest.status
             FROM (SELECT id, claim_id, stance, said_on, status FROM statements
                   WHERE source_id = $1 AND status <> 'withdrawn' AND (public OR newsroom_id = $2)
                   ORDER BY said_on DESC NULLS LAST, id DESC LIMIT 20) AS latest
             LEFT JOIN claims ON claims.id = claim_id AND (claims.status = 'published' OR claims.newsroom_id = $2)
             ORDER BY said_on DESC NULLS LAST, latest.id DESC",
        );
        let recent = recent.bind::<SqlUuid, _>(source_id).bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id());
        Ok(recent.load(&mut conn).await?)
    }
}
