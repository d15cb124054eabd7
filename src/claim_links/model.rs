use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::auth::{Access, Caller, Role, Viewer};
use crate::claims::lock_trees;
use crate::columns::text_enum;
use crate::error::{Error, FieldError, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::claim_links;

text_enum! {
    /// What the claim `claim_id` is to the claim `linked_claim_id`.
    LinkKind {
        /// The same claim, perhaps in other words or another language. It holds both ways, and from link to link.
        SameAs = "same_as",
        /// It repeats the linked, earlier claim.
        Repeats = "repeats",
        /// Both cannot be true. It holds both ways.
        Contradicts = "contradicts",
        /// It says less than the linked claim: a narrower version of it.
        Narrower = "narrower",
    }
}

/// What one claim is to another: `claim_id` `kind` `linked_claim_id`. Everybody sees it while both claims are published.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct ClaimLink {
    /// UUIDv7.
    #[schema(example = "#negotiated-contradicts-on-the-move")]
    pub id: Uuid,
    /// The newsroom that recorded it.
    pub newsroom_id: Uuid,
    /// The claim that is something to the other.
    #[schema(example = "#blinken-lavrov-negotiated")]
    pub claim_id: Uuid,
    /// What it is to the other.
    pub kind: LinkKind,
    /// The other claim.
    #[schema(example = "#exchange-on-the-move")]
    pub linked_claim_id: Uuid,
    /// Why they are linked, for everybody who sees the link.
    pub note: Option<String>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A claim link to be recorded.
#[derive(Debug, Clone, Deserialize, Serialize, Insertable, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = claim_links)]
#[validate(schema(function = links_two_claims))]
#[schema(example = json!({
    "claim_id": "#russian-influence", "kind": "narrower", "linked_claim_id": "#kremlin-power",
    "note": "Influence over the parties is less than power in the region."
}))]
pub struct NewClaimLink {
    /// The claim that is something to the other.
    pub claim_id: Uuid,
    /// What it is to the other.
    pub kind: LinkKind,
    /// The other claim.
    pub linked_claim_id: Uuid,
    /// Why they are linked, for everybody who sees the link.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

fn links_two_claims(new: &NewClaimLink) -> Result<(), ValidationError> {
    if new.claim_id == new.linked_claim_id {
        return Err(ValidationError::new("linked_claim_id").with_message("must be another claim".into()));
    }
    Ok(())
}

impl Versioned for ClaimLink {
    fn version(&self) -> i32 {
        self.version
    }
}

impl LinkKind {
    /// Whether it holds both ways.
    fn is_symmetric(self) -> bool {
        matches!(self, Self::SameAs | Self::Contradicts)
    }
}

impl ClaimLink {
    fn access(&self, public: bool) -> Access<'_> {
        Access { noun: "claim link", newsroom_id: self.newsroom_id, public, withdrawn_reason: None }
    }

    /// The claim on the other end than this one.
    pub fn other_than(&self, claim_id: Uuid) -> Uuid {
        if self.claim_id == claim_id { self.linked_claim_id } else { self.claim_id }
    }

    /// One link. 404 for what the viewer may not see.
    pub async fn find(id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let query = claim_links::table.find(id).select((Self::as_select(), claim_links::public));
        let found: Option<(Self, bool)> = query.first(&mut conn).await.optional()?;
        let (link, public) = found.ok_or(Error::NotFound("claim link"))?;
        link.access(public).see(viewer)?;
        Ok(link)
    }

    /// Records a link. 403 for a checker where both claims are published, 409 where the newsroom has the link already or one
    /// of the claims was withdrawn.
    pub async fn create(id: Uuid, new: &NewClaimLink, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        // Before anything is looked up: it must stay as it is found.
        lock_trees(&[new.claim_id, new.linked_claim_id], &[], conn).await?;
        references::check(&new.references(), &BTreeSet::new(), caller, conn).await?;
        new.check_existing(caller, conn).await?;
        let public: bool = diesel::insert_into(claim_links::table)
            .values((claim_links::id.eq(id), claim_links::newsroom_id.eq(caller.newsroom_id), new))
            .returning(claim_links::public)
            .get_result(conn)
            .await
            .on_constraint(explain)?;
        if public {
            // What is public at once takes an editor; a refusal takes the link back.
            caller.needs(Role::Editor)?;
        }
        Self::find(id, caller.into(), conn).await
    }

    /// Changes a link's note by a merge patch. 422 for another kind or other claims.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewClaimLink>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let link = Self::lock(id, caller, conn).await?;
        if_match.check(&link)?;
        let new = patch.apply(&link)?;
        link.check_fixed(&new)?;
        diesel::update(claim_links::table.find(id)).set(claim_links::note.eq(&new.note)).execute(conn).await?;
        Self::find(id, caller.into(), conn).await
    }

    /// Deletes a link.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        // The trees first, as everybody does who publishes or withdraws one of the claims.
        let link = Self::find(id, caller.into(), conn).await?;
        lock_trees(&[link.claim_id, link.linked_claim_id], &[], conn).await?;
        if_match.check(&Self::lock(id, caller, conn).await?)?;
        diesel::delete(claim_links::table.find(id)).execute(conn).await?;
        Ok(())
    }

    async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let query = claim_links::table.find(id).select((Self::as_select(), claim_links::public)).for_update();
        let found: Option<(Self, bool)> = query.first(conn).await.optional()?;
        let (link, public) = found.ok_or(Error::NotFound("claim link"))?;
        link.access(public).change(caller)?;
        Ok(link)
    }

    /// Another kind or other claims would be another link.
    fn check_fixed(&self, new: &NewClaimLink) -> Result<()> {
        let changed = [
            ("/claim_id", self.claim_id != new.claim_id),
            ("/kind", self.kind != new.kind),
            ("/linked_claim_id", self.linked_claim_id != new.linked_claim_id),
        ];
        let faults: Vec<_> = changed
            .into_iter()
            .filter(|(_, changed)| *changed)
            .map(|(pointer, _)| FieldError::new(pointer, "does not change: delete this link and record another"))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::Validation(faults)) }
    }
}

impl NewClaimLink {
    fn references(&self) -> Vec<Reference> {
        let both = [
            Reference::to(Noun::Claim, self.claim_id, "/claim_id"),
            Reference::to(Noun::Claim, self.linked_claim_id, "/linked_claim_id"),
        ];
        both.into_iter().flatten().collect()
    }

    /// 409 where the newsroom has this link already, whichever way round it is told where it holds both ways. The locks of the
    /// claims' trees keep it so.
    async fn check_existing(&self, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let told = |one: Uuid, other: Uuid| claim_links::claim_id.eq(one).and(claim_links::linked_claim_id.eq(other));
        let (one, other) = (self.claim_id, self.linked_claim_id);
        let own = claim_links::newsroom_id.eq(caller.newsroom_id).and(claim_links::kind.eq(self.kind));
        let query = claim_links::table.filter(own).select(claim_links::id).into_boxed();
        let query = if self.kind.is_symmetric() {
            query.filter(told(one, other).or(told(other, one)))
        } else {
            query.filter(told(one, other))
        };
        match query.first(conn).await.optional()? {
            Some(existing) => {
                let detail = "Your newsroom has linked these claims so already. Change or delete that link.";
                Err(Error::existing(detail, existing))
            }
            None => Ok(()),
        }
    }
}

/// What the table's rules mean to a client.
fn explain(constraint: &str) -> Option<Error> {
    (constraint == "claim_links_not_to_withdrawn")
        .then(|| Error::conflict("One of the claims was withdrawn: it is not linked any more."))
}
