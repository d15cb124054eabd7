use chrono::{DateTime, SecondsFormat, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::{Caller, Key, Role};
use crate::error::{Error, FieldError, Result};
use crate::page::PageRequest;
use crate::schema::{api_keys, members};
use crate::scopes::Scopes;
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
    /// What it may be used for.
    pub scopes: Scopes,
    /// When a request last came with it, to the minute; null: none has.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A key to be made.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"member_id": "#admin", "name": "CMS", "expires_at": null, "scopes": ["read", "record"]}))]
pub struct NewApiKey {
    /// Whose key it will be.
    pub member_id: Uuid,
    /// What it is for.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub name: String,
    /// From when on it is refused; null: never. Not later than your own key's.
    pub expires_at: Option<DateTime<Utc>>,
    /// What it may be used for; left out, all that its member's role allows. Only what your own key may be used for.
    #[serde(default = "all")]
    #[schema(required = false)]
    pub scopes: Scopes,
}

fn all() -> Scopes {
    Scopes::ALL
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
    /// What it may be used for.
    pub scopes: Scopes,
    /// Null: it was just made.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The key itself. Keep it: it is not stored. Null in a replayed answer.
    pub key: Option<String>,
}

impl CreatedApiKey {
    /// The record with the key's text.
    pub fn new(record: ApiKey, key: Option<String>) -> Self {
        let ApiKey { id, member_id, name, hint, expires_at, revoked_at, created_at, scopes, last_used_at } = record;
        Self { id, member_id, name, hint, expires_at, revoked_at, created_at, scopes, last_used_at, key }
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

    /// Makes a key for a member of the caller's newsroom, no stronger than the caller.
    pub async fn create(new: &NewApiKey, key: &Key, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        Self::make(new, key, &Maker::lock(caller, conn).await?, caller, conn).await
    }

    /// The same on the command line, whose user could as well write to the database: no role is needed.
    pub async fn create_by_operator(
        new: &NewApiKey,
        key: &Key,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        Self::make(new, key, &Maker::without_key(conn).await?, caller, conn).await
    }

    async fn make(
        new: &NewApiKey,
        key: &Key,
        maker: &Maker,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let own = members::id.eq(new.member_id).and(members::newsroom_id.eq(caller.newsroom_id));
        let known: bool = diesel::select(diesel::dsl::exists(members::table.filter(own))).get_result(conn).await?;
        let mut faults = maker.faults(new);
        if !known {
            faults.push(FieldError::new("/member_id", "must be the id of a member of your newsroom"));
        }
        if !faults.is_empty() {
            faults.sort();
            return Err(Error::Validation(faults));
        }
        let id = Uuid::now_v7();
        Self::store(id, new, key, conn).await?;
        Self::find(id, caller, conn).await
    }

    /// Stores a key's hash.
    pub async fn store(id: Uuid, new: &NewApiKey, key: &Key, conn: &mut AsyncPgConnection) -> Result<()> {
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::id.eq(id),
                api_keys::member_id.eq(new.member_id),
                api_keys::name.eq(&new.name),
                api_keys::key_hash.eq(key.hash()),
                api_keys::hint.eq(key.hint()),
                api_keys::expires_at.eq(new.expires_at),
                api_keys::scopes.eq(new.scopes),
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

/// Who makes a key, as it is while that is done: it may have lost its role or its own key since it was let in.
struct Maker {
    now: DateTime<Utc>,
    scopes: Scopes,
    expires_at: Option<DateTime<Utc>>,
}

const NOW: &str = "clock_timestamp()";

impl Maker {
    /// Keeps the maker's role and key as they are until the transaction ends. Fails where either is gone.
    async fn lock(caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let member = members::table.find(caller.member_id).select(members::role).for_share();
        let role: Option<Role> = member.first(conn).await.optional()?;
        let role = role.ok_or(Error::Unauthenticated("You are no member any more."))?;
        // An admin's role is the highest there is: no member that it makes a key for has a higher one.
        Caller { role, ..caller }.needs(Role::Admin)?;
        let Some(key_id) = caller.key_id else { return Self::without_key(conn).await };
        let key = api_keys::table.find(key_id).filter(api_keys::revoked_at.is_null());
        let key = key.select((sql::<Timestamptz>(NOW), api_keys::scopes, api_keys::expires_at)).for_share();
        let key: Option<(_, _, Option<DateTime<Utc>>)> = key.first(conn).await.optional()?;
        let (now, scopes, expires_at) = key.ok_or(Error::Unauthenticated("Your key was revoked meanwhile."))?;
        Ok(Self { now, scopes, expires_at })
    }

    /// Who needs no key has no narrower scopes either.
    async fn without_key(conn: &mut AsyncPgConnection) -> Result<Self> {
        let now = diesel::select(sql::<Timestamptz>(NOW)).get_result(conn).await?;
        Ok(Self { now, scopes: Scopes::ALL, expires_at: None })
    }

    /// What would make the new key stronger than the maker's, or useless.
    fn faults(&self, new: &NewApiKey) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if let Some(missing) = new.scopes.beyond(self.scopes) {
            let detail = format!("must not go beyond your own key's scopes, which lack {missing}");
            faults.push(FieldError::new("/scopes", detail));
        }
        match (new.expires_at, self.expires_at) {
            (Some(at), _) if at <= self.now => faults.push(FieldError::new("/expires_at", "must be in the future")),
            (at, Some(own)) if at.is_none_or(|at| at > own) => {
                let own = own.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                faults.push(FieldError::new("/expires_at", format!("must not be later than your own key's, {own}")));
            }
            _ => {}
        }
        faults
    }
}
