//! Connections: a pool for writes and slow reads, and a few shared pipelined connections for quick reads.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use deadpool::Runtime;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::Pool as Deadpool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};
use tokio::sync::Mutex;

use crate::actor::Actor;
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::provenance::weigh_touched;

/// The pool that all workers share.
#[derive(Clone)]
pub struct Pool {
    connections: Deadpool<AsyncPgConnection>,
    /// For reads of the past, whose plans are others for the same statements, and for the order of the log.
    aside: Deadpool<AsyncPgConnection>,
    progress: Arc<Progress>,
    url: Arc<str>,
    limits: Limits,
}

impl Pool {
    /// A pool that connects when it is first asked to. Fails on an address that cannot be parsed.
    pub fn new(url: &str, limits: &Limits) -> anyhow::Result<Self> {
        let parsed: tokio_postgres::Config = url.parse().context("DATABASE_URL is not a PostgreSQL address")?;
        drop(parsed);
        let connections = |size: usize| Self::connections(url, limits, size);
        let (aside, connections) = (connections(limits.past_connections)?, connections(limits.pool_size)?);
        Ok(Self { connections, aside, progress: Arc::default(), url: url.into(), limits: limits.clone() })
    }

    fn connections(url: &str, limits: &Limits, size: usize) -> anyhow::Result<Deadpool<AsyncPgConnection>> {
        let mut config = ManagerConfig::default();
        // The default asks the server before every use, which costs as much as a read. A dead connection is found by
        // BEGIN, before anything was done.
        config.recycling_method = RecyclingMethod::Fast;
        let connect_timeout = limits.connect_timeout();
        config.custom_setup = Box::new(move |url| {
            let url = url.to_owned();
            Box::pin(async move { Ok(connect(&url, connect_timeout).await?.0) })
        });
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        Ok(Deadpool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(limits.pool_wait()))
            .create_timeout(Some(limits.connect_timeout()))
            .runtime(Runtime::Tokio1)
            .build()?)
    }

    /// How far the log of changes is in order.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }
}

/// A connection, and whether its driver has ended: then nothing more can be asked of it.
async fn connect(url: &str, deadline: Duration) -> ConnectionResult<(AsyncPgConnection, Arc<AtomicBool>)> {
    let failed = |error: &dyn std::fmt::Display| ConnectionError::BadConnection(error.to_string());
    let connecting = async {
        let mut config: tokio_postgres::Config = url.parse().map_err(|error: tokio_postgres::Error| failed(&error))?;
        config
            .application_name("onrecord")
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(Duration::from_secs(15));
        let (client, driver) = config.connect(tokio_postgres::NoTls).await.map_err(|error| failed(&error))?;
        let ended = Arc::new(AtomicBool::new(false));
        tokio::spawn({
            let ended = ended.clone();
            async move {
                if let Err(error) = driver.await {
                    tracing::debug!(%error, "a database connection ended");
                }
                ended.store(true, Ordering::Relaxed);
            }
        });
        Ok((AsyncPgConnection::try_from(client).await?, ended))
    };
    tokio::time::timeout(deadline, connecting).await.map_err(|_| failed(&"the database did not answer in time"))?
}

/// The database as one worker sees it.
pub struct Db {
    pool: Pool,
    /// For reads by a key: they queue up in one connection and are answered in bunches, which costs half of what several
    /// connections would, each to be woken up by itself.
    by_key: Shared,
    /// For lists, which are slower and must not keep the others waiting.
    lists: Vec<Shared>,
    next: AtomicUsize,
}

/// A shared connection's place. It is filled on first use and again whenever its connection is lost.
#[derive(Default)]
struct Shared(Mutex<Slot>);

#[derive(Default)]
struct Slot {
    connection: Option<(Rc<AsyncPgConnection>, Arc<AtomicBool>)>,
    last_failure: Option<Instant>,
}

/// While the database is away, it is tried this often and everybody in between is told at once.
const RECONNECT_AFTER: Duration = Duration::from_millis(200);

impl Shared {
    async fn get(&self, pool: &Pool) -> Result<Rc<AsyncPgConnection>> {
        let mut slot = self.0.lock().await;
        if let Some((connection, ended)) = &slot.connection
            && !ended.load(Ordering::Relaxed)
        {
            return Ok(connection.clone());
        }
        slot.connection = None;
        if slot.last_failure.is_some_and(|at| at.elapsed() < RECONNECT_AFTER) {
            return Err(AWAY);
        }
        match connect(&pool.url, pool.limits.connect_timeout()).await {
            Ok((connection, ended)) => {
                let connection = Rc::new(connection);
                *slot = Slot { connection: Some((connection.clone(), ended)), last_failure: None };
                Ok(connection)
            }
            Err(error) => {
                tracing::warn!(%error, "cannot connect to the database");
                slot.last_failure = Some(Instant::now());
                Err(AWAY)
            }
        }
    }

    async fn discard(&self, lost: &Rc<AsyncPgConnection>) {
        let mut slot = self.0.lock().await;
        if slot.connection.as_ref().is_some_and(|(current, _)| Rc::ptr_eq(current, lost)) {
            slot.connection = None;
        }
    }
}

const AWAY: Error = Error::Unavailable("The database cannot be reached. Nothing was done; try again.");
const BUSY: Error = Error::Unavailable("All database connections are busy. Nothing was done; try again.");
const SLOW: Error = Error::Unavailable("The database did not answer in time. Try again.");

/// How a search begins. How often a word occurs is not foreseen: without the index a rare one is looked for in every entry. And
/// names are alike from two fifths of their trigrams on.
const SEARCH: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '2s'; \
                      SET LOCAL enable_seqscan = off; SET LOCAL pg_trgm.word_similarity_threshold = 0.4";

impl Db {
    /// The database for one worker: connections are driven by the thread that uses them most.
    pub fn for_worker(pool: Pool) -> Self {
        let lists = (0..pool.limits.list_connections).map(|_| Shared::default()).collect();
        Self { pool, by_key: Shared::default(), lists, next: AtomicUsize::new(0) }
    }

    /// Runs a read by a key on a shared connection, beside others, and once more if the connection turns out to be lost.
    ///
    /// Never `BEGIN` or `SET` in it: the connection is everybody's.
    pub async fn read<T>(&self, query: impl AsyncFn(&AsyncPgConnection) -> Result<T>) -> Result<T> {
        self.share(&self.by_key, query).await
    }

    /// The same for a list.
    pub async fn list<T>(&self, query: impl AsyncFn(&AsyncPgConnection) -> Result<T>) -> Result<T> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let shared = turn.checked_rem(self.lists.len()).and_then(|index| self.lists.get(index));
        self.share(shared.unwrap_or(&self.by_key), query).await
    }

    async fn share<T>(&self, shared: &Shared, query: impl AsyncFn(&AsyncPgConnection) -> Result<T>) -> Result<T> {
        let mut attempt = 1;
        loop {
            let connection = shared.get(&self.pool).await?;
            match tokio::time::timeout(self.pool.limits.read_deadline(), query(&connection)).await {
                Ok(Err(error)) if attempt == 1 && (error.is_connection_lost() || error.is_passing()) => {
                    shared.discard(&connection).await;
                    attempt += 1;
                }
                Ok(result) => return result,
                Err(_) => {
                    shared.discard(&connection).await;
                    return Err(SLOW);
                }
            }
        }
    }

    /// Runs a slow read on a connection of its own, in one snapshot, however many statements it takes.
    pub async fn snapshot<T>(&self, query: impl AsyncFn(&AsyncPgConnection) -> Result<T>) -> Result<T> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        self.pool.transaction(&self.pool.connections, begin, async |conn| query(conn).await).await
    }

    /// The same for a search, which is cut off after two seconds: a 422.
    pub async fn search<T>(&self, query: impl AsyncFn(&AsyncPgConnection) -> Result<T>) -> Result<T> {
        let found = self.pool.transaction(&self.pool.connections, SEARCH, async |conn| query(conn).await).await;
        found.map_err(Error::or_too_expensive)
    }

    /// The same on a connection for the past; `begin` says which instant.
    pub async fn past<T>(&self, begin: &str, query: impl AsyncFn(&AsyncPgConnection) -> Result<T>) -> Result<T> {
        self.pool.transaction(&self.pool.aside, begin, async |conn| query(conn).await).await
    }

    /// The same for a read of one statement, which is sent together with `begin` and does not wait for the end.
    pub async fn past_at_once<T>(
        &self,
        begin: &str,
        query: impl AsyncFn(&AsyncPgConnection) -> Result<T>,
    ) -> Result<T> {
        loop {
            let open = Open(Some(checkout(&self.pool.aside).await?));
            let Some(conn) = open.0.as_deref() else { return Err(AWAY) };
            let mut beginning: &AsyncPgConnection = conn;
            // In this order: the first one polled is the first one sent.
            let (sent, found) = futures_util::join!(beginning.batch_execute(begin), query(conn));
            match sent.map_err(Error::from) {
                Ok(()) => {
                    open.end();
                    return found;
                }
                Err(error) if error.is_connection_lost() => {
                    // If one is dead, the others are as well.
                    self.pool.aside.retain(|_, _| false);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How far the log of changes is in order.
    pub fn progress(&self) -> &Arc<Progress> {
        self.pool.progress()
    }

    /// Runs a write in one transaction that nobody waits for: the log's order, not a record.
    pub async fn write_quietly<T>(&self, write: impl AsyncFn(&mut AsyncPgConnection) -> Result<T>) -> Result<T> {
        self.pool.transaction(&self.pool.aside, "BEGIN", write).await
    }

    /// Runs a write in one transaction on behalf of the current [`Actor`], in a task of its own: a client that hangs up cannot cancel it between `BEGIN`
    /// and `COMMIT`. Before it ends, the claims that it touched are weighed. When other writes got in the way, it is run again, up to three times in all.
    pub async fn write<T: 'static>(
        &self,
        write: impl AsyncFn(&mut AsyncPgConnection) -> Result<T> + 'static,
    ) -> Result<T> {
        let (pool, begin) = (self.pool.clone(), Actor::current().begin());
        let task = actix_web::rt::spawn(async move {
            let whole = async |conn: &mut AsyncPgConnection| {
                let value = write(conn).await?;
                weigh_touched(conn).await?;
                Ok(value)
            };
            let written = pool.transaction(&pool.connections, &begin, whole).await;
            if written.is_ok() {
                pool.progress.wrote();
            }
            written
        });
        task.await.map_err(|error| anyhow::anyhow!("a write ended early: {error}"))?
    }
}

type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;

impl Pool {
    async fn transaction<T>(
        &self,
        connections: &Deadpool<AsyncPgConnection>,
        begin: &str,
        work: impl AsyncFn(&mut AsyncPgConnection) -> Result<T>,
    ) -> Result<T> {
        let mut attempt = 1;
        loop {
            match run(connections, begin, &work).await {
                Err(error) if attempt < 3 && (error.is_passing()) => {
                    tracing::debug!(%error, attempt, "running a transaction again");
                    // Those who crossed each other should not meet again at the same moment.
                    let jitter = u64::from(Instant::now().elapsed().subsec_nanos() % 16);
                    tokio::time::sleep(Duration::from_millis(attempt * 5 + jitter)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }
}

async fn run<T>(
    connections: &Deadpool<AsyncPgConnection>,
    begin: &str,
    work: &impl AsyncFn(&mut AsyncPgConnection) -> Result<T>,
) -> Result<T> {
    let mut conn = begin_on(connections, begin).await?;
    match work(&mut conn).await {
        Ok(value) => match Manager::commit_transaction(&mut *conn).await.map_err(Error::from) {
            Ok(()) => Ok(value),
            Err(error) if error.is_connection_lost() => Err(Error::OutcomeUnknown),
            Err(error) => Err(error),
        },
        Err(error) => {
            // A connection whose rollback fails is broken, and the pool drops it.
            if let Err(rollback) = Manager::rollback_transaction(&mut *conn).await {
                tracing::debug!(%rollback, "a rollback failed");
            }
            Err(error)
        }
    }
}

/// A connection out of a pool.
type Pooled = diesel_async::pooled_connection::deadpool::Object<AsyncPgConnection>;

/// A connection that was told to begin; the pool does not know. It goes back to the pool by [`Open::end`] alone.
struct Open(Option<Pooled>);

impl Open {
    /// Ends the transaction while nobody waits for it.
    fn end(mut self) {
        let Some(conn) = self.0.take() else { return };
        actix_web::rt::spawn(async move {
            let mut ending: &AsyncPgConnection = &conn;
            if let Err(error) = ending.batch_execute("COMMIT").await {
                tracing::debug!(%error, "a read's transaction did not end");
                drop(deadpool::managed::Object::take(conn));
            }
        });
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(deadpool::managed::Object::take(conn));
        }
    }
}

async fn checkout(connections: &Deadpool<AsyncPgConnection>) -> Result<Pooled> {
    use deadpool::managed::{PoolError, TimeoutType};
    connections.get().await.map_err(|error| match error {
        PoolError::Timeout(TimeoutType::Wait) => BUSY,
        error => {
            tracing::warn!(%error, "cannot connect to the database");
            AWAY
        }
    })
}

/// A connection in a transaction. Dead ones are found here, before anything was done.
async fn begin_on(connections: &Deadpool<AsyncPgConnection>, begin: &str) -> Result<Pooled> {
    loop {
        let mut conn = checkout(connections).await?;
        match diesel_async::AnsiTransactionManager::begin_transaction_sql(&mut *conn, begin).await.map_err(Error::from)
        {
            Ok(()) => return Ok(conn),
            Err(error) if error.is_connection_lost() => {
                // If one is dead, the others are as well: the server was away.
                drop(deadpool::managed::Object::take(conn));
                connections.retain(|_, _| false);
            }
            Err(error) => return Err(error),
        }
    }
}
