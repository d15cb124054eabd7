//! When keys were last used, written now and then: a request must cost no write, and must work where none is possible.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Db;
use crate::schema::api_keys;

/// How often uses are written: a minute is exact enough to find keys that nobody needs any more.
const EVERY: Duration = Duration::from_secs(60);

/// The keys that were used since it was last written which were.
#[derive(Debug, Default)]
pub struct LastUses(Mutex<HashSet<Uuid>>);

impl LastUses {
    /// Remembers that the key was used.
    pub fn note(&self, key_id: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key_id);
    }

    /// Writes the uses since the last time, all at once. What cannot be written now is written the next time.
    pub async fn write(&self, db: &Db) {
        let used = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if used.is_empty() {
            return;
        }
        let mut ids: Vec<Uuid> = used.into_iter().collect();
        // In one order, so that processes which write at the same time wait for each other and do not cross.
        ids.sort_unstable();
        let written = db
            .write({
                let ids = ids.clone();
                async move |conn| {
                    let rows = api_keys::table.filter(api_keys::id.eq_any(ids.clone())).order(api_keys::id);
                    let there: Vec<Uuid> = rows.select(api_keys::id).for_no_key_update().load(conn).await?;
                    let used = api_keys::table.filter(api_keys::id.eq_any(there));
                    diesel::update(used).set(api_keys::last_used_at.eq(now)).execute(conn).await?;
                    Ok(())
                }
            })
            .await;
        if let Err(error) = written {
            tracing::debug!(%error, "cannot write when keys were last used");
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
        }
    }

    /// Writes them every minute, without end.
    pub async fn keep_writing(&self, db: &Db) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.write(db).await;
        }
    }
}
