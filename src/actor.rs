//! On whose behalf a request writes.
//!
//! It belongs to the request's task, and [`Db::write`](crate::db::Db::write) tells it to the database at the beginning of
//! each transaction: no write can forget to say who made it.

use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;

use uuid::Uuid;

use crate::auth::Caller;

tokio::task_local! {
    static CURRENT: Actor;
}

/// Who writes, by which key, in which request. All of it is absent for what OnRecord does by itself.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// The member.
    pub member_id: Option<Uuid>,
    /// The member's key; none on the command line.
    pub key_id: Option<Uuid>,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: Option<Arc<str>>,
}

impl Actor {
    /// A member on the command line.
    pub fn member(caller: Caller) -> Self {
        Self { member_id: Some(caller.member_id), ..Self::default() }
    }

    /// Does the work on this actor's behalf.
    pub async fn does<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The one on whose behalf the current task works.
    pub fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_default()
    }

    /// `BEGIN`, and who begins, as one message to the server. The settings end with the transaction.
    pub fn begin(&self) -> String {
        let mut sql = "BEGIN".to_owned();
        let ids = [("member_id", self.member_id), ("key_id", self.key_id)];
        for (name, id) in ids.into_iter().filter_map(|(name, id)| Some((name, id?))) {
            // Writing to a String cannot fail.
            let _ = write!(sql, "; SET LOCAL onrecord.{name} = '{id}'");
        }
        if let Some(request_id) = &self.request_id {
            let _ = write!(sql, "; SET LOCAL onrecord.request_id = '{}'", request_id.replace('\'', "''"));
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_of_the_clients_choice_stays_a_text() {
        let actor = Actor { request_id: Some("x'; DROP TABLE claims; --".into()), ..Actor::default() };
        assert_eq!(actor.begin(), "BEGIN; SET LOCAL onrecord.request_id = 'x''; DROP TABLE claims; --'");
    }
}
