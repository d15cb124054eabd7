use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::auth::Caller;
use crate::columns::text_enum;
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::comment_requests;

text_enum! {
    /// By which way a source was asked.
    Channel {
        /// By e-mail.
        Email = "email",
        /// By telephone.
        Phone = "phone",
        /// By letter.
        Letter = "letter",
        /// In a message or post.
        SocialMedia = "social_media",
        /// Face to face.
        InPerson = "in_person",
        /// In a form on a site.
        WebForm = "web_form",
        /// By another way.
        Other = "other",
    }
}

text_enum! {
    /// Whether a request waits for an answer.
    RequestStatus {
        /// It does.
        Open = "open",
        /// Its answer, or that there was none, is recorded. Final.
        Closed = "closed",
    }
}

/// A source that was asked about a claim. Only the members of the newsroom that asked see it.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct CommentRequest {
    /// UUIDv7.
    pub id: Uuid,
    /// The newsroom that asked.
    pub newsroom_id: Uuid,
    /// The claim it was asked about.
    pub claim_id: Uuid,
    /// Who was asked.
    pub source_id: Uuid,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// By which way.
    pub channel: Channel,
    /// Until when it may answer; null: no date was set.
    pub due_at: Option<DateTime<Utc>>,
    /// What it was asked, in words.
    pub question: Option<String>,
    /// For the newsroom's members.
    pub note: Option<String>,
    /// Whether it waits for an answer.
    pub status: RequestStatus,
    /// Whether it is open and its date has passed, now.
    #[diesel(select_expression = sql(OVERDUE), select_expression_type = SqlLiteral<Bool>)]
    pub overdue: bool,
    /// The statement that records the answer, or that there was none.
    pub statement_id: Option<Uuid>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// Open and past its date, by the database's clock or the instant that is looked back to.
pub(super) const OVERDUE: &str = "(comment_requests.status = 'open' AND coalesce(comment_requests.due_at < coalesce(nullif(current_setting('onrecord.as_of', true), '')::timestamptz, now()), false))";

/// A comment request to be recorded.
#[derive(Debug, Clone, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = comment_requests, treat_none_as_null = true)]
#[validate(schema(function = due_after_asked))]
#[schema(example = json!({
    "claim_id": "#talks", "source_id": "#us-state-department", "asked_at": "2023-10-05T09:00:00Z", "channel": "email",
    "due_at": "2023-10-06T18:00:00Z", "question": "Did US officials meet Russian officials in Istanbul on 17 September?"
}))]
pub struct NewCommentRequest {
    /// The claim it was asked about.
    pub claim_id: Uuid,
    /// Who was asked.
    pub source_id: Uuid,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// By which way.
    pub channel: Channel,
    /// Until when it may answer, not before `asked_at`. Without it, silence cannot be recorded as an answer.
    pub due_at: Option<DateTime<Utc>>,
    /// What it was asked, in words.
    #[validate(length(max = 10000))]
    #[schema(max_length = 10000)]
    pub question: Option<String>,
    /// For the newsroom's members.
    #[validate(length(max = 10000))]
    #[schema(max_length = 10000)]
    pub note: Option<String>,
}

fn due_after_asked(new: &NewCommentRequest) -> Result<(), ValidationError> {
    if new.due_at.is_some_and(|due| due < new.asked_at) {
        return Err(ValidationError::new("due_at").with_message("must not be before asked_at".into()));
    }
    Ok(())
}

impl Versioned for CommentRequest {
    fn version(&self) -> i32 {
        self.version
    }
}

impl CommentRequest {
    /// One of the caller's newsroom's requests; 404 for those of others.
    pub async fn find(id: Uuid, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Self> {
        let own = comment_requests::id.eq(id).and(comment_requests::newsroom_id.eq(caller.newsroom_id));
        Self::query().filter(own).first(&mut conn).await.optional()?.ok_or(Error::NotFound("comment request"))
    }

    /// Records a request.
    pub async fn create(
        id: Uuid,
        new: &NewCommentRequest,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        references::check(&new.references(), &BTreeSet::new(), caller, conn).await?;
        diesel::insert_into(comment_requests::table)
            .values((comment_requests::id.eq(id), comment_requests::newsroom_id.eq(caller.newsroom_id), new))
            .execute(conn)
            .await?;
        Self::find(id, caller, conn).await
    }

    /// Changes an open request by a merge patch. 409 for a closed one.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewCommentRequest>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let request = Self::lock(id, caller, conn).await?;
        if_match.check(&request)?;
        request.is_open()?;
        let before = NewCommentRequest::from(request);
        let new = patch.apply(&before)?;
        // What stays is not checked again: it may have been withdrawn since.
        let changed: Vec<_> = new.references().into_iter().filter(|one| !before.references().contains(one)).collect();
        references::check(&changed, &BTreeSet::new(), caller, conn).await?;
        diesel::update(comment_requests::table.find(id)).set(&new).execute(conn).await.on_constraint(explain)?;
        Self::find(id, caller, conn).await
    }

    /// Deletes an open request. 409 for a closed one.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let request = Self::lock(id, caller, conn).await?;
        if_match.check(&request)?;
        request.is_open()?;
        diesel::delete(comment_requests::table.find(id)).execute(conn).await.on_constraint(explain)?;
        Ok(())
    }

    pub(super) async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let own = comment_requests::id.eq(id).and(comment_requests::newsroom_id.eq(caller.newsroom_id));
        let found = Self::query().filter(own).for_update().first(conn).await.optional()?;
        found.ok_or(Error::NotFound("comment request"))
    }

    pub(super) fn is_open(&self) -> Result<()> {
        match (self.status, self.statement_id) {
            (RequestStatus::Closed, Some(statement_id)) => Err(Error::existing(
                format!(
                    "This request is closed, which is final: statement {statement_id} answers it. A later answer is a statement of its own."
                ),
                statement_id,
            )),
            _ => Ok(()),
        }
    }
}

impl From<CommentRequest> for NewCommentRequest {
    fn from(request: CommentRequest) -> Self {
        let CommentRequest { claim_id, source_id, asked_at, channel, due_at, question, note, .. } = request;
        Self { claim_id, source_id, asked_at, channel, due_at, question, note }
    }
}

impl NewCommentRequest {
    fn references(&self) -> Vec<Reference> {
        let single = [
            Reference::to(Noun::Claim, self.claim_id, "/claim_id"),
            Reference::to(Noun::Source, self.source_id, "/source_id"),
        ];
        single.into_iter().flatten().collect()
    }
}

/// 409 for silence that is recorded too early.
pub(super) fn not_due() -> Error {
    Error::conflict("That a source gave no response is recorded only once due_at has passed; without due_at it is not.")
}

/// What the table's rules mean to a client.
pub(super) fn explain(constraint: &str) -> Option<Error> {
    Some(match constraint {
        "comment_requests_closed_is_final" => {
            Error::conflict("This request is closed, which is final. A later answer is a statement of its own.")
        }
        "comment_requests_silent_when_due" => not_due(),
        _ => return None,
    })
}
