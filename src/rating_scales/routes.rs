use actix_web::{get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{NewRatingScale, RatingScale};
use crate::auth::Editor;
use crate::db::Db;
use crate::error::Result;
use crate::etag::{IfMatch, Record};
use crate::extract::{Id, List, NoFilter};
use crate::idempotency::{Answer, Post, once};
use crate::page::{Listed, Page, PageParameters};
use crate::patch::Patch;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_rating_scales)
        .service(create_rating_scale)
        .service(get_rating_scale)
        .service(update_rating_scale);
}

/// List rating scales
///
/// Newest first, each with its ratings in order. Three come with OnRecord; `is_default` marks the one to offer first.
#[utoipa::path(tag = "rating-scales", params(PageParameters), responses((status = 200, description = "A page of scales", body = Page<RatingScale>)))]
#[get("/rating-scales")]
async fn list_rating_scales(db: web::Data<Db>, list: List<NoFilter>) -> Result<Listed<RatingScale>> {
    let scales = db.list(async |conn| RatingScale::list(&list.page, conn).await).await?;
    Ok(list.page.page(scales, |scale| scale.id))
}

/// Make a rating scale
///
/// For your newsroom's own ratings. Everybody sees it.
#[utoipa::path(tag = "rating-scales", request_body = NewRatingScale, responses((status = 201, description = "The scale", body = RatingScale)), security(("api_key" = ["editor"])))]
#[post("/rating-scales")]
async fn create_rating_scale(
    db: web::Data<Db>,
    Editor(caller): Editor,
    post: Post<NewRatingScale>,
) -> Result<Answer<RatingScale>> {
    once(&db, caller, post.request, async move |conn| {
        let scale = RatingScale::create(&post.body, caller, conn).await?;
        Answer::created(format!("/v1/rating-scales/{}", scale.id), &scale)
    })
    .await
}

/// Read a rating scale
///
/// With its ratings in order.
#[utoipa::path(tag = "rating-scales", params(("id" = Uuid, Path, description = "The scale's id", example = "01890000-0000-7000-8000-000000000100")), responses((status = 200, description = "The scale", body = RatingScale)))]
#[get("/rating-scales/{id}")]
async fn get_rating_scale(db: web::Data<Db>, Id(id): Id) -> Result<Record<RatingScale>> {
    Ok(Record(db.read(async |conn| RatingScale::find(id, conn).await).await?))
}

/// Change your newsroom's rating scale
///
/// `ratings` is replaced whole, by slug: verdicts keep the ratings that they give, and such a rating cannot be removed (409).
#[utoipa::path(tag = "rating-scales", params(("id" = Uuid, Path, description = "The scale's id", example = "01890000-0000-7000-8000-000000000100")), request_body(content = NewRatingScale, example = json!({"name": "In three steps"})), responses((status = 200, description = "The scale as it is now", body = RatingScale)), security(("api_key" = ["editor"])))]
#[patch("/rating-scales/{id}")]
async fn update_rating_scale(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewRatingScale>,
) -> Result<Record<RatingScale>> {
    Ok(Record(db.write(async move |conn| RatingScale::change(id, &patch, &if_match, caller, conn).await).await?))
}
