//! Closing a request with the answer, which is a statement.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationErrors};

use super::model::{CommentRequest, RequestStatus, explain, not_due};
use crate::auth::Caller;
use crate::body::read_as;
use crate::claims::lock_trees;
use crate::error::{Error, FieldError, OnConstraint, Result};
use crate::etag::IfMatchGiven;
use crate::schema::comment_requests;
use crate::stance::Stance;
use crate::statements::{NewStatement, Statement};

/// An answer: a statement's members without claim and source, which are the request's.
// The schema's members are those of NewStatement; `openapi::complete` adds them.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(example = json!({"stance": "no_response", "said_on": "2023-10-07", "note": "Asked by e-mail; no answer in two days."}))]
pub struct NewAnswer(Map<String, Value>);

impl Validate for NewAnswer {
    /// It is read as a statement once the request is known.
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

/// What closing a request did.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closed {
    /// The request as it is now.
    pub comment_request: CommentRequest,
    /// The statement that records the answer.
    pub statement: Statement,
}

impl NewAnswer {
    /// The statement that it makes: 422 for what is wrong with it.
    fn to_statement(&self, request: &CommentRequest) -> Result<NewStatement> {
        let ours: Vec<_> = ["claim_id", "source_id"]
            .into_iter()
            .filter(|name| self.0.contains_key(*name))
            .map(|name| FieldError::new(format!("/{name}"), "must be left out: it is the request's"))
            .collect();
        if !ours.is_empty() {
            return Err(Error::Validation(ours));
        }
        let mut members = self.0.clone();
        members.insert("claim_id".into(), json!(request.claim_id));
        members.insert("source_id".into(), json!(request.source_id));
        read_as(Value::Object(members)).map_err(Error::Validation)
    }

    /// The statements that it relies on, whose claims' trees are locked with the request's own.
    fn relied_on(&self) -> Vec<Uuid> {
        let listed = self.0.get("relies_on").and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(|one| Uuid::try_parse(one.get("statement_id")?.as_str()?).ok()).collect()
    }
}

impl CommentRequest {
    /// Records the answer and closes the request with it. 409 for a closed request, and for silence before it was due.
    pub async fn close(
        id: Uuid,
        answer: &NewAnswer,
        if_match: &IfMatchGiven,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Closed> {
        let claim_id = Self::find(id, caller, conn).await?.claim_id;
        lock_trees(&[claim_id], &answer.relied_on(), conn).await?;
        let request = Self::lock(id, caller, conn).await?;
        if_match.check(&request)?;
        request.is_open()?;
        let new = answer.to_statement(&request)?;
        if new.stance == Stance::NoResponse && !request.overdue {
            return Err(not_due());
        }
        let statement = Statement::create(&new, caller, conn).await?;
        diesel::update(comment_requests::table.find(id))
            .set((
                comment_requests::status.eq(RequestStatus::Closed),
                comment_requests::statement_id.eq(statement.id),
                comment_requests::closed_at.eq(diesel::dsl::now),
            ))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        Ok(Closed { comment_request: Self::find(id, caller, conn).await?, statement })
    }
}
