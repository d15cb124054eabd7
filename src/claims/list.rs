use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::model::{Claim, ClaimStatus};
use crate::auth::Viewer;
use crate::error::{Error, Result};
use crate::page::{self, PageRequest};
use crate::partial_date::PartialDate;
use crate::schema::{claim_findings, claims, statements, verdicts};
use crate::search::{self, AskedFacets, Counted, Facet, Faceted, Facets, Found, Newest, Ranking, Sort};
use crate::stance::Stance;
use crate::text;

/// Which claims to list.
#[derive(Debug, Default, PartialEq, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClaimFilter {
    /// Words that stand together in a claim's text and context, in what was said on it, or in the title and summary of a verdict;
    /// read by the rules of every language in use, without regard to accents. `"…"` for a phrase, `or`, `-` for without: it leaves
    /// out the text, quote or verdict that has the word, not a claim that is found by another of its texts. Of more than 32 words the
    /// first 32 count.
    #[validate(length(max = 500))]
    #[param(max_length = 500, example = "meeting")]
    pub q: Option<String>,
    /// The order; `relevance` needs `q`. Newest first unless said.
    #[param(inline)]
    pub sort: Option<Sort>,
    /// What to count the claims by: `topic`, `language`, `rating`, `stance`, `newsroom`, `year`, joined by commas. Counted over all
    /// that the other filters leave. Not together with `as_of`.
    #[param(value_type = Option<Vec<Facet>>, style = Form, explode = false, inline)]
    pub facets: Option<AskedFacets>,
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

/// A page of claims, in order, with what was counted.
#[derive(Debug)]
pub struct ClaimList {
    claims: Vec<Claim>,
    /// How well each fits, where that is the order.
    scores: Option<HashMap<Uuid, f32>>,
    facets: Option<Facets>,
}

impl ClaimList {
    /// The claims alone.
    pub fn into_claims(self) -> Vec<Claim> {
        self.claims
    }

    /// Answers the page that was asked for.
    pub fn answer(self, page: PageRequest) -> Faceted<Claim> {
        let scores = self.scores;
        let key = |claim: &Claim| match &scores {
            Some(scores) => page::scored(scores.get(&claim.id).copied().unwrap_or_default(), claim.id).to_vec(),
            None => claim.id.as_bytes().to_vec(),
        };
        Faceted { listed: page.page(self.claims, key), facets: self.facets }
    }
}

impl Claim {
    /// A page of claims, newest first unless relevance is asked for.
    pub async fn list(
        filter: &ClaimFilter,
        page: &PageRequest,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<ClaimList> {
        let by_relevance = filter.sort == Some(Sort::Relevance);
        let ranking = if by_relevance { Ranking::of(page) } else { Ranking::No };
        let found = match &filter.q {
            Some(q) => Some(search::find(q, &search::ON_CLAIMS, ranking, viewer, conn).await?),
            None if by_relevance => return Err(Error::parameter("sort", "relevance needs q: say what to look for")),
            None => None,
        };
        let only_by_words = filter.only_by_words();
        let facets = match &found {
            // Without reading the claims, which takes long where there are many.
            Some(found) if only_by_words => {
                let behind = found.claims_behind(&search::ON_CLAIMS, viewer);
                search::facets_of(behind, filter.facets.as_ref(), None, viewer, conn).await?
            }
            found => {
                let asked = Asked { filter, viewer, found: found.as_ref() };
                search::facets_of(asked.all(), filter.facets.as_ref(), filter.source_id, viewer, conn).await?
            }
        };
        let scores = by_relevance.then(|| found.as_ref().map(Found::scores_of_claims).unwrap_or_default());
        // Where there are too many to rank, the newest come first.
        let after = if by_relevance { page.after_scored().map(|(_, id)| id) } else { page.after() };
        let found = match found {
            Some(Found::Many(query)) if only_by_words => {
                let on = &search::ON_CLAIMS;
                let hits = search::newest(&query, on, Newest::Claims, after, page.rows(), viewer, conn).await?;
                Some(Found::These { hits, words: query.words })
            }
            found => found,
        };
        let asked = Asked { filter, viewer, found: found.as_ref() };
        let claims = match &scores {
            Some(scores) if !scores.is_empty() => asked.best(scores, page, conn).await?,
            _ => asked.newest(after, page, conn).await?,
        };
        Ok(ClaimList { claims, scores, facets })
    }
}

type ClaimQuery<'a> = claims::BoxedQuery<'a, Pg>;

/// What was asked for, and by whom.
struct Asked<'a> {
    filter: &'a ClaimFilter,
    viewer: Viewer,
    /// What `q` finds.
    found: Option<&'a Found>,
}

impl Asked<'_> {
    async fn newest(&self, after: Option<Uuid>, page: &PageRequest, conn: &AsyncPgConnection) -> Result<Vec<Claim>> {
        let (mut for_public, mut for_own) = (conn, conn);
        // Whatever comes first has the highest id that there is.
        let before = claims::id.lt(after.unwrap_or(Uuid::max()));
        let turn = (claims::id.desc(), page.rows());
        let public = self.public(true).filter(before).select(Claim::as_select()).order(turn.0).limit(turn.1);
        let public = public.load(&mut for_public);
        let own = async {
            let Some(own) = self.own(true) else { return Ok(Vec::new()) };
            own.filter(before).select(Claim::as_select()).order(turn.0).limit(turn.1).load(&mut for_own).await
        };
        let (public, own) = futures_util::try_join!(public, own)?;
        Ok(page::merge(public, own, page.rows(), |claim: &Claim| claim.id))
    }

    /// The best of those that were found.
    async fn best(
        &self,
        scores: &HashMap<Uuid, f32>,
        page: &PageRequest,
        mut conn: &AsyncPgConnection,
    ) -> Result<Vec<Claim>> {
        let mut ids: Vec<Uuid> = self.public(false).select(claims::id).load(&mut conn).await?;
        if let Some(own) = self.own(false) {
            ids.extend(own.select(claims::id).load::<Uuid>(&mut conn).await?);
        }
        let rank = |id: Uuid| (scores.get(&id).copied().unwrap_or_default(), id);
        let mut ranked: Vec<_> = ids.into_iter().map(rank).collect();
        ranked.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(other.1.cmp(&one.1)));
        if let Some((score, id)) = page.after_scored() {
            ranked.retain(|(its, one)| its.total_cmp(&score).then(one.cmp(&id)).is_lt());
        }
        ranked.truncate(usize::try_from(page.rows()).unwrap_or(usize::MAX));
        let chosen: Vec<Uuid> = ranked.iter().map(|(_, id)| *id).collect();
        let mut claims: Vec<Claim> = Claim::query().filter(claims::id.eq_any(&chosen)).load(&mut conn).await?;
        claims.sort_unstable_by_key(|claim| chosen.iter().position(|id| *id == claim.id));
        Ok(claims)
    }

    /// All claims asked for, to be counted.
    fn all(&self) -> impl QueryFragment<Pg> + Send {
        let own =
            self.own(false).unwrap_or_else(|| claims::table.filter(diesel::dsl::sql::<Bool>("false")).into_boxed());
        self.public(false).select(Counted::default()).union_all(own.select(Counted::default()))
    }

    /// Those that everybody sees.
    fn public(&self, walking: bool) -> ClaimQuery<'_> {
        self.filter.query(self, None, walking).filter(claims::status.eq(ClaimStatus::Published))
    }

    /// Those that only the viewer's newsroom sees.
    fn own(&self, walking: bool) -> Option<ClaimQuery<'_>> {
        let newsroom_id = self.viewer.newsroom_id()?;
        let own = claims::newsroom_id.eq(newsroom_id).and(claims::status.ne(ClaimStatus::Published));
        Some(self.filter.query(self, Some(newsroom_id), walking).filter(own))
    }
}

impl ClaimFilter {
    /// Whether nothing but `q` chooses the claims.
    fn only_by_words(&self) -> bool {
        *self == Self { q: self.q.clone(), sort: self.sort, facets: self.facets.clone(), ..Self::default() }
    }

    /// Those that everybody sees, or those of a newsroom that only it sees.
    fn query<'a>(&'a self, asked: &'a Asked<'_>, hidden_of: Option<Uuid>, walking: bool) -> ClaimQuery<'a> {
        let mut query = claims::table.into_boxed();
        if let Some(found) = asked.found {
            query = query.filter(found.holds("claims.id", "claim_id", asked.viewer, walking));
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
        self.filter_dates(self.filter_findings(self.filter_records(query, asked.viewer), hidden_of))
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
