use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::queue;
use super::secrets::WebhookSecret;
use crate::auth::Caller;
use crate::columns::text_enum;
use crate::error::{Error, Result};
use crate::etag::{IfMatch, Versioned};
use crate::events::{EventKind, known};
use crate::members::lock_newsroom;
use crate::page::PageRequest;
use crate::patch::Patch;
use crate::schema::{webhook_cursors, webhooks};
use crate::text;

text_enum! {
    /// What a webhook sends.
    #[derive(Default)]
    WebhookFormat {
        /// Events as JSON, signed after Standard Webhooks 1.0.
        #[default]
        Standard = "standard",
        /// Messages for an incoming webhook of Slack.
        Slack = "slack",
        /// Messages for an incoming webhook of Mattermost.
        Mattermost = "mattermost",
        /// Messages for a workflow of Microsoft Teams.
        Teams = "teams",
    }
}

/// How many webhooks a newsroom may have.
const MOST: i64 = 50;

/// Where a newsroom has events sent to.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = webhooks)]
pub struct Webhook {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose webhook it is.
    pub newsroom_id: Uuid,
    /// What it is for.
    pub name: String,
    /// The receiver's address.
    pub url: String,
    /// What is sent.
    pub format: WebhookFormat,
    /// The kinds of events that are sent; none: all.
    #[schema(value_type = Vec<EventKind>)]
    pub events: Vec<String>,
    /// Only events on claims with one of these topics; none: on all.
    pub topics: Vec<String>,
    /// Only events on claims in one of these languages; none: in all.
    pub languages: Vec<String>,
    /// Only events of the newsroom's own records.
    pub own: bool,
    /// Whether anything is sent. While it is not, all waits.
    pub active: bool,
    /// When the server has disabled it; null: it has not.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why the server has disabled it.
    pub disabled_reason: Option<String>,
    /// What deliveries are signed with, in the answer to its making only; else null.
    #[diesel(select_expression = sql("NULL::text"), select_expression_type = SqlLiteral<Nullable<Text>>)]
    #[schema(example = json!(null))]
    pub secret: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A webhook to be made.
#[derive(Debug, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
#[schema(example = json!({"name": "Website", "url": "https://hooks.example/onrecord", "format": "standard", "events": ["verdict.published", "verdict.corrected", "verdict.retracted", "verdict.withdrawn"], "topics": [], "languages": [], "own": true, "active": true}))]
pub struct NewWebhook {
    /// What it is for.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub name: String,
    /// The receiver's address: https, and none in a private network, unless whoever runs the server allows it.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub url: String,
    /// What is sent; `standard` unless said.
    #[serde(default)]
    #[schema(required = false)]
    pub format: WebhookFormat,
    /// The kinds of events that are sent; none: all.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"), custom(function = known))]
    #[schema(required = false, max_items = 50, value_type = Vec<EventKind>)]
    pub events: Vec<String>,
    /// Only events on claims with one of these topics; none: on all.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"), custom(function = text::slugs))]
    #[schema(required = false, max_items = 50)]
    pub topics: Vec<String>,
    /// Only events on claims in one of these languages, `en` for `en-GB` too; none: in all.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"), custom(function = languages))]
    #[schema(required = false, max_items = 50)]
    pub languages: Vec<String>,
    /// Only events of the newsroom's own records, and of no other newsroom's; `true` unless said.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    pub own: bool,
    /// Whether anything is sent; `true` unless said. While it is not, all waits; `true` again takes up where it stood.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    pub active: bool,
}

fn yes() -> bool {
    true
}

fn languages(tags: &[String]) -> Result<(), ValidationError> {
    text::each(tags, text::language)
}

impl Versioned for Webhook {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Webhook {
    /// A page of the caller's newsroom's webhooks, newest first.
    pub async fn list(page: &PageRequest, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let mut query = Self::query().filter(webhooks::newsroom_id.eq(caller.newsroom_id)).into_boxed();
        if let Some(after) = page.after() {
            query = query.filter(webhooks::id.lt(after));
        }
        Ok(query.order(webhooks::id.desc()).limit(page.rows()).load(&mut conn).await?)
    }

    /// One webhook of the caller's newsroom.
    pub async fn find(id: Uuid, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Self> {
        let own = webhooks::id.eq(id).and(webhooks::newsroom_id.eq(caller.newsroom_id));
        Self::query().filter(own).first(&mut conn).await.optional()?.ok_or(Error::NotFound("webhook"))
    }

    /// One webhook, for what is sent to it.
    pub async fn by_id(id: Uuid, mut conn: &AsyncPgConnection) -> Result<Self> {
        Self::query().filter(webhooks::id.eq(id)).first(&mut conn).await.optional()?.ok_or(Error::NotFound("webhook"))
    }

    /// Makes a webhook with its secret. It gets what happens from now on.
    pub async fn create(id: Uuid, new: &NewWebhook, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        // One after another, so that two do not both take the last place.
        lock_newsroom(caller.newsroom_id, conn).await?;
        let own = webhooks::table.filter(webhooks::newsroom_id.eq(caller.newsroom_id));
        if own.count().get_result::<i64>(conn).await? >= MOST {
            return Err(Error::conflict(format!(
                "A newsroom has at most {MOST} webhooks, as all newsrooms' are sent by the same server: delete one first."
            )));
        }
        let values = (webhooks::id.eq(id), webhooks::newsroom_id.eq(caller.newsroom_id), new);
        diesel::insert_into(webhooks::table).values(values).execute(conn).await?;
        let newest = sql::<BigInt>("(SELECT coalesce(max(position), 0) FROM change_positions)");
        let cursor = (webhook_cursors::webhook_id.eq(id), webhook_cursors::position.eq(newest));
        diesel::insert_into(webhook_cursors::table).values(cursor).execute(conn).await?;
        let WebhookSecret { secret, .. } = WebhookSecret::renew(id, conn).await?;
        Ok(Self { secret, ..Self::find(id, caller, conn).await? })
    }

    /// Changes a webhook whose address will be `checked`. One that is made active, or gets another address, takes up where it stood, at once.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewWebhook>,
        checked: &str,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let webhook = Self::lock(id, caller, conn).await?;
        if_match.check(&webhook)?;
        let new = webhook.patched(patch)?;
        if new.url != checked {
            return Err(Error::crossed());
        }
        let row = webhooks::table.find(id);
        queue::end_pause(id, conn).await?;
        if new.active && !webhook.active {
            let enabled =
                (webhooks::disabled_at.eq(None::<DateTime<Utc>>), webhooks::disabled_reason.eq(None::<String>));
            diesel::update(row).set((&new, enabled)).execute(conn).await?;
            queue::take_up(id, conn).await?;
        } else {
            diesel::update(row).set(&new).execute(conn).await?;
            // What waits has failed at the old address.
            if new.url != webhook.url {
                queue::take_up(id, conn).await?;
            }
        }
        Self::find(id, caller, conn).await
    }

    /// What a patch makes of it.
    pub fn patched(&self, patch: &Patch<NewWebhook>) -> Result<NewWebhook> {
        let Self { name, url, format, events, topics, languages, own, active, .. } = self.clone();
        patch.apply(&NewWebhook { name, url, format, events, topics, languages, own, active })
    }

    /// Deletes a webhook with what waits for it.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        if_match.check(&Self::lock(id, caller, conn).await?)?;
        diesel::delete(webhooks::table.find(id)).execute(conn).await?;
        Ok(())
    }

    /// One webhook of the caller's newsroom, kept from changing.
    pub async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let own = webhooks::id.eq(id).and(webhooks::newsroom_id.eq(caller.newsroom_id));
        let found = Self::query().filter(own).for_no_key_update().first(conn).await.optional()?;
        found.ok_or(Error::NotFound("webhook"))
    }
}
