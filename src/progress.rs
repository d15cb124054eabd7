//! How far the log of changes is in order, as this process knows it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::{Notify, watch};

use crate::error::Result;

/// What readers of the log wait for, and what the sequencer waits for.
#[derive(Debug)]
pub struct Progress {
    written: Notify,
    newest: watch::Sender<i64>,
    settled: AtomicI64,
    horizon: Mutex<VecDeque<Instant>>,
}

/// A moment, and a transaction number that was given out after it.
#[derive(Debug, Clone, Copy)]
struct Instant {
    at: DateTime<Utc>,
    later_transaction: i64,
}

/// While a long transaction holds everything up, no more of them are kept.
const MOST_INSTANTS: usize = 10_000;

impl Default for Progress {
    fn default() -> Self {
        Self {
            written: Notify::new(),
            newest: watch::Sender::new(0),
            settled: AtomicI64::new(i64::MIN),
            horizon: Mutex::default(),
        }
    }
}

impl Progress {
    /// Something was written: the sequencer has work.
    pub fn wrote(&self) {
        self.written.notify_one();
    }

    /// Waits until something was written by this process.
    pub async fn written(&self) {
        self.written.notified().await;
    }

    /// The position up to which the log is in order.
    pub fn reached(&self, position: i64) {
        self.newest.send_if_modified(|newest| {
            let further = *newest < position;
            *newest = position.max(*newest);
            further
        });
    }

    /// To be told when the log goes on.
    pub fn follow(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// Whether no write that is still running can change the record as it stood at this instant.
    pub fn is_settled(&self, instant: DateTime<Utc>) -> bool {
        instant.timestamp_micros() <= AtomicI64::load(&self.settled, Ordering::Relaxed)
    }

    /// Looks which instants are settled. A version's time is taken when its transaction has a number (`set_first_version`,
    /// `set_version`): once all that had a number at an instant have ended, no version can be given a time before it. Looking
    /// takes a number itself: what a snapshot knows of numbers leaves out transactions that began after the last one to end.
    ///
    /// The numbers are kept in memory only: in a restored database they mean nothing.
    pub async fn look(&self, mut conn: &AsyncPgConnection) -> Result<()> {
        let (at, later_transaction, oldest): (DateTime<Utc>, i64, i64) = diesel::select((
            // When the statement began, which is before its snapshot was taken.
            sql::<Timestamptz>("statement_timestamp()"),
            sql::<BigInt>("pg_current_xact_id()::text::bigint"),
            sql::<BigInt>("pg_snapshot_xmin(pg_current_snapshot())::text::bigint"),
        ))
        .get_result(&mut conn)
        .await?;
        let mut horizon = self.horizon.lock().unwrap_or_else(PoisonError::into_inner);
        if horizon.len() < MOST_INSTANTS {
            horizon.push_back(Instant { at, later_transaction });
        }
        while let Some(instant) = horizon.front().filter(|instant| instant.later_transaction <= oldest) {
            self.settled.fetch_max(instant.at.timestamp_micros(), Ordering::Relaxed);
            horizon.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_settled_before_it_was_looked() {
        assert!(!Progress::default().is_settled(DateTime::UNIX_EPOCH));
    }

    #[test]
    fn the_log_only_goes_forward() {
        let progress = Progress::default();
        let follower = progress.follow();
        progress.reached(5);
        progress.reached(3);
        assert_eq!(*follower.borrow(), 5);
    }
}
