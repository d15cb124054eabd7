//! What a claim's page is made of, read in one snapshot by the readers of the API as everybody sees it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::auth::Viewer;
use crate::changes::{HistoryEntry, history};
use crate::claim_review::{ClaimReview, of_claims};
use crate::claims::{Claim, ClaimStatus};
use crate::documents::Document;
use crate::dossier::{Dossier, DossierQuery, DossierStatement, DossierVerdict};
use crate::error::Result;
use crate::newsrooms::Newsroom;
use crate::page::PageRequest;
use crate::rating_scales::{Rating, RatingScale};
use crate::schema::{claims, documents, rating_scales, ratings, sources, statements};
use crate::stance::Stance;
use crate::verdicts::Verdict;

/// Who sees pages: everybody alike.
pub const EVERYBODY: Viewer = Viewer(None);

/// All that a claim's page shows.
pub struct ClaimPage {
    /// The claim with all that there is on it.
    pub dossier: Dossier,
    /// The names of newsrooms.
    pub newsrooms: HashMap<Uuid, String>,
    /// The names of sources that are referred to: who is spoken for, who published, whose review it is.
    pub sources: HashMap<Uuid, String>,
    /// The documents that carry a statement beside its own, and those that verdicts cite.
    pub documents: HashMap<Uuid, Document>,
    /// The statements that are relied on or cited.
    pub cited: HashMap<Uuid, Cited>,
    /// The scales of the ratings given.
    pub scales: Vec<RatingScale>,
    /// The review that the page is: a newsroom's own current verdict.
    pub review: Option<ClaimReview>,
    /// The claim's public versions, the latest first.
    pub history: Vec<HistoryEntry>,
    /// When everybody first saw the claim.
    pub published: DateTime<Utc>,
    /// When something on the page last changed.
    pub modified: DateTime<Utc>,
}

/// A statement as far as others refer to it.
#[derive(Debug, Queryable)]
pub struct Cited {
    /// The statement.
    pub id: Uuid,
    /// The claim it is on.
    pub claim_id: Uuid,
    /// The position taken.
    pub stance: Stance,
    /// Who speaks.
    pub speaker: String,
}

#[derive(QueryableByName)]
struct Changes {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    published: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last: Option<DateTime<Utc>>,
}

impl ClaimPage {
    /// Reads all of it in the connection's transaction. 404 and 410 as the API has them.
    pub async fn find(id: Uuid, conn: &AsyncPgConnection) -> Result<Self> {
        let query = DossierQuery { newsroom_id: None, pooled: None };
        let dossier = Dossier::find(id, &query, EVERYBODY, conn).await?;
        let versions = PageRequest::read("/claims", &mut BTreeMap::new())?;
        let (refers, own) = (Refers::of(&dossier), [id]);
        let (newsrooms, sources, documents, cited, scales, reviews, history, changes) = futures_util::try_join!(
            Newsroom::names(&refers.newsrooms, conn),
            names(&refers.sources, conn),
            documents_of(&refers.documents, conn),
            cited(&refers.statements, conn),
            scales_of(&refers.ratings, conn),
            of_claims(&own, conn),
            history("claim", id, &versions, EVERYBODY, conn),
            Changes::of(id, &refers.claims, conn),
        )?;
        let of_other_records = dossier.statements.iter().flat_map(|one| {
            one.source.iter().map(|source| source.updated_at).chain(one.document.iter().map(|one| one.updated_at))
        });
        let modified = of_other_records.chain(changes.last).chain([dossier.claim.updated_at]).max().unwrap_or_default();
        let published = changes.published.unwrap_or(dossier.claim.created_at);
        let mut page =
            Self { dossier, newsrooms, sources, documents, cited, scales, review: None, history, published, modified };
        // What search engines read is what the page leads with; never another publisher's.
        let leading = page.leading().map(|one| &one.verdict).filter(|verdict| verdict.author_id.is_none());
        let is_leading = |review: &ClaimReview| leading.is_some_and(|verdict| verdict.id == review.identifier);
        page.review = reviews.into_iter().find(is_leading);
        Ok(page)
    }

    /// The newsroom's name.
    pub fn newsroom(&self, id: Uuid) -> &str {
        self.newsrooms.get(&id).map_or("a newsroom", String::as_str)
    }

    /// The scale of a rating.
    pub fn scale(&self, rating: &Rating) -> Option<&RatingScale> {
        self.scales.iter().find(|scale| scale.ratings.0.iter().any(|one| one.id == rating.id))
    }

    /// Who concluded what the page leads with: the publisher of another's review, else the newsroom; the claim's where nobody has.
    pub fn judge(&self) -> &str {
        let Some(leading) = self.leading() else { return self.newsroom(self.dossier.claim.newsroom_id) };
        match leading.verdict.author_id {
            Some(author) => self.sources.get(&author).map_or("another publisher", String::as_str),
            None => self.newsroom(leading.verdict.newsroom_id),
        }
    }

    /// The verdict that stands for the page: what the claim's own newsroom published last, else another one, else somebody else's
    /// review.
    pub fn leading(&self) -> Option<&DossierVerdict> {
        let claim = &self.dossier.claim;
        self.dossier.verdicts.iter().max_by_key(|one| {
            let verdict = &one.verdict;
            let here = verdict.newsroom_id == claim.newsroom_id;
            (verdict.author_id.is_none(), here, verdict.updated_at, verdict.id)
        })
    }
}

/// What a dossier refers to by ids.
#[derive(Default)]
struct Refers {
    claims: Vec<Uuid>,
    newsrooms: Vec<Uuid>,
    sources: BTreeSet<Uuid>,
    documents: BTreeSet<Uuid>,
    statements: BTreeSet<Uuid>,
    ratings: BTreeSet<Uuid>,
}

impl Refers {
    fn of(dossier: &Dossier) -> Self {
        let claims = std::iter::once(&dossier.claim).chain(dossier.parts.iter().map(|part| &part.claim));
        let mut refers = Self { claims: claims.map(|one| one.id).collect(), ..Self::default() };
        let verdicts = || dossier.verdicts.iter().chain(dossier.parts.iter().flat_map(|part| &part.verdicts));
        refers.newsrooms = verdicts().map(|one| one.verdict.newsroom_id).chain([dossier.claim.newsroom_id]).collect();
        for one in verdicts() {
            refers.sources.extend(one.verdict.author_id);
            refers.documents.extend(one.verdict.evidence.0.iter().filter_map(|evidence| evidence.document_id));
            refers.statements.extend(one.verdict.evidence.0.iter().filter_map(|evidence| evidence.statement_id));
            refers.ratings.extend(one.verdict.rating_id);
        }
        for DossierStatement { statement, document, .. } in &dossier.statements {
            refers.sources.extend(statement.on_behalf_of_id);
            refers.sources.extend(document.as_ref().and_then(|document| document.publisher_id));
            refers.documents.extend(statement.appearances.0.iter().map(|one| one.document_id));
            refers.statements.extend(statement.relies_on.0.iter().map(|one| one.statement_id));
        }
        refers
    }
}

/// The names of sources that everybody sees.
pub async fn names(ids: &BTreeSet<Uuid>, mut conn: &AsyncPgConnection) -> Result<HashMap<Uuid, String>> {
    let query =
        sources::table.filter(sources::id.eq_any(ids)).filter(sources::public).select((sources::id, sources::name));
    let names: Vec<(Uuid, String)> = query.load(&mut conn).await?;
    Ok(names.into_iter().collect())
}

async fn documents_of(ids: &BTreeSet<Uuid>, mut conn: &AsyncPgConnection) -> Result<HashMap<Uuid, Document>> {
    let query = Document::query().filter(documents::id.eq_any(ids)).filter(documents::public);
    let found: Vec<Document> = query.load(&mut conn).await?;
    Ok(found.into_iter().map(|document| (document.id, document)).collect())
}

async fn cited(ids: &BTreeSet<Uuid>, mut conn: &AsyncPgConnection) -> Result<HashMap<Uuid, Cited>> {
    let query = statements::table
        .inner_join(sources::table.on(sources::id.eq(statements::source_id)))
        .filter(statements::id.eq_any(ids))
        .filter(statements::public.and(sources::public))
        .select((statements::id, statements::claim_id, statements::stance, sources::name));
    let found: Vec<Cited> = query.load(&mut conn).await?;
    Ok(found.into_iter().map(|one| (one.id, one)).collect())
}

async fn scales_of(rating_ids: &BTreeSet<Uuid>, mut conn: &AsyncPgConnection) -> Result<Vec<RatingScale>> {
    let with_them = ratings::table.filter(ratings::id.eq_any(rating_ids)).select(ratings::scale_id);
    Ok(RatingScale::query().filter(rating_scales::id.eq_any(with_them)).load(&mut conn).await?)
}

impl Changes {
    /// When everybody first saw a claim, and when something public was last written on it and these others.
    async fn of(id: Uuid, claims: &[Uuid], mut conn: &AsyncPgConnection) -> Result<Self> {
        let query = diesel::sql_query(
            "SELECT (SELECT min(at) FROM changes WHERE noun = 'claim' AND record_id = $2 AND public AND NOT was_public) AS published, max(at) AS last FROM (
                 SELECT at FROM changes WHERE noun = 'claim' AND record_id = ANY ($1) AND (public OR was_public)
                 UNION ALL SELECT at FROM changes WHERE parent_id = ANY ($1) AND (public OR was_public)) AS written",
        );
        Ok(query.bind::<Array<SqlUuid>, _>(claims).bind::<SqlUuid, _>(id).get_result(&mut conn).await?)
    }
}

/// A claim in a list, with its newest verdict.
pub struct Entry {
    /// The claim.
    pub claim: Claim,
    /// The newest verdict on it.
    pub verdict: Option<Verdict>,
    /// The rating that it gives, with its scale.
    pub rating: Option<(Rating, RatingScale)>,
    /// Who judged it: a newsroom, or the publisher of a review that one recorded; else whose claim it is.
    pub by: String,
}

impl Entry {
    /// These claims, in this order, each with its newest verdict.
    pub async fn of_claims(claims: Vec<Claim>, conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let ids: Vec<Uuid> = claims.iter().map(|claim| claim.id).collect();
        let verdicts = Verdict::newest_on(&ids, EVERYBODY, conn).await?;
        Self::joined(claims, verdicts, conn).await
    }

    /// These verdicts, in this order, with their claims.
    pub async fn of_verdicts(verdicts: Vec<Verdict>, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let ids: BTreeSet<Uuid> = verdicts.iter().map(|verdict| verdict.claim_id).collect();
        let query = Claim::query().filter(claims::id.eq_any(&ids)).filter(claims::status.eq(ClaimStatus::Published));
        let found: Vec<Claim> = query.load(&mut conn).await?;
        let mut found: HashMap<Uuid, Claim> = found.into_iter().map(|claim| (claim.id, claim)).collect();
        // Two newsrooms may have judged one claim: it is listed once, by the newest.
        let ordered = verdicts.iter().filter_map(|verdict| found.remove(&verdict.claim_id)).collect();
        Self::joined(ordered, verdicts, conn).await
    }

    async fn joined(claims: Vec<Claim>, verdicts: Vec<Verdict>, conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let rating_ids: BTreeSet<Uuid> = verdicts.iter().filter_map(|verdict| verdict.rating_id).collect();
        let newsroom_ids: Vec<Uuid> =
            claims.iter().map(|one| one.newsroom_id).chain(verdicts.iter().map(|one| one.newsroom_id)).collect();
        let author_ids: BTreeSet<Uuid> = verdicts.iter().filter_map(|verdict| verdict.author_id).collect();
        let (scales, newsrooms, authors) = futures_util::try_join!(
            scales_of(&rating_ids, conn),
            Newsroom::names(&newsroom_ids, conn),
            names(&author_ids, conn)
        )?;
        let entry = |claim: Claim| {
            let verdict = verdicts.iter().find(|verdict| verdict.claim_id == claim.id).cloned();
            let newsroom = verdict.as_ref().map_or(claim.newsroom_id, |verdict| verdict.newsroom_id);
            let author = verdict.as_ref().and_then(|verdict| authors.get(&verdict.author_id?));
            let by = author.or_else(|| newsrooms.get(&newsroom)).cloned().unwrap_or_default();
            let given = verdict.as_ref().and_then(|verdict| verdict.rating_id);
            let rating = scales.iter().find_map(|scale| {
                let rating = scale.ratings.0.iter().find(|one| Some(one.id) == given)?;
                Some((rating.clone(), scale.clone()))
            });
            Self { claim, verdict, rating, by }
        };
        Ok(claims.into_iter().map(entry).collect())
    }
}
