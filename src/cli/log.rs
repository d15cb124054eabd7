//! `onrecord log`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use tlog_tiles::Checkpoint;

use super::database::{Missing, Opened, Timeouts, data_dir};
use super::print;
use crate::config::{DatabaseSettings, Limits, LogSettings};
use crate::db::Db;
use crate::log::{LogKey, Report, opened, verify};

#[derive(Debug, Subcommand)]
pub enum Log {
    /// Recompute the log of changes and compare the records with it; names the first row that was tampered with
    Verify {
        /// A checkpoint that was kept outside (GET /v1/log/checkpoint): without one, a log that was rewritten from the
        /// beginning, or cut off at its end, cannot be told from a true one
        #[arg(long)]
        against: Option<PathBuf>,
        /// The key that the checkpoint must be signed with, name+id+key [default: the one in the log's key file]
        #[arg(long, requires = "against")]
        key: Option<String>,
        #[command(flatten)]
        log: LogSettings,
        #[command(flatten)]
        database: DatabaseSettings,
    },
}

impl Log {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self::Verify { against, key, log, database } = self;
        let checkpoint = against
            .map(|file| {
                let note = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
                let key = key.map_or_else(|| known_key(&log, &database), Ok)?;
                let text = opened(&note, &key).with_context(|| format!("{} cannot be used", file.display()))?;
                Checkpoint::from_bytes(&text).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))
            })
            .transpose()?;
        let opened = Opened::shared(&database, &Limits::default(), Timeouts::Left, Missing::Refused).await?;
        let verified = verified(checkpoint.as_ref(), &opened.db).await;
        opened.close().await?;
        let Report { changes, leaves, unsealed, root } = verified?;
        print(&format!(
            "{changes} changes are as they were sealed, {leaves} of them in the transparency log, root {root}."
        ))?;
        print("All records are as the log last has them.")?;
        if unsealed > 0 {
            print(&format!("{unsealed} changes are not sealed yet, and not protected yet."))?;
        }
        Ok(())
    }
}

fn known_key(log: &LogSettings, database: &DatabaseSettings) -> anyhow::Result<String> {
    let file = log.file(&data_dir(database));
    anyhow::ensure!(file.exists(), "{} is not there: name the log's key with --key (GET /v1/log/key)", file.display());
    Ok(LogKey::open(&file, "onrecord")?.verifier().to_owned())
}

async fn verified(checkpoint: Option<&Checkpoint>, db: &Db) -> anyhow::Result<Report> {
    // However long it takes: one snapshot of all there is.
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
                 SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL timezone = 'UTC'";
    db.past(begin, async |conn| Ok(verify(checkpoint, conn).await)).await?
}
