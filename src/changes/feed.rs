//! The feed of changes: pages, waiting for more, and as server-sent events.

use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::model::{Operation, shown};
use super::streams::{Open, asks_for_events, event_stream, last_event_id};
use crate::auth::{Role, Viewer};
use crate::db::Db;
use crate::error::{Error, Result};

/// How many changes a page has unless asked.
const DEFAULT_LIMIT: u64 = 50;
/// How often a stream without news says that it lives, and looks whether it is over.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Which changes.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// Those after this position: `after` of the answer before. Left out, from the beginning.
    #[validate(range(max = 9_223_372_036_854_775_807_u64))]
    #[param(minimum = 0, maximum = 9_223_372_036_854_775_807_i64, example = 0)]
    pub after: Option<u64>,
    /// How many at most.
    #[validate(range(min = 1, max = 200))]
    #[param(minimum = 1, maximum = 200, default = 50, example = 20)]
    pub limit: Option<u64>,
    /// Seconds to wait for the first one, where there is none yet.
    #[validate(range(max = 60))]
    #[param(minimum = 0, maximum = 60, default = 0)]
    pub wait: Option<u64>,
}

/// Changes in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Feed {
    /// The changes that the caller may see.
    pub items: Vec<FeedItem>,
    /// Send it as `after` for what comes next.
    #[schema(example = 20)]
    pub after: i64,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedItem {
    /// Its place in the order; rises, with gaps where the caller may not see changes.
    pub position: i64,
    /// The change's id, for a proof that it is in the log.
    pub change_id: i64,
    /// `source`, `document`, `claim`, `statement`, `verdict` …
    pub noun: String,
    /// The record.
    pub record_id: Uuid,
    /// Whose record it is; null for what comes with OnRecord.
    pub newsroom_id: Option<Uuid>,
    /// What happened to it.
    pub operation: Operation,
    /// The record's version after it.
    pub version: i32,
    /// When, database time.
    pub at: DateTime<Utc>,
    /// Whether everybody sees the record after it.
    pub public: bool,
    /// The fields that changed.
    pub changed: Vec<String>,
    /// The record after it, as far as the caller may see it today; null where it was deleted or is hidden since.
    #[schema(value_type = Option<Object>)]
    pub record: Option<Map<String, Value>>,
}

/// A change as it was logged, with what is known of it today.
#[derive(QueryableByName)]
pub struct Row {
    /// Its place in the order.
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    /// The chain over all changes up to it: no other history has the same.
    #[diesel(sql_type = Binary)]
    pub chain: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    id: i64,
    /// What the record is.
    #[diesel(sql_type = Text)]
    pub noun: String,
    /// The record.
    #[diesel(sql_type = SqlUuid)]
    pub record_id: Uuid,
    /// What it hangs on, such as a statement's claim.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub parent_id: Option<Uuid>,
    /// Whose record it is.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub newsroom_id: Option<Uuid>,
    /// What happened to it.
    #[diesel(sql_type = Text)]
    pub operation: Operation,
    /// The record's version after it.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// When, database time.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Whether everybody sees the record after it.
    #[diesel(sql_type = Bool)]
    pub public: bool,
    /// Whether everybody saw it before.
    #[diesel(sql_type = Bool)]
    pub was_public: bool,
    #[diesel(sql_type = Array<Text>)]
    changed: Vec<String>,
    /// The record after it, with what not everybody may see.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub after: Option<Value>,
    /// The record's status before it, where that has changed.
    #[diesel(sql_type = Nullable<Text>)]
    pub former_status: Option<String>,
    /// Of a deletion: the record as it was.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub deleted: Option<Value>,
    #[diesel(sql_type = Bool)]
    public_today: bool,
}

/// The newest position, where it stands in the feed's own snapshot.
#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    newest: i64,
}

/// What there is of a change, and of its record today.
const COLUMNS: &str = "position, chain, c.id, noun, record_id, parent_id, newsroom_id, operation, version, at, public, was_public, changed, after,
    before ->> 'status' AS former_status, CASE operation WHEN 'delete' THEN before END AS deleted, is_public(noun, record_id) AS public_today";

impl Row {
    /// The changes after a position that everybody or this newsroom may know of, up to where that is all, and whether there are more.
    pub async fn after(
        after: i64,
        limit: i64,
        newsroom_id: Option<Uuid>,
        mut conn: &AsyncPgConnection,
    ) -> Result<(Vec<Self>, i64, bool)> {
        let Newest { newest } = diesel::sql_query("SELECT coalesce(max(position), 0) AS newest FROM change_positions")
            .get_result(&mut conn)
            .await?;
        // Two index scans: what everybody sees, and what only the newsroom sees.
        let rows: Vec<Self> = diesel::sql_query(format!(
            "WITH seen AS (
                 (SELECT position, change_id, chain FROM change_positions WHERE published AND position > $1 AND position <= $2 ORDER BY position LIMIT $3)
                 UNION ALL
                 (SELECT position, change_id, chain FROM change_positions WHERE NOT published AND newsroom_id = $4 AND position > $1 AND position <= $2 ORDER BY position LIMIT $3)
                 ORDER BY position LIMIT $3)
             SELECT {COLUMNS} FROM seen JOIN changes c ON c.id = change_id JOIN change_values v USING (change_id) ORDER BY position",
        ))
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(newest)
        .bind::<BigInt, _>(limit)
        .bind::<Nullable<SqlUuid>, _>(newsroom_id)
        .load(&mut conn)
        .await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|found| found >= limit);
        let last = rows.last().map(|row| row.position).filter(|_| is_full);
        Ok((rows, last.unwrap_or_else(|| newest.max(after)), is_full))
    }

    /// The changes at these positions, whoever may know of them.
    pub async fn at(positions: &[i64], mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let rows = diesel::sql_query(format!(
            "SELECT {COLUMNS} FROM (SELECT position, change_id, chain FROM change_positions WHERE position = ANY ($1)) AS p
             JOIN changes c ON c.id = change_id JOIN change_values v USING (change_id) ORDER BY position",
        ));
        Ok(rows.bind::<Array<BigInt>, _>(positions).load(&mut conn).await?)
    }

    /// Members, keys and webhooks are the admins' affair.
    fn is_for(&self, viewer: Viewer) -> bool {
        !["member", "api_key", "webhook"].contains(&self.noun.as_str())
            || viewer.0.is_some_and(|caller| caller.needs(Role::Admin).is_ok())
    }

    /// The change as members of a newsroom see it, or everybody.
    pub fn item(self, newsroom_id: Option<Uuid>) -> FeedItem {
        let is_own = self.newsroom_id.is_some() && self.newsroom_id == newsroom_id;
        let seen = self.operation != Operation::Redact && (is_own || self.public && self.public_today);
        // A link's note is for its readers; others are the newsroom's own.
        let with_note = is_own || self.noun == "claim_link";
        let record = self.after.as_ref().filter(|_| seen).map(|after| shown(after, with_note));
        let Self { position, id, noun, record_id, newsroom_id, operation, version, at, public, mut changed, .. } = self;
        changed.retain(|field| field != "url_normal" && (with_note || field != "note"));
        FeedItem {
            position,
            change_id: id,
            noun,
            record_id,
            newsroom_id,
            operation,
            version,
            at,
            public,
            changed,
            record,
        }
    }
}

impl Feed {
    /// The changes after a position. What the caller may not see is passed over.
    pub async fn read(after: i64, limit: i64, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Batch<FeedItem>> {
        let (rows, after, more) = Row::after(after, limit, viewer.newsroom_id(), conn).await?;
        let items = rows.into_iter().filter(|row| row.is_for(viewer)).map(|row| row.item(viewer.newsroom_id()));
        Ok(Batch { items: items.collect(), after, more })
    }
}

/// What is told of the changes after a position.
pub struct Batch<T> {
    /// Some of it, in order; none where there is nothing new.
    pub items: Vec<T>,
    /// The position up to which that is all.
    pub after: i64,
    /// Whether there are changes after that.
    pub more: bool,
}

impl FeedQuery {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(DEFAULT_LIMIT).cast_signed()
    }

    fn after(&self) -> i64 {
        i64::try_from(self.after.unwrap_or_default()).unwrap_or(i64::MAX)
    }
}

/// In how many turns a page looks for something to tell, among changes of which nothing is told.
const TURNS: u32 = 40;

/// A page; where it is empty and the caller waits, the next one that is not.
pub async fn page<T>(
    db: &Db,
    query: &FeedQuery,
    read: impl AsyncFn(i64, i64, &AsyncPgConnection) -> Result<Batch<T>>,
) -> Result<Batch<T>> {
    let until = Instant::now() + Duration::from_secs(query.wait.unwrap_or_default());
    let mut news = db.progress().follow();
    let (mut after, mut turns) = (query.after(), 0);
    loop {
        news.mark_unchanged();
        let batch = db.list(async |conn| read(after, query.limit(), conn).await).await?;
        after = batch.after;
        turns += 1;
        if batch.items.is_empty() && batch.more && turns < TURNS {
            continue;
        }
        let left = until.saturating_duration_since(Instant::now());
        // The server's end counts as the wait's.
        if !batch.items.is_empty() || left.is_zero() || !matches!(timeout(left, news.changed()).await, Ok(Ok(()))) {
            return Ok(batch);
        }
    }
}

/// The same as server-sent events, named and numbered by `told`: a position is an event's id. The database is asked only when the log
/// has gone on.
pub fn stream<T: Serialize + 'static>(
    db: web::Data<Db>,
    open: Open,
    query: &FeedQuery,
    read: impl AsyncFn(i64, i64, &AsyncPgConnection) -> Result<Batch<T>> + 'static,
    told: fn(&T) -> (&str, i64),
) -> HttpResponse {
    let (limit, news) = (query.limit(), db.progress().follow());
    let shared = Rc::new((db, open, read));
    let events = stream::try_unfold((query.after(), news, true), move |(after, mut news, more)| {
        let shared = shared.clone();
        async move {
            let (db, open, read) = &*shared;
            if open.is_over() {
                return Ok::<_, Error>(None);
            }
            let alive = web::Bytes::from_static(b":\n\n");
            if !more && timeout(HEARTBEAT, news.changed()).await.is_err() {
                return Ok(Some((alive, (after, news, false))));
            }
            news.mark_unchanged();
            let batch = db.list(async |conn| read(after, limit, conn).await).await?;
            let next = (batch.after, news, batch.more);
            if batch.items.is_empty() {
                return Ok(Some((alive, next)));
            }
            let mut text = String::new();
            for item in &batch.items {
                let ((name, position), data) = (told(item), serde_json::to_string(item)?);
                // Writing to a String cannot fail.
                let _ = write!(text, "id: {position}\nevent: {name}\ndata: {data}\n\n");
            }
            Ok(Some((text.into(), next)))
        }
    });
    event_stream(events)
}

/// Whether a client asked for a stream; then with where it broke off in the query.
pub fn wants_stream(request: &HttpRequest, query: &mut FeedQuery) -> bool {
    let wanted = asks_for_events(request);
    if wanted {
        query.after = last_event_id(request).or(query.after);
    }
    wanted
}
