use actix_web::http::StatusCode;
use actix_web::{delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::correct::NewCorrection;
use super::list::VerdictFilter;
use super::model::{NewVerdict, Verdict};
use super::review::{Rejection, Remark, Retraction};
use super::status::Action;
use super::thread::{NewVerdictComment, VerdictComment};
use crate::as_of::{AsOf, Moment};
use crate::auth::{Caller, Checker, Editor, Reader, Viewer};
use crate::db::Db;
use crate::error::Result;
use crate::etag::{IfMatch, IfMatchGiven, NoContent, Record};
use crate::extract::{Id, List, NoFilter};
use crate::idempotency::{Answer, BriefPost, Post, PostRequest, once};
use crate::page::{Listed, Page, PageParameters};
use crate::patch::Patch;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_verdicts)
        .service(create_verdict)
        .service(get_verdict)
        .service(update_verdict)
        .service(delete_verdict)
        .service(submit_verdict)
        .service(approve_verdict)
        .service(reject_verdict)
        .service(publish_verdict)
        .service(correct_verdict)
        .service(retract_verdict)
        .service(list_verdict_comments)
        .service(create_verdict_comment);
}

/// List verdicts
///
/// Newest first. The public sees published and superseded verdicts; members see their newsroom's others as well.
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
/// As a draft, to be submitted, approved and published. `status: published` is for admins, as imports need it (for editors
/// where the newsroom does not work by four eyes), and needs a published claim, a rating, a summary and `reviewed_on`.
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
///
/// A draft is seen by its newsroom only; others get 404. A retracted verdict is a 410 with the reason, but for its newsroom.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-meeting"), AsOf), responses((status = 200, description = "The verdict", body = Verdict)))]
#[get("/verdicts/{id}")]
async fn get_verdict(db: web::Data<Db>, viewer: Viewer, Id(id): Id, moment: Moment) -> Result<Record<Verdict>> {
    Ok(Record(db.read_at(&moment, async |conn| Verdict::find(id, viewer, conn).await).await?))
}

/// Change a verdict
///
/// As long as it is not published; a change after approval sends it back to review. A published verdict is never changed
/// (409): correct or retract it. `status: published` is for admins, as in recording.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-on-the-move")), request_body(content = NewVerdict, example = json!({"title": "On the move, says Moscow"})), responses((status = 200, description = "The verdict as it is now", body = Verdict)), security(("api_key" = ["checker"])))]
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
/// As long as it is not published, and no other verdict supersedes it: else 409.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-on-the-move")), responses((status = 204, description = "Deleted")), security(("api_key" = ["checker"])))]
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

/// Answers what became of a verdict.
async fn act(
    db: &Db,
    (id, action): (Uuid, Action),
    said: Option<String>,
    if_match: IfMatchGiven,
    caller: Caller,
    request: PostRequest,
) -> Result<Answer<Verdict>> {
    once(db, caller, request, async move |conn| {
        let verdict = Verdict::act(id, action, said.as_deref(), &if_match, caller, conn).await?;
        Ok(Answer::new(StatusCode::OK, &verdict)?.with_etag(&verdict))
    })
    .await
}

/// Submit a verdict for approval
///
/// A draft with a rating, a summary and `reviewed_on` goes to `in_review`. Its authors are from now on those who changed it
/// since it was last submitted.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-on-the-move")), request_body = Option<Remark>, responses((status = 200, description = "The verdict, in review", body = Verdict)), security(("api_key" = ["checker"])))]
#[post("/verdicts/{id}/submit")]
async fn submit_verdict(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatchGiven,
    post: BriefPost<Remark>,
) -> Result<Answer<Verdict>> {
    act(&db, (id, Action::Submit), post.body.comment, if_match, caller, post.request).await
}

/// Approve a verdict
///
/// From `in_review` to `approved`. While the newsroom works by four eyes, an author may not (403): whoever changed the verdict
/// since it was last submitted. Send `If-Match` to approve what you have read and nothing else.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-on-the-move")), request_body = Option<Remark>, responses((status = 200, description = "The verdict, approved", body = Verdict)), security(("api_key" = ["editor"])))]
#[post("/verdicts/{id}/approve")]
async fn approve_verdict(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    if_match: IfMatchGiven,
    post: BriefPost<Remark>,
) -> Result<Answer<Verdict>> {
    act(&db, (id, Action::Approve), post.body.comment, if_match, caller, post.request).await
}

/// Send a verdict back to its authors
///
/// From `in_review` to `draft`, with a comment that says what is to be mended.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-on-the-move")), request_body = Rejection, responses((status = 200, description = "The verdict, a draft again", body = Verdict)), security(("api_key" = ["editor"])))]
#[post("/verdicts/{id}/reject")]
async fn reject_verdict(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    if_match: IfMatchGiven,
    post: BriefPost<Rejection>,
) -> Result<Answer<Verdict>> {
    act(&db, (id, Action::Reject), Some(post.body.comment), if_match, caller, post.request).await
}

/// Publish a verdict
///
/// From `approved` (without four eyes from any earlier status) to `published`, on a published claim, citing published
/// statements. What it supersedes becomes `superseded` in the same moment.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-on-the-move")), request_body = Option<Remark>, responses((status = 200, description = "The verdict, published", body = Verdict)), security(("api_key" = ["editor"])))]
#[post("/verdicts/{id}/publish")]
async fn publish_verdict(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    if_match: IfMatchGiven,
    post: BriefPost<Remark>,
) -> Result<Answer<Verdict>> {
    act(&db, (id, Action::Publish), post.body.comment, if_match, caller, post.request).await
}

/// Correct a published verdict
///
/// Makes a successor with the members of the corrected verdict and your `changes`; its reason and note are public with it.
/// It begins in review, while the corrected one shows `under_review`, and takes that one's place when it is published. Where
/// the newsroom does not work by four eyes, an editor's correction is published at once. One at a time: 409 with its
/// `existing_id` while another is open.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-meeting")), request_body = NewCorrection, responses((status = 201, description = "The successor", body = Verdict)), security(("api_key" = ["checker"])))]
#[post("/verdicts/{id}/correct")]
async fn correct_verdict(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatchGiven,
    post: Post<NewCorrection>,
) -> Result<Answer<Verdict>> {
    once(&db, caller, post.request, async move |conn| {
        let successor = Verdict::correct(id, &post.body, &if_match, caller, conn).await?;
        Answer::created(format!("/v1/verdicts/{}", successor.id), &successor)
    })
    .await
}

/// Retract a published verdict
///
/// At once and for good, with a reason that the public is told (410). The dossier keeps it as a tombstone.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-day-and-place")), request_body = Retraction, responses((status = 200, description = "The verdict, retracted", body = Verdict)), security(("api_key" = ["editor"])))]
#[post("/verdicts/{id}/retract")]
async fn retract_verdict(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    if_match: IfMatchGiven,
    post: BriefPost<Retraction>,
) -> Result<Answer<Verdict>> {
    act(&db, (id, Action::Retract), Some(post.body.reason), if_match, caller, post.request).await
}

/// Read a verdict's thread
///
/// What was done with it and said of it, oldest first; for the members of its newsroom.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-meeting"), PageParameters), responses((status = 200, description = "A page of the thread", body = Page<VerdictComment>)), security(("api_key" = ["reader"])))]
#[get("/verdicts/{id}/comments")]
async fn list_verdict_comments(
    db: web::Data<Db>,
    Reader(caller): Reader,
    Id(id): Id,
    list: List<NoFilter>,
) -> Result<Listed<VerdictComment>> {
    let comments = db.list(async |conn| VerdictComment::list(id, &list.page, caller, conn).await).await?;
    Ok(list.page.page(comments, |comment| comment.id))
}

/// Comment on a verdict
///
/// The newsroom's members see it, nobody else.
#[utoipa::path(tag = "verdicts", params(("id" = Uuid, Path, description = "The verdict's id", example = "#verdict-meeting")), request_body = NewVerdictComment, responses((status = 201, description = "The comment", body = VerdictComment)), security(("api_key" = ["checker"])))]
#[post("/verdicts/{id}/comments")]
async fn create_verdict_comment(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    post: Post<NewVerdictComment>,
) -> Result<Answer<VerdictComment>> {
    once(&db, caller, post.request, async move |conn| {
        let comment = VerdictComment::create(id, &post.body, caller, conn).await?;
        Answer::new(StatusCode::CREATED, &comment)
    })
    .await
}
