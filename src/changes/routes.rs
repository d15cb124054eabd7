use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::feed::{self, Batch, Feed, FeedQuery};
use super::history::{HistoryEntry, history};
use super::redaction::{NewRedaction, Redaction, redact};
use super::streams::Streams;
use crate::auth::{Admin, Viewer};
use crate::db::Db;
use crate::error::Result;
use crate::extract::{Id, List, NoFilter, Query};
use crate::idempotency::{Answer, Post, once};
use crate::page::{Listed, Page, PageParameters};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_changes)
        .service(get_claim_history)
        .service(get_statement_history)
        .service(get_verdict_history)
        .service(get_source_history)
        .service(get_document_history)
        .service(create_redaction);
}

/// Follow what changes
///
/// Every change of every record that the caller may see, in one order that never skips one: keep `after` and come back with it.
/// With `wait`, an empty answer waits for the next change. With `Accept: text/event-stream` it is a stream of server-sent
/// events, each with its position as the id, so that `Last-Event-ID` goes on where it broke off; a stream ends after some
/// minutes, and clients connect again.
#[utoipa::path(tag = "changes", params(FeedQuery), responses((status = 200, description = "The changes", content((Feed = "application/json"), (String = "text/event-stream")))))]
#[get("/changes")]
async fn list_changes(
    db: web::Data<Db>,
    streams: web::Data<Streams>,
    viewer: Viewer,
    request: HttpRequest,
    Query(mut query): Query<FeedQuery>,
) -> Result<HttpResponse> {
    let read = async move |after, limit, conn: &_| Feed::read(after, limit, viewer, conn).await;
    if feed::wants_stream(&request, &mut query) {
        return Ok(feed::stream(db, streams.open(&request)?, &query, read, |item| ("change", item.position)));
    }
    let Batch { items, after, .. } = feed::page(&db, &query, read).await?;
    Ok(HttpResponse::Ok().json(Feed { items, after }))
}

/// Read a claim's history
///
/// Its versions, newest first, with what each changed by field. The public sees the versions that were public; the newsroom's
/// members see all, with who made them.
#[utoipa::path(tag = "claims", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks"), PageParameters), responses((status = 200, description = "A page of versions", body = Page<HistoryEntry>)))]
#[get("/claims/{id}/history")]
async fn get_claim_history(
    db: web::Data<Db>,
    viewer: Viewer,
    id: Id,
    list: List<NoFilter>,
) -> Result<Listed<HistoryEntry>> {
    page_of_history(&db, "claim", id, viewer, list).await
}

/// Read a statement's history
///
/// Its versions, newest first, with what each changed by field. The public sees the versions that were public; the newsroom's
/// members see all, with who made them.
#[utoipa::path(tag = "statements", params(("id" = Uuid, Path, description = "The statement's id", example = "#peskov-confirms-meeting"), PageParameters), responses((status = 200, description = "A page of versions", body = Page<HistoryEntry>)))]
#[get("/statements/{id}/history")]
async fn get_statement_history(
    db: web::Data<Db>,
    viewer: Viewer,
    id: Id,
    list: List<NoFilter>,
) -> Result<Listed<HistoryEntry>> {
    page_of_history(&db, "statement", id, viewer, list).await
}

/// Read a verdict's history
///
/// Its versions, newest first, with what each changed by field. The public sees the versions that were public; the newsroom's
/// members see all, with who made them.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-meeting"), PageParameters), responses((status = 200, description = "A page of versions", body = Page<HistoryEntry>)))]
#[get("/verdicts/{id}/history")]
async fn get_verdict_history(
    db: web::Data<Db>,
    viewer: Viewer,
    id: Id,
    list: List<NoFilter>,
) -> Result<Listed<HistoryEntry>> {
    page_of_history(&db, "verdict", id, viewer, list).await
}

/// Read a source's history
///
/// Its versions, newest first, with what each changed by field. The public sees the versions that were public; the newsroom's
/// members see all, with who made them.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id", example = "#peskov"), PageParameters), responses((status = 200, description = "A page of versions", body = Page<HistoryEntry>)))]
#[get("/sources/{id}/history")]
async fn get_source_history(
    db: web::Data<Db>,
    viewer: Viewer,
    id: Id,
    list: List<NoFilter>,
) -> Result<Listed<HistoryEntry>> {
    page_of_history(&db, "source", id, viewer, list).await
}

/// Read a document's history
///
/// Its versions, newest first, with what each changed by field. The public sees the versions that were public; the newsroom's
/// members see all, with who made them.
#[utoipa::path(tag = "documents", params(("id" = Uuid, Path, description = "The document's id", example = "#agenpress-article"), PageParameters), responses((status = 200, description = "A page of versions", body = Page<HistoryEntry>)))]
#[get("/documents/{id}/history")]
async fn get_document_history(
    db: web::Data<Db>,
    viewer: Viewer,
    id: Id,
    list: List<NoFilter>,
) -> Result<Listed<HistoryEntry>> {
    page_of_history(&db, "document", id, viewer, list).await
}

async fn page_of_history(
    db: &Db,
    noun: &'static str,
    Id(id): Id,
    viewer: Viewer,
    list: List<NoFilter>,
) -> Result<Listed<HistoryEntry>> {
    let entries = db.list(async |conn| history(noun, id, &list.page, viewer, conn).await).await?;
    // Pages go by 16 bytes.
    Ok(list.page.page(entries, |entry| i128::from(entry.change_id).to_be_bytes()))
}

/// Erase values from the log
///
/// For personal data that must go: blanks what fields said in former versions, wherever it differs from what the record says
/// now, so change or delete the record first, or send `now` for a record that cannot be changed any more. Histories, past instants and proofs show it no more; the log's proofs hold all
/// the same, as they are made of salted hashes. The redaction itself is on the log, with its reason.
#[utoipa::path(tag = "changes", request_body = NewRedaction, responses((status = 201, description = "What was erased", body = Redaction, example = json!({
    "change_id": 120, "noun": "source", "record_id": "#senior-diplomat", "fields": ["description"],
    "reason": "Erasure requested by the person concerned", "at": "2023-10-07T09:30:00Z"
}))), security(("api_key" = ["admin"])))]
#[post("/redactions")]
async fn create_redaction(
    db: web::Data<Db>,
    Admin(caller): Admin,
    post: Post<NewRedaction>,
) -> Result<Answer<Redaction>> {
    once(&db, caller, post.request, async move |conn| {
        Answer::new(StatusCode::CREATED, &redact(&post.body, caller, conn).await?)
    })
    .await
}
