use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Jsonb};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::evidence::{self, Evidence};
use super::explain::explain;
use super::review::check_successor;
use super::status::{CorrectionReason, NewStatus, VerdictStatus};
use crate::auth::{Access, Caller, Role, Viewer};
use crate::claims::lock_trees;
use crate::columns::Children;
use crate::error::{Error, FieldError, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::newsrooms::Newsroom;
use crate::partial_date::{self, PartialDate};
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::verdicts;
use crate::text;

/// A conclusion on a claim.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct Verdict {
    /// UUIDv7.
    pub id: Uuid,
    /// The newsroom that recorded it.
    pub newsroom_id: Uuid,
    /// The claim it is about.
    #[schema(example = "#talks")]
    pub claim_id: Uuid,
    /// The rating given; see the rating scales.
    pub rating_id: Option<Uuid>,
    /// The rating in the words of the review's publisher, where that is another (`author_id`): told in place of the rating's label.
    pub textual_rating: Option<String>,
    /// Headline.
    pub title: Option<String>,
    /// The conclusion in a sentence or two.
    pub summary: Option<String>,
    /// The reasoning, in Markdown.
    pub explanation: Option<String>,
    /// BCP 47 tag of title, summary, explanation and textual rating.
    pub language: Option<String>,
    /// Where the review is published.
    pub url: Option<String>,
    /// When the conclusion was reached.
    pub reviewed_on: Option<PartialDate>,
    /// The source whose review it is; null: the newsroom's own.
    pub author_id: Option<Uuid>,
    /// The claim's text when the verdict was published; set by the server.
    pub claim_reviewed: Option<String>,
    /// Where it stands, and so who sees it.
    pub status: VerdictStatus,
    /// Whether a correction of it is in review while it is published.
    #[diesel(
        select_expression = sql("(verdicts.status = 'published' AND EXISTS (SELECT FROM verdicts AS successor WHERE successor.supersedes_id = verdicts.id AND successor.status IN ('in_review', 'approved')))"),
        select_expression_type = SqlLiteral<Bool>
    )]
    pub under_review: bool,
    /// What it rests on.
    #[diesel(
        select_expression = sql("(SELECT coalesce(jsonb_agg(jsonb_build_object('statement_id', statement_id, 'document_id', document_id, 'bearing', bearing, 'note', note) ORDER BY position), '[]') FROM evidence WHERE verdict_id = verdicts.id)"),
        select_expression_type = SqlLiteral<Jsonb>
    )]
    #[schema(value_type = Vec<Evidence>)]
    pub evidence: Children<Evidence>,
    /// The earlier verdict on the claim that this one replaces.
    pub supersedes_id: Option<Uuid>,
    /// Why it replaces an earlier one.
    pub correction_reason: Option<CorrectionReason>,
    /// What was corrected.
    pub correction_note: Option<String>,
    /// Why it was retracted.
    pub retraction_reason: Option<String>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A verdict to be recorded. Published, it needs a rating, a summary and a date.
#[derive(Debug, Clone, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = verdicts, treat_none_as_null = true)]
#[validate(schema(function = published_is_complete), schema(function = reason_has_predecessor), schema(function = words_are_anothers), schema(function = evidence::cited_once))]
#[schema(example = json!({
    "claim_id": "#talks", "rating_id": "01890000-0000-7000-8000-000000000105", "title": "The Kremlin confirms the meeting",
    "summary": "Russia's presidential spokesman confirmed that the meeting took place.", "language": "en", "reviewed_on": "2023-10",
    "evidence": [{"statement_id": "#peskov-confirms-meeting", "bearing": "supports", "note": "Confirmed by the Kremlin's spokesman"}]
}))]
pub struct NewVerdict {
    /// The claim it is about.
    pub claim_id: Uuid,
    /// The rating given; see the rating scales. Of somebody else's review, the one that stands for theirs: it is filtered and counted by.
    pub rating_id: Option<Uuid>,
    /// Of somebody else's review: the rating in their words, one line, which readers are told in place of the rating's label. Needs `author_id`.
    #[validate(length(max = 300), custom(function = text::line))]
    #[schema(max_length = 300)]
    pub textual_rating: Option<String>,
    /// Headline.
    #[validate(length(max = 500), custom(function = text::line))]
    #[schema(max_length = 500)]
    pub title: Option<String>,
    /// The conclusion in a sentence or two.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub summary: Option<String>,
    /// The reasoning, in Markdown.
    #[validate(length(max = 100_000))]
    #[schema(max_length = 100_000)]
    pub explanation: Option<String>,
    /// BCP 47 tag of title, summary, explanation and textual rating.
    #[validate(length(max = 35), custom(function = text::language))]
    #[schema(max_length = 35)]
    pub language: Option<String>,
    /// Where the review is published, http or https.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub url: Option<String>,
    /// When the conclusion was reached; not in the future.
    #[validate(custom(function = partial_date::past))]
    pub reviewed_on: Option<PartialDate>,
    /// The source whose review it is, for somebody else's; left out, it is the newsroom's own.
    pub author_id: Option<Uuid>,
    /// `draft` unless said; `published`, without a review, is for admins, as imports need it, or for editors where the newsroom does not work by four eyes.
    #[serde(default)]
    #[diesel(skip_insertion, skip_update)]
    pub status: NewStatus,
    /// What it rests on; each statement or document once.
    #[serde(default, deserialize_with = "crate::body::list")]
    #[diesel(skip_insertion, skip_update)]
    #[validate(length(max = 200), nested)]
    #[schema(max_items = 200)]
    pub evidence: Vec<Evidence>,
    /// Your newsroom's earlier verdict on the claim that this one replaces, once it is published.
    pub supersedes_id: Option<Uuid>,
    /// Why it replaces that one; needs `supersedes_id`.
    pub correction_reason: Option<CorrectionReason>,
    /// What was corrected.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub correction_note: Option<String>,
}

fn published_is_complete(new: &NewVerdict) -> Result<(), ValidationError> {
    let lacking = match new.status {
        NewStatus::Draft => None,
        NewStatus::Published => new.missing().into_iter().next(),
    };
    let needed = |member| Err(ValidationError::new(member).with_message("is needed in a published verdict".into()));
    lacking.map_or(Ok(()), needed)
}

fn reason_has_predecessor(new: &NewVerdict) -> Result<(), ValidationError> {
    match new {
        NewVerdict { correction_reason: Some(_), supersedes_id: None, .. } => {
            Err(ValidationError::new("correction_reason")
                .with_message("needs supersedes_id: the verdict that is corrected".into()))
        }
        _ => Ok(()),
    }
}

fn words_are_anothers(new: &NewVerdict) -> Result<(), ValidationError> {
    if new.textual_rating.is_some() && new.author_id.is_none() {
        let told = "is for somebody else's review: name its publisher in author_id, or leave this out or null";
        return Err(ValidationError::new("textual_rating").with_message(told.into()));
    }
    Ok(())
}

/// The members that a verdict needs before it is sent in, and lacks.
pub(super) fn missing<R, S, D>(rating_id: Option<R>, summary: Option<S>, reviewed_on: Option<D>) -> Vec<&'static str> {
    let needed =
        [("rating_id", rating_id.is_some()), ("summary", summary.is_some()), ("reviewed_on", reviewed_on.is_some())];
    needed.into_iter().filter(|(_, given)| !given).map(|(member, _)| member).collect()
}

impl Versioned for Verdict {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Verdict {
    /// Who may do what with it.
    pub(super) fn access(&self, public: bool) -> Access<'_> {
        let withdrawn_reason = self.retraction_reason.as_deref();
        Access { noun: "verdict", newsroom_id: self.newsroom_id, public, withdrawn_reason }
    }

    /// Whether it stands, or is on its way: neither superseded nor retracted.
    pub fn is_current(&self) -> bool {
        self.status.is_open() || self.status == VerdictStatus::Published
    }

    /// One verdict. 404 for what the viewer may not see, 410 for what was retracted.
    pub async fn find(id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let query = verdicts::table.find(id).select((Self::as_select(), verdicts::public));
        let found: Option<(Self, bool)> = query.first(&mut conn).await.optional()?;
        let (verdict, public) = found.ok_or(Error::NotFound("verdict"))?;
        verdict.access(public).see(viewer)?;
        Ok(verdict)
    }

    /// Records a verdict.
    pub async fn create(new: &NewVerdict, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        if new.status == NewStatus::Published {
            check_unreviewed(caller, conn).await?;
        }
        let references = new.references();
        references::check(&references, &BTreeSet::new(), caller, conn).await?;
        let ids: Vec<Uuid> = references.iter().map(|reference| reference.id).collect();
        lock_trees(&ids, &ids, conn).await?;
        if let Some(earlier) = new.supersedes_id {
            check_successor(earlier, None, conn).await?;
        }
        let id = Uuid::now_v7();
        NewVerdict::insert(&[(id, new)], caller, conn).await?;
        Self::find(id, caller.into(), conn).await
    }

    /// Changes a verdict that is not published, or publishes it without a review, by a merge patch. What was approved goes
    /// back to review.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewVerdict>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let verdict = Self::lock_with_tree(id, &patch.ids(), caller, conn).await?;
        verdict.is_open(conn).await?;
        if_match.check(&verdict)?;
        let new = verdict.changed_by(patch)?;
        let publishes = new.status == NewStatus::Published;
        if publishes {
            check_unreviewed(caller, conn).await?;
        }
        references::check(&new.references(), &verdict.known(), caller, conn).await?;
        if let Some(earlier) =
            new.supersedes_id.filter(|earlier| verdict.supersedes_id != Some(*earlier) && *earlier != id)
        {
            check_successor(earlier, Some(id), conn).await?;
        }
        let evidence_changed = new.evidence != verdict.evidence.0;
        let status = match verdict.status {
            _ if publishes => VerdictStatus::Published,
            // The database does so where other members change.
            VerdictStatus::Approved if evidence_changed => VerdictStatus::InReview,
            status => status,
        };
        // To be published it needs the evidence that it will have; what is published takes no more.
        if evidence_changed && publishes {
            evidence::replace(id, &new, conn).await?;
        }
        let set =
            (&new, verdicts::status.eq(status), verdicts::version.eq(verdict.version + i32::from(evidence_changed)));
        diesel::update(verdicts::table.find(id)).set(set).execute(conn).await.on_constraint(explain)?;
        if evidence_changed && !publishes {
            evidence::replace(id, &new, conn).await?;
        }
        Self::find(id, caller.into(), conn).await
    }

    /// The verdict as the patch makes it: 409 for a step back, 422 for what it may not lack where it stands.
    fn changed_by(&self, patch: &Patch<NewVerdict>) -> Result<NewVerdict> {
        // In a body an unpublished verdict is a draft, wherever it stands.
        let new = patch.apply(&Self { status: VerdictStatus::Draft, ..self.clone() })?.repeating(self, patch);
        if self.status == VerdictStatus::Draft || new.status == NewStatus::Published {
            return Ok(new);
        }
        if patch.has("status") {
            let status = self.status.as_str();
            return Err(Error::conflict(format!(
                "This verdict is {status}: leave status out, or reject it to make it a draft."
            )));
        }
        let needed = |member: &&str| {
            FieldError::new(format!("/{member}"), format!("is needed: the verdict is {}", self.status.as_str()))
        };
        let lacking: Vec<_> = new.missing().iter().map(needed).collect();
        if lacking.is_empty() { Ok(new) } else { Err(Error::Validation(lacking)) }
    }

    /// Deletes a verdict that was not published. 409 for one that was, and while another supersedes it.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let verdict = Self::lock_with_tree(id, &[], caller, conn).await?;
        verdict.is_open(conn).await?;
        if_match.check(&verdict)?;
        diesel::delete(verdicts::table.find(id)).execute(conn).await.on_constraint(|_| {
            Some(Error::conflict("Another verdict supersedes this one. Change or delete that one first."))
        })?;
        Ok(())
    }

    /// The ids that it refers to already: they are not checked again, as some may have been withdrawn since.
    pub(super) fn known(&self) -> BTreeSet<Uuid> {
        let single = [Some(self.claim_id), self.rating_id, self.author_id, self.supersedes_id];
        let cited = self.evidence.0.iter().flat_map(|one| one.statement_id.into_iter().chain(one.document_id));
        single.into_iter().flatten().chain(cited).collect()
    }
}

/// 403 for who may not publish without a review.
pub async fn check_unreviewed(caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    if !Newsroom::works_by_four_eyes(caller.newsroom_id, conn).await? {
        return caller.needs(Role::Editor);
    }
    caller.needs(Role::Editor)?;
    if caller.role == Role::Admin { Ok(()) } else { Err(unapproved()) }
}

pub(super) fn unapproved() -> Error {
    Error::Forbidden(
        "Your newsroom works by four eyes: only admins publish a verdict without approval, as imports need it. Submit it, have it approved by another editor, then publish it.".into(),
    )
}

impl NewVerdict {
    fn missing(&self) -> Vec<&'static str> {
        missing(self.rating_id.as_ref(), self.summary.as_ref(), self.reviewed_on.as_ref())
    }

    /// The ids in it.
    pub fn references(&self) -> Vec<Reference> {
        let single = [
            Reference::to(Noun::Claim, self.claim_id, "/claim_id"),
            Reference::to(Noun::Rating, self.rating_id, "/rating_id"),
            Reference::to(Noun::Source, self.author_id, "/author_id"),
            Reference::to(Noun::Verdict, self.supersedes_id, "/supersedes_id"),
        ];
        let cited = self.evidence.iter().enumerate().flat_map(|(index, one)| {
            let statement = Reference::to(Noun::Statement, one.statement_id, format!("/evidence/{index}/statement_id"));
            statement.into_iter().chain(Reference::to(
                Noun::Document,
                one.document_id,
                format!("/evidence/{index}/document_id"),
            ))
        });
        single.into_iter().flatten().chain(cited).collect()
    }

    /// Records verdicts that were checked, then their evidence: they may supersede each other.
    pub async fn insert(new: &[(Uuid, &Self)], caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let new: Vec<_> = new.iter().map(|(id, new)| (*id, new.status.into(), *new)).collect();
        Self::insert_as(&new, caller, conn).await
    }

    /// The same with a status of the server's own.
    pub(super) async fn insert_as(
        new: &[(Uuid, VerdictStatus, &Self)],
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<()> {
        let rows: Vec<_> = new
            .iter()
            .map(|(id, status, new)| {
                (verdicts::id.eq(*id), verdicts::newsroom_id.eq(caller.newsroom_id), verdicts::status.eq(*status), *new)
            })
            .collect();
        diesel::insert_into(verdicts::table).values(rows).execute(conn).await.on_constraint(explain)?;
        let cited: Vec<_> = new.iter().map(|(id, _, new)| (*id, *new)).collect();
        evidence::write(&cited, conn).await
    }
}
