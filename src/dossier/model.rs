use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::corrections::{Correction, Noted, corrections};
use super::links::{DossierLink, contradicting, linked, weigh};
use super::positions::{Discussed, Positions, Spoken, summary_line};
use super::provenance::DossierProvenance;
use crate::auth::Viewer;
use crate::claim_links::{ClaimLink, same_claims};
use crate::claims::{Claim, ClaimStatus};
use crate::columns::Children;
use crate::comment_requests::CommentRequest;
use crate::documents::Document;
use crate::error::{Error, Result};
use crate::rating_scales::Rating;
use crate::schema::{claims, documents, sources, statements, verdicts};
use crate::sources::Source;
use crate::statements::Statement;
use crate::verdicts::{Verdict, VerdictStatus};

/// Everything on one claim, as it stood at one moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dossier {
    /// The claim.
    pub claim: Claim,
    /// Its parts at every level, each after the claim that it is a part of (`claim.part_of_id`).
    pub parts: Vec<DossierPart>,
    /// The links of the claim itself, the oldest first.
    pub links: Vec<DossierLink>,
    /// Ids of all claims that are the same by any number of `same_as` links, sorted.
    pub same_as: Vec<Uuid>,
    /// The statements on the claim itself, by date; those without one last. Withdrawn ones are tombstones. With `pooled`, those
    /// on the claims in `same_as` are among them.
    pub statements: Vec<DossierStatement>,
    /// Who stands where on the claim itself; with `pooled`, on the claims in `same_as` too, as on one.
    pub positions: Positions,
    /// On how many independent origins the claim itself rests; with `pooled`, the claim and those in `same_as` as one. Null where
    /// more than 10,000 statements hang together.
    pub provenance: Option<DossierProvenance>,
    /// The current verdicts on the claim itself, newest first: published ones, and what members have under way.
    pub verdicts: Vec<DossierVerdict>,
    /// What was corrected, retracted or withdrawn of what was published on the claim and its parts, newest first; with `pooled`,
    /// of statements on the claims in `same_as` too.
    pub corrections: Vec<Correction>,
    /// Whom your newsroom asked about the claim and its parts and who has not answered yet, longest waiting first. Empty for
    /// the public.
    pub comment_requests: Vec<CommentRequest>,
    /// Supporting, opposing and declining positions on the claim and its parts, in words.
    #[schema(
        example = "Dmitry Peskov confirms that the meeting took place, disputes that the article is accurate; US State Department declines to comment"
    )]
    pub summary_line: String,
}

/// A part of the claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierPart {
    /// The part.
    pub claim: Claim,
    /// The statements on it, by date.
    pub statements: Vec<DossierStatement>,
    /// The current verdicts on it, newest first.
    pub verdicts: Vec<DossierVerdict>,
}

/// A statement with its source and the document in which it first appeared. Of a withdrawn one only source, stance, date
/// and reason are shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierStatement {
    /// The statement.
    #[serde(flatten)]
    pub statement: Statement,
    /// Who speaks; null where it is another newsroom's and not public any more. Of a withdrawn statement's source that
    /// nothing public refers to otherwise, only kind and name are shown.
    pub source: Option<Source>,
    /// Where it first appeared; null where you may not see it.
    pub document: Option<Document>,
}

/// A verdict with its rating.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DossierVerdict {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The rating given.
    pub rating: Option<Rating>,
}

/// Whose records the dossier shows.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DossierQuery {
    /// Only statements, positions and verdicts that this newsroom recorded; `provenance` starts from them.
    pub newsroom_id: Option<Uuid>,
    /// Whether `statements`, `positions`, `provenance` and `summary_line` are those of the claim and of all claims that are the same
    /// (`same_as`) together; each statement names its claim. Parts and verdicts stay the claim's own.
    #[param(default = false)]
    pub pooled: Option<bool>,
}

/// The claim's tree, every claim after the one that it is a part of.
#[derive(QueryableByName)]
struct InTree {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl Dossier {
    /// Reads the dossier in one snapshot (the connection's transaction): thirteen statements, however much there is.
    pub async fn find(id: Uuid, query: &DossierQuery, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Self> {
        let root = Claim::find(id, viewer, conn).await?;
        let (order, links, same) = (parts_of(id, conn), ClaimLink::of(id, viewer, conn), same_claims(id, viewer, conn));
        let (order, links, mut same) = futures_util::try_join!(order, links, same)?;
        let others = links.iter().map(|link| link.other_than(id));
        let mut seen = seen(order.iter().copied().chain(others), viewer, conn).await?;
        let mut links = linked(id, links, &seen);
        let tree: Vec<Claim> = std::iter::once(root).chain(order.iter().filter_map(|id| seen.remove(id))).collect();
        let ids: Vec<Uuid> = tree.iter().map(|claim| claim.id).collect();
        let pooled = if query.pooled.unwrap_or_default() { same.clone() } else { BTreeSet::from([id]) };
        same.remove(&id);

        let shown: BTreeSet<Uuid> = pooled.iter().chain(&ids).copied().collect();
        let spoken_on = &shown | &contradicting(&links);
        let statements = statements_on(&spoken_on, query, viewer, conn);
        let verdicts = verdicts_on(&ids, query, viewer, conn);
        let asked = CommentRequest::open_on(&ids, viewer, conn);
        let provenance = DossierProvenance::of(&pooled, query.newsroom_id, viewer, conn);
        let (mut statements, verdicts, comment_requests, provenance) =
            futures_util::try_join!(statements, verdicts, asked, provenance)?;
        weigh(&mut links, &statements);
        statements.retain(|statement| shown.contains(&statement.claim_id));
        let spoken: Vec<Uuid> = statements.iter().map(|statement| statement.id).collect();
        let records = Records::load(&statements, &verdicts, viewer, conn);
        let (records, noted) = futures_util::try_join!(records, Noted::on(&spoken, conn))?;

        let on_whole: Vec<Statement> =
            statements.iter().filter(|one| pooled.contains(&one.claim_id)).cloned().collect();
        statements.retain(|statement| statement.claim_id != id);
        let mut parts = records.parts(tree, statements, &verdicts).into_iter();
        let mut whole = parts.next().ok_or(Error::NotFound("claim"))?;
        whole.statements = records.statements(on_whole);
        let parts: Vec<_> = parts.collect();
        let standing = parts.iter().filter(|part| part.claim.status != ClaimStatus::Withdrawn);
        let discussed: Vec<_> = std::iter::once(&whole).chain(standing).map(DossierPart::discussed).collect();
        // A part may be the same as the whole: what was said on it is told once.
        let apart = parts.iter().filter(|part| !pooled.contains(&part.claim.id));
        let said = std::iter::once(&whole).chain(apart).flat_map(|part| &part.statements);
        let corrections = corrections(&verdicts, said, noted, &records.ratings);
        let positions = Positions::of(&whole.discussed().spoken);
        let summary_line = summary_line(&discussed);
        let DossierPart { claim, statements, verdicts } = whole;
        let same_as = same.into_iter().collect();
        Ok(Self {
            claim,
            parts,
            links,
            same_as,
            statements,
            positions,
            provenance,
            verdicts,
            corrections,
            comment_requests,
            summary_line,
        })
    }
}

impl DossierPart {
    /// What counts for positions: not what was withdrawn.
    fn discussed(&self) -> Discussed<'_> {
        let standing = self.statements.iter().filter(|one| one.statement.status != ClaimStatus::Withdrawn);
        Discussed {
            text: &self.claim.text,
            language: &self.claim.language,
            spoken: standing
                .map(|DossierStatement { statement, source, .. }| {
                    Spoken::by(statement, source.as_ref().map_or(HIDDEN_SOURCE, |source| &source.name))
                })
                .collect(),
        }
    }
}

/// How the summary line names a source that the viewer may not see.
const HIDDEN_SOURCE: &str = "A source that is not public any more";

fn grouped<T>(records: Vec<T>, key: impl Fn(&T) -> Uuid) -> BTreeMap<Uuid, Vec<T>> {
    let mut groups: BTreeMap<Uuid, Vec<T>> = BTreeMap::new();
    for record in records {
        groups.entry(key(&record)).or_default().push(record);
    }
    groups
}

/// The claim's parts at every level, each after the claim that it is a part of.
async fn parts_of(id: Uuid, mut conn: &AsyncPgConnection) -> Result<Vec<Uuid>> {
    let order: Vec<InTree> = diesel::sql_query(
        "WITH RECURSIVE parts(id, path) AS (
             SELECT id, ARRAY[id] FROM claims WHERE part_of_id = $1
             UNION ALL
             SELECT claims.id, path || claims.id FROM claims JOIN parts ON claims.part_of_id = parts.id)
         SELECT id FROM parts ORDER BY path",
    )
    .bind::<SqlUuid, _>(id)
    .load(&mut conn)
    .await?;
    Ok(order.into_iter().map(|part| part.id).collect())
}

/// Those of these claims that the viewer sees.
async fn seen(
    ids: impl Iterator<Item = Uuid>,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<BTreeMap<Uuid, Claim>> {
    let ids: BTreeSet<Uuid> = ids.collect();
    let seen =
        claims::status.eq(ClaimStatus::Published).or(claims::newsroom_id.eq(viewer.newsroom_id().unwrap_or_default()));
    let found: Vec<Claim> = Claim::query().filter(claims::id.eq_any(&ids)).filter(seen).load(&mut conn).await?;
    Ok(found.into_iter().map(|claim| (claim.id, claim)).collect())
}

/// What is visible of the statements on these claims; withdrawn ones as tombstones.
async fn statements_on(
    ids: &BTreeSet<Uuid>,
    query: &DossierQuery,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Statement>> {
    let own = viewer.newsroom_id().unwrap_or_default();
    let seen = statements::public.or(statements::newsroom_id.eq(own)).or(statements::status.eq(ClaimStatus::Withdrawn));
    let mut found = Statement::query().filter(statements::claim_id.eq_any(ids)).filter(seen).into_boxed();
    if let Some(newsroom_id) = query.newsroom_id {
        found = found.filter(statements::newsroom_id.eq(newsroom_id));
    }
    let found: Vec<Statement> =
        found.order((statements::said_on.asc().nulls_last(), statements::id)).load(&mut conn).await?;
    Ok(found.into_iter().map(|statement| entombed(statement.shown_to(viewer))).collect())
}

/// Of a withdrawn statement: source, stance, date and reason.
fn entombed(statement: Statement) -> Statement {
    if statement.status != ClaimStatus::Withdrawn {
        return statement;
    }
    Statement {
        spoke_as: None,
        on_behalf_of_id: None,
        quote: None,
        quote_language: None,
        quote_kind: None,
        translation: None,
        document_id: None,
        locator: None,
        appearances: Children(Vec::new()),
        relies_on: Children(Vec::new()),
        correction_note: None,
        note: None,
        ..statement
    }
}

/// What is visible of the verdicts on these claims; of retracted ones the public sees that they were.
async fn verdicts_on(
    ids: &[Uuid],
    query: &DossierQuery,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Verdict>> {
    let own = viewer.newsroom_id().unwrap_or_default();
    let seen = verdicts::public.or(verdicts::newsroom_id.eq(own)).or(verdicts::status.eq(VerdictStatus::Retracted));
    let mut found = Verdict::query().filter(verdicts::claim_id.eq_any(ids)).filter(seen).into_boxed();
    if let Some(newsroom_id) = query.newsroom_id {
        found = found.filter(verdicts::newsroom_id.eq(newsroom_id));
    }
    Ok(found.order(verdicts::id.desc()).load(&mut conn).await?)
}

/// What statements and verdicts refer to.
struct Records {
    /// With whether the viewer may see them.
    sources: BTreeMap<Uuid, (Source, bool)>,
    documents: BTreeMap<Uuid, Document>,
    ratings: BTreeMap<Uuid, Rating>,
}

impl Records {
    async fn load(
        statements: &[Statement],
        verdicts: &[Verdict],
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Self> {
        let source_ids: BTreeSet<_> = statements.iter().map(|statement| statement.source_id).collect();
        let document_ids: BTreeSet<_> = statements.iter().filter_map(|statement| statement.document_id).collect();
        let rating_ids: BTreeSet<_> = verdicts.iter().filter_map(|verdict| verdict.rating_id).collect();
        let own = viewer.newsroom_id().unwrap_or_default();
        let (mut for_sources, mut for_documents) = (conn, conn);
        let sources = sources::table
            .filter(sources::id.eq_any(&source_ids))
            .select((Source::as_select(), sources::public.or(sources::newsroom_id.eq(own))))
            .load(&mut for_sources);
        let documents = Document::query()
            .filter(documents::id.eq_any(&document_ids))
            .filter(documents::public.or(documents::newsroom_id.eq(own)))
            .load(&mut for_documents);
        let (sources, documents): (Vec<(Source, bool)>, Vec<Document>) = futures_util::try_join!(sources, documents)?;
        let ratings = Rating::find_all(&rating_ids, conn).await?;
        Ok(Self {
            sources: sources
                .into_iter()
                .map(|(source, visible)| (source.id, (source.shown_to(viewer), visible)))
                .collect(),
            documents: documents.into_iter().map(|document| (document.id, document)).collect(),
            ratings: ratings.into_iter().map(|rating| (rating.id, rating)).collect(),
        })
    }

    /// The claims with what is on each of them.
    fn parts(&self, claims: Vec<Claim>, statements: Vec<Statement>, verdicts: &[Verdict]) -> Vec<DossierPart> {
        let mut statements = grouped(statements, |statement| statement.claim_id);
        let current = verdicts.iter().filter(|verdict| verdict.is_current()).cloned().collect();
        let mut current = grouped(current, |verdict: &Verdict| verdict.claim_id);
        let with_records = |claim: Claim| DossierPart {
            statements: self.statements(statements.remove(&claim.id).unwrap_or_default()),
            verdicts: current.remove(&claim.id).into_iter().flatten().map(|verdict| self.verdict(verdict)).collect(),
            claim,
        };
        claims.into_iter().map(with_records).collect()
    }

    fn statements(&self, statements: Vec<Statement>) -> Vec<DossierStatement> {
        statements.into_iter().map(|statement| self.statement(statement)).collect()
    }

    fn statement(&self, statement: Statement) -> DossierStatement {
        let source = match self.sources.get(&statement.source_id).cloned() {
            Some((source, true)) => Some(source),
            // It was public with the statement, and readers are owed who it was.
            Some((source, false)) if statement.status == ClaimStatus::Withdrawn => Some(source.reduced()),
            _ => None,
        };
        let document = statement.document_id.and_then(|id| self.documents.get(&id)).cloned();
        DossierStatement { statement, source, document }
    }

    fn verdict(&self, verdict: Verdict) -> DossierVerdict {
        let rating = verdict.rating_id.and_then(|id| self.ratings.get(&id)).cloned();
        DossierVerdict { verdict, rating }
    }
}
