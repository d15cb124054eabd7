use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::model::{CommentRequest, OVERDUE, RequestStatus};
use crate::auth::{Caller, Viewer};
use crate::error::Result;
use crate::page::PageRequest;
use crate::schema::comment_requests;

/// Which comment requests to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CommentRequestFilter {
    /// About this claim.
    pub claim_id: Option<Uuid>,
    /// To this source.
    pub source_id: Option<Uuid>,
    /// With this status.
    pub status: Option<RequestStatus>,
    /// Open and past their date, or not.
    pub overdue: Option<bool>,
}

impl CommentRequest {
    /// A page of the caller's newsroom's requests, newest first.
    pub async fn list(
        filter: &CommentRequestFilter,
        page: &PageRequest,
        caller: Caller,
        mut conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        let mut query = Self::query().filter(comment_requests::newsroom_id.eq(caller.newsroom_id)).into_boxed();
        if let Some(claim_id) = filter.claim_id {
            query = query.filter(comment_requests::claim_id.eq(claim_id));
        }
        if let Some(source_id) = filter.source_id {
            query = query.filter(comment_requests::source_id.eq(source_id));
        }
        if let Some(status) = filter.status {
            query = query.filter(comment_requests::status.eq(status));
        }
        if let Some(overdue) = filter.overdue {
            query = query.filter(sql::<Bool>(OVERDUE).eq(overdue));
        }
        if let Some(after) = page.after() {
            query = query.filter(comment_requests::id.lt(after));
        }
        Ok(query.order(comment_requests::id.desc()).limit(page.rows()).load(&mut conn).await?)
    }

    /// The open requests about these claims, the longest waiting first; none for the public.
    pub async fn open_on(claims: &[Uuid], viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let Some(newsroom_id) = viewer.newsroom_id() else { return Ok(Vec::new()) };
        let own = comment_requests::newsroom_id.eq(newsroom_id);
        let open = comment_requests::claim_id.eq_any(claims).and(comment_requests::status.eq(RequestStatus::Open));
        let query = Self::query().filter(own.and(open)).order((comment_requests::asked_at, comment_requests::id));
        Ok(query.load(&mut conn).await?)
    }
}
