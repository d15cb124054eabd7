//! Pages that were made lately, kept for as long as nothing whatever was written.
//!
//! Most readers come for few claims, and making a page takes twenty statements. All that a page shows is in records whose every
//! write is a row of the log: while the log's end is where it was, and no row waits for its place, the page is as it was. To know
//! that takes one statement.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::answer::tag;
use super::read::ClaimPage;
use crate::db::Db;
use crate::error::Result;

/// How many bytes are kept at most, in all.
const MOST_BYTES: usize = 32 << 20;

/// What was made of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Made {
    /// Its page.
    Page,
    /// The card for other sites.
    Embed,
    /// The picture for previews.
    Card,
}

/// A body with what caches are told of it.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The bytes.
    pub body: Bytes,
    /// Weak, as the same bytes are sent compressed too.
    pub etag: String,
    /// When something on it last changed, if that is known.
    pub modified: Option<DateTime<Utc>>,
}

impl Rendered {
    /// A body with the ETag of its bytes.
    pub fn new(body: impl Into<Bytes>, modified: Option<DateTime<Utc>>) -> Self {
        let body = body.into();
        Self { etag: format!("W/\"{}\"", tag(&body)), body, modified }
    }
}

/// What all workers keep.
#[derive(Default)]
pub struct Kept(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    /// By what it is, of which claim, with links to which address.
    items: HashMap<(Made, Uuid, String), (i64, Rendered)>,
    bytes: usize,
}

/// Where the log ends, and whether rows wait for their place in it.
#[derive(QueryableByName)]
struct End {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Bool)]
    waiting: bool,
}

impl End {
    async fn now(mut conn: &AsyncPgConnection) -> Result<Self> {
        let query = "SELECT coalesce((SELECT max(position) FROM change_positions), 0) AS position, EXISTS (SELECT FROM changes_unsequenced) AS waiting";
        Ok(diesel::sql_query(query).get_result(&mut conn).await?)
    }
}

impl Kept {
    /// What is made of a claim: the one that is kept, if nothing was written since; else a new one.
    pub async fn claim(
        &self,
        what: Made,
        id: Uuid,
        base: &str,
        db: &Db,
        make: impl AsyncFn(ClaimPage) -> Result<Rendered>,
    ) -> Result<Rendered> {
        let key = (what, id, base.to_owned());
        if let Some((position, rendered)) = self.get(&key) {
            let end = db.read(async |conn| End::now(conn).await).await?;
            if !end.waiting && end.position == position {
                return Ok(rendered);
            }
        }
        let read = async |conn: &AsyncPgConnection| {
            // Of the same snapshot as the page.
            let end = End::now(conn).await?;
            Ok((ClaimPage::find(id, conn).await?, end))
        };
        let (page, end) = db.snapshot(read).await?;
        let rendered = make(page).await?;
        if !end.waiting {
            self.put(key, end.position, rendered.clone());
        }
        Ok(rendered)
    }

    fn get(&self, key: &(Made, Uuid, String)) -> Option<(i64, Rendered)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).items.get(key).cloned()
    }

    fn put(&self, key: (Made, Uuid, String), position: i64, rendered: Rendered) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = |rendered: &Rendered| rendered.body.len() + 256;
        if kept.bytes + size(&rendered) > MOST_BYTES {
            *kept = Shelf::default();
        }
        kept.bytes += size(&rendered);
        if let Some((_, old)) = kept.items.insert(key, (position, rendered)) {
            kept.bytes -= size(&old);
        }
    }
}
