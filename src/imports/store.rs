//! Files as they arrive: in pieces, each committed by itself, so that none is ever whole in memory.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, SmallInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::model::{Form, Import, ImportOptions, ImportStatus, Outcome};
use crate::auth::Caller;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::schema::{import_chunks, imports};

/// How many bytes are stored at once.
const CHUNK: usize = 256 << 10;

/// A file that begins to arrive.
pub async fn begin(
    id: Uuid,
    form: Form,
    charset: Option<&str>,
    options: &ImportOptions,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<()> {
    let values = (
        imports::id.eq(id),
        imports::newsroom_id.eq(caller.newsroom_id),
        imports::member_id.eq(caller.member_id),
        imports::name.eq(&options.name),
        imports::form.eq(form),
        imports::charset.eq(charset),
        imports::options.eq(serde_json::to_value(options)?),
        imports::status.eq(ImportStatus::Receiving),
    );
    diesel::insert_into(imports::table).values(values).execute(conn).await?;
    Ok(())
}

/// The name of an encoding, by any of its labels in the Encoding Standard. 415 for what is none.
pub fn charset(label: &str) -> Result<&'static str> {
    let refused = "The charset is no label of the Encoding Standard, such as utf-8 or windows-1252.";
    encoding_rs::Encoding::for_label(label.as_bytes())
        .map(encoding_rs::Encoding::name)
        .ok_or(Error::UnsupportedMediaType(refused))
}

/// Stores the bytes of a file; answers its hash.
pub async fn receive<B: AsRef<[u8]>>(
    id: Uuid,
    mut bytes: impl Stream<Item = Result<B>> + Unpin,
    db: &Db,
) -> Result<[u8; 32]> {
    let (mut waiting, mut hash, mut number) = (Vec::with_capacity(CHUNK), Sha256::new(), 0);
    while let Some(more) = bytes.next().await {
        let more = more?;
        hash.update(more.as_ref());
        waiting.extend_from_slice(more.as_ref());
        while waiting.len() >= CHUNK {
            let rest = waiting.split_off(CHUNK);
            keep(id, number, std::mem::replace(&mut waiting, rest), db).await?;
            number += 1;
        }
    }
    if !waiting.is_empty() {
        keep(id, number, waiting, db).await?;
    }
    Ok(hash.finalize().into())
}

async fn keep(id: Uuid, number: i32, bytes: Vec<u8>, db: &Db) -> Result<()> {
    db.write(async move |conn| put(id, number, &bytes, conn).await).await
}

/// Puts bytes at a place of the file.
pub async fn put(id: Uuid, number: i32, bytes: &[u8], conn: &mut AsyncPgConnection) -> Result<()> {
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let row = (import_chunks::import_id.eq(id), import_chunks::number.eq(number), import_chunks::bytes.eq(bytes));
    diesel::insert_into(import_chunks::table).values(row).execute(conn).await?;
    diesel::update(imports::table.find(id)).set(imports::bytes.eq(imports::bytes + length)).execute(conn).await?;
    Ok(())
}

/// The file is whole: it waits to be worked on.
pub async fn finish_receiving(
    id: Uuid,
    hash: &[u8; 32],
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<Import> {
    let set = (imports::sha256.eq(hash.as_slice()), imports::status.eq(ImportStatus::Waiting));
    diesel::update(imports::table.find(id)).set(set).execute(conn).await?;
    Import::find(id, caller, conn).await
}

/// Forgets a file that did not arrive, or arrived twice.
pub async fn discard(id: Uuid, db: &Db) -> Result<()> {
    db.write(async move |conn| {
        let unfinished = imports::table.find(id).filter(imports::status.eq(ImportStatus::Receiving));
        diesel::delete(unfinished).execute(conn).await?;
        Ok(())
    })
    .await
}

/// Forgets files whose senders went away.
pub async fn sweep(db: &Db) -> Result<()> {
    db.write(async |conn| {
        let abandoned = imports::table
            .filter(imports::status.eq(ImportStatus::Receiving))
            .filter(sql::<Bool>("updated_at < now() - interval '1 hour'"));
        diesel::delete(abandoned).execute(conn).await?;
        Ok(())
    })
    .await
}

/// The bytes at a place of a file; none after its end.
pub async fn chunk(id: Uuid, number: i32, mut conn: &AsyncPgConnection) -> Result<Option<Vec<u8>>> {
    let query = import_chunks::table.find((id, number)).select(import_chunks::bytes);
    Ok(query.first(&mut conn).await.optional()?)
}

/// What there is to do.
#[derive(QueryableByName)]
pub struct Due {
    /// Whether an import waits, or its process has died.
    #[diesel(sql_type = Bool)]
    pub waiting: bool,
    /// Whether a file was left behind that did not arrive whole.
    #[diesel(sql_type = Bool)]
    pub abandoned: bool,
}

/// Imports to work on: of each newsroom the one that was begun, else the one whose sending began first, where no process is at it: in
/// order, what came last counts. What came no further is left alone longer each time.
const WAITING: &str = "SELECT id FROM imports
    WHERE id IN (SELECT DISTINCT ON (newsroom_id) id FROM imports WHERE status IN ('waiting', 'running') ORDER BY newsroom_id, status <> 'running', id)
        AND status IN ('waiting', 'running') AND (taken_until IS NULL OR taken_until + tries * interval '15 seconds' < now())";
/// How often an import is taken that comes no further.
const MOST_TRIES: i16 = 10;
const NO_FURTHER: &str = "It came no further in ten tries: each time the database took too long or could not be reached, or the server ended. \
                          What was recorded stays. Send the file again for the rest.";

/// Looks what there is to do.
pub async fn due(mut conn: &AsyncPgConnection) -> Result<Due> {
    let query = format!(
        "SELECT EXISTS ({WAITING}) AS waiting,
            EXISTS (SELECT FROM imports WHERE status = 'receiving' AND updated_at < now() - interval '1 hour') AS abandoned"
    );
    Ok(diesel::sql_query(query).get_result(&mut conn).await?)
}

#[derive(QueryableByName)]
struct TakenImport {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SmallInt)]
    tries: i16,
}

/// An import that waits, or whose process has died, for this process to work on: any one, or this one. One that was taken too often
/// and came no further has failed.
///
/// A process that is only slow may find that another goes on: each batch begins where the one before has ended (`record`), so that
/// none is recorded twice.
pub async fn take(wanted: Option<Uuid>, conn: &mut AsyncPgConnection) -> Result<Option<Import>> {
    // Whoever waits for one by itself waits for no others of its newsroom.
    let this = "SELECT id FROM imports WHERE id = $1 AND status IN ('waiting', 'running') AND (taken_until IS NULL OR taken_until + tries * interval '15 seconds' < now())";
    let query = format!(
        "UPDATE imports SET status = 'running', tries = tries + 1, taken_until = now() + interval '15 seconds' WHERE id = (
            {} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, tries",
        if wanted.is_some() { this } else { WAITING }
    );
    let query = diesel::sql_query(query).bind::<Nullable<SqlUuid>, _>(wanted);
    let taken: Option<TakenImport> = query.get_result(conn).await.optional()?;
    let Some(TakenImport { id, tries }) = taken else { return Ok(None) };
    if tries > MOST_TRIES {
        end(id, Some(NO_FURTHER.into()), conn).await?;
        return Ok(None);
    }
    Ok(Some(Import::query().find(id).first(conn).await?))
}

/// This process is still at it.
pub async fn renew(id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
    // While a batch is recorded nobody takes it, and it is not waited for.
    let query = "UPDATE imports SET taken_until = now() + interval '15 seconds'
        WHERE id = (SELECT id FROM imports WHERE id = $1 AND status = 'running' FOR UPDATE SKIP LOCKED)";
    diesel::sql_query(query).bind::<SqlUuid, _>(id).execute(conn).await?;
    Ok(())
}

/// The import has come so far, and these are the outcomes of its next records.
pub async fn move_on(id: Uuid, outcomes: &[Outcome], bytes_read: i64, conn: &mut AsyncPgConnection) -> Result<()> {
    let count =
        |wanted| i64::try_from(outcomes.iter().filter(|outcome| **outcome == wanted).count()).unwrap_or_default();
    let set = (
        imports::records.eq(imports::records + i64::try_from(outcomes.len()).unwrap_or_default()),
        imports::created.eq(imports::created + count(Outcome::Created)),
        imports::updated.eq(imports::updated + count(Outcome::Updated)),
        imports::unchanged.eq(imports::unchanged + count(Outcome::Unchanged)),
        imports::changed.eq(imports::changed + count(Outcome::Changed)),
        imports::failed.eq(imports::failed + count(Outcome::Failed)),
        imports::bytes_read.eq(bytes_read),
        imports::tries.eq(0),
        // Not from the beginning of a transaction that took long.
        imports::taken_until.eq(diesel::dsl::sql("clock_timestamp() + interval '15 seconds'")),
    );
    diesel::update(imports::table.find(id)).set(set).execute(conn).await?;
    Ok(())
}

/// How an import ended.
pub async fn end(id: Uuid, problem: Option<String>, conn: &mut AsyncPgConnection) -> Result<()> {
    let ended = imports::table.find(id);
    let released = imports::taken_until.eq(None::<chrono::DateTime<chrono::Utc>>);
    let records: i64 = ended.select(imports::records).first(conn).await?;
    if let Some(problem) = problem {
        let set = (imports::status.eq(ImportStatus::Failed), imports::problem.eq(problem), released);
        diesel::update(ended).set(set).execute(conn).await?;
        return Ok(());
    }
    let empty = (records == 0)
        .then_some("No review was found in it. If it has some, look whether its Content-Type is its form.");
    let status = if empty.is_some() { ImportStatus::Failed } else { ImportStatus::Done };
    // Behind the last record there may be some more bytes, without one.
    let set =
        (imports::status.eq(status), imports::problem.eq(empty), imports::bytes_read.eq(imports::bytes), released);
    diesel::update(ended).set(set).execute(conn).await?;
    Ok(())
}

/// The options as they were asked for.
pub fn options(stored: &Value) -> Result<ImportOptions> {
    Ok(serde_json::from_value(stored.clone())?)
}
