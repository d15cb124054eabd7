use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::model::{ClaimLink, LinkKind};
use crate::auth::Viewer;
use crate::error::Result;
use crate::page::{self, PageRequest};
use crate::schema::claim_links;

/// Which claim links to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClaimLinkFilter {
    /// Of this claim, on either end.
    pub claim_id: Option<Uuid>,
    /// Of this kind.
    pub kind: Option<LinkKind>,
    /// Recorded by this newsroom.
    pub newsroom_id: Option<Uuid>,
}

impl ClaimLink {
    /// A page of links, newest first.
    pub async fn list(
        filter: &ClaimLinkFilter,
        page: &PageRequest,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        let (mut for_public, mut for_own) = (conn, conn);
        let public = filter.query(page).filter(claim_links::public).load(&mut for_public);
        let own = async {
            let Some(newsroom_id) = viewer.newsroom_id() else { return Ok(Vec::new()) };
            let own = claim_links::newsroom_id.eq(newsroom_id).and(diesel::dsl::not(claim_links::public));
            filter.query(page).filter(own).load(&mut for_own).await
        };
        let (public, own) = futures_util::try_join!(public, own)?;
        Ok(page::merge(public, own, page.rows(), |link: &Self| link.id))
    }

    /// All links of a claim, on either end, that the viewer sees; the oldest first.
    pub async fn of(claim_id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let own = viewer.newsroom_id().unwrap_or_default();
        let of_claim = claim_links::claim_id.eq(claim_id).or(claim_links::linked_claim_id.eq(claim_id));
        let seen = claim_links::public.or(claim_links::newsroom_id.eq(own));
        Ok(Self::query().filter(of_claim).filter(seen).order(claim_links::id).load(&mut conn).await?)
    }
}

impl ClaimLinkFilter {
    fn query(&self, page: &PageRequest) -> claim_links::BoxedQuery<'_, Pg, SqlTypeOf<AsSelect<ClaimLink, Pg>>> {
        let mut query = ClaimLink::query().into_boxed();
        if let Some(claim_id) = self.claim_id {
            query = query.filter(claim_links::claim_id.eq(claim_id).or(claim_links::linked_claim_id.eq(claim_id)));
        }
        if let Some(kind) = self.kind {
            query = query.filter(claim_links::kind.eq(kind));
        }
        if let Some(newsroom_id) = self.newsroom_id {
            query = query.filter(claim_links::newsroom_id.eq(newsroom_id));
        }
        if let Some(after) = page.after() {
            query = query.filter(claim_links::id.lt(after));
        }
        query.order(claim_links::id.desc()).limit(page.rows())
    }
}
