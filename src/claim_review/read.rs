//! From verdicts to ClaimReview.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use uuid::Uuid;

use super::model::{ClaimAppearance, ClaimReview, Party, ReviewRating, ReviewedClaim};
use crate::columns::Children;
use crate::error::Result;
use crate::partial_date::PartialDate;
use crate::planned::Planned;

/// How many places a claim is said to have appeared at.
const MOST_APPEARANCES: usize = 20;

/// A public verdict with all that its markup tells.
#[derive(QueryableByName)]
struct PublicVerdict {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    claim_id: Uuid,
    #[diesel(sql_type = Text)]
    claim_reviewed: String,
    #[diesel(sql_type = Text)]
    language: String,
    #[diesel(sql_type = Nullable<Text>)]
    url: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    title: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    summary: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reviewed_on: Option<PartialDate>,
    #[diesel(sql_type = Nullable<Text>)]
    correction_note: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    claimed_on: Option<PartialDate>,
    #[diesel(sql_type = Text)]
    rating: String,
    #[diesel(sql_type = Nullable<Integer>)]
    numeric_value: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    worst: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    best: Option<i32>,
    #[diesel(sql_type = Jsonb)]
    author: Children<Named>,
    #[diesel(sql_type = Jsonb)]
    claimants: Children<Named>,
    #[diesel(sql_type = Jsonb)]
    appearances: Children<Appeared>,
}

/// A newsroom or a source.
#[derive(Debug, Deserialize)]
struct Named {
    kind: String,
    name: String,
    url: Option<String>,
    logo: Option<String>,
    spoke_as: Option<String>,
    wikidata_id: Option<String>,
}

/// A document's address, and whether an author of the claim put it forward there.
#[derive(Debug, Deserialize)]
struct Appeared {
    url: String,
    asserted: bool,
}

/// The reviews `v` that a condition chooses, as SQL; then in which order. The claimant is whoever asserts the claim by name and relies on nobody.
/// Where no statement says where the claim appeared, it is what the verdict cites as context, as an import keeps it there where nobody is
/// named; but not that in which somebody contradicts.
/// Of another publisher's review the numbers are not told: they are those of our scale, and it may have given none, or others.
fn reviewed(which: &str) -> String {
    format!(
        "SELECT v.id, v.claim_id, v.claim_reviewed, coalesce(v.language, c.language) AS language, v.url, v.title, v.summary, v.reviewed_on, v.correction_note,
    c.claimed_on, {RATED} AS rating, CASE WHEN v.author_id IS NULL THEN r.numeric_value END AS numeric_value, scale.worst, scale.best,
    (SELECT jsonb_build_array(CASE WHEN a.id IS NULL THEN jsonb_build_object('kind', 'organization', 'name', n.name, 'url', n.site, 'logo', n.logo)
         ELSE jsonb_build_object('kind', a.kind, 'name', a.name, 'url', a.website, 'wikidata_id', a.wikidata_id) END)) AS author,
    (SELECT coalesce(jsonb_agg(one ORDER BY said_on NULLS LAST, id), '[]') FROM (
         SELECT DISTINCT ON (s.id) jsonb_build_object('kind', s.kind, 'name', s.name, 'url', s.website, 'wikidata_id', s.wikidata_id, 'spoke_as', t.spoke_as) AS one, t.said_on, t.id
         FROM statements AS t JOIN sources AS s ON s.id = t.source_id
         WHERE t.claim_id = v.claim_id AND t.public AND t.stance = 'asserts' AND s.public AND s.kind <> 'unnamed'
             AND NOT EXISTS (SELECT FROM relies_on WHERE statement_id = t.id)
         ORDER BY s.id, t.said_on NULLS LAST, t.id) AS claimants(one, said_on, id)) AS claimants,
    coalesce((SELECT jsonb_agg(jsonb_build_object('url', url, 'asserted', asserted) ORDER BY said_on NULLS LAST, id) FROM (
         SELECT DISTINCT ON (d.url) d.url, t.said_on, t.id, t.stance = 'asserts' AND d.id = t.document_id AND s.kind <> 'unnamed' AND s.public
             AND NOT EXISTS (SELECT FROM relies_on WHERE statement_id = t.id) AS asserted
         FROM statements AS t JOIN sources AS s ON s.id = t.source_id
         CROSS JOIN LATERAL (SELECT t.document_id AS id UNION ALL SELECT document_id FROM appearances WHERE statement_id = t.id) AS place
         JOIN documents AS d ON d.id = place.id
         WHERE t.claim_id = v.claim_id AND t.public AND t.stance IN ('asserts', 'reports') AND d.public AND d.url IS NOT NULL
         ORDER BY d.url, asserted DESC, t.said_on NULLS LAST, t.id) AS appearances(url, said_on, id, asserted)),
         (SELECT jsonb_agg(jsonb_build_object('url', d.url, 'asserted', false) ORDER BY e.position)
         FROM evidence AS e JOIN documents AS d ON d.id = e.document_id
         WHERE e.verdict_id = v.id AND e.bearing = 'context' AND d.public AND d.url IS NOT NULL
             AND NOT EXISTS (SELECT FROM statements AS t WHERE t.document_id = d.id AND t.claim_id = v.claim_id AND t.public AND t.stance IN ('denies', 'disputes'))),
         '[]') AS appearances
    FROM verdicts AS v JOIN claims AS c ON c.id = v.claim_id JOIN ratings AS r ON r.id = v.rating_id JOIN newsrooms AS n ON n.id = v.newsroom_id
    LEFT JOIN sources AS a ON a.id = v.author_id
    CROSS JOIN LATERAL (SELECT min(numeric_value) AS worst, max(numeric_value) AS best FROM ratings WHERE scale_id = r.scale_id) AS scale
    WHERE {TOLD} AND {which}"
    )
}

/// The rating `r` of a verdict `v` on a claim `c` in words: its publisher's own, or the label in the verdict's language, or else the claim's,
/// where the scale has it.
pub const RATED: &str = "coalesce(v.textual_rating, r.labels ->> coalesce(v.language, c.language), r.labels ->> split_part(coalesce(v.language, c.language), '-', 1), r.label)";

/// Which verdicts `v` on claims `c` are told as reviews: the public ones that stand. One without an address of its own is read on the claim's
/// page, and is none where that is gone because another newsroom has withdrawn its claim.
pub const TOLD: &str = "v.public AND v.status = 'published' AND v.claim_reviewed IS NOT NULL AND (v.url IS NOT NULL OR c.status = 'published')";

/// The current reviews of claims that are public: the newsrooms' own first, of these the claim's newsroom's, then other publishers'; what
/// was published last first.
pub async fn of_claims(claim_ids: &[Uuid], mut conn: &AsyncPgConnection) -> Result<Vec<ClaimReview>> {
    let query = diesel::sql_query(reviewed(
        "v.claim_id = ANY ($1) ORDER BY v.author_id IS NOT NULL, v.newsroom_id <> c.newsroom_id, v.updated_at DESC, v.id DESC",
    ));
    let found: Vec<PublicVerdict> = Planned(query.bind::<Array<SqlUuid>, _>(claim_ids)).load(&mut conn).await?;
    found.into_iter().map(PublicVerdict::told).collect()
}

/// These verdicts as far as they are public and current, the oldest first.
pub async fn of_verdicts(ids: &[Uuid], mut conn: &AsyncPgConnection) -> Result<Vec<ClaimReview>> {
    let query = diesel::sql_query(reviewed("v.id = ANY ($1) ORDER BY v.id"));
    let found: Vec<PublicVerdict> = Planned(query.bind::<Array<SqlUuid>, _>(ids)).load(&mut conn).await?;
    found.into_iter().map(PublicVerdict::told).collect()
}

/// The newsrooms' own reviews, the oldest first, from behind one on: with each its verdict's id.
pub async fn own_after(after: Uuid, rows: i64, mut conn: &AsyncPgConnection) -> Result<Vec<ClaimReview>> {
    let query = diesel::sql_query(reviewed("v.author_id IS NULL AND v.id > $1 ORDER BY v.id LIMIT $2"));
    let query = Planned(query.bind::<SqlUuid, _>(after).bind::<BigInt, _>(rows));
    let found: Vec<PublicVerdict> = query.load(&mut conn).await?;
    found.into_iter().map(PublicVerdict::told).collect()
}

impl PublicVerdict {
    fn told(self) -> Result<ClaimReview> {
        let mut authors = self.author.0.into_iter().map(Named::told);
        let author = authors.next().ok_or(crate::error::Error::NotFound("newsroom"))?;
        let first_appearance = self.appearances.0.iter().find(|one| one.asserted).map(|one| one.url.clone());
        let appearance = self.appearances.0.into_iter().take(MOST_APPEARANCES).map(|one| ClaimAppearance::at(one.url));
        // A scale with a single number compares nothing.
        let bounds = self.worst.zip(self.best).filter(|(worst, best)| worst < best);
        let numbers = self.numeric_value.zip(bounds);
        Ok(ClaimReview {
            claim_id: self.claim_id,
            context: "https://schema.org",
            kind: "ClaimReview",
            identifier: self.id,
            url: self.url,
            same_as: None,
            claim_reviewed: self.claim_reviewed,
            name: self.title,
            description: self.summary,
            date_published: self.reviewed_on.map(|date| date.as_str().to_owned()),
            correction: self.correction_note,
            author,
            review_rating: ReviewRating {
                kind: "Rating",
                alternate_name: self.rating,
                rating_value: numbers.map(|(value, _)| value),
                best_rating: numbers.map(|(_, (_, best))| best),
                worst_rating: numbers.map(|(_, (worst, _))| worst),
            },
            item_reviewed: ReviewedClaim {
                kind: "Claim",
                author: self.claimants.0.into_iter().map(Named::told).collect(),
                date_published: self.claimed_on.map(|date| date.as_str().to_owned()),
                first_appearance: first_appearance.map(ClaimAppearance::at),
                appearance: appearance.collect(),
            },
            in_language: self.language,
        })
    }
}

impl Named {
    fn told(self) -> Party {
        let person = matches!(self.kind.as_str(), "person" | "social_account");
        Party {
            kind: if person { "Person" } else { "Organization" },
            name: self.name,
            url: self.url,
            logo: self.logo,
            job_title: self.spoke_as.filter(|_| person),
            same_as: self.wikidata_id.map(|id| format!("http://www.wikidata.org/entity/{id}")),
        }
    }
}
