//! `onrecord serve`: from an empty folder to a running service, and its orderly end.

use std::net::TcpListener;
use std::num::NonZero;
use std::time::Duration;

use actix_web::web;
use anyhow::{Context, bail};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use uuid::Uuid;

use super::database::{Opened, Timeouts, data_dir};
use super::print;
use crate::actor::Actor;
use crate::app::State;
use crate::auth::{Callers, Key};
use crate::config::{DatabaseSettings, Limits, LogSettings, PublicUrl, ServerSettings};
use crate::db::Db;
use crate::embeddings::{EmbeddingSettings, Embeddings};
use crate::error::Result;
use crate::health::Draining;
use crate::log::LogKey;
use crate::members::Member;
use crate::newsrooms::{self, Newsroom};
use crate::oidc::{Oidc, OidcSettings};
use crate::webhooks::{WebhookSettings, Webhooks};
use crate::{app, demo, idempotency};

#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Load a real story, if the database is empty
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    server: ServerSettings,
    #[command(flatten)]
    log: LogSettings,
    #[command(flatten)]
    oidc: OidcSettings,
    #[command(flatten)]
    embeddings: EmbeddingSettings,
    #[command(flatten)]
    webhooks: WebhookSettings,
    #[command(flatten)]
    limits: Limits,
}

impl Serve {
    /// Serves until it is told to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        // Bound first: if somebody else has the port, nothing is started for nothing.
        let listener = TcpListener::bind(&self.server.listen)
            .with_context(|| format!("cannot listen on {}", self.server.listen))?;
        let public_url = PublicUrl::new(self.server.public_url.as_deref(), &self.limits.trusted_proxies);
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let limits = self.limits.fitted(processors);
        let opened = Opened::owned(&self.database, &limits, Timeouts::Set).await?;
        let served = self.serve(listener, &limits, &public_url, &opened).await;
        opened.close().await?;
        served
    }

    async fn serve(
        &self,
        listener: TcpListener,
        limits: &Limits,
        public_url: &PublicUrl,
        opened: &Opened,
    ) -> anyhow::Result<()> {
        let first_key = first_start(self.server.bootstrap_key.as_deref(), self.demo, &opened.db).await?;
        if self.demo {
            load_demo(&opened.db).await?;
        }
        let address = listener.local_addr()?;
        let draining = web::Data::new(Draining::default());
        let log_key =
            LogKey::open(&self.log.file(&data_dir(&self.database)), &self.log.name(self.server.public_url.as_deref()))?;
        let log_key = web::Data::new(log_key);
        let callers =
            web::Data::new(Callers { oidc: single_sign_on(&self.oidc, &opened.db).await?, ..Callers::default() });
        let embeddings = web::Data::new(Embeddings::new(&self.embeddings)?);
        let webhooks = web::Data::new(Webhooks::new(&self.webhooks)?);
        let state = State { draining: draining.clone(), log_key, callers: callers.clone(), embeddings, webhooks };
        let server = app::serve(listener, &opened.pool, limits, public_url, &state)?;
        let handle = server.handle();
        // Before the greeting: whoever has read it may stop the process at once.
        let stop_signal = stop_signal()?;
        greet(&public_url.at(address), first_key)?;
        let sweeper = actix_web::rt::spawn(sweep(Db::for_worker(opened.pool.clone())));
        let noting = actix_web::rt::spawn({
            let (callers, db) = (callers.clone(), Db::for_worker(opened.pool.clone()));
            async move { callers.last_uses.keep_writing(&db).await }
        });
        let stopping = actix_web::rt::spawn(async move {
            stop_signal.await;
            draining.begin();
            handle.stop(true).await;
        });
        server.await?;
        stopping.abort();
        sweeper.abort();
        noting.abort();
        callers.last_uses.write(&opened.db).await;
        Ok(())
    }
}

/// The single sign-on, for the newsroom that is named or the only one.
async fn single_sign_on(settings: &OidcSettings, db: &Db) -> anyhow::Result<Option<Oidc>> {
    if settings.issuer.is_none() {
        return Ok(None);
    }
    let named = settings.newsroom;
    let found = db.read(async |conn| Newsroom::named_or_first_two(named, conn).await).await?;
    match (found.as_slice(), named) {
        ([newsroom_id], _) => Oidc::new(settings, *newsroom_id),
        ([], _) => bail!("ONRECORD_OIDC_NEWSROOM names no newsroom"),
        _ => bail!("there are several newsrooms: say with ONRECORD_OIDC_NEWSROOM whose members sign in"),
    }
}

/// SIGTERM or Ctrl-C, also when it comes before this is awaited.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for signals")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what is under way");
    })
}

/// Forgets expired idempotency keys, now and then.
async fn sweep(db: Db) {
    loop {
        tokio::time::sleep(Duration::from_secs(600)).await;
        if let Err(error) = idempotency::sweep(&db).await {
            tracing::warn!(%error, "cannot sweep expired idempotency keys");
        }
    }
}

/// Of several processes that start on one empty database, one makes what all need, and the others, which wait, find it.
/// They wait longer than a request would: loading the story takes a moment.
async fn one_at_a_time(conn: &mut AsyncPgConnection) -> Result<()> {
    const LOCK: &str = "SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = '30s';
        SELECT pg_advisory_xact_lock(hashtext('onrecord first start'))";
    Ok(conn.batch_execute(LOCK).await?)
}

/// On the first start there is no newsroom: makes one with an admin, and answers the admin's key.
async fn first_start(chosen: Option<&str>, demo: bool, db: &Db) -> anyhow::Result<Option<String>> {
    if db.read(async |conn| Newsroom::count(conn).await).await? > 0 {
        return Ok(None);
    }
    let key = chosen.map_or_else(Key::random, Key::chosen)?;
    let text = key.reveal().to_owned();
    // The demo's examples name its newsroom, admin and key.
    let ids =
        ["newsroom", "admin", "first-key"].map(|name| demo::id_of(name).filter(|_| demo).unwrap_or_else(Uuid::now_v7));
    let made = db.write(async move |conn| {
        one_at_a_time(conn).await?;
        if Newsroom::count(conn).await? > 0 {
            return Ok(false);
        }
        newsrooms::bootstrap("My newsroom", &key, ids, conn).await?;
        Ok(true)
    });
    Ok(made.await?.then_some(text))
}

/// Records the demo story in the oldest newsroom, unless there are records already.
async fn load_demo(db: &Db) -> anyhow::Result<()> {
    let admins = db.read(async |conn| Member::acting(None, conn).await).await?;
    let caller = *admins.first().context("there is no newsroom to load the demo story into")?;
    let loading = db.write(async move |conn| {
        one_at_a_time(conn).await?;
        if demo::is_wanted(conn).await? { demo::load(caller, conn).await.map(Some) } else { Ok(None) }
    });
    let loaded = Actor::member(caller).does(loading).await?;
    if let Some(loaded) = loaded {
        tracing::info!(claims = loaded.created.claims, statements = loaded.created.statements, "loaded the demo story");
    }
    Ok(())
}

fn greet(url: &str, first_key: Option<String>) -> anyhow::Result<()> {
    print(&format!("OnRecord is at {url}\nSwagger UI is at {url}/docs/"))?;
    if let Some(key) = first_key {
        print(&format!("Your admin key, shown this once: {key}"))?;
    }
    Ok(())
}
