//! `onrecord import claimreview`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use futures_util::stream;
use indicatif::{ProgressBar, ProgressStyle};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;
use validator::Validate;

use super::database::{Missing, Opened, Timeouts, acting};
use super::print;
use crate::auth::{Caller, Role};
use crate::config::{DatabaseSettings, Limits};
use crate::db::Db;
use crate::error::Error;
use crate::imports::{self, Form, Import, ImportOptions, ImportStatus, Outcome, RecordFilter};
use crate::page::PageRequest;

/// How much of a file is read at once.
const PIECE: usize = 64 << 10;
/// How often it is looked how far an import is.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub struct ImportClaimReview {
    /// Files: .json, .jsonld, .ndjson, .jsonl, .html, .htm or .csv
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only report what would be done
    #[arg(long)]
    dry_run: bool,
    /// Publish what is complete; the rest are drafts
    #[arg(long)]
    publish: bool,
    /// The reviews are the newsroom's own, whoever they name
    #[arg(long)]
    own: bool,
    /// BCP 47 tag of what says nothing of its language [default: detected]
    #[arg(long)]
    language: Option<String>,
    /// Who reviewed, where a record does not say
    #[arg(long)]
    publisher: Option<String>,
    /// The address to which others in the files are relative
    #[arg(long)]
    base_url: Option<String>,
    /// In tables, which heading holds what: claim=Statement,url=Link
    #[arg(long)]
    columns: Option<String>,
    /// The encoding, such as windows-1252 [default: as the file says, else UTF-8]
    #[arg(long)]
    charset: Option<String>,
    /// The editor in whose name it is recorded [default: the only newsroom's first admin]
    #[arg(long)]
    member: Option<Uuid>,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    limits: Limits,
}

impl ImportClaimReview {
    /// Imports the files in order, and tells what became of each.
    pub async fn run(self) -> anyhow::Result<()> {
        let opened = Opened::shared(&self.database, &self.limits, Timeouts::Left, Missing::Refused).await?;
        let imported = self.import(&opened).await;
        opened.close().await?;
        imported
    }

    async fn import(&self, opened: &Opened) -> anyhow::Result<()> {
        let caller = acting(self.member, &opened.db).await?;
        caller.needs(Role::Editor)?;
        let mut failed = 0;
        for file in &self.files {
            let id = self
                .send(file, caller, &opened.db)
                .await
                .with_context(|| format!("{} is not imported", file.display()))?;
            let import = follow(id, caller, opened).await?;
            failed += usize::from(import.status == ImportStatus::Failed);
            tell(file, &import, caller, &opened.db).await?;
        }
        if failed > 0 {
            bail!("{failed} of {} files failed, as is told above", self.files.len());
        }
        Ok(())
    }

    /// Stores a file as one that came by the API.
    async fn send(&self, file: &Path, caller: Caller, db: &Db) -> anyhow::Result<Uuid> {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
        let form = match extension.as_str() {
            "json" | "jsonld" => Form::Json,
            "ndjson" | "jsonl" => Form::Ndjson,
            "html" | "htm" => Form::Html,
            "csv" => Form::Csv,
            _ => bail!("its name must end in .json, .jsonld, .ndjson, .jsonl, .html, .htm or .csv"),
        };
        let options = ImportOptions {
            dry_run: self.dry_run,
            publish: self.publish,
            own: self.own,
            language: self.language.clone(),
            publisher: self.publisher.as_ref().map(|name| name.nfc().collect()),
            base_url: self.base_url.clone(),
            columns: self.columns.clone(),
            name: file.file_name().map(|name| name.to_string_lossy().nfc().take(300).collect()),
        };
        options.validate()?;
        let opened = std::fs::File::open(file)?;
        let id = Uuid::now_v7();
        let charset = self.charset.as_deref().map(imports::charset).transpose()?;
        db.write(async move |conn| imports::begin(id, form, charset, &options, caller, conn).await).await?;
        let bytes = stream::try_unfold(opened, |mut file| async move {
            let mut bytes = vec![0; PIECE];
            let length = file.read(&mut bytes).map_err(|error| Error::Internal(error.into()))?;
            bytes.truncate(length);
            Ok((length > 0).then_some((bytes, file)))
        });
        let received = imports::receive(id, Box::pin(bytes), db).await;
        let finished =
            async |hash| db.write(async move |conn| imports::finish_receiving(id, &hash, caller, conn).await).await;
        match received {
            Ok(hash) => Ok(finished(hash).await.map(|import| import.id)?),
            Err(error) => {
                imports::discard(id, db).await?;
                Err(error.into())
            }
        }
    }
}

/// Works on the import, unless a server does, and shows how far it is.
async fn follow(id: Uuid, caller: Caller, opened: &Opened) -> anyhow::Result<Import> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:40} {percent}% {msg} {eta}")?);
    let mut work = None;
    loop {
        let import = opened.db.read(async |conn| Import::find(id, caller, conn).await).await?;
        bar.set_length(import.bytes.unsigned_abs());
        bar.set_position(import.bytes_read.unsigned_abs());
        bar.set_message(format!("{} records", import.records));
        if matches!(import.status, ImportStatus::Done | ImportStatus::Failed) {
            bar.finish_and_clear();
            return Ok(import);
        }
        let db = Db::for_worker(opened.pool.clone());
        let running = work.take().filter(|work: &tokio::task::JoinHandle<_>| !work.is_finished());
        work = Some(running.unwrap_or_else(|| {
            actix_web::rt::spawn(async move {
                if let Err(error) = imports::work_on(id, &db).await {
                    tracing::warn!(%error, "the import does not go on; it is tried again");
                }
            })
        }));
        tokio::time::sleep(LOOK).await;
    }
}

/// What became of a file, and of those records of which something is to be said.
async fn tell(file: &Path, import: &Import, caller: Caller, db: &Db) -> anyhow::Result<()> {
    if let Some(problem) = &import.problem {
        return print(&format!("{}: failed: {problem} (import {})", file.display(), import.id));
    }
    let Import { id, records, created, updated, unchanged, changed, failed, .. } = import;
    print(&format!(
        "{}: {records} records: {created} created, {updated} updated, {unchanged} unchanged, {changed} changed, {failed} failed (import {id})",
        file.display()
    ))?;
    let page = PageRequest::first();
    for outcome in [Outcome::Failed, Outcome::Changed] {
        let filter = RecordFilter { outcome: Some(outcome) };
        let records = db.list(async |conn| Import::records(*id, &filter, &page, caller, conn).await).await?;
        for record in records {
            let details: Vec<_> = record.problems.0.iter().map(|problem| problem.detail.as_str()).collect();
            print(&format!("  record {} {}: {}", record.position, outcome.as_str(), details.join("; ")))?;
        }
    }
    Ok(())
}
