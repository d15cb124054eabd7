//! `claims:search`.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::model::{FactCheckedClaim, at_or_below, is_on};
use crate::auth::Viewer;
use crate::claim_review::{self, ClaimReview, TOLD};
use crate::error::{Error, Result};
use crate::page::{self, PageRequest};
use crate::planned::Planned;
use crate::search::{self, Found, ON_CLAIMS, Ranking};
use crate::text;

/// How many claims a page has unless asked.
const USUALLY: u64 = 10;
/// How many it has at most; more are not refused.
const MOST: u64 = 200;

/// How many are answered at most. To Google's clients 0 is a number that was not set, here as elsewhere.
pub fn size(asked: Option<u64>) -> u64 {
    asked.filter(|size| *size > 0).unwrap_or(USUALLY).min(MOST)
}

/// What to search for.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ClaimSearch {
    /// Words that stand together in the claim, in what was said on it or in its review. Where no claim has them all, those that are about
    /// the same matter are found. May be left out with `reviewPublisherSiteFilter`.
    #[validate(length(max = 500))]
    #[param(max_length = 500, example = "meeting")]
    pub query: Option<String>,
    /// Reviews in this language only, a BCP 47 tag; the region does not matter.
    #[validate(length(max = 35), custom(function = text::language))]
    #[param(max_length = 35, example = "en")]
    pub language_code: Option<String>,
    /// Reviews of this publisher only: the host of its site.
    #[validate(length(max = 2000))]
    #[param(max_length = 2000)]
    pub review_publisher_site_filter: Option<String>,
    /// The newer of the dates of claim and review is at most this many days ago; any where it is 0.
    #[validate(range(max = 36500))]
    #[param(minimum = 0, maximum = 36500)]
    pub max_age_days: Option<u64>,
    /// How many claims to answer at most: 10 unless said or where it is 0, 200 at most.
    #[param(minimum = 0, default = 10)]
    pub page_size: Option<u64>,
    /// `nextPageToken` of the page before, with the same parameters.
    pub page_token: Option<String>,
    /// How many claims to pass over; heeded without `pageToken` only.
    #[validate(range(max = 2000))]
    #[param(minimum = 0, maximum = 2000)]
    pub offset: Option<u64>,
}

/// The claims of a page, in order, each with its score and its reviews.
pub struct Reviewed {
    /// What the list is ordered by.
    pub key: (f32, Uuid),
    /// All of its reviews.
    pub reviews: Vec<ClaimReview>,
}

/// What verdicts `v` are chosen from.
const VERDICTS: &str = "verdicts AS v JOIN claims AS c ON c.id = v.claim_id JOIN newsrooms AS n ON n.id = v.newsroom_id LEFT JOIN sources AS a ON a.id = v.author_id";

/// Those of a language ($1), so many days old ($2) and of a site ($3) where asked.
const ASKED: &str = "($1 IS NULL OR split_part(lower(coalesce(v.language, c.language)), '-', 1) = $1)
     AND ($2 IS NULL OR greatest(c.claimed_on, v.reviewed_on) || '~' >= to_char((now() AT TIME ZONE 'UTC')::date - $2, 'YYYY-MM-DD'))
     AND ($3 IS NULL OR '.' || substring(lower(coalesce(CASE WHEN a.id IS NULL THEN n.site ELSE a.website END, v.url)) FROM '^https?://(?:[^/@]*@)?([^/:?#]+)') LIKE ANY ($3))";

#[derive(QueryableByName)]
struct ClaimId {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl ClaimSearch {
    /// Which page is asked for; what must not change from page to page is tied to its token.
    pub fn page(&self, path: &str) -> Result<PageRequest> {
        if self.review_publisher_site_filter.is_some() && self.site().is_none() {
            return Err(Error::parameter(
                "reviewPublisherSiteFilter",
                "must be the host of a site, such as news.example",
            ));
        }
        if self.words().is_none() && self.site().is_none() {
            return Err(Error::parameter("query", "is needed, or reviewPublisherSiteFilter"));
        }
        let size = size(self.page_size);
        let age = self.most_days().map(|days| days.to_string());
        let mut parameters: BTreeMap<String, String> = [
            ("limit", Some(size.to_string())),
            ("cursor", self.page_token.clone()),
            ("query", self.query.clone()),
            ("languageCode", self.language_code.clone()),
            ("reviewPublisherSiteFilter", self.review_publisher_site_filter.clone()),
            ("maxAgeDays", age),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
        // The size is right by now.
        PageRequest::read(path, &mut parameters).map_err(|_| {
            Error::parameter("pageToken", "must be a nextPageToken that was answered to the same parameters")
        })
    }

    /// What is searched for, where that is not blank.
    pub fn words(&self) -> Option<&str> {
        self.query.as_deref().filter(|query| !query.trim().is_empty())
    }

    fn site(&self) -> Option<String> {
        self.review_publisher_site_filter.as_deref().and_then(text::host)
    }

    fn language(&self) -> Option<String> {
        self.language_code.as_deref().and_then(|tag| tag.split('-').next()).map(str::to_lowercase)
    }

    fn most_days(&self) -> Option<i32> {
        self.max_age_days.filter(|days| *days > 0).and_then(|days| i32::try_from(days).ok())
    }

    fn skipped(&self) -> usize {
        let offset = self.offset.filter(|_| self.page_token.is_none()).unwrap_or_default();
        usize::try_from(offset).unwrap_or_default()
    }

    /// The rows of a page; none where no reviewed claim at all has the words. To be run by [`crate::db::Db::search`].
    pub async fn run(&self, page: &PageRequest, conn: &AsyncPgConnection) -> Result<Option<Vec<Reviewed>>> {
        let found = match self.words() {
            Some(query) => Some(search::find(query, &ON_CLAIMS, Ranking::of(page), Viewer(None), conn).await?),
            None => None,
        };
        let keys = match &found {
            Some(found @ Found::These { .. }) => match self.best(&found.scores_of_claims(), page, conn).await? {
                Some(keys) => keys,
                None => return Ok(None),
            },
            Some(Found::Many(query)) => self.newest(Some(&query.wanted), page, conn).await?,
            None => self.newest(None, page, conn).await?,
        };
        self.reviewed(&keys, conn).await.map(Some)
    }

    /// These claims, as far as they have what was asked for, in their order. To be run likewise.
    pub async fn of_these(
        &self,
        scores: &HashMap<Uuid, f32>,
        page: &PageRequest,
        conn: &AsyncPgConnection,
    ) -> Result<Vec<Reviewed>> {
        let keys = self.best(scores, page, conn).await?.unwrap_or_default();
        self.reviewed(&keys, conn).await
    }

    /// The page of those that were asked for; none where there are none on any page.
    async fn best(
        &self,
        scores: &HashMap<Uuid, f32>,
        page: &PageRequest,
        mut conn: &AsyncPgConnection,
    ) -> Result<Option<Vec<(f32, Uuid)>>> {
        let ids: Vec<Uuid> = scores.keys().copied().collect();
        let found: Vec<ClaimId> = Planned(
            diesel::sql_query(format!(
                "SELECT DISTINCT v.claim_id AS id FROM {VERDICTS} WHERE {TOLD} AND {ASKED} AND v.claim_id = ANY($4)"
            ))
            .bind::<Nullable<Text>, _>(self.language())
            .bind::<Nullable<Integer>, _>(self.most_days())
            .bind::<Nullable<Array<Text>>, _>(self.site().as_deref().map(at_or_below))
            .bind::<Array<SqlUuid>, _>(ids),
        )
        .load(&mut conn)
        .await?;
        let mut ranked: Vec<_> =
            found.into_iter().map(|ClaimId { id }| (scores.get(&id).copied().unwrap_or_default(), id)).collect();
        ranked.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(other.1.cmp(&one.1)));
        if ranked.is_empty() {
            return Ok(None);
        }
        if let Some((score, id)) = page.after_scored() {
            ranked.retain(|(its, one)| its.total_cmp(&score).then(one.cmp(&id)).is_lt());
        }
        let rows = usize::try_from(page.rows()).unwrap_or(usize::MAX);
        Ok(Some(ranked.into_iter().skip(self.skipped()).take(rows).collect()))
    }

    /// The claims recorded last, of those that have the words.
    async fn newest(
        &self,
        words: Option<&str>,
        page: &PageRequest,
        mut conn: &AsyncPgConnection,
    ) -> Result<Vec<(f32, Uuid)>> {
        let skipped = i64::try_from(self.skipped()).unwrap_or_default();
        let sql = format!(
            "SELECT v.claim_id AS id FROM {VERDICTS} WHERE {TOLD} AND {ASKED} AND v.claim_id < $4
             AND ($5 IS NULL OR EXISTS (SELECT FROM search_entries AS e WHERE e.claim_id = v.claim_id AND e.words @@ (SELECT $5::tsquery) AND e.public))
             GROUP BY v.claim_id ORDER BY v.claim_id DESC LIMIT $6"
        );
        let found: Vec<ClaimId> = Planned(
            diesel::sql_query(sql)
                .bind::<Nullable<Text>, _>(self.language())
                .bind::<Nullable<Integer>, _>(self.most_days())
                .bind::<Nullable<Array<Text>>, _>(self.site().as_deref().map(at_or_below))
                .bind::<SqlUuid, _>(page.after_scored().map_or(Uuid::max(), |(_, id)| id))
                .bind::<Nullable<Text>, _>(words)
                .bind::<BigInt, _>(page.rows() + skipped),
        )
        .load(&mut conn)
        .await?;
        Ok(found.into_iter().skip(self.skipped()).map(|ClaimId { id }| (0.0, id)).collect())
    }

    async fn reviewed(&self, keys: &[(f32, Uuid)], conn: &AsyncPgConnection) -> Result<Vec<Reviewed>> {
        let ids: Vec<Uuid> = keys.iter().map(|(_, id)| *id).collect();
        let mut of_claim: HashMap<Uuid, Vec<ClaimReview>> = HashMap::new();
        for review in claim_review::of_claims(&ids, conn).await? {
            of_claim.entry(review.claim_id).or_default().push(review);
        }
        Ok(keys
            .iter()
            .map(|key| Reviewed { key: *key, reviews: of_claim.remove(&key.1).unwrap_or_default() })
            .collect())
    }

    /// A claim, as the first of its reviews that were asked for has it, with those; none where it has none.
    pub fn told(&self, found: &Reviewed, base: &str) -> Option<FactCheckedClaim> {
        let (site, language) = (self.site(), self.language());
        let is_asked_for = |review: &&ClaimReview| {
            site.as_deref().is_none_or(|site| is_on(review, site))
                && language.as_deref().is_none_or(|language| {
                    review.in_language.split('-').next().is_some_and(|one| one.eq_ignore_ascii_case(language))
                })
        };
        let reviews: Vec<_> = found.reviews.iter().filter(is_asked_for).collect();
        FactCheckedClaim::reviewed_by(&reviews, base)
    }

    /// The key of a row, for the token of the page after it.
    pub fn key(found: &Reviewed) -> [u8; 20] {
        page::scored(found.key.0, found.key.1)
    }
}
