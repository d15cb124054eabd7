//! Working through imports in the background, in every process: each is worked on by one at a time, and by another when that dies.

use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use actix_web::web;
use diesel_async::AsyncPgConnection;
use futures_util::future::{join_all, try_join3};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{self, Receiver, Sender};
use uuid::Uuid;

use super::model::{Form, Import, ImportOptions};
use super::reader::{Batch, Reader, read_at_once};
use super::record::{Entry, record};
use super::store;
use crate::actor::Actor;
use crate::auth::{Caller, Role};
use crate::db::{Db, Pool};
use crate::error::{Error, Result};
use crate::members::Member;

/// How many imports a process works on at once: one large one keeps no other newsroom's waiting.
const AT_ONCE: usize = 2;
/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long it is left alone after a failure.
const REST: Duration = Duration::from_secs(5);
/// How often a process says that it is still at it: `store` takes it for dead after three times as long.
const RENEW: Duration = Duration::from_secs(5);

/// Works through what waits until it is aborted.
pub async fn run(pool: Pool) {
    let db = Db::for_worker(pool);
    join_all((0..AT_ONCE).map(|_| take_turns(&db))).await;
}

async fn take_turns(db: &Db) {
    loop {
        let worked = async {
            // Mostly there is nothing to do, which costs no transaction to see.
            let due = db.read(async |conn| store::due(conn).await).await?;
            if due.abandoned {
                store::sweep(db).await?;
            }
            if !due.waiting {
                return Ok(false);
            }
            match db.write_quietly(async |conn| store::take(None, conn).await).await? {
                Some(import) => work_through(import, db).await.map(|()| true),
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
async fn work_through(import: Import, db: &Db) -> Result<()> {
    let id = import.id;
    let problem = match stay_at(import, db).await {
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

/// Goes on, and says now and then that this process is alive, however long it reads or waits for the database.
async fn stay_at(import: Import, db: &Db) -> Result<Worked> {
    let id = import.id;
    let renewing = async {
        loop {
            tokio::time::sleep(RENEW).await;
            if let Err(error) = db.write_quietly(async |conn| store::renew(id, conn).await).await {
                tracing::debug!(%error, "an import is not kept from other processes");
            }
        }
    };
    tokio::select! {
        worked = go_on(import, db) => worked,
        never = renewing => never,
    }
}

/// Fetches the file, reads it and records it: what comes next is read while a batch is recorded.
async fn go_on(import: Import, db: &Db) -> Result<Worked> {
    let caller = sender(&import, db).await?;
    let options = store::options(&import.options)?;
    let (to_read, chunks) = mpsc::channel(1);
    let (to_record, batches) = mpsc::channel(1);
    let reader = Reader::new(import.clone(), options.clone(), to_record);
    let fetching = fetch(import.id, to_read, db);
    let reading = async {
        let read = web::block(move || reader.run(chunks)).await;
        read.map_err(|error| Error::Internal(anyhow::anyhow!("the reading ended early: {error}")))
    };
    let recorder = Recorder {
        bytes_read: import.bytes_read,
        import: Rc::new(import),
        options: Rc::new(options),
        caller,
        most: usize::MAX,
    };
    let ((), read, worked) = try_join3(fetching, reading, recorder.run(batches, db)).await?;
    if matches!(worked, Worked::Through) && read.is_none() {
        return Err(Error::Internal(anyhow::anyhow!("the file ends before its end")));
    }
    Ok(worked)
}

/// Fetches the file for whoever reads it.
async fn fetch(id: Uuid, chunks: Sender<Vec<u8>>, db: &Db) -> Result<()> {
    for number in 0.. {
        let Some(bytes) = db.list(async |conn| store::chunk(id, number, conn).await).await? else { break };
        if chunks.send(bytes).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Who sent it, with the role they have by now.
async fn sender(import: &Import, db: &Db) -> Result<Caller> {
    let gone = || Error::Forbidden("Whoever sent it is no member any more: send it again.".into());
    let id = import.member_id.ok_or_else(gone)?;
    let caller =
        db.read(async |conn| Member::acting(Some(id), conn).await).await?.into_iter().next().ok_or_else(gone)?;
    caller.needs(Role::Editor).map(|()| caller)
}

struct Recorder {
    import: Rc<Import>,
    options: Rc<ImportOptions>,
    caller: Caller,
    bytes_read: i64,
    /// How many records the database takes at once in time, as far as was seen.
    most: usize,
}

impl Recorder {
    async fn run(mut self, mut batches: Receiver<Batch>, db: &Db) -> Result<Worked> {
        while let Some(batch) = batches.recv().await {
            if !self.record(batch, db).await? {
                return Ok(Worked::Elsewhere);
            }
        }
        Ok(Worked::Through)
    }

    /// Records a batch, in parts where it takes the database too long. False where another process does so.
    async fn record(&mut self, batch: Batch, db: &Db) -> Result<bool> {
        let (entries, mut from) = (Rc::new(batch.entries), 0);
        while from < entries.len() {
            let to = entries.len().min(from.saturating_add(self.most));
            // A part that is not the last ends somewhere before.
            let bytes_read = if to == entries.len() { batch.bytes_read } else { self.bytes_read };
            match self.record_some(entries.clone(), from..to, bytes_read, db).await {
                Ok(true) => {
                    from = to;
                    // It may have been a bad moment.
                    self.most = self.most.saturating_mul(2);
                }
                Err(error) if error.is_timeout() && to - from > 1 => {
                    tracing::warn!(import_id = %self.import.id, records = to - from, "an import goes on with fewer records at once");
                    self.most = (to - from) / 2;
                }
                other => return other,
            }
        }
        self.bytes_read = batch.bytes_read;
        Ok(true)
    }

    async fn record_some(&self, entries: Rc<Vec<Entry>>, some: Range<usize>, bytes_read: i64, db: &Db) -> Result<bool> {
        let (import, options, caller) = (self.import.clone(), self.options.clone(), self.caller);
        let write = db.write(async move |conn| {
            let entries = entries.get(some.clone()).unwrap_or_default();
            record(&import, &options, entries, bytes_read, caller, conn).await
        });
        Actor::member(caller).does(write).await
    }
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
    let entries = read_at_once(&import, options, bytes);
    record(&import, options, &entries, import.bytes, caller, conn).await?;
    store::end(id, None, conn).await
}
