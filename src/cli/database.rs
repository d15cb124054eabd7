//! The database that a command works on, and in whose name.

use std::time::{Duration, Instant};

use anyhow::bail;
use uuid::Uuid;

use super::note;
use crate::auth::Caller;
use crate::config::{DatabaseSettings, Limits};
use crate::db::{Db, Pool};
use crate::embedded::{self, Embedded};
use crate::members::Member;
use crate::migrations::{Addresses, migrate};
use crate::newsrooms::Newsroom;

/// A migrated database, and the PostgreSQL that this process runs for it, if it does.
pub struct Opened {
    pub pool: Pool,
    pub db: Db,
    embedded: Option<Embedded>,
}

/// The timeouts that the serving role has in the database.
#[derive(Debug, Clone, Copy)]
pub enum Timeouts {
    /// As the limits say.
    Set,
    /// As the server has set them.
    Left,
}

/// What a command does where no database is named and the data directory holds none.
#[derive(Debug, Clone, Copy)]
pub enum Missing {
    /// Makes one, and says so.
    Made,
    /// Ends: it has nothing to work on, and was most likely run in another folder than the server.
    Refused,
}

/// Connections of the embedded PostgreSQL beside the server's own: commands, backups, people with psql.
const CONNECTIONS_OF_OTHERS: usize = 20;
/// How long a command waits for a server that is starting: making a cluster takes seconds, on a slow disk more.
const STARTS_WITHIN: Duration = Duration::from_secs(15);

impl Opened {
    /// For the server: nobody else may be running the PostgreSQL in the data directory.
    pub async fn owned(settings: &DatabaseSettings, limits: &Limits, timeouts: Timeouts) -> anyhow::Result<Self> {
        if let Some(url) = &settings.database_url {
            let owner = settings.migration_url.as_ref().unwrap_or(url).clone();
            return Self::at(Addresses { owner, server: url.clone() }, None, limits, timeouts).await;
        }
        // More than PostgreSQL's own 100 only where the limits ask for it; the rest is for commands and people.
        let connections = (limits.connections() + CONNECTIONS_OF_OTHERS).max(100).to_string();
        let buffers = format!("{}MB", embedded::buffers_mb());
        let settings_of_postgres = [("max_connections", connections.as_str()), ("shared_buffers", buffers.as_str())];
        let embedded = Embedded::start(&data_dir(settings), &settings_of_postgres).await?;
        Self::at(embedded::addresses(embedded.url(embedded::NAME)), Some(embedded), limits, timeouts).await
    }

    /// For a command that runs for a moment: beside a running server it shares that one's PostgreSQL.
    pub async fn shared(
        settings: &DatabaseSettings,
        limits: &Limits,
        timeouts: Timeouts,
        missing: Missing,
    ) -> anyhow::Result<Self> {
        let began = Instant::now();
        while settings.database_url.is_none()
            && let Some(url) = embedded::running(&data_dir(settings))?
        {
            // A server that is only just starting has the directory before its PostgreSQL takes connections.
            if embedded::takes_connections(&url).await || began.elapsed() > STARTS_WITHIN {
                return Self::at(embedded::addresses(url), None, limits, timeouts).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let data_dir = data_dir(settings);
        if settings.database_url.is_none() && !embedded::is_made(&data_dir) {
            match missing {
                Missing::Made => note(&format!("Making a new database in {}.", data_dir.display()))?,
                Missing::Refused => bail!(
                    "there is no database in {}: name the server's with --data-dir or DATABASE_URL, or run this where the server runs",
                    data_dir.display()
                ),
            }
        }
        Self::owned(settings, limits, timeouts).await
    }

    async fn at(
        addresses: Addresses,
        embedded: Option<Embedded>,
        limits: &Limits,
        timeouts: Timeouts,
    ) -> anyhow::Result<Self> {
        let applied = migrate(&addresses, matches!(timeouts, Timeouts::Set).then_some(limits)).await?;
        if applied > 0 {
            tracing::info!(applied, "migrated the database");
        }
        let pool = Pool::new(&addresses.server, limits)?;
        Ok(Self { db: Db::for_worker(pool.clone()), pool, embedded })
    }

    /// Stops what was started.
    pub async fn close(self) -> anyhow::Result<()> {
        match self.embedded {
            Some(embedded) => embedded.stop().await,
            None => Ok(()),
        }
    }
}

/// Where data is kept that is not in the database, and the embedded PostgreSQL's.
pub fn data_dir(settings: &DatabaseSettings) -> std::path::PathBuf {
    settings.data_dir.clone().unwrap_or_else(embedded::default_data_dir)
}

/// The member who acts on the command line: the one named, or the first admin of the only newsroom.
pub async fn acting(member: Option<Uuid>, db: &Db) -> anyhow::Result<Caller> {
    let caller = db.read(async |conn| Member::acting(member, conn).await).await?;
    match (caller.as_slice(), member) {
        ([caller], _) => Ok(*caller),
        ([], Some(id)) => bail!("there is no member {id}"),
        ([], None) => bail!("there is no newsroom yet: onrecord newsrooms create NAME"),
        (admins, _) => {
            let ids: Vec<_> = admins.iter().map(|admin| admin.newsroom_id).collect();
            let names = db.read(async |conn| Newsroom::names(&ids, conn).await).await?;
            let of = |admin: &Caller| {
                let name = names.get(&admin.newsroom_id).map_or("", String::as_str);
                format!("\n  {} of {name} (newsroom {})", admin.member_id, admin.newsroom_id)
            };
            let admins: String = admins.iter().map(of).collect();
            bail!("there are several newsrooms: say with --member who acts, such as one of their admins:{admins}")
        }
    }
}
