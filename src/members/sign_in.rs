use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::model::{Member, lock_newsroom};
use crate::auth::{Caller, Role};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::schema::{members, removed_members};

/// Somebody whom the single sign-on has vouched for.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The newsroom whose members its users are.
    pub newsroom_id: Uuid,
    /// The issuer, a space, and the subject there.
    pub subject: String,
    /// What to call a new member.
    pub name: String,
    /// The role that the token gives.
    pub role: Role,
}

impl SignIn {
    /// The member, who is added now if it was never seen, and whose role is changed if the token has another.
    ///
    /// # Errors
    /// 403 for somebody who was removed.
    pub async fn member(self, db: &Db) -> Result<Caller> {
        let known = db.read(async |conn| self.find(conn).await).await?;
        let caller = |id| Caller::without_key(id, self.newsroom_id, self.role);
        let Some((id, role)) = known else {
            let new = self.clone();
            return Ok(caller(db.write(async move |conn| new.add(conn).await).await?));
        };
        if role == self.role {
            return Ok(caller(id));
        }
        let changed = self.clone();
        match db.write(async move |conn| changed.follow(conn).await).await {
            Ok(()) => Ok(caller(id)),
            // Where nothing can be written, reading must still work, with no more than both roles allow.
            Err(Error::Unavailable(_)) => Ok(Caller::without_key(id, self.newsroom_id, role.min(self.role))),
            Err(error) => Err(error),
        }
    }

    async fn find(&self, mut conn: &AsyncPgConnection) -> Result<Option<(Uuid, Role)>> {
        let same = members::newsroom_id.eq(self.newsroom_id).and(members::oidc_subject.eq(&self.subject));
        Ok(members::table.filter(same).select((members::id, members::role)).first(&mut conn).await.optional()?)
    }

    /// Adds the member, unless it was removed, or was added at the same moment by another request of its own.
    async fn add(&self, conn: &mut AsyncPgConnection) -> Result<Uuid> {
        lock_newsroom(self.newsroom_id, conn).await?;
        if let Some((id, _)) = self.find(conn).await? {
            return Ok(id);
        }
        let removed = removed_members::table.find((self.newsroom_id, &self.subject));
        if diesel::select(diesel::dsl::exists(removed)).get_result(conn).await? {
            return Err(Error::Forbidden("You were removed from this newsroom. Its admin can add you again.".into()));
        }
        let id = Uuid::now_v7();
        let values = (
            members::id.eq(id),
            members::newsroom_id.eq(self.newsroom_id),
            members::name.eq(&self.name),
            members::role.eq(self.role),
            members::oidc_subject.eq(&self.subject),
        );
        diesel::insert_into(members::table).values(values).execute(conn).await?;
        tracing::info!(member.id = %id, role = self.role.as_str(), "a member was added by single sign-on");
        Ok(id)
    }

    /// Gives the member the token's role. A newsroom's last admin keeps its own for what else it has, such as keys: the
    /// request itself has the token's.
    async fn follow(&self, conn: &mut AsyncPgConnection) -> Result<()> {
        lock_newsroom(self.newsroom_id, conn).await?;
        let Some((id, role)) = self.find(conn).await? else { return Ok(()) };
        if role == Role::Admin && Member::count_admins(self.newsroom_id, conn).await? < 2 {
            tracing::warn!(member.id = %id, "the single sign-on makes the newsroom's last admin none; its keys stay an admin's");
            return Ok(());
        }
        diesel::update(members::table.find(id)).set(members::role.eq(self.role)).execute(conn).await?;
        Ok(())
    }
}
