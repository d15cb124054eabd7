use actix_web::http::StatusCode;
use actix_web::{delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::close::{Closed, NewAnswer};
use super::list::CommentRequestFilter;
use super::model::{CommentRequest, NewCommentRequest};
use crate::auth::{Checker, Reader};
use crate::db::Db;
use crate::error::Result;
use crate::etag::{IfMatch, IfMatchGiven, NoContent, Record};
use crate::extract::{Id, List};
use crate::idempotency::{Answer, Post, once};
use crate::page::{Listed, Page, PageParameters};
use crate::patch::Patch;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_comment_requests)
        .service(create_comment_request)
        .service(get_comment_request)
        .service(update_comment_request)
        .service(delete_comment_request)
        .service(close_comment_request);
}

/// List comment requests
///
/// Your newsroom's, newest first.
#[utoipa::path(tag = "comment-requests", params(CommentRequestFilter, PageParameters), responses((status = 200, description = "A page of comment requests", body = Page<CommentRequest>)), security(("api_key" = ["reader"])))]
#[get("/comment-requests")]
async fn list_comment_requests(
    db: web::Data<Db>,
    Reader(caller): Reader,
    list: List<CommentRequestFilter>,
) -> Result<Listed<CommentRequest>> {
    let requests = db.list(async |conn| CommentRequest::list(&list.filter, &list.page, caller, conn).await).await?;
    Ok(list.page.page(requests, |request| request.id))
}

/// Record a comment request
///
/// Whom you asked about which claim, when, by which way, and until when they may answer.
#[utoipa::path(tag = "comment-requests", request_body = NewCommentRequest, responses((status = 201, description = "The comment request", body = CommentRequest)), security(("api_key" = ["checker"])))]
#[post("/comment-requests")]
async fn create_comment_request(
    db: web::Data<Db>,
    Checker(caller): Checker,
    post: Post<NewCommentRequest>,
) -> Result<Answer<CommentRequest>> {
    once(&db, caller, post.request, async move |conn| {
        let request = CommentRequest::create(Uuid::now_v7(), &post.body, caller, conn).await?;
        Answer::created(format!("/v1/comment-requests/{}", request.id), &request)
    })
    .await
}

/// Read a comment request
///
/// Seen by the newsroom that recorded it alone.
#[utoipa::path(tag = "comment-requests", params(("id" = Uuid, Path, description = "The comment request's id", example = "#asked-armenian-government")), responses((status = 200, description = "The comment request", body = CommentRequest)), security(("api_key" = ["reader"])))]
#[get("/comment-requests/{id}")]
async fn get_comment_request(db: web::Data<Db>, Reader(caller): Reader, Id(id): Id) -> Result<Record<CommentRequest>> {
    Ok(Record(db.read(async |conn| CommentRequest::find(id, caller, conn).await).await?))
}

/// Change a comment request
///
/// As long as it is open: a closed one is final (409).
#[utoipa::path(tag = "comment-requests", params(("id" = Uuid, Path, description = "The comment request's id", example = "#asked-armenian-government")), request_body(content = NewCommentRequest, example = json!({"due_at": "2023-10-09T18:00:00Z"})), responses((status = 200, description = "The comment request as it is now", body = CommentRequest)), security(("api_key" = ["checker"])))]
#[patch("/comment-requests/{id}")]
async fn update_comment_request(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewCommentRequest>,
) -> Result<Record<CommentRequest>> {
    Ok(Record(db.write(async move |conn| CommentRequest::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Delete a comment request
///
/// As long as it is open: a closed one is final (409).
#[utoipa::path(tag = "comment-requests", params(("id" = Uuid, Path, description = "The comment request's id", example = "#asked-armenian-government")), responses((status = 204, description = "Deleted")), security(("api_key" = ["checker"])))]
#[delete("/comment-requests/{id}")]
async fn delete_comment_request(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.write(async move |conn| CommentRequest::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}

/// Close a comment request with the answer
///
/// Makes the statement that records it, a draft unless `status` says `published` (which needs an editor), and closes the
/// request, in one transaction. That there was `no_response` is taken only once `due_at` has passed (409 before). Closed is
/// final: a later answer is a statement of its own.
#[utoipa::path(tag = "comment-requests", params(("id" = Uuid, Path, description = "The comment request's id", example = "#asked-armenian-government")), request_body = NewAnswer, responses((status = 200, description = "The request and the statement", body = Closed)), security(("api_key" = ["checker"])))]
#[post("/comment-requests/{id}/close")]
async fn close_comment_request(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatchGiven,
    post: Post<NewAnswer>,
) -> Result<Answer<Closed>> {
    once(&db, caller, post.request, async move |conn| {
        let closed = CommentRequest::close(id, &post.body, &if_match, caller, conn).await?;
        Ok(Answer::new(StatusCode::OK, &closed)?.with_etag(&closed.comment_request))
    })
    .await
}
