use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::{Caller, Viewer};
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::page::PageRequest;
use crate::patch::Patch;
use crate::schema::topics;
use crate::text;

/// What claims are about.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
pub struct Topic {
    /// Its name in addresses and in claims.
    #[schema(example = "nagorno-karabakh")]
    pub slug: String,
    /// The newsroom that used it first.
    pub newsroom_id: Option<Uuid>,
    /// Its name for readers.
    pub label: Option<String>,
    /// The wider topic.
    pub parent_slug: Option<String>,
    /// Eight-digit code of the matching IPTC Media Topic.
    pub iptc_code: Option<String>,
    /// When it was first used.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A topic to be made.
#[derive(Debug, Deserialize, Serialize, Insertable, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = topics)]
#[schema(example = json!({"slug": "armenia", "label": "Armenia", "parent_slug": null, "iptc_code": null}))]
pub struct NewTopic {
    /// Its name in addresses and in claims: lower-case ASCII words joined by hyphens. It never changes.
    #[validate(length(min = 1, max = 100), custom(function = text::slug))]
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    pub slug: String,
    /// Its name for readers.
    #[validate(length(max = 300), custom(function = text::line))]
    #[schema(max_length = 300)]
    pub label: Option<String>,
    /// The wider topic.
    #[validate(length(max = 100), custom(function = text::slug))]
    #[schema(max_length = 100)]
    pub parent_slug: Option<String>,
    /// Eight-digit code of the matching IPTC Media Topic.
    #[validate(custom(function = eight_digits))]
    #[schema(pattern = "^[0-9]{8}$")]
    pub iptc_code: Option<String>,
}

/// What of a topic may change.
#[derive(Debug, Deserialize, Serialize, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = topics, treat_none_as_null = true)]
pub struct NewTopicDetails {
    /// Its name for readers.
    #[validate(length(max = 300), custom(function = text::line))]
    #[schema(max_length = 300)]
    pub label: Option<String>,
    /// The wider topic.
    #[validate(length(max = 100), custom(function = text::slug))]
    #[schema(max_length = 100)]
    pub parent_slug: Option<String>,
    /// Eight-digit code of the matching IPTC Media Topic.
    #[validate(custom(function = eight_digits))]
    #[schema(pattern = "^[0-9]{8}$")]
    pub iptc_code: Option<String>,
}

fn eight_digits(code: &str) -> Result<(), validator::ValidationError> {
    if code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(text::refusal("must be the eight digits of an IPTC Media Topic"))
    }
}

impl Versioned for Topic {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Topic {
    /// A page of topics, by slug.
    pub async fn list(page: &PageRequest, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let mut query = Self::query().into_boxed();
        query = match viewer.newsroom_id() {
            Some(newsroom_id) => query.filter(topics::public.or(topics::newsroom_id.eq(newsroom_id))),
            None => query.filter(topics::public),
        };
        if let Some(after) = page.after_slug() {
            query = query.filter(topics::slug.gt(after));
        }
        Ok(query.order(topics::slug).limit(page.rows()).load(&mut conn).await?)
    }

    /// One topic. 404 for what the viewer may not see.
    pub async fn find(slug: &str, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let query = topics::table.find(slug).select((Self::as_select(), topics::public));
        let found: Option<(Self, bool)> = query.first(&mut conn).await.optional()?;
        let visible = |(topic, public): &(Self, bool)| {
            *public || (topic.newsroom_id.is_some() && topic.newsroom_id == viewer.newsroom_id())
        };
        found.filter(visible).map(|(topic, _)| topic).ok_or(Error::NotFound("topic"))
    }

    /// Makes a topic. 409 when there is one of this slug.
    pub async fn create(new: &NewTopic, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        diesel::insert_into(topics::table)
            .values((new, topics::newsroom_id.eq(caller.newsroom_id)))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        Self::find(&new.slug, caller.into(), conn).await
    }

    /// Changes a topic: topics that are public are everybody's to describe.
    pub async fn change(
        slug: &str,
        patch: &Patch<NewTopicDetails>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        // Locked before it is read: two changes must not both be based on the same version.
        topics::table.find(slug).select(topics::slug).for_update().first::<String>(conn).await.optional()?;
        let topic = Self::find(slug, caller.into(), conn).await?;
        if_match.check(&topic)?;
        let current =
            NewTopicDetails { label: topic.label, parent_slug: topic.parent_slug, iptc_code: topic.iptc_code };
        diesel::update(topics::table.find(slug))
            .set(&patch.apply(&current)?)
            .execute(conn)
            .await
            .on_constraint(explain)?;
        Self::find(slug, caller.into(), conn).await
    }
}

fn explain(constraint: &str) -> Option<Error> {
    match constraint {
        "topics_pkey" => Some(Error::conflict("There is a topic of this slug: read it, and change it if need be.")),
        "topics_parent_slug_fkey" => Some(Error::field("/parent_slug", "must be the slug of a topic")),
        "topics_not_its_own_parent" => Some(Error::field("/parent_slug", "must be another topic")),
        _ => None,
    }
}
