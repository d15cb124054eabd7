use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Viewer;
use crate::columns::Children;
use crate::error::Result;
use crate::sources::SourceKind;

/// Another source that this one's statements, or those on its word or behalf, lead to.
#[derive(Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct RelatedSource {
    /// The other source.
    #[diesel(sql_type = SqlUuid)]
    pub source_id: Uuid,
    /// Its name.
    #[diesel(sql_type = Text)]
    #[schema(example = "POLITICO")]
    pub name: String,
    /// What kind of source it is.
    #[diesel(sql_type = Text)]
    pub kind: SourceKind,
    /// How many statements: those that rely on the other side's, or are made on the source's behalf.
    #[diesel(sql_type = BigInt)]
    #[schema(example = 7)]
    pub statements: i64,
}

impl RelatedSource {
    /// The 20 sources that most speak on behalf of this one.
    pub async fn speaking_for(source_id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let speaking = diesel::sql_query(
            "SELECT source_id, name, kind, count(*) AS statements
             FROM statements
             JOIN sources ON sources.id = source_id AND (sources.public OR sources.newsroom_id = $2)
             WHERE on_behalf_of_id = $1 AND source_id <> $1
                 AND status <> 'withdrawn' AND (statements.public OR statements.newsroom_id = $2)
             GROUP BY source_id, name, kind
             ORDER BY count(*) DESC, source_id LIMIT 20",
        );
        let speaking = speaking.bind::<SqlUuid, _>(source_id).bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id());
        Ok(speaking.load(&mut conn).await?)
    }
}

/// How many statements of a year rely on others.
#[derive(Debug, Deserialize)]
pub struct ReliancesOfYear {
    pub year: Option<i32>,
    pub statements: i64,
}

/// Between which sources, and when, statements rely on each other: those of one source on those of others, or those of
/// others on those of the one.
#[derive(QueryableByName)]
pub struct Reliances {
    /// The 20 sources on the other side with most statements, most first.
    #[diesel(sql_type = Jsonb)]
    pub most: Children<RelatedSource>,
    /// By the year of the statement that relies.
    #[diesel(sql_type = Jsonb)]
    pub by_year: Children<ReliancesOfYear>,
}

impl Reliances {
    /// On whose statements those of this source rely.
    pub async fn of(source_id: Uuid, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Self> {
        Self::between("statement_id", "relied_on", source_id, viewer, conn).await
    }

    /// Whose statements rely on those of this source.
    pub async fn on(source_id: Uuid, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Self> {
        Self::between("relied_on_id", "relying", source_id, viewer, conn).await
    }

    /// `column` of `relies_on` has the source's statements, and `other` those on the other side.
    ///
    /// The source's statements go through an array, whose length the planner does not know: it looks each of them up, where
    /// else it reads all statements that there are as soon as a source has some ten thousand.
    async fn between(
        column: &str,
        other: &str,
        source_id: Uuid,
        viewer: Viewer,
        mut conn: &AsyncPgConnection,
    ) -> Result<Self> {
        let reliances = diesel::sql_query(format!(
            "WITH reliances AS MATERIALIZED (
                 SELECT DISTINCT relying.id, left(relying.said_on, 4)::int AS year, {other}.source_id
                 FROM unnest(ARRAY(SELECT id FROM statements WHERE source_id = $1)) AS one(id)
                 JOIN relies_on ON {column} = one.id
                 JOIN statements AS relying ON relying.id = statement_id
                 JOIN statements AS relied_on ON relied_on.id = relied_on_id
                 JOIN sources ON sources.id = {other}.source_id AND (sources.public OR sources.newsroom_id = $2)
                 WHERE {other}.source_id <> $1
                     AND relying.status <> 'withdrawn' AND (relying.public OR relying.newsroom_id = $2)
                     AND relied_on.status <> 'withdrawn' AND (relied_on.public OR relied_on.newsroom_id = $2)),
             most AS (
                 SELECT source_id, count(*) AS statements FROM reliances
                 GROUP BY source_id ORDER BY statements DESC, source_id LIMIT 20),
             years AS (SELECT year, count(DISTINCT id) AS statements FROM reliances GROUP BY year)
             SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object('source_id', source_id, 'name', name, 'kind', kind,
                                                                  'statements', statements) ORDER BY statements DESC, source_id), '[]')
                     FROM most JOIN sources ON sources.id = source_id) AS most,
                    (SELECT coalesce(jsonb_agg(to_jsonb(years)), '[]') FROM years) AS by_year"
        ));
        let reliances = reliances.bind::<SqlUuid, _>(source_id).bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id());
        Ok(reliances.get_result(&mut conn).await?)
    }
}
