use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::api_keys::{ApiKey, NewApiKey};
use crate::auth::{Caller, Key, Role};
use crate::error::{Error, Result};
use crate::etag::{IfMatch, Versioned};
use crate::members::{Member, NewMember};
use crate::page::PageRequest;
use crate::patch::Patch;
use crate::schema::newsrooms;
use crate::scopes::Scopes;
use crate::text;

/// An organisation that records and checks claims.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
pub struct Newsroom {
    /// UUIDv7.
    pub id: Uuid,
    /// Name as shown to readers.
    #[schema(example = "My newsroom")]
    pub name: String,
    /// Home page.
    pub site: Option<String>,
    /// Address of the logo.
    pub logo: Option<String>,
    /// Address of the corrections policy.
    pub corrections_policy: Option<String>,
    /// Whether a verdict is published only after somebody else than its authors approved it.
    pub four_eyes: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// What a newsroom says of itself.
#[derive(Debug, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = newsrooms, treat_none_as_null = true)]
pub struct NewNewsroom {
    /// Name as shown to readers.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub name: String,
    /// Home page, http or https.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub site: Option<String>,
    /// Address of the logo, http or https.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub logo: Option<String>,
    /// Address of the corrections policy, http or https.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub corrections_policy: Option<String>,
    /// Whether a verdict is published only after somebody else than its authors approved it; `true` unless said.
    #[serde(default = "four_eyes")]
    #[schema(default = true)]
    pub four_eyes: bool,
}

fn four_eyes() -> bool {
    true
}

impl Versioned for Newsroom {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Newsroom {
    /// One newsroom: all are public.
    pub async fn find(id: Uuid, mut conn: &AsyncPgConnection) -> Result<Self> {
        Self::query().filter(newsrooms::id.eq(id)).first(&mut conn).await.optional()?.ok_or(Error::NotFound("newsroom"))
    }

    /// A page of newsrooms, newest first.
    pub async fn list(page: &PageRequest, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let mut query = Self::query().into_boxed();
        if let Some(after) = page.after() {
            query = query.filter(newsrooms::id.lt(after));
        }
        Ok(query.order(newsrooms::id.desc()).limit(page.rows()).load(&mut conn).await?)
    }

    /// Changes the admin's own newsroom.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewNewsroom>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let newsroom: Option<Self> =
            Self::query().filter(newsrooms::id.eq(id)).for_update().first(conn).await.optional()?;
        let newsroom = newsroom.ok_or(Error::NotFound("newsroom"))?;
        if caller.newsroom_id != id {
            return Err(Error::Forbidden("This is another newsroom.".into()));
        }
        if_match.check(&newsroom)?;
        diesel::update(newsrooms::table.find(id)).set(&patch.apply(&newsroom)?).execute(conn).await?;
        Self::find(id, conn).await
    }

    /// Whether the newsroom's verdicts need approval before they are published.
    pub async fn works_by_four_eyes(id: Uuid, conn: &mut AsyncPgConnection) -> Result<bool> {
        Ok(newsrooms::table.find(id).select(newsrooms::four_eyes).first(conn).await?)
    }

    /// The id of the newsroom named, if there is one; without a name the ids of two, to see whether there is only one.
    pub async fn named_or_first_two(named: Option<Uuid>, mut conn: &AsyncPgConnection) -> Result<Vec<Uuid>> {
        let mut query = newsrooms::table.select(newsrooms::id).order(newsrooms::id).limit(2).into_boxed();
        if let Some(id) = named {
            query = query.filter(newsrooms::id.eq(id));
        }
        Ok(query.load(&mut conn).await?)
    }

    /// The names of newsrooms by id.
    pub async fn names(ids: &[Uuid], mut conn: &AsyncPgConnection) -> Result<HashMap<Uuid, String>> {
        let query = newsrooms::table.filter(newsrooms::id.eq_any(ids)).select((newsrooms::id, newsrooms::name));
        let names: Vec<(Uuid, String)> = query.load(&mut conn).await?;
        Ok(names.into_iter().collect())
    }

    /// How many newsrooms there are.
    pub async fn count(mut conn: &AsyncPgConnection) -> Result<i64> {
        Ok(newsrooms::table.count().get_result(&mut conn).await?)
    }
}

/// A new newsroom with an admin who has a key: what there must be before anybody can write.
///
/// `ids` are the newsroom's, the admin's and the key's.
pub async fn bootstrap(
    name: &str,
    key: &Key,
    ids: [Uuid; 3],
    conn: &mut AsyncPgConnection,
) -> Result<(Newsroom, Member)> {
    let new = NewNewsroom { name: name.to_owned(), site: None, logo: None, corrections_policy: None, four_eyes: true };
    new.validate().map_err(|errors| Error::Validation(crate::faults::field_errors(&errors)))?;
    let [newsroom_id, member_id, key_id] = ids;
    diesel::insert_into(newsrooms::table).values((newsrooms::id.eq(newsroom_id), &new)).execute(conn).await?;
    let admin = NewMember { name: "Admin".into(), email: None, role: Role::Admin, oidc_subject: None };
    let member = Member::create(member_id, &admin, newsroom_id, conn).await?;
    let first = NewApiKey { member_id, name: "First key".into(), expires_at: None, scopes: Scopes::ALL };
    ApiKey::store(key_id, &first, key, conn).await?;
    Ok((Newsroom::find(newsroom_id, conn).await?, member))
}
