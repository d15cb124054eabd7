//! The thread of a verdict's review. Moves add themselves (a trigger on verdicts); here members speak and read.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::model::Verdict;
use crate::auth::Caller;
use crate::columns::text_enum;
use crate::error::{Error, Result};
use crate::page::PageRequest;
use crate::schema::{verdict_comments, verdicts};

text_enum! {
    /// What an entry of a verdict's thread tells of.
    ReviewAction {
        /// A comment alone.
        Commented = "commented",
        /// It was sent in for approval.
        Submitted = "submitted",
        /// It was approved.
        Approved = "approved",
        /// It was sent back.
        Rejected = "rejected",
        /// It was changed after its approval, and is in review again.
        Reopened = "reopened",
        /// It was published after its approval.
        Published = "published",
        /// It was published without approval: imported, or where the newsroom does not work by four eyes.
        PublishedUnreviewed = "published_unreviewed",
        /// A correction of it was begun.
        Corrected = "corrected",
        /// Its correction took its place.
        Superseded = "superseded",
        /// It was retracted.
        Retracted = "retracted",
    }
}

/// An entry of a verdict's thread.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = verdict_comments)]
pub struct VerdictComment {
    /// UUIDv7.
    pub id: Uuid,
    /// The verdict.
    pub verdict_id: Uuid,
    /// Who; null for a member who is gone, and for what OnRecord did by itself.
    pub member_id: Option<Uuid>,
    /// What was done.
    pub action: ReviewAction,
    /// What was said.
    pub comment: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A comment on a verdict.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"comment": "Does the photo show the same building?"}))]
pub struct NewVerdictComment {
    /// What to say; the newsroom's members see it.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub comment: String,
}

impl VerdictComment {
    /// A page of a verdict's thread, oldest first, for its newsroom's members.
    pub async fn list(
        verdict_id: Uuid,
        page: &PageRequest,
        caller: Caller,
        mut conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        check_own(verdict_id, caller, conn).await?;
        let mut query = Self::query().filter(verdict_comments::verdict_id.eq(verdict_id)).into_boxed();
        if let Some(after) = page.after() {
            query = query.filter(verdict_comments::id.gt(after));
        }
        Ok(query.order(verdict_comments::id).limit(page.rows()).load(&mut conn).await?)
    }

    /// Adds a comment.
    pub async fn create(
        verdict_id: Uuid,
        new: &NewVerdictComment,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        check_own(verdict_id, caller, conn).await?;
        append(verdict_id, ReviewAction::Commented, Some(&new.comment), caller, conn).await
    }
}

async fn check_own(verdict_id: Uuid, caller: Caller, mut conn: &AsyncPgConnection) -> Result<()> {
    let query = verdicts::table.find(verdict_id).select((Verdict::as_select(), verdicts::public));
    let found: Option<(Verdict, bool)> = query.first(&mut conn).await.optional()?;
    let (verdict, public) = found.ok_or(Error::NotFound("verdict"))?;
    verdict.access(public).own(caller)
}

/// Adds an entry to the thread.
pub(super) async fn append(
    verdict_id: Uuid,
    action: ReviewAction,
    comment: Option<&str>,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<VerdictComment> {
    use verdict_comments as entry;
    let values = (
        entry::verdict_id.eq(verdict_id),
        entry::member_id.eq(caller.member_id),
        entry::action.eq(action),
        entry::comment.eq(comment),
    );
    let inserted = diesel::insert_into(entry::table).values(values).returning(VerdictComment::as_select());
    Ok(inserted.get_result(conn).await?)
}
