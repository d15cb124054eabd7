//! Sending in the background: in every process, for each webhook by itself.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use actix_web::web;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{timeout, timeout_at};
use uuid::Uuid;

use super::deliveries::DeliveryStatus;
use super::formats;
use super::model::Webhook;
use super::networks::Networks;
use super::queue::{self, Attempted, Taken};
use super::secrets::WebhookSecret;
use super::sender::{AT_ONCE, DEADLINE, Message, Outcome, Sender};
use super::settings::WebhookSettings;
use crate::db::{Db, Pool};
use crate::error::Result;
use crate::events::Event;
use crate::health::Draining;

/// How often the log and the lanes are looked at where this process has written nothing.
const LOOK: Duration = Duration::from_millis(250);
/// How often it is counted what waits.
const COUNT: Duration = Duration::from_secs(5);
/// How often what is old is forgotten.
const FORGET: Duration = Duration::from_secs(600);
/// What ends within this time is kept together.
const GATHER: Duration = Duration::from_millis(20);
/// To how many webhooks something is sent at once.
const WEBHOOKS: usize = 64;
/// How long lanes are held: an attempt, and time to keep what became of it.
const HOLD: Duration = Duration::from_secs(2 * DEADLINE.as_secs());
/// How long nothing is sent to a receiver that is overloaded and does not say how long.
const BREATH: Duration = Duration::from_secs(1);
/// Waits after the first attempt, the second and so on: three days in all.
const RETRIES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];

/// What sends webhooks.
pub struct Webhooks {
    sender: Sender,
    networks: Networks,
    metrics: Measured,
    /// To whom this process is sending just now.
    under_way: Mutex<HashSet<Uuid>>,
    /// The log's order shares its connections with this: some are left to it.
    database: Semaphore,
}

#[derive(Default)]
struct Measured {
    waiting: Gauge,
    disabled: Gauge,
    delivered: Counter,
    failed: Counter,
}

impl Webhooks {
    /// As the settings say. Fails where the system has no certificate authorities.
    pub fn new(settings: &WebhookSettings) -> anyhow::Result<Self> {
        let networks = Networks::new(settings);
        let sender = Sender::new(networks.clone())?;
        Ok(Self {
            sender,
            networks,
            metrics: Measured::default(),
            under_way: Mutex::default(),
            database: Semaphore::new(2),
        })
    }

    /// What may be reached.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Shows how it goes in `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        let Measured { waiting, disabled, delivered, failed } = &self.metrics;
        registry.register("onrecord_webhooks_waiting", "Deliveries that wait to be sent", waiting.clone());
        registry.register("onrecord_webhooks_disabled", "Webhooks that the server has disabled", disabled.clone());
        registry.register("onrecord_webhooks_delivered", "Deliveries by this process", delivered.clone());
        registry.register("onrecord_webhooks_failures", "Attempts by this process that failed", failed.clone());
    }
}

/// What every delivery of a process needs.
struct Work {
    webhooks: web::Data<Webhooks>,
    draining: web::Data<Draining>,
    db: Db,
    /// What links begin with.
    base: String,
}

/// Sends until it is aborted or the server stops. Links begin with `base`.
pub async fn run(pool: Pool, webhooks: web::Data<Webhooks>, draining: web::Data<Draining>, base: String) {
    let work = Rc::new(Work { webhooks, draining, db: Db::for_worker(pool), base });
    let mut news = work.db.progress().follow();
    let (mut counted, mut forgot) = (None::<Instant>, None::<Instant>);
    while !work.draining.begun() {
        news.mark_unchanged();
        let more = look_and_send(&work).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "cannot look what is to be sent");
            false
        });
        if counted.is_none_or(|at| at.elapsed() >= COUNT) {
            counted = Some(Instant::now());
            work.count().await;
        }
        if forgot.is_none_or(|at| at.elapsed() >= FORGET) {
            // As long as there is much to forget, some of it with every turn.
            forgot = (!work.forget().await).then(Instant::now);
        }
        if !more {
            // Whether there is news or it is time to look: the next turn does.
            let _ = timeout(LOOK, news.changed()).await;
        }
    }
}

/// A turn; answers whether there is more in the log to be looked through.
async fn look_and_send(work: &Rc<Work>) -> Result<bool> {
    let mut more = false;
    for webhook_id in work.db.read(async |conn| queue::behind(conn).await).await? {
        let _permit = work.webhooks.database.acquire().await;
        match work.db.write_quietly(async |conn| queue::look(webhook_id, conn).await).await {
            Ok(found) => more |= found,
            Err(error) => tracing::warn!(%error, %webhook_id, "cannot look what is for a webhook"),
        }
    }
    for webhook_id in work.db.read(async |conn| queue::due(conn).await).await? {
        let mut under_way = work.webhooks.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.len() < WEBHOOKS && under_way.insert(webhook_id) {
            let work = Rc::clone(work);
            actix_web::rt::spawn(async move {
                work.send_all(webhook_id).await;
                work.webhooks.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&webhook_id);
            });
        }
    }
    Ok(more)
}

/// Attempts that are under way; one that must not be made any more ends with nothing.
type Sending = JoinSet<Option<Attempted>>;

/// What ends next, with what ends soon after it; nothing where none does for a while.
async fn ended(sending: &mut Sending) -> Vec<Attempted> {
    let mut ended = Vec::new();
    let mut until = tokio::time::Instant::now() + LOOK;
    while ended.len() < AT_ONCE
        && let Ok(Some(one)) = timeout_at(until, sending.join_next()).await
    {
        if ended.is_empty() {
            until = tokio::time::Instant::now() + GATHER;
        }
        ended.extend(one.ok().flatten());
    }
    ended
}

impl Work {
    /// Sends what is due to a webhook, until there is nothing more, or others may be waiting for their turn. A slow answer takes
    /// one place of those that there are, and nobody waits for it.
    async fn send_all(self: &Rc<Self>, webhook_id: Uuid) {
        let (mut sending, mut crowded) = (Sending::new(), false);
        loop {
            if !crowded
                && !self.draining.begun()
                && let Err(error) = self.send_more(webhook_id, &mut sending).await
            {
                tracing::warn!(%error, %webhook_id, "cannot send to a webhook");
            }
            if sending.is_empty() {
                return;
            }
            let ended = ended(&mut sending).await;
            if !ended.is_empty() {
                self.keep(webhook_id, &ended).await;
                self.disable(webhook_id, &ended).await;
            }
            crowded = self.webhooks.under_way.lock().unwrap_or_else(PoisonError::into_inner).len() >= WEBHOOKS;
        }
    }

    /// Begins to send what is due, as far as there is place: it is of different claims.
    async fn send_more(self: &Rc<Self>, webhook_id: Uuid, sending: &mut Sending) -> Result<()> {
        if sending.len() >= AT_ONCE {
            return Ok(());
        }
        let since = SystemTime::now();
        let taken = {
            let _permit = self.webhooks.database.acquire().await;
            self.db.write_quietly(async |conn| queue::take(webhook_id, sending.len(), HOLD, conn).await).await?
        };
        if taken.is_empty() {
            return Ok(());
        }
        let receiver = self.db.read(async |conn| {
            Ok((Webhook::by_id(webhook_id, conn).await?, WebhookSecret::signing(webhook_id, conn).await?))
        });
        let receiver = Rc::new(receiver.await?);
        let positions: Vec<_> = taken.iter().filter_map(|taken| taken.position).collect();
        let (newsroom_id, base) = (receiver.0.newsroom_id, self.base.as_str());
        let events = self.db.list(async |conn| Event::at(&positions, newsroom_id, base, conn).await).await?;
        let events: HashMap<i64, Event> = events.into_iter().map(|event| (event.data.position, event)).collect();
        for taken in taken {
            let event = match taken.position {
                Some(position) => events.get(&position).cloned(),
                None => Some(Event::test(taken.event_id.clone(), webhook_id, newsroom_id, taken.created_at, base)),
            };
            let body = event.map(|event| formats::body(receiver.0.format, &event)).transpose()?;
            sending.spawn_local(Rc::clone(self).send(Rc::clone(&receiver), taken, body, since));
        }
        Ok(())
    }

    /// Tries to send what was taken at a time. A process that was suspended since then leaves it to others: its lane may be theirs, and
    /// what came after it sent.
    async fn send(
        self: Rc<Self>,
        receiver: Rc<(Webhook, Vec<String>)>,
        taken: Taken,
        body: Option<String>,
        since: SystemTime,
    ) -> Option<Attempted> {
        if since.elapsed().is_ok_and(|elapsed| elapsed + DEADLINE > HOLD) {
            return None;
        }
        let (webhook, secrets) = &*receiver;
        let outcome = match body {
            Some(body) => {
                let message = Message { id: &taken.event_id, body, secrets };
                self.webhooks.sender.send(&webhook.url, &message).await
            }
            None => Outcome { error: Some("it is told no more".into()), ..Outcome::default() },
        };
        Some(self.webhooks.judged(taken, outcome))
    }

    /// What cannot be kept is sent again when the lanes are free again.
    async fn keep(&self, webhook_id: Uuid, attempted: &[Attempted]) {
        let mut tries = 0;
        while let Err(error) = self.try_to_keep(webhook_id, attempted).await {
            if tries == 10 {
                tracing::warn!(%error, %webhook_id, "cannot keep what was delivered");
                return;
            }
            tries += 1;
            tokio::time::sleep(LOOK * tries).await;
        }
    }

    async fn try_to_keep(&self, webhook_id: Uuid, attempted: &[Attempted]) -> Result<()> {
        let delivered = attempted.iter().any(|one| one.status == DeliveryStatus::Delivered);
        let pause = attempted.iter().filter_map(|one| one.pause).max();
        let _permit = self.webhooks.database.acquire().await;
        self.db.write_quietly(async |conn| queue::note(webhook_id, delivered, pause, conn).await).await?;
        self.db.write_quietly(async |conn| queue::keep(webhook_id, attempted, conn).await).await
    }

    /// Disables a webhook to which nothing could be delivered since a delivery, which was given up, was first tried; or that is gone.
    async fn disable(&self, webhook_id: Uuid, attempted: &[Attempted]) {
        let given_up = attempted.iter().filter(|one| one.status == DeliveryStatus::Failed);
        // What it was sent waits, for when it is back.
        let is_gone = attempted.iter().any(|one| one.answer_status == Some(GONE));
        let (reason, unless) = match given_up.max_by_key(|one| one.taken.first_attempt_at) {
            _ if is_gone => ("the receiver is gone: it answered 410".to_owned(), None),
            Some(last) => {
                let why = last.error.as_deref().unwrap_or_default();
                (format!("nothing could be delivered for three days; at last {why}"), last.taken.first_attempt_at)
            }
            None => return,
        };
        let _permit = self.webhooks.database.acquire().await;
        match self.db.write_quietly(async |conn| queue::disable(webhook_id, &reason, unless, conn).await).await {
            Ok(true) => tracing::warn!(%webhook_id, reason, "a webhook was disabled"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, %webhook_id, "cannot disable a webhook"),
        }
    }

    async fn count(&self) {
        match self.db.list(async |conn| queue::measure(conn).await).await {
            Ok((waiting, disabled)) => {
                self.webhooks.metrics.waiting.set(waiting);
                self.webhooks.metrics.disabled.set(disabled);
            }
            Err(error) => tracing::debug!(%error, "cannot count what waits for webhooks"),
        }
    }

    /// Forgets some of what is old; answers whether there may be more.
    async fn forget(&self) -> bool {
        let _permit = self.webhooks.database.acquire().await;
        self.db.write_quietly(async |conn| queue::forget_some(conn).await).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot forget old deliveries");
            false
        })
    }
}

const GONE: u16 = 410;
const TOO_MANY: u16 = 429;

impl Webhooks {
    /// What an attempt's outcome means for its delivery, and for what else is to be sent there.
    fn judged(&self, taken: Taken, outcome: Outcome) -> Attempted {
        let Outcome { status: answer_status, error, retry_after, took } = outcome;
        let counts = answer_status != Some(TOO_MANY);
        let retry = match usize::try_from(taken.attempts) {
            Ok(tried) if counts => RETRIES.get(tried),
            _ => RETRIES.first().filter(|_| !taken.tried_for_days),
        };
        let (status, wait) = match (&error, retry) {
            (None, _) => (DeliveryStatus::Delivered, None),
            (Some(_), Some(retry)) => {
                (DeliveryStatus::Waiting, Some(jittered(*retry).max(retry_after.unwrap_or_default())))
            }
            _ => (DeliveryStatus::Failed, None),
        };
        let is_overloaded = matches!(answer_status, Some(TOO_MANY | 502..=504));
        let pause = is_overloaded.then(|| retry_after.unwrap_or(BREATH));
        let counter = if error.is_none() { &self.metrics.delivered } else { &self.metrics.failed };
        counter.inc();
        Attempted { taken, status, wait, pause, counts, answer_status, error, took }
    }
}

/// A tenth more or less, so that what failed together is not tried again together.
fn jittered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    wait.mul_f64(0.9 + 0.2 * f64::from(random) / f64::from(u32::MAX))
}
