//! A server for one test, in this process, on a database and a port of its own.

use actix_web::web;
use onrecord::app::State;
use onrecord::auth::Callers;
use onrecord::config::{Limits, PublicUrl};
use onrecord::db::{Db, Pool};
use onrecord::embeddings::{EmbeddingSettings, Embeddings};
use onrecord::health::Draining;
use onrecord::oidc::{Oidc, OidcSettings};
use onrecord::webhooks::{WebhookSettings, Webhooks};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use tokio_postgres::Client as Sql;
use uuid::Uuid;

use super::postgres::{self, NEWSROOMS};
use super::{Client, SOON, until};

/// The server. When it is dropped it stops and its database is removed.
pub struct App {
    /// Its address.
    pub url: String,
    /// Its database's address.
    pub database: String,
    /// Nobody in particular.
    pub anyone: Client,
    /// Members of the newsroom that most tests work in.
    pub reader: Client,
    pub checker: Client,
    pub editor: Client,
    pub admin: Client,
    /// An editor of another newsroom.
    pub other: Client,
    /// The newsroom of reader, checker, editor and admin.
    pub newsroom_id: Uuid,
    /// Which keys were used, to be written by [`App::write_last_uses`] instead of every minute.
    callers: web::Data<Callers>,
    stop: Option<actix_web::dev::ServerHandle>,
}

/// What tests of one client each need. All come from one address, and some send thousands of requests.
pub fn limits() -> Limits {
    const MINUTE: u64 = 60_000;
    let unlimited = Limits { key_requests: 0, address_requests: 0, unknown_keys: 0, ..Limits::default() };
    // A minute for everything that PostgreSQL is waited for, as a busy machine may need for the largest of what tests ask.
    let patient = Limits {
        pool_wait_ms: MINUTE,
        connect_ms: MINUTE,
        statement_ms: MINUTE,
        lock_ms: MINUTE,
        idle_transaction_ms: MINUTE,
        ..unlimited
    };
    Limits { workers: Some(1), pool_size: 4, drain_seconds: 1, ..patient }
}

/// Without an embedding service.
pub fn no_service() -> EmbeddingSettings {
    #[derive(clap::Parser)]
    struct Defaults {
        #[command(flatten)]
        embeddings: EmbeddingSettings,
    }
    <Defaults as clap::Parser>::parse_from(["onrecord"]).embeddings
}

impl App {
    /// With the limits that most tests use.
    pub async fn start() -> Self {
        Self::with(limits()).await
    }

    /// With limits of its own.
    pub async fn with(limits: Limits) -> Self {
        let database = postgres::database().await;
        Self::on(&database, &database, limits)
    }

    /// With the demo story, whose newsroom reader, checker, editor and admin belong to.
    pub async fn demo() -> Self {
        let database = postgres::demo_database().await;
        let mut app = Self::on(&database, &database, limits());
        app.newsroom_id = onrecord::demo::id_of("newsroom").unwrap();
        app
    }

    /// Reaching its database by another way, such as a proxy that can be cut.
    pub fn on(database: &str, reached_at: &str, limits: Limits) -> Self {
        Self::known_by(Callers::default(), no_service(), database, reached_at, limits)
    }

    /// With a single sign-on, whose users become members of the newsroom that most tests work in.
    pub async fn signed_in_by(settings: &OidcSettings) -> Self {
        let database = postgres::database().await;
        let oidc = Oidc::new(settings, NEWSROOMS[0].1).unwrap();
        Self::known_by(Callers { oidc, ..Callers::default() }, no_service(), &database, &database, limits())
    }

    /// On a database that others use as well.
    pub fn start_on(database: &str) -> Self {
        Self::on(database, database, limits())
    }

    /// With an embedding service, on this database.
    pub fn embedded_by(settings: EmbeddingSettings, database: &str) -> Self {
        Self::known_by(Callers::default(), settings, database, database, limits())
    }

    fn known_by(
        callers: Callers,
        embeddings: EmbeddingSettings,
        database: &str,
        reached_at: &str,
        limits: Limits,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (started, handle) = mpsc::channel();
        let (public_url, reached_at, to_drop) =
            (PublicUrl::new(Some(&url), &[]), postgres::addresses(reached_at).server, database.to_owned());
        let callers = web::Data::new(callers);
        let app_callers = callers.clone();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let pool = Pool::new(&reached_at, &limits).unwrap();
                let draining = web::Data::new(Draining::default());
                let key = web::Data::new(postgres::log_key());
                let embeddings = web::Data::new(Embeddings::new(&embeddings).unwrap());
                // Receivers of tests listen on this address alone.
                let reachable = WebhookSettings { networks: vec!["127.0.0.1/32".parse().unwrap()], http: true };
                let webhooks = web::Data::new(Webhooks::new(&reachable).unwrap());
                let state = State { draining, log_key: key, callers, embeddings, webhooks };
                let server = onrecord::app::serve(listener, &pool, &limits, &public_url, &state).unwrap();
                started.send(server.handle()).unwrap();
                server.await.unwrap();
                drop(pool);
                postgres::drop_database(&to_drop).await;
            });
        });
        let client = |key: Option<String>| Client::new(&url, key);
        let member = |role| client(Some(postgres::key("desk", role)));
        Self {
            anyone: client(None),
            reader: member("reader"),
            checker: member("checker"),
            editor: member("editor"),
            admin: member("admin"),
            other: client(Some(postgres::key("other", "editor"))),
            newsroom_id: NEWSROOMS[0].1,
            callers: app_callers,
            stop: Some(handle.recv().unwrap()),
            database: database.to_owned(),
            url,
        }
    }

    /// A connection to its database, for SQL that no client could send.
    pub async fn sql(&self) -> Sql {
        postgres::connect(&self.database).await
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        self.sql().await.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
    }

    /// Waits until every change has its place in the log.
    pub async fn in_order(&self) {
        let sql = self.sql().await;
        let waiting =
            async || sql.query_one("SELECT count(*) FROM changes_unsequenced", &[]).await.unwrap().get::<_, i64>(0);
        until("the log is in order", SOON, async || (waiting().await == 0).then_some(())).await;
    }

    /// Waits until what was written is in the counts of words.
    pub async fn words_counted(&self) {
        let counted = async || (self.count("word_deltas").await == 0).then_some(());
        until("all words are counted", SOON, counted).await;
    }

    /// Writes now when keys were last used, by a connection to `url`.
    pub async fn write_last_uses(&self, url: &str) {
        self.callers.last_uses.write(&Db::for_worker(Pool::new(url, &limits()).unwrap())).await;
    }

    /// A client with this key.
    pub fn with_key(&self, key: &str) -> Client {
        Client::new(&self.url, Some(key.to_owned()))
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The command is sent at once; that it was done is not waited for.
            drop(stop.stop(false));
        }
    }
}
