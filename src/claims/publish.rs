use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Claim, ClaimStatus, explain, lock_trees};
use crate::auth::Caller;
use crate::error::{Blocker, Error, OnConstraint, Result};
use crate::schema::{claims, statements};

/// What publishing did.
#[derive(Debug, Serialize, ToSchema)]
pub struct Publication {
    /// The claim as it is now.
    pub claim: Claim,
    /// How many drafts became public.
    pub published: Published,
}

/// How many drafts became public.
#[derive(Debug, Serialize, ToSchema)]
pub struct Published {
    /// Claims: this one and its parts at every level.
    #[schema(example = 3)]
    pub claims: usize,
    /// Their statements.
    #[schema(example = 5)]
    pub statements: usize,
}

/// A claim below the one to be published, itself included.
#[derive(QueryableByName)]
struct Part {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    status: ClaimStatus,
}

/// A record of another newsroom that a draft would show.
#[derive(QueryableByName)]
struct Hidden {
    #[diesel(sql_type = Text)]
    noun: String,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    statement_id: Uuid,
}

/// A statement that a draft relies on and that will not be public.
#[derive(QueryableByName)]
struct InTheWay {
    #[diesel(sql_type = SqlUuid)]
    relied_on_id: Uuid,
    #[diesel(sql_type = Text)]
    status: ClaimStatus,
    #[diesel(sql_type = SqlUuid)]
    statement_id: Uuid,
}

impl Claim {
    /// Publishes a claim with its parts and their statements at every level, or names all that is in the way. A part that
    /// was withdrawn stays as it is, with all that is said on it and that lies below it.
    pub async fn publish(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Publication> {
        lock_trees(&[id], &[], conn).await?;
        Self::find(id, caller.into(), conn).await?.access().change(caller)?;
        let parts: Vec<Part> = diesel::sql_query(
            "WITH RECURSIVE parts(id, status) AS (
                 SELECT id, status FROM claims WHERE id = $1
                 UNION
                 SELECT claims.id, claims.status FROM claims JOIN parts ON claims.part_of_id = parts.id
                 WHERE parts.status <> 'withdrawn')
             SELECT id, status FROM parts",
        )
        .bind::<SqlUuid, _>(id)
        .load(conn)
        .await?;
        let ids: Vec<Uuid> =
            parts.iter().filter(|part| part.status != ClaimStatus::Withdrawn).map(|part| part.id).collect();
        if !ids.contains(&id) {
            return Err(blocked(vec![Blocker {
                noun: "claim",
                id,
                detail: "it was withdrawn, which is final".into(),
            }]));
        }
        let drafts = statements::table
            .filter(statements::claim_id.eq_any(&ids))
            .filter(statements::newsroom_id.eq(caller.newsroom_id))
            .filter(statements::status.eq(ClaimStatus::Draft))
            .order(statements::id)
            .select(statements::id)
            .for_update()
            .load::<Uuid>(conn)
            .await?;
        check_references(&drafts, caller, conn).await?;
        let draft_claims = claims::table.filter(claims::id.eq_any(&ids)).filter(claims::status.eq(ClaimStatus::Draft));
        let claims = diesel::update(draft_claims)
            .set(claims::status.eq(ClaimStatus::Published))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        let statements = diesel::update(statements::table.filter(statements::id.eq_any(&drafts)))
            .set(statements::status.eq(ClaimStatus::Published))
            .execute(conn)
            .await?;
        Ok(Publication {
            claim: Self::find(id, caller.into(), conn).await?,
            published: Published { claims, statements },
        })
    }
}

/// What the drafts rely on must be public or become so with them, and what else they refer to must not be hidden.
async fn check_references(drafts: &[Uuid], caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    let in_the_way: Vec<InTheWay> = diesel::sql_query(
        "SELECT relied_on_id, status, statement_id FROM relies_on JOIN statements ON statements.id = relied_on_id
         WHERE statement_id = ANY ($1) AND NOT public AND relied_on_id <> ALL ($1) ORDER BY relied_on_id, statement_id",
    )
    .bind::<Array<SqlUuid>, _>(drafts)
    .load(conn)
    .await?;
    let mut blockers: BTreeMap<Uuid, Blocker> = BTreeMap::new();
    for InTheWay { relied_on_id: id, status, statement_id } in in_the_way {
        let state = match status {
            ClaimStatus::Draft => "is a draft on another claim",
            ClaimStatus::Published => "is on a claim that was withdrawn",
            ClaimStatus::Withdrawn => "was withdrawn",
        };
        let detail = format!("it {state}, and statement {statement_id} relies on it");
        blockers.entry(id).or_insert(Blocker { noun: "statement", id, detail });
    }
    for Hidden { noun, id, statement_id } in hidden(drafts, caller, conn).await? {
        let noun = if noun == "source" { "source" } else { "document" };
        let detail =
            format!("it is another newsroom's and not public any more, and statement {statement_id} leads to it");
        blockers.entry(id).or_insert(Blocker { noun, id, detail });
    }
    if blockers.is_empty() { Ok(()) } else { Err(blocked(blockers.into_values().collect())) }
}

/// Another newsroom's hidden sources and documents that these statements would show, directly or through what of the own
/// newsroom they would show. The database refuses them as well, without naming them.
async fn hidden(statements: &[Uuid], caller: Caller, conn: &mut AsyncPgConnection) -> Result<Vec<Hidden>> {
    let hidden = diesel::sql_query(
        "WITH RECURSIVE led_to(noun, id, statement_id) AS (
             SELECT refers.noun, refers.id, statements.id FROM statements CROSS JOIN LATERAL (
                 VALUES ('source', source_id), ('source', on_behalf_of_id), ('document', document_id)
                 UNION ALL SELECT 'document', appearances.document_id FROM appearances WHERE statement_id = statements.id
             ) AS refers(noun, id) WHERE statements.id = ANY ($1) AND refers.id IS NOT NULL
             UNION
             SELECT next.noun, next.id, led_to.statement_id FROM led_to CROSS JOIN LATERAL (
                 SELECT 'source', affiliation_id FROM sources
                     WHERE led_to.noun = 'source' AND sources.id = led_to.id AND NOT public AND newsroom_id = $2
                 UNION ALL SELECT t.noun, t.id FROM documents
                     CROSS JOIN LATERAL (VALUES ('source', publisher_id), ('document', derived_from_id)) AS t(noun, id)
                     WHERE led_to.noun = 'document' AND documents.id = led_to.id AND NOT public AND newsroom_id = $2
             ) AS next(noun, id) WHERE next.id IS NOT NULL)
         SELECT noun, id, statement_id FROM led_to
         WHERE (noun = 'source' AND EXISTS (SELECT FROM sources WHERE sources.id = led_to.id AND NOT public AND newsroom_id <> $2))
            OR (noun = 'document' AND EXISTS (SELECT FROM documents WHERE documents.id = led_to.id AND NOT public AND newsroom_id <> $2))
         ORDER BY id, statement_id",
    );
    Ok(hidden.bind::<Array<SqlUuid>, _>(statements).bind::<SqlUuid, _>(caller.newsroom_id).load(conn).await?)
}

fn blocked(blockers: Vec<Blocker>) -> Error {
    Error::blocked("Records stand in the way of publishing; blockers names them. Nothing was published.", blockers)
}
