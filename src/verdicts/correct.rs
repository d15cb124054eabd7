//! Corrections: what was published stays as it was, and a successor says what is right.

use diesel_async::AsyncPgConnection;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::model::{NewVerdict, Verdict, missing};
use super::review::check_successor;
use super::status::{Action, CorrectionReason, VerdictStatus};
use super::thread::{self, ReviewAction};
use crate::auth::{Caller, Role};
use crate::error::{Error, FieldError, Result};
use crate::etag::IfMatchGiven;
use crate::newsrooms::Newsroom;
use crate::patch::Patch;
use crate::references;

/// What is corrected in a published verdict, and why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "wording", "correction_note": "The summary now says who explained the talks.",
    "changes": {"summary": "Russia's presidential spokesman confirmed that the meeting took place; a US official explained why."}
}))]
pub struct NewCorrection {
    /// Why.
    pub reason: CorrectionReason,
    /// What was corrected, for readers.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub correction_note: String,
    /// What is other than in the corrected verdict: a merge patch of its members.
    #[schema(value_type = Object)]
    pub changes: Map<String, Value>,
}

/// What a correction's changes may not name, and why.
const REFUSED: &[(&str, &str)] = &[
    ("claim_id", "stays as it is: record a verdict on the other claim instead"),
    ("status", "must be left out: a correction is reviewed and published as any verdict"),
    ("supersedes_id", "must be left out: it is the corrected verdict"),
    ("correction_reason", "must be left out: it is the correction's reason"),
    ("correction_note", "must be left out: it stands beside the changes"),
];

impl Verdict {
    /// Makes the successor of a published verdict. It begins in review; where the newsroom does not work by four eyes, an
    /// editor's is published at once. 409 with the id of another correction that is open, or of the verdict's successor.
    pub async fn correct(
        id: Uuid,
        correction: &NewCorrection,
        if_match: &IfMatchGiven,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let patch: Patch<NewVerdict> = Patch::within("/changes", correction.changes.clone(), REFUSED)?;
        if correction.changes.is_empty() {
            return Err(Error::field("/changes", "must name what is corrected"));
        }
        let verdict = Self::lock_with_tree(id, &patch.ids(), caller, conn).await?;
        if_match.check(&verdict)?;
        verdict.allows(Action::Correct, conn).await?;
        check_successor(id, None, conn).await?;
        let new = verdict.corrected(correction, &patch).map_err(within_changes)?;
        if verdict.says(&new) {
            return Err(Error::field("/changes", "must change something: the verdict says all of this already"));
        }
        references::check(&new.references(), &verdict.known(), caller, conn).await.map_err(within_changes)?;

        let at_once =
            caller.needs(Role::Editor).is_ok() && !Newsroom::works_by_four_eyes(verdict.newsroom_id, conn).await?;
        let status = if at_once { VerdictStatus::Published } else { VerdictStatus::InReview };
        thread::append(id, ReviewAction::Corrected, None, caller, conn).await?;
        let successor = Uuid::now_v7();
        NewVerdict::insert_as(&[(successor, status, &new)], caller, conn).await?;
        Self::find(successor, caller.into(), conn).await
    }

    /// Whether it says all of this already.
    fn says(&self, new: &NewVerdict) -> bool {
        (self.rating_id, &self.textual_rating, &self.title, &self.summary, &self.explanation)
            == (new.rating_id, &new.textual_rating, &new.title, &new.summary, &new.explanation)
            && (&self.language, &self.url, &self.reviewed_on, self.author_id)
                == (&new.language, &new.url, &new.reviewed_on, new.author_id)
            && self.evidence.0 == new.evidence
    }

    fn corrected(&self, correction: &NewCorrection, patch: &Patch<NewVerdict>) -> Result<NewVerdict> {
        let new = patch.apply(&Self {
            status: VerdictStatus::Draft,
            supersedes_id: Some(self.id),
            correction_reason: Some(correction.reason),
            correction_note: Some(correction.correction_note.clone()),
            ..self.clone()
        })?;
        let new = new.repeating(self, patch);
        let lacking = missing(new.rating_id.as_ref(), new.summary.as_ref(), new.reviewed_on.as_ref());
        if lacking.is_empty() {
            return Ok(new);
        }
        let needed =
            |member: &&str| FieldError::new(format!("/{member}"), "is needed: what is corrected was published");
        Err(Error::Validation(lacking.iter().map(needed).collect()))
    }
}

/// A fault of the corrected verdict is one of the changes.
fn within_changes(error: Error) -> Error {
    match error {
        Error::Validation(faults) => Error::Validation(
            faults
                .into_iter()
                .map(|fault| FieldError { pointer: format!("/changes{}", fault.pointer), ..fault })
                .collect(),
        ),
        error => error,
    }
}
