//! The database that a command works on, and in whose name.

use anyhow::bail;
use uuid::Uuid;

use crate::auth::Caller;
use crate::config::{DatabaseSettings, Limits};
use crate::db::{Db, Pool};
use crate::embedded::{self, Embedded};
use crate::members::Member;
use crate::migrations::{Addresses, migrate};

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

impl Opened {
    /// For the server: nobody else may be running the PostgreSQL in the data directory.
    pub async fn owned(settings: &DatabaseSettings, limits: &Limits, timeouts: Timeouts) -> anyhow::Result<Self> {
        if let Some(url) = &settings.database_url {
            let owner = settings.migration_url.as_ref().unwrap_or(url).clone();
            return Self::at(Addresses { owner, server: url.clone() }, None, limits, timeouts).await;
        }
        let embedded = Embedded::start(&data_dir(settings), &[]).await?;
        let addresses = embedded::addresses(embedded.url(embedded::NAME));
        Self::at(addresses, Some(embedded), limits, timeouts).await
    }

    /// For a command that runs for a moment: beside a running server it shares that one's PostgreSQL.
    pub async fn shared(settings: &DatabaseSettings, limits: &Limits, timeouts: Timeouts) -> anyhow::Result<Self> {
        if settings.database_url.is_none()
            && let Some(url) = embedded::running(&data_dir(settings))?
        {
            return Self::at(embedded::addresses(url), None, limits, timeouts).await;
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
            let of = |admin: &Caller| format!("\n  {} of newsroom {}", admin.member_id, admin.newsroom_id);
            let admins: String = admins.iter().map(of).collect();
            bail!("there are several newsrooms: say with --member who acts, such as one of their admins:{admins}")
        }
    }
}
