//! Claims, to be sent.

use std::borrow::Cow;
use std::collections::HashMap;

use actix_web::web;
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::ROWS;
use super::table::{Table, TableForm, date, id, optional, time};
use crate::as_of::Moment;
use crate::auth::Viewer;
use crate::claims::{Claim, ClaimFilter, ClaimStatus};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::page::PageRequest;
use crate::partial_date::PartialDate;
use crate::search::Sort;

/// The claims that a caller asks for.
#[derive(Clone)]
pub struct Claims {
    pub db: web::Data<Db>,
    pub viewer: Viewer,
    pub moment: Moment,
    pub filter: web::Data<ClaimFilter>,
}

impl Claims {
    /// 400 for what only a page of a list has.
    pub fn of(db: web::Data<Db>, viewer: Viewer, moment: Moment, filter: ClaimFilter) -> Result<Self> {
        if filter.sort == Some(Sort::Relevance) {
            return Err(Error::parameter("sort", "must be newest, or left out: an export is in the order of a walk"));
        }
        if filter.facets.is_some() {
            return Err(Error::parameter("facets", "must be left out: GET /v1/claims counts"));
        }
        Ok(Self { db, viewer, moment, filter: web::Data::new(filter) })
    }

    /// Those behind one, and what goes with them.
    pub async fn after<T>(
        &self,
        last: Option<Uuid>,
        with: impl AsyncFn(Vec<Claim>, &AsyncPgConnection) -> Result<T>,
    ) -> Result<T> {
        self.viewer.still_may(&self.db).await?;
        let page = PageRequest::piece(ROWS, last);
        let read = async |conn: &AsyncPgConnection| {
            let found = Claim::list(&self.filter, &page, self.viewer, conn).await?;
            with(found.into_claims(), conn).await
        };
        if self.filter.q.is_some() { self.db.search(read).await } else { self.db.snapshot_at(&self.moment, read).await }
    }
}

/// The columns of a table of claims.
const COLUMNS: [&str; 27] = [
    "id",
    "text",
    "language",
    "context",
    "claimants",
    "claimed_on",
    "event_on",
    "place",
    "topics",
    "part_of_id",
    "status",
    "withdrawn_reason",
    "newsroom_id",
    "newsroom",
    "verdict_id",
    "rating",
    "rating_value",
    "rating_id",
    "verdict_title",
    "verdict_summary",
    "verdict_url",
    "verdict_reviewed_on",
    "verdict_publisher",
    "page",
    "created_at",
    "updated_at",
    "version",
];

/// What a table tells of a claim beside its own members.
#[derive(Debug, QueryableByName)]
struct Beside {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    newsroom: String,
    #[diesel(sql_type = Array<Text>)]
    claimants: Vec<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    verdict_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    numeric_value: Option<i32>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    rating_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    title: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    summary: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    url: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reviewed_on: Option<PartialDate>,
    #[diesel(sql_type = Nullable<Text>)]
    publisher: Option<String>,
}

/// As far as the viewer sees it. Claimants are who asserts the claim by name and relies on nobody; of several current verdicts it is a
/// newsroom's own rather than another publisher's, the claim's newsroom's rather than another's, and the newest.
const BESIDE: &str = "SELECT c.id, n.name AS newsroom, verdict.*,
    ARRAY(SELECT s.name FROM statements AS t JOIN sources AS s ON s.id = t.source_id
          WHERE t.claim_id = c.id AND t.stance = 'asserts' AND (t.public OR t.newsroom_id = $2) AND t.status <> 'withdrawn'
              AND s.kind <> 'unnamed' AND (s.public OR s.newsroom_id = $2)
              AND NOT EXISTS (SELECT FROM relies_on WHERE statement_id = t.id)
          GROUP BY s.id, s.name ORDER BY min(t.said_on) NULLS LAST, min(t.id::text)) AS claimants
    FROM claims AS c JOIN newsrooms AS n ON n.id = c.newsroom_id
    LEFT JOIN LATERAL (
        SELECT v.id AS verdict_id, coalesce(v.textual_rating, r.label) AS label, CASE WHEN v.author_id IS NULL THEN r.numeric_value END AS numeric_value, v.rating_id, v.title, v.summary, v.url, v.reviewed_on, coalesce(a.name, own.name) AS publisher
        FROM verdicts AS v JOIN newsrooms AS own ON own.id = v.newsroom_id LEFT JOIN ratings AS r ON r.id = v.rating_id LEFT JOIN sources AS a ON a.id = v.author_id
        WHERE v.claim_id = c.id AND v.status = 'published' AND (v.public OR v.newsroom_id = $2)
        ORDER BY v.author_id IS NOT NULL, v.newsroom_id <> c.newsroom_id, v.updated_at DESC, v.id DESC LIMIT 1) AS verdict ON true
    WHERE c.id = ANY ($1)";

impl Beside {
    async fn of(claims: &[Claim], viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<HashMap<Uuid, Self>> {
        let ids: Vec<Uuid> = claims.iter().map(|claim| claim.id).collect();
        let query = diesel::sql_query(BESIDE).bind::<Array<SqlUuid>, _>(ids);
        let query = query.bind::<SqlUuid, _>(viewer.newsroom_id().unwrap_or_default());
        let found: Vec<Self> = query.load(&mut conn).await?;
        Ok(found.into_iter().map(|one| (one.id, one)).collect())
    }
}

/// Claims as rows of a table; `site` is before the path of their pages.
pub async fn rows(
    claims: &[Claim],
    form: TableForm,
    is_first: bool,
    site: &str,
    viewer: Viewer,
    conn: &AsyncPgConnection,
) -> Result<Vec<u8>> {
    let beside = Beside::of(claims, viewer, conn).await?;
    let heading = is_first.then_some(&COLUMNS);
    Table::of(form, heading, claims, |claim| beside.get(&claim.id), |claim, beside| row(claim, beside, site))
}

fn row<'a>(claim: &'a Claim, beside: &'a Beside, site: &str) -> [Cow<'a, str>; COLUMNS.len()] {
    let page = if claim.status == ClaimStatus::Draft { String::new() } else { format!("{site}/claims/{}", claim.id) };
    [
        claim.id.to_string().into(),
        claim.text.as_str().into(),
        claim.language.as_str().into(),
        optional(claim.context.as_ref()),
        beside.claimants.join("; ").into(),
        date(claim.claimed_on.as_ref()),
        date(claim.event_on.as_ref()),
        optional(claim.place.as_ref()),
        claim.topics.join("; ").into(),
        id(claim.part_of_id),
        claim.status.as_str().into(),
        optional(claim.withdrawn_reason.as_ref()),
        claim.newsroom_id.to_string().into(),
        beside.newsroom.as_str().into(),
        id(beside.verdict_id),
        optional(beside.label.as_ref()),
        beside.numeric_value.map(|value| value.to_string()).unwrap_or_default().into(),
        id(beside.rating_id),
        optional(beside.title.as_ref()),
        optional(beside.summary.as_ref()),
        optional(beside.url.as_ref()),
        date(beside.reviewed_on.as_ref()),
        optional(beside.publisher.as_ref()),
        page.into(),
        time(claim.created_at),
        time(claim.updated_at),
        claim.version.to_string().into(),
    ]
}
