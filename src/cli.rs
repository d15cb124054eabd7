//! The command line.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::web;
use anyhow::{Context, bail, ensure};
use clap::{Parser, Subcommand};
use serde_json::json;
use uuid::Uuid;

use crate::api_keys::{ApiKey, NewApiKey};
use crate::auth::{Caller, Key};
use crate::bundles::{self, Bundle, Ids};
use crate::config::{DatabaseSettings, Limits, PublicUrl, ServerSettings};
use crate::db::{self, Db, Pool};
use crate::embedded::Embedded;
use crate::error::Error;
use crate::health::Draining;
use crate::members::Member;
use crate::newsrooms::{self, Newsroom};
use crate::{app, demo, extract, idempotency};

/// A fact-checking claim database with a REST API: who said what about which claim, on whose word, and what the
/// fact-checkers concluded.
///
/// To begin: `onrecord serve --demo`, then open the address that it prints.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, on a PostgreSQL of its own unless DATABASE_URL names one
    Serve(Serve),
    /// Bring the database to this version and end; serve does this by itself
    Migrate {
        #[command(flatten)]
        database: DatabaseSettings,
        #[command(flatten)]
        limits: Limits,
    },
    /// Print the OpenAPI document
    Openapi {
        /// Print one line for each operation instead, with who may call it
        #[arg(long)]
        operations: bool,
    },
    /// Record bundles, each wholly or not at all
    Import {
        /// Files with a bundle each; - reads one from standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The member who records them [default: the only newsroom's first admin]
        #[arg(long)]
        member: Option<Uuid>,
        #[command(flatten)]
        database: DatabaseSettings,
        #[command(flatten)]
        limits: Limits,
    },
    /// Make, list and revoke keys
    #[command(subcommand)]
    Keys(Keys),
    /// Make newsrooms
    #[command(subcommand)]
    Newsrooms(Newsrooms),
    /// Ask a server on this machine whether it lives; for container health checks
    Health {
        /// Its address and port
        #[arg(long, env = "ONRECORD_LISTEN", default_value = "127.0.0.1:8080")]
        listen: String,
    },
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Load a real story, if the database is empty
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    server: ServerSettings,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Make a key and print it, once
    Create {
        /// What the key is for
        #[arg(long, default_value = "Made on the command line")]
        name: String,
        /// Whose key it will be [default: the only newsroom's first admin]
        #[arg(long)]
        member: Option<Uuid>,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// List keys: id, first characters, name, member, whether revoked
    List {
        /// The keys of this member's newsroom [default: the only newsroom's]
        #[arg(long)]
        member: Option<Uuid>,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// Revoke a key
    Revoke {
        /// The key's id
        id: Uuid,
        /// A member of the key's newsroom [default: the only newsroom's first admin]
        #[arg(long)]
        member: Option<Uuid>,
        #[command(flatten)]
        database: DatabaseSettings,
    },
}

#[derive(Debug, Subcommand)]
enum Newsrooms {
    /// Make a newsroom with an admin and print the admin's key, once
    Create {
        /// Its name
        name: String,
        /// Print newsroom_id, member_id and key as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseSettings,
    },
}

/// Runs what the command line asks for.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(serve) => serve.run().await,
        Command::Migrate { database, limits } => {
            let opened = Opened::new(&database, &limits).await?;
            print(&format!("The database is at version {}.", db::newest_migration()?))?;
            opened.close().await
        }
        Command::Openapi { operations } => {
            let document = app::document()?;
            print(if operations { document.operations_table() } else { document.pretty() }.trim_end())
        }
        Command::Import { files, member, database, limits } => {
            let opened = Opened::new(&database, &limits).await?;
            let imported = import(&files, member, &opened.db).await;
            opened.close().await?;
            imported
        }
        Command::Keys(keys) => keys.run().await,
        Command::Newsrooms(Newsrooms::Create { name, json, database }) => {
            let opened = Opened::new(&database, &Limits::default()).await?;
            let made = create_newsroom(name, json, &opened.db).await;
            opened.close().await?;
            made
        }
        Command::Health { listen } => health(&listen).await,
    }
}

/// A migrated database, and the PostgreSQL that this process runs for it, if it does.
struct Opened {
    pool: Pool,
    db: Db,
    embedded: Option<Embedded>,
}

impl Opened {
    async fn new(settings: &DatabaseSettings, limits: &Limits) -> anyhow::Result<Self> {
        let (url, embedded) = match &settings.database_url {
            Some(url) => (url.clone(), None),
            None => {
                let data_dir = settings.data_dir.clone().unwrap_or_else(crate::embedded::default_data_dir);
                let embedded = Embedded::start(&data_dir, &[]).await?;
                (embedded.url("onrecord"), Some(embedded))
            }
        };
        let applied = db::migrate(&url, limits).await?;
        if applied > 0 {
            tracing::info!(applied, "migrated the database");
        }
        let pool = Pool::new(&url, limits)?;
        Ok(Self { db: Db::for_worker(pool.clone()), pool, embedded })
    }

    async fn close(self) -> anyhow::Result<()> {
        match self.embedded {
            Some(embedded) => embedded.stop().await,
            None => Ok(()),
        }
    }
}

impl Serve {
    async fn run(self) -> anyhow::Result<()> {
        // Bound first: if somebody else has the port, nothing is started for nothing.
        let listener = TcpListener::bind(&self.server.listen)
            .with_context(|| format!("cannot listen on {}", self.server.listen))?;
        let address = listener.local_addr()?;
        let public_url = PublicUrl::new(self.server.public_url.as_deref().unwrap_or(&format!("http://{address}")));
        let opened = Opened::new(&self.database, &self.limits).await?;
        let served = self.serve(listener, &public_url, &opened).await;
        opened.close().await?;
        served
    }

    async fn serve(&self, listener: TcpListener, public_url: &PublicUrl, opened: &Opened) -> anyhow::Result<()> {
        let first_key = first_start(self.server.bootstrap_key.as_deref(), self.demo, &opened.db).await?;
        if self.demo {
            load_demo(&opened.db).await?;
        }
        let draining = web::Data::new(Draining::default());
        let server = app::serve(listener, &opened.pool, &self.limits, public_url, &draining)?;
        let handle = server.handle();
        greet(public_url, first_key)?;
        let sweeper = actix_web::rt::spawn(sweep(Db::for_worker(opened.pool.clone())));
        let stopping = actix_web::rt::spawn(async move {
            stop_signal().await;
            draining.begin();
            handle.stop(true).await;
        });
        server.await?;
        stopping.abort();
        sweeper.abort();
        Ok(())
    }
}

/// SIGTERM or Ctrl-C.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("cannot wait for signals");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: finishing what is under way");
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
    let text = match chosen {
        Some(text) => Key::chosen(text)?,
        None => Key::random()?,
    }
    .reveal();
    let key = Key::chosen(&text)?;
    let ids = match (demo::id_of("newsroom"), demo::id_of("admin")) {
        (Some(newsroom), Some(admin)) if demo => (newsroom, admin),
        _ => (Uuid::now_v7(), Uuid::now_v7()),
    };
    db.write(async move |conn| newsrooms::bootstrap("My newsroom", &key, ids, conn).await).await?;
    Ok(Some(text))
}

/// Records the demo story, unless there are records already.
async fn load_demo(db: &Db) -> anyhow::Result<()> {
    let caller = acting(None, db).await?;
    let body = extract::read_json(demo::STORY.as_bytes())?;
    let loaded = db
        .write(async move |conn| {
            if demo::is_wanted(conn).await? {
                let bundle = Bundle::read(body.clone(), Ids::Demo)?;
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

fn greet(public_url: &PublicUrl, first_key: Option<String>) -> anyhow::Result<()> {
    let url = public_url.as_str();
    print(&format!("OnRecord is at {url}\nSwagger UI is at {url}/docs/"))?;
    if let Some(key) = first_key {
        print(&format!("Your admin key, shown this once: {key}"))?;
    }
    Ok(())
}

/// The member who acts on the command line: the one named, or the first admin of the only newsroom.
async fn acting(member: Option<Uuid>, db: &Db) -> anyhow::Result<Caller> {
    let caller = db.read(async |conn| Member::acting(member, conn).await).await?;
    match (caller.as_slice(), member) {
        ([caller], _) => Ok(*caller),
        ([], Some(id)) => bail!("there is no member {id}"),
        ([], None) => bail!("there is no newsroom yet: onrecord newsrooms create NAME"),
        _ => bail!("there are several newsrooms: say with --member who acts"),
    }
}

/// Records the bundles in order; ends with the first that is refused, and says which item is bad and why.
async fn import(files: &[PathBuf], member: Option<Uuid>, db: &Db) -> anyhow::Result<()> {
    let caller = acting(member, db).await?;
    for file in files {
        let imported = import_file(file, caller, db).await.map_err(|error| match error.downcast_ref() {
            Some(Error::Validation(errors)) => {
                let faults = errors.iter().map(|fault| format!("\n  {}: {}", fault.pointer, fault.detail));
                anyhow::anyhow!("nothing of {} was recorded:{}", file.display(), faults.collect::<String>())
            }
            _ => error.context(format!("nothing of {} was recorded", file.display())),
        })?;
        let bundles::Imported { created, reused, .. } = imported;
        print(&format!(
            "{}: recorded {} sources, {} documents, {} claims, {} statements, {} verdicts; reused {} sources, {} documents",
            file.display(),
            created.sources,
            created.documents,
            created.claims,
            created.statements,
            created.verdicts,
            reused.sources.len(),
            reused.documents.len()
        ))?;
    }
    Ok(())
}

async fn import_file(file: &Path, caller: Caller, db: &Db) -> anyhow::Result<bundles::Imported> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file)?;
    }
    let body = extract::read_json(&bytes)?;
    let imported =
        db.write(async move |conn| bundles::import(Bundle::read(body.clone(), Ids::New)?, caller, conn).await);
    Ok(imported.await?)
}

async fn create_newsroom(name: String, as_json: bool, db: &Db) -> anyhow::Result<()> {
    let text = Key::random()?.reveal();
    let key = Key::chosen(&text)?;
    let ids = (Uuid::now_v7(), Uuid::now_v7());
    let (newsroom, member) = db.write(async move |conn| newsrooms::bootstrap(&name, &key, ids, conn).await).await?;
    if as_json {
        return print(&json!({"newsroom_id": newsroom.id, "member_id": member.id, "key": text}).to_string());
    }
    print(&format!("Newsroom {} with admin {}.\nThe admin's key, shown this once: {text}", newsroom.id, member.id))
}

impl Keys {
    async fn run(self) -> anyhow::Result<()> {
        let (Self::Create { database, .. } | Self::List { database, .. } | Self::Revoke { database, .. }) = &self;
        let opened = Opened::new(database, &Limits::default()).await?;
        let done = self.act(&opened.db).await;
        opened.close().await?;
        done
    }

    async fn act(self, db: &Db) -> anyhow::Result<()> {
        match self {
            Self::Create { name, member, .. } => {
                let caller = acting(member, db).await?;
                let text = Key::random()?.reveal();
                let key = Key::chosen(&text)?;
                let new = NewApiKey { member_id: caller.member_id, name, expires_at: None };
                db.write(async move |conn| ApiKey::create(&new, &key, caller, conn).await).await?;
                print(&text)
            }
            Self::List { member, .. } => {
                let caller = acting(member, db).await?;
                for key in db.read(async |conn| ApiKey::all(caller, conn).await).await? {
                    let state = key.revoked_at.map_or_else(|| "valid".to_owned(), |at| format!("revoked {at}"));
                    print(&format!("{}  {}…  {}  member {}  {state}", key.id, key.hint, key.name, key.member_id))?;
                }
                Ok(())
            }
            Self::Revoke { id, member, .. } => {
                let caller = acting(member, db).await?;
                db.write(async move |conn| ApiKey::revoke(id, caller, conn).await).await?;
                print("Revoked.")
            }
        }
    }
}

async fn health(listen: &str) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let port = listen.rsplit(':').next().context("the listen address has no port")?;
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await?;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "the server answered: {}",
            answer.lines().next().unwrap_or_default()
        );
        Ok(())
    };
    tokio::time::timeout(Duration::from_secs(3), ask).await.context("the server did not answer within 3 s")?
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        printed => Ok(printed?),
    }
}
