//! `onrecord embed`.

use std::time::Duration;

use anyhow::{bail, ensure};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::database::{Missing, Opened, Timeouts};
use super::{note, print};
use crate::config::{DatabaseSettings, Limits};
use crate::db::Db;
use crate::embeddings::{EmbeddingSettings, Embeddings, Model, Progress};

#[derive(Debug, Subcommand)]
pub enum Embed {
    /// Say how far embedding is
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        with: With,
    },
    /// Embed all that waits, here and now; the server does it in the background. It may be stopped and started again
    Backfill {
        #[command(flatten)]
        with: With,
    },
}

#[derive(Debug, Args)]
pub struct With {
    #[command(flatten)]
    embeddings: EmbeddingSettings,
    #[command(flatten)]
    database: DatabaseSettings,
}

/// How often a service that fails is tried before giving up.
const TRIES: u32 = 5;

impl Embed {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<()> {
        let (Self::Status { with, .. } | Self::Backfill { with }) = &self;
        ensure!(with.embeddings.url.is_some(), "no embedding service is configured: set ONRECORD_EMBEDDINGS_URL");
        let opened = Opened::shared(&with.database, &Limits::default(), Timeouts::Left, Missing::Refused).await?;
        let done = match &self {
            Self::Status { json, .. } => status(&with.embeddings, *json, &opened.db).await,
            Self::Backfill { .. } => backfill(&with.embeddings, &opened.db).await,
        };
        opened.close().await?;
        done
    }
}

async fn progress(settings: &EmbeddingSettings, db: &Db) -> anyhow::Result<Progress> {
    Ok(db.snapshot(async |conn| Progress::of(settings, conn).await).await?)
}

async fn status(settings: &EmbeddingSettings, as_json: bool, db: &Db) -> anyhow::Result<()> {
    let found = progress(settings, db).await?;
    if as_json {
        return print(&serde_json::to_string(&found)?);
    }
    let Progress { waiting, lag_seconds, embedded, refused, complete } = found;
    let state = if complete { "complete" } else { "not complete yet" };
    print(&format!("{}: {embedded} passages embedded, {refused} refused by the service; {state}", settings.model))?;
    print(&format!("{waiting} records wait, the first of them for {lag_seconds:.0} s"))
}

async fn backfill(settings: &EmbeddingSettings, db: &Db) -> anyhow::Result<()> {
    let embeddings = Embeddings::new(settings)?;
    db.write_quietly(async |conn| Model::choose(settings, conn).await).await?;
    let chosen = db.read(async |conn| Model::configured(settings, conn).await).await?;
    let Some(model) = chosen else { bail!("another process has chosen another model meanwhile") };
    let waiting = u64::try_from(progress(settings, db).await?.waiting)?;
    let bar = ProgressBar::new(waiting);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} records, {per_sec}, {eta} left")?);
    if bar.is_hidden() {
        note(&format!("{waiting} records wait"))?;
    }
    let mut failures = 0;
    loop {
        match embeddings.embed_some(&model, db).await {
            // What another process is at, it does.
            Ok(0) => break,
            Ok(done) => {
                failures = 0;
                bar.inc(done as u64);
            }
            Err(error) if failures + 1 == TRIES => bail!("{error} Start again when it does: what is done stays done."),
            Err(_) => {
                failures += 1;
                tokio::time::sleep(Duration::from_millis(250 << failures)).await;
            }
        }
    }
    bar.finish_and_clear();
    status(settings, false, db).await
}
