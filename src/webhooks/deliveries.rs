use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::model::Webhook;
use super::queue;
use crate::auth::Caller;
use crate::columns::text_enum;
use crate::error::{Error, Result};
use crate::events::EventKind;
use crate::page::PageRequest;
use crate::schema::{webhook_cursors, webhook_deliveries, webhooks};

text_enum! {
    /// What became of a delivery.
    DeliveryStatus {
        /// It is to be sent, again if it was tried.
        Waiting = "waiting",
        /// It was answered with 2xx.
        Delivered = "delivered",
        /// It was given up after the last attempt.
        Failed = "failed",
    }
}

/// An event on its way to a webhook, or what became of it.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = webhook_deliveries)]
pub struct Delivery {
    /// UUIDv7.
    pub id: Uuid,
    /// To whom.
    pub webhook_id: Uuid,
    /// The event's kind.
    #[schema(value_type = EventKind)]
    pub event: String,
    /// The event's id, `webhook-id`: the same whenever it is sent.
    pub event_id: String,
    /// The change's place in the log; null of a test.
    pub position: Option<i64>,
    /// What became of it.
    pub status: DeliveryStatus,
    /// How often it was tried; an answer of 429 does not count.
    pub attempts: i32,
    /// When it was last tried; null: not yet.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// When it is tried again; null: at once, or no more.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The HTTP status that was last answered.
    pub answer_status: Option<i32>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Milliseconds that the last attempt took.
    pub took_ms: Option<i32>,
    /// When it began to wait.
    pub created_at: DateTime<Utc>,
    /// Its place in the list.
    #[serde(skip)]
    pub number: i64,
}

/// Which deliveries.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    /// Those with this status.
    pub status: Option<DeliveryStatus>,
}

/// Where a webhook is to begin again: one of the two.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"after": 0}))]
pub struct Replay {
    /// After this position of `/v1/changes`; 0: from the beginning.
    #[validate(range(min = 0))]
    #[schema(minimum = 0)]
    pub after: Option<i64>,
    /// With what happened at this time or later.
    pub since: Option<DateTime<Utc>>,
}

/// Where a webhook begins again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    /// Events after this position are sent, again if they were.
    #[schema(example = 0)]
    pub after: i64,
    /// How many deliveries that waited were dropped; what they were about comes again where it lies after the position.
    #[schema(example = 0)]
    pub dropped: usize,
}

impl Delivery {
    /// A page of a webhook's deliveries, newest first.
    pub async fn list(
        webhook_id: Uuid,
        filter: &DeliveryFilter,
        page: &PageRequest,
        caller: Caller,
        mut conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        use webhook_deliveries as d;
        Webhook::find(webhook_id, caller, conn).await?;
        let mut query = Self::query().filter(d::webhook_id.eq(webhook_id)).into_boxed();
        query = match filter.status {
            // Written out, so that the index of the few that failed serves.
            Some(DeliveryStatus::Failed) => query.filter(sql::<Bool>("status = 'failed'")),
            Some(status) => query.filter(d::status.eq(status)),
            None => query,
        };
        if let Some(after) = page.after_number() {
            query = query.filter(d::number.lt(after));
        }
        Ok(query.order(d::number.desc()).limit(page.rows()).load(&mut conn).await?)
    }

    /// Lets a webhook be sent a test at once.
    pub async fn test(webhook_id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let webhook = Webhook::lock(webhook_id, caller, conn).await?;
        let id = Uuid::now_v7();
        Self::put(id, &webhook, EventKind::TEST.as_str(), &format!("test_{}", id.simple()), None, conn).await
    }

    /// Lets a delivery be sent again at once, beside the others.
    pub async fn resend(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        use webhook_deliveries as d;
        let own = webhooks::newsroom_id.eq(caller.newsroom_id);
        let own = d::webhook_id.eq_any(webhooks::table.filter(own).select(webhooks::id));
        let found: Option<Self> = Self::query().filter(d::id.eq(id)).filter(own).first(conn).await.optional()?;
        let Some(found) = found else { return Err(Error::NotFound("delivery")) };
        if found.status == DeliveryStatus::Waiting {
            return Err(Error::conflict("It still waits to be sent."));
        }
        let webhook = Webhook::lock(found.webhook_id, caller, conn).await?;
        Self::put(Uuid::now_v7(), &webhook, &found.event, &found.event_id, found.position, conn).await
    }

    /// In a lane of its own.
    async fn put(
        id: Uuid,
        webhook: &Webhook,
        event: &str,
        event_id: &str,
        position: Option<i64>,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        use webhook_deliveries as d;
        if !webhook.active {
            return Err(Error::conflict("The webhook is not active: set active first."));
        }
        let values = (
            d::id.eq(id),
            d::webhook_id.eq(webhook.id),
            d::lane.eq(id),
            d::event.eq(event),
            d::event_id.eq(event_id),
            d::position.eq(position),
        );
        diesel::insert_into(d::table).values(values).execute(conn).await?;
        queue::end_pause(webhook.id, conn).await?;
        queue::open_lanes(webhook.id, &[id], conn).await?;
        Ok(Self::query().filter(d::id.eq(id)).first(conn).await?)
    }
}

impl Replay {
    /// Lets a webhook begin again elsewhere in the log. What waits is dropped.
    pub async fn begin(&self, webhook_id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Replayed> {
        Webhook::lock(webhook_id, caller, conn).await?;
        let after = match (self.after, self.since) {
            (Some(after), None) => after.min(newest(conn).await?),
            (None, Some(since)) => before(since, conn).await?,
            (Some(_), Some(_)) => return Err(Error::field("/since", "goes without after: send one of the two")),
            (None, None) => return Err(Error::field("/after", "must be given, or since")),
        };
        diesel::update(webhook_cursors::table.find(webhook_id))
            .set(webhook_cursors::position.eq(after))
            .execute(conn)
            .await?;
        Ok(Replayed { after, dropped: queue::drop_waiting(webhook_id, conn).await? })
    }
}

async fn newest(conn: &mut AsyncPgConnection) -> Result<i64> {
    let newest = sql::<BigInt>("(SELECT coalesce(max(position), 0) FROM change_positions)");
    Ok(diesel::select(newest).get_result(conn).await?)
}

/// The position before the first change of a moment or later. Positions follow commits, and a transaction's changes may be older than those
/// before it, by minutes at most: the first is looked for among the last, as replays go back days, not years.
async fn before(since: DateTime<Utc>, conn: &mut AsyncPgConnection) -> Result<i64> {
    let before = sql::<BigInt>(
        "coalesce((SELECT min(position) - 1 FROM change_positions JOIN changes ON id = change_id WHERE at >= ",
    )
    .bind::<Timestamptz, _>(since)
    .sql(" AND position > coalesce((SELECT position FROM change_positions JOIN changes ON id = change_id WHERE at < ")
    .bind::<Timestamptz, _>(since)
    .sql(" - interval '10 minutes' ORDER BY position DESC LIMIT 1), 0)), (SELECT max(position) FROM change_positions), 0)");
    Ok(diesel::select(before).get_result(conn).await?)
}
