//! Bringing a database to this version, and giving the role that serves no more than it needs.
//!
//! Two roles share the work: the owner migrates, the server reads and writes. The server can add to the log of changes and
//! not rewrite it.

use std::fmt::Write as _;

use anyhow::Context;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::config::Limits;

/// The migrations of this version.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The addresses of one database, for its two roles. They are the same where one role does everything.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// For the role that owns the tables.
    pub owner: String,
    /// For the role that serves.
    pub server: String,
}

/// A connection as diesel's migrations want it.
type Blocking = AsyncConnectionWrapper<AsyncPgConnection>;

/// One migrator at a time: others wait, then find nothing to do.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('onrecord migrations'))";

/// Brings the database to this version and makes the role that serves, if need be; gives that role its timeouts, where
/// limits are given, and leaves it those that it has, where not. Answers how many migrations were applied.
///
/// # Errors
/// When the server is older than PostgreSQL 15, cannot be reached, or refuses a migration: then nothing has changed.
pub async fn migrate(addresses: &Addresses, limits: Option<&Limits>) -> anyhow::Result<usize> {
    let Addresses { owner, server } = addresses.clone();
    let timeouts = limits.map(Limits::role_settings).unwrap_or_default();
    blocking(move || {
        let mut conn = <Blocking as Connection>::establish(&owner).context("cannot connect to the database")?;
        conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = 0")?;
        let applied = Connection::transaction(&mut conn, |conn| {
            conn.batch_execute("DO $$ BEGIN IF current_setting('server_version_num')::int < 150000 THEN RAISE 'OnRecord needs PostgreSQL 15 or newer'; END IF; END $$")?;
            conn.batch_execute(MIGRATION_LOCK)?;
            let applied = conn.run_pending_migrations(MIGRATIONS).map_err(|error| anyhow::anyhow!("a migration failed: {error}"))?.len();
            if owner != server {
                admit(&server, conn)?;
            }
            anyhow::Ok(applied)
        })?;
        set_timeouts(&server, &timeouts)?;
        Ok(applied)
    })
    .await
}

/// Makes the role that serves, if it is not there, and gives it its privileges.
fn admit(server: &str, conn: &mut Blocking) -> anyhow::Result<()> {
    let config: tokio_postgres::Config = server.parse().context("DATABASE_URL is not a PostgreSQL address")?;
    let role = config.get_user().context("DATABASE_URL names no role")?;
    let password = config.get_password().map(String::from_utf8_lossy).unwrap_or_default();
    diesel::sql_query("SELECT set_config('onrecord.server', $1, true), set_config('onrecord.password', $2, true)")
        .bind::<Text, _>(role)
        .bind::<Text, _>(password)
        .execute(conn)?;
    // Roles belong to the whole cluster: another database's migration may be making it at the same moment.
    conn.batch_execute(
        "DO $$ DECLARE name text := current_setting('onrecord.server'); BEGIN
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                 EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', name, nullif(current_setting('onrecord.password'), ''));
             END IF;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
         END $$;
         SELECT grant_to_server(current_setting('onrecord.server'))",
    )
    .context("cannot make the role that serves, or give it its privileges")
}

/// Set by role, not by session, so that poolers in transaction mode keep them. A role may set its own.
fn set_timeouts(server: &str, timeouts: &[(&'static str, u64)]) -> anyhow::Result<()> {
    if timeouts.is_empty() {
        return Ok(());
    }
    let mut conn = <Blocking as Connection>::establish(server).context("cannot connect to the database")?;
    // Of several servers that start at once each sets them, one after the other.
    let mut sets = String::new();
    for (name, value) in timeouts {
        // Writing to a String cannot fail.
        let _ = write!(
            sets,
            "EXECUTE format('ALTER ROLE %I IN DATABASE %I SET {name} = %L', current_user, current_database(), '{value}'); "
        );
    }
    let set = format!("BEGIN; {MIGRATION_LOCK}; DO $$ BEGIN {sets} END $$; COMMIT");
    if let Err(error) = conn.batch_execute(&set) {
        tracing::warn!(%error, "cannot set the timeouts of this role; set them by hand");
    }
    Ok(())
}

/// Undoes all migrations. For tests of `down.sql`.
pub async fn revert_migrations(owner: &str) -> anyhow::Result<usize> {
    let url = owner.to_owned();
    blocking(move || {
        let mut conn = <Blocking as Connection>::establish(&url)?;
        let reverted = conn.revert_all_migrations(MIGRATIONS).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(reverted.len())
    })
    .await
}

/// diesel's migrations block, so they get a thread with a runtime of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// The version of the newest migration that this program knows.
pub fn newest_migration() -> anyhow::Result<String> {
    use diesel::migration::{Migration, MigrationSource};
    let migrations: Vec<Box<dyn Migration<diesel::pg::Pg>>> =
        MIGRATIONS.migrations().map_err(|error| anyhow::anyhow!("{error}"))?;
    migrations.iter().map(|migration| migration.name().version().to_string()).max().context("there are no migrations")
}
