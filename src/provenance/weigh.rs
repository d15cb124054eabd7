//! What the graph tells about each claim, kept for lists to filter by. Triggers note what a write touches
//! (`migrations/*_create_claim_findings`); it is weighed at the end of the same transaction, and what SQL by hand or too
//! large a change has left is weighed in the background.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::graph::{Graph, Scope};
use super::origins::Grouping;
use crate::db::{Db, Pool};
use crate::error::{Error, Result};
use crate::schema::claims_unweighed;

/// How many claims a change of a source may touch for its request to wait for them.
const AT_ONCE: i32 = 1000;
/// How many rows of the queue the background takes in one transaction: writers wait for it.
const BATCH: i64 = 100;
/// How often the background looks.
const LOOK: Duration = Duration::from_secs(1);

/// A claim to be weighed, and what was found before; or what is found now.
#[derive(QueryableByName)]
struct ToWeigh {
    #[diesel(sql_type = SqlUuid)]
    claim_id: Uuid,
    /// Whose view of it counts; the public's where there is none.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    viewer: Option<Uuid>,
    #[diesel(sql_type = Bool)]
    published: bool,
    #[diesel(sql_type = Nullable<Bool>)]
    single_origin: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    circular: Option<bool>,
}

/// What was found, or not: there are too many statements.
type Weighed = BTreeMap<Uuid, Option<(bool, bool)>>;

/// Weighs what this transaction has touched.
pub async fn weigh_touched(conn: &mut AsyncPgConnection) -> Result<()> {
    weigh(false, conn).await
}

async fn weigh(in_background: bool, conn: &mut AsyncPgConnection) -> Result<()> {
    let claims: Vec<ToWeigh> = diesel::sql_query("SELECT * FROM claims_to_weigh($1, $2)")
        .bind::<Integer, _>(AT_ONCE)
        .bind::<Bool, _>(in_background)
        .load(conn)
        .await?;
    let mut views: BTreeMap<Option<Uuid>, Vec<Uuid>> = BTreeMap::new();
    for claim in &claims {
        views.entry(claim.viewer).or_default().push(claim.claim_id);
    }
    let mut weighed = Weighed::new();
    for (viewer, ids) in views {
        for some in ids.chunks(usize::try_from(BATCH).unwrap_or(1)) {
            findings(some, viewer, conn, &mut weighed).await?;
        }
    }
    let changed = claims.into_iter().filter_map(|was| {
        let found = weighed.get(&was.claim_id).copied().flatten();
        let (single_origin, circular) = (found.map(|found| found.0), found.map(|found| found.1));
        let published = was.viewer.is_none();
        let same = (published, single_origin, circular) == (was.published, was.single_origin, was.circular);
        (!same).then_some(ToWeigh { published, single_origin, circular, ..was })
    });
    keep(&changed.collect::<Vec<_>>(), conn).await
}

/// The findings on these claims together; one by one where that is too much.
async fn findings(ids: &[Uuid], viewer: Option<Uuid>, conn: &AsyncPgConnection, weighed: &mut Weighed) -> Result<()> {
    let scope = |claims: &[Uuid]| Scope { claims: claims.to_vec(), viewer, ..Scope::default() };
    let told = |graph: &Graph, id: Uuid| {
        let found = graph.findings(&[id], Grouping::default());
        (found.single_origin, !found.circular.is_empty())
    };
    match Graph::fetch(&scope(ids), conn).await {
        Ok(graph) => weighed.extend(ids.iter().map(|id| (*id, Some(told(&graph, *id))))),
        Err(Error::TooMuch(_)) => {
            for id in ids {
                let found = match Graph::fetch(&scope(&[*id]), conn).await {
                    Ok(graph) => Some(told(&graph, *id)),
                    Err(Error::TooMuch(_)) => None,
                    Err(error) => return Err(error),
                };
                weighed.insert(*id, found);
            }
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

async fn keep(found: &[ToWeigh], conn: &mut AsyncPgConnection) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "UPDATE claim_findings SET published = found.published, single_origin = found.single_origin, circular = found.circular
         FROM unnest($1, $2, $3, $4) AS found(claim_id, published, single_origin, circular) WHERE claim_findings.claim_id = found.claim_id",
    )
    .bind::<Array<SqlUuid>, _>(found.iter().map(|claim| claim.claim_id).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(found.iter().map(|claim| claim.published).collect::<Vec<_>>())
    .bind::<Array<Nullable<Bool>>, _>(found.iter().map(|claim| claim.single_origin).collect::<Vec<_>>())
    .bind::<Array<Nullable<Bool>>, _>(found.iter().map(|claim| claim.circular).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Weighs in the background until it is aborted.
pub async fn run(pool: Pool) {
    let db = Db::for_worker(pool);
    loop {
        match db.read(async |conn| any_waiting(conn).await).await {
            Ok(true) => {
                match db.write_quietly(weigh_some).await {
                    // Another process has taken it.
                    Ok(0) => tokio::time::sleep(LOOK).await,
                    Ok(_) => {}
                    // The next round does it.
                    Err(error) => {
                        tracing::warn!(%error, "cannot weigh claims");
                        tokio::time::sleep(LOOK).await;
                    }
                }
            }
            Ok(false) => tokio::time::sleep(LOOK).await,
            Err(error) => {
                tracing::debug!(%error, "cannot look for claims to be weighed");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

async fn any_waiting(mut conn: &AsyncPgConnection) -> Result<bool> {
    Ok(diesel::select(exists(claims_unweighed::table.select(claims_unweighed::id))).get_result(&mut conn).await?)
}

/// Takes some of what is waiting over, and weighs it; answers how much.
async fn weigh_some(conn: &mut AsyncPgConnection) -> Result<usize> {
    let taken = diesel::sql_query(
        "WITH taken AS (
             DELETE FROM claims_unweighed WHERE (writer, noun, id) IN
                 (SELECT writer, noun, id FROM claims_unweighed LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING noun, id)
         INSERT INTO claims_unweighed SELECT DISTINCT this_writer(), noun, id FROM taken",
    )
    .bind::<BigInt, _>(BATCH)
    .execute(conn)
    .await?;
    weigh(true, conn).await?;
    Ok(taken)
}
