//! Answers that were made lately, kept for as long as nothing whatever was written.
//!
//! Most readers ask for the same few things, and a page or a search takes up to twenty statements. What they show is in records whose
//! every write is a row of the log: while the log's end is where it was, and no row waits for its place, the answer is as it was. To
//! know that takes one statement.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};

use crate::db::Db;
use crate::error::Result;
use crate::planned::Planned;

/// How many bytes are kept at most, in all.
const MOST_BYTES: usize = 32 << 20;
/// How long: how often a word occurs, what is embedded and which day it is are in no log, and order what a search finds.
const LONGEST: Duration = Duration::from_secs(10);

/// What an answer is to, and the address under which this server was asked, which its links have.
pub type Key = (&'static str, String, String);

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

/// What tells one body from another, in addresses and ETags.
pub fn tag(body: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(body)).chars().take(16).collect()
}

/// What all workers keep.
#[derive(Default)]
pub struct Kept(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    items: HashMap<Key, Item>,
    bytes: usize,
}

struct Item {
    rendered: Rendered,
    /// Where the log ended before it was made.
    end: i64,
    since: Instant,
    size: usize,
}

#[derive(QueryableByName)]
struct End {
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
}

/// Where the log ends; none while rows wait for their place in it.
async fn end(mut conn: &AsyncPgConnection) -> Result<Option<i64>> {
    let End { last } = Planned(diesel::sql_query("SELECT log_end() AS last")).get_result(&mut conn).await?;
    Ok(last)
}

impl Kept {
    /// The answer that is kept, if nothing was written since it was made; else a new one. What everybody is told alike only.
    pub async fn get(&self, key: Key, db: &Db, make: impl AsyncFnOnce() -> Result<Rendered>) -> Result<Rendered> {
        // Before it is made: what is written meanwhile may be in it or not.
        let end = db.read(async |conn| end(conn).await).await?;
        let Some(end) = end else { return make().await };
        if let Some(rendered) = self.find(&key, end) {
            return Ok(rendered);
        }
        let rendered = make().await?;
        let size = 256 + key.1.len() + key.2.len() + rendered.body.len();
        self.put(key, Item { rendered: rendered.clone(), end, since: Instant::now(), size });
        Ok(rendered)
    }

    fn find(&self, key: &Key, end: i64) -> Option<Rendered> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let item = held.items.get(key)?;
        (item.end == end && item.since.elapsed() < LONGEST).then(|| item.rendered.clone())
    }

    fn put(&self, key: Key, item: Item) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.bytes + item.size > MOST_BYTES {
            // What is of no use any more first.
            held.items.retain(|_, old| old.end == item.end && old.since.elapsed() < LONGEST);
            held.bytes = held.items.values().map(|old| old.size).sum();
        }
        if held.bytes + item.size > MOST_BYTES {
            *held = Shelf::default();
        }
        held.bytes += item.size;
        if let Some(old) = held.items.insert(key, item) {
            held.bytes -= old.size;
        }
    }
}
