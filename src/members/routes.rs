use actix_web::{delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::model::{Member, NewMember};
use crate::auth::{Admin, Reader};
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
        .service(list_members)
        .service(create_member)
        .service(get_member)
        .service(update_member)
        .service(delete_member);
}

/// List your newsroom's members
///
/// The people of your newsroom.
#[utoipa::path(tag = "members", params(PageParameters), responses((status = 200, description = "A page of members", body = Page<Member>)), security(("api_key" = ["reader"])))]
#[get("/members")]
async fn list_members(db: web::Data<Db>, Reader(caller): Reader, list: List<NoFilter>) -> Result<Listed<Member>> {
    let members = db.list(async |conn| Member::list(&list.page, caller, conn).await).await?;
    Ok(list.page.page(members, |member| member.id))
}

/// Add a member to your newsroom
///
/// Then make a key for it.
#[utoipa::path(tag = "members", request_body = NewMember, responses((status = 201, description = "The member", body = Member)), security(("api_key" = ["admin"])))]
#[post("/members")]
async fn create_member(db: web::Data<Db>, Admin(caller): Admin, post: Post<NewMember>) -> Result<Answer<Member>> {
    once(&db, caller, post.request, async move |conn| {
        let member = Member::create(Uuid::now_v7(), &post.body, caller.newsroom_id, conn).await?;
        Answer::created(format!("/v1/members/{}", member.id), &member)
    })
    .await
}

/// Read a member
///
/// One of the people of your newsroom.
#[utoipa::path(tag = "members", params(("id" = Uuid, Path, description = "The member's id", example = "#admin")), responses((status = 200, description = "The member", body = Member)), security(("api_key" = ["reader"])))]
#[get("/members/{id}")]
async fn get_member(db: web::Data<Db>, Reader(caller): Reader, Id(id): Id) -> Result<Record<Member>> {
    Ok(Record(db.read(async |conn| Member::find(id, caller, conn).await).await?))
}

/// Change a member
///
/// A changed role counts from the next request on. The last admin stays one.
#[utoipa::path(tag = "members", params(("id" = Uuid, Path, description = "The member's id", example = "#admin")), request_body(content = NewMember, example = json!({"name": "Fact desk"})), responses((status = 200, description = "The member as it is now", body = Member)), security(("api_key" = ["admin"])))]
#[patch("/members/{id}")]
async fn update_member(
    db: web::Data<Db>,
    Admin(caller): Admin,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewMember>,
) -> Result<Record<Member>> {
    Ok(Record(db.write(async move |conn| Member::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Remove a member
///
/// Its keys are gone at once. The last admin stays.
#[utoipa::path(tag = "members", params(("id" = Uuid, Path, description = "The member's id", example = "#admin")), responses((status = 204, description = "Removed")), security(("api_key" = ["admin"])))]
#[delete("/members/{id}")]
async fn delete_member(db: web::Data<Db>, Admin(caller): Admin, Id(id): Id, if_match: IfMatch) -> Result<NoContent> {
    db.write(async move |conn| Member::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}
