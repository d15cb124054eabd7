use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::auth::{Caller, Role};
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::page::PageRequest;
use crate::patch::Patch;
use crate::schema::{members, newsrooms, removed_members};
use crate::text;

/// A person in a newsroom.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
pub struct Member {
    /// UUIDv7.
    pub id: Uuid,
    /// The newsroom.
    pub newsroom_id: Uuid,
    /// The person's name.
    pub name: String,
    /// E-mail address; null for those who are no admins.
    pub email: Option<String>,
    /// What the member may do.
    pub role: Role,
    /// Who signs in as this member, by the provider's issuer and subject; null for those who are no admins.
    pub oidc_subject: Option<String>,
    /// When the member was added.
    pub created_at: DateTime<Utc>,
    /// When the member last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A member to be added.
#[derive(Debug, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = members, treat_none_as_null = true)]
#[schema(example = json!({"name": "Night desk", "email": null, "role": "checker"}))]
pub struct NewMember {
    /// The person's name.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub name: String,
    /// E-mail address; unique within the newsroom.
    #[validate(email(code = "refused", message = "must be an e-mail address"), length(max = 254))]
    #[schema(max_length = 254, format = "email")]
    pub email: Option<String>,
    /// What the member may do. Of who signs in with the single sign-on, it follows what that says.
    pub role: Role,
    /// Who signs in as this member: the provider's issuer, a space, and the subject there; unique in the newsroom.
    #[validate(length(max = 760), custom(function = subject))]
    #[schema(max_length = 760)]
    pub oidc_subject: Option<String>,
}

/// As tokens have it: an issuer and what identifies somebody there.
fn subject(text: &str) -> Result<(), ValidationError> {
    let printable = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match text.split_once(' ') {
        Some((issuer, subject))
            if (issuer.starts_with("https://") || issuer.starts_with("http://"))
                && printable(text)
                && (1..=255).contains(&subject.len()) =>
        {
            Ok(())
        }
        _ => Err(text::refusal("must be an issuer's address, a space, and a subject of at most 255 characters")),
    }
}

impl NewMember {
    /// 409 that names the other member of the newsroom with this e-mail address, which the index would refuse unnamed.
    async fn check_email(&self, id: Uuid, newsroom_id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
        let Some(email) = &self.email else { return Ok(()) };
        let same = sql::<Bool>("lower(email) = lower(").bind::<Text, _>(email).sql(")");
        let others = members::newsroom_id.eq(newsroom_id).and(members::id.ne(id));
        let other: Option<Uuid> =
            members::table.filter(others).filter(same).select(members::id).first(conn).await.optional()?;
        other.map_or(Ok(()), |other| Err(Error::existing(SAME_EMAIL, other)))
    }
}

const SAME_EMAIL: &str = "Your newsroom has a member with this e-mail address.";

impl Versioned for Member {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Member {
    /// E-mail addresses are for admins.
    fn shown_to(mut self, caller: Caller) -> Self {
        if caller.needs(Role::Admin).is_err() {
            self.email = None;
            self.oidc_subject = None;
        }
        self
    }

    /// One member of the caller's newsroom.
    pub async fn find(id: Uuid, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Self> {
        let own = members::id.eq(id).and(members::newsroom_id.eq(caller.newsroom_id));
        let member: Option<Self> = Self::query().filter(own).first(&mut conn).await.optional()?;
        Ok(member.ok_or(Error::NotFound("member"))?.shown_to(caller))
    }

    /// A page of the caller's newsroom's members, newest first.
    pub async fn list(page: &PageRequest, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let mut query = Self::query().filter(members::newsroom_id.eq(caller.newsroom_id)).into_boxed();
        if let Some(after) = page.after() {
            query = query.filter(members::id.lt(after));
        }
        let members: Vec<Self> = query.order(members::id.desc()).limit(page.rows()).load(&mut conn).await?;
        Ok(members.into_iter().map(|member| member.shown_to(caller)).collect())
    }

    /// Adds a member to a newsroom.
    pub async fn create(id: Uuid, new: &NewMember, newsroom_id: Uuid, conn: &mut AsyncPgConnection) -> Result<Self> {
        new.check_email(id, newsroom_id, conn).await?;
        diesel::insert_into(members::table)
            .values((members::id.eq(id), members::newsroom_id.eq(newsroom_id), new))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        Self::readmit(new, newsroom_id, conn).await?;
        Ok(Self::query().filter(members::id.eq(id)).first(conn).await?)
    }

    /// Changes a member. 409 when the newsroom would be left without an admin.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewMember>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let member = Self::lock(id, caller, conn).await?;
        if_match.check(&member)?;
        let new = patch.apply(&member)?;
        new.check_email(id, caller.newsroom_id, conn).await?;
        diesel::update(members::table.find(id)).set(&new).execute(conn).await.on_constraint(explain)?;
        Self::readmit(&new, caller.newsroom_id, conn).await?;
        Self::check_admins(caller.newsroom_id, conn).await?;
        Self::find(id, caller, conn).await
    }

    /// Whom an admin adds, or makes known at the single sign-on, is not one who was removed any more.
    async fn readmit(new: &NewMember, newsroom_id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
        if let Some(subject) = &new.oidc_subject {
            diesel::delete(removed_members::table.find((newsroom_id, subject))).execute(conn).await?;
        }
        Ok(())
    }

    /// Removes a member with its keys. 409 when the newsroom would be left without an admin.
    ///
    /// Who signs in with the single sign-on does not come back by that.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let member = Self::lock(id, caller, conn).await?;
        if_match.check(&member)?;
        diesel::delete(members::table.find(id)).execute(conn).await?;
        if let Some(subject) = member.oidc_subject {
            use removed_members as removed;
            let values = (removed::newsroom_id.eq(caller.newsroom_id), removed::oidc_subject.eq(subject));
            diesel::insert_into(removed::table).values(values).on_conflict_do_nothing().execute(conn).await?;
        }
        Self::check_admins(caller.newsroom_id, conn).await
    }

    /// Who may act on the command line: the member named, else the first admin of each newsroom.
    pub async fn acting(member: Option<Uuid>, mut conn: &AsyncPgConnection) -> Result<Vec<Caller>> {
        let columns = (members::id, members::newsroom_id, members::role);
        let members: Vec<(Uuid, Uuid, Role)> = match member {
            Some(id) => members::table.find(id).select(columns).load(&mut conn).await?,
            None => {
                members::table
                    .filter(members::role.eq(Role::Admin))
                    .distinct_on(members::newsroom_id)
                    .order((members::newsroom_id, members::id))
                    .select(columns)
                    .limit(20)
                    .load(&mut conn)
                    .await?
            }
        };
        Ok(members.into_iter().map(|(id, newsroom_id, role)| Caller::without_key(id, newsroom_id, role)).collect())
    }

    /// Locks the newsroom first: two admins who demote each other must not both succeed.
    async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        lock_newsroom(caller.newsroom_id, conn).await?;
        Self::find(id, caller, conn).await
    }

    /// How many admins a newsroom has.
    pub async fn count_admins(newsroom_id: Uuid, conn: &mut AsyncPgConnection) -> Result<i64> {
        let admins = members::newsroom_id.eq(newsroom_id).and(members::role.eq(Role::Admin));
        Ok(members::table.filter(admins).count().get_result(conn).await?)
    }

    async fn check_admins(newsroom_id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
        if Self::count_admins(newsroom_id, conn).await? > 0 {
            Ok(())
        } else {
            Err(Error::conflict("A newsroom needs an admin. Make another member admin first."))
        }
    }
}

/// Held by whatever changes who is a member, and as what.
pub async fn lock_newsroom(id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
    newsrooms::table.find(id).select(newsrooms::id).for_no_key_update().first::<Uuid>(conn).await?;
    Ok(())
}

fn explain(constraint: &str) -> Option<Error> {
    match constraint {
        "members_email_key" => Some(Error::conflict(SAME_EMAIL)),
        "members_oidc_subject_key" => Some(Error::conflict("Your newsroom has a member with this oidc_subject.")),
        _ => None,
    }
}
