use actix_web::{delete, get, patch, post, web};
use diesel_async::AsyncPgConnection;
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{NewSource, Source, SourceFilter};
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
        .service(list_sources)
        .service(create_source)
        .service(get_source)
        .service(update_source)
        .service(delete_source);
}

/// List sources
///
/// Newest first. The public sees the sources that something public refers to; members see their newsroom's as well.
#[utoipa::path(tag = "sources", params(SourceFilter, PageParameters, AsOf), responses((status = 200, description = "A page of sources", body = Page<Source>), (status = 422, description = "The search takes too long")))]
#[get("/sources")]
async fn list_sources(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    list: List<SourceFilter>,
) -> Result<Listed<Source>> {
    let find = async |conn: &AsyncPgConnection| Source::list(&list.filter, &list.page, viewer, conn).await;
    let sources = if list.filter.q.is_some() { db.search(find).await? } else { db.list_at(&moment, find).await? };
    Ok(list.page.page(sources, |source| source.id))
}

/// Record a source
///
/// A source becomes public once something public refers to it. Bundles reuse sources by kind and name; this does not,
/// as there are many people of one name.
#[utoipa::path(tag = "sources", request_body = NewSource, responses((status = 201, description = "The source", body = Source)), security(("api_key" = ["checker"])))]
#[post("/sources")]
async fn create_source(db: web::Data<Db>, Checker(caller): Checker, post: Post<NewSource>) -> Result<Answer<Source>> {
    once(&db, caller, post.request, async move |conn| {
        let source = Source::create(&post.body, caller, conn).await?;
        Answer::created(format!("/v1/sources/{}", source.id), &source)
    })
    .await
}

/// Read a source
///
/// Seen by everybody once something public refers to it, before that by its newsroom only; its `note` by its newsroom alone.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id", example = "#peskov"), AsOf), responses((status = 200, description = "The source", body = Source)))]
#[get("/sources/{id}")]
async fn get_source(db: web::Data<Db>, viewer: Viewer, Id(id): Id, moment: Moment) -> Result<Record<Source>> {
    Ok(Record(db.read_at(&moment, async |conn| Source::find(id, viewer, conn).await).await?))
}

/// Change a source
///
/// Changing a public source needs an editor.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id", example = "#peskov")), request_body(content = NewSource, example = json!({"description": "Spokesman of the Russian president"})), responses((status = 200, description = "The source as it is now", body = Source)), security(("api_key" = ["checker"])))]
#[patch("/sources/{id}")]
async fn update_source(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewSource>,
) -> Result<Record<Source>> {
    Ok(Record(db.write(async move |conn| Source::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Delete a source
///
/// Refused with 409 while something refers to it. Deleting a public source needs an editor.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id", example = "#peskov")), responses((status = 204, description = "Deleted")), security(("api_key" = ["checker"])))]
#[delete("/sources/{id}")]
async fn delete_source(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.write(async move |conn| Source::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}
