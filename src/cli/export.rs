//! `onrecord export`.

use std::cell::RefCell;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::database::{Missing, Opened, Timeouts};
use super::note;
use crate::bundles::{Exported, Selection, export};
use crate::config::{DatabaseSettings, Limits};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::newsrooms::Newsroom;

#[derive(Debug, Args)]
pub struct Export {
    /// The file to write; - writes to standard output
    file: PathBuf,
    /// Whose records [default: the only newsroom's]
    #[arg(long)]
    newsroom: Option<Uuid>,
    /// Drafts, members' notes and unused sources and documents too; else what the public sees
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    limits: Limits,
}

impl Export {
    /// Writes the file, and tells what is in it and what is not.
    pub async fn run(self) -> anyhow::Result<()> {
        let opened = Opened::shared(&self.database, &self.limits, Timeouts::Left, Missing::Refused).await?;
        let exported = self.export(&opened.db).await;
        opened.close().await?;
        exported
    }

    async fn export(&self, db: &Db) -> anyhow::Result<()> {
        let found = db.read(async |conn| Newsroom::named_or_first_two(self.newsroom, conn).await).await?;
        let newsroom_id = match (found.as_slice(), self.newsroom) {
            ([id], _) => *id,
            ([], Some(id)) => bail!("there is no newsroom {id}"),
            ([], None) => bail!("there is no newsroom yet"),
            _ => {
                bail!(
                    "there are several newsrooms: say with --newsroom whose records, by an id that GET /v1/newsrooms lists; bundles do not tell them apart"
                )
            }
        };
        let selection = Selection { newsroom_id, all: self.all };
        let (exported, left_out) = if self.file == Path::new("-") {
            write(selection, std::io::stdout(), db).await?
        } else {
            // What breaks off must not pass for a whole.
            let mut part = self.file.clone().into_os_string();
            part.push(".part");
            let part = PathBuf::from(part);
            let out = std::fs::File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
            let written = write(selection, out, db).await;
            let named = written.and_then(|written| Ok(std::fs::rename(&part, &self.file).map(|()| written)?));
            if named.is_err() {
                std::fs::remove_file(&part).ok();
            }
            named?
        };
        tell(&exported, &left_out)
    }
}

/// What a newsroom has that no bundle carries.
#[derive(Debug, QueryableByName)]
struct LeftOut {
    #[diesel(sql_type = BigInt)]
    claims: i64,
    #[diesel(sql_type = BigInt)]
    statements: i64,
    #[diesel(sql_type = BigInt)]
    verdicts: i64,
    #[diesel(sql_type = BigInt)]
    links: i64,
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    sources: i64,
}

/// Sources of one kind and name without Wikidata items are one to an import.
const LEFT_OUT: &str = "SELECT
    (SELECT count(*) FROM claims WHERE newsroom_id = $1 AND status = 'withdrawn') AS claims,
    (SELECT count(*) FROM statements AS t JOIN claims AS c ON c.id = t.claim_id WHERE t.newsroom_id = $1 AND 'withdrawn' IN (t.status, c.status)) AS statements,
    (WITH RECURSIVE standing AS (SELECT id, supersedes_id FROM verdicts WHERE status = 'published'
            UNION SELECT v.id, v.supersedes_id FROM verdicts AS v JOIN standing AS s ON v.id = s.supersedes_id WHERE v.status = 'superseded')
        SELECT count(*) FROM verdicts AS v JOIN claims AS c ON c.id = v.claim_id WHERE v.newsroom_id = $1
            AND (c.status = 'withdrawn' OR (v.status IN ('superseded', 'retracted') AND v.id NOT IN (SELECT id FROM standing)))) AS verdicts,
    (SELECT count(*) FROM claim_links WHERE newsroom_id = $1) AS links,
    (SELECT count(*) FROM comment_requests WHERE newsroom_id = $1) AS requests,
    (SELECT coalesce(sum(alike - 1), 0)::bigint FROM (SELECT count(*) FROM sources WHERE newsroom_id = $1 AND kind <> 'unnamed' GROUP BY kind, name_folded HAVING count(*) > 1 AND count(DISTINCT wikidata_id) < 2) AS t(alike)) AS sources";

async fn write(selection: Selection, out: impl Write, db: &Db) -> anyhow::Result<(Exported, LeftOut)> {
    let out = RefCell::new(Some(BufWriter::new(out)));
    let written = db.snapshot(async |mut conn: &AsyncPgConnection| {
        // A snapshot that was lost is not begun again: what is written of it cannot be taken back.
        let taken = out.borrow_mut().take();
        let mut out = taken.ok_or(Error::Unavailable("The database was lost while it was read. Try again."))?;
        // Of a whole database, and no faster than it is written.
        conn.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            .await?;
        let exported = export(selection, &mut out, conn).await?;
        out.flush().map_err(|error| Error::Internal(error.into()))?;
        let left_out =
            diesel::sql_query(LEFT_OUT).bind::<SqlUuid, _>(selection.newsroom_id).get_result(&mut conn).await?;
        Ok((exported, left_out))
    });
    let written: Result<_> = written.await;
    Ok(written?)
}

/// For people; the file itself may be on standard output.
fn tell(exported: &Exported, left_out: &LeftOut) -> anyhow::Result<()> {
    let Exported { items, others, references, bundles } = exported;
    note(&format!(
        "Exported {} sources, {} documents, {} claims, {} statements, {} verdicts in {bundles} {}.",
        items.sources,
        items.documents,
        items.claims,
        items.statements,
        items.verdicts,
        if *bundles == 1 { "bundle" } else { "bundles, one a line" }
    ))?;
    if *others > 0 {
        note(&format!(
            "{others} of them are other newsrooms', as these refer to them: whoever imports them has them as their own."
        ))?;
    }
    let LeftOut { claims, statements, verdicts, links, requests, sources } = left_out;
    let lacking = [
        (*claims, "withdrawn claims"),
        (*statements, "statements that were withdrawn, or on withdrawn claims"),
        (*verdicts, "verdicts that were retracted, superseded by such, or on withdrawn claims"),
        (*links, "links between claims"),
        (*requests, "comment requests"),
        (i64::try_from(*references).unwrap_or(i64::MAX), "references to what is not in it"),
    ];
    let lacking: Vec<_> =
        lacking.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !lacking.is_empty() {
        note(&format!("Not in it, as no bundle carries them: {}.", lacking.join(", ")))?;
    }
    if *sources > 0 {
        note(&format!("{sources} sources have the kind and name of another one: an import makes one of both."))?;
    }
    Ok(())
}
