use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::evidence::{self, Evidence};
use crate::auth::{Access, Caller, Role, Viewer};
use crate::claims::lock_trees;
use crate::columns::{Children, text_enum};
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::partial_date::PartialDate;
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::verdicts;
use crate::text;

text_enum! {
    /// Who sees a verdict. It does not become a draft again. More may be added.
    #[derive(Default)]
    VerdictStatus {
        /// Its newsroom only.
        #[default]
        Draft = "draft",
        /// Everybody.
        Published = "published",
    }
}

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
    /// Headline.
    pub title: Option<String>,
    /// The conclusion in a sentence or two.
    pub summary: Option<String>,
    /// The reasoning, in Markdown.
    pub explanation: Option<String>,
    /// BCP 47 tag of title, summary and explanation.
    pub language: Option<String>,
    /// Where the review is published.
    pub url: Option<String>,
    /// When the conclusion was reached.
    pub reviewed_on: Option<PartialDate>,
    /// The source whose review it is; null: the newsroom's own.
    pub author_id: Option<Uuid>,
    /// The claim's text when the verdict was published; set by the server.
    pub claim_reviewed: Option<String>,
    /// Who sees it.
    pub status: VerdictStatus,
    /// What it rests on.
    #[diesel(
        select_expression = sql("(SELECT coalesce(jsonb_agg(jsonb_build_object('statement_id', statement_id, 'document_id', document_id, 'bearing', bearing, 'note', note) ORDER BY position), '[]') FROM evidence WHERE verdict_id = verdicts.id)"),
        select_expression_type = SqlLiteral<Jsonb>
    )]
    #[schema(value_type = Vec<Evidence>)]
    pub evidence: Children<Evidence>,
    /// The earlier verdict on the claim that this one replaces.
    pub supersedes_id: Option<Uuid>,
    /// What was corrected.
    pub correction_note: Option<String>,
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
#[validate(schema(function = published_is_complete), schema(function = evidence::cited_once))]
#[schema(example = json!({
    "claim_id": "#meeting", "rating_id": "01890000-0000-7000-8000-000000000105", "title": "The Kremlin confirms the meeting",
    "summary": "Russia's presidential spokesman confirmed that the meeting took place.", "language": "en", "reviewed_on": "2023-10",
    "evidence": [{"statement_id": "#peskov-confirms-meeting", "bearing": "supports", "note": "Confirmed by the Kremlin's spokesman"}]
}))]
pub struct NewVerdict {
    /// The claim it is about.
    pub claim_id: Uuid,
    /// The rating given; see the rating scales.
    pub rating_id: Option<Uuid>,
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
    /// BCP 47 tag of title, summary and explanation.
    #[validate(length(max = 35), custom(function = text::language))]
    #[schema(max_length = 35)]
    pub language: Option<String>,
    /// Where the review is published, http or https.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub url: Option<String>,
    /// When the conclusion was reached.
    pub reviewed_on: Option<PartialDate>,
    /// The source whose review it is, for somebody else's; left out, it is the newsroom's own.
    pub author_id: Option<Uuid>,
    /// `draft` unless said; `published` needs an editor and a published claim.
    #[serde(default)]
    pub status: VerdictStatus,
    /// What it rests on; each statement or document once.
    #[serde(default, deserialize_with = "crate::body::list")]
    #[diesel(skip_insertion, skip_update)]
    #[validate(length(max = 200), nested)]
    #[schema(max_items = 200)]
    pub evidence: Vec<Evidence>,
    /// The earlier verdict on the claim that this one replaces.
    pub supersedes_id: Option<Uuid>,
    /// What was corrected.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub correction_note: Option<String>,
}

fn published_is_complete(new: &NewVerdict) -> Result<(), ValidationError> {
    let fault = |member: &'static str| {
        Err(ValidationError::new(member).with_message("is needed in a published verdict".into()))
    };
    match new {
        NewVerdict { status: VerdictStatus::Draft, .. } => Ok(()),
        NewVerdict { rating_id: None, .. } => fault("rating_id"),
        NewVerdict { summary: None, .. } => fault("summary"),
        NewVerdict { reviewed_on: None, .. } => fault("reviewed_on"),
        NewVerdict { .. } => Ok(()),
    }
}

impl Versioned for Verdict {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Verdict {
    fn access(&self, public: bool) -> Access<'static> {
        Access { noun: "verdict", newsroom_id: self.newsroom_id, public, withdrawn_reason: None }
    }

    /// One verdict. 404 for what the viewer may not see.
    pub async fn find(id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let query = verdicts::table.find(id).select((Self::as_select(), verdicts::public));
        let found: Option<(Self, bool)> = query.first(&mut conn).await.optional()?;
        let (verdict, public) = found.ok_or(Error::NotFound("verdict"))?;
        verdict.access(public).see(viewer)?;
        Ok(verdict)
    }

    /// Records a verdict.
    pub async fn create(new: &NewVerdict, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        new.check_role(caller)?;
        let references = new.references();
        references::check(&references, &BTreeSet::new(), caller, conn).await?;
        let ids: Vec<Uuid> = references.iter().map(|reference| reference.id).collect();
        lock_trees(&ids, &ids, conn).await?;
        let id = Uuid::now_v7();
        NewVerdict::insert(&[(id, new)], caller, conn).await?;
        Self::find(id, caller.into(), conn).await
    }

    /// Changes or publishes a verdict by a merge patch.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewVerdict>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let ids = patch.ids();
        let claim: Option<Uuid> = verdicts::table.find(id).select(verdicts::claim_id).first(conn).await.optional()?;
        lock_trees(&[ids.as_slice(), claim.as_slice()].concat(), &ids, conn).await?;
        let verdict = Self::lock(id, caller, conn).await?;
        if_match.check(&verdict)?;
        let new = patch.apply(&verdict)?;
        match (verdict.status, new.status) {
            (VerdictStatus::Published, VerdictStatus::Draft) => {
                return Err(Error::conflict("This verdict is published: it does not become a draft again."));
            }
            (VerdictStatus::Draft, VerdictStatus::Published) => caller.needs(Role::Editor)?,
            _ => {}
        }
        references::check(&new.references(), &verdict.known(), caller, conn).await?;
        let evidence_changed = new.evidence != verdict.evidence.0;
        if evidence_changed {
            evidence::replace(id, &new, conn).await?;
        }
        let version = verdicts::version.eq(verdict.version + i32::from(evidence_changed));
        diesel::update(verdicts::table.find(id)).set((&new, version)).execute(conn).await.on_constraint(explain)?;
        Self::find(id, caller.into(), conn).await
    }

    /// Deletes a verdict. 409 while another supersedes it.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let claim: Option<Uuid> = verdicts::table.find(id).select(verdicts::claim_id).first(conn).await.optional()?;
        lock_trees(claim.as_slice(), &[], conn).await?;
        let verdict = Self::lock(id, caller, conn).await?;
        if_match.check(&verdict)?;
        diesel::delete(verdicts::table.find(id)).execute(conn).await.on_constraint(|_| {
            Some(Error::conflict("Another verdict supersedes this one. Change or delete that one first."))
        })?;
        Ok(())
    }

    async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let query = verdicts::table.find(id).select((Self::as_select(), verdicts::public)).for_update();
        let found: Option<(Self, bool)> = query.first(conn).await.optional()?;
        let (verdict, public) = found.ok_or(Error::NotFound("verdict"))?;
        verdict.access(public).change(caller)?;
        Ok(verdict)
    }

    /// The ids that it refers to already: they are not checked again, as some may have been withdrawn since.
    fn known(&self) -> BTreeSet<Uuid> {
        let single = [Some(self.claim_id), self.rating_id, self.author_id, self.supersedes_id];
        let cited = self.evidence.0.iter().flat_map(|one| one.statement_id.into_iter().chain(one.document_id));
        single.into_iter().flatten().chain(cited).collect()
    }
}

impl NewVerdict {
    /// 403 for a checker who publishes.
    pub fn check_role(&self, caller: Caller) -> Result<()> {
        match self.status {
            VerdictStatus::Draft => Ok(()),
            VerdictStatus::Published => caller.needs(Role::Editor),
        }
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
        let rows: Vec<_> = new
            .iter()
            .map(|(id, new)| (verdicts::id.eq(*id), verdicts::newsroom_id.eq(caller.newsroom_id), *new))
            .collect();
        diesel::insert_into(verdicts::table).values(rows).execute(conn).await.on_constraint(explain)?;
        evidence::write(new, conn).await
    }
}

/// What the tables' rules mean to a client.
pub fn explain(constraint: &str) -> Option<Error> {
    Some(match constraint {
        "verdicts_not_its_own_successor" => Error::field("/supersedes_id", "must be another verdict"),
        "verdicts_supersedes_same_claim" => Error::field("/supersedes_id", "must be a verdict on the same claim"),
        "verdicts_published_on_published_claim" => {
            Error::conflict("The claim of this verdict is not published. Publish the claim first.")
        }
        "verdicts_published_cites_published" => {
            Error::conflict("This verdict cites a statement that is not published. Publish that one first.")
        }
        "verdicts_published_supersedes_published" => {
            Error::conflict("This verdict supersedes one that is not published. Publish that one first.")
        }
        "verdicts_status_moves" => Error::conflict("A published verdict does not become a draft again."),
        _ => return None,
    })
}
