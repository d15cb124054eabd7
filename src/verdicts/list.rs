use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::model::Verdict;
use super::status::VerdictStatus;
use crate::auth::Viewer;
use crate::error::Result;
use crate::page::{self, PageRequest};
use crate::schema::{claims, verdicts};

/// Which verdicts to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VerdictFilter {
    /// On this claim.
    pub claim_id: Option<Uuid>,
    /// Recorded by this newsroom.
    pub newsroom_id: Option<Uuid>,
    /// Giving this rating.
    pub rating_id: Option<Uuid>,
    /// With this status; what is not public is listed to its newsroom only.
    pub status: Option<VerdictStatus>,
}

impl Verdict {
    /// A page of verdicts, newest first.
    pub async fn list(
        filter: &VerdictFilter,
        page: &PageRequest,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        let (mut for_public, mut for_own) = (conn, conn);
        let public = filter.query(page).filter(verdicts::public).load(&mut for_public);
        let own = async {
            let Some(newsroom_id) = viewer.newsroom_id() else { return Ok(Vec::new()) };
            let own = verdicts::newsroom_id.eq(newsroom_id).and(diesel::dsl::not(verdicts::public));
            filter.query(page).filter(own).load(&mut for_own).await
        };
        let (public, own) = futures_util::try_join!(public, own)?;
        Ok(page::merge(public, own, page.rows(), |verdict: &Self| verdict.id))
    }
}

impl Verdict {
    /// A page of what everybody sees of the verdicts published last: of all newsrooms, or one's own.
    pub async fn published_last(
        newsroom_id: Option<Uuid>,
        page: &PageRequest,
        mut conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        let current = verdicts::public.and(verdicts::status.eq(VerdictStatus::Published));
        let mut query = Self::query().filter(current).into_boxed();
        if let Some(newsroom_id) = newsroom_id {
            query = query.filter(verdicts::newsroom_id.eq(newsroom_id)).filter(verdicts::author_id.is_null());
        }
        if let Some((at, id)) = page.after_instant() {
            let same_time = verdicts::updated_at.eq(at).and(verdicts::id.lt(id));
            query = query.filter(verdicts::updated_at.le(at)).filter(verdicts::updated_at.lt(at).or(same_time));
        }
        let order = (verdicts::updated_at.desc(), verdicts::id.desc());
        Ok(query.order(order).limit(page.rows()).load(&mut conn).await?)
    }

    /// The verdict that stands for each of these claims, of those published that the viewer may see: a newsroom's own before another
    /// publisher's, the claim's newsroom's before another's, then what was published last.
    pub async fn newest_on(claim_ids: &[Uuid], viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let own = viewer.newsroom_id().unwrap_or_default();
        Ok(Self::query()
            .inner_join(claims::table)
            .filter(verdicts::claim_id.eq_any(claim_ids))
            .filter(verdicts::status.eq(VerdictStatus::Published))
            .filter(verdicts::public.or(verdicts::newsroom_id.eq(own)))
            .distinct_on(verdicts::claim_id)
            .order((
                verdicts::claim_id,
                verdicts::author_id.is_not_null(),
                verdicts::newsroom_id.ne(claims::newsroom_id),
                verdicts::updated_at.desc(),
                verdicts::id.desc(),
            ))
            .load(&mut conn)
            .await?)
    }
}

impl VerdictFilter {
    fn query(&self, page: &PageRequest) -> verdicts::BoxedQuery<'_, Pg, SqlTypeOf<AsSelect<Verdict, Pg>>> {
        let mut query = Verdict::query().into_boxed();
        if let Some(claim_id) = self.claim_id {
            query = query.filter(verdicts::claim_id.eq(claim_id));
        }
        if let Some(newsroom_id) = self.newsroom_id {
            query = query.filter(verdicts::newsroom_id.eq(newsroom_id));
        }
        if let Some(rating_id) = self.rating_id {
            query = query.filter(verdicts::rating_id.eq(rating_id));
        }
        if let Some(status) = self.status {
            query = query.filter(verdicts::status.eq(status));
        }
        if let Some(after) = page.after() {
            query = query.filter(verdicts::id.lt(after));
        }
        query.order(verdicts::id.desc()).limit(page.rows())
    }
}
