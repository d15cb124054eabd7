use actix_web::{delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::list::VerdictFilter;
use super::model::{NewVerdict, Verdict};
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
        .service(list_verdicts)
        .service(create_verdict)
        .service(get_verdict)
        .service(update_verdict)
        .service(delete_verdict);
}

/// List verdicts
///
/// Newest first. The public sees published verdicts; members see their newsroom's drafts as well.
#[utoipa::path(tag = "verdicts", params(VerdictFilter, PageParameters, AsOf), responses((status = 200, description = "A page of verdicts", body = Page<Verdict>)))]
#[get("/verdicts")]
async fn list_verdicts(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    list: List<VerdictFilter>,
) -> Result<Listed<Verdict>> {
    let verdicts =
        db.list_at(&moment, async |conn| Verdict::list(&list.filter, &list.page, viewer, conn).await).await?;
    Ok(list.page.page(verdicts, |verdict| verdict.id))
}

/// Record a verdict
///
/// As a draft, unless `status` says `published`, which needs an editor, a published claim, a rating, a summary and
/// `reviewed_on`.
#[utoipa::path(tag = "verdicts", request_body = NewVerdict, responses((status = 201, description = "The verdict", body = Verdict)), security(("api_key" = ["checker"])))]
#[post("/verdicts")]
async fn create_verdict(
    db: web::Data<Db>,
    Checker(caller): Checker,
    post: Post<NewVerdict>,
) -> Result<Answer<Verdict>> {
    once(&db, caller, post.request, async move |conn| {
        let verdict = Verdict::create(&post.body, caller, conn).await?;
        Answer::created(format!("/v1/verdicts/{}", verdict.id), &verdict)
    })
    .await
}

/// Read a verdict
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-meeting"), AsOf), responses((status = 200, description = "The verdict", body = Verdict)))]
#[get("/verdicts/{id}")]
async fn get_verdict(db: web::Data<Db>, viewer: Viewer, Id(id): Id, moment: Moment) -> Result<Record<Verdict>> {
    Ok(Record(db.read_at(&moment, async |conn| Verdict::find(id, viewer, conn).await).await?))
}

/// Change or publish a verdict
///
/// Changing a published verdict needs an editor.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-meeting")), request_body(content = NewVerdict, example = json!({"language": "en"})), responses((status = 200, description = "The verdict as it is now", body = Verdict)), security(("api_key" = ["checker"])))]
#[patch("/verdicts/{id}")]
async fn update_verdict(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewVerdict>,
) -> Result<Record<Verdict>> {
    Ok(Record(db.write(async move |conn| Verdict::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Delete a verdict
///
/// Refused with 409 while another verdict supersedes it. Deleting a published verdict needs an editor.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-meeting")), responses((status = 204, description = "Deleted")), security(("api_key" = ["checker"])))]
#[delete("/verdicts/{id}")]
async fn delete_verdict(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.write(async move |conn| Verdict::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}
