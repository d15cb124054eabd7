//! What waits to be sent, in PostgreSQL. Lanes are locked before the deliveries in them, in the order of their ids.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::deliveries::DeliveryStatus;
use super::model::{Webhook, WebhookFormat};
use super::sender::AT_ONCE;
use crate::error::Result;
use crate::events::Event;
use crate::schema::{webhook_cursors, webhook_deliveries, webhook_lanes, webhooks};

/// How many changes are looked through in one transaction: each may be as large as a verdict with its explanation.
const CHANGES: i64 = 100;

/// How many deliveries are forgotten in one transaction.
const FORGOTTEN: i64 = 5000;

/// A delivery that this process is to send.
#[derive(Debug, QueryableByName)]
pub struct Taken {
    /// The delivery.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    lane: Uuid,
    /// The event's id.
    #[diesel(sql_type = Text)]
    pub event_id: String,
    /// The change; none of a test.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub position: Option<i64>,
    /// How often it was tried before.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// When it was first tried.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub first_attempt_at: Option<DateTime<Utc>>,
    /// Whether that was three days ago.
    #[diesel(sql_type = Bool)]
    pub tried_for_days: bool,
    /// When it began to wait.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    held_until: DateTime<Utc>,
}

/// What became of an attempt, as it is kept.
#[derive(Debug)]
pub struct Attempted {
    /// What was tried.
    pub taken: Taken,
    /// What became of it.
    pub status: DeliveryStatus,
    /// When it is tried again.
    pub wait: Option<Duration>,
    /// How long nothing else is sent there either.
    pub pause: Option<Duration>,
    /// Whether it counts as one of the attempts after which it is given up.
    pub counts: bool,
    /// The status that was answered.
    pub answer_status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// How long it took.
    pub took: Duration,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn ids(found: Vec<Found>) -> Vec<Uuid> {
    found.into_iter().map(|found| found.id).collect()
}

/// The webhooks for which the log was not looked through to its end.
pub async fn behind(mut conn: &AsyncPgConnection) -> Result<Vec<Uuid>> {
    let found = diesel::sql_query(
        "SELECT id FROM webhooks JOIN webhook_cursors ON webhook_id = id
         WHERE active AND position < (SELECT max(position) FROM change_positions) ORDER BY id",
    );
    Ok(ids(found.load(&mut conn).await?))
}

/// Looks through some more of the log for a webhook, and lets wait what is for it; answers whether there may be more. Another process
/// that is at it is left alone.
pub async fn look(webhook_id: Uuid, conn: &mut AsyncPgConnection) -> Result<bool> {
    let cursor = webhook_cursors::table.find(webhook_id).select(webhook_cursors::position);
    let Some(position) = cursor.for_update().skip_locked().first::<i64>(conn).await.optional()? else {
        return Ok(false);
    };
    let webhook = Webhook::query().filter(webhooks::id.eq(webhook_id)).filter(webhooks::active).first(conn).await;
    let Some(webhook) = webhook.optional()? else { return Ok(false) };
    let batch = Event::after(position, CHANGES, Some(webhook.newsroom_id), "", conn).await?;
    let wanted: Vec<_> = batch.items.iter().filter(|event| webhook.wants(event)).collect();
    let rows: Vec<_> = wanted
        .iter()
        .map(|event| {
            use webhook_deliveries as d;
            (
                d::id.eq(Uuid::now_v7()),
                d::webhook_id.eq(webhook_id),
                d::lane.eq(event.subject.claim_id),
                d::event.eq(event.kind.as_str()),
                d::event_id.eq(&event.data.event_id),
                d::position.eq(event.data.position),
            )
        })
        .collect();
    if !rows.is_empty() {
        diesel::insert_into(webhook_deliveries::table).values(&rows).execute(conn).await?;
        let lanes: BTreeSet<Uuid> = wanted.iter().map(|event| event.subject.claim_id).collect();
        open_lanes(webhook_id, &lanes.into_iter().collect::<Vec<_>>(), conn).await?;
    }
    let cursor = diesel::update(webhook_cursors::table.find(webhook_id));
    cursor.set(webhook_cursors::position.eq(batch.after)).execute(conn).await?;
    Ok(batch.more)
}

impl Webhook {
    /// Whether an event that its newsroom may know of passes its filters.
    fn wants(&self, event: &Event) -> bool {
        let subject = &event.subject;
        let language = subject.language.to_lowercase();
        let in_range = |range: &String| {
            let rest = language.strip_prefix(&range.to_lowercase());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        (self.events.is_empty() || self.events.iter().any(|kind| kind == event.kind.as_str()))
            && (!self.own || event.data.newsroom_id == Some(self.newsroom_id))
            && (self.topics.is_empty() || self.topics.iter().any(|topic| subject.topics.contains(topic)))
            && (self.languages.is_empty() || self.languages.iter().any(in_range))
    }
}

/// Opens lanes in which something was put; those that are open already are only kept from being closed by somebody who has not
/// seen it.
pub async fn open_lanes(webhook_id: Uuid, lanes: &[Uuid], conn: &mut AsyncPgConnection) -> Result<()> {
    let open = diesel::sql_query(
        "INSERT INTO webhook_lanes (webhook_id, lane) SELECT $1, lane FROM unnest($2) AS t(lane) ORDER BY lane
         ON CONFLICT (webhook_id, lane) DO UPDATE SET due_at = webhook_lanes.due_at",
    );
    open.bind::<SqlUuid, _>(webhook_id).bind::<Array<SqlUuid>, _>(lanes).execute(conn).await?;
    Ok(())
}

/// Lets all that waits for a webhook be tried at once, as if for the first time.
pub async fn take_up(webhook_id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
    use webhook_deliveries as d;
    lock_lanes(webhook_id, conn).await?;
    let lanes = diesel::update(webhook_lanes::table.filter(webhook_lanes::webhook_id.eq(webhook_id)));
    lanes.set(webhook_lanes::due_at.eq(now)).execute(conn).await?;
    let waiting = d::webhook_id.eq(webhook_id).and(d::status.eq(DeliveryStatus::Waiting)).and(d::attempts.gt(0));
    let none = None::<DateTime<Utc>>;
    diesel::update(d::table.filter(waiting))
        .set((d::attempts.eq(0), d::first_attempt_at.eq(none), d::next_attempt_at.eq(none)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets what is for a webhook be sent though its receiver asked for time: an admin has looked after it.
pub async fn end_pause(webhook_id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
    let cursor = diesel::update(webhook_cursors::table.find(webhook_id));
    cursor.set(webhook_cursors::not_before.eq(None::<DateTime<Utc>>)).execute(conn).await?;
    Ok(())
}

/// Drops what waits for a webhook, but tests and what is sent again; answers how many deliveries that were.
pub async fn drop_waiting(webhook_id: Uuid, conn: &mut AsyncPgConnection) -> Result<usize> {
    use webhook_deliveries as d;
    lock_lanes(webhook_id, conn).await?;
    let waiting = d::webhook_id.eq(webhook_id).and(d::status.eq(DeliveryStatus::Waiting)).and(d::lane.ne(d::id));
    let dropped = diesel::delete(d::table.filter(waiting)).execute(conn).await?;
    close_lanes(webhook_id, None, conn).await?;
    Ok(dropped)
}

async fn lock_lanes(webhook_id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
    use webhook_lanes as l;
    let lanes = l::table.filter(l::webhook_id.eq(webhook_id)).order(l::lane).select(l::lane).for_update();
    lanes.load::<Uuid>(conn).await?;
    Ok(())
}

/// Closes lanes, of these or of all, in which nothing waits. They must be locked, by a statement before: who puts something into a
/// lane locks it too, and is seen from here or not yet begun.
async fn close_lanes(webhook_id: Uuid, lanes: Option<&[Uuid]>, conn: &mut AsyncPgConnection) -> Result<()> {
    let close = diesel::sql_query(
        "DELETE FROM webhook_lanes l WHERE webhook_id = $1 AND ($2 IS NULL OR lane = ANY ($2)) AND NOT EXISTS
             (SELECT FROM webhook_deliveries d WHERE d.webhook_id = $1 AND d.lane = l.lane AND status = 'waiting')",
    );
    close.bind::<SqlUuid, _>(webhook_id).bind::<Nullable<Array<SqlUuid>>, _>(lanes).execute(conn).await?;
    Ok(())
}

/// The webhooks for which something is to be sent now, in no order: each has its turn.
pub async fn due(mut conn: &AsyncPgConnection) -> Result<Vec<Uuid>> {
    let found = diesel::sql_query(
        "SELECT id FROM webhooks JOIN webhook_cursors c ON c.webhook_id = id
         WHERE active AND (not_before IS NULL OR not_before <= now()) AND EXISTS (SELECT FROM webhook_lanes l
             WHERE l.webhook_id = id AND due_at <= now() AND (taken_until IS NULL OR taken_until < now())) ORDER BY random()",
    );
    Ok(ids(found.load(&mut conn).await?))
}

/// Takes the first deliveries of some lanes, for so long: nobody else sends them meanwhile, and somebody does when this process is
/// killed. So many that with those under way there are no more than the receiver is to have at once.
pub async fn take(
    webhook_id: Uuid,
    under_way: usize,
    hold: Duration,
    conn: &mut AsyncPgConnection,
) -> Result<Vec<Taken>> {
    let not_before = webhook_cursors::not_before;
    let open = webhooks::table.inner_join(webhook_cursors::table).filter(webhooks::id.eq(webhook_id));
    let open = open.filter(webhooks::active).filter(not_before.is_null().or(not_before.le(now)));
    let Some(format) = open.select(webhooks::format).first::<WebhookFormat>(conn).await.optional()? else {
        return Ok(Vec::new());
    };
    // Chats take about one message a second.
    let most = if format == WebhookFormat::Standard { AT_ONCE } else { 1 }.saturating_sub(under_way);
    if most == 0 {
        return Ok(Vec::new());
    }
    let take = diesel::sql_query(
        "WITH due AS (
             SELECT lane FROM webhook_lanes WHERE webhook_id = $1 AND due_at <= now() AND (taken_until IS NULL OR taken_until < now())
             ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
         ), taken AS (
             UPDATE webhook_lanes l SET taken_until = now() + make_interval(secs => $3) FROM due
             WHERE l.webhook_id = $1 AND l.lane = due.lane RETURNING l.lane, l.taken_until
         )
         SELECT d.id, taken.lane, event_id, position, attempts, first_attempt_at, created_at, taken_until AS held_until,
             coalesce(first_attempt_at < now() - interval '3 days', false) AS tried_for_days FROM taken CROSS JOIN LATERAL (
             SELECT * FROM webhook_deliveries d WHERE webhook_id = $1 AND d.lane = taken.lane AND status = 'waiting' ORDER BY number LIMIT 1) AS d",
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let taken = take.bind::<SqlUuid, _>(webhook_id).bind::<BigInt, _>(most).bind::<Double, _>(hold.as_secs_f64());
    Ok(taken.load(conn).await?)
}

/// Keeps what became of deliveries, and lets their lanes go on. What another process has taken meanwhile, as this one was too
/// slow, is left to it.
pub async fn keep(webhook_id: Uuid, attempted: &[Attempted], conn: &mut AsyncPgConnection) -> Result<()> {
    let lanes: Vec<_> = attempted.iter().map(|one| one.taken.lane).collect();
    let until: Vec<_> = attempted.iter().map(|one| one.taken.held_until).collect();
    let locked: Vec<Found> = diesel::sql_query(
        "SELECT lane AS id FROM webhook_lanes JOIN unnest($2, $3) AS t(lane, taken_until) USING (lane, taken_until)
         WHERE webhook_id = $1 ORDER BY lane FOR UPDATE OF webhook_lanes",
    )
    .bind::<SqlUuid, _>(webhook_id)
    .bind::<Array<SqlUuid>, _>(&lanes)
    .bind::<Array<Timestamptz>, _>(&until)
    .load(conn)
    .await?;
    let lanes = ids(locked);
    let ours: Vec<_> = attempted.iter().filter(|one| lanes.contains(&one.taken.lane)).collect();
    diesel::sql_query(
        "UPDATE webhook_deliveries d SET status = t.status, attempts = attempts + t.counts::int, first_attempt_at = coalesce(first_attempt_at, now()),
             last_attempt_at = now(), next_attempt_at = now() + make_interval(secs => t.wait), answer_status = t.answer_status,
             error = t.error, took_ms = t.took
         FROM unnest($1, $2, $3, $4, $5, $6, $7) AS t(id, status, wait, answer_status, error, took, counts) WHERE d.id = t.id AND d.status = 'waiting'",
    )
    .bind::<Array<SqlUuid>, _>(ours.iter().map(|one| one.taken.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(ours.iter().map(|one| one.status).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(ours.iter().map(|one| one.wait.map(|wait| wait.as_secs_f64())).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(ours.iter().map(|one| one.answer_status.map(i32::from)).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(ours.iter().map(|one| one.error.clone()).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(ours.iter().map(|one| i32::try_from(one.took.as_millis()).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(ours.iter().map(|one| one.counts).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    // First, so that what is closed is not written once more before.
    close_lanes(webhook_id, Some(&lanes), conn).await?;
    diesel::sql_query(
        "UPDATE webhook_lanes l SET taken_until = NULL, due_at = now() + make_interval(secs => t.wait)
         FROM unnest($2, $3) AS t(lane, wait) WHERE l.webhook_id = $1 AND l.lane = t.lane",
    )
    .bind::<SqlUuid, _>(webhook_id)
    .bind::<Array<SqlUuid>, _>(ours.iter().map(|one| one.taken.lane).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(ours.iter().map(|one| one.wait.unwrap_or_default().as_secs_f64()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that something was `delivered`, or how long the receiver is to be left alone. In a transaction of its own: the cursor is
/// locked before lanes.
pub async fn note(
    webhook_id: Uuid,
    delivered: bool,
    pause: Option<Duration>,
    conn: &mut AsyncPgConnection,
) -> Result<()> {
    let note = diesel::sql_query(
        "UPDATE webhook_cursors SET last_delivered_at = CASE WHEN $2 THEN now() ELSE last_delivered_at END,
             not_before = greatest(not_before, now() + make_interval(secs => $3))
         WHERE webhook_id = $1 AND ($3 IS NOT NULL OR $2 AND (last_delivered_at IS NULL OR last_delivered_at < now() - interval '1 second'))",
    );
    let pause = pause.map(|pause| pause.as_secs_f64());
    note.bind::<SqlUuid, _>(webhook_id)
        .bind::<Bool, _>(delivered)
        .bind::<Nullable<Double>, _>(pause)
        .execute(conn)
        .await?;
    Ok(())
}

/// Disables a webhook, and says why on it; answers whether it was active. With `unless`, only where nothing was delivered since.
pub async fn disable(
    webhook_id: Uuid,
    reason: &str,
    unless: Option<DateTime<Utc>>,
    conn: &mut AsyncPgConnection,
) -> Result<bool> {
    let disable = diesel::sql_query(
        "UPDATE webhooks SET active = false, disabled_at = now(), disabled_reason = left($2, 1000) WHERE id = $1 AND active
             AND NOT EXISTS (SELECT FROM webhook_cursors WHERE webhook_id = $1 AND last_delivered_at >= $3)",
    );
    let disabled =
        disable.bind::<SqlUuid, _>(webhook_id).bind::<Text, _>(reason).bind::<Nullable<Timestamptz>, _>(unless);
    Ok(disabled.execute(conn).await? > 0)
}

/// Forgets some of what was done long ago, and secrets that are no longer good; answers whether there may be more.
pub async fn forget_some(conn: &mut AsyncPgConnection) -> Result<bool> {
    let secrets = "DELETE FROM webhook_secrets WHERE expires_at < now()";
    diesel::sql_query(secrets).execute(conn).await?;
    let deliveries = diesel::sql_query(
        "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries
             WHERE status <> 'waiting' AND created_at < now() - interval '30 days' ORDER BY created_at LIMIT $1)",
    );
    let forgotten = deliveries.bind::<BigInt, _>(FORGOTTEN).execute(conn).await?;
    Ok(i64::try_from(forgotten).is_ok_and(|forgotten| forgotten >= FORGOTTEN))
}

/// How much waits, and how many webhooks the server has disabled.
pub async fn measure(mut conn: &AsyncPgConnection) -> Result<(i64, i64)> {
    let waiting = webhook_deliveries::table.filter(webhook_deliveries::status.eq(DeliveryStatus::Waiting)).count();
    let disabled = webhooks::table.filter(webhooks::disabled_at.is_not_null()).count();
    Ok((waiting.get_result(&mut conn).await?, disabled.get_result(&mut conn).await?))
}
