use actix_web::{get, patch, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{NewNewsroom, Newsroom};
use crate::auth::Admin;
use crate::db::Db;
use crate::error::Result;
use crate::etag::{IfMatch, Record};
use crate::extract::{Id, List, NoFilter};
use crate::page::{Listed, Page, PageParameters};
use crate::patch::Patch;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_newsrooms).service(get_newsroom).service(update_newsroom);
}

/// List newsrooms
///
/// Newest first. New ones are made on the command line: `onrecord newsrooms create NAME`.
#[utoipa::path(tag = "newsrooms", params(PageParameters), responses((status = 200, description = "A page of newsrooms", body = Page<Newsroom>)))]
#[get("/newsrooms")]
async fn list_newsrooms(db: web::Data<Db>, list: List<NoFilter>) -> Result<Listed<Newsroom>> {
    let newsrooms = db.list(async |conn| Newsroom::list(&list.page, conn).await).await?;
    Ok(list.page.page(newsrooms, |newsroom| newsroom.id))
}

/// Read a newsroom
///
/// What everybody may know of it.
#[utoipa::path(tag = "newsrooms", params(("id" = Uuid, Path, description = "The newsroom's id", example = "#newsroom")), responses((status = 200, description = "The newsroom", body = Newsroom)))]
#[get("/newsrooms/{id}")]
async fn get_newsroom(db: web::Data<Db>, Id(id): Id) -> Result<Record<Newsroom>> {
    Ok(Record(db.read(async |conn| Newsroom::find(id, conn).await).await?))
}

/// Change your newsroom
///
/// By an admin of this newsroom. What is left out stays as it is.
#[utoipa::path(tag = "newsrooms", params(("id" = Uuid, Path, description = "Your newsroom's id", example = "#newsroom")), request_body(content = NewNewsroom, example = json!({"site": "https://newsroom.example"})), responses((status = 200, description = "The newsroom as it is now", body = Newsroom)), security(("api_key" = ["admin"])))]
#[patch("/newsrooms/{id}")]
async fn update_newsroom(
    db: web::Data<Db>,
    Admin(caller): Admin,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewNewsroom>,
) -> Result<Record<Newsroom>> {
    Ok(Record(db.write(async move |conn| Newsroom::change(id, &patch, &if_match, caller, conn).await).await?))
}
