use actix_web::{delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::model::{NewRatingMapping, RatingMapping};
use crate::auth::{Editor, Reader};
use crate::db::Db;
use crate::error::Result;
use crate::etag::{IfMatch, NoContent, Record};
use crate::extract::{Id, List, NoFilter};
use crate::idempotency::{Answer, Post, once};
use crate::page::{Listed, Page, PageParameters};
use crate::patch::Patch;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_rating_mappings)
        .service(create_rating_mapping)
        .service(get_rating_mapping)
        .service(update_rating_mapping)
        .service(delete_rating_mapping);
}

/// List rating mappings
///
/// Your newsroom's, newest first.
#[utoipa::path(tag = "imports", params(PageParameters), responses((status = 200, description = "A page of rating mappings", body = Page<RatingMapping>)), security(("api_key" = ["reader"])))]
#[get("/rating-mappings")]
async fn list_rating_mappings(
    db: web::Data<Db>,
    Reader(caller): Reader,
    list: List<NoFilter>,
) -> Result<Listed<RatingMapping>> {
    let mappings = db.list(async |conn| RatingMapping::list(&list.page, caller, conn).await).await?;
    Ok(list.page.page(mappings, |mapping| mapping.id))
}

/// Map a publisher's rating
///
/// Says which rating the words of a publisher, or of any publisher, stand for. Imports go by it from then on: what was imported before
/// and has no rating gets it when the same file is imported again. 409 where the words are mapped already.
#[utoipa::path(tag = "imports", request_body = NewRatingMapping, responses((status = 201, description = "The rating mapping", body = RatingMapping)), security(("api_key" = ["editor"])))]
#[post("/rating-mappings")]
async fn create_rating_mapping(
    db: web::Data<Db>,
    Editor(caller): Editor,
    post: Post<NewRatingMapping>,
) -> Result<Answer<RatingMapping>> {
    once(&db, caller, post.request, async move |conn| {
        let mapping = RatingMapping::create(Uuid::now_v7(), &post.body, caller, conn).await?;
        Answer::created(format!("/v1/rating-mappings/{}", mapping.id), &mapping)
    })
    .await
}

/// Read a rating mapping
///
/// Seen by your newsroom alone.
#[utoipa::path(tag = "imports", params(("id" = Uuid, Path, description = "The rating mapping's id", example = "#mostly-false")), responses((status = 200, description = "The rating mapping", body = RatingMapping)), security(("api_key" = ["reader"])))]
#[get("/rating-mappings/{id}")]
async fn get_rating_mapping(db: web::Data<Db>, Reader(caller): Reader, Id(id): Id) -> Result<Record<RatingMapping>> {
    Ok(Record(db.read(async |conn| RatingMapping::find(id, caller, conn).await).await?))
}

/// Change a rating mapping
///
/// What was imported before stays as it is.
#[utoipa::path(tag = "imports", params(("id" = Uuid, Path, description = "The rating mapping's id", example = "#mostly-false")), request_body(content = NewRatingMapping, example = json!({"rating_id": "01890000-0000-7000-8000-000000000102"})), responses((status = 200, description = "The rating mapping as it is now", body = RatingMapping)), security(("api_key" = ["editor"])))]
#[patch("/rating-mappings/{id}")]
async fn update_rating_mapping(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewRatingMapping>,
) -> Result<Record<RatingMapping>> {
    Ok(Record(db.write(async move |conn| RatingMapping::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Delete a rating mapping
///
/// What was imported by it stays as it is.
#[utoipa::path(tag = "imports", params(("id" = Uuid, Path, description = "The rating mapping's id", example = "#mostly-false")), responses((status = 204, description = "Deleted")), security(("api_key" = ["editor"])))]
#[delete("/rating-mappings/{id}")]
async fn delete_rating_mapping(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.write(async move |conn| RatingMapping::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}
