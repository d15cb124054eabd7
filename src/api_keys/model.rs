use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::{Caller, Key};
use crate::error::{Error, Result};
use crate::page::PageRequest;
use crate::schema::{api_keys, members};
use crate::text;

/// A member's key. Its hash is never shown.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(base_query = api_keys::table.inner_join(members::table), table_name = api_keys)]
pub struct ApiKey {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose key it is.
    pub member_id: Uuid,
    /// What it is for.
    pub name: String,
    /// Its first characters.
    #[schema(example = "onr_3fGh")]
    pub hint: String,
    /// From when on it is refused; null: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked; null: it was not.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A key to be made.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"member_id": "#admin", "name": "CMS", "expires_at": null}))]
pub struct NewApiKey {
    /// Whose key it will be.
    pub member_id: Uuid,
    /// What it is for.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub name: String,
    /// From when on it is refused; null: never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A new key with its text, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose key it is.
    pub member_id: Uuid,
    /// What it is for.
    pub name: String,
    /// Its first characters.
    pub hint: String,
    /// From when on it is refused; null: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Null: it was just made.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The key itself. Keep it: it is not stored. Null in a replayed answer.
    pub key: Option<String>,
}

impl CreatedApiKey {
    /// The record with the key's text.
    pub fn new(record: ApiKey, key: Option<String>) -> Self {
        let ApiKey { id, member_id, name, hint, expires_at, revoked_at, created_at } = record;
        Self { id, member_id, name, hint, expires_at, revoked_at, created_at, key }
    }
}

impl ApiKey {
    /// A page of the caller's newsroom's keys, newest first; revoked ones too.
    pub async fn list(page: &PageRequest, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let mut query = Self::query().filter(members::newsroom_id.eq(caller.newsroom_id)).into_boxed();
        if let Some(after) = page.after() {
            query = query.filter(api_keys::id.lt(after));
        }
        Ok(query.order(api_keys::id.desc()).limit(page.rows()).load(&mut conn).await?)
    }

    /// All keys of the caller's newsroom, newest first.
    pub async fn all(caller: Caller, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let own = members::newsroom_id.eq(caller.newsroom_id);
        Ok(Self::query().filter(own).order(api_keys::id.desc()).load(&mut conn).await?)
    }

    /// One key of the caller's newsroom.
    pub async fn find(id: Uuid, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Self> {
        let own = api_keys::id.eq(id).and(members::newsroom_id.eq(caller.newsroom_id));
        Self::query().filter(own).first(&mut conn).await.optional()?.ok_or(Error::NotFound("key"))
    }

    /// Makes a key for a member of the caller's newsroom.
    pub async fn create(new: &NewApiKey, key: &Key, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let own = members::id.eq(new.member_id).and(members::newsroom_id.eq(caller.newsroom_id));
        let member: Option<Uuid> = members::table.filter(own).select(members::id).first(conn).await.optional()?;
        let member = member.ok_or_else(|| Error::field("/member_id", "must be the id of a member of your newsroom"))?;
        let id = Uuid::now_v7();
        Self::store(id, member, &new.name, key, new.expires_at, conn).await?;
        Self::find(id, caller, conn).await
    }

    /// Stores a key's hash.
    pub async fn store(
        id: Uuid,
        member_id: Uuid,
        name: &str,
        key: &Key,
        expires_at: Option<DateTime<Utc>>,
        conn: &mut AsyncPgConnection,
    ) -> Result<()> {
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::id.eq(id),
                api_keys::member_id.eq(member_id),
                api_keys::name.eq(name),
                api_keys::key_hash.eq(key.hash()),
                api_keys::hint.eq(key.hint()),
                api_keys::expires_at.eq(expires_at),
            ))
            .execute(conn)
            .await?;
        Ok(())
    }

    /// Revokes a key, from the next request on. Again: nothing happens.
    pub async fn revoke(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        Self::find(id, caller, conn).await?;
        diesel::update(api_keys::table.find(id).filter(api_keys::revoked_at.is_null()))
            .set(api_keys::revoked_at.eq(diesel::dsl::now))
            .execute(conn)
            .await?;
        Ok(())
    }
}
