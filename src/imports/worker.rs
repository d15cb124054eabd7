//! Working through imports in the background, in every process: each is worked on by one at a time, and by another when that dies.

use std::rc::Rc;
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::identity;
use super::make::host;
use super::model::{Form, Import, ImportOptions};
use super::record::{Entry, Reading, record};
use super::review::{self, Party, Review};
use super::split::{Content, Piece, Splitter};
use super::store;
use crate::actor::Actor;
use crate::auth::{Caller, Role};
use crate::db::{Db, Pool};
use crate::error::{Error, Result};
use crate::members::Member;
use crate::sources::SourceKind;

/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long it is left alone after a failure.
const REST: Duration = Duration::from_secs(5);
/// How many records are recorded in one transaction, and how many bytes.
const RECORDS: usize = 250;
const BYTES: usize = 4 << 20;

/// Works through what waits until it is aborted.
pub async fn run(pool: Pool) {
    let db = Db::for_worker(pool);
    loop {
        let worked = async {
            // Mostly there is nothing to do, which costs no transaction to see.
            let due = db.read(async |conn| store::due(conn).await).await?;
            if due.abandoned {
                store::sweep(&db).await?;
            }
            if !due.waiting {
                return Ok(false);
            }
            match db.write_quietly(async |conn| store::take(None, conn).await).await? {
                Some(import) => work_through(import, &db).await.map(|()| true),
                None => Ok(false),
            }
        };
        match worked.await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(LOOK).await,
            Err(error) => {
                tracing::warn!(%error, "an import does not go on");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// Works on one import, if nobody else does.
pub async fn work_on(id: Uuid, db: &Db) -> Result<()> {
    match db.write_quietly(async |conn| store::take(Some(id), conn).await).await? {
        Some(import) => work_through(import, db).await,
        None => Ok(()),
    }
}

/// Works through an import that was taken, from where it has come to. What only this import is to blame for ends it.
pub async fn work_through(import: Import, db: &Db) -> Result<()> {
    let id = import.id;
    let problem = match go_on(import, db).await {
        Ok(Worked::Through) => None,
        Ok(Worked::Elsewhere) => return Ok(()),
        Err(Error::Forbidden(why)) => Some(why),
        // Those pass.
        Err(error @ (Error::Unavailable(_) | Error::OutcomeUnknown)) => return Err(error),
        Err(error) => {
            tracing::error!(%error, import_id = %id, "an import failed");
            Some("It failed by a fault of ours, which is in the server's log.".into())
        }
    };
    db.write(async move |conn| store::end(id, problem.clone(), conn).await).await
}

enum Worked {
    Through,
    /// Another process goes on with it.
    Elsewhere,
}

async fn go_on(import: Import, db: &Db) -> Result<Worked> {
    let caller = sender(&import, db).await?;
    let options = Rc::new(store::options(&import.options)?);
    let base = options.base_url.as_deref().and_then(|base| Url::parse(base).ok());
    let mut splitter = Splitter::new(import.form, import.charset.as_deref(), options.columns());
    let mut batch = Batch {
        import: Rc::new(import),
        options,
        base,
        caller,
        position: 0,
        bytes_read: 0,
        entries: Vec::new(),
        size: 0,
    };
    for number in 0.. {
        let id = batch.import.id;
        let Some(bytes) = db.list(async |conn| store::chunk(id, number, conn).await).await? else { break };
        batch.bytes_read += i64::try_from(bytes.len()).unwrap_or_default();
        for piece in splitter.push(&bytes) {
            if !batch.take(piece, db).await? {
                return Ok(Worked::Elsewhere);
            }
        }
    }
    for piece in splitter.finish() {
        if !batch.take(piece, db).await? {
            return Ok(Worked::Elsewhere);
        }
    }
    Ok(if batch.record(db).await? { Worked::Through } else { Worked::Elsewhere })
}

/// Who sent it, with the role they have by now.
async fn sender(import: &Import, db: &Db) -> Result<Caller> {
    let gone = || Error::Forbidden("Whoever sent it is no member any more: send it again.".into());
    let id = import.member_id.ok_or_else(gone)?;
    let caller =
        db.read(async |conn| Member::acting(Some(id), conn).await).await?.into_iter().next().ok_or_else(gone)?;
    caller.needs(Role::Editor).map(|()| caller)
}

struct Batch {
    import: Rc<Import>,
    options: Rc<ImportOptions>,
    base: Option<Url>,
    caller: Caller,
    /// The records of the file so far.
    position: i64,
    bytes_read: i64,
    entries: Vec<Entry>,
    size: usize,
}

/// Imports a small file within a transaction, as the demo does: all of it, or nothing.
pub async fn import_at_once(
    id: Uuid,
    (form, bytes): (Form, &[u8]),
    options: &ImportOptions,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<()> {
    store::begin(id, form, None, options, caller, conn).await?;
    store::put(id, 0, bytes, conn).await?;
    let import = store::finish_receiving(id, &Sha256::digest(bytes).into(), caller, conn).await?;
    let mut splitter = Splitter::new(form, None, options.columns());
    let mut pieces: Vec<Piece> = splitter.push(bytes).collect();
    pieces.extend(splitter.finish());
    let mut entries = Vec::new();
    for piece in pieces {
        for (position, reading) in (entries.len() + 1..).zip(readings(&piece.content, None, options)) {
            let sha256 = Sha256::digest(&piece.raw).to_vec();
            entries.push(Entry {
                position: i64::try_from(position).unwrap_or(i64::MAX),
                raw: piece.raw.clone(),
                sha256,
                reading,
            });
        }
    }
    record(&import, options, &entries, import.bytes, caller, conn).await?;
    store::end(id, None, conn).await
}

/// The reviews in a piece of a file; one fault where there are none.
fn readings(
    content: &Result<Content, String>,
    base: Option<&Url>,
    options: &ImportOptions,
) -> Vec<Result<Reading, String>> {
    match content.as_ref().map_err(Clone::clone).and_then(|content| review::read(content, base)) {
        Ok(reviews) => reviews.into_iter().map(|review| read(review, options)).collect(),
        Err(why) => vec![Err(why)],
    }
}

impl Batch {
    /// Takes the next piece of the file, and records what is enough for a transaction. False where another process does so.
    async fn take(&mut self, piece: Piece, db: &Db) -> Result<bool> {
        let sha256 = Sha256::digest(&piece.raw).to_vec();
        for reading in readings(&piece.content, self.base.as_ref(), &self.options) {
            self.position += 1;
            // Recorded before this process took it.
            if self.position <= self.import.records {
                continue;
            }
            let again = |entry: &Entry| matches!((&entry.reading, &reading), (Ok(one), Ok(other)) if one.identity == other.identity);
            let is_full = self.entries.len() >= RECORDS || self.size + piece.raw.len() > BYTES;
            // A record that is there twice is found by the second one only once the first is recorded.
            if (is_full || self.entries.iter().any(again)) && !self.record(db).await? {
                return Ok(false);
            }
            self.size += piece.raw.len();
            self.entries.push(Entry {
                position: self.position,
                raw: piece.raw.clone(),
                sha256: sha256.clone(),
                reading,
            });
        }
        Ok(true)
    }

    async fn record(&mut self, db: &Db) -> Result<bool> {
        let entries = Rc::new(std::mem::take(&mut self.entries));
        self.size = 0;
        let (import, options, caller, bytes_read) =
            (self.import.clone(), self.options.clone(), self.caller, self.bytes_read);
        let write = db.write(async move |conn| record(&import, &options, &entries, bytes_read, caller, conn).await);
        Actor::member(caller).does(write).await
    }
}

/// What a review says with what the options add; refused where nobody knows whose it is.
fn read(mut review: Review, options: &ImportOptions) -> Result<Reading, String> {
    if review.publisher.is_none() {
        let named = options.publisher.clone().or_else(|| review.url.as_deref().and_then(host));
        let (kind, role, website, wikidata_id) = (SourceKind::Publication, None, None, None);
        review.publisher = named.map(|name| Party { name, kind, role, website, wikidata_id });
    }
    let publisher = match &review.publisher {
        Some(publisher) => publisher.name.clone(),
        None if options.own => String::new(),
        None => {
            return Err(
                "names no publisher: say with publisher whose reviews these are, or with own that they are yours"
                    .into(),
            );
        }
    };
    let told = review.language.clone().or_else(|| options.language.clone());
    let language = told.or_else(|| identity::language(&review).map(Into::into));
    let language = language.unwrap_or_else(|| {
        let detail = "cannot be told by so few words: say with language what it is".into();
        review.problems.push(super::model::ImportProblem { member: "inLanguage".into(), detail });
        "und".into()
    });
    let identity = identity::of_record(&review, &publisher);
    let claim_identity = identity::of_claim(&review, &language);
    Ok(Reading { review, language, identity, claim_identity })
}
