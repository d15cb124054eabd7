//! What a feed tells.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use crate::claim_review::RATED;
use crate::error::Result;
use crate::page::PageRequest;
use crate::search;
use crate::text;
use crate::verdicts::conclusion;

/// Which verdicts a feed has.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedFilter {
    /// On claims that have these words, as `q` of `GET /v1/claims` has them but for typing errors: in the claim, in what was said on it
    /// or in a verdict that stands. A word that only a retracted verdict had does not find it, nor does any what was withdrawn.
    #[validate(length(max = 500))]
    #[param(max_length = 500)]
    pub q: Option<String>,
    /// On this claim.
    pub claim_id: Option<Uuid>,
    /// Recorded by this newsroom.
    pub newsroom_id: Option<Uuid>,
    /// Giving this rating.
    pub rating_id: Option<Uuid>,
    /// On claims filed under this topic.
    #[validate(custom(function = text::slug))]
    #[param(max_length = 100)]
    pub topic: Option<String>,
    /// In this language, a BCP 47 tag; `en` finds `en-GB` as well.
    #[validate(length(max = 35), custom(function = text::language))]
    #[param(max_length = 35)]
    pub language: Option<String>,
}

/// A verdict in a feed, or that it was retracted or withdrawn with its claim.
#[derive(Debug, QueryableByName)]
pub struct Entry {
    /// The verdict.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The first of the verdicts that it has replaced, itself where there is none: a correction is news of the same entry.
    #[diesel(sql_type = SqlUuid)]
    pub first_id: Uuid,
    /// When everybody first saw that one.
    #[diesel(sql_type = Timestamptz)]
    pub first_at: DateTime<Utc>,
    /// When it was published, retracted or withdrawn.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Who recorded it.
    #[diesel(sql_type = SqlUuid)]
    pub newsroom_id: Uuid,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub newsroom: String,
    /// The claim.
    #[diesel(sql_type = SqlUuid)]
    pub claim_id: Uuid,
    /// Whether another newsroom, whose claim it was, has withdrawn it.
    #[diesel(sql_type = Bool)]
    pub claim_gone: bool,
    /// Why its newsroom has withdrawn the claim, and the verdict with it: nothing else is told of either then.
    #[diesel(sql_type = Nullable<Text>)]
    pub withdrawn_reason: Option<String>,
    /// The claim as it was reviewed.
    #[diesel(sql_type = Text)]
    pub claim: String,
    /// The topics of the claim.
    #[diesel(sql_type = Array<Text>)]
    pub topics: Vec<String>,
    /// The headline.
    #[diesel(sql_type = Nullable<Text>)]
    pub title: Option<String>,
    /// The conclusion in a sentence or two.
    #[diesel(sql_type = Nullable<Text>)]
    pub summary: Option<String>,
    /// The rating in words, in the verdict's language where the scale has it; of another publisher's review its own, where they are known.
    #[diesel(sql_type = Text)]
    pub rating: String,
    /// BCP 47 tag.
    #[diesel(sql_type = Text)]
    pub language: String,
    /// Where the review is published.
    #[diesel(sql_type = Nullable<Text>)]
    pub url: Option<String>,
    /// What was corrected.
    #[diesel(sql_type = Nullable<Text>)]
    pub correction_note: Option<String>,
    /// Why it was retracted.
    #[diesel(sql_type = Nullable<Text>)]
    pub retraction_reason: Option<String>,
    /// The newsroom, or the publisher of another's review.
    #[diesel(sql_type = Text)]
    pub author: String,
    /// Its site.
    #[diesel(sql_type = Nullable<Text>)]
    pub author_url: Option<String>,
}

/// What is public. What a verdict said on a claim that another newsroom has withdrawn stands, and so does that it was retracted.
const STANDING: &str = "(v.public OR v.status = 'retracted' AND (c.status = 'published' OR c.status = 'withdrawn' AND c.newsroom_id <> v.newsroom_id))";
/// What went with the newsroom's own claim: readers that have the entry learn so, and why.
const WITHDRAWN: &str = "c.status = 'withdrawn' AND c.newsroom_id = v.newsroom_id";

/// Those of one kind, the last one first; its moment is a record's last change.
fn entries(of: &str, at: &str) -> String {
    format!(
        "SELECT v.id, first.id AS first_id,
        coalesce((SELECT min(at) FROM changes WHERE noun = 'verdict' AND record_id = first.id AND public AND NOT was_public), first.created_at) AS first_at,
        {at} AS at, v.newsroom_id, n.name AS newsroom, v.claim_id, c.status <> 'published' AS claim_gone,
        CASE WHEN c.newsroom_id = v.newsroom_id THEN c.withdrawn_reason END AS withdrawn_reason, v.claim_reviewed AS claim,
        CASE WHEN c.status = 'published' THEN c.topics ELSE '{{}}' END AS topics, v.title, v.summary,
        {RATED} AS rating,
        coalesce(v.language, c.language) AS language, v.url, v.correction_note, v.retraction_reason,
        CASE WHEN v.author_id IS NULL THEN n.name ELSE coalesce(a.name, 'another publisher') END AS author,
        CASE WHEN v.author_id IS NULL THEN n.site ELSE a.website END AS author_url
    FROM verdicts AS v JOIN claims AS c ON c.id = v.claim_id JOIN ratings AS r ON r.id = v.rating_id JOIN newsrooms AS n ON n.id = v.newsroom_id
    LEFT JOIN sources AS a ON a.id = v.author_id AND a.public
    CROSS JOIN LATERAL (WITH RECURSIVE line AS (SELECT v.id, v.supersedes_id, v.created_at
            UNION ALL SELECT earlier.id, earlier.supersedes_id, earlier.created_at FROM line JOIN verdicts AS earlier ON earlier.id = line.supersedes_id)
        SELECT id, created_at FROM line ORDER BY id LIMIT 1) AS first
    WHERE v.status IN ('published', 'retracted')
        AND {of} AND v.claim_reviewed IS NOT NULL AND ({at}, v.id) < ($1, $2)
        AND ($3 IS NULL OR v.claim_id = $3) AND ($4 IS NULL OR v.newsroom_id = $4) AND ($5 IS NULL OR v.rating_id = $5)
        AND ($6 IS NULL OR c.topics @> ARRAY[$6]) AND ($7 IS NULL OR lower(coalesce(v.language, c.language)) || '-' LIKE $7)
        AND ($8 IS NULL OR v.claim_id IN (SELECT claim_id FROM search_entries WHERE public AND words @@ $8::tsquery))
    ORDER BY {at} DESC, v.id DESC LIMIT $9"
    )
}

impl FeedFilter {
    /// Whether it asks for what no index leads to in order.
    pub fn is_narrow(&self) -> bool {
        self.q.is_some() || self.rating_id.is_some() || self.topic.is_some() || self.language.is_some()
    }

    /// What was published or retracted last, the newest first.
    pub async fn entries(&self, page: &PageRequest, conn: &AsyncPgConnection) -> Result<Vec<Entry>> {
        let (at, id) = page.after_instant().unwrap_or((DateTime::<Utc>::MAX_UTC, Uuid::max()));
        // PostgreSQL's times end before chrono's.
        let at = at.min(DateTime::from_timestamp(32_503_680_000, 0).unwrap_or_default());
        let words = match &self.q {
            Some(q) => match search::wanted("q", q, conn).await? {
                Some(wanted) => Some(wanted),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let load = async |of, moment| {
            diesel::sql_query(entries(of, moment))
                .bind::<Timestamptz, _>(at)
                .bind::<SqlUuid, _>(id)
                .bind::<Nullable<SqlUuid>, _>(self.claim_id)
                .bind::<Nullable<SqlUuid>, _>(self.newsroom_id)
                .bind::<Nullable<SqlUuid>, _>(self.rating_id)
                .bind::<Nullable<Text>, _>(self.topic.as_deref())
                .bind::<Nullable<Text>, _>(self.language.as_deref().map(text::language_range))
                .bind::<Nullable<Text>, _>(words.as_deref())
                .bind::<BigInt, _>(page.rows())
                .load(&mut { conn })
                .await
        };
        // Apart, as an index leads to each in its order.
        let (mut standing, mut withdrawn): (Vec<Entry>, Vec<Entry>) =
            try_join(load(STANDING, "v.updated_at"), load(WITHDRAWN, "c.updated_at")).await?;
        // It may have been withdrawn between the two.
        standing.retain(|entry| withdrawn.iter().all(|gone| gone.id != entry.id));
        withdrawn.extend(standing);
        withdrawn.sort_unstable_by_key(|entry| Reverse((entry.at, entry.id)));
        withdrawn.truncate(usize::try_from(page.rows()).unwrap_or(usize::MAX));
        Ok(withdrawn)
    }
}

impl Entry {
    /// The entry's id (RFC 4122 URN), which stays as it is when the verdict is corrected.
    pub fn urn(&self) -> String {
        self.first_id.urn().to_string()
    }

    /// The id of this version of it.
    pub fn revision_urn(&self) -> String {
        let end = match (&self.withdrawn_reason, &self.retraction_reason) {
            (Some(_), _) => "#withdrawn",
            (None, Some(_)) => "#retracted",
            (None, None) => "",
        };
        format!("{}{end}", self.id.urn())
    }

    /// Whether the verdict is there no more.
    pub fn is_gone(&self) -> bool {
        self.withdrawn_reason.is_some() || self.retraction_reason.is_some()
    }

    /// Where it is to be read: the review's article, or else its page here.
    pub fn link(&self, base: &str) -> String {
        self.url.clone().filter(|_| !self.is_gone()).unwrap_or_else(|| self.page(base))
    }

    /// The claim's page here; where that is gone, the page of the newsroom whose verdict it is.
    pub fn page(&self, base: &str) -> String {
        if self.claim_gone {
            format!("{base}/newsrooms/{}", self.newsroom_id)
        } else {
            format!("{base}/claims/{}", self.claim_id)
        }
    }

    /// The headline; of a correction, a retraction and a withdrawal one that says so. Without a title it is the claim, which never stands without
    /// its rating: a reader would take it for news.
    pub fn headline(&self) -> String {
        if self.withdrawn_reason.is_some() {
            return "Withdrawn: a claim and its verdict".to_owned();
        }
        let rated = || format!("{}: {}", self.rating, self.claim);
        match (&self.retraction_reason, &self.correction_note) {
            (Some(_), _) => format!("Retracted: {}", self.title.as_ref().unwrap_or(&self.claim)),
            (None, Some(_)) => format!("Corrected: {}", self.title.clone().unwrap_or_else(rated)),
            (None, None) => self.title.clone().unwrap_or_else(rated),
        }
    }

    /// Claim, rating, conclusion and what was corrected, a paragraph each. A retracted verdict concludes nothing any more.
    pub fn paragraphs(&self) -> Vec<String> {
        if let Some(reason) = &self.withdrawn_reason {
            return vec![format!("{} has withdrawn the claim, and this verdict with it: {reason}", self.newsroom)];
        }
        let mut paragraphs = vec![format!("Claim: {}", self.claim)];
        if let Some(reason) = &self.retraction_reason {
            paragraphs.push(format!("This verdict was retracted: {reason}"));
            return paragraphs;
        }
        paragraphs.push(format!("Verdict: {}", self.rating));
        paragraphs.extend(conclusion(self.summary.as_deref(), Some(&self.rating)).map(str::to_owned));
        paragraphs.extend(self.correction_note.as_ref().map(|note| format!("Correction: {note}")));
        paragraphs
    }
}
