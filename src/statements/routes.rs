use actix_web::{delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::list::StatementFilter;
use super::model::{NewStatement, Statement};
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
        .service(list_statements)
        .service(create_statement)
        .service(get_statement)
        .service(update_statement)
        .service(delete_statement);
}

/// List statements
///
/// Newest first. The public sees published statements on published claims; members see their newsroom's drafts and
/// withdrawn statements as well.
#[utoipa::path(tag = "statements", params(StatementFilter, PageParameters, AsOf), responses((status = 200, description = "A page of statements", body = Page<Statement>)))]
#[get("/statements")]
async fn list_statements(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    list: List<StatementFilter>,
) -> Result<Listed<Statement>> {
    let statements =
        db.list_at(&moment, async |conn| Statement::list(&list.filter, &list.page, viewer, conn).await).await?;
    Ok(list.page.page(statements, |statement| statement.id))
}

/// Record a statement
///
/// As a draft, unless `status` says `published`, which needs an editor and a published claim. Publishing a claim
/// publishes its statements.
#[utoipa::path(tag = "statements", request_body = NewStatement, responses((status = 201, description = "The statement", body = Statement)), security(("api_key" = ["checker"])))]
#[post("/statements")]
async fn create_statement(
    db: web::Data<Db>,
    Checker(caller): Checker,
    post: Post<NewStatement>,
) -> Result<Answer<Statement>> {
    once(&db, caller, post.request, async move |conn| {
        let statement = Statement::create(&post.body, caller, conn).await?;
        Answer::created(format!("/v1/statements/{}", statement.id), &statement)
    })
    .await
}

/// Read a statement
///
/// A draft is seen by its newsroom only; others get 404. A withdrawn statement is a 410 with the reason, but for its newsroom.
#[utoipa::path(tag = "statements", params(("id" = Uuid, Path, description = "The statement's id", example = "#peskov-confirms-meeting"), AsOf), responses((status = 200, description = "The statement", body = Statement)))]
#[get("/statements/{id}")]
async fn get_statement(db: web::Data<Db>, viewer: Viewer, Id(id): Id, moment: Moment) -> Result<Record<Statement>> {
    Ok(Record(db.read_at(&moment, async |conn| Statement::find(id, viewer, conn).await).await?))
}

/// Change, publish, correct or withdraw a statement
///
/// Changing a published statement needs an editor, and each change of its stance, claim, source, quote or translation
/// needs a `correction_note` of its own, which readers see.
#[utoipa::path(tag = "statements", params(("id" = Uuid, Path, description = "The statement's id", example = "#peskov-confirms-meeting")), request_body(content = NewStatement, example = json!({"said_on": "2023-10"})), responses((status = 200, description = "The statement as it is now", body = Statement)), security(("api_key" = ["checker"])))]
#[patch("/statements/{id}")]
async fn update_statement(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewStatement>,
) -> Result<Record<Statement>> {
    Ok(Record(db.write(async move |conn| Statement::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Delete a statement
///
/// Refused with 409 while something refers to it, and for a withdrawn statement. Deleting a published statement needs an editor.
#[utoipa::path(tag = "statements", params(("id" = Uuid, Path, description = "The statement's id", example = "#peskov-confirms-meeting")), responses((status = 204, description = "Deleted")), security(("api_key" = ["checker"])))]
#[delete("/statements/{id}")]
async fn delete_statement(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.write(async move |conn| Statement::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}
