//! The feed of changes: pages, waiting for more, and as server-sent events.

use std::fmt::Write as _;
use std::time::Duration;

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::model::{Operation, shown};
use crate::auth::{Role, Viewer};
use crate::db::Db;
use crate::error::Result;
use crate::health::Draining;

/// How many changes a page has unless asked.
const DEFAULT_LIMIT: u64 = 50;
/// A stream ends after this time, so that a key that was revoked does not go on; clients connect again by themselves.
const STREAM: Duration = Duration::from_secs(300);
/// How often a stream without news says that it lives, and looks whether the server is stopping.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Which changes.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// Those after this position: `after` of the answer before. Left out, from the beginning.
    #[param(minimum = 0, example = 0)]
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

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    noun: String,
    #[diesel(sql_type = SqlUuid)]
    record_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    newsroom_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    operation: Operation,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    public: bool,
    #[diesel(sql_type = Array<Text>)]
    changed: Vec<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    after: Option<Value>,
    #[diesel(sql_type = Bool)]
    public_today: bool,
}

/// The newest position, where it stands in the feed's own snapshot.
#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    newest: i64,
}

impl Feed {
    /// The changes after a position. What the caller may not see is passed over.
    pub async fn read(after: i64, limit: i64, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let Newest { newest } = diesel::sql_query("SELECT coalesce(max(position), 0) AS newest FROM change_positions")
            .get_result(&mut conn)
            .await?;
        // Two index scans: what everybody sees, and what only the caller's newsroom sees.
        let rows: Vec<Row> = diesel::sql_query(
            "WITH seen AS (
                 (SELECT position, change_id FROM change_positions WHERE published AND position > $1 AND position <= $2 ORDER BY position LIMIT $3)
                 UNION ALL
                 (SELECT position, change_id FROM change_positions WHERE NOT published AND newsroom_id = $4 AND position > $1 AND position <= $2 ORDER BY position LIMIT $3)
                 ORDER BY position LIMIT $3)
             SELECT position, c.id, noun, record_id, newsroom_id, operation, version, at, public, changed, after,
                 is_public(noun, record_id) AS public_today
             FROM seen JOIN changes c ON c.id = change_id JOIN change_values v USING (change_id) ORDER BY position",
        )
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(newest)
        .bind::<BigInt, _>(limit)
        .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
        .load(&mut conn)
        .await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|found| found >= limit);
        let last = rows.last().map(|row| row.position).filter(|_| is_full);
        let items = rows.into_iter().filter(|row| row.is_for(viewer)).map(|row| row.item(viewer)).collect();
        Ok(Self { items, after: last.unwrap_or_else(|| newest.max(after)) })
    }
}

impl Row {
    /// Members and keys are the admins' affair.
    fn is_for(&self, viewer: Viewer) -> bool {
        !["member", "api_key"].contains(&self.noun.as_str())
            || viewer.0.is_some_and(|caller| caller.needs(Role::Admin).is_ok())
    }

    fn item(self, viewer: Viewer) -> FeedItem {
        let is_own = self.newsroom_id.is_some_and(|newsroom_id| viewer.is_of(newsroom_id));
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

impl FeedQuery {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(DEFAULT_LIMIT).cast_signed()
    }

    fn after(&self) -> i64 {
        i64::try_from(self.after.unwrap_or_default()).unwrap_or(i64::MAX)
    }
}

/// A page; where it is empty and the caller waits, the next one that is not.
pub async fn page(db: &Db, query: &FeedQuery, viewer: Viewer) -> Result<Feed> {
    let until = Instant::now() + Duration::from_secs(query.wait.unwrap_or_default());
    let mut news = db.progress().follow();
    let mut after = query.after();
    loop {
        news.mark_unchanged();
        let feed = db.list(async |conn| Feed::read(after, query.limit(), viewer, conn).await).await?;
        after = feed.after;
        let left = until.saturating_duration_since(Instant::now());
        // The server's end counts as the wait's.
        if !feed.items.is_empty() || left.is_zero() || !matches!(timeout(left, news.changed()).await, Ok(Ok(()))) {
            return Ok(feed);
        }
    }
}

/// The same as server-sent events: each change an event whose id is its position.
pub fn events(
    db: web::Data<Db>,
    draining: web::Data<Draining>,
    query: &FeedQuery,
    viewer: Viewer,
) -> impl Stream<Item = Result<web::Bytes>> + use<> {
    let (limit, after, end) = (query.limit(), query.after(), Instant::now() + STREAM);
    let news = db.progress().follow();
    stream::try_unfold((after, news), move |(after, mut news)| {
        let (db, draining) = (db.clone(), draining.clone());
        async move {
            if draining.begun() || Instant::now() > end {
                return Ok(None);
            }
            news.mark_unchanged();
            let feed = db.list(async |conn| Feed::read(after, limit, viewer, conn).await).await?;
            if feed.items.is_empty() {
                // Whether there is news or it is time for a sign of life: the next turn looks.
                let _ = timeout(HEARTBEAT, news.changed()).await;
                return Ok(Some((web::Bytes::from_static(b":\n\n"), (feed.after, news))));
            }
            let mut text = String::new();
            for item in &feed.items {
                let data = serde_json::to_string(item)?;
                // Writing to a String cannot fail.
                let _ = write!(text, "id: {}\nevent: change\ndata: {data}\n\n", item.position);
            }
            Ok(Some((text.into(), (feed.after, news))))
        }
    })
}
