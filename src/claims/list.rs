use diesel::dsl::{AsSelect, SqlTypeOf, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::model::{Claim, ClaimStatus};
use crate::auth::Viewer;
use crate::error::Result;
use crate::page::{self, PageRequest};
use crate::partial_date::PartialDate;
use crate::schema::{claim_findings, claims, statements, verdicts};
use crate::stance::Stance;
use crate::text;

/// Which claims to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClaimFilter {
    /// Words of text or context, by the rules of each claim's own language; `"…"` for a phrase, `or`, `-` for without.
    #[validate(length(max = 200))]
    #[param(max_length = 200, example = "meeting")]
    pub q: Option<String>,
    /// In this language, a BCP 47 tag; `en` finds `en-GB` as well.
    #[validate(length(max = 35), custom(function = text::language))]
    #[param(max_length = 35)]
    pub language: Option<String>,
    /// Filed under this topic.
    #[validate(custom(function = text::slug))]
    #[param(max_length = 100)]
    pub topic: Option<String>,
    /// With this status; drafts and withdrawn claims are listed to their newsroom only.
    pub status: Option<ClaimStatus>,
    /// Recorded by this newsroom.
    pub newsroom_id: Option<Uuid>,
    /// On which this source has spoken; with `stance`, in this way.
    pub source_id: Option<Uuid>,
    /// On which somebody has taken this stance.
    pub stance: Option<Stance>,
    /// With a current verdict of this rating: a published one that is not superseded.
    pub rating_id: Option<Uuid>,
    /// Parts of this claim.
    pub part_of_id: Option<Uuid>,
    /// Supported by exactly one independent origin, or not; as the public sees a published claim and its newsroom another. Not
    /// together with `as_of`.
    pub single_origin: Option<bool>,
    /// With statements that rely on each other in a circle, or without; seen likewise. Not together with `as_of`.
    pub circular: Option<bool>,
    /// First claimed then or later; a partial date, overlaps count.
    pub claimed_from: Option<PartialDate>,
    /// First claimed then or earlier; a partial date, overlaps count.
    pub claimed_to: Option<PartialDate>,
    /// Said to have happened then or later; a partial date, overlaps count.
    pub event_from: Option<PartialDate>,
    /// Said to have happened then or earlier; a partial date, overlaps count.
    pub event_to: Option<PartialDate>,
}

impl Claim {
    /// A page of claims, newest first.
    pub async fn list(
        filter: &ClaimFilter,
        page: &PageRequest,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        let (mut for_public, mut for_own) = (conn, conn);
        let public = filter.query(page, viewer, None).filter(claims::status.eq(ClaimStatus::Published));
        let public = public.load(&mut for_public);
        let own = async {
            let Some(newsroom_id) = viewer.newsroom_id() else { return Ok(Vec::new()) };
            let own = claims::newsroom_id.eq(newsroom_id).and(claims::status.ne(ClaimStatus::Published));
            filter.query(page, viewer, Some(newsroom_id)).filter(own).load(&mut for_own).await
        };
        let (public, own) = futures_util::try_join!(public, own)?;
        Ok(page::merge(public, own, page.rows(), |claim: &Self| claim.id))
    }
}

type ClaimQuery<'a> = claims::BoxedQuery<'a, Pg, SqlTypeOf<AsSelect<Claim, Pg>>>;

impl ClaimFilter {
    /// Those that everybody sees, or those of a newsroom that only it sees.
    fn query(&self, page: &PageRequest, viewer: Viewer, hidden_of: Option<Uuid>) -> ClaimQuery<'_> {
        let mut query = Claim::query().into_boxed();
        if let Some(q) = &self.q {
            query = query.filter(sql::<Bool>("claims.id IN (SELECT claims_matching(").bind::<Text, _>(q).sql("))"));
        }
        if let Some(language) = &self.language {
            query = query.filter(
                sql::<Bool>("lower(claims.language) || '-' LIKE ").bind::<Text, _>(text::language_range(language)),
            );
        }
        if let Some(topic) = &self.topic {
            query = query.filter(claims::topics.contains(vec![topic]));
        }
        if let Some(status) = self.status {
            query = query.filter(claims::status.eq(status));
        }
        if let Some(newsroom_id) = self.newsroom_id {
            query = query.filter(claims::newsroom_id.eq(newsroom_id));
        }
        if let Some(part_of_id) = self.part_of_id {
            query = query.filter(claims::part_of_id.eq(part_of_id));
        }
        query = self.filter_dates(self.filter_findings(self.filter_records(query, viewer), hidden_of));
        if let Some(after) = page.after() {
            query = query.filter(claims::id.lt(after));
        }
        query.order(claims::id.desc()).limit(page.rows())
    }

    /// By what hangs on the claim, as far as the viewer may see it.
    fn filter_records<'a>(&'a self, mut query: ClaimQuery<'a>, viewer: Viewer) -> ClaimQuery<'a> {
        let own = viewer.newsroom_id().unwrap_or_default();
        if self.source_id.is_some() || self.stance.is_some() {
            let standing = statements::newsroom_id.eq(own).and(statements::status.ne(ClaimStatus::Withdrawn));
            let seen = statements::public.or(standing);
            let mut spoken = statements::table.select(statements::claim_id).filter(seen).into_boxed();
            if let Some(source_id) = self.source_id {
                spoken = spoken.filter(statements::source_id.eq(source_id));
            }
            if let Some(stance) = self.stance {
                spoken = spoken.filter(statements::stance.eq(stance));
            }
            query = query.filter(claims::id.eq_any(spoken));
        }
        if let Some(rating_id) = self.rating_id {
            let seen = verdicts::public.or(verdicts::newsroom_id.eq(own));
            let current = verdicts::status.eq("published").and(verdicts::rating_id.eq(rating_id));
            let rated = verdicts::table.select(verdicts::claim_id).filter(seen).filter(current);
            query = query.filter(claims::id.eq_any(rated));
        }
        query
    }

    /// By what the attribution graph tells.
    fn filter_findings<'a>(&'a self, mut query: ClaimQuery<'a>, hidden_of: Option<Uuid>) -> ClaimQuery<'a> {
        if self.single_origin.is_none() && self.circular.is_none() {
            return query;
        }
        let mut found = claim_findings::table.select(claim_findings::claim_id).into_boxed();
        // Each of the two has indexes of its own.
        found = match hidden_of {
            None => found.filter(claim_findings::published),
            Some(id) => {
                found.filter(diesel::dsl::not(claim_findings::published).and(claim_findings::newsroom_id.eq(id)))
            }
        };
        if let Some(single_origin) = self.single_origin {
            found = found.filter(claim_findings::single_origin.eq(single_origin));
        }
        if let Some(circular) = self.circular {
            found = found.filter(claim_findings::circular.eq(circular));
        }
        query = query.filter(claims::id.eq_any(found));
        query
    }

    /// A date and a bound overlap when the last day that one may be is not before the first that the other may be.
    fn filter_dates<'a>(&'a self, mut query: ClaimQuery<'a>) -> ClaimQuery<'a> {
        let bounds = [
            (&self.claimed_from, &self.claimed_to, "claims.claimed_on"),
            (&self.event_from, &self.event_to, "claims.event_on"),
        ];
        for (from, to, column) in bounds {
            if let Some(from) = from {
                query =
                    query.filter(sql::<Bool>(&format!("{column} || '~' >= ")).bind::<Text, _>(from.as_str()).sql(""));
            }
            if let Some(to) = to {
                query = query.filter(sql::<Bool>(&format!("{column} <= ")).bind::<Text, _>(to.upper_bound()).sql(""));
            }
        }
        query
    }
}
