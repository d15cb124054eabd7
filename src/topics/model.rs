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
use crate::schema::{newsroom_topics, topics};
use crate::text;

/// What claims are about.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
pub struct Topic {
    /// Its name in addresses and in claims.
    #[schema(example = "nagorno-karabakh")]
    pub slug: String,
    /// The newsroom that made it public; yours while it is not.
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
#[diesel(table_name = newsroom_topics)]
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
    /// A page of topics, by slug: public ones, and those that the viewer's newsroom uses or has made.
    pub async fn list(page: &PageRequest, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let (mut for_public, mut for_own) = (conn, conn);
        let after = page.after_slug().unwrap_or_default();
        let public = Self::query()
            .filter(topics::public)
            .filter(topics::slug.gt(&after))
            .order(topics::slug)
            .limit(page.rows())
            .load(&mut for_public);
        let own = async {
            let Some(newsroom_id) = viewer.newsroom_id() else { return Ok(Vec::new()) };
            hidden(newsroom_id)
                .filter(newsroom_topics::slug.gt(&after))
                .order(newsroom_topics::slug)
                .limit(page.rows())
                .load(&mut for_own)
                .await
        };
        let (mut found, own): (Vec<Self>, Vec<Self>) = futures_util::try_join!(public, own)?;
        found.extend(own);
        found.sort_unstable_by(|one, other| one.slug.cmp(&other.slug));
        found.truncate(usize::try_from(page.rows()).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// One topic. 404 for what the viewer may not see.
    pub async fn find(slug: &str, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let public = Self::query().filter(topics::slug.eq(slug)).filter(topics::public).first(&mut conn).await;
        if let Some(public) = public.optional()? {
            return Ok(public);
        }
        let Some(newsroom_id) = viewer.newsroom_id() else { return Err(Error::NotFound("topic")) };
        let own = hidden(newsroom_id).filter(newsroom_topics::slug.eq(slug)).first(&mut conn).await;
        own.optional()?.ok_or(Error::NotFound("topic"))
    }

    /// Makes a topic. 409 when the caller sees one of this slug; that another newsroom uses it in drafts is not told.
    pub async fn create(new: &NewTopic, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        check_parent(new.parent_slug.as_ref(), caller, conn).await?;
        diesel::insert_into(topics::table)
            .values((topics::slug.eq(&new.slug), topics::newsroom_id.eq(caller.newsroom_id)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        let taken = || Error::conflict("There is a topic of this slug: read it, and change it if need be.");
        if Self::lock(&new.slug, conn).await?.is_some_and(|public| public) {
            return Err(taken());
        }
        let made = diesel::insert_into(newsroom_topics::table)
            .values((new, newsroom_topics::newsroom_id.eq(caller.newsroom_id)))
            .on_conflict((newsroom_topics::slug, newsroom_topics::newsroom_id))
            .do_nothing()
            .execute(conn)
            .await
            .on_constraint(explain)?;
        if made == 0 {
            return Err(taken());
        }
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
        let public = Self::lock(slug, conn).await?.unwrap_or_default();
        let topic = Self::find(slug, caller.into(), conn).await?;
        if_match.check(&topic)?;
        let current =
            NewTopicDetails { label: topic.label, parent_slug: topic.parent_slug, iptc_code: topic.iptc_code };
        let new = patch.apply(&current)?;
        if new.parent_slug != current.parent_slug {
            check_parent(new.parent_slug.as_ref(), caller, conn).await?;
        }
        if public {
            diesel::update(topics::table.find(slug)).set(&new).execute(conn).await.on_constraint(explain)?;
        } else {
            use newsroom_topics as own;
            let details =
                (own::label.eq(&new.label), own::parent_slug.eq(&new.parent_slug), own::iptc_code.eq(&new.iptc_code));
            diesel::update(own::table.find((slug, caller.newsroom_id)))
                .set(details)
                .execute(conn)
                .await
                .on_constraint(explain)?;
        }
        Self::find(slug, caller.into(), conn).await
    }

    /// Keeps a topic from becoming public or hidden, and answers which of the two it is.
    async fn lock(slug: &str, conn: &mut AsyncPgConnection) -> Result<Option<bool>> {
        Ok(topics::table.find(slug).select(topics::public).for_update().first(conn).await.optional()?)
    }
}

/// Those of a hidden topic, in the order of [`Topic`]'s.
type HiddenColumns = (
    newsroom_topics::slug,
    diesel::dsl::Nullable<newsroom_topics::newsroom_id>,
    newsroom_topics::label,
    newsroom_topics::parent_slug,
    newsroom_topics::iptc_code,
    newsroom_topics::created_at,
    newsroom_topics::updated_at,
    newsroom_topics::version,
);

/// The topics that a newsroom uses or has made and that are not public, as it sees them.
#[diesel::dsl::auto_type]
fn hidden(newsroom_id: Uuid) -> _ {
    let columns: HiddenColumns = (
        newsroom_topics::slug,
        newsroom_topics::newsroom_id.nullable(),
        newsroom_topics::label,
        newsroom_topics::parent_slug,
        newsroom_topics::iptc_code,
        newsroom_topics::created_at,
        newsroom_topics::updated_at,
        newsroom_topics::version,
    );
    newsroom_topics::table
        .inner_join(topics::table.on(topics::slug.eq(newsroom_topics::slug)))
        .filter(newsroom_topics::newsroom_id.eq(newsroom_id))
        .filter(diesel::dsl::not(topics::public))
        .select(columns)
}

/// 422 unless the wider topic is one that the caller sees.
async fn check_parent(parent_slug: Option<&String>, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    let Some(parent_slug) = parent_slug else { return Ok(()) };
    match Topic::find(parent_slug, caller.into(), conn).await {
        Err(Error::NotFound(_)) => Err(Error::field("/parent_slug", "must be the slug of a topic")),
        found => found.map(drop),
    }
}

fn explain(constraint: &str) -> Option<Error> {
    match constraint {
        "topics_not_its_own_parent" | "newsroom_topics_not_its_own_parent" => {
            Some(Error::field("/parent_slug", "must be another topic"))
        }
        _ => None,
    }
}
