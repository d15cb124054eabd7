//! Gives committed changes their places: in the one order, in the chain over all of them, and, for what is published, in the
//! Merkle tree of the transparency log. One sequencer works at a time, on what is committed, so that nothing is skipped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};

use super::model::Change;
use crate::db::{Db, Pool};
use crate::error::Result;
use crate::log::Tree;
use crate::progress::Progress;
use crate::schema::{change_positions, changes, changes_unsequenced};

/// How many changes get their places in one transaction.
const BATCH: i32 = 1000;
/// How long it waits where nothing is written by this process: another one may have ended before it came to it.
const LOOK: Duration = Duration::from_millis(250);
/// How often it looks which instants of the past are settled, which takes a transaction number each time.
const SETTLE: Duration = Duration::from_secs(1);
/// How long it gathers after a write: sealing costs a transaction, however many changes are in it.
const GATHER: Duration = Duration::from_millis(50);

/// Sequences until it is aborted.
pub async fn run(pool: Pool) {
    let (db, progress) = (Db::for_worker(pool.clone()), Arc::clone(pool.progress()));
    let mut looked: Option<Instant> = None;
    loop {
        if looked.is_none_or(|at| at.elapsed() >= SETTLE) {
            looked = Some(Instant::now());
            if let Err(error) = db.read(async |conn| progress.look(conn).await).await {
                tracing::debug!(%error, "cannot look which instants are settled");
            }
        }
        match round(&db, &progress).await {
            Ok(()) => tokio::time::sleep(GATHER).await,
            Err(error) => {
                // The next round does it.
                tracing::debug!(%error, "cannot bring the log of changes into order");
                tokio::time::sleep(LOOK).await;
            }
        }
        // Whether something was written or it is time to look: either way the next round looks.
        let _ = tokio::time::timeout(LOOK, progress.written()).await;
    }
}

async fn round(db: &Db, progress: &Progress) -> Result<()> {
    while db.read(async |conn| any_waiting(conn).await).await? && db.write_quietly(sequence).await? > 0 {}
    let newest = db.read(async |conn| newest(conn).await).await?;
    progress.reached(newest);
    Ok(())
}

async fn any_waiting(mut conn: &AsyncPgConnection) -> Result<bool> {
    let waiting = diesel::dsl::exists(changes_unsequenced::table.select(changes_unsequenced::change_id));
    Ok(diesel::select(waiting).get_result(&mut conn).await?)
}

async fn newest(mut conn: &AsyncPgConnection) -> Result<i64> {
    let newest = change_positions::table.select(diesel::dsl::max(change_positions::position));
    Ok(newest.get_result::<Option<i64>>(&mut conn).await?.unwrap_or_default())
}

/// The end of the order.
struct End {
    position: i64,
    chain: Vec<u8>,
}

/// Gives a batch of changes their places; answers how many. None where another sequencer is at work.
pub async fn sequence(conn: &mut AsyncPgConnection) -> Result<usize> {
    let alone = diesel::select(sql::<Bool>("pg_try_advisory_xact_lock(hashtext('onrecord sequencer'))"));
    if !alone.get_result(conn).await? {
        return Ok(0);
    }
    let ids = take(conn).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    // By their numbers: the versions of one record, and what refers to another record, are numbered in the order of their
    // commits, as they lock each other out.
    let batch: Vec<Change> = Change::query().filter(changes::id.eq_any(&ids)).order(changes::id).load(conn).await?;
    let mut end = end(conn).await?;
    let mut tree = Tree::load(conn).await?;
    let mut rows = Vec::new();
    for change in &batch {
        end.position += 1;
        end.chain = chained(&end.chain, change);
        let leaf = change.is_proved().then(|| tree.append(&change.leaf())).transpose()?;
        rows.push((
            change_positions::position.eq(end.position),
            change_positions::change_id.eq(change.id),
            change_positions::newsroom_id.eq(change.newsroom_id),
            change_positions::published.eq(change.is_published()),
            change_positions::leaf.eq(leaf),
            change_positions::chain.eq(end.chain.clone()),
        ));
    }
    diesel::insert_into(change_positions::table).values(&rows).execute(conn).await?;
    tree.store(conn).await?;
    Ok(batch.len())
}

/// The chain's next value: of the one before, and a change.
pub fn chained(before: &[u8], change: &Change) -> Vec<u8> {
    let own = Sha256::digest(change.entry());
    Sha256::new().chain_update(before).chain_update(own).finalize().to_vec()
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = BigInt)]
    change_id: i64,
}

async fn take(conn: &mut AsyncPgConnection) -> Result<Vec<i64>> {
    // By an array: as a join with itself, planned while the queue was empty, it is read anew for each of its rows.
    let taken: Vec<Taken> = diesel::sql_query(
        "DELETE FROM changes_unsequenced
         WHERE change_id = ANY (ARRAY(SELECT change_id FROM changes_unsequenced ORDER BY change_id LIMIT $1)) RETURNING change_id",
    )
    .bind::<Integer, _>(BATCH)
    .load(conn)
    .await?;
    Ok(taken.into_iter().map(|taken| taken.change_id).collect())
}

async fn end(conn: &mut AsyncPgConnection) -> Result<End> {
    let last: Option<(i64, Vec<u8>)> = change_positions::table
        .select((change_positions::position, change_positions::chain))
        .order(change_positions::position.desc())
        .first(conn)
        .await
        .optional()?;
    let (position, chain) = last.unwrap_or_else(|| (0, vec![0; 32]));
    Ok(End { position, chain })
}
