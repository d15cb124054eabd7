//! Embedding in the background, and following what was embedded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use actix_web::web;
use anyhow::ensure;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use uuid::Uuid;

use super::index::{Cosines, Index};
use super::service::{Failure, Kind, Service};
use super::settings::EmbeddingSettings;
use super::store::{self, Model, Passage, Row, Taken};
use crate::db::{Db, Pool};
use crate::error::{Error, Result};

/// How long a service that has failed is not asked again for a query: requests would queue up behind each other's deadlines.
const REST: Duration = Duration::from_secs(2);
/// How many queries it must have failed one after the other: a single one may have been long.
const FAILURES: u32 = 3;
/// How many characters of a query are embedded: what a text is about, its beginning tells.
const QUERY_LENGTH: usize = 1000;
/// How often the queue and the table are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Rows read from the table at once.
const ROWS: i64 = 5000;
/// Transactions may commit in another order than their rows are numbered: rows are read again for as long.
const AGAIN: Duration = Duration::from_secs(30);

/// What meaning is known to this process.
pub struct Embeddings {
    service: Option<Service>,
    index: RwLock<Arc<RwLock<Index>>>,
    /// Whether all vectors were read and the model is complete.
    ready: AtomicBool,
    /// Whether something was taken from the queue since it was last found empty.
    unfinished: AtomicBool,
    rests_until: Mutex<Option<Instant>>,
    /// Queries that the service has failed since it answered one.
    failed_queries: AtomicU32,
    metrics: Measured,
}

struct Measured {
    waiting: Gauge,
    lag: Gauge<f64, std::sync::atomic::AtomicU64>,
    vectors: Gauge,
    embedded: Counter,
    failures: Counter,
    queries: Histogram,
}

impl Default for Measured {
    fn default() -> Self {
        Self {
            waiting: Gauge::default(),
            lag: Gauge::default(),
            vectors: Gauge::default(),
            embedded: Counter::default(),
            failures: Counter::default(),
            queries: Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0]),
        }
    }
}

/// What a text means.
#[derive(Clone)]
pub struct Vector {
    /// The direction, in signed bytes.
    bytes: Arc<[i8]>,
    /// The vectors of its model, also when another takes over meanwhile.
    index: Arc<RwLock<Index>>,
}

impl Vector {
    /// The claims and statements nearest to it, by their ids: up to `most` by each part of theirs.
    pub async fn nearest(&self, most: usize) -> Vec<Uuid> {
        let query = self.clone();
        let found =
            web::block(move || query.index.read().unwrap_or_else(PoisonError::into_inner).nearest(&query.bytes, most));
        found.await.unwrap_or_default()
    }

    /// How near these claims and statements are.
    pub fn cosines(&self, records: impl Iterator<Item = Uuid>) -> HashMap<Uuid, Cosines> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        records.map(|record| (record, index.cosines(&self.bytes, record))).collect()
    }
}

/// Whether meaning can be asked for.
pub enum Meaning {
    /// No service is configured.
    Off,
    /// It is down, slow or not ready.
    Missing,
    /// The text's vector.
    Of(Vector),
}

impl Embeddings {
    /// With the service of the settings, or none.
    pub fn new(settings: &EmbeddingSettings) -> anyhow::Result<Self> {
        Ok(Self {
            service: Service::new(settings)?,
            index: RwLock::default(),
            ready: AtomicBool::new(false),
            unfinished: AtomicBool::new(true),
            rests_until: Mutex::default(),
            failed_queries: AtomicU32::new(0),
            metrics: Measured::default(),
        })
    }

    /// How much shared words count beside meaning, as a multiple of the usual.
    pub fn weight(&self) -> f32 {
        self.service.as_ref().map_or(1.0, |service| service.settings().weight / 0.15)
    }

    /// Shows how it goes in `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        if self.service.is_some() {
            let Measured { waiting, lag, vectors, embedded, failures, queries } = &self.metrics;
            registry.register("onrecord_embeddings_waiting", "Records that wait to be embedded", waiting.clone());
            registry.register("onrecord_embeddings_lag_seconds", "How long the first of them has waited", lag.clone());
            registry.register("onrecord_embeddings_vectors", "Vectors in this process's memory", vectors.clone());
            registry.register("onrecord_embeddings_embedded", "Passages embedded by this process", embedded.clone());
            registry.register("onrecord_embeddings_query_seconds", "Time to embed a query", queries.clone());
            registry.register("onrecord_embeddings_failures", "Requests that the service failed", failures.clone());
        }
    }

    /// What a text means, within the deadline for queries.
    pub async fn meaning(&self, text: &str) -> Meaning {
        let Some(service) = self.service.clone() else { return Meaning::Off };
        let resting =
            self.rests_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at > Instant::now());
        if resting || !self.ready.load(Ordering::Relaxed) {
            return Meaning::Missing;
        }
        let index = self.index();
        let name = index.read().unwrap_or_else(PoisonError::into_inner).model.clone();
        let texts = vec![text.chars().take(QUERY_LENGTH).collect::<String>()];
        let since = Instant::now();
        let answered = web::block(move || service.embed(&name, &texts, Kind::Query)).await;
        self.metrics.queries.observe(since.elapsed().as_secs_f64());
        match answered {
            Ok(Ok(mut vectors)) => {
                self.failed_queries.store(0, Ordering::Relaxed);
                Meaning::Of(Vector { bytes: vectors.pop().unwrap_or_default().into(), index })
            }
            Ok(Err(Failure::Refused(error))) => {
                tracing::debug!(%error, "a query cannot be embedded");
                Meaning::Missing
            }
            failed => {
                self.failed(&failed.map_or_else(|error| error.to_string(), |failure| format!("{failure:?}")));
                if self.failed_queries.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES {
                    *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
                }
                Meaning::Missing
            }
        }
    }

    fn index(&self) -> Arc<RwLock<Index>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn failed(&self, error: &str) {
        self.metrics.failures.inc();
        tracing::warn!(error, "the embedding service failed");
    }

    /// Embeds what waits, a batch; answers how many records that were.
    pub async fn embed_some(&self, model: &Model, db: &Db) -> Result<usize> {
        let Some(service) = &self.service else { return Ok(0) };
        let taken = db.write_quietly(async |conn| store::take(model, conn).await).await?;
        if taken.is_empty() {
            if self.unfinished.load(Ordering::Relaxed) {
                db.write_quietly(async |conn| store::complete(model, conn).await).await?;
                while db.write_quietly(async |conn| store::forget_some(model, conn).await).await? > 0 {}
                self.unfinished.store(false, Ordering::Relaxed);
            }
            return Ok(0);
        }
        self.unfinished.store(true, Ordering::Relaxed);
        let passages = db.read(async |conn| store::unembedded(&taken, model, conn).await).await?;
        match embed(service, model, passages).await {
            Ok(embedded) => {
                db.write_quietly(async |conn| store::keep(&taken, &embedded, model, conn).await).await?;
                self.metrics.embedded.inc_by(embedded.len() as u64);
                Ok(taken.len())
            }
            Err(failure) => {
                self.failed(&format!("{failure:#}"));
                self.give_back(&taken, db).await;
                Err(Error::Unavailable("The embedding service does not answer."))
            }
        }
    }

    async fn give_back(&self, taken: &[Taken], db: &Db) {
        if let Err(error) = db.write_quietly(async |conn| store::give_back(taken, conn).await).await {
            tracing::debug!(%error, "what is to be embedded waits for a minute");
        }
    }

    /// Reads how far embedding is, for `/metrics`.
    async fn measure(&self, db: &Db) -> Result<()> {
        let (waiting, lag) = db.list(async |conn| store::waiting(conn).await).await?;
        self.metrics.waiting.set(waiting);
        self.metrics.lag.set(lag);
        Ok(())
    }
}

/// Embeds passages. A text that the service refuses does not keep back the others: they are asked for by halves.
async fn embed(
    service: &Service,
    model: &Model,
    passages: Vec<Passage>,
) -> anyhow::Result<Vec<(Passage, Option<Vec<u8>>)>> {
    let mut embedded = Vec::with_capacity(passages.len());
    let mut todo = vec![passages];
    while let Some(some) = todo.pop() {
        if some.is_empty() {
            continue;
        }
        let texts: Vec<String> = some.iter().map(|passage| passage.said.clone()).collect();
        let (asked, name) = (service.clone(), model.name.clone());
        match web::block(move || asked.embed(&name, &texts, Kind::Passage)).await? {
            Ok(vectors) => embedded.extend(some.into_iter().zip(vectors.into_iter().map(as_bytes).map(Some))),
            Err(failure) => {
                // Some services fail at a text that others refuse. Whoever takes nothing at all is down, or told something wrong:
                // that is no text's fault.
                let (asked, name) = (service.clone(), model.name.clone());
                let harmless = web::block(move || asked.embed(&name, &["a".to_owned()], Kind::Passage)).await?;
                let (Failure::Refused(error) | Failure::Down(error)) = failure;
                ensure!(harmless.is_ok(), "the service takes no text at all: {error:#}");
                if some.len() > 1 {
                    let (one, other) = some.split_at(some.len() / 2);
                    todo.extend([one.to_vec(), other.to_vec()]);
                    continue;
                }
                tracing::warn!(%error, record_id = %some[0].record_id, "the embedding service takes no such text");
                embedded.extend(some.into_iter().map(|passage| (passage, None)));
            }
        }
    }
    Ok(embedded)
}

fn as_bytes(vector: Vec<i8>) -> Vec<u8> {
    vector.into_iter().map(i8::cast_unsigned).collect()
}

/// Embeds and follows until it is aborted.
pub async fn run(pool: Pool, embeddings: web::Data<Embeddings>) {
    let Some(service) = embeddings.service.clone() else { return };
    let (db, following) = (Db::for_worker(pool.clone()), Db::for_worker(pool));
    futures_util::join!(keep_embedding(&embeddings, &service, &db), keep_following(&embeddings, &service, &following));
}

async fn keep_embedding(embeddings: &Embeddings, service: &Service, db: &Db) {
    let mut wait = LOOK;
    let mut chosen = false;
    loop {
        let round = async {
            if !chosen {
                db.write_quietly(async |conn| Model::choose(service.settings(), conn).await).await?;
            }
            match db.read(async |conn| Model::configured(service.settings(), conn).await).await? {
                Some(model) => embeddings.embed_some(&model, db).await,
                None => Ok(0),
            }
        };
        match round.await {
            Ok(done) => {
                (chosen, wait) = (true, LOOK);
                if done == 0 {
                    tokio::time::sleep(LOOK).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, ?wait, "embedding waits");
                // Those who failed together should not try again together.
                let jitter = Duration::from_millis(u64::from(std::process::id()) % 250);
                tokio::time::sleep(wait + jitter).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// What a process has read of the table.
struct Followed {
    model: Model,
    index: Arc<RwLock<Index>>,
    newest: i64,
    /// What was the newest half a minute ago or longer, from where rows are read again at each turn: numbers are given before they can be
    /// seen, so that one may come behind a higher one.
    settled: i64,
    /// What was the newest at the last turn.
    before: i64,
    since: Instant,
}

async fn keep_following(embeddings: &Embeddings, service: &Service, db: &Db) {
    let mut followed: Option<Followed> = None;
    loop {
        if let Err(error) = follow(embeddings, service, &mut followed, db).await {
            tracing::debug!(%error, "cannot follow what was embedded");
        }
        if let Err(error) = embeddings.measure(db).await {
            tracing::debug!(%error, "cannot see how far embedding is");
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn follow(embeddings: &Embeddings, service: &Service, followed: &mut Option<Followed>, db: &Db) -> Result<()> {
    let Some(model) = db.read(async |conn| Model::in_use(service.settings(), conn).await).await? else {
        return Ok(());
    };
    if followed.as_ref().is_some_and(|followed| followed.model.id != model.id) {
        *followed = None;
    }
    let followed = followed.get_or_insert_with(|| Followed {
        index: Arc::new(RwLock::new(Index::of(&model.name))),
        model: model.clone(),
        newest: 0,
        settled: 0,
        before: 0,
        since: Instant::now(),
    });
    let is_turn = followed.since.elapsed() >= AGAIN;
    let mut from = if is_turn { followed.settled } else { followed.newest };
    loop {
        let rows = db.list(async |conn| model.since(from, ROWS, conn).await).await?;
        let Some(last) = rows.last().map(|row| row.number) else { break };
        from = last;
        followed.newest = followed.newest.max(last);
        put(&followed.index, &rows);
    }
    if followed.before == 0 {
        followed.before = followed.newest;
    }
    if is_turn {
        (followed.settled, followed.before, followed.since) = (followed.before, followed.newest, Instant::now());
    }
    embeddings
        .metrics
        .vectors
        .set(i64::try_from(followed.index.read().map_or(0, |index| index.len())).unwrap_or(i64::MAX));
    *embeddings.index.write().unwrap_or_else(PoisonError::into_inner) = followed.index.clone();
    embeddings.ready.store(model.complete, Ordering::Relaxed);
    Ok(())
}

fn put(index: &RwLock<Index>, rows: &[Row]) {
    let mut index = index.write().unwrap_or_else(PoisonError::into_inner);
    for row in rows {
        let vector: Option<Vec<i8>> =
            row.vector.as_ref().map(|bytes| bytes.iter().copied().map(u8::cast_signed).collect());
        index.put(row.record_id, row.part == "second", vector.as_deref());
    }
}
