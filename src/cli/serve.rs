//! `onrecord serve`: from an empty folder to a running service, and its orderly end.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::web;
use anyhow::{Context, bail};
use uuid::Uuid;

use super::database::{Opened, Timeouts};
use super::print;
use crate::auth::{Callers, Key};
use crate::body::Json;
use crate::bundles::{self, Bundle, Ids};
use crate::config::{DatabaseSettings, Limits, PublicUrl, ServerSettings};
use crate::db::Db;
use crate::health::Draining;
use crate::members::Member;
use crate::newsrooms::{self, Newsroom};
use crate::oidc::{Oidc, OidcSettings};
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
    oidc: OidcSettings,
    #[command(flatten)]
    limits: Limits,
}

impl Serve {
    /// Serves until it is told to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        // Bound first: if somebody else has the port, nothing is started for nothing.
        let listener = TcpListener::bind(&self.server.listen)
            .with_context(|| format!("cannot listen on {}", self.server.listen))?;
        let public_url = PublicUrl::new(self.server.public_url.as_deref());
        let opened = Opened::owned(&self.database, &self.limits, Timeouts::Set).await?;
        let served = self.serve(listener, &public_url, &opened).await;
        opened.close().await?;
        served
    }

    async fn serve(&self, listener: TcpListener, public_url: &PublicUrl, opened: &Opened) -> anyhow::Result<()> {
        let first_key = first_start(self.server.bootstrap_key.as_deref(), self.demo, &opened.db).await?;
        if self.demo {
            load_demo(&opened.db).await?;
        }
        let address = listener.local_addr()?;
        let draining = web::Data::new(Draining::default());
        let callers =
            web::Data::new(Callers { oidc: single_sign_on(&self.oidc, &opened.db).await?, ..Callers::default() });
        let server = app::serve(listener, &opened.pool, &self.limits, public_url, &draining, &callers)?;
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
    db.write(async move |conn| newsrooms::bootstrap("My newsroom", &key, ids, conn).await).await?;
    Ok(Some(text))
}

/// Records the demo story in the oldest newsroom, unless there are records already.
async fn load_demo(db: &Db) -> anyhow::Result<()> {
    let admins = db.read(async |conn| Member::acting(None, conn).await).await?;
    let caller = *admins.first().context("there is no newsroom to load the demo story into")?;
    let story = Json::parse(demo::STORY.as_bytes())?;
    let loaded = db
        .write(async move |conn| {
            if demo::is_wanted(conn).await? {
                let bundle = Bundle::read(story.clone(), Ids::Demo)?;
                bundles::import(bundle, caller, conn).await.map(Some)
            } else {
                Ok(None)
            }
        })
        .await?;
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
