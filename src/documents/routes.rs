use actix_web::{delete, get, patch, post, web};
use diesel_async::AsyncPgConnection;
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Document, DocumentFilter, NewDocument};
use crate::as_of::{AsOf, Moment};
use crate::auth::{Checker, Viewer};
use crate::db::Db;
use crate::error::Result;
use crate::etag::{IfMatch, NoContent, Record};
use crate::extract::{Id, List};
use crate::idempotency::{Answer, Post, once};
use crate::page::{Listed, Page, PageParameters};
use crate::patch::Patch;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_documents)
        .service(create_document)
        .service(get_document)
        .service(update_document)
        .service(delete_document);
}

/// List documents
///
/// Newest first. The public sees the documents that something public refers to; members see their newsroom's as well.
#[utoipa::path(tag = "documents", params(DocumentFilter, PageParameters, AsOf), responses((status = 200, description = "A page of documents", body = Page<Document>), (status = 422, description = "The search takes too long")))]
#[get("/documents")]
async fn list_documents(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    list: List<DocumentFilter>,
) -> Result<Listed<Document>> {
    let find = async |conn: &AsyncPgConnection| Document::list(&list.filter, &list.page, viewer, conn).await;
    let documents = if list.filter.q.is_some() { db.search(find).await? } else { db.list_at(&moment, find).await? };
    Ok(list.page.page(documents, |document| document.id))
}

/// Record a document
///
/// 409 with `existing_id` when your newsroom has a document with the same address.
#[utoipa::path(tag = "documents", request_body = NewDocument, responses((status = 201, description = "The document", body = Document)), security(("api_key" = ["checker"])))]
#[post("/documents")]
async fn create_document(
    db: web::Data<Db>,
    Checker(caller): Checker,
    post: Post<NewDocument>,
) -> Result<Answer<Document>> {
    once(&db, caller, post.request, async move |conn| {
        let document = Document::create(&post.body, caller, conn).await?;
        Answer::created(format!("/v1/documents/{}", document.id), &document)
    })
    .await
}

/// Read a document
///
/// Seen by everybody once something public refers to it, before that by its newsroom only.
#[utoipa::path(tag = "documents", params(("id" = Uuid, Path, description = "The document's id", example = "#agenpress-article"), AsOf), responses((status = 200, description = "The document", body = Document)))]
#[get("/documents/{id}")]
async fn get_document(db: web::Data<Db>, viewer: Viewer, Id(id): Id, moment: Moment) -> Result<Record<Document>> {
    Ok(Record(db.read_at(&moment, async |conn| Document::find(id, viewer, conn).await).await?))
}

/// Change a document
///
/// Changing a public document needs an editor.
#[utoipa::path(tag = "documents", params(("id" = Uuid, Path, description = "The document's id", example = "#agenpress-article")), request_body(content = NewDocument, example = json!({"retrieved_at": "2023-10-05T08:00:00Z"})), responses((status = 200, description = "The document as it is now", body = Document)), security(("api_key" = ["checker"])))]
#[patch("/documents/{id}")]
async fn update_document(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewDocument>,
) -> Result<Record<Document>> {
    Ok(Record(db.write(async move |conn| Document::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Delete a document
///
/// Refused with 409 while something refers to it. Deleting a public document needs an editor.
#[utoipa::path(tag = "documents", params(("id" = Uuid, Path, description = "The document's id", example = "#agenpress-article")), responses((status = 204, description = "Deleted")), security(("api_key" = ["checker"])))]
#[delete("/documents/{id}")]
async fn delete_document(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.write(async move |conn| Document::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}
