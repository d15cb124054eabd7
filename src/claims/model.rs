use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::auth::{Access, Caller, Role, Viewer};
use crate::columns::text_enum;
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::in_use;
use crate::matching::Match;
use crate::partial_date::{self, PartialDate};
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::claims;
use crate::text;

text_enum! {
    /// Who sees a claim or a statement. It goes from draft to published to withdrawn and never back.
    #[derive(Default)]
    ClaimStatus {
        /// Its newsroom only.
        #[default]
        Draft = "draft",
        /// Everybody.
        Published = "published",
        /// The public is told that and why it was withdrawn. Final.
        Withdrawn = "withdrawn",
    }
}

/// One checkable statement of fact, in one language.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct Claim {
    /// UUIDv7.
    #[schema(example = "#talks")]
    pub id: Uuid,
    /// The newsroom that recorded it.
    pub newsroom_id: Uuid,
    /// The claim in one sentence.
    #[schema(example = "The meeting took place")]
    pub text: String,
    /// BCP 47 tag of the text.
    #[schema(example = "en")]
    pub language: String,
    /// What a reader must know to understand the claim.
    pub context: Option<String>,
    /// When it was first claimed.
    pub claimed_on: Option<PartialDate>,
    /// When it is said to have happened.
    pub event_on: Option<PartialDate>,
    /// Where it is said to have happened.
    pub place: Option<String>,
    /// Slugs of its topics.
    pub topics: Vec<String>,
    /// The claim of which this is a part.
    pub part_of_id: Option<Uuid>,
    /// Who sees it.
    pub status: ClaimStatus,
    /// Why it was withdrawn.
    pub withdrawn_reason: Option<String>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A claim that was just recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordedClaim {
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// Claims that were there before and may say the same, the likeliest first; at most five.
    pub similar: Vec<Match>,
}

impl Versioned for RecordedClaim {
    fn version(&self) -> i32 {
        self.claim.version
    }
}

/// A claim to be recorded.
#[derive(Debug, Clone, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = claims, treat_none_as_null = true)]
#[validate(schema(function = reason_matches_status))]
#[schema(example = json!({
    "text": "The talks lasted three hours", "language": "en", "event_on": "2023-09-17", "place": "Istanbul", "topics": ["nagorno-karabakh"], "part_of_id": "#talks"
}))]
pub struct NewClaim {
    /// The claim in one sentence.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
    /// BCP 47 tag of the text.
    #[validate(length(max = 35), custom(function = text::language))]
    #[schema(max_length = 35)]
    pub language: String,
    /// What a reader must know to understand the claim.
    #[validate(length(max = 10000))]
    #[schema(max_length = 10000)]
    pub context: Option<String>,
    /// When it was first claimed; not in the future.
    #[validate(custom(function = partial_date::past))]
    pub claimed_on: Option<PartialDate>,
    /// When it is said to have happened.
    pub event_on: Option<PartialDate>,
    /// Where it is said to have happened.
    #[validate(length(max = 300), custom(function = text::line))]
    #[schema(max_length = 300)]
    pub place: Option<String>,
    /// Slugs of its topics, which are made on first use.
    #[serde(default, deserialize_with = "crate::body::list")]
    #[validate(length(max = 30), custom(function = text::slugs))]
    #[schema(max_items = 30)]
    pub topics: Vec<String>,
    /// The claim of which this is a part, of the same newsroom.
    pub part_of_id: Option<Uuid>,
    /// `draft` unless said; `published` needs an editor; `withdrawn` only by change.
    #[serde(default)]
    pub status: ClaimStatus,
    /// Why it is withdrawn; needed with `withdrawn`.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub withdrawn_reason: Option<String>,
}

fn reason_matches_status(new: &NewClaim) -> Result<(), ValidationError> {
    text::reason_matches(new.status == ClaimStatus::Withdrawn, new.withdrawn_reason.is_some())
}

impl Versioned for Claim {
    fn version(&self) -> i32 {
        self.version
    }
}

/// Locks the topmost claims of the trees that these references lead to, in id order, until the transaction ends. Ids
/// that name nothing do no harm.
pub async fn lock_trees(claims: &[Uuid], statements: &[Uuid], conn: &mut AsyncPgConnection) -> Result<()> {
    diesel::sql_query("SELECT lock_claim_trees($1 || ARRAY(SELECT claim_id FROM statements WHERE id = ANY ($2)))")
        .bind::<Array<SqlUuid>, _>(claims)
        .bind::<Array<SqlUuid>, _>(statements)
        .execute(conn)
        .await?;
    Ok(())
}

impl Claim {
    /// Who may do what with it.
    pub fn access(&self) -> Access<'_> {
        let public = self.status == ClaimStatus::Published;
        let withdrawn_reason = self.withdrawn_reason.as_deref();
        Access { noun: "claim", newsroom_id: self.newsroom_id, public, withdrawn_reason }
    }

    /// One claim. 404 for what the viewer may not see, 410 for what was withdrawn.
    pub async fn find(id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let found: Option<Self> = claims::table.find(id).select(Self::as_select()).first(&mut conn).await.optional()?;
        let claim = found.ok_or(Error::NotFound("claim"))?;
        claim.access().see(viewer)?;
        Ok(claim)
    }

    /// Records a claim.
    pub async fn create(new: &NewClaim, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        new.status.check_new(caller)?;
        references::check(&new.references(), &BTreeSet::new(), caller, conn).await?;
        let id = Uuid::now_v7();
        NewClaim::insert(&[(id, new)], caller, conn).await?;
        Self::find(id, caller.into(), conn).await
    }

    /// Changes, publishes or withdraws a claim by a merge patch.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewClaim>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        lock_trees(&[patch.ids().as_slice(), &[id]].concat(), &[], conn).await?;
        let claim = Self::lock(id, caller, conn).await?;
        if_match.check(&claim)?;
        let new = patch.apply(&claim)?;
        claim.status.check_move("claim", new.status, caller)?;
        references::check(&new.references(), &claim.part_of_id.into_iter().collect(), caller, conn).await?;
        diesel::update(claims::table.find(id)).set(&new).execute(conn).await.on_constraint(explain)?;
        Self::find(id, caller.into(), conn).await
    }

    /// Deletes a claim. 409 while something refers to it, and for a withdrawn one.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        lock_trees(&[id], &[], conn).await?;
        let claim = Self::lock(id, caller, conn).await?;
        if_match.check(&claim)?;
        let users = in_use::users(Noun::Claim, id, caller, conn).await?;
        diesel::delete(claims::table.find(id)).execute(conn).await.on_constraint(|constraint| match constraint {
            "claims_withdrawn_is_final" => explain(constraint),
            _ => Some(Error::blocked(
                "Statements, verdicts, comment requests, links or parts hang on this claim. Delete those first; a published claim can be withdrawn instead.",
                users,
            )),
        })?;
        Ok(())
    }

    async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let query = claims::table.find(id).select(Self::as_select()).for_update();
        let claim: Self = query.first(conn).await.optional()?.ok_or(Error::NotFound("claim"))?;
        claim.access().change(caller)?;
        claim.status.check_change(caller)?;
        Ok(claim)
    }
}

impl ClaimStatus {
    /// Whether something may be recorded with this status: 422 for withdrawn, 403 for published by a checker.
    pub fn check_new(self, caller: Caller) -> Result<()> {
        match self {
            Self::Draft => Ok(()),
            Self::Published => caller.needs(Role::Editor),
            Self::Withdrawn => {
                Err(Error::field("/status", "must be draft or published: nothing is recorded withdrawn"))
            }
        }
    }

    /// Whether a member may change or delete a record with this status: checkers drafts only, whether or not the public
    /// still sees what was published.
    pub fn check_change(self, caller: Caller) -> Result<()> {
        if self == Self::Draft { Ok(()) } else { caller.needs(Role::Editor) }
    }

    /// Whether a record may go from this status to another: 409 for a step back, 403 for publishing by a checker.
    pub fn check_move(self, noun: &str, to: Self, caller: Caller) -> Result<()> {
        match (self, to) {
            (Self::Withdrawn, _) => {
                Err(Error::conflict(format!("A withdrawn {noun} stays as it is. Record a new one.")))
            }
            (Self::Draft, Self::Withdrawn) => {
                Err(Error::conflict(format!("This {noun} is a draft: delete it instead of withdrawing it.")))
            }
            (Self::Published, Self::Draft) => Err(Error::conflict(format!(
                "This {noun} is published: withdraw it, it does not become a draft again."
            ))),
            (Self::Draft, Self::Published) => caller.needs(Role::Editor),
            _ => Ok(()),
        }
    }
}

impl NewClaim {
    /// The ids in it.
    pub fn references(&self) -> Vec<Reference> {
        Reference::to(Noun::Claim, self.part_of_id, "/part_of_id").into_iter().collect()
    }

    /// Records claims that were checked, in one statement: they may be parts of each other.
    pub async fn insert(new: &[(Uuid, &Self)], caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let rows: Vec<_> = new
            .iter()
            .map(|(id, new)| (claims::id.eq(*id), claims::newsroom_id.eq(caller.newsroom_id), *new))
            .collect();
        diesel::insert_into(claims::table).values(rows).execute(conn).await.on_constraint(explain)?;
        Ok(())
    }
}

/// What the table's rules mean to a client.
pub fn explain(constraint: &str) -> Option<Error> {
    Some(match constraint {
        "claims_not_part_of_itself" => Error::field("/part_of_id", "must be another claim"),
        "claims_part_of_same_newsroom" => Error::field("/part_of_id", "must be a claim of your own newsroom"),
        "claims_no_circle_of_parts" => {
            Error::conflict("This would make the claim a part of itself, through other claims.")
        }
        "claims_frozen" => Error::conflict(
            "text, language and part_of_id are frozen: a published verdict, or another newsroom's published or withdrawn statement, hangs on this claim. Record a new claim.",
        ),
        "claims_withdrawn_is_final" => Error::conflict("A withdrawn claim stays, with its reason."),
        "claims_status_moves" => Error::conflict("A claim goes from draft to published to withdrawn and never back."),
        _ => return None,
    })
}

/// The claim whose page, or card, has this path.
pub fn at_path(path: &str) -> Option<Uuid> {
    let id = path.strip_prefix("/embed").unwrap_or(path).strip_prefix("/claims/")?.trim_end_matches('/');
    Uuid::try_parse(id).ok().filter(|_| id.len() == 36)
}
