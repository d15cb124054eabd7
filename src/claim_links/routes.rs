use actix_web::{delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::list::ClaimLinkFilter;
use super::model::{ClaimLink, NewClaimLink};
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
        .service(list_claim_links)
        .service(create_claim_link)
        .service(get_claim_link)
        .service(update_claim_link)
        .service(delete_claim_link);
}

/// List claim links
///
/// Newest first. The public sees links between published claims; members see all of their newsroom's.
#[utoipa::path(tag = "claim-links", params(ClaimLinkFilter, PageParameters, AsOf), responses((status = 200, description = "A page of claim links", body = Page<ClaimLink>)))]
#[get("/claim-links")]
async fn list_claim_links(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    list: List<ClaimLinkFilter>,
) -> Result<Listed<ClaimLink>> {
    let links = db.list_at(&moment, async |conn| ClaimLink::list(&list.filter, &list.page, viewer, conn).await).await?;
    Ok(list.page.page(links, |link| link.id))
}

/// Link two claims
///
/// Any two that you see, also of other newsrooms. Where both are published everybody sees the link at once, which needs an
/// editor; else it becomes public when they are. `same_as` and `contradicts` hold both ways, so that telling them the other
/// way round is the same link (409). A withdrawn claim is not linked (409).
#[utoipa::path(tag = "claim-links", request_body = NewClaimLink, responses((status = 201, description = "The claim link", body = ClaimLink)), security(("api_key" = ["checker"])))]
#[post("/claim-links")]
async fn create_claim_link(
    db: web::Data<Db>,
    Checker(caller): Checker,
    post: Post<NewClaimLink>,
) -> Result<Answer<ClaimLink>> {
    once(&db, caller, post.request, async move |conn| {
        let link = ClaimLink::create(Uuid::now_v7(), &post.body, caller, conn).await?;
        Answer::created(format!("/v1/claim-links/{}", link.id), &link)
    })
    .await
}

/// Read a claim link
///
/// Seen by everybody while both its claims are published, else by the newsroom that recorded it.
#[utoipa::path(tag = "claim-links", params(("id" = Uuid, Path, description = "The claim link's id", example = "#negotiated-contradicts-on-the-move"), AsOf), responses((status = 200, description = "The claim link", body = ClaimLink)))]
#[get("/claim-links/{id}")]
async fn get_claim_link(db: web::Data<Db>, viewer: Viewer, Id(id): Id, moment: Moment) -> Result<Record<ClaimLink>> {
    Ok(Record(db.read_at(&moment, async |conn| ClaimLink::find(id, viewer, conn).await).await?))
}

/// Change a claim link's note
///
/// Which claims are linked, and how, does not change (422): delete the link and record another. Changing a link that everybody
/// sees needs an editor.
#[utoipa::path(tag = "claim-links", params(("id" = Uuid, Path, description = "The claim link's id", example = "#negotiated-contradicts-on-the-move")), request_body(content = NewClaimLink, example = json!({"note": "Moscow insists on the one and denies the other."})), responses((status = 200, description = "The claim link as it is now", body = ClaimLink)), security(("api_key" = ["checker"])))]
#[patch("/claim-links/{id}")]
async fn update_claim_link(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewClaimLink>,
) -> Result<Record<ClaimLink>> {
    Ok(Record(db.write(async move |conn| ClaimLink::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Unlink two claims
///
/// Nothing else changes, and the log of changes keeps the link. Deleting a link that everybody sees needs an editor.
#[utoipa::path(tag = "claim-links", params(("id" = Uuid, Path, description = "The claim link's id", example = "#negotiated-contradicts-on-the-move")), responses((status = 204, description = "Deleted")), security(("api_key" = ["checker"])))]
#[delete("/claim-links/{id}")]
async fn delete_claim_link(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.write(async move |conn| ClaimLink::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}
