//! A verdict's way to publication, and its retraction: the moves that need no body but a word.

use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::explain::explain;
use super::model::{Verdict, missing};
use super::status::{Action, VerdictStatus};
use crate::auth::Caller;
use crate::claims::lock_trees;
use crate::error::{Error, OnConstraint, Result};
use crate::etag::IfMatchGiven;
use crate::newsrooms::Newsroom;
use crate::schema::verdicts;

/// A word with a move of a verdict, for its thread.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"comment": "Checked against the quotes in the article."}))]
pub struct Remark {
    /// What to add to the thread; the newsroom's members see it.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub comment: Option<String>,
}

/// Why a verdict is sent back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"comment": "The second quote is a paraphrase: say so."}))]
pub struct Rejection {
    /// What is to be mended; the newsroom's members see it.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub comment: String,
}

/// Why a verdict is retracted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The diplomat has since withdrawn the account that it rests on."}))]
pub struct Retraction {
    /// What the public is told.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub reason: String,
}

impl Verdict {
    /// Submits, approves, rejects, publishes or retracts a verdict. `said` is the retraction's reason, else a comment for
    /// the thread. 409 where the verdict's status does not allow it, or its claim, evidence or predecessor does not; 403
    /// for an author who approves.
    pub async fn act(
        id: Uuid,
        action: Action,
        said: Option<&str>,
        if_match: &IfMatchGiven,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let verdict = Self::lock_with_tree(id, &[], caller, conn).await?;
        if_match.check(&verdict)?;
        verdict.allows(action, conn).await?;
        let (becomes, retraction_reason) = match action {
            Action::Submit => (VerdictStatus::InReview, None),
            Action::Approve => (VerdictStatus::Approved, None),
            Action::Reject => (VerdictStatus::Draft, None),
            Action::Publish => (VerdictStatus::Published, None),
            Action::Retract => (VerdictStatus::Retracted, said),
            Action::Correct => return Err(anyhow::anyhow!("a correction is a verdict of its own").into()),
        };
        let lacking = missing(verdict.rating_id.as_ref(), verdict.summary.as_ref(), verdict.reviewed_on.as_ref());
        if !lacking.is_empty() {
            let lacking = lacking.join(", ");
            return Err(Error::conflict(format!("This verdict lacks {lacking}. Add what is missing by PATCH first.")));
        }
        if let Some(comment) = said.filter(|_| action != Action::Retract) {
            // The trigger that adds the move to the thread takes it from there.
            diesel::sql_query("SELECT set_config('onrecord.comment', $1, true)")
                .bind::<Text, _>(comment)
                .execute(conn)
                .await?;
        }
        diesel::update(verdicts::table.find(id))
            .set((verdicts::status.eq(becomes), verdicts::retraction_reason.eq(retraction_reason)))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        Self::find(id, caller.into(), conn).await
    }

    /// Locks the tree of its claim and those of other claims, statements or their like, then the verdict itself. 404, 410
    /// or 403 where it is not the caller's newsroom's.
    pub async fn lock_with_tree(
        id: Uuid,
        others: &[Uuid],
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let claim: Option<Uuid> = verdicts::table.find(id).select(verdicts::claim_id).first(conn).await.optional()?;
        lock_trees(&[others, claim.as_slice()].concat(), others, conn).await?;
        let query = verdicts::table.find(id).select((Self::as_select(), verdicts::public)).for_update();
        let found: Option<(Self, bool)> = query.first(conn).await.optional()?;
        let (verdict, public) = found.ok_or(Error::NotFound("verdict"))?;
        verdict.access(public).own(caller)?;
        Ok(verdict)
    }

    /// 409 that names the verdict's status and what can be done there, unless the action is among it.
    pub(super) async fn allows(&self, action: Action, conn: &mut AsyncPgConnection) -> Result<()> {
        let four_eyes = Newsroom::works_by_four_eyes(self.newsroom_id, conn).await?;
        if action.is_legal_from(self.status, four_eyes) {
            return Ok(());
        }
        self.refuse(&format!("{} is not possible", action.as_str()), four_eyes, conn).await
    }

    /// 409 for a verdict that was published: it is neither changed nor deleted.
    pub(super) async fn is_open(&self, conn: &mut AsyncPgConnection) -> Result<()> {
        if self.status.is_open() {
            return Ok(());
        }
        self.refuse("it is neither changed nor deleted", true, conn).await
    }

    async fn refuse(&self, what: &str, four_eyes: bool, conn: &mut AsyncPgConnection) -> Result<()> {
        let status = self.status.as_str();
        Err(match self.status {
            VerdictStatus::Superseded => match current_successor(self.id, conn).await? {
                Some(successor) => Error::existing(
                    format!(
                        "This verdict is superseded, which is final: {what}. Correct or retract its successor {successor} instead."
                    ),
                    successor,
                ),
                None => Error::conflict(format!("This verdict is superseded, which is final: {what}.")),
            },
            VerdictStatus::Retracted => {
                Error::conflict(format!("This verdict is retracted, which is final: {what}. Record a new one."))
            }
            open_or_published => {
                let legal = Action::legal_from(open_or_published, four_eyes);
                Error::conflict(format!("This verdict is {status}: {what}. Legal from there: {legal}."))
            }
        })
    }
}

#[derive(QueryableByName)]
struct Successor {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The published one of the verdicts that took this one's place one after the other; none where it was retracted.
async fn current_successor(id: Uuid, conn: &mut AsyncPgConnection) -> Result<Option<Uuid>> {
    let last: Option<Successor> = diesel::sql_query(
        "WITH RECURSIVE later(id, status) AS (
             SELECT id, status FROM verdicts WHERE supersedes_id = $1 AND status IN ('published', 'superseded')
             UNION
             SELECT verdicts.id, verdicts.status FROM verdicts JOIN later ON supersedes_id = later.id
             WHERE verdicts.status IN ('published', 'superseded'))
         SELECT id FROM later WHERE status = 'published'",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .await
    .optional()?;
    Ok(last.map(|successor| successor.id))
}

/// The verdict that is meant to take this one's place, other than `but`, while it is not published.
pub(super) async fn open_successor(id: Uuid, but: Option<Uuid>, conn: &mut AsyncPgConnection) -> Result<Option<Uuid>> {
    let open = [VerdictStatus::Draft, VerdictStatus::InReview, VerdictStatus::Approved];
    let successor = verdicts::table
        .filter(verdicts::supersedes_id.eq(id))
        .filter(verdicts::status.eq_any(open))
        .filter(verdicts::id.ne(but.unwrap_or_default()))
        .select(verdicts::id)
        .first(conn)
        .await
        .optional()?;
    Ok(successor)
}

/// 409 with its id, where a verdict has an open successor already, other than `but`.
pub(super) async fn check_successor(id: Uuid, but: Option<Uuid>, conn: &mut AsyncPgConnection) -> Result<()> {
    match open_successor(id, but, conn).await? {
        None => Ok(()),
        Some(successor) => Err(Error::existing(
            format!("A correction of that verdict is open already: {successor}. Change, publish or delete that one."),
            successor,
        )),
    }
}
