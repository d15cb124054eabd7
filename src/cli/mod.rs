//! The command line.

mod claimreview;
mod database;
mod embed;
mod export;
mod import;
mod keys;
mod log;
mod serve;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use serde_json::json;
use uuid::Uuid;

use crate::auth::Key;
use crate::config::{DatabaseSettings, Limits};
use crate::db::Db;
use crate::{app, migrations, newsrooms};

use claimreview::ImportClaimReview;
use database::{Missing, Opened, Timeouts};
use embed::Embed;
use export::Export;
use keys::Keys;
use log::Log;
use serve::Serve;

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
    Serve(Box<Serve>),
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
    /// Record bundles, each wholly or not at all; or, with claimreview, files of ClaimReview
    #[command(subcommand_negates_reqs = true)]
    Import {
        #[command(subcommand)]
        what: Option<Box<ImportOf>>,
        /// Files with a bundle each, or several, one a line; - reads standard input
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
    /// Write what a newsroom has recorded as a bundle, for import elsewhere
    ///
    /// A bundle with everything that the newsroom has published, and what that refers to; of more than 2,500 records of a kind several
    /// bundles, one a line. `onrecord import` records them on another server with new ids. What no bundle carries is counted on
    /// standard error: what was withdrawn or retracted, links between claims, comment requests.
    Export(Box<Export>),
    /// Embed what is recorded, and see how far that is
    #[command(subcommand)]
    Embed(Box<Embed>),
    /// Make, list and revoke keys
    #[command(subcommand)]
    Keys(Keys),
    /// Verify the log of changes
    #[command(subcommand)]
    Log(Log),
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

#[derive(Debug, Subcommand)]
enum ImportOf {
    /// Import ClaimReview: JSON-LD, pages, feeds, answers of Google's Fact Check Tools, NDJSON and CSV
    Claimreview(ImportClaimReview),
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
            let opened = Opened::shared(&database, &limits, Timeouts::Set, Missing::Made).await?;
            print(&format!("The database is at version {}.", migrations::newest_migration()?))?;
            opened.close().await
        }
        Command::Openapi { operations } => {
            let document = app::document()?;
            print(if operations { document.operations_table() } else { document.pretty() }.trim_end())
        }
        Command::Import { what: Some(what), .. } => match *what {
            ImportOf::Claimreview(import) => import.run().await,
        },
        Command::Import { what: None, files, member, database, limits } => {
            let opened = Opened::shared(&database, &limits, Timeouts::Left, Missing::Refused).await?;
            let imported = import::import(&files, member, &opened.db).await;
            opened.close().await?;
            imported
        }
        Command::Export(export) => export.run().await,
        Command::Embed(embed) => embed.run().await,
        Command::Keys(keys) => keys.run().await,
        Command::Log(log) => log.run().await,
        Command::Newsrooms(Newsrooms::Create { name, json, database }) => {
            let opened = Opened::shared(&database, &Limits::default(), Timeouts::Left, Missing::Made).await?;
            let made = create_newsroom(name, json, &opened.db).await;
            opened.close().await?;
            made
        }
        Command::Health { listen } => health(&listen).await,
    }
}

async fn create_newsroom(name: String, as_json: bool, db: &Db) -> anyhow::Result<()> {
    let key = Key::random()?;
    let text = key.reveal().to_owned();
    let ids = std::array::from_fn(|_| Uuid::now_v7());
    let (newsroom, member) = db.write(async move |conn| newsrooms::bootstrap(&name, &key, ids, conn).await).await?;
    if as_json {
        return print(&json!({"newsroom_id": newsroom.id, "member_id": member.id, "key": text}).to_string());
    }
    print(&format!("Newsroom {} with admin {}.\nThe admin's key, shown this once: {text}", newsroom.id, member.id))
}

async fn health(listen: &str) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ask = async {
        let mut address = tokio::net::lookup_host(listen).await?.next().context("the listen address has no host")?;
        // Listening on all addresses, it is reached by the machine's own.
        match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        let mut stream = tokio::net::TcpStream::connect(address).await?;
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

/// For people beside what is printed, which programs read.
fn note(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr().lock(), "{text}")?)
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        printed => Ok(printed?),
    }
}
