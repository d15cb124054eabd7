//! The queue of passages and their vectors, in PostgreSQL.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use super::settings::EmbeddingSettings;
use crate::error::Result;

/// How many records are taken from the queue at once.
const BATCH: i64 = 32;

/// A model that passages are embedded by.
#[derive(Debug, Clone, QueryableByName)]
pub struct Model {
    /// Its id.
    #[diesel(sql_type = Integer)]
    pub id: i32,
    /// Its name at the service.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether all that there was has been embedded by it once.
    #[diesel(sql_type = Bool)]
    pub complete: bool,
}

/// A record taken from the queue.
#[derive(Debug, QueryableByName)]
pub struct Taken {
    #[diesel(sql_type = SqlUuid)]
    record_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    noted_at: DateTime<Utc>,
}

/// A text to be embedded.
#[derive(Debug, Clone, QueryableByName)]
pub struct Passage {
    /// Of which record.
    #[diesel(sql_type = SqlUuid)]
    pub record_id: Uuid,
    /// `first` or `second`.
    #[diesel(sql_type = Text)]
    pub part: String,
    /// The text.
    #[diesel(sql_type = Text)]
    pub said: String,
}

/// A vector that is new.
#[derive(Debug, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub number: i64,
    /// Of which record.
    #[diesel(sql_type = SqlUuid)]
    pub record_id: Uuid,
    /// `first` or `second`.
    #[diesel(sql_type = Text)]
    pub part: String,
    /// The vector; none any more where it is null.
    #[diesel(sql_type = Nullable<Binary>)]
    pub vector: Option<Vec<u8>>,
}

/// How far embedding is.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Progress {
    /// Records that wait.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// Seconds that the first of them has waited.
    #[diesel(sql_type = diesel::sql_types::Double)]
    pub lag_seconds: f64,
    /// Passages that have a vector of the configured model.
    #[diesel(sql_type = BigInt)]
    pub embedded: i64,
    /// Passages that the service has refused.
    #[diesel(sql_type = BigInt)]
    pub refused: i64,
    /// Whether all was embedded by the configured model once.
    #[diesel(sql_type = Bool)]
    pub complete: bool,
}

impl Model {
    /// Lets passages be embedded by the configured model, whatever it was before.
    pub async fn choose(settings: &EmbeddingSettings, conn: &mut AsyncPgConnection) -> Result<()> {
        // Where all is to be embedded anew, it takes as long as there are entries.
        diesel::sql_query("SET LOCAL statement_timeout = 0").execute(conn).await?;
        diesel::sql_query("SELECT choose_model($1, $2, $3)")
            .bind::<Text, _>(&settings.model)
            .bind::<Integer, _>(i32::from(settings.dimensions))
            .bind::<Text, _>(&settings.passage_prefix)
            .execute(conn)
            .await?;
        Ok(())
    }

    /// The configured model; none where another process has replaced it.
    pub async fn configured(settings: &EmbeddingSettings, mut conn: &AsyncPgConnection) -> Result<Option<Self>> {
        Ok(diesel::sql_query(
            "SELECT id, name, complete FROM embedding_models WHERE (name, dimensions, passage_prefix) = ($1, $2, $3)",
        )
        .bind::<Text, _>(&settings.model)
        .bind::<Integer, _>(i32::from(settings.dimensions))
        .bind::<Text, _>(&settings.passage_prefix)
        .get_result(&mut conn)
        .await
        .optional()?)
    }

    /// The model whose vectors are searched: the configured one, or the one before while that is not complete. Of another length, a
    /// query has no vector for it.
    pub async fn in_use(settings: &EmbeddingSettings, mut conn: &AsyncPgConnection) -> Result<Option<Self>> {
        Ok(diesel::sql_query(
            "SELECT id, name, complete FROM embedding_models WHERE dimensions = $2
             ORDER BY complete AND (name, dimensions, passage_prefix) = ($1, $2, $3) DESC, complete DESC, id DESC LIMIT 1",
        )
        .bind::<Text, _>(&settings.model)
        .bind::<Integer, _>(i32::from(settings.dimensions))
        .bind::<Text, _>(&settings.passage_prefix)
        .get_result(&mut conn)
        .await
        .optional()?)
    }

    /// What of its vectors came after a number.
    pub async fn since(&self, number: i64, most: i64, mut conn: &AsyncPgConnection) -> Result<Vec<Row>> {
        Ok(diesel::sql_query(
            "SELECT number, record_id, part, vector FROM embeddings WHERE model_id = $1 AND number > $2 ORDER BY number LIMIT $3",
        )
        .bind::<Integer, _>(self.id)
        .bind::<BigInt, _>(number)
        .bind::<BigInt, _>(most)
        .load(&mut conn)
        .await?)
    }
}

/// Takes some records from the queue, for two minutes: nobody else does them meanwhile, and somebody does when this process is killed.
/// None where passages are embedded by another model.
pub async fn take(model: &Model, conn: &mut AsyncPgConnection) -> Result<Vec<Taken>> {
    Ok(diesel::sql_query(
        "UPDATE embeddings_waiting SET taken_until = now() + interval '2 minutes' WHERE record_id IN
             (SELECT record_id FROM embeddings_waiting WHERE (taken_until IS NULL OR taken_until < now()) AND $2 = chosen_model()
              ORDER BY noted_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING record_id, noted_at",
    )
    .bind::<BigInt, _>(BATCH)
    .bind::<Integer, _>(model.id)
    .load(conn)
    .await?)
}

/// The passages of taken records that are not embedded as they are.
pub async fn unembedded(taken: &[Taken], model: &Model, mut conn: &AsyncPgConnection) -> Result<Vec<Passage>> {
    let ids: Vec<Uuid> = taken.iter().map(|one| one.record_id).collect();
    Ok(diesel::sql_query(
        "SELECT record_id, part, said FROM passages($1) AS p
         WHERE NOT EXISTS (SELECT FROM embeddings AS e WHERE model_id = $2 AND (e.record_id, e.part) = (p.record_id, p.part) AND text_hash = md5(said)::uuid)",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Integer, _>(model.id)
    .load(&mut conn)
    .await?)
}

/// Keeps vectors, drops those of texts that are no more, and ends the records' turn, unless they were written again meanwhile.
pub async fn keep(
    taken: &[Taken],
    passages: &[(Passage, Option<Vec<u8>>)],
    model: &Model,
    conn: &mut AsyncPgConnection,
) -> Result<()> {
    // The queue first, as a deletion takes them. What was written again, or is another's by now, is not ours any more.
    let ours: Vec<Taken> = diesel::sql_query(
        "SELECT record_id, noted_at FROM embeddings_waiting JOIN unnest($1, $2) AS t(record_id, noted_at) USING (record_id, noted_at)
         WHERE $3 = chosen_model() ORDER BY record_id FOR UPDATE OF embeddings_waiting",
    )
    .bind::<Array<SqlUuid>, _>(taken.iter().map(|one| one.record_id).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(taken.iter().map(|one| one.noted_at).collect::<Vec<_>>())
    .bind::<Integer, _>(model.id)
    .load(conn)
    .await?;
    let ids: Vec<Uuid> = ours.iter().map(|one| one.record_id).collect();
    let passages: Vec<_> = passages.iter().filter(|(one, _)| ids.contains(&one.record_id)).collect();
    diesel::sql_query(
        "INSERT INTO embeddings (model_id, record_id, part, text_hash, vector) SELECT $1, record_id, part, md5(said)::uuid, vector
             FROM unnest($2, $3, $4, $5) AS t(record_id, part, said, vector)
             ORDER BY record_id, part
         ON CONFLICT (model_id, record_id, part) DO UPDATE
             SET text_hash = excluded.text_hash, vector = excluded.vector, number = nextval('embeddings_number'), gone_at = NULL",
    )
    .bind::<Integer, _>(model.id)
    .bind::<Array<SqlUuid>, _>(passages.iter().map(|(one, _)| one.record_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(passages.iter().map(|(one, _)| one.part.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(passages.iter().map(|(one, _)| one.said.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Binary>>, _>(passages.iter().map(|(_, vector)| vector.as_deref()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    diesel::sql_query(
        "UPDATE embeddings SET vector = NULL, text_hash = NULL, number = nextval('embeddings_number'), gone_at = now()
         WHERE record_id = ANY ($1) AND gone_at IS NULL AND (record_id, part) NOT IN (SELECT record_id, part FROM passages($1))",
    )
    .bind::<Array<SqlUuid>, _>(&ids)
    .execute(conn)
    .await?;
    diesel::sql_query("DELETE FROM embeddings_waiting WHERE record_id = ANY ($1)")
        .bind::<Array<SqlUuid>, _>(&ids)
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives taken records back.
pub async fn give_back(taken: &[Taken], conn: &mut AsyncPgConnection) -> Result<()> {
    let ids: Vec<Uuid> = taken.iter().map(|one| one.record_id).collect();
    diesel::sql_query("UPDATE embeddings_waiting SET taken_until = NULL WHERE record_id = ANY ($1)")
        .bind::<Array<SqlUuid>, _>(ids)
        .execute(conn)
        .await?;
    Ok(())
}

/// Where nothing waits any more, the model is complete.
pub async fn complete(model: &Model, conn: &mut AsyncPgConnection) -> Result<()> {
    diesel::sql_query("UPDATE embedding_models SET complete = true WHERE id = $1 AND id = chosen_model() AND NOT complete AND NOT EXISTS (SELECT FROM embeddings_waiting)")
        .bind::<Integer, _>(model.id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes vectors of models that a complete one has replaced, and of texts that have been gone for a day: some at a time, as there may
/// be millions. Answers how many.
pub async fn forget_some(model: &Model, conn: &mut AsyncPgConnection) -> Result<usize> {
    let replaced =
        "id <> $1 AND $1 = chosen_model() AND EXISTS (SELECT FROM embedding_models WHERE id = $1 AND complete)";
    let removed = diesel::sql_query(format!(
        "DELETE FROM embeddings WHERE ctid IN (SELECT ctid FROM embeddings WHERE gone_at < now() - interval '1 day'
             OR model_id IN (SELECT id FROM embedding_models WHERE {replaced}) LIMIT 10000)"
    ))
    .bind::<Integer, _>(model.id)
    .execute(conn)
    .await?;
    if removed == 0 {
        diesel::sql_query(format!("DELETE FROM embedding_models WHERE {replaced}"))
            .bind::<Integer, _>(model.id)
            .execute(conn)
            .await?;
    }
    Ok(removed)
}

/// How many records wait, and for how many seconds the first of them has.
pub async fn waiting(mut conn: &AsyncPgConnection) -> Result<(i64, f64)> {
    #[derive(QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = BigInt)]
        waiting: i64,
        #[diesel(sql_type = diesel::sql_types::Double)]
        lag: f64,
    }
    let found: Waiting = diesel::sql_query(
        "SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(noted_at)), 0)::float8 AS lag FROM embeddings_waiting",
    )
    .get_result(&mut conn)
    .await?;
    Ok((found.waiting, found.lag))
}

impl Progress {
    /// How far embedding by the configured model is.
    pub async fn of(settings: &EmbeddingSettings, mut conn: &AsyncPgConnection) -> Result<Self> {
        Ok(diesel::sql_query(
            "WITH model AS (SELECT id, complete FROM embedding_models WHERE (name, dimensions, passage_prefix) = ($1, $2, $3))
             SELECT (SELECT count(*) FROM embeddings_waiting) AS waiting,
                 coalesce((SELECT extract(epoch FROM now() - min(noted_at)) FROM embeddings_waiting), 0)::float8 AS lag_seconds,
                 (SELECT count(*) FROM embeddings WHERE model_id = (SELECT id FROM model) AND vector IS NOT NULL) AS embedded,
                 (SELECT count(*) FROM embeddings WHERE model_id = (SELECT id FROM model) AND vector IS NULL AND gone_at IS NULL) AS refused,
                 coalesce((SELECT complete FROM model), false) AS complete",
        )
        .bind::<Text, _>(&settings.model)
        .bind::<Integer, _>(i32::from(settings.dimensions))
        .bind::<Text, _>(&settings.passage_prefix)
        .get_result(&mut conn)
        .await?)
    }
}
